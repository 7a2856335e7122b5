/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel prints while a test provokes it. */
#ifndef _KERNEL_DMA_TESTS_KERNEL_LOG_H
#define _KERNEL_DMA_TESTS_KERNEL_LOG_H

#include <kunit/test.h>
#include <linux/kmsg_dump.h>
#include <linux/sizes.h>

/**
 * struct kernel_log - a part of the kernel's log
 * @iter: where it begins
 * @loglevel: the level of the console before
 * @text: the messages; what does not fit is not there
 */
struct kernel_log {
	struct kmsg_dump_iter iter;
	int loglevel;
	char text[SZ_16K];
};

/*
 * Nothing that is printed between these two is shown on the console.  If the case ends
 * before kernel_log_end(), the console shows messages again from then on.
 */
void kernel_log_begin(struct kunit *test, struct kernel_log *log);
void kernel_log_end(struct kunit *test, struct kernel_log *log);
/* How often the text is in the log. */
int kernel_log_count(const struct kernel_log *log, const char *text);

#endif /* _KERNEL_DMA_TESTS_KERNEL_LOG_H */
