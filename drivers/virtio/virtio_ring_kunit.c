// SPDX-License-Identifier: GPL-2.0
/*
 * A virtqueue whose device skips the DMA API keeps the contract too.
 *
 * Without VIRTIO_F_ACCESS_PLATFORM the other side is a CPU: what it is given are
 * physical addresses.  With it, the DMA API decides.  The virtqueue is a real one,
 * on a device that is made up and never notified.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define RC	DMA_ATTR_REQUIRE_COHERENT
#define WB	DMA_ATTR_WRITE_BARRIER

#define NUM	4
#define LEN	256

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

static struct virtqueue *make_virtqueue(struct kunit *test, u64 features)
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
	dev->dma_mask = mask;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, clear_mask, dev));
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	vdev->dev.parent = dev;
	vdev->features = features;
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
	bool honoured;	/* by a CPU */
};

static const struct virtio_param params[] = {
	{ "none", 0, DMA_BIDIRECTIONAL, true },
	{ "coherent", RC, DMA_BIDIRECTIONAL, true },
	{ "barrier", WB, DMA_FROM_DEVICE, false },
	{ "barrier to device", WB, DMA_TO_DEVICE, true },
	{ "both", RC | WB, DMA_FROM_DEVICE, false },
	{ "contradiction", WB | DMA_ATTR_WEAK_ORDERING, DMA_TO_DEVICE, false },
	{ "reserved", BIT(31), DMA_TO_DEVICE, false },
	{ "hint", DMA_ATTR_WEAK_ORDERING, DMA_FROM_DEVICE, true },
};

KUNIT_ARRAY_PARAM_DESC(virtio, params, desc);

static bool maps(struct kunit *test, struct virtqueue *vq, void *buf)
{
	const struct virtio_param *p = test->param_value;
	dma_addr_t addr;

	addr = virtqueue_dma_map_single_attrs(vq, buf, LEN, p->dir, p->attrs);
	if (virtqueue_dma_mapping_error(vq, addr))
		return false;
	virtqueue_dma_unmap_single_attrs(vq, addr, LEN, p->dir, p->attrs);
	return true;
}

static void without_the_dma_api_it_is_kept_or_refused(struct kunit *test)
{
	const struct virtio_param *p = test->param_value;
	struct virtqueue *vq = make_virtqueue(test, 0);
	void *buf = kunit_kzalloc(test, LEN, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, p->honoured, maps(test, vq, buf));
}

static void with_the_dma_api_it_decides(struct kunit *test)
{
	const struct virtio_param *p = test->param_value;
	void *buf = kunit_kzalloc(test, LEN, GFP_KERNEL);
	struct virtqueue *vq;
	struct device *dev;
	dma_addr_t addr;
	bool mapped;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	vq = make_virtqueue(test, BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
				  BIT_ULL(VIRTIO_F_VERSION_1));
	dev = vq->vdev->dev.parent;
	addr = dma_map_single_attrs(dev, buf, LEN, p->dir, p->attrs);
	mapped = !dma_mapping_error(dev, addr);
	if (mapped)
		dma_unmap_single_attrs(dev, addr, LEN, p->dir, p->attrs);
	KUNIT_EXPECT_EQ(test, mapped, maps(test, vq, buf));
}

static struct kunit_case virtio_cases[] = {
	KUNIT_CASE_PARAM(without_the_dma_api_it_is_kept_or_refused, virtio_gen_params),
	KUNIT_CASE_PARAM(with_the_dma_api_it_decides, virtio_gen_params),
	{}
};

static struct kunit_suite virtio_suite = {
	.name = "virtio_ring_dma",
	.test_cases = virtio_cases,
};

kunit_test_suites(&virtio_suite);

MODULE_DESCRIPTION("KUnit tests of the DMA mapping contract of virtqueues");
MODULE_LICENSE("GPL");
