// SPDX-License-Identifier: GPL-2.0
/*
 * Test that every model honours or refuses mandatory attributes.  The expected
 * answers follow from the features of the model.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-model.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/scatterlist.h>
#include "../contract.h"
#include "model.h"

static const enum dma_data_direction dirs[] = {
	DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE,
};

static const unsigned long combinations[] = {
	0, DMA_ATTR_REQUIRE_COHERENT, DMA_ATTR_WRITE_BARRIER,
	DMA_ATTR_REQUIRE_COHERENT | DMA_ATTR_WRITE_BARRIER,
};

struct bench {
	struct device *dev;
	u8 *buf;		/* a page */
};

static int answer(unsigned int f, enum dma_data_direction dir,
		  unsigned long attrs)
{
	if (attrs & DMA_ATTR_REQUIRE_COHERENT &&
	    f & (DMA_MODEL_CACHE | DMA_MODEL_BOUNCE_ALL))
		return -EOPNOTSUPP;
	if (attrs & DMA_ATTR_WRITE_BARRIER && dir != DMA_TO_DEVICE &&
	    f & DMA_MODEL_NO_BARRIER)
		return -EOPNOTSUPP;
	return 0;
}

static void attach(struct kunit *test, const struct dma_model_params *params,
		   unsigned int bits)
{
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, dma_model_attach(b->dev, params), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask(b->dev, DMA_BIT_MASK(bits)), 0);
}

static void attach_features(struct kunit *test, unsigned int f)
{
	const struct dma_model_params params = { .features = f, .seed = 1 };

	attach(test, &params, 64);
}

/* Take the device off its model, and expect that no mapping is left. */
static void detach(struct kunit *test)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;

	dma_model_flush_iotlb(b->dev);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.maps + s.slots + s.iommu_pages, 0);
	KUNIT_EXPECT_EQ(test, s.faults, 0);
	KUNIT_EXPECT_EQ(test, dma_model_detach(b->dev), 0);
}

/* The query and the map give the same answer; a refused map takes nothing. */
static void expect_phys(struct kunit *test, phys_addr_t phys, size_t size,
			enum dma_data_direction dir, unsigned long attrs,
			int want)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	dma_addr_t addr;

	KUNIT_EXPECT_EQ(test, dma_query_phys(b->dev, phys, size, dir, attrs),
			want);
	addr = dma_map_phys(b->dev, phys, size, dir, attrs);
	KUNIT_EXPECT_EQ(test, !!dma_mapping_error(b->dev, addr), !!want);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.maps, !want);
	if (addr != DMA_MAPPING_ERROR)
		dma_unmap_phys(b->dev, addr, size, dir, attrs);
}

static void expect_sgtable(struct kunit *test, struct sg_table *sgt,
			   enum dma_data_direction dir, unsigned long attrs,
			   int want)
{
	struct bench *b = test->priv;
	struct dma_model_stats s;
	int ret;

	KUNIT_EXPECT_EQ(test, dma_query_sg(b->dev, sgt->sgl, sgt->orig_nents,
					   dir, attrs), want);
	ret = dma_map_sgtable(b->dev, sgt, dir, attrs);
	KUNIT_EXPECT_EQ(test, ret, want);
	dma_model_get_stats(b->dev, &s);
	KUNIT_EXPECT_EQ(test, s.maps, want ? 0 : sgt->orig_nents);
	if (!ret)
		dma_unmap_sgtable(b->dev, sgt, dir, attrs);
}

static void attributes_of_a_map_are_honoured_or_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int f, i, j;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		attach_features(test, f);
		for (i = 0; i < ARRAY_SIZE(combinations); i++)
			for (j = 0; j < ARRAY_SIZE(dirs); j++)
				expect_phys(test, virt_to_phys(b->buf),
					    PAGE_SIZE, dirs[j], combinations[i],
					    answer(f, dirs[j],
						   combinations[i]));
		detach(test);
	}
}

static void attributes_of_a_list_are_honoured_or_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int f, i, j;
	struct sg_table sgt;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(&sgt, 2, GFP_KERNEL), 0);
	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		attach_features(test, f);
		for (i = 0; i < ARRAY_SIZE(combinations); i++)
			for (j = 0; j < ARRAY_SIZE(dirs); j++) {
				sg_set_buf(&sgt.sgl[0], b->buf, 100);
				sg_set_buf(&sgt.sgl[1], b->buf + 512, 100);
				expect_sgtable(test, &sgt, dirs[j],
					       combinations[i],
					       answer(f, dirs[j],
						      combinations[i]));
			}
		detach(test);
	}
	sg_free_table(&sgt);
}

static void attributes_of_an_allocation_are_honoured_or_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int f, i;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		attach_features(test, f);
		for (i = 0; i < ARRAY_SIZE(combinations); i++) {
			unsigned long a = combinations[i];
			dma_addr_t addr;
			void *p;

			p = dma_alloc_attrs(b->dev, 100, &addr, GFP_KERNEL, a);
			KUNIT_EXPECT_EQ_MSG(test, !p,
					    a & DMA_ATTR_WRITE_BARRIER &&
					    f & DMA_MODEL_NO_BARRIER,
					    "model %x %lx", f, a);
			if (p)
				dma_free_attrs(b->dev, 100, p, addr, a);
		}
		detach(test);
	}
}

/* The range of the buffer is at bus address 1 GiB, just beyond a mask of 30 bits. */
static void a_buffer_out_of_reach_is_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	phys_addr_t phys = virt_to_phys(b->buf);
	const struct bus_dma_region ranges[] = {
		{ .cpu_start = phys, .dma_start = SZ_1G, .size = PAGE_SIZE },
		{ }
	};
	struct dma_model_params params = {
		.features = DMA_MODEL_OFFSET, .ranges = ranges,
	};
	unsigned long attrs = DMA_ATTR_REQUIRE_COHERENT;

	attach(test, &params, 31);
	expect_phys(test, phys, 64, DMA_TO_DEVICE, 0, 0);
	expect_phys(test, phys, 64, DMA_TO_DEVICE, attrs, 0);
	detach(test);

	/* A mask of 32 bits is always supported, a smaller one by bounce slots. */
	params.features |= DMA_MODEL_BOUNCE;
	attach(test, &params, 30);
	expect_phys(test, phys, 64, DMA_TO_DEVICE, 0, 0);
	expect_phys(test, phys, 64, DMA_TO_DEVICE, attrs, -EOPNOTSUPP);
	detach(test);

	attach(test, &params, 31);
	expect_phys(test, phys - PAGE_SIZE, 64, DMA_TO_DEVICE, attrs,
		    -EOPNOTSUPP);
	detach(test);
	params.features &= ~DMA_MODEL_BOUNCE;
	attach(test, &params, 31);
	expect_phys(test, phys - PAGE_SIZE, 64, DMA_TO_DEVICE, 0, -EIO);
	expect_phys(test, phys - PAGE_SIZE, 64, DMA_TO_DEVICE, attrs, -EIO);
	detach(test);
}

/* MMIO is neither cached nor bounced, and takes no barrier. */
static void mmio_is_honoured_or_refused(struct kunit *test)
{
	/* Beyond the ranges of DMA_MODEL_OFFSET. */
	phys_addr_t phys = PFN_PHYS((phys_addr_t)roundup_pow_of_two(max_pfn)) +
			   SZ_64K;
	unsigned int f, i;

	for (f = 0; f <= MODEL_FEATURES; f = model_features_next(f)) {
		int reach = f & DMA_MODEL_OFFSET ? -EIO : 0;

		attach_features(test, f);
		for (i = 0; i < ARRAY_SIZE(dirs); i++) {
			bool to = dirs[i] == DMA_TO_DEVICE;

			expect_phys(test, phys, 64, dirs[i], DMA_ATTR_MMIO,
				    reach);
			expect_phys(test, phys, 64, dirs[i],
				    DMA_ATTR_MMIO | DMA_ATTR_REQUIRE_COHERENT,
				    reach);
			expect_phys(test, phys, 64, dirs[i],
				    DMA_ATTR_MMIO | DMA_ATTR_WRITE_BARRIER,
				    to ? reach : -EOPNOTSUPP);
			expect_phys(test, phys, 64, dirs[i],
				    DMA_ATTR_MMIO | DMA_ATTR_CC_SHARED,
				    -EOPNOTSUPP);
		}
		detach(test);
	}
}

/* A test that was aborted has left its device on the model. */
static void end(void *dev)
{
	dma_model_detach(dev);
}

static void free_buf(void *buf)
{
	free_page((unsigned long)buf);
}

static int contract_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, b);
	b->dev = kunit_device_register(test, "model");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b->dev);
	b->buf = (u8 *)get_zeroed_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b->buf);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, free_buf, b->buf), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end, b->dev), 0);
	test->priv = b;
	return 0;
}

static struct kunit_case contract_cases[] = {
	KUNIT_CASE(attributes_of_a_map_are_honoured_or_refused),
	KUNIT_CASE(attributes_of_a_list_are_honoured_or_refused),
	KUNIT_CASE(attributes_of_an_allocation_are_honoured_or_refused),
	KUNIT_CASE(a_buffer_out_of_reach_is_refused),
	KUNIT_CASE(mmio_is_honoured_or_refused),
	{}
};

static struct kunit_suite contract_suite = {
	.name = "dma_model_contract",
	.init = contract_init,
	.test_cases = contract_cases,
};

kunit_test_suite(contract_suite);

MODULE_DESCRIPTION("KUnit tests of mandatory attributes on model DMA hardware");
MODULE_LICENSE("GPL");
