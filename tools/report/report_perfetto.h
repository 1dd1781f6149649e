/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording for ui.perfetto.dev, as trace events in JSON: tracks of buffers, owners and
 * engines, arrows from who waits to who is in the way and back, counters.
 */
#ifndef REPORT_PERFETTO_H
#define REPORT_PERFETTO_H

#include <stdint.h>

#include "../../bpf/dmasync_record.h"

/* Tracks of each kind; what is beyond them shares one. */
#define PERFETTO_MAX_TRACKS	512
/* Slices that a track has side by side; what is beyond them is left out, and counted. */
#define PERFETTO_MAX_LANES	16

/* Return: 0 or a negative errno. */
int perfetto_open(const char *path);
/* The next record; @begin_ns is the time 0. */
void perfetto_record(const struct record *record, uint64_t begin_ns);
/* What goes on ends at @end_ns. Return: how many slices were left out, or a negative errno. */
long perfetto_close(uint64_t end_ns);

#endif /* REPORT_PERFETTO_H */
