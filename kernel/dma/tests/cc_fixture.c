// SPDX-License-Identifier: GPL-2.0
/* What the suites of the made-up confidential guest have in common. */
#include <kunit/device.h>
#include <linux/cc_platform.h>
#include <linux/dma-kunit.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "cc_fixture.h"

static void free_buf(void *buf)
{
	free_pages_exact(buf, BUF_SIZE);
}

static struct device *new_device(struct kunit *test, const char *name, u64 *mask)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	dev->dma_mask = mask;
	dev_assign_dma_coherent(dev, true);
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	return dev;
}

int cc_test_init(struct kunit *test)
{
	struct cc_test *ct;

	dma_kunit_watch(test);
	KUNIT_ASSERT_TRUE(test, cc_platform_has(CC_ATTR_MEM_ENCRYPT));
	ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ct);
	test->priv = ct;
	ct->buf = alloc_pages_exact(BUF_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, ct->buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_buf, ct->buf));
	ct->needy = new_device(test, "cc-needy", &ct->needy_mask);
	ct->plain = new_device(test, "cc-plain", &ct->plain_mask);
	ct->unknown = cc_count(CC_UNKNOWN);
	cc_reset();
	cc_need_shared(ct->needy);
	return 0;
}

static void end_device(struct device *dev)
{
	if (IS_ERR_OR_NULL(dev))
		return;
	dev->dma_mask = NULL;
	dev->dma_range_map = NULL;
}

void cc_test_exit(struct kunit *test)
{
	struct cc_test *ct = test->priv;
	int i;

	if (!ct)
		return;
	end_device(ct->needy);
	end_device(ct->plain);
	for (i = 0; i < NR_CC_MISTAKES; i++)
		KUNIT_EXPECT_EQ_MSG(test, 0, cc_mistakes(i),
				    "mistake %d, see the kernel's log", i);
	cc_reset();
}

long cc_unknown(struct kunit *test)
{
	struct cc_test *ct = test->priv;

	return cc_count(CC_UNKNOWN) - ct->unknown;
}

void *cc_linear(void *vaddr)
{
	return is_vmalloc_addr(vaddr) ?
	       page_address(vmalloc_to_page(vaddr)) + offset_in_page(vaddr) :
	       vaddr;
}

void cc_expect_mapping(struct kunit *test, void *vaddr, size_t size,
		       bool shared)
{
	size_t off;

	for (off = 0; is_vmalloc_addr(vaddr) && off < size; off += PAGE_SIZE)
		KUNIT_EXPECT_EQ_MSG(test, shared,
				    !!(pte_val(*virt_to_kpte((unsigned long)vaddr +
							     off)) &
				       _PAGE_CC_SHARED), "page %zu",
				    off / PAGE_SIZE);
}

void cc_expect_reached(struct kunit *test, struct device *dev, void *vaddr,
		       dma_addr_t addr, size_t size, bool shared)
{
	KUNIT_EXPECT_EQ(test, shared, !!(addr & CC_DMA_SHARED));
	KUNIT_EXPECT_TRUE(test, cc_is(cc_linear(vaddr), size,
				      shared ? CC_SHARED : CC_PRIVATE));
	KUNIT_EXPECT_PTR_EQ(test, cc_linear(vaddr), cc_reach(dev, addr, size));
	cc_expect_mapping(test, vaddr, size, shared);
}

void cc_expect_new(struct kunit *test, struct device *dev, void *vaddr,
		   dma_addr_t addr, size_t size, bool shared)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, size));
	cc_expect_reached(test, dev, vaddr, addr, size, shared);
}
