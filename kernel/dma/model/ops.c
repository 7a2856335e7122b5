// SPDX-License-Identifier: GPL-2.0
/*
 * The dma_map_ops of a device on model hardware.
 *
 * A mapping is a record of the memory that the device may access, with what the
 * model needs for it, taken in this order: a bounce slot, a shadow behind the
 * cache, an I/O address.  Sync and unmap find the record and treat each part.
 *
 * Coherent memory has a record as well, but neither slot nor shadow: CPU and
 * device access the same bytes, in an order that weak.c chooses if the model has
 * DMA_MODEL_WEAK_CPU.  A write to it is a barrier, unless the model has
 * DMA_MODEL_NO_BARRIER.
 *
 * A model with bounce slots allocates memory from them, because the device may
 * not reach other memory.
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include "model.h"

#define ANYWHERE	((dma_addr_t)-1)
#define NO_BOUNDARY	BIT(BITS_PER_LONG - 1 - PAGE_SHIFT)

static dma_addr_t model_map_phys(struct device *dev, phys_addr_t phys,
				 size_t size, enum dma_data_direction dir,
				 unsigned long attrs);

/* The model that @dev is on; NULL if it is not on a model. */
struct dma_model *model_of(struct device *dev)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);

	if (!ops || ops->map_phys != model_map_phys)
		return NULL;
	return container_of(ops, struct dma_model, ops);
}

static bool cached(struct dma_model *m)
{
	return m->params.features & DMA_MODEL_CACHE;
}

static bool no_barrier(struct dma_model *m)
{
	return m->params.features & DMA_MODEL_NO_BARRIER;
}

static unsigned int pages(dma_addr_t addr, size_t size)
{
	return PFN_UP(offset_in_page(addr) + size);
}

static bool fails(struct dma_model *m)
{
	lockdep_assert_held(&m->lock);
	return m->fail > 0 && !--m->fail;
}

/* Bus address; DMA_MAPPING_ERROR if the device cannot reach all of the buffer. */
static dma_addr_t bus_addr(struct dma_model *m, phys_addr_t phys, size_t size,
			   u64 mask)
{
	struct bus_dma_region *w = m->window;
	dma_addr_t bus = model_range_to_bus(w, phys, size);

	if (bus == DMA_MAPPING_ERROR) {
		bus = model_range_to_bus(m->params.ranges, phys, size);
		if (bus == DMA_MAPPING_ERROR ||
		    (w->size && bus < w->dma_start + w->size &&
		     bus + size > w->dma_start))
			return DMA_MAPPING_ERROR;
	}
	return m->iommu || bus + size - 1 <= mask ? bus : DMA_MAPPING_ERROR;
}

static bool bounces(struct dma_model *m, phys_addr_t phys, size_t size)
{
	return m->bounce &&
	       (m->params.features & DMA_MODEL_BOUNCE_ALL ||
		bus_addr(m, phys, size, *m->dev->dma_mask) ==
			DMA_MAPPING_ERROR);
}

static size_t max_mapping(struct dma_model *m)
{
	unsigned long align = dma_get_min_align_mask(m->dev);
	u64 mask = *m->dev->dma_mask, pages = m->params.iommu_pages;
	size_t max = SIZE_MAX;

	/* The buffer may begin anywhere in a page, or below the min_align_mask. */
	if (m->iommu) {
		if (mask - m->params.iommu_base < pages * PAGE_SIZE)
			pages = (mask - m->params.iommu_base + 1) >> PAGE_SHIFT;
		max = (pages - 1) * PAGE_SIZE;
	}
	if (m->bounce)
		max = min(max, (size_t)m->window->size - align);
	return max;
}

/* The segment boundary in pages; a buffer that is larger may cross it. */
static unsigned long boundary(struct dma_model *m, unsigned int nr)
{
	unsigned long pages = dma_get_seg_boundary_nr_pages(m->dev, PAGE_SHIFT);

	return nr <= pages ? pages : NO_BOUNDARY;
}

static int map_iommu(struct dma_model *m, struct model_map *map,
		     dma_addr_t bus, u64 mask, dma_addr_t iova)
{
	unsigned int nr = pages(bus, map->size);
	unsigned long align = 0;

	if (map->flags & (MAP_ALLOC | MAP_PAGES))
		align = roundup_pow_of_two(nr) - 1;
	if (iova == ANYWHERE)
		iova = fails(m) ? DMA_MAPPING_ERROR :
				  model_iommu_alloc(m->iommu, nr, mask, align,
						    boundary(m, nr), &m->rnd);
	if (iova == DMA_MAPPING_ERROR)
		return -ENOMEM;
	map->dma = iova + offset_in_page(bus);
	model_iommu_map(m->iommu, iova, bus - offset_in_page(bus), nr,
			map->dir);
	return 0;
}

static int map_slot(struct dma_model *m, struct model_map *map)
{
	unsigned long align = dma_get_min_align_mask(m->dev);
	phys_addr_t slot = MODEL_NOWHERE;

	if (map->size >= PAGE_SIZE && PAGE_ALIGNED(map->phys))
		align |= ~PAGE_MASK;
	if (!fails(m))
		slot = model_bounce_alloc(m->bounce, map->size,
					  map->phys & align, align,
					  dma_get_seg_boundary(m->dev),
					  &m->rnd);
	if (slot == MODEL_NOWHERE)
		return -ENOMEM;
	map->flags |= MAP_BOUNCED;
	map->orig = map->phys;
	map->phys = slot;
	/* In all directions: bytes that the device does not write must survive. */
	model_ram_copy(slot, map->orig, map->size);
	return 0;
}

/* Can a mapping have a write barrier?  Nothing orders a write to MMIO. */
static bool ordered(struct dma_model *m, enum dma_data_direction dir,
		    unsigned int flags)
{
	return dir == DMA_TO_DEVICE || !(flags & MAP_MMIO || no_barrier(m));
}

/* Memory has a struct page; other addresses need MAP_MMIO. */
static bool is_memory(phys_addr_t phys, size_t size)
{
	return pfn_valid(PHYS_PFN(phys)) && pfn_valid(PHYS_PFN(phys + size - 1));
}

/* Map at the I/O address @iova, or let the model choose one if it is ANYWHERE. */
static struct model_map *map_one(struct dma_model *m, phys_addr_t phys,
				 size_t size, enum dma_data_direction dir,
				 unsigned long attrs, unsigned int flags,
				 u64 mask, dma_addr_t iova)
{
	bool cache = cached(m) && !(flags & (MAP_ALLOC | MAP_MMIO));
	bool bounce = !flags && bounces(m, phys, size);
	struct model_map *map;
	dma_addr_t bus;
	int ret = -ENOMEM;

	lockdep_assert_held(&m->lock);
	if (!flags && !is_memory(phys, size)) {
		model_fault(m, DMA_MODEL_MISUSE, dir != DMA_TO_DEVICE, phys,
			    size);
		return ERR_PTR(-EINVAL);
	}
	if ((attrs & DMA_ATTR_REQUIRE_COHERENT && (cache || bounce)) ||
	    (attrs & DMA_ATTR_WRITE_BARRIER && !ordered(m, dir, flags))) {
		debug_dma_attrs_broken(m->dev, attrs);
		return ERR_PTR(-EIO);
	}
	map = fails(m) ? NULL : kmalloc_obj(*map, GFP_ATOMIC | __GFP_NOWARN);
	if (!map)
		return ERR_PTR(-ENOMEM);
	*map = (struct model_map) {
		.phys = phys, .size = size, .dir = dir, .flags = flags,
	};
	if (cache)
		map->flags |= MAP_CACHED;
	if ((flags & MAP_ALLOC || attrs & DMA_ATTR_WRITE_BARRIER) &&
	    !no_barrier(m))
		map->flags |= MAP_BARRIER;

	if (flags & MAP_ALLOC && m->params.features & DMA_MODEL_WEAK_CPU)
		map->flags |= MAP_WEAK;

	if (bounce && map_slot(m, map))
		goto free_map;
	if (map->flags & MAP_CACHED &&
	    (fails(m) || model_cache_get(map->phys, size, m->params.line)))
		goto free_slot;
	if (map->flags & MAP_WEAK &&
	    (fails(m) || model_weak_get(phys, size, m->params.word,
					prandom_u32_state(&m->rnd))))
		goto put_cache;
	bus = bus_addr(m, map->phys, size, mask);
	if (bus == DMA_MAPPING_ERROR) {
		ret = -EIO;
		goto put_weak;
	}
	map->dma = bus;
	if (m->iommu && map_iommu(m, map, bus, mask, iova))
		goto put_weak;

	if (map->flags & MAP_CACHED && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		model_cache_map(map->phys, size, m->params.line, dir);
	list_add(&map->list, &m->maps);
	m->nr_maps++;
	return map;

put_weak:
	if (map->flags & MAP_WEAK)
		model_weak_put(phys);
put_cache:
	if (map->flags & MAP_CACHED)
		model_cache_put(map->phys, size, m->params.line);
free_slot:
	if (map->flags & MAP_BOUNCED)
		model_bounce_free(m->bounce, map->phys, size);
free_map:
	kfree(map);
	return ERR_PTR(ret);
}

/*
 * A model without a barrier has no order that a driver could rely on.  Before the
 * CPU reads a buffer, and before the buffer is freed, wait for all writes.
 */
static void flush_writes(struct dma_model *m, enum dma_data_direction dir)
{
	lockdep_assert_not_held(&m->lock);
	if (no_barrier(m) && dir != DMA_TO_DEVICE)
		model_fabric_drain(m->fabric);
}

static void sync_for_cpu(struct dma_model *m, struct model_map *map,
			 size_t offset, size_t size)
{
	if (map->flags & MAP_CACHED)
		model_cache_for_cpu(map->phys + offset, size, m->params.line,
				    map->dir);
	if (map->flags & MAP_BOUNCED && map->dir != DMA_TO_DEVICE)
		model_ram_copy(map->orig + offset, map->phys + offset, size);
}

static void sync_for_device(struct dma_model *m, struct model_map *map,
			    size_t offset, size_t size)
{
	if (map->flags & MAP_BOUNCED && map->dir != DMA_FROM_DEVICE)
		model_ram_copy(map->phys + offset, map->orig + offset, size);
	if (map->flags & MAP_CACHED)
		model_cache_for_device(map->phys + offset, size,
				       m->params.line, map->dir);
}

static void unmap_one(struct dma_model *m, struct model_map *map,
		      unsigned long attrs)
{
	lockdep_assert_held(&m->lock);
	if (!(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		sync_for_cpu(m, map, 0, map->size);
	if (m->iommu)
		model_iommu_unmap(m->iommu, map->dma - offset_in_page(map->dma),
				  pages(map->dma, map->size));
	if (map->flags & MAP_WEAK)
		model_weak_put(map->phys);
	if (map->flags & MAP_CACHED)
		model_cache_put(map->phys, map->size, m->params.line);
	if (map->flags & MAP_BOUNCED)
		model_bounce_free(m->bounce, map->phys, map->size);
	list_del(&map->list);
	m->nr_maps--;
	kfree(map);
}

/* The mapping that contains @dma, at *@offset. */
static struct model_map *find(struct dma_model *m, dma_addr_t dma,
			      enum dma_data_direction dir, size_t *offset)
{
	struct model_map *map;

	lockdep_assert_held(&m->lock);
	list_for_each_entry(map, &m->maps, list) {
		if (map->dir == dir && dma >= map->dma &&
		    dma - map->dma < map->size) {
			*offset = dma - map->dma;
			return map;
		}
	}
	return NULL;
}

/*
 * The mapping of @size bytes at @dma.  If there is none, the first entry of a list
 * that was merged into a segment there.
 */
static struct model_map *find_exact(struct dma_model *m, dma_addr_t dma,
				    size_t size, enum dma_data_direction dir,
				    unsigned int mmio)
{
	struct model_map *map, *part = NULL;

	lockdep_assert_held(&m->lock);
	list_for_each_entry(map, &m->maps, list) {
		if (map->dma != dma || map->dir != dir ||
		    (map->flags & MAP_MMIO) != mmio ||
		    map->flags & (MAP_ALLOC | MAP_PAGES))
			continue;
		if (map->size == size)
			return map;
		if (map->size < size)
			part = map;
	}
	return part;
}

static unsigned int mmio_flag(unsigned long attrs)
{
	return attrs & DMA_ATTR_MMIO ? MAP_MMIO : 0;
}

static dma_addr_t model_map_phys(struct device *dev, phys_addr_t phys,
				 size_t size, enum dma_data_direction dir,
				 unsigned long attrs)
{
	struct dma_model *m = model_of(dev);
	dma_addr_t dma = DMA_MAPPING_ERROR;
	struct model_map *map;
	unsigned long irq;

	if (!size || size > max_mapping(m))
		return DMA_MAPPING_ERROR;
	spin_lock_irqsave(&m->lock, irq);
	map = map_one(m, phys, size, dir, attrs, mmio_flag(attrs),
		      *dev->dma_mask, ANYWHERE);
	if (!IS_ERR(map))
		dma = map->dma;
	spin_unlock_irqrestore(&m->lock, irq);
	return dma;
}

/* model_unmap_sg() calls it for a segment, which may have been several entries. */
static void model_unmap_phys(struct device *dev, dma_addr_t dma, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct dma_model *m = model_of(dev);
	struct model_map *map;
	unsigned long irq;
	size_t n;

	flush_writes(m, dir);
	spin_lock_irqsave(&m->lock, irq);
	for (; size; dma += n, size -= n) {
		map = find_exact(m, dma, size, dir, mmio_flag(attrs));
		if (!map) {
			model_fault(m, DMA_MODEL_MISUSE, dir != DMA_TO_DEVICE,
				    dma, size);
			break;
		}
		n = map->size;
		unmap_one(m, map, attrs);
	}
	spin_unlock_irqrestore(&m->lock, irq);
}

static bool merges(struct dma_model *m)
{
	return m->iommu && !m->bounce;
}

/*
 * The number of entries from @sg on that become one segment, of *@len bytes and
 * *@nr I/O pages.
 */
static int segment(struct dma_model *m, struct scatterlist *sg, int nents,
		   size_t *len, unsigned int *nr)
{
	unsigned long most = dma_get_seg_boundary_nr_pages(m->dev, PAGE_SHIFT);
	size_t max = min_t(size_t, dma_get_max_seg_size(m->dev),
			   max_mapping(m));
	int n = 1;

	*len = sg->length;
	*nr = pages(sg->offset, sg->length);
	if (!merges(m))
		return 1;
	for (; n < nents && PAGE_ALIGNED(sg->offset + sg->length); n++) {
		sg = sg_next(sg);
		if (offset_in_page(sg->offset) || sg->length > max - min(*len, max) ||
		    *nr + pages(0, sg->length) > most)
			break;
		*len += sg->length;
		*nr += pages(0, sg->length);
	}
	return n;
}

/*
 * Map @n entries in a row at one I/O address.  Returns how many were mapped; if not
 * all, the error is in *@ret.
 */
static int map_segment(struct dma_model *m, struct scatterlist *sg, int n,
		       unsigned int nr, enum dma_data_direction dir,
		       unsigned long attrs, dma_addr_t *dma, int *ret)
{
	u64 mask = *m->dev->dma_mask;
	dma_addr_t iova = ANYWHERE;
	struct model_map *map;
	int i;

	if (merges(m)) {
		iova = fails(m) ? DMA_MAPPING_ERROR :
			model_iommu_alloc(m->iommu, nr, mask, 0,
					  boundary(m, nr), &m->rnd);
		if (iova == DMA_MAPPING_ERROR) {
			*ret = -ENOMEM;
			return 0;
		}
	}
	for (i = 0; i < n; i++, sg = sg_next(sg)) {
		map = map_one(m, sg_phys(sg), sg->length, dir, attrs, 0, mask,
			      iova);
		if (IS_ERR(map)) {
			*ret = PTR_ERR(map);
			if (iova != ANYWHERE)
				model_iommu_unmap(m->iommu, iova, nr);
			return i;
		}
		if (!i)
			*dma = map->dma;
		if (iova != ANYWHERE) {
			iova += (dma_addr_t)pages(map->dma, map->size) <<
				PAGE_SHIFT;
			nr -= pages(map->dma, map->size);
		}
	}
	return n;
}

static int model_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	struct dma_model *m = model_of(dev);
	struct scatterlist *sg = sgl, *seg = sgl;
	int i, n, done = 0, segs = 0, ret = 0;
	unsigned long irq;
	unsigned int nr;
	size_t len;

	/* A list holds no MMIO, and a model shares no memory with a hypervisor. */
	if (attrs & (DMA_ATTR_MMIO | DMA_ATTR_CC_SHARED))
		return -EINVAL;
	for_each_sg(sgl, sg, nents, i)
		if (!sg->length || sg->length > max_mapping(m))
			return -EINVAL;

	spin_lock_irqsave(&m->lock, irq);
	for (sg = sgl; done < nents; segs++, seg = sg_next(seg)) {
		dma_addr_t dma;

		n = segment(m, sg, nents - done, &len, &nr);
		i = map_segment(m, sg, n, nr, dir, attrs, &dma, &ret);
		done += i;
		if (i < n)
			goto unwind;
		while (i--)
			sg = sg_next(sg);
		sg_dma_address(seg) = dma;
		sg_dma_len(seg) = len;
	}
	spin_unlock_irqrestore(&m->lock, irq);
	for (i = segs; i < nents; i++, seg = sg_next(seg)) {
		sg_dma_address(seg) = DMA_MAPPING_ERROR;
		sg_dma_len(seg) = 0;
	}
	return segs;

unwind:
	while (done--)
		unmap_one(m, list_first_entry(&m->maps, struct model_map, list),
			  attrs);
	spin_unlock_irqrestore(&m->lock, irq);
	return ret;
}

static void model_unmap_sg(struct device *dev, struct scatterlist *sgl,
			   int nents, enum dma_data_direction dir,
			   unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		if (!sg_dma_len(sg))
			break;
		model_unmap_phys(dev, sg_dma_address(sg), sg_dma_len(sg), dir,
				 attrs);
	}
}

static void sync_range(struct device *dev, dma_addr_t dma, size_t size,
		       enum dma_data_direction dir,
		       void (*sync)(struct dma_model *m, struct model_map *map,
				    size_t offset, size_t size))
{
	struct dma_model *m = model_of(dev);
	size_t offset, n;
	unsigned long irq;

	spin_lock_irqsave(&m->lock, irq);
	for (; size; dma += n, size -= n) {
		struct model_map *map = find(m, dma, dir, &offset);

		if (!map) {
			model_fault(m, DMA_MODEL_MISUSE, dir != DMA_TO_DEVICE,
				    dma, size);
			break;
		}
		n = min(size, map->size - offset);
		sync(m, map, offset, n);
	}
	spin_unlock_irqrestore(&m->lock, irq);
}

static void model_sync_single_for_cpu(struct device *dev, dma_addr_t dma,
				      size_t size, enum dma_data_direction dir)
{
	flush_writes(model_of(dev), dir);
	sync_range(dev, dma, size, dir, sync_for_cpu);
}

static void model_sync_single_for_device(struct device *dev, dma_addr_t dma,
					 size_t size,
					 enum dma_data_direction dir)
{
	sync_range(dev, dma, size, dir, sync_for_device);
}

static void model_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl,
				  int nents, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	flush_writes(model_of(dev), dir);
	for_each_sg(sgl, sg, nents, i)
		sync_range(dev, sg_dma_address(sg), sg_dma_len(sg), dir,
			   sync_for_cpu);
}

static void model_sync_sg_for_device(struct device *dev,
				     struct scatterlist *sgl, int nents,
				     enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		sync_range(dev, sg_dma_address(sg), sg_dma_len(sg), dir,
			   sync_for_device);
}

static struct page *alloc_memory(struct dma_model *m, size_t size, gfp_t gfp)
{
	unsigned long align = (PAGE_SIZE << get_order(size)) - 1, irq;
	phys_addr_t phys;

	if (!m->bounce) {
		gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_COMP);
		/* With an offset, low memory may have high bus addresses. */
		if (!(m->params.features & (DMA_MODEL_IOMMU | DMA_MODEL_OFFSET)) &&
		    m->dev->coherent_dma_mask <= DMA_BIT_MASK(32))
			gfp |= __GFP_DMA32;
		return alloc_pages_node(dev_to_node(m->dev), gfp | __GFP_ZERO,
					get_order(size));
	}
	spin_lock_irqsave(&m->lock, irq);
	phys = fails(m) ? MODEL_NOWHERE :
			  model_bounce_alloc(m->bounce, size, 0, align,
					     ULONG_MAX, &m->rnd);
	spin_unlock_irqrestore(&m->lock, irq);
	if (phys == MODEL_NOWHERE)
		return NULL;
	memset(phys_to_virt(phys), 0, size);
	return pfn_to_page(PHYS_PFN(phys));
}

/* The memory at @phys is not mapped, or not any more. */
static void free_memory(struct dma_model *m, phys_addr_t phys, size_t size)
{
	if (m->bounce)
		model_bounce_free(m->bounce, phys, size);
	else
		__free_pages(pfn_to_page(PHYS_PFN(phys)), get_order(size));
}

static struct page *alloc_mapped(struct device *dev, size_t size,
				 dma_addr_t *dma, enum dma_data_direction dir,
				 gfp_t gfp, unsigned long attrs,
				 unsigned int flags)
{
	struct dma_model *m = model_of(dev);
	struct model_map *map;
	struct page *page;
	unsigned long irq;

	if (!size || size > SIZE_MAX - PAGE_SIZE)
		return NULL;
	size = PAGE_ALIGN(size);
	page = alloc_memory(m, size, gfp);
	if (!page)
		return NULL;

	spin_lock_irqsave(&m->lock, irq);
	map = map_one(m, page_to_phys(page), size, dir, attrs, flags,
		      dev->coherent_dma_mask, ANYWHERE);
	if (IS_ERR(map)) {
		free_memory(m, page_to_phys(page), size);
		page = NULL;
	} else {
		*dma = map->dma;
	}
	spin_unlock_irqrestore(&m->lock, irq);
	return page;
}

static void free_mapped(struct device *dev, size_t size, dma_addr_t dma,
			enum dma_data_direction dir, unsigned int flags)
{
	struct dma_model *m = model_of(dev);
	struct model_map *map, *found = NULL;
	unsigned long irq;
	phys_addr_t phys;

	size = PAGE_ALIGN(size);
	flush_writes(m, dir);
	spin_lock_irqsave(&m->lock, irq);
	list_for_each_entry(map, &m->maps, list)
		if (map->dma == dma && map->size == size && map->dir == dir &&
		    map->flags & flags)
			found = map;
	if (found) {
		phys = found->phys;
		unmap_one(m, found, DMA_ATTR_SKIP_CPU_SYNC);
		free_memory(m, phys, size);
	} else {
		model_fault(m, DMA_MODEL_MISUSE, dir != DMA_TO_DEVICE, dma,
			    size);
	}
	spin_unlock_irqrestore(&m->lock, irq);
}

static void *model_alloc(struct device *dev, size_t size, dma_addr_t *dma,
			 gfp_t gfp, unsigned long attrs)
{
	struct page *page = alloc_mapped(dev, size, dma, DMA_BIDIRECTIONAL, gfp,
					 attrs, MAP_ALLOC);

	return page ? page_address(page) : NULL;
}

static void model_free(struct device *dev, size_t size, void *vaddr,
		       dma_addr_t dma, unsigned long attrs)
{
	free_mapped(dev, size, dma, DMA_BIDIRECTIONAL, MAP_ALLOC);
}

static struct page *model_alloc_pages(struct device *dev, size_t size,
				      dma_addr_t *dma,
				      enum dma_data_direction dir, gfp_t gfp)
{
	return alloc_mapped(dev, size, dma, dir, gfp, DMA_ATTR_SKIP_CPU_SYNC,
			    MAP_PAGES);
}

static void model_free_pages(struct device *dev, size_t size, struct page *page,
			     dma_addr_t dma, enum dma_data_direction dir)
{
	free_mapped(dev, size, dma, dir, MAP_PAGES);
}

/* Only dma_model_detach() calls it.  The buffer may have been freed: no sync. */
void model_unmap_leaked(struct dma_model *m, struct model_map *map)
{
	bool memory = map->flags & (MAP_ALLOC | MAP_PAGES);
	phys_addr_t phys = map->phys;
	size_t size = map->size;
	unsigned long irq;

	spin_lock_irqsave(&m->lock, irq);
	unmap_one(m, map, DMA_ATTR_SKIP_CPU_SYNC);
	if (memory)
		free_memory(m, phys, size);
	spin_unlock_irqrestore(&m->lock, irq);
}

static unsigned int model_map_path(struct device *dev, phys_addr_t phys,
				   size_t size, enum dma_data_direction dir,
				   unsigned long attrs)
{
	struct dma_model *m = model_of(dev);
	unsigned int mmio = mmio_flag(attrs), path = 0;

	if (size > max_mapping(m))
		path |= DMA_PATH_NONE;
	if (cached(m) && !mmio)
		path |= DMA_PATH_SYNC;
	if (bounces(m, phys, size) && !mmio)
		path |= DMA_PATH_BOUNCE;
	else if (bus_addr(m, phys, size, *dev->dma_mask) == DMA_MAPPING_ERROR)
		path |= DMA_PATH_NONE;
	if (!ordered(m, dir, mmio))
		path |= DMA_PATH_UNORDERED;
	return path;
}

static u64 required_mask(struct dma_model *m)
{
	u64 pages = m->params.iommu_pages;

	if (m->iommu)
		return GENMASK_ULL(fls64(m->params.iommu_base +
					 pages * PAGE_SIZE - 1) - 1, 0);
	return model_range_required_mask(m->params.ranges);
}

static u64 model_get_required_mask(struct device *dev)
{
	return required_mask(model_of(dev));
}

static int model_dma_supported(struct device *dev, u64 mask)
{
	struct dma_model *m = model_of(dev);
	u64 least = required_mask(m);

	/*
	 * An IOMMU needs a page of its address space within the mask, bounce buffers
	 * all their slots.  A mask of 32 bits is always supported.
	 */
	if (m->iommu)
		least = m->params.iommu_base + 2 * PAGE_SIZE - 1;
	else if (m->bounce)
		least = m->window->dma_start + m->window->size - 1;
	return mask >= min_t(u64, least, DMA_BIT_MASK(32));
}

static size_t model_max_mapping_size(struct device *dev)
{
	return max_mapping(model_of(dev));
}

static size_t model_opt_mapping_size(void)
{
	return 16 * PAGE_SIZE;
}

static unsigned long model_get_merge_boundary(struct device *dev)
{
	return merges(model_of(dev)) ? PAGE_SIZE - 1 : 0;
}

/* model_create() copies it. */
const struct dma_model model_blank = {
	.ops = {
		.mandatory_attrs	= DMA_ATTR_MMIO |
					  DMA_ATTR_REQUIRE_COHERENT |
					  DMA_ATTR_WRITE_BARRIER,
		.map_path		= model_map_path,
		.alloc			= model_alloc,
		.free			= model_free,
		.alloc_pages_op		= model_alloc_pages,
		.free_pages		= model_free_pages,
		.mmap			= dma_common_mmap,
		.get_sgtable		= dma_common_get_sgtable,
		.map_phys		= model_map_phys,
		.unmap_phys		= model_unmap_phys,
		.map_sg			= model_map_sg,
		.unmap_sg		= model_unmap_sg,
		.sync_single_for_cpu	= model_sync_single_for_cpu,
		.sync_single_for_device	= model_sync_single_for_device,
		.sync_sg_for_cpu	= model_sync_sg_for_cpu,
		.sync_sg_for_device	= model_sync_sg_for_device,
		.dma_supported		= model_dma_supported,
		.get_required_mask	= model_get_required_mask,
		.max_mapping_size	= model_max_mapping_size,
		.opt_mapping_size	= model_opt_mapping_size,
		.get_merge_boundary	= model_get_merge_boundary,
	},
};
