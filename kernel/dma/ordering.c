// SPDX-License-Identifier: GPL-2.0
/*
 * Are the writes of a device seen in the order in which it sends them?
 *
 * DMA_ATTR_WRITE_BARRIER is about the path from the device to memory.  PCI does
 * not let a posted write pass an earlier one (PCI Local Bus Specification 3.0,
 * appendix E; PCI Express Base Specification, "Transaction Ordering"), and every
 * driver that polls a completion entry relies on it.  A host bridge that does let
 * writes pass one another says so in its struct pci_host_bridge.  No other bus
 * makes a promise that holds for all its devices, so nothing is known of them.
 *
 * A write that the device itself sends with the Relaxed Ordering attribute is
 * outside of that promise.  Which writes these are is known to the driver alone:
 * a driver that asks for the barrier vouches that its device does not relax the
 * writes to that mapping.  Nothing here reads a register of the device.
 */
#include <linux/pci.h>
#include "contract.h"

/*
 * Does a write through a mapping with DMA_ATTR_WRITE_BARRIER stay behind the
 * earlier posted writes of @dev, on the path from its bus to memory?  A bridge
 * that reorders has a barrier if the code that maps for it asks for one.
 */
bool dma_writes_ordered(struct device *dev)
{
	struct pci_host_bridge *bridge;

	if (!dev_is_pci(dev))
		return false;
	bridge = pci_find_host_bridge(to_pci_dev(dev)->bus);
	return !bridge->dma_reorders || bridge->dma_barrier;
}
