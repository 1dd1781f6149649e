// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording.h"

#define REPORT_SIZE	(4U << 20)

static const char *recording_program(void)
{
	return getenv("DMASYNC_RECORD") ?: DMASYNC_RECORD;
}

static const char *report_program(void)
{
	return getenv("DMASYNC_REPORT") ?: DMASYNC_REPORT;
}

int recording_start(struct recording *recording, ...)
{
	char *args[TOOL_MAX_ARGS + 4] = { (char *)recording_program(), "-o", recording->path };
	int nr = 3, err;
	va_list more;

	snprintf(recording->path, sizeof(recording->path), "/tmp/recording.%d", getpid());
	va_start(more, recording);
	while (nr < TOOL_MAX_ARGS + 3 && (args[nr] = va_arg(more, char *)))
		nr++;
	va_end(more);
	err = tool_spawn(&recording->tool, args);
	if (err)
		return err;
	return tool_says(&recording->tool, ": attached by ") ? 0 : -ETIME;
}

int recording_end(struct recording *recording)
{
	kill(recording->tool.pid, SIGINT);
	return tool_wait(&recording->tool);
}

int recording_text(const struct recording *recording, const char *options, char *text,
		   size_t size)
{
	char command[512];

	snprintf(command, sizeof(command), "%s %s %s", report_program(), options,
		 recording->path);
	return tool_shell(command, text, size);
}

struct json_object *recording_report(struct recording *recording, const char *options)
{
	char *text = malloc(REPORT_SIZE), all[128];
	struct json_object *report;

	if (!text)
		return NULL;
	snprintf(all, sizeof(all), "--json %s", options);
	recording->status = recording_text(recording, all, text, REPORT_SIZE);
	report = json_tokener_parse(text);
	if (!report)
		fprintf(stderr, "# not JSON: %.400s\n", text);
	free(text);
	return report;
}

void recording_remove(struct recording *recording)
{
	tool_kill(&recording->tool);
	if (recording->path[0])
		unlink(recording->path);
}
