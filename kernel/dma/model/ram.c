// SPDX-License-Identifier: GPL-2.0
/*
 * Access memory as the CPU sees it, by physical address.
 */
#include <linux/highmem.h>
#include "model.h"

void model_ram_read(phys_addr_t phys, void *buf, size_t len)
{
	size_t n;

	for (; len; phys += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(phys));
		memcpy_from_page(buf, pfn_to_page(PHYS_PFN(phys)),
				 offset_in_page(phys), n);
	}
}

void model_ram_write(phys_addr_t phys, const void *buf, size_t len)
{
	size_t n;

	for (; len; phys += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(phys));
		memcpy_to_page(pfn_to_page(PHYS_PFN(phys)),
			       offset_in_page(phys), buf, n);
	}
}

void model_ram_copy(phys_addr_t to, phys_addr_t from, size_t len)
{
	while (len) {
		size_t n = min_t(size_t, len,
				 PAGE_SIZE - offset_in_page(from));
		void *p = kmap_local_page(pfn_to_page(PHYS_PFN(from)));

		model_ram_write(to, p + offset_in_page(from), n);
		kunmap_local(p);
		to += n;
		from += n;
		len -= n;
	}
}
