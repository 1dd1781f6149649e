/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/dmabuf_sync_bench: does what a driver of dmabuf-sync and a stock driver do, many times, and
 * says what that took. A root-only device, not an interface: program and module are built together.
 */
#ifndef _DMABUF_SYNC_BENCH_H
#define _DMABUF_SYNC_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DSB_MAX_BUFS		16

/* What is done. Each has a peer: a stock driver's way to the same end. */
/* Lock, commit, signal; one buffer. Or: lock the resv, reserve, add a fence, unlock, signal. */
#define DSB_PAIR		0
#define DSB_PAIR_STOCK		1
/* Lock_async, commit and signal in the callback. Or: DSB_PAIR_STOCK in a work that waits first. */
#define DSB_ASYNC		2
#define DSB_ASYNC_STOCK		3
/* DSB_PAIR with all buffers. Or: drm_exec over them; they are GEM objects. */
#define DSB_SET			4
#define DSB_SET_STOCK		5
#define DSB_NR_JOBS		6

/**
 * struct dsb_run - do a job @nr times
 * @job: DSB_...
 * @nr: how often
 * @nr_fds: how many buffers
 * @reserved: 0
 * @fds: pointer to their descriptors, __s32
 * @cycles: out: what the time stamp counter advanced by meanwhile
 * @ns: out: the same in CLOCK_MONOTONIC
 * @why: out: what was not as it should be, if the call failed with EBADMSG
 *
 * Before the first and after the last one the job is done once with checks that are not part of
 * the measurement.
 */
struct dsb_run {
	__u32 job;
	__u32 nr;
	__u32 nr_fds;
	__u32 reserved;
	__u64 fds;
	__u64 cycles;
	__u64 ns;
	char why[80];
};

#define DSB_RUN			_IOWR(0xBF, 0, struct dsb_run)

#endif /* _DMABUF_SYNC_BENCH_H */
