// SPDX-License-Identifier: GPL-2.0-only
/* vivid, a camera that fills dma-bufs, and fails when told to. */
#include <errno.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "dma.h"
#include "video_device.h"

#define DRIVER	"vivid"
#define R	DMA_BUF_ACCESS_R
/* Buttons that make the next call fail. */
#define VIVID(nr)	((0x00f00000 | 0xf000) + (nr))
#define FAIL_FRAME	VIVID(66)
#define FAIL_QBUF	VIVID(68)
#define FAIL_STREAMON	VIVID(69)
#define FAIL_QUEUE	VIVID(70)

FIXTURE(camera)
{
	int dev, ctx;
	struct st_buffer frame;
};

FIXTURE_SETUP(camera)
{
	long size;

	if (!video_exists(DRIVER))
		SKIP(return, "no vivid that acquires dma-bufs: it needs the patch series");
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, video_sync_set(DRIVER, true));
	ASSERT_EQ(0, video_rebind(DRIVER));
	self->dev = video_open(DRIVER, V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING);
	ASSERT_LE(0, self->dev);
	size = video_format(self->dev, VIDEO_CAPTURE, 320, 180);
	ASSERT_LT(0, size);
	ASSERT_EQ(0, video_rate(self->dev, VIDEO_CAPTURE, 60));
	size = (size + ST_PAGE - 1) / ST_PAGE * ST_PAGE;
	ASSERT_EQ(0, st_buffer_udmabuf(&self->frame, size));
	ASSERT_EQ(0, st_buffer_map(&self->frame));
	memset(self->frame.map, 0, size);
	ASSERT_EQ(0, video_buffers(self->dev, VIDEO_CAPTURE, 2));
}

FIXTURE_TEARDOWN(camera)
{
	if (!video_exists(DRIVER))
		return;
	close(self->dev);
	close(self->ctx);
	st_buffer_close(&self->frame);
	EXPECT_EQ(0, video_sync_set(DRIVER, false));
	EXPECT_EQ(0, video_rebind(DRIVER));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

static bool is_ready(int dev)
{
	struct pollfd pfd = { .fd = dev, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static int nr_accesses(struct _test_data_camera *self, uint32_t state)
{
	return st_query_count(self->ctx, self->frame.fd, state);
}

static bool is_black(const struct st_buffer *buf)
{
	return !buf->map[0] && !memcmp(buf->map, buf->map + 1, buf->size - 1);
}

TEST_F(camera, a_frame_that_is_read_is_waited_for)
{
	long set = st_lock_all(self->ctx, self->frame.fd, R, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(1, nr_accesses(self, DMABUF_SYNC_STATE_QUEUED));
	EXPECT_TRUE(ST_STAYS(!is_ready(self->dev)));
	EXPECT_TRUE(is_black(&self->frame));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_FALSE(is_black(&self->frame));
	EXPECT_EQ(0, nr_accesses(self, 0));
}

TEST_F(camera, qbuf_that_fails_acquires_nothing)
{
	ASSERT_EQ(0, video_control(self->dev, FAIL_QBUF, 1));
	EXPECT_EQ(-EINVAL, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	EXPECT_EQ(0, nr_accesses(self, 0));
	EXPECT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	EXPECT_EQ(1, nr_accesses(self, DMABUF_SYNC_STATE_ACQUIRED));
}

TEST_F(camera, a_frame_with_an_error_is_released)
{
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_control(self->dev, FAIL_FRAME, 1));
	ASSERT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(-EIO, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, nr_accesses(self, 0));
}

/* The buffer stays queued, and acquired. */
TEST_F(camera, streamon_that_fails_can_be_repeated)
{
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_control(self->dev, FAIL_STREAMON, 1));
	EXPECT_EQ(-EINVAL, video_start(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(1, nr_accesses(self, DMABUF_SYNC_STATE_ACQUIRED));
	EXPECT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, nr_accesses(self, 0));
}

TEST_F(camera, streamoff_after_streamon_failed_releases)
{
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_control(self->dev, FAIL_STREAMON, 1));
	EXPECT_EQ(-EINVAL, video_start(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, video_stop(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, nr_accesses(self, 0));
}

/* A fatal error while a buffer waits: nothing comes any more, until STREAMOFF. */
TEST_F(camera, a_queue_that_fails_releases_at_streamoff)
{
	long set = st_lock_all(self->ctx, self->frame.fd, R, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	ASSERT_EQ(0, video_control(self->dev, FAIL_QUEUE, 1));
	EXPECT_EQ(-EIO, video_dequeue(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, video_stop(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, nr_accesses(self, DMABUF_SYNC_STATE_QUEUED));
	EXPECT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, nr_accesses(self, 0));
}

/* The driver has said that it cannot go on. The reader's end is none of its business then. */
TEST_F(camera, a_queue_that_failed_gives_the_driver_nothing)
{
	long set = st_lock_all(self->ctx, self->frame.fd, R, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	ASSERT_EQ(0, video_control(self->dev, FAIL_QUEUE, 1));
	ASSERT_EQ(-EIO, video_dequeue(self->dev, VIDEO_CAPTURE));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(ST_UNTIL(nr_accesses(self, DMABUF_SYNC_STATE_ACQUIRED) == 1));
	EXPECT_TRUE(ST_STAYS(is_black(&self->frame)));
	EXPECT_EQ(0, video_stop(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, nr_accesses(self, 0));
}

TEST_F(camera, a_frame_with_an_error_stays_abandoned)
{
	ASSERT_EQ(0, video_abandon(self->frame.fd));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	ASSERT_EQ(0, video_control(self->dev, FAIL_FRAME, 1));
	ASSERT_EQ(0, video_start(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(-EIO, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, video_status(self->ctx, self->frame.fd));
	ASSERT_EQ(0, video_queue(self->dev, VIDEO_CAPTURE, 0, &self->frame));
	EXPECT_EQ(0, video_done(self->dev, VIDEO_CAPTURE));
	EXPECT_EQ(0, video_status(self->ctx, self->frame.fd));
}

TEST_HARNESS_MAIN
