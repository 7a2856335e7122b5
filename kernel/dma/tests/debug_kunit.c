// SPDX-License-Identifier: GPL-2.0
/*
 * dma-debug and mandatory attributes.  The last suite to run: its last case
 * requires that dma-debug is still enabled and has counted no error but those
 * that were provoked here.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/dma-ordering.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include "../debug.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define WB	DMA_ATTR_WRITE_BARRIER

#ifdef CONFIG_DMA_API_DEBUG
struct debug_test {
	struct device *dev;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem no_pool;
#endif
	u64 mask;
	struct page *page;
	struct page *other;	/* what another CPU maps meanwhile, */
	bool resource;		/* and as what */
};

static long provoked;

static void free_test_page(void *page)
{
	__free_page(page);
}

static int debug_test_init(struct kunit *test)
{
	struct debug_test *dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dt);
	dt->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dt->page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_test_page,
							   dt->page));
	dt->dev = kunit_device_register(test, "dma-debug");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dt->dev);
#if defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU_ALL)
	dt->dev->dma_coherent = true;
#endif
#ifdef CONFIG_SWIOTLB
	/* Whatever swiotlb= says, this device does not bounce. */
	dt->dev->dma_io_tlb_mem = &dt->no_pool;
#endif
	dt->dev->dma_mask = &dt->mask;
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dt->dev, DMA_BIT_MASK(64)));
	KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(dt->dev, DMA_ORDERING_STRONG));
	test->priv = dt;
	return 0;
}

static void debug_test_exit(struct kunit *test)
{
	struct debug_test *dt = test->priv;

	if (!dt || !dt->dev)
		return;
	dt->dev->dma_mask = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(dt->dev);
#endif
}

static dma_addr_t map(struct kunit *test, unsigned long attrs)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = dma_map_page_attrs(dt->dev, dt->page, 0, PAGE_SIZE,
					     DMA_FROM_DEVICE, attrs);

	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	return addr;
}

static void unmap(struct kunit *test, dma_addr_t addr, unsigned long attrs)
{
	struct debug_test *dt = test->priv;

	dma_unmap_page_attrs(dt->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, attrs);
}

/* Map and unmap with these attributes: how many errors does that count? */
static long errors(struct kunit *test, unsigned long map_attrs,
		   unsigned long unmap_attrs)
{
	long before = dma_debug_test_errors(true), after;

	unmap(test, map(test, map_attrs), unmap_attrs);
	after = dma_debug_test_errors(false);
	provoked += after - before;
	return after - before;
}

static void an_unmap_with_the_same_attributes_is_right(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, errors(test, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, errors(test, RC, RC));
	KUNIT_EXPECT_EQ(test, 0, errors(test, RC | WB, RC | WB));
}

static void an_unmap_may_differ_in_hints(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, errors(test, RC | DMA_ATTR_NO_WARN, RC));
	KUNIT_EXPECT_EQ(test, 0, errors(test, 0, DMA_ATTR_SKIP_CPU_SYNC));
}

static void an_unmap_with_other_mandatory_attributes_is_reported(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, errors(test, RC, 0));
	KUNIT_EXPECT_EQ(test, 1, errors(test, 0, RC));
	KUNIT_EXPECT_EQ(test, 1, errors(test, RC | WB, RC));
}

static void a_list_unmapped_with_other_attributes_is_reported(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	long before, after;
	struct scatterlist sg;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, dt->page, PAGE_SIZE, 0);
	KUNIT_ASSERT_EQ(test, 1, dma_map_sg_attrs(dt->dev, &sg, 1,
						  DMA_FROM_DEVICE, RC));
	before = dma_debug_test_errors(true);
	dma_unmap_sg_attrs(dt->dev, &sg, 1, DMA_FROM_DEVICE, 0);
	after = dma_debug_test_errors(false);
	provoked += after - before;
	KUNIT_EXPECT_EQ(test, 1, after - before);
}

/* The map refuses it unless a barrier is what every mapping of the device has. */
static void a_contradiction_is_reported(struct kunit *test)
{
	struct debug_test *dt = test->priv;

	dt->dev->dma_undecided &= ~WB;
	KUNIT_EXPECT_EQ(test, 1, errors(test, WB | DMA_ATTR_WEAK_ORDERING, WB));
	KUNIT_EXPECT_EQ(test, 0, errors(test, WB, WB));
	KUNIT_EXPECT_EQ(test, 0, errors(test, DMA_ATTR_WEAK_ORDERING, 0));
}

static void memory_freed_with_other_attributes_is_reported(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	long before, after;
	dma_addr_t handle;
	void *vaddr = dma_alloc_attrs(dt->dev, PAGE_SIZE, &handle, GFP_KERNEL,
				      WB);

	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	before = dma_debug_test_errors(true);
	dma_free_attrs(dt->dev, PAGE_SIZE, vaddr, handle, 0);
	after = dma_debug_test_errors(false);
	provoked += after - before;
	KUNIT_EXPECT_EQ(test, 1, after - before);
}

static void a_free_that_takes_no_attributes_is_exempt(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	long before = dma_debug_test_errors(false);
	struct sg_table *sgt;

	sgt = dma_alloc_noncontiguous(dt->dev, PAGE_SIZE, DMA_FROM_DEVICE,
				      GFP_KERNEL, RC);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	dma_free_noncontiguous(dt->dev, PAGE_SIZE, sgt, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, before, dma_debug_test_errors(false));
}

static void overlapping_coherent_mappings_are_no_error(struct kunit *test)
{
	long before = dma_debug_test_errors(false);
	dma_addr_t a, b, c;

	a = map(test, RC);
	b = map(test, RC);
	c = map(test, 0);
	KUNIT_EXPECT_EQ(test, before, dma_debug_test_errors(false));
	unmap(test, c, 0);
	unmap(test, b, RC);
	unmap(test, a, RC);
	KUNIT_EXPECT_EQ(test, before, dma_debug_test_errors(false));
}

static void overlapping_plain_mappings_still_are(struct kunit *test)
{
	long before, after;
	dma_addr_t a, b;

	if (IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC))
		kunit_skip(test, "not reported with DMA_BOUNCE_UNALIGNED_KMALLOC");
	a = map(test, 0);
	before = dma_debug_test_errors(true);
	b = map(test, 0);
	after = dma_debug_test_errors(false);
	provoked += after - before;
	KUNIT_EXPECT_EQ(test, 1, after - before);
	unmap(test, b, 0);
	unmap(test, a, 0);
}

/* More than a cache line, so that neighbours do not share one. */
#define LINES	256

/* Map it again, quietly: how many errors does that count? */
static long overlaps(struct kunit *test, struct page *page, size_t offset)
{
	struct debug_test *dt = test->priv;
	long before = dma_debug_test_errors(true), after;
	dma_addr_t addr = dma_map_page(dt->dev, page, offset, LINES,
				       DMA_FROM_DEVICE);

	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	dma_unmap_page(dt->dev, addr, LINES, DMA_FROM_DEVICE);
	after = dma_debug_test_errors(false);
	provoked += after - before;
	return after - before;
}

static void free_pages_action(void *page)
{
	__free_pages(page, 1);
}

/* Two pages, of which something overlaps with [at, at + LINES) alone. */
static void expect_overlap_at(struct kunit *test, struct page *page, size_t at)
{
	size_t off;

	for (off = 0; off < 2 * PAGE_SIZE; off += LINES) {
		KUNIT_EXPECT_EQ_MSG(test, off == at, overlaps(test, page, off),
				    "offset %zu", off);
		KUNIT_EXPECT_EQ_MSG(test, off == at,
				    overlaps(test, nth_page(page, off >> PAGE_SHIFT),
					     offset_in_page(off)),
				    "offset %zu", off);
	}
}

static struct page *two_pages(struct kunit *test)
{
	struct page *page;

	if (IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC))
		kunit_skip(test, "not reported with DMA_BOUNCE_UNALIGNED_KMALLOC");
	page = alloc_pages(GFP_KERNEL, 1);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_pages_action,
							   page));
	return page;
}

/* However far from the page that it is given by. */
static void a_mapping_is_tracked_where_it_is(struct kunit *test)
{
	static const size_t offsets[] = {
		0, LINES, PAGE_SIZE - LINES, PAGE_SIZE, PAGE_SIZE + 2 * LINES,
	};
	struct debug_test *dt = test->priv;
	struct page *page = two_pages(test);
	dma_addr_t addr;
	int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		addr = dma_map_page(dt->dev, page, offsets[i], LINES,
				    DMA_FROM_DEVICE);
		KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
		expect_overlap_at(test, page, offsets[i]);
		dma_unmap_page(dt->dev, addr, LINES, DMA_FROM_DEVICE);
	}
}

/* Each entry of it; the first is out of the way, in a page of its own. */
static void so_is_a_list(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct page *page = two_pages(test);
	size_t at = PAGE_SIZE + LINES;
	struct scatterlist sg[2];

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
	long before, after;
	dma_addr_t addr;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (j = 0; j < ARRAY_SIZE(dirs); j++) {
			before = dma_debug_test_errors(true);
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
			after = dma_debug_test_errors(false);
			provoked += after - before;
			KUNIT_EXPECT_EQ_MSG(test, i == j ? 0 : 2, after - before,
					    "mapped %d, unmapped %d", dirs[i],
					    dirs[j]);
		}
	}
}

static void the_entry_with_the_same_attributes_is_found_first(struct kunit *test)
{
	long before = dma_debug_test_errors(false);
	dma_addr_t plain, coherent;

	coherent = map(test, RC);
	plain = map(test, 0);
	unmap(test, coherent, RC);
	unmap(test, plain, 0);
	coherent = map(test, RC);
	plain = map(test, 0);
	unmap(test, plain, 0);
	unmap(test, coherent, RC);
	KUNIT_EXPECT_EQ(test, before, dma_debug_test_errors(false));
}

/*
 * A backend with one address.  It is free when the backend's unmap has taken
 * it back, and another CPU that waits for it may map and unmap a buffer of its
 * own before the DMA API's unmap returns.
 */
static dma_addr_t one_map_page(struct device *dev, struct page *page,
			       unsigned long offset, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	return SZ_1M;
}

static dma_addr_t one_map_resource(struct device *dev, phys_addr_t phys,
				   size_t size, enum dma_data_direction dir,
				   unsigned long attrs)
{
	return SZ_1M;
}

static void one_unmap(struct device *dev, dma_addr_t addr, size_t size,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct debug_test *dt = dev_get_drvdata(dev);
	struct page *other = dt->other;
	int i;

	dt->other = NULL;
	for (i = 0; other && i < 2; i++) {
		addr = dt->resource ?
		       dma_map_resource(dev, page_to_phys(other), size, dir, 0) :
		       dma_map_page(dev, other, 0, size, dir);
		if (dma_mapping_error(dev, addr))
			continue;
		if (dt->resource)
			dma_unmap_resource(dev, addr, size, dir, 0);
		else
			dma_unmap_page(dev, addr, size, dir);
	}
}

static const struct dma_map_ops one_address_ops = {
	.map_page = one_map_page,
	.unmap_page = one_unmap,
	.map_resource = one_map_resource,
	.unmap_resource = one_unmap,
};

static void an_address_may_be_used_again_before_the_unmap_returns(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct page *page = two_pages(test);
	long before, after;
	dma_addr_t addr;

	dev_set_drvdata(dt->dev, dt);
	set_dma_ops(dt->dev, &one_address_ops);
	before = dma_debug_test_errors(true);
	addr = map(test, 0);
	dt->other = page;
	unmap(test, addr, 0);
	KUNIT_EXPECT_NULL(test, dt->other);
	after = dma_debug_test_errors(false);
	KUNIT_EXPECT_EQ_MSG(test, before, after, "a page");

	addr = dma_map_resource(dt->dev, page_to_phys(dt->page), PAGE_SIZE,
				DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	dt->other = page;
	dt->resource = true;
	dma_unmap_resource(dt->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_NULL(test, dt->other);
	KUNIT_EXPECT_EQ_MSG(test, after, dma_debug_test_errors(false),
			    "a resource");
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
	KUNIT_CASE(an_unmap_with_other_mandatory_attributes_is_reported),
	KUNIT_CASE(a_list_unmapped_with_other_attributes_is_reported),
	KUNIT_CASE(a_contradiction_is_reported),
	KUNIT_CASE(memory_freed_with_other_attributes_is_reported),
	KUNIT_CASE(a_free_that_takes_no_attributes_is_exempt),
	KUNIT_CASE(overlapping_coherent_mappings_are_no_error),
	KUNIT_CASE(overlapping_plain_mappings_still_are),
	KUNIT_CASE(a_mapping_is_tracked_where_it_is),
	KUNIT_CASE(so_is_a_list),
	KUNIT_CASE(an_unmap_in_another_direction_is_reported),
	KUNIT_CASE(the_entry_with_the_same_attributes_is_found_first),
	KUNIT_CASE(an_address_may_be_used_again_before_the_unmap_returns),
	KUNIT_CASE(only_what_was_provoked_has_been_counted),
	{}
};
#else
static void dma_debug_is_not_built(struct kunit *test)
{
	kunit_skip(test, "needs DMA_API_DEBUG");
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

MODULE_DESCRIPTION("KUnit tests of dma-debug and mandatory attributes");
MODULE_LICENSE("GPL");
