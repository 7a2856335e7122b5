// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of CMA for DMA: when it is taken, how it is aligned, and how it goes back.
 *
 * Needs an area: CMA_SIZE_MBYTES or cma= on the command line.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cma.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include "reserved_region.h"

#ifdef CONFIG_DMA_CMA
/* No function tells how much of an area is free. */
#include "../../../mm/cma.h"

struct contiguous_test {
	struct device *dev;
	u64 mask;
};

static struct cma *area(void)
{
	return dev_get_cma_area(NULL);
}

/* Pages that the area has not given away, whether or not others use them meanwhile. */
static long left(void)
{
	return READ_ONCE(area()->available_count);
}

/* Others take and give back pages, too: wait for them. */
static void expect_left(struct kunit *test, long want)
{
	int tries = 20;

	while (left() != want && tries--)
		schedule_timeout_uninterruptible(HZ / 50 + 1);
	KUNIT_EXPECT_EQ(test, want, left());
}

static bool in_area(struct page *page, int pages)
{
	phys_addr_t phys = page_to_phys(page), base = cma_get_base(area());

	return phys >= base &&
	       phys + pages * PAGE_SIZE <= base + cma_get_size(area());
}

static struct page *alloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct contiguous_test *ct = test->priv;

	return dma_alloc_contiguous(ct->dev, size, gfp | __GFP_NOWARN);
}

static void more_than_a_page_is_of_the_area(struct kunit *test)
{
	static const int pages[] = { 2, 3, 8, 13 };
	struct contiguous_test *ct = test->priv;
	long before = left();
	struct page *page;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		size_t size = pages[i] * PAGE_SIZE;
		int order = min(get_order(size), CONFIG_CMA_ALIGNMENT);

		page = alloc(test, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_TRUE(test, in_area(page, pages[i]));
		KUNIT_EXPECT_EQ(test, 0, page_to_phys(page) &
				((PAGE_SIZE << order) - 1));
		expect_left(test, before - pages[i]);
		/* Its size counts, not its order. */
		dma_free_contiguous(ct->dev, page, size - 1);
		expect_left(test, before);
	}
}

/* The area is waited for. */
static void who_may_not_block_gets_nothing(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, alloc(test, 4 * PAGE_SIZE, GFP_ATOMIC));
	KUNIT_EXPECT_NULL(test, alloc(test, 4 * PAGE_SIZE, GFP_NOWAIT));
}

/* A page is contiguous anyway. */
static void a_page_is_of_an_area_of_the_device_alone(struct kunit *test)
{
	struct contiguous_test *ct = test->priv;
	long before = left();
	struct page *page;

	KUNIT_EXPECT_NULL(test, alloc(test, PAGE_SIZE, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, alloc(test, 1, GFP_KERNEL));
	ct->dev->cma_area = area();
	page = alloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, in_area(page, 1));
	KUNIT_EXPECT_NULL(test, alloc(test, PAGE_SIZE, GFP_ATOMIC));
	dma_free_contiguous(ct->dev, page, PAGE_SIZE);
	expect_left(test, before);
	ct->dev->cma_area = NULL;
}

static void other_pages_go_back_to_where_they_are_from(struct kunit *test)
{
	struct contiguous_test *ct = test->priv;
	bool own;
	int i;

	for (i = 0; i < 4; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, i % 2);

		own = i / 2;
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_ASSERT_FALSE(test, in_area(page, 1));
		get_page(page);
		ct->dev->cma_area = own ? area() : NULL;
		dma_free_contiguous(ct->dev, page, PAGE_SIZE << i % 2);
		ct->dev->cma_area = NULL;
		KUNIT_EXPECT_EQ(test, 1, page_count(page));
		put_page(page);
	}
}

static void a_number_of_pages_is_of_the_area(struct kunit *test)
{
	struct contiguous_test *ct = test->priv;
	int max = CONFIG_CMA_ALIGNMENT, align;
	long before = left();
	struct page *page;

	for (align = 0; align <= max + 2; align++) {
		page = dma_alloc_from_contiguous(ct->dev, 3, align, true);
		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "align %d", align);
		KUNIT_EXPECT_TRUE(test, in_area(page, 3));
		KUNIT_EXPECT_EQ(test, 0, page_to_phys(page) &
				((PAGE_SIZE << min(align, max)) - 1));
		expect_left(test, before - 3);
		KUNIT_EXPECT_TRUE(test, dma_release_from_contiguous(ct->dev,
								    page, 3));
		expect_left(test, before);
	}
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_FALSE(test, dma_release_from_contiguous(ct->dev, page, 1));
	KUNIT_EXPECT_EQ(test, 1, page_count(page));
	__free_page(page);
}

static void what_the_area_has_not_is_not_had(struct kunit *test)
{
	long before = left();

	KUNIT_EXPECT_NULL(test, alloc(test, cma_get_size(area()) + PAGE_SIZE,
				      GFP_KERNEL));
	expect_left(test, before);
}

/* An area in high memory has no other address in the kernel. */
static struct page *page_of(void *vaddr)
{
	return is_vmalloc_addr(vaddr) ? vmalloc_to_page(vaddr) :
					virt_to_page(vaddr);
}

/* Coherent memory of a device takes it, and does without it. */
static void coherent_memory_does_without_it(struct kunit *test)
{
	struct contiguous_test *ct = test->priv;
	enum { PAGES = 4, SIZE = PAGES * PAGE_SIZE, MOST = SZ_64M / SIZE + 1 };
	struct page **hogs;
	dma_addr_t addr;
	void *vaddr;
	int nr;

	/* Nobody else gets memory of the area meanwhile. */
	if (cma_get_size(area()) > SZ_64M)
		kunit_skip(test, "expected skip: the area is larger than 64 MiB");
	vaddr = dma_alloc_coherent(ct->dev, SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_TRUE(test, in_area(page_of(vaddr), PAGES));
	dma_free_coherent(ct->dev, SIZE, vaddr, addr);

	hogs = kunit_kcalloc(test, MOST, sizeof(*hogs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hogs);
	for (nr = 0; nr < MOST; nr++) {
		hogs[nr] = dma_alloc_from_contiguous(ct->dev, PAGES, 0, true);
		if (!hogs[nr])
			break;
	}
	KUNIT_EXPECT_LT(test, nr, MOST);
	vaddr = dma_alloc_coherent(ct->dev, SIZE, &addr,
				   GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, vaddr);
	if (vaddr) {
		KUNIT_EXPECT_FALSE(test, in_area(page_of(vaddr), PAGES));
		dma_free_coherent(ct->dev, SIZE, vaddr, addr);
	}
	while (nr--)
		KUNIT_EXPECT_TRUE(test, dma_release_from_contiguous(ct->dev,
								    hogs[nr],
								    PAGES));
}

static void the_default_area_is_listed(struct kunit *test)
{
	struct cma *cma;
	bool found = false;
	int i;

	for (i = 0; (cma = dma_contiguous_get_area_by_idx(i)); i++)
		found |= cma == area();
	KUNIT_EXPECT_TRUE(test, found);
	KUNIT_EXPECT_LE(test, i, MAX_CMA_AREAS);
	KUNIT_EXPECT_NULL(test, dma_contiguous_get_area_by_idx(MAX_CMA_AREAS));
}

#ifdef CONFIG_OF_RESERVED_MEM
static const struct reserved_mem_ops *region_ops;

static int __init find_region_ops(void)
{
	region_ops = reserved_region_ops("shared-dma-pool", true);
	return 0;
}
late_initcall(find_region_ops);

static void a_region_is_the_area_of_its_devices(struct kunit *test)
{
	struct contiguous_test *ct = test->priv;
	struct reserved_mem region = { .priv = area() };
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, region_ops);
	KUNIT_EXPECT_EQ(test, 0, region_ops->device_init(&region, ct->dev));
	page = alloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, in_area(page, 1));
	dma_free_contiguous(ct->dev, page, PAGE_SIZE);
	region_ops->device_release(&region, ct->dev);
	KUNIT_EXPECT_NULL(test, ct->dev->cma_area);
}
#endif

static int contiguous_test_init(struct kunit *test)
{
	struct contiguous_test *ct = kunit_kzalloc(test, sizeof(*ct),
						   GFP_KERNEL);

	dma_kunit_watch(test);
	if (!area())
		kunit_skip(test, "no CMA area");
	KUNIT_ASSERT_NOT_NULL(test, ct);
	ct->dev = kunit_device_register(test, "dma-contiguous");
	KUNIT_ASSERT_FALSE(test, IS_ERR(ct->dev));
	dev_set_dma_coherent(ct->dev);
	ct->dev->dma_mask = &ct->mask;
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(ct->dev, DMA_BIT_MASK(64)));
	test->priv = ct;
	return 0;
}

static void contiguous_test_exit(struct kunit *test)
{
	struct contiguous_test *ct = test->priv;

	if (!ct)
		return;
	ct->dev->cma_area = NULL;
	ct->dev->dma_mask = NULL;
}

static struct kunit_case contiguous_test_cases[] = {
	KUNIT_CASE(more_than_a_page_is_of_the_area),
	KUNIT_CASE(who_may_not_block_gets_nothing),
	KUNIT_CASE(a_page_is_of_an_area_of_the_device_alone),
	KUNIT_CASE(other_pages_go_back_to_where_they_are_from),
	KUNIT_CASE(a_number_of_pages_is_of_the_area),
	KUNIT_CASE(what_the_area_has_not_is_not_had),
	KUNIT_CASE(coherent_memory_does_without_it),
	KUNIT_CASE(the_default_area_is_listed),
#ifdef CONFIG_OF_RESERVED_MEM
	KUNIT_CASE(a_region_is_the_area_of_its_devices),
#endif
	{}
};
#else
static void cma_is_not_built(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs DMA_CMA");
}

static struct kunit_case contiguous_test_cases[] = {
	KUNIT_CASE(cma_is_not_built),
	{}
};
#endif /* CONFIG_DMA_CMA */

static struct kunit_suite contiguous_test_suite = {
	.name = "dma_contiguous",
#ifdef CONFIG_DMA_CMA
	.init = contiguous_test_init,
	.exit = contiguous_test_exit,
#endif
	.test_cases = contiguous_test_cases,
};

kunit_test_suite(contiguous_test_suite);

MODULE_DESCRIPTION("KUnit tests of memory of CMA for DMA");
MODULE_LICENSE("GPL");
