// SPDX-License-Identifier: GPL-2.0
/*
 * The order of the writes of PCI functions that may relax it.
 *
 * No function that QEMU has keeps the enable bit.  So there is a made-up one, 256
 * bytes of configuration space that count how often they are read.  Where a root
 * bus can be made up, too, the PCI core finds the function and a driver is bound to
 * it; elsewhere it is put together by hand, and so is a VF everywhere.
 */
#include <kunit/test.h>
#include <linux/dma-contract.h>
#include <linux/dma-map-ops.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

#define WB		DMA_ATTR_WRITE_BARRIER

#define CAP		0x40
#define PCIE_CTL	(CAP + PCI_EXP_DEVCTL)
#define PCIX_CTL	(CAP + PCI_X_CMD)
#define TEST_VENDOR	0x1234
#define TEST_DEVICE	0xfe01

struct function {
	struct pci_ops ops;
	u8 config[256];
	u16 kept;	/* bits of the control register that are not hardwired */
	u16 after_reset;
	u8 ctl;		/* offset of the control register */
	int reads;

	struct pci_host_bridge *bridge;
	struct pci_dev *pdev, made;
	struct pci_bus bus;
	u64 mask;
};

/* Only one function is there at a time. */
static struct function *present;

static u16 get_ctl(struct function *f)
{
	return f->config[f->ctl] | f->config[f->ctl + 1] << 8;
}

static void put_ctl(struct function *f, u16 val)
{
	f->config[f->ctl] = val;
	f->config[f->ctl + 1] = val >> 8;
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *val)
{
	if (!present || devfn || where + size > sizeof(present->config))
		return PCIBIOS_DEVICE_NOT_FOUND;
	present->reads++;
	for (*val = 0; size--; )
		*val = *val << 8 | present->config[where + size];
	return 0;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 val)
{
	struct function *f = present;
	u16 ctl;

	if (!f || devfn || where + size > sizeof(f->config))
		return PCIBIOS_DEVICE_NOT_FOUND;
	ctl = get_ctl(f);
	for (; size--; where++, val >>= 8) {
		if (where == f->ctl)
			ctl = (ctl & ~0xff) | (val & 0xff);
		else if (where == f->ctl + 1)
			ctl = (ctl & 0xff) | (val & 0xff) << 8;
	}
	if (f->ctl == PCIE_CTL && ctl & PCI_EXP_DEVCTL_BCR_FLR)
		put_ctl(f, f->after_reset);
	else
		put_ctl(f, ctl & f->kept);
	return 0;
}

static struct function *new_function(struct kunit *test, u8 id, u16 ctl)
{
	struct function *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->ops.read = config_read;
	f->ops.write = config_write;
	f->kept = U16_MAX;
	f->after_reset = ctl;
	f->config[PCI_VENDOR_ID] = TEST_VENDOR & 0xff;
	f->config[PCI_VENDOR_ID + 1] = TEST_VENDOR >> 8;
	f->config[PCI_DEVICE_ID] = TEST_DEVICE & 0xff;
	f->config[PCI_DEVICE_ID + 1] = TEST_DEVICE >> 8;
	f->config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	f->config[PCI_CLASS_DEVICE + 1] = 0xff;
	f->config[PCI_CAPABILITY_LIST] = CAP;
	f->config[CAP] = id;
	if (id == PCI_CAP_ID_EXP) {
		f->config[CAP + PCI_EXP_FLAGS] = 2;
		f->config[CAP + PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24;
		f->ctl = PCIE_CTL;
	} else {
		f->ctl = PCIX_CTL;
	}
	put_ctl(f, ctl);
	return f;
}

#if defined(CONFIG_UML) || defined(CONFIG_X86)
static void *root_sysdata(void)
{
#ifdef CONFIG_X86
	static struct pci_sysdata sysdata = {
		.domain = 0x7e57,
		.node = NUMA_NO_NODE,
	};

	return &sysdata;
#else
	return NULL;
#endif
}

static void remove_function(void *data)
{
	struct function *f = data;

	pci_lock_rescan_remove();
	pci_stop_root_bus(f->bridge->bus);
	pci_remove_root_bus(f->bridge->bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(f->bridge);
	present = NULL;
}

static void find_function(struct kunit *test, struct function *f)
{
	int ret;

	f->bridge = pci_alloc_host_bridge(0);
	KUNIT_ASSERT_NOT_NULL(test, f->bridge);
	f->bridge->ops = &f->ops;
	f->bridge->sysdata = root_sysdata();
	/* The first bus is taken where there are no domains. */
	f->bridge->busnr = 0xe0;
	present = f;
	pci_lock_rescan_remove();
	ret = pci_scan_root_bus_bridge(f->bridge);
	if (!ret)
		pci_bus_add_devices(f->bridge->bus);
	pci_unlock_rescan_remove();
	if (ret) {
		pci_free_host_bridge(f->bridge);
		present = NULL;
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_function,
							f), 0);
	f->pdev = pci_get_slot(f->bridge->bus, 0);
	KUNIT_ASSERT_NOT_NULL(test, f->pdev);
	/* The bus keeps it for as long as the test runs. */
	pci_dev_put(f->pdev);
}

static bool can_be_found(void)
{
	return true;
}
#else
static void remove_function(void *data)
{
}

static void find_function(struct kunit *test, struct function *f)
{
}

static bool can_be_found(void)
{
	return false;
}
#endif

static void put_together(struct function *f, struct pci_dev *pdev)
{
	f->bus.ops = &f->ops;
	f->mask = DMA_BIT_MASK(64);
	pdev->bus = &f->bus;
	pdev->error_state = pci_channel_io_normal;
	pdev->dev.bus = &pci_bus_type;
	pdev->dev.init_name = "made-up";
	pdev->dev.dma_mask = &f->mask;
	pdev->dev.coherent_dma_mask = f->mask;
	swiotlb_dev_init(&pdev->dev);
	INIT_LIST_HEAD(&pdev->dev.dma_pools);
	spin_lock_init(&pdev->pcie_cap_lock);
	dma_set_mask(&pdev->dev, f->mask);
}

static void forget_function(void *data)
{
	present = NULL;
}

static struct function *function(struct kunit *test, u8 id, u16 ctl)
{
	struct function *f = new_function(test, id, ctl);

	if (can_be_found()) {
		find_function(test, f);
		KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(&f->pdev->dev,
								   DMA_BIT_MASK(64)));
		return f;
	}
	present = f;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   forget_function, f));
	f->pdev = &f->made;
	put_together(f, f->pdev);
	if (id == PCI_CAP_ID_EXP) {
		f->pdev->pcie_cap = CAP;
		f->pdev->pcie_flags_reg = 2;
		f->pdev->devcap = PCI_EXP_DEVCAP_FLR;
	}
	f->pdev->ro_ctl = f->ctl;
	/* What is there is looked up as after any other write. */
	pci_write_config_word(f->pdev, f->ctl, ctl);
	return f;
}

static struct function *pcie_function(struct kunit *test, bool relaxed)
{
	return function(test, PCI_CAP_ID_EXP,
			relaxed ? PCI_EXP_DEVCTL_RELAX_EN : 0);
}

static void expect_relaxed(struct kunit *test, struct function *f, bool relaxed,
			   const char *what)
{
	KUNIT_EXPECT_EQ_MSG(test, dma_get_ordering(&f->pdev->dev),
			    relaxed ? DMA_ORDERING_WEAK : DMA_ORDERING_STRONG,
			    "%s", what);
}

/* Finding it out */

static void a_function_is_as_it_is_found(struct kunit *test)
{
	struct function *f;

	if (!can_be_found())
		kunit_skip(test, "no root bus can be made up");
	f = pcie_function(test, true);
	expect_relaxed(test, f, true, "enabled");
	kunit_release_action(test, remove_function, f);
	f = pcie_function(test, false);
	expect_relaxed(test, f, false, "disabled");
	kunit_release_action(test, remove_function, f);
	f = function(test, PCI_CAP_ID_PCIX, PCI_X_CMD_ERO);
	expect_relaxed(test, f, true, "PCI-X, enabled");
	kunit_release_action(test, remove_function, f);
	f = function(test, PCI_CAP_ID_PCIX, 0);
	expect_relaxed(test, f, false, "PCI-X, disabled");
	kunit_release_action(test, remove_function, f);
	f = function(test, PCI_CAP_ID_VNDR, U16_MAX);
	expect_relaxed(test, f, false, "conventional");
}

static void a_write_of_any_width_is_seen(struct kunit *test)
{
	const u16 on = PCI_EXP_DEVCTL_RELAX_EN;
	struct function *f = pcie_function(test, false);
	struct pci_dev *pdev = f->pdev;

	pci_write_config_byte(pdev, PCIE_CTL, on);
	expect_relaxed(test, f, true, "byte");
	pci_write_config_byte(pdev, PCIE_CTL, 0);
	expect_relaxed(test, f, false, "byte");
	pci_write_config_word(pdev, PCIE_CTL, on);
	expect_relaxed(test, f, true, "word");
	pci_write_config_word(pdev, PCIE_CTL, 0);
	expect_relaxed(test, f, false, "word");
	pci_write_config_dword(pdev, PCIE_CTL, on);
	expect_relaxed(test, f, true, "dword");
	pci_write_config_dword(pdev, PCIE_CTL, 0);
	expect_relaxed(test, f, false, "dword");
}

static void a_write_of_a_capability_is_seen(struct kunit *test)
{
	const u16 on = PCI_EXP_DEVCTL_RELAX_EN;
	struct function *f = pcie_function(test, false);
	struct pci_dev *pdev = f->pdev;

	pcie_capability_set_word(pdev, PCI_EXP_DEVCTL, on);
	expect_relaxed(test, f, true, "set_word");
	pcie_capability_clear_word(pdev, PCI_EXP_DEVCTL, on);
	expect_relaxed(test, f, false, "clear_word");
	pcie_capability_write_word(pdev, PCI_EXP_DEVCTL, on);
	expect_relaxed(test, f, true, "write_word");
	pcie_capability_clear_and_set_dword(pdev, PCI_EXP_DEVCTL, on, 0);
	expect_relaxed(test, f, false, "clear_dword");
}

static void a_write_of_a_user_is_seen(struct kunit *test)
{
	const u16 on = PCI_EXP_DEVCTL_RELAX_EN;
	struct function *f = pcie_function(test, false);
	struct pci_dev *pdev = f->pdev;

	KUNIT_EXPECT_EQ(test, pci_user_write_config_byte(pdev, PCIE_CTL, on), 0);
	expect_relaxed(test, f, true, "byte");
	KUNIT_EXPECT_EQ(test, pci_user_write_config_word(pdev, PCIE_CTL, 0), 0);
	expect_relaxed(test, f, false, "word");
	KUNIT_EXPECT_EQ(test, pci_user_write_config_dword(pdev, PCIE_CTL, on), 0);
	expect_relaxed(test, f, true, "dword");
}

static void a_pcix_command_is_seen(struct kunit *test)
{
	struct function *f = function(test, PCI_CAP_ID_PCIX, 0);

	pci_write_config_word(f->pdev, PCIX_CTL, PCI_X_CMD_ERO);
	expect_relaxed(test, f, true, "word");
	pci_write_config_byte(f->pdev, PCIX_CTL, PCI_EXP_DEVCTL_RELAX_EN);
	expect_relaxed(test, f, false, "byte");
	pci_write_config_dword(f->pdev, CAP, PCI_X_CMD_ERO << 16);
	expect_relaxed(test, f, true, "dword of the whole capability");
}

static void a_hardwired_bit_stays_clear(struct kunit *test)
{
	struct function *f = pcie_function(test, false);

	f->kept = ~PCI_EXP_DEVCTL_RELAX_EN;
	pcie_capability_set_word(f->pdev, PCI_EXP_DEVCTL,
				 PCI_EXP_DEVCTL_RELAX_EN);
	expect_relaxed(test, f, false, "hardwired");
}

/* Neither other registers nor those who ask cost a read. */
static void nothing_else_is_read(struct kunit *test)
{
	struct function *f = pcie_function(test, true);
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t addr;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	f->reads = 0;
	for (i = 0; i < sizeof(f->config); i += 4) {
		if (i != PCIE_CTL)
			pci_write_config_dword(f->pdev, i, 0);
	}
	pci_write_config_word(f->pdev, PCIE_CTL + 2, 0);
	dma_get_ordering(&f->pdev->dev);
	dma_query_page(&f->pdev->dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE, WB,
		       NULL);
	addr = dma_map_page_attrs(&f->pdev->dev, page, 0, PAGE_SIZE,
				  DMA_FROM_DEVICE, WB);
	if (!dma_mapping_error(&f->pdev->dev, addr)) {
		KUNIT_FAIL(test, "mapped");
		dma_unmap_page_attrs(&f->pdev->dev, addr, PAGE_SIZE,
				     DMA_FROM_DEVICE, WB);
	}
	KUNIT_EXPECT_EQ(test, f->reads, 0);
	expect_relaxed(test, f, true, "untouched");
	__free_page(page);
}

/* The bit is set by a reset, and a function is not read while it resets. */
static void a_reset_enables_it(struct kunit *test)
{
	struct function *f = pcie_function(test, false);

	f->after_reset = PCI_EXP_DEVCTL_RELAX_EN;
	f->reads = 0;
	pci_write_config_word(f->pdev, PCIE_CTL, PCI_EXP_DEVCTL_BCR_FLR);
	KUNIT_EXPECT_EQ(test, f->reads, 0);
	expect_relaxed(test, f, true, "word");
	pci_write_config_word(f->pdev, PCIE_CTL, 0);
	expect_relaxed(test, f, false, "restored");
	pci_write_config_byte(f->pdev, PCIE_CTL + 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
	KUNIT_EXPECT_EQ(test, f->reads, 1);
	expect_relaxed(test, f, true, "byte");
}

static void a_function_is_looked_up_after_a_reset(struct kunit *test)
{
	struct function *f = pcie_function(test, false);

	f->after_reset = 0;
	KUNIT_ASSERT_EQ(test, pcie_flr(f->pdev), 0);
	expect_relaxed(test, f, false, "hardwired");
	f->after_reset = PCI_EXP_DEVCTL_RELAX_EN;
	KUNIT_ASSERT_EQ(test, pcie_flr(f->pdev), 0);
	expect_relaxed(test, f, true, "enabled");
}

static void the_functions_of_the_machine_are_known(struct kunit *test)
{
	struct pci_dev *pdev = NULL;
	int found = 0;
	u16 ctl, now;

	for_each_pci_dev(pdev) {
		if (!pci_is_pcie(pdev) || pdev->is_virtfn)
			continue;
		found++;
		pcie_capability_read_word(pdev, PCI_EXP_DEVCTL, &ctl);
		pcie_capability_write_word(pdev, PCI_EXP_DEVCTL,
					   ctl ^ PCI_EXP_DEVCTL_RELAX_EN);
		pcie_capability_read_word(pdev, PCI_EXP_DEVCTL, &now);
		KUNIT_EXPECT_EQ_MSG(test, dma_get_ordering(&pdev->dev),
				    now & PCI_EXP_DEVCTL_RELAX_EN ?
				    DMA_ORDERING_WEAK : DMA_ORDERING_STRONG,
				    "%s", pci_name(pdev));
		pcie_capability_write_word(pdev, PCI_EXP_DEVCTL, ctl);
	}
	if (!found)
		kunit_skip(test, "no PCI Express function");
}

/* What follows from it */

static int map_errno(struct device *dev, struct page *page,
		     enum dma_data_direction dir)
{
	dma_addr_t addr = dma_map_page_attrs(dev, page, 0, PAGE_SIZE, dir, WB);

	if (dma_mapping_error(dev, addr))
		return -EOPNOTSUPP;
	dma_unmap_page_attrs(dev, addr, PAGE_SIZE, dir, WB);
	return 0;
}

static int alloc_errno(struct device *dev, unsigned long attrs)
{
	dma_addr_t addr;
	void *vaddr = dma_alloc_attrs(dev, PAGE_SIZE, &addr, GFP_KERNEL, attrs);

	if (!vaddr)
		return -EOPNOTSUPP;
	dma_free_attrs(dev, PAGE_SIZE, vaddr, addr, attrs);
	return 0;
}

/* Map, allocate and query: all have to say the same. */
static void expect_barrier(struct kunit *test, struct device *dev, int ret,
			   enum dma_ordering ordering)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct dma_query query = { };

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, dma_get_ordering(dev), ordering);
	KUNIT_EXPECT_EQ(test, map_errno(dev, page, DMA_FROM_DEVICE), ret);
	KUNIT_EXPECT_EQ(test, map_errno(dev, page, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, alloc_errno(dev, WB), ret);
	KUNIT_EXPECT_EQ(test, alloc_errno(dev, 0), 0);
	KUNIT_EXPECT_EQ(test, dma_query_page(dev, page, 0, PAGE_SIZE,
					     DMA_FROM_DEVICE, WB, &query), ret);
	KUNIT_EXPECT_EQ(test, query.ordering, ordering);
	KUNIT_EXPECT_EQ(test, dma_query_alloc(dev, PAGE_SIZE, WB, NULL), ret);
	__free_page(page);
}

static void a_relaxed_function_refuses_a_barrier(struct kunit *test)
{
	struct function *f = pcie_function(test, true);
	struct device *dev = &f->pdev->dev;

	expect_barrier(test, dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	pcie_capability_clear_word(f->pdev, PCI_EXP_DEVCTL,
				   PCI_EXP_DEVCTL_RELAX_EN);
	expect_barrier(test, dev, 0, DMA_ORDERING_STRONG);
	pcie_capability_set_word(f->pdev, PCI_EXP_DEVCTL,
				 PCI_EXP_DEVCTL_RELAX_EN);
	expect_barrier(test, dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
}

static void a_declared_function_honours_it(struct kunit *test)
{
	struct function *f = pcie_function(test, true);
	struct device *dev = &f->pdev->dev;

	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, true), 0);
	expect_barrier(test, dev, 0, DMA_ORDERING_WEAK_BARRIER);
	pcie_capability_clear_word(f->pdev, PCI_EXP_DEVCTL,
				   PCI_EXP_DEVCTL_RELAX_EN);
	expect_barrier(test, dev, 0, DMA_ORDERING_STRONG);
	pcie_capability_set_word(f->pdev, PCI_EXP_DEVCTL,
				 PCI_EXP_DEVCTL_RELAX_EN);
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, false), 0);
	expect_barrier(test, dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	KUNIT_EXPECT_EQ(test, dma_set_strong_writes(NULL, true), -EINVAL);
}

/* A declaration is about the device, and makes no path better than it is. */
static void a_declaration_does_not_mend_the_path(struct kunit *test)
{
	struct function *f = pcie_function(test, true);
	struct device *dev = &f->pdev->dev;

	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, true), 0);
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_WEAK), 0);
	expect_barrier(test, dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	/* dma-direct has no barrier to offer. */
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_WEAK_BARRIER),
			0);
	expect_barrier(test, dev, -EOPNOTSUPP, DMA_ORDERING_WEAK_BARRIER);
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_STRONG), 0);
	expect_barrier(test, dev, 0, DMA_ORDERING_WEAK_BARRIER);
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, false), 0);
	expect_barrier(test, dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	KUNIT_EXPECT_EQ(test, dma_path_ordering(dev), DMA_ORDERING_STRONG);
}

/* The read's completion does not pass the writes, relaxed or not. */
static void a_relaxed_function_can_be_flushed(struct kunit *test)
{
	struct function *f = pcie_function(test, true);

	f->reads = 0;
	KUNIT_EXPECT_EQ(test, dma_flush_writes(&f->pdev->dev), 0);
	KUNIT_EXPECT_EQ(test, f->reads, 1);
}

static void a_vf_does_as_its_pf(struct kunit *test)
{
#ifdef CONFIG_PCI_IOV
	struct function *f = pcie_function(test, true);
	struct pci_dev *vf = kunit_kzalloc(test, sizeof(*vf), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vf);
	vf->is_virtfn = 1;
	vf->physfn = f->pdev;
	put_together(f, vf);
	vf->pcie_cap = CAP;
	expect_barrier(test, &vf->dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	pcie_capability_clear_word(f->pdev, PCI_EXP_DEVCTL,
				   PCI_EXP_DEVCTL_RELAX_EN);
	expect_barrier(test, &vf->dev, 0, DMA_ORDERING_STRONG);

	/* Each has a driver of its own, that of the VF begins with a strict PF. */
	KUNIT_ASSERT_EQ(test, dma_set_mask(&vf->dev, f->mask), 0);
	pcie_capability_set_word(f->pdev, PCI_EXP_DEVCTL,
				 PCI_EXP_DEVCTL_RELAX_EN);
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(&f->pdev->dev, true), 0);
	expect_barrier(test, &vf->dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(&vf->dev, true), 0);
	expect_barrier(test, &vf->dev, 0, DMA_ORDERING_WEAK_BARRIER);

	/* And its declaration does not hide what becomes of the PF. */
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(&vf->dev, false), 0);
	expect_barrier(test, &vf->dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
#else
	kunit_skip(test, "built without PCI_IOV");
#endif
}

static int declaring_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return dma_set_strong_writes(&pdev->dev, true);
}

static const struct pci_device_id declaring_ids[] = {
	{ PCI_DEVICE(TEST_VENDOR, TEST_DEVICE) },
	{}
};

static struct pci_driver declaring_driver = {
	.name = "dma-relaxed",
	.id_table = declaring_ids,
	.probe = declaring_probe,
};

static bool peers_in_the_machine(void)
{
#ifdef CONFIG_PCI_P2PDMA
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (rcu_access_pointer(pdev->p2pdma)) {
			pci_dev_put(pdev);
			return true;
		}
	}
#endif
	return false;
}

/* Is a call that asks for a barrier looked into?  Others always are. */
static void expect_asked(struct kunit *test, struct device *dev, bool asked,
			 const char *what)
{
	KUNIT_EXPECT_EQ_MSG(test, dev->dma_undecided,
			    asked ? DMA_ATTR_MANDATORY : DMA_ATTR_MANDATORY & ~WB,
			    "%s", what);
}

static void where_all_is_in_order_nothing_is_asked(struct kunit *test)
{
	const u16 on = PCI_EXP_DEVCTL_RELAX_EN;
	struct function *f = pcie_function(test, false);
	struct device *dev = &f->pdev->dev;

	if (peers_in_the_machine())
		kunit_skip(test, "the machine has P2PDMA memory");
	expect_asked(test, dev, false, "strong");
	f->after_reset = on;
	pci_write_config_word(f->pdev, PCIE_CTL, PCI_EXP_DEVCTL_BCR_FLR);
	expect_asked(test, dev, true, "resetting");
	pci_write_config_word(f->pdev, PCIE_CTL, 0);
	expect_asked(test, dev, false, "restored");
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_WEAK), 0);
	expect_asked(test, dev, true, "declared weak");
	KUNIT_ASSERT_EQ(test, dma_set_ordering(dev, DMA_ORDERING_UNKNOWN), 0);
	expect_asked(test, dev, false, "declared no more");
	pci_write_config_word(f->pdev, PCIE_CTL, on);
	expect_asked(test, dev, true, "relaxed");
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, true), 0);
	expect_asked(test, dev, false, "relaxed where it does not matter");
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, false), 0);
	expect_asked(test, dev, true, "relaxed anywhere");
}

static void until_the_backend_is_known_all_is_asked(struct kunit *test)
{
	struct device *dev;

	if (!can_be_found())
		kunit_skip(test, "no root bus can be made up");
	if (peers_in_the_machine())
		kunit_skip(test, "the machine has P2PDMA memory");
	dev = &pcie_function(test, false)->pdev->dev;
	KUNIT_ASSERT_EQ(test, pci_register_driver(&declaring_driver), 0);
	expect_asked(test, dev, false, "bound");
	pci_unregister_driver(&declaring_driver);
	expect_asked(test, dev, true, "unbound");
	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(dev, true), 0);
	expect_asked(test, dev, true, "no mask set");
	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	expect_asked(test, dev, false, "mask set");
#ifdef CONFIG_ARCH_HAS_DMA_OPS
	set_dma_ops(dev, dev->dma_ops);
	expect_asked(test, dev, true, "backend set");
#endif
}

static void the_declaration_ends_with_the_binding(struct kunit *test)
{
	struct function *f;

	if (!can_be_found())
		kunit_skip(test, "no root bus can be made up");
	f = pcie_function(test, true);
	expect_barrier(test, &f->pdev->dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
	KUNIT_ASSERT_EQ(test, pci_register_driver(&declaring_driver), 0);
	expect_barrier(test, &f->pdev->dev, 0, DMA_ORDERING_WEAK_BARRIER);
	pci_unregister_driver(&declaring_driver);
	expect_barrier(test, &f->pdev->dev, -EOPNOTSUPP, DMA_ORDERING_WEAK);
}

#ifdef CONFIG_DEBUG_FS
static char *report_line(struct kunit *test, char *buf, size_t size,
			 struct device *dev)
{
	struct vfsmount *mnt = kern_mount(get_fs_type("debugfs"));
	struct seq_file *seq;
	struct file *file;
	char *line;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	file = file_open_root_mnt(mnt, "dma/contract", O_RDONLY, 0);
	if (!IS_ERR(file)) {
		/* debugfs files have no ->read_iter(): kernel_read() refuses. */
		seq = file->private_data;
		memset(buf, 0, size);
		seq->buf = buf;
		seq->size = size - 1;
		seq->op->show(seq, NULL);
		seq->buf = NULL;
		__fput_sync(file);
	}
	kern_unmount(mnt);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	while ((line = strsep(&buf, "\n"))) {
		if (strstarts(line, dev_name(dev)))
			return line;
	}
	return NULL;
}

static void the_report_shows_it(struct kunit *test)
{
	const size_t size = SZ_64K;
	char *buf, *line;
	struct function *f;

	if (!can_be_found())
		kunit_skip(test, "no root bus can be made up");
	f = pcie_function(test, true);
	buf = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	line = report_line(test, buf, size, &f->pdev->dev);
	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " weak "));
	KUNIT_EXPECT_NULL(test, strstr(line, "WRITE_BARRIER"));

	KUNIT_ASSERT_EQ(test, dma_set_strong_writes(&f->pdev->dev, true), 0);
	line = report_line(test, buf, size, &f->pdev->dev);
	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " weak+barrier "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, "WRITE_BARRIER"));
}
#endif

static struct kunit_case relaxed_test_cases[] = {
	KUNIT_CASE(a_function_is_as_it_is_found),
	KUNIT_CASE(a_write_of_any_width_is_seen),
	KUNIT_CASE(a_write_of_a_capability_is_seen),
	KUNIT_CASE(a_write_of_a_user_is_seen),
	KUNIT_CASE(a_pcix_command_is_seen),
	KUNIT_CASE(a_hardwired_bit_stays_clear),
	KUNIT_CASE(nothing_else_is_read),
	KUNIT_CASE(a_reset_enables_it),
	KUNIT_CASE(a_function_is_looked_up_after_a_reset),
	KUNIT_CASE(the_functions_of_the_machine_are_known),
	KUNIT_CASE(a_relaxed_function_refuses_a_barrier),
	KUNIT_CASE(a_declared_function_honours_it),
	KUNIT_CASE(a_declaration_does_not_mend_the_path),
	KUNIT_CASE(a_relaxed_function_can_be_flushed),
	KUNIT_CASE(a_vf_does_as_its_pf),
	KUNIT_CASE(where_all_is_in_order_nothing_is_asked),
	KUNIT_CASE(until_the_backend_is_known_all_is_asked),
	KUNIT_CASE(the_declaration_ends_with_the_binding),
#ifdef CONFIG_DEBUG_FS
	KUNIT_CASE(the_report_shows_it),
#endif
	{}
};

static struct kunit_suite relaxed_test_suite = {
	.name = "dma_relaxed",
	.test_cases = relaxed_test_cases,
};

kunit_test_suite(relaxed_test_suite);

MODULE_DESCRIPTION("KUnit tests of PCI functions that relax the order of writes");
MODULE_LICENSE("GPL");
