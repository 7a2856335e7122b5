// SPDX-License-Identifier: GPL-2.0
/*
 * The function that a KUnit test replaces to observe cache maintenance.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/dma-observe.h>
#include <linux/export.h>

/**
 * dma_observe - tell a KUnit test about a call
 * @what: which call was made
 * @phys: the first byte that it is about
 * @size: number of bytes
 * @dir: its direction, %DMA_NONE if it has none
 *
 * Does nothing unless the current task runs a test that has replaced this function by
 * kunit_activate_static_stub().  May be called from any context.
 */
void dma_observe(enum dma_observed what, phys_addr_t phys, size_t size,
		 enum dma_data_direction dir)
{
	KUNIT_STATIC_STUB_REDIRECT(dma_observe, what, phys, size, dir);
}
EXPORT_SYMBOL_IF_KUNIT(dma_observe);
