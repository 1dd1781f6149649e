// SPDX-License-Identifier: GPL-2.0-only
/*
 * F_SETLKW: who sleeps, for whom, in which order, and how the sleep ends. And DMA: in both orders,
 * on the same bytes and beside them.
 */
#include <kselftest_harness.h>

#include "locks.h"

#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

FIXTURE(wait)
{
	struct st_world w;
	struct lk_peer peer[4];
	int fd, fd2;
};

FIXTURE_SETUP(wait)
{
	unsigned int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->fd2 = self->w.buf[1].fd;
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, lk_peer_start(&self->peer[i]));
}

FIXTURE_TEARDOWN(wait)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		lk_peer_stop(&self->peer[i]);
	EXPECT_TRUE(st_world_close(&self->w));
}

static bool queued(struct st_world *w, int nr)
{
	return ST_UNTIL(st_snapshot_count(w->buf[0].ino, "queued") == nr);
}

static int begin(struct lk_peer *peer, int fd, short type, off_t start, off_t len)
{
	return lk_peer_begin(peer, fd, F_SETLKW, type, start, len);
}

TEST_F(wait, unlock_lets_the_waiter_in)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_RDLCK, 50, 10));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[0]));
	/* What is unlocked elsewhere changes nothing, the bytes themselves do. */
	ASSERT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 50));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[0]));
	ASSERT_EQ(0, lk_try(self->fd, F_UNLCK, 50, 10));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[1], self->fd, F_RDLCK, 60, 1));
}

TEST_F(wait, downgrade_lets_readers_in)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_RDLCK, 50, 10));
	EXPECT_TRUE(queued(&self->w, 1));
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 100));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
}

TEST_F(wait, close_and_death_let_waiters_in)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_WRLCK, 0, 1));
	ASSERT_EQ(0, begin(&self->peer[1], self->fd, F_WRLCK, 0, 1));
	EXPECT_TRUE(queued(&self->w, 2));
	ASSERT_EQ(0, close(dup(self->fd)));
	EXPECT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, kill(self->peer[0].pid, SIGKILL));
	EXPECT_EQ(0, kill(self->peer[1].pid, SIGKILL));
	EXPECT_TRUE(ST_UNTIL(!lk_try(self->fd, F_WRLCK, 0, 1)));
}

/* Overlapping readers, one after the other, never leave a gap; the writer gets in all the same. */
TEST_F(wait, writer_behind_overlapping_readers_gets_in)
{
	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 0, 100));
	ASSERT_EQ(0, begin(&self->peer[2], self->fd, F_WRLCK, 0, 100));
	EXPECT_TRUE(queued(&self->w, 1));
	/* A reader that comes later is behind the writer, and F_SETLK does not pass it. */
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[1], self->fd, F_RDLCK, 50, 100));
	ASSERT_EQ(0, begin(&self->peer[1], self->fd, F_RDLCK, 50, 100));
	EXPECT_TRUE(queued(&self->w, 2));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_peer_end(&self->peer[2]));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[1]));
	EXPECT_EQ(0, lk_peer_try(&self->peer[2], self->fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_peer_end(&self->peer[1]));
}

/* The reader that a writer waits for may lock more: else both would wait for ever. */
TEST_F(wait, who_is_waited_for_overtakes)
{
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 10));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_WRLCK, 0, 100));
	EXPECT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_RDLCK, 50, 10));
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 20));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
}

TEST_F(wait, deadlock_over_three_buffers)
{
	int fd3 = self->w.buf[2].fd;

	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 1));
	ASSERT_EQ(0, lk_peer_try(&self->peer[1], self->fd2, F_WRLCK, 0, 1));
	ASSERT_EQ(0, lk_peer_try(&self->peer[2], fd3, F_WRLCK, 0, 1));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd2, F_WRLCK, 0, 1));
	ASSERT_EQ(0, begin(&self->peer[1], fd3, F_RDLCK, 0, 1));
	EXPECT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[1].ino, "queued") == 1));
	EXPECT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[2].ino, "queued") == 1));
	EXPECT_EQ(-EDEADLK, lk_peer_do(&self->peer[2], self->fd, F_SETLKW, F_RDLCK, 0, 1));
	EXPECT_EQ(0, lk_peer_try(&self->peer[2], fd3, F_UNLCK, 0, 1));
	EXPECT_EQ(0, lk_peer_end(&self->peer[1]));
}

TEST_F(wait, deadlock_with_a_context)
{
	long set;

	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 1));
	ASSERT_LE(0, st_lock(self->w.ctx[0], self->fd2, DMA_BUF_ACCESS_W, 0, 1, 0));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd2, F_WRLCK, 0, 1));
	EXPECT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[1].ino, "queued") == 1));
	set = st_lock(self->w.ctx[0], self->fd, DMA_BUF_ACCESS_R, 0, 1, 0);
	EXPECT_EQ(-EDEADLK, set);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A child sleeps, is sent a signal, and then the lock is unlocked. */
static int signalled(int fd, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	int *ready = st_shared(sizeof(*ready)), status;
	pid_t pid = st_fork();

	if (!pid) {
		sigaction(SIGUSR1, &action, NULL);
		__atomic_store_n(ready, 1, __ATOMIC_RELEASE);
		_exit(-lk_wait(fd, F_WRLCK, 0, 1));
	}
	ST_UNTIL(__atomic_load_n(ready, __ATOMIC_ACQUIRE));
	st_sleep_ms(ST_WHILE_MS);
	kill(pid, SIGUSR1);
	st_sleep_ms(ST_WHILE_MS);
	lk_try(fd, F_UNLCK, 0, 1);
	status = st_child_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(wait, eintr_without_sa_restart)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 1));
	EXPECT_EQ(EINTR, signalled(self->fd, 0));
}

TEST_F(wait, restarts_with_sa_restart)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 1));
	EXPECT_EQ(0, signalled(self->fd, SA_RESTART));
}

/*
 *	self	holds W		.			unlocks
 *	A	   waits  ...	a signal, again waits	is served first
 *	B			   waits	...
 */
TEST_F(wait, restarted_call_keeps_its_place)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pid_t pid;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	pid = st_fork();
	if (!pid) {
		sigaction(SIGUSR1, &action, NULL);
		if (lk_wait(self->fd, F_WRLCK, 0, 10))
			_exit(1);
		_exit(lk_try(self->fd, F_UNLCK, 0, 10) ? 2 : 0);
	}
	EXPECT_TRUE(queued(&self->w, 1));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_WRLCK, 0, 10));
	EXPECT_TRUE(queued(&self->w, 2));
	EXPECT_EQ(0, kill(pid, SIGUSR1));
	st_sleep_ms(ST_WHILE_MS);
	EXPECT_TRUE(queued(&self->w, 2));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 10));
	/* Not served before the child has unlocked, which would otherwise wait for ever. */
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
}

TEST_F(wait, sleeps_for_a_stock_drivers_fence)
{
	long fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);

	ASSERT_LE(0, fence);
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_RDLCK, 0, 1));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_RDLCK, 0, 1));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[0]));
	/* What the process has already is not asked for again. */
	EXPECT_EQ(0, st_test_destroy(self->w.test, fence));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
}

TEST_F(wait, downgrade_does_not_sleep_for_a_fence)
{
	long fence;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);
	ASSERT_LE(0, fence);
	EXPECT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 5));
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 5, 5));
	EXPECT_EQ(0, st_test_destroy(self->w.test, fence));
}

static long job_queue(struct st_world *w, uint64_t start, uint64_t len)
{
	struct st_owner dma = { .driver = true, .agent = DMA_BUF_ACCESS_DMA, .fd = w->test };
	struct dmabuf_sync_access want = st_access(w->buf[0].fd, DMA_BUF_ACCESS_W, start, len);

	return st_owner_queue(&dma, &want, 1);
}

TEST_F(wait, dma_is_queued_behind_a_lock)
{
	long job;

	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 100));
	job = job_queue(&self->w, 50, 10);
	ASSERT_LE(0, job);
	EXPECT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 55));
	EXPECT_TRUE(ST_STAYS(st_snapshot_count(self->w.buf[0].ino, "queued") == 1));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 55, 5));
	EXPECT_EQ(0, st_sync_result(self->w.test, job));
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_RDLCK, 59, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 60, 1));
	EXPECT_EQ(0, st_test_destroy(self->w.test, job));
}

TEST_F(wait, dma_beside_a_lock_starts_at_once)
{
	long job;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 50));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 60, 0));
	job = job_queue(&self->w, 50, 10);
	ASSERT_LE(0, job);
	EXPECT_EQ(0, st_sync_result(self->w.test, job));
	EXPECT_EQ(0, st_test_destroy(self->w.test, job));
}

TEST_F(wait, lock_sleeps_for_dma)
{
	long job = job_queue(&self->w, 50, 10), fence = st_fence_new(self->w.test, NULL);

	ASSERT_LE(0, job);
	ASSERT_LE(0, fence);
	ASSERT_EQ(0, st_sync_result(self->w.test, job));
	ASSERT_EQ(0, begin(&self->peer[0], self->fd, F_RDLCK, 0, 51));
	ASSERT_EQ(0, begin(&self->peer[1], self->fd, F_WRLCK, 59, 1));
	EXPECT_TRUE(queued(&self->w, 2));
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 51, 0) == -EAGAIN ? 0 : 1);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[0]));
	/* Beside the job, its fence in the resv notwithstanding. */
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 60, 10));
	EXPECT_EQ(0, st_test_destroy(self->w.test, fence));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
	EXPECT_EQ(0, lk_peer_end(&self->peer[1]));
	EXPECT_EQ(0, st_test_destroy(self->w.test, job));
}

/* One job, several locks in its range: it starts when the last of them is gone. */
TEST_F(wait, dma_waits_for_all_locks_in_its_range)
{
	long job;

	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_peer_try(&self->peer[1], self->fd, F_RDLCK, 20, 10));
	ASSERT_EQ(0, lk_peer_try(&self->peer[2], self->fd, F_RDLCK, 90, 20));
	job = job_queue(&self->w, 0, 100);
	ASSERT_LE(0, job);
	EXPECT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, lk_peer_try(&self->peer[1], self->fd, F_UNLCK, 0, 0));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_UNLCK, 0, 0));
	EXPECT_TRUE(ST_STAYS(st_snapshot_count(self->w.buf[0].ino, "queued") == 1));
	EXPECT_EQ(0, lk_peer_try(&self->peer[2], self->fd, F_UNLCK, 90, 10));
	EXPECT_EQ(0, st_sync_result(self->w.test, job));
	EXPECT_EQ(0, st_test_destroy(self->w.test, job));
}

struct locker_thread {
	int fd;
	volatile bool stop;
	volatile unsigned long nr;
};

/* It takes part only when it has been seen to run. */
#define LEAST	100

static void *lock_again_and_again(void *arg)
{
	struct locker_thread *t = arg;

	while (!t->stop) {
		lk_wait(t->fd, F_WRLCK, t->nr % 7, 1 + t->nr % 13);
		t->nr++;
	}
	return NULL;
}

/* One thread locks while another closes: nothing may be left that nobody can release. */
TEST_F(wait, close_races_with_lock)
{
	struct locker_thread t = { .fd = self->fd };
	struct st_snap snap;
	pthread_t thread;
	int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, lock_again_and_again, &t));
	for (i = 0; i < 2000 || t.nr < LEAST; i++)
		close(dup(self->fd));
	t.stop = true;
	pthread_join(thread, NULL);
	close(dup(self->fd));
	EXPECT_EQ(0, st_snapshot(self->w.buf[0].ino, &snap, 1));
	EXPECT_EQ(0, lk_records(self->w.buf[0].ino));
}

static void *lock_through_descriptor(void *arg)
{
	struct locker_thread *t = arg;
	int ret;

	while (!t->stop) {
		ret = lk_wait(t->fd, F_WRLCK, 0, 10);
		if (ret && ret != -EBADF)
			return (void *)(long)ret;
		t->nr++;
	}
	return NULL;
}

/* The very descriptor of the call is closed meanwhile: EBADF, and no lock. */
TEST_F(wait, descriptor_is_closed_under_the_call)
{
	struct locker_thread t = { .fd = 200 };
	struct st_snap snap;
	pthread_t thread;
	void *ret;
	int i;

	ASSERT_EQ(200, dup2(self->fd, 200));
	ASSERT_EQ(0, pthread_create(&thread, NULL, lock_through_descriptor, &t));
	for (i = 0; i < 1000 || t.nr < LEAST; i++) {
		close(200);
		dup2(self->fd, 200);
	}
	close(200);
	t.stop = true;
	pthread_join(thread, &ret);
	EXPECT_EQ(NULL, ret);
	EXPECT_EQ(0, st_snapshot(self->w.buf[0].ino, &snap, 1));
	EXPECT_EQ(0, lk_records(self->w.buf[0].ino));
}

TEST_HARNESS_MAIN
