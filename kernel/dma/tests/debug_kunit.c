// SPDX-License-Identifier: GPL-2.0
/*
 * What dma-debug reports, and what it must not report.
 *
 * The last suite to run: its last case requires that dma-debug is still enabled and
 * has counted no error but those that the dma-debug suites have provoked.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cache.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/memblock.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include "../debug.h"
#include "debug_kunit.h"

#ifdef CONFIG_DMA_API_DEBUG
#define RC	DMA_ATTR_REQUIRE_COHERENT

static long provoked;

static void free_test_page(void *page)
{
	__free_page(page);
}

int debug_test_init(struct kunit *test)
{
	struct debug_test *dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dt);
	dt->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dt->page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_test_page,
							   dt->page));
	dt->dev = kunit_device_register(test, "dma-debug");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dt->dev);
	dev_set_dma_coherent(dt->dev);
#ifdef CONFIG_SWIOTLB
	/* Whatever swiotlb= says, this device does not bounce. */
	dt->dev->dma_io_tlb_mem = &dt->no_pool;
#endif
	dt->dev->dma_mask = &dt->mask;
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dt->dev, DMA_BIT_MASK(64)));
	test->priv = dt;
	return 0;
}

void debug_test_exit(struct kunit *test)
{
	struct debug_test *dt = test->priv;

	if (!dt || !dt->dev)
		return;
	dt->dev->dma_mask = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(dt->dev);
#endif
}

dma_addr_t debug_test_map(struct kunit *test, unsigned long attrs)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = dma_map_page_attrs(dt->dev, dt->page, 0, PAGE_SIZE,
					     DMA_FROM_DEVICE, attrs);

	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	return addr;
}

void debug_test_unmap(struct kunit *test, dma_addr_t addr, unsigned long attrs)
{
	struct debug_test *dt = test->priv;

	dma_unmap_page_attrs(dt->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, attrs);
}

long debug_test_begin(void)
{
	return dma_debug_test_errors(true);
}

long debug_test_end(long before)
{
	long found = dma_debug_test_errors(false) - before;

	provoked += found;
	return found;
}

long debug_test_errors(struct kunit *test, unsigned long map_attrs,
		       unsigned long unmap_attrs)
{
	long before = debug_test_begin();

	debug_test_unmap(test, debug_test_map(test, map_attrs), unmap_attrs);
	return debug_test_end(before);
}

static void an_unmap_with_the_same_attributes_is_right(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, debug_test_errors(test, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, debug_test_errors(test, RC, RC));
}

static void an_unmap_may_differ_in_hints(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0,
			debug_test_errors(test, RC | DMA_ATTR_NO_WARN, RC));
	KUNIT_EXPECT_EQ(test, 0,
			debug_test_errors(test, 0, DMA_ATTR_SKIP_CPU_SYNC));
}

static void an_unmap_with_other_attributes_is_reported(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, debug_test_errors(test, RC, 0));
	KUNIT_EXPECT_EQ(test, 1, debug_test_errors(test, 0, RC));
}

static void a_list_unmapped_with_other_attributes_is_reported(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct scatterlist sg;
	long before;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, dt->page, PAGE_SIZE, 0);
	KUNIT_ASSERT_EQ(test, 1, dma_map_sg_attrs(dt->dev, &sg, 1,
						  DMA_FROM_DEVICE, RC));
	before = debug_test_begin();
	dma_unmap_sg_attrs(dt->dev, &sg, 1, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, 1, debug_test_end(before));
}

static void memory_freed_with_other_attributes_is_reported(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t handle;
	void *vaddr;
	long before;

	vaddr = dma_alloc_attrs(dt->dev, PAGE_SIZE, &handle, GFP_KERNEL,
				DMA_ATTR_FORCE_CONTIGUOUS);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	before = debug_test_begin();
	dma_free_attrs(dt->dev, PAGE_SIZE, vaddr, handle, 0);
	KUNIT_EXPECT_EQ(test, 1, debug_test_end(before));
}

/* Two registrations of the same user memory, say. */
static void overlapping_coherent_mappings_are_no_error(struct kunit *test)
{
	long before = debug_test_begin();
	dma_addr_t a, b;

	a = debug_test_map(test, RC);
	b = debug_test_map(test, RC);
	debug_test_unmap(test, b, RC);
	debug_test_unmap(test, a, RC);
	KUNIT_EXPECT_EQ(test, 0, debug_test_end(before));
}

/*
 * Overlaps are reported where the architecture says that DMA buffers must not share
 * a cache line.
 */
static void needs_overlap_reports(struct kunit *test)
{
	if (dma_get_cache_alignment() < L1_CACHE_BYTES)
		kunit_skip(test, "expected skip: no ARCH_DMA_MINALIGN");
}

static void overlapping_plain_mappings_are_reported(struct kunit *test)
{
	dma_addr_t a, b;
	long before;

	needs_overlap_reports(test);
	a = debug_test_map(test, 0);
	before = debug_test_begin();
	b = debug_test_map(test, 0);
	KUNIT_EXPECT_EQ(test, 1, debug_test_end(before));
	debug_test_unmap(test, b, 0);
	debug_test_unmap(test, a, 0);
}

/* More than a cache line, so that neighbours do not share one. */
#define LINES	256

/* Map it a second time: the number of errors. */
static long overlaps(struct kunit *test, struct page *page, size_t offset)
{
	struct debug_test *dt = test->priv;
	long before = debug_test_begin();
	dma_addr_t addr = dma_map_page(dt->dev, page, offset, LINES,
				       DMA_FROM_DEVICE);

	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	dma_unmap_page(dt->dev, addr, LINES, DMA_FROM_DEVICE);
	return debug_test_end(before);
}

static void free_pages_action(void *page)
{
	__free_pages(page, 1);
}

/* A mapping of two pages overlaps at [at, at + LINES) and nowhere else. */
static void expect_overlap_at(struct kunit *test, struct page *page, size_t at)
{
	size_t off;

	for (off = 0; off < 2 * PAGE_SIZE; off += LINES) {
		KUNIT_EXPECT_EQ_MSG(test, off == at, overlaps(test, page, off),
				    "offset %zu", off);
		KUNIT_EXPECT_EQ_MSG(test, off == at,
				    overlaps(test, page + (off >> PAGE_SHIFT),
					     offset_in_page(off)),
				    "offset %zu", off);
	}
}

static struct page *two_pages(struct kunit *test)
{
	struct page *page;

	page = alloc_pages(GFP_KERNEL, 1);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_pages_action,
							   page));
	return page;
}

/* Also when the offset reaches beyond the page that was passed. */
static void a_mapping_is_tracked_where_it_is(struct kunit *test)
{
	static const size_t offsets[] = {
		0, LINES, PAGE_SIZE - LINES, PAGE_SIZE, PAGE_SIZE + 2 * LINES,
	};
	struct debug_test *dt = test->priv;
	struct page *page = two_pages(test);
	dma_addr_t addr;
	int i;

	needs_overlap_reports(test);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		addr = dma_map_page(dt->dev, page, offsets[i], LINES,
				    DMA_FROM_DEVICE);
		KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
		expect_overlap_at(test, page, offsets[i]);
		dma_unmap_page(dt->dev, addr, LINES, DMA_FROM_DEVICE);
	}
}

/* The first entry is in a page of its own, where it overlaps with nothing. */
static void a_list_is_tracked_where_it_is(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct page *page = two_pages(test);
	size_t at = PAGE_SIZE + LINES;
	struct scatterlist sg[2];

	needs_overlap_reports(test);
	sg_init_table(sg, 2);
	sg_set_page(&sg[0], dt->page, LINES, 0);
	sg_set_page(&sg[1], page, LINES, at);
	KUNIT_ASSERT_EQ(test, 2, dma_map_sg(dt->dev, sg, 2, DMA_FROM_DEVICE));
	expect_overlap_at(test, page, at);
	dma_unmap_sg(dt->dev, sg, 2, DMA_FROM_DEVICE);
}

static void an_unmap_in_another_direction_is_reported(struct kunit *test)
{
	static const enum dma_data_direction dirs[] = {
		DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE,
	};
	struct debug_test *dt = test->priv;
	struct scatterlist sg;
	long before, found;
	dma_addr_t addr;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (j = 0; j < ARRAY_SIZE(dirs); j++) {
			before = debug_test_begin();
			addr = dma_map_page(dt->dev, dt->page, 0, PAGE_SIZE,
					    dirs[i]);
			KUNIT_EXPECT_EQ(test, 0,
					dma_mapping_error(dt->dev, addr));
			dma_unmap_page(dt->dev, addr, PAGE_SIZE, dirs[j]);
			sg_init_table(&sg, 1);
			sg_set_page(&sg, dt->page, PAGE_SIZE, 0);
			KUNIT_EXPECT_EQ(test, 1, dma_map_sg(dt->dev, &sg, 1,
							    dirs[i]));
			dma_unmap_sg(dt->dev, &sg, 1, dirs[j]);
			found = debug_test_end(before);
			KUNIT_EXPECT_EQ_MSG(test, i == j ? 0 : 2, found,
					    "mapped %d, unmapped %d", dirs[i],
					    dirs[j]);
		}
	}
}

/* Above all memory. */
static phys_addr_t test_resource(void)
{
	return (phys_addr_t)roundup_pow_of_two(max_pfn) * PAGE_SIZE + SZ_1M;
}

/*
 * A backend with a single bus address.  When its unmap gives the address back, another
 * CPU that waits for it may map and unmap a buffer of its own before dma_unmap_*()
 * returns.  one_unmap_phys() does what that CPU would do, with other attributes, so that
 * dma-debug complains if it takes one mapping for the other.
 */
static dma_addr_t one_map_phys(struct device *dev, phys_addr_t phys, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	return SZ_1M;
}

static void one_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct debug_test *dt = dev_get_drvdata(dev);
	struct page *other = dt->other;
	int i;

	dt->other = NULL;
	for (i = 0; other && i < 2; i++) {
		addr = dt->resource ?
		       dma_map_resource(dev, test_resource() + size, size, dir,
					DMA_ATTR_PRIVILEGED) :
		       dma_map_page_attrs(dev, other, 0, size, dir,
					  DMA_ATTR_PRIVILEGED);
		if (dma_mapping_error(dev, addr))
			continue;
		if (dt->resource)
			dma_unmap_resource(dev, addr, size, dir,
					   DMA_ATTR_PRIVILEGED);
		else
			dma_unmap_page_attrs(dev, addr, size, dir,
					     DMA_ATTR_PRIVILEGED);
	}
}

static const struct dma_map_ops one_address_ops = {
	.map_phys = one_map_phys,
	.unmap_phys = one_unmap_phys,
};

static void an_address_may_be_used_again_before_the_unmap_returns(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct page *page = two_pages(test);
	dma_addr_t addr;
	long before;

	dev_set_drvdata(dt->dev, dt);
	set_dma_ops(dt->dev, &one_address_ops);
	before = debug_test_begin();
	addr = debug_test_map(test, 0);
	dt->other = page;
	debug_test_unmap(test, addr, 0);
	KUNIT_EXPECT_NULL(test, dt->other);
	KUNIT_EXPECT_EQ_MSG(test, 0, debug_test_end(before), "a page");

	addr = dma_map_resource(dt->dev, test_resource(), PAGE_SIZE,
				DMA_FROM_DEVICE, 0);
	/* A kernel may want a backend to say that it takes resources. */
	if (dma_mapping_error(dt->dev, addr))
		return;
	before = debug_test_begin();
	dt->other = page;
	dt->resource = true;
	dma_unmap_resource(dt->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_NULL(test, dt->other);
	KUNIT_EXPECT_EQ_MSG(test, 0, debug_test_end(before), "a resource");
}

static void only_what_was_provoked_has_been_counted(struct kunit *test)
{
	long counted = dma_debug_test_errors(false);

	kunit_info(test, "dma-debug: disabled=%d errors=%ld provoked=%ld",
		   counted < 0, counted, provoked);
	KUNIT_EXPECT_EQ(test, provoked, counted);
}

static struct kunit_case debug_test_cases[] = {
	KUNIT_CASE(an_unmap_with_the_same_attributes_is_right),
	KUNIT_CASE(an_unmap_may_differ_in_hints),
	KUNIT_CASE(an_unmap_with_other_attributes_is_reported),
	KUNIT_CASE(a_list_unmapped_with_other_attributes_is_reported),
	KUNIT_CASE(memory_freed_with_other_attributes_is_reported),
	KUNIT_CASE(overlapping_coherent_mappings_are_no_error),
	KUNIT_CASE(overlapping_plain_mappings_are_reported),
	KUNIT_CASE(a_mapping_is_tracked_where_it_is),
	KUNIT_CASE(a_list_is_tracked_where_it_is),
	KUNIT_CASE(an_unmap_in_another_direction_is_reported),
	KUNIT_CASE(an_address_may_be_used_again_before_the_unmap_returns),
	KUNIT_CASE(only_what_was_provoked_has_been_counted),
	{}
};
#else
static void dma_debug_is_not_built(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs DMA_API_DEBUG");
}

static struct kunit_case debug_test_cases[] = {
	KUNIT_CASE(dma_debug_is_not_built),
	{}
};
#endif /* CONFIG_DMA_API_DEBUG */

static struct kunit_suite debug_test_suite = {
	.name = "dma_debug",
#ifdef CONFIG_DMA_API_DEBUG
	.init = debug_test_init,
	.exit = debug_test_exit,
#endif
	.test_cases = debug_test_cases,
};

kunit_test_suite(debug_test_suite);

MODULE_DESCRIPTION("KUnit tests of dma-debug");
MODULE_LICENSE("GPL");
