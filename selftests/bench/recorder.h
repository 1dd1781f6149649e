/* SPDX-License-Identifier: GPL-2.0-only */
/* The framework's trace events, recorded as trace-cmd does it. */
#ifndef _DMABUF_SYNC_BENCH_RECORDER_H
#define _DMABUF_SYNC_BENCH_RECORDER_H

#include <sys/types.h>

#include "bench.h"

#define BENCH_RECORDER_CPUS	2

/**
 * struct bench_recorder - processes that take what is recorded out of the kernel
 * @pids: one for each processor
 * @nr: how many
 */
struct bench_recorder {
	pid_t pids[BENCH_RECORDER_CPUS];
	unsigned int nr;
};

/* Of the first @nr processors. What fails is noted as what makes the case lie. */
void bench_recorder_start(struct bench *bench, struct bench_recorder *recorder, unsigned int nr);
void bench_recorder_end(struct bench *bench, struct bench_recorder *recorder);

/**
 * struct bench_recorded - events since the start
 * @kept: in the ring buffer, or taken out of it
 * @lost: overwritten before that, or without room
 */
struct bench_recorded {
	uint64_t kept;
	uint64_t lost;
};

struct bench_recorded bench_recorder_count(void);

#endif /* _DMABUF_SYNC_BENCH_RECORDER_H */
