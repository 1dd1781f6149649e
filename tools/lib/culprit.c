// SPDX-License-Identifier: GPL-2.0-only
#include "culprit.h"

#include <stdio.h>
#include <string.h>

/* Fields of /proc/PID/stat behind the name, as proc(5) numbers them. */
#define FIELD_STATE	3
#define FIELD_PROCESSOR	39

static bool culprit_read(unsigned int tid, const char *file, char *text, size_t size)
{
	char path[48];
	FILE *stream;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%u/%s", tid, file);
	stream = fopen(path, "re");
	if (!stream)
		return false;
	len = fread(text, 1, size - 1, stream);
	fclose(stream);
	text[len] = '\0';
	return len;
}

/* The name may hold anything, also brackets: the fields are behind the last one. */
static const char *culprit_field(const char *stat, int number)
{
	const char *field = strrchr(stat, ')');
	int i;

	for (i = FIELD_STATE - 1; field && i < number; i++) {
		field = strchr(field, ' ');
		if (field)
			field++;
	}
	return field;
}

static void culprit_sleeps(unsigned int tid, const char *how, char *text, size_t size)
{
	char symbol[64];

	if (!culprit_read(tid, "wchan", symbol, sizeof(symbol)) || !strcmp(symbol, "0"))
		snprintf(text, size, "%s", how);
	else if (strstr(symbol, "freezer"))
		snprintf(text, size, "frozen");
	else
		snprintf(text, size, "%s in %s", how, symbol);
}

static bool culprit_state(unsigned int tid, char *text, size_t size)
{
	const char *state, *processor;
	char stat[1024];

	if (!culprit_read(tid, "stat", stat, sizeof(stat)))
		return false;
	state = culprit_field(stat, FIELD_STATE);
	processor = culprit_field(stat, FIELD_PROCESSOR);
	switch (state ? *state : 0) {
	case 'R':
		snprintf(text, size, "runs on CPU %.*s",
			 processor ? (int)strcspn(processor, " ") : 1, processor ?: "?");
		return true;
	case 'S':
		culprit_sleeps(tid, "sleeps", text, size);
		return true;
	case 'D':
		culprit_sleeps(tid, "blocked", text, size);
		return true;
	case 'T':
		snprintf(text, size, "stopped");
		return true;
	case 't':
		snprintf(text, size, "traced");
		return true;
	case 'Z':
		snprintf(text, size, "zombie");
		return true;
	default:
		return false;
	}
}

bool culprit_does(const struct model_access *access, char *text, size_t size)
{
	if (access->at.agent != TOP_AGENT_CPU || !access->at.tid ||
	    model_access_is_sync(access) || access->at.fence_wait)
		return false;
	/* The thread that asked may be gone while the owner is not. */
	return culprit_state(access->at.tid, text, size) ||
	       (access->at.tgid && culprit_state(access->at.tgid, text, size));
}
