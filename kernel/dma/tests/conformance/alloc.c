// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of memory that the DMA API allocates: the device, the kernel and user space
 * see the same bytes.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-kunit.h>
#include <linux/dmapool.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <xen/xen.h>
#include "conformance.h"

static const size_t sizes[] = { 1, 512, PAGE_SIZE, 3 * PAGE_SIZE };

static struct page *page_at(void *vaddr)
{
	return is_vmalloc_addr(vaddr) ? vmalloc_to_page(vaddr) :
					virt_to_page(vaddr);
}

/* Both sides write, both see it at once. */
static void expect_shared(struct kunit *test, u8 *vaddr, dma_addr_t addr,
			  size_t size)
{
	struct conf *conf = test->priv;

	conf_fill(vaddr, size, size);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, addr, conf->seen, size));
	KUNIT_EXPECT_EQ(test, size, conf_same(conf->seen, vaddr, size));
	conf_fill(conf->seen, size, size + 1);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, addr, conf->seen, size));
	KUNIT_EXPECT_EQ(test, size, conf_same(vaddr, conf->seen, size));
}

/* Memory as dma_alloc_coherent() returns it. */
static void expect_new(struct kunit *test, u8 *vaddr, dma_addr_t addr,
		       size_t size)
{
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(vaddr));
	KUNIT_EXPECT_EQ(test, 0, addr & ((PAGE_SIZE << get_order(size)) - 1));
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, size));
	expect_shared(test, vaddr, addr, size);
}

void conf_alloc_coherent(struct kunit *test)
{
	static const unsigned long attrs[] = {
		0, DMA_ATTR_WRITE_COMBINE, DMA_ATTR_FORCE_CONTIGUOUS,
		DMA_ATTR_ALLOC_SINGLE_PAGES,
	};
	struct conf *conf = test->priv;
	dma_addr_t addr;
	u8 *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(attrs); i++) {
		size_t size = sizes[i % ARRAY_SIZE(sizes)];
		unsigned long attr = attrs[i / ARRAY_SIZE(sizes)];

		vaddr = dma_alloc_attrs(conf->dev, size, &addr, GFP_KERNEL,
					attr);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		expect_new(test, vaddr, addr, size);
		dma_free_attrs(conf->dev, size, vaddr, addr, attr);
	}
}

/*
 * Set the smallest coherent mask that the device accepts, and return it.  0 if none keeps
 * it from some of the machine's memory, or from the address that it was given before.
 */
static u64 set_small_mask(struct conf *conf)
{
	bool remaps = !(~conf->be->claims & CONF_REMAPS);
	int bits;

	for (bits = 24; bits < 64; bits++) {
		u64 mask = DMA_BIT_MASK(bits);

		if (dma_set_coherent_mask(conf->dev, mask))
			continue;
		if (mask < (remaps ? conf->probe :
				     dma_get_required_mask(conf->dev)))
			return mask;
		break;
	}
	return 0;
}

/*
 * May an allocation fail under this mask?  32 bits are always accepted, also where the
 * kernel has no zone of memory within the mask.
 */
static bool may_have_none(struct conf *conf, u64 mask)
{
	return ~conf->be->claims & CONF_REMAPS && mask >= U32_MAX &&
	       mask < dma_get_required_mask(conf->dev);
}

static const char all_reached[] =
	"no mask that the device accepts keeps it from any memory";
static const char fixed_place[] =
	"does not apply: it allocates from a pool, which does not move";

/* Allocated, but not freed, with interrupts off. */
static void alloc_irqs_off(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 mask = conf->dev->coherent_dma_mask;
	enum { TIMES = 1024 };
	dma_addr_t addr;
	u8 *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i];

		local_irq_disable();
		vaddr = dma_alloc_coherent(conf->dev, size, &addr,
					   GFP_ATOMIC | __GFP_NOWARN);
		local_irq_enable();
		if (!vaddr && may_have_none(conf, mask))
			continue;
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		KUNIT_EXPECT_LE(test, addr + size - 1, mask);
		expect_new(test, vaddr, addr, size);
		dma_free_coherent(conf->dev, size, vaddr, addr);
	}
	/* Freed memory is there again at once: no worker gets to run meanwhile. */
	preempt_disable();
	for (i = 0; i < TIMES; i++) {
		vaddr = dma_alloc_coherent(conf->dev, PAGE_SIZE, &addr,
					   GFP_ATOMIC | __GFP_NOWARN);
		if (!vaddr)
			break;
		dma_free_coherent(conf->dev, PAGE_SIZE, vaddr, addr);
	}
	preempt_enable();
	if (!may_have_none(conf, mask))
		KUNIT_EXPECT_EQ(test, TIMES, i);
}

void conf_alloc_irqs_off(struct kunit *test)
{
	struct conf *conf = test->priv;

	alloc_irqs_off(test);
	if (conf->be->claims & CONF_KEEPS)
		kunit_info(test, "one mask: %s", fixed_place);
	else if (!set_small_mask(conf))
		kunit_info(test, "one mask: %s", all_reached);
	else
		alloc_irqs_off(test);
}

/* User space and the device may see this memory: it must not hold old data. */
void conf_alloc_no_kernel_mapping(struct kunit *test)
{
	struct conf *conf = test->priv;
	enum { NR = 8, SIZE = 2 * PAGE_SIZE };
	dma_addr_t addr[NR];
	void *cookie[NR];
	int i;

	/* Leave something in the pages that come next. */
	for (i = 0; i < NR; i++) {
		cookie[i] = dma_alloc_coherent(conf->dev, SIZE, &addr[i],
					       GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cookie[i]);
		memset(cookie[i], 0x5a, SIZE);
	}
	for (i = 0; i < NR; i++)
		dma_free_coherent(conf->dev, SIZE, cookie[i], addr[i]);

	for (i = 0; i < NR; i++) {
		cookie[i] = dma_alloc_attrs(conf->dev, SIZE, &addr[i],
					    GFP_KERNEL,
					    DMA_ATTR_NO_KERNEL_MAPPING);
		KUNIT_ASSERT_NOT_NULL(test, cookie[i]);
		memset(conf->seen, 0xff, SIZE);
		KUNIT_EXPECT_EQ(test, 0,
				conf_read(conf, addr[i], conf->seen, SIZE));
		KUNIT_EXPECT_NULL(test, memchr_inv(conf->seen, 0, SIZE));
	}
	for (i = 0; i < NR; i++)
		dma_free_attrs(conf->dev, SIZE, cookie[i], addr[i],
			       DMA_ATTR_NO_KERNEL_MAPPING);
}

/* A file that maps the allocation it was opened for. */
struct mapped {
	struct conf *conf;
	size_t size;
	void *vaddr;		/* dma_mmap_attrs() */
	dma_addr_t addr;
	struct page *page;	/* dma_mmap_pages() */
	struct sg_table *sgt;	/* dma_mmap_noncontiguous() */
};

static int mmap_file(struct file *file, struct vm_area_struct *vma)
{
	struct mapped *m = file->private_data;

	if (m->sgt)
		return dma_mmap_noncontiguous(m->conf->dev, vma, m->size,
					      m->sgt);
	if (m->page)
		return dma_mmap_pages(m->conf->dev, vma, m->size, m->page);
	return dma_mmap_attrs(m->conf->dev, vma, m->vaddr, m->addr, m->size, 0);
}

static const struct file_operations mapped_fops = { .mmap = mmap_file };

/* @offset and @len in pages. */
static long map_to_user(struct kunit *test, struct mapped *m, int offset,
			int len)
{
	struct file *file = anon_inode_getfile("dma-conformance", &mapped_fops,
					       m, O_RDWR);
	long addr;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	addr = kunit_vm_mmap(test, file, 0, len * PAGE_SIZE,
			     PROT_READ | PROT_WRITE, MAP_SHARED,
			     offset * PAGE_SIZE);
	fput(file);
	return addr;
}

/* User space maps all but the first page, and sees the bytes at @vaddr. */
/* Xen refuses the page tables that kunit_attach_mm() switches to: it has not seen them. */
static const char no_user[] = "a Xen PV domain does not know KUnit's address space";

static void expect_mmap(struct kunit *test, struct mapped *m, u8 *vaddr)
{
	struct conf *conf = test->priv;
	size_t len = m->size - PAGE_SIZE;
	long addr;

	if (xen_pv_domain()) {
		kunit_info(test, "not mapped to user space: %s", no_user);
		return;
	}
	conf_fill(vaddr, m->size, 77);
	addr = map_to_user(test, m, 1, len >> PAGE_SHIFT);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 0,
			copy_from_user(conf->seen, (void __user *)addr, len));
	KUNIT_EXPECT_EQ(test, len, conf_same(conf->seen, vaddr + PAGE_SIZE,
					     len));
	conf_fill(conf->seen, len, 78);
	KUNIT_EXPECT_EQ(test, 0,
			copy_to_user((void __user *)addr, conf->seen, len));
	KUNIT_EXPECT_EQ(test, len, conf_same(vaddr + PAGE_SIZE, conf->seen,
					     len));
	vm_munmap(addr, len);
	/* Behind the end of the memory, and beyond it. */
	KUNIT_EXPECT_EQ(test, -ENXIO,
			map_to_user(test, m, m->size >> PAGE_SHIFT, 1));
	KUNIT_EXPECT_EQ(test, -ENXIO,
			map_to_user(test, m, 1, m->size >> PAGE_SHIFT));
}

void conf_alloc_mmap(struct kunit *test)
{
	struct mapped m = { .conf = test->priv, .size = 3 * PAGE_SIZE };
	struct device *dev = m.conf->dev;

	conf_needs(test, CONF_MMAP);
	if (xen_pv_domain())
		kunit_skip(test, "expected skip: %s", no_user);
	m.vaddr = dma_alloc_coherent(dev, m.size, &m.addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.vaddr);
	expect_mmap(test, &m, m.vaddr);
	dma_free_coherent(dev, m.size, m.vaddr, m.addr);
}

void conf_alloc_sgtable(struct kunit *test)
{
	struct conf *conf = test->priv;
	size_t size = 3 * PAGE_SIZE;
	struct sg_page_iter iter;
	struct scatterlist *sg;
	struct sg_table sgt;
	dma_addr_t addr, page;
	size_t total = 0;
	u8 *vaddr;
	int i;

	conf_needs(test, CONF_MMAP);
	/* Memory that is remapped uncached has a cached mapping, too. */
	conf_needs(test, CONF_COHERENT);
	vaddr = dma_alloc_coherent(conf->dev, size, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	conf_fill(vaddr, size, 79);
	KUNIT_ASSERT_EQ(test, 0, dma_get_sgtable(conf->dev, &sgt, vaddr, addr,
						 size));
	for_each_sgtable_sg(&sgt, sg, i)
		total += sg->length;
	KUNIT_EXPECT_EQ(test, size, total);
	/* The pages that the device has: page_address() of a wrong one may be @vaddr. */
	page = addr;
	for_each_sgtable_page(&sgt, &iter, 0) {
		KUNIT_EXPECT_EQ(test, conf->be->walk(conf, page),
				page_to_phys(sg_page_iter_page(&iter)));
		page += PAGE_SIZE;
	}
	sg_copy_to_buffer(sgt.sgl, sgt.orig_nents, conf->seen, size);
	KUNIT_EXPECT_EQ(test, size, conf_same(conf->seen, vaddr, size));
	sg_free_table(&sgt);
	dma_free_coherent(conf->dev, size, vaddr, addr);
}

/* True if the pages of the table are mapped at @vaddr, in this order. */
static bool same_pages(struct sg_table *sgt, u8 *vaddr)
{
	struct sg_page_iter iter;

	for_each_sgtable_page(sgt, &iter, 0) {
		if (sg_page_iter_page(&iter) != page_at(vaddr))
			return false;
		vaddr += PAGE_SIZE;
	}
	return true;
}

static void noncontiguous(struct kunit *test, unsigned long attrs)
{
	struct mapped m = { .conf = test->priv, .size = 7 * PAGE_SIZE };
	struct conf *conf = m.conf;
	struct scatterlist *sg;
	u8 *vaddr;

	m.sgt = dma_alloc_noncontiguous(conf->dev, m.size, DMA_BIDIRECTIONAL,
					GFP_KERNEL, attrs);
	KUNIT_ASSERT_NOT_NULL(test, m.sgt);
	sg = m.sgt->sgl;
	KUNIT_EXPECT_EQ(test, 1, m.sgt->nents);
	KUNIT_EXPECT_EQ(test, m.size, sg_dma_len(sg));
	vaddr = dma_vmap_noncontiguous(conf->dev, m.size, m.sgt);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	/* Do not overwrite pages that are not the table's. */
	if (!same_pages(m.sgt, vaddr)) {
		KUNIT_FAIL(test, "other pages than the table's");
		goto out;
	}

	conf_fill(vaddr, m.size, 80);
	flush_kernel_vmap_range(vaddr, m.size);
	dma_sync_sgtable_for_device(conf->dev, m.sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, sg_dma_address(sg), conf->seen,
					   m.size));
	KUNIT_EXPECT_EQ(test, m.size, conf_same(conf->seen, vaddr, m.size));
	conf_fill(conf->seen, m.size, 81);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, sg_dma_address(sg),
					    conf->seen, m.size));
	dma_sync_sgtable_for_cpu(conf->dev, m.sgt, DMA_BIDIRECTIONAL);
	invalidate_kernel_vmap_range(vaddr, m.size);
	KUNIT_EXPECT_EQ(test, m.size, conf_same(vaddr, conf->seen, m.size));
	expect_mmap(test, &m, vaddr);
out:
	dma_vunmap_noncontiguous(conf->dev, vaddr);
	dma_free_noncontiguous(conf->dev, m.size, m.sgt, DMA_BIDIRECTIONAL);
}

/* From contiguous pages, and from pages with gaps between them. */
void conf_alloc_noncontiguous(struct kunit *test)
{
	struct page *pages[32];
	int i;

	conf_needs(test, CONF_PAGES);
	noncontiguous(test, 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = alloc_page(GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(pages); i += 2)
		if (pages[i])
			__free_page(pages[i]);
	noncontiguous(test, DMA_ATTR_ALLOC_SINGLE_PAGES);
	for (i = 1; i < ARRAY_SIZE(pages); i += 2)
		if (pages[i])
			__free_page(pages[i]);
}

/*
 * "Like normal pages": a struct page with a reference each, in the kernel's map of
 * memory, to be mapped elsewhere, synced by direction, never bounced.
 */
void conf_alloc_pages(struct kunit *test)
{
	struct mapped m = { .conf = test->priv, .size = 4 * PAGE_SIZE };
	struct conf *conf = m.conf;
	struct page *pages[4];
	dma_addr_t addr;
	u8 *vaddr, *alias;
	int i;

	conf_needs(test, CONF_PAGES);
	m.page = dma_alloc_pages(conf->dev, m.size, &addr, DMA_BIDIRECTIONAL,
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.page);
	vaddr = page_address(m.page);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, m.size));
	KUNIT_EXPECT_FALSE(test, dma_mapping_error(conf->dev, addr));
	KUNIT_EXPECT_FALSE(test, PageCompound(m.page));
	KUNIT_EXPECT_GE(test, page_count(m.page), 1);
	KUNIT_EXPECT_EQ(test, page_to_phys(m.page), conf->be->walk(conf, addr));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = m.page + i;

	conf_fill(vaddr, m.size, 82);
	dma_sync_single_for_device(conf->dev, addr, m.size, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, 0, conf_read(conf, addr, conf->seen, m.size));
	KUNIT_EXPECT_EQ(test, m.size, conf_same(conf->seen, vaddr, m.size));
	conf_fill(conf->seen, m.size, 83);
	KUNIT_EXPECT_EQ(test, 0, conf_write(conf, addr, conf->seen, m.size));
	dma_sync_single_for_cpu(conf->dev, addr, m.size, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, m.size, conf_same(vaddr, conf->seen, m.size));

	alias = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, alias);
	KUNIT_EXPECT_EQ(test, m.size, conf_same(alias, vaddr, m.size));
	vunmap(alias);
	expect_mmap(test, &m, vaddr);
	dma_free_pages(conf->dev, m.size, m.page, addr, DMA_BIDIRECTIONAL);
}

/* Keep the memory: freed memory would be allocated again. */
void conf_alloc_reach(struct kunit *test)
{
	enum { ROUNDS = 4, NR = ROUNDS * ARRAY_SIZE(sizes) };
	struct conf *conf = test->priv;
	int i, nr = 0, pages = 0;
	struct {
		void *vaddr;
		struct page *page;
		dma_addr_t addr, page_addr;
		size_t size;
	} *m;
	bool get_pages;
	u64 mask;

	if (conf->be->claims & CONF_KEEPS)
		kunit_skip(test, "expected skip: %s", fixed_place);
	mask = set_small_mask(conf);
	if (!mask)
		kunit_skip(test, "expected skip: %s", all_reached);
	/* These may be mapped like any other pages. */
	get_pages = conf->be->claims & CONF_PAGES &&
		    !dma_set_mask(conf->dev, mask);
	m = kunit_kcalloc(test, NR, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	for (i = 0; i < NR; i++) {
		m[i].size = PAGE_ALIGN(sizes[i % ARRAY_SIZE(sizes)]);
		m[i].vaddr = dma_alloc_attrs(conf->dev, m[i].size, &m[i].addr,
					     GFP_KERNEL, DMA_ATTR_NO_WARN);
		if (m[i].vaddr) {
			KUNIT_EXPECT_LE(test, m[i].addr + m[i].size - 1, mask);
			nr++;
		}
		if (!get_pages)
			continue;
		m[i].page = dma_alloc_pages(conf->dev, m[i].size,
					    &m[i].page_addr, DMA_TO_DEVICE,
					    GFP_KERNEL | __GFP_NOWARN);
		if (m[i].page) {
			KUNIT_EXPECT_LE(test, m[i].page_addr + m[i].size - 1,
					mask);
			pages++;
		}
	}
	if (!may_have_none(conf, mask)) {
		KUNIT_EXPECT_EQ(test, NR, nr);
		KUNIT_EXPECT_EQ(test, get_pages ? NR : 0, pages);
	}
	for (i = 0; i < NR; i++) {
		if (m[i].vaddr)
			dma_free_attrs(conf->dev, m[i].size, m[i].vaddr,
				       m[i].addr, DMA_ATTR_NO_WARN);
		if (m[i].page)
			dma_free_pages(conf->dev, m[i].size, m[i].page,
				       m[i].page_addr, DMA_TO_DEVICE);
	}
}

/* dma-iommu caches addresses by size, so take a size that was not mapped before. */
static void expect_pages_within(struct kunit *test, u64 mask)
{
	const size_t size = CONF_BUF_SIZE + PAGE_SIZE;
	struct conf *conf = test->priv;
	struct sg_table *sgt;
	struct page *page;
	dma_addr_t addr;

	dma_set_max_seg_size(conf->dev, size);
	sgt = dma_alloc_noncontiguous(conf->dev, size, DMA_TO_DEVICE,
				      GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	page = dma_alloc_pages(conf->dev, size, &addr, DMA_TO_DEVICE,
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_LE(test, sg_dma_address(sgt->sgl) + size - 1, mask);
	KUNIT_EXPECT_LE(test, addr + size - 1, mask);
	dma_free_pages(conf->dev, size, page, addr, DMA_TO_DEVICE);
	dma_free_noncontiguous(conf->dev, size, sgt, DMA_TO_DEVICE);
}

/* Allocations are within every mask that is accepted. */
void conf_alloc_masks(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 before = conf->dev->coherent_dma_mask;
	u64 streaming = dma_get_mask(conf->dev);
	dma_addr_t addr;
	void *vaddr;
	int bits;

	for (bits = 24; bits <= 64; bits++) {
		u64 mask = DMA_BIT_MASK(bits);

		if (dma_set_coherent_mask(conf->dev, mask))
			continue;
		/*
		 * 32 bits are always accepted, also where there is no memory
		 * within the mask.  A pool does not move.
		 */
		if (mask < dma_get_required_mask(conf->dev) &&
		    ~conf->be->claims & CONF_REMAPS &&
		    (bits >= 32 || conf->be->claims & CONF_KEEPS))
			continue;
		vaddr = dma_alloc_coherent(conf->dev, PAGE_SIZE, &addr,
					   GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL_MSG(test, vaddr, "%d bits", bits);
		if (!vaddr)
			continue;
		KUNIT_EXPECT_LE(test, addr + PAGE_SIZE - 1, mask);
		dma_free_coherent(conf->dev, PAGE_SIZE, vaddr, addr);
		if (!(conf->be->claims & CONF_PAGES) ||
		    dma_set_mask(conf->dev, mask))
			continue;
		expect_pages_within(test, mask);
		KUNIT_EXPECT_EQ(test, 0, dma_set_mask(conf->dev, streaming));
	}
	KUNIT_EXPECT_EQ(test, 0, dma_set_coherent_mask(conf->dev, before));
}

bool conf_may_be_cma(struct page *page)
{
#ifdef MODULE
	/* A module cannot look. */
	return IS_ENABLED(CONFIG_CMA);
#else
	return is_migrate_cma_page(page);
#endif
}

void conf_tell_cma(struct kunit *test)
{
#ifdef MODULE
	if (IS_ENABLED(CONFIG_CMA))
		kunit_info(test, "not seen in a module with CMA: whether pages are freed");
#endif
}

/*
 * Take a reference, which shows later whether the page was freed.  CMA frees a page
 * that others still use, so its pages are left alone.
 */
static struct page *hold(struct page *page)
{
	if (conf_may_be_cma(page))
		return NULL;
	get_page(page);
	return page;
}

/* Drop it.  Returns how many others there are, -1 if hold() did not take one. */
static int drop(struct page *held)
{
	int others;

	if (!held)
		return -1;
	others = page_count(held) - 1;
	put_page(held);
	return others;
}

int conf_alloc_keeps(struct conf *conf)
{
	dma_addr_t addr;
	void *vaddr = dma_alloc_coherent(conf->dev, PAGE_SIZE, &addr, GFP_KERNEL);
	struct page *held;

	if (!vaddr)
		return -1;
	held = hold(page_at(vaddr));
	dma_free_coherent(conf->dev, PAGE_SIZE, vaddr, addr);
	return drop(held);
}

int conf_alloc_keeps_pages(struct conf *conf)
{
	dma_addr_t addr;
	struct page *page = dma_alloc_pages(conf->dev, PAGE_SIZE, &addr,
					    DMA_BIDIRECTIONAL, GFP_KERNEL);
	struct page *held;

	if (!page)
		return -1;
	held = hold(page);
	dma_free_pages(conf->dev, PAGE_SIZE, page, addr, DMA_BIDIRECTIONAL);
	return drop(held);
}

/* Freed memory went back to the kernel, or stays in the pool of the device. */
static void expect_freed(struct kunit *test, struct page *held,
			 unsigned int claim)
{
	struct conf *conf = test->priv;
	int others = drop(held);

	if (others >= 0)
		KUNIT_EXPECT_EQ(test, conf->be->claims & claim ? 1 : 0, others);
}

/* Allocate and free @size bytes in each way. */
static void alloc_each_way(struct kunit *test, size_t size)
{
	static const unsigned long attrs[] = {
		0, DMA_ATTR_FORCE_CONTIGUOUS, DMA_ATTR_ALLOC_SINGLE_PAGES,
		DMA_ATTR_NO_KERNEL_MAPPING,
	};
	struct conf *conf = test->priv;
	struct sg_table *sgt;
	struct page *page;
	dma_addr_t addr;
	void *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		vaddr = dma_alloc_attrs(conf->dev, size, &addr, GFP_KERNEL,
					attrs[i]);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		dma_free_attrs(conf->dev, size, vaddr, addr, attrs[i]);
		if (!(attrs[i] & DMA_ATTR_NO_KERNEL_MAPPING) &&
		    is_vmalloc_addr(vaddr))
			KUNIT_EXPECT_NULL(test, vmalloc_to_page(vaddr));
	}
	if (!(conf->be->claims & CONF_PAGES))
		return;
	page = dma_alloc_pages(conf->dev, size, &addr, DMA_TO_DEVICE,
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	dma_free_pages(conf->dev, size, page, addr, DMA_TO_DEVICE);
	sgt = dma_alloc_noncontiguous(conf->dev, size, DMA_TO_DEVICE,
				      GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	dma_free_noncontiguous(conf->dev, size, sgt, DMA_TO_DEVICE);
}

static void alloc_some(struct kunit *test)
{
	alloc_each_way(test, sizes[0]);
}

void conf_alloc_freed(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct page *page, *held;
	struct sg_table *sgt;
	dma_addr_t addr;
	void *vaddr;
	int i;

	/* At first, so that page tables, caches and pools have what they need. */
	conf_stay_on_cpu();
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		alloc_each_way(test, sizes[i]);
	conf_settle(conf);
	conf_count_pages(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		alloc_each_way(test, sizes[i]);
	KUNIT_EXPECT_EQ(test, 0, conf_count_pages_end(test));
	/* An IOMMU's driver keeps I/O addresses for later, or frees them later. */
	if (!(conf->be->claims & CONF_TRANSLATES))
		dma_kunit_expect_freed(test, alloc_some);

	conf_tell_cma(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = PAGE_ALIGN(sizes[i]);

		vaddr = dma_alloc_coherent(conf->dev, size, &addr, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, vaddr);
		held = hold(page_at(vaddr));
		dma_free_coherent(conf->dev, size, vaddr, addr);
		expect_freed(test, held, CONF_KEEPS);
		if (!(conf->be->claims & CONF_PAGES))
			continue;

		page = dma_alloc_pages(conf->dev, size, &addr, DMA_TO_DEVICE,
				       GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		held = hold(page);
		dma_free_pages(conf->dev, size, page, addr, DMA_TO_DEVICE);
		expect_freed(test, held, CONF_KEEPS_PAGES);

		sgt = dma_alloc_noncontiguous(conf->dev, size, DMA_TO_DEVICE,
					      GFP_KERNEL, 0);
		KUNIT_ASSERT_NOT_NULL(test, sgt);
		held = hold(sg_page(sgt->sgl));
		dma_free_noncontiguous(conf->dev, size, sgt, DMA_TO_DEVICE);
		expect_freed(test, held, CONF_KEEPS_PAGES);
	}
}

/* Try to allocate memory in each way. */
static void try_each_way(struct conf *conf, size_t size)
{
	static const unsigned long attrs[] = {
		DMA_ATTR_NO_WARN, DMA_ATTR_NO_WARN | DMA_ATTR_FORCE_CONTIGUOUS,
	};
	struct sg_table *sgt;
	struct page *page;
	dma_addr_t addr;
	void *vaddr;
	int i;

	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		vaddr = dma_alloc_attrs(conf->dev, size, &addr, GFP_KERNEL,
					attrs[i]);
		if (vaddr)
			dma_free_attrs(conf->dev, size, vaddr, addr, attrs[i]);
	}
	if (!(conf->be->claims & CONF_PAGES))
		return;
	page = dma_alloc_pages(conf->dev, size, &addr, DMA_TO_DEVICE,
			       GFP_KERNEL);
	if (page)
		dma_free_pages(conf->dev, size, page, addr, DMA_TO_DEVICE);
	sgt = dma_alloc_noncontiguous(conf->dev, size, DMA_TO_DEVICE,
				      GFP_KERNEL, 0);
	if (sgt)
		dma_free_noncontiguous(conf->dev, size, sgt, DMA_TO_DEVICE);
}

/* There is memory, but no address for it: each page of the memory is freed again. */
void conf_alloc_exhausted(struct kunit *test)
{
	struct conf *conf = test->priv;
	u64 before = conf->dev->coherent_dma_mask;
	enum { TRIES = 16 };
	dma_addr_t *hogs;
	int nr, i;

	conf_needs(test, CONF_EXHAUSTS);
	hogs = kunit_kcalloc(test, CONF_HOGS, sizeof(*hogs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hogs);
	conf_narrow(test);
	KUNIT_ASSERT_EQ(test, 0, dma_set_coherent_mask(conf->dev,
						       dma_get_mask(conf->dev)));
	nr = conf_fill_up(conf, hogs);
	conf_stay_on_cpu();
	try_each_way(conf, SZ_64K);
	conf_count_pages(test);
	for (i = 0; i < TRIES; i++)
		try_each_way(conf, SZ_64K);
	KUNIT_EXPECT_EQ(test, 0, conf_count_pages_end(test));
	conf_give_back(conf, hogs, nr);
	KUNIT_EXPECT_EQ(test, 0, dma_set_coherent_mask(conf->dev, before));
}

/* Arguments of dma_pool_create(), which the blocks must keep to. */
static const struct {
	size_t size, align, boundary;
} pools[] = {
	{ 1, 1, 0 }, { 24, 64, 0 }, { 96, 32, 128 }, { 300, 4, 512 },
	{ PAGE_SIZE / 2, PAGE_SIZE, 0 }, { PAGE_SIZE + 1, 8, 4 * PAGE_SIZE },
};

/*
 * A free block begins with a header of the pool.  The device does not write there, so
 * that a late write makes the case fail and does not corrupt the pool.
 */
#define POOL_HEAD	16

static void expect_pool(struct kunit *test, struct dma_pool *pool, int nr)
{
	const size_t head = min_t(size_t, pools[nr].size, POOL_HEAD);
	const size_t size = pools[nr].size, boundary = pools[nr].boundary;
	struct conf *conf = test->priv;
	enum { NR = 12, STEP = 5 };
	dma_addr_t addr[NR];
	u8 *vaddr[NR];
	int i;

	for (i = 0; i < NR; i++) {
		local_irq_disable();
		vaddr[i] = dma_pool_zalloc(pool, GFP_ATOMIC, &addr[i]);
		local_irq_enable();
		KUNIT_ASSERT_NOT_NULL(test, vaddr[i]);
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr[i], 0, size));
		KUNIT_EXPECT_EQ(test, 0, addr[i] & (pools[nr].align - 1));
		if (boundary)
			KUNIT_EXPECT_LT(test, addr[i] ^ (addr[i] + size - 1),
					boundary);
		conf_fill(vaddr[i], size, i);
		KUNIT_EXPECT_EQ(test, 0,
				conf_read(conf, addr[i], conf->seen, size));
		KUNIT_EXPECT_EQ(test, size,
				conf_same(conf->seen, vaddr[i], size));
		conf_fill(conf->seen, size - head, NR + i);
		KUNIT_EXPECT_EQ(test, 0,
				conf_write(conf, addr[i] + head, conf->seen,
					   size - head));
	}
	for (i = 0; i < NR; i++) {
		conf_fill(conf->want, head, i);
		conf_fill(conf->want + head, size - head, NR + i);
		KUNIT_EXPECT_EQ(test, size,
				conf_same(vaddr[i], conf->want, size));
	}
	/* In another order. */
	for (i = 0; i < NR; i++)
		dma_pool_free(pool, vaddr[i * STEP % NR], addr[i * STEP % NR]);
	vaddr[0] = dma_pool_zalloc(pool, GFP_KERNEL, &addr[0]);
	KUNIT_ASSERT_NOT_NULL(test, vaddr[0]);
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr[0], 0, size));
	dma_pool_free(pool, vaddr[0], addr[0]);
}

void conf_alloc_pool(struct kunit *test)
{
	struct conf *conf = test->priv;
	struct dma_pool *pool;
	int i;

	for (i = 0; i < ARRAY_SIZE(pools); i++) {
		pool = dma_pool_create("conformance", conf->dev, pools[i].size,
				       pools[i].align, pools[i].boundary);
		KUNIT_ASSERT_NOT_NULL(test, pool);
		expect_pool(test, pool, i);
		dma_pool_destroy(pool);
	}
	KUNIT_EXPECT_NULL(test, dma_pool_create("", conf->dev, 0, 1, 0));
	KUNIT_EXPECT_NULL(test, dma_pool_create("", conf->dev, 8, 3, 0));
	KUNIT_EXPECT_NULL(test, dma_pool_create("", conf->dev, 8, 1, 4));
}

/* Contiguous memory */

#define PIECE	(7 * PAGE_SIZE)	/* no power of two */

static void expect_contiguous(struct kunit *test)
{
	const unsigned long attrs = DMA_ATTR_FORCE_CONTIGUOUS |
				    DMA_ATTR_ALLOC_SINGLE_PAGES;
	struct conf *conf = test->priv;
	dma_addr_t addr;
	size_t off;
	void *vaddr;

	vaddr = dma_alloc_attrs(conf->dev, PIECE, &addr, GFP_KERNEL, attrs);
	KUNIT_EXPECT_NOT_NULL(test, vaddr);
	if (!vaddr)
		return;
	for (off = PAGE_SIZE; off < PIECE; off += PAGE_SIZE)
		KUNIT_EXPECT_EQ_MSG(test,
				    page_to_phys(page_at(vaddr)) + off,
				    page_to_phys(page_at(vaddr + off)),
				    "offset %zu", off);
	dma_free_attrs(conf->dev, PIECE, vaddr, addr, attrs);
}

/*
 * The hint that single pages will do changes nothing.  It is followed if single pages
 * are free that have gaps between them.
 */
void conf_alloc_contiguous(struct kunit *test)
{
	enum { NR = 64 };
	struct page **pages;
	int i;

	pages = kunit_kcalloc(test, NR, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < NR; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	for (i = 0; i < NR; i += 2)
		if (pages[i])
			__free_page(pages[i]);
	expect_contiguous(test);
	for (i = 1; i < NR; i += 2)
		if (pages[i])
			__free_page(pages[i]);
}
