// SPDX-License-Identifier: GPL-2.0
/*
 * Model of bounce buffers: a few slots in memory that any device can reach.
 *
 * Their bus address is WINDOW, whatever their physical address is, so that a
 * device with a small DMA mask reaches them as well.  They hide the memory that
 * would have these bus addresses without them.
 *
 * Slots are taken at random places, so that free space is fragmented soon.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include "model.h"

#define WINDOW	SZ_4M
#define SLOT	(PAGE_SIZE / 2)

struct model_bounce {
	void *mem;
	unsigned int slots;
	unsigned long taken[];	/* a bit per slot */
};

struct model_bounce *model_bounce_create(unsigned int slots)
{
	struct model_bounce *b;

	b = kzalloc_flex(*b, taken, BITS_TO_LONGS(slots));
	if (!b)
		return NULL;
	b->slots = slots;
	b->mem = alloc_pages_exact(slots * SLOT, GFP_KERNEL | __GFP_ZERO);
	if (b->mem)
		return b;
	kfree(b);
	return NULL;
}

void model_bounce_destroy(struct model_bounce *b)
{
	if (!b)
		return;
	free_pages_exact(b->mem, b->slots * SLOT);
	kfree(b);
}

static unsigned long find_area(struct model_bounce *b, size_t size,
			       size_t offset, unsigned long nr,
			       unsigned long align, unsigned long align_offset,
			       unsigned long boundary, unsigned long i)
{
	for (;; i++) {
		unsigned long at;

		i = bitmap_find_next_zero_area_off(b->taken, b->slots, i, nr,
						   align, align_offset);
		at = WINDOW + i * SLOT + offset;
		if (i >= b->slots || size - 1 > boundary ||
		    (at & boundary) + (size - 1) <= boundary)
			return i;
	}
}

/*
 * Take @size bytes at @offset from a multiple of @align + 1.  They do not cross a
 * multiple of @boundary + 1, unless they are larger than that.  MODEL_NOWHERE if
 * the slots have run out.
 */
phys_addr_t model_bounce_alloc(struct model_bounce *b, size_t size,
			       size_t offset, unsigned long align,
			       unsigned long boundary, struct rnd_state *rnd)
{
	unsigned long nr, mask = align / SLOT, first = offset / SLOT, i;

	offset %= SLOT;
	if (size > b->slots * SLOT)
		return MODEL_NOWHERE;
	nr = DIV_ROUND_UP(offset + size, SLOT);
	/* Pieces of one size fit as often as before if each starts at a multiple. */
	i = rounddown(prandom_u32_state(rnd) % b->slots, nr);
	i = find_area(b, size, offset, nr, mask, -first & mask, boundary, i);
	if (i >= b->slots)
		i = find_area(b, size, offset, nr, mask, -first & mask,
			      boundary, 0);
	if (i >= b->slots)
		return MODEL_NOWHERE;
	bitmap_set(b->taken, i, nr);
	return virt_to_phys(b->mem) + i * SLOT + offset;
}

void model_bounce_free(struct model_bounce *b, phys_addr_t phys, size_t size)
{
	unsigned long start = phys - virt_to_phys(b->mem);
	unsigned long end = DIV_ROUND_UP(start + size, SLOT);

	start /= SLOT;
	bitmap_clear(b->taken, start, end - start);
}

struct bus_dma_region model_bounce_window(struct model_bounce *b)
{
	return (struct bus_dma_region) {
		.cpu_start = virt_to_phys(b->mem),
		.dma_start = WINDOW,
		.size = b->slots * SLOT,
	};
}

unsigned int model_bounce_used(struct model_bounce *b)
{
	return bitmap_weight(b->taken, b->slots);
}
