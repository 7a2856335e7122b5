// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O addresses that dma-iommu gives out: which ones, in which order, and when they can
 * be given out again.
 *
 * A lazy domain keeps addresses that were unmapped in a queue, and flushes the IOMMU after
 * 10 ms or when a queue is full.  The test puts itself before the method that flushes.
 */
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include "conformance.h"

#if defined(CONFIG_IOMMU_DMA) && defined(CONFIG_PCI)
#define PIECE	SZ_64M			/* no CPU keeps ranges of that size for later */
#define PIECES	(SZ_4G / PIECE)

static struct iommu_domain *domain_of(struct conf *conf)
{
	return iommu_get_domain_for_dev(conf->dev);
}

static struct dma_iova_state *pieces(struct kunit *test)
{
	struct dma_iova_state *piece =
		kunit_kcalloc(test, PIECES + 1, sizeof(*piece), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, piece);
	return piece;
}

/* Take addresses until @above is reached or none are left; return how many pieces. */
static int take(struct conf *conf, struct dma_iova_state *piece, u64 above)
{
	int nr;

	for (nr = 0; nr <= PIECES; nr++) {
		if (!dma_iova_try_alloc(conf->dev, &piece[nr], 0, PIECE))
			return nr;
		if (piece[nr].addr >= above)
			return nr + 1;
	}
	return nr;
}

static void give_back(struct conf *conf, struct dma_iova_state *piece, int nr)
{
	while (nr--)
		dma_iova_free(conf->dev, &piece[nr]);
}

static void expect_clear_of(struct kunit *test, struct dma_iova_state *piece,
			    int nr, u64 start, u64 end)
{
	for (; nr--; piece++)
		KUNIT_EXPECT_TRUE_MSG(test, piece->addr > end ||
				      piece->addr + PIECE <= start,
				      "%pad is in %llx-%llx", &piece->addr,
				      start, end);
}

/* A device that accesses them would reach another device, or what the IOMMU keeps. */
static void addresses_with_another_meaning_stay_free(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct dma_iova_state *piece = pieces(test);
	struct iommu_resv_region *region;
	struct pci_host_bridge *bridge;
	struct resource_entry *window;
	int nr, seen = 0;
	LIST_HEAD(regions);

	nr = take(conf, piece, U64_MAX);
	KUNIT_EXPECT_GT(test, nr, 0);
	bridge = pci_find_host_bridge(to_pci_dev(conf->dev)->bus);
	resource_list_for_each_entry(window, &bridge->windows) {
		if (resource_type(window->res) != IORESOURCE_MEM)
			continue;
		expect_clear_of(test, piece, nr,
				window->res->start - window->offset,
				window->res->end - window->offset);
		seen++;
	}
	KUNIT_EXPECT_GT(test, seen, 0);
	iommu_get_resv_regions(conf->dev, &regions);
	list_for_each_entry(region, &regions, list)
		if (region->type != IOMMU_RESV_SW_MSI)
			expect_clear_of(test, piece, nr, region->start,
					region->start + region->length - 1);
	iommu_put_resv_regions(conf->dev, &regions);
	give_back(conf, piece, nr);
}

/* Some devices fail on addresses of more than 32 bits, whatever mask they have. */
static void addresses_below_4_gib_go_first(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct dma_iova_state *piece = pieces(test);
	bool was = conf->dev->iommu->pci_32bit_workaround;
	int nr;

	/* With a mask of 32 bits nothing is left when they are. */
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, DMA_BIT_MASK(32)));
	conf->dev->iommu->pci_32bit_workaround = true;
	nr = take(conf, piece, SZ_4G);
	KUNIT_EXPECT_GT(test, nr, 0);
	KUNIT_EXPECT_LT(test, nr, PIECES);
	KUNIT_EXPECT_TRUE(test, conf->dev->iommu->pci_32bit_workaround);
	give_back(conf, piece, nr);
	if (domain_of(conf)->geometry.aperture_end >= SZ_4G + PIECE) {
		KUNIT_EXPECT_EQ(test, 0, dma_set_mask(conf->dev,
						      DMA_BIT_MASK(64)));
		nr = take(conf, piece, SZ_4G);
		KUNIT_EXPECT_GT(test, nr, 1);
		KUNIT_EXPECT_LT(test, nr, PIECES);
		KUNIT_EXPECT_GE(test, piece[nr - 1].addr, SZ_4G);
		KUNIT_EXPECT_FALSE(test, conf->dev->iommu->pci_32bit_workaround);
		give_back(conf, piece, nr);
	}
	conf->dev->iommu->pci_32bit_workaround = was;
}

static void an_address_is_one_that_the_iommu_has(struct kunit *test)
{
	struct conf *conf = test->priv;
	bool was = conf->dev->iommu->pci_32bit_workaround;
	u64 end = domain_of(conf)->geometry.aperture_end;
	struct dma_iova_state state = { };

	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, DMA_BIT_MASK(64)));
	conf->dev->iommu->pci_32bit_workaround = false;
	KUNIT_EXPECT_TRUE(test, dma_iova_try_alloc(conf->dev, &state, 0, PIECE));
	conf->dev->iommu->pci_32bit_workaround = was;
	if (!state.addr)
		return;
	KUNIT_EXPECT_LE(test, (u64)state.addr + PIECE - 1, end);
	/* The highest ones go first. */
	KUNIT_EXPECT_GE(test, (u64)state.addr, end / 2);
	dma_iova_free(conf->dev, &state);
}

static struct {
	struct task_struct *task;
	const struct iommu_domain_ops *ops;
	struct iommu_domain_ops own_ops;
	int calls;
} flush;

static void see_flush(struct iommu_domain *domain)
{
	flush.calls += current == flush.task;
	flush.ops->flush_iotlb_all(domain);
}

static void a_full_queue_is_flushed(struct kunit *test)
{
	enum { QUEUE = 256, TIMES = 5 * QUEUE / 2 };
	struct conf *conf = test->priv;
	struct iommu_domain *domain = domain_of(conf);
	unsigned long flags;
	dma_addr_t *addr;
	int i;

	if (domain->type != IOMMU_DOMAIN_DMA_FQ)
		kunit_skip(test, "expected skip: each unmap flushes");
	if (conf->dev->iommu->shadow_on_flush)
		kunit_skip(test, "expected skip: all CPUs share a queue of 32768");
	addr = kunit_kcalloc(test, TIMES, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (i = 0; i < TIMES; i++) {
		addr[i] = dma_map_single(conf->dev, conf->buf, PAGE_SIZE,
					 DMA_TO_DEVICE);
		KUNIT_EXPECT_EQ(test, 0, dma_mapping_error(conf->dev, addr[i]));
	}
	conf_settle(conf);
	flush.task = current;
	flush.calls = 0;
	flush.ops = domain->ops;
	flush.own_ops = *domain->ops;
	flush.own_ops.flush_iotlb_all = see_flush;
	domain->ops = &flush.own_ops;
	/* The timer cannot come between. */
	local_irq_save(flags);
	for (i = 0; i < TIMES; i++)
		dma_unmap_single(conf->dev, addr[i], PAGE_SIZE, DMA_TO_DEVICE);
	local_irq_restore(flags);
	domain->ops = flush.ops;
	/* Another CPU may have flushed once for an unmap before. */
	KUNIT_EXPECT_GE(test, flush.calls, 1);
	KUNIT_EXPECT_LE(test, flush.calls, TIMES / QUEUE);
}

/* Also those that share a domain. */
static void every_device_behind_an_iommu_uses_it(struct kunit *test)
{
	struct iommu_domain *domain;
	struct pci_dev *pdev = NULL;
	int seen = 0;

	for_each_pci_dev(pdev) {
		domain = iommu_get_domain_for_dev(&pdev->dev);
		if (!domain || !(domain->type & __IOMMU_DOMAIN_DMA_API))
			continue;
		KUNIT_EXPECT_TRUE_MSG(test, use_dma_iommu(&pdev->dev), "%s",
				      pci_name(pdev));
		seen++;
	}
	if (!seen)
		kunit_skip(test, "expected skip: no domain of dma-iommu");
}
#else
static void no_iommu(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs IOMMU_DMA and PCI");
}

#define addresses_with_another_meaning_stay_free	no_iommu
#define addresses_below_4_gib_go_first			no_iommu
#define an_address_is_one_that_the_iommu_has		no_iommu
#define a_full_queue_is_flushed				no_iommu
#define every_device_behind_an_iommu_uses_it		no_iommu
#endif /* CONFIG_IOMMU_DMA && CONFIG_PCI */

static struct kunit_case addresses_test_cases[] = {
	KUNIT_CASE_PARAM(addresses_with_another_meaning_stay_free, conf_gen_iova),
	KUNIT_CASE_PARAM(addresses_below_4_gib_go_first, conf_gen_iova),
	KUNIT_CASE_PARAM(an_address_is_one_that_the_iommu_has, conf_gen_iova),
	KUNIT_CASE_PARAM(a_full_queue_is_flushed, conf_gen_iova),
	KUNIT_CASE_PARAM(every_device_behind_an_iommu_uses_it, conf_gen_iova),
	{}
};

static struct kunit_suite addresses_test_suite = {
	.name = "dma_iommu_addresses",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = conf_test_init,
	.exit = conf_test_exit,
	.test_cases = addresses_test_cases,
};

kunit_test_suite(addresses_test_suite);

MODULE_DESCRIPTION("KUnit tests of the addresses that dma-iommu gives out");
MODULE_LICENSE("GPL");
