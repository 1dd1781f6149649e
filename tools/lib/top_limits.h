/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of dmasync-top look at, and how much of it they keep. */
#ifndef TOP_LIMITS_H
#define TOP_LIMITS_H

#include <argp.h>
#include <stdint.h>

#include "../../bpf/dmasync_top.h"
#include "glob.h"

/**
 * struct top_limits - what is kept in the kernel
 * @ino: only this buffer, 0: all
 * @glob: only buffers whose name or exporter fits, unless it is empty
 * @tgid: only accesses of this process, 0: all
 * @tid: of this thread, likewise
 * @comm: of threads of this name, likewise; all bytes behind it are zero
 * @above_ns: waits that are at least as long are events, 0: none is
 * @max_accesses: accesses at once
 * @max_buffers: buffers at once
 * @ring_bytes: size of each ring of events
 * @forget_s: seconds after which an unused buffer, and who does nothing, is forgotten
 * @waits_by: enum top_waits_by: which histograms of waits are kept
 */
struct top_limits {
	uint64_t ino;
	struct glob glob;
	uint32_t tgid;
	uint32_t tid;
	char comm[TOP_COMM_LEN];
	uint64_t above_ns;
	uint32_t max_accesses;
	uint32_t max_buffers;
	uint32_t ring_bytes;
	uint32_t forget_s;
	uint32_t waits_by;
};

/* Options that all tools with these programs have; the input is a struct top_limits. */
extern const struct argp top_limits_argp;

/* What holds unless an option says something else: everything, and so much of it. */
void top_limits_init(struct top_limits *limits);

#endif /* TOP_LIMITS_H */
