/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DMA_MODEL_H
#define _LINUX_DMA_MODEL_H

#include <linux/bits.h>
#include <linux/types.h>

struct bus_dma_region;
struct device;
struct kunit;

/**
 * DOC: features of a model
 *
 * A model is made of features, which can be combined. Each describes what lies
 * between the device and memory.
 *
 * %DMA_MODEL_CACHE:
 *	The device does not snoop the CPU's cache. CPU and device each have a
 *	copy of a buffer.
 * %DMA_MODEL_REORDER:
 *	Posted writes reach memory in a random order. Writes to coherent memory
 *	and to mappings made with %DMA_ATTR_WRITE_BARRIER are the exception: one
 *	is seen only when all earlier writes of the device are.
 * %DMA_MODEL_NO_BARRIER:
 *	With %DMA_MODEL_REORDER: coherent memory is not ordered either, and
 *	%DMA_ATTR_WRITE_BARRIER is refused. Instead,
 *	dma_sync_*_for_cpu() and dma_unmap_*() of a buffer which the device may
 *	write wait for all its writes.
 * %DMA_MODEL_IOMMU:
 *	All accesses go through an IOMMU with a small address space.
 * %DMA_MODEL_LAZY:
 *	With %DMA_MODEL_IOMMU: cached translations of unmapped pages stay valid
 *	until they are flushed.
 * %DMA_MODEL_BOUNCE:
 *	Buffers that the device cannot reach are copied through a few bounce
 *	slots.
 * %DMA_MODEL_BOUNCE_ALL:
 *	With %DMA_MODEL_BOUNCE: all buffers are.
 * %DMA_MODEL_OFFSET:
 *	Bus addresses differ from physical addresses.
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
 * struct dma_model_params - parameters of a model
 * @features: %DMA_MODEL_* bits
 * @seed: seed of all random choices; 0 for dma_model.seed= of the command line
 * @iommu_pages: size of the IOMMU's address space in pages; 0 for 256
 * @iommu_base: first address of the IOMMU's address space, page aligned; 0 for
 *	1 MiB
 * @slots: number of bounce slots, even; a slot is half a page; 0 for 64
 * @ranges: with %DMA_MODEL_OFFSET, the ranges of memory that the bus can
 *	address; the last one has size 0. The array must exist as long as the
 *	model. NULL makes the two halves of memory change places.
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
 * @DMA_MODEL_UNMAPPED: nothing is mapped at this address; the device got -EFAULT
 * @DMA_MODEL_DENIED: the direction of the mapping does not allow the access; the
 *	device got -EFAULT
 * @DMA_MODEL_STALE: the buffer was unmapped, but the IOMMU had cached its
 *	translation; the device did not notice
 * @DMA_MODEL_LATE: the buffer was unmapped before a posted write reached it; the
 *	write was dropped
 * @DMA_MODEL_MISUSE: the driver mapped an address that is not memory without
 *	%DMA_ATTR_MMIO; or it synced or unmapped a range that is not mapped, or is
 *	mapped in another direction, or not as MMIO; the call did nothing
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
 * struct dma_model_fault - a wrong access of the device or call of the driver
 * @reason: what was wrong
 * @write: the device wrote; for a call: the direction lets the device write
 * @addr: DMA address; physical address for %DMA_MODEL_LATE and for a map
 * @len: length in bytes; an access that crosses pages is recorded page by page
 */
struct dma_model_fault {
	enum dma_model_fault_reason reason;
	bool write;
	u64 addr;
	size_t len;
};

/**
 * struct dma_model_stats - resources in use on a model
 * @maps: mappings and allocations
 * @slots: bounce slots
 * @iommu_pages: pages of the IOMMU's address space
 * @iommu_stale: the part of @iommu_pages that is unmapped and waits for a flush
 * @in_flight: posted writes, in pieces of up to 64 bytes, that have not reached
 *	memory
 * @faults: faults recorded so far, whether they were read or not
 */
struct dma_model_stats {
	unsigned int maps;
	unsigned int slots;
	unsigned int iommu_pages;
	unsigned int iommu_stale;
	unsigned int in_flight;
	unsigned int faults;
};

/* Put a device on a model, and take it off. */
int dma_model_attach(struct device *dev, const struct dma_model_params *params);
int dma_model_detach(struct device *dev);
int kunit_dma_model_attach(struct kunit *test, struct device *dev,
			   const struct dma_model_params *params);

/* Play the device: its accesses to memory. */
int dma_model_write(struct device *dev, dma_addr_t addr, const void *buf,
		    size_t len);
int dma_model_read(struct device *dev, dma_addr_t addr, void *buf, size_t len);
phys_addr_t dma_model_walk(struct device *dev, dma_addr_t addr);

/* Play the rest of the hardware. */
void dma_model_step(struct device *dev);
void dma_model_drain(struct device *dev);
void dma_model_flush_iotlb(struct device *dev);
void dma_model_fail(struct device *dev, int n);

/* See what happened. */
bool dma_model_next_fault(struct device *dev, struct dma_model_fault *fault);
void dma_model_get_stats(struct device *dev, struct dma_model_stats *stats);

#endif /* _LINUX_DMA_MODEL_H */
