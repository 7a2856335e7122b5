// SPDX-License-Identifier: GPL-2.0
/*
 * dma-iommu: the IOMMU that the machine has for QEMU's edu device, with the device
 * trusted and not.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include "conformance.h"

static const char *iommu_missing(void)
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
		  CONF_RESOURCES | CONF_IOVA | CONF_EXHAUSTS,
	.narrow = 22,
	.missing = iommu_missing,
	.setup = conf_edu_setup,
	.teardown = conf_edu_teardown,
	.walk = io_page_table,
};

/*
 * For an untrusted device, dma-iommu bounces what does not fill its pages, and every
 * list with such an entry.
 */
#if defined(CONFIG_PCI) && defined(CONFIG_SWIOTLB)
static const char *untrusted_missing(void)
{
	return iommu_missing() ?: conf_bounce_pool();
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
static const char *untrusted_missing(void)
{
	return "no PCI, or no SWIOTLB";
}

#define untrusted_setup		conf_edu_setup
#define untrusted_teardown	conf_edu_teardown
#endif

static const struct dma_conformance_backend untrusted = {
	.name = "iommu-untrusted",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_PAGES | CONF_MMAP |
		  CONF_RESOURCES | CONF_IOVA | CONF_EXHAUSTS | CONF_HIDES,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.narrow = 22,
	.missing = untrusted_missing,
	.setup = untrusted_setup,
	.teardown = untrusted_teardown,
	.walk = io_page_table,
	.used = conf_slots_used,
};

static int __init add_iommu(void)
{
	dma_conformance_add(&dma_iommu);
	dma_conformance_add(&untrusted);
	return 0;
}
core_initcall(add_iommu);
