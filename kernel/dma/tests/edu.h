/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's edu device: its registers, how a driver brings it up, and a transfer.
 *
 * The device has a buffer of 4 KiB and copies between the buffer and memory, 100 ms
 * after it is told to.  The CPU cannot access the buffer.  The registers have the byte
 * order of QEMU's target.  docs/specs/edu.rst of QEMU describes them.
 */
#ifndef _KERNEL_DMA_TESTS_EDU_H
#define _KERNEL_DMA_TESTS_EDU_H

#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/swab.h>

#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8

#define EDU_ID			0x00
#define EDU_ID_VALUE		0x010000ed
#define EDU_LIVE		0x04	/* reads as the complement of what was written */
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)

/*
 * The device's buffer, in addresses of its DMA engine.  QEMU 7.2 aborts if a transfer
 * reaches the end of the buffer: use the first half.
 */
#define EDU_BUF			0x40000
#define EDU_BUF_SIZE		SZ_2K

/**
 * struct edu_regs - the registers of an edu device
 * @base: where they are mapped
 * @swapped: they are not in readl()'s byte order
 */
struct edu_regs {
	void __iomem *base;
	bool swapped;
};

static inline u32 edu_get(struct edu_regs *regs, unsigned int reg)
{
	u32 val = readl(regs->base + reg);

	return regs->swapped ? swab32(val) : val;
}

static inline void edu_set(struct edu_regs *regs, unsigned int reg, u32 val)
{
	writel(regs->swapped ? swab32(val) : val, regs->base + reg);
}

static inline dma_addr_t edu_get_addr(struct edu_regs *regs, unsigned int reg)
{
#ifdef CONFIG_64BIT
	u64 val = readq(regs->base + reg);

	return regs->swapped ? swab64(val) : val;
#else
	return edu_get(regs, reg);
#endif
}

static inline void edu_set_addr(struct edu_regs *regs, unsigned int reg,
				dma_addr_t addr)
{
#ifdef CONFIG_64BIT
	writeq(regs->swapped ? swab64(addr) : addr, regs->base + reg);
#else
	edu_set(regs, reg, addr);
#endif
}

/* Enable the device and map its registers, until its driver is unbound; 0 or an errno. */
static inline int edu_bring_up(struct pci_dev *pdev, struct edu_regs *regs,
			       const char *name)
{
	int ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	regs->base = pcim_iomap_region(pdev, 0, name);
	if (IS_ERR(regs->base))
		return PTR_ERR(regs->base);
	regs->swapped = readl(regs->base + EDU_ID) == swab32(EDU_ID_VALUE);
	if (edu_get(regs, EDU_ID) != EDU_ID_VALUE)
		return -ENODEV;
	return 0;
}

/*
 * Begin to copy @len bytes between @addr and the device's buffer at @offset; @cmd is
 * EDU_DMA_TO_MEMORY or 0.
 */
static inline void edu_start(struct edu_regs *regs, dma_addr_t addr, u32 offset,
			     u32 len, u32 cmd)
{
	bool to_memory = cmd & EDU_DMA_TO_MEMORY;
	dma_addr_t buf = EDU_BUF + offset;

	edu_set_addr(regs, EDU_DMA_SRC, to_memory ? buf : addr);
	edu_set_addr(regs, EDU_DMA_DST, to_memory ? addr : buf);
	edu_set(regs, EDU_DMA_COUNT, len);
	edu_set(regs, EDU_DMA_CMD, cmd | EDU_DMA_START);
}

/* Wait until no transfer is under way; 0 or -ETIMEDOUT. */
static inline int edu_wait(struct edu_regs *regs)
{
	u32 cmd;

	return read_poll_timeout(edu_get, cmd, !(cmd & EDU_DMA_START),
				 5 * USEC_PER_MSEC, 5 * USEC_PER_SEC, false,
				 regs, EDU_DMA_CMD);
}

static inline int edu_transfer(struct edu_regs *regs, dma_addr_t addr, u32 offset,
			       u32 len, u32 cmd)
{
	edu_start(regs, addr, offset, len, cmd);
	return edu_wait(regs);
}

#endif /* _KERNEL_DMA_TESTS_EDU_H */
