// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-top: counters per buffer, and the accesses there are, kept in the
 * kernel and read by the tool at each refresh. So its cost grows with the number of
 * accesses on the kernel's side only, and nothing is lost by reading too slowly.
 * What happened and leaves no state behind goes through the rings as events.
 *
 * Every change of an access is gated by an atomic change of its state, so that
 * each one enters the sums once and leaves them once, whatever is missed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "dmasync_top.h"
#include "busy.bpf.h"
#include "dmabuf_sync.bpf.h"

#define EINTR		4
#define EAGAIN		11
#define EDEADLK		35
#define ECANCELED	125
#define ERESTARTSYS	512

/* Replacing a maximum fails only against a larger one: this is plenty. */
#define MAX_TRIES	16

char LICENSE[] SEC("license") = "GPL";

/* Filters: 0 lets everything pass. */
const volatile __u64 filter_ino;
const volatile __u32 filter_tgid;
/* CPU number >> ring_shift is the number of the ring. */
const volatile __u32 ring_shift;

/* Written by the tool: number of the window, and the input of replay and forget. */
__u32 window;
struct top_replay replay_input;

struct top_busy total;
struct top_lost lost;

static const struct top_access no_access;
static const struct top_buffer no_buffer;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct top_access);
} accesses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct top_buffer);
} buffers SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);	/* set by the tool */
};

/* One ring per group of CPUs; the tool makes them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

static __always_inline bool filtered_buffer(__u64 ino)
{
	return filter_ino && ino != filter_ino;
}

static __always_inline bool filtered(__u64 ino, __u32 tgid)
{
	return filtered_buffer(ino) || (filter_tgid && tgid != filter_tgid);
}

static __always_inline void count(top_u64 *counter, __u64 add)
{
	__sync_fetch_and_add(counter, add);
}

static __always_inline struct top_access *access_find(__u64 id)
{
	return bpf_map_lookup_elem(&accesses, &id);
}

/* Find an access or insert it in TOP_STATE_NONE. Fails when there is no room. */
static __always_inline struct top_access *access_get(__u64 id)
{
	struct top_access *access = access_find(id);

	if (access)
		return access;
	bpf_map_update_elem(&accesses, &id, &no_access, BPF_NOEXIST);
	return access_find(id);
}

static __always_inline struct top_buffer *buffer_find(__u64 ino)
{
	return bpf_map_lookup_elem(&buffers, &ino);
}

/* A buffer's counters, for an event that is counted there. */
static __always_inline struct top_buffer *buffer_get(__u64 ino, __u64 now)
{
	struct top_buffer *buffer = buffer_find(ino);

	if (buffer)
		return buffer;
	bpf_map_update_elem(&buffers, &ino, &no_buffer, BPF_NOEXIST);
	buffer = buffer_find(ino);
	if (buffer)
		__sync_val_compare_and_swap(&buffer->born_ns, 0, now);
	else
		count(&lost.buffers, 1);
	return buffer;
}

/* The change that an access in this state makes to the users, 0 for none. */
static __always_inline top_s64 access_users(const struct top_access *access,
					    __u32 state)
{
	if (state == TOP_STATE_COMMITTED)
		return BUSY_ONE_DMA;
	if (state == TOP_STATE_HELD && access->agent == TOP_AGENT_CPU)
		return BUSY_ONE_CPU;
	return 0;
}

/* The access changed from state @from to state @to, and nobody else did that. */
static __always_inline void access_account(const struct top_access *access,
					   __u32 from, __u32 to, __u64 now)
{
	top_s64 users = access_users(access, to) - access_users(access, from);
	struct top_buffer *buffer;

	if (!users)
		return;
	busy_add(&total, users, now);
	buffer = buffer_find(access->ino);
	/* An entry that was made later has never counted this access. */
	if (buffer && access->counted_ns >= buffer->born_ns)
		busy_add(&buffer->busy, users, now);
}

/* Go from @from to @to, unless somebody was faster. */
static __always_inline void access_step(struct top_access *access, __u32 from,
					__u32 to, __u64 now)
{
	if (__sync_val_compare_and_swap(&access->state, from, to) == from)
		access_account(access, from, to, now);
}

static __always_inline void access_drop(__u64 id, struct top_access *access,
					__u64 now)
{
	__u32 from = __sync_lock_test_and_set(&access->state, TOP_STATE_GONE);

	access_account(access, from, TOP_STATE_GONE, now);
	bpf_map_delete_elem(&accesses, &id);
}

static __always_inline void access_fill(struct top_access *access,
					const struct dmabuf_sync_access_args *args)
{
	access->ino = args->ino;
	access->owner = args->owner;
	access->start = args->start;
	access->len = args->len;
	access->kind = args->kind;
	access->tgid = args->tgid;
	access->tid = args->tid;
	access->mode = args->mode;
	access->agent = args->agent;
	if ((__u32)bpf_get_current_pid_tgid() == access->tid)
		bpf_get_current_comm(access->comm, sizeof(access->comm));
}

static __always_inline void event_push(__u32 type, __u64 ino, __u64 id,
				       __u64 owner, __s32 error,
				       const struct dmabuf_sync_edge_args *edge,
				       const struct dmabuf_sync_fence_args *fence)
{
	__u32 group = bpf_get_smp_processor_id() >> ring_shift;
	const struct top_access *access = access_find(id);
	struct top_event *event;
	void *ring;

	ring = bpf_map_lookup_elem(&rings, &group);
	event = ring ? bpf_ringbuf_reserve(ring, sizeof(*event), 0) : NULL;
	if (!event) {
		count(&lost.events, 1);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->type = type;
	event->ino = ino;
	event->access = id;
	event->owner = owner;
	event->error = error;
	if (fence) {
		event->context = fence->context;
		event->seqno = fence->seqno;
	}
	if (edge) {
		event->edge.blocker = edge->blocker;
		event->edge.owner = edge->blocker_owner;
		event->edge.kind = edge->blocker_kind;
		event->edge.tgid = edge->blocker_tgid;
		event->edge.tid = edge->blocker_tid;
		event->edge.queued = edge->queued;
	}
	if (access) {
		event->tgid = access->tgid;
		event->tid = access->tid;
		__builtin_memcpy(event->comm, access->comm, sizeof(event->comm));
	}
	/* The tool looks at each refresh: waking it would cost more than the event. */
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void body_request(const struct dmabuf_sync_access_args *args)
{
	struct top_access *access;

	if (filtered(args->ino, args->tgid))
		return;
	access = access_get(args->access);
	if (!access) {
		count(&lost.accesses, 1);
		return;
	}
	access_fill(access, args);
	access->since_ns = bpf_ktime_get_ns();
	__sync_val_compare_and_swap(&access->state, TOP_STATE_NONE,
				    TOP_STATE_REQUESTED);
}

/* Keep the largest @ns of this window. */
static __always_inline void wait_max(struct top_buffer *buffer, __u64 ns)
{
	__u32 number = *(volatile __u32 *)&window;
	top_u64 *max = &buffer->wait_max[number & 1];
	__u64 new = ns < TOP_MAX_NS ? ns : TOP_MAX_NS;
	__u64 old;
	int i;

	new |= (__u64)number << TOP_MAX_BITS;
	for (i = 0; i < MAX_TRIES; i++) {
		old = *(volatile top_u64 *)max;
		if (TOP_MAX_WINDOW(old) == TOP_MAX_WINDOW(new) && old >= new)
			return;
		if (__sync_val_compare_and_swap(max, old, new) == old)
			return;
	}
}

static __always_inline void body_acquired(const struct dmabuf_sync_access_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_buffer *buffer;
	struct top_access *access;
	__u32 from;

	if (filtered(args->ino, args->tgid))
		return;
	buffer = buffer_get(args->ino, now);
	access = access_get(args->access);
	if (access) {
		if (access->state == TOP_STATE_NONE)
			access_fill(access, args);
		access->since_ns = now;
		access->counted_ns = now;
		from = __sync_lock_test_and_set(&access->state, TOP_STATE_HELD);
		access_account(access, from, TOP_STATE_HELD, now);
	}
	if (!buffer)
		return;
	buffer->tgid = args->tgid;
	count(&buffer->acquired, 1);
	if (access && access->nr_edges) {
		count(&buffer->contended, 1);
		count(&buffer->wait_ns, args->time_ns);
		wait_max(buffer, args->time_ns);
	}
}

static __always_inline void body_released(const struct dmabuf_sync_access_args *args)
{
	__u64 now = bpf_ktime_get_ns();
	struct top_access *access;
	struct top_buffer *buffer;

	if (filtered(args->ino, args->tgid))
		return;
	access = access_find(args->access);
	if (access)
		access_drop(args->access, access, now);
	buffer = buffer_get(args->ino, now);
	if (!buffer)
		return;
	count(&buffer->released, 1);
	count(&buffer->hold_ns, args->time_ns);
}

/* The release follows. */
static __always_inline void body_abandoned(const struct dmabuf_sync_access_args *args)
{
	struct top_buffer *buffer;

	if (filtered(args->ino, args->tgid))
		return;
	event_push(TOP_EVENT_ABANDONED, args->ino, args->access, args->owner, 0,
		   NULL, NULL);
	buffer = buffer_get(args->ino, bpf_ktime_get_ns());
	if (buffer)
		count(&buffer->abandoned, 1);
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
	struct top_buffer *buffer;
	__s32 error = args->error;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	/* Whose request it was, only the access tells. */
	if (filter_tgid && !access)
		return;
	if (!error_is_usual(error))
		event_push(TOP_EVENT_FAILED, args->ino, args->access,
			   args->owner, error, NULL, NULL);
	buffer = buffer_get(args->ino, now);
	if (buffer)
		count(&buffer->failed, 1);
	if (access)
		access_drop(args->access, access, now);
}

/* Its slot is needed: was this edge still one? */
static __always_inline void edge_replaced(const struct top_edge *edge)
{
	if (edge->blocker && access_find(edge->blocker))
		count(&lost.edges, 1);
}

/* A request that looks again names its blockers again. */
static __always_inline struct top_edge *edge_find(struct top_access *access,
						  __u64 blocker)
{
	int i;

	for (i = 0; i < TOP_NR_EDGES; i++)
		if (access->edges[i].blocker == blocker)
			return &access->edges[i];
	return NULL;
}

static __always_inline void edge_add(struct top_access *access,
				     const struct top_edge *new)
{
	struct top_edge *edge = edge_find(access, new->blocker);

	if (edge) {
		edge->queued = new->queued;
		return;
	}
	edge = &access->edges[__sync_fetch_and_add(&access->nr_edges, 1) %
			      TOP_NR_EDGES];
	edge_replaced(edge);
	*edge = *new;
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
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if (!access)
		return;
	edge_add(access, &edge);
	__sync_val_compare_and_swap(&access->state, TOP_STATE_REQUESTED,
				    TOP_STATE_QUEUED);
}

static __always_inline void body_deadlock(const struct dmabuf_sync_edge_args *args)
{
	struct top_buffer *buffer;

	if (filtered_buffer(args->ino))
		return;
	if (filter_tgid && !access_find(args->access))
		return;
	event_push(TOP_EVENT_DEADLOCK, args->ino, args->access, args->owner,
		   -EDEADLK, args, NULL);
	buffer = buffer_get(args->ino, bpf_ktime_get_ns());
	if (buffer)
		count(&buffer->deadlocks, 1);
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
	access_step(access, TOP_STATE_HELD, TOP_STATE_COMMITTED,
		    bpf_ktime_get_ns());
}

static __always_inline void body_signaled(const struct dmabuf_sync_fence_args *args)
{
	struct top_access *access;

	if (filtered_buffer(args->ino))
		return;
	access = access_find(args->access);
	if (filter_tgid && !access)
		return;
	if ((__s32)args->error)
		event_push(TOP_EVENT_JOB_FAILED, args->ino, args->access,
			   args->owner, args->error, NULL, args);
	if (access)
		access_step(access, TOP_STATE_COMMITTED, TOP_STATE_SIGNALED,
			    bpf_ktime_get_ns());
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
	struct top_buffer *buffer;

	/* It belongs to no access, so to no process. */
	if (filtered_buffer(args->ino) || filter_tgid)
		return;
	buffer = buffer_get(args->ino, bpf_ktime_get_ns());
	if (buffer)
		count(&buffer->backoffs, 1);
}

DMABUF_SYNC_PROBE(request, access)
DMABUF_SYNC_PROBE(acquired, access)
DMABUF_SYNC_PROBE(released, access)
DMABUF_SYNC_PROBE(abandoned, access)
DMABUF_SYNC_PROBE(failed, failed)
DMABUF_SYNC_PROBE(contended, edge)
DMABUF_SYNC_PROBE(deadlock, edge)
DMABUF_SYNC_PROBE(commit, fence)
DMABUF_SYNC_PROBE(signaled, fence)
DMABUF_SYNC_PROBE(fence_wait_begin, fence)
DMABUF_SYNC_PROBE(fence_wait_end, fence)
DMABUF_SYNC_PROBE(backoff, backoff)

static __always_inline void replay_fill(struct top_access *access,
					const struct top_access *in, __u64 now)
{
	access->ino = in->ino;
	access->owner = in->owner;
	access->start = in->start;
	access->len = in->len;
	access->since_ns = in->since_ns;
	access->counted_ns = now;
	access->kind = in->kind;
	access->tgid = in->tgid;
	access->tid = in->tid;
	access->mode = in->mode;
	access->agent = in->agent;
	__builtin_memcpy(access->comm, in->comm, sizeof(access->comm));
}

/*
 * Run by the tool, with replay_input: an access that the kernel's snapshot has,
 * and whose events were before the programs were attached, or missed.
 * Returns 1 when there was no room for it.
 */
SEC("raw_tp")
int replay(void)
{
	const struct top_access *in = &replay_input.access;
	__u64 id = replay_input.id, now = bpf_ktime_get_ns();
	struct top_access *access;
	int i;

	if (filtered(in->ino, in->tgid))
		return 0;
	buffer_get(in->ino, now);
	access = replay_input.known_only ? access_find(id) : access_get(id);
	if (!access)
		return !replay_input.known_only;
	if (access->state == TOP_STATE_NONE)
		replay_fill(access, in, now);
	for (i = 0; i < TOP_NR_EDGES; i++)
		if (in->edges[i].blocker)
			edge_add(access, &in->edges[i]);
	if (in->state == TOP_STATE_COMMITTED) {
		access->fence_context = in->fence_context;
		access->fence_seqno = in->fence_seqno;
		access_step(access, TOP_STATE_HELD, TOP_STATE_COMMITTED, now);
	}
	if (in->state == TOP_STATE_QUEUED)
		access_step(access, TOP_STATE_REQUESTED, TOP_STATE_QUEUED, now);
	access_step(access, TOP_STATE_NONE, in->state, now);
	return 0;
}

/* Run by the tool, with replay_input.id: an access that the snapshot has not. */
SEC("raw_tp")
int forget(void)
{
	struct top_access *access = access_find(replay_input.id);

	if (access)
		access_drop(replay_input.id, access, bpf_ktime_get_ns());
	return 0;
}
