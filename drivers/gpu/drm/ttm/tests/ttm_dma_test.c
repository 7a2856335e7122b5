// SPDX-License-Identifier: GPL-2.0
/*
 * Do the CPU and the device see the same bytes?
 *
 * A pool maps its pages for the device when it allocates them, or takes pages that
 * are mapped from dma_alloc_pages().  They stay mapped while TTM copies them, and
 * while a bo has a kernel mapping.  The device is on model hardware
 * (include/linux/dma-model.h), and the test plays it.
 */
#include <kunit/device.h>
#include <linux/anon_inodes.h>
#include <linux/dma-contract.h>
#include <linux/dma-mapping.h>
#include <linux/dma-model.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <drm/ttm/ttm_range_manager.h>
#include <drm/ttm/ttm_tt.h>

#include "ttm_kunit_helpers.h"

/* No power of two, so that the pool maps more than one range. */
#define NR_PAGES	7
#define BO_SIZE		(NR_PAGES * PAGE_SIZE)

#define BOUNCES		(DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL)
#define DMA_ALLOC	TTM_ALLOCATION_POOL_USE_DMA_ALLOC

static const struct hardware {
	const char *name;
	unsigned int features;
	unsigned int alloc_flags;
} hardwares[] = {
	{ "coherent", 0 },
	{ "noncoherent", DMA_MODEL_CACHE },
	{ "noncoherent-iommu", DMA_MODEL_CACHE | DMA_MODEL_IOMMU },
	{ "bounces", BOUNCES },
	{ "noncoherent-bounces", DMA_MODEL_CACHE | BOUNCES },
	{ "coherent-dma_alloc", 0, DMA_ALLOC },
	{ "noncoherent-dma_alloc", DMA_MODEL_CACHE, DMA_ALLOC },
	{ "noncoherent-iommu-dma_alloc", DMA_MODEL_CACHE | DMA_MODEL_IOMMU,
	  DMA_ALLOC },
	{ "bounces-dma_alloc", BOUNCES, DMA_ALLOC },
	{ "noncoherent-bounces-dma_alloc", DMA_MODEL_CACHE | BOUNCES,
	  DMA_ALLOC },
};

KUNIT_ARRAY_PARAM_DESC(hardware, hardwares, name);

struct ttm_dma {
	struct ttm_device bdev;
	struct ttm_test_devices *devs;
	struct ttm_buffer_object *bo;
	u8 *want, *got;		/* BO_SIZE bytes each */
	u8 *vram;
	const struct hardware *hw;
	struct ttm_dma *other;		/* a second device, if the test has one */
	struct ttm_pool *pool;		/* NULL for that of @bdev */
};

/* The driver */

static struct ttm_tt *dma_tt_create(struct ttm_buffer_object *bo,
				    u32 page_flags)
{
	struct ttm_tt *tt = kzalloc_obj(*tt);

	if (!tt)
		return NULL;
	if (!ttm_sg_tt_init(tt, bo, page_flags, ttm_cached))
		return tt;
	kfree(tt);
	return NULL;
}

static int dma_tt_populate(struct ttm_device *bdev, struct ttm_tt *tt,
			   struct ttm_operation_ctx *ctx)
{
	struct ttm_dma *t = container_of(bdev, struct ttm_dma, bdev);

	if (ttm_tt_is_backed_up(tt))
		return ttm_tt_restore(bdev, tt, ctx);
	return ttm_pool_alloc(t->pool ?: &bdev->pool, tt, ctx);
}

static void dma_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_pool_free(tt->pool, tt);
}

static void dma_tt_destroy(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

static int dma_move(struct ttm_buffer_object *bo, bool evict,
		    struct ttm_operation_ctx *ctx,
		    struct ttm_resource *new_mem, struct ttm_place *hop)
{
	if (bo->resource)
		return ttm_bo_move_memcpy(bo, ctx, new_mem);
	ttm_bo_move_null(bo, new_mem);
	return 0;
}

static int dma_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *mem)
{
	struct ttm_dma *t = container_of(bdev, struct ttm_dma, bdev);

	if (mem->mem_type == TTM_PL_VRAM) {
		mem->bus.addr = t->vram;
		mem->bus.is_iomem = true;
	}
	return 0;
}

static struct ttm_device_funcs dma_funcs = {
	.ttm_tt_create = dma_tt_create,
	.ttm_tt_populate = dma_tt_populate,
	.ttm_tt_unpopulate = dma_tt_unpopulate,
	.ttm_tt_destroy = dma_tt_destroy,
	.move = dma_move,
	.eviction_valuable = ttm_bo_eviction_valuable,
	.io_mem_reserve = dma_io_mem_reserve,
};

static void validate(struct kunit *test, struct ttm_buffer_object *bo,
		     u32 mem_type)
{
	struct ttm_place place = { .mem_type = mem_type };
	struct ttm_placement placement = {
		.num_placement = 1, .placement = &place,
	};
	struct ttm_operation_ctx ctx = { };
	int ret;

	ttm_bo_reserve(bo, false, false, NULL);
	ret = ttm_bo_validate(bo, &placement, &ctx);
	if (!ret && mem_type == TTM_PL_SYSTEM)
		ret = ttm_bo_populate(bo, &ctx);
	ttm_bo_unreserve(bo);
	KUNIT_ASSERT_EQ(test, ret, 0);
}

static int kmap_bo(struct ttm_buffer_object *bo, unsigned long first,
		   unsigned long nr, struct ttm_bo_kmap_obj *map)
{
	int ret;

	ttm_bo_reserve(bo, false, false, NULL);
	ret = ttm_bo_kmap(bo, first, nr, map);
	ttm_bo_unreserve(bo);
	return ret;
}

/* The device, played by the test */

static void this_device_writes(struct kunit *test, struct ttm_dma *t,
			       const u8 *buf)
{
	dma_addr_t *addr = t->bo->ttm->dma_address;
	int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_ASSERT_EQ(test,
				dma_model_write(t->devs->dev, addr[i],
						buf + i * PAGE_SIZE, PAGE_SIZE),
				0);
}

static void this_device_reads(struct kunit *test, struct ttm_dma *t, u8 *buf)
{
	dma_addr_t *addr = t->bo->ttm->dma_address;
	int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_ASSERT_EQ(test,
				dma_model_read(t->devs->dev, addr[i],
					       buf + i * PAGE_SIZE, PAGE_SIZE),
				0);
}

static void device_writes(struct kunit *test, const u8 *buf)
{
	this_device_writes(test, test->priv, buf);
}

static void device_reads(struct kunit *test, u8 *buf)
{
	this_device_reads(test, test->priv, buf);
}

/* Bytes that no other call makes, at no place where it makes them. */
static u8 *fill(u8 *buf, u8 seed)
{
	int i;

	for (i = 0; i < BO_SIZE; i++)
		buf[i] = seed + i + 3 * (i / PAGE_SIZE);
	return buf;
}

/* Pages that differ; a whole bo in the log helps nobody. */
static int differ(const u8 *a, const u8 *b)
{
	int i, n = 0;

	for (i = 0; i < NR_PAGES; i++)
		n += !!memcmp(a + i * PAGE_SIZE, b + i * PAGE_SIZE, PAGE_SIZE);
	return n;
}

/* The tests */

/* New pages are cleared: they may be the old ones. */
static void swap_out_and_in(struct kunit *test)
{
	struct ttm_operation_ctx ctx = { };
	struct ttm_dma *t = test->priv;
	struct ttm_tt *tt = t->bo->ttm;

	KUNIT_ASSERT_EQ(test, ttm_tt_swapout(&t->bdev, tt, GFP_KERNEL),
			NR_PAGES);
	ttm_tt_mark_for_clear(tt);
	KUNIT_ASSERT_EQ(test, ttm_tt_populate(&t->bdev, tt, &ctx), 0);
}

static void swapped_pages_hold_what_the_device_wrote(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	int round;

	for (round = 1; round <= 2; round++) {
		device_writes(test, fill(t->want, round));
		swap_out_and_in(test);
		device_reads(test, t->got);
		KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
	}
}

/* What a backup kept is in pages that were not mapped. */
static void restored_pages_reach_the_device(struct kunit *test)
{
	struct ttm_operation_ctx ctx = { };
	struct ttm_dma *t = test->priv;
	struct ttm_tt *tt = t->bo->ttm, kept;
	int i;

	if (t->hw->alloc_flags)
		kunit_skip(test, "expected skip: pages of dma_alloc are not backed up");
	fill(t->want, 1);
	KUNIT_ASSERT_EQ(test, ttm_tt_init(&kept, t->bo, 0, ttm_cached, 0), 0);
	KUNIT_ASSERT_EQ(test, ttm_pool_alloc(&t->bdev.pool, &kept, &ctx), 0);
	ttm_tt_unpopulate(&t->bdev, tt);
	for (i = 0; i < NR_PAGES; i++) {
		memcpy_to_page(kept.pages[i], 0, t->want + i * PAGE_SIZE,
			       PAGE_SIZE);
		tt->pages[i] = kept.pages[i];
	}
	ttm_tt_fini(&kept);

	tt->page_flags |= TTM_TT_FLAG_BACKED_UP;
	KUNIT_ASSERT_EQ(test, ttm_tt_populate(&t->bdev, tt, &ctx), 0);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
}

static void a_moved_bo_keeps_its_bytes(struct kunit *test)
{
	struct ttm_dma *t = test->priv;

	device_writes(test, fill(t->want, 1));
	validate(test, t->bo, TTM_PL_VRAM);
	KUNIT_EXPECT_EQ(test, differ(t->vram, t->want), 0);

	fill(t->vram, 2);
	validate(test, t->bo, TTM_PL_SYSTEM);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, fill(t->want, 2)), 0);
}

static void kmap_and_device_exchange_bytes(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct ttm_bo_kmap_obj map;
	bool is_iomem;
	int round;
	u8 *virt;

	for (round = 0; round < 2; round++) {
		device_writes(test, fill(t->want, 2 * round + 1));
		KUNIT_ASSERT_EQ(test, kmap_bo(t->bo, 0, NR_PAGES, &map), 0);
		virt = ttm_kmap_obj_virtual(&map, &is_iomem);
		KUNIT_EXPECT_EQ(test, differ(virt, t->want), 0);
		fill(virt, 2 * round + 2);
		ttm_bo_kunmap(&map);
		device_reads(test, t->got);
		KUNIT_EXPECT_EQ(test,
				differ(t->got, fill(t->want, 2 * round + 2)),
				0);
	}
}

/* The page is in the middle of a range, and the CPU writes no other. */
static void kmap_of_one_page_syncs_that_page(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct ttm_bo_kmap_obj map;
	bool is_iomem;

	device_writes(test, fill(t->want, 1));
	KUNIT_ASSERT_EQ(test, kmap_bo(t->bo, 1, 1, &map), 0);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)ttm_kmap_obj_virtual(&map, &is_iomem),
			   t->want + PAGE_SIZE, 64);
	memset(ttm_kmap_obj_virtual(&map, &is_iomem), 0xa5, PAGE_SIZE);
	ttm_bo_kunmap(&map);

	memset(t->want + PAGE_SIZE, 0xa5, PAGE_SIZE);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
}

/* A driver maps a bo as long as it lives; then a debugger reads it. */
static void a_second_kmap_does_not_undo_the_first(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct ttm_bo_kmap_obj map;
	bool is_iomem;

	KUNIT_ASSERT_EQ(test, kmap_bo(t->bo, 0, NR_PAGES, &map), 0);
	fill(ttm_kmap_obj_virtual(&map, &is_iomem), 1);
	KUNIT_EXPECT_EQ(test, ttm_bo_access(t->bo, 0, t->got, BO_SIZE, 0),
			BO_SIZE);
	KUNIT_EXPECT_EQ(test, differ(t->got, fill(t->want, 1)), 0);
	KUNIT_EXPECT_EQ(test,
			differ(ttm_kmap_obj_virtual(&map, &is_iomem), t->want),
			0);
	ttm_bo_kunmap(&map);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
}

static void vmap_and_device_exchange_bytes(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct iosys_map map;

	device_writes(test, fill(t->want, 1));
	ttm_bo_reserve(t->bo, false, false, NULL);
	KUNIT_ASSERT_EQ(test, ttm_bo_vmap(t->bo, &map), 0);
	KUNIT_EXPECT_EQ(test, differ(map.vaddr, t->want), 0);
	fill(map.vaddr, 2);
	ttm_bo_vunmap(t->bo, &map);
	ttm_bo_unreserve(t->bo);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, fill(t->want, 2)), 0);
}

static int bo_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = NULL;	/* as drm_gem_mmap_obj() leaves it; TTM has some */
	return ttm_bo_mmap_obj(vma, file->private_data);
}

static const struct file_operations bo_fops = { .mmap = bo_mmap };

static unsigned long map_to_user(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct file *file = anon_inode_getfile("ttm-dma", &bo_fops, t->bo,
					       O_RDWR);
	unsigned long addr;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	addr = kunit_vm_mmap(test, file, 0, BO_SIZE, PROT_READ | PROT_WRITE,
			     MAP_SHARED, 0);
	fput(file);
	KUNIT_ASSERT_NE(test, addr, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

/* User space reads @want, and then writes what fill() makes of @seed. */
static void user_reads_and_writes(struct kunit *test, unsigned long addr,
				  u8 seed)
{
	struct ttm_dma *t = test->priv;

	KUNIT_EXPECT_EQ(test, copy_from_user(t->got, (void __user *)addr,
					     BO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
	KUNIT_EXPECT_EQ(test, copy_to_user((void __user *)addr,
					   fill(t->want, seed), BO_SIZE), 0);
}

/* User space does not say when it is done. */
static void swapped_pages_hold_what_user_space_wrote(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	unsigned long addr = map_to_user(test);

	device_writes(test, fill(t->want, 1));
	user_reads_and_writes(test, addr, 2);
	vm_munmap(addr, BO_SIZE);
	swap_out_and_in(test);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
}

static void a_kmap_does_not_undo_what_user_space_wrote(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	unsigned long addr = map_to_user(test);

	device_writes(test, fill(t->want, 1));
	user_reads_and_writes(test, addr, 2);
	KUNIT_EXPECT_EQ(test, ttm_bo_access(t->bo, 0, t->got, BO_SIZE, 0),
			BO_SIZE);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
	vm_munmap(addr, BO_SIZE);
}

/* Nouveau maps tiled memory on Tegra through the BAR, behind use_tt. */
static void an_iomem_window_has_the_caching_of_its_resource(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct ttm_resource *res = t->bo->resource;
	pgprot_t prot, wc = pgprot_writecombine(PAGE_KERNEL);

	if (pgprot_val(wc) == pgprot_val(PAGE_KERNEL))
		kunit_skip(test, "expected skip: this architecture has one kind of mapping");
	res->bus.is_iomem = true;
	res->bus.caching = ttm_write_combined;
	prot = ttm_io_prot(t->bo, res, PAGE_KERNEL);
	res->bus.is_iomem = false;
	KUNIT_EXPECT_EQ(test, pgprot_val(prot), pgprot_val(wc));
}

/* What a pool has kept, and cleared in the cache, is clear for the device. */
static void pages_that_are_used_again_are_clear(struct kunit *test)
{
	struct ttm_operation_ctx ctx = { };
	struct ttm_dma *t = test->priv;
	struct page *page = t->bo->ttm->pages[0];

	if (!t->hw->alloc_flags)
		kunit_skip(test, "expected skip: the system clears them, if somebody asks");
	device_writes(test, fill(t->got, 1));
	ttm_tt_unpopulate(&t->bdev, t->bo->ttm);
	KUNIT_ASSERT_EQ(test, ttm_tt_populate(&t->bdev, t->bo->ttm, &ctx), 0);
	KUNIT_EXPECT_PTR_EQ(test, page, t->bo->ttm->pages[0]);
	device_reads(test, t->got);
	memset(t->want, 0, BO_SIZE);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
}

/* Move the bo's pages to another pool; the bytes are lost. */
static void use_pool(struct kunit *test, struct ttm_pool *pool)
{
	struct ttm_operation_ctx ctx = { };
	struct ttm_dma *t = test->priv;

	ttm_tt_unpopulate(&t->bdev, t->bo->ttm);
	t->pool = pool;
	KUNIT_ASSERT_EQ(test, ttm_tt_populate(&t->bdev, t->bo->ttm, &ctx), 0);
}

/* Of the pools of amdgpu, only that of the device takes pages from dma_alloc. */
static void pages_of_a_second_pool_are_synced(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct ttm_pool *pool;

	pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	ttm_pool_init(pool, t->devs->dev, NUMA_NO_NODE,
		      t->hw->alloc_flags ^ DMA_ALLOC);
	use_pool(test, pool);
	device_writes(test, fill(t->want, 1));
	swap_out_and_in(test);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
	use_pool(test, NULL);
	ttm_pool_fini(pool);
}

/* A driver maps a ring as long as it lives, and a device that snoops uses it. */
static void a_kmap_and_a_device_that_snoops_share_pages(struct kunit *test)
{
	struct ttm_dma *t = test->priv;
	struct ttm_bo_kmap_obj map;
	bool is_iomem;
	u8 *virt;

	if (t->hw->features & DMA_MODEL_CACHE)
		kunit_skip(test, "expected skip: the device does not snoop");
	if (t->hw->features & DMA_MODEL_BOUNCE && !t->hw->alloc_flags)
		kunit_skip(test, "expected skip: bounced pages are not shared");
	KUNIT_ASSERT_EQ(test, kmap_bo(t->bo, 0, NR_PAGES, &map), 0);
	virt = ttm_kmap_obj_virtual(&map, &is_iomem);
	fill(virt, 1);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, fill(t->want, 1)), 0);
	device_writes(test, fill(t->want, 2));
	KUNIT_EXPECT_EQ(test, differ(virt, t->want), 0);
	ttm_bo_kunmap(&map);
}

/* amdgpu and others take pages from dma_alloc_pages() if this is true. */
static void the_dma_layer_knows_who_bounces(struct kunit *test)
{
	struct ttm_dma *t = test->priv;

	KUNIT_EXPECT_EQ(test, dma_ram_bounces(t->devs->dev),
			!!(t->hw->features & DMA_MODEL_BOUNCE));
}

static struct ttm_dma *add_device(struct kunit *test, const char *name,
				  const struct hardware *hw, int bits)
{
	const struct dma_model_params params = { .features = hw->features };
	struct ttm_test_devices *devs;
	struct drm_device *drm;
	struct ttm_dma *t;
	struct device *dev;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->want = kunit_kzalloc(test, BO_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->want);
	t->got = kunit_kzalloc(test, BO_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->got);
	t->vram = kunit_kzalloc(test, BO_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->vram);
	devs = kunit_kzalloc(test, sizeof(*devs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, devs);

	dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	drm = __drm_kunit_helper_alloc_drm_device(test, dev, sizeof(*drm), 0,
						  DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, drm);
	KUNIT_ASSERT_EQ(test, kunit_dma_model_attach(test, dev, &params), 0);
	KUNIT_ASSERT_EQ(test,
			dma_set_mask_and_coherent(dev, DMA_BIT_MASK(bits)), 0);
	KUNIT_ASSERT_EQ(test,
			ttm_device_init(&t->bdev, &dma_funcs, dev,
					drm->anon_inode->i_mapping,
					drm->vma_offset_manager,
					hw->alloc_flags), 0);
	devs->dev = dev;
	devs->drm = drm;
	devs->ttm_dev = &t->bdev;
	t->devs = devs;
	t->hw = hw;
	KUNIT_ASSERT_EQ(test,
			ttm_range_man_init(&t->bdev, TTM_PL_VRAM, false,
					   NR_PAGES), 0);

	t->bo = ttm_bo_kunit_init(test, devs, BO_SIZE, NULL);
	t->bo->type = ttm_bo_type_kernel;
	validate(test, t->bo, TTM_PL_SYSTEM);
	return t;
}

static void copy_bo(struct kunit *test, struct ttm_dma *to, struct ttm_dma *from)
{
	struct ttm_bo_kmap_obj dst, src;
	bool is_iomem;

	KUNIT_ASSERT_EQ(test, kmap_bo(from->bo, 0, NR_PAGES, &src), 0);
	KUNIT_ASSERT_EQ(test, kmap_bo(to->bo, 0, NR_PAGES, &dst), 0);
	memcpy(ttm_kmap_obj_virtual(&dst, &is_iomem),
	       ttm_kmap_obj_virtual(&src, &is_iomem), BO_SIZE);
	ttm_bo_kunmap(&dst);
	ttm_bo_kunmap(&src);
}

/* The other one would bounce, so its pages come from dma_alloc_pages(). */
static void bytes_move_to_a_device_of_32_bits_and_back(struct kunit *test)
{
	static const struct hardware narrow = {
		.features = DMA_MODEL_CACHE | BOUNCES, .alloc_flags = DMA_ALLOC,
	};
	struct ttm_dma *t = test->priv, *other;

	other = add_device(test, "ttm-dma-32", &narrow, 32);
	t->other = other;
	device_writes(test, fill(t->want, 1));
	copy_bo(test, other, t);
	this_device_reads(test, other, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);

	this_device_writes(test, other, fill(t->want, 2));
	copy_bo(test, t, other);
	device_reads(test, t->got);
	KUNIT_EXPECT_EQ(test, differ(t->got, t->want), 0);
}

static int ttm_dma_init(struct kunit *test)
{
	test->priv = add_device(test, "ttm-dma",
				test->param_value ?: &hardwares[0], 64);
	return 0;
}

/* KUnit takes the device off the model, and then frees it. */
static void remove_device(struct kunit *test, struct ttm_dma *t)
{
	struct dma_model_fault fault;
	struct dma_model_stats stats;

	ttm_bo_fini(t->bo);
	ttm_range_man_fini(&t->bdev, TTM_PL_VRAM);
	ttm_device_fini(&t->bdev);
	KUNIT_EXPECT_FALSE(test, dma_model_next_fault(t->devs->dev, &fault));
	dma_model_get_stats(t->devs->dev, &stats);
	KUNIT_EXPECT_EQ_MSG(test, stats.maps, 0, "pages leaked");
}

static void ttm_dma_exit(struct kunit *test)
{
	struct ttm_dma *t = test->priv;

	if (!t)
		return;
	if (t->other)
		remove_device(test, t->other);
	remove_device(test, t);
}

static struct kunit_case ttm_dma_test_cases[] = {
	KUNIT_CASE_PARAM(swapped_pages_hold_what_the_device_wrote,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(restored_pages_reach_the_device, hardware_gen_params),
	KUNIT_CASE_PARAM(a_moved_bo_keeps_its_bytes, hardware_gen_params),
	KUNIT_CASE_PARAM(kmap_and_device_exchange_bytes, hardware_gen_params),
	KUNIT_CASE_PARAM(kmap_of_one_page_syncs_that_page, hardware_gen_params),
	KUNIT_CASE_PARAM(a_second_kmap_does_not_undo_the_first,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(vmap_and_device_exchange_bytes, hardware_gen_params),
	KUNIT_CASE_PARAM(swapped_pages_hold_what_user_space_wrote,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(a_kmap_does_not_undo_what_user_space_wrote,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(pages_that_are_used_again_are_clear,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(pages_of_a_second_pool_are_synced,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(a_kmap_and_a_device_that_snoops_share_pages,
			 hardware_gen_params),
	KUNIT_CASE_PARAM(the_dma_layer_knows_who_bounces, hardware_gen_params),
	KUNIT_CASE_PARAM(bytes_move_to_a_device_of_32_bits_and_back,
			 hardware_gen_params),
	KUNIT_CASE(an_iomem_window_has_the_caching_of_its_resource),
	{}
};

static struct kunit_suite ttm_dma_test_suite = {
	.name = "ttm_dma",
	.init = ttm_dma_init,
	.exit = ttm_dma_exit,
	.test_cases = ttm_dma_test_cases,
};

kunit_test_suites(&ttm_dma_test_suite);

MODULE_DESCRIPTION("KUnit tests for TTM on model DMA hardware");
MODULE_LICENSE("GPL");
