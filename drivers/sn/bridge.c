// SPDX-License-Identifier: GPL-2.0
/*
 * DMA mappings through SGI's PCI bridges: the part that all chips share.
 *
 * A buffer must be memory, and contiguous on the interconnect. The DMA mask
 * decides which kinds of bus address a device can use: the streaming mask for
 * streaming mappings, the coherent mask for dma_alloc_coherent().
 *
 * The interconnect may reorder the writes of a device. PIC, TIOCP and TIOCE have
 * a write barrier. Coherent memory is always mapped with it, streaming mappings
 * are with DMA_ATTR_WRITE_BARRIER. TIOCA has none: sn_map_path() returns
 * DMA_PATH_UNORDERED, so the core refuses the attribute, and coherent memory is
 * not ordered. Nor can sync and unmap flush the writes of a device behind TIOCA,
 * because no register is known to do that.
 *
 * The barrier orders writes to memory. It does not help a driver that learns
 * from a register of its device that data has arrived: behind PIC and TIOCP, the
 * read accessors of Linux 2.6 flushed the bridge after each read. A platform that
 * uses this code has to do the same.
 *
 * The machines are cache coherent and buffers are never bounced, so there are no
 * sync methods.
 *
 * DMA_ATTR_MMIO is not in ->mandatory_attrs: a bridge sends each request to
 * memory (addr.h), so a device cannot reach registers of others through it.
 *
 * There is no ->get_merge_boundary(). Entries of a list cannot be merged: the
 * addresses of a mapping that takes no translation entries are as far apart as
 * the buffers are.
 */
#include <kunit/static_stub.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "sn.h"

static const struct sn_chip_ops * const chips[SN_NR_CHIPS] = {
	[SN_PIC]	= &sn_pic_ops,
	[SN_TIOCP]	= &sn_tiocp_ops,
	[SN_TIOCA]	= &sn_tioca_ops,
	[SN_TIOCE]	= &sn_tioce_ops,
};

void *sn_zalloc(size_t size, gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(sn_zalloc, size, gfp);
	return kzalloc(size, gfp);
}

void sn_zfree(void *mem)
{
	KUNIT_STATIC_STUB_REDIRECT(sn_zfree, mem);
	kfree(mem);
}

struct page *sn_alloc_pages(int node, gfp_t gfp, unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(sn_alloc_pages, node, gfp, order);
	return alloc_pages_node(node, gfp, order);
}

void sn_free_pages(struct page *page, unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(sn_free_pages, page, order);
	__free_pages(page, order);
}

static struct sn_device *to_sn(struct device *dev)
{
	return container_of(get_dma_ops(dev), struct sn_device, ops);
}

/* Return false if the buffer is not contiguous memory of the interconnect. */
static bool sn_fill_request(struct sn_device *sdev, phys_addr_t phys,
			    size_t size, u64 mask, bool barrier,
			    struct sn_request *req)
{
	const struct sn_hub *hub = &sdev->bridge->params.hub;
	u64 limit = sdev->dev->bus_dma_limit;
	u64 last;

	if (!size)
		return false;
	req->addr = sdev->bridge->chip->to_bridge(hub, phys);
	last = sdev->bridge->chip->to_bridge(hub, phys + size - 1);
	req->size = size;
	req->mask = limit ? min(mask, limit) : mask;
	req->barrier = barrier;
	return req->addr != SN_NO_ADDR && last != SN_NO_ADDR &&
	       last - req->addr == size - 1;
}

static int sn_map(struct sn_device *sdev, phys_addr_t phys, size_t size,
		  u64 mask, bool barrier, dma_addr_t *bus)
{
	struct sn_request req;

	if (!sn_fill_request(sdev, phys, size, mask, barrier, &req))
		return -EIO;
	/* The core should have refused this, see sn_map_path(). */
	if (barrier && !sdev->bridge->chip->has_barrier) {
		debug_dma_attrs_broken(sdev->dev, DMA_ATTR_WRITE_BARRIER);
		return -EIO;
	}
	return sdev->bridge->chip->map(sdev, &req, bus);
}

/* The barrier is about writes of the device, so DMA_TO_DEVICE never needs it. */
static bool sn_wants_barrier(enum dma_data_direction dir, unsigned long attrs)
{
	return attrs & DMA_ATTR_WRITE_BARRIER && dir != DMA_TO_DEVICE;
}

static dma_addr_t sn_map_phys(struct device *dev, phys_addr_t phys, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t bus;

	if (sn_map(to_sn(dev), phys, size, dma_get_mask(dev),
		   sn_wants_barrier(dir, attrs), &bus))
		return DMA_MAPPING_ERROR;
	return bus;
}

static void sn_unmap_phys(struct device *dev, dma_addr_t bus, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct sn_device *sdev = to_sn(dev);

	sdev->bridge->chip->unmap(sdev, bus, size);
}

static void sn_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		sn_unmap_phys(dev, sg_dma_address(sg), sg_dma_len(sg), dir,
			      attrs);
}

static int sn_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i, ret;

	for_each_sg(sgl, sg, nents, i) {
		ret = sn_map(to_sn(dev), sg_phys(sg), sg->length,
			     dma_get_mask(dev), sn_wants_barrier(dir, attrs),
			     &sg_dma_address(sg));
		if (ret) {
			sn_unmap_sg(dev, sgl, i, dir, attrs);
			return ret;
		}
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

static void *sn_alloc(struct device *dev, size_t size, dma_addr_t *bus,
		      gfp_t gfp, unsigned long attrs)
{
	struct sn_device *sdev = to_sn(dev);
	bool barrier = sdev->bridge->chip->has_barrier ||
		       attrs & DMA_ATTR_WRITE_BARRIER;
	struct page *page;

	if (attrs & DMA_ATTR_NO_WARN)
		gfp |= __GFP_NOWARN;
	page = sn_alloc_pages(dev_to_node(dev), gfp | __GFP_ZERO,
			      get_order(size));
	if (!page)
		return NULL;
	if (sn_map(sdev, page_to_phys(page), size, dev->coherent_dma_mask,
		   barrier, bus)) {
		sn_free_pages(page, get_order(size));
		return NULL;
	}
	return page_address(page);
}

static void sn_free(struct device *dev, size_t size, void *vaddr,
		    dma_addr_t bus, unsigned long attrs)
{
	sn_unmap_phys(dev, bus, size, DMA_BIDIRECTIONAL, attrs);
	sn_free_pages(virt_to_page(vaddr), get_order(size));
}

static int sn_dma_supported(struct device *dev, u64 mask)
{
	struct sn_bridge *bridge = to_sn(dev)->bridge;

	return mask >= bridge->chip->min_mask(bridge);
}

static u64 sn_required_mask(struct device *dev)
{
	return U64_MAX;
}

static size_t sn_max_mapping_size(struct device *dev)
{
	struct sn_bridge *bridge = to_sn(dev)->bridge;

	return bridge->chip->max_size(bridge, min_not_zero(dma_get_mask(dev),
							   dev->bus_dma_limit));
}

static bool sn_reaches(struct device *dev, phys_addr_t phys, size_t size,
		       bool barrier)
{
	struct sn_device *sdev = to_sn(dev);
	struct sn_request req;

	return sn_fill_request(sdev, phys, size, dma_get_mask(dev), barrier,
			       &req) &&
	       sdev->bridge->chip->can_map(sdev, &req);
}

static unsigned int sn_map_path(struct device *dev, phys_addr_t phys,
				size_t size, enum dma_data_direction dir,
				unsigned long attrs)
{
	const struct sn_chip_ops *chip = to_sn(dev)->bridge->chip;
	bool barrier = sn_wants_barrier(dir, attrs) && chip->has_barrier;
	unsigned int path = chip->has_barrier ? 0 : DMA_PATH_UNORDERED;

	if (sn_reaches(dev, phys, size, barrier))
		return path;
	/* A window or a mask may have room for an address without the bit alone. */
	if (barrier && sn_reaches(dev, phys, size, false))
		return DMA_PATH_UNORDERED;
	return path | DMA_PATH_NONE;
}

static const struct dma_map_ops sn_dma_ops = {
	.mandatory_attrs	= DMA_ATTR_WRITE_BARRIER |
				  DMA_ATTR_REQUIRE_COHERENT,
	.map_path		= sn_map_path,
	.alloc			= sn_alloc,
	.free			= sn_free,
	.alloc_pages_op		= dma_common_alloc_pages,
	.free_pages		= dma_common_free_pages,
	.mmap			= dma_common_mmap,
	.get_sgtable		= dma_common_get_sgtable,
	.map_phys		= sn_map_phys,
	.unmap_phys		= sn_unmap_phys,
	.map_sg			= sn_map_sg,
	.unmap_sg		= sn_unmap_sg,
	.dma_supported		= sn_dma_supported,
	.get_required_mask	= sn_required_mask,
	.max_mapping_size	= sn_max_mapping_size,
};

/**
 * sn_bridge_create - set up a bridge
 * @params: firmware's description of it; copied
 *
 * Clears all translation entries, so no device behind the bridge may be active.
 *
 * Context: May sleep.
 * Return: the bridge, or an ERR_PTR(): -EINVAL for invalid parameters, -ENOMEM,
 *	or -ENXIO if the bridge cannot reach the memory of its own table.
 */
struct sn_bridge *sn_bridge_create(const struct sn_bridge_params *params)
{
	struct sn_bridge *bridge;
	int ret;

	if ((unsigned int)params->chip >= SN_NR_CHIPS || !params->regs_ops ||
	    params->hub.nasid_shift < 2 * SN_AS_BITS + 1 ||
	    params->hub.nasid_shift > SN_TIO_NODE_SHIFT)
		return ERR_PTR(-EINVAL);
	bridge = sn_zalloc(sizeof(*bridge), GFP_KERNEL);
	if (!bridge)
		return ERR_PTR(-ENOMEM);
	bridge->params = *params;
	bridge->chip = chips[params->chip];
	ret = bridge->chip->init(bridge);
	if (ret) {
		sn_zfree(bridge);
		return ERR_PTR(ret);
	}
	return bridge;
}

/**
 * sn_bridge_destroy - undo sn_bridge_create()
 * @bridge: a bridge to which no device is attached
 *
 * Context: May sleep.
 */
void sn_bridge_destroy(struct sn_bridge *bridge)
{
	bridge->chip->exit(bridge);
	sn_zfree(bridge);
}

/**
 * sn_bridge_attach - map a device's DMA through a bridge
 * @bridge: the bridge that the device is behind
 * @dev: a device that has no driver yet
 * @slot: where the device is; copied
 *
 * Context: May sleep.
 * Return: 0, -EBUSY if @dev has a dma_map_ops already, -EINVAL for a slot that
 *	the bridge does not have, or -ENOMEM.
 */
int sn_bridge_attach(struct sn_bridge *bridge, struct device *dev,
		     const struct sn_slot *slot)
{
	const struct sn_device init = {
		.ops = sn_dma_ops,
		.dev = dev,
		.bridge = bridge,
		.slot = *slot,
	};
	struct sn_device *sdev;
	int ret;

	if (dev->dma_ops)
		return -EBUSY;
	sdev = sn_zalloc(sizeof(init), GFP_KERNEL);
	if (!sdev)
		return -ENOMEM;
	memcpy(sdev, &init, sizeof(init));	/* ->ops is const */
	ret = bridge->chip->attach(sdev);
	if (ret) {
		sn_zfree(sdev);
		return ret;
	}
	dev_set_dma_coherent(dev);
	set_dma_ops(dev, &sdev->ops);
	return 0;
}

/**
 * sn_bridge_detach - undo sn_bridge_attach()
 * @dev: a device that has neither a driver nor mappings
 *
 * Context: May sleep.
 */
void sn_bridge_detach(struct device *dev)
{
	struct sn_device *sdev = to_sn(dev);

	set_dma_ops(dev, NULL);
	sn_zfree(sdev);
}
