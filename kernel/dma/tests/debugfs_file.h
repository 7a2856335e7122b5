/* SPDX-License-Identifier: GPL-2.0 */
/* Files of debugfs, as user space reads and writes them. */
#ifndef _KERNEL_DMA_TESTS_DEBUGFS_FILE_H
#define _KERNEL_DMA_TESTS_DEBUGFS_FILE_H

#include <kunit/test.h>

/*
 * The file of this path below debugfs, closed at the end of the case.  Skips the case
 * without debugfs.
 */
struct file *debugfs_file_open(struct kunit *test, const char *path);
/* Memory of user space for the file, unmapped at the end of the case. */
void __user *debugfs_file_user(struct kunit *test, size_t size);
/* The first bytes of the file as a string; its length, or an errno. */
ssize_t debugfs_file_read(struct kunit *test, const char *path, char *buf,
			  size_t size);
/* Is the text anywhere in the file, however long that is? */
bool debugfs_file_contains(struct kunit *test, const char *path,
			   const char *text);
/* Write a string; the number of bytes, or an errno. */
ssize_t debugfs_file_write(struct kunit *test, const char *path,
			   const char *text);
/* Read and write a file that holds a number. */
u64 debugfs_file_number(struct kunit *test, const char *path);
void debugfs_file_set(struct kunit *test, const char *path, u64 value);

#endif /* _KERNEL_DMA_TESTS_DEBUGFS_FILE_H */
