/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Let the barriers of a driver be seen by model hardware.  The driver does not
 * include this file.  Its Makefile has
 *
 *	CFLAGS_driver.o += -include linux/dma-model-barrier.h
 *
 * mb(), rmb(), wmb(), dma_mb(), dma_rmb() and dma_wmb() in driver.c then call
 * dma_model_barrier().  So do readl() and writel(), where <asm/io.h> builds them from
 * barriers.  smp_mb(), smp_rmb() and smp_wmb() do not: they do not order accesses for
 * a device.
 *
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
	mb();	/* the one that the driver wants */
}

static __always_inline void dma_model_rmb(void)
{
	dma_model_barrier(true, false);
	rmb();	/* the one that the driver wants */
}

static __always_inline void dma_model_wmb(void)
{
	dma_model_barrier(false, true);
	wmb();	/* the one that the driver wants */
}

/*
 * Some architectures make these of the barriers above, by macros which are expanded
 * where a driver uses them.  Expand them here, before the barriers above change.
 */
static __always_inline void dma_model_smp_mb(void)
{
	smp_mb();	/* the one of the architecture */
}

static __always_inline void dma_model_smp_rmb(void)
{
	smp_rmb();	/* the one of the architecture */
}

static __always_inline void dma_model_smp_wmb(void)
{
	smp_wmb();	/* the one of the architecture */
}

#undef mb
#undef rmb
#undef wmb
#undef dma_mb
#undef dma_rmb
#undef dma_wmb
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#define mb()		dma_model_mb()		/* model and CPU */
#define rmb()		dma_model_rmb()		/* model and CPU */
#define wmb()		dma_model_wmb()		/* model and CPU */
#define dma_mb()	dma_model_mb()		/* model and CPU */
#define dma_rmb()	dma_model_rmb()		/* model and CPU */
#define dma_wmb()	dma_model_wmb()		/* model and CPU */
#define smp_mb()	dma_model_smp_mb()	/* CPU alone */
#define smp_rmb()	dma_model_smp_rmb()	/* CPU alone */
#define smp_wmb()	dma_model_smp_wmb()	/* CPU alone */
#endif

#endif /* _LINUX_DMA_MODEL_BARRIER_H */
