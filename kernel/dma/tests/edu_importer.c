// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device as an importer of DMA buffers, for tests in user space.
 *
 * The driver binds to a device only if driver_override names it, so that the KUnit
 * suites can have the device otherwise.  /dev/edu_importer is there while it is bound.
 *
 * remove() can come at any time.  It unmaps and detaches every buffer; files that are
 * still open then get -ENODEV.  One mutex protects the imports and the DMA engine, and
 * keeps remove() from the middle of a transfer.  It is taken before the locks of a DMA
 * buffer, and no dma-buf callback takes it: a static importer has none.  User memory is
 * accessed without it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>
#include "edu.h"
#include "edu_importer.h"

static uint mask_bits = 32;
module_param_named(mask, mask_bits, uint, 0444);
MODULE_PARM_DESC(mask, "Bits of the device's DMA mask; QEMU's dma_mask= must not have less");

/* Bit 0: a device is bound.  There is one name, so there can be one. */
static unsigned long bound;

struct importer {
	struct kref ref;	/* of the bound device and of each open file */
	struct miscdevice misc;

	struct mutex lock;	/* protects the rest, and the device's registers */
	struct pci_dev *pdev;	/* NULL once the driver is unbound */
	struct edu_regs regs;
	bool stuck;		/* a transfer has not come to its end */
	u8 *scratch;		/* EDU_BUF_SIZE bytes */
	dma_addr_t scratch_addr;
	struct xarray imports;	/* by handle */
};

/* A buffer that the device has mapped.  Nothing of it changes. */
struct import {
	struct file *owner;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	enum dma_data_direction dir;
};

static void importer_free(struct kref *ref)
{
	struct importer *imp = container_of(ref, struct importer, ref);

	xa_destroy(&imp->imports);
	mutex_destroy(&imp->lock);
	kfree(imp);
}

/* The device */

/* Copy @len bytes, at most EDU_BUF_SIZE, between memory and the device's buffer. */
static int edu_copy(struct importer *imp, dma_addr_t addr, u32 len, u32 cmd)
{
	lockdep_assert_held(&imp->lock);
	if (imp->stuck)
		return -EIO;
	if (edu_transfer(&imp->regs, addr, 0, len, cmd)) {
		/* Whatever it does later, it must not reach memory. */
		pci_clear_master(imp->pdev);
		imp->stuck = true;
		return -EIO;
	}
	return 0;
}

/*
 * Copy between the DMA address and imp->scratch.  The CPU cannot access the device's
 * buffer, so the device copies twice.
 */
static int edu_access(struct importer *imp, dma_addr_t addr, u32 len, bool write)
{
	int ret;

	ret = edu_copy(imp, write ? imp->scratch_addr : addr, len, 0);
	if (ret)
		return ret;
	return edu_copy(imp, write ? addr : imp->scratch_addr, len,
			EDU_DMA_TO_MEMORY);
}

/* Imports */

static void import_release(struct import *import)
{
	struct dma_buf *dmabuf = import->attach->dmabuf;

	dma_buf_unmap_attachment_unlocked(import->attach, import->sgt, import->dir);
	dma_buf_detach(dmabuf, import->attach);
	dma_buf_put(dmabuf);
	kfree(import);
}

static struct import *import_create(struct importer *imp, int fd,
				    enum dma_data_direction dir)
{
	struct import *import;
	struct dma_buf *dmabuf;
	int ret;

	lockdep_assert_held(&imp->lock);
	import = kzalloc_obj(*import);
	if (!import)
		return ERR_PTR(-ENOMEM);
	import->dir = dir;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_free;
	}
	import->attach = dma_buf_attach(dmabuf, &imp->pdev->dev);
	if (IS_ERR(import->attach)) {
		ret = PTR_ERR(import->attach);
		goto err_put;
	}
	import->sgt = dma_buf_map_attachment_unlocked(import->attach, dir);
	if (IS_ERR(import->sgt)) {
		ret = PTR_ERR(import->sgt);
		goto err_detach;
	}
	return import;

err_detach:
	dma_buf_detach(dmabuf, import->attach);
err_put:
	dma_buf_put(dmabuf);
err_free:
	kfree(import);
	return ERR_PTR(ret);
}

static struct import *import_find(struct importer *imp, struct file *file, u32 handle)
{
	struct import *import;

	lockdep_assert_held(&imp->lock);
	if (!imp->pdev)
		return ERR_PTR(-ENODEV);
	import = xa_load(&imp->imports, handle);
	if (!import || import->owner != file)
		return ERR_PTR(-ENOENT);
	return import;
}

/* Release the imports of @file, or all of them. */
static void imports_release(struct importer *imp, struct file *file)
{
	struct import *import;
	unsigned long handle;

	lockdep_assert_held(&imp->lock);
	xa_for_each(&imp->imports, handle, import) {
		if (file && import->owner != file)
			continue;
		xa_erase(&imp->imports, handle);
		import_release(import);
	}
}

/*
 * Access @len bytes at @offset of the buffer: copy them from @data if the device is to
 * write, else to @data.
 */
static int import_access(struct importer *imp, struct import *import, u64 offset,
			 u32 len, u8 *data, bool write)
{
	struct scatterlist *sg;
	int i, ret;

	for_each_sgtable_dma_sg(import->sgt, sg, i) {
		u64 size = sg_dma_len(sg);

		if (offset >= size) {
			offset -= size;
			continue;
		}
		while (len && offset < size) {
			u32 n = min3(size - offset, (u64)len, (u64)EDU_BUF_SIZE);

			if (write)
				memcpy(imp->scratch, data, n);
			ret = edu_access(imp, sg_dma_address(sg) + offset, n, write);
			if (ret)
				return ret;
			if (!write)
				memcpy(data, imp->scratch, n);
			data += n;
			offset += n;
			len -= n;
		}
		if (!len)
			return 0;
		offset = 0;
	}
	/* The mapping is shorter than the buffer. */
	return -EIO;
}

/* ioctls */

static int release_handle(struct importer *imp, struct file *file, u32 handle)
{
	struct import *import;

	guard(mutex)(&imp->lock);
	import = import_find(imp, file, handle);
	if (IS_ERR(import))
		return PTR_ERR(import);
	xa_erase(&imp->imports, handle);
	import_release(import);
	return 0;
}

static int import_fd(struct importer *imp, struct file *file, struct edu_import *arg)
{
	static const enum dma_data_direction dirs[] = {
		[EDU_MAY_READ] = DMA_TO_DEVICE,
		[EDU_MAY_WRITE] = DMA_FROM_DEVICE,
		[EDU_MAY_READ | EDU_MAY_WRITE] = DMA_BIDIRECTIONAL,
	};
	struct import *import;
	int ret;

	if (!arg->access || arg->access >= ARRAY_SIZE(dirs))
		return -EINVAL;
	guard(mutex)(&imp->lock);
	if (!imp->pdev)
		return -ENODEV;
	import = import_create(imp, arg->fd, dirs[arg->access]);
	if (IS_ERR(import))
		return PTR_ERR(import);
	import->owner = file;
	arg->segments = import->sgt->nents;
	ret = xa_alloc(&imp->imports, &arg->handle, import, xa_limit_31b, GFP_KERNEL);
	if (ret)
		import_release(import);
	return ret;
}

static int ioctl_import(struct importer *imp, struct file *file, void __user *uarg)
{
	struct edu_import arg;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	ret = import_fd(imp, file, &arg);
	if (ret)
		return ret;
	if (copy_to_user(uarg, &arg, sizeof(arg))) {
		release_handle(imp, file, arg.handle);
		return -EFAULT;
	}
	return 0;
}

static int transfer(struct importer *imp, struct file *file,
		    const struct edu_transfer *arg, u8 *data, bool write)
{
	struct import *import;
	u64 end;

	guard(mutex)(&imp->lock);
	import = import_find(imp, file, arg->handle);
	if (IS_ERR(import))
		return PTR_ERR(import);
	if (import->dir == (write ? DMA_TO_DEVICE : DMA_FROM_DEVICE))
		return -EACCES;
	if (check_add_overflow(arg->offset, arg->len, &end) ||
	    end > import->attach->dmabuf->size)
		return -EINVAL;
	return import_access(imp, import, arg->offset, arg->len, data, write);
}

static int ioctl_transfer(struct importer *imp, struct file *file, void __user *uarg,
			  bool write)
{
	u8 *data __free(kfree) = NULL;
	struct edu_transfer arg;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (!arg.len || arg.len > EDU_MAX_TRANSFER)
		return -EINVAL;
	data = kzalloc(arg.len, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	if (write && copy_from_user(data, u64_to_user_ptr(arg.data), arg.len))
		return -EFAULT;
	ret = transfer(imp, file, &arg, data, write);
	if (ret)
		return ret;
	if (!write && copy_to_user(u64_to_user_ptr(arg.data), data, arg.len))
		return -EFAULT;
	return 0;
}

static long importer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct importer *imp = file->private_data;
	void __user *uarg = (void __user *)arg;
	u32 handle;

	switch (cmd) {
	case EDU_IMPORT:
		return ioctl_import(imp, file, uarg);
	case EDU_READ:
		return ioctl_transfer(imp, file, uarg, false);
	case EDU_WRITE:
		return ioctl_transfer(imp, file, uarg, true);
	case EDU_RELEASE:
		if (get_user(handle, (u32 __user *)uarg))
			return -EFAULT;
		return release_handle(imp, file, handle);
	default:
		return -ENOTTY;
	}
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *imp = container_of(file->private_data, struct importer, misc);

	/* misc_deregister() waits for this, so the device's reference is still there. */
	kref_get(&imp->ref);
	file->private_data = imp;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *imp = file->private_data;

	scoped_guard(mutex, &imp->lock)
		imports_release(imp, file);
	kref_put(&imp->ref, importer_free);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* The driver */

static int importer_setup(struct importer *imp)
{
	struct pci_dev *pdev = imp->pdev;
	int ret;

	ret = edu_bring_up(pdev, &imp->regs, "edu_importer");
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(mask_bits));
	if (ret)
		return ret;
	/* The device is told each address and length: any segment will do. */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	imp->scratch = dmam_alloc_coherent(&pdev->dev, EDU_BUF_SIZE,
					   &imp->scratch_addr, GFP_KERNEL);
	if (!imp->scratch)
		return -ENOMEM;
	pci_set_master(pdev);
	return 0;
}

static int importer_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct importer *imp;
	int ret;

	/* driver_override can name us for any device. */
	if (pdev->vendor != EDU_VENDOR || pdev->device != EDU_DEVICE)
		return -ENODEV;
	if (test_and_set_bit(0, &bound))
		return -EBUSY;
	imp = kzalloc_obj(*imp);
	if (!imp) {
		ret = -ENOMEM;
		goto err_clear_bound;
	}
	kref_init(&imp->ref);
	mutex_init(&imp->lock);
	xa_init_flags(&imp->imports, XA_FLAGS_ALLOC1);
	imp->pdev = pdev;
	imp->misc.minor = MISC_DYNAMIC_MINOR;
	imp->misc.name = "edu_importer";
	imp->misc.fops = &importer_fops;
	imp->misc.parent = &pdev->dev;

	ret = importer_setup(imp);
	if (ret)
		goto err_put;
	pci_set_drvdata(pdev, imp);
	/* Files can be opened from here on. */
	ret = misc_register(&imp->misc);
	if (ret)
		goto err_clear_master;
	return 0;

err_clear_master:
	pci_clear_master(pdev);
err_put:
	kref_put(&imp->ref, importer_free);
err_clear_bound:
	clear_bit(0, &bound);
	return ret;
}

static void importer_remove(struct pci_dev *pdev)
{
	struct importer *imp = pci_get_drvdata(pdev);

	misc_deregister(&imp->misc);
	scoped_guard(mutex, &imp->lock) {
		pci_clear_master(pdev);
		imports_release(imp, NULL);
		imp->pdev = NULL;
	}
	kref_put(&imp->ref, importer_free);
	clear_bit(0, &bound);
}

static struct pci_driver importer_driver = {
	.name = "edu_importer",
	.probe = importer_probe,
	.remove = importer_remove,
};
module_pci_driver(importer_driver);

MODULE_DESCRIPTION("QEMU's edu device as an importer of DMA buffers, for tests");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_LICENSE("GPL");
