// SPDX-License-Identifier: GPL-2.0
/*
 * Xen: swiotlb-xen in a PV domain that has QEMU's edu device.  A buffer is bounced if
 * its pages are not contiguous in machine memory, or always.
 */
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <xen/swiotlb-xen.h>
#include <xen/xen.h>
#include <asm/xen/page.h>
#include "conformance.h"

static const char *xen_missing(void)
{
	if (conf_edu_missing())
		return conf_edu_missing();
	return get_dma_ops(conf_edu) == &xen_swiotlb_dma_ops ?
		NULL : "no swiotlb-xen for the edu device";
}

/* A bus address is an address in machine memory. */
static phys_addr_t machine_to_phys_addr(struct conf *conf, dma_addr_t addr)
{
	unsigned long pfn = bfn_to_local_pfn(PFN_DOWN(addr));

	/* A resource has the same address in the domain. */
	return pfn_valid(pfn) ? PFN_PHYS(pfn) | offset_in_page(addr) : addr;
}

static const struct dma_conformance_backend xen = {
	.name = "xen",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_RESOURCES |
		  CONF_BOUNCES_SOME | CONF_TELLS_SYNC,
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.missing = xen_missing,
	.setup = conf_edu_setup,
	.teardown = conf_edu_teardown,
	.walk = machine_to_phys_addr,
};

static const char *bounce_missing(void)
{
	if (IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC))
		return "expected skip: SWIOTLB_DYNAMIC is set";
	return xen_missing();
}

static struct io_tlb_mem *shared_pool;

/* As with swiotlb=force, but for this device alone. */
static int bounce_setup(struct kunit *test, struct conf *conf)
{
	int ret = conf_edu_setup(test, conf);

	if (ret)
		return ret;
	shared_pool = conf->dev->dma_io_tlb_mem;
	conf->pool = *shared_pool;
#ifdef CONFIG_DEBUG_FS
	atomic_long_set(&conf->pool.total_used, 0);
#endif
	conf->pool.force_bounce = true;
	conf->dev->dma_io_tlb_mem = &conf->pool;
	return 0;
}

static void bounce_teardown(struct conf *conf)
{
	conf->dev->dma_io_tlb_mem = shared_pool;
	conf_edu_teardown(conf);
}

/* The pool can run out, but nothing fills it here. */
static const struct dma_conformance_backend xen_bounce = {
	.name = "xen-bounce",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_RESOURCES |
		  CONF_BOUNCES |
		  (IS_ENABLED(CONFIG_DEBUG_FS) ? CONF_COUNTS : 0),
	.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT,
	.missing = bounce_missing,
	.setup = bounce_setup,
	.teardown = bounce_teardown,
	.walk = machine_to_phys_addr,
	.used = conf_slots_used,
};

static int __init add_xen(void)
{
	dma_conformance_add(&xen);
	dma_conformance_add(&xen_bounce);
	return 0;
}
conf_initcall(add_xen);
