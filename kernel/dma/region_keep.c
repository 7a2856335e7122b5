// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a region that are kept for the next time.
 *
 * Importers map a buffer, use it and unmap it, for each job.  To build an IOMMU's tables,
 * and to flush its IOTLB, costs more than the sync that is needed in any case.  So the
 * mapping of a device that is still attached is kept: dma_region_keep() hands the
 * memory to the CPU, as an unmap does, and the next dma_region_bind() in the same direction
 * hands it back.
 *
 * What a kept mapping must not do:
 *
 *  - outlive the driver of its device.  Some importers detach with the last user of a
 *    buffer, long after the driver is gone (amdgpu, xe, qaic).  A device resource ends
 *    the mapping when the driver is unbound.
 *  - be the way of an attacker.  The device could reach the memory until it is
 *    detached; one that is not trusted does not get that.
 *  - come back beside a bounce buffer.  It was made when there was none, so all kept
 *    mappings end before one is bound; and before the memory moves.
 *  - hold a bounce buffer, which is scarce.
 */
#include <linux/device/devres.h>
#include <linux/dma-map-ops.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include "region.h"

/* The device resource.  @b is NULL once the binding has gone. */
struct dma_region_keep {
	struct dma_region *region;
	struct dma_region_binding *b;
};

/*
 * Between the driver of a device, which goes, and whoever frees a binding: protects
 * the pointers that struct dma_region_keep and a binding have to one another.
 */
static DEFINE_MUTEX(keep_lock);

/* Unmaps it.  It is freed by dma_region_reap(), without the lock. */
static void end_idle(struct dma_region *region, struct dma_region_binding *b)
{
	lockdep_assert_held(&region->lock);
	/* The CPU has the memory already. */
	dma_unmap_sgtable(b->dev, &b->sgt, b->map_dir,
			  region->attrs | DMA_ATTR_SKIP_CPU_SYNC);
	list_move(&b->node, &region->ended);
	b->idle = false;
}

/* End all mappings that nobody uses; the lock is held. */
void dma_region_drop_idle(struct dma_region *region)
{
	struct dma_region_binding *b, *next;

	list_for_each_entry_safe(b, next, &region->idle, node)
		end_idle(region, b);
}

/*
 * The driver is unbound.  A mapping that is in use is the importer's to end, and
 * dma-debug says so if it does not.
 */
static void driver_goes(struct device *dev, void *res)
{
	struct dma_region_keep *keep = res;
	struct dma_region_binding *b;

	guard(mutex)(&keep_lock);
	b = keep->b;
	if (!b)
		return;
	WRITE_ONCE(b->keep, NULL);
	guard(mutex)(&keep->region->lock);
	if (b->idle)
		end_idle(keep->region, b);
	b->gone = true;
}

static int match_binding(struct device *dev, void *res, void *b)
{
	return ((struct dma_region_keep *)res)->b == b;
}

/*
 * Take the resource back, before the binding is freed.  If the driver is being unbound
 * at this moment, driver_goes() finds nothing to do.
 */
void dma_region_unmanage(struct dma_region_binding *b)
{
	guard(mutex)(&keep_lock);
	if (!b->keep)
		return;
	if (devres_destroy(b->dev, driver_goes, match_binding, b))
		b->keep->b = NULL;
	b->keep = NULL;
}

static bool manage(struct dma_region *region, struct dma_region_binding *b)
{
	struct dma_region_keep *keep;

	if (READ_ONCE(b->keep))
		return true;
	guard(mutex)(&keep_lock);
	if (b->bounces || b->gone || !b->dev->driver ||
	    (dev_is_pci(b->dev) && to_pci_dev(b->dev)->untrusted))
		return false;
	keep = devres_alloc(driver_goes, sizeof(*keep), GFP_KERNEL);
	if (!keep)
		return false;
	keep->region = region;
	keep->b = b;
	WRITE_ONCE(b->keep, keep);
	devres_add(b->dev, keep);
	return true;
}

/**
 * dma_region_keep - end the use of a binding, and keep its mapping
 * @region: the region
 * @sgt: what dma_region_bind() returned; it must not be used any more
 *
 * As dma_region_unbind(), but the next dma_region_bind() for the same device and direction
 * may get the mapping again.  The device must not use the memory, but can reach it
 * until dma_region_forget(), or until its driver is unbound.  Mappings that bounce, and
 * those of devices that are not trusted, are not kept.  To be called while the driver is
 * bound: its remove() may be the last caller.
 *
 * Context: May sleep.
 */
void dma_region_keep(struct dma_region *region, struct sg_table *sgt)
{
	struct dma_region_binding *b =
		container_of(sgt, struct dma_region_binding, sgt);

	if (manage(region, b)) {
		guard(mutex)(&region->lock);
		if (!b->gone) {
			dma_region_to_cpu(region, b);
			list_move(&b->node, &region->idle);
			b->idle = true;
			return;
		}
	}
	dma_region_unbind(region, sgt);
}
EXPORT_SYMBOL_GPL(dma_region_keep);

/* A kept mapping for this use; the lock is held. */
struct sg_table *dma_region_bind_kept(struct dma_region *region,
				      struct device *dev,
				      enum dma_data_direction dir)
{
	struct dma_region_binding *b;

	lockdep_assert_held(&region->lock);
	list_for_each_entry(b, &region->idle, node) {
		if (b->dev != dev || b->dir != dir)
			continue;
		list_move_tail(&b->node, &region->bindings);
		b->idle = false;
		dma_sync_sgtable_for_device(dev, &b->sgt, b->map_dir);
		/* The memory stays the CPU's until the access ends. */
		if (region->writers)
			dma_region_to_cpu(region, b);
		return &b->sgt;
	}
	return NULL;
}

/* Free the bindings of @dev that have ended; the lock is not held. */
void dma_region_reap(struct dma_region *region, struct device *dev)
{
	struct dma_region_binding *b, *next;
	LIST_HEAD(gone);

	scoped_guard(mutex, &region->lock) {
		list_for_each_entry_safe(b, next, &region->ended, node)
			if (b->dev == dev)
				list_move(&b->node, &gone);
	}
	list_for_each_entry_safe(b, next, &gone, node) {
		dma_region_unmanage(b);
		sg_free_table(&b->sgt);
		kfree(b);
	}
}

/**
 * dma_region_forget - end the mappings that are kept for a device
 * @region: the region
 * @dev: the device
 *
 * To be called when the device is detached.  A mapping that is in use stays.
 *
 * Context: May sleep.
 */
void dma_region_forget(struct dma_region *region, struct device *dev)
{
	struct dma_region_binding *b, *next;

	scoped_guard(mutex, &region->lock) {
		list_for_each_entry_safe(b, next, &region->idle, node)
			if (b->dev == dev)
				end_idle(region, b);
	}
	dma_region_reap(region, dev);
}
EXPORT_SYMBOL_GPL(dma_region_forget);
