// SPDX-License-Identifier: GPL-2.0
/*
 * What a dma-buf's exporter promises to the CPU and to the devices that import it,
 * executed on every backend: the table of Documentation/core-api/dma-region.rst, cell
 * by cell.  The importer is the backend's device.
 */
#include <linux/dma-buf-kunit.h>
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <uapi/linux/memfd.h>
#include "conformance.h"

#define BUF_SIZE	(2 * PAGE_SIZE)
#define BUF_LARGE	max_t(size_t, SZ_1M, 8 * PAGE_SIZE)

/* The device writes the first half of each page, and the CPU what is left of it. */
#define PART		(PAGE_SIZE / 2 + 100)

static struct dma_buf *heap(const char *name, size_t len)
{
	return dma_heap_kunit_alloc(name, len);
}

static struct dma_buf *system_heap(size_t len)
{
	return heap("system", len);
}

static struct dma_buf *cma_heap(size_t len)
{
	return heap("default_cma_region", len);
}

#ifdef CONFIG_UDMABUF
static struct dma_buf *udmabuf(size_t len)
{
	struct file *file = memfd_alloc_file("dma_conformance_buf",
					     MFD_ALLOW_SEALING);
	struct dma_buf *buf;
	int memfd, fd, ret;

	if (IS_ERR(file))
		return ERR_CAST(file);
	ret = vfs_truncate(&file->f_path, len) ?:
	      memfd_fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK);
	memfd = ret ?: get_unused_fd_flags(0);
	if (memfd < 0) {
		fput(file);
		return ERR_PTR(memfd);
	}
	fd_install(memfd, file);
	fd = udmabuf_kunit_create(memfd, len);
	close_fd(memfd);
	if (fd < 0)
		return ERR_PTR(fd);
	buf = dma_buf_get(fd);
	close_fd(fd);
	return buf;
}
#else
static struct dma_buf *udmabuf(size_t len)
{
	return ERR_PTR(-ENODEV);
}
#endif

static const struct exporter {
	const char *name;
	struct dma_buf *(*alloc)(size_t len);
} exporters[] = {
	{ "system heap", system_heap },
	{ "CMA heap", cma_heap },
	{ "udmabuf", udmabuf },
};

static char *exporter = "";
module_param(exporter, charp, 0444);
MODULE_PARM_DESC(exporter, "Test one exporter: how its name begins");

/* One buffer, one device that has it mapped. */
struct import {
	struct dma_buf_attachment *at;
	struct sg_table *sgt;
	enum dma_data_direction dir;
};

struct shared {
	const char *name;
	struct dma_buf *buf;
	struct iosys_map map;
	u8 *cpu;
};

static bool shared_begin(struct kunit *test, struct shared *sh,
			 const struct exporter *ex, size_t len)
{
	sh->name = ex->name;
	sh->buf = ex->alloc(len);
	if (PTR_ERR_OR_ZERO(sh->buf) == -ENODEV)
		return false;
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, sh->buf, "%s", ex->name);
	KUNIT_ASSERT_EQ_MSG(test, 0, dma_buf_vmap_unlocked(sh->buf, &sh->map),
			    "%s", ex->name);
	sh->cpu = sh->map.vaddr;
	return true;
}

static void shared_end(struct shared *sh)
{
	dma_buf_vunmap_unlocked(sh->buf, &sh->map);
	dma_buf_put(sh->buf);
	flush_delayed_fput();
}

static int import(struct kunit *test, struct shared *sh, struct import *im,
		  enum dma_data_direction dir)
{
	struct conf *conf = test->priv;

	im->dir = dir;
	im->at = dma_buf_attach(sh->buf, conf->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, im->at, "%s", sh->name);
	im->sgt = dma_buf_map_attachment_unlocked(im->at, dir);
	if (!IS_ERR(im->sgt))
		return 0;
	dma_buf_detach(sh->buf, im->at);
	return PTR_ERR(im->sgt);
}

static void unimport(struct shared *sh, struct import *im)
{
	dma_buf_unmap_attachment_unlocked(im->at, im->sgt, im->dir);
	dma_buf_detach(sh->buf, im->at);
}

/* The device reads or writes @len bytes from @offset on, segment by segment. */
static int device(struct conf *conf, struct import *im, size_t offset, u8 *p,
		  size_t len, bool write)
{
	struct scatterlist *sg;
	dma_addr_t addr;
	int i, ret = 0;
	size_t n;

	for_each_sgtable_dma_sg(im->sgt, sg, i) {
		if (offset >= sg_dma_len(sg)) {
			offset -= sg_dma_len(sg);
			continue;
		}
		for (; len && offset < sg_dma_len(sg) && !ret;
		     offset += n, p += n, len -= n) {
			n = min3(len, (size_t)sg_dma_len(sg) - offset,
				 (size_t)SZ_4K);
			addr = sg_dma_address(sg) + offset;
			ret = write ? conf_write(conf, addr, p, n) :
				      conf_read(conf, addr, p, n);
		}
		offset = 0;
		if (!len || ret)
			return ret;
	}
	return -EFAULT;
}

static void device_writes(struct kunit *test, struct import *im, size_t offset,
			  u8 *p, size_t len)
{
	KUNIT_EXPECT_EQ(test, 0, device(test->priv, im, offset, p, len, true));
}

static void device_reads(struct kunit *test, struct import *im, size_t offset,
			 u8 *p, size_t len)
{
	KUNIT_EXPECT_EQ(test, 0, device(test->priv, im, offset, p, len, false));
}

static const char *const dirs[] = {
	[DMA_BIDIRECTIONAL] = "both ways",
	[DMA_TO_DEVICE] = "to the device",
	[DMA_FROM_DEVICE] = "from the device",
};

#define EXPECT_SAME(test, sh, got, want, len, dir, cpu, what)			\
do {										\
	size_t __len = (len);							\
										\
	KUNIT_EXPECT_EQ_MSG(test, __len, conf_same(got, want, __len),		\
			    "%s, mapped %s, CPU access %s: %s", (sh)->name,	\
			    dirs[dir], dirs[cpu], what);			\
} while (0)

static void begin(struct kunit *test, struct shared *sh,
		  enum dma_data_direction dir)
{
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(sh->buf, dir));
}

static void end(struct kunit *test, struct shared *sh,
		enum dma_data_direction dir)
{
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(sh->buf, dir));
}

/*
 * One cell of the table.  conf->want is what the buffer should hold.  The CPU writes
 * first, with no device there; then the device writes a part of each page, the CPU
 * another, and at the end everybody sees all of it.
 */
static void cell(struct kunit *test, struct shared *sh,
		 enum dma_data_direction dir, enum dma_data_direction cpu)
{
	struct conf *conf = test->priv;
	u8 *want = conf->want, *seen = conf->seen;
	struct import im;
	size_t page;

	conf_fill(want, BUF_SIZE, 70);
	begin(test, sh, DMA_TO_DEVICE);
	memcpy(sh->cpu, want, BUF_SIZE);
	end(test, sh, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ_MSG(test, 0, import(test, sh, &im, dir), "%s", sh->name);

	if (dir != DMA_FROM_DEVICE) {
		device_reads(test, &im, 0, seen, BUF_SIZE);
		EXPECT_SAME(test, sh, seen, want, BUF_SIZE, dir, cpu,
			    "the device reads what was there");
	}
	if (dir != DMA_TO_DEVICE) {
		for (page = 0; page < BUF_SIZE; page += PAGE_SIZE) {
			conf_fill(want + page, PART, 71);
			device_writes(test, &im, page, want + page, PART);
		}
	}
	begin(test, sh, cpu);
	EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, dir, cpu,
		    "the CPU reads what the device wrote");
	if (cpu != DMA_FROM_DEVICE) {
		for (page = 0; page < BUF_SIZE; page += PAGE_SIZE) {
			conf_fill(want + page + PART, PAGE_SIZE - PART, 72);
			memcpy(sh->cpu + page + PART, want + page + PART,
			       PAGE_SIZE - PART);
		}
	}
	end(test, sh, cpu);
	if (dir != DMA_FROM_DEVICE) {
		device_reads(test, &im, 0, seen, BUF_SIZE);
		EXPECT_SAME(test, sh, seen, want, BUF_SIZE, dir, cpu,
			    "the device reads what the CPU wrote");
	}
	if (dir != DMA_TO_DEVICE) {
		/* Once more, so that something is new when it is unmapped. */
		conf_fill(want, 64, 73);
		device_writes(test, &im, 0, want, 64);
	}
	unimport(sh, &im);
	begin(test, sh, DMA_FROM_DEVICE);
	EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, dir, cpu,
		    "the CPU reads all of it after the unmap");
	end(test, sh, DMA_FROM_DEVICE);
}

/* Calls @fn with a buffer of each exporter that the kernel has. */
static void with_exporters(struct kunit *test, size_t len,
			   void (*fn)(struct kunit *test, struct shared *sh))
{
	struct shared sh;
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(exporters); i++) {
		if (!strstarts(exporters[i].name, exporter) ||
		    !shared_begin(test, &sh, &exporters[i], len))
			continue;
		fn(test, &sh);
		shared_end(&sh);
		n++;
	}
	KUNIT_EXPECT_GT(test, n, 0);
}

static void all_cells(struct kunit *test, struct shared *sh)
{
	enum dma_data_direction dir, cpu;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++)
		for (cpu = DMA_BIDIRECTIONAL; cpu <= DMA_FROM_DEVICE; cpu++)
			cell(test, sh, dir, cpu);
}

static void promise_70_cpu_and_device_see_what_the_other_wrote(struct kunit *test)
{
	with_exporters(test, BUF_SIZE, all_cells);
}

/* A reader and a writer, in each order: nothing is lost, or the second is refused. */
static void two_importers(struct kunit *test, struct shared *sh,
			  enum dma_data_direction first,
			  enum dma_data_direction second)
{
	struct conf *conf = test->priv;
	u8 *want = conf->want;
	struct import a, b, *writer, *reader;
	int ret;

	conf_fill(want, BUF_SIZE, 74);
	begin(test, sh, DMA_TO_DEVICE);
	memcpy(sh->cpu, want, BUF_SIZE);
	end(test, sh, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, 0, import(test, sh, &a, first));
	ret = import(test, sh, &b, second);
	if (ret) {
		KUNIT_EXPECT_EQ_MSG(test, -EBUSY, ret, "%s", sh->name);
		KUNIT_EXPECT_TRUE_MSG(test, conf->be->claims &
				      (CONF_BOUNCES | CONF_BOUNCES_SOME),
				      "%s", sh->name);
		writer = first != DMA_TO_DEVICE ? &a : NULL;
	} else {
		writer = first != DMA_TO_DEVICE ? &a : &b;
	}
	if (writer) {
		conf_fill(want, PART, 75);
		device_writes(test, writer, 0, want, PART);
	}
	reader = first == DMA_TO_DEVICE ? &a : &b;
	if (!ret) {
		device_reads(test, reader, 0, conf->seen, BUF_SIZE);
		EXPECT_SAME(test, sh, conf->seen, want, BUF_SIZE, first, second,
			    "the reader sees what the writer wrote");
	}
	begin(test, sh, DMA_BIDIRECTIONAL);
	EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, first, second,
		    "one importer's old copy is not written over the other's data");
	conf_fill(want + PART, 100, 76);
	memcpy(sh->cpu + PART, want + PART, 100);
	end(test, sh, DMA_BIDIRECTIONAL);
	if (!ret) {
		device_reads(test, reader, 0, conf->seen, BUF_SIZE);
		EXPECT_SAME(test, sh, conf->seen, want, BUF_SIZE, first, second,
			    "the reader sees both");
		unimport(sh, &b);
	}
	unimport(sh, &a);
	begin(test, sh, DMA_FROM_DEVICE);
	EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, first, second,
		    "nothing is lost at the end");
	end(test, sh, DMA_FROM_DEVICE);
}

static void each_order(struct kunit *test, struct shared *sh)
{
	two_importers(test, sh, DMA_TO_DEVICE, DMA_FROM_DEVICE);
	two_importers(test, sh, DMA_FROM_DEVICE, DMA_TO_DEVICE);
	two_importers(test, sh, DMA_TO_DEVICE, DMA_BIDIRECTIONAL);
	two_importers(test, sh, DMA_BIDIRECTIONAL, DMA_TO_DEVICE);
}

static void promise_71_an_importer_keeps_the_data_of_another(struct kunit *test)
{
	with_exporters(test, BUF_SIZE, each_order);
}

static void within_limits(struct kunit *test, struct shared *sh)
{
	struct conf *conf = test->priv;
	u64 boundary = dma_get_seg_boundary(conf->dev);
	size_t max = dma_get_max_seg_size(conf->dev), len = 0;
	struct scatterlist *sg;
	struct import im;
	int i;

	KUNIT_ASSERT_EQ_MSG(test, 0, import(test, sh, &im, DMA_BIDIRECTIONAL),
			    "%s", sh->name);
	for_each_sgtable_dma_sg(im.sgt, sg, i) {
		KUNIT_EXPECT_LE_MSG(test, sg_dma_len(sg), max, "%s", sh->name);
		KUNIT_EXPECT_EQ_MSG(test, sg_dma_address(sg) & ~boundary,
				    (sg_dma_address(sg) + sg_dma_len(sg) - 1) &
				    ~boundary, "%s", sh->name);
		len += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ_MSG(test, len, sh->buf->size, "%s", sh->name);
	unimport(sh, &im);
}

static void promise_72_segments_are_what_the_importer_takes(struct kunit *test)
{
	struct conf *conf = test->priv;

	dma_set_max_seg_size(conf->dev, 3 * PAGE_SIZE);
	dma_set_seg_boundary(conf->dev, 4 * PAGE_SIZE - 1);
	/* Of pages that are contiguous, as far as there are any. */
	with_exporters(test, 16 * PAGE_SIZE, within_limits);
	conf_reset_limits(conf);
}

static void unbalanced(struct kunit *test, struct shared *sh)
{
	enum dma_data_direction dir;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    dma_buf_end_cpu_access(sh->buf, dir),
				    "%s, %s", sh->name, dirs[dir]);
	begin(test, sh, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
			    dma_buf_end_cpu_access(sh->buf, DMA_TO_DEVICE),
			    "%s", sh->name);
	KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
			    dma_buf_end_cpu_access(sh->buf, DMA_BIDIRECTIONAL),
			    "%s", sh->name);
	end(test, sh, DMA_FROM_DEVICE);
	begin(test, sh, DMA_BIDIRECTIONAL);
	/* An access both ways may end in two. */
	end(test, sh, DMA_TO_DEVICE);
	end(test, sh, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
			    dma_buf_end_cpu_access(sh->buf, DMA_FROM_DEVICE),
			    "%s", sh->name);
}

static void promise_74_an_access_that_is_not_open_cannot_end(struct kunit *test)
{
	with_exporters(test, BUF_SIZE, unbalanced);
}

/* The inner access takes back nothing of what the outer one has written. */
static void nested(struct kunit *test, struct shared *sh)
{
	struct conf *conf = test->priv;
	enum dma_data_direction dir, inner;
	struct import im;
	u8 *want = conf->want;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		for (inner = DMA_BIDIRECTIONAL; inner <= DMA_FROM_DEVICE; inner++) {
			KUNIT_ASSERT_EQ(test, 0, import(test, sh, &im, dir));
			begin(test, sh, DMA_TO_DEVICE);
			conf_fill(want, BUF_SIZE, 77 + inner);
			memcpy(sh->cpu, want, BUF_SIZE);
			begin(test, sh, inner);
			EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, dir,
				    inner, "an access within an access");
			end(test, sh, inner);
			end(test, sh, DMA_TO_DEVICE);
			if (dir != DMA_FROM_DEVICE) {
				device_reads(test, &im, 0, conf->seen, BUF_SIZE);
				EXPECT_SAME(test, sh, conf->seen, want, BUF_SIZE,
					    dir, inner, "the device sees it");
			}
			unimport(sh, &im);
			EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, dir,
				    inner, "after the unmap");
		}
	}
}

static void promise_76_accesses_nest(struct kunit *test)
{
	with_exporters(test, BUF_SIZE, nested);
}

/* A process that was killed never ends its access. */
static void left_open(struct kunit *test, struct shared *sh)
{
	struct conf *conf = test->priv;
	enum dma_data_direction dir;
	struct import im;
	u8 *want = conf->want;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		conf_fill(want, BUF_SIZE, 80 + dir);
		begin(test, sh, DMA_TO_DEVICE);
		memcpy(sh->cpu, want, BUF_SIZE);
		KUNIT_ASSERT_EQ(test, 0, import(test, sh, &im, dir));
		conf_fill(want, 64, 83);
		memcpy(sh->cpu, want, 64);
		unimport(sh, &im);
		EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, dir,
			    DMA_TO_DEVICE, "an unmap while the CPU writes");
		/* The next one sees what a device writes, unless it bounces. */
		if (dir == DMA_TO_DEVICE ||
		    dma_max_mapping_size(conf->dev) != SIZE_MAX)
			continue;
		KUNIT_ASSERT_EQ(test, 0, import(test, sh, &im, dir));
		conf_fill(want, PART, 84);
		device_writes(test, &im, 0, want, PART);
		begin(test, sh, DMA_FROM_DEVICE);
		EXPECT_SAME(test, sh, sh->cpu, want, BUF_SIZE, dir,
			    DMA_FROM_DEVICE, "beside an access that is left open");
		end(test, sh, DMA_FROM_DEVICE);
		unimport(sh, &im);
	}
}

static void promise_77_an_access_may_stay_open(struct kunit *test)
{
	with_exporters(test, BUF_SIZE, left_open);
}

static void large(struct kunit *test, struct shared *sh)
{
	struct conf *conf = test->priv;
	size_t last = sh->buf->size - PAGE_SIZE;
	struct import im;

	KUNIT_ASSERT_EQ_MSG(test, 0, import(test, sh, &im, DMA_BIDIRECTIONAL),
			    "%s", sh->name);
	conf_fill(conf->want, PAGE_SIZE, 78);
	device_writes(test, &im, last, conf->want, PAGE_SIZE);
	begin(test, sh, DMA_BIDIRECTIONAL);
	EXPECT_SAME(test, sh, sh->cpu + last, conf->want, PAGE_SIZE,
		    DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL, "the last page");
	conf_fill(conf->want, PAGE_SIZE, 79);
	memcpy(sh->cpu + last, conf->want, PAGE_SIZE);
	end(test, sh, DMA_BIDIRECTIONAL);
	device_reads(test, &im, last, conf->seen, PAGE_SIZE);
	EXPECT_SAME(test, sh, conf->seen, conf->want, PAGE_SIZE,
		    DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL, "the device's last page");
	unimport(sh, &im);
}

static void promise_75_a_buffer_may_be_larger_than_a_mapping(struct kunit *test)
{
	struct conf *conf = test->priv;
	size_t max = dma_max_mapping_size(conf->dev);
	long room;

	if (max >= BUF_LARGE)
		kunit_skip(test, "expected skip: does not apply: a mapping may be of %zu bytes",
			   max);
	room = conf->be->claims & CONF_EXHAUSTS ? conf_room(test) : LONG_MAX;
	if (room < 2 * BUF_LARGE)
		kunit_skip(test, "expected skip: does not apply: no more than %ld bytes at once",
			   room);
	/* So that nothing else makes the segments small. */
	dma_set_max_seg_size(conf->dev, UINT_MAX);
	with_exporters(test, BUF_LARGE, large);
	conf_reset_limits(conf);
}

static struct kunit_case buf_cases[] = {
	KUNIT_CASE_PARAM(promise_70_cpu_and_device_see_what_the_other_wrote,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_71_an_importer_keeps_the_data_of_another,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_72_segments_are_what_the_importer_takes,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_74_an_access_that_is_not_open_cannot_end,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_75_a_buffer_may_be_larger_than_a_mapping,
			 conf_gen_present),
	KUNIT_CASE_PARAM(promise_76_accesses_nest, conf_gen_present),
	KUNIT_CASE_PARAM(promise_77_an_access_may_stay_open, conf_gen_present),
	{}
};

static struct kunit_suite buf_suite = {
	.name = "dma_conformance_buf",
	.suite_init = conf_devices_init,
	.suite_exit = conf_devices_exit,
	.init = conf_test_init,
	.exit = conf_test_exit,
	.test_cases = buf_cases,
};

kunit_test_suite(buf_suite);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_DESCRIPTION("KUnit tests of dma-buf exporters, for every DMA backend");
MODULE_LICENSE("GPL");
