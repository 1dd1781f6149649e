// SPDX-License-Identifier: GPL-2.0-only
#include "top_view.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "top_tables.h"

/* The busier one, then always the same order. */
static int view_tie_buffers(const void *a, const void *b)
{
	const struct model_buffer *x = a, *y = b;

	if (x->window.count.acquired != y->window.count.acquired)
		return x->window.count.acquired > y->window.count.acquired ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino > y->ino ? 1 : -1;
	return strcmp(x->exporter, y->exporter) ?: strcmp(x->name, y->name);
}

static int view_tie_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->window.count.acquired != y->window.count.acquired)
		return x->window.count.acquired > y->window.count.acquired ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid > y->tgid ? 1 : -1;
	return strcmp(x->name, y->name) ?: strcmp(x->driver, y->driver);
}

/* As they were made. */
static int view_tie_pairs(const void *a, const void *b)
{
	return (a > b) - (a < b);
}

static bool view_idle_buffer(const void *row)
{
	return model_buffer_is_idle(row);
}

static bool view_idle_group(const void *row)
{
	return group_is_idle(row);
}

void top_view_init(struct top_view *view)
{
	static const struct view_list lists[TOP_NR_PANES] = {
		[TOP_PANE_BUFFERS] = {
			.table = &top_buffer_table,
			.tie = view_tie_buffers,
			.idle = view_idle_buffer,
		},
		[TOP_PANE_GROUPS] = {
			.table = &top_group_table,
			.tie = view_tie_groups,
			.idle = view_idle_group,
		},
		[TOP_PANE_PAIRS] = {
			.table = &top_pair_table,
			.tie = view_tie_pairs,
		},
	};
	unsigned int i;

	*view = (struct top_view){ 0 };
	for (i = 0; i < TOP_NR_PANES; i++) {
		view->lists[i] = lists[i];
		order_set(&view->lists[i].order, output_column(lists[i].table, "waiting"));
	}
	order_set(&view->lists[TOP_PANE_PAIRS].order, output_column(&top_pair_table, "wait_ns"));
}

static enum top_pane view_pane(const struct top_view *view)
{
	if (view->pairs)
		return TOP_PANE_PAIRS;
	return view->groups.by == GROUP_BY_BUFFER ? TOP_PANE_BUFFERS : TOP_PANE_GROUPS;
}

struct view_list *top_view_list(struct top_view *view)
{
	return &view->lists[view_pane(view)];
}

const struct order *top_view_order(const struct top_view *view)
{
	return &view->lists[view_pane(view)].order;
}

void top_view_regroup(struct top_view *view, const struct model *model)
{
	struct view_list *list = &view->lists[TOP_PANE_GROUPS];
	size_t i;

	group_build(&view->groups, model);
	view_list_resize(list, view->groups.nr);
	for (i = 0; i < list->nr; i++)
		list->rows[i] = &view->groups.rows[i];
	view_list_sort(list);
}

static void view_update_pairs(struct top_view *view, const struct model *model)
{
	struct view_list *list = &view->lists[TOP_PANE_PAIRS];
	size_t i;

	blame_build(&view->blames, model);
	view_list_resize(list, view->blames.nr);
	for (i = 0; i < list->nr; i++)
		list->rows[i] = &view->blames.rows[i];
	view_list_sort(list);
}

void top_view_group(struct top_view *view, enum group_by by)
{
	struct order order;

	view->pairs = false;
	order = top_view_list(view)->order;
	view->groups.by = by;
	view->first = 0;
	order_move(&order, top_view_list(view)->table, "waiting");
	top_view_list(view)->order = order;
}

static void view_note_event(struct top_view *view, const struct top_event *event)
{
	if (view->nr_recent == TOP_VIEW_EVENTS)
		memmove(&view->recent[0], &view->recent[1],
			--view->nr_recent * sizeof(view->recent[0]));
	view->recent[view->nr_recent++] = *event;
}

static void view_update_buffers(struct top_view *view, const struct model *model)
{
	struct view_list *list = &view->lists[TOP_PANE_BUFFERS];
	size_t i;

	view_list_resize(list, model->nr_buffers + model->nr_classes);
	for (i = 0; i < model->nr_buffers; i++)
		list->rows[i] = model->buffers[i];
	for (i = 0; i < model->nr_classes; i++)
		list->rows[model->nr_buffers + i] = model->classes[i];
	view_list_sort(list);
}

void top_view_update(struct top_view *view, struct model *model)
{
	size_t i;

	view_update_buffers(view, model);
	top_view_regroup(view, model);
	view_update_pairs(view, model);
	for (i = 0; i < model->nr_events; i++)
		view_note_event(view, &model->events[i]);
	chain_build(&view->chains, model);
}

static void view_pair(const char *text, void *priv)
{
	struct page_line *line = page_add(priv, PAGE_PLAIN);

	snprintf(line->text, sizeof(line->text), "%s", text);
}

__attribute__((format(printf, 2, 3)))
static void view_alert(struct page *page, const char *format, ...)
{
	struct page_line *line = page_add(page, PAGE_ALERT);
	va_list args;

	va_start(args, format);
	vsnprintf(line->text, sizeof(line->text), format, args);
	va_end(args);
}

static void view_head(const struct top_summary *summary, struct page *page, int width)
{
	struct page_line *line = page_add(page, PAGE_TITLE);
	char window[16];
	unsigned int i;

	format_ns(window, sizeof(window), summary->model->window_ns);
	snprintf(line->text, sizeof(line->text), "dmasync-top %s  window %s  %s",
		 summary->time, window, summary->title);
	if (summary->notice[0])
		view_alert(page, "%s", summary->notice);
	if (summary->filter && summary->filter[0])
		view_alert(page, "only %s", summary->filter);
	output_pairs(&top_summary_table, summary, width, view_pair, page);
	if (model_lost_sum(&summary->model->lost))
		view_alert(page,
			   "something was lost: what is counted there is missing below");
	for (i = 0; i < summary->nr_alerts; i++)
		view_alert(page, "%s", summary->alerts[i]);
}

/* An empty line and a heading. */
#define EMPTY_PANE	2

/* How many lines each part of the page gets; 0 for a part: it has nothing to say. */
struct view_shares {
	size_t rows;
	size_t chains;
	size_t events;
};

static struct view_shares view_share(const struct top_view *view, size_t rows,
				     size_t head, size_t height)
{
	size_t chains = view->chains.nr - view->first_chain + !!view->chains.nr_more;
	struct view_shares share = {
		.rows = rows + 1,
		.chains = chains ? chains + EMPTY_PANE : 0,
		.events = view->nr_recent ? view->nr_recent + EMPTY_PANE : 0,
	};
	size_t room = height > head ? height - head : 0;

	if (!height || share.rows + share.chains + share.events <= room)
		return share;
	if (share.events > room / 4)
		share.events = room / 4 > EMPTY_PANE ? room / 4 : 0;
	room -= share.events;
	if (share.rows + share.chains > room && share.chains > room / 2)
		share.chains = share.rows < room - room / 2 ?
			       room - share.rows : room / 2;
	if (share.chains <= EMPTY_PANE)
		share.chains = 0;
	if (share.rows + share.chains > room)
		share.rows = room - share.chains;
	return share;
}

static void view_heading(const struct layout *layout, struct page *page)
{
	struct page_line *line = page_add(page, PAGE_HEADING);

	output_heading(layout, line->text, sizeof(line->text));
}

/* When not all of @nr rows fit, the last line says so. Return: rows that do. */
static size_t view_rows(size_t lines, size_t nr)
{
	return nr <= lines ? nr : lines ? lines - 1 : 0;
}

static void view_more(struct page *page, size_t lines, size_t more,
		      const char *what)
{
	struct page_line *line;

	if (!more || !lines)
		return;
	line = page_add(page, PAGE_PLAIN);
	snprintf(line->text, sizeof(line->text), "... %zu more %s", more, what);
}

static void view_list(const struct view_list *list, const void **shown, size_t nr,
		      struct page *page, int width, size_t lines)
{
	size_t rows = view_rows(lines - 1, nr), i;
	struct layout layout;

	output_layout(list->table, width, &layout);
	order_mark(&list->order, &layout);
	view_heading(&layout, page);
	for (i = 0; i < rows; i++) {
		struct page_line *line = page_add(page, PAGE_PLAIN);

		output_line(&layout, shown[i], line->text, sizeof(line->text));
	}
	view_more(page, lines - 1, nr - rows, list->table->name);
}

static void view_chains(const struct top_view *view, struct page *page,
			int width, size_t lines)
{
	const struct chain_row *chains = view->chains.rows + view->first_chain;
	size_t nr = view->chains.nr - view->first_chain;
	size_t rows = view_rows(lines - EMPTY_PANE, nr + !!view->chains.nr_more), i;
	struct layout layout;

	if (rows > nr)
		rows = nr;
	page_add(page, PAGE_PLAIN);
	output_layout(&top_chain_table, width, &layout);
	view_heading(&layout, page);
	for (i = 0; i < rows; i++) {
		struct page_line *line = page_add(page, PAGE_PLAIN);

		output_line(&layout, &chains[i], line->text,
			    sizeof(line->text));
	}
	view_more(page, lines - EMPTY_PANE, nr - rows + view->chains.nr_more,
		  "lines of wait chains");
}

/* The latest ones, when not all fit. */
static void view_events(const struct top_view *view, const struct model *model,
			struct page *page, int width, size_t lines)
{
	size_t rows = lines - EMPTY_PANE, i;
	struct layout layout;

	if (rows > view->nr_recent)
		rows = view->nr_recent;
	page_add(page, PAGE_PLAIN);
	output_layout(&top_event_table, width, &layout);
	view_heading(&layout, page);
	for (i = view->nr_recent - rows; i < view->nr_recent; i++) {
		struct page_line *line = page_add(page, PAGE_ALERT);
		struct top_event_row row = {
			.event = &view->recent[i],
			.now_ns = model->now_ns,
		};

		output_line(&layout, &row, line->text, sizeof(line->text));
	}
}

/* Something is left of what was scrolled. */
static void view_clamp(size_t *first, size_t nr)
{
	if (*first >= nr)
		*first = nr ? nr - 1 : 0;
}

void top_view_page(struct top_view *view, const struct top_summary *summary, struct page *page,
		   int width, int height)
{
	const struct view_list *list = top_view_list(view);
	struct view_shares share;
	const void **shown;
	size_t nr;

	shown = calloc(list->nr + 1, sizeof(*shown));
	if (!shown)
		err(1, "no memory for %zu %s", list->nr, list->table->name);
	nr = view_list_select(list, view->idle, shown);
	view_clamp(&view->first, nr);
	view_clamp(&view->first_chain, view->chains.nr);
	page_clear(page);
	view_head(summary, page, width);
	/* On a small screen the head leaves some room. */
	if (height > 1 && page->nr > (size_t)height / 2)
		page->nr = height / 2;
	page_add(page, PAGE_PLAIN);
	share = view_share(view, nr - view->first, page->nr, height);
	if (share.rows)
		view_list(list, shown + view->first, nr - view->first, page, width, share.rows);
	if (share.chains)
		view_chains(view, page, width, share.chains);
	if (share.events)
		view_events(view, summary->model, page, width, share.events);
	free(shown);
}

void top_view_free(struct top_view *view)
{
	unsigned int i;

	for (i = 0; i < TOP_NR_PANES; i++)
		view_list_free(&view->lists[i]);
	group_free(&view->groups);
	blame_free(&view->blames);
	chain_free(&view->chains);
	*view = (struct top_view){ 0 };
}
