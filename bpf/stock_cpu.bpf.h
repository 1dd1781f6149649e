/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU accesses without the module: from the beginning to the end that DMA_BUF_IOCTL_SYNC or a
 * driver tells, of one process. Of several that a process has on a buffer, the end is that of
 * one with the same mode; which one makes no difference for the sum of their times.
 */
#ifndef STOCK_CPU_BPF_H
#define STOCK_CPU_BPF_H

#include "stock_buffers.bpf.h"

#define SYNC_COMMAND	0x40086200	/* DMA_BUF_IOCTL_SYNC */
#define SYNC_RW		3
#define SYNC_END	4

/* Accesses of a process to one buffer, in one mode, at once. More are lost. */
#define STOCK_NR_OPEN	8

/**
 * struct stock_open - an access that has begun and not ended
 * @ino: buffer
 * @tgid: process
 * @mode: 1 read, 2 write, 3 both
 * @nr: below STOCK_NR_OPEN, to tell several apart
 */
struct stock_open {
	__u64 ino;
	__u32 tgid;
	__u16 mode;
	__u16 nr;
};

/* Whoever removes an entry ends the access. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, struct stock_open);
	__type(value, __u32);
} opens SEC(".maps");

/* Processes that may have some. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u32);
	__type(value, __u32);
} open_tasks SEC(".maps");

/* There was no room for a process: each one may. */
__u32 any_task;

/* Threads in DMA_BUF_IOCTL_SYNC: with which flags. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_NR_SYNCS);
	__type(key, __u64);
	__type(value, __u64);
} calls SEC(".maps");

static __always_inline __u64 open_id(const struct stock_open *open)
{
	return stock_id(open->ino, (__u64)open->tgid << 32 | open->mode << 16 | open->nr);
}

/* Find a place. Return: is there one? Global, as the next one, for the verifier. */
__noinline int open_add(struct stock_open *open)
{
	__u32 one = 1;
	int i;

	if (!open)
		return 0;
	for (i = 0; i < STOCK_NR_OPEN; i++) {
		open->nr = i;
		if (!bpf_map_update_elem(&opens, open, &one, BPF_NOEXIST))
			return 1;
	}
	return 0;
}

/* End one. Return: was there one? */
__noinline int open_end(struct stock_open *open)
{
	int i;

	if (!open)
		return 0;
	for (i = 0; i < STOCK_NR_OPEN; i++) {
		open->nr = i;
		if (bpf_map_delete_elem(&opens, open))
			continue;
		stock_release(open_id(open));
		return 1;
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
	struct stock_open open = { .tgid = bpf_get_current_pid_tgid() >> 32, .mode = mode };
	struct dmabuf_sync_access_args args;
	__u32 tgid = open.tgid, one = 1;

	open.ino = stock_learn(dmabuf);
	if (!mode || !open.ino || filtered_buffer(open.ino))
		return;
	if (bpf_map_update_elem(&open_tasks, &tgid, &one, BPF_ANY))
		any_task = 1;
	if (!open_add(&open)) {
		count(&lost.accesses, 1);
		return;
	}
	cpu_args(&args, open.ino, BPF_CORE_READ(dmabuf, size), mode);
	args.access = open_id(&open);
	stock_request(&args);
	stock_acquired(&args);
	/* Another thread has ended it before it was there. */
	if (!bpf_map_lookup_elem(&opens, &open))
		stock_release(args.access);
}

/* In this mode, or else one that has it, or else one that is part of it. */
static __always_inline void cpu_end(struct dma_buf *dmabuf, __u32 mode)
{
	struct stock_open open = {
		.ino = BPF_CORE_READ(dmabuf, file, f_inode, i_ino),
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.mode = mode,
	};

	if (!mode || open_end(&open))
		return;
	open.mode = mode == SYNC_RW ? STOCK_READ : SYNC_RW;
	if (open_end(&open) || mode != SYNC_RW)
		return;
	open.mode = STOCK_WRITE;
	open_end(&open);
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
struct open_whose {
	__u64 ino;
	__u32 tgid;
};

static long open_over(void *map, struct stock_open *at, __u32 *value, struct open_whose *whose)
{
	struct stock_open open = *at;

	(void)value;
	if ((whose->ino && open.ino != whose->ino) ||
	    (whose->tgid && open.tgid != whose->tgid) || bpf_map_delete_elem(map, &open))
		return 0;
	stock_abandon(open_id(&open));
	stock_release(open_id(&open));
	return 0;
}

/* The last thread of a process ends: so do its accesses. */
SEC("tp_btf/sched_process_exit")
int stock_exit(__u64 *args)
{
	struct task_struct *task = (struct task_struct *)args[0];
	struct open_whose whose = { .tgid = BPF_CORE_READ(task, tgid) };
	__u32 tgid = whose.tgid;

	if (BPF_CORE_READ(task, signal, live.counter) ||
	    (bpf_map_delete_elem(&open_tasks, &tgid) && !any_task))
		return 0;
	bpf_for_each_map_elem(&opens, open_over, &whose, 0);
	return 0;
}

#endif /* STOCK_CPU_BPF_H */
