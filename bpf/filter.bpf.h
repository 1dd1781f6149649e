/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events count. Nothing is kept of buffers that do not pass. Accesses of other tasks are
 * kept, since they may be in the way of one that passes, but they are not counted.
 */
#ifndef FILTER_BPF_H
#define FILTER_BPF_H

#include "dmasync_top.h"
#include "glob.h"
#include "setting.bpf.h"

/* Written by the tool: 0 lets everything pass. */
SETTING __u64 filter_ino;
SETTING __u32 filter_tgid;
SETTING __u32 filter_tid;
/* A name of a thread, all its bytes. */
SETTING __u64 filter_comm[TOP_COMM_WORDS];
/* Names and exporters of buffers. */
SETTING struct glob filter_glob;

/*
 * Buffers that fit @filter_glob; the tool adds those that it finds. There is room for as many
 * as there are counters of buffers, and the least recently used one is forgotten first. If
 * that one has counters the tool finds out, counts it as lost and puts it back.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, __u32);
} passing SEC(".maps");

static __always_inline bool filtered_buffer(__u64 ino)
{
	if (filter_ino && ino != filter_ino)
		return true;
	return filter_glob.end && !bpf_map_lookup_elem(&passing, &ino);
}

/* What a buffer is has become known. Global, so that the verifier looks at it once. */
__noinline int filter_buffer(__u64 ino, const struct top_class *class)
{
	__u32 one = 1;

	if (!class || !filter_glob.end)
		return 0;
	if (glob_fits(&filter_glob, class->name) || glob_fits(&filter_glob, class->exporter))
		bpf_map_update_elem(&passing, &ino, &one, BPF_ANY);
	return 0;
}

static __always_inline bool filters_tasks(void)
{
	return filter_tgid || filter_tid || filter_comm[0];
}

/* Not by this thread, whatever it is called. */
static __always_inline bool filtered_thread(__u32 tgid, __u32 tid)
{
	return (filter_tgid && tgid != filter_tgid) || (filter_tid && tid != filter_tid);
}

static __always_inline bool filtered_comm(const char *comm)
{
	const __u64 *words = (const __u64 *)comm;

	return filter_comm[0] && (words[0] != filter_comm[0] || words[1] != filter_comm[1]);
}

/* The access of an event that tells the thread; NULL: it is not known. */
static __always_inline bool filtered_task(const struct top_access *access, __u32 tgid,
					  __u32 tid)
{
	return filtered_thread(tgid, tid) || (filter_comm[0] && (!access || !access->passes));
}

/* The same for events that do not tell it. */
static __always_inline bool filtered_access(const struct top_access *access)
{
	return filters_tasks() && (!access || !access->passes);
}

/* This thread, on this buffer. */
static __always_inline bool filtered_current(__u64 ino)
{
	__u64 task = bpf_get_current_pid_tgid(), comm[TOP_COMM_WORDS] = {};

	if (filtered_buffer(ino) || filtered_thread(task >> 32, task))
		return true;
	if (filter_comm[0])
		bpf_get_current_comm(comm, sizeof(comm));
	return filtered_comm((const char *)comm);
}

#endif /* FILTER_BPF_H */
