// SPDX-License-Identifier: GPL-2.0
/*
 * A bus master: a device that really copies memory, behind whatever the machine has
 * between it and memory.
 *
 * The other descriptors name one way to memory, and the suite walks its tables.  This
 * one takes the first bus master of the machine, finds out what is between it and
 * memory, and claims what the DMA API must do there.  Each access is a copy between
 * the buffer of the test and coherent memory, by the bus master.  It is subject to
 * caches, permissions and cached translations, which a walk is not.
 *
 * A bus master of a dma_map_ops backend, or one that is slow, plays the random
 * sequences and the promises of permissions only: the first one because its backend has
 * a descriptor of its own.
 *
 * The device belongs to another driver.  Its masks and limits are put back after each
 * case.  No case lets the device copy while its mask is wider than the one its driver set.
 *
 * A device that does not end a copy may write at any time.  It is not used any more, and
 * the memory that it may write is never freed.
 */
#include <kunit/test-bug.h>
#include <linux/device/driver.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/iommu-dma.h>	/* needs what scatterlist.h includes */
#include "../iommus.h"
#include "conformance.h"

#define MAX_MASTERS	8

/* The last one is NULL. */
static const struct dma_conformance_master *masters[MAX_MASTERS + 1];

/* The one that is used, while a suite runs. */
static const struct dma_conformance_master *master;
static bool stuck;		/* it has not ended a copy, in this or an earlier suite */

/* State of the case that runs. */
static DEFINE_MUTEX(lock);	/* protects scratch[] and the bus master */
static u8 *scratch;		/* master->max bytes */
static dma_addr_t scratch_addr;
static u64 *own_mask;		/* what the device had before the case */
static u64 own_coherent_mask;
static struct device_dma_parameters *own_limits;

void dma_conformance_add_master(const struct dma_conformance_master *new)
{
	int i;

	for (i = 0; masters[i]; i++)
		;
	if (!WARN_ON(i == MAX_MASTERS))
		masters[i] = new;
}

static const char *no_master(void)
{
	if (!master && IS_ENABLED(CONFIG_UML))
		return "expected skip: um has no device that copies memory";
	return master ? NULL :
		"no device that copies memory: edu, lsi53c895a, or an unused DMA engine";
}

/* Whatever the descriptor claims: it may be one that lies. */
static bool is_translated(struct conf *conf)
{
	return use_dma_iommu(conf->dev);
}

static phys_addr_t real_walk(struct conf *conf, dma_addr_t addr)
{
	if (is_translated(conf))
		return conf_io_page_table(conf, addr);
	/* Only the architecture knows. */
	if (IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA))
		return dma_to_phys(conf->dev, addr);
	return conf_through_ranges(conf, addr);
}

/*
 * An access to an address that is not mapped stops some devices for good.  So look at
 * the table first: the device is not asked for what the IOMMU must refuse.
 */
static bool is_mapped(struct conf *conf, dma_addr_t addr, size_t len)
{
	size_t off = addr & (SZ_4K - 1), pages = DIV_ROUND_UP(off + len, SZ_4K);

	if (!is_translated(conf))
		return true;
	for (addr -= off; pages--; addr += SZ_4K)
		if (conf_io_page_table(conf, addr) == CONF_NOWHERE)
			return false;
	return true;
}

static void give_up(struct device *dev)
{
	stuck = true;
	if (dev_is_pci(dev))
		pci_clear_master(to_pci_dev(dev));
}

static int real_access(struct conf *conf, dma_addr_t addr, u8 *buf, size_t len,
		       bool write)
{
	size_t n;
	int ret;

	guard(mutex)(&lock);
	for (; len; len -= n, addr += n, buf += n) {
		n = min(len, master->max);
		if (stuck || !is_mapped(conf, addr, n))
			return -EFAULT;
		if (write) {
			memcpy(scratch, buf, n);
			ret = master->copy(addr, scratch_addr, n);
		} else {
			memset(scratch, 0, n);
			ret = master->copy(scratch_addr, addr, n);
			memcpy(buf, scratch, n);
		}
		if (ret == -ETIMEDOUT)
			give_up(conf->dev);
		if (ret)
			return -EFAULT;
	}
	return 0;
}

static int real_read(struct conf *conf, dma_addr_t addr, void *buf, size_t len)
{
	return real_access(conf, addr, buf, len, false);
}

static int real_write(struct conf *conf, dma_addr_t addr, const void *buf,
		      size_t len)
{
	return real_access(conf, addr, (u8 *)buf, len, true);
}

/* Most cases let the device write to the buffer; another reference keeps its pages. */
static void keep_memory(struct conf *conf)
{
	size_t off;

	KUNIT_FAIL(kunit_get_current_test(), "%s has not ended a copy", master->name);
	for (off = 0; off < CONF_BUF_SIZE; off += PAGE_SIZE)
		get_page(virt_to_page(conf->buf + off));
}

static void real_teardown(struct conf *conf)
{
	if (stuck)
		keep_memory(conf);
	else
		dma_free_coherent(conf->dev, master->max, scratch, scratch_addr);
	conf->dev->dma_mask = own_mask;
	conf->dev->coherent_dma_mask = own_coherent_mask;
	conf->dev->dma_parms = own_limits;
}

static int real_setup(struct kunit *test, struct conf *conf)
{
	struct device *dev = master->dev();

	if (stuck)
		kunit_skip(test, "%s has not ended a copy: boot again", master->name);
	conf->dev = dev;
	own_mask = dev->dma_mask;
	own_coherent_mask = dev->coherent_dma_mask;
	own_limits = dev->dma_parms;
	conf->mask = *own_mask;
	dev->dma_mask = &conf->mask;
	dev->dma_parms = &conf->limits;
	conf_reset_limits(conf);
	scratch = dma_alloc_coherent(dev, master->max, &scratch_addr, GFP_KERNEL);
	if (scratch)
		return 0;
	dev->dma_mask = own_mask;
	dev->dma_parms = own_limits;
	return -ENOMEM;
}

static struct dma_conformance_backend real = {
	.name = "bus-master",
	.missing = no_master,
	.setup = real_setup,
	.teardown = real_teardown,
	.walk = real_walk,
	.read = real_read,
	.write = real_write,
};

/* Without an IOMMU.  A resource is within the mask, or it is refused. */
static void claim_direct(struct device *dev)
{
	struct conf conf = { .dev = dev };
	dma_addr_t addr = phys_to_dma(dev, conf_resource(&conf, false));
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);

	if (is_swiotlb_force_bounce(dev)) {
		real.claims |= CONF_BOUNCES;
		real.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT;
		return;
	}
	/* There may be no bus address for it. */
	if (addr != DMA_MAPPING_ERROR && (u64)addr + PAGE_SIZE - 1 <= limit)
		real.claims |= CONF_RESOURCES;
	if (dma_addressing_limited(dev)) {
		real.claims |= CONF_BOUNCES_SOME;
		if (is_swiotlb_active(dev))
			real.max_mapping = IO_TLB_SEGSIZE << IO_TLB_SHIFT;
	} else if (dev_is_dma_coherent(dev)) {
		real.claims |= CONF_TELLS_SYNC;
	}
}

static void claim_iommu(struct device *dev)
{
	const struct test_iommu *iommu = test_iommu_of(dev);

	real.claims |= CONF_TRANSLATES | CONF_RESOURCES | CONF_IOVA |
		       CONF_EXHAUSTS | CONF_DENIES_WRITE;
	real.narrow = 22;
	if (!iommu || !iommu->reads_all)
		real.claims |= CONF_DENIES_READ;
	if (iommu)
		real.fault_text = iommu->fault_text;
}

/* What the table of a dma_map_ops backend denies. */
static unsigned int rights_of_ops(struct device *dev)
{
	/* The mask brings the direct window, in which all memory is. */
	if (IS_ENABLED(CONFIG_PPC64) && !dma_set_mask(dev, DMA_BIT_MASK(64)) &&
	    dev_dma_ops_bypass(dev))
		return 0;
	/* An entry of sun4u has no bit that allows reads; pSeries sets it always. */
	return IS_ENABLED(CONFIG_SPARC64) || IS_ENABLED(CONFIG_PPC64) ?
	       CONF_DENIES_WRITE : 0;
}

static void describe(struct device *dev)
{
	real.name = master->name;
	real.random_only = master->slow || get_dma_ops(dev);
	real.fragile = master->fragile;
	real.claims = 0;
	real.max_mapping = 0;
	real.narrow = 0;
	real.fault_text = NULL;
	if (get_dma_ops(dev)) {
		real.claims = rights_of_ops(dev);
		return;
	}
	real.claims = CONF_PAGES |
		      (dev_is_dma_coherent(dev) ? CONF_COHERENT : CONF_MAINTAINS);
	if (use_dma_iommu(dev) || dev_is_dma_coherent(dev) ||
	    IS_ENABLED(CONFIG_DMA_NONCOHERENT_MMAP))
		real.claims |= CONF_MMAP;
	if (use_dma_iommu(dev))
		claim_iommu(dev);
	else
		claim_direct(dev);
}

int conf_devices_init(struct kunit_suite *suite)
{
	int i, ret;

#if defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS)
	swiotlb_count_slots();
#endif
	/* A driver that the suite does not bring may bind late. */
	wait_for_device_probe();
	for (i = 0; masters[i]; i++) {
		ret = masters[i]->init();
		if (ret)
			goto err_exit;
	}
	/* One that the suite brings may bind late if its IOMMU is late. */
	wait_for_device_probe();
	for (i = 0; masters[i] && !master; i++)
		if (masters[i]->dev())
			master = masters[i];
	if (master)
		describe(master->dev());
	return 0;

err_exit:
	while (i--)
		masters[i]->exit();
	return ret;
}

void conf_devices_exit(struct kunit_suite *suite)
{
	int i;

	master = NULL;
	for (i = 0; masters[i]; i++)
		;
	while (i--)
		masters[i]->exit();
}

const struct dma_conformance_backend *conf_bus_master(void)
{
	return &real;
}

static int __init add_bus_master(void)
{
	dma_conformance_add(&real);
	return 0;
}
conf_initcall(add_bus_master);
