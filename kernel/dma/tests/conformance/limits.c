// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of limits: mappings keep to what the backend says about masks and sizes.
 */
#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include "conformance.h"

/* A mask is accepted or refused; mappings are within the one that was accepted. */
void conf_limit_masks(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 before = dma_get_mask(conf->dev);
	struct scatterlist sg;
	dma_addr_t addr;
	int bits;

	for (bits = 24; bits <= 64; bits++) {
		u64 mask = DMA_BIT_MASK(bits), old = dma_get_mask(conf->dev);

		if (dma_set_mask(conf->dev, mask)) {
			KUNIT_EXPECT_EQ(test, old, dma_get_mask(conf->dev));
			/* 32 bits must be accepted. */
			KUNIT_EXPECT_LT(test, bits, 32);
			continue;
		}
		KUNIT_EXPECT_EQ(test, (dma_addr_t)mask, dma_get_mask(conf->dev));
		/* Without an IOMMU, the mask may not even reach the bounce pool. */
		if (mask < dma_get_required_mask(conf->dev) &&
		    ~conf->be->claims & CONF_REMAPS)
			continue;
		addr = dma_map_single(conf->dev, conf->buf, CONF_BUF_SIZE,
				      DMA_TO_DEVICE);
		KUNIT_ASSERT_FALSE_MSG(test, dma_mapping_error(conf->dev, addr),
				       "%d bits", bits);
		KUNIT_EXPECT_LE_MSG(test, addr + CONF_BUF_SIZE - 1, mask,
				    "%d bits", bits);
		dma_unmap_single(conf->dev, addr, CONF_BUF_SIZE, DMA_TO_DEVICE);

		sg_init_one(&sg, conf->buf, CONF_BUF_SIZE);
		KUNIT_ASSERT_EQ(test, 1, dma_map_sg(conf->dev, &sg, 1,
						    DMA_TO_DEVICE));
		KUNIT_EXPECT_LE_MSG(test, sg_dma_address(&sg) +
				    CONF_BUF_SIZE - 1, mask, "%d bits", bits);
		dma_unmap_sg(conf->dev, &sg, 1, DMA_TO_DEVICE);
	}
	KUNIT_EXPECT_EQ(test, 0, dma_set_mask(conf->dev, before));
}

/* The highest bus address of memory, for a device without a dma_map_ops. */
static u64 last_address(struct device *dev)
{
	const struct bus_dma_region *r = dev->dma_range_map;
	phys_addr_t end = PFN_PHYS((phys_addr_t)max_pfn);
	u64 last = 0;

	if (!r)
		return phys_to_dma(dev, end - 1);
	for (; r->size; r++)
		if (r->cpu_start < end)
			last = max_t(u64, last, r->dma_start - 1 +
				     min_t(u64, r->size, end - r->cpu_start));
	return last;
}

/* A device with no bus address for some memory is limited, whatever its mask. */
static void expect_limited(struct kunit *test)
{
	static const struct bus_dma_region page[] = { { .size = PAGE_SIZE }, {} };
	struct conf *conf = test->priv;
	const struct bus_dma_region *all = conf->dev->dma_range_map;

	conf->dev->dma_range_map = page;
	KUNIT_EXPECT_EQ(test, dma_addressing_limited(conf->dev),
			page_is_ram(PHYS_PFN(virt_to_phys(conf->buf))));
	conf->dev->dma_range_map = all;
}

/* The limit of a bus may be any address, not only a mask. */
static void expect_bus_limit(struct kunit *test, u64 last)
{
	struct device *dev = ((struct conf *)test->priv)->dev;
	u64 before = dev->bus_dma_limit;

	dev->bus_dma_limit = last;
	KUNIT_EXPECT_FALSE(test, dma_addressing_limited(dev));
	dev->bus_dma_limit = last - 1;
	KUNIT_EXPECT_TRUE(test, dma_addressing_limited(dev));
	dev->bus_dma_limit = before;
}

/* The required mask reaches all memory, and half of it does not. */
void conf_limit_required_mask(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 before = dma_get_mask(conf->dev), need;
	dma_addr_t addr;

	need = dma_get_required_mask(conf->dev);
	KUNIT_EXPECT_EQ_MSG(test, 0, need & (need + 1), "%llx", need);
	if (conf->be == conf_bus_master() && conf->dev->bus_dma_limit)
		kunit_skip(test, "expected skip: the bus of the device has a limit");
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, DMA_BIT_MASK(64)));
	KUNIT_EXPECT_FALSE(test, dma_addressing_limited(conf->dev));
	if (!(conf->be->claims & CONF_TRANSLATES)) {
		/* The address of the buffer if it were not bounced. */
		addr = phys_to_dma(conf->dev, virt_to_phys(conf->buf));
		KUNIT_EXPECT_LE(test, addr + CONF_BUF_SIZE - 1, need);
	}
	if (!(conf->be->claims & CONF_TRANSLATES) && !get_dma_ops(conf->dev)) {
		u64 last = last_address(conf->dev);

		KUNIT_EXPECT_LE(test, last, need);
		KUNIT_EXPECT_GT(test, last, need >> 1);
		expect_limited(test);
		expect_bus_limit(test, last);
	}
	if (need > U32_MAX) {
		KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, need >> 1));
		KUNIT_EXPECT_TRUE(test, dma_addressing_limited(conf->dev));
	}
	KUNIT_EXPECT_EQ(test, 0, dma_set_mask(conf->dev, before));
}

static int try_size(struct conf *conf, void *buf, size_t size)
{
	dma_addr_t addr = dma_map_single_attrs(conf->dev, buf, size,
					       DMA_TO_DEVICE, DMA_ATTR_NO_WARN);

	if (dma_mapping_error(conf->dev, addr))
		return -EIO;
	dma_unmap_single(conf->dev, addr, size, DMA_TO_DEVICE);
	return 0;
}

void conf_limit_mapping_size(struct kunit *test)
{
	struct conf *conf = test->priv;
	size_t max = dma_max_mapping_size(conf->dev);
	size_t size = min_t(size_t, max, SZ_512K);
	void *buf;

	KUNIT_EXPECT_LE(test, dma_opt_mapping_size(conf->dev), max);
	buf = alloc_pages_exact(size + PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, 0, try_size(conf, buf, size));
	if (size == max) {
		/* What is not bounced may be larger. */
		if (!(conf->be->claims & CONF_BOUNCES_SOME))
			KUNIT_EXPECT_EQ(test, -EIO,
					try_size(conf, buf, size + 1));
		/* At any offset within the min_align_mask. */
		dma_set_min_align_mask(conf->dev, 0xfff);
		size = dma_max_mapping_size(conf->dev);
		KUNIT_EXPECT_EQ(test, 0, try_size(conf, buf + 0xfff, size));
		dma_set_min_align_mask(conf->dev, 0);
	}
	free_pages_exact(buf, min_t(size_t, max, SZ_512K) + PAGE_SIZE);
}

void conf_limit_exhaustion(struct kunit *test)
{
	struct conf *conf = test->priv;
	long first, again;

	conf_needs(test, CONF_EXHAUSTS);
	first = conf_room(test);
	KUNIT_EXPECT_GE(test, first, CONF_BUF_SIZE);
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
	again = conf_room(test);
	KUNIT_EXPECT_EQ(test, first, again);
}
