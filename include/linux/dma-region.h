/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that several devices and the CPU share, see kernel/dma/region.c and
 * Documentation/core-api/dma-region.rst.
 */
#ifndef _LINUX_DMA_REGION_H
#define _LINUX_DMA_REGION_H

#include <linux/dma-direction.h>
#include <linux/gfp_types.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct address_space;
struct device;
struct sg_table;
struct vm_area_struct;

/**
 * struct dma_region - memory that belongs to no device
 *
 * All members are private.
 */
struct dma_region {
	/* private: */
	struct phys_vec *vec;		/* the memory; @lock if it can move */
	unsigned int nr;		/* number of entries of @vec; as that */
	size_t size;			/* bytes, fixed */
	unsigned long attrs;		/* DMA_ATTR_CC_SHARED or 0, fixed */
	gfp_t gfp;			/* of dma_region_alloc(), fixed */
	void (*release)(struct dma_region *region); /* fixed */
	struct mutex lock;		/* protects what follows */
	struct list_head bindings;	/* struct dma_region_binding, in use */
	struct list_head idle;		/* those that are kept */
	struct list_head ended;		/* those that were */
	unsigned int readers;		/* CPU accesses that are open, and read */
	unsigned int writers;		/* CPU accesses that are open, and write */
	unsigned int vmaps;		/* users of @vaddr */
	void *vaddr;			/* mapping for the kernel */
	struct address_space *mapping;	/* of those for user space */
};

/* Memory: region_memory.c */
struct dma_region *dma_region_alloc(size_t size, gfp_t gfp, unsigned long attrs);
void dma_region_init(struct dma_region *region, struct phys_vec *vec,
		     unsigned int nr,
		     void (*release)(struct dma_region *region));
void dma_region_free(struct dma_region *region);

int dma_region_mmap(struct dma_region *region, struct vm_area_struct *vma);
int dma_region_vmap(struct dma_region *region, struct iosys_map *map);
void dma_region_vunmap(struct dma_region *region, struct iosys_map *map);

/* Bindings and the owner: region.c */
struct sg_table *dma_region_bind(struct dma_region *region, struct device *dev,
				 enum dma_data_direction dir);
void dma_region_unbind(struct dma_region *region, struct sg_table *sgt);
void dma_region_keep(struct dma_region *region, struct sg_table *sgt);
void dma_region_forget(struct dma_region *region, struct device *dev);

int dma_region_begin_cpu_access(struct dma_region *region,
				enum dma_data_direction dir);
int dma_region_end_cpu_access(struct dma_region *region,
			      enum dma_data_direction dir);

#endif /* _LINUX_DMA_REGION_H */
