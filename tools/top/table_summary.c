// SPDX-License-Identifier: GPL-2.0-only
/* The head of every view: totals, the tool's own cost, what was lost. */
#include "table_get.h"
#include "top_summary.h"

#define SUMMARY(name, statement) \
	GET(summary_##name, struct top_summary, statement)
#define TOTAL(name, statement) \
	SUMMARY(name, const struct model_window *total = &row->model->total; statement)
#define TIME(name, time) \
	TOTAL(name, value->number = total->use.ns[TOP_TIME_##time])
#define PAIR(name, waiter, holder) \
	TOTAL(name, get_percent(value, \
		total->count.waits[TOP_PAIR(TOP_AGENT_##waiter, TOP_AGENT_##holder)], \
		model_window_requests(total)))

/* Measured only if the kernel does so. */
static void summary_get_bpf(const struct top_summary *row, struct value *value)
{
	value->known = row->cost && row->cost->has_bpf;
	if (value->known)
		get_percent(value, row->cost->bpf_ns, row->model->window_ns);
}

static void summary_get_bpf_run(const struct top_summary *row, struct value *value)
{
	value->known = row->cost;
	if (value->known)
		get_mean(value, row->cost->bpf_ns, row->cost->runs);
}

static void summary_get_bpf_runs(const struct top_summary *row, struct value *value)
{
	value->known = row->cost && row->cost->has_bpf;
	if (value->known)
		value->number = row->cost->runs;
}

static void summary_get_tool(const struct top_summary *row, struct value *value)
{
	value->known = row->cost;
	if (value->known)
		get_percent(value, row->cost->cpu_ns, row->model->window_ns);
}

SUMMARY(limits, get_text(value, row->limits))
SUMMARY(state, get_text(value, row->state))
SUMMARY(probe, get_text(value, row->probe))
SUMMARY(window, value->number = row->model->window_ns)
SUMMARY(buffers, value->number = row->model->nr_buffers)
SUMMARY(cpu_held, value->number = row->model->nr_held_cpu)
SUMMARY(dma_held, value->number = row->model->nr_held_dma)
SUMMARY(waiting, value->number = row->model->nr_requests)
SUMMARY(jobs_queued, value->number = row->model->nr_jobs_queued)
SUMMARY(jobs_running, value->number = row->model->nr_jobs_running)
TOTAL(acquired, value->number = total->count.acquired)
TOTAL(acquired_rate, get_rate(value, total->count.acquired, row->model->window_ns))
TOTAL(contended_percent, get_percent(value, model_window_contended(total),
				     model_window_requests(total)))
PAIR(cpu_cpu, CPU, CPU)
PAIR(cpu_dma, CPU, DMA)
PAIR(dma_cpu, DMA, CPU)
PAIR(dma_dma, DMA, DMA)
TOTAL(oldest_wait, get_number(value, total->oldest_ns))
TOTAL(syncs, value->number = total->count.syncs)
TOTAL(sync_wait, value->number = total->count.sync_ns)
TOTAL(hold_cpu, get_mean(value, total->count.hold_ns[TOP_AGENT_CPU],
			 total->count.released[TOP_AGENT_CPU]))
TOTAL(hold_dma, get_mean(value, total->count.hold_ns[TOP_AGENT_DMA],
			 total->count.released[TOP_AGENT_DMA]))
TOTAL(cpu, get_percent(value, total->use.ns[TOP_TIME_CPU], row->model->window_ns))
TOTAL(dma, get_percent(value, total->use.ns[TOP_TIME_DMA], row->model->window_ns))
TOTAL(overlap, get_percent(value, total->use.ns[TOP_TIME_BOTH],
			   interval_possible_ns(&total->use)))
TIME(both, BOTH)
TOTAL(possible, value->number = interval_possible_ns(&total->use))
TIME(dma_for_cpu, DMA_FOR_CPU)
TIME(cpu_for_dma, CPU_FOR_DMA)
TIME(cpu_for_cpu, CPU_FOR_CPU)
TIME(engine, ENGINE)
TOTAL(nothing, value->number = interval_nothing_ns(&total->use, row->model->window_ns))
TOTAL(failed, value->number = total->count.failed)
TOTAL(deadlocks, value->number = total->count.deadlocks)
TOTAL(abandoned, value->number = total->count.abandoned)
TOTAL(revoked, value->number = total->count.revoked)
TOTAL(backoffs, value->number = total->count.backoffs)
SUMMARY(bpf, summary_get_bpf(row, value))
SUMMARY(bpf_run, summary_get_bpf_run(row, value))
SUMMARY(bpf_runs, summary_get_bpf_runs(row, value))
SUMMARY(tool, summary_get_tool(row, value))
SUMMARY(lost_accesses, value->number = row->model->lost.accesses)
SUMMARY(lost_buffers, value->number = row->model->lost.buffers)
SUMMARY(lost_edges, value->number = row->model->lost.edges)
SUMMARY(lost_events, value->number = row->model->lost.events)
SUMMARY(lost_users, value->number = row->model->lost.users)
SUMMARY(lost_runs, value->number = row->model->lost.missed)
SUMMARY(lost_unlisted, value->number = row->model->lost.unlisted)

static const struct column summary_columns[] = {
	{ "state", NULL, COLUMN_TEXT, .get = summary_state },
	{ "probe", NULL, COLUMN_TEXT, .get = summary_probe },
	{ "window_ns", NULL, COLUMN_NS, .get = summary_window },
	{ "buffers", "buffers", COLUMN_COUNT, .get = summary_buffers },
	{ "cpu_held", "held: cpu", COLUMN_COUNT, .get = summary_cpu_held },
	{ "dma_held", "dma", COLUMN_COUNT, .get = summary_dma_held },
	{ "jobs_queued", "jobs: queued", COLUMN_COUNT, .get = summary_jobs_queued },
	{ "jobs_running", "running", COLUMN_COUNT, .get = summary_jobs_running },
	{ "waiting", "waiting", COLUMN_COUNT, .get = summary_waiting },
	{ "oldest_wait_ns", "oldest wait", COLUMN_NS, .get = summary_oldest_wait },
	{ "failed", "failed", COLUMN_COUNT, .get = summary_failed },
	{ "deadlocks", "deadlocks", COLUMN_COUNT, .get = summary_deadlocks },
	{ "abandoned", "abandoned", COLUMN_COUNT, .get = summary_abandoned },
	{ "revoked", "revoked", COLUMN_COUNT, .get = summary_revoked },
	{ "acquired", NULL, COLUMN_COUNT, .get = summary_acquired },
	{ "acquired_per_s", "acq/s", COLUMN_RATE, .line = 1,
	  .get = summary_acquired_rate },
	{ "contended_percent", "contended", COLUMN_PERCENT, .line = 1,
	  .get = summary_contended_percent },
	{ "cpu_behind_cpu_percent", "cpu/cpu", COLUMN_PERCENT, .line = 1,
	  .get = summary_cpu_cpu },
	{ "dma_behind_dma_percent", "dma/dma", COLUMN_PERCENT, .line = 1,
	  .get = summary_dma_dma },
	{ "cpu_behind_dma_percent", "handed over: cpu/dma", COLUMN_PERCENT, .line = 1,
	  .get = summary_cpu_dma },
	{ "dma_behind_cpu_percent", "dma/cpu", COLUMN_PERCENT, .line = 1,
	  .get = summary_dma_cpu },
	{ "sync_wait_ns", "SYNC", COLUMN_NS, .line = 1, .get = summary_sync_wait },
	{ "syncs", NULL, COLUMN_COUNT, .get = summary_syncs },
	{ "backoffs", "backoffs", COLUMN_COUNT, .line = 1,
	  .get = summary_backoffs },
	{ "cpu_percent", "CPU", COLUMN_PERCENT, .line = 2, .get = summary_cpu },
	{ "dma_percent", "DMA", COLUMN_PERCENT, .line = 2, .get = summary_dma },
	{ "overlap_percent", "overlap", COLUMN_PERCENT, .line = 2,
	  .get = summary_overlap },
	{ "overlap_ns", NULL, COLUMN_NS, .get = summary_both },
	{ "overlap_possible_ns", "of", COLUMN_NS, .line = 2,
	  .get = summary_possible },
	{ "hold_cpu_avg_ns", "hold: cpu", COLUMN_NS, .line = 2,
	  .get = summary_hold_cpu },
	{ "hold_dma_avg_ns", "dma", COLUMN_NS, .line = 2, .get = summary_hold_dma },
	{ "dma_for_cpu_ns", "not both: dma for cpu", COLUMN_NS, .line = 3,
	  .get = summary_dma_for_cpu },
	{ "cpu_for_dma_ns", "cpu for dma", COLUMN_NS, .line = 3,
	  .get = summary_cpu_for_dma },
	{ "cpu_for_cpu_ns", "cpu for cpu", COLUMN_NS, .line = 3,
	  .get = summary_cpu_for_cpu },
	{ "engine_queue_ns", "engine queue", COLUMN_NS, .line = 3,
	  .get = summary_engine },
	{ "nothing_to_do_ns", "nothing to do", COLUMN_NS, .line = 3,
	  .get = summary_nothing },
	{ "bpf_percent", "own cost: BPF", COLUMN_PERCENT, .line = 4,
	  .get = summary_bpf },
	{ "bpf_run_avg_ns", "each", COLUMN_NS, .line = 4,
	  .get = summary_bpf_run },
	{ "tool_percent", "tool", COLUMN_PERCENT, .line = 4,
	  .get = summary_tool },
	{ "bpf_runs", NULL, COLUMN_COUNT, .get = summary_bpf_runs },
	{ "lost_accesses", "lost: accesses", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_accesses },
	{ "lost_buffers", "buffers", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_buffers },
	{ "lost_edges", "edges", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_edges },
	{ "lost_events", "events", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_events },
	{ "lost_users", "users", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_users },
	{ "lost_runs", "runs", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_runs },
	{ "lost_unlisted", "unlisted", COLUMN_COUNT, .line = 5,
	  .get = summary_lost_unlisted },
	{ "limits", "LIMITS not seen:", COLUMN_TEXT, .line = 6, .get = summary_limits },
};

const struct table top_summary_table = TABLE("summary", summary_columns);
