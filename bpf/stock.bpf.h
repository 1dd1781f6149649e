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

/* Odd numbers that spread bits: of the 64-bit finalizer of MurmurHash3. */
#define STOCK_MIX_1		0xff51afd7ed558ccdULL
#define STOCK_MIX_2		0xc4ceb9fe1a85ec53ULL

/*
 * The id of an access, from what tells it apart from others. Whoever ends it finds it by that, and
 * nobody has to keep it where another one may come in between.
 */
static __always_inline __u64 stock_id(__u64 a, __u64 b)
{
	__u64 id = a * STOCK_MIX_1 ^ b;

	id = (id ^ id >> 33) * STOCK_MIX_2;
	return (id ^ id >> 29) >> 1 | 1;
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

/* Several may come to end it: the first one does. A buffer that is gone gets no row any more. */
__noinline int stock_release(__u64 id)
{
	struct top_access *access = access_find(id);
	struct dmabuf_sync_access_args args;
	__u64 now = bpf_ktime_get_ns();
	struct counted at = {};
	__u32 zero = 0;

	if (!access || __sync_lock_test_and_set(&access->ended, 1))
		return 0;
	stock_args(&args, id, access, now);
	if (!filtered_access(access)) {
		at.buffer = buffer_find(args.ino);
		at.total = bpf_map_lookup_elem(&totals, &zero);
	}
	released_at(at, access, &args, now);
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

#endif /* STOCK_BPF_H */
