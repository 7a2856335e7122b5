// SPDX-License-Identifier: GPL-2.0
/*
 * A device on model hardware, as the test plays it.
 *
 * An access of the device goes through the parts that the model has:
 *
 *   DMA address
 *	-> IOMMU ->			bus address
 *	-> bounce window or range ->	physical address
 *	-> interconnect ->		memory as the CPU sees it; or its shadow,
 *					behind a cache that the device does not snoop;
 *					or coherent memory of a CPU that is weakly
 *					ordered
 *
 * The physical address must belong to a mapping of the driver.  Without an IOMMU
 * real hardware could access any memory.  The model records a fault instead, so
 * that a mistake of a driver or a test cannot harm the rest of the kernel.  The
 * direction of a mapping is checked by the IOMMU alone.
 *
 * A posted write is translated when it is issued, and accesses memory when it
 * lands.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/moduleparam.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "model.h"
#include <linux/iommu-dma.h>	/* needs what model.h includes */

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dma_model."

#define PATHS	4	/* through the interconnect */
#define LINE	64	/* bytes in a row that take the same path */

static ulong default_seed = 1;
module_param_named(seed, default_seed, ulong, 0644);
MODULE_PARM_DESC(seed, "Seed of models whose parameters have none");

void model_fault(struct dma_model *m, enum dma_model_fault_reason reason,
		 bool write, u64 addr, size_t len)
{
	lockdep_assert_held(&m->lock);
	m->faults[m->nr_faults++ % MODEL_FAULTS] = (struct dma_model_fault) {
		.reason = reason,
		.write = write,
		.addr = addr,
		.len = len,
	};
	if (m->nr_faults - m->next_fault > MODEL_FAULTS)
		m->next_fault = m->nr_faults - MODEL_FAULTS;
}

static phys_addr_t bus_to_phys(struct dma_model *m, dma_addr_t bus)
{
	phys_addr_t phys = model_range_to_phys(m->window, bus);

	return phys != MODEL_NOWHERE ? phys :
			model_range_to_phys(m->params.ranges, bus);
}

/* MAP_* of all mappings that contain [@phys, @phys + @len); -ENOENT if none does. */
static int covered(struct dma_model *m, phys_addr_t phys, size_t len)
{
	struct model_map *map;
	int flags = -ENOENT;

	lockdep_assert_held(&m->lock);
	list_for_each_entry(map, &m->maps, list)
		if (phys >= map->phys && phys - map->phys < map->size &&
		    len <= map->size - (phys - map->phys))
			flags = (flags < 0 ? 0 : flags) | map->flags;
	return flags;
}

/*
 * Translate an access within one page to *@phys.  MAP_* of the mapping there,
 * -EFAULT, or -ENOENT if the access is lost and the device does not notice.
 */
static int locate(struct dma_model *m, dma_addr_t addr, size_t len, bool write,
		  phys_addr_t *phys)
{
	enum dma_model_fault_reason reason = DMA_MODEL_OK;
	dma_addr_t bus = addr;
	int flags = -ENOENT;
	unsigned long irq;

	spin_lock_irqsave(&m->lock, irq);
	if (READ_ONCE(m->no_master))
		reason = DMA_MODEL_NO_MASTER;
	else if (m->iommu)
		reason = model_iommu_access(m->iommu, addr, write, &bus);
	if (reason == DMA_MODEL_OK || reason == DMA_MODEL_STALE) {
		*phys = bus_to_phys(m, bus);
		flags = covered(m, *phys, len);
		if (flags < 0 && reason == DMA_MODEL_OK)
			reason = DMA_MODEL_UNMAPPED;
	}
	if (reason != DMA_MODEL_OK)
		model_fault(m, reason, write, addr, len);
	spin_unlock_irqrestore(&m->lock, irq);
	return reason == DMA_MODEL_OK || reason == DMA_MODEL_STALE ? flags :
								     -EFAULT;
}

static void land(void *ctx, phys_addr_t phys, const void *buf, size_t len)
{
	struct dma_model *m = ctx;
	unsigned long irq;
	int flags;

	spin_lock_irqsave(&m->lock, irq);
	flags = covered(m, phys, len);
	if (flags < 0)
		model_fault(m, DMA_MODEL_LATE, true, phys, len);
	else if (flags & MAP_CACHED)
		model_cache_write(phys, buf, len, m->params.line);
	else if (flags & MAP_WEAK)
		model_weak_write(phys, buf, len);
	else
		model_ram_write(phys, buf, len);
	spin_unlock_irqrestore(&m->lock, irq);
}

static void fetch(struct dma_model *m, phys_addr_t phys, void *buf, size_t len)
{
	unsigned long irq;
	int flags;

	spin_lock_irqsave(&m->lock, irq);
	flags = covered(m, phys, len);
	/* The buffer may have been unmapped since the address was translated. */
	if (flags < 0)
		memset(buf, 0xff, len);
	else if (flags & MAP_CACHED)
		model_cache_read(phys, buf, len);
	else if (flags & MAP_WEAK)
		model_weak_read(phys, buf, len);
	else
		model_ram_read(phys, buf, len);
	spin_unlock_irqrestore(&m->lock, irq);
}

/**
 * dma_model_write - let the device write to memory
 * @dev: device on a model
 * @addr: DMA address
 * @buf: bytes to write
 * @len: number of bytes
 *
 * The write is posted: with %DMA_MODEL_REORDER it may not have reached memory when
 * the function returns.  See dma_model_step() and dma_model_drain().
 *
 * Context: Any but NMI.
 * Return:
 * * 0: the write was issued
 * * -EFAULT: fault; it is recorded, and the pages before it were written
 * * -ENXIO: @addr is mapped with %DMA_ATTR_MMIO; the registers of other devices
 *   are not modelled
 * * -ENODEV: @dev is not on a model
 */
int dma_model_write(struct device *dev, dma_addr_t addr, const void *buf,
		    size_t len)
{
	struct dma_model *m = model_of(dev);
	size_t n;

	if (!m)
		return -ENODEV;
	for (; len; addr += n, buf += n, len -= n) {
		phys_addr_t phys, pos, end;
		int flags;

		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
		flags = locate(m, addr, n, true, &phys);
		if (flags == -EFAULT)
			return -EFAULT;
		if (flags == -ENOENT)
			continue;
		if (flags & MAP_MMIO)
			return -ENXIO;
		if (!m->fabric) {
			land(m, phys, buf, n);
			continue;
		}
		for (pos = phys; pos < phys + n; pos = end) {
			end = min(phys + n, round_down(pos, LINE) + LINE);
			model_fabric_write(m->fabric, pos / LINE % PATHS, pos,
					   buf + (pos - phys), end - pos,
					   flags & MAP_BARRIER);
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dma_model_write);

/**
 * dma_model_read - let the device read memory
 * @dev: device on a model
 * @addr: DMA address
 * @buf: buffer for the bytes read
 * @len: number of bytes
 *
 * The read returns what earlier writes of the device have written there.
 *
 * Context: Any but NMI.
 * Return:
 * * 0: @buf is filled
 * * -EFAULT: fault; it is recorded, and the pages before it were read
 * * -ENXIO: @addr is mapped with %DMA_ATTR_MMIO
 * * -ENODEV: @dev is not on a model
 */
int dma_model_read(struct device *dev, dma_addr_t addr, void *buf, size_t len)
{
	struct dma_model *m = model_of(dev);
	size_t n;

	if (!m)
		return -ENODEV;
	for (; len; addr += n, buf += n, len -= n) {
		phys_addr_t phys, pos;
		int flags;

		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
		flags = locate(m, addr, n, false, &phys);
		if (flags == -EFAULT)
			return -EFAULT;
		if (flags == -ENOENT) {
			memset(buf, 0xff, n);
			continue;
		}
		if (flags & MAP_MMIO)
			return -ENXIO;
		for (pos = round_down(phys, LINE);
		     m->fabric && pos < phys + n; pos += LINE)
			model_fabric_drain_path(m->fabric, pos / LINE % PATHS);
		fetch(m, phys, buf, n);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dma_model_read);

/**
 * dma_model_walk - translate a DMA address
 * @dev: device on a model
 * @addr: DMA address
 *
 * Looks the address up in the tables of the model.  It is not an access of the
 * device: permissions and cached translations do not count, and no fault is
 * recorded.
 *
 * Context: Any but NMI.
 * Return: the physical address that the device accesses, which is in a bounce slot
 *	if the buffer bounces; %PHYS_ADDR_MAX if nothing is mapped at @addr or @dev
 *	is not on a model.
 */
phys_addr_t dma_model_walk(struct device *dev, dma_addr_t addr)
{
	struct dma_model *m = model_of(dev);
	phys_addr_t phys = MODEL_NOWHERE;
	dma_addr_t bus = addr;
	unsigned long irq;

	if (!m)
		return MODEL_NOWHERE;
	spin_lock_irqsave(&m->lock, irq);
	if (!m->iommu || model_iommu_walk(m->iommu, addr, &bus))
		phys = bus_to_phys(m, bus);
	if (covered(m, phys, 1) < 0)
		phys = MODEL_NOWHERE;
	spin_unlock_irqrestore(&m->lock, irq);
	return phys;
}
EXPORT_SYMBOL_GPL(dma_model_walk);

/* Let the CPU's cache fetch a part of a random mapping again. */
static void disturb(struct dma_model *m)
{
	struct model_map *map;
	unsigned long irq;
	unsigned int nr;

	spin_lock_irqsave(&m->lock, irq);
	nr = m->nr_maps ? prandom_u32_state(&m->rnd) % m->nr_maps : 0;
	list_for_each_entry(map, &m->maps, list) {
		if (nr--)
			continue;
		if (map->flags & MAP_CACHED)
			model_cache_disturb(map->phys, map->size, &m->rnd);
		break;
	}
	spin_unlock_irqrestore(&m->lock, irq);
}

/* Models of a weakly ordered CPU.  Their devices may act whenever it has a barrier. */
static LIST_HEAD(players);
static DEFINE_SPINLOCK(players_lock);	/* IRQs off */
static struct task_struct *playing;	/* who runs a device, under the lock */

static void player_add(struct dma_model *m)
{
	guard(spinlock_irqsave)(&players_lock);
	list_add(&m->player, &players);
}

static void player_remove(struct dma_model *m)
{
	guard(spinlock_irqsave)(&players_lock);
	list_del_init(&m->player);
}

/* Run the device of @m, or all of them. */
static void play(struct dma_model *m)
{
	struct dma_model *each;

	if (READ_ONCE(playing) == current)
		return;
	guard(spinlock_irqsave)(&players_lock);
	WRITE_ONCE(playing, current);
	list_for_each_entry(each, &players, player)
		if (each->params.run && (!m || m == each))
			each->params.run(each->dev, each->params.priv);
	WRITE_ONCE(playing, NULL);
}

/**
 * dma_model_barrier - a driver executes a barrier
 * @loads: loads before it are done before loads after it
 * @stores: stores before it are seen before stores after it
 *
 * The barriers of a file that is compiled with -include linux/dma-model-barrier.h
 * call it.  The devices of all models see some of the stores that a barrier orders,
 * then all of them.  The CPU sees all that they have written, then they may go on.
 *
 * Context: Any but NMI.
 */
void dma_model_barrier(bool loads, bool stores)
{
	if (list_empty(&players) || READ_ONCE(playing) == current)
		return;
	if (stores)
		play(NULL);
	model_weak_barrier((loads ? MODEL_LOADS : 0) |
			   (stores ? MODEL_STORES : 0));
	play(NULL);
}
EXPORT_SYMBOL_GPL(dma_model_barrier);

static void settle(struct dma_model *m)
{
	struct model_map *map;

	guard(spinlock_irqsave)(&m->lock);
	list_for_each_entry(map, &m->maps, list)
		if (map->flags & MAP_WEAK)
			model_weak_step(map->phys);
}

/**
 * dma_model_step - let time pass
 * @dev: device; nothing happens if it is not on a model
 *
 * Makes something happen that happens at random moments: the device goes on, a
 * posted write reaches memory, the CPU's cache drops some bytes and fetches them
 * again, stores of the CPU are seen.  A test calls it in the loop that polls for a
 * completion.
 *
 * Context: Any but NMI.
 */
void dma_model_step(struct device *dev)
{
	struct dma_model *m = model_of(dev);

	if (!m)
		return;
	if (m->params.features & DMA_MODEL_WEAK_CPU) {
		play(m);
		settle(m);
	}
	if (m->params.features & DMA_MODEL_CACHE)
		disturb(m);
	if (m->fabric)
		model_fabric_step(m->fabric);
}
EXPORT_SYMBOL_GPL(dma_model_step);

/**
 * dma_model_drain - let all posted writes of a device reach memory
 * @dev: device; nothing happens if it is not on a model
 *
 * A test calls it where the driver would read a register of the device: on PCI the
 * answer to such a read pushes the device's earlier writes ahead of it.
 *
 * Context: Any but NMI.
 */
void dma_model_drain(struct device *dev)
{
	struct dma_model *m = model_of(dev);

	if (m && m->fabric)
		model_fabric_drain(m->fabric);
}
EXPORT_SYMBOL_GPL(dma_model_drain);

/**
 * dma_model_flush_iotlb - invalidate all cached translations
 * @dev: device; nothing happens if it is not on a model
 *
 * Does the invalidation that %DMA_MODEL_LAZY defers.
 *
 * Context: Any but NMI.
 */
void dma_model_flush_iotlb(struct device *dev)
{
	struct dma_model *m = model_of(dev);
	unsigned long irq;

	if (!m || !m->iommu)
		return;
	spin_lock_irqsave(&m->lock, irq);
	model_iommu_flush(m->iommu);
	spin_unlock_irqrestore(&m->lock, irq);
}
EXPORT_SYMBOL_GPL(dma_model_flush_iotlb);

/**
 * dma_model_fail - make a mapping or an allocation fail
 * @dev: device; nothing happens if it is not on a model
 * @n: number of the step that fails, counted from 1 for the next one; 0 for none.
 *	A mapping takes one to four steps: memory for its record, a bounce slot, a
 *	shadow page behind the cache, an I/O address.  With %DMA_MODEL_WEAK_CPU, an
 *	allocation takes one more.
 *
 * Context: Any but NMI.
 */
void dma_model_fail(struct device *dev, int n)
{
	struct dma_model *m = model_of(dev);
	unsigned long irq;

	if (!m)
		return;
	spin_lock_irqsave(&m->lock, irq);
	m->fail = n;
	spin_unlock_irqrestore(&m->lock, irq);
}
EXPORT_SYMBOL_GPL(dma_model_fail);

/**
 * dma_model_next_fault - read a recorded fault
 * @dev: device on a model
 * @fault: set to the oldest fault that was not read.  The model keeps the latest
 *	64 faults.
 *
 * Context: Any but NMI.
 * Return: true if there was a fault to read.
 */
bool dma_model_next_fault(struct device *dev, struct dma_model_fault *fault)
{
	struct dma_model *m = model_of(dev);
	unsigned long irq;
	bool found;

	if (!m)
		return false;
	spin_lock_irqsave(&m->lock, irq);
	found = m->next_fault != m->nr_faults;
	if (found)
		*fault = m->faults[m->next_fault++ % MODEL_FAULTS];
	spin_unlock_irqrestore(&m->lock, irq);
	return found;
}
EXPORT_SYMBOL_GPL(dma_model_next_fault);

/**
 * dma_model_get_stats - count the resources in use on a model
 * @dev: device on a model
 * @stats: filled; with zeros if @dev is not on a model
 *
 * Context: Any but NMI.
 */
void dma_model_get_stats(struct device *dev, struct dma_model_stats *stats)
{
	struct dma_model *m = model_of(dev);
	unsigned long irq;

	memset(stats, 0, sizeof(*stats));
	if (!m)
		return;
	if (m->fabric)
		stats->in_flight = model_fabric_in_flight(m->fabric);
	spin_lock_irqsave(&m->lock, irq);
	stats->maps = m->nr_maps;
	stats->faults = m->nr_faults;
	if (m->bounce)
		stats->slots = model_bounce_used(m->bounce);
	if (m->iommu)
		model_iommu_count(m->iommu, stats);
	spin_unlock_irqrestore(&m->lock, irq);
}
EXPORT_SYMBOL_GPL(dma_model_get_stats);

static bool valid(const struct dma_model_params *p)
{
	return model_features_valid(p->features) &&
	       (!p->word || p->word == 4 || p->word == 8) &&
	       (!p->run || p->features & DMA_MODEL_WEAK_CPU) &&
	       PAGE_ALIGNED(p->iommu_base) && !(p->slots % 2) &&
	       (!p->line || (is_power_of_2(p->line) && p->line <= PAGE_SIZE));
}

static void model_free(struct dma_model *m)
{
	model_fabric_destroy(m->fabric);
	model_iommu_destroy(m->iommu);
	model_bounce_destroy(m->bounce);
	kfree(m);
}

static struct dma_model *model_create(const struct dma_model_params *params)
{
	struct dma_model *m = kmemdup(&model_blank, sizeof(*m), GFP_KERNEL);
	unsigned int f = params->features;
	struct dma_model_params *p;

	if (!m)
		return NULL;
	p = &m->params;
	*p = *params;
	p->seed = p->seed ?: default_seed;
	p->iommu_pages = p->iommu_pages ?: 256;
	p->iommu_base = p->iommu_base ?: SZ_1M;
	p->slots = p->slots ?: 64;
	p->line = p->line ?: 1;
	p->word = p->word ?: 4;
	spin_lock_init(&m->lock);
	prandom_seed_state(&m->rnd, p->seed);
	INIT_LIST_HEAD(&m->maps);
	INIT_LIST_HEAD(&m->player);

	m->ranges[0].size = (phys_addr_t)-1;
	if (f & DMA_MODEL_OFFSET)
		model_range_swap_halves(m->ranges);
	if (!(f & DMA_MODEL_OFFSET) || !p->ranges)
		p->ranges = m->ranges;
	if (f & DMA_MODEL_REORDER)
		m->fabric = model_fabric_create(p->seed, PATHS, land, m);
	if (f & DMA_MODEL_IOMMU)
		m->iommu = model_iommu_create(p->iommu_base, p->iommu_pages,
					      f & DMA_MODEL_LAZY);
	if (f & DMA_MODEL_BOUNCE)
		m->bounce = model_bounce_create(p->slots);
	if ((f & DMA_MODEL_REORDER && !m->fabric) ||
	    (f & DMA_MODEL_IOMMU && !m->iommu) ||
	    (f & DMA_MODEL_BOUNCE && !m->bounce)) {
		model_free(m);
		return NULL;
	}
	if (m->bounce)
		m->window[0] = model_bounce_window(m->bounce);
	return m;
}

/**
 * dma_model_attach - put a device on a model
 * @dev: device of a test, without DMA mappings.  If it has no DMA mask or no
 *	dma_parms, it gets a mask of 32 bits or the model's dma_parms.
 * @params: parameters of the model; copied
 *
 * From now on the DMA API calls for @dev go to the model.
 *
 * Context: Process; may sleep.
 * Return:
 * * 0: success
 * * -EINVAL: a feature that needs another one which is missing, an unknown
 *   feature, an unaligned iommu_base, an odd number of slots, or a line that is
 *   not a power of two or longer than a page, a word that is not 4 or 8 bytes
 *   long, or run without %DMA_MODEL_WEAK_CPU
 * * -EBUSY: @dev is on a model already, or it would not use dma_map_ops: dma-iommu
 *   maps for it, or it bypasses its dma_map_ops
 * * -ENOMEM: out of memory
 */
int dma_model_attach(struct device *dev, const struct dma_model_params *params)
{
	struct dma_model *m;

	if (!valid(params))
		return -EINVAL;
	if (model_of(dev) || use_dma_iommu(dev) || dev_dma_ops_bypass(dev))
		return -EBUSY;
	m = model_create(params);
	if (!m)
		return -ENOMEM;

	m->dev = dev;
	m->old_ops = dev->dma_ops;
	m->old_mask = dev->dma_mask;
	m->old_limits = dev->dma_parms;
	m->old_coherent = dev_dma_coherent(dev);
	if (!dev->dma_mask) {
		dev->coherent_dma_mask = DMA_BIT_MASK(32);
		dev->dma_mask = &dev->coherent_dma_mask;
	}
	if (!dev->dma_parms)
		dev->dma_parms = &m->limits;
	/*
	 * To the rest of the kernel a model is coherent, whatever its features: the
	 * CPU's real cache has no part in it.  dma_pgprot() would map uncached what
	 * the device, played by the CPU, accesses through the cache.
	 */
	dev_set_dma_coherent(dev);
	set_dma_ops(dev, &m->ops);
	dma_reset_need_sync(dev);
	if (m->params.features & DMA_MODEL_WEAK_CPU)
		player_add(m);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_model_attach);

/**
 * dma_model_detach - take a device off its model
 * @dev: device on a model; no other function is called for it any more
 *
 * Prints, unmaps and frees the mappings and allocations that the driver has
 * leaked.  The buffer of a leaked mapping may have been freed: it is not synced,
 * and posted writes to it are dropped.
 *
 * Context: Process.
 * Return: the number of leaked mappings and allocations; -ENODEV if @dev is not on
 *	a model
 */
int dma_model_detach(struct device *dev)
{
	struct dma_model *m = model_of(dev);
	struct model_map *map, *next;
	int left = 0;

	if (!m)
		return -ENODEV;
	player_remove(m);
	list_for_each_entry_safe(map, next, &m->maps, list) {
		dev_err(dev, "leaked %s at %pad, %zu bytes, direction %d\n",
			map->flags & (MAP_ALLOC | MAP_PAGES) ? "allocation" :
							       "mapping",
			&map->dma, map->size, map->dir);
		model_unmap_leaked(m, map);
		left++;
	}
	set_dma_ops(dev, m->old_ops);
	dev->dma_mask = m->old_mask;
	dev->dma_parms = m->old_limits;
	dev_assign_dma_coherent(dev, m->old_coherent);
	/* Lands all posted writes.  Nothing is mapped, so they access no memory. */
	model_free(m);
	return left;
}
EXPORT_SYMBOL_GPL(dma_model_detach);

void model_detach_action(void *dev)
{
	struct kunit *test = kunit_get_current_test();
	struct dma_model *m = model_of(dev);
	u64 seed;
	int left;

	if (!m)
		return;
	seed = m->params.seed;
	left = dma_model_detach(dev);
	if (left)
		KUNIT_FAIL(test, "%d mapping(s) leaked", left);
	if (test->status == KUNIT_FAILURE)
		kunit_info(test, "dma_model.seed=%llu\n", seed);
}

/**
 * kunit_dma_model_attach - put a device on a model until the end of a test
 * @test: the test
 * @dev: as for dma_model_attach()
 * @params: as for dma_model_attach()
 *
 * @test fails if its driver leaks a mapping or an allocation.  If @test fails for
 * any reason, the model's seed is printed.
 *
 * Context: Process, in @test; may sleep.
 * Return: as dma_model_attach()
 */
int kunit_dma_model_attach(struct kunit *test, struct device *dev,
			   const struct dma_model_params *params)
{
	int ret = dma_model_attach(dev, params);

	return ret ?: kunit_add_action_or_reset(test, model_detach_action, dev);
}
EXPORT_SYMBOL_GPL(kunit_dma_model_attach);
