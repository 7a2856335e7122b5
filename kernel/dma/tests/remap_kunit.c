// SPDX-License-Identifier: GPL-2.0
/*
 * What backends share: kernel and user mappings of memory that they have allocated, and
 * dma_common_*(), the methods that most of them have in common.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>
#include "declared.h"
#include "user_map.h"

#define PAGES	5
#define ORDER	3

struct remap_test {
	struct device *dev;
	u64 mask;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem no_pool;
#endif
	/* A block of pages, and the same ones in another order. */
	struct page *page;
	struct page *pages[PAGES];
	/* What the backend of the test was told, and what it says. */
	phys_addr_t phys;
	size_t size;
	enum dma_data_direction dir;
	unsigned long attrs;
	dma_addr_t addr, answer;
	int maps, unmaps;
	/* The page that it was told to map, with a reference; NULL if it is CMA's. */
	struct page *held;
};

/* Kernel mappings */

static void expect_pages(struct kunit *test, u8 *vaddr, struct page **pages)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		memset(page_address(pages[i]), i + 1, PAGE_SIZE);
		flush_kernel_vmap_range(vaddr, PAGES * PAGE_SIZE);
		KUNIT_EXPECT_PTR_EQ(test, pages[i],
				    vmalloc_to_page(vaddr + i * PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, i + 1, vaddr[i * PAGE_SIZE]);
		KUNIT_EXPECT_EQ(test, i + 1, vaddr[(i + 1) * PAGE_SIZE - 1]);
	}
}

/* Nothing is mapped there any more, and the pages are as they were. */
static void expect_unmapped(struct kunit *test, void *vaddr)
{
	struct remap_test *rt = test->priv;
	int i;

	KUNIT_EXPECT_NULL(test, find_vm_area(vaddr));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(vaddr));
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, 1, page_count(rt->pages[i]));
}

static void pages_are_mapped_in_their_order(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	/* The last page is mapped, too. */
	size_t size = PAGES * PAGE_SIZE - 10;
	void *vaddr;

	vaddr = dma_common_pages_remap(rt->pages, size, PAGE_KERNEL, test);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	expect_pages(test, vaddr, rt->pages);
	KUNIT_EXPECT_PTR_EQ(test, &rt->pages[0],
			    dma_common_find_pages(vaddr));
	KUNIT_EXPECT_EQ(test, PAGES * PAGE_SIZE,
			get_vm_area_size(find_vm_area(vaddr)));
	dma_common_free_remap(vaddr, size);
	expect_unmapped(test, vaddr);
	KUNIT_EXPECT_NULL(test, dma_common_find_pages(vaddr));
}

static void a_block_is_mapped_page_by_page(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	size_t size = PAGES * PAGE_SIZE - 10;
	struct page *pages[PAGES];
	void *vaddr;
	int i;

	for (i = 0; i < PAGES; i++)
		pages[i] = rt->page + i;
	vaddr = dma_common_contiguous_remap(rt->page, size, PAGE_KERNEL, test);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	expect_pages(test, vaddr, pages);
	/* Its pages are not an array of the caller's. */
	KUNIT_EXPECT_NULL(test, dma_common_find_pages(vaddr));
	KUNIT_EXPECT_EQ(test, PAGES * PAGE_SIZE,
			get_vm_area_size(find_vm_area(vaddr)));
	dma_common_free_remap(vaddr, size);
	expect_unmapped(test, vaddr);
}

static void map_and_unmap(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	void *vaddr = dma_common_contiguous_remap(rt->page, 2 * PAGE_SIZE,
						  PAGE_KERNEL, test);

	if (vaddr)
		dma_common_free_remap(vaddr, 2 * PAGE_SIZE);
}

static void nothing_is_left_of_a_remap(struct kunit *test)
{
	dma_kunit_expect_freed(test, map_and_unmap);
}

static void other_mappings_are_left_alone(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	void *vaddr = vmap(rt->pages, PAGES, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_NULL(test, dma_common_find_pages(vaddr));
	KUNIT_EXPECT_NULL(test, dma_common_find_pages(rt));
	kunit_warning_suppress(test) {
		dma_common_free_remap(vaddr, PAGES * PAGE_SIZE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	expect_pages(test, vaddr, rt->pages);
	vunmap(vaddr);
	/* Nor is what is not mapped at all. */
	kunit_warning_suppress(test) {
		dma_common_free_remap(vaddr, PAGES * PAGE_SIZE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
}

/* Caching */

static int read_prot(pte_t *pte, unsigned long addr, void *prot)
{
	*(unsigned long *)prot = pte_val(ptep_get(pte));
	return 0;
}

/*
 * A device that does not snoop: the kernel and user space access its coherent memory
 * past the cache.
 */
static void memory_of_a_device_that_does_not_snoop_is_not_cached(struct kunit *test)
{
	unsigned long none = pgprot_val(pgprot_dmacoherent(PAGE_KERNEL));
	unsigned long differ = none ^ pgprot_val(PAGE_KERNEL), pte = 0;
	struct remap_test *rt = test->priv;
	struct user_map um = { .dev = rt->dev, .size = PAGE_SIZE };

	if (!IS_ENABLED(CONFIG_DMA_DIRECT_REMAP) || !differ)
		kunit_skip(test, "expected skip: no device that needs other mappings");
	dev_assign_dma_coherent(rt->dev, false);
	um.vaddr = dma_alloc_coherent(rt->dev, um.size, &um.addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um.vaddr);
	KUNIT_ASSERT_EQ(test, 0,
			apply_to_existing_page_range(&init_mm,
						     (unsigned long)um.vaddr,
						     PAGE_SIZE, read_prot, &pte));
	KUNIT_EXPECT_EQ(test, none & differ, pte & differ);
	expect_user_map(test, &um);
	KUNIT_EXPECT_EQ(test, pgprot_val(pgprot_dmacoherent(um.before)),
			pgprot_val(um.after));
	KUNIT_EXPECT_NE(test, pgprot_val(um.before), pgprot_val(um.after));
	dma_free_coherent(rt->dev, um.size, um.vaddr, um.addr);
}

static void memory_of_a_device_that_snoops_is_cached(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	struct user_map um = { .dev = rt->dev, .size = PAGE_SIZE };

	um.vaddr = dma_alloc_coherent(rt->dev, um.size, &um.addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um.vaddr);
	expect_user_map(test, &um);
	KUNIT_EXPECT_EQ(test, pgprot_val(um.before), pgprot_val(um.after));
	dma_free_coherent(rt->dev, um.size, um.vaddr, um.addr);
}

/* A backend whose methods are the common ones. */

static struct remap_test *told(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static dma_addr_t told_map_phys(struct device *dev, phys_addr_t phys,
				size_t size, enum dma_data_direction dir,
				unsigned long attrs)
{
	struct page *page = pfn_to_page(PHYS_PFN(phys));
	struct remap_test *rt = told(dev);

	rt->phys = phys;
	rt->size = size;
	rt->dir = dir;
	rt->attrs = attrs;
	rt->maps++;
	/* cma_release() warns if others still use the page. */
	rt->held = is_migrate_cma_page(page) ? NULL : page;
	if (rt->held)
		get_page(page);
	return rt->answer;
}

static void told_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	struct remap_test *rt = told(dev);

	rt->addr = addr;
	rt->size = size;
	rt->dir = dir;
	rt->attrs = attrs;
	rt->unmaps++;
}

static const struct dma_map_ops common_ops = {
	.map_phys = told_map_phys,
	.unmap_phys = told_unmap_phys,
	.mmap = dma_common_mmap,
	.get_sgtable = dma_common_get_sgtable,
	.alloc_pages_op = dma_common_alloc_pages,
	.free_pages = dma_common_free_pages,
};

static const struct dma_map_ops common_ops_without_unmap = {
	.map_phys = told_map_phys,
	.alloc_pages_op = dma_common_alloc_pages,
	.free_pages = dma_common_free_pages,
};

/* The page has no other user than the test. */
static void expect_freed(struct kunit *test)
{
	struct remap_test *rt = test->priv;

	if (!rt->held)
		return;
	KUNIT_EXPECT_EQ(test, 1, page_count(rt->held));
	put_page(rt->held);
}

static void common_pages(struct kunit *test, const struct dma_map_ops *ops)
{
	struct remap_test *rt = test->priv;
	size_t size = 3 * PAGE_SIZE;
	struct page *page;
	dma_addr_t addr;

	rt->answer = SZ_16M;
	rt->maps = 0;
	rt->unmaps = 0;
	set_dma_ops(rt->dev, ops);
	page = dma_alloc_pages(rt->dev, size, &addr, DMA_TO_DEVICE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, 1, rt->maps);
	KUNIT_EXPECT_EQ(test, addr, rt->answer);
	KUNIT_EXPECT_EQ(test, rt->phys, page_to_phys(page));
	KUNIT_EXPECT_EQ(test, rt->size, size);
	KUNIT_EXPECT_EQ(test, rt->dir, DMA_TO_DEVICE);
	/* Nobody has written to it. */
	KUNIT_EXPECT_EQ(test, rt->attrs, DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0, size));
	memset(page_address(page), 0x5a, size);
	dma_free_pages(rt->dev, size, page, addr, DMA_TO_DEVICE);
	if (ops->unmap_phys) {
		KUNIT_EXPECT_EQ(test, 1, rt->unmaps);
		KUNIT_EXPECT_EQ(test, rt->addr, addr);
		KUNIT_EXPECT_EQ(test, rt->size, size);
		KUNIT_EXPECT_EQ(test, rt->dir, DMA_TO_DEVICE);
		KUNIT_EXPECT_EQ(test, rt->attrs, DMA_ATTR_SKIP_CPU_SYNC);
	}
	expect_freed(test);
}

static void pages_are_mapped_once_and_unmapped_once(struct kunit *test)
{
	common_pages(test, &common_ops);
	common_pages(test, &common_ops_without_unmap);
}

static void pages_that_cannot_be_mapped_are_freed(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	dma_addr_t addr;

	set_dma_ops(rt->dev, &common_ops);
	rt->answer = DMA_MAPPING_ERROR;
	/* One page: it is not of CMA, so its count can be seen. */
	KUNIT_EXPECT_NULL(test, dma_alloc_pages(rt->dev, PAGE_SIZE, &addr,
						DMA_TO_DEVICE, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 1, rt->maps);
	KUNIT_EXPECT_EQ(test, 0, rt->unmaps);
	KUNIT_EXPECT_NOT_NULL(test, rt->held);
	expect_freed(test);
}

static void expect_table(struct kunit *test, void *vaddr, size_t size,
			 struct page *page)
{
	struct remap_test *rt = test->priv;
	struct sg_table sgt;

	KUNIT_ASSERT_EQ(test, 0, dma_get_sgtable(rt->dev, &sgt, vaddr, 0, size));
	KUNIT_EXPECT_EQ(test, 1, sgt.orig_nents);
	KUNIT_EXPECT_PTR_EQ(test, page, sg_page(sgt.sgl));
	KUNIT_EXPECT_EQ(test, 0, sgt.sgl->offset);
	KUNIT_EXPECT_EQ(test, PAGE_ALIGN(size), sgt.sgl->length);
	sg_free_table(&sgt);
}

static void a_common_table_names_the_pages(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	size_t size = 2 * PAGE_SIZE + 1;
	void *vaddr;

	set_dma_ops(rt->dev, &common_ops);
	expect_table(test, page_address(rt->page), size, rt->page);
	expect_table(test, page_address(rt->page + 1), 1, rt->page + 1);
	/* Memory that is not in the linear map. */
	vaddr = dma_common_contiguous_remap(rt->page, size, PAGE_KERNEL, test);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	expect_table(test, vaddr, size, rt->page);
	dma_common_free_remap(vaddr, size);
}

static void a_common_mapping_ends_with_the_memory(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	struct user_map um = {
		.dev = rt->dev, .size = 3 * PAGE_SIZE - 1,
		.vaddr = page_address(rt->page),
	};
	size_t size = PAGES * PAGE_SIZE;

	set_dma_ops(rt->dev, &common_ops);
	expect_user_map(test, &um);
	um.size = 1;
	expect_user_map(test, &um);
	um.size = size;
	um.vaddr = dma_common_contiguous_remap(rt->page, size, PAGE_KERNEL,
					       test);
	KUNIT_ASSERT_NOT_NULL(test, um.vaddr);
	expect_user_map(test, &um);
	dma_common_free_remap(um.vaddr, size);
}

/* The declared memory of a device is looked at first. */
static void a_common_mapping_knows_declared_memory(struct kunit *test)
{
	struct remap_test *rt = test->priv;
	struct user_map um = {
		.dev = rt->dev, .size = 2 * PAGE_SIZE,
	};

	declared_ram(test);
	KUNIT_ASSERT_EQ(test, 0,
			dma_declare_coherent_memory(rt->dev,
						    page_to_phys(rt->page),
						    SZ_16M, 4 * PAGE_SIZE));
	set_dma_ops(rt->dev, &common_ops);
	um.vaddr = dma_alloc_coherent(rt->dev, um.size, &um.addr, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, um.vaddr, page_address(rt->page));
	KUNIT_EXPECT_EQ(test, um.addr, SZ_16M);
	expect_user_map(test, &um);
	dma_free_coherent(rt->dev, um.size, um.vaddr, um.addr);
	dma_release_coherent_memory(rt->dev);
}

static void a_common_path_has_the_order_of_pci_alone(struct kunit *test)
{
	struct remap_test *rt = test->priv;

	KUNIT_EXPECT_EQ(test, DMA_PATH_UNORDERED,
			dma_common_map_path(rt->dev, 0, 1, DMA_TO_DEVICE, 0));
}

static void free_page_action(void *page)
{
	__free_page(page);
}

static int remap_test_init(struct kunit *test)
{
	struct remap_test *rt = kunit_kzalloc(test, sizeof(*rt), GFP_KERNEL);
	int i;

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, rt);
	rt->page = alloc_pages(GFP_KERNEL, ORDER);
	KUNIT_ASSERT_NOT_NULL(test, rt->page);
	/* Each page has a count of its own. */
	split_page(rt->page, ORDER);
	for (i = 0; i < 1 << ORDER; i++)
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, free_page_action,
							  rt->page + i));
	for (i = 0; i < PAGES; i++)
		rt->pages[i] = rt->page + (2 + 3 * i) % PAGES;
	rt->dev = kunit_device_register(test, "dma-remap");
	KUNIT_ASSERT_FALSE(test, IS_ERR(rt->dev));
	dev_set_dma_coherent(rt->dev);
	dev_set_drvdata(rt->dev, rt);
#ifdef CONFIG_SWIOTLB
	/* Whatever swiotlb= says, this device does not bounce. */
	rt->dev->dma_io_tlb_mem = &rt->no_pool;
#endif
	rt->dev->dma_mask = &rt->mask;
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(rt->dev, DMA_BIT_MASK(64)));
	test->priv = rt;
	return 0;
}

static void remap_test_exit(struct kunit *test)
{
	struct remap_test *rt = test->priv;

	if (!rt)
		return;
	dma_release_coherent_memory(rt->dev);
	set_dma_ops(rt->dev, NULL);
	rt->dev->dma_mask = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(rt->dev);
#endif
}

static struct kunit_case remap_test_cases[] = {
	KUNIT_CASE(pages_are_mapped_in_their_order),
	KUNIT_CASE(a_block_is_mapped_page_by_page),
	KUNIT_CASE(nothing_is_left_of_a_remap),
	KUNIT_CASE(other_mappings_are_left_alone),
	KUNIT_CASE(memory_of_a_device_that_does_not_snoop_is_not_cached),
	KUNIT_CASE(memory_of_a_device_that_snoops_is_cached),
	KUNIT_CASE(pages_are_mapped_once_and_unmapped_once),
	KUNIT_CASE(pages_that_cannot_be_mapped_are_freed),
	KUNIT_CASE(a_common_table_names_the_pages),
	KUNIT_CASE(a_common_mapping_ends_with_the_memory),
	KUNIT_CASE(a_common_mapping_knows_declared_memory),
	KUNIT_CASE(a_common_path_has_the_order_of_pci_alone),
	{}
};

static struct kunit_suite remap_test_suite = {
	.name = "dma_remap",
	.init = remap_test_init,
	.exit = remap_test_exit,
	.test_cases = remap_test_cases,
};

kunit_test_suite(remap_test_suite);

MODULE_DESCRIPTION("KUnit tests of what DMA backends share");
MODULE_LICENSE("GPL");
