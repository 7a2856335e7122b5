/* SPDX-License-Identifier: GPL-2.0 */
/* Which IOMMU a device is behind: those that QEMU can put before its edu device. */
#ifndef _KERNEL_DMA_TESTS_IOMMUS_H
#define _KERNEL_DMA_TESTS_IOMMUS_H

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/string.h>

/**
 * struct test_iommu - what the suites need to know of an IOMMU
 * @name: how the name of the IOMMU, or of its driver, begins
 * @backend: its name in the suites
 * @fault_text: what the kernel prints when it stops an access; NULL: nothing
 * @reads_all: a device can read whatever is mapped for it
 */
struct test_iommu {
	const char *name;
	const char *backend;
	const char *fault_text;
	bool reads_all;
};

#ifdef CONFIG_IOMMU_API
static const struct test_iommu test_iommus[] = {
	{ .name = "dmar", .backend = "intel", .fault_text = "DMAR: [" },
	/* QEMU logs no fault of a page's entry. */
	{ .name = "ivhd", .backend = "amd" },
	{ .name = "virtio_iommu", .backend = "virtio",
	  .fault_text = " fault from EP" },
	/* Entries of stage 1 have a bit that forbids writes, and none for reads. */
	{ .name = "smmu3.", .backend = "smmuv3", .fault_text = "event 0x",
	  .reads_all = true },
};

/* The IOMMU of a device behind dma-iommu, NULL if the suites do not know it. */
static inline const struct test_iommu *test_iommu_of(struct device *dev)
{
	struct device *iommu = dev->iommu->iommu_dev->dev;
	const char *driver = iommu->parent ? dev_driver_string(iommu->parent) :
					     "no parent";
	int i;

	for (i = 0; i < ARRAY_SIZE(test_iommus); i++)
		if (strstarts(dev_name(iommu), test_iommus[i].name) ||
		    strstarts(driver, test_iommus[i].name))
			return &test_iommus[i];
	return NULL;
}
#else
static inline const struct test_iommu *test_iommu_of(struct device *dev)
{
	return NULL;
}
#endif

#endif /* _KERNEL_DMA_TESTS_IOMMUS_H */
