/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-exporter as a child, and what it serves. */
#ifndef SCRAPE_H
#define SCRAPE_H

#include "tool.h"

/**
 * struct scrape - an exporter
 * @tool: the process
 * @port: where it serves
 * @samples: what it said the last time: an array of objects, see scrape.py
 */
struct scrape {
	struct tool tool;
	unsigned int port;
	struct json_object *samples;
};

/* The program under test. */
const char *scrape_program(void);
/*
 * Start it on a port that is free, with more options up to NULL; it reads at each scrape.
 * Returns when it is attached: 0 or a negative errno.
 */
int scrape_start(struct scrape *scrape, ...);
/* The same, and it need not be attached: "waiting for" or "attached by" is in the text. */
int scrape_start_says(struct scrape *scrape, const char *text, char **args);
/* Ask for the metrics: "openmetrics" or "text". Return: 0, or a negative errno. */
int scrape_read(struct scrape *scrape, const char *format);
/* scrape.py with other arguments. Return: its exit status, -1 when it had none. */
int scrape_run(struct scrape *scrape, const char *args, char *text, size_t size);
void scrape_end(struct scrape *scrape);

/*
 * Of the samples of this name with all of these labels, "name=value,name=value": the only
 * one's value, NAN when there are several or none.
 */
double scrape_value(const struct scrape *scrape, const char *name, const char *labels);
/* Their sum, 0 without any. */
double scrape_sum(const struct scrape *scrape, const char *name, const char *labels);
/* How many samples have this name, and how many have this label. */
size_t scrape_nr(const struct scrape *scrape, const char *name);
size_t scrape_nr_labeled(const struct scrape *scrape, const char *label);
/*
 * How many samples of counters and histograms are greater than @before. Return: -1 when one of
 * them is less than before, or is missing.
 */
long scrape_nr_grown(const struct scrape *scrape, struct json_object *before);

#endif /* SCRAPE_H */
