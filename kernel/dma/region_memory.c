// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a region: where it comes from, how it goes back, and how the CPU gets
 * at it.
 *
 * It is an array of physical ranges, each of whole pages.  A range of a region that
 * dma_region_alloc() has made is one allocation of the page allocator, a compound page
 * if it is larger than a page, so that it says itself how it is freed; what replaces it
 * when the memory moves (region_move.c) is one, too.  The memory of
 * dma_region_init() is the caller's, goes back by its ->release(), and does not move.
 *
 * A device that scatters needs no contiguous memory, and one without an IOMMU takes
 * what is contiguous in one segment.  So large pages are tried first, and whoever
 * allocates need not know which devices there will be.
 *
 * User mappings are made by faults, a range at a time: a move takes them away, and the
 * next access gets the new memory.
 */
#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/dma-region.h>
#include <linux/export.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include "region.h"

/*
 * 1 MiB, 64 KiB and 4 KiB where pages have 4 KiB: sizes that IOMMUs often have.  The
 * large ones are not worth reclaim.
 */
static const unsigned int orders[] = { 8, 4, 0 };

static struct page *alloc_largest(size_t size, unsigned int max_order, gfp_t gfp)
{
	struct page *page;
	int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		unsigned int order = orders[i];
		gfp_t flags = gfp;

		if (size < PAGE_SIZE << order || order > max_order)
			continue;
		if (order)
			flags = (flags | __GFP_NOWARN | __GFP_NORETRY |
				 __GFP_COMP) & ~__GFP_RECLAIM;
		page = alloc_pages(flags, order);
		if (page)
			return page;
	}
	return NULL;
}

/* What cannot be made private again must not be used by anyone else: it is leaked. */
static void free_range(const struct phys_vec *range, bool shared)
{
	struct page *page = phys_to_page(range->paddr);

	if (shared && set_memory_encrypted((unsigned long)page_address(page),
					   range->len >> PAGE_SHIFT)) {
		pr_warn_ratelimited("dma-region: leaking %zu bytes that cannot be encrypted\n",
				    range->len);
		return;
	}
	__free_pages(page, compound_order(page));
}

/* The contents of memory do not survive the change. */
static int share_range(const struct phys_vec *range)
{
	void *vaddr = phys_to_virt(range->paddr);
	int ret;

	ret = set_memory_decrypted((unsigned long)vaddr,
				   range->len >> PAGE_SHIFT);
	if (!ret)
		memset(vaddr, 0, range->len);
	return ret;
}

static void free_memory(struct dma_region *region)
{
	unsigned int i;

	for (i = 0; i < region->nr; i++)
		free_range(&region->vec[i], region->attrs);
	kvfree(region->vec);
	kfree(region);
}

void dma_region_free_list(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru)
		__free_pages(page, compound_order(page));
}

/* Like alloc_pages(), but for @size bytes; counts the pages that it puts on @pages. */
int dma_region_alloc_list(struct list_head *pages, size_t size, gfp_t gfp,
			  unsigned int *nr)
{
	unsigned int max_order = orders[0];
	struct page *page;

	for (*nr = 0; size; size -= page_size(page), (*nr)++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		page = alloc_largest(size, max_order, gfp);
		if (!page)
			return -ENOMEM;
		list_add_tail(&page->lru, pages);
		max_order = compound_order(page);
	}
	return 0;
}

/**
 * dma_region_alloc - allocate memory to share between devices
 * @size: bytes to allocate, whole pages, more than 0
 * @gfp: flags beside %GFP_HIGHUSER, such as %__GFP_ACCOUNT
 * @attrs: 0, or %DMA_ATTR_CC_SHARED for memory that a confidential guest shares with
 *	the host
 *
 * The memory is zeroed.
 *
 * Context: May sleep.
 * Return: the region, to be freed by dma_region_free(), or
 *	-EINVAL for a size of 0 or a part of a page, or other attributes;
 *	-EOPNOTSUPP for %DMA_ATTR_CC_SHARED where memory may not be mapped for the
 *	kernel (%CONFIG_HIGHMEM);
 *	-EINTR if the process was killed meanwhile;
 *	-ENOMEM, or the error with which memory could not be shared.
 */
struct dma_region *dma_region_alloc(size_t size, gfp_t gfp, unsigned long attrs)
{
	struct dma_region *region;
	struct page *page, *next;
	struct phys_vec *vec;
	LIST_HEAD(pages);
	unsigned int i, nr;
	int ret;

	if (!size || !PAGE_ALIGNED(size) || attrs & ~DMA_ATTR_CC_SHARED)
		return ERR_PTR(-EINVAL);
	if (IS_ENABLED(CONFIG_HIGHMEM) && attrs)
		return ERR_PTR(-EOPNOTSUPP);
	region = kzalloc_obj(*region);
	if (!region)
		return ERR_PTR(-ENOMEM);
	ret = dma_region_alloc_list(&pages, size,
				    gfp | GFP_HIGHUSER | __GFP_ZERO, &nr);
	if (ret)
		goto err_pages;
	vec = kvmalloc_objs(*vec, nr);
	if (!vec) {
		ret = -ENOMEM;
		goto err_pages;
	}
	nr = 0;
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		vec[nr].paddr = page_to_phys(page);
		vec[nr++].len = page_size(page);
	}
	for (i = 0; attrs && i < nr; i++) {
		ret = share_range(&vec[i]);
		if (ret)
			goto err_share;
	}
	dma_region_init(region, vec, nr, free_memory);
	region->gfp = gfp;
	region->attrs = attrs;
	return region;

err_share:
	/* The one that has failed may be shared, those behind it are not. */
	while (nr--)
		free_range(&vec[nr], nr <= i);
	kvfree(vec);
err_pages:
	dma_region_free_list(&pages);
	kfree(region);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(dma_region_alloc);

/**
 * dma_region_init - make a region of memory that is there
 * @region: the region, zeroed
 * @vec: the memory: whole pages that have a struct page; must not change
 * @nr: number of entries of @vec, more than 0
 * @release: gives the memory, @vec and @region back
 *
 * Context: Any.
 */
void dma_region_init(struct dma_region *region, struct phys_vec *vec,
		     unsigned int nr,
		     void (*release)(struct dma_region *region))
{
	unsigned int i;

	region->vec = vec;
	region->nr = nr;
	for (i = 0; i < nr; i++)
		WARN_ON(check_add_overflow(region->size, vec[i].len,
					   &region->size));
	region->release = release;
	mutex_init(&region->lock);
	INIT_LIST_HEAD(&region->bindings);
	INIT_LIST_HEAD(&region->idle);
	INIT_LIST_HEAD(&region->ended);
}
EXPORT_SYMBOL_GPL(dma_region_init);

/**
 * dma_region_free - the end of a region
 * @region: the region; no device may be bound any more, nothing mapped
 *
 * Context: May sleep.
 */
void dma_region_free(struct dma_region *region)
{
	WARN_ON(!list_empty(&region->bindings) || !list_empty(&region->idle) ||
		!list_empty(&region->ended));
	if (WARN_ON(region->vmaps))
		vunmap(region->vaddr);
	mutex_destroy(&region->lock);
	region->release(region);
}
EXPORT_SYMBOL_GPL(dma_region_free);

/* Can what the region holds be replaced? */
bool dma_region_movable(const struct dma_region *region)
{
	return region->release == free_memory && !region->attrs;
}

static int by_address(const void *a, const void *b)
{
	const struct phys_vec *x = a, *y = b;

	return cmp_int(x->paddr, y->paddr);
}

/* -EBUSY if memory of the caller's is in the region more than once, 0 if not. */
int dma_region_check_aliases(const struct dma_region *region)
{
	struct phys_vec *vec;
	unsigned int i;
	int ret = 0;

	if (region->release == free_memory)
		return 0;
	vec = kvmalloc_objs(*vec, region->nr);
	if (!vec)
		return -ENOMEM;
	memcpy(vec, region->vec, array_size(region->nr, sizeof(*vec)));
	sort(vec, region->nr, sizeof(*vec), by_address, NULL);
	for (i = 1; i < region->nr && !ret; i++)
		if (vec[i].paddr - vec[i - 1].paddr < vec[i - 1].len)
			ret = -EBUSY;
	kvfree(vec);
	return ret;
}

static vm_fault_t region_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct dma_region *region = vma->vm_private_data;
	pgprot_t prot = vma->vm_page_prot;
	pgoff_t first = 0, pgoff;
	unsigned long pfn, nr;
	unsigned int i;
	vm_fault_t ret;

	/* mprotect() may have made it private. */
	if (region->attrs & DMA_ATTR_CC_SHARED)
		prot = pgprot_decrypted(prot);
	guard(mutex)(&region->lock);
	for (i = 0; i < region->nr; i++, first += nr) {
		nr = region->vec[i].len >> PAGE_SHIFT;
		if (vmf->pgoff < first + nr)
			break;
	}
	if (i == region->nr)
		return VM_FAULT_SIGBUS;

	pfn = PHYS_PFN(region->vec[i].paddr);
	ret = vmf_insert_pfn_prot(vma, vmf->address, pfn + vmf->pgoff - first,
				  prot);
	/* The rest of the range, as far as it is mapped: it will be needed, too. */
	for (pgoff = max(first, vma->vm_pgoff);
	     !(ret & VM_FAULT_ERROR) && pgoff < first + nr; pgoff++) {
		unsigned long addr = vma->vm_start +
				     ((pgoff - vma->vm_pgoff) << PAGE_SHIFT);

		if (addr >= vma->vm_end)
			break;
		if (pgoff != vmf->pgoff &&
		    vmf_insert_pfn_prot(vma, addr, pfn + pgoff - first, prot) &
		    VM_FAULT_ERROR)
			break;
	}
	return ret;
}

static const struct vm_operations_struct region_vm_ops = {
	.fault = region_fault,
};

/**
 * dma_region_mmap - map a region for user space
 * @region: the region; it must exist as long as the file of @vma
 * @vma: the mapping, shared; of one file for all mappings of a region
 *
 * The mapping is cached, as that of the kernel is.
 *
 * Context: Process, in ->mmap().
 * Return: 0, -EINVAL for a private mapping.
 */
int dma_region_mmap(struct dma_region *region, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &region_vm_ops;
	vma->vm_private_data = region;
	scoped_guard(mutex, &region->lock)
		region->mapping = vma->vm_file->f_mapping;
	return 0;
}
EXPORT_SYMBOL_GPL(dma_region_mmap);

static void *map_pages(const struct dma_region *region)
{
	pgprot_t prot = PAGE_KERNEL;
	unsigned int i, n = 0;
	struct page **pages;
	phys_addr_t phys;
	void *vaddr;

	pages = kvmalloc_objs(*pages, region->size >> PAGE_SHIFT);
	if (!pages)
		return NULL;
	for (i = 0; i < region->nr; i++)
		for (phys = region->vec[i].paddr;
		     phys < region->vec[i].paddr + region->vec[i].len;
		     phys += PAGE_SIZE)
			pages[n++] = phys_to_page(phys);
	if (region->attrs & DMA_ATTR_CC_SHARED)
		prot = pgprot_decrypted(prot);
	vaddr = vmap(pages, n, VM_MAP, prot);
	kvfree(pages);
	return vaddr;
}

/**
 * dma_region_vmap - map a region for the kernel
 * @region: the region
 * @map: the address, if it was mapped
 *
 * The memory is touched between dma_region_begin_cpu_access() and
 * dma_region_end_cpu_access(), as by user space.  It does not move while it is mapped.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, or -EOVERFLOW if it is mapped %UINT_MAX times.
 */
int dma_region_vmap(struct dma_region *region, struct iosys_map *map)
{
	guard(mutex)(&region->lock);
	if (region->vmaps == UINT_MAX)
		return -EOVERFLOW;
	if (!region->vmaps) {
		region->vaddr = map_pages(region);
		if (!region->vaddr)
			return -ENOMEM;
	}
	region->vmaps++;
	iosys_map_set_vaddr(map, region->vaddr);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_region_vmap);

/**
 * dma_region_vunmap - undo dma_region_vmap()
 * @region: the region
 * @map: what dma_region_vmap() has set; it is cleared
 *
 * Context: May sleep.
 */
void dma_region_vunmap(struct dma_region *region, struct iosys_map *map)
{
	guard(mutex)(&region->lock);
	if (WARN_ON(!region->vmaps))
		return;
	if (!--region->vmaps) {
		vunmap(region->vaddr);
		region->vaddr = NULL;
	}
	iosys_map_clear(map);
}
EXPORT_SYMBOL_GPL(dma_region_vunmap);
