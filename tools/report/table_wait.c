// SPDX-License-Identifier: GPL-2.0-only
/* The tables of waits and of how long they are. */
#include <string.h>

#include "format.h"
#include "report_waits.h"
#include "table_get.h"
#include "words.h"

#define WAIT(name, statement)	GET(wait_##name, struct report_wait, statement)
#define LATENCY(name, statement) GET(latency_##name, struct report_latency, statement)

static void wait_get_name(const struct model *model, uint64_t ino, struct value *value)
{
	const struct model_buffer *buffer = ino ? model_buffer_find(model, ino) : NULL;

	get_text(value, buffer ? buffer->name : NULL);
}

static void wait_get_comm(const struct top_party *party, struct value *value)
{
	char comm[TOP_COMM_LEN];

	format_array(comm, party->comm, sizeof(comm));
	get_text(value, comm);
}

static void wait_get_task(const struct top_party *party, struct value *value)
{
	char comm[TOP_COMM_LEN];

	format_array(comm, party->comm, sizeof(comm));
	value->known = comm[0] || party->tgid;
	snprintf(value->text, sizeof(value->text), "%s/%u", comm[0] ? comm : "?", party->tgid);
}

/* Of a job its engine. */
static void wait_get_engine(const struct report_wait *wait, struct value *value)
{
	const struct top_timeline *timeline;

	timeline = model_timeline(wait->model, wait->holder.context);
	get_text(value, timeline ? timeline->name : NULL);
}

static void wait_get_holder(const struct report_wait *wait, struct value *value)
{
	struct value engine = { 0 };

	wait_get_task(&wait->holder, value);
	wait_get_engine(wait, &engine);
	if (engine.known)
		snprintf(value->text, sizeof(value->text), "%.60s %.60s/%u", engine.text,
			 wait->holder.comm[0] ? wait->holder.comm : "?", wait->holder.tgid);
}

static void wait_get_end(const struct report_wait *wait, struct value *value)
{
	const char *name = strerrorname_np(-wait->error);

	if (!wait->is_over)
		get_text(value, "waits");
	else if (!wait->error)
		get_text(value, "acquired");
	else if (name)
		get_text(value, name);
	else
		snprintf(value->text, sizeof(value->text), "%d", wait->error);
}

WAIT(time, value->number = row->wait_ns)
WAIT(begin, value->known = row->begin_ns >= 0; value->number = row->begin_ns)
WAIT(ino, value->number = row->ino)
WAIT(name, wait_get_name(row->model, row->ino, value))
WAIT(waiter, wait_get_task(&row->waiter, value))
WAIT(holder, wait_get_holder(row, value))
WAIT(waits_as, get_text(value, words_of(WORDS_AGENT, row->pair / 2)))
WAIT(behind, get_text(value, words_of(WORDS_AGENT, row->pair % 2)))
WAIT(end, wait_get_end(row, value))
WAIT(waiter_comm, wait_get_comm(&row->waiter, value))
WAIT(waiter_tgid, get_number(value, row->waiter.tgid))
WAIT(holder_comm, wait_get_comm(&row->holder, value))
WAIT(holder_tgid, get_number(value, row->holder.tgid))
WAIT(holder_engine, wait_get_engine(row, value))
WAIT(access, value->number = row->access)

static const struct column wait_columns[] = {
	{ "wait_ns", "WAIT", COLUMN_NS, 6, .get = wait_time },
	{ "begin_ns", "BEGIN", COLUMN_NS, 6, .get = wait_begin },
	{ "ino", "INO", COLUMN_NUMBER, 5, .get = wait_ino },
	{ "name", "NAME", COLUMN_TEXT, 8, 1, 2, .get = wait_name },
	{ NULL, "WAITER", COLUMN_TEXT, 16, 3, .get = wait_waiter },
	{ NULL, "BEHIND", COLUMN_TEXT, 16, 5, .get = wait_holder },
	{ "agent", "FOR", COLUMN_TEXT, 3, .get = wait_waits_as },
	{ "behind_agent", "OF", COLUMN_TEXT, 3, .get = wait_behind },
	{ "end", "END", COLUMN_TEXT, 12, .get = wait_end },
	{ "waiter_comm", NULL, COLUMN_TEXT, .get = wait_waiter_comm },
	{ "waiter_tgid", NULL, COLUMN_NUMBER, .get = wait_waiter_tgid },
	{ "holder_comm", NULL, COLUMN_TEXT, .get = wait_holder_comm },
	{ "holder_tgid", NULL, COLUMN_NUMBER, .get = wait_holder_tgid },
	{ "holder_engine", NULL, COLUMN_TEXT, .get = wait_holder_engine },
	{ "access", NULL, COLUMN_NUMBER, .get = wait_access },
};

const struct table report_wait_table = TABLE("waits", wait_columns);

LATENCY(what, get_text(value, row->name))
LATENCY(ino, get_number(value, row->ino))
LATENCY(name, wait_get_name(row->model, row->ino, value))
LATENCY(nr, value->number = row->nr)
LATENCY(sum, value->number = row->sum_ns)
LATENCY(p50, value->number = row->p50_ns)
LATENCY(p95, value->number = row->p95_ns)
LATENCY(p99, value->number = row->p99_ns)
LATENCY(max, value->number = row->max_ns)

static const struct column latency_columns[] = {
	{ "what", "WAITS OF", COLUMN_TEXT, 14, .get = latency_what },
	{ "ino", "INO", COLUMN_NUMBER, 5, .get = latency_ino },
	{ "name", "NAME", COLUMN_TEXT, 8, 1, .get = latency_name },
	{ "waits", "WAITS", COLUMN_COUNT, 5, .get = latency_nr },
	{ "wait_ns", "IN ALL", COLUMN_NS, 6, .get = latency_sum },
	{ "p50_ns", "P50", COLUMN_NS, 6, .get = latency_p50 },
	{ "p95_ns", "P95", COLUMN_NS, 6, .get = latency_p95 },
	{ "p99_ns", "P99", COLUMN_NS, 6, .get = latency_p99 },
	{ "max_ns", "MAX", COLUMN_NS, 6, .get = latency_max },
};

const struct table report_latency_table = TABLE("latencies", latency_columns);
