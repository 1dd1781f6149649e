// SPDX-License-Identifier: GPL-2.0-only
/* The head of a report: what was recorded, all buffers together, what is missing. */
#include <string.h>
#include <time.h>

#include "report.h"
#include "table_get.h"

#define RECORDING(name, statement) GET(recording_##name, struct report, statement)
#define TOTAL(name, statement) \
	RECORDING(name, const struct model_window *total = &row->model.total; statement)
/* A time in percent of the recording: of waits, several at once, it may be more than 100. */
#define SHARE(name, ns) TOTAL(name, get_percent(value, ns, row->model.window_ns))

static void recording_get_fact(const struct report *report, const char *key,
			       struct value *value)
{
	char text[VALUE_TEXT_SIZE];

	get_text(value, record_fact(&report->reader, key, text, sizeof(text)));
}

/* When it began, in UTC. */
static void recording_get_begin(const struct report *report, struct value *value)
{
	uint64_t ns = record_fact_number(&report->reader, "realtime_offset_ns");
	time_t seconds = (ns + report->begin_ns) / 1000000000;
	struct tm utc;

	value->known = ns && gmtime_r(&seconds, &utc) &&
		       strftime(value->text, sizeof(value->text), "%Y-%m-%dT%H:%M:%SZ", &utc);
}

RECORDING(begin, recording_get_begin(row, value))
RECORDING(program, recording_get_fact(row, "program", value))
RECORDING(kernel, recording_get_fact(row, "kernel", value))
RECORDING(boot, recording_get_fact(row, "boot_id", value))
RECORDING(trigger, recording_get_fact(row, "trigger", value))
RECORDING(time, value->number = row->model.window_ns)
RECORDING(records, value->number = row->reader.nr_records)
RECORDING(whole, get_text(value, row->problem ? "no" : "yes"))
RECORDING(lost_records, value->number = record_fact_number(&row->reader, "lost_records"))
RECORDING(lost_runs, value->number = record_fact_number(&row->reader, "lost_runs"))
RECORDING(lost_unlisted, value->number = record_fact_number(&row->reader, "lost_unlisted"))
RECORDING(lost_stacks, value->number = record_fact_number(&row->reader, "lost_stacks"))
RECORDING(lost_frames, value->number = record_fact_number(&row->reader, "lost_frames"))
RECORDING(buffers, value->number = row->model.nr_buffers)
RECORDING(cpu_held, value->number = row->model.nr_held_cpu)
RECORDING(dma_held, value->number = row->model.nr_held_dma)
RECORDING(waiting, value->number = row->model.nr_requests)
TOTAL(acquired, value->number = total->count.acquired)
TOTAL(contended, get_percent(value, model_window_contended(total),
			     model_window_requests(total)))
TOTAL(handed, get_percent(value, model_window_handed(total), model_window_requests(total)))
TOTAL(acquired_rate, get_rate(value, total->count.acquired, row->model.window_ns))
SHARE(waiting_share, model_sum(total->count.wait_ns, TOP_NR_PAIRS))
SHARE(dma_for_cpu_share, total->use.ns[TOP_TIME_DMA_FOR_CPU])
SHARE(cpu_for_dma_share, total->use.ns[TOP_TIME_CPU_FOR_DMA])
SHARE(cpu_for_cpu_share, total->use.ns[TOP_TIME_CPU_FOR_CPU])
SHARE(engine_share, total->use.ns[TOP_TIME_ENGINE])
SHARE(nothing_share, interval_nothing_ns(&total->use, row->model.window_ns))
TOTAL(failed, value->number = total->count.failed)
TOTAL(deadlocks, value->number = total->count.deadlocks)
TOTAL(abandoned, value->number = total->count.abandoned)
TOTAL(revoked, value->number = total->count.revoked)
TOTAL(backoffs, value->number = total->count.backoffs)
TOTAL(cpu, get_percent(value, total->use.ns[TOP_TIME_CPU], row->model.window_ns))
TOTAL(dma, get_percent(value, total->use.ns[TOP_TIME_DMA], row->model.window_ns))
TOTAL(overlap, get_percent(value, total->use.ns[TOP_TIME_BOTH],
			   interval_possible_ns(&total->use)))
TOTAL(both, value->number = total->use.ns[TOP_TIME_BOTH])
TOTAL(possible, value->number = interval_possible_ns(&total->use))
TOTAL(dma_for_cpu, value->number = total->use.ns[TOP_TIME_DMA_FOR_CPU])
TOTAL(cpu_for_dma, value->number = total->use.ns[TOP_TIME_CPU_FOR_DMA])
TOTAL(cpu_for_cpu, value->number = total->use.ns[TOP_TIME_CPU_FOR_CPU])
TOTAL(engine, value->number = total->use.ns[TOP_TIME_ENGINE])
TOTAL(nothing, value->number = interval_nothing_ns(&total->use, row->model.window_ns))

static const struct column recording_columns[] = {
	{ "begin", "begin", COLUMN_TEXT, .get = recording_begin },
	{ "time_ns", "time", COLUMN_NS, .get = recording_time },
	{ "kernel", "kernel", COLUMN_TEXT, .get = recording_kernel },
	{ "trigger", "trigger", COLUMN_TEXT, .get = recording_trigger },
	{ "program", NULL, COLUMN_TEXT, .get = recording_program },
	{ "boot_id", NULL, COLUMN_TEXT, .get = recording_boot },
	{ "records", "records", COLUMN_COUNT, .line = 1, .get = recording_records },
	{ "whole", "whole", COLUMN_TEXT, .line = 1, .get = recording_whole },
	{ "lost_records", "lost: records", COLUMN_COUNT, .line = 1,
	  .get = recording_lost_records },
	{ "lost_runs", "runs", COLUMN_COUNT, .line = 1, .get = recording_lost_runs },
	{ "lost_unlisted", "unlisted", COLUMN_COUNT, .line = 1,
	  .get = recording_lost_unlisted },
	{ "lost_stacks", "stacks", COLUMN_COUNT, .line = 1, .get = recording_lost_stacks },
	{ "lost_frames", "frames", COLUMN_COUNT, .line = 1, .get = recording_lost_frames },
	{ "buffers", "buffers", COLUMN_COUNT, .line = 2, .get = recording_buffers },
	{ "acquired", "acquired", COLUMN_COUNT, .line = 2, .get = recording_acquired },
	{ "contended_percent", "contended", COLUMN_PERCENT, .line = 2,
	  .get = recording_contended },
	{ "handed_percent", "handed over", COLUMN_PERCENT, .line = 2,
	  .get = recording_handed },
	{ "acquired_per_s", NULL, COLUMN_RATE, .get = recording_acquired_rate },
	{ "waiting_percent", NULL, COLUMN_PERCENT, .get = recording_waiting_share },
	{ "dma_for_cpu_percent", NULL, COLUMN_PERCENT, .get = recording_dma_for_cpu_share },
	{ "cpu_for_dma_percent", NULL, COLUMN_PERCENT, .get = recording_cpu_for_dma_share },
	{ "cpu_for_cpu_percent", NULL, COLUMN_PERCENT, .get = recording_cpu_for_cpu_share },
	{ "engine_queue_percent", NULL, COLUMN_PERCENT, .get = recording_engine_share },
	{ "nothing_to_do_percent", NULL, COLUMN_PERCENT, .get = recording_nothing_share },
	{ "failed", "failed", COLUMN_COUNT, .line = 2, .get = recording_failed },
	{ "deadlocks", "deadlocks", COLUMN_COUNT, .line = 2, .get = recording_deadlocks },
	{ "abandoned", "abandoned", COLUMN_COUNT, .line = 2, .get = recording_abandoned },
	{ "revoked", "revoked", COLUMN_COUNT, .line = 2, .get = recording_revoked },
	{ "backoffs", "backoffs", COLUMN_COUNT, .line = 2, .get = recording_backoffs },
	{ "cpu_held", "at the end: held: cpu", COLUMN_COUNT, .line = 3,
	  .get = recording_cpu_held },
	{ "dma_held", "dma", COLUMN_COUNT, .line = 3, .get = recording_dma_held },
	{ "waiting", "waiting", COLUMN_COUNT, .line = 3, .get = recording_waiting },
	{ "cpu_percent", "CPU", COLUMN_PERCENT, .line = 4, .get = recording_cpu },
	{ "dma_percent", "DMA", COLUMN_PERCENT, .line = 4, .get = recording_dma },
	{ "overlap_percent", "overlap", COLUMN_PERCENT, .line = 4,
	  .get = recording_overlap },
	{ "overlap_ns", NULL, COLUMN_NS, .get = recording_both },
	{ "overlap_possible_ns", "of", COLUMN_NS, .line = 4, .get = recording_possible },
	{ "dma_for_cpu_ns", "not both: dma for cpu", COLUMN_NS, .line = 5,
	  .get = recording_dma_for_cpu },
	{ "cpu_for_dma_ns", "cpu for dma", COLUMN_NS, .line = 5,
	  .get = recording_cpu_for_dma },
	{ "cpu_for_cpu_ns", "cpu for cpu", COLUMN_NS, .line = 5,
	  .get = recording_cpu_for_cpu },
	{ "engine_queue_ns", "engine queue", COLUMN_NS, .line = 5, .get = recording_engine },
	{ "nothing_to_do_ns", "nothing to do", COLUMN_NS, .line = 5,
	  .get = recording_nothing },
};

const struct table report_recording_table = TABLE("recording", recording_columns);
