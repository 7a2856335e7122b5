/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What subsystems ask about mappings, without or before a map.
 *
 * dma_attrs_cpu_check() is for subsystems that skip the DMA API.
 *
 * A software RDMA device, or the hypervisor behind a virtqueue, uses kernel virtual
 * or guest physical addresses. Their subsystems do not call the DMA API, because a
 * CPU does the work of the device. (hfi1 is hardware, but what it reads or writes
 * itself the driver maps and unmaps, for each packet or TID RDMA segment.) They have to
 * honour or refuse mandatory attributes themselves.
 */
#ifndef _LINUX_DMA_CONTRACT_H
#define _LINUX_DMA_CONTRACT_H

#include <linux/dma-mapping.h>

/**
 * dma_attrs_cpu_check - check the attributes of a mapping for a software device
 * @dir: direction of the mapping
 * @attrs: %DMA_ATTR_* attributes of the mapping
 *
 * For callers that map ordinary memory for a device that is software. A CPU
 * accesses the memory through its caches and without a bounce buffer, so
 * %DMA_ATTR_REQUIRE_COHERENT is honoured. The order in which the writes are seen
 * depends on the barriers of the device's protocol, so %DMA_ATTR_WRITE_BARRIER is
 * refused unless @dir is %DMA_TO_DEVICE. %DMA_ATTR_CC_SHARED and reserved
 * attributes are refused.
 *
 * Context: Any.
 * Return: 0 if every mandatory attribute in @attrs is honoured, -EINVAL if they
 *	contradict one another or are not for ordinary memory (%DMA_ATTR_MMIO),
 *	-EOPNOTSUPP if one is refused.
 */
static inline int dma_attrs_cpu_check(enum dma_data_direction dir,
				      unsigned long attrs)
{
	if (likely(!(attrs & DMA_ATTR_MANDATORY)))
		return 0;
	if (attrs & DMA_ATTR_MMIO)
		return -EINVAL;
	if (attrs & DMA_ATTR_WRITE_BARRIER && attrs & DMA_ATTR_WEAK_ORDERING)
		return -EINVAL;
	if (dir == DMA_TO_DEVICE)
		attrs &= ~DMA_ATTR_WRITE_BARRIER;
	if (attrs & DMA_ATTR_MANDATORY & ~DMA_ATTR_REQUIRE_COHERENT)
		return -EOPNOTSUPP;
	return 0;
}

#ifdef CONFIG_HAS_DMA
bool dma_sgtable_bounces(struct device *dev, struct sg_table *sgt,
			 enum dma_data_direction dir);
bool dma_ram_bounces(struct device *dev);
#else
static inline bool dma_sgtable_bounces(struct device *dev, struct sg_table *sgt,
				       enum dma_data_direction dir)
{
	return false;
}

static inline bool dma_ram_bounces(struct device *dev)
{
	return false;
}
#endif

#endif /* _LINUX_DMA_CONTRACT_H */
