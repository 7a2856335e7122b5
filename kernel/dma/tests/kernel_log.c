// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel prints while a test provokes it, read from the ring buffer of printk().
 * The console stays silent meanwhile, so that who reads it does not find warnings that a
 * test wants.
 */
#include <linux/printk.h>
#include <linux/string.h>
#include "kernel_log.h"

/* The last line can be read, or waited for, once it has its end. */
static void flush(void)
{
	pr_info("\n");
	pr_flush(1000, true);
}

/* Also when a case ends before its log does. */
static void show(void *log)
{
	console_loglevel = ((struct kernel_log *)log)->loglevel;
}

void kernel_log_begin(struct kunit *test, struct kernel_log *log)
{
	log->text[0] = '\0';
	/* What was printed before belongs on the console. */
	flush();
	kmsg_dump_rewind(&log->iter);
	log->iter.cur_seq = log->iter.next_seq;
	log->loglevel = console_loglevel;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, show, log));
	console_loglevel = CONSOLE_LOGLEVEL_SILENT;
}

void kernel_log_end(struct kunit *test, struct kernel_log *log)
{
	size_t at = 0, len;

	flush();
	while (at < sizeof(log->text) - 1 &&
	       kmsg_dump_get_line(&log->iter, false, log->text + at,
				  sizeof(log->text) - 1 - at, &len))
		at += len;
	log->text[at] = '\0';
	kunit_release_action(test, show, log);
}

int kernel_log_count(const struct kernel_log *log, const char *text)
{
	const char *p = log->text;
	int n;

	for (n = 0; (p = strstr(p, text)); n++)
		p += strlen(text);
	return n;
}
