/* SPDX-License-Identifier: GPL-2.0 */
/* Memory for dma_declare_coherent_memory(). */
#ifndef _KERNEL_DMA_TESTS_DECLARED_H
#define _KERNEL_DMA_TESTS_DECLARED_H

#include <kunit/test.h>

/*
 * Until the end of the case, kernel/dma/coherent.c accepts RAM as the memory of a
 * device.
 */
void declared_ram(struct kunit *test);

#endif /* _KERNEL_DMA_TESTS_DECLARED_H */
