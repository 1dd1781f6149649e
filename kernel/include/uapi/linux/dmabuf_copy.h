/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * dmabuf-copy: copies between dma-bufs by a DMA engine, user ABI of /dev/dmabuf_copy.
 *
 * A job acquires its two ranges through dmabuf-sync, as one set: while somebody else
 * holds one of them the job is queued, and starts by itself when it may. From then on
 * it is in the hands of the engine and ends in finite time, with a fence in both
 * buffers, which DMABUF_COPY_SRC_EXPLICIT and DMABUF_COPY_DST_EXPLICIT hide. Until then it
 * depends on user space, and so it has no fence: a sync_file that user space could hold back
 * would stall every driver that waits for it. What a submission returns is therefore a job, a
 * descriptor of its own: poll() tells when the job has started, which is when there is a
 * sync_file to be had, and when it ended.
 *
 * Structures grow at their end only, as those of dmabuf_sync.h do: @size tells the
 * kernel how large the caller's structure is.
 */
#ifndef _UAPI_LINUX_DMABUF_COPY_H
#define _UAPI_LINUX_DMABUF_COPY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Return when the job has ended, with its result; there is no descriptor then. */
#define DMABUF_COPY_WAIT	0x1
/* Fail with EAGAIN when the job could not start at once. */
#define DMABUF_COPY_NONBLOCK	0x2
/* Start the job at once if that is possible, and return a sync_file too. */
#define DMABUF_COPY_SYNC_FILE	0x4
/*
 * Start the job although others still work on its ranges: it is given to the engine at once,
 * with a fence, and begins there by itself when they have ended, whether they are jobs of this
 * client, of other drivers that use dmabuf-sync, or fences of stock drivers. If one of them fails
 * while the job is with the engine, so does the job, with the same error. Jobs behind it on its
 * channel wait with it: once it is the first there it waits no longer than @timeout_ms of struct
 * dmabuf_copy_info, and then fails with ETIMEDOUT. It waits for CPUs, and in its turn among
 * requests, as others do.
 */
#define DMABUF_COPY_FOLLOW	0x8
/*
 * Explicit synchronization, of either buffer or of both: drivers that do not use dmabuf-sync, and
 * DMA_BUF_IOCTL_SYNC, do not wait for the job through that buffer. Whoever is to wait is given the
 * job's sync_file. Users of dmabuf-sync wait as ever, and so does the job for what is in its way.
 */
#define DMABUF_COPY_SRC_EXPLICIT	0x10
#define DMABUF_COPY_DST_EXPLICIT	0x20

/**
 * struct dmabuf_copy_submit - copy bytes of one dma-buf to another
 * @size:	sizeof(struct dmabuf_copy_submit)
 * @flags:	DMABUF_COPY_... ; WAIT goes with NONBLOCK, but not with SYNC_FILE
 * @src_fd:	descriptor of the dma-buf to read, open for reading
 * @dst_fd:	descriptor of the dma-buf to write, open for writing
 * @src_offset:	first byte to read
 * @dst_offset:	first byte to write
 * @length:	number of bytes, not 0
 * @job_fd:	out: descriptor of the job, with O_CLOEXEC; -1 with WAIT
 * @sync_fd:	out: descriptor of a sync_file, with O_CLOEXEC; -1 when it was not
 *		asked for, or the job is queued: DMABUF_COPY_IOC_SYNC_FILE later
 *
 * @src_fd and @dst_fd may be one buffer when the ranges do not overlap. Jobs whose
 * ranges conflict are done in the order of their submission; others in any order.
 *
 * WAIT: a signal that arrives while the job is queued takes it back and the call fails
 * with EINTR (or is restarted); once the job has started only a fatal signal ends the
 * call, not the job. Do not wait while holding one of the ranges oneself.
 *
 * Errors: EINVAL (flags, range, ranges that overlap, not aligned as
 * struct dmabuf_copy_info says, no dma-buf), E2BIG (unknown fields set), EBADF (not
 * open, or not for this mode), EFAULT, EAGAIN (NONBLOCK), EBUSY (this open file has
 * as many unfinished jobs as it may have, or still uses too many buffers), EMFILE,
 * EINTR, ENODEV (the engine's device was taken away: open the file anew for another one),
 * ENOMEM, EOPNOTSUPP (the engine cannot reach the buffer), what the exporter
 * returned for attaching or mapping the buffer, what acquiring can return (see
 * dmabuf_sync.h), and with WAIT those of struct dmabuf_copy_result.
 */
struct dmabuf_copy_submit {
	__u32 size;
	__u32 flags;
	__s32 src_fd;
	__s32 dst_fd;
	__u64 src_offset;
	__u64 dst_offset;
	__u64 length;
	__s32 job_fd;
	__s32 sync_fd;
};

/**
 * struct dmabuf_copy_info - the engine that this open file copies with
 * @size:	sizeof(struct dmabuf_copy_info)
 * @flags:	0
 * @alignment_bytes: offsets and lengths must be multiples of this
 * @max_jobs:	unfinished jobs that this open file may have
 * @timeout_ms:	a job that takes longer is stopped
 * @reserved:	0
 * @channel:	name of the dmaengine channel, as in /sys/class/dma
 *
 * Errors: EINVAL, E2BIG, EFAULT.
 */
struct dmabuf_copy_info {
	__u32 size;
	__u32 flags;
	__u32 alignment_bytes;
	__u32 max_jobs;
	__u32 timeout_ms;
	__u32 reserved;
	char channel[32];
};

/**
 * struct dmabuf_copy_result - read() from a job: how it ended
 * @result:	0: all bytes are there; otherwise a negative errno, and nothing can be
 *		said about the destination range: EIO (the engine failed), ETIMEDOUT
 *		(the engine was stopped), ENODEV (its device was taken away), ECANCELED, or
 *		what acquiring can return; with FOLLOW also the error of what the job followed
 * @reserved:	0
 * @requested_ns: CLOCK_MONOTONIC, when it was submitted
 * @committed_ns: when it had its accesses and was given to the engine; 0: never
 * @started_ns:	when the engine began with it; 0: never
 * @done_ns:	when it ended
 *
 * read() waits until the job has ended (with O_NONBLOCK: EAGAIN), takes nothing away,
 * and fails with EINVAL when the structure does not fit. Signals: EINTR.
 *
 * poll() reports POLLOUT from the start of the job on, when DMABUF_COPY_IOC_SYNC_FILE
 * does not wait any more; POLLIN from its end on, with POLLERR when it failed.
 *
 * Closing the last descriptor of a queued job cancels it. One that has started runs
 * to its end.
 *
 * An engine that hangs and cannot even be stopped ends its jobs all the same: the first
 * with ETIMEDOUT, all others with EIO, and EIO is what further submissions of the open
 * files get that use it. A file that is opened afterwards gets another engine. The ranges of
 * such jobs are released, but the engine may read and write them at any later time: use the
 * buffers for nothing that matters. Their memory is not given back before the engine has
 * been stopped, which is tried again and again; then it works as before.
 */
struct dmabuf_copy_result {
	__s32 result;
	__u32 reserved;
	__u64 requested_ns;
	__u64 committed_ns;
	__u64 started_ns;
	__u64 done_ns;
};

/**
 * struct dmabuf_copy_sync_file - get a sync_file with the fence of a job
 * @size:	sizeof(struct dmabuf_copy_sync_file)
 * @flags:	0
 * @sync_fd:	out: its descriptor, with O_CLOEXEC
 * @reserved:	0
 *
 * Waits until the job has started.
 *
 * Errors: EINVAL, E2BIG, EFAULT, EAGAIN (the job is queued and the descriptor has
 * O_NONBLOCK), EINTR, EMFILE, ENOMEM, and those of struct dmabuf_copy_result when the
 * job ended without having started.
 */
struct dmabuf_copy_sync_file {
	__u32 size;
	__u32 flags;
	__s32 sync_fd;
	__u32 reserved;
};

#define DMABUF_COPY_IOC_MAGIC	0xBE
/* Of /dev/dmabuf_copy. */
#define DMABUF_COPY_IOC_SUBMIT	_IOWR(DMABUF_COPY_IOC_MAGIC, 0, struct dmabuf_copy_submit)
#define DMABUF_COPY_IOC_INFO	_IOWR(DMABUF_COPY_IOC_MAGIC, 1, struct dmabuf_copy_info)
/* Of a job. */
#define DMABUF_COPY_IOC_SYNC_FILE _IOWR(DMABUF_COPY_IOC_MAGIC, 2, struct dmabuf_copy_sync_file)

#endif /* _UAPI_LINUX_DMABUF_COPY_H */
