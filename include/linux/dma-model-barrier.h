/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Let the barriers of a driver be seen by model hardware.  The driver does not
 * include this file.  Its Makefile has
 *
 *	CFLAGS_driver.o += -include linux/dma-model-barrier.h
 *
 * so that mb(), rmb(), wmb(), dma_mb(), dma_rmb() and dma_wmb() in driver.c call
 * dma_model_barrier(), and what <asm/io.h> makes of them in readl() and writel().
 * Nothing changes unless CONFIG_DMA_MODEL is set.
 */
#ifndef _LINUX_DMA_MODEL_BARRIER_H
#define _LINUX_DMA_MODEL_BARRIER_H

#ifdef CONFIG_DMA_MODEL
#include <linux/dma-model.h>
#include <asm/barrier.h>

static __always_inline void dma_model_mb(void)
{
	dma_model_barrier(true, true);
	/* The one that the driver wants. */
	mb();
}

static __always_inline void dma_model_rmb(void)
{
	dma_model_barrier(true, false);
	/* The one that the driver wants. */
	rmb();
}

static __always_inline void dma_model_wmb(void)
{
	dma_model_barrier(false, true);
	/* The one that the driver wants. */
	wmb();
}

#undef mb
#undef rmb
#undef wmb
#undef dma_mb
#undef dma_rmb
#undef dma_wmb
#define mb()		dma_model_mb()	/* called and executed */
#define rmb()		dma_model_rmb()	/* likewise */
#define wmb()		dma_model_wmb()	/* likewise */
#define dma_mb()	dma_model_mb()	/* likewise */
#define dma_rmb()	dma_model_rmb()	/* likewise */
#define dma_wmb()	dma_model_wmb()	/* likewise */
#endif

#endif /* _LINUX_DMA_MODEL_BARRIER_H */
