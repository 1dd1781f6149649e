// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs of a driver, by the test module: a sync object and a set each. A job is released, in any
 * context, or committed, and then its fence, signaled in any context, releases it.
 *
 * A job that writes commits when it is in its cells, and one that only reads may do so in the
 * callback. For a job that was committed is not abandoned when its process dies; so what it
 * took over from a dead writer must bear its own mark by then.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

struct job {
	long sync, fence;	/* fence: -1 without */
	struct to_set set;
	bool cpu;		/* has accesses by the CPU, so there is nothing to commit */
	bool writes;
	bool committed;
	uint64_t begin;
	uint64_t fences;	/* when it was asked for */
};

static bool job_open(struct to_actor *actor)
{
	actor->fd = st_test_open();
	if (actor->fd < 0)
		errno = -actor->fd;
	return actor->fd >= 0;
}

static void job_close(struct to_actor *actor)
{
	close(actor->fd);
}

static void job_check(struct to_actor *actor, const char *what, long err)
{
	if (err < 0)
		to_fail(actor->arena, "errno", "slot %u: %s of a job: %s", actor->index, what,
			strerror(-err));
}

static void job_new(struct to_actor *actor, struct job *job)
{
	unsigned int i;

	*job = (struct job){ .fence = -1 };
	to_set_pick(&job->set, &actor->random, actor->arena->options.buffers);
	job->sync = st_sync_new(actor->fd);
	job_check(actor, "begin", job->sync);
	for (i = 0; i < job->set.nr; i++) {
		const struct to_want *want = &job->set.want[i];
		bool cpu = to_random_percent(&actor->random, 10);

		job->cpu |= cpu;
		job->writes |= want->access & DMA_BUF_ACCESS_W;
		job_check(actor, "range",
			  st_sync_get(actor->fd, job->sync,
				      actor->arena->bufs[want->buf].fd,
				      want->access | (cpu ? 0 : DMA_BUF_ACCESS_DMA),
				      want->first * 64, want->nr * 64));
	}
	if (!job->cpu && to_random_percent(&actor->random, 70)) {
		job->fence = st_fence_new(actor->fd, NULL);
		job_check(actor, "fence", job->fence);
	}
}

static void job_destroy(struct to_actor *actor, long id)
{
	job_check(actor, "end", st_test_destroy(actor->fd, id));
}

/* Errors that a driver has to expect. An owner that holds nothing is in no deadlock. */
static void job_refused(struct to_actor *actor, uint32_t how, int err)
{
	if (err == -EINTR && how != DST_LOCK_ASYNC)
		to_actor_count(actor, TO_INTERRUPTED);
	else if (err == -EAGAIN && how == DST_LOCK_TRY)
		to_actor_count(actor, TO_REFUSED);
	else if (err == -ETIMEDOUT && how == DST_LOCK_TIMEOUT)
		to_actor_count(actor, TO_TIMED_OUT);
	else
		job_check(actor, "lock", err);
}

/* Return: true when it is ready, false when it was cancelled. */
static bool job_wait(struct to_actor *actor, struct job *job)
{
	unsigned int tries = to_random_percent(&actor->random, 20) ?
			     to_random_below(&actor->random, 4) : ~0U;
	struct dst_wait wait;
	int err;

	while ((err = st_sync_wait(actor->fd, job->sync, tries == ~0U ? 100 : 1, &wait))) {
		if (err != -ETIME && err != -EINTR)
			job_check(actor, "wait", err);
		if (tries != ~0U && !tries--) {
			to_notice_withdraw(actor);
			err = st_sync_cancel(actor->fd, job->sync);
			job_check(actor, "cancel", err);
			if (err > 0) {
				to_actor_count(actor, TO_CANCELLED);
				return false;
			}
			tries = ~0U;
		}
	}
	to_notice_withdraw(actor);
	job_check(actor, "callback", wait.error);
	return true;
}

static bool job_lock_async(struct to_actor *actor, struct job *job)
{
	bool commit = job->fence >= 0 && !job->writes;
	int err = st_sync_lock_async(actor->fd, job->sync, commit ? DST_READY_COMMIT : 0,
				     commit ? job->fence : 0);

	job->committed = commit;
	if (err) {
		job_refused(actor, DST_LOCK_ASYNC, err);
		return false;
	}
	to_notice_publish(actor, &job->set, true);
	return job_wait(actor, job);
}

static bool job_lock_sync(struct to_actor *actor, struct job *job, uint32_t how)
{
	int err;

	if (how != DST_LOCK_TRY)
		to_notice_publish(actor, &job->set, false);
	err = st_sync_lock(actor->fd, job->sync, how,
			   to_random_below(&actor->random, 20000) * 1000ULL);
	to_notice_withdraw(actor);
	if (err) {
		job_refused(actor, how, err);
		return false;
	}
	return true;
}

static bool job_lock(struct to_actor *actor, struct job *job)
{
	uint32_t how = to_random_below(&actor->random, DST_LOCK_ASYNC + 2);
	bool locked;

	job->begin = to_notice_begin(actor);
	job->fences = to_fence_begin(actor);
	to_actor_waits(actor, how != DST_LOCK_TRY);
	if (how >= DST_LOCK_ASYNC)
		locked = job_lock_async(actor, job);
	else
		locked = job_lock_sync(actor, job, how);
	to_actor_waits(actor, false);
	return locked;
}

/* With a delay the engine goes on by itself while the driver forgets the job. */
static void job_signal(struct to_actor *actor, struct job *job)
{
	bool early = to_random_percent(&actor->random, 40);
	unsigned int delay = to_random_percent(&actor->random, 30) ?
			     to_random_below(&actor->random, 4) : 0;
	int error = to_random_percent(&actor->random, 10) ? -EIO : 0;

	if (early)
		job_destroy(actor, job->sync);
	job_check(actor, "signal",
		  st_fence_signal(actor->fd, job->fence,
				  to_random_below(&actor->random, 3), error, delay));
	if (!early)
		job_destroy(actor, job->sync);
	job_destroy(actor, job->fence);
}

static void job_release(struct to_actor *actor, struct job *job)
{
	if (to_random_percent(&actor->random, 5)) {
		/* Not released: abandoned. */
		to_actor_count(actor, TO_ABANDONED);
		job_destroy(actor, job->sync);
	} else {
		job_check(actor, "release",
			  st_sync_unlock(actor->fd, job->sync,
					 to_random_below(&actor->random, 3)));
		job_destroy(actor, job->sync);
	}
	if (job->fence >= 0)
		job_destroy(actor, job->fence);
}

/* The file of the test module goes, and with it the fence. */
static void job_drop_all(struct to_actor *actor)
{
	to_actor_count(actor, TO_ABANDONED);
	to_actor_die(actor);
	job_close(actor);
	to_actor_reborn(actor);
	if (!job_open(actor))
		to_fail(actor->arena, "errno", "the test module cannot be opened: %s",
			strerror(errno));
}

/* A fence that came since the job was acquired is waited for here. */
static void job_commit(struct to_actor *actor, struct job *job)
{
	uint64_t begin;

	if (to_random_percent(&actor->random, 30))
		to_actor_linger(actor);
	begin = to_fence_begin(actor);
	job_check(actor, "commit", st_sync_commit(actor->fd, job->sync, job->fence));
	to_fence_check(actor, "committed a job", &job->set, begin);
	job->committed = true;
}

static void job_turn(struct to_actor *actor)
{
	struct job job;

	job_new(actor, &job);
	if (!job_lock(actor, &job)) {
		job_destroy(actor, job.sync);
		if (job.fence >= 0)
			job_destroy(actor, job.fence);
		return;
	}
	to_actor_count(actor, TO_JOBS);
	to_notice_check(actor, &job.set, job.begin);
	to_fence_check(actor, "acquired a job", &job.set, job.fences);
	to_actor_enter(actor, job.sync, &job.set,
		       st_sync_abandoned(actor->fd, job.sync) > 0);
	if (job.fence >= 0 && !job.committed)
		job_commit(actor, &job);
	to_actor_linger(actor);
	if (to_random_percent(&actor->random, 3)) {
		job_drop_all(actor);
		return;
	}
	to_actor_leave(actor, 0);
	if (job.committed)
		job_signal(actor, &job);
	else
		job_release(actor, &job);
}

const struct to_kind to_job_kind = {
	.name = "job",
	.order = TO_QUEUES,
	.open = job_open,
	.turn = job_turn,
	.close = job_close,
};
