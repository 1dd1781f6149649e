/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * Timelines: ordered hand-off. To be included through dmabuf-sync.h, whose words and errors
 * hold here, too.
 *
 * A timeline is a 64-bit counter that only grows. A point is reached when the counter has its
 * value or a larger one. Accesses alone exclude each other, in any order; points put them in
 * the intended one. For a producer and its consumer, update n:
 *
 *	producer	waits for "consumed" n - 1	signals "produced" n
 *	consumer	waits for "produced" n		signals "consumed" n
 *
 * A wait for a point that is not reached fails with -EPIPE in two cases. The set that would
 * have signaled it was revoked, or its owner died: somebody else can still signal the point,
 * and later waits succeed. Or the last descriptor that could signal is closed: that is final.
 * So those who only wait should have a descriptor that can only wait.
 *
 * poll() of a timeline reports POLLIN when the point of dmasync_timeline_watch() is reached,
 * POLLERR when it failed, POLLHUP when nobody can signal any more.
 */
#ifndef DMABUF_SYNC_TIMELINE_H
#define DMABUF_SYNC_TIMELINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a set does with a point of a timeline. */
/* It is not requested before the point is reached: until then it blocks nobody. */
#define DMASYNC_POINT_WAIT	0x1u
/*
 * Its release signals the point. If the point is reached before the set is acquired the
 * request fails with -ERANGE. A set that is revoked, or whose owner dies, fails the point: see
 * above. A request that fails, or is cancelled, leaves it alone.
 */
#define DMASYNC_POINT_SIGNAL	0x2u

/**
 * struct dmasync_point - a point of a timeline
 * @timeline: descriptor of the timeline
 * @role: in a request: DMASYNC_POINT_WAIT or DMASYNC_POINT_SIGNAL; in dmasync_wait(): 0
 * @point: which
 */
struct dmasync_point {
	int timeline;
	uint32_t role;
	uint64_t point;
};

static inline struct dmasync_point dmasync_make_point(int timeline, uint32_t role,
						      uint64_t point)
{
	struct dmasync_point entry;

	entry.timeline = timeline;
	entry.role = role;
	entry.point = point;
	return entry;
}

/**
 * dmasync_timeline_new() - make a timeline
 * @ctx: context, which it does not depend on afterwards
 * @value: its first value
 *
 * Return: a file descriptor that can signal and wait; or
 *	-ENOLCK		the user has opened as many as it may
 *	-EMFILE, -ENFILE, -ENOMEM
 */
int dmasync_timeline_new(int ctx, uint64_t value);

/**
 * dmasync_timeline_waiter() - make a descriptor of a timeline that can only wait
 * @timeline: a descriptor of it
 * @watch: the point that poll() of the new one is about
 *
 * Return: a file descriptor, or as dmasync_timeline_new().
 */
int dmasync_timeline_waiter(int timeline, uint64_t watch);

/**
 * dmasync_timeline_signal() - reach a point, and with it all before it
 * @timeline: a descriptor that can signal
 * @point: the new value
 *
 * Return: 0, or
 *	-ERANGE		the point was reached before
 *	-EBADF		also: the descriptor can only wait
 */
int dmasync_timeline_signal(int timeline, uint64_t point);

/**
 * dmasync_timeline_watch() - say which point poll() is about
 * @timeline: a descriptor of it; the point is that of this descriptor and its duplicates
 * @point: which; at first the one after the value at which the timeline began
 *
 * Return: 0.
 */
int dmasync_timeline_watch(int timeline, uint64_t point);

/**
 * struct dmasync_timeline_state - how a timeline stands
 * @value: the largest point that was reached
 * @failed: the largest point that failed and is not reached, or 0
 * @dead: 1: nobody can signal any more; else 0
 * @reserved: 0
 */
struct dmasync_timeline_state {
	uint64_t value;
	uint64_t failed;
	uint32_t dead;
	uint32_t reserved;
};

/**
 * dmasync_timeline_query() - ask how a timeline stands
 * @timeline: a descriptor of it
 * @state: filled in
 *
 * Return: 0.
 */
int dmasync_timeline_query(int timeline, struct dmasync_timeline_state *state);

/**
 * dmasync_timeline_wait() - sleep until a point is reached
 * @timeline: a descriptor of it
 * @point: which
 * @deadline_ns: see dmasync_deadline_ms(); 0: none
 *
 * Return: as dmasync_wait().
 */
int dmasync_timeline_wait(int timeline, uint64_t point, int64_t deadline_ns);

/* Do not sleep: fail with -EAGAIN. */
#define DMASYNC_WAIT_NONBLOCK	0x1u
/* Return as soon as one point is reached; else wait for all. */
#define DMASYNC_WAIT_ANY	0x2u

/**
 * dmasync_wait() - wait for points of any timelines
 * @points: which; the role of each is 0
 * @nr_points: how many, 1 .. 256
 * @flags: DMASYNC_WAIT_ANY or not, DMASYNC_WAIT_NONBLOCK or not
 * @deadline_ns: see dmasync_deadline_ms(); 0: none
 * @index: with DMASYNC_WAIT_ANY, set to the index of a point that is reached; with -EPIPE, to
 *	that of the one that will not be. Else undefined. May be NULL
 *
 * Return: 0, or
 *	-EPIPE		a point will not be reached; with DMASYNC_WAIT_ANY only if none is
 *			reached
 *	-EAGAIN		DMASYNC_WAIT_NONBLOCK: not yet
 *	-ETIMEDOUT	the deadline has passed
 *	-EINTR		a signal; see above
 *	-ECANCELED	the descriptor of the first point was closed by another thread
 *	-EBADF		also: one of @points
 *	-EINVAL		also: one of them is no timeline
 *	-ENOLCK		the user waits for, or is to signal, as many points as it may
 *	-ENOMEM
 */
int dmasync_wait(const struct dmasync_point *points, unsigned int nr_points,
		 unsigned int flags, int64_t deadline_ns, unsigned int *index);

#ifdef __cplusplus
}
#endif

#endif /* DMABUF_SYNC_TIMELINE_H */
