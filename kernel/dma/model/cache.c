// SPDX-License-Identifier: GPL-2.0
/*
 * Model of a cache that devices do not snoop.
 *
 * Of every page that a non-coherent device may access there are two copies: the
 * page is what the CPU sees, in its cache; the shadow is what devices see, RAM.
 * Each byte is in one of four states, and a sync or unmap is what moves it:
 *
 * CPU		The CPU owns it.  It may have changed it, that is what the two
 *		copies are compared for.
 * DEVICE	Handed over for the device to write.
 * HIDDEN	And written.  What the CPU sees was fetched before.
 * STALE	The CPU had only read it, and the device has written to it since,
 *		without having been given it back, which the DMA API allows.
 *
 * A cache writes dirty lines back, and fetches others, when it likes.  This one
 * does so at the worst moment, which is more often than a random one but never
 * one that a cache may not choose:
 *
 *  - What the CPU reads of a HIDDEN byte is never what is in RAM, not even by
 *    chance.
 *  - What the CPU writes to a byte that it does not own is lost.
 *  - What the CPU writes to a byte that it owns stays in the cache until a sync
 *    for the device, which drops it if the buffer is for the device to write.
 *  - What the device writes to a byte that is dirty in the cache is lost: the
 *    line is written back later.
 *
 * Hence a sync that is missing, or comes too early or too late, shows always.
 * A line is one byte, so that buffers may share lines: dma_get_cache_alignment()
 * is about the machine, on which the model cannot improve.
 *
 * There is one RAM: shadows belong to pages, and devices share them.
 */
#include <linux/hashtable.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include "model.h"

enum { CPU, DEVICE, HIDDEN, STALE };	/* CPU is 0: what a new shadow holds */

struct shadow {
	struct hlist_node node;
	unsigned long pfn;
	unsigned int users;		/* mappings in this page */
	u8 data[PAGE_SIZE] __aligned(sizeof(long));
	u8 state[PAGE_SIZE];
	u8 byte_users[PAGE_SIZE];	/* mappings of each byte */
};

static DEFINE_HASHTABLE(shadows, 8);
static DEFINE_SPINLOCK(shadow_lock);	/* all shadows, IRQs off */

static struct shadow *find(phys_addr_t phys)
{
	struct shadow *s;

	lockdep_assert_held(&shadow_lock);
	hash_for_each_possible(shadows, s, node, PHYS_PFN(phys))
		if (s->pfn == PHYS_PFN(phys))
			return s;
	return NULL;
}

static struct shadow *get(phys_addr_t phys)
{
	struct shadow *s = find(phys);
	unsigned long *page, *data;
	size_t i;

	if (s)
		return s;
	s = kzalloc(sizeof(*s), GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->pfn = PHYS_PFN(phys);
	/*
	 * Until something is written back, all of the page is dirty.  What else is
	 * in it may have been freed, or never been allocated.
	 */
	page = kmap_local_page(pfn_to_page(s->pfn));
	data = (unsigned long *)s->data;
	for (i = 0; i < PAGE_SIZE / sizeof(long); i++)
		data[i] = ~READ_ONCE_NOCHECK(page[i]);
	kunmap_local(page);
	hash_add(shadows, &s->node, s->pfn);
	return s;
}

static void put(struct shadow *s)
{
	if (s->users)
		return;
	hash_del(&s->node);
	kfree(s);
}

/* A part of a page: @s->data[@from] to [@to - 1], and @page as the CPU sees it. */
struct part {
	struct shadow *s;
	u8 *page;
	size_t from, to;
};

static size_t part_begin(struct part *p, phys_addr_t phys, size_t size)
{
	p->s = find(phys);
	p->page = kmap_local_page(pfn_to_page(PHYS_PFN(phys)));
	p->from = offset_in_page(phys);
	p->to = min_t(size_t, p->from + size, PAGE_SIZE);
	return p->to - p->from;
}

static void part_end(struct part *p)
{
	kunmap_local(p->page);
}

/* Whatever was fetched, it was not what is in RAM now. */
static void hide(struct part *p, size_t i)
{
	p->s->state[i] = HIDDEN;
	if (p->page[i] == p->s->data[i])
		p->page[i] = ~p->s->data[i];
}

int model_cache_get(phys_addr_t phys, size_t size)
{
	phys_addr_t pos = phys;
	size_t left = size;
	unsigned long flags;

	spin_lock_irqsave(&shadow_lock, flags);
	while (left) {
		size_t n = min_t(size_t, left, PAGE_SIZE - offset_in_page(pos));
		size_t from = offset_in_page(pos), i;
		struct shadow *s = get(pos);

		if (!s)
			break;
		if (memchr(s->byte_users + from, U8_MAX, n)) {
			put(s);
			break;
		}
		s->users++;
		for (i = from; i < from + n; i++)
			s->byte_users[i]++;
		pos += n;
		left -= n;
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
	if (!left)
		return 0;
	model_cache_put(phys, size - left);
	return -ENOMEM;
}

void model_cache_put(phys_addr_t phys, size_t size)
{
	unsigned long flags;
	struct part p;
	size_t n, i;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; size; phys += n, size -= n) {
		n = part_begin(&p, phys, size);
		/* A byte that was never synced is what the CPU last saw. */
		for (i = p.from; i < p.to; i++)
			if (!--p.s->byte_users[i])
				p.s->state[i] = CPU;
		part_end(&p);
		p.s->users--;
		put(p.s);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}

static void hand_over(struct part *p, size_t i, enum dma_data_direction dir,
		      bool write_back)
{
	u8 *state = &p->s->state[i];

	if (*state == CPU && write_back)
		p->s->data[i] = p->page[i];
	if (dir == DMA_TO_DEVICE || *state == DEVICE || *state == HIDDEN)
		return;
	if (*state == STALE) {
		hide(p, i);
		return;
	}
	p->page[i] = p->s->data[i];
	*state = DEVICE;
}

static void for_device(phys_addr_t phys, size_t size,
		       enum dma_data_direction dir, bool write_back)
{
	unsigned long flags;
	struct part p;
	size_t n, i;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; size; phys += n, size -= n) {
		n = part_begin(&p, phys, size);
		for (i = p.from; i < p.to; i++)
			hand_over(&p, i, dir, write_back);
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}

/* What the device does not write must survive, so all is written back. */
void model_cache_map(phys_addr_t phys, size_t size,
		     enum dma_data_direction dir)
{
	for_device(phys, size, dir, true);
}

void model_cache_for_device(phys_addr_t phys, size_t size,
			    enum dma_data_direction dir)
{
	for_device(phys, size, dir, dir != DMA_FROM_DEVICE);
}

void model_cache_for_cpu(phys_addr_t phys, size_t size,
			 enum dma_data_direction dir)
{
	unsigned long flags;
	struct part p;
	size_t n;

	if (dir == DMA_TO_DEVICE)
		return;
	spin_lock_irqsave(&shadow_lock, flags);
	for (; size; phys += n, size -= n) {
		n = part_begin(&p, phys, size);
		memcpy(p.page + p.from, p.s->data + p.from, n);
		memset(p.s->state + p.from, CPU, n);
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}

/* Somewhere in the buffer, what the CPU does not own is fetched once more. */
void model_cache_disturb(phys_addr_t phys, size_t size, struct rnd_state *rnd)
{
	size_t at = prandom_u32_state(rnd) % size;
	u8 noise = prandom_u32_state(rnd) % 255 + 1;
	unsigned long flags;
	struct part p;
	size_t i;

	spin_lock_irqsave(&shadow_lock, flags);
	part_begin(&p, phys + at, min(size - at, (size_t)64));
	for (i = p.from; i < p.to; i++)
		if (p.s->state[i] == DEVICE)
			p.page[i] = p.s->data[i];
		else if (p.s->state[i] == HIDDEN)
			p.page[i] = p.s->data[i] ^ noise;
	part_end(&p);
	spin_unlock_irqrestore(&shadow_lock, flags);
}

void model_cache_read(phys_addr_t phys, void *buf, size_t len)
{
	unsigned long flags;
	struct part p;
	size_t n;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; len; phys += n, buf += n, len -= n) {
		n = part_begin(&p, phys, len);
		memcpy(buf, p.s->data + p.from, n);
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}

static void write_byte(struct part *p, size_t i, u8 val)
{
	u8 *state = &p->s->state[i];

	if (*state == CPU && p->page[i] != p->s->data[i])
		return;
	p->s->data[i] = val;
	if (*state == CPU)
		*state = STALE;
	else if (*state != STALE)
		hide(p, i);
}

void model_cache_write(phys_addr_t phys, const void *buf, size_t len)
{
	const u8 *from = buf;
	unsigned long flags;
	struct part p;
	size_t n, i;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; len; phys += n, len -= n) {
		n = part_begin(&p, phys, len);
		for (i = p.from; i < p.to; i++)
			write_byte(&p, i, *from++);
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}
