// SPDX-License-Identifier: GPL-2.0-only
/* The table of places that wait, and of those that they wait for. */
#include "report_stacks.h"
#include "table_get.h"

#define STACK(name, statement)	GET(stack_##name, struct stack_row, statement)

STACK(waits, value->number = row->waits)
STACK(wait, value->number = row->wait_ns)
STACK(max, value->number = row->max_ns)
STACK(waiter, get_text(value, row->waiter))
STACK(holder, get_text(value, row->holder))

static const struct column stack_columns[] = {
	{ "waits", "WAITS", COLUMN_COUNT, 5, .get = stack_waits },
	{ "wait_ns", "IN ALL", COLUMN_NS, 6, .get = stack_wait },
	{ "wait_max_ns", "MAX", COLUMN_NS, 6, .get = stack_max },
	{ "waiter_site", "WAITER'S SITE", COLUMN_TEXT, 24, 4, .get = stack_waiter },
	{ "holder_request_site", "HOLDER'S REQUEST SITE", COLUMN_TEXT, 24, 4,
	  .get = stack_holder },
};

const struct table report_stack_table = TABLE("stacks", stack_columns);
