/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of drivers/sn/.
 */
#ifndef _SN_H
#define _SN_H

#include <linux/dma-map-ops.h>
#include <linux/spinlock.h>
#include "addr.h"
#include "bridge.h"

/* A table of translation entries, see ate.c. */
struct sn_table {
	spinlock_t	lock;		/* protects @used; the rest is constant */
	unsigned long	*used;		/* bitmap */
	unsigned int	first;		/* index of the first entry */
	unsigned int	count;
	unsigned int	longest;	/* most entries that a mapping can get */
	unsigned int	shift;		/* log2 of the bytes that an entry maps */
	u64		base;		/* bus address of the first entry */
};

/* Number of entries that the range @addr, @size takes. */
static inline u64 sn_table_span(const struct sn_table *table, u64 addr,
				size_t size)
{
	return ((addr + size - 1) >> table->shift) - (addr >> table->shift) + 1;
}

/* Could the range be mapped if all entries were free? */
static inline bool sn_table_fits(const struct sn_table *table, u64 addr,
				 size_t size)
{
	return sn_table_span(table, addr, size) <= table->longest;
}

/* Largest buffer that fits wherever in a page it begins. */
static inline size_t sn_table_max_size(const struct sn_table *table)
{
	return table->longest ?
		(size_t)(table->longest - 1) << table->shift : 0;
}

/* Bus address of @addr if @entry is the first entry of its mapping. */
static inline u64 sn_table_bus(const struct sn_table *table, unsigned int entry,
			       u64 addr)
{
	return table->base + ((u64)(entry - table->first) << table->shift) +
	       (addr & (BIT_ULL(table->shift) - 1));
}

static inline bool sn_table_has(const struct sn_table *table, u64 bus)
{
	return bus >= table->base &&
	       bus - table->base < (u64)table->count << table->shift;
}

static inline unsigned int sn_table_entry(const struct sn_table *table, u64 bus)
{
	return table->first + ((bus - table->base) >> table->shift);
}

int sn_table_init(struct sn_table *table, unsigned int first,
		  unsigned int count, unsigned int shift, u64 base);
void sn_table_exit(struct sn_table *table);
unsigned int sn_table_get(struct sn_table *table, u64 addr, size_t size,
			  unsigned int *entry);
void sn_table_put(struct sn_table *table, unsigned int entry, unsigned int nr);
void sn_table_reserve(struct sn_table *table, u64 start, u64 end);

/* All allocations of drivers/sn/. The KUnit suite counts them and lets them fail. */
void *sn_zalloc(size_t size, gfp_t gfp);
void sn_zfree(void *mem);
struct page *sn_alloc_pages(int node, gfp_t gfp, unsigned int order);
void sn_free_pages(struct page *page, unsigned int order);

struct sn_device;

/* A mapping to be made. */
struct sn_request {
	u64	addr;		/* of the interconnect */
	size_t	size;
	u64	mask;		/* highest bus address of the device */
	bool	barrier;	/* its writes push earlier ones to memory */
};

/**
 * struct sn_chip_ops - what differs from chip to chip
 * @has_barrier: a bus address can ask for the write barrier
 * @to_bridge: translate a physical address to one of the interconnect
 * @init: set up the chip; on failure all is as before
 * @exit: undo @init
 * @attach: check the slot of a new device and read its registers
 * @min_mask: smallest DMA mask for which there is a bus address
 * @max_size: size of the largest mapping for a DMA mask
 * @can_map: could the request be mapped if nothing had run out?
 * @map: make a mapping. Return 0, -ENOMEM if something has run out, which may
 *	be free later, or -EIO for a request that can never be mapped.
 * @unmap: undo @map
 *
 * @can_map, @map and @unmap are called in any context.
 */
struct sn_chip_ops {
	bool	has_barrier;
	u64	(*to_bridge)(const struct sn_hub *hub, u64 phys);
	int	(*init)(struct sn_bridge *bridge);
	void	(*exit)(struct sn_bridge *bridge);
	int	(*attach)(struct sn_device *sdev);
	u64	(*min_mask)(struct sn_bridge *bridge);
	size_t	(*max_size)(struct sn_bridge *bridge, u64 mask);
	bool	(*can_map)(struct sn_device *sdev,
			   const struct sn_request *req);
	int	(*map)(struct sn_device *sdev, const struct sn_request *req,
		       dma_addr_t *bus);
	void	(*unmap)(struct sn_device *sdev, dma_addr_t bus, size_t size);
};

extern const struct sn_chip_ops sn_pic_ops;
extern const struct sn_chip_ops sn_tiocp_ops;
extern const struct sn_chip_ops sn_tioca_ops;
extern const struct sn_chip_ops sn_tioce_ops;

struct sn_tioce;

struct sn_bridge {
	struct sn_bridge_params		params;
	const struct sn_chip_ops	*chip;
	struct sn_table			table;		/* not of TIOCE */
	union {
		struct {		/* TIOCA */
			__le64		*gart;
			spinlock_t	control_lock;	/* see tioca_settle() */
		};
		struct sn_tioce		*tioce;
	};
};

/* A device. It has operations of its own, from which to_sn() finds the rest. */
struct sn_device {
	const struct dma_map_ops	ops;
	struct device		*dev;
	struct sn_bridge	*bridge;
	struct sn_slot		slot;
	bool			swap;	/* PIC, TIOCP: its slot swaps bytes */
	u64			node_extension;	/* TIOCA: upper node bits */
};

static inline u64 sn_read(struct sn_bridge *bridge, unsigned int offset)
{
	return bridge->params.regs_ops->read(bridge->params.regs, offset);
}

static inline void sn_write(struct sn_bridge *bridge, unsigned int offset,
			    u64 value)
{
	bridge->params.regs_ops->write(bridge->params.regs, offset, value);
}

#endif /* _SN_H */
