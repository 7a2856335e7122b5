// SPDX-License-Identifier: GPL-2.0
/*
 * In which order are a device's writes seen?
 *
 * Three parties can know.  The platform may have declared it for the device
 * with dma_set_ordering(): it knows the path from the bus to memory, so its
 * word is final.  Otherwise the backend answers, because translation hardware
 * may buffer or reorder writes.  dma-direct and dma-iommu do neither, and add
 * nothing to what the bus promises: a PCI function's posted writes do not pass
 * one another (PCI Local Bus Specification 3.0, appendix E; PCI Express Base
 * Specification, "Transaction Ordering").  No other bus promises anything that
 * holds for all its devices.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-ordering.h>
#include <linux/export.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include "ordering.h"

/**
 * dma_pci_ordering - order of a device's writes by the rules of its bus
 * @dev: device that writes
 *
 * For backends whose translation keeps the order in which writes reach it:
 * their ->get_ordering() method.
 *
 * Context: Any.
 * Return: %DMA_ORDERING_STRONG for a PCI function, else %DMA_ORDERING_UNKNOWN.
 */
enum dma_ordering dma_pci_ordering(struct device *dev)
{
	return dev_is_pci(dev) ? DMA_ORDERING_STRONG : DMA_ORDERING_UNKNOWN;
}
EXPORT_SYMBOL_GPL(dma_pci_ordering);

/* From the device's bus to memory, whatever the device sends. */
enum dma_ordering dma_path_ordering(struct device *dev)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);
	enum dma_ordering declared = READ_ONCE(dev->dma_ordering);

	if (declared != DMA_ORDERING_UNKNOWN)
		return declared;
	if (!ops || use_dma_iommu(dev))
		return dma_pci_ordering(dev);
	if (ops->get_ordering)
		return ops->get_ordering(dev);
	return DMA_ORDERING_UNKNOWN;
}

/**
 * dma_get_ordering - in which order are the writes of a device seen?
 * @dev: device that writes
 *
 * The answer holds for mappings without %DMA_ATTR_WEAK_ORDERING.
 *
 * Context: Any, IRQ and a suspended device included: no hardware is touched.
 * Return: one of &enum dma_ordering.
 */
enum dma_ordering dma_get_ordering(struct device *dev)
{
	return dma_path_ordering(dev);
}
EXPORT_SYMBOL_GPL(dma_get_ordering);

/**
 * dma_set_ordering - declare in which order the writes of a device are seen
 * @dev: device that writes
 * @ordering: order on the device's path to memory, or %DMA_ORDERING_UNKNOWN to
 *	take an earlier declaration back
 *
 * For platform and bus code that knows the whole path from the device to
 * memory, before a driver is bound to the device.  Not for drivers.
 *
 * Context: Any.
 * Return: 0, or -EINVAL if @ordering is not one of &enum dma_ordering.
 */
int dma_set_ordering(struct device *dev, enum dma_ordering ordering)
{
	if ((unsigned int)ordering > DMA_ORDERING_STRONG)
		return -EINVAL;
	WRITE_ONCE(dev->dma_ordering, ordering);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_set_ordering);
