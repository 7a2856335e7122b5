// SPDX-License-Identifier: GPL-2.0
/*
 * dma-direct with bounce buffers: for every mapping, for memory above the mask of the
 * device, from a pool that grows, and from a restricted pool.
 */
#include <linux/dma-map-ops.h>
#include <linux/memblock.h>
#include <linux/platform_device.h>
#include "conformance.h"

#ifdef CONFIG_SWIOTLB
const char *conf_bounce_pool(void)
{
	size_t most = IO_TLB_SEGSIZE << IO_TLB_SHIFT;
	unsigned int order = get_order(SZ_4M);

	if (most < CONF_BUF_SIZE)
		return "expected skip: a bounce buffer holds less than the pages of the test";
	if (is_swiotlb_allocated())
		return NULL;
	/* All devices would have it until the next boot. */
	if (__is_defined(MODULE))
		return "no bounce pool";
	if (swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL))
		return CONF_FAILED "a bounce pool cannot be made";
	/* As in a pool that was reserved, each page has a reference of its own. */
	split_page(pfn_to_page(PFN_DOWN(default_swiotlb_base())), order);
	return NULL;
}

/* CPUs that bounce at the same time do not wait for one another. */
void conf_expect_areas(struct kunit *test, struct device *dev)
{
	struct io_tlb_pool *pool = &dev->dma_io_tlb_mem->defpool;

	KUNIT_EXPECT_GE(test, pool->nareas,
			min(num_possible_cpus(), pool->nslabs / IO_TLB_SEGSIZE));
}

static int bounce_setup(struct kunit *test, struct conf *conf)
{
	int ret = conf_made_up(test, conf);

	if (ret)
		return ret;
	conf_expect_areas(test, conf->dev);
#ifdef CONFIG_SWIOTLB_DYNAMIC
	/* Its list of pools cannot be copied.  No other device bounces meanwhile. */
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
	conf_made_up_teardown(conf);
}

long conf_slots_used(struct conf *conf)
{
#ifdef CONFIG_DEBUG_FS
	return atomic_long_read(&conf->dev->dma_io_tlb_mem->total_used);
#else
	return 0;
#endif
}
#else
const char *conf_bounce_pool(void)
{
	return "expected skip: no SWIOTLB";
}

#define bounce_setup	conf_made_up
#define bounce_teardown	conf_made_up_teardown
#endif

#define BOUNCE_CLAIMS	(CONF_BOUNCES | CONF_COHERENT | CONF_PAGES | CONF_MMAP | \
			 (IS_ENABLED(CONFIG_DEBUG_FS) ? CONF_COUNTS : 0))
#define BOUNCE_MAX	(IO_TLB_SEGSIZE << IO_TLB_SHIFT)

static const char *fixed_pool(void)
{
	return IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC) ? "expected skip: SWIOTLB_DYNAMIC is set" :
						    conf_bounce_pool();
}

static const struct dma_conformance_backend swiotlb = {
	.name = "swiotlb",
	.claims = BOUNCE_CLAIMS | CONF_EXHAUSTS,
	.max_mapping = BOUNCE_MAX,
	.missing = fixed_pool,
	.setup = bounce_setup,
	.teardown = bounce_teardown,
	.walk = conf_identity,
	.used = conf_slots_used,
	.everywhere = true,
};

static const char *dynamic_pool(void)
{
	if (!IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC))
		return "expected skip: SWIOTLB_DYNAMIC is not set";
	/* bounce_teardown() would clear it for all devices. */
	if (is_swiotlb_force_bounce(&platform_bus))
		return "expected skip: all devices bounce (swiotlb=force)";
	return conf_bounce_pool();
}

static const struct dma_conformance_backend dynamic = {
	.name = "swiotlb-dynamic",
	.claims = BOUNCE_CLAIMS,
	.max_mapping = BOUNCE_MAX,
	.missing = dynamic_pool,
	.setup = bounce_setup,
	.teardown = bounce_teardown,
	.walk = conf_identity,
	.used = conf_slots_used,
};

/* The device reaches 32 bits of the bus: the pool is there, other memory is above. */
static const char *pool_in_reach(void)
{
	return conf_ranges_missing() ?: fixed_pool();
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
		.dma_start = CONF_HIGH_BUS, .size = PFN_PHYS(max_pfn),
	};
#endif
	conf->dev->dma_range_map = conf->ranges;
	/* Coherent memory is not bounced: its mask stays at 64 bits. */
	return dma_set_mask(conf->dev, DMA_BIT_MASK(32));
}

static const struct dma_conformance_backend small_mask = {
	.name = "swiotlb-mask",
	.claims = BOUNCE_CLAIMS | CONF_EXHAUSTS,
	.max_mapping = BOUNCE_MAX,
	.missing = pool_in_reach,
	.setup = small_mask_setup,
	.teardown = bounce_teardown,
	.walk = conf_through_ranges,
	.used = conf_slots_used,
	.everywhere = true,
};

/* Each slot is maintained beside the copy. */
static const char *pool_is_maintained(void)
{
	return conf_no_maintenance() ?: fixed_pool();
}

static const struct dma_conformance_backend noncoherent = {
	.name = "noncoherent-swiotlb",
	.claims = (BOUNCE_CLAIMS & ~CONF_COHERENT) | CONF_EXHAUSTS |
		  CONF_MAINTAINS,
	.max_mapping = BOUNCE_MAX,
	.missing = pool_is_maintained,
	.setup = bounce_setup,
	.teardown = bounce_teardown,
	.walk = conf_identity,
	.used = conf_slots_used,
};

/* The device reaches the pool alone, and coherent memory is allocated from it. */
static const char *restricted_pool(void)
{
	return IS_ENABLED(CONFIG_DMA_RESTRICTED_POOL) ? fixed_pool() :
							"expected skip: no DMA_RESTRICTED_POOL";
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
	.claims = BOUNCE_CLAIMS | CONF_EXHAUSTS | CONF_KEEPS | CONF_KEEPS_PAGES,
	.max_mapping = BOUNCE_MAX,
	.missing = restricted_pool,
	.setup = restricted_setup,
	.teardown = bounce_teardown,
	.walk = in_pool,
	.used = conf_slots_used,
};

static int __init add_bounce(void)
{
	dma_conformance_add(&swiotlb);
	dma_conformance_add(&small_mask);
	dma_conformance_add(&noncoherent);
	dma_conformance_add(&restricted);
	dma_conformance_add(&dynamic);
	return 0;
}
conf_initcall(add_bounce);
