// SPDX-License-Identifier: GPL-2.0
/*
 * Each call of the DMA API leaves one event in the trace, with what the caller has passed
 * and got: the memory, its size in bytes or its number of entries, the direction, and the
 * address, the number of segments or the error.
 */
#include <kunit/device.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/tracepoint.h>

#define NENTS	3
#define TOO_BIG	((size_t)(IS_ENABLED(CONFIG_64BIT) ? 1ULL << 40 : SZ_1G))

/* @memory: the physical, virtual or bus address, the list or the table. */
struct seen {
	const char *event;
	u64 memory, count, result;
	enum dma_data_direction dir;
};

struct trace_test {
	struct device *dev;
	u64 mask;
	void *buf;
	struct seen seen;
	int nr;
};

static struct trace_test *tracing;

static void note(const char *event, struct device *dev, u64 memory, u64 count,
		 u64 result, enum dma_data_direction dir)
{
	struct trace_test *tt = READ_ONCE(tracing);

	if (!tt || dev != tt->dev)
		return;
	tt->seen = (struct seen){ event, memory, count, result, dir };
	tt->nr++;
}

/* The prototypes are those of the events, but for the first argument: the event's name. */

static void see_map(void *event, struct device *dev, phys_addr_t phys,
		    dma_addr_t addr, size_t size, enum dma_data_direction dir,
		    unsigned long attrs)
{
	note(event, dev, phys, size, addr, dir);
}

static void see_unmap(void *event, struct device *dev, dma_addr_t addr,
		      size_t size, enum dma_data_direction dir,
		      unsigned long attrs)
{
	note(event, dev, addr, size, 0, dir);
}

static void see_map_sg(void *event, struct device *dev, struct scatterlist *sg,
		       int nents, int ents, enum dma_data_direction dir,
		       unsigned long attrs)
{
	note(event, dev, (unsigned long)sg, nents, ents, dir);
}

static void see_unmap_sg(void *event, struct device *dev,
			 struct scatterlist *sg, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	note(event, dev, (unsigned long)sg, nents, 0, dir);
}

static void see_sync(void *event, struct device *dev, dma_addr_t addr,
		     size_t size, enum dma_data_direction dir)
{
	note(event, dev, addr, size, 0, dir);
}

static void see_sync_sg(void *event, struct device *dev, struct scatterlist *sg,
			int nents, enum dma_data_direction dir)
{
	note(event, dev, (unsigned long)sg, nents, 0, dir);
}

static void see_alloc(void *event, struct device *dev, void *vaddr,
		      dma_addr_t addr, size_t size,
		      enum dma_data_direction dir, gfp_t gfp,
		      unsigned long attrs)
{
	note(event, dev, (unsigned long)vaddr, size, addr, dir);
}

static void see_free(void *event, struct device *dev, void *vaddr,
		     dma_addr_t addr, size_t size, enum dma_data_direction dir,
		     unsigned long attrs)
{
	note(event, dev, (unsigned long)vaddr, size, addr, dir);
}

static void see_alloc_sgt(void *event, struct device *dev, struct sg_table *sgt,
			  size_t size, enum dma_data_direction dir, gfp_t gfp,
			  unsigned long attrs)
{
	note(event, dev, (unsigned long)sgt, size, 0, dir);
}

static void see_free_sgt(void *event, struct device *dev, struct sg_table *sgt,
			 size_t size, enum dma_data_direction dir)
{
	note(event, dev, (unsigned long)sgt, size, 0, dir);
}

static const struct {
	const char *event;
	void *probe;
} probes[] = {
	{ "dma_map_phys", see_map },
	{ "dma_unmap_phys", see_unmap },
	{ "dma_map_sg", see_map_sg },
	{ "dma_map_sg_err", see_map_sg },
	{ "dma_unmap_sg", see_unmap_sg },
	{ "dma_sync_single_for_cpu", see_sync },
	{ "dma_sync_single_for_device", see_sync },
	{ "dma_sync_sg_for_cpu", see_sync_sg },
	{ "dma_sync_sg_for_device", see_sync_sg },
	{ "dma_alloc", see_alloc },
	{ "dma_alloc_pages", see_alloc },
	{ "dma_alloc_sgt", see_alloc_sgt },
	{ "dma_alloc_sgt_err", see_alloc },
	{ "dma_free", see_free },
	{ "dma_free_pages", see_free },
	{ "dma_free_sgt", see_free_sgt },
};

static void attach(struct tracepoint *tp, void *nr)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].event) &&
		    !tracepoint_probe_register(tp, probes[i].probe,
					       (void *)probes[i].event))
			++*(int *)nr;
}

static void detach(struct tracepoint *tp, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].event))
			tracepoint_probe_unregister(tp, probes[i].probe,
						    (void *)probes[i].event);
}

static void stop(void *unused)
{
	WRITE_ONCE(tracing, NULL);
	for_each_kernel_tracepoint(detach, NULL);
	tracepoint_synchronize_unregister();
}

static void free_buf(void *buf)
{
	free_pages_exact(buf, NENTS * PAGE_SIZE);
}

static int trace_test_init(struct kunit *test)
{
	struct trace_test *tt;
	int nr = 0;

	dma_kunit_watch(test);
	tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt);
	tt->buf = alloc_pages_exact(NENTS * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, tt->buf));
	tt->dev = kunit_device_register(test, "dma-trace");
	KUNIT_ASSERT_FALSE(test, IS_ERR(tt->dev));
	tt->dev->dma_mask = &tt->mask;
	dev_assign_dma_coherent(tt->dev, true);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(tt->dev,
							   DMA_BIT_MASK(64)));
	test->priv = tt;
	WRITE_ONCE(tracing, tt);
	for_each_kernel_tracepoint(attach, &nr);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, NULL));
	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(probes), nr);
	return 0;
}

static void trace_test_exit(struct kunit *test)
{
	struct trace_test *tt = test->priv;

	if (!tt)
		return;
	set_dma_ops(tt->dev, NULL);
	tt->dev->dma_mask = NULL;
}

/* One event since the last look, and this one. */
static void expect_event(struct kunit *test, const char *event, u64 memory,
			 u64 count, u64 result, enum dma_data_direction dir)
{
	struct trace_test *tt = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, 1, tt->nr, "%s", event);
	if (tt->nr) {
		KUNIT_EXPECT_STREQ(test, event, tt->seen.event);
		KUNIT_EXPECT_EQ_MSG(test, memory, tt->seen.memory, "%s", event);
		KUNIT_EXPECT_EQ_MSG(test, count, tt->seen.count, "%s", event);
		KUNIT_EXPECT_EQ_MSG(test, result, tt->seen.result, "%s", event);
		KUNIT_EXPECT_EQ_MSG(test, dir, tt->seen.dir, "%s", event);
	}
	tt->nr = 0;
}

static void mappings_are_traced(struct kunit *test)
{
	struct trace_test *tt = test->priv;
	struct device *dev = tt->dev;
	dma_addr_t addr;

	addr = dma_map_single(dev, tt->buf, 100, DMA_BIDIRECTIONAL);
	expect_event(test, "dma_map_phys", virt_to_phys(tt->buf), 100, addr,
		     DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, addr));
	/* A device that needs no syncs is spared the call. */
	dma_sync_single_for_cpu(dev, addr + 10, 20, DMA_FROM_DEVICE);
	if (dma_dev_need_sync(dev))
		expect_event(test, "dma_sync_single_for_cpu", addr + 10, 20, 0,
			     DMA_FROM_DEVICE);
	dma_sync_single_for_device(dev, addr + 11, 21, DMA_TO_DEVICE);
	if (dma_dev_need_sync(dev))
		expect_event(test, "dma_sync_single_for_device", addr + 11, 21,
			     0, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, tt->nr);
	dma_unmap_single(dev, addr, 100, DMA_BIDIRECTIONAL);
	expect_event(test, "dma_unmap_phys", addr, 100, 0, DMA_BIDIRECTIONAL);
}

static void lists_are_traced(struct kunit *test)
{
	struct trace_test *tt = test->priv;
	struct device *dev = tt->dev;
	struct scatterlist sg[NENTS];
	u64 list = (unsigned long)sg;
	int i, ents;

	sg_init_table(sg, NENTS);
	for (i = 0; i < NENTS; i++)
		sg_set_buf(&sg[i], tt->buf + i * PAGE_SIZE, 100);
	ents = dma_map_sg(dev, sg, NENTS, DMA_BIDIRECTIONAL);
	expect_event(test, "dma_map_sg", list, NENTS, ents, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_GT(test, ents, 0);
	if (dma_dev_need_sync(dev)) {
		dma_sync_sg_for_cpu(dev, sg, NENTS, DMA_BIDIRECTIONAL);
		expect_event(test, "dma_sync_sg_for_cpu", list, NENTS, 0,
			     DMA_BIDIRECTIONAL);
		dma_sync_sg_for_device(dev, sg, NENTS, DMA_BIDIRECTIONAL);
		expect_event(test, "dma_sync_sg_for_device", list, NENTS, 0,
			     DMA_BIDIRECTIONAL);
	}
	dma_unmap_sg(dev, sg, NENTS, DMA_BIDIRECTIONAL);
	expect_event(test, "dma_unmap_sg", list, NENTS, 0, DMA_BIDIRECTIONAL);
}

static int no_sg(struct device *dev, struct scatterlist *sg, int nents,
		 enum dma_data_direction dir, unsigned long attrs)
{
	return -ENOMEM;
}

static dma_addr_t no_phys(struct device *dev, phys_addr_t phys, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	return DMA_MAPPING_ERROR;
}

static const struct dma_map_ops no_ops = {
	.map_phys = no_phys,
	.map_sg = no_sg,
};

static void failed_mappings_are_traced(struct kunit *test)
{
	struct trace_test *tt = test->priv;
	struct device *dev = tt->dev;
	struct scatterlist sg;
	dma_addr_t addr;

	set_dma_ops(dev, &no_ops);
	addr = dma_map_single(dev, tt->buf, 100, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(dev, addr));
	expect_event(test, "dma_map_phys", virt_to_phys(tt->buf), 100,
		     DMA_MAPPING_ERROR, DMA_TO_DEVICE);
	sg_init_one(&sg, tt->buf, 100);
	KUNIT_EXPECT_EQ(test, 0, dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE));
	expect_event(test, "dma_map_sg_err", (unsigned long)&sg, 1, -ENOMEM,
		     DMA_TO_DEVICE);
}

static void refused_mappings_are_traced(struct kunit *test)
{
	struct trace_test *tt = test->priv;
	struct device *dev = tt->dev;
	struct sg_table sgt = {};
	struct scatterlist sg;
	dma_addr_t addr;

	set_dma_ops(dev, &no_ops);
	addr = dma_map_single_attrs(dev, tt->buf, 100, DMA_TO_DEVICE,
				    DMA_ATTR_REQUIRE_COHERENT);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(dev, addr));
	expect_event(test, "dma_map_phys", virt_to_phys(tt->buf), 100,
		     DMA_MAPPING_ERROR, DMA_TO_DEVICE);
	sg_init_one(&sg, tt->buf, 100);
	sgt.sgl = &sg;
	sgt.orig_nents = 1;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_map_sgtable(dev, &sgt, DMA_TO_DEVICE,
					DMA_ATTR_REQUIRE_COHERENT));
	expect_event(test, "dma_map_sg_err", (unsigned long)&sg, 1,
		     -EOPNOTSUPP, DMA_TO_DEVICE);
}

static void allocations_are_traced(struct kunit *test)
{
	struct trace_test *tt = test->priv;
	struct device *dev = tt->dev;
	struct sg_table *sgt;
	struct page *page;
	dma_addr_t addr;
	void *vaddr;

	vaddr = dma_alloc_coherent(dev, 100, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	expect_event(test, "dma_alloc", (unsigned long)vaddr, 100, addr,
		     DMA_BIDIRECTIONAL);
	dma_free_coherent(dev, 100, vaddr, addr);
	expect_event(test, "dma_free", (unsigned long)vaddr, 100, addr,
		     DMA_BIDIRECTIONAL);

	page = dma_alloc_pages(dev, 100, &addr, DMA_TO_DEVICE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	vaddr = page_address(page);
	expect_event(test, "dma_alloc_pages", (unsigned long)vaddr, 100, addr,
		     DMA_TO_DEVICE);
	dma_free_pages(dev, 100, page, addr, DMA_TO_DEVICE);
	expect_event(test, "dma_free_pages", (unsigned long)vaddr, 100, addr,
		     DMA_TO_DEVICE);

	sgt = dma_alloc_noncontiguous(dev, 100, DMA_FROM_DEVICE, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	expect_event(test, "dma_alloc_sgt", (unsigned long)sgt, 100, 0,
		     DMA_FROM_DEVICE);
	vaddr = sgt;
	dma_free_noncontiguous(dev, 100, sgt, DMA_FROM_DEVICE);
	expect_event(test, "dma_free_sgt", (unsigned long)vaddr, 100, 0,
		     DMA_FROM_DEVICE);
}

static void failed_allocations_are_traced(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	struct trace_test *tt = test->priv;
	struct device *dev = tt->dev;
	dma_addr_t addr;

	addr = 0;
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, TOO_BIG, &addr, gfp));
	expect_event(test, "dma_alloc", 0, TOO_BIG, 0, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, dma_alloc_pages(dev, TOO_BIG, &addr,
						DMA_TO_DEVICE, gfp));
	expect_event(test, "dma_alloc_pages", 0, TOO_BIG, 0, DMA_TO_DEVICE);
	KUNIT_EXPECT_NULL(test, dma_alloc_noncontiguous(dev, TOO_BIG,
							DMA_FROM_DEVICE, gfp,
							0));
	expect_event(test, "dma_alloc_sgt_err", 0, TOO_BIG, 0, DMA_FROM_DEVICE);

	/* Backends that allocate nothing, and attributes that are refused. */
	set_dma_ops(dev, &no_ops);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, 100, &addr, gfp));
	expect_event(test, "dma_alloc", 0, 100, 0, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, dma_alloc_attrs(dev, 100, &addr, gfp,
						DMA_ATTR_MMIO));
	expect_event(test, "dma_alloc", 0, 100, 0, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, dma_alloc_noncontiguous(dev, 100,
							DMA_FROM_DEVICE, gfp,
							DMA_ATTR_MMIO));
	expect_event(test, "dma_alloc_sgt_err", 0, 100, 0, DMA_FROM_DEVICE);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(mappings_are_traced),
	KUNIT_CASE(lists_are_traced),
	KUNIT_CASE(failed_mappings_are_traced),
	KUNIT_CASE(refused_mappings_are_traced),
	KUNIT_CASE(allocations_are_traced),
	KUNIT_CASE(failed_allocations_are_traced),
	{}
};

static struct kunit_suite trace_suite = {
	.name = "dma_trace",
	.init = trace_test_init,
	.exit = trace_test_exit,
	.test_cases = trace_cases,
};

kunit_test_suite(trace_suite);

MODULE_DESCRIPTION("KUnit suite of the trace events of the DMA API");
MODULE_LICENSE("GPL");
