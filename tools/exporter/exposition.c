// SPDX-License-Identifier: GPL-2.0-only
#include "exposition.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NSEC_PER_SEC	1000000000ULL

static const char *const family_types[] = {
	[FAMILY_COUNTER] = "counter",
	[FAMILY_GAUGE] = "gauge",
	[FAMILY_HISTOGRAM] = "histogram",
};

const char *exposition_type(enum exposition_format format)
{
	return format == EXPOSITION_OPENMETRICS ?
	       "application/openmetrics-text; version=1.0.0; charset=utf-8" :
	       "text/plain; version=0.0.4; charset=utf-8";
}

int exposition_begin(struct exposition *page, enum exposition_format format)
{
	*page = (struct exposition){ .format = format };
	page->file = open_memstream(&page->text, &page->size);
	return page->file ? 0 : -errno;
}

/* Samples of a counter end in _total. In the older format its family does, too. */
static const char *exposition_total(const struct exposition *page, const struct family *family)
{
	if (page->format != EXPOSITION_TEXT || family->type != FAMILY_COUNTER)
		return "";
	return "_total";
}

void exposition_family(struct exposition *page, const struct family *family)
{
	const char *total = exposition_total(page, family);

	fprintf(page->file, "# HELP %s%s %s\n", family->name, total, family->help);
	fprintf(page->file, "# TYPE %s%s %s\n", family->name, total,
		family_types[family->type]);
	if (family->unit && page->format == EXPOSITION_OPENMETRICS)
		fprintf(page->file, "# UNIT %s %s\n", family->name, family->unit);
}

/* Anybody may have chosen the value. */
static void exposition_value(FILE *file, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n') {
			fputs("\\n", file);
			continue;
		}
		if (*value == '"' || *value == '\\')
			fputc('\\', file);
		fputc(*value, file);
	}
}

static void exposition_labels(FILE *file, const struct label *labels)
{
	const struct label *label;

	for (label = labels; label && label->name; label++) {
		fprintf(file, "%c%s=\"", label == labels ? '{' : ',', label->name);
		exposition_value(file, label->value);
		fputc('"', file);
	}
	if (label != labels)
		fputc('}', file);
}

/* Up to its value. */
static void exposition_sample(struct exposition *page, const struct family *family,
			      const char *suffix, const struct label *labels)
{
	fprintf(page->file, "%s%s", family->name, suffix);
	exposition_labels(page->file, labels);
	fputc(' ', page->file);
}

static void exposition_seconds(FILE *file, uint64_t ns)
{
	fprintf(file, "%" PRIu64 ".%09" PRIu64 "\n", ns / (uint64_t)NSEC_PER_SEC,
		ns % (uint64_t)NSEC_PER_SEC);
}

static const char *exposition_suffix(const struct family *family)
{
	return family->type == FAMILY_COUNTER ? "_total" : "";
}

void exposition_count(struct exposition *page, const struct family *family,
		      const struct label *labels, uint64_t count)
{
	exposition_sample(page, family, exposition_suffix(family), labels);
	fprintf(page->file, "%" PRIu64 "\n", count);
}

void exposition_ns(struct exposition *page, const struct family *family,
		   const struct label *labels, uint64_t ns)
{
	exposition_sample(page, family, exposition_suffix(family), labels);
	exposition_seconds(page->file, ns);
}

/* The number of samples of each bucket includes those of all before. */
static uint64_t exposition_buckets(struct exposition *page, const struct family *family,
				   struct label *labels, struct label *le,
				   const struct histogram *histogram)
{
	uint64_t sum = 0;
	char limit[32];
	unsigned int i;

	for (i = 0; i < histogram->nr_buckets; i++) {
		sum += histogram->buckets[i];
		snprintf(limit, sizeof(limit), "%.12g", histogram->limit_ns(i) / 1e9);
		le->value = i + 1 < histogram->nr_buckets ? limit : "+Inf";
		exposition_sample(page, family, "_bucket", labels);
		fprintf(page->file, "%" PRIu64 "\n", sum);
	}
	return sum;
}

void exposition_histogram(struct exposition *page, const struct family *family,
			  const struct label *labels, const struct histogram *histogram)
{
	struct label all[EXPOSITION_MAX_LABELS + 2] = { 0 };
	unsigned int nr = 0;
	uint64_t count;

	while (labels && labels[nr].name && nr < EXPOSITION_MAX_LABELS) {
		all[nr] = labels[nr];
		nr++;
	}
	all[nr].name = "le";
	count = exposition_buckets(page, family, all, &all[nr], histogram);
	exposition_sample(page, family, "_count", labels);
	fprintf(page->file, "%" PRIu64 "\n", count);
	exposition_sample(page, family, "_sum", labels);
	exposition_seconds(page->file, histogram->ns);
}

int exposition_end(struct exposition *page)
{
	if (page->format == EXPOSITION_OPENMETRICS)
		fputs("# EOF\n", page->file);
	return fclose(page->file) ? -errno : 0;
}
