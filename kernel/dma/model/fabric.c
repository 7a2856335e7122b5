// SPDX-License-Identifier: GPL-2.0
/*
 * Model of an interconnect that reorders posted writes.
 *
 * There are several paths to memory.  A write waits in the queue of its path
 * until it lands.  Writes on one path land in the order in which they were issued;
 * writes on different paths land in any order.  So a write that has landed says
 * nothing about earlier writes on other paths, unless it is a barrier: a barrier
 * lands when all writes issued before it have landed.  A later write may overtake
 * a barrier.
 *
 * A write lands at a random moment: when another write is issued, or when
 * model_fabric_step() lets time pass.  The same calls with the same seed give the
 * same order.
 *
 * All memory is allocated by model_fabric_create(), so no other function fails.
 */
#include <linux/slab.h>
#include "model.h"

#define PIECE	64	/* bytes that land at once */
#define DEPTH	16	/* pieces that can wait on a path */

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

struct model_fabric {
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

static struct lane *oldest(struct model_fabric *f)
{
	struct lane *p, *old = NULL;

	for (p = f->path; p < f->path + f->paths; p++)
		if (p->count && (!old || head(p)->seq < head(old)->seq))
			old = p;
	return old;
}

static void land_head(struct model_fabric *f, struct lane *p)
{
	struct piece *w = head(p);

	f->land(f->ctx, w->phys, w->data, w->len);
	p->head = (p->head + 1) % DEPTH;
	p->count--;
	f->in_flight--;
}

static void land(struct model_fabric *f, struct lane *p)
{
	struct lane *old;

	lockdep_assert_held(&f->lock);
	/* The oldest write can always land: it has nothing to wait for. */
	if (head(p)->barrier)
		while ((old = oldest(f)) != p)
			land_head(f, old);
	land_head(f, p);
}

static void land_any(struct model_fabric *f)
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

struct model_fabric *model_fabric_create(u64 seed, unsigned int paths,
					 model_land_t land, void *ctx)
{
	struct model_fabric *f;

	f = kvzalloc_flex(*f, path, paths);
	if (!f)
		return NULL;
	spin_lock_init(&f->lock);
	prandom_seed_state(&f->rnd, seed);
	f->paths = paths;
	f->land = land;
	f->ctx = ctx;
	return f;
}

void model_fabric_destroy(struct model_fabric *f)
{
	if (f)
		model_fabric_drain(f);
	kvfree(f);
}

/*
 * Post a write on @path modulo the number of paths.  The caller sends all writes
 * to one address the same way.  Each piece ends at a multiple of PIECE, and lands
 * on its own.
 */
void model_fabric_write(struct model_fabric *f, unsigned int path,
			phys_addr_t phys, const void *buf, size_t len,
			bool barrier)
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
		w->barrier = barrier;
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

/* Land all writes on @path, as a read does that takes this path. */
void model_fabric_drain_path(struct model_fabric *f, unsigned int path)
{
	struct lane *p = &f->path[path % f->paths];
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	while (p->count)
		land(f, p);
	spin_unlock_irqrestore(&f->lock, flags);
}

/* Land all writes. */
void model_fabric_drain(struct model_fabric *f)
{
	unsigned long flags;
	struct lane *p;

	spin_lock_irqsave(&f->lock, flags);
	while ((p = oldest(f)))
		land_head(f, p);
	spin_unlock_irqrestore(&f->lock, flags);
}

/* Let time pass: a write lands, if there is one, and all that it must follow. */
void model_fabric_step(struct model_fabric *f)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	land_any(f);
	spin_unlock_irqrestore(&f->lock, flags);
}

/* How many pieces have not landed? */
unsigned int model_fabric_in_flight(struct model_fabric *f)
{
	return READ_ONCE(f->in_flight);
}
