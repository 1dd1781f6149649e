/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's human view. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "blame.h"
#include "chain.h"
#include "group.h"
#include "page.h"
#include "top_summary.h"
#include "view_list.h"

/* Events that stay on a screen for some time. */
#define TOP_VIEW_EVENTS	4

/* What a page can show above the wait chains. */
enum top_pane {
	TOP_PANE_BUFFERS,
	TOP_PANE_GROUPS,
	TOP_PANE_PAIRS,
	TOP_NR_PANES,
};

/**
 * struct top_view - how things are shown
 * @idle: pages show idle rows, too
 * @scroll_chains: keys scroll the wait chains, not the rows
 * @first: rows left out at the top, for scrolling
 * @first_chain: lines of wait chains, likewise
 * @lists: rows of the model, by enum top_pane
 * @pairs: a page shows the pairs, not buffers or groups
 * @groups: of the model
 * @blames: the pairs of the model
 * @chains: of the model
 * @recent: latest events
 * @nr_recent: how many
 */
struct top_view {
	bool idle;
	bool scroll_chains;
	size_t first;
	size_t first_chain;
	struct view_list lists[TOP_NR_PANES];
	bool pairs;
	struct groups groups;
	struct blames blames;
	struct chains chains;
	struct top_event recent[TOP_VIEW_EVENTS];
	size_t nr_recent;
};

void top_view_init(struct top_view *view);
/* The rows that a page shows. */
struct view_list *top_view_list(struct top_view *view);
const struct order *top_view_order(const struct top_view *view);
/* Group by this. */
void top_view_group(struct top_view *view, enum group_by by);
/* The groups are others: make their rows. */
void top_view_regroup(struct top_view *view, const struct model *model);
/* The model is a new one: put it in order. */
void top_view_update(struct top_view *view, struct model *model);

/*
 * Make a page. @width, @height: of the screen, 0: as large as it gets. Scrolling ends
 * where the buffers and chains do.
 */
void top_view_page(struct top_view *view, const struct top_summary *summary, struct page *page,
		   int width, int height);
void top_view_free(struct top_view *view);

#endif /* TOP_VIEW_H */
