/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's human view. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "chain.h"
#include "page.h"
#include "top_source.h"

/* Events that stay on a screen for some time. */
#define TOP_VIEW_EVENTS	4

/**
 * struct top_view - how things are shown
 * @sort: column that orders the buffers
 * @ascending: least first
 * @idle: pages show idle buffers, too
 * @scroll_chains: keys scroll the wait chains, not the buffers
 * @first: buffers left out at the top, for scrolling
 * @first_chain: lines of wait chains, likewise
 * @buffers: of the model, in this order
 * @nr: how many
 * @max: room in @buffers
 * @chains: of the model
 * @recent: latest events
 * @nr_recent: how many
 */
struct top_view {
	const struct column *sort;
	bool ascending;
	bool idle;
	bool scroll_chains;
	size_t first;
	size_t first_chain;
	const struct model_buffer **buffers;
	size_t nr, max;
	struct chains chains;
	struct top_event recent[TOP_VIEW_EVENTS];
	size_t nr_recent;
};

/* The model is a new one: put it in order. */
void top_view_update(struct top_view *view, struct model *model);
/* The order is a new one. */
void top_view_sort(struct top_view *view);
/* The next column to sort by, to the right (1) or to the left (-1). */
void top_view_next_sort(struct top_view *view, int step);

/*
 * Make a page. @width, @height: of the screen, 0: as large as it gets. Scrolling ends
 * where the buffers and chains do.
 */
void top_view_page(struct top_view *view, const struct session *session,
		   const struct top_source *source, struct page *page,
		   int width, int height);
void top_view_free(struct top_view *view);

#endif /* TOP_VIEW_H */
