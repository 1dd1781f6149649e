/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user ABI's headers alone: nothing before them, the one that needs the other first, and
 * twice, so that they need and break nothing. Compiled once per language, with HEADER_NAME a name
 * of its own, and compared by header.c. Old C comments and declarations only.
 */
#include <linux/dmabuf_sync_timeline.h>
#include <linux/dmabuf_sync.h>
#include <linux/dmabuf_sync_timeline.h>
#include <linux/dmabuf_sync.h>

#include "facts.h"

#ifdef __cplusplus
extern "C"
#endif
const struct header_facts HEADER_NAME;

const struct header_facts HEADER_NAME = {
	{
		sizeof(struct dmabuf_sync_access), sizeof(struct dmabuf_sync_acquire),
		sizeof(struct dmabuf_sync_release), sizeof(struct dmabuf_sync_info),
		sizeof(struct dmabuf_sync_query), sizeof(struct dmabuf_sync_event),
		sizeof(struct dmabuf_sync_lease), sizeof(struct dmabuf_sync_caps),
		sizeof(struct dmabuf_sync_point), sizeof(struct dmabuf_sync_timeline),
		sizeof(struct dmabuf_sync_timeline_point),
		sizeof(struct dmabuf_sync_timeline_query), sizeof(struct dmabuf_sync_wait),
		sizeof(struct dmabuf_sync_change)
	},
	{
		DMABUF_SYNC_IOC_ACQUIRE, DMABUF_SYNC_IOC_RELEASE, DMABUF_SYNC_IOC_QUERY,
		DMABUF_SYNC_IOC_LEASE, DMABUF_SYNC_IOC_CAPS, DMABUF_SYNC_IOC_TIMELINE,
		DMABUF_SYNC_TIMELINE_IOC_WAITER, DMABUF_SYNC_TIMELINE_IOC_SIGNAL,
		DMABUF_SYNC_TIMELINE_IOC_POLL, DMABUF_SYNC_TIMELINE_IOC_QUERY,
		DMABUF_SYNC_TIMELINE_IOC_WAIT, DMABUF_SYNC_IOC_CHANGE
	},
	DMA_BUF_ACCESS_DMA_RW,
	DMABUF_SYNC_MAX_SET,
	DMABUF_SYNC_TO_END
};
