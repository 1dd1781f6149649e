// SPDX-License-Identifier: GPL-2.0-only
/*
 * The conventional way: one stage after the other, caches by DMA_BUF_IOCTL_SYNC.
 *
 *	CPU   [fill 0]       [read 0][fill 1]       [read 1]
 *	DMA           [copy 0]               [copy 1]
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "demo.h"

static int serial_cpu(const struct st_buffer *buf, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };
	int ret;

	do {
		ret = ioctl(buf->fd, DMA_BUF_IOCTL_SYNC, &sync);
	} while (ret && (errno == EINTR || errno == EAGAIN));
	return ret ? demo_fail(-errno, "DMA_BUF_IOCTL_SYNC: %s", strerror(errno)) : 0;
}

static int serial_fill(struct demo *demo, unsigned int frame, struct st_buffer *src)
{
	struct demo_window *window = &demo->log.windows[DEMO_FILL][frame];
	int err = serial_cpu(src, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);

	if (err)
		return err;
	window->begin_ns = st_now_ns();
	frame_fill(&demo->opt, src, demo->first + frame, demo->fill_words);
	window->end_ns = st_now_ns();
	return serial_cpu(src, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
}

static int serial_copy(struct demo *demo, unsigned int frame, struct st_buffer *src,
		       struct st_buffer *dst)
{
	struct demo_window *window = &demo->log.windows[DEMO_DMA][frame];
	int err;

	window->begin_ns = st_now_ns();
	err = dma_copy(demo->copy, src, dst);
	window->end_ns = st_now_ns();
	return err ? demo_fail(err, "copy of frame %u: %s", frame, strerror(-err)) : 0;
}

static int serial_read(struct demo *demo, unsigned int frame, struct st_buffer *dst)
{
	struct demo_window *window = &demo->log.windows[DEMO_READ][frame];
	int err = serial_cpu(dst, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);

	if (err)
		return err;
	window->begin_ns = st_now_ns();
	err = frame_check(&demo->opt, dst, demo->first + frame, demo->read_words);
	window->end_ns = st_now_ns();
	return err ?: serial_cpu(dst, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}

int serial_run(struct demo *demo, int64_t *ns)
{
	int64_t begin = st_now_ns();
	unsigned int frame, slot;
	int err;

	for (frame = 0; frame < demo->opt.nr_frames; frame++) {
		slot = frame % demo->opt.nr_slots;
		err = serial_fill(demo, frame, &demo->src[slot]);
		if (!err)
			err = serial_copy(demo, frame, &demo->src[slot], &demo->dst[slot]);
		if (!err)
			err = serial_read(demo, frame, &demo->dst[slot]);
		if (err)
			return err;
	}
	*ns = st_now_ns() - begin;
	return 0;
}
