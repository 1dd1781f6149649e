/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs without the module: a fence in the reservation object of a buffer is an access of its
 * engine until it has signaled. No event tells when the engine begins: it counts from the add.
 */
#ifndef STOCK_DMA_BPF_H
#define STOCK_DMA_BPF_H

#include "stock_buffers.bpf.h"

/* Buffers of a fence. More are lost. */
#define STOCK_NR_BUFFERS	16

/* @inos: buffers whose reservation objects have the fence, each once */
struct stock_job {
	__u64 inos[STOCK_NR_BUFFERS];
};

static const struct stock_job no_job;

/* Fences that have not signaled; key: where they are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, struct stock_job);
} jobs SEC(".maps");

__noinline int stock_commit(const struct dmabuf_sync_fence_args *args)
{
	if (!args)
		return 0;
	body_commit(args);
	body_began(args);
	return 0;
}

__noinline int stock_signaled(__u64 id, __u64 error)
{
	const struct top_access *access = access_find(id);
	struct dmabuf_sync_fence_args args = { .access = id, .error = error };

	if (!access)
		return 0;
	args.ino = access->ino;
	args.owner = access->owner;
	args.context = access->fence_context;
	args.seqno = access->fence_seqno;
	body_signaled(&args);
	return 0;
}

static __always_inline struct stock_job *job_make(const __u64 *fence)
{
	struct stock_job *job = bpf_map_lookup_elem(&jobs, fence);

	if (job)
		return job;
	bpf_map_update_elem(&jobs, fence, &no_job, BPF_NOEXIST);
	return bpf_map_lookup_elem(&jobs, fence);
}

#define JOB_HAS_PLACE	(-1)
#define JOB_IS_FULL	(-2)

/*
 * Its place for this buffer, or one of those above. Global, as job_end(), so that the verifier
 * looks at it once.
 */
__noinline int job_place(struct stock_job *job, __u64 ino)
{
	__u64 old;
	int i;

	if (!job)
		return JOB_IS_FULL;
	for (i = 0; i < STOCK_NR_BUFFERS; i++) {
		old = __sync_val_compare_and_swap(&job->inos[i], 0, ino);
		if (!old)
			return i;
		if (old == ino)
			return JOB_HAS_PLACE;
	}
	return JOB_IS_FULL;
}

/* Of the access that a fence makes. Global: a pointer to it is but a number in here. */
__noinline __u64 job_id(const __u64 *fence, __u64 ino)
{
	return fence ? stock_id(*fence, ino) : 0;
}

__noinline int job_over(__u64 id, __u64 error)
{
	stock_signaled(id, error);
	stock_release(id);
	return 0;
}

/* The fence has signaled, or never will. */
__noinline int job_end(const __u64 *fence, __u64 error)
{
	struct stock_job *job = fence ? bpf_map_lookup_elem(&jobs, fence) : NULL;
	int i;

	if (!job)
		return 0;
	for (i = 0; i < STOCK_NR_BUFFERS && job->inos[i]; i++)
		job_over(job_id(fence, job->inos[i]), error);
	bpf_map_delete_elem(&jobs, fence);
	return 0;
}

static __always_inline __u32 usage_mode(__u32 usage)
{
	return usage == DMA_RESV_USAGE_READ ? STOCK_READ : STOCK_WRITE;
}

static __always_inline void job_args(struct dmabuf_sync_access_args *args, __u64 ino,
				     __u64 context, __u32 usage)
{
	__u64 task = bpf_get_current_pid_tgid();

	__builtin_memset(args, 0, sizeof(*args));
	args->ino = ino;
	args->owner = context;
	args->kind = DMABUF_SYNC_KIND_DRIVER;
	args->tgid = task >> 32;
	args->tid = (__u32)task;
	args->mode = usage_mode(usage);
	args->agent = TOP_AGENT_DMA;
}

/* Requested, acquired and committed at once. */
static __always_inline void job_begin(__u64 id, struct dma_fence *fence, __u64 ino, __u32 usage)
{
	struct dmabuf_sync_fence_args commit = {
		.access = id,
		.ino = ino,
		.context = BPF_CORE_READ(fence, context),
		.seqno = BPF_CORE_READ(fence, seqno),
	};
	struct dmabuf_sync_access_args args;

	job_args(&args, ino, commit.context, usage);
	args.access = id;
	stock_request(&args);
	stock_acquired(&args);
	commit.owner = args.owner;
	stock_commit(&commit);
}

/* The flag is another bit in newer kernels. */
static __always_inline bool job_is_over(struct dma_fence *fence)
{
	return BPF_CORE_READ(fence, flags) >>
	       bpf_core_enum_value(enum dma_fence_flag_bits, DMA_FENCE_FLAG_SIGNALED_BIT) & 1;
}

/* It reads, and now is to write as well. */
static __always_inline void job_widen(__u64 id, __u32 usage)
{
	struct top_access *access = access_find(id);

	if (access)
		access->mode |= usage_mode(usage);
}

/* A fence of DMA_RESV_USAGE_BOOKKEEP is no part of implicit synchronization. */
SEC("fentry/dma_resv_add_fence")
int stock_fence(__u64 *args)
{
	struct dma_fence *fence = (struct dma_fence *)args[1];
	__u64 where = args[1], resv = args[0], id, *ino = bpf_map_lookup_elem(&resvs, &resv);
	int place;

	if (!ino || (__u32)args[2] > DMA_RESV_USAGE_READ || filtered_buffer(*ino) ||
	    job_is_over(fence))
		return 0;
	id = job_id(&where, *ino);
	place = job_place(job_make(&where), *ino);
	if (place == JOB_IS_FULL)
		count(&lost.accesses, 1);
	if (place == JOB_HAS_PLACE)
		job_widen(id, args[2]);
	if (place < 0)
		return 0;
	job_begin(id, fence, *ino, args[2]);
	/* The end came meanwhile, and has seen the place or the access, or neither. */
	if (job_is_over(fence)) {
		job_end(&where, 0);
		job_over(id, 0);
	}
	return 0;
}

SEC("tp_btf/dma_fence_signaled")
int stock_fence_signaled(__u64 *args)
{
	struct dma_fence *fence = (struct dma_fence *)args[0];
	__u64 where = args[0];

	if (bpf_map_lookup_elem(&jobs, &where))
		job_end(&where, (__u64)(__s64)BPF_CORE_READ(fence, error));
	return 0;
}

/* One that never signaled: what comes to its place is another one. */
SEC("tp_btf/dma_fence_destroy")
int stock_fence_destroy(__u64 *args)
{
	__u64 where = args[0];

	job_end(&where, 0);
	return 0;
}

/* Fences have names while they live, which the event has as strings. */
SEC("tp/dma_fence/dma_fence_init")
int stock_fence_init(struct trace_event_raw_dma_fence *event)
{
	__u64 context = BPF_CORE_READ(event, context);
	struct top_timeline timeline = {};

	if (bpf_map_lookup_elem(&timelines, &context))
		return 0;
	bpf_probe_read_kernel_str(timeline.driver, sizeof(timeline.driver), (void *)event +
				  (BPF_CORE_READ(event, __data_loc_driver) & 0xffff));
	bpf_probe_read_kernel_str(timeline.name, sizeof(timeline.name), (void *)event +
				  (BPF_CORE_READ(event, __data_loc_timeline) & 0xffff));
	bpf_map_update_elem(&timelines, &context, &timeline, BPF_NOEXIST);
	return 0;
}

#endif /* STOCK_DMA_BPF_H */
