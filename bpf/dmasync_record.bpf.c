// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-record: each event as a record in a ring. Nothing is summed up and nothing is looked
 * up here: what the events mean is the business of whoever reads the recording.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "dmabuf_sync.bpf.h"
#include "dmasync_record.h"
#include "rings.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* A ring that has so many bytes wakes the tool; others wait until it looks. */
SETTING __u64 wakeup_bytes;

/* Stacks are wanted. */
SETTING __u32 wants_stacks;

/* Records that found their ring full. */
__u64 lost;

/* Stacks for which there was no place. */
__u64 lost_stacks;

#define EEXIST	17
#define ENOMEM	12

/* Made only when stacks are wanted. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);		/* set by the tool */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, RECORD_STACK_DEPTH * sizeof(__u64));
} stacks SEC(".maps");

static __always_inline void head_fill(struct record_head *head, __u16 kind, __u16 size)
{
	__u64 task = bpf_get_current_pid_tgid();

	head->time_ns = bpf_ktime_get_ns();
	head->kind = kind;
	head->size = size;
	head->cpu = bpf_get_smp_processor_id();
	head->tgid = task >> 32;
	head->tid = task;
}

static __always_inline void record_submit(void *ring, void *record)
{
	bool full = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) >= wakeup_bytes;

	bpf_ringbuf_submit(record, full ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* The body of an event: the arguments as they are. */
#define RECORD(name, class, kind)					\
struct record_##name {							\
	struct record_head head;					\
	struct dmabuf_sync_##class##_args args;				\
};									\
static __always_inline void						\
body_##name(const struct dmabuf_sync_##class##_args *args)		\
{									\
	struct record_##name *record;					\
	void *ring = ring_get();					\
									\
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL; \
	if (!record) {							\
		__sync_fetch_and_add(&lost, 1);				\
		return;							\
	}								\
	head_fill(&record->head, kind, sizeof(*record));		\
	record->args = *args;						\
	record_submit(ring, record);					\
}									\
DMABUF_SYNC_PROBE(name, class)

/* The name of the thread goes with its request, and nowhere else. */
struct record_request {
	struct record_head head;
	struct dmabuf_sync_access_args args;
	char comm[16];
};

/* The number of a part of the stack, or why it is missing: kernel threads have one part. */
static __always_inline __s64 stack_get(const void *context, __u64 flags)
{
	__s64 stack = bpf_get_stackid((void *)context, &stacks, flags);

	if (stack == -EEXIST || stack == -ENOMEM)
		__sync_fetch_and_add(&lost_stacks, 1);
	return stack;
}

/* The stack goes with the request, too: who asks is who may have to wait, or holds it then. */
static __always_inline void stack_record(const struct dmabuf_sync_access_args *args)
{
	struct record_asked *record;
	void *ring = ring_get();

	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	head_fill(&record->head, RECORD_STACK, sizeof(*record));
	record->access = args->access;
	record->kernel = stack_get(args, 0);
	record->user = stack_get(args, BPF_F_USER_STACK);
	record_submit(ring, record);
}

static __always_inline void body_request(const struct dmabuf_sync_access_args *args)
{
	struct record_request *record;
	void *ring = ring_get();

	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	head_fill(&record->head, RECORD_REQUEST, sizeof(*record));
	record->args = *args;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	record_submit(ring, record);
	if (wants_stacks)
		stack_record(args);
}

DMABUF_SYNC_PROBE(request, access)
RECORD(acquired, access, RECORD_ACQUIRED)
RECORD(released, access, RECORD_RELEASED)
RECORD(abandoned, access, RECORD_ABANDONED)
RECORD(revoked, access, RECORD_REVOKED)
RECORD(failed, failed, RECORD_FAILED)
RECORD(contended, edge, RECORD_CONTENDED)
RECORD(deadlock, edge, RECORD_DEADLOCK)
RECORD(commit, fence, RECORD_COMMIT)
RECORD(began, fence, RECORD_BEGAN)
RECORD(signaled, fence, RECORD_SIGNALED)
RECORD(fence_wait_begin, fence, RECORD_FENCE_WAIT_BEGIN)
RECORD(fence_wait_end, fence, RECORD_FENCE_WAIT_END)
RECORD(timeline, timeline, RECORD_TIMELINE)
RECORD(buffer, buffer, RECORD_BUFFER)
RECORD(backoff, backoff, RECORD_BACKOFF)
RECORD(cpu_access_begin, cpu_access, RECORD_CPU_ACCESS_BEGIN)
RECORD(cpu_access_end, cpu_access, RECORD_CPU_ACCESS_END)
RECORD(point_signal, point_signal, RECORD_POINT_SIGNAL)
RECORD(point_wait_begin, point, RECORD_POINT_WAIT_BEGIN)
RECORD(point_wait_end, point, RECORD_POINT_WAIT_END)
