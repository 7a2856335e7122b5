// SPDX-License-Identifier: GPL-2.0
/*
 * PowerPC: the TCE table that pseries has for QEMU's edu device, and the window on
 * all memory that a device with a mask of 64 bits gets.
 */
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <asm/iommu.h>
#include "conformance.h"

static const char *tces_missing(void)
{
	if (conf_edu_missing())
		return conf_edu_missing();
	return get_dma_ops(conf_edu) == &dma_iommu_ops ?
		NULL : "no TCEs for the edu device";
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
	unsigned long nr = addr >> tbl->it_page_shift, entry;

	if (nr - tbl->it_offset >= tbl->it_size)
		return CONF_NOWHERE;
	entry = tbl->it_ops->get(tbl, nr);
	return entry & mask ? (entry & ~mask) | (addr & mask) : CONF_NOWHERE;
}

/* Let a call of the table's ->set() fail, as if the hypervisor had no memory left. */
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

static const struct dma_conformance_backend tces = {
	.name = "tce",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_COUNTS | CONF_PAGES |
		  CONF_MMAP | CONF_EXHAUSTS,
	.narrow = 24,
	.missing = tces_missing,
	.setup = conf_edu_setup,
	.teardown = conf_edu_teardown,
	.walk = tce,
	.fail = tce_fail,
	.used = tces_used,
};

static const char *direct_window_missing(void)
{
	if (tces_missing())
		return tces_missing();
	if (dma_set_mask(conf_edu, DMA_BIT_MASK(64)) ||
	    !dev_dma_ops_bypass(conf_edu))
		return "no direct window for the edu device";
	return NULL;
}

static int direct_window_setup(struct kunit *test, struct conf *conf)
{
	conf->dev = conf_edu;
	return dma_set_mask_and_coherent(conf_edu, DMA_BIT_MASK(64));
}

static phys_addr_t in_direct_window(struct conf *conf, dma_addr_t addr)
{
	dma_addr_t window = conf->dev->archdata.dma_offset;

	/* What the window cannot hold, or the mask does not reach, is in the table. */
	return addr < window ? tce(conf, addr) : addr - window;
}

static const struct dma_conformance_backend direct_window = {
	.name = "ddw",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP,
	.missing = direct_window_missing,
	.setup = direct_window_setup,
	.teardown = conf_edu_teardown,
	.walk = in_direct_window,
};

static int __init add_powerpc(void)
{
	/* First: there is no window any more for a device that asked for a small one. */
	dma_conformance_add(&direct_window);
	dma_conformance_add(&tces);
	return 0;
}
conf_initcall(add_powerpc);
