/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's programs and maps, and how a model is made of them. */
#ifndef TOP_SOURCE_H
#define TOP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cost.h"
#include "model.h"
#include "session.h"
#include "top_limits.h"

struct bpf_object;
struct dmasync_buffers_bpf;
struct dmasync_top_bpf;
struct ring_buffer;

/**
 * struct top_source - one attachment after the other
 * @limits: from the options
 * @model: what it fills in
 * @cost: what it costs
 * @skel: the programs while there are any
 * @probe: what they are attached to
 * @ends: programs that see the end of buffers, and stock waits, or NULL
 * @ends_error: why there are none
 * @stock_missing: of the kernel's own events: functions that cannot be attached to
 * @rings: events
 * @window_begin_ns: end of the last window
 * @attached_ns: begin of the first one
 * @number: of the window
 * @passing_ns: when to look for names of buffers again
 * @sync_ns: when to compare the accesses in the map with those of the kernel
 * @sync_error: what top_sync() returned the last time
 * @no_room: that time: accesses for which there was no room in the map
 * @unlisted: accesses that the kernel did not list, and no event told of
 * @cut: requests of which it did not list all blockers
 * @unsure: there were requests too new to tell whether they are over
 * @lost: what these programs have lost, as far as it is in the model
 * @lost_syncs: likewise
 * @lost_users: likewise
 * @users: counters of threads and engines are wanted
 * @use: of all buffers, likewise
 * @over: accesses that are over and were never seen before
 * @over_values: room for what the map has of these
 * @keys: room for all keys of a map
 * @values: room for all values of a map
 */
struct top_source {
	const struct top_limits *limits;
	struct model *model;
	struct cost cost;
	struct dmasync_top_bpf *skel;
	enum session_probe probe;
	struct dmasync_buffers_bpf *ends;
	int ends_error;
	char stock_missing[192];
	struct ring_buffer *rings;
	uint64_t window_begin_ns;
	uint64_t attached_ns;
	uint32_t number;
	uint64_t passing_ns;
	uint64_t sync_ns;
	int sync_error;
	uint64_t no_room;
	uint64_t unlisted;
	uint64_t cut;
	bool unsure;
	struct top_lost lost;
	uint64_t lost_syncs;
	uint64_t lost_users;
	bool users;
	struct interval use;
	uint64_t over[TOP_NR_OVER];
	uint32_t over_values[TOP_NR_OVER];
	uint64_t *keys;
	void *values;
};

extern const struct session_ops top_source_ops;

void top_source_init(struct top_source *source, const struct top_limits *limits,
		     struct model *model);
void top_source_end(struct top_source *source);

/* End the window: the model gets everything up to now. */
void top_source_read(struct top_source *source);
/* End the window without programs: an empty model. */
void top_source_idle(struct top_source *source);

/*
 * All accesses there are in the map, in source->keys and source->values.
 * Return: how many, or a negative errno.
 */
int top_source_accesses(struct top_source *source);

/*
 * top_ends.c: buffers that are gone, and calls of DMA_BUF_IOCTL_SYNC. top_ends_open() returns
 * a negative errno when the kernel has no BTF or the programs cannot be attached: then all is
 * as before, but buffers stay for a while when they are gone, and the calls are not seen.
 */
int top_ends_open(struct top_source *source);
void top_ends_window(struct top_source *source, uint32_t number);
void top_ends_read(struct top_source *source);
/* The programs, or NULL. */
struct bpf_object *top_ends_object(const struct top_source *source);
/* Calls for which there was no room. */
uint64_t top_ends_lost(const struct top_source *source);
void top_ends_close(struct top_source *source);

/*
 * top_stock.c: the kernel's own events, while the module is not there. Which of the programs
 * are loaded; attach them; and see what buffers there are.
 */
int top_stock_choose(struct top_source *source, struct dmasync_buffers_bpf *ends);
int top_stock_attach(struct top_source *source, struct dmasync_buffers_bpf *ends);

/* top_blames.c: who waited because of whom. */
void top_blames_read(struct top_source *source);

/*
 * top_users.c: counters of threads and engines; once they are wanted they are kept as long as
 * programs are attached.
 */
void top_users_want(struct top_source *source);
/* The programs are new ones. */
void top_users_start(struct top_source *source);
void top_users_read(struct top_source *source);
/* Events of those for which there was no room. */
uint64_t top_users_lost(const struct top_source *source);

/* top_waits.c: histograms of waits, if there are any. */
void top_waits_open(struct top_source *source);
int top_waits_start(struct top_source *source);
void top_waits_read(struct top_source *source);
/* What the model knows of its buffers is where the programs look for it. */
void top_waits_identify(struct top_source *source);

/*
 * top_passing.c: let buffers pass that fit the pattern. Return: true when there are some that
 * did not before.
 */
bool top_passing_update(struct top_source *source);
/* Does this buffer pass? */
bool top_passing_has(const struct top_source *source, uint64_t ino);
/*
 * This one did: let it do so again. Return: true when others had taken its place, so that its
 * latest events were not counted.
 */
bool top_passing_restore(const struct top_source *source, uint64_t ino);

/*
 * top_sync.c: make the map of accesses agree with the kernel's snapshot; source->no_room,
 * ->unlisted, ->cut and ->unsure tell how well it does. Return: 0 or a negative errno.
 */
int top_sync(struct top_source *source);

#endif /* TOP_SOURCE_H */
