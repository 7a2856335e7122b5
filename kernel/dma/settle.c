// SPDX-License-Identifier: GPL-2.0
/*
 * What has been decided for all mappings of a device.
 *
 * Who asks for order where there is nothing else shall not pay for the question.
 * So the attributes that a mapping call has to look into, buffer by buffer, are
 * kept in dev->dma_undecided.  DMA_ATTR_WRITE_BARRIER is not among them for a PCI
 * function whose writes all are in order, from dma_set_mask() on: before, its
 * backend may not be known.  Whoever changes what that follows from says so here.
 * There are two exceptions:
 *
 *  - a VF: it does as its PF, whose register is written under a lock that does not
 *    let anybody look for the VFs;
 *  - machines with P2PDMA memory: nothing orders a write to a peer, so every page
 *    has to be looked at.
 */
#include <linux/spinlock.h>
#include "ordering.h"

/* Of what is looked at and what is kept, nobody else keeps the older. */
static DEFINE_RAW_SPINLOCK(undecided_lock);
static bool p2pdma_is_there;

/* Does every mapping that the device can get, to write to it, have a barrier? */
static bool always_in_order(struct device *dev)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);

	if (!dev_is_pci(dev) || to_pci_dev(dev)->is_virtfn ||
	    READ_ONCE(p2pdma_is_there))
		return false;
	if (ops && !use_dma_iommu(dev) &&
	    !(ops->mandatory_attrs & DMA_ATTR_WRITE_BARRIER))
		return false;
	return dma_path_ordering(dev) == DMA_ORDERING_STRONG &&
	       dma_sends_strong(dev);
}

/**
 * dma_order_changed - take note of a change in the order of a device's writes
 * @dev: device whose bus, platform or driver has changed something
 *
 * Mappings that have been made stay as they are.
 *
 * Context: Any but NMI, under pci_lock included.
 */
void dma_order_changed(struct device *dev)
{
	u32 attrs = DMA_ATTR_MANDATORY;
	unsigned long flags;

	raw_spin_lock_irqsave(&undecided_lock, flags);
	if (READ_ONCE(dev->dma_settled) && always_in_order(dev))
		attrs &= ~DMA_ATTR_WRITE_BARRIER;
	WRITE_ONCE(dev->dma_undecided, attrs);
	raw_spin_unlock_irqrestore(&undecided_lock, flags);
}

/* From the driver's dma_set_mask() until it is unbound, the backend is known. */
void dma_settle(struct device *dev, bool settled)
{
	WRITE_ONCE(dev->dma_settled, settled);
	dma_order_changed(dev);
}

#ifdef CONFIG_PCI_P2PDMA
static int peers_appear(struct device *dev, void *unused)
{
	dma_order_changed(dev);
	return 0;
}

/**
 * dma_p2pdma_appears - from now on, what is mapped may be a peer's memory
 *
 * Context: May sleep.
 */
void dma_p2pdma_appears(void)
{
	WRITE_ONCE(p2pdma_is_there, true);
	bus_for_each_dev(&pci_bus_type, NULL, NULL, peers_appear);
}
#endif
