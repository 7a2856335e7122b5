/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 64-bit bus addresses of SGI's crosstalk to PCI bridges.
 *
 * Bridge and XBridge (IP27, IP30), PIC and TIOCP (SN2) decode a 64-bit address
 * of a PCI device alike: the top nibble says who is to take the request, the
 * bits below say how, and the rest is an address of the interconnect.  Nothing
 * has to be set up for it, and nothing can run out.
 *
 * A write with SGI_BRIDGE_BARRIER set pushes all earlier writes of the device to
 * memory before it lands; without, the interconnect may reorder them.
 */
#ifndef _LINUX_SGI_BRIDGE_H
#define _LINUX_SGI_BRIDGE_H

#include <linux/bits.h>
#include <linux/types.h>

#define SGI_BRIDGE_TARGET_SHIFT	60		/* widget, or type of request */
#define SGI_BRIDGE_PREFETCH	BIT_ULL(59)
#define SGI_BRIDGE_PRECISE	BIT_ULL(58)
#define SGI_BRIDGE_VIRTUAL	BIT_ULL(57)	/* second virtual channel */
#define SGI_BRIDGE_BARRIER	BIT_ULL(56)

static inline u64 sgi_bridge_d64(unsigned int target, u64 attrs, u64 addr)
{
	return (u64)target << SGI_BRIDGE_TARGET_SHIFT | attrs | addr;
}

#endif /* _LINUX_SGI_BRIDGE_H */
