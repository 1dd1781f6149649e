/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long waits were that are over, by kind of buffer. A tool that wants to know says so
 * before the programs are loaded; for others there is no code.
 */
#ifndef WAITS_BPF_H
#define WAITS_BPF_H

#include "counters.bpf.h"
#include "setting.bpf.h"

/* Written by the tool: enum top_waits_by. */
SETTING __u32 waits_by;

static const struct top_waits no_waits;

/* The tool puts the entries in that have @others set. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, struct top_wait_key);
	__type(value, struct top_waits);
} waits SEC(".maps");

/* Of a buffer that is not known the class stays empty. */
static __always_inline void waits_class(struct top_wait_key *key, __u64 ino)
{
	const struct top_identity *identity = bpf_map_lookup_elem(&identities, &ino);

	if (!identity)
		return;
	if (waits_by == TOP_WAITS_EXPORTER)
		__builtin_memcpy(key->class, identity->class.exporter, sizeof(key->class));
	if (waits_by == TOP_WAITS_NAME)
		__builtin_memcpy(key->class, identity->class.name, sizeof(key->class));
}

static __always_inline struct top_waits *waits_get(const struct top_wait_key *key)
{
	struct top_wait_key others = { .pair = key->pair, .others = 1 };
	struct top_waits *sum = bpf_map_lookup_elem(&waits, key);

	if (sum)
		return sum;
	bpf_map_update_elem(&waits, key, &no_waits, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&waits, key);
	return sum ?: bpf_map_lookup_elem(&waits, &others);
}

/* Global, so that the verifier looks at it once. */
__noinline int waits_add(__u64 ino, __u32 pair, __u64 ns)
{
	struct top_wait_key key = { .pair = pair };
	struct top_waits *sum;
	__u32 bucket;

	waits_class(&key, ino);
	sum = waits_get(&key);
	if (!sum)
		return 0;
	#pragma nounroll
	for (bucket = 0; bucket < TOP_NR_WAIT_BUCKETS - 1; bucket++)
		if (ns <= TOP_WAIT_BUCKET_NS(bucket))
			break;
	count(&sum->buckets[bucket], 1);
	count(&sum->ns, ns);
	return 0;
}

#endif /* WAITS_BPF_H */
