// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coherency: the exporter's begin_cpu_access and end_cpu_access around CPU accesses.
 *
 * The exporter is called directly. dma_buf_begin_cpu_access() would in addition wait for
 * all fences in the resv: those that concern this access were waited for already, and the
 * others belong to jobs on other bytes of the buffer, which the CPU is to work beside.
 */
#include <linux/dma-buf.h>

#include "buf.h"
#include "coherency.h"
#include "dmabuf_sync_trace.h"
#include "owner.h"
#include "set.h"

static enum dma_data_direction direction_of(const struct dsync_access *access)
{
	switch (access->mode & DMA_BUF_ACCESS_RW) {
	case DMA_BUF_ACCESS_R:
		return DMA_FROM_DEVICE;
	case DMA_BUF_ACCESS_W:
		return DMA_TO_DEVICE;
	default:
		return DMA_BIDIRECTIONAL;
	}
}

static int window_open(struct dsync_access *access)
{
	enum dma_data_direction dir = direction_of(access);
	struct dma_buf *dmabuf = access->buf->dmabuf;
	int ret = 0;

	if (dmabuf->ops->begin_cpu_access)
		ret = dmabuf->ops->begin_cpu_access(dmabuf, dir);
	trace_dmabuf_sync_cpu_access_begin(access->buf->ino, access->id,
					   access->set->owner->id, dir, ret);
	return ret;
}

static void window_close(struct dsync_access *access)
{
	enum dma_data_direction dir = direction_of(access);
	struct dma_buf *dmabuf = access->buf->dmabuf;
	int ret = 0;

	if (dmabuf->ops->end_cpu_access)
		ret = dmabuf->ops->end_cpu_access(dmabuf, dir);
	trace_dmabuf_sync_cpu_access_end(access->buf->ino, access->id,
					 access->set->owner->id, dir, ret);
}

static void windows_close_until(struct dsync_set *set, struct dsync_access *end)
{
	struct dsync_access *access;

	for (access = set->accesses; access < end; access++)
		if (!dsync_access_is_dma(access))
			window_close(access);
}

/**
 * dsync_coherency_begin() - make the buffers of a held set ready for the CPU
 * @set: the set
 *
 * Context: process context; may sleep as the exporters do.
 * Return: 0, or what an exporter returned; then all windows are closed again.
 */
int dsync_coherency_begin(struct dsync_set *set)
{
	struct dsync_access *access;
	int ret;

	dsync_set_for_each(set, access) {
		if (dsync_access_is_dma(access))
			continue;
		ret = window_open(access);
		if (ret) {
			windows_close_until(set, access);
			return ret;
		}
	}
	set->windows = true;
	return 0;
}

/**
 * dsync_coherency_end() - take back dsync_coherency_begin()
 * @set: the set, still held
 *
 * Context: process context; may sleep as the exporters do.
 */
void dsync_coherency_end(struct dsync_set *set)
{
	if (set->windows)
		windows_close_until(set, set->accesses + set->nr);
	set->windows = false;
}
