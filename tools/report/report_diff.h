/* SPDX-License-Identifier: GPL-2.0-only */
/* Two recordings beside each other: what has become better or worse. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include "report.h"

/**
 * struct diff_figure - a figure of all buffers
 * @name: what it is; its unit is part of it
 * @before: of the first recording
 * @after: of the second one
 */
struct diff_figure {
	const char *name;
	struct value before;
	struct value after;
};

/**
 * struct diff_latency - waits of a kind, or of a buffer
 * @before: of the first recording, NULL: there were none
 * @after: of the second one, likewise
 */
struct diff_latency {
	const struct report_latency *before;
	const struct report_latency *after;
};

/* Write what differs, as the options of @after say. Return: 0 or a negative errno. */
int report_diff(const struct report *before, const struct report *after);

extern const struct table diff_figure_table;		/* struct diff_figure */
extern const struct table diff_latency_table;		/* struct diff_latency */

#endif /* REPORT_DIFF_H */
