// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of single mappings: data arrives, from every offset, in every size and
 * direction, and no byte outside of the mapping changes.
 */
#include <linux/completion.h>
#include <linux/dma-map-ops.h>
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include "conformance.h"

static uint cpus;
module_param(cpus, uint, 0444);
MODULE_PARM_DESC(cpus, "Fail unless as many CPUs take part");

/* Around a cache line, a bounce slot (2 KiB) and a page. */
static const size_t offsets[] = {
	0, 1, 63, 64, 2047, 2048, 2049, PAGE_SIZE - 1,
};

static const size_t sizes[] = {
	1, 63, 64, 65, 2047, 2048, 2049, PAGE_SIZE - 1, PAGE_SIZE,
	PAGE_SIZE + 1, 2 * PAGE_SIZE + 100,
};

/* This many bytes on both sides of a mapping must not change. */
#define GUARD	64

struct shape {
	size_t off, size;	/* in the buffer, behind its first page */
	enum dma_data_direction dir;
	unsigned long attrs;
	dma_addr_t addr;
};

static void map(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;

	s->addr = dma_map_page_attrs(conf->dev, virt_to_page(conf->buf), s->off,
				     s->size, s->dir, s->attrs);
	KUNIT_ASSERT_FALSE_MSG(test, dma_mapping_error(conf->dev, s->addr),
			       "offset %zu size %zu dir %d", s->off, s->size,
			       s->dir);
}

static void unmap(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;

	dma_unmap_page_attrs(conf->dev, s->addr, s->size, s->dir, s->attrs);
}

/* The buffer and the bytes around it are what they should be. */
static void expect_buf(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;
	size_t from = s->off - GUARD, len = s->size + 2 * GUARD;

	KUNIT_EXPECT_EQ_MSG(test, len,
			    conf_same(conf->buf + from, conf->want + from, len),
			    "offset %zu size %zu dir %d", s->off, s->size,
			    s->dir);
}

/* The device sees what the buffer should hold. */
static void expect_seen(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;

	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, s->addr, conf->seen, s->size));
	KUNIT_EXPECT_EQ_MSG(test, s->size,
			    conf_same(conf->seen, conf->want + s->off, s->size),
			    "offset %zu size %zu dir %d", s->off, s->size,
			    s->dir);
}

/* The device writes @len bytes at @at of the mapping. */
static void device_writes(struct kunit *test, struct shape *s, size_t at,
			  size_t len, u8 seed)
{
	struct conf *conf = test->priv;

	conf_fill(conf->seen, len, seed);
	memcpy(conf->want + s->off + at, conf->seen, len);
	KUNIT_EXPECT_EQ(test, 0,
			conf_write(conf, s->addr + at, conf->seen, len));
}

static void cpu_writes(struct kunit *test, struct shape *s, size_t at,
		       size_t len, u8 seed)
{
	struct conf *conf = test->priv;

	conf_fill(conf->buf + s->off + at, len, seed);
	memcpy(conf->want + s->off + at, conf->buf + s->off + at, len);
}

static void each_shape(struct kunit *test, enum dma_data_direction dir,
		       unsigned long attrs,
		       void (*fn)(struct kunit *test, struct shape *s))
{
	struct shape s = { .dir = dir, .attrs = attrs };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			s.off = PAGE_SIZE + offsets[i];
			s.size = sizes[j];
			fn(test, &s);
		}
	}
}

static void to_device(struct kunit *test, struct shape *s)
{
	cpu_writes(test, s, 0, s->size, s->size);
	map(test, s);
	expect_seen(test, s);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_map_to_device(struct kunit *test)
{
	each_shape(test, DMA_TO_DEVICE, 0, to_device);
}

static void from_device(struct kunit *test, struct shape *s)
{
	map(test, s);
	device_writes(test, s, 0, s->size, s->size);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_map_from_device(struct kunit *test)
{
	each_shape(test, DMA_FROM_DEVICE, 0, from_device);
}

static void partial_write(struct kunit *test, struct shape *s)
{
	size_t at = s->size / 3, len = s->size / 2;

	cpu_writes(test, s, 0, s->size, s->size + 1);
	map(test, s);
	if (len)
		device_writes(test, s, at, len, s->size + 2);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_map_partial_write(struct kunit *test)
{
	each_shape(test, DMA_FROM_DEVICE, 0, partial_write);
	each_shape(test, DMA_BIDIRECTIONAL, 0, partial_write);
}

static void both_ways(struct kunit *test, struct shape *s)
{
	cpu_writes(test, s, 0, s->size, s->size + 3);
	map(test, s);
	expect_seen(test, s);
	device_writes(test, s, 0, s->size, s->size + 4);
	expect_seen(test, s);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_map_both_ways(struct kunit *test)
{
	each_shape(test, DMA_BIDIRECTIONAL, 0, both_ways);
}

/*
 * Sync a part of a mapping, in whole cache lines.  The CPU sees all that the device
 * wrote there.  If the device bounces, the CPU sees nothing of what it wrote beside.
 */
static void sync_for_cpu(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;
	size_t at = s->size / 4 & ~127UL, len = s->size / 2 & ~127UL;
	size_t from = s->off + at;

	if (!len)
		return;
	cpu_writes(test, s, 0, s->size, s->size + 5);
	map(test, s);
	device_writes(test, s, 0, s->size, s->size + 6);
	dma_sync_single_range_for_cpu(conf->dev, s->addr, at, len, s->dir);
	KUNIT_EXPECT_EQ_MSG(test, len,
			    conf_same(conf->buf + from, conf->want + from, len),
			    "offset %zu size %zu at %zu length %zu", s->off,
			    s->size, at, len);
	if (conf->be->claims & CONF_BOUNCES) {
		conf_fill(conf->seen, s->size, s->size + 5);
		KUNIT_EXPECT_EQ(test, at, conf_same(conf->buf + s->off,
						    conf->seen, at));
		KUNIT_EXPECT_EQ(test, s->size - at - len,
				conf_same(conf->buf + from + len,
					  conf->seen + at + len,
					  s->size - at - len));
	}
	dma_sync_single_range_for_device(conf->dev, s->addr, at, len, s->dir);
	dma_sync_single_for_cpu(conf->dev, s->addr, s->size, s->dir);
	expect_buf(test, s);
	dma_sync_single_for_device(conf->dev, s->addr, s->size, s->dir);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_sync_for_cpu(struct kunit *test)
{
	each_shape(test, DMA_FROM_DEVICE, 0, sync_for_cpu);
	each_shape(test, DMA_BIDIRECTIONAL, 0, sync_for_cpu);
}

static void sync_for_device(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;
	size_t at = s->size / 4 & ~127UL, len = s->size / 2 & ~127UL;

	if (!len)
		return;
	cpu_writes(test, s, 0, s->size, s->size + 7);
	map(test, s);
	dma_sync_single_range_for_cpu(conf->dev, s->addr, at, len, s->dir);
	cpu_writes(test, s, at, len, s->size + 8);
	dma_sync_single_range_for_device(conf->dev, s->addr, at, len, s->dir);
	expect_seen(test, s);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_sync_for_device(struct kunit *test)
{
	each_shape(test, DMA_TO_DEVICE, 0, sync_for_device);
	each_shape(test, DMA_BIDIRECTIONAL, 0, sync_for_device);
}

static void skip_sync(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;

	map(test, s);
	cpu_writes(test, s, 0, s->size, s->size + 9);
	dma_sync_single_for_device(conf->dev, s->addr, s->size, s->dir);
	expect_seen(test, s);
	device_writes(test, s, 0, s->size, s->size + 10);
	dma_sync_single_for_cpu(conf->dev, s->addr, s->size, s->dir);
	unmap(test, s);
	expect_buf(test, s);
}

void conf_map_skip_sync(struct kunit *test)
{
	each_shape(test, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC, skip_sync);
}

/*
 * Without a sync at the unmap, what the CPU has written since the last one stays.  If the
 * device bounces, so does the rest of the buffer: nothing is copied back.  Without a
 * bounce, the device has written to the buffer itself.  The rest may be either if the
 * device does not snoop, or if not every buffer is bounced.
 */
static void skip_unmap(struct kunit *test, struct shape *s)
{
	size_t at = s->size / 4 & ~127UL, len = s->size / 2 & ~127UL;
	struct conf *conf = test->priv;
	bool known = conf->be->claims & CONF_COHERENT &&
		     !(conf->be->claims & (CONF_HIDES | CONF_BOUNCES_SOME));
	size_t from = s->off + at;

	if (!len)
		return;
	cpu_writes(test, s, 0, s->size, s->size + 11);
	map(test, s);
	dma_sync_single_for_device(conf->dev, s->addr, s->size, s->dir);
	device_writes(test, s, 0, s->size, s->size + 12);
	dma_sync_single_range_for_cpu(conf->dev, s->addr, at, len, s->dir);
	if (conf->be->claims & CONF_BOUNCES)
		conf_fill(conf->want + s->off, s->size, s->size + 11);
	cpu_writes(test, s, at, len, s->size + 13);
	unmap(test, s);
	if (known)
		expect_buf(test, s);
	else
		KUNIT_EXPECT_EQ(test, len, conf_same(conf->buf + from,
						     conf->want + from, len));
}

/*
 * Without a sync at the map, the device may see the buffer, which is zeroed, or not.  It
 * must not see what another mapping has left in a bounce buffer.
 */
static void skip_map(struct kunit *test, struct shape *s)
{
	struct conf *conf = test->priv;

	map(test, s);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, s->addr, conf->seen, s->size));
	KUNIT_EXPECT_NULL(test, memchr(conf->seen, 0x5a, s->size));
	unmap(test, s);
	expect_buf(test, s);
}

void conf_map_skip_both(struct kunit *test)
{
	struct conf *conf = test->priv;

	each_shape(test, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC, skip_unmap);
	each_shape(test, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC, skip_unmap);
	memset(conf->want, 0x5a, CONF_BUF_SIZE);
	conf_soil(test);
	memset(conf->buf, 0, CONF_BUF_SIZE);
	memset(conf->want, 0, CONF_BUF_SIZE);
	each_shape(test, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC, skip_map);
	conf_sg_skip_unmap(test);
}

void conf_map_hints(struct kunit *test)
{
	static const unsigned long hints[] = {
		DMA_ATTR_WEAK_ORDERING, DMA_ATTR_WRITE_COMBINE,
		DMA_ATTR_NO_WARN, DMA_ATTR_PRIVILEGED,
		DMA_ATTR_FORCE_CONTIGUOUS, DMA_ATTR_ALLOC_SINGLE_PAGES,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		struct shape s = {
			.off = PAGE_SIZE + 100, .size = 5000,
			.dir = DMA_BIDIRECTIONAL, .attrs = hints[i],
		};

		both_ways(test, &s);
	}
}

static void free_two_pages(void *page)
{
	__free_pages(page, 1);
}

static void fill_pages(struct page *page, const u8 *p)
{
	memcpy_to_page(page, 0, p, PAGE_SIZE);
	memcpy_to_page(page + 1, 0, p + PAGE_SIZE, PAGE_SIZE);
}

static void expect_pages(struct kunit *test, struct page *page, const char *when)
{
	struct conf *conf = test->priv;

	memcpy_from_page(conf->seen, page, 0, PAGE_SIZE);
	memcpy_from_page(conf->seen + PAGE_SIZE, page + 1, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ_MSG(test, 2 * PAGE_SIZE,
			    conf_same(conf->seen, conf->want, 2 * PAGE_SIZE),
			    "%s", when);
}

/*
 * Pages that the kernel does not map, if the machine has some (HIGHMEM): who copies or
 * maintains their bytes has to map each page.
 */
void conf_map_highmem(struct kunit *test)
{
	struct shape s = {
		.off = PAGE_SIZE / 2 + 100, .size = PAGE_SIZE,
		.dir = DMA_BIDIRECTIONAL,
	};
	struct page *page = alloc_pages(GFP_HIGHUSER, 1);
	struct conf *conf = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_two_pages, page));
	if (totalhigh_pages())
		KUNIT_EXPECT_TRUE(test, PageHighMem(page) && PageHighMem(page + 1));
	conf_fill(conf->want, 2 * PAGE_SIZE, 80);
	fill_pages(page, conf->want);
	s.addr = dma_map_page(conf->dev, page, s.off, s.size, s.dir);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(conf->dev, s.addr));
	expect_seen(test, &s);

	device_writes(test, &s, 0, s.size, 81);
	dma_sync_single_for_cpu(conf->dev, s.addr, s.size, s.dir);
	expect_pages(test, page, "after the sync for the CPU");

	conf_fill(conf->want + s.off, s.size, 82);
	fill_pages(page, conf->want);
	dma_sync_single_for_device(conf->dev, s.addr, s.size, s.dir);
	expect_seen(test, &s);

	device_writes(test, &s, 0, s.size, 83);
	dma_unmap_page(conf->dev, s.addr, s.size, s.dir);
	expect_pages(test, page, "after the unmap");
}

void conf_map_align(struct kunit *test)
{
	static const unsigned int masks[] = { 0x1ff, 0x7ff, 0xfff };
	struct conf *conf = test->priv;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		dma_set_min_align_mask(conf->dev, masks[i]);
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			struct shape s = {
				.off = PAGE_SIZE + offsets[j], .size = 5000,
				.dir = DMA_BIDIRECTIONAL,
			};

			map(test, &s);
			KUNIT_EXPECT_EQ_MSG(test, s.off & masks[i],
					    s.addr & masks[i], "offset %zu",
					    s.off);
			unmap(test, &s);
			both_ways(test, &s);
			sync_for_cpu(test, &s);
			sync_for_device(test, &s);
		}
	}
}

/* A page-aligned buffer has a page-aligned address, whatever was mapped before. */
void conf_map_page_aligned(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE };
	struct shape small = {
		.off = 4 * PAGE_SIZE, .size = 64, .dir = DMA_TO_DEVICE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct shape s = { .size = sizes[i], .dir = DMA_TO_DEVICE };

		map(test, &small);
		map(test, &s);
		KUNIT_EXPECT_EQ_MSG(test, 0, s.addr & ~PAGE_MASK, "size %zu",
				    s.size);
		unmap(test, &s);
		unmap(test, &small);
	}
}

void conf_map_need_sync(struct kunit *test)
{
	struct conf *conf = test->priv;
	u8 before = conf->buf[0], seen;
	dma_addr_t addr;

	addr = dma_map_single(conf->dev, conf->buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(conf->dev, addr));
	conf->buf[0] = ~before;
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, addr, &seen, 1));
	if (seen == before || !dev_is_dma_coherent(conf->dev))
		KUNIT_EXPECT_TRUE(test, dma_need_sync(conf->dev, addr));
	else if (conf->be->claims & CONF_TELLS_SYNC)
		KUNIT_EXPECT_FALSE(test, dma_need_sync(conf->dev, addr));
	conf->buf[0] = before;
	dma_unmap_single(conf->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
}

/* An address leads nowhere after the unmap. */
void conf_map_dead_address(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct shape s = {
		.off = PAGE_SIZE, .size = PAGE_SIZE, .dir = DMA_BIDIRECTIONAL,
	};

	conf_needs(test, CONF_TRANSLATES);
	map(test, &s);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, s.addr, conf->seen, 16));
	unmap(test, &s);
	KUNIT_EXPECT_EQ(test, -EFAULT, conf_read(conf, s.addr, conf->seen, 16));
	KUNIT_EXPECT_EQ(test, -EFAULT, conf_write(conf, s.addr, conf->seen, 16));
}

/* A resource: registers or memory of another device. */

static const unsigned long resource_attrs[] = {
	0, DMA_ATTR_SKIP_CPU_SYNC, DMA_ATTR_PRIVILEGED, DMA_ATTR_NO_WARN,
	DMA_ATTR_REQUIRE_COHERENT,
};

/* A kernel may warn about a resource that is out of reach. */
static dma_addr_t map_resource(struct kunit *test, phys_addr_t phys, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	struct conf *conf = test->priv;
	dma_addr_t addr = DMA_MAPPING_ERROR;

	kunit_warning_suppress(test) {
		addr = dma_map_resource(conf->dev, phys, size, dir, attrs);
	}
	return dma_mapping_error(conf->dev, addr) ? DMA_MAPPING_ERROR : addr;
}

static void expect_resource(struct kunit *test, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	struct conf *conf = test->priv;
	dma_addr_t addr = map_resource(test, phys, size, dir, attrs);

	KUNIT_ASSERT_NE_MSG(test, DMA_MAPPING_ERROR, addr,
			    "offset %lu size %zu dir %d attrs %lx",
			    offset_in_page(phys), size, dir, attrs);
	KUNIT_EXPECT_LE(test, addr + size - 1, dma_get_mask(conf->dev));
	KUNIT_EXPECT_EQ(test, phys, conf->be->walk(conf, addr));
	KUNIT_EXPECT_EQ(test, phys + size - 1,
			conf->be->walk(conf, addr + size - 1));
	dma_unmap_resource(conf->dev, addr, size, dir, attrs);
	if (conf->be->claims & CONF_TRANSLATES)
		KUNIT_EXPECT_EQ(test, CONF_NOWHERE,
				conf->be->walk(conf, addr));
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

static void expect_no_resource(struct kunit *test, phys_addr_t phys,
			       size_t size, enum dma_data_direction dir,
			       unsigned long attrs)
{
	struct conf *conf = test->priv;
	dma_addr_t addr = map_resource(test, phys, size, dir, attrs);

	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, addr);
	if (addr != DMA_MAPPING_ERROR)
		dma_unmap_resource(conf->dev, addr, size, dir, attrs);
}

/* Refused for each mapping of a device that needs maintenance. */
static bool needs_maintenance(struct conf *conf, unsigned long attrs)
{
	return attrs & DMA_ATTR_REQUIRE_COHERENT &&
	       !dev_is_dma_coherent(conf->dev);
}

/*
 * This one is beyond the mask.  It is refused, unless the backend leads to it from an
 * address within the mask.
 */
static void expect_beyond(struct kunit *test, phys_addr_t phys, size_t size,
			  unsigned long attrs)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;

	if (conf->be->claims & CONF_IOVA) {
		expect_resource(test, phys, size, DMA_BIDIRECTIONAL, attrs);
		return;
	}
	addr = map_resource(test, phys, size, DMA_BIDIRECTIONAL, attrs);
	if (addr == DMA_MAPPING_ERROR)
		return;
	KUNIT_EXPECT_TRUE_MSG(test, conf->be->claims & CONF_TRANSLATES,
			      "mapped beyond the mask, attrs %lx", attrs);
	KUNIT_EXPECT_LE(test, addr + size - 1, dma_get_mask(conf->dev));
	KUNIT_EXPECT_EQ(test, phys, conf->be->walk(conf, addr));
	dma_unmap_resource(conf->dev, addr, size, DMA_BIDIRECTIONAL, attrs);
}

/*
 * A page of a resource that ends with the last address of the mask, one that begins
 * before it and ends behind it, and one behind it.
 */
static void expect_reach(struct kunit *test)
{
	struct conf *conf = test->priv;
	phys_addr_t far = conf_resource(conf, true);
	int i;

	if (!CONF_HIGH_PHYS)
		return;
	/* The bus of a device that the suite did not make up may not lead there. */
	if (!(conf->be->claims & CONF_TRANSLATES) &&
	    (conf->dev->dma_range_map || conf->dev->bus_dma_limit))
		return;
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, far - 1));
	for (i = 0; i < ARRAY_SIZE(resource_attrs); i++) {
		unsigned long attrs = resource_attrs[i];

		if (needs_maintenance(conf, attrs))
			continue;
		expect_resource(test, far - PAGE_SIZE, PAGE_SIZE,
				DMA_BIDIRECTIONAL, attrs);
		expect_beyond(test, far - 64, 128, attrs);
		expect_beyond(test, far, PAGE_SIZE, attrs);
	}
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

void conf_map_resource(struct kunit *test)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = conf_resource(conf, false);
	enum dma_data_direction dir;
	int i;

	if (!(conf->be->claims & CONF_RESOURCES)) {
		for (i = 0; i < ARRAY_SIZE(resource_attrs); i++)
			expect_no_resource(test, phys, PAGE_SIZE,
					   DMA_BIDIRECTIONAL,
					   resource_attrs[i]);
		KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
		return;
	}
	for (i = 0; i < ARRAY_SIZE(resource_attrs); i++) {
		if (needs_maintenance(conf, resource_attrs[i])) {
			expect_no_resource(test, phys, PAGE_SIZE,
					   DMA_BIDIRECTIONAL, resource_attrs[i]);
			continue;
		}
		for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
			expect_resource(test, phys, PAGE_SIZE, dir,
					resource_attrs[i]);
			expect_resource(test, phys + 4, 4, dir,
					resource_attrs[i]);
			expect_resource(test, phys + PAGE_SIZE - 4, 8, dir,
					resource_attrs[i]);
		}
	}
	expect_reach(test);
}

/*
 * The device sees zeroes beside the buffer: neither what the CPU has in the same page
 * nor what an earlier bounce left in the same slot.
 */
void conf_map_neighbours(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct shape s = { .off = PAGE_SIZE + 300, .size = 400 };
	size_t before;

	conf_fill(conf->buf, CONF_BUF_SIZE, 91);
	memset(conf->want, 0xfe, CONF_BUF_SIZE);
	for (s.dir = DMA_BIDIRECTIONAL; s.dir <= DMA_FROM_DEVICE; s.dir++) {
		conf_soil(test);
		map(test, &s);
		before = s.addr & (SZ_4K - 1);
		KUNIT_EXPECT_EQ(test, 0, conf_read(conf, s.addr - before,
						   conf->seen, SZ_4K));
		KUNIT_EXPECT_NULL(test, memchr_inv(conf->seen, 0, before));
		KUNIT_EXPECT_NULL(test, memchr_inv(conf->seen + before + s.size,
						   0, SZ_4K - before - s.size));
		unmap(test, &s);
	}
}

/* Several CPUs at once, a page each. */

#define WORKERS		4
#define ROUNDS		200

struct worker {
	struct conf *conf;
	u8 *buf, seed;
	u8 want[512], seen[512];
	int wrong;
	struct completion done;
};

static bool allocate(struct worker *w)
{
	struct device *dev = w->conf->dev;
	bool wrong = true;
	dma_addr_t addr;
	u8 *p = dma_alloc_coherent(dev, PAGE_SIZE, &addr, GFP_KERNEL);

	if (!p)
		return true;
	conf_fill(w->want, sizeof(w->want), w->seed);
	if (!memchr_inv(p, 0, PAGE_SIZE) &&
	    !conf_write(w->conf, addr, w->want, sizeof(w->want)))
		wrong = memcmp(p, w->want, sizeof(w->want));
	dma_free_coherent(dev, PAGE_SIZE, p, addr);
	return wrong;
}

static int work(void *data)
{
	struct worker *w = data;
	struct device *dev = w->conf->dev;
	dma_addr_t addr;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 8 == w->seed / 16)
			w->wrong += allocate(w);
		conf_fill(w->want, sizeof(w->want), w->seed + i);
		memcpy(w->buf, w->want, sizeof(w->want));
		addr = dma_map_single(dev, w->buf, sizeof(w->want),
				      DMA_BIDIRECTIONAL);
		if (dma_mapping_error(dev, addr)) {
			w->wrong++;
			continue;
		}
		cond_resched();
		if (conf_read(w->conf, addr, w->seen, sizeof(w->seen)) ||
		    memcmp(w->seen, w->want, sizeof(w->want)))
			w->wrong++;
		conf_fill(w->want, sizeof(w->want), w->seed + i + 1);
		if (conf_write(w->conf, addr, w->want, sizeof(w->want)))
			w->wrong++;
		dma_unmap_single(dev, addr, sizeof(w->want),
				 DMA_BIDIRECTIONAL);
		if (memcmp(w->buf, w->want, sizeof(w->want)))
			w->wrong++;
	}
	complete(&w->done);
	return 0;
}

void conf_map_many_cpus(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct task_struct *task;
	struct worker *w;
	int i;

	if (cpus)
		KUNIT_EXPECT_EQ(test, cpus, num_online_cpus());
	w = kunit_kcalloc(test, WORKERS, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	for (i = 0; i < WORKERS; i++) {
		w[i].conf = conf;
		w[i].seed = 16 * i;
		w[i].buf = conf->buf + i * PAGE_SIZE;
		init_completion(&w[i].done);
		task = kthread_create(work, &w[i], "dma-conformance/%d", i);
		if (IS_ERR(task)) {
			w[i].wrong = -1;
			complete(&w[i].done);
			continue;
		}
		kthread_bind(task, cpumask_nth(i % num_online_cpus(),
					       cpu_online_mask));
		wake_up_process(task);
	}
	for (i = 0; i < WORKERS; i++) {
		wait_for_completion(&w[i].done);
		KUNIT_EXPECT_EQ(test, 0, w[i].wrong);
	}
}

/* With interrupts off; DEBUG_ATOMIC_SLEEP reports a call that may sleep. */
void conf_map_irqs_off(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct scatterlist sg[2];
	struct shape s = {
		.off = PAGE_SIZE + 100, .size = PAGE_SIZE,
		.dir = DMA_BIDIRECTIONAL,
	};
	int ents;

	sg_init_table(sg, ARRAY_SIZE(sg));
	sg_set_buf(&sg[0], conf->buf + 4 * PAGE_SIZE, PAGE_SIZE);
	sg_set_buf(&sg[1], conf->buf + 6 * PAGE_SIZE, PAGE_SIZE);
	conf_fill(conf->buf, CONF_BUF_SIZE, 14);
	memcpy(conf->want, conf->buf, CONF_BUF_SIZE);

	local_irq_disable();
	s.addr = dma_map_single(conf->dev, conf->buf + s.off, s.size, s.dir);
	ents = dma_map_sg(conf->dev, sg, ARRAY_SIZE(sg), DMA_TO_DEVICE);
	local_irq_enable();
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(conf->dev, s.addr));
	KUNIT_ASSERT_GT(test, ents, 0);

	expect_seen(test, &s);
	conf_fill(conf->want + s.off, s.size, 15);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, s.addr, conf->want + s.off,
					    s.size));
	local_irq_disable();
	dma_sync_single_for_cpu(conf->dev, s.addr, s.size, s.dir);
	local_irq_enable();
	expect_buf(test, &s);
	local_irq_disable();
	dma_sync_single_for_device(conf->dev, s.addr, s.size, s.dir);
	dma_sync_sg_for_cpu(conf->dev, sg, ARRAY_SIZE(sg), DMA_TO_DEVICE);
	dma_sync_sg_for_device(conf->dev, sg, ARRAY_SIZE(sg), DMA_TO_DEVICE);
	dma_unmap_sg(conf->dev, sg, ARRAY_SIZE(sg), DMA_TO_DEVICE);
	dma_unmap_single(conf->dev, s.addr, s.size, s.dir);
	local_irq_enable();
	expect_buf(test, &s);
}
