// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of mandatory DMA attributes, on every backend of the conformance suite:
 * each one is honoured or refused, a refusal takes nothing, and the query gives the
 * result of the map.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu-dma.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include "../../contract.h"
#include "conformance.h"

#define RC		DMA_ATTR_REQUIRE_COHERENT
#define WB		DMA_ATTR_WRITE_BARRIER
#define MMIO		DMA_ATTR_MMIO
#define CC		DMA_ATTR_CC_SHARED
#define RESERVED	DMA_ATTR_RESERVED_MANDATORY

static const unsigned long attr_sets[] = {
	0, RC, WB, RC | WB, RC | DMA_ATTR_SKIP_CPU_SYNC, CC, CC | RC,
	BIT(24), BIT(31) | RC, RESERVED, WB | DMA_ATTR_WEAK_ORDERING,
	MMIO, MMIO | RC, MMIO | WB, MMIO | BIT(25),
};

/* Offset and size of buffers: whole pages, and parts of pages. */
static const struct {
	size_t off, size;
} shapes[] = {
	{ 0, PAGE_SIZE }, { PAGE_SIZE, 2 * PAGE_SIZE }, { 100, 1000 },
	{ PAGE_SIZE - 8, 16 },
};

/* True if the core knows nothing about the order of the device's bus. */
static bool order_is_unknown(struct conf *conf)
{
	return !dev_is_pci(conf->dev) && !get_dma_ops(conf->dev);
}

/*
 * Results that do not depend on the backend, or follow from its claims: -EINVAL or
 * -EOPNOTSUPP, 0 if the map must be granted, 1 if it may be either.
 */
static int expected(struct conf *conf, enum dma_data_direction dir,
		    unsigned long attrs, bool whole)
{
	bool coherent = conf->be->claims & CONF_COHERENT &&
			!(conf->be->claims & CONF_BOUNCES);

	if (attrs & WB && attrs & DMA_ATTR_WEAK_ORDERING)
		return -EINVAL;
	if (attrs & RESERVED)
		return -EOPNOTSUPP;
	if (attrs & MMIO && !(conf->be->claims & CONF_RESOURCES))
		return 1;
	if (attrs & RC && !coherent)
		return attrs & MMIO ? 1 : -EOPNOTSUPP;
	if (attrs & WB && dir != DMA_TO_DEVICE) {
		if (attrs & MMIO || order_is_unknown(conf))
			return -EOPNOTSUPP;
		if (!dev_is_pci(conf->dev))
			return 1;
	}
	if (attrs & CC)
		return use_dma_iommu(conf->dev) ? -EOPNOTSUPP : 1;
	if (attrs & RC && !(attrs & MMIO) &&
	    conf->be->claims & CONF_BOUNCES_SOME)
		return 1;
	if (attrs & RC && !(attrs & MMIO) && conf->be->claims & CONF_HIDES)
		return whole ? 0 : -EOPNOTSUPP;
	return 0;
}

static void expect_result(struct kunit *test, int want, int got,
			  enum dma_data_direction dir, unsigned long attrs)
{
	if (want <= 0)
		KUNIT_EXPECT_EQ_MSG(test, want, got, "attrs %lx dir %d", attrs,
				    dir);
}

static void page(struct kunit *test, int shape, enum dma_data_direction dir,
		 unsigned long attrs)
{
	struct conf *conf = test->priv;
	size_t size = shapes[shape].size;
	phys_addr_t phys = (attrs & MMIO ? conf_resource(conf, false) :
					   virt_to_phys(conf->buf)) +
			   shapes[shape].off;
	bool whole = !((shapes[shape].off | size) & (PAGE_SIZE - 1));
	long used = conf_used(conf);
	dma_addr_t addr;
	int query;

	if (attrs & MMIO)
		size = min(size, PAGE_SIZE);
	query = dma_query_phys(conf->dev, phys, size, dir, attrs);
	expect_result(test, expected(conf, dir, attrs, whole), query, dir, attrs);
	addr = dma_map_phys(conf->dev, phys, size, dir, attrs);
	if (dma_mapping_error(conf->dev, addr)) {
		KUNIT_EXPECT_NE_MSG(test, 0, query, "attrs %lx dir %d shape %d",
				    attrs, dir, shape);
	} else {
		KUNIT_EXPECT_EQ_MSG(test, 0, query, "attrs %lx dir %d shape %d",
				    attrs, dir, shape);
		dma_unmap_phys(conf->dev, addr, size, dir, attrs);
	}
	KUNIT_EXPECT_EQ_MSG(test, used, conf_used(conf), "attrs %lx dir %d",
			    attrs, dir);
}

static void promise_60_a_page_gets_its_attributes_or_is_refused(struct kunit *test)
{
	enum dma_data_direction dir;
	int i;

	for (i = 0; i < ARRAY_SIZE(attr_sets) * ARRAY_SIZE(shapes); i++)
		for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++)
			page(test, i % ARRAY_SIZE(shapes), dir,
			     attr_sets[i / ARRAY_SIZE(shapes)]);
}

#define NENTS	3

/* Whole pages; with @part the last entry is a part of a page. */
static void list(struct kunit *test, bool part, enum dma_data_direction dir,
		 unsigned long attrs)
{
	struct conf *conf = test->priv;
	long used = conf_used(conf);
	struct scatterlist sgl[NENTS];
	struct sg_table sgt = {
		.sgl = sgl, .nents = NENTS, .orig_nents = NENTS,
	};
	int i, ret, query, want;

	sg_init_table(sgl, NENTS);
	for (i = 0; i < NENTS; i++)
		sg_set_buf(&sgl[i], conf->buf + 2 * i * PAGE_SIZE,
			   part && i == NENTS - 1 ? 1000 : PAGE_SIZE);
	conf_fill(conf->buf, CONF_BUF_SIZE, 61);
	memcpy(conf->want, conf->buf, CONF_BUF_SIZE);
	want = attrs & MMIO ? -EINVAL : expected(conf, dir, attrs, !part);
	query = dma_query_sg(conf->dev, sgl, NENTS, dir, attrs);
	expect_result(test, want, query, dir, attrs);
	ret = dma_map_sgtable(conf->dev, &sgt, dir, attrs);
	KUNIT_EXPECT_EQ_MSG(test, query, ret, "attrs %lx dir %d", attrs, dir);
	if (!ret)
		dma_unmap_sgtable(conf->dev, &sgt, dir, attrs);
	else
		KUNIT_EXPECT_EQ(test, NENTS, sgt.nents);
	for (i = 0; i < NENTS; i++) {
		KUNIT_EXPECT_EQ(test, part && i == NENTS - 1 ? 1000 : PAGE_SIZE,
				sgl[i].length);
		KUNIT_EXPECT_EQ(test, 0, sgl[i].offset);
	}
	KUNIT_EXPECT_EQ_MSG(test, used, conf_used(conf), "attrs %lx dir %d",
			    attrs, dir);
	KUNIT_EXPECT_EQ(test, CONF_BUF_SIZE,
			conf_same(conf->buf, conf->want, CONF_BUF_SIZE));
}

static void promise_61_a_list_gets_its_attributes_or_is_refused(struct kunit *test)
{
	enum dma_data_direction dir;
	int i;

	for (i = 0; i < ARRAY_SIZE(attr_sets); i++) {
		for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
			list(test, false, dir, attr_sets[i]);
			list(test, true, dir, attr_sets[i]);
		}
	}
}

/* Refusals take no slots, entries or addresses, however many there are. */
static void promise_62_refusals_cost_no_room(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct scatterlist sg;
	dma_addr_t addr;
	int i;

	for (i = 0; i < CONF_HOGS; i++) {
		addr = dma_map_single_attrs(conf->dev, conf->buf + 100, 1000,
					    DMA_FROM_DEVICE, BIT(24));
		KUNIT_ASSERT_TRUE(test, dma_mapping_error(conf->dev, addr));
		sg_init_one(&sg, conf->buf + 100, 1000);
		KUNIT_ASSERT_EQ(test, 0, dma_map_sg_attrs(conf->dev, &sg, 1,
							  DMA_FROM_DEVICE,
							  BIT(24)));
	}
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
	if (conf->be->claims & CONF_EXHAUSTS)
		conf_expect_room(test);
}

/* The CPU and the device see the same bytes, without any call. */
static void expect_shared(struct kunit *test, u8 *p, dma_addr_t addr, size_t len)
{
	struct conf *conf = test->priv;

	conf_fill(p, len, 63);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, addr, conf->seen, len));
	KUNIT_EXPECT_EQ(test, len, conf_same(conf->seen, p, len));
	conf_fill(conf->seen, len, 64);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, addr, conf->seen, len));
	KUNIT_EXPECT_EQ(test, len, conf_same(p, conf->seen, len));
}

static void promise_63_an_allocation_gets_its_attributes_or_is_refused(struct kunit *test)
{
	struct conf *conf = test->priv;
	unsigned long attrs;
	dma_addr_t addr;
	int i, query;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(attr_sets); i++) {
		attrs = attr_sets[i];
		query = dma_query_alloc(conf->dev, PAGE_SIZE, attrs);
		p = dma_alloc_attrs(conf->dev, PAGE_SIZE, &addr, GFP_KERNEL,
				    attrs);
		KUNIT_EXPECT_EQ_MSG(test, !query, !!p, "attrs %lx", attrs);
		/* Coherent memory is coherent, wherever it comes from. */
		if (!(attrs & ~RC))
			KUNIT_EXPECT_NOT_NULL(test, p);
		if (attrs & (MMIO | CC | RESERVED) ||
		    (attrs & WB && order_is_unknown(conf)))
			KUNIT_EXPECT_NULL_MSG(test, p, "attrs %lx", attrs);
		if (!p)
			continue;
		expect_shared(test, p, addr, PAGE_SIZE);
		dma_free_attrs(conf->dev, PAGE_SIZE, p, addr, attrs);
	}
}

static void promise_64_noncontiguous_memory_is_coherent_or_refused(struct kunit *test)
{
	struct conf *conf = test->priv;
	const size_t size = 2 * PAGE_SIZE;
	struct sg_table *sgt;
	u8 *p;

	sgt = dma_alloc_noncontiguous(conf->dev, size, DMA_BIDIRECTIONAL,
				      GFP_KERNEL, RC);
	if (conf->be->claims & CONF_COHERENT && conf->be->claims & CONF_PAGES &&
	    !(conf->be->claims & CONF_BOUNCES) && !get_dma_ops(conf->dev))
		KUNIT_EXPECT_NOT_NULL(test, sgt);
	if (!(conf->be->claims & CONF_COHERENT))
		KUNIT_EXPECT_NULL(test, sgt);
	if (!sgt)
		return;
	p = dma_vmap_noncontiguous(conf->dev, size, sgt);
	KUNIT_EXPECT_NOT_NULL(test, p);
	if (p) {
		expect_shared(test, p, sg_dma_address(sgt->sgl), size);
		dma_vunmap_noncontiguous(conf->dev, p);
	}
	dma_free_noncontiguous(conf->dev, size, sgt, DMA_BIDIRECTIONAL);
}

static void promise_65_a_link_gets_its_attributes_or_is_refused(struct kunit *test)
{
	static const unsigned long refused[] = {
		CC, BIT(24), BIT(31) | RC, CC | MMIO,
	};
	struct conf *conf = test->priv;
	phys_addr_t phys = virt_to_phys(conf->buf);
	unsigned long attrs = conf->be->claims & CONF_COHERENT ? RC : 0;
	struct dma_iova_state state;
	int i, ret;

	KUNIT_ASSERT_TRUE(test, dma_iova_try_alloc(conf->dev, &state, 0,
						   CONF_BUF_SIZE));
	if (!attrs)
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				dma_iova_link(conf->dev, &state, phys, 0,
					      PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, 0, dma_iova_link(conf->dev, &state, phys, 0,
					       PAGE_SIZE, DMA_FROM_DEVICE, attrs));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		ret = dma_iova_link(conf->dev, &state, phys + PAGE_SIZE,
				    PAGE_SIZE, PAGE_SIZE, DMA_FROM_DEVICE,
				    refused[i]);
		KUNIT_EXPECT_EQ_MSG(test, -EOPNOTSUPP, ret, "attrs %lx",
				    refused[i]);
		if (!ret)
			dma_iova_unlink(conf->dev, &state, PAGE_SIZE, PAGE_SIZE,
					DMA_FROM_DEVICE, refused[i]);
		KUNIT_EXPECT_EQ(test, CONF_NOWHERE,
				conf->be->walk(conf, state.addr + PAGE_SIZE));
	}
	ret = dma_iova_link(conf->dev, &state, phys + PAGE_SIZE, PAGE_SIZE,
			    PAGE_SIZE, DMA_FROM_DEVICE,
			    WB | DMA_ATTR_WEAK_ORDERING);
	KUNIT_EXPECT_EQ(test, -EINVAL, ret);
	/* The link before them is as it was. */
	KUNIT_EXPECT_EQ(test, 0, dma_iova_sync(conf->dev, &state, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, phys, conf->be->walk(conf, state.addr));
	dma_iova_destroy(conf->dev, &state, PAGE_SIZE, DMA_FROM_DEVICE, attrs);
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

/* The refusal prints nothing, because user space may provoke it. */
static void promise_66_beside_a_bounced_link_none_is_coherent(struct kunit *test)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = virt_to_phys(conf->buf);
	struct dma_iova_state state;

	KUNIT_ASSERT_TRUE(test, dma_iova_try_alloc(conf->dev, &state, 0,
						   CONF_BUF_SIZE));
	/* It ends within a page. */
	KUNIT_EXPECT_EQ(test, 0, dma_iova_link(conf->dev, &state, phys, 0, 1000,
					       DMA_FROM_DEVICE, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_iova_link(conf->dev, &state, phys + PAGE_SIZE,
				      PAGE_SIZE, PAGE_SIZE, DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_iova_link(conf->dev, &state, phys + 2 * PAGE_SIZE,
				      2 * PAGE_SIZE, 1000, DMA_FROM_DEVICE, RC));
	dma_iova_destroy(conf->dev, &state, 1000, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

/*
 * A mapping with a barrier carries data as any other does, and a PCI function gets it.
 * The order is not tested here: dma_model_order does that, where writes can pass.
 */
static void promise_67_a_mapping_with_a_barrier_carries_data(struct kunit *test)
{
	struct conf *conf = test->priv;
	dma_addr_t data, done;
	u8 *entry = conf->buf + 2 * PAGE_SIZE;

	data = dma_map_single(conf->dev, conf->buf, PAGE_SIZE, DMA_FROM_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(conf->dev, data));
	done = dma_map_single_attrs(conf->dev, entry, 16, DMA_FROM_DEVICE, WB);
	if (dma_mapping_error(conf->dev, done)) {
		KUNIT_EXPECT_FALSE(test, dev_is_pci(conf->dev));
	} else {
		conf_fill(conf->seen, PAGE_SIZE + 16, 67);
		KUNIT_EXPECT_EQ(test, 0, conf_write(conf, data, conf->seen,
						    PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, 0, conf_write(conf, done,
						    conf->seen + PAGE_SIZE, 16));
		dma_sync_single_for_cpu(conf->dev, done, 16, DMA_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, 16, conf_same(entry, conf->seen + PAGE_SIZE,
						    16));
		dma_sync_single_for_cpu(conf->dev, data, PAGE_SIZE,
					DMA_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, PAGE_SIZE,
				conf_same(conf->buf, conf->seen, PAGE_SIZE));
		dma_unmap_single_attrs(conf->dev, done, 16, DMA_FROM_DEVICE, WB);
	}
	dma_unmap_single(conf->dev, data, PAGE_SIZE, DMA_FROM_DEVICE);
}

static struct kunit_case contract_promises[] = {
	KUNIT_CASE_PARAM(promise_60_a_page_gets_its_attributes_or_is_refused,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_61_a_list_gets_its_attributes_or_is_refused,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_62_refusals_cost_no_room, conf_gen_present),
	KUNIT_CASE_PARAM(promise_63_an_allocation_gets_its_attributes_or_is_refused,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_64_noncontiguous_memory_is_coherent_or_refused,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_65_a_link_gets_its_attributes_or_is_refused,
			 conf_gen_iova),
	KUNIT_CASE_PARAM(promise_66_beside_a_bounced_link_none_is_coherent,
			 conf_gen_hides),
	KUNIT_CASE_PARAM(promise_67_a_mapping_with_a_barrier_carries_data,
			 conf_gen_present),
	{}
};

static struct kunit_suite contract_promises_suite = {
	.name = "dma_conformance_contract",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = conf_test_init,
	.exit = conf_test_exit,
	.test_cases = contract_promises,
};

kunit_test_suite(contract_promises_suite);

MODULE_DESCRIPTION("KUnit tests of the promises of mandatory DMA attributes");
MODULE_LICENSE("GPL");
