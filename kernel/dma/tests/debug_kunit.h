/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the dma-debug suites: a coherent device that does not bounce, and a
 * count of the errors that the suites have provoked.
 */
#ifndef _KERNEL_DMA_TESTS_DEBUG_KUNIT_H
#define _KERNEL_DMA_TESTS_DEBUG_KUNIT_H

#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/swiotlb.h>

/**
 * struct debug_test - fixture of a case, test->priv
 * @dev: the device
 * @no_pool: its bounce pool, empty
 * @mask: its DMA mask
 * @page: a page to map
 * @other: a page that another CPU maps while an unmap is under way, NULL if none
 * @resource: it maps @other with dma_map_resource()
 */
struct debug_test {
	struct device *dev;
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem no_pool;
#endif
	u64 mask;
	struct page *page;
	struct page *other;
	bool resource;
};

int debug_test_init(struct kunit *test);
void debug_test_exit(struct kunit *test);
dma_addr_t debug_test_map(struct kunit *test, unsigned long attrs);
void debug_test_unmap(struct kunit *test, dma_addr_t addr, unsigned long attrs);

/* Begin to provoke errors, which are not printed; how many there were since then. */
long debug_test_begin(void);
long debug_test_end(long before);
/* Map and unmap with these attributes: the number of errors. */
long debug_test_errors(struct kunit *test, unsigned long map_attrs,
		       unsigned long unmap_attrs);

#endif /* _KERNEL_DMA_TESTS_DEBUG_KUNIT_H */
