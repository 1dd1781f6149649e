// SPDX-License-Identifier: GPL-2.0-only
/*
 * Effort: how much a request may search the wait-for graph, which others can make as large as their
 * quotas let them.
 *
 * A request has so many steps when it begins and more as it waits, so that a small part of a
 * processor is what searches can cost it. A search that runs out of steps has found nothing: the
 * request waits, and looks again when it has at least twice as many. So a search that takes long is
 * made all the same, only later.
 */
#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "effort.h"
#include "owner.h"
#include "queue.h"
#include "set.h"

/* Steps that a request has from the beginning: some milliseconds. */
#define STEPS_AT_ONCE	65536

/* And for each millisecond since then: about a twentieth of a processor. */
#define STEPS_PER_MS	1024

/* With fewer a search is not worth beginning. */
#define STEPS_AT_LEAST	1024

/* A retry keeps its set, and with it a buffer: it looks so often whether that waits still. */
#define MAX_DELAY_MS	1000

/**
 * struct retry - lets a set search again when it has the steps
 * @work: does so
 * @set: the set, a reference
 */
struct retry {
	struct delayed_work work;
	struct dsync_set *set;
};

static struct workqueue_struct *retry_wq;
static atomic_t nr_retries = ATOMIC_INIT(0);

#ifdef CONFIG_DMABUF_SYNC_DEBUG
static unsigned long max_effort;
module_param(max_effort, ulong, 0644);
MODULE_PARM_DESC(max_effort, "most steps that one request searched at a time; write 0 to begin anew");

static void note_effort(u64 steps)
{
	if (steps > READ_ONCE(max_effort))
		WRITE_ONCE(max_effort, steps);
}
#else
static void note_effort(u64 steps)
{
}
#endif

/* Steps that the set has now. */
static u64 steps_of(const struct dsync_set *set)
{
	u64 ms = div_u64(ktime_get_ns() - set->requested_ns, NSEC_PER_MSEC);
	u64 all = STEPS_AT_ONCE + ms * STEPS_PER_MS;

	return all > set->searched ? all - set->searched : 0;
}

/* Steps that it needs to begin. */
static u64 steps_needed(const struct dsync_set *set)
{
	return max_t(u64, BIT_ULL(set->search_order), STEPS_AT_LEAST);
}

/**
 * dsync_effort_begin() - begin to search
 * @effort: filled; dsync_effort_end() must follow
 * @set: the request that searches; only its task, or worker, does so
 *
 * Where the set has too few steps the effort is spent already.
 *
 * Context: process context; what the search is to find is published already. A full barrier.
 */
void dsync_effort_begin(struct dsync_effort *effort, struct dsync_set *set)
{
	u64 steps = steps_of(set);

	*effort = (struct dsync_effort){
		.horizon = dsync_queue_last_ticket(),
		.given = steps,
		.left = steps,
		.spent = steps < steps_needed(set),
	};
}

/**
 * dsync_effort_take() - make some steps
 * @effort: the effort; spent if that was the last of it, or if the task is killed
 * @steps: tree nodes that were looked at, or what took as long
 */
void dsync_effort_take(struct dsync_effort *effort, unsigned int steps)
{
	if (effort->left <= steps || fatal_signal_pending(current))
		effort->spent = true;
	effort->left -= min_t(u64, effort->left, steps);
}

/**
 * dsync_effort_end() - the search is over
 * @effort: the effort
 * @set: the request that searched
 *
 * Return: true if the answer is known.
 */
bool dsync_effort_end(struct dsync_effort *effort, struct dsync_set *set)
{
	u64 taken = effort->given - effort->left;

	note_effort(taken);
	set->searched += taken;
	/* What was not even begun needs no more than it did. */
	if (taken)
		set->search_order = effort->spent ? order_base_2(2 * taken) : 0;
	return !effort->spent;
}

static unsigned long delay_of(const struct dsync_set *set)
{
	u64 needs = steps_needed(set), has = steps_of(set);
	u64 ms = needs > has ? div_u64(needs - has, STEPS_PER_MS) : 0;

	return msecs_to_jiffies(clamp_t(u64, ms, 1, MAX_DELAY_MS));
}

static bool set_has_to_wait(const struct dsync_set *set)
{
	return !list_empty_careful(&set->waiting) && steps_of(set) < steps_needed(set);
}

static void retry_work(struct work_struct *work)
{
	struct retry *retry = container_of(to_delayed_work(work), struct retry, work);
	struct dsync_set *set = retry->set;

	if (set_has_to_wait(set)) {
		queue_delayed_work(retry_wq, &retry->work, delay_of(set));
		return;
	}
	clear_bit(DSYNC_SET_REPEATS, &set->kicked);
	dsync_owner_kick(set->owner, set);
	dsync_set_put(set);
	kfree(retry);
	if (atomic_dec_and_test(&nr_retries))
		wake_up_var(&nr_retries);
}

/* Small allocations do not fail, but for a task that is to end for want of memory. */
static struct retry *retry_create(struct dsync_set *set)
{
	struct retry *retry = kmalloc(sizeof(*retry), GFP_KERNEL | __GFP_NOWARN);

	if (!retry)
		return NULL;
	INIT_DELAYED_WORK(&retry->work, retry_work);
	dsync_set_get(set);
	retry->set = set;
	atomic_inc(&nr_retries);
	return retry;
}

/**
 * dsync_effort_repeat() - have a set look again when it has the steps that it needs
 * @set: a set that waits; the caller is its task, or worker
 *
 * Context: process context; may sleep for memory.
 */
void dsync_effort_repeat(struct dsync_set *set)
{
	struct retry *retry;

	if (test_and_set_bit(DSYNC_SET_REPEATS, &set->kicked))
		return;
	retry = retry_create(set);
	if (retry) {
		queue_delayed_work(retry_wq, &retry->work, delay_of(set));
	} else {
		clear_bit(DSYNC_SET_REPEATS, &set->kicked);
		dsync_owner_kick(set->owner, set);
	}
}

/**
 * dsync_effort_start() - make the workqueue of retries
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_effort_start(void)
{
	retry_wq = alloc_workqueue("dmabuf_sync_retry", WQ_UNBOUND, 0);
	return retry_wq ? 0 : -ENOMEM;
}

/**
 * dsync_effort_stop() - wait for retries that are due still
 */
void dsync_effort_stop(void)
{
	wait_var_event(&nr_retries, !atomic_read(&nr_retries));
	destroy_workqueue(retry_wq);
}
