/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A warning of the kernel fails the case in which it comes.  KUnit itself does not look at
 * warnings: a case that corrupts a list, or unlocks what it has not locked, would pass.
 * Nor does it look at memory that is not freed.
 */
#ifndef _LINUX_DMA_KUNIT_H
#define _LINUX_DMA_KUNIT_H

#include <kunit/test.h>

unsigned int dma_kunit_warnings(void);
void dma_kunit_expect_freed(struct kunit *test, void (*op)(struct kunit *test));

struct dma_kunit_watch {
	struct kunit *test;
	unsigned int before;
};

static inline void dma_kunit_watch_end(void *data)
{
	struct dma_kunit_watch *watch = data;

	KUNIT_EXPECT_EQ_MSG(watch->test, watch->before, dma_kunit_warnings(),
			    "the kernel has warned, see its log");
}

/**
 * dma_kunit_watch() - fail the case if the kernel warns before it ends
 * @test: the case
 *
 * For the init function of a suite: what is done when the case ends is watched, too.  A
 * warning of another task counts as well.  Where a case provokes a warning on purpose,
 * kunit_warning_suppress() keeps it from being one.
 */
static inline void dma_kunit_watch(struct kunit *test)
{
	struct dma_kunit_watch *watch;

	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->test = test;
	watch->before = dma_kunit_warnings();
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, dma_kunit_watch_end,
						  watch));
}

#endif /* _LINUX_DMA_KUNIT_H */
