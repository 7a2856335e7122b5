/* SPDX-License-Identifier: GPL-2.0 */
/* A made-up platform on which memory is encrypted, see cc_platform.c. */
#ifndef _KERNEL_DMA_TESTS_CC_PLATFORM_H
#define _KERNEL_DMA_TESTS_CC_PLATFORM_H

#include <linux/device.h>
#include <linux/sched.h>

/**
 * enum cc_state - what a page is
 * @CC_PRIVATE: the guest's own, as every page at boot
 * @CC_SHARED: shared with the host
 * @CC_UNKNOWN: a change has failed; only set_memory_encrypted() can make it usable
 */
enum cc_state {
	CC_PRIVATE,
	CC_SHARED,
	CC_UNKNOWN,
};

/**
 * enum cc_mistake - what may not be done to a page
 * @CC_SHARED_TWICE: share a page that is shared
 * @CC_PRIVATE_TWICE: make a page private that is private
 * @CC_FREED: return a page to the page allocator that is not private
 * @CC_NOT_LINEAR: change an address that is no page of the linear map
 * @NR_CC_MISTAKES: their number
 */
enum cc_mistake {
	CC_SHARED_TWICE,
	CC_PRIVATE_TWICE,
	CC_FREED,
	CC_NOT_LINEAR,
	NR_CC_MISTAKES,
};

/* What a page has in it once it was shared or made private. */
#define CC_LOST	0x6b

/* No device needs shared memory, nothing fails, a guest, no mistakes. */
void cc_reset(void);
/* Devices that reach only shared memory; up to four, NULL is none. */
void cc_need_shared(struct device *dev);
/* Host memory is encrypted, not that of a guest. */
void cc_be_host(bool host);
/*
 * From now on count the calls of set_memory_*() that @task makes, or any if it is NULL,
 * and let those from the @first to the @last one fail, none if they are 0.
 */
void cc_watch(struct task_struct *task, unsigned int first, unsigned int last);
unsigned int cc_calls(void);
unsigned int cc_mistakes(enum cc_mistake mistake);
unsigned long cc_count(enum cc_state state);
bool cc_is(const void *vaddr, size_t size, enum cc_state state);
/*
 * What the device finds at a bus address: NULL if it is stopped.  It is if a page in the
 * range is not of the kind that the address says, or the device may not use that kind.
 */
void *cc_reach(struct device *dev, dma_addr_t addr, size_t size);

#endif /* _KERNEL_DMA_TESTS_CC_PLATFORM_H */
