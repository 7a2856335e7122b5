/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of coherent.c replace. */
#ifndef _KERNEL_DMA_COHERENT_H
#define _KERNEL_DMA_COHERENT_H

#include <linux/types.h>

#if IS_ENABLED(CONFIG_KUNIT)
/*
 * Map the memory of a device.  Replaced by tests, whose memory is RAM, which memremap()
 * refuses.
 */
void *dma_coherent_memremap(phys_addr_t phys, size_t size);
#endif

#endif /* _KERNEL_DMA_COHERENT_H */
