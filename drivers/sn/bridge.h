/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a platform tells drivers/sn of a bridge and of the devices behind it.
 */
#ifndef _SN_BRIDGE_H
#define _SN_BRIDGE_H

#include <linux/types.h>

struct device;
struct sn_bridge;

enum sn_chip {
	SN_PIC,		/* PCI and PCI-X, below a hub */
	SN_TIOCP,	/* PCI and PCI-X, below a TIO */
	SN_TIOCA,	/* AGP and PCI, below a TIO: no barrier */
	SN_TIOCE,	/* PCI Express, two ports, below a TIO */
	SN_NR_CHIPS,
};

/**
 * struct sn_regs_ops - access to the registers of a bridge
 * @read: value of the 64-bit register at @offset
 * @write: set it; posted, a later read of any register pushes it
 *
 * Called in any context, with interrupts off.
 */
struct sn_regs_ops {
	u64 (*read)(void *regs, unsigned int offset);
	void (*write)(void *regs, unsigned int offset, u64 value);
};

/**
 * struct sn_hub - how the machine's physical addresses are composed
 * @nasid_shift: lowest bit of the node number; 38 on Shub1
 * @nasid_mask: the node number, shifted down; 0x7ff on Shub1
 * @memory_as: address space, the two bits below the node number, of cacheable
 *	memory: 3.  Nothing else can be mapped.
 * @shub2: TIO addresses are made in the way of Shub2
 */
struct sn_hub {
	unsigned int	nasid_shift;
	u64		nasid_mask;
	unsigned int	memory_as;
	bool		shub2;
};

#define SN_TIOCE_PORTS	2

/**
 * struct sn_bridge_params - a bridge, as firmware describes it
 * @chip: which one
 * @revision: of the chip; 1 is the first
 * @regs_ops: access to its registers
 * @regs: argument of @regs_ops
 * @hub: of the machine
 * @page_shift: I/O page of PIC, TIOCP and TIOCA: 12 or 14
 * @nr_entries: translation entries that may be used, or 0 for all of them
 * @pcix: the bus of a PIC or TIOCP is in PCI-X mode
 * @target: PIC: crosstalk widget of the hub
 * @window: PIC, TIOCP: address of the interconnect that bus address 0x80000000
 *	shows, a multiple of 2 GiB
 * @port: where on the bus the devices themselves are, in 32 bits: what goes
 *	downstream of each port of a TIOCE; the others have the first alone
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
		u32 start, end;		/* inclusive; none if both are 0 */
		u64 cpu;		/* where the CPU sees @start, or 0 */
	} port[SN_TIOCE_PORTS];
};

/**
 * struct sn_slot - where on its bridge a device is
 * @slot: PIC and TIOCP: slot, from 1 to 4
 * @function: PCI function number
 * @port: TIOCE: 0 or 1
 * @flush_word: PIC: what the force interrupt of the slot, as firmware has set it
 *	up, writes to; NULL if it has not
 */
struct sn_slot {
	unsigned int	slot;
	unsigned int	function;
	unsigned int	port;
	u64		*flush_word;
};

struct sn_bridge *sn_bridge_create(const struct sn_bridge_params *params);
void sn_bridge_destroy(struct sn_bridge *bridge);
int sn_bridge_attach(struct sn_bridge *bridge, struct device *dev,
		     const struct sn_slot *slot);
void sn_bridge_detach(struct device *dev);

#endif /* _SN_BRIDGE_H */
