// SPDX-License-Identifier: GPL-2.0-only
/*
 * One copy. Everything that can fail, allocate or wait for user space comes before it
 * is committed: its buffers are mapped, its accesses acquired, its fence allocated.
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "dmabuf_copy.h"

/**
 * dcopy_job_state() - how far a job is
 * @job: the job
 *
 * Who sees a state sees everything that was written before it was entered.
 *
 * Context: any.
 * Return: the state.
 */
enum dcopy_state dcopy_job_state(struct dcopy_job *job)
{
	/* Pairs with dcopy_job_enter(). */
	return smp_load_acquire(&job->state);
}

static void dcopy_job_enter(struct dcopy_job *job, enum dcopy_state state)
{
	/* Pairs with dcopy_job_state(). */
	smp_store_release(&job->state, state);
	wake_up_all(&job->wq);
}

static bool dcopy_job_charge(struct dcopy_client *client)
{
	if (atomic_inc_return(&client->nr_jobs) <= DCOPY_MAX_JOBS)
		return true;
	atomic_dec(&client->nr_jobs);
	return false;
}

/* Give back what only a job under way needs. */
static void dcopy_job_release(struct dcopy_job *job)
{
	struct dmabuf_sync *sync;

	mutex_lock(&job->sync_lock);
	sync = job->sync;
	job->sync = NULL;
	if (sync)
		dmabuf_sync_fini(sync);
	mutex_unlock(&job->sync_lock);
	if (!sync)
		return;
	dcopy_after_drop(job);
	dcopy_map_put(job->client, job->src.map);
	dcopy_map_put(job->client, job->dst.map);
	atomic_dec(&job->client->nr_jobs);
}

static void dcopy_job_free(struct kref *ref)
{
	struct dcopy_job *job = container_of(ref, struct dcopy_job, ref);

	dcopy_job_release(job);
	if (job->fenced)
		dma_fence_put(&job->fence->base);
	else
		dcopy_fence_free(job->fence);
	dcopy_client_put(job->client);
	kfree(job);
}

/**
 * dcopy_job_put() - drop a reference to a job
 * @job: the job
 *
 * Context: process context.
 */
void dcopy_job_put(struct dcopy_job *job)
{
	kref_put(&job->ref, dcopy_job_free);
}

static void dcopy_job_retire(struct work_struct *work)
{
	struct dcopy_job *job = container_of(work, struct dcopy_job, retire);

	dcopy_job_release(job);
	dcopy_job_put(job);
}

/**
 * dcopy_job_end() - tell everybody that a job that was requested has ended
 * @job: the job; dcopy_job_give_back() has to follow
 * @result: 0 or a negative errno
 *
 * Context: any.
 */
void dcopy_job_end(struct dcopy_job *job, int result)
{
	job->done_ns = ktime_get_ns();
	job->result = result;
	/* First the fence: who sees the job done finds its ranges released. */
	if (job->state == DCOPY_COMMITTED) {
		if (result)
			dma_fence_set_error(&job->fence->base, result);
		dma_fence_signal(&job->fence->base);
	}
	dcopy_job_enter(job, DCOPY_DONE);
}

/**
 * dcopy_job_give_back() - give back what a job that has ended used
 * @job: the job, which nothing is working on any more; the reference of the request is given
 *	away
 *
 * Context: any.
 */
void dcopy_job_give_back(struct dcopy_job *job)
{
	queue_work(dcopy_wq, &job->retire);
}

/**
 * dcopy_job_done() - a job that was requested has ended, and nothing is working on it
 * @job: the job; the reference of the request is given away
 * @result: 0 or a negative errno
 *
 * Context: any.
 */
void dcopy_job_done(struct dcopy_job *job, int result)
{
	dcopy_job_end(job, result);
	dcopy_job_give_back(job);
}

static int dcopy_job_publish(struct dcopy_job *job)
{
	int nr;

	if (!job->follows)
		return dmabuf_sync_commit_queued(job->sync, &job->fence->base);
	nr = dmabuf_sync_commit_after(job->sync, &job->fence->base, &job->after);
	if (nr < 0)
		return nr;
	job->nr_after = nr;
	return 0;
}

static int dcopy_job_commit(struct dcopy_job *job)
{
	struct dcopy_engine *engine = job->client->engine;
	bool cookie;
	int ret;

	lockdep_assert_held(&engine->commit_lock);
	dcopy_fence_start(job->fence, engine, ++engine->seqno);
	job->fenced = true;
	ret = dcopy_job_publish(job);
	if (!ret) {
		cookie = dma_fence_begin_signalling();
		job->committed_ns = ktime_get_ns();
		dcopy_job_enter(job, DCOPY_COMMITTED);
		dcopy_after_arm(job);
		dcopy_engine_queue(engine, job);
		dma_fence_end_signalling(cookie);
	}
	return ret;
}

/* Commit the acquired job. On failure its accesses are released. */
static int dcopy_job_start(struct dcopy_job *job)
{
	struct dcopy_engine *engine = job->client->engine;
	int ret;

	mutex_lock(&engine->commit_lock);
	ret = dcopy_engine_error(engine);
	if (!ret)
		ret = dcopy_job_commit(job);
	mutex_unlock(&engine->commit_lock);
	if (ret)
		dmabuf_sync_unlock_unwritten(job->sync);
	return ret;
}

static void dcopy_job_ready(struct dmabuf_sync *sync, void *priv, int error)
{
	struct dcopy_job *job = priv;

	if (!error)
		error = dcopy_job_start(job);
	if (error)
		dcopy_job_done(job, error);
}

static int dcopy_job_try(struct dcopy_job *job)
{
	int ret = dmabuf_sync_trylock(job->sync);

	return ret ?: dcopy_job_start(job);
}

static int dcopy_job_enqueue(struct dcopy_job *job)
{
	int ret;

	dcopy_job_enter(job, DCOPY_QUEUED);
	ret = dmabuf_sync_lock_async(job->sync, dcopy_job_ready);
	if (ret)
		dcopy_job_enter(job, DCOPY_NEW);
	return ret;
}

/**
 * dcopy_job_request() - start a job, or queue it
 * @job: a new job
 * @flags: DMABUF_COPY_NONBLOCK: start it now or not at all; DMABUF_COPY_SYNC_FILE: start
 *	it now if that is possible; else it starts when it may, maybe at once
 *
 * Context: process context; does not sleep for the accesses.
 * Return: 0: it is queued, or started. Otherwise what acquiring or committing returned,
 * -EAGAIN if it would have to be queued and must not, and the job is not under way.
 */
int dcopy_job_request(struct dcopy_job *job, u32 flags)
{
	int ret = -EAGAIN;

	kref_get(&job->ref);
	if (flags & (DMABUF_COPY_NONBLOCK | DMABUF_COPY_SYNC_FILE))
		ret = dcopy_job_try(job);
	if (ret == -EAGAIN && !(flags & DMABUF_COPY_NONBLOCK))
		ret = dcopy_job_enqueue(job);
	if (ret)
		dcopy_job_put(job);
	return ret;
}

/**
 * dcopy_job_run() - start a job and wait for its end
 * @job: a new job
 * @flags: DMABUF_COPY_NONBLOCK: do not wait for its accesses; else wait for them, until a
 *	signal arrives
 *
 * Context: process context.
 * Return: the job's result, or -EINTR if a fatal signal arrived after it was started,
 * or why it was not started: as dcopy_job_request(), and -ERESTARTSYS.
 */
int dcopy_job_run(struct dcopy_job *job, u32 flags)
{
	int ret;

	kref_get(&job->ref);
	if (flags & DMABUF_COPY_NONBLOCK)
		ret = dmabuf_sync_trylock(job->sync);
	else
		ret = dmabuf_sync_lock(job->sync);
	if (!ret)
		ret = dcopy_job_start(job);
	if (ret) {
		dcopy_job_put(job);
		return ret;
	}
	/* Not for long: the engine's timeout is the limit. */
	if (wait_event_killable(job->wq, dcopy_job_state(job) == DCOPY_DONE))
		return -EINTR;
	return job->result;
}

/**
 * dcopy_job_cancel() - take a job back if it is queued
 * @job: the job
 *
 * Context: process context.
 */
void dcopy_job_cancel(struct dcopy_job *job)
{
	bool cancelled = false;

	mutex_lock(&job->sync_lock);
	if (job->sync && dcopy_job_state(job) == DCOPY_QUEUED)
		cancelled = dmabuf_sync_cancel(job->sync);
	mutex_unlock(&job->sync_lock);
	if (cancelled)
		dcopy_job_done(job, -ECANCELED);
}

static int dcopy_job_check_range(struct dma_buf *dmabuf, u64 offset, u64 length)
{
	u64 end;

	if (!length || check_add_overflow(offset, length, &end) ||
	    end > dmabuf->size)
		return -EINVAL;
	return 0;
}

/* The buffer behind @fd, if it is open for @mode and has the range. */
static struct dma_buf *dcopy_job_get_buf(int fd, fmode_t mode, u64 offset,
					 u64 length)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	int ret;

	if (IS_ERR(dmabuf))
		return dmabuf;
	ret = dmabuf->file->f_mode & mode ?
	      dcopy_job_check_range(dmabuf, offset, length) : -EBADF;
	if (!ret)
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(ret);
}

/* Can the channel copy every piece of the job? */
static int dcopy_job_check_alignment(struct dcopy_job *job)
{
	struct dcopy_engine *engine = job->client->engine;
	struct dcopy_cursor from, to;
	u64 left = job->length;
	size_t bytes;

	dcopy_cursor_init(&from, job->src.map->sgt, job->src.offset);
	dcopy_cursor_init(&to, job->dst.map->sgt, job->dst.offset);
	while (left) {
		if (!from.sg || !to.sg)
			return -EINVAL;
		bytes = dcopy_cursor_step(engine, &from, &to, left);
		if (!is_dma_copy_aligned(engine->chan->device,
					 dcopy_cursor_addr(&from),
					 dcopy_cursor_addr(&to), bytes))
			return -EINVAL;
		dcopy_cursor_advance(&from, bytes);
		dcopy_cursor_advance(&to, bytes);
		left -= bytes;
		cond_resched();
	}
	return 0;
}

static int dcopy_job_set_sync(struct dcopy_job *job)
{
	struct dmabuf_sync *sync;
	int ret;

	sync = dmabuf_sync_init("dmabuf_copy", job);
	if (IS_ERR(sync))
		return PTR_ERR(sync);
	ret = job->follows ? dmabuf_sync_follow(sync) : 0;
	if (!ret)
		ret = dmabuf_sync_get_range(sync, job->src.map->dmabuf,
					    job->src.mode, job->src.offset,
					    job->length);
	if (!ret)
		ret = dmabuf_sync_get_range(sync, job->dst.map->dmabuf,
					    job->dst.mode, job->dst.offset,
					    job->length);
	if (ret)
		dmabuf_sync_fini(sync);
	else
		job->sync = sync;
	return ret;
}

/* Map both buffers and get the sync object. The engine's device stays. */
static int dcopy_job_set_ranges(struct dcopy_job *job, struct dma_buf *src,
				struct dma_buf *dst)
{
	int ret;

	job->src.map = dcopy_map_get(job->client, src, false);
	if (IS_ERR(job->src.map))
		return PTR_ERR(job->src.map);
	job->dst.map = dcopy_map_get(job->client, dst, true);
	if (IS_ERR(job->dst.map)) {
		ret = PTR_ERR(job->dst.map);
		goto err_src;
	}
	ret = dcopy_job_check_alignment(job);
	if (!ret)
		ret = dcopy_job_set_sync(job);
	if (!ret)
		return 0;

	dcopy_map_put(job->client, job->dst.map);
err_src:
	dcopy_map_put(job->client, job->src.map);
	return ret;
}

static int dcopy_job_set_up(struct dcopy_job *job, struct dma_buf *src,
			    struct dma_buf *dst)
{
	struct dcopy_engine *engine = job->client->engine;
	int ret;

	down_read(&engine->present);
	ret = engine->chan ? dcopy_job_set_ranges(job, src, dst) : -ENODEV;
	up_read(&engine->present);
	return ret;
}

static void dcopy_job_set_modes(struct dcopy_job *job, u32 flags)
{
	job->src.mode = DMA_BUF_ACCESS_DMA_R;
	job->dst.mode = DMA_BUF_ACCESS_DMA_W;
	if (flags & DMABUF_COPY_SRC_EXPLICIT)
		job->src.mode |= DMABUF_SYNC_EXPLICIT;
	if (flags & DMABUF_COPY_DST_EXPLICIT)
		job->dst.mode |= DMABUF_SYNC_EXPLICIT;
}

static struct dcopy_job *dcopy_job_alloc(struct dcopy_client *client,
					 const struct dmabuf_copy_submit *args)
{
	struct dcopy_job *job;

	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return NULL;
	job->fence = dcopy_fence_alloc();
	if (!job->fence) {
		kfree(job);
		return NULL;
	}
	kref_init(&job->ref);
	kref_get(&client->ref);
	job->client = client;
	job->src.offset = args->src_offset;
	job->dst.offset = args->dst_offset;
	job->length = args->length;
	dcopy_job_set_modes(job, args->flags);
	job->follows = args->flags & DMABUF_COPY_FOLLOW;
	job->requested_ns = ktime_get_ns();
	mutex_init(&job->sync_lock);
	init_waitqueue_head(&job->wq);
	INIT_WORK(&job->retire, dcopy_job_retire);
	INIT_LIST_HEAD(&job->node);
	return job;
}

static struct dcopy_job *
dcopy_job_create_between(struct dcopy_client *client,
			 const struct dmabuf_copy_submit *args,
			 struct dma_buf *src, struct dma_buf *dst)
{
	struct dcopy_job *job;
	int ret;

	if (src == dst && args->src_offset < args->dst_offset + args->length &&
	    args->dst_offset < args->src_offset + args->length)
		return ERR_PTR(-EINVAL);
	if (!dcopy_job_charge(client))
		return ERR_PTR(-EBUSY);
	job = dcopy_job_alloc(client, args);
	ret = job ? dcopy_job_set_up(job, src, dst) : -ENOMEM;
	if (!ret)
		return job;
	atomic_dec(&client->nr_jobs);
	if (job)
		dcopy_job_put(job);
	return ERR_PTR(ret);
}

/**
 * dcopy_job_create() - make a job
 * @client: whose
 * @args: what to copy
 *
 * Context: process context.
 * Return: the job, to be given back with dcopy_job_put(), or an error pointer: the
 * errors that struct dmabuf_copy_submit names.
 */
struct dcopy_job *dcopy_job_create(struct dcopy_client *client,
				   const struct dmabuf_copy_submit *args)
{
	struct dma_buf *src, *dst;
	struct dcopy_job *job;

	src = dcopy_job_get_buf(args->src_fd, FMODE_READ, args->src_offset,
				args->length);
	if (IS_ERR(src))
		return ERR_CAST(src);
	dst = dcopy_job_get_buf(args->dst_fd, FMODE_WRITE, args->dst_offset,
				args->length);
	if (IS_ERR(dst)) {
		dma_buf_put(src);
		return ERR_CAST(dst);
	}
	job = dcopy_job_create_between(client, args, src, dst);
	dma_buf_put(dst);
	dma_buf_put(src);
	return job;
}
