// SPDX-License-Identifier: GPL-2.0
/*
 * dma-debug and mandatory attributes.
 */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include "../debug.h"
#include "debug_kunit.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT

#ifdef CONFIG_DMA_API_DEBUG
/* Nothing that frees noncontiguous memory takes attributes. */
static void a_free_that_takes_no_attributes_is_exempt(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	long before = debug_test_begin();
	struct sg_table *sgt;

	sgt = dma_alloc_noncontiguous(dt->dev, PAGE_SIZE, DMA_FROM_DEVICE,
				      GFP_KERNEL, RC);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	dma_free_noncontiguous(dt->dev, PAGE_SIZE, sgt, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, debug_test_end(before));
}

static void the_entry_with_the_same_attributes_is_found_first(struct kunit *test)
{
	long before = debug_test_begin();
	dma_addr_t plain, coherent;

	/* Both are mappings of one buffer, so they may overlap. */
	coherent = debug_test_map(test, RC | DMA_ATTR_SKIP_CPU_SYNC);
	plain = debug_test_map(test, DMA_ATTR_SKIP_CPU_SYNC);
	debug_test_unmap(test, coherent, RC | DMA_ATTR_SKIP_CPU_SYNC);
	debug_test_unmap(test, plain, DMA_ATTR_SKIP_CPU_SYNC);
	coherent = debug_test_map(test, RC | DMA_ATTR_SKIP_CPU_SYNC);
	plain = debug_test_map(test, DMA_ATTR_SKIP_CPU_SYNC);
	debug_test_unmap(test, plain, DMA_ATTR_SKIP_CPU_SYNC);
	debug_test_unmap(test, coherent, RC | DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_EXPECT_EQ(test, 0, debug_test_end(before));
}

static struct kunit_case debug_attrs_test_cases[] = {
	KUNIT_CASE(a_free_that_takes_no_attributes_is_exempt),
	KUNIT_CASE(the_entry_with_the_same_attributes_is_found_first),
	{}
};
#else
static void dma_debug_is_not_built(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs DMA_API_DEBUG");
}

static struct kunit_case debug_attrs_test_cases[] = {
	KUNIT_CASE(dma_debug_is_not_built),
	{}
};
#endif /* CONFIG_DMA_API_DEBUG */

static struct kunit_suite debug_attrs_test_suite = {
	.name = "dma_debug_attrs",
#ifdef CONFIG_DMA_API_DEBUG
	.init = debug_test_init,
	.exit = debug_test_exit,
#endif
	.test_cases = debug_attrs_test_cases,
};

kunit_test_suite(debug_attrs_test_suite);

MODULE_DESCRIPTION("KUnit tests of dma-debug and mandatory attributes");
MODULE_LICENSE("GPL");
