// SPDX-License-Identifier: GPL-2.0
/*
 * Moving the memory of a region to where a device reaches it.
 *
 * A buffer is allocated before it is known who will use it.  If a device does not reach
 * a range of it, the range is replaced by memory that it reaches, once, instead of being
 * copied to and from a bounce buffer at each access.  Content and user mappings stay: the
 * mappings are taken away, and the next fault finds the new memory.
 *
 * Nothing else may hold the memory: no binding in use, no mapping for the kernel.  Then,
 * or if there is no memory that the device reaches, or if it bounces everything
 * (swiotlb=force), the memory stays where it is, and the binding bounces.
 *
 * All memory is allocated before the first byte is copied; from there on nothing can
 * fail.
 */
#include <linux/dma-direct.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <trace/events/dma.h>
#include "contract.h"
#include "region.h"

static bool out_of_reach(struct device *dev, const struct phys_vec *range,
			 enum dma_data_direction dir)
{
	return dma_query_bounces(dev, range->paddr, range->len, dir);
}

/* The zone with the most memory that is within reach. */
static gfp_t reach_gfp(struct device *dev)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);

	limit = dma_to_phys(dev, limit);
	if (IS_ENABLED(CONFIG_ZONE_DMA) && limit <= zone_dma_limit)
		return GFP_USER | GFP_DMA;
	if (IS_ENABLED(CONFIG_ZONE_DMA32) && limit <= DMA_BIT_MASK(32))
		return GFP_USER | GFP_DMA32;
	return GFP_USER;
}

/* Memory for each range that is out of reach, on @pages; *@nr: of how many ranges. */
static int alloc_in_reach(const struct dma_region *region, struct device *dev,
			  enum dma_data_direction dir, struct list_head *pages,
			  unsigned int *nr)
{
	gfp_t gfp = reach_gfp(dev) | region->gfp | __GFP_NOWARN |
		    __GFP_RETRY_MAYFAIL;
	unsigned int i, more;
	struct page *page;
	bool far;
	int ret;

	/* A page is cheap, and shows whether the device reaches this zone at all. */
	page = alloc_page(gfp);
	if (!page)
		return -ENOMEM;
	far = dma_query_bounces(dev, page_to_phys(page), PAGE_SIZE, dir);
	__free_page(page);
	if (far)
		return -EFAULT;
	for (i = 0, *nr = 0; i < region->nr; i++) {
		if (!out_of_reach(dev, &region->vec[i], dir))
			continue;
		ret = dma_region_alloc_list(pages, region->vec[i].len, gfp, &more);
		if (ret)
			return ret;
		*nr += more;
		/* The zone may be larger than what the device reaches. */
		list_for_each_entry_reverse(page, pages, lru) {
			if (!more--)
				break;
			if (dma_query_bounces(dev, page_to_phys(page),
					      page_size(page), dir))
				return -EFAULT;
		}
	}
	return 0;
}

/* Copies @range to pages from @pages, which are ranges from @to on. */
static struct phys_vec *replace_range(const struct phys_vec *range,
				      struct list_head *pages,
				      struct phys_vec *to)
{
	struct page *from = phys_to_page(range->paddr), *page;
	size_t left, i;

	for (left = range->len; left; left -= to->len, to++) {
		page = list_first_entry(pages, struct page, lru);
		list_del(&page->lru);
		to->paddr = page_to_phys(page);
		to->len = page_size(page);
		for (i = 0; i < to->len >> PAGE_SHIFT; i++, from++)
			copy_highpage(page + i, from);
	}
	from = phys_to_page(range->paddr);
	__free_pages(from, compound_order(from));
	return to;
}

/**
 * dma_region_move - replace what a device does not reach
 * @region: the region
 * @dev: the device
 * @dir: what it is going to do
 *
 * What was done, or why not, is traced (dma_region_move).
 *
 * Context: May sleep; @region->lock is held.
 * Return: true if the memory is another now.
 */
bool dma_region_move(struct dma_region *region, struct device *dev,
		     enum dma_data_direction dir)
{
	unsigned int i, far = 0, more = 0;
	struct phys_vec *vec, *to;
	LIST_HEAD(pages);
	size_t moved = 0;
	int ret;

	lockdep_assert_held(&region->lock);
	for (i = 0; i < region->nr; i++)
		far += out_of_reach(dev, &region->vec[i], dir);
	if (!far || !dma_region_movable(region))
		return false;
	if (region->vmaps || !list_empty(&region->bindings)) {
		ret = -EBUSY;
		goto out_trace;
	}
	ret = alloc_in_reach(region, dev, dir, &pages, &more);
	if (ret)
		goto out_free;
	vec = kvmalloc_objs(*vec, region->nr - far + more);
	if (!vec) {
		ret = -ENOMEM;
		goto out_free;
	}

	dma_region_drop_idle(region);
	/* Faults wait for the lock. */
	if (region->mapping)
		unmap_mapping_range(region->mapping, 0, 0, 1);
	for (i = 0, to = vec; i < region->nr; i++) {
		if (!out_of_reach(dev, &region->vec[i], dir)) {
			*to++ = region->vec[i];
			continue;
		}
		moved += region->vec[i].len;
		to = replace_range(&region->vec[i], &pages, to);
	}
	kvfree(region->vec);
	region->vec = vec;
	region->nr = to - vec;
out_free:
	dma_region_free_list(&pages);
out_trace:
	trace_dma_region_move(dev, region->size, moved, ret);
	return moved;
}
