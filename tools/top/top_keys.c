// SPDX-License-Identifier: GPL-2.0-only
#include "top.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "screen.h"
#include "words.h"

/* All keys fit 80 columns; the name of a column that is not on the screen may be cut. */
#define HELP "q:quit Space:hold Tab:%s /:only g:%s p:pairs i:idle d:%s <>r:%s"
#define HELP_PAST "q:quit Space:go on Left:back Right:forward w:save"

static void top_scroll(struct top *top, long step)
{
	size_t *first = top->view.scroll_chains ? &top->view.first_chain :
						  &top->view.first;

	if (step < 0 && *first < (size_t)-step)
		*first = 0;
	else
		*first += step;
}

void top_group(struct top *top, enum group_by by)
{
	if (group_needs_users(by))
		top->feed.ops->want_users(&top->feed);
	top_view_group(&top->view, by);
	top_view_regroup(&top->view, &top->model);
}

/* Begin anew with these filters. Return: 0, or -EINVAL: the line says what is wrong. */
static int top_filter(struct top *top, const char *text)
{
	int ret = top_filter_parse(&top->options.limits, text, top->line.why);

	if (ret)
		return ret;
	top_filter_copy(top->options.filter, text);
	/* Events of what does not pass are left behind, and those of this window come again. */
	top->view.nr_recent = 0;
	top_changed(top, top->feed.ops->filter(&top->feed));
	return 0;
}

/* The page on the screen, into a new file of the working folder. */
static void top_save(struct top *top)
{
	time_t now = time(NULL);
	uint64_t ns;
	char name[64];
	int ret;

	strftime(name, sizeof(name), "dmasync-top-%Y%m%d-%H%M%S.txt", localtime(&now));
	ret = page_save(history_page(&top->history, &ns) ?: &top->page, name);
	if (ret)
		snprintf(top->said, sizeof(top->said), "%s: %s", name, strerror(-ret));
	else
		snprintf(top->said, sizeof(top->said), "saved as %s", name);
}

/* Hold the page as it is on the screen, which no window need have ended with; or go on. */
static void top_hold(struct top *top)
{
	struct history *history = &top->history;

	if (history->back) {
		history_step(history, -HISTORY_PAGES);
		return;
	}
	history_add(history, &top->page, top_now_ns(top));
	history_step(history, 1);
}

/* Keys of which page is on the screen. Return: was it one? */
static bool top_key_page(struct top *top, int key)
{
	struct history *history = &top->history;

	top->said[0] = '\0';
	switch (key) {
	case SCREEN_KEY_LEFT:
		history_step(history, 1);
		break;
	case SCREEN_KEY_RIGHT:
		history_step(history, -1);
		break;
	case SCREEN_KEY_CHAR + ' ':
		top_hold(top);
		break;
	case SCREEN_KEY_CHAR + 'w':
		top_save(top);
		break;
	default:
		return false;
	}
	return true;
}

/* Keys of the present. */
static void top_key_view(struct top *top, int key)
{
	struct view_list *list = top_view_list(&top->view);

	switch (key) {
	case SCREEN_KEY_UP:
		top_scroll(top, -1);
		break;
	case SCREEN_KEY_DOWN:
		top_scroll(top, 1);
		break;
	case SCREEN_KEY_PAGE_UP:
		top_scroll(top, -10);
		break;
	case SCREEN_KEY_PAGE_DOWN:
		top_scroll(top, 10);
		break;
	case SCREEN_KEY_HOME:
		top_scroll(top, -LONG_MAX);
		break;
	case SCREEN_KEY_CHAR + '\t':
		top->view.scroll_chains = !top->view.scroll_chains;
		break;
	case SCREEN_KEY_CHAR + '<':
		order_step(&list->order, list->table, -1);
		view_list_sort(list);
		break;
	case SCREEN_KEY_CHAR + '>':
		order_step(&list->order, list->table, 1);
		view_list_sort(list);
		break;
	case SCREEN_KEY_CHAR + 'r':
		list->order.keys[0].ascending = !list->order.keys[0].ascending;
		view_list_sort(list);
		break;
	case SCREEN_KEY_CHAR + 'g':
		top_group(top, (top->view.groups.by + 1) % GROUP_NR_BY);
		break;
	case SCREEN_KEY_CHAR + 'p':
		top->view.pairs = !top->view.pairs;
		top->view.first = 0;
		break;
	case SCREEN_KEY_CHAR + 'i':
		top->view.idle = !top->view.idle;
		break;
	case SCREEN_KEY_CHAR + 'd':
		top_toggle(top);
		break;
	case SCREEN_KEY_CHAR + '/':
		filter_line_open(&top->line, top->options.filter, &top->model);
		break;
	case SCREEN_KEY_ESCAPE:
		if (top->options.filter[0])
			top_filter(top, "");
		break;
	}
}

/* A key while filters are written. */
static void top_key_line(struct top *top, int key)
{
	switch (filter_line_key(&top->line, key, &top->model)) {
	case FILTER_LINE_GOES_ON:
		break;
	case FILTER_LINE_LEFT:
		filter_line_close(&top->line);
		break;
	case FILTER_LINE_READY:
		if (!top_filter(top, top->line.text))
			filter_line_close(&top->line);
		break;
	}
}

void top_key(struct top *top, int key)
{
	top->redraw = true;
	if (key == SCREEN_KEY_RESIZE)
		return;
	if (top->line.open)
		top_key_line(top, key);
	else if (key == SCREEN_KEY_CHAR + 'q')
		top->done = true;
	else if (!top_key_page(top, key) && !top->history.back)
		top_key_view(top, key);
}

static void top_help_past(const struct top *top, uint64_t ns, char *help, size_t size)
{
	snprintf(help, size, "%.1f s ago %s", (top_now_ns(top) - ns) / (double)CLOCK_NSEC_PER_SEC,
		 top->said[0] ? top->said : HELP_PAST);
}

static void top_help_view(const struct top *top, char *help, size_t size)
{
	const struct column *sort = top_view_order(&top->view)->keys[0].column;
	enum group_by next = (top->view.groups.by + 1) % GROUP_NR_BY;

	if (top->said[0]) {
		snprintf(help, size, "%s", top->said);
		return;
	}
	snprintf(help, size, HELP, top->view.scroll_chains ? "rows" : "chains",
		 words_of(WORDS_GROUP, next),
		 top->feed.state == TOP_FEED_RUNS ? "detach" :
		 top->feed.state == TOP_FEED_LET_GO ? "attach" : "-",
		 sort->title ?: sort->key);
}

void top_help(const struct top *top, char *help, size_t size)
{
	uint64_t ns;

	if (top->line.open)
		filter_line_show(&top->line, help, size);
	else if (history_page(&top->history, &ns))
		top_help_past(top, ns, help, size);
	else
		top_help_view(top, help, size);
}
