/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark: what an access costs, beside what it replaces.
 *
 * A row of the table has cases: the framework's side, and its peers. A case is measured in
 * batches; what is told of it is their median. Everything that could make it lie is a call of
 * bench_expect(), and a case with one that did not hold has no result.
 */
#ifndef _DMABUF_SYNC_BENCH_PROGRAM_H
#define _DMABUF_SYNC_BENCH_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/st.h"

/* Most batches of a case. */
#define BENCH_MAX_BATCHES	64

/**
 * enum bench_stage - when a case is measured
 * @BENCH_STOCK: before the framework is loaded: its hook of fcntl() would be part of a peer
 * @BENCH_UNTRACED: with one that is built without tracepoints
 * @BENCH_LOADED: with it
 */
enum bench_stage { BENCH_STOCK, BENCH_UNTRACED, BENCH_LOADED };

/**
 * struct bench - a case at work
 * @quick: everything once or twice: only to see that it works
 * @profiled: a few batches are enough, as they are counted instruction by instruction
 * @counted: the time stamp counter counts instructions
 * @why: the first thing that was not as it should be, or empty
 * @note: what else is to be said about the case
 * @priv: the case's own
 */
struct bench {
	bool quick;
	bool profiled;
	bool counted;
	char why[160];
	char note[240];
	void *priv;
};

/**
 * struct bench_case - one cost
 * @row: which row of the table
 * @side: "ours", or what the peer is called
 * @unit: of the costs, or NULL: what the clock counts, per operation
 * @stage: when it is measured
 * @timed: in time, on two processors, instead of by counting instructions
 * @nr: operations of a batch; 0: as many as fit into BENCH_BATCH
 * @nr_quick: of a batch when all is to be quick; 0: a few
 * @nr_batches: 0: BENCH_BATCHES
 * @open: makes what it needs and checks it. Optional
 * @batch: does @nr operations. Return: what they cost in all, or a negative errno
 * @close: checks what is left, and ends it; also when @open or @batch failed. Optional
 */
struct bench_case {
	const char *row;
	const char *side;
	const char *unit;
	enum bench_stage stage;
	bool timed;
	unsigned int nr;
	unsigned int nr_quick;
	unsigned int nr_batches;
	int (*open)(struct bench *bench);
	int64_t (*batch)(struct bench *bench, unsigned int nr);
	void (*close)(struct bench *bench);
};

/*
 * Memory that was freed through RCU comes back some ticks later, and the batches in between pay
 * for it: a batch spans several ticks. In what the clock counts.
 */
#define BENCH_BATCH		10000000
#define BENCH_BATCHES		15

/* clock.c */
bool bench_clock_counts(void);
/* Around what is measured. bench_end() returns what that took since @begin; 0: since ever. */
int64_t bench_begin(const struct bench *bench);
int64_t bench_end(const struct bench *bench, int64_t begin);

/* check.c */
/* A measurement lies unless @held. Return: @held. */
__attribute__((format(printf, 3, 4)))
bool bench_expect(struct bench *bench, bool held, const char *format, ...);
/* All of these do what they say, or it is noted as what makes the case lie. */
void bench_expect_buffer(struct bench *bench, struct st_buffer *buf, size_t size);
void bench_expect_file(struct bench *bench, struct st_buffer *buf, size_t size);
int bench_expect_context(struct bench *bench);
/* The process may have so many files open. */
void bench_expect_files(struct bench *bench, unsigned int nr);
/* Another context or process is kept out of a byte, or is not. */
void bench_expect_context_waits(struct bench *bench, int fd, uint64_t offset, bool waits);
void bench_expect_process_waits(struct bench *bench, int fd, uint64_t offset, bool waits);

/* pair.c */
/* The call that acquires one access, as a program prepares it once and makes it often. */
struct dmabuf_sync_acquire bench_acquire(const struct dmabuf_sync_access *access);
/* Acquire and release @nr times. Return: what that cost. */
int64_t bench_pairs(struct bench *bench, int ctx, const struct dmabuf_sync_access *access,
		    unsigned int nr);

/* ctx_pair, for others that look at the same pair */
int bench_ctx_open(struct bench *bench);
int64_t bench_ctx_batch(struct bench *bench, unsigned int nr);
void bench_ctx_close(struct bench *bench);

/* gem.c */
int bench_expect_vgem(struct bench *bench);
/* A page from vgem: a dma-buf that is a GEM object as long as @card is open. */
void bench_expect_gem(struct bench *bench, int card, struct st_buffer *buf);

/* cases.c */
extern const struct bench_case *const bench_cases[];

/* One array per file, each ends with an entry without a row. */
extern const struct bench_case bench_pair_cases[];
extern const struct bench_case bench_driver_cases[];
extern const struct bench_case bench_ranges_cases[];
extern const struct bench_case bench_buffers_cases[];
extern const struct bench_case bench_waiters_cases[];
extern const struct bench_case bench_drain_cases[];
extern const struct bench_case bench_ring_cases[];
extern const struct bench_case bench_scale_cases[];
extern const struct bench_case bench_memory_cases[];
extern const struct bench_case bench_trace_cases[];
extern const struct bench_case bench_top_cases[];
extern const struct bench_case bench_loss_cases[];

#endif /* _DMABUF_SYNC_BENCH_PROGRAM_H */
