/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of dmabuf_sync_bench.ko. */
#ifndef _DMABUF_SYNC_BENCH_INTERNAL_H
#define _DMABUF_SYNC_BENCH_INTERNAL_H

#include <linux/completion.h>
#include <linux/dma-fence.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "dmabuf_sync_bench.h"

struct dma_buf;
struct dmabuf_sync;

/**
 * struct bench_run - one call
 * @bufs: the buffers; references
 * @nr_bufs: entries in @bufs
 * @sync: the framework's side: an object with DMA accesses to all of @bufs
 * @rival: another one with the same accesses
 * @fence: of the job under way, where it is not begun and ended in one place
 * @work: does a stock driver's job
 * @done: the job under way has ended
 * @ret: how
 * @why: first thing that was not as it should be, or NULL
 */
struct bench_run {
	struct dma_buf *bufs[DSB_MAX_BUFS];
	unsigned int nr_bufs;
	struct dmabuf_sync *sync;
	struct dmabuf_sync *rival;
	struct dma_fence *fence;
	struct work_struct work;
	struct completion done;
	int ret;
	const char *why;
};

/**
 * struct bench_job - something to measure
 * @prepare: makes what it needs; NULL: nothing
 * @repeat: does it @nr times; the only part that is measured. Returns 0 or a negative errno
 * @check: does it once, looking at everything; what is wrong goes to bench_expect()
 * @clean_up: frees what @prepare made, also when that failed; NULL: nothing
 */
struct bench_job {
	int (*prepare)(struct bench_run *run);
	int (*repeat)(struct bench_run *run, u32 nr);
	int (*check)(struct bench_run *run);
	void (*clean_up)(struct bench_run *run);
};

/* pair.c */
extern const struct bench_job bench_pair;
extern const struct bench_job bench_pair_stock;

/* async.c */
extern const struct bench_job bench_async;
extern const struct bench_job bench_async_stock;

/* set.c */
extern const struct bench_job bench_set_stock;

/* fence.c */
struct dma_fence *bench_fence_create(void);
void bench_fence_end(struct dma_fence *fence);
unsigned int bench_fence_count(struct bench_run *run, const struct dma_fence *fence);
bool bench_fence_none(struct bench_run *run);

/* main.c */
extern struct workqueue_struct *bench_wq;
void bench_expect(struct bench_run *run, bool held, const char *what);
int bench_sync_prepare(struct bench_run *run);
void bench_sync_clean_up(struct bench_run *run);
void bench_sync_check_held(struct bench_run *run);
void bench_sync_check_free(struct bench_run *run);

#endif /* _DMABUF_SYNC_BENCH_INTERNAL_H */
