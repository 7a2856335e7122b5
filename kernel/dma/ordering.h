/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_DMA_ORDERING_H
#define _KERNEL_DMA_ORDERING_H

#include <linux/dma-ordering.h>

/* Do the device's writes to a mapping with DMA_ATTR_WRITE_BARRIER obey its bus? */
bool dma_sends_strong(struct device *dev);
bool dma_orders_all(struct device *dev);

#endif /* _KERNEL_DMA_ORDERING_H */
