// SPDX-License-Identifier: GPL-2.0-only
#include "ls_table.h"

#include <json-c/json.h>
#include <string.h>

#include "access_text.h"
#include "culprit.h"
#include "table_get.h"
#include "words.h"

#define LS(name, statement) \
	GET(ls_##name, struct ls_access, statement)

/* More of them than this are counted. */
#define MAX_NAMED	4

static void ls_get_mode(const struct ls_access *row, struct value *value)
{
	snprintf(value->text, sizeof(value->text), "%s%s",
		 row->access.at.agent == TOP_AGENT_DMA ? "dma-" : "",
		 access_mode(&row->access.at));
}

/* Who it is, or of one that is not listed its number. */
static void ls_blocker(const struct ls_edge *edge, char *text, size_t size)
{
	if (edge->by)
		access_who(&edge->by->access, text, size);
	else
		snprintf(text, size, "access %llu", (unsigned long long)edge->blocker);
}

static void ls_get_blockers(const struct ls_access *row, struct value *value)
{
	char who[VALUE_TEXT_SIZE / MAX_NAMED - 4];
	size_t i, len = 0;

	value->known = row->nr_edges;
	for (i = 0; i < row->nr_edges && i < MAX_NAMED; i++) {
		ls_blocker(&row->edges[i], who, sizeof(who));
		len += snprintf(value->text + len, sizeof(value->text) - len, "%s%s",
				i ? ", " : "", who);
	}
	if (row->nr_edges > i)
		snprintf(value->text + len, sizeof(value->text) - len, " +%zu",
			 row->nr_edges - i);
}

LS(comm, get_text(value, row->access.at.comm))
LS(tgid, get_number(value, row->access.at.tgid))
LS(tid, get_number(value, row->access.at.tid))
LS(kind, get_text(value, words_of(WORDS_KIND, row->access.at.kind)))
LS(ino, value->number = row->access.at.ino)
LS(exporter, get_text(value, row->exporter))
LS(size, value->number = row->size)
LS(mode, ls_get_mode(row, value))
LS(state, get_text(value, access_state(&row->access)))
LS(start, value->number = row->access.at.start)
LS(end, value->number = row->access.at.start + row->access.at.len)
LS(len, value->number = row->access.at.len)
LS(age, value->number = model_access_age_ns(&row->access))
LS(culprit, value->known = row->blocks && culprit_does(&row->access, value->text,
						       sizeof(value->text)))
LS(blockers, ls_get_blockers(row, value))
LS(access, value->number = row->access.id)
LS(owner, value->number = row->access.at.owner)
LS(fence, value->known = access_fence(&row->access.at, value->text, sizeof(value->text)))
LS(engine, get_text(value, row->access.timeline.name))
LS(driver, get_text(value, row->access.timeline.driver))

static const struct column ls_columns[] = {
	{ "comm", "COMMAND", COLUMN_TEXT, .get = ls_comm },
	{ "tgid", "PID", COLUMN_NUMBER, .get = ls_tgid },
	{ "tid", "TID", COLUMN_NUMBER, .get = ls_tid },
	{ "kind", "KIND", COLUMN_TEXT, .get = ls_kind },
	{ "ino", "INO", COLUMN_NUMBER, .get = ls_ino },
	{ "exporter", "EXPORTER", COLUMN_TEXT, .get = ls_exporter },
	{ "size_bytes", "SIZE", COLUMN_BYTES, .get = ls_size },
	{ "mode", "MODE", COLUMN_TEXT, .get = ls_mode },
	{ "state", "DOES", COLUMN_TEXT, .get = ls_state },
	{ "start_bytes", "START", COLUMN_NUMBER, .get = ls_start },
	{ "end_bytes", "END", COLUMN_NUMBER, .get = ls_end },
	{ "age_ns", "SINCE", COLUMN_NS, .get = ls_age },
	{ "culprit", "NOW", COLUMN_TEXT, .get = ls_culprit },
	{ NULL, "BLOCKERS", COLUMN_TEXT, .get = ls_blockers },
	{ "len_bytes", NULL, COLUMN_NUMBER, .get = ls_len },
	{ "access", NULL, COLUMN_NUMBER, .get = ls_access },
	{ "owner", NULL, COLUMN_NUMBER, .get = ls_owner },
	{ "fence", NULL, COLUMN_TEXT, .get = ls_fence },
	{ "engine", NULL, COLUMN_TEXT, .get = ls_engine },
	{ "driver", NULL, COLUMN_TEXT, .get = ls_driver },
};

const struct table ls_table = TABLE("accesses", ls_columns);

static void json_add_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

static struct json_object *ls_edge_json(const struct ls_edge *edge)
{
	struct json_object *object = json_object_new_object();

	json_add_number(object, "access", edge->blocker);
	json_add_number(object, "owner", edge->owner);
	if (!edge->by)
		return object;
	json_object_object_add(object, "comm",
			       json_object_new_string(edge->by->access.at.comm));
	json_add_number(object, "tgid", edge->by->access.at.tgid);
	json_add_number(object, "tid", edge->by->access.at.tid);
	return object;
}

struct json_object *ls_table_json(const struct ls_access *one)
{
	struct json_object *object = output_json(&ls_table, one);
	struct json_object *blockers = json_object_new_array();
	size_t i;

	for (i = 0; i < one->nr_edges; i++)
		json_object_array_add(blockers, ls_edge_json(&one->edges[i]));
	json_object_object_add(object, "blockers", blockers);
	return object;
}
