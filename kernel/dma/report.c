// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/dma/contract: the mandatory attributes that each device gets.
 *
 * One row per PCI function, and per platform or AMBA device with a driver.  A
 * platform device without a driver has a DMA mask even if it cannot do DMA.  A row
 * shows the core's decision for a page of memory, see contract.c.
 */
#include <linux/amba/bus.h>
#include <linux/debugfs.h>
#include <linux/device/bus.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/swiotlb.h>
#include "contract.h"
#include "direct.h"

struct report {
	struct seq_file *seq;
	phys_addr_t page;
};

/*
 * While a device is bound to a driver that uses the DMA API, its default domain stays,
 * even if the driver attaches another one.  Otherwise VFIO or a write to sysfs may replace
 * and free the domain at any time.
 */
static bool domain_stays(struct device *dev)
{
	if (!dev->driver)
		return false;
	if (dev_is_pci(dev))
		return !to_pci_driver(dev->driver)->driver_managed_dma;
	if (dev_is_platform(dev))
		return !to_platform_driver(dev->driver)->driver_managed_dma;
	return false;
}

static void iommu_name(struct device *dev, char *name, size_t size)
{
#ifdef CONFIG_IOMMU_DMA
	struct iommu_domain *domain = iommu_get_dma_domain(dev);
	struct device *iommu = dev->iommu->iommu_dev->dev;

	snprintf(name, size, "iommu:%s:%s", iommu ? dev_name(iommu) : "?",
		 domain->type == IOMMU_DOMAIN_DMA_FQ ? "lazy" : "strict");
#endif
}

static void backend_name(struct device *dev, char *name, size_t size)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);

	if (dma_go_direct(dev, *dev->dma_mask, ops))
		strscpy(name, is_swiotlb_force_bounce(dev) ? "swiotlb" :
							     "direct", size);
	else if (!use_dma_iommu(dev))
		snprintf(name, size, "ops:%ps", ops->map_phys);
	else if (domain_stays(dev))
		iommu_name(dev, name, size);
	else
		strscpy(name, "iommu", size);
}

static const char *bounces(struct device *dev, phys_addr_t page)
{
	/* The answer needs the domain, which may be freed: see domain_stays(). */
	if (use_dma_iommu(dev) && !domain_stays(dev))
		return "?";
	if (dma_query_bounces(dev, page, PAGE_SIZE, DMA_BIDIRECTIONAL))
		return "yes";
	if (!use_dma_iommu(dev) && !get_dma_ops(dev) &&
	    dma_addressing_limited(dev))
		return "some";
	return "no";
}

static bool is_granted(struct device *dev, phys_addr_t page, unsigned long attrs)
{
	return !dma_query_phys(dev, page, PAGE_SIZE, DMA_BIDIRECTIONAL, attrs);
}

static int report_device(struct device *dev, void *data)
{
	struct report *report = data;
	char backend[48], max[24] = "any";
	bool coherent = false, barrier = false, known;
	const char *none = "-";
	size_t size;

	/* The lock keeps driver and masks.  A probe may hold it for a long time. */
	if (!device_trylock(dev)) {
		seq_printf(report->seq, "%-20s (busy)\n", dev_name(dev));
		return 0;
	}
	if (!dev->dma_mask || !*dev->dma_mask ||
	    (!dev_is_pci(dev) && !dev->driver))
		goto unlock;

	known = !use_dma_iommu(dev) || domain_stays(dev);
	if (known) {
		coherent = is_granted(dev, report->page,
				      DMA_ATTR_REQUIRE_COHERENT);
		barrier = is_granted(dev, report->page, DMA_ATTR_WRITE_BARRIER);
	} else {
		none = "?";
	}
	size = dma_max_mapping_size(dev);
	if (size != SIZE_MAX)
		snprintf(max, sizeof(max), "%zu", size);
	backend_name(dev, backend, sizeof(backend));

	seq_printf(report->seq, "%-20s %-16s %-24s %#-18llx %-8s %-7s %s%s%s%-*s %s\n",
		   dev_name(dev), dev->driver ? dev->driver->name : "-",
		   backend, *dev->dma_mask,
		   dev_is_dma_coherent(dev) ? "yes" : "no",
		   bounces(dev, report->page),
		   coherent ? "REQUIRE_COHERENT" : "",
		   coherent && barrier ? "|" : "",
		   barrier ? "WRITE_BARRIER" : "",
		   30 - (coherent ? 16 : 0) - (coherent && barrier) -
		   (barrier ? 13 : 0), coherent || barrier ? "" : none, max);
unlock:
	device_unlock(dev);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static int contract_show(struct seq_file *seq, void *unused)
{
	struct report report = { .seq = seq };
	struct page *page = alloc_page(GFP_KERNEL);
	int ret;

	if (!page)
		return -ENOMEM;
	report.page = page_to_phys(page);
	seq_printf(seq, "%-20s %-16s %-24s %-18s %-8s %-7s %-30s %s\n",
		   "device", "driver", "backend", "mask", "coherent", "bounces",
		   "honours", "max-mapping");
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
	__free_page(page);
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
