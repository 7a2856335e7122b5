/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of this directory share.
 */
#ifndef _SN_H
#define _SN_H

#include <linux/dma-map-ops.h>
#include <linux/spinlock.h>
#include "addr.h"
#include "bridge.h"

/* Translation entries in use: ate.c.  @lock owns @used, the rest is constant. */
struct sn_table {
	spinlock_t	lock;		/* see above */
	unsigned long	*used;
	unsigned int	first;
	unsigned int	count;
	unsigned int	shift;
	u64		base;
};

/* How many entries does a range touch? */
static inline u64 sn_table_span(const struct sn_table *table, u64 addr,
				size_t size)
{
	return ((addr + size - 1) >> table->shift) - (addr >> table->shift) + 1;
}

/* The bus address of @addr when @entry is the first of its entries. */
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

/* Memory, all of it: bridge.c.  A test counts it, and makes it fail. */
void *sn_zalloc(size_t size, gfp_t gfp);
void sn_zfree(void *mem);
struct page *sn_alloc_pages(int node, gfp_t gfp, unsigned int order);
void sn_free_pages(struct page *page, unsigned int order);

struct sn_device;

/* A mapping to be made. */
struct sn_request {
	u64	addr;		/* of the interconnect */
	size_t	size;
	u64	mask;		/* bus addresses that the device can drive */
	bool	barrier;	/* its writes push earlier ones */
};

/*
 * What a chip does in its own way.  ->path() is called in any context, and so
 * are ->map(), ->unmap() and ->flush().  ->map() returns -ENOMEM if something has
 * run out, so that it may succeed later, and -EIO for what cannot be mapped.
 * Without ->flush() there is no way to flush.
 */
struct sn_chip_ops {
	enum dma_ordering	ordering;
	u32			last_peer;	/* bus address of a device */
	u64			(*to_bridge)(const struct sn_hub *hub, u64 phys);
	int			(*init)(struct sn_bridge *bridge);
	void			(*exit)(struct sn_bridge *bridge);
	int			(*attach)(struct sn_device *sdev);
	u64			(*min_mask)(struct sn_bridge *bridge);
	size_t			(*max_size)(struct sn_bridge *bridge, u64 mask);
	unsigned int		(*path)(struct sn_device *sdev,
					const struct sn_request *req);
	int			(*map)(struct sn_device *sdev,
				       const struct sn_request *req,
				       dma_addr_t *bus);
	void			(*unmap)(struct sn_device *sdev,
					 dma_addr_t bus, size_t size);
	int			(*flush)(struct sn_device *sdev);
};

extern const struct sn_chip_ops sn_pic_ops;
extern const struct sn_chip_ops sn_tiocp_ops;
extern const struct sn_chip_ops sn_tioca_ops;
extern const struct sn_chip_ops sn_tioce_ops;

struct sn_tioce;

struct sn_bridge {
	struct sn_bridge_params		params;
	const struct sn_chip_ops	*chip;
	spinlock_t			flush_lock;	/* a flush under way */
	struct sn_table			table;		/* not of TIOCE */
	union {
		__le64			*gart;		/* TIOCA */
		struct sn_tioce		*tioce;
	};
};

/* A device and the operations that it alone has, so that they lead to it. */
struct sn_device {
	const struct dma_map_ops	ops;
	struct device		*dev;
	struct sn_bridge	*bridge;
	struct sn_slot		slot;
	bool			swap;	/* PIC, TIOCP: bytes, by its register */
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
