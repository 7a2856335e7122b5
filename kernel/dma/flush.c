// SPDX-License-Identifier: GPL-2.0
/*
 * Make the writes of a device visible.
 *
 * A posted write is on its way for as long as nothing asks for its arrival.
 * What asks is a read from the device that wrote: PCI does not let the read's
 * completion pass the writes that the function has issued before it (PCI Local
 * Bus Specification 3.0, appendix E; PCI Express Base Specification,
 * "Transaction Ordering"), so when the CPU has the value, they have left the
 * bus.  Three parties can do that, and the first one that is there does:
 *
 *  - the backend, where leaving the bus is not yet being seen: its
 *    ->flush_writes() takes care of the whole path;
 *  - the driver, which knows a register that it may read at any time;
 *  - the bus, for a PCI function: a read from its configuration space.
 *
 * The last two are not tried where writes may overtake one another beyond the
 * bus, or where nobody knows: their answer would prove nothing.
 *
 * What can let a completion pass a write is an attribute of the completion, not
 * of the write.  Relaxed Ordering in it is copied from the request, and neither
 * a configuration request nor a CPU's ordinary read has it set.  ID-based
 * ordering lets it pass the writes of other functions only.  What the bus can
 * do is still not enough
 *
 *  - in a guest, where a hypervisor answers configuration reads by itself;
 *  - for writes in another traffic class than 0, which is that of all
 *    configuration requests and, in practice, of all reads by the CPU;
 *  - for writes that a device has queued but not issued, or that it issues in
 *    the name of another function.
 *
 * A driver for such a device supplies a read of its own that is.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-ordering.h>
#include <linux/export.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include "ordering.h"

static int flush_by_config_read(struct pci_dev *pdev)
{
	u32 val;

	/* Never all ones in a function that answers, unlike a VF's IDs. */
	if (pci_read_config_dword(pdev, PCI_COMMAND, &val) ||
	    PCI_POSSIBLE_ERROR(val))
		return -ENODEV;
	return 0;
}

/**
 * dma_pci_flush_writes - push a PCI function's writes off its bus
 * @dev: device whose writes are to be pushed
 *
 * By the driver's read, if it has supplied one, or one from configuration
 * space.  For backends whose translation holds no write back on its own or only
 * until the sync of a mapping: their ->flush_writes() method.
 *
 * Context: As dma_flush_writes().
 * Return: As dma_flush_writes().
 */
int dma_pci_flush_writes(struct device *dev)
{
	int (*fn)(struct device *dev) = READ_ONCE(dev->dma_flush_writes);
	int ret = -EOPNOTSUPP;

	if (fn)
		ret = fn(dev);
	else if (dev_is_pci(dev))
		ret = flush_by_config_read(to_pci_dev(dev));
	/* Not every configuration access orders the loads that follow it. */
	rmb();
	return ret;
}
EXPORT_SYMBOL_GPL(dma_pci_flush_writes);

/**
 * dma_flush_writes - wait until every write of a device is visible
 * @dev: device that writes
 *
 * For drivers that depend on the order of their device's writes where there is
 * no barrier to be had (see dma_get_ordering()): having seen a completion entry,
 * and before they read the data which it announces.
 *
 * On return every write that the device had issued before the call is in the
 * memory that the device writes.  Where this is not the buffer that the CPU
 * reads (a bounce buffer, a non-coherent cache, a streaming buffer), sync the
 * mapping afterwards, as without this call.  Writes to a peer's memory are not
 * covered.
 *
 * Context: Any but NMI, under spinlocks and in hard IRQ handlers included.  The
 *	device has to be accessible: the bus neither resumes it nor waits.  The
 *	caller keeps the driver bound.
 * Return: 0;
 *	-EINVAL if @dev is NULL;
 *	-EOPNOTSUPP if nothing on the device's path can tell;
 *	-ENODEV if the device does not answer: it is gone, in D3cold, or below
 *	a bridge that is suspended;
 *	or the error of the driver's read or the backend.
 */
int dma_flush_writes(struct device *dev)
{
	const struct dma_map_ops *ops;

	if (!dev)
		return -EINVAL;
	ops = get_dma_ops(dev);
	if (ops && !use_dma_iommu(dev) && ops->flush_writes)
		return ops->flush_writes(dev);
	if (dma_path_ordering(dev) != DMA_ORDERING_STRONG)
		return -EOPNOTSUPP;
	return dma_pci_flush_writes(dev);
}
EXPORT_SYMBOL_GPL(dma_flush_writes);

/**
 * dma_set_flush_writes - supply the read that pushes a device's writes
 * @dev: device that the calling driver is bound to
 * @fn: reads a register of @dev that has no side effect; returns 0, or -ENODEV
 *	if the device did not answer.  Called in any context but NMI, in several
 *	at the same time.  NULL to go back to what the bus can do.
 *
 * Valid until the driver is unbound.
 *
 * Context: Any; a dma_flush_writes() under way may still call the earlier one.
 * Return: 0, or -EINVAL if @dev is NULL.
 */
int dma_set_flush_writes(struct device *dev, int (*fn)(struct device *dev))
{
	if (!dev)
		return -EINVAL;
	WRITE_ONCE(dev->dma_flush_writes, fn);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_set_flush_writes);

/* What a driver has said of its device does not outlive its binding. */
void dma_forget_driver(struct device *dev)
{
	dev->dma_flush_writes = NULL;
	dev->dma_strong_writes = false;
	dma_settle(dev, false);
}
