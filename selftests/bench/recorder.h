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
/* Events that were recorded, those included that were overwritten; and those alone. */
uint64_t bench_recorder_events(void);
uint64_t bench_recorder_lost(void);

#endif /* _DMABUF_SYNC_BENCH_RECORDER_H */
