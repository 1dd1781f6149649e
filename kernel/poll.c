// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll() of a dma-buf. The kernel tells when its fences let somebody read (POLLIN) or write
 * (POLLOUT); here what is held has to let them, too:
 *
 *	POLLIN	no access that writes is held
 *	POLLOUT	none is held at all
 *
 * by whomever, since the file of a dma-buf does not know who polls. Requests that wait count
 * for nothing. Pollers sleep where the kernel has them sleep, and ask again when they are woken.
 */
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "buf.h"
#include "poll.h"
#include "work.h"

/* To have them woken takes as long as looking at so many tree nodes. */
#define WAKE_STEPS	32

/**
 * struct dsync_pollers - who polls a buffer while its accesses are in the way
 * @buf: the buffer; @work has a reference while it is queued, or runs
 * @dmabuf: its dma-buf, with a reference of @work's; NULL: @work is not queued
 * @awaited: events that somebody was told to wait for; under &dsync_buf.lock, as @dmabuf
 * @wake: events that have come, for @work; likewise
 * @work: wakes them: there can be any number
 */
struct dsync_pollers {
	struct dsync_buf *buf;
	struct dma_buf *dmabuf;
	__poll_t awaited;
	__poll_t wake;
	struct work_struct work;
};

/* What is held is in the way of these. */
static __poll_t blocked(const struct dsync_buf *buf)
{
	if (!buf->nr_held)
		return 0;
	if (dsync_conflict_has_writers(&buf->held))
		return EPOLLIN | EPOLLOUT;
	return EPOLLOUT;
}

/* Those whom a hand-over keeps waiting sleep on. */
static void wake_work(struct work_struct *work)
{
	struct dsync_pollers *pollers = container_of(work, struct dsync_pollers, work);
	struct dsync_buf *buf = pollers->buf;
	struct dma_buf *dmabuf;
	unsigned long flags;
	__poll_t events;

	dsync_buf_lock(buf, &flags);
	events = pollers->wake & ~blocked(buf);
	pollers->awaited |= pollers->wake & ~events;
	dmabuf = pollers->dmabuf;
	pollers->wake = 0;
	pollers->dmabuf = NULL;
	dsync_buf_unlock(buf, flags);
	/* Without a key: all of them ask again, for fences, too. */
	if (events)
		wake_up_all(&dmabuf->poll);
	dma_buf_put(dmabuf);
	dsync_buf_put(buf);
}

/**
 * dsync_poll_wake() - wake those for whom nothing that is held is in the way any more
 * @buf: the buffer, polled once
 *
 * Context: &dsync_buf.lock held; a tree had an access since it was taken.
 */
void dsync_poll_wake(struct dsync_buf *buf)
{
	struct dsync_pollers *pollers = buf->pollers;
	__poll_t events = pollers->awaited & ~blocked(buf);

	lockdep_assert_held(&buf->lock);
	if (!events)
		return;
	pollers->awaited &= ~events;
	/* Whoever waits was in the queue before it took the lock to ask. */
	if (!waitqueue_active(&buf->dmabuf->poll))
		return;
	pollers->wake |= events;
	/* A file that is about to go has nobody who polls it. */
	if (pollers->dmabuf || !get_file_active(&buf->dmabuf->file))
		return;
	pollers->dmabuf = buf->dmabuf;
	refcount_inc(&buf->ref);
	buf->steps += WAKE_STEPS;
	dsync_work_wake(&pollers->work);
}

static struct dsync_pollers *pollers_get(struct dsync_buf *buf)
{
	struct dsync_pollers *pollers = READ_ONCE(buf->pollers), *other;

	if (pollers)
		return pollers;
	pollers = kzalloc(sizeof(*pollers), GFP_KERNEL_ACCOUNT);
	if (!pollers)
		return NULL;
	pollers->buf = buf;
	INIT_WORK(&pollers->work, wake_work);
	other = cmpxchg(&buf->pollers, NULL, pollers);
	if (!other)
		return pollers;
	kfree(pollers);
	return other;
}

static __poll_t wait_for(struct dsync_buf *buf, struct dsync_pollers *pollers, __poll_t asked)
{
	unsigned long flags;
	__poll_t events;

	dsync_buf_lock(buf, &flags);
	events = blocked(buf) & asked;
	pollers->awaited |= events;
	dsync_buf_unlock(buf, flags);
	return events;
}

/**
 * dsync_poll_blocked() - which events have to wait for accesses of a dma-buf
 * @dmabuf: the dma-buf
 * @asked: what is polled for, by somebody who is on &dma_buf.poll, which is woken for what is
 *	returned. The kernel must not be asked for that: where it finds no fence it wakes all
 *	who wait, who would ask again and wake each other without end.
 *
 * Context: process context; may sleep.
 * Return: those of EPOLLIN and EPOLLOUT. Without memory none: who tries finds out.
 */
__poll_t dsync_poll_blocked(struct dma_buf *dmabuf, __poll_t asked)
{
	struct dsync_pollers *pollers;
	struct dsync_buf *buf;
	__poll_t events = 0;

	asked &= EPOLLIN | EPOLLOUT;
	buf = asked ? dsync_buf_find(dmabuf) : NULL;
	if (!buf)
		return 0;
	pollers = pollers_get(buf);
	if (pollers)
		events = wait_for(buf, pollers, asked);
	dsync_buf_put(buf);
	return events;
}
