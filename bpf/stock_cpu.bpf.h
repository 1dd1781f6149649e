/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU accesses without the module: from the beginning to the end that DMA_BUF_IOCTL_SYNC or a
 * driver tells, of one process. Of several that a process has on a buffer, the end is that of
 * one with the same mode; which one makes no difference for the sum of their times.
 */
#ifndef STOCK_CPU_BPF_H
#define STOCK_CPU_BPF_H

#include "stock.bpf.h"

#define SYNC_COMMAND	0x40086200	/* DMA_BUF_IOCTL_SYNC */
#define SYNC_RW		3
#define SYNC_END	4

/* Threads in DMA_BUF_IOCTL_SYNC: with which flags. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_NR_SYNCS);
	__type(key, __u64);
	__type(value, __u64);
} calls SEC(".maps");

static __always_inline struct stock_bracket *bracket_make(const struct stock_bracket_key *key)
{
	struct stock_bracket *bracket = bpf_map_lookup_elem(&brackets, key);
	__u64 tgid = key->tgid;
	__u32 one = 1;

	if (bracket)
		return bracket;
	if (bpf_map_update_elem(&bracket_tasks, &tgid, &one, BPF_ANY))
		return NULL;
	bpf_map_update_elem(&brackets, key, &no_bracket, BPF_NOEXIST);
	return bpf_map_lookup_elem(&brackets, key);
}

/* Global, so that the verifier looks at it once. Return: is there room for it? */
__noinline int bracket_put(struct stock_bracket *bracket, __u64 open)
{
	int i;

	if (!bracket)
		return 0;
	#pragma unroll
	for (i = 0; i < STOCK_NR_OPEN; i++)
		if (!__sync_val_compare_and_swap(&bracket->open[i], 0, open))
			return 1;
	return 0;
}

/* Return: the id of one that is open in this mode, or in any (0); 0: there is none. */
static __always_inline __u64 bracket_take(struct stock_bracket *bracket, __u32 mode)
{
	__u64 open;
	int i;

	#pragma unroll
	for (i = 0; i < STOCK_NR_OPEN; i++) {
		open = *(volatile __u64 *)&bracket->open[i];
		if (!open || (mode && (open & STOCK_MODE_MASK) != mode))
			continue;
		if (__sync_val_compare_and_swap(&bracket->open[i], open, 0) == open)
			return open >> STOCK_MODE_BITS;
	}
	return 0;
}

static __always_inline void cpu_args(struct dmabuf_sync_access_args *args, __u64 ino,
				     __u64 len, __u32 mode)
{
	__u64 task = bpf_get_current_pid_tgid();

	__builtin_memset(args, 0, sizeof(*args));
	args->ino = ino;
	args->owner = STOCK_OWNER_CPU | task >> 32;
	args->kind = TOP_KIND_CPU;
	args->tgid = task >> 32;
	args->tid = (__u32)task;
	args->mode = mode;
	args->agent = TOP_AGENT_CPU;
	args->len = len;
}

static __always_inline void cpu_begin(struct dma_buf *dmabuf, __u32 mode)
{
	struct stock_bracket_key key = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	struct dmabuf_sync_access_args args;
	struct stock_bracket *bracket;

	key.ino = stock_learn(dmabuf);
	if (!mode || !key.ino || filtered_buffer(key.ino))
		return;
	cpu_args(&args, key.ino, BPF_CORE_READ(dmabuf, size), mode);
	args.access = stock_id_new();
	bracket = bracket_make(&key);
	if (!bracket_put(bracket, args.access << STOCK_MODE_BITS | mode)) {
		count(&lost.accesses, 1);
		return;
	}
	stock_request(&args);
	stock_acquired(&args);
}

static __always_inline void cpu_end(struct dma_buf *dmabuf, __u32 mode)
{
	struct stock_bracket_key key = {
		.ino = BPF_CORE_READ(dmabuf, file, f_inode, i_ino),
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};
	struct stock_bracket *bracket = bpf_map_lookup_elem(&brackets, &key);
	__u64 id;

	if (!bracket)
		return;
	id = bracket_take(bracket, mode) ?: bracket_take(bracket, 0);
	if (id)
		stock_release(id);
}

SEC("fentry/dma_buf_ioctl")
int stock_call(__u64 *args)
{
	struct file *file = (struct file *)args[0];
	__u64 task = bpf_get_current_pid_tgid(), flags = 0;

	stock_learn((struct dma_buf *)BPF_CORE_READ(file, private_data));
	if ((__u32)args[1] != SYNC_COMMAND ||
	    bpf_probe_read_user(&flags, sizeof(flags), (void *)args[2]))
		return 0;
	if (bpf_map_update_elem(&calls, &task, &flags, BPF_ANY))
		count(&lost.accesses, 1);
	return 0;
}

SEC("fexit/dma_buf_ioctl")
int stock_call_end(__u64 *args)
{
	struct file *file = (struct file *)args[0];
	struct dma_buf *dmabuf = (struct dma_buf *)BPF_CORE_READ(file, private_data);
	__u64 task = bpf_get_current_pid_tgid(), *call, flags;

	call = bpf_map_lookup_elem(&calls, &task);
	if (!call)
		return 0;
	flags = *call;
	bpf_map_delete_elem(&calls, &task);
	if ((__s32)args[3])
		return 0;
	if (flags & SYNC_END)
		cpu_end(dmabuf, flags & SYNC_RW);
	else
		cpu_begin(dmabuf, flags & SYNC_RW);
	return 0;
}

/* What a driver writes is read by the CPU. */
static __always_inline __u32 direction_mode(__u32 direction)
{
	switch (direction) {
	case DMA_FROM_DEVICE:
		return STOCK_READ;
	case DMA_TO_DEVICE:
		return STOCK_WRITE;
	default:
		return STOCK_READ | STOCK_WRITE;
	}
}

/* The access is the ioctl's. */
static __always_inline bool in_ioctl(void)
{
	__u64 task = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&calls, &task);
}

SEC("fexit/dma_buf_begin_cpu_access")
int stock_begin(__u64 *args)
{
	if (!in_ioctl() && !(__s32)args[2])
		cpu_begin((struct dma_buf *)args[0], direction_mode(args[1]));
	return 0;
}

SEC("fentry/dma_buf_end_cpu_access")
int stock_end(__u64 *args)
{
	if (!in_ioctl())
		cpu_end((struct dma_buf *)args[0], direction_mode(args[1]));
	return 0;
}

/* Whose accesses end; 0: any. */
struct bracket_end {
	__u64 ino;
	__u64 tgid;
};

static long bracket_end(void *map, struct stock_bracket_key *key,
			struct stock_bracket *bracket, struct bracket_end *end)
{
	__u64 open;
	int i;

	if ((end->ino && key->ino != end->ino) || (end->tgid && key->tgid != end->tgid))
		return 0;
	for (i = 0; i < STOCK_NR_OPEN; i++) {
		open = __sync_lock_test_and_set(&bracket->open[i], 0);
		if (!open)
			continue;
		stock_abandon(open >> STOCK_MODE_BITS);
		stock_release(open >> STOCK_MODE_BITS);
	}
	bpf_map_delete_elem(map, key);
	return 0;
}

/* The last thread of a process ends: so do its accesses. */
SEC("tp_btf/sched_process_exit")
int stock_exit(__u64 *args)
{
	struct task_struct *task = (struct task_struct *)args[0];
	struct bracket_end end = { .tgid = BPF_CORE_READ(task, tgid) };
	__u64 tgid = end.tgid;

	if (BPF_CORE_READ(task, signal, live.counter) ||
	    !bpf_map_lookup_elem(&bracket_tasks, &tgid))
		return 0;
	bpf_map_delete_elem(&bracket_tasks, &tgid);
	bpf_for_each_map_elem(&brackets, bracket_end, &end, 0);
	return 0;
}

#endif /* STOCK_CPU_BPF_H */
