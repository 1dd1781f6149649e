// SPDX-License-Identifier: GPL-2.0-only
#include "scrape.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PAGE	(4 << 20)

const char *scrape_program(void)
{
	return getenv("DMASYNC_EXPORTER") ?: DMASYNC_EXPORTER;
}

int scrape_start_says(struct scrape *scrape, const char *text, char **args)
{
	char line[256];
	int err;

	err = tool_spawn(&scrape->tool, args);
	if (err)
		return err;
	if (!tool_says_line(&scrape->tool, "serving http://", line, sizeof(line)) ||
	    sscanf(strrchr(line, ':'), ":%u/", &scrape->port) != 1)
		return -EBADMSG;
	return tool_says(&scrape->tool, text) ? 0 : -ETIME;
}

int scrape_start(struct scrape *scrape, ...)
{
	char *args[TOOL_MAX_ARGS + 6] = {
		(char *)scrape_program(), "--listen", "127.0.0.1:0", "--min-interval", "0",
	};
	va_list more;
	int nr = 5;

	va_start(more, scrape);
	while (nr < TOOL_MAX_ARGS + 5 && (args[nr] = va_arg(more, char *)))
		nr++;
	va_end(more);
	return scrape_start_says(scrape, ": attached by ", args);
}

int scrape_run(struct scrape *scrape, const char *args, char *text, size_t size)
{
	char command[512];

	snprintf(command, sizeof(command), "exec 2>&1; python3 " SCRAPE " %u %s", scrape->port,
		 args);
	return tool_shell(command, text, size);
}

int scrape_read(struct scrape *scrape, const char *format)
{
	char *text = malloc(MAX_PAGE);
	int status;

	if (!text)
		return -ENOMEM;
	status = scrape_run(scrape, format, text, MAX_PAGE);
	json_object_put(scrape->samples);
	scrape->samples = status ? NULL : json_tokener_parse(text);
	if (!scrape->samples)
		fprintf(stderr, "# scrape.py: status %d: %.2000s\n", status, text);
	free(text);
	return scrape->samples ? 0 : -EBADMSG;
}

void scrape_end(struct scrape *scrape)
{
	json_object_put(scrape->samples);
	scrape->samples = NULL;
	tool_kill(&scrape->tool);
}

/* Does the sample have all of these labels? */
static bool sample_has(struct json_object *sample, const char *labels)
{
	struct json_object *has = json_object_object_get(sample, "labels");
	char copy[256], *rest = copy, *label, *value;

	snprintf(copy, sizeof(copy), "%s", labels);
	while ((label = strsep(&rest, ",")) && *label) {
		value = strchr(label, '=');
		*value++ = '\0';
		if (strcmp(tool_text(has, label), value))
			return false;
	}
	return true;
}

static bool sample_is(struct json_object *sample, const char *name, const char *labels)
{
	return !strcmp(tool_text(sample, "name"), name) && sample_has(sample, labels);
}

static double scrape_add(const struct scrape *scrape, const char *name, const char *labels,
			 size_t *nr)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(scrape->samples); i++) {
		struct json_object *sample = json_object_array_get_idx(scrape->samples, i);

		if (!sample_is(sample, name, labels))
			continue;
		sum += tool_real(sample, "value");
		++*nr;
	}
	return sum;
}

double scrape_value(const struct scrape *scrape, const char *name, const char *labels)
{
	size_t nr = 0;
	double sum = scrape_add(scrape, name, labels, &nr);

	if (nr == 1)
		return sum;
	fprintf(stderr, "# %zu samples are %s{%s}\n", nr, name, labels);
	return NAN;
}

double scrape_sum(const struct scrape *scrape, const char *name, const char *labels)
{
	size_t nr = 0;

	return scrape_add(scrape, name, labels, &nr);
}

size_t scrape_nr(const struct scrape *scrape, const char *name)
{
	size_t nr = 0;

	scrape_add(scrape, name, "", &nr);
	return nr;
}

size_t scrape_nr_labeled(const struct scrape *scrape, const char *label)
{
	struct json_object *labels;
	size_t nr = 0, i;

	for (i = 0; i < json_object_array_length(scrape->samples); i++) {
		labels = json_object_object_get(json_object_array_get_idx(scrape->samples, i),
						"labels");
		nr += json_object_object_get_ex(labels, label, NULL);
	}
	return nr;
}

/* The same sample in another scrape, or NULL. */
static struct json_object *sample_find(struct json_object *samples, struct json_object *like)
{
	struct json_object *labels = json_object_object_get(like, "labels");
	size_t i;

	for (i = 0; i < json_object_array_length(samples); i++) {
		struct json_object *sample = json_object_array_get_idx(samples, i);

		if (!strcmp(tool_text(sample, "name"), tool_text(like, "name")) &&
		    json_object_equal(json_object_object_get(sample, "labels"), labels))
			return sample;
	}
	return NULL;
}

long scrape_nr_grown(const struct scrape *scrape, struct json_object *before)
{
	long nr = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(before); i++) {
		struct json_object *old = json_object_array_get_idx(before, i), *now;

		if (!strcmp(tool_text(old, "type"), "gauge"))
			continue;
		now = sample_find(scrape->samples, old);
		if (!now || tool_real(now, "value") < tool_real(old, "value")) {
			fprintf(stderr, "# went back: %s\n", json_object_to_json_string(old));
			return -1;
		}
		nr += tool_real(now, "value") > tool_real(old, "value");
	}
	return nr;
}
