/* SPDX-License-Identifier: GPL-2.0-only */
/* What buffers, threads or engines of a kind have in common: a row for each kind. */
#ifndef GROUP_H
#define GROUP_H

#include "model.h"

enum group_by {
	GROUP_BY_BUFFER,	/* not at all: each buffer is a row */
	GROUP_BY_EXPORTER,
	GROUP_BY_NAME,
	GROUP_BY_PROCESS,
	GROUP_BY_COMM,
	GROUP_BY_ENGINE,
	GROUP_NR_BY,
};

/**
 * struct group - a row
 * @name: of the exporter, the buffers, the process, the thread or the engine; may be empty
 * @driver: of an engine
 * @tgid: of a process
 * @nr_buffers: how many buffers have it, those that are gone included
 * @nr_held: accesses held; of an engine, jobs that it has
 * @nr_waiting: requests that wait
 * @window: what the window added; without times of use, which cannot be added up
 * @window_ns: its length
 */
struct group {
	char name[TOP_NAME_LEN];
	char driver[16];
	uint32_t tgid;
	uint64_t nr_buffers;
	unsigned int nr_held;
	unsigned int nr_waiting;
	struct model_window window;
	uint64_t window_ns;
};

/**
 * struct groups - all of them
 * @by: what makes them
 * @rows: the groups
 * @nr: how many
 * @max: room
 */
struct groups {
	enum group_by by;
	struct group *rows;
	size_t nr, max;
};

/* Nobody had it, wanted it or let it go in the window. */
static inline bool group_is_idle(const struct group *group)
{
	return !group->nr_held && !group->nr_waiting && model_window_is_idle(&group->window);
}

/* Does this need counters of threads and engines? */
static inline bool group_needs_users(enum group_by by)
{
	return by >= GROUP_BY_PROCESS;
}

/* Make the groups of a model; none of GROUP_BY_BUFFER. */
void group_build(struct groups *groups, const struct model *model);
void group_free(struct groups *groups);

#endif /* GROUP_H */
