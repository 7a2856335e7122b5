/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cache maintenance, observed by KUnit tests.
 *
 * A test sees by the data whether a bounce buffer is copied.  It does not see whether a
 * cache is cleaned: QEMU has no caches, and on hardware a line that was not cleaned is
 * often in memory by chance.  So the tests observe the calls.
 *
 * A file that makes these calls includes this header as its last one.  If the tests are
 * built, each call of arch_sync_dma_for_device(), arch_sync_dma_for_cpu(),
 * arch_sync_dma_flush() or arch_dma_prep_coherent() in it is followed by a call of
 * dma_observe().  The functions themselves are not changed.
 */
#ifndef _LINUX_DMA_OBSERVE_H
#define _LINUX_DMA_OBSERVE_H

#include <linux/dma-map-ops.h>

/**
 * enum dma_observed - what dma_observe() is told
 * @DMA_OBSERVED_FOR_DEVICE: arch_sync_dma_for_device()
 * @DMA_OBSERVED_FOR_CPU: arch_sync_dma_for_cpu()
 * @DMA_OBSERVED_FLUSH: arch_sync_dma_flush(), which has no range and no direction
 * @DMA_OBSERVED_PREPARE: arch_dma_prep_coherent(), which has no direction
 * @DMA_OBSERVED_COPY: swiotlb copies to a slot (%DMA_TO_DEVICE) or from it
 *	(%DMA_FROM_DEVICE); the range is that of the slot
 */
enum dma_observed {
	DMA_OBSERVED_FOR_DEVICE,
	DMA_OBSERVED_FOR_CPU,
	DMA_OBSERVED_FLUSH,
	DMA_OBSERVED_PREPARE,
	DMA_OBSERVED_COPY,
};

#ifdef CONFIG_DMA_OBSERVE
void dma_observe(enum dma_observed what, phys_addr_t phys, size_t size,
		 enum dma_data_direction dir);

static inline void observed_sync_dma_for_device(phys_addr_t phys, size_t size,
						enum dma_data_direction dir)
{
	arch_sync_dma_for_device(phys, size, dir);
	dma_observe(DMA_OBSERVED_FOR_DEVICE, phys, size, dir);
}

static inline void observed_sync_dma_for_cpu(phys_addr_t phys, size_t size,
					     enum dma_data_direction dir)
{
	arch_sync_dma_for_cpu(phys, size, dir);
	dma_observe(DMA_OBSERVED_FOR_CPU, phys, size, dir);
}

static inline void observed_sync_dma_flush(void)
{
	arch_sync_dma_flush();
	dma_observe(DMA_OBSERVED_FLUSH, 0, 0, DMA_NONE);
}

static inline void observed_dma_prep_coherent(struct page *page, size_t size)
{
	arch_dma_prep_coherent(page, size);
	dma_observe(DMA_OBSERVED_PREPARE, page_to_phys(page), size, DMA_NONE);
}

#define arch_sync_dma_for_device	observed_sync_dma_for_device
#define arch_sync_dma_for_cpu		observed_sync_dma_for_cpu
#define arch_sync_dma_flush		observed_sync_dma_flush
#define arch_dma_prep_coherent		observed_dma_prep_coherent
#else
static inline void dma_observe(enum dma_observed what, phys_addr_t phys,
			       size_t size, enum dma_data_direction dir)
{
}
#endif /* CONFIG_DMA_OBSERVE */

#endif /* _LINUX_DMA_OBSERVE_H */
