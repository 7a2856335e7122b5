/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the model hardware need of one another.  Each part is a
 * mechanism that knows nothing of the others; model.c and ops.c compose them.
 *
 * Locks, from the outside in: a fabric's, a model's, that of the shadows.
 */
#ifndef _KERNEL_DMA_MODEL_H
#define _KERNEL_DMA_MODEL_H

#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-model.h>
#include <linux/list.h>
#include <linux/prandom.h>
#include <linux/spinlock.h>

#define MODEL_NOWHERE	((phys_addr_t)-1)
#define MODEL_FAULTS	64	/* kept for dma_model_next_fault() */

#define MAP_CACHED	BIT(0)	/* device and CPU have a copy each */
#define MAP_BOUNCED	BIT(1)	/* the device works on a copy of @orig */
#define MAP_BARRIER	BIT(2)	/* writes land after all earlier ones */
#define MAP_ALLOC	BIT(3)	/* memory of ours, coherent */
#define MAP_PAGES	BIT(4)	/* memory of ours, to be synced */
#define MAP_MMIO	BIT(5)	/* no memory */

/* A mapping of @size bytes, or one entry of a list. */
struct model_map {
	struct list_head list;
	phys_addr_t phys;	/* what the device gets at: buffer or slot */
	phys_addr_t orig;	/* the buffer behind a slot */
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
	unsigned int flags;	/* MAP_* */
};

/**
 * struct dma_model - a device on a model
 * @ops: what the device has as dma_map_ops; that is how the model is found
 * @dev: the device
 * @params: as given, with the defaults filled in
 * @window: where the bounce slots are on the bus
 * @ranges: where memory is
 * @fabric: with REORDER
 * @bounce: with BOUNCE
 * @iommu: with IOMMU
 * @old_ops: of @dev, to be restored
 * @old_mask: likewise
 * @old_limits: likewise
 * @limits: for a device that has none
 * @lock: protects everything below, @bounce and @iommu
 * @rnd: what all random choices but those of the fabric are made with
 * @maps: struct model_map, newest first
 * @nr_maps: how many
 * @fail: fail the step that counts it down to 0
 * @faults: the latest faults, at their number modulo MODEL_FAULTS
 * @nr_faults: how many there have been
 * @next_fault: number of the first that nobody has read
 */
struct dma_model {
	const struct dma_map_ops ops;
	struct device *dev;
	struct dma_model_params params;
	struct bus_dma_region window[2];
	struct bus_dma_region ranges[3];
	struct dma_fabric *fabric;
	struct model_bounce *bounce;
	struct model_iommu *iommu;
	const struct dma_map_ops *old_ops;
	u64 *old_mask;
	struct device_dma_parameters *old_limits;
	struct device_dma_parameters limits;

	spinlock_t lock;	/* protects what is below */
	struct rnd_state rnd;
	struct list_head maps;
	unsigned int nr_maps;
	int fail;
	struct dma_model_fault faults[MODEL_FAULTS];
	unsigned int nr_faults, next_fault;
};

/* model.c */
void model_fault(struct dma_model *m, enum dma_model_fault_reason reason,
		 bool write, u64 addr, size_t len);

/* ops.c */
extern const struct dma_model model_blank;
struct dma_model *model_of(struct device *dev);
void model_unmap_leaked(struct dma_model *m, struct model_map *map);

/* fabric.c; the function is called with the fabric's lock held, IRQs off. */
typedef void (*model_land_t)(void *ctx, phys_addr_t phys, const void *buf,
			     size_t len);
struct dma_fabric *model_fabric_create(u64 seed, unsigned int paths,
				       model_land_t land, void *ctx);

/* ram.c: the CPU's view of memory. */
void model_ram_read(phys_addr_t phys, void *buf, size_t len);
void model_ram_write(phys_addr_t phys, const void *buf, size_t len);
void model_ram_copy(phys_addr_t to, phys_addr_t from, size_t len);

/* cache.c: the device's view where it is not the CPU's. */
int model_cache_get(phys_addr_t phys, size_t size);
void model_cache_put(phys_addr_t phys, size_t size);
void model_cache_map(phys_addr_t phys, size_t size,
		     enum dma_data_direction dir);
void model_cache_for_device(phys_addr_t phys, size_t size,
			    enum dma_data_direction dir);
void model_cache_for_cpu(phys_addr_t phys, size_t size,
			 enum dma_data_direction dir);
void model_cache_disturb(phys_addr_t phys, size_t size, struct rnd_state *rnd);
void model_cache_read(phys_addr_t phys, void *buf, size_t len);
void model_cache_write(phys_addr_t phys, const void *buf, size_t len);

/* iommu.c; the caller serialises. */
struct model_iommu *model_iommu_create(dma_addr_t base, unsigned int pages,
				       bool lazy);
void model_iommu_destroy(struct model_iommu *mmu);
dma_addr_t model_iommu_alloc(struct model_iommu *mmu, unsigned int pages,
			     u64 mask, unsigned long align_mask,
			     unsigned long boundary, struct rnd_state *rnd);
void model_iommu_map(struct model_iommu *mmu, dma_addr_t iova, dma_addr_t bus,
		     unsigned int pages, enum dma_data_direction dir);
void model_iommu_unmap(struct model_iommu *mmu, dma_addr_t iova,
		       unsigned int pages);
void model_iommu_flush(struct model_iommu *mmu);
bool model_iommu_walk(struct model_iommu *mmu, dma_addr_t iova,
		      dma_addr_t *bus);
enum dma_model_fault_reason model_iommu_access(struct model_iommu *mmu,
					       dma_addr_t iova, bool write,
					       dma_addr_t *bus);
void model_iommu_count(struct model_iommu *mmu, struct dma_model_stats *stats);

/* bounce.c; the caller serialises. */
struct model_bounce *model_bounce_create(unsigned int slots);
void model_bounce_destroy(struct model_bounce *b);
phys_addr_t model_bounce_alloc(struct model_bounce *b, size_t size,
			       size_t offset, unsigned long align,
			       unsigned long boundary, struct rnd_state *rnd);
void model_bounce_free(struct model_bounce *b, phys_addr_t phys, size_t size);
struct bus_dma_region model_bounce_window(struct model_bounce *b);
unsigned int model_bounce_used(struct model_bounce *b);

/* range.c: physical addresses and those of the bus. */
dma_addr_t model_range_to_bus(const struct bus_dma_region *r, phys_addr_t phys,
			      size_t size);
phys_addr_t model_range_to_phys(const struct bus_dma_region *r,
				dma_addr_t bus);
u64 model_range_required_mask(const struct bus_dma_region *r);
void model_range_swap_halves(struct bus_dma_region *r);

#endif /* _KERNEL_DMA_MODEL_H */
