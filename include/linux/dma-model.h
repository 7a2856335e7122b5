/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DMA_MODEL_H
#define _LINUX_DMA_MODEL_H

#include <linux/bits.h>
#include <linux/types.h>

struct bus_dma_region;
struct device;
struct kunit;
struct pci_dev;

/**
 * DOC: features of a model
 *
 * A model is made of features, which can be combined. Each describes what lies
 * between the device and memory.
 *
 * %DMA_MODEL_CACHE:
 *	The device does not snoop the CPU's cache. CPU and device each have a
 *	copy of a buffer. A buffer that shares a cache line with data which the CPU
 *	writes loses what the device has written to that line; see the parameter
 *	line.
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
 * %DMA_MODEL_WEAK_CPU:
 *	The CPU is weakly ordered: the device sees its stores to coherent memory in
 *	a random order, and the CPU sees those of the device in a random order,
 *	unless dma_wmb() or dma_rmb() is between them. The driver is compiled with
 *	-include linux/dma-model-barrier.h; its source does not change.
 */
#define DMA_MODEL_CACHE		BIT(0)
#define DMA_MODEL_REORDER	BIT(1)
#define DMA_MODEL_NO_BARRIER	BIT(2)
#define DMA_MODEL_IOMMU		BIT(3)
#define DMA_MODEL_LAZY		BIT(4)
#define DMA_MODEL_BOUNCE	BIT(5)
#define DMA_MODEL_BOUNCE_ALL	BIT(6)
#define DMA_MODEL_OFFSET	BIT(7)
#define DMA_MODEL_WEAK_CPU	BIT(8)

/**
 * struct dma_model_params - parameters of a model
 * @features: %DMA_MODEL_* bits
 * @seed: seed of all random choices; 0 for dma_model.seed= of the command line
 * @iommu_pages: size of the IOMMU's address space in pages; 0 for 256
 * @iommu_base: first address of the IOMMU's address space, page aligned; 0 for
 *	1 MiB
 * @line: with %DMA_MODEL_CACHE, the length of a cache line in bytes, a power of two;
 *	0 for 1. With 64, a buffer of the driver must be alone in its lines of 64
 *	bytes. On ``um``, kmalloc() sees to that for sizes of 64 and more that are
 *	a power of two.
 * @word: with %DMA_MODEL_WEAK_CPU, the length in bytes of what is seen at once: 4,
 *	or 8 for a driver that relies on u64 stores; 0 for 4
 * @run: with %DMA_MODEL_WEAK_CPU, the device: it looks for work, and does some of
 *	it. Called in dma_model_step() and whenever a driver executes a barrier, so that
 *	a device that polls its ring sees stores before they are in order. Any
 *	context but NMI, interrupts off. May be NULL
 * @priv: passed to @run, and to the functions of struct dma_model_pci_params
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
	unsigned int line;
	unsigned int word;
	void (*run)(struct device *dev, void *priv);
	void *priv;
	unsigned int slots;
	const struct bus_dma_region *ranges;
};

/**
 * struct dma_model_pci_params - parameters of a made-up PCI function
 * @vendor: vendor ID
 * @device: device ID
 * @class: class code: base class, subclass and interface, 24 bits; not 0
 * @bar: number of its memory BAR, which has 32 bits; there is no other BAR
 * @bar_size: its size in bytes, a power of two from 16 to 1 MiB
 * @msi: the function has an MSI capability; it always has INTx
 * @dma: parameters of the model that its DMA goes through
 * @read: the driver reads @size bytes of the BAR, 1, 2, 4 or 8, at @offset; any
 *	context. Returns the value as the CPU sees it
 * @write: the driver writes @val there
 *
 * An interrupt may come in the middle of @read or @write, and its handler execute a
 * barrier, which calls run of @dma.  Disable interrupts in them where that matters.
 */
struct dma_model_pci_params {
	u16 vendor;
	u16 device;
	u32 class;
	unsigned int bar;
	unsigned int bar_size;
	bool msi;
	struct dma_model_params dma;
	unsigned long (*read)(struct pci_dev *pdev, void *priv,
			      unsigned int offset, int size);
	void (*write)(struct pci_dev *pdev, void *priv, unsigned int offset,
		      int size, unsigned long val);
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
 * @DMA_MODEL_NO_MASTER: the driver of the PCI function has not called
 *	pci_set_master(), or has disabled the function; the device got -EFAULT
 */
enum dma_model_fault_reason {
	DMA_MODEL_OK,
	DMA_MODEL_UNMAPPED,
	DMA_MODEL_DENIED,
	DMA_MODEL_STALE,
	DMA_MODEL_LATE,
	DMA_MODEL_MISUSE,
	DMA_MODEL_NO_MASTER,
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

/* Plug in a PCI function that the test plays, for CONFIG_DMA_MODEL_PCI. */
struct pci_dev *kunit_dma_model_pci_add(struct kunit *test,
					const struct dma_model_pci_params *params);
void dma_model_pci_irq(struct pci_dev *pdev, bool on);

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

/* Called by barriers of a driver; see <linux/dma-model-barrier.h>. */
void dma_model_barrier(bool loads, bool stores);

/* See what happened. */
bool dma_model_next_fault(struct device *dev, struct dma_model_fault *fault);
void dma_model_get_stats(struct device *dev, struct dma_model_stats *stats);

#endif /* _LINUX_DMA_MODEL_H */
