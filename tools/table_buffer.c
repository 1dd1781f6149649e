// SPDX-License-Identifier: GPL-2.0-only
/* The table of buffers. */
#include <string.h>

#include "access_text.h"
#include "format.h"
#include "table_get.h"
#include "top_tables.h"

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
BUFFER(acquired, value->number = row->window.acquired)
BUFFER(acquired_rate, get_rate(value, row->window.acquired, row->window_ns))
BUFFER(contended, value->number = row->window.contended)
BUFFER(contended_percent, get_percent(value, row->window.waits,
				      model_window_requests(&row->window)))
BUFFER(wait_avg, get_mean(value, row->window.wait_ns, row->window.waits))
BUFFER(wait_max, get_number(value, row->window.wait_max_ns))
BUFFER(oldest_wait, get_number(value, row->window.oldest_ns))
BUFFER(hold_avg, get_mean(value, row->window.hold_ns, row->window.released))
BUFFER(cpu, get_percent(value, row->window.use.cpu_ns, row->window_ns))
BUFFER(dma, get_percent(value, row->window.use.dma_ns, row->window_ns))
BUFFER(overlap, get_percent(value, row->window.use.both_ns, row->window_ns))
BUFFER(released, value->number = row->window.released)
BUFFER(failed, value->number = row->window.failed)
BUFFER(deadlocks, value->number = row->window.deadlocks)
BUFFER(abandoned, value->number = row->window.abandoned)
BUFFER(backoffs, value->number = row->window.backoffs)
BUFFER(total_acquired, value->number = row->counters.acquired)
BUFFER(total_contended, value->number = row->counters.contended)
BUFFER(total_released, value->number = row->counters.released)
BUFFER(total_failed, value->number = row->counters.failed)
BUFFER(total_wait, value->number = row->counters.wait_ns)
BUFFER(total_hold, value->number = row->counters.hold_ns)

HOLDER(comm, get_text(value, row->holder->at.comm))
HOLDER(tgid, value->number = row->holder->at.tgid)
HOLDER(tid, value->number = row->holder->at.tid)
HOLDER(owner, value->number = row->holder->at.owner)
HOLDER(mode, get_text(value, access_mode(&row->holder->at)))
HOLDER(agent, get_text(value, access_agent(&row->holder->at)))
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
	access_task(&holder->at, task, room + 1);
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
	{ "wait_avg_ns", "W-AVG", COLUMN_NS, 6, .get = buffer_wait_avg },
	{ "wait_max_ns", "W-MAX", COLUMN_NS, 6, 0, 5, .get = buffer_wait_max },
	{ "oldest_wait_ns", "OLDEST", COLUMN_NS, 6, .get = buffer_oldest_wait },
	{ "hold_avg_ns", "HOLD", COLUMN_NS, 6, 0, 6, .get = buffer_hold_avg },
	{ "cpu_percent", "CPU%", COLUMN_PERCENT, 4, .get = buffer_cpu },
	{ "dma_percent", "DMA%", COLUMN_PERCENT, 4, .get = buffer_dma },
	{ "overlap_percent", "OVL%", COLUMN_PERCENT, 4, .get = buffer_overlap },
	{ "gone", NULL, COLUMN_COUNT, .get = buffer_gone },
	{ "held", NULL, COLUMN_COUNT, .get = buffer_held },
	{ "holder_comm", NULL, COLUMN_TEXT, .get = holder_comm },
	{ "holder_tgid", NULL, COLUMN_NUMBER, .get = holder_tgid },
	{ "holder_tid", NULL, COLUMN_NUMBER, .get = holder_tid },
	{ "holder_owner", NULL, COLUMN_NUMBER, .get = holder_owner },
	{ "holder_mode", NULL, COLUMN_TEXT, .get = holder_mode },
	{ "holder_agent", NULL, COLUMN_TEXT, .get = holder_agent },
	{ "holder_age_ns", NULL, COLUMN_NS, .get = holder_age },
	{ "acquired", NULL, COLUMN_COUNT, .get = buffer_acquired },
	{ "contended", NULL, COLUMN_COUNT, .get = buffer_contended },
	{ "released", NULL, COLUMN_COUNT, .get = buffer_released },
	{ "failed", NULL, COLUMN_COUNT, .get = buffer_failed },
	{ "deadlocks", NULL, COLUMN_COUNT, .get = buffer_deadlocks },
	{ "abandoned", NULL, COLUMN_COUNT, .get = buffer_abandoned },
	{ "backoffs", NULL, COLUMN_COUNT, .get = buffer_backoffs },
	{ "total_acquired", NULL, COLUMN_COUNT, .get = buffer_total_acquired },
	{ "total_contended", NULL, COLUMN_COUNT, .get = buffer_total_contended },
	{ "total_released", NULL, COLUMN_COUNT, .get = buffer_total_released },
	{ "total_failed", NULL, COLUMN_COUNT, .get = buffer_total_failed },
	{ "total_wait_ns", NULL, COLUMN_NS, .get = buffer_total_wait },
	{ "total_hold_ns", NULL, COLUMN_NS, .get = buffer_total_hold },
};

const struct table top_buffer_table = TABLE("buffers", buffer_columns);
