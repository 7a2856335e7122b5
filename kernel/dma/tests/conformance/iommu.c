// SPDX-License-Identifier: GPL-2.0
/*
 * dma-iommu: the IOMMU that the machine has for QEMU's edu device, with the device
 * trusted and not.
 *
 * In use are the pages of I/O addresses that are neither free nor kept for later, and
 * the bounce slots.
 */
#include <linux/delay.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/iova.h>
#include <linux/pci.h>
#include "conformance.h"

static const char *iommu_missing(void)
{
	if (!IS_ENABLED(CONFIG_IOMMU_DMA))
		return "expected skip: no dma-iommu";
	if (conf_edu_missing())
		return conf_edu_missing();
	return use_dma_iommu(conf_edu) ? NULL : "no IOMMU for the edu device";
}

phys_addr_t conf_io_page_table(struct conf *conf, dma_addr_t addr)
{
#ifdef CONFIG_IOMMU_API
	return iommu_iova_to_phys(iommu_get_domain_for_dev(conf->dev), addr) ?:
	       CONF_NOWHERE;
#else
	return CONF_NOWHERE;
#endif
}

#ifdef CONFIG_IOMMU_DMA
/* How many pages of I/O addresses the device has taken, and others that are reserved. */
static long iovas_used(struct conf *conf)
{
	struct iova_domain *iovad = iommu_dma_iova_domain(conf->dev);
	unsigned long flags, limit = iovad->dma_32bit_pfn;
	struct rb_node *node;
	struct iova *iova;
	long used = 0;

	/* A lazy domain gives addresses back after 10 ms. */
	if (iommu_get_domain_for_dev(conf->dev)->type == IOMMU_DOMAIN_DMA_FQ)
		msleep(20);
	/*
	 * All 32 bits of addresses at once are never free, because page 0 is reserved.
	 * Who does not get them takes addresses from the caches of all CPUs first.
	 */
	WARN_ON(alloc_iova_fast(iovad, limit, limit - 1, true));
	spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
	for (node = rb_first(&iovad->rbroot); node; node = rb_next(node)) {
		iova = rb_entry(node, struct iova, node);
		if (iova != &iovad->anchor)
			used += iova_size(iova);
	}
	spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
	return used;
}
#else
#define iovas_used	NULL
#endif

static const struct dma_conformance_backend dma_iommu = {
	.name = "iommu",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_COUNTS | CONF_PAGES |
		  CONF_MMAP | CONF_RESOURCES | CONF_IOVA | CONF_EXHAUSTS,
	.narrow = 22,
	.missing = iommu_missing,
	.setup = conf_edu_setup,
	.teardown = conf_edu_teardown,
	.walk = conf_io_page_table,
	.used = iovas_used,
};

/*
 * For an untrusted device, dma-iommu bounces what does not fill its pages, and every
 * list with such an entry.
 */
#if defined(CONFIG_PCI) && defined(CONFIG_SWIOTLB) && defined(CONFIG_IOMMU_DMA)
static const char *untrusted_missing(void)
{
	return iommu_missing() ?: conf_bounce_pool();
}

static int untrusted_setup(struct kunit *test, struct conf *conf)
{
	int ret = conf_edu_setup(test, conf);

	conf->was_untrusted = to_pci_dev(conf_edu)->untrusted;
	conf_expect_areas(test, conf_edu);
	if (!ret)
		to_pci_dev(conf_edu)->untrusted = true;
	return ret;
}

static void untrusted_teardown(struct conf *conf)
{
	conf_edu_teardown(conf);
	to_pci_dev(conf_edu)->untrusted = conf->was_untrusted;
}

static long untrusted_used(struct conf *conf)
{
	return iovas_used(conf) + conf_slots_used(conf);
}
#else
static const char *untrusted_missing(void)
{
	return "expected skip: no PCI, no SWIOTLB, or no IOMMU";
}

#define untrusted_setup		conf_edu_setup
#define untrusted_teardown	conf_edu_teardown
#define untrusted_used		NULL
#endif

static const struct dma_conformance_backend untrusted = {
	.name = "iommu-untrusted",
	.claims = CONF_TRANSLATES | CONF_COHERENT | CONF_COUNTS | CONF_PAGES |
		  CONF_MMAP | CONF_RESOURCES | CONF_IOVA | CONF_EXHAUSTS |
		  CONF_HIDES,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.narrow = 22,
	.missing = untrusted_missing,
	.setup = untrusted_setup,
	.teardown = untrusted_teardown,
	.walk = conf_io_page_table,
	.used = untrusted_used,
};

/*
 * The edu device does not snoop.  QEMU's does, so that its own transfers would see
 * more than they should: the walk alone is of use.
 */
static const char *iommu_maintenance_missing(void)
{
	return conf_no_maintenance() ?: iommu_missing();
}

static int set_up_noncoherent(struct kunit *test, struct conf *conf,
			      int (*setup)(struct kunit *, struct conf *))
{
	int ret;

	conf->was_coherent = dev_is_dma_coherent(conf_edu);
	dev_assign_dma_coherent(conf_edu, false);
	ret = setup(test, conf);
	if (ret)
		dev_assign_dma_coherent(conf_edu, conf->was_coherent);
	return ret;
}

static int noncoherent_setup(struct kunit *test, struct conf *conf)
{
	return set_up_noncoherent(test, conf, conf_edu_setup);
}

static void noncoherent_teardown(struct conf *conf)
{
	conf_edu_teardown(conf);
	dev_assign_dma_coherent(conf_edu, conf->was_coherent);
}

static const struct dma_conformance_backend noncoherent = {
	.name = "noncoherent-iommu",
	.claims = CONF_TRANSLATES | CONF_COUNTS | CONF_PAGES | CONF_MMAP |
		  CONF_RESOURCES | CONF_IOVA | CONF_EXHAUSTS | CONF_MAINTAINS,
	.narrow = 22,
	.missing = iommu_maintenance_missing,
	.setup = noncoherent_setup,
	.teardown = noncoherent_teardown,
	.walk = conf_io_page_table,
	.used = iovas_used,
};

static const char *untrusted_maintenance_missing(void)
{
	return conf_no_maintenance() ?: untrusted_missing();
}

static int untrusted_noncoherent_setup(struct kunit *test, struct conf *conf)
{
	return set_up_noncoherent(test, conf, untrusted_setup);
}

static void untrusted_noncoherent_teardown(struct conf *conf)
{
	untrusted_teardown(conf);
	dev_assign_dma_coherent(conf_edu, conf->was_coherent);
}

static const struct dma_conformance_backend untrusted_noncoherent = {
	.name = "noncoherent-untrusted",
	.claims = CONF_TRANSLATES | CONF_COUNTS | CONF_PAGES | CONF_MMAP |
		  CONF_RESOURCES | CONF_IOVA | CONF_EXHAUSTS | CONF_HIDES |
		  CONF_MAINTAINS,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.narrow = 22,
	.missing = untrusted_maintenance_missing,
	.setup = untrusted_noncoherent_setup,
	.teardown = untrusted_noncoherent_teardown,
	.walk = conf_io_page_table,
	.used = untrusted_used,
};

static int __init add_iommu(void)
{
	dma_conformance_add(&dma_iommu);
	dma_conformance_add(&untrusted);
	dma_conformance_add(&noncoherent);
	dma_conformance_add(&untrusted_noncoherent);
	return 0;
}
conf_initcall(add_iommu);
