// SPDX-License-Identifier: GPL-2.0
/*
 * PIC and TIOCP: PCI and PCI-X bridges of one family.
 *
 * There are three ways to make a bus address:
 *
 *  - 64-bit direct: all that the bridge has to know is in the address, so it
 *    takes nothing and cannot fail.  Only for a device that drives all 64 bits.
 *  - 32-bit direct: 2 GiB of bus addresses show 2 GiB of the interconnect,
 *    firmware chose which.  Neither in PCI-X mode nor with a barrier, for which
 *    there is no room in the address.
 *  - page-mapped: by entries of a table in the bridge, which can run out.  Never
 *    in PCI-X mode on PIC.
 *
 * The barrier is a bit of the 64-bit address or of the entry.  Prefetch is too,
 * and has no place in PCI-X mode, nor where writes must not be reordered.
 *
 * An entry is cleared when its mapping goes: a device that still uses it gets an
 * error from the bridge.  The operating systems that these chips came with left
 * it valid.
 *
 * Flushing is another matter on each of the two.  A force interrupt of PIC
 * writes a word to memory, behind all that the slot has written before.  TIOCP
 * answers a read of its flush register when all of that is in memory, but for
 * the first revision; PIC answers too early.
 *
 * Register and bit numbers: the Linux 2.6 headers pic.h, tiocp.h and
 * pcibr_provider.h of arch/ia64.
 */
#include <linux/iopoll.h>
#include <linux/sgi-bridge.h>
#include "sn.h"

#define PCIBR_CONTROL		0x20
#define  PCIBR_CONTROL_PAGE16K	BIT_ULL(21)
#define PCIBR_TARGET_FLUSH	0x50
#define PCIBR_FORCE_INT(n)	(0x1c0 + 8 * (n))
#define PCIBR_DEVICE(n)		(0x200 + 8 * (n))
#define  PCIBR_DEVICE_SWAP	BIT_ULL(19)
#define PCIBR_WRITE_FLUSH(n)	(0x240 + 8 * (n))
#define PCIBR_ENTRY(n)		(0x10000 + 8 * (n))
#define PCIBR_NR_ENTRIES	1024
#define PCIBR_NR_SLOTS		4

#define PCIBR_ENTRY_VALID	BIT_ULL(0)
#define PCIBR_ENTRY_PREFETCH	BIT_ULL(3)
#define PCIBR_ENTRY_BARRIER	BIT_ULL(4)
#define PIC_ENTRY_TARGET_SHIFT	8

#define TIOCP_TARGET_MEMORY	1

#define PCIBR_MAPPED_BASE	0x40000000ULL
#define PCIBR_MAPPED_SWAP	BIT_ULL(29)
#define PCIBR_WINDOW_BASE	0x80000000ULL
#define PCIBR_WINDOW_SIZE	0x80000000ULL

#define PIC_INT_DATA		0x10f	/* what a force interrupt writes */
#define PIC_INT_TIMEOUT_US	10000

enum pcibr_way { PCIBR_NONE, PCIBR_DIRECT64, PCIBR_WINDOW, PCIBR_MAPPED };

static bool is_pic(const struct sn_bridge *bridge)
{
	return bridge->params.chip == SN_PIC;
}

static int pcibr_init(struct sn_bridge *bridge)
{
	struct sn_bridge_params *p = &bridge->params;
	unsigned int nr = p->nr_entries ?: PCIBR_NR_ENTRIES;
	u64 control;
	int i, ret;

	if (nr > PCIBR_NR_ENTRIES || (p->page_shift != 12 && p->page_shift != 14) ||
	    p->window % PCIBR_WINDOW_SIZE || p->target > 0xf)
		return -EINVAL;
	ret = sn_table_init(&bridge->table, 0, nr, p->page_shift,
			    PCIBR_MAPPED_BASE);
	if (ret)
		return ret;

	for (i = 0; i < nr; i++)
		sn_write(bridge, PCIBR_ENTRY(i), 0);
	control = sn_read(bridge, PCIBR_CONTROL) & ~PCIBR_CONTROL_PAGE16K;
	if (p->page_shift == 14)
		control |= PCIBR_CONTROL_PAGE16K;
	sn_write(bridge, PCIBR_CONTROL, control);
	sn_read(bridge, PCIBR_TARGET_FLUSH);
	return 0;
}

static void pcibr_exit(struct sn_bridge *bridge)
{
	sn_table_exit(&bridge->table);
}

static u64 pcibr_min_mask(struct sn_bridge *bridge)
{
	if (is_pic(bridge) && bridge->params.pcix)
		return U64_MAX;
	return DMA_BIT_MASK(31);
}

static size_t pcibr_max_size(struct sn_bridge *bridge, u64 mask)
{
	if (mask == U64_MAX)
		return SIZE_MAX;
	/* The buffer may begin at the end of a page. */
	return (size_t)(bridge->table.count - 1) << bridge->table.shift;
}

static bool pcibr_in_window(struct sn_bridge *bridge,
			    const struct sn_request *req)
{
	u64 offset = req->addr - bridge->params.window;

	return req->addr >= bridge->params.window &&
	       offset < PCIBR_WINDOW_SIZE &&
	       req->size <= PCIBR_WINDOW_SIZE - offset &&
	       req->mask >= DMA_BIT_MASK(32);
}

static enum pcibr_way pcibr_way(struct sn_device *sdev,
				const struct sn_request *req)
{
	struct sn_bridge *bridge = sdev->bridge;

	if (req->mask < pcibr_min_mask(bridge))
		return PCIBR_NONE;
	if (req->mask == U64_MAX)
		return PCIBR_DIRECT64;
	if (!req->barrier && !bridge->params.pcix &&
	    pcibr_in_window(bridge, req))
		return PCIBR_WINDOW;
	if (sn_table_span(&bridge->table, req->addr, req->size) >
	    bridge->table.count)
		return PCIBR_NONE;
	return PCIBR_MAPPED;
}

static unsigned int pcibr_path(struct sn_device *sdev,
			       const struct sn_request *req)
{
	switch (pcibr_way(sdev, req)) {
	case PCIBR_NONE:
		return DMA_PATH_NONE;
	case PCIBR_MAPPED:
		return DMA_PATH_ALLOC;
	default:
		return 0;
	}
}

static dma_addr_t pcibr_direct64(struct sn_device *sdev,
				 const struct sn_request *req)
{
	struct sn_bridge_params *p = &sdev->bridge->params;
	u64 attrs = 0;

	if (req->barrier)
		attrs |= SGI_BRIDGE_BARRIER;
	else if (!p->pcix)
		attrs |= SGI_BRIDGE_PREFETCH;
	/* So that the functions of a device do not wait for one another. */
	if (!p->pcix && sdev->slot.function)
		attrs |= SGI_BRIDGE_VIRTUAL;
	return sgi_bridge_d64(is_pic(sdev->bridge) ? p->target :
			      TIOCP_TARGET_MEMORY, attrs, req->addr);
}

/* Only a read brings the entries to where they are used.  0: that went well. */
static u64 pcibr_settle(struct sn_bridge *bridge)
{
	return sn_read(bridge, PCIBR_TARGET_FLUSH);
}

static void pcibr_clear(struct sn_bridge *bridge, unsigned int entry,
			unsigned int nr)
{
	unsigned int i;

	for (i = entry; i < entry + nr; i++)
		sn_write(bridge, PCIBR_ENTRY(i), 0);
	pcibr_settle(bridge);
	sn_table_put(&bridge->table, entry, nr);
}

static int pcibr_mapped(struct sn_device *sdev, const struct sn_request *req,
			dma_addr_t *bus)
{
	struct sn_bridge *bridge = sdev->bridge;
	struct sn_table *table = &bridge->table;
	u64 page = BIT_ULL(table->shift);
	u64 value = (req->addr & -page) | PCIBR_ENTRY_VALID;
	unsigned int entry, nr, i;

	nr = sn_table_get(table, req->addr, req->size, &entry);
	if (!nr)
		return -ENOMEM;

	if (req->barrier)
		value |= PCIBR_ENTRY_BARRIER;
	else if (!bridge->params.pcix)
		value |= PCIBR_ENTRY_PREFETCH;
	if (is_pic(bridge))
		value |= (u64)bridge->params.target << PIC_ENTRY_TARGET_SHIFT;
	for (i = 0; i < nr; i++)
		sn_write(bridge, PCIBR_ENTRY(entry + i), value + i * page);
	if (pcibr_settle(bridge)) {
		dev_err_ratelimited(sdev->dev, "translation entries not set\n");
		pcibr_clear(bridge, entry, nr);
		return -EIO;
	}

	*bus = sn_table_bus(table, entry, req->addr);
	if (sdev->swap)
		*bus |= PCIBR_MAPPED_SWAP;
	return 0;
}

static int pcibr_map(struct sn_device *sdev, const struct sn_request *req,
		     dma_addr_t *bus)
{
	switch (pcibr_way(sdev, req)) {
	case PCIBR_DIRECT64:
		*bus = pcibr_direct64(sdev, req);
		return 0;
	case PCIBR_WINDOW:
		*bus = PCIBR_WINDOW_BASE + req->addr -
		       sdev->bridge->params.window;
		return 0;
	case PCIBR_MAPPED:
		return pcibr_mapped(sdev, req, bus);
	default:
		return -EIO;
	}
}

static void pcibr_unmap(struct sn_device *sdev, dma_addr_t bus, size_t size)
{
	struct sn_table *table = &sdev->bridge->table;

	if (bus >= PCIBR_WINDOW_BASE)
		return;
	bus &= ~PCIBR_MAPPED_SWAP;
	if (WARN_ON_ONCE(!sn_table_has(table, bus)))
		return;
	pcibr_clear(sdev->bridge, sn_table_entry(table, bus),
		    sn_table_span(table, bus, size));
}

static int pic_flush(struct sn_device *sdev)
{
	struct sn_bridge *bridge = sdev->bridge;
	u64 *word = sdev->slot.flush_word, value;
	unsigned long flags;
	int ret;

	if (!word)
		return -EOPNOTSUPP;
	spin_lock_irqsave(&bridge->flush_lock, flags);
	WRITE_ONCE(*word, 0);
	wmb();	/* not after the bridge has written it */
	sn_write(bridge, PCIBR_FORCE_INT(sdev->slot.slot - 1), 1);
	ret = read_poll_timeout_atomic(READ_ONCE, value, value == PIC_INT_DATA,
				       1, PIC_INT_TIMEOUT_US, false, *word);
	spin_unlock_irqrestore(&bridge->flush_lock, flags);
	return ret;
}

static int tiocp_flush(struct sn_device *sdev)
{
	if (sdev->bridge->params.revision < 2)
		return -EOPNOTSUPP;
	sn_read(sdev->bridge, PCIBR_WRITE_FLUSH(sdev->slot.slot - 1));
	return 0;
}

static int pcibr_attach(struct sn_device *sdev)
{
	if (!sdev->slot.slot || sdev->slot.slot > PCIBR_NR_SLOTS ||
	    sdev->slot.port)
		return -EINVAL;
	sdev->swap = sn_read(sdev->bridge, PCIBR_DEVICE(sdev->slot.slot - 1)) &
		     PCIBR_DEVICE_SWAP;
	return 0;
}

const struct sn_chip_ops sn_pic_ops = {
	.ordering	= DMA_ORDERING_WEAK_BARRIER,
	.last_peer	= 0x3fffffff,
	.to_bridge	= sn_phys_to_xtalk,
	.init		= pcibr_init,
	.exit		= pcibr_exit,
	.attach		= pcibr_attach,
	.min_mask	= pcibr_min_mask,
	.max_size	= pcibr_max_size,
	.path		= pcibr_path,
	.map		= pcibr_map,
	.unmap		= pcibr_unmap,
	.flush		= pic_flush,
};

const struct sn_chip_ops sn_tiocp_ops = {
	.ordering	= DMA_ORDERING_WEAK_BARRIER,
	.last_peer	= 0x3fffffff,
	.to_bridge	= sn_phys_to_coretalk,
	.init		= pcibr_init,
	.exit		= pcibr_exit,
	.attach		= pcibr_attach,
	.min_mask	= pcibr_min_mask,
	.max_size	= pcibr_max_size,
	.path		= pcibr_path,
	.map		= pcibr_map,
	.unmap		= pcibr_unmap,
	.flush		= tiocp_flush,
};
