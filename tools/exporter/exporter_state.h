/* SPDX-License-Identifier: GPL-2.0-only */
/* What dmasync-exporter knows: the programs, the model of the last window, its own sums. */
#ifndef EXPORTER_STATE_H
#define EXPORTER_STATE_H

#include "exporter_classes.h"
#include "exporter_options.h"
#include "session.h"
#include "top_source.h"

/**
 * struct exporter_sums - of all buffers, from the start on
 * @use: times of use
 * @syncs: calls of DMA_BUF_IOCTL_SYNC that waited
 * @sync_ns: how long
 * @bpf_ns: run time of the programs
 * @bpf_runs: how often they ran
 * @windows: how often what they had summed up was read
 * @window_ns: how long that took
 */
struct exporter_sums {
	struct interval use;
	uint64_t syncs;
	uint64_t sync_ns;
	uint64_t bpf_ns;
	uint64_t bpf_runs;
	uint64_t windows;
	uint64_t window_ns;
};

/**
 * struct exporter - all of it
 * @session: the programs' life
 * @source: what they collect
 * @model: made of that
 * @classes: sums by kind of buffer
 * @sums: of all
 * @before: counters at the end of the last window
 * @interval_ns: how old the last window may be, and still do for the next one who asks
 * @fresh_ns: until when it does
 */
struct exporter {
	struct session session;
	struct top_source source;
	struct model model;
	struct exporter_classes classes;
	struct exporter_sums sums;
	struct top_counters before;
	uint64_t interval_ns;
	uint64_t fresh_ns;
};

/* @options are kept, too. */
void exporter_init(struct exporter *exporter, const struct exporter_options *options);
void exporter_end(struct exporter *exporter);
/* Look after the module. Return: as session_update(). */
int exporter_update(struct exporter *exporter);
/* Let go of the module, or attach again. Return: as session_toggle(). */
int exporter_toggle(struct exporter *exporter);
/* The sums are those of now, or of a moment ago. */
void exporter_refresh(struct exporter *exporter);

#endif /* EXPORTER_STATE_H */
