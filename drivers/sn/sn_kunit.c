// SPDX-License-Identifier: GPL-2.0
/*
 * SGI's PCI bridges, on a model of them: every bus address leads where it should,
 * has the barrier if and only if it was asked for, and leads nowhere after the unmap.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/io.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "../../kernel/dma/debug.h"
#include "model.h"
#include "sn.h"

/* A bridge, a device behind it, and four pages. */
struct fixture {
	struct sn_model		model;
	struct sn_bridge_params	params;
	struct sn_bridge	*bridge;
	struct sn_slot		slot;
	struct device		*dev;
	struct page		*page;
	u64			mask;
	long			live;		/* allocations of drivers/sn/ */
	int			fail_at;	/* n: the n-th to come fails; 0: none */
};

/* The allocation functions of drivers/sn/ are redirected to these, see sn.h. */
static bool fails(struct fixture *f)
{
	return f->fail_at && !--f->fail_at;
}

static void *test_zalloc(size_t size, gfp_t gfp)
{
	struct fixture *f = kunit_get_current_test()->priv;
	void *mem = fails(f) ? NULL : kzalloc(size, gfp);

	f->live += !!mem;
	return mem;
}

static void test_zfree(void *mem)
{
	struct fixture *f = kunit_get_current_test()->priv;

	f->live -= !!mem;
	kfree(mem);
}

static struct page *test_alloc_pages(int node, gfp_t gfp, unsigned int order)
{
	struct fixture *f = kunit_get_current_test()->priv;
	struct page *page = NULL;

	if (!fails(f))
		page = alloc_pages_node(node, gfp, order);
	f->live += !!page;
	return page;
}

static void test_free_pages(struct page *page, unsigned int order)
{
	struct fixture *f = kunit_get_current_test()->priv;

	f->live--;
	__free_pages(page, order);
}

static int sn_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	kunit_activate_static_stub(test, sn_zalloc, test_zalloc);
	kunit_activate_static_stub(test, sn_zfree, test_zfree);
	kunit_activate_static_stub(test, sn_alloc_pages, test_alloc_pages);
	kunit_activate_static_stub(test, sn_free_pages, test_free_pages);
	f->model.regs = kvzalloc(SN_MODEL_REGS, GFP_KERNEL);
	f->page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	f->dev = kunit_device_register(test, "sn");
	if (!f->model.regs || !f->page || IS_ERR(f->dev))
		return -ENOMEM;
	/* The machine's RAM is all on node 0. */
	f->params = (struct sn_bridge_params){
		.regs_ops = &sn_model_ops, .regs = &f->model, .revision = 2,
		.hub = { .nasid_shift = 38, .nasid_mask = 0x7ff },
		.page_shift = 12, .target = 8, .window = 0x80000000,
	};
	f->slot = (struct sn_slot){ .slot = 2 };
	return 0;
}

static void detach(struct fixture *f)
{
	if (IS_ERR_OR_NULL(f->bridge))
		return;
	sn_bridge_detach(f->dev);
	sn_bridge_destroy(f->bridge);
	f->bridge = NULL;
}

static void sn_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	detach(f);
	KUNIT_EXPECT_EQ(test, f->live, 0);
	kvfree(f->model.regs);
	if (f->page)
		__free_pages(f->page, 2);
}

static struct fixture *attach(struct kunit *test, enum sn_chip chip, u64 mask)
{
	struct fixture *f = test->priv;

	detach(f);
	f->params.chip = chip;
	sn_model_reset(&f->model, &f->params, &f->slot);
	f->dev->dma_mask = &f->mask;	/* apart from the coherent mask */
	f->bridge = sn_bridge_create(&f->params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->bridge);
	/* What was written to its registers has arrived. */
	KUNIT_EXPECT_EQ(test, f->model.nr_writes, 0);
	KUNIT_ASSERT_EQ(test, sn_bridge_attach(f->bridge, f->dev, &f->slot), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask(f->dev, mask), 0);
	KUNIT_ASSERT_EQ(test, dma_set_coherent_mask(f->dev, mask), 0);
	return f;
}

/* NASID 4, offset 0x12345000, cacheable memory. No test accesses it. */
#define FAR		0x13012345000ULL
#define FAR_TIOCA	0x10012345000ULL	/* the same in address space 0 */

/* Address of the n-th piece of @size bytes in the memory of nodes from @node on. */
static u64 piece(unsigned int node, u64 n, u64 size)
{
	u64 at = n * size;

	return (node + 2 * (at >> 36)) << 38 | 3ULL << 36 |
	       (at & GENMASK_ULL(35, 0));
}

static struct fixture *attach_far(struct kunit *test, enum sn_chip chip,
				  u64 mask)
{
	struct fixture *f = test->priv;

	/* TIOCA's GART is in real memory, which is in address space 0. */
	f->params.hub.memory_as = chip == SN_TIOCA ? 0 : 3;
	return attach(test, chip, mask);
}

static dma_addr_t map_at(struct fixture *f, u64 phys, size_t size,
			 unsigned long attrs)
{
	return get_dma_ops(f->dev)->map_phys(f->dev, phys, size,
					     DMA_FROM_DEVICE, attrs);
}

static void unmap_at(struct fixture *f, dma_addr_t bus, size_t size)
{
	get_dma_ops(f->dev)->unmap_phys(f->dev, bus, size, DMA_FROM_DEVICE, 0);
}

/* SKIP_CPU_SYNC makes dma-debug accept mappings that overlap. */
static dma_addr_t map_one(struct fixture *f, size_t size, unsigned long attrs)
{
	dma_addr_t bus;

	bus = dma_map_page_attrs(f->dev, f->page, 0, size, DMA_FROM_DEVICE,
				 attrs | DMA_ATTR_SKIP_CPU_SYNC);
	return dma_mapping_error(f->dev, bus) ? DMA_MAPPING_ERROR : bus;
}

static void unmap_one(struct fixture *f, dma_addr_t bus, size_t size)
{
	dma_unmap_page_attrs(f->dev, bus, size, DMA_FROM_DEVICE, 0);
}

static void a_direct_address_is_the_worked_one(struct kunit *test)
{
	struct fixture *f = attach_far(test, SN_PIC, DMA_BIT_MASK(64));

	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x8800004012345000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x8100004012345000ULL);
	f = attach_far(test, SN_TIOCP, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x1800040012345000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x1100040012345000ULL);
	f = attach_far(test, SN_TIOCA, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR_TIOCA, 8, 0),
			0x1000040012345000ULL);
	f = attach_far(test, SN_TIOCA, DMA_BIT_MASK(48));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR_TIOCA, 8, 0), 0x040012345000ULL);
	f = attach_far(test, SN_TIOCE, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x8000040012345000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0xc000040012345000ULL);
}

static void pcix_does_not_prefetch(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sn_decoded d;
	dma_addr_t bus;

	f->params.pcix = true;
	attach_far(test, SN_PIC, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x8000004012345000ULL);
	attach_far(test, SN_TIOCP, DMA_BIT_MASK(32));
	bus = map_at(f, FAR, 8, 0);
	KUNIT_EXPECT_EQ(test, bus, 0x40000000ULL);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_FALSE(test, d.prefetch);
}

static void shub2_has_its_banks_in_the_address(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->params.hub.shub2 = true;
	attach_far(test, SN_TIOCP, DMA_BIT_MASK(64));
	/* Bits 35:34 of the offset go to 37:36. */
	KUNIT_EXPECT_EQ(test, map_at(f, 0x13812345000ULL, 8, 0),
			0x1800042012345000ULL);
}

static void an_entry_leads_to_the_worked_address(struct kunit *test)
{
	struct fixture *f = attach_far(test, SN_PIC, DMA_BIT_MASK(32));

	KUNIT_EXPECT_EQ(test, map_at(f, FAR + 0x10, 8, 0), 0x40000010ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10000 / 8], 0x4012345809ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x40001000ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10008 / 8], 0x4012345811ULL);
	f = attach_far(test, SN_TIOCP, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x40000000ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10000 / 8], 0x40012345011ULL);
}

static void an_io_page_may_be_16_kib(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sn_decoded d;
	dma_addr_t bus;

	f->params.page_shift = 14;
	attach_far(test, SN_PIC, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, f->model.regs[0x20 / 8] & 0x200000, 0x200000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR + 0x10, 8, 0), 0x40001010ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10000 / 8], 0x4012344809ULL);
	/* Two entries: the first has an even index. */
	KUNIT_EXPECT_EQ(test, map_at(f, FAR + 0x2ff8, 16, 0), 0x4000bff8ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10010 / 8], 0x4012344809ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10018 / 8], 0x4012348809ULL);
	f->params.hub.memory_as = 0;
	attach(test, SN_TIOCA, DMA_BIT_MASK(32));
	bus = map_one(f, 64, 0);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page));
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 1);
	unmap_one(f, bus, 64);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
}

static void a_swapping_slot_has_its_bit_in_the_address(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->model.regs[0x208 / 8] = 0x80000;
	attach_far(test, SN_PIC, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR + 0x10, 8, 0), 0x60000010ULL);
	unmap_at(f, 0x60000010ULL, 8);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10000 / 8], 0);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x60000000ULL);
}

static void tioca_maps_another_nodes_memory_by_the_gart(struct kunit *test)
{
	struct fixture *f = test->priv;
	__le64 *gart;

	f->model.regs[0xe8 / 8] = 1 << 20;
	attach_far(test, SN_TIOCA, DMA_BIT_MASK(48));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR_TIOCA, 8, 0), 0xc0000000ULL);
	gart = phys_to_virt(f->model.regs[0x200 / 8] & ~0xfffULL);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(gart[0x40000]), 0x8000000040012345ULL);
}

static void tioce_has_pages_of_three_sizes(struct kunit *test)
{
	struct fixture *f = attach_far(test, SN_TIOCE, DMA_BIT_MASK(40));
	dma_addr_t bus;

	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x4002345000ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x30000 / 8],
			0x8000040010000000ULL);
	bus = map_at(f, FAR, SZ_128M, 0);
	KUNIT_EXPECT_EQ(test, bus, 0x8012345000ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x38000 / 8],
			0x8000040000000000ULL);
	/* Both mappings cover it, but their addresses have no barrier bit. */
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0xd2345000ULL);
	f = attach_far(test, SN_TIOCE, DMA_BIT_MASK(31));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x41005000ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x38200 / 8],
			0x8000040012340000ULL);
}

static int map_list(struct fixture *f, const u64 *phys, int nr,
		    unsigned int len, unsigned long attrs)
{
	struct scatterlist sg[2];
	int i;

	sg_init_table(sg, nr);
	for (i = 0; i < nr; i++)
		sg_set_page(&sg[i], pfn_to_page(PHYS_PFN(phys[i])), len, 0);
	return get_dma_ops(f->dev)->map_sg(f->dev, sg, nr, DMA_FROM_DEVICE,
					   attrs);
}

static void memory_of_another_kind_is_not_mapped(struct kunit *test)
{
	const u64 other = 0x12012345000ULL;
	enum sn_chip chip;

	for (chip = 0; chip < SN_NR_CHIPS; chip++) {
		struct fixture *f = attach_far(test, chip, DMA_BIT_MASK(64));

		KUNIT_EXPECT_EQ(test, map_at(f, other, 8, 0),
				DMA_MAPPING_ERROR);
		KUNIT_EXPECT_EQ(test, map_list(f, &other, 1, 8, 0), -EIO);
	}
}

static void the_window_is_used_without_a_barrier(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->params.window = 0x4000000000ULL;
	attach_far(test, SN_PIC, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x92345000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x40000000ULL);
	/* The window ends at 2 GiB. */
	KUNIT_EXPECT_EQ(test, map_at(f, 0x1307ffff000ULL, 0x1001, 0),
			0x40002000ULL);
}

/* The chips with a barrier, each with masks for all kinds of bus address. */
static const struct {
	enum sn_chip chip;
	u64 mask;
	bool pcix;
} ways[] = {
	{ SN_PIC, DMA_BIT_MASK(64) },
	{ SN_PIC, DMA_BIT_MASK(64), true },
	{ SN_PIC, DMA_BIT_MASK(32) },
	{ SN_PIC, DMA_BIT_MASK(31) },
	{ SN_TIOCP, DMA_BIT_MASK(64) },
	{ SN_TIOCP, DMA_BIT_MASK(48) },
	{ SN_TIOCP, DMA_BIT_MASK(32), true },
	{ SN_TIOCP, DMA_BIT_MASK(31) },
	{ SN_TIOCE, DMA_BIT_MASK(64) },
	{ SN_TIOCE, DMA_BIT_MASK(40) },
	{ SN_TIOCE, DMA_BIT_MASK(32) },
	{ SN_TIOCE, DMA_BIT_MASK(31) },
};

static struct fixture *attach_way(struct kunit *test, int i)
{
	struct fixture *f = test->priv;

	detach(f);
	f->params.pcix = ways[i].pcix;
	return attach(test, ways[i].chip, ways[i].mask);
}

static void every_path_keeps_the_barrier(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct fixture *f = attach_way(test, i);
		dma_addr_t plain = map_one(f, 64, 0);
		dma_addr_t bus = map_one(f, 64, DMA_ATTR_WRITE_BARRIER);
		struct sn_decoded d;

		KUNIT_ASSERT_FALSE(test, plain == DMA_MAPPING_ERROR);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(f->dev, bus));
		KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, plain, &d));
		KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page));
		KUNIT_EXPECT_FALSE_MSG(test, d.barrier, "way %d", i);
		KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
		KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page));
		KUNIT_EXPECT_TRUE_MSG(test, d.barrier, "way %d", i);
		KUNIT_EXPECT_FALSE_MSG(test, d.prefetch, "way %d", i);
		KUNIT_EXPECT_LE(test, bus, ways[i].mask);
		KUNIT_EXPECT_LE(test, plain, ways[i].mask);
		unmap_one(f, plain, 64);
		dma_unmap_page_attrs(f->dev, bus, 64, DMA_FROM_DEVICE,
				     DMA_ATTR_WRITE_BARRIER);
	}
}

/* The model's time for a map, sixteen writes of the device and an unmap. */
static u64 time_of(struct kunit *test, struct fixture *f, unsigned long attrs)
{
	u64 start = f->model.time;
	dma_addr_t bus = map_one(f, SZ_2K, attrs);
	int i;

	KUNIT_ASSERT_FALSE(test, bus == DMA_MAPPING_ERROR);
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_TRUE(test, sn_model_post(&f->model, bus + 64 * i, i));
	sn_model_drain(&f->model);
	dma_unmap_page_attrs(f->dev, bus, SZ_2K, DMA_FROM_DEVICE, attrs);
	return f->model.time - start;
}

static void weak_order_takes_no_longer_than_none_asked_for(struct kunit *test)
{
	struct fixture *f;
	u64 plain, weak;
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		f = attach_way(test, i);
		plain = time_of(test, f, 0);
		weak = time_of(test, f, DMA_ATTR_WEAK_ORDERING);
		KUNIT_EXPECT_LE_MSG(test, weak, plain, "way %d", i);
		/* Each write waits for the one before it. */
		KUNIT_EXPECT_GT_MSG(test, time_of(test, f, DMA_ATTR_WRITE_BARRIER),
				    plain + 14 * 300, "way %d", i);
		KUNIT_EXPECT_EQ_MSG(test, time_of(test, f, 0), plain, "way %d", i);
	}
	f = attach(test, SN_TIOCA, DMA_BIT_MASK(32));
	plain = time_of(test, f, 0);
	weak = time_of(test, f, DMA_ATTR_WEAK_ORDERING);
	KUNIT_EXPECT_LE(test, weak, plain);
	/* No register is accessed, except on revision 1. */
	KUNIT_EXPECT_EQ(test, plain, 16 * (200 + 10));
	f->params.revision = 1;
	attach(test, SN_TIOCA, DMA_BIT_MASK(32));
	KUNIT_EXPECT_GT(test, time_of(test, f, 0), 4000);
}

static void coherent_memory_has_the_barrier(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct fixture *f = attach_way(test, i);
		struct sn_decoded d;
		dma_addr_t bus;
		u64 *mem = dma_alloc_coherent(f->dev, 100, &bus, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, mem);
		KUNIT_EXPECT_EQ(test, mem[0], 0);
		KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
		KUNIT_EXPECT_EQ(test, d.to, virt_to_phys(mem));
		KUNIT_EXPECT_TRUE_MSG(test, d.barrier, "way %d", i);
		dma_free_coherent(f->dev, 100, mem, bus);
	}
}

/* The device writes data, then a completion: is the completion seen first? */
static void check_race(struct kunit *test, struct fixture *f,
		       unsigned long attrs, bool data_missing)
{
	u64 *mem = page_address(f->page);
	dma_addr_t data, done;

	mem[0] = 0;
	mem[PAGE_SIZE / 8] = 0;
	data = dma_map_page_attrs(f->dev, f->page, 0, 64, DMA_FROM_DEVICE, 0);
	done = dma_map_page_attrs(f->dev, f->page + 1, 0, 64, DMA_FROM_DEVICE,
				  attrs);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(f->dev, data));
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(f->dev, done));
	KUNIT_EXPECT_TRUE(test, sn_model_post(&f->model, data, 1));
	KUNIT_EXPECT_TRUE(test, sn_model_post(&f->model, done, 2));
	if (f->model.nr_posted)
		sn_model_land(&f->model.posted[--f->model.nr_posted]);
	KUNIT_EXPECT_EQ(test, mem[PAGE_SIZE / 8], 2);
	KUNIT_EXPECT_EQ(test, mem[0] == 0, data_missing);
	sn_model_drain(&f->model);
	dma_unmap_page_attrs(f->dev, data, 64, DMA_FROM_DEVICE, 0);
	dma_unmap_page_attrs(f->dev, done, 64, DMA_FROM_DEVICE, attrs);
}

static void a_completion_waits_for_its_data(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct fixture *f = attach_way(test, i);

		check_race(test, f, 0, true);
		check_race(test, f, DMA_ATTR_WRITE_BARRIER, false);
	}
}

static void a_mask_that_reaches_nothing_is_refused(struct kunit *test)
{
	struct fixture *f = test->priv;
	enum sn_chip chip;

	for (chip = 0; chip < SN_NR_CHIPS; chip++) {
		attach(test, chip, DMA_BIT_MASK(64));
		KUNIT_EXPECT_EQ(test, dma_set_mask(f->dev, DMA_BIT_MASK(30)),
				-EIO);
		KUNIT_EXPECT_EQ(test, dma_get_required_mask(f->dev), U64_MAX);
	}
	f->params.pcix = true;
	attach(test, SN_PIC, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, dma_set_mask(f->dev, DMA_BIT_MASK(63)), -EIO);
	attach(test, SN_TIOCP, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, dma_set_mask(f->dev, DMA_BIT_MASK(32)), 0);
}

/* Streaming mappings go by the streaming mask, with a barrier or without. */
static void each_call_goes_by_its_own_mask(struct kunit *test)
{
	struct fixture *f = attach_far(test, SN_PIC, DMA_BIT_MASK(64));
	dma_addr_t bus;
	void *mem;

	f->dev->coherent_dma_mask = DMA_BIT_MASK(32);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER),
			0x8100004012345000ULL);
	f->params.hub.memory_as = 0;
	attach(test, SN_PIC, DMA_BIT_MASK(64));
	f->dev->coherent_dma_mask = DMA_BIT_MASK(32);
	mem = dma_alloc_coherent(f->dev, 8, &bus, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_EXPECT_EQ(test, bus, 0x40000000ULL);
	dma_free_coherent(f->dev, 8, mem, bus);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
	/* PIC in PCI-X mode has no address for a mask of 63 bits. */
	f->params.pcix = true;
	attach(test, SN_PIC, DMA_BIT_MASK(64));
	f->dev->coherent_dma_mask = DMA_BIT_MASK(63);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(f->dev, 8, &bus,
						   GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
}

/* Registers of node 4 and of node 5, which is a TIO; a bus address; memory. */
static void mmio_is_refused(struct kunit *test)
{
	const u64 phys[] = { 0x10001000000, 0x14001000000, 0x92345000, FAR };
	static const unsigned long attrs[] = {
		0, DMA_ATTR_WEAK_ORDERING, DMA_ATTR_WRITE_BARRIER,
		DMA_ATTR_REQUIRE_COHERENT,
	};
	enum sn_chip chip;
	dma_addr_t bus;
	int i, j;

	for (chip = 0; chip < SN_NR_CHIPS; chip++) {
		struct fixture *f = attach_far(test, chip, DMA_BIT_MASK(64));

		for (i = 0; i < ARRAY_SIZE(phys); i++) {
			for (j = 0; j < ARRAY_SIZE(attrs); j++) {
				bus = dma_map_phys(f->dev, phys[i], 8,
						   DMA_BIDIRECTIONAL,
						   DMA_ATTR_MMIO | attrs[j]);
				KUNIT_EXPECT_TRUE(test, dma_mapping_error(f->dev,
									  bus));
			}
		}
		KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
		KUNIT_EXPECT_EQ(test, dma_get_merge_boundary(f->dev), 0);
	}
}

static void a_bus_limit_closes_the_direct_way(struct kunit *test)
{
	struct fixture *f;

	if (IS_ENABLED(CONFIG_PPC64))
		kunit_skip(test, "expected skip: powerpc: the limit is that of a direct window");
	f = attach(test, SN_PIC, DMA_BIT_MASK(64));
	f->dev->bus_dma_limit = DMA_BIT_MASK(32);
	KUNIT_EXPECT_EQ(test, map_one(f, 8, 0), 0x40000000ULL);
	unmap_one(f, 0x40000000ULL, 8);
	f->dev->bus_dma_limit = 0;
}

/* What dma_map_sgtable() returns for the first page. */
static int map_errno(struct fixture *f, enum dma_data_direction dir,
		     unsigned long attrs)
{
	struct scatterlist sg;
	struct sg_table sgt = { .sgl = &sg, .nents = 1, .orig_nents = 1 };
	int ret;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, f->page, 64, 0);
	ret = dma_map_sgtable(f->dev, &sgt, dir, attrs);
	if (!ret)
		dma_unmap_sgtable(f->dev, &sgt, dir, attrs);
	return ret;
}

static void tioca_refuses_the_barrier(struct kunit *test)
{
	static const u64 masks[] = { DMA_BIT_MASK(64), DMA_BIT_MASK(48),
				     DMA_BIT_MASK(32) };
	int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		struct fixture *f = attach(test, SN_TIOCA, masks[i]);
		struct sn_decoded d;
		dma_addr_t bus;

		bus = map_one(f, 64, DMA_ATTR_WRITE_BARRIER);
		KUNIT_EXPECT_TRUE(test, dma_mapping_error(f->dev, bus));
		KUNIT_EXPECT_EQ(test, map_errno(f, DMA_FROM_DEVICE,
						DMA_ATTR_WRITE_BARRIER),
				-EOPNOTSUPP);
		/* A device that only reads needs no barrier. */
		KUNIT_EXPECT_EQ(test, map_errno(f, DMA_TO_DEVICE,
						DMA_ATTR_WRITE_BARRIER), 0);
		KUNIT_EXPECT_NULL(test, dma_alloc_attrs(f->dev, 64, &bus,
							GFP_KERNEL,
							DMA_ATTR_WRITE_BARRIER));
		bus = map_one(f, 64, DMA_ATTR_REQUIRE_COHERENT);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(f->dev, bus));
		KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
		KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page));
		dma_unmap_page_attrs(f->dev, bus, 64, DMA_FROM_DEVICE,
				     DMA_ATTR_REQUIRE_COHERENT);
		KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
	}
}

/*
 * A barrier that the core has granted by mistake: the driver fails the map, and
 * dma-debug counts an error.
 */
static void tioca_reports_a_barrier_that_was_granted(struct kunit *test)
{
#ifdef CONFIG_DMA_API_DEBUG
	struct fixture *f = attach(test, SN_TIOCA, DMA_BIT_MASK(32));
	long before, after;

	before = dma_debug_test_errors(true);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR,
			map_at(f, page_to_phys(f->page), 64,
			       DMA_ATTR_WRITE_BARRIER));
	after = dma_debug_test_errors(false);
	KUNIT_EXPECT_EQ(test, after - before, 1);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
#else
	kunit_skip(test, "expected skip: needs DMA_API_DEBUG");
#endif
}

static void tioca_of_revision_1_forgets_what_was(struct kunit *test)
{
	struct fixture *f = test->priv;
	const u64 bus = 0xc0000000;
	struct sn_decoded d;
	u64 *gart, entry;

	f->params.revision = 1;
	f->model.regs[0x10 / 8] = 0xc00000000ULL;	/* prefetch is on */
	attach(test, SN_TIOCA, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10 / 8], 0x200000000ULL);
	gart = phys_to_virt(f->model.regs[0x200 / 8] & ~0xfffULL);
	/* The chip caches entries, valid or not. */
	KUNIT_EXPECT_FALSE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, map_one(f, 64, 0), bus);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page));
	entry = gart[0x40000];
	gart[0x40000] = 0;
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	gart[0x40000] = entry;
	unmap_one(f, bus, 64);
	KUNIT_EXPECT_FALSE(test, sn_model_decode(&f->model, bus, &d));
	/* The next mappings get the same address, which leads to their pages. */
	KUNIT_EXPECT_EQ(test, map_at(f, page_to_phys(f->page + 1), 64, 0), bus);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page + 1));
	unmap_at(f, bus, 64);
	KUNIT_EXPECT_EQ(test, map_at(f, page_to_phys(f->page + 2), 64, 0), bus);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page + 2));
	/* It fetches coherently again. */
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10 / 8], 0x200000000ULL);
}

static void entries_run_out_and_recover(struct kunit *test)
{
	static const enum sn_chip able[] = { SN_PIC, SN_TIOCP, SN_TIOCA };
	struct fixture *f = test->priv;
	dma_addr_t bus[4], none;
	int i, n;

	f->params.nr_entries = 4;
	f->params.window = 1ULL << 37;
	for (i = 0; i < ARRAY_SIZE(able); i++) {
		attach(test, able[i], DMA_BIT_MASK(32));
		for (n = 0; n < 4; n++) {
			bus[n] = map_one(f, SZ_2K, 0);
			KUNIT_ASSERT_FALSE(test,
					   bus[n] == DMA_MAPPING_ERROR);
		}
		KUNIT_EXPECT_TRUE(test, map_one(f, 8, 0) ==
				  DMA_MAPPING_ERROR);
		KUNIT_EXPECT_NULL(test, dma_alloc_coherent(f->dev, 8, &none,
							   GFP_KERNEL));
		unmap_one(f, bus[1], SZ_2K);
		KUNIT_EXPECT_EQ(test, map_one(f, 8, 0), bus[1]);
		unmap_one(f, bus[1], 8);
		for (n = 0; n < 4; n++)
			if (n != 1)
				unmap_one(f, bus[n], SZ_2K);
	}
}

static void a_list_that_does_not_fit_takes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct scatterlist sg[4];
	int i;

	f->params.nr_entries = 3;
	f->params.window = 1ULL << 37;
	attach(test, SN_TIOCP, DMA_BIT_MASK(32));
	sg_init_table(sg, 4);
	for (i = 0; i < 4; i++)
		sg_set_page(&sg[i], f->page + i, 64, 8);
	KUNIT_EXPECT_EQ(test, get_dma_ops(f->dev)->map_sg(f->dev, sg, 4,
							  DMA_FROM_DEVICE, 0),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, dma_map_sg(f->dev, sg, 4, DMA_FROM_DEVICE), 0);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, f->model.regs[0x10000 / 8 + i], 0);
	KUNIT_EXPECT_EQ(test, dma_map_sg(f->dev, sg, 3, DMA_FROM_DEVICE), 3);
	KUNIT_EXPECT_EQ(test, sg_dma_address(&sg[2]), 0x40002008ULL);
	dma_unmap_sg(f->dev, sg, 3, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x10000 / 8], 0);
}

static void unmapped_entries_no_longer_translate(struct kunit *test)
{
	static const struct {
		enum sn_chip chip;
		u64 mask;
		unsigned long attrs;
	} how[] = {
		{ SN_PIC, DMA_BIT_MASK(31), 0 },
		{ SN_PIC, DMA_BIT_MASK(31), DMA_ATTR_WRITE_BARRIER },
		{ SN_TIOCP, DMA_BIT_MASK(31), DMA_ATTR_WRITE_BARRIER },
		{ SN_TIOCA, DMA_BIT_MASK(32), 0 },
		{ SN_TIOCE, DMA_BIT_MASK(31), 0 },
		{ SN_TIOCE, DMA_BIT_MASK(31), DMA_ATTR_WRITE_BARRIER },
		{ SN_TIOCE, DMA_BIT_MASK(40), 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(how); i++) {
		struct fixture *f = attach(test, how[i].chip, how[i].mask);
		size_t size = 2 * PAGE_SIZE;
		dma_addr_t bus;
		struct sn_decoded d;

		bus = dma_map_page_attrs(f->dev, f->page, 100, size,
					 DMA_FROM_DEVICE, how[i].attrs);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(f->dev, bus));
		KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus + size - 1, &d));
		KUNIT_EXPECT_EQ(test, d.to,
				page_to_phys(f->page) + 100 + size - 1);
		KUNIT_EXPECT_FALSE(test, d.direct);
		dma_unmap_page_attrs(f->dev, bus, size, DMA_FROM_DEVICE,
				     how[i].attrs);
		KUNIT_EXPECT_FALSE_MSG(test, sn_model_decode(&f->model, bus, &d),
				       "way %d", i);
		KUNIT_EXPECT_FALSE_MSG(test,
				       sn_model_decode(&f->model, bus + size - 1, &d),
				       "way %d", i);
	}
}

static void an_entry_that_does_not_arrive_fails_the_map(struct kunit *test)
{
	struct fixture *f = attach(test, SN_TIOCP, DMA_BIT_MASK(31));

	f->model.lossy = 1;
	KUNIT_EXPECT_TRUE(test, map_one(f, 8, 0) == DMA_MAPPING_ERROR);
	f->model.lossy = 1;
	KUNIT_EXPECT_EQ(test, map_errno(f, DMA_FROM_DEVICE, 0), -EIO);
	KUNIT_EXPECT_EQ(test, map_one(f, 8, 0), 0x40000000ULL);
	unmap_one(f, 0x40000000ULL, 8);
}

static void tioce_does_not_share_what_has_no_barrier(struct kunit *test)
{
	struct fixture *f = attach(test, SN_TIOCE, DMA_BIT_MASK(40));
	dma_addr_t plain = map_one(f, 64, 0), again, bus;
	struct sn_decoded d;

	KUNIT_EXPECT_GE(test, plain, 0x4000000000ULL);
	bus = map_one(f, 64, DMA_ATTR_WRITE_BARRIER);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_TRUE(test, d.barrier);
	KUNIT_EXPECT_EQ(test, d.to, page_to_phys(f->page));
	again = map_one(f, 64, 0);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, again, &d));
	KUNIT_EXPECT_FALSE(test, d.barrier);
	unmap_one(f, again, 64);
	unmap_one(f, plain, 64);
	KUNIT_EXPECT_FALSE(test, sn_model_decode(&f->model, plain, &d) && !d.direct);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	dma_unmap_page_attrs(f->dev, bus, 64, DMA_FROM_DEVICE,
			     DMA_ATTR_WRITE_BARRIER);
}

static void tioce_keeps_an_entry_until_the_last_unmap(struct kunit *test)
{
	struct fixture *f = attach(test, SN_TIOCE, DMA_BIT_MASK(31));
	dma_addr_t bus = map_one(f, 64, DMA_ATTR_WRITE_BARRIER);
	dma_addr_t plain = map_one(f, 64, 0);
	struct sn_decoded d;

	KUNIT_EXPECT_EQ(test, bus, plain | 0x40000000ULL);
	dma_unmap_page_attrs(f->dev, bus, 64, DMA_FROM_DEVICE,
			     DMA_ATTR_WRITE_BARRIER);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, plain, &d));
	unmap_one(f, plain, 64);
	KUNIT_EXPECT_FALSE(test, sn_model_decode(&f->model, plain, &d));
}

/* To its last byte, and no further. */
static void tioce_shares_the_whole_of_a_page(struct kunit *test)
{
	struct fixture *f = attach_far(test, SN_TIOCE, DMA_BIT_MASK(31));
	dma_addr_t first = map_at(f, FAR, 8, 0);
	u64 left = SZ_256K - (FAR & (SZ_256K - 1));
	dma_addr_t last, next;

	last = map_at(f, FAR + left - 8, 8, 0);
	KUNIT_EXPECT_EQ(test, last, first + left - 8);
	next = map_at(f, FAR + left - 8, 16, 0);
	KUNIT_EXPECT_NE(test, next, last);
	unmap_at(f, next, 16);
	unmap_at(f, last, 8);
	unmap_at(f, first, 8);
}

static void tioce_has_a_window_per_port(struct kunit *test)
{
	struct fixture *f = test->priv;
	dma_addr_t first, second;

	f->slot.port = 1;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(32));
	first = map_at(f, FAR, 8, DMA_ATTR_WRITE_BARRIER);
	KUNIT_EXPECT_EQ(test, first, 0xd2345000ULL);
	KUNIT_EXPECT_EQ(test, f->model.regs[0xb080 / 8], 0x40000000000ULL);
	/* Another GiB takes entries, and has the barrier, too. */
	second = map_at(f, FAR + SZ_1G, 8, DMA_ATTR_WRITE_BARRIER);
	KUNIT_EXPECT_EQ(test, second, 0x41005000ULL);
	unmap_at(f, first, 8);
	unmap_at(f, second, 8);
	first = map_at(f, FAR + SZ_1G, 8, 0);
	KUNIT_EXPECT_EQ(test, first, 0x92345000ULL);
	unmap_at(f, first, 8);
}

/* Use up M40 and M40S, from the first entry to the last. */
static void fill_m40(struct kunit *test, struct fixture *f)
{
	u64 n;

	for (n = 0; n < 4096; n++)
		KUNIT_ASSERT_EQ(test, map_at(f, piece(4, n, SZ_64M), 8, 0),
				0x4000000000ULL + (n << 26));
	for (n = 0; n < 32; n++)
		KUNIT_ASSERT_EQ(test, map_at(f, piece(100, n, 1ULL << 34), 8, 0),
				0x8000000000ULL + (n << 34));
}

static void tioce_runs_out_of_each_kind_and_recovers(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 m40, m40s, d32, m32, list[2], n, none = piece(300, 0, SZ_1G);
	long live;

	f->params.nr_entries = 4;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(40));
	fill_m40(test, f);
	d32 = map_at(f, piece(200, 0, SZ_1G), 8, 0);
	KUNIT_EXPECT_EQ(test, d32, 0x80000000ULL);
	for (n = 0; n < 4; n++)
		KUNIT_ASSERT_EQ(test, map_at(f, piece(210, n, SZ_256K), 8, 0),
				0x1000000 + n * SZ_256K);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 4096 + 32 + 4);
	live = f->live;

	/* All is taken, so a later attempt may succeed. */
	KUNIT_EXPECT_EQ(test, map_at(f, none, 8, 0), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, map_list(f, &none, 1, 8, 0), -ENOMEM);
	/* This never fits: it is larger than a window and than M32. */
	KUNIT_EXPECT_EQ(test, map_list(f, &none, 1, SZ_1G + SZ_4K,
				       DMA_ATTR_WRITE_BARRIER), -EIO);
	/* A list shares an entry and then fails: it gives the share back. */
	list[0] = piece(210, 1, SZ_256K);
	list[1] = none;
	KUNIT_EXPECT_EQ(test, map_list(f, list, 2, 8, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, f->live, live);

	/* Existing mappings are shared, with a barrier only where it has a bit. */
	m40 = map_at(f, piece(4, 7, SZ_64M) + 0x1000, 8, 0);
	KUNIT_EXPECT_EQ(test, m40, 0x401c001000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(4, 7, SZ_64M), 8,
				     DMA_ATTR_WRITE_BARRIER), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(100, 7, 1ULL << 34), 8,
				     DMA_ATTR_WRITE_BARRIER), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(200, 0, SZ_1G) + 0x1000, 8,
				     DMA_ATTR_WRITE_BARRIER), 0xc0001000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(210, 2, SZ_256K), 8,
				     DMA_ATTR_WRITE_BARRIER), 0x41080000ULL);
	KUNIT_EXPECT_EQ(test, f->live, live);

	/* After the last unmap of an entry or window it is free again. */
	unmap_at(f, m40, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, none, 8, 0), DMA_MAPPING_ERROR);
	unmap_at(f, 0x401c000000ULL, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, none, 8, 0), 0x401c000000ULL);
	m40s = 0x8000000000ULL + (5ULL << 34);
	unmap_at(f, m40s, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(400, 0, SZ_1G), 8, 0), m40s);
	unmap_at(f, d32, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(500, 0, SZ_1G), 8,
				     DMA_ATTR_WRITE_BARRIER), DMA_MAPPING_ERROR);
	unmap_at(f, 0xc0001000ULL, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(500, 0, SZ_1G), 8,
				     DMA_ATTR_WRITE_BARRIER), 0xc0000000ULL);
	m32 = 0x1080000ULL;
	unmap_at(f, m32, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(600, 0, SZ_1G), 8, 0),
			DMA_MAPPING_ERROR);
	unmap_at(f, m32 | 0x40000000, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(600, 0, SZ_1G), 8,
				     DMA_ATTR_WRITE_BARRIER), m32 | 0x40000000);
	/* The failed list has no share of the second entry left. */
	unmap_at(f, 0x1040000ULL, 8);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(700, 0, SZ_1G), 8, 0), 0x1040000ULL);
	KUNIT_EXPECT_EQ(test, f->live, live);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 4096 + 32 + 4);
}

static void tioce_ports_run_out_apart(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sn_slot other = { .port = 1 };
	struct device *dev = kunit_device_register(test, "sn-port-1"), *first;
	u64 mask = DMA_BIT_MASK(40), bus;
	struct sn_decoded d;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	f->params.nr_entries = 4;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(40));
	dev->dma_mask = &mask;
	fill_m40(test, f);
	KUNIT_EXPECT_EQ(test, map_at(f, piece(200, 0, SZ_1G), 8, 0), 0x80000000ULL);

	KUNIT_ASSERT_EQ(test, sn_bridge_attach(f->bridge, dev, &other), 0);
	first = f->dev;
	f->dev = dev;
	f->model.port = 1;
	/* M40 is common to both ports. M40S, D32 and sharing are per port. */
	bus = map_at(f, piece(100, 0, 1ULL << 34), 8, 0);
	KUNIT_EXPECT_EQ(test, bus, 0x8000000000ULL);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, 100ULL << 40);
	bus = map_at(f, piece(220, 0, SZ_1G), 8, DMA_ATTR_WRITE_BARRIER);
	KUNIT_EXPECT_EQ(test, bus, 0xc0000000ULL);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, 220ULL << 40);
	f->model.port = 0;
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_EQ(test, d.to, 200ULL << 40);

	sn_bridge_detach(dev);
	dev->dma_mask = NULL;
	f->dev = first;
}

/*
 * Map and unmap in random order, with the barrier and without it, pieces that share
 * entries of TIOCE. After each step every mapped address must lead to its piece, and
 * have the barrier if and only if it was asked for.
 */
static void check_shares(struct kunit *test, struct fixture *f, u32 seed)
{
	struct { u64 phys, bus; bool barrier; } maps[24] = {}, *m;
	int step, i, made[2] = {}, refused = 0;
	struct sn_decoded d;
	long live = f->live, used = sn_model_used(&f->model);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	for (step = 0; step < 4000; step++) {
		seed = prandom_u32_state(&rnd);
		m = &maps[(seed >> 8) % ARRAY_SIZE(maps)];
		if (m->bus) {
			unmap_at(f, m->bus, 8);
			m->bus = 0;
			continue;
		}
		m->barrier = seed >> 24 & 1;
		m->phys = piece(800, seed >> 16 & 7, SZ_256K) +
			  (u64)(seed >> 20 & 3) * SZ_1G + (seed >> 12 & 0xff8);
		m->bus = map_at(f, m->phys, 8,
				m->barrier ? DMA_ATTR_WRITE_BARRIER : 0);
		if (m->bus == DMA_MAPPING_ERROR) {
			m->bus = 0;
			refused += m->barrier;
			continue;
		}
		made[m->barrier]++;
		for (i = 0; i < ARRAY_SIZE(maps); i++) {
			m = &maps[i];
			if (!m->bus)
				continue;
			KUNIT_ASSERT_TRUE_MSG(test,
					      sn_model_decode(&f->model, m->bus, &d),
					      "step %d: %llx", step, m->bus);
			KUNIT_ASSERT_EQ_MSG(test, d.to, (m->phys & GENMASK_ULL(35, 0)) |
					    m->phys >> 38 << 40, "step %d", step);
			KUNIT_ASSERT_EQ_MSG(test, d.barrier, m->barrier,
					    "step %d: %llx", step, m->bus);
		}
	}
	for (i = 0; i < ARRAY_SIZE(maps); i++)
		if (maps[i].bus)
			unmap_at(f, maps[i].bus, 8);
	KUNIT_EXPECT_EQ(test, f->live, live);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), used);
	KUNIT_EXPECT_GT(test, made[0], 100);
	KUNIT_EXPECT_GT(test, made[1], 100);
	KUNIT_EXPECT_GT(test, refused, 100);
}

static void tioce_shares_keep_the_barrier_while_it_runs_out(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->params.nr_entries = 4;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(31));
	check_shares(test, f, 1);
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(32));
	check_shares(test, f, 2);
	/* With one entry of each size for mappings without the barrier. */
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(40));
	fill_m40(test, f);
	unmap_at(f, 0x4000000000ULL, 8);
	unmap_at(f, 0x8000000000ULL, 8);
	check_shares(test, f, 3);
}

static void downstream_addresses_are_not_used(struct kunit *test)
{
	struct fixture *f = test->priv;
	typeof(f->params.down[0]) *down = f->params.down;
	struct sn_decoded d;
	dma_addr_t bus;

	/* The first two pages of M32: one without the barrier, one with it. */
	down[0].start = 0x1000000;
	down[0].end = 0x103ffff;
	down[1].start = 0x41040000;
	down[1].end = 0x4107ffff;
	attach(test, SN_TIOCE, DMA_BIT_MASK(31));
	bus = map_one(f, 8, 0);
	KUNIT_EXPECT_EQ(test, bus & -SZ_256K, 0x1080000ULL);
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus, &d));
	KUNIT_EXPECT_TRUE(test, sn_model_decode(&f->model, bus | 0x40000000,
						&d));
	unmap_one(f, bus, 8);
	/* D32, in the same way, in windows of the other port. */
	memset(down, 0, sizeof(f->params.down));
	down[2].start = 0x92300000;
	down[2].end = 0x923fffff;
	down[3].start = 0xd2800000;
	down[3].end = 0xd28fffff;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, 8, 0), 0x1005000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR + SZ_4M + SZ_1M, 8, 0),
			0x1045000ULL);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR + SZ_16M, 8, 0), 0x93345000ULL);
}

/* Windows split M32: the largest mapping is what fits between them. */
static void windows_limit_the_largest_mapping(struct kunit *test)
{
	struct fixture *f = test->priv;
	dma_addr_t bus;
	size_t size;

	f->params.nr_entries = 64;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(31));
	KUNIT_EXPECT_EQ(test, dma_max_mapping_size(f->dev), 63 * SZ_256K);
	/* Entries 19 and 40 are reserved: 19, 20 and 23 in a row are left. */
	f->params.down[0].start = 0x1000000 + 19 * SZ_256K;
	f->params.down[0].end = f->params.down[0].start;
	f->params.down[1].start = 0x1000000 + 40 * SZ_256K;
	f->params.down[1].end = f->params.down[1].start + SZ_256K - 1;
	attach_far(test, SN_TIOCE, DMA_BIT_MASK(31));
	size = dma_max_mapping_size(f->dev);
	/* 17 entries or more have to begin at entry 0 or 32. */
	KUNIT_EXPECT_EQ(test, size, 18 * SZ_256K);
	bus = map_at(f, FAR + SZ_256K - 1, size, 0);
	KUNIT_EXPECT_EQ(test, bus, 0x1000000ULL + (FAR & (SZ_256K - 1)) - 1);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 19);
	unmap_at(f, bus, size);
	KUNIT_EXPECT_EQ(test, map_at(f, FAR, size + SZ_256K, 0),
			DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
}

#define WB	DMA_ATTR_WRITE_BARRIER

static bool maps(struct fixture *f, u64 phys, size_t size, unsigned long attrs)
{
	dma_addr_t bus = map_at(f, phys, size, attrs);

	if (bus == DMA_MAPPING_ERROR)
		return false;
	unmap_at(f, bus, size);
	return true;
}

static unsigned int path_of(struct fixture *f, u64 phys, size_t size,
			    unsigned long attrs)
{
	return get_dma_ops(f->dev)->map_path(f->dev, phys, size,
					     DMA_FROM_DEVICE, attrs);
}

static void path_says_what_cannot_be_mapped(struct kunit *test)
{
	static const struct {
		enum sn_chip chip;
		u64 mask, phys;
		size_t size;
		bool pcix, window;
	} what[] = {
		{ SN_PIC, DMA_BIT_MASK(64), FAR, SZ_1G },
		{ SN_PIC, DMA_BIT_MASK(64), 0x12012345000ULL, 8 },
		{ SN_PIC, DMA_BIT_MASK(31), FAR, 1024 * SZ_4K },
		{ SN_PIC, DMA_BIT_MASK(31), FAR + 1, 1024 * SZ_4K },
		{ SN_TIOCP, DMA_BIT_MASK(32), FAR, 1024 * SZ_4K, true },
		{ SN_TIOCP, DMA_BIT_MASK(32), FAR, 1025 * SZ_4K, true },
		{ SN_TIOCA, DMA_BIT_MASK(32), FAR_TIOCA, SZ_1G },
		{ SN_TIOCA, DMA_BIT_MASK(32), FAR_TIOCA, SZ_1G + 1 },
		{ SN_TIOCA, DMA_BIT_MASK(64), 0x12012345000ULL, 8 },
		{ SN_TIOCE, DMA_BIT_MASK(31), FAR, SZ_128M },
		{ SN_TIOCE, DMA_BIT_MASK(31), FAR, SZ_1G },
		{ SN_TIOCE, DMA_BIT_MASK(40), FAR, SZ_1G },
		/* These two have room without the barrier alone. */
		{ SN_TIOCE, DMA_BIT_MASK(40), FAR, SZ_2G },
		{ SN_PIC, DMA_BIT_MASK(32), FAR, 1025 * SZ_4K, .window = true },
	};
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		bool barrier = what[i].chip != SN_TIOCA;
		unsigned int plain, path;

		f->params.pcix = what[i].pcix;
		/* FAR is in the first of these two. */
		f->params.window = what[i].window ? 1ULL << 38 : 1ULL << 37;
		attach_far(test, what[i].chip, what[i].mask);
		plain = barrier ? 0 : DMA_PATH_UNORDERED;
		if (!maps(f, what[i].phys, what[i].size, 0))
			plain |= DMA_PATH_NONE;
		KUNIT_EXPECT_EQ_MSG(test, plain,
				    path_of(f, what[i].phys, what[i].size, 0),
				    "row %d", i);

		path = plain ?: DMA_PATH_UNORDERED;
		if (barrier && maps(f, what[i].phys, what[i].size, WB))
			path = 0;
		KUNIT_EXPECT_EQ_MSG(test, path,
				    path_of(f, what[i].phys, what[i].size, WB),
				    "row %d with a barrier", i);
		if (i >= ARRAY_SIZE(what) - 2) {
			KUNIT_EXPECT_EQ_MSG(test, plain, 0, "row %d", i);
			KUNIT_EXPECT_EQ_MSG(test, path, DMA_PATH_UNORDERED,
					    "row %d", i);
		}
	}
	attach(test, SN_PIC, DMA_BIT_MASK(31));
	KUNIT_EXPECT_EQ(test, dma_max_mapping_size(f->dev), 1023 * SZ_4K);
}

static void parameters_that_make_no_sense_are_refused(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sn_bridge_params p = f->params;

	p.chip = SN_NR_CHIPS;
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	p = f->params;
	p.nr_entries = 1025;
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	p = f->params;
	p.page_shift = 13;
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	p = f->params;
	p.hub.nasid_shift = 4;	/* the address spaces alone take that */
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	p.hub.nasid_shift = 41;
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	p = f->params;
	p.window = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	/* A window that ends before it begins. */
	p = f->params;
	p.chip = SN_TIOCE;
	p.down[3].start = 2;
	p.down[3].end = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(sn_bridge_create(&p)), -EINVAL);
	attach(test, SN_PIC, DMA_BIT_MASK(64));
	KUNIT_EXPECT_EQ(test, sn_bridge_attach(f->bridge, f->dev, &f->slot),
			-EBUSY);
	sn_bridge_detach(f->dev);
	f->slot.port = 1;
	KUNIT_EXPECT_EQ(test, sn_bridge_attach(f->bridge, f->dev, &f->slot),
			-EINVAL);
	f->slot.port = 0;
	KUNIT_EXPECT_EQ(test, sn_bridge_attach(f->bridge, f->dev, &f->slot), 0);
}

static void the_nasid_may_be_anywhere_in_an_address(struct kunit *test)
{
	static const unsigned int shifts[] = { 5, 40 };
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		f->params.hub.nasid_shift = shifts[i];
		attach(test, SN_PIC, DMA_BIT_MASK(64));
	}
}

static void a_bridge_that_is_gone_has_no_gart(struct kunit *test)
{
	struct fixture *f = attach(test, SN_TIOCA, DMA_BIT_MASK(32));

	KUNIT_EXPECT_NE(test, f->model.regs[0x28 / 8], 0);
	KUNIT_EXPECT_NE(test, f->model.regs[0x200 / 8], 0);
	detach(f);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x28 / 8], 0);
	KUNIT_EXPECT_EQ(test, f->model.regs[0x200 / 8], 0);
}

static void each_step_of_setup_may_fail(struct kunit *test)
{
	/* Bridge, device and table; and a GART; TIOCE: four tables and sn_tioce. */
	static const int steps[SN_NR_CHIPS] = { 3, 3, 4, 7 };
	struct fixture *f = test->priv;
	int n, ret = -ENOMEM;

	for (f->params.chip = 0; f->params.chip < SN_NR_CHIPS; f->params.chip++) {
		sn_model_reset(&f->model, &f->params, &f->slot);
		for (n = 1; n < 20; n++) {
			f->fail_at = n;
			f->bridge = sn_bridge_create(&f->params);
			ret = PTR_ERR_OR_ZERO(f->bridge);
			if (!ret) {
				ret = sn_bridge_attach(f->bridge, f->dev,
						       &f->slot);
				if (ret)
					sn_bridge_destroy(f->bridge);
			}
			if (!ret)
				break;
			f->bridge = NULL;
			KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "chip %d step %d",
					    f->params.chip, n);
			KUNIT_EXPECT_EQ_MSG(test, f->live, 0, "chip %d step %d",
					    f->params.chip, n);
			KUNIT_EXPECT_NULL(test, f->dev->dma_ops);
			/* TIOCA's table pointer and TIOCE's enable bits. */
			KUNIT_EXPECT_EQ(test, f->model.regs[0x200 / 8], 0);
			KUNIT_EXPECT_EQ(test, f->model.regs[0xb070 / 8], 0);
		}
		f->fail_at = 0;
		KUNIT_EXPECT_EQ_MSG(test, n, steps[f->params.chip] + 1, "chip %d",
				    f->params.chip);
		detach(f);
		KUNIT_EXPECT_EQ(test, f->live, 0);
	}
}

/* A list of three pages, for each of which TIOCE allocates a record. */
static void each_step_of_a_list_may_fail(struct kunit *test)
{
	static const int bits[] = { 40, 32, 31 };
	struct scatterlist sg[3];
	int i, n, ret = -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		struct fixture *f = attach_far(test, SN_TIOCE,
					       DMA_BIT_MASK(bits[i]));
		const struct dma_map_ops *ops = get_dma_ops(f->dev);
		long live = f->live;

		sg_init_table(sg, 3);
		for (n = 0; n < 3; n++)
			sg_set_page(&sg[n], pfn_to_page(PHYS_PFN(piece(4, n, SZ_1G))),
				    64, 0);
		for (n = 1; n < 20; n++) {
			f->fail_at = n;
			ret = ops->map_sg(f->dev, sg, 3, DMA_FROM_DEVICE, 0);
			if (ret > 0)
				break;
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
			KUNIT_EXPECT_EQ_MSG(test, f->live, live, "step %d", n);
			KUNIT_EXPECT_EQ_MSG(test, sn_model_used(&f->model), 0,
					    "step %d", n);
		}
		f->fail_at = 0;
		KUNIT_EXPECT_EQ(test, ret, 3);
		KUNIT_EXPECT_EQ(test, n, 4);
		KUNIT_EXPECT_EQ(test, f->live, live + 3);
		ops->unmap_sg(f->dev, sg, 3, DMA_FROM_DEVICE, 0);
		KUNIT_EXPECT_EQ(test, f->live, live);
		KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
	}
}

/* Number of allocations in the driver, each of which may fail, for one buffer. */
static int alloc_steps(struct kunit *test, struct fixture *f, bool coherent)
{
	long live = f->live;
	dma_addr_t bus;
	void *mem = NULL;
	int n;

	for (n = 1; n < 20; n++) {
		f->fail_at = n;
		if (coherent)
			mem = dma_alloc_coherent(f->dev, 100, &bus, GFP_KERNEL);
		else
			mem = dma_alloc_pages(f->dev, 100, &bus,
					      DMA_FROM_DEVICE, GFP_KERNEL);
		if (mem)
			break;
		KUNIT_EXPECT_EQ(test, f->live, live);
		KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
	}
	f->fail_at = 0;
	KUNIT_ASSERT_NOT_NULL(test, mem);
	if (coherent)
		dma_free_coherent(f->dev, 100, mem, bus);
	else
		dma_free_pages(f->dev, 100, mem, bus, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, f->live, live);
	KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
	return n - 1;
}

/* Check where each 4 KiB and the last byte lead. Return the number of valid entries. */
static long found(struct kunit *test, struct fixture *f, dma_addr_t bus,
		  phys_addr_t phys, size_t size, bool barrier)
{
	struct sn_decoded d;
	size_t at;

	for (at = 0; at < size; at = at < size - 1 ? min(at + SZ_4K, size - 1) : size) {
		KUNIT_ASSERT_TRUE_MSG(test, sn_model_decode(&f->model, bus + at, &d),
				      "chip %d at %zx", f->params.chip, at);
		KUNIT_EXPECT_EQ_MSG(test, d.to, phys + at, "chip %d at %zx",
				    f->params.chip, at);
		KUNIT_EXPECT_EQ_MSG(test, d.barrier, barrier, "chip %d at %zx",
				    f->params.chip, at);
	}
	return sn_model_used(&f->model);
}

static void memory_is_where_the_device_finds_it(struct kunit *test)
{
	static const struct {
		enum sn_chip chip;
		unsigned int page_shift;
		u64 mask;
		unsigned int entry;
	} how[] = {
		{ SN_PIC, 12, DMA_BIT_MASK(32), SZ_4K },
		{ SN_PIC, 14, DMA_BIT_MASK(32), SZ_16K },
		{ SN_TIOCP, 12, DMA_BIT_MASK(32), SZ_4K },
		{ SN_TIOCP, 14, DMA_BIT_MASK(32), SZ_16K },
		{ SN_TIOCA, 12, DMA_BIT_MASK(32), SZ_4K },
		{ SN_TIOCA, 14, DMA_BIT_MASK(32), SZ_16K },
		{ SN_TIOCE, 12, DMA_BIT_MASK(31), SZ_256K },
		{ SN_PIC, 14, DMA_BIT_MASK(64) },
	};
	const size_t size = 5 * PAGE_SIZE + 100;
	struct fixture *f = test->priv;
	struct sg_table sgt;
	struct page *page;
	dma_addr_t bus;
	long used;
	void *mem;
	int i;

	f->params.window = 1ULL << 37;
	for (i = 0; i < ARRAY_SIZE(how); i++) {
		f->params.page_shift = how[i].page_shift;
		attach(test, how[i].chip, how[i].mask);
		used = how[i].entry ? DIV_ROUND_UP(size, how[i].entry) : 0;

		mem = dma_alloc_coherent(f->dev, size, &bus, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, mem);
		KUNIT_EXPECT_EQ_MSG(test, found(test, f, bus, virt_to_phys(mem),
						size, how[i].chip != SN_TIOCA),
				    used, "way %d", i);
		KUNIT_EXPECT_TRUE(test, dma_can_mmap(f->dev));
		KUNIT_ASSERT_EQ(test, dma_get_sgtable(f->dev, &sgt, mem, bus,
						      size), 0);
		KUNIT_EXPECT_EQ(test, sgt.orig_nents, 1);
		KUNIT_EXPECT_PTR_EQ(test, sg_virt(sgt.sgl), mem);
		KUNIT_EXPECT_EQ(test, sgt.sgl->length, PAGE_ALIGN(size));
		sg_free_table(&sgt);
		dma_free_coherent(f->dev, size, mem, bus);
		KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);

		page = dma_alloc_pages(f->dev, size, &bus, DMA_FROM_DEVICE,
				       GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		/* dma_alloc_pages() rounds up to whole pages. */
		if (how[i].entry)
			used = DIV_ROUND_UP(PAGE_ALIGN(size), how[i].entry);
		KUNIT_EXPECT_EQ_MSG(test, found(test, f, bus, page_to_phys(page),
						size, false), used, "way %d", i);
		KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), 0);
		dma_free_pages(f->dev, size, page, bus, DMA_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, sn_model_used(&f->model), 0);
	}
}

static void each_step_of_an_allocation_may_fail(struct kunit *test)
{
	enum sn_chip chip;

	for (chip = 0; chip < SN_NR_CHIPS; chip++) {
		struct fixture *f = attach(test, chip, DMA_BIT_MASK(32));
		bool record = chip == SN_TIOCE;

		KUNIT_EXPECT_EQ(test, alloc_steps(test, f, true), 1 + record);
		/* dma_common_alloc_pages() allocates the pages. */
		KUNIT_EXPECT_EQ(test, alloc_steps(test, f, false), record);
	}
}

static struct kunit_case sn_test_cases[] = {
	KUNIT_CASE(a_direct_address_is_the_worked_one),
	KUNIT_CASE(pcix_does_not_prefetch),
	KUNIT_CASE(shub2_has_its_banks_in_the_address),
	KUNIT_CASE(an_entry_leads_to_the_worked_address),
	KUNIT_CASE(an_io_page_may_be_16_kib),
	KUNIT_CASE(a_swapping_slot_has_its_bit_in_the_address),
	KUNIT_CASE(tioca_maps_another_nodes_memory_by_the_gart),
	KUNIT_CASE(tioce_has_pages_of_three_sizes),
	KUNIT_CASE(memory_of_another_kind_is_not_mapped),
	KUNIT_CASE(the_window_is_used_without_a_barrier),
	KUNIT_CASE(every_path_keeps_the_barrier),
	KUNIT_CASE(weak_order_takes_no_longer_than_none_asked_for),
	KUNIT_CASE(coherent_memory_has_the_barrier),
	KUNIT_CASE(a_completion_waits_for_its_data),
	KUNIT_CASE(a_mask_that_reaches_nothing_is_refused),
	KUNIT_CASE(each_call_goes_by_its_own_mask),
	KUNIT_CASE(mmio_is_refused),
	KUNIT_CASE(a_bus_limit_closes_the_direct_way),
	KUNIT_CASE(tioca_refuses_the_barrier),
	KUNIT_CASE(tioca_reports_a_barrier_that_was_granted),
	KUNIT_CASE(tioca_of_revision_1_forgets_what_was),
	KUNIT_CASE(entries_run_out_and_recover),
	KUNIT_CASE(a_list_that_does_not_fit_takes_nothing),
	KUNIT_CASE(unmapped_entries_no_longer_translate),
	KUNIT_CASE(an_entry_that_does_not_arrive_fails_the_map),
	KUNIT_CASE(tioce_does_not_share_what_has_no_barrier),
	KUNIT_CASE(tioce_keeps_an_entry_until_the_last_unmap),
	KUNIT_CASE(tioce_shares_the_whole_of_a_page),
	KUNIT_CASE(tioce_has_a_window_per_port),
	KUNIT_CASE(tioce_runs_out_of_each_kind_and_recovers),
	KUNIT_CASE(tioce_ports_run_out_apart),
	KUNIT_CASE(tioce_shares_keep_the_barrier_while_it_runs_out),
	KUNIT_CASE(downstream_addresses_are_not_used),
	KUNIT_CASE(windows_limit_the_largest_mapping),
	KUNIT_CASE(path_says_what_cannot_be_mapped),
	KUNIT_CASE(parameters_that_make_no_sense_are_refused),
	KUNIT_CASE(the_nasid_may_be_anywhere_in_an_address),
	KUNIT_CASE(a_bridge_that_is_gone_has_no_gart),
	KUNIT_CASE(each_step_of_setup_may_fail),
	KUNIT_CASE(each_step_of_a_list_may_fail),
	KUNIT_CASE(each_step_of_an_allocation_may_fail),
	KUNIT_CASE(memory_is_where_the_device_finds_it),
	{}
};

static struct kunit_suite sn_test_suite = {
	.name		= "sn",
	.init		= sn_test_init,
	.exit		= sn_test_exit,
	.test_cases	= sn_test_cases,
};

kunit_test_suite(sn_test_suite);
