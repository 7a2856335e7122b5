/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every DMA backend promises, and what a backend has to say of itself to be
 * tested for it: Documentation/core-api/dma-conformance.rst.
 */
#ifndef _KERNEL_DMA_TESTS_CONFORMANCE_H
#define _KERNEL_DMA_TESTS_CONFORMANCE_H

#include <kunit/test.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/dma-ordering.h>
#include <linux/swiotlb.h>

/* Claims of a backend; conf_false_claim() finds those that are not true. */
#define CONF_TRANSLATES	BIT(0)	/* an address leads nowhere unless mapped */
#define CONF_BOUNCES	BIT(1)	/* the device works on a copy of every buffer */
#define CONF_COHERENT	BIT(2)	/* no mapping needs cache maintenance */
#define CONF_COUNTS	BIT(3)	/* what is mapped shows in ->used() */
#define CONF_PAGES	BIT(4)	/* dma_alloc_pages(), dma_alloc_noncontiguous() */
#define CONF_MMAP	BIT(5)	/* dma_mmap_attrs(), dma_get_sgtable() */
#define CONF_RESOURCES	BIT(6)	/* dma_map_resource() */
#define CONF_EXHAUSTS	BIT(7)	/* a few thousand mappings exhaust it */
#define CONF_HIDES	BIT(8)	/* what is beside a buffer in its pages */
#define CONF_KEEPS	BIT(9)	/* the memory that it allocates from */
#define CONF_PEERS	BIT(10)	/* resources, where the bus has them for all */

#define CONF_NOWHERE	((phys_addr_t)-1)
#define CONF_BUF_SIZE	(8 * PAGE_SIZE)
/* Holds all of it, where pages are large. */
#define CONF_MAX_SEGMENT max_t(size_t, SZ_64K, CONF_BUF_SIZE)

struct conf;

/**
 * struct dma_conformance_backend - a backend of the DMA API, for its tests
 * @name: as it is called in the results
 * @claims: %CONF_* bits
 * @max_mapping: largest mapping in bytes, 0 if unlimited
 * @ordering: what dma_get_ordering() says of its devices
 * @narrow: bits of the mask with which it %CONF_EXHAUSTS, 0 for any
 * @missing: says what it takes and this machine lacks; NULL if nothing
 * @setup: make @conf->dev a device of it, with its mask set
 * @teardown: undo @setup
 * @walk: where the hardware gets to at an address: physical, or %CONF_NOWHERE
 * @read: if a walk is not enough: read memory as the device does, 0 or -EFAULT
 * @write: as @read, write
 * @fail: make the @n-th step of the mappings to come fail, if it can; n < 0: none
 * @used: slots, table entries, ... taken by the mappings of @conf->dev
 * @everywhere: there is one on each machine, um too, so that emulated ones need
 *	not play as many random operations
 */
struct dma_conformance_backend {
	const char *name;
	unsigned int claims;
	size_t max_mapping;
	enum dma_ordering ordering;
	unsigned int narrow;
	const char *(*missing)(void);
	int (*setup)(struct kunit *test, struct conf *conf);
	void (*teardown)(struct conf *conf);
	phys_addr_t (*walk)(struct conf *conf, dma_addr_t addr);
	int (*read)(struct conf *conf, dma_addr_t addr, void *buf, size_t len);
	int (*write)(struct conf *conf, dma_addr_t addr, const void *buf,
		     size_t len);
	void (*fail)(struct conf *conf, int n);
	long (*used)(struct conf *conf);
	bool everywhere;
};

/**
 * struct conf - a device of a backend, while a case runs
 * @be: the backend
 * @dev: the device
 * @buf: memory to map, %CONF_BUF_SIZE bytes, page aligned
 * @want: what @buf should hold in the end
 * @seen: what the device has read
 * @mask: of devices that are made up
 * @limits: likewise
 * @ranges: its offsets, likewise
 * @pool: its view of the bounce pool, which counts for this device alone
 * @used: ->used() before the case
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
	long used;
};

extern const struct dma_conformance_backend *const conf_backends[];

/* drivers/sn/sn_conformance.c */
#define CONF_NR_SN	6
extern const struct dma_conformance_backend conf_sn[CONF_NR_SN];

int conf_backends_init(void);
void conf_backends_exit(void);

/* edu.c: QEMU's device, what is between it and memory, and the device itself. */
#ifdef CONFIG_PCI
extern struct device *conf_edu;
int conf_edu_setup(struct kunit *test, struct conf *conf);
#else
#define conf_edu	((struct device *)NULL)
#define conf_edu_setup	NULL
#endif
void conf_edu_teardown(struct conf *conf);
const char *conf_edu_missing(void);
const struct dma_conformance_backend *conf_real_device(void);

/* ../sparc64/lsi.c: another device of QEMU's, where there can be no edu. */
#ifdef CONFIG_DMA_SPARC64_KUNIT_TEST
int conf_lsi_init(void);
void conf_lsi_exit(void);
int conf_lsi_setup(struct kunit *test, struct conf *conf);
const char *conf_lsi_missing(void);
const struct dma_conformance_backend *conf_lsi_device(void);
#else
static inline int conf_lsi_init(void)
{
	return 0;
}

static inline void conf_lsi_exit(void)
{
}

static inline const struct dma_conformance_backend *conf_lsi_device(void)
{
	return NULL;
}
#endif

/* Parameters: every backend; those that this machine has. */
const void *conf_gen_all(const void *prev, char *desc);
const void *conf_gen_present(const void *prev, char *desc);

/*
 * Fixture of a case with a backend as its parameter, or on the real device;
 * test->priv is a conf.
 */
int conf_test_init(struct kunit *test);
void conf_test_exit(struct kunit *test);
void conf_needs(struct kunit *test, unsigned int claim);
long conf_used(struct conf *conf);

/* Mappings of CONF_BUF_SIZE until there is no room; @addr holds CONF_HOGS. */
#define CONF_HOGS	4096
int conf_fill_up(struct conf *conf, dma_addr_t *addr);
void conf_give_back(struct conf *conf, dma_addr_t *addr, int nr);
void conf_narrow(struct kunit *test);
/* What has been unmapped can be used again. */
void conf_settle(struct conf *conf);
const void *conf_gen_exhausts(const void *prev, char *desc);
const void *conf_gen_hides(const void *prev, char *desc);
long conf_room(struct kunit *test);
void conf_expect_room(struct kunit *test);

/* The bus master. */
int conf_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len);
int conf_write(struct conf *conf, dma_addr_t addr, const void *buf, size_t len);

/* A page that is no memory; @far: above 32 bits. */
phys_addr_t conf_resource(struct conf *conf, bool far);

/* Bytes that differ from their neighbours and from those of other seeds. */
void conf_fill(u8 *p, size_t len, u8 seed);
/* How many bytes, from the first on, are the same? */
size_t conf_same(const u8 *got, const u8 *want, size_t len);

/* The name of a claim that is not true, NULL if all are. */
const char *conf_false_claim(struct conf *conf);
const char *conf_claim_name(unsigned int claim);

/* conformance_map.c */
void conf_map_to_device(struct kunit *test);
void conf_map_from_device(struct kunit *test);
void conf_map_partial_write(struct kunit *test);
void conf_map_both_ways(struct kunit *test);
void conf_sync_for_cpu(struct kunit *test);
void conf_sync_for_device(struct kunit *test);
void conf_map_skip_sync(struct kunit *test);
void conf_map_hints(struct kunit *test);
void conf_map_align(struct kunit *test);
void conf_map_page_aligned(struct kunit *test);
void conf_map_dead_address(struct kunit *test);
void conf_map_many_cpus(struct kunit *test);
void conf_map_irqs_off(struct kunit *test);
void conf_map_resource(struct kunit *test);
void conf_map_neighbours(struct kunit *test);

/* conformance_sg.c */
void conf_sg_data(struct kunit *test);
void conf_sg_sync(struct kunit *test);
void conf_sg_limits(struct kunit *test);
void conf_sg_zero_length(struct kunit *test);
void conf_sg_unwind(struct kunit *test);
void conf_sg_fail_nth(struct kunit *test);
void conf_sg_merge_boundary(struct kunit *test);

/* conformance_alloc.c */
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

/* conformance_limits.c */
void conf_limit_masks(struct kunit *test);
void conf_limit_required_mask(struct kunit *test);
void conf_limit_mapping_size(struct kunit *test);
void conf_limit_exhaustion(struct kunit *test);

#endif /* _KERNEL_DMA_TESTS_CONFORMANCE_H */
