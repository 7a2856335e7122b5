// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device: what the machine has for it stands between it and memory, be
 * that an IOMMU, a bounce pool or nothing.
 *
 * Most promises look at memory through a walk of the tables.  The device itself takes
 * 100 ms for a transfer, but sees what a walk does not: permissions, and translations
 * that an IOMMU still has in its cache.  Its buffer is out of the CPU's reach, so what
 * it reads it writes to coherent memory, and what it is to write comes from there.
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

/* Its buffer, in its own addresses.  At the end of it QEMU 7.2 aborts. */
#define EDU_BUF			0x40000
#define EDU_BUF_SIZE		SZ_2K

struct device *conf_edu;
static void __iomem *regs;
static bool swapped;		/* the registers, for this CPU's readl() */
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

	/* One is enough. */
	if (conf_edu)
		return -EBUSY;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	regs = pcim_iomap_region(pdev, 0, "dma_conformance");
	if (IS_ERR(regs))
		return PTR_ERR(regs);
	/* They have the byte order of QEMU's target. */
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

int conf_backends_init(void)
{
	int ret = pci_register_driver(&edu_driver);

	if (ret)
		return ret;
	ret = conf_lsi_init();
	if (ret) {
		pci_unregister_driver(&edu_driver);
		return ret;
	}
	/* Its IOMMU may have come late. */
	wait_for_device_probe();
	return 0;
}

void conf_backends_exit(void)
{
	conf_lsi_exit();
	pci_unregister_driver(&edu_driver);
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
#else
#define real_setup	NULL
#define real_teardown	NULL
#define edu_read	NULL
#define edu_write	NULL

int conf_backends_init(void)
{
	return 0;
}

void conf_backends_exit(void)
{
}
#endif

void conf_edu_teardown(struct conf *conf)
{
	dma_set_max_seg_size(conf->dev, CONF_MAX_SEGMENT);
	dma_set_seg_boundary(conf->dev, U32_MAX);
	dma_set_min_align_mask(conf->dev, 0);
}

const char *conf_edu_missing(void)
{
	return conf_edu ? NULL : "no edu device (PCI 1234:11e8)";
}

/* Whatever the machine has. */
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

const struct dma_conformance_backend *conf_real_device(void)
{
	if (conf_lsi_device())
		return conf_lsi_device();
	return conf_edu && use_dma_iommu(conf_edu) ? &real_iommu : &real;
}
