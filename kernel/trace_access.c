// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the trace events say of an access: the only place that knows the arguments of these events,
 * which docs/trace-events.rst describes. Callers use dsync_trace(), or test once that the event is
 * on and then trace many.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "buf.h"
#include "compat/compat.h"
#include "owner.h"
#include "set.h"
#include "trace_access.h"

/* The arguments of the events that describe all of an access. */
#define DESCRIBE(event, access, time_ns)						\
	trace_dmabuf_sync_##event((access)->buf->ino, (access)->id,			\
				  (access)->set->owner->id, (access)->set->owner->kind,	\
				  (access)->set->owner->tgid,				\
				  dsync_set_tid((access)->set),				\
				  (access)->mode & DMA_BUF_ACCESS_RW,			\
				  dsync_access_is_dma(access), (access)->start,		\
				  dsync_access_len(access), time_ns)

/* Those of the events that say who is in the way of whom. */
#define BLOCK(event, access, blocker, queued)						\
	trace_dmabuf_sync_##event((access)->buf->ino, (access)->id,			\
				  (access)->set->owner->id, (blocker)->id,		\
				  (blocker)->set->owner->id,				\
				  (blocker)->set->owner->kind,				\
				  (blocker)->set->owner->tgid,				\
				  dsync_set_tid((blocker)->set), queued)

/* Those of the events of a fence, which may have failed. */
#define FENCE(event, access, fence, error)						\
	trace_dmabuf_sync_##event((access)->buf->ino, (access)->id,			\
				  (access)->set->owner->id, (fence)->context,		\
				  (fence)->seqno, error)

static u64 held_ns(const struct dsync_access *access)
{
	return ktime_get_ns() - access->set->acquired_ns;
}

/**
 * dsync_trace_request() - an access is requested
 * @access: the access
 */
void dsync_trace_request(const struct dsync_access *access)
{
	DESCRIBE(request, access, 0);
}

/**
 * dsync_trace_acquired() - an access is held from here on
 * @access: the access
 * @wait_ns: time since it was requested
 */
void dsync_trace_acquired(const struct dsync_access *access, u64 wait_ns)
{
	DESCRIBE(acquired, access, wait_ns);
}

/**
 * dsync_trace_released() - an access is not held any more
 * @access: the access
 */
void dsync_trace_released(const struct dsync_access *access)
{
	DESCRIBE(released, access, held_ns(access));
}

/**
 * dsync_trace_abandoned() - the owner of a held write access is gone
 * @access: the access
 */
void dsync_trace_abandoned(const struct dsync_access *access)
{
	DESCRIBE(abandoned, access, held_ns(access));
}

/**
 * dsync_trace_revoked() - the lease of a held access is over
 * @access: the access
 */
void dsync_trace_revoked(const struct dsync_access *access)
{
	DESCRIBE(revoked, access, held_ns(access));
}

/**
 * dsync_trace_failed() - a request is over without having been acquired
 * @access: an access of it
 * @error: negative errno
 */
void dsync_trace_failed(const struct dsync_access *access, int error)
{
	trace_dmabuf_sync_failed(access->buf->ino, access->id, access->set->owner->id, error,
				 ktime_get_ns() - access->set->requested_ns);
}

/**
 * dsync_trace_contended() - a request waits
 * @access: an access of it
 * @blocker: what is in its way
 * @queued: @blocker waits itself, with an earlier ticket; else it is held
 */
void dsync_trace_contended(const struct dsync_access *access,
			   const struct dsync_access *blocker, bool queued)
{
	BLOCK(contended, access, blocker, queued);
}

/**
 * dsync_trace_deadlock() - a request is the victim of a deadlock
 * @access: an access of it
 * @blocker: what is in its way, held
 */
void dsync_trace_deadlock(const struct dsync_access *access, const struct dsync_access *blocker)
{
	BLOCK(deadlock, access, blocker, 0);
}

/**
 * dsync_trace_cpu_access_begin() - the CPU's window of an access was opened
 * @access: the access
 * @dir: how
 * @error: what the exporter returned
 */
void dsync_trace_cpu_access_begin(const struct dsync_access *access, enum dma_data_direction dir,
				  int error)
{
	trace_dmabuf_sync_cpu_access_begin(access->buf->ino, access->id, access->set->owner->id,
					   dir, error);
}

/**
 * dsync_trace_cpu_access_end() - the CPU's window of an access was closed
 * @access: the access
 * @dir: how
 * @error: what the exporter returned
 */
void dsync_trace_cpu_access_end(const struct dsync_access *access, enum dma_data_direction dir,
				int error)
{
	trace_dmabuf_sync_cpu_access_end(access->buf->ino, access->id, access->set->owner->id,
					 dir, error);
}

/**
 * dsync_trace_fence_wait_begin() - a held access waits for a fence of a stock driver
 * @access: the access
 * @fence: the fence
 */
void dsync_trace_fence_wait_begin(const struct dsync_access *access,
				  const struct dma_fence *fence)
{
	FENCE(fence_wait_begin, access, fence, 0);
}

/**
 * dsync_trace_fence_wait_end() - it does so no longer
 * @access: the access
 * @fence: the fence
 */
void dsync_trace_fence_wait_end(const struct dsync_access *access, const struct dma_fence *fence)
{
	FENCE(fence_wait_end, access, fence, fence->error);
}

/**
 * dsync_trace_commit() - the fence of the job that does an access is published
 * @access: the access
 * @fence: the fence
 */
void dsync_trace_commit(const struct dsync_access *access, const struct dma_fence *fence)
{
	FENCE(commit, access, fence, 0);
}

/**
 * dsync_trace_began() - its engine has begun that job
 * @access: the access
 * @fence: its fence
 */
void dsync_trace_began(const struct dsync_access *access, const struct dma_fence *fence)
{
	FENCE(began, access, fence, 0);
}

/**
 * dsync_trace_timeline() - tell what the context of a fence is called
 * @fence: a fence that is not signaled
 */
void dsync_trace_timeline(struct dma_fence *fence)
{
	u64 driver[2] = {}, timeline[4] = {};
	const char __rcu *name;

	rcu_read_lock();
	name = dma_fence_driver_name(fence);
	strscpy((char *)driver, rcu_dereference(name), sizeof(driver));
	name = dma_fence_timeline_name(fence);
	strscpy((char *)timeline, rcu_dereference(name), sizeof(timeline));
	rcu_read_unlock();
	trace_dmabuf_sync_timeline(fence->context, driver[0], driver[1], timeline[0], timeline[1],
				   timeline[2], timeline[3]);
}

/**
 * dsync_trace_buffer() - tell what a buffer is
 * @dmabuf: the buffer
 *
 * Context: process context.
 */
void dsync_trace_buffer(struct dma_buf *dmabuf)
{
	u64 exporter[4] = {}, name[4] = {};

	strscpy((char *)exporter, dmabuf->exp_name, sizeof(exporter));
	spin_lock(&dmabuf->name_lock);
	if (dmabuf->name)
		strscpy((char *)name, dmabuf->name, sizeof(name));
	spin_unlock(&dmabuf->name_lock);
	trace_dmabuf_sync_buffer(dsync_buf_ino(dmabuf), dmabuf->size, exporter[0], exporter[1],
				 exporter[2], exporter[3], name[0], name[1], name[2], name[3]);
}

/**
 * dsync_trace_signaled() - that job is over
 * @access: the access
 * @fence: its fence
 */
void dsync_trace_signaled(const struct dsync_access *access, const struct dma_fence *fence)
{
	FENCE(signaled, access, fence, fence->error);
}
