/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of buffers, accesses, their owners and who waits for whom, at the
 * end of a window of time. Filled in by a source, read by every view.
 *
 *	model_begin(); model_buffer_get(), model_access_add() ...; model_end()
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/dmasync_top.h"
#include "interval.h"

#define MODEL_NAME_SIZE	32

/* Beside the kernel's kinds of owners: a call of DMA_BUF_IOCTL_SYNC, which is no access. */
#define MODEL_KIND_SYNC	4

/**
 * struct model_window - what happened in a window, on one buffer or on all
 * @count: what the counters grew by. Of the waits, those that ended in the window and, with their
 *	length so far, those in progress at its end
 * @wait_max_ns: the longest of these waits
 * @oldest_ns: of those in progress
 * @use: times
 */
struct model_window {
	struct top_counters count;
	uint64_t wait_max_ns;
	uint64_t oldest_ns;
	struct interval use;
};

/**
 * struct model_buffer - a dma-buf that the framework saw in use, or those that are gone
 * @ino: inode number; 0: the row sums buffers that are gone, by @name and @exporter
 * @name: empty when it has none, or it is not known
 * @exporter: empty when not known
 * @size: bytes, 0 when not known
 * @look_ns: when to look for these (again)
 * @tgid: a process that uses it
 * @counters: since the source was attached, at the end of the window
 * @use: likewise
 * @window: what the window added
 * @window_ns: its length
 * @active_ns: when the source last saw it change
 * @holder: the oldest access that is held, or NULL
 * @nr_held: accesses held
 * @nr_waiting: requests for it that wait
 * @waiter: owner of the one that was counted last
 * @nr_gone: buffers that the window added to this row
 * @summed: of such a row: what the source had summed up to the end of the window
 */
struct model_buffer {
	uint64_t ino;
	char name[MODEL_NAME_SIZE];
	char exporter[MODEL_NAME_SIZE];
	uint64_t size;
	uint64_t look_ns;
	uint32_t tgid;

	struct top_counters counters;
	struct interval use;
	struct model_window window;
	uint64_t window_ns;
	uint64_t active_ns;

	const struct model_access *holder;
	unsigned int nr_held;
	unsigned int nr_waiting;
	uint64_t waiter;
	uint64_t nr_gone;
	struct top_gone summed;
};

/**
 * struct model_access - an access that is held or waits
 * @id: access id
 * @at: as the source has it
 * @buffer: its buffer
 * @now_ns: when it was seen, for ages
 * @timeline: names of the fence context of its job, empty when not known
 * @behind: while it waits: which of them is at fault
 * @nr_edges: entries of @edges in use
 * @edges: who blocks it now, while it waits
 * @more_edges: further accesses may block it: the source did not keep all
 * @mark: for walks
 * @visit: likewise
 */
struct model_access {
	uint64_t id;
	struct top_access at;
	const struct model_buffer *buffer;
	uint64_t now_ns;
	struct top_timeline timeline;
	struct top_behind behind;
	unsigned int nr_edges;
	struct top_edge edges[TOP_NR_EDGES];
	bool more_edges;
	unsigned int mark;
	unsigned int visit;
};

/**
 * struct model_user - a thread or an engine with counters of its own
 * @key: who it is
 * @counters: since they were asked for, at the end of the window
 * @window: what the window added; of waits those that are over, and no times
 * @active_ns: when it was last found to have counted something
 */
struct model_user {
	struct top_user key;
	struct top_counters counters;
	struct model_window window;
	uint64_t active_ns;
};

/* Waits that are over. */
struct model_blame {
	struct top_blame_key key;
	struct top_blame sum;
};

/* The same by kind of buffer, and how long they were. */
struct model_waits {
	struct top_wait_key key;
	struct top_waits sum;
};

struct model_timeline {
	uint64_t context;
	struct top_timeline timeline;
};

/* What was lost since the tool was started; see struct top_lost. */
struct model_lost {
	uint64_t accesses;
	uint64_t buffers;
	uint64_t edges;
	uint64_t events;
	uint64_t users;
	uint64_t missed;	/* program runs: an event within an event */
	uint64_t unlisted;	/* accesses that the kernel's snapshot left out */
};

static inline uint64_t model_lost_sum(const struct model_lost *lost)
{
	return lost->accesses + lost->buffers + lost->edges + lost->events +
	       lost->users + lost->missed + lost->unlisted;
}

/**
 * struct model - all of it
 * @now_ns: CLOCK_MONOTONIC at the end of the window
 * @window_ns: its length
 * @complete: every access is here, so an edge to one that is not is over
 * @over: accesses that are over, sorted: what may not be here without @complete
 * @nr_over: how many
 * @recorded: it is of a recording, not of now
 * @filtered: only accesses that pass matter, and those in their way; not: all do
 * @buffers: sorted by inode number
 * @classes: buffers that are gone
 * @accesses: sorted by id, after model_end()
 * @waiting: those that wait, sorted by owner, after model_end()
 * @jobs: jobs that engines have, queued or running, one access of each; by fence
 * @events: of the window, by time
 * @users: threads and engines, sorted by key; none unless they are asked for
 * @blames: waits that are over, by who waited and who was in the way
 * @blame_left_waits: those that are not in @blames
 * @blame_left_ns: likewise
 * @waits: histograms of waits that are over, if the source keeps them
 * @timelines: names of fence contexts, by number
 * @total: of all buffers, whether they are in @buffers or not; @use is the union over them
 * @counters: likewise, since the source was attached
 * @nr_requests: requests that wait; a job of several accesses counts once
 * @nr_held_cpu: CPU accesses held
 * @nr_held_dma: DMA accesses held
 * @nr_jobs_queued: jobs that their engine has not begun; one of several accesses counts once
 * @nr_jobs_running: jobs that it has
 * @lost: what is missing
 */
struct model {
	uint64_t now_ns;
	uint64_t window_ns;
	bool complete;
	const uint64_t *over;
	size_t nr_over;
	bool recorded;
	bool filtered;

	struct model_buffer **buffers;
	size_t nr_buffers, max_buffers;
	struct model_buffer **classes;
	size_t nr_classes, max_classes;
	struct model_access *accesses;
	size_t nr_accesses, max_accesses;
	struct model_access **waiting;
	size_t nr_waiting, max_waiting;
	struct model_access **jobs;
	size_t nr_jobs, max_jobs;
	struct top_event *events;
	size_t nr_events, max_events;
	struct model_user *users;
	size_t nr_users;
	struct model_blame *blames;
	size_t nr_blames;
	uint64_t blame_left_waits;
	uint64_t blame_left_ns;
	struct model_waits *waits;
	size_t nr_waits, max_waits;
	struct model_timeline *timelines;
	size_t nr_timelines;

	struct model_window total;
	struct top_counters counters;
	unsigned int nr_requests;
	unsigned int nr_held_cpu;
	unsigned int nr_held_dma;
	unsigned int nr_jobs_queued;
	unsigned int nr_jobs_running;
	struct model_lost lost;
};

static inline uint64_t model_sum(const top_u64 *numbers, unsigned int nr)
{
	uint64_t sum = 0;

	while (nr--)
		sum += numbers[nr];
	return sum;
}

static inline bool model_window_is_idle(const struct model_window *window)
{
	return !window->count.acquired && !window->count.failed &&
	       !model_sum(window->count.released, 2) && !window->count.syncs;
}

/* Nobody had it, wanted it or let it go in the window. */
static inline bool model_buffer_is_idle(const struct model_buffer *buffer)
{
	return !buffer->nr_held && !buffer->nr_waiting &&
	       model_window_is_idle(&buffer->window) && !buffer->nr_gone;
}

/* Waits behind others of the same agent, and behind the other agent. */
static inline uint64_t model_window_contended(const struct model_window *window)
{
	const top_u64 *waits = window->count.waits;

	return waits[TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_CPU)] +
	       waits[TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_DMA)];
}

static inline uint64_t model_window_handed(const struct model_window *window)
{
	return model_sum(window->count.waits, TOP_NR_PAIRS) - model_window_contended(window);
}

/* Requests of the window that were acquired, gave up waiting, or wait. */
static inline uint64_t model_window_requests(const struct model_window *window)
{
	return window->count.acquired + model_sum(window->count.waits, TOP_NR_PAIRS) -
	       window->count.contended;
}

static inline bool model_access_is_sync(const struct model_access *access)
{
	return access->at.kind == MODEL_KIND_SYNC;
}

/* It is not only kept because it is in somebody's way. */
static inline bool model_access_counts(const struct model *model,
				       const struct model_access *access)
{
	return !model->filtered || access->at.passes;
}

static inline bool model_access_waits(const struct model_access *access)
{
	return access->at.state < TOP_STATE_HELD;
}

/*
 * Does who waits for @access also wait for what its owner waits for elsewhere? Not
 * behind a running job; but behind a request that nothing blocks here, because it is
 * acquired together with one of another buffer.
 */
static inline bool model_access_goes_on(const struct model_access *access)
{
	if (model_access_waits(access))
		return !access->nr_edges && !model_access_is_sync(access);
	return access->at.state == TOP_STATE_HELD && !access->at.fence_wait;
}

/* Done or not, it is an access of a job that was given to an engine. */
static inline bool model_access_is_job(const struct model_access *access)
{
	return access->at.state >= TOP_STATE_COMMITTED;
}

static inline uint64_t model_access_age_ns(const struct model_access *access)
{
	return access->now_ns > access->at.since_ns ?
	       access->now_ns - access->at.since_ns : 0;
}

/* A window ends: forget the accesses and events of the one before. */
void model_begin(struct model *model, uint64_t now_ns, uint64_t window_ns);
/* Find a buffer, or NULL. */
struct model_buffer *model_buffer_find(const struct model *model, uint64_t ino);
/* Find a buffer, or make one. */
struct model_buffer *model_buffer_get(struct model *model, uint64_t ino);
/* @buffer's counters and use at the end of window @number. */
void model_buffer_sample(struct model *model, struct model_buffer *buffer,
			 const struct top_buffer *entry,
			 const struct interval *use, uint32_t number);
void model_buffer_drop(struct model *model, uint64_t ino);
/* It was sampled for the last time: its counters go to its class. */
void model_buffer_gone(struct model *model, struct model_buffer *buffer,
		       const struct top_class *class);
/* What the source has summed of buffers that are gone, at the end of window @number. */
void model_class_sample(struct model *model, const struct top_class *class,
			const struct top_gone *sum, uint32_t number);
/* Add up counters of several CPUs. */
void model_counters_sum(struct top_counters *sum, const struct top_counters *add);
/* The counters of all buffers, likewise. */
void model_total_sample(struct model *model, const struct top_counters *count,
			uint32_t number);
/* Counters of all threads and engines at the end of window @number. */
void model_users_sample(struct model *model, const struct top_user *keys,
			const struct top_counters *counters, size_t nr, uint32_t number);
/* All pairs since the source was attached, and all names of fence contexts. */
void model_blames_set(struct model *model, const struct top_blame_key *keys,
		      const struct top_blame *sums, size_t nr);
void model_timelines_set(struct model *model, const uint64_t *contexts,
			 const struct top_timeline *timelines, size_t nr);
/* Histograms since the source was attached: first none, then one after the other. */
void model_waits_reset(struct model *model);
void model_waits_add(struct model *model, const struct top_wait_key *key,
		     const struct top_waits *sum);
/* Return: NULL when it is not known. */
const struct top_timeline *model_timeline(const struct model *model, uint64_t context);
/* What came between two readings, the latter at the end of window @number. */
void model_window_add(struct model_window *window, const struct top_counters *now,
		      const struct top_counters *before, uint32_t number);
/* Two windows of the same time as one, but for times of use. */
void model_window_fold(struct model_window *window, const struct model_window *add);
/* An access that waits counts from its beginning, not only when its wait is over. */
void model_window_wait(const struct model *model, struct model_window *window,
		       const struct model_access *access);
/* @timeline: of a job; NULL: not known. */
void model_access_add(struct model *model, uint64_t id, const struct top_entry *entry,
		      const struct top_timeline *timeline);
/* A call of DMA_BUF_IOCTL_SYNC that waits; @task: as in struct top_sync. */
void model_sync_add(struct model *model, uint64_t task, const struct top_sync *sync);
void model_event_add(struct model *model, const struct top_event *event);
/* Accesses that are over, in any order; @ids are sorted, and valid up to model_end(). */
void model_over_set(struct model *model, uint64_t *ids, size_t nr);
/* Part of model_end(): which of its blockers are still in the way of a request that waits? */
void model_edges(struct model *model, struct model_access *access);
/* Everything is there: sort, link and sum. */
void model_end(struct model *model);

struct model_access *model_access_find(const struct model *model, uint64_t id);
/* The first of @model->waiting that is of this owner; @nr gets how many are. */
struct model_access **model_owner_waiting(const struct model *model,
					  uint64_t owner, size_t *nr);

/* The job that the engine has in front of that of @access, or NULL. */
struct model_access *model_job_ahead(const struct model *model,
				     const struct model_access *access);

/* Forget everything but what was lost. */
void model_clear(struct model *model);

#endif /* MODEL_H */
