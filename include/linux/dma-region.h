/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that several devices and the CPU share, see kernel/dma/region.c and
 * Documentation/core-api/dma-region.rst.
 */
#ifndef _LINUX_DMA_REGION_H
#define _LINUX_DMA_REGION_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>

struct device;
struct sg_table;

/**
 * struct dma_region - memory that belongs to no device
 *
 * All members are private.
 */
struct dma_region {
	/* private: */
	const struct sg_table *memory;	/* fixed */
	struct mutex lock;		/* protects what follows */
	struct list_head bindings;	/* struct dma_region_binding */
	unsigned int readers;		/* CPU accesses that are open, and read */
	unsigned int writers;		/* CPU accesses that are open, and write */
};

void dma_region_init(struct dma_region *region, const struct sg_table *memory);
void dma_region_destroy(struct dma_region *region);

struct sg_table *dma_region_bind(struct dma_region *region, struct device *dev,
				 enum dma_data_direction dir,
				 unsigned long attrs);
void dma_region_unbind(struct dma_region *region, struct sg_table *sgt);

int dma_region_begin_cpu_access(struct dma_region *region,
				enum dma_data_direction dir);
int dma_region_end_cpu_access(struct dma_region *region,
			      enum dma_data_direction dir);

#endif /* _LINUX_DMA_REGION_H */
