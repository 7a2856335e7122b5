// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of permissions: a device cannot write to what is mapped for it to read, and
 * cannot read what is mapped for it to write.
 *
 * The IOMMU has to stop the access, and a walk of its tables does not know that.  So the
 * cases run where the device itself accesses memory, and where nothing translates.  The
 * device need not notice that it was stopped: the cases look at the bytes.
 */
#include <linux/delay.h>
#include "conformance.h"

#define LEN	4	/* one access, and so one fault */

static const u8 secret[LEN] = "mine";
static const u8 forged[LEN] = "dev!";

/* Each way to map a buffer has code of its own for the direction. */
enum way { PAGE, LIST, LINK, NR_WAYS };

struct mapped {
	enum way way;
	enum dma_data_direction dir;
	dma_addr_t addr;
	struct scatterlist sg;
	struct sg_table sgt;
	struct dma_iova_state state;
};

/* False if the backend does not have this way. */
static bool map(struct kunit *test, struct mapped *m,
		enum dma_data_direction dir, enum way way)
{
	struct conf *conf = test->priv;
	struct device *dev = conf->dev;

	*m = (struct mapped) { .way = way, .dir = dir };
	switch (way) {
	case PAGE:
		m->addr = dma_map_single(dev, conf->buf, PAGE_SIZE, dir);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, m->addr));
		return true;
	case LIST:
		sg_init_one(&m->sg, conf->buf, PAGE_SIZE);
		m->sgt.sgl = &m->sg;
		m->sgt.orig_nents = 1;
		KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(dev, &m->sgt, dir, 0));
		m->addr = sg_dma_address(&m->sg);
		return true;
	default:
		if (!dma_iova_try_alloc(dev, &m->state, 0, PAGE_SIZE))
			return false;
		KUNIT_ASSERT_EQ(test, 0,
				dma_iova_link(dev, &m->state,
					      virt_to_phys(conf->buf), 0,
					      PAGE_SIZE, dir, 0));
		KUNIT_ASSERT_EQ(test, 0, dma_iova_sync(dev, &m->state, 0,
						       PAGE_SIZE));
		m->addr = m->state.addr;
		return true;
	}
}

static void unmap(struct conf *conf, struct mapped *m)
{
	if (m->way == PAGE)
		dma_unmap_single(conf->dev, m->addr, PAGE_SIZE, m->dir);
	else if (m->way == LIST)
		dma_unmap_sgtable(conf->dev, &m->sgt, m->dir, 0);
	else
		dma_iova_destroy(conf->dev, &m->state, PAGE_SIZE, m->dir, 0);
}

/*
 * The next access is one that the IOMMU has to stop.  Its driver may print that: ten
 * lines, and no more for five seconds.  Whoever searches the log for errors knows from the
 * line "expect-splat:" which text the test wants.
 */
static void announce(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (!conf->be->fault_text)
		return;
	ssleep(6);
	kunit_info(test, "expect-splat: %s", conf->be->fault_text);
}

/* The message must come before the next access. */
static void settle(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (conf->be->fault_text)
		msleep(100);
}

/* The number of bytes that are the same, wherever they are. */
static int alike(const u8 *a, const u8 *b)
{
	int i, nr = 0;

	for (i = 0; i < LEN; i++)
		nr += a[i] == b[i];
	return nr;
}

static void write_what_is_read(struct kunit *test, enum way way)
{
	struct conf *conf = test->priv;
	bool denies = conf->be->claims & CONF_DENIES_WRITE;
	struct mapped m;

	memset(conf->buf, 0, CONF_BUF_SIZE);
	memcpy(conf->buf, secret, LEN);
	memcpy(conf->want, conf->buf, CONF_BUF_SIZE);
	if (!map(test, &m, DMA_TO_DEVICE, way))
		return;
	if (denies)
		announce(test);
	conf_write(conf, m.addr, forged, LEN);
	settle(test);
	memset(conf->seen, 0, LEN);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, m.addr, conf->seen, LEN));
	unmap(conf, &m);
	/* Where nothing stops the device, it must see that: the claim is wrong. */
	KUNIT_EXPECT_EQ_MSG(test, LEN, alike(conf->seen, denies ? secret : forged),
			    "%s: way %d", denies ? "it did write" :
			    "denies-write is not claimed", way);
	if (denies || conf->be->claims & CONF_BOUNCES)
		KUNIT_EXPECT_EQ_MSG(test, CONF_BUF_SIZE,
				    conf_same(conf->buf, conf->want,
					      CONF_BUF_SIZE), "way %d", way);
}

void conf_right_to_write(struct kunit *test)
{
	enum way way;

	for (way = PAGE; way < NR_WAYS; way++)
		write_what_is_read(test, way);
}

/*
 * The secret is in memory, and not only in a cache: to map a buffer that the device is to
 * write may discard the cache lines.
 */
static void keep_secret(struct kunit *test)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;

	memcpy(conf->buf, secret, LEN);
	addr = dma_map_single(conf->dev, conf->buf, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(conf->dev, addr));
	dma_unmap_single(conf->dev, addr, LEN, DMA_TO_DEVICE);
}

/* The device holds other bytes, so that it cannot have the secret from before. */
static void forget(struct kunit *test)
{
	struct conf *conf = test->priv;
	dma_addr_t addr;

	memset(conf->want, 0, LEN);
	addr = dma_map_single(conf->dev, conf->want, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(conf->dev, addr));
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, addr, conf->seen, LEN));
	dma_unmap_single(conf->dev, addr, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, alike(conf->seen, secret));
}

static void read_what_is_written(struct kunit *test, enum way way)
{
	struct conf *conf = test->priv;
	bool denies = conf->be->claims & CONF_DENIES_READ;
	struct mapped m;

	keep_secret(test);
	forget(test);
	if (!map(test, &m, DMA_FROM_DEVICE, way))
		return;
	if (denies)
		announce(test);
	conf_read(conf, m.addr, conf->seen, LEN);
	settle(test);
	unmap(conf, &m);
	KUNIT_EXPECT_EQ_MSG(test, denies ? 0 : LEN, alike(conf->seen, secret),
			    "%s: way %d", denies ? "it did read" :
			    "denies-read is not claimed", way);
}

void conf_right_to_read(struct kunit *test)
{
	enum way way;

	for (way = PAGE; way < NR_WAYS; way++)
		read_what_is_written(test, way);
}
