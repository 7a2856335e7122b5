// SPDX-License-Identifier: GPL-2.0
/*
 * Does an operation free what it allocates?  It is done many times over: somebody may keep
 * a few objects, but not one for each time.  Counted is what the task of the case takes
 * from kmalloc() and gives to kfree().  Other caches do not count: the nodes of radix trees,
 * for one, are freed after a grace period.  Nor does what is of no cache, being too large:
 * 7.3 traces its allocation twice.
 */
#include <kunit/visibility.h>
#include <linux/dma-kunit.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>

#define TIMES	64

static struct task_struct *task;
static long objects;

static void count(const void *object, long nr)
{
	if (in_task() && current == READ_ONCE(task) &&
	    !ZERO_OR_NULL_PTR(object) && PageSlab(virt_to_head_page(object)))
		objects += nr;
}

static void see_kmalloc(void *unused, unsigned long site, const void *object,
			size_t want, size_t size, gfp_t gfp, int node)
{
	count(object, 1);
}

static void see_kfree(void *unused, unsigned long site, const void *object)
{
	count(object, -1);
}

static void stop(void *unused)
{
	WRITE_ONCE(task, NULL);
	unregister_trace_kmalloc(see_kmalloc, NULL);
	unregister_trace_kfree(see_kfree, NULL);
	tracepoint_synchronize_unregister();
}

/**
 * dma_kunit_expect_freed() - do something many times, and expect that it frees its memory
 * @test: the case
 * @op: what to do; it must itself undo what it does, and must not use memory of @test
 *
 * Nothing is expected without tracepoints.
 *
 * Context: The task of the case. May sleep.
 */
void dma_kunit_expect_freed(struct kunit *test, void (*op)(struct kunit *test))
{
	int i;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS)) {
		kunit_info(test, "not seen: what is not freed, without tracepoints");
		return;
	}
	/* What is allocated once and kept is there from now on. */
	op(test);
	objects = 0;
	register_trace_kmalloc(see_kmalloc, NULL);
	register_trace_kfree(see_kfree, NULL);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, NULL));
	WRITE_ONCE(task, current);
	for (i = 0; i < TIMES; i++)
		op(test);
	kunit_release_action(test, stop, NULL);
	KUNIT_EXPECT_LT(test, objects, TIMES / 2);
}
EXPORT_SYMBOL_IF_KUNIT(dma_kunit_expect_freed);
