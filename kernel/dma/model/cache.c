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
 * A line is one byte, or more if the model's parameters say so.  The rest of the
 * first and the last line of a buffer are its edges.  The CPU may write to them,
 * because they belong to something else.  A line is dirty if a byte that the CPU
 * owns is dirty, and is written back as a whole.  So a CPU write to an edge has
 * the effect that it has on arm64:
 *
 *  - A device write to the line is lost.
 *  - A sync for the CPU, and a sync for the device of a neighbour in that line,
 *    write the line back over what the device has written there.
 *
 * Nothing is ever written to an edge.  The CPU's own data are safe, as they are on
 * arm64, which cleans the lines at the two ends of what it invalidates.
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
	u8 edges[PAGE_SIZE];		/* mappings that have it in an edge */
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

/* Memory beside a buffer may be free, which sanitizers must not complain about. */
static u8 cpu_byte(const u8 *page, size_t i)
{
	const unsigned long *words = (const unsigned long *)page;
	union {
		unsigned long word;
		u8 byte[sizeof(long)];
	} u = { READ_ONCE_NOCHECK(words[i / sizeof(long)]) };

	return u.byte[i % sizeof(long)];
}

static struct shadow *get(phys_addr_t phys)
{
	struct shadow *s = find(phys);
	u8 *page;
	size_t i;

	if (s)
		return s;
	s = kzalloc_obj(*s, GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->pfn = PHYS_PFN(phys);
	/* All of the page is dirty until it is written back. */
	page = kmap_local_page(pfn_to_page(s->pfn));
	for (i = 0; i < PAGE_SIZE; i++)
		s->data[i] = ~cpu_byte(page, i);
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

static bool known(struct shadow *s, size_t i)
{
	return s->byte_users[i] || s->edges[i];
}

/* Is a byte of [@from, @to) dirty? */
static bool dirty(struct part *p, size_t from, size_t to)
{
	struct shadow *s = p->s;
	size_t i;

	for (i = from; i < to; i++)
		if (known(s, i) && s->state[i] == CPU &&
		    cpu_byte(p->page, i) != s->data[i])
			return true;
	return false;
}

/* Is a byte of the line at @start dirty that is outside of the part? */
static bool edge_dirty(struct part *p, size_t start, size_t line)
{
	return dirty(p, start, max(start, p->from)) ||
	       dirty(p, min(start + line, p->to), start + line);
}

/* What the device has written to the line, and the CPU has not seen, is lost. */
static void write_back(struct part *p, size_t start, size_t line)
{
	struct shadow *s = p->s;
	size_t i;

	for (i = start; i < start + line; i++)
		if (known(s, i))
			s->data[i] = cpu_byte(p->page, i);
}

/* Count a mapping of the part at its edges: @by is 1 or -1. */
static void count_edges(struct part *p, size_t line, int by)
{
	size_t end = round_up(p->to, line), i;
	struct shadow *s = p->s;

	for (i = round_down(p->from, line); i < end; i++) {
		if (i == p->from)
			i = p->to;
		if (i < end)
			s->edges[i] += by;
	}
}

/* Another mapping would not fit in a counter. */
static bool full(struct part *p, size_t line)
{
	size_t start = round_down(p->from, line);
	size_t len = round_up(p->to, line) - start;

	return memchr(p->s->byte_users + start, U8_MAX, len) ||
	       memchr(p->s->edges + start, U8_MAX, len);
}

/* Take a reference to the shadow of each byte; -ENOMEM, or 0. */
int model_cache_get(phys_addr_t phys, size_t size, size_t line)
{
	phys_addr_t pos = phys;
	size_t left = size, n, i;
	unsigned long flags;
	struct part p;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; left && get(pos); pos += n, left -= n) {
		n = part_begin(&p, pos, left);
		if (full(&p, line)) {
			part_end(&p);
			put(p.s);
			break;
		}
		count_edges(&p, line, 1);
		for (i = p.from; i < p.to; i++)
			p.s->byte_users[i]++;
		p.s->users++;
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
	if (!left)
		return 0;
	model_cache_put(phys, size - left, line);
	return -ENOMEM;
}

void model_cache_put(phys_addr_t phys, size_t size, size_t line)
{
	unsigned long flags;
	struct part p;
	size_t n, i;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; size; phys += n, size -= n) {
		n = part_begin(&p, phys, size);
		/*
		 * A byte that was not synced keeps the value that the CPU saw last.
		 * In an edge it counts as clean.
		 */
		for (i = p.from; i < p.to; i++) {
			if (--p.s->byte_users[i])
				continue;
			if (p.s->edges[i] && p.s->state[i] != CPU)
				p.s->data[i] = p.page[i];
			p.s->state[i] = CPU;
		}
		count_edges(&p, line, -1);
		part_end(&p);
		p.s->users--;
		put(p.s);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}

static void hand_over(struct part *p, size_t i, enum dma_data_direction dir)
{
	u8 *state = &p->s->state[i];

	if (dir == DMA_TO_DEVICE || *state == DEVICE || *state == HIDDEN)
		return;
	if (*state == STALE) {
		hide(p, i);
		return;
	}
	p->page[i] = p->s->data[i];
	*state = DEVICE;
}

static void for_device(phys_addr_t phys, size_t size, size_t line,
		       enum dma_data_direction dir, bool keep)
{
	unsigned long flags;
	struct part p;
	size_t n, i;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; size; phys += n, size -= n) {
		n = part_begin(&p, phys, size);
		for (i = round_down(p.from, line); i < p.to; i += line)
			if (keep ? dirty(&p, i, i + line) :
				   edge_dirty(&p, i, line))
				write_back(&p, i, line);
		for (i = p.from; i < p.to; i++)
			hand_over(&p, i, dir);
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}

/* Bytes that the device does not write must survive, so all is written back. */
void model_cache_map(phys_addr_t phys, size_t size, size_t line,
		     enum dma_data_direction dir)
{
	for_device(phys, size, line, dir, true);
}

void model_cache_for_device(phys_addr_t phys, size_t size, size_t line,
			    enum dma_data_direction dir)
{
	for_device(phys, size, line, dir, dir != DMA_FROM_DEVICE);
}

void model_cache_for_cpu(phys_addr_t phys, size_t size, size_t line,
			 enum dma_data_direction dir)
{
	unsigned long flags;
	struct part p;
	size_t n, i;

	if (dir == DMA_TO_DEVICE)
		return;
	spin_lock_irqsave(&shadow_lock, flags);
	for (; size; phys += n, size -= n) {
		n = part_begin(&p, phys, size);
		for (i = round_down(p.from, line); i < p.to; i += line)
			if (edge_dirty(&p, i, line))
				write_back(&p, i, line);
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

	p->s->data[i] = val;
	if (*state == CPU)
		*state = STALE;
	else if (*state != STALE)
		hide(p, i);
}

/* What goes to a dirty line is lost. */
void model_cache_write(phys_addr_t phys, const void *buf, size_t len,
		       size_t line)
{
	size_t n, i, start, end;
	const u8 *from = buf;
	unsigned long flags;
	struct part p;

	spin_lock_irqsave(&shadow_lock, flags);
	for (; len; phys += n, from += n, len -= n) {
		n = part_begin(&p, phys, len);
		for (start = round_down(p.from, line); start < p.to;
		     start += line) {
			if (dirty(&p, start, start + line))
				continue;
			end = min(start + line, p.to);
			for (i = max(start, p.from); i < end; i++)
				write_byte(&p, i, from[i - p.from]);
		}
		part_end(&p);
	}
	spin_unlock_irqrestore(&shadow_lock, flags);
}
