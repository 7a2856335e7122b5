/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /dev/edu_importer can be asked for: QEMU's edu device imports a DMA buffer and
 * accesses it.  For tools/testing/selftests/dma alone, no stable interface.
 */
#ifndef _EDU_IMPORTER_H
#define _EDU_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define EDU_MAY_READ	1
#define EDU_MAY_WRITE	2

/* The most bytes of one EDU_READ or EDU_WRITE. */
#define EDU_MAX_TRANSFER	4096

/**
 * struct edu_import - attach the device to a DMA buffer and map the buffer
 * @fd: the DMA buffer
 * @access: EDU_MAY_READ, EDU_MAY_WRITE or both
 * @handle: the kernel's answer, for the other calls on the same file
 * @segments: the kernel's answer: DMA segments of the mapping
 */
struct edu_import {
	__s32 fd;
	__u32 access;
	__u32 handle;
	__u32 segments;
};

/**
 * struct edu_transfer - let the device access a buffer
 * @handle: the imported buffer
 * @len: bytes, 1 to EDU_MAX_TRANSFER
 * @offset: in the buffer
 * @data: pointer to the bytes that the device writes, or to where those go that it reads
 */
struct edu_transfer {
	__u32 handle;
	__u32 len;
	__u64 offset;
	__u64 data;
};

#define EDU_IMPORT	_IOWR(0xED, 0xE0, struct edu_import)
#define EDU_READ	_IOW(0xED, 0xE1, struct edu_transfer)
#define EDU_WRITE	_IOW(0xED, 0xE2, struct edu_transfer)
#define EDU_RELEASE	_IOW(0xED, 0xE3, __u32)

#endif /* _EDU_IMPORTER_H */
