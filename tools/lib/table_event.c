// SPDX-License-Identifier: GPL-2.0-only
/* The table of events. */
#include <string.h>

#include "format.h"
#include "table_get.h"
#include "top_tables.h"
#include "words.h"

#define EVENT(name, statement) \
	GET(event_##name, struct top_event_row, statement)

static void event_get_comm(const struct top_event *event, struct value *value)
{
	value->known = event->comm[0];
	format_name(value->text, sizeof(value->text), event->comm);
}

static void event_get_task(const struct top_event *event, struct value *value)
{
	char comm[TOP_COMM_LEN];

	format_name(comm, sizeof(comm), event->comm);
	value->known = event->tid;
	snprintf(value->text, sizeof(value->text), "%s/%u",
		 comm[0] ? comm : "?", event->tid);
}

static void event_get_fence(const struct top_event *event, struct value *value)
{
	value->known = event->type == TOP_EVENT_JOB_FAILED;
	snprintf(value->text, sizeof(value->text), "%llu:%llu", event->context,
		 event->seqno);
}

/* What else there is to say: a deadlock's blocker, a job's fence. */
static void event_get_about(const struct top_event *event, struct value *value)
{
	char wait[16] = "";

	if (!event->edge.blocker) {
		event_get_fence(event, value);
		return;
	}
	if (event->wait_ns)
		format_ns(wait, sizeof(wait), event->wait_ns);
	snprintf(value->text, sizeof(value->text), "%s%sbehind tid %u, %s %llu",
		 wait, event->wait_ns ? " " : "",
		 event->edge.tid, words_of(WORDS_KIND, event->edge.kind),
		 event->edge.owner);
}

/* An error number that has no name in user space is shown as it is. */
static void event_get_error(const struct top_event *event, struct value *value)
{
	const char *name = strerrorname_np(-event->error);

	value->known = event->error;
	if (name)
		snprintf(value->text, sizeof(value->text), "%s", name);
	else
		snprintf(value->text, sizeof(value->text), "%d", event->error);
}

EVENT(ago, value->number = row->now_ns > row->event->time_ns ?
			   row->now_ns - row->event->time_ns : 0)
EVENT(type, get_text(value, words_of(WORDS_EVENT, row->event->type)))
EVENT(ino, value->number = row->event->ino)
EVENT(access, value->number = row->event->access)
EVENT(owner, value->number = row->event->owner)
EVENT(error, event_get_error(row->event, value))
EVENT(comm, event_get_comm(row->event, value))
EVENT(tgid, get_number(value, row->event->tgid))
EVENT(tid, get_number(value, row->event->tid))
EVENT(task, event_get_task(row->event, value))
EVENT(wait, get_number(value, row->event->wait_ns))
EVENT(fence, event_get_fence(row->event, value))
EVENT(blocker, get_number(value, row->event->edge.blocker))
EVENT(blocker_owner, get_number(value, row->event->edge.owner))
EVENT(blocker_tid, get_number(value, row->event->edge.tid))
EVENT(about, event_get_about(row->event, value))

static const struct column event_columns[] = {
	{ "ago_ns", "AGO", COLUMN_NS, 6, .get = event_ago },
	{ "event", "EVENT", COLUMN_TEXT, 10, .get = event_type },
	{ "ino", "INO", COLUMN_NUMBER, 5, .get = event_ino },
	{ NULL, "WHO", COLUMN_TEXT, 16, 1, .get = event_task },
	{ "error", "ERROR", COLUMN_TEXT, 9, .get = event_error },
	{ NULL, "ABOUT", COLUMN_TEXT, 28, 1, .get = event_about },
	{ "wait_ns", NULL, COLUMN_NS, .get = event_wait },
	{ "access", NULL, COLUMN_NUMBER, .get = event_access },
	{ "owner", NULL, COLUMN_NUMBER, .get = event_owner },
	{ "comm", NULL, COLUMN_TEXT, .get = event_comm },
	{ "tgid", NULL, COLUMN_NUMBER, .get = event_tgid },
	{ "tid", NULL, COLUMN_NUMBER, .get = event_tid },
	{ "fence", NULL, COLUMN_TEXT, .get = event_fence },
	{ "blocker", NULL, COLUMN_NUMBER, .get = event_blocker },
	{ "blocker_owner", NULL, COLUMN_NUMBER, .get = event_blocker_owner },
	{ "blocker_tid", NULL, COLUMN_NUMBER, .get = event_blocker_tid },
};

const struct table top_event_table = TABLE("events", event_columns);
