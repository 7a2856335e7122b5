// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: memory that several devices and the CPU share.
 *
 * A region belongs to no device.  It is memory (region_memory.c); bindings, one for each
 * device that has it mapped; and an owner, the CPU or the devices.  Whoever shares memory
 * between devices by hand has to answer for each sync in which direction it goes, and
 * what it does to the data of the others.  The answer is the same for all of them, so it
 * is here:
 *
 *  - A CPU access begins with the data of the devices: each binding through which a
 *    device may write is synced for the CPU, whatever the CPU is going to do.  A CPU
 *    that only writes needs it, too: the bytes beside those that it writes are the
 *    device's, and share its cache lines and bounce buffers.  A binding through
 *    which a device only reads has nothing for the CPU; to sync it would copy its
 *    old bounce buffer over what others have written.
 *  - A CPU access that writes ends with a sync of each binding for its device.  That
 *    of a device which only writes is synced, too: the next sync for the CPU copies
 *    all of its bounce buffer, and the cache lines that the CPU has written would be
 *    written back over the device's data.  Such a binding is therefore mapped
 *    DMA_BIDIRECTIONAL if it needs syncs.
 *  - While a CPU access that writes is open, nothing may take back what it has
 *    written: a bounce buffer is not copied to the memory, and cache lines are
 *    written back before they are invalidated.  What is stored in between, by a
 *    process that does not wait for the other, cannot be kept.
 *  - A bounce buffer is a second copy of the memory.  It can stay the same as long as
 *    nobody writes, or while its device is alone with the CPU.  A bounced binding
 *    and any other of which one may write are refused.
 *
 * Documentation/core-api/dma-region.rst has the table, the suite dma_conformance_buf
 * a test for each of its cells.
 */
#include <linux/dma-map-ops.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "contract.h"
#include "region.h"

/* Bytes from @phys on that one segment of the device may have. */
static size_t segment_len(phys_addr_t phys, size_t max, u64 boundary)
{
	u64 left = boundary - (phys & boundary);

	return left < max ? left + 1 : max;
}

/*
 * Call with @sg NULL to count the segments, then to fill them in.  Ranges that touch are
 * one segment, if the device takes it.  Physical addresses stand for bus addresses at
 * the boundary: what lies between them in dma-direct is aligned to more.  dma-iommu
 * looks at the boundary itself.  make_list() asks for single pages where neither holds.
 */
static unsigned int fill_segments(const struct dma_region *region,
				  struct device *dev, size_t max,
				  struct scatterlist *sg)
{
	u64 boundary = dma_get_seg_boundary(dev) | ~PAGE_MASK;
	phys_addr_t phys, begin = 0;
	unsigned int i, count = 0;
	size_t left, len, room;

	/* The last segment begins at @begin, and has @len bytes. */
	for (i = 0, len = 0; i < region->nr; i++) {
		phys = region->vec[i].paddr;
		for (left = region->vec[i].len; left; ) {
			room = 0;
			if (count && begin + len == phys &&
			    phys_to_page(begin) + (len >> PAGE_SHIFT) ==
			    phys_to_page(phys))
				room = segment_len(begin, max, boundary) - len;
			if (!room) {
				if (sg && count)
					sg = sg_next(sg);
				count++;
				begin = phys;
				len = 0;
				room = segment_len(begin, max, boundary);
			}
			room = min(room, left);
			len += room;
			phys += room;
			left -= room;
			if (sg)
				sg_set_page(sg, phys_to_page(begin), len, 0);
		}
	}
	return count;
}

static int make_list(const struct dma_region *region, struct device *dev,
		     struct sg_table *sgt)
{
	size_t max = min3((size_t)dma_get_max_seg_size(dev),
			  dma_max_mapping_size(dev),
			  (size_t)UINT_MAX) & PAGE_MASK;
	int ret;

	if (!max)
		return -EOPNOTSUPP;
	/* dma_map_ops may translate page by page, as swiotlb-xen does: contiguous on the
	 * bus, too, but aligned to no more.
	 */
	if (get_dma_ops(dev) && dma_get_seg_boundary(dev) < U32_MAX)
		max = PAGE_SIZE;
	ret = sg_alloc_table(sgt, fill_segments(region, dev, max, NULL),
			     GFP_KERNEL);
	if (!ret)
		fill_segments(region, dev, max, sgt->sgl);
	return ret;
}

/* Is one of them a copy of what the other changes, or the other way round? */
static bool two_truths(const struct dma_region_binding *a,
		       const struct dma_region_binding *b)
{
	return (a->bounces || b->bounces) &&
	       (dma_region_device_writes(a) || dma_region_device_writes(b));
}

/* The device's data for the CPU, as far as an open access that writes allows. */
void dma_region_to_cpu(struct dma_region *region, struct dma_region_binding *b)
{
	lockdep_assert_held(&region->lock);
	if (!dma_region_device_writes(b))
		return;
	if (region->writers) {
		if (b->bounces)
			return;
		dma_sync_sgtable_for_device(b->dev, &b->sgt, b->map_dir);
	}
	dma_sync_sgtable_for_cpu(b->dev, &b->sgt, b->map_dir);
}

static int bind(struct dma_region *region, struct dma_region_binding *b)
{
	struct dma_region_binding *other;
	unsigned int path;
	int ret;

	lockdep_assert_held(&region->lock);
	ret = make_list(region, b->dev, &b->sgt);
	if (ret)
		return ret;
	path = dma_sgtable_path(b->dev, &b->sgt, b->dir, region->attrs);
	if (unlikely(path & DMA_PATH_BOUNCE) &&
	    dma_region_move(region, b->dev, b->dir)) {
		sg_free_table(&b->sgt);
		ret = make_list(region, b->dev, &b->sgt);
		if (ret)
			return ret;
		path = dma_sgtable_path(b->dev, &b->sgt, b->dir, region->attrs);
	}
	b->bounces = path & DMA_PATH_BOUNCE;
	if (b->bounces)
		dma_region_drop_idle(region);
	b->map_dir = b->dir;
	if (b->dir == DMA_FROM_DEVICE &&
	    path & (DMA_PATH_BOUNCE | DMA_PATH_SYNC))
		b->map_dir = DMA_BIDIRECTIONAL;
	/* Two bounce buffers for one page are two truths, too. */
	ret = b->bounces && dma_region_device_writes(b) ?
	      dma_region_check_aliases(region) : 0;
	if (ret)
		goto err_list;
	ret = -EBUSY;
	list_for_each_entry(other, &region->bindings, node)
		if (two_truths(other, b))
			goto err_list;
	ret = dma_map_sgtable(b->dev, &b->sgt, b->map_dir, region->attrs);
	if (ret)
		goto err_list;
	list_add_tail(&b->node, &region->bindings);
	/* The memory stays the CPU's until the access ends. */
	if (region->writers)
		dma_region_to_cpu(region, b);
	return 0;

err_list:
	sg_free_table(&b->sgt);
	return ret;
}

/**
 * dma_region_bind - map a region for a device
 * @region: the region
 * @dev: the device, with a DMA mask
 * @dir: what the device does with the memory
 *
 * The segments are of whole pages, and within the limits of @dev: its segment size and
 * boundary, and the largest mapping.  Consecutive segments may be contiguous.  What the
 * CPU has written before is seen by the device.
 *
 * The driver of @dev has to unbind before it is removed.
 *
 * Context: May sleep.
 * Return: the list, of which the DMA addresses may be used, or
 *	-EINVAL for an unknown direction or a device without a mask;
 *	-EBUSY if @dev, or one that is bound already, works on a bounce buffer, and one
 *	of the two may write: each would have data that the other does not see; or if
 *	@dev bounces and may write, and the region has a page twice;
 *	-EOPNOTSUPP if the device takes no segment of a page, or %DMA_ATTR_CC_SHARED
 *	is refused for it;
 *	-ENOMEM or -EIO as dma_map_sgtable().
 */
struct sg_table *dma_region_bind(struct dma_region *region, struct device *dev,
				 enum dma_data_direction dir)
{
	struct dma_region_binding *b;
	struct sg_table *sgt;
	int ret;

	if (!valid_dma_direction(dir) || !dev->dma_mask)
		return ERR_PTR(-EINVAL);
	if (unlikely(!list_empty_careful(&region->ended)))
		dma_region_reap(region, dev);
	guard(mutex)(&region->lock);
	sgt = dma_region_bind_kept(region, dev, dir);
	if (sgt)
		return sgt;
	b = kzalloc_obj(*b);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->dev = dev;
	b->dir = dir;
	ret = bind(region, b);
	if (ret) {
		kfree(b);
		return ERR_PTR(ret);
	}
	return &b->sgt;
}
EXPORT_SYMBOL_GPL(dma_region_bind);

/**
 * dma_region_unbind - undo dma_region_bind()
 * @region: the region
 * @sgt: what dma_region_bind() returned; it is freed
 *
 * The device must not use the memory any more.  What it has written is the CPU's from
 * now on, unless a CPU access that writes is open and the device worked on a bounce
 * buffer: then the CPU's data stays.  Behind a lazy IOMMU domain the device can reach the
 * memory until the IOTLB is flushed, as after any dma_unmap_sgtable().
 *
 * Context: May sleep.
 */
void dma_region_unbind(struct dma_region *region, struct sg_table *sgt)
{
	struct dma_region_binding *b =
		container_of(sgt, struct dma_region_binding, sgt);
	unsigned long attrs = region->attrs;

	scoped_guard(mutex, &region->lock) {
		list_del(&b->node);
		if (region->writers) {
			dma_region_to_cpu(region, b);
			attrs |= DMA_ATTR_SKIP_CPU_SYNC;
		}
		dma_unmap_sgtable(b->dev, sgt, b->map_dir, attrs);
	}
	dma_region_unmanage(b);
	sg_free_table(sgt);
	kfree(b);
}
EXPORT_SYMBOL_GPL(dma_region_unbind);

static bool cpu_reads(enum dma_data_direction dir)
{
	return dir != DMA_TO_DEVICE;
}

static bool cpu_writes(enum dma_data_direction dir)
{
	return dir != DMA_FROM_DEVICE;
}

/**
 * dma_region_begin_cpu_access - the CPU is going to touch the memory
 * @region: the region
 * @dir: %DMA_FROM_DEVICE to read, %DMA_TO_DEVICE to write, %DMA_BIDIRECTIONAL for both
 *
 * Accesses may nest, and be of several processes.  The devices must not write while
 * one is open, nor read while one that writes is: what they wrote before is seen.
 * There is one exception: while another access that writes is open, what a device
 * has written to its bounce buffer since that one began is not seen.
 *
 * Context: May sleep.
 * Return: 0, -EINVAL for an unknown direction, -EOVERFLOW if more than %UINT_MAX
 *	accesses are open.
 */
int dma_region_begin_cpu_access(struct dma_region *region,
				enum dma_data_direction dir)
{
	struct dma_region_binding *b;

	if (!valid_dma_direction(dir))
		return -EINVAL;
	guard(mutex)(&region->lock);
	if ((cpu_reads(dir) && region->readers == UINT_MAX) ||
	    (cpu_writes(dir) && region->writers == UINT_MAX))
		return -EOVERFLOW;
	list_for_each_entry(b, &region->bindings, node)
		dma_region_to_cpu(region, b);
	if (region->vmaps) {
		if (region->writers)
			flush_kernel_vmap_range(region->vaddr, region->size);
		invalidate_kernel_vmap_range(region->vaddr, region->size);
	}
	region->readers += cpu_reads(dir);
	region->writers += cpu_writes(dir);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_region_begin_cpu_access);

/**
 * dma_region_end_cpu_access - the CPU has touched the memory
 * @region: the region
 * @dir: as for dma_region_begin_cpu_access()
 *
 * After an access that writes, all devices see what the CPU has written.
 *
 * Context: May sleep.
 * Return: 0, or -EINVAL for an unknown direction, or if no such access is open; then
 *	nothing was done.
 */
int dma_region_end_cpu_access(struct dma_region *region,
			      enum dma_data_direction dir)
{
	struct dma_region_binding *b;

	if (!valid_dma_direction(dir))
		return -EINVAL;
	guard(mutex)(&region->lock);
	if ((cpu_reads(dir) && !region->readers) ||
	    (cpu_writes(dir) && !region->writers))
		return -EINVAL;
	region->readers -= cpu_reads(dir);
	region->writers -= cpu_writes(dir);
	if (!cpu_writes(dir))
		return 0;
	if (region->vmaps)
		flush_kernel_vmap_range(region->vaddr, region->size);
	list_for_each_entry(b, &region->bindings, node)
		dma_sync_sgtable_for_device(b->dev, &b->sgt, b->map_dir);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_region_end_cpu_access);
