// SPDX-License-Identifier: GPL-2.0
/*
 * Model of a weakly ordered CPU, as far as coherent memory shows it.
 *
 * Coherent memory is one memory, but CPU and device need not see the accesses of
 * the other in the order of the program.  A store of the CPU may wait while later
 * ones are seen.  A load may have been done early, and return what was there
 * before the device wrote it.  Barriers end that: dma_wmb() for stores, dma_rmb()
 * for loads.
 *
 * The barriers of a driver call the model; see <linux/dma-model-barrier.h>.  Its
 * loads and stores are plain ones, which nothing intercepts.  So
 * there are two copies beside the memory itself, which is what the CPU sees:
 *
 * ram		what the device reads and writes
 * seen		what the CPU has seen: memory as this model left it
 *
 * A byte of memory that differs from seen was stored by the CPU, and the store
 * waits.  A byte of ram that differs from seen was written by the device, and the
 * CPU has not seen that.
 *
 *  - When the device reads a word in which stores wait, they are done, or not.
 *  - When the device writes a word, the CPU sees the new value, or not.  A store
 *    that waits there is done later.
 *  - dma_wmb(), wmb() and mb() do all stores that wait.
 *  - dma_rmb(), rmb() and mb() show the CPU all that the device has written.
 *  - model_weak_step() does some of either.
 *
 * "Or not" is decided by a random number for each word.  So the order of the
 * stores to two words is random, unless there is a barrier between them, and that
 * of stores within a word is lost.
 *
 * Not modelled: a store of the value that is there already, and the first one of
 * two stores to a word without a barrier between them.  The device does not see
 * them.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include "model.h"

/* Bytes that are compared at once, a multiple of any word. */
#define CHUNK	256

struct weak {
	struct list_head list;
	phys_addr_t phys;
	u8 *mem;
	size_t size;
	size_t word;
	struct rnd_state rnd;
	u8 *ram, *seen;
	u8 copies[];
};

static LIST_HEAD(weaks);
static DEFINE_SPINLOCK(weak_lock);	/* all of them, IRQs off */

static struct weak *find(phys_addr_t phys)
{
	struct weak *w;

	lockdep_assert_held(&weak_lock);
	list_for_each_entry(w, &weaks, list)
		if (phys >= w->phys && phys - w->phys < w->size)
			return w;
	return NULL;
}

/* Let bytes @from to @to - 1 be seen in both directions, or in one. */
static void settle(struct weak *w, size_t from, size_t to, unsigned int what)
{
	size_t i;

	for (i = from; i < to; i++) {
		if (w->mem[i] == w->seen[i]) {
			if (what & MODEL_LOADS)
				w->mem[i] = w->ram[i];
		} else if (what & MODEL_STORES) {
			w->ram[i] = w->mem[i];
		} else {
			continue;
		}
		w->seen[i] = w->mem[i];
	}
}

/* Nothing waits in most of a page. */
static bool settled(const struct weak *w, size_t from, size_t to)
{
	return !memcmp(w->mem + from, w->seen + from, to - from) &&
	       !memcmp(w->ram + from, w->seen + from, to - from);
}

static bool coin(struct weak *w)
{
	return prandom_u32_state(&w->rnd) & 1;
}

/* The allocation of @size bytes at @phys is zero, and has a multiple of words. */
int model_weak_get(phys_addr_t phys, size_t size, size_t word, u64 seed)
{
	unsigned long flags;
	struct weak *w;

	w = kzalloc_flex(*w, copies, 2 * size, GFP_ATOMIC | __GFP_NOWARN);
	if (!w)
		return -ENOMEM;
	w->phys = phys;
	w->mem = phys_to_virt(phys);
	w->size = size;
	w->word = word;
	w->ram = w->copies;
	w->seen = w->copies + size;
	prandom_seed_state(&w->rnd, seed);
	spin_lock_irqsave(&weak_lock, flags);
	list_add(&w->list, &weaks);
	spin_unlock_irqrestore(&weak_lock, flags);
	return 0;
}

void model_weak_put(phys_addr_t phys)
{
	unsigned long flags;
	struct weak *w;

	spin_lock_irqsave(&weak_lock, flags);
	w = find(phys);
	list_del(&w->list);
	spin_unlock_irqrestore(&weak_lock, flags);
	kfree(w);
}

void model_weak_read(phys_addr_t phys, void *buf, size_t len)
{
	unsigned long flags;
	struct weak *w;
	size_t at, i;

	spin_lock_irqsave(&weak_lock, flags);
	w = find(phys);
	at = phys - w->phys;
	for (i = round_down(at, w->word); i < at + len; i += w->word)
		if (coin(w))
			settle(w, i, i + w->word, MODEL_STORES);
	memcpy(buf, w->ram + at, len);
	spin_unlock_irqrestore(&weak_lock, flags);
}

void model_weak_write(phys_addr_t phys, const void *buf, size_t len)
{
	unsigned long flags;
	struct weak *w;
	size_t at, i;

	spin_lock_irqsave(&weak_lock, flags);
	w = find(phys);
	at = phys - w->phys;
	memcpy(w->ram + at, buf, len);
	for (i = round_down(at, w->word); i < at + len; i += w->word)
		if (coin(w))
			settle(w, i, i + w->word, MODEL_LOADS);
	spin_unlock_irqrestore(&weak_lock, flags);
}

/* Let time pass: half of what waits is seen. */
void model_weak_step(phys_addr_t phys)
{
	unsigned long flags;
	size_t from, to, i;
	struct weak *w;

	spin_lock_irqsave(&weak_lock, flags);
	w = find(phys);
	for (from = 0; from < w->size; from = to) {
		to = min(from + CHUNK, w->size);
		if (settled(w, from, to))
			continue;
		for (i = from; i < to; i += w->word)
			if (coin(w))
				settle(w, i, i + w->word,
				       MODEL_LOADS | MODEL_STORES);
	}
	spin_unlock_irqrestore(&weak_lock, flags);
}

/* A barrier of the CPU, for @what: MODEL_LOADS, MODEL_STORES. */
void model_weak_barrier(unsigned int what)
{
	unsigned long flags;
	size_t from, to;
	struct weak *w;

	spin_lock_irqsave(&weak_lock, flags);
	list_for_each_entry(w, &weaks, list) {
		for (from = 0; from < w->size; from = to) {
			to = min(from + CHUNK, w->size);
			if (!settled(w, from, to))
				settle(w, from, to, what);
		}
	}
	spin_unlock_irqrestore(&weak_lock, flags);
}
