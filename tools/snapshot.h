/* SPDX-License-Identifier: GPL-2.0-only */
/* The accesses and edges that dmabuf_sync.ko lists in debugfs. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdbool.h>

#include "../bpf/dmasync_top.h"

#define SNAPSHOT_PATH		"/sys/kernel/debug/dmabuf_sync/accesses"
#define SNAPSHOT_EXPORTER_SIZE	32

/**
 * struct snapshot_line - an access, or an edge
 * @is_edge: which
 * @id: access id; of an edge: who is blocked
 * @access: the access. Of an edge: @ino and @owner only
 * @size: of the buffer, in bytes
 * @exporter: of the buffer
 * @edge: of an edge: @blocker, @owner and @queued only
 */
struct snapshot_line {
	bool is_edge;
	top_u64 id;
	struct top_access access;
	top_u64 size;
	char exporter[SNAPSHOT_EXPORTER_SIZE];
	struct top_edge edge;
};

/*
 * Call @fn for each line, until it returns non-zero: then that is returned.
 * Otherwise 0 or a negative errno, -EBADMSG for a line that is not of the form.
 */
int snapshot_read(int (*fn)(const struct snapshot_line *line, void *priv),
		  void *priv);

#endif /* SNAPSHOT_H */
