/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * dmabuf-sync: access control for dma-buf, user ABI of /dev/dmabuf_sync.
 *
 * One open file of /dev/dmabuf_sync is one owner. Whoever shares the file (dup,
 * fork, descriptor passing) acts as the same owner; threads that are to exclude
 * each other open one each. Closing the last descriptor releases everything the
 * owner holds and cancels everything it waits for.
 *
 * A call that sleeps keeps the open file until it returns. So that the close of a descriptor
 * by another thread has its effect, DMABUF_SYNC_IOC_ACQUIRE, DMABUF_SYNC_IOC_CHANGE and read()
 * stop sleeping for accesses, fences and events, and fail with ECANCELED, once the process (the
 * table of descriptors: threads share one) that is in the call has no descriptor of the file any
 * more. Descriptors of other processes, or on their way in a socket, keep the owner and what
 * it has, but not that wait; and their close does not end it. A poll() goes on until it
 * returns, and keeps the owner meanwhile.
 *
 * Structures grow at their end only. @size, @access_size and @info_size tell the kernel how large
 * the caller's structures are. In a shorter one, of an older version, what is missing is zero.
 * In a longer one all that the kernel does not know must be zero, else the call fails with E2BIG,
 * which means this only; where the kernel answers it is made zero. Shorter than in the first
 * release, or longer than 4096 bytes, is no version: EINVAL. The number of a call has the size
 * of its structure in it, for which the same holds; what differs in another way is no call: ENOTTY.
 */
#ifndef _UAPI_LINUX_DMABUF_SYNC_H
#define _UAPI_LINUX_DMABUF_SYNC_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What an access does with the bytes of its range. */
#define DMA_BUF_ACCESS_R	0x1	/* read */
#define DMA_BUF_ACCESS_W	0x2	/* write */
#define DMA_BUF_ACCESS_RW	(DMA_BUF_ACCESS_R | DMA_BUF_ACCESS_W)
/* Who does it: a device instead of a CPU. Not accepted from user space. */
#define DMA_BUF_ACCESS_DMA	0x4
#define DMA_BUF_ACCESS_DMA_R	(DMA_BUF_ACCESS_DMA | DMA_BUF_ACCESS_R)
#define DMA_BUF_ACCESS_DMA_W	(DMA_BUF_ACCESS_DMA | DMA_BUF_ACCESS_W)
#define DMA_BUF_ACCESS_DMA_RW	(DMA_BUF_ACCESS_DMA | DMA_BUF_ACCESS_RW)

/* As a length: from the offset to the end of the buffer. */
#define DMABUF_SYNC_TO_END	(~0ULL)

/* More accesses than this in one set fail with EINVAL. */
#define DMABUF_SYNC_MAX_SET	256

/**
 * struct dmabuf_sync_access - one access of a set
 * @fd:		descriptor of the dma-buf
 * @mode:	DMA_BUF_ACCESS_R, _W or _RW
 * @offset:	first byte
 * @length:	number of bytes, not 0, or DMABUF_SYNC_TO_END
 */
struct dmabuf_sync_access {
	__s32 fd;
	__u32 mode;
	__u64 offset;
	__u64 length;
};

/* Fail with EAGAIN instead of sleeping for another owner, a DMA job or a fence. */
#define DMABUF_SYNC_ACQUIRE_NONBLOCK	0x1
/* Return at once; a struct dmabuf_sync_event tells when the set is acquired. */
#define DMABUF_SYNC_ACQUIRE_QUEUE	0x2
/*
 * Events, and POLLPRI, tell when somebody else begins to wait for an access of the set, and when
 * its lease is over.
 */
#define DMABUF_SYNC_ACQUIRE_NOTIFY	0x4
/*
 * With NONBLOCK or QUEUE: the set is a descriptor, not a number of the context (closed by execve()
 * unless that is changed). It is an owner of its own, which also the context that asked can
 * conflict with; its lease is the one that the context has promised by then. Wherever it is
 * passed to, it counts against the limits of the user that asked for it.
 *
 * Whoever has the descriptor has the set: passing it over a socket hands the accesses over, and
 * nobody is let in between. The close of the last descriptor releases the set, or cancels the
 * request. If that is part of the end of its process, the set is abandoned.
 *
 * read() gives one struct dmabuf_sync_event. It blocks, or fails with EAGAIN (O_NONBLOCK, taken
 * over from the context), only as long as the request waits. After that DMABUF_SYNC_EVENT_READY
 * can be read any number of times, by everybody who has the descriptor, and @result is how the
 * set is at that moment: -EOWNERDEAD once its lease was over, so that a 0 says that the accesses,
 * or what DMABUF_SYNC_IOC_CHANGE has made of them, were held until now. The end of a request that
 * has failed is read once; then comes the end of the file. poll() reports POLLIN with each of
 * these, with a revoked set POLLERR, and POLLHUP at the end. Whoever reads first has the buffers
 * made ready for the CPU, so a set should be read before it is used, also by those to whom it was
 * passed.
 */
#define DMABUF_SYNC_ACQUIRE_FD		0x8

/*
 * A former owner died, or closed its file, while it held a write access here. Everybody who
 * acquires the bytes is told, until one that was told releases a write access to them.
 */
#define DMABUF_SYNC_STATUS_ABANDONED	0x1
/*
 * The lease of a former owner was over while it held a write access here (struct
 * dmabuf_sync_lease). Told like DMABUF_SYNC_STATUS_ABANDONED; but the former owner may still be
 * alive, and write through its mapping.
 */
#define DMABUF_SYNC_STATUS_REVOKED	0x2

/**
 * struct dmabuf_sync_acquire - acquire a set: all its accesses or none
 * @size:	sizeof(struct dmabuf_sync_acquire)
 * @flags:	DMABUF_SYNC_ACQUIRE_NONBLOCK or _QUEUE or neither; _NOTIFY or not; _FD or not
 * @accesses:	pointer to an array of struct dmabuf_sync_access
 * @nr_accesses: entries in @accesses, 1 .. DMABUF_SYNC_MAX_SET
 * @access_size: sizeof(struct dmabuf_sync_access)
 * @deadline_ns: give up with ETIMEDOUT at this CLOCK_MONOTONIC time, that of the
 *		caller's time namespace; 0: wait without limit. What can be had at once is acquired,
 *		also when the time has passed. A call interrupted by a signal can be repeated as
 *		it is. With QUEUE the request ends with an event whose result is -ETIMEDOUT, some
 *		milliseconds later perhaps, unless it was acquired by then, whether read or not.
 *		Must be 0 with NONBLOCK.
 * @user_data:	handed back in the events of the set
 * @set:	out: names the set in later calls, unique within the owner; with
 *		DMABUF_SYNC_ACQUIRE_FD its descriptor
 * @status:	out: DMABUF_SYNC_STATUS_ABANDONED and _REVOKED, each or not; of a queued set the
 *		event tells it
 * @points:	pointer to an array of struct dmabuf_sync_point (linux/dmabuf_sync_timeline.h): what
 *		the set waits for, and what its release signals; or 0
 * @nr_points:	entries in @points, 0 .. DMABUF_SYNC_MAX_POINTS
 * @point_size:	sizeof(struct dmabuf_sync_point)
 *
 * Errors: EINVAL (flags, mode, range, overlap within the set, number of accesses,
 * a size, dma-buf expected), E2BIG (see above), EBADF (@fd is not open, or not for this mode),
 * EFAULT, EAGAIN (NONBLOCK: it would have to wait),
 * EDEADLK (waiting would close a cycle of holders, all of which sleep in such calls),
 * ETIMEDOUT, EINTR, ECANCELED (the context was closed meanwhile), ENOMEM, ENOLCK (the owner
 * or its user has as many accesses, requests that wait, buffers, or points as it may have),
 * EMFILE and ENFILE (DMABUF_SYNC_ACQUIRE_FD), EPIPE and ERANGE (points, see there).
 *
 * With QUEUE the owner goes on, so it is in no such cycle and never gets EDEADLK. Who
 * waits for the event while it holds other accesses can wait for somebody who waits for
 * these: it should request all at once, or cancel the set after a while.
 */
struct dmabuf_sync_acquire {
	__u32 size;
	__u32 flags;
	__u64 accesses;
	__u32 nr_accesses;
	__u32 access_size;
	__s64 deadline_ns;
	__u64 user_data;
	__u32 set;
	__u32 status;
	__u64 points;
	__u32 nr_points;
	__u32 point_size;
};

/**
 * struct dmabuf_sync_release - release a set, or cancel it when it is queued
 * @size:	sizeof(struct dmabuf_sync_release)
 * @flags:	0
 * @set:	from struct dmabuf_sync_acquire
 * @reserved:	0
 *
 * Once this returns no event of the set follows and none is left to read.
 * Errors: ENOENT (the owner has no such set), EOWNERDEAD (the lease was over, and others may have
 * the bytes since: what was read, or written, there is not to be relied upon; the set is gone),
 * EINVAL, E2BIG, EFAULT.
 */
struct dmabuf_sync_release {
	__u32 size;
	__u32 flags;
	__u32 set;
	__u32 reserved;
};

/* Fail with EAGAIN instead of sleeping for another owner, a DMA job or a fence. */
#define DMABUF_SYNC_CHANGE_NONBLOCK	0x1

/**
 * struct dmabuf_sync_change - replace what an acquired set consists of
 * @size:	sizeof(struct dmabuf_sync_change)
 * @flags:	DMABUF_SYNC_CHANGE_NONBLOCK or 0
 * @set:	from struct dmabuf_sync_acquire; 1 in a call on the descriptor of a set
 * @status:	out: DMABUF_SYNC_STATUS_ABANDONED and _REVOKED, each or not: of bytes that the set
 *		did not have before
 * @accesses:	pointer to an array of struct dmabuf_sync_access: what the set has from then on, of
 *		dma-bufs that it has accesses to already
 * @nr_accesses: entries in @accesses, 1 .. DMABUF_SYNC_MAX_SET
 * @access_size: sizeof(struct dmabuf_sync_access)
 * @deadline_ns: as in struct dmabuf_sync_acquire; must be 0 with NONBLOCK
 *
 * A call on a context, and on the descriptor of a set (DMABUF_SYNC_ACQUIRE_FD).
 *
 * Bytes that the set keeps are held all the time, so nobody gets in between. What it gives up, by
 * fewer bytes or by reading where it was writing, it gives up at once: with nothing but that the
 * call waits for nobody, and fails for nothing that others do. What it adds, by more bytes or
 * by writing where it was reading, is waited for as a request is. Until then the set keeps all
 * that it had, also what it gives up; and two that both read and want to write wait for each other,
 * so one of them fails with EDEADLK. A call that fails has changed nothing.
 *
 * The number, @user_data and the points of the set stay, and so do DMABUF_SYNC_ACQUIRE_NOTIFY and
 * the lease: if others wait for the set as it is then, its lease goes on, and events tell so again.
 * Who gives up writing says that the bytes are written, as with a release. The accesses
 * are new ones in lists, with ids of their own.
 *
 * Errors: as of struct dmabuf_sync_acquire; and ENOENT (the owner has no such set), EBUSY (its
 * event was not read yet, or another call changes it just now), EINVAL (also: a dma-buf that the
 * set has no access to), EOWNERDEAD (its lease was over; it is still to be released), ECANCELED
 * (also: another thread has released it), ENOLCK (also with what gives up bytes, if
 * that makes more accesses of the set than it had), ERANGE (a point that its release would signal
 * is reached: no bytes are added), EPERM (more accesses, or without NONBLOCK more bytes, by another
 * user than the one that has requested the set).
 */
struct dmabuf_sync_change {
	__u32 size;
	__u32 flags;
	__u32 set;
	__u32 status;
	__u64 accesses;
	__u32 nr_accesses;
	__u32 access_size;
	__s64 deadline_ns;
};

/* Who an owner is. */
#define DMABUF_SYNC_OWNER_FCNTL		1	/* a process, by fcntl() */
#define DMABUF_SYNC_OWNER_CONTEXT	2	/* an open /dev/dmabuf_sync */
#define DMABUF_SYNC_OWNER_DRIVER	3	/* a driver's sync object */

/* Where an access stands. */
/* It waits for other accesses. */
#define DMABUF_SYNC_STATE_QUEUED	1
/* It is held; it may still wait for fences of stock drivers. */
#define DMABUF_SYNC_STATE_ACQUIRED	2
/* It is held by a DMA job on its way and ends with the job's fence. */
#define DMABUF_SYNC_STATE_COMMITTED	3

/**
 * struct dmabuf_sync_info - what DMABUF_SYNC_IOC_QUERY tells of one access
 * @access_id:	unique since boot
 * @owner_id:	unique since boot
 * @set_id:	unique since boot; the accesses of one set, in whichever buffers, have the same
 * @set:	what a context calls the set in its calls; 0 with another kind of owner
 * @owner_kind:	DMABUF_SYNC_OWNER_...
 * @tgid:	process that made the owner, in the caller's pid namespace; 0: not visible
 *		there, or gone. A number that belongs to another process by now is never told;
 *		@owner_id tells whether two entries are of the same owner
 * @tid:	thread that made the request, likewise
 * @mode:	DMA_BUF_ACCESS_... bits
 * @state:	DMABUF_SYNC_STATE_...
 * @offset:	first byte
 * @length:	number of bytes
 * @age_ns:	time since it was acquired or, when queued, requested
 * @fence_context: with DMABUF_SYNC_STATE_COMMITTED: the job's fence, as sync_file tells it; else 0
 * @fence_seqno: likewise
 */
struct dmabuf_sync_info {
	__u64 access_id;
	__u64 owner_id;
	__u64 set_id;
	__u32 set;
	__u32 owner_kind;
	__u32 tgid;
	__u32 tid;
	__u32 mode;
	__u32 state;
	__u64 offset;
	__u64 length;
	__u64 age_ns;
	__u64 fence_context;
	__u64 fence_seqno;
};

/* Most entries that one DMABUF_SYNC_IOC_QUERY fills. */
#define DMABUF_SYNC_MAX_INFOS	1024

/*
 * List what one access waits for: accesses that are held, and earlier requests. With the list of
 * all accesses that is who waits for whom.
 */
#define DMABUF_SYNC_QUERY_BLOCKERS	0x1

/**
 * struct dmabuf_sync_cursor - how far a list is
 * @access_id:	the kernel's
 * @offset:	the kernel's
 * @place:	the kernel's
 * @more:	1: the list goes on: call again
 *
 * All zeroes: the list begins. It is good for the same buffer, and the same question, at any later
 * time.
 */
struct dmabuf_sync_cursor {
	__u64 access_id;
	__u64 offset;
	__u32 place;
	__u32 more;
};

/**
 * struct dmabuf_sync_query - list the holders and waiters of a dma-buf
 * @size:	sizeof(struct dmabuf_sync_query)
 * @flags:	0 or DMABUF_SYNC_QUERY_BLOCKERS
 * @fd:		descriptor of the dma-buf
 * @info_size:	sizeof(struct dmabuf_sync_info)
 * @infos:	pointer to an array of struct dmabuf_sync_info
 * @nr_infos:	in: entries that fit @infos; out: entries that were filled, DMABUF_SYNC_MAX_INFOS at
 *		most, and perhaps none although the list goes on. Holders come before waiters
 * @nr_held:	out: accesses to the buffer that are held now
 * @access_id:	with DMABUF_SYNC_QUERY_BLOCKERS: the access that waits; else 0
 * @offset:	with DMABUF_SYNC_QUERY_BLOCKERS: its first byte; else 0. Both as a list has them
 * @cursor:	zeroes to begin; out: to go on with. Ends with @cursor.more 0
 * @nr_queued:	out: accesses to the buffer that wait now
 * @reserved:	0
 *
 * No call takes long, however many there are. What comes and goes between two calls may be listed
 * or not. Accesses that are there all the time are listed once; one that was acquired meanwhile
 * may be missed.
 *
 * Errors: EINVAL, E2BIG, EBADF, EFAULT, ENOMEM, ENOENT (BLOCKERS: there is no such access, or it
 * does not wait any more).
 */
struct dmabuf_sync_query {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 info_size;
	__u64 infos;
	__u32 nr_infos;
	__u32 nr_held;
	__u64 access_id;
	__u64 offset;
	struct dmabuf_sync_cursor cursor;
	__u32 nr_queued;
	__u32 reserved;
};

/**
 * struct dmabuf_sync_lease - promise to hold accesses for a short time only
 * @size:	sizeof(struct dmabuf_sync_lease)
 * @flags:	0
 * @lease_ms:	in: the context's lease in milliseconds, at least DMABUF_SYNC_MIN_LEASE_MS, or 0:
 *		that of the system. Out: what holds, the shorter one of both; 0: none
 * @reserved:	0
 *
 * When somebody else has waited for an access of the context for as long as the lease, the
 * kernel revokes it: it releases the whole set, the others go on, and DMABUF_SYNC_IOC_RELEASE
 * of the set fails with EOWNERDEAD. The owner keeps its mapping, so the lease must be longer
 * than any use of the bytes. The lease begins when somebody first waits; as long as nobody
 * does, an access may be held for any time. A queued set that was acquired, but whose event
 * nobody has read, ends with an event whose result is -EOWNERDEAD.
 *
 * The call applies to accesses that are held already, too.
 * Errors: EINVAL (too short), E2BIG, EFAULT.
 */
struct dmabuf_sync_lease {
	__u32 size;
	__u32 flags;
	__u32 lease_ms;
	__u32 reserved;
};

/* Shortest lease that a context can promise. */
#define DMABUF_SYNC_MIN_LEASE_MS	10

/* What an event tells. A reader skips those that it does not know. */
/* A queued request has ended: @result, @status. */
#define DMABUF_SYNC_EVENT_READY		1
/* Somebody else has begun to wait for an access of the set. */
#define DMABUF_SYNC_EVENT_WANTED	2
/* The lease of the set is over: it is, or will be at once, released. */
#define DMABUF_SYNC_EVENT_REVOKED	3

/**
 * struct dmabuf_sync_event - read() from the context
 * @type:	DMABUF_SYNC_EVENT_...
 * @length:	of this event in bytes: the next one is behind it. Less than an event of the
 *		kernel's version has, if read() had no room for that, and 32 at least
 * @set:	which set; 1 when it is a descriptor
 * @result:	of DMABUF_SYNC_EVENT_READY: 0: acquired; otherwise a negative errno, and the set
 *		is gone. Else 0
 * @status:	of an acquired set: DMABUF_SYNC_STATUS_ABANDONED and _REVOKED, each or not
 * @reserved:	0
 * @user_data:	from struct dmabuf_sync_acquire
 *
 * poll() reports POLLIN as long as an event can be read, and POLLPRI as long as one of these is
 * not DMABUF_SYNC_EVENT_READY: those come with DMABUF_SYNC_ACQUIRE_NOTIFY only. read() returns as
 * many events as fit; EINVAL with room for less than 32 bytes; with O_NONBLOCK EAGAIN when
 * there is none; ECANCELED when the context is closed while it waits for one.
 *
 * The access is held from before its event on. read() makes the buffers ready for the CPU, as an
 * acquire does that had not to wait: it may sleep for their exporters, also with O_NONBLOCK, and
 * what they say is in @result. A read() that a signal interrupts leaves the event to the next one.
 */
struct dmabuf_sync_event {
	__u32 type;
	__u32 length;
	__u32 set;
	__s32 result;
	__u32 status;
	__u32 reserved;
	__u64 user_data;
};

/* What dmabuf_sync_caps.version is, here. */
#define DMABUF_SYNC_VERSION	1

/* Record locks of dma-bufs (fcntl()) are accesses, not the kernel's own locks beside them. */
#define DMABUF_SYNC_FEATURE_FCNTL	0x1
/*
 * poll() of a dma-buf tells of accesses, too, not of fences only: POLLIN as long as nobody holds
 * one that writes, POLLOUT as long as nobody holds any, the caller included. Requests that wait
 * count for nothing. Level-triggered, for any number of pollers: who is woken finds perhaps that
 * another one was faster.
 */
#define DMABUF_SYNC_FEATURE_POLL	0x2

/**
 * struct dmabuf_sync_caps - what the kernel has, and how much of it there may be
 * @size:	sizeof(struct dmabuf_sync_caps)
 * @flags:	0
 * @version:	out: of this ABI. It grows with what is new in it, and nothing goes away
 * @max_set:	out: accesses in one set
 * @features:	out: DMABUF_SYNC_FEATURE_...: what one kernel of a version has and another has not
 * @max_infos:	out: entries that one DMABUF_SYNC_IOC_QUERY fills
 * @min_lease_ms: out: shortest lease that a context can promise
 * @lease_ms:	out: the context's lease; 0: none
 * @max_accesses: out: accesses of one owner, held and requested
 * @max_queued:	out: those of them that wait
 * @max_user_owners: out: owners of one user
 * @max_user_accesses: out: accesses of one user, held and requested
 * @max_user_queued: out: those of them that wait
 * @max_user_buffers: out: dma-bufs that the sets of one user keep, counted once for each set
 * @max_user_marks: out: ranges that one user has abandoned and that are remembered
 * @max_user_timelines: out: descriptors of timelines that one user has opened
 * @max_user_points: out: points that the requests and calls of one user have to do with
 *
 * Limits of owners and users can be changed by the administrator at any time.
 * Errors: EINVAL, E2BIG, EFAULT.
 */
struct dmabuf_sync_caps {
	__u32 size;
	__u32 flags;
	__u32 version;
	__u32 max_set;
	__u64 features;
	__u32 max_infos;
	__u32 min_lease_ms;
	__u32 lease_ms;
	__u32 max_accesses;
	__u32 max_queued;
	__u32 max_user_owners;
	__u32 max_user_accesses;
	__u32 max_user_queued;
	__u32 max_user_buffers;
	__u32 max_user_marks;
	__u32 max_user_timelines;
	__u32 max_user_points;
};

#define DMABUF_SYNC_IOC_MAGIC	0xBD
#define DMABUF_SYNC_IOC_ACQUIRE	_IOWR(DMABUF_SYNC_IOC_MAGIC, 0, struct dmabuf_sync_acquire)
#define DMABUF_SYNC_IOC_RELEASE	_IOW(DMABUF_SYNC_IOC_MAGIC, 1, struct dmabuf_sync_release)
#define DMABUF_SYNC_IOC_QUERY	_IOWR(DMABUF_SYNC_IOC_MAGIC, 2, struct dmabuf_sync_query)
#define DMABUF_SYNC_IOC_LEASE	_IOWR(DMABUF_SYNC_IOC_MAGIC, 3, struct dmabuf_sync_lease)
#define DMABUF_SYNC_IOC_CAPS	_IOWR(DMABUF_SYNC_IOC_MAGIC, 4, struct dmabuf_sync_caps)
#define DMABUF_SYNC_IOC_CHANGE	_IOWR(DMABUF_SYNC_IOC_MAGIC, 5, struct dmabuf_sync_change)
/* From 0x20 on: timelines, linux/dmabuf_sync_timeline.h. */

#endif /* _UAPI_LINUX_DMABUF_SYNC_H */
