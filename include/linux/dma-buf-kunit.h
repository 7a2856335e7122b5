/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exporters for KUnit suites, which have neither /dev nor user memory.
 */
#ifndef _LINUX_DMA_BUF_KUNIT_H
#define _LINUX_DMA_BUF_KUNIT_H

#include <linux/types.h>

struct dma_buf;

struct dma_buf *dma_heap_kunit_alloc(const char *name, size_t len);
int udmabuf_kunit_create(int memfd, size_t len);

#endif /* _LINUX_DMA_BUF_KUNIT_H */
