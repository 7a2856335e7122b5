// SPDX-License-Identifier: GPL-2.0
/*
 * sparc64: a device without dma_map_ops of its own has those of the machine's IOMMU,
 * but a device that a test makes up has no IOMMU.  In kernels with tests, set the ops
 * of each device behind the IOMMU, and drop the default.
 */
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

static int own_ops(struct device *dev, void *ops)
{
	if (dev->archdata.iommu && !dev->dma_ops)
		set_dma_ops(dev, ops);
	return 0;
}

static int __init no_ops_by_default(void)
{
	bus_for_each_dev(&platform_bus_type, NULL, (void *)dma_ops, own_ops);
	bus_for_each_dev(&pci_bus_type, NULL, (void *)dma_ops, own_ops);
	dma_ops = NULL;
	return 0;
}
late_initcall_sync(no_ops_by_default);
