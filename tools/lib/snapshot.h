/* SPDX-License-Identifier: GPL-2.0-only */
/* What dmabuf_sync.ko lists in debugfs: see docs/trace-events.rst. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdio.h>

#include "../../bpf/dmasync_top.h"

#define SNAPSHOT_PATH		"/sys/kernel/debug/dmabuf_sync/accesses"
#define SNAPSHOT_EXPORTER_SIZE	32

enum snapshot_type {
	SNAPSHOT_ACCESS = 1,
	SNAPSHOT_EDGE,
	SNAPSHOT_MORE,		/* what was left out of a buffer that has too much */
	SNAPSHOT_OTHER,		/* of a newer module */
};

/**
 * struct snapshot_line - an access, an edge, or what is not listed
 * @type: which
 * @id: access id; of an edge: who is blocked
 * @access: the access. Of an edge: @ino and @owner only; of SNAPSHOT_MORE: @ino
 * @size: of the buffer, in bytes
 * @exporter: of the buffer
 * @timeline: names of the fence context of a committed job
 * @edge: of an edge: @blocker and @owner only
 * @queued: of an edge: the blocker is queued, too; of SNAPSHOT_MORE: how many
 *	requests are left out
 * @held: of SNAPSHOT_MORE: how many accesses that are held are left out
 * @edges: of SNAPSHOT_MORE: how many requests have more edges than are listed
 */
struct snapshot_line {
	enum snapshot_type type;
	top_u64 id;
	struct top_access access;
	top_u64 size;
	char exporter[SNAPSHOT_EXPORTER_SIZE];
	struct top_timeline timeline;
	struct top_edge edge;
	top_u32 queued;
	top_u32 held;
	top_u32 edges;
};

typedef int (*snapshot_fn)(const struct snapshot_line *line, void *priv);

/*
 * Call @fn for each line that is not SNAPSHOT_OTHER, until it returns non-zero: then
 * that is returned. Otherwise 0 or a negative errno, -EBADMSG for a line that is not of
 * the form.
 */
int snapshot_lines(FILE *file, snapshot_fn fn, void *priv);
/* Those of the module. -ENOENT: there is none, or no debugfs. */
int snapshot_read(snapshot_fn fn, void *priv);

#endif /* SNAPSHOT_H */
