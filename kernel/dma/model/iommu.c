// SPDX-License-Identifier: GPL-2.0
/*
 * Model of an IOMMU with a small address space.
 *
 * A table has an entry per page: its bus address, and whether the device may read
 * or write it.  The IOMMU caches translations.  Unmapping a page clears its table
 * entry at once.  The cached translation lives until the cache is flushed: at
 * once as well (strict), or when many pages have been unmapped, addresses run
 * out, or a test asks for it (lazy).  Until then the address is not used again.
 *
 * Addresses are taken at random places, so that the space is fragmented soon.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include "model.h"

#define READS	BIT(0)
#define WRITES	BIT(1)

#define CACHED		32	/* size of the translation cache */

struct entry {
	dma_addr_t bus;
	u8 may;			/* 0: not mapped */
};

struct model_iommu {
	dma_addr_t base;
	unsigned int pages;
	bool lazy;
	unsigned long *taken;	/* a bit per page: address in use */
	unsigned long *stale;	/* a bit per page: unmapped, maybe still cached */
	struct {
		unsigned int page;
		struct entry e;
	} cache[CACHED];
	struct entry table[] __counted_by(pages);
};

struct model_iommu *model_iommu_create(dma_addr_t base, unsigned int pages,
				       bool lazy)
{
	struct model_iommu *mmu;

	mmu = kvzalloc_flex(*mmu, table, pages);
	if (!mmu)
		return NULL;
	mmu->base = base;
	mmu->pages = pages;
	mmu->lazy = lazy;
	mmu->taken = bitmap_zalloc(pages, GFP_KERNEL);
	mmu->stale = bitmap_zalloc(pages, GFP_KERNEL);
	if (mmu->taken && mmu->stale)
		return mmu;
	model_iommu_destroy(mmu);
	return NULL;
}

void model_iommu_destroy(struct model_iommu *mmu)
{
	if (!mmu)
		return;
	bitmap_free(mmu->taken);
	bitmap_free(mmu->stale);
	kvfree(mmu);
}

/* Index of @pages free ones in a row, below @limit; @limit if there are none. */
static unsigned long find_area(struct model_iommu *mmu, unsigned int limit,
			       unsigned int pages, unsigned long align_mask,
			       unsigned long boundary, unsigned long i)
{
	unsigned long first = mmu->base >> PAGE_SHIFT;

	for (;;) {
		i = bitmap_find_next_zero_area_off(mmu->taken, limit, i, pages,
						   align_mask, first);
		if (i >= limit)
			return limit;
		if ((first + i) % boundary + pages <= boundary)
			return i;
		i += boundary - (first + i) % boundary;
	}
}

/*
 * Take @pages pages in a row of the address space.  No address is above @mask, and
 * they do not cross a multiple of @boundary pages.  DMA_MAPPING_ERROR if there are
 * none.
 */
dma_addr_t model_iommu_alloc(struct model_iommu *mmu, unsigned int pages,
			     u64 mask, unsigned long align_mask,
			     unsigned long boundary, struct rnd_state *rnd)
{
	unsigned int limit = mmu->pages;
	unsigned long i;

	if (mask < mmu->base)
		return DMA_MAPPING_ERROR;
	limit = min_t(u64, limit, (mask - mmu->base + 1) >> PAGE_SHIFT);
	if (pages > limit)
		return DMA_MAPPING_ERROR;

	/* Pieces of one size fit as often as before if each starts at a multiple. */
	i = rounddown(prandom_u32_state(rnd) % limit, pages);
	i = find_area(mmu, limit, pages, align_mask, boundary, i);
	if (i == limit)
		i = find_area(mmu, limit, pages, align_mask, boundary, 0);
	if (i == limit) {
		model_iommu_flush(mmu);
		i = find_area(mmu, limit, pages, align_mask, boundary, 0);
	}
	if (i == limit)
		return DMA_MAPPING_ERROR;
	bitmap_set(mmu->taken, i, pages);
	return mmu->base + ((dma_addr_t)i << PAGE_SHIFT);
}

void model_iommu_map(struct model_iommu *mmu, dma_addr_t iova, dma_addr_t bus,
		     unsigned int pages, enum dma_data_direction dir)
{
	struct entry *e = &mmu->table[(iova - mmu->base) >> PAGE_SHIFT];

	for (; pages--; e++, bus += PAGE_SIZE) {
		e->bus = bus;
		e->may = (dir != DMA_FROM_DEVICE ? READS : 0) |
			 (dir != DMA_TO_DEVICE ? WRITES : 0);
	}
}

/* Free addresses of model_iommu_alloc(), whether they were mapped or not. */
void model_iommu_unmap(struct model_iommu *mmu, dma_addr_t iova,
		       unsigned int pages)
{
	unsigned int first = (iova - mmu->base) >> PAGE_SHIFT;

	memset(&mmu->table[first], 0, pages * sizeof(*mmu->table));
	bitmap_set(mmu->stale, first, pages);
	if (!mmu->lazy ||
	    bitmap_weight(mmu->stale, mmu->pages) > mmu->pages / 4)
		model_iommu_flush(mmu);
}

void model_iommu_flush(struct model_iommu *mmu)
{
	memset(mmu->cache, 0, sizeof(mmu->cache));
	bitmap_andnot(mmu->taken, mmu->taken, mmu->stale, mmu->pages);
	bitmap_zero(mmu->stale, mmu->pages);
}

static struct entry *look_up(struct model_iommu *mmu, dma_addr_t iova)
{
	u64 page = (u64)(iova - mmu->base) >> PAGE_SHIFT;

	return iova < mmu->base || page >= mmu->pages ? NULL :
							&mmu->table[page];
}

/* Translate by the table alone.  The device sees cached translations first. */
bool model_iommu_walk(struct model_iommu *mmu, dma_addr_t iova,
		      dma_addr_t *bus)
{
	struct entry *e = look_up(mmu, iova);

	if (!e || !e->may)
		return false;
	*bus = e->bus | offset_in_page(iova);
	return true;
}

/*
 * Translate an access of the device.  DMA_MODEL_OK and DMA_MODEL_STALE set *@bus:
 * the access goes there.
 */
enum dma_model_fault_reason model_iommu_access(struct model_iommu *mmu,
					       dma_addr_t iova, bool write,
					       dma_addr_t *bus)
{
	struct entry *e = look_up(mmu, iova), *cached;
	unsigned int page;

	if (!e)
		return DMA_MODEL_UNMAPPED;
	page = e - mmu->table;
	cached = &mmu->cache[page % CACHED].e;
	if (!cached->may || mmu->cache[page % CACHED].page != page) {
		if (!e->may)
			return DMA_MODEL_UNMAPPED;
		mmu->cache[page % CACHED].page = page;
		*cached = *e;
	}
	if (!(cached->may & (write ? WRITES : READS)))
		return DMA_MODEL_DENIED;
	*bus = cached->bus | offset_in_page(iova);
	return e->may && e->bus == cached->bus ? DMA_MODEL_OK :
						 DMA_MODEL_STALE;
}

void model_iommu_count(struct model_iommu *mmu, struct dma_model_stats *stats)
{
	stats->iommu_pages = bitmap_weight(mmu->taken, mmu->pages);
	stats->iommu_stale = bitmap_weight(mmu->stale, mmu->pages);
}
