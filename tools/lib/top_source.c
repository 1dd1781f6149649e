// SPDX-License-Identifier: GPL-2.0-only
#include "top_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "format.h"
#include "identity.h"
#include "rings.h"

#include "dmasync_top.skel.h"

/* Fits any value of the maps that are read as a whole. */
#define SOURCE_VALUE_SIZE						\
	(sizeof(struct top_entry) > sizeof(struct top_buffer) ?		\
	 sizeof(struct top_entry) : sizeof(struct top_buffer))
/* When the kernel's snapshot had not all, or was not there: how soon to look again. */
#define AGAIN_NS	(10 * CLOCK_NSEC_PER_SEC)
/* Reading in the middle of a change twice in a row is rare enough. */
#define READ_TRIES	4

static void source_filters(struct dmasync_top_bpf *skel, const struct top_limits *limits)
{
	skel->rodata->filter_ino = limits->ino;
	skel->rodata->filter_tgid = limits->tgid;
	skel->rodata->filter_tid = limits->tid;
	memcpy((void *)skel->rodata->filter_comm, limits->comm, sizeof(limits->comm));
	memcpy((void *)&skel->rodata->filter_glob, &limits->glob, sizeof(limits->glob));
}

static struct bpf_object_skeleton *source_open(void *priv, enum session_probe probe)
{
	struct top_source *source = priv;
	const struct top_limits *limits = source->limits;
	struct dmasync_top_bpf *skel = dmasync_top_bpf__open();
	uint32_t set;

	if (!skel)
		return NULL;
	for (set = 0; set < TOP_NR_USE_SETS; set++)
		skel->rodata->busy_times[set] = top_busy_times(set);
	source_filters(skel, limits);
	skel->rodata->above_ns = limits->above_ns;
	skel->rodata->ring_shift = RINGS_SHIFT;
	bpf_map__set_max_entries(skel->maps.accesses, limits->max_accesses);
	bpf_map__set_max_entries(skel->maps.buffers, limits->max_buffers);
	bpf_map__set_max_entries(skel->maps.identities, limits->max_buffers);
	bpf_map__set_max_entries(skel->maps.passing, limits->max_buffers);
	bpf_map__set_max_entries(skel->maps.rings, rings_count());
	source->skel = skel;
	source->probe = probe;
	top_waits_open(source);
	return skel->skeleton;
}

static int source_event(void *priv, void *data, size_t size)
{
	struct top_source *source = priv;

	if (size >= sizeof(struct top_event))
		model_event_add(source->model, data);
	return 0;
}

static int source_loaded(void *priv)
{
	struct top_source *source = priv;
	int err;

	err = rings_open(source->skel->maps.rings, source->limits->ring_bytes, source_event,
			 source, &source->rings);
	if (!err)
		err = top_waits_start(source);
	if (err)
		return err;
	source->ends_error = top_ends_open(source);
	/* Without the module these are all there are. */
	if (source->ends_error && source->probe == SESSION_PROBE_STOCK)
		return source->ends_error;
	top_users_start(source);
	top_passing_update(source);
	source->passing_ns = clock_now_ns() + AGAIN_NS;
	return 0;
}

/* Compare the accesses in the map with the kernel's, and see when to do so again. */
static void source_sync(struct top_source *source)
{
	uint64_t before = source->unlisted;

	/* There is no snapshot. */
	if (source->probe == SESSION_PROBE_STOCK) {
		source->sync_error = 0;
		source->sync_ns = UINT64_MAX;
		return;
	}
	source->sync_error = top_sync(source);
	if (source->unlisted > before)
		source->model->lost.unlisted += source->unlisted - before;
	if (source->no_room || source->unsure)
		source->sync_ns = 0;
	else if (source->sync_error || source->unlisted)
		source->sync_ns = clock_now_ns() + AGAIN_NS;
	else
		source->sync_ns = UINT64_MAX;
}

/*
 * What is missing of what was there before the first event. Most of the requests with
 * blockers that are not listed have so many listed that the program has counted them.
 */
static void source_lost_at_start(struct top_source *source)
{
	uint64_t counted = source->skel->data_lost->lost.edges;

	source->model->lost.accesses += source->no_room;
	if (source->cut > counted)
		source->model->lost.edges += source->cut - counted;
}

static int source_attached(void *priv)
{
	struct top_source *source = priv;

	model_clear(source->model);
	source->attached_ns = clock_now_ns();
	source->window_begin_ns = source->attached_ns;
	source->number = 0;
	memset(&source->lost, 0, sizeof(source->lost));
	source->lost_syncs = 0;
	source->lost_users = 0;
	memset(&source->use, 0, sizeof(source->use));
	cost_begin(&source->cost);
	source->unlisted = 0;
	source->no_room = 0;
	source->cut = 0;
	source->unsure = false;
	source_sync(source);
	source_lost_at_start(source);
	return 0;
}

static void source_close(void *priv)
{
	struct top_source *source = priv;

	top_ends_close(source);
	ring_buffer__free(source->rings);
	source->rings = NULL;
	dmasync_top_bpf__destroy(source->skel);
	source->skel = NULL;
}

const struct session_ops top_source_ops = {
	.open = source_open,
	.loaded = source_loaded,
	.attached = source_attached,
	.close = source_close,
};

/* Keys and values of a whole map. Return: how many, or a negative errno. */
static int source_map(struct top_source *source, const struct bpf_map *map)
{
	uint32_t batch, count = bpf_map__max_entries(map);
	int err;

	err = bpf_map_lookup_batch(bpf_map__fd(map), NULL, &batch, source->keys,
				   source->values, &count, NULL);
	return err && err != -ENOENT ? err : (int)count;
}

int top_source_accesses(struct top_source *source)
{
	return source_map(source, source->skel->maps.accesses);
}

/* What the first user told; a name that was given since is found in fdinfo. */
static void source_identity(struct top_source *source, struct model_buffer *buffer)
{
	struct top_identity identity;

	if (buffer->size || bpf_map_lookup_elem(bpf_map__fd(source->skel->maps.identities),
						&buffer->ino, &identity))
		return;
	buffer->size = identity.size;
	format_array(buffer->exporter, identity.class.exporter, sizeof(buffer->exporter));
	format_array(buffer->name, identity.class.name, sizeof(buffer->name));
}

/* Buffers of other users that fit the pattern may have pushed this one out. */
static void source_passing(struct top_source *source, uint64_t ino)
{
	if (!top_passing_restore(source, ino))
		return;
	source->model->lost.buffers++;
	/* What it has now is in the snapshot. */
	source->sync_ns = 0;
}

static void source_buffer(struct top_source *source, uint64_t ino,
			  struct top_buffer *entry)
{
	int fd = bpf_map__fd(source->skel->maps.buffers), tries = READ_TRIES;
	struct model *model = source->model;
	struct model_buffer *buffer = model_buffer_get(model, ino);
	struct interval use = buffer->use;
	uint64_t now_ns = model->now_ns;

	while (!interval_read(&entry->busy, source->attached_ns, now_ns, &use)) {
		use = buffer->use;
		if (!--tries || bpf_map_lookup_elem(fd, &ino, entry))
			break;
		now_ns = clock_now_ns();
	}
	model_buffer_sample(model, buffer, entry, &use, source->number);
	source_identity(source, buffer);
	if (!entry->gone) {
		source_passing(source, ino);
		return;
	}
	bpf_map_delete_elem(fd, &ino);
	model_buffer_gone(model, buffer, &entry->class);
}

/* @nr: of them are in source->keys and ->values. */
static void source_buffers(struct top_source *source, int nr)
{
	struct top_buffer *entries = source->values;
	int i;

	for (i = 0; i < nr; i++)
		source_buffer(source, source->keys[i], &entries[i]);
}

/* What all CPUs have counted. */
static struct top_counters source_total_counters(struct top_source *source)
{
	int fd = bpf_map__fd(source->skel->maps.totals), nr = libbpf_num_possible_cpus(), i;
	struct top_counters *cpus = calloc(nr, sizeof(*cpus)), sum = { 0 };
	uint32_t zero = 0;

	if (!cpus)
		err(1, "no memory for the counters of %d CPUs", nr);
	if (!bpf_map_lookup_elem(fd, &zero, cpus))
		for (i = 0; i < nr; i++)
			model_counters_sum(&sum, &cpus[i]);
	free(cpus);
	return sum;
}

/* The name of a task that did not make its requests itself. */
static void source_name(struct top_access *access)
{
	char path[48], comm[TOP_COMM_LEN] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", access->tid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	memcpy(access->comm, comm, sizeof(access->comm));
}

/* What the engine of a job is called. */
static const struct top_timeline *source_timeline(struct top_source *source,
						  const struct top_access *access,
						  struct top_timeline *timeline)
{
	if (access->state < TOP_STATE_COMMITTED ||
	    bpf_map_lookup_elem(bpf_map__fd(source->skel->maps.timelines),
				&access->fence_context, timeline))
		return NULL;
	format_array(timeline->name, timeline->name, sizeof(timeline->name));
	format_array(timeline->driver, timeline->driver, sizeof(timeline->driver));
	return timeline;
}

static void source_accesses(struct top_source *source)
{
	struct top_timeline timeline;
	struct top_entry *entries = source->values;
	int nr = top_source_accesses(source), i;

	for (i = 0; i < nr; i++) {
		struct top_access *access = &entries[i].access;

		if (access->state == TOP_STATE_NONE ||
		    access->state == TOP_STATE_GONE)
			continue;
		if (!access->comm[0])
			source_name(access);
		format_array(access->comm, access->comm, sizeof(access->comm));
		model_access_add(source->model, source->keys[i], &entries[i],
				 source_timeline(source, access, &timeline));
	}
}

/* Without the kernel's snapshot: what there was before, and is over. */
static void source_over(struct top_source *source)
{
	uint32_t batch, count = TOP_NR_OVER;
	int err;

	if (source->model->complete)
		return;
	err = bpf_map_lookup_batch(bpf_map__fd(source->skel->maps.over), NULL, &batch,
				   source->over, source->over_values, &count, NULL);
	model_over_set(source->model, source->over, !err || err == -ENOENT ? count : 0);
}

static struct top_busy source_busy(const struct top_source *source)
{
	return *(volatile struct top_busy *)&source->skel->data_busy->total;
}

/* @busy: as it was at the end of the window */
static void source_total(struct top_source *source, struct top_busy busy)
{
	struct model *model = source->model;
	struct interval use = source->use;
	uint64_t now_ns = model->now_ns;
	int tries = READ_TRIES;

	while (!interval_read(&busy, source->attached_ns, now_ns, &use)) {
		use = source->use;
		if (!--tries)
			break;
		busy = source_busy(source);
		now_ns = clock_now_ns();
	}
	interval_diff(&use, &source->use, model->window_ns, &model->total.use);
	source->use = use;
}

/*
 * What was lost since the last call is added to what was lost before.
 * Return: are accesses among it?
 */
static bool source_lost(struct top_source *source)
{
	struct top_lost now = *(volatile struct top_lost *)&source->skel->data_lost->lost;
	struct model_lost *lost = &source->model->lost;
	bool full = now.accesses != source->lost.accesses;

	lost->accesses += now.accesses - source->lost.accesses;
	lost->buffers += now.buffers - source->lost.buffers;
	lost->edges += now.edges - source->lost.edges;
	lost->events += now.events - source->lost.events;
	source->lost = now;
	lost->accesses += top_ends_lost(source) - source->lost_syncs;
	source->lost_syncs = top_ends_lost(source);
	lost->users += top_users_lost(source) - source->lost_users;
	source->lost_users = top_users_lost(source);
	return full;
}

/* What events did not tell the snapshot does, before the window is shown. */
static void source_repair(struct top_source *source)
{
	uint64_t now_ns = clock_now_ns();
	bool due = source->sync_ns <= now_ns;

	if (source->passing_ns <= now_ns) {
		due |= top_passing_update(source);
		source->passing_ns = now_ns + AGAIN_NS;
	}
	cost_read(&source->cost, source->skel->obj, top_ends_object(source));
	source->model->lost.missed += source->cost.missed;
	if (source_lost(source) || source->cost.missed || due)
		source_sync(source);
}

/* The place of a buffer that was not used for long is needed for others. */
static void source_forget(struct top_source *source)
{
	int fd = bpf_map__fd(source->skel->maps.buffers);
	struct model *model = source->model;
	uint64_t old_ns = source->limits->forget_s * CLOCK_NSEC_PER_SEC;
	struct top_buffer last;
	size_t i;

	for (i = model->nr_buffers; i-- > 0; ) {
		struct model_buffer *buffer = model->buffers[i];
		uint64_t ino = buffer->ino;

		if (buffer->nr_held || buffer->nr_waiting ||
		    model->now_ns - buffer->active_ns < old_ns)
			continue;
		/* It may have been used since it was read. */
		if (!bpf_map_lookup_and_delete_elem(fd, &ino, &last))
			model->lost.buffers += last.count.acquired -
					       buffer->counters.acquired;
		model_buffer_drop(model, ino);
	}
}

void top_source_read(struct top_source *source)
{
	struct top_counters counters;
	struct top_busy busy;
	uint64_t now_ns;
	bool full;
	int nr;

	source_repair(source);
	source->skel->bss->window = source->number + 1;
	top_ends_window(source, source->number + 1);
	counters = source_total_counters(source);
	busy = source_busy(source);
	nr = source_map(source, source->skel->maps.buffers);
	/* What was read is from before this time, however long that took. */
	now_ns = clock_now_ns();
	model_begin(source->model, now_ns, now_ns - source->window_begin_ns);
	source->window_begin_ns = now_ns;
	ring_buffer__consume(source->rings);
	source_buffers(source, nr);
	top_ends_read(source);
	top_users_read(source);
	top_blames_read(source);
	top_waits_read(source);
	model_total_sample(source->model, &counters, source->number);
	source_total(source, busy);
	source_accesses(source);
	full = source_lost(source);
	if (full)
		source->sync_ns = 0;
	source->model->complete = !full && !source->sync_error &&
				  !source->no_room && !source->unlisted;
	source_over(source);
	source->model->filtered = source->limits->tgid || source->limits->tid ||
				  source->limits->comm[0];
	model_end(source->model);
	identity_update(source->model);
	top_waits_identify(source);
	source_forget(source);
	source->number++;
}

void top_source_idle(struct top_source *source)
{
	uint64_t now_ns = clock_now_ns();

	model_clear(source->model);
	model_begin(source->model, now_ns, now_ns - source->window_begin_ns);
	source->window_begin_ns = now_ns;
	cost_read(&source->cost, NULL, NULL);
}

void top_source_init(struct top_source *source, const struct top_limits *limits,
		     struct model *model)
{
	uint32_t max = limits->max_accesses > limits->max_buffers ?
		       limits->max_accesses : limits->max_buffers;

	*source = (struct top_source){
		.limits = limits,
		.model = model,
		.window_begin_ns = clock_now_ns(),
		.keys = calloc(max, sizeof(*source->keys)),
		.values = calloc(max, SOURCE_VALUE_SIZE),
	};
	if (!source->keys || !source->values)
		err(1, "no memory for a copy of %u accesses: choose a smaller --max-accesses", max);
	cost_open(&source->cost);
	cost_begin(&source->cost);
}

void top_source_end(struct top_source *source)
{
	cost_close(&source->cost);
	model_clear(source->model);
	free(source->keys);
	free(source->values);
}
