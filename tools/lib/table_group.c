// SPDX-License-Identifier: GPL-2.0-only
/* The table of groups. */
#include "table_window.h"
#include "top_tables.h"

#define GROUP(name, statement) \
	GET(group_##name, struct group, statement)

static void group_get_text(const struct group *group, struct value *value)
{
	if (group->tgid)
		snprintf(value->text, sizeof(value->text), "%s/%u",
			 group->name[0] ? group->name : "?", group->tgid);
	else
		get_text(value, group->name);
}

GROUP(text, group_get_text(row, value))
GROUP(name, get_text(value, row->name))
GROUP(driver, get_text(value, row->driver))
GROUP(tgid, get_number(value, row->tgid))
GROUP(buffers, get_number(value, row->nr_buffers))
GROUP(held, value->number = row->nr_held)
GROUP(waiting, value->number = row->nr_waiting)

WINDOW_GETTERS(struct group)

static const struct column group_columns[] = {
	{ NULL, "GROUP", COLUMN_TEXT, 16, 4, .get = group_text },
	{ "name", NULL, COLUMN_TEXT, .get = group_name },
	{ "driver", NULL, COLUMN_TEXT, .get = group_driver },
	{ "tgid", NULL, COLUMN_NUMBER, .get = group_tgid },
	{ "buffers", "BUFS", COLUMN_COUNT, 5, .get = group_buffers },
	{ "held", "HELD", COLUMN_COUNT, 4, .get = group_held },
	{ "waiting", "WT", COLUMN_COUNT, 4, .get = group_waiting },
	WINDOW_SHOWN,
	WINDOW_WAITS,
	WINDOW_COUNTS,
};

const struct table top_group_table = TABLE("groups", group_columns);
