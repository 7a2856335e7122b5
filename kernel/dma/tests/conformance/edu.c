// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device as a bus master, and as the device that the descriptors of IOMMUs
 * are about.
 *
 * Most promises look at memory through a walk of the tables: a copy takes 200 ms.
 */
#include <linux/pci.h>
#include "../edu.h"
#include "conformance.h"

#ifdef CONFIG_PCI
struct device *conf_edu;
static struct edu_regs regs;

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	/* The first device is used, others are left alone. */
	if (conf_edu)
		return -EBUSY;
	ret = edu_bring_up(pdev, &regs, "dma_conformance");
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	pci_set_master(pdev);
	conf_edu = &pdev->dev;
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
	conf_edu = NULL;
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{}
};

static struct pci_driver edu_driver = {
	.name = "dma_conformance",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

int conf_edu_setup(struct kunit *test, struct conf *conf)
{
	conf->dev = conf_edu;
	return dma_set_mask_and_coherent(conf_edu, DMA_BIT_MASK(32));
}

static int edu_init(void)
{
	return pci_register_driver(&edu_driver);
}

static void edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
}

void conf_edu_teardown(struct conf *conf)
{
	conf_reset_limits(conf);
}

/* By way of the device's buffer. */
static int edu_copy(dma_addr_t to, dma_addr_t from, size_t len)
{
	return edu_transfer(&regs, from, 0, len, 0) ?:
	       edu_transfer(&regs, to, 0, len, EDU_DMA_TO_MEMORY);
}

static struct device *edu_dev(void)
{
	return conf_edu;
}

static const struct dma_conformance_master edu = {
	.name = "edu",
	.slow = true,
	.max = EDU_BUF_SIZE,
	.init = edu_init,
	.exit = edu_exit,
	.dev = edu_dev,
	.copy = edu_copy,
};

static int __init add_edu(void)
{
	dma_conformance_add_master(&edu);
	return 0;
}
conf_initcall(add_edu);
#endif /* CONFIG_PCI */

void conf_reset_limits(struct conf *conf)
{
	dma_set_max_seg_size(conf->dev, CONF_MAX_SEGMENT);
	dma_set_seg_boundary(conf->dev, U32_MAX);
	dma_set_min_align_mask(conf->dev, 0);
}

const char *conf_edu_missing(void)
{
	if (IS_ENABLED(CONFIG_UML) || !IS_ENABLED(CONFIG_PCI))
		return "expected skip: no PCI devices";
	return conf_edu ? NULL : "no edu device (PCI 1234:11e8)";
}
