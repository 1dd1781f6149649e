/* SPDX-License-Identifier: GPL-2.0-only */
/* The line in which filters are written, and Tab completes what there is. */
#ifndef FILTER_LINE_H
#define FILTER_LINE_H

#include "top_filter.h"

/* Values that a completion looks at. */
#define FILTER_MAX_VALUES	1024

enum filter_line_end {
	FILTER_LINE_GOES_ON,
	FILTER_LINE_LEFT,	/* as if nothing had been written */
	FILTER_LINE_READY,
};

/**
 * struct filter_line - a line that is being written
 * @open: it is on the screen
 * @text: so far
 * @why: what is wrong with it, until the next key
 * @stem: bytes that were written by hand when Tab was pressed first
 * @step: times that Tab was pressed since; 0: not
 * @values: what may follow, in order, each once
 * @nr: how many
 */
struct filter_line {
	bool open;
	char text[TOP_FILTER_SIZE];
	char why[TOP_FILTER_WHY];
	size_t stem;
	unsigned int step;
	char *values[FILTER_MAX_VALUES];
	size_t nr;
};

/* Begin with the filters that there are. */
void filter_line_open(struct filter_line *line, const char *text, const struct model *model);
/* @key: as of screen_key(). */
enum filter_line_end filter_line_key(struct filter_line *line, int key,
				     const struct model *model);
/* What the line shows: the text, and what may follow or what is wrong. */
void filter_line_show(const struct filter_line *line, char *text, size_t size);
void filter_line_close(struct filter_line *line);

#endif /* FILTER_LINE_H */
