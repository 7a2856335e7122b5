// SPDX-License-Identifier: GPL-2.0
/*
 * Made-up PCI functions, for drivers of PCI devices that are tested as they are.
 *
 * A host bridge with one bus appears when the first test asks for a function.  A
 * function has
 *
 *  - a configuration space: an array, and a mask of what software can write;
 *  - one memory BAR.  The emulated I/O memory of um calls the test for each access
 *    of the driver;
 *  - an interrupt: MSI, of the MSI domain that um has, or INTx, which is an
 *    interrupt of its own with a level;
 *  - a model, which its DMA goes through.
 *
 * What a driver can forget counts: a BAR does not answer until the function is
 * enabled, DMA faults until it is a bus master, and INTx comes again until the
 * driver has told the device to stop.
 *
 * The order of PCI holds: a read of a register, and an MSI, come after all that the
 * device has written before.  INTx does not.
 *
 * An interrupt is handled at once where the CPU can take one.  Elsewhere it is
 * handled in the next timer interrupt, which no seed repeats.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdesc.h>
#include <linux/log2.h>
#include <linux/logic_iomem.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "model.h"

#define BUS		0x40
#define SLOTS		32
#define CONFIG_SIZE	256
#define MSI_CAP		0x50

/* Bits of the command register that are there. */
#define COMMAND		(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | \
			 PCI_COMMAND_INVALIDATE | PCI_COMMAND_PARITY | \
			 PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)

struct function {
	struct kunit *test;
	struct pci_dev *pdev;		/* NULL once it is unplugged */
	struct dma_model_pci_params params;
	unsigned int slot;
	unsigned int irq;		/* of INTx */
	bool asserted, masked;		/* INTx */
	unsigned int ioremaps;
	struct irq_work work;
	u8 config[CONFIG_SIZE];
	u8 writable[CONFIG_SIZE];
};

static DEFINE_MUTEX(lock);		/* of all here, but for accesses of a driver */
static struct pci_host_bridge *bridge;
static struct function *functions[SLOTS];

static u16 command(struct function *f)
{
	return get_unaligned_le16(f->config + PCI_COMMAND);
}

static bool msi_enabled(struct function *f)
{
	return f->params.msi && f->config[MSI_CAP + PCI_MSI_FLAGS] &
				PCI_MSI_FLAGS_ENABLE;
}

/* Configuration space */

static struct function *find(struct pci_bus *bus, unsigned int devfn)
{
	return PCI_FUNC(devfn) ? NULL : functions[PCI_SLOT(devfn)];
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *val)
{
	struct function *f = find(bus, devfn);

	if (!f)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (where + size > CONFIG_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;
	*val = size == 1 ? f->config[where] :
	       size == 2 ? get_unaligned_le16(f->config + where) :
			   get_unaligned_le32(f->config + where);
	return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 val)
{
	struct function *f = find(bus, devfn);
	struct dma_model *m;
	int i;

	if (!f)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (where + size > CONFIG_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;
	for (i = where; i < where + size; i++, val >>= 8)
		f->config[i] = (f->config[i] & ~f->writable[i]) |
			       (val & f->writable[i]);
	m = f->pdev ? model_of(&f->pdev->dev) : NULL;
	if (m)
		WRITE_ONCE(m->no_master, !(command(f) & PCI_COMMAND_MASTER));
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops config_ops = {
	.read	= config_read,
	.write	= config_write,
};

static void make_config(struct function *f)
{
	const struct dma_model_pci_params *p = &f->params;
	unsigned int bar = PCI_BASE_ADDRESS_0 + 4 * p->bar;
	u8 *c = f->config, *w = f->writable;

	put_unaligned_le16(p->vendor, c + PCI_VENDOR_ID);
	put_unaligned_le16(p->device, c + PCI_DEVICE_ID);
	put_unaligned_le32(p->class << 8, c + PCI_CLASS_REVISION);
	c[PCI_INTERRUPT_PIN] = 1;
	put_unaligned_le16(COMMAND, w + PCI_COMMAND);
	w[PCI_CACHE_LINE_SIZE] = 0xff;
	w[PCI_LATENCY_TIMER] = 0xff;
	w[PCI_INTERRUPT_LINE] = 0xff;
	put_unaligned_le32(~(p->bar_size - 1), w + bar);
	if (!p->msi)
		return;
	c[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	c[PCI_CAPABILITY_LIST] = MSI_CAP;
	c[MSI_CAP] = PCI_CAP_ID_MSI;
	c[MSI_CAP + PCI_MSI_FLAGS] = PCI_MSI_FLAGS_64BIT;
	w[MSI_CAP + PCI_MSI_FLAGS] = PCI_MSI_FLAGS_ENABLE |
				     PCI_MSI_FLAGS_QSIZE;
	put_unaligned_le32(~3, w + MSI_CAP + PCI_MSI_ADDRESS_LO);
	put_unaligned_le32(~0, w + MSI_CAP + PCI_MSI_ADDRESS_HI);
	put_unaligned_le16(~0, w + MSI_CAP + PCI_MSI_DATA_64);
}

/* Registers */

static bool answers(struct function *f, unsigned int offset, int size)
{
	return command(f) & PCI_COMMAND_MEMORY &&
	       offset + size <= f->params.bar_size;
}

static unsigned long bar_read(void *priv, unsigned int offset, int size)
{
	struct function *f = priv;
	unsigned long val;

	if (!answers(f, offset, size))
		return ~0UL;
	val = f->params.read(f->pdev, f->params.dma.priv, offset, size);
	dma_model_drain(&f->pdev->dev);
	return val;
}

static void bar_write(void *priv, unsigned int offset, int size,
		      unsigned long val)
{
	struct function *f = priv;

	if (answers(f, offset, size))
		f->params.write(f->pdev, f->params.dma.priv, offset, size,
				val);
}

static void bar_unmap(void *priv)
{
	struct function *f = priv;

	f->ioremaps--;
}

static const struct logic_iomem_ops bar_ops = {
	.read	= bar_read,
	.write	= bar_write,
	.unmap	= bar_unmap,
};

static struct resource window = {
	.name	= "dma_model",
	.start	= 0xe0000000,
	.end	= 0xe0ffffff,
	.flags	= IORESOURCE_MEM,
};

static long window_map(unsigned long offset, size_t size,
		       const struct logic_iomem_ops **ops, void **priv)
{
	struct resource want = DEFINE_RES_MEM(window.start + offset, size);
	struct resource *bar;
	struct function *f;
	int i;

	for (i = 0; i < SLOTS; i++) {
		f = functions[i];
		if (!f || !f->pdev)
			continue;
		bar = &f->pdev->resource[f->params.bar];
		if (!resource_contains(bar, &want))
			continue;
		f->ioremaps++;
		*ops = &bar_ops;
		*priv = f;
		return want.start - bar->start;
	}
	return -ENOENT;
}

static const struct logic_iomem_region_ops window_ops = {
	.map	= window_map,
};

/* Interrupts */

/* A message is a write of the device. */
static bool may_send(struct function *f)
{
	struct dma_model *m = model_of(&f->pdev->dev);

	if (command(f) & PCI_COMMAND_MASTER)
		return true;
	if (m) {
		guard(spinlock_irqsave)(&m->lock);
		model_fault(m, DMA_MODEL_NO_MASTER, true,
			    get_unaligned_le64(f->config + MSI_CAP +
					       PCI_MSI_ADDRESS_LO), 4);
	}
	return false;
}

static void deliver(struct function *f)
{
	if (msi_enabled(f)) {
		if (!may_send(f))
			return;
		dma_model_drain(&f->pdev->dev);
		model_weak_barrier(MODEL_LOADS);
		generic_handle_irq(get_unaligned_le16(f->config + MSI_CAP +
						      PCI_MSI_DATA_64));
	} else if (READ_ONCE(f->asserted) && !READ_ONCE(f->masked) &&
		   !(command(f) & PCI_COMMAND_INTX_DISABLE)) {
		model_weak_barrier(MODEL_LOADS);
		generic_handle_irq(f->irq);
	}
}

static void deliver_later(struct irq_work *work)
{
	deliver(container_of(work, struct function, work));
}

static void intx_mask(struct irq_data *d)
{
	struct function *f = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(f->masked, true);
}

/* Still asserted: the handler has not stopped the device. */
static void intx_unmask(struct irq_data *d)
{
	struct function *f = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(f->masked, false);
	if (READ_ONCE(f->asserted))
		irq_work_queue(&f->work);
}

static struct irq_chip intx_chip = {
	.name		= "dma_model INTx",
	.irq_mask	= intx_mask,
	.irq_unmask	= intx_unmask,
};

static int map_irq(const struct pci_dev *pdev, u8 slot, u8 pin)
{
	return functions[PCI_SLOT(pdev->devfn)]->irq;
}

/**
 * dma_model_pci_irq - let a made-up PCI function interrupt the CPU
 * @pdev: function of kunit_dma_model_pci_add()
 * @on: with INTx, the level of the line.  With MSI, true sends a message and false
 *	does nothing.
 *
 * The handler of the driver runs before the function returns, if interrupts and
 * softirqs are enabled.  Otherwise it runs in a later timer interrupt.  Then INTx
 * interrupts only if the line is still on, and messages may be merged.
 *
 * An MSI pushes the earlier writes of the device ahead of it.  It is a write itself: if
 * the function is no bus master, there is a fault and no interrupt.
 *
 * Context: Any but NMI.
 */
void dma_model_pci_irq(struct pci_dev *pdev, bool on)
{
	struct function *f = functions[PCI_SLOT(pdev->devfn)];
	unsigned long flags;

	/* It may have been unplugged. */
	if (!f || f->pdev != pdev)
		return;
	WRITE_ONCE(f->asserted, on);
	if (!on)
		return;
	if (irqs_disabled() || in_interrupt()) {
		irq_work_queue(&f->work);
		return;
	}
	local_irq_save(flags);
	irq_enter();
	deliver(f);
	irq_exit();
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(dma_model_pci_irq);

/* Come and go */

static int make_bridge(void)
{
	static struct resource bus = DEFINE_RES(BUS, 1, IORESOURCE_BUS);
	static bool has_window;
	struct pci_host_bridge *b;
	int ret;

	if (bridge)
		return 0;
	/* A region of I/O memory stays for good; so does the bridge. */
	if (!has_window) {
		ret = logic_iomem_add_region(&window, &window_ops);
		if (ret)
			return ret;
		has_window = true;
	}
	b = pci_alloc_host_bridge(0);
	if (!b)
		return -ENOMEM;
	pci_add_resource(&b->windows, &window);
	pci_add_resource(&b->windows, &bus);
	b->ops = &config_ops;
	b->map_irq = map_irq;
	ret = pci_host_probe(b);
	if (ret) {
		pci_free_host_bridge(b);
		return ret;
	}
	/* The PCI core activates each function, which needs an active parent. */
	pm_runtime_get_sync(&b->dev);
	bridge = b;
	return 0;
}

static void function_free(struct function *f)
{
	functions[f->slot] = NULL;
	irq_work_sync(&f->work);
	irq_free_desc(f->irq);
	kfree(f);
}

static struct function *function_create(struct kunit *test,
					const struct dma_model_pci_params *p)
{
	struct function *f;
	int slot, irq;

	for (slot = 0; slot < SLOTS && functions[slot]; slot++)
		;
	if (slot == SLOTS)
		return ERR_PTR(-ENOSPC);
	f = kzalloc_obj(*f);
	if (!f)
		return ERR_PTR(-ENOMEM);
	irq = irq_alloc_desc(NUMA_NO_NODE);
	if (irq < 0) {
		kfree(f);
		return ERR_PTR(irq);
	}
	f->test = test;
	f->params = *p;
	f->slot = slot;
	f->irq = irq;
	f->masked = true;
	init_irq_work(&f->work, deliver_later);
	irq_set_chip_data(irq, f);
	irq_set_chip_and_handler(irq, &intx_chip, handle_level_irq);
	make_config(f);
	functions[slot] = f;
	return f;
}

/* The driver must not find the function before its DMA goes to the model. */
static int function_plug(struct function *f)
{
	struct pci_dev *pdev;
	struct dma_model *m;
	int ret;

	pci_lock_rescan_remove();
	pdev = pci_scan_single_device(bridge->bus, PCI_DEVFN(f->slot, 0));
	if (!pdev) {
		pci_unlock_rescan_remove();
		return -ENOMEM;
	}
	f->pdev = pci_dev_get(pdev);
	pci_bus_assign_resources(bridge->bus);
	ret = pci_resource_start(pdev, f->params.bar) ? 0 : -ENOSPC;
	if (!ret)
		ret = dma_model_attach(&pdev->dev, &f->params.dma);
	if (!ret) {
		m = model_of(&pdev->dev);
		m->no_master = true;
		pci_bus_add_device(pdev);
	} else {
		pci_stop_and_remove_bus_device(pdev);
		pci_dev_put(pdev);
	}
	pci_unlock_rescan_remove();
	return ret;
}

/* What the driver has not given back still leads to @f, which must stay then. */
static bool is_in_use(struct function *f)
{
	bool handled = irq_has_action(f->irq);

	if (f->ioremaps)
		KUNIT_FAIL(f->test, "%u ioremap() of the BAR leaked", f->ioremaps);
	if (handled)
		KUNIT_FAIL(f->test, "request_irq() of INTx leaked");
	return f->ioremaps || handled;
}

static void unplug(void *priv)
{
	struct function *f = priv;

	guard(mutex)(&lock);
	pci_stop_and_remove_bus_device_locked(f->pdev);
	model_detach_action(&f->pdev->dev);
	WRITE_ONCE(f->asserted, false);
	irq_work_sync(&f->work);
	pci_dev_put(f->pdev);
	f->pdev = NULL;
	/* The BAR does not answer any more. */
	put_unaligned_le16(0, f->config + PCI_COMMAND);
	if (is_in_use(f))
		functions[f->slot] = NULL;
	else
		function_free(f);
}

static bool valid(const struct dma_model_pci_params *p)
{
	/* The PCI core gives no address to a function without a class. */
	return p->class >> 8 != PCI_CLASS_NOT_DEFINED &&
	       p->bar < PCI_STD_NUM_BARS && is_power_of_2(p->bar_size) &&
	       p->bar_size >= 16 && p->bar_size <= SZ_1M && p->read && p->write;
}

/**
 * kunit_dma_model_pci_add - plug a made-up PCI function in until the end of a test
 * @test: the test
 * @params: what the function is and does; copied
 *
 * If the kernel has a driver for the function, the driver's probe() has been called
 * when this function returns, and its remove() is called at the end of @test.
 * @test fails if the driver leaves a mapping for DMA or of the BAR, or a handler of INTx.
 *
 * Context: Process, in @test; may sleep.
 * Return: the function; the test looks at its dev.driver to see whether probe() has
 *	succeeded.  It is an error pointer for
 *
 * * -EINVAL: wrong parameters, or those for which dma_model_attach() returns it
 * * -ENOSPC: no slot is free, or not enough of the 16 MiB for all BARs
 * * -ENOMEM: out of memory
 */
struct pci_dev *kunit_dma_model_pci_add(struct kunit *test,
					const struct dma_model_pci_params *params)
{
	struct function *f;
	int ret;

	if (!valid(params))
		return ERR_PTR(-EINVAL);
	scoped_guard(mutex, &lock) {
		ret = make_bridge();
		if (ret)
			return ERR_PTR(ret);
		f = function_create(test, params);
		if (IS_ERR(f))
			return ERR_CAST(f);
		ret = function_plug(f);
		if (ret) {
			function_free(f);
			return ERR_PTR(ret);
		}
	}
	ret = kunit_add_action_or_reset(test, unplug, f);
	return ret ? ERR_PTR(ret) : f->pdev;
}
EXPORT_SYMBOL_GPL(kunit_dma_model_pci_add);
