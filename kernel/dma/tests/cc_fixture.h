/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The suites of memory that is shared with a host: which device gets which kind, and what
 * becomes of a page that cannot be changed.  dma_cc allocates, dma_cc_map maps.  The
 * platform is made up, see cc_platform.c.
 *
 * There are two devices.  "needy" reaches only shared memory, as one that the host
 * emulates.  "plain" reaches all memory at the address of its kind, as one that was
 * attested.  An access of theirs is a call of cc_reach(), which stops it if a page is not
 * what the address says.
 *
 * What this cannot show: nothing is encrypted, so a mapping of the wrong kind reads the
 * same bytes; the suites look at the page tables instead.  No hypervisor refuses a page,
 * and no cache line belongs to a key.  A page is changed at once: what another CPU does
 * with it meanwhile is not seen.  The host mode has the addresses of the guest: a key in
 * the bus address, as AMD's C bit, is not modelled.  What x86, Arm and s390 do in
 * set_memory_*() and force_dma_unencrypted() is not run.  swiotlb_init() and
 * swiotlb_exit() are not either: um has no pool at boot, so the suite makes one.  There
 * is no IOMMU: dma-iommu has no shared memory, and gives none.
 */
#ifndef _KERNEL_DMA_TESTS_CC_FIXTURE_H
#define _KERNEL_DMA_TESTS_CC_FIXTURE_H

#include <kunit/test.h>
#include <linux/dma-direct.h>
#include "cc_platform.h"

#define CC	DMA_ATTR_CC_SHARED
#define RC	DMA_ATTR_REQUIRE_COHERENT

#define BUF_PAGES	4
#define BUF_SIZE	(BUF_PAGES * PAGE_SIZE)

/**
 * struct cc_test - a case
 * @needy: a device that reaches only shared memory, with a mask of 64 bits
 * @plain: one that reaches all memory, with the same mask
 * @needy_mask: that of @needy
 * @plain_mask: that of @plain
 * @ranges: for the dma_range_map of a device
 * @unknown: pages of no known kind before the case
 * @buf: BUF_SIZE bytes, private, zeroed
 * @rmem: a restricted pool of the case's, or %NULL
 */
struct cc_test {
	struct device *needy, *plain;
	u64 needy_mask, plain_mask;
	struct bus_dma_region ranges[2];
	unsigned long unknown;
	u8 *buf;
	struct reserved_mem *rmem;
};

int cc_test_init(struct kunit *test);
/* Fails the case if a page was changed or freed in a wrong way. */
void cc_test_exit(struct kunit *test);

/* How many pages are of no known kind since the case has begun. */
long cc_unknown(struct kunit *test);
/* The address in the linear map. */
void *cc_linear(void *vaddr);
/* A kernel mapping, if it is not the linear one, says of what kind the memory is. */
void cc_expect_mapping(struct kunit *test, void *vaddr, size_t size,
		       bool shared);
/* The device and the CPU see the same memory, which is of that kind. */
void cc_expect_reached(struct kunit *test, struct device *dev, void *vaddr,
		       dma_addr_t addr, size_t size, bool shared);
/* And it is zeroed. */
void cc_expect_new(struct kunit *test, struct device *dev, void *vaddr,
		   dma_addr_t addr, size_t size, bool shared);

#endif /* _KERNEL_DMA_TESTS_CC_FIXTURE_H */
