/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Without the module: what the kernel's own events tell of the CPU and of jobs, as accesses.
 * They get ids of their own, and go through the bodies of the module's events.
 */
#ifndef STOCK_BPF_H
#define STOCK_BPF_H

#include "dmasync_top.h"
#include "top_body.bpf.h"

/* Owners of CPU accesses: with the process, above the contexts of engines. */
#define STOCK_OWNER_CPU		(1ULL << 40)
#define STOCK_READ		1
#define STOCK_WRITE		2
#define STOCK_MODE_BITS		2
#define STOCK_MODE_MASK		3
/* Of a process on one buffer at once; and buffers of a fence. More are lost. */
#define STOCK_NR_OPEN		8
#define STOCK_NR_BUFFERS	16

/* The last id that an access got. */
__u64 stock_ids;

/* The CPU accesses that a process has begun and not ended. */
struct stock_bracket_key {
	__u64 ino;
	__u64 tgid;
};

/* @open: id and mode of each; 0: there is none */
struct stock_bracket {
	__u64 open[STOCK_NR_OPEN];
};

/* @inos: buffers, each once. @ids: the access of each, 0: it is over or not there yet */
struct stock_job {
	__u64 inos[STOCK_NR_BUFFERS];
	__u64 ids[STOCK_NR_BUFFERS];
};

static const struct stock_bracket no_bracket;
static const struct stock_job no_job;

/* An entry stays as long as its process and its buffer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, struct stock_bracket_key);
	__type(value, struct stock_bracket);
} brackets SEC(".maps");

/* Processes that have brackets: how many buffers. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, __u32);
} bracket_tasks SEC(".maps");

/* Fences that have not signaled; key: where they are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct stock_job);
} jobs SEC(".maps");

/* The buffer of a reservation object; key: where it is. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, __u64);
} resvs SEC(".maps");

static __always_inline __u64 stock_id_new(void)
{
	return __sync_fetch_and_add(&stock_ids, 1) + 1;
}

/*
 * Requested, and then acquired at once: what it waited for is counted apart. These and those
 * below are global, so that the verifier looks at each of them once.
 */
__noinline int stock_request(const struct dmabuf_sync_access_args *args)
{
	if (!args)
		return 0;
	body_request(args);
	return 0;
}

__noinline int stock_acquired(const struct dmabuf_sync_access_args *args)
{
	if (!args)
		return 0;
	body_acquired(args);
	return 0;
}

/* What the events of an access tell, from what is known of it. */
static __always_inline void stock_args(struct dmabuf_sync_access_args *args, __u64 id,
				       const struct top_access *access, __u64 now)
{
	__builtin_memset(args, 0, sizeof(*args));
	args->access = id;
	args->ino = access->ino;
	args->owner = access->owner;
	args->kind = access->kind;
	args->tgid = access->tgid;
	args->tid = access->tid;
	args->mode = access->mode;
	args->agent = access->agent;
	args->len = access->len;
	args->time_ns = now - access->since_ns;
}

__noinline int stock_abandon(__u64 id)
{
	const struct top_access *access = access_find(id);
	struct dmabuf_sync_access_args args;

	if (!access || !(access->mode & STOCK_WRITE))
		return 0;
	stock_args(&args, id, access, access->since_ns);
	body_abandoned(&args);
	return 0;
}

__noinline int stock_release(__u64 id)
{
	const struct top_access *access = access_find(id);
	struct dmabuf_sync_access_args args;

	if (!access)
		return 0;
	stock_args(&args, id, access, bpf_ktime_get_ns());
	body_released(&args);
	return 0;
}

static __always_inline void stock_class(struct top_class *class, struct dma_buf *dmabuf)
{
	__builtin_memset(class, 0, sizeof(*class));
	bpf_probe_read_kernel_str(class->exporter, sizeof(class->exporter),
				  BPF_CORE_READ(dmabuf, exp_name));
	bpf_probe_read_kernel_str(class->name, sizeof(class->name),
				  BPF_CORE_READ(dmabuf, name));
}

static __always_inline void stock_identify(struct dma_buf *dmabuf, __u64 ino)
{
	struct top_identity identity = {};

	if (!filter_glob.end && bpf_map_lookup_elem(&identities, &ino))
		return;
	stock_class(&identity.class, dmabuf);
	filter_buffer(ino, &identity.class);
	if (filtered_buffer(ino))
		return;
	identity.size = BPF_CORE_READ(dmabuf, size);
	bpf_map_update_elem(&identities, &ino, &identity, BPF_ANY);
}

/* A buffer is seen: remember whose reservation object that is. Return: its inode number. */
static __always_inline __u64 stock_learn(struct dma_buf *dmabuf)
{
	__u64 resv = (__u64)BPF_CORE_READ(dmabuf, resv), *known;
	__u64 ino = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);

	if (!resv || !ino)
		return 0;
	known = bpf_map_lookup_elem(&resvs, &resv);
	if (known && *known == ino && !filter_glob.end)
		return ino;
	stock_identify(dmabuf, ino);
	if (bpf_map_update_elem(&resvs, &resv, &ino, BPF_ANY))
		count(&lost.buffers, 1);
	return ino;
}

static __always_inline void stock_forget(struct dma_buf *dmabuf, __u64 ino)
{
	__u64 resv = (__u64)BPF_CORE_READ(dmabuf, resv);
	__u64 *known = bpf_map_lookup_elem(&resvs, &resv);

	if (known && *known == ino)
		bpf_map_delete_elem(&resvs, &resv);
}

#endif /* STOCK_BPF_H */
