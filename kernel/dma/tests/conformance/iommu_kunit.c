// SPDX-License-Identifier: GPL-2.0
/*
 * What dma-iommu asks the IOMMU for: the permissions of each mapping; and what it has
 * left when the IOMMU refuses.
 *
 * The test puts itself before the method of the page table that maps.  The walk of the
 * conformance suite sees where an address leads to, but not who may use it.  Other tasks
 * may map for the device, or for one in the same domain: their calls are passed on.
 */
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/generic_pt/iommu.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include "conformance.h"

#ifdef CONFIG_IOMMU_DMA
static struct {
	struct task_struct *task;
	struct iommu_domain *domain;
	const struct iommu_domain_ops *ops;
	struct iommu_domain_ops own_ops;
#ifdef CONFIG_IOMMU_PT
	const struct pt_iommu_ops *pt_ops;
	struct pt_iommu_ops own_pt_ops;
#endif
	/* Calls, the permissions that all or some of them had, and the call that fails. */
	int calls, all, some, fails;
	/* The call that fails has mapped a page. */
	bool partly;
	/* The first page of the call that failed, with a reference if @hold. */
	struct page *page;
	bool hold;
} between;

/* Watch what follows, and let this call fail; < 0: none. */
static void watch(int fails)
{
	between.calls = 0;
	between.all = ~0;
	between.some = 0;
	between.fails = fails;
}

static bool fail(phys_addr_t phys, int prot)
{
	if (current != between.task)
		return false;
	between.all &= prot;
	between.some |= prot;
	if (between.calls++ != between.fails)
		return false;
	between.page = pfn_to_page(PHYS_PFN(phys));
	/* CMA frees a page that others still use. */
	if (conf_may_be_cma(between.page))
		between.hold = false;
	if (between.hold)
		get_page(between.page);
	return true;
}

static int map_pages(struct iommu_domain *domain, unsigned long iova,
		     phys_addr_t phys, size_t pgsize, size_t count, int prot,
		     gfp_t gfp, size_t *mapped)
{
	if (!fail(phys, prot))
		return between.ops->map_pages(domain, iova, phys, pgsize, count,
					      prot, gfp, mapped);
	if (between.partly)
		between.ops->map_pages(domain, iova, phys, pgsize, 1, prot, gfp,
				       mapped);
	return -ENOMEM;
}

#ifdef CONFIG_IOMMU_PT
static int map_range(struct pt_iommu *pt, dma_addr_t iova, phys_addr_t phys,
		     dma_addr_t len, unsigned int prot, gfp_t gfp,
		     size_t *mapped)
{
	if (!fail(phys, prot))
		return between.pt_ops->map_range(pt, iova, phys, len, prot, gfp,
						 mapped);
	if (between.partly)
		between.pt_ops->map_range(pt, iova, phys, PAGE_SIZE, prot, gfp,
					  mapped);
	return -ENOMEM;
}
#endif

static void put_between(struct kunit *test)
{
	struct conf *conf = test->priv;

	between.task = current;
	between.domain = iommu_get_domain_for_dev(conf->dev);
	watch(-1);
	between.ops = between.domain->ops;
	between.own_ops = *between.ops;
	between.own_ops.map_pages = map_pages;
	between.domain->ops = &between.own_ops;
#ifdef CONFIG_IOMMU_PT
	if (iommupt_from_domain(between.domain)) {
		struct pt_iommu *pt = iommupt_from_domain(between.domain);

		between.pt_ops = pt->ops;
		between.own_pt_ops = *pt->ops;
		between.own_pt_ops.map_range = map_range;
		pt->ops = &between.own_pt_ops;
	}
#endif
}

static void take_away(void)
{
	if (!between.domain)
		return;
	between.domain->ops = between.ops;
#ifdef CONFIG_IOMMU_PT
	if (iommupt_from_domain(between.domain))
		iommupt_from_domain(between.domain)->ops = between.pt_ops;
#endif
	between.domain = NULL;
}

/* The ways to get a mapping, which is undone at once. */

static bool single(struct conf *conf, enum dma_data_direction dir,
		   unsigned long attrs)
{
	dma_addr_t addr = dma_map_single_attrs(conf->dev, conf->buf,
					       CONF_BUF_SIZE, dir, attrs);

	if (dma_mapping_error(conf->dev, addr))
		return false;
	dma_unmap_single_attrs(conf->dev, addr, CONF_BUF_SIZE, dir, attrs);
	return true;
}

static bool list(struct conf *conf, enum dma_data_direction dir,
		 unsigned long attrs)
{
	struct scatterlist sg[3];
	int i;

	sg_init_table(sg, 3);
	for (i = 0; i < 3; i++)
		sg_set_buf(&sg[i], conf->buf + 2 * i * PAGE_SIZE, PAGE_SIZE);
	if (!dma_map_sg_attrs(conf->dev, sg, 3, dir, attrs))
		return false;
	dma_unmap_sg_attrs(conf->dev, sg, 3, dir, attrs);
	return true;
}

static bool link(struct conf *conf, enum dma_data_direction dir,
		 unsigned long attrs)
{
	struct dma_iova_state state = { };
	int ret;

	if (!dma_iova_try_alloc(conf->dev, &state, virt_to_phys(conf->buf),
				CONF_BUF_SIZE))
		return false;
	ret = dma_iova_link(conf->dev, &state, virt_to_phys(conf->buf), 0,
			    CONF_BUF_SIZE, dir, attrs);
	if (ret) {
		dma_iova_free(conf->dev, &state);
		return false;
	}
	ret = dma_iova_sync(conf->dev, &state, 0, CONF_BUF_SIZE);
	dma_iova_destroy(conf->dev, &state, CONF_BUF_SIZE, dir, attrs);
	return !ret;
}

static bool coherent(struct conf *conf, enum dma_data_direction dir,
		     unsigned long attrs)
{
	dma_addr_t addr;
	void *vaddr = dma_alloc_attrs(conf->dev, CONF_BUF_SIZE, &addr,
				      GFP_KERNEL, attrs | DMA_ATTR_NO_WARN);

	if (!vaddr)
		return false;
	dma_free_attrs(conf->dev, CONF_BUF_SIZE, vaddr, addr,
		       attrs | DMA_ATTR_NO_WARN);
	return true;
}

static bool contiguous(struct conf *conf, enum dma_data_direction dir,
		       unsigned long attrs)
{
	return coherent(conf, dir, attrs | DMA_ATTR_FORCE_CONTIGUOUS);
}

static bool pages(struct conf *conf, enum dma_data_direction dir,
		  unsigned long attrs)
{
	dma_addr_t addr;
	struct page *page = dma_alloc_pages(conf->dev, CONF_BUF_SIZE, &addr,
					    dir, GFP_KERNEL);

	if (!page)
		return false;
	dma_free_pages(conf->dev, CONF_BUF_SIZE, page, addr, dir);
	return true;
}

static bool noncontiguous(struct conf *conf, enum dma_data_direction dir,
			  unsigned long attrs)
{
	struct sg_table *sgt = dma_alloc_noncontiguous(conf->dev, CONF_BUF_SIZE,
						       dir, GFP_KERNEL, 0);

	if (!sgt)
		return false;
	dma_free_noncontiguous(conf->dev, CONF_BUF_SIZE, sgt, dir);
	return true;
}

#define MAPS		BIT(0)	/* it takes a direction, and memory of the caller */
#define ATTRS		BIT(1)	/* it takes attributes */
#define BOTH_WAYS	BIT(2)	/* it maps both ways, whatever the direction */

static const struct way {
	const char *name;
	bool (*map)(struct conf *conf, enum dma_data_direction dir,
		    unsigned long attrs);
	unsigned int flags;
} ways[] = {
	{ "a page", single, MAPS | ATTRS },
	{ "a list", list, MAPS | ATTRS },
	{ "a link", link, MAPS | ATTRS },
	{ "coherent memory", coherent, ATTRS | BOTH_WAYS },
	{ "contiguous memory", contiguous, ATTRS | BOTH_WAYS },
	{ "pages", pages, 0 },
	{ "noncontiguous memory", noncontiguous, BOTH_WAYS },
};

static int permissions(struct conf *conf, enum dma_data_direction dir,
		       unsigned long attrs)
{
	int prot = dev_is_dma_coherent(conf->dev) ? IOMMU_CACHE : 0;

	if (dir != DMA_FROM_DEVICE)
		prot |= IOMMU_READ;
	if (dir != DMA_TO_DEVICE)
		prot |= IOMMU_WRITE;
	if (attrs & DMA_ATTR_PRIVILEGED)
		prot |= IOMMU_PRIV;
	return prot;
}

/* Each call had these permissions. */
static void expect_prot(struct kunit *test, int want, const char *name,
			enum dma_data_direction dir, unsigned long attrs)
{
	KUNIT_EXPECT_GT_MSG(test, between.calls, 0, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, want, between.all,
			    "%s, direction %d, attributes %lx", name, dir,
			    attrs);
	KUNIT_EXPECT_EQ_MSG(test, want, between.some,
			    "%s, direction %d, attributes %lx", name, dir,
			    attrs);
}

static void a_mapping_permits_what_it_is_for(struct kunit *test)
{
	static const unsigned long attrs[] = { 0, DMA_ATTR_PRIVILEGED };
	struct conf *conf = test->priv;
	enum dma_data_direction dir;
	const struct way *way;
	int i, want;

	put_between(test);
	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		for (dir = DMA_BIDIRECTIONAL; dir < DMA_NONE; dir++) {
			for (i = 0; i < 2; i++) {
				if (attrs[i] && !(way->flags & ATTRS))
					continue;
				want = permissions(conf,
						   way->flags & BOTH_WAYS ?
						   DMA_BIDIRECTIONAL : dir,
						   attrs[i]);
				watch(-1);
				KUNIT_EXPECT_TRUE_MSG(test,
						      way->map(conf, dir,
							       attrs[i]),
						      "%s", way->name);
				expect_prot(test, want, way->name, dir, attrs[i]);
			}
		}
	}
}

static void a_resource_is_mapped_as_one(struct kunit *test)
{
	struct conf *conf = test->priv;
	phys_addr_t phys = conf_resource(conf, false);
	dma_addr_t addr;

	put_between(test);
	addr = dma_map_resource(conf->dev, phys, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(conf->dev, addr));
	expect_prot(test, IOMMU_MMIO | IOMMU_WRITE, "a resource",
		    DMA_FROM_DEVICE, 0);
	dma_unmap_resource(conf->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	watch(-1);
	addr = dma_map_resource(conf->dev, phys, PAGE_SIZE, DMA_TO_DEVICE,
				DMA_ATTR_PRIVILEGED);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(conf->dev, addr));
	expect_prot(test, IOMMU_MMIO | IOMMU_READ | IOMMU_PRIV, "a resource",
		    DMA_TO_DEVICE, DMA_ATTR_PRIVILEGED);
	dma_unmap_resource(conf->dev, addr, PAGE_SIZE, DMA_TO_DEVICE,
			   DMA_ATTR_PRIVILEGED);
}

/* Let each call of this way fail, with nothing or with one page mapped by then. */
static void fail_each_call(struct kunit *test, const struct way *way)
{
	enum { TIMES = 64, MOST_CALLS = 16 };
	struct conf *conf = test->priv;
	int i, n;

	for (n = 0; n < MOST_CALLS; n++) {
		put_between(test);
		for (i = 0; i < TIMES; i++) {
			bool done;

			watch(n);
			between.page = NULL;
			between.partly = i % 2;
			between.hold = !(way->flags & MAPS);
			done = way->map(conf, DMA_TO_DEVICE, 0);
			/* It takes fewer calls. */
			if (!between.page)
				break;
			KUNIT_EXPECT_FALSE_MSG(test, done, "%s", way->name);
			if (!between.hold)
				continue;
			KUNIT_EXPECT_EQ_MSG(test, 1, page_count(between.page),
					    "%s", way->name);
			put_page(between.page);
		}
		take_away();
		if (!between.page)
			break;
	}
	KUNIT_EXPECT_GT_MSG(test, n, 0, "%s", way->name);
	KUNIT_EXPECT_LT_MSG(test, n, MOST_CALLS, "%s", way->name);
}

/*
 * Whichever call fails, the mapping fails, its addresses can be had again, and memory
 * that was allocated for it is freed.
 */
static void what_cannot_be_mapped_leaves_nothing(struct kunit *test)
{
	struct conf *conf = test->priv;
	const struct way *way;
	long room;

	conf_narrow(test);
	KUNIT_ASSERT_EQ(test, 0, dma_set_coherent_mask(conf->dev,
						       dma_get_mask(conf->dev)));
	conf_stay_on_cpu();
	conf_tell_cma(test);
	/* It leaves the page tables of all addresses behind. */
	room = conf_room(test);
	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		KUNIT_EXPECT_TRUE_MSG(test, way->map(conf, DMA_TO_DEVICE, 0),
				      "%s", way->name);
		conf_count_pages(test);
		fail_each_call(test, way);
		KUNIT_EXPECT_EQ_MSG(test, 0, conf_count_pages_end(test), "%s",
				    way->name);
		KUNIT_EXPECT_TRUE_MSG(test, way->map(conf, DMA_TO_DEVICE, 0),
				      "%s", way->name);
		KUNIT_EXPECT_EQ_MSG(test, room, conf_room(test), "%s",
				    way->name);
	}
}

/*
 * Nothing looks at the memory behind the lengths: the device is not synced with it, and
 * nothing is mapped.
 */
static void a_list_that_cannot_be_mapped_stays_as_it_was(struct kunit *test)
{
	static const struct {
		const char *why;
		unsigned int first, second, mask_bits;
		int fails;
	} lists[] = {
		{ "an entry of 4 GiB", 1000, U32_MAX - 100, 32, -1 },
		{ "a gap of 1 GiB before a boundary", 3U * SZ_1G, SZ_2G, 32, -1 },
		{ "no addresses", SZ_8M, SZ_8M, 22, -1 },
		{ "a failure of the IOMMU", 1000, 2000, 32, 0 },
	};
	struct conf *conf = test->priv;
	struct scatterlist sg[2];
	int i;

	put_between(test);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		/* Lists of an untrusted device are mapped entry by entry. */
		if (conf->be->claims & CONF_HIDES && lists[i].fails < 0)
			continue;
		KUNIT_ASSERT_EQ(test, 0,
				dma_set_mask(conf->dev,
					     DMA_BIT_MASK(lists[i].mask_bits)));
		sg_init_table(sg, 2);
		sg_set_buf(&sg[0], conf->buf + 100, lists[i].first);
		sg_set_buf(&sg[1], conf->buf + PAGE_SIZE + 200, lists[i].second);
		watch(lists[i].fails);
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    dma_map_sg_attrs(conf->dev, sg, 2,
						     DMA_TO_DEVICE,
						     DMA_ATTR_SKIP_CPU_SYNC),
				    "%s", lists[i].why);
		KUNIT_EXPECT_EQ_MSG(test, lists[i].fails + 1, between.calls,
				    "%s", lists[i].why);
		KUNIT_EXPECT_PTR_EQ_MSG(test, conf->buf + 100, sg_virt(&sg[0]),
					"%s", lists[i].why);
		KUNIT_EXPECT_EQ_MSG(test, lists[i].first, sg[0].length, "%s",
				    lists[i].why);
		KUNIT_EXPECT_PTR_EQ_MSG(test, conf->buf + PAGE_SIZE + 200,
					sg_virt(&sg[1]), "%s", lists[i].why);
		KUNIT_EXPECT_EQ_MSG(test, lists[i].second, sg[1].length, "%s",
				    lists[i].why);
	}
}

static void fail_to_allocate(struct kunit *test)
{
	watch(0);
	KUNIT_EXPECT_FALSE(test, noncontiguous(test->priv, DMA_FROM_DEVICE, 0));
}

static void memory_that_cannot_be_mapped_leaves_no_table(struct kunit *test)
{
	put_between(test);
	dma_kunit_expect_freed(test, fail_to_allocate);
}

static void iommu_test_exit(struct kunit *test)
{
	take_away();
	conf_test_exit(test);
}
#else
static void no_iommu(struct kunit *test)
{
	kunit_skip(test, "expected skip: needs IOMMU_DMA");
}

#define a_mapping_permits_what_it_is_for	no_iommu
#define a_resource_is_mapped_as_one		no_iommu
#define what_cannot_be_mapped_leaves_nothing	no_iommu
#define a_list_that_cannot_be_mapped_stays_as_it_was	no_iommu
#define memory_that_cannot_be_mapped_leaves_no_table	no_iommu
#define iommu_test_exit				conf_test_exit
#endif /* CONFIG_IOMMU_DMA */

static struct kunit_case iommu_test_cases[] = {
	KUNIT_CASE_PARAM(a_mapping_permits_what_it_is_for, conf_gen_iova),
	KUNIT_CASE_PARAM(a_resource_is_mapped_as_one, conf_gen_iova),
	KUNIT_CASE_PARAM(what_cannot_be_mapped_leaves_nothing, conf_gen_iova),
	KUNIT_CASE_PARAM(a_list_that_cannot_be_mapped_stays_as_it_was, conf_gen_iova),
	KUNIT_CASE_PARAM(memory_that_cannot_be_mapped_leaves_no_table, conf_gen_iova),
	{}
};

static struct kunit_suite iommu_test_suite = {
	.name = "dma_iommu",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = conf_test_init,
	.exit = iommu_test_exit,
	.test_cases = iommu_test_cases,
};

kunit_test_suite(iommu_test_suite);

MODULE_DESCRIPTION("KUnit tests of what dma-iommu asks the IOMMU for");
MODULE_LICENSE("GPL");
