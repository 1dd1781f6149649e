/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libdmabuf-sync: whose turn is it to use a dma-buf?
 *
 * Processes and devices share the bytes of a dma-buf. Before a program touches some of them it
 * acquires an access, and releases it afterwards. Accesses that conflict, because their bytes
 * overlap, their owners differ and at least one of them writes, are never held at once; one
 * that has to wait is served in its turn. The kernel module dmabuf_sync does that, and this
 * library is how a program calls it:
 *
 *	struct dmasync_access write = dmasync_make_access(dmabuf, DMASYNC_WRITE, 0, 4096);
 *	int err, ctx = dmasync_open(0);
 *	struct dmasync_set set;
 *
 *	if (ctx < 0)
 *		return ctx;
 *	err = dmasync_acquire(ctx, &write, 1, dmasync_deadline_ms(100), &set);
 *	if (!err) {
 *		memset(map, 0, 4096);
 *		err = dmasync_release(ctx, set.number);
 *	}
 *	close(ctx);
 *
 * Caches are made ready by acquiring and releasing: DMA_BUF_IOCTL_SYNC is not needed.
 *
 * Words
 *
 *	context		an owner of accesses. Accesses of one context do not exclude each
 *			other: threads that are to exclude each other open one each
 *	set		accesses of one or several buffers that are acquired together or not
 *			at all. A set that waits holds nothing
 *	lease		how long others have to wait for a set that is held. Then the kernel
 *			revokes it
 *	timeline	a counter that says who comes after whom; its values are points. See
 *			dmabuf-sync-timeline.h, which is included here
 *
 * Contexts, timelines and sets that are descriptors are ordinary file descriptors, closed by
 * execve(). close() ends them, dup() and SCM_RIGHTS share them, poll() and epoll wait for
 * them. The library keeps nothing of its own: it allocates nothing, starts no threads,
 * installs no signal handlers, has no global state. Its functions can be called by any thread
 * at any time, and those that do not sleep by a signal handler.
 *
 * Errors
 *
 * A function that fails returns a negative errno; errno itself is undefined then. Each
 * function below names its errors. These are common to all of them and not named again:
 *
 *	-EBADF		the descriptor of the context, the set or the timeline is not open
 *	-ENOTTY		it is something else, or the kernel does not have this call
 *	-EINVAL		an argument is not as described
 *	-EFAULT		a pointer is not valid
 *
 * Signals
 *
 * Functions that sleep return -EINTR when a handler has run that was installed without
 * SA_RESTART. None of them tries again: whether to is the caller's decision. One that calls
 * again at once, with the same arguments, keeps its place in the queue, and its deadline,
 * which is a point in time. With SA_RESTART the kernel does the same by itself.
 */
#ifndef DMABUF_SYNC_H
#define DMABUF_SYNC_H

#include <stdint.h>

#include "dmabuf-sync-timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Time
 */

/**
 * dmasync_deadline_ms() - a deadline for a call that may sleep
 * @ms: milliseconds from now
 *
 * Return: a time of CLOCK_MONOTONIC, in nanoseconds. As a deadline, 0 means that there is none.
 */
int64_t dmasync_deadline_ms(unsigned int ms);

/*
 * Contexts
 */

/**
 * dmasync_open() - make a context
 * @flags: 0, or O_NONBLOCK of <fcntl.h>: dmasync_read_events() fails with -EAGAIN instead of
 *	sleeping. It makes no difference to requests
 *
 * close() ends it: what it holds is released, what it waits for is cancelled, and calls that
 * sleep in other threads return -ECANCELED. After fork() both processes are the same owner
 * until both have closed it; a child that is to be another one opens a context. When a process
 * dies while it holds a write access, the next ones learn of it (DMASYNC_ABANDONED).
 *
 * Return: a file descriptor, or
 *	-ENOENT		there is no /dev/dmabuf_sync: the module dmabuf_sync is not loaded
 *	-EACCES		this user may not open it (on Debian: is not in the group dmabuf)
 *	-ENOLCK		the user has as many owners as it may have
 *	-EMFILE, -ENFILE, -ENOMEM
 */
int dmasync_open(int flags);

/**
 * dmasync_lease() - promise to hold accesses for a short time only
 * @ctx: context
 * @lease_ms: its lease in milliseconds, at least dmasync_caps.min_lease_ms; 0: that of the
 *	system
 * @effective_ms: set to the lease that now applies, the shorter of the context's and the
 *	system's, or 0: none. May be NULL
 *
 * When somebody else has waited for an access of the context for as long as the lease, the
 * kernel revokes its whole set: the others go on, and dmasync_release() of the set fails with
 * -EOWNERDEAD. This is what lets a pipeline survive a process that is stopped or hung. As long
 * as nobody waits, an access can be held for any time. The lease also applies to sets that are
 * held already.
 *
 * Return: 0, or -EINVAL: too short.
 */
int dmasync_lease(int ctx, unsigned int lease_ms, unsigned int *effective_ms);

/* Record locks of dma-bufs (fcntl()) are accesses, too. */
#define DMASYNC_FEATURE_FCNTL	0x1
/* poll() of a dma-buf waits for accesses, too. */
#define DMASYNC_FEATURE_POLL	0x2

/**
 * struct dmasync_caps - what the kernel has, and how much of it there may be
 * @version: of the kernel's interface; it grows, and nothing goes away
 * @max_set: accesses in one set
 * @features: DMASYNC_FEATURE_...: what one kernel of a version has and another has not
 * @max_infos: entries that one dmasync_query() fills
 * @min_lease_ms: shortest lease that a context can promise
 * @lease_ms: lease of the context; 0: none
 * @max_accesses: accesses of one context, held and requested
 * @max_queued: those of them that wait
 * @max_user_owners: contexts and other owners of one user
 * @max_user_accesses: accesses of one user, held and requested
 * @max_user_queued: those of them that wait
 * @max_user_buffers: dma-bufs that the sets of one user keep, counted once for each set
 * @max_user_marks: abandoned ranges of one user that are remembered
 * @max_user_timelines: descriptors of timelines that one user has opened
 * @max_user_points: points that requests of one user wait for or signal, and points that its
 *	calls wait for
 *
 * The administrator can change the limits at any time.
 */
struct dmasync_caps {
	uint32_t version;
	uint32_t max_set;
	uint64_t features;
	uint32_t max_infos;
	uint32_t min_lease_ms;
	uint32_t lease_ms;
	uint32_t max_accesses;
	uint32_t max_queued;
	uint32_t max_user_owners;
	uint32_t max_user_accesses;
	uint32_t max_user_queued;
	uint32_t max_user_buffers;
	uint32_t max_user_marks;
	uint32_t max_user_timelines;
	uint32_t max_user_points;
};

/**
 * dmasync_get_caps() - ask what the kernel has
 * @ctx: context
 * @caps: filled in
 *
 * Return: 0.
 */
int dmasync_get_caps(int ctx, struct dmasync_caps *caps);

/*
 * Sets
 */

/* What an access does with its bytes. */
#define DMASYNC_READ		0x1u
#define DMASYNC_WRITE		0x2u
#define DMASYNC_READ_WRITE	(DMASYNC_READ | DMASYNC_WRITE)

/* As a length: up to the end of the buffer. */
#define DMASYNC_TO_END		UINT64_MAX

/**
 * struct dmasync_access - one access of a set
 * @dmabuf: descriptor of the dma-buf, which can be closed once the set is requested
 * @mode: DMASYNC_READ, DMASYNC_WRITE or DMASYNC_READ_WRITE
 * @offset: first byte
 * @length: number of bytes, not 0, or DMASYNC_TO_END
 */
struct dmasync_access {
	int dmabuf;
	uint32_t mode;
	uint64_t offset;
	uint64_t length;
};

static inline struct dmasync_access dmasync_make_access(int dmabuf, uint32_t mode,
							uint64_t offset, uint64_t length)
{
	struct dmasync_access access;

	access.dmabuf = dmabuf;
	access.mode = mode;
	access.offset = offset;
	access.length = length;
	return access;
}

/* A former owner died while it was writing here: the bytes may be half written. */
#define DMASYNC_ABANDONED	0x1u
/* Likewise of one whose lease was over; it may be alive, and still write. */
#define DMASYNC_REVOKED		0x2u

/**
 * struct dmasync_set - a set that was requested
 * @number: names it in later calls on the context
 * @status: DMASYNC_ABANDONED and DMASYNC_REVOKED, each or not: what happened to the bytes
 *	before. Each set that includes them has it, until one that has it and writes to them is
 *	released. A queued set has 0 here, and its status in its event
 */
struct dmasync_set {
	uint32_t number;
	uint32_t status;
};

/* How a request waits; without either of the first two the call sleeps. */
/* It does not wait: it fails with -EAGAIN if it would have to. */
#define DMASYNC_NONBLOCK	0x1u
/* In the background: the call returns at once, and an event tells how the request ended. */
#define DMASYNC_QUEUE		0x2u
/* Events tell when somebody else begins to wait for the set, and when it is revoked. */
#define DMASYNC_NOTIFY		0x4u

/**
 * struct dmasync_request - a set to acquire
 * @accesses: its accesses; they must not overlap each other
 * @nr_accesses: how many, 1 .. dmasync_caps.max_set (256)
 * @flags: DMASYNC_NONBLOCK or DMASYNC_QUEUE or neither; DMASYNC_NOTIFY or not
 * @points: what it waits for, and what its release signals
 * @nr_points: how many, 0 .. 256
 * @reserved: 0
 * @deadline_ns: see dmasync_deadline_ms(); 0: none, which it must be with DMASYNC_NONBLOCK.
 *	What can be had at once is acquired also when it has passed
 * @user_data: handed back in the set's events
 *
 * Zero what is not used: = { 0 } in C, = {} in C++.
 */
struct dmasync_request {
	const struct dmasync_access *accesses;
	unsigned int nr_accesses;
	unsigned int flags;
	const struct dmasync_point *points;
	unsigned int nr_points;
	unsigned int reserved;
	int64_t deadline_ns;
	uint64_t user_data;
};

/**
 * dmasync_request() - acquire a set in any way
 * @ctx: context
 * @request: which, and how
 * @set: filled in if the call succeeds
 *
 * Return: 0: the set is acquired, or queued with DMASYNC_QUEUE. Or, and then there is no set,
 *	-EBADF		also: a dma-buf or a timeline is not open, or not for this: the
 *			descriptor of a dma-buf must be open for reading to read and for
 *			writing to write, that of a timeline must be able to signal
 *	-EINVAL		also: accesses overlap each other, a range is empty or outside the
 *			buffer, a descriptor is no dma-buf, or no timeline
 *	-EAGAIN		DMASYNC_NONBLOCK: it would have to wait
 *	-EDEADLK	it would have waited for ever: for an owner that sleeps in such a call
 *			itself, for what this context holds. Release that, and try again
 *	-ETIMEDOUT	the deadline has passed
 *	-EINTR		a signal; see above
 *	-ECANCELED	the context was closed by another thread
 *	-ENOLCK		the context, or the user, has as many accesses, waiting requests,
 *			buffers or points as it may have: see dmasync_get_caps()
 *	-EPIPE		a point to wait for will not be reached: see timelines
 *	-ERANGE		a point to signal was reached already
 *	-ENOMEM
 *	other		an exporter could not make its buffer ready
 *
 * With DMASYNC_QUEUE, errors that come after the call has returned are in the event's result.
 * The caller goes on, so -EDEADLK is not among them: a caller that holds other accesses while
 * it waits for the event should cancel the set after a while.
 */
int dmasync_request(int ctx, const struct dmasync_request *request, struct dmasync_set *set);

/**
 * dmasync_acquire() - acquire a set, sleep until it can be had
 * @ctx: context
 * @accesses: the accesses
 * @nr_accesses: how many
 * @deadline_ns: see dmasync_deadline_ms(); 0: none
 * @set: filled in if the call succeeds
 *
 * Return: as dmasync_request().
 */
int dmasync_acquire(int ctx, const struct dmasync_access *accesses, unsigned int nr_accesses,
		    int64_t deadline_ns, struct dmasync_set *set);

/**
 * dmasync_try_acquire() - acquire a set now or not at all
 * @ctx: context
 * @accesses: the accesses
 * @nr_accesses: how many
 * @set: filled in if the call succeeds
 *
 * Return: as dmasync_request().
 */
int dmasync_try_acquire(int ctx, const struct dmasync_access *accesses,
			unsigned int nr_accesses, struct dmasync_set *set);

/**
 * dmasync_change() - replace what a set consists of
 * @ctx: context; or a set that is a descriptor
 * @set: its number; 1 if it is a descriptor
 * @accesses: what it has from then on, of buffers that it has accesses to already
 * @nr_accesses: how many, 1 .. dmasync_caps.max_set
 * @deadline_ns: see dmasync_deadline_ms(); 0: none
 * @status: filled in if the call succeeds: as in struct dmasync_set, of bytes that the set did
 *	not have before. May be NULL
 *
 * What it keeps is held all the time: nobody gets in between. Fewer bytes, or reading instead of
 * writing, let others in at once, and the call waits for nobody. More bytes, or writing instead
 * of reading, are waited for; until then the set keeps all that it had. If the call fails the
 * set is what it was. Its number, its points and its events stay.
 *
 * Return: 0, or as dmasync_request(), or
 *	-EDEADLK	also: of two that read and both want to write, one has to give way:
 *			release the set, and acquire it anew
 *	-EOWNERDEAD	the lease was over. dmasync_release() is still to be called
 *	-ECANCELED	also: another thread has released the set
 *	-EBUSY		it is queued, or its event was not read; or another thread changes it
 *	-EPERM		more accesses than it has, of a set that another user has requested
 *	-ENOENT		the context has no such set
 */
int dmasync_change(int ctx, uint32_t set, const struct dmasync_access *accesses,
		   unsigned int nr_accesses, int64_t deadline_ns, uint32_t *status);

/**
 * dmasync_try_change() - the same now or not at all
 * @ctx: context; or a set that is a descriptor
 * @set: its number; 1 if it is a descriptor
 * @accesses: as dmasync_change()
 * @nr_accesses: how many
 * @status: as dmasync_change()
 *
 * Return: as dmasync_change(), or
 *	-EAGAIN		it would have to wait
 */
int dmasync_try_change(int ctx, uint32_t set, const struct dmasync_access *accesses,
		       unsigned int nr_accesses, uint32_t *status);

/**
 * dmasync_release() - release a set, or cancel it while it is queued
 * @ctx: context
 * @set: its number
 *
 * It does not sleep for others. No event of the set follows, and none is left to read.
 *
 * Return: 0, or
 *	-EOWNERDEAD	the lease was over: others may have had the bytes since. Do not rely
 *			on what was read or written. The set is gone
 *	-ENOENT		the context has no such set
 */
int dmasync_release(int ctx, uint32_t set);

/*
 * Events: what became of queued sets, and of those with DMASYNC_NOTIFY. The context is
 * readable (POLLIN, EPOLLIN) when there is one, and POLLPRI tells that one is not
 * DMASYNC_EVENT_READY.
 */

/* A queued set is acquired, or its request has failed. */
#define DMASYNC_EVENT_READY	1u
/* Somebody else has begun to wait for the set. */
#define DMASYNC_EVENT_WANTED	2u
/* The lease of the set is over. dmasync_release() is still to be called. */
#define DMASYNC_EVENT_REVOKED	3u

/**
 * struct dmasync_event - what happened to a set
 * @type: DMASYNC_EVENT_...; skip those that you do not know
 * @set: its number; 1 if it is a descriptor
 * @result: of DMASYNC_EVENT_READY: 0: it is acquired; or a negative errno, as of
 *	dmasync_request(): then it is gone. -EOWNERDEAD: it was acquired, and revoked before
 *	this event was read. Else 0
 * @status: of a set that is acquired: as in struct dmasync_set
 * @user_data: from struct dmasync_request
 */
struct dmasync_event {
	uint32_t type;
	uint32_t set;
	int32_t result;
	uint32_t status;
	uint64_t user_data;
};

/* A call of dmasync_read_events() reads no more than this. */
#define DMASYNC_MAX_EVENTS	32u

/**
 * dmasync_read_events() - read events of a context, or of a set that is a descriptor
 * @fd: context or set
 * @events: filled in
 * @max: entries of @events, 1 or more
 *
 * It sleeps until there is an event, unless the descriptor is O_NONBLOCK. A set can be used
 * when its event was read, not before: reading makes the caches ready.
 *
 * Return: the number of events in @events. 0: the set is a descriptor, and the event that its
 * request has failed was read before. Or
 *	-EAGAIN		O_NONBLOCK: there is none
 *	-EINTR		a signal; no event is lost
 *	-ECANCELED	the context was closed by another thread
 */
int dmasync_read_events(int fd, struct dmasync_event *events, unsigned int max);

/*
 * Sets that are descriptors
 */

/**
 * dmasync_request_fd() - acquire a set that is a descriptor
 * @ctx: context, which the set does not depend on afterwards; its lease is that of the set
 * @request: which; @flags has DMASYNC_NONBLOCK or DMASYNC_QUEUE
 *
 * Whoever has the descriptor has the set: to pass it over a socket (SCM_RIGHTS) hands the
 * accesses over, and nobody is let in between. The set is an owner of its own, and conflicts
 * with other sets of the context. close() of the last descriptor releases it, or cancels the
 * request.
 *
 * The descriptor is readable when the set is acquired, and stays so. Before the first use each
 * process that has it calls dmasync_set_result(). It is O_NONBLOCK if the context is.
 *
 * Return: a file descriptor, or as dmasync_request(), or -EMFILE, -ENFILE.
 */
int dmasync_request_fd(int ctx, const struct dmasync_request *request);

/**
 * dmasync_set_result() - wait for a set that is a descriptor, and ask how it stands
 * @set_fd: the set
 * @status: filled in if it is acquired: as in struct dmasync_set. May be NULL
 *
 * Sleeps as long as the request waits, unless the descriptor is O_NONBLOCK. Can be called
 * again, also after the last use: 0 says then that the accesses were held all the time.
 * Notices (DMASYNC_NOTIFY) that come first are dropped; dmasync_read_events() has them.
 *
 * Return: 0: the set is acquired, and ready for this process; or
 *	-EOWNERDEAD	its lease was over
 *	-EAGAIN		O_NONBLOCK: it waits
 *	-EINTR		a signal; see above
 *	-ECANCELED	the descriptor was closed by another thread
 *	-ENODATA	the request has failed, and somebody has been told why
 *	other		the request has failed: as dmasync_request()
 */
int dmasync_set_result(int set_fd, uint32_t *status);

/*
 * Who has a buffer, who waits for it
 */

#define DMASYNC_OWNER_FCNTL	1u	/* a process, by fcntl() */
#define DMASYNC_OWNER_CONTEXT	2u	/* a context */
#define DMASYNC_OWNER_DRIVER	3u	/* a driver */

#define DMASYNC_STATE_QUEUED	1u	/* waits for other accesses */
#define DMASYNC_STATE_ACQUIRED	2u	/* is held */
#define DMASYNC_STATE_COMMITTED	3u	/* is held by a DMA job and ends with its fence */

/* A bit of dmasync_info.mode beside DMASYNC_READ and DMASYNC_WRITE: by a device. */
#define DMASYNC_DMA		0x4u

/**
 * struct dmasync_info - an access of a buffer
 * @access_id: of the access, unique since boot
 * @owner_id: of its owner, likewise
 * @set_id: the accesses of one set, in whichever buffers, have the same; unique since boot
 * @set: number of the set within its context; 0 of other owners
 * @owner_kind: DMASYNC_OWNER_...
 * @tgid: process that made the owner, as this process would call it; 0: it is gone, or not
 *	visible here
 * @tid: thread that made the request, likewise
 * @mode: DMASYNC_READ, DMASYNC_WRITE, DMASYNC_DMA
 * @state: DMASYNC_STATE_...
 * @offset: first byte
 * @length: number of bytes
 * @age_ns: time since it was acquired or, when queued, requested
 * @fence_context: of a committed one: its job's fence, as sync_file tells it; else 0
 * @fence_seqno: likewise
 */
struct dmasync_info {
	uint64_t access_id;
	uint64_t owner_id;
	uint64_t set_id;
	uint32_t set;
	uint32_t owner_kind;
	uint32_t tgid;
	uint32_t tid;
	uint32_t mode;
	uint32_t state;
	uint64_t offset;
	uint64_t length;
	uint64_t age_ns;
	uint64_t fence_context;
	uint64_t fence_seqno;
};

/**
 * struct dmasync_list - how far a list of accesses is
 * @cursor: the kernel's
 * @more: 1: it goes on: call again
 * @nr_held: accesses of the buffer that are held now
 * @nr_queued: accesses of the buffer that wait now
 * @reserved: 0
 *
 * Zero it before the first call for a list: = { 0 } in C, = {} in C++.
 */
struct dmasync_list {
	uint64_t cursor[3];
	uint32_t more;
	uint32_t nr_held;
	uint32_t nr_queued;
	uint32_t reserved;
};

/**
 * dmasync_query() - list the accesses of a buffer
 * @ctx: context, any
 * @dmabuf: the buffer
 * @list: zeroed for the first call, and left alone between calls for the same list
 * @infos: filled in
 * @max: entries of @infos; a call fills dmasync_caps.max_infos at most
 *
 * Holders come before waiters. What comes and goes between two calls may be listed or not.
 *
 * Return: the number of accesses in @infos, perhaps 0 although @list->more says that the list
 * goes on; or
 *	-EBADF		also: @dmabuf is not open
 *	-ENOMEM
 */
int dmasync_query(int ctx, int dmabuf, struct dmasync_list *list, struct dmasync_info *infos,
		  unsigned int max);

/**
 * dmasync_query_blockers() - list what an access waits for
 * @ctx: context, any
 * @dmabuf: the buffer
 * @waiter: the access, from dmasync_query()
 * @list: as there
 * @infos: as there
 * @max: as there
 *
 * Return: as dmasync_query(), or -ENOENT: the access does not wait any more.
 */
int dmasync_query_blockers(int ctx, int dmabuf, const struct dmasync_info *waiter,
			   struct dmasync_list *list, struct dmasync_info *infos,
			   unsigned int max);

#ifdef __cplusplus
}
#endif

#endif /* DMABUF_SYNC_H */
