// SPDX-License-Identifier: GPL-2.0-only
/* The table of buffers. */
#include <string.h>

#include "access_text.h"
#include "format.h"
#include "table_get.h"
#include "top_tables.h"
#include "words.h"

#define BUFFER(name, statement) \
	GET(buffer_##name, struct model_buffer, statement)
#define HOLDER(name, statement) \
	GET(holder_##name, struct model_buffer, \
	    value->known = row->holder; if (row->holder) statement)

BUFFER(ino, get_number(value, row->ino))
BUFFER(gone, get_number(value, row->nr_gone))
BUFFER(name, get_text(value, row->name))
BUFFER(exporter, get_text(value, row->exporter))
BUFFER(size, get_number(value, row->size))
BUFFER(held, value->number = row->nr_held)
BUFFER(waiting, value->number = row->nr_waiting)
BUFFER(acquired, value->number = row->window.count.acquired)
BUFFER(acquired_rate, get_rate(value, row->window.count.acquired, row->window_ns))
BUFFER(contended, value->number = row->window.count.contended)
BUFFER(contended_percent, get_percent(value, model_window_contended(&row->window),
				      model_window_requests(&row->window)))
BUFFER(handed_percent, get_percent(value, model_window_handed(&row->window),
				   model_window_requests(&row->window)))
BUFFER(wait_avg, get_mean(value, model_sum(row->window.count.wait_ns, TOP_NR_PAIRS),
			  model_sum(row->window.count.waits, TOP_NR_PAIRS)))
BUFFER(wait_max, get_number(value, row->window.wait_max_ns))
BUFFER(oldest_wait, get_number(value, row->window.oldest_ns))
BUFFER(syncs, value->number = row->window.count.syncs)
BUFFER(sync_wait, get_number(value, row->window.count.sync_ns))
BUFFER(hold_cpu, get_mean(value, row->window.count.hold_ns[TOP_AGENT_CPU],
			  row->window.count.released[TOP_AGENT_CPU]))
BUFFER(hold_dma, get_mean(value, row->window.count.hold_ns[TOP_AGENT_DMA],
			  row->window.count.released[TOP_AGENT_DMA]))
BUFFER(cpu, get_percent(value, row->window.use.ns[TOP_TIME_CPU], row->window_ns))
BUFFER(dma, get_percent(value, row->window.use.ns[TOP_TIME_DMA], row->window_ns))
BUFFER(queued, get_percent(value, row->window.use.ns[TOP_TIME_QUEUE], row->window_ns))
BUFFER(overlap, get_percent(value, row->window.use.ns[TOP_TIME_BOTH],
			    interval_possible_ns(&row->window.use)))
BUFFER(both, value->number = row->window.use.ns[TOP_TIME_BOTH])
BUFFER(possible, value->number = interval_possible_ns(&row->window.use))
BUFFER(dma_for_cpu, value->number = row->window.use.ns[TOP_TIME_DMA_FOR_CPU])
BUFFER(cpu_for_dma, value->number = row->window.use.ns[TOP_TIME_CPU_FOR_DMA])
BUFFER(cpu_for_cpu, value->number = row->window.use.ns[TOP_TIME_CPU_FOR_CPU])
BUFFER(engine, value->number = row->window.use.ns[TOP_TIME_ENGINE])
BUFFER(nothing, value->number = interval_nothing_ns(&row->window.use, row->window_ns))
BUFFER(released, value->number = model_sum(row->window.count.released, 2))
BUFFER(failed, value->number = row->window.count.failed)
BUFFER(deadlocks, value->number = row->window.count.deadlocks)
BUFFER(abandoned, value->number = row->window.count.abandoned)
BUFFER(revoked, value->number = row->window.count.revoked)
BUFFER(backoffs, value->number = row->window.count.backoffs)
BUFFER(total_acquired, value->number = row->counters.acquired)
BUFFER(total_contended, value->number = row->counters.contended)
BUFFER(total_released, value->number = model_sum(row->counters.released, 2))
BUFFER(total_failed, value->number = row->counters.failed)
BUFFER(total_wait, value->number = model_sum(row->counters.wait_ns, TOP_NR_PAIRS))
BUFFER(total_hold, value->number = model_sum(row->counters.hold_ns, 2))

#define AT(waiter, holder) TOP_PAIR(TOP_AGENT_##waiter, TOP_AGENT_##holder)
#define PAIR(name, waiter, holder) \
	BUFFER(name##_waits, value->number = row->window.count.waits[AT(waiter, holder)]) \
	BUFFER(name##_wait, value->number = row->window.count.wait_ns[AT(waiter, holder)])

PAIR(cpu_cpu, CPU, CPU)
PAIR(cpu_dma, CPU, DMA)
PAIR(dma_cpu, DMA, CPU)
PAIR(dma_dma, DMA, DMA)

HOLDER(comm, get_text(value, row->holder->at.comm))
HOLDER(tgid, value->number = row->holder->at.tgid)
HOLDER(tid, value->number = row->holder->at.tid)
HOLDER(owner, value->number = row->holder->at.owner)
HOLDER(mode, get_text(value, access_mode(&row->holder->at)))
HOLDER(agent, get_text(value, words_of(WORDS_AGENT, row->holder->at.agent)))
HOLDER(engine, get_text(value, row->holder->timeline.name))
HOLDER(age, value->number = model_access_age_ns(row->holder))

/* The longest task number and what follows it: "/4194304 dma-rw 999ms". */
#define HOLDER_WIDTH	21
#define HOLDER_MORE	5

/*
 * The oldest holder, as well as the width allows: "name/123 dma-w 1.2ms +2". What does
 * not fit is first the name's end, then how many others there are.
 */
static void buffer_fit_holder(const void *any, char *text, size_t width)
{
	char age[16], more[16] = "", rest[48], task[VALUE_TEXT_SIZE];
	const struct model_buffer *row = any;
	const struct model_access *holder = row->holder;
	size_t room;

	if (!holder) {
		if (row->ino)
			snprintf(text, width + 1, "-");
		else
			snprintf(text, width + 1, "(%llu gone)",
				 (unsigned long long)row->nr_gone);
		return;
	}
	format_ns(age, sizeof(age), model_access_age_ns(holder));
	if (row->nr_held > 1 && width >= HOLDER_WIDTH + HOLDER_MORE)
		snprintf(more, sizeof(more), " +%u", row->nr_held - 1);
	snprintf(rest, sizeof(rest), " %s%s %s%s",
		 holder->at.agent == TOP_AGENT_DMA ? "dma-" : "",
		 access_mode(&holder->at), age, more);
	room = width > strlen(rest) ? width - strlen(rest) : 0;
	if (room > sizeof(task) - 1)
		room = sizeof(task) - 1;
	access_who(holder, task, room + 1);
	snprintf(text, width + 1, "%s%s", task, rest);
}

static const struct column buffer_columns[] = {
	{ "ino", "INO", COLUMN_NUMBER, 5, .get = buffer_ino },
	{ "name", "NAME", COLUMN_TEXT, 8, 2, .get = buffer_name },
	{ "exporter", "EXPORTER", COLUMN_TEXT, 8, 1, 8, .get = buffer_exporter },
	{ "size_bytes", "SIZE", COLUMN_BYTES, 5, 0, 7, .get = buffer_size },
	{ NULL, "HOLDER", COLUMN_TEXT, HOLDER_WIDTH, 4, .get = holder_comm,
	  .fit = buffer_fit_holder },
	{ "waiting", "WT", COLUMN_COUNT, 2, .get = buffer_waiting },
	{ "acquired_per_s", "ACQ/S", COLUMN_RATE, 5, .get = buffer_acquired_rate },
	{ "contended_percent", "CON%", COLUMN_PERCENT, 4,
	  .get = buffer_contended_percent },
	{ "handed_percent", "HND%", COLUMN_PERCENT, 4, 0, 4,
	  .get = buffer_handed_percent },
	{ "wait_avg_ns", "W-AVG", COLUMN_NS, 6, .get = buffer_wait_avg },
	{ "wait_max_ns", "W-MAX", COLUMN_NS, 6, 0, 5, .get = buffer_wait_max },
	{ "oldest_wait_ns", "OLDEST", COLUMN_NS, 6, .get = buffer_oldest_wait },
	{ "sync_wait_ns", "SYNC", COLUMN_NS, 6, 0, 6, .get = buffer_sync_wait },
	{ "hold_cpu_avg_ns", "C-HOLD", COLUMN_NS, 6, 0, 6, .get = buffer_hold_cpu },
	{ "hold_dma_avg_ns", "D-HOLD", COLUMN_NS, 6, 0, 6, .get = buffer_hold_dma },
	{ "cpu_percent", "CPU%", COLUMN_PERCENT, 4, .get = buffer_cpu },
	{ "dma_percent", "DMA%", COLUMN_PERCENT, 4, .get = buffer_dma },
	{ "queued_percent", "Q%", COLUMN_PERCENT, 4, 0, 7, .get = buffer_queued },
	{ "overlap_percent", "OVL%", COLUMN_PERCENT, 4, .get = buffer_overlap },
	{ "overlap_ns", NULL, COLUMN_NS, .get = buffer_both },
	{ "overlap_possible_ns", NULL, COLUMN_NS, .get = buffer_possible },
	{ "dma_for_cpu_ns", NULL, COLUMN_NS, .get = buffer_dma_for_cpu },
	{ "cpu_for_dma_ns", NULL, COLUMN_NS, .get = buffer_cpu_for_dma },
	{ "cpu_for_cpu_ns", NULL, COLUMN_NS, .get = buffer_cpu_for_cpu },
	{ "engine_queue_ns", NULL, COLUMN_NS, .get = buffer_engine },
	{ "nothing_to_do_ns", NULL, COLUMN_NS, .get = buffer_nothing },
	{ "cpu_behind_cpu", NULL, COLUMN_COUNT, .get = buffer_cpu_cpu_waits },
	{ "cpu_behind_dma", NULL, COLUMN_COUNT, .get = buffer_cpu_dma_waits },
	{ "dma_behind_cpu", NULL, COLUMN_COUNT, .get = buffer_dma_cpu_waits },
	{ "dma_behind_dma", NULL, COLUMN_COUNT, .get = buffer_dma_dma_waits },
	{ "cpu_behind_cpu_ns", NULL, COLUMN_NS, .get = buffer_cpu_cpu_wait },
	{ "cpu_behind_dma_ns", NULL, COLUMN_NS, .get = buffer_cpu_dma_wait },
	{ "dma_behind_cpu_ns", NULL, COLUMN_NS, .get = buffer_dma_cpu_wait },
	{ "dma_behind_dma_ns", NULL, COLUMN_NS, .get = buffer_dma_dma_wait },
	{ "syncs", NULL, COLUMN_COUNT, .get = buffer_syncs },
	{ "gone", NULL, COLUMN_COUNT, .get = buffer_gone },
	{ "held", NULL, COLUMN_COUNT, .get = buffer_held },
	{ "holder_comm", NULL, COLUMN_TEXT, .get = holder_comm },
	{ "holder_tgid", NULL, COLUMN_NUMBER, .get = holder_tgid },
	{ "holder_tid", NULL, COLUMN_NUMBER, .get = holder_tid },
	{ "holder_owner", NULL, COLUMN_NUMBER, .get = holder_owner },
	{ "holder_mode", NULL, COLUMN_TEXT, .get = holder_mode },
	{ "holder_agent", NULL, COLUMN_TEXT, .get = holder_agent },
	{ "holder_engine", NULL, COLUMN_TEXT, .get = holder_engine },
	{ "holder_age_ns", NULL, COLUMN_NS, .get = holder_age },
	{ "acquired", NULL, COLUMN_COUNT, .get = buffer_acquired },
	{ "contended", NULL, COLUMN_COUNT, .get = buffer_contended },
	{ "released", NULL, COLUMN_COUNT, .get = buffer_released },
	{ "failed", NULL, COLUMN_COUNT, .get = buffer_failed },
	{ "deadlocks", NULL, COLUMN_COUNT, .get = buffer_deadlocks },
	{ "abandoned", NULL, COLUMN_COUNT, .get = buffer_abandoned },
	{ "revoked", NULL, COLUMN_COUNT, .get = buffer_revoked },
	{ "backoffs", NULL, COLUMN_COUNT, .get = buffer_backoffs },
	{ "total_acquired", NULL, COLUMN_COUNT, .get = buffer_total_acquired },
	{ "total_contended", NULL, COLUMN_COUNT, .get = buffer_total_contended },
	{ "total_released", NULL, COLUMN_COUNT, .get = buffer_total_released },
	{ "total_failed", NULL, COLUMN_COUNT, .get = buffer_total_failed },
	{ "total_wait_ns", NULL, COLUMN_NS, .get = buffer_total_wait },
	{ "total_hold_ns", NULL, COLUMN_NS, .get = buffer_total_hold },
};

const struct table top_buffer_table = TABLE("buffers", buffer_columns);
