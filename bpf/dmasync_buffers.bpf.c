// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of dma-bufs, so that the counters of one that is gone make room for others at once.
 * Needs types of the kernel, and is a file of its own because the events of the module do not:
 * where the kernel has no BTF dmasync-top does without it.
 *
 * A buffer that came in this window has never been read by the tool: it is added to those of
 * its class. One that has been read before is marked, for the tool to read it a last time; of
 * these there are no more than there were buffers at the end of the last window.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "counters.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Written by the tool: number of the window. */
__u32 window;

static __always_inline void class_of(struct top_class *class, struct dma_buf *dmabuf)
{
	__builtin_memset(class, 0, sizeof(*class));
	bpf_probe_read_kernel_str(class->exporter, sizeof(class->exporter),
				  BPF_CORE_READ(dmabuf, exp_name));
	bpf_probe_read_kernel_str(class->name, sizeof(class->name),
				  BPF_CORE_READ(dmabuf, name));
}

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

SEC("fentry/dma_buf_file_release")
int buffer_gone(__u64 *args)
{
	struct inode *inode = (struct inode *)args[0];
	struct file *file = (struct file *)args[1];
	__u64 ino = BPF_CORE_READ(inode, i_ino);
	struct top_buffer *buffer = buffer_find(ino);
	struct top_class class;
	struct top_gone *sum;

	if (!buffer)
		return 0;
	class_of(&class, (struct dma_buf *)BPF_CORE_READ(file, private_data));
	if (buffer->window != *(volatile __u32 *)&window) {
		__builtin_memcpy(&buffer->class, &class, sizeof(class));
		buffer->gone = 1;
		return 0;
	}
	sum = class_get(&class);
	if (sum)
		class_add(sum, &buffer->count);
	bpf_map_delete_elem(&buffers, &ino);
	return 0;
}
