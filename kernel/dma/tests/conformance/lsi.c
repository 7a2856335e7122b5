// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's lsi53c895a as a bus master, for machines without an edu device: edu needs
 * message signalled interrupts, which sun4u does not have.
 *
 * This SCSI controller fetches programs ("SCRIPTS") from memory and runs them.  One of
 * their instructions copies memory.  No disk takes part.  The program and both sides of
 * the copy are accessed through the IOMMU that the machine has for PCI devices.
 *
 * Registers and instructions: LSI53C895A PCI to Ultra2 SCSI Controller Technical
 * Manual, chapters 4 and 5.
 */
#include <linux/iopoll.h>
#include <linux/pci.h>
#include "conformance.h"

#define LSI_DSTAT		0x0c
#define LSI_DSTAT_SIR		BIT(2)		/* the program has executed INT */
#define LSI_ISTAT		0x14
#define LSI_ISTAT_DIP		BIT(0)		/* a bit of LSI_DSTAT is set */
#define LSI_DSP			0x2c		/* address of the program to run */
#define LSI_MOVE		0xc0000000	/* length, source, destination */
#define LSI_INT			0x98080000
#define LSI_REGISTERS		1		/* its BAR */
#define LSI_MAX			SZ_64K		/* less than 16 MiB, which a copy may have */

static struct device *conf_lsi;
static void __iomem *regs;
static __le32 *program;
static dma_addr_t program_addr;

static int lsi_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (conf_lsi)
		return -EBUSY;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	regs = pcim_iomap_region(pdev, LSI_REGISTERS, "dma_conformance_lsi");
	if (IS_ERR(regs))
		return PTR_ERR(regs);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	program = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE, &program_addr,
				      GFP_KERNEL);
	if (!program)
		return -ENOMEM;
	pci_set_master(pdev);
	conf_lsi = &pdev->dev;
	return 0;
}

static void lsi_remove(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
	conf_lsi = NULL;
}

static const struct pci_device_id lsi_ids[] = {
	/* Of QEMU's alone the subsystem vendor is 0. */
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_LSI_LOGIC, 0x0012, 0, 0x1000) },
	{}
};

static struct pci_driver lsi_driver = {
	.name = "dma_conformance_lsi",
	.id_table = lsi_ids,
	.probe = lsi_probe,
	.remove = lsi_remove,
};

static int lsi_init(void)
{
	return pci_register_driver(&lsi_driver);
}

static void lsi_exit(void)
{
	pci_unregister_driver(&lsi_driver);
}

const char *conf_lsi_missing(void)
{
	return conf_lsi ? NULL : "no lsi53c895a (PCI 1000:0012)";
}

int conf_lsi_setup(struct kunit *test, struct conf *conf)
{
	conf->dev = conf_lsi;
	return dma_set_mask_and_coherent(conf_lsi, DMA_BIT_MASK(32));
}

static int lsi_copy(dma_addr_t to, dma_addr_t from, size_t len)
{
	u8 stat;
	int ret;

	program[0] = cpu_to_le32(LSI_MOVE | len);
	program[1] = cpu_to_le32(from);
	program[2] = cpu_to_le32(to);
	program[3] = cpu_to_le32(LSI_INT);
	program[4] = 0;
	writel(program_addr, regs + LSI_DSP);
	ret = read_poll_timeout(readb, stat, stat & LSI_ISTAT_DIP, 10,
				USEC_PER_SEC, false, regs + LSI_ISTAT);
	if (ret)
		return ret;
	return readb(regs + LSI_DSTAT) & LSI_DSTAT_SIR ? 0 : -EFAULT;
}

static struct device *lsi_dev(void)
{
	return conf_lsi;
}

static const struct dma_conformance_master lsi = {
	.name = "lsi",
	.max = LSI_MAX,
	.init = lsi_init,
	.exit = lsi_exit,
	.dev = lsi_dev,
	.copy = lsi_copy,
};

static int __init add_lsi(void)
{
	dma_conformance_add_master(&lsi);
	return 0;
}
conf_initcall(add_lsi);
