// SPDX-License-Identifier: GPL-2.0
/*
 * CPU access to a buffer while a device still uses it.
 *
 * The exporter is made up. It records whether dma_buf_begin_cpu_access() has waited
 * for the device before it calls the exporter: a sync for the CPU does not cover what
 * the device writes later.
 */
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timer.h>

struct access_test {
	struct dma_buf *dmabuf;
	struct dma_fence *job;		/* of the device */
	struct timer_list job_timer;	/* signals it */
	struct dma_fence *move;		/* added by ->begin_cpu_access() */
	struct timer_list move_timer;
	enum dma_data_direction dir;	/* of the last call */
	bool moves, interrupts;		/* what ->begin_cpu_access() does */
	bool early;			/* it was called before the job was done */
	int begun, ended;
};

static const char *fence_name(struct dma_fence *f)
{
	return "access";
}

static const struct dma_fence_ops access_fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static struct dma_fence *new_fence(void)
{
	struct dma_fence *f = kmalloc_obj(*f);

	if (f)
		dma_fence_init(f, &access_fence_ops, NULL,
			       dma_fence_context_alloc(1), 1);
	return f;
}

static int add_fence(struct dma_buf *dmabuf, struct dma_fence *f,
		     enum dma_resv_usage usage)
{
	int ret;

	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!ret)
		dma_resv_add_fence(dmabuf->resv, f, usage);
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

static void job_done(struct timer_list *t)
{
	struct access_test *at = timer_container_of(at, t, job_timer);

	dma_fence_signal(at->job);
}

static void move_done(struct timer_list *t)
{
	struct access_test *at = timer_container_of(at, t, move_timer);

	dma_fence_signal(at->move);
}

static struct sg_table *access_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void access_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
}

static void access_release(struct dma_buf *dmabuf)
{
}

static int access_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct access_test *at = dmabuf->priv;

	at->begun++;
	at->dir = dir;
	if (!dma_fence_is_signaled(at->job))
		at->early = true;
	if (at->moves) {
		int ret = add_fence(dmabuf, at->move, DMA_RESV_USAGE_KERNEL);

		if (ret)
			return ret;
		mod_timer(&at->move_timer, jiffies + HZ / 20);
	}
	if (at->interrupts)
		send_sig(SIGUSR1, current, 1);
	return 0;
}

static int access_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct access_test *at = dmabuf->priv;

	at->ended++;
	at->dir = dir;
	return 0;
}

static const struct dma_buf_ops access_ops = {
	.map_dma_buf = access_map,
	.unmap_dma_buf = access_unmap,
	.release = access_release,
	.begin_cpu_access = access_begin,
	.end_cpu_access = access_end,
};

static void put_fence(void *data)
{
	dma_fence_put(data);
}

static void put_dmabuf(void *data)
{
	dma_buf_put(data);
	/* It is released before the test is. */
	flush_delayed_fput();
}

static int access_init(struct kunit *test)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct access_test *at = kunit_kzalloc(test, sizeof(*at), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, at);
	test->priv = at;
	timer_setup(&at->job_timer, job_done, 0);
	timer_setup(&at->move_timer, move_done, 0);

	at->job = new_fence();
	KUNIT_ASSERT_NOT_NULL(test, at->job);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_fence, at->job));
	at->move = new_fence();
	KUNIT_ASSERT_NOT_NULL(test, at->move);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_fence, at->move));

	info.ops = &access_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = at;
	at->dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at->dmabuf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_dmabuf, at->dmabuf));
	return 0;
}

static void access_exit(struct kunit *test)
{
	struct access_test *at = test->priv;

	if (!at)
		return;
	timer_shutdown_sync(&at->job_timer);
	timer_shutdown_sync(&at->move_timer);
	/* Nobody may wait for them for ever. */
	if (at->job)
		dma_fence_signal(at->job);
	if (at->move)
		dma_fence_signal(at->move);
}

/* The device uses the buffer, for a twentieth of a second. */
static void start_job(struct kunit *test, enum dma_resv_usage usage)
{
	struct access_test *at = test->priv;

	KUNIT_ASSERT_EQ(test, 0, add_fence(at->dmabuf, at->job, usage));
	mod_timer(&at->job_timer, jiffies + HZ / 20);
}

static void a_read_begins_once_the_device_has_written(struct kunit *test)
{
	struct access_test *at = test->priv;

	start_job(test, DMA_RESV_USAGE_WRITE);
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_begin_cpu_access(at->dmabuf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 1, at->begun);
	KUNIT_EXPECT_FALSE(test, at->early);
	KUNIT_EXPECT_EQ(test, 0, at->ended);
}

static void a_write_begins_once_the_device_has_read(struct kunit *test)
{
	struct access_test *at = test->priv;

	start_job(test, DMA_RESV_USAGE_READ);
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_begin_cpu_access(at->dmabuf, DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 1, at->begun);
	KUNIT_EXPECT_FALSE(test, at->early);
	KUNIT_EXPECT_EQ(test, 0, at->ended);
}

static void a_read_does_not_wait_for_readers(struct kunit *test)
{
	struct access_test *at = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			add_fence(at->dmabuf, at->job, DMA_RESV_USAGE_READ));
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_begin_cpu_access(at->dmabuf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 1, at->begun);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(at->job));
}

/* As amdgpu and xe do, which let an engine copy the buffer. */
static void a_move_by_the_exporter_is_waited_for(struct kunit *test)
{
	struct access_test *at = test->priv;

	at->moves = true;
	start_job(test, DMA_RESV_USAGE_WRITE);
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_begin_cpu_access(at->dmabuf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(at->move));
	KUNIT_EXPECT_FALSE(test, at->early);
	KUNIT_EXPECT_EQ(test, 0, at->ended);
}

/* KUnit's thread ignores every signal. */
static void catch_signal(struct kunit *test)
{
	KUNIT_ASSERT_TRUE(test, current->flags & PF_KTHREAD);
	allow_signal(SIGUSR1);
}

static void drop_signal(void)
{
	flush_signals(current);
	disallow_signal(SIGUSR1);
}

static void an_interrupted_wait_begins_no_access(struct kunit *test)
{
	struct access_test *at = test->priv;
	int ret;

	KUNIT_ASSERT_EQ(test, 0,
			add_fence(at->dmabuf, at->job, DMA_RESV_USAGE_WRITE));
	catch_signal(test);
	send_sig(SIGUSR1, current, 1);
	ret = dma_buf_begin_cpu_access(at->dmabuf, DMA_FROM_DEVICE);
	drop_signal();
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, ret);
	KUNIT_EXPECT_EQ(test, at->begun, at->ended);
}

static void an_interrupted_move_ends_the_access(struct kunit *test)
{
	struct access_test *at = test->priv;
	int ret;

	at->moves = true;
	at->interrupts = true;
	dma_fence_signal(at->job);
	catch_signal(test);
	ret = dma_buf_begin_cpu_access(at->dmabuf, DMA_BIDIRECTIONAL);
	drop_signal();
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, ret);
	KUNIT_EXPECT_EQ(test, 1, at->begun);
	KUNIT_EXPECT_EQ(test, 1, at->ended);
	KUNIT_EXPECT_EQ(test, DMA_BIDIRECTIONAL, at->dir);
}

static struct kunit_case access_cases[] = {
	KUNIT_CASE(a_read_begins_once_the_device_has_written),
	KUNIT_CASE(a_write_begins_once_the_device_has_read),
	KUNIT_CASE(a_read_does_not_wait_for_readers),
	KUNIT_CASE(a_move_by_the_exporter_is_waited_for),
	KUNIT_CASE(an_interrupted_wait_begins_no_access),
	KUNIT_CASE(an_interrupted_move_ends_the_access),
	{}
};

static struct kunit_suite access_suite = {
	.name = "dma-buf-access",
	.init = access_init,
	.exit = access_exit,
	.test_cases = access_cases,
};

kunit_test_suite(access_suite);

MODULE_IMPORT_NS("DMA_BUF");
