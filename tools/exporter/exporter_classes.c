// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_classes.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

void exporter_classes_init(struct exporter_classes *classes, enum top_waits_by by,
			   unsigned int max)
{
	*classes = (struct exporter_classes){
		.by = by,
		.max = by == TOP_WAITS_ALL ? 0 : max,
		.nr = 1,
	};
	classes->rows = calloc(classes->max + 1, sizeof(*classes->rows));
	if (!classes->rows)
		err(1, "no memory for %u labels: choose a smaller --max-labels", max);
	snprintf(classes->rows[0].name, sizeof(classes->rows[0].name), EXPORTER_OTHER);
}

void exporter_classes_free(struct exporter_classes *classes)
{
	free(classes->rows);
	classes->rows = NULL;
}

const char *exporter_classes_label(const struct exporter_classes *classes)
{
	switch (classes->by) {
	case TOP_WAITS_EXPORTER:
		return "exporter";
	case TOP_WAITS_NAME:
		return "name";
	default:
		return NULL;
	}
}

/* Whoever comes first has a class of its own, and keeps it. */
static struct exporter_class *classes_get(struct exporter_classes *classes, const char *name)
{
	struct exporter_class *row;
	unsigned int i;

	if (classes->by == TOP_WAITS_ALL)
		return classes->rows;
	if (!*name)
		name = classes->by == TOP_WAITS_NAME ? "unnamed" : "unknown";
	for (i = 0; i < classes->nr; i++)
		if (!strcmp(classes->rows[i].name, name))
			return &classes->rows[i];
	if (classes->nr > classes->max)
		return classes->rows;
	row = &classes->rows[classes->nr++];
	snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}

static struct exporter_class *classes_of(struct exporter_classes *classes,
					 const struct model_buffer *buffer)
{
	return classes_get(classes, classes->by == TOP_WAITS_NAME ? buffer->name :
			   buffer->exporter);
}

static void classes_buffer(struct exporter_classes *classes, const struct model_buffer *buffer)
{
	struct exporter_class *class = classes_of(classes, buffer);
	static const struct top_counters zero;
	struct model_window sum = { .count = class->sum };

	model_window_add(&sum, &buffer->window.count, &zero, 0);
	class->sum = sum.count;
	if (!buffer->ino)
		return;
	class->nr_buffers++;
	class->bytes += buffer->size;
}

static void classes_access(struct exporter_classes *classes, const struct model *model,
			   const struct model_access *access)
{
	struct exporter_class *class = classes_of(classes, access->buffer);

	if (model_access_waits(access))
		model_window_wait(model, &class->waiting, access);
	else
		class->held[access->at.agent == TOP_AGENT_DMA]++;
}

static void classes_event(struct exporter_classes *classes, const struct model *model,
			  const struct top_event *event)
{
	const struct model_buffer *buffer = model_buffer_find(model, event->ino);

	if (event->type != TOP_EVENT_JOB_FAILED)
		return;
	if (buffer)
		classes_of(classes, buffer)->dma_errors++;
	else
		classes_get(classes, "")->dma_errors++;
}

static void waits_fold(struct top_waits *to, const struct top_waits *from)
{
	unsigned int i;

	for (i = 0; i < TOP_NR_WAIT_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
	to->ns += from->ns;
}

static void classes_waits(struct exporter_classes *classes, const struct model_waits *waits)
{
	struct exporter_class *class = classes->rows;
	char name[MODEL_NAME_SIZE];

	format_array(name, waits->key.class, sizeof(name));
	if (!waits->key.others)
		class = classes_get(classes, name);
	waits_fold(&class->waits[waits->key.pair % TOP_NR_PAIRS], &waits->sum);
}

/* What is so at the end of a window is told anew by each. */
static void classes_begin(struct exporter_classes *classes, const struct model *model)
{
	unsigned int i;

	for (i = 0; i < classes->nr; i++) {
		struct exporter_class *class = &classes->rows[i];

		class->nr_buffers = 0;
		class->bytes = 0;
		memset(class->held, 0, sizeof(class->held));
		memset(&class->waiting, 0, sizeof(class->waiting));
		if (model->nr_waits)
			memset(class->waits, 0, sizeof(class->waits));
	}
}

void exporter_classes_add(struct exporter_classes *classes, const struct model *model)
{
	size_t i;

	classes_begin(classes, model);
	for (i = 0; i < model->nr_buffers; i++)
		classes_buffer(classes, model->buffers[i]);
	for (i = 0; i < model->nr_classes; i++)
		classes_buffer(classes, model->classes[i]);
	for (i = 0; i < model->nr_accesses; i++)
		classes_access(classes, model, &model->accesses[i]);
	for (i = 0; i < model->nr_events; i++)
		classes_event(classes, model, &model->events[i]);
	for (i = 0; i < model->nr_waits; i++)
		classes_waits(classes, &model->waits[i]);
}

void exporter_classes_attached(struct exporter_classes *classes)
{
	unsigned int i, pair;

	for (i = 0; i < classes->nr; i++) {
		struct exporter_class *class = &classes->rows[i];

		for (pair = 0; pair < TOP_NR_PAIRS; pair++)
			waits_fold(&class->waits_before[pair], &class->waits[pair]);
		memset(class->waits, 0, sizeof(class->waits));
	}
}
