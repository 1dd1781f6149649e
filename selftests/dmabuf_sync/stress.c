// SPDX-License-Identifier: GPL-2.0-only
/*
 * A few seconds of everything at once: processes and threads, contexts and driver jobs, sets
 * over two buffers, every way to ask. Whoever is inside notes it in the buffer itself and
 * looks who else is there: two buffers, each with a counter of readers and of writers per
 * slot, in memory that all processes have mapped.
 */
#include <kselftest_harness.h>
#include <sched.h>

#include "st.h"

#define NR_BUFS		2
#define NR_SLOTS	16
#define SLOT		256
#define NR_PROCESSES	3
#define NR_THREADS	4
#define RUN_MS		5000

/* At the begin of each slot. */
struct slot {
	int readers, writers;
};

struct tally {
	unsigned long acquired, refused, timed_out, deadlocks, cancelled, jobs;
	unsigned long violations;
	long bad_error;
};

struct worker {
	struct st_buffer *bufs;
	unsigned int seed;
	int64_t end_ns;
	struct tally tally;
	int ctx, test;
	pthread_t thread;
};

static unsigned int pick(struct worker *worker, unsigned int below)
{
	return rand_r(&worker->seed) % below;
}

/* One or two ranges, never two in one buffer; a range is a number of whole slots. */
static unsigned int pick_set(struct worker *worker, struct dmabuf_sync_access *entries)
{
	unsigned int nr = 1 + pick(worker, NR_BUFS), i, first, len, buf = pick(worker, NR_BUFS);

	for (i = 0; i < nr; i++) {
		first = pick(worker, NR_SLOTS);
		len = 1 + pick(worker, NR_SLOTS - first);
		entries[i] = st_access(worker->bufs[(buf + i) % NR_BUFS].fd,
				       1 + pick(worker, 3), first * SLOT, len * SLOT);
	}
	return nr;
}

static struct slot *slot_of(struct worker *worker, const struct dmabuf_sync_access *entry,
			    uint64_t offset)
{
	unsigned int buf = entry->fd == worker->bufs[0].fd ? 0 : 1;

	return (struct slot *)(worker->bufs[buf].map + entry->offset + offset);
}

static void enter(struct worker *worker, const struct dmabuf_sync_access *entry, int add)
{
	bool writes = entry->mode & DMA_BUF_ACCESS_W;
	uint64_t offset;
	struct slot *slot;

	for (offset = 0; offset < entry->length; offset += SLOT) {
		slot = slot_of(worker, entry, offset);
		__atomic_add_fetch(writes ? &slot->writers : &slot->readers, add,
				   __ATOMIC_SEQ_CST);
	}
}

static void look_around(struct worker *worker, const struct dmabuf_sync_access *entry)
{
	bool writes = entry->mode & DMA_BUF_ACCESS_W;
	uint64_t offset;
	struct slot *slot;
	int readers, writers;

	for (offset = 0; offset < entry->length; offset += SLOT) {
		slot = slot_of(worker, entry, offset);
		readers = __atomic_load_n(&slot->readers, __ATOMIC_SEQ_CST);
		writers = __atomic_load_n(&slot->writers, __ATOMIC_SEQ_CST);
		if (writers != writes || (writes && readers) || (!writes && readers < 1))
			worker->tally.violations++;
	}
}

/* Be inside: all of the set at once, for a moment. */
static void visit(struct worker *worker, const struct dmabuf_sync_access *entries,
		  unsigned int nr)
{
	unsigned int i, round;

	for (i = 0; i < nr; i++)
		enter(worker, &entries[i], 1);
	for (round = 1 + pick(worker, 4); round > 0; round--)
		for (i = 0; i < nr; i++)
			look_around(worker, &entries[i]);
	if (!pick(worker, 8))
		sched_yield();
	for (i = 0; i < nr; i++)
		look_around(worker, &entries[i]);
	for (i = 0; i < nr; i++)
		enter(worker, &entries[i], -1);
	worker->tally.acquired++;
}

static void note_error(struct worker *worker, long error)
{
	if (error == -EAGAIN)
		worker->tally.refused++;
	else if (error == -ETIMEDOUT)
		worker->tally.timed_out++;
	else if (error == -EDEADLK)
		worker->tally.deadlocks++;
	else
		worker->tally.bad_error = error;
}

/* Queue it; read the event, or give up before. */
static long lock_queued(struct worker *worker, const struct dmabuf_sync_access *entries,
			unsigned int nr)
{
	long set = st_lock_set(worker->ctx, entries, nr, DMABUF_SYNC_ACQUIRE_QUEUE);
	int err;

	if (set < 0)
		return set;
	if (!pick(worker, 4)) {
		worker->tally.cancelled++;
		return st_release(worker->ctx, set) ?: -EAGAIN;
	}
	err = st_event_result(worker->ctx, set);
	return err ?: set;
}

static long lock_somehow(struct worker *worker, const struct dmabuf_sync_access *entries,
			 unsigned int nr)
{
	struct dmabuf_sync_acquire out = { 0 };
	int err;

	switch (pick(worker, 4)) {
	case 0:
		return st_lock_set(worker->ctx, entries, nr, DMABUF_SYNC_ACQUIRE_NONBLOCK);
	case 1:
		err = st_acquire(worker->ctx, entries, nr, 0,
				 st_now_ns() + pick(worker, 3000) * 1000LL, 0, &out);
		return err ?: (long)out.set;
	case 2:
		return lock_queued(worker, entries, nr);
	default:
		return st_lock_set(worker->ctx, entries, nr, 0);
	}
}

/* As a context; now and then ask for more while holding, which may be a deadlock. */
static void act_as_context(struct worker *worker)
{
	struct dmabuf_sync_access entries[NR_BUFS], more;
	unsigned int nr = pick_set(worker, entries);
	long set = lock_somehow(worker, entries, nr), second;

	if (set < 0) {
		note_error(worker, set);
		return;
	}
	visit(worker, entries, nr);
	if (!pick(worker, 3)) {
		/* An upgrade, or the same bytes of the other buffer. */
		more = entries[0];
		more.mode = DMA_BUF_ACCESS_W;
		if (nr == 1 && pick(worker, 2))
			more.fd = worker->bufs[more.fd == worker->bufs[0].fd].fd;
		second = st_lock_set(worker->ctx, &more, 1, 0);
		if (second < 0) {
			note_error(worker, second);
		} else {
			visit(worker, &more, 1);
			st_release(worker->ctx, second);
		}
	}
	if (pick(worker, 64))
		worker->tally.bad_error |= st_release(worker->ctx, set);
	else
		st_context_reopen(&worker->ctx);
}

/* As a driver: the job is done by this thread, and its end is an interrupt. */
static void act_as_driver(struct worker *worker)
{
	struct dmabuf_sync_access entries[NR_BUFS];
	unsigned int nr = pick_set(worker, entries), i;
	long sync = st_sync_new(worker->test), fence = st_fence_new(worker->test, NULL);
	long err = sync < 0 ? sync : fence < 0 ? fence : 0;

	for (i = 0; !err && i < nr; i++)
		err = st_sync_get(worker->test, sync, entries[i].fd,
				  entries[i].mode | DMA_BUF_ACCESS_DMA, entries[i].offset,
				  entries[i].length);
	if (!err && pick(worker, 2)) {
		err = st_sync_lock_async(worker->test, sync, 0, 0) ?:
		      st_sync_result(worker->test, sync);
	} else if (!err) {
		err = st_sync_lock(worker->test, sync, DST_LOCK_TIMEOUT,
				   pick(worker, 3000) * 1000ULL);
	}
	if (err) {
		note_error(worker, err);
	} else {
		visit(worker, entries, nr);
		err = st_sync_commit(worker->test, sync, fence) ?:
		      st_fence_signal(worker->test, fence, pick(worker, 3), 0, 0);
		worker->tally.bad_error |= err;
		worker->tally.jobs++;
	}
	st_test_destroy(worker->test, sync);
	st_test_destroy(worker->test, fence);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	worker->ctx = st_context_open();
	worker->test = st_test_open();
	while (st_now_ns() < worker->end_ns && !worker->tally.violations &&
	       !worker->tally.bad_error) {
		if (pick(worker, 4))
			act_as_context(worker);
		else
			act_as_driver(worker);
	}
	close(worker->ctx);
	close(worker->test);
	return NULL;
}

static void process(struct st_buffer *bufs, struct worker *workers, unsigned int nr,
		    int64_t end_ns)
{
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++) {
		workers[i].bufs = bufs;
		workers[i].end_ns = end_ns;
		workers[i].seed = nr * NR_THREADS + i + 1;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			_exit(1);
	}
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

/* Nobody meets anybody he conflicts with, and everybody gets on. */
TEST(nobody_else_is_inside)
{
	struct worker *workers = st_shared(NR_PROCESSES * NR_THREADS * sizeof(*workers));
	int64_t end_ns = st_now_ns() + RUN_MS * ST_NSEC_PER_MSEC;
	struct st_buffer bufs[NR_BUFS];
	struct tally sum = { 0 };
	pid_t pids[NR_PROCESSES];
	unsigned int i;

	ASSERT_NE(NULL, workers);
	for (i = 0; i < NR_BUFS; i++) {
		ASSERT_EQ(0, st_buffer_udmabuf(&bufs[i], ST_PAGE));
		ASSERT_EQ(0, st_buffer_map(&bufs[i]));
	}
	for (i = 0; i < NR_PROCESSES; i++) {
		pids[i] = st_fork();
		if (!pids[i]) {
			process(bufs, workers + i * NR_THREADS, i, end_ns);
			_exit(0);
		}
	}
	st_sleep_ms(RUN_MS);
	for (i = 0; i < NR_PROCESSES; i++)
		EXPECT_EQ(0, st_child_wait(pids[i]));
	for (i = 0; i < NR_PROCESSES * NR_THREADS; i++) {
		struct tally *tally = &workers[i].tally;

		EXPECT_EQ(0, tally->violations);
		EXPECT_EQ(0, tally->bad_error) TH_LOG("worker %u: %ld", i, tally->bad_error);
		EXPECT_LT(0, tally->acquired);
		sum.acquired += tally->acquired;
		sum.refused += tally->refused;
		sum.timed_out += tally->timed_out;
		sum.deadlocks += tally->deadlocks;
		sum.cancelled += tally->cancelled;
		sum.jobs += tally->jobs;
	}
	TH_LOG("%lu acquired, %lu refused, %lu timed out, %lu deadlocks, %lu cancelled, %lu jobs",
	       sum.acquired, sum.refused, sum.timed_out, sum.deadlocks, sum.cancelled,
	       sum.jobs);
	/* It was a stress: every path was taken. */
	EXPECT_LT(0, sum.refused);
	EXPECT_LT(0, sum.timed_out);
	EXPECT_LT(0, sum.cancelled);
	EXPECT_LT(0, sum.jobs);
	for (i = 0; i < NR_BUFS; i++)
		st_buffer_close(&bufs[i]);
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_HARNESS_MAIN
