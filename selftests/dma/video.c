// SPDX-License-Identifier: GPL-2.0-only
/*
 * vim2m, which copies frames here, and CPUs take turns with dma-bufs that are queued early:
 *
 *	CPU holds src    [=======]              CPU holds dst    [====]
 *	QBUF            ^........[copy]         QBUF            ^.....[copy]
 *	CPU locks dst        .........[===]
 */
#include <errno.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma.h"
#include "video_device.h"

#define DRIVER	"vim2m"
#define WIDTH	128
#define HEIGHT	32
#define SIZE	(3 * WIDTH * HEIGHT)
#define NR	2
#define OLD	1
#define NEW	2
#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W
/* A transaction takes so many ms. */
#define TRANS_TIME	(V4L2_CID_USER_BASE + 0x1000)

FIXTURE(video)
{
	int dev, ctx, other;
	size_t size;
	struct st_buffer src[NR], dst[NR];
};

/* A device with formats and buffers, for queues that acquire dma-bufs or do not. */
static int device_open(bool sync)
{
	int dev, ret;

	ret = video_sync_set(DRIVER, sync);
	if (ret)
		return ret;
	dev = video_open(DRIVER, V4L2_CAP_VIDEO_M2M);
	if (dev < 0)
		return dev;
	if (video_format(dev, VIDEO_OUTPUT, WIDTH, HEIGHT) != SIZE ||
	    video_format(dev, VIDEO_CAPTURE, WIDTH, HEIGHT) != SIZE ||
	    video_control(dev, TRANS_TIME, 1) ||
	    video_buffers(dev, VIDEO_OUTPUT, NR) || video_buffers(dev, VIDEO_CAPTURE, NR)) {
		close(dev);
		return -EPROTO;
	}
	return dev;
}

static int device_start(int dev)
{
	return video_start(dev, VIDEO_OUTPUT) ?: video_start(dev, VIDEO_CAPTURE);
}

static bool is_filled(const struct st_buffer *buf, size_t from, size_t to, unsigned char byte)
{
	for (; from < to; from++)
		if (buf->map[from] != byte)
			return false;
	return true;
}

/* NR buffers of each kind. */
static int frames_open(struct st_buffer *src, struct st_buffer *dst)
{
	int ret = 0, i;

	for (i = 0; i < NR && !ret; i++)
		ret = dma_buffers(&src[i], &dst[i], SIZE, false);
	return ret;
}

static void frames_close(struct st_buffer *src, struct st_buffer *dst)
{
	int i;

	for (i = 0; i < NR; i++) {
		st_buffer_close(&src[i]);
		st_buffer_close(&dst[i]);
	}
}

FIXTURE_SETUP(video)
{
	int i;

	if (!video_exists(DRIVER))
		SKIP(return, "no vim2m that acquires dma-bufs: it needs the patch series");
	self->size = SIZE;
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	self->other = st_context_open();
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, frames_open(self->src, self->dst));
	for (i = 0; i < NR; i++) {
		memset(self->src[i].map, OLD, self->size);
		memset(self->dst[i].map, 0, self->size);
	}
	self->dev = device_open(true);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(video)
{
	if (!video_exists(DRIVER))
		return;
	close(self->dev);
	close(self->other);
	close(self->ctx);
	frames_close(self->src, self->dst);
	EXPECT_EQ(0, video_sync_set(DRIVER, false));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

/* The device waits for the buffer. */
static bool waits(int ctx, const struct st_buffer *buf)
{
	return st_query_count(ctx, buf->fd, DMABUF_SYNC_STATE_QUEUED) == 1;
}

static bool is_free(int ctx, const struct st_buffer *buf)
{
	return st_query_count(ctx, buf->fd, 0) == 0;
}

static bool is_ready(int dev, short events)
{
	struct pollfd pfd = { .fd = dev, .events = events };

	return poll(&pfd, 1, 0) > 0;
}

#define HALF	(self->size / 2)

TEST_F(video, without_it_a_frame_that_is_drawn_is_torn)
{
	long set;

	close(self->dev);
	self->dev = device_open(false);
	ASSERT_LE(0, self->dev);
	set = st_lock_all(self->ctx, self->src[0].fd, W, 0);
	ASSERT_LT(0, set);
	memset(self->src[0].map, NEW, HALF);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	ASSERT_EQ(0, device_start(self->dev));
	ASSERT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	memset(self->src[0].map + HALF, NEW, HALF);
	EXPECT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, HALF, NEW));
	EXPECT_TRUE(is_filled(&self->dst[0], HALF, self->size, OLD));
}

TEST_F(video, a_frame_that_is_drawn_is_waited_for)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);

	ASSERT_LT(0, set);
	memset(self->src[0].map, NEW, HALF);
	ASSERT_EQ(0, device_start(self->dev));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	EXPECT_TRUE(waits(self->other, &self->src[0]));
	EXPECT_TRUE(ST_STAYS(!is_ready(self->dev, POLLIN)));
	memset(self->src[0].map + HALF, NEW, HALF);
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_OUTPUT));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, NEW));
	EXPECT_TRUE(is_free(self->other, &self->src[0]));
	EXPECT_TRUE(is_free(self->other, &self->dst[0]));
}

/* Queued before the device is started, acquired before and after. */
TEST_F(video, a_frame_queued_before_the_start_is_waited_for)
{
	long set = st_lock_all(self->ctx, self->dst[0].fd, R, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->other, self->src[0].fd, W,
				       DMABUF_SYNC_ACQUIRE_NONBLOCK));
	ASSERT_EQ(0, device_start(self->dev));
	EXPECT_TRUE(ST_STAYS(!is_ready(self->dev, POLLIN)));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, 0));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, OLD));
}

TEST_F(video, a_reader_waits_for_the_device)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);
	struct st_call reader;

	ASSERT_LT(0, set);
	ASSERT_EQ(0, device_start(self->dev));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]));
	ASSERT_EQ(0, st_call_wait(&reader, self->other, self->dst[0].fd, R));
	memset(self->src[0].map, NEW, self->size);
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_LT(0, st_call_end(&reader));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, NEW));
}

/* A reader is not in the way of a device that reads, and the other way round. */
TEST_F(video, readers_share_with_the_device)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, R, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]));
	EXPECT_LT(0, st_lock_all(self->other, self->src[0].fd, R, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	ASSERT_EQ(0, device_start(self->dev));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
}

TEST_F(video, a_later_frame_that_is_free_keeps_its_place)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);
	int i;

	ASSERT_LT(0, set);
	memset(self->src[1].map, NEW, self->size);
	ASSERT_EQ(0, device_start(self->dev));
	for (i = 0; i < NR; i++) {
		ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, i, &self->src[i]));
		ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, i, &self->dst[i]));
	}
	EXPECT_TRUE(ST_STAYS(!is_ready(self->dev, POLLIN)));
	ASSERT_EQ(0, st_release(self->ctx, set));
	for (i = 0; i < NR; i++) {
		EXPECT_EQ(i, video_done(self->dev, VIDEO_CAPTURE));
		EXPECT_EQ(i, video_done(self->dev, VIDEO_OUTPUT));
	}
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, OLD));
	EXPECT_TRUE(is_filled(&self->dst[1], 0, self->size, NEW));
}

/* One frame waits, one is acquired and waits behind it, and so are those of the other side. */
static int all_queued(struct _test_data_video *self, int dev)
{
	int i, ret = device_start(dev);

	for (i = 0; !ret && i < NR; i++)
		ret = video_queue(dev, VIDEO_OUTPUT, i, &self->src[i]) ?:
		      video_queue(dev, VIDEO_CAPTURE, i, &self->dst[i]);
	return ret;
}

/* Nobody but @self->ctx has src[0]. */
static bool device_has_nothing(struct _test_data_video *self)
{
	return st_query_count(self->other, self->src[0].fd, 0) == 1 &&
	       is_free(self->other, &self->src[1]) && is_free(self->other, &self->dst[0]) &&
	       is_free(self->other, &self->dst[1]);
}

TEST_F(video, streamoff_cancels_and_releases)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, all_queued(self, self->dev));
	ASSERT_TRUE(waits(self->other, &self->src[0]));
	ASSERT_EQ(0, video_stop(self->dev, VIDEO_OUTPUT));
	ASSERT_EQ(0, video_stop(self->dev, VIDEO_CAPTURE));
	EXPECT_TRUE(device_has_nothing(self));
	/* And it works as before. */
	ASSERT_EQ(0, all_queued(self, self->dev));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(1, video_done(self->dev, VIDEO_CAPTURE));
}

/* Freeing buffers that were queued before the start. */
TEST_F(video, reqbufs_cancels_and_releases)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);
	int i;

	ASSERT_LT(0, set);
	for (i = 0; i < NR; i++)
		ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, i, &self->src[i]));
	ASSERT_EQ(0, video_buffers(self->dev, VIDEO_OUTPUT, 0));
	EXPECT_TRUE(device_has_nothing(self));
}

TEST_F(video, close_cancels_and_releases)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, all_queued(self, self->dev));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_TRUE(device_has_nothing(self));
	self->dev = device_open(true);
	ASSERT_LE(0, self->dev);
}

/* The end of a request and the close of the device meet. */
TEST_F(video, release_meets_close)
{
	int i, dev;
	long set;

	for (i = 0; i < 100; i++) {
		dev = device_open(true);
		ASSERT_LE(0, dev);
		set = st_lock_all(self->ctx, self->src[0].fd, W, 0);
		ASSERT_LT(0, set);
		ASSERT_EQ(0, all_queued(self, dev));
		ASSERT_EQ(0, st_release(self->ctx, set));
		ASSERT_EQ(0, close(dev));
		ASSERT_TRUE(is_free(self->other, &self->src[0]));
	}
}

TEST_F(video, kill_cancels_and_releases)
{
	long set = st_lock_all(self->ctx, self->src[0].fd, W, 0);
	pid_t child;
	int dev;

	ASSERT_LT(0, set);
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child) {
		dev = device_open(true);
		if (dev < 0 || all_queued(self, dev))
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(waits(self->other, &self->src[0]) &&
			     !is_free(self->other, &self->dst[1])));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_TRUE(WIFSIGNALED(st_child_wait(child)));
	EXPECT_TRUE(ST_UNTIL(device_has_nothing(self)));
}

/* The one that draws dies: the device goes on with what is there. */
TEST_F(video, death_of_the_one_that_draws_lets_the_device_go_on)
{
	pid_t child = st_fork();
	int ctx;

	ASSERT_LE(0, child);
	if (!child) {
		ctx = st_context_open();
		if (ctx < 0 || st_lock_all(ctx, self->src[0].fd, W, 0) <= 0)
			_exit(1);
		memset(self->src[0].map, NEW, self->size);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(!is_free(self->other, &self->src[0]) &&
			     is_filled(&self->src[0], 0, self->size, NEW)));
	ASSERT_EQ(0, all_queued(self, self->dev));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_TRUE(WIFSIGNALED(st_child_wait(child)));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, NEW));
}

/* A job of another device writes the frame. */
TEST_F(video, a_job_is_waited_for)
{
	int copy = dma_open(), job;

	ASSERT_LE(0, copy);
	memset(self->src[1].map, NEW, self->size);
	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", "200000"));
	job = dma_job(copy, &self->src[1], &self->src[0]);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, all_queued(self, self->dev));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_TRUE(is_filled(&self->dst[0], 0, self->size, NEW));
	close(job);
	close(copy);
	EXPECT_EQ(0, dma_param_restore());
}

/* Another dma-buf for the same index: the old one is let go. */
TEST_F(video, buffers_can_change_their_dma_bufs)
{
	int i;

	ASSERT_EQ(0, device_start(self->dev));
	for (i = 0; i < 10; i++) {
		memset(self->src[i % NR].map, i, self->size);
		ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[i % NR]));
		ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[i % NR]));
		ASSERT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
		ASSERT_EQ(0, video_done(self->dev, VIDEO_OUTPUT));
		ASSERT_TRUE(is_filled(&self->dst[i % NR], 0, self->size, i));
	}
}

/* As somebody to whom limits apply: the second buffer is one access too many. */
static int queue_too_many(struct _test_data_video *self)
{
	if (setgid(65534) || setuid(65534))
		return 1;
	if (video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]))
		return 2;
	return video_queue(self->dev, VIDEO_OUTPUT, 1, &self->src[1]) == -ENOLCK ? 0 : 3;
}

/* The next QBUF comes with another dma-buf: it is the one that is read. */
TEST_F(video, qbuf_that_cannot_be_acquired_leaves_no_dma_buf)
{
	pid_t child;
	int i;

	ASSERT_EQ(0, dma_param_set("dmabuf_sync", "max_user_accesses", "1"));
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(queue_too_many(self));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(child)));
	ASSERT_EQ(0, dma_param_restore());
	EXPECT_TRUE(is_free(self->other, &self->src[1]));
	memset(self->src[1].map, NEW, self->size);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 1, &self->src[0]));
	ASSERT_EQ(0, device_start(self->dev));
	for (i = 0; i < NR; i++) {
		ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, i, &self->dst[i]));
		EXPECT_EQ(i, video_done(self->dev, VIDEO_CAPTURE));
		EXPECT_TRUE(is_filled(&self->dst[i], 0, self->size, OLD));
	}
}

/* A capture buffer that comes back as it was is as undefined as before. */
TEST_F(video, abandoned_bytes_stay_so_until_the_device_has_written)
{
	ASSERT_EQ(0, video_abandon(self->dst[0].fd));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	ASSERT_EQ(0, device_start(self->dev));
	ASSERT_FALSE(is_free(self->other, &self->dst[0]));
	ASSERT_EQ(0, video_stop(self->dev, VIDEO_CAPTURE));
	EXPECT_TRUE(is_free(self->other, &self->dst[0]));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, video_status(self->ctx, self->dst[0].fd));
	ASSERT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_OUTPUT, 0, &self->src[0]));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->dst[0]));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, video_status(self->ctx, self->dst[0].fd));
}

/*
 * Frames go from one process through the device to another: this one draws half of a frame,
 * queues it and draws the other half. The other one reads each as soon as it may.
 */
#define NR_FRAMES	100

FIXTURE(video_pipeline)
{
	int to_reader[2], from_reader[2];
	struct st_buffer src[NR], dst[NR];
	int ctx;
	size_t size;
};

FIXTURE_VARIANT(video_pipeline)
{
	bool sync;
};

FIXTURE_VARIANT_ADD(video_pipeline, without)
{
	.sync = false,
};

FIXTURE_VARIANT_ADD(video_pipeline, with)
{
	.sync = true,
};

FIXTURE_SETUP(video_pipeline)
{
	if (!video_exists(DRIVER))
		SKIP(return, "no vim2m that acquires dma-bufs: it needs the patch series");
	self->size = SIZE;
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, pipe(self->to_reader));
	ASSERT_EQ(0, pipe(self->from_reader));
	ASSERT_EQ(0, frames_open(self->src, self->dst));
}

FIXTURE_TEARDOWN(video_pipeline)
{
	int i;

	if (!video_exists(DRIVER))
		return;
	close(self->ctx);
	for (i = 0; i < 2; i++) {
		close(self->to_reader[i]);
		close(self->from_reader[i]);
	}
	frames_close(self->src, self->dst);
	EXPECT_EQ(0, video_sync_set(DRIVER, false));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

/* For each frame number that comes: was the frame whole? */
static int read_frames(struct _test_data_video_pipeline *self)
{
	int ctx = st_context_open();
	unsigned char frame, whole;
	struct st_buffer *dst;
	long set;

	while (read(self->to_reader[0], &frame, 1) == 1) {
		dst = &self->dst[frame % NR];
		set = st_lock_all(ctx, dst->fd, R, 0);
		whole = is_filled(dst, 0, self->size, frame);
		if (set <= 0 || st_release(ctx, set) ||
		    write(self->from_reader[1], &whole, 1) != 1)
			return 1;
	}
	return 0;
}

/* Return: was it whole, or a negative errno. */
static int pass_frame(struct _test_data_video_pipeline *self, int dev, unsigned char frame)
{
	struct st_buffer *src = &self->src[frame % NR];
	size_t half = self->size / 2;
	unsigned char whole;
	long set;

	set = st_lock_all(self->ctx, src->fd, W, 0);
	if (set <= 0)
		return set;
	memset(src->map, frame, half);
	if (video_queue(dev, VIDEO_CAPTURE, frame % NR, &self->dst[frame % NR]) ||
	    video_queue(dev, VIDEO_OUTPUT, frame % NR, src) ||
	    write(self->to_reader[1], &frame, 1) != 1)
		return -EIO;
	memset(src->map + half, frame, half);
	if (st_release(self->ctx, set) || read(self->from_reader[0], &whole, 1) != 1 ||
	    video_done(dev, VIDEO_CAPTURE) != frame % NR ||
	    video_done(dev, VIDEO_OUTPUT) != frame % NR)
		return -EIO;
	return whole;
}

TEST_F(video_pipeline, frames_are_torn_unless_it_is_on)
{
	int dev, frame, whole, torn = 0;
	pid_t reader;

	reader = st_fork();
	ASSERT_LE(0, reader);
	if (!reader) {
		close(self->to_reader[1]);
		_exit(read_frames(self));
	}
	dev = device_open(variant->sync);
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, device_start(dev));
	for (frame = 1; frame <= NR_FRAMES; frame++) {
		whole = pass_frame(self, dev, frame);
		ASSERT_LE(0, whole);
		torn += !whole;
	}
	close(dev);
	close(self->to_reader[1]);
	self->to_reader[1] = -1;
	EXPECT_EQ(0, st_child_wait(reader));
	TH_LOG("%d of %d frames were torn", torn, NR_FRAMES);
	EXPECT_EQ(variant->sync, torn == 0);
}

TEST_HARNESS_MAIN
