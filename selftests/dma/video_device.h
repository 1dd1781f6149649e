/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * V4L2's test drivers, with dma-bufs as buffers. Functions return a negative errno and print
 * nothing.
 */
#ifndef _DMABUF_SYNC_VIDEO_DEVICE_H
#define _DMABUF_SYNC_VIDEO_DEVICE_H

#include <linux/videodev2.h>

#include "st.h"

#define VIDEO_CAPTURE	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define VIDEO_OUTPUT	V4L2_BUF_TYPE_VIDEO_OUTPUT

/* The kernel has the driver, and videobuf2 can acquire dma-bufs. */
bool video_exists(const char *driver);
/* Do devices of the driver acquire dma-bufs: files opened, or devices bound, from now on. */
int video_sync_set(const char *driver, bool on);
/* Unbind the first device of the driver and bind it anew. */
int video_rebind(const char *driver);

/* The first device of @driver that can do @caps. Return: a descriptor, or a negative errno. */
int video_open(const char *driver, uint32_t caps);
/* Bytes of a frame of @width and @height in RGB24, as the driver has it, or a negative errno. */
long video_format(int dev, uint32_t type, unsigned int width, unsigned int height);
/* So many frames a second are captured. */
int video_rate(int dev, uint32_t type, unsigned int rate);
int video_control(int dev, uint32_t id, int value);

/* Make @nr buffers for dma-bufs; 0 frees them. */
int video_buffers(int dev, uint32_t type, unsigned int nr);
int video_queue(int dev, uint32_t type, unsigned int index, const struct st_buffer *buf);
/* Without waiting. Return: the index, or a negative errno: -EAGAIN; -EIO for one with an error. */
int video_dequeue(int dev, uint32_t type);
/* The same within ST_SOON_MS: else -ETIME. */
int video_done(int dev, uint32_t type);
int video_start(int dev, uint32_t type);
int video_stop(int dev, uint32_t type);

/* A writer of the dma-buf goes without having released it. */
int video_abandon(int fd);
/* What a reader is told of the dma-buf: DMABUF_SYNC_STATUS_..., or a negative errno. */
int video_status(int ctx, int fd);

#endif /* _DMABUF_SYNC_VIDEO_DEVICE_H */
