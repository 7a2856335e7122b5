/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mandatory DMA attributes: the decision, see contract.c.
 */
#ifndef _KERNEL_DMA_CONTRACT_H
#define _KERNEL_DMA_CONTRACT_H

#include <linux/dma-map-ops.h>
#include <linux/iommu-dma.h>

/* ordering.c */
bool dma_writes_ordered(struct device *dev);

/* The decision without the map. Nothing is traced. */
int dma_query_phys(struct device *dev, phys_addr_t phys, size_t size,
		   enum dma_data_direction dir, unsigned long attrs);
int dma_query_sg(struct device *dev, struct scatterlist *sg, int nents,
		 enum dma_data_direction dir, unsigned long attrs);
int dma_query_alloc(struct device *dev, size_t size, unsigned long attrs);
bool dma_query_bounces(struct device *dev, phys_addr_t phys, size_t size,
		       enum dma_data_direction dir);

/*
 * The decision for a call that has a mandatory attribute. A refusal is traced.
 * dma_phys_refused() and dma_iova_link_refused() are in linux/iommu-dma.h.
 */
int dma_sg_refused(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs);
bool dma_alloc_refused(struct device *dev, size_t size, gfp_t gfp,
		       unsigned long attrs);
bool dma_noncontiguous_refused(struct device *dev, size_t size,
			       enum dma_data_direction dir, gfp_t gfp,
			       unsigned long attrs);

#endif /* _KERNEL_DMA_CONTRACT_H */
