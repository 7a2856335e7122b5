// SPDX-License-Identifier: GPL-2.0
/*
 * In which order a device's writes are seen: who may say so, and who wins.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-ordering.h>
#include <linux/irq_work.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

static int ordering_test_init(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "dma-ordering");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	test->priv = dev;
	return 0;
}

static void a_device_of_no_bus_is_unknown(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dma_get_ordering(test->priv),
			DMA_ORDERING_UNKNOWN);
}

static void a_declaration_is_returned(struct kunit *test)
{
	struct device *dev = test->priv;
	int i;

	for (i = DMA_ORDERING_WEAK; i <= DMA_ORDERING_STRONG; i++) {
		KUNIT_EXPECT_EQ(test, dma_set_ordering(dev, i), 0);
		KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), i);
	}
}

static void a_declaration_can_be_taken_back(struct kunit *test)
{
	struct device *dev = test->priv;

	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG), 0);
	KUNIT_EXPECT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_UNKNOWN), 0);
	KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), DMA_ORDERING_UNKNOWN);
}

static void a_declaration_out_of_range_changes_nothing(struct kunit *test)
{
	struct device *dev = test->priv;

	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_WEAK), 0);
	KUNIT_EXPECT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG + 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dma_set_ordering(dev, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), DMA_ORDERING_WEAK);
}

static enum dma_ordering weak_barrier(struct device *dev)
{
	return DMA_ORDERING_WEAK_BARRIER;
}

static void a_backend_that_says_nothing_is_unknown(struct kunit *test)
{
	static const struct dma_map_ops silent_ops = { };
	struct device *dev = test->priv;

	set_dma_ops(dev, &silent_ops);
	KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), DMA_ORDERING_UNKNOWN);
}

static void a_backend_answers_unless_the_platform_did(struct kunit *test)
{
	static const struct dma_map_ops ops = { .get_ordering = weak_barrier };
	struct device *dev = test->priv;

	set_dma_ops(dev, &ops);
	KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), DMA_ORDERING_WEAK_BARRIER);
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_WEAK), 0);
	KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), DMA_ORDERING_WEAK);
}

#ifdef CONFIG_PCI
static void a_pci_function_is_strong(struct kunit *test)
{
	struct pci_dev *pdev = NULL;
	int found = 0;

	for_each_pci_dev(pdev) {
		found++;
		KUNIT_EXPECT_EQ_MSG(test, dma_path_ordering(&pdev->dev),
				    DMA_ORDERING_STRONG, "%s", pci_name(pdev));
	}
	if (!found)
		kunit_skip(test, "no PCI device");
}
#endif

/* dma_flush_writes(): who is asked, and what the answer is. */

static atomic_t flushes;
static int flush_ret;

static int count_flush(struct device *dev)
{
	atomic_inc(&flushes);
	return flush_ret;
}

static struct device *flush_device(struct kunit *test)
{
	struct device *dev = test->priv;

	atomic_set(&flushes, 0);
	flush_ret = 0;
	return dev;
}

static void flush_of_no_device_is_invalid(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dma_flush_writes(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dma_set_flush_writes(NULL, count_flush), -EINVAL);
}

static void flush_without_means_is_not_supported(struct kunit *test)
{
	struct device *dev = test->priv;

	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -EOPNOTSUPP);
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG), 0);
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -EOPNOTSUPP);
}

static void flush_asks_the_backend_first(struct kunit *test)
{
	static const struct dma_map_ops ops = { .flush_writes = count_flush };
	struct device *dev = flush_device(test);

	set_dma_ops(dev, &ops);
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 1);
	flush_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 2);
}

static void flush_reads_as_the_driver_says(struct kunit *test)
{
	struct device *dev = flush_device(test);

	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG), 0);
	KUNIT_ASSERT_EQ(test, dma_set_flush_writes(dev, count_flush), 0);
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 1);
	flush_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -ENODEV);
	KUNIT_ASSERT_EQ(test, dma_set_flush_writes(dev, NULL), 0);
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -EOPNOTSUPP);
}

/* A read proves nothing about a path that reorders. */
static void flush_of_a_path_not_strong_needs_the_backend(struct kunit *test)
{
	struct device *dev = flush_device(test);
	int i;

	KUNIT_ASSERT_EQ(test, dma_set_flush_writes(dev, count_flush), 0);
	for (i = DMA_ORDERING_UNKNOWN; i < DMA_ORDERING_STRONG; i++) {
		KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, i), 0);
		KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -EOPNOTSUPP);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 0);
}

static void flush_forgets_the_driver_at_unbind(struct kunit *test)
{
	struct device *dev = flush_device(test);

	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG), 0);
	KUNIT_ASSERT_EQ(test, dma_set_flush_writes(dev, count_flush), 0);
	device_release_driver(dev);
	KUNIT_EXPECT_EQ(test, dma_flush_writes(dev), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 0);
}

struct flush_work {
	struct irq_work work;
	struct device *dev;
	bool in_hardirq;
	int ret;
};

static void flush_in_irq(struct irq_work *work)
{
	struct flush_work *fw = container_of(work, struct flush_work, work);

	fw->in_hardirq = in_hardirq();
	fw->ret = dma_flush_writes(fw->dev);
}

static int flush_under_lock(struct device *dev)
{
	static DEFINE_RAW_SPINLOCK(lock);
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&lock, flags);
	ret = dma_flush_writes(dev);
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

/* Lockdep and might_sleep() judge whatever takes part. */
static void expect_flush_in_any_context(struct kunit *test, struct device *dev)
{
	struct flush_work fw = {
		.work = IRQ_WORK_INIT_HARD(flush_in_irq),
		.dev = dev,
		.ret = 1,
	};

	irq_work_queue(&fw.work);
	irq_work_sync(&fw.work);
	KUNIT_EXPECT_EQ(test, fw.ret, 0);
	KUNIT_EXPECT_EQ(test, flush_under_lock(dev), 0);
	if (!fw.in_hardirq)
		kunit_info(test, "irq_work is not run in hard IRQ context\n");
}

static void flush_works_in_any_context(struct kunit *test)
{
	struct device *dev = flush_device(test);

	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG), 0);
	KUNIT_ASSERT_EQ(test, dma_set_flush_writes(dev, count_flush), 0);
	expect_flush_in_any_context(test, dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 2);
}

#ifdef CONFIG_PCI
/* A PCI function without a bus behind it: 256 bytes that are counted. */
struct fake_pci {
	struct pci_dev pdev;
	struct pci_bus bus;
	struct pci_ops ops;
	u8 config[256];
	int reads;
	int ret;
};

static int fake_read(struct pci_bus *bus, unsigned int devfn, int where,
		     int size, u32 *val)
{
	struct fake_pci *fake = container_of(bus, struct fake_pci, bus);

	fake->reads++;
	*val = 0;
	memcpy(val, fake->config + where, size);
	le32_to_cpus(val);
	return fake->ret;
}

static int fake_write(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 val)
{
	struct fake_pci *fake = container_of(bus, struct fake_pci, bus);

	cpu_to_le32s(&val);
	memcpy(fake->config + where, &val, size);
	return fake->ret;
}

static struct fake_pci *fake_pci(struct kunit *test)
{
	struct fake_pci *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->ops.read = fake_read;
	fake->ops.write = fake_write;
	fake->bus.ops = &fake->ops;
	fake->pdev.bus = &fake->bus;
	fake->pdev.error_state = pci_channel_io_normal;
	fake->pdev.dev.bus = &pci_bus_type;
	spin_lock_init(&fake->pdev.pcie_cap_lock);
	return fake;
}

static void flush_reads_from_the_function_itself(struct kunit *test)
{
	struct fake_pci *fake = fake_pci(test);

	KUNIT_EXPECT_EQ(test, dma_flush_writes(&fake->pdev.dev), 0);
	KUNIT_EXPECT_EQ(test, fake->reads, 1);
	expect_flush_in_any_context(test, &fake->pdev.dev);
	KUNIT_EXPECT_EQ(test, fake->reads, 3);
}

static void flush_of_a_function_prefers_the_driver(struct kunit *test)
{
	struct fake_pci *fake = fake_pci(test);

	atomic_set(&flushes, 0);
	flush_ret = 0;
	KUNIT_ASSERT_EQ(test, dma_set_flush_writes(&fake->pdev.dev,
						   count_flush), 0);
	KUNIT_EXPECT_EQ(test, dma_flush_writes(&fake->pdev.dev), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&flushes), 1);
	KUNIT_EXPECT_EQ(test, fake->reads, 0);
}

static void flush_of_a_silent_function_fails(struct kunit *test)
{
	struct fake_pci *fake = fake_pci(test);

	fake->ret = PCIBIOS_DEVICE_NOT_FOUND;
	KUNIT_EXPECT_EQ(test, dma_flush_writes(&fake->pdev.dev), -ENODEV);
	fake->ret = 0;
	memset(fake->config, 0xff, sizeof(fake->config));
	KUNIT_EXPECT_EQ(test, dma_flush_writes(&fake->pdev.dev), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake->reads, 2);
	fake->pdev.error_state = pci_channel_io_perm_failure;
	KUNIT_EXPECT_EQ(test, dma_flush_writes(&fake->pdev.dev), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake->reads, 2);
}
#endif

static struct kunit_case ordering_test_cases[] = {
	KUNIT_CASE(a_device_of_no_bus_is_unknown),
	KUNIT_CASE(a_declaration_is_returned),
	KUNIT_CASE(a_declaration_can_be_taken_back),
	KUNIT_CASE(a_declaration_out_of_range_changes_nothing),
	KUNIT_CASE(a_backend_that_says_nothing_is_unknown),
	KUNIT_CASE(a_backend_answers_unless_the_platform_did),
	KUNIT_CASE(flush_of_no_device_is_invalid),
	KUNIT_CASE(flush_without_means_is_not_supported),
	KUNIT_CASE(flush_asks_the_backend_first),
	KUNIT_CASE(flush_reads_as_the_driver_says),
	KUNIT_CASE(flush_of_a_path_not_strong_needs_the_backend),
	KUNIT_CASE(flush_forgets_the_driver_at_unbind),
	KUNIT_CASE(flush_works_in_any_context),
#ifdef CONFIG_PCI
	KUNIT_CASE(a_pci_function_is_strong),
	KUNIT_CASE(flush_reads_from_the_function_itself),
	KUNIT_CASE(flush_of_a_function_prefers_the_driver),
	KUNIT_CASE(flush_of_a_silent_function_fails),
#endif
	{}
};

static struct kunit_suite ordering_test_suite = {
	.name = "dma_ordering",
	.init = ordering_test_init,
	.test_cases = ordering_test_cases,
};

kunit_test_suite(ordering_test_suite);

MODULE_DESCRIPTION("KUnit tests of the order of DMA writes");
MODULE_LICENSE("GPL");
