/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a platform describes a bridge, and the devices behind it, to drivers/sn/.
 */
#ifndef _SN_BRIDGE_H
#define _SN_BRIDGE_H

#include <linux/types.h>

struct device;
struct sn_bridge;

enum sn_chip {
	SN_PIC,		/* PCI and PCI-X, below a hub */
	SN_TIOCP,	/* PCI and PCI-X, below a TIO */
	SN_TIOCA,	/* AGP and PCI, below a TIO: no write barrier */
	SN_TIOCE,	/* PCI Express, two ports, below a TIO */
	SN_NR_CHIPS,
};

/**
 * struct sn_regs_ops - access to the registers of a bridge
 * @read: return the 64-bit register at @offset
 * @write: set the 64-bit register at @offset. The write may be posted; the next
 *	@read of any register of the bridge completes it.
 *
 * Context: Any, interrupts may be off.
 */
struct sn_regs_ops {
	u64 (*read)(void *regs, unsigned int offset);
	void (*write)(void *regs, unsigned int offset, u64 value);
};

/**
 * struct sn_hub - layout of the machine's physical addresses
 * @nasid_shift: lowest bit of the node number; 38 on Shub1
 * @nasid_mask: mask of the node number, shifted down; 0x7ff on Shub1
 * @memory_as: value of the address space field, the two bits below the node
 *	number, for cacheable memory: 3. Only such memory can be mapped.
 * @shub2: the hub is a Shub2, which needs another form of coretalk address
 */
struct sn_hub {
	unsigned int	nasid_shift;
	u64		nasid_mask;
	unsigned int	memory_as;
	bool		shub2;
};

#define SN_TIOCE_PORTS		2
#define SN_TIOCE_WINDOWS	(2 * SN_TIOCE_PORTS)

/**
 * struct sn_bridge_params - a bridge, as firmware describes it
 * @chip: which chip it is
 * @revision: of the chip; 1 is the first
 * @regs_ops: access to its registers
 * @regs: first argument of the functions in @regs_ops
 * @hub: address layout of the machine
 * @page_shift: PIC, TIOCP and TIOCA: log2 of the I/O page size, 12 or 14
 * @nr_entries: number of translation entries to use, or 0 for all of them
 * @pcix: PIC and TIOCP: the bus is in PCI-X mode
 * @target: PIC: crosstalk widget of the hub
 * @window: PIC and TIOCP: interconnect address that bus address 0x80000000
 *	leads to, a multiple of 2 GiB
 * @down: TIOCE: ranges of bus addresses that go downstream, those of the memory
 *	and the prefetchable window of each port. Both limits are inclusive; a
 *	range with both limits 0 is unused. No mapping gets an address in them.
 */
struct sn_bridge_params {
	enum sn_chip			chip;
	unsigned int			revision;
	const struct sn_regs_ops	*regs_ops;
	void				*regs;
	struct sn_hub			hub;
	unsigned int			page_shift;
	unsigned int			nr_entries;
	bool				pcix;
	u8				target;
	u64				window;
	struct {
		u32 start, end;
	} down[SN_TIOCE_WINDOWS];
};

/**
 * struct sn_slot - where a device is on its bridge
 * @slot: PIC and TIOCP: slot, from 1 to 4
 * @port: TIOCE: 0 or 1
 */
struct sn_slot {
	unsigned int	slot;
	unsigned int	port;
};

struct sn_bridge *sn_bridge_create(const struct sn_bridge_params *params);
void sn_bridge_destroy(struct sn_bridge *bridge);
int sn_bridge_attach(struct sn_bridge *bridge, struct device *dev,
		     const struct sn_slot *slot);
void sn_bridge_detach(struct device *dev);

#endif /* _SN_BRIDGE_H */
