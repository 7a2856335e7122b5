// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test suite for imported GEM objects that user space maps
 */

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_prime.h>

MODULE_IMPORT_NS("DMA_BUF");

struct prime_test {
	struct drm_gem_object obj;
	struct dma_buf_attachment attach;
	struct page *page;
	struct file *file;		/* of the importer */
	int closed;			/* calls of the exporter's vm_ops */
	int ret;			/* of the exporter's mmap() */
	bool own_vm_ops, freed;
};

static struct prime_test *to_prime_test(struct drm_gem_object *obj)
{
	return container_of(obj, struct prime_test, obj);
}

static void exporter_vm_close(struct vm_area_struct *vma)
{
	struct prime_test *pt = vma->vm_private_data;

	pt->closed++;
}

static const struct vm_operations_struct exporter_vm_ops = {
	.close = exporter_vm_close,
};

static int exporter_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct prime_test *pt = dmabuf->priv;

	if (pt->ret)
		return pt->ret;
	if (pt->own_vm_ops) {
		vma->vm_ops = &exporter_vm_ops;
		vma->vm_private_data = pt;
	}
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(pt->page), PAGE_SIZE,
			       vma->vm_page_prot);
}

static struct sg_table *exporter_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void exporter_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			   enum dma_data_direction dir)
{
}

static void exporter_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops exporter_ops = {
	.map_dma_buf = exporter_map,
	.unmap_dma_buf = exporter_unmap,
	.release = exporter_release,
	.mmap = exporter_mmap,
};

static void importer_free(struct drm_gem_object *obj)
{
	to_prime_test(obj)->freed = true;
	drm_gem_object_release(obj);
}

static const struct vm_operations_struct importer_vm_ops = {
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static const struct drm_gem_object_funcs importer_funcs = {
	.free = importer_free,
	.mmap = drm_gem_imported_mmap,
	.vm_ops = &importer_vm_ops,
};

static int importer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = file->private_data;

	return drm_gem_mmap_obj(obj, obj->size, vma);
}

static const struct file_operations importer_fops = {
	.mmap = importer_mmap,
};

static void free_page_action(void *data)
{
	__free_page(data);
}

static void put_obj_action(void *data)
{
	drm_gem_object_put(data);
}

static void put_dmabuf_action(void *data)
{
	dma_buf_put(data);
	flush_delayed_fput();
}

static void put_file_action(void *data)
{
	fput(data);
	flush_delayed_fput();
}

static int prime_test_init(struct kunit *test)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct drm_device *drm;
	struct prime_test *pt;
	struct device *dev;

	pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt);
	test->priv = pt;

	dev = drm_kunit_helper_alloc_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	drm = __drm_kunit_helper_alloc_drm_device(test, dev, sizeof(*drm), 0,
						  DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, drm);

	pt->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, pt->page);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_page_action, pt->page));

	info.ops = &exporter_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = pt;
	pt->attach.dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pt->attach.dmabuf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_dmabuf_action,
						  pt->attach.dmabuf));

	pt->obj.funcs = &importer_funcs;
	drm_gem_private_object_init(drm, &pt->obj, PAGE_SIZE);
	/* obj.dma_buf stays NULL, as once the last handle is closed. */
	pt->obj.import_attach = &pt->attach;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_obj_action, &pt->obj));

	pt->file = anon_inode_getfile("drm_prime_test", &importer_fops, &pt->obj,
				      O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pt->file);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_file_action, pt->file));

	KUNIT_ASSERT_EQ(test, 0, kunit_attach_mm());
	return 0;
}

static unsigned long map_import(struct prime_test *pt, unsigned long len)
{
	return vm_mmap(pt->file, 0, len, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
}

static void expect_the_exporters_page(struct kunit *test, unsigned long addr)
{
	struct prime_test *pt = test->priv;
	u32 word = 0x600dda7a;

	KUNIT_EXPECT_EQ(test, 0,
			copy_to_user((void __user *)addr, &word, sizeof(word)));
	KUNIT_EXPECT_EQ(test, word, *(u32 *)page_address(pt->page));
}

static void map_and_unmap(struct kunit *test)
{
	struct prime_test *pt = test->priv;
	unsigned long addr = map_import(pt, PAGE_SIZE);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	/* The mapping has a reference to the dma-buf instead. */
	KUNIT_EXPECT_EQ(test, 1, kref_read(&pt->obj.refcount));
	KUNIT_EXPECT_EQ(test, 2, file_count(pt->attach.dmabuf->file));
	expect_the_exporters_page(test, addr);

	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&pt->obj.refcount));
	KUNIT_EXPECT_EQ(test, 1, file_count(pt->attach.dmabuf->file));
	KUNIT_EXPECT_FALSE(test, pt->freed);
}

static void drm_test_imported_mmap(struct kunit *test)
{
	struct prime_test *pt = test->priv;

	map_and_unmap(test);
	KUNIT_EXPECT_EQ(test, 0, pt->closed);
}

static void drm_test_imported_mmap_vm_ops(struct kunit *test)
{
	struct prime_test *pt = test->priv;

	pt->own_vm_ops = true;
	map_and_unmap(test);
	KUNIT_EXPECT_EQ(test, 1, pt->closed);
}

static void drm_test_imported_mmap_fails(struct kunit *test)
{
	struct prime_test *pt = test->priv;

	pt->ret = -ENXIO;
	KUNIT_EXPECT_EQ(test, (unsigned long)-ENXIO, map_import(pt, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&pt->obj.refcount));
	KUNIT_EXPECT_EQ(test, 1, file_count(pt->attach.dmabuf->file));
	KUNIT_EXPECT_FALSE(test, pt->freed);
}

static void drm_test_imported_mmap_too_large(struct kunit *test)
{
	struct prime_test *pt = test->priv;

	pt->obj.size = 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, (unsigned long)-EINVAL, map_import(pt, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&pt->obj.refcount));
}

static struct kunit_case drm_prime_test_cases[] = {
	KUNIT_CASE(drm_test_imported_mmap),
	KUNIT_CASE(drm_test_imported_mmap_vm_ops),
	KUNIT_CASE(drm_test_imported_mmap_fails),
	KUNIT_CASE(drm_test_imported_mmap_too_large),
	{}
};

static struct kunit_suite drm_prime_test_suite = {
	.name = "drm_prime",
	.init = prime_test_init,
	.test_cases = drm_prime_test_cases,
};

kunit_test_suite(drm_prime_test_suite);

MODULE_DESCRIPTION("KUnit test suite for imported GEM objects");
MODULE_LICENSE("GPL");
