// SPDX-License-Identifier: GPL-2.0
/*
 * Model of an interconnect that reorders posted writes.
 *
 * There are several paths to memory.  A write waits in the queue of its path
 * until it lands; those of one path land in the order in which they were issued,
 * those of different paths in any order.  So a write that is seen says nothing
 * of earlier ones that took another path, unless it is a barrier: that one
 * lands when all writes issued before it have.  Later ones may still overtake
 * it.
 *
 * What lands when is random: after a write, or when dma_fabric_step() lets a
 * moment pass.  The same calls with the same seed give the same order.
 *
 * Nothing is allocated once the fabric is there, so nothing can fail.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include "model.h"

#define PIECE	64	/* bytes that land at once */
#define DEPTH	16	/* pieces that wait on a path */

struct piece {
	u64 seq;
	phys_addr_t phys;
	u8 len;
	bool barrier;
	u8 data[PIECE];
};

struct lane {
	unsigned int head, count;
	struct piece queue[DEPTH];
};

struct dma_fabric {
	spinlock_t lock;	/* protects all below */
	struct rnd_state rnd;
	u64 seq;
	model_land_t land;
	void *ctx;
	unsigned int in_flight;
	unsigned int paths;
	struct lane path[] __counted_by(paths);
};

static struct piece *head(struct lane *p)
{
	return &p->queue[p->head];
}

static struct lane *oldest(struct dma_fabric *f)
{
	struct lane *p, *old = NULL;

	for (p = f->path; p < f->path + f->paths; p++)
		if (p->count && (!old || head(p)->seq < head(old)->seq))
			old = p;
	return old;
}

static void land_head(struct dma_fabric *f, struct lane *p)
{
	struct piece *w = head(p);

	f->land(f->ctx, w->phys, w->data, w->len);
	p->head = (p->head + 1) % DEPTH;
	p->count--;
	f->in_flight--;
}

static void land(struct dma_fabric *f, struct lane *p)
{
	struct lane *old;

	lockdep_assert_held(&f->lock);
	/* To land the oldest first is always allowed, barrier or not. */
	if (head(p)->barrier)
		while ((old = oldest(f)) != p)
			land_head(f, old);
	land_head(f, p);
}

static void land_any(struct dma_fabric *f)
{
	unsigned int first = prandom_u32_state(&f->rnd), i;

	for (i = 0; i < f->paths; i++) {
		struct lane *p = &f->path[(first + i) % f->paths];

		if (p->count) {
			land(f, p);
			return;
		}
	}
}

static void land_in_ram(void *ctx, phys_addr_t phys, const void *buf,
			size_t len)
{
	model_ram_write(phys, buf, len);
}

struct dma_fabric *model_fabric_create(u64 seed, unsigned int paths,
				       model_land_t land, void *ctx)
{
	struct dma_fabric *f;

	if (!paths)
		return NULL;
	f = kvzalloc(struct_size(f, path, paths), GFP_KERNEL);
	if (!f)
		return NULL;
	spin_lock_init(&f->lock);
	prandom_seed_state(&f->rnd, seed);
	f->paths = paths;
	f->land = land;
	f->ctx = ctx;
	return f;
}

/**
 * dma_fabric_create - make an interconnect that reorders
 * @seed: of its random choices
 * @paths: how many ways there are through it
 *
 * Context: Process; may sleep.
 * Return: the fabric, or NULL if there is no memory or @paths is 0.
 */
struct dma_fabric *dma_fabric_create(u64 seed, unsigned int paths)
{
	return model_fabric_create(seed, paths, land_in_ram, NULL);
}
EXPORT_SYMBOL_GPL(dma_fabric_create);

/**
 * dma_fabric_destroy - drain and free an interconnect
 * @f: from dma_fabric_create(), not in use any more; or NULL
 *
 * Context: Process.
 */
void dma_fabric_destroy(struct dma_fabric *f)
{
	if (f)
		dma_fabric_drain(f);
	kvfree(f);
}
EXPORT_SYMBOL_GPL(dma_fabric_destroy);

/**
 * dma_fabric_write - post a write to memory
 * @f: the fabric
 * @path: which way it takes, modulo the number of paths.  The caller sends
 *	writes to one address the same way, unless their order does not matter.
 * @phys: physical address of RAM.  It has to stay until the write has landed.
 * @buf: what to write; copied
 * @len: bytes to write; lands in pieces that end at multiples of 64
 * @flags: %DMA_FABRIC_BARRIER if it is to land after all earlier writes
 *
 * Context: Any but NMI.
 */
void dma_fabric_write(struct dma_fabric *f, unsigned int path, phys_addr_t phys,
		      const void *buf, size_t len, unsigned int flags)
{
	struct lane *p = &f->path[path % f->paths];
	unsigned long irq;
	struct piece *w;

	spin_lock_irqsave(&f->lock, irq);
	while (len) {
		if (p->count == DEPTH)
			land(f, p);
		w = &p->queue[(p->head + p->count++) % DEPTH];
		w->seq = f->seq++;
		w->phys = phys;
		w->len = min(len, (size_t)(PIECE - phys % PIECE));
		w->barrier = flags & DMA_FABRIC_BARRIER;
		memcpy(w->data, buf, w->len);
		f->in_flight++;
		phys += w->len;
		buf += w->len;
		len -= w->len;
	}
	if (prandom_u32_state(&f->rnd) & 1)
		land_any(f);
	spin_unlock_irqrestore(&f->lock, irq);
}
EXPORT_SYMBOL_GPL(dma_fabric_write);

/**
 * dma_fabric_settle - wait for the writes of one path
 * @f: the fabric
 * @path: the path, as for dma_fabric_write()
 *
 * What a read does that takes this path.
 *
 * Context: Any but NMI.
 */
void dma_fabric_settle(struct dma_fabric *f, unsigned int path)
{
	struct lane *p = &f->path[path % f->paths];
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	while (p->count)
		land(f, p);
	spin_unlock_irqrestore(&f->lock, flags);
}
EXPORT_SYMBOL_GPL(dma_fabric_settle);

/**
 * dma_fabric_step - let a moment pass
 * @f: the fabric
 *
 * If writes are on their way, one of them lands, and what it has to wait for.
 *
 * Context: Any but NMI.
 */
void dma_fabric_step(struct dma_fabric *f)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	land_any(f);
	spin_unlock_irqrestore(&f->lock, flags);
}
EXPORT_SYMBOL_GPL(dma_fabric_step);

/**
 * dma_fabric_drain - wait for all writes
 * @f: the fabric
 *
 * Context: Any but NMI.
 */
void dma_fabric_drain(struct dma_fabric *f)
{
	unsigned long flags;
	struct lane *p;

	spin_lock_irqsave(&f->lock, flags);
	while ((p = oldest(f)))
		land_head(f, p);
	spin_unlock_irqrestore(&f->lock, flags);
}
EXPORT_SYMBOL_GPL(dma_fabric_drain);

/**
 * dma_fabric_in_flight - how many writes are on their way?
 * @f: the fabric
 *
 * Context: Any but NMI.
 * Return: the number of pieces of up to 64 bytes that have not landed.
 */
unsigned int dma_fabric_in_flight(struct dma_fabric *f)
{
	return READ_ONCE(f->in_flight);
}
EXPORT_SYMBOL_GPL(dma_fabric_in_flight);
