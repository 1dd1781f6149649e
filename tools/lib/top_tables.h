/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's tables. */
#ifndef TOP_TABLES_H
#define TOP_TABLES_H

#include "blame.h"
#include "chain.h"
#include "cost.h"
#include "group.h"
#include "model.h"
#include "output.h"
#include "session.h"
#include "top_unseen.h"

/* The row of top_summary_table. */
struct top_summary {
	const struct model *model;
	const struct cost *cost;
	const struct session *session;
	struct top_unseen unseen;
};

void top_summary_fill(struct top_summary *summary, const struct session *session,
		      const struct top_source *source);

/* The row of top_event_table. */
struct top_event_row {
	const struct top_event *event;
	uint64_t now_ns;
};

extern const struct table top_summary_table;	/* struct top_summary */
extern const struct table top_buffer_table;	/* struct model_buffer */
extern const struct table top_group_table;	/* struct group */
extern const struct table top_pair_table;	/* struct blame_row */
extern const struct table top_chain_table;	/* struct chain_row */
extern const struct table top_event_table;	/* struct top_event_row */

#endif /* TOP_TABLES_H */
