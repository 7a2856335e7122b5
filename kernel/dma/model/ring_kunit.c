// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of descriptors in coherent memory, with and without the barriers that a
 * weakly ordered CPU needs.
 *
 * The driver writes the address and the length of a buffer, then sets OWN.  The
 * device, which polls the ring, fills the buffer, writes how much it has filled,
 * and sets DONE.  The driver sees DONE and reads the length.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>

#define ENTRIES	8
#define LEN	64		/* of a buffer */
#define OWN	BIT(0)		/* the device owns the entry */
#define DONE	BIT(1)

enum mistake {
	NONE,
	NO_WMB, WMB_EARLY, WMB_LATE, SMP_WMB, RMB_FOR_WMB,
	NO_RMB, RMB_EARLY, SMP_RMB, WMB_FOR_RMB,
};

static const struct wrong {
	enum mistake mistake;
	const char *name;
} wrongs[] = {
	{ NO_WMB, "no_dma_wmb" },
	{ WMB_EARLY, "dma_wmb_before_the_address_is_written" },
	{ WMB_LATE, "dma_wmb_after_the_entry_is_handed_over" },
	{ SMP_WMB, "smp_wmb_in_place_of_dma_wmb" },
	{ RMB_FOR_WMB, "dma_rmb_in_place_of_dma_wmb" },
	{ NO_RMB, "no_dma_rmb" },
	{ RMB_EARLY, "dma_rmb_before_the_entry_is_done" },
	{ SMP_RMB, "smp_rmb_in_place_of_dma_rmb" },
	{ WMB_FOR_RMB, "dma_wmb_in_place_of_dma_rmb" },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrongs, name);

struct entry {
	u64 addr;
	u32 len;
	u32 status;
};

struct ring {
	struct device *dev;
	struct entry *entry;
	u8 *buf;		/* ENTRIES buffers */
	dma_addr_t entry_dma, buf_dma;
	unsigned int nr;	/* transfers begun by the driver */
	unsigned int done;	/* transfers done by the device */
	enum mistake mistake;
};

/* The device, played by the test */

static unsigned int fill_len(unsigned int nr)
{
	return nr % LEN + 1;
}

static void ring_device_runs(struct device *dev, void *priv)
{
	struct ring *r = priv;
	dma_addr_t addr = r->entry_dma +
			  r->done % ENTRIES * sizeof(struct entry);
	u8 data[LEN];
	struct entry e;
	u32 len;

	if (!r->entry)
		return;
	dma_model_read(dev, addr, &e, sizeof(e));
	if (e.status != OWN)
		return;
	r->done++;
	len = min(fill_len(r->done), e.len);
	memset(data, r->done, len);
	if (len)
		dma_model_write(dev, e.addr, data, len);
	e.status = DONE;
	dma_model_write(dev, addr + offsetof(struct entry, len), &len,
			sizeof(len));
	dma_model_write(dev, addr + offsetof(struct entry, status),
			&e.status, sizeof(e.status));
}

/* The driver */

static int ring_open(struct ring *r)
{
	struct entry *entry;

	r->nr = 0;
	r->done = 0;
	r->buf_dma = dma_map_single(r->dev, r->buf, ENTRIES * LEN,
				    DMA_FROM_DEVICE);
	if (dma_mapping_error(r->dev, r->buf_dma))
		return -ENOMEM;
	entry = dma_alloc_coherent(r->dev, ENTRIES * sizeof(*entry),
				   &r->entry_dma, GFP_KERNEL);
	if (!entry) {
		dma_unmap_single(r->dev, r->buf_dma, ENTRIES * LEN,
				 DMA_FROM_DEVICE);
		return -ENOMEM;
	}
	r->entry = entry;
	return 0;
}

static void ring_close(struct ring *r)
{
	struct entry *entry = r->entry;

	r->entry = NULL;
	dma_free_coherent(r->dev, ENTRIES * sizeof(*entry), entry,
			  r->entry_dma);
	dma_unmap_single(r->dev, r->buf_dma, ENTRIES * LEN, DMA_FROM_DEVICE);
}

/* Consecutive transfers use an entry with other buffers. */
static unsigned int which(unsigned int nr)
{
	return nr * 3 % ENTRIES ^ nr / ENTRIES % 2;
}

static void ring_post(struct ring *r)
{
	struct entry *e = &r->entry[r->nr % ENTRIES];

	r->nr++;
	if (r->mistake == WMB_EARLY)
		dma_wmb();
	e->addr = r->buf_dma + which(r->nr) * LEN;
	e->len = LEN;
	if (r->mistake == SMP_WMB)
		smp_wmb();	/* the mistake */
	else if (r->mistake == RMB_FOR_WMB)
		dma_rmb();
	else if (r->mistake != NO_WMB && r->mistake != WMB_EARLY &&
		 r->mistake != WMB_LATE)
		dma_wmb();
	WRITE_ONCE(e->status, OWN);
	if (r->mistake == WMB_LATE)
		dma_wmb();
	/* What a doorbell has in it. */
	wmb();
}

static bool ring_reap(struct ring *r)
{
	struct entry *e = &r->entry[(r->nr - 1) % ENTRIES];
	u8 *buf = r->buf + which(r->nr) * LEN;
	int i;

	for (i = 0; !(READ_ONCE(e->status) & DONE); i++) {
		if (i == 1000)
			return false;
		if (r->mistake == RMB_EARLY)
			dma_rmb();
		dma_model_step(r->dev);
	}
	if (r->mistake == SMP_RMB)
		smp_rmb();	/* the mistake */
	else if (r->mistake == WMB_FOR_RMB)
		dma_wmb();
	else if (r->mistake != NO_RMB && r->mistake != RMB_EARLY)
		dma_rmb();
	return e->len == fill_len(r->nr) && !memchr_inv(buf, (u8)r->nr, e->len);
}

/* The tests */

/* How many of @transfers work, up to the first one that does not? */
static int run(struct kunit *test, unsigned int features, unsigned int word,
	       u64 seed, enum mistake mistake, int transfers)
{
	struct ring *r = test->priv;
	const struct dma_model_params params = {
		.features = features | DMA_MODEL_WEAK_CPU, .seed = seed,
		.word = word, .run = ring_device_runs, .priv = r,
	};
	int good = 0;

	KUNIT_ASSERT_EQ(test, dma_model_attach(r->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(r->dev,
							DMA_BIT_MASK(64)), 0);
	r->mistake = mistake;
	KUNIT_ASSERT_EQ(test, ring_open(r), 0);
	for (; good < transfers; good++) {
		ring_post(r);
		if (!ring_reap(r))
			break;
	}
	ring_close(r);
	KUNIT_EXPECT_EQ(test, dma_model_detach(r->dev), 0);
	return good;
}

static const unsigned int models[] = {
	0, DMA_MODEL_IOMMU, DMA_MODEL_REORDER,
	DMA_MODEL_BOUNCE | DMA_MODEL_OFFSET | DMA_MODEL_IOMMU | DMA_MODEL_LAZY,
};

static void a_ring_with_barriers_works(struct kunit *test)
{
	u64 seed;
	int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		for (seed = 1; seed <= 16; seed++)
			KUNIT_EXPECT_EQ_MSG(test,
					    run(test, models[i], 0, seed, NONE,
						200),
					    200, "model %x seed %llu",
					    models[i], seed);
}

static void a_ring_without_a_barrier_always_fails(struct kunit *test)
{
	const struct wrong *wrong = test->param_value;
	int i, good, most = 0;
	u64 seed;

	/* <asm/rwonce.h> has mb() there, as if the driver had it. */
	if (IS_ENABLED(CONFIG_ALPHA) && IS_ENABLED(CONFIG_SMP) &&
	    wrong->mistake >= NO_RMB)
		kunit_skip(test, "expected skip: READ_ONCE() orders all loads");
	for (i = 0; i < ARRAY_SIZE(models); i++)
		for (seed = 1; seed <= 16; seed++) {
			good = run(test, models[i], 0, seed, wrong->mistake,
				   200);
			KUNIT_EXPECT_LT_MSG(test, good, 200,
					    "model %x seed %llu", models[i],
					    seed);
			most = max(most, good);
		}
	kunit_info(test, "at the latest in transfer %d\n", most + 1);
}

/* Length and status are one word of 8 bytes, and seen at once. */
static void the_length_of_a_word_counts(struct kunit *test)
{
	u64 seed;

	for (seed = 1; seed <= 16; seed++)
		KUNIT_EXPECT_EQ_MSG(test, run(test, 0, 8, seed, SMP_RMB, 200),
				    200, "seed %llu", seed);
}

static void a_seed_repeats_the_failure(struct kunit *test)
{
	int first = run(test, 0, 0, 5, NO_RMB, 200);

	KUNIT_EXPECT_EQ(test, run(test, 0, 0, 5, NO_RMB, 200), first);
}

static void count_runs(struct device *dev, void *priv)
{
	(*(int *)priv)++;
	/* It is the device that acts here, not the driver. */
	mb();
}

static void the_device_acts_at_every_barrier(struct kunit *test)
{
	struct ring *r = test->priv;
	int runs = 0;
	const struct dma_model_params params = {
		.features = DMA_MODEL_WEAK_CPU,
		.run = count_runs, .priv = &runs,
	};

	KUNIT_ASSERT_EQ(test, dma_model_attach(r->dev, &params), 0);
	dma_wmb();	/* before and after */
	KUNIT_EXPECT_EQ(test, runs, 2);
	dma_rmb();	/* after */
	KUNIT_EXPECT_EQ(test, runs, 3);
	wmb();		/* before and after */
	KUNIT_EXPECT_EQ(test, runs, 5);
	rmb();		/* after */
	KUNIT_EXPECT_EQ(test, runs, 6);
	mb();		/* before and after */
	KUNIT_EXPECT_EQ(test, runs, 8);
	dma_mb();	/* before and after */
	KUNIT_EXPECT_EQ(test, runs, 10);
	smp_mb();	/* none for a device */
	smp_rmb();	/* none for a device */
	smp_wmb();	/* none for a device */
	KUNIT_EXPECT_EQ(test, runs, 10);
	dma_model_step(r->dev);
	KUNIT_EXPECT_EQ(test, runs, 11);
	KUNIT_EXPECT_EQ(test, dma_model_detach(r->dev), 0);
	mb();		/* not counted */
	KUNIT_EXPECT_EQ(test, runs, 11);
}

static int ring_init(struct kunit *test)
{
	struct ring *r;

	dma_kunit_watch(test);
	r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r);
	r->dev = kunit_device_register(test, "ring");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r->dev);
	r->buf = kunit_kzalloc(test, ENTRIES * LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->buf);
	test->priv = r;
	return 0;
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(a_ring_with_barriers_works),
	KUNIT_CASE_PARAM(a_ring_without_a_barrier_always_fails, wrong_gen_params),
	KUNIT_CASE(the_length_of_a_word_counts),
	KUNIT_CASE(the_device_acts_at_every_barrier),
	KUNIT_CASE(a_seed_repeats_the_failure),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "dma_model_ring",
	.init = ring_init,
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);

MODULE_DESCRIPTION("KUnit tests of a descriptor ring on a weakly ordered CPU");
MODULE_LICENSE("GPL");
