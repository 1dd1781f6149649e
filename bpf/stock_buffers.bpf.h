/* SPDX-License-Identifier: GPL-2.0-only */
/* Which buffers there are, without the module, and which reservation object each has. */
#ifndef STOCK_BUFFERS_BPF_H
#define STOCK_BUFFERS_BPF_H

#include "stock.bpf.h"

#define STOCK_MAGIC	0x444d4142	/* of the file system of dma-bufs */
#define STOCK_IS_ERROR	((__u64)-4095)

/* The buffer of a reservation object; key: where it is. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u64);
	__type(value, __u64);
} resvs SEC(".maps");

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
	if (filtered_buffer(ino))
		return ino;
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

SEC("fexit/dma_buf_export")
int stock_export(__u64 *args)
{
	if (args[1] && args[1] < STOCK_IS_ERROR)
		stock_learn((struct dma_buf *)args[1]);
	return 0;
}

SEC("fentry/dma_buf_dynamic_attach")
int stock_attach(__u64 *args)
{
	stock_learn((struct dma_buf *)args[0]);
	return 0;
}

/* Run once by the tool: buffers that somebody has open. */
SEC("iter/task_file")
int stock_files(struct bpf_iter__task_file *it)
{
	struct file *file = it->file;

	if (file && BPF_CORE_READ(file, f_inode, i_sb, s_magic) == STOCK_MAGIC)
		stock_learn((struct dma_buf *)BPF_CORE_READ(file, private_data));
	return 0;
}

/* Only newer kernels have it. */
struct bpf_iter__dmabuf___stock {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
};

/* The same for all buffers, where the kernel has a list of them for programs. */
SEC("iter/dmabuf")
int stock_buffers(struct bpf_iter__dmabuf___stock *it)
{
	struct dma_buf *dmabuf = it->dmabuf;

	if (dmabuf)
		stock_learn(dmabuf);
	return 0;
}

#endif /* STOCK_BUFFERS_BPF_H */
