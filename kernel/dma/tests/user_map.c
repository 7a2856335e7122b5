// SPDX-License-Identifier: GPL-2.0
/* Memory of the DMA API in user space: a file that maps it with dma_mmap_attrs(). */
#include <linux/anon_inodes.h>
#include <linux/cacheinfo.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include "user_map.h"

static int user_map_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct user_map *um = file->private_data;
	int ret;

	um->before = vma->vm_page_prot;
	if (um->page)
		ret = dma_mmap_pages(um->dev, vma, um->size, um->page);
	else
		ret = dma_mmap_attrs(um->dev, vma, um->vaddr, um->addr,
				     um->size, um->attrs);
	um->after = vma->vm_page_prot;
	return ret;
}

static const struct file_operations user_map_fops = { .mmap = user_map_mmap };

long user_map(struct kunit *test, struct user_map *um, int offset, int len)
{
	struct file *file = anon_inode_getfile("dma-user-map", &user_map_fops,
					       um, O_RDWR);
	long addr;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	addr = kunit_vm_mmap(test, file, 0, len * PAGE_SIZE,
			     PROT_READ | PROT_WRITE, MAP_SHARED,
			     offset * PAGE_SIZE);
	fput(file);
	return addr;
}

/* Write at either address, and read it at the other. */
static void expect_same(struct kunit *test, u32 *kernel, u32 __user *user, int off)
{
	u32 seen;

	/* Each address may have a cache line of its own. */
	if (cpu_dcache_is_aliasing())
		return;
	WRITE_ONCE(*kernel, 0x12345678 + off);
	KUNIT_EXPECT_EQ(test, 0, copy_from_user(&seen, user, 4));
	KUNIT_EXPECT_EQ_MSG(test, 0x12345678 + off, seen, "page %d", off);
	seen = ~seen;
	KUNIT_EXPECT_EQ(test, 0, copy_to_user(user, &seen, 4));
	KUNIT_EXPECT_EQ_MSG(test, seen, READ_ONCE(*kernel), "page %d", off);
}

void expect_user_map(struct kunit *test, struct user_map *um)
{
	int pages = PAGE_ALIGN(um->size) >> PAGE_SHIFT, off;
	long addr;

	for (off = 0; off < pages; off++) {
		addr = user_map(test, um, off, pages - off);
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "%ld", addr);
		expect_same(test, um->vaddr + off * PAGE_SIZE,
			    (u32 __user *)addr, off);
		vm_munmap(addr, (pages - off) * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, -ENXIO,
				user_map(test, um, off, pages - off + 1));
	}
	KUNIT_EXPECT_EQ(test, -ENXIO, user_map(test, um, pages, 1));
	KUNIT_EXPECT_EQ(test, -ENXIO, user_map(test, um, pages + 1, 1));
}
