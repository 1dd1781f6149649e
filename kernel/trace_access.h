/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TRACE_ACCESS_H
#define _DSYNC_TRACE_ACCESS_H

#include <linux/dma-direction.h>

#include "dmabuf_sync_trace.h"

struct dma_buf;
struct dma_fence;
struct dsync_access;

/**
 * dsync_trace() - trace an event of an access
 * @event: name of the event, behind dmabuf_sync_
 * @...: arguments of dsync_trace_EVENT()
 *
 * While the event is off that function is not called, and nothing is made ready for it.
 */
#define dsync_trace(event, ...)						\
do {									\
	if (trace_dmabuf_sync_##event##_enabled())			\
		dsync_trace_##event(__VA_ARGS__);			\
} while (0)

void dsync_trace_request(const struct dsync_access *access);
void dsync_trace_acquired(const struct dsync_access *access, u64 wait_ns);
void dsync_trace_released(const struct dsync_access *access);
void dsync_trace_abandoned(const struct dsync_access *access);
void dsync_trace_revoked(const struct dsync_access *access);
void dsync_trace_failed(const struct dsync_access *access, int error);
void dsync_trace_contended(const struct dsync_access *access,
			   const struct dsync_access *blocker, bool queued);
void dsync_trace_deadlock(const struct dsync_access *access, const struct dsync_access *blocker);
void dsync_trace_cpu_access_begin(const struct dsync_access *access, enum dma_data_direction dir,
				  int error);
void dsync_trace_cpu_access_end(const struct dsync_access *access, enum dma_data_direction dir,
				int error);
void dsync_trace_fence_wait_begin(const struct dsync_access *access,
				  const struct dma_fence *fence);
void dsync_trace_fence_wait_end(const struct dsync_access *access, const struct dma_fence *fence);
void dsync_trace_commit(const struct dsync_access *access, const struct dma_fence *fence);
void dsync_trace_began(const struct dsync_access *access, const struct dma_fence *fence);
void dsync_trace_timeline(struct dma_fence *fence);
void dsync_trace_buffer(struct dma_buf *dmabuf);
void dsync_trace_signaled(const struct dsync_access *access, const struct dma_fence *fence);

#endif /* _DSYNC_TRACE_ACCESS_H */
