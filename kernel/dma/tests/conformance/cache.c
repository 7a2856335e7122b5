// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of cache maintenance: which bytes are maintained for a device that does not
 * snoop, in which direction, and in which order with the copy of a bounce buffer.
 *
 * The calls of the architecture are recorded (linux/dma-observe.h), not what becomes of
 * the caches.  After each operation on memory, the test says which calls it expects on
 * which bytes, and that there were no others.
 */
#include <kunit/static_stub.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-observe.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include "conformance.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT

/* The record: what the operation since begin() has done. */

struct call {
	enum dma_observed what;
	phys_addr_t phys;
	size_t size;
	enum dma_data_direction dir;
	bool expected;
};

#define MAX_CALLS	64

static struct call calls[MAX_CALLS];
static int nr_calls;

static void record(enum dma_observed what, phys_addr_t phys, size_t size,
		   enum dma_data_direction dir)
{
	/* An interrupt is not the operation's. */
	if (!in_task())
		return;
	if (nr_calls < MAX_CALLS)
		calls[nr_calls] = (struct call) {
			.what = what, .phys = phys, .size = size, .dir = dir,
		};
	nr_calls++;
}

static void begin(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, nr_calls, MAX_CALLS);
	nr_calls = 0;
}

static bool maintains(const struct call *call)
{
	return call->what == DMA_OBSERVED_FOR_DEVICE ||
	       call->what == DMA_OBSERVED_FOR_CPU;
}

/* The letter of a call in the strings below. */
static char letter(const struct call *call)
{
	switch (call->what) {
	case DMA_OBSERVED_FOR_DEVICE:
		return 'd';
	case DMA_OBSERVED_FOR_CPU:
		return 'c';
	case DMA_OBSERVED_PREPARE:
		return 'p';
	case DMA_OBSERVED_COPY:
		return call->dir == DMA_TO_DEVICE ? '<' : '>';
	default:
		return '|';
	}
}

static void fail(struct kunit *test, const char *what, const char *want,
		 phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	phys_addr_t buf = virt_to_phys(conf->buf);
	int i;

	KUNIT_FAIL(test, "%s: expected \"%s\" on %pa+%zu dir %d; buffer at %pa",
		   what, want, &phys, size, dir, &buf);
	for (i = 0; i < nr_calls; i++)
		kunit_info(test, "%c %pa+%zu dir %d", letter(&calls[i]),
			   &calls[i].phys, calls[i].size, calls[i].dir);
}

/*
 * The calls on @size bytes at @phys are those of @want, in this order:
 *
 * d, c	the bytes are maintained for the device, for the CPU, in the direction @dir
 * w	the same as d, perhaps with the rest of their pages
 * D	the same as d, in the direction DMA_TO_DEVICE whatever @dir is
 * <, >	they are copied to the bounce slot, from it
 *
 * A call for some of the bytes may be followed by others for the rest.  What was
 * maintained for the CPU is flushed before it is copied.
 */
static void expect_calls(struct kunit *test, const char *want, phys_addr_t phys,
			 size_t size, enum dma_data_direction dir)
{
	phys_addr_t first = ALIGN_DOWN(phys, PAGE_SIZE);
	phys_addr_t last = ALIGN(phys + size, PAGE_SIZE);
	const char *now = want;
	bool flushed = true;
	phys_addr_t at = phys;	/* the next byte for *now */
	struct call *call;

	for (call = calls; call < calls + min(nr_calls, MAX_CALLS); call++) {
		phys_addr_t end = call->phys + call->size;
		char is = letter(call);
		bool right;

		if (is == '|')
			flushed = true;
		if (is == '|' || end <= phys || call->phys >= phys + size)
			continue;
		call->expected = true;
		/* There is nothing to do for the CPU; architectures differ. */
		if (is == 'c' && call->dir == DMA_TO_DEVICE &&
		    call->phys >= phys && end <= phys + size)
			continue;
		if (is != (*now == 'w' || *now == 'D' ? 'd' : *now) ||
		    (maintains(call) &&
		     call->dir != (*now == 'D' ? DMA_TO_DEVICE : dir))) {
			fail(test, "another call", want, phys, size, dir);
			return;
		}
		if (*now == 'w')
			right = call->phys >= first && call->phys <= phys &&
				end >= phys + size && end <= last;
		else
			right = call->phys == at && end <= phys + size;
		if (!right) {
			fail(test, "other bytes", want, phys, size, dir);
			return;
		}
		if (is == '>' && !flushed)
			fail(test, "copied before a flush", want, phys, size,
			     dir);
		if (is == 'c')
			flushed = false;
		at = end;
		if (end >= phys + size) {
			now++;
			at = phys;
		}
	}
	if (*now)
		fail(test, "missing", want, phys, size, dir);
}

/* True if no cache line of these bytes can get to memory later. */
static bool is_cleaned(phys_addr_t phys, size_t size)
{
	phys_addr_t at = phys;
	int i;

	for (i = 0; i < min(nr_calls, MAX_CALLS); i++) {
		if ((calls[i].what != DMA_OBSERVED_FOR_DEVICE &&
		     calls[i].what != DMA_OBSERVED_PREPARE) ||
		    calls[i].phys > at || calls[i].phys + calls[i].size <= at)
			continue;
		calls[i].expected = true;
		at = calls[i].phys + calls[i].size;
	}
	return at >= phys + size;
}

/* The CPU's or the device's view of memory has changed: all of it is flushed. */
static void expect_flushed(struct kunit *test)
{
	bool flushed = true;
	int i;

	for (i = 0; i < min(nr_calls, MAX_CALLS); i++) {
		if (calls[i].what == DMA_OBSERVED_FLUSH)
			flushed = true;
		if (maintains(&calls[i]) &&
		    !(calls[i].what == DMA_OBSERVED_FOR_CPU &&
		      calls[i].dir == DMA_TO_DEVICE))
			flushed = false;
	}
	if (!flushed)
		fail(test, "not flushed", "|", 0, 0, DMA_NONE);
}

/* An IOMMU that does not snoop has page tables to maintain: they do not count. */
static bool is_on(struct kunit *test, const struct call *call, phys_addr_t phys,
		  size_t size)
{
	struct conf *conf = test->priv;

	return (call->phys + call->size > phys && call->phys < phys + size) ||
	       swiotlb_find_pool(conf->dev, call->phys);
}

/* Nothing else is maintained or copied: of this memory, nor of the bounce pool. */
static void expect_no_other_on(struct kunit *test, phys_addr_t phys, size_t size)
{
	int i;

	for (i = 0; i < min(nr_calls, MAX_CALLS); i++) {
		const struct call *call = &calls[i];

		if (call->expected || call->what == DMA_OBSERVED_FLUSH ||
		    call->what == DMA_OBSERVED_PREPARE)
			continue;
		if (is_on(test, call, phys, size))
			fail(test, "a call too many", "", call->phys,
			     call->size, call->dir);
	}
}

/* Nothing else of the buffer of the case. */
static void expect_no_other(struct kunit *test)
{
	struct conf *conf = test->priv;

	expect_no_other_on(test, virt_to_phys(conf->buf), CONF_BUF_SIZE);
}

static void expect_end(struct kunit *test)
{
	expect_flushed(test);
	expect_no_other(test);
}

/* A part of memory that is mapped. */

struct piece {
	phys_addr_t cpu;		/* what was mapped */
	phys_addr_t dev;		/* where its bus address leads to */
	size_t size;
	enum dma_data_direction dir;
};

static bool bounced(const struct piece *p)
{
	return p->cpu != p->dev;
}

/* It bounces if it has to, and not else. */
static void expect_bounced(struct kunit *test, const struct piece *p)
{
	struct conf *conf = test->priv;
	bool whole = !((p->cpu | p->size) & (PAGE_SIZE - 1));

	if (conf->be->claims & CONF_BOUNCES)
		KUNIT_EXPECT_TRUE(test, bounced(p));
	else if (conf->be->claims & CONF_HIDES)
		KUNIT_EXPECT_EQ(test, !whole, bounced(p));
	else if (!IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC) ||
		 p->dir == DMA_TO_DEVICE || p->size >= 2 * ARCH_DMA_MINALIGN ||
		 !is_swiotlb_active(conf->dev))
		KUNIT_EXPECT_FALSE(test, bounced(p));
	/* From kmalloc(), such a buffer may share its cache lines. */
	else if (p->size <= 16)
		KUNIT_EXPECT_TRUE(test, bounced(p));
}

/*
 * The piece was mapped, with the calls of @want or of @bounce.  A device that may not
 * see the rest of its pages sees zeroes there, if they are in memory.
 */
static void expect_mapped(struct kunit *test, const struct piece *p,
			  const char *want, const char *bounce)
{
	struct conf *conf = test->priv;
	phys_addr_t end = p->dev + p->size;

	expect_bounced(test, p);
	if (bounced(p))
		expect_calls(test, "", p->cpu, p->size, p->dir);
	expect_calls(test, bounced(p) ? bounce : want, p->dev, p->size, p->dir);
	if (!bounced(p) || !(conf->be->claims & CONF_HIDES))
		return;
	KUNIT_EXPECT_TRUE(test, is_cleaned(ALIGN_DOWN(p->dev, PAGE_SIZE),
					   offset_in_page(p->dev)));
	KUNIT_EXPECT_TRUE(test, is_cleaned(end, -end & (PAGE_SIZE - 1)));
}

/* @len bytes at @at are given to the device. */
static void expect_for_device(struct kunit *test, const struct piece *p,
			      size_t at, size_t len)
{
	if (bounced(p))
		expect_calls(test, "", p->cpu, p->size, p->dir);
	expect_calls(test, bounced(p) && p->dir != DMA_FROM_DEVICE ? "<d" : "d",
		     p->dev + at, len, p->dir);
}

/* They are given to the CPU, by a sync or an unmap. */
static void expect_for_cpu(struct kunit *test, const struct piece *p, size_t at,
			   size_t len)
{
	const char *want = bounced(p) ? "c>" : "c";

	if (bounced(p))
		expect_calls(test, "", p->cpu, p->size, p->dir);
	expect_calls(test, p->dir == DMA_TO_DEVICE ? "" : want, p->dev + at,
		     len, p->dir);
}

/* Single mappings: whole pages, parts of them, and what may share a cache line. */

static const struct {
	size_t off, size;
} shapes[] = {
	{ PAGE_SIZE, PAGE_SIZE }, { PAGE_SIZE, 2 * PAGE_SIZE },
	{ PAGE_SIZE + 100, 1000 }, { 2 * PAGE_SIZE - 8, 1016 },
	{ PAGE_SIZE + 64, PAGE_SIZE + 100 }, { PAGE_SIZE + 48, 16 },
};

static struct piece map(struct kunit *test, dma_addr_t *addr, size_t off,
			size_t size, enum dma_data_direction dir,
			unsigned long attrs)
{
	struct conf *conf = test->priv;
	struct piece p = {
		.cpu = virt_to_phys(conf->buf) + off, .size = size, .dir = dir,
	};

	begin(test);
	*addr = dma_map_phys(conf->dev, p.cpu, size, dir, attrs);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(conf->dev, *addr));
	p.dev = conf->be->walk(conf, *addr);
	return p;
}

static void each_shape(struct kunit *test,
		       void (*fn)(struct kunit *test, size_t off, size_t size,
				  enum dma_data_direction dir))
{
	enum dma_data_direction dir;
	int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++)
			fn(test, shapes[i].off, shapes[i].size, dir);
}

static void map_and_unmap(struct kunit *test, size_t off, size_t size,
			  enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;
	struct piece p = map(test, &addr, off, size, dir, 0);

	expect_mapped(test, &p, "d", "<d");
	expect_end(test);
	begin(test);
	dma_unmap_phys(conf->dev, addr, size, dir, 0);
	expect_for_cpu(test, &p, 0, size);
	expect_end(test);
}

static void promise_81_a_map_and_an_unmap_maintain_the_buffer(struct kunit *test)
{
	each_shape(test, map_and_unmap);
}

static void sync_part(struct kunit *test, const struct piece *p, dma_addr_t addr,
		      size_t at, size_t len)
{
	struct conf *conf = test->priv;

	begin(test);
	dma_sync_single_range_for_cpu(conf->dev, addr, at, len, p->dir);
	expect_for_cpu(test, p, at, len);
	expect_no_other_on(test, p->cpu, p->size);
	expect_end(test);
	begin(test);
	dma_sync_single_range_for_device(conf->dev, addr, at, len, p->dir);
	expect_for_device(test, p, at, len);
	expect_no_other_on(test, p->cpu, p->size);
	expect_end(test);
}

static void sync(struct kunit *test, size_t off, size_t size,
		 enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;
	struct piece p = map(test, &addr, off, size, dir, 0);

	sync_part(test, &p, addr, 0, size);
	sync_part(test, &p, addr, size / 4, size / 2);
	sync_part(test, &p, addr, size - 1, 1);
	dma_unmap_phys(conf->dev, addr, size, dir, 0);
}

static void promise_82_a_sync_maintains_its_range(struct kunit *test)
{
	each_shape(test, sync);
}

/* Lists */

#define NENTS	3

struct list {
	struct scatterlist sgl[NENTS];
	struct sg_table sgt;
	struct piece piece[NENTS];
};

static void make_list(struct kunit *test, struct list *l, bool whole)
{
	static const struct {
		size_t off, size;
	} parts[] = {
		{ 100, 700 }, { 2 * PAGE_SIZE, PAGE_SIZE },
		{ 5 * PAGE_SIZE - 500, 1000 },
	};
	struct conf *conf = test->priv;
	int i;

	sg_init_table(l->sgl, NENTS);
	for (i = 0; i < NENTS; i++)
		sg_set_buf(&l->sgl[i], conf->buf +
			   (whole ? i * PAGE_SIZE : parts[i].off),
			   whole ? PAGE_SIZE : parts[i].size);
	l->sgt = (struct sg_table) {
		.sgl = l->sgl, .nents = NENTS, .orig_nents = NENTS,
	};
}

static void map_list(struct kunit *test, struct list *l, bool whole,
		     enum dma_data_direction dir, unsigned long attrs)
{
	struct conf *conf = test->priv;
	int i;

	make_list(test, l, whole);
	begin(test);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt, dir, attrs));
	for (i = 0; i < NENTS; i++) {
		struct scatterlist *sg = &l->sgl[i];

		/* Segments that were merged were not bounced. */
		l->piece[i] = (struct piece) {
			.cpu = sg_phys(sg), .size = sg->length, .dir = dir,
			.dev = l->sgt.nents < NENTS ? sg_phys(sg) :
			       conf->be->walk(conf, sg_dma_address(sg)),
		};
	}
}

static void each_list(struct kunit *test,
		      void (*fn)(struct kunit *test, struct list *l, bool whole,
				 enum dma_data_direction dir))
{
	enum dma_data_direction dir;
	struct list *l;

	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);
	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		fn(test, l, false, dir);
		fn(test, l, true, dir);
	}
}

static void list(struct kunit *test, struct list *l, bool whole,
		 enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	int i;

	map_list(test, l, whole, dir, 0);
	for (i = 0; i < NENTS; i++)
		expect_mapped(test, &l->piece[i], "d", "<d");
	expect_end(test);

	begin(test);
	dma_sync_sgtable_for_cpu(conf->dev, &l->sgt, dir);
	for (i = 0; i < NENTS; i++)
		expect_for_cpu(test, &l->piece[i], 0, l->piece[i].size);
	expect_end(test);

	begin(test);
	dma_sync_sgtable_for_device(conf->dev, &l->sgt, dir);
	for (i = 0; i < NENTS; i++)
		expect_for_device(test, &l->piece[i], 0, l->piece[i].size);
	expect_end(test);

	begin(test);
	dma_unmap_sgtable(conf->dev, &l->sgt, dir, 0);
	for (i = 0; i < NENTS; i++)
		expect_for_cpu(test, &l->piece[i], 0, l->piece[i].size);
	expect_end(test);
}

static void promise_83_a_list_is_maintained_entry_by_entry(struct kunit *test)
{
	each_list(test, list);
}

/* Attributes by which nothing is maintained */

/*
 * A bounced buffer is copied to its slot, but not back.  A device that may not see what was
 * in the slot before gets the copy also in memory.
 */
static const char *skipped(const struct conf *conf)
{
	return conf->be->claims & CONF_HIDES ? "<D" : "<";
}

static void skip(struct kunit *test, size_t off, size_t size,
		 enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;
	struct piece p = map(test, &addr, off, size, dir,
			     DMA_ATTR_SKIP_CPU_SYNC);

	expect_mapped(test, &p, "", skipped(conf));
	expect_no_other(test);
	begin(test);
	dma_unmap_phys(conf->dev, addr, size, dir, DMA_ATTR_SKIP_CPU_SYNC);
	expect_no_other(test);
}

static void skip_list(struct kunit *test, struct list *l, bool whole,
		      enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	int i;

	map_list(test, l, whole, dir, DMA_ATTR_SKIP_CPU_SYNC);
	for (i = 0; i < NENTS; i++)
		expect_mapped(test, &l->piece[i], "", skipped(conf));
	expect_no_other(test);
	begin(test);
	dma_unmap_sgtable(conf->dev, &l->sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	expect_no_other(test);
}

static void promise_84_a_skipped_sync_maintains_nothing(struct kunit *test)
{
	each_shape(test, skip);
	each_list(test, skip_list);
}

static void resource(struct kunit *test, unsigned long attrs)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = conf_resource(conf, false);
	enum dma_data_direction dir;
	dma_addr_t addr;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		begin(test);
		addr = dma_map_resource(conf->dev, phys, PAGE_SIZE, dir, attrs);
		KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(conf->dev, addr));
		dma_unmap_resource(conf->dev, addr, PAGE_SIZE, dir, attrs);
		expect_calls(test, "", phys, PAGE_SIZE, dir);
		expect_no_other(test);
	}
}

static void promise_85_a_resource_is_not_maintained(struct kunit *test)
{
	conf_needs(test, CONF_RESOURCES);
	resource(test, 0);
	resource(test, DMA_ATTR_PRIVILEGED);
}

/* The mapping is refused.  Nothing has been touched by then. */
static void refuse(struct kunit *test, size_t off, size_t size,
		   enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	dma_addr_t addr = DMA_MAPPING_ERROR;

	begin(test);
	kunit_warning_suppress(test) {
		addr = dma_map_phys(conf->dev, virt_to_phys(conf->buf) + off,
				    size, dir, RC);
	}
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(conf->dev, addr));
	expect_no_other(test);
}

static void refuse_list(struct kunit *test, struct list *l, bool whole,
			enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	int ret = 0;

	make_list(test, l, whole);
	begin(test);
	kunit_warning_suppress(test) {
		ret = dma_map_sgtable(conf->dev, &l->sgt, dir, RC);
	}
	KUNIT_EXPECT_NE(test, 0, ret);
	expect_no_other(test);
}

static void promise_86_a_refused_mapping_maintains_nothing(struct kunit *test)
{
	each_shape(test, refuse);
	each_list(test, refuse_list);
}

/* Allocations */

static void promise_87_no_cache_line_falls_on_coherent_memory(struct kunit *test)
{
	static const unsigned long attrs[] = {
		0, DMA_ATTR_WRITE_COMBINE, DMA_ATTR_FORCE_CONTIGUOUS,
		DMA_ATTR_NO_KERNEL_MAPPING, DMA_ATTR_ALLOC_SINGLE_PAGES,
	};
	const size_t size = 2 * PAGE_SIZE + 100;
	struct conf *conf = test->priv;
	dma_addr_t addr;
	size_t at;
	void *p;
	int i;

	if (!IS_ENABLED(CONFIG_ARCH_HAS_DMA_PREP_COHERENT) ||
	    IS_ENABLED(CONFIG_ARCH_HAS_DMA_ALLOC))
		kunit_skip(test, "expected skip: the architecture prepares the memory itself");
	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		begin(test);
		p = dma_alloc_attrs(conf->dev, size, &addr, GFP_KERNEL,
				    attrs[i]);
		KUNIT_ASSERT_NOT_NULL(test, p);
		/* To the end of the last page: the device may see it. */
		for (at = 0; at < size; at += PAGE_SIZE) {
			phys_addr_t phys = conf->be->walk(conf, addr + at);

			KUNIT_EXPECT_TRUE_MSG(test, is_cleaned(phys, PAGE_SIZE),
					      "offset %zu attrs %lx", at,
					      attrs[i]);
		}
		dma_free_attrs(conf->dev, size, p, addr, attrs[i]);
	}
}

/* Pages that the CPU caches: they never bounce, and are synced like a mapping. */
static void pages(struct kunit *test, enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	const size_t size = 3 * PAGE_SIZE;
	dma_addr_t addr;
	struct piece p = { .size = size, .dir = dir };
	struct page *page;

	page = dma_alloc_pages(conf->dev, size, &addr, dir, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	p.cpu = page_to_phys(page);
	p.dev = conf->be->walk(conf, addr);
	KUNIT_EXPECT_FALSE(test, bounced(&p));
	sync_part(test, &p, addr, 0, size);
	sync_part(test, &p, addr, PAGE_SIZE - 100, 1000);
	sync_part(test, &p, addr, size - 1, 1);
	dma_free_pages(conf->dev, size, page, addr, dir);
}

static void noncontiguous(struct kunit *test, enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	const size_t size = 3 * PAGE_SIZE;
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	sgt = dma_alloc_noncontiguous(conf->dev, size, dir, GFP_KERNEL,
				      DMA_ATTR_ALLOC_SINGLE_PAGES);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	begin(test);
	dma_sync_sgtable_for_device(conf->dev, sgt, dir);
	for_each_sgtable_sg(sgt, sg, i)
		expect_calls(test, "d", sg_phys(sg), sg->length, dir);
	for_each_sgtable_sg(sgt, sg, i)
		expect_no_other_on(test, sg_phys(sg), sg->length);
	expect_end(test);
	begin(test);
	dma_sync_sgtable_for_cpu(conf->dev, sgt, dir);
	for_each_sgtable_sg(sgt, sg, i)
		expect_calls(test, dir == DMA_TO_DEVICE ? "" : "c", sg_phys(sg),
			     sg->length, dir);
	for_each_sgtable_sg(sgt, sg, i)
		expect_no_other_on(test, sg_phys(sg), sg->length);
	expect_end(test);
	dma_free_noncontiguous(conf->dev, size, sgt, dir);
}

static void promise_88_pages_of_an_allocation_are_maintained(struct kunit *test)
{
	enum dma_data_direction dir;

	conf_needs(test, CONF_PAGES);
	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		pages(test, dir);
		noncontiguous(test, dir);
	}
}

/* Links */

/* Link @size bytes at @off.  What does not fill its page may be bounced. */
static void link(struct kunit *test, size_t off, size_t size,
		 enum dma_data_direction dir, unsigned long attrs)
{
	struct conf *conf = test->priv;
	bool skips = attrs & DMA_ATTR_SKIP_CPU_SYNC;
	phys_addr_t phys = virt_to_phys(conf->buf) + off;
	bool hides = conf->be->claims & CONF_HIDES;
	size_t head = hides ? -off & (PAGE_SIZE - 1) : 0;
	size_t tail = hides ? (off + size) & (PAGE_SIZE - 1) : 0;
	const size_t sizes[] = { head, size - head - tail, tail };
	struct dma_iova_state state;
	struct piece piece[3];
	size_t at = 0;
	int i;

	KUNIT_ASSERT_TRUE(test, dma_iova_try_alloc(conf->dev, &state, phys,
						   size));
	begin(test);
	KUNIT_ASSERT_EQ(test, 0, dma_iova_link(conf->dev, &state, phys, 0, size,
					       dir, attrs));
	for (i = 0; i < ARRAY_SIZE(sizes); at += sizes[i++]) {
		piece[i] = (struct piece) {
			.cpu = phys + at, .size = sizes[i], .dir = dir,
			.dev = conf->be->walk(conf, state.addr + at),
		};
		/* The rest of a page may be maintained, too: nothing is lost. */
		if (sizes[i])
			expect_mapped(test, &piece[i], skips ? "" : "w",
				      skips ? skipped(conf) : "<w");
	}
	expect_no_other(test);
	/* One flush for all links. */
	KUNIT_ASSERT_EQ(test, 0, dma_iova_sync(conf->dev, &state, 0, size));
	expect_flushed(test);

	begin(test);
	dma_iova_unlink(conf->dev, &state, 0, size, dir, attrs);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (sizes[i] && !skips)
			expect_for_cpu(test, &piece[i], 0, sizes[i]);
	expect_end(test);
	dma_iova_free(conf->dev, &state);
}

static void link_resource(struct kunit *test, enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = conf_resource(conf, false);
	struct dma_iova_state state;

	KUNIT_ASSERT_TRUE(test, dma_iova_try_alloc(conf->dev, &state, 0,
						   PAGE_SIZE));
	begin(test);
	KUNIT_ASSERT_EQ(test, 0, dma_iova_link(conf->dev, &state, phys, 0,
					       PAGE_SIZE, dir, DMA_ATTR_MMIO));
	dma_iova_destroy(conf->dev, &state, PAGE_SIZE, dir, DMA_ATTR_MMIO);
	expect_calls(test, "", phys, PAGE_SIZE, dir);
	expect_no_other(test);
}

static void promise_89_a_link_is_maintained_as_a_mapping_is(struct kunit *test)
{
	static const unsigned long attrs[] = { 0, DMA_ATTR_SKIP_CPU_SYNC };
	struct conf *conf = test->priv;
	enum dma_data_direction dir;
	int i;

	conf_needs(test, CONF_IOVA);
	/* A bounced link keeps its offset in the page. */
	dma_set_min_align_mask(conf->dev, PAGE_SIZE - 1);
	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		for (i = 0; i < ARRAY_SIZE(attrs); i++) {
			link(test, PAGE_SIZE, PAGE_SIZE, dir, attrs[i]);
			link(test, PAGE_SIZE, 2 * PAGE_SIZE, dir, attrs[i]);
			link(test, PAGE_SIZE, PAGE_SIZE + 1000, dir, attrs[i]);
			link(test, PAGE_SIZE + 100, 2 * PAGE_SIZE, dir,
			     attrs[i]);
		}
		link_resource(test, dir);
	}
}

/* Devices that snoop */

static int maintained(struct kunit *test)
{
	struct conf *conf = test->priv;
	int i, nr = 0;

	for (i = 0; i < min(nr_calls, MAX_CALLS); i++)
		nr += maintains(&calls[i]) &&
		      is_on(test, &calls[i], virt_to_phys(conf->buf),
			    CONF_BUF_SIZE);
	return nr;
}

/* This also verifies the claim. */
static void promise_80_only_what_does_not_snoop_is_maintained(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct list *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	dma_addr_t addr;
	int nr;

	KUNIT_ASSERT_NOT_NULL(test, l);
	begin(test);
	addr = dma_map_single(conf->dev, conf->buf, PAGE_SIZE,
			      DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(conf->dev, addr));
	dma_sync_single_for_cpu(conf->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_sync_single_for_device(conf->dev, addr, PAGE_SIZE,
				   DMA_BIDIRECTIONAL);
	dma_unmap_single(conf->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	nr = maintained(test);

	make_list(test, l, false);
	begin(test);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt,
						 DMA_BIDIRECTIONAL, 0));
	dma_sync_sgtable_for_cpu(conf->dev, &l->sgt, DMA_BIDIRECTIONAL);
	dma_sync_sgtable_for_device(conf->dev, &l->sgt, DMA_BIDIRECTIONAL);
	dma_unmap_sgtable(conf->dev, &l->sgt, DMA_BIDIRECTIONAL, 0);
	nr += maintained(test);

	if (conf->be->claims & CONF_MAINTAINS)
		KUNIT_EXPECT_GE(test, nr, 4 + 4 * NENTS);
	else
		KUNIT_EXPECT_EQ(test, 0, nr);
}

static int cache_test_init(struct kunit *test)
{
	int ret = conf_test_init(test);

	nr_calls = 0;
	if (!ret)
		kunit_activate_static_stub(test, dma_observe, record);
	return ret;
}

static void cache_test_exit(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, nr_calls, MAX_CALLS);
	conf_test_exit(test);
}

static struct kunit_case cache_test_cases[] = {
	KUNIT_CASE_PARAM(promise_80_only_what_does_not_snoop_is_maintained,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_81_a_map_and_an_unmap_maintain_the_buffer,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_82_a_sync_maintains_its_range,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_83_a_list_is_maintained_entry_by_entry,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_84_a_skipped_sync_maintains_nothing,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_85_a_resource_is_not_maintained,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_86_a_refused_mapping_maintains_nothing,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_87_no_cache_line_falls_on_coherent_memory,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_88_pages_of_an_allocation_are_maintained,
			 conf_gen_maintains),
	KUNIT_CASE_PARAM(promise_89_a_link_is_maintained_as_a_mapping_is,
			 conf_gen_maintains),
	{}
};

static struct kunit_suite cache_test_suite = {
	.name = "dma_conformance_cache",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = cache_test_init,
	.exit = cache_test_exit,
	.test_cases = cache_test_cases,
};

kunit_test_suite(cache_test_suite);

MODULE_DESCRIPTION("KUnit tests of the promises of cache maintenance");
MODULE_LICENSE("GPL");
