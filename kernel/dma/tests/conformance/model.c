// SPDX-License-Identifier: GPL-2.0
/*
 * The model hardware of kernel/dma/model/ as backends: each feature on its own, and
 * all of them together.
 */
#include <linux/dma-model.h>
#include <linux/init.h>
#include "conformance.h"

struct model {
	struct dma_conformance_backend be;
	unsigned int features;		/* DMA_MODEL_* */
};

static int model_setup(struct kunit *test, struct conf *conf)
{
	const struct dma_model_params params = {
		.features = container_of(conf->be, struct model, be)->features,
	};
	int ret = conf_made_up(test, conf) ?:
		  dma_model_attach(conf->dev, &params);

	return ret ?: dma_set_mask_and_coherent(conf->dev, DMA_BIT_MASK(64));
}

static void model_teardown(struct conf *conf)
{
	dma_model_detach(conf->dev);
	conf_made_up_teardown(conf);
}

static int model_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len)
{
	dma_model_flush_iotlb(conf->dev);
	return dma_model_read(conf->dev, addr, buf, len);
}

static int model_write(struct conf *conf, dma_addr_t addr, const void *buf,
		       size_t len)
{
	int ret;

	dma_model_flush_iotlb(conf->dev);
	ret = dma_model_write(conf->dev, addr, buf, len);
	dma_model_drain(conf->dev);
	return ret;
}

static phys_addr_t model_walk(struct conf *conf, dma_addr_t addr)
{
	return dma_model_walk(conf->dev, addr);
}

static void model_fail(struct conf *conf, int n)
{
	dma_model_fail(conf->dev, n < 0 ? 0 : n + 1);
}

static long model_used(struct conf *conf)
{
	struct dma_model_stats stats;

	dma_model_get_stats(conf->dev, &stats);
	return stats.maps + stats.slots + stats.iommu_pages - stats.iommu_stale;
}

#define MODEL(_name, _features, _claims, _max)				\
	{								\
		.features = _features,					\
		.be = {							\
			.name = _name,					\
			.claims = CONF_TRANSLATES | CONF_COUNTS |	\
				  CONF_PAGES | CONF_MMAP | (_claims),	\
			.max_mapping = _max,				\
			.missing = conf_nothing_missing,		\
			.setup = model_setup,				\
			.teardown = model_teardown,			\
			.walk = model_walk,				\
			.read = model_read,				\
			.write = model_write,				\
			.fail = model_fail,				\
			.used = model_used,				\
			.everywhere = true,				\
		},							\
	}

#define RIGHTS		(CONF_DENIES_READ | CONF_DENIES_WRITE)
#define KEEPS		(CONF_KEEPS | CONF_KEEPS_PAGES)
#define IOMMU_MAX	(255 * PAGE_SIZE)
#define BOUNCE_MAX	(32 * PAGE_SIZE)

/* A device that does not snoop works on a copy, too, until it is synced. */
static const struct model models[] = {
	MODEL("model-cache", DMA_MODEL_CACHE, CONF_BOUNCES | CONF_RESOURCES, 0),
	MODEL("model-reorder", DMA_MODEL_REORDER,
	      CONF_COHERENT | CONF_RESOURCES, 0),
	MODEL("model-offset", DMA_MODEL_OFFSET, CONF_COHERENT, 0),
	MODEL("model-iommu", DMA_MODEL_IOMMU,
	      CONF_COHERENT | CONF_EXHAUSTS | CONF_RESOURCES | RIGHTS,
	      IOMMU_MAX),
	MODEL("model-bounce", DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL,
	      CONF_BOUNCES | CONF_EXHAUSTS | CONF_RESOURCES | KEEPS, BOUNCE_MAX),
	MODEL("model-cache-iommu", DMA_MODEL_CACHE | DMA_MODEL_REORDER |
	      DMA_MODEL_IOMMU | DMA_MODEL_LAZY | DMA_MODEL_OFFSET,
	      CONF_BOUNCES | CONF_EXHAUSTS | RIGHTS, IOMMU_MAX),
	MODEL("model-all", DMA_MODEL_CACHE | DMA_MODEL_REORDER |
	      DMA_MODEL_IOMMU | DMA_MODEL_LAZY | DMA_MODEL_BOUNCE |
	      DMA_MODEL_BOUNCE_ALL | DMA_MODEL_OFFSET,
	      CONF_BOUNCES | CONF_EXHAUSTS | KEEPS | RIGHTS, BOUNCE_MAX),
};

static int __init add_models(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		dma_conformance_add(&models[i].be);
	return 0;
}
conf_initcall(add_models);
