// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark of streaming mappings, through its debugfs file: what it refuses, what it
 * reports, and what it leaves behind.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/numa.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/uaccess.h>
#include <uapi/linux/map_benchmark.h>
#include "debugfs_file.h"

struct benchmark_test {
	struct platform_device *pdev;
	struct file *file;
	void __user *user;
};

static const struct map_benchmark right = {
	.threads = 1, .seconds = 1, .node = NUMA_NO_NODE, .dma_bits = 40,
	.dma_dir = DMA_MAP_BIDIRECTIONAL, .granule = 1,
};

static long ask(struct kunit *test, unsigned int cmd, struct map_benchmark *mb)
{
	struct benchmark_test *bt = test->priv;
	long ret;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user(bt->user, mb, sizeof(*mb)));
	ret = bt->file->f_op->unlocked_ioctl(bt->file, cmd,
					    (unsigned long)bt->user);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(mb, bt->user, sizeof(*mb)));
	return ret;
}

/* Refused at once, and the mask of the device stays. */
static void expect_refused(struct kunit *test, struct map_benchmark *mb,
			   const char *why)
{
	struct benchmark_test *bt = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, ask(test, DMA_MAP_BENCHMARK, mb),
			    "%s", why);
	KUNIT_EXPECT_EQ(test, DMA_BIT_MASK(33), dma_get_mask(&bt->pdev->dev));
	*mb = right;
}

static void values_out_of_range_are_refused(struct kunit *test)
{
	struct map_benchmark mb = right;

	mb.map_mode = DMA_MAP_BENCH_MODE_MAX;
	expect_refused(test, &mb, "mode");
	mb.threads = 0;
	expect_refused(test, &mb, "no thread");
	mb.threads = DMA_MAP_MAX_THREADS + 1;
	expect_refused(test, &mb, "too many threads");
	mb.seconds = 0;
	expect_refused(test, &mb, "no time");
	mb.seconds = DMA_MAP_MAX_SECONDS + 1;
	expect_refused(test, &mb, "too much time");
	mb.dma_trans_ns = DMA_MAP_MAX_TRANS_DELAY + 1;
	expect_refused(test, &mb, "delay");
	mb.node = -2;
	expect_refused(test, &mb, "no node");
	mb.node = MAX_NUMNODES;
	expect_refused(test, &mb, "node");
	mb.granule = 0;
	expect_refused(test, &mb, "nothing to map");
	mb.granule = 1025;
	expect_refused(test, &mb, "too much to map");
	mb.dma_dir = DMA_MAP_FROM_DEVICE + 1;
	expect_refused(test, &mb, "direction");
	mb.dma_bits = 0;
	expect_refused(test, &mb, "no mask");
	mb.dma_bits = 65;
	expect_refused(test, &mb, "mask");
	KUNIT_EXPECT_EQ(test, -EINVAL, ask(test, DMA_MAP_BENCHMARK + 1, &mb));
}

static void a_pointer_to_nowhere_is_refused(struct kunit *test)
{
	struct benchmark_test *bt = test->priv;

	KUNIT_EXPECT_EQ(test, -EFAULT,
			bt->file->f_op->unlocked_ioctl(bt->file,
						       DMA_MAP_BENCHMARK, 0));
}

/*
 * A backend whose times are known: a map takes 2 ms, an unmap 5 ms or 15 ms.  It sleeps, which
 * costs an emulated machine nothing.
 */
static struct {
	size_t size;
	enum dma_data_direction dir;
	u8 last;		/* byte of the buffer */
	atomic_t maps, unmaps;
	bool fast;		/* as long as the backend itself takes */
} slow;

static void slow_note(phys_addr_t phys, size_t size, enum dma_data_direction dir)
{
	if (!slow.fast)
		fsleep(2000);
	slow.size = size;
	slow.dir = dir;
	slow.last = *((u8 *)phys_to_virt(phys) + size - 1);
	atomic_inc(&slow.maps);
}

static dma_addr_t slow_map(struct device *dev, phys_addr_t phys, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	slow_note(phys, size, dir);
	return phys;
}

static void slow_unmap(struct device *dev, dma_addr_t addr, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	unsigned int odd = atomic_inc_return(&slow.unmaps) % 2;

	if (!slow.fast)
		fsleep(odd ? 5000 : 15000);
}

static int slow_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		       enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	size_t size = 0;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		size += sg->length;
		sg_dma_address(sg) = sg_phys(sg);
		sg_dma_len(sg) = sg->length;
	}
	slow_note(sg_phys(sgl), sgl->length, dir);
	slow.size = size;
	return nents;
}

static void slow_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
			  enum dma_data_direction dir, unsigned long attrs)
{
	slow_unmap(dev, 0, 0, dir, attrs);
}

static const struct dma_map_ops slow_ops = {
	.map_phys = slow_map,
	.unmap_phys = slow_unmap,
	.map_sg = slow_map_sg,
	.unmap_sg = slow_unmap_sg,
};

static void end_ops(void *dev)
{
	set_dma_ops(dev, NULL);
}

/* A run takes a second. */
static void a_run_reports_and_restores(struct kunit *test)
{
	static const struct {
		int mode, granule, threads, dir, bits;
	} runs[] = {
		{ DMA_MAP_BENCH_SINGLE_MODE, 3, 2, DMA_MAP_FROM_DEVICE, 64 },
		{ DMA_MAP_BENCH_SINGLE_MODE, 2, 1, DMA_MAP_TO_DEVICE, 64 },
		{ DMA_MAP_BENCH_SG_MODE, 1024, 1, DMA_MAP_TO_DEVICE, 40 },
	};
	struct benchmark_test *bt = test->priv;
	struct device *dev = &bt->pdev->dev;
	struct map_benchmark mb;
	int i;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_ops, dev));
	set_dma_ops(dev, &slow_ops);
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		memset(&slow, 0, sizeof(slow));
		mb = right;
		mb.map_mode = runs[i].mode;
		mb.granule = runs[i].granule;
		mb.threads = runs[i].threads;
		mb.dma_dir = runs[i].dir;
		mb.dma_bits = runs[i].bits;
		mb.dma_trans_ns = 1000;
		KUNIT_EXPECT_EQ(test, 0, ask(test, DMA_MAP_BENCHMARK, &mb));
		/* In 100 ns; longer where the host is busy, less than the run took. */
		KUNIT_EXPECT_GE(test, mb.avg_map_100ns, 20000);
		KUNIT_EXPECT_LT(test, mb.avg_map_100ns, 10000000);
		KUNIT_EXPECT_GE(test, mb.avg_unmap_100ns, 90000);
		KUNIT_EXPECT_LT(test, mb.avg_unmap_100ns, 10000000);
		KUNIT_EXPECT_LT(test, mb.map_stddev, 10000000);
		KUNIT_EXPECT_GE(test, mb.unmap_stddev, 30000);
		KUNIT_EXPECT_LT(test, mb.unmap_stddev, 10000000);
		KUNIT_EXPECT_GT(test, atomic_read(&slow.maps), 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&slow.maps),
				atomic_read(&slow.unmaps));
		KUNIT_EXPECT_EQ(test, runs[i].granule * PAGE_SIZE, slow.size);
		KUNIT_EXPECT_EQ(test, runs[i].dir == DMA_MAP_TO_DEVICE ?
				DMA_TO_DEVICE : DMA_FROM_DEVICE, slow.dir);
		/* What the device is to read has been written. */
		if (slow.dir == DMA_TO_DEVICE)
			KUNIT_EXPECT_EQ(test, 0x66, slow.last);
		KUNIT_EXPECT_EQ(test, mb.granule, runs[i].granule);
		KUNIT_EXPECT_EQ(test, DMA_BIT_MASK(33), dma_get_mask(dev));
	}
	if (IS_ENABLED(CONFIG_DMA_API_DEBUG))
		KUNIT_EXPECT_FALSE(test,
				   debugfs_file_contains(test, "dma-api/dump",
							 dev_name(dev)));
}

/*
 * 500 times in a second at most; a host that was busy while the kernel learned how long
 * a loop takes makes some more of it, but not as many as without a delay.
 */
static void the_device_takes_its_time(struct kunit *test)
{
	struct benchmark_test *bt = test->priv;
	struct device *dev = &bt->pdev->dev;
	struct map_benchmark mb = right;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_ops, dev));
	set_dma_ops(dev, &slow_ops);
	memset(&slow, 0, sizeof(slow));
	slow.fast = true;
	mb.dma_dir = DMA_MAP_FROM_DEVICE;
	mb.dma_trans_ns = 2 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, 0, ask(test, DMA_MAP_BENCHMARK, &mb));
	KUNIT_EXPECT_GT(test, atomic_read(&slow.maps), 1);
	KUNIT_EXPECT_LT(test, atomic_read(&slow.maps), 5000);
}

static void one_device_at_a_time(struct kunit *test)
{
	struct platform_device *second;

	second = platform_device_register_simple("dma_map_benchmark", 1, NULL, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(second));
	KUNIT_EXPECT_NULL(test, second->dev.driver);
	platform_device_unregister(second);
}

static void unregister(void *pdev)
{
	platform_device_unregister(pdev);
}

static int benchmark_test_init(struct kunit *test)
{
	struct benchmark_test *bt = kunit_kzalloc(test, sizeof(*bt), GFP_KERNEL);

	dma_kunit_watch(test);
	if (!IS_ENABLED(CONFIG_DMA_MAP_BENCHMARK))
		kunit_skip(test, "expected skip: needs DMA_MAP_BENCHMARK");
	KUNIT_ASSERT_NOT_NULL(test, bt);
	bt->pdev = platform_device_register_simple("dma_map_benchmark", 0, NULL,
						   0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bt->pdev));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister,
							   bt->pdev));
	KUNIT_ASSERT_NOT_NULL(test, bt->pdev->dev.driver);
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask(&bt->pdev->dev, DMA_BIT_MASK(33)));
	/* Both go before the device. */
	bt->file = debugfs_file_open(test, "dma_map_benchmark");
	bt->user = debugfs_file_user(test, sizeof(struct map_benchmark));
	test->priv = bt;
	return 0;
}

static struct kunit_case benchmark_test_cases[] = {
	KUNIT_CASE(values_out_of_range_are_refused),
	KUNIT_CASE(a_pointer_to_nowhere_is_refused),
	KUNIT_CASE_SLOW(a_run_reports_and_restores),
	KUNIT_CASE_SLOW(the_device_takes_its_time),
	KUNIT_CASE(one_device_at_a_time),
	{}
};

static struct kunit_suite benchmark_test_suite = {
	.name = "dma_map_benchmark",
	.init = benchmark_test_init,
	.test_cases = benchmark_test_cases,
};

kunit_test_suite(benchmark_test_suite);

MODULE_DESCRIPTION("KUnit tests of the benchmark of streaming mappings");
MODULE_LICENSE("GPL");
