// SPDX-License-Identifier: GPL-2.0
/*
 * Mandatory DMA attributes are honoured or refused, by every entry point.
 *
 * The devices are made up, one per kind of path to memory. The backends behind them
 * are the real ones, except for the last two kinds. What a mapping did is read from
 * the outside: bounce slots from the device's own view of the pool, calls from
 * counters in the dma_map_ops of the test.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-contract.h>
#include <linux/dma-direct.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/panic.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <trace/events/dma.h>
#include "../contract.h"
#include "../debug.h"
#include "../direct.h"
#include "debug_kunit.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define WB	DMA_ATTR_WRITE_BARRIER
#define CC	DMA_ATTR_CC_SHARED
#define MMIO	DMA_ATTR_MMIO

#define BUF_PAGES	4
#define BUF_SIZE	(BUF_PAGES * PAGE_SIZE)

enum kind {
	COHERENT,	/* dma-direct, caches are coherent */
	NONCOHERENT,	/* dma-direct, caches are maintained */
	BOUNCE,		/* dma-direct, everything bounces */
	OPS,		/* a dma_map_ops that lists all but CC_SHARED */
	OPS_SILENT,	/* a dma_map_ops that lists nothing */
};

struct contract_test {
	struct device *dev;
	u64 mask;
	void *buf;
	struct page *page;
	phys_addr_t phys;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem pool;
#endif
	unsigned int ops_path;
	unsigned long ops_attrs;
	gfp_t ops_gfp;
	int ops_calls;
	bool ops_breaks;
};

static long slots(struct contract_test *ct)
{
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS)
	return atomic_long_read(&ct->pool.total_used);
#else
	return 0;
#endif
}

/* The dma_map_ops of the test: bus address = physical address. */

static struct contract_test *ops_test(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static void ops_count(struct device *dev, unsigned long attrs)
{
	ops_test(dev)->ops_calls++;
	ops_test(dev)->ops_attrs = attrs;
}

static dma_addr_t ops_map_phys(struct device *dev, phys_addr_t phys, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	ops_count(dev, attrs);
	if (ops_test(dev)->ops_breaks) {
		debug_dma_attrs_broken(dev, attrs);
		return DMA_MAPPING_ERROR;
	}
	return phys;
}

static void ops_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	ops_count(dev, attrs);
}

static int ops_map_sg(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *s;
	int i;

	ops_count(dev, attrs);
	for_each_sg(sg, s, nents, i) {
		sg_dma_address(s) = sg_phys(s);
		sg_dma_len(s) = s->length;
	}
	return nents;
}

static void ops_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	ops_count(dev, attrs);
}

static void *ops_alloc(struct device *dev, size_t size, dma_addr_t *handle,
		       gfp_t gfp, unsigned long attrs)
{
	void *vaddr = alloc_pages_exact(size, gfp);

	ops_count(dev, attrs);
	ops_test(dev)->ops_gfp = gfp;
	if (vaddr)
		*handle = virt_to_phys(vaddr);
	return vaddr;
}

static void ops_free(struct device *dev, size_t size, void *vaddr,
		     dma_addr_t handle, unsigned long attrs)
{
	ops_count(dev, attrs);
	free_pages_exact(vaddr, size);
}

static unsigned int ops_map_path(struct device *dev, phys_addr_t phys,
				 size_t size, enum dma_data_direction dir,
				 unsigned long attrs)
{
	struct contract_test *ct = ops_test(dev);

	/* Only the last page of the buffer is special, and an allocation. */
	if (PHYS_PFN(phys) == page_to_pfn(ct->page) + BUF_PAGES - 1 || !phys)
		return ct->ops_path;
	return 0;
}

static const struct dma_map_ops test_ops = {
	.mandatory_attrs = RC | WB | MMIO,
	.map_path = ops_map_path,
	.map_phys = ops_map_phys,
	.unmap_phys = ops_unmap_phys,
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
	.alloc = ops_alloc,
	.free = ops_free,
};

static const struct dma_map_ops silent_ops = {
	.map_phys = ops_map_phys,
	.unmap_phys = ops_unmap_phys,
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
	.alloc = ops_alloc,
	.free = ops_free,
};

/* Fixture */

static void free_buf(void *data)
{
	free_pages_exact(data, BUF_SIZE);
}

static int contract_test_init(struct kunit *test)
{
	struct contract_test *ct;

	dma_kunit_watch(test);
	ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ct);
	ct->buf = alloc_pages_exact(BUF_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, ct->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, ct->buf));
	ct->page = virt_to_page(ct->buf);
	ct->phys = virt_to_phys(ct->buf);
	ct->dev = kunit_device_register(test, "dma-contract");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ct->dev);
	dev_set_drvdata(ct->dev, ct);
	ct->dev->dma_mask = &ct->mask;
	test->priv = ct;
	return 0;
}

static void contract_test_exit(struct kunit *test)
{
	struct contract_test *ct = test->priv;

	if (!ct || !ct->dev)
		return;
	ct->dev->dma_mask = NULL;
	set_dma_ops(ct->dev, NULL);
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(ct->dev);
#endif
}

/*
 * Give the device a view of the default pool that counts its slots for itself, and
 * does not depend on swiotlb= on the command line.
 */
static bool own_pool(struct contract_test *ct)
{
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS) && \
	!defined(CONFIG_SWIOTLB_DYNAMIC)
	swiotlb_count_slots();
	ct->pool = *ct->dev->dma_io_tlb_mem;
	ct->pool.force_bounce = false;
	atomic_long_set(&ct->pool.total_used, 0);
	ct->dev->dma_io_tlb_mem = &ct->pool;
	return true;
#else
	return false;
#endif
}

static void bounce_everything(struct contract_test *ct, bool force)
{
#ifdef CONFIG_SWIOTLB
	ct->pool.force_bounce = force;
#endif
}

static struct contract_test *setup(struct kunit *test, enum kind kind)
{
	struct contract_test *ct = test->priv;
	struct device *dev = ct->dev;

	dev_assign_dma_coherent(dev, kind != NONCOHERENT);
	if (kind == NONCOHERENT && dev_is_dma_coherent(dev))
		kunit_skip(test, "expected skip: every device of this architecture is coherent");
#ifdef CONFIG_SWIOTLB
	if (kind == BOUNCE && !is_swiotlb_allocated() &&
	    swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL))
		KUNIT_FAIL_AND_ABORT(test, "a bounce pool cannot be made");
#endif
	if (!own_pool(ct) && kind == BOUNCE)
		kunit_skip(test,
			   "expected skip: needs SWIOTLB and DEBUG_FS, without SWIOTLB_DYNAMIC");
	bounce_everything(ct, kind == BOUNCE);
	if (kind == OPS)
		set_dma_ops(dev, &test_ops);
	if (kind == OPS_SILENT)
		set_dma_ops(dev, &silent_ops);
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	return ct;
}

/* One call of each kind */

static int map_page(struct contract_test *ct, size_t offset, size_t size,
		    enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = dma_map_page_attrs(ct->dev, ct->page, offset, size,
					     dir, attrs);

	if (dma_mapping_error(ct->dev, addr))
		return -EIO;
	dma_unmap_page_attrs(ct->dev, addr, size, dir, attrs);
	return 0;
}

/* The page is RAM: dma-debug reports it as MMIO, so do not print its errors. */
static int map_phys(struct contract_test *ct, enum dma_data_direction dir,
		    unsigned long attrs)
{
	dma_addr_t addr;

#ifdef CONFIG_DMA_API_DEBUG
	long before = debug_test_begin();
#endif
	addr = dma_map_phys(ct->dev, ct->phys, PAGE_SIZE, dir, attrs);
	if (!dma_mapping_error(ct->dev, addr))
		dma_unmap_phys(ct->dev, addr, PAGE_SIZE, dir, attrs);
#ifdef CONFIG_DMA_API_DEBUG
	debug_test_end(before);
#endif
	return addr == DMA_MAPPING_ERROR ? -EIO : 0;
}

static void fill_table(struct kunit *test, struct contract_test *ct,
		       struct sg_table *sgt, int nents)
{
	struct scatterlist *s;
	int i;

	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(sgt, nents, GFP_KERNEL));
	for_each_sgtable_sg(sgt, s, i)
		sg_set_page(s, ct->page + i % BUF_PAGES, SZ_1K,
			    SZ_512 * (i % 4));
}

static int map_table(struct kunit *test, struct contract_test *ct, int nents,
		     unsigned long attrs)
{
	struct sg_table sgt;
	int ret;

	fill_table(test, ct, &sgt, nents);
	ret = dma_map_sgtable(ct->dev, &sgt, DMA_FROM_DEVICE, attrs);
	if (!ret)
		dma_unmap_sgtable(ct->dev, &sgt, DMA_FROM_DEVICE, attrs);
	sg_free_table(&sgt);
	return ret;
}

static int map_list(struct contract_test *ct, unsigned long attrs)
{
	struct scatterlist sg;
	int ents;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, ct->page, PAGE_SIZE, 0);
	ents = dma_map_sg_attrs(ct->dev, &sg, 1, DMA_FROM_DEVICE, attrs);
	if (ents)
		dma_unmap_sg_attrs(ct->dev, &sg, 1, DMA_FROM_DEVICE, attrs);
	return ents;
}

static bool alloc(struct contract_test *ct, unsigned long attrs)
{
	dma_addr_t handle;
	void *vaddr = dma_alloc_attrs(ct->dev, PAGE_SIZE, &handle, GFP_KERNEL,
				      attrs);

	if (vaddr)
		dma_free_attrs(ct->dev, PAGE_SIZE, vaddr, handle, attrs);
	return vaddr;
}

static bool noncontiguous(struct contract_test *ct, unsigned long attrs)
{
	struct sg_table *sgt = dma_alloc_noncontiguous(ct->dev, PAGE_SIZE,
						       DMA_FROM_DEVICE,
						       GFP_KERNEL, attrs);

	if (sgt)
		dma_free_noncontiguous(ct->dev, PAGE_SIZE, sgt,
				       DMA_FROM_DEVICE);
	return sgt;
}

static int query(struct contract_test *ct, enum dma_data_direction dir,
		 unsigned long attrs)
{
	return dma_query_phys(ct->dev, ct->phys, PAGE_SIZE, dir, attrs);
}

/* Every entry point refuses @attrs, with the errno that it documents. */
static void expect_all_refuse(struct kunit *test, struct contract_test *ct,
			      unsigned long attrs, int err)
{
	struct scatterlist sg;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, ct->page, PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ_MSG(test, -EIO,
			    map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, attrs),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, -EIO, map_phys(ct, DMA_FROM_DEVICE, attrs),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, -EIO,
			    map_phys(ct, DMA_FROM_DEVICE, attrs | MMIO),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, 0, map_list(ct, attrs), "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, err, map_table(test, ct, 3, attrs),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_FALSE_MSG(test, alloc(ct, attrs), "attrs %lx", attrs);
	KUNIT_EXPECT_FALSE_MSG(test, noncontiguous(ct, attrs), "attrs %lx",
			       attrs);
	KUNIT_EXPECT_EQ_MSG(test, err, query(ct, DMA_FROM_DEVICE, attrs),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, err,
			    dma_query_sg(ct->dev, &sg, 1, DMA_FROM_DEVICE,
					 attrs), "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, err,
			    dma_query_alloc(ct->dev, PAGE_SIZE, attrs),
			    "attrs %lx", attrs);
}

/* The rule */

static void a_reserved_bit_is_refused(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	int bit;

	for (bit = 24; bit < 32; bit++)
		expect_all_refuse(test, ct, 1UL << bit, -EOPNOTSUPP);
}

static void a_reserved_bit_refuses_the_bits_beside_it(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	expect_all_refuse(test, ct, RC | BIT(31), -EOPNOTSUPP);
}

static void the_internal_bit_is_refused_from_drivers(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	expect_all_refuse(test, ct, __DMA_ATTR_ALLOC_CC_SHARED, -EOPNOTSUPP);
}

static void an_unknown_hint_is_ignored(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	unsigned long attrs = BIT(3) | GENMASK(23, 15);

	KUNIT_EXPECT_EQ(test, 0,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, attrs));
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 2, attrs));
	KUNIT_EXPECT_TRUE(test, alloc(ct, attrs));
}

static void a_contradiction_is_invalid(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);
	unsigned long attrs = WB | DMA_ATTR_WEAK_ORDERING;

	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 1, WB));
	KUNIT_EXPECT_EQ(test, -EINVAL, map_table(test, ct, 1, attrs));
	KUNIT_EXPECT_EQ(test, -EINVAL, query(ct, DMA_TO_DEVICE, attrs));
	KUNIT_EXPECT_EQ(test, -EIO, map_phys(ct, DMA_TO_DEVICE, attrs));
	KUNIT_EXPECT_FALSE(test, alloc(ct, attrs));
}

static void mmio_is_neither_a_list_nor_an_allocation(struct kunit *test)
{
	static const enum kind kinds[] = { COHERENT, OPS };
	struct contract_test *ct;
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ct = setup(test, kinds[i]);
		KUNIT_EXPECT_EQ(test, -EINVAL, map_table(test, ct, 2, MMIO));
		KUNIT_EXPECT_EQ(test, 0, map_list(ct, MMIO));
		KUNIT_EXPECT_FALSE(test, alloc(ct, MMIO));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				dma_query_alloc(ct->dev, PAGE_SIZE, MMIO));
		KUNIT_EXPECT_EQ(test, -EIO, map_page(ct, 0, PAGE_SIZE,
						     DMA_FROM_DEVICE, MMIO));
		KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_FROM_DEVICE, MMIO));
	}
}

static void a_refusal_warns_about_nothing(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS_SILENT);
	unsigned long before = get_taint();

	expect_all_refuse(test, ct, RC, -EOPNOTSUPP);
	expect_all_refuse(test, ct, WB, -EOPNOTSUPP);
	expect_all_refuse(test, ct, CC, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, before, get_taint());
}

static void bad_arguments_are_invalid(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	struct device *dev = ct->dev;
	struct sg_table sgt;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_phys(dev, ct->phys, 0, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_phys(dev, ct->phys, PAGE_SIZE, DMA_NONE, RC));
	if (sizeof(phys_addr_t) == sizeof(size_t))
		KUNIT_EXPECT_EQ(test, -EINVAL,
				dma_query_phys(dev, PAGE_SIZE, SIZE_MAX,
					       DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EIO, map_page(ct, 0, 0, DMA_FROM_DEVICE, RC));
	if (sizeof(phys_addr_t) == sizeof(size_t))
		KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR,
				dma_map_phys(dev, PAGE_SIZE, SIZE_MAX,
					     DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_query_alloc(dev, 0, RC));
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_query_alloc(dev, SIZE_MAX, RC));

	fill_table(test, ct, &sgt, 3);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_sg(dev, sgt.sgl, 0, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_sg(dev, sgt.sgl, 3, DMA_NONE, RC));
	sg_next(sgt.sgl)->length = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_map_sgtable(dev, &sgt, DMA_FROM_DEVICE, RC));
	sg_free_table(&sgt);
}

static void a_device_without_a_mask_gets_nothing(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	ct->dev->dma_mask = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, query(ct, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EINVAL, query(ct, DMA_FROM_DEVICE, MMIO));
	ct->dev->dma_mask = &ct->mask;
	/* A mask of 0: not a byte is in reach, unless by a bounce. */
	ct->mask = 0;
	KUNIT_EXPECT_NE(test, 0, query(ct, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EIO, query(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_NE(test, 0, map_table(test, ct, 1, RC));
}

/* REQUIRE_COHERENT */

static void a_coherent_device_honours_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	dma_addr_t addr;

	addr = dma_map_page_attrs(ct->dev, ct->page, 0, PAGE_SIZE,
				  DMA_BIDIRECTIONAL, RC);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->dev, addr));
	KUNIT_EXPECT_EQ(test, phys_to_dma(ct->dev, ct->phys), addr);
	dma_unmap_page_attrs(ct->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL, RC);

	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_BIDIRECTIONAL, RC));
	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_BIDIRECTIONAL, RC | MMIO));
	KUNIT_EXPECT_TRUE(test, alloc(ct, RC));
	KUNIT_EXPECT_TRUE(test, noncontiguous(ct, RC));
}

static void a_noncoherent_device_refuses_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, NONCOHERENT);

	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_TO_DEVICE,
				 RC | DMA_ATTR_SKIP_CPU_SYNC));
	KUNIT_EXPECT_EQ(test, -EIO, map_phys(ct, DMA_FROM_DEVICE, RC | MMIO));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			query(ct, DMA_FROM_DEVICE, RC | MMIO));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_table(test, ct, 3, RC | DMA_ATTR_SKIP_CPU_SYNC));
	KUNIT_EXPECT_FALSE(test, noncontiguous(ct, RC));
}

static void a_noncoherent_device_honours_mmio(struct kunit *test)
{
	struct contract_test *ct = setup(test, NONCOHERENT);

	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_FROM_DEVICE, MMIO));
}

static void coherent_memory_is_coherent_on_any_device(struct kunit *test)
{
	struct contract_test *ct = setup(test, NONCOHERENT);

	KUNIT_EXPECT_TRUE(test, alloc(ct, RC));
}

static void a_bouncing_device_refuses_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);

	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
	KUNIT_EXPECT_TRUE(test, alloc(ct, RC));
	KUNIT_EXPECT_TRUE(test, noncontiguous(ct, RC));
}

static void a_bouncing_device_refuses_mmio(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);

	KUNIT_EXPECT_EQ(test, -EIO, map_phys(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, query(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
}

static void a_coherent_mapping_lives_beside_bounced_ones(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);
	dma_addr_t bounced, direct;

	bounce_everything(ct, false);
	direct = dma_map_page_attrs(ct->dev, ct->page, 0, PAGE_SIZE,
				    DMA_FROM_DEVICE, RC);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->dev, direct));
	bounce_everything(ct, true);
	bounced = dma_map_page_attrs(ct->dev, ct->page, PAGE_SIZE, PAGE_SIZE,
				     DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(ct->dev, bounced));
	KUNIT_EXPECT_NE(test, phys_to_dma(ct->dev, ct->phys + PAGE_SIZE),
			bounced);

	KUNIT_EXPECT_TRUE(test, dma_need_sync(ct->dev, bounced));
	KUNIT_EXPECT_FALSE(test, dma_need_sync(ct->dev, direct));

	dma_unmap_page_attrs(ct->dev, bounced, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	dma_unmap_page_attrs(ct->dev, direct, PAGE_SIZE, DMA_FROM_DEVICE, RC);
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
}

static void a_buffer_above_the_limit_refuses_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);
	dma_addr_t dma = phys_to_dma(ct->dev, ct->phys);
	unsigned long before = get_taint();

	bounce_everything(ct, false);
	if (!dma)
		kunit_skip(test, "the buffer is at bus address 0");
	KUNIT_EXPECT_EQ(test, 0, query(ct, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_FALSE(test, dma_query_bounces(ct->dev, ct->phys, PAGE_SIZE,
						   DMA_FROM_DEVICE));
	/* A bus with a limit: all but the last byte of the buffer are below. */
	ct->dev->bus_dma_limit = dma + PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, query(ct, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_TRUE(test, dma_query_bounces(ct->dev, ct->phys, PAGE_SIZE,
						  DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EIO, query(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_EQ(test, -EIO, map_phys(ct, DMA_FROM_DEVICE, MMIO));
	/* And none of it. */
	ct->dev->bus_dma_limit = dma - 1;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, query(ct, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 1, RC));
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
	ct->dev->bus_dma_limit = 0;
	KUNIT_EXPECT_EQ_MSG(test, before, get_taint(), "a refusal warned");
}

static void the_last_page_tells_whether_memory_bounces(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);
	dma_addr_t last = phys_to_dma(ct->dev, PFN_PHYS(max_pfn - 1));

	KUNIT_EXPECT_TRUE(test, dma_ram_bounces(ct->dev));
	bounce_everything(ct, false);
	KUNIT_EXPECT_FALSE(test, dma_ram_bounces(ct->dev));
	ct->dev->bus_dma_limit = last + PAGE_SIZE - 1;
	KUNIT_EXPECT_FALSE(test, dma_ram_bounces(ct->dev));
	ct->dev->bus_dma_limit = last + PAGE_SIZE - 2;
	KUNIT_EXPECT_TRUE(test, dma_ram_bounces(ct->dev));
	ct->dev->bus_dma_limit = 0;
}

static void one_bad_entry_refuses_the_list(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);

	ct->ops_path = DMA_PATH_BOUNCE;
	/* Entries 3, 7, ... lie in the page that bounces, the first does not. */
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 4, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 6, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 300, RC));
	ct->ops_path = DMA_PATH_SYNC;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_table(test, ct, 4, RC | DMA_ATTR_SKIP_CPU_SYNC));
	ct->ops_path = DMA_PATH_UNORDERED;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 4, WB));
	ct->ops_path = DMA_PATH_NONE;
	KUNIT_EXPECT_EQ(test, -EIO, map_table(test, ct, 4, RC));
	KUNIT_EXPECT_EQ(test, 0, ct->ops_calls);
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, 2, ct->ops_calls);
	ct->ops_path = DMA_PATH_BOUNCE;
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 4, WB));
	ct->ops_path = DMA_PATH_UNORDERED;
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 4, RC));
	ct->ops_path = 0;
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 300, RC | WB));
	KUNIT_EXPECT_EQ(test, 8, ct->ops_calls);
}

/* WRITE_BARRIER; PCI functions are in ordering_kunit.c. */

static void a_bus_of_unknown_order_refuses_a_barrier(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table(test, ct, 2, WB));
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_BIDIRECTIONAL, WB));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_alloc(ct->dev, PAGE_SIZE, WB));
	KUNIT_EXPECT_FALSE(test, alloc(ct, WB));
	KUNIT_EXPECT_FALSE(test, noncontiguous(ct, WB));
	KUNIT_EXPECT_TRUE(test, alloc(ct, 0));
}

static void a_barrier_to_the_device_has_no_effect(struct kunit *test)
{
	static const enum kind kinds[] = { COHERENT, OPS, OPS_SILENT };
	struct contract_test *ct;
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ct = setup(test, kinds[i]);
		ct->ops_path = DMA_PATH_UNORDERED;
		KUNIT_EXPECT_EQ(test, 0,
				map_page(ct, 0, PAGE_SIZE, DMA_TO_DEVICE, WB));
		KUNIT_EXPECT_EQ(test, 0,
				map_page(ct, (BUF_PAGES - 1) * PAGE_SIZE,
					 PAGE_SIZE, DMA_TO_DEVICE, WB));
	}
	ct = setup(test, COHERENT);
	set_dma_ops(ct->dev, NULL);
	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_TO_DEVICE, WB | MMIO));
}

static void nothing_orders_a_write_to_a_peer(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);

	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_FROM_DEVICE, WB));
	KUNIT_EXPECT_EQ(test, -EIO, map_phys(ct, DMA_FROM_DEVICE, WB | MMIO));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			query(ct, DMA_FROM_DEVICE, WB | MMIO));
}

static void an_allocation_is_refused_by_the_order_of_its_path(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);

	KUNIT_EXPECT_TRUE(test, alloc(ct, WB));
	ct->ops_path = DMA_PATH_UNORDERED;
	KUNIT_EXPECT_FALSE(test, alloc(ct, WB));
	KUNIT_EXPECT_TRUE(test, alloc(ct, RC));
	ct->ops_path = DMA_PATH_BOUNCE;
	KUNIT_EXPECT_TRUE(test, alloc(ct, RC | WB));
}

static void a_backend_chooses_the_zone(struct kunit *test)
{
	static const unsigned long attrs[] = { 0, RC, WB };
	struct contract_test *ct = setup(test, OPS);
	dma_addr_t addr;
	void *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		vaddr = dma_alloc_attrs(ct->dev, PAGE_SIZE, &addr,
					GFP_KERNEL | __GFP_DMA, attrs[i]);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		KUNIT_EXPECT_EQ(test, GFP_KERNEL, ct->ops_gfp);
		dma_free_attrs(ct->dev, PAGE_SIZE, vaddr, addr, attrs[i]);
		vaddr = dma_alloc_attrs(ct->dev, PAGE_SIZE, &addr,
					GFP_KERNEL | __GFP_DMA32, attrs[i]);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		KUNIT_EXPECT_EQ(test, GFP_KERNEL, ct->ops_gfp);
		dma_free_attrs(ct->dev, PAGE_SIZE, vaddr, addr, attrs[i]);
	}
}

static void declared_memory_refuses_a_barrier(struct kunit *test)
{
#ifdef CONFIG_DMA_DECLARE_COHERENT
	struct contract_test *ct = setup(test, OPS);

	KUNIT_EXPECT_EQ(test, 0, dma_query_alloc(ct->dev, PAGE_SIZE, WB));
	/* Only looked at, never used. */
	ct->dev->dma_mem = (void *)ct;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_alloc(ct->dev, PAGE_SIZE, WB));
	KUNIT_EXPECT_EQ(test, 0, dma_query_alloc(ct->dev, PAGE_SIZE, RC));
	ct->dev->dma_mem = NULL;
#else
	kunit_skip(test, "expected skip: needs DMA_DECLARE_COHERENT");
#endif
}

/* CC_SHARED */

static void only_dma_direct_honours_shared_memory(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	KUNIT_EXPECT_EQ(test, 0,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, CC));
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 2, CC));
	KUNIT_EXPECT_FALSE(test, alloc(ct, CC));
	ct = setup(test, OPS);
	expect_all_refuse(test, ct, CC, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, 0, ct->ops_calls);
}

/* A dma_map_ops backend */

static void a_silent_backend_refuses_everything(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS_SILENT);

	expect_all_refuse(test, ct, RC, -EOPNOTSUPP);
	expect_all_refuse(test, ct, WB, -EOPNOTSUPP);
	expect_all_refuse(test, ct, CC, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, -EIO, map_phys(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_EQ(test, 0, ct->ops_calls);
	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 2, 0));
	KUNIT_EXPECT_EQ(test, 2, ct->ops_calls);
}

static void a_backend_gets_the_attributes_it_honours(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);
	dma_addr_t addr;

	addr = dma_map_page_attrs(ct->dev, ct->page, 0, PAGE_SIZE,
				  DMA_FROM_DEVICE, RC | WB);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->dev, addr));
	KUNIT_EXPECT_EQ(test, RC | WB, ct->ops_attrs);
	ct->ops_attrs = 0;
	dma_unmap_page_attrs(ct->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, RC | WB);
	KUNIT_EXPECT_EQ(test, RC | WB, ct->ops_attrs);

	KUNIT_EXPECT_EQ(test, 0, map_table(test, ct, 5, RC | WB));
	KUNIT_EXPECT_EQ(test, RC | WB, ct->ops_attrs);
	KUNIT_EXPECT_TRUE(test, alloc(ct, RC | WB));
	KUNIT_EXPECT_EQ(test, RC | WB, ct->ops_attrs);
	KUNIT_EXPECT_EQ(test, 0, map_phys(ct, DMA_FROM_DEVICE, MMIO));
	KUNIT_EXPECT_EQ(test, MMIO, ct->ops_attrs);
}

static void a_buffer_is_refused_by_its_path(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);
	static const struct {
		unsigned int path;
		unsigned long attrs;
		int err;
	} cases[] = {
		{ DMA_PATH_BOUNCE, RC, -EOPNOTSUPP },
		{ DMA_PATH_SYNC, RC, -EOPNOTSUPP },
		{ DMA_PATH_SYNC, RC | DMA_ATTR_SKIP_CPU_SYNC, -EOPNOTSUPP },
		{ DMA_PATH_UNORDERED, WB, -EOPNOTSUPP },
		{ DMA_PATH_UNORDERED, RC | WB, -EOPNOTSUPP },
		{ DMA_PATH_BOUNCE, MMIO, -EOPNOTSUPP },
		{ DMA_PATH_NONE, RC, -EIO },
		{ DMA_PATH_NONE, 0, -EIO },
		{ DMA_PATH_BOUNCE | DMA_PATH_NONE, RC, -EOPNOTSUPP },
		{ DMA_PATH_BOUNCE, WB, 0 },
		{ DMA_PATH_UNORDERED, RC, 0 },
		{ DMA_PATH_BOUNCE | DMA_PATH_SYNC | DMA_PATH_UNORDERED, 0, 0 },
	};
	size_t last = (BUF_PAGES - 1) * PAGE_SIZE;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ct->ops_path = cases[i].path;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    dma_query_phys(ct->dev, ct->phys + last,
						   PAGE_SIZE, DMA_FROM_DEVICE,
						   cases[i].attrs), "case %d", i);
	}
}

/* The second line of defence */

static void a_broken_promise_fails_the_map_and_is_reported(struct kunit *test)
{
#ifdef CONFIG_DMA_API_DEBUG
	struct contract_test *ct = setup(test, OPS);
	long before = debug_test_begin();

	ct->ops_breaks = true;
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, 1, debug_test_end(before));
#else
	kunit_skip(test, "expected skip: needs DMA_API_DEBUG");
#endif
}

static void dma_direct_refuses_at_the_bounce_too(struct kunit *test)
{
#ifdef CONFIG_DMA_API_DEBUG
	struct contract_test *ct = setup(test, BOUNCE);
	dma_addr_t dma = phys_to_dma(ct->dev, ct->phys);
	long before = debug_test_begin();
	struct scatterlist sg;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, ct->page, PAGE_SIZE, 0);
	/* Past the decision. */
	KUNIT_EXPECT_EQ(test, -EIO, dma_direct_map_sg(ct->dev, &sg, 1,
						      DMA_FROM_DEVICE, RC));
	bounce_everything(ct, false);
	if (dma) {
		ct->dev->bus_dma_limit = dma - 1;
		KUNIT_EXPECT_EQ(test, -EIO,
				dma_direct_map_sg(ct->dev, &sg, 1,
						  DMA_FROM_DEVICE, RC));
		ct->dev->bus_dma_limit = 0;
	}
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
	KUNIT_EXPECT_EQ(test, dma ? 2 : 1, debug_test_end(before));
#else
	kunit_skip(test, "expected skip: needs DMA_API_DEBUG");
#endif
}

/* The query is the map, seen from the outside. */

static void compare(struct kunit *test, struct contract_test *ct, size_t offset,
		    size_t size, enum dma_data_direction dir,
		    unsigned long attrs)
{
	long used = slots(ct);
	dma_addr_t addr;
	bool bounces;
	int ret;

	ret = dma_query_phys(ct->dev, ct->phys + offset, size, dir, attrs);
	bounces = dma_query_bounces(ct->dev, ct->phys + offset, size, dir);
	KUNIT_EXPECT_EQ(test, used, slots(ct));

	addr = dma_map_page_attrs(ct->dev, ct->page, offset, size, dir,
				  attrs | DMA_ATTR_NO_WARN);
	KUNIT_EXPECT_EQ_MSG(test, !!ret, !!dma_mapping_error(ct->dev, addr),
			    "query says %d: offset %zu size %zu dir %d attrs %lx",
			    ret, offset, size, dir, attrs);
	if (addr == DMA_MAPPING_ERROR) {
		KUNIT_EXPECT_EQ(test, used, slots(ct));
		return;
	}
	KUNIT_EXPECT_EQ_MSG(test, bounces,
			    addr != phys_to_dma(ct->dev, ct->phys + offset),
			    "bounce: offset %zu size %zu dir %d attrs %lx",
			    offset, size, dir, attrs);
	dma_unmap_page_attrs(ct->dev, addr, size, dir, attrs | DMA_ATTR_NO_WARN);
	KUNIT_EXPECT_EQ(test, used, slots(ct));
}

static void compare_all(struct kunit *test, enum kind kind)
{
	static const size_t sizes[] = { 1, 8, 63, 64, 192, 2048, 2049, 4096,
					PAGE_SIZE + 1, BUF_SIZE };
	static const size_t offsets[] = { 0, 8, 64, 2047, 2048, 4095 };
	static const unsigned long attrs[] = {
		0, RC, WB, CC, RC | WB, RC | CC, RC | DMA_ATTR_SKIP_CPU_SYNC,
		DMA_ATTR_SKIP_CPU_SYNC, WB | DMA_ATTR_WEAK_ORDERING,
		BIT(24), DMA_ATTR_WEAK_ORDERING,
	};
	struct contract_test *ct = setup(test, kind);
	int i, j, k, dir;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(offsets); j++)
			for (k = 0; k < ARRAY_SIZE(attrs); k++)
				for (dir = DMA_BIDIRECTIONAL;
				     dir <= DMA_FROM_DEVICE; dir++)
					if (offsets[j] + sizes[i] <= BUF_SIZE)
						compare(test, ct, offsets[j],
							sizes[i], dir, attrs[k]);
}

static void the_query_is_the_map_when_coherent(struct kunit *test)
{
	compare_all(test, COHERENT);
}

static void the_query_is_the_map_when_not_coherent(struct kunit *test)
{
	compare_all(test, NONCOHERENT);
}

static void the_query_is_the_map_when_bouncing(struct kunit *test)
{
	compare_all(test, BOUNCE);
}

static void the_query_is_the_map_behind_a_backend(struct kunit *test)
{
	compare_all(test, OPS);
}

static void the_query_of_a_list_is_its_map(struct kunit *test)
{
	static const unsigned long attrs[] = { 0, RC, WB, CC, MMIO, BIT(24) };
	static const unsigned int paths[] = {
		0, DMA_PATH_BOUNCE, DMA_PATH_SYNC, DMA_PATH_UNORDERED,
	};
	struct contract_test *ct = setup(test, OPS);
	struct sg_table sgt;
	int i, j, nents;

	for (nents = 1; nents <= BUF_PAGES; nents++)
		for (i = 0; i < ARRAY_SIZE(attrs); i++)
			for (j = 0; j < ARRAY_SIZE(paths); j++) {
				ct->ops_path = paths[j];
				fill_table(test, ct, &sgt, nents);
				KUNIT_EXPECT_EQ_MSG(test,
						    dma_query_sg(ct->dev, sgt.sgl,
								 nents,
								 DMA_FROM_DEVICE,
								 attrs[i]),
						    map_table(test, ct, nents,
							      attrs[i]),
						    "%d entries, attrs %lx, path %x",
						    nents, attrs[i], paths[j]);
				sg_free_table(&sgt);
			}
}

#ifdef CONFIG_TRACEPOINTS
static unsigned long traced_attrs;
static u64 traced_addr;

static void trace_probe(void *data, struct device *dev, phys_addr_t phys,
			dma_addr_t addr, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	traced_attrs = attrs;
	traced_addr = addr;
}

static void a_refusal_is_traced(struct kunit *test)
{
	static const enum kind kinds[] = { COHERENT, OPS_SILENT };
	struct contract_test *ct;
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ct = setup(test, kinds[i]);
		traced_attrs = 0;
		traced_addr = 0;
		KUNIT_ASSERT_EQ(test, 0,
				register_trace_dma_map_phys(trace_probe, NULL));
		map_page(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, BIT(24));
		unregister_trace_dma_map_phys(trace_probe, NULL);
		tracepoint_synchronize_unregister();
		KUNIT_EXPECT_EQ(test, BIT(24), traced_attrs);
		KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, traced_addr);
	}
}
#endif

static struct kunit_case contract_test_cases[] = {
	KUNIT_CASE(a_reserved_bit_is_refused),
	KUNIT_CASE(a_reserved_bit_refuses_the_bits_beside_it),
	KUNIT_CASE(the_internal_bit_is_refused_from_drivers),
	KUNIT_CASE(an_unknown_hint_is_ignored),
	KUNIT_CASE(a_contradiction_is_invalid),
	KUNIT_CASE(mmio_is_neither_a_list_nor_an_allocation),
	KUNIT_CASE(a_refusal_warns_about_nothing),
	KUNIT_CASE(bad_arguments_are_invalid),
	KUNIT_CASE(a_device_without_a_mask_gets_nothing),
	KUNIT_CASE(a_coherent_device_honours_coherence),
	KUNIT_CASE(a_noncoherent_device_refuses_coherence),
	KUNIT_CASE(a_noncoherent_device_honours_mmio),
	KUNIT_CASE(coherent_memory_is_coherent_on_any_device),
	KUNIT_CASE(a_bouncing_device_refuses_coherence),
	KUNIT_CASE(a_bouncing_device_refuses_mmio),
	KUNIT_CASE(a_coherent_mapping_lives_beside_bounced_ones),
	KUNIT_CASE(a_buffer_above_the_limit_refuses_coherence),
	KUNIT_CASE(the_last_page_tells_whether_memory_bounces),
	KUNIT_CASE(one_bad_entry_refuses_the_list),
	KUNIT_CASE(a_bus_of_unknown_order_refuses_a_barrier),
	KUNIT_CASE(a_barrier_to_the_device_has_no_effect),
	KUNIT_CASE(nothing_orders_a_write_to_a_peer),
	KUNIT_CASE(an_allocation_is_refused_by_the_order_of_its_path),
	KUNIT_CASE(a_backend_chooses_the_zone),
	KUNIT_CASE(declared_memory_refuses_a_barrier),
	KUNIT_CASE(only_dma_direct_honours_shared_memory),
	KUNIT_CASE(a_silent_backend_refuses_everything),
	KUNIT_CASE(a_backend_gets_the_attributes_it_honours),
	KUNIT_CASE(a_buffer_is_refused_by_its_path),
	KUNIT_CASE(a_broken_promise_fails_the_map_and_is_reported),
	KUNIT_CASE(dma_direct_refuses_at_the_bounce_too),
	KUNIT_CASE(the_query_is_the_map_when_coherent),
	KUNIT_CASE(the_query_is_the_map_when_not_coherent),
	KUNIT_CASE(the_query_is_the_map_when_bouncing),
	KUNIT_CASE(the_query_is_the_map_behind_a_backend),
	KUNIT_CASE(the_query_of_a_list_is_its_map),
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(a_refusal_is_traced),
#endif
	{}
};

static struct kunit_suite contract_test_suite = {
	.name = "dma_contract",
	.init = contract_test_init,
	.exit = contract_test_exit,
	.test_cases = contract_test_cases,
};

kunit_test_suite(contract_test_suite);

MODULE_DESCRIPTION("KUnit tests of mandatory DMA attributes");
MODULE_LICENSE("GPL");
