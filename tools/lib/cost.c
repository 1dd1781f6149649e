// SPDX-License-Identifier: GPL-2.0-only
#include "cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include "clock.h"

void cost_open(struct cost *cost)
{
	*cost = (struct cost){ .stats = bpf_enable_stats(BPF_STATS_RUN_TIME) };
}

void cost_close(struct cost *cost)
{
	if (cost->stats >= 0)
		close(cost->stats);
	cost->stats = -1;
}

void cost_begin(struct cost *cost)
{
	cost->sum_bpf_ns = 0;
	cost->sum_runs = 0;
	cost->sum_missed = 0;
	cost->sum_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* What was added since the last time. */
static uint64_t cost_step(uint64_t *sum, uint64_t now)
{
	uint64_t step = now - *sum;

	*sum = now;
	return step;
}

static void cost_add(struct cost *sum, struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = { 0 };
		unsigned int size = sizeof(info);

		if (bpf_program__fd(program) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info,
					   &size))
			continue;
		sum->bpf_ns += info.run_time_ns;
		sum->runs += info.run_cnt;
		sum->missed += info.recursion_misses;
	}
}

void cost_read(struct cost *cost, struct bpf_object *object, struct bpf_object *also)
{
	struct cost now = { 0 };

	cost->cpu_ns = cost_step(&cost->sum_cpu_ns, clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	cost->has_bpf = object && cost->stats >= 0;
	cost->bpf_ns = 0;
	cost->runs = 0;
	cost->missed = 0;
	if (!object)
		return;
	cost_add(&now, object);
	if (also)
		cost_add(&now, also);
	cost->bpf_ns = cost_step(&cost->sum_bpf_ns, now.bpf_ns);
	cost->runs = cost_step(&cost->sum_runs, now.runs);
	cost->missed = cost_step(&cost->sum_missed, now.missed);
}
