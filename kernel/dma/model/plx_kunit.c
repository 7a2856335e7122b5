// SPDX-License-Identifier: GPL-2.0
/*
 * The driver of the DMA engine in PLX switches, as it is, on a made-up engine.
 *
 * drivers/dma/plx_dma.c knows nothing of this test.  Its probe() finds a PCI
 * function, its ring is in the function's coherent memory, its interrupt handler
 * answers the function's interrupts.  The engine here has the registers that the
 * driver uses.  It looks at the ring whenever the CPU executes a barrier, so that
 * it sees a descriptor before it is complete, if the driver lets it.
 */
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>
#include <linux/dmaengine.h>
#include <linux/pci.h>
#include <linux/sizes.h>

/* What the driver defines for itself. */
#define RING_ADDR	0x214
#define RING_ADDR_HI	0x218
#define RING_COUNT	0x220
#define CTRL		0x238
#define INTR_STATUS	0x23e
#define CTRL_PAUSE	BIT(0)
#define CTRL_START	BIT(3)
#define CTRL_PAUSED	BIT(9)
#define CTRL_ACTIVE	BIT(30)
#define STATUS_DONE	BIT(2)
#define DESC_VALID	BIT(31)
#define DESC_INTERRUPT	BIT(30)
#define DESC_SUCCESS	BIT(30)
#define DESC_RD_FAIL	BIT(29)
#define DESC_WR_FAIL	BIT(28)
#define DESC_SIZE	GENMASK(26, 0)

#define LEN	512		/* of a buffer */

struct desc {
	__le32 flags_and_size;
	__le16 dst_hi;
	__le16 src_hi;
	__le32 dst_lo;
	__le32 src_lo;
};

struct engine {
	dma_addr_t ring;
	u32 count, next;
	bool active;
	u16 status;
	struct dma_chan *chan;
	u8 *src, *dst;		/* LEN */
	struct completion done;
	enum dmaengine_tx_result result;
};

/* The engine, played by the test */

static u32 copy(struct device *dev, const struct desc *d, u32 size)
{
	dma_addr_t src = le32_to_cpu(d->src_lo) |
			 (u64)le16_to_cpu(d->src_hi) << 32;
	dma_addr_t dst = le32_to_cpu(d->dst_lo) |
			 (u64)le16_to_cpu(d->dst_hi) << 32;
	u8 buf[LEN];

	if (size > LEN || dma_model_read(dev, src, buf, size))
		return DESC_RD_FAIL;
	if (dma_model_write(dev, dst, buf, size))
		return DESC_WR_FAIL;
	return DESC_SUCCESS | size;
}

static void engine_runs(struct device *dev, void *priv)
{
	struct engine *e = priv;

	/* The driver's interrupt handler executes barriers, which lead here again. */
	guard(irqsave)();
	while (e->active) {
		dma_addr_t addr = e->ring + e->next * sizeof(struct desc);
		struct desc d;
		u32 flags;

		if (dma_model_read(dev, addr, &d, sizeof(d)))
			return;
		flags = le32_to_cpu(d.flags_and_size);
		if (!(flags & DESC_VALID))
			return;
		e->next = (e->next + 1) % e->count;
		d.flags_and_size = cpu_to_le32(copy(dev, &d, flags & DESC_SIZE));
		dma_model_write(dev, addr, &d.flags_and_size,
				sizeof(d.flags_and_size));
		if (!(flags & DESC_INTERRUPT))
			continue;
		e->status |= STATUS_DONE;
		dma_model_pci_irq(to_pci_dev(dev), true);
	}
}

static unsigned long engine_read(struct pci_dev *pdev, void *priv,
				 unsigned int offset, int size)
{
	struct engine *e = priv;

	switch (offset) {
	case CTRL:
		return e->active ? CTRL_ACTIVE : CTRL_PAUSED;
	case INTR_STATUS:
		return e->status;
	default:
		return 0;
	}
}

static void engine_write(struct pci_dev *pdev, void *priv, unsigned int offset,
			 int size, unsigned long val)
{
	struct engine *e = priv;

	switch (offset) {
	case RING_ADDR:
		e->ring = (e->ring & ~(dma_addr_t)U32_MAX) | (u32)val;
		e->next = 0;
		break;
	case RING_ADDR_HI:
		e->ring = (u32)e->ring | (u64)val << 32;
		break;
	case RING_COUNT:
		e->count = val;
		break;
	case CTRL:
		if (val & CTRL_PAUSE)
			e->active = false;
		if (val & CTRL_START)
			e->active = true;
		engine_runs(&pdev->dev, e);
		break;
	case INTR_STATUS:
		e->status &= ~val;
		if (!e->status)
			dma_model_pci_irq(pdev, false);
		break;
	}
}

/* The client of the driver */

static void copied(void *priv, const struct dmaengine_result *result)
{
	struct engine *e = priv;

	e->result = result->result;
	complete(&e->done);
}

static enum dmaengine_tx_result copy_mapped(struct kunit *test, dma_addr_t dst,
					    dma_addr_t src, size_t len)
{
	struct engine *e = test->priv;
	struct dma_async_tx_descriptor *tx;

	reinit_completion(&e->done);
	tx = dmaengine_prep_dma_memcpy(e->chan, dst, src, len,
				       DMA_PREP_INTERRUPT);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	tx->callback_result = copied;
	tx->callback_param = e;
	dmaengine_submit(tx);
	dma_async_issue_pending(e->chan);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&e->done, 5 * HZ), 0);
	return e->result;
}

static bool wanted(struct dma_chan *chan, void *dev)
{
	return chan->device->dev == dev;
}

static void release(void *chan)
{
	dma_release_channel(chan);
}

static struct dma_chan *open_chan(struct kunit *test, unsigned int features,
				  bool msi)
{
	struct engine *e = test->priv;
	const struct dma_model_pci_params params = {
		.vendor = PCI_VENDOR_ID_PLX, .device = 0x87d0,
		.class = PCI_CLASS_SYSTEM_OTHER << 8,
		.bar_size = SZ_4K, .msi = msi,
		.read = engine_read, .write = engine_write,
		.dma = {
			.features = features | DMA_MODEL_WEAK_CPU,
			/* Above 4 GiB, so that both halves of an address count. */
			.iommu_base = SZ_4G,
			.line = 64, .run = engine_runs, .priv = e,
		},
	};
	dma_cap_mask_t mask;
	struct pci_dev *pdev;

	pdev = kunit_dma_model_pci_add(test, &params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	KUNIT_ASSERT_NOT_NULL(test, pdev->dev.driver);
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	e->chan = dma_request_channel(mask, wanted, &pdev->dev);
	KUNIT_ASSERT_NOT_NULL(test, e->chan);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release, e->chan),
			0);
	return e->chan;
}

/* The tests */

static const struct engine_case {
	const char *name;
	unsigned int features;
	bool msi;
} engine_cases[] = {
	{ "msi", 0, true },
	{ "intx", 0, false },
	{ "cache", DMA_MODEL_CACHE, true },
	{ "iommu", DMA_MODEL_IOMMU | DMA_MODEL_LAZY, true },
	{ "reorder_msi", DMA_MODEL_REORDER, true },
	{ "reorder_intx", DMA_MODEL_REORDER, false },
	{ "bounce", DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL, true },
	{ "all", DMA_MODEL_CACHE | DMA_MODEL_REORDER | DMA_MODEL_IOMMU |
		 DMA_MODEL_LAZY | DMA_MODEL_OFFSET, true },
};

KUNIT_ARRAY_PARAM_DESC(engine, engine_cases, name);

static void the_driver_copies_memory(struct kunit *test)
{
	const struct engine_case *c = test->param_value;
	struct engine *e = test->priv;
	struct dma_chan *chan = open_chan(test, c->features, c->msi);
	struct device *dev = chan->device->dev;
	struct dma_model_fault fault;
	int i;

	for (i = 0; i < 50; i++) {
		size_t len = i * 37 % LEN + 1;
		dma_addr_t src, dst;

		memset(e->src, i, LEN);
		memset(e->dst, ~i, LEN);
		src = dma_map_single(dev, e->src, LEN, DMA_TO_DEVICE);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, src));
		dst = dma_map_single(dev, e->dst, LEN, DMA_FROM_DEVICE);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dst));
		KUNIT_EXPECT_EQ(test, copy_mapped(test, dst, src, len),
				DMA_TRANS_NOERROR);
		dma_unmap_single(dev, dst, LEN, DMA_FROM_DEVICE);
		dma_unmap_single(dev, src, LEN, DMA_TO_DEVICE);
		KUNIT_EXPECT_NULL(test, memchr_inv(e->dst, (u8)i, len));
		KUNIT_EXPECT_NULL(test, memchr_inv(e->dst + len, (u8)~i,
						   LEN - len));
	}
	KUNIT_EXPECT_FALSE(test, dma_model_next_fault(dev, &fault));
	/* The handler has acknowledged all interrupts. */
	KUNIT_EXPECT_EQ(test, e->status, 0);
}

static void the_driver_reports_a_fault(struct kunit *test)
{
	struct dma_chan *chan = open_chan(test, DMA_MODEL_IOMMU, true);
	struct device *dev = chan->device->dev;
	struct dma_model_fault fault;

	KUNIT_EXPECT_EQ(test, copy_mapped(test, 0, 0, 1),
			DMA_TRANS_READ_FAILED);
	KUNIT_ASSERT_TRUE(test, dma_model_next_fault(dev, &fault));
	KUNIT_EXPECT_EQ(test, fault.reason, DMA_MODEL_UNMAPPED);
	KUNIT_EXPECT_FALSE(test, fault.write);
}

/* The status is asked for in process context, while softirqs are enabled. */
static void the_driver_is_polled(struct kunit *test)
{
	struct dma_chan *chan = open_chan(test, 0, true);
	struct device *dev = chan->device->dev;
	struct engine *e = test->priv;
	struct dma_async_tx_descriptor *tx;
	dma_cookie_t cookie;
	dma_addr_t addr;

	addr = dma_map_single(dev, e->src, LEN, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, addr));
	tx = dmaengine_prep_dma_memcpy(chan, addr, addr, LEN, 0);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	cookie = dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	/*
	 * plx_dma_tx_status() reads the descriptor without a barrier; show it what the
	 * engine wrote.
	 */
	rmb();
	KUNIT_EXPECT_EQ(test, dma_async_is_tx_complete(chan, cookie, NULL,
						       NULL), DMA_COMPLETE);
	dma_unmap_single(dev, addr, LEN, DMA_BIDIRECTIONAL);
}

static int engine_init(struct kunit *test)
{
	struct engine *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, e);
	/* Powers of two: alone in their cache lines. */
	e->src = kunit_kzalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e->src);
	e->dst = kunit_kzalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e->dst);
	init_completion(&e->done);
	test->priv = e;
	return 0;
}

static struct kunit_case plx_cases[] = {
	KUNIT_CASE_PARAM(the_driver_copies_memory, engine_gen_params),
	KUNIT_CASE(the_driver_reports_a_fault),
	KUNIT_CASE(the_driver_is_polled),
	{}
};

static struct kunit_suite plx_suite = {
	.name = "dma_model_plx",
	.init = engine_init,
	.test_cases = plx_cases,
};

kunit_test_suite(plx_suite);

MODULE_DESCRIPTION("KUnit test of the PLX DMA driver on model DMA hardware");
MODULE_LICENSE("GPL");
