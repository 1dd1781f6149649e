/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of dmabuf-sync. They are an interface: fields are added, at the end,
 * never removed or changed. All arguments are numbers, so a raw tracepoint needs
 * no type information. docs/trace-events.rst tells what each event means.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dmabuf_sync

#if !defined(_DMABUF_SYNC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DMABUF_SYNC_TRACE_H

#include <linux/tracepoint.h>

#define show_dmabuf_sync_kind(kind)					\
	__print_symbolic(kind, { 1, "fcntl" }, { 2, "context" }, { 3, "driver" })

#define show_dmabuf_sync_mode(mode)					\
	__print_symbolic(mode, { 1, "r" }, { 2, "w" }, { 3, "rw" })

#define show_dmabuf_sync_agent(agent)					\
	__print_symbolic(agent, { 0, "cpu" }, { 1, "dma" })

/* Requests and accesses: the key is the access id. */
DECLARE_EVENT_CLASS(dmabuf_sync_access,
	TP_PROTO(u64 ino, u64 access, u64 owner, u32 kind, u32 tgid, u32 tid,
		 u32 mode, u32 agent, u64 start, u64 len, u64 time_ns),
	TP_ARGS(ino, access, owner, kind, tgid, tid, mode, agent, start, len,
		time_ns),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, access)
		__field(u64, owner)
		__field(u32, kind)
		__field(u32, tgid)
		__field(u32, tid)
		__field(u32, mode)
		__field(u64, start)
		__field(u64, len)
		__field(u64, time_ns)
		__field(u32, agent)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->access = access;
		__entry->owner = owner;
		__entry->kind = kind;
		__entry->tgid = tgid;
		__entry->tid = tid;
		__entry->mode = mode;
		__entry->agent = agent;
		__entry->start = start;
		__entry->len = len;
		__entry->time_ns = time_ns;
	),
	TP_printk("ino=%llu access=%llu owner=%llu kind=%s tgid=%u tid=%u mode=%s agent=%s start=%llu len=%llu time_ns=%llu",
		  __entry->ino, __entry->access, __entry->owner,
		  show_dmabuf_sync_kind(__entry->kind), __entry->tgid,
		  __entry->tid, show_dmabuf_sync_mode(__entry->mode),
		  show_dmabuf_sync_agent(__entry->agent), __entry->start,
		  __entry->len, __entry->time_ns)
);

#define DEFINE_DMABUF_SYNC_ACCESS_EVENT(name)				\
DEFINE_EVENT(dmabuf_sync_access, name,					\
	TP_PROTO(u64 ino, u64 access, u64 owner, u32 kind, u32 tgid,	\
		 u32 tid, u32 mode, u32 agent, u64 start, u64 len,	\
		 u64 time_ns),						\
	TP_ARGS(ino, access, owner, kind, tgid, tid, mode, agent, start, len, \
		time_ns))

/* An owner asks for an access; time_ns is 0. Followed by acquired or failed. */
DEFINE_DMABUF_SYNC_ACCESS_EVENT(dmabuf_sync_request);
/* The access is held; time_ns is the access wait. Followed by released. */
DEFINE_DMABUF_SYNC_ACCESS_EVENT(dmabuf_sync_acquired);
/* The access is over; time_ns is how long it was held. */
DEFINE_DMABUF_SYNC_ACCESS_EVENT(dmabuf_sync_released);
/* A write access ended with its owner, not by a release; time_ns is how long it was held. */
DEFINE_DMABUF_SYNC_ACCESS_EVENT(dmabuf_sync_abandoned);
/* The lease of an access is over; time_ns is how long it was held. Followed by released. */
DEFINE_DMABUF_SYNC_ACCESS_EVENT(dmabuf_sync_revoked);

/* A request ends without the access: error is a negative errno. */
TRACE_EVENT(dmabuf_sync_failed,
	TP_PROTO(u64 ino, u64 access, u64 owner, s32 error, u64 wait_ns),
	TP_ARGS(ino, access, owner, error, wait_ns),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, access)
		__field(u64, owner)
		__field(u64, wait_ns)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->access = access;
		__entry->owner = owner;
		__entry->wait_ns = wait_ns;
		__entry->error = error;
	),
	TP_printk("ino=%llu access=%llu owner=%llu error=%d wait_ns=%llu",
		  __entry->ino, __entry->access, __entry->owner,
		  __entry->error, __entry->wait_ns)
);

/* Edges of the wait-for graph: access is blocked on blocker, held or (queued=1) ahead of it. */
DECLARE_EVENT_CLASS(dmabuf_sync_edge,
	TP_PROTO(u64 ino, u64 access, u64 owner, u64 blocker,
		 u64 blocker_owner, u32 blocker_kind, u32 blocker_tgid,
		 u32 blocker_tid, u32 queued),
	TP_ARGS(ino, access, owner, blocker, blocker_owner, blocker_kind,
		blocker_tgid, blocker_tid, queued),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, access)
		__field(u64, owner)
		__field(u64, blocker)
		__field(u64, blocker_owner)
		__field(u32, blocker_kind)
		__field(u32, blocker_tgid)
		__field(u32, blocker_tid)
		__field(u32, queued)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->access = access;
		__entry->owner = owner;
		__entry->blocker = blocker;
		__entry->blocker_owner = blocker_owner;
		__entry->blocker_kind = blocker_kind;
		__entry->blocker_tgid = blocker_tgid;
		__entry->blocker_tid = blocker_tid;
		__entry->queued = queued;
	),
	TP_printk("ino=%llu access=%llu owner=%llu blocker=%llu blocker_owner=%llu blocker_kind=%s blocker_tgid=%u blocker_tid=%u queued=%u",
		  __entry->ino, __entry->access, __entry->owner,
		  __entry->blocker, __entry->blocker_owner,
		  show_dmabuf_sync_kind(__entry->blocker_kind),
		  __entry->blocker_tgid, __entry->blocker_tid, __entry->queued)
);

#define DEFINE_DMABUF_SYNC_EDGE_EVENT(name)				\
DEFINE_EVENT(dmabuf_sync_edge, name,					\
	TP_PROTO(u64 ino, u64 access, u64 owner, u64 blocker,		\
		 u64 blocker_owner, u32 blocker_kind, u32 blocker_tgid,	\
		 u32 blocker_tid, u32 queued),				\
	TP_ARGS(ino, access, owner, blocker, blocker_owner, blocker_kind, \
		blocker_tgid, blocker_tid, queued))

/* The request begins to wait, or waits on for somebody else: one event per edge. */
DEFINE_DMABUF_SYNC_EDGE_EVENT(dmabuf_sync_contended);
/* The request failed with EDEADLK: this edge would have closed a cycle of holders. */
DEFINE_DMABUF_SYNC_EDGE_EVENT(dmabuf_sync_deadlock);

/* Fences of an access: the key is access and fence. */
DECLARE_EVENT_CLASS(dmabuf_sync_fence,
	TP_PROTO(u64 ino, u64 access, u64 owner, u64 context, u64 seqno,
		 s32 error),
	TP_ARGS(ino, access, owner, context, seqno, error),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, access)
		__field(u64, owner)
		__field(u64, context)
		__field(u64, seqno)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->access = access;
		__entry->owner = owner;
		__entry->context = context;
		__entry->seqno = seqno;
		__entry->error = error;
	),
	TP_printk("ino=%llu access=%llu owner=%llu context=%llu seqno=%llu error=%d",
		  __entry->ino, __entry->access, __entry->owner,
		  __entry->context, __entry->seqno, __entry->error)
);

#define DEFINE_DMABUF_SYNC_FENCE_EVENT(name)				\
DEFINE_EVENT(dmabuf_sync_fence, name,					\
	TP_PROTO(u64 ino, u64 access, u64 owner, u64 context, u64 seqno, \
		 s32 error),						\
	TP_ARGS(ino, access, owner, context, seqno, error))

/* The driver published the fence of the job that does this access. */
DEFINE_DMABUF_SYNC_FENCE_EVENT(dmabuf_sync_commit);
/* The engine has begun that job. */
DEFINE_DMABUF_SYNC_FENCE_EVENT(dmabuf_sync_began);
/* That fence signaled; error is the fence's. The access is released next. */
DEFINE_DMABUF_SYNC_FENCE_EVENT(dmabuf_sync_signaled);
/* A held access waits for a fence that a stock driver has in the resv. */
DEFINE_DMABUF_SYNC_FENCE_EVENT(dmabuf_sync_fence_wait_begin);
/* It does not wait for it any more. */
DEFINE_DMABUF_SYNC_FENCE_EVENT(dmabuf_sync_fence_wait_end);

/*
 * What a fence context is called, before each commit: the bytes of two strings, as the memory of
 * numbers, which end with a zero byte unless they fill it.
 */
TRACE_EVENT(dmabuf_sync_timeline,
	TP_PROTO(u64 context, u64 driver0, u64 driver1, u64 timeline0, u64 timeline1,
		 u64 timeline2, u64 timeline3),
	TP_ARGS(context, driver0, driver1, timeline0, timeline1, timeline2, timeline3),
	TP_STRUCT__entry(
		__field(u64, context)
		__array(u64, driver, 2)
		__array(u64, timeline, 4)
	),
	TP_fast_assign(
		__entry->context = context;
		__entry->driver[0] = driver0;
		__entry->driver[1] = driver1;
		__entry->timeline[0] = timeline0;
		__entry->timeline[1] = timeline1;
		__entry->timeline[2] = timeline2;
		__entry->timeline[3] = timeline3;
	),
	TP_printk("context=%llu driver=%.16s timeline=%.32s", __entry->context,
		  (const char *)__entry->driver, (const char *)__entry->timeline)
);

/*
 * What a dma-buf is, when the framework sees it for the first time, or again after a long
 * while: the strings as in dmabuf_sync_timeline.
 */
TRACE_EVENT(dmabuf_sync_buffer,
	TP_PROTO(u64 ino, u64 size, u64 exporter0, u64 exporter1, u64 exporter2,
		 u64 exporter3, u64 name0, u64 name1, u64 name2, u64 name3),
	TP_ARGS(ino, size, exporter0, exporter1, exporter2, exporter3, name0, name1, name2,
		name3),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, size)
		__array(u64, exporter, 4)
		__array(u64, name, 4)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->size = size;
		__entry->exporter[0] = exporter0;
		__entry->exporter[1] = exporter1;
		__entry->exporter[2] = exporter2;
		__entry->exporter[3] = exporter3;
		__entry->name[0] = name0;
		__entry->name[1] = name1;
		__entry->name[2] = name2;
		__entry->name[3] = name3;
	),
	TP_printk("ino=%llu size=%llu exporter=%.32s name=%.32s", __entry->ino, __entry->size,
		  (const char *)__entry->exporter, (const char *)__entry->name)
);

/* Points of timelines: access is that of the request, or 0; error is 0 or a negative errno. */
TRACE_EVENT(dmabuf_sync_point_signal,
	TP_PROTO(u64 timeline, u64 point, s32 error),
	TP_ARGS(timeline, point, error),
	TP_STRUCT__entry(
		__field(u64, timeline)
		__field(u64, point)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->timeline = timeline;
		__entry->point = point;
		__entry->error = error;
	),
	TP_printk("timeline=%llu point=%llu error=%d", __entry->timeline, __entry->point,
		  __entry->error)
);

DECLARE_EVENT_CLASS(dmabuf_sync_point,
	TP_PROTO(u64 timeline, u64 point, u64 access, u32 tid, s32 error),
	TP_ARGS(timeline, point, access, tid, error),
	TP_STRUCT__entry(
		__field(u64, timeline)
		__field(u64, point)
		__field(u64, access)
		__field(u32, tid)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->timeline = timeline;
		__entry->point = point;
		__entry->access = access;
		__entry->tid = tid;
		__entry->error = error;
	),
	TP_printk("timeline=%llu point=%llu access=%llu tid=%u error=%d", __entry->timeline,
		  __entry->point, __entry->access, __entry->tid, __entry->error)
);

#define DEFINE_DMABUF_SYNC_POINT_EVENT(name)				\
DEFINE_EVENT(dmabuf_sync_point, name,					\
	TP_PROTO(u64 timeline, u64 point, u64 access, u32 tid, s32 error), \
	TP_ARGS(timeline, point, access, tid, error))

/* A request, or a call, waits for a point; error is 0. */
DEFINE_DMABUF_SYNC_POINT_EVENT(dmabuf_sync_point_wait_begin);
/* It does not wait for it any more; error is 0 if the point was reached. */
DEFINE_DMABUF_SYNC_POINT_EVENT(dmabuf_sync_point_wait_end);

/* The acquire context met another one, dropped its locks and began again. */
TRACE_EVENT(dmabuf_sync_backoff,
	TP_PROTO(u64 ino, u64 owner, u32 nr_accesses),
	TP_ARGS(ino, owner, nr_accesses),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, owner)
		__field(u32, nr_accesses)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->owner = owner;
		__entry->nr_accesses = nr_accesses;
	),
	TP_printk("ino=%llu owner=%llu nr_accesses=%u",
		  __entry->ino, __entry->owner, __entry->nr_accesses)
);

/* CPU windows: dir is enum dma_data_direction, error what the exporter returned. */
DECLARE_EVENT_CLASS(dmabuf_sync_cpu_access,
	TP_PROTO(u64 ino, u64 access, u64 owner, u32 dir, s32 error),
	TP_ARGS(ino, access, owner, dir, error),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(u64, access)
		__field(u64, owner)
		__field(u32, dir)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->access = access;
		__entry->owner = owner;
		__entry->dir = dir;
		__entry->error = error;
	),
	TP_printk("ino=%llu access=%llu owner=%llu dir=%u error=%d",
		  __entry->ino, __entry->access, __entry->owner, __entry->dir,
		  __entry->error)
);

#define DEFINE_DMABUF_SYNC_CPU_EVENT(name)				\
DEFINE_EVENT(dmabuf_sync_cpu_access, name,				\
	TP_PROTO(u64 ino, u64 access, u64 owner, u32 dir, s32 error),	\
	TP_ARGS(ino, access, owner, dir, error))

/* The buffer is ready for the CPU: the caller's window opens. */
DEFINE_DMABUF_SYNC_CPU_EVENT(dmabuf_sync_cpu_access_begin);
/* The window is closed. */
DEFINE_DMABUF_SYNC_CPU_EVENT(dmabuf_sync_cpu_access_end);

#endif /* _DMABUF_SYNC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE dmabuf_sync_trace
#include <trace/define_trace.h>
