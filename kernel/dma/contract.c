// SPDX-License-Identifier: GPL-2.0
/*
 * Mandatory DMA attributes are honoured or refused, never ignored.
 *
 * A map or an allocation with an attribute of DMA_ATTR_MANDATORY is decided here
 * before it starts: no cache line is synced, no bounce slot, table entry or I/O
 * address is taken, nothing is printed.  The decision covers the whole call.  A
 * refused call fails.  A granted call does the same as without the attributes,
 * because the decision is about the path that the buffer takes anyway.  Calls
 * without such an attribute do not get here.
 *
 * The decision has three steps:
 *
 *  - check_attrs(): do the attributes make sense, and does the backend honour them
 *    for any buffer at all?  Attributes that a dma_map_ops does not list in its
 *    ->mandatory_attrs are refused, so a backend that lists nothing is safe.
 *  - buffer_path(): which path does this buffer take?  The answer is a set of
 *    DMA_PATH_* bits, from the same facts that the backend looks at when it maps.
 *  - check_path(): does that path honour the attributes?
 *
 * The backend tests again, at the line where it would bounce, sync or stream the
 * buffer.  If the two differ, the map fails and dma-debug reports it, see
 * debug_dma_attrs_broken().  So a wrong decision here cannot corrupt data.
 */
#include <kunit/visibility.h>
#include <linux/dma-contract.h>
#include <linux/dma-map-ops.h>
#include <linux/export.h>
#include <linux/iommu-dma.h>
#include <linux/memblock.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <trace/events/dma.h>
#include "contract.h"
#include "debug.h"
#include "direct.h"

#define COHERENT	DMA_ATTR_REQUIRE_COHERENT
#define BARRIER		DMA_ATTR_WRITE_BARRIER

enum backend {
	DIRECT,
	IOMMU,
	OPS,
};

static __always_inline enum backend backend_of(struct device *dev, bool direct)
{
	if (direct)
		return DIRECT;
	return use_dma_iommu(dev) ? IOMMU : OPS;
}

static __always_inline bool maps_direct(struct device *dev)
{
	return dma_go_direct(dev, *dev->dma_mask, get_dma_ops(dev));
}

static bool allocs_direct(struct device *dev)
{
	return dma_go_direct(dev, dev->coherent_dma_mask, get_dma_ops(dev)) ||
	       arch_dma_alloc_direct(dev);
}

/* Does the backend honour the attributes for some buffer in this direction? */
static __always_inline int check_attrs(struct device *dev, enum backend backend,
				       enum dma_data_direction dir,
				       unsigned long attrs)
{
	unsigned long honoured;

	switch (backend) {
	case DIRECT:
		honoured = COHERENT | BARRIER | DMA_ATTR_MMIO |
			   DMA_ATTR_CC_SHARED;
		break;
	case IOMMU:
		honoured = COHERENT | BARRIER | DMA_ATTR_MMIO;
		break;
	default:
		honoured = get_dma_ops(dev)->mandatory_attrs;
	}

	/* A device that does not write has nothing to order. */
	if (unlikely(attrs & BARRIER)) {
		if (attrs & DMA_ATTR_WEAK_ORDERING)
			return -EINVAL;
		if (dir == DMA_TO_DEVICE)
			honoured |= BARRIER;
		/* Nothing orders a write to a peer with one to memory. */
		else if (attrs & DMA_ATTR_MMIO)
			return -EOPNOTSUPP;
		/* Other buses: a backend that lists it vouches for the order. */
		else if ((backend != OPS || dev_is_pci(dev)) &&
			 !dma_writes_ordered(dev))
			return -EOPNOTSUPP;
	}
	if (attrs & DMA_ATTR_MANDATORY & ~honoured)
		return -EOPNOTSUPP;
	if (attrs & COHERENT && !dev_is_dma_coherent(dev))
		return -EOPNOTSUPP;
	return 0;
}

static __always_inline unsigned int buffer_path(struct device *dev,
						enum backend backend,
						phys_addr_t phys, size_t size,
						enum dma_data_direction dir,
						unsigned long attrs)
{
	if (backend == DIRECT)
		return dma_direct_map_path(dev, phys, size, dir, attrs);
	if (IS_ENABLED(CONFIG_IOMMU_DMA) && backend == IOMMU)
		return iommu_dma_map_path(dev, phys, size, dir, attrs);
	if (get_dma_ops(dev)->map_path)
		return get_dma_ops(dev)->map_path(dev, phys, size, dir, attrs);
	return 0;
}

/*
 * Does dma-iommu bounce no buffer of this device, whatever its size?  Compare
 * dev_use_swiotlb().
 */
static __always_inline bool never_bounces(struct device *dev,
					  enum dma_data_direction dir)
{
	return !(dev_is_pci(dev) && to_pci_dev(dev)->untrusted) &&
	       dma_kmalloc_safe(dev, dir);
}

static __always_inline int check_path(enum dma_data_direction dir,
				      unsigned long attrs, unsigned int path)
{
	if (likely(!path))
		return 0;
	if (attrs & (COHERENT | DMA_ATTR_MMIO) &&
	    path & (DMA_PATH_BOUNCE | DMA_PATH_SYNC))
		return -EOPNOTSUPP;
	if (attrs & BARRIER && dir != DMA_TO_DEVICE &&
	    path & DMA_PATH_UNORDERED)
		return -EOPNOTSUPP;
	return path & DMA_PATH_NONE ? -EIO : 0;
}

/**
 * dma_query_phys - would dma_map_phys() map this range?
 * @dev: device to map for
 * @phys: physical address of the first byte; any alignment
 * @size: length of the range in bytes; the range is physically contiguous
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, as for dma_map_phys()
 *
 * The answer holds until the device's mask, dma_map_ops or IOMMU domain or the
 * bounce pool changes.
 *
 * Context: Any.  Takes no lock, touches neither the device nor the memory.
 * Return: 0 if the range would be mapped, unless slots, entries or addresses have
 *	run out;
 *	-EINVAL for an unknown direction, a size of 0, a range that wraps around, a
 *	device without a mask, or attributes that contradict one another;
 *	-EOPNOTSUPP if a mandatory attribute would be refused;
 *	-EIO if the device cannot reach the range in any way.
 */
noinline int dma_query_phys(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	enum backend backend;
	phys_addr_t last;
	bool direct;
	int ret;

	if (unlikely(!valid_dma_direction(dir) || !dev->dma_mask || !size ||
		     check_add_overflow(phys, size - 1, &last)))
		return -EINVAL;

	direct = maps_direct(dev) ||
		 (!(attrs & (DMA_ATTR_MMIO | DMA_ATTR_CC_SHARED)) &&
		  arch_dma_map_phys_direct(dev, phys + size));
	backend = backend_of(dev, direct);
	ret = check_attrs(dev, backend, dir, attrs);
	if (ret)
		return ret;
	return check_path(dir, attrs,
			  buffer_path(dev, backend, phys, size, dir, attrs));
}
EXPORT_SYMBOL_IF_KUNIT(dma_query_phys);

/**
 * dma_query_sg - would dma_map_sgtable() map this list?
 * @dev: device to map for
 * @sg: scatterlist, may be chained, not mapped; it is not changed
 * @nents: number of entries in @sg, more than 0
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, as for dma_map_sgtable()
 *
 * The result covers all entries: one that would be refused refuses the list.  An
 * entry with a peer's memory (P2PDMA) is MMIO and refuses only the barrier.  The
 * query does not find out whether the device can reach the peer; the map does.
 *
 * Context: Any.  Takes no lock, touches neither the device nor the memory.
 * Return: 0 if the list would be mapped, unless slots, entries or addresses have
 *	run out, or a peer cannot be reached;
 *	-EINVAL for an unknown direction, no entries, an entry of length 0 or one
 *	that wraps around, a device without a mask, attributes that contradict one
 *	another, or %DMA_ATTR_MMIO, which a list does not take;
 *	-EOPNOTSUPP if a mandatory attribute would be refused for an entry;
 *	-EIO if the device cannot reach an entry in any way.
 */
int dma_query_sg(struct device *dev, struct scatterlist *sg, int nents,
		 enum dma_data_direction dir, unsigned long attrs)
{
	unsigned int path = 0;
	struct scatterlist *s;
	enum backend backend;
	bool direct, one_path;
	int i, ret;

	if (unlikely(!valid_dma_direction(dir) || !dev->dma_mask ||
		     nents <= 0 || attrs & DMA_ATTR_MMIO))
		return -EINVAL;

	direct = maps_direct(dev) || arch_dma_map_sg_direct(dev, sg, nents);
	backend = backend_of(dev, direct);
	ret = check_attrs(dev, backend, dir, attrs);
	if (ret)
		return ret;
	one_path = backend == IOMMU && never_bounces(dev, dir);
	for_each_sg(sg, s, nents, i) {
		phys_addr_t phys = sg_phys(s);

		if (unlikely(!s->length || phys + s->length - 1 < phys))
			return -EINVAL;
		if (is_pci_p2pdma_page(sg_page(s)))
			path |= DMA_PATH_UNORDERED;
		else if (!one_path)
			path |= buffer_path(dev, backend, phys, s->length, dir,
					    attrs);
	}
	return check_path(dir, attrs, path);
}
EXPORT_SYMBOL_IF_KUNIT(dma_query_sg);

/**
 * dma_query_alloc - would dma_alloc_attrs() give memory with these attributes?
 * @dev: device to allocate for
 * @size: bytes to allocate
 * @attrs: %DMA_ATTR_* attributes, as for dma_alloc_attrs()
 *
 * Coherent memory needs no sync.  So %DMA_ATTR_REQUIRE_COHERENT is granted for
 * devices that are not coherent, too, and refused only by a dma_map_ops that does
 * not list it.  Memory that was declared for the device with
 * dma_declare_coherent_memory() is the device's own or a peer's.  Nothing orders
 * writes to it with writes to other memory, so %DMA_ATTR_WRITE_BARRIER is refused.
 *
 * Context: Any.  Takes no lock, touches neither the device nor memory.
 * Return: 0 if the memory would have the attributes; whether there is memory is
 *	found by the allocation;
 *	-EINVAL for a @size of 0 or of more than SIZE_MAX - PAGE_SIZE, a device
 *	without a mask, %DMA_ATTR_MMIO, or attributes that contradict one another;
 *	-EOPNOTSUPP if a mandatory attribute would be refused.
 */
int dma_query_alloc(struct device *dev, size_t size, unsigned long attrs)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);
	enum backend backend;
	int ret;

	/* The streaming mask, too: ->map_path() looks at it. */
	if (!size || size > SIZE_MAX - PAGE_SIZE || !dev->dma_mask ||
	    attrs & DMA_ATTR_MMIO)
		return -EINVAL;
	if (attrs & DMA_ATTR_CC_SHARED)
		return -EOPNOTSUPP;

	backend = backend_of(dev, allocs_direct(dev));
	/* A device that is not coherent gets coherent memory as well. */
	ret = check_attrs(dev, backend, DMA_BIDIRECTIONAL, attrs & ~COHERENT);
	if (ret)
		return ret;
	if (backend == OPS && attrs & COHERENT & ~ops->mandatory_attrs)
		return -EOPNOTSUPP;
	/* There is no buffer yet: the address is 0, see struct dma_map_ops. */
	if (backend == OPS && attrs & BARRIER && ops->map_path &&
	    ops->map_path(dev, 0, size, DMA_BIDIRECTIONAL, attrs) &
	    DMA_PATH_UNORDERED)
		return -EOPNOTSUPP;
	if (attrs & BARRIER && dev_has_coherent_memory(dev))
		return -EOPNOTSUPP;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(dma_query_alloc);

/**
 * dma_query_bounces - would a map of this range go through a bounce buffer?
 * @dev: device with a DMA mask
 * @phys: physical address of the first byte
 * @size: length of the range in bytes
 * @dir: direction of the transfer
 *
 * Context: Any.  Takes no lock, touches neither the device nor the memory.
 * Return: true if a map without attributes would be bounced.
 */
bool dma_query_bounces(struct device *dev, phys_addr_t phys, size_t size,
		       enum dma_data_direction dir)
{
	return buffer_path(dev, backend_of(dev, maps_direct(dev)), phys, size,
			   dir, 0) & DMA_PATH_BOUNCE;
}

/**
 * dma_sgtable_path - which paths would a map of this list take?
 * @dev: device with a DMA mask
 * @sgt: the list, not mapped; it is not changed
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes of the map
 *
 * Context: Any.  Takes no lock, touches neither the device nor the memory.
 * Return: the %DMA_PATH_* bits of all entries.
 */
unsigned int dma_sgtable_path(struct device *dev, struct sg_table *sgt,
			      enum dma_data_direction dir, unsigned long attrs)
{
	bool direct = maps_direct(dev) ||
		      arch_dma_map_sg_direct(dev, sgt->sgl, sgt->orig_nents);
	enum backend backend = backend_of(dev, direct);
	unsigned int path = dev_is_dma_coherent(dev) ? 0 : DMA_PATH_SYNC;
	struct scatterlist *sg;
	int i;

	if (backend == IOMMU && never_bounces(dev, dir))
		return path;
	for_each_sgtable_sg(sgt, sg, i)
		if (!is_pci_p2pdma_page(sg_page(sg)))
			path |= buffer_path(dev, backend, sg_phys(sg),
					    sg->length, dir, attrs);
	return path;
}

/**
 * dma_sgtable_bounces - would a map of this list go through bounce buffers?
 * @dev: the device; without a DMA mask it maps nothing, and so bounces nothing
 * @sgt: the list, not mapped; it is not changed
 * @dir: direction of the transfer
 *
 * For who shares memory between devices: a device that works on a bounce buffer does
 * not see what others write, nor do they see what it writes.  A peer's memory (P2PDMA)
 * is not bounced.  The answer holds as long as that of dma_query_phys().
 *
 * Context: Any.  Takes no lock, touches neither the device nor the memory.
 * Return: true if at least one entry would be bounced.
 */
bool dma_sgtable_bounces(struct device *dev, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	return dev->dma_mask &&
	       dma_sgtable_path(dev, sgt, dir, 0) & DMA_PATH_BOUNCE;
}
EXPORT_SYMBOL_GPL(dma_sgtable_bounces);

/**
 * dma_ram_bounces - would a map of some of this machine's memory be bounced?
 * @dev: device whose DMA mask is set
 *
 * For drivers that can choose: a device for which this is true gets pages from
 * dma_alloc_pages() that it addresses itself.  Reasons to bounce are a mask or a bus
 * that does not reach all memory, memory that is encrypted, swiotlb=force, and pages
 * that are not contiguous for the device, as in a Xen PV domain.  Only whole pages
 * count.  Without a bounce pool, the maps that would be bounced fail.
 *
 * Context: Any.  Takes no lock, touches neither the device nor memory.  With a
 *	dma_map_ops, it may take as long as to look at each page once.
 * Return: true if there is memory that would be bounced.
 */
bool dma_ram_bounces(struct device *dev)
{
	unsigned long first = max_pfn - 1;
	size_t size;

	/* Where pages can have any bus address, the last one tells nothing. */
	if (backend_of(dev, maps_direct(dev)) == OPS)
		first = min_low_pfn;
	size = min_t(u64, PFN_PHYS(max_pfn - first), SIZE_MAX);
	return dma_addressing_limited(dev) ||
	       dma_query_bounces(dev, PFN_PHYS(first), size, DMA_BIDIRECTIONAL);
}
EXPORT_SYMBOL_GPL(dma_ram_bounces);

/**
 * dma_phys_refused - decide a dma_map_phys() with a mandatory attribute
 * @dev: device to map for, not through dma-direct; it has a DMA mask
 * @phys: physical address of the first byte
 * @size: length of the range in bytes
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, at least one of %DMA_ATTR_MANDATORY
 *
 * hmm_dma_map_pfn() maps page by page, so the common case of dma-iommu is decided
 * here: memory or registers of a coherent device that never bounces.  dma-direct
 * does the same in dma_direct_map_mandatory().  dma_map_phys() traces the result.
 *
 * Context: Any.
 * Return: true if the map has to fail.
 */
bool dma_phys_refused(struct device *dev, phys_addr_t phys, size_t size,
		      enum dma_data_direction dir, unsigned long attrs)
{
	if (likely(use_dma_iommu(dev) && never_bounces(dev, dir) &&
		   dma_path_decides(dev, phys, size, attrs)))
		return false;
	return dma_query_phys(dev, phys, size, dir, attrs);
}

/**
 * dma_sg_refused - decide a dma_map_sg() with a mandatory attribute
 * @dev: device to map for
 * @sg: scatterlist, may be chained, not mapped
 * @nents: number of entries in @sg
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, at least one of %DMA_ATTR_MANDATORY
 *
 * A refusal is traced.
 *
 * Context: Any.
 * Return: as dma_query_sg().
 */
int dma_sg_refused(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs)
{
	int ret = dma_query_sg(dev, sg, nents, dir, attrs);

	if (unlikely(ret))
		trace_dma_map_sg_err(dev, sg, nents, ret, dir, attrs);
	return ret;
}

/**
 * dma_alloc_mandatory - dma_alloc_attrs() with a mandatory attribute
 * @dev: device to allocate for
 * @size: bytes to allocate
 * @dma_handle: the address for the device, if there is memory
 * @gfp: GFP flags of the call
 * @attrs: %DMA_ATTR_* attributes, at least one of %DMA_ATTR_MANDATORY
 *
 * dma_alloc_attrs() ends with this call, so that it saves no registers for it where
 * there is no such attribute.  It allocates in the same way.  A refusal is traced.
 *
 * Context: May sleep if @gfp allows it.
 * Return: as dma_alloc_attrs(), %NULL for a refusal.
 */
void *dma_alloc_mandatory(struct device *dev, size_t size,
			  dma_addr_t *dma_handle, gfp_t gfp,
			  unsigned long attrs)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);
	void *cpu_addr = NULL;

	if (dma_query_alloc(dev, size, attrs))
		goto out_trace;

	/* What was declared is of one kind. */
	if (dev_has_coherent_memory(dev))
		return dma_alloc_attrs(dev, size, dma_handle, gfp,
				       attrs & ~DMA_ATTR_MANDATORY);

	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM);
	if (force_dma_unencrypted(dev))
		attrs |= __DMA_ATTR_ALLOC_CC_SHARED;

	switch (backend_of(dev, allocs_direct(dev))) {
	case DIRECT:
		cpu_addr = dma_direct_alloc(dev, size, dma_handle, gfp, attrs);
		break;
	case IOMMU:
		cpu_addr = iommu_dma_alloc(dev, size, dma_handle, gfp, attrs);
		break;
	case OPS:
		if (ops->alloc)
			cpu_addr = ops->alloc(dev, size, dma_handle, gfp, attrs);
	}
out_trace:
	trace_dma_alloc(dev, cpu_addr, cpu_addr ? *dma_handle : 0, size,
			DMA_BIDIRECTIONAL, gfp, attrs);
	if (cpu_addr)
		debug_dma_alloc_coherent(dev, size, *dma_handle, cpu_addr, attrs);
	return cpu_addr;
}

/**
 * dma_alloc_noncontiguous_mandatory - dma_alloc_noncontiguous() with attributes
 * @dev: device to allocate for
 * @size: bytes to allocate
 * @dir: direction of the transfers
 * @gfp: GFP flags of the call
 * @attrs: %DMA_ATTR_* attributes, not only %DMA_ATTR_ALLOC_SINGLE_PAGES
 *
 * dma_alloc_noncontiguous() allocates streaming memory.  %DMA_ATTR_REQUIRE_COHERENT
 * needs a coherent device, and pages that do not come from a restricted pool.  The
 * page allocation of a dma_map_ops takes no attributes, so all are refused there.
 * dma-direct and dma-iommu honour a granted attribute with any memory, so they do not
 * get it.  A refusal is traced.  Hints other than %DMA_ATTR_ALLOC_SINGLE_PAGES warn.
 *
 * Context: May sleep if @gfp allows it.
 * Return: as dma_alloc_noncontiguous(), %NULL for a refusal.
 */
struct sg_table *
dma_alloc_noncontiguous_mandatory(struct device *dev, size_t size,
				  enum dma_data_direction dir, gfp_t gfp,
				  unsigned long attrs)
{
	bool direct = allocs_direct(dev);

	if (WARN_ON_ONCE(attrs & ~(DMA_ATTR_ALLOC_SINGLE_PAGES |
				   DMA_ATTR_MANDATORY)))
		return NULL;
	if ((direct || use_dma_iommu(dev)) &&
	    !(attrs & COHERENT && (!dev_is_dma_coherent(dev) ||
				   (direct && is_swiotlb_for_alloc(dev)))) &&
	    !dma_query_alloc(dev, size, attrs))
		return dma_alloc_noncontiguous(dev, size, dir, gfp,
					       attrs & ~DMA_ATTR_MANDATORY);
	trace_dma_alloc_sgt_err(dev, NULL, 0, size, dir, gfp, attrs);
	return NULL;
}

#ifdef CONFIG_IOMMU_DMA
/**
 * dma_iova_link_refused - decide a dma_iova_link() with a mandatory attribute
 * @dev: device behind dma-iommu
 * @state: the IOVA state that the range would be linked to
 * @phys: physical address of the first byte
 * @size: length of the range in bytes
 * @dir: direction of the transfer
 * @attrs: %DMA_ATTR_* attributes, at least one of %DMA_ATTR_MANDATORY
 *
 * Each range is decided by itself.  Two things differ from dma_map_phys().  MMIO is
 * refused if RAM at this address would be bounced.  A state with a bounced range
 * refuses %DMA_ATTR_REQUIRE_COHERENT, because dma_iova_unlink() treats all ranges of
 * a state alike.  A refusal is traced.
 *
 * Context: Any.
 * Return: 0 if the range can be linked; otherwise as dma_query_phys(), and
 *	-EOPNOTSUPP also in these two cases.
 */
int dma_iova_link_refused(struct device *dev, struct dma_iova_state *state,
			  phys_addr_t phys, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	int ret = dma_query_phys(dev, phys, size, dir, attrs);

	if (!ret && attrs & COHERENT && state->__size & DMA_IOVA_USE_SWIOTLB)
		ret = -EOPNOTSUPP;
	if (!ret && attrs & DMA_ATTR_MMIO &&
	    iommu_dma_map_path(dev, phys, size, dir, attrs & ~DMA_ATTR_MMIO))
		ret = -EOPNOTSUPP;
	if (ret)
		trace_dma_map_phys(dev, phys, DMA_MAPPING_ERROR, size, dir,
				   attrs);
	return ret;
}
#endif
