// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dmaengine channel and the jobs it has. Jobs are taken in the order of their
 * fences. One thread gives them to the channel, as descriptors, and stops the channel
 * when the first job takes too long; completions come from the channel in whatever
 * context it likes. All of it is between the publication of a fence and its signal:
 * nothing here allocates memory or takes a lock that is held around an allocation.
 *
 * dmaengine drivers may hold a spinlock from preparing a descriptor to submitting it,
 * and may start it as soon as it is submitted. So nothing is prepared before the job
 * is committed. A channel that has no room for a descriptor is asked again.
 *
 * A channel that cannot be stopped is quarantined. Others wait for the fences of its jobs, which
 * therefore end with an error. But it may write at any later time, so the buffers stay
 * mapped, nothing is given back to anybody, and it gets no further job, until the driver
 * says that it has stopped. It is asked again and again.
 *
 * When its driver leaves the device all jobs end, and the channel is given back: see unplug.c.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "../../compat/drivers.h"
#include "dmabuf_copy.h"

/* Jobs a channel has at a time: while it works on one it knows the next. */
#define DCOPY_ENGINE_DEPTH	2
/* At least every so many descriptors the channel is to report a completion. */
#define DCOPY_ENGINE_BATCH	256

static int timeout_ms_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 10, 600000);
}

static const struct kernel_param_ops timeout_ms_ops = {
	.set = timeout_ms_set,
	.get = param_get_uint,
};

static unsigned int timeout_ms = 10000;
module_param_cb(timeout_ms, &timeout_ms_ops, &timeout_ms, 0644);
MODULE_PARM_DESC(timeout_ms,
		 "Milliseconds after which a job is stopped, 10 .. 600000 (default 10000)");

/**
 * dcopy_engine_timeout_ms() - how long a job may take
 *
 * Return: the current value of the parameter.
 */
unsigned int dcopy_engine_timeout_ms(void)
{
	return READ_ONCE(timeout_ms);
}

/**
 * dcopy_engine_error() - why the engine takes no jobs
 * @engine: the engine
 *
 * Context: any; the answer may have changed already, which dcopy_engine_queue() can live with.
 * Return: 0: it does; -EIO: not while it is quarantined; -ENODEV: its device is gone.
 */
int dcopy_engine_error(const struct dcopy_engine *engine)
{
	switch (READ_ONCE(engine->state)) {
	case DCOPY_ENGINE_WORKS:
		return 0;
	case DCOPY_ENGINE_QUARANTINED:
		return -EIO;
	case DCOPY_ENGINE_GONE:
		break;
	}
	return -ENODEV;
}

static bool dcopy_engine_is_quarantined(const struct dcopy_engine *engine)
{
	return READ_ONCE(engine->state) == DCOPY_ENGINE_QUARANTINED;
}

/* Only its worker asks, which is idle before the channel goes. */
static bool dcopy_engine_is_gone(const struct dcopy_engine *engine)
{
	return READ_ONCE(engine->state) == DCOPY_ENGINE_GONE;
}

static struct dcopy_job *dcopy_engine_first(struct dcopy_engine *engine)
{
	lockdep_assert_held(&engine->lock);
	return list_first_entry_or_null(&engine->jobs, struct dcopy_job, node);
}

/* The channel works on the first job, once it has some of it. */
static void dcopy_engine_start_first(struct dcopy_engine *engine)
{
	struct dcopy_job *job = dcopy_engine_first(engine);

	if (!job || !job->issued || job->started_ns)
		return;
	job->started_ns = ktime_get_ns();
	dmabuf_sync_began(job->sync);
}

/*
 * End the jobs at the front that are finished. Under the lock, because fences of one
 * context must signal in order, whoever does it.
 */
static void dcopy_engine_end_jobs(struct dcopy_engine *engine)
{
	struct dcopy_job *job;

	while ((job = dcopy_engine_first(engine)) && job->finished) {
		list_del_init(&job->node);
		dcopy_job_done(job, job->error ?: dcopy_after_error(job));
		engine->first_ns = ktime_get_ns();
		dcopy_engine_start_first(engine);
		kthread_queue_work(engine->worker, &engine->feed);
	}
}

/* One descriptor less, or nothing left to give to the channel. */
static void dcopy_engine_close(struct dcopy_engine *engine,
			       struct dcopy_job *job)
{
	lockdep_assert_held(&engine->lock);
	if (!--job->nr_open) {
		job->finished = true;
		dcopy_engine_end_jobs(engine);
	}
}

/* The channel's word that a descriptor is over. Any context. */
static void dcopy_engine_completed(void *param,
				   const struct dmaengine_result *result)
{
	bool failed = result && result->result != DMA_TRANS_NOERROR;
	struct dcopy_job *job = param;
	struct dcopy_engine *engine = job->client->engine;
	unsigned long flags;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	spin_lock_irqsave(&engine->lock, flags);
	if (engine->full) {
		engine->full = false;
		kthread_queue_work(engine->worker, &engine->feed);
	}
	/* Its jobs have ended; what it says of them does not matter any more. */
	if (!dcopy_engine_error(engine) && (!failed || !engine->stopping)) {
		if (failed)
			WRITE_ONCE(job->error, -EIO);
		dcopy_engine_close(engine, job);
	}
	/* The job, and with it the engine, may be gone once this is unlocked. */
	spin_unlock_irqrestore(&engine->lock, flags);
	dma_fence_end_signalling(cookie);
}

/* Give a descriptor of @bytes to the channel. Returns false when it takes none now. */
static bool dcopy_engine_submit(struct dcopy_engine *engine,
				struct dcopy_job *job, size_t bytes)
{
	bool last = bytes == job->left;
	struct dma_async_tx_descriptor *tx;
	/* The next one may be of a job that follows this one. */
	unsigned long flags = DMA_PREP_FENCE;

	if (last || !((job->nr_fed + 1) % DCOPY_ENGINE_BATCH))
		flags |= DMA_PREP_INTERRUPT;

	spin_lock_irq(&engine->lock);
	job->nr_open++;
	job->issued = true;
	spin_unlock_irq(&engine->lock);

	tx = dmaengine_prep_dma_memcpy(engine->chan, dcopy_cursor_addr(&job->to),
				       dcopy_cursor_addr(&job->from), bytes,
				       flags);
	if (!tx)
		goto err_close;
	tx->callback_result = dcopy_engine_completed;
	tx->callback_param = job;
	engine->last_cookie = dmaengine_submit(tx);
	if (dma_submit_error(engine->last_cookie))
		goto err_fail;
	job->nr_fed++;
	return true;

err_fail:
	WRITE_ONCE(job->error, -EIO);
err_close:
	spin_lock_irq(&engine->lock);
	dcopy_engine_close(engine, job);
	spin_unlock_irq(&engine->lock);
	return tx;
}

/* Give a job to the channel. Returns false when it does not take all of it now. */
static bool dcopy_engine_feed_job(struct dcopy_engine *engine,
				  struct dcopy_job *job)
{
	size_t bytes;

	if (job->left == job->length) {
		dcopy_cursor_init(&job->from, job->src.map->sgt, job->src.offset);
		dcopy_cursor_init(&job->to, job->dst.map->sgt, job->dst.offset);
		job->nr_fed = 0;
	}
	while (job->left && !READ_ONCE(job->error)) {
		bytes = dcopy_cursor_step(engine, &job->from, &job->to,
					  job->left);
		if (!dcopy_engine_submit(engine, job, bytes))
			return false;
		dcopy_cursor_advance(&job->from, bytes);
		dcopy_cursor_advance(&job->to, bytes);
		job->left -= bytes;
	}
	spin_lock_irq(&engine->lock);
	job->left = 0;
	dcopy_engine_close(engine, job);
	spin_unlock_irq(&engine->lock);
	return true;
}

/*
 * Has the job nothing to wait for? Others of the channel come behind it: its fence is earlier than
 * theirs. The time that it may take begins now.
 */
static bool dcopy_engine_may_begin(struct dcopy_engine *engine, struct dcopy_job *job)
{
	lockdep_assert_held(&engine->lock);
	if (!job->awaits)
		return true;
	if (dcopy_after_awaits(job))
		return false;
	job->awaits = false;
	WRITE_ONCE(job->error, dcopy_after_error(job));
	if (job == dcopy_engine_first(engine))
		engine->first_ns = ktime_get_ns();
	return true;
}

/* The next job the channel is to get bytes of, or NULL. */
static struct dcopy_job *dcopy_engine_next(struct dcopy_engine *engine)
{
	struct dcopy_job *job, *next = NULL;
	unsigned int nr = 0;

	spin_lock_irq(&engine->lock);
	list_for_each_entry(job, &engine->jobs, node) {
		if (++nr > DCOPY_ENGINE_DEPTH || !dcopy_engine_may_begin(engine, job))
			break;
		if (job->left) {
			next = job;
			break;
		}
	}
	spin_unlock_irq(&engine->lock);
	return next;
}

static u64 dcopy_engine_timeout_ns(void)
{
	return (u64)dcopy_engine_timeout_ms() * NSEC_PER_MSEC;
}

/* Come back when the channel may have room, or when it is to be stopped. */
static void dcopy_engine_set_tick(struct dcopy_engine *engine)
{
	u64 now = ktime_get_ns(), due;
	unsigned long delay = 0;
	bool full, idle;

	spin_lock_irq(&engine->lock);
	full = engine->full;
	idle = !dcopy_engine_first(engine) && !dcopy_engine_is_quarantined(engine);
	due = engine->first_ns + dcopy_engine_timeout_ns();
	spin_unlock_irq(&engine->lock);

	if (idle)
		return;
	if (full)
		delay = 1;
	else if (due > now)
		delay = nsecs_to_jiffies(due - now) + 1;
	kthread_mod_delayed_work(engine->worker, &engine->tick, delay);
}

static void dcopy_engine_feed(struct dcopy_engine *engine)
{
	struct dcopy_job *job;
	bool full = false;

	if (dcopy_engine_is_gone(engine))
		return;
	while (!full && (job = dcopy_engine_next(engine)))
		full = !dcopy_engine_feed_job(engine, job);

	spin_lock_irq(&engine->lock);
	engine->full = full;
	dcopy_engine_start_first(engine);
	spin_unlock_irq(&engine->lock);
	dma_async_issue_pending(engine->chan);
	dcopy_engine_set_tick(engine);
}

static void dcopy_engine_feed_work(struct kthread_work *work)
{
	bool cookie = dma_fence_begin_signalling();

	dcopy_engine_feed(container_of(work, struct dcopy_engine, feed));
	dma_fence_end_signalling(cookie);
}

/* Is it time to stop the channel: for its first job's sake, or once more? */
static bool dcopy_engine_is_overdue(struct dcopy_engine *engine)
{
	lockdep_assert_held(&engine->lock);
	return (dcopy_engine_first(engine) || dcopy_engine_is_quarantined(engine)) &&
	       ktime_get_ns() - engine->first_ns >= dcopy_engine_timeout_ns();
}

/* The channel has nothing of the job, and is to get all of it. */
static void dcopy_engine_rewind(struct dcopy_job *job)
{
	job->left = job->length;
	job->nr_open = 1;
	job->error = 0;
	job->awaits = job->nr_after;
	job->issued = false;
	job->started_ns = 0;
}

/*
 * The channel was stopped. Its first job has failed, unless it was done just before.
 * Those behind it are not to blame: they start all over, which is possible because
 * they still hold both ranges.
 */
static void dcopy_engine_restart(struct dcopy_engine *engine)
{
	struct dcopy_job *job, *first = NULL;

	lockdep_assert_held(&engine->lock);
	if (dcopy_engine_is_overdue(engine))
		first = dcopy_engine_first(engine);
	list_for_each_entry(job, &engine->jobs, node)
		if (job != first && !job->finished)
			dcopy_engine_rewind(job);
	if (first) {
		first->error = -ETIMEDOUT;
		first->left = 0;
		first->finished = true;
	}
	dcopy_engine_end_jobs(engine);
}

/* A job ends while the channel may have some of it. */
static void dcopy_engine_strand(struct dcopy_engine *engine, struct dcopy_job *job,
				int error)
{
	lockdep_assert_held(&engine->lock);
	if (!job->issued) {
		list_del_init(&job->node);
		dcopy_job_done(job, error);
		return;
	}
	list_move_tail(&job->node, &engine->stuck);
	dcopy_job_end(job, error);
}

/* The channel is not to be trusted any more: its jobs end, in order, the first with @error. */
static void dcopy_engine_shut(struct dcopy_engine *engine, enum dcopy_engine_state state,
			      int error)
{
	struct dcopy_job *job;

	lockdep_assert_held(&engine->lock);
	WRITE_ONCE(engine->state, state);
	engine->first_ns = ktime_get_ns();
	while ((job = dcopy_engine_first(engine))) {
		dcopy_engine_strand(engine, job, error);
		error = dcopy_engine_error(engine);
	}
}

/* The channel was stopped, at last: nothing of it reaches memory any more. */
static void dcopy_engine_free_stuck(struct dcopy_engine *engine)
{
	struct dcopy_job *job, *next;

	lockdep_assert_held(&engine->lock);
	list_for_each_entry_safe(job, next, &engine->stuck, node) {
		list_del_init(&job->node);
		dcopy_job_give_back(job);
	}
}

/* What a try to stop the channel means is told when it changes something. */
static void dcopy_engine_tell(struct dcopy_engine *engine, int error)
{
	if (error && !dcopy_engine_is_quarantined(engine))
		dev_err(engine->dev,
			"%s: cannot be stopped (error %d): its jobs fail, and the memory that it may write to is kept\n",
			engine->name, error);
	else if (!error && dcopy_engine_is_quarantined(engine))
		dev_info(engine->dev, "%s: has stopped, and is of use again\n",
			 engine->name);
}

/* Called, and waits, with no lock: a channel stops in its own time. */
static void dcopy_engine_stop(struct dcopy_engine *engine)
{
	int ret;

	if (!dcopy_engine_is_quarantined(engine))
		dev_err_ratelimited(engine->dev,
				    "%s: a copy takes longer than %u ms, stopping the channel\n",
				    engine->name, dcopy_engine_timeout_ms());
	ret = dmaengine_terminate_sync(engine->chan);
	dcopy_engine_tell(engine, ret);

	spin_lock_irq(&engine->lock);
	engine->stopping = false;
	/* Its device may be about to go: see dcopy_engine_leave(). */
	if (dcopy_engine_is_gone(engine))
		goto unlock;
	if (ret) {
		dcopy_engine_shut(engine, DCOPY_ENGINE_QUARANTINED, -ETIMEDOUT);
	} else {
		WRITE_ONCE(engine->state, DCOPY_ENGINE_WORKS);
		dcopy_engine_restart(engine);
		dcopy_engine_free_stuck(engine);
	}
unlock:
	spin_unlock_irq(&engine->lock);
}

/*
 * The first job waits for others, and those behind it for that job: no longer than for one that
 * the channel works on.
 */
static void dcopy_engine_give_up(struct dcopy_engine *engine)
{
	struct dcopy_job *job = dcopy_engine_first(engine);

	lockdep_assert_held(&engine->lock);
	job->error = -ETIMEDOUT;
	job->left = 0;
	job->finished = true;
	dcopy_engine_end_jobs(engine);
}

static bool dcopy_engine_awaits(struct dcopy_engine *engine)
{
	struct dcopy_job *job = dcopy_engine_first(engine);

	return job && !dcopy_engine_may_begin(engine, job);
}

static void dcopy_engine_tick(struct kthread_work *work)
{
	struct dcopy_engine *engine =
		container_of(work, struct dcopy_engine, tick.work);
	bool cookie = dma_fence_begin_signalling();
	bool overdue;

	if (dcopy_engine_is_gone(engine))
		goto out;
	spin_lock_irq(&engine->lock);
	overdue = dcopy_engine_is_overdue(engine);
	if (overdue && dcopy_engine_awaits(engine)) {
		dcopy_engine_give_up(engine);
		overdue = false;
	}
	/* The time of a job that may begin by now begins, too. */
	overdue = overdue && dcopy_engine_is_overdue(engine);
	engine->stopping = overdue;
	spin_unlock_irq(&engine->lock);
	if (overdue)
		dcopy_engine_stop(engine);
	else if (engine->last_cookie > 0)
		/* Some engines look for completions only when they are asked. */
		dma_async_is_tx_complete(engine->chan, engine->last_cookie,
					 NULL, NULL);
	dcopy_engine_feed(engine);
out:
	dma_fence_end_signalling(cookie);
}

/**
 * dcopy_engine_queue() - give a committed job to its engine
 * @engine: the engine
 * @job: the job; it ends with dcopy_job_done()
 *
 * Context: &dcopy_engine.commit_lock held since the job's seqno was drawn.
 */
void dcopy_engine_queue(struct dcopy_engine *engine, struct dcopy_job *job)
{
	lockdep_assert_held(&engine->commit_lock);
	spin_lock_irq(&engine->lock);
	dcopy_engine_rewind(job);
	if (dcopy_engine_error(engine)) {
		dcopy_job_done(job, dcopy_engine_error(engine));
	} else {
		if (list_empty(&engine->jobs))
			engine->first_ns = ktime_get_ns();
		list_add_tail(&job->node, &engine->jobs);
		kthread_queue_work(engine->worker, &engine->feed);
	}
	spin_unlock_irq(&engine->lock);
}

/* From now on nobody touches the channel but who calls this. */
static void dcopy_engine_rest(struct dcopy_engine *engine)
{
	spin_lock_irq(&engine->lock);
	WRITE_ONCE(engine->state, DCOPY_ENGINE_GONE);
	spin_unlock_irq(&engine->lock);
	kthread_flush_work(&engine->feed);
	kthread_cancel_delayed_work_sync(&engine->tick);
}

/**
 * dcopy_engine_leave() - the channel's device goes: end all jobs
 * @engine: the engine; dcopy_engine_let_go() has to follow
 *
 * Jobs end with -ENODEV, and so do those that still come.
 *
 * Context: process context.
 */
void dcopy_engine_leave(struct dcopy_engine *engine)
{
	bool cookie = dma_fence_begin_signalling();
	int ret;

	dcopy_engine_rest(engine);
	ret = dmaengine_terminate_sync(engine->chan);
	if (ret)
		dev_err(engine->dev, "%s: cannot be stopped (error %d) before its device goes\n",
			engine->name, ret);
	spin_lock_irq(&engine->lock);
	dcopy_engine_shut(engine, DCOPY_ENGINE_GONE, -ENODEV);
	spin_unlock_irq(&engine->lock);
	dma_fence_end_signalling(cookie);
}

/**
 * dcopy_engine_let_go() - give the channel of a device back that goes
 * @engine: the engine, which has been left
 *
 * Context: &dcopy_engine.present held for writing.
 */
void dcopy_engine_let_go(struct dcopy_engine *engine)
{
	/* Stops it, whatever it said before. */
	dma_release_channel(engine->chan);
	engine->chan = NULL;
	spin_lock_irq(&engine->lock);
	dcopy_engine_free_stuck(engine);
	spin_unlock_irq(&engine->lock);
}

/**
 * dcopy_engine_init() - an engine without jobs
 * @engine: zeroed memory with a channel
 */
void dcopy_engine_init(struct dcopy_engine *engine)
{
	kthread_init_work(&engine->feed, dcopy_engine_feed_work);
	kthread_init_delayed_work(&engine->tick, dcopy_engine_tick);
	engine->context = dma_fence_context_alloc(1);
	mutex_init(&engine->commit_lock);
	spin_lock_init(&engine->lock);
	INIT_LIST_HEAD(&engine->jobs);
	INIT_LIST_HEAD(&engine->stuck);
}

/**
 * dcopy_engine_end() - let the worker come to rest
 * @engine: the engine, which has no job and gets none
 *
 * Context: process context.
 */
void dcopy_engine_end(struct dcopy_engine *engine)
{
	/* The completion of the last job may hold it still. */
	spin_lock_irq(&engine->lock);
	spin_unlock_irq(&engine->lock);
	kthread_cancel_delayed_work_sync(&engine->tick);
	kthread_flush_work(&engine->feed);
	kthread_cancel_delayed_work_sync(&engine->tick);
}
