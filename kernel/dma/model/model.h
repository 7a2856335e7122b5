/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private interface of the model hardware.  Each part (bounce.c, cache.c,
 * fabric.c, iommu.c, ram.c, range.c, weak.c) models one mechanism and calls no
 * other part but ram.c.  model.c and ops.c combine them.  pci.c puts PCI functions on
 * models.
 *
 * Lock order: players_lock of model.c, fabric, model, shadow_lock of cache.c or
 * weak_lock of weak.c.
 */
#ifndef _KERNEL_DMA_MODEL_H
#define _KERNEL_DMA_MODEL_H

#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-model.h>
#include <linux/list.h>
#include <linux/prandom.h>
#include <linux/spinlock.h>

#define MODEL_FEATURES	GENMASK(8, 0)	/* all DMA_MODEL_* */
#define MODEL_NOWHERE	((phys_addr_t)-1)
#define MODEL_FAULTS	64	/* kept for dma_model_next_fault() */

/* What a barrier orders. */
#define MODEL_LOADS	BIT(0)
#define MODEL_STORES	BIT(1)

#define MAP_CACHED	BIT(0)	/* device and CPU have a copy each */
#define MAP_BOUNCED	BIT(1)	/* the device works on a copy of @orig */
#define MAP_BARRIER	BIT(2)	/* a write lands after all earlier writes */
#define MAP_ALLOC	BIT(3)	/* from dma_alloc_attrs() */
#define MAP_PAGES	BIT(4)	/* from dma_alloc_pages() */
#define MAP_MMIO	BIT(5)	/* not memory */
#define MAP_WEAK	BIT(6)	/* only barriers order the CPU's accesses */

/* A mapping of @size bytes, one entry of a scatterlist, or an allocation. */
struct model_map {
	struct list_head list;
	phys_addr_t phys;	/* what the device accesses: buffer or slot */
	phys_addr_t orig;	/* if MAP_BOUNCED: the buffer */
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
	unsigned int flags;	/* MAP_* */
};

/**
 * struct dma_model - a device on a model
 * @player: in the list of models with DMA_MODEL_WEAK_CPU
 * @ops: dma_map_ops of the device; model_of() finds the model through it
 * @dev: the device
 * @params: parameters of the model, with the defaults filled in
 * @window: bus addresses of the bounce slots
 * @ranges: bus addresses of memory, unless @params has ranges
 * @fabric: interconnect; NULL without DMA_MODEL_REORDER
 * @bounce: bounce slots; NULL without DMA_MODEL_BOUNCE
 * @iommu: IOMMU; NULL without DMA_MODEL_IOMMU
 * @old_ops: dma_map_ops of @dev, restored by dma_model_detach()
 * @old_mask: dma_mask of @dev, restored likewise
 * @old_limits: dma_parms of @dev, restored likewise
 * @old_coherent: dma_coherent flag of @dev, restored likewise
 * @limits: dma_parms of a device that had none
 * @no_master: @dev is a PCI function of pci.c, and must not access memory
 * @lock: protects all members below, @bounce and @iommu
 * @rnd: random numbers for all choices but those of @fabric
 * @maps: list of struct model_map, newest first
 * @nr_maps: length of @maps
 * @fail: the step that counts this down to 0 fails
 * @faults: the latest faults, each at its number modulo MODEL_FAULTS
 * @nr_faults: number of faults so far
 * @next_fault: number of the first fault that has not been read
 */
struct dma_model {
	struct list_head player;
	const struct dma_map_ops ops;
	struct device *dev;
	struct dma_model_params params;
	struct bus_dma_region window[2];
	struct bus_dma_region ranges[3];
	struct model_fabric *fabric;
	struct model_bounce *bounce;
	struct model_iommu *iommu;
	const struct dma_map_ops *old_ops;
	u64 *old_mask;
	struct device_dma_parameters *old_limits;
	bool old_coherent;
	struct device_dma_parameters limits;
	bool no_master;

	spinlock_t lock;	/* protects what is below */
	struct rnd_state rnd;
	struct list_head maps;
	unsigned int nr_maps;
	int fail;
	struct dma_model_fault faults[MODEL_FAULTS];
	unsigned int nr_faults, next_fault;
};

/* Are all features known, and none without the one that it needs? */
static inline bool model_features_valid(unsigned int f)
{
	return !(f & ~MODEL_FEATURES) &&
	       (f & DMA_MODEL_REORDER || !(f & DMA_MODEL_NO_BARRIER)) &&
	       (f & DMA_MODEL_IOMMU || !(f & DMA_MODEL_LAZY)) &&
	       (f & DMA_MODEL_BOUNCE || !(f & DMA_MODEL_BOUNCE_ALL));
}

/* For tests of all models: the next valid features, or more than MODEL_FEATURES. */
static inline unsigned int model_features_next(unsigned int f)
{
	do
		f++;
	while (f <= MODEL_FEATURES && !model_features_valid(f));
	return f;
}

/* model.c */
void model_detach_action(void *dev);
void model_fault(struct dma_model *m, enum dma_model_fault_reason reason,
		 bool write, u64 addr, size_t len);

/* ops.c */
extern const struct dma_model model_blank;
struct dma_model *model_of(struct device *dev);
void model_unmap_leaked(struct dma_model *m, struct model_map *map);

/* fabric.c; it calls @land with the fabric's lock held and interrupts off. */
typedef void (*model_land_t)(void *ctx, phys_addr_t phys, const void *buf,
			     size_t len);
struct model_fabric *model_fabric_create(u64 seed, unsigned int paths,
					 model_land_t land, void *ctx);
void model_fabric_destroy(struct model_fabric *f);
void model_fabric_write(struct model_fabric *f, unsigned int path,
			phys_addr_t phys, const void *buf, size_t len,
			bool barrier);
void model_fabric_drain_path(struct model_fabric *f, unsigned int path);
void model_fabric_drain(struct model_fabric *f);
void model_fabric_step(struct model_fabric *f);
unsigned int model_fabric_in_flight(struct model_fabric *f);

/* ram.c: memory as the CPU sees it. */
void model_ram_read(phys_addr_t phys, void *buf, size_t len);
void model_ram_write(phys_addr_t phys, const void *buf, size_t len);
void model_ram_copy(phys_addr_t to, phys_addr_t from, size_t len);

/* cache.c: memory as a device sees it that does not snoop; @line is a power of 2. */
int model_cache_get(phys_addr_t phys, size_t size, size_t line);
void model_cache_put(phys_addr_t phys, size_t size, size_t line);
void model_cache_map(phys_addr_t phys, size_t size, size_t line,
		     enum dma_data_direction dir);
void model_cache_for_device(phys_addr_t phys, size_t size, size_t line,
			    enum dma_data_direction dir);
void model_cache_for_cpu(phys_addr_t phys, size_t size, size_t line,
			 enum dma_data_direction dir);
void model_cache_disturb(phys_addr_t phys, size_t size, struct rnd_state *rnd);
void model_cache_read(phys_addr_t phys, void *buf, size_t len);
void model_cache_write(phys_addr_t phys, const void *buf, size_t len,
		       size_t line);

/* weak.c: coherent memory as a device sees it, and the CPU that runs ahead. */
int model_weak_get(phys_addr_t phys, size_t size, size_t word, u64 seed);
void model_weak_put(phys_addr_t phys);
void model_weak_read(phys_addr_t phys, void *buf, size_t len);
void model_weak_write(phys_addr_t phys, const void *buf, size_t len);
void model_weak_step(phys_addr_t phys);
void model_weak_barrier(unsigned int what);	/* MODEL_LOADS, _STORES */

/* iommu.c; the caller holds the model's lock. */
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

/* bounce.c; the caller holds the model's lock. */
struct model_bounce *model_bounce_create(unsigned int slots);
void model_bounce_destroy(struct model_bounce *b);
phys_addr_t model_bounce_alloc(struct model_bounce *b, size_t size,
			       size_t offset, unsigned long align,
			       unsigned long boundary, struct rnd_state *rnd);
void model_bounce_free(struct model_bounce *b, phys_addr_t phys, size_t size);
struct bus_dma_region model_bounce_window(struct model_bounce *b);
unsigned int model_bounce_used(struct model_bounce *b);

/* range.c: physical addresses and bus addresses. */
dma_addr_t model_range_to_bus(const struct bus_dma_region *r, phys_addr_t phys,
			      size_t size);
phys_addr_t model_range_to_phys(const struct bus_dma_region *r,
				dma_addr_t bus);
u64 model_range_required_mask(const struct bus_dma_region *r);
void model_range_swap_halves(struct bus_dma_region *r);

#endif /* _KERNEL_DMA_MODEL_H */
