// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is mapped on the made-up confidential guest: for devices, through bounce
 * buffers or not, for user space, and in regions.  For the devices, and for what this
 * cannot show, see cc_fixture.h.
 */
#include <kunit/test.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-contract.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-region.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include "../contract.h"
#include "cc_fixture.h"
#include "reserved_region.h"
#include "user_map.h"

#define MMIO	DMA_ATTR_MMIO

/* Bounce buffers */

static void a_bounce_pool_that_cannot_be_shared_is_not_used(struct kunit *test)
{
	if (is_swiotlb_allocated())
		kunit_skip(test, "expected skip: the bounce pool is there already");
	cc_watch(current, 1, 1);
	KUNIT_EXPECT_EQ(test, -EIO, swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL));
	KUNIT_EXPECT_EQ(test, 1, cc_calls());
	KUNIT_EXPECT_FALSE(test, is_swiotlb_allocated());
	KUNIT_EXPECT_EQ(test, SZ_4M >> PAGE_SHIFT, cc_unknown(test));
}

static struct io_tlb_mem *need_bounce_pool(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	if (!is_swiotlb_allocated())
		KUNIT_ASSERT_EQ(test, 0,
				swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL));
	KUNIT_ASSERT_TRUE(test, ct->needy->dma_io_tlb_mem->cc_shared);
	return ct->needy->dma_io_tlb_mem;
}

/* The bounce buffer at @addr is shared, and the memory stays private. */
static u8 *expect_bounced(struct kunit *test, struct device *dev, u8 *vaddr,
			  dma_addr_t addr, size_t size)
{
	u8 *slot = cc_reach(dev, addr, size);

	KUNIT_EXPECT_TRUE(test, addr & CC_DMA_SHARED);
	KUNIT_ASSERT_NOT_NULL(test, slot);
	KUNIT_EXPECT_PTR_NE(test, vaddr, slot);
	KUNIT_EXPECT_TRUE(test, cc_is(vaddr, size, CC_PRIVATE));
	KUNIT_EXPECT_NOT_NULL(test, swiotlb_find_pool(dev, virt_to_phys(slot)));
	return slot;
}

static void private_memory_goes_through_a_shared_pool(struct kunit *test)
{
	static const enum dma_data_direction dirs[] = {
		DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL,
	};
	const size_t at = 100, size = PAGE_SIZE + 500;
	struct cc_test *ct = test->priv;
	dma_addr_t addr;
	u8 *slot;
	int i;

	need_bounce_pool(test);
	cc_watch(current, 0, 0);
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		memset(ct->buf, 0x11, BUF_SIZE);
		addr = dma_map_single(ct->needy, ct->buf + at, size, dirs[i]);
		KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->needy, addr));
		slot = expect_bounced(test, ct->needy, ct->buf + at, addr, size);
		KUNIT_EXPECT_NULL(test, memchr_inv(slot, 0x11, size));
		KUNIT_EXPECT_TRUE(test, dma_need_sync(ct->needy, addr));
		if (dirs[i] != DMA_TO_DEVICE) {
			memset(slot, 0x22, size);
			dma_sync_single_for_cpu(ct->needy, addr, 10, dirs[i]);
			KUNIT_EXPECT_EQ(test, 0x22, ct->buf[at + 9]);
			KUNIT_EXPECT_EQ(test, 0x11, ct->buf[at + 10]);
		}
		if (dirs[i] != DMA_FROM_DEVICE) {
			ct->buf[at + 5] = 0x33;
			dma_sync_single_for_device(ct->needy, addr, 10, dirs[i]);
			KUNIT_EXPECT_EQ(test, 0x33, slot[5]);
		}
		dma_unmap_single(ct->needy, addr, size, dirs[i]);
		if (dirs[i] != DMA_TO_DEVICE)
			KUNIT_EXPECT_EQ(test, 0x22, ct->buf[at + size - 1]);
		KUNIT_EXPECT_EQ(test, 0x11, ct->buf[at + size]);
	}
	KUNIT_EXPECT_EQ(test, 0, cc_calls());
}

static void fill_table(struct kunit *test, struct sg_table *sgt)
{
	struct cc_test *ct = test->priv;
	struct scatterlist *sg;
	int i;

	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(sgt, 3, GFP_KERNEL));
	for_each_sgtable_sg(sgt, sg, i)
		sg_set_buf(sg, ct->buf + i * PAGE_SIZE, SZ_1K << i);
}

static void a_private_list_goes_through_a_shared_pool(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct scatterlist *sg;
	struct sg_table sgt;
	int i;

	need_bounce_pool(test);
	fill_table(test, &sgt);
	memset(ct->buf, 0x11, BUF_SIZE);
	KUNIT_EXPECT_TRUE(test, dma_sgtable_bounces(ct->needy, &sgt,
						    DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_FALSE(test, dma_sgtable_bounces(ct->plain, &sgt,
						     DMA_BIDIRECTIONAL));
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(ct->needy, &sgt,
						 DMA_BIDIRECTIONAL, 0));
	KUNIT_EXPECT_EQ(test, 3, sgt.nents);
	for_each_sgtable_dma_sg(&sgt, sg, i) {
		u8 *slot = expect_bounced(test, ct->needy, sg_virt(sg),
					  sg_dma_address(sg), sg_dma_len(sg));

		KUNIT_EXPECT_NULL(test, memchr_inv(slot, 0x11, sg_dma_len(sg)));
		memset(slot, 0x22 + i, sg_dma_len(sg));
	}
	dma_unmap_sgtable(ct->needy, &sgt, DMA_BIDIRECTIONAL, 0);
	for_each_sgtable_sg(&sgt, sg, i)
		KUNIT_EXPECT_NULL(test, memchr_inv(sg_virt(sg), 0x22 + i,
						   sg->length));
	sg_free_table(&sgt);
}

static void private_memory_is_mapped_where_it_may_be(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;

	addr = dma_map_single(ct->plain, ct->buf, BUF_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->plain, addr));
	cc_expect_reached(test, ct->plain, ct->buf, addr, BUF_SIZE, false);
	KUNIT_EXPECT_FALSE(test, dma_need_sync(ct->plain, addr));
	dma_unmap_single(ct->plain, addr, BUF_SIZE, DMA_BIDIRECTIONAL);
}

static void the_largest_mapping_is_one_that_bounces(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	need_bounce_pool(test);
	KUNIT_EXPECT_EQ(test, swiotlb_max_mapping_size(ct->needy),
			dma_max_mapping_size(ct->needy));
	KUNIT_EXPECT_EQ(test, SIZE_MAX, dma_max_mapping_size(ct->plain));
	KUNIT_EXPECT_TRUE(test, dma_ram_bounces(ct->needy));
	KUNIT_EXPECT_FALSE(test, dma_ram_bounces(ct->plain));
}

static void a_bounce_buffer_out_of_reach_is_an_error(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr = 0;

	need_bounce_pool(test);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(ct->needy,
							   DMA_BIT_MASK(32)));
	kunit_warning_suppress(test)
		addr = dma_map_single(ct->needy, ct->buf, PAGE_SIZE,
				      DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(ct->needy, addr));
}

/* Let a device reach the bounce pool and nothing else, so that it has to bounce. */
static void reach_only_the_pool(struct kunit *test, struct device *dev)
{
	struct cc_test *ct = test->priv;
	struct io_tlb_pool *pool = &need_bounce_pool(test)->defpool;

	ct->ranges[0].cpu_start = pool->start;
	ct->ranges[0].dma_start = pool->start;
	ct->ranges[0].size = pool->end - pool->start;
	dev->dma_range_map = ct->ranges;
}

/* In a guest its memory would be seen by the host, and nobody has asked for that. */
static void a_guest_bounces_no_device_that_needs_none(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;

	reach_only_the_pool(test, ct->plain);
	addr = dma_map_single(ct->plain, ct->buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(ct->plain, addr));
	/* So says the query. */
	KUNIT_EXPECT_EQ(test, -EIO,
			dma_query_phys(ct->plain, virt_to_phys(ct->buf),
				       PAGE_SIZE, DMA_TO_DEVICE, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_phys(ct->plain, virt_to_phys(ct->buf),
				       PAGE_SIZE, DMA_TO_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, 0,
			dma_query_phys(ct->needy, virt_to_phys(ct->buf),
				       PAGE_SIZE, DMA_TO_DEVICE, 0));
}

static void a_host_bounces_through_shared_memory(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;
	u8 *slot;

	reach_only_the_pool(test, ct->plain);
	cc_be_host(true);
	KUNIT_EXPECT_EQ(test, 0,
			dma_query_phys(ct->plain, virt_to_phys(ct->buf),
				       PAGE_SIZE, DMA_TO_DEVICE, 0));
	ct->buf[7] = 0x44;
	addr = dma_map_single(ct->plain, ct->buf, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->plain, addr));
	slot = expect_bounced(test, ct->plain, ct->buf, addr, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0x44, slot[7]);
	slot[8] = 0x55;
	dma_unmap_single(ct->plain, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 0x55, ct->buf[8]);
}

#ifdef CONFIG_SWIOTLB_DYNAMIC
#define PIECE	SZ_256K
#define PIECES	256

/* Map until no pool has a place, all but one with a size that fills them up. */
static int fill_pools(struct device *dev, void *piece, dma_addr_t *addr)
{
	int nr;

	for (nr = 0; nr < PIECES; nr++) {
		addr[nr] = dma_map_single_attrs(dev, piece, PIECE, DMA_TO_DEVICE,
						DMA_ATTR_NO_WARN);
		if (dma_mapping_error(dev, addr[nr]))
			break;
	}
	return nr;
}

static void empty_pools(struct device *dev, dma_addr_t *addr, int nr)
{
	while (nr--)
		dma_unmap_single_attrs(dev, addr[nr], PIECE, DMA_TO_DEVICE,
				       DMA_ATTR_NO_WARN);
}

static void free_piece(void *piece)
{
	free_pages_exact(piece, PIECE);
}

static void a_bounce_pool_grows_by_shared_memory(struct kunit *test)
{
	struct io_tlb_mem *mem = need_bounce_pool(test);
	struct cc_test *ct = test->priv;
	int nr, tries, failing;
	unsigned long before;
	struct io_tlb_pool *pool;
	dma_addr_t *addr, transient;
	void *piece;
	u8 *slot;

	addr = kunit_kcalloc(test, PIECES, sizeof(*addr), GFP_KERNEL);
	piece = alloc_pages_exact(PIECE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_NOT_NULL(test, piece);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_piece, piece));
	/* First with a worker that cannot share its memory, nor make it private. */
	for (failing = 1; failing >= 0; failing--) {
		before = mem->nslabs;
		cc_watch(NULL, failing, failing * 100);
		nr = fill_pools(ct->needy, piece, addr);
		KUNIT_EXPECT_LT(test, nr, PIECES);
		/* It comes from an atomic pool, for this mapping alone. */
		memset(ct->buf, 0x11, BUF_SIZE);
		transient = dma_map_single(ct->needy, ct->buf, SZ_4K,
					   DMA_BIDIRECTIONAL);
		KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(ct->needy, transient));
		slot = expect_bounced(test, ct->needy, ct->buf, transient, SZ_4K);
		pool = swiotlb_find_pool(ct->needy, virt_to_phys(slot));
		KUNIT_EXPECT_TRUE(test, pool && pool->transient);
		KUNIT_EXPECT_NULL(test, memchr_inv(slot, 0x11, SZ_4K));
		dma_unmap_single(ct->needy, transient, SZ_4K, DMA_BIDIRECTIONAL);
		for (tries = 100; tries-- && !cc_calls(); )
			msleep(20);
		/* The worker is done, and the memory of the pool gone. */
		msleep(200);
		if (failing) {
			KUNIT_EXPECT_GT(test, cc_unknown(test), 0);
			KUNIT_EXPECT_EQ(test, before, mem->nslabs);
		} else {
			KUNIT_EXPECT_GT(test, mem->nslabs, before);
		}
		empty_pools(ct->needy, addr, nr);
	}
	cc_watch(NULL, 0, 0);
	KUNIT_EXPECT_GT(test, fill_pools(ct->needy, piece, addr), nr);
	KUNIT_EXPECT_NOT_NULL(test, cc_reach(ct->needy, addr[nr], PIECE));
	pool = swiotlb_find_pool(ct->needy, dma_to_phys(ct->needy, addr[nr]));
	KUNIT_EXPECT_TRUE(test, pool && !pool->transient);
	for (nr = 0; nr < PIECES && addr[nr] != DMA_MAPPING_ERROR; nr++)
		;
	empty_pools(ct->needy, addr, nr);
	msleep(200);
}
#endif /* CONFIG_SWIOTLB_DYNAMIC */

#ifdef CONFIG_DMA_RESTRICTED_POOL
static const struct reserved_mem_ops *restricted_ops;

static int __init find_restricted_ops(void)
{
	restricted_ops = reserved_region_ops("restricted-dma-pool", false);
	return 0;
}
late_initcall(find_restricted_ops);

static void free_restricted(void *data)
{
	struct reserved_mem *rmem = data;
	struct io_tlb_mem *mem = rmem->priv;
	void *vaddr = phys_to_virt(rmem->base);

	if (mem) {
		debugfs_remove(mem->debugfs);
		kfree(mem->defpool.slots);
		kfree(mem->defpool.areas);
		kfree(mem);
	}
	if (cc_is(vaddr, rmem->size, CC_PRIVATE) ||
	    !set_memory_encrypted((unsigned long)vaddr, PFN_DOWN(rmem->size)))
		free_pages_exact(vaddr, rmem->size);
}

static struct reserved_mem *new_restricted(struct kunit *test)
{
	struct reserved_mem *rmem = kunit_kzalloc(test, sizeof(*rmem),
						  GFP_KERNEL);
	void *vaddr = alloc_pages_exact(SZ_1M, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, restricted_ops);
	KUNIT_ASSERT_NOT_NULL(test, rmem);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	rmem->name = "cc-restricted";
	rmem->base = virt_to_phys(vaddr);
	rmem->size = SZ_1M;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_restricted, rmem));
	return rmem;
}

static bool within(struct reserved_mem *rmem, void *vaddr)
{
	phys_addr_t phys = virt_to_phys(cc_linear(vaddr));

	return phys >= rmem->base && phys < rmem->base + rmem->size;
}

static void a_restricted_pool_is_shared(struct kunit *test)
{
	struct reserved_mem *rmem = new_restricted(test);
	struct cc_test *ct = test->priv;
	void *all = phys_to_virt(rmem->base), *vaddr;
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_ATOMIC };
	struct page *page;
	dma_addr_t addr;
	u8 *slot;
	int i;

	cc_watch(current, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, restricted_ops->device_init(rmem, ct->needy));
	KUNIT_EXPECT_EQ(test, 1, cc_calls());
	KUNIT_EXPECT_TRUE(test, cc_is(all, SZ_1M, CC_SHARED));
	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		vaddr = dma_alloc_coherent(ct->needy, PAGE_SIZE, &addr, gfps[i]);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		KUNIT_EXPECT_TRUE(test, within(rmem, vaddr));
		cc_expect_new(test, ct->needy, vaddr, addr, PAGE_SIZE, true);
		dma_free_coherent(ct->needy, PAGE_SIZE, vaddr, addr);
		page = dma_alloc_pages(ct->needy, PAGE_SIZE, &addr,
				       DMA_BIDIRECTIONAL, gfps[i]);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_TRUE(test, within(rmem, page_address(page)));
		cc_expect_new(test, ct->needy, page_address(page), addr, PAGE_SIZE,
			      true);
		dma_free_pages(ct->needy, PAGE_SIZE, page, addr,
			       DMA_BIDIRECTIONAL);
	}
	addr = dma_map_single(ct->needy, ct->buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->needy, addr));
	slot = expect_bounced(test, ct->needy, ct->buf, addr, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, within(rmem, slot));
	dma_unmap_single(ct->needy, addr, PAGE_SIZE, DMA_TO_DEVICE);
	/* The pool was shared once, and stays so. */
	KUNIT_EXPECT_EQ(test, 1, cc_calls());
	KUNIT_EXPECT_TRUE(test, cc_is(all, SZ_1M, CC_SHARED));

	/* It has nothing for a device that needs private memory. */
	KUNIT_ASSERT_EQ(test, 0, restricted_ops->device_init(rmem, ct->plain));
	KUNIT_EXPECT_EQ(test, 1, cc_calls());
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(ct->plain, PAGE_SIZE, &addr,
						   GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dma_alloc_pages(ct->plain, PAGE_SIZE, &addr,
						DMA_BIDIRECTIONAL, GFP_KERNEL));
	addr = dma_map_single(ct->plain, ct->buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(ct->plain, addr));
	KUNIT_EXPECT_EQ(test, -EIO,
			dma_query_phys(ct->plain, virt_to_phys(ct->buf),
				       PAGE_SIZE, DMA_TO_DEVICE, 0));
	restricted_ops->device_release(rmem, ct->plain);
	restricted_ops->device_release(rmem, ct->needy);
}

static void fail_to_share(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	cc_watch(current, 1, 1);
	KUNIT_EXPECT_EQ(test, -EIO,
			restricted_ops->device_init(ct->rmem, ct->needy));
}

static void a_restricted_pool_that_cannot_be_shared_is_not_used(struct kunit *test)
{
	struct reserved_mem *rmem = new_restricted(test);
	struct cc_test *ct = test->priv;
	struct io_tlb_mem *before = ct->needy->dma_io_tlb_mem;

	ct->rmem = rmem;
	fail_to_share(test);
	KUNIT_EXPECT_NULL(test, rmem->priv);
	KUNIT_EXPECT_PTR_EQ(test, before, ct->needy->dma_io_tlb_mem);
	dma_kunit_expect_freed(test, fail_to_share);
	/* The next device tries again. */
	KUNIT_ASSERT_EQ(test, 0, restricted_ops->device_init(rmem, ct->needy));
	KUNIT_EXPECT_TRUE(test, cc_is(phys_to_virt(rmem->base), SZ_1M,
				      CC_SHARED));
	restricted_ops->device_release(rmem, ct->needy);
}
#endif /* CONFIG_DMA_RESTRICTED_POOL */

/* DMA_ATTR_CC_SHARED */

static void share_buf(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	KUNIT_ASSERT_EQ(test, 0, set_memory_decrypted((unsigned long)ct->buf,
						      BUF_PAGES));
}

static void unshare_buf(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	KUNIT_EXPECT_EQ(test, 0, set_memory_encrypted((unsigned long)ct->buf,
						      BUF_PAGES));
}

static void map_shared(struct kunit *test, struct device *dev,
		       unsigned long attrs)
{
	struct cc_test *ct = test->priv;
	struct scatterlist *sg;
	struct sg_table sgt;
	dma_addr_t addr;
	int i;

	KUNIT_EXPECT_EQ(test, 0, dma_query_phys(dev, virt_to_phys(ct->buf),
						BUF_SIZE, DMA_BIDIRECTIONAL,
						attrs));
	addr = dma_map_single_attrs(dev, ct->buf, BUF_SIZE, DMA_BIDIRECTIONAL,
				    attrs);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dev, addr));
	cc_expect_reached(test, dev, ct->buf, addr, BUF_SIZE, true);
	KUNIT_EXPECT_FALSE(test, dma_need_sync(dev, addr));
	dma_unmap_single_attrs(dev, addr, BUF_SIZE, DMA_BIDIRECTIONAL, attrs);

	addr = dma_map_phys(dev, virt_to_phys(ct->buf) + 100, 1000,
			    DMA_BIDIRECTIONAL, attrs);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dev, addr));
	cc_expect_reached(test, dev, ct->buf + 100, addr, 1000, true);
	dma_unmap_phys(dev, addr, 1000, DMA_BIDIRECTIONAL, attrs);

	fill_table(test, &sgt);
	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(dev, &sgt, DMA_BIDIRECTIONAL,
						 attrs));
	for_each_sgtable_dma_sg(&sgt, sg, i)
		cc_expect_reached(test, dev, sg_virt(sg), sg_dma_address(sg),
				  sg_dma_len(sg), true);
	dma_unmap_sgtable(dev, &sgt, DMA_BIDIRECTIONAL, attrs);
	sg_free_table(&sgt);
}

static void shared_memory_is_mapped_as_it_is(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	need_bounce_pool(test);
	share_buf(test);
	map_shared(test, ct->needy, CC);
	map_shared(test, ct->plain, CC);
	unshare_buf(test);
}

/* The caller vouches for the memory.  If it is not shared, the device is stopped. */
static void private_memory_with_the_attribute_is_not_reached(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;

	addr = dma_map_single_attrs(ct->needy, ct->buf, BUF_SIZE,
				    DMA_BIDIRECTIONAL, CC);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->needy, addr));
	KUNIT_EXPECT_EQ(test, virt_to_phys(ct->buf) | CC_DMA_SHARED, addr);
	KUNIT_EXPECT_NULL(test, cc_reach(ct->needy, addr, 1));
	dma_unmap_single_attrs(ct->needy, addr, BUF_SIZE, DMA_BIDIRECTIONAL, CC);
	KUNIT_EXPECT_TRUE(test, cc_is(ct->buf, BUF_SIZE, CC_PRIVATE));
}

/* It bounces, from one shared page to another: right, and slow. */
static void shared_memory_without_the_attribute_bounces(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;
	u8 *slot;

	need_bounce_pool(test);
	share_buf(test);
	addr = dma_map_single(ct->needy, ct->buf, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->needy, addr));
	slot = cc_reach(ct->needy, addr, PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, slot);
	KUNIT_EXPECT_PTR_NE(test, ct->buf, slot);
	dma_unmap_single(ct->needy, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	/* Nothing tells that the other device must not use the private address. */
	addr = dma_map_single(ct->plain, ct->buf, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(ct->plain, addr));
	KUNIT_EXPECT_NULL(test, cc_reach(ct->plain, addr, 1));
	dma_unmap_single(ct->plain, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	unshare_buf(test);
}

static void coherent_maps_are_refused_where_they_bounce(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct sg_table sgt;
	dma_addr_t addr;

	need_bounce_pool(test);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_phys(ct->needy, virt_to_phys(ct->buf),
				       PAGE_SIZE, DMA_BIDIRECTIONAL, RC));
	addr = dma_map_single_attrs(ct->needy, ct->buf, PAGE_SIZE,
				    DMA_BIDIRECTIONAL, RC);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(ct->needy, addr));
	fill_table(test, &sgt);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_map_sgtable(ct->needy, &sgt, DMA_BIDIRECTIONAL, RC));
	sg_free_table(&sgt);
	/* Both see the same bytes of memory that is shared. */
	share_buf(test);
	map_shared(test, ct->needy, CC | RC);
	map_shared(test, ct->plain, CC | RC);
	unshare_buf(test);
	dev_assign_dma_coherent(ct->needy, false);
	addr = dma_map_single_attrs(ct->needy, ct->buf, PAGE_SIZE,
				    DMA_BIDIRECTIONAL, CC | RC);
	KUNIT_EXPECT_NE(test, 0, dma_mapping_error(ct->needy, addr));
}

/* Registers */

static dma_addr_t map_registers(struct device *dev, unsigned long attrs,
				int *query)
{
	/* No memory is there. */
	phys_addr_t phys = PFN_PHYS(max_pfn) + SZ_1G;
	dma_addr_t addr;

	*query = dma_query_phys(dev, phys, PAGE_SIZE, DMA_BIDIRECTIONAL,
				attrs | MMIO);
	addr = dma_map_resource(dev, phys, PAGE_SIZE, DMA_BIDIRECTIONAL, attrs);
	if (dma_mapping_error(dev, addr))
		return addr;
	dma_unmap_resource(dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL, attrs);
	return addr - phys;
}

static void registers_of_a_host_are_shared(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	int query;

	cc_be_host(true);
	KUNIT_EXPECT_EQ(test, CC_DMA_SHARED,
			map_registers(ct->needy, 0, &query));
	KUNIT_EXPECT_EQ(test, 0, query);
	KUNIT_EXPECT_EQ(test, CC_DMA_SHARED,
			map_registers(ct->plain, 0, &query));
	KUNIT_EXPECT_EQ(test, 0, query);
}

/* A guest may have private registers, so the caller has to say of which kind they are. */
static void registers_of_a_guest_are_what_the_caller_says(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	int query;

	KUNIT_EXPECT_EQ(test, CC_DMA_SHARED,
			map_registers(ct->needy, CC, &query));
	KUNIT_EXPECT_EQ(test, 0, query);
	KUNIT_EXPECT_EQ(test, CC_DMA_SHARED,
			map_registers(ct->plain, CC, &query));
	KUNIT_EXPECT_EQ(test, 0, query);
	KUNIT_EXPECT_EQ(test, 0, map_registers(ct->plain, 0, &query));
	KUNIT_EXPECT_EQ(test, 0, query);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR,
			map_registers(ct->needy, 0, &query));
	KUNIT_EXPECT_EQ(test, -EIO, query);
}

/* Mappings for user space */

/* User space sees the memory, and its page tables say of what kind it is. */
static void expect_user(struct kunit *test, struct user_map *um, bool shared)
{
	long addr;

	expect_user_map(test, um);
	addr = user_map(test, um, 1, 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_FALSE(test, pgprot_val(um->before) & _PAGE_CC_SHARED);
	KUNIT_EXPECT_EQ(test, shared,
			!!(pgprot_val(um->after) & _PAGE_CC_SHARED));
	vm_munmap(addr, PAGE_SIZE);
}

static void map_coherent_for_user(struct kunit *test, struct device *dev,
				  bool shared)
{
	struct user_map um = { .dev = dev, .size = 3 * PAGE_SIZE };
	struct sg_table sgt;

	um.vaddr = dma_alloc_coherent(dev, um.size, &um.addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um.vaddr);
	expect_user(test, &um, shared);
	KUNIT_EXPECT_EQ(test, 0, dma_get_sgtable(dev, &sgt, um.vaddr, um.addr,
						 um.size));
	KUNIT_EXPECT_PTR_EQ(test, virt_to_page(cc_linear(um.vaddr)),
			    sg_page(sgt.sgl));
	sg_free_table(&sgt);
	dma_free_coherent(dev, um.size, um.vaddr, um.addr);
}

static void map_pages_for_user(struct kunit *test, struct device *dev,
			       bool shared)
{
	struct user_map um = { .dev = dev, .size = 3 * PAGE_SIZE };

	um.page = dma_alloc_pages(dev, um.size, &um.addr, DMA_BIDIRECTIONAL,
				  GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um.page);
	um.vaddr = page_address(um.page);
	expect_user(test, &um, shared);
	dma_free_pages(dev, um.size, um.page, um.addr, DMA_BIDIRECTIONAL);
}

static void user_mappings_are_of_the_same_kind(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	map_coherent_for_user(test, ct->needy, true);
	map_coherent_for_user(test, ct->plain, false);
	dev_assign_dma_coherent(ct->needy, false);
	map_coherent_for_user(test, ct->needy, true);
}

static void user_mappings_of_pages_are_of_the_same_kind(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	map_pages_for_user(test, ct->needy, true);
	map_pages_for_user(test, ct->plain, false);
}

/* Regions */

#define REGION	(SZ_1M + SZ_64K + 3 * PAGE_SIZE)

static void bind(struct kunit *test, struct dma_region *region,
		 struct device *dev)
{
	struct scatterlist *sg;
	struct sg_table *sgt;
	size_t size = 0;
	int i;

	sgt = dma_region_bind(region, dev, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sgt));
	for_each_sgtable_dma_sg(sgt, sg, i) {
		cc_expect_reached(test, dev, sg_virt(sg), sg_dma_address(sg),
				  sg_dma_len(sg), true);
		size += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, REGION, size);
	dma_region_unbind(region, sgt);
}

static void a_shared_region_is_reached_by_all(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct dma_region *region;
	unsigned int calls;
	struct iosys_map map;

	need_bounce_pool(test);
	cc_watch(current, 0, 0);
	region = dma_region_alloc(REGION, 0, CC);
	KUNIT_ASSERT_FALSE(test, IS_ERR(region));
	calls = cc_calls();
	KUNIT_EXPECT_GT(test, calls, 1);
	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(region, &map));
	/* It is zeroed, though what was in it before is lost. */
	KUNIT_EXPECT_NULL(test, memchr_inv(map.vaddr, 0, REGION));
	cc_expect_mapping(test, map.vaddr, REGION, true);
	dma_region_vunmap(region, &map);
	bind(test, region, ct->needy);
	bind(test, region, ct->plain);
	dma_region_free(region);
	KUNIT_EXPECT_EQ(test, 2 * calls, cc_calls());
}

static void a_private_region_bounces(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct dma_region *region;
	struct scatterlist *sg;
	struct iosys_map map;
	struct sg_table *sgt;
	int i;

	need_bounce_pool(test);
	cc_watch(current, 0, 0);
	region = dma_region_alloc(2 * PAGE_SIZE, 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(region));
	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(region, &map));
	cc_expect_mapping(test, map.vaddr, 2 * PAGE_SIZE, false);
	dma_region_vunmap(region, &map);
	sgt = dma_region_bind(region, ct->needy, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sgt));
	for_each_sgtable_dma_sg(sgt, sg, i)
		expect_bounced(test, ct->needy, sg_virt(sg), sg_dma_address(sg),
			       sg_dma_len(sg));
	/* Each of them would see another truth. */
	KUNIT_EXPECT_EQ(test, -EBUSY,
			PTR_ERR_OR_ZERO(dma_region_bind(region, ct->plain,
							DMA_BIDIRECTIONAL)));
	dma_region_unbind(region, sgt);
	dma_region_free(region);
	KUNIT_EXPECT_EQ(test, 0, cc_calls());
}

static void fail_to_share_a_region(struct kunit *test)
{
	struct dma_region *region;

	cc_watch(current, 1, 1);
	region = dma_region_alloc(REGION, 0, CC);
	KUNIT_EXPECT_EQ(test, -EIO, PTR_ERR_OR_ZERO(region));
	if (!IS_ERR(region))
		dma_region_free(region);
}

static void a_region_that_cannot_be_shared_goes_back_but_for_that(struct kunit *test)
{
	struct dma_region *region;
	unsigned int n;
	long lost = 0;

	dma_kunit_expect_freed(test, fail_to_share_a_region);
	for (n = 1; n < 1000; n++) {
		cc_watch(current, n, n);
		region = dma_region_alloc(REGION, 0, CC);
		if (!IS_ERR(region))
			break;
		KUNIT_EXPECT_EQ(test, -EIO, PTR_ERR(region));
		/* The range whose change has failed is private again, or lost. */
		KUNIT_EXPECT_GE(test, cc_unknown(test), lost);
		lost = cc_unknown(test);
	}
	KUNIT_ASSERT_FALSE(test, IS_ERR(region));
	KUNIT_EXPECT_GT(test, n, 2);
	/* What cannot be made private again is lost, and nothing else. */
	cc_watch(current, 1, 1);
	dma_region_free(region);
	KUNIT_EXPECT_GT(test, cc_unknown(test), lost);
	KUNIT_EXPECT_LT(test, cc_unknown(test), lost + PFN_DOWN(REGION));
}

static struct kunit_case cc_map_test_cases[] = {
	/* First, before the pool is there. */
	KUNIT_CASE(a_bounce_pool_that_cannot_be_shared_is_not_used),
	KUNIT_CASE(private_memory_goes_through_a_shared_pool),
	KUNIT_CASE(a_private_list_goes_through_a_shared_pool),
	KUNIT_CASE(private_memory_is_mapped_where_it_may_be),
	KUNIT_CASE(the_largest_mapping_is_one_that_bounces),
	KUNIT_CASE(a_bounce_buffer_out_of_reach_is_an_error),
	KUNIT_CASE(a_guest_bounces_no_device_that_needs_none),
	KUNIT_CASE(a_host_bounces_through_shared_memory),
#ifdef CONFIG_SWIOTLB_DYNAMIC
	KUNIT_CASE(a_bounce_pool_grows_by_shared_memory),
#endif
#ifdef CONFIG_DMA_RESTRICTED_POOL
	KUNIT_CASE(a_restricted_pool_is_shared),
	KUNIT_CASE(a_restricted_pool_that_cannot_be_shared_is_not_used),
#endif
	KUNIT_CASE(shared_memory_is_mapped_as_it_is),
	KUNIT_CASE(private_memory_with_the_attribute_is_not_reached),
	KUNIT_CASE(shared_memory_without_the_attribute_bounces),
	KUNIT_CASE(coherent_maps_are_refused_where_they_bounce),
	KUNIT_CASE(registers_of_a_host_are_shared),
	KUNIT_CASE(registers_of_a_guest_are_what_the_caller_says),
	KUNIT_CASE(user_mappings_are_of_the_same_kind),
	KUNIT_CASE(user_mappings_of_pages_are_of_the_same_kind),
	KUNIT_CASE(a_shared_region_is_reached_by_all),
	KUNIT_CASE(a_private_region_bounces),
	KUNIT_CASE(a_region_that_cannot_be_shared_goes_back_but_for_that),
	{}
};

static struct kunit_suite cc_map_test_suite = {
	.name = "dma_cc_map",
	.init = cc_test_init,
	.exit = cc_test_exit,
	.test_cases = cc_map_test_cases,
};

kunit_test_suite(cc_map_test_suite);

MODULE_DESCRIPTION("KUnit tests of mappings of memory that is shared with a host");
MODULE_LICENSE("GPL");
