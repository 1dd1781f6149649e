/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dmasync-exporter counts by kind of buffer, from its start on: while the module comes
 * and goes, and buffers do, its sums only grow.
 */
#ifndef EXPORTER_CLASSES_H
#define EXPORTER_CLASSES_H

#include "model.h"

/* What is told of buffers for whose kind there is no room. */
#define EXPORTER_OTHER	"other"

/**
 * struct exporter_class - buffers of a kind
 * @name: of their exporter, or theirs; the value of the label
 * @sum: counters, but for waits
 * @dma_errors: accesses of jobs whose fence signaled with an error
 * @waits: since the programs were attached, by TOP_PAIR()
 * @waits_before: in attachments that are over
 * @nr_buffers: at the end of the last window
 * @bytes: likewise: how large these are
 * @held: likewise: accesses held, by enum top_agent
 * @waiting: likewise: accesses that wait, in @waiting.count.waits, and @waiting.oldest_ns
 */
struct exporter_class {
	char name[MODEL_NAME_SIZE];
	struct top_counters sum;
	uint64_t dma_errors;
	struct top_waits waits[TOP_NR_PAIRS];
	struct top_waits waits_before[TOP_NR_PAIRS];
	uint64_t nr_buffers;
	uint64_t bytes;
	top_u64 held[2];
	struct model_window waiting;
};

/**
 * struct exporter_classes - all of them
 * @by: what makes them
 * @max: room, besides that for the others
 * @nr: how many there are, the others included
 * @rows: the classes; those for which there is no room are the first one
 */
struct exporter_classes {
	enum top_waits_by by;
	unsigned int max;
	unsigned int nr;
	struct exporter_class *rows;
};

void exporter_classes_init(struct exporter_classes *classes, enum top_waits_by by,
			   unsigned int max);
void exporter_classes_free(struct exporter_classes *classes);
/* A window ended: add what it has. */
void exporter_classes_add(struct exporter_classes *classes, const struct model *model);
/* The programs are new ones: their histograms begin at zero. */
void exporter_classes_attached(struct exporter_classes *classes);
/* The name of the label, NULL when there is none. */
const char *exporter_classes_label(const struct exporter_classes *classes);

#endif /* EXPORTER_CLASSES_H */
