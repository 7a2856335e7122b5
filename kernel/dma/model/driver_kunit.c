// SPDX-License-Identifier: GPL-2.0
/*
 * An example: how to test a driver on model hardware.
 *
 * The toy driver is tested as it should be, and with each of its syncs left out or
 * misplaced.  Its device reads a request, writes the inverted bytes as a reply, and
 * inverts the bytes of a record.  Then it writes the number of the transfer to
 * coherent memory.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>

#define LEN	200

enum mistake {
	NONE,
	REQUEST_NOT_SYNCED, REQUEST_SYNCED_EARLY,
	REPLY_NOT_SYNCED, REPLY_SYNCED_EARLY,
	RECORD_NOT_TAKEN, RECORD_NOT_GIVEN, RECORD_NOT_TAKEN_BACK,
};

static const struct wrong {
	enum mistake mistake;
	const char *name;
	int good;		/* how many of 50 transfers work all the same */
} wrongs[] = {
	{ REQUEST_NOT_SYNCED, "request_not_synced" },
	{ REQUEST_SYNCED_EARLY, "request_synced_before_it_is_written" },
	{ REPLY_NOT_SYNCED, "reply_not_synced" },
	{ REPLY_SYNCED_EARLY, "reply_synced_before_it_is_written" },
	/* From the second transfer on, the CPU owns the record already. */
	{ RECORD_NOT_TAKEN, "record_written_without_a_sync_for_the_cpu", 49 },
	{ RECORD_NOT_GIVEN, "record_not_synced_for_the_device" },
	{ RECORD_NOT_TAKEN_BACK, "record_read_without_a_sync_for_the_cpu" },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrongs, name);

struct toy {
	struct device *dev;
	u8 *request, *reply, *record;
	u32 *done;
	dma_addr_t request_dma, reply_dma, record_dma, done_dma;
	u32 nr;
	enum mistake mistake;
};

/* The device, played by the test */

static int toy_device_runs(struct toy *t)
{
	u8 buf[LEN];
	int i, ret;

	ret = dma_model_read(t->dev, t->request_dma, buf, LEN);
	for (i = 0; i < LEN; i++)
		buf[i] = ~buf[i];
	ret = ret ?: dma_model_write(t->dev, t->reply_dma, buf, LEN);

	ret = ret ?: dma_model_read(t->dev, t->record_dma, buf, LEN);
	for (i = 0; i < LEN; i++)
		buf[i] = ~buf[i];
	ret = ret ?: dma_model_write(t->dev, t->record_dma, buf, LEN);

	return ret ?: dma_model_write(t->dev, t->done_dma, &t->nr,
				      sizeof(t->nr));
}

/* The driver */

static int toy_open(struct toy *t)
{
	t->nr = 0;
	t->done = dma_alloc_coherent(t->dev, sizeof(*t->done), &t->done_dma,
				     GFP_KERNEL);
	if (!t->done)
		return -ENOMEM;
	t->request_dma = dma_map_single(t->dev, t->request, LEN, DMA_TO_DEVICE);
	if (dma_mapping_error(t->dev, t->request_dma))
		goto free_done;
	t->reply_dma = dma_map_single(t->dev, t->reply, LEN, DMA_FROM_DEVICE);
	if (dma_mapping_error(t->dev, t->reply_dma))
		goto unmap_request;
	t->record_dma = dma_map_single(t->dev, t->record, LEN,
				       DMA_BIDIRECTIONAL);
	if (dma_mapping_error(t->dev, t->record_dma))
		goto unmap_reply;
	return 0;

unmap_reply:
	dma_unmap_single(t->dev, t->reply_dma, LEN, DMA_FROM_DEVICE);
unmap_request:
	dma_unmap_single(t->dev, t->request_dma, LEN, DMA_TO_DEVICE);
free_done:
	dma_free_coherent(t->dev, sizeof(*t->done), t->done, t->done_dma);
	return -ENOMEM;
}

static void toy_close(struct toy *t)
{
	dma_unmap_single(t->dev, t->record_dma, LEN, DMA_BIDIRECTIONAL);
	dma_unmap_single(t->dev, t->reply_dma, LEN, DMA_FROM_DEVICE);
	dma_unmap_single(t->dev, t->request_dma, LEN, DMA_TO_DEVICE);
	dma_free_coherent(t->dev, sizeof(*t->done), t->done, t->done_dma);
}

static bool toy_works(struct toy *t, u8 val)
{
	struct device *dev = t->dev;

	t->nr++;
	if (t->mistake == REQUEST_SYNCED_EARLY)
		dma_sync_single_for_device(dev, t->request_dma, LEN,
					   DMA_TO_DEVICE);
	memset(t->request, val, LEN);
	if (t->mistake != REQUEST_NOT_SYNCED &&
	    t->mistake != REQUEST_SYNCED_EARLY)
		dma_sync_single_for_device(dev, t->request_dma, LEN,
					   DMA_TO_DEVICE);

	if (t->mistake != RECORD_NOT_TAKEN)
		dma_sync_single_for_cpu(dev, t->record_dma, LEN,
					DMA_BIDIRECTIONAL);
	memset(t->record, val + 1, LEN);
	if (t->mistake != RECORD_NOT_GIVEN)
		dma_sync_single_for_device(dev, t->record_dma, LEN,
					   DMA_BIDIRECTIONAL);
	if (t->mistake == REPLY_SYNCED_EARLY)
		dma_sync_single_for_cpu(dev, t->reply_dma, LEN,
					DMA_FROM_DEVICE);

	if (toy_device_runs(t))
		return false;
	while (READ_ONCE(*t->done) != t->nr)
		dma_model_step(dev);

	/* The CPU only reads the reply, so it needs no sync for the device. */
	if (t->mistake != REPLY_NOT_SYNCED && t->mistake != REPLY_SYNCED_EARLY)
		dma_sync_single_for_cpu(dev, t->reply_dma, LEN,
					DMA_FROM_DEVICE);
	if (t->mistake != RECORD_NOT_TAKEN_BACK)
		dma_sync_single_for_cpu(dev, t->record_dma, LEN,
					DMA_BIDIRECTIONAL);
	return !memchr_inv(t->reply, (u8)~val, LEN) &&
	       !memchr_inv(t->record, (u8)~(val + 1), LEN);
}

/* The tests */

static const unsigned int models[] = {
	DMA_MODEL_CACHE,
	DMA_MODEL_CACHE | DMA_MODEL_REORDER,
	DMA_MODEL_CACHE | DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER,
	DMA_MODEL_CACHE | DMA_MODEL_IOMMU,
	DMA_MODEL_CACHE | DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL,
	DMA_MODEL_CACHE | DMA_MODEL_REORDER | DMA_MODEL_IOMMU | DMA_MODEL_LAZY |
		DMA_MODEL_OFFSET,
};

/* How many of @transfers work? */
static int run(struct kunit *test, unsigned int features, u64 seed,
	       enum mistake mistake, int transfers)
{
	const struct dma_model_params params = {
		.features = features, .seed = seed,
	};
	struct toy *t = test->priv;
	int i, good = 0;

	KUNIT_ASSERT_EQ(test, dma_model_attach(t->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(t->dev,
							DMA_BIT_MASK(64)), 0);
	t->mistake = mistake;
	/* No transfer uses this value or its inverse. */
	memset(t->request, 0xa5, LEN);
	memset(t->reply, 0xa5, LEN);
	memset(t->record, 0xa5, LEN);
	KUNIT_ASSERT_EQ(test, toy_open(t), 0);
	for (i = 0; i < transfers; i++)
		good += toy_works(t, i * 7 + 1);
	toy_close(t);
	KUNIT_EXPECT_EQ(test, dma_model_detach(t->dev), 0);
	return good;
}

static void a_driver_without_mistakes_works(struct kunit *test)
{
	u64 seed;
	int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		for (seed = 1; seed <= 16; seed++)
			KUNIT_EXPECT_EQ_MSG(test,
					    run(test, models[i], seed, NONE, 50),
					    50, "model %x seed %llu", models[i],
					    seed);
}

static void a_driver_with_a_mistake_always_fails(struct kunit *test)
{
	const struct wrong *wrong = test->param_value;
	u64 seed;
	int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		for (seed = 1; seed <= 16; seed++)
			KUNIT_EXPECT_EQ_MSG(test,
					    run(test, models[i], seed,
						wrong->mistake, 50),
					    wrong->good, "model %x seed %llu", models[i],
					    seed);
}

/* The shortest test of a driver. */
static void a_driver_is_tested(struct kunit *test)
{
	static const struct dma_model_params params = {
		.features = DMA_MODEL_CACHE | DMA_MODEL_REORDER |
			    DMA_MODEL_IOMMU,
	};
	struct toy *t = test->priv;
	struct dma_model_fault fault;

	KUNIT_ASSERT_EQ(test, kunit_dma_model_attach(test, t->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, toy_open(t), 0);
	KUNIT_EXPECT_TRUE(test, toy_works(t, 0x12));
	KUNIT_EXPECT_FALSE(test, dma_model_next_fault(t->dev, &fault));
	toy_close(t);
}

/* A test can find mistakes of the device, too: of its firmware, for instance. */
static void a_device_that_writes_its_request_faults(struct kunit *test)
{
	static const struct dma_model_params params = {
		.features = DMA_MODEL_IOMMU,
	};
	struct toy *t = test->priv;
	struct dma_model_fault fault;

	KUNIT_ASSERT_EQ(test, kunit_dma_model_attach(test, t->dev, &params), 0);
	KUNIT_ASSERT_EQ(test, toy_open(t), 0);
	KUNIT_EXPECT_EQ(test, dma_model_write(t->dev, t->request_dma, "?", 1),
			-EFAULT);
	KUNIT_ASSERT_TRUE(test, dma_model_next_fault(t->dev, &fault));
	KUNIT_EXPECT_EQ(test, fault.reason, DMA_MODEL_DENIED);
	KUNIT_EXPECT_EQ(test, fault.addr, t->request_dma);
	toy_close(t);
}

static int toy_init(struct kunit *test)
{
	struct toy *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->dev = kunit_device_register(test, "toy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dev);
	t->request = kunit_kzalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->request);
	t->reply = kunit_kzalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->reply);
	t->record = kunit_kzalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->record);
	test->priv = t;
	return 0;
}

static struct kunit_case driver_cases[] = {
	KUNIT_CASE(a_driver_is_tested),
	KUNIT_CASE(a_driver_without_mistakes_works),
	KUNIT_CASE_PARAM(a_driver_with_a_mistake_always_fails, wrong_gen_params),
	KUNIT_CASE(a_device_that_writes_its_request_faults),
	{}
};

static struct kunit_suite driver_suite = {
	.name = "dma_model_driver",
	.init = toy_init,
	.test_cases = driver_cases,
};

kunit_test_suite(driver_suite);

MODULE_DESCRIPTION("KUnit tests of a toy driver on model DMA hardware");
MODULE_LICENSE("GPL");
