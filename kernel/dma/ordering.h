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

/* Has any of what is asked for to be decided for each buffer? */
static inline bool dma_undecided(const struct device *dev, unsigned long attrs)
{
	static_assert(DMA_ATTR_MANDATORY <= U32_MAX);
	return (u32)attrs & dev->dma_undecided;
}

void dma_settle(struct device *dev, bool settled);

#endif /* _KERNEL_DMA_ORDERING_H */
