/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of buffers: those there are, those that are gone, and all together. The last do
 * not depend on whether there was room for the buffer.
 */
#ifndef COUNTERS_BPF_H
#define COUNTERS_BPF_H

#include "dmasync_top.h"

/* Replacing a maximum fails only against a larger one: this is plenty. */
#define MAX_TRIES	16

/* Written by the tool: number of the window. */
__u32 window;

static const struct top_buffer no_buffer = { .busy.state = TOP_BUSY_REST };
static const struct top_gone no_gone;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct top_buffer);
} buffers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct top_identity);
} identities SEC(".maps");

/* The tool adds an entry with an empty key: it is that of all for which there is no room. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_NR_CLASSES);
	__type(key, struct top_class);
	__type(value, struct top_gone);
} gone SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct top_counters);
} totals SEC(".maps");

static __always_inline void count(top_u64 *counter, __u64 add)
{
	__sync_fetch_and_add(counter, add);
}

static __always_inline struct top_buffer *buffer_find(__u64 ino)
{
	return bpf_map_lookup_elem(&buffers, &ino);
}

/* A buffer's counters, if there is room. */
static __always_inline struct top_buffer *buffer_make(__u64 ino, __u64 now)
{
	struct top_buffer *buffer = buffer_find(ino);

	if (buffer)
		return buffer;
	bpf_map_update_elem(&buffers, &ino, &no_buffer, BPF_NOEXIST);
	buffer = buffer_find(ino);
	if (buffer && !__sync_val_compare_and_swap(&buffer->born_ns, 0, now))
		buffer->window = *(volatile __u32 *)&window;
	return buffer;
}

/* Where an event is counted: for its buffer, when there is room, and for all of them. */
struct counted {
	struct top_buffer *buffer;
	struct top_counters *total;
};

#define COUNT(at, counter, add) do {					\
	if ((at).buffer)						\
		count(&(at).buffer->count.counter, add);		\
	if ((at).total)							\
		count(&(at).total->counter, add);			\
} while (0)

static __always_inline void count_raise(top_u64 *max, __u64 value)
{
	__u64 old;
	int i;

	#pragma nounroll
	for (i = 0; i < MAX_TRIES; i++) {
		old = *(volatile top_u64 *)max;
		if (TOP_MAX_WINDOW(old) == TOP_MAX_WINDOW(value) && old >= value)
			return;
		if (__sync_val_compare_and_swap(max, old, value) == old)
			return;
	}
}

/* Keep the largest @ns of window @number. */
static __always_inline void count_wait_max(struct top_counters *counters, __u32 number, __u64 ns)
{
	__u64 value = ns < TOP_MAX_NS ? ns : TOP_MAX_NS;

	count_raise(&counters->wait_max[number & 1],
		    value | (__u64)number << TOP_MAX_BITS);
}

/* A wait is over. Global, so that the verifier looks at it once. */
__noinline int counters_wait(struct top_counters *counters, __u32 pair, __u64 ns)
{
	if (!counters)
		return 0;
	pair &= TOP_NR_PAIRS - 1;
	count(&counters->waits[pair], 1);
	count(&counters->wait_ns[pair], ns);
	count_wait_max(counters, *(volatile __u32 *)&window, ns);
	return 0;
}

static __always_inline void count_wait(struct counted at, __u32 pair, __u64 ns)
{
	if (at.buffer)
		counters_wait(&at.buffer->count, pair, ns);
	counters_wait(at.total, pair, ns);
}

#endif /* COUNTERS_BPF_H */
