// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control for imported dma-bufs: a queue that opts in waits for the CPUs and devices that
 * use them, and they wait for the device.
 *
 * No fence is published. What a driver has is done in finite time only if user space queues
 * the buffers that go with it, starts the other side of the device, and so on: a fence must
 * not depend on that. An access may: those who wait for it can give up.
 */
#include <linux/dmabuf_sync.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "videobuf2-sync.h"

/* See the table in the header. */
enum vb2_sync_state {
	VB2_SYNC_IDLE,
	VB2_SYNC_WAITING,
	VB2_SYNC_ACQUIRED,
	VB2_SYNC_FAILED,
};

/**
 * struct vb2_sync - the access of a buffer
 * @sync: the owner, with a range for each dma-buf of the buffer
 * @state: written by the one who has the buffer at the time; see sync_state()
 */
struct vb2_sync {
	struct dmabuf_sync *sync;
	enum vb2_sync_state state;
};

static enum vb2_sync_state sync_state(const struct vb2_buffer *vb)
{
	/* Pairs with smp_store_release() in sync_ready(): what the others wrote is there then. */
	return vb->sync ? smp_load_acquire(&vb->sync->state) : VB2_SYNC_IDLE;
}

static unsigned int sync_mode(const struct vb2_queue *q)
{
	return q->dma_dir == DMA_TO_DEVICE ? DMA_BUF_ACCESS_DMA_R : DMA_BUF_ACCESS_DMA_W;
}

/* User space that is frozen queues nothing, and is given nothing: its device may be suspended. */
static void kick_work(struct vb2_queue *q, unsigned long delay)
{
	queue_delayed_work(system_freezable_wq, &q->sync_work, delay);
}

/*
 * The queue may be released with its lock held, and waits for this work then: so it does not
 * sleep for the lock. Somebody holds it for the time of one ioctl.
 */
static void sync_work(struct work_struct *work)
{
	struct vb2_queue *q = container_of(work, struct vb2_queue, sync_work.work);

	if (!mutex_trylock(q->lock)) {
		kick_work(q, 1);
		return;
	}
	vb2_sync_advance(q);
	mutex_unlock(q->lock);
}

/* In a worker. It takes no lock, since STREAMOFF waits for it with the queue's lock held. */
static void sync_ready(struct dmabuf_sync *sync, void *priv, int error)
{
	struct vb2_buffer *vb = priv;

	/* Pairs with smp_load_acquire() in sync_state(). */
	smp_store_release(&vb->sync->state, error ? VB2_SYNC_FAILED : VB2_SYNC_ACQUIRED);
	kick_work(vb->vb2_queue, 0);
}

/* Planes may share a dma-buf. */
static bool is_named(const struct vb2_buffer *vb, unsigned int plane)
{
	unsigned int i;

	for (i = 0; i < plane; i++)
		if (vb->planes[i].dbuf == vb->planes[plane].dbuf)
			return true;
	return false;
}

static int name_planes(struct vb2_buffer *vb, struct dmabuf_sync *sync)
{
	unsigned int plane;
	int ret = 0;

	for (plane = 0; !ret && plane < vb->num_planes; plane++)
		if (!is_named(vb, plane))
			ret = dmabuf_sync_get(sync, vb->planes[plane].dbuf,
					      sync_mode(vb->vb2_queue));
	return ret;
}

static int sync_create(struct vb2_buffer *vb)
{
	struct vb2_sync *vs;
	int ret;

	vs = kzalloc(sizeof(*vs), GFP_KERNEL_ACCOUNT);
	if (!vs)
		return -ENOMEM;
	vs->sync = dmabuf_sync_init("videobuf2", vb);
	if (IS_ERR(vs->sync)) {
		ret = PTR_ERR(vs->sync);
		goto err_free;
	}
	ret = name_planes(vb, vs->sync);
	if (ret)
		goto err_fini;
	vb->sync = vs;
	return 0;

err_fini:
	dmabuf_sync_fini(vs->sync);
err_free:
	kfree(vs);
	return ret;
}

/*
 * At once if nobody is in the way, as if the queue had not opted in. A signal is no reason to fail:
 * a media request cannot be queued anew.
 */
static int sync_acquire(struct vb2_sync *vs)
{
	int ret;

	ret = dmabuf_sync_trylock(vs->sync);
	if (ret != -EAGAIN && ret != -ERESTARTSYS) {
		vs->state = ret ? VB2_SYNC_IDLE : VB2_SYNC_ACQUIRED;
		return ret;
	}
	vs->state = VB2_SYNC_WAITING;
	ret = dmabuf_sync_lock_async(vs->sync, sync_ready);
	if (ret)
		vs->state = VB2_SYNC_IDLE;
	return ret;
}

/**
 * vb2_sync_init() - prepare a queue
 * @q: a new queue
 *
 * Return: 0, or -EINVAL: a queue that opts in has a lock.
 */
int vb2_sync_init(struct vb2_queue *q)
{
	if (!q->dmabuf_sync)
		return 0;
	if (WARN_ON(!q->lock))
		return -EINVAL;
	INIT_DELAYED_WORK(&q->sync_work, sync_work);
	return 0;
}

/**
 * vb2_sync_kick() - look at a queue that has become ready for it
 * @q: a queue that streams
 *
 * Context: any.
 */
void vb2_sync_kick(struct vb2_queue *q)
{
	if (q->dmabuf_sync)
		kick_work(q, 0);
}

/**
 * vb2_sync_prepare() - make the owner of a buffer's access
 * @vb: a buffer whose planes were attached to other dma-bufs than before
 *
 * Context: with vb2_queue.lock; may sleep.
 * Return: 0, or an errno as of dmabuf_sync_init() and dmabuf_sync_get().
 */
int vb2_sync_prepare(struct vb2_buffer *vb)
{
	return vb->vb2_queue->dmabuf_sync ? sync_create(vb) : 0;
}

/**
 * vb2_sync_request() - ask for the dma-bufs of a buffer
 * @vb: a prepared buffer, about to be queued
 *
 * Queueing a media request cannot fail any more: its buffer is returned with an error instead.
 *
 * Context: with vb2_queue.lock; may sleep, but not for those who use the dma-bufs.
 * Return: 0, or an errno as of dmabuf_sync_lock_async(): the buffer cannot be queued.
 */
int vb2_sync_request(struct vb2_buffer *vb)
{
	int ret;

	if (!vb->sync)
		return 0;
	ret = sync_acquire(vb->sync);
	if (ret && vb->state == VB2_BUF_STATE_IN_REQUEST) {
		vb->sync->state = VB2_SYNC_FAILED;
		ret = 0;
	}
	return ret;
}

void vb2_sync_end(struct vb2_buffer *vb)
{
	if (!vb->sync)
		return;
	dmabuf_sync_cancel(vb->sync->sync);
	vb2_sync_done(vb, VB2_BUF_STATE_DEQUEUED);
}
EXPORT_SYMBOL_GPL(vb2_sync_end);

/**
 * vb2_sync_free() - forget the dma-bufs of a buffer
 * @vb: a buffer that is not queued
 *
 * Context: process context; may sleep.
 */
void vb2_sync_free(struct vb2_buffer *vb)
{
	if (!vb->sync)
		return;
	vb2_sync_end(vb);
	dmabuf_sync_fini(vb->sync->sync);
	kfree(vb->sync);
	vb->sync = NULL;
}

/**
 * vb2_sync_done() - release the access of a buffer, if it has one
 * @vb: a buffer whose request, if there was one, has ended
 * @how: what becomes of it. Unless it is done, bytes that others have abandoned stay so
 *
 * Context: any.
 */
void vb2_sync_done(struct vb2_buffer *vb, enum vb2_buffer_state how)
{
	enum vb2_sync_state state = sync_state(vb);

	if (state == VB2_SYNC_IDLE)
		return;
	vb->sync->state = VB2_SYNC_IDLE;
	if (state != VB2_SYNC_ACQUIRED)
		return;
	if (how == VB2_BUF_STATE_DONE)
		dmabuf_sync_unlock(vb->sync->sync);
	else
		dmabuf_sync_unlock_unwritten(vb->sync->sync);
}

/**
 * vb2_sync_waits() - is the access of a buffer still to come
 * @vb: a queued buffer
 *
 * Context: any.
 * Return: true as long as the driver must not have it, nor any buffer behind it.
 */
bool vb2_sync_waits(const struct vb2_buffer *vb)
{
	return sync_state(vb) == VB2_SYNC_WAITING;
}

/**
 * vb2_sync_failed() - has the request of a buffer failed
 * @vb: a queued buffer
 *
 * Context: any.
 * Return: true if the driver will not have it.
 */
bool vb2_sync_failed(const struct vb2_buffer *vb)
{
	return sync_state(vb) == VB2_SYNC_FAILED;
}

/**
 * vb2_sync_nr_acquired() - how many buffers the driver would get now
 * @q: a queue that has not started
 *
 * Context: with vb2_queue.lock.
 * Return: the number of buffers in front of the first one that waits.
 */
unsigned int vb2_sync_nr_acquired(struct vb2_queue *q)
{
	struct vb2_buffer *vb;
	unsigned int nr = 0;

	if (!q->dmabuf_sync)
		return q->queued_count;
	list_for_each_entry(vb, &q->queued_list, queued_entry) {
		if (vb2_sync_waits(vb))
			break;
		nr += vb->state == VB2_BUF_STATE_QUEUED && !vb2_sync_failed(vb);
	}
	return nr;
}

/*
 * Buffers whose request was withdrawn still count as waiting, so that a work that runs meanwhile
 * does not give them to the driver. vb2_sync_end() follows.
 */
void vb2_sync_stop(struct vb2_queue *q)
{
	struct vb2_buffer *vb;
	unsigned int i;

	if (!q->dmabuf_sync)
		return;
	for (i = 0; i < q->max_num_buffers; i++) {
		vb = vb2_get_buffer(q, i);
		if (vb && vb->sync)
			dmabuf_sync_cancel(vb->sync->sync);
	}
	cancel_delayed_work_sync(&q->sync_work);
}
EXPORT_SYMBOL_GPL(vb2_sync_stop);
