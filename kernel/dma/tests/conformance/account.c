// SPDX-License-Identifier: GPL-2.0
/*
 * What a case leaves behind, counted one by one: pages of memory that it has allocated
 * and not freed, and pages of the device's address space that still lead somewhere.
 *
 * Pages of memory are seen by the tracepoints of the page allocator, and each has a bit
 * in a map.  Only what the task of the case allocates counts, whoever frees it.  Slabs
 * and page tables grow as they like and do not count; neither does what the kernel could
 * move away, which a driver cannot use.  Pages from CMA have no such tracepoint.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>
#include "conformance.h"

#define WINDOW		SZ_8M	/* of bus addresses, around one that is in use */

int conf_alive(struct conf *conf)
{
	dma_addr_t addr, base = conf->probe & ~(dma_addr_t)(SZ_4K - 1);
	int alive = 0;

	if (!conf->be->walk || !(conf->be->claims & CONF_TRANSLATES))
		return 0;
	base -= min_t(dma_addr_t, base, WINDOW / 2);
	for (addr = base; addr - base < WINDOW; addr += SZ_4K)
		alive += conf->be->walk(conf, addr) != CONF_NOWHERE;
	return alive;
}

void conf_stay_on_cpu(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

#ifdef CONFIG_TRACEPOINTS
static struct {
	struct task_struct *task;
	unsigned long *pages;		/* bits by page frame number */
	unsigned long nr;
} count;

static void mark(struct page *page, unsigned int order, bool taken)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + (1UL << order);

	for (; pfn < end && pfn < count.nr; pfn++)
		assign_bit(pfn, count.pages, taken);
}

static void allocated(void *unused, struct page *page, unsigned int order,
		      gfp_t gfp, int migratetype)
{
	if (page && in_task() && current == count.task && !(gfp & __GFP_MOVABLE))
		mark(page, order, true);
}

static void freed(void *unused, struct page *page, unsigned int order)
{
	mark(page, order, false);
}

static const struct {
	const char *name;
	void *probe;
} probes[] = {
	{ "mm_page_alloc", allocated },
	{ "mm_page_free", freed },
};

static void attach(struct tracepoint *tp, void *nr)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name) &&
		    !tracepoint_probe_register(tp, probes[i].probe, NULL))
			++*(int *)nr;
}

static void detach(struct tracepoint *tp, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			tracepoint_probe_unregister(tp, probes[i].probe, NULL);
}

static void stop(void *unused)
{
	for_each_kernel_tracepoint(detach, NULL);
	tracepoint_synchronize_unregister();
	vfree(count.pages);
	count.pages = NULL;
}

void conf_count_pages(struct kunit *test)
{
	int nr = 0;

	count.task = current;
	count.nr = max_pfn;
	count.pages = vzalloc(BITS_TO_LONGS(max_pfn) * sizeof(long));
	KUNIT_ASSERT_NOT_NULL(test, count.pages);
	for_each_kernel_tracepoint(attach, &nr);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, NULL));
	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(probes), nr);
}

static bool counts(struct page *page)
{
	return !PageSlab(page) && !PageTable(page);
}

long conf_count_pages_end(struct kunit *test)
{
	unsigned long pfn;
	long left = 0;

	/* What is still to be counted must not come from here. */
	WRITE_ONCE(count.task, NULL);
	for_each_set_bit(pfn, count.pages, count.nr)
		left += counts(pfn_to_page(pfn));
	kunit_release_action(test, stop, NULL);
	return left;
}
#else
void conf_count_pages(struct kunit *test)
{
	kunit_info(test, "not seen: pages that are not freed, without tracepoints");
}

long conf_count_pages_end(struct kunit *test)
{
	return 0;
}
#endif
