// SPDX-License-Identifier: GPL-2.0
/*
 * Model of a cache that devices do not snoop.
 *
 * Each page that a non-coherent device may access has two copies.  The page
 * itself is what the CPU sees: its cache.  The shadow is what devices see: RAM.
 * Each byte is in one of four states, which syncs, unmaps and device writes
 * change:
 *
 * CPU		The CPU owns the byte.  It is dirty if the two copies differ.
 * DEVICE	The device owns the byte and has not written it.
 * HIDDEN	The device owns the byte and has written it.  The CPU sees a value
 *		that it fetched before.
 * STALE	The CPU owned the byte and had not changed it when the device wrote
 *		it.  The DMA API allows that: a buffer that the CPU only reads need
 *		not be synced for the device again.
 *
 * A real cache writes dirty lines back and fetches lines when it likes.  This one
 * always does so at the moment that does most harm, among those that a real cache
 * could choose:
 *
 *  - A HIDDEN byte never reads as the value in RAM, not even by chance.
 *  - A CPU write to a byte that the device owns is lost.
 *  - A CPU write to a byte that the CPU owns stays in the cache until a sync for
 *    the device.  That sync drops it if the direction is DMA_FROM_DEVICE.
 *  - A device write to a byte that is dirty in the cache is lost, because the
 *    dirty line is written back later.
 *
 * So a driver whose sync is missing, too early or too late fails every time.
 *
 * A cache line is one byte: two buffers never share a line.  A driver that shares
 * a line of the real machine between a buffer and other data (see
 * dma_get_cache_alignment()) is not found out.
 *
 * There is one RAM: shadows belong to pages, and all devices share them.
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
	s = kzalloc_obj(*s, GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->pfn = PHYS_PFN(phys);
	/*
	 * All of the page is dirty until it is written back.  The rest of the page
	 * may be free memory, which sanitizers must not complain about.
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

/* Bytes @from to @to - 1 of a page: the CPU's copy is @page, the other @s->data. */
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

/* Make sure that the CPU's copy of byte @i differs from RAM. */
static void hide(struct part *p, size_t i)
{
	p->s->state[i] = HIDDEN;
	if (p->page[i] == p->s->data[i])
		p->page[i] = ~p->s->data[i];
}

/* Take a reference to the shadow of each byte; -ENOMEM, or 0. */
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
		/* A byte that was not synced keeps the value that the CPU saw last. */
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

/* Bytes that the device does not write must survive, so all is written back. */
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

/* Fetch up to 64 bytes that the device owns again, somewhere in the buffer. */
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
