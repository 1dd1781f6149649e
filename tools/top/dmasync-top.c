// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-top: contention, wait chains and CPU/DMA overlap of dma-bufs, live.
 *
 * Each window the feed makes a model: of what its BPF programs collected, which are attached
 * while the module is there. The view goes to the screen or, in batch mode, as a report to
 * standard output.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "above.h"
#include "clock.h"
#include "screen.h"
#include "signals.h"
#include "top.h"
#include "top_check.h"
#include "top_report.h"

/* What was shown is right, but not all of it. */
#define EXIT_LOST	2
/* Somebody has waited for longer than --above allows. */
#define EXIT_ABOVE	3
/* How often to look for a module that is not there. */
#define LOOK_NS		100000000ULL

static void top_tell(const struct top *top, struct top_summary *summary)
{
	top->feed.ops->tell(&top->feed, summary);
	summary->filter = top->options.filter;
}

static void top_write(struct top *top)
{
	struct top_summary summary;
	int ret;

	top_tell(top, &summary);
	ret = top_report_write(&top->options.report, &top->view, &summary);
	if (ret) {
		errno = -ret;
		err(1, "standard output");
	}
}

uint64_t top_now_ns(const struct top *top)
{
	return top->model.recorded ? top->model.now_ns : clock_now_ns();
}

/* Nobody waits for windows that were recorded, unless somebody looks. */
static uint64_t top_deadline_ns(const struct top *top)
{
	if (top->options.batch && top->model.recorded)
		return 0;
	return clock_now_ns() + top->options.delay_ns;
}

/* The next one follows this one, unless that took too long, or nobody waits for it. */
static uint64_t top_deadline_after(const struct top *top)
{
	uint64_t now_ns = top_deadline_ns(top);
	uint64_t next_ns = top->deadline_ns + top->options.delay_ns;

	return now_ns && next_ns >= clock_now_ns() ? next_ns : now_ns;
}

/* No window ends: there is none any more, or somebody looks at a page of a recording. */
static bool top_stands(const struct top *top)
{
	return top->feed.state == TOP_FEED_ENDED || (top->model.recorded && top->history.back);
}

void top_changed(struct top *top, int ret)
{
	struct top_feed *feed = &top->feed;

	if (ret < 0) {
		screen_end();
		errx(1, "%s", feed->text);
	}
	if (!ret)
		return;
	if (top->options.batch)
		warnx("%s", feed->text);
	/* Who waits now need not wait for the end of the window to be seen. */
	if (feed->state != TOP_FEED_RUNS || !top->options.batch)
		feed->ops->read(feed, 0);
	top_view_update(&top->view, &top->model);
	top->deadline_ns = top_deadline_ns(top);
	top->redraw = true;
}

void top_toggle(struct top *top)
{
	struct top_feed *feed = &top->feed;

	if (!feed->ops->toggle)
		return;
	/* What was collected in this window is shown before it is given up. */
	if (feed->state == TOP_FEED_RUNS && top->options.batch) {
		feed->ops->read(feed, 0);
		top_view_update(&top->view, &top->model);
		top_write(top);
	}
	top_changed(top, feed->ops->toggle(feed));
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

static void top_draw(struct top *top)
{
	struct top_summary summary;
	const struct page *past;
	char help[512];
	uint64_t ns;

	top->redraw = false;
	if (top->options.batch)
		return;
	top_tell(top, &summary);
	top_view_page(&top->view, &summary, &top->page, screen_width(), screen_height());
	if (top->ended)
		history_add(&top->history, &top->page, top_now_ns(top));
	top->ended = false;
	past = history_page(&top->history, &ns);
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
	if ((top->feed.state != TOP_FEED_RUNS || top->feed.may_change) && ns > LOOK_NS)
		ns = LOOK_NS;
	timeout.tv_sec = ns / CLOCK_NSEC_PER_SEC;
	timeout.tv_nsec = ns % CLOCK_NSEC_PER_SEC;
	ppoll(fds, 2, top_stands(top) ? NULL : &timeout, NULL);
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
	top->feed.ops->read(&top->feed, top->options.delay_ns);
	top_view_update(&top->view, &top->model);
	top->deadline_ns = top_deadline_after(top);
	top->redraw = true;
	top->ended = true;
	if (top_is_above(top) || ++top->windows == top->options.count ||
	    (top->options.batch && top->feed.state == TOP_FEED_ENDED))
		top->done = true;
	if (top->options.batch)
		top_write(top);
}

/* What is missing is told at the end, too, where standard output is for a program. */
static int top_status(const struct top *top)
{
	uint64_t lost = model_lost_sum(&top->model.lost);
	int status = top->above[0] ? EXIT_ABOVE : 0;

	if (status)
		warnx("%s", top->above);
	if (top->model.recorded && top_recording_misses(&top->recording))
		status = status ?: EXIT_LOST;
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
	struct top_feed *feed = &top->feed;
	int ret = feed->ops->update(feed);

	if (!ret && top->options.batch)
		warnx("%s", feed->text);
	top_changed(top, ret);
	top->deadline_ns = top_deadline_ns(top);
	top->redraw = true;
	for (;;) {
		if (top->redraw)
			top_draw(top);
		top_wait(top);
		if (top->done && !top->options.batch)
			return;
		top_changed(top, feed->ops->update(feed));
		if (top->done || (!top_stands(top) && clock_now_ns() >= top->deadline_ns))
			top_window(top);
		if (top->done)
			return;
	}
}

static void top_open_recording(struct top *top)
{
	int ret = top_recording_init(&top->recording, &top->feed, &top->options.limits,
				     top->options.replay);

	if (ret)
		errx(1, "%s%s", top->recording.reader.text,
		     ret == -ENOENT ? "; dmasync-record makes a recording" : "");
}

static void top_open(struct top *top)
{
	top->feed.model = &top->model;
	if (top->options.replay) {
		top_open_recording(top);
		return;
	}
	session_libbpf(top->options.verbose);
	if (session_permitted())
		exit(1);
	top_live_init(&top->live, &top->feed, &top->options.limits, top->options.probe);
}

int main(int argc, char **argv)
{
	static struct top top;
	int status;

	top_options_parse(&top.options, argc, argv);
	/* Nothing in the kernel is to be undone for a recording, and its input may keep silent. */
	top.signals = top.options.replay && top.options.batch ? -1 : signals_open();
	top_open(&top);
	if (top.options.check) {
		status = top_check(&top.live.session, &top.live.source);
		top.feed.ops->end(&top.feed);
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
	screen_end();
	status = top_status(&top);
	top_view_free(&top.view);
	page_free(&top.page);
	history_free(&top.history);
	filter_line_close(&top.line);
	top.feed.ops->end(&top.feed);
	return status;
}
