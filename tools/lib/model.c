// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dmabuf_sync.h>

#include "reach.h"

/* Room for one more entry of an array. */
static void *model_grow(void *array, size_t nr, size_t *max, size_t size)
{
	if (nr < *max)
		return array;
	*max = *max ? *max * 2 : 64;
	array = reallocarray(array, *max, size);
	if (!array)
		err(1, "no memory for %zu entries", *max);
	return array;
}

void model_begin(struct model *model, uint64_t now_ns, uint64_t window_ns)
{
	size_t i;

	model->now_ns = now_ns;
	model->window_ns = window_ns;
	model->nr_accesses = 0;
	model->nr_waiting = 0;
	model->nr_events = 0;
	model->nr_requests = 0;
	model->nr_held_cpu = 0;
	model->nr_held_dma = 0;
	memset(&model->total, 0, sizeof(model->total));
	for (i = 0; i < model->nr_classes; i++) {
		memset(&model->classes[i]->window, 0, sizeof(model->classes[i]->window));
		model->classes[i]->nr_gone = 0;
		model->classes[i]->window_ns = window_ns;
	}
	for (i = 0; i < model->nr_buffers; i++) {
		struct model_buffer *buffer = model->buffers[i];

		memset(&buffer->window, 0, sizeof(buffer->window));
		buffer->holder = NULL;
		buffer->nr_held = 0;
		buffer->nr_waiting = 0;
		buffer->waiter = 0;
		buffer->window_ns = window_ns;
	}
}

/* Where the buffer is, or belongs. */
static size_t model_buffer_place(const struct model *model, uint64_t ino)
{
	size_t low = 0, high = model->nr_buffers;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->buffers[middle]->ino < ino)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct model_buffer *model_buffer_find(const struct model *model, uint64_t ino)
{
	size_t place = model_buffer_place(model, ino);

	if (place == model->nr_buffers || model->buffers[place]->ino != ino)
		return NULL;
	return model->buffers[place];
}

struct model_buffer *model_buffer_get(struct model *model, uint64_t ino)
{
	struct model_buffer *buffer = model_buffer_find(model, ino);
	size_t place = model_buffer_place(model, ino);

	if (buffer)
		return buffer;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		err(1, "no memory for a buffer");
	buffer->ino = ino;
	buffer->window_ns = model->window_ns;
	buffer->active_ns = model->now_ns;
	model->buffers = model_grow(model->buffers, model->nr_buffers,
				    &model->max_buffers,
				    sizeof(*model->buffers));
	memmove(&model->buffers[place + 1], &model->buffers[place],
		(model->nr_buffers - place) * sizeof(*model->buffers));
	model->buffers[place] = buffer;
	model->nr_buffers++;
	return buffer;
}

void model_buffer_drop(struct model *model, uint64_t ino)
{
	size_t place = model_buffer_place(model, ino);

	if (place == model->nr_buffers || model->buffers[place]->ino != ino)
		return;
	free(model->buffers[place]);
	model->nr_buffers--;
	memmove(&model->buffers[place], &model->buffers[place + 1],
		(model->nr_buffers - place) * sizeof(*model->buffers));
}

static uint64_t model_wait_max(const struct top_counters *count, uint32_t number)
{
	uint64_t max = count->wait_max[number & 1];

	return TOP_MAX_WINDOW(max) == TOP_MAX_TAG(number) ? max & TOP_MAX_NS : 0;
}

static void model_raise(uint64_t *max, uint64_t value)
{
	if (value > *max)
		*max = value;
}

/* Add what came between two readings. */
static void model_counters_add(struct top_counters *sum, const struct top_counters *now,
			       const struct top_counters *before)
{
	const top_u64 *a = (const top_u64 *)now, *b = (const top_u64 *)before;
	top_u64 *to = (top_u64 *)sum;
	size_t i;

	for (i = 0; i < TOP_NR_SUMS; i++)
		to[i] += a[i] - b[i];
}

void model_window_add(struct model_window *window, const struct top_counters *now,
		      const struct top_counters *before, uint32_t number)
{
	model_counters_add(&window->count, now, before);
	model_raise(&window->wait_max_ns, model_wait_max(now, number));
}

void model_window_fold(struct model_window *window, const struct model_window *add)
{
	static const struct top_counters zero;

	model_counters_add(&window->count, &add->count, &zero);
	model_raise(&window->wait_max_ns, add->wait_max_ns);
	model_raise(&window->oldest_ns, add->oldest_ns);
}

void model_buffer_sample(struct model *model, struct model_buffer *buffer,
			 const struct top_buffer *entry,
			 const struct interval *use, uint32_t number)
{
	const struct top_counters *before = &buffer->counters;

	model_window_add(&buffer->window, &entry->count, before, number);
	interval_diff(use, &buffer->use, model->window_ns, &buffer->window.use);
	if (memcmp(&entry->count, before, sizeof(*before)))
		buffer->active_ns = model->now_ns;
	buffer->counters = entry->count;
	buffer->use = *use;
	if (entry->tgid)
		buffer->tgid = entry->tgid;
}

void model_total_sample(struct model *model, const struct top_counters *count,
			uint32_t number)
{
	model_window_add(&model->total, count, &model->counters, number);
	model->counters = *count;
}

static bool model_class_is(const struct model_buffer *row, const struct top_class *class)
{
	return !strcmp(row->exporter, class->exporter) && !strcmp(row->name, class->name);
}

static struct model_buffer *model_class_get(struct model *model,
					    const struct top_class *class)
{
	struct model_buffer *row;
	size_t i;

	for (i = 0; i < model->nr_classes; i++)
		if (model_class_is(model->classes[i], class))
			return model->classes[i];
	row = calloc(1, sizeof(*row));
	if (!row)
		err(1, "no memory for a class of buffers");
	snprintf(row->exporter, sizeof(row->exporter), "%s", class->exporter);
	snprintf(row->name, sizeof(row->name), "%s", class->name);
	row->window_ns = model->window_ns;
	model->classes = model_grow(model->classes, model->nr_classes,
				    &model->max_classes, sizeof(*model->classes));
	model->classes[model->nr_classes++] = row;
	return row;
}

void model_counters_sum(struct top_counters *sum, const struct top_counters *add)
{
	static const struct top_counters zero;
	unsigned int i;

	model_counters_add(sum, add, &zero);
	/* The number of the window is above the time: the later one wins. */
	for (i = 0; i < 2; i++)
		if (add->wait_max[i] > sum->wait_max[i])
			sum->wait_max[i] = add->wait_max[i];
}

void model_class_sample(struct model *model, const struct top_class *class,
			const struct top_gone *sum, uint32_t number)
{
	struct model_buffer *row = model_class_get(model, class);

	model_window_add(&row->window, &sum->count, &row->summed.count, number);
	model_counters_add(&row->counters, &sum->count, &row->summed.count);
	row->nr_gone += sum->nr_buffers - row->summed.nr_buffers;
	row->summed = *sum;
}

void model_buffer_gone(struct model *model, struct model_buffer *buffer,
		       const struct top_class *class)
{
	static const struct top_counters zero;
	struct model_buffer *row = model_class_get(model, class);

	model_window_fold(&row->window, &buffer->window);
	model_counters_add(&row->counters, &buffer->counters, &zero);
	row->nr_gone++;
	model_buffer_drop(model, buffer->ino);
}

void model_access_add(struct model *model, uint64_t id, const struct top_entry *entry,
		      const struct top_timeline *timeline)
{
	struct model_access *access;
	unsigned int i;

	model->accesses = model_grow(model->accesses, model->nr_accesses,
				     &model->max_accesses,
				     sizeof(*model->accesses));
	access = &model->accesses[model->nr_accesses++];
	memset(access, 0, sizeof(*access));
	access->id = id;
	access->at = entry->access;
	access->now_ns = model->now_ns;
	if (timeline)
		access->timeline = *timeline;
	if (!model_access_waits(access))
		return;
	access->behind = entry->behind;
	for (i = 0; i < TOP_NR_EDGES; i++)
		if (entry->edges[i].blocker)
			access->edges[access->nr_edges++] = entry->edges[i];
}

/* Ids of accesses never come that far. */
#define SYNC_ID		(1ULL << 63)

void model_sync_add(struct model *model, uint64_t task, const struct top_sync *sync)
{
	struct top_entry entry = {
		.access = {
			.ino = sync->ino,
			.since_ns = sync->since_ns,
			.wait_context = sync->context,
			.wait_seqno = sync->seqno,
			.fence_wait = 1,
			.state = TOP_STATE_BEHIND_DMA,
			.kind = MODEL_KIND_SYNC,
			.mode = sync->mode,
			.agent = TOP_AGENT_CPU,
			.passes = 1,
			.tgid = task >> 32,
			.tid = task,
		},
	};

	memcpy(entry.access.comm, sync->comm, sizeof(entry.access.comm));
	entry.behind.blocker = SYNC_ID;
	entry.behind.party.context = sync->context;
	model_access_add(model, SYNC_ID | task, &entry, NULL);
}

void model_event_add(struct model *model, const struct top_event *event)
{
	model->events = model_grow(model->events, model->nr_events,
				   &model->max_events, sizeof(*model->events));
	model->events[model->nr_events++] = *event;
}

void model_waits_reset(struct model *model)
{
	model->nr_waits = 0;
}

void model_waits_add(struct model *model, const struct top_wait_key *key,
		     const struct top_waits *sum)
{
	model->waits = model_grow(model->waits, model->nr_waits, &model->max_waits,
				  sizeof(*model->waits));
	model->waits[model->nr_waits++] = (struct model_waits){ .key = *key, .sum = *sum };
}

static int model_by_id(const void *a, const void *b)
{
	const struct model_access *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int model_by_time(const void *a, const void *b)
{
	const struct top_event *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static int model_by_owner(const void *a, const void *b)
{
	const struct model_access *x = *(struct model_access *const *)a;
	const struct model_access *y = *(struct model_access *const *)b;

	if (x->at.owner != y->at.owner)
		return x->at.owner > y->at.owner ? 1 : -1;
	return model_by_id(x, y);
}

struct model_access *model_access_find(const struct model *model, uint64_t id)
{
	struct model_access key = { .id = id };

	return model->nr_accesses ?
	       bsearch(&key, model->accesses, model->nr_accesses,
		       sizeof(*model->accesses), model_by_id) : NULL;
}

struct model_access **model_owner_waiting(const struct model *model,
					  uint64_t owner, size_t *nr)
{
	size_t low = 0, high = model->nr_waiting;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->waiting[middle]->at.owner < owner)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < model->nr_waiting; high++)
		if (model->waiting[high]->at.owner != owner)
			break;
	*nr = high - low;
	return model->waiting + low;
}

void model_window_wait(const struct model *model, struct model_window *window,
		       const struct model_access *access)
{
	unsigned int pair = TOP_PAIR(access->at.agent == TOP_AGENT_DMA,
				     access->at.state == TOP_STATE_BEHIND_DMA);
	uint64_t ns = model_access_age_ns(access);

	if ((access->at.state != TOP_STATE_BEHIND_CPU &&
	     access->at.state != TOP_STATE_BEHIND_DMA) ||
	    !model_access_counts(model, access))
		return;
	window->count.waits[pair]++;
	window->count.wait_ns[pair] += ns;
	if (model_access_is_sync(access)) {
		window->count.syncs++;
		window->count.sync_ns += ns;
	}
	model_raise(&window->wait_max_ns, ns);
	model_raise(&window->oldest_ns, ns);
}

/* An access belongs to its buffer's figures. */
static void model_link(struct model *model, struct model_access *access)
{
	struct model_buffer *buffer = model_buffer_get(model, access->at.ino);

	access->buffer = buffer;
	if (model_access_is_sync(access))
		access->at.len = buffer->size;
	buffer->tgid = access->at.tgid;
	buffer->active_ns = model->now_ns;
	if (model_access_waits(access)) {
		model_window_wait(model, &buffer->window, access);
		model_window_wait(model, &model->total, access);
		return;
	}
	buffer->nr_held++;
	if (access->at.agent == TOP_AGENT_CPU)
		model->nr_held_cpu += model_access_counts(model, access);
	else
		model->nr_held_dma += model_access_counts(model, access);
	if (!buffer->holder ||
	    access->at.since_ns < buffer->holder->at.since_ns)
		buffer->holder = access;
}

/*
 * A driver's owner has one request, so its accesses that wait are one job's. Those of an owner
 * follow each other.
 */
static void model_count_waiting(struct model *model)
{
	uint64_t owner = 0;
	size_t i;

	for (i = 0; i < model->nr_waiting; i++) {
		const struct model_access *access = model->waiting[i];
		struct model_buffer *buffer = model_buffer_get(model, access->at.ino);
		bool job = access->at.kind == DMABUF_SYNC_OWNER_DRIVER;

		if (model_access_counts(model, access))
			model->nr_requests += !job || owner != access->at.owner;
		buffer->nr_waiting += !job || buffer->waiter != access->at.owner;
		buffer->waiter = access->at.owner;
		owner = access->at.owner;
	}
}

/* The accesses are in place: list those that wait. */
static void model_list_waiting(struct model *model)
{
	size_t i;

	model->nr_waiting = 0;
	for (i = 0; i < model->nr_accesses; i++) {
		if (!model_access_waits(&model->accesses[i]))
			continue;
		model->waiting = model_grow(model->waiting, model->nr_waiting,
					    &model->max_waiting,
					    sizeof(*model->waiting));
		model->waiting[model->nr_waiting++] = &model->accesses[i];
	}
	if (model->nr_waiting)
		qsort(model->waiting, model->nr_waiting,
		      sizeof(*model->waiting), model_by_owner);
}

static int model_by_job(const void *a, const void *b)
{
	const struct model_access *x = *(struct model_access *const *)a;
	const struct model_access *y = *(struct model_access *const *)b;

	if (x->at.fence_context != y->at.fence_context)
		return x->at.fence_context > y->at.fence_context ? 1 : -1;
	if (x->at.fence_seqno != y->at.fence_seqno)
		return x->at.fence_seqno > y->at.fence_seqno ? 1 : -1;
	return model_by_id(x, y);
}

static bool model_same_job(const struct model_access *x, const struct model_access *y)
{
	return x->at.fence_context == y->at.fence_context &&
	       x->at.fence_seqno == y->at.fence_seqno;
}

/* List one access of each job that is on its way, in the order of its engine. */
static void model_list_jobs(struct model *model)
{
	size_t i, nr = 0;

	model->nr_jobs = 0;
	model->nr_jobs_queued = 0;
	model->nr_jobs_running = 0;
	for (i = 0; i < model->nr_accesses; i++) {
		if (model->accesses[i].at.state != TOP_STATE_COMMITTED &&
		    model->accesses[i].at.state != TOP_STATE_RUNNING)
			continue;
		model->jobs = model_grow(model->jobs, model->nr_jobs, &model->max_jobs,
					 sizeof(*model->jobs));
		model->jobs[model->nr_jobs++] = &model->accesses[i];
	}
	if (model->nr_jobs)
		qsort(model->jobs, model->nr_jobs, sizeof(*model->jobs), model_by_job);
	for (i = 0; i < model->nr_jobs; i++)
		if (!nr || !model_same_job(model->jobs[nr - 1], model->jobs[i]))
			model->jobs[nr++] = model->jobs[i];
	model->nr_jobs = nr;
	for (i = 0; i < nr; i++)
		*(model->jobs[i]->at.state == TOP_STATE_RUNNING ?
		  &model->nr_jobs_running : &model->nr_jobs_queued) +=
			model_access_counts(model, model->jobs[i]);
}

struct model_access *model_job_ahead(const struct model *model,
				     const struct model_access *access)
{
	size_t low = 0, high = model->nr_jobs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct model_access *job = model->jobs[middle];

		if (job->at.fence_context < access->at.fence_context ||
		    (job->at.fence_context == access->at.fence_context &&
		     job->at.fence_seqno < access->at.fence_seqno))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || model->jobs[low - 1]->at.fence_context != access->at.fence_context)
		return NULL;
	return model->jobs[low - 1];
}

void model_end(struct model *model)
{
	size_t i;

	if (model->nr_accesses)
		qsort(model->accesses, model->nr_accesses,
		      sizeof(*model->accesses), model_by_id);
	if (model->nr_events)
		qsort(model->events, model->nr_events, sizeof(*model->events),
		      model_by_time);
	model_list_waiting(model);
	for (i = 0; i < model->nr_waiting; i++)
		model_edges(model, model->waiting[i]);
	if (model->filtered) {
		model_list_jobs(model);
		reach_keep(model);
		model_list_waiting(model);
	}
	model_list_jobs(model);
	for (i = 0; i < model->nr_accesses; i++)
		model_link(model, &model->accesses[i]);
	model_count_waiting(model);
}

void model_clear(struct model *model)
{
	size_t i;

	for (i = 0; i < model->nr_buffers; i++)
		free(model->buffers[i]);
	for (i = 0; i < model->nr_classes; i++)
		free(model->classes[i]);
	free(model->buffers);
	free(model->classes);
	free(model->accesses);
	free(model->waiting);
	free(model->jobs);
	free(model->events);
	free(model->users);
	free(model->blames);
	free(model->waits);
	free(model->timelines);
	*model = (struct model){ .lost = model->lost };
}
