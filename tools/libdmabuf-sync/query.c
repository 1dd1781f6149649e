// SPDX-License-Identifier: LGPL-2.1-only
/* Lists of the accesses of a buffer. */
#include <string.h>

#include <linux/dmabuf_sync.h>

#include "call.h"
#include "dmabuf-sync.h"

#define SAME_INFO(member)							\
	SAME_MEMBER(struct dmasync_info, member, struct dmabuf_sync_info, member)

SAME_INFO(access_id);
SAME_INFO(owner_id);
SAME_INFO(set_id);
SAME_INFO(set);
SAME_INFO(owner_kind);
SAME_INFO(tgid);
SAME_INFO(tid);
SAME_INFO(mode);
SAME_INFO(state);
SAME_INFO(offset);
SAME_INFO(length);
SAME_INFO(age_ns);
SAME_INFO(fence_context);
SAME_INFO(fence_seqno);

SAME_VALUE(DMASYNC_OWNER_FCNTL, DMABUF_SYNC_OWNER_FCNTL);
SAME_VALUE(DMASYNC_OWNER_CONTEXT, DMABUF_SYNC_OWNER_CONTEXT);
SAME_VALUE(DMASYNC_OWNER_DRIVER, DMABUF_SYNC_OWNER_DRIVER);
SAME_VALUE(DMASYNC_STATE_QUEUED, DMABUF_SYNC_STATE_QUEUED);
SAME_VALUE(DMASYNC_STATE_ACQUIRED, DMABUF_SYNC_STATE_ACQUIRED);
SAME_VALUE(DMASYNC_STATE_COMMITTED, DMABUF_SYNC_STATE_COMMITTED);
SAME_VALUE(DMASYNC_DMA, DMA_BUF_ACCESS_DMA);
_Static_assert(sizeof(struct dmabuf_sync_cursor) ==
	       sizeof(((struct dmasync_list *)0)->cursor), "the kernel's cursor has to fit");

/* @arg: the question. */
static int query_call(int ctx, struct dmabuf_sync_query *arg, struct dmasync_list *list,
		      struct dmasync_info *infos, unsigned int max)
{
	int err;

	arg->size = sizeof(*arg);
	arg->info_size = sizeof(*infos);
	arg->infos = call_pointer(infos);
	arg->nr_infos = max;
	memcpy(&arg->cursor, list->cursor, sizeof(arg->cursor));
	err = call(ctx, DMABUF_SYNC_IOC_QUERY, arg);
	if (err)
		return err;
	memcpy(list->cursor, &arg->cursor, sizeof(arg->cursor));
	list->more = arg->cursor.more;
	list->nr_held = arg->nr_held;
	list->nr_queued = arg->nr_queued;
	return arg->nr_infos;
}

int dmasync_query(int ctx, int dmabuf, struct dmasync_list *list, struct dmasync_info *infos,
		  unsigned int max)
{
	struct dmabuf_sync_query arg = { .fd = dmabuf };

	return query_call(ctx, &arg, list, infos, max);
}

int dmasync_query_blockers(int ctx, int dmabuf, const struct dmasync_info *waiter,
			   struct dmasync_list *list, struct dmasync_info *infos,
			   unsigned int max)
{
	struct dmabuf_sync_query arg = {
		.flags = DMABUF_SYNC_QUERY_BLOCKERS,
		.fd = dmabuf,
		.access_id = waiter->access_id,
		.offset = waiter->offset,
	};

	return query_call(ctx, &arg, list, infos, max);
}
