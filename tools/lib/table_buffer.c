// SPDX-License-Identifier: GPL-2.0-only
/* The table of buffers. */
#include <string.h>

#include "access_text.h"
#include "format.h"
#include "table_window.h"
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
BUFFER(backoffs, value->number = row->window.count.backoffs)
BUFFER(total_acquired, value->number = row->counters.acquired)
BUFFER(total_contended, value->number = row->counters.contended)
BUFFER(total_released, value->number = model_sum(row->counters.released, 2))
BUFFER(total_failed, value->number = row->counters.failed)
BUFFER(total_wait, value->number = model_sum(row->counters.wait_ns, TOP_NR_PAIRS))
BUFFER(total_hold, value->number = model_sum(row->counters.hold_ns, 2))

WINDOW_GETTERS(struct model_buffer)

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
	WINDOW_SHOWN,
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
	WINDOW_WAITS,
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
	WINDOW_COUNTS,
	{ "backoffs", NULL, COLUMN_COUNT, .get = buffer_backoffs },
	{ "total_acquired", NULL, COLUMN_COUNT, .get = buffer_total_acquired },
	{ "total_contended", NULL, COLUMN_COUNT, .get = buffer_total_contended },
	{ "total_released", NULL, COLUMN_COUNT, .get = buffer_total_released },
	{ "total_failed", NULL, COLUMN_COUNT, .get = buffer_total_failed },
	{ "total_wait_ns", NULL, COLUMN_NS, .get = buffer_total_wait },
	{ "total_hold_ns", NULL, COLUMN_NS, .get = buffer_total_hold },
};

const struct table top_buffer_table = TABLE("buffers", buffer_columns);
