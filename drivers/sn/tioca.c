// SPDX-License-Identifier: GPL-2.0
/*
 * TIOCA: an AGP and PCI bridge without a write barrier.
 *
 * There are three kinds of bus address: 64-bit direct; 48-bit direct, for memory of
 * nodes whose upper number bits are those in a register; and through a GART in
 * host memory, whose upper half is PCI's and the lower half AGP's. The chip also has
 * a 32-bit direct window, which Linux 2.6 did not use because of an addressing flaw.
 *
 * None of these addresses has a bit for a barrier, and no register is known to
 * flush a device's writes. bridge.c says what follows from that.
 *
 * The bridge fetches entries coherently, so it sees what the CPU writes to them.
 * The first revision does not: it caches entries until told to flush its TLB, and
 * it ignores that unless it fetches entries uncached at the time.
 *
 * Register and bit numbers are from the Linux 2.6 header tioca.h of arch/ia64.
 */
#include <linux/gfp.h>
#include "sn.h"

#define TIOCA_CONTROL2		0x10
#define  TIOCA_GART_FLUSH	BIT_ULL(36)
#define  TIOCA_GART_PREFETCH	GENMASK_ULL(35, 34)	/* of reads, of writes */
#define  TIOCA_GART_FETCH	GENMASK_ULL(33, 32)
#define  TIOCA_GART_COHERENT	(2ULL << 32)
#define TIOCA_APERTURE		0x28
#define  TIOCA_APERTURE_16K	BIT_ULL(1)
#define  TIOCA_APERTURE_PCI	BIT_ULL(2)
#define  TIOCA_APERTURE_2G	(0x200ULL << 12)
#define TIOCA_AGP_EXTN		0xe8
#define  TIOCA_AGP_EXTN_SHIFT	20
#define  TIOCA_AGP_EXTN_NODE	GENMASK_ULL(25, 20)
#define TIOCA_GART_TABLE	0x200
#define  TIOCA_GART_TABLE_VALID	BIT_ULL(0)

#define TIOCA_TARGET_MEMORY	BIT_ULL(60)

#define TIOCA_APERTURE_BASE	0x80000000ULL
#define TIOCA_APERTURE_SIZE	0x80000000ULL
#define TIOCA_PCI_BASE		0xc0000000ULL
#define TIOCA_PCI_SIZE		0x40000000ULL

#define TIOCA_ENTRY_SHIFT	12
#define TIOCA_ENTRY_VALID	BIT_ULL(63)

enum tioca_kind { TIOCA_NONE, TIOCA_DIRECT64, TIOCA_DIRECT48, TIOCA_GART };

static unsigned int tioca_gart_order(struct sn_bridge *bridge)
{
	return get_order((TIOCA_APERTURE_SIZE >> bridge->params.page_shift) *
			 sizeof(*bridge->gart));
}

static int tioca_init(struct sn_bridge *bridge)
{
	struct sn_bridge_params *p = &bridge->params;
	unsigned int nr = p->nr_entries, all;
	u64 table, aperture, control;
	struct page *page;
	int ret;

	if (p->page_shift != 12 && p->page_shift != 14)
		return -EINVAL;
	all = TIOCA_PCI_SIZE >> p->page_shift;
	if (nr > all)
		return -EINVAL;

	page = sn_alloc_pages(NUMA_NO_NODE, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
			      tioca_gart_order(bridge));
	if (!page)
		return -ENOMEM;
	bridge->gart = page_address(page);
	spin_lock_init(&bridge->control_lock);
	ret = -ENXIO;
	table = sn_phys_to_coretalk(&p->hub, page_to_phys(page));
	if (table == SN_NO_ADDR)
		goto err_gart;
	ret = sn_table_init(&bridge->table, all, nr ?: all, p->page_shift,
			    TIOCA_PCI_BASE);
	if (ret)
		goto err_gart;

	/* Prefetching of entries is broken: SGI's PV 930029. */
	control = sn_read(bridge, TIOCA_CONTROL2) &
		  ~(TIOCA_GART_FETCH | TIOCA_GART_PREFETCH);
	sn_write(bridge, TIOCA_CONTROL2, control | TIOCA_GART_COHERENT);
	sn_write(bridge, TIOCA_GART_TABLE, table | TIOCA_GART_TABLE_VALID);
	aperture = TIOCA_APERTURE_BASE | TIOCA_APERTURE_2G | TIOCA_APERTURE_PCI;
	if (p->page_shift == 14)
		aperture |= TIOCA_APERTURE_16K;
	sn_write(bridge, TIOCA_APERTURE, aperture);
	sn_read(bridge, TIOCA_APERTURE);
	return 0;

err_gart:
	sn_free_pages(page, tioca_gart_order(bridge));
	return ret;
}

static void tioca_exit(struct sn_bridge *bridge)
{
	sn_write(bridge, TIOCA_APERTURE, 0);
	sn_write(bridge, TIOCA_GART_TABLE, 0);
	sn_read(bridge, TIOCA_APERTURE);
	sn_table_exit(&bridge->table);
	sn_free_pages(virt_to_page(bridge->gart), tioca_gart_order(bridge));
}

/* PCI's half of the aperture ends at 4 GiB. */
static u64 tioca_min_mask(struct sn_bridge *bridge)
{
	return DMA_BIT_MASK(32);
}

static size_t tioca_max_size(struct sn_bridge *bridge, u64 mask)
{
	if (mask == U64_MAX)
		return SIZE_MAX;
	return sn_table_max_size(&bridge->table);
}

static enum tioca_kind tioca_kind(struct sn_device *sdev,
				  const struct sn_request *req)
{
	struct sn_bridge *bridge = sdev->bridge;

	if (req->mask < tioca_min_mask(bridge))
		return TIOCA_NONE;
	if (req->mask == U64_MAX)
		return TIOCA_DIRECT64;
	/* The chip takes addresses below 4 GiB for addresses of the GART. */
	if (req->mask >= DMA_BIT_MASK(48) &&
	    req->addr >> 48 == sdev->node_extension &&
	    (req->addr & DMA_BIT_MASK(48)) > DMA_BIT_MASK(32))
		return TIOCA_DIRECT48;
	if (!sn_table_fits(&bridge->table, req->addr, req->size))
		return TIOCA_NONE;
	return TIOCA_GART;
}

static bool tioca_can_map(struct sn_device *sdev, const struct sn_request *req)
{
	return tioca_kind(sdev, req) != TIOCA_NONE;
}

/* Make the bridge see the entries as they are in memory now. */
static void tioca_settle(struct sn_bridge *bridge)
{
	unsigned long flags;
	u64 control;

	wmb();	/* the bridge fetches entries from memory */
	if (bridge->params.revision > 1)
		return;
	spin_lock_irqsave(&bridge->control_lock, flags);
	control = sn_read(bridge, TIOCA_CONTROL2);
	sn_write(bridge, TIOCA_CONTROL2, control & ~TIOCA_GART_FETCH);
	sn_write(bridge, TIOCA_CONTROL2,
		 (control & ~TIOCA_GART_FETCH) | TIOCA_GART_FLUSH);
	sn_read(bridge, TIOCA_CONTROL2);
	sn_write(bridge, TIOCA_CONTROL2, control);
	sn_read(bridge, TIOCA_CONTROL2);
	spin_unlock_irqrestore(&bridge->control_lock, flags);
}

static int tioca_gart(struct sn_device *sdev, const struct sn_request *req,
		      dma_addr_t *bus)
{
	struct sn_bridge *bridge = sdev->bridge;
	struct sn_table *table = &bridge->table;
	u64 addr = req->addr & -BIT_ULL(table->shift);
	unsigned int entry, nr, i;

	nr = sn_table_get(table, req->addr, req->size, &entry);
	if (!nr)
		return -ENOMEM;
	for (i = 0; i < nr; i++, addr += BIT_ULL(table->shift))
		WRITE_ONCE(bridge->gart[entry + i],
			   cpu_to_le64(addr >> TIOCA_ENTRY_SHIFT |
				       TIOCA_ENTRY_VALID));
	tioca_settle(bridge);
	*bus = sn_table_bus(table, entry, req->addr);
	return 0;
}

static int tioca_map(struct sn_device *sdev, const struct sn_request *req,
		     dma_addr_t *bus)
{
	switch (tioca_kind(sdev, req)) {
	case TIOCA_DIRECT64:
		*bus = req->addr | TIOCA_TARGET_MEMORY;
		return 0;
	case TIOCA_DIRECT48:
		*bus = req->addr & DMA_BIT_MASK(48);
		return 0;
	case TIOCA_GART:
		return tioca_gart(sdev, req, bus);
	default:
		return -EIO;
	}
}

static void tioca_unmap(struct sn_device *sdev, dma_addr_t bus, size_t size)
{
	struct sn_bridge *bridge = sdev->bridge;
	struct sn_table *table = &bridge->table;
	unsigned int entry, nr, i;

	if (!sn_table_has(table, bus))
		return;
	entry = sn_table_entry(table, bus);
	nr = sn_table_span(table, bus, size);
	for (i = entry; i < entry + nr; i++)
		WRITE_ONCE(bridge->gart[i], 0);
	tioca_settle(bridge);
	sn_table_put(table, entry, nr);
}

static int tioca_attach(struct sn_device *sdev)
{
	if (sdev->slot.port)
		return -EINVAL;
	sdev->node_extension = (sn_read(sdev->bridge, TIOCA_AGP_EXTN) &
				TIOCA_AGP_EXTN_NODE) >> TIOCA_AGP_EXTN_SHIFT;
	return 0;
}

const struct sn_chip_ops sn_tioca_ops = {
	.has_barrier	= false,
	.to_bridge	= sn_phys_to_coretalk,
	.init		= tioca_init,
	.exit		= tioca_exit,
	.attach		= tioca_attach,
	.min_mask	= tioca_min_mask,
	.max_size	= tioca_max_size,
	.can_map	= tioca_can_map,
	.map		= tioca_map,
	.unmap		= tioca_unmap,
};
