// SPDX-License-Identifier: GPL-2.0
/*
 * PIC and TIOCP: PCI and PCI-X bridges of one family.
 *
 * There are three kinds of bus address:
 *
 *  - 64-bit direct: the address itself says all that the bridge has to know, so it
 *    takes no resource and cannot fail. For devices that drive all 64 bits.
 *  - 32-bit direct: 2 GiB of bus addresses that lead to 2 GiB of the interconnect,
 *    chosen by firmware. Not in PCI-X mode, and not for a mapping with a barrier,
 *    because the address has no bit for it.
 *  - mapped: through the bridge's table of translation entries, which can run out.
 *    Not in PCI-X mode on PIC.
 *
 * A write with the barrier pushes all earlier writes of the device to memory before
 * it lands. The barrier is a bit of the 64-bit address or of the entry. So is
 * prefetch, which is not used in PCI-X mode and not together with the barrier.
 *
 * An entry is cleared when its mapping is unmapped: from then on the device gets an
 * error from the bridge. Linux 2.6 left it valid.
 *
 * Register and bit numbers are from the Linux 2.6 headers pic.h, tiocp.h and
 * pcibr_provider.h of arch/ia64. Bridge and XBridge, which SGI's IP27 and IP30 have,
 * decode 64-bit addresses in the same way: arch/mips/include/asm/pci/bridge.h.
 */
#include "sn.h"

#define PCIBR_CONTROL		0x20
#define  PCIBR_CONTROL_PAGE16K	BIT_ULL(21)
#define PCIBR_TARGET_FLUSH	0x50
#define PCIBR_DEVICE(n)		(0x200 + 8 * (n))
#define  PCIBR_DEVICE_SWAP	BIT_ULL(19)
#define PCIBR_ENTRY(n)		(0x10000 + 8 * (n))
#define PCIBR_NR_ENTRIES	1024
#define PCIBR_NR_SLOTS		4

#define PCIBR_ENTRY_VALID	BIT_ULL(0)
#define PCIBR_ENTRY_PREFETCH	BIT_ULL(3)
#define PCIBR_ENTRY_BARRIER	BIT_ULL(4)
#define PIC_ENTRY_TARGET_SHIFT	8

#define PCIBR_D64_TARGET_SHIFT	60		/* 4 bits: who takes the request */
#define PCIBR_D64_PREFETCH	BIT_ULL(59)
#define PCIBR_D64_BARRIER	BIT_ULL(56)
#define TIOCP_TARGET_MEMORY	1

#define PCIBR_MAPPED_BASE	0x40000000ULL
#define PCIBR_MAPPED_SWAP	BIT_ULL(29)
#define PCIBR_WINDOW_BASE	0x80000000ULL
#define PCIBR_WINDOW_SIZE	0x80000000ULL

enum pcibr_kind { PCIBR_NONE, PCIBR_DIRECT64, PCIBR_WINDOW, PCIBR_MAPPED };

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
	return sn_table_max_size(&bridge->table);
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

static enum pcibr_kind pcibr_kind(struct sn_device *sdev,
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
	if (!sn_table_fits(&bridge->table, req->addr, req->size))
		return PCIBR_NONE;
	return PCIBR_MAPPED;
}

static bool pcibr_can_map(struct sn_device *sdev, const struct sn_request *req)
{
	return pcibr_kind(sdev, req) != PCIBR_NONE;
}

static dma_addr_t pcibr_direct64(struct sn_device *sdev,
				 const struct sn_request *req)
{
	struct sn_bridge_params *p = &sdev->bridge->params;
	u64 target = is_pic(sdev->bridge) ? p->target : TIOCP_TARGET_MEMORY;
	dma_addr_t bus = target << PCIBR_D64_TARGET_SHIFT | req->addr;

	/*
	 * Another bit chooses the second virtual channel. It is not used: an entry has
	 * no such bit, and no document says that a barrier waits for both channels.
	 */
	if (req->barrier)
		bus |= PCIBR_D64_BARRIER;
	else if (!p->pcix)
		bus |= PCIBR_D64_PREFETCH;
	return bus;
}

/*
 * Writes of entries are posted; this read completes them. Return 0 if the entries
 * have arrived.
 */
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
	switch (pcibr_kind(sdev, req)) {
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
	.has_barrier	= true,
	.to_bridge	= sn_phys_to_xtalk,
	.init		= pcibr_init,
	.exit		= pcibr_exit,
	.attach		= pcibr_attach,
	.min_mask	= pcibr_min_mask,
	.max_size	= pcibr_max_size,
	.can_map	= pcibr_can_map,
	.map		= pcibr_map,
	.unmap		= pcibr_unmap,
};

const struct sn_chip_ops sn_tiocp_ops = {
	.has_barrier	= true,
	.to_bridge	= sn_phys_to_coretalk,
	.init		= pcibr_init,
	.exit		= pcibr_exit,
	.attach		= pcibr_attach,
	.min_mask	= pcibr_min_mask,
	.max_size	= pcibr_max_size,
	.can_map	= pcibr_can_map,
	.map		= pcibr_map,
	.unmap		= pcibr_unmap,
};
