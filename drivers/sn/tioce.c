// SPDX-License-Identifier: GPL-2.0
/*
 * TIOCE: a PCI Express bridge with two ports.
 *
 * There are five kinds of bus address:
 *
 *  - D64: direct, takes no resource. A bit of the address is the barrier.
 *  - D32: one window of 1 GiB per port. A register says which GiB of the
 *    interconnect it leads to. A bit of the address is the barrier.
 *  - M32: entries of 256 KiB. A bit of the address is the barrier.
 *  - M40 and M40S: entries of 64 MiB and of 16 GiB, for devices that drive 40 bits.
 *    No address bit is left for a barrier, so a mapping with a barrier never gets
 *    one of these.
 *
 * Entries are that large, so mappings share them: a new mapping that lies within
 * an existing one takes its entries. The barrier is in the address and not in the
 * entry, so mappings with and without it can share. A request shares a mapping only
 * if tioce_may() allows it that kind, or the barrier could be lost.
 *
 * The D32 window cannot be closed, because its register has no valid bit. After the
 * last unmap it leads to the same memory until another mapping sets the register.
 *
 * Register and bit numbers are from the Linux 2.6 header tioce.h and from
 * tioce_provider.c of arch/ia64. So are these facts: entry n of the second table is
 * page n of M32, so M32 begins at page 64, behind the entries for M40S in that
 * table; the D32 register holds the address unshifted, and is read back after a
 * write. Revision A locks up unless certain reads surround each register access;
 * struct sn_regs_ops is the place for them.
 *
 * Inferred, and to be checked on a chip:
 *  - Entry 32 of the second table, the first of port 1, is the first page of M40S, as
 *    entry 0 is for port 0. The range has room for 32 pages and each port has 32
 *    entries, but Linux 2.6 made an address of 41 bits of it.
 *  - A read of TIOCE_PAGE_MAP completes earlier writes to the tables, as any read
 *    completes posted writes. Linux 2.6 did not read.
 *  - An address goes downstream if it is in a window with bit 30 as it is or
 *    inverted, so neither form may be in a window.
 *  - The upstream barrier flush register, 0x80, stays as firmware has set it. It may
 *    select which pipes of the port a barrier drains.
 */
#include <linux/list.h>
#include "sn.h"

#define TIOCE_PAGE_MAP		0xb070
#define  TIOCE_PAGE_MAP_3240	BIT_ULL(0)
#define  TIOCE_PAGE_MAP_40	BIT_ULL(1)
#define  TIOCE_PAGE_MAP_SIZE	GENMASK_ULL(6, 4)
#define  TIOCE_PAGE_MAP_256K	(4ULL << 4)
#define TIOCE_DIRECT_MAP(port)	(0xb078 + 8 * (port))
#define TIOCE_ENTRY_40(n)	(0x30000 + 8 * (n))
#define TIOCE_NR_40		4096
#define TIOCE_ENTRY_3240(n)	(0x38000 + 8 * (n))
#define TIOCE_NR_3240		2048
#define TIOCE_NR_SUPER		32	/* for each port, before those of M32 */
#define TIOCE_ENTRY_VALID	BIT_ULL(63)

#define TIOCE_D64		BIT_ULL(63)
#define TIOCE_D64_BARRIER	BIT_ULL(62)
#define TIOCE_D32_BASE		0x80000000ULL
#define TIOCE_D32_SIZE		0x40000000ULL
#define TIOCE_BARRIER32		BIT_ULL(30)	/* of D32 and M32 */
#define TIOCE_M32_SHIFT		18
#define TIOCE_M32_BASE(n)	((u64)(n) << TIOCE_M32_SHIFT)
#define TIOCE_M40_BASE		0x4000000000ULL
#define TIOCE_M40_SHIFT		26
#define TIOCE_M40S_BASE		0x8000000000ULL
#define TIOCE_M40S_SHIFT	34

enum tioce_mode { TIOCE_M40, TIOCE_M40S, TIOCE_D32, TIOCE_M32, TIOCE_NR_MODES };

/* Entries, or a D32 window, that one or more mappings use. */
struct tioce_map {
	struct list_head	list;
	enum tioce_mode		mode;
	unsigned int		port;
	unsigned int		refs;	/* number of mappings */
	unsigned int		entry, nr;
	u64			addr;	/* of the interconnect */
	u64			bus;
	u64			size;
};

struct sn_tioce {
	spinlock_t		lock;	/* protects @maps and its members */
	struct list_head	maps;
	struct sn_table		m32, m40, m40s[SN_TIOCE_PORTS];
};

static void tioce_exit(struct sn_bridge *bridge)
{
	struct sn_tioce *ce = bridge->tioce;
	struct tioce_map *map, *next;
	int i;

	sn_write(bridge, TIOCE_PAGE_MAP, 0);
	sn_read(bridge, TIOCE_PAGE_MAP);
	list_for_each_entry_safe(map, next, &ce->maps, list)
		sn_zfree(map);
	sn_table_exit(&ce->m32);
	sn_table_exit(&ce->m40);
	for (i = 0; i < SN_TIOCE_PORTS; i++)
		sn_table_exit(&ce->m40s[i]);
	sn_zfree(ce);
}

static int tioce_init(struct sn_bridge *bridge)
{
	unsigned int first = SN_TIOCE_PORTS * TIOCE_NR_SUPER;
	unsigned int most = TIOCE_NR_3240 - first;
	unsigned int nr = bridge->params.nr_entries ?: most;
	struct sn_tioce *ce;
	int ret, i;
	u64 value;

	if (nr > most)
		return -EINVAL;
	for (i = 0; i < SN_TIOCE_WINDOWS; i++)
		if (bridge->params.down[i].start > bridge->params.down[i].end)
			return -EINVAL;
	ce = sn_zalloc(sizeof(*ce), GFP_KERNEL);
	if (!ce)
		return -ENOMEM;
	bridge->tioce = ce;
	spin_lock_init(&ce->lock);
	INIT_LIST_HEAD(&ce->maps);
	ret = sn_table_init(&ce->m32, first, nr, TIOCE_M32_SHIFT,
			    TIOCE_M32_BASE(first));
	if (!ret)
		ret = sn_table_init(&ce->m40, 0, TIOCE_NR_40, TIOCE_M40_SHIFT,
				    TIOCE_M40_BASE);
	for (i = 0; !ret && i < SN_TIOCE_PORTS; i++)
		ret = sn_table_init(&ce->m40s[i], i * TIOCE_NR_SUPER,
				    TIOCE_NR_SUPER, TIOCE_M40S_SHIFT,
				    TIOCE_M40S_BASE);
	if (ret) {
		tioce_exit(bridge);
		return ret;
	}

	for (i = 0; i < SN_TIOCE_WINDOWS; i++) {
		u64 start = bridge->params.down[i].start;
		u64 end = bridge->params.down[i].end;

		if (!end)
			continue;
		sn_table_reserve(&ce->m32, start, end);
		/* The same pages, addressed with the barrier. */
		if (end >= TIOCE_BARRIER32)
			sn_table_reserve(&ce->m32, max(start, TIOCE_BARRIER32) -
					 TIOCE_BARRIER32, end - TIOCE_BARRIER32);
	}
	for (i = 0; i < TIOCE_NR_40; i++)
		sn_write(bridge, TIOCE_ENTRY_40(i), 0);
	for (i = 0; i < TIOCE_NR_3240; i++)
		sn_write(bridge, TIOCE_ENTRY_3240(i), 0);
	value = sn_read(bridge, TIOCE_PAGE_MAP) & ~TIOCE_PAGE_MAP_SIZE;
	sn_write(bridge, TIOCE_PAGE_MAP, value | TIOCE_PAGE_MAP_256K |
		 TIOCE_PAGE_MAP_3240 | TIOCE_PAGE_MAP_40);
	sn_read(bridge, TIOCE_PAGE_MAP);
	return 0;
}

static int tioce_attach(struct sn_device *sdev)
{
	return sdev->slot.port < SN_TIOCE_PORTS ? 0 : -EINVAL;
}

static u64 tioce_min_mask(struct sn_bridge *bridge)
{
	return DMA_BIT_MASK(31);
}

static size_t tioce_max_size(struct sn_bridge *bridge, u64 mask)
{
	if (mask == U64_MAX)
		return SIZE_MAX;
	return sn_table_max_size(&bridge->tioce->m32);
}

static struct sn_table *tioce_table(struct sn_tioce *ce, enum tioce_mode mode,
				    unsigned int port)
{
	switch (mode) {
	case TIOCE_M40:
		return &ce->m40;
	case TIOCE_M40S:
		return &ce->m40s[port];
	case TIOCE_M32:
		return &ce->m32;
	default:
		return NULL;
	}
}

static bool tioce_in_window(struct sn_bridge *bridge, u64 bus, u64 size)
{
	int i;

	for (i = 0; i < SN_TIOCE_WINDOWS; i++) {
		u64 start = bridge->params.down[i].start;
		u64 end = bridge->params.down[i].end;

		if (end && bus <= end && bus + size > start)
			return true;
	}
	return false;
}

/* Would a D32 address, with the barrier or without, go downstream? */
static bool tioce_goes_downstream(struct sn_bridge *bridge, u64 bus, u64 size)
{
	return tioce_in_window(bridge, bus, size) ||
	       tioce_in_window(bridge, bus | TIOCE_BARRIER32, size);
}

/* Could the request be mapped in this mode if nothing had run out? */
static bool tioce_may(struct sn_device *sdev, const struct sn_request *req,
		      enum tioce_mode mode)
{
	struct sn_table *table = tioce_table(sdev->bridge->tioce, mode,
					     sdev->slot.port);
	u64 low = req->addr & (TIOCE_D32_SIZE - 1);

	if (table && !sn_table_fits(table, req->addr, req->size))
		return false;
	switch (mode) {
	case TIOCE_M40:
	case TIOCE_M40S:
		return !req->barrier && req->mask >= DMA_BIT_MASK(40);
	case TIOCE_D32:
		return req->mask >= DMA_BIT_MASK(32) &&
		       req->size <= TIOCE_D32_SIZE - low &&
		       !tioce_goes_downstream(sdev->bridge,
					      TIOCE_D32_BASE + low, req->size);
	default:
		return req->mask >= DMA_BIT_MASK(31);
	}
}

static bool tioce_can_map(struct sn_device *sdev, const struct sn_request *req)
{
	enum tioce_mode mode;

	if (req->mask == U64_MAX)
		return true;
	for (mode = 0; mode < TIOCE_NR_MODES; mode++)
		if (tioce_may(sdev, req, mode))
			return true;
	return false;
}

static void tioce_entry(struct sn_bridge *bridge, enum tioce_mode mode,
			unsigned int entry, u64 value)
{
	sn_write(bridge, mode == TIOCE_M40 ? TIOCE_ENTRY_40(entry) :
		 TIOCE_ENTRY_3240(entry), value);
}

static struct tioce_map *tioce_shared(struct sn_device *sdev,
				      const struct sn_request *req)
{
	struct tioce_map *map;

	list_for_each_entry(map, &sdev->bridge->tioce->maps, list)
		if (map->port == sdev->slot.port && req->addr >= map->addr &&
		    req->addr - map->addr < map->size &&
		    req->size <= map->size - (req->addr - map->addr) &&
		    tioce_may(sdev, req, map->mode))
			return map;
	return NULL;
}

/* A port has one window, so only one record of it, which covers the whole GiB. */
static bool tioce_get_d32(struct sn_device *sdev, const struct sn_request *req,
			  struct tioce_map *map)
{
	struct tioce_map *other;

	list_for_each_entry(other, &sdev->bridge->tioce->maps, list)
		if (other->mode == TIOCE_D32 && other->port == map->port)
			return false;
	map->addr = req->addr & -TIOCE_D32_SIZE;
	map->bus = TIOCE_D32_BASE;
	map->size = TIOCE_D32_SIZE;
	sn_write(sdev->bridge, TIOCE_DIRECT_MAP(map->port), map->addr);
	sn_read(sdev->bridge, TIOCE_DIRECT_MAP(map->port));
	return true;
}

static bool tioce_get(struct sn_device *sdev, const struct sn_request *req,
		      struct tioce_map *map)
{
	struct sn_table *table = tioce_table(sdev->bridge->tioce, map->mode,
					     map->port);
	unsigned int i;

	if (!table)
		return tioce_get_d32(sdev, req, map);
	map->nr = sn_table_get(table, req->addr, req->size, &map->entry);
	if (!map->nr)
		return false;
	map->addr = req->addr & -BIT_ULL(table->shift);
	map->bus = sn_table_bus(table, map->entry, 0);
	map->size = (u64)map->nr << table->shift;
	for (i = 0; i < map->nr; i++)
		tioce_entry(sdev->bridge, map->mode, map->entry + i,
			    (map->addr + ((u64)i << table->shift)) |
			    TIOCE_ENTRY_VALID);
	sn_read(sdev->bridge, TIOCE_PAGE_MAP);	/* completes the writes */
	return true;
}

static void tioce_put(struct sn_bridge *bridge, struct tioce_map *map)
{
	struct sn_table *table = tioce_table(bridge->tioce, map->mode,
					     map->port);
	unsigned int i;

	for (i = 0; table && i < map->nr; i++)
		tioce_entry(bridge, map->mode, map->entry + i, 0);
	sn_read(bridge, TIOCE_PAGE_MAP);	/* completes the writes */
	if (table)
		sn_table_put(table, map->entry, map->nr);
	list_del(&map->list);
	sn_zfree(map);
}

static struct tioce_map *tioce_make(struct sn_device *sdev,
				    const struct sn_request *req)
{
	static const enum tioce_mode small[] = { TIOCE_M40, TIOCE_M40S,
						 TIOCE_D32, TIOCE_M32 };
	static const enum tioce_mode large[] = { TIOCE_M40S, TIOCE_M40,
						 TIOCE_D32, TIOCE_M32 };
	const enum tioce_mode *order = small;
	struct tioce_map *map;
	int i;

	map = sn_zalloc(sizeof(*map), GFP_ATOMIC | __GFP_NOWARN);
	if (!map)
		return NULL;
	if (req->size > BIT_ULL(TIOCE_M40_SHIFT))
		order = large;
	map->port = sdev->slot.port;
	for (i = 0; i < TIOCE_NR_MODES; i++) {
		map->mode = order[i];
		if (tioce_may(sdev, req, map->mode) &&
		    tioce_get(sdev, req, map)) {
			list_add(&map->list, &sdev->bridge->tioce->maps);
			return map;
		}
	}
	sn_zfree(map);
	return NULL;
}

static int tioce_map(struct sn_device *sdev, const struct sn_request *req,
		     dma_addr_t *bus)
{
	spinlock_t *lock = &sdev->bridge->tioce->lock;
	struct tioce_map *map;
	unsigned long flags;

	if (req->mask == U64_MAX) {
		*bus = TIOCE_D64 | req->addr;
		if (req->barrier)
			*bus |= TIOCE_D64_BARRIER;
		return 0;
	}

	spin_lock_irqsave(lock, flags);
	map = tioce_shared(sdev, req) ?: tioce_make(sdev, req);
	if (map) {
		map->refs++;
		*bus = map->bus + (req->addr - map->addr);
		if (req->barrier)
			*bus |= TIOCE_BARRIER32;
	}
	spin_unlock_irqrestore(lock, flags);
	if (map)
		return 0;
	return tioce_can_map(sdev, req) ? -ENOMEM : -EIO;
}

static void tioce_unmap(struct sn_device *sdev, dma_addr_t bus, size_t size)
{
	struct sn_tioce *ce = sdev->bridge->tioce;
	struct tioce_map *map;
	unsigned long flags;
	bool found = false;

	if (bus & TIOCE_D64)
		return;
	if (bus <= DMA_BIT_MASK(32))
		bus &= ~TIOCE_BARRIER32;
	spin_lock_irqsave(&ce->lock, flags);
	list_for_each_entry(map, &ce->maps, list) {
		if (map->port != sdev->slot.port || bus < map->bus ||
		    bus - map->bus >= map->size)
			continue;
		found = true;
		if (!--map->refs)
			tioce_put(sdev->bridge, map);
		break;
	}
	spin_unlock_irqrestore(&ce->lock, flags);
	dev_WARN_ONCE(sdev->dev, !found, "unmap of %pad, which is not mapped\n",
		      &bus);
}

const struct sn_chip_ops sn_tioce_ops = {
	.has_barrier	= true,
	.to_bridge	= sn_phys_to_coretalk,
	.init		= tioce_init,
	.exit		= tioce_exit,
	.attach		= tioce_attach,
	.min_mask	= tioce_min_mask,
	.max_size	= tioce_max_size,
	.can_map	= tioce_can_map,
	.map		= tioce_map,
	.unmap		= tioce_unmap,
};
