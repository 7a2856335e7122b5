// SPDX-License-Identifier: GPL-2.0
/*
 * Files of debugfs, as user space reads and writes them.  The files take memory of user
 * space alone, so the data goes through KUnit's.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/uaccess.h>
#include <xen/xen.h>
#include "debugfs_file.h"

KUNIT_DEFINE_ACTION_WRAPPER(unmount, kern_unmount, struct vfsmount *);
KUNIT_DEFINE_ACTION_WRAPPER(close, __fput_sync, struct file *);

struct file *debugfs_file_open(struct kunit *test, const char *path)
{
	struct file_system_type *type = get_fs_type("debugfs");
	struct vfsmount *mnt;
	struct file *file;

	if (!type)
		kunit_skip(test, "expected skip: no debugfs");
	/* Xen refuses the page tables that kunit_attach_mm() switches to. */
	if (xen_pv_domain())
		kunit_skip(test, "expected skip: a Xen PV domain");
	mnt = kern_mount(type);
	put_filesystem(type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mnt));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmount, mnt));
	file = file_open_root_mnt(mnt, path, O_RDWR, 0);
	if (IS_ERR(file))
		file = file_open_root_mnt(mnt, path, O_RDONLY, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s: %ld", path,
			       PTR_ERR(file));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close, file));
	return file;
}

void __user *debugfs_file_user(struct kunit *test, size_t size)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, PAGE_ALIGN(size),
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_FALSE(test, !addr || IS_ERR_VALUE(addr));
	return (void __user *)addr;
}

ssize_t debugfs_file_read(struct kunit *test, const char *path, char *buf,
			  size_t size)
{
	struct file *file = debugfs_file_open(test, path);
	char __user *user = debugfs_file_user(test, PAGE_SIZE);
	size_t len = 0;
	loff_t pos = 0;
	ssize_t ret;

	while (len < size - 1) {
		ret = vfs_read(file, user, min_t(size_t, size - 1 - len,
						 PAGE_SIZE), &pos);
		if (ret < 0)
			return ret;
		if (!ret)
			break;
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(buf + len, user, ret));
		len += ret;
	}
	buf[len] = '\0';
	return len;
}

bool debugfs_file_contains(struct kunit *test, const char *path,
			   const char *text)
{
	struct file *file = debugfs_file_open(test, path);
	char __user *user = debugfs_file_user(test, PAGE_SIZE);
	size_t keep = strlen(text) - 1, len = 0;
	char *buf = kunit_kzalloc(test, keep + PAGE_SIZE + 1, GFP_KERNEL);
	loff_t pos = 0;
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	while ((ret = vfs_read(file, user, PAGE_SIZE, &pos)) > 0) {
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(buf + len, user, ret));
		len += ret;
		buf[len] = '\0';
		if (strstr(buf, text))
			return true;
		/* The text may end in the next page. */
		if (len > keep) {
			memmove(buf, buf + len - keep, keep);
			len = keep;
		}
	}
	KUNIT_EXPECT_EQ(test, 0, ret);
	return false;
}

ssize_t debugfs_file_write(struct kunit *test, const char *path,
			   const char *text)
{
	struct file *file = debugfs_file_open(test, path);
	char __user *user = debugfs_file_user(test, PAGE_SIZE);
	size_t len = strlen(text);
	loff_t pos = 0;

	KUNIT_ASSERT_LE(test, len, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(user, text, len));
	return vfs_write(file, user, len, &pos);
}

u64 debugfs_file_number(struct kunit *test, const char *path)
{
	char buf[32];
	u64 value;

	KUNIT_ASSERT_GT(test, debugfs_file_read(test, path, buf, sizeof(buf)),
			0);
	KUNIT_ASSERT_EQ(test, 0, kstrtou64(strim(buf), 0, &value));
	return value;
}

void debugfs_file_set(struct kunit *test, const char *path, u64 value)
{
	char buf[32];
	int len = snprintf(buf, sizeof(buf), "%llu\n", value);

	KUNIT_ASSERT_EQ(test, len, debugfs_file_write(test, path, buf));
}
