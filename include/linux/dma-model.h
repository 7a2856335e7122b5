/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model DMA hardware, for tests: it misbehaves wherever the DMA API allows it.
 * Documentation/core-api/dma-model.rst shows how to test a driver on it.
 */
#ifndef _LINUX_DMA_MODEL_H
#define _LINUX_DMA_MODEL_H

#include <linux/bits.h>
#include <linux/types.h>

struct bus_dma_region;
struct device;
struct dma_fabric;
struct kunit;

/*
 * What the device of a model finds on its way to memory.  They compose.
 *
 * CACHE	does not snoop: the CPU and the device each have a copy of a buffer
 * REORDER	posted writes land in any order that the mappings allow
 * NO_BARRIER	with REORDER: there is no barrier, DMA_ATTR_WRITE_BARRIER is
 *		refused, coherent memory is not ordered either
 * IOMMU	a small page table, which it cannot get around
 * LAZY		with IOMMU: cached translations live on until a flush
 * BOUNCE	buffers out of reach are copied through a few slots
 * BOUNCE_ALL	with BOUNCE: all buffers are
 * OFFSET	bus addresses are not physical addresses
 */
#define DMA_MODEL_CACHE		BIT(0)
#define DMA_MODEL_REORDER	BIT(1)
#define DMA_MODEL_NO_BARRIER	BIT(2)
#define DMA_MODEL_IOMMU		BIT(3)
#define DMA_MODEL_LAZY		BIT(4)
#define DMA_MODEL_BOUNCE	BIT(5)
#define DMA_MODEL_BOUNCE_ALL	BIT(6)
#define DMA_MODEL_OFFSET	BIT(7)

/**
 * struct dma_model_params - which model
 * @features: %DMA_MODEL_* bits
 * @seed: of all its random choices; 0 for dma_model.seed= of the command line
 * @iommu_pages: size of the IOMMU's address space in pages, 0 for 256
 * @iommu_base: its first address, page aligned, 0 for 1 MiB
 * @slots: bounce slots of half a page each, even, 0 for 64
 * @ranges: with %DMA_MODEL_OFFSET, the ranges of memory that the bus can
 *	address, up to one of size 0; they have to stay as long as the model
 *	does.  NULL for two halves of memory that have changed places.
 */
struct dma_model_params {
	unsigned int features;
	u64 seed;
	unsigned int iommu_pages;
	dma_addr_t iommu_base;
	unsigned int slots;
	const struct bus_dma_region *ranges;
};

/**
 * enum dma_model_fault_reason - what is wrong with an access or a call
 * @DMA_MODEL_OK: nothing; never recorded
 * @DMA_MODEL_UNMAPPED: no mapping at this address; the device got -EFAULT
 * @DMA_MODEL_DENIED: the mapping's direction does not allow it; -EFAULT
 * @DMA_MODEL_STALE: the mapping is gone, but its translation was still cached;
 *	the device did not notice
 * @DMA_MODEL_LATE: a posted write landed when its buffer had been unmapped, and
 *	was dropped
 * @DMA_MODEL_MISUSE: the driver synced or unmapped what it had not mapped, or
 *	in another direction; nothing was done
 */
enum dma_model_fault_reason {
	DMA_MODEL_OK,
	DMA_MODEL_UNMAPPED,
	DMA_MODEL_DENIED,
	DMA_MODEL_STALE,
	DMA_MODEL_LATE,
	DMA_MODEL_MISUSE,
};

/**
 * struct dma_model_fault - an access or a call that was wrong
 * @reason: what was wrong with it
 * @write: the device wrote; for a call: it was for the device to write
 * @addr: its DMA address; physical for %DMA_MODEL_LATE
 * @len: its length in bytes; where it crosses pages, that in one of them
 */
struct dma_model_fault {
	enum dma_model_fault_reason reason;
	bool write;
	u64 addr;
	size_t len;
};

/**
 * struct dma_model_stats - what a model holds
 * @maps: mappings and allocations
 * @slots: bounce slots taken
 * @iommu_pages: pages of the IOMMU's address space taken
 * @iommu_stale: those of them that are unmapped and wait for a flush
 * @in_flight: posted writes, in pieces of up to 64 bytes, that have not landed
 * @faults: all that have been recorded, read or not
 */
struct dma_model_stats {
	unsigned int maps;
	unsigned int slots;
	unsigned int iommu_pages;
	unsigned int iommu_stale;
	unsigned int in_flight;
	unsigned int faults;
};

/* A device on a model. */
int dma_model_attach(struct device *dev, const struct dma_model_params *params);
int dma_model_detach(struct device *dev);
int kunit_dma_model_attach(struct kunit *test, struct device *dev,
			   const struct dma_model_params *params);

/* What it does: the bus master. */
int dma_model_write(struct device *dev, dma_addr_t addr, const void *buf,
		    size_t len);
int dma_model_read(struct device *dev, dma_addr_t addr, void *buf, size_t len);
phys_addr_t dma_model_walk(struct device *dev, dma_addr_t addr);

/* What happens to it. */
void dma_model_step(struct device *dev);
void dma_model_flush_iotlb(struct device *dev);
void dma_model_fail(struct device *dev, int n);

/* What has become of it. */
bool dma_model_next_fault(struct device *dev, struct dma_model_fault *fault);
void dma_model_get_stats(struct device *dev, struct dma_model_stats *stats);

/* The interconnect that reorders, on its own. */
#define DMA_FABRIC_BARRIER	BIT(0)

struct dma_fabric *dma_fabric_create(u64 seed, unsigned int paths);
void dma_fabric_destroy(struct dma_fabric *f);
void dma_fabric_write(struct dma_fabric *f, unsigned int path, phys_addr_t phys,
		      const void *buf, size_t len, unsigned int flags);
void dma_fabric_settle(struct dma_fabric *f, unsigned int path);
void dma_fabric_step(struct dma_fabric *f);
void dma_fabric_drain(struct dma_fabric *f);
unsigned int dma_fabric_in_flight(struct dma_fabric *f);

#endif /* _LINUX_DMA_MODEL_H */
