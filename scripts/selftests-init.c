// SPDX-License-Identifier: GPL-2.0
/*
 * The init of scripts/selftests, static, as the architecture's busybox may not be there.
 * It runs each program in /selftests, with what it says copied to the kernel's log, a
 * line at a time: `guest: NAME: LINE`, and `guest: NAME: exit STATUS` when it has ended.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS	200	/* that a program has */

static int kmsg = STDOUT_FILENO;

static void say(const char *name, const char *text)
{
	char line[900];
	int len = snprintf(line, sizeof(line), "<5>guest: %s%s%.800s\n", name, *name ? ": " : "",
			   text);

	/* One write is one line of the log. */
	if (write(kmsg, line, len) < 0)
		kmsg = STDOUT_FILENO;
}

static void mount_on(const char *type, const char *dir)
{
	mkdir(dir, 0755);
	/* The kernel may have mounted devtmpfs. */
	if (mount(type, dir, type, 0, NULL) && errno != EBUSY)
		say("", dir);
}

static void run(const char *name)
{
	char path[300], line[800], *end;
	int fds[2], status;
	FILE *out;
	pid_t pid;

	snprintf(path, sizeof(path), "/selftests/%s", name);
	if (pipe(fds) || (pid = fork()) < 0) {
		say(name, "cannot start it");
		return;
	}
	if (!pid) {
		setsid();
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		alarm(SECONDS);
		execl(path, name, NULL);
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	while (out && fgets(line, sizeof(line), out)) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		say(name, line);
	}
	if (out)
		fclose(out);
	waitpid(pid, &status, 0);
	/* What it has left behind. */
	kill(-pid, SIGKILL);
	if (WIFEXITED(status))
		snprintf(line, sizeof(line), "exit %d", WEXITSTATUS(status));
	else
		snprintf(line, sizeof(line), "exit by signal %d", WTERMSIG(status));
	say(name, line);
}

int main(void)
{
	struct dirent **entries;
	int i, n, fd;

	mount_on("devtmpfs", "/dev");
	mount_on("proc", "/proc");
	mount_on("sysfs", "/sys");
	mount_on("debugfs", "/sys/kernel/debug");
	fd = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY);
	if (fd >= 0) {
		/* Else lines are left out when there are many. */
		if (write(fd, "on\n", 3) != 3)
			say("", "no printk_devkmsg");
		close(fd);
	}
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		kmsg = fd;
	n = scandir("/selftests", &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			run(entries[i]->d_name);
	}
	say("", "end");
	sync();
	reboot(RB_AUTOBOOT);
	return 1;
}
