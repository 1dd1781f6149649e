/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracks of a trace: each of some lanes, on which slices follow each other. */
#ifndef PERFETTO_TRACK_H
#define PERFETTO_TRACK_H

#include <stdint.h>

#include "report_perfetto.h"

/* The processes of the trace. */
enum perfetto_kind {
	PERFETTO_BUFFERS = 1,
	PERFETTO_OWNERS,
	PERFETTO_ENGINES,
	PERFETTO_COUNTERS,
};

/* Where a slice is: process and thread of the trace; 0: it has found no place. */
struct perfetto_place {
	uint32_t kind;
	uint32_t lane;
};

/* A lane of the track of @id from now on. */
struct perfetto_place perfetto_enter(enum perfetto_kind kind, uint64_t id);
/* The slice there has ended. */
void perfetto_leave(struct perfetto_place place);
/* What the track of @id is called from now on. */
void perfetto_name(enum perfetto_kind kind, uint64_t id, const char *name);
/* Call @fn for each lane that had a slice, with its name. */
void perfetto_lanes(void (*fn)(struct perfetto_place place, const char *name));

#endif /* PERFETTO_TRACK_H */
