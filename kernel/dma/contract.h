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
unsigned int dma_sgtable_path(struct device *dev, struct sg_table *sgt,
			      enum dma_data_direction dir, unsigned long attrs);

/*
 * The decision for a call that has a mandatory attribute. A refusal is traced.
 * dma_iova_link_refused() is in linux/iommu-dma.h.
 */
bool dma_phys_refused(struct device *dev, phys_addr_t phys, size_t size,
		      enum dma_data_direction dir, unsigned long attrs);
int dma_sg_refused(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs);
void *dma_alloc_mandatory(struct device *dev, size_t size,
			  dma_addr_t *dma_handle, gfp_t gfp,
			  unsigned long attrs);
struct sg_table *
dma_alloc_noncontiguous_mandatory(struct device *dev, size_t size,
				  enum dma_data_direction dir, gfp_t gfp,
				  unsigned long attrs);

/*
 * Is the decision only about the path of the buffer?  It is if a coherent device asks
 * for DMA_ATTR_REQUIRE_COHERENT or DMA_ATTR_MMIO alone, and the range does not wrap.
 */
static __always_inline bool dma_path_decides(struct device *dev, phys_addr_t phys,
					     size_t size, unsigned long attrs)
{
	return !(attrs & DMA_ATTR_MANDATORY &
		 ~(DMA_ATTR_REQUIRE_COHERENT | DMA_ATTR_MMIO)) &&
	       dev_is_dma_coherent(dev) && phys + size > phys;
}

#endif /* _KERNEL_DMA_CONTRACT_H */
