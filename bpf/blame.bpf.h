/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits because of whom. A wait is charged to one blocker at a time: to the first one that
 * was reported and, when that one is over and another one is reported, from then on to that.
 */
#ifndef BLAME_BPF_H
#define BLAME_BPF_H

#include "counters.bpf.h"

/* What found no room. */
__u64 blame_left_waits, blame_left_ns;

static const struct top_blame no_blame;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_NR_BLAMES);
	__type(key, struct top_blame_key);
	__type(value, struct top_blame);
} blames SEC(".maps");

static __always_inline struct top_blame *blame_get(const struct top_blame_key *key)
{
	struct top_blame *blame = bpf_map_lookup_elem(&blames, key);

	if (blame)
		return blame;
	bpf_map_update_elem(&blames, key, &no_blame, BPF_NOEXIST);
	return bpf_map_lookup_elem(&blames, key);
}

/* Which buffers: each once, in the first slot that is free. */
static __always_inline void blame_buffer(struct top_blame *blame, __u64 ino)
{
	__u64 old;
	int i;

	#pragma nounroll
	for (i = 0; i < TOP_BLAME_BUFFERS; i++) {
		old = __sync_val_compare_and_swap(&blame->inos[i], 0, ino);
		if (!old || old == ino)
			return;
	}
	blame->more_inos = 1;
}

/* Global, so that the verifier looks at it once. */
__noinline int blame_add(const struct top_blame_key *key, __u64 ino, __u64 ns)
{
	struct top_blame *blame = key ? blame_get(key) : NULL;

	if (!blame) {
		count(&blame_left_waits, 1);
		count(&blame_left_ns, ns);
		return 0;
	}
	count(&blame->waits, 1);
	count(&blame->wait_ns, ns);
	count_raise(&blame->max_ns, ns < TOP_MAX_NS ? ns : TOP_MAX_NS);
	blame_buffer(blame, ino);
	return 0;
}

#endif /* BLAME_BPF_H */
