/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ask how a buffer would be mapped, without mapping it.
 *
 * A driver whose buffers are long lived and never synced (RDMA, VFIO, compute)
 * maps them with DMA_ATTR_REQUIRE_COHERENT; one that polls a completion entry
 * maps it with DMA_ATTR_WRITE_BARRIER.  Both are mandatory: the mapping call
 * honours them or fails.  The queries below tell beforehand, so that a driver
 * can choose another way at probe time rather than fail at run time.
 */
#ifndef _LINUX_DMA_CONTRACT_H
#define _LINUX_DMA_CONTRACT_H

#include <linux/dma-mapping.h>
#include <linux/dma-ordering.h>

/**
 * struct dma_query - how a buffer would be mapped
 * @bounce: some part of the buffer would be copied through a bounce buffer
 * @cache_sync: CPU caches would be maintained, unless the caller passes
 *	%DMA_ATTR_SKIP_CPU_SYNC and does it with dma_sync_*() calls
 * @may_exhaust: the mapping takes something that can run out (bounce slots, I/O
 *	addresses, table entries), so it may fail although the query succeeds
 * @ordering: order of the device's writes to the mapping, by dma_get_ordering()
 */
struct dma_query {
	bool			bounce;
	bool			cache_sync;
	bool			may_exhaust;
	enum dma_ordering	ordering;
};

#ifdef CONFIG_HAS_DMA
int dma_query_page(struct device *dev, struct page *page, size_t offset,
		   size_t size, enum dma_data_direction dir,
		   unsigned long attrs, struct dma_query *query);
int dma_query_sg(struct device *dev, struct scatterlist *sg, int nents,
		 enum dma_data_direction dir, unsigned long attrs,
		 struct dma_query *query);
int dma_query_resource(struct device *dev, phys_addr_t phys, size_t size,
		       enum dma_data_direction dir, unsigned long attrs,
		       struct dma_query *query);
int dma_query_alloc(struct device *dev, size_t size, unsigned long attrs,
		    struct dma_query *query);
int dma_query_noncontiguous(struct device *dev, size_t size,
			    enum dma_data_direction dir, unsigned long attrs,
			    struct dma_query *query);
#else
static inline int dma_query_page(struct device *dev, struct page *page,
				 size_t offset, size_t size,
				 enum dma_data_direction dir,
				 unsigned long attrs, struct dma_query *query)
{
	return -EOPNOTSUPP;
}

static inline int dma_query_sg(struct device *dev, struct scatterlist *sg,
			       int nents, enum dma_data_direction dir,
			       unsigned long attrs, struct dma_query *query)
{
	return -EOPNOTSUPP;
}

static inline int dma_query_resource(struct device *dev, phys_addr_t phys,
				     size_t size, enum dma_data_direction dir,
				     unsigned long attrs,
				     struct dma_query *query)
{
	return -EOPNOTSUPP;
}

static inline int dma_query_alloc(struct device *dev, size_t size,
				  unsigned long attrs, struct dma_query *query)
{
	return -EOPNOTSUPP;
}

static inline int dma_query_noncontiguous(struct device *dev, size_t size,
					  enum dma_data_direction dir,
					  unsigned long attrs,
					  struct dma_query *query)
{
	return -EOPNOTSUPP;
}
#endif /* CONFIG_HAS_DMA */

/**
 * dma_attrs_cpu_check - attributes of a "device" that is a CPU
 * @dir: direction of the mapping
 * @attrs: %DMA_ATTR_* attributes of the mapping
 *
 * For subsystems that skip the DMA API where the other side is software or a
 * hypervisor, which accesses memory through CPU caches and never bounces.
 * Such a mapping is coherent; in which order the other side's writes are seen
 * is a matter of its protocol that nobody has declared here.
 *
 * Context: Any.
 * Return: 0 if every mandatory attribute in @attrs is honoured, -EINVAL if they
 *	contradict one another, -EOPNOTSUPP if one is refused.
 */
static inline int dma_attrs_cpu_check(enum dma_data_direction dir,
				      unsigned long attrs)
{
	if (attrs & DMA_ATTR_WRITE_BARRIER && attrs & DMA_ATTR_WEAK_ORDERING)
		return -EINVAL;
	if (dir == DMA_TO_DEVICE)
		attrs &= ~DMA_ATTR_WRITE_BARRIER;
	if (attrs & DMA_ATTR_MANDATORY & ~DMA_ATTR_REQUIRE_COHERENT)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * dma_attrs_cpu_honoured - does a "device" that is a CPU honour attributes?
 * @dir: direction of the mapping
 * @attrs: %DMA_ATTR_* attributes of the mapping
 *
 * As dma_attrs_cpu_check(), for calls that return no errno.
 *
 * Context: Any.
 * Return: true if every mandatory attribute in @attrs is honoured.
 */
static inline bool dma_attrs_cpu_honoured(enum dma_data_direction dir,
					  unsigned long attrs)
{
	return !dma_attrs_cpu_check(dir, attrs);
}

#endif /* _LINUX_DMA_CONTRACT_H */
