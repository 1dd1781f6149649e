/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of dmasync-top and what is done with their entries.
 *
 * Every change of an access is gated by an atomic change of its state, so that
 * each one enters the sums once and leaves them once, whatever is missed.
 */
#ifndef TOP_MAPS_BPF_H
#define TOP_MAPS_BPF_H

#include "dmasync_top.h"
#include "blame.bpf.h"
#include "busy.bpf.h"
#include "counters.bpf.h"
#include "dmabuf_sync.bpf.h"
#include "filter.bpf.h"
#include "rings.bpf.h"
#include "setting.bpf.h"
#include "users.bpf.h"
#include "waits.bpf.h"

/* Waits that are longer are worth an event; 0: none is. */
SETTING __u64 above_ns;

/* Written by the tool: the input of replay and forget. */
struct top_replay replay_input;

/* A section of its own, as that of busy.bpf.h. */
struct top_lost lost SEC(".data.lost");

static const struct top_entry no_entry;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct top_entry);
} accesses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TOP_NR_TIMELINES);
	__type(key, __u64);
	__type(value, struct top_timeline);
} timelines SEC(".maps");

/* Of those that were there before the programs, and that no snapshot told of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TOP_NR_OVER);
	__type(key, __u64);
	__type(value, __u32);
} over SEC(".maps");

static __always_inline struct top_entry *entry_find(__u64 id)
{
	return bpf_map_lookup_elem(&accesses, &id);
}

static __always_inline struct top_access *access_find(__u64 id)
{
	struct top_entry *entry = entry_find(id);

	return entry ? &entry->access : NULL;
}

/* Insert an access in TOP_STATE_NONE, unless it is there. Fails without room. */
static __always_inline struct top_access *access_new(__u64 id)
{
	bpf_map_update_elem(&accesses, &id, &no_entry, BPF_NOEXIST);
	return access_find(id);
}

static __always_inline struct top_access *access_get(__u64 id)
{
	return access_find(id) ?: access_new(id);
}

/* A buffer's counters for an event that is to be counted there. */
static __always_inline struct top_buffer *buffer_get(__u64 ino, __u64 now)
{
	struct top_buffer *buffer = buffer_make(ino, now);

	if (!buffer)
		count(&lost.buffers, 1);
	return buffer;
}

static __always_inline struct counted counted_at(__u64 ino, __u64 now)
{
	__u32 zero = 0;

	return (struct counted){
		.buffer = buffer_get(ino, now),
		.total = bpf_map_lookup_elem(&totals, &zero),
	};
}

/* What an access in this state uses; TOP_NR_USES: nothing. */
static __always_inline unsigned int access_use(const struct top_access *access, __u32 state)
{
	unsigned int agent = access->agent == TOP_AGENT_DMA;

	switch (state) {
	case TOP_STATE_BEHIND_CPU:
		return TOP_USE_WAIT + TOP_PAIR(agent, TOP_AGENT_CPU);
	case TOP_STATE_BEHIND_DMA:
		return TOP_USE_WAIT + TOP_PAIR(agent, TOP_AGENT_DMA);
	case TOP_STATE_HELD:
		return agent == TOP_AGENT_CPU ? TOP_USE_CPU : TOP_NR_USES;
	case TOP_STATE_COMMITTED:
		return TOP_USE_QUEUE;
	case TOP_STATE_RUNNING:
		return TOP_USE_DMA;
	default:
		return TOP_NR_USES;
	}
}

/* The access changed from state @from to state @to, and nobody else did that. */
static __always_inline void access_account(struct top_access *access, struct top_buffer *buffer,
					   __u32 from, __u32 to, __u64 now)
{
	unsigned int leave = access_use(access, from), enter = access_use(access, to);

	if (leave == enter || filtered_access(access))
		return;
	busy_add(&total, leave, -1, now);
	busy_add(&total, enter, 1, now);
	/* An entry made later counts nothing of this access, one that was there all of it. */
	if (!buffer || access->counted_ns < buffer->born_ns)
		return;
	busy_add(&buffer->busy, leave, -1, now);
	busy_add(&buffer->busy, enter, 1, now);
}

/* Go from @from to @to, unless somebody was faster. */
static __always_inline void access_step(struct top_access *access, __u32 from,
					__u32 to, __u64 now)
{
	if (__sync_val_compare_and_swap(&access->state, from, to) == from)
		access_account(access, buffer_find(access->ino), from, to, now);
}

/* It is over. Return: the state that it was in. */
static __always_inline __u32 access_leave(struct top_access *access, struct top_buffer *buffer,
					  __u64 now)
{
	__u32 from = __sync_lock_test_and_set(&access->state, TOP_STATE_GONE);

	access_account(access, buffer, from, TOP_STATE_GONE, now);
	return from;
}

static __always_inline void access_delete(__u64 id)
{
	bpf_map_delete_elem(&accesses, &id);
}

static __always_inline void access_drop(__u64 id, struct top_access *access,
					struct top_buffer *buffer, __u64 now)
{
	access_leave(access, buffer, now);
	access_delete(id);
}

/* One is over that is not in the map: whoever was told to be behind it is so no longer. */
static __always_inline void access_was_unknown(__u64 id)
{
	__u32 one = 1;

	bpf_map_update_elem(&over, &id, &one, BPF_ANY);
}

static __always_inline bool state_waits(__u32 state)
{
	return state == TOP_STATE_BEHIND_CPU || state == TOP_STATE_BEHIND_DMA;
}

/*
 * A request was told who is in its way: its wait is one behind the CPU or behind DMA. The
 * latest word counts, and of one that is held more than of one that is queued.
 */
static __always_inline void access_told(struct top_access *access, const struct top_edge *edge,
					__u64 now)
{
	const struct top_access *blocker = access_find(edge->blocker);
	__u32 state = access->state, to = TOP_STATE_BEHIND_CPU;

	if (blocker ? blocker->agent == TOP_AGENT_DMA : edge->kind == DMABUF_SYNC_KIND_DRIVER)
		to = TOP_STATE_BEHIND_DMA;
	if (state == TOP_STATE_REQUESTED || (state_waits(state) && !edge->queued))
		access_step(access, state, to, now);
}

static __always_inline void access_fill(struct top_access *access,
					const struct dmabuf_sync_access_args *args, __u64 now)
{
	access->counted_ns = now;
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
	access->passes = !filtered_thread(access->tgid, access->tid) &&
			 !filtered_comm(access->comm);
}

/* The task that made the request. Global, as those below, for the verifier. */
__noinline int access_user_add(const struct top_access *access, __u32 counter, __u64 add)
{
	struct top_user user = { .kind = TOP_USER_TASK };

	if (!access)
		return 0;
	user.tgid = access->tgid;
	__builtin_memcpy(user.name, access->comm, sizeof(access->comm));
	return user_add(&user, counter, add);
}

__noinline int access_user_wait(const struct top_access *access, __u32 pair, __u64 ns)
{
	struct top_user user = { .kind = TOP_USER_TASK };

	if (!access)
		return 0;
	user.tgid = access->tgid;
	__builtin_memcpy(user.name, access->comm, sizeof(access->comm));
	return user_wait(&user, pair, ns);
}

#define ACCESS_USER_ADD(access, counter, add) do {			\
	if (users_are_wanted())						\
		access_user_add(access, USER_SUM(counter), add);	\
} while (0)

static __always_inline void engine_of(const struct top_access *access, struct top_user *user)
{
	__u64 context = access->fence_context;
	const struct top_timeline *timeline = bpf_map_lookup_elem(&timelines, &context);

	if (!timeline)
		return;
	__builtin_memcpy(user->name, timeline->name, sizeof(user->name));
	__builtin_memcpy(user->driver, timeline->driver, sizeof(user->driver));
}

/* From here on an access is one of an engine: with the wait before, if there was one. */
__noinline int engine_gets(const struct top_access *access)
{
	struct top_user user = { .kind = TOP_USER_ENGINE };

	if (!access)
		return 0;
	engine_of(access, &user);
	user_add(&user, USER_SUM(acquired), 1);
	if (!access->contended)
		return 0;
	user_add(&user, USER_SUM(contended), 1);
	return user_wait(&user, access->contended - 1, access->waited_ns);
}

__noinline int engine_releases(const struct top_access *access, __u64 hold_ns)
{
	struct top_user user = { .kind = TOP_USER_ENGINE };

	if (!access || access->state < TOP_STATE_COMMITTED)
		return 0;
	engine_of(access, &user);
	user_add(&user, USER_SUM(released[TOP_AGENT_DMA]), 1);
	return user_add(&user, USER_SUM(hold_ns[TOP_AGENT_DMA]), hold_ns);
}

static __always_inline void event_push(__u32 type, __u64 ino, __u64 id,
				       __u64 owner, __s32 error,
				       const struct dmabuf_sync_edge_args *edge,
				       const struct dmabuf_sync_fence_args *fence)
{
	const struct top_access *access = access_find(id);
	struct top_event *event;
	void *ring = ring_get();

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

/*
 * A wait that was too long. Global, for the verifier; the entry is looked up anew, because the
 * verifier forgets what it was on the way.
 */
__noinline int wait_was_long(__u64 id, __u64 ns)
{
	struct top_entry *entry = entry_find(id);
	struct top_event *event;
	void *ring = ring_get();

	event = ring && entry ? bpf_ringbuf_reserve(ring, sizeof(*event), 0) : NULL;
	if (!event) {
		count(&lost.events, 1);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->type = TOP_EVENT_LONG_WAIT;
	event->access = id;
	event->wait_ns = ns;
	event->ino = entry->access.ino;
	event->owner = entry->access.owner;
	event->tgid = entry->access.tgid;
	event->tid = entry->access.tid;
	__builtin_memcpy(event->comm, entry->access.comm, sizeof(event->comm));
	__builtin_memcpy(&event->edge,
			 &entry->edges[(entry->access.nr_edges - 1) % TOP_NR_EDGES],
			 sizeof(event->edge));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void access_party(const struct top_access *access,
					 struct top_party *party)
{
	party->tgid = access->tgid;
	__builtin_memcpy(party->comm, access->comm, sizeof(party->comm));
	if (access->state >= TOP_STATE_COMMITTED)
		party->context = access->fence_context;
}

/* So long more the one it is behind is at fault. Global, for the verifier. */
__noinline int behind_blame(const struct top_entry *entry, __u64 ns)
{
	struct top_blame_key key = {};

	if (!entry || !entry->behind.blocker)
		return 0;
	key.waiter.tgid = entry->access.tgid;
	__builtin_memcpy(key.waiter.comm, entry->access.comm, sizeof(key.waiter.comm));
	__builtin_memcpy(&key.holder, &entry->behind.party, sizeof(key.holder));
	return blame_add(&key, entry->access.ino, ns);
}

static __always_inline bool behind_is_over(const struct top_entry *entry)
{
	return entry->behind.known && !access_find(entry->behind.blocker);
}

/* That one is over, and the request waits on. */
static __always_inline void behind_next(struct top_entry *entry, __u64 now)
{
	__u64 ns = now - entry->access.since_ns - entry->behind.blamed_ns;

	if ((__s64)ns < 0)
		ns = 0;
	if (!filtered_access(&entry->access))
		behind_blame(entry, ns);
	entry->behind.blamed_ns += ns;
}

/*
 * A request was told who is in its way. The first one that holds counts while it is there; one
 * that is queued only as long as none is known that holds.
 */
__noinline int behind_told(struct top_entry *entry, const struct top_edge *edge, __u64 now)
{
	const struct top_access *blocker;
	struct top_party party = {};

	if (!entry || !edge || entry->access.state >= TOP_STATE_HELD)
		return 0;
	if (behind_is_over(entry))
		behind_next(entry, now);
	else if (entry->behind.blocker && edge->queued >= entry->behind.queued)
		return 0;
	blocker = access_find(edge->blocker);
	party.tgid = edge->tgid;
	if (blocker)
		access_party(blocker, &party);
	__builtin_memcpy(&entry->behind.party, &party, sizeof(party));
	entry->behind.queued = edge->queued;
	entry->behind.known = !!blocker;
	entry->behind.blocker = edge->blocker;
	return 0;
}

/* One that waited, in this state, does so no longer. */
static __always_inline void behind_ended(const struct top_entry *entry, __u64 ns)
{
	__u64 blamed_ns = entry->behind.blamed_ns;

	behind_blame(entry, ns > blamed_ns ? ns - blamed_ns : 0);
}

static __always_inline void wait_ended(struct counted at, struct top_access *access,
				       __u32 agent, __u32 state, __u64 ns)
{
	__u32 pair = TOP_PAIR(agent == TOP_AGENT_DMA, state == TOP_STATE_BEHIND_DMA);

	count_wait(at, pair, ns);
	access->contended = 1 + pair;
	access->waited_ns = ns;
	if (at.total)
		behind_ended((const struct top_entry *)access, ns);
	if (at.total && waits_by)
		waits_add(access->ino, pair, ns);
	if (at.total && users_are_wanted())
		access_user_wait(access, pair, ns);
}

/* Its slot is needed: was this edge still one? */
static __always_inline void edge_replaced(const struct top_edge *edge)
{
	if (edge->blocker && access_find(edge->blocker))
		count(&lost.edges, 1);
}

/* A request that looks again names its blockers again. */
static __always_inline struct top_edge *edge_find(struct top_entry *entry,
						  __u64 blocker)
{
	int i;

	for (i = 0; i < TOP_NR_EDGES; i++)
		if (entry->edges[i].blocker == blocker)
			return &entry->edges[i];
	return NULL;
}

static __always_inline void edge_add(struct top_entry *entry,
				     const struct top_edge *new)
{
	struct top_edge *edge = edge_find(entry, new->blocker);

	if (edge) {
		edge->queued = new->queued;
		return;
	}
	edge = &entry->edges[__sync_fetch_and_add(&entry->access.nr_edges, 1) %
			     TOP_NR_EDGES];
	edge_replaced(edge);
	*edge = *new;
	edge->known = !!access_find(new->blocker);
}

/*
 * The same for an edge of the snapshot, which comes again with each snapshot: those that
 * are kept stay, and a waiter that has more counts once.
 */
static __always_inline void edge_replay(struct top_entry *entry,
					const struct top_edge *new)
{
	int i;

	if (entry->access.nr_edges < TOP_NR_EDGES ||
	    edge_find(entry, new->blocker)) {
		edge_add(entry, new);
		return;
	}
	for (i = 0; i < TOP_NR_EDGES; i++) {
		if (access_find(entry->edges[i].blocker))
			continue;
		entry->edges[i] = *new;
		entry->edges[i].known = 1;
		return;
	}
	if (entry->access.nr_edges > TOP_NR_EDGES)
		return;
	entry->access.nr_edges = TOP_NR_EDGES + 1;
	count(&lost.edges, 1);
}

#endif /* TOP_MAPS_BPF_H */
