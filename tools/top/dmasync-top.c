// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-top: contention, wait chains and CPU/DMA overlap of dma-bufs, live.
 *
 * A session keeps the BPF programs attached while the module is there. Each window
 * the source makes a model of what they collected; the view goes to the screen or,
 * in batch mode, as a report to standard output.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "above.h"
#include "clock.h"
#include "history.h"
#include "screen.h"
#include "signals.h"
#include "top_check.h"
#include "top_options.h"
#include "top_report.h"
#include "words.h"

/* All keys fit 80 columns; the name of a column that is not on the screen may be cut. */
#define HELP "q:quit Space:hold Tab:%s g:by %s p:pairs i:idle d:%s <>r:by %s"
#define HELP_PAST "q:quit Space:go on Left:back Right:forward w:save"
/* What was shown is right, but not all of it. */
#define EXIT_LOST	2
/* Somebody has waited for longer than --above allows. */
#define EXIT_ABOVE	3
/* How often to look for a module that is not there. */
#define LOOK_NS		100000000ULL

/**
 * struct top - the program
 * @options: from the command line
 * @session: the programs' life
 * @source: what they collect
 * @model: made of that
 * @view: of the model
 * @page: the present, for the screen
 * @history: pages of the past
 * @ended: a window has, and its page is not in @history yet
 * @said: what a key did, until the next one
 * @signals: a signalfd
 * @deadline_ns: end of the window
 * @windows: shown so far
 * @redraw: the screen is not up to date
 * @done: the last window ends now
 * @above: who has waited for too long, empty while nobody has
 */
struct top {
	struct top_options options;
	struct session session;
	struct top_source source;
	struct model model;
	struct top_view view;
	struct page page;
	struct history history;
	bool ended;
	char said[128];
	int signals;
	uint64_t deadline_ns;
	uint64_t windows;
	bool redraw;
	bool done;
	char above[512];
};

/* The session is in a new state: a new window begins with it. */
static void top_changed(struct top *top, int ret)
{
	if (ret < 0) {
		screen_end();
		errx(1, "%s", top->session.text);
	}
	if (!ret)
		return;
	if (top->options.batch)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			top->session.text);
	if (top->session.state != SESSION_ATTACHED)
		top_source_idle(&top->source);
	else if (!top->options.batch)
		/* Who waits now need not wait for the end of the window to be seen. */
		top_source_read(&top->source);
	top_view_update(&top->view, &top->model);
	top->deadline_ns = clock_now_ns() + top->options.delay_ns;
	top->redraw = true;
}

static void top_toggle(struct top *top)
{
	/* What was collected in this window is shown before it is given up. */
	if (top->session.state == SESSION_ATTACHED && top->options.batch) {
		top_source_read(&top->source);
		top_view_update(&top->view, &top->model);
		top_report_write(&top->options.report, &top->view, &top->session,
				 &top->source);
	}
	top_changed(top, session_toggle(&top->session));
}

static void top_signal(struct top *top)
{
	struct signalfd_siginfo info;

	while (read(top->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			top_toggle(top);
		else
			top->done = true;
	}
}

static void top_scroll(struct top *top, long step)
{
	size_t *first = top->view.scroll_chains ? &top->view.first_chain :
						  &top->view.first;

	if (step < 0 && *first < (size_t)-step)
		*first = 0;
	else
		*first += step;
}

static void top_group(struct top *top, enum group_by by)
{
	if (group_needs_users(by))
		top_users_want(&top->source);
	top_view_group(&top->view, by);
	top_view_regroup(&top->view, &top->model);
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
	history_add(history, &top->page, clock_now_ns());
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
	}
}

static void top_key(struct top *top, int key)
{
	if (key == SCREEN_KEY_CHAR + 'q')
		top->done = true;
	else if (!top_key_page(top, key) && !top->history.back)
		top_key_view(top, key);
	top->redraw = true;
}

static void top_help_past(const struct top *top, uint64_t ns, char *help, size_t size)
{
	snprintf(help, size, "%.1f s ago %s", (clock_now_ns() - ns) / (double)CLOCK_NSEC_PER_SEC,
		 top->said[0] ? top->said : HELP_PAST);
}

static void top_help(struct top *top, char *help, size_t size)
{
	const struct column *sort = top_view_list(&top->view)->order.keys[0].column;
	enum group_by next = (top->view.groups.by + 1) % GROUP_NR_BY;

	if (top->said[0]) {
		snprintf(help, size, "%s", top->said);
		return;
	}
	snprintf(help, size, HELP, top->view.scroll_chains ? "rows" : "chains",
		 words_of(WORDS_GROUP, next),
		 top->session.state == SESSION_ATTACHED ? "detach" :
		 top->session.state == SESSION_DETACHED ? "attach" : "-",
		 sort->title ?: sort->key);
}

static void top_draw(struct top *top)
{
	const struct page *past;
	char help[256];
	uint64_t ns;

	top->redraw = false;
	if (top->options.batch)
		return;
	top_view_page(&top->view, &top->session, &top->source, &top->page,
		      screen_width(), screen_height());
	if (top->ended)
		history_add(&top->history, &top->page, clock_now_ns());
	top->ended = false;
	past = history_page(&top->history, &ns);
	if (past)
		top_help_past(top, ns, help, sizeof(help));
	else
		top_help(top, help, sizeof(help));
	screen_show(past ?: &top->page, help);
}

/* Sleep until the window is over or somebody wants something. */
static void top_wait(struct top *top)
{
	struct pollfd fds[] = {
		{ .fd = top->signals, .events = POLLIN },
		{ .fd = top->options.batch ? -1 : STDIN_FILENO,
		  .events = POLLIN },
	};
	uint64_t now_ns = clock_now_ns(), ns = 0;
	struct timespec timeout;
	int key;

	if (top->deadline_ns > now_ns)
		ns = top->deadline_ns - now_ns;
	if (session_looks(&top->session) && ns > LOOK_NS)
		ns = LOOK_NS;
	timeout.tv_sec = ns / CLOCK_NSEC_PER_SEC;
	timeout.tv_nsec = ns % CLOCK_NSEC_PER_SEC;
	ppoll(fds, 2, &timeout, NULL);
	if (fds[0].revents)
		top_signal(top);
	if (fds[1].revents & (POLLHUP | POLLERR))
		top->done = true;
	/* Also when nothing came: a resize interrupts ppoll(). */
	while (!top->options.batch && !top->done && (key = screen_key()))
		top_key(top, key);
}

static bool top_is_above(struct top *top)
{
	return top->options.limits.above_ns &&
	       above_find(&top->model, &top->view.chains, top->options.limits.above_ns,
			  top->above, sizeof(top->above));
}

static void top_window(struct top *top)
{
	int ret;

	if (top->session.state == SESSION_ATTACHED)
		top_source_read(&top->source);
	else
		top_source_idle(&top->source);
	top_view_update(&top->view, &top->model);
	top->deadline_ns += top->options.delay_ns;
	if (top->deadline_ns < clock_now_ns())
		top->deadline_ns = clock_now_ns() + top->options.delay_ns;
	top->redraw = true;
	top->ended = true;
	if (++top->windows == top->options.count || top_is_above(top))
		top->done = true;
	if (!top->options.batch)
		return;
	ret = top_report_write(&top->options.report, &top->view, &top->session,
			       &top->source);
	if (ret) {
		errno = -ret;
		err(1, "standard output");
	}
}

/* What is missing is told at the end, too, where standard output is for a program. */
static int top_status(const struct top *top)
{
	uint64_t lost = model_lost_sum(&top->model.lost);
	int status = top->above[0] ? EXIT_ABOVE : 0;

	if (status)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, top->above);
	if (!lost)
		return status;
	fprintf(stderr, "%s: lost %llu in all: accesses %llu, events of buffers %llu, edges %llu, events %llu, users %llu, runs %llu, unlisted %llu; see dmasync-top(8)\n",
		program_invocation_short_name, (unsigned long long)lost,
		(unsigned long long)top->model.lost.accesses,
		(unsigned long long)top->model.lost.buffers,
		(unsigned long long)top->model.lost.edges,
		(unsigned long long)top->model.lost.events,
		(unsigned long long)top->model.lost.users,
		(unsigned long long)top->model.lost.missed,
		(unsigned long long)top->model.lost.unlisted);
	return status ?: EXIT_LOST;
}

static void top_run(struct top *top)
{
	int ret = session_update(&top->session);

	if (!ret && top->options.batch)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			top->session.text);
	top_changed(top, ret);
	top->deadline_ns = clock_now_ns() + top->options.delay_ns;
	top->redraw = true;
	for (;;) {
		if (top->redraw)
			top_draw(top);
		top_wait(top);
		if (top->done && !top->options.batch)
			return;
		top_changed(top, session_update(&top->session));
		if (top->done || clock_now_ns() >= top->deadline_ns)
			top_window(top);
		if (top->done)
			return;
	}
}

int main(int argc, char **argv)
{
	static struct top top;
	int status;

	top_options_parse(&top.options, argc, argv);
	session_libbpf(top.options.verbose);
	if (session_permitted())
		return 1;
	top.signals = signals_open();
	top_source_init(&top.source, &top.options.limits, &top.model);
	session_init(&top.session, &top_source_ops, &top.source,
		     top.options.probe);
	session_use_stock(&top.session);
	if (top.options.check) {
		status = top_check(&top.session, &top.source);
		session_end(&top.session);
		top_source_end(&top.source);
		return status;
	}
	top_view_init(&top.view);
	top_group(&top, top.options.group);
	top_view_list(&top.view)->order = top.options.order;
	top.view.idle = top.options.idle;
	if (!top.options.batch && screen_begin()) {
		warnx("the terminal '%s' cannot show a page; going on in batch mode (-b)",
		      getenv("TERM") ?: "");
		top.options.batch = true;
	}
	atexit(screen_end);
	top_run(&top);
	session_end(&top.session);
	screen_end();
	status = top_status(&top);
	top_view_free(&top.view);
	page_free(&top.page);
	history_free(&top.history);
	top_source_end(&top.source);
	return status;
}
