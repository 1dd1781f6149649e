// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a job follows: fences of other jobs, and of stock drivers, that have to signal before its
 * channel gets any of it. Those of its own channel need no wait, since that works in order; but
 * a job is as good as what it was made from, so it fails with whatever it follows.
 */
#include <linux/kthread.h>

#include "dmabuf_copy.h"

static bool dcopy_after_is_own(const struct dcopy_job *job, const struct dma_fence *fence)
{
	return fence->context == job->client->engine->context;
}

/* Return: true if nothing is left to wait for. */
static bool dcopy_after_over(struct dcopy_job *job, struct dma_fence *fence)
{
	if (fence->error)
		WRITE_ONCE(job->after_error, fence->error);
	return !dcopy_after_is_own(job, fence) && atomic_dec_and_test(&job->nr_awaited);
}

/*
 * Inside the fence's lock, which can be that of another engine: no lock of this one is taken. The
 * job is there until dcopy_after_drop().
 */
static void dcopy_after_signaled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct dmabuf_sync_after *after = container_of(cb, struct dmabuf_sync_after, cb);
	struct dcopy_job *job = after->priv;
	struct dcopy_engine *engine = job->client->engine;

	if (dcopy_after_over(job, fence))
		kthread_queue_work(engine->worker, &engine->feed);
}

static void dcopy_after_await(struct dcopy_job *job, struct dmabuf_sync_after *after)
{
	after->priv = job;
	if (!dcopy_after_is_own(job, after->fence))
		atomic_inc(&job->nr_awaited);
	if (dma_fence_add_callback(after->fence, &after->cb, dcopy_after_signaled))
		dcopy_after_over(job, after->fence);
}

/**
 * dcopy_after_arm() - have the engine told when a job has nothing to wait for
 * @job: a job that is committed, and not given to its engine yet; with &dcopy_job.after
 *
 * Context: any.
 */
void dcopy_after_arm(struct dcopy_job *job)
{
	unsigned int i;

	for (i = 0; i < job->nr_after; i++)
		dcopy_after_await(job, &job->after[i]);
}

/**
 * dcopy_after_awaits() - does a job wait for fences
 * @job: the job
 *
 * Context: any.
 * Return: true if its channel is not to get any of it; it will be told.
 */
bool dcopy_after_awaits(const struct dcopy_job *job)
{
	/* With the last one its error is seen. */
	return atomic_read_acquire(&job->nr_awaited);
}

/**
 * dcopy_after_error() - has what a job follows failed
 * @job: the job
 *
 * Context: any.
 * Return: an error of the fences that have signaled, or 0.
 */
int dcopy_after_error(const struct dcopy_job *job)
{
	return READ_ONCE(job->after_error);
}

/**
 * dcopy_after_drop() - a job follows nothing any more
 * @job: the job, which has ended
 *
 * Context: process context.
 */
void dcopy_after_drop(struct dcopy_job *job)
{
	unsigned int i;

	for (i = 0; i < job->nr_after; i++)
		dma_fence_remove_callback(job->after[i].fence, &job->after[i].cb);
	dmabuf_sync_after_put(job->after, job->nr_after);
	job->after = NULL;
	job->nr_after = 0;
}
