// SPDX-License-Identifier: GPL-2.0
/*
 * In which order are a device's writes seen?
 *
 * The path from the device's bus to memory is one half of the answer.  Three
 * parties can know it.  The platform may have declared it for the device with
 * dma_set_ordering(): its word is final.  Otherwise the backend answers, because
 * translation hardware may buffer or reorder writes.  dma-direct and dma-iommu
 * do neither, and add nothing to what the bus promises: a PCI function's posted
 * writes do not pass one another (PCI Local Bus Specification 3.0, appendix E;
 * PCI Express Base Specification, "Transaction Ordering").  No other bus
 * promises anything that holds for all its devices.
 *
 * The other half is what the device sends.  PCI-X and PCI Express have an
 * attribute, Relaxed Ordering, that takes a write out of that promise: it may
 * pass the writes before it.  An enable bit lets a function set it; in which
 * writes it then does is its own affair, and only its driver can know.
 */
#include <linux/export.h>
#include <linux/minmax.h>
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

/**
 * dma_path_ordering - does the path from a device to memory keep writes in order?
 * @dev: device that writes
 *
 * Of writes as the bus orders them by default, whatever the device sends.  For
 * those who tell a platform that cannot do better from a device that could; a
 * driver wants dma_get_ordering().
 *
 * Context: Any, IRQ and a suspended device included: no hardware is touched.
 * Return: one of &enum dma_ordering.
 */
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
EXPORT_SYMBOL_GPL(dma_path_ordering);

/**
 * dma_get_ordering - in which order are the writes of a device seen?
 * @dev: device that writes
 *
 * The answer holds for mappings without %DMA_ATTR_WEAK_ORDERING.  It is that of
 * dma_path_ordering() unless the device is a PCI function that has Relaxed
 * Ordering enabled (a VF: its PF).  Such a function's writes are weak, with
 * the barrier if its driver has called dma_set_strong_writes().
 *
 * Context: Any, IRQ and a suspended device included: no hardware is touched.
 * Return: one of &enum dma_ordering.
 */
enum dma_ordering dma_get_ordering(struct device *dev)
{
	enum dma_ordering path = dma_path_ordering(dev);

	if (!dma_may_relax(dev))
		return path;
	return min(path, READ_ONCE(dev->dma_strong_writes) ?
			 DMA_ORDERING_WEAK_BARRIER : DMA_ORDERING_WEAK);
}
EXPORT_SYMBOL_GPL(dma_get_ordering);

/**
 * dma_set_strong_writes - declare that a device writes in order where asked to
 * @dev: device that the calling driver is bound to
 * @strong: true if the device never sets the Relaxed Ordering attribute in a
 *	write to a mapping that was made with %DMA_ATTR_WRITE_BARRIER, false to
 *	take that back
 *
 * For drivers that know which writes of their device are relaxed: most adapters
 * relax those of data and never those of completions, interrupts and indices.
 * Without a declaration nothing is known of a device that has Relaxed Ordering
 * enabled, so %DMA_ATTR_WRITE_BARRIER is refused.  Of a device that has not, it
 * changes nothing.
 *
 * Valid until the driver is unbound.
 *
 * Context: Any.  Mappings that have been made stay as they are.
 * Return: 0, or -EINVAL if @dev is NULL.
 */
int dma_set_strong_writes(struct device *dev, bool strong)
{
	if (!dev)
		return -EINVAL;
	WRITE_ONCE(dev->dma_strong_writes, strong);
	dma_order_changed(dev);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_set_strong_writes);

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
	dma_order_changed(dev);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_set_ordering);
