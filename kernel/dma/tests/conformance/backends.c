// SPDX-License-Identifier: GPL-2.0
/*
 * The backends that the conformance suite knows, one descriptor each, and the way
 * their hardware takes to memory.  The ways are not the kernel's own functions but
 * what the hardware does: identity, the ranges that the test gave, a table walk.
 */
#include <kunit/device.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-model.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/memblock.h>
#include <linux/pci.h>
#if defined(CONFIG_PPC64) || defined(CONFIG_DMA_SPARC64_KUNIT_TEST)
#include <asm/iommu.h>
#endif
#include "conformance.h"

/* Devices that are made up: dma-direct, with or without a bounce pool. */

/* With swiotlb=force, too, there are devices that do not bounce. */
static void do_not_force(struct conf *conf)
{
#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
	if (is_swiotlb_force_bounce(conf->dev)) {
		conf->pool = *conf->dev->dma_io_tlb_mem;
		conf->pool.force_bounce = false;
		conf->dev->dma_io_tlb_mem = &conf->pool;
	}
#endif
}

static int made_up(struct kunit *test, struct conf *conf)
{
	conf->dev = kunit_device_register(test, "dma-conformance");
	if (IS_ERR(conf->dev))
		return PTR_ERR(conf->dev);
	conf->dev->dma_mask = &conf->mask;
	conf->dev->dma_parms = &conf->limits;
	dma_set_max_seg_size(conf->dev, CONF_MAX_SEGMENT);
	do_not_force(conf);
#if defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU_ALL)
	conf->dev->dma_coherent = conf->be->claims & CONF_COHERENT;
#endif
	return dma_set_mask_and_coherent(conf->dev, DMA_BIT_MASK(64));
}

static void made_up_teardown(struct conf *conf)
{
	conf->dev->dma_range_map = NULL;
	conf->dev->dma_mask = NULL;
	conf->dev->dma_parms = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(conf->dev);
#endif
}

static phys_addr_t identity(struct conf *conf, dma_addr_t addr)
{
	return addr;
}

static const char *nothing(void)
{
	return NULL;
}

static const struct dma_conformance_backend direct = {
	.name = "direct",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_RESOURCES,
	.missing = nothing,
	.setup = made_up,
	.teardown = made_up_teardown,
	.walk = identity,
};

static const char *cache_maintenance(void)
{
	if (!IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) ||
	    IS_ENABLED(CONFIG_X86))
		return "every device of this architecture is coherent";
	return NULL;
}

static const struct dma_conformance_backend noncoherent = {
	.name = "noncoherent",
	.claims = CONF_PAGES | CONF_MMAP | CONF_RESOURCES,
	.missing = cache_maintenance,
	.setup = made_up,
	.teardown = made_up_teardown,
	.walk = identity,
};

/*
 * Two ranges: memory up to the end of the buffer's block high up on the bus, what is
 * above it from 0 on.  So the highest bus address is not that of the last page.
 */
#define OFFSET_HIGH	BIT_ULL(36)

static const char *generic_phys_to_dma(void)
{
	return IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA) ?
		"the architecture has a phys_to_dma() without ranges" : NULL;
}

static int offset_setup(struct kunit *test, struct conf *conf)
{
	u64 block = (u64)PAGE_SIZE << MAX_PAGE_ORDER, end = PFN_PHYS(max_pfn);
	u64 split = ALIGN(virt_to_phys(conf->buf) + CONF_BUF_SIZE, block);
	int ret = made_up(test, conf);

	if (ret)
		return ret;
	conf->ranges[0] = (struct bus_dma_region) {
		.dma_start = OFFSET_HIGH, .size = split,
	};
	if (split < end)
		conf->ranges[1] = (struct bus_dma_region) {
			.cpu_start = split, .size = end - split,
		};
	conf->dev->dma_range_map = conf->ranges;
	return 0;
}

static phys_addr_t through_ranges(struct conf *conf, dma_addr_t addr)
{
	struct bus_dma_region *r;

	for (r = conf->ranges; r->size; r++)
		if (addr >= r->dma_start && addr - r->dma_start < r->size)
			return r->cpu_start + (addr - r->dma_start);
	return CONF_NOWHERE;
}

static const struct dma_conformance_backend offset = {
	.name = "offset",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_RESOURCES,
	.missing = generic_phys_to_dma,
	.setup = offset_setup,
	.teardown = made_up_teardown,
	.walk = through_ranges,
};

/* Bounce buffers */

#ifdef CONFIG_SWIOTLB
static const char *bounce_pool(void)
{
	unsigned int order = get_order(SZ_4M);

	if (is_swiotlb_allocated())
		return NULL;
	if (swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL))
		return "no memory for a bounce pool";
	/* Pages of a pool that was reserved have a reference each. */
	split_page(pfn_to_page(PFN_DOWN(default_swiotlb_base())), order);
	return NULL;
}

static int bounce_setup(struct kunit *test, struct conf *conf)
{
	int ret = made_up(test, conf);

	if (ret)
		return ret;
#ifdef CONFIG_SWIOTLB_DYNAMIC
	/* Its list of pools cannot be copied, but no other device bounces. */
	conf->dev->dma_io_tlb_mem->force_bounce = true;
#else
	if (conf->dev->dma_io_tlb_mem != &conf->pool)
		conf->pool = *conf->dev->dma_io_tlb_mem;
#ifdef CONFIG_DEBUG_FS
	atomic_long_set(&conf->pool.total_used, 0);
#endif
	conf->pool.force_bounce = true;
	conf->dev->dma_io_tlb_mem = &conf->pool;
#endif
	return 0;
}

static void bounce_teardown(struct conf *conf)
{
	conf->dev->dma_io_tlb_mem->force_bounce = false;
	made_up_teardown(conf);
}

static long slots_used(struct conf *conf)
{
#ifdef CONFIG_DEBUG_FS
	return atomic_long_read(&conf->dev->dma_io_tlb_mem->total_used);
#else
	return 0;
#endif
}
#else
static const char *bounce_pool(void)
{
	return "no SWIOTLB";
}

#define bounce_setup	made_up
#define bounce_teardown	made_up_teardown
#define slots_used	NULL
#endif

#define BOUNCE_CLAIMS	(CONF_BOUNCES | CONF_COHERENT | CONF_PAGES | CONF_MMAP | \
			 CONF_RESOURCES | (IS_ENABLED(CONFIG_DEBUG_FS) ? CONF_COUNTS : 0))

static const char *fixed_pool(void)
{
	size_t most = IO_TLB_SEGSIZE << IO_TLB_SHIFT;

	if (most < CONF_BUF_SIZE)
		return "a bounce buffer holds less than the pages of the test";
	return IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC) ? "SWIOTLB_DYNAMIC is set" :
						    bounce_pool();
}

static const struct dma_conformance_backend swiotlb = {
	.name = "swiotlb",
	.claims = BOUNCE_CLAIMS | CONF_EXHAUSTS,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.missing = fixed_pool,
	.setup = bounce_setup,
	.teardown = bounce_teardown,
	.walk = identity,
	.used = slots_used,
};

static const char *dynamic_pool(void)
{
	return IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC) ? bounce_pool() :
						    "SWIOTLB_DYNAMIC is not set";
}

static const struct dma_conformance_backend dynamic = {
	.name = "swiotlb-dynamic",
	.claims = BOUNCE_CLAIMS,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.missing = dynamic_pool,
	.setup = bounce_setup,
	.teardown = bounce_teardown,
	.walk = identity,
	.used = slots_used,
};

/* The device reaches 32 bits: the pool is there, all other memory is above. */
static const char *pool_in_reach(void)
{
	return generic_phys_to_dma() ?: fixed_pool();
}

static int small_mask_setup(struct kunit *test, struct conf *conf)
{
	int ret = bounce_setup(test, conf);

	if (ret)
		return ret;
#ifdef CONFIG_SWIOTLB
	conf->pool.force_bounce = false;
	conf->ranges[0] = (struct bus_dma_region) {
		.cpu_start = conf->pool.defpool.start,
		.dma_start = SZ_1M,
		.size = conf->pool.defpool.end - conf->pool.defpool.start,
	};
	conf->ranges[1] = (struct bus_dma_region) {
		.dma_start = OFFSET_HIGH, .size = PFN_PHYS(max_pfn),
	};
#endif
	conf->dev->dma_range_map = conf->ranges;
	/* Coherent memory is not bounced. */
	return dma_set_mask(conf->dev, DMA_BIT_MASK(32));
}

static const struct dma_conformance_backend small_mask = {
	.name = "swiotlb-mask",
	.claims = BOUNCE_CLAIMS | CONF_EXHAUSTS,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.missing = pool_in_reach,
	.setup = small_mask_setup,
	.teardown = bounce_teardown,
	.walk = through_ranges,
	.used = slots_used,
};

/* Nothing but the pool is in reach, and coherent memory comes from it. */
static const char *restricted_pool(void)
{
	return IS_ENABLED(CONFIG_DMA_RESTRICTED_POOL) ? fixed_pool() :
							"no DMA_RESTRICTED_POOL";
}

static int restricted_setup(struct kunit *test, struct conf *conf)
{
	int ret = bounce_setup(test, conf);

#ifdef CONFIG_DMA_RESTRICTED_POOL
	conf->pool.for_alloc = true;
#endif
	return ret;
}

static phys_addr_t in_pool(struct conf *conf, dma_addr_t addr)
{
#ifdef CONFIG_SWIOTLB
	if (addr >= conf->pool.defpool.start && addr < conf->pool.defpool.end)
		return addr;
#endif
	return CONF_NOWHERE;
}

static const struct dma_conformance_backend restricted = {
	.name = "restricted",
	.claims = BOUNCE_CLAIMS | CONF_EXHAUSTS | CONF_KEEPS,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.missing = restricted_pool,
	.setup = restricted_setup,
	.teardown = bounce_teardown,
	.walk = in_pool,
	.used = slots_used,
};

/* The IOMMU that the machine has for the edu device */

static const char *iommu(void)
{
	if (conf_edu_missing())
		return conf_edu_missing();
	return use_dma_iommu(conf_edu) ? NULL : "no IOMMU for the edu device";
}

static phys_addr_t io_page_table(struct conf *conf, dma_addr_t addr)
{
#ifdef CONFIG_IOMMU_API
	return iommu_iova_to_phys(iommu_get_domain_for_dev(conf->dev), addr) ?:
	       CONF_NOWHERE;
#else
	return CONF_NOWHERE;
#endif
}

static const struct dma_conformance_backend dma_iommu = {
	.name = "iommu",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_PAGES | CONF_MMAP |
		  CONF_RESOURCES | CONF_EXHAUSTS,
	.ordering = DMA_ORDERING_STRONG,
	.narrow = 22,
	.missing = iommu,
	.setup = conf_edu_setup,
	.teardown = conf_edu_teardown,
	.walk = io_page_table,
};

/* Not trusted: what does not fill its pages is bounced, and so is every list. */
#if defined(CONFIG_PCI) && defined(CONFIG_SWIOTLB)
static const char *untrusted_iommu(void)
{
	return iommu() ?: bounce_pool();
}

static int untrusted_setup(struct kunit *test, struct conf *conf)
{
	to_pci_dev(conf_edu)->untrusted = true;
	return conf_edu_setup(test, conf);
}

static void untrusted_teardown(struct conf *conf)
{
	conf_edu_teardown(conf);
	to_pci_dev(conf_edu)->untrusted = false;
}
#else
static const char *untrusted_iommu(void)
{
	return "no PCI, or no SWIOTLB";
}

#define untrusted_setup		conf_edu_setup
#define untrusted_teardown	conf_edu_teardown
#endif

static const struct dma_conformance_backend untrusted = {
	.name = "iommu-untrusted",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_PAGES | CONF_MMAP |
		  CONF_RESOURCES | CONF_EXHAUSTS | CONF_HIDES,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.ordering = DMA_ORDERING_STRONG,
	.narrow = 22,
	.missing = untrusted_iommu,
	.setup = untrusted_setup,
	.teardown = untrusted_teardown,
	.walk = io_page_table,
	.used = slots_used,
};

#ifdef CONFIG_PPC64
static const char *tces(void)
{
	if (conf_edu_missing())
		return conf_edu_missing();
	return get_dma_ops(conf_edu) == &dma_iommu_ops ?
		NULL : "no TCEs for the edu device";
}

/* A window on all memory, for devices with a mask of 64 bits. */
static const char *direct_window(void)
{
	if (tces())
		return tces();
	if (dma_set_mask(conf_edu, DMA_BIT_MASK(64)) ||
	    !conf_edu->dma_ops_bypass)
		return "no direct window for the edu device";
	return NULL;
}

static int ddw_setup(struct kunit *test, struct conf *conf)
{
	conf->dev = conf_edu;
	return dma_set_mask_and_coherent(conf_edu, DMA_BIT_MASK(64));
}

static phys_addr_t in_direct_window(struct conf *conf, dma_addr_t addr)
{
	return addr < conf->dev->archdata.dma_offset ? CONF_NOWHERE :
		addr - conf->dev->archdata.dma_offset;
}

static long tces_used(struct conf *conf)
{
	struct iommu_table *tbl = get_iommu_table_base(conf->dev);

	return bitmap_weight(tbl->it_map, tbl->it_size);
}

static phys_addr_t tce(struct conf *conf, dma_addr_t addr)
{
	struct iommu_table *tbl = get_iommu_table_base(conf->dev);
	unsigned long mask = IOMMU_PAGE_SIZE(tbl) - 1;
	unsigned long entry = tbl->it_ops->get(tbl, addr >> tbl->it_page_shift);

	return entry & mask ? (entry & ~mask) | (addr & mask) : CONF_NOWHERE;
}

/* A table that runs out of room in the hypervisor. */
static struct iommu_table_ops failing_ops;
static const struct iommu_table_ops *real_ops;
static int steps;

static int failing_set(struct iommu_table *tbl, long index, long npages,
		       unsigned long uaddr, enum dma_data_direction dir,
		       unsigned long attrs)
{
	return steps-- ? real_ops->set(tbl, index, npages, uaddr, dir, attrs) :
			 -ENOMEM;
}

static void tce_fail(struct conf *conf, int n)
{
	struct iommu_table *tbl = get_iommu_table_base(conf->dev);

	if (n < 0) {
		tbl->it_ops = (void *)real_ops;
		return;
	}
	real_ops = tbl->it_ops;
	failing_ops = *real_ops;
	failing_ops.set = failing_set;
	steps = n;
	tbl->it_ops = &failing_ops;
}
#else
static const char *tces(void)
{
	return "no PowerPC";
}

#define tce_fail	NULL

#define tces_used	NULL
#define tce		identity

static const char *direct_window(void)
{
	return "no PowerPC";
}

#define ddw_setup		conf_edu_setup
#define in_direct_window	identity
#endif

static const struct dma_conformance_backend power_tce = {
	.name = "tce",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_COUNTS | CONF_PAGES |
		  CONF_MMAP | CONF_EXHAUSTS,
	.ordering = DMA_ORDERING_STRONG,
	.narrow = 24,
	.missing = tces,
	.setup = conf_edu_setup,
	.teardown = conf_edu_teardown,
	.walk = tce,
	.fail = tce_fail,
	.used = tces_used,
};

static const struct dma_conformance_backend power_ddw = {
	.name = "ddw",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP,
	.ordering = DMA_ORDERING_STRONG,
	.missing = direct_window,
	.setup = ddw_setup,
	.teardown = conf_edu_teardown,
	.walk = in_direct_window,
};

/* The IOMMU of sun4u: one table in memory for all of the host bridge's devices. */
#ifdef CONFIG_DMA_SPARC64_KUNIT_TEST
#define SUN4U_PAGE	SZ_8K
#define SUN4U_ROOM	512UL	/* of its 65536 entries, or it would never run out */

static unsigned long sun4u_end;

static const char *sun4u_iommu(void)
{
	if (tlb_type == hypervisor)
		return "sun4v";
	return conf_lsi_missing();
}

static int sun4u_setup(struct kunit *test, struct conf *conf)
{
	int ret = conf_lsi_setup(test, conf);
	struct iommu *iommu;

	if (ret)
		return ret;
	iommu = conf->dev->archdata.iommu;
	sun4u_end = iommu->tbl.pools[0].end;
	iommu->tbl.pools[0].end = SUN4U_ROOM;
	return 0;
}

static void sun4u_teardown(struct conf *conf)
{
	struct iommu *iommu = conf->dev->archdata.iommu;

	iommu->tbl.pools[0].end = sun4u_end;
	conf_edu_teardown(conf);
}

static unsigned long sun4u_entries(struct iommu *iommu)
{
	return iommu->tbl.poolsize * iommu->tbl.nr_pools;
}

static long sun4u_used(struct conf *conf)
{
	struct iommu *iommu = conf->dev->archdata.iommu;

	return bitmap_weight(iommu->tbl.map, sun4u_entries(iommu));
}

/* What is not mapped is mapped to a page that nobody uses. */
static phys_addr_t sun4u_walk(struct conf *conf, dma_addr_t addr)
{
	struct iommu *iommu = conf->dev->archdata.iommu;
	u64 index = (addr - iommu->tbl.table_map_base) / SUN4U_PAGE;
	unsigned long entry;

	if (addr < iommu->tbl.table_map_base || index >= sun4u_entries(iommu))
		return CONF_NOWHERE;
	entry = iopte_val(iommu->page_table[index]);
	if (!(entry & IOPTE_VALID) ||
	    (entry & IOPTE_PAGE) == iommu->dummy_page_pa)
		return CONF_NOWHERE;
	return (entry & IOPTE_PAGE) | (addr & (SUN4U_PAGE - 1));
}
#else
static const char *sun4u_iommu(void)
{
	return "no sun4u";
}

#define sun4u_setup	NULL
#define sun4u_teardown	NULL
#define sun4u_used	NULL
#define sun4u_walk	NULL
#endif

static const struct dma_conformance_backend sun4u = {
	.name = "sun4u",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_COUNTS | CONF_EXHAUSTS,
	.ordering = DMA_ORDERING_STRONG,
	.missing = sun4u_iommu,
	.setup = sun4u_setup,
	.teardown = sun4u_teardown,
	.walk = sun4u_walk,
	.used = sun4u_used,
};

/* Model hardware */

#ifdef CONFIG_DMA_MODEL
struct model {
	struct dma_conformance_backend be;
	unsigned int features;		/* DMA_MODEL_* */
};

static int model_setup(struct kunit *test, struct conf *conf)
{
	const struct dma_model_params params = {
		.features = container_of(conf->be, struct model, be)->features,
	};
	int ret = made_up(test, conf) ?: dma_model_attach(conf->dev, &params);

	return ret ?: dma_set_mask_and_coherent(conf->dev, DMA_BIT_MASK(64));
}

static void model_teardown(struct conf *conf)
{
	dma_model_detach(conf->dev);
	made_up_teardown(conf);
}

static int model_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len)
{
	dma_model_flush_iotlb(conf->dev);
	return dma_model_read(conf->dev, addr, buf, len);
}

static int model_write(struct conf *conf, dma_addr_t addr, const void *buf,
		       size_t len)
{
	dma_model_flush_iotlb(conf->dev);
	return dma_model_write(conf->dev, addr, buf, len) ?:
	       dma_flush_writes(conf->dev);
}

static phys_addr_t model_walk(struct conf *conf, dma_addr_t addr)
{
	return dma_model_walk(conf->dev, addr);
}

static void model_fail(struct conf *conf, int n)
{
	dma_model_fail(conf->dev, n < 0 ? 0 : n + 1);
}

static long model_used(struct conf *conf)
{
	struct dma_model_stats stats;

	dma_model_get_stats(conf->dev, &stats);
	return stats.maps + stats.slots + stats.iommu_pages - stats.iommu_stale;
}

#define A_MODEL(_var, _name, _features, _claims, _max, _ordering)		\
static const struct model _var = {					\
	.features = _features,						\
	.be = {								\
		.name = _name,						\
		.claims = CONF_TRANSLATES | CONF_COUNTS | CONF_PAGES |	\
			  CONF_MMAP | (_claims),			\
		.max_mapping = _max,					\
		.ordering = _ordering,					\
		.missing = nothing,					\
		.setup = model_setup,					\
		.teardown = model_teardown,				\
		.walk = model_walk,					\
		.read = model_read,					\
		.write = model_write,					\
		.fail = model_fail,					\
		.used = model_used,					\
		.everywhere = true,					\
	},								\
}

#define MODEL_IOMMU_MAX		(255 * PAGE_SIZE)
#define MODEL_BOUNCE_MAX	(32 * PAGE_SIZE)

/* With a cache, too, the device works on a copy. */
A_MODEL(model_cache, "model-cache", DMA_MODEL_CACHE,
	CONF_BOUNCES | CONF_RESOURCES, 0, DMA_ORDERING_STRONG);
A_MODEL(model_reorder, "model-reorder", DMA_MODEL_REORDER,
	CONF_COHERENT | CONF_RESOURCES, 0, DMA_ORDERING_WEAK_BARRIER);
A_MODEL(model_offset, "model-offset", DMA_MODEL_OFFSET, CONF_COHERENT, 0,
	DMA_ORDERING_STRONG);
A_MODEL(model_iommu, "model-iommu", DMA_MODEL_IOMMU,
	CONF_COHERENT | CONF_EXHAUSTS | CONF_RESOURCES, MODEL_IOMMU_MAX,
	DMA_ORDERING_STRONG);
A_MODEL(model_bounce, "model-bounce", DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL,
	CONF_BOUNCES | CONF_EXHAUSTS | CONF_RESOURCES | CONF_KEEPS,
	MODEL_BOUNCE_MAX, DMA_ORDERING_STRONG);
A_MODEL(model_lazy, "model-cache-iommu", DMA_MODEL_CACHE | DMA_MODEL_REORDER |
	DMA_MODEL_IOMMU | DMA_MODEL_LAZY | DMA_MODEL_OFFSET,
	CONF_BOUNCES | CONF_EXHAUSTS, MODEL_IOMMU_MAX, DMA_ORDERING_WEAK_BARRIER);
A_MODEL(model_all, "model-all", DMA_MODEL_CACHE | DMA_MODEL_REORDER |
	DMA_MODEL_IOMMU | DMA_MODEL_LAZY | DMA_MODEL_BOUNCE |
	DMA_MODEL_BOUNCE_ALL | DMA_MODEL_OFFSET,
	CONF_BOUNCES | CONF_EXHAUSTS | CONF_KEEPS, MODEL_BOUNCE_MAX,
	DMA_ORDERING_WEAK_BARRIER);
#endif

const struct dma_conformance_backend *const conf_backends[] = {
	&direct, &noncoherent, &offset, &swiotlb, &small_mask, &restricted,
	&dynamic, &dma_iommu, &untrusted, &power_tce, &power_ddw, &sun4u,
#ifdef CONFIG_DMA_MODEL
	&model_cache.be, &model_reorder.be, &model_offset.be, &model_iommu.be,
	&model_bounce.be, &model_lazy.be, &model_all.be,
#endif
#ifdef CONFIG_SGI_SN_KUNIT_TEST
	&conf_sn[0], &conf_sn[1], &conf_sn[2], &conf_sn[3], &conf_sn[4],
	&conf_sn[5],
#endif
	NULL
};

/* The bus master */

/* By 4 KiB: no translation here has smaller pages, some have larger. */
static int walk(struct conf *conf, dma_addr_t addr, u8 *buf, size_t len,
		bool write)
{
	phys_addr_t phys;
	size_t n;
	u8 *p;

	for (; len; len -= n, buf += n, addr += n) {
		n = min(len, SZ_4K - (size_t)(addr & (SZ_4K - 1)));
		phys = conf->be->walk(conf, addr);
		if (phys == CONF_NOWHERE || !pfn_valid(PHYS_PFN(phys)))
			return -EFAULT;
		p = kmap_local_pfn(PHYS_PFN(phys));
		if (write)
			memcpy(p + offset_in_page(phys), buf, n);
		else
			memcpy(buf, p + offset_in_page(phys), n);
		kunmap_local(p);
	}
	return 0;
}

int conf_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len)
{
	if (conf->be->read)
		return conf->be->read(conf, addr, buf, len);
	return walk(conf, addr, buf, len, false);
}

int conf_write(struct conf *conf, dma_addr_t addr, const void *buf, size_t len)
{
	if (conf->be->write)
		return conf->be->write(conf, addr, buf, len);
	return walk(conf, addr, (u8 *)buf, len, true);
}

/* Above all memory, or what QEMU's device has. */
phys_addr_t conf_resource(struct conf *conf, bool far)
{
	if (far)
		return BIT_ULL(37);
	if (dev_is_pci(conf->dev))
		return pci_resource_start(to_pci_dev(conf->dev), 0);
	return (phys_addr_t)roundup_pow_of_two(max_pfn) * PAGE_SIZE + SZ_1M;
}

long conf_used(struct conf *conf)
{
	return conf->be->used ? conf->be->used(conf) : 0;
}
