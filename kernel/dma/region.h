/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of a region share, see region.c.
 */
#ifndef _KERNEL_DMA_REGION_H
#define _KERNEL_DMA_REGION_H

#include <linux/dma-region.h>
#include <linux/scatterlist.h>

/**
 * struct dma_region_binding - a device that has a region mapped
 * @sgt: the list, within the limits of @dev
 * @node: in one of the lists of &struct dma_region
 * @dev: the device
 * @dir: what the device does
 * @map_dir: what @sgt is mapped for
 * @bounces: the device works on a bounce buffer
 * @idle: it is mapped, and nobody uses it, see region_keep.c
 * @gone: the driver has gone
 * @keep: the device resource that ends it with the driver
 *
 * @dev, @dir, @map_dir and @bounces are fixed, &dma_region.lock protects the others,
 * but for @keep: see region_keep.c.
 */
struct dma_region_binding {
	struct sg_table sgt;
	struct list_head node;
	struct device *dev;
	enum dma_data_direction dir;
	enum dma_data_direction map_dir;
	bool bounces, idle, gone;
	struct dma_region_keep *keep;
};

static inline bool dma_region_device_writes(const struct dma_region_binding *b)
{
	return b->dir != DMA_TO_DEVICE;
}

/* region.c */
void dma_region_to_cpu(struct dma_region *region, struct dma_region_binding *b);

/* region_memory.c */
bool dma_region_movable(const struct dma_region *region);
int dma_region_check_aliases(const struct dma_region *region);
int dma_region_alloc_list(struct list_head *pages, size_t size, gfp_t gfp,
			  unsigned int *nr);
void dma_region_free_list(struct list_head *pages);

/* region_move.c */
bool dma_region_move(struct dma_region *region, struct device *dev,
		     enum dma_data_direction dir);

/* region_keep.c */
struct sg_table *dma_region_bind_kept(struct dma_region *region,
				      struct device *dev,
				      enum dma_data_direction dir);
void dma_region_drop_idle(struct dma_region *region);
void dma_region_unmanage(struct dma_region_binding *b);
void dma_region_reap(struct dma_region *region, struct device *dev);

#endif /* _KERNEL_DMA_REGION_H */
