// SPDX-License-Identifier: GPL-2.0-only
/* V4L2's test drivers, with dma-bufs as buffers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "video_device.h"

#define NR_NODES	64

static void path_of(char *path, size_t size, const char *driver, const char *file)
{
	snprintf(path, size, "/sys/module/%s/parameters/%s", driver, file);
}

bool video_exists(const char *driver)
{
	char path[80];

	path_of(path, sizeof(path), driver, "dmabuf_sync");
	return !access(path, W_OK);
}

int video_sync_set(const char *driver, bool on)
{
	char path[80];

	path_of(path, sizeof(path), driver, "dmabuf_sync");
	return st_file_write(path, on ? "Y" : "N");
}

int video_rebind(const char *driver)
{
	char path[80], name[32];
	int ret;

	snprintf(name, sizeof(name), "%s.0", driver);
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/unbind", driver);
	ret = st_file_write(path, name);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/bind", driver);
	return st_file_write(path, name);
}

static bool is_the_one(int dev, const char *driver, uint32_t caps)
{
	struct v4l2_capability cap = { 0 };

	return !ioctl(dev, VIDIOC_QUERYCAP, &cap) &&
	       !strcmp((const char *)cap.driver, driver) && (cap.device_caps & caps) == caps;
}

int video_open(const char *driver, uint32_t caps)
{
	char path[32];
	int dev, i;

	for (i = 0; i < NR_NODES; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		dev = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (dev < 0)
			continue;
		if (is_the_one(dev, driver, caps))
			return dev;
		close(dev);
	}
	return -ENODEV;
}

long video_format(int dev, uint32_t type, unsigned int width, unsigned int height)
{
	struct v4l2_format format = {
		.type = type,
		.fmt.pix = {
			.width = width,
			.height = height,
			.pixelformat = V4L2_PIX_FMT_RGB24,
		},
	};

	return ioctl(dev, VIDIOC_S_FMT, &format) ? -errno : (long)format.fmt.pix.sizeimage;
}

int video_rate(int dev, uint32_t type, unsigned int rate)
{
	struct v4l2_streamparm parm = {
		.type = type,
		.parm.capture.timeperframe = { 1, rate },
	};

	if (ioctl(dev, VIDIOC_S_PARM, &parm))
		return -errno;
	return parm.parm.capture.timeperframe.denominator == rate ? 0 : -EPROTO;
}

int video_control(int dev, uint32_t id, int value)
{
	struct v4l2_control control = { .id = id, .value = value };

	return ioctl(dev, VIDIOC_S_CTRL, &control) ? -errno : 0;
}

int video_buffers(int dev, uint32_t type, unsigned int nr)
{
	struct v4l2_requestbuffers request = {
		.count = nr,
		.type = type,
		.memory = V4L2_MEMORY_DMABUF,
	};

	if (ioctl(dev, VIDIOC_REQBUFS, &request))
		return -errno;
	return request.count < nr ? -ENOMEM : 0;
}

int video_queue(int dev, uint32_t type, unsigned int index, const struct st_buffer *buf)
{
	struct v4l2_buffer buffer = {
		.index = index,
		.type = type,
		.memory = V4L2_MEMORY_DMABUF,
		.field = V4L2_FIELD_NONE,
		.m.fd = buf->fd,
		.length = buf->size,
		.bytesused = type == VIDEO_OUTPUT ? buf->size : 0,
	};

	return ioctl(dev, VIDIOC_QBUF, &buffer) ? -errno : 0;
}

int video_dequeue(int dev, uint32_t type)
{
	struct v4l2_buffer buffer = { .type = type, .memory = V4L2_MEMORY_DMABUF };

	if (ioctl(dev, VIDIOC_DQBUF, &buffer))
		return -errno;
	return buffer.flags & V4L2_BUF_FLAG_ERROR ? -EIO : (int)buffer.index;
}

int video_done(int dev, uint32_t type)
{
	int ret = -EAGAIN;

	return ST_UNTIL((ret = video_dequeue(dev, type)) != -EAGAIN) ? ret : -ETIME;
}

int video_start(int dev, uint32_t type)
{
	return ioctl(dev, VIDIOC_STREAMON, &type) ? -errno : 0;
}

int video_stop(int dev, uint32_t type)
{
	return ioctl(dev, VIDIOC_STREAMOFF, &type) ? -errno : 0;
}

int video_abandon(int fd)
{
	int ctx = st_context_open();
	long set;

	if (ctx < 0)
		return ctx;
	set = st_lock_all(ctx, fd, DMA_BUF_ACCESS_W, 0);
	close(ctx);
	return set < 0 ? set : 0;
}

int video_status(int ctx, int fd)
{
	struct dmabuf_sync_access access = st_access(fd, DMA_BUF_ACCESS_R, 0, DMABUF_SYNC_TO_END);
	struct dmabuf_sync_acquire out;
	int ret;

	ret = st_acquire(ctx, &access, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK, 0, 0, &out);
	if (!ret)
		ret = st_release(ctx, out.set);
	return ret ?: (int)out.status;
}
