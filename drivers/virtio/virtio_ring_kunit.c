// SPDX-License-Identifier: GPL-2.0
/*
 * A virtqueue honours or refuses mandatory DMA attributes, whoever maps for it.
 *
 * Without VIRTIO_F_ACCESS_PLATFORM the device is a CPU, which uses guest physical
 * addresses. With it, the DMA API or the device's virtio_map_ops map. The
 * virtqueue is a real one, on a device that is made up and never notified.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define WB	DMA_ATTR_WRITE_BARRIER
#define WEAK	DMA_ATTR_WEAK_ORDERING

#define NUM	4
#define LEN	256

#define PLATFORM	(BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | \
			 BIT_ULL(VIRTIO_F_VERSION_1))
#define ORDERED		(PLATFORM | BIT_ULL(VIRTIO_F_ORDER_PLATFORM))

static bool never_notify(struct virtqueue *vq)
{
	return true;
}

static void delete_virtqueue(void *data)
{
	vring_del_virtqueue(data);
}

static void clear_mask(void *data)
{
	((struct device *)data)->dma_mask = NULL;
}

/* A backend that has a barrier. */

static dma_addr_t ops_map_phys(struct device *dev, phys_addr_t phys,
			       size_t size, enum dma_data_direction dir,
			       unsigned long attrs)
{
	return phys;
}

static void ops_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
}

static const struct dma_map_ops barrier_ops = {
	.mandatory_attrs = RC | WB,
	.map_phys = ops_map_phys,
	.unmap_phys = ops_unmap_phys,
};

/* Mapping operations of a device that copies, as VDUSE has. */

static dma_addr_t copy_map_page(union virtio_map map, struct page *page,
				unsigned long offset, size_t size,
				enum dma_data_direction dir,
				unsigned long attrs)
{
	return 0x1000;
}

static void copy_unmap_page(union virtio_map map, dma_addr_t addr, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
}

static int copy_mapping_error(union virtio_map map, dma_addr_t addr)
{
	return addr == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}

static const struct virtio_map_ops copy_ops = {
	.map_page = copy_map_page,
	.unmap_page = copy_unmap_page,
	.mapping_error = copy_mapping_error,
};

static struct virtqueue *make_virtqueue(struct kunit *test, u64 features,
					const struct virtio_map_ops *map)
{
	struct virtio_device *vdev;
	struct virtqueue *vq;
	struct device *dev;
	void *ring;
	u64 *mask;

	vdev = kunit_kzalloc(test, sizeof(*vdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vdev);
	mask = kunit_kzalloc(test, sizeof(*mask), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mask);
	dev = kunit_device_register(test, "virtio");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev_set_dma_coherent(dev);
	dev->dma_mask = mask;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, clear_mask, dev));
	set_dma_ops(dev, &barrier_ops);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	vdev->dev.parent = dev;
	vdev->features = features;
	vdev->map = map;
	INIT_LIST_HEAD(&vdev->vqs);
	spin_lock_init(&vdev->vqs_list_lock);

	ring = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ring);
	vq = vring_new_virtqueue(0, NUM, PAGE_SIZE, vdev, true, false, ring,
				 never_notify, NULL, "kunit");
	KUNIT_ASSERT_NOT_NULL(test, vq);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, delete_virtqueue, vq));
	return vq;
}

struct virtio_param {
	const char *desc;
	unsigned long attrs;
	enum dma_data_direction dir;
	bool cpu;	/* honoured by a CPU */
	bool soft;	/* by software with the addresses of a platform */
	bool hard;	/* by a device with the order of its platform, too */
	bool copy;	/* by virtio_map_ops */
};

static const struct virtio_param params[] = {
	{ "none", 0, DMA_BIDIRECTIONAL, true, true, true, true },
	{ "hint", WEAK, DMA_FROM_DEVICE, true, true, true, true },
	{ "coherent", RC, DMA_BIDIRECTIONAL, true, true, true, false },
	{ "barrier", WB, DMA_FROM_DEVICE, false, false, true, false },
	{ "barrier to device", WB, DMA_TO_DEVICE, true, true, true, false },
	{ "both", RC | WB, DMA_FROM_DEVICE, false, false, true, false },
	{ "contradiction", WB | WEAK, DMA_TO_DEVICE, false, false, false, false },
	{ "mmio", DMA_ATTR_MMIO, DMA_TO_DEVICE, false, false, false, false },
	{ "shared", DMA_ATTR_CC_SHARED, DMA_TO_DEVICE, false, false, false, false },
	{ "reserved", BIT(31), DMA_TO_DEVICE, false, false, false, false },
};

KUNIT_ARRAY_PARAM_DESC(virtio, params, desc);

static bool maps(struct kunit *test, u64 features,
		 const struct virtio_map_ops *map)
{
	struct virtqueue *vq = make_virtqueue(test, features, map);
	void *buf = kunit_kzalloc(test, LEN, GFP_KERNEL);
	const struct virtio_param *p = test->param_value;
	dma_addr_t addr;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	addr = virtqueue_map_single_attrs(vq, buf, LEN, p->dir, p->attrs);
	if (virtqueue_map_mapping_error(vq, addr))
		return false;
	virtqueue_unmap_single_attrs(vq, addr, LEN, p->dir, p->attrs);
	return true;
}

static void cpu_honours_or_refuses(struct kunit *test)
{
	const struct virtio_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, maps(test, 0, NULL), p->cpu);
}

static void software_has_no_barrier(struct kunit *test)
{
	const struct virtio_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, maps(test, PLATFORM, NULL), p->soft);
}

static void dma_api_decides_for_hardware(struct kunit *test)
{
	const struct virtio_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, maps(test, ORDERED, NULL), p->hard);
}

static void map_ops_refuse(struct kunit *test)
{
	const struct virtio_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, maps(test, PLATFORM, &copy_ops), p->copy);
}

static struct kunit_case virtio_cases[] = {
	KUNIT_CASE_PARAM(cpu_honours_or_refuses, virtio_gen_params),
	KUNIT_CASE_PARAM(software_has_no_barrier, virtio_gen_params),
	KUNIT_CASE_PARAM(dma_api_decides_for_hardware, virtio_gen_params),
	KUNIT_CASE_PARAM(map_ops_refuse, virtio_gen_params),
	{}
};

static struct kunit_suite virtio_suite = {
	.name = "virtio_ring_dma",
	.test_cases = virtio_cases,
};

kunit_test_suite(virtio_suite);

MODULE_DESCRIPTION("KUnit tests of the DMA mapping contract of virtqueues");
MODULE_LICENSE("GPL");
