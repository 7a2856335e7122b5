// SPDX-License-Identifier: GPL-2.0
/*
 * Model of a bus whose addresses differ from physical addresses.
 *
 * Each range of memory has its own offset on the bus.  The device cannot reach
 * memory outside all ranges, nor a buffer that crosses from one range to another.
 */
#include <linux/log2.h>
#include <linux/memblock.h>
#include "model.h"

/* DMA_MAPPING_ERROR unless one range holds all of the buffer. */
dma_addr_t model_range_to_bus(const struct bus_dma_region *r, phys_addr_t phys,
			      size_t size)
{
	for (; r->size; r++) {
		u64 offset = phys - r->cpu_start;

		if (phys >= r->cpu_start && offset < r->size)
			return size <= r->size - offset ?
				       r->dma_start + offset :
				       DMA_MAPPING_ERROR;
	}
	return DMA_MAPPING_ERROR;
}

phys_addr_t model_range_to_phys(const struct bus_dma_region *r, dma_addr_t bus)
{
	for (; r->size; r++) {
		u64 offset = bus - r->dma_start;

		if (bus >= r->dma_start && offset < r->size)
			return r->cpu_start + offset;
	}
	return MODEL_NOWHERE;
}

static phys_addr_t ram_end(void)
{
	return PFN_PHYS((phys_addr_t)max_pfn);
}

/* The mask that covers the bus addresses of all memory. */
u64 model_range_required_mask(const struct bus_dma_region *r)
{
	u64 last = 0;

	for (; r->size; r++)
		if (r->cpu_start < ram_end())
			last = max(last, r->dma_start - 1 +
				   min(r->size, ram_end() - r->cpu_start));
	return last ? GENMASK_ULL(fls64(last) - 1, 0) : 0;
}

/* Let the two halves of memory change places. */
void model_range_swap_halves(struct bus_dma_region *r)
{
	u64 half = (u64)roundup_pow_of_two(max_pfn) * (PAGE_SIZE / 2);

	r[0] = (struct bus_dma_region) { 0, half, half };
	r[1] = (struct bus_dma_region) { half, 0, half };
	r[2] = (struct bus_dma_region) { };
}
