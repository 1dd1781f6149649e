// SPDX-License-Identifier: GPL-2.0-only
/* The table of pairs: who causes waiting. */
#include <inttypes.h>

#include "table_get.h"
#include "top_tables.h"

#define PAIR(name, statement) \
	GET(pair_##name, struct blame_row, statement)

static void pair_get_task(const struct blame_party *party, char *text, size_t size)
{
	if (party->tgid || party->comm[0])
		snprintf(text, size, "%s/%u", party->comm[0] ? party->comm : "?", party->tgid);
	else
		text[0] = '\0';
}

static void pair_get_waiter(const struct blame_row *row, struct value *value)
{
	if (row->nr_pairs)
		snprintf(value->text, sizeof(value->text), "(others)");
	else
		pair_get_task(&row->waiter, value->text, sizeof(value->text));
}

/* A job is called what its engine is, if that is known; else by its fence context. */
static void pair_get_holder(const struct blame_row *row, struct value *value)
{
	const struct blame_party *holder = &row->holder;
	char task[TOP_COMM_LEN + 16];

	value->known = !row->nr_pairs;
	pair_get_task(holder, task, sizeof(task));
	if (holder->engine[0])
		snprintf(value->text, sizeof(value->text), "%s %s", holder->engine, task);
	else if (holder->context)
		snprintf(value->text, sizeof(value->text), "fence %" PRIu64 " %s",
			 holder->context, task);
	else
		snprintf(value->text, sizeof(value->text), "%s", task);
}

PAIR(waiter, pair_get_waiter(row, value))
PAIR(holder, pair_get_holder(row, value))
PAIR(waiter_comm, get_text(value, row->waiter.comm))
PAIR(waiter_tgid, get_number(value, row->waiter.tgid))
PAIR(holder_comm, get_text(value, row->holder.comm))
PAIR(holder_tgid, get_number(value, row->holder.tgid))
PAIR(holder_engine, get_text(value, row->holder.engine))
PAIR(holder_context, get_number(value, row->holder.context))
PAIR(waits, value->number = row->sum.waits)
PAIR(wait, value->number = row->sum.wait_ns)
PAIR(wait_avg, get_mean(value, row->sum.wait_ns, row->sum.waits))
PAIR(wait_max, get_number(value, row->sum.max_ns))
PAIR(oldest, get_number(value, row->oldest_ns))
PAIR(waiting, value->number = row->nr_waiting)
PAIR(buffers, get_number(value, row->nr_inos + !!row->sum.more_inos))
PAIR(others, get_number(value, row->nr_pairs))

static const struct column pair_columns[] = {
	{ NULL, "WAITER", COLUMN_TEXT, 16, 3, .get = pair_waiter },
	{ NULL, "BEHIND", COLUMN_TEXT, 16, 5, .get = pair_holder },
	{ "waits", "WAITS", COLUMN_COUNT, 5, .get = pair_waits },
	{ "wait_ns", "IN ALL", COLUMN_NS, 6, .get = pair_wait },
	{ "wait_avg_ns", "W-AVG", COLUMN_NS, 6, 0, 1, .get = pair_wait_avg },
	{ "wait_max_ns", "W-MAX", COLUMN_NS, 6, .get = pair_wait_max },
	{ "waiting", "WT", COLUMN_COUNT, 4, .get = pair_waiting },
	{ "oldest_wait_ns", "OLDEST", COLUMN_NS, 6, .get = pair_oldest },
	{ "buffers", "BUFS", COLUMN_COUNT, 5, .get = pair_buffers },
	{ "waiter_comm", NULL, COLUMN_TEXT, .get = pair_waiter_comm },
	{ "waiter_tgid", NULL, COLUMN_NUMBER, .get = pair_waiter_tgid },
	{ "holder_comm", NULL, COLUMN_TEXT, .get = pair_holder_comm },
	{ "holder_tgid", NULL, COLUMN_NUMBER, .get = pair_holder_tgid },
	{ "holder_engine", NULL, COLUMN_TEXT, .get = pair_holder_engine },
	{ "holder_context", NULL, COLUMN_NUMBER, .get = pair_holder_context },
	{ "others", NULL, COLUMN_COUNT, .get = pair_others },
};

const struct table top_pair_table = TABLE("pairs", pair_columns);
