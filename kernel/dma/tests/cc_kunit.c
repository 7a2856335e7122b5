// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is allocated on the made-up confidential guest, and the platform itself.
 * For the devices, and for what this cannot show, see cc_fixture.h.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-contract.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../contract.h"
#include "cc_fixture.h"
#include "debugfs_file.h"

/* More pages than a pool has. */
#define MOST	8192

/* The platform */

static void the_platform_counts_mistakes(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	unsigned long addr = (unsigned long)ct->buf;
	struct page *page;
	void *vaddr;

	cc_watch(current, 3, 3);
	KUNIT_EXPECT_EQ(test, 0, set_memory_decrypted(addr, 2));
	KUNIT_EXPECT_EQ(test, CC_LOST, ct->buf[2 * PAGE_SIZE - 1]);
	KUNIT_EXPECT_EQ(test, 0, ct->buf[2 * PAGE_SIZE]);
	KUNIT_EXPECT_TRUE(test, cc_is(ct->buf, 2 * PAGE_SIZE, CC_SHARED));
	KUNIT_EXPECT_FALSE(test, cc_is(ct->buf, 2 * PAGE_SIZE + 1, CC_SHARED));
	KUNIT_EXPECT_EQ(test, 0, cc_mistakes(CC_SHARED_TWICE));
	KUNIT_EXPECT_EQ(test, 0, set_memory_decrypted(addr, 1));
	KUNIT_EXPECT_EQ(test, 1, cc_mistakes(CC_SHARED_TWICE));
	KUNIT_EXPECT_EQ(test, -EIO, set_memory_encrypted(addr, 2));
	KUNIT_EXPECT_EQ(test, 2, cc_unknown(test));
	KUNIT_EXPECT_EQ(test, 0, set_memory_encrypted(addr, 2));
	KUNIT_EXPECT_EQ(test, 0, cc_unknown(test));
	KUNIT_EXPECT_EQ(test, 4, cc_calls());
	KUNIT_EXPECT_EQ(test, 0, cc_mistakes(CC_PRIVATE_TWICE));
	KUNIT_EXPECT_EQ(test, 0, set_memory_encrypted(addr, 1));
	KUNIT_EXPECT_EQ(test, 1, cc_mistakes(CC_PRIVATE_TWICE));

	vaddr = vmalloc(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			set_memory_decrypted((unsigned long)vaddr, 1));
	vfree(vaddr);
	KUNIT_EXPECT_EQ(test, -EINVAL, set_memory_decrypted(addr + 1, 1));
	KUNIT_EXPECT_EQ(test, 2, cc_mistakes(CC_NOT_LINEAR));

	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	addr = (unsigned long)page_address(page);
	KUNIT_EXPECT_EQ(test, 0, set_memory_decrypted(addr, 1));
	KUNIT_EXPECT_EQ(test, 0, cc_mistakes(CC_FREED));
	__free_page(page);
	KUNIT_EXPECT_EQ(test, 1, cc_mistakes(CC_FREED));
	cc_reset();
}

static void a_device_is_stopped_at_the_wrong_kind(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	unsigned long addr = (unsigned long)ct->buf;
	dma_addr_t bus = virt_to_phys(ct->buf);

	KUNIT_EXPECT_PTR_EQ(test, ct->buf, cc_reach(ct->plain, bus, BUF_SIZE));
	KUNIT_EXPECT_NULL(test, cc_reach(ct->needy, bus, BUF_SIZE));
	KUNIT_EXPECT_NULL(test, cc_reach(ct->plain, bus | CC_DMA_SHARED, 1));
	KUNIT_EXPECT_EQ(test, 0, set_memory_decrypted(addr, 1));
	KUNIT_EXPECT_NULL(test, cc_reach(ct->plain, bus, BUF_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, ct->buf,
			    cc_reach(ct->needy, bus | CC_DMA_SHARED, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, cc_reach(ct->needy, bus | CC_DMA_SHARED,
					 PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, 0, set_memory_encrypted(addr, 1));
}

/* Allocations */

static const size_t sizes[] = { 1, PAGE_SIZE, 3 * PAGE_SIZE, 8 * PAGE_SIZE };

static void alloc_coherent(struct kunit *test, struct device *dev, size_t size,
			   unsigned long attrs, bool shared)
{
	dma_addr_t addr;
	void *vaddr, *memory;

	cc_watch(current, 0, 0);
	vaddr = dma_alloc_attrs(dev, size, &addr, GFP_KERNEL, attrs);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, shared, cc_calls());
	memory = cc_linear(vaddr);
	cc_expect_new(test, dev, vaddr, addr, size, shared);
	/* What is beside it stays private. */
	if (size == 3 * PAGE_SIZE)
		KUNIT_EXPECT_TRUE(test, cc_is(memory + size, PAGE_SIZE,
					      CC_PRIVATE));
	dma_free_attrs(dev, size, vaddr, addr, attrs);
	KUNIT_EXPECT_EQ(test, 2 * shared, cc_calls());
	KUNIT_EXPECT_TRUE(test, cc_is(memory, size, CC_PRIVATE));
}

static const unsigned long alloc_attrs[] = {
	0, DMA_ATTR_WRITE_COMBINE, DMA_ATTR_FORCE_CONTIGUOUS, RC,
};

static void coherent_memory_is_shared(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(alloc_attrs); j++)
			alloc_coherent(test, ct->needy, sizes[i],
				       alloc_attrs[j], true);
	/* The memory is mapped, whatever was asked for. */
	alloc_coherent(test, ct->needy, 3 * PAGE_SIZE,
		       DMA_ATTR_NO_KERNEL_MAPPING, true);
}

static void coherent_memory_is_private_where_it_may_be(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct page *cookie;
	dma_addr_t addr;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(alloc_attrs); j++)
			alloc_coherent(test, ct->plain, sizes[i],
				       alloc_attrs[j], false);
	cookie = dma_alloc_attrs(ct->plain, PAGE_SIZE, &addr, GFP_KERNEL,
				 DMA_ATTR_NO_KERNEL_MAPPING);
	KUNIT_ASSERT_NOT_NULL(test, cookie);
	cc_expect_new(test, ct->plain, page_address(cookie), addr, PAGE_SIZE,
		      false);
	dma_free_attrs(ct->plain, PAGE_SIZE, cookie, addr,
		       DMA_ATTR_NO_KERNEL_MAPPING);
}

/* It is mapped once more, without the cache. */
static void coherent_memory_of_a_device_that_does_not_snoop(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	int i;

	dev_assign_dma_coherent(ct->needy, false);
	dev_assign_dma_coherent(ct->plain, false);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		alloc_coherent(test, ct->needy, sizes[i], 0, true);
		alloc_coherent(test, ct->needy, sizes[i], RC, true);
		alloc_coherent(test, ct->plain, sizes[i], 0, false);
	}
}

static void alloc_pages_of(struct kunit *test, struct device *dev, size_t size,
			   bool shared)
{
	struct page *page;
	dma_addr_t addr;
	void *vaddr;

	cc_watch(current, 0, 0);
	page = dma_alloc_pages(dev, size, &addr, DMA_BIDIRECTIONAL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	vaddr = page_address(page);
	KUNIT_EXPECT_EQ(test, shared, cc_calls());
	cc_expect_new(test, dev, vaddr, addr, size, shared);
	dma_free_pages(dev, size, page, addr, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 2 * shared, cc_calls());
	KUNIT_EXPECT_TRUE(test, cc_is(vaddr, size, CC_PRIVATE));
}

static void alloc_noncontiguous(struct kunit *test, struct device *dev,
				size_t size, unsigned long attrs, bool shared)
{
	struct sg_table *sgt;
	void *vaddr;

	cc_watch(current, 0, 0);
	sgt = dma_alloc_noncontiguous(dev, size, DMA_BIDIRECTIONAL, GFP_KERNEL,
				      attrs);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, shared, cc_calls());
	vaddr = dma_vmap_noncontiguous(dev, size, sgt);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	cc_expect_new(test, dev, vaddr, sg_dma_address(sgt->sgl), size, shared);
	dma_vunmap_noncontiguous(dev, vaddr);
	dma_free_noncontiguous(dev, size, sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 2 * shared, cc_calls());
	KUNIT_EXPECT_TRUE(test, cc_is(vaddr, size, CC_PRIVATE));
}

static void pages_are_of_the_kind_that_the_device_needs(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		alloc_pages_of(test, ct->needy, sizes[i], true);
		alloc_pages_of(test, ct->plain, sizes[i], false);
		alloc_noncontiguous(test, ct->needy, sizes[i], 0, true);
		alloc_noncontiguous(test, ct->needy, sizes[i], RC, true);
		alloc_noncontiguous(test, ct->plain, sizes[i], 0, false);
	}
}

/* Whoever allocates does not choose: the device does. */
static void allocations_do_not_take_the_attribute(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;

	cc_watch(current, 0, 0);
	KUNIT_EXPECT_NULL(test, dma_alloc_attrs(ct->needy, PAGE_SIZE, &addr,
						GFP_KERNEL, CC));
	KUNIT_EXPECT_NULL(test, dma_alloc_attrs(ct->plain, PAGE_SIZE, &addr,
						GFP_KERNEL, CC));
	KUNIT_EXPECT_NULL(test, dma_alloc_attrs(ct->plain, PAGE_SIZE, &addr,
						GFP_KERNEL,
						__DMA_ATTR_ALLOC_CC_SHARED));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_alloc(ct->needy, PAGE_SIZE, CC));
	KUNIT_EXPECT_EQ(test, 0, cc_calls());
}

/* It does not reach the shared half of the addresses. */
static void a_mask_without_the_shared_bit_gets_nothing(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr = 0;

	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(ct->needy,
							   DMA_BIT_MASK(32)));
	cc_watch(current, 0, 0);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(ct->needy, PAGE_SIZE, &addr,
						   GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(ct->needy, PAGE_SIZE, &addr,
						   GFP_ATOMIC | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, dma_alloc_pages(ct->needy, PAGE_SIZE, &addr,
						DMA_BIDIRECTIONAL, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, cc_calls());
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(ct->plain,
							   DMA_BIT_MASK(32)));
	alloc_coherent(test, ct->plain, PAGE_SIZE, 0, false);
}

static void the_required_mask_has_the_shared_bit(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	u64 memory = dma_get_required_mask(ct->plain);

	KUNIT_EXPECT_GE(test, memory, PFN_PHYS(max_pfn) - 1);
	KUNIT_EXPECT_EQ(test, 0, memory & CC_DMA_SHARED);
	KUNIT_EXPECT_EQ(test, 2 * CC_DMA_SHARED - 1,
			dma_get_required_mask(ct->needy));
	/* Where a bridge moves the memory, too. */
	ct->ranges[0].size = PFN_PHYS(max_pfn);
	ct->ranges[0].dma_start = SZ_1G;
	ct->needy->dma_range_map = ct->ranges;
	ct->plain->dma_range_map = ct->ranges;
	memory = dma_get_required_mask(ct->plain);
	KUNIT_EXPECT_GE(test, memory, SZ_1G + PFN_PHYS(max_pfn) - 1);
	KUNIT_EXPECT_EQ(test, 0, memory & CC_DMA_SHARED);
	KUNIT_EXPECT_EQ(test, 2 * CC_DMA_SHARED - 1,
			dma_get_required_mask(ct->needy));
}

static void a_bridge_moves_memory_of_both_kinds(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	dma_addr_t addr;
	void *vaddr;

	ct->ranges[0].size = PFN_PHYS(max_pfn);
	ct->ranges[0].dma_start = SZ_1G;
	ct->needy->dma_range_map = ct->ranges;
	ct->plain->dma_range_map = ct->ranges;
	alloc_coherent(test, ct->needy, PAGE_SIZE, 0, true);
	alloc_coherent(test, ct->plain, PAGE_SIZE, 0, false);
	vaddr = dma_alloc_coherent(ct->needy, PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, (virt_to_phys(vaddr) + SZ_1G) | CC_DMA_SHARED,
			addr);
	dma_free_coherent(ct->needy, PAGE_SIZE, vaddr, addr);
}

/* Atomic context */

static void atomic_memory_is_shared_already(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct sg_table *sgt;
	struct page *page;
	dma_addr_t addr;
	void *vaddr;
	int i;

	cc_watch(current, 0, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vaddr = dma_alloc_coherent(ct->needy, sizes[i], &addr,
					   GFP_ATOMIC);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		cc_expect_new(test, ct->needy, vaddr, addr, sizes[i], true);
		memset(vaddr, 0xff, sizes[i]);
		dma_free_coherent(ct->needy, sizes[i], vaddr, addr);
		KUNIT_EXPECT_TRUE(test, cc_is(cc_linear(vaddr), sizes[i],
					      CC_SHARED));

		page = dma_alloc_pages(ct->needy, sizes[i], &addr,
				       DMA_BIDIRECTIONAL, GFP_ATOMIC);
		KUNIT_ASSERT_NOT_NULL(test, page);
		vaddr = page_address(page);
		cc_expect_new(test, ct->needy, vaddr, addr, sizes[i], true);
		memset(vaddr, 0xff, sizes[i]);
		dma_free_pages(ct->needy, sizes[i], page, addr,
			       DMA_BIDIRECTIONAL);
		KUNIT_EXPECT_TRUE(test, cc_is(vaddr, sizes[i], CC_SHARED));

		sgt = dma_alloc_noncontiguous(ct->needy, sizes[i],
					      DMA_BIDIRECTIONAL, GFP_ATOMIC, 0);
		KUNIT_ASSERT_NOT_NULL(test, sgt);
		vaddr = page_address(sg_page(sgt->sgl));
		cc_expect_new(test, ct->needy, vaddr, sg_dma_address(sgt->sgl),
			      sizes[i], true);
		dma_free_noncontiguous(ct->needy, sizes[i], sgt,
				       DMA_BIDIRECTIONAL);
		KUNIT_EXPECT_TRUE(test, cc_is(vaddr, sizes[i], CC_SHARED));
	}
	/* It may not sleep, and a change does. */
	KUNIT_EXPECT_EQ(test, 0, cc_calls());
}

static void atomic_memory_is_private_where_it_may_be(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct page *page;
	dma_addr_t addr;
	void *vaddr;

	vaddr = dma_alloc_coherent(ct->plain, PAGE_SIZE, &addr, GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	cc_expect_new(test, ct->plain, vaddr, addr, PAGE_SIZE, false);
	dma_free_coherent(ct->plain, PAGE_SIZE, vaddr, addr);
	page = dma_alloc_pages(ct->plain, PAGE_SIZE, &addr, DMA_BIDIRECTIONAL,
			       GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(test, page);
	cc_expect_new(test, ct->plain, page_address(page), addr, PAGE_SIZE, false);
	dma_free_pages(ct->plain, PAGE_SIZE, page, addr, DMA_BIDIRECTIONAL);
	/* All pools are shared, so there is none for a device that does not snoop. */
	dev_assign_dma_coherent(ct->plain, false);
	kunit_warning_suppress(test) {
		vaddr = dma_alloc_coherent(ct->plain, PAGE_SIZE, &addr,
					   GFP_ATOMIC);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, vaddr);
}

static void free_array(void *array)
{
	kvfree(array);
}

/* Take what is left, without a break in which a worker runs: how many there are then. */
static int drain(struct device *dev, void **pieces, int nr)
{
	for (; nr < MOST; nr++)
		if (!dma_alloc_from_pool(dev, PAGE_SIZE, &pieces[nr],
					 __GFP_NOWARN,
					 __DMA_ATTR_ALLOC_CC_SHARED, NULL))
			break;
	return nr;
}

static u64 pool_size(struct kunit *test)
{
	return debugfs_file_number(test, "dma_pools/pool_size_kernel");
}

static void a_pool_grows_by_shared_memory(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	void **pieces = kvcalloc(MOST, sizeof(*pieces), GFP_KERNEL);
	int nr, before, tries = 100;
	dma_addr_t addr;
	u64 size;

	KUNIT_ASSERT_NOT_NULL(test, pieces);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_array,
							   pieces));
	/* The worker may have something to do yet. */
	msleep(100);
	size = pool_size(test);
	cc_watch(NULL, 1, 1);
	nr = drain(ct->needy, pieces, 0);
	KUNIT_EXPECT_GT(test, nr, 1);
	while (tries-- && !cc_calls())
		msleep(20);
	msleep(20);
	/* Nobody can use what could not be shared. */
	KUNIT_EXPECT_EQ(test, 1, cc_calls());
	KUNIT_EXPECT_GT(test, cc_unknown(test), 0);
	KUNIT_EXPECT_EQ(test, size, pool_size(test));
	KUNIT_EXPECT_EQ(test, nr, drain(ct->needy, pieces, nr));

	/* With the next allocation it tries again. */
	cc_watch(NULL, 0, 0);
	nr--;
	KUNIT_EXPECT_TRUE(test, dma_free_from_pool(ct->needy, pieces[nr],
						   PAGE_SIZE));
	before = drain(ct->needy, pieces, nr);
	for (tries = 100, nr = before; tries-- && nr == before; ) {
		msleep(20);
		nr = drain(ct->needy, pieces, before);
	}
	KUNIT_EXPECT_GT(test, nr, before);
	KUNIT_EXPECT_GE(test, cc_calls(), 1);
	/* The last one is of the new part. */
	addr = virt_to_phys(cc_linear(pieces[nr - 1])) | CC_DMA_SHARED;
	cc_expect_new(test, ct->needy, pieces[nr - 1], addr, PAGE_SIZE, true);
	while (nr--)
		KUNIT_EXPECT_TRUE(test, dma_free_from_pool(ct->needy, pieces[nr],
							   PAGE_SIZE));
	msleep(100);
}

/* Failures */

static void memory_that_cannot_be_shared_is_not_used(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	long pages = 0;
	dma_addr_t addr;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		long nr = PFN_UP(sizes[i]);

		cc_watch(current, 1, 1);
		KUNIT_EXPECT_NULL(test, dma_alloc_coherent(ct->needy, sizes[i],
							   &addr, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));
		cc_watch(current, 1, 1);
		KUNIT_EXPECT_NULL(test, dma_alloc_attrs(ct->needy, sizes[i],
							&addr, GFP_KERNEL, RC));
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));
		cc_watch(current, 1, 1);
		KUNIT_EXPECT_NULL(test, dma_alloc_pages(ct->needy, sizes[i],
							&addr, DMA_BIDIRECTIONAL,
							GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));
		cc_watch(current, 1, 1);
		KUNIT_EXPECT_NULL(test,
				  dma_alloc_noncontiguous(ct->needy, sizes[i],
							  DMA_BIDIRECTIONAL,
							  GFP_KERNEL, 0));
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));
	}
}

static void memory_that_stays_shared_is_not_used(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	struct sg_table *sgt;
	struct page *page;
	long pages = 0;
	dma_addr_t addr;
	void *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		long nr = PFN_UP(sizes[i]);

		cc_watch(current, 2, 2);
		vaddr = dma_alloc_coherent(ct->needy, sizes[i], &addr,
					   GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		dma_free_coherent(ct->needy, sizes[i], vaddr, addr);
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));

		cc_watch(current, 2, 2);
		page = dma_alloc_pages(ct->needy, sizes[i], &addr,
				       DMA_BIDIRECTIONAL, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		dma_free_pages(ct->needy, sizes[i], page, addr,
			       DMA_BIDIRECTIONAL);
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));

		cc_watch(current, 2, 2);
		sgt = dma_alloc_noncontiguous(ct->needy, sizes[i],
					      DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
		KUNIT_ASSERT_NOT_NULL(test, sgt);
		dma_free_noncontiguous(ct->needy, sizes[i], sgt,
				       DMA_BIDIRECTIONAL);
		KUNIT_EXPECT_EQ(test, pages += nr, cc_unknown(test));
	}
	/* A device that does not snoop: its mapping goes. */
	dev_assign_dma_coherent(ct->needy, false);
	cc_watch(current, 2, 2);
	vaddr = dma_alloc_coherent(ct->needy, PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(vaddr));
	dma_free_coherent(ct->needy, PAGE_SIZE, vaddr, addr);
	KUNIT_EXPECT_NULL(test, find_vm_area(vaddr));
	KUNIT_EXPECT_EQ(test, pages + 1, cc_unknown(test));
}

static void *no_remap(struct page *page, size_t size, pgprot_t prot,
		      const void *caller)
{
	return NULL;
}

static void memory_that_cannot_be_mapped_is_private_again(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	unsigned long before = cc_count(CC_SHARED);
	dma_addr_t addr;

	dev_assign_dma_coherent(ct->needy, false);
	kunit_activate_static_stub(test, dma_common_contiguous_remap, no_remap);
	cc_watch(current, 0, 0);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(ct->needy, 2 * PAGE_SIZE,
						   &addr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 2, cc_calls());
	KUNIT_EXPECT_EQ(test, 0, cc_unknown(test));
	cc_watch(current, 2, 2);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(ct->needy, 2 * PAGE_SIZE,
						   &addr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 2, cc_calls());
	KUNIT_EXPECT_EQ(test, 2, cc_unknown(test));
	KUNIT_EXPECT_EQ(test, before, cc_count(CC_SHARED));
}

static struct kunit_case cc_test_cases[] = {
	KUNIT_CASE(the_platform_counts_mistakes),
	KUNIT_CASE(a_device_is_stopped_at_the_wrong_kind),
	KUNIT_CASE(coherent_memory_is_shared),
	KUNIT_CASE(coherent_memory_is_private_where_it_may_be),
	KUNIT_CASE(coherent_memory_of_a_device_that_does_not_snoop),
	KUNIT_CASE(pages_are_of_the_kind_that_the_device_needs),
	KUNIT_CASE(allocations_do_not_take_the_attribute),
	KUNIT_CASE(a_mask_without_the_shared_bit_gets_nothing),
	KUNIT_CASE(the_required_mask_has_the_shared_bit),
	KUNIT_CASE(a_bridge_moves_memory_of_both_kinds),
	KUNIT_CASE(atomic_memory_is_shared_already),
	KUNIT_CASE(atomic_memory_is_private_where_it_may_be),
	KUNIT_CASE(a_pool_grows_by_shared_memory),
	KUNIT_CASE(memory_that_cannot_be_shared_is_not_used),
	KUNIT_CASE(memory_that_stays_shared_is_not_used),
	KUNIT_CASE(memory_that_cannot_be_mapped_is_private_again),
	{}
};

static struct kunit_suite cc_test_suite = {
	.name = "dma_cc",
	.init = cc_test_init,
	.exit = cc_test_exit,
	.test_cases = cc_test_cases,
};

kunit_test_suite(cc_test_suite);

MODULE_DESCRIPTION("KUnit tests of DMA memory that is shared with a host");
MODULE_LICENSE("GPL");
