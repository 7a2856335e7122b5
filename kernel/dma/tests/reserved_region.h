/* SPDX-License-Identifier: GPL-2.0 */
/* What a reserved region of the device tree does for the devices that name it. */
#ifndef _KERNEL_DMA_TESTS_RESERVED_REGION_H
#define _KERNEL_DMA_TESTS_RESERVED_REGION_H

#include <linux/init.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/string.h>

extern const struct of_device_id __reservedmem_of_table[];

/*
 * The operations of regions that are compatible to @name.  "shared-dma-pool" has those of
 * CMA, which alone have a ->node_fixup(), and those of declared memory.  The table is
 * freed after boot; the operations are not.
 */
static inline const struct reserved_mem_ops *__init
reserved_region_ops(const char *name, bool cma)
{
	const struct of_device_id *id;

	for (id = __reservedmem_of_table; id->compatible[0]; id++) {
		const struct reserved_mem_ops *ops = id->data;

		if (!strcmp(id->compatible, name) &&
		    !!ops->node_fixup == cma)
			return ops;
	}
	return NULL;
}

#endif /* _KERNEL_DMA_TESTS_RESERVED_REGION_H */
