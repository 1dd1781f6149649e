// SPDX-License-Identifier: GPL-2.0-only
#include "report_perfetto.h"

#include <errno.h>
#include <json-c/json.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "perfetto_track.h"
#include "record_type.h"
#include "replay_map.h"
#include "words.h"
#include "../../bpf/dmasync_top.h"

/**
 * struct perfetto_access - an access that is not over
 * @words: of its request: the first fields of the events of an access
 * @since_ns: when it began to wait, or to be held
 * @state: TOP_STATE_NONE, _REQUESTED while it waits, _HELD
 * @arrow: an arrow began here, which has to end
 * @owner: its slice of the owner
 * @buffer: of the buffer, once it is held
 */
struct perfetto_access {
	unsigned long long words[8];
	uint64_t since_ns;
	uint32_t state;
	bool arrow;
	struct perfetto_place owner;
	struct perfetto_place buffer;
};

struct perfetto_fence {
	uint64_t context;
	uint64_t seqno;
};

/* A job that an engine has: queued, then running. */
struct perfetto_job {
	uint64_t since_ns;
	bool runs;
	struct perfetto_place place;
};

/* Where and when a buffer was released last. */
struct perfetto_waker {
	uint64_t time_ns;
	struct perfetto_place place;
};

/* Words of the events of an access, and of an edge. */
enum { INO, ACCESS, OWNER, KIND, TGID, TID, MODE, AGENT, ACQUIRED_TIME = 10, COMM = 11 };
enum { BLOCKER = 3, CONTEXT = 3, SEQNO = 4, ERROR = 3 };

static struct perfetto_trace {
	FILE *file;
	uint64_t begin_ns;
	uint64_t now_ns;
	bool started;
	long left_out;
	int count[4];
} trace;

/* What is counted. */
enum { WAITING, HELD_CPU, HELD_DMA, RUNNING };

static const char *const trace_counters[] = {
	[WAITING] = "requests that wait", [HELD_CPU] = "held by CPU",
	[HELD_DMA] = "held by DMA", [RUNNING] = "jobs that run",
};

#define MAP(name, key, value)						\
	replay_map(name, BPF_MAP_TYPE_HASH, sizeof(key), sizeof(value))
#define ACCESSES	MAP("accesses", uint64_t, struct perfetto_access)
#define JOBS		MAP("jobs", struct perfetto_fence, struct perfetto_job)
#define WAKERS		MAP("wakers", uint64_t, struct perfetto_waker)

static void trace_time(struct json_object *event, const char *key, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)ns / 1000,
		 (unsigned long long)ns % 1000);
	json_object_object_add(event, key, json_object_new_double_s(ns / 1e3, text));
}

static struct json_object *trace_event(const char *phase, const char *name,
				       struct perfetto_place place, uint64_t time_ns)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "ph", json_object_new_string(phase));
	json_object_object_add(event, "name", json_object_new_string(name));
	json_object_object_add(event, "pid", json_object_new_int(place.kind));
	json_object_object_add(event, "tid", json_object_new_int64(place.lane));
	trace_time(event, "ts", time_ns > trace.begin_ns ? time_ns - trace.begin_ns : 0);
	return event;
}

static void trace_put(struct json_object *event)
{
	fprintf(trace.file, "%s%s", trace.started ? ",\n" : "",
		json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN));
	trace.started = true;
	json_object_put(event);
}

/* From @since_ns up to now. */
static void trace_slice(const char *name, struct perfetto_place place, uint64_t since_ns)
{
	struct json_object *event;

	if (!place.kind) {
		trace.left_out++;
		return;
	}
	if (since_ns < trace.begin_ns)
		since_ns = trace.begin_ns;
	event = trace_event("X", name, place, since_ns);
	trace_time(event, "dur", trace.now_ns > since_ns ? trace.now_ns - since_ns : 0);
	trace_put(event);
	perfetto_leave(place);
}

/* A part of the arrow of @id: it begins ("s"), goes on ("t") or ends ("f") there. */
static void trace_arrow(const char *phase, uint64_t id, struct perfetto_place place,
			uint64_t time_ns)
{
	struct json_object *event;

	if (!place.kind)
		return;
	event = trace_event(phase, "waits", place, time_ns);
	json_object_object_add(event, "cat", json_object_new_string("wait"));
	json_object_object_add(event, "id", json_object_new_uint64(id));
	if (*phase == 'f')
		json_object_object_add(event, "bp", json_object_new_string("e"));
	trace_put(event);
}

static void trace_count(unsigned int counter, int change)
{
	struct perfetto_place place = { .kind = PERFETTO_COUNTERS };
	struct json_object *event, *args;

	trace.count[counter] += change;
	event = trace_event("C", trace_counters[counter], place, trace.now_ns);
	args = json_object_new_object();
	json_object_object_add(args, "value", json_object_new_int(trace.count[counter]));
	json_object_object_add(event, "args", args);
	trace_put(event);
}

static struct perfetto_access *trace_access(uint64_t id)
{
	return replay_map_find(ACCESSES, &id);
}

/* "dma-w buffer 14", for the track of an owner. */
static void trace_does(const struct perfetto_access *access, const char *does, char *text,
		       size_t size)
{
	snprintf(text, size, "%s %s%s buffer %llu", does,
		 access->words[AGENT] == TOP_AGENT_DMA ? "dma-" : "",
		 words_of(WORDS_MODE, access->words[MODE]), access->words[INO]);
}

static void trace_owner(const unsigned long long *words, const unsigned long long *comm)
{
	char name[TOP_COMM_LEN], text[64];

	format_array(name, (const char *)comm, sizeof(name));
	snprintf(text, sizeof(text), "%s/%llu %s", name[0] ? name : "?", words[TGID],
		 words_of(WORDS_KIND, words[KIND]));
	perfetto_name(PERFETTO_OWNERS, words[OWNER], text);
}

/* An access of which the first event, or the snapshot, tells. */
static struct perfetto_access *trace_new(const unsigned long long *words)
{
	struct perfetto_access access = { 0 };
	uint64_t id = words[ACCESS];

	memcpy(access.words, words, sizeof(access.words));
	replay_map_update(ACCESSES, &id, &access, BPF_NOEXIST);
	return replay_map_find(ACCESSES, &id);
}

static void trace_waits(struct perfetto_access *access, uint64_t since_ns)
{
	access->state = TOP_STATE_REQUESTED;
	access->since_ns = since_ns;
	access->owner = perfetto_enter(PERFETTO_OWNERS, access->words[OWNER]);
	trace_count(WAITING, 1);
}

static void trace_held(struct perfetto_access *access, uint64_t since_ns)
{
	access->state = TOP_STATE_HELD;
	access->since_ns = since_ns;
	access->owner = perfetto_enter(PERFETTO_OWNERS, access->words[OWNER]);
	access->buffer = perfetto_enter(PERFETTO_BUFFERS, access->words[INO]);
	trace_count(access->words[AGENT] == TOP_AGENT_DMA ? HELD_DMA : HELD_CPU, 1);
}

/* It waits for this one, in the first place. */
static void trace_blocked(const unsigned long long *words)
{
	const struct perfetto_access *blocker = trace_access(words[BLOCKER]);
	struct perfetto_access *access = trace_access(words[ACCESS]);

	if (!access || access->state == TOP_STATE_HELD)
		return;
	if (access->state == TOP_STATE_NONE)
		trace_waits(access, trace.now_ns);
	if (access->arrow || !blocker || !blocker->owner.kind)
		return;
	trace_arrow("s", words[ACCESS], access->owner, access->since_ns);
	trace_arrow("t", words[ACCESS], blocker->owner, trace.now_ns);
	access->arrow = true;
}

static void trace_wait_ends(struct perfetto_access *access)
{
	char text[64];

	if (access->state != TOP_STATE_REQUESTED)
		return;
	trace_does(access, "waits:", text, sizeof(text));
	trace_slice(text, access->owner, access->since_ns);
	trace_count(WAITING, -1);
}

/* Who released the buffer last has let it in. */
static void trace_woken(const struct perfetto_access *access)
{
	uint64_t ino = access->words[INO];
	const struct perfetto_waker *waker = replay_map_find(WAKERS, &ino);

	if (!access->arrow)
		return;
	if (waker && waker->time_ns >= access->since_ns)
		trace_arrow("t", access->words[ACCESS], waker->place, waker->time_ns - 1);
	trace_arrow("f", access->words[ACCESS], access->owner, trace.now_ns);
}

static void trace_acquired(const unsigned long long *words)
{
	struct perfetto_access *access = trace_access(words[ACCESS]) ?: trace_new(words);
	struct perfetto_access before = *access;

	if (before.state == TOP_STATE_HELD)
		return;
	trace_wait_ends(access);
	trace_held(access, trace.now_ns);
	before.owner = access->owner;
	trace_woken(&before);
}

static void trace_hold_ends(struct perfetto_access *access)
{
	struct perfetto_waker waker = { trace.now_ns, access->owner };
	uint64_t ino = access->words[INO];
	char text[64];

	if (access->state != TOP_STATE_HELD)
		return;
	trace_does(access, "holds", text, sizeof(text));
	trace_slice(text, access->owner, access->since_ns);
	snprintf(text, sizeof(text), "%s%s owner %llu",
		 access->words[AGENT] == TOP_AGENT_DMA ? "dma-" : "",
		 words_of(WORDS_MODE, access->words[MODE]), access->words[OWNER]);
	trace_slice(text, access->buffer, access->since_ns);
	trace_count(access->words[AGENT] == TOP_AGENT_DMA ? HELD_DMA : HELD_CPU, -1);
	replay_map_update(WAKERS, &ino, &waker, BPF_ANY);
}

/* Released, or failed. */
static void trace_over(const unsigned long long *words)
{
	struct perfetto_access *access = trace_access(words[ACCESS]);
	uint64_t id = words[ACCESS];

	if (!access)
		return;
	trace_wait_ends(access);
	trace_hold_ends(access);
	replay_map_delete(ACCESSES, &id);
}

/* One job has one fence, whatever it accesses. */
static void trace_job(const struct perfetto_fence *fence, bool runs)
{
	struct perfetto_job job = { .since_ns = trace.now_ns, .runs = runs };

	if (replay_map_find(JOBS, fence))
		return;
	job.place = perfetto_enter(PERFETTO_ENGINES, fence->context);
	replay_map_update(JOBS, fence, &job, BPF_ANY);
	if (runs)
		trace_count(RUNNING, 1);
}

static void trace_began(const struct perfetto_fence *fence)
{
	struct perfetto_job *job = replay_map_find(JOBS, fence);

	if (!job) {
		trace_job(fence, true);
		return;
	}
	if (job->runs)
		return;
	if (trace.now_ns > job->since_ns)
		trace_slice("queued", job->place, job->since_ns);
	else
		perfetto_leave(job->place);
	job->place = perfetto_enter(PERFETTO_ENGINES, fence->context);
	job->since_ns = trace.now_ns;
	job->runs = true;
	trace_count(RUNNING, 1);
}

static void trace_signaled(const struct perfetto_fence *fence)
{
	struct perfetto_job *job = replay_map_find(JOBS, fence);
	char text[48];

	if (!job)
		return;
	snprintf(text, sizeof(text), "%s %llu", job->runs ? "job" : "queued job",
		 (unsigned long long)fence->seqno);
	trace_slice(text, job->place, job->since_ns);
	if (job->runs)
		trace_count(RUNNING, -1);
	replay_map_delete(JOBS, fence);
}

static void trace_text(enum perfetto_kind kind, uint64_t id, const unsigned long long *words,
		       unsigned int nr)
{
	char text[64];

	format_array(text, (const char *)words, nr * sizeof(*words));
	perfetto_name(kind, id, text);
}

/* What was there when the recording began; a snapshot that comes later tells nothing new. */
static void trace_there(const unsigned long long *words)
{
	struct perfetto_fence fence = { words[THERE_CONTEXT], words[THERE_SEQNO] };
	struct perfetto_access *access;

	if (trace_access(words[ACCESS]))
		return;
	access = trace_new(words);
	trace_owner(words, words + THERE_COMM);
	if (words[THERE_STATE] < TOP_STATE_HELD)
		trace_waits(access, words[THERE_SINCE]);
	else
		trace_held(access, words[THERE_SINCE]);
	if (!fence.context)
		return;
	trace_text(PERFETTO_ENGINES, fence.context, words + THERE_TIMELINE, 4);
	trace_job(&fence, words[THERE_STATE] == TOP_STATE_RUNNING);
}

static void trace_fence(unsigned int kind, const unsigned long long *words)
{
	struct perfetto_fence fence = { words[CONTEXT], words[SEQNO] };

	if (kind == RECORD_COMMIT)
		trace_job(&fence, false);
	else if (kind == RECORD_BEGAN)
		trace_began(&fence);
	else
		trace_signaled(&fence);
}

void perfetto_record(const struct record *record, uint64_t begin_ns)
{
	const unsigned long long *words = record->words;

	trace.begin_ns = begin_ns;
	if (record->head.time_ns > trace.now_ns)
		trace.now_ns = record->head.time_ns;
	switch (record->head.kind) {
	case RECORD_REQUEST:
		trace_new(words);
		trace_owner(words, words + COMM);
		break;
	case RECORD_CONTENDED:
	case RECORD_BLOCKED:
		trace_blocked(words);
		break;
	case RECORD_ACQUIRED:
		trace_acquired(words);
		break;
	case RECORD_RELEASED:
	case RECORD_FAILED:
		trace_over(words);
		break;
	case RECORD_COMMIT:
	case RECORD_BEGAN:
	case RECORD_SIGNALED:
		trace_fence(record->head.kind, words);
		break;
	case RECORD_BUFFER:
		trace_text(PERFETTO_BUFFERS, words[0], words + 6, 4);
		break;
	case RECORD_TIMELINE:
		trace_text(PERFETTO_ENGINES, words[0], words + 3, 4);
		break;
	case RECORD_THERE:
		trace_there(words);
		break;
	}
}

int perfetto_open(const char *path)
{
	trace.file = fopen(path, "we");
	if (!trace.file)
		return -errno;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", trace.file);
	return 0;
}

static void trace_name(const char *what, struct perfetto_place place, const char *name)
{
	struct json_object *event = trace_event("M", what, place, trace.begin_ns);
	struct json_object *args = json_object_new_object();

	json_object_object_add(args, "name", json_object_new_string(name));
	json_object_object_add(event, "args", args);
	trace_put(event);
}

static void trace_lane(struct perfetto_place place, const char *name)
{
	trace_name("thread_name", place, name);
}

static void trace_end_access(const void *key, void *value, void *priv)
{
	(void)key;
	(void)priv;
	trace_wait_ends(value);
	trace_hold_ends(value);
}

static void trace_end_job(const void *key, void *value, void *priv)
{
	const struct perfetto_job *job = value;

	(void)key;
	(void)priv;
	trace_slice(job->runs ? "job" : "queued", job->place, job->since_ns);
}

long perfetto_close(uint64_t end_ns)
{
	static const char *const kinds[] = {
		[PERFETTO_BUFFERS] = "buffers", [PERFETTO_OWNERS] = "owners",
		[PERFETTO_ENGINES] = "engines", [PERFETTO_COUNTERS] = "counters",
	};
	struct perfetto_place place = { .kind = PERFETTO_BUFFERS };
	bool bad;

	if (end_ns > trace.now_ns)
		trace.now_ns = end_ns;
	replay_map_each(ACCESSES, trace_end_access, NULL);
	replay_map_each(JOBS, trace_end_job, NULL);
	perfetto_lanes(trace_lane);
	for (; place.kind <= PERFETTO_COUNTERS; place.kind++)
		trace_name("process_name", place, kinds[place.kind]);
	fputs("\n]}\n", trace.file);
	bad = ferror(trace.file);
	if (fclose(trace.file) || bad)
		return errno ? -errno : -EIO;
	return trace.left_out;
}
