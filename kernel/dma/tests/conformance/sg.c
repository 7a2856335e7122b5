// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of scatterlists: the bytes are in the order of the list, in one segment or
 * many, and a list that cannot be mapped as a whole is not mapped at all.
 */
#include <linux/scatterlist.h>
#include "conformance.h"

/* A piece of the buffer: a page of it, an offset in the page, a length. */
struct piece {
	u8 page;
	u32 off, len;
};

static const struct piece one[] = { { 1, 100, 3000 } };

static const struct piece joined[] = {
	{ 0, 0, 4096 }, { 1, 0, 4096 }, { 2, 0, 4096 }, { 3, 0, 2000 },
};

static const struct piece ragged[] = {
	{ 5, 100, 256 }, { 0, 3000, 1096 }, { 7, 0, 4096 }, { 2, 1, 1 },
	{ 3, 2047, 2 }, { 6, 0, 4096 }, { 4, 64, 4032 }, { 1, 128, 2048 },
};

static const struct {
	const struct piece *pieces;
	int nr, chained;	/* the first @chained entries are a list of their own */
} lists[] = {
	{ one, ARRAY_SIZE(one), 0 },
	{ joined, ARRAY_SIZE(joined), 0 },
	{ joined, ARRAY_SIZE(joined), 2 },
	{ ragged, ARRAY_SIZE(ragged), 0 },
	{ ragged, ARRAY_SIZE(ragged), 1 },
	{ ragged, ARRAY_SIZE(ragged), 5 },
};

struct list {
	struct scatterlist first[16], rest[16];
	struct sg_table sgt;
	size_t total;
};

static void make(struct conf *conf, struct list *l, const struct piece *pieces,
		 int nr, int chained)
{
	struct scatterlist *sg;
	int i;

	sg_init_table(l->first, chained ? chained + 1 : nr);
	if (chained) {
		sg_init_table(l->rest, nr - chained);
		sg_chain(l->first, chained + 1, l->rest);
	}
	l->sgt = (struct sg_table) {
		.sgl = l->first, .nents = nr, .orig_nents = nr,
	};
	l->total = 0;
	for_each_sgtable_sg(&l->sgt, sg, i) {
		sg_set_buf(sg, conf->buf + pieces[i].page * PAGE_SIZE +
			   pieces[i].off, pieces[i].len);
		l->total += pieces[i].len;
	}
}

/* The device moves the whole list from or to conf->seen. */
static void transfer(struct kunit *test, struct list *l, bool write)
{
	struct conf *conf = test->priv;
	struct scatterlist *sg;
	size_t done = 0;
	int i;

	for_each_sgtable_dma_sg(&l->sgt, sg, i) {
		u8 *p = conf->seen + done;

		KUNIT_ASSERT_LE(test, done + sg_dma_len(sg), l->total);
		KUNIT_EXPECT_EQ(test, 0, write ?
				conf_write(conf, sg_dma_address(sg), p,
					   sg_dma_len(sg)) :
				conf_read(conf, sg_dma_address(sg), p,
					  sg_dma_len(sg)));
		done += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, l->total, done);
}

/* The number of bytes of the list, from the first one on, that are as in @bytes. */
static size_t in_list(struct list *l, const u8 *bytes)
{
	struct scatterlist *sg;
	size_t done = 0, ok;
	int i;

	for_each_sgtable_sg(&l->sgt, sg, i) {
		ok = conf_same(sg_virt(sg), bytes + done, sg->length);
		done += ok;
		if (ok < sg->length)
			break;
	}
	return done;
}

static void put(struct conf *conf, struct list *l, u8 seed)
{
	conf_fill(conf->want, l->total, seed);
	sg_copy_from_buffer(l->sgt.sgl, l->sgt.orig_nents, conf->want,
			    l->total);
}

static void each_list(struct kunit *test,
		      void (*fn)(struct kunit *test, struct list *l,
				 enum dma_data_direction dir))
{
	struct conf *conf = test->priv;
	enum dma_data_direction dir;
	struct list *l;
	int i;

	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
			make(conf, l, lists[i].pieces, lists[i].nr,
			     lists[i].chained);
			fn(test, l, dir);
		}
	}
}

static void move(struct kunit *test, struct list *l,
		 enum dma_data_direction dir)
{
	struct conf *conf = test->priv;

	put(conf, l, 1 + dir);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt, dir, 0));
	KUNIT_EXPECT_LE(test, l->sgt.nents, l->sgt.orig_nents);
	if (dir != DMA_FROM_DEVICE) {
		transfer(test, l, false);
		KUNIT_EXPECT_EQ(test, l->total,
				conf_same(conf->seen, conf->want, l->total));
	}
	if (dir != DMA_TO_DEVICE) {
		conf_fill(conf->want, l->total, 5 + dir);
		memcpy(conf->seen, conf->want, l->total);
		transfer(test, l, true);
	}
	dma_unmap_sgtable(conf->dev, &l->sgt, dir, 0);
	KUNIT_EXPECT_EQ_MSG(test, l->total, in_list(l, conf->want), "dir %d",
			    dir);
}

void conf_sg_data(struct kunit *test)
{
	each_list(test, move);
}

static void sync(struct kunit *test, struct list *l,
		 enum dma_data_direction dir)
{
	struct conf *conf = test->priv;

	put(conf, l, 9 + dir);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt, dir, 0));
	if (dir != DMA_TO_DEVICE) {
		conf_fill(conf->want, l->total, 13 + dir);
		memcpy(conf->seen, conf->want, l->total);
		transfer(test, l, true);
		dma_sync_sgtable_for_cpu(conf->dev, &l->sgt, dir);
		KUNIT_EXPECT_EQ_MSG(test, l->total, in_list(l, conf->want),
				    "for the cpu, dir %d", dir);
		dma_sync_sgtable_for_device(conf->dev, &l->sgt, dir);
	}
	if (dir != DMA_FROM_DEVICE) {
		dma_sync_sgtable_for_cpu(conf->dev, &l->sgt, dir);
		put(conf, l, 17 + dir);
		dma_sync_sgtable_for_device(conf->dev, &l->sgt, dir);
		transfer(test, l, false);
		KUNIT_EXPECT_EQ_MSG(test, l->total,
				    conf_same(conf->seen, conf->want, l->total),
				    "for the device, dir %d", dir);
	}
	dma_unmap_sgtable(conf->dev, &l->sgt, dir, 0);
	KUNIT_EXPECT_EQ(test, l->total, in_list(l, conf->want));
}

void conf_sg_sync(struct kunit *test)
{
	each_list(test, sync);
}

/* An unmap without a sync copies nothing over what the CPU has written since the last one. */
static void skip_unmap(struct kunit *test, struct list *l,
		       enum dma_data_direction dir)
{
	struct conf *conf = test->priv;

	if (dir == DMA_TO_DEVICE)
		return;
	put(conf, l, 27 + dir);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt, dir,
						 DMA_ATTR_SKIP_CPU_SYNC));
	dma_sync_sgtable_for_device(conf->dev, &l->sgt, dir);
	conf_fill(conf->seen, l->total, 31 + dir);
	transfer(test, l, true);
	dma_sync_sgtable_for_cpu(conf->dev, &l->sgt, dir);
	put(conf, l, 35 + dir);
	dma_unmap_sgtable(conf->dev, &l->sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_EXPECT_EQ_MSG(test, l->total, in_list(l, conf->want), "dir %d",
			    dir);
}

void conf_sg_skip_unmap(struct kunit *test)
{
	each_list(test, skip_unmap);
}

/* No segment is longer than the device takes, none crosses its boundary. */
void conf_sg_limits(struct kunit *test)
{
	static const unsigned int sizes[] = { SZ_4K, SZ_8K, SZ_64K };
	static const unsigned long boundaries[] = { SZ_4K - 1, SZ_8K - 1,
						    U32_MAX };
	/* Directly behind the first piece, the second would cross 8 KiB. */
	static const struct piece wide[] = { { 0, 0, SZ_4K }, { 2, 0, SZ_8K } };
	struct conf *conf = test->priv;
	struct scatterlist *sg;
	struct list *l;
	int i, j, k;

	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);
	for (i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(boundaries); i++) {
		unsigned int size = sizes[i / ARRAY_SIZE(boundaries)];
		unsigned long mask = boundaries[i % ARRAY_SIZE(boundaries)];

		dma_set_max_seg_size(conf->dev, size);
		dma_set_seg_boundary(conf->dev, mask);
		for (j = 0; j <= ARRAY_SIZE(lists); j++) {
			if (j < ARRAY_SIZE(lists))
				make(conf, l, lists[j].pieces, lists[j].nr,
				     lists[j].chained);
			else if (size >= SZ_8K && mask >= SZ_8K - 1)
				make(conf, l, wide, ARRAY_SIZE(wide), 0);
			else
				break;
			KUNIT_ASSERT_EQ(test, 0,
					dma_map_sgtable(conf->dev, &l->sgt,
							DMA_TO_DEVICE, 0));
			for_each_sgtable_dma_sg(&l->sgt, sg, k) {
				dma_addr_t first = sg_dma_address(sg);
				dma_addr_t last = first + sg_dma_len(sg) - 1;

				KUNIT_EXPECT_LE(test, sg_dma_len(sg), size);
				KUNIT_EXPECT_EQ(test, first & ~(u64)mask,
						last & ~(u64)mask);
			}
			dma_unmap_sgtable(conf->dev, &l->sgt, DMA_TO_DEVICE, 0);
			move(test, l, DMA_BIDIRECTIONAL);
		}
	}
}

/*
 * The API does not say whether an entry may be empty.  Either the other entries are
 * mapped, and unmapped, or the list is refused.
 */
void conf_sg_zero_length(struct kunit *test)
{
	static const struct piece pieces[][3] = {
		{ { 0, 0, 512 }, { 1, 0, 0 }, { 2, 64, 700 } },
		{ { 1, 0, 0 }, { 0, 0, 512 }, { 2, 64, 700 } },
		{ { 0, 0, 512 }, { 2, 64, 700 }, { 1, 0, 0 } },
		{ { 0, 0, 512 }, { 1, 64, 0 }, { 2, 64, 700 } },
		{ { 1, 64, 0 }, { 0, 0, 512 }, { 2, 64, 700 } },
		{ { 0, 0, 512 }, { 2, 64, 700 }, { 1, 64, 0 } },
	};
	struct conf *conf = test->priv;
	dma_addr_t addr[ARRAY_SIZE(pieces[0])];
	struct scatterlist *sg;
	struct list *l;
	size_t total;
	int i, j, nr;

	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		make(conf, l, pieces[i], ARRAY_SIZE(pieces[i]), 0);
		if (!dma_map_sgtable(conf->dev, &l->sgt, DMA_TO_DEVICE, 0)) {
			total = 0;
			nr = 0;
			for_each_sgtable_dma_sg(&l->sgt, sg, j) {
				if (sg_dma_len(sg))
					addr[nr++] = sg_dma_address(sg);
				total += sg_dma_len(sg);
			}
			KUNIT_EXPECT_EQ_MSG(test, l->total, total, "list %d", i);
			dma_unmap_sgtable(conf->dev, &l->sgt, DMA_TO_DEVICE, 0);
			while (conf->be->claims & CONF_TRANSLATES && nr--)
				KUNIT_EXPECT_EQ_MSG(test, -EFAULT,
						    conf_read(conf, addr[nr],
							      conf->seen, 16),
						    "list %d", i);
		}
		KUNIT_EXPECT_EQ_MSG(test, conf->used, conf_used(conf), "list %d",
				    i);
	}
}

/* There is room for some entries of the list only: nothing stays mapped. */
void conf_sg_unwind(struct kunit *test)
{
	struct conf *conf = test->priv;
	enum { ENTRIES = 16 };
	struct list *l;
	dma_addr_t *hogs;
	int nr, i, ret;

	conf_needs(test, CONF_EXHAUSTS);
	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);
	hogs = kunit_kcalloc(test, CONF_HOGS, sizeof(*hogs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hogs);
	conf_narrow(test);
	nr = conf_fill_up(conf, hogs);
	KUNIT_ASSERT_GT(test, nr, 0);
	KUNIT_EXPECT_LT(test, nr, CONF_HOGS);
	/* Room for some of the list, not for all of it. */
	nr--;
	dma_unmap_single(conf->dev, hogs[nr], CONF_BUF_SIZE, DMA_TO_DEVICE);
	sg_init_table(l->first, ENTRIES);
	l->sgt = (struct sg_table) {
		.sgl = l->first, .nents = ENTRIES, .orig_nents = ENTRIES,
	};
	for (i = 0; i < ENTRIES; i++)
		sg_set_buf(&l->first[i], conf->buf,
			   i ? 4 * PAGE_SIZE : PAGE_SIZE);
	i = conf_used(conf);
	ret = dma_map_sgtable(conf->dev, &l->sgt, DMA_TO_DEVICE,
			      DMA_ATTR_NO_WARN);
	if (!ret)
		dma_unmap_sgtable(conf->dev, &l->sgt, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_TRUE_MSG(test, ret == -EIO || ret == -ENOMEM, "%d", ret);
	KUNIT_EXPECT_EQ(test, i, conf_used(conf));
	KUNIT_EXPECT_EQ(test, ENTRIES, l->sgt.nents);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, l->first[0].length);
	conf_give_back(conf, hogs, nr);
}

/* Let each step of a mapping fail: nothing is taken.  In the end none fails. */
void conf_sg_fail_nth(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct list *l;
	int n, ret = -EIO;

	if (!conf->be->fail)
		kunit_skip(test,
			   "expected skip: does not apply: no step of it can be made to fail");
	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);
	for (n = 0; n < 100 && ret; n++) {
		make(conf, l, ragged, ARRAY_SIZE(ragged), 5);
		conf->be->fail(conf, n);
		ret = dma_map_sgtable(conf->dev, &l->sgt, DMA_BIDIRECTIONAL,
				      DMA_ATTR_NO_WARN);
		conf->be->fail(conf, -1);
		if (!ret)
			dma_unmap_sgtable(conf->dev, &l->sgt,
					  DMA_BIDIRECTIONAL, 0);
		KUNIT_EXPECT_EQ_MSG(test, conf->used, conf_used(conf),
				    "step %d", n);
	}
	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_GT(test, n, 1);
	move(test, l, DMA_BIDIRECTIONAL);
}

/*
 * With a merge boundary, entries that end and begin on it become one segment, and
 * others do not.  Without one, and without translation, no entries are merged.
 * dma-iommu maps the lists of an untrusted device entry by entry.
 */
void conf_sg_merge_boundary(struct kunit *test)
{
	struct conf *conf = test->priv;
	unsigned long boundary = dma_get_merge_boundary(conf->dev);
	u32 len = boundary ? boundary + 1 : SZ_4K;
	const struct piece on[] = {
		{ 6, 0, len }, { 2, 0, len }, { 4, 0, len }, { 0, 0, len },
	};
	const struct piece off[] = {
		{ 6, 0, len - 64 }, { 2, 0, len }, { 4, 64, len - 64 },
	};
	struct list *l;

	KUNIT_ASSERT_EQ(test, 0, boundary & (boundary + 1));
	KUNIT_ASSERT_LT(test, boundary, PAGE_SIZE);
	l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l);

	make(conf, l, on, ARRAY_SIZE(on), 2);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt,
						 DMA_BIDIRECTIONAL, 0));
	if (boundary && !(conf->be->claims & CONF_HIDES))
		KUNIT_EXPECT_EQ(test, 1, l->sgt.nents);
	else if (!(conf->be->claims & CONF_TRANSLATES))
		KUNIT_EXPECT_EQ(test, ARRAY_SIZE(on), l->sgt.nents);
	dma_unmap_sgtable(conf->dev, &l->sgt, DMA_BIDIRECTIONAL, 0);
	move(test, l, DMA_BIDIRECTIONAL);

	make(conf, l, off, ARRAY_SIZE(off), 0);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(conf->dev, &l->sgt,
						 DMA_BIDIRECTIONAL, 0));
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(off), l->sgt.nents);
	dma_unmap_sgtable(conf->dev, &l->sgt, DMA_BIDIRECTIONAL, 0);
	move(test, l, DMA_BIDIRECTIONAL);
}
