/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Translate physical addresses to addresses of the interconnect.
 *
 * A physical address is | node | address space (2 bits) | offset in the node |.
 * The bridges send requests in crosstalk (PIC) or coretalk (the TIO chips) form.
 * Neither has a field for the address space: every request goes to memory. So
 * the functions below translate addresses of memory and refuse all others.
 */
#ifndef _SN_ADDR_H
#define _SN_ADDR_H

#include <linux/bits.h>
#include "bridge.h"

#define SN_AS_BITS		2
#define SN_TIO_NODE_SHIFT	40
#define SN_TIO_BANK_SHIFT	36
#define SN_NO_ADDR		U64_MAX

static inline u64 sn_node(const struct sn_hub *hub, u64 phys)
{
	return phys >> hub->nasid_shift;
}

static inline u64 sn_node_offset(const struct sn_hub *hub, u64 phys)
{
	return phys & (BIT_ULL(hub->nasid_shift - SN_AS_BITS) - 1);
}

static inline bool sn_is_memory(const struct sn_hub *hub, u64 phys)
{
	u64 as = phys >> (hub->nasid_shift - SN_AS_BITS);

	return (as & (BIT(SN_AS_BITS) - 1)) == hub->memory_as &&
	       !(sn_node(hub, phys) & ~hub->nasid_mask);
}

/* Crosstalk: the node number moves down over the two bits of the address space. */
static inline u64 sn_phys_to_xtalk(const struct sn_hub *hub, u64 phys)
{
	if (!sn_is_memory(hub, phys))
		return SN_NO_ADDR;
	return sn_node(hub, phys) << (hub->nasid_shift - SN_AS_BITS) |
	       sn_node_offset(hub, phys);
}

/*
 * Coretalk: the node number is at bit 40. The chiplet, bits 39:38, is 0 for
 * memory. On Shub2 the two highest bits of the offset select a bank.
 */
static inline u64 sn_phys_to_coretalk(const struct sn_hub *hub, u64 phys)
{
	u64 offset = sn_node_offset(hub, phys), bank = 0;

	if (!sn_is_memory(hub, phys))
		return SN_NO_ADDR;
	if (hub->shub2) {
		unsigned int shift = hub->nasid_shift - 2 * SN_AS_BITS;

		bank = offset >> shift;
		offset &= BIT_ULL(shift) - 1;
	}
	return sn_node(hub, phys) << SN_TIO_NODE_SHIFT |
	       bank << SN_TIO_BANK_SHIFT | offset;
}

#endif /* _SN_ADDR_H */
