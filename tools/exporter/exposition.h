/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics as Prometheus reads them: OpenMetrics 1.0, or the text format 0.0.4 for those who do
 * not ask for it.
 *
 *	exposition_begin(); exposition_family(), exposition_count() ...; exposition_end()
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum exposition_format {
	EXPOSITION_TEXT,
	EXPOSITION_OPENMETRICS,
};

enum family_type {
	FAMILY_COUNTER,
	FAMILY_GAUGE,
	FAMILY_HISTOGRAM,
};

/**
 * struct family - metrics of one name
 * @name: without the suffix that samples of its type have
 * @type: its type
 * @unit: base unit that @name ends in, or NULL
 * @help: what it is
 */
struct family {
	const char *name;
	enum family_type type;
	const char *unit;
	const char *help;
};

/**
 * struct label - which sample of a family
 * @name: fixed, NULL ends a list of labels
 * @value: any text
 */
struct label {
	const char *name;
	const char *value;
};

#define EXPOSITION_MAX_LABELS	4

/**
 * struct exposition - a page being written
 * @format: how
 * @file: writes it
 * @text: what is there, after exposition_end()
 * @size: its bytes
 */
struct exposition {
	enum exposition_format format;
	FILE *file;
	char *text;
	size_t size;
};

/* What HTTP calls the format. */
const char *exposition_type(enum exposition_format format);
/* Return: 0 or a negative errno. */
int exposition_begin(struct exposition *page, enum exposition_format format);
/* A family begins: its samples follow. */
void exposition_family(struct exposition *page, const struct family *family);
/* A sample; @labels may be NULL. */
void exposition_count(struct exposition *page, const struct family *family,
		      const struct label *labels, uint64_t count);
/* The same of a time, in seconds. */
void exposition_ns(struct exposition *page, const struct family *family,
		   const struct label *labels, uint64_t ns);

/**
 * struct histogram - what exposition_histogram() writes
 * @nr_buckets: how many
 * @buckets: how many times, by length; none counts in two of them
 * @limit_ns: the longest that bucket N has; the last one has no limit
 * @ns: the sum of all
 */
struct histogram {
	unsigned int nr_buckets;
	const uint64_t *buckets;
	uint64_t (*limit_ns)(unsigned int n);
	uint64_t ns;
};

/* The samples of a histogram with these labels. */
void exposition_histogram(struct exposition *page, const struct family *family,
			  const struct label *labels, const struct histogram *histogram);
/* Return: 0, or a negative errno; @page->text is the caller's to free in any case. */
int exposition_end(struct exposition *page);

#endif /* EXPOSITION_H */
