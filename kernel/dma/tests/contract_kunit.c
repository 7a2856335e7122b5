// SPDX-License-Identifier: GPL-2.0
/*
 * Mandatory DMA attributes are honoured or refused, and a query says which.
 *
 * The devices are made up, one per kind of path to memory; the backends behind
 * them are the real ones, but for the last kind.  What a mapping did is read from
 * the outside: bounce slots from the device's pool, cache maintenance from a
 * kprobe on the architecture's functions, calls from counters in the tests' own
 * dma_map_ops.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-contract.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/kprobes.h>
#include <linux/panic.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <trace/events/dma.h>

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define WB	DMA_ATTR_WRITE_BARRIER

#define BUF_PAGES	4
#define BUF_SIZE	(BUF_PAGES * PAGE_SIZE)

enum kind {
	COHERENT,	/* dma-direct, caches are coherent */
	NONCOHERENT,	/* dma-direct, caches are maintained */
	BOUNCE,		/* dma-direct, everything bounces */
	OPS,		/* the tests' dma_map_ops: declares both attributes */
	OPS_SILENT,	/* a dma_map_ops that declares nothing */
};

struct contract_test {
	struct device *dev;
	u64 mask;
	void *buf;
	struct page *page;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem pool;
#endif
	enum dma_ordering ops_ordering;
	unsigned int ops_path;
	bool ops_need_sync;
	unsigned long ops_attrs;
	int ops_calls;
	int ops_syncs;
};

/* Cache maintenance: called for any device, so only deltas mean something. */

static atomic_t cache_calls;

#if defined(CONFIG_KPROBES) && defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE)
static int count_cache_call(struct kprobe *p, struct pt_regs *regs)
{
	atomic_inc(&cache_calls);
	return 0;
}

static struct kprobe cache_probe = {
	.symbol_name = "arch_sync_dma_for_device",
	.pre_handler = count_cache_call,
};

static int contract_suite_init(struct kunit_suite *suite)
{
	return register_kprobe(&cache_probe);
}

static void contract_suite_exit(struct kunit_suite *suite)
{
	unregister_kprobe(&cache_probe);
}
#else
static int contract_suite_init(struct kunit_suite *suite)
{
	return 0;
}

static void contract_suite_exit(struct kunit_suite *suite)
{
}
#endif

static bool cache_calls_are_counted(void)
{
	return IS_ENABLED(CONFIG_KPROBES) &&
	       IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE);
}

static long slots(struct contract_test *ct)
{
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS)
	return atomic_long_read(&ct->pool.total_used);
#else
	return 0;
#endif
}

/* The tests' dma_map_ops: bus address = physical address. */

static struct contract_test *ops_test(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static void ops_count(struct device *dev, unsigned long attrs)
{
	ops_test(dev)->ops_calls++;
	ops_test(dev)->ops_attrs = attrs;
}

static dma_addr_t ops_map_page(struct device *dev, struct page *page,
			       unsigned long offset, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	ops_count(dev, attrs);
	return page_to_phys(page) + offset;
}

static void ops_unmap_page(struct device *dev, dma_addr_t addr, size_t size,
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

static void ops_sync(struct device *dev, dma_addr_t addr, size_t size,
		     enum dma_data_direction dir)
{
	ops_test(dev)->ops_syncs++;
}

static unsigned int ops_map_path(struct device *dev, phys_addr_t phys,
				 size_t size, enum dma_data_direction dir,
				 unsigned long attrs)
{
	struct contract_test *ct = ops_test(dev);

	/* Only the last page of the buffer is special. */
	if (PHYS_PFN(phys) == page_to_pfn(ct->page) + BUF_PAGES - 1)
		return ct->ops_path;
	return DMA_PATH_ALLOC;
}

static enum dma_ordering ops_get_ordering(struct device *dev)
{
	return ops_test(dev)->ops_ordering;
}

static bool ops_need_sync(struct device *dev, dma_addr_t addr)
{
	return ops_test(dev)->ops_need_sync;
}

static const struct dma_map_ops test_ops = {
	.mandatory_attrs = RC | WB,
	.map_path = ops_map_path,
	.get_ordering = ops_get_ordering,
	.need_sync = ops_need_sync,
	.map_page = ops_map_page,
	.unmap_page = ops_unmap_page,
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
	.alloc = ops_alloc,
	.free = ops_free,
	.sync_single_for_cpu = ops_sync,
	.sync_single_for_device = ops_sync,
};

static const struct dma_map_ops silent_ops = {
	.map_page = ops_map_page,
	.unmap_page = ops_unmap_page,
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

	ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ct);
	ct->buf = alloc_pages_exact(BUF_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, ct->buf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_buf, ct->buf),
			0);
	ct->page = virt_to_page(ct->buf);
	ct->ops_path = DMA_PATH_ALLOC;
	ct->ops_ordering = DMA_ORDERING_STRONG;
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

	if (ct && ct->dev) {
		ct->dev->dma_mask = NULL;
#ifdef CONFIG_SWIOTLB
		swiotlb_dev_init(ct->dev);
#endif
	}
}

static void set_coherent(struct device *dev, bool coherent)
{
#if defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU_ALL)
	dev->dma_coherent = coherent;
#endif
}

/*
 * Give the device a view of the default pool that counts its slots for itself,
 * and does not depend on swiotlb= on the command line.
 */
static bool own_pool(struct contract_test *ct)
{
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS) && \
	!defined(CONFIG_SWIOTLB_DYNAMIC)
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

	set_coherent(dev, kind != NONCOHERENT);
	if (kind == NONCOHERENT && dev_is_dma_coherent(dev))
		kunit_skip(test, "every device of this architecture is coherent");
#ifdef CONFIG_SWIOTLB
	if (kind == BOUNCE && !is_swiotlb_allocated() &&
	    swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL))
		kunit_skip(test, "no memory for a bounce pool");
#endif
	if (!own_pool(ct) && kind == BOUNCE)
		kunit_skip(test,
			   "needs SWIOTLB and DEBUG_FS, without SWIOTLB_DYNAMIC");
	bounce_everything(ct, kind == BOUNCE);
	if (kind == OPS)
		set_dma_ops(dev, &test_ops);
	if (kind == OPS_SILENT)
		set_dma_ops(dev, &silent_ops);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)),
			0);
	return ct;
}

static int map_page_errno(struct contract_test *ct, size_t offset, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = dma_map_page_attrs(ct->dev, ct->page, offset, size,
					     dir, attrs);

	if (dma_mapping_error(ct->dev, addr))
		return -EIO;
	dma_unmap_page_attrs(ct->dev, addr, size, dir, attrs);
	return 0;
}

static void fill_table(struct kunit *test, struct contract_test *ct,
		       struct sg_table *sgt, int nents)
{
	struct scatterlist *s;
	int i;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(sgt, nents, GFP_KERNEL), 0);
	for_each_sgtable_sg(sgt, s, i)
		sg_set_page(s, nth_page(ct->page, i % BUF_PAGES), SZ_1K,
			    SZ_512 * (i % 4));
}

static int map_table_errno(struct kunit *test, struct contract_test *ct,
			   int nents, unsigned long attrs)
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

static void *alloc_and_free(struct contract_test *ct, unsigned long attrs)
{
	dma_addr_t handle;
	void *vaddr = dma_alloc_attrs(ct->dev, PAGE_SIZE, &handle, GFP_KERNEL,
				      attrs);

	if (vaddr)
		dma_free_attrs(ct->dev, PAGE_SIZE, vaddr, handle, attrs);
	return vaddr;
}

static struct sg_table *noncontiguous(struct contract_test *ct,
				      unsigned long attrs)
{
	struct sg_table *sgt = dma_alloc_noncontiguous(ct->dev, PAGE_SIZE,
						       DMA_FROM_DEVICE,
						       GFP_KERNEL, attrs);

	if (sgt)
		dma_free_noncontiguous(ct->dev, PAGE_SIZE, sgt,
				       DMA_FROM_DEVICE);
	return sgt;
}

/* An address range that no RAM and no device has to be behind. */
static int map_resource_errno(struct contract_test *ct,
			      enum dma_data_direction dir, unsigned long attrs)
{
	phys_addr_t phys = page_to_phys(ct->page);
	dma_addr_t addr = dma_map_resource(ct->dev, phys, PAGE_SIZE, dir, attrs);

	if (dma_mapping_error(ct->dev, addr))
		return -EIO;
	dma_unmap_resource(ct->dev, addr, PAGE_SIZE, dir, attrs);
	return 0;
}

/* Every entry point refuses @attrs, with the errno that it documents. */
static void expect_all_refuse(struct kunit *test, struct contract_test *ct,
			      unsigned long attrs, int err)
{
	struct scatterlist sg;
	int ents;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, ct->page, PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ_MSG(test, -EIO,
			    map_page_errno(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE,
					   attrs), "attrs %lx", attrs);
	ents = dma_map_sg_attrs(ct->dev, &sg, 1, DMA_FROM_DEVICE, attrs);
	KUNIT_EXPECT_EQ_MSG(test, 0, ents, "attrs %lx", attrs);
	if (ents)
		dma_unmap_sg_attrs(ct->dev, &sg, 1, DMA_FROM_DEVICE, attrs);
	KUNIT_EXPECT_EQ_MSG(test, err, map_table_errno(test, ct, 3, attrs),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, -EIO,
			    map_resource_errno(ct, DMA_FROM_DEVICE, attrs),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_NULL_MSG(test, alloc_and_free(ct, attrs), "attrs %lx",
			      attrs);
	KUNIT_EXPECT_NULL_MSG(test, noncontiguous(ct, attrs), "attrs %lx",
			      attrs);
	KUNIT_EXPECT_EQ_MSG(test, err,
			    dma_query_page(ct->dev, ct->page, 0, PAGE_SIZE,
					   DMA_FROM_DEVICE, attrs, NULL),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, err,
			    dma_query_sg(ct->dev, &sg, 1, DMA_FROM_DEVICE,
					 attrs, NULL), "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, err,
			    dma_query_alloc(ct->dev, PAGE_SIZE, attrs, NULL),
			    "attrs %lx", attrs);
	KUNIT_EXPECT_EQ_MSG(test, err,
			    dma_query_noncontiguous(ct->dev, PAGE_SIZE,
						    DMA_FROM_DEVICE, attrs,
						    NULL), "attrs %lx", attrs);
}

/* The rule */

static void an_unknown_mandatory_bit_is_refused(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	int bit;

	for (bit = 24; bit < 32; bit++)
		expect_all_refuse(test, ct, 1UL << bit, -EOPNOTSUPP);
}

static void an_unknown_bit_spoils_known_ones(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	expect_all_refuse(test, ct, RC | BIT(31), -EOPNOTSUPP);
}

static void an_unknown_hint_is_ignored(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	unsigned long attrs = BIT(3) | BIT(10) | GENMASK(23, 13);

	KUNIT_EXPECT_EQ(test, 0, map_page_errno(ct, 0, PAGE_SIZE,
						DMA_FROM_DEVICE, attrs));
	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 2, attrs));
}

static void a_contradiction_is_invalid(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(ct->dev, DMA_ORDERING_STRONG));
	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 1, WB));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			map_table_errno(test, ct, 1,
					WB | DMA_ATTR_WEAK_ORDERING));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_page(ct->dev, ct->page, 0, PAGE_SIZE,
				       DMA_TO_DEVICE,
				       WB | DMA_ATTR_WEAK_ORDERING, NULL));
	KUNIT_EXPECT_NULL(test, alloc_and_free(ct, WB | DMA_ATTR_WEAK_ORDERING));
}

static void a_refusal_warns_about_nothing(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS_SILENT);
	unsigned long before = get_taint();

	expect_all_refuse(test, ct, RC, -EOPNOTSUPP);
	expect_all_refuse(test, ct, WB, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, before, get_taint());
}

static void bad_arguments_are_invalid(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	struct device *dev = ct->dev;
	struct sg_table sgt;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_page(dev, ct->page, 0, 0, DMA_FROM_DEVICE, RC,
				       NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_page(dev, ct->page, 0, PAGE_SIZE, DMA_NONE,
				       RC, NULL));
	if (sizeof(phys_addr_t) == sizeof(size_t))
		KUNIT_EXPECT_EQ(test, -EINVAL,
				dma_query_page(dev, ct->page, PAGE_SIZE,
					       SIZE_MAX, DMA_FROM_DEVICE, RC,
					       NULL));
	KUNIT_EXPECT_EQ(test, -EIO, map_page_errno(ct, 0, 0, DMA_FROM_DEVICE,
						   RC));
	KUNIT_EXPECT_EQ(test, -EIO, map_page_errno(ct, 0, PAGE_SIZE, DMA_NONE,
						   RC));
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_query_alloc(dev, 0, RC, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_query_alloc(dev, SIZE_MAX, RC, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_resource(dev, 0, 0, DMA_FROM_DEVICE, RC,
					   NULL));

	fill_table(test, ct, &sgt, 3);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_sg(dev, sgt.sgl, 0, DMA_FROM_DEVICE, RC,
				     NULL));
	sg_next(sgt.sgl)->length = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_map_sgtable(dev, &sgt, DMA_FROM_DEVICE, RC));
	sg_free_table(&sgt);
}

static void a_device_without_a_mask_is_invalid(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	struct device *dev = ct->dev;

	dev->dma_mask = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_resource(dev, 0, PAGE_SIZE, DMA_FROM_DEVICE,
					   RC, NULL));
	dev->dma_mask = &ct->mask;
	ct->mask = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_query_page(dev, ct->page, 0, PAGE_SIZE,
				       DMA_FROM_DEVICE, RC, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL, map_table_errno(test, ct, 1, RC));
}

/* REQUIRE_COHERENT */

static void a_coherent_device_honours_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	dma_addr_t addr;

	addr = dma_map_page_attrs(ct->dev, ct->page, 0, PAGE_SIZE,
				  DMA_BIDIRECTIONAL, RC);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->dev, addr));
	KUNIT_EXPECT_FALSE(test, dma_need_sync(ct->dev, addr));
	dma_unmap_page_attrs(ct->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL, RC);

	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, 0, map_resource_errno(ct, DMA_BIDIRECTIONAL, RC));
	KUNIT_EXPECT_NOT_NULL(test, alloc_and_free(ct, RC));
	KUNIT_EXPECT_NOT_NULL(test, noncontiguous(ct, RC));
}

static void a_noncoherent_device_refuses_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, NONCOHERENT);
	int before = atomic_read(&cache_calls);

	KUNIT_EXPECT_EQ(test, -EIO,
			map_page_errno(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page_errno(ct, 0, PAGE_SIZE, DMA_TO_DEVICE,
				       RC | DMA_ATTR_SKIP_CPU_SYNC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_table_errno(test, ct, 3,
					RC | DMA_ATTR_SKIP_CPU_SYNC));
	KUNIT_EXPECT_NULL(test, noncontiguous(ct, RC));
	KUNIT_EXPECT_EQ(test, before, atomic_read(&cache_calls));
}

static void coherent_memory_is_coherent_on_any_device(struct kunit *test)
{
	struct contract_test *ct = setup(test, NONCOHERENT);

	KUNIT_EXPECT_NOT_NULL(test, alloc_and_free(ct, RC));
	KUNIT_EXPECT_EQ(test, 0, map_resource_errno(ct, DMA_FROM_DEVICE, RC));
}

static void a_bouncing_device_refuses_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);

	KUNIT_EXPECT_EQ(test, -EIO,
			map_page_errno(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
	KUNIT_EXPECT_NOT_NULL(test, alloc_and_free(ct, RC));
	KUNIT_EXPECT_NOT_NULL(test, noncontiguous(ct, RC));
}

static void a_coherent_mapping_beside_bounced_ones_needs_no_sync(struct kunit *test)
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
	KUNIT_EXPECT_GT(test, slots(ct), 0);

	KUNIT_EXPECT_TRUE(test, dma_need_sync(ct->dev, bounced));
	KUNIT_EXPECT_FALSE(test, dma_need_sync(ct->dev, direct));

	dma_unmap_page_attrs(ct->dev, bounced, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	dma_unmap_page_attrs(ct->dev, direct, PAGE_SIZE, DMA_FROM_DEVICE, RC);
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
}

static void a_buffer_above_the_mask_refuses_coherence(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);
	struct dma_query query;
	dma_addr_t dma = phys_to_dma(ct->dev, page_to_phys(ct->page));

	bounce_everything(ct, false);
	if (!dma)
		kunit_skip(test, "the buffer is at bus address 0");
	KUNIT_EXPECT_EQ(test, 0, dma_query_page(ct->dev, ct->page, 0, PAGE_SIZE,
						DMA_FROM_DEVICE, RC, &query));
	KUNIT_EXPECT_FALSE(test, query.bounce);
	/* A bus with a limit: all but the last byte of the buffer are below. */
	ct->dev->bus_dma_limit = dma + PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_page(ct->dev, ct->page, 0, PAGE_SIZE,
				       DMA_FROM_DEVICE, RC, &query));
	KUNIT_EXPECT_TRUE(test, query.bounce);
	/* And none of it. */
	ct->dev->bus_dma_limit = dma - 1;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_page(ct->dev, ct->page, 0, PAGE_SIZE,
				       DMA_FROM_DEVICE, RC, &query));
	KUNIT_EXPECT_TRUE(test, query.bounce);
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page_errno(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
	ct->dev->bus_dma_limit = 0;
}

static void one_bad_entry_refuses_the_list(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);

	ct->ops_path = DMA_PATH_BOUNCE;
	/* Entries 3, 7, ... lie in the page that bounces, the first does not. */
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 4, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 6, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 300, RC));
	ct->ops_path = DMA_PATH_CACHE;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_table_errno(test, ct, 4,
					RC | DMA_ATTR_SKIP_CPU_SYNC));
	KUNIT_EXPECT_EQ(test, 0, ct->ops_calls);
	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 3, RC));
	KUNIT_EXPECT_EQ(test, 2, ct->ops_calls);
	ct->ops_path = DMA_PATH_ALLOC;
	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 300, RC));
	KUNIT_EXPECT_EQ(test, 4, ct->ops_calls);
}

/* WRITE_BARRIER */

static void a_barrier_needs_a_known_order(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	static const struct {
		enum dma_ordering ordering;
		int err;
	} cases[] = {
		{ DMA_ORDERING_UNKNOWN, -EOPNOTSUPP },
		{ DMA_ORDERING_WEAK, -EOPNOTSUPP },
		/* dma-direct has nothing that makes one. */
		{ DMA_ORDERING_WEAK_BARRIER, -EOPNOTSUPP },
		{ DMA_ORDERING_STRONG, 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(ct->dev,
							  cases[i].ordering));
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    map_table_errno(test, ct, 2, WB),
				    "ordering %d", cases[i].ordering);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    dma_query_alloc(ct->dev, PAGE_SIZE, WB,
						    NULL),
				    "ordering %d", cases[i].ordering);
		KUNIT_EXPECT_NOT_NULL(test, alloc_and_free(ct, 0));
	}
}

static void a_barrier_to_the_device_has_no_effect(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	KUNIT_EXPECT_EQ(test, 0,
			map_page_errno(ct, 0, PAGE_SIZE, DMA_TO_DEVICE, WB));
	KUNIT_EXPECT_EQ(test, -EIO,
			map_page_errno(ct, 0, PAGE_SIZE, DMA_BIDIRECTIONAL, WB));
	KUNIT_EXPECT_EQ(test, 0, map_resource_errno(ct, DMA_TO_DEVICE, WB));
}

static void nothing_orders_a_write_to_a_peer(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);

	KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(ct->dev, DMA_ORDERING_STRONG));
	KUNIT_EXPECT_EQ(test, -EIO, map_resource_errno(ct, DMA_FROM_DEVICE, WB));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_resource(ct->dev, page_to_phys(ct->page),
					   PAGE_SIZE, DMA_FROM_DEVICE, WB,
					   NULL));
}

static void what_is_no_buffer_is_refused(struct kunit *test)
{
	struct contract_test *ct = setup(test, COHERENT);
	static const unsigned long attrs[] = { RC, WB, RC | WB };
	struct scatterlist sg[2];
	struct sg_table sgt;
	int i, ret;

	KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(ct->dev, DMA_ORDERING_STRONG));
	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		KUNIT_EXPECT_EQ(test, -EIO, map_page_errno(ct, 0, 0,
							   DMA_FROM_DEVICE,
							   attrs[i]));
		sg_init_table(sg, ARRAY_SIZE(sg));
		sg_set_page(&sg[0], ct->page, PAGE_SIZE, 0);
		sg_set_page(&sg[1], ct->page + 1, 0, 0);
		sgt = (struct sg_table) {
			.sgl = sg, .nents = 2, .orig_nents = 2,
		};
		ret = dma_map_sgtable(ct->dev, &sgt, DMA_FROM_DEVICE, attrs[i]);
		KUNIT_EXPECT_EQ(test, -EINVAL, ret);
		if (!ret)
			dma_unmap_sgtable(ct->dev, &sgt, DMA_FROM_DEVICE,
					  attrs[i]);
		sgt.orig_nents = 0;
		KUNIT_EXPECT_EQ(test, -EINVAL,
				dma_map_sgtable(ct->dev, &sgt, DMA_FROM_DEVICE,
						attrs[i]));
	}
}

static void a_barrier_survives_a_bounce(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);

	KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(ct->dev, DMA_ORDERING_STRONG));
	KUNIT_EXPECT_EQ(test, 0, map_page_errno(ct, 0, PAGE_SIZE,
						DMA_FROM_DEVICE, WB));
	KUNIT_EXPECT_EQ(test, 0, slots(ct));
}

/* A dma_map_ops backend */

static void a_silent_backend_refuses_everything(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS_SILENT);

	KUNIT_ASSERT_EQ(test, 0, dma_set_ordering(ct->dev, DMA_ORDERING_STRONG));
	expect_all_refuse(test, ct, RC, -EOPNOTSUPP);
	expect_all_refuse(test, ct, WB, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, 0, ct->ops_calls);
	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 2, 0));
	KUNIT_EXPECT_EQ(test, 0, map_page_errno(ct, 0, PAGE_SIZE, DMA_TO_DEVICE,
						WB));
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

	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 5, RC | WB));
	KUNIT_EXPECT_EQ(test, RC | WB, ct->ops_attrs);
	KUNIT_EXPECT_NOT_NULL(test, alloc_and_free(ct, RC | WB));
	KUNIT_EXPECT_EQ(test, RC | WB, ct->ops_attrs);
}

static void a_backend_with_a_barrier_honours_it(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);

	ct->ops_ordering = DMA_ORDERING_WEAK_BARRIER;
	KUNIT_EXPECT_EQ(test, 0, map_table_errno(test, ct, 2, WB));
	ct->ops_path = DMA_PATH_UNORDERED;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 4, WB));
	ct->ops_path = DMA_PATH_ALLOC;
	ct->ops_ordering = DMA_ORDERING_UNKNOWN;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_table_errno(test, ct, 2, WB));
}

static void a_backend_without_the_method_refuses(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);
	struct dma_query query;

	/* No map_resource, no alloc_pages_op. */
	KUNIT_EXPECT_EQ(test, -EIO,
			dma_query_resource(ct->dev, page_to_phys(ct->page),
					   PAGE_SIZE, DMA_FROM_DEVICE, RC,
					   &query));
	KUNIT_EXPECT_EQ(test, -EIO, map_resource_errno(ct, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_NULL(test, noncontiguous(ct, RC));
}

static void a_backend_is_asked_whether_to_sync(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);

	if (!IS_ENABLED(CONFIG_DMA_NEED_SYNC))
		kunit_skip(test, "needs DMA_NEED_SYNC");
	KUNIT_EXPECT_FALSE(test, dma_need_sync(ct->dev, 0));
	ct->ops_need_sync = true;
	KUNIT_EXPECT_TRUE(test, dma_need_sync(ct->dev, 0));
	set_dma_ops(ct->dev, &silent_ops);
	KUNIT_EXPECT_FALSE(test, dma_need_sync(ct->dev, 0));
}

static void map_and_sync(struct kunit *test, struct contract_test *ct)
{
	dma_addr_t addr = dma_map_page(ct->dev, ct->page, 0, PAGE_SIZE,
				       DMA_BIDIRECTIONAL);

	KUNIT_ASSERT_EQ(test, dma_mapping_error(ct->dev, addr), 0);
	dma_sync_single_for_cpu(ct->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_sync_single_for_device(ct->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_unmap_page(ct->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

/* It has the mask that its bus gave it, and nobody has asked dma_set_mask(). */
static void a_driver_that_sets_no_mask_gets_its_syncs(struct kunit *test)
{
	struct contract_test *ct = test->priv;
	int calls = atomic_read(&cache_calls);

	if (!IS_ENABLED(CONFIG_DMA_NEED_SYNC))
		kunit_skip(test, "needs DMA_NEED_SYNC");
	ct->mask = DMA_BIT_MASK(64);
	set_coherent(ct->dev, false);
	own_pool(ct);
	if (cache_calls_are_counted()) {
		map_and_sync(test, ct);
		/* Once for the map, once for the sync. */
		KUNIT_EXPECT_GE(test, atomic_read(&cache_calls), calls + 2);
	}
	set_dma_ops(ct->dev, &test_ops);
	map_and_sync(test, ct);
	KUNIT_EXPECT_EQ(test, ct->ops_syncs, 2);
}

/* The query is the map, seen from the outside. */

static void compare(struct kunit *test, struct contract_test *ct, size_t offset,
		    size_t size, enum dma_data_direction dir,
		    unsigned long attrs)
{
	int used = slots(ct), synced = atomic_read(&cache_calls);
	struct dma_query query;
	dma_addr_t addr;
	int ret;

	ret = dma_query_page(ct->dev, ct->page, offset, size, dir, attrs,
			     &query);
	KUNIT_EXPECT_EQ(test, used, slots(ct));
	KUNIT_EXPECT_EQ(test, synced, atomic_read(&cache_calls));

	addr = dma_map_page_attrs(ct->dev, ct->page, offset, size, dir,
				  attrs | DMA_ATTR_NO_WARN);
	KUNIT_EXPECT_EQ_MSG(test, !!ret, !!dma_mapping_error(ct->dev, addr),
			    "query says %d: offset %zu size %zu dir %d attrs %lx",
			    ret, offset, size, dir, attrs);
	if (addr == DMA_MAPPING_ERROR)
		return;
	KUNIT_EXPECT_EQ_MSG(test, query.bounce, slots(ct) > used,
			    "bounce: offset %zu size %zu dir %d attrs %lx",
			    offset, size, dir, attrs);
	if (cache_calls_are_counted() && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		KUNIT_EXPECT_EQ_MSG(test, query.cache_sync,
				    atomic_read(&cache_calls) > synced,
				    "cache: offset %zu size %zu dir %d attrs %lx",
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
		0, RC, WB, RC | WB, RC | DMA_ATTR_SKIP_CPU_SYNC,
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

static void what_no_slots_can_hold_is_out_of_reach(struct kunit *test)
{
	struct contract_test *ct = setup(test, BOUNCE);
	size_t max = swiotlb_max_mapping_size(ct->dev);
	struct dma_query query;

	KUNIT_EXPECT_EQ(test, 0, dma_query_page(ct->dev, ct->page, 0, max,
						DMA_FROM_DEVICE, 0, &query));
	KUNIT_EXPECT_TRUE(test, query.may_exhaust);
	KUNIT_EXPECT_EQ(test, -EIO, dma_query_page(ct->dev, ct->page, 0,
						   max + 1, DMA_FROM_DEVICE, 0,
						   NULL));
}

static void a_list_needs_what_its_entries_need(struct kunit *test)
{
	struct contract_test *ct = setup(test, OPS);
	struct dma_query query;
	struct sg_table sgt;

	fill_table(test, ct, &sgt, 4);
	ct->ops_path = DMA_PATH_BOUNCE | DMA_PATH_CACHE;
	KUNIT_EXPECT_EQ(test, 0, dma_query_sg(ct->dev, sgt.sgl, 4,
					      DMA_FROM_DEVICE, 0, &query));
	KUNIT_EXPECT_TRUE(test, query.bounce);
	KUNIT_EXPECT_TRUE(test, query.cache_sync);
	KUNIT_EXPECT_TRUE(test, query.may_exhaust);
	/* The first three do not lie in the special page. */
	KUNIT_EXPECT_EQ(test, 0, dma_query_sg(ct->dev, sgt.sgl, 3,
					      DMA_FROM_DEVICE, 0, &query));
	KUNIT_EXPECT_FALSE(test, query.bounce);
	KUNIT_EXPECT_FALSE(test, query.cache_sync);
	KUNIT_EXPECT_EQ(test, query.ordering, DMA_ORDERING_STRONG);
	sg_free_table(&sgt);
}

/* CPUs on the other side: dma_attrs_cpu_honoured() */

static void a_cpu_is_coherent_and_promises_no_order(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, dma_attrs_cpu_honoured(DMA_FROM_DEVICE, 0));
	KUNIT_EXPECT_TRUE(test, dma_attrs_cpu_honoured(DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_TRUE(test, dma_attrs_cpu_honoured(DMA_TO_DEVICE, RC | WB));
	KUNIT_EXPECT_FALSE(test, dma_attrs_cpu_honoured(DMA_FROM_DEVICE, WB));
	KUNIT_EXPECT_FALSE(test, dma_attrs_cpu_honoured(DMA_FROM_DEVICE,
							BIT(30)));
	KUNIT_EXPECT_FALSE(test,
			   dma_attrs_cpu_honoured(DMA_TO_DEVICE,
						  WB | DMA_ATTR_WEAK_ORDERING));
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
	struct contract_test *ct = setup(test, OPS_SILENT);

	KUNIT_ASSERT_EQ(test, 0, register_trace_dma_map_page(trace_probe, NULL));
	map_page_errno(ct, 0, PAGE_SIZE, DMA_FROM_DEVICE, RC);
	unregister_trace_dma_map_page(trace_probe, NULL);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_EQ(test, RC, traced_attrs);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, traced_addr);
}
#endif

static struct kunit_case contract_test_cases[] = {
	KUNIT_CASE(an_unknown_mandatory_bit_is_refused),
	KUNIT_CASE(an_unknown_bit_spoils_known_ones),
	KUNIT_CASE(an_unknown_hint_is_ignored),
	KUNIT_CASE(a_contradiction_is_invalid),
	KUNIT_CASE(a_refusal_warns_about_nothing),
	KUNIT_CASE(bad_arguments_are_invalid),
	KUNIT_CASE(a_device_without_a_mask_is_invalid),
	KUNIT_CASE(a_coherent_device_honours_coherence),
	KUNIT_CASE(a_noncoherent_device_refuses_coherence),
	KUNIT_CASE(coherent_memory_is_coherent_on_any_device),
	KUNIT_CASE(a_bouncing_device_refuses_coherence),
	KUNIT_CASE(a_coherent_mapping_beside_bounced_ones_needs_no_sync),
	KUNIT_CASE(a_buffer_above_the_mask_refuses_coherence),
	KUNIT_CASE(one_bad_entry_refuses_the_list),
	KUNIT_CASE(a_barrier_needs_a_known_order),
	KUNIT_CASE(a_barrier_to_the_device_has_no_effect),
	KUNIT_CASE(nothing_orders_a_write_to_a_peer),
	KUNIT_CASE(what_is_no_buffer_is_refused),
	KUNIT_CASE(a_barrier_survives_a_bounce),
	KUNIT_CASE(a_silent_backend_refuses_everything),
	KUNIT_CASE(a_backend_gets_the_attributes_it_honours),
	KUNIT_CASE(a_backend_with_a_barrier_honours_it),
	KUNIT_CASE(a_backend_without_the_method_refuses),
	KUNIT_CASE(a_backend_is_asked_whether_to_sync),
	KUNIT_CASE(a_driver_that_sets_no_mask_gets_its_syncs),
	KUNIT_CASE(the_query_is_the_map_when_coherent),
	KUNIT_CASE(the_query_is_the_map_when_not_coherent),
	KUNIT_CASE(the_query_is_the_map_when_bouncing),
	KUNIT_CASE(the_query_is_the_map_behind_a_backend),
	KUNIT_CASE(what_no_slots_can_hold_is_out_of_reach),
	KUNIT_CASE(a_list_needs_what_its_entries_need),
	KUNIT_CASE(a_cpu_is_coherent_and_promises_no_order),
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(a_refusal_is_traced),
#endif
	{}
};

static struct kunit_suite contract_test_suite = {
	.name = "dma_contract",
	.suite_init = contract_suite_init,
	.suite_exit = contract_suite_exit,
	.init = contract_test_init,
	.exit = contract_test_exit,
	.test_cases = contract_test_cases,
};

kunit_test_suite(contract_test_suite);

MODULE_DESCRIPTION("KUnit tests of mandatory DMA attributes");
MODULE_LICENSE("GPL");
