/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_DMA_ORDERING_H
#define _KERNEL_DMA_ORDERING_H

#include <linux/dma-map-ops.h>
#include <linux/dma-ordering.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>

/* May the device send writes that pass earlier ones, for all that is known? */
static inline bool dma_may_relax(struct device *dev)
{
	/* A VF's enable bit is reserved, and reads as zero. */
	return dev_is_pci(dev) &&
	       READ_ONCE(pci_physfn(to_pci_dev(dev))->relaxed_ordering);
}

/* Do the device's writes to a mapping with DMA_ATTR_WRITE_BARRIER obey its bus? */
static inline bool dma_sends_strong(struct device *dev)
{
	return !dma_may_relax(dev) || READ_ONCE(dev->dma_strong_writes);
}

/* Is dma_get_ordering() strong, and no dma_map_ops to be asked about a buffer? */
static inline bool dma_orders_all(struct device *dev)
{
	enum dma_ordering declared = READ_ONCE(dev->dma_ordering);

	if (get_dma_ops(dev) && !use_dma_iommu(dev))
		return false;
	if (declared == DMA_ORDERING_UNKNOWN)
		return dev_is_pci(dev) && !dma_may_relax(dev);
	return declared == DMA_ORDERING_STRONG && !dma_may_relax(dev);
}

#endif /* _KERNEL_DMA_ORDERING_H */
