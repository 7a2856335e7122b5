// SPDX-License-Identifier: GPL-2.0
/*
 * Test that the models misbehave where the DMA API allows it, and nowhere else.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-direct.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-model.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include "model.h"

#define PAGES	4
#define SIZE	(PAGES * PAGE_SIZE)
/* For cases that play all models: as much where pages are larger. */
#define PART	(PAGES * SZ_4K)

static const enum dma_data_direction dirs[] = {
	DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE,
};

struct bench {
	struct device *dev;
	u8 *buf;		/* SIZE, page aligned */
	u8 *seen, *want;	/* SIZE */
	struct completion begun;
};

static void fill(u8 *p, size_t len, unsigned int seed)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	prandom_bytes_state(&rnd, p, len);
}

static void attach_line(struct kunit *test, unsigned int features, u64 seed,
			unsigned int line)
{
	const struct dma_model_params params = {
		.features = features, .seed = seed, .line = line,
	};
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(b->dev,
							DMA_BIT_MASK(64)), 0);
}

static void attach(struct kunit *test, unsigned int features, u64 seed)
{
	attach_line(test, features, seed, 0);
}

/* Take the device off its model, and expect that no resource is in use. */
static void detach(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;

	dma_model_flush_iotlb(b->dev);
	dma_model_drain(b->dev);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.maps, 0);
	KUNIT_EXPECT_EQ(test, s.slots, 0);
	KUNIT_EXPECT_EQ(test, s.iommu_pages, 0);
	KUNIT_EXPECT_EQ(test, s.in_flight, 0);
	KUNIT_EXPECT_EQ(test, dma_model_detach(b->dev), 0);
}

static dma_addr_t map(struct kunit *test, void *p, size_t len,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct bench *b = test->priv;
	dma_addr_t addr = dma_map_single_attrs(b->dev, p, len, dir, attrs);

	KUNIT_ASSERT_FALSE(test, dma_mapping_error(b->dev, addr));
	return addr;
}

static void expect_fault(struct kunit *test, enum dma_model_fault_reason reason,
			 bool write, u64 addr)
{
	struct bench *b = test->priv;
	struct dma_model_fault f = { };

	KUNIT_EXPECT_TRUE(test, dma_model_next_fault(b->dev, &f));
	KUNIT_EXPECT_EQ(test, f.reason, reason);
	KUNIT_EXPECT_EQ(test, f.write, write);
	KUNIT_EXPECT_EQ(test, f.addr, addr);
	KUNIT_EXPECT_FALSE(test, dma_model_next_fault(b->dev, &f));
}

/* All models */

static void move(struct kunit *test, unsigned int f, struct rnd_state *rnd)
{
	struct bench *b = test->priv;
	enum dma_data_direction dir = dirs[prandom_u32_state(rnd) % 3];
	size_t off = prandom_u32_state(rnd) % SZ_4K;
	size_t len = prandom_u32_state(rnd) % (2 * SZ_4K) + 1;
	size_t from = prandom_u32_state(rnd) % len;
	u8 *part = b->buf + PAGE_SIZE - SZ_4K;	/* of two pages */
	u8 *p = part + off;
	dma_addr_t addr;

	fill(part, PART, off);
	memcpy(b->want, part, PART);
	addr = map(test, p, len, dir, 0);
	if (dir != DMA_FROM_DEVICE) {
		KUNIT_EXPECT_EQ(test, dma_model_read(b->dev, addr, b->seen,
						     len), 0);
		KUNIT_EXPECT_MEMEQ_MSG(test, b->seen, p, len, "model %x", f);
	}
	if (dir != DMA_TO_DEVICE) {
		fill(b->want + off + from, len - from, len);
		KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr + from,
						      b->want + off + from,
						      len - from), 0);
		dma_model_step(b->dev);
		dma_model_drain(b->dev);
	}
	dma_unmap_single(b->dev, addr, len, dir);
	KUNIT_EXPECT_MEMEQ_MSG(test, part, b->want, PART, "model %x", f);
}

/* Loops over models and random numbers stop at the first failure. */
static bool failed(struct kunit *test)
{
	return READ_ONCE(test->status) == KUNIT_FAILURE;
}

/* While the device owns a buffer, the CPU writes nothing: lines do not matter. */
static void every_model_moves_the_right_bytes(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	struct rnd_state rnd;
	unsigned int f, i, nr = 0;

	for (f = 0; f <= MODEL_FEATURES && !failed(test);
	     f = model_features_next(f)) {
		attach_line(test, f, f + 1, 1 << f % 8);
		prandom_seed_state(&rnd, f);
		for (i = 0; i < 20 && !failed(test); i++)
			move(test, f, &rnd);
		dma_model_get_stats(b->dev, &s);
		KUNIT_EXPECT_EQ_MSG(test, s.faults, 0, "model %x", f);
		detach(test);
		nr++;
	}
	kunit_info(test, "%u models\n", nr);
}

static void every_model_has_coherent_memory(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int f, n = 0;
	dma_addr_t addr;
	u8 *p;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		/* Not all of them where pages are large: that takes minutes. */
		if (PAGE_SHIFT > 12 && n++ % 8)
			continue;
		attach(test, f, f + 1);
		p = dma_alloc_coherent(b->dev, PART, &addr, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		fill(b->want, PART, f);
		dma_model_write(b->dev, addr, b->want, PART);
		dma_model_drain(b->dev);
		dma_rmb();
		KUNIT_EXPECT_MEMEQ_MSG(test, p, b->want, PART, "model %x", f);
		fill(p, PART, f + 1);
		dma_wmb();
		dma_model_read(b->dev, addr, b->seen, PART);
		KUNIT_EXPECT_MEMEQ_MSG(test, b->seen, p, PART, "model %x", f);
		dma_free_coherent(b->dev, PART, p, addr);
		detach(test);
	}
}

/* Let step @n of some mappings and allocations fail.  Returns false past the last. */
static bool fails_at(struct kunit *test, int n, unsigned int f)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	struct sg_table sgt;
	struct page *page = NULL;
	dma_addr_t addr = 0, pages = 0;
	void *p = NULL;
	int ret, i;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(&sgt, PAGES, GFP_KERNEL), 0);
	for (i = 0; i < PAGES; i++)
		sg_set_buf(&sgt.sgl[i], b->buf + i * PAGE_SIZE, PAGE_SIZE - 8);
	memcpy(b->want, b->buf, SIZE);
	dma_model_fail(b->dev, n);
	ret = dma_map_sgtable(b->dev, &sgt, DMA_FROM_DEVICE, 0);
	if (!ret)
		p = dma_alloc_coherent(b->dev, PAGE_SIZE, &addr, GFP_KERNEL);
	if (p)
		page = dma_alloc_pages(b->dev, PAGE_SIZE, &pages,
				       DMA_TO_DEVICE, GFP_KERNEL);
	dma_model_fail(b->dev, 0);

	if (page)
		dma_free_pages(b->dev, PAGE_SIZE, page, pages, DMA_TO_DEVICE);
	if (p)
		dma_free_coherent(b->dev, PAGE_SIZE, p, addr);
	if (!ret)
		dma_unmap_sgtable(b->dev, &sgt, DMA_FROM_DEVICE, 0);
	sg_free_table(&sgt);
	KUNIT_EXPECT_TRUE(test, !ret || ret == -ENOMEM || ret == -EIO);
	KUNIT_EXPECT_MEMEQ_MSG(test, b->buf, b->want, SIZE, "model %x", f);
	dma_model_flush_iotlb(b->dev);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ_MSG(test, s.maps + s.slots + s.iommu_pages, 0,
			    "model %x step %d", f, n);
	return !page;
}

static void a_step_that_fails_leaks_nothing(struct kunit *test)
{
	unsigned int f, steps = 0;
	int n;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		attach(test, f, 1);
		for (n = 1; fails_at(test, n, f); n++)
			KUNIT_ASSERT_LT(test, n, 100);
		/* One record at least for each entry of the list and each allocation. */
		KUNIT_EXPECT_GT(test, n, PAGES + 2);
		steps += n;
		detach(test);
	}
	kunit_info(test, "%u steps\n", steps);
}

/* The expected answer follows from the features of the model. */
static void require_coherent_is_honoured_or_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	struct scatterlist sg;
	unsigned int f, i;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		bool copies = f & (DMA_MODEL_CACHE | DMA_MODEL_BOUNCE_ALL);

		attach(test, f, 1);
		for (i = 0; i < ARRAY_SIZE(dirs); i++) {
			dma_addr_t addr;
			int n;

			addr = dma_map_single_attrs(b->dev, b->buf, PAGE_SIZE,
						    dirs[i],
						    DMA_ATTR_REQUIRE_COHERENT);
			KUNIT_EXPECT_EQ_MSG(test, copies,
					    !!dma_mapping_error(b->dev, addr),
					    "model %x", f);
			if (addr != DMA_MAPPING_ERROR)
				dma_unmap_single_attrs(b->dev, addr, PAGE_SIZE,
						       dirs[i],
						       DMA_ATTR_REQUIRE_COHERENT);

			sg_init_one(&sg, b->buf, PAGE_SIZE);
			n = dma_map_sg_attrs(b->dev, &sg, 1, dirs[i],
					     DMA_ATTR_REQUIRE_COHERENT);
			KUNIT_EXPECT_EQ_MSG(test, n, !copies, "model %x", f);
			if (n)
				dma_unmap_sg_attrs(b->dev, &sg, 1, dirs[i],
						   DMA_ATTR_REQUIRE_COHERENT);
		}
		detach(test);
	}
}

static int worker(void *arg)
{
	struct bench *b = arg;
	u8 *p = kmalloc(600, GFP_KERNEL);
	u8 want[500];
	int i, bad = !p;

	complete(&b->begun);
	for (i = 0; i < 200 && !bad; i++) {
		dma_addr_t addr;

		memset(p, 0, 600);
		memset(want, i + (long)p, sizeof(want));
		addr = dma_map_single(b->dev, p + 50, 500, DMA_FROM_DEVICE);
		if (dma_mapping_error(b->dev, addr))
			break;
		bad |= dma_model_write(b->dev, addr, want, 500);
		dma_model_step(b->dev);
		if (i % 8 == 0)
			cond_resched();
		dma_model_drain(b->dev);
		dma_unmap_single(b->dev, addr, 500, DMA_FROM_DEVICE);
		bad |= !!memcmp(p + 50, want, 500) || memchr_inv(p, 0, 50) ||
		       memchr_inv(p + 550, 0, 50);
	}
	bad |= i < 200;
	kfree(p);
	while (!kthread_should_stop())
		msleep(20);
	return bad;
}

static void threads_share_a_model(struct kunit *test)
{
	struct bench *b = test->priv;
	struct task_struct *t[8];
	int i;

	attach(test, MODEL_FEATURES & ~(DMA_MODEL_NO_BARRIER | DMA_MODEL_BOUNCE |
			     DMA_MODEL_BOUNCE_ALL), 3);
	init_completion(&b->begun);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = kthread_run(worker, b, "dma_model/%d", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(t[i]));
		/* A thread that has not begun would never run once it is stopped. */
		if (!IS_ERR(t[i]))
			wait_for_completion(&b->begun);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		if (!IS_ERR(t[i]))
			KUNIT_EXPECT_EQ(test, kthread_stop(t[i]), 0);
	detach(test);
}

/* A number that depends on the order in which writes land. */
static u32 trace(struct kunit *test, u64 seed)
{
	struct bench *b = test->priv;
	u32 hash = 0;
	dma_addr_t addr;
	int i, j;

	attach(test, DMA_MODEL_REORDER | DMA_MODEL_IOMMU, seed);
	memset(b->buf, 0, SIZE);
	addr = map(test, b->buf, SIZE, DMA_FROM_DEVICE, 0);
	hash = addr >> PAGE_SHIFT;
	for (i = 0; i < 32; i++) {
		dma_model_write(b->dev, addr + i * 64, "x", 1);
		for (j = 0; j <= i; j++)
			hash = hash * 31 + b->buf[j * 64];
	}
	dma_model_drain(b->dev);
	dma_unmap_single(b->dev, addr, SIZE, DMA_FROM_DEVICE);
	detach(test);
	return hash;
}

static void a_seed_makes_the_same_choices(struct kunit *test)
{
	u32 first = trace(test, 7);

	KUNIT_EXPECT_EQ(test, trace(test, 7), first);
	KUNIT_EXPECT_NE(test, trace(test, 8), first);
	KUNIT_EXPECT_NE(test, trace(test, 7ULL << 32), first);
}

/* Cache */

static void a_device_write_is_hidden_until_a_sync(struct kunit *test)
{
	static const size_t lens[] = { 1, 5, 64, PAGE_SIZE + 3 };
	struct bench *b = test->priv;
	unsigned int i, j, k;

	attach(test, DMA_MODEL_CACHE, 1);
	for (i = 0; i < ARRAY_SIZE(lens) * 4; i++) {
		enum dma_data_direction dir = i & 1 ? DMA_FROM_DEVICE :
						      DMA_BIDIRECTIONAL;
		size_t len = lens[i / 4], seen = 0;
		u8 *p = b->buf + 77;
		dma_addr_t addr;

		fill(b->buf, SIZE, i);
		memcpy(b->want, b->buf, SIZE);
		/* The device writes the bytes that are there already, or others. */
		fill(b->want, SIZE, i & 2 ? i : i + 1);
		addr = map(test, p, len, dir, 0);
		dma_model_write(b->dev, addr, b->want + 77, len);
		for (j = 0; j < 20; j++) {
			for (k = 0; k < len; k++)
				seen += p[k] == b->want[77 + k];
			dma_model_step(b->dev);
		}
		KUNIT_EXPECT_EQ_MSG(test, seen, 0, "length %zu", len);
		dma_sync_single_for_cpu(b->dev, addr, len, dir);
		KUNIT_EXPECT_MEMEQ(test, p, b->want + 77, len);
		dma_unmap_single(b->dev, addr, len, dir);
		/* All of it: the bytes depend on the length where the CPU is big-endian. */
		fill(b->want, SIZE, i);
		KUNIT_EXPECT_MEMEQ(test, b->buf, b->want, 77);
	}
	detach(test);
}

static void an_early_sync_shows_nothing(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach(test, DMA_MODEL_CACHE, 1);
	memset(b->buf, 1, 64);
	addr = map(test, b->buf, 64, DMA_FROM_DEVICE, 0);
	dma_sync_single_for_cpu(b->dev, addr, 64, DMA_FROM_DEVICE);
	memset(b->seen, 2, 64);
	dma_model_write(b->dev, addr, b->seen, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->buf, 1, 64));
	/* The CPU has only read the buffer, so another sync shows the device's write. */
	dma_sync_single_for_cpu(b->dev, addr, 64, DMA_FROM_DEVICE);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->buf, 2, 64));
	dma_unmap_single(b->dev, addr, 64, DMA_FROM_DEVICE);
	detach(test);
}

static void a_cpu_write_stays_in_the_cache(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach(test, DMA_MODEL_CACHE, 1);
	memset(b->buf, 1, 64);
	addr = map(test, b->buf, 64, DMA_TO_DEVICE, 0);
	memset(b->buf, 2, 64);
	dma_model_step(b->dev);
	dma_model_read(b->dev, addr, b->seen, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->seen, 1, 64));
	dma_sync_single_range_for_device(b->dev, addr, 16, 32, DMA_TO_DEVICE);
	dma_model_read(b->dev, addr, b->seen, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->seen, 1, 16));
	KUNIT_EXPECT_NULL(test, memchr_inv(b->seen + 16, 2, 32));
	KUNIT_EXPECT_NULL(test, memchr_inv(b->seen + 48, 1, 16));
	dma_unmap_single(b->dev, addr, 64, DMA_TO_DEVICE);
	detach(test);
}

static void a_cpu_write_to_a_byte_the_device_owns_is_lost(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach(test, DMA_MODEL_CACHE, 1);
	memset(b->buf, 1, 64);
	addr = map(test, b->buf, 64, DMA_BIDIRECTIONAL, 0);
	memset(b->buf, 2, 64);
	dma_sync_single_for_device(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	dma_model_read(b->dev, addr, b->seen, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->seen, 1, 64));
	dma_unmap_single(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->buf, 1, 64));
	detach(test);
}

static void a_dirty_line_overwrites_a_device_write(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach(test, DMA_MODEL_CACHE, 1);
	memset(b->buf, 1, 64);
	addr = map(test, b->buf, 64, DMA_BIDIRECTIONAL, 0);
	dma_sync_single_for_cpu(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	memset(b->buf, 2, 64);
	memset(b->seen, 3, 64);
	dma_model_write(b->dev, addr, b->seen, 64);
	dma_sync_single_for_cpu(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, memchr(b->buf, 3, 64));
	dma_unmap_single(b->dev, addr, 64, DMA_BIDIRECTIONAL);

	/* A map that skips the sync does not write dirty lines back. */
	memset(b->buf, 1, 64);
	addr = map(test, b->buf, 64, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	dma_model_write(b->dev, addr, b->seen, 64);
	dma_unmap_single(b->dev, addr, 64, DMA_FROM_DEVICE);
	KUNIT_EXPECT_NULL(test, memchr(b->buf, 3, 64));
	detach(test);
}

static void devices_share_one_memory(struct kunit *test)
{
	static const struct dma_model_params params = {
		.features = DMA_MODEL_CACHE,
	};
	struct device *other = kunit_device_register(test, "other");
	struct bench *b = test->priv;
	dma_addr_t addr, again;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_ASSERT_EQ(test, kunit_dma_model_attach(test, other, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(other,
							DMA_BIT_MASK(64)), 0);
	attach(test, DMA_MODEL_CACHE, 1);
	memset(b->buf, 1, 64);
	addr = map(test, b->buf, 64, DMA_BIDIRECTIONAL, 0);
	/* The devices own the buffer already, so it needs no second sync. */
	again = dma_map_single_attrs(other, b->buf, 64, DMA_TO_DEVICE,
				     DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(other, again));
	memset(b->seen, 2, 64);
	dma_model_write(b->dev, addr, b->seen, 64);
	dma_model_read(other, again, b->want, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->want, 2, 64));
	dma_unmap_single_attrs(other, again, 64, DMA_TO_DEVICE,
			       DMA_ATTR_SKIP_CPU_SYNC);
	dma_unmap_single(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->buf, 2, 64));
	detach(test);
}

/* Cache lines */

#define LINE	64

/* Let CPU and device write at a time; where is the buffer wrong? */
static void share(struct kunit *test, unsigned int line, size_t at, size_t len,
		  size_t cpu, bool first, size_t wrong_from, size_t wrong_to)
{
	struct bench *b = test->priv;
	dma_addr_t addr;
	size_t i, wrong;

	attach_line(test, DMA_MODEL_CACHE, 1, line);
	memset(b->buf, 1, SIZE);
	memset(b->seen, 2, len);
	addr = map(test, b->buf + at, len, DMA_FROM_DEVICE, 0);
	if (first)
		b->buf[cpu] = 3;
	dma_model_write(b->dev, addr, b->seen, len);
	if (!first)
		b->buf[cpu] = 3;
	dma_unmap_single(b->dev, addr, len, DMA_FROM_DEVICE);
	for (i = 0; i < SIZE; i++) {
		wrong = i >= wrong_from && i < wrong_to;
		if (i == cpu)
			KUNIT_EXPECT_EQ(test, b->buf[i], 3);
		else if (i < at || i >= at + len)
			KUNIT_EXPECT_EQ(test, b->buf[i], 1);
		else if (wrong)
			KUNIT_EXPECT_NE_MSG(test, b->buf[i], 2, "%zu", i);
		else
			KUNIT_EXPECT_EQ_MSG(test, b->buf[i], 2, "%zu", i);
	}
	detach(test);
}

static void a_buffer_that_shares_a_line_is_corrupted(struct kunit *test)
{
	int first;

	for (first = 0; first < 2; first++) {
		/* A neighbour before, after, in the next page; lines of other lengths. */
		share(test, LINE, 70, 100, 64, first, 70, 128);
		share(test, LINE, 70, 100, 191, first, 128, 170);
		share(test, LINE, PAGE_SIZE - 10, 20, PAGE_SIZE + 10, first,
		      PAGE_SIZE, PAGE_SIZE + 10);
		share(test, 8, 70, 100, 65, first, 70, 72);
		share(test, PAGE_SIZE, 70, 100, 4000, first, 70, 170);
		share(test, LINE, 70, 20, 68, first, 70, 90);
	}
}

static void a_buffer_that_is_alone_in_its_lines_is_not(struct kunit *test)
{
	int first;

	for (first = 0; first < 2; first++) {
		share(test, LINE, 64, 128, 63, first, 0, 0);
		share(test, LINE, 64, 128, 192, first, 0, 0);
		share(test, LINE, 70, 100, 63, first, 0, 0);
		share(test, LINE, 70, 100, 192, first, 0, 0);
		share(test, 1, 70, 100, 69, first, 0, 0);
		share(test, 1, 70, 100, 170, first, 0, 0);
	}
}

/* Two buffers share a line; the CPU writes to the second one, or does not. */
static void neighbours(struct kunit *test, bool write, bool sync)
{
	struct bench *b = test->priv;
	dma_addr_t first, second = 0;

	attach_line(test, DMA_MODEL_CACHE, 1, LINE);
	memset(b->buf, 1, LINE);
	memset(b->seen, 2, LINE / 2);
	if (sync)
		second = map(test, b->buf + LINE / 2, LINE / 2, DMA_TO_DEVICE,
			     0);
	first = map(test, b->buf, LINE / 2, DMA_FROM_DEVICE, 0);
	dma_model_write(b->dev, first, b->seen, LINE / 2);
	if (write)
		memset(b->buf + LINE / 2, 3, LINE / 2);
	if (sync)
		dma_sync_single_for_device(b->dev, second, LINE / 2,
					   DMA_TO_DEVICE);
	else
		second = map(test, b->buf + LINE / 2, LINE / 2, DMA_TO_DEVICE,
			     0);
	dma_model_read(b->dev, second, b->want, LINE / 2);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->want, write ? 3 : 1, LINE / 2));
	dma_unmap_single(b->dev, first, LINE / 2, DMA_FROM_DEVICE);
	if (write)
		KUNIT_EXPECT_NULL(test, memchr(b->buf, 2, LINE / 2));
	else
		KUNIT_EXPECT_NULL(test, memchr_inv(b->buf, 2, LINE / 2));
	dma_unmap_single(b->dev, second, LINE / 2, DMA_TO_DEVICE);
	detach(test);
}

static void a_neighbour_writes_the_line_back(struct kunit *test)
{
	neighbours(test, true, false);
	neighbours(test, true, true);
}

static void a_neighbour_that_was_not_written_does_not(struct kunit *test)
{
	neighbours(test, false, false);
	neighbours(test, false, true);
}

/* A line that the CPU has seen before it was unmapped without a sync is not dirty. */
static void a_stale_line_is_not_written_back(struct kunit *test)
{
	/* dma-debug reports two buffers in one line. */
	const unsigned long shared = DMA_ATTR_DEBUGGING_IGNORE_CACHELINES;
	struct bench *b = test->priv;
	dma_addr_t first, second;

	attach_line(test, DMA_MODEL_CACHE, 1, LINE);
	memset(b->buf, 1, LINE);
	memset(b->seen, 2, LINE / 2);
	first = map(test, b->buf, LINE / 2, DMA_FROM_DEVICE, shared);
	second = map(test, b->buf + LINE / 2, LINE / 2, DMA_FROM_DEVICE, shared);
	dma_model_write(b->dev, first, b->seen, LINE / 2);
	dma_unmap_single_attrs(b->dev, first, LINE / 2, DMA_FROM_DEVICE,
			       DMA_ATTR_SKIP_CPU_SYNC | shared);
	dma_model_write(b->dev, second, b->seen, LINE / 2);
	dma_unmap_single_attrs(b->dev, second, LINE / 2, DMA_FROM_DEVICE,
			       shared);
	KUNIT_EXPECT_NULL(test, memchr_inv(b->buf + LINE / 2, 2, LINE / 2));
	detach(test);
}

/* The line is written back when the buffer is synced for the device again. */
static void a_sync_for_the_device_cleans_the_edges(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach_line(test, DMA_MODEL_CACHE, 1, LINE);
	memset(b->buf, 1, LINE);
	addr = map(test, b->buf, 10, DMA_FROM_DEVICE, 0);
	memset(b->seen, 2, 10);
	dma_model_write(b->dev, addr, b->seen, 10);
	b->buf[10] = 3;
	dma_sync_single_for_device(b->dev, addr, 10, DMA_FROM_DEVICE);
	dma_model_read(b->dev, addr, b->want, 10);
	KUNIT_EXPECT_NULL(test, memchr(b->want, 2, 10));
	dma_unmap_single(b->dev, addr, 10, DMA_FROM_DEVICE);
	detach(test);
}

/* The CPU owns the buffer, and has written to one byte of the line. */
static void a_dirty_byte_loses_what_goes_to_its_line(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach_line(test, DMA_MODEL_CACHE, 1, LINE);
	memset(b->buf, 1, 2 * LINE);
	memset(b->seen, 2, 2 * LINE);
	addr = map(test, b->buf, 2 * LINE, DMA_BIDIRECTIONAL, 0);
	dma_sync_single_for_cpu(b->dev, addr, 2 * LINE, DMA_BIDIRECTIONAL);
	b->buf[0] = 3;
	dma_model_write(b->dev, addr + 1, b->seen, 2 * LINE - 1);
	dma_sync_single_for_cpu(b->dev, addr, 2 * LINE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, memchr(b->buf, 2, LINE));
	KUNIT_EXPECT_NULL(test, memchr_inv(b->buf + LINE, 2, LINE));
	dma_unmap_single(b->dev, addr, 2 * LINE, DMA_BIDIRECTIONAL);
	detach(test);
}

static void a_line_is_counted_by_its_mappings(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t *addr, extra;
	int i, round;

	addr = kunit_kcalloc(test, U8_MAX, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	attach_line(test, DMA_MODEL_CACHE, 1, LINE);
	/* Another line keeps the page. */
	extra = map(test, b->buf + LINE, LINE, DMA_TO_DEVICE, 0);
	for (round = 0; round < 2; round++) {
		dma_addr_t more;

		/* Two buffers, so that only the edges are counted to the end. */
		for (i = 0; i < U8_MAX; i++)
			addr[i] = map(test, b->buf + i % 2 * 10, 10,
				      DMA_TO_DEVICE, 0);
		more = dma_map_single(b->dev, b->buf + 20, 10, DMA_TO_DEVICE);
		KUNIT_EXPECT_TRUE(test, dma_mapping_error(b->dev, more));
		for (i = 0; i < U8_MAX; i++)
			dma_unmap_single(b->dev, addr[i], 10, DMA_TO_DEVICE);
	}
	dma_unmap_single(b->dev, extra, LINE, DMA_TO_DEVICE);
	detach(test);
}

/* Interconnect */

struct race {
	unsigned int early, late;	/* how often the second write landed first, last */
};

static void land(void *ctx, phys_addr_t phys, const void *buf, size_t len)
{
	model_ram_write(phys, buf, len);
}

static struct race race(struct kunit *test, unsigned int path, bool first,
			bool second)
{
	struct model_fabric *f = model_fabric_create(1, 2, land, NULL);
	struct bench *b = test->priv;
	phys_addr_t phys = virt_to_phys(b->buf);
	struct race r = { };
	int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	for (i = 0; i < 500; i++) {
		memset(b->buf, 0, 2);
		model_fabric_write(f, 0, phys, "a", 1, first);
		model_fabric_write(f, path, phys + 1, "b", 1, second);
		while (!READ_ONCE(b->buf[1]))
			model_fabric_step(f);
		if (READ_ONCE(b->buf[0]))
			r.late++;
		else
			r.early++;
		model_fabric_drain(f);
		KUNIT_EXPECT_EQ(test, b->buf[0], 'a');
		KUNIT_EXPECT_EQ(test, model_fabric_in_flight(f), 0);
	}
	model_fabric_destroy(f);
	return r;
}

static void a_write_overtakes_one_on_another_path(struct kunit *test)
{
	struct race r = race(test, 1, false, false);

	KUNIT_EXPECT_GT(test, r.early, 50);
	KUNIT_EXPECT_GT(test, r.late, 50);
}

static void writes_on_one_path_keep_their_order(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, race(test, 0, false, false).early, 0);
}

static void a_barrier_lands_after_all_earlier_writes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, race(test, 1, false, true).early, 0);
}

static void a_later_write_overtakes_a_barrier(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, race(test, 1, true, false).early, 50);
}

static void a_read_sees_the_devices_own_write(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;
	int i;

	attach(test, DMA_MODEL_REORDER, 1);
	addr = map(test, b->buf, SIZE, DMA_BIDIRECTIONAL, 0);
	for (i = 0; i < 100; i++) {
		fill(b->want, 300, i);
		dma_model_write(b->dev, addr + i, b->want, 300);
		dma_model_read(b->dev, addr + i, b->seen, 300);
		KUNIT_EXPECT_MEMEQ(test, b->seen, b->want, 300);
	}
	dma_unmap_single(b->dev, addr, SIZE, DMA_BIDIRECTIONAL);
	detach(test);
}

static void a_write_that_lands_after_the_unmap_is_dropped(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr;
	int i = 0;

	attach(test, DMA_MODEL_REORDER, 1);
	do {
		memset(b->buf, 0, 64);
		addr = map(test, b->buf, 64, DMA_FROM_DEVICE, 0);
		dma_model_write(b->dev, addr, "x", 1);
		dma_model_get_stats(b->dev, &s);
		dma_unmap_single(b->dev, addr, 64, DMA_FROM_DEVICE);
	} while (!s.in_flight && ++i < 100);
	dma_model_drain(b->dev);
	KUNIT_EXPECT_EQ(test, b->buf[0], 0);
	expect_fault(test, DMA_MODEL_LATE, true, virt_to_phys(b->buf));
	detach(test);
}

/* Without a barrier, a sync or unmap of any buffer waits for all writes. */
static void a_sync_for_the_cpu_flushes_without_a_barrier(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr, other;
	struct scatterlist sg;
	int i;

	attach(test, DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER, 1);
	addr = map(test, b->buf, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	other = map(test, b->buf + PAGE_SIZE, 64, DMA_BIDIRECTIONAL, 0);
	sg_init_one(&sg, b->buf + 2 * PAGE_SIZE, 64);
	KUNIT_ASSERT_EQ(test, dma_map_sg(b->dev, &sg, 1, DMA_FROM_DEVICE), 1);
	for (i = 0; i < 100; i++) {
		fill(b->want, PAGE_SIZE, i);
		dma_model_write(b->dev, addr, b->want, PAGE_SIZE);
		if (i & 1)
			dma_sync_single_for_cpu(b->dev, other, 64,
						DMA_BIDIRECTIONAL);
		else
			dma_sync_sg_for_cpu(b->dev, &sg, 1, DMA_FROM_DEVICE);
		KUNIT_EXPECT_MEMEQ(test, b->buf, b->want, PAGE_SIZE);
	}
	dma_unmap_sg(b->dev, &sg, 1, DMA_FROM_DEVICE);
	dma_unmap_single(b->dev, other, 64, DMA_BIDIRECTIONAL);
	dma_unmap_single(b->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	detach(test);
}

static void an_unmap_flushes_without_a_barrier(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr;
	u8 *p;
	int i;

	attach(test, DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER, 1);
	for (i = 0; i < 100; i++) {
		fill(b->want, PAGE_SIZE, i);
		addr = map(test, b->buf, PAGE_SIZE, DMA_FROM_DEVICE, 0);
		dma_model_write(b->dev, addr, b->want, PAGE_SIZE);
		dma_unmap_single(b->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
		KUNIT_EXPECT_MEMEQ(test, b->buf, b->want, PAGE_SIZE);

		p = dma_alloc_coherent(b->dev, PAGE_SIZE, &addr, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		dma_model_write(b->dev, addr, b->want, PAGE_SIZE);
		dma_free_coherent(b->dev, PAGE_SIZE, p, addr);
	}
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.faults, 0);
	detach(test);
}

static void a_sync_for_the_device_does_not_flush(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr, other;
	int i, pending = 0;

	attach(test, DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER, 1);
	addr = map(test, b->buf, PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	other = map(test, b->buf + PAGE_SIZE, 64, DMA_TO_DEVICE, 0);
	for (i = 0; i < 100; i++) {
		dma_model_write(b->dev, addr, "x", 1);
		dma_sync_single_for_device(b->dev, addr, PAGE_SIZE,
					   DMA_BIDIRECTIONAL);
		dma_sync_single_for_cpu(b->dev, other, 64, DMA_TO_DEVICE);
		dma_model_get_stats(b->dev, &s);
		pending += s.in_flight;
		dma_model_drain(b->dev);
	}
	KUNIT_EXPECT_GT(test, pending, 0);
	dma_unmap_single(b->dev, other, 64, DMA_TO_DEVICE);
	dma_unmap_single(b->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	detach(test);
}

/* IOMMU */

static void an_iommu_checks_every_access(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach(test, DMA_MODEL_IOMMU, 1);
	addr = map(test, b->buf, 64, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, dma_model_read(b->dev, addr, b->seen, 64), 0);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "x", 1), -EFAULT);
	expect_fault(test, DMA_MODEL_DENIED, true, addr);
	KUNIT_EXPECT_EQ(test, dma_model_read(b->dev, addr + 64, b->seen, 1),
			-EFAULT);
	expect_fault(test, DMA_MODEL_UNMAPPED, false, addr + 64);
	KUNIT_EXPECT_EQ(test, dma_model_read(b->dev, 0, b->seen, 1), -EFAULT);
	expect_fault(test, DMA_MODEL_UNMAPPED, false, 0);
	dma_unmap_single(b->dev, addr, 64, DMA_TO_DEVICE);

	addr = map(test, b->buf, 64, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "x", 1), 0);
	KUNIT_EXPECT_EQ(test, dma_model_read(b->dev, addr, b->seen, 1),
			-EFAULT);
	expect_fault(test, DMA_MODEL_DENIED, false, addr);
	dma_unmap_single(b->dev, addr, 64, DMA_FROM_DEVICE);
	detach(test);
}

static void a_strict_iommu_forgets_a_translation_at_once(struct kunit *test)
{
	struct bench *b = test->priv;
	dma_addr_t addr;

	attach(test, DMA_MODEL_IOMMU, 1);
	addr = map(test, b->buf, 64, DMA_BIDIRECTIONAL, 0);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "x", 1), 0);
	dma_unmap_single(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "y", 1), -EFAULT);
	expect_fault(test, DMA_MODEL_UNMAPPED, true, addr);
	KUNIT_EXPECT_EQ(test, b->buf[0], 'x');
	detach(test);
}

static void a_lazy_iommu_keeps_a_translation_until_the_flush(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr, again;

	attach(test, DMA_MODEL_IOMMU | DMA_MODEL_LAZY, 1);
	addr = map(test, b->buf, 64, DMA_BIDIRECTIONAL, 0);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "x", 1), 0);
	dma_unmap_single(b->dev, addr, 64, DMA_BIDIRECTIONAL);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.iommu_stale, 1);

	/* The page is unmapped.  The device does not notice that its write is lost. */
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "y", 1), 0);
	expect_fault(test, DMA_MODEL_STALE, true, addr);
	KUNIT_EXPECT_EQ(test, b->buf[0], 'x');
	/* The page is mapped again elsewhere, and the old translation still works. */
	again = map(test, b->buf, 64, DMA_BIDIRECTIONAL, 0);
	KUNIT_EXPECT_NE(test, again, addr);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "y", 1), 0);
	expect_fault(test, DMA_MODEL_STALE, true, addr);
	KUNIT_EXPECT_EQ(test, b->buf[0], 'y');

	dma_model_flush_iotlb(b->dev);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "z", 1), -EFAULT);
	expect_fault(test, DMA_MODEL_UNMAPPED, true, addr);
	KUNIT_EXPECT_EQ(test, b->buf[0], 'y');
	dma_unmap_single(b->dev, again, 64, DMA_BIDIRECTIONAL);
	detach(test);
}

#define SPACE	32	/* pages */

static int take_all(struct kunit *test, dma_addr_t *addr, size_t len)
{
	struct bench *b = test->priv;
	int nr = 0;

	for (; nr <= SPACE; nr++) {
		addr[nr] = dma_map_single(b->dev, b->buf, len, DMA_TO_DEVICE);
		if (dma_mapping_error(b->dev, addr[nr]))
			break;
	}
	return nr;
}

static void io_addresses_run_out_and_fragment(struct kunit *test)
{
	struct dma_model_params params = {
		.features = DMA_MODEL_IOMMU, .iommu_pages = SPACE,
	};
	struct bench *b = test->priv;
	dma_addr_t addr[SPACE + 1], two;
	int lazy, i;

	for (lazy = 0; lazy < 2; lazy++) {
		params.features |= lazy ? DMA_MODEL_LAZY : 0;
		KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &params), 0);
		KUNIT_EXPECT_EQ(test, take_all(test, addr, PAGE_SIZE), SPACE);

		/* Half of the pages are free, and no two of them are in a row. */
		for (i = 0; i < SPACE; i++)
			if (addr[i] >> PAGE_SHIFT & 1)
				dma_unmap_single(b->dev, addr[i], PAGE_SIZE,
						 DMA_TO_DEVICE);
		two = dma_map_single(b->dev, b->buf, 2 * PAGE_SIZE,
				     DMA_TO_DEVICE);
		KUNIT_EXPECT_TRUE(test, dma_mapping_error(b->dev, two));
		for (i = 0; i < SPACE; i++)
			if (!(addr[i] >> PAGE_SHIFT & 1))
				dma_unmap_single(b->dev, addr[i], PAGE_SIZE,
						 DMA_TO_DEVICE);

		/* Addresses of unmapped pages are free only when they are flushed. */
		dma_model_flush_iotlb(b->dev);
		KUNIT_EXPECT_EQ(test, take_all(test, addr, 2 * PAGE_SIZE),
				SPACE / 2);
		for (i = 0; i < SPACE / 2; i++)
			dma_unmap_single(b->dev, addr[i], 2 * PAGE_SIZE,
					 DMA_TO_DEVICE);
		detach(test);
	}
}

static void an_iommu_merges_a_list(struct kunit *test)
{
	struct bench *b = test->priv;
	struct scatterlist sg[3];
	int order[] = { 2, 0, 1 }, i;

	attach(test, DMA_MODEL_IOMMU, 1);
	fill(b->buf, SIZE, 1);
	for (i = 0; i < 2; i++) {
		int segs = i ? 2 : 1, j;

		dma_set_max_seg_size(b->dev, i ? 2 * PAGE_SIZE : SIZE);
		sg_init_table(sg, 3);
		for (j = 0; j < 3; j++)
			sg_set_buf(&sg[j], b->buf + order[j] * PAGE_SIZE,
				   PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, dma_map_sg(b->dev, sg, 3, DMA_TO_DEVICE),
				segs);
		KUNIT_EXPECT_EQ(test, sg_dma_len(sg),
				(i ? 2 : 3) * PAGE_SIZE);
		dma_model_read(b->dev, sg_dma_address(sg), b->seen,
			       sg_dma_len(sg));
		KUNIT_EXPECT_MEMEQ(test, b->seen, b->buf + 2 * PAGE_SIZE,
				   PAGE_SIZE);
		KUNIT_EXPECT_MEMEQ(test, b->seen + PAGE_SIZE, b->buf,
				   PAGE_SIZE);
		dma_unmap_sg(b->dev, sg, 3, DMA_TO_DEVICE);
	}
	detach(test);
}

/* Bounce slots, ranges */

static void bounce_slots_run_out(struct kunit *test)
{
	const struct dma_model_params params = {
		.features = DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL, .slots = 4,
	};
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr[SPACE + 1];
	int i, round;

	KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &params), 0);
	for (round = 0; round < 2; round++) {
		KUNIT_EXPECT_EQ(test, take_all(test, addr, 64), 4);
		dma_model_get_stats(b->dev, &s);
		KUNIT_EXPECT_EQ(test, s.slots, 4);
		for (i = 0; i < 4; i++)
			dma_unmap_single(b->dev, addr[i], 64, DMA_TO_DEVICE);
	}
	detach(test);
}

static void only_buffers_out_of_reach_bounce(struct kunit *test)
{
	struct bench *b = test->priv;
	phys_addr_t phys = virt_to_phys(b->buf);
	const struct bus_dma_region ranges[] = {
		{ .cpu_start = phys, .dma_start = SZ_1G, .size = SIZE },
		{ }
	};
	const struct dma_model_params params = {
		.features = DMA_MODEL_BOUNCE | DMA_MODEL_OFFSET,
		.ranges = ranges,
	};
	unsigned long attrs = DMA_ATTR_REQUIRE_COHERENT;
	dma_addr_t addr;

	KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask(b->dev, DMA_BIT_MASK(31)), 0);
	addr = map(test, b->buf, 64, DMA_TO_DEVICE, attrs);
	KUNIT_EXPECT_EQ(test, addr, SZ_1G);
	KUNIT_EXPECT_EQ(test, dma_model_walk(b->dev, addr), phys);
	dma_unmap_single_attrs(b->dev, addr, 64, DMA_TO_DEVICE, attrs);

	KUNIT_ASSERT_EQ(test, dma_set_mask(b->dev, DMA_BIT_MASK(30)), 0);
	addr = map(test, b->buf, 64, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_LT(test, addr + 64, SZ_1G);
	KUNIT_EXPECT_NE(test, dma_model_walk(b->dev, addr), phys);
	dma_unmap_single(b->dev, addr, 64, DMA_TO_DEVICE);
	addr = dma_map_single_attrs(b->dev, b->buf, 64, DMA_TO_DEVICE, attrs);
	KUNIT_EXPECT_TRUE(test, dma_mapping_error(b->dev, addr));
	detach(test);
}

static void a_device_reaches_memory_through_ranges(struct kunit *test)
{
	struct bench *b = test->priv;
	phys_addr_t split = virt_to_phys(b->buf) + PAGE_SIZE;
	const struct bus_dma_region ranges[] = {
		{ .cpu_start = 0, .dma_start = SZ_8M, .size = split },
		{ .cpu_start = split, .dma_start = 0, .size = SZ_4M },
		{ }
	};
	const struct dma_model_params params = {
		.features = DMA_MODEL_OFFSET, .ranges = ranges,
	};
	dma_addr_t addr;

	KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask(b->dev, DMA_BIT_MASK(64)), 0);
	addr = map(test, b->buf, PAGE_SIZE, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, addr, split - PAGE_SIZE + SZ_8M);
	KUNIT_EXPECT_EQ(test, dma_model_walk(b->dev, addr),
			virt_to_phys(b->buf));
	dma_unmap_single(b->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	addr = map(test, b->buf + PAGE_SIZE, 64, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, addr, 0);
	dma_unmap_single(b->dev, addr, 64, DMA_TO_DEVICE);
	addr = dma_map_single(b->dev, b->buf, 2 * PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_EXPECT_TRUE(test, dma_mapping_error(b->dev, addr));
	detach(test);
}

static phys_addr_t beyond_ram(void)
{
	return PFN_PHYS((phys_addr_t)max_pfn) + SZ_1G;
}

static void mmio_is_mapped_but_not_accessed(struct kunit *test)
{
	struct bench *b = test->priv;
	phys_addr_t phys = beyond_ram();
	struct scatterlist sg;
	dma_addr_t addr;

	attach(test, DMA_MODEL_IOMMU | DMA_MODEL_CACHE | DMA_MODEL_BOUNCE |
	       DMA_MODEL_BOUNCE_ALL, 1);
	addr = dma_map_resource(b->dev, phys, 64, DMA_BIDIRECTIONAL, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(b->dev, addr));
	KUNIT_EXPECT_EQ(test, dma_model_walk(b->dev, addr), phys);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, addr, "x", 1), -ENXIO);
	dma_unmap_resource(b->dev, addr, 64, DMA_BIDIRECTIONAL, 0);
	KUNIT_EXPECT_EQ(test, dma_model_walk(b->dev, addr), PHYS_ADDR_MAX);

	/* A list is memory, so it cannot be MMIO. */
	sg_init_one(&sg, b->buf, 64);
	KUNIT_EXPECT_EQ(test, dma_map_sg_attrs(b->dev, &sg, 1,
					       DMA_BIDIRECTIONAL,
					       DMA_ATTR_MMIO), 0);
	detach(test);
}

/*
 * Mistakes of a driver.  These tests call the dma_map_ops themselves, because
 * dma-debug, where it is enabled, would count the calls as errors.
 */

static void detach_counts_and_frees_leaks(struct kunit *test)
{
	const struct dma_map_ops *ops;
	struct bench *b = test->priv;
	dma_addr_t addr, leaked;
	unsigned int f;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		if (f & DMA_MODEL_BOUNCE && !(f & DMA_MODEL_BOUNCE_ALL))
			continue;
		attach(test, f, 1);
		ops = get_dma_ops(b->dev);
		fill(b->buf, SIZE, f);
		memcpy(b->want, b->buf, SIZE);
		leaked = ops->map_phys(b->dev, virt_to_phys(b->buf) + 8, 100,
				       DMA_FROM_DEVICE, 0);
		KUNIT_EXPECT_NOT_NULL(test, ops->alloc(b->dev, PAGE_SIZE, &addr,
						       GFP_KERNEL, 0));
		dma_model_write(b->dev, addr, "x", 1);
		/* Not copied to a buffer that may have been freed. */
		if (f & DMA_MODEL_BOUNCE)
			dma_model_write(b->dev, leaked, b->want, 100);
		KUNIT_EXPECT_EQ(test, dma_model_detach(b->dev), 2);
		KUNIT_EXPECT_MEMEQ(test, b->buf, b->want, SIZE);
	}
}

static void wrong_calls_are_recorded(struct kunit *test)
{
	const struct dma_map_ops *ops;
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr;

	attach(test, DMA_MODEL_IOMMU | DMA_MODEL_CACHE, 1);
	ops = get_dma_ops(b->dev);
	addr = map(test, b->buf, 64, DMA_TO_DEVICE, 0);
	ops->unmap_phys(b->dev, addr, 64, DMA_FROM_DEVICE, 0);
	expect_fault(test, DMA_MODEL_MISUSE, true, addr);
	ops->unmap_phys(b->dev, addr, 63, DMA_TO_DEVICE, 0);
	expect_fault(test, DMA_MODEL_MISUSE, false, addr);
	ops->unmap_phys(b->dev, addr, 64, DMA_TO_DEVICE, DMA_ATTR_MMIO);
	expect_fault(test, DMA_MODEL_MISUSE, false, addr);
	ops->sync_single_for_cpu(b->dev, addr, 65, DMA_TO_DEVICE);
	expect_fault(test, DMA_MODEL_MISUSE, false, addr + 64);
	ops->free(b->dev, 64, b->buf, addr, 0);
	expect_fault(test, DMA_MODEL_MISUSE, true, addr);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.maps, 1);
	dma_unmap_single(b->dev, addr, 64, DMA_TO_DEVICE);

	addr = ops->map_phys(b->dev, beyond_ram(), 64, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, addr, DMA_MAPPING_ERROR);
	expect_fault(test, DMA_MODEL_MISUSE, false, beyond_ram());
	detach(test);
}

static void the_latest_faults_are_kept(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_fault fault;
	struct dma_model_stats s;
	u64 i;

	attach(test, DMA_MODEL_IOMMU, 1);
	for (i = 0; i < 100; i++)
		dma_model_write(b->dev, i, "x", 1);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.faults, 100);
	for (i = 36; dma_model_next_fault(b->dev, &fault); i++)
		KUNIT_EXPECT_EQ(test, fault.addr, i);
	KUNIT_EXPECT_EQ(test, i, 100);
	detach(test);
}

static void nothing(struct device *dev, void *priv)
{
}

static void wrong_parameters_are_refused(struct kunit *test)
{
	static const struct dma_model_params wrong[] = {
		{ .features = BIT(9) },
		{ .word = 2 },
		{ .run = nothing },
		{ .features = DMA_MODEL_NO_BARRIER },
		{ .features = DMA_MODEL_LAZY },
		{ .features = DMA_MODEL_BOUNCE_ALL },
		{ .features = DMA_MODEL_IOMMU, .iommu_base = 1 },
		{ .features = DMA_MODEL_BOUNCE, .slots = 3 },
		{ .features = DMA_MODEL_CACHE, .line = 48 },
		{ .features = DMA_MODEL_CACHE, .line = 2 * PAGE_SIZE },
	}, right = { };
	struct bench *b = test->priv;
	struct dma_model_stats s;
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_EQ_MSG(test, dma_model_attach(b->dev, &wrong[i]),
				    -EINVAL, "%d", i);
	KUNIT_EXPECT_EQ(test, dma_model_write(b->dev, 0, "x", 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, dma_model_read(b->dev, 0, b->seen, 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, dma_model_walk(b->dev, 0), PHYS_ADDR_MAX);
	dma_model_step(b->dev);
	dma_model_drain(b->dev);
	dma_model_fail(b->dev, 1);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, dma_model_detach(b->dev), -ENODEV);

	dev_set_dma_ops_bypass(b->dev);
	KUNIT_EXPECT_EQ(test, dma_model_attach(b->dev, &right), -EBUSY);
	dev_clear_dma_ops_bypass(b->dev);

	KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &right), 0);
	KUNIT_EXPECT_EQ(test, dma_model_attach(b->dev, &right), -EBUSY);
	KUNIT_EXPECT_EQ(test, dma_model_detach(b->dev), 0);
}

static void detach_restores_the_device(struct kunit *test)
{
	const struct dma_model_params params = { };
	struct bench *b = test->priv;
	const struct dma_map_ops *ops = get_dma_ops(b->dev);
	struct device_dma_parameters *limits = b->dev->dma_parms;
	u64 *mask = b->dev->dma_mask;
	int i;

	for (i = 0; i < 2; i++) {
		dev_assign_dma_coherent(b->dev, i);
		b->dev->dma_mask = i ? mask : NULL;
		KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, &params), 0);
		KUNIT_EXPECT_TRUE(test, dev_dma_coherent(b->dev));
		KUNIT_EXPECT_NOT_NULL(test, b->dev->dma_mask);
		KUNIT_EXPECT_NOT_NULL(test, b->dev->dma_parms);
		KUNIT_EXPECT_EQ(test, dma_model_detach(b->dev), 0);
		KUNIT_EXPECT_EQ(test, dev_dma_coherent(b->dev), i);
		KUNIT_EXPECT_PTR_EQ(test, get_dma_ops(b->dev), ops);
		KUNIT_EXPECT_PTR_EQ(test, b->dev->dma_mask, i ? mask : NULL);
		KUNIT_EXPECT_PTR_EQ(test, b->dev->dma_parms, limits);
	}
}

static void free_buf(void *buf)
{
	free_pages_exact(buf, SIZE);
}

/* A test that was aborted has left its device on the model. */
static void end(void *dev)
{
	dma_model_detach(dev);
}

static int model_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, b);
	b->dev = kunit_device_register(test, "model");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b->dev);
	b->seen = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b->seen);
	b->want = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b->want);
	b->buf = alloc_pages_exact(SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, b->buf);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, free_buf, b->buf), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end, b->dev), 0);
	test->priv = b;
	return 0;
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE(every_model_moves_the_right_bytes),
	KUNIT_CASE(every_model_has_coherent_memory),
	KUNIT_CASE(a_step_that_fails_leaks_nothing),
	KUNIT_CASE(require_coherent_is_honoured_or_refused),
	KUNIT_CASE(threads_share_a_model),
	KUNIT_CASE(a_seed_makes_the_same_choices),
	KUNIT_CASE(a_device_write_is_hidden_until_a_sync),
	KUNIT_CASE(an_early_sync_shows_nothing),
	KUNIT_CASE(a_cpu_write_stays_in_the_cache),
	KUNIT_CASE(a_cpu_write_to_a_byte_the_device_owns_is_lost),
	KUNIT_CASE(a_dirty_line_overwrites_a_device_write),
	KUNIT_CASE(devices_share_one_memory),
	KUNIT_CASE(a_buffer_that_shares_a_line_is_corrupted),
	KUNIT_CASE(a_buffer_that_is_alone_in_its_lines_is_not),
	KUNIT_CASE(a_neighbour_writes_the_line_back),
	KUNIT_CASE(a_neighbour_that_was_not_written_does_not),
	KUNIT_CASE(a_stale_line_is_not_written_back),
	KUNIT_CASE(a_sync_for_the_device_cleans_the_edges),
	KUNIT_CASE(a_dirty_byte_loses_what_goes_to_its_line),
	KUNIT_CASE(a_line_is_counted_by_its_mappings),
	KUNIT_CASE(a_write_overtakes_one_on_another_path),
	KUNIT_CASE(writes_on_one_path_keep_their_order),
	KUNIT_CASE(a_barrier_lands_after_all_earlier_writes),
	KUNIT_CASE(a_later_write_overtakes_a_barrier),
	KUNIT_CASE(a_read_sees_the_devices_own_write),
	KUNIT_CASE(a_write_that_lands_after_the_unmap_is_dropped),
	KUNIT_CASE(a_sync_for_the_cpu_flushes_without_a_barrier),
	KUNIT_CASE(an_unmap_flushes_without_a_barrier),
	KUNIT_CASE(a_sync_for_the_device_does_not_flush),
	KUNIT_CASE(an_iommu_checks_every_access),
	KUNIT_CASE(a_strict_iommu_forgets_a_translation_at_once),
	KUNIT_CASE(a_lazy_iommu_keeps_a_translation_until_the_flush),
	KUNIT_CASE(io_addresses_run_out_and_fragment),
	KUNIT_CASE(an_iommu_merges_a_list),
	KUNIT_CASE(bounce_slots_run_out),
	KUNIT_CASE(only_buffers_out_of_reach_bounce),
	KUNIT_CASE(a_device_reaches_memory_through_ranges),
	KUNIT_CASE(mmio_is_mapped_but_not_accessed),
	KUNIT_CASE(detach_counts_and_frees_leaks),
	KUNIT_CASE(wrong_calls_are_recorded),
	KUNIT_CASE(the_latest_faults_are_kept),
	KUNIT_CASE(wrong_parameters_are_refused),
	KUNIT_CASE(detach_restores_the_device),
	{}
};

static struct kunit_suite model_suite = {
	.name = "dma_model",
	.init = model_init,
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);

MODULE_DESCRIPTION("KUnit tests of the model DMA hardware");
MODULE_LICENSE("GPL");
