// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of dmabuf_sync in a tracing instance of our own: the ring is shown when something
 * failed, totals (histogram triggers) tell whether all that began also ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

#define INSTANCE	"/sys/kernel/tracing/instances/dmabuf_sync_torture"
#define EVENTS		INSTANCE "/events/dmabuf_sync"

/* Event and the key of its histogram, which has few values. */
static const char *const totals[][2] = {
	{ "request", "mode" }, { "acquired", "mode" }, { "released", "mode" },
	{ "failed", "error" },
};

static bool triggers_write(const char *prefix)
{
	char path[128], text[32];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(totals); i++) {
		snprintf(path, sizeof(path), EVENTS "/dmabuf_sync_%s/trigger", totals[i][0]);
		snprintf(text, sizeof(text), "%shist:keys=%s", prefix, totals[i][1]);
		if (st_file_write(path, text))
			return false;
	}
	return true;
}

/* One left behind by a torture that was killed goes first. */
bool to_trace_start(void)
{
	to_trace_stop();
	if (mkdir(INSTANCE, 0700) || st_file_write(INSTANCE "/buffer_size_kb", "256"))
		return false;
	if (!triggers_write(""))
		printf("# totals of events are not checked: the kernel has no histogram triggers\n");
	return !st_file_write(EVENTS "/enable", "1");
}

/* A trigger holds the module until it is taken away. */
void to_trace_stop(void)
{
	st_file_write(EVENTS "/enable", "0");
	triggers_write("!");
	rmdir(INSTANCE);
}

/* A hit that finds its key being inserted by another CPU is counted as dropped. */
long long to_trace_total(const char *event)
{
	char path[128], line[256];
	long long total = -1, dropped = 0;
	FILE *file;

	snprintf(path, sizeof(path), EVENTS "/dmabuf_sync_%s/hist", event);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " Hits: %lld", &total) != 1)
			(void)!sscanf(line, " Dropped: %lld", &dropped);
	}
	fclose(file);
	return total < 0 ? total : total + dropped;
}

void to_trace_freeze(void)
{
	st_file_write(INSTANCE "/tracing_on", "0");
}

/* The last @lines of the ring. */
void to_trace_show(unsigned int lines)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	char (*ring)[512] = calloc(lines, sizeof(*ring));
	unsigned long nr = 0, i;

	while (file && ring && fgets(ring[nr % lines], sizeof(*ring), file))
		nr += ring[nr % lines][0] != '#';
	for (i = nr > lines ? nr - lines : 0; i < nr; i++)
		printf("# %s", ring[i % lines]);
	free(ring);
	if (file)
		fclose(file);
}
