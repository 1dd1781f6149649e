/* SPDX-License-Identifier: GPL-2.0-only */
/* The accesses of all buffers at one moment, and who waits for whom. */
#ifndef LS_LIST_H
#define LS_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "snapshot.h"

/**
 * struct ls_edge - one waits for the other
 * @waiter: access id
 * @blocker: access id
 * @owner: of the blocker
 * @by: the blocker, NULL if it is not listed
 */
struct ls_edge {
	uint64_t waiter;
	uint64_t blocker;
	uint64_t owner;
	struct ls_access *by;
};

/**
 * struct ls_access - an access
 * @access: of the model; @buffer and @edges are not in use
 * @exporter: of its buffer
 * @size: likewise, in bytes
 * @edges: what it waits for
 * @nr_edges: how many
 * @blocks: somebody waits for it
 * @shown: it was asked for, or is in the way of one that was
 * @next: of those that were just found to be shown
 */
struct ls_access {
	struct model_access access;
	char exporter[SNAPSHOT_EXPORTER_SIZE];
	uint64_t size;
	struct ls_edge *edges;
	size_t nr_edges;
	bool blocks;
	bool shown;
	struct ls_access *next;
};

/* What is not listed of a buffer: see SNAPSHOT_MORE. */
struct ls_more {
	uint64_t ino;
	unsigned int held;
	unsigned int edges;
};

/**
 * struct ls_list - all of them
 * @accesses: in the order of the snapshot: by buffer
 * @nr_accesses: how many
 * @by_id: the same, sorted
 * @edges: sorted by waiter
 * @nr_edges: how many
 * @more: of buffers that have too many
 * @nr_more: how many
 */
struct ls_list {
	struct ls_access *accesses;
	size_t nr_accesses;
	struct ls_access **by_id;
	struct ls_edge *edges;
	size_t nr_edges;
	struct ls_more *more;
	size_t nr_more;
};

/**
 * struct ls_choice - which accesses to show; zeroes: all
 * @tgid: of this process
 * @ino: of this buffer
 * @waiting: only those that wait for others
 */
struct ls_choice {
	uint32_t tgid;
	uint64_t ino;
	bool waiting;
};

/* Return: 0 or a negative errno, as snapshot_read(), or -ENOMEM. */
int ls_list_read(struct ls_list *list);
/* Mark what is asked for, and all that is in its way, directly or through others. */
void ls_list_choose(struct ls_list *list, const struct ls_choice *choice);
void ls_list_free(struct ls_list *list);

#endif /* LS_LIST_H */
