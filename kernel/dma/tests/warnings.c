// SPDX-License-Identifier: GPL-2.0
/*
 * Has the kernel warned?  WARN(), KASAN and KFENCE tell a tracepoint.  Lockdep does not,
 * but switches itself off; a sleep in atomic context taints the kernel.
 */
#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/debug_locks.h>
#include <linux/dma-kunit.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/panic.h>
#include <trace/events/error_report.h>

static atomic_t reports;

static void report(void *unused, enum error_detector detector, unsigned long id)
{
	atomic_inc(&reports);
}

static int __init warnings_init(void)
{
	register_trace_error_report_end(report, NULL);
	return 0;
}
core_initcall(warnings_init);

/**
 * dma_kunit_warnings() - how often the kernel has warned
 *
 * Context: any.
 * Return: a number that is larger after a warning; not how many there were.
 */
unsigned int dma_kunit_warnings(void)
{
	return atomic_read(&reports) + !debug_locks + test_taint(TAINT_WARN);
}
EXPORT_SYMBOL_IF_KUNIT(dma_kunit_warnings);
