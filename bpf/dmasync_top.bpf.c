// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-top: counters per buffer, and the accesses there are, kept in the
 * kernel and read by the tool at each refresh. So its cost grows with the number of
 * accesses on the kernel's side only, and nothing is lost by reading too slowly.
 * What happened and leaves no state behind goes through the rings as events.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "top_body.bpf.h"

char LICENSE[] SEC("license") = "GPL";

DMABUF_SYNC_PROBE(request, access)
DMABUF_SYNC_PROBE(acquired, access)
DMABUF_SYNC_PROBE(released, access)
DMABUF_SYNC_PROBE(abandoned, access)
DMABUF_SYNC_PROBE(revoked, access)
DMABUF_SYNC_PROBE(failed, failed)
DMABUF_SYNC_PROBE(contended, edge)
DMABUF_SYNC_PROBE(deadlock, edge)
DMABUF_SYNC_PROBE(commit, fence)
DMABUF_SYNC_PROBE(began, fence)
DMABUF_SYNC_PROBE(timeline, timeline)
DMABUF_SYNC_PROBE(buffer, buffer)
DMABUF_SYNC_PROBE(signaled, fence)
DMABUF_SYNC_PROBE(fence_wait_begin, fence)
DMABUF_SYNC_PROBE(fence_wait_end, fence)
DMABUF_SYNC_PROBE(backoff, backoff)

static __always_inline void replay_fill(struct top_access *access,
					const struct top_access *in, __u64 now)
{
	access->counted_ns = now;
	access->ino = in->ino;
	access->owner = in->owner;
	access->start = in->start;
	access->len = in->len;
	access->kind = in->kind;
	access->tgid = in->tgid;
	access->tid = in->tid;
	access->mode = in->mode;
	access->agent = in->agent;
	__builtin_memcpy(access->comm, in->comm, sizeof(access->comm));
	access->passes = !filtered_thread(in->tgid, in->tid) && !filtered_comm(access->comm);
}

/*
 * Go on to the state that the snapshot has, from whichever came before it. Of a request that
 * waits its edges tell behind whom, and come later.
 */
static __always_inline void replay_step(struct top_access *access,
					const struct top_access *in, __u64 now)
{
	__u32 state = access->state;

	if (in->state >= TOP_STATE_COMMITTED) {
		access->fence_context = in->fence_context;
		access->fence_seqno = in->fence_seqno;
	}
	if (state >= in->state)
		return;
	if (state == TOP_STATE_NONE)
		replay_fill(access, in, now);
	if (state < TOP_STATE_HELD)
		access->since_ns = in->since_ns;
	access_step(access, state, in->state, now);
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
	struct top_edge edge = replay_input.edge;
	struct top_entry *entry;

	if (filtered_buffer(in->ino))
		return 0;
	if (!replay_input.known_only)
		access_get(id);
	entry = entry_find(id);
	if (!entry)
		return !replay_input.known_only;
	if (!filtered_thread(in->tgid, in->tid) && !filtered_comm(replay_input.access.comm))
		buffer_make(in->ino, now);
	replay_step(&entry->access, in, now);
	if (replay_input.edge.blocker) {
		edge_replay(entry, &replay_input.edge);
		access_told(&entry->access, &replay_input.edge, now);
		behind_told(entry, &edge, now);
	}
	return 0;
}

/* Run by the tool, with replay_input.id: an access that the snapshot has not. */
SEC("raw_tp")
int forget(void)
{
	struct top_access *access = access_find(replay_input.id);

	if (access)
		access_drop(replay_input.id, access, buffer_find(access->ino),
			    bpf_ktime_get_ns());
	return 0;
}
