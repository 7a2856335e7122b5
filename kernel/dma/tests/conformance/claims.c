// SPDX-License-Identifier: GPL-2.0
/*
 * Promise 00: what a descriptor claims is true of the device, and what it does not claim
 * is not.  Each claim is looked for with the DMA API alone.
 *
 * Some claims cannot be looked for on every device: the promises need the answer, but
 * this machine does not give it.  look() says which ones it does know.
 */
#include "conformance.h"

static const char *const claim_names[] = {
	"translates", "bounces", "coherent", "counts", "pages", "mmap",
	"resources", "iova", "exhausts", "hides", "keeps", "keeps-pages",
	"bounces-some", "tells-sync", "denies-write", "denies-read", "maintains",
};

const char *conf_claim_name(unsigned int claim)
{
	return claim_names[__ffs(claim)];
}

struct facts {
	unsigned int found;	/* CONF_* bits of the device */
	unsigned int known;	/* the ones that were looked for */
	size_t max_mapping;
};

static void note(struct facts *facts, unsigned int claim, bool found)
{
	facts->known |= claim;
	if (found)
		facts->found |= claim;
}

/* Does the device work on a copy of what is mapped at @addr? */
static bool is_copied(struct conf *conf, u8 *p, dma_addr_t addr)
{
	u8 before = p[0], now = 0;
	bool copied;

	/* A device that does not snoop may or may not see the change without a copy. */
	if (conf->be->claims & CONF_MAINTAINS)
		return conf->be->walk(conf, addr) != virt_to_phys(p);
	p[0] = ~before;
	copied = !conf_read(conf, addr, &now, 1) && now == before;
	p[0] = before;
	return copied;
}

/* Map one page and look at it: 0, or an errno. */
static int look_at_a_page(struct conf *conf, struct facts *facts)
{
	long used = conf_used(conf);
	dma_addr_t addr;
	bool copied, need_sync;
	u8 now;

	addr = dma_map_single(conf->dev, conf->buf, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(conf->dev, addr))
		return -EIO;
	note(facts, CONF_COUNTS, conf_used(conf) > used);
	copied = is_copied(conf, conf->buf, addr);
	/* That it bounces this page does not say that it bounces every page. */
	if (!copied || !(conf->be->claims & CONF_BOUNCES_SOME))
		note(facts, CONF_BOUNCES, copied);
	need_sync = dma_need_sync(conf->dev, addr);
	dma_unmap_single(conf->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	note(facts, CONF_TRANSLATES, conf_read(conf, addr, &now, 1) == -EFAULT);
	/* Until its first sync, the core may know that no mapping needs one. */
	if (dma_dev_need_sync(conf->dev) && dev_is_dma_coherent(conf->dev) &&
	    !copied)
		note(facts, CONF_TELLS_SYNC, !need_sync);
	return 0;
}

static bool device_is_coherent(struct conf *conf)
{
	dma_addr_t addr = dma_map_single_attrs(conf->dev, conf->buf, PAGE_SIZE,
					       DMA_BIDIRECTIONAL,
					       DMA_ATTR_REQUIRE_COHERENT);

	if (dma_mapping_error(conf->dev, addr))
		return false;
	dma_unmap_single_attrs(conf->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL,
			       DMA_ATTR_REQUIRE_COHERENT);
	return true;
}

static bool pages_are_had(struct conf *conf)
{
	dma_addr_t addr;
	struct page *page = dma_alloc_pages(conf->dev, PAGE_SIZE, &addr,
					    DMA_BIDIRECTIONAL, GFP_KERNEL);

	if (page)
		dma_free_pages(conf->dev, PAGE_SIZE, page, addr,
			       DMA_BIDIRECTIONAL);
	return page;
}

static bool resources_are_mapped(struct conf *conf)
{
	dma_addr_t addr = dma_map_resource(conf->dev, conf_resource(conf, false),
					   PAGE_SIZE, DMA_BIDIRECTIONAL, 0);

	if (dma_mapping_error(conf->dev, addr))
		return false;
	dma_unmap_resource(conf->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	return true;
}

static bool iova_space_is_had(struct conf *conf)
{
	struct dma_iova_state state;

	if (!dma_iova_try_alloc(conf->dev, &state, 0, PAGE_SIZE))
		return false;
	dma_iova_free(conf->dev, &state);
	return true;
}

/* Some mappings succeed, and not CONF_HOGS of them. */
static bool room_ends(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 before = dma_get_mask(conf->dev);
	dma_addr_t *addr;
	int nr;

	addr = kunit_kcalloc(test, CONF_HOGS, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	conf_narrow(test);
	nr = conf_fill_up(conf, addr);
	conf_give_back(conf, addr, nr);
	kunit_kfree(test, addr);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, before));
	return nr > 0 && nr < CONF_HOGS;
}

/* Beside a buffer are zeroes, though there were none before, here or in a bounce buffer. */
static bool the_rest_is_zeroed(struct kunit *test)
{
	struct conf *conf = test->priv;
	const size_t off = 300, size = 400;
	size_t before, after;
	bool zeroed = true;
	dma_addr_t addr;

	memset(conf->want, 0xfe, CONF_BUF_SIZE);
	memset(conf->buf, 0xfe, CONF_BUF_SIZE);
	conf_soil(test);
	/* A device that does not snoop sees what was written back to memory. */
	addr = dma_map_single(conf->dev, conf->buf, CONF_BUF_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(conf->dev, addr))
		return false;
	dma_unmap_single(conf->dev, addr, CONF_BUF_SIZE, DMA_TO_DEVICE);
	addr = dma_map_single(conf->dev, conf->buf + off, size, DMA_TO_DEVICE);
	if (dma_mapping_error(conf->dev, addr))
		return false;
	before = addr & (SZ_4K - 1);
	after = -(addr + size) & (SZ_4K - 1);
	if (conf_read(conf, addr - before, conf->seen, before) ||
	    memchr_inv(conf->seen, 0, before) ||
	    conf_read(conf, addr + size, conf->seen, after) ||
	    memchr_inv(conf->seen, 0, after))
		zeroed = false;
	dma_unmap_single(conf->dev, addr, size, DMA_TO_DEVICE);
	return zeroed;
}

/* Does the device work on a copy of this page? */
static bool page_is_bounced(struct conf *conf, u8 *page)
{
	dma_addr_t addr = dma_map_single(conf->dev, page, PAGE_SIZE,
					 DMA_TO_DEVICE);
	bool bounced;

	if (dma_mapping_error(conf->dev, addr))
		return false;
	bounced = is_copied(conf, page, addr);
	dma_unmap_single(conf->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return bounced;
}

/*
 * Looks at some pages only, every other one below 4 GiB, so an answer of no proves
 * little.
 */
static bool some_pages_are_bounced(struct conf *conf)
{
	enum { NR = 64 };
	int i, bounced = 0, nr = 0;
	u8 *page[NR];

	for (; nr < NR; nr++) {
		page[nr] = (u8 *)__get_free_page(nr % 2 ? GFP_KERNEL | GFP_DMA32 :
							  GFP_KERNEL);
		if (!page[nr])
			break;
		bounced += page_is_bounced(conf, page[nr]);
	}
	for (i = 0; i < nr; i++)
		free_page((unsigned long)page[i]);
	return bounced && bounced < nr;
}

/*
 * Some claims are looked for with mappings that must fail.  A kernel may warn about
 * those that are out of the device's reach.
 */
static bool look(struct kunit *test, struct facts *facts)
{
	struct conf *conf = test->priv;
	unsigned int claims = conf->be->claims;
	bool bounces;
	int keeps;

	*facts = (struct facts) {};
	if (look_at_a_page(conf, facts))
		return false;
	/* A bounced mapping needs syncs, whether or not the device is coherent. */
	bounces = claims & CONF_BOUNCES || !(facts->known & CONF_BOUNCES);
	if (!bounces)
		note(facts, CONF_COHERENT, device_is_coherent(conf));
	note(facts, CONF_PAGES, pages_are_had(conf));
	note(facts, CONF_MMAP, dma_can_mmap(conf->dev));
	note(facts, CONF_RESOURCES, resources_are_mapped(conf));
	note(facts, CONF_IOVA, iova_space_is_had(conf));
	/* A pool that grows, or is shared with other devices, is not filled up. */
	if (claims & CONF_EXHAUSTS || !bounces) {
		note(facts, CONF_EXHAUSTS, room_ends(test));
		note(facts, CONF_HIDES, the_rest_is_zeroed(test));
	}
	keeps = conf_alloc_keeps(conf);
	if (keeps >= 0)
		note(facts, CONF_KEEPS, keeps);
	keeps = conf_alloc_keeps_pages(conf);
	if (keeps >= 0)
		note(facts, CONF_KEEPS_PAGES, keeps);
	if (some_pages_are_bounced(conf))
		note(facts, CONF_BOUNCES_SOME, true);
	else if (!(claims & CONF_BOUNCES_SOME))
		note(facts, CONF_BOUNCES_SOME, false);
	else
		kunit_info(test, "not seen: bounces-some");
	facts->max_mapping = dma_max_mapping_size(conf->dev);
	return true;
}

/* The name of a claim that is not true, "none" if all of them are. */
static const char *false_claim(const struct dma_conformance_backend *be,
			       const struct facts *facts)
{
	unsigned int wrong = (be->claims ^ facts->found) & facts->known;

	if (wrong)
		return conf_claim_name(wrong);
	if (facts->max_mapping != (be->max_mapping ?: SIZE_MAX))
		return "max_mapping";
	return "none";
}

static void get_facts(struct kunit *test, struct facts *facts)
{
	bool maps = false;

	kunit_warning_suppress(test) {
		maps = look(test, facts);
	}
	KUNIT_ASSERT_TRUE_MSG(test, maps, "it maps nothing");
}

void conf_claims_are_true(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct facts facts;

	get_facts(test, &facts);
	KUNIT_EXPECT_STREQ(test, false_claim(conf->be, &facts), "none");
}

/*
 * Test the test: each claim that is added or left out is named.  The search is made again
 * with each lie, because it depends on the claims.  It is not made with a lie on whether
 * the device bounces: it would fill up a pool that grows, or that other devices use.
 */
void conf_claims_lie(struct kunit *test)
{
	const unsigned int bounces = CONF_BOUNCES | CONF_BOUNCES_SOME;
	const struct dma_conformance_backend *be;
	struct dma_conformance_backend *liar;
	struct conf *conf = test->priv;
	struct facts facts, seen;
	unsigned int claim;

	be = conf->be;
	/* It takes long where the machine is emulated, and is the same there. */
	if (be->everywhere && !IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "expected skip: um plays it on this backend");
	liar = kunit_kmalloc(test, sizeof(*liar), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, liar);
	get_facts(test, &facts);
	for (claim = 1; claim <= CONF_TELLS_SYNC; claim <<= 1) {
		if (!(facts.known & claim))
			continue;
		*liar = *be;
		liar->claims ^= claim;
		seen = facts;
		if (!(claim & bounces)) {
			conf->be = liar;
			get_facts(test, &seen);
			conf->be = be;
		}
		/* A bounce pool is filled up only if that is claimed to be possible. */
		if (claim == CONF_EXHAUSTS && !(seen.known & claim))
			continue;
		KUNIT_EXPECT_STREQ(test, false_claim(liar, &seen),
				   conf_claim_name(claim));
	}
	*liar = *be;
	liar->max_mapping = PAGE_SIZE;
	KUNIT_EXPECT_STREQ(test, false_claim(liar, &facts), "max_mapping");
}
