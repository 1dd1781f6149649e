// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work: what cannot be done where it comes up. There is a queue for each thing that it may have
 * to wait for, so that none waits behind one that can be blocked by somebody else: locks of a
 * user's own buffers; tasks of a user whose lease is over; what drivers do in callbacks, and
 * exporters of the buffers of drivers' CPU accesses; exporters, once more; nothing; any number
 * of pollers.
 */
#include <linux/workqueue.h>

#include "set.h"
#include "work.h"

enum {
	QUEUE_USERS,
	QUEUE_REVOKES,
	QUEUE_DRIVERS,
	QUEUE_RELEASES,
	QUEUE_SERVE,
	QUEUE_WAKES,
	NR_QUEUES,
};

static const struct {
	const char *name;
	unsigned int flags;
} queue_types[NR_QUEUES] = {
	[QUEUE_USERS] = { "dmabuf_sync_users", WQ_UNBOUND },
	[QUEUE_REVOKES] = { "dmabuf_sync_revokes", WQ_UNBOUND },
	[QUEUE_DRIVERS] = { "dmabuf_sync_drivers", WQ_UNBOUND | WQ_HIGHPRI },
	[QUEUE_RELEASES] = { "dmabuf_sync_releases", WQ_UNBOUND | WQ_HIGHPRI },
	[QUEUE_SERVE] = { "dmabuf_sync_serve", WQ_UNBOUND | WQ_HIGHPRI },
	[QUEUE_WAKES] = { "dmabuf_sync_wakes", WQ_UNBOUND },
};

static struct workqueue_struct *queues[NR_QUEUES];

static void queues_destroy(void)
{
	unsigned int i;

	for (i = 0; i < NR_QUEUES; i++)
		if (queues[i])
			destroy_workqueue(queues[i]);
}

/**
 * dsync_work_start() - make the workqueues
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_work_start(void)
{
	unsigned int i;

	for (i = 0; i < NR_QUEUES; i++) {
		queues[i] = alloc_workqueue("%s", queue_types[i].flags, 0, queue_types[i].name);
		if (!queues[i]) {
			queues_destroy();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * dsync_work_stop() - finish what is left of sets whose users are gone
 */
void dsync_work_stop(void)
{
	unsigned int i;

	/* Each may queue work on others: sets' works end before their buffers' do. */
	for (i = 0; i < QUEUE_SERVE; i++)
		drain_workqueue(queues[i]);
	queues_destroy();
	rcu_barrier();
}

/**
 * dsync_work_request() - run the work of an asynchronous, or a queued, request
 * @set: the set; somebody keeps it alive until the work has run
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_work_request(struct dsync_set *set)
{
	return queue_work(queues[set->by_task ? QUEUE_USERS : QUEUE_DRIVERS], &set->work);
}

/**
 * dsync_work_release() - release a set where sleeping is allowed
 * @work: the work; somebody keeps the set alive until it has run
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_work_release(struct work_struct *work)
{
	return queue_work(queues[QUEUE_RELEASES], work);
}

/**
 * dsync_work_revoke() - revoke a set where sleeping is allowed
 * @work: the work; somebody keeps the set alive until it has run
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_work_revoke(struct work_struct *work)
{
	return queue_work(queues[QUEUE_REVOKES], work);
}

/**
 * dsync_work_wake() - run work that wakes any number of pollers
 * @work: the work; somebody keeps what it belongs to alive until it has run
 *
 * Whoever has many keeps others who have many waiting, but no hand-over and no release.
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_work_wake(struct work_struct *work)
{
	return queue_work(queues[QUEUE_WAKES], work);
}

/**
 * dsync_work_serve() - run the work of a buffer, or of a set, which does not sleep
 * @work: the work; somebody keeps what it belongs to alive until it has run
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_work_serve(struct work_struct *work)
{
	return queue_work(queues[QUEUE_SERVE], work);
}
