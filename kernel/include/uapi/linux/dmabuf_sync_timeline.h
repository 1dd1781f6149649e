/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * dmabuf-sync: timelines, ordered hand-off of dma-bufs; user ABI, with linux/dmabuf_sync.h.
 *
 * A timeline is a 64-bit counter that only grows. Its values are points: a point is reached when
 * the value is that or more, and stays so. Accesses exclude each other, but come in any order; with
 * a point to wait for, and one that their release signals, they come in the one that was meant.
 *
 * A timeline is a descriptor, which can be passed on. With the one of DMABUF_SYNC_IOC_TIMELINE
 * its holder can signal and wait, with one of DMABUF_SYNC_TIMELINE_IOC_WAITER only wait. It is
 * no fence: no device and no driver ever waits for it.
 *
 * A wait for a point fails with EPIPE when the point is not reached and
 *
 *   - a set that would have signaled it was revoked, or its owner is gone. Others can still
 *     signal this point or a later one; waits that come after that succeed;
 *   - or nobody can signal any more: the last descriptor that could is closed, and no request is
 *     left that would. That is final.
 *
 * poll() of a timeline reports POLLIN when the point of DMABUF_SYNC_TIMELINE_IOC_POLL is
 * reached, POLLERR when it failed, and POLLHUP when nobody can signal any more. Any number of
 * pollers see the same, until the point is changed. An edge-triggered one (EPOLLET) that was told
 * that the point failed is not told when it is reached after all.
 *
 * Structures grow as those of linux/dmabuf_sync.h do.
 */
#ifndef _UAPI_LINUX_DMABUF_SYNC_TIMELINE_H
#define _UAPI_LINUX_DMABUF_SYNC_TIMELINE_H

#include <linux/dmabuf_sync.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/* More points than this in one call fail with EINVAL. */
#define DMABUF_SYNC_MAX_POINTS	256

/* In struct dmabuf_sync_acquire: what the set has to do with a point, one of these. */
/* It is requested when the point is reached: until then it is in nobody's way. */
#define DMABUF_SYNC_POINT_WAIT		0x1
/*
 * The release of the set signals the point, if it has not been reached. A set fails with
 * ERANGE when the point is reached before the set is acquired: so nothing is done twice. A set
 * that is revoked, or whose owner is gone, fails the point (see above); one that fails, or is
 * cancelled, leaves it alone.
 */
#define DMABUF_SYNC_POINT_SIGNAL	0x2

/**
 * struct dmabuf_sync_point - a point of a timeline
 * @fd:		descriptor of the timeline
 * @flags:	DMABUF_SYNC_POINT_WAIT or DMABUF_SYNC_POINT_SIGNAL; 0 in struct
 *	dmabuf_sync_wait
 * @point:	which
 */
struct dmabuf_sync_point {
	__s32 fd;
	__u32 flags;
	__u64 point;
};

/**
 * struct dmabuf_sync_timeline - make a timeline, or another descriptor for one
 * @size:	sizeof(struct dmabuf_sync_timeline)
 * @flags:	0
 * @value:	DMABUF_SYNC_IOC_TIMELINE: its first value. DMABUF_SYNC_TIMELINE_IOC_WAITER: the
 *		point that poll() of the new descriptor is about
 * @fd:		out: the descriptor, closed by execve()
 * @reserved:	0
 *
 * DMABUF_SYNC_IOC_TIMELINE is a call on a context, which the timeline does not depend on
 * afterwards; DMABUF_SYNC_TIMELINE_IOC_WAITER is one on a descriptor of the timeline.
 *
 * Errors: EINVAL, E2BIG, EFAULT, ENOMEM, EMFILE, ENFILE, ENOLCK (the user has opened as many
 * as it may).
 */
struct dmabuf_sync_timeline {
	__u32 size;
	__u32 flags;
	__u64 value;
	__s32 fd;
	__u32 reserved;
};

/**
 * struct dmabuf_sync_timeline_point - signal a point, or poll for one
 * @size:	sizeof(struct dmabuf_sync_timeline_point)
 * @flags:	0
 * @point:	which
 *
 * DMABUF_SYNC_TIMELINE_IOC_SIGNAL: the point is reached, and with it all before it.
 * DMABUF_SYNC_TIMELINE_IOC_POLL: from now on poll() of this descriptor, and of those that were
 * duplicated from it or passed on, is about this point. At first that is the one after the
 * value at which the timeline began, or @value of struct dmabuf_sync_timeline.
 *
 * Errors: ERANGE (SIGNAL: the point was reached before; nothing changes), EBADF (SIGNAL: the
 * descriptor can only wait), EINVAL, E2BIG, EFAULT.
 */
struct dmabuf_sync_timeline_point {
	__u32 size;
	__u32 flags;
	__u64 point;
};

/* Nobody can signal the timeline any more. */
#define DMABUF_SYNC_TIMELINE_DEAD	0x1

/**
 * struct dmabuf_sync_timeline_query - how a timeline stands
 * @size:	sizeof(struct dmabuf_sync_timeline_query)
 * @flags:	0
 * @value:	out: the largest point that was reached
 * @failed:	out: the largest point that was given up and is not reached, or 0
 * @status:	out: DMABUF_SYNC_TIMELINE_DEAD or 0
 * @reserved:	0
 *
 * Errors: EINVAL, E2BIG, EFAULT.
 */
struct dmabuf_sync_timeline_query {
	__u32 size;
	__u32 flags;
	__u64 value;
	__u64 failed;
	__u32 status;
	__u32 reserved;
};

/* Fail with EAGAIN instead of sleeping. */
#define DMABUF_SYNC_WAIT_NONBLOCK	0x1
/* One point is enough; else all are waited for. */
#define DMABUF_SYNC_WAIT_ANY		0x2

/**
 * struct dmabuf_sync_wait - wait for points, of one timeline or of several
 * @size:	sizeof(struct dmabuf_sync_wait)
 * @flags:	DMABUF_SYNC_WAIT_ANY or not, and DMABUF_SYNC_WAIT_NONBLOCK or not
 * @points:	pointer to an array of struct dmabuf_sync_point
 * @nr_points:	entries in @points, 1 .. DMABUF_SYNC_MAX_POINTS
 * @point_size:	sizeof(struct dmabuf_sync_point)
 * @deadline_ns: as in struct dmabuf_sync_acquire
 * @index:	out: with ANY which point is reached; when the call fails with EPIPE, which one
 *		will not be
 * @reserved:	0
 *
 * A call on a descriptor of a timeline, which need not be one of those in @points. The call
 * does not keep the timelines from getting nobody who can signal: of the descriptors in
 * @points it does not need any after it has begun. When the one that it is made on is closed
 * it fails with ECANCELED, as calls on a context do.
 *
 * Errors: EPIPE (a point, of whichever there are, will not be reached; with ANY only if none
 * is reached), EAGAIN (NONBLOCK), ETIMEDOUT, EINTR, ECANCELED, EBADF (an @fd is not open),
 * EINVAL (one is no timeline, flags, a size, number of points), E2BIG, EFAULT, ENOMEM, ENOLCK
 * (the user has to do with as many points as it may).
 */
struct dmabuf_sync_wait {
	__u32 size;
	__u32 flags;
	__u64 points;
	__u32 nr_points;
	__u32 point_size;
	__s64 deadline_ns;
	__u32 index;
	__u32 reserved;
};

/* A call on a context. */
#define DMABUF_SYNC_IOC_TIMELINE						\
	_IOWR(DMABUF_SYNC_IOC_MAGIC, 0x20, struct dmabuf_sync_timeline)
/* Calls on a descriptor of a timeline. */
#define DMABUF_SYNC_TIMELINE_IOC_WAITER						\
	_IOWR(DMABUF_SYNC_IOC_MAGIC, 0x21, struct dmabuf_sync_timeline)
#define DMABUF_SYNC_TIMELINE_IOC_SIGNAL						\
	_IOW(DMABUF_SYNC_IOC_MAGIC, 0x22, struct dmabuf_sync_timeline_point)
#define DMABUF_SYNC_TIMELINE_IOC_POLL						\
	_IOW(DMABUF_SYNC_IOC_MAGIC, 0x23, struct dmabuf_sync_timeline_point)
#define DMABUF_SYNC_TIMELINE_IOC_QUERY						\
	_IOWR(DMABUF_SYNC_IOC_MAGIC, 0x24, struct dmabuf_sync_timeline_query)
#define DMABUF_SYNC_TIMELINE_IOC_WAIT						\
	_IOWR(DMABUF_SYNC_IOC_MAGIC, 0x25, struct dmabuf_sync_wait)

#endif /* _UAPI_LINUX_DMABUF_SYNC_TIMELINE_H */
