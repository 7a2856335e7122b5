// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device, behind the IOMMU or bounce pool that the machine has for it, or
 * behind neither.
 *
 * Most promises look at memory through a walk of the tables.  A transfer of the device
 * takes 100 ms, but is subject to permissions and to translations in the IOMMU's cache,
 * which a walk is not.  The CPU cannot access the device's buffer: the device copies
 * what it has read to coherent memory, and gets from there what it is to write.
 */
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/iommu-dma.h>	/* needs what scatterlist.h includes */
#include "conformance.h"

#ifdef CONFIG_PCI
#define EDU_ID			0x00
#define EDU_ID_VALUE		0x010000ed
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)

/*
 * Its buffer, in addresses of its DMA engine.  QEMU 7.2 aborts if a transfer reaches
 * the end of the buffer.
 */
#define EDU_BUF			0x40000
#define EDU_BUF_SIZE		SZ_2K

struct device *conf_edu;
static void __iomem *regs;
static bool swapped;		/* registers are not in readl()'s byte order */
static u8 *scratch;		/* EDU_BUF_SIZE bytes */
static dma_addr_t scratch_addr;

static u32 edu_get(unsigned int reg)
{
	u32 val = readl(regs + reg);

	return swapped ? swab32(val) : val;
}

static void edu_set(unsigned int reg, u32 val)
{
	writel(swapped ? swab32(val) : val, regs + reg);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	/* The first device is used, others are left alone. */
	if (conf_edu)
		return -EBUSY;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	regs = pcim_iomap_region(pdev, 0, "dma_conformance");
	if (IS_ERR(regs))
		return PTR_ERR(regs);
	/* The registers have the byte order of QEMU's target. */
	swapped = readl(regs + EDU_ID) == swab32(EDU_ID_VALUE);
	if (edu_get(EDU_ID) != EDU_ID_VALUE)
		return -ENODEV;
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
	{ PCI_DEVICE(0x1234, 0x11e8) },
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

/* Between memory and the device's buffer, up to EDU_BUF_SIZE bytes. */
static int transfer(dma_addr_t addr, size_t len, u32 cmd)
{
	bool to_memory = cmd & EDU_DMA_TO_MEMORY;

	edu_set(EDU_DMA_SRC, to_memory ? EDU_BUF : addr);
	edu_set(EDU_DMA_DST, to_memory ? addr : EDU_BUF);
	edu_set(EDU_DMA_COUNT, len);
	edu_set(EDU_DMA_CMD, cmd | EDU_DMA_START);
	msleep(100);
	return read_poll_timeout(edu_get, cmd, !(cmd & EDU_DMA_START),
				 10 * USEC_PER_MSEC, 5 * USEC_PER_SEC, false,
				 EDU_DMA_CMD);
}

static int edu_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len)
{
	size_t n;

	for (; len; len -= n, addr += n, buf += n) {
		n = min(len, EDU_BUF_SIZE);
		memset(scratch, 0, n);
		if (transfer(addr, n, 0) ||
		    transfer(scratch_addr, n, EDU_DMA_TO_MEMORY))
			return -EFAULT;
		memcpy(buf, scratch, n);
	}
	return 0;
}

static int edu_write(struct conf *conf, dma_addr_t addr, const void *buf,
		     size_t len)
{
	size_t n;

	for (; len; len -= n, addr += n, buf += n) {
		n = min(len, EDU_BUF_SIZE);
		memcpy(scratch, buf, n);
		if (transfer(scratch_addr, n, 0) ||
		    transfer(addr, n, EDU_DMA_TO_MEMORY))
			return -EFAULT;
	}
	return 0;
}

static int real_setup(struct kunit *test, struct conf *conf)
{
	int ret = conf_edu_setup(test, conf);

	if (ret)
		return ret;
	scratch = dma_alloc_coherent(conf->dev, EDU_BUF_SIZE, &scratch_addr,
				     GFP_KERNEL);
	return scratch ? 0 : -ENOMEM;
}

static void real_teardown(struct conf *conf)
{
	dma_free_coherent(conf->dev, EDU_BUF_SIZE, scratch, scratch_addr);
	conf_edu_teardown(conf);
}

static const struct dma_conformance_backend real = {
	.name = "edu",
	.missing = conf_edu_missing,
	.setup = real_setup,
	.teardown = real_teardown,
	.read = edu_read,
	.write = edu_write,
};

static const struct dma_conformance_backend real_iommu = {
	.name = "edu",
	.claims = CONF_TRANSLATES | CONF_EXHAUSTS,
	.narrow = 22,
	.missing = conf_edu_missing,
	.setup = real_setup,
	.teardown = real_teardown,
	.read = edu_read,
	.write = edu_write,
};

static const struct dma_conformance_backend *edu_backend(void)
{
	if (!conf_edu)
		return NULL;
	return use_dma_iommu(conf_edu) ? &real_iommu : &real;
}

static const struct dma_conformance_device edu = {
	.init = edu_init,
	.exit = edu_exit,
	.backend = edu_backend,
};

static int __init add_edu(void)
{
	dma_conformance_add_device(&edu);
	return 0;
}
core_initcall(add_edu);
#endif /* CONFIG_PCI */

void conf_reset_limits(struct conf *conf)
{
	dma_set_max_seg_size(conf->dev, CONF_MAX_SEGMENT);
	dma_set_seg_boundary(conf->dev, U32_MAX);
	dma_set_min_align_mask(conf->dev, 0);
}

const char *conf_edu_missing(void)
{
	return conf_edu ? NULL : "no edu device (PCI 1234:11e8)";
}
