// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the stock fcntl() that are under way, or asleep, when the module comes: they end in the
 * kernel's own code, and what they lock meets what is locked through the module. And the
 * reverse: threads that lock while the module goes.
 */
#include <kselftest_harness.h>

#include "locks.h"
#include "module.h"

/* Unloading waits for RCU several times: seconds, on a slow machine. */
#define STOCK_TEST(name)	TEST_F_TIMEOUT(stock, name, 300)
#define THREADS		4
#define ROUNDS		3
#define SLEEPERS	150

FIXTURE(stock)
{
	struct st_buffer buf;
	struct lk_peer peer;
};

FIXTURE_SETUP(stock)
{
	if (st_framework_is_built_in())
		SKIP(return, "the framework is built into this kernel: there is no module");
	ASSERT_TRUE(all_gone());
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	ASSERT_EQ(0, lk_peer_start(&self->peer));
}

FIXTURE_TEARDOWN(stock)
{
	lk_peer_stop(&self->peer);
	st_buffer_close(&self->buf);
	gone("dmabuf_sync_taker");
	/* The tests that follow find the modules as these did. */
	EXPECT_EQ(0, load(""));
	EXPECT_EQ(0, module("insmod", "dmabuf_sync_test", ""));
}

/**
 * struct sleeper - a thread of the test's process that waits for a lock
 * @fd: of the buffer
 * @start: first byte
 * @len: bytes
 * @tid: its number, once it runs
 * @result: of the call
 * @done: the call returned
 */
struct sleeper {
	pthread_t thread;
	int fd;
	off_t start, len;
	pid_t tid;
	int result;
	bool done;
};

static void *sleeper_thread(void *arg)
{
	struct sleeper *s = arg;
	sigset_t all;

	/* A signal would make it begin again, through the module. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->result = lk_wait(s->fd, F_WRLCK, s->start, s->len);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool sleeper_sleeps(struct sleeper *s)
{
	pid_t tid = __atomic_load_n(&s->tid, __ATOMIC_ACQUIRE);

	return tid && ST_STAYS(st_task_state(tid) == 'S');
}

static bool sleeper_start(struct sleeper *s, int fd, off_t start, off_t len)
{
	*s = (struct sleeper){ .fd = fd, .start = start, .len = len };
	return !pthread_create(&s->thread, NULL, sleeper_thread, s) &&
	       ST_UNTIL(sleeper_sleeps(s));
}

static int sleeper_end(struct sleeper *s)
{
	if (!ST_UNTIL(__atomic_load_n(&s->done, __ATOMIC_ACQUIRE)))
		return -ETIME;
	pthread_join(s->thread, NULL);
	return s->result;
}

/*
 *	peer	locks stock				unlocks
 *	self	   waits stock		(module)	gets it
 *	context						must not get it
 */
STOCK_TEST(sleeper_gets_an_access)
{
	int fd = self->buf.fd, ctx;
	struct sleeper s;

	ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_WRLCK, 10, 10));
	ASSERT_TRUE(sleeper_start(&s, fd, 10, 10));
	ASSERT_EQ(0, load(""));
	ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, sleeper_end(&s));
	ctx = st_context_open();
	EXPECT_EQ(-EAGAIN, st_lock(ctx, fd, DMA_BUF_ACCESS_W, 15, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_TRUE(lk_alike(self->buf.ino));
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, ALL_BYTES));
	EXPECT_LE(0, st_lock(ctx, fd, DMA_BUF_ACCESS_W, 15, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	close(ctx);
}

/*
 *	peer	locks [10,20) stock		unlocks
 *	self	  waits for it	(module) locks [0,10)	merged	unlocks [5,6)
 *	context						asks for [10,20)
 *
 * Whoever gets [10,20), it is one of the two, and nothing of [0,10) is lost.
 */
STOCK_TEST(sleeper_meets_a_lock_of_its_process)
{
	int fd = self->buf.fd, ctx;
	struct sleeper s;

	ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_WRLCK, 10, 10));
	ASSERT_TRUE(sleeper_start(&s, fd, 10, 10));
	ASSERT_EQ(0, load(""));
	ctx = st_context_open();
	ASSERT_EQ(0, lk_try(fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, sleeper_end(&s));
	EXPECT_EQ(1, lk_records(self->buf.ino));
	st_lock(ctx, fd, DMA_BUF_ACCESS_W, 10, 10, DMABUF_SYNC_ACQUIRE_NONBLOCK);
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, 5, 1));
	EXPECT_EQ(2, lk_records(self->buf.ino));
	EXPECT_EQ(-EAGAIN, st_lock(ctx, fd, DMA_BUF_ACCESS_R, 9, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(-EAGAIN, st_lock(ctx, fd, DMA_BUF_ACCESS_R, 4, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_LE(0, st_lock(ctx, fd, DMA_BUF_ACCESS_R, 5, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, ALL_BYTES));
	close(ctx);
	EXPECT_TRUE(st_snapshot_becomes_empty());
	EXPECT_EQ(0, lk_records(self->buf.ino));
}

/**
 * struct player - a thread that locks all the time
 * @fd: of the buffer
 * @seed: what it does next
 * @stop: when to end
 * @error: that it met
 */
struct player {
	pthread_t thread;
	int fd;
	unsigned int seed;
	int *stop, error;
};

static void *play(void *arg)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK, F_UNLCK };
	struct player *p = arg;
	unsigned int dice;
	int ret;

	while (!__atomic_load_n(p->stop, __ATOMIC_RELAXED)) {
		p->seed = p->seed * 1103515245 + 12345;
		dice = p->seed >> 16;
		ret = lk_try(p->fd, types[dice % 4], dice / 16 % 24, 1 + dice / 512 % 9);
		if (ret && ret != -EAGAIN && ret != -ENOLCK)
			p->error = ret;
	}
	return NULL;
}

static bool players_start(struct player *players, int fd, int *stop)
{
	bool ok = true;
	int i;

	*stop = 0;
	for (i = 0; i < THREADS; i++) {
		players[i] = (struct player){ .fd = fd, .seed = i, .stop = stop };
		ok &= !pthread_create(&players[i].thread, NULL, play, &players[i]);
	}
	return ok;
}

/* Return: the error that one of them met. */
static int players_end(struct player *players, int *stop)
{
	int i, error = 0;

	__atomic_store_n(stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++) {
		pthread_join(players[i].thread, NULL);
		error = players[i].error ?: error;
	}
	return error;
}

/* The same with other threads that lock and unlock all the time, next to it and within it. */
STOCK_TEST(sleepers_meet_threads)
{
	struct player players[THREADS];
	int fd = self->buf.fd, i, stop;
	struct sleeper s;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_TRUE(all_gone());
		ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_WRLCK, 8, 8));
		ASSERT_TRUE(sleeper_start(&s, fd, 8, 8));
		ASSERT_TRUE(players_start(players, fd, &stop));
		ASSERT_EQ(0, load(""));
		st_sleep_ms(20);
		ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_UNLCK, ALL_BYTES));
		EXPECT_EQ(0, sleeper_end(&s));
		st_sleep_ms(5);
		EXPECT_EQ(0, players_end(players, &stop));
		EXPECT_EQ(0, lk_try(fd, F_UNLCK, ALL_BYTES));
		EXPECT_TRUE(st_snapshot_becomes_empty());
		EXPECT_EQ(0, lk_records(self->buf.ino));
	}
}

STOCK_TEST(threads_lock_during_unload)
{
	struct player players[THREADS];
	int fd = self->buf.fd, i, stop;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, load(""));
		ASSERT_TRUE(players_start(players, fd, &stop));
		st_sleep_ms(20);
		EXPECT_TRUE(all_gone());
		EXPECT_EQ(0, players_end(players, &stop));
		EXPECT_EQ(0, lk_try(fd, F_UNLCK, ALL_BYTES));
		EXPECT_EQ(0, lk_records(self->buf.ino));
	}
}

static void *lock_and_lock(void *arg)
{
	struct player *p = arg;
	int ret;

	while (!__atomic_load_n(p->stop, __ATOMIC_RELAXED)) {
		ret = lk_try(p->fd, F_WRLCK, 2 * (p->seed++ % 32), 1);
		p->error = ret ?: p->error;
	}
	return NULL;
}

/*
 * Somebody else has fcntl_getlk(), so that the module can have only one of the two functions and
 * gives it up again. No call may come to the module by that one: not those that lock all the
 * time, and not those that begin meanwhile and sleep, which end when the module is gone.
 */
STOCK_TEST(half_a_hook_takes_no_call)
{
	static struct sleeper sleepers[SLEEPERS];
	int fd = self->buf.fd, i, nr = 0, status = -1, stop = 0;
	struct player player = { .stop = &stop };
	struct st_buffer other;
	pid_t loader;
	bool over;

	ASSERT_EQ(0, module("insmod", "dmabuf_sync_taker", "function=fcntl_getlk"));
	ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_WRLCK, ALL_BYTES));
	ASSERT_EQ(0, st_buffer_udmabuf(&other, ST_PAGE));
	player.fd = other.fd;
	ASSERT_EQ(0, pthread_create(&player.thread, NULL, lock_and_lock, &player));
	loader = st_fork();
	if (!loader)
		_exit(load("") ? 1 : 0);
	for (over = false; nr < SLEEPERS && !over; nr++) {
		over = waitpid(loader, &status, WNOHANG) == loader;
		sleepers[nr] = (struct sleeper){ .fd = fd, .start = nr, .len = 1 };
		ASSERT_EQ(0, pthread_create(&sleepers[nr].thread, NULL, sleeper_thread,
					    &sleepers[nr]));
		st_sleep_ms(1);
	}
	if (!over)
		status = st_child_wait(loader);
	stop = 1;
	pthread_join(player.thread, NULL);
	EXPECT_EQ(0, status);
	EXPECT_EQ(state(), strstr(state(), "unavailable"));
	EXPECT_EQ(0, player.error);
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, lk_peer_try(&self->peer, fd, F_UNLCK, ALL_BYTES));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, sleeper_end(&sleepers[i]));
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, ALL_BYTES));
	st_buffer_close(&other);
}

TEST_HARNESS_MAIN
