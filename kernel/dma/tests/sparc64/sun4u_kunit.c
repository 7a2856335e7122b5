// SPDX-License-Identifier: GPL-2.0
/*
 * sun4u: which mappings go through the streaming buffer, when it is flushed, and which
 * elements of a list become one segment.
 *
 * QEMU's sun4u has the sabre host bridge, whose IOMMU has no streaming buffer.  The
 * suite forges one for a PCI function: its "registers" are words in memory, which the
 * cases read.  A write to the register that makes the hardware report the end of a
 * flush writes the word in which the hardware reports it.  The IOMMU and its table are
 * the machine's.
 *
 * Only QEMU accepts an address in memory as that of a register.  The suite is skipped
 * on other machines, and on those with a streaming buffer.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <asm/iommu.h>

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define BARRIER	DMA_ATTR_WRITE_BARRIER

#define IO_PAGE	SZ_8K
#define BUF	(4 * IO_PAGE)

struct sun4u_test {
	struct device *dev;
	struct iommu *iommu;
	void *no_buffer;		/* the function's own */
	unsigned long boundary;		/* the function's own */
	struct strbuf strbuf;
	unsigned long flushed;		/* register: address of the page to flush */
	unsigned long reported;		/* register: address of the word to write */
	u8 *buf;
};

static const unsigned long attr_sets[] = {
	0, DMA_ATTR_SKIP_CPU_SYNC, DMA_ATTR_WEAK_ORDERING, RC,
	RC | DMA_ATTR_SKIP_CPU_SYNC, BARRIER, BARRIER | DMA_ATTR_SKIP_CPU_SYNC,
};

static bool streams(unsigned long attrs)
{
	return !(attrs & (RC | BARRIER));
}

/* The entry of the table that @addr is translated by. */
static unsigned long entry(struct sun4u_test *st, dma_addr_t addr)
{
	return iopte_val(st->iommu->page_table[(addr -
			 st->iommu->tbl.table_map_base) / IO_PAGE]);
}

static bool is_dead(struct sun4u_test *st, dma_addr_t addr)
{
	return (entry(st, addr) & IOPTE_PAGE) == st->iommu->dummy_page_pa;
}

static bool is_qemu(void)
{
	const char *name = NULL;

	of_property_read_string(of_root, "name", &name);
	return name && strstr(name, "OpenBiosTeam");
}

static void free_buf(void *buf)
{
	free_pages_exact(buf, BUF);
}

static void put_dev(void *data)
{
	struct sun4u_test *st = data;

	st->dev->archdata.stc = st->no_buffer;
	dma_set_seg_boundary(st->dev, st->boundary);
	put_device(st->dev);
}

static int sun4u_test_init(struct kunit *test)
{
	struct pci_dev *pdev = NULL;
	struct sun4u_test *st;
	struct strbuf *own;

	dma_kunit_watch(test);
	st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, st);
	if (tlb_type == hypervisor || !is_qemu())
		kunit_skip(test, "no sun4u of QEMU's");
	for_each_pci_dev(pdev)
		if (pdev->hdr_type == PCI_HEADER_TYPE_NORMAL &&
		    pdev->dev.archdata.iommu && get_dma_ops(&pdev->dev))
			break;
	if (!pdev)
		kunit_skip(test, "no PCI function");
	st->dev = &pdev->dev;
	st->iommu = st->dev->archdata.iommu;
	st->no_buffer = st->dev->archdata.stc;
	st->boundary = dma_get_seg_boundary(st->dev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_dev, st));
	own = st->no_buffer;
	if (own->strbuf_enabled)
		kunit_skip(test, "it has a streaming buffer");
	st->buf = alloc_pages_exact(BUF, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, st->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, st->buf));

	st->strbuf.strbuf_enabled = 1;
	st->strbuf.strbuf_pflush = __pa(&st->flushed);
	st->strbuf.strbuf_fsync = __pa(&st->reported);
	st->strbuf.strbuf_flushflag = &st->reported;
	st->strbuf.strbuf_flushflag_pa = __pa(&st->reported);
	st->dev->archdata.stc = &st->strbuf;
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(st->dev, DMA_BIT_MASK(32)));
	test->priv = st;
	return 0;
}

/* The page that has been flushed since the last call, 0 if none. */
static unsigned long flushed(struct sun4u_test *st)
{
	unsigned long page = READ_ONCE(st->flushed);

	WRITE_ONCE(st->flushed, 0);
	return page;
}

static void a_coherent_mapping_goes_past_it(struct kunit *test)
{
	struct sun4u_test *st = test->priv;
	enum dma_data_direction dir;
	unsigned long attrs;
	dma_addr_t addr;
	int i;

	for (i = 0; i < ARRAY_SIZE(attr_sets) * DMA_NONE; i++) {
		attrs = attr_sets[i / DMA_NONE];
		dir = i % DMA_NONE;
		addr = dma_map_single_attrs(st->dev, st->buf + 100, IO_PAGE,
					    dir, attrs);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(st->dev, addr));
		KUNIT_EXPECT_EQ_MSG(test, streams(attrs),
				    !!(entry(st, addr) & IOPTE_STBUF),
				    "attrs %lx dir %d", attrs, dir);
		KUNIT_EXPECT_EQ_MSG(test, streams(attrs),
				    !!(entry(st, addr + IO_PAGE - 1) &
				       IOPTE_STBUF),
				    "attrs %lx dir %d", attrs, dir);
		KUNIT_EXPECT_EQ_MSG(test, dir != DMA_TO_DEVICE,
				    !!(entry(st, addr) & IOPTE_WRITE),
				    "attrs %lx dir %d", attrs, dir);
		dma_unmap_single_attrs(st->dev, addr, IO_PAGE, dir, attrs);
		KUNIT_EXPECT_TRUE(test, is_dead(st, addr));
	}
}

static void so_do_the_entries_of_a_coherent_list(struct kunit *test)
{
	struct sun4u_test *st = test->priv;
	struct scatterlist sg[2], *s;
	struct sg_table sgt;
	unsigned long attrs;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(attr_sets); i++) {
		attrs = attr_sets[i];
		sg_init_table(sg, 2);
		sg_set_buf(&sg[0], st->buf + 2 * IO_PAGE + 8, 512);
		sg_set_buf(&sg[1], st->buf, IO_PAGE);
		sgt = (struct sg_table) {
			.sgl = sg, .nents = 2, .orig_nents = 2,
		};
		KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(st->dev, &sgt,
							 DMA_FROM_DEVICE,
							 attrs));
		for_each_sgtable_dma_sg(&sgt, s, j)
			KUNIT_EXPECT_EQ_MSG(test, streams(attrs),
					    !!(entry(st, sg_dma_address(s)) &
					       IOPTE_STBUF), "attrs %lx",
					    attrs);
		/* A sync knows no attributes, and always flushes. */
		flushed(st);
		dma_sync_sgtable_for_cpu(st->dev, &sgt, DMA_FROM_DEVICE);
		KUNIT_EXPECT_TRUE(test, flushed(st));
		dma_unmap_sgtable(st->dev, &sgt, DMA_FROM_DEVICE, attrs);
		KUNIT_EXPECT_EQ_MSG(test, streams(attrs) &&
				    !(attrs & DMA_ATTR_SKIP_CPU_SYNC),
				    !!flushed(st), "attrs %lx", attrs);
	}
}

static void an_unmap_flushes_what_went_through_it(struct kunit *test)
{
	struct sun4u_test *st = test->priv;
	unsigned long attrs, page, report;
	enum dma_data_direction dir;
	dma_addr_t addr;
	int i;

	for (i = 0; i < ARRAY_SIZE(attr_sets) * DMA_NONE; i++) {
		attrs = attr_sets[i / DMA_NONE];
		dir = i % DMA_NONE;
		addr = dma_map_single_attrs(st->dev, st->buf + 100, 1000, dir,
					    attrs);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(st->dev, addr));
		page = addr & ~(IO_PAGE - 1UL);
		report = dir != DMA_TO_DEVICE ? __pa(&st->reported) : 0;

		flushed(st);
		WRITE_ONCE(st->reported, 0);
		dma_sync_single_for_cpu(st->dev, addr, 1000, dir);
		KUNIT_EXPECT_EQ_MSG(test, page, flushed(st),
				    "sync, attrs %lx dir %d", attrs, dir);
		KUNIT_EXPECT_EQ_MSG(test, report, READ_ONCE(st->reported),
				    "sync, attrs %lx dir %d", attrs, dir);

		dma_unmap_single_attrs(st->dev, addr, 1000, dir, attrs);
		if (attrs & DMA_ATTR_SKIP_CPU_SYNC || !streams(attrs))
			page = 0;
		KUNIT_EXPECT_EQ_MSG(test, page, flushed(st),
				    "unmap, attrs %lx dir %d", attrs, dir);
	}
}

static void without_one_nothing_is_flushed(struct kunit *test)
{
	struct sun4u_test *st = test->priv;
	dma_addr_t addr;

	st->strbuf.strbuf_enabled = 0;
	addr = dma_map_single(st->dev, st->buf, 1000, DMA_FROM_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(st->dev, addr));
	KUNIT_EXPECT_EQ(test, 0, entry(st, addr) & IOPTE_STBUF);
	dma_sync_single_for_cpu(st->dev, addr, 1000, DMA_FROM_DEVICE);
	dma_unmap_single(st->dev, addr, 1000, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, flushed(st));
	KUNIT_EXPECT_EQ(test, 0, READ_ONCE(st->reported));
}

static void coherent_memory_goes_past_it_and_away(struct kunit *test)
{
	struct sun4u_test *st = test->priv;
	dma_addr_t addr;
	void *vaddr;

	vaddr = dma_alloc_coherent(st->dev, 3 * IO_PAGE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, 0, addr & (4 * IO_PAGE - 1));
	KUNIT_EXPECT_EQ(test, 0, entry(st, addr) & IOPTE_STBUF);
	KUNIT_EXPECT_EQ(test, virt_to_phys(vaddr),
			entry(st, addr) & IOPTE_PAGE);
	dma_free_coherent(st->dev, 3 * IO_PAGE, vaddr, addr);
	KUNIT_EXPECT_TRUE(test, is_dead(st, addr));
	KUNIT_EXPECT_TRUE(test, is_dead(st, addr + 2 * IO_PAGE));
}

/* The IOMMU maps memory alone.  The refusal prints nothing. */
static void a_resource_is_refused(struct kunit *test)
{
	struct sun4u_test *st = test->priv;
	dma_addr_t addr;

	addr = dma_map_resource(st->dev, pci_resource_start(to_pci_dev(st->dev), 0),
				IO_PAGE, DMA_FROM_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, addr);
	if (!dma_mapping_error(st->dev, addr))
		dma_unmap_resource(st->dev, addr, IO_PAGE, DMA_FROM_DEVICE, 0);
}

/* The next entry to be allocated is the @pos-th of @nr, with as many behind them. */
static void begin_at(struct sun4u_test *st, unsigned int pos, unsigned int nr)
{
	struct iommu_map_table *tbl = &st->iommu->tbl;
	struct iommu_pool *pool = &tbl->pools[0];
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	pool->hint = bitmap_find_next_zero_area(tbl->map, pool->end, pool->start,
						2 * nr, nr - 1) + pos;
	/* The hardware may still hold what was in these entries. */
	tbl->flags |= IOMMU_NEED_FLUSH;
	spin_unlock_irqrestore(&pool->lock, flags);
}

/*
 * Entries of a list that are mapped side by side become one segment, but not across
 * the boundary: 64 KiB or 8 pages here.  Let the list begin in each of the 8.
 */
static void merged_segments_keep_to_the_boundary(struct kunit *test)
{
	enum { PAGES = SZ_64K / IO_PAGE };
	/* Offset and length of up to 4 elements, and how many segments they make. */
	static const struct {
		u32 elements[4][2];
		int nr, segments[PAGES];
	} lists[] = {
		/* The second element does not fit behind page 6, and is put into page 8. */
		{ { { 0, IO_PAGE }, { 2 * IO_PAGE, 2 * IO_PAGE } },
		  2, { 1, 1, 1, 1, 1, 1, 2, 2 } },
		/* The second pair is 8 KiB long, and yet takes 2 pages. */
		{ { { 0, IO_PAGE }, { 2 * IO_PAGE, IO_PAGE },
		    { 2 * IO_PAGE - 192, 192 }, { 3 * IO_PAGE, IO_PAGE - 192 } },
		  4, { 2, 2, 2, 2, 2, 3, 2, 3 } },
	};
	struct sun4u_test *st = test->priv;
	struct scatterlist sg[4], *s;
	struct sg_table sgt;
	int i, j, pos;

	dma_set_seg_boundary(st->dev, SZ_64K - 1);
	for (i = 0; i < ARRAY_SIZE(lists) * PAGES; i++) {
		typeof(*lists) *l = &lists[i / PAGES];

		pos = i % PAGES;
		sg_init_table(sg, l->nr);
		for (j = 0; j < l->nr; j++)
			sg_set_buf(&sg[j], st->buf + l->elements[j][0],
				   l->elements[j][1]);
		sgt = (struct sg_table) {
			.sgl = sg, .nents = l->nr, .orig_nents = l->nr,
		};
		begin_at(st, pos, PAGES);
		KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(st->dev, &sgt,
							 DMA_TO_DEVICE, 0));
		KUNIT_EXPECT_EQ(test, pos, sg_dma_address(sg) / IO_PAGE % PAGES);
		KUNIT_EXPECT_EQ_MSG(test, l->segments[pos], sgt.nents,
				    "list %d at %d", i / PAGES, pos);
		for_each_sgtable_dma_sg(&sgt, s, j)
			KUNIT_EXPECT_EQ_MSG(test, sg_dma_address(s) / SZ_64K,
					    (sg_dma_address(s) +
					     sg_dma_len(s) - 1) / SZ_64K,
					    "list %d at %d, segment %d",
					    i / PAGES, pos, j);
		dma_unmap_sgtable(st->dev, &sgt, DMA_TO_DEVICE, 0);
	}
}

static struct kunit_case sun4u_test_cases[] = {
	KUNIT_CASE(a_coherent_mapping_goes_past_it),
	KUNIT_CASE(so_do_the_entries_of_a_coherent_list),
	KUNIT_CASE(an_unmap_flushes_what_went_through_it),
	KUNIT_CASE(without_one_nothing_is_flushed),
	KUNIT_CASE(coherent_memory_goes_past_it_and_away),
	KUNIT_CASE(a_resource_is_refused),
	KUNIT_CASE(merged_segments_keep_to_the_boundary),
	{}
};

static struct kunit_suite sun4u_test_suite = {
	.name = "dma_sun4u",
	.init = sun4u_test_init,
	.test_cases = sun4u_test_cases,
};

kunit_test_suite(sun4u_test_suite);

MODULE_DESCRIPTION("KUnit tests of the DMA API behind sun4u's IOMMU");
MODULE_LICENSE("GPL");
