/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top as a whole. */
#ifndef TOP_H
#define TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "filter_line.h"
#include "history.h"
#include "top_live.h"
#include "top_options.h"
#include "top_recording.h"
#include "top_view.h"

/**
 * struct top - the program
 * @options: from the command line
 * @live: programs in the kernel, or
 * @recording: a recording
 * @feed: where windows come from
 * @model: made of that
 * @view: of the model
 * @page: the present, for the screen
 * @history: pages of the past
 * @ended: a window has, and its page is not in @history yet
 * @said: what a key did, until the next one
 * @line: filters that are being written
 * @signals: a signalfd
 * @deadline_ns: end of the window
 * @windows: shown so far
 * @redraw: the screen is not up to date
 * @done: the last window ends now
 * @above: who has waited for too long, empty while nobody has
 */
struct top {
	struct top_options options;
	struct top_live live;
	struct top_recording recording;
	struct top_feed feed;
	struct model model;
	struct top_view view;
	struct page page;
	struct history history;
	bool ended;
	char said[128];
	struct filter_line line;
	int signals;
	uint64_t deadline_ns;
	uint64_t windows;
	bool redraw;
	bool done;
	char above[512];
};

/* The time that pages are as old as: in a recording it goes on when a window is read. */
uint64_t top_now_ns(const struct top *top);
/* @ret: what an operation of the feed returned. In a new state a new window begins with it. */
void top_changed(struct top *top, int ret);
/* Let go of the module, or attach again. */
void top_toggle(struct top *top);

/* top_keys.c: what keys do, and what the last line says of them. */
void top_group(struct top *top, enum group_by by);
void top_key(struct top *top, int key);
void top_help(const struct top *top, char *help, size_t size);

#endif /* TOP_H */
