/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmasync-demo: fill - copy by DMA - read, first one after the other, then overlapped.
 *
 * main.c	options, report
 * setup.c	buffers, engine, and how long the stages are to take
 * frame.c	the bytes of a frame and the work on them
 * window.c	when the CPUs and the engine worked
 * serial.c	the conventional way
 * overlap.c	the same through the framework
 *
 * Functions return 0 or a negative errno; what went wrong has been said on stderr then.
 */
#ifndef _DMASYNC_DEMO_H
#define _DMASYNC_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/dmasync_top.h"
#include "dma.h"

#define DEMO_MAX_SLOTS	32

/**
 * struct demo_options - from the command line
 * @frame_bytes: size of a frame
 * @nr_frames: frames that each way is to process
 * @nr_slots: pairs of buffers in flight
 * @fill_ns: CPU time to fill a frame; 0: half of the DMA's
 * @read_ns: CPU time to read a frame; likewise
 * @dma_ns: time of the engine for a frame
 * @dma_given: @dma_ns was asked for
 * @seed: of the content
 * @src_heap: sources come from the system heap, not from udmabuf
 * @dst_heap: destinations do
 * @processes: the reader is another process
 * @unsynchronized: the overlapped way without accesses
 */
struct demo_options {
	size_t frame_bytes;
	unsigned int nr_frames;
	unsigned int nr_slots;
	int64_t fill_ns;
	int64_t read_ns;
	int64_t dma_ns;
	bool dma_given;
	uint64_t seed;
	bool src_heap;
	bool dst_heap;
	bool processes;
	bool unsynchronized;
};

/**
 * struct demo_window - a span of time
 * @begin_ns: CLOCK_MONOTONIC
 * @end_ns: CLOCK_MONOTONIC
 */
struct demo_window {
	int64_t begin_ns;
	int64_t end_ns;
};

/* What there are windows of, one for each frame. */
enum demo_windows {
	DEMO_FILL,		/* the producer had the source */
	DEMO_READ,		/* the consumer had the destination */
	DEMO_DMA,		/* the engine copied it */
	DEMO_QUEUED,		/* it was in the engine's queue */
	DEMO_CPU_WAITS,		/* the consumer waited for the copy */
	DEMO_DMA_WAITS,		/* the copy waited for the CPU */
	DEMO_NR_WINDOWS,
};

/**
 * struct demo_log - what happened, in memory that processes share
 * @windows: by enum demo_windows and frame
 */
struct demo_log {
	struct demo_window *windows[DEMO_NR_WINDOWS];
};

/**
 * struct demo_overlap - how much of it happened at the same time
 * @ns: by enum top_time
 * @possible_ns: the time in which the CPU and DMA could both have worked
 * @nothing_ns: the time in which they did not, and nobody waited
 * @all_ns: from the first window to the last
 */
struct demo_overlap {
	int64_t ns[TOP_NR_TIMES];
	int64_t possible_ns;
	int64_t nothing_ns;
	int64_t all_ns;
};

/**
 * struct demo - the pipeline
 * @opt: options
 * @copy: /dev/dmabuf_copy
 * @engine: its channel
 * @src: sources
 * @dst: destinations
 * @fill_words: words that the producer computes for a frame
 * @read_words: words that the consumer compares
 * @first: number of the first frame of the way that is under way; no two frames have one
 * @log: of that way
 */
struct demo {
	struct demo_options opt;
	int copy;
	struct dmabuf_copy_info engine;
	struct st_buffer src[DEMO_MAX_SLOTS];
	struct st_buffer dst[DEMO_MAX_SLOTS];
	size_t fill_words;
	size_t read_words;
	unsigned int first;
	struct demo_log log;
};

/* main.c */
int demo_fail(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* setup.c */
int setup_open(struct demo *demo);
int setup_stages(struct demo *demo);
void setup_close(struct demo *demo);

/* frame.c */

/* Compute @words words of work, the last of which are the content of frame @frame. */
void frame_fill(const struct demo_options *opt, struct st_buffer *buf,
		unsigned int frame, size_t words);
/* Compare @words words, each byte at least once. 0, or -EIO with the reason on stderr. */
int frame_check(const struct demo_options *opt, const struct st_buffer *buf,
		unsigned int frame, size_t words);
/* Nanoseconds per word. The second one fails, with -1, unless the buffer has frame 0. */
double frame_fill_cost(const struct demo_options *opt, struct st_buffer *buf);
double frame_check_cost(const struct demo_options *opt, const struct st_buffer *buf);

/* window.c */
int window_log_init(struct demo_log *log, unsigned int nr_frames);
/* What the log says of the overlap. */
int window_overlap(const struct demo_log *log, unsigned int nr_frames,
		   struct demo_overlap *overlap);

/* serial.c, overlap.c: process all frames. @ns: how long that took. */
int serial_run(struct demo *demo, int64_t *ns);
int overlap_run(struct demo *demo, int64_t *ns);

#endif /* _DMASYNC_DEMO_H */
