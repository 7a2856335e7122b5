// SPDX-License-Identifier: GPL-2.0
/*
 * Test made-up PCI functions, by a driver that does right or makes one mistake.
 *
 * The device has three registers: a number, an address and a doorbell.  The
 * doorbell makes it write the number to the address, and interrupt.
 */
#include <kunit/test.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>
#include <linux/interrupt.h>
#include <linux/pci.h>

#define VENDOR		0x1234
#define DEVICE		0x0d3a
#define BAR		2
#define NUMBER		0x08
#define ADDRESS		0x10
#define DOORBELL	0x18
#define ACK		0x1c

enum mistake { NONE, NOT_ENABLED, NO_MASTER, NO_ACK, NO_UNMAP, NO_FREE_IRQ };

/* What the driver is to do, and has done.  There is one at a time. */
static struct driver {
	enum mistake mistake;
	unsigned int flags;	/* of pci_alloc_irq_vectors() */
	void __iomem *bar;
	u64 *mem;
	dma_addr_t dma;
	unsigned int irqs;
	u64 seen;		/* in memory, by the handler */
} drv;

/* The driver */

static irqreturn_t handler(int irq, void *dev)
{
	drv.seen = READ_ONCE(*drv.mem);
	if (drv.mistake != NO_ACK || drv.irqs > 2)
		writel(1, drv.bar + ACK);
	drv.irqs++;
	return IRQ_HANDLED;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (drv.mistake != NOT_ENABLED) {
		ret = pcim_enable_device(pdev);
		if (ret)
			return ret;
	}
	drv.bar = drv.mistake == NO_UNMAP ? pci_iomap(pdev, BAR, 0) :
					    pcim_iomap(pdev, BAR, 0);
	drv.mem = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE, &drv.dma,
				      GFP_KERNEL);
	if (!drv.bar || !drv.mem)
		return -ENOMEM;
	if (drv.mistake != NO_MASTER)
		pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, drv.flags);
	if (ret < 0)
		return ret;
	return request_irq(pci_irq_vector(pdev, 0), handler, 0, "dma_model_pci",
			   pdev);
}

static void remove(struct pci_dev *pdev)
{
	if (drv.mistake != NO_FREE_IRQ)
		free_irq(pci_irq_vector(pdev, 0), pdev);
	pci_free_irq_vectors(pdev);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(VENDOR, DEVICE) },
	{ }
};

static struct pci_driver driver = {
	.name = "dma_model_pci",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

/* The device, played by the test */

struct device_regs {
	u64 number, address;
	int sizes[9];		/* accesses of each size */
};

static unsigned long dev_read(struct pci_dev *pdev, void *priv,
			      unsigned int offset, int size)
{
	struct device_regs *r = priv;

	r->sizes[size]++;
	if (offset == ADDRESS)
		return r->address;
	return offset >= NUMBER && offset < ADDRESS ?
	       r->number >> (offset - NUMBER) * 8 : 0;
}

static void dev_write(struct pci_dev *pdev, void *priv, unsigned int offset,
		      int size, unsigned long val)
{
	struct device_regs *r = priv;

	r->sizes[size]++;
	switch (offset) {
	case NUMBER:
		r->number = val;
		break;
	case ADDRESS:
		r->address = val;
		break;
	case DOORBELL:
		dma_model_write(&pdev->dev, r->address, &r->number,
				sizeof(r->number));
		dma_model_pci_irq(pdev, true);
		break;
	case ACK:
		dma_model_pci_irq(pdev, false);
		break;
	}
}

/* The tests */

static struct pci_dev *plug(struct kunit *test, enum mistake mistake,
			    unsigned int flags, unsigned int features)
{
	struct dma_model_pci_params params = {
		.vendor = VENDOR, .device = DEVICE, .class = 0xff0000,
		.bar = BAR, .bar_size = SZ_4K, .msi = true,
		.read = dev_read, .write = dev_write,
		.dma = { .features = features, .priv = test->priv },
	};

	memset(&drv, 0, sizeof(drv));
	drv.mistake = mistake;
	drv.flags = flags;
	return kunit_dma_model_pci_add(test, &params);
}

static struct pci_dev *plug_right(struct kunit *test, unsigned int flags,
				  unsigned int features)
{
	struct pci_dev *pdev = plug(test, NONE, flags, features);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	KUNIT_ASSERT_PTR_EQ(test, to_pci_driver(pdev->dev.driver), &driver);
	return pdev;
}

static void ring(u64 number)
{
	writeq(number, drv.bar + NUMBER);
	writeq(drv.dma, drv.bar + ADDRESS);
	writel(1, drv.bar + DOORBELL);
}

static void a_function_has_a_configuration_space(struct kunit *test)
{
	struct pci_dev *pdev = plug_right(test, PCI_IRQ_MSI, 0);
	u32 val;

	KUNIT_EXPECT_EQ(test, pdev->vendor, VENDOR);
	KUNIT_EXPECT_EQ(test, pdev->device, DEVICE);
	KUNIT_EXPECT_EQ(test, pdev->class, 0xff0000);
	KUNIT_EXPECT_EQ(test, pci_resource_len(pdev, BAR), SZ_4K);
	KUNIT_EXPECT_EQ(test, pci_resource_len(pdev, 0), 0);
	pci_write_config_dword(pdev, PCI_VENDOR_ID, 0);
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &val);
	KUNIT_EXPECT_EQ(test, val, DEVICE << 16 | VENDOR);
}

static void every_access_reaches_the_device(struct kunit *test)
{
	struct device_regs *r = test->priv;

	plug_right(test, PCI_IRQ_MSI, 0);
	writeq(0x1122334455667788, drv.bar + NUMBER);
	KUNIT_EXPECT_EQ(test, readb(drv.bar + NUMBER + 1), 0x77);
	KUNIT_EXPECT_EQ(test, readw(drv.bar + NUMBER + 2), 0x5566);
	KUNIT_EXPECT_EQ(test, readl(drv.bar + NUMBER + 4), 0x11223344);
	KUNIT_EXPECT_EQ(test, readq(drv.bar + NUMBER), 0x1122334455667788);
	KUNIT_EXPECT_EQ(test, r->sizes[1], 1);
	KUNIT_EXPECT_EQ(test, r->sizes[2], 1);
	KUNIT_EXPECT_EQ(test, r->sizes[4], 1);
	KUNIT_EXPECT_EQ(test, r->sizes[8], 2);
}

static void an_interrupt_is_handled_at_once(struct kunit *test)
{
	static const unsigned int flags[] = { PCI_IRQ_MSI, PCI_IRQ_INTX };
	struct pci_dev *pdev;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pdev = plug_right(test, flags[i], 0);
		KUNIT_EXPECT_EQ(test, pci_dev_msi_enabled(pdev), !i);
		ring(5);
		ring(6);
		KUNIT_EXPECT_EQ(test, drv.irqs, 2);
		KUNIT_EXPECT_EQ(test, *drv.mem, 6);
	}
}

static void an_interrupt_waits_until_it_is_enabled(struct kunit *test)
{
	unsigned long flags;
	int i;

	plug_right(test, PCI_IRQ_MSI, 0);
	local_irq_save(flags);
	ring(5);
	KUNIT_EXPECT_EQ(test, drv.irqs, 0);
	local_irq_restore(flags);
	for (i = 0; i < 100 && !READ_ONCE(drv.irqs); i++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, drv.irqs, 1);
}

/* A line that stays on interrupts again; the fourth handler acknowledges. */
static void intx_comes_again_until_it_is_acknowledged(struct kunit *test)
{
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, plug(test, NO_ACK, PCI_IRQ_INTX, 0));
	ring(5);
	KUNIT_EXPECT_EQ(test, drv.irqs, 1);
	for (i = 0; i < 100 && READ_ONCE(drv.irqs) < 4; i++)
		schedule_timeout_uninterruptible(1);
	schedule_timeout_uninterruptible(5);
	KUNIT_EXPECT_EQ(test, drv.irqs, 4);
}

static void an_msi_comes_after_what_was_written(struct kunit *test)
{
	u64 i;

	plug_right(test, PCI_IRQ_MSI, DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER);
	for (i = 1; i <= 100; i++) {
		ring(i);
		KUNIT_EXPECT_EQ(test, drv.seen, i);
	}
}

/* The handler executes no barrier before it reads. */
static void an_interrupt_shows_what_was_written(struct kunit *test)
{
	static const unsigned int flags[] = { PCI_IRQ_MSI, PCI_IRQ_INTX };
	int i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		plug_right(test, flags[i], DMA_MODEL_WEAK_CPU);
		for (n = 1; n <= 100; n++) {
			ring(n);
			KUNIT_EXPECT_EQ(test, drv.seen, n);
		}
	}
}

static void intx_overtakes_until_a_register_is_read(struct kunit *test)
{
	unsigned int late = 0;
	u64 i;

	plug_right(test, PCI_IRQ_INTX, DMA_MODEL_REORDER | DMA_MODEL_NO_BARRIER);
	for (i = 1; i <= 100; i++) {
		ring(i);
		late += drv.seen != i;
		readl(drv.bar + NUMBER);
		KUNIT_EXPECT_EQ(test, READ_ONCE(*drv.mem), i);
	}
	KUNIT_EXPECT_GT(test, late, 0);
}

static void a_function_that_is_not_enabled_does_not_answer(struct kunit *test)
{
	struct device_regs *r = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, plug(test, NOT_ENABLED, PCI_IRQ_INTX,
						0));
	KUNIT_EXPECT_EQ(test, readl(drv.bar + NUMBER), U32_MAX);
	writel(1, drv.bar + NUMBER);
	KUNIT_EXPECT_EQ(test, r->sizes[4], 0);
}

static void a_function_that_is_no_master_faults(struct kunit *test)
{
	struct pci_dev *pdev = plug(test, NO_MASTER, PCI_IRQ_INTX, 0);
	struct dma_model_fault fault;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	ring(5);
	KUNIT_EXPECT_EQ(test, *drv.mem, 0);
	KUNIT_ASSERT_TRUE(test, dma_model_next_fault(&pdev->dev, &fault));
	KUNIT_EXPECT_EQ(test, fault.reason, DMA_MODEL_NO_MASTER);
	pci_set_master(pdev);
	ring(5);
	KUNIT_EXPECT_EQ(test, *drv.mem, 5);
	KUNIT_EXPECT_FALSE(test, dma_model_next_fault(&pdev->dev, &fault));
}

/* A message is a write, too. */
static void an_msi_of_no_master_faults(struct kunit *test)
{
	struct pci_dev *pdev = plug(test, NO_MASTER, PCI_IRQ_MSI, 0);
	struct dma_model_fault fault;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	ring(5);
	KUNIT_EXPECT_EQ(test, drv.irqs, 0);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, dma_model_next_fault(&pdev->dev, &fault));
		KUNIT_EXPECT_EQ(test, fault.reason, DMA_MODEL_NO_MASTER);
		KUNIT_EXPECT_TRUE(test, fault.write);
		KUNIT_EXPECT_EQ(test, fault.len, i ? 4 : sizeof(u64));
	}
	pci_set_master(pdev);
	ring(5);
	KUNIT_EXPECT_EQ(test, drv.irqs, 1);
	KUNIT_EXPECT_FALSE(test, dma_model_next_fault(&pdev->dev, &fault));
}

/* It is there for good.  A function that is gone does not answer and does not interrupt. */
static void what_a_driver_leaves_fails_its_test(struct kunit *test)
{
	static const enum mistake mistakes[] = { NONE, NO_UNMAP, NO_FREE_IRQ };
	struct device_regs *r = test->priv;
	struct pci_dev *pdev;
	struct kunit *its;
	int i;

	its = kunit_kzalloc(test, sizeof(*its), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, its);
	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		kunit_init_test(its, "expected to fail", NULL);
		its->priv = r;
		pdev = plug(its, mistakes[i], PCI_IRQ_INTX, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
		pci_dev_get(pdev);
		kunit_cleanup(its);
		current->kunit_test = test;	/* it has been cleared */
		KUNIT_EXPECT_EQ(test, its->status,
				mistakes[i] == NONE ? KUNIT_SUCCESS : KUNIT_FAILURE);
		dma_model_pci_irq(pdev, true);
		KUNIT_EXPECT_EQ(test, drv.irqs, 0);
		pci_dev_put(pdev);
		if (mistakes[i] != NO_UNMAP)
			continue;
		KUNIT_EXPECT_EQ(test, readl(drv.bar + NUMBER), U32_MAX);
		KUNIT_EXPECT_EQ(test, r->sizes[4], 0);
	}
}

/* The window of the bridge has 16 MiB. */
static void a_bar_without_room_is_an_error(struct kunit *test)
{
	static const struct dma_model_pci_params p = {
		.vendor = VENDOR, .device = DEVICE + 1, .class = 0xff0000,
		.bar_size = SZ_1M,
		.read = dev_read, .write = dev_write,
	};
	int i;

	for (i = 0; i < 16; i++)
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test,
					     kunit_dma_model_pci_add(test, &p));
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-ENOSPC);
}

static void wrong_parameters_are_refused(struct kunit *test)
{
	static const struct dma_model_pci_params right = {
		.vendor = VENDOR, .device = DEVICE, .class = 0xff0000,
		.bar_size = 16,
		.read = dev_read, .write = dev_write,
	};
	struct dma_model_pci_params p = right;

	p.bar = PCI_STD_NUM_BARS;
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-EINVAL);
	p = right;
	p.bar_size = 24;
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-EINVAL);
	p.bar_size = SZ_2M;
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-EINVAL);
	p = right;
	p.class = 0;
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-EINVAL);
	p = right;
	p.read = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-EINVAL);
	p = right;
	p.dma.features = DMA_MODEL_LAZY;
	KUNIT_EXPECT_EQ(test, PTR_ERR(kunit_dma_model_pci_add(test, &p)),
			-EINVAL);
}

static int pci_kunit_init(struct kunit *test)
{
	dma_kunit_watch(test);
	test->priv = kunit_kzalloc(test, sizeof(struct device_regs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return 0;
}

static int pci_kunit_suite_init(struct kunit_suite *suite)
{
	return pci_register_driver(&driver);
}

static void pci_kunit_suite_exit(struct kunit_suite *suite)
{
	pci_unregister_driver(&driver);
}

static struct kunit_case pci_cases[] = {
	KUNIT_CASE(a_function_has_a_configuration_space),
	KUNIT_CASE(every_access_reaches_the_device),
	KUNIT_CASE(an_interrupt_is_handled_at_once),
	KUNIT_CASE(an_interrupt_waits_until_it_is_enabled),
	KUNIT_CASE(intx_comes_again_until_it_is_acknowledged),
	KUNIT_CASE(an_msi_comes_after_what_was_written),
	KUNIT_CASE(an_interrupt_shows_what_was_written),
	KUNIT_CASE(intx_overtakes_until_a_register_is_read),
	KUNIT_CASE(a_function_that_is_not_enabled_does_not_answer),
	KUNIT_CASE(a_function_that_is_no_master_faults),
	KUNIT_CASE(an_msi_of_no_master_faults),
	KUNIT_CASE(what_a_driver_leaves_fails_its_test),
	KUNIT_CASE(a_bar_without_room_is_an_error),
	KUNIT_CASE(wrong_parameters_are_refused),
	{}
};

static struct kunit_suite pci_suite = {
	.name = "dma_model_pci",
	.suite_init = pci_kunit_suite_init,
	.suite_exit = pci_kunit_suite_exit,
	.init = pci_kunit_init,
	.test_cases = pci_cases,
};

kunit_test_suite(pci_suite);

MODULE_DESCRIPTION("KUnit tests of made-up PCI functions on model DMA hardware");
MODULE_LICENSE("GPL");
