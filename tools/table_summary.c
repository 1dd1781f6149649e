// SPDX-License-Identifier: GPL-2.0-only
/* The head of every view: totals, the tool's own cost, what was lost. */
#include "table_get.h"
#include "top_tables.h"

#define SUMMARY(name, statement) \
	GET(summary_##name, struct top_summary, statement)

static const char *summary_state_name(enum session_state state)
{
	static const char *const names[] = {
		[SESSION_WAITING] = "waiting",
		[SESSION_ATTACHED] = "attached",
		[SESSION_DETACHED] = "detached",
	};

	return names[state];
}

static void summary_get_probe(const struct session *session,
			      struct value *value)
{
	get_text(value, session->state == SESSION_ATTACHED ?
			session_probe_name(session->probe) : NULL);
}

/* Measured only if the kernel does so. */
static void summary_get_bpf(const struct top_summary *row, struct value *value)
{
	if (row->cost->has_bpf)
		get_percent(value, row->cost->bpf_ns, row->model->window_ns);
	else
		value->known = false;
}

SUMMARY(state, get_text(value, summary_state_name(row->session->state)))
SUMMARY(probe, summary_get_probe(row->session, value))
SUMMARY(window, value->number = row->model->window_ns)
SUMMARY(buffers, value->number = row->model->nr_buffers)
SUMMARY(cpu_held, value->number = row->model->nr_held_cpu)
SUMMARY(dma_held, value->number = row->model->nr_held_dma)
SUMMARY(waiting, value->number = row->model->nr_waiting)
SUMMARY(acquired, value->number = row->model->total.acquired)
SUMMARY(acquired_rate, get_rate(value, row->model->total.acquired,
				row->model->window_ns))
SUMMARY(contended_percent, get_percent(value, row->model->total.waits,
				       model_window_requests(&row->model->total)))
SUMMARY(oldest_wait, get_number(value, row->model->total.oldest_ns))
SUMMARY(cpu, get_percent(value, row->model->total.use.cpu_ns,
			 row->model->window_ns))
SUMMARY(dma, get_percent(value, row->model->total.use.dma_ns,
			 row->model->window_ns))
SUMMARY(overlap, get_percent(value, row->model->total.use.both_ns,
			     row->model->window_ns))
SUMMARY(failed, value->number = row->model->total.failed)
SUMMARY(deadlocks, value->number = row->model->total.deadlocks)
SUMMARY(abandoned, value->number = row->model->total.abandoned)
SUMMARY(backoffs, value->number = row->model->total.backoffs)
SUMMARY(bpf, summary_get_bpf(row, value))
SUMMARY(bpf_run, get_mean(value, row->cost->bpf_ns, row->cost->runs))
SUMMARY(bpf_runs, value->known = row->cost->has_bpf;
		  value->number = row->cost->runs)
SUMMARY(tool, get_percent(value, row->cost->cpu_ns, row->model->window_ns))
SUMMARY(lost_accesses, value->number = row->model->lost.accesses)
SUMMARY(lost_buffers, value->number = row->model->lost.buffers)
SUMMARY(lost_edges, value->number = row->model->lost.edges)
SUMMARY(lost_events, value->number = row->model->lost.events)
SUMMARY(lost_runs, value->number = row->model->lost.missed)
SUMMARY(lost_unlisted, value->number = row->model->lost.unlisted)

static const struct column summary_columns[] = {
	{ "state", NULL, COLUMN_TEXT, .get = summary_state },
	{ "probe", NULL, COLUMN_TEXT, .get = summary_probe },
	{ "window_ns", NULL, COLUMN_NS, .get = summary_window },
	{ "buffers", "buffers", COLUMN_COUNT, .get = summary_buffers },
	{ "cpu_held", "held: cpu", COLUMN_COUNT, .get = summary_cpu_held },
	{ "dma_held", "dma", COLUMN_COUNT, .get = summary_dma_held },
	{ "waiting", "waiting", COLUMN_COUNT, .get = summary_waiting },
	{ "oldest_wait_ns", "oldest wait", COLUMN_NS, .get = summary_oldest_wait },
	{ "failed", "failed", COLUMN_COUNT, .get = summary_failed },
	{ "deadlocks", "deadlocks", COLUMN_COUNT, .get = summary_deadlocks },
	{ "abandoned", "abandoned", COLUMN_COUNT, .get = summary_abandoned },
	{ "acquired", NULL, COLUMN_COUNT, .get = summary_acquired },
	{ "acquired_per_s", "acq/s", COLUMN_RATE, .line = 1,
	  .get = summary_acquired_rate },
	{ "contended_percent", "contended", COLUMN_PERCENT, .line = 1,
	  .get = summary_contended_percent },
	{ "cpu_percent", "CPU", COLUMN_PERCENT, .line = 1, .get = summary_cpu },
	{ "dma_percent", "DMA", COLUMN_PERCENT, .line = 1, .get = summary_dma },
	{ "overlap_percent", "overlap", COLUMN_PERCENT, .line = 1,
	  .get = summary_overlap },
	{ "backoffs", "backoffs", COLUMN_COUNT, .line = 1,
	  .get = summary_backoffs },
	{ "bpf_percent", "own cost: BPF", COLUMN_PERCENT, .line = 2,
	  .get = summary_bpf },
	{ "bpf_run_avg_ns", "each", COLUMN_NS, .line = 2,
	  .get = summary_bpf_run },
	{ "tool_percent", "tool", COLUMN_PERCENT, .line = 2,
	  .get = summary_tool },
	{ "bpf_runs", NULL, COLUMN_COUNT, .get = summary_bpf_runs },
	{ "lost_accesses", "lost: accesses", COLUMN_COUNT, .line = 3,
	  .get = summary_lost_accesses },
	{ "lost_buffers", "buffers", COLUMN_COUNT, .line = 3,
	  .get = summary_lost_buffers },
	{ "lost_edges", "edges", COLUMN_COUNT, .line = 3,
	  .get = summary_lost_edges },
	{ "lost_events", "events", COLUMN_COUNT, .line = 3,
	  .get = summary_lost_events },
	{ "lost_runs", "runs", COLUMN_COUNT, .line = 3,
	  .get = summary_lost_runs },
	{ "lost_unlisted", "unlisted", COLUMN_COUNT, .line = 3,
	  .get = summary_lost_unlisted },
};

const struct table top_summary_table = TABLE("summary", summary_columns);
