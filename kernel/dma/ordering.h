/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_DMA_ORDERING_H
#define _KERNEL_DMA_ORDERING_H

#include <linux/dma-ordering.h>

enum dma_ordering dma_path_ordering(struct device *dev);

#endif /* _KERNEL_DMA_ORDERING_H */
