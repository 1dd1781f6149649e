// SPDX-License-Identifier: GPL-2.0-only
#include "record_type.h"

#include <string.h>

#define NUMBER(name)		{ name, 0, 0 }
#define SIGNED(name)		{ name, 0, 1 }
#define TEXT(name, words)	{ name, words, 0 }
#define NR(array)	(sizeof(array) / sizeof((array)[0]))

static const struct record_field fields_access[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), NUMBER("kind"), NUMBER("tgid"),
	NUMBER("tid"), NUMBER("mode"), NUMBER("agent"), NUMBER("start"), NUMBER("len"),
	NUMBER("time_ns"),
};

static const struct record_field fields_request[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), NUMBER("kind"), NUMBER("tgid"),
	NUMBER("tid"), NUMBER("mode"), NUMBER("agent"), NUMBER("start"), NUMBER("len"),
	NUMBER("time_ns"), TEXT("comm", 2),
};

static const struct record_field fields_failed[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), SIGNED("error"),
	NUMBER("wait_ns"),
};

static const struct record_field fields_edge[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), NUMBER("blocker"),
	NUMBER("blocker_owner"), NUMBER("blocker_kind"), NUMBER("blocker_tgid"),
	NUMBER("blocker_tid"), NUMBER("queued"),
};

static const struct record_field fields_fence[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), NUMBER("context"),
	NUMBER("seqno"), SIGNED("error"),
};

static const struct record_field fields_timeline[] = {
	NUMBER("context"), TEXT("driver", 2), TEXT("timeline", 4),
};

static const struct record_field fields_buffer[] = {
	NUMBER("ino"), NUMBER("size"), TEXT("exporter", 4), TEXT("name", 4),
};

static const struct record_field fields_backoff[] = {
	NUMBER("ino"), NUMBER("owner"), NUMBER("nr_accesses"),
};

static const struct record_field fields_window[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), NUMBER("dir"), SIGNED("error"),
};

static const struct record_field fields_point_signal[] = {
	NUMBER("timeline"), NUMBER("point"), SIGNED("error"),
};

static const struct record_field fields_point[] = {
	NUMBER("timeline"), NUMBER("point"), NUMBER("access"), NUMBER("tid"),
	SIGNED("error"),
};

static const struct record_field fields_snapshot[] = {
	NUMBER("accesses"), NUMBER("unlisted"), SIGNED("error"),
};

static const struct record_field fields_there[] = {
	NUMBER("ino"), NUMBER("access"), NUMBER("owner"), NUMBER("kind"), NUMBER("tgid"),
	NUMBER("tid"), NUMBER("mode"), NUMBER("agent"), NUMBER("start"), NUMBER("len"),
	NUMBER("state"), NUMBER("since_ns"), NUMBER("context"), NUMBER("seqno"),
	NUMBER("size"), TEXT("comm", 2), TEXT("exporter", 4), TEXT("driver", 2),
	TEXT("timeline", 4),
};

static const struct record_field fields_frame[] = {
	NUMBER("frame"), NUMBER("caller"), NUMBER("kernel"), NUMBER("offset"),
	TEXT("name", 12), TEXT("file", 16),
};

static const struct record_field fields_stack[] = {
	NUMBER("access"), NUMBER("frame"),
};

#define TYPE(name, fields)	{ name, fields_##fields, NR(fields_##fields) }

const struct record_type record_types[RECORD_NR_KINDS] = {
	[RECORD_REQUEST] = TYPE("request", request),
	[RECORD_ACQUIRED] = TYPE("acquired", access),
	[RECORD_RELEASED] = TYPE("released", access),
	[RECORD_ABANDONED] = TYPE("abandoned", access),
	[RECORD_REVOKED] = TYPE("revoked", access),
	[RECORD_FAILED] = TYPE("failed", failed),
	[RECORD_CONTENDED] = TYPE("contended", edge),
	[RECORD_DEADLOCK] = TYPE("deadlock", edge),
	[RECORD_COMMIT] = TYPE("commit", fence),
	[RECORD_BEGAN] = TYPE("began", fence),
	[RECORD_SIGNALED] = TYPE("signaled", fence),
	[RECORD_FENCE_WAIT_BEGIN] = TYPE("fence_wait_begin", fence),
	[RECORD_FENCE_WAIT_END] = TYPE("fence_wait_end", fence),
	[RECORD_TIMELINE] = TYPE("timeline", timeline),
	[RECORD_BUFFER] = TYPE("buffer", buffer),
	[RECORD_BACKOFF] = TYPE("backoff", backoff),
	[RECORD_CPU_ACCESS_BEGIN] = TYPE("cpu_access_begin", window),
	[RECORD_CPU_ACCESS_END] = TYPE("cpu_access_end", window),
	[RECORD_POINT_SIGNAL] = TYPE("point_signal", point_signal),
	[RECORD_POINT_WAIT_BEGIN] = TYPE("point_wait_begin", point),
	[RECORD_POINT_WAIT_END] = TYPE("point_wait_end", point),
	[RECORD_SNAPSHOT] = TYPE("snapshot", snapshot),
	[RECORD_THERE] = TYPE("there", there),
	[RECORD_BLOCKED] = TYPE("blocked", edge),
	[RECORD_FRAME] = TYPE("frame", frame),
	[RECORD_STACK] = TYPE("stack", stack),
};

unsigned int record_type_words(unsigned int kind)
{
	const struct record_type *type = &record_types[kind];
	unsigned int words = 0;
	size_t i;

	for (i = 0; i < type->nr_fields; i++)
		words += record_field_words(&type->fields[i]);
	return words;
}

unsigned int record_type_find(const char *name)
{
	unsigned int kind;

	for (kind = 1; kind < RECORD_NR_KINDS; kind++)
		if (!strcmp(record_types[kind].name, name))
			return kind;
	return 0;
}
