// SPDX-License-Identifier: GPL-2.0
/*
 * Every diagnostic of dma-debug: a mistake that provokes it, and the text that the
 * reader gets, with the numbers in it.  dma-debug warns with WARN(), so the suite taints
 * the kernel, and is skipped with panic_on_warn.
 *
 * Not provoked: what dma-debug prints when it is out of memory, because it stays
 * disabled from then on, and "outside allocated range", which 7.3 cannot reach: the
 * mapping that a sync is compared with is one that contains it.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cache.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/sections.h>
#include "../debug.h"
#include "debug_kunit.h"
#include "debugfs_file.h"
#include "kernel_log.h"

#ifdef CONFIG_DMA_API_DEBUG
static struct kernel_log reports;
static struct device_dma_parameters limits;
static long before;

/* A mistake follows.  What dma-debug says about it is not shown on the console. */
static void mistake(struct kunit *test)
{
	kernel_log_begin(test, &reports);
	before = debug_test_begin();
	/* One report is printed, as at boot. */
	dma_debug_test_errors(false);
}

/* The text was printed this often. */
static void expect_printed(struct kunit *test, int nr, const char *text)
{
	KUNIT_EXPECT_EQ_MSG(test, nr, kernel_log_count(&reports, text),
			    "expected: %s\nprinted: %.300s", text,
			    reports.text);
}

/* One report of this device, or of any, and its text. */
static __printf(3, 0) void expect_one(struct kunit *test, struct device *dev,
				      const char *fmt, va_list args)
{
	long found = debug_test_end(before);
	char *text = kvasprintf(GFP_KERNEL, fmt, args), *all;

	kernel_log_end(test, &reports);
	KUNIT_ASSERT_NOT_NULL(test, text);
	all = dev ? kasprintf(GFP_KERNEL, "DMA-API: dma-debug %s: %s",
			      dev_name(dev), text) :
		    kstrdup(text, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_EXPECT_EQ_MSG(test, 1, found, "%s", all);
	expect_printed(test, 1, all);
	kfree(all);
	kfree(text);
}

static __printf(2, 3) void expect_report(struct kunit *test, const char *fmt, ...)
{
	struct debug_test *dt = test->priv;
	va_list args;

	va_start(args, fmt);
	expect_one(test, dt->dev, fmt, args);
	va_end(args);
}

static __printf(2, 3) void expect_text(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	expect_one(test, NULL, fmt, args);
	va_end(args);
}

/* What follows may be a mistake or none.  Nothing is printed, the reports are counted. */
static void count(void)
{
	before = debug_test_begin();
}

static void expect_count(struct kunit *test, long nr)
{
	KUNIT_EXPECT_EQ(test, nr, debug_test_end(before));
}

static dma_addr_t map(struct kunit *test, enum dma_data_direction dir)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = dma_map_page(dt->dev, dt->page, 0, PAGE_SIZE, dir);

	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	return addr;
}

static void unmap(struct kunit *test, dma_addr_t addr,
		  enum dma_data_direction dir)
{
	struct debug_test *dt = test->priv;

	dma_unmap_page(dt->dev, addr, PAGE_SIZE, dir);
}

/* Unmap and free */

static void an_unmap_of_what_was_not_mapped(struct kunit *test)
{
	mistake(test);
	unmap(test, SZ_1M, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver tries to free DMA memory it has not allocated [device address=0x%016llx] [size=%lu bytes]\n",
		      (u64)SZ_1M, PAGE_SIZE);
}

/* And then is taken for one that never was. */
static void a_mapping_is_not_tracked_while_it_is_off(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr;

	dma_debug_test_disable(true);
	addr = dma_map_page(dt->dev, dt->page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_debug_test_disable(false);
	KUNIT_ASSERT_NE(test, addr, DMA_MAPPING_ERROR);
	mistake(test);
	unmap(test, addr, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver tries to free DMA memory it has not allocated [device address=0x%016llx] [size=%lu bytes]\n",
		      (u64)addr, PAGE_SIZE);
}

static void an_unmap_of_a_mapping_that_failed(struct kunit *test)
{
	mistake(test);
	unmap(test, DMA_MAPPING_ERROR, DMA_FROM_DEVICE);
	expect_report(test, "device driver tries to free an invalid DMA memory address\n");
}

static void an_unmap_of_another_device(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct device *other = kunit_device_register(test, "dma-debug-other");
	dma_addr_t addr = map(test, DMA_FROM_DEVICE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	dev_set_dma_coherent(other);
	other->dma_mask = &dt->mask;
#ifdef CONFIG_SWIOTLB
	other->dma_io_tlb_mem = &dt->no_pool;
#endif
	mistake(test);
	dma_unmap_page(other, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	expect_text(test,
		    "DMA-API: dma-debug %s: device driver tries to free DMA memory it has not allocated [device address=0x%016llx]",
		    dev_name(other), (u64)addr);
	other->dma_mask = NULL;
#ifdef CONFIG_SWIOTLB
	swiotlb_dev_init(other);
#endif
	unmap(test, addr, DMA_FROM_DEVICE);
}

static void an_unmap_of_another_size(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = map(test, DMA_FROM_DEVICE);

	mistake(test);
	dma_unmap_page(dt->dev, addr, PAGE_SIZE - 1, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver frees DMA memory with different size [device address=0x%016llx] [map size=%lu bytes] [unmap size=%lu bytes]\n",
		      (u64)addr, PAGE_SIZE, PAGE_SIZE - 1);
}

static void an_unmap_of_what_was_allocated(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct page *page;
	dma_addr_t addr;

	page = dma_alloc_pages(dt->dev, PAGE_SIZE, &addr, DMA_FROM_DEVICE,
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	mistake(test);
	unmap(test, addr, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver frees DMA memory with wrong function [device address=0x%016llx] [size=%lu bytes] [mapped as noncoherent] [unmapped as phy]\n",
		      (u64)addr, PAGE_SIZE);
	/* dma-debug has forgotten it. */
	mistake(test);
	dma_free_pages(dt->dev, PAGE_SIZE, page, addr, DMA_FROM_DEVICE);
	expect_report(test, "device driver tries to free DMA memory it has not allocated");
}

/* The two addresses are printed in the order of the text. */
static void expect_cpu_addresses(struct kunit *test, struct page *alloc,
				 struct page *free)
{
	phys_addr_t from = page_to_phys(alloc), to = page_to_phys(free);
	char *a, *b, text[32];

	snprintf(text, sizeof(text), "%pa]", &from);
	a = strstr(reports.text, "[cpu alloc address=");
	KUNIT_ASSERT_NOT_NULL(test, a);
	b = strstr(a, "[cpu free address=");
	KUNIT_ASSERT_NOT_NULL(test, b);
	a = strstr(a, text);
	KUNIT_EXPECT_TRUE(test, a && a < b);
	snprintf(text, sizeof(text), "%pa]", &to);
	KUNIT_EXPECT_NOT_NULL(test, strstr(b, text));
}

static void a_free_with_another_cpu_address(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct page *page, *other;
	dma_addr_t addr;
	void *vaddr;

	/* dma-direct frees what the DMA address says ... */
	vaddr = dma_alloc_coherent(dt->dev, PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	page = virt_to_page(vaddr);
	mistake(test);
	dma_free_coherent(dt->dev, PAGE_SIZE, page_address(dt->page), addr);
	expect_report(test,
		      "device driver frees DMA memory with different CPU address [device address=0x%016llx] [size=%lu bytes] ",
		      (u64)addr, PAGE_SIZE);
	expect_cpu_addresses(test, page, dt->page);

	/* ... and here the page. */
	page = dma_alloc_pages(dt->dev, PAGE_SIZE, &addr, DMA_TO_DEVICE,
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	other = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	mistake(test);
	dma_free_pages(dt->dev, PAGE_SIZE, other, addr, DMA_TO_DEVICE);
	expect_report(test,
		      "device driver frees DMA memory with different CPU address [device address=0x%016llx] [size=%lu bytes] ",
		      (u64)addr, PAGE_SIZE);
	expect_cpu_addresses(test, page, other);
	__free_page(page);
}

static void an_unmap_in_another_direction(struct kunit *test)
{
	dma_addr_t addr = map(test, DMA_FROM_DEVICE);

	mistake(test);
	unmap(test, addr, DMA_TO_DEVICE);
	expect_report(test,
		      "device driver frees DMA memory with different direction [device address=0x%016llx] [size=%lu bytes] [mapped with DMA_FROM_DEVICE] [unmapped with DMA_TO_DEVICE]\n",
		      (u64)addr, PAGE_SIZE);
}

static void an_unmap_with_other_attributes(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = map(test, DMA_FROM_DEVICE);

	mistake(test);
	dma_unmap_page_attrs(dt->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE,
			     DMA_ATTR_PRIVILEGED);
	expect_report(test,
		      "device driver frees DMA memory with different attributes [device address=0x%016llx] [size=%lu bytes] [mapped with 0x0] [unmapped with 0x%lx]\n",
		      (u64)addr, PAGE_SIZE, DMA_ATTR_PRIVILEGED);
}

static void an_address_that_nobody_checked(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = dma_map_page(dt->dev, dt->page, 0, PAGE_SIZE,
				       DMA_TO_DEVICE);

	mistake(test);
	unmap(test, addr, DMA_TO_DEVICE);
	expect_report(test,
		      "device driver failed to check map error[device address=0x%016llx] [size=%lu bytes] [mapped as phy]",
		      (u64)addr, PAGE_SIZE);
}

/* dma_mapping_error() of one address says nothing of the others. */
static void one_check_is_for_one_mapping(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t a, b;

	count();
	a = dma_map_page(dt->dev, dt->page, 0, 64, DMA_TO_DEVICE);
	b = dma_map_page(dt->dev, dt->page, 0, 128, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, a, b);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, a));
	dma_unmap_page(dt->dev, a, 64, DMA_TO_DEVICE);
	dma_unmap_page(dt->dev, b, 128, DMA_TO_DEVICE);
	expect_count(test, 1);

	count();
	a = dma_map_page(dt->dev, dt->page, 0, 64, DMA_TO_DEVICE);
	b = dma_map_page(dt->dev, dt->page, 0, 128, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, a));
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, b));
	dma_unmap_page(dt->dev, a, 64, DMA_TO_DEVICE);
	dma_unmap_page(dt->dev, b, 128, DMA_TO_DEVICE);
	expect_count(test, 0);
}

/* Lists */

enum { ENTRY = 256 };

/* Entries with a hole after each, so that they are not merged. */
static void map_list(struct kunit *test, struct scatterlist *sg, int nents)
{
	struct debug_test *dt = test->priv;
	int i;

	sg_init_table(sg, nents);
	for (i = 0; i < nents; i++)
		sg_set_page(&sg[i], dt->page, ENTRY, 2 * i * ENTRY);
	KUNIT_ASSERT_EQ(test, nents, dma_map_sg(dt->dev, sg, nents,
						DMA_FROM_DEVICE));
}

static void a_list_of_another_length(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct scatterlist sg[3];

	map_list(test, sg, 3);
	mistake(test);
	dma_sync_sg_for_cpu(dt->dev, sg, 1, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver syncs DMA sg list with different entry count [map count=3] [sync count=1]\n");
	mistake(test);
	dma_sync_sg_for_device(dt->dev, sg, 1, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver syncs DMA sg list with different entry count [map count=3] [sync count=1]\n");
	mistake(test);
	dma_unmap_sg(dt->dev, sg, 1, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver frees DMA sg list with different entry count [map count=3] [unmap count=1]\n");
	/* The first entry is gone, and the others are not. */
	mistake(test);
	dma_unmap_sg(dt->dev, sg, 3, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver tries to free DMA memory it has not allocated [device address=0x%016llx] [size=%d bytes]\n",
		      (u64)sg_dma_address(&sg[0]), ENTRY);
}

static void each_entry_of_a_list_is_tracked(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct scatterlist sg[3];
	int i;

	map_list(test, sg, 3);
	for (i = 0; i < 3; i++) {
		count();
		dma_sync_single_for_cpu(dt->dev, sg_dma_address(&sg[i]), ENTRY,
					DMA_FROM_DEVICE);
		expect_count(test, 0);
		count();
		dma_sync_single_for_cpu(dt->dev, sg_dma_address(&sg[i]),
					ENTRY + 1, DMA_FROM_DEVICE);
		expect_count(test, 1);
	}
	count();
	dma_sync_sg_for_cpu(dt->dev, sg, 3, DMA_FROM_DEVICE);
	dma_sync_sg_for_device(dt->dev, sg, 3, DMA_FROM_DEVICE);
	dma_unmap_sg(dt->dev, sg, 3, DMA_FROM_DEVICE);
	expect_count(test, 0);
}

static void a_segment_that_is_too_long(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct scatterlist sg;

	dt->dev->dma_parms = &limits;
	dma_set_max_seg_size(dt->dev, ENTRY);
	count();
	map_list(test, &sg, 1);
	dma_unmap_sg(dt->dev, &sg, 1, DMA_FROM_DEVICE);
	expect_count(test, 0);
	dma_set_max_seg_size(dt->dev, ENTRY - 1);
	mistake(test);
	map_list(test, &sg, 1);
	expect_report(test,
		      "mapping sg segment longer than device claims to support [len=%d] [max=%d]\n",
		      ENTRY, ENTRY - 1);
	dma_unmap_sg(dt->dev, &sg, 1, DMA_FROM_DEVICE);
}

static void a_segment_across_a_boundary(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct scatterlist sg;
	u64 start;

	dt->dev->dma_parms = &limits;
	dma_set_max_seg_size(dt->dev, SZ_64K);
	dma_set_seg_boundary(dt->dev, ENTRY - 1);
	count();
	map_list(test, &sg, 1);
	dma_unmap_sg(dt->dev, &sg, 1, DMA_FROM_DEVICE);
	expect_count(test, 0);

	sg_init_table(&sg, 1);
	sg_set_page(&sg, dt->page, ENTRY, 1);
	mistake(test);
	KUNIT_ASSERT_EQ(test, 1, dma_map_sg(dt->dev, &sg, 1, DMA_FROM_DEVICE));
	start = sg_dma_address(&sg);
	expect_report(test,
		      "mapping sg segment across boundary [start=0x%016llx] [end=0x%016llx] [boundary=0x%016llx]\n",
		      start, start + ENTRY - 1, (u64)ENTRY - 1);
	dma_unmap_sg(dt->dev, &sg, 1, DMA_FROM_DEVICE);
}

/* Sync */

static void a_sync_of_what_was_not_mapped(struct kunit *test)
{
	struct debug_test *dt = test->priv;

	mistake(test);
	dma_sync_single_for_cpu(dt->dev, SZ_1M, PAGE_SIZE, DMA_FROM_DEVICE);
	expect_report(test,
		      "device driver tries to sync DMA memory it has not allocated [device address=0x%016llx] [size=%lu bytes]\n",
		      (u64)SZ_1M, PAGE_SIZE);
	mistake(test);
	dma_sync_single_for_device(dt->dev, SZ_1M, PAGE_SIZE, DMA_TO_DEVICE);
	expect_report(test,
		      "device driver tries to sync DMA memory it has not allocated [device address=0x%016llx] [size=%lu bytes]\n",
		      (u64)SZ_1M, PAGE_SIZE);
}

/* A sync is right from the first to the last byte, wherever the mapping begins. */
static void a_sync_beyond_a_mapping(struct kunit *test)
{
	enum { ORDER = 4, AT = 64, SIZE = 12 * PAGE_SIZE };
	static const struct {
		int from, len, reports;
	} syncs[] = {
		{ 0, SIZE, 0 }, { 0, 1, 0 }, { SIZE - 1, 1, 0 },
		{ PAGE_SIZE + 3, 5 * PAGE_SIZE, 0 },
		{ SIZE - PAGE_SIZE, PAGE_SIZE, 0 },
		{ 0, SIZE + 1, 1 }, { -1, SIZE, 1 }, { -1, 1, 1 },
		{ SIZE, 1, 1 }, { SIZE - 1, 2, 1 },
	};
	struct debug_test *dt = test->priv;
	struct page *page = alloc_pages(GFP_KERNEL, ORDER);
	dma_addr_t addr;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	addr = dma_map_page(dt->dev, page, AT, SIZE, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	for (i = 0; i < ARRAY_SIZE(syncs); i++) {
		count();
		dma_sync_single_for_cpu(dt->dev, addr + syncs[i].from,
					syncs[i].len, DMA_FROM_DEVICE);
		dma_sync_single_for_device(dt->dev, addr + syncs[i].from,
					   syncs[i].len, DMA_FROM_DEVICE);
		expect_count(test, 2 * syncs[i].reports);
	}
	dma_unmap_page(dt->dev, addr, SIZE, DMA_FROM_DEVICE);
	__free_pages(page, ORDER);
}

static const char *const names[] = {
	[DMA_BIDIRECTIONAL] = "DMA_BIDIRECTIONAL",
	[DMA_TO_DEVICE] = "DMA_TO_DEVICE",
	[DMA_FROM_DEVICE] = "DMA_FROM_DEVICE",
};

/* Any direction for a bidirectional mapping, and for others their own alone. */
static void a_sync_in_another_direction(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	enum dma_data_direction mapped, synced;
	dma_addr_t addr;

	for (mapped = DMA_BIDIRECTIONAL; mapped < DMA_NONE; mapped++) {
		for (synced = DMA_BIDIRECTIONAL; synced < DMA_NONE; synced++) {
			int wrong = mapped && mapped != synced;

			addr = map(test, mapped);
			count();
			dma_sync_single_for_cpu(dt->dev, addr, PAGE_SIZE,
						synced);
			expect_count(test, wrong +
				     (wrong && mapped == DMA_TO_DEVICE));
			count();
			dma_sync_single_for_device(dt->dev, addr, PAGE_SIZE,
						   synced);
			expect_count(test, wrong +
				     (wrong && mapped == DMA_FROM_DEVICE));
			unmap(test, addr, mapped);
		}
	}
	addr = map(test, DMA_FROM_DEVICE);
	mistake(test);
	dma_sync_single_for_cpu(dt->dev, addr + 8, 16, DMA_TO_DEVICE);
	expect_report(test,
		      "device driver syncs DMA memory with different direction [device address=0x%016llx] [size=%lu bytes] [mapped with %s] [synced with %s]\n",
		      (u64)addr + 8, PAGE_SIZE, names[DMA_FROM_DEVICE],
		      names[DMA_TO_DEVICE]);
	unmap(test, addr, DMA_FROM_DEVICE);
}

static void a_sync_of_what_the_device_does_not_write(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = map(test, DMA_TO_DEVICE);
	long errors = debug_test_begin();

	debugfs_file_set(test, "dma-api/num_errors", 2);
	kernel_log_begin(test, &reports);
	dma_sync_single_for_cpu(dt->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	kernel_log_end(test, &reports);
	KUNIT_EXPECT_EQ(test, 2, debug_test_end(errors));
	expect_printed(test, 1,
		       "device driver syncs device read-only DMA memory for cpu [device address=0x");
	expect_printed(test, 2,
		       "[mapped with DMA_TO_DEVICE] [synced with DMA_BIDIRECTIONAL]\n");
	unmap(test, addr, DMA_TO_DEVICE);
}

static void a_sync_of_what_the_device_does_not_read(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = map(test, DMA_FROM_DEVICE);
	long errors = debug_test_begin();

	debugfs_file_set(test, "dma-api/num_errors", 2);
	kernel_log_begin(test, &reports);
	dma_sync_single_for_device(dt->dev, addr, PAGE_SIZE,
				   DMA_BIDIRECTIONAL);
	kernel_log_end(test, &reports);
	KUNIT_EXPECT_EQ(test, 2, debug_test_end(errors));
	expect_printed(test, 1,
		       "device driver syncs device write-only DMA memory to device [device address=0x");
	expect_printed(test, 2,
		       "[mapped with DMA_FROM_DEVICE] [synced with DMA_BIDIRECTIONAL]\n");
	unmap(test, addr, DMA_FROM_DEVICE);
}

/* Memory that must not be mapped */

static struct page *page_of(void *addr)
{
	return is_vmalloc_addr(addr) ? vmalloc_to_page(addr) :
				       virt_to_page(addr);
}

static void memory_of_the_stack(struct kunit *test)
{
	const char *probable = task_stack_vm_area(current) ? "probable " : "";
	struct debug_test *dt = test->priv;
	struct scatterlist sg;
	dma_addr_t addr;
	u8 buf[16] = { };

	mistake(test);
	addr = dma_map_page(dt->dev, page_of(buf), offset_in_page(buf),
			    1, DMA_TO_DEVICE);
	expect_report(test, "device driver maps memory from stack [%saddr=%p]\n",
		      probable, buf);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	dma_unmap_page(dt->dev, addr, 1, DMA_TO_DEVICE);

	sg_init_table(&sg, 1);
	sg_set_page(&sg, page_of(buf), 1, offset_in_page(buf));
	mistake(test);
	KUNIT_EXPECT_EQ(test, 1, dma_map_sg(dt->dev, &sg, 1, DMA_TO_DEVICE));
	expect_report(test, "device driver maps memory from stack [%saddr=%p]\n",
		      probable, buf);
	dma_unmap_sg(dt->dev, &sg, 1, DMA_TO_DEVICE);
}

static void expect_illegal(struct kunit *test, void *addr)
{
	struct debug_test *dt = test->priv;
	struct scatterlist sg;
	dma_addr_t dma;

	mistake(test);
	dma = dma_map_page(dt->dev, virt_to_page(addr), offset_in_page(addr),
			   1, DMA_TO_DEVICE);
	expect_report(test,
		      "device driver maps memory from kernel text or rodata [addr=%p] [len=1]\n",
		      addr);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, dma));
	dma_unmap_page(dt->dev, dma, 1, DMA_TO_DEVICE);

	sg_init_one(&sg, addr, 1);
	mistake(test);
	KUNIT_EXPECT_EQ(test, 1, dma_map_sg(dt->dev, &sg, 1, DMA_TO_DEVICE));
	expect_report(test,
		      "device driver maps memory from kernel text or rodata [addr=%p] [len=1]\n",
		      addr);
	dma_unmap_sg(dt->dev, &sg, 1, DMA_TO_DEVICE);
}

static void memory_of_the_kernel_s_image(struct kunit *test)
{
	/* dma-debug compares addresses of the linear map with those of the image. */
	if (lm_alias(_stext) != (void *)_stext ||
	    !virt_addr_valid((void *)_stext))
		kunit_skip(test, "expected skip: the image is not in the linear map");
	expect_illegal(test, _stext);
	expect_illegal(test, _etext - 1);
	expect_illegal(test, __start_rodata);
	expect_illegal(test, __end_rodata - 1);
}

static void an_address_that_is_no_memory(struct kunit *test)
{
	struct debug_test *dt = test->priv;

	mistake(test);
	debug_dma_map_single(dt->dev, NULL, 5);
	expect_report(test, "device driver maps memory from invalid area [addr=%p] [len=5]\n",
		      NULL);
}

static void memory_of_vmalloc(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr = 0;
	char text[200];
	long errors;
	void *vaddr;

	vaddr = vmalloc(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	snprintf(text, sizeof(text),
		 "DMA-API: dma-debug %s: device driver maps memory from vmalloc area [addr=%p] [len=6]\n",
		 dev_name(dt->dev), vaddr);
	errors = debug_test_begin();
	debugfs_file_set(test, "dma-api/num_errors", 2);
	kernel_log_begin(test, &reports);
	debug_dma_map_single(dt->dev, vaddr, 6);
	kernel_log_end(test, &reports);
	/* It may be no valid address, either. */
	KUNIT_EXPECT_GE(test, debug_test_end(errors), 1);
	expect_printed(test, 1, text);

	/* It is not mapped at all. */
	count();
	kunit_warning_suppress(test) {
		addr = dma_map_single(dt->dev, vaddr, PAGE_SIZE, DMA_TO_DEVICE);
	}
	expect_count(test, 0);
	KUNIT_EXPECT_EQ(test, DMA_MAPPING_ERROR, addr);
	vfree(vaddr);
}

static void ram_as_a_resource(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	phys_addr_t phys = page_to_phys(dt->page);
	dma_addr_t addr;

	mistake(test);
	addr = dma_map_resource(dt->dev, phys, PAGE_SIZE, DMA_TO_DEVICE, 0);
	expect_report(test, "dma_map_resource called for RAM address %pa\n",
		      &phys);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	dma_unmap_resource(dt->dev, addr, PAGE_SIZE, DMA_TO_DEVICE, 0);
}

/* Cache lines */

/* A counter of three bits. */
#define MOST_OVERLAPS	7

static void a_second_mapping_of_a_cache_line(struct kunit *test)
{
	dma_addr_t a = map(test, DMA_FROM_DEVICE), b;

	if (dma_get_cache_alignment() < L1_CACHE_BYTES) {
		unmap(test, a, DMA_FROM_DEVICE);
		kunit_skip(test, "expected skip: no ARCH_DMA_MINALIGN");
	}
	mistake(test);
	b = map(test, DMA_FROM_DEVICE);
	expect_report(test, "cacheline tracking EEXIST, overlapping mappings aren't supported\n");
	unmap(test, b, DMA_FROM_DEVICE);
	unmap(test, a, DMA_FROM_DEVICE);
}

/* What the device only reads may be mapped many times. */
static void a_second_mapping_to_read(struct kunit *test)
{
	dma_addr_t a, b, c;

	count();
	a = map(test, DMA_FROM_DEVICE);
	b = map(test, DMA_TO_DEVICE);
	c = map(test, DMA_TO_DEVICE);
	unmap(test, c, DMA_TO_DEVICE);
	unmap(test, b, DMA_TO_DEVICE);
	unmap(test, a, DMA_FROM_DEVICE);
	expect_count(test, 0);
}

/* Map the page this often, and unmap it: how often dma-debug warns. */
static int warned(struct kunit *test, int nr, unsigned long attrs)
{
	dma_addr_t addr[MOST_OVERLAPS + 2];
	char text[80];
	int i;

	/* It warns once. */
	KUNIT_ASSERT_EQ(test, 2, debugfs_file_write(test, "clear_warn_once",
						    "1\n"));
	kernel_log_begin(test, &reports);
	for (i = 0; i < nr; i++)
		addr[i] = debug_test_map(test, attrs);
	while (i--)
		debug_test_unmap(test, addr[i], attrs);
	kernel_log_end(test, &reports);
	snprintf(text, sizeof(text), "DMA-API: exceeded %d overlapping mappings of cacheline 0x",
		 MOST_OVERLAPS);
	return kernel_log_count(&reports, text);
}

static void too_many_mappings_of_a_cache_line(struct kunit *test)
{
	/* Without it, a second mapping is reported where lines must not be shared. */
	const unsigned long skip = DMA_ATTR_SKIP_CPU_SYNC;
	const unsigned long clean = DMA_ATTR_DEBUGGING_IGNORE_CACHELINES;

	KUNIT_EXPECT_EQ(test, 0, warned(test, MOST_OVERLAPS + 1, skip));
	KUNIT_EXPECT_EQ(test, 1, warned(test, MOST_OVERLAPS + 2, skip));
	KUNIT_EXPECT_EQ(test, 0, warned(test, MOST_OVERLAPS + 2, skip | clean));
	KUNIT_EXPECT_EQ(test, 0, warned(test, MOST_OVERLAPS + 2,
					DMA_ATTR_REQUIRE_COHERENT));
}

/* A driver that leaves mappings behind */

static int leak_probe(struct device *dev)
{
	return 0;
}

static const struct bus_type leak_bus = { .name = "dma-debug-bus" };

static struct device_driver leak_driver = {
	.name = "dma-debug-leak",
	.bus = &leak_bus,
	.probe = leak_probe,
};

static void leak_release(struct device *dev)
{
	kfree(dev);
}

/* The bus stays: dma-debug does not stop to watch one. */
static int leak_bus_init(void)
{
	static bool done;
	int ret;

	if (done)
		return 0;
	ret = bus_register(&leak_bus);
	if (ret)
		return ret;
	dma_debug_add_bus(&leak_bus);
	done = true;
	return 0;
}

/* Unbind the driver while @nr pieces of the page are mapped. */
static void leak(struct kunit *test, struct device *dev, int nr)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr[2];
	int i;

	KUNIT_ASSERT_EQ(test, 1, device_attach(dev));
	for (i = 0; i < nr; i++) {
		addr[i] = dma_map_page(dev, dt->page, 0, ENTRY, DMA_TO_DEVICE);
		KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dev, addr[i]));
	}
	mistake(test);
	device_release_driver(dev);
	expect_text(test,
		    "device driver has pending DMA allocations while released from device [count=%d]\n",
		    nr);
	expect_printed(test, 1,
		       "One of leaked entries details: [device address=0x");
	expect_printed(test, 1,
		       " [size=256 bytes] [mapped with DMA_TO_DEVICE] [mapped as phy]\n");
	for (i = 0; i < nr; i++)
		dma_unmap_page(dev, addr[i], ENTRY, DMA_TO_DEVICE);
}

static void mappings_that_a_driver_leaves(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	struct device *dev;

	KUNIT_ASSERT_EQ(test, 0, leak_bus_init());
	KUNIT_ASSERT_EQ(test, 0, driver_register(&leak_driver));
	dev = kzalloc_obj(*dev);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->bus = &leak_bus;
	dev->release = leak_release;
	dev_set_name(dev, "leak");
	KUNIT_ASSERT_EQ(test, 0, device_register(dev));
	device_release_driver(dev);
	dev_set_dma_coherent(dev);
	dev->dma_mask = &dt->mask;
#ifdef CONFIG_SWIOTLB
	dev->dma_io_tlb_mem = &dt->no_pool;
#endif
	KUNIT_EXPECT_EQ(test, 1, device_attach(dev));
	count();
	device_release_driver(dev);
	expect_count(test, 0);
	leak(test, dev, 1);
	leak(test, dev, 2);
	device_unregister(dev);
	driver_unregister(&leak_driver);
}

/* Files and counters */

static int provoke(struct kunit *test, int nr)
{
	long errors = debug_test_begin(), found;
	int i;

	dma_debug_test_errors(false);
	kernel_log_begin(test, &reports);
	for (i = 0; i < nr; i++)
		unmap(test, SZ_1M, DMA_FROM_DEVICE);
	kernel_log_end(test, &reports);
	found = debug_test_end(errors);
	KUNIT_EXPECT_EQ(test, nr, found);
	return kernel_log_count(&reports, "DMA-API: dma-debug ");
}

static void num_errors_are_printed(struct kunit *test)
{
	/* What it is when a quiet part ends is what it was before. */
	KUNIT_EXPECT_EQ(test, 1, debugfs_file_number(test, "dma-api/num_errors"));
	KUNIT_EXPECT_EQ(test, 1, provoke(test, 3));
	debugfs_file_set(test, "dma-api/num_errors", 2);
	KUNIT_EXPECT_EQ(test, 2, provoke(test, 3));
	debugfs_file_set(test, "dma-api/num_errors", 1);
	debugfs_file_set(test, "dma-api/all_errors", 1);
	KUNIT_EXPECT_EQ(test, 3, provoke(test, 3));
	KUNIT_EXPECT_EQ(test, 1, debugfs_file_number(test, "dma-api/num_errors"));
	debugfs_file_set(test, "dma-api/all_errors", 0);
	KUNIT_EXPECT_EQ(test, dma_debug_test_errors(false),
			debugfs_file_number(test, "dma-api/error_count"));
}

/* Write @text to driver_filter; dma-debug must print @says. */
static void set_filter(struct kunit *test, const char *text, const char *says)
{
	kernel_log_begin(test, &reports);
	KUNIT_EXPECT_EQ(test, strlen(text),
			debugfs_file_write(test, "dma-api/driver_filter", text));
	kernel_log_end(test, &reports);
	expect_printed(test, 1, says);
}

/* Errors of other drivers are counted, but not printed. */
static void a_filter_names_one_driver(struct kunit *test)
{
	char name[80];

	set_filter(test, "dma-debux",
		   "DMA-API: enable driver filter for driver [dma-debux]\n");
	KUNIT_EXPECT_EQ(test, 0, provoke(test, 1));
	/* The first word counts. */
	set_filter(test, "dma-debug and\n",
		   "DMA-API: enable driver filter for driver [dma-debug]\n");
	KUNIT_EXPECT_EQ(test, 10, debugfs_file_read(test, "dma-api/driver_filter",
						    name, sizeof(name)));
	KUNIT_EXPECT_STREQ(test, name, "dma-debug\n");
	KUNIT_EXPECT_EQ(test, 1, provoke(test, 1));
	KUNIT_EXPECT_EQ(test, 1, provoke(test, 1));
	set_filter(test, "-", "DMA-API: switching off dma-debug driver filter\n");
	KUNIT_EXPECT_EQ(test, 0, debugfs_file_read(test, "dma-api/driver_filter",
						   name, sizeof(name)));
	KUNIT_EXPECT_EQ(test, 1, provoke(test, 1));
}

static void its_numbers_are_files(struct kunit *test)
{
	u64 free = debugfs_file_number(test, "dma-api/num_free_entries");

	KUNIT_EXPECT_TRUE(test, debugfs_file_contains(test, "dma-api/disabled",
						      "N\n"));
	KUNIT_EXPECT_GT(test, free, 0);
	KUNIT_EXPECT_LE(test, free,
			debugfs_file_number(test, "dma-api/nr_total_entries"));
	KUNIT_EXPECT_GE(test, free,
			debugfs_file_number(test, "dma-api/min_free_entries"));
}

static void expect_dump(struct kunit *test, dma_addr_t addr, const char *checked)
{
	struct debug_test *dt = test->priv;
	phys_addr_t phys = page_to_phys(dt->page) + 2 * ENTRY, cln;
	char line[200];

	cln = (phys >> PAGE_SHIFT << (PAGE_SHIFT - L1_CACHE_SHIFT)) +
	      (offset_in_page(phys) >> L1_CACHE_SHIFT);
	snprintf(line, sizeof(line),
		 "phy idx %llu P=%pa D=%llx L=%x cln=%pa DMA_FROM_DEVICE %s attrs=0x%lx\n",
		 (u64)addr >> 13 & 16383, &phys, (u64)addr, ENTRY, &cln,
		 checked, DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_EXPECT_TRUE_MSG(test, debugfs_file_contains(test, "dma-api/dump",
							  line), "%s", line);
	kernel_log_begin(test, &reports);
	debug_dma_dump_mappings(dt->dev);
	kernel_log_end(test, &reports);
	KUNIT_EXPECT_EQ_MSG(test, 1, kernel_log_count(&reports, line), "%.200s",
			    reports.text);
	/* Of this device alone. */
	expect_printed(test, 1, " attrs=0x");
}

static void a_mapping_is_listed(struct kunit *test)
{
	struct debug_test *dt = test->priv;
	dma_addr_t addr;

	addr = dma_map_page_attrs(dt->dev, dt->page, 2 * ENTRY, ENTRY,
				  DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	expect_dump(test, addr, "dma map error not checked");
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dt->dev, addr));
	expect_dump(test, addr, "dma map error checked");
	dma_unmap_page_attrs(dt->dev, addr, ENTRY, DMA_FROM_DEVICE,
			     DMA_ATTR_SKIP_CPU_SYNC);
	kernel_log_begin(test, &reports);
	debug_dma_dump_mappings(dt->dev);
	kernel_log_end(test, &reports);
	expect_printed(test, 0, " attrs=0x");
}

/* One mapping has one entry.  False, too, if another device maps or unmaps meanwhile. */
static bool one_entry_is_taken(struct kunit *test)
{
	u64 left = debugfs_file_number(test, "dma-api/num_free_entries"), now;
	dma_addr_t addr = map(test, DMA_TO_DEVICE);

	now = debugfs_file_number(test, "dma-api/num_free_entries");
	KUNIT_EXPECT_LE(test, debugfs_file_number(test, "dma-api/min_free_entries"),
			now);
	KUNIT_EXPECT_LE(test, left,
			debugfs_file_number(test, "dma-api/nr_total_entries"));
	unmap(test, addr, DMA_TO_DEVICE);
	return now == left - 1 &&
	       left == debugfs_file_number(test, "dma-api/num_free_entries");
}

static void an_entry_is_taken_and_given_back(struct kunit *test)
{
	int tries = 100;

	while (tries && !one_entry_is_taken(test))
		tries--;
	KUNIT_EXPECT_GT(test, tries, 0);
}

/* A report is a WARN(). */
static int reports_init(struct kunit *test)
{
	if (panic_on_warn)
		kunit_skip(test, "expected skip: panic_on_warn");
	return debug_test_init(test);
}

static void reports_exit(struct kunit *test)
{
	struct debug_test *dt = test->priv;

	if (dt && dt->dev)
		dt->dev->dma_parms = NULL;
	memset(&limits, 0, sizeof(limits));
	debug_test_exit(test);
}

static struct kunit_case debug_reports_test_cases[] = {
	KUNIT_CASE(an_unmap_of_what_was_not_mapped),
	KUNIT_CASE(a_mapping_is_not_tracked_while_it_is_off),
	KUNIT_CASE(an_unmap_of_a_mapping_that_failed),
	KUNIT_CASE(an_unmap_of_another_device),
	KUNIT_CASE(an_unmap_of_another_size),
	KUNIT_CASE(an_unmap_of_what_was_allocated),
	KUNIT_CASE(a_free_with_another_cpu_address),
	KUNIT_CASE(an_unmap_in_another_direction),
	KUNIT_CASE(an_unmap_with_other_attributes),
	KUNIT_CASE(an_address_that_nobody_checked),
	KUNIT_CASE(one_check_is_for_one_mapping),
	KUNIT_CASE(a_list_of_another_length),
	KUNIT_CASE(each_entry_of_a_list_is_tracked),
	KUNIT_CASE(a_segment_that_is_too_long),
	KUNIT_CASE(a_segment_across_a_boundary),
	KUNIT_CASE(a_sync_of_what_was_not_mapped),
	KUNIT_CASE(a_sync_beyond_a_mapping),
	KUNIT_CASE(a_sync_in_another_direction),
	KUNIT_CASE(a_sync_of_what_the_device_does_not_write),
	KUNIT_CASE(a_sync_of_what_the_device_does_not_read),
	KUNIT_CASE(memory_of_the_stack),
	KUNIT_CASE(memory_of_the_kernel_s_image),
	KUNIT_CASE(an_address_that_is_no_memory),
	KUNIT_CASE(memory_of_vmalloc),
	KUNIT_CASE(ram_as_a_resource),
	KUNIT_CASE(a_second_mapping_of_a_cache_line),
	KUNIT_CASE(a_second_mapping_to_read),
	KUNIT_CASE(too_many_mappings_of_a_cache_line),
	KUNIT_CASE(mappings_that_a_driver_leaves),
	KUNIT_CASE(num_errors_are_printed),
	KUNIT_CASE(a_filter_names_one_driver),
	KUNIT_CASE(its_numbers_are_files),
	KUNIT_CASE(a_mapping_is_listed),
	KUNIT_CASE(an_entry_is_taken_and_given_back),
	{}
};
#else
static void dma_debug_is_not_built(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs DMA_API_DEBUG");
}

static struct kunit_case debug_reports_test_cases[] = {
	KUNIT_CASE(dma_debug_is_not_built),
	{}
};
#endif /* CONFIG_DMA_API_DEBUG */

static struct kunit_suite debug_reports_test_suite = {
	.name = "dma_debug_reports",
#ifdef CONFIG_DMA_API_DEBUG
	.init = reports_init,
	.exit = reports_exit,
#endif
	.test_cases = debug_reports_test_cases,
};

kunit_test_suite(debug_reports_test_suite);

MODULE_DESCRIPTION("KUnit tests of the diagnostics of dma-debug");
MODULE_LICENSE("GPL");
