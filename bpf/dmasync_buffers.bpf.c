// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel does with dma-bufs by itself. Needs types of the kernel, and is a file of
 * its own because the events of the module do not: where the kernel has no BTF dmasync-top
 * does without it.
 *
 * The end of dma-bufs, so that the counters of one that is gone make room for others at once.
 * A buffer that came in this window has never been read by the tool: it is added to those of
 * its class. One that has been read before is marked, for the tool to read it a last time; of
 * these there are no more than there were buffers at the end of the last window.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "dmasync_top.h"
#include "blame.bpf.h"
#include "busy.bpf.h"
#include "counters.bpf.h"
#include "filter.bpf.h"
#include "users.bpf.h"
#include "stock_cpu.bpf.h"
#include "stock_dma.bpf.h"
#include "waits.bpf.h"

#define SYNC_USE	(TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA))

char LICENSE[] SEC("license") = "GPL";

/* Calls for which there was no room. */
__u64 lost_syncs;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_NR_SYNCS);
	__type(key, __u64);
	__type(value, struct top_sync);
} syncs SEC(".maps");

static __always_inline struct top_gone *class_get(const struct top_class *class)
{
	struct top_class others = {};
	struct top_gone *sum;

	sum = bpf_map_lookup_elem(&gone, class);
	if (sum)
		return sum;
	bpf_map_update_elem(&gone, class, &no_gone, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&gone, class);
	return sum ?: bpf_map_lookup_elem(&gone, &others);
}

static __always_inline void class_add(struct top_gone *sum, const struct top_counters *add)
{
	const top_u64 *from = (const top_u64 *)add;
	top_u64 *to = (top_u64 *)&sum->count;
	unsigned int i;

	#pragma unroll
	for (i = 0; i < TOP_NR_SUMS; i++)
		count(&to[i], from[i]);
	count_raise(&sum->count.wait_max[0], add->wait_max[0]);
	count_raise(&sum->count.wait_max[1], add->wait_max[1]);
	count(&sum->nr_buffers, 1);
}

static __always_inline void buffer_ends(__u64 ino, struct dma_buf *dmabuf)
{
	struct top_buffer *buffer = buffer_find(ino);
	struct top_class class;
	struct top_gone *sum;

	if (!buffer)
		return;
	stock_class(&class, dmabuf);
	if (buffer->window != *(volatile __u32 *)&window) {
		__builtin_memcpy(&buffer->class, &class, sizeof(class));
		buffer->gone = 1;
		return;
	}
	sum = class_get(&class);
	if (sum)
		class_add(sum, &buffer->count);
	bpf_map_delete_elem(&buffers, &ino);
}

SEC("fentry/dma_buf_file_release")
int buffer_gone(__u64 *args)
{
	struct inode *inode = (struct inode *)args[0];
	struct file *file = (struct file *)args[1];

	buffer_ends(BPF_CORE_READ(inode, i_ino),
		    (struct dma_buf *)BPF_CORE_READ(file, private_data));
	return 0;
}

/* The same without the module: accesses that are left end with it. */
SEC("fentry/dma_buf_file_release")
int stock_gone(__u64 *args)
{
	struct inode *inode = (struct inode *)args[0];
	struct file *file = (struct file *)args[1];
	struct dma_buf *dmabuf = (struct dma_buf *)BPF_CORE_READ(file, private_data);
	struct open_whose whose = { .ino = BPF_CORE_READ(inode, i_ino) };
	struct top_buffer *buffer = buffer_find(whose.ino);

	/* One for which there was no room may have some that its row would have told of. */
	if (buffer ? buffer->busy.users[TOP_USE_CPU] : lost.buffers)
		bpf_for_each_map_elem(&opens, open_over, &whose, 0);
	stock_forget(dmabuf, whose.ino);
	buffer_ends(whose.ino, dmabuf);
	return 0;
}

/* It waits no longer. Return: its buffer, if that has counters. */
static __always_inline struct top_buffer *sync_leave(const struct top_sync *sync, __u64 now)
{
	struct top_buffer *buffer = sync->has_buffer ? buffer_find(sync->ino) : NULL;

	busy_add(&total, SYNC_USE, -1, now);
	if (buffer)
		busy_add(&buffer->busy, SYNC_USE, -1, now);
	return buffer;
}

/*
 * DMA_BUF_IOCTL_SYNC waits for the fences in the reservation object. That it does is only
 * known when it begins to.
 */
static __always_inline void sync_start(struct top_sync *sync)
{
	__u64 task = bpf_get_current_pid_tgid();
	const struct top_sync *missed = bpf_map_lookup_elem(&syncs, &task);

	/* The end of the call before was not seen. */
	if (missed && missed->counted)
		sync_leave(missed, bpf_ktime_get_ns());
	if (filtered_current(sync->ino)) {
		bpf_map_delete_elem(&syncs, &task);
		return;
	}
	sync->since_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(sync->comm, sizeof(sync->comm));
	if (bpf_map_update_elem(&syncs, &task, sync, BPF_ANY))
		count(&lost_syncs, 1);
}

SEC("fentry/dma_buf_ioctl")
int sync_begin(__u64 *args)
{
	struct file *file = (struct file *)args[0];
	struct top_sync sync = {};
	struct top_class class;
	__u64 flags = 0;

	if ((__u32)args[1] != SYNC_COMMAND ||
	    bpf_probe_read_user(&flags, sizeof(flags), (void *)args[2]) || flags & SYNC_END)
		return 0;
	sync.ino = BPF_CORE_READ(file, f_inode, i_ino);
	sync.mode = flags & SYNC_RW;
	if (filter_glob.end) {
		stock_class(&class, (struct dma_buf *)BPF_CORE_READ(file, private_data));
		filter_buffer(sync.ino, &class);
	}
	sync_start(&sync);
	return 0;
}

/*
 * The same without the module, for the ioctl and for drivers: all who wait for what is in a
 * reservation object. A reader waits for fences of writers, and a writer for all. A timeout of 0
 * only asks.
 */
SEC("fentry/dma_resv_wait_timeout")
int stock_wait(__u64 *args)
{
	__u64 resv = args[0], *ino = bpf_map_lookup_elem(&resvs, &resv);
	struct top_sync sync = {};

	if (!ino || !args[3])
		return 0;
	sync.ino = *ino;
	sync.mode = (__u32)args[1] == DMA_RESV_USAGE_READ ? STOCK_WRITE : STOCK_READ;
	sync_start(&sync);
	return 0;
}

SEC("tp_btf/dma_fence_wait_start")
int sync_waits(__u64 *args)
{
	struct dma_fence *fence = (struct dma_fence *)args[0];
	__u64 task = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	struct top_sync *sync = bpf_map_lookup_elem(&syncs, &task);
	struct top_buffer *buffer;

	if (!sync)
		return 0;
	sync->seqno = BPF_CORE_READ(fence, seqno);
	sync->context = BPF_CORE_READ(fence, context);
	if (sync->counted)
		return 0;
	sync->counted = 1;
	busy_add(&total, SYNC_USE, 1, now);
	buffer = buffer_make(sync->ino, now);
	if (!buffer)
		return 0;
	sync->has_buffer = 1;
	busy_add(&buffer->busy, SYNC_USE, 1, now);
	return 0;
}

/* The last fence that it waited for is at fault. */
static __always_inline void sync_blame(const struct top_sync *sync, __u64 ns)
{
	struct top_blame_key key = {
		.waiter.tgid = bpf_get_current_pid_tgid() >> 32,
		.holder.context = sync->context,
	};

	__builtin_memcpy(key.waiter.comm, sync->comm, sizeof(key.waiter.comm));
	blame_add(&key, sync->ino, ns);
}

static __always_inline void sync_user(const struct top_sync *sync, __u64 ns)
{
	struct top_user user = {
		.kind = TOP_USER_TASK,
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};

	__builtin_memcpy(user.name, sync->comm, sizeof(sync->comm));
	user_wait(&user, TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA), ns);
	user_add(&user, USER_SUM(syncs), 1);
	user_add(&user, USER_SUM(sync_ns), ns);
}

static __always_inline void sync_count(const struct top_sync *sync, __u64 now)
{
	__u32 zero = 0;
	struct counted at = {
		.buffer = sync_leave(sync, now),
		.total = bpf_map_lookup_elem(&totals, &zero),
	};
	__u64 ns = now - sync->since_ns;

	if (at.buffer)
		at.buffer->tgid = bpf_get_current_pid_tgid() >> 32;
	count_wait(at, TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA), ns);
	COUNT(at, syncs, 1);
	COUNT(at, sync_ns, ns);
	sync_blame(sync, ns);
	if (waits_by)
		waits_add(sync->ino, TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA), ns);
	if (users_are_wanted())
		sync_user(sync, ns);
}

static __always_inline void sync_stop(struct top_sync *sync, __u64 now)
{
	__u64 task = bpf_get_current_pid_tgid();

	if (sync->counted)
		sync_count(sync, now);
	bpf_map_delete_elem(&syncs, &task);
}

SEC("fexit/dma_buf_ioctl")
int sync_end(__u64 *args)
{
	__u64 task = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	struct top_sync *sync = bpf_map_lookup_elem(&syncs, &task);
	struct file *file = (struct file *)args[0];

	if (!sync)
		return 0;
	/* Perhaps nobody else uses it but by this call. */
	if (sync->counted)
		stock_identify((struct dma_buf *)BPF_CORE_READ(file, private_data), sync->ino);
	sync_stop(sync, now);
	return 0;
}

SEC("fexit/dma_resv_wait_timeout")
int stock_wait_end(void)
{
	__u64 task = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	struct top_sync *sync = bpf_map_lookup_elem(&syncs, &task);

	if (sync)
		sync_stop(sync, now);
	return 0;
}
