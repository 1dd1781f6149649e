/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's tables. */
#ifndef TOP_TABLES_H
#define TOP_TABLES_H

#include "blame.h"
#include "chain.h"
#include "group.h"
#include "model.h"
#include "output.h"

/* The row of top_event_table. */
struct top_event_row {
	const struct top_event *event;
	uint64_t now_ns;
};

extern const struct table top_buffer_table;	/* struct model_buffer */
extern const struct table top_group_table;	/* struct group */
extern const struct table top_pair_table;	/* struct blame_row */
extern const struct table top_chain_table;	/* struct chain_row */
extern const struct table top_event_table;	/* struct top_event_row */

#endif /* TOP_TABLES_H */
