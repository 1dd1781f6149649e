// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module comes and goes while locks are held, asked for and slept for; and it finds that
 * it cannot have fcntl(). Needs DMABUF_SYNC_MODULES, as run-tests.sh sets it.
 */
#include <kselftest_harness.h>
#include <poll.h>
#include <sys/file.h>

#include "locks.h"
#include "module.h"

/* Unloading waits for RCU several times: seconds, on a slow machine. */
#define UNLOAD_TEST(name)	TEST_F_TIMEOUT(unload, name, 300)
#define ROUNDS		3

FIXTURE(unload)
{
	struct st_buffer buf;
	struct lk_peer peer[4];
};

static bool context_works(int fd)
{
	int ctx = st_context_open();
	bool works = st_lock_all(ctx, fd, DMA_BUF_ACCESS_W, 0) >= 0;

	close(ctx);
	return works;
}

FIXTURE_SETUP(unload)
{
	unsigned int i;

	if (st_framework_is_built_in())
		SKIP(return, "the framework is built into this kernel: there is no module");
	ASSERT_EQ(0, load(""));
	ASSERT_STREQ("on", state());
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, lk_peer_start(&self->peer[i]));
}

FIXTURE_TEARDOWN(unload)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		lk_peer_stop(&self->peer[i]);
	st_buffer_close(&self->buf);
	gone("dmabuf_sync_taker");
	ftrace_enable(true);
	/* The tests that follow find the modules as these did. */
	EXPECT_EQ(0, load(""));
	EXPECT_EQ(0, module("insmod", "dmabuf_sync_test", ""));
}

UNLOAD_TEST(sleepers_return_with_enolck)
{
	int fd = self->buf.fd, i;

	ASSERT_EQ(0, lk_try(fd, F_WRLCK, 0, 10));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, lk_peer_begin(&self->peer[i], fd, F_SETLKW, F_RDLCK, i, 1));
	ASSERT_EQ(0, lk_peer_begin(&self->peer[3], fd, F_SETLKW, F_WRLCK, 0, 1));
	ASSERT_TRUE(ST_UNTIL(st_snapshot_count(self->buf.ino, "queued") == 4));
	EXPECT_TRUE(all_gone());
	for (i = 0; i < 4; i++)
		EXPECT_EQ(-ENOLCK, lk_peer_end(&self->peer[i]));
	/* What was held is a lock like that of a plain file now. */
	EXPECT_EQ(1, lk_records(self->buf.ino));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], fd, F_RDLCK, 9, 1));
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, 5, 5));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], fd, F_RDLCK, 9, 1));
	EXPECT_EQ(0, close(dup(fd)));
	EXPECT_EQ(1, lk_records(self->buf.ino));
}

/* Its process was not told yet, and is stopped. */
UNLOAD_TEST(lock_that_was_revoked_keeps_nobody)
{
	int fd = self->buf.fd;

	ASSERT_EQ(0, st_lease_set(50));
	ASSERT_EQ(0, lk_peer_try(&self->peer[0], fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, kill(self->peer[0].pid, SIGSTOP));
	ASSERT_EQ(0, lk_peer_do(&self->peer[1], fd, F_SETLKW, F_WRLCK, 0, 10));
	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, kill(self->peer[0].pid, SIGCONT));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], fd, F_UNLCK, 0, 10));
	EXPECT_EQ(1, lk_records(self->buf.ino));
}

UNLOAD_TEST(locks_are_left_to_the_kernel)
{
	int fd = self->buf.fd;

	ASSERT_EQ(0, lk_try(fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_try(fd, F_RDLCK, 20, 10));
	ASSERT_EQ(0, lk_peer_try(&self->peer[0], fd, F_WRLCK, 50, 10));
	EXPECT_TRUE(all_gone());
	EXPECT_EQ(3, lk_records(self->buf.ino));
	lk_peer_stop(&self->peer[0]);
	ASSERT_EQ(0, lk_peer_start(&self->peer[0]));
	EXPECT_EQ(2, lk_records(self->buf.ino));
}

/*
 * Locks from before the module was there: they exclude processes. Locked again, alone or together
 * with others, they are accesses.
 */
UNLOAD_TEST(locks_from_before)
{
	int fd = self->buf.fd;

	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, lk_try(fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, load(""));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], fd, F_RDLCK, 9, 1));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	/* The kernel makes one of both; what the module does not know is the kernel's alone. */
	EXPECT_EQ(0, lk_try(fd, F_WRLCK, 10, 10));
	EXPECT_EQ(1, lk_records(self->buf.ino));
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], fd, F_RDLCK, 9, 1));
	EXPECT_EQ(0, lk_try(fd, F_WRLCK, 5, 6));
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, 0, 5));
	EXPECT_TRUE(lk_alike(self->buf.ino));
	ASSERT_EQ(0, lk_peer_begin(&self->peer[0], fd, F_SETLKW, F_RDLCK, 9, 1));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[0]));
	EXPECT_EQ(0, lk_try(fd, F_UNLCK, 0, 0));
	EXPECT_EQ(0, lk_peer_end(&self->peer[0]));
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
	EXPECT_EQ(0, lk_try(fd, F_WRLCK, 10, 10));
}

/* A close drops both kinds at once. */
UNLOAD_TEST(locks_from_before_end_with_a_close)
{
	int fd = self->buf.fd;

	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, lk_try(fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_try(fd, F_RDLCK, 50, 10));
	ASSERT_EQ(0, load(""));
	EXPECT_EQ(0, lk_try(fd, F_WRLCK, 10, 10));
	EXPECT_EQ(0, lk_try(fd, F_RDLCK, 55, 10));
	EXPECT_EQ(0, close(dup(fd)));
	EXPECT_EQ(0, lk_records(self->buf.ino));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

/* One that belongs to the open file can be given up, though none can be had. */
UNLOAD_TEST(lock_of_the_file_from_before)
{
	int fd = self->buf.fd;

	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, lk_do(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
	ASSERT_EQ(0, load(""));
	EXPECT_EQ(-EAGAIN, lk_try(fd, F_RDLCK, 9, 1));
	EXPECT_EQ(-EINVAL, lk_do(fd, F_OFD_SETLK, F_RDLCK, 0, 10));
	EXPECT_EQ(0, lk_do(fd, F_OFD_SETLK, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_try(fd, F_RDLCK, 9, 1));
}

UNLOAD_TEST(sleeper_for_a_lock_from_before_returns)
{
	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, lk_try(self->buf.fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, load(""));
	ASSERT_EQ(0, lk_peer_begin(&self->peer[0], self->buf.fd, F_SETLKW, F_RDLCK, 9, 1));
	EXPECT_TRUE(lk_peer_blocked(&self->peer[0]));
	EXPECT_TRUE(all_gone());
	EXPECT_EQ(-ENOLCK, lk_peer_end(&self->peer[0]));
}

static short polled(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, ms) == 1 ? pfd.revents : 0;
}

static void *poller_thread(void *arg)
{
	return (void *)(long)polled(*(int *)arg, 6 * ST_SOON_MS);
}

/* One that sleeps for an access is told that there is none any more. */
UNLOAD_TEST(pollers_return)
{
	pthread_t thread;
	void *got;

	ASSERT_EQ(0, lk_try(self->buf.fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, polled(self->buf.fd, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, poller_thread, &self->buf.fd));
	EXPECT_TRUE(all_gone());
	pthread_join(thread, &got);
	EXPECT_EQ(POLLIN | POLLOUT, (long)got);
	/* What stock record locks exclude they do not tell pollers. */
	EXPECT_EQ(POLLIN | POLLOUT, polled(self->buf.fd, 0));
}

UNLOAD_TEST(poll_off)
{
	ASSERT_EQ(0, load("poll=0"));
	EXPECT_STREQ("on", state());
	ASSERT_EQ(0, lk_try(self->buf.fd, F_WRLCK, 0, 10));
	EXPECT_EQ(POLLIN | POLLOUT, polled(self->buf.fd, 0));
}

UNLOAD_TEST(fcntl_off)
{
	ASSERT_EQ(0, load("fcntl=0"));
	EXPECT_STREQ("off", state());
	EXPECT_EQ(0, lk_try(self->buf.fd, F_WRLCK, 0, 10));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_TRUE(context_works(self->buf.fd));
}

UNLOAD_TEST(somebody_else_has_the_function)
{
	EXPECT_TRUE(all_gone());
	ASSERT_EQ(0, module("insmod", "dmabuf_sync_taker", ""));
	ASSERT_EQ(0, load(""));
	EXPECT_EQ(state(), strstr(state(), "unavailable: ftrace is off, or a live patch"));
	EXPECT_EQ(0, lk_try(self->buf.fd, F_WRLCK, 0, 10));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_TRUE(context_works(self->buf.fd));
}

UNLOAD_TEST(ftrace_is_off)
{
	int err;

	EXPECT_TRUE(all_gone());
	err = ftrace_enable(false);
	if (err == -EOPNOTSUPP)
		SKIP(return, "this kernel does not let ftrace be switched off");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, load(""));
	EXPECT_EQ(state(), strstr(state(), "unavailable"));
	ASSERT_EQ(0, ftrace_enable(true));
	ASSERT_EQ(0, load(""));
	EXPECT_STREQ("on", state());
	EXPECT_EQ(-EBUSY, ftrace_enable(false));
}

UNLOAD_TEST(state_is_read_only)
{
	EXPECT_EQ(-1, access(PARAMETERS "fcntl_state", F_OK) ? 0 :
		  open(PARAMETERS "fcntl_state", O_WRONLY));
	EXPECT_NE(0, load("fcntl_state=on"));
	EXPECT_EQ(0, load(""));
}

/* Locks on a buffer, on a plain file, and flock() on that file, until told to stop. */
static void load_child(int fd, int plain, unsigned int nr, int *stop, int *errors)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	unsigned int i;
	int ret;

	for (i = nr; !__atomic_load_n(stop, __ATOMIC_RELAXED); i += 7) {
		ret = lk_do(fd, i % 3 ? F_SETLK : F_SETLKW, types[i % 5 % 3], i % 11, 1 + i % 9);
		if (ret && ret != -EAGAIN && ret != -ENOLCK && ret != -EDEADLK)
			__atomic_store_n(errors, ret, __ATOMIC_RELAXED);
		if (i % 4 == 0)
			lk_try(fd, F_UNLCK, 0, 0);
		polled(fd, i % 2);
		ret = lk_try(plain, F_WRLCK, nr * 10, 10) ?: lk_try(plain, F_UNLCK, nr * 10, 10);
		if (ret || flock(plain, LOCK_SH) || flock(plain, LOCK_UN))
			__atomic_store_n(errors, ret ?: -errno, __ATOMIC_RELAXED);
		/* Load, but not so that RCU starves. */
		usleep(200);
	}
	_exit(0);
}

UNLOAD_TEST(under_load)
{
	int *stop = st_shared(2 * sizeof(int)), *errors = stop + 1;
	int plain = memfd_create("plain", MFD_CLOEXEC), i;
	pid_t pids[4];

	for (i = 0; i < 4; i++) {
		pids[i] = st_fork();
		if (!pids[i])
			load_child(self->buf.fd, plain, i, stop, errors);
	}
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_TRUE(all_gone());
		EXPECT_EQ(0, load(""));
		st_sleep_ms(20);
	}
	__atomic_store_n(stop, 1, __ATOMIC_RELAXED);
	/* Whoever sleeps for a lock that a sleeper has is let go. */
	EXPECT_TRUE(all_gone());
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, st_child_wait(pids[i]));
	EXPECT_EQ(0, *errors);
	close(plain);
}

TEST_HARNESS_MAIN
