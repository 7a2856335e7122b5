// SPDX-License-Identifier: GPL-2.0
/*
 * The completion queue race: a device writes data and then an entry of a queue
 * that announces them.  The CPU polls the queue, and looks at the data when it
 * sees the entry.  On an interconnect that reorders, they may not be there yet.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>
#include <linux/dma-ordering.h>

#define SEEDS	256		/* 1 to 256 */
#define TRIES	(IS_ENABLED(CONFIG_UML) ? 1000000 : 10000)

#define ENTRIES	16		/* of the queue, each for a buffer of its own */
#define LEN	64

struct queue {
	struct device *dev;
	u8 *data;		/* ENTRIES buffers */
	u64 *cq;
	dma_addr_t data_dma, cq_dma;
	u64 seq;
};

static int queue_open(struct queue *q, unsigned long attrs)
{
	q->seq = 0;
	q->data_dma = dma_map_single(q->dev, q->data, ENTRIES * LEN,
				     DMA_FROM_DEVICE);
	if (dma_mapping_error(q->dev, q->data_dma))
		return -ENOMEM;
	q->cq_dma = dma_map_single_attrs(q->dev, q->cq, ENTRIES * sizeof(*q->cq),
					 DMA_FROM_DEVICE, attrs);
	if (!dma_mapping_error(q->dev, q->cq_dma))
		return 0;
	dma_unmap_single(q->dev, q->data_dma, ENTRIES * LEN, DMA_FROM_DEVICE);
	return -EOPNOTSUPP;
}

static void queue_close(struct queue *q, unsigned long attrs)
{
	dma_flush_writes(q->dev);
	dma_unmap_single(q->dev, q->data_dma, ENTRIES * LEN, DMA_FROM_DEVICE);
	dma_unmap_single_attrs(q->dev, q->cq_dma, ENTRIES * sizeof(*q->cq),
			       DMA_FROM_DEVICE, attrs);
}

/* One transfer: are the data there when their completion is? */
static bool queue_try(struct queue *q, bool flush)
{
	unsigned int i = q->seq++ % ENTRIES;
	u8 buf[LEN];

	memset(buf, q->seq, LEN);
	dma_model_write(q->dev, q->data_dma + i * LEN, buf, LEN);
	dma_model_write(q->dev, q->cq_dma + i * sizeof(*q->cq), &q->seq,
			sizeof(q->seq));

	while (READ_ONCE(q->cq[i]) != q->seq)
		dma_model_step(q->dev);
	if (flush && dma_flush_writes(q->dev))
		return false;
	return !memcmp(&q->data[i * LEN], buf, LEN);
}

/* In how many transfers is the first one that goes wrong?  0 if none does. */
static unsigned int queue_run(struct kunit *test, u64 seed, unsigned int tries,
			      unsigned long attrs, bool flush)
{
	const struct dma_model_params params = {
		.features = DMA_MODEL_REORDER, .seed = seed,
	};
	struct queue *q = test->priv;
	unsigned int i, wrong = 0;

	memset(q->data, 0, PAGE_SIZE);
	memset(q->cq, 0, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, dma_model_attach(q->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, queue_open(q, attrs), 0);
	for (i = 1; i <= tries && !wrong; i++)
		if (!queue_try(q, flush))
			wrong = i;
	queue_close(q, attrs);
	KUNIT_EXPECT_EQ(test, dma_model_detach(q->dev), 0);
	return wrong;
}

static void a_completion_overtakes_its_data(struct kunit *test)
{
	unsigned int most = 0;
	u64 seed;

	for (seed = 1; seed <= SEEDS; seed++) {
		unsigned int wrong = queue_run(test, seed, 1000, 0, false);

		KUNIT_EXPECT_NE_MSG(test, wrong, 0, "seed %llu", seed);
		most = max(most, wrong);
	}
	kunit_info(test, "%u seeds, at the latest in transfer %u\n", SEEDS,
		   most);
}

static void never(struct kunit *test, unsigned long attrs, bool flush)
{
	unsigned int tries = DIV_ROUND_UP(TRIES, SEEDS);
	u64 seed;

	for (seed = 1; seed <= SEEDS; seed++) {
		unsigned int wrong = queue_run(test, seed, tries, attrs, flush);

		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "seed %llu", seed);
		cond_resched();
	}
	kunit_info(test, "%u transfers\n", tries * SEEDS);
}

static void no_completion_overtakes_with_a_barrier(struct kunit *test)
{
	never(test, DMA_ATTR_WRITE_BARRIER, false);
}

static void no_completion_overtakes_with_a_flush(struct kunit *test)
{
	never(test, 0, true);
}

static int order_init(struct kunit *test)
{
	struct queue *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, q);
	q->dev = kunit_device_register(test, "model");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, q->dev);
	q->data = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q->data);
	q->cq = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q->cq);
	test->priv = q;
	return 0;
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE_SLOW(a_completion_overtakes_its_data),
	KUNIT_CASE_SLOW(no_completion_overtakes_with_a_barrier),
	KUNIT_CASE_SLOW(no_completion_overtakes_with_a_flush),
	{}
};

static struct kunit_suite order_suite = {
	.name = "dma_model_order",
	.init = order_init,
	.test_cases = order_cases,
};

kunit_test_suite(order_suite);

MODULE_DESCRIPTION("The completion queue race on a model that reorders");
MODULE_LICENSE("GPL");
