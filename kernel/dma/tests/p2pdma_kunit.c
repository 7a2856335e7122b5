// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA API with memory of another PCI device.
 *
 * The memory is BAR 2 of QEMU's ivshmem-plain device, given to the allocator of
 * PCI P2PDMA.  QEMU's edu device is below the same PCI Express switch and reaches it
 * by its bus address.  A function on the root bus reaches it through the host bridge;
 * that needs a CPU (-cpu EPYC) whose host bridges are all known to forward such
 * accesses.  A device that is not PCI cannot reach it.  The cases compare the bytes in
 * the BAR.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-buf-mapping.h>
#include <linux/dma-kunit.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>
#include <linux/iommu-dma.h>	/* needs what scatterlist.h includes */
#include "edu.h"

#define RC	DMA_ATTR_REQUIRE_COHERENT

#define P2P_BAR		2
#define PATTERN		0xa7

/* The device with the memory, while the suite runs and if there is one. */
static struct pci_dev *provider;

static int p2p_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (provider)
		return -EBUSY;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_p2pdma_add_resource(pdev, P2P_BAR, 0, 0);
	if (ret)
		return ret;
	provider = pdev;
	return 0;
}

static void p2p_remove(struct pci_dev *pdev)
{
	provider = NULL;
}

static const struct pci_device_id p2p_ids[] = {
	{ PCI_DEVICE(0x1af4, 0x1110) },
	{}
};

static struct pci_driver p2p_driver = {
	.name = "p2pdma_kunit",
	.id_table = p2p_ids,
	.probe = p2p_probe,
	.remove = p2p_remove,
};

static int p2p_suite_init(struct kunit_suite *suite)
{
	return pci_register_driver(&p2p_driver);
}

static void p2p_suite_exit(struct kunit_suite *suite)
{
	pci_unregister_driver(&p2p_driver);
}

/* Fixture: a list of one page of the BAR, one of RAM, and one of the BAR. */

#define NENTS		3

struct p2p_test {
	struct pci_dev *near;	/* edu, below the same switch */
	struct pci_dev *far;	/* a function on the root bus */
	struct device *alien;	/* not a PCI device */
	void *bar[2];
	void *ram;
	struct scatterlist sgl[NENTS];
	struct sg_table sgt;
};

static void put_pdev(void *data)
{
	pci_dev_put(data);
}

static void free_bar(void *data)
{
	pci_free_p2pmem(provider, data, PAGE_SIZE);
}

static void free_ram(void *data)
{
	free_pages_exact(data, PAGE_SIZE);
}

static struct pci_dev *root_bus_function(void)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (pci_is_root_bus(pdev->bus) && !pci_is_bridge(pdev) &&
		    pdev->devfn)
			return pdev;
	return NULL;
}

static int p2p_test_init(struct kunit *test)
{
	struct p2p_test *pt;
	int i;

	dma_kunit_watch(test);
	if (!provider)
		kunit_skip(test, "no ivshmem device (PCI 1af4:1110)");
	pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt);
	test->priv = pt;

	pt->near = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	KUNIT_ASSERT_NOT_NULL_MSG(test, pt->near, "no edu device");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_pdev, pt->near));
	pt->far = root_bus_function();
	KUNIT_ASSERT_NOT_NULL(test, pt->far);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_pdev, pt->far));
	pt->alien = kunit_device_register(test, "alien");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pt->alien);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(pt->alien,
							      DMA_BIT_MASK(64)));

	for (i = 0; i < ARRAY_SIZE(pt->bar); i++) {
		pt->bar[i] = pci_alloc_p2pmem(provider, PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, pt->bar[i]);
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, free_bar, pt->bar[i]));
		memset(pt->bar[i], 0, PAGE_SIZE);
	}
	pt->ram = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL | GFP_DMA32);
	KUNIT_ASSERT_NOT_NULL(test, pt->ram);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_ram, pt->ram));
	memset(pt->ram, PATTERN, PAGE_SIZE);

	sg_init_table(pt->sgl, NENTS);
	sg_set_buf(&pt->sgl[0], pt->bar[0], PAGE_SIZE);
	sg_set_buf(&pt->sgl[1], pt->ram, PAGE_SIZE);
	sg_set_buf(&pt->sgl[2], pt->bar[1], PAGE_SIZE);
	pt->sgt.sgl = pt->sgl;
	pt->sgt.nents = NENTS;
	pt->sgt.orig_nents = NENTS;
	return 0;
}

/* The address of the page on the bus. */
static dma_addr_t bus_address(void *addr)
{
	return pci_bus_address(provider, P2P_BAR) +
	       (page_to_phys(virt_to_page(addr)) -
		pci_resource_start(provider, P2P_BAR));
}

static int map_and_unmap(struct kunit *test, struct device *dev,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct p2p_test *pt = test->priv;
	int ret = dma_map_sgtable(dev, &pt->sgt, dir, attrs);

	if (!ret)
		dma_unmap_sgtable(dev, &pt->sgt, dir, attrs);
	return ret;
}

static int from_memory(struct edu_regs *regs, dma_addr_t addr)
{
	return edu_transfer(regs, addr, 0, EDU_BUF_SIZE, 0);
}

static int to_memory(struct edu_regs *regs, dma_addr_t addr)
{
	return edu_transfer(regs, addr, 0, EDU_BUF_SIZE, EDU_DMA_TO_MEMORY);
}

static void unmap_regs(void *data)
{
	pci_iounmap(NULL, (__force void __iomem *)data);
}

static void disable_near(void *data)
{
	pci_clear_master(data);
	pci_disable_device(data);
}

/* Lets edu move data.  No driver is bound to it. */
static struct edu_regs enable_near(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct edu_regs regs = {};

	KUNIT_ASSERT_EQ(test, 0, pci_enable_device(pt->near));
	pci_set_master(pt->near);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, disable_near, pt->near));
	regs.base = pci_iomap(pt->near, 0, 0);
	KUNIT_ASSERT_TRUE(test, !!regs.base);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, unmap_regs,
						  (__force void *)regs.base));
	return regs;
}

static void a_neighbour_is_reached_by_its_bus_address(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct device *dev = &pt->near->dev;
	struct edu_regs regs = enable_near(test);

	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(dev, &pt->sgt,
						 DMA_BIDIRECTIONAL, RC));
	KUNIT_EXPECT_TRUE(test, sg_dma_is_bus_address(&pt->sgl[0]));
	KUNIT_EXPECT_FALSE(test, sg_dma_is_bus_address(&pt->sgl[1]));
	KUNIT_EXPECT_TRUE(test, sg_dma_is_bus_address(&pt->sgl[2]));
	KUNIT_EXPECT_EQ(test, bus_address(pt->bar[0]), sg_dma_address(&pt->sgl[0]));
	KUNIT_EXPECT_EQ(test, bus_address(pt->bar[1]), sg_dma_address(&pt->sgl[2]));

	/* QEMU's switch sends all that functions write to the IOMMU. */
	if (use_dma_iommu(dev)) {
		kunit_info(test, "no data is moved\n");
		dma_unmap_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, RC);
		return;
	}
	/* RAM to the second page of the BAR. */
	KUNIT_EXPECT_EQ(test, 0, from_memory(&regs, sg_dma_address(&pt->sgl[1])));
	KUNIT_EXPECT_EQ(test, 0, to_memory(&regs, sg_dma_address(&pt->sgl[2])));
	dma_unmap_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, RC);
	KUNIT_EXPECT_MEMEQ(test, pt->bar[1], pt->ram, SZ_2K);
	KUNIT_EXPECT_EQ(test, 0, *(u8 *)pt->bar[0]);
	KUNIT_EXPECT_EQ(test, 0, *((u8 *)pt->bar[1] + SZ_2K));
}

static void a_peer_s_memory_needs_no_sync(struct kunit *test)
{
	struct p2p_test *pt = test->priv;

	KUNIT_EXPECT_EQ(test, 0, map_and_unmap(test, &pt->near->dev,
					       DMA_FROM_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, 0, map_and_unmap(test, &pt->near->dev,
					       DMA_TO_DEVICE, RC));
	KUNIT_EXPECT_EQ(test, 0, map_and_unmap(test, &pt->far->dev,
					       DMA_FROM_DEVICE, RC));
}

/* Nothing orders a write to a peer with one to memory. */
static void a_list_with_a_peer_s_memory_takes_no_barrier(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	unsigned long barrier = DMA_ATTR_WRITE_BARRIER;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_and_unmap(test, &pt->near->dev, DMA_FROM_DEVICE,
				      barrier));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_and_unmap(test, &pt->far->dev, DMA_BIDIRECTIONAL,
				      barrier));
	/* It reads, and writes nothing. */
	KUNIT_EXPECT_EQ(test, 0, map_and_unmap(test, &pt->near->dev,
					       DMA_TO_DEVICE, barrier));
}

/* Its CPU address, or an address that the IOMMU translates to it. */
static void through_the_host_bridge_it_has_its_cpu_address(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct device *dev = &pt->far->dev;
	phys_addr_t phys = page_to_phys(virt_to_page(pt->bar[0]));

	KUNIT_ASSERT_EQ(test, 0, dma_map_sgtable(dev, &pt->sgt,
						 DMA_BIDIRECTIONAL, RC));
	if (use_dma_iommu(dev))
		KUNIT_EXPECT_FALSE(test, sg_dma_is_bus_address(&pt->sgl[0]));
	else
		KUNIT_EXPECT_EQ(test, phys, sg_dma_address(&pt->sgl[0]));
	dma_unmap_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, RC);
}

static void a_device_that_is_not_pci_cannot_reach_it(struct kunit *test)
{
	struct p2p_test *pt = test->priv;

	KUNIT_EXPECT_EQ(test, -EREMOTEIO,
			map_and_unmap(test, pt->alien, DMA_FROM_DEVICE, 0));
	KUNIT_EXPECT_EQ(test, -EREMOTEIO,
			map_and_unmap(test, pt->alien, DMA_FROM_DEVICE, RC));
}

/*
 * A bounce buffer would hold a copy of the peer's memory: the device would write to
 * the copy, and registers do not work as memory at all.
 */
#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
static void needs_bounce_pool(struct kunit *test)
{
	unsigned int order = get_order(SZ_4M);

	if (is_swiotlb_allocated())
		return;
	KUNIT_ASSERT_EQ(test, 0, swiotlb_init_late(SZ_4M, GFP_KERNEL, NULL));
	split_page(pfn_to_page(PFN_DOWN(default_swiotlb_base())), order);
}

struct forced {
	struct device *dev;
	struct io_tlb_mem *old, pool;
};

static void end_force(void *data)
{
	struct forced *f = data;

	f->dev->dma_io_tlb_mem = f->old;
}

/* As with swiotlb=force, but for one device. */
static void force_bounce(struct kunit *test, struct device *dev)
{
	struct forced *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dev = dev;
	f->old = dev->dma_io_tlb_mem;
	f->pool = *f->old;
	f->pool.force_bounce = true;
	dev->dma_io_tlb_mem = &f->pool;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_force, f));
}

static void a_peer_s_memory_is_not_bounced(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct device *dev = &pt->far->dev;
	phys_addr_t phys = page_to_phys(virt_to_page(pt->bar[0]));

	if (use_dma_iommu(dev))
		kunit_skip(test, "expected skip: an IOMMU is there");
	needs_bounce_pool(test);
	force_bounce(test, dev);
	sg_init_one(pt->sgl, pt->bar[0], PAGE_SIZE);
	pt->sgt.orig_nents = 1;
	/* It may be refused, too. */
	if (dma_map_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, 0))
		return;
	KUNIT_EXPECT_EQ(test, phys, sg_dma_address(pt->sgl));
	dma_unmap_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, 0);
}

static void trust(void *data)
{
	struct pci_dev *pdev = data;

	pdev->untrusted = false;
}

/* Parts of pages, for which dma-iommu bounces memory of an untrusted device. */
static void nor_is_it_for_an_untrusted_device(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct pci_dev *devs[] = { pt->near, pt->far };
	phys_addr_t phys = page_to_phys(virt_to_page(pt->bar[0])) + 64;
	int i;

	if (!use_dma_iommu(&pt->near->dev))
		kunit_skip(test, "expected skip: no IOMMU");
	needs_bounce_pool(test);
	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		struct device *dev = &devs[i]->dev;
		struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
		dma_addr_t addr;

		devs[i]->untrusted = true;
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, trust, devs[i]));
		sg_init_table(pt->sgl, 2);
		sg_set_buf(&pt->sgl[0], pt->bar[0] + 64, 512);
		sg_set_buf(&pt->sgl[1], pt->ram + 64, 512);
		pt->sgt.orig_nents = 2;
		/* Refused is fine, too. */
		if (dma_map_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, 0))
			continue;
		addr = sg_dma_address(&pt->sgl[0]);
		if (devs[i] == pt->near) {
			KUNIT_EXPECT_TRUE(test, sg_dma_is_bus_address(&pt->sgl[0]));
			KUNIT_EXPECT_EQ(test, bus_address(pt->bar[0]) + 64, addr);
		} else {
			KUNIT_EXPECT_EQ(test, phys,
					iommu_iova_to_phys(domain, addr));
		}
		dma_unmap_sgtable(dev, &pt->sgt, DMA_BIDIRECTIONAL, 0);
	}
}
#else
static void a_peer_s_memory_is_not_bounced(struct kunit *test)
{
	kunit_skip(test, "expected skip: no SWIOTLB with a single pool");
}

static void nor_is_it_for_an_untrusted_device(struct kunit *test)
{
	kunit_skip(test, "expected skip: no SWIOTLB with a single pool");
}
#endif

/* A dma-buf of both pages of the BAR, the second one first. */

#define NRANGES		2

static struct sg_table *ranges_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct p2p_test *pt = attach->dmabuf->priv;
	struct phys_vec vec[NRANGES];
	int i;

	for (i = 0; i < NRANGES; i++) {
		vec[i].paddr = page_to_phys(virt_to_page(pt->bar[NRANGES - 1 - i]));
		vec[i].len = PAGE_SIZE;
	}
	return dma_buf_phys_vec_to_sgt(attach,
				       pcim_p2pdma_provider(provider, P2P_BAR),
				       vec, NRANGES, NRANGES * PAGE_SIZE, dir);
}

static void ranges_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	dma_buf_free_sgt(attach, sgt, dir);
}

static void ranges_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops ranges_ops = {
	.map_dma_buf = ranges_map,
	.unmap_dma_buf = ranges_unmap,
	.release = ranges_release,
};

static void put_dmabuf(void *data)
{
	dma_buf_put(data);
	/* It is released before the test is. */
	flush_delayed_fput();
}

static void detach(void *data)
{
	struct dma_buf_attachment *attach = data;

	dma_buf_detach(attach->dmabuf, attach);
}

static struct dma_buf_attachment *attach_ranges(struct kunit *test, struct device *dev)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;

	info.ops = &ranges_ops;
	info.size = NRANGES * PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = test->priv;
	dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_dmabuf, dmabuf));
	attach = dma_buf_attach(dmabuf, dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, detach, attach));
	return attach;
}

static dma_addr_t address_of_range(struct sg_table *sgt, int range)
{
	size_t offset = range * PAGE_SIZE;
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (offset < sg_dma_len(sg))
			return sg_dma_address(sg) + offset;
		offset -= sg_dma_len(sg);
	}
	return DMA_MAPPING_ERROR;
}

static void a_neighbour_reaches_each_range_of_a_dma_buf(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct device *dev = &pt->near->dev;
	struct dma_buf_attachment *attach = attach_ranges(test, dev);
	struct edu_regs regs = enable_near(test);
	dma_addr_t addr[NRANGES], ram;
	struct sg_table *sgt;

	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	addr[0] = address_of_range(sgt, 0);
	addr[1] = address_of_range(sgt, 1);
	KUNIT_EXPECT_EQ(test, bus_address(pt->bar[1]), addr[0]);
	KUNIT_EXPECT_EQ(test, bus_address(pt->bar[0]), addr[1]);

	/* As above: QEMU's switch sends all to the IOMMU. */
	if (use_dma_iommu(dev)) {
		kunit_info(test, "no data is moved\n");
		goto unmap;
	}
	ram = dma_map_single(dev, pt->ram, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(dev, ram));
	if (dma_mapping_error(dev, ram))
		goto unmap;
	/* RAM to the first range, and from there to the second one. */
	KUNIT_EXPECT_EQ(test, 0, from_memory(&regs, ram));
	KUNIT_EXPECT_EQ(test, 0, to_memory(&regs, addr[0]));
	/* What is in EDU_BUF already is not what the second copy shall find. */
	memset(pt->bar[1] + SZ_1K, 0, SZ_1K);
	KUNIT_EXPECT_EQ(test, 0, from_memory(&regs, addr[0]));
	KUNIT_EXPECT_EQ(test, 0, to_memory(&regs, addr[1]));
	dma_unmap_single(dev, ram, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_EXPECT_MEMEQ(test, pt->bar[1], pt->ram, SZ_1K);
	KUNIT_EXPECT_MEMEQ(test, pt->bar[0], pt->bar[1], SZ_2K);
unmap:
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
}

static void through_the_host_bridge_each_range_is_reached(struct kunit *test)
{
	struct p2p_test *pt = test->priv;
	struct device *dev = &pt->far->dev;
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct dma_buf_attachment *attach = attach_ranges(test, dev);
	dma_addr_t addr[NRANGES];
	struct sg_table *sgt;
	int i;

	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	for (i = 0; i < NRANGES; i++) {
		phys_addr_t phys = page_to_phys(virt_to_page(pt->bar[NRANGES - 1 - i]));

		addr[i] = address_of_range(sgt, i);
		KUNIT_EXPECT_EQ(test, phys, use_dma_iommu(dev) ?
				iommu_iova_to_phys(domain, addr[i]) : addr[i]);
	}
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
	if (!use_dma_iommu(dev))
		return;
	for (i = 0; i < NRANGES; i++)
		KUNIT_EXPECT_EQ(test, 0, iommu_iova_to_phys(domain, addr[i]));
}

static struct kunit_case p2p_cases[] = {
	KUNIT_CASE(a_neighbour_is_reached_by_its_bus_address),
	KUNIT_CASE(a_peer_s_memory_needs_no_sync),
	KUNIT_CASE(a_list_with_a_peer_s_memory_takes_no_barrier),
	KUNIT_CASE(through_the_host_bridge_it_has_its_cpu_address),
	KUNIT_CASE(a_device_that_is_not_pci_cannot_reach_it),
	KUNIT_CASE(a_peer_s_memory_is_not_bounced),
	KUNIT_CASE(nor_is_it_for_an_untrusted_device),
	KUNIT_CASE(a_neighbour_reaches_each_range_of_a_dma_buf),
	KUNIT_CASE(through_the_host_bridge_each_range_is_reached),
	{}
};

static struct kunit_suite p2p_suite = {
	.name = "dma_p2pdma",
	.suite_init = p2p_suite_init,
	.suite_exit = p2p_suite_exit,
	.init = p2p_test_init,
	.test_cases = p2p_cases,
};

kunit_test_suites(&p2p_suite);

MODULE_DESCRIPTION("KUnit tests of the DMA API with PCI peer-to-peer memory");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
