/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In which order a device's writes to memory are seen.
 */
#ifndef _LINUX_DMA_ORDERING_H
#define _LINUX_DMA_ORDERING_H

#include <linux/errno.h>
#include <linux/types.h>

struct device;

/**
 * enum dma_ordering - order of a device's writes on their way to memory
 * @DMA_ORDERING_UNKNOWN: nobody has said: the device is not a PCI function
 *	behind a backend that keeps the order of PCI, and its platform has not
 *	called dma_set_ordering().
 * @DMA_ORDERING_WEAK: a write may be seen before an earlier one, and there is
 *	no barrier: the platform has none, or the device may relax any write.
 * @DMA_ORDERING_WEAK_BARRIER: a write may be seen before an earlier one unless
 *	it goes through a mapping made with %DMA_ATTR_WRITE_BARRIER, or to memory
 *	from dma_alloc_coherent().
 * @DMA_ORDERING_STRONG: every write is seen after all earlier writes of the
 *	device.
 *
 * The order meant is that of the memory which the device writes.  Where that
 * is not the buffer which the CPU reads (a bounce buffer, a non-coherent cache),
 * a sync of the later write's buffer followed by a sync of the earlier one's
 * sees both.
 */
enum dma_ordering {
	DMA_ORDERING_UNKNOWN,
	DMA_ORDERING_WEAK,
	DMA_ORDERING_WEAK_BARRIER,
	DMA_ORDERING_STRONG,
};

#ifdef CONFIG_HAS_DMA
enum dma_ordering dma_get_ordering(struct device *dev);
enum dma_ordering dma_path_ordering(struct device *dev);
int dma_set_ordering(struct device *dev, enum dma_ordering ordering);
int dma_set_strong_writes(struct device *dev, bool strong);
enum dma_ordering dma_pci_ordering(struct device *dev);
int dma_flush_writes(struct device *dev);
int dma_set_flush_writes(struct device *dev, int (*fn)(struct device *dev));
int dma_pci_flush_writes(struct device *dev);
#else
static inline enum dma_ordering dma_get_ordering(struct device *dev)
{
	return DMA_ORDERING_UNKNOWN;
}

static inline enum dma_ordering dma_path_ordering(struct device *dev)
{
	return DMA_ORDERING_UNKNOWN;
}

static inline int dma_set_strong_writes(struct device *dev, bool strong)
{
	return dev ? 0 : -EINVAL;
}

static inline int dma_set_ordering(struct device *dev,
				   enum dma_ordering ordering)
{
	return -EOPNOTSUPP;
}

static inline int dma_flush_writes(struct device *dev)
{
	return dev ? -EOPNOTSUPP : -EINVAL;
}

static inline int dma_set_flush_writes(struct device *dev,
				       int (*fn)(struct device *dev))
{
	return -EOPNOTSUPP;
}
#endif /* CONFIG_HAS_DMA */

#endif /* _LINUX_DMA_ORDERING_H */
