// SPDX-License-Identifier: GPL-2.0
/*
 * The pools for coherent memory in atomic context: what they give, from which zone, what
 * becomes of it, and that they are filled again.
 *
 * A pool is filled again by a worker as soon as some of it is taken.  The worker runs on
 * the CPU of the allocation, or where it still runs for an earlier one.  Each case stays on
 * its CPU and waits for an earlier worker, so none runs while preemption is off.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cc_platform.h>
#include <linux/cma.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include "debugfs_file.h"

/* More than any pool has. */
#define MOST	8192

struct piece {
	void *vaddr;
	struct page *page;
};

struct pool_test {
	struct device *dev;
	struct piece *pieces;
};

/* The pools have shared memory if memory is encrypted. */
static unsigned long attrs(void)
{
	return cc_platform_has(CC_ATTR_MEM_ENCRYPT) ?
	       __DMA_ATTR_ALLOC_CC_SHARED : 0;
}

static struct page *take(struct kunit *test, size_t size, void **vaddr,
			 gfp_t gfp)
{
	struct pool_test *pt = test->priv;

	return dma_alloc_from_pool(pt->dev, size, vaddr, gfp | __GFP_NOWARN,
				   attrs(), NULL);
}

static void give(struct kunit *test, void *vaddr, size_t size)
{
	struct pool_test *pt = test->priv;

	KUNIT_EXPECT_TRUE(test, dma_free_from_pool(pt->dev, vaddr, size));
}

/* Take every page.  With preemption off. */
static int take_all(struct kunit *test, gfp_t gfp)
{
	struct pool_test *pt = test->priv;
	int nr;

	for (nr = 0; nr < MOST; nr++) {
		pt->pieces[nr].page = take(test, PAGE_SIZE,
					   &pt->pieces[nr].vaddr, gfp);
		if (!pt->pieces[nr].page)
			break;
	}
	return nr;
}

static void give_all(struct kunit *test, int nr)
{
	struct pool_test *pt = test->priv;

	while (nr--)
		give(test, pt->pieces[nr].vaddr, PAGE_SIZE);
}

/* How many pages can be taken; they are given back before the worker sees it. */
static int capacity(struct kunit *test, gfp_t gfp)
{
	int nr;

	/* A worker that was asked before is done by then. */
	msleep(20);
	preempt_disable();
	nr = take_all(test, gfp);
	give_all(test, nr);
	preempt_enable();
	return nr;
}

static struct page *page_of(void *vaddr)
{
	return is_vmalloc_addr(vaddr) ? vmalloc_to_page(vaddr) :
					virt_to_page(vaddr);
}

static void memory_of_a_pool_is_zeroed_and_aligned(struct kunit *test)
{
	static const int pages[] = { 1, 2, 3, 7 };
	struct page *page, *again;
	void *vaddr, *first;
	int i;

	/* If the pool is to grow, it does so now, and not between what follows. */
	KUNIT_ASSERT_NOT_NULL(test, take(test, PAGE_SIZE, &first, 0));
	msleep(20);
	give(test, first, PAGE_SIZE);
	/* Moves what follows away from the begin of the pool. */
	KUNIT_ASSERT_NOT_NULL(test, take(test, PAGE_SIZE, &first, 0));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		size_t size = pages[i] * PAGE_SIZE;

		/* A pool of large pages has few of them. */
		if (size > SZ_64K)
			break;
		page = take(test, size, &vaddr, 0);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_PTR_EQ(test, page, page_of(vaddr));
		KUNIT_EXPECT_PTR_EQ(test, page + pages[i] - 1,
				    page_of(vaddr + size - PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, 0, page_to_phys(page) &
				((PAGE_SIZE << get_order(size)) - 1));
		memset(vaddr, 0x5a, size);
		preempt_disable();
		give(test, vaddr, size);
		again = take(test, size, &vaddr, 0);
		preempt_enable();
		KUNIT_ASSERT_NOT_NULL(test, again);
		/* The first place that fits: it is the one that was filled. */
		KUNIT_EXPECT_PTR_EQ(test, page, again);
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, size));
		give(test, vaddr, size);
	}
	give(test, first, PAGE_SIZE);
}

static bool managed(int zone)
{
	return zone < MAX_NR_ZONES && has_managed_zone(zone);
}

#ifdef CONFIG_ZONE_DMA
#define THE_DMA_ZONE	ZONE_DMA
#else
#define THE_DMA_ZONE	MAX_NR_ZONES
#endif
#ifdef CONFIG_ZONE_DMA32
#define THE_DMA32_ZONE	ZONE_DMA32
#else
#define THE_DMA32_ZONE	MAX_NR_ZONES
#endif

/* Each zone with memory has a pool; the first one that is there. */
static int first_zone(int a, int b, int c)
{
	return managed(a) ? a : managed(b) ? b : c;
}

/* A pool is of CMA if all of the area is in the zone, or in a lower one. */
static bool is_of_cma(int zone)
{
	struct cma *cma = dev_get_cma_area(NULL);
	phys_addr_t last;

	if (!cma || !cma_get_size(cma))
		return false;
	last = cma_get_base(cma) + cma_get_size(cma) - 1;
	return page_zonenum(pfn_to_page(PHYS_PFN(last))) <= zone;
}

static void the_pool_is_that_of_the_zone(struct kunit *test)
{
	const struct {
		gfp_t gfp;
		int zone;
	} zones[] = {
		{ 0, first_zone(ZONE_NORMAL, THE_DMA32_ZONE, THE_DMA_ZONE) },
		{ GFP_DMA32, first_zone(THE_DMA32_ZONE, THE_DMA_ZONE,
					ZONE_NORMAL) },
		{ GFP_DMA, first_zone(THE_DMA_ZONE, THE_DMA32_ZONE,
				      ZONE_NORMAL) },
	};
	struct page *page;
	void *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		page = take(test, PAGE_SIZE, &vaddr, zones[i].gfp);
		KUNIT_ASSERT_NOT_NULL(test, page);
		/* A pool of CMA may be in a lower zone. */
		if (!dev_get_cma_area(NULL))
			KUNIT_EXPECT_EQ_MSG(test, zones[i].zone,
					    page_zonenum(page), "gfp %x",
					    zones[i].gfp);
		else if (zones[i].gfp)
			KUNIT_EXPECT_GE_MSG(test, zones[i].zone,
					    page_zonenum(page), "gfp %x",
					    zones[i].gfp);
		KUNIT_EXPECT_EQ_MSG(test, is_of_cma(zones[i].zone),
				    is_migrate_cma_page(page), "gfp %x",
				    zones[i].gfp);
		give(test, vaddr, PAGE_SIZE);
	}
}

/* What the pools have asked the caller, and what it says. */
static struct {
	struct device *dev;
	phys_addr_t phys;
	size_t size;
	int calls, refuse;
} asked;

static bool ask(struct device *dev, phys_addr_t phys, size_t size)
{
	asked.dev = dev;
	asked.phys = phys;
	asked.size = size;
	return asked.calls++ >= asked.refuse;
}

/* How many pools a request goes to, one after the other. */
static int pools(gfp_t gfp)
{
	if (gfp & GFP_DMA)
		return 1;
	if (gfp & GFP_DMA32)
		return managed(THE_DMA32_ZONE) && managed(THE_DMA_ZONE) ? 2 : 1;
	return managed(ZONE_NORMAL) + managed(THE_DMA32_ZONE) +
	       managed(THE_DMA_ZONE);
}

static void the_caller_says_which_memory_will_do(struct kunit *test)
{
	static const gfp_t gfps[] = { 0, GFP_DMA32, GFP_DMA };
	struct pool_test *pt = test->priv;
	int i, before, refuse;
	struct page *page;
	void *vaddr;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		before = capacity(test, gfps[i]);
		for (refuse = 0; refuse <= pools(gfps[i]); refuse++) {
			memset(&asked, 0, sizeof(asked));
			asked.refuse = refuse;
			preempt_disable();
			page = dma_alloc_from_pool(pt->dev, 2 * PAGE_SIZE,
						   &vaddr, gfps[i] | __GFP_NOWARN,
						   attrs(), ask);
			if (page)
				give(test, vaddr, 2 * PAGE_SIZE);
			preempt_enable();
			/* Each pool is asked once. */
			KUNIT_EXPECT_EQ(test, min(refuse + 1, pools(gfps[i])),
					asked.calls);
			KUNIT_EXPECT_EQ(test, refuse < pools(gfps[i]), !!page);
			KUNIT_EXPECT_PTR_EQ(test, pt->dev, asked.dev);
			KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, asked.size);
			if (page)
				KUNIT_EXPECT_EQ(test, page_to_phys(page),
						asked.phys);
		}
		/* What was refused has gone back. */
		KUNIT_EXPECT_EQ(test, before, capacity(test, gfps[i]));
	}
}

static void an_empty_pool_is_reported_unless_asked_not_to(struct kunit *test)
{
	struct pool_test *pt = test->priv;
	struct page *page = NULL;
	void *vaddr;

	memset(&asked, 0, sizeof(asked));
	asked.refuse = 100;
	kunit_warning_suppress(test) {
		page = dma_alloc_from_pool(pt->dev, PAGE_SIZE, &vaddr,
					   __GFP_NOWARN, attrs(), ask);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_NULL(test, page);
	kunit_warning_suppress(test) {
		page = dma_alloc_from_pool(pt->dev, PAGE_SIZE, &vaddr, 0,
					   attrs(), ask);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, page);
}

/* Memory that is shared with the host, or not, is not taken for the other kind. */
static void a_pool_of_the_other_kind_will_not_do(struct kunit *test)
{
	struct pool_test *pt = test->priv;
	struct page *page = NULL;
	void *vaddr;

	kunit_warning_suppress(test) {
		page = dma_alloc_from_pool(pt->dev, PAGE_SIZE, &vaddr,
					   __GFP_NOWARN,
					   attrs() ^ __DMA_ATTR_ALLOC_CC_SHARED,
					   NULL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, page);
}

static void what_is_not_of_a_pool_is_not_freed(struct kunit *test)
{
	struct pool_test *pt = test->priv;
	struct page *page, *foreign;
	int before, after;
	void *vaddr;

	before = capacity(test, 0);
	foreign = alloc_pages(GFP_KERNEL, 1);
	KUNIT_ASSERT_NOT_NULL(test, foreign);
	KUNIT_EXPECT_FALSE(test, dma_free_from_pool(pt->dev,
						    page_address(foreign),
						    PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, dma_free_from_pool_page(pt->dev, foreign,
							 PAGE_SIZE));
	__free_pages(foreign, 1);
	/* A piece that is larger than any pool. */
	page = take(test, PAGE_SIZE, &vaddr, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_FALSE(test, dma_free_from_pool(pt->dev, vaddr,
						    MOST * PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, dma_free_from_pool_page(pt->dev, page,
							 MOST * PAGE_SIZE));
	give(test, vaddr, PAGE_SIZE);
	after = capacity(test, 0);
	KUNIT_EXPECT_GE(test, after, before);
}

static void a_page_of_a_pool_goes_back(struct kunit *test)
{
	struct pool_test *pt = test->priv;
	static const int pages[] = { 1, 4 };
	struct page *page, *again;
	void *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		size_t size = pages[i] * PAGE_SIZE;

		if (size > SZ_64K)
			break;
		preempt_disable();
		page = take(test, size, &vaddr, 0);
		KUNIT_EXPECT_TRUE(test, page &&
				  dma_free_from_pool_page(pt->dev, page, size));
		again = take(test, size, &vaddr, 0);
		if (again)
			give(test, vaddr, size);
		preempt_enable();
		KUNIT_EXPECT_NOT_NULL(test, again);
		KUNIT_EXPECT_PTR_EQ(test, page, again);
	}
}

static u64 pool_sizes(struct kunit *test)
{
	return debugfs_file_number(test, "dma_pools/pool_size_dma") +
	       debugfs_file_number(test, "dma_pools/pool_size_dma32") +
	       debugfs_file_number(test, "dma_pools/pool_size_kernel");
}

static void a_pool_that_is_empty_is_filled_again(struct kunit *test)
{
	int nr, before = capacity(test, 0), tries = 100;
	u64 size = pool_sizes(test);
	struct page *page = NULL;
	void *vaddr;

	/* A driver may hold some. */
	KUNIT_EXPECT_GE(test, size, (u64)before * PAGE_SIZE);
	preempt_disable();
	nr = take_all(test, 0);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, before, nr);
	while (tries-- && !page) {
		msleep(20);
		page = take(test, PAGE_SIZE, &vaddr, 0);
	}
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (page) {
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, PAGE_SIZE));
		give(test, vaddr, PAGE_SIZE);
	}
	give_all(test, nr);
	/* The worker may have been asked once more. */
	msleep(50);
	nr = capacity(test, 0);
	KUNIT_EXPECT_GT(test, nr, before);
	KUNIT_EXPECT_EQ(test, pool_sizes(test) - size,
			(u64)(nr - before) * PAGE_SIZE);
}

/* A pool that has enough is left as it is. */
static void a_pool_that_is_full_does_not_grow(struct kunit *test)
{
	int before = capacity(test, 0), i;

	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_EQ(test, before, capacity(test, 0));
		msleep(20);
	}
}

static void free_pieces(void *pieces)
{
	kvfree(pieces);
}

static int pool_test_init(struct kunit *test)
{
	struct pool_test *pt;

	dma_kunit_watch(test);
	pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt);
	pt->pieces = kvcalloc(MOST, sizeof(*pt->pieces), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt->pieces);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_pieces,
							   pt->pieces));
	pt->dev = kunit_device_register(test, "dma-pool");
	KUNIT_ASSERT_FALSE(test, IS_ERR(pt->dev));
	test->priv = pt;
	/* The thread ends with the case. */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	/* A pool of which a driver holds some may be short; it grows now. */
	capacity(test, 0);
	return 0;
}

static struct kunit_case pool_test_cases[] = {
	KUNIT_CASE(memory_of_a_pool_is_zeroed_and_aligned),
	KUNIT_CASE(the_pool_is_that_of_the_zone),
	KUNIT_CASE(the_caller_says_which_memory_will_do),
	KUNIT_CASE(an_empty_pool_is_reported_unless_asked_not_to),
	KUNIT_CASE(a_pool_of_the_other_kind_will_not_do),
	KUNIT_CASE(what_is_not_of_a_pool_is_not_freed),
	KUNIT_CASE(a_page_of_a_pool_goes_back),
	KUNIT_CASE(a_pool_that_is_full_does_not_grow),
	KUNIT_CASE(a_pool_that_is_empty_is_filled_again),
	{}
};

static struct kunit_suite pool_test_suite = {
	.name = "dma_atomic_pool",
	.init = pool_test_init,
	.test_cases = pool_test_cases,
};

kunit_test_suite(pool_test_suite);

MODULE_DESCRIPTION("KUnit tests of the pools for coherent memory in atomic context");
MODULE_LICENSE("GPL");
