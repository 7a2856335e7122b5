/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What mapping.c and contract.c need of one another.
 */
#ifndef _KERNEL_DMA_CONTRACT_H
#define _KERNEL_DMA_CONTRACT_H

#include <linux/dma-contract.h>

/* Who carries out a call: the dispatch of mapping.c, by name. */
enum dma_backend {
	DMA_BACKEND_DIRECT,
	DMA_BACKEND_IOMMU,
	DMA_BACKEND_OPS,
};

enum dma_backend dma_map_backend(struct device *dev);
enum dma_backend dma_alloc_backend(struct device *dev);

int dma_refuse_page(struct device *dev, struct page *page, size_t offset,
		    size_t size, enum dma_data_direction dir,
		    unsigned long attrs);
int dma_refuse_sg(struct device *dev, struct scatterlist *sg, int nents,
		  enum dma_data_direction dir, unsigned long attrs);

#endif /* _KERNEL_DMA_CONTRACT_H */
