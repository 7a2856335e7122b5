// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA API, with a device that really reads and writes memory.
 *
 * QEMU's edu device has a buffer of 4 KiB and copies between the buffer and memory,
 * 100 ms after it is told to.  The driver core binds the driver below to it, so that
 * the device is behind the IOMMU that the machine has for it.  The cases compare the
 * bytes in memory and in the device, and count the bounce slots, IOMMU maps and TCEs
 * that a mapping takes.  find_backend() finds out what is between the device and
 * memory, and the expectations follow from that.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-direct.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/swiotlb.h>
#include <linux/unaligned.h>
#ifdef CONFIG_IOMMU_API
#include <trace/events/iommu.h>
#endif
#ifdef CONFIG_PPC64
#include <asm/iommu.h>
#endif
#ifdef CONFIG_SWIOTLB_XEN
#include <xen/swiotlb-xen.h>
#include <asm/xen/page.h>
#endif
#include "edu.h"
#include "iommus.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT

#define BUF_PAGES		4
#define BUF_SIZE		(BUF_PAGES * PAGE_SIZE)
#define UNTOUCHED		0x5a

static char *backend;
module_param(backend, charp, 0444);
MODULE_PARM_DESC(backend,
		 "Fail unless the device has this backend: direct, swiotlb, intel, amd, virtio, smmuv3, tce, ddw or xen; with -lazy or -strict, the type of the IOMMU domain too");

static uint mask_bits = 32;
module_param_named(mask, mask_bits, uint, 0444);
MODULE_PARM_DESC(mask,
		 "Bits of the device's masks; with 64, a platform with TCEs may give it a window on all memory (ddw)");

struct edu {
	struct device *dev;
	struct edu_regs regs;
	const char *backend;
	const char *domain;	/* lazy or strict, "" if not dma-iommu */
	char detail[32];
	bool bounces;
	bool translates;
	const char *fault_text;	/* of the message that a stray access prints */
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem pool, *shared_pool;
#endif
};

/* The device, while the suite runs and if there is one. */
static struct edu *bound;

/* The IOMMU or bounce pool of the device */

#ifdef CONFIG_IOMMU_API
static void find_iommu(struct edu *edu)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(edu->dev);
	const struct test_iommu *iommu = test_iommu_of(edu->dev);
	struct device *hw = edu->dev->iommu->iommu_dev->dev;

	edu->backend = iommu ? iommu->backend : "unknown-iommu";
	edu->fault_text = iommu ? iommu->fault_text : NULL;
	edu->domain = domain->type == IOMMU_DOMAIN_DMA_FQ ? "lazy" : "strict";
	snprintf(edu->detail, sizeof(edu->detail), "%s, %s", dev_name(hw),
		 hw->parent ? dev_driver_string(hw->parent) : "no parent");
}

static phys_addr_t iova_to_phys(struct edu *edu, dma_addr_t addr)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(edu->dev), addr);
}
#else
static void find_iommu(struct edu *edu)
{
}

static phys_addr_t iova_to_phys(struct edu *edu, dma_addr_t addr)
{
	return 0;
}
#endif

#ifdef CONFIG_PPC64
static bool has_tces(struct device *dev)
{
	return get_dma_ops(dev) == &dma_iommu_ops && !dev_dma_ops_bypass(dev);
}

static bool has_direct_window(struct device *dev)
{
	return get_dma_ops(dev) == &dma_iommu_ops && dev_dma_ops_bypass(dev);
}

static long tces_used(struct device *dev)
{
	struct iommu_table *tbl = get_iommu_table_base(dev);

	return bitmap_weight(tbl->it_map, tbl->it_size);
}

static phys_addr_t tce_to_phys(struct device *dev, dma_addr_t addr)
{
	struct iommu_table *tbl = get_iommu_table_base(dev);
	unsigned long mask = IOMMU_PAGE_SIZE(tbl) - 1;

	return (tbl->it_ops->get(tbl, addr >> tbl->it_page_shift) & ~mask) |
	       (addr & mask);
}
#else
static bool has_tces(struct device *dev)
{
	return false;
}

static bool has_direct_window(struct device *dev)
{
	return false;
}

static long tces_used(struct device *dev)
{
	return 0;
}

static phys_addr_t tce_to_phys(struct device *dev, dma_addr_t addr)
{
	return 0;
}
#endif

/* A bus address is an address in machine memory. */
#ifdef CONFIG_SWIOTLB_XEN
static bool has_xen(struct device *dev)
{
	return get_dma_ops(dev) == &xen_swiotlb_dma_ops;
}

static phys_addr_t machine_to_phys_addr(dma_addr_t addr)
{
	return PFN_PHYS(bfn_to_local_pfn(PFN_DOWN(addr))) | offset_in_page(addr);
}
#else
static bool has_xen(struct device *dev)
{
	return false;
}

static phys_addr_t machine_to_phys_addr(dma_addr_t addr)
{
	return addr;
}
#endif

static void find_backend(struct edu *edu)
{
	struct device *dev = edu->dev;

	edu->domain = "";
	if (use_dma_iommu(dev)) {
		edu->translates = true;
		find_iommu(edu);
	} else if (has_tces(dev)) {
		edu->translates = true;
		edu->backend = "tce";
	} else if (has_direct_window(dev)) {
		edu->backend = "ddw";
	} else if (has_xen(dev)) {
		edu->backend = "xen";
	} else if (get_dma_ops(dev)) {
		edu->backend = "unknown-ops";
		snprintf(edu->detail, sizeof(edu->detail), "%ps",
			 get_dma_ops(dev));
	} else if (is_swiotlb_force_bounce(dev)) {
		edu->bounces = true;
		edu->backend = "swiotlb";
	} else {
		edu->backend = "direct";
	}
}

/* The physical address that the device accesses at @addr. */
static phys_addr_t leads_to(struct edu *edu, dma_addr_t addr)
{
	if (has_tces(edu->dev))
		return tce_to_phys(edu->dev, addr);
	if (edu->translates)
		return iova_to_phys(edu, addr);
	if (has_xen(edu->dev))
		return machine_to_phys_addr(addr);
	return dma_to_phys(edu->dev, addr);
}

/*
 * Bounce slots are counted per pool, and other drivers use the pool, too.  Give the
 * device a copy of the pool's descriptor, which counts its own slots.
 */
#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS) && \
	!defined(CONFIG_SWIOTLB_DYNAMIC)
static void count_own_slots(struct edu *edu)
{
	swiotlb_count_slots();
	edu->shared_pool = edu->dev->dma_io_tlb_mem;
	edu->pool = *edu->shared_pool;
	atomic_long_set(&edu->pool.total_used, 0);
	edu->dev->dma_io_tlb_mem = &edu->pool;
}

static void count_shared_slots(struct edu *edu)
{
	edu->dev->dma_io_tlb_mem = edu->shared_pool;
}

static long slots_used(struct edu *edu)
{
	return atomic_long_read(&edu->pool.total_used);
}
#else
static void count_own_slots(struct edu *edu)
{
}

static void count_shared_slots(struct edu *edu)
{
}

static long slots_used(struct edu *edu)
{
	return 0;
}
#endif

/* True if a mapping of the device is bounced at the moment. */
static bool bouncing(struct edu *edu)
{
	if (IS_ENABLED(CONFIG_DEBUG_FS) && !IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC))
		return slots_used(edu) > 0;
	return edu->bounces;
}

/* The driver */

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	/* The first device is used, others are left alone. */
	if (bound)
		return -EBUSY;
	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->dev = &pdev->dev;

	ret = edu_bring_up(pdev, &edu->regs, "edu");
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(mask_bits));
	if (ret)
		return ret;
	/* Nothing is handed to it as a list: what an IOMMU merges is fine. */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	pci_set_master(pdev);

	find_backend(edu);
	count_own_slots(edu);
	bound = edu;
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
	count_shared_slots(bound);
	bound = NULL;
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{}
};

static struct pci_driver edu_driver = {
	.name = "edu_kunit",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int edu_suite_init(struct kunit_suite *suite)
{
	int ret = pci_register_driver(&edu_driver);

	/* Its IOMMU may have come late. */
	if (!ret)
		wait_for_device_probe();
	return ret;
}

static void edu_suite_exit(struct kunit_suite *suite)
{
	pci_unregister_driver(&edu_driver);
}

/* Fixture */

struct edu_test {
	struct edu *edu;
	struct device *dev;
	u8 *buf;		/* what the cases map: page aligned */
	u8 *image;		/* what it should hold in the end */
	u8 *scratch;		/* coherent, to get at the device's buffer */
	dma_addr_t scratch_addr;
	long maps;		/* IOMMU maps of @buf */
};

static void free_buf(void *data)
{
	free_pages_exact(data, BUF_SIZE);
}

static void free_scratch(void *data)
{
	struct edu_test *et = data;

	dma_free_coherent(et->dev, EDU_BUF_SIZE, et->scratch, et->scratch_addr);
}

#if defined(CONFIG_IOMMU_API) && defined(CONFIG_TRACEPOINTS)
static void count_map(void *data, unsigned long iova, phys_addr_t phys,
		      size_t size)
{
	struct edu_test *et = data;
	phys_addr_t buf = virt_to_phys(et->buf);

	if (phys < buf + BUF_SIZE && phys + size > buf)
		et->maps++;
}

static void stop_counting_maps(void *data)
{
	unregister_trace_map(count_map, data);
	tracepoint_synchronize_unregister();
}

static void count_maps(struct kunit *test, struct edu_test *et)
{
	KUNIT_ASSERT_EQ(test, 0, register_trace_map(count_map, et));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, stop_counting_maps, et));
}
#else
static void count_maps(struct kunit *test, struct edu_test *et)
{
}
#endif

static int edu_test_init(struct kunit *test)
{
	struct edu_test *et;

	dma_kunit_watch(test);
	if (!bound)
		kunit_skip(test, "no edu device (PCI 1234:11e8)");
	et = kunit_kzalloc(test, sizeof(*et), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, et);
	et->edu = bound;
	et->dev = bound->dev;

	et->image = kunit_kmalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, et->image);
	et->buf = alloc_pages_exact(BUF_SIZE, GFP_KERNEL | GFP_DMA32);
	KUNIT_ASSERT_NOT_NULL(test, et->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, et->buf));
	et->scratch = dma_alloc_coherent(et->dev, EDU_BUF_SIZE,
					 &et->scratch_addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, et->scratch);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_scratch, et));
	memset(et->buf, UNTOUCHED, BUF_SIZE);
	memset(et->image, UNTOUCHED, BUF_SIZE);
	count_maps(test, et);
	test->priv = et;
	return 0;
}

/* KUnit frees the buffers after this: no transfer may be under way then. */
static void edu_test_exit(struct kunit *test)
{
	struct edu_test *et = test->priv;

	if (et)
		KUNIT_EXPECT_EQ(test, 0, edu_wait(&et->edu->regs));
}

/* The slots, maps and TCEs of all mappings of the device. */
static long taken(struct edu_test *et)
{
	long tces = has_tces(et->dev) ? tces_used(et->dev) : 0;

	return slots_used(et->edu) + et->maps + tces;
}

/* True if taken() grows with a mapping. */
static bool takes_something(struct edu *edu)
{
	if (bouncing(edu) || has_tces(edu->dev))
		return true;
	return edu->translates && IS_ENABLED(CONFIG_TRACEPOINTS);
}

/* If false, DMA_ATTR_REQUIRE_COHERENT must be refused. */
static bool can_be_coherent(struct edu *edu)
{
	return dev_is_dma_coherent(edu->dev) && !edu->bounces;
}

/* Transfers */

static void start(struct kunit *test, dma_addr_t addr, u32 offset, u32 len,
		  u32 cmd)
{
	struct edu_test *et = test->priv;

	/* QEMU aborts if one of these is not so. */
	KUNIT_ASSERT_GT(test, len, 0);
	KUNIT_ASSERT_LE(test, offset, EDU_BUF_SIZE);
	KUNIT_ASSERT_LE(test, len, EDU_BUF_SIZE - offset);
	KUNIT_ASSERT_LE(test, addr, DMA_BIT_MASK(mask_bits));

	edu_start(&et->edu->regs, addr, offset, len, cmd);
}

static void transfer(struct kunit *test, dma_addr_t addr, u32 offset, u32 len,
		     u32 cmd)
{
	struct edu_test *et = test->priv;

	start(test, addr, offset, len, cmd);
	KUNIT_ASSERT_EQ(test, 0, edu_wait(&et->edu->regs));
}

static void device_reads(struct kunit *test, dma_addr_t addr, u32 offset,
			 u32 len)
{
	transfer(test, addr, offset, len, 0);
}

static void device_writes(struct kunit *test, dma_addr_t addr, u32 offset,
			  u32 len)
{
	transfer(test, addr, offset, len, EDU_DMA_TO_MEMORY);
}

/* Bytes that differ from their neighbours, from those of other seeds, and from 0. */
static void fill(u8 *p, size_t len, u8 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (seed * 37 + i * 11 + (i >> 8)) | 1;
}

/* The number of bytes, from the first one on, that are the same. */
static size_t same(const u8 *got, const u8 *want, size_t len)
{
	size_t i;

	for (i = 0; i < len && READ_ONCE(got[i]) == want[i]; i++)
		;
	return i;
}

static void load_device(struct kunit *test, u32 len, u8 seed)
{
	struct edu_test *et = test->priv;

	fill(et->scratch, len, seed);
	device_reads(test, et->scratch_addr, 0, len);
}

static const u8 *device_bytes(struct kunit *test, u32 len)
{
	struct edu_test *et = test->priv;

	memset(et->scratch, 0, EDU_BUF_SIZE);
	device_writes(test, et->scratch_addr, 0, len);
	return et->scratch;
}

/* Mappings; KUnit undoes those that are left at the end of a case */

struct mapping {
	struct device *dev;
	dma_addr_t addr;
	size_t size;
	enum dma_data_direction dir;
	unsigned long attrs;
};

static void unmap(void *data)
{
	struct mapping *m = data;

	dma_unmap_page_attrs(m->dev, m->addr, m->size, m->dir, m->attrs);
}

/* NULL if it is refused. */
static struct mapping *try_map(struct kunit *test, size_t offset, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	struct edu_test *et = test->priv;
	struct mapping *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	*m = (struct mapping) {
		.dev = et->dev, .size = size, .dir = dir, .attrs = attrs,
		.addr = dma_map_page_attrs(et->dev, virt_to_page(et->buf),
					   offset, size, dir, attrs),
	};
	if (dma_mapping_error(et->dev, m->addr))
		return NULL;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmap, m));
	return m;
}

static struct mapping *map(struct kunit *test, size_t offset, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct mapping *m = try_map(test, offset, size, dir, attrs);

	KUNIT_ASSERT_NOT_NULL(test, m);
	return m;
}

/* Four pieces of four pages, in two chained tables. */
struct list {
	struct device *dev;
	struct scatterlist first[3], rest[2];
	struct sg_table sgt;
	enum dma_data_direction dir;
	unsigned long attrs;
};

#define LIST_BYTES	(256 + 700 + 333 + 512)

static struct list *make_list(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct list *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->dev = et->dev;
	sg_init_table(l->first, ARRAY_SIZE(l->first));
	sg_init_table(l->rest, ARRAY_SIZE(l->rest));
	sg_chain(l->first, ARRAY_SIZE(l->first), l->rest);
	sg_set_buf(&l->first[0], et->buf + 2 * PAGE_SIZE, 256);
	sg_set_buf(&l->first[1], et->buf + 512, 700);
	sg_set_buf(&l->rest[0], et->buf + 3 * PAGE_SIZE + 1001, 333);
	sg_set_buf(&l->rest[1], et->buf + 2 * PAGE_SIZE - 512, 512);
	l->sgt.sgl = l->first;
	l->sgt.nents = 4;
	l->sgt.orig_nents = 4;
	return l;
}

static void unmap_list(void *data)
{
	struct list *l = data;

	dma_unmap_sgtable(l->dev, &l->sgt, l->dir, l->attrs);
}

static int map_list(struct kunit *test, struct list *l,
		    enum dma_data_direction dir, unsigned long attrs)
{
	int ret = dma_map_sgtable(l->dev, &l->sgt, dir, attrs);

	if (ret)
		return ret;
	l->dir = dir;
	l->attrs = attrs;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmap_list, l));
	return 0;
}

static void transfer_list(struct kunit *test, struct list *l, u32 cmd)
{
	struct scatterlist *sg;
	u32 done = 0;
	int i;

	for_each_sgtable_dma_sg(&l->sgt, sg, i) {
		transfer(test, sg_dma_address(sg), done, sg_dma_len(sg), cmd);
		done += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, done, LIST_BYTES);
}

/* Put the bytes of load_device() into the image, at the entries of the list. */
static void image_list(struct kunit *test, struct list *l, u8 seed)
{
	struct edu_test *et = test->priv;
	u8 *bytes = kunit_kmalloc(test, LIST_BYTES, GFP_KERNEL);
	struct scatterlist *sg;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill(bytes, LIST_BYTES, seed);
	for_each_sgtable_sg(&l->sgt, sg, i) {
		memcpy(et->image + ((u8 *)sg_virt(sg) - et->buf), bytes,
		       sg->length);
		bytes += sg->length;
	}
}

struct coherent {
	struct device *dev;
	void *vaddr;
	dma_addr_t addr;
};

static void free_coherent(void *data)
{
	struct coherent *c = data;

	dma_free_coherent(c->dev, PAGE_SIZE, c->vaddr, c->addr);
}

static struct coherent *try_alloc(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct coherent *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->dev = et->dev;
	c->vaddr = dma_alloc_coherent(et->dev, PAGE_SIZE, &c->addr, GFP_KERNEL);
	if (!c->vaddr)
		return NULL;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_coherent, c));
	return c;
}

/*
 * The skip follows from the backend.  It is expected if the backend is: then the case
 * edu_backend_is_the_one_named fails on any other.
 */
#define skip(test, why) \
	kunit_skip(test, "%s" why, backend ? "expected skip: " : "")

/* Stray accesses */

static void needs_protection(struct kunit *test)
{
	struct edu_test *et = test->priv;

	if (!et->edu->translates)
		skip(test, "nothing stands between the device and memory");
}

/* Write one word that the IOMMU must stop.  Some IOMMUs print that. */
static void device_strays(struct kunit *test, dma_addr_t addr)
{
	struct edu_test *et = test->priv;

	if (et->edu->fault_text) {
		/* Its driver prints ten lines, and no more for five seconds. */
		ssleep(6);
		kunit_info(test, "expect-splat: %s", et->edu->fault_text);
	}
	device_writes(test, addr, 0, 4);
	/* The message must come before the next case begins. */
	msleep(100);
}

/* Which backend */

static void edu_backend_is_the_one_named(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct edu *edu = et->edu;
	char full[32];

	snprintf(full, sizeof(full), "%s%s%s", edu->backend,
		 *edu->domain ? "-" : "", edu->domain);
	kunit_info(test, "backend=%s domain=%s (%s)", edu->backend,
		   *edu->domain ? edu->domain : "none",
		   *edu->detail ? edu->detail : "none");
	if (!backend)
		kunit_skip(test, "no edu_kunit.backend= given");
	KUNIT_EXPECT_TRUE_MSG(test, !strcmp(backend, edu->backend) ||
			      !strcmp(backend, full),
			      "%s expected, %s found", backend, full);
}

/* Data */

static void the_device_reads_what_is_mapped(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct mapping *m;

	fill(et->buf + 100, 777, 1);
	m = map(test, 100, 777, DMA_TO_DEVICE, 0);
	device_reads(test, m->addr, 0, 777);
	kunit_release_action(test, unmap, m);
	KUNIT_EXPECT_EQ(test, 777,
			same(device_bytes(test, 777), et->buf + 100, 777));
}

static void the_device_writes_what_is_mapped_and_no_more(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct mapping *m;

	load_device(test, 300, 2);
	m = map(test, 512, SZ_1K, DMA_FROM_DEVICE, 0);
	device_writes(test, m->addr + 100, 0, 300);
	kunit_release_action(test, unmap, m);
	fill(et->image + 612, 300, 2);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

static void the_address_leads_to_the_buffer(struct kunit *test)
{
	struct edu_test *et = test->priv;
	phys_addr_t buf = virt_to_phys(et->buf), phys;
	struct mapping *m;

	m = map(test, PAGE_SIZE + 64, SZ_1K, DMA_TO_DEVICE, 0);
	device_reads(test, m->addr, 0, SZ_1K);
	KUNIT_EXPECT_EQ(test, m->addr, edu_get_addr(&et->edu->regs, EDU_DMA_SRC));
	phys = leads_to(et->edu, m->addr);
	if (et->edu->bounces)
		KUNIT_EXPECT_NOT_NULL(test, swiotlb_find_pool(et->dev, phys));
	else
		KUNIT_EXPECT_EQ(test, buf + PAGE_SIZE + 64, phys);
	KUNIT_EXPECT_EQ(test, et->edu->bounces, bouncing(et->edu));
}

static void a_list_is_written_piece_by_piece(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct list *l = make_list(test);

	load_device(test, LIST_BYTES, 3);
	KUNIT_ASSERT_EQ(test, 0, map_list(test, l, DMA_FROM_DEVICE, 0));
	transfer_list(test, l, EDU_DMA_TO_MEMORY);
	kunit_release_action(test, unmap_list, l);
	image_list(test, l, 3);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

static void a_list_is_read_piece_by_piece(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct list *l = make_list(test);
	const u8 *got;

	image_list(test, l, 4);
	memcpy(et->buf, et->image, BUF_SIZE);
	KUNIT_ASSERT_EQ(test, 0, map_list(test, l, DMA_TO_DEVICE, 0));
	transfer_list(test, l, 0);
	got = device_bytes(test, LIST_BYTES);
	fill(et->image, LIST_BYTES, 4);
	KUNIT_EXPECT_EQ(test, LIST_BYTES, same(got, et->image, LIST_BYTES));
}

static void a_sync_moves_the_bytes_it_names(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct mapping *m;
	const u8 *got;

	load_device(test, SZ_1K, 5);
	m = map(test, 0, SZ_2K, DMA_BIDIRECTIONAL, 0);
	device_writes(test, m->addr, 0, SZ_1K);

	dma_sync_single_range_for_cpu(et->dev, m->addr, 256, 256,
				      DMA_BIDIRECTIONAL);
	fill(et->image, SZ_1K, 5);
	KUNIT_EXPECT_EQ(test, 256, same(et->buf + 256, et->image + 256, 256));
	if (et->edu->bounces) {
		KUNIT_EXPECT_NULL(test, memchr_inv(et->buf, UNTOUCHED, 256));
		KUNIT_EXPECT_NULL(test, memchr_inv(et->buf + 512, UNTOUCHED,
						   512));
	}
	dma_sync_single_for_cpu(et->dev, m->addr, SZ_2K, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));

	fill(et->buf, SZ_1K, 6);
	dma_sync_single_range_for_device(et->dev, m->addr, 512, 256,
					 DMA_BIDIRECTIONAL);
	if (et->edu->bounces)
		memcpy(et->image + 512, et->buf + 512, 256);
	else
		memcpy(et->image, et->buf, SZ_1K);
	device_reads(test, m->addr, 0, SZ_1K);
	got = device_bytes(test, SZ_1K);
	KUNIT_EXPECT_EQ(test, SZ_1K, same(got, et->image, SZ_1K));
}

/* Coherence */

static void a_page_is_coherent_or_refused(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct mapping *m = try_map(test, 0, SZ_1K, DMA_BIDIRECTIONAL, RC);

	if (!can_be_coherent(et->edu)) {
		KUNIT_EXPECT_NULL(test, m);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, m);

	/* No call of the DMA API for the buffer from here on. */
	load_device(test, 512, 7);
	device_writes(test, m->addr + 64, 0, 512);
	fill(et->image + 64, 512, 7);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));

	fill(et->buf + 600, 300, 8);
	device_reads(test, m->addr + 600, 0, 300);
	KUNIT_EXPECT_EQ(test, 300,
			same(device_bytes(test, 300), et->buf + 600, 300));
}

static void a_list_is_coherent_or_refused(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct list *l = make_list(test);
	int ret;

	ret = map_list(test, l, DMA_FROM_DEVICE, RC);
	if (!can_be_coherent(et->edu)) {
		KUNIT_EXPECT_LT(test, ret, 0);
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, ret);
	load_device(test, LIST_BYTES, 9);
	transfer_list(test, l, EDU_DMA_TO_MEMORY);
	image_list(test, l, 9);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

static void coherent_memory_is_coherent_on_every_backend(struct kunit *test)
{
	struct coherent *c = try_alloc(test);
	struct edu_test *et = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, c);
	fill(c->vaddr, 512, 10);
	device_reads(test, c->addr, 0, 512);
	device_writes(test, c->addr + SZ_1K, 0, 512);
	KUNIT_EXPECT_EQ(test, 512, same(c->vaddr + SZ_1K, c->vaddr, 512));
	fill(et->image, 512, 10);
	KUNIT_EXPECT_EQ(test, 512, same(c->vaddr, et->image, 512));
}

static void a_refusal_takes_nothing(struct kunit *test)
{
	struct list *l = make_list(test);
	struct edu_test *et = test->priv;
	long before = taken(et);
	struct mapping *m;

	if (!can_be_coherent(et->edu)) {
		KUNIT_EXPECT_NULL(test, try_map(test, 0, SZ_1K, DMA_FROM_DEVICE,
						RC));
		KUNIT_EXPECT_LT(test, map_list(test, l, DMA_FROM_DEVICE, RC), 0);
		KUNIT_EXPECT_EQ(test, 4, l->sgt.nents);
		KUNIT_EXPECT_EQ(test, before, taken(et));
	}

	/* A mapping is counted, and the device still works. */
	load_device(test, 512, 12);
	m = map(test, 0, SZ_1K, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, taken(et) > before, takes_something(et->edu));
	device_writes(test, m->addr, 0, 512);
	kunit_release_action(test, unmap, m);
	fill(et->image, 512, 12);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

/* Protection */

static void a_buffer_to_read_cannot_be_written(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct mapping *m;

	if (!et->edu->bounces)
		needs_protection(test);
	load_device(test, 16, 14);
	m = map(test, 0, SZ_1K, DMA_TO_DEVICE, 0);
	device_strays(test, m->addr);
	kunit_release_action(test, unmap, m);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

static void a_list_to_read_cannot_be_written(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct list *l = make_list(test);

	if (!et->edu->bounces)
		needs_protection(test);
	load_device(test, 16, 16);
	KUNIT_ASSERT_EQ(test, 0, map_list(test, l, DMA_TO_DEVICE, 0));
	device_strays(test, sg_dma_address(l->sgt.sgl));
	kunit_release_action(test, unmap_list, l);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

/* The device is its own peer: it writes to one of its own registers. */
static void a_resource_is_written_in_its_direction(struct kunit *test)
{
	struct edu_test *et = test->priv;
	phys_addr_t phys = pci_resource_start(to_pci_dev(et->dev), 0);
	dma_addr_t addr;
	u32 word;

	if (has_tces(et->dev) || has_direct_window(et->dev))
		kunit_skip(test, "expected skip: the host bridge leads to no peer");
	load_device(test, sizeof(word), 17);
	word = ~get_unaligned_le32(et->scratch);
	addr = dma_map_resource(et->dev, phys, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	if (et->edu->bounces) {
		/* A register has no copy. */
		KUNIT_EXPECT_TRUE(test, dma_mapping_error(et->dev, addr));
		return;
	}
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(et->dev, addr));
	device_writes(test, addr + EDU_LIVE, 0, sizeof(word));
	dma_unmap_resource(et->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, word, edu_get(&et->edu->regs, EDU_LIVE));

	if (!et->edu->translates)
		return;
	load_device(test, sizeof(word), 18);
	addr = dma_map_resource(et->dev, phys, PAGE_SIZE, DMA_TO_DEVICE, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(et->dev, addr));
	device_strays(test, addr + EDU_LIVE);
	dma_unmap_resource(et->dev, addr, PAGE_SIZE, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, word, edu_get(&et->edu->regs, EDU_LIVE));
}

static void an_unmapped_buffer_cannot_be_written(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct mapping *m;
	dma_addr_t addr;

	needs_protection(test);
	if (!strcmp(et->edu->domain, "lazy"))
		skip(test, "the domain is lazy: addresses die later");
	load_device(test, 512, 15);
	m = map(test, 0, SZ_1K, DMA_FROM_DEVICE, 0);
	/* So that the IOMMU has seen the address in use. */
	device_writes(test, m->addr, 0, 512);
	addr = m->addr;
	kunit_release_action(test, unmap, m);
	KUNIT_EXPECT_NULL(test, memchr_inv(et->buf + 512, UNTOUCHED, 512));
	memset(et->buf, UNTOUCHED, BUF_SIZE);

	device_strays(test, addr);
	KUNIT_EXPECT_EQ(test, BUF_SIZE, same(et->buf, et->image, BUF_SIZE));
}

/* Errors */

static void needs_iommu(struct kunit *test)
{
	struct edu_test *et = test->priv;

	if (!use_dma_iommu(et->dev))
		skip(test, "not behind dma-iommu");
}

static void nothing_is_not_mapped(struct kunit *test)
{
	struct edu_test *et = test->priv;
	dma_addr_t addr;

	needs_iommu(test);
	addr = dma_map_page(et->dev, virt_to_page(et->buf), 0, 0, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, addr);
	dma_mapping_error(et->dev, addr);
}

/* An earlier use of the scatterlist, by an untrusted device, leaves no mark. */
static void a_list_forgets_that_it_was_bounced(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct pci_dev *pdev = to_pci_dev(et->dev);
	struct scatterlist sg[2];
	struct sg_table sgt = { .sgl = sg, .nents = 2, .orig_nents = 2 };
	int ret;

	needs_iommu(test);
	if (!IS_ENABLED(CONFIG_SWIOTLB) || pdev->untrusted)
		skip(test, "no SWIOTLB, or an untrusted device");
	sg_init_table(sg, ARRAY_SIZE(sg));
	sg_set_buf(&sg[0], et->buf, PAGE_SIZE);
	sg_set_buf(&sg[1], et->buf + 2 * PAGE_SIZE, PAGE_SIZE);
	pdev->untrusted = true;
	ret = dma_map_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0);
	if (!ret)
		dma_unmap_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0);
	pdev->untrusted = false;
	KUNIT_ASSERT_EQ(test, 0, ret);

	/* Two pages become one segment, and the unmap takes it as one. */
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0));
	KUNIT_EXPECT_FALSE(test, sg_dma_is_swiotlb(sg));
	dma_unmap_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0);
}

/* The DMA fields of a list keep what an earlier mapping has left in them. */
static void a_list_that_is_too_long_stays_as_it_was(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct scatterlist sg[2];
	struct sg_table sgt = { .sgl = sg, .nents = 2, .orig_nents = 2 };

	needs_iommu(test);
	sg_init_table(sg, ARRAY_SIZE(sg));
	sg_set_buf(&sg[0], et->buf, PAGE_SIZE);
	sg_set_buf(&sg[1], et->buf + 2 * PAGE_SIZE, 100);
	dma_set_max_seg_size(et->dev, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0));
	dma_unmap_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0);
	dma_set_max_seg_size(et->dev, UINT_MAX);

	sg[0].length = UINT_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_map_sgtable(et->dev, &sgt, DMA_TO_DEVICE, 0));
	KUNIT_EXPECT_EQ(test, 0, sg[0].offset);
	KUNIT_EXPECT_EQ(test, UINT_MAX, sg[0].length);
	KUNIT_EXPECT_EQ(test, 0, sg[1].offset);
	KUNIT_EXPECT_EQ(test, 100, sg[1].length);
}

#ifdef CONFIG_PPC64
/* A table of which the hypervisor knows nothing: H_PARAMETER for every TCE. */
static void an_error_of_the_hypervisor_is_an_error(struct kunit *test)
{
	struct edu_test *et = test->priv;
	struct list *l = make_list(test);
	struct iommu_table *tbl;
	unsigned long index;
	dma_addr_t one, many;
	long before, after;
	int i, ret;

	if (!has_tces(et->dev))
		skip(test, "no TCEs");
	/*
	 * Entries are set one by one or many at a time, and what a failure leaves is
	 * cleared: seven calls fail, each with a trace.  printk_ratelimit() lets ten pass.
	 */
	ssleep(6);
	for (i = 0; i < 7; i++)
		kunit_info(test, "expect-splat: Call Trace:");
	tbl = get_iommu_table_base(et->dev);
	before = tces_used(et->dev);
	index = tbl->it_index;
	tbl->it_index = 0x7fffffff;
	one = dma_map_single(et->dev, et->buf, SZ_4K, DMA_TO_DEVICE);
	many = dma_map_single(et->dev, et->buf, BUF_SIZE, DMA_TO_DEVICE);
	ret = dma_map_sgtable(et->dev, &l->sgt, DMA_TO_DEVICE, 0);
	tbl->it_index = index;
	after = tces_used(et->dev);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, one);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, many);
	KUNIT_EXPECT_NE(test, 0, ret);
	KUNIT_EXPECT_EQ(test, before, after);
	if (!dma_mapping_error(et->dev, one))
		dma_unmap_single(et->dev, one, SZ_4K, DMA_TO_DEVICE);
	if (!dma_mapping_error(et->dev, many))
		dma_unmap_single(et->dev, many, BUF_SIZE, DMA_TO_DEVICE);
	if (!ret)
		dma_unmap_sgtable(et->dev, &l->sgt, DMA_TO_DEVICE, 0);
}

/*
 * A bypass leads to memory alone.  PowerNV has one for edu; here the device is told
 * that it has one, for a mapping that transfers nothing.
 */
static void a_bypass_leads_to_no_peer(struct kunit *test)
{
	struct edu_test *et = test->priv;
	phys_addr_t phys = pci_resource_start(to_pci_dev(et->dev), 0);
	bool bypass = dev_dma_ops_bypass(et->dev);
	u64 limit = et->dev->bus_dma_limit, mask = *et->dev->dma_mask;
	dma_addr_t addr;

	dev_set_dma_ops_bypass(et->dev);
	et->dev->bus_dma_limit = 0;
	*et->dev->dma_mask = DMA_BIT_MASK(64);
	addr = dma_map_resource(et->dev, phys, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, addr);
	if (!dma_mapping_error(et->dev, addr))
		dma_unmap_resource(et->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	*et->dev->dma_mask = mask;
	et->dev->bus_dma_limit = limit;
	dev_assign_dma_ops_bypass(et->dev, bypass);
}
#endif

static struct kunit_case edu_test_cases[] = {
	KUNIT_CASE(edu_backend_is_the_one_named),
	KUNIT_CASE(the_device_reads_what_is_mapped),
	KUNIT_CASE(the_device_writes_what_is_mapped_and_no_more),
	KUNIT_CASE(the_address_leads_to_the_buffer),
	KUNIT_CASE(a_list_is_written_piece_by_piece),
	KUNIT_CASE(a_list_is_read_piece_by_piece),
	KUNIT_CASE(a_sync_moves_the_bytes_it_names),
	KUNIT_CASE(a_page_is_coherent_or_refused),
	KUNIT_CASE(a_list_is_coherent_or_refused),
	KUNIT_CASE(coherent_memory_is_coherent_on_every_backend),
	KUNIT_CASE(a_refusal_takes_nothing),
	KUNIT_CASE(a_buffer_to_read_cannot_be_written),
	KUNIT_CASE(a_list_to_read_cannot_be_written),
	KUNIT_CASE(a_resource_is_written_in_its_direction),
	KUNIT_CASE(an_unmapped_buffer_cannot_be_written),
	KUNIT_CASE(nothing_is_not_mapped),
	KUNIT_CASE(a_list_forgets_that_it_was_bounced),
	KUNIT_CASE(a_list_that_is_too_long_stays_as_it_was),
#ifdef CONFIG_PPC64
	KUNIT_CASE(an_error_of_the_hypervisor_is_an_error),
	KUNIT_CASE(a_bypass_leads_to_no_peer),
#endif
	{}
};

static struct kunit_suite edu_test_suite = {
	.name = "dma_edu",
	.suite_init = edu_suite_init,
	.suite_exit = edu_suite_exit,
	.init = edu_test_init,
	.exit = edu_test_exit,
	.test_cases = edu_test_cases,
};

kunit_test_suite(edu_test_suite);

MODULE_DESCRIPTION("KUnit tests of the DMA API on QEMU's edu device");
MODULE_LICENSE("GPL");
