// SPDX-License-Identifier: GPL-2.0
/*
 * dma-direct: devices that the suite makes up, with and without cache maintenance and
 * with an offset between physical and bus addresses.
 *
 * The walks do what the hardware does and call no function of dma-direct.
 */
#include <kunit/device.h>
#include <linux/dma-map-ops.h>
#include <linux/memblock.h>
#include "conformance.h"

/* A device that does not bounce, even with swiotlb=force. */
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

int conf_made_up(struct kunit *test, struct conf *conf)
{
	conf->dev = kunit_device_register(test, "dma-conformance");
	if (IS_ERR(conf->dev))
		return PTR_ERR(conf->dev);
	conf->dev->dma_mask = &conf->mask;
	conf->dev->dma_parms = &conf->limits;
	dma_set_max_seg_size(conf->dev, CONF_MAX_SEGMENT);
	do_not_force(conf);
	dev_assign_dma_coherent(conf->dev, conf->be->claims & CONF_COHERENT);
	return dma_set_mask_and_coherent(conf->dev, DMA_BIT_MASK(64));
}

void conf_made_up_teardown(struct conf *conf)
{
	conf->dev->dma_range_map = NULL;
	conf->dev->dma_mask = NULL;
	conf->dev->dma_parms = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(conf->dev);
#endif
}

phys_addr_t conf_identity(struct conf *conf, dma_addr_t addr)
{
	return addr;
}

const char *conf_nothing_missing(void)
{
	return NULL;
}

static const struct dma_conformance_backend direct = {
	.name = "direct",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_RESOURCES |
		  CONF_TELLS_SYNC,
	.missing = conf_nothing_missing,
	.setup = conf_made_up,
	.teardown = conf_made_up_teardown,
	.walk = conf_identity,
	.everywhere = true,
};

const char *conf_no_maintenance(void)
{
	if (!IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) ||
	    IS_ENABLED(CONFIG_X86))
		return "expected skip: every device of this architecture is coherent";
	return NULL;
}

static const struct dma_conformance_backend noncoherent = {
	.name = "noncoherent",
	.claims = CONF_PAGES | CONF_MMAP | CONF_RESOURCES | CONF_MAINTAINS,
	.missing = conf_no_maintenance,
	.setup = conf_made_up,
	.teardown = conf_made_up_teardown,
	.walk = conf_identity,
};

/*
 * Two ranges: memory up to the end of the block that contains the buffer is high up
 * on the bus, memory above it begins at bus address 0.  So the highest bus address
 * is not that of the last page.
 */
const char *conf_ranges_missing(void)
{
	if (!CONF_HIGH_BUS)
		return "expected skip: bus addresses have 32 bits";
	return IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA) ?
		"expected skip: the architecture has a phys_to_dma() without ranges" : NULL;
}

static int offset_setup(struct kunit *test, struct conf *conf)
{
	u64 block = (u64)PAGE_SIZE << MAX_PAGE_ORDER, end = PFN_PHYS(max_pfn);
	u64 split = ALIGN(virt_to_phys(conf->buf) + CONF_BUF_SIZE, block);
	int ret = conf_made_up(test, conf);

	if (ret)
		return ret;
	conf->ranges[0] = (struct bus_dma_region) {
		.dma_start = CONF_HIGH_BUS, .size = split,
	};
	if (split < end)
		conf->ranges[1] = (struct bus_dma_region) {
			.cpu_start = split, .size = end - split,
		};
	conf->dev->dma_range_map = conf->ranges;
	return 0;
}

phys_addr_t conf_through_ranges(struct conf *conf, dma_addr_t addr)
{
	const struct bus_dma_region *r = conf->dev->dma_range_map;

	if (!r)
		return addr;
	for (; r->size; r++)
		if (addr >= r->dma_start && addr - r->dma_start < r->size)
			return r->cpu_start + (addr - r->dma_start);
	return CONF_NOWHERE;
}

static const struct dma_conformance_backend offset = {
	.name = "offset",
	/* A resource is in none of its ranges. */
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_TELLS_SYNC,
	.missing = conf_ranges_missing,
	.setup = offset_setup,
	.teardown = conf_made_up_teardown,
	.walk = conf_through_ranges,
	.everywhere = true,
};

static int __init add_direct(void)
{
	dma_conformance_add(&direct);
	dma_conformance_add(&noncoherent);
	dma_conformance_add(&offset);
	return 0;
}
conf_initcall(add_direct);
