/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/dmabuf_sync_test: lets a test program play a driver of dmabuf-sync, a stock
 * driver, and an exporter. What a file of it made is gone when the file is closed:
 * fences are signaled, sync objects finished, locks dropped. A root-only test device,
 * not an interface: programs and module are built together.
 *
 * Objects (sync objects, fences, resv holders) have numbers, unique within the file.
 */
#ifndef _DMABUF_SYNC_TEST_H
#define _DMABUF_SYNC_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Longest time, in ms, that anything in the module waits or holds. */
#define DST_MAX_MS		120000

/* Where a signal or an unlock comes from. */
#define DST_PROCESS		0
#define DST_SOFTIRQ		1
#define DST_HARDIRQ		2

/* An object by its number, or what a call made. */
struct dst_object {
	__u32 id;
	__u32 value;		/* out, of calls that answer something */
};

/* Beside the mode of a &dst_range: DMABUF_SYNC_EXPLICIT, which is the kernel's alone. */
#define DST_EXPLICIT		0x40000000

/* dmabuf_sync_get_range(); DST_SYNC_PUT uses @id and @fd (-1: put all). */
struct dst_range {
	__u32 id;
	__s32 fd;
	__u32 access;
	__u32 reserved;
	__u64 offset;
	__u64 length;		/* 0 with @offset 0: dmabuf_sync_get() */
};

/* How DST_SYNC_LOCK acquires. */
#define DST_LOCK_WAIT		0
#define DST_LOCK_TRY		1
#define DST_LOCK_TIMEOUT	2
#define DST_LOCK_ASYNC		3

/* What the callback of DST_LOCK_ASYNC does once the set is acquired. */
#define DST_READY_COMMIT	0x1	/* commit with @fence */
#define DST_READY_UNLOCK	0x2	/* unlock */
#define DST_READY_FINI	0x4	/* dmabuf_sync_fini(), after commit or unlock */
/* After it was told (DST_SYNC_WAIT): return late, while DST_DESTROY or DST_SYNC_CANCEL wait. */
#define DST_READY_LINGER	0x8
/* With DST_READY_COMMIT: dmabuf_sync_commit_after(), whose fences nobody waits for. */
#define DST_READY_AFTER		0x10

struct dst_lock {
	__u32 id;
	__u32 how;
	__u64 timeout_ns;
	__u32 ready;		/* DST_READY_... */
	__u32 fence;		/* number of a fence */
};

/* Wait at most @ms for the callback; @error is what it was told. ETIME: not called yet. */
struct dst_wait {
	__u32 id;
	__u32 ms;
	__s32 error;
	__u32 in_process;	/* the callback ran in process context */
	__u32 calls;		/* so often */
	__u32 running;		/* callbacks that have not returned */
};

struct dst_commit {
	__u32 id;
	__u32 fence;
};

/* Fences that DST_SYNC_COMMIT_AFTER names. */
#define DST_MAX_AFTER		8

/* dmabuf_sync_commit_after() */
struct dst_after {
	__u32 id;
	__u32 fence;
	__u32 nr;		/* out: fences to follow, of which some are in the arrays */
	__u32 reserved;
	__u64 contexts[DST_MAX_AFTER];	/* out */
	__u64 seqnos[DST_MAX_AFTER];	/* out */
};

/* DST_SYNC_UNLOCK: dmabuf_sync_unlock() from @where, or, if @unwritten, _unlock_unwritten(). */
struct dst_unlock {
	__u32 id;
	__u32 where;
	__u32 unwritten;
	__u32 reserved;
};

struct dst_single {
	__s32 fd;
	__u32 access;
	__u32 wait;
	__u32 id;		/* out */
};

struct dst_fence {
	__u32 id;		/* out */
	__u32 reserved;
	__u64 context;		/* out */
	__u64 seqno;		/* out */
};

/* Usage of a published fence, as enum dma_resv_usage. */
#define DST_USAGE_KERNEL	0
#define DST_USAGE_WRITE		1
#define DST_USAGE_READ		2
#define DST_USAGE_BOOKKEEP	3

/* Put the fence into the dma-buf's resv, as a stock driver does. */
struct dst_publish {
	__u32 id;
	__s32 fd;
	__u32 usage;
	__u32 reserved;
};

/* Fences in the dma-buf's resv that are not signaled, of @usage and of those that it includes. */
struct dst_fences {
	__s32 fd;
	__u32 usage;
	__u32 nr;		/* out */
	__u32 reserved;
};

/* Signal the fence from @where, now or (without waiting here) in @delay_ms. */
struct dst_signal {
	__u32 id;
	__u32 where;
	__s32 error;		/* 0, or negative: dma_fence_set_error() first */
	__u32 delay_ms;
};

/*
 * Lock the resv, as a stock driver does, until DST_DESTROY but at most @ms. With @in_ctx
 * through an acquire context: younger ones that hold other locks back off then.
 */
struct dst_hold {
	__s32 fd;
	__u32 ms;
	__u32 id;		/* out */
	__u32 in_ctx;
};

/* In &dst_export.flags: the device has a copy, which begin and end of a window bring up to date. */
#define DST_BOUNCE		0x80000000

/* Export a dma-buf of @size bytes (whole pages, at most 16 MiB) that counts its calls. */
struct dst_export {
	__u64 size;
	__u32 flags;		/* O_RDWR, O_RDONLY, O_WRONLY; DST_BOUNCE */
	__s32 fd;		/* out */
};

/* Calls by enum dma_data_direction (0 bidirectional, 1 to, 2 from the device). */
struct dst_count {
	__s32 fd;
	__u32 reserved;
	__u32 begin[3];		/* begin_cpu_access that succeeded */
	__u32 begin_failed;
	__u32 end[3];
	__u32 open_max;		/* most windows open at once */
	__u32 calls_max;	/* most calls under way at once */
	__u32 reserved2;
};

/*
 * From now on: the next @nr begin_cpu_access and the next @nr_end end_cpu_access fail with @error,
 * each begin_cpu_access takes @delay_ms.
 */
struct dst_fault {
	__s32 fd;
	__u32 nr;
	__s32 error;
	__u32 delay_ms;
	__u32 nr_end;
	__u32 reserved;
};

/* The device of a dma-buf with DST_BOUNCE writes @value to each byte, or looks for others. */
struct dst_device {
	__s32 fd;
	__u32 write;
	__u64 offset;
	__u64 length;
	__u32 value;
	__u32 differ;		/* out: bytes that are not @value */
};

/* The calls of the driver API ... */
enum dst_call {
	DST_CALL_FINI,
	DST_CALL_GET,
	DST_CALL_PUT,
	DST_CALL_PUT_ALL,
	DST_CALL_LOCK,
	DST_CALL_TRYLOCK,
	DST_CALL_LOCK_TIMEOUT,
	DST_CALL_LOCK_ASYNC,
	DST_CALL_CANCEL,
	DST_CALL_COMMIT,
	DST_CALL_COMMIT_QUEUED,
	DST_CALL_BEGAN,
	DST_CALL_UNLOCK,
	DST_CALL_ABANDONED,
	DST_CALL_SINGLE_LOCK,
	DST_CALL_SINGLE_UNLOCK,
	DST_CALL_UNLOCK_UNWRITTEN,
};

/* ... and what can be wrong with them. */
enum dst_wrong {
	DST_MISUSE_NO_OBJECT,		/* NULL for the sync object */
	DST_MISUSE_ERROR_POINTER,	/* what dmabuf_sync_init() returned, unchecked */
	DST_MISUSE_NO_ARGUMENT,		/* NULL for the buffer, the fence, the callback */
	DST_MISUSE_ATOMIC,		/* with preemption disabled */
	DST_MISUSE_RESV,		/* with the buffer's resv locked */
	DST_MISUSE_RESV_CTX,		/* the same, through an acquire context */
};

/* Make @call, wrong in the way @how, on an object that asks for the buffer @fd. */
struct dst_misuse {
	__u32 call;
	__u32 how;
	__s32 fd;
	__u32 reserved;
};

#define DST_MAGIC		0xBE
#define DST_SYNC_NEW		_IOWR(DST_MAGIC, 0, struct dst_object)
#define DST_SYNC_GET		_IOW(DST_MAGIC, 1, struct dst_range)
#define DST_SYNC_PUT		_IOW(DST_MAGIC, 2, struct dst_range)
#define DST_SYNC_LOCK		_IOW(DST_MAGIC, 3, struct dst_lock)
#define DST_SYNC_WAIT		_IOWR(DST_MAGIC, 4, struct dst_wait)
#define DST_SYNC_COMMIT		_IOW(DST_MAGIC, 5, struct dst_commit)
#define DST_SYNC_UNLOCK		_IOW(DST_MAGIC, 6, struct dst_unlock)
#define DST_SYNC_CANCEL		_IOWR(DST_MAGIC, 7, struct dst_object)
#define DST_SYNC_ABANDONED	_IOWR(DST_MAGIC, 8, struct dst_object)
#define DST_SINGLE_LOCK		_IOWR(DST_MAGIC, 9, struct dst_single)
#define DST_FENCE_NEW		_IOR(DST_MAGIC, 10, struct dst_fence)
#define DST_FENCE_PUBLISH	_IOW(DST_MAGIC, 11, struct dst_publish)
#define DST_FENCE_SIGNAL	_IOW(DST_MAGIC, 12, struct dst_signal)
#define DST_RESV_HOLD		_IOWR(DST_MAGIC, 13, struct dst_hold)
#define DST_EXPORT		_IOWR(DST_MAGIC, 14, struct dst_export)
#define DST_EXPORT_COUNT	_IOWR(DST_MAGIC, 15, struct dst_count)
#define DST_EXPORT_FAULT	_IOW(DST_MAGIC, 16, struct dst_fault)
/* End of an object: fini of a sync object, signal of a fence, unlock of a resv or a single. */
#define DST_DESTROY		_IOW(DST_MAGIC, 17, struct dst_object)
#define DST_EXPORT_DEVICE	_IOWR(DST_MAGIC, 18, struct dst_device)
#define DST_MISUSE		_IOW(DST_MAGIC, 19, struct dst_misuse)
#define DST_SYNC_FOLLOW		_IOW(DST_MAGIC, 20, struct dst_object)
#define DST_SYNC_COMMIT_AFTER	_IOWR(DST_MAGIC, 21, struct dst_after)
#define DST_RESV_COUNT		_IOWR(DST_MAGIC, 22, struct dst_fences)
#define DST_NR_CALLS		23

#endif /* _DMABUF_SYNC_TEST_H */
