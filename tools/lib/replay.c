// SPDX-License-Identifier: GPL-2.0-only
#include "replay.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "record_type.h"

#include "../../bpf/dmasync_top.bpf.c"

struct replay_now replay_now;

/* Events of the programs in this window, and how the one before ended. */
static struct {
	struct top_event *events;
	size_t nr, max;
	uint64_t ended_ns;
	uint32_t number;
	struct interval use;
	uint64_t lost_edges;
} replayed;

void *replay_event_new(size_t size)
{
	static struct top_event event;

	return size == sizeof(event) ? &event : NULL;
}

void replay_event_add(void *event)
{
	if (replayed.nr == replayed.max) {
		replayed.max = replayed.max ? replayed.max * 2 : 64;
		replayed.events = reallocarray(replayed.events, replayed.max,
					       sizeof(*replayed.events));
		if (!replayed.events)
			err(1, "no memory for %zu events", replayed.max);
	}
	replayed.events[replayed.nr++] = *(struct top_event *)event;
}

void replay_begin(void)
{
	__u32 set;

	replay_map_reset();
	replay_now = (struct replay_now){ 0 };
	replayed.nr = 0;
	replayed.ended_ns = 0;
	replayed.number = 0;
	replayed.use = (struct interval){ 0 };
	replayed.lost_edges = 0;
	window = 0;
	total = (struct top_busy){ .state = TOP_BUSY_REST };
	lost = (struct top_lost){ 0 };
	for (set = 0; set < TOP_NR_USE_SETS; set++)
		busy_times[set] = top_busy_times(set);
	users_wanted = 1;
}

void replay_filter(const struct top_limits *limits)
{
	filter_ino = limits->ino;
	filter_tgid = limits->tgid;
	filter_tid = limits->tid;
	memcpy(filter_comm, limits->comm, sizeof(filter_comm));
	filter_glob = limits->glob;
	above_ns = limits->above_ns;
}

/* The blocker of an edge of a snapshot is named by its ids only. */
static struct top_edge replay_edge(const unsigned long long *words)
{
	const struct top_access *blocker = access_find(words[3]);
	struct top_edge edge = {
		.blocker = words[3], .owner = words[4], .kind = words[5], .tgid = words[6],
		.tid = words[7], .queued = words[8],
	};

	if (blocker) {
		edge.kind = blocker->kind;
		edge.tgid = blocker->tgid;
		edge.tid = blocker->tid;
	}
	return edge;
}

static void replay_identity(const unsigned long long *words)
{
	__u64 ino = words[THERE_INO];
	struct dmabuf_sync_buffer_args args = { .ino = ino, .size = words[THERE_SIZE] };

	memcpy(args.exporter, &words[THERE_EXPORTER], sizeof(args.exporter));
	if (!bpf_map_lookup_elem(&identities, &ino))
		body_buffer(&args);
}

static void replay_names(const unsigned long long *words)
{
	struct dmabuf_sync_timeline_args args = { .context = words[THERE_CONTEXT] };

	if (!words[THERE_CONTEXT])
		return;
	memcpy(args.driver, &words[THERE_DRIVER], sizeof(args.driver));
	memcpy(args.timeline, &words[THERE_TIMELINE], sizeof(args.timeline));
	body_timeline(&args);
}

static void replay_there(const unsigned long long *words)
{
	replay_input = (struct top_replay){
		.id = words[THERE_ACCESS],
		.access = {
			.ino = words[THERE_INO], .owner = words[THERE_OWNER],
			.kind = words[THERE_KIND], .tgid = words[THERE_TGID],
			.tid = words[THERE_TID], .mode = words[THERE_MODE],
			.agent = words[THERE_AGENT], .start = words[THERE_START],
			.len = words[THERE_LEN], .state = words[THERE_STATE],
			.since_ns = words[THERE_SINCE], .fence_context = words[THERE_CONTEXT],
			.fence_seqno = words[THERE_SEQNO],
		},
	};
	memcpy(replay_input.access.comm, &words[THERE_COMM], sizeof(replay_input.access.comm));
	/* A filter may look at what it is. */
	replay_identity(words);
	replay();
	replay_names(words);
}

static void replay_blocked(const unsigned long long *words)
{
	const struct top_access *access = access_find(words[1]);

	if (!access || access->state >= TOP_STATE_HELD)
		return;
	replay_input = (struct top_replay){
		.id = words[1],
		.known_only = 1,
		.access = *access,
		.edge = replay_edge(words),
	};
	replay();
}

static void replay_request(const struct record *record)
{
	memcpy(replay_now.comm, &record->words[sizeof(struct dmabuf_sync_access_args) / 8],
	       sizeof(replay_now.comm));
	body_request((const void *)record->words);
}

#define CASE(KIND, body)						\
	case RECORD_##KIND:						\
		body_##body((const void *)record->words);		\
		break

void replay_record(const struct record *record)
{
	/* A record that comes late is as young as the one before it. */
	if (record->head.time_ns > replay_now.time_ns)
		replay_now.time_ns = record->head.time_ns;
	replay_now.tgid = record->head.tgid;
	replay_now.tid = record->head.tid;
	memset(replay_now.comm, 0, sizeof(replay_now.comm));
	switch (record->head.kind) {
	case RECORD_REQUEST:
		replay_request(record);
		break;
	CASE(ACQUIRED, acquired);
	CASE(RELEASED, released);
	CASE(ABANDONED, abandoned);
	CASE(REVOKED, revoked);
	CASE(FAILED, failed);
	CASE(CONTENDED, contended);
	CASE(DEADLOCK, deadlock);
	CASE(COMMIT, commit);
	CASE(BEGAN, began);
	CASE(SIGNALED, signaled);
	CASE(FENCE_WAIT_BEGIN, fence_wait_begin);
	CASE(FENCE_WAIT_END, fence_wait_end);
	CASE(TIMELINE, timeline);
	CASE(BUFFER, buffer);
	CASE(BACKOFF, backoff);
	case RECORD_THERE:
		replay_there(record->words);
		break;
	case RECORD_BLOCKED:
		replay_blocked(record->words);
		break;
	}
}

void replay_name(const struct record *record)
{
	if (record->head.kind == RECORD_BUFFER)
		body_buffer((const void *)record->words);
	else if (record->head.kind == RECORD_THERE)
		replay_identity(record->words);
}

const struct top_entry *replay_access(uint64_t id)
{
	return entry_find(id);
}

/* Which model the entries of a map go to, and when that began. */
struct replay_to {
	struct model *model;
	uint64_t begin_ns;
	void *keys;
	void *values;
	size_t nr;
};

static void end_buffer(const void *key, void *value, void *priv)
{
	const struct replay_to *to = priv;
	const __u64 *ino = key;
	struct model_buffer *buffer = model_buffer_get(to->model, *ino);
	const struct top_identity *identity = bpf_map_lookup_elem(&identities, ino);
	const struct top_buffer *entry = value;
	struct interval use = { 0 };

	interval_read(&entry->busy, to->begin_ns, replay_now.time_ns, &use);
	model_buffer_sample(to->model, buffer, entry, &use, replayed.number);
	if (!identity)
		return;
	buffer->size = identity->size;
	format_array(buffer->exporter, identity->class.exporter, sizeof(buffer->exporter));
	format_array(buffer->name, identity->class.name, sizeof(buffer->name));
}

static void end_access(const void *key, void *value, void *priv)
{
	const struct replay_to *to = priv;
	struct top_entry entry = *(struct top_entry *)value;
	const struct top_timeline *timeline = NULL;
	__u64 context = entry.access.fence_context;

	if (entry.access.state == TOP_STATE_NONE || entry.access.state == TOP_STATE_GONE)
		return;
	if (entry.access.state >= TOP_STATE_COMMITTED)
		timeline = bpf_map_lookup_elem(&timelines, &context);
	format_array(entry.access.comm, entry.access.comm, sizeof(entry.access.comm));
	model_access_add(to->model, *(const __u64 *)key, &entry, timeline);
}

static void end_copy(const struct replay_map *map, struct replay_to *to, size_t key_size,
		     size_t value_size)
{
	to->nr = 0;
	to->keys = calloc(replay_map_nr(map) + 1, key_size);
	to->values = calloc(replay_map_nr(map) + 1, value_size);
	if (!to->keys || !to->values)
		err(1, "no memory for %zu entries of a map", replay_map_nr(map));
}

static void end_blame(const void *key, void *value, void *priv)
{
	struct replay_to *to = priv;

	((struct top_blame_key *)to->keys)[to->nr] = *(const struct top_blame_key *)key;
	((struct top_blame *)to->values)[to->nr++] = *(struct top_blame *)value;
}

static void end_timeline(const void *key, void *value, void *priv)
{
	struct replay_to *to = priv;

	((uint64_t *)to->keys)[to->nr] = *(const uint64_t *)key;
	((struct top_timeline *)to->values)[to->nr++] = *(struct top_timeline *)value;
}

static void end_user(const void *key, void *value, void *priv)
{
	struct replay_to *to = priv;

	((struct top_user *)to->keys)[to->nr] = *(const struct top_user *)key;
	((struct top_counters *)to->values)[to->nr++] = *(struct top_counters *)value;
}

static void end_free(struct replay_to *to)
{
	free(to->keys);
	free(to->values);
}

/* Copy all of a map, and hand it to @set. */
#define END_MAP(to, map, one, set) do {					\
	end_copy(REPLAY_MAP(map), to, sizeof(*(map)->key), sizeof(*(map)->value)); \
	replay_map_each(REPLAY_MAP(map), one, to);			\
	set;								\
	end_free(to);							\
} while (0)

static void end_total(struct replay_to *to)
{
	struct model *model = to->model;
	struct interval use = replayed.use;
	__u32 zero = 0;

	model_total_sample(model, bpf_map_lookup_elem(&totals, &zero), replayed.number);
	interval_read(&total, to->begin_ns, replay_now.time_ns, &use);
	interval_diff(&use, &replayed.use, model->window_ns, &model->total.use);
	replayed.use = use;
	model->lost.edges += lost.edges - replayed.lost_edges;
	replayed.lost_edges = lost.edges;
}

static void end_events(struct model *model)
{
	size_t i;

	for (i = 0; i < replayed.nr; i++)
		model_event_add(model, &replayed.events[i]);
	replayed.nr = 0;
}

void replay_window(struct model *model, uint64_t begin_ns, uint64_t end_ns)
{
	struct replay_to to = { .model = model, .begin_ns = begin_ns };

	if (end_ns > replay_now.time_ns)
		replay_now.time_ns = end_ns;
	model_begin(model, replay_now.time_ns,
		    replay_now.time_ns - (replayed.ended_ns ?: begin_ns));
	replayed.ended_ns = replay_now.time_ns;
	end_events(model);
	replay_map_each(REPLAY_MAP(&buffers), end_buffer, &to);
	replay_map_each(REPLAY_MAP(&accesses), end_access, &to);
	END_MAP(&to, &blames, end_blame, model_blames_set(model, to.keys, to.values, to.nr));
	END_MAP(&to, &timelines, end_timeline,
		model_timelines_set(model, to.keys, to.values, to.nr));
	END_MAP(&to, &users, end_user,
		model_users_sample(model, to.keys, to.values, to.nr, replayed.number));
	end_total(&to);
	model->filtered = filters_tasks();
	model_end(model);
	window = ++replayed.number;
}

void replay_forget(struct model *model, uint64_t old_ns)
{
	size_t i;

	for (i = model->nr_buffers; i-- > 0; ) {
		const struct model_buffer *buffer = model->buffers[i];
		__u64 ino = buffer->ino;

		if (buffer->nr_held || buffer->nr_waiting ||
		    model->now_ns - buffer->active_ns < old_ns)
			continue;
		bpf_map_delete_elem(&buffers, &ino);
		model_buffer_drop(model, ino);
	}
	for (i = 0; i < model->nr_users; i++) {
		struct model_user *user = &model->users[i];

		if (model->now_ns - user->active_ns < old_ns)
			continue;
		bpf_map_delete_elem(&users, &user->key);
		/* If it comes back it begins anew. */
		memset(&user->counters, 0, sizeof(user->counters));
	}
}
