/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What mapping.c and contract.c need of one another.
 */
#ifndef _KERNEL_DMA_CONTRACT_H
#define _KERNEL_DMA_CONTRACT_H

#include <linux/dma-contract.h>
#include <linux/memremap.h>
#include "ordering.h"

/* Who carries out a call: the dispatch of mapping.c, by name. */
enum dma_backend {
	DMA_BACKEND_DIRECT,
	DMA_BACKEND_IOMMU,
	DMA_BACKEND_OPS,
};

enum dma_backend dma_map_backend(struct device *dev);
enum dma_backend dma_alloc_backend(struct device *dev);

/*
 * All that is asked for is what the device's writes are anyway: whichever path
 * a buffer takes, there is nothing to refuse but what is not RAM.
 */
static inline bool dma_ordered_anyway(struct device *dev, unsigned long attrs)
{
	return (attrs & (DMA_ATTR_MANDATORY | DMA_ATTR_WEAK_ORDERING)) ==
	       DMA_ATTR_WRITE_BARRIER && dma_orders_all(dev);
}

static inline bool dma_is_ram(struct page *page, size_t size)
{
	return size && !is_pci_p2pdma_page(page);
}

int dma_refuse_sg(struct device *dev, struct scatterlist *sg, int nents,
		  enum dma_data_direction dir, unsigned long attrs);

#endif /* _KERNEL_DMA_CONTRACT_H */
