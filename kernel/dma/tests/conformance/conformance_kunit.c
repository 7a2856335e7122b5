// SPDX-License-Identifier: GPL-2.0
/*
 * Every promise of the DMA API, executed against every backend.
 *
 * A case is a promise, its parameter a backend; the number is that of the promise in
 * Documentation/core-api/dma-conformance.rst.  The backend is known by its descriptor
 * alone.  After each case what the backend counts is back to where it was.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "conformance.h"

static const void *gen(const void *prev, char *desc, bool all,
		       unsigned int claims)
{
	const struct dma_conformance_backend *const *be = prev;

	for (be = be ? be + 1 : conf_backends; *be; be++) {
		if ((!all && (*be)->missing()) || claims & ~(*be)->claims)
			continue;
		strscpy(desc, (*be)->name, KUNIT_PARAM_DESC_SIZE);
		return be;
	}
	return NULL;
}

const void *conf_gen_all(const void *prev, char *desc)
{
	return gen(prev, desc, true, 0);
}

const void *conf_gen_present(const void *prev, char *desc)
{
	return gen(prev, desc, false, 0);
}

const void *conf_gen_exhausts(const void *prev, char *desc)
{
	return gen(prev, desc, false, CONF_EXHAUSTS);
}

const void *conf_gen_hides(const void *prev, char *desc)
{
	return gen(prev, desc, false, CONF_HIDES);
}

static void free_buf(void *buf)
{
	free_pages_exact(buf, CONF_BUF_SIZE);
}

/* Room */

/* How many bytes could be mapped when the first case began; 0: unknown. */
static long room[32];

/* Of @want, for @buf may be mapped already. */
int conf_fill_up(struct conf *conf, dma_addr_t *addr)
{
	int nr;

	for (nr = 0; nr < CONF_HOGS; nr++) {
		addr[nr] = dma_map_single_attrs(conf->dev, conf->want,
						CONF_BUF_SIZE, DMA_TO_DEVICE,
						DMA_ATTR_NO_WARN);
		if (dma_mapping_error(conf->dev, addr[nr]))
			break;
	}
	return nr;
}

void conf_give_back(struct conf *conf, dma_addr_t *addr, int nr)
{
	while (nr--)
		dma_unmap_single(conf->dev, addr[nr], CONF_BUF_SIZE,
				 DMA_TO_DEVICE);
	conf_settle(conf);
}

/* A lazy IOMMU keeps addresses for 10 ms. */
void conf_settle(struct conf *conf)
{
	if (conf->be->narrow)
		msleep(50);
}

void conf_narrow(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (conf->be->narrow)
		KUNIT_ASSERT_EQ(test, 0,
				dma_set_mask(conf->dev,
					     DMA_BIT_MASK(conf->be->narrow)));
}

struct hog {
	dma_addr_t addr;
	size_t size;
};

/* Fill all that is there, be it in pieces, and see that nothing of it stays. */
long conf_room(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 before = dma_get_mask(conf->dev);
	struct hog *hogs, *hog;
	long total = 0;
	int alive = 0;
	size_t size;
	u8 byte;

	conf_narrow(test);
	conf_settle(conf);
	hogs = kunit_kcalloc(test, CONF_HOGS, sizeof(*hogs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hogs);
	hog = hogs;
	for (size = CONF_BUF_SIZE; size >= SZ_2K; size /= 2) {
		for (; hog < hogs + CONF_HOGS; hog++) {
			hog->size = size;
			hog->addr = dma_map_single_attrs(conf->dev, conf->want,
							 size, DMA_TO_DEVICE,
							 DMA_ATTR_NO_WARN);
			if (dma_mapping_error(conf->dev, hog->addr))
				break;
			total += size;
		}
	}
	KUNIT_EXPECT_PTR_NE(test, hog, hogs + CONF_HOGS);
	while (hog-- > hogs) {
		dma_unmap_single(conf->dev, hog->addr, hog->size,
				 DMA_TO_DEVICE);
		if (conf->be->claims & CONF_TRANSLATES &&
		    conf_read(conf, hog->addr, &byte, 1) != -EFAULT)
			alive++;
	}
	KUNIT_EXPECT_EQ_MSG(test, 0, alive, "unmapped, but not dead");
	conf_settle(conf);
	kunit_kfree(test, hogs);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(conf->dev, before));
	return total;
}

static long *room_of(struct kunit *test)
{
	const struct dma_conformance_backend *const *be = test->param_value;

	KUNIT_ASSERT_LT(test, be - conf_backends, ARRAY_SIZE(room));
	return &room[be - conf_backends];
}

static void count_room(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (test->param_value && conf->be->claims & CONF_EXHAUSTS &&
	    !*room_of(test))
		*room_of(test) = conf_room(test);
}

void conf_expect_room(struct kunit *test)
{
	long now = conf_room(test);

	KUNIT_EXPECT_GT(test, now, 0);
	KUNIT_EXPECT_EQ(test, *room_of(test), now);
}

int conf_test_init(struct kunit *test)
{
	const struct dma_conformance_backend *const *param = test->param_value;
	const struct dma_conformance_backend *be = param ? *param :
							   conf_real_device();
	struct conf *conf;

	if (be->missing())
		kunit_skip(test, "%s", be->missing());
	conf = kunit_kzalloc(test, sizeof(*conf), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, conf);
	conf->be = be;
	conf->want = kunit_kzalloc(test, CONF_BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, conf->want);
	conf->seen = kunit_kzalloc(test, CONF_BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, conf->seen);
	conf->buf = alloc_pages_exact(CONF_BUF_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, conf->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, conf->buf));
	KUNIT_ASSERT_EQ(test, 0, conf->be->setup(test, conf));
	conf->used = conf_used(conf);
	test->priv = conf;
	count_room(test);
	return 0;
}

void conf_test_exit(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (!conf)
		return;
	KUNIT_EXPECT_EQ_MSG(test, conf->used, conf_used(conf), "a leak");
	conf->be->teardown(conf);
}

void conf_needs(struct kunit *test, unsigned int claim)
{
	struct conf *conf = test->priv;

	if (!(conf->be->claims & claim))
		kunit_skip(test, "does not apply: it never %s",
			   conf_claim_name(claim));
}

void conf_fill(u8 *p, size_t len, u8 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (seed * 37 + i * 11 + (i >> 8)) | 1;
}

size_t conf_same(const u8 *got, const u8 *want, size_t len)
{
	size_t i;

	for (i = 0; i < len && READ_ONCE(got[i]) == want[i]; i++)
		;
	return i;
}

/* Claims */

static const char *const claim_names[] = {
	"translates", "bounces", "coherent", "counts", "pages", "mmap",
	"resources", "exhausts", "hides",
};

const char *conf_claim_name(unsigned int claim)
{
	return claim_names[__ffs(claim)];
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

const char *conf_false_claim(struct conf *conf)
{
	unsigned int claims = conf->be->claims, found = 0, known;
	u8 before = conf->buf[0], now = 0;
	dma_addr_t addr;
	long used = conf_used(conf);
	size_t max;

	addr = dma_map_single(conf->dev, conf->buf, PAGE_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(conf->dev, addr))
		return "maps";
	if (conf_used(conf) > used)
		found |= CONF_COUNTS;
	conf->buf[0] = ~before;
	if (!conf_read(conf, addr, &now, 1) && now == before)
		found |= CONF_BOUNCES;
	conf->buf[0] = before;
	dma_unmap_single(conf->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	if (conf_read(conf, addr, &now, 1) == -EFAULT)
		found |= CONF_TRANSLATES;
	if (device_is_coherent(conf))
		found |= CONF_COHERENT;
	if (pages_are_had(conf))
		found |= CONF_PAGES;
	if (dma_can_mmap(conf->dev))
		found |= CONF_MMAP;
	if (resources_are_mapped(conf))
		found |= CONF_RESOURCES;

	known = CONF_TRANSLATES | CONF_BOUNCES | CONF_COUNTS | CONF_PAGES |
		CONF_MMAP | CONF_RESOURCES;
	/* What bounces needs syncs, whatever its caches do. */
	if (!(claims & CONF_BOUNCES))
		known |= CONF_COHERENT;
	if ((claims ^ found) & known)
		return conf_claim_name((claims ^ found) & known);
	if (dma_get_ordering(conf->dev) != conf->be->ordering)
		return "ordering";
	max = dma_max_mapping_size(conf->dev);
	if (max != (conf->be->max_mapping ?: SIZE_MAX))
		return "max_mapping";
	return NULL;
}

static void every_backend_is_there(struct kunit *test)
{
	struct conf *conf = test->priv;

	KUNIT_EXPECT_PTR_NE(test, conf->dev, NULL);
}

static void promise_00_claims_are_true(struct kunit *test)
{
	struct conf *conf = test->priv;

	KUNIT_EXPECT_STREQ(test, conf_false_claim(conf) ?: "none", "none");
}

static void a_false_claim_is_named(struct kunit *test)
{
	struct conf *conf = test->priv;
	const struct dma_conformance_backend *be = conf->be;
	struct dma_conformance_backend liar;
	unsigned int claim;

	conf->be = &liar;
	for (claim = CONF_TRANSLATES; claim <= CONF_RESOURCES; claim <<= 1) {
		/* See conf_false_claim(). */
		if (claim == CONF_COHERENT && be->claims & CONF_BOUNCES)
			continue;
		liar = *be;
		liar.claims ^= claim;
		KUNIT_EXPECT_STREQ(test, conf_false_claim(conf) ?: "none",
				   conf_claim_name(claim));
	}
	liar = *be;
	liar.ordering = be->ordering == DMA_ORDERING_WEAK ?
			DMA_ORDERING_STRONG : DMA_ORDERING_WEAK;
	KUNIT_EXPECT_STREQ(test, conf_false_claim(conf) ?: "none", "ordering");
	liar = *be;
	liar.max_mapping = PAGE_SIZE;
	KUNIT_EXPECT_STREQ(test, conf_false_claim(conf) ?: "none",
			   "max_mapping");
	conf->be = be;
}

static void promise_44_as_many_fit_as_at_the_start(struct kunit *test)
{
	conf_expect_room(test);
}

static void promise_13_what_is_beside_a_buffer_is_hidden(struct kunit *test)
{
	conf_map_neighbours(test);
}

#define PROMISE(nr, what, fn)						\
	{								\
		.run_case = fn, .name = "promise_" #nr "_" #what,	\
		.generate_params = conf_gen_present,			\
		.module_name = KBUILD_MODNAME,				\
	}

static struct kunit_case conformance_test_cases[] = {
	KUNIT_CASE_PARAM(every_backend_is_there, conf_gen_all),
	KUNIT_CASE_PARAM(promise_00_claims_are_true, conf_gen_present),
	KUNIT_CASE_PARAM(a_false_claim_is_named, conf_gen_present),
	PROMISE(01, the_device_reads_what_the_cpu_wrote, conf_map_to_device),
	PROMISE(02, the_cpu_reads_what_the_device_wrote, conf_map_from_device),
	PROMISE(03, bytes_that_the_device_leaves_stay, conf_map_partial_write),
	PROMISE(04, a_bidirectional_buffer_goes_both_ways, conf_map_both_ways),
	PROMISE(05, a_sync_for_the_cpu_shows_its_range, conf_sync_for_cpu),
	PROMISE(06, a_sync_for_the_device_shows_its_range, conf_sync_for_device),
	PROMISE(07, a_skipped_sync_can_be_made_up_for, conf_map_skip_sync),
	PROMISE(08, a_hint_changes_no_data, conf_map_hints),
	PROMISE(09, an_address_keeps_its_low_bits, conf_map_align),
	PROMISE(10, an_unmapped_address_is_dead, conf_map_dead_address),
	PROMISE(11, cpus_do_not_disturb_one_another, conf_map_many_cpus),
	PROMISE(12, a_resource_is_mapped_where_it_is, conf_map_resource),
	KUNIT_CASE_PARAM(promise_13_what_is_beside_a_buffer_is_hidden,
			 conf_gen_hides),
	PROMISE(14, streaming_calls_may_be_made_with_interrupts_off,
		conf_map_irqs_off),
	PROMISE(15, a_page_begins_at_a_page, conf_map_page_aligned),
	PROMISE(20, a_list_is_moved_piece_by_piece, conf_sg_data),
	PROMISE(21, a_list_is_synced, conf_sg_sync),
	PROMISE(22, a_list_keeps_the_limits_of_its_segments, conf_sg_limits),
	PROMISE(23, an_empty_entry_does_no_harm, conf_sg_zero_length),
	PROMISE(24, a_failure_in_the_middle_unwinds_all, conf_sg_unwind),
	PROMISE(25, every_step_of_a_list_may_fail, conf_sg_fail_nth),
	PROMISE(26, a_list_is_merged_at_the_boundary, conf_sg_merge_boundary),
	PROMISE(29, blocks_of_a_pool_keep_to_its_limits, conf_alloc_pool),
	PROMISE(30, coherent_memory_needs_no_sync, conf_alloc_coherent),
	PROMISE(31, memory_without_kernel_mapping_is_zeroed,
		conf_alloc_no_kernel_mapping),
	PROMISE(32, an_allocation_can_be_mapped_to_user_space, conf_alloc_mmap),
	PROMISE(33, a_table_names_the_pages_of_an_allocation, conf_alloc_sgtable),
	PROMISE(34, noncontiguous_memory_is_one_segment,
		conf_alloc_noncontiguous),
	PROMISE(35, allocated_pages_are_like_normal_pages, conf_alloc_pages),
	PROMISE(36, an_allocation_is_within_the_mask, conf_alloc_reach),
	PROMISE(37, coherent_memory_can_be_had_with_interrupts_off,
		conf_alloc_irqs_off),
	PROMISE(38, a_mask_that_is_accepted_has_memory, conf_alloc_masks),
	PROMISE(39, freed_memory_goes_back, conf_alloc_freed),
	PROMISE(40, an_address_is_within_the_mask, conf_limit_masks),
	PROMISE(41, the_required_mask_reaches_all_memory,
		conf_limit_required_mask),
	PROMISE(42, the_largest_mapping_is_what_it_says,
		conf_limit_mapping_size),
	PROMISE(43, exhaustion_is_an_error_and_passes, conf_limit_exhaustion),
	PROMISE(45, an_allocation_without_room_keeps_nothing,
		conf_alloc_exhausted),
	/* The last one: nothing before it has cost any room. */
	KUNIT_CASE_PARAM(promise_44_as_many_fit_as_at_the_start,
			 conf_gen_exhausts),
	{}
};

static int conformance_suite_init(struct kunit_suite *suite)
{
	return conf_backends_init();
}

static void conformance_suite_exit(struct kunit_suite *suite)
{
	conf_backends_exit();
}

static struct kunit_suite conformance_test_suite = {
	.name = "dma_conformance",
	.suite_init = conformance_suite_init,
	.suite_exit = conformance_suite_exit,
	.init = conf_test_init,
	.exit = conf_test_exit,
	.test_cases = conformance_test_cases,
};

kunit_test_suite(conformance_test_suite);

MODULE_DESCRIPTION("KUnit tests of the promises of the DMA API");
MODULE_LICENSE("GPL");
