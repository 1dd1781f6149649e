// SPDX-License-Identifier: GPL-2.0-only
#include "report_diff.h"

#include <err.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the head of a report that can be compared: all are rates or percentages. */
static const char *const diff_keys[] = {
	"acquired_per_s", "contended_percent", "handed_percent", "waiting_percent",
	"cpu_percent", "dma_percent", "overlap_percent", "dma_for_cpu_percent",
	"cpu_for_dma_percent", "cpu_for_cpu_percent", "engine_queue_percent",
	"nothing_to_do_percent",
};

#define NR_FIGURES	(sizeof(diff_keys) / sizeof(diff_keys[0]))

/* An inode number means little in another recording: a buffer goes by its name. */
static bool diff_same(const struct report_latency *x, const struct report_latency *y)
{
	const struct model_buffer *a, *b;

	if (strcmp(x->name, y->name) || !x->ino != !y->ino)
		return false;
	if (!x->ino)
		return true;
	a = model_buffer_find(x->model, x->ino);
	b = model_buffer_find(y->model, y->ino);
	if (a && b && (a->name[0] || b->name[0]))
		return !strcmp(a->name, b->name);
	return x->ino == y->ino;
}

/* Of several with the same name each gets one. */
static const struct report_latency *diff_find(const struct report_waits *waits, bool *taken,
					      const struct report_latency *latency)
{
	size_t i;

	for (i = 0; i < waits->nr_latencies; i++) {
		if (taken[i] || !diff_same(&waits->latencies[i], latency))
			continue;
		taken[i] = true;
		return &waits->latencies[i];
	}
	return NULL;
}

static size_t diff_latencies(const struct report_waits *before,
			     const struct report_waits *after, struct diff_latency **rows)
{
	bool *taken = calloc(after->nr_latencies + 1, sizeof(*taken));
	size_t nr = 0, i;

	*rows = calloc(before->nr_latencies + after->nr_latencies + 1, sizeof(**rows));
	if (!*rows || !taken)
		err(1, "no memory for %zu rows", before->nr_latencies + after->nr_latencies);
	for (i = 0; i < before->nr_latencies; i++)
		(*rows)[nr++] = (struct diff_latency){
			&before->latencies[i],
			diff_find(after, taken, &before->latencies[i]),
		};
	for (i = 0; i < after->nr_latencies; i++)
		if (!taken[i])
			(*rows)[nr++] = (struct diff_latency){ NULL, &after->latencies[i] };
	free(taken);
	return nr;
}

static void diff_figures(const struct report *before, const struct report *after,
			 struct diff_figure *figures)
{
	const struct column *column;
	size_t i;

	for (i = 0; i < NR_FIGURES; i++) {
		column = output_column(&report_recording_table, diff_keys[i]);
		figures[i] = (struct diff_figure){ .name = diff_keys[i] };
		column->get(before, &figures[i].before);
		column->get(after, &figures[i].after);
	}
}

static void diff_text(const struct table *table, const void *rows, size_t nr, size_t size)
{
	char line[OUTPUT_LINE_SIZE];
	struct layout layout;
	size_t i;

	if (!nr)
		return;
	output_layout(table, 0, &layout);
	output_heading(&layout, line, sizeof(line));
	puts(line);
	for (i = 0; i < nr; i++) {
		output_line(&layout, (const char *)rows + i * size, line, sizeof(line));
		puts(line);
	}
}

static struct json_object *diff_json(const struct table *table, const void *rows, size_t nr,
				     size_t size)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_object_array_add(array,
				      output_json(table, (const char *)rows + i * size));
	return array;
}

static void diff_all_json(const struct report *before, const struct report *after,
			  const struct diff_figure *figures,
			  const struct diff_latency *latencies, size_t nr)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "before", output_json(&report_recording_table, before));
	json_object_object_add(root, "after", output_json(&report_recording_table, after));
	json_object_object_add(root, diff_figure_table.name,
			       diff_json(&diff_figure_table, figures, NR_FIGURES,
					 sizeof(*figures)));
	json_object_object_add(root, diff_latency_table.name,
			       diff_json(&diff_latency_table, latencies, nr,
					 sizeof(*latencies)));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

int report_diff(const struct report *before, const struct report *after)
{
	struct diff_figure figures[NR_FIGURES];
	struct diff_latency *latencies;
	size_t nr;

	diff_figures(before, after, figures);
	nr = diff_latencies(&before->waits, &after->waits, &latencies);
	if (after->options.format == REPORT_JSON) {
		diff_all_json(before, after, figures, latencies, nr);
	} else {
		diff_text(&diff_figure_table, figures, NR_FIGURES, sizeof(figures[0]));
		putchar('\n');
		diff_text(&diff_latency_table, latencies, nr, sizeof(*latencies));
	}
	free(latencies);
	return fflush(stdout) || ferror(stdout) ? -errno ?: -EIO : 0;
}
