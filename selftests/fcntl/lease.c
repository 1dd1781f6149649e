// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases of record locks (invariant 9): a lock that others have waited for as long as that is
 * unlocked, and the next call of its process on the buffer says EOWNERDEAD, once.
 */
#include <kselftest_harness.h>
#include <sys/mman.h>

#include "locks.h"

FIXTURE(lease)
{
	struct st_world w;
	struct lk_peer peer[2];
	unsigned int before;
	int fd;
	uint64_t ino;
};

FIXTURE_SETUP(lease)
{
	self->before = st_lease_get();
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->ino = self->w.buf[0].ino;
	ASSERT_EQ(0, lk_peer_start(&self->peer[0]));
	ASSERT_EQ(0, lk_peer_start(&self->peer[1]));
}

FIXTURE_TEARDOWN(lease)
{
	lk_peer_stop(&self->peer[0]);
	lk_peer_stop(&self->peer[1]);
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->before));
}

/* A context waits for bytes and releases them. Return: what it was told, or a negative errno. */
static int context_passes(FIXTURE_DATA(lease) *self, uint32_t mode, off_t start, off_t len)
{
	struct dmabuf_sync_access want = st_access(self->fd, mode, start, len);
	struct st_call call;
	int ret;

	ret = st_call_start(&call, self->w.ctx[0], &want, 1, 0);
	if (ret)
		return ret;
	ret = st_call_end(&call);
	return ret < 0 ? ret : st_release(self->w.ctx[0], ret) ?: (int)call.status;
}

TEST_F(lease, context_that_waits_gets_the_bytes)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, context_passes(self, DMA_BUF_ACCESS_W, 0, 10));
	EXPECT_EQ(0, lk_records(self->ino));
	EXPECT_EQ(-EOWNERDEAD, lk_try(self->fd, F_UNLCK, 0, 10));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 10));
}

TEST_F(lease, process_that_waits_gets_the_lock)
{
	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 10));
	EXPECT_EQ(0, lk_wait(self->fd, F_WRLCK, 5, 10));
	EXPECT_TRUE(lk_alike(self->ino));
	EXPECT_EQ(1, lk_records(self->ino));
	EXPECT_EQ(-EOWNERDEAD, lk_peer_try(&self->peer[0], self->fd, F_UNLCK, 0, 10));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
}

TEST_F(lease, next_lock_says_so_once)
{
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 10));
	EXPECT_EQ(0, context_passes(self, DMA_BUF_ACCESS_W, 0, 1));
	EXPECT_EQ(-EOWNERDEAD, lk_wait(self->fd, F_RDLCK, 100, 1));
	EXPECT_EQ(0, lk_records(self->ino));
	EXPECT_EQ(0, lk_wait(self->fd, F_RDLCK, 100, 1));
	EXPECT_EQ(1, lk_records(self->ino));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
}

/* The state of a process without locks is freed when memory is short; this one is needed. */
TEST_F(lease, process_is_told_however_late)
{
	FILE *file;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, context_passes(self, DMA_BUF_ACCESS_W, 0, 1));
	file = fopen("/proc/sys/vm/drop_caches", "we");
	ASSERT_NE(NULL, file);
	fputs("2\n", file);
	ASSERT_EQ(0, fclose(file));
	EXPECT_EQ(-EOWNERDEAD, lk_try(self->fd, F_UNLCK, 0, 10));
}

TEST_F(lease, only_the_lock_in_the_way_goes)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 20, 10));
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, context_passes(self, DMA_BUF_ACCESS_W, 25, 1));
	EXPECT_EQ(1, lk_records(self->ino));
	EXPECT_TRUE(lk_alike(self->ino));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 9, 1));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 20, 10));
	EXPECT_EQ(-EOWNERDEAD, lk_try(self->fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_UNLCK, ALL_BYTES));
}

TEST_F(lease, nobody_waits_nobody_is_revoked)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	EXPECT_TRUE(ST_LEASE_STAYS(lk_records(self->ino) == 1));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 0, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 10));
}

/* Locks that are cut and merged are the same ones still. */
TEST_F(lease, lock_that_grows_and_shrinks_gets_no_older_lease)
{
	int i, ret;

	ASSERT_EQ(0, st_lease_set(5 * ST_LEASE_SHORT_MS));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_peer_begin(&self->peer[0], self->fd, F_SETLKW, F_WRLCK, 0, 10));
	for (i = 0; i < 1000; i++) {
		ret = lk_peer_end_ms(&self->peer[0], ST_LEASE_SHORT_MS / 5);
		if (ret != -ETIME)
			break;
		lk_try(self->fd, F_WRLCK, 10 + i % 2, 1);
		lk_try(self->fd, i % 2 ? F_UNLCK : F_RDLCK, 10, 2);
		lk_try(self->fd, F_WRLCK, 0, 5);
	}
	EXPECT_EQ(0, ret);
	EXPECT_GT(1000, i);
	EXPECT_TRUE(lk_alike(self->ino));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_UNLCK, ALL_BYTES));
	lk_try(self->fd, F_UNLCK, ALL_BYTES);
}

/* A lock beside it, as fast as can be: each time both become one. */
TEST_F(lease, lock_that_grows_is_not_too_fast_for_its_end)
{
	int64_t end_ns = st_now_ns() + ST_SOON_MS * ST_NSEC_PER_MSEC;
	off_t next = 10;
	int ret, i;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_peer_begin(&self->peer[0], self->fd, F_SETLKW, F_WRLCK, 0, 1));
	while ((ret = lk_peer_end_ms(&self->peer[0], 0)) == -ETIME && st_now_ns() < end_ns)
		for (i = 0; i < 1000; i++)
			lk_try(self->fd, F_WRLCK, next++, 1);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_UNLCK, ALL_BYTES));
	lk_try(self->fd, F_UNLCK, ALL_BYTES);
}

/* Unlocks and ends of leases meet: whoever was not told has lost nothing. */
#define RACES	60

TEST_F(lease, meets_the_unlock)
{
	int i, ret, mine, revoked = 0, told = 0;

	ASSERT_EQ(0, st_lease_set(DMABUF_SYNC_MIN_LEASE_MS));
	for (i = 0; i < RACES; i++) {
		struct dmabuf_sync_access want = st_access(self->fd, DMA_BUF_ACCESS_W, 0, 10);
		struct st_call call;

		ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
		ASSERT_EQ(0, st_call_start(&call, self->w.ctx[0], &want, 1, 0));
		usleep(i * 2 * DMABUF_SYNC_MIN_LEASE_MS * 1000 / RACES);
		mine = lk_try(self->fd, F_UNLCK, 0, 10);
		ASSERT_TRUE(!mine || mine == -EOWNERDEAD);
		ret = st_call_end(&call);
		ASSERT_LE(0, ret);
		revoked += !!mine;
		told += call.status == DMABUF_SYNC_STATUS_REVOKED;
		ASSERT_EQ(0, st_release(self->w.ctx[0], ret));
		EXPECT_TRUE(lk_alike(self->ino));
	}
	EXPECT_EQ(revoked, told);
}

/* The last descriptor is closed, by the end of the process, while the lock is revoked. */
TEST_F(lease, meets_the_end_of_the_process)
{
	int i, ret;

	ASSERT_EQ(0, st_lease_set(DMABUF_SYNC_MIN_LEASE_MS));
	for (i = 0; i < RACES; i++) {
		lk_peer_stop(&self->peer[0]);
		ASSERT_EQ(0, lk_peer_start(&self->peer[0]));
		ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 10));
		ASSERT_EQ(0, lk_peer_begin(&self->peer[1], self->fd, F_SETLKW, F_WRLCK, 0, 10));
		usleep(i * 2 * DMABUF_SYNC_MIN_LEASE_MS * 1000 / RACES);
		kill(self->peer[0].pid, SIGKILL);
		ASSERT_EQ(0, lk_peer_end(&self->peer[1]));
		ret = lk_peer_try(&self->peer[1], self->fd, F_UNLCK, ALL_BYTES);
		ASSERT_EQ(0, ret);
	}
}

TEST_HARNESS_MAIN
