// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a backend, compared with a model of what the DMA API promises.
 *
 * The model knows the right content of a buffer.  The CPU or the device owns each cell
 * of the buffer, mappings and syncs change the owner, and only the owner reads and
 * writes.  An operation is done in the first place where the rules allow it, from the one
 * that it names on.  If they allow it nowhere, it does nothing and does not count.  So a
 * sequence without some of its operations is a valid sequence.  A sequence that fails is
 * shrunk by leaving out operations as long as it still fails.
 */
#include <linux/dma-region.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "conformance.h"

#ifndef MODULE
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dma_stateful."
#endif
#define SEED MODULE_PARAM_PREFIX "seed="	/* for the command line, or modprobe */

/* Of a day it has more than 32 bits. */
static unsigned long long seed = 20260;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed,
		 "Seed of the first sequence, 0 for another one each day; a failure prints that of its own");

static uint ops = 100000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops,
		 "Operations per backend that do something; a tenth for what um has, too");

#define CELLS		16
#define REGION		SZ_4K	/* a large page has several regions */
#define CELL		(REGION / CELLS)
#define REGIONS		8
#define SEQUENCE	250
#define DAY		(24 * 60 * 60)
#define SEQUENCES	1000000	/* more than a run has */
#define REAL_OPS	500	/* of a device that takes 100 ms to move a byte */
#define FAILING		8	/* sequences in which each allocation fails in turn */

enum kind {
	MAP, MAP_LIST, UNMAP, SYNC_CPU, SYNC_DEVICE, CPU_WRITE, CPU_READ,
	DEVICE_WRITE, DEVICE_READ, ALLOC, FREE, EXHAUST, NR_KINDS
};

static const char *const names[] = {
	"map", "map-list", "unmap", "sync-for-cpu", "sync-for-device",
	"cpu-write", "cpu-read", "device-write", "device-read", "alloc", "free",
	"exhaust",
};

struct op {
	u8 kind, region, cell, nr, dir, seed;
	bool dropped;
};

/* A part of the buffer. */
struct region {
	bool mapped;
	enum dma_data_direction dir;
	dma_addr_t addr;
	unsigned int first;		/* of a list: its first cell, else 0 */
	struct scatterlist sg[2];
	struct sg_table sgt;
	DECLARE_BITMAP(cpu, CELLS);	/* cells of the CPU */
};

/* Memory that the backend has allocated. */
struct memory {
	size_t size;			/* 0: none */
	void *vaddr;			/* coherent */
	struct page *page;		/* dma_alloc_pages() */
	struct sg_table *sgt;		/* noncontiguous */
	dma_addr_t addr;
};

struct state {
	struct conf *conf;
	struct op op[SEQUENCE], saved[SEQUENCE / 2];
	struct region region[REGIONS];
	struct memory memory[REGIONS];
	u8 right[REGIONS * REGION];
	u8 bytes[REGION];
	dma_addr_t hog[CONF_HOGS];
	int hogs;
	unsigned long done[NR_KINDS];
	int end;		/* index of the operation at which the latest run failed */
	bool lossy;		/* let the device lose its writes */
	int nth;		/* allocation that fails in a run, 0 for none */
	bool armed;		/* that allocation was still to come before the operation */
	int refused;		/* operations that failed because of it */
};

/* The seed of the first sequence; no sequence of one day is one of the next. */
static u64 first_seed(void)
{
	if (seed)
		return seed;
	return div_u64(ktime_get_real_seconds(), DAY) * SEQUENCES;
}

static bool is_list(struct region *r)
{
	return r->sgt.sgl;
}

/*
 * The bus address of a cell, and the number of cells from there on that are contiguous
 * on the bus.  A list begins with the cell r->first and wraps.
 */
static dma_addr_t cell_addr(struct region *r, unsigned int cell,
			    unsigned int *row)
{
	size_t off = (cell + CELLS - r->first) % CELLS * CELL;
	struct scatterlist *sg;
	int i;

	*row = CELLS - cell;
	if (!is_list(r))
		return r->addr + cell * CELL;
	for_each_sgtable_dma_sg(&r->sgt, sg, i) {
		if (off < sg_dma_len(sg)) {
			*row = (sg_dma_len(sg) - off) / CELL;
			return sg_dma_address(sg) + off;
		}
		off -= sg_dma_len(sg);
	}
	return DMA_MAPPING_ERROR;
}

/* Let the n-th allocation of this task from now on fail. */
static void fail_nth(int n)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, n);
#endif
}

static bool is_to_fail(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return READ_ONCE(current->fail_nth);
#else
	return false;
#endif
}

/* An operation has failed: true if an allocation of its own has, or room is gone. */
static bool may_fail(struct state *s)
{
	if (s->armed && !is_to_fail()) {
		s->refused++;
		return true;
	}
	return s->hogs;
}

static bool map(struct state *s, struct region *r, u8 *buf, const struct op *op)
{
	struct device *dev = s->conf->dev;

	r->dir = op->dir;
	memset(&r->sgt, 0, sizeof(r->sgt));
	r->first = 0;
	if (op->kind == MAP_LIST) {
		r->first = op->cell;
		sg_init_table(r->sg, op->cell ? 2 : 1);
		sg_set_buf(&r->sg[0], buf + op->cell * CELL,
			   REGION - op->cell * CELL);
		if (op->cell)
			sg_set_buf(&r->sg[1], buf, op->cell * CELL);
		r->sgt.sgl = r->sg;
		r->sgt.orig_nents = op->cell ? 2 : 1;
		r->mapped = !dma_map_sgtable(dev, &r->sgt, r->dir,
					     DMA_ATTR_NO_WARN);
	} else {
		r->addr = dma_map_single_attrs(dev, buf, REGION, r->dir,
					       DMA_ATTR_NO_WARN);
		r->mapped = !dma_mapping_error(dev, r->addr);
	}
	if (r->mapped)
		bitmap_zero(r->cpu, CELLS);
	return r->mapped || may_fail(s);
}

static void sync(struct state *s, struct region *r, bool cpu, unsigned int cell,
		 unsigned int nr)
{
	struct device *dev = s->conf->dev;

	if (is_list(r) && cpu)
		dma_sync_sgtable_for_cpu(dev, &r->sgt, r->dir);
	else if (is_list(r))
		dma_sync_sgtable_for_device(dev, &r->sgt, r->dir);
	else if (cpu)
		dma_sync_single_range_for_cpu(dev, r->addr, cell * CELL,
					      nr * CELL, r->dir);
	else
		dma_sync_single_range_for_device(dev, r->addr, cell * CELL,
						 nr * CELL, r->dir);
	bitmap_write(r->cpu, cpu ? GENMASK(nr - 1, 0) : 0, cell, nr);
}

static void unmap(struct state *s, struct region *r)
{
	unsigned int cell;

	if (!r->mapped)
		return;
	/* Before the unmap, the device must own what the CPU has written. */
	if (is_list(r) && !bitmap_empty(r->cpu, CELLS))
		sync(s, r, false, 0, CELLS);
	for_each_set_bit(cell, r->cpu, CELLS)
		sync(s, r, false, cell, 1);
	if (is_list(r))
		dma_unmap_sgtable(s->conf->dev, &r->sgt, r->dir, 0);
	else
		dma_unmap_single(s->conf->dev, r->addr, REGION, r->dir);
	r->mapped = false;
}

/* One or two pages of each kind.  All but noncontiguous memory is zeroed. */
static bool alloc(struct state *s, struct memory *m, const struct op *op)
{
	bool pages = s->conf->be->claims & CONF_PAGES;
	struct device *dev = s->conf->dev;
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	memset(m, 0, sizeof(*m));
	m->size = (1 + op->nr % 2) * PAGE_SIZE;
	if (op->dir == DMA_TO_DEVICE && pages)
		m->page = dma_alloc_pages(dev, m->size, &m->addr,
					  DMA_BIDIRECTIONAL, gfp);
	else if (op->dir == DMA_FROM_DEVICE && pages)
		m->sgt = dma_alloc_noncontiguous(dev, m->size,
						 DMA_BIDIRECTIONAL, gfp, 0);
	else
		m->vaddr = dma_alloc_attrs(dev, m->size, &m->addr, gfp,
					   DMA_ATTR_NO_WARN);
	if (m->sgt)
		m->addr = sg_dma_address(m->sgt->sgl);
	/* The CPU owns the memory at first, unless it is coherent. */
	if (m->sgt)
		dma_sync_sgtable_for_device(dev, m->sgt, DMA_BIDIRECTIONAL);
	else if (m->page)
		dma_sync_single_for_device(dev, m->addr, m->size,
					   DMA_BIDIRECTIONAL);
	if (!m->vaddr && !m->page && !m->sgt) {
		m->size = 0;
		return may_fail(s);
	}
	return !conf_read(s->conf, m->addr + m->size - CELL, s->bytes, CELL) &&
	       (m->sgt || !memchr_inv(s->bytes, 0, CELL));
}

/* The device writes to the memory once more, then it is freed. */
static bool release(struct state *s, struct memory *m, u8 seed)
{
	struct device *dev = s->conf->dev;
	bool good = true;

	if (!m->size)
		return true;
	if (m->vaddr) {
		conf_fill(s->bytes, CELL, seed);
		good = !conf_write(s->conf, m->addr, s->bytes, CELL) &&
		       !memcmp(m->vaddr, s->bytes, CELL);
		dma_free_attrs(dev, m->size, m->vaddr, m->addr,
			       DMA_ATTR_NO_WARN);
	} else if (m->page) {
		dma_free_pages(dev, m->size, m->page, m->addr,
			       DMA_BIDIRECTIONAL);
	} else {
		dma_free_noncontiguous(dev, m->size, m->sgt,
				       DMA_BIDIRECTIONAL);
	}
	m->size = 0;
	return good;
}

/* Map all room that is left, or unmap it. */
static void exhaust(struct state *s)
{
	if (s->hogs) {
		conf_give_back(s->conf, s->hog, s->hogs);
		s->hogs = 0;
	} else {
		s->hogs = conf_fill_up(s->conf, s->hog);
	}
}

/* Cut the operation down to the first of its cells that the CPU, or the device, owns. */
static bool clip(struct region *r, bool cpu, struct op *op)
{
	unsigned long owned = bitmap_read(r->cpu, 0, CELLS);

	if (!cpu)
		owned ^= GENMASK(CELLS - 1, 0);
	owned >>= op->cell;
	if (!owned)
		return false;
	op->cell += __ffs(owned);
	owned >>= __ffs(owned);
	op->nr = min_t(unsigned int, op->nr, ffz(owned));
	return true;
}

/* Do the rules allow this operation on the region that it names?  Cut it down to that. */
static bool allowed(struct state *s, struct op *op)
{
	struct region *r = &s->region[op->region];

	switch (op->kind) {
	case MAP:
	case MAP_LIST:
		return !r->mapped;
	case UNMAP:
		return r->mapped;
	case SYNC_CPU:
	case SYNC_DEVICE:
		if (!r->mapped)
			return false;
		if (!is_list(r))
			return clip(r, op->kind == SYNC_DEVICE, op);
		return op->kind == SYNC_DEVICE ? bitmap_full(r->cpu, CELLS) :
						 bitmap_empty(r->cpu, CELLS);
	case CPU_WRITE:
		return !r->mapped || (r->dir != DMA_FROM_DEVICE &&
				      clip(r, true, op));
	case CPU_READ:
		return !r->mapped || clip(r, true, op);
	case DEVICE_WRITE:
		return r->mapped && r->dir != DMA_TO_DEVICE &&
		       clip(r, false, op);
	case DEVICE_READ:
		return r->mapped && r->dir != DMA_FROM_DEVICE &&
		       clip(r, false, op);
	case ALLOC:
		return !s->memory[op->region].size;
	case FREE:
		return s->memory[op->region].size;
	default:
		return s->conf->be->claims & CONF_EXHAUSTS;
	}
}

/* Access as many cells at once as are contiguous on the bus. */
static bool device_moves(struct state *s, struct region *r, u8 *right,
			 const struct op *op)
{
	unsigned int cell = op->cell, end = cell + op->nr, n, i;
	bool write = op->kind == DEVICE_WRITE;
	dma_addr_t addr;

	for (i = 0; write && i < op->nr; i++)
		conf_fill(right + i * CELL, CELL, op->seed + cell + i);
	for (; cell < end; cell += n, right += n * CELL) {
		addr = cell_addr(r, cell, &n);
		n = min3(n, end - cell, CELLS - cell);
		if (write) {
			if (!s->lossy &&
			    conf_write(s->conf, addr, right, n * CELL))
				return false;
		} else if (conf_read(s->conf, addr, s->bytes, n * CELL) ||
			   memcmp(s->bytes, right, n * CELL)) {
			return false;
		}
	}
	return true;
}

/* Do an operation that is allowed; false if the backend did it wrong. */
static bool apply(struct state *s, const struct op *op)
{
	struct region *r = &s->region[op->region];
	size_t at = op->region * REGION + op->cell * CELL;
	size_t len = op->nr * CELL;
	u8 *buf = s->conf->buf, *right = s->right + at;

	switch (op->kind) {
	case MAP:
	case MAP_LIST:
		return map(s, r, buf + op->region * REGION, op);
	case UNMAP:
		unmap(s, r);
		return true;
	case SYNC_CPU:
	case SYNC_DEVICE:
		sync(s, r, op->kind == SYNC_CPU, is_list(r) ? 0 : op->cell,
		     is_list(r) ? CELLS : op->nr);
		return true;
	case CPU_WRITE:
		conf_fill(right, len, op->seed);
		memcpy(buf + at, right, len);
		return true;
	case CPU_READ:
		return !memcmp(buf + at, right, len);
	case DEVICE_WRITE:
	case DEVICE_READ:
		return device_moves(s, r, right, op);
	case ALLOC:
		return alloc(s, &s->memory[op->region], op);
	case FREE:
		return release(s, &s->memory[op->region], op->seed);
	default:
		exhaust(s);
		return true;
	}
}

/* Do an operation in the first place where it is allowed, and count it. */
static bool step(struct state *s, const struct op *op, bool count)
{
	struct op here;
	int i;

	for (i = 0; i < REGIONS; i++) {
		here = *op;
		here.region = (op->region + i) % REGIONS;
		if (allowed(s, &here)) {
			s->done[op->kind] += count;
			return apply(s, &here);
		}
	}
	return true;
}

/* Run the sequence, and unmap all that is mapped at its end. */
static bool run(struct state *s, bool count)
{
	bool good = true;
	int i;

	conf_fill(s->conf->buf, sizeof(s->right), 1);
	memcpy(s->right, s->conf->buf, sizeof(s->right));
	memset(s->region, 0, sizeof(s->region));
	fail_nth(s->nth);
	for (i = 0; i < SEQUENCE && good; i++) {
		if (s->op[i].dropped)
			continue;
		s->end = i;
		s->armed = is_to_fail();
		good = step(s, &s->op[i], count);
	}
	if (good)
		s->end = SEQUENCE - 1;
	for (i = 0; i < REGIONS; i++) {
		unmap(s, &s->region[i]);
		release(s, &s->memory[i], 0);
	}
	if (s->hogs)
		exhaust(s);
	return good && !memcmp(s->conf->buf, s->right, sizeof(s->right)) &&
	       conf_used(s->conf) == s->conf->used;
}

static void make(struct state *s, u64 seed)
{
	static const u8 weight[] = {
		[MAP] = 11, [MAP_LIST] = 19, [UNMAP] = 37, [SYNC_CPU] = 51,
		[SYNC_DEVICE] = 65, [CPU_WRITE] = 73, [CPU_READ] = 81,
		[DEVICE_WRITE] = 87, [DEVICE_READ] = 93, [ALLOC] = 97,
		[FREE] = 100,
	};
	struct rnd_state rnd;
	struct op *op;

	prandom_seed_state(&rnd, seed);
	for (op = s->op; op < s->op + SEQUENCE; op++) {
		u32 r = prandom_u32_state(&rnd);

		op->kind = 0;
		while (op->kind < EXHAUST && r % 100 >= weight[op->kind])
			op->kind++;
		/* Rarely, because it maps a whole pool. */
		if (!(r >> 20 & 0x1ff))
			op->kind = EXHAUST;
		r = prandom_u32_state(&rnd);
		op->region = r % REGIONS;
		op->cell = (r >> 8) % CELLS;
		op->nr = 1 + (r >> 16) % (CELLS - op->cell);
		op->dir = (r >> 24) % DMA_NONE;
		op->seed = r >> 20;
		op->dropped = false;
	}
}

static int left(const struct op *op, int n)
{
	int i, left = 0;

	for (i = 0; i < n; i++)
		left += !op[i].dropped;
	return left;
}

/*
 * Leave out operations that the failure does not need, for up to 100 s, because a case
 * has 300 s.  Returns the number of operations that are left.
 */
static int shrink(struct state *s)
{
	unsigned long deadline = jiffies + 100 * HZ;
	int chunk, from, before, i;

	for (i = s->end + 1; i < SEQUENCE; i++)
		s->op[i].dropped = true;
	for (chunk = SEQUENCE / 2; chunk;) {
		before = left(s->op, SEQUENCE);
		for (from = 0; from < SEQUENCE; from += chunk) {
			int n = min(chunk, SEQUENCE - from);

			if (!left(s->op + from, n))
				continue;
			if (time_after(jiffies, deadline))
				return left(s->op, SEQUENCE);
			memcpy(s->saved, s->op + from, n * sizeof(*s->saved));
			for (i = 0; i < n; i++)
				s->op[from + i].dropped = true;
			if (run(s, false))
				memcpy(s->op + from, s->saved,
				       n * sizeof(*s->saved));
		}
		/* An operation may have been needed only by one that is gone now. */
		if (chunk > 1 || left(s->op, SEQUENCE) == before)
			chunk /= 2;
	}
	return left(s->op, SEQUENCE);
}

static void print_ops(struct kunit *test, struct state *s)
{
	struct op *op;

	for (op = s->op; op < s->op + SEQUENCE; op++)
		if (!op->dropped)
			kunit_info(test, "%s region %u cell %u nr %u dir %u",
				   names[op->kind], op->region, op->cell,
				   op->nr, op->dir);
}

static struct state *new_state(struct kunit *test)
{
	struct state *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->conf = test->priv;
	conf_narrow(test);
	return s;
}

static unsigned long total(struct state *s)
{
	unsigned long total = 0;
	int i;

	for (i = 0; i < NR_KINDS; i++)
		total += s->done[i];
	return total;
}

static void play(struct kunit *test, uint nr)
{
	struct state *s = new_state(test);
	u64 first = first_seed(), this;
	int i;

	/* Now, in case that a sequence does not come back. */
	kunit_info(test, SEED "%llu%s", first, seed ? "" : ", today's");
	for (this = first; total(s) < nr; this++) {
		make(s, this);
		if (!run(s, true)) {
			KUNIT_FAIL(test, SEED "%llu: %d operations", this,
				   shrink(s));
			print_ops(test, s);
			return;
		}
		cond_resched();
	}
	kunit_info(test, SEED "%llu: %lu operations on %s", first, total(s),
		   s->conf->be->name);
	for (i = 0; i < NR_KINDS; i++)
		kunit_info(test, "%lu %s", s->done[i], names[i]);
}

static void any_sequence_does_what_is_right(struct kunit *test)
{
	const struct conf *conf = test->priv;
	bool few = conf->be->everywhere && !IS_ENABLED(CONFIG_UML);

	play(test, few ? ops / 10 : ops);
}

static void so_does_any_sequence_of_the_real_device(struct kunit *test)
{
	play(test, REAL_OPS);
}

/* Test the test: two operations are enough to find a device that loses writes. */
static void a_failure_is_shrunk(struct kunit *test)
{
	struct state *s = new_state(test);

	s->lossy = true;
	make(s, first_seed());
	KUNIT_ASSERT_FALSE(test, run(s, false));
	KUNIT_EXPECT_EQ(test, 2, shrink(s));
}

/*
 * Run one sequence many times.  In the n-th run the n-th allocation fails.  The
 * operation that needs it may fail, and must take nothing; no other operation may fail.
 * Returns the number of allocations that failed.
 */
static int fail_each(struct kunit *test, struct state *s, u64 this)
{
	bool good = true, failed = true;

	make(s, this);
	for (s->nth = 1; failed && good; s->nth++) {
		good = run(s, true);
		failed = !is_to_fail();
		fail_nth(0);
		KUNIT_EXPECT_TRUE_MSG(test, good,
				      SEED "%llu: allocation %d, in %s %d",
				      this, s->nth, names[s->op[s->end].kind],
				      s->end);
		cond_resched();
	}
	return s->nth - 2;
}

/* True if the module was loaded in a kernel whose failslab is not set up. */
static bool only_loads(struct kunit *test)
{
	void *p;

	if (!__is_defined(MODULE))
		return false;
	fail_nth(1);
	p = kmalloc(1, GFP_KERNEL | __GFP_NOWARN);
	fail_nth(0);
	if (!p)
		return false;
	kfree(p);
	kunit_info(test, "set failslab and fail_page_alloc up in debugfs, and run it again");
	return true;
}

/*
 * To be run from user space, which must have set ignore-gfp-wait=N, min-order=0 and
 * verbose=0 in debugfs.  Otherwise no allocation fails, and the case fails.
 */
static void any_allocation_of_it_may_fail(struct kunit *test)
{
	u64 this, first = first_seed();
	struct state *s;
	int failed = 0;

	if (!IS_ENABLED(CONFIG_FAILSLAB) || !IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kunit_skip(test, "expected skip: no FAILSLAB, or no FAIL_PAGE_ALLOC");
	/* Do not skip the case: KUnit would skip it later, too. */
	if (system_state < SYSTEM_RUNNING) {
		kunit_info(test, "to be run from user space");
		return;
	}
	if (only_loads(test))
		return;
	s = new_state(test);
	for (this = first; this < first + FAILING; this++)
		failed += fail_each(test, s, this);
	kunit_info(test, SEED "%llu: %d allocations failed, %d operations with them, on %s",
		   first, failed, s->refused, s->conf->be->name);
	KUNIT_EXPECT_GT_MSG(test, s->refused, 0,
			    "nothing has failed: see failslab and fail_page_alloc in debugfs");
}

static void as_many_fit_as_before(struct kunit *test)
{
	conf_expect_room(test);
}

#ifdef CONFIG_DMA_REGION
#define LIFE_SIZE	(3 * PAGE_SIZE)	/* of several allocations */

/* The life of a region with two users, one after the other: 0 or its first error. */
static int region_life(struct conf *conf)
{
	struct dma_region *region = dma_region_alloc(LIFE_SIZE, 0, 0);
	struct sg_table *sgt;
	struct iosys_map map;
	int ret;

	if (IS_ERR(region))
		return PTR_ERR(region);
	sgt = dma_region_bind(region, conf->dev, DMA_FROM_DEVICE);
	ret = PTR_ERR_OR_ZERO(sgt);
	if (ret)
		goto out_free;
	ret = dma_region_vmap(region, &map);
	if (!ret) {
		ret = dma_region_begin_cpu_access(region, DMA_BIDIRECTIONAL) ?:
		      dma_region_end_cpu_access(region, DMA_BIDIRECTIONAL);
		dma_region_vunmap(region, &map);
	}
	dma_region_keep(region, sgt);
	sgt = dma_region_bind(region, conf->dev, DMA_FROM_DEVICE);
	ret = ret ?: PTR_ERR_OR_ZERO(sgt);
	if (!IS_ERR(sgt))
		dma_region_unbind(region, sgt);
	dma_region_forget(region, conf->dev);
out_free:
	dma_region_free(region);
	return ret;
}

static void any_allocation_of_a_region_may_fail(struct kunit *test)
{
	struct conf *conf = test->priv;
	int n, ret, refused = 0;
	bool failed = true;

	if (!IS_ENABLED(CONFIG_FAILSLAB) || !IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kunit_skip(test, "expected skip: no FAILSLAB, or no FAIL_PAGE_ALLOC");
	if (system_state < SYSTEM_RUNNING) {
		kunit_info(test, "to be run from user space");
		return;
	}
	if (only_loads(test))
		return;
	for (n = 1; failed && n < 200; n++) {
		fail_nth(n);
		ret = region_life(conf);
		failed = !is_to_fail();
		fail_nth(0);
		if (ret) {
			refused++;
			KUNIT_EXPECT_TRUE_MSG(test, ret == -ENOMEM || ret == -EIO,
					      "seed=0: allocation %d: %d", n, ret);
		}
		KUNIT_EXPECT_EQ_MSG(test, conf->used, conf_used(conf),
				    "seed=0: allocation %d", n);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, 0, region_life(conf));
	kunit_info(test, "seed=0: %d allocations failed, %d operations with them, on %s",
		   n - 2, refused, conf->be->name);
	KUNIT_EXPECT_GT(test, refused, 0);
}
#endif

static struct kunit_case stateful_test_cases[] = {
	KUNIT_CASE_PARAM(a_failure_is_shrunk, conf_gen_present),
	KUNIT_CASE_PARAM_ATTR(any_sequence_does_what_is_right, conf_gen_present,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(any_allocation_of_it_may_fail, conf_gen_present,
			      { .speed = KUNIT_SPEED_SLOW }),
#ifdef CONFIG_DMA_REGION
	KUNIT_CASE_PARAM_ATTR(any_allocation_of_a_region_may_fail,
			      conf_gen_present, { .speed = KUNIT_SPEED_SLOW }),
#endif
	KUNIT_CASE_SLOW(so_does_any_sequence_of_the_real_device),
	KUNIT_CASE_PARAM(as_many_fit_as_before, conf_gen_exhausts),
	{}
};

static struct kunit_suite stateful_test_suite = {
	.name = "dma_stateful",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = conf_test_init,
	.exit = conf_test_exit,
	.test_cases = stateful_test_cases,
};

kunit_test_suite(stateful_test_suite);

MODULE_DESCRIPTION("KUnit test of random DMA API operations");
MODULE_LICENSE("GPL");
