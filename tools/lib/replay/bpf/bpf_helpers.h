/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of BPF programs, for tools/lib/replay.c, which runs them in user space. Maps are those
 * of replay_map.h; the time and the task are those of the record that is replayed.
 */
#ifndef REPLAY_BPF_HELPERS_H
#define REPLAY_BPF_HELPERS_H

#include "../../replay_map.h"

/* Loops need no unrolling where there is no verifier. */
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

/* A setting is an ordinary variable: see bpf/setting.bpf.h. */
#define SETTING

#define SEC(...)
#define __uint(name, value)	int (*name)[value]
#define __type(name, value)	typeof(value) *name
/* Of a map of maps: its values are not looked into. */
#define __array(name, type)	typeof(type) *name[1]; typeof(type) *value
#define __noinline		__attribute__((noinline))
#define barrier_var(variable)	((void)(variable))

#define REPLAY_MAP(map)							\
	replay_map(map, sizeof(*(map)->type) / sizeof(int), sizeof(*(map)->key), \
		   sizeof(*(map)->value))

#define bpf_map_lookup_elem(map, key)	replay_map_find(REPLAY_MAP(map), key)
#define bpf_map_delete_elem(map, key)	replay_map_delete(REPLAY_MAP(map), key)
#define bpf_map_update_elem(map, key, value, flags)			\
	replay_map_update(REPLAY_MAP(map), key, value, flags)

static inline __u64 bpf_ktime_get_ns(void)
{
	return replay_now.time_ns;
}

static inline __u64 bpf_get_current_pid_tgid(void)
{
	return (__u64)replay_now.tgid << 32 | replay_now.tid;
}

static inline void bpf_get_current_comm(void *comm, __u32 size)
{
	__builtin_memcpy(comm, replay_now.comm, size);
}

static inline __u32 bpf_get_smp_processor_id(void)
{
	return 0;
}

static inline void *bpf_ringbuf_reserve(void *ring, __u64 size, __u64 flags)
{
	(void)ring;
	(void)flags;
	return replay_event_new(size);
}

static inline void bpf_ringbuf_submit(void *event, __u64 flags)
{
	(void)flags;
	replay_event_add(event);
}

#endif /* REPLAY_BPF_HELPERS_H */
