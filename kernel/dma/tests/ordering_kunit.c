// SPDX-License-Identifier: GPL-2.0
/*
 * In which order a device's writes are seen: who may say so, and who wins.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-ordering.h>
#include <linux/pci.h>

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
		KUNIT_EXPECT_EQ_MSG(test, dma_get_ordering(&pdev->dev),
				    DMA_ORDERING_STRONG, "%s", pci_name(pdev));
	}
	if (!found)
		kunit_skip(test, "no PCI device");
}
#endif

static struct kunit_case ordering_test_cases[] = {
	KUNIT_CASE(a_device_of_no_bus_is_unknown),
	KUNIT_CASE(a_declaration_is_returned),
	KUNIT_CASE(a_declaration_can_be_taken_back),
	KUNIT_CASE(a_declaration_out_of_range_changes_nothing),
	KUNIT_CASE(a_backend_that_says_nothing_is_unknown),
	KUNIT_CASE(a_backend_answers_unless_the_platform_did),
#ifdef CONFIG_PCI
	KUNIT_CASE(a_pci_function_is_strong),
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
