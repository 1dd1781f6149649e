// SPDX-License-Identifier: GPL-2.0-only
/* Trace events of dmabuf_sync, recorded in a tracing instance of the test's own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "st.h"

#define INSTANCE	"/sys/kernel/tracing/instances/dmabuf_sync_test"

int st_trace_start(void)
{
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return -errno;
	return st_file_write(INSTANCE "/trace", "\n") ?:
	       st_file_write(INSTANCE "/events/dmabuf_sync/enable", "1");
}

void st_trace_stop(void)
{
	st_file_write(INSTANCE "/events/dmabuf_sync/enable", "0");
	rmdir(INSTANCE);
}

int st_trace_also(const char *event)
{
	char path[256];

	snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", event);
	return st_file_write(path, "1");
}

int st_trace_lines(const char *text)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	char line[1024];
	int nr = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		nr += !!strstr(line, text);
	fclose(file);
	return nr;
}

/* "  task-pid  [cpu] flags time: dmabuf_sync_NAME: key=value key=value" */
static bool trace_line(struct st_trace *event, const char *line)
{
	static const char prefix[] = ": dmabuf_sync_";
	const char *name = strstr(line, prefix), *end;

	if (line[0] == '#' || !name)
		return false;
	name += strlen(prefix);
	end = strchr(name, ':');
	if (!end)
		return false;
	snprintf(event->name, sizeof(event->name), "%.*s", (int)(end - name), name);
	snprintf(event->fields, sizeof(event->fields), "%.*s",
		 (int)strcspn(end + 1, "\n"), end + 1);
	return true;
}

int st_trace_read(struct st_trace *events, unsigned int max)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	struct st_trace event;
	char line[1024];
	int nr = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!trace_line(&event, line))
			continue;
		if ((unsigned int)nr < max)
			events[nr] = event;
		nr++;
	}
	fclose(file);
	return nr;
}

/* Fields are " key=value key=value ...". */
bool st_trace_text(const struct st_trace *event, const char *key, char *value, size_t size)
{
	const char *at = event->fields;
	size_t len = strlen(key);

	while ((at = strchr(at, ' '))) {
		at++;
		if (strncmp(at, key, len) || at[len] != '=')
			continue;
		at += len + 1;
		snprintf(value, size, "%.*s", (int)strcspn(at, " "), at);
		return true;
	}
	return false;
}

long long st_trace_number(const struct st_trace *event, const char *key)
{
	char value[32];

	return st_trace_text(event, key, value, sizeof(value)) ?
	       strtoll(value, NULL, 10) : -1;
}
