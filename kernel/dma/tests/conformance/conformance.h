/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The conformance suites: what a DMA backend tells them about itself, and what the
 * promises share.  Documentation/core-api/dma-conformance.rst lists the promises.
 */
#ifndef _KERNEL_DMA_TESTS_CONFORMANCE_H
#define _KERNEL_DMA_TESTS_CONFORMANCE_H

#include <kunit/test.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/swiotlb.h>

/* Claims of a backend; conf_false_claim() names the first one that is not true. */
#define CONF_TRANSLATES	BIT(0)	/* an address leads nowhere unless it is mapped */
#define CONF_BOUNCES	BIT(1)	/* the device works on a copy of every buffer */
#define CONF_COHERENT	BIT(2)	/* no mapping needs cache maintenance */
#define CONF_COUNTS	BIT(3)	/* ->used() grows with each mapping */
#define CONF_PAGES	BIT(4)	/* dma_alloc_pages(), dma_alloc_noncontiguous() */
#define CONF_MMAP	BIT(5)	/* dma_mmap_attrs(), dma_get_sgtable() */
#define CONF_RESOURCES	BIT(6)	/* dma_map_resource() */
#define CONF_IOVA	BIT(7)	/* dma_iova_try_alloc() and what comes with it */
#define CONF_EXHAUSTS	BIT(8)	/* a few thousand mappings exhaust it */
#define CONF_HIDES	BIT(9)	/* beside a buffer the device sees zeroes in its pages */
#define CONF_KEEPS	BIT(10)	/* its coherent memory is from a pool that it keeps */
#define CONF_KEEPS_PAGES BIT(11) /* pages of dma_alloc_pages() are from one, too */
#define CONF_BOUNCES_SOME BIT(12) /* it bounces a page or not, by its place in memory */
#define CONF_TELLS_SYNC	BIT(13)	/* no mapping that needs no sync has dma_need_sync() */
/* Promises 46 and 47 verify these, where they can be seen; promise 80 the last one. */
#define CONF_DENIES_WRITE BIT(14) /* the device cannot write what is mapped to be read */
#define CONF_DENIES_READ BIT(15) /* it cannot read what is mapped to be written */
#define CONF_MAINTAINS	BIT(16)	/* arch_sync_dma_*() maintains each mapping */
/* It has bus addresses of its own: any mask that it accepts reaches all memory. */
#define CONF_REMAPS	(CONF_TRANSLATES | CONF_EXHAUSTS)

#define CONF_NOWHERE	((phys_addr_t)-1)
#define CONF_BUF_SIZE	(8 * PAGE_SIZE)
/* Bus and physical addresses above 32 bits; 0 where they have no more bits. */
#define CONF_HIGH_BUS	(sizeof(dma_addr_t) > 4 ? BIT_ULL(36) : 0)
#define CONF_HIGH_PHYS	(sizeof(phys_addr_t) > 4 ? BIT_ULL(37) : 0)
/* At least the whole buffer, also where pages are large. */
#define CONF_MAX_SEGMENT max_t(size_t, SZ_64K, CONF_BUF_SIZE)

struct conf;

#define CONF_FAILED	"failed: "

/**
 * struct dma_conformance_backend - a backend of the DMA API, for its tests
 * @name: parameter of the cases in the results
 * @claims: %CONF_* bits
 * @max_mapping: largest mapping in bytes, 0 if unlimited
 * @narrow: number of mask bits with which it %CONF_EXHAUSTS, 0 for any
 * @missing: returns what the backend needs and this machine lacks, NULL if nothing; with
 *	CONF_FAILED before it if each machine should have it
 * @setup: make @conf->dev a device of the backend and set its masks; 0 or an errno
 * @teardown: undo @setup
 * @walk: the physical address that the hardware gets to from a bus address, or
 *	%CONF_NOWHERE
 * @read: optional: read memory as the device does; 0, or -EFAULT if it cannot.
 *	Without it, the suite reads where @walk leads to.
 * @write: optional, like @read: write memory as the device does
 * @fault_text: optional: what the kernel prints when the device is denied an access
 * @fail: optional: let the @n-th step of the mappings to come fail; n < 0: none
 * @used: optional: how many slots, table entries, ... @conf->dev has taken
 * @everywhere: every machine has this backend, um too; emulated machines play fewer
 *	random operations on it
 * @random_only: it plays random sequences only, no promise but those of permissions
 * @fragile: a denied access may stop the device for good
 */
struct dma_conformance_backend {
	const char *name;
	unsigned int claims;
	size_t max_mapping;
	unsigned int narrow;
	const char *(*missing)(void);
	int (*setup)(struct kunit *test, struct conf *conf);
	void (*teardown)(struct conf *conf);
	phys_addr_t (*walk)(struct conf *conf, dma_addr_t addr);
	int (*read)(struct conf *conf, dma_addr_t addr, void *buf, size_t len);
	int (*write)(struct conf *conf, dma_addr_t addr, const void *buf,
		     size_t len);
	const char *fault_text;
	void (*fail)(struct conf *conf, int n);
	long (*used)(struct conf *conf);
	bool everywhere;
	bool random_only;
	bool fragile;
};

/**
 * struct dma_conformance_master - a device that really copies memory
 * @name: parameter of the cases in the results
 * @slow: a copy takes so long that the device plays random sequences only
 * @fragile: an access that the IOMMU denies may stop it for good
 * @max: the most bytes of one copy
 * @init: find the device, or register its driver, when a suite begins; 0 or an errno
 * @exit: undo @init, when the suite ends
 * @dev: the device, NULL if the machine has none
 * @copy: copy up to @max bytes between two bus addresses and wait for the end; 0,
 *	-EFAULT, or -ETIMEDOUT if the device may access memory later
 */
struct dma_conformance_master {
	const char *name;
	bool slow;
	bool fragile;
	size_t max;
	int (*init)(void);
	void (*exit)(void);
	struct device *(*dev)(void);
	int (*copy)(dma_addr_t to, dma_addr_t from, size_t len);
};

/**
 * struct conf - a device of a backend, while a case runs
 * @be: the backend
 * @dev: the device
 * @buf: memory to map, %CONF_BUF_SIZE bytes, page aligned
 * @want: what @buf should hold at the end of the case
 * @seen: what the device has read
 * @mask: DMA mask of a device that the suite makes up
 * @limits: segment limits of such a device
 * @ranges: its dma_range_map
 * @pool: its copy of the bounce pool's descriptor, which counts this device's slots
 * @was_untrusted: what was so before an untrusted device was set up
 * @was_coherent: the same for a device that does not snoop
 * @used: result of ->used() before the case
 * @probe: a bus address that the backend has handed out before the case
 * @alive: result of conf_alive() before the case
 */
struct conf {
	const struct dma_conformance_backend *be;
	struct device *dev;
	u8 *buf, *want, *seen;
	u64 mask;
	struct device_dma_parameters limits;
	struct bus_dma_region ranges[3];
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem pool;
#endif
	bool was_untrusted;
	bool was_coherent;
	long used;
	dma_addr_t probe;
	int alive;
};

/* Called by conf_initcall(): each descriptor is registered by the file that has it. */
void dma_conformance_add(const struct dma_conformance_backend *be);
void dma_conformance_add_master(const struct dma_conformance_master *master);

/* A module has one init function, so its files have constructors. */
#ifdef MODULE
#define conf_initcall(fn)						\
	static void __init __attribute__((constructor)) fn##_early(void) \
	{								\
		fn();							\
	}
#else
#define conf_initcall(fn)	core_initcall(fn)
#endif

/* master.c: what the bus master of the machine is behind. */
const struct dma_conformance_backend *conf_bus_master(void);
/* iommu.c */
phys_addr_t conf_io_page_table(struct conf *conf, dma_addr_t addr);

/* Suite init and exit: the bus masters. */
int conf_devices_init(struct kunit_suite *suite);
void conf_devices_exit(struct kunit_suite *suite);

/* Parameters: all backends; those that this machine has; some of those. */
const void *conf_gen_all(struct kunit *test, const void *prev, char *desc);
const void *conf_gen_present(struct kunit *test, const void *prev, char *desc);
const void *conf_gen_exhausts(struct kunit *test, const void *prev, char *desc);
const void *conf_gen_hides(struct kunit *test, const void *prev, char *desc);
const void *conf_gen_maintains(struct kunit *test, const void *prev, char *desc);
const void *conf_gen_iova(struct kunit *test, const void *prev, char *desc);
/* Those whose permissions can be seen. */
const void *conf_gen_rights(struct kunit *test, const void *prev, char *desc);

/*
 * Fixture of a case: its parameter is a backend, and test->priv a struct conf.
 * Without a parameter the case runs on the real device.
 */
int conf_test_init(struct kunit *test);
void conf_test_exit(struct kunit *test);
/* Skip the case if the backend does not claim this. */
void conf_needs(struct kunit *test, unsigned int claim);
const char *conf_claim_name(unsigned int claim);
long conf_used(struct conf *conf);

/* claims.c */
void conf_claims_are_true(struct kunit *test);
void conf_claims_lie(struct kunit *test);

/* account.c: the number of pages around ->probe that lead somewhere. */
int conf_alive(struct conf *conf);
/*
 * Until the case ends, its thread stays on its CPU: so what is counted finds caches that
 * an operation before has filled.
 */
void conf_stay_on_cpu(void);
/*
 * From here on count the pages that this task allocates; they are forgotten when they
 * are freed.  conf_count_pages_end() returns how many are left, slabs and page tables
 * aside.
 */
void conf_count_pages(struct kunit *test);
long conf_count_pages_end(struct kunit *test);

/* direct.c: a device that the suite makes up, on dma-direct. */
int conf_made_up(struct kunit *test, struct conf *conf);
void conf_made_up_teardown(struct conf *conf);
phys_addr_t conf_identity(struct conf *conf, dma_addr_t addr);
phys_addr_t conf_through_ranges(struct conf *conf, dma_addr_t addr);
const char *conf_ranges_missing(void);
const char *conf_nothing_missing(void);
const char *conf_no_maintenance(void);

/* bounce.c: the bounce pool of the machine; made if there is none, but not by a module. */
const char *conf_bounce_pool(void);
#ifdef CONFIG_SWIOTLB
/* Each CPU has an area of the device's pool. */
void conf_expect_areas(struct kunit *test, struct device *dev);
long conf_slots_used(struct conf *conf);
#else
#define conf_slots_used	NULL
#endif

/* edu.c */
#ifdef CONFIG_PCI
extern struct device *conf_edu;
int conf_edu_setup(struct kunit *test, struct conf *conf);
void conf_edu_teardown(struct conf *conf);
#else
#define conf_edu		((struct device *)NULL)
static inline int conf_edu_setup(struct kunit *test, struct conf *conf)
{
	return -ENODEV;
}

static inline void conf_edu_teardown(struct conf *conf)
{
}
#endif
const char *conf_edu_missing(void);
/* lsi.c */
const char *conf_lsi_missing(void);
int conf_lsi_setup(struct kunit *test, struct conf *conf);
/* The limits of a device's segments, as before the case. */
void conf_reset_limits(struct conf *conf);

/* Room: how many bytes can be mapped. */
#define CONF_HOGS	4096
/* Map CONF_BUF_SIZE bytes until that fails; @addr holds CONF_HOGS. */
int conf_fill_up(struct conf *conf, dma_addr_t *addr);
void conf_give_back(struct conf *conf, dma_addr_t *addr, int nr);
/* Leave the bytes of ->want in the bounce buffers of the device, if it has some. */
void conf_soil(struct kunit *test);
/* Set the mask of ->narrow bits. */
void conf_narrow(struct kunit *test);
/* Wait until addresses that have been unmapped can be used again. */
void conf_settle(struct conf *conf);
long conf_room(struct kunit *test);
/* As many bytes can be mapped as when the first case began. */
void conf_expect_room(struct kunit *test);

/* The device reads or writes memory: 0, or -EFAULT if @addr leads nowhere. */
int conf_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len);
int conf_write(struct conf *conf, dma_addr_t addr, const void *buf, size_t len);

/* A page that is not memory; @far: at CONF_HIGH_PHYS, which must not be 0. */
phys_addr_t conf_resource(struct conf *conf, bool far);

/* Bytes that differ from their neighbours and from those of other seeds. */
void conf_fill(u8 *p, size_t len, u8 seed);
/* The number of bytes, from the first one on, that are the same. */
size_t conf_same(const u8 *got, const u8 *want, size_t len);

/* map.c */
void conf_map_to_device(struct kunit *test);
void conf_map_from_device(struct kunit *test);
void conf_map_partial_write(struct kunit *test);
void conf_map_both_ways(struct kunit *test);
void conf_sync_for_cpu(struct kunit *test);
void conf_sync_for_device(struct kunit *test);
void conf_map_skip_sync(struct kunit *test);
void conf_map_skip_both(struct kunit *test);
void conf_map_hints(struct kunit *test);
void conf_map_highmem(struct kunit *test);
void conf_map_align(struct kunit *test);
void conf_map_page_aligned(struct kunit *test);
void conf_map_need_sync(struct kunit *test);
void conf_map_dead_address(struct kunit *test);
void conf_map_many_cpus(struct kunit *test);
void conf_map_irqs_off(struct kunit *test);
void conf_map_resource(struct kunit *test);
void conf_map_neighbours(struct kunit *test);

/* sg.c */
void conf_sg_data(struct kunit *test);
void conf_sg_sync(struct kunit *test);
void conf_sg_skip_unmap(struct kunit *test);
void conf_sg_limits(struct kunit *test);
void conf_sg_zero_length(struct kunit *test);
void conf_sg_unwind(struct kunit *test);
void conf_sg_fail_nth(struct kunit *test);
void conf_sg_merge_boundary(struct kunit *test);

/* alloc.c */
void conf_alloc_coherent(struct kunit *test);
void conf_alloc_no_kernel_mapping(struct kunit *test);
void conf_alloc_mmap(struct kunit *test);
void conf_alloc_sgtable(struct kunit *test);
void conf_alloc_noncontiguous(struct kunit *test);
void conf_alloc_pages(struct kunit *test);
void conf_alloc_reach(struct kunit *test);
void conf_alloc_irqs_off(struct kunit *test);
void conf_alloc_masks(struct kunit *test);
void conf_alloc_freed(struct kunit *test);
void conf_alloc_exhausted(struct kunit *test);
void conf_alloc_pool(struct kunit *test);
void conf_alloc_contiguous(struct kunit *test);
/* 1 if the device keeps memory that is freed, 0 if not, -1 if that cannot be seen. */
int conf_alloc_keeps(struct conf *conf);
int conf_alloc_keeps_pages(struct conf *conf);
/* CMA frees a page that others still use. */
bool conf_may_be_cma(struct page *page);
/* Print what a case does not look at for that reason. */
void conf_tell_cma(struct kunit *test);

/* limits.c */
void conf_limit_masks(struct kunit *test);
void conf_limit_required_mask(struct kunit *test);
void conf_limit_mapping_size(struct kunit *test);
void conf_limit_exhaustion(struct kunit *test);

/* rights.c */
void conf_right_to_write(struct kunit *test);
void conf_right_to_read(struct kunit *test);

/* coherent.c */
void conf_coherent_page(struct kunit *test);
void conf_coherent_list(struct kunit *test);
void conf_coherent_many(struct kunit *test);

/* iova.c */
void conf_iova_data(struct kunit *test);
void conf_iova_unaligned(struct kunit *test);
void conf_iova_unwind(struct kunit *test);
void conf_iova_attributes(struct kunit *test);

#endif /* _KERNEL_DMA_TESTS_CONFORMANCE_H */
