// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases (invariant 9): whoever holds a CPU access while others wait for it loses it when its lease
 * is over, whatever it is doing. Both sides learn of it. Nobody else loses anything: not who is not
 * in anybody's way, not a job, not a driver.
 *
 *	holder	|---------- W ----------------|	its release says EOWNERDEAD
 *	waiter	      |....... lease .........|- W, told REVOKED -|
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define NOTIFY	DMABUF_SYNC_ACQUIRE_NOTIFY

/* The shortest one. */
#define MIN_MS		DMABUF_SYNC_MIN_LEASE_MS

FIXTURE(lease)
{
	struct st_world w;
	unsigned int before;
	int *ctx, fd;
};

FIXTURE_SETUP(lease)
{
	self->before = st_lease_get();
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(lease)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->before));
}

static long wait_for_set(int ctx, const struct dmabuf_sync_access *accesses, unsigned int nr)
{
	struct st_call call;

	return st_call_start(&call, ctx, accesses, nr, 0) ?: st_call_end(&call);
}

TEST_F(lease, who_waits_gets_it_and_both_learn)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0), set;
	uint32_t status;

	ASSERT_LE(0, held);
	set = st_lease_wait(self->ctx[1], self->fd, W, &status);
	ASSERT_LE(0, set);
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, status);
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
	EXPECT_EQ(-ENOENT, st_release(self->ctx[0], held));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
}

TEST_F(lease, without_anybody_who_waits_it_does_not_begin)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0);
	long other = st_lock_all(self->ctx[1], self->w.buf[1].fd, W, 0);

	ASSERT_LE(0, held);
	ASSERT_LE(0, other);
	EXPECT_TRUE(ST_LEASE_STAYS(st_query_count(self->ctx[2], self->fd,
						  DMABUF_SYNC_STATE_ACQUIRED) == 1));
	/* Others wait, but not for these bytes. */
	ASSERT_LE(0, st_lease_wait(self->ctx[2], self->w.buf[1].fd, W, NULL));
	EXPECT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[1], other));
}

TEST_F(lease, is_of_those_in_the_way_alone)
{
	long page = st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0);
	long other = st_lock(self->ctx[1], self->fd, W, ST_PAGE, ST_PAGE, 0);
	struct dmabuf_sync_access entry = st_access(self->fd, R, ST_PAGE, ST_PAGE);
	struct st_call call;

	ASSERT_LE(0, page);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, st_call_start(&call, self->ctx[2], &entry, 1, 0));
	ASSERT_LE(0, st_call_end(&call));
	EXPECT_EQ(0, st_release(self->ctx[0], page));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[1], other));
}

TEST_F(lease, reader_leaves_no_mark)
{
	long held = st_lock_all(self->ctx[0], self->fd, R, 0);
	uint32_t status = ~0;

	ASSERT_LE(0, held);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

/* Each range is told by its own reason, until a writer that was told releases it. */
TEST_F(lease, mark_is_of_its_bytes_and_goes_with_a_writer)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out = {};

	ASSERT_LE(0, st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0));
	ASSERT_LE(0, st_lock(self->ctx[1], self->fd, W, 2 * ST_PAGE, ST_PAGE, 0));
	st_context_reopen(&self->ctx[1]);
	ASSERT_EQ(0, st_acquire(self->ctx[2], &entry, 1, 0, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED | DMABUF_SYNC_STATUS_ABANDONED, out.status);
	ASSERT_EQ(0, st_release(self->ctx[2], out.set));

	entry = st_access(self->fd, W, 0, ST_PAGE);
	ASSERT_EQ(0, st_acquire(self->ctx[3], &entry, 1, TRY, 0, 0, &out));
	EXPECT_EQ(0, out.status);
	EXPECT_EQ(0, st_release(self->ctx[3], out.set));
}

TEST_F(lease, mark_of_one_kind_says_nothing_of_the_other)
{
	struct dmabuf_sync_access entry = st_access(self->fd, R, 0, ST_PAGE);
	struct dmabuf_sync_acquire out = {};

	ASSERT_LE(0, st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0));
	ASSERT_LE(0, st_lock(self->ctx[1], self->fd, W, ST_PAGE, ST_PAGE, 0));
	st_context_reopen(&self->ctx[1]);
	ASSERT_EQ(0, st_acquire(self->ctx[2], &entry, 1, 0, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, out.status);
	entry.offset = ST_PAGE;
	ASSERT_EQ(0, st_acquire(self->ctx[2], &entry, 1, TRY, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
}

/* All of its buffers are free afterwards. */
TEST_F(lease, set_goes_as_one)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->fd, W, 0, TO_END), st_access(self->w.buf[1].fd, R, 0, TO_END),
	};
	long set = st_lock_set(self->ctx[0], both, 2, 0), other;

	ASSERT_LE(0, set);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->w.buf[1].fd, W, NULL));
	other = st_lock_all(self->ctx[2], self->fd, W, TRY);
	EXPECT_TRUE(ST_UNTIL(other >= 0 ||
			     (other = st_lock_all(self->ctx[2], self->fd, W, TRY)) >= 0));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], set));
}

TEST_F(lease, set_of_several_buffers_waits_no_longer)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->fd, W, 0, TO_END), st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long set;
	int i;

	/* Others have waited there before, and do not any more. */
	for (i = 0; i < 3; i++) {
		st_sleep_ms(2 * ST_LEASE_SHORT_MS);
		ASSERT_LE(0, st_lock_all(self->ctx[0], self->fd, R, 0));
		ASSERT_LE(0, st_lock_all(self->ctx[1], self->w.buf[1].fd, R, 0));
		ASSERT_LE(0, st_lock_all(self->ctx[3], self->fd, R, 0));
		set = wait_for_set(self->ctx[2], both, 2);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_release(self->ctx[2], set));
	}
}

/* A lease that nobody waits for any more begins anew. */
TEST_F(lease, begins_anew_when_nobody_waits)
{
	int64_t begin_ns;
	long held;

	ASSERT_EQ(0, st_lease_set(8 * ST_LEASE_SHORT_MS));
	held = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_LE(0, held);
	ASSERT_EQ(-ETIMEDOUT, st_lock_ms(self->ctx[1], self->fd, W, 0, TO_END,
					 ST_LEASE_SHORT_MS / 2));
	st_sleep_ms(16 * ST_LEASE_SHORT_MS);
	begin_ns = st_now_ns();
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_LE(6LL * ST_LEASE_SHORT_MS * ST_NSEC_PER_MSEC, st_now_ns() - begin_ns);
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

/* More of them than there is time for one lease after the other. */
#define READERS	48

TEST_F(lease, crowd_of_readers_is_one_delay)
{
	int ctx[READERS], i, revoked = 0;
	long set[READERS];
	int64_t begin_ns;

	ASSERT_EQ(0, st_lease_set(10 * ST_LEASE_SHORT_MS));
	for (i = 0; i < READERS; i++) {
		ctx[i] = st_context_open();
		ASSERT_LE(0, ctx[i]);
		set[i] = st_lock_all(ctx[i], self->fd, R, 0);
		ASSERT_LE(0, set[i]);
	}
	begin_ns = st_now_ns();
	ASSERT_LE(0, st_lease_wait(self->ctx[0], self->fd, W, NULL));
	EXPECT_GT(READERS / 4 * 10LL * ST_LEASE_SHORT_MS * ST_NSEC_PER_MSEC,
		  st_now_ns() - begin_ns);
	for (i = 0; i < READERS; i++) {
		revoked += st_release(ctx[i], set[i]) == -EOWNERDEAD;
		close(ctx[i]);
	}
	EXPECT_EQ(READERS, revoked);
}

TEST_F(lease, context_may_promise_less)
{
	long held;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_LONG_MS));
	EXPECT_EQ(ST_LEASE_SHORT_MS, st_lease_promise(self->ctx[0], ST_LEASE_SHORT_MS));
	held = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_LE(0, held);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

/* Those who promised less are in the way in many buffers: all of these leases pass at once. */
TEST_F(lease, promise_holds_in_each_buffer)
{
	struct dmabuf_sync_access all[ST_WORLD];
	unsigned int i, round;
	int64_t begin_ns = 0;
	long set;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_LONG_MS));
	ASSERT_EQ(5 * ST_LEASE_SHORT_MS, st_lease_promise(self->ctx[0], 5 * ST_LEASE_SHORT_MS));
	/* In the second round there are timers already. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ST_WORLD; i++) {
			all[i] = st_access(self->w.buf[i].fd, W, 0, TO_END);
			ASSERT_LE(0, st_lock_all(self->ctx[0], all[i].fd, R, 0));
		}
		begin_ns = st_now_ns();
		set = wait_for_set(self->ctx[2], all, ST_WORLD);
		ASSERT_LE(0, set);
		EXPECT_EQ(0, st_release(self->ctx[2], set));
	}
	EXPECT_GT(ST_WORLD / 2 * 5LL * ST_LEASE_SHORT_MS * ST_NSEC_PER_MSEC,
		  st_now_ns() - begin_ns);
}

/* Its lease begins when it is ready, and somebody has waited for it since before. */
TEST_F(lease, promise_holds_after_a_hand_over)
{
	struct st_call first, second;
	long held;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_LONG_MS));
	EXPECT_EQ(ST_LEASE_SHORT_MS, st_lease_promise(self->ctx[1], ST_LEASE_SHORT_MS));
	held = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_EQ(0, st_call_wait(&first, self->ctx[1], self->fd, W));
	ASSERT_EQ(0, st_call_wait(&second, self->ctx[2], self->fd, W));
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	held = st_call_end(&first);
	ASSERT_LE(0, held);
	ASSERT_LE(0, st_call_end(&second));
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, second.status);
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[1], held));
}

TEST_F(lease, context_cannot_promise_more)
{
	EXPECT_EQ(ST_LEASE_SHORT_MS, st_lease_promise(self->ctx[0], ST_LEASE_LONG_MS));
	EXPECT_EQ(ST_LEASE_SHORT_MS / 2, st_lease_promise(self->ctx[0], ST_LEASE_SHORT_MS / 2));
	EXPECT_EQ(ST_LEASE_SHORT_MS, st_lease_promise(self->ctx[0], 0));
	EXPECT_EQ(MIN_MS, st_lease_promise(self->ctx[0], MIN_MS));
	EXPECT_EQ(-EINVAL, st_lease_promise(self->ctx[0], MIN_MS - 1));
}

TEST_F(lease, system_may_have_none)
{
	struct st_call call;
	long held;

	ASSERT_EQ(0, st_lease_set(0));
	EXPECT_EQ(0, st_lease_promise(self->ctx[0], ST_LEASE_SHORT_MS));
	held = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, W));
	EXPECT_TRUE(ST_LEASE_STAYS(!st_call_done(&call)));
	EXPECT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_LE(0, st_call_end(&call));
}

TEST_F(lease, stopped_process_loses_it)
{
	int *go = st_shared(sizeof(*go)), status;
	pid_t pid = st_fork();

	if (!pid) {
		int ctx = st_context_open();
		long held = st_lock_all(ctx, self->fd, W, 0);

		__atomic_store_n(go, held < 0 ? -1 : 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(go, __ATOMIC_ACQUIRE) == 1)
			st_sleep_ms(1);
		_exit(st_release(ctx, held) != -EOWNERDEAD);
	}
	ASSERT_LT(0, pid);
	ASSERT_TRUE(ST_UNTIL(__atomic_load_n(go, __ATOMIC_ACQUIRE)));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_TRUE(ST_UNTIL(st_task_state(pid) == 'T'));
	ASSERT_LE(0, st_lease_wait(self->ctx[0], self->fd, W, NULL));
	EXPECT_EQ('T', st_task_state(pid));
	__atomic_store_n(go, 2, __ATOMIC_RELEASE);
	ASSERT_EQ(0, kill(pid, SIGCONT));
	status = st_child_wait(pid);
	EXPECT_EQ(0, status);
}

/* Each return of the call is a new request to the engine, and the lease goes on. */
TEST_F(lease, interrupted_waiter_makes_it_no_longer)
{
	long held, set = -EINTR;

	ASSERT_EQ(0, st_lease_set(5 * ST_LEASE_SHORT_MS));
	held = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_LE(0, held);
	EXPECT_TRUE(ST_UNTIL((set = st_lock_ms(self->ctx[1], self->fd, W, 0, TO_END,
					       ST_LEASE_SHORT_MS / 2)) >= 0));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

/*
 * Who holds overtakes those who wait for it. By turns it has always something that is not old:
 *
 *	holder	|-- R --|-- R --|-- R --|-- R --|
 *	waiter	   |............ W
 */
TEST_F(lease, owner_cannot_take_turns_with_itself)
{
	struct st_call call;
	long held, next;
	int turns = 0;

	ASSERT_EQ(0, st_lease_set(5 * ST_LEASE_SHORT_MS));
	held = st_lock_all(self->ctx[0], self->fd, R, 0);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, W));
	while (!st_call_done(&call) && turns++ < 1000) {
		st_sleep_ms(ST_LEASE_SHORT_MS / 5);
		next = st_lock_all(self->ctx[0], self->fd, R, TRY);
		if (next < 0)
			break;
		st_release(self->ctx[0], held);
		held = next;
	}
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_GT(1000, turns);
}

/* The same as fast as it can. */
TEST_F(lease, owner_is_not_too_fast_for_its_end)
{
	struct st_call call;
	long held, next;

	held = st_lock_all(self->ctx[0], self->fd, R, 0);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, W));
	while (!st_call_done(&call)) {
		next = st_lock_all(self->ctx[0], self->fd, R, TRY);
		if (next < 0)
			break;
		st_release(self->ctx[0], held);
		held = next;
	}
	EXPECT_LE(0, st_call_end(&call));
}

/* With other bytes each time: somebody waits for all of them. */
TEST_F(lease, owner_cannot_take_turns_with_its_pages)
{
	struct st_call call;
	long held, next;
	int turns = 0;

	ASSERT_EQ(0, st_lease_set(5 * ST_LEASE_SHORT_MS));
	held = st_lock(self->ctx[0], self->fd, R, 0, ST_PAGE, TRY);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, W));
	while (!st_call_done(&call) && turns++ < 1000) {
		st_sleep_ms(ST_LEASE_SHORT_MS / 5);
		next = st_lock(self->ctx[0], self->fd, R, turns % 2 * ST_PAGE, ST_PAGE, TRY);
		if (next < 0)
			break;
		st_release(self->ctx[0], held);
		held = next;
	}
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_GT(1000, turns);
}

TEST_F(lease, job_that_waits_for_the_cpu_goes_on)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0);
	long job = st_sync_new(self->w.test);
	struct dst_wait wait;

	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_sync_get(self->w.test, job, self->fd, DMA_BUF_ACCESS_DMA_R, 0, TO_END));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, job, 0, 0));
	ASSERT_EQ(0, st_sync_wait(self->w.test, job, ST_SOON_MS, &wait));
	EXPECT_EQ(0, wait.error);
	EXPECT_EQ(1, st_sync_abandoned(self->w.test, job));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

TEST_F(lease, driver_and_its_job_keep_theirs)
{
	struct st_call call, other;
	long cpu = st_sync_locked(self->w.test, self->fd, W, 0, TO_END, DST_LOCK_WAIT);
	long job = st_sync_locked(self->w.test, self->w.buf[1].fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END,
				  DST_LOCK_WAIT);
	long fence = st_fence_new(self->w.test, NULL);

	ASSERT_LE(0, cpu);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[0], self->fd, W));
	ASSERT_EQ(0, st_call_wait(&other, self->ctx[1], self->w.buf[1].fd, W));
	EXPECT_TRUE(ST_LEASE_STAYS(!st_call_done(&call) && !st_call_done(&other)));
	EXPECT_EQ(0, st_sync_unlock(self->w.test, cpu, DST_PROCESS));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_LE(0, st_call_end(&other));
}

TEST_F(lease, trace_events_tell_both)
{
	struct st_trace events[64];
	bool revoked = false;
	long held;
	int nr, i;

	ASSERT_EQ(0, st_trace_start());
	held = st_lock_all(self->ctx[0], self->fd, R, 0);
	ASSERT_LE(0, held);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	nr = st_trace_read(events, 64);
	st_trace_stop();
	for (i = 0; i < nr; i++) {
		if (!strcmp(events[i].name, "revoked")) {
			revoked = true;
			EXPECT_LE(ST_LEASE_SHORT_MS * ST_NSEC_PER_MSEC,
				  st_trace_number(&events[i], "time_ns"));
		}
		/* What is let in by that comes behind it. */
		if (!strcmp(events[i].name, "released"))
			EXPECT_TRUE(revoked);
	}
	EXPECT_TRUE(revoked);
}

/*
 * Releases, closes and ends of leases meet. A holder that was not told so has lost nothing, and one
 * that was told is known to the next one: the sums agree.
 */
#define RACES	60

TEST_F(lease, meets_the_release)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	int i, ret, revoked = 0, told = 0;
	struct st_call call;
	long held, set;

	ASSERT_EQ(MIN_MS, st_lease_promise(self->ctx[0], MIN_MS));
	for (i = 0; i < RACES; i++) {
		held = st_lock_all(self->ctx[0], self->fd, W, i & 1 ? NOTIFY : 0);
		ASSERT_LE(0, held);
		ASSERT_EQ(0, st_call_start(&call, self->ctx[1], &entry, 1, 0));
		usleep(i * 2 * MIN_MS * 1000 / RACES);
		ret = st_release(self->ctx[0], held);
		ASSERT_TRUE(!ret || ret == -EOWNERDEAD);
		set = st_call_end(&call);
		ASSERT_LE(0, set);
		revoked += !!ret;
		told += call.status == DMABUF_SYNC_STATUS_REVOKED;
		ASSERT_EQ(0, st_release(self->ctx[1], set));
	}
	EXPECT_EQ(revoked, told);
}

TEST_F(lease, meets_the_close)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	struct st_call call;
	int i;

	for (i = 0; i < RACES; i++) {
		ASSERT_LE(0, st_lease_promise(self->ctx[0], MIN_MS));
		ASSERT_LE(0, st_lock_all(self->ctx[0], self->fd, W, NOTIFY));
		ASSERT_EQ(0, st_call_start(&call, self->ctx[1], &entry, 1, 0));
		usleep(i * 2 * MIN_MS * 1000 / RACES);
		st_context_reopen(&self->ctx[0]);
		ASSERT_LE(0, st_call_end(&call));
		/* Never neither, and never both. */
		EXPECT_TRUE(call.status == DMABUF_SYNC_STATUS_REVOKED ||
			    call.status == DMABUF_SYNC_STATUS_ABANDONED);
		ASSERT_EQ(0, st_release(self->ctx[1], call.result));
	}
}

TEST_HARNESS_MAIN
