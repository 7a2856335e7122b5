// SPDX-License-Identifier: GPL-2.0
/*
 * DMA mappings through SGI's PCI bridges.
 *
 * What is the same for all of them: a buffer's address on the interconnect,
 * which has to be memory without a gap; the mask that decides which ways to make
 * a bus address are open, that of the call which is made (streaming mappings,
 * with a barrier or without, go by the streaming mask); and when a write has to
 * push earlier ones: a streaming mapping says so by DMA_ATTR_WRITE_BARRIER,
 * coherent memory always does, where the bridge can.
 *
 * The machines are coherent and nothing is bounced, so there is nothing to sync.
 *
 * A resource is reached if it is a peer's on the same bus, at its address there:
 * the peer answers to it, and no request goes up.  One that goes up through a
 * bridge is one to memory.  The address space that registers are in is no part of
 * it (addr.h), and nothing known of the chips says that a request comes down again.
 *
 * Operations that are not there, so that the core gives the answer:
 *
 *  - ->get_merge_boundary(), 0: what is apart is not merged, for a direct address
 *    could not follow, and whether one is used is a matter of each buffer.
 *  - ->unmap_resource(): nothing is taken for a resource.
 *
 * Each device has operations of its own, for they lead from it to its bridge.
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

static bool make_request(struct sn_device *sdev, phys_addr_t phys, size_t size,
			 u64 mask, bool barrier, struct sn_request *req)
{
	const struct sn_hub *hub = &sdev->bridge->params.hub;
	u64 limit = sdev->dev->bus_dma_limit;
	u64 end;

	req->addr = sdev->bridge->chip->to_bridge(hub, phys);
	end = sdev->bridge->chip->to_bridge(hub, phys + size - 1);
	req->size = size;
	req->mask = limit ? min(mask, limit) : mask;
	req->barrier = barrier;
	return req->addr != SN_NO_ADDR && end != SN_NO_ADDR &&
	       end - req->addr == size - 1;
}

static int sn_map(struct sn_device *sdev, phys_addr_t phys, size_t size,
		  u64 mask, bool barrier, dma_addr_t *bus)
{
	struct sn_request req;

	if (!size || !make_request(sdev, phys, size, mask, barrier, &req))
		return -EIO;
	return sdev->bridge->chip->map(sdev, &req, bus);
}

/* A device that does not write has nothing to order. */
static bool wants_barrier(enum dma_data_direction dir, unsigned long attrs)
{
	return attrs & DMA_ATTR_WRITE_BARRIER && dir != DMA_TO_DEVICE;
}

static dma_addr_t sn_map_page(struct device *dev, struct page *page,
			      unsigned long offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t bus;

	if (sn_map(to_sn(dev), page_to_phys(page) + offset, size,
		   dma_get_mask(dev), wants_barrier(dir, attrs), &bus))
		return DMA_MAPPING_ERROR;
	return bus;
}

static void sn_unmap_page(struct device *dev, dma_addr_t bus, size_t size,
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
		sn_unmap_page(dev, sg_dma_address(sg), sg_dma_len(sg), dir,
			      attrs);
}

/* A list that did not fit is -ENOMEM, and one that never would is -EIO. */
static int sn_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i, ret;

	for_each_sg(sgl, sg, nents, i) {
		ret = sn_map(to_sn(dev), sg_phys(sg), sg->length,
			     dma_get_mask(dev), wants_barrier(dir, attrs),
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
	bool barrier = sdev->bridge->chip->ordering == DMA_ORDERING_WEAK_BARRIER;
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
	sn_unmap_page(dev, bus, size, DMA_BIDIRECTIONAL, attrs);
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

static bool find_peer(struct sn_device *sdev, phys_addr_t phys, size_t size,
		      dma_addr_t *bus)
{
	const struct sn_bridge_params *params = &sdev->bridge->params;
	const typeof(params->port[0]) *port = &params->port[sdev->slot.port];
	u64 offset = phys - port->cpu, length = (u64)port->end - port->start;

	if (!port->cpu || phys < port->cpu || offset > length ||
	    size - 1 > length - offset)
		return false;
	*bus = port->start + offset;
	return *bus + size - 1 <= min_not_zero(dma_get_mask(sdev->dev),
					       sdev->dev->bus_dma_limit);
}

static dma_addr_t sn_map_resource(struct device *dev, phys_addr_t phys,
				  size_t size, enum dma_data_direction dir,
				  unsigned long attrs)
{
	dma_addr_t bus;

	return find_peer(to_sn(dev), phys, size, &bus) ? bus :
							 DMA_MAPPING_ERROR;
}

static unsigned int sn_resource_path(struct device *dev, phys_addr_t phys,
				     size_t size)
{
	dma_addr_t bus;

	return find_peer(to_sn(dev), phys, size, &bus) ? 0 : DMA_PATH_NONE;
}

static unsigned int sn_map_path(struct device *dev, phys_addr_t phys,
				size_t size, enum dma_data_direction dir,
				unsigned long attrs)
{
	struct sn_device *sdev = to_sn(dev);
	struct sn_request req;

	if (!make_request(sdev, phys, size, dma_get_mask(dev),
			  wants_barrier(dir, attrs), &req))
		return DMA_PATH_NONE;
	return sdev->bridge->chip->path(sdev, &req);
}

static enum dma_ordering sn_get_ordering(struct device *dev)
{
	return to_sn(dev)->bridge->chip->ordering;
}

static int sn_flush_writes(struct device *dev)
{
	struct sn_device *sdev = to_sn(dev);

	if (!sdev->bridge->chip->flush)
		return -EOPNOTSUPP;
	return sdev->bridge->chip->flush(sdev);
}

/* TIOCA's ordering refuses the barrier. */
static const struct dma_map_ops sn_dma_ops = {
	.mandatory_attrs	= DMA_ATTR_WRITE_BARRIER |
				  DMA_ATTR_REQUIRE_COHERENT,
	.map_path		= sn_map_path,
	.resource_path		= sn_resource_path,
	.get_ordering		= sn_get_ordering,
	.flush_writes		= sn_flush_writes,
	.alloc			= sn_alloc,
	.free			= sn_free,
	.alloc_pages_op		= dma_common_alloc_pages,
	.free_pages		= dma_common_free_pages,
	.mmap			= dma_common_mmap,
	.get_sgtable		= dma_common_get_sgtable,
	.map_page		= sn_map_page,
	.unmap_page		= sn_unmap_page,
	.map_sg			= sn_map_sg,
	.unmap_sg		= sn_unmap_sg,
	.map_resource		= sn_map_resource,
	.dma_supported		= sn_dma_supported,
	.get_required_mask	= sn_required_mask,
	.max_mapping_size	= sn_max_mapping_size,
};

/**
 * sn_bridge_create - bring up a bridge
 * @params: what firmware says of it; copied
 *
 * Every translation entry is cleared: nothing behind the bridge may be active.
 *
 * Context: May sleep.
 * Return: the bridge, or an ERR_PTR(): -EINVAL for parameters that make no
 *	sense, -ENOMEM, -ENXIO if a table of it is out of its own reach.
 */
struct sn_bridge *sn_bridge_create(const struct sn_bridge_params *params)
{
	struct sn_bridge *bridge;
	int i, ret;

	if ((unsigned int)params->chip >= SN_NR_CHIPS || !params->regs_ops ||
	    params->hub.nasid_shift < 2 * SN_AS_BITS + 1 ||
	    params->hub.nasid_shift > SN_TIO_NODE_SHIFT)
		return ERR_PTR(-EINVAL);
	for (i = 0; i < SN_TIOCE_PORTS; i++)
		if (params->port[i].start > params->port[i].end ||
		    params->port[i].end > chips[params->chip]->last_peer)
			return ERR_PTR(-EINVAL);
	bridge = sn_zalloc(sizeof(*bridge), GFP_KERNEL);
	if (!bridge)
		return ERR_PTR(-ENOMEM);
	bridge->params = *params;
	bridge->chip = chips[params->chip];
	spin_lock_init(&bridge->flush_lock);
	ret = bridge->chip->init(bridge);
	if (ret) {
		sn_zfree(bridge);
		return ERR_PTR(ret);
	}
	return bridge;
}
EXPORT_SYMBOL_GPL(sn_bridge_create);

/**
 * sn_bridge_destroy - undo sn_bridge_create()
 * @bridge: no device is attached to it
 *
 * Context: May sleep.
 */
void sn_bridge_destroy(struct sn_bridge *bridge)
{
	bridge->chip->exit(bridge);
	sn_zfree(bridge);
}
EXPORT_SYMBOL_GPL(sn_bridge_destroy);

/**
 * sn_bridge_attach - make a device's DMA mappings go through a bridge
 * @bridge: that it is behind
 * @dev: without a driver yet
 * @slot: where it is; copied
 *
 * Context: May sleep.
 * Return: 0, -EBUSY if @dev has a dma_map_ops already, -EINVAL for a place that
 *	the bridge does not have, or -ENOMEM.
 */
int sn_bridge_attach(struct sn_bridge *bridge, struct device *dev,
		     const struct sn_slot *slot)
{
	struct sn_device init = {
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
	memcpy(sdev, &init, sizeof(init));	/* it has a const member */
	ret = bridge->chip->attach(sdev);
	if (ret) {
		sn_zfree(sdev);
		return ret;
	}
	set_dma_ops(dev, &sdev->ops);
	return 0;
}
EXPORT_SYMBOL_GPL(sn_bridge_attach);

/**
 * sn_bridge_detach - undo sn_bridge_attach()
 * @dev: without a driver and without mappings
 *
 * Context: May sleep.
 */
void sn_bridge_detach(struct device *dev)
{
	struct sn_device *sdev = to_sn(dev);

	set_dma_ops(dev, NULL);
	sn_zfree(sdev);
}
EXPORT_SYMBOL_GPL(sn_bridge_detach);
