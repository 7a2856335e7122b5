// SPDX-License-Identifier: GPL-2.0
/*
 * The race of a completion with its data.
 *
 * A device writes data, and then an entry of a completion queue that announces
 * them.  The CPU polls the queue and reads the data when it sees the entry.  On an
 * interconnect that reorders writes, the entry may be seen before the data.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>

#define SEEDS	256		/* seeds 1 to 256 */
#define TRIES	(IS_ENABLED(CONFIG_UML) ? 1000000 : 10000)

#define ENTRIES	16		/* of the queue; each has a data buffer */
#define LEN	64		/* size of a data buffer */

/**
 * struct order - what may keep a completion behind its data
 * @features: of the model
 * @coherent: the queue is in coherent memory
 * @sync: the driver syncs the data for the CPU when it has seen the entry
 * @attrs: DMA_ATTR_* of the mapping of the queue, unless it is coherent
 */
struct order {
	unsigned int features;
	bool coherent;
	bool sync;
	unsigned long attrs;
};

struct queue {
	struct device *dev;
	const struct order *order;
	u8 *data;		/* ENTRIES buffers */
	u64 *cq;		/* ENTRIES entries */
	u64 *buf;		/* memory for @cq, unless it is coherent */
	dma_addr_t data_dma, cq_dma;
	u64 seq;
};

static int queue_open(struct queue *q)
{
	q->seq = 0;
	q->data_dma = dma_map_single(q->dev, q->data, ENTRIES * LEN,
				     DMA_FROM_DEVICE);
	if (dma_mapping_error(q->dev, q->data_dma))
		return -ENOMEM;
	if (q->order->coherent) {
		q->cq = dma_alloc_coherent(q->dev, ENTRIES * sizeof(*q->cq),
					   &q->cq_dma, GFP_KERNEL);
		if (q->cq)
			return 0;
	} else {
		q->cq = q->buf;
		memset(q->cq, 0, ENTRIES * sizeof(*q->cq));
		q->cq_dma = dma_map_single_attrs(q->dev, q->cq,
						 ENTRIES * sizeof(*q->cq),
						 DMA_FROM_DEVICE,
						 q->order->attrs);
		if (!dma_mapping_error(q->dev, q->cq_dma))
			return 0;
	}
	dma_unmap_single(q->dev, q->data_dma, ENTRIES * LEN, DMA_FROM_DEVICE);
	return -ENOMEM;
}

static void queue_close(struct queue *q)
{
	dma_model_drain(q->dev);
	dma_unmap_single(q->dev, q->data_dma, ENTRIES * LEN, DMA_FROM_DEVICE);
	if (q->order->coherent)
		dma_free_coherent(q->dev, ENTRIES * sizeof(*q->cq), q->cq,
				  q->cq_dma);
	else
		dma_unmap_single_attrs(q->dev, q->cq_dma,
				       ENTRIES * sizeof(*q->cq),
				       DMA_FROM_DEVICE, q->order->attrs);
}

/* One transfer: are the data there when their completion is? */
static bool queue_try(struct queue *q)
{
	unsigned int i = q->seq++ % ENTRIES;
	u8 buf[LEN];

	memset(buf, q->seq, LEN);
	dma_model_write(q->dev, q->data_dma + i * LEN, buf, LEN);
	dma_model_write(q->dev, q->cq_dma + i * sizeof(*q->cq), &q->seq,
			sizeof(q->seq));

	while (READ_ONCE(q->cq[i]) != q->seq)
		dma_model_step(q->dev);
	if (q->order->sync)
		dma_sync_single_for_cpu(q->dev, q->data_dma + i * LEN, LEN,
					DMA_FROM_DEVICE);
	return !memcmp(&q->data[i * LEN], buf, LEN);
}

/* The number of the first transfer that goes wrong; 0 if none does. */
static unsigned int queue_run(struct kunit *test, const struct order *order,
			      u64 seed, unsigned int tries)
{
	const struct dma_model_params params = {
		.features = order->features, .seed = seed,
	};
	struct queue *q = test->priv;
	unsigned int i, wrong = 0;

	q->order = order;
	memset(q->data, 0, ENTRIES * LEN);
	KUNIT_ASSERT_EQ(test, dma_model_attach(q->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(q->dev,
							DMA_BIT_MASK(64)), 0);
	KUNIT_ASSERT_EQ(test, queue_open(q), 0);
	for (i = 1; i <= tries && !wrong; i++)
		if (!queue_try(q))
			wrong = i;
	queue_close(q);
	KUNIT_EXPECT_EQ(test, dma_model_detach(q->dev), 0);
	return wrong;
}

static void expect_overtaking(struct kunit *test, const struct order *order)
{
	unsigned int most = 0;
	u64 seed;

	for (seed = 1; seed <= SEEDS; seed++) {
		unsigned int wrong = queue_run(test, order, seed, 1000);

		KUNIT_EXPECT_NE_MSG(test, wrong, 0, "seed %llu", seed);
		most = max(most, wrong);
	}
	kunit_info(test, "%u seeds, at the latest in transfer %u\n", SEEDS,
		   most);
}

static void expect_order(struct kunit *test, const struct order *order)
{
	unsigned int tries = DIV_ROUND_UP(TRIES, SEEDS);
	u64 seed;

	for (seed = 1; seed <= SEEDS; seed++) {
		unsigned int wrong = queue_run(test, order, seed, tries);

		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "seed %llu", seed);
		cond_resched();
	}
	kunit_info(test, "%u transfers\n", tries * SEEDS);
}

static void a_completion_overtakes_its_data(struct kunit *test)
{
	static const struct order streaming = {
		.features = DMA_MODEL_REORDER,
	};
	static const struct order coherent = {
		.features = DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER,
		.coherent = true,
	};

	expect_overtaking(test, &streaming);
	expect_overtaking(test, &coherent);
}

static void no_completion_in_coherent_memory_overtakes(struct kunit *test)
{
	static const struct order order = {
		.features = DMA_MODEL_REORDER, .coherent = true,
	};

	expect_order(test, &order);
}

static void no_completion_overtakes_after_a_sync(struct kunit *test)
{
	static const struct order order = {
		.features = DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER,
		.sync = true,
	};

	expect_order(test, &order);
}

static void no_completion_overtakes_with_a_barrier(struct kunit *test)
{
	static const struct order order = {
		.features = DMA_MODEL_REORDER,
		.attrs = DMA_ATTR_WRITE_BARRIER,
	};

	expect_order(test, &order);
}

static int order_init(struct kunit *test)
{
	struct queue *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, q);
	q->dev = kunit_device_register(test, "model");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, q->dev);
	q->data = kunit_kzalloc(test, ENTRIES * LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q->data);
	q->buf = kunit_kzalloc(test, ENTRIES * sizeof(*q->buf), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q->buf);
	test->priv = q;
	return 0;
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE_SLOW(a_completion_overtakes_its_data),
	KUNIT_CASE_SLOW(no_completion_in_coherent_memory_overtakes),
	KUNIT_CASE_SLOW(no_completion_overtakes_after_a_sync),
	KUNIT_CASE_SLOW(no_completion_overtakes_with_a_barrier),
	{}
};

static struct kunit_suite order_suite = {
	.name = "dma_model_order",
	.init = order_init,
	.test_cases = order_cases,
};

kunit_test_suite(order_suite);

MODULE_DESCRIPTION("KUnit tests of a completion that races with its data");
MODULE_LICENSE("GPL");
