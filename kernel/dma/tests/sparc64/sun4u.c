// SPDX-License-Identifier: GPL-2.0
/*
 * sun4u: the IOMMU of the host bridge, with QEMU's lsi53c895a behind it.  One table in
 * memory serves all devices of the host bridge.
 */
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <asm/iommu.h>
#include "../conformance/conformance.h"

#define SUN4U_PAGE	SZ_8K
/* Use 512 of the 65536 entries, so that a test can exhaust them. */
#define SUN4U_ROOM	512UL

static unsigned long sun4u_end;

static const char *sun4u_missing(void)
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
	conf_reset_limits(conf);
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

/* Entries that are not in use lead to a page of their own, the dummy page. */
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

static const struct dma_conformance_backend sun4u = {
	.name = "sun4u",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_COUNTS | CONF_EXHAUSTS,
	.missing = sun4u_missing,
	.setup = sun4u_setup,
	.teardown = sun4u_teardown,
	.walk = sun4u_walk,
	.used = sun4u_used,
};

static int __init add_sun4u(void)
{
	dma_conformance_add(&sun4u);
	return 0;
}
conf_initcall(add_sun4u);
