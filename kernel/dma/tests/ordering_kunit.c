// SPDX-License-Identifier: GPL-2.0
/*
 * DMA_ATTR_WRITE_BARRIER on PCI: the two bits of a host bridge, and whether the
 * decision looks at them. Nothing is mapped for the device, so any function will do.
 */
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include "../contract.h"

#ifdef CONFIG_PCI
#define WB	DMA_ATTR_WRITE_BARRIER

struct ordering_test {
	struct device *dev;
	struct pci_host_bridge *bridge;
	unsigned int reorders, barrier;
};

static void put_device_action(void *dev)
{
	put_device(dev);
}

static int ordering_test_init(struct kunit *test)
{
	struct ordering_test *priv = kunit_kzalloc(test, sizeof(*priv), GFP_KERNEL);
	struct pci_dev *pdev;

	dma_kunit_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, priv);
	pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, NULL);
	if (!pdev)
		kunit_skip(test, "%s", IS_ENABLED(CONFIG_UML) ?
			   "expected skip: um has no PCI devices" :
			   "no PCI function");
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_device_action,
						  &pdev->dev));
	priv->dev = &pdev->dev;
	priv->bridge = pci_find_host_bridge(pdev->bus);
	priv->reorders = priv->bridge->dma_reorders;
	priv->barrier = priv->bridge->dma_barrier;
	test->priv = priv;
	return 0;
}

static void ordering_test_exit(struct kunit *test)
{
	struct ordering_test *priv = test->priv;

	if (!priv)
		return;
	priv->bridge->dma_reorders = priv->reorders;
	priv->bridge->dma_barrier = priv->barrier;
}

static void the_writes_of_a_function_are_in_order(struct kunit *test)
{
	struct ordering_test *priv = test->priv;

	if (priv->reorders)
		kunit_skip(test, "the host bridge of this machine reorders");
	KUNIT_EXPECT_TRUE(test, dma_writes_ordered(priv->dev));
}

static void a_bridge_that_reorders_refuses_the_barrier(struct kunit *test)
{
	struct ordering_test *priv = test->priv;

	priv->bridge->dma_reorders = 1;
	priv->bridge->dma_barrier = 0;
	KUNIT_EXPECT_FALSE(test, dma_writes_ordered(priv->dev));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_alloc(priv->dev, PAGE_SIZE, WB));
	KUNIT_EXPECT_EQ(test, 0, dma_query_alloc(priv->dev, PAGE_SIZE, 0));
}

static void a_bridge_that_reorders_may_have_a_barrier(struct kunit *test)
{
	struct ordering_test *priv = test->priv;

	priv->bridge->dma_reorders = 1;
	priv->bridge->dma_barrier = 1;
	KUNIT_EXPECT_TRUE(test, dma_writes_ordered(priv->dev));
}

static void the_decision_asks_the_bridge(struct kunit *test)
{
	struct ordering_test *priv = test->priv;

	if (get_dma_ops(priv->dev))
		kunit_skip(test, "expected skip: a dma_map_ops backend answers for itself");
	priv->bridge->dma_reorders = 0;
	KUNIT_EXPECT_EQ(test, 0, dma_query_alloc(priv->dev, PAGE_SIZE, WB));
	priv->bridge->dma_reorders = 1;
	priv->bridge->dma_barrier = 0;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dma_query_alloc(priv->dev, PAGE_SIZE, WB));
	priv->bridge->dma_barrier = 1;
	KUNIT_EXPECT_EQ(test, 0, dma_query_alloc(priv->dev, PAGE_SIZE, WB));
}

static struct kunit_case ordering_test_cases[] = {
	KUNIT_CASE(the_writes_of_a_function_are_in_order),
	KUNIT_CASE(a_bridge_that_reorders_refuses_the_barrier),
	KUNIT_CASE(a_bridge_that_reorders_may_have_a_barrier),
	KUNIT_CASE(the_decision_asks_the_bridge),
	{}
};
#else
static void there_is_no_pci(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs PCI");
}

static struct kunit_case ordering_test_cases[] = {
	KUNIT_CASE(there_is_no_pci),
	{}
};
#endif /* CONFIG_PCI */

static struct kunit_suite ordering_test_suite = {
	.name = "dma_ordering",
#ifdef CONFIG_PCI
	.init = ordering_test_init,
	.exit = ordering_test_exit,
#endif
	.test_cases = ordering_test_cases,
};

kunit_test_suite(ordering_test_suite);

MODULE_DESCRIPTION("KUnit tests of DMA_ATTR_WRITE_BARRIER on PCI");
MODULE_LICENSE("GPL");
