// SPDX-License-Identifier: GPL-2.0
/*
 * Mandatory DMA attributes: honoured or refused, never ignored.
 *
 * A mapping call without a mandatory attribute never gets here, nor does one that
 * asks only for what all mappings of the device have anyway (dev->dma_undecided,
 * see settle.c).  Any other is decided here as a whole before anything is done
 * for it: no cache line is synced, no bounce slot, table entry or I/O address
 * taken, nothing printed.  If the answer is no, that is all that happens.  If it
 * is yes, the call goes on as usual, and the backend does what it would have done
 * anyway: the decision is about the path that the buffer takes, not a request to
 * take another.
 *
 * The decision has three steps:
 *
 *  - describe_*(): which path would the buffer take?  A set of DMA_PATH_* bits,
 *    collected over all parts of the buffer, from the same facts that the
 *    backend looks at when it maps.
 *  - honours(): does the backend say that it honours the attributes at all?
 *    dma-direct and dma-iommu do for those known here; a dma_map_ops backend
 *    only for those in its ->mandatory_attrs, so that one which nobody has
 *    thought about refuses them all.
 *  - decide(): does this path honour them?
 *
 * A query is the same decision without the mapping.
 */
#include <linux/dma-map-ops.h>
#include <linux/export.h>
#include <linux/iommu-dma.h>
#include <linux/overflow.h>
#include "contract.h"
#include "direct.h"

/* dma-direct: compare dma_direct_map_page(). */
static unsigned int describe_direct(struct device *dev, phys_addr_t phys,
				    size_t size, enum dma_data_direction dir,
				    bool p2pdma)
{
	unsigned int path = dev_is_dma_coherent(dev) ? 0 : DMA_PATH_CACHE;

	if (!is_swiotlb_force_bounce(dev) &&
	    dma_capable(dev, phys_to_dma(dev, phys), size, true) &&
	    !dma_kmalloc_needs_bounce(dev, size, dir))
		return path;

	if (p2pdma || !is_swiotlb_active(dev) ||
	    !swiotlb_can_map(dev, phys, size, 0))
		path |= DMA_PATH_NONE;
	return path | DMA_PATH_BOUNCE | DMA_PATH_ALLOC;
}

static unsigned int describe_ops(struct device *dev, phys_addr_t phys,
				 size_t size, enum dma_data_direction dir,
				 unsigned long attrs)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);

	if (ops->map_path)
		return ops->map_path(dev, phys, size, dir, attrs);
	/* Without a word from the backend, its sync methods tell most. */
	if (ops->sync_single_for_device && !dev_is_dma_coherent(dev))
		return DMA_PATH_ALLOC | DMA_PATH_CACHE;
	return DMA_PATH_ALLOC;
}

static unsigned int describe(struct device *dev, enum dma_backend backend,
			     phys_addr_t phys, size_t size,
			     enum dma_data_direction dir, unsigned long attrs,
			     bool p2pdma)
{
	if (backend == DMA_BACKEND_DIRECT)
		return describe_direct(dev, phys, size, dir, p2pdma);
	if (IS_ENABLED(CONFIG_IOMMU_DMA) && backend == DMA_BACKEND_IOMMU)
		return iommu_dma_map_path(dev, phys, size, dir);
	return describe_ops(dev, phys, size, dir, attrs);
}

/*
 * A write to a peer's memory travels another way than one to RAM, and nothing
 * orders the two.
 */
static unsigned int describe_p2pdma(struct device *dev, struct page *page,
				    unsigned int path)
{
	switch (pci_p2pdma_page_type(page, dev)) {
	case PCI_P2PDMA_MAP_BUS_ADDR:
		return DMA_PATH_UNORDERED;
	case PCI_P2PDMA_MAP_THRU_HOST_BRIDGE:
		return path | DMA_PATH_UNORDERED;
	default:
		return DMA_PATH_REMOTE;
	}
}

/* Where the platform has a barrier, can the backend ask for it? */
static bool has_barrier(enum dma_backend backend)
{
	return backend == DMA_BACKEND_OPS ||
	       (backend == DMA_BACKEND_DIRECT &&
		IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA_ATTRS));
}

/* Does the backend say that it honours @attrs, for some buffer at least? */
static bool honours(struct device *dev, enum dma_backend backend,
		    unsigned long attrs)
{
	enum dma_ordering path;

	if (attrs & DMA_ATTR_RESERVED_MANDATORY)
		return false;
	if (backend == DMA_BACKEND_OPS &&
	    attrs & DMA_ATTR_MANDATORY & ~get_dma_ops(dev)->mandatory_attrs)
		return false;
	if (!(attrs & DMA_ATTR_WRITE_BARRIER))
		return true;

	path = dma_path_ordering(dev);
	return dma_sends_strong(dev) &&
	       (path == DMA_ORDERING_STRONG ||
		(path == DMA_ORDERING_WEAK_BARRIER && has_barrier(backend)));
}

static int decide(struct device *dev, enum dma_backend backend,
		  enum dma_data_direction dir, unsigned long attrs,
		  unsigned int path, struct dma_query *query)
{
	if (query) {
		query->bounce = path & DMA_PATH_BOUNCE;
		query->cache_sync = path & DMA_PATH_CACHE;
		query->may_exhaust = path & DMA_PATH_ALLOC;
		query->ordering = dma_get_ordering(dev);
	}

	if (attrs & DMA_ATTR_WRITE_BARRIER && attrs & DMA_ATTR_WEAK_ORDERING)
		return -EINVAL;
	/* A device that does not write has nothing to order. */
	if (dir == DMA_TO_DEVICE)
		attrs &= ~DMA_ATTR_WRITE_BARRIER;
	if (attrs & DMA_ATTR_MANDATORY && !honours(dev, backend, attrs))
		return -EOPNOTSUPP;
	if (attrs & DMA_ATTR_REQUIRE_COHERENT &&
	    path & (DMA_PATH_BOUNCE | DMA_PATH_CACHE))
		return -EOPNOTSUPP;
	if (attrs & DMA_ATTR_WRITE_BARRIER && path & DMA_PATH_UNORDERED)
		return -EOPNOTSUPP;
	if (path & DMA_PATH_REMOTE)
		return -EREMOTEIO;
	return path & DMA_PATH_NONE ? -EIO : 0;
}

static bool valid_args(struct device *dev, phys_addr_t phys, size_t size,
		       enum dma_data_direction dir)
{
	phys_addr_t end;

	return valid_dma_direction(dir) && dev->dma_mask && *dev->dma_mask &&
	       size && !check_add_overflow(phys, size - 1, &end);
}

/**
 * dma_query_page - how would dma_map_page_attrs() map this buffer?
 * @dev: device to map for, its masks set
 * @page: first page of the buffer
 * @offset: where in @page the buffer begins, in bytes
 * @size: length of the buffer in bytes
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, as for dma_map_page_attrs()
 * @query: filled with the answer unless it is NULL or -EINVAL is returned
 *
 * The answer is that of the mapping call, for as long as the device, its masks,
 * its IOMMU domain and the bounce pools stay as they are.
 *
 * Context: Any, IRQ and a suspended device included.  Takes no lock and touches
 *	neither the device nor the buffer.
 * Return: 0 if the buffer would be mapped, unless @query->may_exhaust and there
 *	is nothing left;
 *	-EINVAL for a direction, size, mask or offset that is not valid, or for
 *	attributes that contradict one another;
 *	-EOPNOTSUPP if a mandatory attribute in @attrs would be refused;
 *	-EIO if the device cannot reach the buffer in any way.
 */
int dma_query_page(struct device *dev, struct page *page, size_t offset,
		   size_t size, enum dma_data_direction dir,
		   unsigned long attrs, struct dma_query *query)
{
	enum dma_backend backend = dma_map_backend(dev);
	phys_addr_t phys = page_to_phys(page) + offset;
	bool p2pdma = is_pci_p2pdma_page(page);
	unsigned int path;

	if (!valid_args(dev, phys, size, dir))
		return -EINVAL;

	if (backend == DMA_BACKEND_OPS &&
	    arch_dma_map_page_direct(dev, phys + size))
		backend = DMA_BACKEND_DIRECT;
	path = describe(dev, backend, phys, size, dir, attrs, p2pdma);
	if (p2pdma)
		path |= DMA_PATH_UNORDERED;
	return decide(dev, backend, dir, attrs, path, query);
}
EXPORT_SYMBOL_GPL(dma_query_page);

/**
 * dma_query_sg - how would dma_map_sg_attrs() map this list?
 * @dev: device to map for, its masks set
 * @sg: scatterlist, not mapped; it is not changed
 * @nents: number of entries in @sg
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, as for dma_map_sg_attrs()
 * @query: filled with the answer unless it is NULL or -EINVAL is returned
 *
 * As dma_query_page(), for the list as a whole: what one entry needs, the answer
 * has.
 *
 * Context: Any, IRQ and a suspended device included.
 * Return: as dma_query_page(), and -EREMOTEIO if @dev cannot reach P2PDMA memory
 *	in the list.  This is what dma_map_sgtable() returns.
 */
int dma_query_sg(struct device *dev, struct scatterlist *sg, int nents,
		 enum dma_data_direction dir, unsigned long attrs,
		 struct dma_query *query)
{
	enum dma_backend backend = dma_map_backend(dev);
	unsigned int path = 0;
	struct scatterlist *s;
	int i;

	if (nents <= 0)
		return -EINVAL;
	for_each_sg(sg, s, nents, i)
		if (!valid_args(dev, sg_phys(s), s->length, dir))
			return -EINVAL;

	if (backend == DMA_BACKEND_OPS && arch_dma_map_sg_direct(dev, sg, nents))
		backend = DMA_BACKEND_DIRECT;
	for_each_sg(sg, s, nents, i) {
		bool p2pdma = is_pci_p2pdma_page(sg_page(s));
		unsigned int part = describe(dev, backend, sg_phys(s),
					     s->length, dir, attrs, p2pdma);

		if (p2pdma && backend != DMA_BACKEND_OPS)
			part = describe_p2pdma(dev, sg_page(s), part);
		path |= part;
	}
	return decide(dev, backend, dir, attrs, path, query);
}
EXPORT_SYMBOL_GPL(dma_query_sg);

/**
 * dma_query_resource - how would dma_map_resource() map this range?
 * @dev: device to map for, its masks set
 * @phys: physical address of the MMIO range
 * @size: length of the range in bytes
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, as for dma_map_resource()
 * @query: filled with the answer unless it is NULL or -EINVAL is returned
 *
 * MMIO is neither cached nor bounced, so %DMA_ATTR_REQUIRE_COHERENT holds
 * wherever the backend maps it at all.  %DMA_ATTR_WRITE_BARRIER does not, except
 * to read from it: nothing orders a write to a peer with one to RAM.
 *
 * Context: Any, IRQ and a suspended device included.
 * Return: as dma_query_page().
 */
int dma_query_resource(struct device *dev, phys_addr_t phys, size_t size,
		       enum dma_data_direction dir, unsigned long attrs,
		       struct dma_query *query)
{
	enum dma_backend backend = dma_map_backend(dev);
	unsigned int path = DMA_PATH_UNORDERED;

	if (!valid_args(dev, phys, size, dir))
		return -EINVAL;

	if (backend == DMA_BACKEND_DIRECT)
		path |= dma_direct_maps_resources(dev) &&
			dma_capable(dev, phys, size, false) ? 0 : DMA_PATH_NONE;
	else if (backend == DMA_BACKEND_OPS && !get_dma_ops(dev)->map_resource)
		path |= DMA_PATH_NONE;
	else if (backend == DMA_BACKEND_OPS && get_dma_ops(dev)->resource_path)
		path |= get_dma_ops(dev)->resource_path(dev, phys, size);
	else
		path |= DMA_PATH_ALLOC;
	return decide(dev, backend, dir, attrs, path, query);
}
EXPORT_SYMBOL_GPL(dma_query_resource);

/**
 * dma_query_alloc - what would dma_alloc_attrs() give?
 * @dev: device to allocate for, its coherent mask set
 * @size: bytes to allocate
 * @attrs: %DMA_ATTR_* attributes, as for dma_alloc_attrs()
 * @query: filled with the answer unless it is NULL or -EINVAL is returned
 *
 * Coherent memory needs no further call by definition, so wherever there is any,
 * %DMA_ATTR_REQUIRE_COHERENT holds.
 *
 * Context: Any, IRQ and a suspended device included.
 * Return: 0 if the allocation would succeed, unless there is no memory;
 *	-EINVAL for a size or mask that is not valid, or for attributes that
 *	contradict one another;
 *	-EOPNOTSUPP if a mandatory attribute in @attrs would be refused;
 *	-EIO if the backend has no coherent memory.
 */
int dma_query_alloc(struct device *dev, size_t size, unsigned long attrs,
		    struct dma_query *query)
{
	enum dma_backend backend = dma_alloc_backend(dev);
	unsigned int path = DMA_PATH_ALLOC;

	if (!size || size > SIZE_MAX - PAGE_SIZE || !dev->coherent_dma_mask)
		return -EINVAL;

	if (backend == DMA_BACKEND_OPS && !get_dma_ops(dev)->alloc)
		path |= DMA_PATH_NONE;
	return decide(dev, backend, DMA_BIDIRECTIONAL, attrs, path, query);
}
EXPORT_SYMBOL_GPL(dma_query_alloc);

/**
 * dma_query_noncontiguous - what would dma_alloc_noncontiguous() give?
 * @dev: device to allocate for, its masks set
 * @size: bytes to allocate
 * @dir: direction of the transfers
 * @attrs: %DMA_ATTR_* attributes, as for dma_alloc_noncontiguous()
 * @query: filled with the answer unless it is NULL or -EINVAL is returned
 *
 * Context: Any, IRQ and a suspended device included.
 * Return: as dma_query_alloc().  A dma_map_ops backend refuses every mandatory
 *	attribute that not all mappings have: its page allocation takes none.
 */
int dma_query_noncontiguous(struct device *dev, size_t size,
			    enum dma_data_direction dir, unsigned long attrs,
			    struct dma_query *query)
{
	enum dma_backend backend = dma_alloc_backend(dev);
	unsigned int path = DMA_PATH_ALLOC;
	int ret;

	if (!valid_args(dev, 0, size, dir) || size > SIZE_MAX - PAGE_SIZE ||
	    !dev->coherent_dma_mask)
		return -EINVAL;

	if (!dev_is_dma_coherent(dev))
		path |= DMA_PATH_CACHE;
	/* Pages of a restricted pool are bounce slots, and looked up as such. */
	if (backend == DMA_BACKEND_DIRECT && is_swiotlb_for_alloc(dev))
		path |= DMA_PATH_BOUNCE;
	if (backend == DMA_BACKEND_OPS && !get_dma_ops(dev)->alloc_pages_op)
		path |= DMA_PATH_NONE;
	ret = decide(dev, backend, dir, attrs, path, query);
	if (!ret && backend == DMA_BACKEND_OPS && dma_undecided(dev, attrs))
		return -EOPNOTSUPP;
	return ret;
}
EXPORT_SYMBOL_GPL(dma_query_noncontiguous);
