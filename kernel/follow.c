// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that follow others: DMA after DMA. A set whose job waits for fences by itself is acquired
 * beside the accesses of jobs that are committed, and is told, when it is committed itself, which
 * fences that means:
 *
 *	job A	acquired  committed ============ fence A
 *	job B	          acquired  committed    ======= fence B
 *	CPU	          waits for both, since both are held
 *
 * The fences of others are known where the resv are locked, right before the job's own one is
 * published. So each job follows only what was published before it, and no circle comes about.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <linux/dmabuf_sync.h>

#include "buf.h"
#include "fence.h"
#include "follow.h"
#include "set.h"

/**
 * struct follow - fences that are collected
 * @list: as many as there is room for; NULL: they are counted
 * @nr: how many there are, a reference on each of @list
 */
struct follow {
	struct dmabuf_sync_after *list;
	unsigned int nr;
};

static void follow_add(struct follow *follow, struct dma_fence *fence)
{
	if (follow->list)
		follow->list[follow->nr].fence = dma_fence_get(fence);
	follow->nr++;
}

/* Jobs of others whose accesses are in the way: that is where they are held beside each other. */
static void follow_jobs(struct follow *follow, struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, U64_MAX);
	struct dsync_buf *buf = access->buf;
	struct dsync_access *other;
	unsigned long flags;

	ask.uncommitted_only = false;
	dsync_buf_lock(buf, &flags);
	for (other = dsync_conflict_first(&buf->held, &ask); other;
	     other = dsync_conflict_next(&buf->held, &ask, other))
		if (!WARN_ON_ONCE(!dsync_set_is_committed(other->set)))
			follow_add(follow, other->set->commit.job.fence);
	dsync_buf_unlock(buf, flags);
}

static void follow_foreign(struct follow *follow, struct dsync_access *access)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, dsync_resv_of(access), dsync_fence_usage(access), fence)
		if (dsync_fence_is_foreign(access, fence))
			follow_add(follow, fence);
}

static void follow_all(struct follow *follow, struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		follow_jobs(follow, access);
	dsync_set_for_each_resv(set, access)
		follow_foreign(follow, access);
}

static int after_cmp(const void *pa, const void *pb)
{
	const struct dmabuf_sync_after *a = pa, *b = pb;

	return a->fence < b->fence ? -1 : a->fence > b->fence;
}

/*
 * Each fence once, though it may be in several buffers. The last one of a context would be enough
 * to wait for; but each may end with an error.
 */
static void keep_one_of_each(struct follow *follow)
{
	struct follow kept = { .list = follow->list };
	struct dma_fence *fence;
	unsigned int i;

	sort(follow->list, follow->nr, sizeof(*follow->list), after_cmp, NULL);
	for (i = 0; i < follow->nr; i++) {
		fence = follow->list[i].fence;
		if (!kept.nr || kept.list[kept.nr - 1].fence != fence)
			kept.list[kept.nr++].fence = fence;
		else
			dma_fence_put(fence);
	}
	follow->nr = kept.nr;
}

/**
 * dsync_follow_collect() - the fences that the job of a set has to follow
 * @set: the set, ready, about to be committed
 * @after: they, for dmabuf_sync_after_put(); or NULL
 *
 * Those of jobs that it is held beside, and those of stock drivers (invariant 10).
 *
 * Context: process context, all resv of the set locked; may sleep for memory.
 * Return: how many, or -ENOMEM.
 */
int dsync_follow_collect(struct dsync_set *set, struct dmabuf_sync_after **after)
{
	struct follow follow = {};

	*after = NULL;
	follow_all(&follow, set);
	if (!follow.nr)
		return 0;
	follow.list = kvcalloc(follow.nr, sizeof(*follow.list), GFP_KERNEL_ACCOUNT);
	if (!follow.list)
		return -ENOMEM;
	/* There come no more: whoever would add one has to have the resv, or the bytes. */
	follow.nr = 0;
	follow_all(&follow, set);
	keep_one_of_each(&follow);
	*after = follow.list;
	return follow.nr;
}

/**
 * dmabuf_sync_after_put() - give back the fences that a job had to follow
 * @after: from dmabuf_sync_commit_after(), NULL included; each callback has run, or was removed
 * @nr: how many, as that call has returned
 *
 * Context: process context.
 */
void dmabuf_sync_after_put(struct dmabuf_sync_after *after, unsigned int nr)
{
	while (nr)
		dma_fence_put(after[--nr].fence);
	kvfree(after);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_after_put);
