/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments of the tracepoints of dmabuf_sync.ko, one structure per event class
 * of kernel/dmabuf_sync_trace.h, as a raw tracepoint and a BTF tracepoint both
 * pass them: 64 bits each, the upper half of a shorter one zero.
 */
#ifndef DMABUF_SYNC_BPF_H
#define DMABUF_SYNC_BPF_H

/* Of the kinds of owners, the one whose accesses are mostly DMA. */
#define DMABUF_SYNC_KIND_DRIVER	3

struct dmabuf_sync_access_args {
	__u64 ino;
	__u64 access;
	__u64 owner;
	__u64 kind;
	__u64 tgid;
	__u64 tid;
	__u64 mode;
	__u64 agent;
	__u64 start;
	__u64 len;
	__u64 time_ns;
};

struct dmabuf_sync_failed_args {
	__u64 ino;
	__u64 access;
	__u64 owner;
	__u64 error;	/* s32 */
	__u64 wait_ns;
};

struct dmabuf_sync_edge_args {
	__u64 ino;
	__u64 access;
	__u64 owner;
	__u64 blocker;
	__u64 blocker_owner;
	__u64 blocker_kind;
	__u64 blocker_tgid;
	__u64 blocker_tid;
	__u64 queued;
};

struct dmabuf_sync_fence_args {
	__u64 ino;
	__u64 access;
	__u64 owner;
	__u64 context;
	__u64 seqno;
	__u64 error;	/* s32 */
};

struct dmabuf_sync_timeline_args {
	__u64 context;
	__u64 driver[2];
	__u64 timeline[4];
};

struct dmabuf_sync_buffer_args {
	__u64 ino;
	__u64 size;
	__u64 exporter[4];
	__u64 name[4];
};

struct dmabuf_sync_backoff_args {
	__u64 ino;
	__u64 owner;
	__u64 nr_accesses;
};

struct dmabuf_sync_cpu_access_args {
	__u64 ino;
	__u64 access;
	__u64 owner;
	__u64 dir;
	__u64 error;	/* s32 */
};

struct dmabuf_sync_point_signal_args {
	__u64 timeline;
	__u64 point;
	__u64 error;	/* s32 */
};

struct dmabuf_sync_point_args {
	__u64 timeline;
	__u64 point;
	__u64 access;
	__u64 tid;
	__u64 error;	/* s32 */
};

/*
 * One body, two programs: body_##name(args) is a static function; user space
 * loads the programs of the section that the running kernel can do. Neither needs
 * to know a type of the kernel, so raw_tp does without its BTF.
 */
#define DMABUF_SYNC_PROBE(name, class)					\
SEC("tp_btf/dmabuf_sync_" #name)					\
int name##_btf(const struct dmabuf_sync_##class##_args *args)		\
{									\
	body_##name(args);						\
	return 0;							\
}									\
SEC("raw_tp/dmabuf_sync_" #name)					\
int name##_raw(const struct dmabuf_sync_##class##_args *args)		\
{									\
	body_##name(args);						\
	return 0;							\
}

#endif /* DMABUF_SYNC_BPF_H */
