// SPDX-License-Identifier: GPL-2.0
/*
 * DMA buffers that a device, the CPU and a disk share: what one has written, the next
 * has to see, and what it has not written has to stay.
 *
 * The device is QEMU's edu (-device edu,dma_mask=0xffffffff), by way of the driver
 * edu_importer (CONFIG_DMA_EDU_IMPORTER), which this test binds to it and takes off
 * again.  The disk is the one that DMA_SHARED_DISK= names; its first 32 KiB are
 * OVERWRITTEN.  What is not there is skipped.  Needs root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"
#include "../../../../kernel/dma/tests/edu_importer.h"

#define KIB		1024UL
#define SMALL		(32 * KIB)
#define CHUNK		EDU_MAX_TRANSFER
#define DRIVER		"/sys/bus/pci/drivers/edu_importer"
#define DEVICES		"/sys/bus/pci/devices"

static char edu[32];		/* its PCI address, once our driver has it */
static char no_edu[200];	/* or why it has not */
static char reason[200];	/* why the running case is skipped */

/* Cases */

static int __printf(1, 2) skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return KSFT_SKIP;
}

/* For a call that must not fail.  @ret is -1 with errno, or -errno. */
static bool fails(const char *what, long ret)
{
	if (ret >= 0)
		return false;
	ksft_print_msg("%s: %s\n", what, strerror(ret == -1 ? errno : -ret));
	return true;
}

static bool gives(const char *what, int want, int got)
{
	if (want == got)
		return true;
	ksft_print_msg("%s: expected %s, got %s\n", what, strerror(-want),
		       strerror(-got));
	return false;
}

/* Bytes that differ from their neighbours and from those of other seeds. */
static void fill(uint8_t *p, size_t len, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = x >> 24;
	}
}

static bool same(const char *what, const uint8_t *got, const uint8_t *want, size_t len)
{
	size_t i, wrong = 0, first = 0;

	for (i = 0; i < len; i++) {
		if (got[i] == want[i])
			continue;
		if (!wrong++)
			first = i;
	}
	if (wrong)
		ksft_print_msg("%s: %zu of %zu bytes differ, the first at %#zx: %#x, not %#x\n",
			       what, wrong, len, first, got[first], want[first]);
	return !wrong;
}

/* Buffers */

struct buffer {
	int fd;
	size_t size;
	uint8_t *map;
	uint8_t *image;		/* what it should hold */
};

static void buffer_free(struct buffer *buf)
{
	if (buf->map)
		munmap(buf->map, buf->size);
	if (buf->fd >= 0)
		close(buf->fd);
	free(buf->image);
	free(buf);
}

/* Takes @fd over. */
static struct buffer *buffer_new(int fd, size_t size)
{
	struct buffer *buf = calloc(1, sizeof(*buf));
	void *map;

	if (!buf) {
		close(fd);
		return NULL;
	}
	buf->fd = fd;
	buf->size = size;
	buf->image = calloc(1, size);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		buf->map = map;
	if (!buf->image || !buf->map) {
		ksft_perror("cannot map the buffer");
		buffer_free(buf);
		return NULL;
	}
	return buf;
}

static struct buffer *heap_alloc(const char *name, size_t size)
{
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	char path[300];
	int heap, ret;

	snprintf(path, sizeof(path), "/dev/dma_heap/%s", name);
	heap = open(path, O_RDONLY | O_CLOEXEC);
	if (fails(path, heap))
		return NULL;
	ret = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data);
	close(heap);
	if (fails("DMA_HEAP_IOCTL_ALLOC", ret))
		return NULL;
	return buffer_new(data.fd, size);
}

static bool has_heap(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "/dev/dma_heap/%s", name);
	return !access(path, R_OK);
}

static int buf_sync(struct buffer *buf, unsigned long flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return ioctl(buf->fd, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

/* What the CPU reads is what the image holds. */
static bool cpu_reads(const char *what, struct buffer *buf)
{
	bool ok;

	if (fails("SYNC_START for reading", buf_sync(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ)))
		return false;
	ok = same(what, buf->map, buf->image, buf->size);
	return !fails("SYNC_END for reading",
		      buf_sync(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ)) && ok;
}

/* @access is DMA_BUF_SYNC_WRITE or DMA_BUF_SYNC_RW. */
static bool cpu_writes(struct buffer *buf, size_t at, size_t len, unsigned int seed,
		       unsigned long access)
{
	fill(buf->image + at, len, seed);
	if (fails("SYNC_START for writing", buf_sync(buf, DMA_BUF_SYNC_START | access)))
		return false;
	memcpy(buf->map + at, buf->image + at, len);
	return !fails("SYNC_END for writing", buf_sync(buf, DMA_BUF_SYNC_END | access));
}

/* The device */

static int dev_open(void)
{
	return open("/dev/edu_importer", O_RDWR | O_CLOEXEC);
}

static int dev_import(int dev, int fd, unsigned int access, uint32_t *handle)
{
	struct edu_import arg = { .fd = fd, .access = access };

	*handle = 0;
	if (ioctl(dev, EDU_IMPORT, &arg))
		return -errno;
	*handle = arg.handle;
	return 0;
}

static int dev_transfer(int dev, unsigned long cmd, uint32_t handle, uint64_t offset,
			uint32_t len, const void *data)
{
	struct edu_transfer arg = {
		.handle = handle,
		.len = len,
		.offset = offset,
		.data = (uintptr_t)data,
	};

	return ioctl(dev, cmd, &arg) ? -errno : 0;
}

static int dev_release(int dev, uint32_t handle)
{
	return ioctl(dev, EDU_RELEASE, &handle) ? -errno : 0;
}

/* The device writes a chunk every @step bytes. */
static bool dev_writes(int dev, uint32_t handle, struct buffer *buf, size_t step,
		       unsigned int seed)
{
	size_t at;

	for (at = 0; at < buf->size; at += step) {
		fill(buf->image + at, CHUNK, seed + at);
		if (fails("the device writes",
			  dev_transfer(dev, EDU_WRITE, handle, at, CHUNK, buf->image + at)))
			return false;
	}
	return true;
}

static bool dev_reads(const char *what, int dev, uint32_t handle, struct buffer *buf,
		      size_t step)
{
	uint8_t got[CHUNK];
	size_t at;

	for (at = 0; at < buf->size; at += step) {
		memset(got, 0, sizeof(got));
		if (fails("the device reads",
			  dev_transfer(dev, EDU_READ, handle, at, CHUNK, got)) ||
		    !same(what, got, buf->image + at, CHUNK))
			return false;
	}
	return true;
}

static bool sysfs_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static bool sysfs_is(const char *device, const char *file, const char *want)
{
	char path[300], got[32] = "";
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", device, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, got, sizeof(got) - 1) < 0)
		got[0] = 0;
	close(fd);
	return !strncmp(got, want, strlen(want));
}

static bool edu_bind(void)
{
	return sysfs_write(DRIVER "/bind", edu);
}

static bool edu_unbind(void)
{
	return sysfs_write(DRIVER "/unbind", edu);
}

/* Give the first edu device that has no driver to ours, or say why not. */
static void edu_setup(void)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;

	snprintf(no_edu, sizeof(no_edu), "no edu device (PCI 1234:11e8) without a driver");
	dir = opendir(DEVICES);
	if (!dir) {
		snprintf(no_edu, sizeof(no_edu), "no PCI bus in sysfs");
		return;
	}
	while ((entry = readdir(dir))) {
		if (strlen(entry->d_name) >= sizeof(edu) ||
		    !sysfs_is(entry->d_name, "vendor", "0x1234") ||
		    !sysfs_is(entry->d_name, "device", "0x11e8"))
			continue;
		snprintf(path, sizeof(path), DEVICES "/%s/driver", entry->d_name);
		if (!access(path, F_OK))
			continue;
		if (access(DRIVER, F_OK)) {
			snprintf(no_edu, sizeof(no_edu),
				 "no driver edu_importer (CONFIG_DMA_EDU_IMPORTER)");
			break;
		}
		strcpy(edu, entry->d_name);
		snprintf(path, sizeof(path), DEVICES "/%s/driver_override", edu);
		if (!sysfs_write(path, "edu_importer") || !edu_bind()) {
			snprintf(no_edu, sizeof(no_edu), "edu_importer does not bind to %s: %s",
				 edu, strerror(errno));
			sysfs_write(path, "\n");
			edu[0] = 0;
		}
		break;
	}
	closedir(dir);
}

static void edu_teardown(void)
{
	char path[300];

	if (!edu[0])
		return;
	edu_unbind();
	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", edu);
	sysfs_write(path, "\n");
}

/* Device, CPU, device, CPU */

/*
 * The CPU fills the buffer, the device writes every other chunk or fewer, and reads
 * what the CPU has written after that.
 */
static int heap_chain(const char *heap, size_t size, size_t step)
{
	struct buffer *buf = heap_alloc(heap, size);
	int dev, ret = KSFT_FAIL;
	uint32_t handle;

	if (!buf)
		return KSFT_FAIL;
	dev = dev_open();
	if (fails("/dev/edu_importer", dev))
		goto out_free;
	if (fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_READ | EDU_MAY_WRITE, &handle)))
		goto out_close;
	if (cpu_writes(buf, 0, size, 1, DMA_BUF_SYNC_WRITE) &&
	    dev_writes(dev, handle, buf, step, 2) &&
	    cpu_reads("the CPU, after the device's writes", buf) &&
	    cpu_writes(buf, 0, size, 3, DMA_BUF_SYNC_RW) &&
	    dev_reads("the device, after the CPU's writes", dev, handle, buf, step) &&
	    !fails("EDU_RELEASE", dev_release(dev, handle)) &&
	    cpu_reads("the CPU, after the release", buf))
		ret = KSFT_PASS;
out_close:
	close(dev);
out_free:
	buffer_free(buf);
	return ret;
}

static int system_heap_is_shared_with_the_device(void)
{
	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	return heap_chain("system", 64 * KIB, 8 * KIB);
}

static int large_system_heap_is_shared_with_the_device(void)
{
	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	return heap_chain("system", 1024 * KIB, 128 * KIB);
}

static int cma_heap_is_shared_with_the_device(void)
{
	char heap[256] = "";
	struct dirent *entry;
	DIR *dir;

	if (!edu[0])
		return skip("%s", no_edu);
	dir = opendir("/dev/dma_heap");
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, "system", 6))
			snprintf(heap, sizeof(heap), "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (!heap[0])
		return skip("no CMA heap in /dev/dma_heap");
	ksft_print_msg("heap %s\n", heap);
	return heap_chain(heap, SMALL, 8 * KIB);
}

/* A buffer of the system heap, and the device's file. */
static struct buffer *heap_and_device(size_t size, int *dev)
{
	struct buffer *buf = heap_alloc("system", size);

	if (!buf)
		return NULL;
	*dev = dev_open();
	if (fails("/dev/edu_importer", *dev)) {
		buffer_free(buf);
		return NULL;
	}
	return buf;
}

/* The CPU may do more than the device, between its syncs. */
static int device_that_reads_leaves_the_buffer_alone(void)
{
	struct buffer *buf;
	int dev, ret = KSFT_FAIL;
	uint32_t handle;

	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	buf = heap_and_device(2 * CHUNK, &dev);
	if (!buf)
		return KSFT_FAIL;
	if (cpu_writes(buf, 0, buf->size, 1, DMA_BUF_SYNC_WRITE) &&
	    !fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_READ, &handle)) &&
	    dev_reads("the device, after the import", dev, handle, buf, CHUNK) &&
	    cpu_writes(buf, 100, 5000, 2, DMA_BUF_SYNC_RW) &&
	    cpu_reads("the CPU, what it has written", buf) &&
	    dev_reads("the device, after the CPU's writes", dev, handle, buf, CHUNK) &&
	    !fails("EDU_RELEASE", dev_release(dev, handle)) &&
	    cpu_reads("the CPU, after the release", buf))
		ret = KSFT_PASS;
	close(dev);
	buffer_free(buf);
	return ret;
}

static int device_that_writes_leaves_the_rest_alone(void)
{
	struct buffer *buf;
	int dev, ret = KSFT_FAIL;
	uint32_t handle;

	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	buf = heap_and_device(2 * CHUNK, &dev);
	if (!buf)
		return KSFT_FAIL;
	if (!cpu_writes(buf, 0, buf->size, 1, DMA_BUF_SYNC_WRITE) ||
	    fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_WRITE, &handle)) ||
	    !cpu_writes(buf, 0, 1000, 2, DMA_BUF_SYNC_RW))
		goto out;
	fill(buf->image + 1000, 100, 3);
	if (!fails("the device writes",
		   dev_transfer(dev, EDU_WRITE, handle, 1000, 100, buf->image + 1000)) &&
	    cpu_reads("the CPU, after the device's write", buf) &&
	    cpu_writes(buf, 1100, 1000, 4, DMA_BUF_SYNC_RW) &&
	    !fails("EDU_RELEASE", dev_release(dev, handle)) &&
	    cpu_reads("the CPU, after the release", buf))
		ret = KSFT_PASS;
out:
	close(dev);
	buffer_free(buf);
	return ret;
}

/*
 * Two mappings that may both be written.  Where they bounce, each would have a copy of
 * its own: EBUSY is the answer then.
 */
static int second_mapping_sees_the_first_s_writes_or_is_refused(void)
{
	struct buffer *buf;
	int dev, err, ret = KSFT_FAIL;
	uint32_t first, second;

	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	buf = heap_and_device(2 * CHUNK, &dev);
	if (!buf)
		return KSFT_FAIL;
	if (!cpu_writes(buf, 0, buf->size, 1, DMA_BUF_SYNC_WRITE) ||
	    fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_READ | EDU_MAY_WRITE, &first)))
		goto out;
	err = dev_import(dev, buf->fd, EDU_MAY_READ | EDU_MAY_WRITE, &second);
	if (err == -EBUSY) {
		ksft_print_msg("the second mapping is refused: EBUSY\n");
		/* The first one has to work as before. */
		second = first;
	} else if (fails("a second EDU_IMPORT", err)) {
		goto out;
	}
	if (dev_writes(dev, first, buf, CHUNK, 2) &&
	    dev_reads("the device, by the other mapping", dev, second, buf, CHUNK) &&
	    cpu_reads("the CPU", buf) &&
	    !fails("EDU_RELEASE", dev_release(dev, first)) &&
	    cpu_reads("the CPU, after the release", buf))
		ret = KSFT_PASS;
out:
	/* The second one goes with its file. */
	close(dev);
	buffer_free(buf);
	return ret;
}

static int buffer_outlives_its_descriptor(void)
{
	struct buffer *buf;
	int dev, ret = KSFT_FAIL;
	uint32_t handle;

	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	buf = heap_and_device(CHUNK, &dev);
	if (!buf)
		return KSFT_FAIL;
	if (fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_READ | EDU_MAY_WRITE, &handle)))
		goto out;
	munmap(buf->map, buf->size);
	buf->map = NULL;
	close(buf->fd);
	buf->fd = -1;
	if (dev_writes(dev, handle, buf, CHUNK, 1) &&
	    dev_reads("the device", dev, handle, buf, CHUNK))
		ret = KSFT_PASS;
out:
	close(dev);
	buffer_free(buf);
	return ret;
}

static int importer_refuses_what_is_wrong(void)
{
	const unsigned int both = EDU_MAY_READ | EDU_MAY_WRITE;
	struct buffer *buf;
	uint8_t data[CHUNK + 1] = {};
	uint32_t handle, reads, writes;
	int dev, other, ret = KSFT_FAIL;

	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	buf = heap_and_device(2 * CHUNK, &dev);
	if (!buf)
		return KSFT_FAIL;
	other = dev_open();
	if (fails("/dev/edu_importer", other))
		goto out;
	if (!gives("no access", -EINVAL, dev_import(dev, buf->fd, 0, &handle)) ||
	    !gives("unknown access", -EINVAL, dev_import(dev, buf->fd, 4, &handle)) ||
	    !gives("no file", -EBADF, dev_import(dev, -1, both, &handle)) ||
	    !gives("no DMA buffer", -EINVAL, dev_import(dev, dev, both, &handle)) ||
	    !gives("no import", -ENOENT, dev_transfer(dev, EDU_READ, 1, 0, 1, data)) ||
	    !gives("nothing to release", -ENOENT, dev_release(dev, 1)))
		goto out_close;
	/* One after the other: a second mapping may be refused. */
	if (fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_READ, &reads)) ||
	    !gives("the other file's import", -ENOENT,
		   dev_transfer(other, EDU_READ, reads, 0, 1, data)) ||
	    !gives("release by the other file", -ENOENT, dev_release(other, reads)) ||
	    !gives("a write", -EACCES, dev_transfer(dev, EDU_WRITE, reads, 0, 1, data)) ||
	    !gives("no bytes", -EINVAL, dev_transfer(dev, EDU_READ, reads, 0, 0, data)) ||
	    !gives("too many bytes", -EINVAL,
		   dev_transfer(dev, EDU_READ, reads, 0, CHUNK + 1, data)) ||
	    !gives("behind the end", -EINVAL,
		   dev_transfer(dev, EDU_READ, reads, buf->size - 1, 2, data)) ||
	    !gives("an offset that wraps", -EINVAL,
		   dev_transfer(dev, EDU_READ, reads, UINT64_MAX, 2, data)) ||
	    fails("EDU_RELEASE", dev_release(dev, reads)) ||
	    !gives("a second release", -ENOENT, dev_release(dev, reads)))
		goto out_close;
	if (fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_WRITE, &writes)) ||
	    !gives("a read", -EACCES, dev_transfer(dev, EDU_READ, writes, 0, 1, data)) ||
	    !gives("no memory to write from", -EFAULT,
		   dev_transfer(dev, EDU_WRITE, writes, 0, 1, NULL)))
		goto out_close;
	ret = KSFT_PASS;
out_close:
	close(other);
out:
	close(dev);
	buffer_free(buf);
	return ret;
}

/* udmabuf and a disk */

struct memfd {
	int fd;
	uint8_t *map;
};

static void memfd_free(struct memfd *mem)
{
	munmap(mem->map, SMALL);
	close(mem->fd);
}

/* KSFT_PASS: made, of SMALL bytes. */
static int memfd_make(struct memfd *mem)
{
	mem->fd = memfd_create("dma_shared", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (mem->fd < 0)
		return skip("no memfd: %s", strerror(errno));
	if (fails("ftruncate", ftruncate(mem->fd, SMALL)) ||
	    fails("F_SEAL_SHRINK", fcntl(mem->fd, F_ADD_SEALS, F_SEAL_SHRINK)))
		goto err;
	mem->map = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, mem->fd, 0);
	if (mem->map == MAP_FAILED) {
		ksft_perror("cannot map the memfd");
		goto err;
	}
	return KSFT_PASS;
err:
	close(mem->fd);
	return KSFT_FAIL;
}

/* KSFT_PASS: @buf is made.  The image is what the memfd holds. */
static int udmabuf_make(struct memfd *mem, struct buffer **buf)
{
	struct udmabuf_create create = {
		.memfd = mem->fd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = SMALL,
	};
	int fd, dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (dev < 0)
		return skip("/dev/udmabuf: %s", strerror(errno));
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	close(dev);
	if (fails("UDMABUF_CREATE", fd))
		return KSFT_FAIL;
	*buf = buffer_new(fd, SMALL);
	if (!*buf)
		return KSFT_FAIL;
	memcpy((*buf)->image, mem->map, SMALL);
	return KSFT_PASS;
}

static int udmabuf_import(int dev, struct buffer *buf, uint32_t *handle)
{
	int ret;

	ret = dev_import(dev, buf->fd, EDU_MAY_READ | EDU_MAY_WRITE, handle);
	if (fails("EDU_IMPORT", ret))
		return KSFT_FAIL;
	ret = buf_sync(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	if (fails("SYNC_START", ret) ||
	    fails("SYNC_END", buf_sync(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ)))
		return KSFT_FAIL;
	return KSFT_PASS;
}

static int udmabuf_chain(struct memfd *mem, int dev)
{
	struct buffer *buf;
	uint32_t handle;
	int ret;

	fill(mem->map, SMALL, 1);
	ret = udmabuf_make(mem, &buf);
	if (ret != KSFT_PASS)
		return ret;
	ret = udmabuf_import(dev, buf, &handle);
	if (ret != KSFT_PASS)
		goto out;
	ret = KSFT_FAIL;
	if (dev_reads("the device, what the memfd holds", dev, handle, buf, 8 * KIB) &&
	    dev_writes(dev, handle, buf, 8 * KIB, 2) &&
	    cpu_reads("the CPU, after the device's writes", buf) &&
	    same("the memfd, after the device's writes", mem->map, buf->image, SMALL) &&
	    cpu_writes(buf, CHUNK, CHUNK, 3, DMA_BUF_SYNC_RW) &&
	    !fails("EDU_RELEASE", dev_release(dev, handle)) &&
	    cpu_reads("the CPU, after the release", buf) &&
	    same("the memfd, after the release", mem->map, buf->image, SMALL))
		ret = KSFT_PASS;
out:
	buffer_free(buf);
	return ret;
}

static int udmabuf_is_shared_with_the_device(void)
{
	struct memfd mem;
	int dev, ret;

	if (!edu[0])
		return skip("%s", no_edu);
	ret = memfd_make(&mem);
	if (ret != KSFT_PASS)
		return ret;
	dev = dev_open();
	ret = KSFT_FAIL;
	if (!fails("/dev/edu_importer", dev)) {
		ret = udmabuf_chain(&mem, dev);
		close(dev);
	}
	memfd_free(&mem);
	return ret;
}

/* Let the device write into the memfd, if it is there and may, else the CPU. */
static bool write_memfd(struct memfd *mem, struct buffer *buf)
{
	uint32_t handle;
	int dev, ret;

	fill(buf->image, SMALL, 1);
	memcpy(mem->map, buf->image, SMALL);
	if (!edu[0]) {
		ksft_print_msg("by the CPU: %s\n", no_edu);
		return true;
	}
	dev = dev_open();
	if (fails("/dev/edu_importer", dev))
		return false;
	ret = udmabuf_import(dev, buf, &handle);
	if (ret == KSFT_PASS && !dev_writes(dev, handle, buf, 8 * KIB, 2))
		ret = KSFT_FAIL;
	/* The import goes with its file. */
	close(dev);
	return ret != KSFT_FAIL;
}

/* And read from it what the disk has written. */
static bool read_memfd(struct buffer *buf)
{
	uint32_t handle;
	int dev, ret;

	if (!edu[0])
		return true;
	dev = dev_open();
	if (fails("/dev/edu_importer", dev))
		return false;
	ret = udmabuf_import(dev, buf, &handle);
	if (ret == KSFT_PASS &&
	    !dev_reads("the device, after the disk", dev, handle, buf, 16 * KIB))
		ret = KSFT_FAIL;
	close(dev);
	return ret != KSFT_FAIL;
}

static bool all(const char *what, ssize_t done)
{
	if (fails(what, done))
		return false;
	if ((size_t)done != SMALL)
		ksft_print_msg("%s: %zd of %lu bytes\n", what, done, SMALL);
	return (size_t)done == SMALL;
}

static int udmabuf_goes_to_a_disk_and_back(void)
{
	const char *path = getenv("DMA_SHARED_DISK");
	struct buffer *buf = NULL;
	struct memfd mem;
	struct stat st;
	void *copy;
	int disk, ret;

	if (!path)
		return skip("DMA_SHARED_DISK= names no disk that may be overwritten");
	/* A disk that is mounted, or has another user, is busy. */
	disk = open(path, O_RDWR | O_DIRECT | O_EXCL | O_CLOEXEC);
	if (disk < 0)
		return skip("%s: %s", path, strerror(errno));
	if (fstat(disk, &st) || !S_ISBLK(st.st_mode)) {
		close(disk);
		return skip("%s is no block device", path);
	}
	ret = memfd_make(&mem);
	if (ret != KSFT_PASS)
		goto out_disk;
	ret = udmabuf_make(&mem, &buf);
	if (ret != KSFT_PASS)
		goto out_memfd;
	ret = KSFT_FAIL;
	if (posix_memalign(&copy, 4096, SMALL)) {
		ksft_print_msg("out of memory\n");
		goto out_buf;
	}
	memset(copy, 0, SMALL);
	if (!write_memfd(&mem, buf) ||
	    !same("the memfd, before the disk", mem.map, buf->image, SMALL) ||
	    !all("write", pwrite(disk, mem.map, SMALL, 0)) ||
	    fails("fsync", fsync(disk)) ||
	    !all("read", pread(disk, copy, SMALL, 0)) ||
	    !same("the disk", copy, buf->image, SMALL))
		goto out_copy;
	memset(mem.map, 0, SMALL);
	if (all("read into the memfd", pread(disk, mem.map, SMALL, 0)) &&
	    same("the memfd, after the disk", mem.map, buf->image, SMALL) &&
	    cpu_reads("the udmabuf, after the disk", buf) &&
	    read_memfd(buf))
		ret = KSFT_PASS;
out_copy:
	free(copy);
out_buf:
	buffer_free(buf);
out_memfd:
	memfd_free(&mem);
out_disk:
	close(disk);
	return ret;
}

/* The driver goes */

/* In a process of its own: let the device write until that fails; the errno. */
static pid_t start_writer(int dev, uint32_t handle, struct buffer *buf)
{
	pid_t pid;
	int i, ret = 0;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	for (i = 0; i < 100 && !ret; i++)
		ret = dev_transfer(dev, EDU_WRITE, handle, 0, 256, buf->image);
	_exit(-ret);
}

static bool writer_ends(pid_t pid, int want)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		ksft_print_msg("the writing process has died\n");
		return false;
	}
	return gives("a write when the driver goes", want, -WEXITSTATUS(status));
}

/* Whether a DMA buffer lists the device: -1 if there is no debugfs to tell. */
static int is_attached(void)
{
	char line[300], *name;
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	int found = 0;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		name = line + strspn(line, "\t ");
		name[strcspn(name, "\n")] = 0;
		if (!strcmp(name, edu))
			found = 1;
	}
	fclose(file);
	return found;
}

static bool is_gone(int dev, struct buffer *buf, uint32_t handle)
{
	uint8_t byte;

	return gives("EDU_READ", -ENODEV, dev_transfer(dev, EDU_READ, handle, 0, 1, &byte)) &&
	       gives("EDU_WRITE", -ENODEV, dev_transfer(dev, EDU_WRITE, handle, 0, 1, &byte)) &&
	       gives("EDU_RELEASE", -ENODEV, dev_release(dev, handle)) &&
	       gives("EDU_IMPORT", -ENODEV, dev_import(dev, buf->fd, EDU_MAY_READ, &handle));
}

static int driver_goes_while_its_device_has_the_buffer(void)
{
	struct buffer *buf;
	int dev, again, attached, ret = KSFT_FAIL;
	uint32_t handle;
	bool ended;
	pid_t pid;

	if (!edu[0])
		return skip("%s", no_edu);
	if (!has_heap("system"))
		return skip("no /dev/dma_heap/system");
	buf = heap_and_device(2 * CHUNK, &dev);
	if (!buf)
		return KSFT_FAIL;
	if (fails("EDU_IMPORT", dev_import(dev, buf->fd, EDU_MAY_READ | EDU_MAY_WRITE, &handle)) ||
	    !dev_writes(dev, handle, buf, CHUNK, 1))
		goto out;
	attached = is_attached();
	if (!attached) {
		ksft_print_msg("bufinfo does not list the device\n");
		goto out;
	}
	pid = start_writer(dev, handle, buf);
	if (fails("fork", pid))
		goto out;
	usleep(300000);
	if (!edu_unbind()) {
		ksft_perror("unbind");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		goto out;
	}
	ended = writer_ends(pid, -ENODEV);
	if (ended && is_gone(dev, buf, handle)) {
		again = dev_open();
		if (again >= 0) {
			ksft_print_msg("/dev/edu_importer is still there\n");
			close(again);
		} else if (attached == 1 && is_attached()) {
			ksft_print_msg("the device is still attached\n");
		} else if (cpu_reads("the CPU, after the driver has gone", buf) &&
			   cpu_writes(buf, 0, buf->size, 2, DMA_BUF_SYNC_RW)) {
			ret = KSFT_PASS;
		}
	}

	if (!edu_bind()) {
		snprintf(no_edu, sizeof(no_edu), "the driver does not come back: %s",
			 strerror(errno));
		ksft_print_msg("%s\n", no_edu);
		edu[0] = 0;
		ret = KSFT_FAIL;
		goto out;
	}
	/* The old file stays dead, a new one works. */
	again = dev_open();
	if (!is_gone(dev, buf, handle) || fails("/dev/edu_importer", again) ||
	    fails("EDU_IMPORT", dev_import(again, buf->fd, EDU_MAY_READ, &handle)) ||
	    (ret == KSFT_PASS &&
	     !dev_reads("the device, when the driver is back", again, handle, buf, CHUNK)))
		ret = KSFT_FAIL;
	if (again >= 0)
		close(again);
out:
	close(dev);
	buffer_free(buf);
	return ret;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
#define CASE(f) { #f, f }
	CASE(importer_refuses_what_is_wrong),
	CASE(system_heap_is_shared_with_the_device),
	CASE(large_system_heap_is_shared_with_the_device),
	CASE(cma_heap_is_shared_with_the_device),
	CASE(device_that_reads_leaves_the_buffer_alone),
	CASE(device_that_writes_leaves_the_rest_alone),
	CASE(second_mapping_sees_the_first_s_writes_or_is_refused),
	CASE(buffer_outlives_its_descriptor),
	CASE(udmabuf_is_shared_with_the_device),
	CASE(udmabuf_goes_to_a_disk_and_back),
	CASE(driver_goes_while_its_device_has_the_buffer),
};

int main(void)
{
	unsigned int i;

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases));
	if (geteuid())
		snprintf(no_edu, sizeof(no_edu), "needs root");
	else
		edu_setup();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = cases[i].run();

		if (ret == KSFT_SKIP)
			ksft_test_result_skip("%s: %s\n", cases[i].name, reason);
		else
			ksft_test_result(ret == KSFT_PASS, "%s\n", cases[i].name);
	}
	edu_teardown();
	ksft_finished();
}
