// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of the dma_iova_*() functions: pages from anywhere in memory are linked to
 * one range of bus addresses, and each link is undone alone or with the whole range.
 */
#include "conformance.h"

/* The pages of the buffer that are linked, in the order of their bus addresses. */
static const u8 pages[] = { 5, 0, 6, 3 };

#define LINKS		ARRAY_SIZE(pages)
#define LINKED		(LINKS * PAGE_SIZE)

/* The size of the IOMMU's pages; only an IOMMU has dma_iova_*(). */
static size_t io_page_size(struct conf *conf)
{
	return dma_get_merge_boundary(conf->dev) + 1;
}

/* A link that does not fill its pages may be bounced. */
static bool may_bounce(struct conf *conf)
{
	return conf->be->claims & CONF_HIDES ||
	       (IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC) &&
		conf->be->claims & CONF_MAINTAINS);
}

static struct dma_iova_state alloc(struct kunit *test, phys_addr_t phys,
				   size_t size)
{
	struct conf *conf = test->priv;
	struct dma_iova_state state;

	KUNIT_ASSERT_TRUE(test, dma_iova_try_alloc(conf->dev, &state, phys,
						   size));
	KUNIT_EXPECT_TRUE(test, dma_use_iova(&state));
	KUNIT_EXPECT_EQ(test, size, dma_iova_size(&state));
	KUNIT_EXPECT_LE(test, state.addr + size - 1, dma_get_mask(conf->dev));
	return state;
}

static bool is_dead(struct conf *conf, dma_addr_t addr)
{
	u8 byte;

	return conf_read(conf, addr, &byte, 1) == -EFAULT;
}

/* What the device sees at the page-th linked page. */
static void expect_seen(struct kunit *test, struct dma_iova_state *state, int i)
{
	struct conf *conf = test->priv;
	u8 *p = conf->buf + pages[i] * PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, state->addr + i * PAGE_SIZE,
					   conf->seen, PAGE_SIZE));
	KUNIT_EXPECT_EQ_MSG(test, PAGE_SIZE,
			    conf_same(conf->seen, p, PAGE_SIZE), "link %d", i);
}

static void both_ways(struct kunit *test, enum dma_data_direction dir,
		      bool each)
{
	struct conf *conf = test->priv;
	struct dma_iova_state state = alloc(test, 0, LINKED);
	phys_addr_t phys = virt_to_phys(conf->buf);
	int i;

	conf_fill(conf->buf, CONF_BUF_SIZE, 50 + dir);
	memcpy(conf->want, conf->buf, CONF_BUF_SIZE);
	KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr));
	for (i = 0; i < LINKS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				dma_iova_link(conf->dev, &state,
					      phys + pages[i] * PAGE_SIZE,
					      i * PAGE_SIZE, PAGE_SIZE, dir, 0));
	KUNIT_ASSERT_EQ(test, 0, dma_iova_sync(conf->dev, &state, 0, LINKED));
	for (i = 0; i < LINKS; i++)
		expect_seen(test, &state, i);
	if (dir != DMA_TO_DEVICE) {
		conf_fill(conf->seen, LINKED, 60 + dir);
		/* In one piece: the links are side by side on the bus. */
		KUNIT_EXPECT_EQ(test, 0, conf_write(conf, state.addr,
						    conf->seen, LINKED));
		for (i = 0; i < LINKS; i++)
			memcpy(conf->want + pages[i] * PAGE_SIZE,
			       conf->seen + i * PAGE_SIZE, PAGE_SIZE);
	}
	if (each) {
		dma_iova_unlink(conf->dev, &state, PAGE_SIZE, PAGE_SIZE, dir, 0);
		KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr + PAGE_SIZE));
		KUNIT_EXPECT_FALSE(test, is_dead(conf, state.addr));
		KUNIT_EXPECT_FALSE(test, is_dead(conf, state.addr +
						 2 * PAGE_SIZE));
		dma_iova_unlink(conf->dev, &state, 0, PAGE_SIZE, dir, 0);
		dma_iova_unlink(conf->dev, &state, 2 * PAGE_SIZE,
				LINKED - 2 * PAGE_SIZE, dir, 0);
		dma_iova_free(conf->dev, &state);
	} else {
		dma_iova_destroy(conf->dev, &state, LINKED, dir, 0);
	}
	for (i = 0; i < LINKS; i++)
		KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr +
						i * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, CONF_BUF_SIZE,
			conf_same(conf->buf, conf->want, CONF_BUF_SIZE));
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

void conf_iova_data(struct kunit *test)
{
	enum dma_data_direction dir;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		both_ways(test, dir, false);
		both_ways(test, dir, true);
	}
}

/*
 * One link of @size bytes at @off of the buffer.  If it is bounced, its offset in the
 * page has to be kept.
 */
static void unaligned(struct kunit *test, size_t off, size_t size,
		      enum dma_data_direction dir)
{
	struct conf *conf = test->priv;
	size_t granule = io_page_size(conf), before = off & (granule - 1);
	size_t after = -(off + size) & (granule - 1);
	phys_addr_t phys = virt_to_phys(conf->buf) + off;
	struct dma_iova_state state;

	if (may_bounce(conf) && before & ~dma_get_min_align_mask(conf->dev)) {
		KUNIT_EXPECT_FALSE(test, dma_iova_try_alloc(conf->dev, &state,
							    phys, size));
		return;
	}
	state = alloc(test, phys, size);
	KUNIT_EXPECT_EQ(test, before, state.addr & (granule - 1));
	conf_fill(conf->buf, CONF_BUF_SIZE, size);
	memcpy(conf->want, conf->buf, CONF_BUF_SIZE);
	KUNIT_ASSERT_EQ_MSG(test, 0,
			    dma_iova_link(conf->dev, &state, phys, 0, size, dir,
					  0),
			    "offset %zu size %zu dir %d", off, size, dir);
	KUNIT_ASSERT_EQ(test, 0, dma_iova_sync(conf->dev, &state, 0, size));

	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, state.addr, conf->seen, size));
	KUNIT_EXPECT_EQ_MSG(test, size,
			    conf_same(conf->seen, conf->want + off, size),
			    "offset %zu size %zu dir %d", off, size, dir);
	if (conf->be->claims & CONF_HIDES) {
		KUNIT_EXPECT_EQ(test, 0, conf_read(conf, state.addr - before,
						   conf->seen, before));
		KUNIT_EXPECT_NULL(test, memchr_inv(conf->seen, 0, before));
		KUNIT_EXPECT_EQ(test, 0, conf_read(conf, state.addr + size,
						   conf->seen, after));
		KUNIT_EXPECT_NULL(test, memchr_inv(conf->seen, 0, after));
	}
	/* The device leaves the first and the last byte alone. */
	if (dir != DMA_TO_DEVICE && size > 2) {
		conf_fill(conf->want + off + 1, size - 2, size + 1);
		KUNIT_EXPECT_EQ(test, 0, conf_write(conf, state.addr + 1,
						    conf->want + off + 1,
						    size - 2));
	}
	dma_iova_destroy(conf->dev, &state, size, dir, 0);
	KUNIT_EXPECT_EQ_MSG(test, CONF_BUF_SIZE,
			    conf_same(conf->buf, conf->want, CONF_BUF_SIZE),
			    "offset %zu size %zu dir %d", off, size, dir);
	KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr));
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

void conf_iova_unaligned(struct kunit *test)
{
	struct conf *conf = test->priv;
	const size_t granule = io_page_size(conf);
	const size_t offsets[] = {
		0, 1, 64, 2048, granule - 1, granule, granule + 100,
	};
	const size_t sizes[] = {
		1, 100, 2048, granule - 1, granule, granule + 1, 2 * granule,
		3 * granule + 500,
	};
	const unsigned int masks[] = { 0, granule / 2 - 1, granule - 1 };
	enum dma_data_direction dir;
	int i, j;

	for (j = 0; j < ARRAY_SIZE(masks); j++) {
		dma_set_min_align_mask(conf->dev, masks[j]);
		for (i = 0; i < ARRAY_SIZE(offsets) * ARRAY_SIZE(sizes); i++)
			for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++)
				unaligned(test, offsets[i / ARRAY_SIZE(sizes)],
					  sizes[i % ARRAY_SIZE(sizes)], dir);
	}
	conf_reset_limits(conf);
}

/* Map buffers that have to be bounced, until the pool has no slot left. */
static int fill_pool(struct conf *conf, dma_addr_t *addr)
{
	int nr;

	for (nr = 0; nr < CONF_HOGS; nr++) {
		addr[nr] = dma_map_single_attrs(conf->dev, conf->want + 1, 2,
						DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
		if (dma_mapping_error(conf->dev, addr[nr]))
			break;
	}
	return nr;
}

/* The head or the tail of a link finds no slot. */
static void no_slot(struct kunit *test, dma_addr_t *hogs)
{
	struct conf *conf = test->priv;
	const size_t granule = io_page_size(conf);
	const size_t off = 100, size = 2 * granule + 200;
	phys_addr_t phys = virt_to_phys(conf->buf) + off;
	struct dma_iova_state state;
	int nr, left, ret;
	long used;

	dma_set_min_align_mask(conf->dev, granule - 1);
	nr = fill_pool(conf, hogs);
	KUNIT_ASSERT_GT(test, nr, 2);
	KUNIT_ASSERT_LT(test, nr, CONF_HOGS);
	/* Room for nothing, then for the head alone. */
	for (left = nr; left > nr - 2; left--) {
		state = alloc(test, phys, size);
		used = conf_used(conf);
		ret = dma_iova_link(conf->dev, &state, phys, 0, size,
				    DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
		KUNIT_EXPECT_EQ_MSG(test, -ENOMEM, ret, "%d slots", nr - left);
		KUNIT_EXPECT_EQ(test, used, conf_used(conf));
		KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr));
		KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr + granule));
		dma_iova_destroy(conf->dev, &state, ret ? 0 : size,
				 DMA_TO_DEVICE, 0);
		dma_unmap_single(conf->dev, hogs[left - 1], 2, DMA_TO_DEVICE);
	}
	while (left--)
		dma_unmap_single(conf->dev, hogs[left], 2, DMA_TO_DEVICE);
	conf_settle(conf);
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
	unaligned(test, off, size, DMA_BIDIRECTIONAL);
	conf_reset_limits(conf);
}

void conf_iova_unwind(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct dma_iova_state state;
	dma_addr_t *hogs;
	int nr;

	hogs = kunit_kcalloc(test, CONF_HOGS, sizeof(*hogs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hogs);
	if (conf->be->claims & CONF_HIDES)
		no_slot(test, hogs);
	/* There are no addresses left. */
	conf_narrow(test);
	nr = conf_fill_up(conf, hogs);
	KUNIT_EXPECT_LT(test, nr, CONF_HOGS);
	if (dma_iova_try_alloc(conf->dev, &state, 0, CONF_BUF_SIZE)) {
		KUNIT_FAIL(test, "addresses were found where there are none");
		dma_iova_free(conf->dev, &state);
	}
	KUNIT_EXPECT_FALSE(test, dma_use_iova(&state));
	conf_give_back(conf, hogs, nr);
	conf_expect_room(test);
}

/* Both sides write; the other one sees it without a call of the DMA API. */
static void coherent(struct kunit *test, size_t off, size_t size)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = virt_to_phys(conf->buf) + off;
	struct dma_iova_state state = alloc(test, phys, size);
	bool bounces = conf->be->claims & CONF_HIDES &&
		       (off | size) & (io_page_size(conf) - 1);
	u8 *p = conf->buf + off;
	int ret;

	ret = dma_iova_link(conf->dev, &state, phys, 0, size, DMA_BIDIRECTIONAL,
			    DMA_ATTR_REQUIRE_COHERENT);
	if (bounces || !(conf->be->claims & CONF_COHERENT))
		KUNIT_EXPECT_NE_MSG(test, 0, ret, "granted, offset %zu", off);
	else
		KUNIT_EXPECT_EQ(test, 0, ret);
	if (ret) {
		KUNIT_EXPECT_TRUE(test, is_dead(conf, state.addr));
		dma_iova_free(conf->dev, &state);
		KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
		return;
	}
	KUNIT_EXPECT_EQ(test, 0, dma_iova_sync(conf->dev, &state, 0, size));
	conf_fill(p, size, 70);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, state.addr, conf->seen, size));
	KUNIT_EXPECT_EQ(test, size, conf_same(conf->seen, p, size));
	conf_fill(conf->seen, size, 71);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, state.addr, conf->seen, size));
	KUNIT_EXPECT_EQ(test, size, conf_same(p, conf->seen, size));
	dma_iova_destroy(conf->dev, &state, size, DMA_BIDIRECTIONAL,
			 DMA_ATTR_REQUIRE_COHERENT);
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

static void resource(struct kunit *test)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = conf_resource(conf, false);
	struct dma_iova_state state = alloc(test, phys, PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, 0,
			dma_iova_link(conf->dev, &state, phys, 0, PAGE_SIZE,
				      DMA_BIDIRECTIONAL, DMA_ATTR_MMIO));
	KUNIT_EXPECT_EQ(test, 0, dma_iova_sync(conf->dev, &state, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, phys, conf->be->walk(conf, state.addr));
	KUNIT_EXPECT_EQ(test, phys + PAGE_SIZE - 1,
			conf->be->walk(conf, state.addr + PAGE_SIZE - 1));
	dma_iova_destroy(conf->dev, &state, PAGE_SIZE, DMA_BIDIRECTIONAL,
			 DMA_ATTR_MMIO);
	KUNIT_EXPECT_EQ(test, CONF_NOWHERE, conf->be->walk(conf, state.addr));
	KUNIT_EXPECT_EQ(test, conf->used, conf_used(conf));
}

void conf_iova_attributes(struct kunit *test)
{
	struct conf *conf = test->priv;
	const size_t granule = io_page_size(conf);

	/* So that all of it could be bounced. */
	dma_set_min_align_mask(conf->dev, granule - 1);
	coherent(test, 0, 2 * granule);
	coherent(test, 100, 1000);
	coherent(test, 0, 1000);
	coherent(test, granule - 50, 100);
	resource(test);
	conf_reset_limits(conf);
}
