/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What mapping.c and contract.c need of one another.
 */
#ifndef _KERNEL_DMA_CONTRACT_H
#define _KERNEL_DMA_CONTRACT_H

#include <linux/dma-contract.h>
#include "ordering.h"

/* Who carries out a call: the dispatch of mapping.c, by name. */
enum dma_backend {
	DMA_BACKEND_DIRECT,
	DMA_BACKEND_IOMMU,
	DMA_BACKEND_OPS,
};

enum dma_backend dma_map_backend(struct device *dev);
enum dma_backend dma_alloc_backend(struct device *dev);

#endif /* _KERNEL_DMA_CONTRACT_H */
