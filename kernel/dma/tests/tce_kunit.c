// SPDX-License-Identifier: GPL-2.0
/*
 * The TCE tables of PowerPC: which entries a mapping gets, what is written to them, and
 * what an unmap leaves.
 *
 * The tables are made up: their methods write into an array.  So a table can be small
 * enough to run out, its pages smaller than the kernel's, and a part of it reserved.  What
 * pseries' own methods do is left to the conformance suite.
 *
 * iommu_area_alloc() never gives out the last entry below a limit: the last one of each
 * pool, or below the mask, stays free.
 */
#include <kunit/device.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/iommu.h>
#include "kernel_log.h"

#define SHIFT		16
#define ALL		(~0UL)			/* the mask of a device without limits */
#define LARGE		16			/* entries of a large mapping */
#define QUIET		DMA_ATTR_NO_WARN
#define INDEX		0x7ce00000
#define BUF_SIZE	(4 * PAGE_SIZE)

/* @tce: an entry is an address and a direction, + 1; 0: nothing is mapped. */
struct tce_test {
	struct device *dev;
	struct device_dma_parameters limits;
	struct iommu_table *tbl;
	struct iommu_table_ops ops;
	unsigned long *tce;
	int wrong, flushed, freed, fails;
	u8 *buf;
};

static struct kernel_log log;

static struct tce_test *test_of(struct iommu_table *tbl)
{
	return container_of(tbl->it_ops, struct tce_test, ops);
}

static unsigned long *tce_of(struct iommu_table *tbl, long index)
{
	struct tce_test *tt = test_of(tbl);
	unsigned long nr = index - tbl->it_offset;

	if (nr < tbl->it_size)
		return &tt->tce[nr];
	tt->wrong++;
	return &tt->tce[0];
}

static int tce_set(struct iommu_table *tbl, long index, long npages,
		   unsigned long uaddr, enum dma_data_direction dir,
		   unsigned long attrs)
{
	struct tce_test *tt = test_of(tbl);
	bool fail = !tt->fails--;
	unsigned long *tce;

	for (; npages; npages--, index++, uaddr += IOMMU_PAGE_SIZE(tbl)) {
		if (fail && npages == 1)
			return -ENOMEM;
		tce = tce_of(tbl, index);
		if (*tce || uaddr & ~IOMMU_PAGE_MASK(tbl))
			tt->wrong++;
		*tce = uaddr | (dir + 1);
	}
	return fail ? -ENOMEM : 0;
}

static void tce_clear(struct iommu_table *tbl, long index, long npages)
{
	for (; npages; npages--, index++)
		*tce_of(tbl, index) = 0;
}

static void tce_flush(struct iommu_table *tbl)
{
	test_of(tbl)->flushed++;
}

static void tce_free(struct iommu_table *tbl)
{
	test_of(tbl)->freed++;
}

static void free_buf(void *buf)
{
	free_pages_exact(buf, BUF_SIZE);
}

static int tce_test_init(struct kunit *test)
{
	struct tce_test *tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, tt);
	tt->dev = kunit_device_register(test, "dma-tce");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tt->dev);
	tt->dev->dma_parms = &tt->limits;
	tt->buf = alloc_pages_exact(BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, tt->buf));
	tt->ops.set = tce_set;
	tt->ops.clear = tce_clear;
	tt->ops.flush = tce_flush;
	tt->ops.free = tce_free;
	tt->fails = -1;
	test->priv = tt;
	return 0;
}

static void drop(struct tce_test *tt)
{
	if (!tt->tbl)
		return;
	iommu_tce_table_put(tt->tbl);
	tt->tbl = NULL;
	vfree(tt->tce);
}

static void tce_test_exit(struct kunit *test)
{
	if (test->priv)
		drop(test->priv);
}

/* A table of @size entries, of which @from to @to are reserved, counted from address 0. */
static struct iommu_table *make(struct kunit *test, unsigned long size,
				unsigned int shift, unsigned long offset,
				unsigned long from, unsigned long to)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = kzalloc_obj(*tbl);

	drop(tt);
	KUNIT_ASSERT_NOT_NULL(test, tbl);
	tt->tce = vzalloc(array_size(size, sizeof(*tt->tce)));
	KUNIT_ASSERT_NOT_NULL(test, tt->tce);
	tbl->it_index = INDEX;
	tbl->it_size = size;
	tbl->it_page_shift = shift;
	tbl->it_offset = offset;
	tbl->it_blocksize = 16;
	tbl->it_ops = &tt->ops;
	INIT_LIST_HEAD_RCU(&tbl->it_group_list);
	kref_init(&tbl->it_kref);
	/* As if the firmware had left it. */
	tt->tce[size - 1] = 1;
	KUNIT_ASSERT_PTR_EQ(test, tbl, iommu_init_table(tbl, NUMA_NO_NODE, from, to));
	tt->tbl = tbl;
	tt->flushed = 0;
	return tbl;
}

static dma_addr_t map(struct tce_test *tt, unsigned int nr, unsigned long mask)
{
	return iommu_map_phys(tt->dev, tt->tbl, __pa(tt->buf),
			      (size_t)nr << tt->tbl->it_page_shift, mask,
			      DMA_BIDIRECTIONAL, QUIET);
}

static void unmap(struct tce_test *tt, dma_addr_t addr, unsigned int nr)
{
	iommu_unmap_phys(tt->tbl, addr, (size_t)nr << tt->tbl->it_page_shift,
			 DMA_BIDIRECTIONAL, 0);
}

/* The number in the table. */
static unsigned long entry(struct tce_test *tt, dma_addr_t addr)
{
	return (addr >> tt->tbl->it_page_shift) - tt->tbl->it_offset;
}

/* How many entries map something. */
static unsigned long used(struct tce_test *tt)
{
	unsigned long i, nr = 0;

	for (i = 0; i < tt->tbl->it_size; i++)
		nr += !!tt->tce[i];
	return nr;
}

static bool is_unlocked(struct iommu_pool *pool)
{
	if (!spin_trylock(&pool->lock))
		return false;
	spin_unlock(&pool->lock);
	return true;
}

static void expect_unlocked(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	int i;

	for (i = 0; i < tt->tbl->nr_pools; i++)
		KUNIT_EXPECT_TRUE(test, is_unlocked(&tt->tbl->pools[i]));
	KUNIT_ASSERT_TRUE(test, is_unlocked(&tt->tbl->large_pool));
}

/* Map @nr entries at a time until that fails; return how often it did not. */
static unsigned long fill(struct tce_test *tt, unsigned int nr, unsigned long mask)
{
	unsigned long times = 0;

	while (map(tt, nr, mask) != DMA_MAPPING_ERROR)
		times++;
	return times;
}

static void a_table_of_a_gib_has_four_pools(struct kunit *test)
{
	static const struct {
		unsigned long size;
		int pools;
	} tables[] = {
		{ SZ_1G >> SHIFT, 4 }, { (SZ_1G >> SHIFT) - 1, 1 }, { 64, 1 },
	};
	struct iommu_table *tbl;
	unsigned long each;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		tbl = make(test, tables[i].size, SHIFT, 0, 0, 0);
		KUNIT_ASSERT_EQ(test, tables[i].pools, tbl->nr_pools);
		each = tables[i].size * 3 / 4 / tables[i].pools;
		for (j = 0; j < tables[i].pools; j++) {
			KUNIT_EXPECT_EQ(test, j * each, tbl->pools[j].start);
			KUNIT_EXPECT_EQ(test, j * each, tbl->pools[j].hint);
			KUNIT_EXPECT_EQ(test, (j + 1) * each, tbl->pools[j].end);
		}
		KUNIT_EXPECT_EQ(test, j * each, tbl->large_pool.start);
		KUNIT_EXPECT_EQ(test, j * each, tbl->large_pool.hint);
		KUNIT_EXPECT_EQ(test, tables[i].size, tbl->large_pool.end);
		/* What was in it is gone. */
		KUNIT_EXPECT_EQ(test, 0, used(test->priv));
	}
}

static void a_reserved_entry_is_not_given_out(struct kunit *test)
{
	static const struct {
		unsigned long offset, from, to;	/* of the table, and what is asked for */
		unsigned long start, end;	/* what is reserved of its 64 entries */
	} tables[] = {
		{ 0, 0, 0, 0, 1 }, { 0, 0, 4, 0, 4 }, { 0, 60, 80, 60, 64 },
		{ 100, 0, 0, 0, 0 }, { 100, 90, 110, 0, 10 },
		{ 100, 120, 130, 20, 30 }, { 100, 150, 200, 50, 64 },
		{ 100, 164, 200, 0, 0 }, { 100, 10, 100, 0, 0 },
	};
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl;
	unsigned long i;
	int t;

	for (t = 0; t < ARRAY_SIZE(tables); t++) {
		tbl = make(test, 64, SHIFT, tables[t].offset, tables[t].from,
			   tables[t].to);
		KUNIT_EXPECT_FALSE_MSG(test, iommu_table_in_use(tbl), "%d", t);
		fill(tt, 1, ALL);
		for (i = 0; i < 64; i++) {
			bool is = i >= tables[t].start && i < tables[t].end;

			/* Page 0, and the last ones of two pools. */
			is |= (!i && !tables[t].offset) || i == 47 || i == 63;
			KUNIT_EXPECT_EQ_MSG(test, !is, !!tt->tce[i], "%d: %lu", t, i);
		}
		KUNIT_EXPECT_TRUE_MSG(test, iommu_table_in_use(tbl), "%d", t);
		for (i = 0; i < 64; i++)
			if (tt->tce[i])
				unmap(tt, (i + tables[t].offset) << SHIFT, 1);
		KUNIT_EXPECT_FALSE_MSG(test, iommu_table_in_use(tbl), "%d", t);
	}
}

/* Also if it is the first one or the last one alone. */
static void a_table_in_use_is_told(struct kunit *test)
{
	static const struct {
		unsigned long offset, from, to, entry;
	} tables[] = {
		{ 0, 0, 0, 1 }, { 0, 0, 0, 63 }, { 100, 0, 0, 0 },
		{ 100, 0, 0, 63 }, { 100, 120, 130, 0 }, { 100, 120, 130, 19 },
		{ 100, 120, 130, 30 }, { 100, 120, 130, 63 },
	};
	struct iommu_table *tbl;
	int t;

	for (t = 0; t < ARRAY_SIZE(tables); t++) {
		tbl = make(test, 64, SHIFT, tables[t].offset, tables[t].from,
			   tables[t].to);
		KUNIT_EXPECT_FALSE_MSG(test, iommu_table_in_use(tbl), "%d", t);
		set_bit(tables[t].entry, tbl->it_map);
		KUNIT_EXPECT_TRUE_MSG(test, iommu_table_in_use(tbl), "%d", t);
		clear_bit(tables[t].entry, tbl->it_map);
	}
}

static void a_mapping_is_written_and_an_unmap_clears_it(struct kunit *test)
{
	enum { AT = 100, LEN = 3 << SHIFT };
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 64, SHIFT, 100, 0, 0);
	unsigned long vaddr = ALIGN((unsigned long)tt->buf, 1 << SHIFT);
	enum dma_data_direction dir;
	unsigned long first, i;
	dma_addr_t addr;

	for (dir = DMA_BIDIRECTIONAL; dir < DMA_NONE; dir++) {
		tt->flushed = 0;
		addr = iommu_map_phys(tt->dev, tbl, __pa(vaddr) + AT, LEN, ALL,
				      dir, 0);
		KUNIT_ASSERT_NE(test, DMA_MAPPING_ERROR, addr);
		expect_unlocked(test);
		KUNIT_EXPECT_EQ(test, 1, tt->flushed);
		KUNIT_EXPECT_EQ(test, AT, addr & ~IOMMU_PAGE_MASK(tbl));
		first = entry(tt, addr);
		KUNIT_ASSERT_LE(test, first, 64 - 4);
		KUNIT_EXPECT_EQ(test, 4, used(tt));
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_EQ(test, (vaddr + (i << SHIFT)) | (dir + 1),
					tt->tce[first + i]);
		KUNIT_EXPECT_EQ(test, 4, bitmap_weight(tbl->it_map, 64));
		iommu_unmap_phys(tbl, addr, LEN, dir, 0);
		expect_unlocked(test);
		KUNIT_EXPECT_EQ(test, 2, tt->flushed);
		KUNIT_EXPECT_EQ(test, 0, used(tt));
		KUNIT_EXPECT_EQ(test, 0, bitmap_weight(tbl->it_map, 64));
	}
	KUNIT_EXPECT_EQ(test, 0, tt->wrong);
	/* A table without that method needs no flush. */
	tt->ops.flush = NULL;
	addr = map(tt, 1, ALL);
	unmap(tt, addr, 1);
	KUNIT_EXPECT_EQ(test, 0, used(tt));
}

static void a_failure_leaves_nothing(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 64, SHIFT, 100, 0, 0);
	struct scatterlist sg[3];
	int n;

	tt->fails = 0;
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, map(tt, 3, ALL));
	KUNIT_EXPECT_EQ(test, 0, used(tt));
	for (n = 0; n < 3; n++) {
		sg_init_table(sg, 3);
		sg_set_buf(&sg[0], tt->buf, 100);
		sg_set_buf(&sg[1], tt->buf + 200, 100);
		sg_set_buf(&sg[2], tt->buf + 400, 3 << SHIFT);
		tt->fails = n;
		KUNIT_EXPECT_EQ(test, -EIO,
				ppc_iommu_map_sg(tt->dev, tbl, sg, 3, ALL,
						 DMA_TO_DEVICE, QUIET));
		KUNIT_EXPECT_EQ(test, 0, used(tt));
	}
	KUNIT_EXPECT_EQ(test, 0, bitmap_weight(tbl->it_map, 64));
	tt->fails = -1;
	/* Without a table, nothing is done. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ppc_iommu_map_sg(tt->dev, NULL, sg, 3, ALL,
					 DMA_TO_DEVICE, QUIET));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ppc_iommu_map_sg(tt->dev, tbl, sg, 0, ALL,
					 DMA_TO_DEVICE, QUIET));
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR,
			iommu_map_phys(tt->dev, NULL, __pa(tt->buf), 100, ALL,
				       DMA_TO_DEVICE, QUIET));
	iommu_unmap_phys(NULL, 0, 100, DMA_TO_DEVICE, 0);
	ppc_iommu_unmap_sg(NULL, sg, 3, DMA_TO_DEVICE, 0);
}

/* Memory is contiguous, and so are the entries: two elements become one segment. */
static void a_list_is_flushed_once(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 64, 12, 100, 0, 0);
	struct scatterlist sg[3];
	int nents;

	sg_init_table(sg, 3);
	sg_set_buf(&sg[0], tt->buf, SZ_4K);
	sg_set_buf(&sg[1], tt->buf + SZ_4K, SZ_4K);
	sg_set_buf(&sg[2], tt->buf + SZ_16K, 100);
	nents = ppc_iommu_map_sg(tt->dev, tbl, sg, 3, ALL, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, 1, tt->flushed);
	KUNIT_EXPECT_EQ(test, 3, used(tt));
	KUNIT_ASSERT_GT(test, nents, 0);
	KUNIT_EXPECT_EQ(test, 2 * SZ_4K + (nents == 1 ? 100 : 0), sg_dma_len(sg));
	ppc_iommu_unmap_sg(tbl, sg, nents, DMA_TO_DEVICE, 0);
	expect_unlocked(test);
	KUNIT_EXPECT_EQ(test, 2, tt->flushed);
	KUNIT_EXPECT_EQ(test, 0, used(tt));
	KUNIT_EXPECT_EQ(test, 0, bitmap_weight(tbl->it_map, 64));
	tt->ops.flush = NULL;
	nents = ppc_iommu_map_sg(tt->dev, tbl, sg, 3, ALL, DMA_TO_DEVICE, 0);
	ppc_iommu_unmap_sg(tbl, sg, nents, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, 0, used(tt));
}

static void a_full_pool_is_followed_by_the_next(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, SZ_1G >> SHIFT, SHIFT, 0, 0, 0);
	unsigned long i, last, nr, first;

	first = entry(tt, map(tt, 1, ALL));
	nr = first / tbl->poolsize;
	KUNIT_ASSERT_LT(test, nr, 4);
	/* The first pool has page 0. */
	for (i = 1; i < tbl->poolsize - 1 - !nr; i++)
		KUNIT_ASSERT_EQ(test, nr, entry(tt, map(tt, 1, ALL)) / tbl->poolsize);
	last = entry(tt, map(tt, 1, ALL));
	KUNIT_EXPECT_EQ(test, (nr + 1) % 4, last / tbl->poolsize);
	expect_unlocked(test);
	/* A large mapping is at the end. */
	KUNIT_EXPECT_GE(test, entry(tt, map(tt, LARGE, ALL)), tbl->large_pool.start);
	KUNIT_EXPECT_LT(test, entry(tt, map(tt, LARGE - 1, ALL)),
			tbl->large_pool.start);
	unmap(tt, (dma_addr_t)first << SHIFT, 1);
	KUNIT_EXPECT_EQ(test, first, entry(tt, map(tt, 1, ALL)));
	KUNIT_EXPECT_EQ(test, 0, tt->wrong);
}

static void each_pool_can_be_used_up(struct kunit *test)
{
	static const unsigned long sizes[] = { 64, SZ_1G >> SHIFT };
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl;
	int i;

	for (i = 0; i < 2; i++) {
		tbl = make(test, sizes[i], SHIFT, 0, 0, 0);
		/* The last ones come of the pool for large mappings. */
		KUNIT_EXPECT_EQ(test, sizes[i] - 1 - (tbl->nr_pools + 1),
				fill(tt, 1, ALL));
		expect_unlocked(test);
		/* And large ones of all pools. */
		tbl = make(test, sizes[i], SHIFT, 0, 0, 0);
		KUNIT_EXPECT_EQ(test, sizes[i] / LARGE - (tbl->nr_pools + 1),
				fill(tt, LARGE, ALL));
		expect_unlocked(test);
	}
	KUNIT_EXPECT_EQ(test, 0, tt->wrong);
}

/* Behind the last mapping first, so that the device does not see one address for two. */
static void an_entry_is_used_again_late(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 256, SHIFT, 0, 0, 0);
	unsigned long first, large;
	dma_addr_t addr;

	addr = map(tt, 1, ALL);
	first = entry(tt, addr);
	unmap(tt, addr, 1);
	/* A new block, for which the cache of the bridge has nothing. */
	KUNIT_EXPECT_EQ(test, round_up(first + 1, tbl->it_blocksize),
			entry(tt, map(tt, 1, ALL)));
	addr = map(tt, LARGE, ALL);
	large = entry(tt, addr);
	unmap(tt, addr, LARGE);
	KUNIT_EXPECT_EQ(test, large + LARGE, entry(tt, map(tt, LARGE, ALL)));
}

static void a_mapping_is_within_the_mask(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, SZ_1G >> SHIFT, SHIFT, 0, 0, 0);
	unsigned long mask = (100UL << SHIFT) - 1;
	dma_addr_t addr;

	/* Whichever pool was used, and however far. */
	fill(tt, 1, DMA_BIT_MASK(28));
	KUNIT_EXPECT_EQ(test, BIT(28 - SHIFT) - 2, used(tt));
	tbl = make(test, SZ_1G >> SHIFT, SHIFT, 0, 0, 0);
	tbl->pools[0].hint = 2000;
	addr = map(tt, 1, mask);
	KUNIT_EXPECT_LE(test, entry(tt, addr), 98);
	KUNIT_EXPECT_EQ(test, 97, fill(tt, 1, mask));
	expect_unlocked(test);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, map(tt, LARGE, mask));
	expect_unlocked(test);
	KUNIT_EXPECT_NE(test, DMA_MAPPING_ERROR, map(tt, LARGE, ALL));
	make(test, 64, SHIFT, 100, 0, 0);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, map(tt, 1, mask));
	/* The first entry alone. */
	KUNIT_EXPECT_EQ(test, 1, fill(tt, 1, (102UL << SHIFT) - 1));
	KUNIT_EXPECT_EQ(test, 61, fill(tt, 1, ALL));
}

static void no_mapping_crosses_the_boundary(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	unsigned long first;
	dma_addr_t addr;
	int n = 0;

	make(test, 256, SHIFT, 7, 0, 0);
	dma_set_seg_boundary(tt->dev, SZ_1M - 1);
	while ((addr = map(tt, 5, ALL)) != DMA_MAPPING_ERROR) {
		first = addr >> SHIFT;
		KUNIT_EXPECT_EQ(test, first / 16, (first + 4) / 16);
		n++;
	}
	KUNIT_EXPECT_GE(test, n, 2 * 256 / 16);
}

/* Where an entry maps less than a page of the kernel. */
static void a_page_is_aligned(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	static const struct {
		size_t from, len;
	} parts[] = { { 0, PAGE_SIZE - 1 }, { SZ_4K, PAGE_SIZE } };
	struct iommu_table *tbl = make(test, 4096, 12, 0, 0, 0);
	unsigned long page = PAGE_SIZE - 1, next;
	struct scatterlist sg;
	dma_addr_t addr;
	void *vaddr;
	int i;

	for (i = 0; i < 3; i++) {
		/* What comes next is not aligned. */
		map(tt, LARGE + 1, ALL);
		addr = iommu_map_phys(tt->dev, tbl, __pa(tt->buf), PAGE_SIZE,
				      ALL, DMA_TO_DEVICE, 0);
		KUNIT_EXPECT_EQ(test, 0, addr & page);
		map(tt, LARGE + 1, ALL);
		sg_init_one(&sg, tt->buf, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, 1, ppc_iommu_map_sg(tt->dev, tbl, &sg, 1,
							  ALL, DMA_TO_DEVICE, 0));
		KUNIT_EXPECT_EQ(test, 0, sg_dma_address(&sg) & page);
		map(tt, LARGE + 1, ALL);
		vaddr = iommu_alloc_coherent(tt->dev, tbl, 2 * PAGE_SIZE, &addr,
					     ALL, GFP_KERNEL, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		KUNIT_EXPECT_EQ(test, 0, addr & (2 * PAGE_SIZE - 1));
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, 2 * PAGE_SIZE));
		iommu_free_coherent(tbl, 2 * PAGE_SIZE, vaddr, addr);
	}
	/* What is less than a page, or not aligned itself, takes what comes next. */
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		next = entry(tt, map(tt, LARGE + 1, ALL)) + LARGE + 1;
		addr = iommu_map_phys(tt->dev, tbl, __pa(tt->buf) + parts[i].from,
				      parts[i].len, ALL, DMA_TO_DEVICE, 0);
		KUNIT_EXPECT_EQ(test, next, entry(tt, addr));
		next = entry(tt, map(tt, LARGE + 1, ALL)) + LARGE + 1;
		sg_init_one(&sg, tt->buf + parts[i].from, parts[i].len);
		ppc_iommu_map_sg(tt->dev, tbl, &sg, 1, ALL, DMA_TO_DEVICE, 0);
		KUNIT_EXPECT_EQ(test, next, entry(tt, sg_dma_address(&sg)));
	}
}

static void coherent_memory_has_its_limits(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 1024, 12, 0, 0, 0);
	size_t most = PAGE_SIZE << (IOMAP_MAX_ORDER - 1);
	dma_addr_t addr;
	void *vaddr;

	KUNIT_EXPECT_NULL(test, iommu_alloc_coherent(tt->dev, NULL, 100, &addr, ALL,
						     GFP_KERNEL, NUMA_NO_NODE));
	/* No larger block is asked for, and so none is missing. */
	KUNIT_EXPECT_NULL(test, iommu_alloc_coherent(tt->dev, tbl, 2 * most, &addr,
						     ALL, GFP_KERNEL, NUMA_NO_NODE));
	vaddr = iommu_alloc_coherent(tt->dev, tbl, 100, &addr, ALL, GFP_KERNEL,
				     NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE >> 12, used(tt));
	KUNIT_EXPECT_EQ(test, (unsigned long)vaddr | (DMA_BIDIRECTIONAL + 1),
			tt->tce[entry(tt, addr)]);
	iommu_free_coherent(tbl, 100, vaddr, addr);
	KUNIT_EXPECT_EQ(test, 0, used(tt));
	iommu_free_coherent(NULL, 100, vaddr, addr);
}

static void an_address_outside_is_not_unmapped(struct kunit *test)
{
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 64, SHIFT, 100, 0, 0);

	fill(tt, 1, ALL);
	KUNIT_EXPECT_EQ(test, 62, used(tt));
	kernel_log_begin(test, &log);
	kunit_warning_suppress(test) {
		unmap(tt, 163UL << SHIFT, 2);
		unmap(tt, 164UL << SHIFT, 1);
	}
	kernel_log_end(test, &log);
	KUNIT_EXPECT_EQ(test, 62, used(tt));
	KUNIT_EXPECT_EQ(test, 62, bitmap_weight(tbl->it_map, 64));
	unmap(tt, 162UL << SHIFT, 2);
	unmap(tt, 100UL << SHIFT, 1);
	KUNIT_EXPECT_EQ(test, 60, used(tt));
	KUNIT_EXPECT_EQ(test, 0, tt->wrong);
}

static void who_asks_not_to_be_warned_is_not(struct kunit *test)
{
	static const char text[] = "iommu_alloc failed";
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl = make(test, 64, SHIFT, 0, 0, 0);
	struct scatterlist sg;
	int i;

	fill(tt, 1, ALL);
	sg_init_one(&sg, tt->buf, 100);
	kernel_log_begin(test, &log);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, map(tt, 1, ALL));
		KUNIT_EXPECT_EQ(test, -EIO,
				ppc_iommu_map_sg(tt->dev, tbl, &sg, 1, ALL,
						 DMA_TO_DEVICE, QUIET));
	}
	kernel_log_end(test, &log);
	KUNIT_EXPECT_EQ(test, 0, kernel_log_count(&log, text));
}

static void the_last_user_frees_the_table(struct kunit *test)
{
	static const char text[] = "Unexpected TCEs";
	struct tce_test *tt = test->priv;
	struct iommu_table *tbl;
	int full;

	for (full = 0; full < 2; full++) {
		tbl = make(test, 64, SHIFT, 0, 0, 0);
		if (full)
			map(tt, 1, ALL);
		tt->freed = 0;
		KUNIT_EXPECT_PTR_EQ(test, tbl, iommu_tce_table_get(tbl));
		KUNIT_EXPECT_EQ(test, 0, iommu_tce_table_put(tbl));
		KUNIT_EXPECT_EQ(test, 0, tt->freed);
		kernel_log_begin(test, &log);
		KUNIT_EXPECT_EQ(test, 1, iommu_tce_table_put(tbl));
		kernel_log_end(test, &log);
		KUNIT_EXPECT_EQ(test, full, kernel_log_count(&log, text));
		KUNIT_EXPECT_EQ(test, 1, tt->freed);
		tt->tbl = NULL;
		vfree(tt->tce);
	}
}

static void make_and_drop(struct kunit *test)
{
	make(test, 64, SHIFT, 0, 0, 0);
	drop(test->priv);
}

static void nothing_is_left_of_a_table(struct kunit *test)
{
	dma_kunit_expect_freed(test, make_and_drop);
}

static struct kunit_case tce_cases[] = {
	KUNIT_CASE(a_table_of_a_gib_has_four_pools),
	KUNIT_CASE(a_reserved_entry_is_not_given_out),
	KUNIT_CASE(a_table_in_use_is_told),
	KUNIT_CASE(a_mapping_is_written_and_an_unmap_clears_it),
	KUNIT_CASE(a_failure_leaves_nothing),
	KUNIT_CASE(a_list_is_flushed_once),
	KUNIT_CASE(a_full_pool_is_followed_by_the_next),
	KUNIT_CASE(each_pool_can_be_used_up),
	KUNIT_CASE(an_entry_is_used_again_late),
	KUNIT_CASE(a_mapping_is_within_the_mask),
	KUNIT_CASE(no_mapping_crosses_the_boundary),
	KUNIT_CASE(a_page_is_aligned),
	KUNIT_CASE(coherent_memory_has_its_limits),
	KUNIT_CASE(an_address_outside_is_not_unmapped),
	KUNIT_CASE(who_asks_not_to_be_warned_is_not),
	KUNIT_CASE(the_last_user_frees_the_table),
	KUNIT_CASE(nothing_is_left_of_a_table),
	{}
};

static struct kunit_suite tce_suite = {
	.name = "dma_tce",
	.init = tce_test_init,
	.exit = tce_test_exit,
	.test_cases = tce_cases,
};

kunit_test_suite(tce_suite);

MODULE_DESCRIPTION("KUnit suite of PowerPC's TCE tables");
MODULE_LICENSE("GPL");
