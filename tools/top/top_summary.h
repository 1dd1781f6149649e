/* SPDX-License-Identifier: GPL-2.0-only */
/* The head of dmasync-top's views. */
#ifndef TOP_SUMMARY_H
#define TOP_SUMMARY_H

#include <stdint.h>

#include "cost.h"
#include "model.h"
#include "output.h"

#define TOP_MAX_ALERTS	2

/**
 * struct top_summary - what views say besides the rows; the row of top_summary_table
 * @model: of the window
 * @cost: what the tool takes, NULL: that is not known
 * @state: in a word
 * @probe: kind of probe, NULL: none
 * @time: when the window ended, empty when not known
 * @title: where the figures come from
 * @notice: why there are none, empty: there are
 * @filter: what passes, in words, empty or NULL: everything
 * @limits: what is not seen
 * @alerts: what else to say
 * @nr_alerts: how many
 */
struct top_summary {
	const struct model *model;
	const struct cost *cost;
	const char *state;
	const char *probe;
	char time[32];
	char title[256];
	char notice[256];
	const char *filter;
	char limits[VALUE_TEXT_SIZE];
	char alerts[TOP_MAX_ALERTS][320];
	unsigned int nr_alerts;
};

extern const struct table top_summary_table;

#endif /* TOP_SUMMARY_H */
