/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access control for imported dma-bufs, inside videobuf2.
 *
 * A buffer of a queue that opted in has an access to its dma-bufs from QBUF until it is done,
 * cancelled or fails:
 *
 *	IDLE     -> WAITING   QBUF, somebody else uses one of the dma-bufs
 *	IDLE     -> ACQUIRED  QBUF, nobody does
 *	WAITING  -> ACQUIRED  they have released them; the queue gives it to the driver, in order
 *	WAITING  -> FAILED    the request failed; the queue returns the buffer with an error
 *	WAITING  -> IDLE      STREAMOFF, close: the request is cancelled
 *	ACQUIRED -> IDLE      vb2_buffer_done(), STREAMOFF, close: the access is released
 *	FAILED   -> IDLE      the same
 *
 * vb2_sync_stop() and vb2_sync_end(), which the mem2mem framework calls, too, are in
 * include/media/videobuf2-core.h.
 *
 * All under vb2_queue.lock, but for those from WAITING that the end of a request makes, in a
 * worker, and for vb2_buffer_done(), for a buffer that the driver has, in any context.
 */
#ifndef _VIDEOBUF2_SYNC_H
#define _VIDEOBUF2_SYNC_H

#include <media/videobuf2-core.h>

#ifdef CONFIG_VIDEOBUF2_DMABUF_SYNC

int vb2_sync_init(struct vb2_queue *q);
void vb2_sync_kick(struct vb2_queue *q);
int vb2_sync_prepare(struct vb2_buffer *vb);
int vb2_sync_request(struct vb2_buffer *vb);
void vb2_sync_free(struct vb2_buffer *vb);
void vb2_sync_done(struct vb2_buffer *vb, enum vb2_buffer_state how);
bool vb2_sync_waits(const struct vb2_buffer *vb);
bool vb2_sync_failed(const struct vb2_buffer *vb);
unsigned int vb2_sync_nr_acquired(struct vb2_queue *q);

/* The core's: buffers at the head of the queue may be acquired. Called with vb2_queue.lock. */
void vb2_sync_advance(struct vb2_queue *q);

static inline bool vb2_sync_enabled(const struct vb2_queue *q)
{
	return q->dmabuf_sync;
}

#else

static inline int vb2_sync_init(struct vb2_queue *q) { return 0; }
static inline void vb2_sync_kick(struct vb2_queue *q) { }
static inline int vb2_sync_prepare(struct vb2_buffer *vb) { return 0; }
static inline int vb2_sync_request(struct vb2_buffer *vb) { return 0; }
static inline void vb2_sync_free(struct vb2_buffer *vb) { }
static inline void vb2_sync_done(struct vb2_buffer *vb, enum vb2_buffer_state how) { }
static inline bool vb2_sync_waits(const struct vb2_buffer *vb) { return false; }
static inline bool vb2_sync_failed(const struct vb2_buffer *vb) { return false; }

static inline unsigned int vb2_sync_nr_acquired(struct vb2_queue *q)
{
	return q->queued_count;
}

static inline bool vb2_sync_enabled(const struct vb2_queue *q)
{
	return false;
}

#endif

#endif
