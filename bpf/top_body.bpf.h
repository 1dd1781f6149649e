/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each event means: a body per event, which takes its arguments as the module gives them.
 * They come from the module's tracepoints or, without the module, from stock.bpf.h.
 */
#ifndef TOP_BODY_BPF_H
#define TOP_BODY_BPF_H

#include "top_maps.bpf.h"

#define EINTR		4
#define EAGAIN		11
#define EDEADLK		35
#define ECANCELED	125
#define ERESTARTSYS	512

static __always_inline void body_request(const struct dmabuf_sync_access_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_new(args->access);
	if (!access) {
		count(&lost.accesses, 1);
		return;
	}
	access_fill(access, args, now);
	access->since_ns = now;
	if (!filtered_access(access))
		buffer_make(args->ino, now);
	__sync_val_compare_and_swap(&access->state, TOP_STATE_NONE,
				    TOP_STATE_REQUESTED);
}

static __always_inline void body_acquired(const struct dmabuf_sync_access_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_access *access;
	struct counted at = {};
	__u32 from = TOP_STATE_NONE;
	bool counts;

	if (filtered_buffer(args->ino))
		return;
	access = access_get(args->access);
	if (access && access->state == TOP_STATE_NONE)
		access_fill(access, args, now);
	counts = !filtered_task(access, args->tgid, args->tid);
	if (counts)
		at = counted_at(args->ino, now);
	/* For the verifier the compiler has to look at the pointer itself each time. */
	barrier_var(access);
	if (access) {
		access->since_ns = now;
		from = __sync_lock_test_and_set(&access->state, TOP_STATE_HELD);
		access_account(access, at.buffer, from, TOP_STATE_HELD, now);
	}
	if (at.buffer)
		at.buffer->tgid = args->tgid;
	COUNT(at, acquired, 1);
	barrier_var(access);
	if (counts)
		ACCESS_USER_ADD(access, acquired, 1);
	if (access && state_waits(from)) {
		COUNT(at, contended, 1);
		if (counts)
			ACCESS_USER_ADD(access, contended, 1);
		wait_ended(at, access, args->agent, from, args->time_ns);
		if (above_ns && args->time_ns >= above_ns && counts)
			wait_was_long(args->access, args->time_ns);
	}
}

static __always_inline void user_releases(const struct top_access *access, __u32 agent,
					  __u64 hold_ns)
{
	access_user_add(access, USER_SUM(released) + agent, 1);
	access_user_add(access, USER_SUM(hold_ns) + agent, hold_ns);
	engine_releases(access, hold_ns);
}

/* Counted @at, where it is counted at all. */
static __always_inline void released_at(struct counted at, struct top_access *access,
					const struct dmabuf_sync_access_args *args, __u64 now)
{
	if (access && at.total && users_are_wanted())
		user_releases(access, args->agent & 1, args->time_ns);
	if (access)
		access_drop(args->access, access, at.buffer, now);
	else
		access_was_unknown(args->access);
	COUNT(at, released[args->agent & 1], 1);
	COUNT(at, hold_ns[args->agent & 1], args->time_ns);
}

static __always_inline void body_released(const struct dmabuf_sync_access_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_access *access;
	struct counted at = {};

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if (!filtered_task(access, args->tgid, args->tid))
		at = counted_at(args->ino, now);
	released_at(at, access, args, now);
}

/* An event of an access that is there, and that other events are told of. */
static __always_inline bool filtered(const struct dmabuf_sync_access_args *args)
{
	return filtered_buffer(args->ino) ||
	       filtered_task(access_find(args->access), args->tgid, args->tid);
}

/* The release follows. */
static __always_inline void body_abandoned(const struct dmabuf_sync_access_args *args)
{
	struct counted at;

	if (filtered(args))
		return;
	event_push(TOP_EVENT_ABANDONED, args->ino, args->access, args->owner, 0,
		   NULL, NULL);
	at = counted_at(args->ino, bpf_ktime_get_ns());
	COUNT(at, abandoned, 1);
	ACCESS_USER_ADD(access_find(args->access), abandoned, 1);
}

/* Likewise. */
static __always_inline void body_revoked(const struct dmabuf_sync_access_args *args)
{
	struct counted at;

	if (filtered(args))
		return;
	event_push(TOP_EVENT_REVOKED, args->ino, args->access, args->owner, 0, NULL, NULL);
	at = counted_at(args->ino, bpf_ktime_get_ns());
	COUNT(at, revoked, 1);
	ACCESS_USER_ADD(access_find(args->access), revoked, 1);
}

/*
 * Not worth an event: the end of a trylock, a signal, a request taken back; and a
 * deadlock, which has one of its own.
 */
static __always_inline bool error_is_usual(__s32 error)
{
	return error == -EAGAIN || error == -EDEADLK || error == -EINTR ||
	       error == -ERESTARTSYS || error == -ECANCELED;
}

static __always_inline void body_failed(const struct dmabuf_sync_failed_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_access *access;
	struct counted at = {};
	__s32 error = args->error;
	__u32 from, agent;
	bool counts;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	counts = !filtered_access(access);
	if (counts && !error_is_usual(error))
		event_push(TOP_EVENT_FAILED, args->ino, args->access,
			   args->owner, error, NULL, NULL);
	if (counts)
		at = counted_at(args->ino, now);
	COUNT(at, failed, 1);
	if (!access) {
		access_was_unknown(args->access);
		return;
	}
	if (counts)
		ACCESS_USER_ADD(access, failed, 1);
	if (above_ns && counts && args->wait_ns >= above_ns && error != -EAGAIN &&
	    state_waits(access->state))
		wait_was_long(args->access, args->wait_ns);
	agent = access->agent;
	from = access_leave(access, at.buffer, now);
	if (state_waits(from) && error != -EAGAIN)
		wait_ended(at, access, agent, from, args->wait_ns);
	access_delete(args->access);
}

static __always_inline void body_contended(const struct dmabuf_sync_edge_args *args)
{
	struct top_edge edge = {
		.blocker = args->blocker,
		.owner = args->blocker_owner,
		.kind = args->blocker_kind,
		.tgid = args->blocker_tgid,
		.tid = args->blocker_tid,
		.queued = args->queued,
	};
	__u64 now = bpf_ktime_get_ns();
	struct top_entry *entry;

	if (filtered_buffer(args->ino))
		return;
	entry = entry_find(args->access);
	if (!entry)
		return;
	edge_add(entry, &edge);
	access_told(&entry->access, &edge, now);
	behind_told(entry, &edge, now);
}

static __always_inline void body_deadlock(const struct dmabuf_sync_edge_args *args)
{
	struct counted at;

	if (filtered_buffer(args->ino))
		return;
	if (filtered_access(access_find(args->access)))
		return;
	event_push(TOP_EVENT_DEADLOCK, args->ino, args->access, args->owner,
		   -EDEADLK, args, NULL);
	at = counted_at(args->ino, bpf_ktime_get_ns());
	COUNT(at, deadlocks, 1);
	ACCESS_USER_ADD(access_find(args->access), deadlocks, 1);
}

static __always_inline void body_commit(const struct dmabuf_sync_fence_args *args)
{
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if (!access)
		return;
	access->fence_context = args->context;
	access->fence_seqno = args->seqno;
	if (users_are_wanted() && !filtered_access(access))
		engine_gets(access);
	access_step(access, TOP_STATE_HELD, TOP_STATE_COMMITTED,
		    bpf_ktime_get_ns());
}

static __always_inline void body_began(const struct dmabuf_sync_fence_args *args)
{
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if (access)
		access_step(access, TOP_STATE_COMMITTED, TOP_STATE_RUNNING,
			    bpf_ktime_get_ns());
}

static __always_inline void body_timeline(const struct dmabuf_sync_timeline_args *args)
{
	/* The bytes come as numbers, and a program may read them as such only. */
	union {
		struct top_timeline names;
		__u64 words[6];
	} timeline = {
		.words = {
			args->driver[0], args->driver[1], args->timeline[0],
			args->timeline[1], args->timeline[2], args->timeline[3],
		},
	};
	__u64 context = args->context;

	if (bpf_map_lookup_elem(&timelines, &context))
		return;
	bpf_map_update_elem(&timelines, &context, &timeline.names, BPF_NOEXIST);
}

static __always_inline void body_buffer(const struct dmabuf_sync_buffer_args *args)
{
	/* As for a timeline. */
	union {
		struct top_identity identity;
		__u64 words[9];
	} buffer = {
		.words = {
			args->size, args->exporter[0], args->exporter[1], args->exporter[2],
			args->exporter[3], args->name[0], args->name[1], args->name[2],
			args->name[3],
		},
	};
	__u64 ino = args->ino;

	filter_buffer(ino, &buffer.identity.class);
	if (!filtered_buffer(ino))
		bpf_map_update_elem(&identities, &ino, &buffer.identity, BPF_ANY);
}

static __always_inline void body_signaled(const struct dmabuf_sync_fence_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if ((__s32)args->error && !filtered_access(access))
		event_push(TOP_EVENT_JOB_FAILED, args->ino, args->access,
			   args->owner, args->error, NULL, args);
	if (!access)
		return;
	/* That it began may have been missed. */
	access_step(access, TOP_STATE_COMMITTED, TOP_STATE_SIGNALED, now);
	access_step(access, TOP_STATE_RUNNING, TOP_STATE_SIGNALED, now);
}

static __always_inline void fence_wait(const struct dmabuf_sync_fence_args *args,
				       bool waits)
{
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if (!access)
		return;
	access->wait_context = args->context;
	access->wait_seqno = args->seqno;
	access->fence_wait = waits;
}

static __always_inline void
body_fence_wait_begin(const struct dmabuf_sync_fence_args *args)
{
	fence_wait(args, true);
}

static __always_inline void
body_fence_wait_end(const struct dmabuf_sync_fence_args *args)
{
	fence_wait(args, false);
}

static __always_inline void body_backoff(const struct dmabuf_sync_backoff_args *args)
{
	struct counted at;

	/* It belongs to no access, so to no task. */
	if (filtered_buffer(args->ino) || filters_tasks())
		return;
	at = counted_at(args->ino, bpf_ktime_get_ns());
	COUNT(at, backoffs, 1);
}

#endif /* TOP_BODY_BPF_H */
