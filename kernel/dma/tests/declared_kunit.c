// SPDX-License-Identifier: GPL-2.0
/*
 * A device's own memory, as declared by dma_declare_coherent_memory() or by a reserved
 * region of the device tree, and the global pool.
 *
 * The memory is RAM, which memremap() does not map write-combined: a static stub
 * returns its address in the linear map.  What is not seen is the caching of the real
 * mapping.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/dma-direct.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include "../coherent.h"
#include "declared.h"
#include "kernel_log.h"
#include "reserved_region.h"
#include "user_map.h"

/* No power of two, so that an order may fit whose end does not. */
#define PAGES	12
#define ORDER	4
#define SIZE	(PAGES * PAGE_SIZE)
/* Where the device sees it. */
#define BUS	0x7a000000

struct declared_test {
	struct device *dev;
	u64 mask;
	struct page *page;
	void *base;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem no_pool;
#endif
};

static void *ram(phys_addr_t phys, size_t size)
{
	return phys_to_virt(phys);
}

void declared_ram(struct kunit *test)
{
	kunit_activate_static_stub(test, dma_coherent_memremap, ram);
}

static int declare(struct kunit *test)
{
	struct declared_test *dt = test->priv;

	return dma_declare_coherent_memory(dt->dev, page_to_phys(dt->page), BUS,
					   SIZE);
}

static void *alloc(struct kunit *test, size_t size, dma_addr_t *addr)
{
	struct declared_test *dt = test->priv;

	return dma_alloc_coherent(dt->dev, size, addr, GFP_KERNEL);
}

static void drop(struct kunit *test, size_t size, void *vaddr, dma_addr_t addr)
{
	struct declared_test *dt = test->priv;

	dma_free_coherent(dt->dev, size, vaddr, addr);
}

static bool is_declared(struct declared_test *dt, void *vaddr)
{
	return vaddr >= dt->base && vaddr < dt->base + SIZE;
}

static void an_allocation_is_where_the_device_sees_it(struct kunit *test)
{
	static const int pages[] = { 1, 1, 3, 2, 1 };
	static const int at[] = { 0, 1, 4, 2, 8 };
	struct declared_test *dt = test->priv;
	dma_addr_t addr[5];
	void *vaddr[5];
	int i;

	KUNIT_ASSERT_EQ(test, 0, declare(test));
	for (i = 0; i < 5; i++) {
		vaddr[i] = alloc(test, pages[i] * PAGE_SIZE, &addr[i]);
		/* The first place that is free and aligned to the order. */
		KUNIT_EXPECT_PTR_EQ(test, vaddr[i], dt->base + at[i] * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, addr[i], BUS + at[i] * PAGE_SIZE);
	}
	for (i = 0; i < 5; i++)
		drop(test, pages[i] * PAGE_SIZE, vaddr[i], addr[i]);
}

/* All of its pages, because user space maps pages. */
static void memory_is_zeroed_each_time(struct kunit *test)
{
	static const size_t sizes[] = {
		1, 100, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE,
	};
	struct declared_test *dt = test->priv;
	dma_addr_t addr;
	void *vaddr;
	int i;

	KUNIT_ASSERT_EQ(test, 0, declare(test));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(dt->base, 0x5a, SIZE);
		vaddr = alloc(test, sizes[i], &addr);
		KUNIT_ASSERT_PTR_EQ(test, vaddr, dt->base);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(vaddr, 0,
						       PAGE_ALIGN(sizes[i])),
				      "%zu bytes", sizes[i]);
		/* And what others have stays as it is. */
		KUNIT_EXPECT_NULL(test, memchr_inv(dt->base +
						   (PAGE_SIZE << get_order(sizes[i])),
						   0x5a, PAGE_SIZE));
		drop(test, sizes[i], vaddr, addr);
	}
}

static void there_is_nothing_behind_the_last_page(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	dma_addr_t addr[PAGES + 1];
	void *vaddr[PAGES + 1];
	int i;

	KUNIT_ASSERT_EQ(test, 0, declare(test));
	/* It does not come from elsewhere. */
	KUNIT_EXPECT_NULL(test, alloc(test, SIZE + 1, &addr[0]));
	/* The order of 12 pages is 16 pages. */
	KUNIT_EXPECT_NULL(test, alloc(test, SIZE, &addr[0]));
	KUNIT_EXPECT_NULL(test, alloc(test, 64 * PAGE_SIZE, &addr[0]));
	for (i = 0; i < PAGES; i++) {
		vaddr[i] = alloc(test, PAGE_SIZE, &addr[i]);
		KUNIT_EXPECT_TRUE(test, is_declared(dt, vaddr[i]));
	}
	KUNIT_EXPECT_NULL(test, alloc(test, PAGE_SIZE, &addr[PAGES]));
	/* What is freed is there again, and nothing else. */
	drop(test, PAGE_SIZE, vaddr[7], addr[7]);
	vaddr[PAGES] = alloc(test, PAGE_SIZE, &addr[PAGES]);
	KUNIT_EXPECT_PTR_EQ(test, vaddr[PAGES], vaddr[7]);
	KUNIT_EXPECT_EQ(test, addr[PAGES], addr[7]);
	KUNIT_EXPECT_NULL(test, alloc(test, PAGE_SIZE, &addr[PAGES]));
	for (i = 0; i < PAGES; i++)
		drop(test, PAGE_SIZE, vaddr[i], addr[i]);
	/* The last four pages are one block again. */
	vaddr[0] = alloc(test, 8 * PAGE_SIZE, &addr[0]);
	vaddr[1] = alloc(test, 4 * PAGE_SIZE, &addr[1]);
	KUNIT_EXPECT_PTR_EQ(test, vaddr[0], dt->base);
	KUNIT_EXPECT_PTR_EQ(test, vaddr[1], dt->base + 8 * PAGE_SIZE);
	drop(test, 4 * PAGE_SIZE, vaddr[1], addr[1]);
	drop(test, 8 * PAGE_SIZE, vaddr[0], addr[0]);
}

static void it_is_had_with_interrupts_off(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	dma_addr_t addr;
	void *vaddr;

	KUNIT_ASSERT_EQ(test, 0, declare(test));
	local_irq_disable();
	vaddr = dma_alloc_coherent(dt->dev, PAGE_SIZE, &addr, GFP_ATOMIC);
	local_irq_enable();
	KUNIT_EXPECT_TRUE(test, is_declared(dt, vaddr));
	local_irq_disable();
	dma_free_coherent(dt->dev, PAGE_SIZE, vaddr, addr);
	local_irq_enable();
	KUNIT_EXPECT_PTR_EQ(test, vaddr, alloc(test, PAGE_SIZE, &addr));
	drop(test, PAGE_SIZE, vaddr, addr);
}

static void memory_of_others_is_not_released_to_it(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	dma_addr_t addr;
	void *vaddr;

	KUNIT_EXPECT_EQ(test, 0, dma_release_from_dev_coherent(dt->dev, 0,
							       dt->base));
	KUNIT_ASSERT_EQ(test, 0, declare(test));
	vaddr = alloc(test, PAGE_SIZE, &addr);
	KUNIT_EXPECT_PTR_EQ(test, vaddr, dt->base);
	KUNIT_EXPECT_EQ(test, 0, dma_release_from_dev_coherent(dt->dev, 0,
							       dt->base - 1));
	KUNIT_EXPECT_EQ(test, 0, dma_release_from_dev_coherent(dt->dev, 0,
							       dt->base + SIZE));
	KUNIT_EXPECT_EQ(test, 1, dma_release_from_dev_coherent(dt->dev, 0,
							       vaddr));
	/* The last page. */
	KUNIT_EXPECT_EQ(test, 1, dma_release_from_dev_coherent(dt->dev, 0,
							       dt->base + SIZE -
							       PAGE_SIZE));
}

static void user_space_maps_its_pages(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	struct user_map um = { .dev = dt->dev, .size = 3 * PAGE_SIZE - 1 };
	dma_addr_t first;
	void *vaddr;

	KUNIT_ASSERT_EQ(test, 0, declare(test));
	/* So that it does not begin at the first page. */
	vaddr = alloc(test, PAGE_SIZE, &first);
	um.vaddr = alloc(test, um.size, &um.addr);
	KUNIT_ASSERT_PTR_EQ(test, um.vaddr, dt->base + 4 * PAGE_SIZE);
	expect_user_map(test, &um);
	drop(test, um.size, um.vaddr, um.addr);
	drop(test, PAGE_SIZE, vaddr, first);
}

/* @ret is only set for memory of the device. */
static void only_its_own_memory_is_mapped_by_it(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	struct vm_area_struct vma = { .vm_end = PAGE_SIZE, .vm_pgoff = 100 };
	int ret = 1;

	KUNIT_EXPECT_EQ(test, 0, dma_mmap_from_dev_coherent(dt->dev, &vma,
							    dt->base, PAGE_SIZE,
							    &ret));
	KUNIT_ASSERT_EQ(test, 0, declare(test));
	KUNIT_EXPECT_EQ(test, 0, dma_mmap_from_dev_coherent(dt->dev, &vma,
							    dt->base - PAGE_SIZE,
							    PAGE_SIZE, &ret));
	KUNIT_EXPECT_EQ(test, 0, dma_mmap_from_dev_coherent(dt->dev, &vma,
							    dt->base + SIZE,
							    PAGE_SIZE, &ret));
	KUNIT_EXPECT_EQ(test, 0, dma_mmap_from_dev_coherent(dt->dev, &vma,
							    dt->base, SIZE + 1,
							    &ret));
	KUNIT_EXPECT_EQ(test, 1, ret);
	KUNIT_EXPECT_EQ(test, 1, dma_mmap_from_dev_coherent(dt->dev, &vma,
							    dt->base, SIZE,
							    &ret));
	KUNIT_EXPECT_EQ(test, -ENXIO, ret);
}

static void one_declaration_per_device(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	struct dma_coherent_mem *mem;
	dma_addr_t addr;
	void *vaddr;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_declare_coherent_memory(dt->dev,
						    page_to_phys(dt->page), BUS,
						    0));
	KUNIT_EXPECT_NULL(test, dt->dev->dma_mem);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			dma_declare_coherent_memory(NULL,
						    page_to_phys(dt->page), BUS,
						    SIZE));
	KUNIT_ASSERT_EQ(test, 0, declare(test));
	mem = dt->dev->dma_mem;
	KUNIT_EXPECT_EQ(test, -EBUSY, declare(test));
	KUNIT_EXPECT_PTR_EQ(test, mem, dt->dev->dma_mem);
	vaddr = alloc(test, PAGE_SIZE, &addr);
	KUNIT_EXPECT_TRUE(test, is_declared(dt, vaddr));
	drop(test, PAGE_SIZE, vaddr, addr);

	/* After that, memory comes from where that of others comes from. */
	dma_release_coherent_memory(dt->dev);
	KUNIT_EXPECT_NULL(test, dt->dev->dma_mem);
	vaddr = alloc(test, PAGE_SIZE, &addr);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_FALSE(test, is_declared(dt, vaddr));
	drop(test, PAGE_SIZE, vaddr, addr);
	dma_release_coherent_memory(dt->dev);
	dma_release_coherent_memory(NULL);
}

static void declare_and_release(struct kunit *test)
{
	struct declared_test *dt = test->priv;

	declare(test);
	declare(test);
	dma_release_coherent_memory(dt->dev);
}

static void nothing_is_left_of_a_declaration(struct kunit *test)
{
	dma_kunit_expect_freed(test, declare_and_release);
}

static void *no_ram(phys_addr_t phys, size_t size)
{
	return NULL;
}

static void memory_that_cannot_be_mapped_is_refused(struct kunit *test)
{
	struct declared_test *dt = test->priv;

	kunit_deactivate_static_stub(test, dma_coherent_memremap);
	kunit_activate_static_stub(test, dma_coherent_memremap, no_ram);
	KUNIT_EXPECT_EQ(test, -EINVAL, declare(test));
	KUNIT_EXPECT_NULL(test, dt->dev->dma_mem);
}

/* Reserved regions of the device tree */

#ifdef CONFIG_OF_RESERVED_MEM
static const struct reserved_mem_ops *region_ops;

static int __init find_region_ops(void)
{
	region_ops = reserved_region_ops("shared-dma-pool", false);
	return 0;
}
late_initcall(find_region_ops);

/* Two devices share a region, and each has its own addresses for it. */
static void a_region_is_shared_by_its_devices(struct kunit *test)
{
	struct declared_test *dt = test->priv;
	struct device *other = kunit_device_register(test, "dma-declared-other");
	struct reserved_mem region = {
		.name = "region", .base = page_to_phys(dt->page), .size = SIZE,
	};
	struct bus_dma_region ranges[] = {
		{ .cpu_start = region.base, .dma_start = BUS, .size = SIZE }, {},
	};
	dma_addr_t addr[2];
	void *vaddr[2];

	KUNIT_ASSERT_NOT_NULL(test, region_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	other->coherent_dma_mask = DMA_BIT_MASK(64);
	KUNIT_ASSERT_EQ(test, 0, region_ops->device_init(&region, dt->dev));
	KUNIT_ASSERT_EQ(test, 0, region_ops->device_init(&region, other));
	KUNIT_EXPECT_PTR_EQ(test, other->dma_mem, dt->dev->dma_mem);
	KUNIT_EXPECT_EQ(test, -EBUSY, region_ops->device_init(&region, other));

	vaddr[0] = alloc(test, PAGE_SIZE, &addr[0]);
	KUNIT_EXPECT_PTR_EQ(test, vaddr[0], dt->base);
	KUNIT_EXPECT_EQ(test, addr[0], phys_to_dma(dt->dev, region.base));
	if (!IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA))
		other->dma_range_map = ranges;
	vaddr[1] = dma_alloc_coherent(other, PAGE_SIZE, &addr[1], GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, vaddr[1], dt->base + PAGE_SIZE);
	if (!IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA))
		KUNIT_EXPECT_EQ(test, addr[1], BUS + PAGE_SIZE);
	drop(test, PAGE_SIZE, vaddr[0], addr[0]);
	dma_free_coherent(other, PAGE_SIZE, vaddr[1], addr[1]);
	other->dma_range_map = NULL;

	region_ops->device_release(&region, other);
	KUNIT_EXPECT_NULL(test, other->dma_mem);
	/* The region stays for other devices; here it goes. */
	KUNIT_EXPECT_PTR_EQ(test, region.priv, dt->dev->dma_mem);
}

static void a_region_out_of_reach_is_reported(struct kunit *test)
{
	static const char text[] = "reserved memory is beyond device's set DMA address range\n";
	struct declared_test *dt = test->priv;
	struct kernel_log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);
	struct reserved_mem region = {
		.name = "region", .base = page_to_phys(dt->page), .size = SIZE,
	};
	u64 last = region.base + SIZE - 1;

	KUNIT_ASSERT_NOT_NULL(test, region_ops);
	KUNIT_ASSERT_NOT_NULL(test, log);
	dt->dev->coherent_dma_mask = last;
	kernel_log_begin(test, log);
	KUNIT_EXPECT_EQ(test, 0, region_ops->device_init(&region, dt->dev));
	kernel_log_end(test, log);
	KUNIT_EXPECT_EQ(test, 0, kernel_log_count(log, text));
	region_ops->device_release(&region, dt->dev);

	dt->dev->coherent_dma_mask = last - 1;
	kernel_log_begin(test, log);
	KUNIT_EXPECT_EQ(test, 0, region_ops->device_init(&region, dt->dev));
	kernel_log_end(test, log);
	KUNIT_EXPECT_EQ(test, 1, kernel_log_count(log, text));
	region_ops->device_release(&region, dt->dev);

	dt->dev->coherent_dma_mask = DMA_BIT_MASK(64);
	dt->dev->bus_dma_limit = last - 1;
	kernel_log_begin(test, log);
	KUNIT_EXPECT_EQ(test, 0, region_ops->device_init(&region, dt->dev));
	kernel_log_end(test, log);
	KUNIT_EXPECT_EQ(test, 1, kernel_log_count(log, text));
	dt->dev->bus_dma_limit = 0;
}
#endif /* CONFIG_OF_RESERVED_MEM */

/* The global pool */

/* It is set at boot, and read-only from then on, except on um. */
#if defined(CONFIG_DMA_GLOBAL_POOL) && defined(CONFIG_UML)
/* It stays: so does its memory. */
static void the_global_pool_serves_every_device(struct kunit *test)
{
	static struct page *page;
	struct declared_test *dt = test->priv;
	struct user_map um = { .dev = dt->dev, .size = 2 * PAGE_SIZE };
	void *base;
	dma_addr_t addr;
	int ret = 1;

	if (!page) {
		KUNIT_EXPECT_NULL(test, dma_alloc_from_global_coherent(dt->dev,
								       PAGE_SIZE,
								       &addr));
		KUNIT_EXPECT_EQ(test, 0, dma_release_from_global_coherent(0, test));
		page = alloc_pages(GFP_KERNEL, ORDER);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				dma_init_global_coherent(page_to_phys(page), 0));
		KUNIT_ASSERT_EQ(test, 0,
				dma_init_global_coherent(page_to_phys(page),
							 SIZE));
	}
	base = page_address(page);
	memset(base, 0x5a, SIZE);
	um.vaddr = dma_alloc_from_global_coherent(dt->dev, um.size, &um.addr);
	KUNIT_ASSERT_PTR_EQ(test, um.vaddr, base);
	KUNIT_EXPECT_EQ(test, um.addr, phys_to_dma(dt->dev, page_to_phys(page)));
	KUNIT_EXPECT_NULL(test, memchr_inv(um.vaddr, 0, um.size));
	KUNIT_EXPECT_PTR_EQ(test, base + 2 * PAGE_SIZE,
			    dma_alloc_from_global_coherent(dt->dev, PAGE_SIZE,
							   &addr));
	KUNIT_EXPECT_NULL(test, dma_alloc_from_global_coherent(dt->dev, SIZE,
							       &addr));
	expect_user_map(test, &um);
	KUNIT_EXPECT_EQ(test, 0, dma_mmap_from_global_coherent(NULL, base + SIZE,
							       1, &ret));
	KUNIT_EXPECT_EQ(test, 0, dma_release_from_global_coherent(0, base + SIZE));
	KUNIT_EXPECT_EQ(test, 1, dma_release_from_global_coherent(0, base +
								  2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, dma_release_from_global_coherent(1, um.vaddr));
	KUNIT_EXPECT_PTR_EQ(test, base,
			    dma_alloc_from_global_coherent(dt->dev, PAGE_SIZE,
							   &addr));
	KUNIT_EXPECT_EQ(test, 1, dma_release_from_global_coherent(0, base));
}
#endif /* CONFIG_DMA_GLOBAL_POOL && CONFIG_UML */

static void free_declared(void *page)
{
	__free_pages(page, ORDER);
}

static int declared_test_init(struct kunit *test)
{
	struct declared_test *dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, dt);
	dt->page = alloc_pages(GFP_KERNEL, ORDER);
	KUNIT_ASSERT_NOT_NULL(test, dt->page);
	dt->base = page_address(dt->page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_declared,
							   dt->page));
	dt->dev = kunit_device_register(test, "dma-declared");
	KUNIT_ASSERT_FALSE(test, IS_ERR(dt->dev));
	dev_set_dma_coherent(dt->dev);
#ifdef CONFIG_SWIOTLB
	/* Whatever swiotlb= says, this device does not bounce. */
	dt->dev->dma_io_tlb_mem = &dt->no_pool;
#endif
	dt->dev->dma_mask = &dt->mask;
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dt->dev, DMA_BIT_MASK(64)));
	declared_ram(test);
	test->priv = dt;
	return 0;
}

static void declared_test_exit(struct kunit *test)
{
	struct declared_test *dt = test->priv;

	if (!dt)
		return;
	dma_release_coherent_memory(dt->dev);
	dt->dev->dma_mask = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(dt->dev);
#endif
}

static struct kunit_case declared_test_cases[] = {
	KUNIT_CASE(an_allocation_is_where_the_device_sees_it),
	KUNIT_CASE(memory_is_zeroed_each_time),
	KUNIT_CASE(there_is_nothing_behind_the_last_page),
	KUNIT_CASE(it_is_had_with_interrupts_off),
	KUNIT_CASE(memory_of_others_is_not_released_to_it),
	KUNIT_CASE(user_space_maps_its_pages),
	KUNIT_CASE(only_its_own_memory_is_mapped_by_it),
	KUNIT_CASE(one_declaration_per_device),
	KUNIT_CASE(nothing_is_left_of_a_declaration),
	KUNIT_CASE(memory_that_cannot_be_mapped_is_refused),
#ifdef CONFIG_OF_RESERVED_MEM
	KUNIT_CASE(a_region_is_shared_by_its_devices),
	KUNIT_CASE(a_region_out_of_reach_is_reported),
#endif
#if defined(CONFIG_DMA_GLOBAL_POOL) && defined(CONFIG_UML)
	KUNIT_CASE(the_global_pool_serves_every_device),
#endif
	{}
};

static struct kunit_suite declared_test_suite = {
	.name = "dma_declared",
	.init = declared_test_init,
	.exit = declared_test_exit,
	.test_cases = declared_test_cases,
};

kunit_test_suite(declared_test_suite);

MODULE_DESCRIPTION("KUnit tests of a device's own coherent memory");
MODULE_LICENSE("GPL");
