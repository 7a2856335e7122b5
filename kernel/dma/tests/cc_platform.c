// SPDX-License-Identifier: GPL-2.0
/*
 * A made-up platform on which memory is encrypted, for the suite dma_cc on um.
 *
 * It is what the DMA code sees of such a platform: cc_platform_has(), a bit in the bus
 * address and in the page tables of shared memory, force_dma_unencrypted() for the
 * devices that the test names, and set_memory_*(), of which the test lets some calls
 * fail.
 *
 * For each page it knows whether it is private or shared.  It is stricter than any
 * hardware: to change a page to what it is already, and to return one to the page
 * allocator that is not private, are mistakes that the test finds counted.  The contents
 * of a page do not survive a change.  After one that has failed, nobody knows what the
 * page is.
 *
 * The owner of a page changes it, and its owner frees it.  So there is no lock.
 */
#include <linux/cc_platform.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>
#include <trace/events/kmem.h>
#include "cc_platform.h"

static struct {
	u8 *pages;			/* enum cc_state of each */
	struct device *needy[4];
	bool host;
	struct task_struct *task;	/* of cc_watch() */
	atomic_t calls;
	unsigned int first, last;	/* to fail */
	atomic_t mistakes[NR_CC_MISTAKES];
} cc;

void cc_reset(void)
{
	int i;

	memset(cc.needy, 0, sizeof(cc.needy));
	cc.host = false;
	cc_watch(NULL, 0, 0);
	for (i = 0; i < NR_CC_MISTAKES; i++)
		atomic_set(&cc.mistakes[i], 0);
}

void cc_need_shared(struct device *dev)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cc.needy) && cc.needy[i]; i++)
		;
	if (!WARN_ON(i == ARRAY_SIZE(cc.needy)))
		cc.needy[i] = dev;
}

void cc_be_host(bool host)
{
	cc.host = host;
}

void cc_watch(struct task_struct *task, unsigned int first, unsigned int last)
{
	cc.task = task;
	atomic_set(&cc.calls, 0);
	cc.first = first;
	cc.last = last;
}

unsigned int cc_calls(void)
{
	return atomic_read(&cc.calls);
}

unsigned int cc_mistakes(enum cc_mistake mistake)
{
	return atomic_read(&cc.mistakes[mistake]);
}

unsigned long cc_count(enum cc_state state)
{
	unsigned long pfn, nr = 0;

	for (pfn = 0; pfn < max_pfn; pfn++)
		nr += READ_ONCE(cc.pages[pfn]) == state;
	return nr;
}

bool cc_is(const void *vaddr, size_t size, enum cc_state state)
{
	unsigned long pfn = PHYS_PFN(__pa(vaddr));
	unsigned long end = PHYS_PFN(__pa(vaddr) + size - 1);

	for (; pfn <= end; pfn++)
		if (pfn >= max_pfn || READ_ONCE(cc.pages[pfn]) != state)
			return false;
	return true;
}

void *cc_reach(struct device *dev, dma_addr_t addr, size_t size)
{
	bool shared = addr & CC_DMA_SHARED;
	void *vaddr = phys_to_virt(dma_to_phys(dev, addr));

	if (force_dma_unencrypted(dev) && !shared)
		return NULL;
	return cc_is(vaddr, size, shared ? CC_SHARED : CC_PRIVATE) ? vaddr :
								      NULL;
}

static void mistake(enum cc_mistake which, unsigned long addr, void *caller)
{
	static const char * const names[] = {
		"shared twice", "private twice", "freed while not private",
		"not in the linear map",
	};

	atomic_inc(&cc.mistakes[which]);
	pr_info("dma_cc: %lx is %s, by %pS in %s\n", addr, names[which], caller,
		current->comm);
}

static int change(unsigned long addr, int numpages, enum cc_state to,
		  enum cc_mistake twice, void *caller)
{
	unsigned long pfn = PHYS_PFN(__pa(addr)), end = pfn + numpages;
	bool fails = false;
	unsigned int call;

	might_sleep();
	if (!PAGE_ALIGNED(addr) || numpages <= 0 || pfn >= max_pfn ||
	    end > max_pfn) {
		mistake(CC_NOT_LINEAR, addr, caller);
		return -EINVAL;
	}
	if (!cc.task || cc.task == current) {
		call = atomic_inc_return(&cc.calls);
		fails = call >= cc.first && call <= cc.last;
	}
	for (; pfn < end; pfn++) {
		if (cc.pages[pfn] == to)
			mistake(twice, pfn << PAGE_SHIFT, caller);
		WRITE_ONCE(cc.pages[pfn], fails ? CC_UNKNOWN : to);
	}
	memset((void *)addr, CC_LOST, (size_t)numpages << PAGE_SHIFT);
	return fails ? -EIO : 0;
}

int set_memory_encrypted(unsigned long addr, int numpages)
{
	return change(addr, numpages, CC_PRIVATE, CC_PRIVATE_TWICE,
		      __builtin_return_address(0));
}

int set_memory_decrypted(unsigned long addr, int numpages)
{
	return change(addr, numpages, CC_SHARED, CC_SHARED_TWICE,
		      __builtin_return_address(0));
}

static void probe_free(void *data, struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + (1UL << order);

	for (; pfn < end; pfn++) {
		if (READ_ONCE(cc.pages[pfn]) == CC_PRIVATE)
			continue;
		mistake(CC_FREED, pfn << PAGE_SHIFT, NULL);
		/* Once is enough. */
		WRITE_ONCE(cc.pages[pfn], CC_PRIVATE);
	}
}

bool cc_platform_has(enum cc_attr attr)
{
	switch (attr) {
	case CC_ATTR_MEM_ENCRYPT:
		return cc.pages;
	case CC_ATTR_HOST_MEM_ENCRYPT:
		return cc.pages && cc.host;
	case CC_ATTR_GUEST_MEM_ENCRYPT:
		return cc.pages && !cc.host;
	default:
		return false;
	}
}
EXPORT_SYMBOL_GPL(cc_platform_has);

bool force_dma_unencrypted(struct device *dev)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cc.needy); i++)
		if (dev && READ_ONCE(cc.needy[i]) == dev)
			return true;
	return false;
}

/* For devices that do not snoop.  um has no cache. */
void arch_sync_dma_for_device(phys_addr_t paddr, size_t size,
			      enum dma_data_direction dir)
{
}

/* Before the atomic pools are filled, which ask cc_platform_has(). */
static int __init cc_platform_init(void)
{
	u8 *pages = vzalloc(max_pfn);

	if (!pages)
		return -ENOMEM;
	cc.pages = pages;
	swiotlb_update_mem_attributes();
	return register_trace_mm_page_free(probe_free, NULL);
}
early_initcall(cc_platform_init);
