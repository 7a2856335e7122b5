// SPDX-License-Identifier: GPL-2.0
/*
 * What the DMA API's calls cost, on whatever backend the device has.
 *
 * The clock must advance by one with each instruction (QEMU's -icount shift=0).
 * Every call is timed by itself, with interrupts off where the API allows it, and
 * printed as: calls made, lowest, most frequent, how often that one, sum.
 */
#define pr_fmt(fmt) "dma_bench: " fmt

#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/swiotlb.h>
#ifdef CONFIG_X86
#include <asm/msr.h>
#endif

/* Not in the base. */
#if __has_include(<linux/dma-region.h>) && IS_ENABLED(CONFIG_DMA_REGION)
#include <linux/dma-region.h>
#define HAVE_REGIONS
#endif

#define N	1000
#define FEW	10	/* of what takes millions of instructions */
#define PAGES	16
#define LARGE	SZ_16M

/* The same code in every build, whatever constants its callers pass. */
#define __same	__attribute__((__noipa__))

static u64 empty;		/* what reading the clock costs */
static u32 first[N], second[N];

static __always_inline u64 now(void)
{
#if defined(CONFIG_X86)
	return rdtsc();
#elif defined(CONFIG_ARM64)
	u64 count;

	asm volatile("mrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
#else
	return ktime_get_ns();
#endif
}

static int cmp_u32(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? -1 :
	       *(const u32 *)a > *(const u32 *)b;
}

static __same void report_one(const char *op, const char *call, u32 *sample,
			      unsigned int n)
{
	unsigned int i, run = 0, best = 0;
	u32 mode = 0;
	u64 sum = 0;

	sort(sample, n, sizeof(*sample), cmp_u32, NULL);
	for (i = 0; i < n; i++) {
		sum += sample[i];
		run = i && sample[i] == sample[i - 1] ? run + 1 : 1;
		if (run > best) {
			best = run;
			mode = sample[i];
		}
	}
	pr_notice("result %s %s %u %lld %lld %u %lld\n", op, call, n,
		  sample[0] - empty, mode - empty, best, sum - n * empty);
}

static __same void report(const char *op, const char *call_a, const char *call_b,
			  unsigned int n)
{
	if (call_a)
		report_one(op, call_a, first, n);
	if (call_b)
		report_one(op, call_b, second, n);
}

/*
 * Time @A and @B in turn, @n times, N at most.  The first round only warms up.  The sleep lets
 * deferred flushes and the timer tick pass before each round.
 */
#define MEASURE_N(n, op, call_a, A, call_b, B, irqs_off)		\
do {									\
	unsigned int round, i;						\
	unsigned long flags = 0;					\
	const bool off = irqs_off;					\
	u64 t0, t1, t2;							\
									\
	for (round = 0; round < 2; round++) {				\
		msleep(50);						\
		if (off)						\
			local_irq_save(flags);				\
		for (i = 0; i < (n); i++) {				\
			t0 = now();					\
			A;						\
			t1 = now();					\
			B;						\
			t2 = now();					\
			first[i] = t1 - t0;				\
			second[i] = t2 - t1;				\
		}							\
		if (off)						\
			local_irq_restore(flags);			\
	}								\
	report(op, call_a, call_b, n);					\
} while (0)

#define MEASURE(op, call_a, A, call_b, B, irqs_off)			\
	MEASURE_N(N, op, call_a, A, call_b, B, irqs_off)

static void calibrate(void)
{
	MEASURE("clock", NULL, (void)0, NULL, (void)0, true);
	sort(first, N, sizeof(*first), cmp_u32, NULL);
	empty = first[N / 2];
	/* A clock that counts instructions says 100. */
	MEASURE("nop100", "nops", asm volatile(".rept 100\n\tnop\n\t.endr"),
		NULL, (void)0, true);
}

static __same void measure_page(struct device *dev, const char *op,
				struct page *page, unsigned long attrs)
{
	dma_addr_t addr = dma_map_page_attrs(dev, page, 0, PAGE_SIZE,
					     DMA_FROM_DEVICE, attrs);

	if (dma_mapping_error(dev, addr)) {
		MEASURE(op, "refuse",
			dma_map_page_attrs(dev, page, 0, PAGE_SIZE,
					   DMA_FROM_DEVICE, attrs),
			NULL, (void)0, true);
		return;
	}
	dma_unmap_page_attrs(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, attrs);
	MEASURE(op,
		"map", addr = dma_map_page_attrs(dev, page, 0, PAGE_SIZE,
						 DMA_FROM_DEVICE, attrs),
		"unmap", dma_unmap_page_attrs(dev, addr, PAGE_SIZE,
					      DMA_FROM_DEVICE, attrs),
		true);
}

static __same void measure_sgtable(struct device *dev, const char *op,
				   struct sg_table *sgt, unsigned long attrs)
{
	if (dma_map_sgtable(dev, sgt, DMA_FROM_DEVICE, attrs)) {
		MEASURE(op, "refuse",
			(void)dma_map_sgtable(dev, sgt, DMA_FROM_DEVICE, attrs),
			NULL, (void)0, true);
		return;
	}
	dma_unmap_sgtable(dev, sgt, DMA_FROM_DEVICE, attrs);
	MEASURE(op,
		"map", (void)dma_map_sgtable(dev, sgt, DMA_FROM_DEVICE, attrs),
		"unmap", dma_unmap_sgtable(dev, sgt, DMA_FROM_DEVICE, attrs),
		true);
}

static __same void measure_sync(struct device *dev, struct page *page)
{
	dma_addr_t addr = dma_map_page(dev, page, 0, PAGE_SIZE,
				       DMA_FROM_DEVICE);

	if (dma_mapping_error(dev, addr))
		return;
	MEASURE("sync_single",
		"for_cpu", dma_sync_single_for_cpu(dev, addr, PAGE_SIZE,
						   DMA_FROM_DEVICE),
		"for_device", dma_sync_single_for_device(dev, addr, PAGE_SIZE,
							 DMA_FROM_DEVICE),
		true);
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
}

/* Freeing is not for contexts with interrupts off. */
static __same void measure_alloc(struct device *dev)
{
	struct sg_table *sgt;
	struct page *page;
	dma_addr_t addr;
	void *cpu;

	MEASURE("alloc_coherent",
		"alloc", cpu = dma_alloc_coherent(dev, PAGE_SIZE, &addr,
						  GFP_ATOMIC),
		"free", dma_free_coherent(dev, PAGE_SIZE, cpu, addr),
		false);
	MEASURE("alloc_noncontiguous",
		"alloc", sgt = dma_alloc_noncontiguous(dev, PAGE_SIZE,
						       DMA_FROM_DEVICE,
						       GFP_KERNEL, 0),
		"free", dma_free_noncontiguous(dev, PAGE_SIZE, sgt,
					       DMA_FROM_DEVICE),
		false);
	MEASURE("alloc_pages",
		"alloc", page = dma_alloc_pages(dev, PAGE_SIZE, &addr,
						DMA_FROM_DEVICE, GFP_ATOMIC),
		"free", dma_free_pages(dev, PAGE_SIZE, page, addr,
				       DMA_FROM_DEVICE),
		false);
}

static __same void measure_phys(struct device *dev, const char *op,
				phys_addr_t phys, unsigned long attrs)
{
	dma_addr_t addr = dma_map_phys(dev, phys, PAGE_SIZE, DMA_FROM_DEVICE,
				       attrs);

	if (dma_mapping_error(dev, addr)) {
		MEASURE(op, "refuse",
			dma_map_phys(dev, phys, PAGE_SIZE, DMA_FROM_DEVICE,
				     attrs),
			NULL, (void)0, true);
		return;
	}
	dma_unmap_phys(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, attrs);
	MEASURE(op,
		"map", addr = dma_map_phys(dev, phys, PAGE_SIZE,
					   DMA_FROM_DEVICE, attrs),
		"unmap", dma_unmap_phys(dev, addr, PAGE_SIZE,
					DMA_FROM_DEVICE, attrs),
		true);
}

/*
 * Callers that pass a mandatory attribute.  The base prints a warning if it
 * refuses to bounce, so not with swiotlb=force.
 */
static __same void measure_mandatory(struct device *dev, struct page *page,
				     struct sg_table *sgt)
{
	const unsigned long coherent = DMA_ATTR_REQUIRE_COHERENT;

	if (is_swiotlb_force_bounce(dev))
		return;
	measure_phys(dev, "map_phys+coherent", page_to_phys(page), coherent);
	measure_sgtable(dev, "map_sgtable_16+coherent", sgt, coherent);
#ifdef DMA_ATTR_WRITE_BARRIER
	measure_phys(dev, "map_phys+barrier", page_to_phys(page),
		     DMA_ATTR_WRITE_BARRIER);
	measure_sgtable(dev, "map_sgtable_16+barrier", sgt,
			DMA_ATTR_WRITE_BARRIER);
#endif
}

/* As a driver does it that has an entry for each page. */
static __same int pages_map(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	struct page *page;
	int i, ret;

	ret = sg_alloc_table(sgt, LARGE / PAGE_SIZE, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(sgt, sg, i) {
		page = alloc_page(GFP_KERNEL);
		if (!page) {
			ret = -ENOMEM;
			goto err_pages;
		}
		sg_set_page(sg, page, PAGE_SIZE, 0);
	}
	ret = dma_map_sgtable(dev, sgt, DMA_FROM_DEVICE, 0);
	if (!ret)
		return 0;

err_pages:
	for_each_sgtable_sg(sgt, sg, i)
		if (sg_page(sg))
			__free_page(sg_page(sg));
	sg_free_table(sgt);
	return ret;
}

static __same void pages_unmap(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	dma_unmap_sgtable(dev, sgt, DMA_FROM_DEVICE, 0);
	for_each_sgtable_sg(sgt, sg, i)
		__free_page(sg_page(sg));
	sg_free_table(sgt);
}

/* 64 KiB, what a segment of most devices has; many of them are contiguous. */
static __same void measure_segments(struct device *dev, const char *op,
				    struct page *page, size_t size)
{
	struct scatterlist *sg;
	struct sg_table sgt;
	int i;

	if (sg_alloc_table(&sgt, size / SZ_64K, GFP_KERNEL))
		return;
	for_each_sgtable_sg(&sgt, sg, i)
		sg_set_page(sg, page + i * (SZ_64K / PAGE_SIZE), SZ_64K, 0);
	if (!dma_map_sgtable(dev, &sgt, DMA_FROM_DEVICE, 0)) {
		MEASURE(op, "again", ({
				dma_unmap_sgtable(dev, &sgt, DMA_FROM_DEVICE, 0);
				(void)dma_map_sgtable(dev, &sgt, DMA_FROM_DEVICE, 0);
			}),
			NULL, (void)0, true);
		dma_unmap_sgtable(dev, &sgt, DMA_FROM_DEVICE, 0);
	}
	sg_free_table(&sgt);
}

#ifdef HAVE_REGIONS
static __same struct dma_region *region_map(struct device *dev, size_t size,
					    struct sg_table **sgt)
{
	struct dma_region *region = dma_region_alloc(size, 0, 0);

	if (IS_ERR(region))
		return NULL;
	*sgt = dma_region_bind(region, dev, DMA_FROM_DEVICE);
	if (!IS_ERR(*sgt))
		return region;
	dma_region_free(region);
	return NULL;
}

static __same void region_unmap(struct dma_region *region, struct sg_table *sgt)
{
	dma_region_unbind(region, sgt);
	dma_region_free(region);
}

static __same void measure_region_again(struct device *dev, const char *op,
					size_t size)
{
	struct sg_table *sgt;
	struct dma_region *region = region_map(dev, size, &sgt);

	if (!region)
		return;
	MEASURE(op, "again", ({
			dma_region_keep(region, sgt);
			sgt = dma_region_bind(region, dev, DMA_FROM_DEVICE);
		}),
		NULL, (void)0, false);
	dma_region_keep(region, sgt);
	dma_region_forget(region, dev);
	dma_region_free(region);
}

static __same void measure_regions(struct device *dev)
{
	struct dma_region *region;
	struct sg_table *sgt;

	measure_region_again(dev, "region_64K", SZ_64K);
	if (is_swiotlb_force_bounce(dev))
		return;
	measure_region_again(dev, "region_1M", SZ_1M);
	region = region_map(dev, LARGE, &sgt);
	if (!region)
		return;
	region_unmap(region, sgt);
	MEASURE_N(FEW, "region_16M",
		  "alloc", region = region_map(dev, LARGE, &sgt),
		  "free", region_unmap(region, sgt), false);
}
#else
static void measure_regions(struct device *dev)
{
}
#endif

/* What the page allocator does to zero blocks of 1 MiB. */
static __same void clear_blocks(struct page *page)
{
	int i;

	for (i = 0; i < LARGE / SZ_1M; i++)
		clear_pages(page_address(page), SZ_1M / PAGE_SIZE);
}

/*
 * Memory for a device: a page at a time, and as a region.  A region is zeroed, but the
 * pages are not: zero_16M is what that costs, and is to be subtracted.
 */
static __same void measure_memory(struct device *dev)
{
	unsigned int order = get_order(SZ_1M);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	struct sg_table sgt;

	if (!page)
		return;
	measure_segments(dev, "sgtable_64K", page, SZ_64K);
	/* Copying more than that tells nothing new. */
	if (!is_swiotlb_force_bounce(dev)) {
		measure_segments(dev, "sgtable_1M", page, SZ_1M);
		MEASURE_N(FEW, "zero_16M", "zero",
			  clear_blocks(page), NULL, (void)0, false);
		if (!pages_map(dev, &sgt)) {
			pages_unmap(dev, &sgt);
			MEASURE_N(FEW, "pages_16M",
				  "alloc", (void)pages_map(dev, &sgt),
				  "free", pages_unmap(dev, &sgt), false);
		}
	}
	__free_pages(page, order);
	measure_regions(dev);
}

#if IS_ENABLED(CONFIG_DMA_SHARED_BUFFER)
static int heap_fd = -1;
module_param(heap_fd, int, 0444);
MODULE_PARM_DESC(heap_fd, "A dma-buf of the system heap, a file of the process that loads this");

static struct dma_buf_attachment *heap_attach(struct device *dev,
					      struct dma_buf *buf,
					      struct sg_table **sgt)
{
	struct dma_buf_attachment *at = dma_buf_attach(buf, dev);

	if (IS_ERR(at))
		return NULL;
	*sgt = dma_buf_map_attachment_unlocked(at, DMA_FROM_DEVICE);
	if (!IS_ERR(*sgt))
		return at;
	dma_buf_detach(buf, at);
	return NULL;
}

static void heap_detach(struct dma_buf *buf, struct dma_buf_attachment *at,
			struct sg_table *sgt)
{
	dma_buf_unmap_attachment_unlocked(at, sgt, DMA_FROM_DEVICE);
	dma_buf_detach(buf, at);
}

/* A job's map of a buffer that is attached, and one with the attach. */
static __same void measure_heap(struct device *dev, struct dma_buf *buf)
{
	struct dma_buf_attachment *at;
	struct sg_table *sgt;

	if (!buf || is_swiotlb_force_bounce(dev))
		return;
	/* The base's heap does not look at the limit. */
	dma_set_max_seg_size(dev, UINT_MAX);
	at = heap_attach(dev, buf, &sgt);
	if (!at)
		return;
	heap_detach(buf, at, sgt);
	MEASURE("heap_first",
		"map", at = heap_attach(dev, buf, &sgt),
		"unmap", heap_detach(buf, at, sgt), false);
	at = heap_attach(dev, buf, &sgt);
	if (!at)
		return;
	MEASURE("heap_again",
		"unmap", dma_buf_unmap_attachment_unlocked(at, sgt,
							   DMA_FROM_DEVICE),
		"map", sgt = dma_buf_map_attachment_unlocked(at,
							     DMA_FROM_DEVICE),
		false);
	heap_detach(buf, at, sgt);
}

static struct dma_buf *heap_buf(void)
{
	struct dma_buf *buf = heap_fd < 0 ? NULL : dma_buf_get(heap_fd);

	return IS_ERR(buf) ? NULL : buf;
}

static void heap_put(struct dma_buf *buf)
{
	if (buf)
		dma_buf_put(buf);
}

MODULE_IMPORT_NS("DMA_BUF");
#else
static void measure_heap(struct device *dev, struct dma_buf *buf)
{
}

static struct dma_buf *heap_buf(void)
{
	return NULL;
}

static void heap_put(struct dma_buf *buf)
{
}
#endif

static struct dma_buf *heap;

static __same void measure(struct device *dev, phys_addr_t mmio,
			   struct page **pages, struct sg_table *sgt1,
			   struct sg_table *sgt16)
{
	void *buf = page_address(pages[0]);
	dma_addr_t addr;

	calibrate();
	MEASURE("map_single",
		"map", addr = dma_map_single(dev, buf, PAGE_SIZE,
					     DMA_FROM_DEVICE),
		"unmap", dma_unmap_single(dev, addr, PAGE_SIZE,
					  DMA_FROM_DEVICE),
		true);
	measure_page(dev, "map_page", pages[0], 0);
	measure_phys(dev, "map_phys", page_to_phys(pages[0]), 0);
	MEASURE("map_sg_1",
		"map", dma_map_sg(dev, sgt1->sgl, 1, DMA_FROM_DEVICE),
		"unmap", dma_unmap_sg(dev, sgt1->sgl, 1, DMA_FROM_DEVICE),
		true);
	MEASURE("map_sg_16",
		"map", dma_map_sg(dev, sgt16->sgl, PAGES, DMA_FROM_DEVICE),
		"unmap", dma_unmap_sg(dev, sgt16->sgl, PAGES, DMA_FROM_DEVICE),
		true);
	measure_sgtable(dev, "map_sgtable_1", sgt1, 0);
	measure_sgtable(dev, "map_sgtable_16", sgt16, 0);
	/* Both kernels refuse it with swiotlb=force. */
	addr = dma_map_resource(dev, mmio, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	if (!dma_mapping_error(dev, addr)) {
		dma_unmap_resource(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
		MEASURE("map_resource",
			"map", addr = dma_map_resource(dev, mmio, PAGE_SIZE,
						       DMA_FROM_DEVICE, 0),
			"unmap", dma_unmap_resource(dev, addr, PAGE_SIZE,
						    DMA_FROM_DEVICE, 0),
			true);
	}
	measure_sync(dev, pages[0]);
	measure_alloc(dev);
	measure_mandatory(dev, pages[0], sgt16);
	measure_memory(dev);
	measure_heap(dev, heap);
}

static const char *backend(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (use_dma_iommu(dev))
		return domain && domain->type == IOMMU_DOMAIN_DMA_FQ ?
		       "iommu-lazy" : "iommu-strict";
	if (get_dma_ops(dev))
		return "ops";
	return is_swiotlb_force_bounce(dev) ? "swiotlb-force" : "direct";
}

static int dma_bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct sg_table sgt1 = { }, sgt16 = { };
	struct page *pages[PAGES] = { };
	struct device *dev = &pdev->dev;
	int i, ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	/* Every other page, so that no two entries are one range. */
	for (i = 0; i < PAGES; i++) {
		pages[i] = alloc_pages(GFP_KERNEL, 1);
		if (!pages[i]) {
			ret = -ENOMEM;
			goto out;
		}
	}
	ret = sg_alloc_table(&sgt1, 1, GFP_KERNEL);
	if (ret)
		goto out;
	ret = sg_alloc_table(&sgt16, PAGES, GFP_KERNEL);
	if (ret)
		goto out;
	sg_set_page(sgt1.sgl, pages[0], PAGE_SIZE, 0);
	for (i = 0; i < PAGES; i++)
		sg_set_page(&sgt16.sgl[i], pages[i], PAGE_SIZE, 0);

	pr_notice("backend %s\n", backend(dev));
	measure(dev, pci_resource_start(pdev, 0), pages, &sgt1, &sgt16);
	pr_notice("finished\n");
out:
	sg_free_table(&sgt16);
	sg_free_table(&sgt1);
	for (i = 0; i < PAGES; i++)
		if (pages[i])
			__free_pages(pages[i], 1);
	return ret;
}

static const struct pci_device_id dma_bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },		/* QEMU's edu */
	{ }
};

static struct pci_driver dma_bench_driver = {
	.name		= "dma_bench",
	.id_table	= dma_bench_ids,
	.probe		= dma_bench_probe,
};

static int __init dma_bench_init(void)
{
	int ret;

	/* A probe may run in another process. */
	heap = heap_buf();
	ret = pci_register_driver(&dma_bench_driver);
	if (ret)
		heap_put(heap);
	return ret;
}
module_init(dma_bench_init);

static void __exit dma_bench_exit(void)
{
	pci_unregister_driver(&dma_bench_driver);
	heap_put(heap);
}
module_exit(dma_bench_exit);

MODULE_DESCRIPTION("Cost of the DMA API's calls");
MODULE_LICENSE("GPL");
