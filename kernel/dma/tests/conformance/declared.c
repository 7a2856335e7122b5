// SPDX-License-Identifier: GPL-2.0
/*
 * A device with memory of its own, as a platform declares it: coherent memory comes from
 * there, and everything else from where that of other devices comes from.
 */
#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include "../declared.h"
#include "conformance.h"

/* Promise 29 takes four pages for some of its blocks. */
#define SIZE	max_t(size_t, SZ_1M, 64 * PAGE_SIZE)

#ifdef CONFIG_DMA_MEMORY_KUNIT_TEST
/* The device and the CPU have the same address for it. */
static void *memory;

static int declared_setup(struct kunit *test, struct conf *conf)
{
	phys_addr_t phys;
	int ret = conf_made_up(test, conf);

	if (ret)
		return ret;
	/* Each page has a count of its own. */
	memory = alloc_pages_exact(SIZE, GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	phys = virt_to_phys(memory);
	declared_ram(test);
	ret = dma_declare_coherent_memory(conf->dev, phys,
					  phys_to_dma(conf->dev, phys), SIZE);
	if (ret)
		free_pages_exact(memory, SIZE);
	return ret;
}

static void declared_teardown(struct conf *conf)
{
	dma_release_coherent_memory(conf->dev);
	free_pages_exact(memory, SIZE);
	conf_made_up_teardown(conf);
}

/* 1 if the memory cannot be had in one piece, so that some of it is lost. */
static long declared_used(struct conf *conf)
{
	dma_addr_t addr;
	void *vaddr = dma_alloc_coherent(conf->dev, SIZE, &addr, GFP_KERNEL);

	if (!vaddr)
		return 1;
	dma_free_coherent(conf->dev, SIZE, vaddr, addr);
	return 0;
}
#else
#define declared_setup		conf_made_up
#define declared_teardown	conf_made_up_teardown
#define declared_used		NULL
#endif

static const char *declared_missing(void)
{
	return IS_ENABLED(CONFIG_DMA_MEMORY_KUNIT_TEST) ?
	       NULL : "expected skip: no DMA_MEMORY_KUNIT_TEST";
}

static const struct dma_conformance_backend declared = {
	.name = "declared",
	.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP | CONF_RESOURCES |
		  CONF_TELLS_SYNC | CONF_KEEPS,
	.missing = declared_missing,
	.setup = declared_setup,
	.teardown = declared_teardown,
	.walk = conf_identity,
	.used = declared_used,
	.everywhere = true,
};

static int __init add_declared(void)
{
	dma_conformance_add(&declared);
	return 0;
}
conf_initcall(add_declared);
