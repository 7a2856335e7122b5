// SPDX-License-Identifier: GPL-2.0
/*
 * User memory is mapped coherently for an RDMA device, or not at all. Completion
 * queues are mapped with a write barrier where the path to memory honours one.
 *
 * The RDMA device is a bare struct ib_device. umem uses its DMA device and one
 * flag of its driver. The DMA device is made up: it bounces nothing or everything,
 * or has dma_map_ops of the tests, or there is none.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-resv.h>
#include <linux/fdtable.h>
#include <linux/mman.h>
#include <linux/swiotlb.h>
#include <trace/events/printk.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_verbs.h>
#include <rdma/iter.h>
#include <rdma/uverbs_ioctl.h>

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define WB	DMA_ATTR_WRITE_BARRIER
#define WEAK	DMA_ATTR_WEAK_ORDERING

#define NPAGES	4

struct umem_test {
	struct ib_device *ibdev;
	struct device *dev;
	u64 mask;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem pool;
#endif
	/* Of the tests' dma_map_ops. */
	int map_ret;
	int map_calls;
	unsigned long map_attrs;
	int unmap_calls;
	unsigned long unmap_attrs;
	/* Of the exporter of dma-bufs. */
	struct page *pages[NPAGES];
	int bounced_page;
	bool no_cpu_list;
	int maps;
	int unmaps;
};

static int umem_test_init(struct kunit *test)
{
	struct umem_test *ut;

	ut = kunit_kzalloc(test, sizeof(*ut), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ut);
	ut->ibdev = kunit_kzalloc(test, sizeof(*ut->ibdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ut->ibdev);
	ut->dev = kunit_device_register(test, "umem");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ut->dev);
	dev_set_drvdata(ut->dev, ut);
	dev_set_dma_coherent(ut->dev);
	ut->dev->dma_mask = &ut->mask;
	KUNIT_ASSERT_EQ(test,
			dma_set_mask_and_coherent(ut->dev, DMA_BIT_MASK(64)),
			0);
	ut->ibdev->dma_device = ut->dev;
	ut->ibdev->ops.cq_writes_ordered = true;
	ut->bounced_page = -1;
	test->priv = ut;
	return 0;
}

static void umem_test_exit(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	if (ut && !IS_ERR_OR_NULL(ut->dev)) {
		ut->dev->dma_mask = NULL;
		swiotlb_dev_init(ut->dev);
	}
}

/* A view of the default pool that counts its slots for itself. */
static void give_pool(struct kunit *test, bool force_bounce)
{
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS) && \
	!defined(CONFIG_SWIOTLB_DYNAMIC)
	struct umem_test *ut = test->priv;

	if (!is_swiotlb_allocated() &&
	    swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL))
		kunit_skip(test, "no memory for a bounce pool");
	swiotlb_count_slots();
	ut->pool = *ut->dev->dma_io_tlb_mem;
	ut->pool.force_bounce = force_bounce;
	atomic_long_set(&ut->pool.total_used, 0);
	ut->dev->dma_io_tlb_mem = &ut->pool;
#else
	kunit_skip(test, "expected skip: needs SWIOTLB and DEBUG_FS, without SWIOTLB_DYNAMIC");
#endif
}

/* With @on, the device's bounce pool bounces every mapping that follows. */
static void bounce(struct umem_test *ut, bool on)
{
#ifdef CONFIG_SWIOTLB
	ut->pool.force_bounce = on;
#endif
}

static long slots(struct umem_test *ut)
{
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS)
	return atomic_long_read(&ut->pool.total_used);
#else
	return 0;
#endif
}

static unsigned long user_buffer(struct kunit *test)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, NPAGES * PAGE_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static struct ib_umem *get(struct kunit *test, unsigned long addr)
{
	struct umem_test *ut = test->priv;

	return ib_umem_get_va(ut->ibdev, addr, NPAGES * PAGE_SIZE,
			      IB_ACCESS_LOCAL_WRITE);
}

/* The DMA address of a byte, counted from the first one of the first page. */
static dma_addr_t dma_of(struct ib_umem *umem, size_t offset)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(&umem->sgt_append.sgt, sg, i) {
		if (offset < sg_dma_len(sg))
			return sg_dma_address(sg) + offset;
		offset -= sg_dma_len(sg);
	}
	return DMA_MAPPING_ERROR;
}

/* An unaligned buffer; the device has it at its address, or 64 bytes further. */
static void umem_has_blocks(struct kunit *test)
{
	static const unsigned long sizes[] = { 64, PAGE_SIZE };
	struct umem_test *ut = test->priv;
	unsigned long addr = user_buffer(test) + 100;
	struct ib_block_iter biter;
	struct ib_umem *umem;
	size_t offset, nr;
	int i;

	umem = ib_umem_get_va(ut->ibdev, addr, 2 * PAGE_SIZE,
			      IB_ACCESS_LOCAL_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			ib_umem_find_best_pgsz(umem, 64 | PAGE_SIZE, addr));
	KUNIT_EXPECT_EQ(test, 64,
			ib_umem_find_best_pgsz(umem, 64 | PAGE_SIZE, addr + 64));
	KUNIT_EXPECT_EQ(test, 0,
			ib_umem_find_best_pgsz(umem, PAGE_SIZE, addr + 64));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ(test, sizes[i],
				ib_umem_find_best_pgsz(umem, sizes[i], addr));
		offset = ALIGN_DOWN(100, sizes[i]);
		nr = 0;
		rdma_umem_for_each_dma_block(umem, &biter, sizes[i]) {
			KUNIT_EXPECT_EQ(test, dma_of(umem, offset),
					rdma_block_iter_dma_address(&biter));
			offset += sizes[i];
			nr++;
		}
		KUNIT_EXPECT_EQ(test, nr,
				ib_umem_num_dma_blocks(umem, sizes[i]));
	}
	ib_umem_release(umem);
}

/* What the device reads at the DMA address is what user space wrote after the map. */
static void umem_is_coherent(struct kunit *test)
{
	struct umem_test *ut = test->priv;
	unsigned long addr = user_buffer(test);
	struct scatterlist *sg;
	struct ib_umem *umem;
	u32 *seen;
	int i;

	umem = get(test, addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_EQ(test, umem->dma_attrs, RC);
	for_each_sgtable_dma_sg(&umem->sgt_append.sgt, sg, i)
		KUNIT_EXPECT_FALSE(test,
				   dma_need_sync(ut->dev, sg_dma_address(sg)));
	KUNIT_EXPECT_EQ(test, put_user(0x12345678, (u32 __user *)addr), 0);
	sg = umem->sgt_append.sgt.sgl;
	seen = phys_to_virt(dma_to_phys(ut->dev, sg_dma_address(sg)));
	KUNIT_EXPECT_EQ(test, *seen, 0x12345678);
	ib_umem_release(umem);
}

static void umem_that_bounces_is_refused(struct kunit *test)
{
	struct umem_test *ut = test->priv;
	unsigned long addr = user_buffer(test);
	struct ib_umem *umem;

	give_pool(test, true);
	umem = get(test, addr);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(umem), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, slots(ut), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&current->mm->pinned_vm), 0);
	if (!IS_ERR(umem))
		ib_umem_release(umem);
}

/* dma_map_ops that record what a list is mapped and unmapped with. */

static int ops_map_sg(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct umem_test *ut = dev_get_drvdata(dev);
	struct scatterlist *s;
	int i;

	ut->map_calls++;
	ut->map_attrs = attrs;
	if (ut->map_ret)
		return ut->map_ret;
	for_each_sg(sg, s, nents, i) {
		sg_dma_address(s) = sg_phys(s);
		sg_dma_len(s) = s->length;
	}
	return nents;
}

static void ops_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct umem_test *ut = dev_get_drvdata(dev);

	ut->unmap_calls++;
	ut->unmap_attrs = attrs;
}

static dma_addr_t ops_map_phys(struct device *dev, phys_addr_t phys,
			       size_t size, enum dma_data_direction dir,
			       unsigned long attrs)
{
	return phys;
}

static void ops_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
}

static void ops_sync_single(struct device *dev, dma_addr_t addr, size_t size,
			    enum dma_data_direction dir)
{
}

static unsigned int ops_unordered(struct device *dev, phys_addr_t phys,
				  size_t size, enum dma_data_direction dir,
				  unsigned long attrs)
{
	return DMA_PATH_UNORDERED;
}

/* The path has a barrier. */
static const struct dma_map_ops barrier_ops = {
	.mandatory_attrs = RC | WB,
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
};

/* The backend has a barrier, but not for these buffers. */
static const struct dma_map_ops unordered_ops = {
	.mandatory_attrs = RC | WB,
	.map_path = ops_unordered,
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
};

/* The backend knows nothing of barriers. */
static const struct dma_map_ops plain_ops = {
	.mandatory_attrs = RC,
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
	.map_phys = ops_map_phys,
	.unmap_phys = ops_unmap_phys,
};

/* The backend may copy: its mappings need to be synced. */
static const struct dma_map_ops sync_ops = {
	.map_sg = ops_map_sg,
	.unmap_sg = ops_unmap_sg,
	.map_phys = ops_map_phys,
	.unmap_phys = ops_unmap_phys,
	.sync_single_for_cpu = ops_sync_single,
	.sync_single_for_device = ops_sync_single,
};

static void set_ops(struct kunit *test, const struct dma_map_ops *ops)
{
	struct umem_test *ut = test->priv;

	set_dma_ops(ut->dev, ops);
	KUNIT_ASSERT_EQ(test,
			dma_set_mask_and_coherent(ut->dev, DMA_BIT_MASK(64)),
			0);
}

/* Count the warnings that there is no barrier, as they are printed. */
static atomic_t warnings;

static void count_warning(void *data, const char *text, size_t len)
{
	if (strnstr(text, "may see completions before their data", len))
		atomic_inc(&warnings);
}

static void uncount_warnings(void *data)
{
	unregister_trace_console(count_warning, NULL);
	tracepoint_synchronize_unregister();
}

static void count_warnings(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "expected skip: needs TRACEPOINTS");
	atomic_set(&warnings, 0);
	KUNIT_ASSERT_EQ(test, register_trace_console(count_warning, NULL), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, uncount_warnings,
							NULL), 0);
}

static struct ib_umem *get_queue(struct kunit *test, unsigned long addr,
				 int access)
{
	struct umem_test *ut = test->priv;

	return ib_umem_get_cq_va(ut->ibdev, addr, NPAGES * PAGE_SIZE,
				 IB_ACCESS_LOCAL_WRITE | access);
}

/* The backend has mapped @umem once, with @attrs, and unmaps it with them. */
static void expect_attrs(struct kunit *test, struct ib_umem *umem,
			 unsigned long attrs)
{
	struct umem_test *ut = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_EQ(test, ut->map_calls, 1);
	KUNIT_EXPECT_EQ(test, ut->map_attrs, attrs);
	ib_umem_release(umem);
	KUNIT_EXPECT_EQ(test, ut->unmap_calls, 1);
	KUNIT_EXPECT_EQ(test, ut->unmap_attrs, attrs);
	ut->map_calls = 0;
	ut->unmap_calls = 0;
}

/* A registration that fails leaves no pin, no reference and no mapping. */
static void expect_failure(struct kunit *test, int ret, int map_calls)
{
	struct umem_test *ut = test->priv;
	unsigned long addr = user_buffer(test);
	struct mm_struct *mm = current->mm;
	int users = atomic_read(&mm->mm_count);
	struct ib_umem *umem;
	struct page *page;

	KUNIT_ASSERT_EQ(test, put_user(1, (u32 __user *)addr), 0);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast(addr, 1, FOLL_WRITE, &page),
			1);
	umem = get_queue(test, addr, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(umem), ret);
	if (!IS_ERR(umem))
		ib_umem_release(umem);
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
	put_page(page);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mm->pinned_vm), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), users);
	KUNIT_EXPECT_EQ(test, ut->map_calls, map_calls);
	KUNIT_EXPECT_EQ(test, ut->unmap_calls, 0);
}

static void queue_has_a_barrier_where_there_is_one(struct kunit *test)
{
	unsigned long addr = user_buffer(test);

	count_warnings(test);
	set_ops(test, &barrier_ops);
	expect_attrs(test, get_queue(test, addr, 0), RC | WB);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 0);
}

/* The core finds the buffer of a new queue in the attributes of its command. */
static void queue_of_a_command_has_a_barrier(struct kunit *test)
{
	u32 bkey = uapi_bkey_attr(uapi_key_attr(UVERBS_ATTR_CREATE_CQ_BUF_UMEM));
	unsigned long addr = user_buffer(test);
	struct ib_uverbs_buffer_desc desc = {
		.type = IB_UVERBS_BUFFER_TYPE_VA,
		.addr = addr,
		.length = NPAGES * PAGE_SIZE,
	};
	struct uverbs_attr_bundle *attrs;
	struct umem_test *ut = test->priv;
	unsigned long uattr = user_buffer(test);

	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)uattr, &desc,
					   sizeof(desc)), 0);
	attrs = kunit_kzalloc(test, struct_size(attrs, attrs,
						UVERBS_API_ATTR_BKEY_LEN),
			      GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, attrs);
	attrs->context = kunit_kzalloc(test, sizeof(*attrs->context),
				       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, attrs->context);
	attrs->context->device = ut->ibdev;
	attrs->attrs[bkey].ptr_attr.data = uattr;
	attrs->attrs[bkey].ptr_attr.len = sizeof(desc);
	__set_bit(bkey, attrs->attr_present);

	set_ops(test, &barrier_ops);
	expect_attrs(test, ib_umem_get_cq_buf(ut->ibdev, attrs, PAGE_SIZE,
					      IB_ACCESS_LOCAL_WRITE), RC | WB);
	expect_attrs(test, ib_umem_get_cq_buf_or_va(ut->ibdev, attrs, 0,
						    PAGE_SIZE,
						    IB_ACCESS_LOCAL_WRITE),
		     RC | WB);
	/* As those of any other queue are mapped. */
	expect_attrs(test, ib_umem_get_attr(ut->ibdev, attrs,
					    UVERBS_ATTR_CREATE_CQ_BUF_UMEM,
					    PAGE_SIZE, IB_ACCESS_LOCAL_WRITE),
		     RC);
	expect_attrs(test, ib_umem_get_desc(ut->ibdev, &desc,
					    IB_ACCESS_LOCAL_WRITE), RC);
}

static void queue_of_a_device_that_may_relax_has_no_barrier(struct kunit *test)
{
	unsigned long addr = user_buffer(test);
	struct umem_test *ut = test->priv;

	count_warnings(test);
	ut->ibdev->ops.cq_writes_ordered = false;
	set_ops(test, &barrier_ops);
	expect_attrs(test, get_queue(test, addr, 0), RC);
	set_ops(test, &plain_ops);
	expect_attrs(test, get_queue(test, addr, 0), RC);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 0);
}

static void barrier_wins_over_relaxed_ordering(struct kunit *test)
{
	unsigned long addr = user_buffer(test);

	set_ops(test, &barrier_ops);
	expect_attrs(test, get_queue(test, addr, IB_ACCESS_RELAXED_ORDERING),
		     RC | WB);
}

static void data_has_no_barrier(struct kunit *test)
{
	struct umem_test *ut = test->priv;
	unsigned long addr = user_buffer(test);

	set_ops(test, &barrier_ops);
	expect_attrs(test, get(test, addr), RC);
	expect_attrs(test, ib_umem_get_va(ut->ibdev, addr, NPAGES * PAGE_SIZE,
					  IB_ACCESS_RELAXED_ORDERING),
		     RC | WEAK);
}

static void queue_without_a_barrier_is_mapped_with_one_warning(struct kunit *test)
{
	unsigned long addr = user_buffer(test);

	count_warnings(test);
	set_ops(test, &plain_ops);
	expect_attrs(test, get_queue(test, addr, 0), RC);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 1);
	expect_attrs(test, get_queue(test, addr, IB_ACCESS_RELAXED_ORDERING),
		     RC | WEAK);
	set_ops(test, &unordered_ops);
	expect_attrs(test, get_queue(test, addr, 0), RC);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 1);
}

/* Nothing is known of the bus of a device that is not a PCI function. */
static void queue_on_an_unknown_bus_is_mapped_with_a_warning(struct kunit *test)
{
	unsigned long addr = user_buffer(test);
	struct ib_umem *umem;

	count_warnings(test);
	umem = get_queue(test, addr, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_EQ(test, umem->dma_attrs, RC);
	ib_umem_release(umem);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 1);
}

static void queue_that_cannot_be_mapped_keeps_its_error(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	count_warnings(test);
	ut->map_ret = -ENOMEM;
	set_ops(test, &barrier_ops);
	expect_failure(test, -ENOMEM, 1);
	KUNIT_EXPECT_EQ(test, ut->map_attrs, RC | WB);
	set_ops(test, &plain_ops);
	expect_failure(test, -ENOMEM, 2);
	KUNIT_EXPECT_EQ(test, ut->map_attrs, RC);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 0);
}

static void queue_that_bounces_is_refused(struct kunit *test)
{
	count_warnings(test);
	give_pool(test, true);
	expect_failure(test, -EOPNOTSUPP, 0);
	KUNIT_EXPECT_EQ(test, slots(test->priv), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 0);
}

/* A software device: no DMA API, the same contract. */

static void need_virt_dma(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	if (!IS_ENABLED(CONFIG_INFINIBAND_VIRT_DMA))
		kunit_skip(test, "expected skip: no software devices with HIGHMEM");
	ut->ibdev->dma_device = NULL;
}

static void umem_of_software_device_is_coherent(struct kunit *test)
{
	unsigned long addr = user_buffer(test);
	struct ib_umem *umem;

	need_virt_dma(test);
	umem = get(test, addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	ib_umem_release(umem);
}

static void queue_of_software_device_is_mapped_with_a_warning(struct kunit *test)
{
	struct ib_umem *umem;

	count_warnings(test);
	need_virt_dma(test);
	umem = get_queue(test, user_buffer(test), 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	ib_umem_release(umem);
	KUNIT_EXPECT_EQ(test, atomic_read(&warnings), 1);
}

struct virt_param {
	const char *desc;
	unsigned long attrs;
	enum dma_data_direction dir;
	int ret;
};

static const struct virt_param virt_params[] = {
	{ "none", 0, DMA_BIDIRECTIONAL, 0 },
	{ "coherent", RC, DMA_BIDIRECTIONAL, 0 },
	{ "barrier", WB, DMA_FROM_DEVICE, -EOPNOTSUPP },
	{ "barrier to device", WB, DMA_TO_DEVICE, 0 },
	{ "both", RC | WB, DMA_BIDIRECTIONAL, -EOPNOTSUPP },
	{ "contradiction", WB | WEAK, DMA_FROM_DEVICE, -EINVAL },
	{ "mmio", DMA_ATTR_MMIO, DMA_TO_DEVICE, -EINVAL },
	{ "coherent mmio", RC | DMA_ATTR_MMIO, DMA_TO_DEVICE, -EINVAL },
	{ "shared", DMA_ATTR_CC_SHARED, DMA_TO_DEVICE, -EOPNOTSUPP },
	{ "reserved", BIT(31), DMA_TO_DEVICE, -EOPNOTSUPP },
	{ "hint", WEAK, DMA_FROM_DEVICE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(virt, virt_params, desc);

static void software_device_honours_or_refuses(struct kunit *test)
{
	const struct virt_param *p = test->param_value;
	struct umem_test *ut = test->priv;
	struct ib_device *ibdev = ut->ibdev;
	struct scatterlist sg;
	struct sg_table sgt = { .sgl = &sg, .nents = 1, .orig_nents = 1 };
	void *buf;

	need_virt_dma(test);
	buf = kunit_kzalloc(test, SZ_1K, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	sg_init_one(&sg, buf, SZ_1K);

	KUNIT_EXPECT_EQ(test, ib_dma_map_sgtable_attrs(ibdev, &sgt, p->dir,
						       p->attrs),
			p->ret);
	KUNIT_EXPECT_EQ(test, ib_dma_map_sg_attrs(ibdev, &sg, 1, p->dir,
						  p->attrs),
			p->ret ? 0 : 1);
	if (!p->ret)
		KUNIT_EXPECT_PTR_EQ(test,
				    ib_virt_dma_to_ptr(sg_dma_address(&sg)),
				    buf);
}

/* An exporter that maps page by page, and bounces ut->bounced_page. */

static struct sg_table *exp_map(struct dma_buf_attachment *attach,
				enum dma_data_direction dir)
{
	struct umem_test *ut = attach->dmabuf->priv;
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	sgt = kzalloc_obj(*sgt);
	if (!sgt || sg_alloc_table(sgt, NPAGES, GFP_KERNEL)) {
		kfree(sgt);
		return ERR_PTR(-ENOMEM);
	}
	for_each_sgtable_sg(sgt, sg, i) {
		sg_set_page(sg, ut->pages[i], PAGE_SIZE, 0);
		bounce(ut, i == ut->bounced_page);
		sg_dma_address(sg) = dma_map_page(attach->dev, ut->pages[i], 0,
						  PAGE_SIZE, dir);
		sg_dma_len(sg) = PAGE_SIZE;
		if (dma_mapping_error(attach->dev, sg_dma_address(sg)))
			goto unmap;
	}
	bounce(ut, false);
	if (ut->no_cpu_list)
		sgt->orig_nents = 0;
	ut->maps++;
	return sgt;
unmap:
	bounce(ut, false);
	while (i--) {
		dma_unmap_page(attach->dev, sg_dma_address(&sgt->sgl[i]),
			       PAGE_SIZE, dir);
	}
	sg_free_table(sgt);
	kfree(sgt);
	return ERR_PTR(-ENOMEM);
}

static void exp_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct umem_test *ut = attach->dmabuf->priv;
	struct scatterlist *sg;
	int i;

	sgt->orig_nents = NPAGES;
	for_each_sgtable_sg(sgt, sg, i)
		dma_unmap_page(attach->dev, sg_dma_address(sg), sg_dma_len(sg),
			       dir);
	sg_free_table(sgt);
	kfree(sgt);
	ut->unmaps++;
}

static int exp_pin(struct dma_buf_attachment *attach)
{
	return 0;
}

static void exp_unpin(struct dma_buf_attachment *attach)
{
}

static void exp_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops exp_ops = {
	.map_dma_buf = exp_map,
	.unmap_dma_buf = exp_unmap,
	.pin = exp_pin,
	.unpin = exp_unpin,
	.release = exp_release,
};

/* Register @npages pages of a buffer from page @first on. */
static int dmabuf_errno(struct kunit *test, int first, int npages)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct umem_test *ut = test->priv;
	struct ib_umem_dmabuf *umem;
	struct dma_buf *dmabuf;
	int fd, i;

	for (i = 0; i < NPAGES; i++) {
		void *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, page);
		ut->pages[i] = virt_to_page(page);
	}
	info.ops = &exp_ops;
	info.size = NPAGES * PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = ut;
	dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	KUNIT_ASSERT_GE(test, fd, 0);

	umem = ib_umem_dmabuf_get_pinned(ut->ibdev, first * PAGE_SIZE,
					 npages * PAGE_SIZE, fd,
					 IB_ACCESS_LOCAL_WRITE);
	if (!IS_ERR(umem))
		ib_umem_release(&umem->umem);
	close_fd(fd);
	KUNIT_EXPECT_EQ(test, ut->maps, 1);
	KUNIT_EXPECT_EQ(test, ut->unmaps, 1);
	KUNIT_EXPECT_EQ(test, slots(ut), 0);
	return PTR_ERR_OR_ZERO(umem);
}

static void dmabuf_is_coherent(struct kunit *test)
{
	give_pool(test, false);
	KUNIT_EXPECT_EQ(test, dmabuf_errno(test, 0, NPAGES), 0);
}

static void dmabuf_that_bounces_is_refused(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	give_pool(test, false);
	ut->bounced_page = 2;
	KUNIT_EXPECT_EQ(test, dmabuf_errno(test, 1, 2), -EOPNOTSUPP);
}

static void dmabuf_that_bounces_elsewhere_is_coherent(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	give_pool(test, false);
	ut->bounced_page = 3;
	KUNIT_EXPECT_EQ(test, dmabuf_errno(test, 1, 2), 0);
}

static void dmabuf_that_needs_no_sync_is_accepted(struct kunit *test)
{
	set_ops(test, &plain_ops);
	KUNIT_EXPECT_EQ(test, dmabuf_errno(test, 0, NPAGES), 0);
}

static void dmabuf_that_may_need_sync_is_refused(struct kunit *test)
{
	set_ops(test, &sync_ops);
	KUNIT_EXPECT_EQ(test, dmabuf_errno(test, 0, NPAGES), -EOPNOTSUPP);
}

/* As by dma_buf_phys_vec_to_sgt(). */
static void dmabuf_of_mmio_is_accepted(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		kunit_skip(test, "expected skip: DMABUF_DEBUG hides that there is no CPU list");
	ut->no_cpu_list = true;
	set_ops(test, &sync_ops);
	KUNIT_EXPECT_EQ(test, dmabuf_errno(test, 0, NPAGES), 0);
}

static struct kunit_case umem_cases[] = {
	KUNIT_CASE(umem_has_blocks),
	KUNIT_CASE(umem_is_coherent),
	KUNIT_CASE(umem_that_bounces_is_refused),
	KUNIT_CASE(queue_has_a_barrier_where_there_is_one),
	KUNIT_CASE(queue_of_a_command_has_a_barrier),
	KUNIT_CASE(queue_of_a_device_that_may_relax_has_no_barrier),
	KUNIT_CASE(barrier_wins_over_relaxed_ordering),
	KUNIT_CASE(data_has_no_barrier),
	KUNIT_CASE(queue_without_a_barrier_is_mapped_with_one_warning),
	KUNIT_CASE(queue_on_an_unknown_bus_is_mapped_with_a_warning),
	KUNIT_CASE(queue_that_cannot_be_mapped_keeps_its_error),
	KUNIT_CASE(queue_that_bounces_is_refused),
	KUNIT_CASE(umem_of_software_device_is_coherent),
	KUNIT_CASE(queue_of_software_device_is_mapped_with_a_warning),
	KUNIT_CASE_PARAM(software_device_honours_or_refuses, virt_gen_params),
	KUNIT_CASE(dmabuf_is_coherent),
	KUNIT_CASE(dmabuf_that_bounces_is_refused),
	KUNIT_CASE(dmabuf_that_bounces_elsewhere_is_coherent),
	KUNIT_CASE(dmabuf_that_needs_no_sync_is_accepted),
	KUNIT_CASE(dmabuf_that_may_need_sync_is_refused),
	KUNIT_CASE(dmabuf_of_mmio_is_accepted),
	{}
};

static struct kunit_suite umem_suite = {
	.name = "rdma_umem",
	.init = umem_test_init,
	.exit = umem_test_exit,
	.test_cases = umem_cases,
};

kunit_test_suite(umem_suite);
