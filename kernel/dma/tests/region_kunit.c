// SPDX-License-Identifier: GPL-2.0
/*
 * Regions on model hardware: what is kept and when it goes, what moves, and what a
 * failure leaves behind.  What is synced is the business of dma_conformance_buf.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-buf-kunit.h>
#include <linux/dma-buf.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-model.h>
#include <linux/dma-region.h>
#include <linux/file.h>
#include <linux/memblock.h>
#include <linux/mman.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define SIZE	(4 * PAGE_SIZE)

struct fixture {
	struct device *dev;
	struct dma_region *region;
};

static struct device *make_device(struct kunit *test, const char *name,
				  unsigned int features)
{
	const struct dma_model_params params = { .features = features };
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	KUNIT_ASSERT_EQ(test, 0, kunit_dma_model_attach(test, dev, &params));
	return dev;
}

static struct fixture *setup(struct kunit *test, unsigned int features)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dev = make_device(test, "region", features);
	f->region = dma_region_alloc(SIZE, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->region);
	return f;
}

static unsigned int maps(struct fixture *f)
{
	struct dma_model_stats stats;

	dma_model_get_stats(f->dev, &stats);
	return stats.maps;
}

static struct sg_table *bind(struct kunit *test, struct fixture *f,
			     enum dma_data_direction dir)
{
	struct sg_table *sgt = dma_region_bind(f->region, f->dev, dir);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	return sgt;
}

static void a_kept_mapping_is_used_again(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL), *other;
	unsigned int used = maps(f);

	KUNIT_EXPECT_GT(test, used, 0);
	dma_region_keep(f->region, sgt);
	KUNIT_EXPECT_EQ(test, used, maps(f));
	/* One of another direction is another mapping. */
	other = bind(test, f, DMA_TO_DEVICE);
	KUNIT_EXPECT_PTR_NE(test, sgt, other);
	KUNIT_EXPECT_PTR_EQ(test, sgt, bind(test, f, DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_EQ(test, 2 * used, maps(f));
	dma_region_keep(f->region, sgt);
	dma_region_unbind(f->region, other);
	KUNIT_EXPECT_EQ(test, used, maps(f));
	dma_region_forget(f->region, f->dev);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_region_free(f->region);
}

static void a_mapping_in_use_is_not_forgotten(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);
	u8 byte;

	dma_region_keep(f->region, sgt);
	sgt = bind(test, f, DMA_BIDIRECTIONAL);
	dma_region_forget(f->region, f->dev);
	KUNIT_EXPECT_EQ(test, 0, dma_model_read(f->dev, sg_dma_address(sgt->sgl),
						&byte, 1));
	dma_region_keep(f->region, sgt);
	dma_region_forget(f->region, f->dev);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_region_free(f->region);
}

static void bind_and_keep(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sg_table *sgt = dma_region_bind(f->region, f->dev, DMA_TO_DEVICE);

	if (!IS_ERR(sgt))
		dma_region_keep(f->region, sgt);
	dma_region_forget(f->region, f->dev);
}

static void bind_and_unbind(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sg_table *sgt = dma_region_bind(f->region, f->dev, DMA_TO_DEVICE);

	if (!IS_ERR(sgt))
		dma_region_unbind(f->region, sgt);
}

static void fail_to_bind(struct kunit *test)
{
	struct fixture *f = test->priv;

	dma_model_fail(f->dev, 1);
	if (!IS_ERR(dma_region_bind(f->region, f->dev, DMA_TO_DEVICE)))
		KUNIT_FAIL(test, "bound");
	dma_model_fail(f->dev, 0);
}

static void nothing_is_left_of_a_mapping(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	size_t before = list_count_nodes(&f->dev->devres_head);

	test->priv = f;
	dma_kunit_expect_freed(test, bind_and_keep);
	KUNIT_EXPECT_EQ(test, before, list_count_nodes(&f->dev->devres_head));
	dma_kunit_expect_freed(test, bind_and_unbind);
	dma_kunit_expect_freed(test, fail_to_bind);
	dma_region_free(f->region);
}

static void alloc_and_free(struct kunit *test)
{
	struct dma_region *region = dma_region_alloc(SIZE, 0, 0);
	struct iosys_map map;

	if (IS_ERR(region))
		return;
	if (!dma_region_vmap(region, &map))
		dma_region_vunmap(region, &map);
	dma_region_free(region);
}

static void nothing_is_left_of_the_memory(struct kunit *test)
{
	dma_kunit_expect_freed(test, alloc_and_free);
}

/* Importers may detach long after their driver is gone. */
static void a_kept_mapping_goes_with_the_driver(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);

	dma_region_keep(f->region, sgt);
	KUNIT_EXPECT_GT(test, maps(f), 0);
	device_release_driver(f->dev);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_region_forget(f->region, f->dev);
	/* Nor is one kept for a device that has none. */
	sgt = bind(test, f, DMA_BIDIRECTIONAL);
	dma_region_keep(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_region_forget(f->region, f->dev);
	dma_region_free(f->region);
}

/* A mapping in use stays until the importer ends it, kept before or not. */
static void a_mapping_in_use_stays_when_the_driver_goes(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);
	u8 byte;

	dma_region_keep(f->region, sgt);
	sgt = bind(test, f, DMA_BIDIRECTIONAL);
	device_release_driver(f->dev);
	KUNIT_EXPECT_EQ(test, 0, dma_model_read(f->dev, sg_dma_address(sgt->sgl),
						&byte, 1));
	dma_region_keep(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_region_forget(f->region, f->dev);
	dma_region_free(f->region);
}

static void what_bounces_is_not_kept(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_BOUNCE | DMA_MODEL_BOUNCE_ALL);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);
	struct dma_model_stats stats;

	dma_region_keep(f->region, sgt);
	dma_model_get_stats(f->dev, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.maps);
	KUNIT_EXPECT_EQ(test, 0, stats.slots);
	dma_region_forget(f->region, f->dev);
	dma_region_free(f->region);
}

/* Memory that does not move, of the test's own. */
struct wrapped {
	struct dma_region region;
	struct phys_vec vec[2];
	bool released;
};

static void wrapped_release(struct dma_region *region)
{
	container_of(region, struct wrapped, region)->released = true;
}

static struct wrapped *wrap(struct kunit *test, void *first, void *second)
{
	struct wrapped *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->vec[0] = (struct phys_vec) { virt_to_phys(first), PAGE_SIZE };
	w->vec[1] = (struct phys_vec) { virt_to_phys(second), PAGE_SIZE };
	dma_region_init(&w->region, w->vec, 2, wrapped_release);
	return w;
}

/* It was made when there was no bounce buffer. */
static void a_kept_mapping_does_not_come_back_beside_a_bounce_buffer(struct kunit *test)
{
	u8 *p = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	struct device *direct = make_device(test, "direct", DMA_MODEL_IOMMU);
	struct device *bounced = make_device(test, "bounced", DMA_MODEL_BOUNCE |
					     DMA_MODEL_BOUNCE_ALL);
	struct sg_table *a, *b;
	struct wrapped *w;

	KUNIT_ASSERT_NOT_NULL(test, p);
	w = wrap(test, p, p + PAGE_SIZE);
	a = dma_region_bind(&w->region, direct, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	dma_region_keep(&w->region, a);
	b = dma_region_bind(&w->region, bounced, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b);
	a = dma_region_bind(&w->region, direct, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, -EBUSY, PTR_ERR_OR_ZERO(a));
	if (!IS_ERR(a))
		dma_region_unbind(&w->region, a);
	dma_region_keep(&w->region, b);
	/* And when it has gone, it works again. */
	a = dma_region_bind(&w->region, direct, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	dma_region_unbind(&w->region, a);
	dma_region_forget(&w->region, direct);
	dma_region_forget(&w->region, bounced);
	dma_region_free(&w->region);
	KUNIT_EXPECT_TRUE(test, w->released);
}

static void a_page_that_is_there_twice_is_not_bounced(struct kunit *test)
{
	u8 *p = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	struct device *bounced = make_device(test, "bounced", DMA_MODEL_BOUNCE |
					     DMA_MODEL_BOUNCE_ALL);
	struct device *direct = make_device(test, "direct", DMA_MODEL_IOMMU);
	struct sg_table *sgt;
	struct wrapped *w;

	KUNIT_ASSERT_NOT_NULL(test, p);
	w = wrap(test, p, p);
	sgt = dma_region_bind(&w->region, bounced, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, -EBUSY, PTR_ERR_OR_ZERO(sgt));
	sgt = dma_region_bind(&w->region, bounced, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	dma_region_unbind(&w->region, sgt);
	sgt = dma_region_bind(&w->region, direct, DMA_FROM_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	dma_region_unbind(&w->region, sgt);
	dma_region_free(&w->region);
}

/* The device may be given the mapping again, but the memory is the CPU's still. */
static void the_cpu_keeps_the_memory_when_a_kept_mapping_is_bound(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_CACHE);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);
	struct iosys_map map;
	u8 byte = 0, *cpu;

	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(f->region, &map));
	cpu = map.vaddr;
	dma_region_keep(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0, dma_region_begin_cpu_access(f->region,
							     DMA_TO_DEVICE));
	sgt = bind(test, f, DMA_BIDIRECTIONAL);
	cpu[0] = 0x33;
	KUNIT_EXPECT_EQ(test, 0, dma_region_end_cpu_access(f->region,
							   DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dma_model_read(f->dev, sg_dma_address(sgt->sgl),
						&byte, 1));
	KUNIT_EXPECT_EQ(test, 0x33, byte);
	dma_region_unbind(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0x33, cpu[0]);
	dma_region_vunmap(f->region, &map);
	dma_region_free(f->region);
}

/* An access that is open keeps what the CPU writes, and not from what the device has. */
static void what_the_device_wrote_is_there_after_the_unbind(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_CACHE);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);
	struct iosys_map map;
	u8 byte = 0x44, *cpu;

	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(f->region, &map));
	cpu = map.vaddr;
	KUNIT_EXPECT_EQ(test, 0, dma_region_begin_cpu_access(f->region,
							     DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dma_model_write(f->dev, sg_dma_address(sgt->sgl),
						 &byte, 1));
	dma_region_unbind(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0x44, cpu[0]);
	KUNIT_EXPECT_EQ(test, 0, dma_region_end_cpu_access(f->region,
							   DMA_TO_DEVICE));
	dma_region_vunmap(f->region, &map);
	dma_region_free(f->region);
}

static void no_move(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops dynamic_ops = {
	.invalidate_mappings = no_move,
};

static void a_dynamic_importer_gets_a_new_mapping(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct dma_buf_attachment *at;
	struct dma_buf *buf;
	struct sg_table *sgt;

	buf = dma_heap_kunit_alloc("system", SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, buf);
	at = dma_buf_dynamic_attach(buf, f->dev, &dynamic_ops, f);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	sgt = dma_buf_map_attachment_unlocked(at, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	dma_buf_unmap_attachment_unlocked(at, sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_buf_detach(buf, at);
	dma_buf_put(buf);
	flush_delayed_fput();
	dma_region_free(f->region);
}

/* User space sees the page that its mapping begins with. */
static void a_mapping_may_begin_anywhere(struct kunit *test)
{
	const vm_flags_t flags = VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	struct dma_buf *buf = dma_heap_kunit_alloc("system", SIZE);
	struct iosys_map map;
	unsigned long addr;
	u32 word = 0;
	u32 *cpu;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(buf, &map));
	for (cpu = map.vaddr, i = 0; i < 4; i++)
		cpu[i * PAGE_SIZE / 4] = i + 1;
	KUNIT_ASSERT_EQ(test, 0, kunit_attach_mm());
	addr = vm_mmap(buf->file, 0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED, 2 * PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	mmap_read_lock(current->mm);
	KUNIT_EXPECT_EQ(test, flags, find_vma(current->mm, addr)->vm_flags &
				     flags);
	mmap_read_unlock(current->mm);
	for (i = 1; i >= 0; i--) {
		KUNIT_EXPECT_EQ(test, 0,
				copy_from_user(&word, (void __user *)
					       (addr + i * PAGE_SIZE), 4));
		KUNIT_EXPECT_EQ(test, i + 3, word);
	}
	vm_munmap(addr, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			(long)vm_mmap(buf->file, 0, PAGE_SIZE, PROT_READ,
				      MAP_PRIVATE, 0));
	dma_buf_vunmap_unlocked(buf, &map);
	dma_buf_put(buf);
	flush_delayed_fput();
}

static void a_kept_mapping_hands_the_memory_over(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_CACHE);
	struct sg_table *sgt = bind(test, f, DMA_BIDIRECTIONAL);
	struct iosys_map map;
	u8 byte = 0x11, *cpu;

	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(f->region, &map));
	cpu = map.vaddr;
	KUNIT_EXPECT_EQ(test, 0, dma_model_write(f->dev, sg_dma_address(sgt->sgl),
						 &byte, 1));
	dma_region_keep(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0x11, cpu[0]);
	KUNIT_EXPECT_EQ(test, 0, dma_region_begin_cpu_access(f->region,
							     DMA_TO_DEVICE));
	cpu[0] = 0x22;
	KUNIT_EXPECT_EQ(test, 0, dma_region_end_cpu_access(f->region,
							   DMA_TO_DEVICE));
	sgt = bind(test, f, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 0, dma_model_read(f->dev, sg_dma_address(sgt->sgl),
						&byte, 1));
	KUNIT_EXPECT_EQ(test, 0x22, byte);
	/* When it ends, the memory is the CPU's. */
	dma_region_keep(f->region, sgt);
	cpu[0] = 0x33;
	dma_region_forget(f->region, f->dev);
	KUNIT_EXPECT_EQ(test, 0x33, cpu[0]);
	dma_region_vunmap(f->region, &map);
	dma_region_free(f->region);
}

/* Each step of a bind fails once: nothing is mapped, and the next try works. */
static void each_step_of_a_bind_may_fail(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct sg_table *sgt = ERR_PTR(-ENODEV);
	int n;

	for (n = 1; n < 10 && IS_ERR(sgt); n++) {
		dma_model_fail(f->dev, n);
		sgt = dma_region_bind(f->region, f->dev, DMA_FROM_DEVICE);
		dma_model_fail(f->dev, 0);
		if (IS_ERR(sgt))
			KUNIT_EXPECT_EQ(test, 0, maps(f));
	}
	KUNIT_EXPECT_GT(test, n, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	dma_region_unbind(f->region, sgt);
	KUNIT_EXPECT_EQ(test, 0, maps(f));
	dma_region_free(f->region);
}

static void a_region_that_is_freed_is_not_mapped(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(f->region, &map));
	KUNIT_EXPECT_NOT_NULL(test, find_vm_area(map.vaddr));
	kunit_warning_suppress(test) {
		dma_region_free(f->region);
	}
	KUNIT_EXPECT_NULL(test, find_vm_area(map.vaddr));
}

/* Wherever it is in the region. */
static void a_page_that_is_there_again_is_found(struct kunit *test)
{
	u8 *p = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	struct phys_vec vec[] = {
		{ virt_to_phys(p + PAGE_SIZE), PAGE_SIZE },
		{ virt_to_phys(p), PAGE_SIZE },
		{ virt_to_phys(p + PAGE_SIZE), PAGE_SIZE },
	};
	struct device *bounced = make_device(test, "bounced", DMA_MODEL_BOUNCE |
					     DMA_MODEL_BOUNCE_ALL);
	struct wrapped *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct sg_table *sgt;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, w);
	dma_region_init(&w->region, vec, 3, wrapped_release);
	sgt = dma_region_bind(&w->region, bounced, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, -EBUSY, PTR_ERR_OR_ZERO(sgt));
	if (!IS_ERR(sgt))
		dma_region_unbind(&w->region, sgt);
	dma_region_free(&w->region);
}

static void wrong_arguments_are_errors(struct kunit *test)
{
	struct fixture *f = setup(test, DMA_MODEL_IOMMU);
	struct device *bare = kunit_device_register(test, "bare");

	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(dma_region_alloc(0, 0, 0)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(dma_region_alloc(PAGE_SIZE + 1, 0, 0)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(dma_region_alloc(PAGE_SIZE, 0,
							 DMA_ATTR_MMIO)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(dma_region_bind(f->region, f->dev,
							DMA_NONE)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_region_begin_cpu_access(f->region, DMA_NONE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_region_end_cpu_access(f->region, DMA_NONE));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bare);
	bare->dma_mask = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(dma_region_bind(f->region, bare,
							DMA_TO_DEVICE)));
	dma_set_max_seg_size(f->dev, PAGE_SIZE / 2);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR_OR_ZERO(dma_region_bind(f->region, f->dev,
							DMA_TO_DEVICE)));
	dma_region_free(f->region);
}

static void new_memory_is_zeroed(struct kunit *test)
{
	struct dma_region *region = dma_region_alloc(SZ_1M + PAGE_SIZE, 0, 0);
	struct iosys_map map, again;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(region, &map));
	KUNIT_ASSERT_EQ(test, 0, dma_region_vmap(region, &again));
	KUNIT_EXPECT_PTR_EQ(test, map.vaddr, again.vaddr);
	KUNIT_EXPECT_NULL(test, memchr_inv(map.vaddr, 0, SZ_1M + PAGE_SIZE));
	dma_region_vunmap(region, &again);
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&again));
	memset(map.vaddr, 1, SZ_1M + PAGE_SIZE);
	dma_region_vunmap(region, &map);
	dma_region_free(region);
}

/* If there are any: an order that is had by itself is had for a region, too. */
static void memory_comes_in_large_pieces(struct kunit *test)
{
	struct dma_region *region;
	struct page *large, *medium;
	unsigned int nr = 0, i;

	large = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 8);
	medium = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4);
	if (large)
		__free_pages(large, 8);
	if (medium)
		__free_pages(medium, 4);
	if (!large || !medium)
		kunit_skip(test, "expected skip: memory is in small pieces");
	region = dma_region_alloc((256 + 16 + 1) * PAGE_SIZE, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
	KUNIT_EXPECT_EQ(test, 3, region->nr);
	for (i = 0; i < region->nr; i++)
		nr += region->vec[i].len >> PAGE_SHIFT;
	KUNIT_EXPECT_EQ(test, 256 + 16 + 1, nr);
	KUNIT_EXPECT_EQ(test, 256 * PAGE_SIZE, region->vec[0].len);
	dma_region_free(region);
}

/* A device on dma-direct that reaches a zone of low memory alone. */
struct far {
	struct device *dev;
	u64 mask;
	struct dma_buf *buf;
	struct dma_buf_attachment *at;
};

static struct far *far_setup(struct kunit *test, size_t size, unsigned int bits)
{
	struct far *far = kunit_kzalloc(test, sizeof(*far), GFP_KERNEL);

	if (!IS_ENABLED(CONFIG_ZONE_DMA) || !IS_ENABLED(CONFIG_X86_64))
		kunit_skip(test,
			   "expected skip: no zone of memory is known to be lower than others");
	if (get_dma_ops(kunit_device_register(test, "probe")))
		kunit_skip(test, "expected skip: devices have a dma_map_ops");
	KUNIT_ASSERT_NOT_NULL(test, far);
	far->dev = kunit_device_register(test, "far");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, far->dev);
	far->dev->dma_mask = &far->mask;
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask(far->dev, DMA_BIT_MASK(bits)));
#ifdef CONFIG_SWIOTLB
	if (is_swiotlb_force_bounce(far->dev))
		kunit_skip(test, "expected skip: all devices bounce (swiotlb=force)");
#endif
	far->buf = dma_heap_kunit_alloc("system", size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, far->buf);
	far->at = dma_buf_attach(far->buf, far->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, far->at);
	return far;
}

static void far_end(struct far *far)
{
	dma_buf_detach(far->buf, far->at);
	dma_buf_put(far->buf);
	flush_delayed_fput();
}

static bool within_reach(struct far *far, struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (sg_dma_address(sg) + sg_dma_len(sg) - 1 > far->mask)
			return false;
	return true;
}

/* The last u32 of the memory, as the CPU sees it. */
static u32 *last_word(struct sg_table *sgt)
{
	struct scatterlist *sg, *last = NULL;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		last = sg;
	return phys_to_virt(sg_dma_address(last) + sg_dma_len(last) -
			    sizeof(u32));
}

static void moves_into_reach(struct kunit *test, struct far *far)
{
	u32 before = 0x600dda7a, after = 0;
	struct sg_table *sgt, *again;
	unsigned long addr;
	u32 *dma;

	KUNIT_ASSERT_EQ(test, 0, kunit_attach_mm());
	addr = vm_mmap(far->buf->file, 0, SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 0, copy_to_user((void __user *)(addr + SIZE - 4),
					      &before, 4));
	sgt = dma_buf_map_attachment_unlocked(far->at, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_TRUE(test, within_reach(far, sgt));
	/* The device sees the memory itself, with what was in it. */
	dma = last_word(sgt);
	KUNIT_EXPECT_EQ(test, before, *dma);
	/* And so does user space, on the new page. */
	*dma = 0x5afe;
	KUNIT_EXPECT_EQ(test, 0, copy_from_user(&after,
						(void __user *)(addr + SIZE - 4),
						4));
	KUNIT_EXPECT_EQ(test, 0x5afe, after);
	dma_buf_unmap_attachment_unlocked(far->at, sgt, DMA_BIDIRECTIONAL);
	/* Once. */
	again = dma_buf_map_attachment_unlocked(far->at, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, again);
	KUNIT_EXPECT_PTR_EQ(test, dma, last_word(again));
	dma_buf_unmap_attachment_unlocked(far->at, again, DMA_TO_DEVICE);
	vm_munmap(addr, SIZE);
	far_end(far);
}

static void what_is_out_of_reach_moves(struct kunit *test)
{
	moves_into_reach(test, far_setup(test, SIZE, 24));
}

/* New memory is from above 4 GiB first, if there is some. */
static void what_is_above_4_gib_moves_below(struct kunit *test)
{
	if (max_pfn <= PHYS_PFN(BIT_ULL(32)))
		kunit_skip(test, "expected skip: no memory above 4 GiB");
	moves_into_reach(test, far_setup(test, SIZE, 32));
}

static void move_and_free(struct kunit *test)
{
	struct far *far = test->priv;
	struct dma_region *region = dma_region_alloc(SIZE, 0, 0);
	struct sg_table *sgt;

	if (IS_ERR(region))
		return;
	sgt = dma_region_bind(region, far->dev, DMA_TO_DEVICE);
	if (!IS_ERR(sgt)) {
		KUNIT_EXPECT_TRUE(test, within_reach(far, sgt));
		dma_region_unbind(region, sgt);
	}
	dma_region_free(region);
}

static void nothing_is_left_of_what_moved(struct kunit *test)
{
	struct far *far = far_setup(test, SIZE, 24);

	test->priv = far;
	dma_kunit_expect_freed(test, move_and_free);
	far_end(far);
}

static void what_the_kernel_has_mapped_does_not_move(struct kunit *test)
{
	struct far *far = far_setup(test, SIZE, 24);
	struct iosys_map map;
	struct sg_table *sgt;
	void *page;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(far->buf, &map));
	page = page_address(vmalloc_to_page(map.vaddr));
	/* It bounces, if there is a pool within reach. */
	kunit_warning_suppress(test) {
		sgt = dma_buf_map_attachment_unlocked(far->at,
						      DMA_BIDIRECTIONAL);
	}
	if (!IS_ERR(sgt)) {
		KUNIT_EXPECT_NE(test, virt_to_phys(page),
				sg_dma_address(sgt->sgl));
		dma_buf_unmap_attachment_unlocked(far->at, sgt, DMA_BIDIRECTIONAL);
	}
	KUNIT_EXPECT_PTR_EQ(test, page, page_address(vmalloc_to_page(map.vaddr)));
	/* What is written through the mapping is in the buffer. */
	*(u32 *)map.vaddr = 0x600dda7a;
	dma_buf_vunmap_unlocked(far->buf, &map);
	sgt = dma_buf_map_attachment_unlocked(far->at, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_TRUE(test, within_reach(far, sgt));
	KUNIT_EXPECT_NE(test, virt_to_phys(page), sg_dma_address(sgt->sgl));
	KUNIT_EXPECT_EQ(test, 0x600dda7a,
			*(u32 *)phys_to_virt(sg_dma_address(sgt->sgl)));
	dma_buf_unmap_attachment_unlocked(far->at, sgt, DMA_BIDIRECTIONAL);
	far_end(far);
}

/* A device that reaches all memory keeps it where it is while it is bound. */
static void what_another_device_uses_does_not_move(struct kunit *test)
{
	struct far *far = far_setup(test, SIZE, 24);
	struct device *other = make_device(test, "other", DMA_MODEL_IOMMU);
	struct dma_buf_attachment *at = dma_buf_attach(far->buf, other);
	struct sg_table *sgt, *second;
	struct dma_model_stats stats;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	sgt = dma_buf_map_attachment_unlocked(at, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	second = dma_buf_map_attachment_unlocked(far->at, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, -EBUSY, PTR_ERR_OR_ZERO(second));
	if (!IS_ERR(second))
		dma_buf_unmap_attachment_unlocked(far->at, second,
						  DMA_BIDIRECTIONAL);
	/* It is kept for the other device, which is no reason to stay. */
	dma_buf_unmap_attachment_unlocked(at, sgt, DMA_BIDIRECTIONAL);
	second = dma_buf_map_attachment_unlocked(far->at, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	KUNIT_EXPECT_TRUE(test, within_reach(far, second));
	/* The old memory is not the other device's any more. */
	dma_model_get_stats(other, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.maps);
	dma_buf_unmap_attachment_unlocked(far->at, second, DMA_BIDIRECTIONAL);
	dma_buf_detach(far->buf, at);
	far_end(far);
}

static struct kunit_case region_cases[] = {
	KUNIT_CASE(a_kept_mapping_is_used_again),
	KUNIT_CASE(a_mapping_in_use_is_not_forgotten),
	KUNIT_CASE(nothing_is_left_of_a_mapping),
	KUNIT_CASE(nothing_is_left_of_the_memory),
	KUNIT_CASE(a_kept_mapping_goes_with_the_driver),
	KUNIT_CASE(a_mapping_in_use_stays_when_the_driver_goes),
	KUNIT_CASE(what_bounces_is_not_kept),
	KUNIT_CASE(a_kept_mapping_does_not_come_back_beside_a_bounce_buffer),
	KUNIT_CASE(a_page_that_is_there_twice_is_not_bounced),
	KUNIT_CASE(the_cpu_keeps_the_memory_when_a_kept_mapping_is_bound),
	KUNIT_CASE(what_the_device_wrote_is_there_after_the_unbind),
	KUNIT_CASE(a_dynamic_importer_gets_a_new_mapping),
	KUNIT_CASE(a_mapping_may_begin_anywhere),
	KUNIT_CASE(a_kept_mapping_hands_the_memory_over),
	KUNIT_CASE(each_step_of_a_bind_may_fail),
	KUNIT_CASE(a_region_that_is_freed_is_not_mapped),
	KUNIT_CASE(a_page_that_is_there_again_is_found),
	KUNIT_CASE(wrong_arguments_are_errors),
	KUNIT_CASE(new_memory_is_zeroed),
	KUNIT_CASE(memory_comes_in_large_pieces),
	KUNIT_CASE(what_is_out_of_reach_moves),
	KUNIT_CASE(what_is_above_4_gib_moves_below),
	KUNIT_CASE(nothing_is_left_of_what_moved),
	KUNIT_CASE(what_the_kernel_has_mapped_does_not_move),
	KUNIT_CASE(what_another_device_uses_does_not_move),
	{}
};

static int region_init(struct kunit *test)
{
	dma_kunit_watch(test);
	return 0;
}

static struct kunit_suite region_suite = {
	.name = "dma_region",
	.init = region_init,
	.test_cases = region_cases,
};

kunit_test_suite(region_suite);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_DESCRIPTION("KUnit tests of regions");
MODULE_LICENSE("GPL");
