// SPDX-License-Identifier: GPL-2.0
/*
 * Every promise of the DMA API, executed on every backend.
 *
 * A case is a promise, its parameter is a backend.  The number of a case is that of
 * the promise in Documentation/core-api/dma-conformance.rst.  A backend registers a
 * descriptor; the cases know nothing else about it.  After each case, the backend
 * must hold as many slots or table entries as before it.
 */
#include <linux/delay.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/highmem.h>
#include <linux/memblock.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <xen/xen.h>
#include "conformance.h"

/* Registered backends */

#define MAX_BACKENDS	48

/* The last two are NULL. */
static const struct dma_conformance_backend *backends[MAX_BACKENDS + 2];

void dma_conformance_add(const struct dma_conformance_backend *be)
{
	int i;

	for (i = 0; backends[i]; i++)
		;
	if (!WARN_ON(i == MAX_BACKENDS))
		backends[i] = be;
}

/* Parameters */

static bool everywhere = true;
module_param(everywhere, bool, 0444);
MODULE_PARM_DESC(everywhere, "Test backends that every machine has, too");

/* All devices of a Xen PV domain have Xen's ops, and its pages have other addresses. */
static const char *missing(const struct dma_conformance_backend *be)
{
	if (xen_pv_domain() && !strstarts(be->name, "xen"))
		return "expected skip: a Xen PV domain";
	if (be->everywhere && !everywhere)
		return "expected skip: left out by everywhere=0";
	return be->missing();
}

/* A case without any backend says so: see conf_test_init(). */
static const void *none(const void *end, char *desc)
{
	strscpy(desc, "none", KUNIT_PARAM_DESC_SIZE);
	return end;
}

static const void *gen(const void *prev, char *desc, bool all,
		       unsigned int claims)
{
	const struct dma_conformance_backend *const *be = prev;

	for (be = be ? be + 1 : backends; *be; be++) {
		if ((!all && ((*be)->random_only || missing(*be))) ||
		    claims & ~(*be)->claims)
			continue;
		strscpy(desc, (*be)->name, KUNIT_PARAM_DESC_SIZE);
		return be;
	}
	return prev ? NULL : none(be, desc);
}

const void *conf_gen_all(struct kunit *test, const void *prev, char *desc)
{
	return gen(prev, desc, true, 0);
}

const void *conf_gen_present(struct kunit *test, const void *prev, char *desc)
{
	return gen(prev, desc, false, 0);
}

const void *conf_gen_exhausts(struct kunit *test, const void *prev, char *desc)
{
	return gen(prev, desc, false, CONF_EXHAUSTS);
}

const void *conf_gen_hides(struct kunit *test, const void *prev, char *desc)
{
	return gen(prev, desc, false, CONF_HIDES);
}

const void *conf_gen_maintains(struct kunit *test, const void *prev, char *desc)
{
	return gen(prev, desc, false, CONF_MAINTAINS);
}

const void *conf_gen_iova(struct kunit *test, const void *prev, char *desc)
{
	return gen(prev, desc, false, CONF_IOVA);
}

/* A walk of tables does not see permissions, and some devices do not survive a denial. */
static bool rights_are_seen(const struct dma_conformance_backend *be)
{
	return !(be->claims & CONF_TRANSLATES) || (be->read && !be->fragile);
}

const void *conf_gen_rights(struct kunit *test, const void *prev, char *desc)
{
	const struct dma_conformance_backend *const *be = prev;

	for (be = be ? be + 1 : backends; *be; be++) {
		if (missing(*be) || !rights_are_seen(*be))
			continue;
		strscpy(desc, (*be)->name, KUNIT_PARAM_DESC_SIZE);
		return be;
	}
	return prev ? NULL : none(be, desc);
}

static void free_buf(void *buf)
{
	free_pages_exact(buf, CONF_BUF_SIZE);
}

/* The device */

/*
 * A device that does not snoop reads and writes memory, and not what the CPU has cached
 * of it: access its pages through a mapping that is not cached.
 */
static u8 *map_page(struct conf *conf, struct page *page)
{
#ifdef CONFIG_MMU
	if (conf->be->claims & CONF_MAINTAINS)
		return vmap(&page, 1, VM_MAP, pgprot_dmacoherent(PAGE_KERNEL));
#endif
	return kmap_local_page(page);
}

static void unmap_page(struct conf *conf, u8 *p)
{
	if (is_vmalloc_addr(p)) {
		mb();	/* the access is complete before the CPU's next one */
		vunmap(p);
	} else {
		kunmap_local(p);
	}
}

/* By 4 KiB: no translation here has smaller pages, some have larger ones. */
static int walk(struct conf *conf, dma_addr_t addr, u8 *buf, size_t len,
		bool write)
{
	phys_addr_t phys;
	size_t n;
	u8 *p;

	for (; len; len -= n, buf += n, addr += n) {
		n = min(len, SZ_4K - (size_t)(addr & (SZ_4K - 1)));
		phys = conf->be->walk(conf, addr);
		if (phys == CONF_NOWHERE || !pfn_valid(PHYS_PFN(phys)))
			return -EFAULT;
		p = map_page(conf, pfn_to_page(PHYS_PFN(phys)));
		if (!p)
			return -ENOMEM;
		if (write)
			memcpy(p + offset_in_page(phys), buf, n);
		else
			memcpy(buf, p + offset_in_page(phys), n);
		unmap_page(conf, p);
	}
	return 0;
}

int conf_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len)
{
	if (conf->be->read)
		return conf->be->read(conf, addr, buf, len);
	return walk(conf, addr, buf, len, false);
}

int conf_write(struct conf *conf, dma_addr_t addr, const void *buf, size_t len)
{
	if (conf->be->write)
		return conf->be->write(conf, addr, buf, len);
	return walk(conf, addr, (u8 *)buf, len, true);
}

/* Above all memory, or a memory BAR of the device. */
phys_addr_t conf_resource(struct conf *conf, bool far)
{
	int bar;

	if (far)
		return CONF_HIGH_PHYS;
	for (bar = 0; dev_is_pci(conf->dev) && bar < PCI_STD_NUM_BARS; bar++)
		if (pci_resource_flags(to_pci_dev(conf->dev), bar) & IORESOURCE_MEM)
			return pci_resource_start(to_pci_dev(conf->dev), bar);
	return (phys_addr_t)roundup_pow_of_two(max_pfn) * PAGE_SIZE + SZ_1M;
}

long conf_used(struct conf *conf)
{
	return conf->be->used ? conf->be->used(conf) : 0;
}

/* Room */

/* For each backend: how many bytes could be mapped when the first case began; 0: unknown. */
static long room[MAX_BACKENDS];

/* Map @want, because @buf may be mapped already. */
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

void conf_soil(struct kunit *test)
{
	struct conf *conf = test->priv;
	const size_t size = CONF_BUF_SIZE - 16;
	/* A pool that grows is not exhausted. */
	int most = conf->be->claims & CONF_BOUNCES &&
		   !(conf->be->claims & CONF_EXHAUSTS) ? 64 : CONF_HOGS;
	dma_addr_t *addr;
	int nr;

	if (!(conf->be->claims & (CONF_BOUNCES | CONF_HIDES)))
		return;
	addr = kunit_kcalloc(test, most, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	/* What fills its pages may not be bounced. */
	for (nr = 0; nr < most; nr++) {
		addr[nr] = dma_map_single_attrs(conf->dev, conf->want + 8, size,
						DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
		if (dma_mapping_error(conf->dev, addr[nr]))
			break;
	}
	KUNIT_EXPECT_GT(test, nr, 0);
	while (nr--)
		dma_unmap_single(conf->dev, addr[nr], size, DMA_TO_DEVICE);
	kunit_kfree(test, addr);
	conf_settle(conf);
}

/* A lazy IOMMU domain gives unmapped addresses back after 10 ms. */
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

/*
 * Map as many bytes as possible, in smaller and smaller pieces, and unmap them.
 * Each address must be dead afterwards.  Returns the number of bytes.
 */
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

	return &room[be - backends];
}

static void count_room(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (test->param_value && !conf->be->random_only &&
	    conf->be->claims & CONF_EXHAUSTS && !*room_of(test))
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
							   conf_bus_master();
	struct conf *conf;
	const char *why;

	dma_kunit_watch(test);
	/* Whether a backend is missing is shown by every_backend_is_there(). */
	if (!be)
		kunit_skip(test, "expected skip: no backend here has it");
	why = missing(be);
	if (why && str_has_prefix(why, CONF_FAILED))
		KUNIT_FAIL_AND_ABORT(test, "%s", why);
	if (why)
		kunit_skip(test, "%s", why);
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
	conf->probe = dma_map_single(conf->dev, conf->buf, PAGE_SIZE,
				     DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(conf->dev, conf->probe));
	dma_unmap_single(conf->dev, conf->probe, PAGE_SIZE, DMA_TO_DEVICE);
	conf->alive = conf_alive(conf);
	return 0;
}

void conf_test_exit(struct kunit *test)
{
	struct conf *conf = test->priv;

	if (!conf)
		return;
	KUNIT_EXPECT_EQ_MSG(test, conf->used, conf_used(conf), "a leak");
	KUNIT_EXPECT_EQ_MSG(test, conf->alive, conf_alive(conf),
			    "pages that nobody maps lead somewhere");
	conf->be->teardown(conf);
}

void conf_needs(struct kunit *test, unsigned int claim)
{
	struct conf *conf = test->priv;

	if (!(conf->be->claims & claim))
		kunit_skip(test, "expected skip: does not apply: not claimed: %s",
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

static void every_backend_is_there(struct kunit *test)
{
	struct conf *conf = test->priv;

	KUNIT_EXPECT_PTR_NE(test, conf->dev, NULL);
}

static void promise_44_as_many_fit_as_at_the_start(struct kunit *test)
{
	conf_expect_room(test);
}

static void promise_13_what_is_beside_a_buffer_is_hidden(struct kunit *test)
{
	conf_map_neighbours(test);
}

static void promise_50_linked_memory_goes_both_ways(struct kunit *test)
{
	conf_iova_data(test);
}

static void promise_51_linked_memory_may_begin_and_end_in_a_page(struct kunit *test)
{
	conf_iova_unaligned(test);
}

static void promise_52_a_link_that_fails_takes_nothing(struct kunit *test)
{
	conf_iova_unwind(test);
}

static void promise_53_a_link_keeps_its_attributes_or_is_refused(struct kunit *test)
{
	conf_iova_attributes(test);
}

#define PROMISE_OF(nr, what, fn, gen, ...)				\
	{								\
		.run_case = fn, .name = "promise_" #nr "_" #what,	\
		.generate_params = gen,					\
		.module_name = KBUILD_MODNAME,				\
		__VA_ARGS__						\
	}

#define PROMISE(nr, what, fn)	PROMISE_OF(nr, what, fn, conf_gen_present)

static struct kunit_case conformance_test_cases[] = {
	KUNIT_CASE_PARAM(every_backend_is_there, conf_gen_all),
	PROMISE(00, claims_are_true, conf_claims_are_true),
	{
		.run_case = conf_claims_lie, .name = "a_false_claim_is_named",
		.generate_params = conf_gen_present,
		.module_name = KBUILD_MODNAME,
	},
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
	PROMISE(16, a_coherent_page_needs_no_sync_or_is_refused,
		conf_coherent_page),
	PROMISE(17, a_coherent_list_needs_no_sync_or_is_refused,
		conf_coherent_list),
	PROMISE(18, coherent_mappings_leave_nothing_behind,
		conf_coherent_many),
	PROMISE(19, a_mapping_that_needs_syncs_says_so, conf_map_need_sync),
	PROMISE(20, a_list_is_moved_piece_by_piece, conf_sg_data),
	PROMISE(21, a_list_is_synced, conf_sg_sync),
	PROMISE(22, a_list_keeps_the_limits_of_its_segments, conf_sg_limits),
	PROMISE(23, an_empty_entry_does_no_harm, conf_sg_zero_length),
	PROMISE(24, a_failure_in_the_middle_unwinds_all, conf_sg_unwind),
	PROMISE(25, every_step_of_a_list_may_fail, conf_sg_fail_nth),
	PROMISE(26, a_list_is_merged_at_the_boundary, conf_sg_merge_boundary),
	PROMISE(27, a_skipped_sync_copies_nothing, conf_map_skip_both),
	PROMISE(28, memory_is_contiguous_if_that_is_forced,
		conf_alloc_contiguous),
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
	PROMISE_OF(46, a_buffer_to_read_cannot_be_written, conf_right_to_write,
		   conf_gen_rights, .attr.speed = KUNIT_SPEED_SLOW),
	PROMISE_OF(47, a_buffer_to_write_cannot_be_read, conf_right_to_read,
		   conf_gen_rights, .attr.speed = KUNIT_SPEED_SLOW),
	PROMISE(48, pages_that_the_kernel_does_not_map_are_moved,
		conf_map_highmem),
	KUNIT_CASE_PARAM(promise_50_linked_memory_goes_both_ways,
			 conf_gen_iova),
	KUNIT_CASE_PARAM(promise_51_linked_memory_may_begin_and_end_in_a_page,
			 conf_gen_iova),
	KUNIT_CASE_PARAM(promise_52_a_link_that_fails_takes_nothing,
			 conf_gen_iova),
	KUNIT_CASE_PARAM(promise_53_a_link_keeps_its_attributes_or_is_refused,
			 conf_gen_iova),
	/* The last one: none of the cases before it has lost room. */
	KUNIT_CASE_PARAM(promise_44_as_many_fit_as_at_the_start,
			 conf_gen_exhausts),
	{}
};

static struct kunit_suite conformance_test_suite = {
	.name = "dma_conformance",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = conf_test_init,
	.exit = conf_test_exit,
	.test_cases = conformance_test_cases,
};

kunit_test_suite(conformance_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests of the promises of the DMA API");
MODULE_LICENSE("GPL");
