/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tool itself costs: run time of its BPF programs and its own CPU time. */
#ifndef COST_H
#define COST_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_object;

/**
 * struct cost - since the last cost_read(), and what that needs
 * @bpf_ns: run time of the programs, on all CPUs
 * @runs: how often they ran
 * @missed: how often one did not run, because it was interrupted by itself
 * @cpu_ns: CPU time of this process, user and kernel
 * @has_bpf: @bpf_ns and @runs are measured
 * @stats: keeps the kernel measuring while it is open, -1: not measuring
 */
struct cost {
	uint64_t bpf_ns;
	uint64_t runs;
	uint64_t missed;
	uint64_t cpu_ns;
	bool has_bpf;
	int stats;
	uint64_t sum_bpf_ns, sum_runs, sum_missed, sum_cpu_ns;
};

/* Ask the kernel to measure. It stops when the last one who asked has closed. */
void cost_open(struct cost *cost);
void cost_close(struct cost *cost);
/* New programs: they begin at zero. */
void cost_begin(struct cost *cost);
/* @object: the programs, or NULL when there are none now. @also: more of them, or NULL. */
void cost_read(struct cost *cost, struct bpf_object *object, struct bpf_object *also);

#endif /* COST_H */
