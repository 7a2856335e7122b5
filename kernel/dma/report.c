// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/dma/contract: what each DMA-capable device can rely on.
 *
 * One row per PCI function, and per platform or AMBA device with a driver: a
 * platform device without one has a DMA mask whether it can do DMA or not.
 * All of a row comes from the calls that the device's driver would make.
 */
#include <linux/amba/bus.h>
#include <linux/debugfs.h>
#include <linux/device/bus.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/swiotlb.h>
#include "contract.h"

struct report {
	struct seq_file *seq;
	struct page *page;
};

static const char * const ordering_names[] = {
	[DMA_ORDERING_UNKNOWN]		= "unknown",
	[DMA_ORDERING_WEAK]		= "weak",
	[DMA_ORDERING_WEAK_BARRIER]	= "weak+barrier",
	[DMA_ORDERING_STRONG]		= "strong",
};

static void backend_name(struct device *dev, char *name, size_t size)
{
	switch (dma_map_backend(dev)) {
	case DMA_BACKEND_DIRECT:
		strscpy(name, is_swiotlb_force_bounce(dev) ? "swiotlb" :
							     "direct", size);
		break;
#ifdef CONFIG_IOMMU_DMA
	case DMA_BACKEND_IOMMU: {
		struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
		struct device *iommu = dev->iommu->iommu_dev->dev;

		snprintf(name, size, "iommu:%s:%s",
			 iommu ? dev_name(iommu) : "?",
			 domain->type == IOMMU_DOMAIN_DMA_FQ ? "lazy" :
							       "strict");
		break;
	}
#endif
	default:
		snprintf(name, size, "ops:%ps", get_dma_ops(dev)->map_page);
	}
}

static const char *bounces(struct device *dev, const struct dma_query *query)
{
	if (query->bounce)
		return "yes";
	if (dma_map_backend(dev) == DMA_BACKEND_DIRECT &&
	    dma_addressing_limited(dev))
		return "some";
	return "no";
}

static int report_device(struct device *dev, void *data)
{
	struct report *report = data;
	struct dma_query query = { };
	char backend[48], max[24] = "any", honours[40] = "-";
	bool coherent, barrier;
	size_t size;
	int ret = 0;

	/* Keeps the driver, and with it the domain and the masks. */
	device_lock(dev);
	if (!dev->dma_mask || !*dev->dma_mask ||
	    (!dev_is_pci(dev) && !dev->driver))
		goto unlock;

	dma_query_page(dev, report->page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL, 0,
		       &query);
	coherent = !dma_query_page(dev, report->page, 0, PAGE_SIZE,
				   DMA_BIDIRECTIONAL,
				   DMA_ATTR_REQUIRE_COHERENT, NULL);
	barrier = !dma_query_page(dev, report->page, 0, PAGE_SIZE,
				  DMA_BIDIRECTIONAL, DMA_ATTR_WRITE_BARRIER,
				  NULL);
	if (coherent || barrier)
		snprintf(honours, sizeof(honours), "%s%s%s",
			 coherent ? "REQUIRE_COHERENT" : "",
			 coherent && barrier ? "|" : "",
			 barrier ? "WRITE_BARRIER" : "");
	size = dma_max_mapping_size(dev);
	if (size != SIZE_MAX)
		snprintf(max, sizeof(max), "%zu", size);
	backend_name(dev, backend, sizeof(backend));

	seq_printf(report->seq, "%-20s %-16s %-24s %#-18llx %-8s %-7s %-12s %-30s %s\n",
		   dev_name(dev), dev->driver ? dev->driver->name : "-",
		   backend, *dev->dma_mask,
		   dev_is_dma_coherent(dev) ? "yes" : "no",
		   bounces(dev, &query), ordering_names[query.ordering],
		   honours, max);
	if (fatal_signal_pending(current))
		ret = -EINTR;
unlock:
	device_unlock(dev);
	return ret;
}

static int contract_show(struct seq_file *seq, void *unused)
{
	struct report report = {
		.seq = seq,
		.page = alloc_page(GFP_KERNEL),
	};
	int ret;

	if (!report.page)
		return -ENOMEM;
	seq_printf(seq, "%-20s %-16s %-24s %-18s %-8s %-7s %-12s %-30s %s\n",
		   "device", "driver", "backend", "mask", "coherent", "bounces",
		   "ordering", "honours", "max-mapping");
	ret = bus_for_each_dev(&platform_bus_type, NULL, &report,
			       report_device);
#ifdef CONFIG_ARM_AMBA
	if (!ret)
		ret = bus_for_each_dev(&amba_bustype, NULL, &report,
				       report_device);
#endif
#ifdef CONFIG_PCI
	if (!ret)
		ret = bus_for_each_dev(&pci_bus_type, NULL, &report,
				       report_device);
#endif
	__free_page(report.page);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(contract);

static int __init contract_report_init(void)
{
	debugfs_create_file("contract", 0400, debugfs_create_dir("dma", NULL),
			    NULL, &contract_fops);
	return 0;
}
late_initcall(contract_report_init);
