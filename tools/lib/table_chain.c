// SPDX-License-Identifier: GPL-2.0-only
/* The table of wait chains. */
#include <string.h>

#include "access_text.h"
#include "culprit.h"
#include "table_get.h"
#include "top_tables.h"
#include "words.h"

#define CHAIN(name, statement) \
	GET(chain_##name, struct chain_row, statement)

#define INDENT	2

/* Only of a root, and of one that is there now. */
static void chain_get_culprit(const struct chain_row *row, struct value *value)
{
	value->known = !row->depth && !row->past &&
		       culprit_does(row->access, value->text, sizeof(value->text));
}

/* Of a blocker that the model does not have only the owner is known. */
static bool chain_is_known(const struct chain_row *row)
{
	return row->access->at.mode;
}

static void chain_get_range(const struct chain_row *row, struct value *value)
{
	value->known = chain_is_known(row) && row->access->at.len;
	if (value->known)
		access_range(&row->access->at, value->text, sizeof(value->text));
}

static void chain_get_mode(const struct chain_row *row, struct value *value)
{
	value->known = chain_is_known(row);
	if (value->known)
		snprintf(value->text, sizeof(value->text), "%s%s",
			 row->access->at.agent == TOP_AGENT_DMA ? "dma-" : "",
			 access_mode(&row->access->at));
}

static void chain_get_buffer(const struct chain_row *row, struct value *value)
{
	snprintf(value->text, sizeof(value->text), "%llu%s%s",
		 row->access->at.ino, row->access->buffer->name[0] ? " " : "",
		 row->access->buffer->name);
}

static void chain_get_note(const struct chain_row *row, struct value *value)
{
	get_text(value, row->cycle ? "cycle" : row->again ? "see above" :
			row->cut ? "behind others, too" : "");
}

/* Of a root: how many it keeps waiting, and for how long in all. */
CHAIN(blocks, value->known = !row->depth && row->blocks; value->number = row->blocks)
CHAIN(blocked, value->known = !row->depth && row->blocks; value->number = row->blocked_ns)
CHAIN(culprit, chain_get_culprit(row, value))
CHAIN(depth, value->number = row->depth)
CHAIN(access, value->known = !model_access_is_sync(row->access);
	      value->number = row->access->id)
CHAIN(owner, get_number(value, row->access->at.owner))
CHAIN(kind, get_text(value, words_of(WORDS_KIND, row->access->at.kind)))
CHAIN(comm, get_text(value, row->access->at.comm))
CHAIN(tgid, value->number = row->access->at.tgid)
CHAIN(tid, value->number = row->access->at.tid)
CHAIN(state, get_text(value, access_state(row->access)))
CHAIN(mode, chain_get_mode(row, value))
CHAIN(ino, value->number = row->access->at.ino)
CHAIN(name, get_text(value, row->access->buffer->name))
CHAIN(buffer, chain_get_buffer(row, value))
CHAIN(range, chain_get_range(row, value))
CHAIN(start, value->known = chain_is_known(row);
	     value->number = row->access->at.start)
CHAIN(len, get_number(value, row->access->at.len))
CHAIN(age, value->known = row->access->at.since_ns;
	   value->number = model_access_age_ns(row->access))
CHAIN(fence, value->known = access_fence(&row->access->at, value->text,
					 sizeof(value->text)))
CHAIN(note, chain_get_note(row, value))
CHAIN(task, access_who(row->access, value->text, sizeof(value->text)))
CHAIN(engine, get_text(value, row->access->timeline.name))
CHAIN(driver, get_text(value, row->access->timeline.driver))

/* Who it is, as far to the right as it is deep, within half of the width. */
static void chain_fit_task(const void *any, char *text, size_t width)
{
	const struct chain_row *row = any;
	size_t indent = (size_t)row->depth * INDENT;

	if (indent > width / 2)
		indent = width / 2;
	memset(text, ' ', indent);
	access_who(row->access, text + indent, width - indent + 1);
}

static const struct column chain_columns[] = {
	{ NULL, "WHO", COLUMN_TEXT, 20, 4, .get = chain_task,
	  .fit = chain_fit_task },
	{ "state", "DOES", COLUMN_TEXT, 6, 1, .get = chain_state },
	{ "mode", "MODE", COLUMN_TEXT, 6, .get = chain_mode },
	{ NULL, "BUFFER", COLUMN_TEXT, 12, 2, .get = chain_buffer },
	{ NULL, "RANGE", COLUMN_TEXT, 13, 2, .get = chain_range },
	{ "age_ns", "SINCE", COLUMN_NS, 6, .get = chain_age },
	{ "culprit", "NOW", COLUMN_TEXT, 10, 2, 4, .get = chain_culprit },
	{ "blocks", "BLOCKS", COLUMN_COUNT, 6, 0, 2, .get = chain_blocks },
	{ "blocked_ns", "IN ALL", COLUMN_NS, 6, 0, 3, .get = chain_blocked },
	{ "fence", "FENCE", COLUMN_TEXT, 7, 1, .get = chain_fence },
	{ "note", "", COLUMN_TEXT, 3, 1, 1, .get = chain_note },
	{ "engine", NULL, COLUMN_TEXT, .get = chain_engine },
	{ "driver", NULL, COLUMN_TEXT, .get = chain_driver },
	{ "depth", NULL, COLUMN_COUNT, .get = chain_depth },
	{ "access", NULL, COLUMN_NUMBER, .get = chain_access },
	{ "owner", NULL, COLUMN_NUMBER, .get = chain_owner },
	{ "kind", NULL, COLUMN_TEXT, .get = chain_kind },
	{ "comm", NULL, COLUMN_TEXT, .get = chain_comm },
	{ "tgid", NULL, COLUMN_NUMBER, .get = chain_tgid },
	{ "tid", NULL, COLUMN_NUMBER, .get = chain_tid },
	{ "ino", NULL, COLUMN_NUMBER, .get = chain_ino },
	{ "name", NULL, COLUMN_TEXT, .get = chain_name },
	{ "start_bytes", NULL, COLUMN_NUMBER, .get = chain_start },
	{ "len_bytes", NULL, COLUMN_BYTES, .get = chain_len },
};

const struct table top_chain_table = TABLE("chains", chain_columns);
