// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of DMA_ATTR_REQUIRE_COHERENT: the device and the CPU see the same bytes
 * without any sync, or the mapping fails and has changed nothing.  A kernel may warn
 * about a mapping that fails.
 */
#include <linux/scatterlist.h>
#include "conformance.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT

/* Every mapping of the device needs syncs, so each one must be refused. */
static bool must_refuse(struct conf *conf)
{
	return !(conf->be->claims & CONF_COHERENT) ||
	       conf->be->claims & CONF_BOUNCES;
}

/* No mapping needs syncs.  Otherwise it depends on the buffer. */
static bool must_grant(struct conf *conf)
{
	return !must_refuse(conf) &&
	       !(conf->be->claims & (CONF_HIDES | CONF_BOUNCES_SOME));
}

/* Both sides write; the other one sees it without a call of the DMA API. */
static void expect_same_bytes(struct kunit *test, dma_addr_t addr, u8 *p,
			      size_t len)
{
	struct conf *conf = test->priv;

	conf_fill(p, len, len + 1);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, addr, conf->seen, len));
	KUNIT_EXPECT_EQ_MSG(test, len, conf_same(conf->seen, p, len),
			    "the device does not see what the CPU wrote");
	conf_fill(conf->seen, len, len + 2);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, addr, conf->seen, len));
	KUNIT_EXPECT_EQ_MSG(test, len, conf_same(p, conf->seen, len),
			    "the CPU does not see what the device wrote");
}

static void page(struct kunit *test, size_t off, size_t size)
{
	struct conf *conf = test->priv;
	long used = conf_used(conf);
	u8 *p = conf->buf + off;
	dma_addr_t addr;

	addr = DMA_MAPPING_ERROR;
	kunit_warning_suppress(test) {
		addr = dma_map_single_attrs(conf->dev, p, size,
					    DMA_BIDIRECTIONAL, RC);
	}
	if (dma_mapping_error(conf->dev, addr)) {
		KUNIT_EXPECT_FALSE_MSG(test, must_grant(conf),
				       "refused, offset %zu size %zu", off,
				       size);
		KUNIT_EXPECT_EQ(test, used, conf_used(conf));
		return;
	}
	KUNIT_EXPECT_FALSE_MSG(test, must_refuse(conf),
			       "granted, offset %zu size %zu", off, size);
	expect_same_bytes(test, addr, p, size);
	dma_unmap_single_attrs(conf->dev, addr, size, DMA_BIDIRECTIONAL, RC);
	/* The unmap copies nothing. */
	KUNIT_EXPECT_EQ(test, size, conf_same(p, conf->seen, size));
	KUNIT_EXPECT_EQ(test, used, conf_used(conf));
}

void conf_coherent_page(struct kunit *test)
{
	static const size_t offsets[] = { 0, 64, PAGE_SIZE - 64, PAGE_SIZE };
	static const size_t sizes[] = { 4, 2048, PAGE_SIZE, 2 * PAGE_SIZE + 100 };
	int i;

	for (i = 0; i < ARRAY_SIZE(offsets) * ARRAY_SIZE(sizes); i++)
		page(test, offsets[i / ARRAY_SIZE(sizes)],
		     sizes[i % ARRAY_SIZE(sizes)]);
}

#define NENTS	3

/* Whole pages, or pieces that begin and end in a page. */
static void list(struct kunit *test, bool whole)
{
	struct conf *conf = test->priv;
	long used = conf_used(conf);
	struct scatterlist sgl[NENTS], *sg;
	struct sg_table sgt = {
		.sgl = sgl, .nents = NENTS, .orig_nents = NENTS,
	};
	size_t len = whole ? PAGE_SIZE : 700, total = 0;
	int i, ret = -EIO;

	sg_init_table(sgl, NENTS);
	for (i = 0; i < NENTS; i++)
		sg_set_buf(&sgl[i], conf->buf + 2 * i * PAGE_SIZE +
			   (whole ? 0 : 100 * i), len);
	conf_fill(conf->buf, CONF_BUF_SIZE, 3);
	memcpy(conf->want, conf->buf, CONF_BUF_SIZE);
	kunit_warning_suppress(test) {
		ret = dma_map_sgtable(conf->dev, &sgt, DMA_BIDIRECTIONAL, RC);
	}
	if (ret) {
		KUNIT_EXPECT_FALSE_MSG(test, must_grant(conf), "refused: %d",
				       ret);
		KUNIT_EXPECT_EQ(test, NENTS, sgt.nents);
		for (i = 0; i < NENTS; i++)
			KUNIT_EXPECT_EQ(test, len, sgl[i].length);
		KUNIT_EXPECT_EQ(test, used, conf_used(conf));
		KUNIT_EXPECT_EQ(test, CONF_BUF_SIZE,
				conf_same(conf->buf, conf->want, CONF_BUF_SIZE));
		return;
	}
	KUNIT_EXPECT_FALSE_MSG(test, must_refuse(conf), "granted");
	for_each_sgtable_dma_sg(&sgt, sg, i) {
		KUNIT_EXPECT_EQ(test, 0, conf_read(conf, sg_dma_address(sg),
						   conf->seen + total,
						   sg_dma_len(sg)));
		total += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, NENTS * len, total);
	for (i = 0, total = 0; i < NENTS; i++, total += len)
		KUNIT_EXPECT_EQ(test, len, conf_same(conf->seen + total,
						     sg_virt(&sgl[i]), len));
	conf_fill(conf->want, total, 4);
	total = 0;
	for_each_sgtable_dma_sg(&sgt, sg, i) {
		KUNIT_EXPECT_EQ(test, 0, conf_write(conf, sg_dma_address(sg),
						    conf->want + total,
						    sg_dma_len(sg)));
		total += sg_dma_len(sg);
	}
	for (i = 0, total = 0; i < NENTS; i++, total += len)
		KUNIT_EXPECT_EQ_MSG(test, len,
				    conf_same(sg_virt(&sgl[i]),
					      conf->want + total, len),
				    "entry %d", i);
	dma_unmap_sgtable(conf->dev, &sgt, DMA_BIDIRECTIONAL, RC);
	for (i = 0, total = 0; i < NENTS; i++, total += len)
		KUNIT_EXPECT_EQ(test, len, conf_same(sg_virt(&sgl[i]),
						     conf->want + total, len));
	KUNIT_EXPECT_EQ(test, used, conf_used(conf));
}

void conf_coherent_list(struct kunit *test)
{
	list(test, true);
	list(test, false);
}

/* Map and unmap many times; what was refused is not unmapped. */
void conf_coherent_many(struct kunit *test)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;
	int i;

	kunit_warning_suppress(test) {
		for (i = 0; i < CONF_HOGS; i++) {
			addr = dma_map_single_attrs(conf->dev, conf->buf + 100,
						    1000, DMA_TO_DEVICE, RC);
			if (!dma_mapping_error(conf->dev, addr))
				dma_unmap_single_attrs(conf->dev, addr, 1000,
						       DMA_TO_DEVICE, RC);
		}
	}
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
	if (conf->be->claims & CONF_EXHAUSTS)
		conf_expect_room(test);
}
