// SPDX-License-Identifier: GPL-2.0
/*
 * PRIME on model hardware: a buffer that nobody syncs is shared with the devices that
 * see the memory itself, and with no other.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>
#include <linux/iosys-map.h>
#include <linux/sizes.h>

#include <kunit/device.h>
#include <kunit/test.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_prime.h>

#define SIZE	SZ_16K

static const struct importer {
	const char *name;
	unsigned int features;
	bool bounces, snoops;
} importers[] = {
	{ "iommu", DMA_MODEL_IOMMU, false, true },
	{ "noncoherent", DMA_MODEL_CACHE, false, false },
	{ "bounces", DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL, true, true },
};

KUNIT_ARRAY_PARAM_DESC(importer, importers, name);

static void a_map_that_would_bounce_is_refused(struct kunit *test)
{
	const struct importer *param = test->param_value;
	const struct dma_model_params params = { .features = param->features };
	struct drm_gem_shmem_object *shmem = test->priv;
	struct dma_buf_attachment *at;
	struct iosys_map map;
	struct sg_table *sgt;
	struct dma_buf *buf;
	struct device *dev;
	u8 *cpu, byte = 0;

	dev = kunit_device_register(test, "importer");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	KUNIT_ASSERT_EQ(test, 0, kunit_dma_model_attach(test, dev, &params));
	buf = drm_gem_prime_export(&shmem->base, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, buf);
	at = dma_buf_attach(buf, dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(buf, &map));
	cpu = map.vaddr;

	sgt = dma_buf_map_attachment_unlocked(at, DMA_BIDIRECTIONAL);
	if (param->bounces)
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR_OR_ZERO(sgt));
	else
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt);
	if (!IS_ERR(sgt)) {
		cpu[0] = 0x5a;
		KUNIT_EXPECT_EQ(test, 0, dma_model_read(dev, sg_dma_address(sgt->sgl),
							&byte, 1));
		if (param->snoops)
			KUNIT_EXPECT_EQ(test, 0x5a, byte);
		dma_buf_unmap_attachment_unlocked(at, sgt, DMA_BIDIRECTIONAL);
	}

	dma_buf_vunmap_unlocked(buf, &map);
	dma_buf_detach(buf, at);
	dma_buf_put(buf);
}

static const struct file_operations fops;

static const struct drm_driver driver = {
	.driver_features = DRIVER_GEM,
	.fops = &fops,
};

static int prime_init(struct kunit *test)
{
	struct device *dev = drm_kunit_helper_alloc_device(test);
	struct drm_gem_shmem_object *shmem;
	struct drm_device *drm;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	drm = __drm_kunit_helper_alloc_drm_device_with_driver(test, dev,
							      sizeof(*drm), 0,
							      &driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, drm);
	shmem = drm_gem_shmem_create(drm, SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, shmem);
	test->priv = shmem;
	return 0;
}

static void prime_exit(struct kunit *test)
{
	struct drm_gem_shmem_object *shmem = test->priv;

	if (shmem)
		drm_gem_object_put(&shmem->base);
}

static struct kunit_case prime_cases[] = {
	KUNIT_CASE_PARAM(a_map_that_would_bounce_is_refused, importer_gen_params),
	{}
};

static struct kunit_suite prime_suite = {
	.name = "drm_prime_dma",
	.init = prime_init,
	.exit = prime_exit,
	.test_cases = prime_cases,
};

kunit_test_suite(prime_suite);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_DESCRIPTION("KUnit tests of PRIME on model DMA hardware");
MODULE_LICENSE("GPL");
