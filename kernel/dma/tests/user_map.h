/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of the DMA API in user space. */
#ifndef _KERNEL_DMA_TESTS_USER_MAP_H
#define _KERNEL_DMA_TESTS_USER_MAP_H

#include <kunit/test.h>

/**
 * struct user_map - memory to map to user space
 * @dev: device it was allocated for
 * @vaddr: CPU address, as dma_alloc_attrs() returned it
 * @addr: DMA address
 * @size: length in bytes
 * @attrs: attributes of dma_mmap_attrs()
 * @page: of dma_alloc_pages(), to use dma_mmap_pages() instead
 * @before: protection of the mapping before the call
 * @after: and after it
 */
struct user_map {
	struct device *dev;
	void *vaddr;
	dma_addr_t addr;
	size_t size;
	unsigned long attrs;
	struct page *page;
	pgprot_t before, after;
};

/* Map @len pages from page @offset on: an address of user space, or an errno. */
long user_map(struct kunit *test, struct user_map *um, int offset, int len);
/*
 * User space and @um->vaddr are the same memory, from each page on, and nothing behind
 * its end can be mapped.  Whether it is the same is not tested where caches alias.
 */
void expect_user_map(struct kunit *test, struct user_map *um);

#endif /* _KERNEL_DMA_TESTS_USER_MAP_H */
