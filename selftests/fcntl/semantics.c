// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks on a dma-buf, one rule of POSIX per test. differential.c compares all of them
 * with a plain file; here is what it cannot: that the accesses behind the records are
 * what they should be.
 */
#include <kselftest_harness.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "locks.h"

FIXTURE(lock)
{
	struct st_world w;
	struct lk_peer peer[3];
	int fd, fd2;
	uint64_t ino;
};

FIXTURE_SETUP(lock)
{
	unsigned int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->fd2 = self->w.buf[1].fd;
	self->ino = self->w.buf[0].ino;
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, lk_peer_start(&self->peer[i]));
}

FIXTURE_TEARDOWN(lock)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		lk_peer_stop(&self->peer[i]);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Accesses that are held, as start:len:mode, sorted by start. */
static const char *held(uint64_t ino)
{
	static char text[512];
	struct st_snap snaps[32];
	int nr = st_snapshot(ino, snaps, 32), i, j;
	size_t used = 0;

	text[0] = 0;
	for (i = 0; i < nr; i++)
		for (j = i + 1; j < nr; j++)
			if (snaps[j].start < snaps[i].start) {
				struct st_snap t = snaps[i];

				snaps[i] = snaps[j];
				snaps[j] = t;
			}
	for (i = 0; i < nr; i++)
		if (!snaps[i].edge && !strcmp(snaps[i].state, "acquired"))
			used += snprintf(text + used, sizeof(text) - used, "%s%llu:%llu:%s",
					 used ? " " : "",
					 (unsigned long long)snaps[i].start,
					 (unsigned long long)snaps[i].len, snaps[i].mode);
	return text;
}

TEST_F(lock, write_excludes)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	EXPECT_STREQ("0:100:rw", held(self->ino));
	EXPECT_EQ(1, lk_records(self->ino));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 99, 1));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 100, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, ALL_BYTES));
}

TEST_F(lock, readers_share)
{
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, ALL_BYTES));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, ALL_BYTES));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[1], self->fd, F_WRLCK, 7, 1));
}

TEST_F(lock, unlock_in_the_middle_splits)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, lk_try(self->fd, F_UNLCK, 40, 20));
	EXPECT_STREQ("0:40:rw 60:40:rw", held(self->ino));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 40, 20));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 39, 1));
}

TEST_F(lock, neighbours_merge)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 20, 10));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 10, 10));
	EXPECT_STREQ("0:30:rw", held(self->ino));
	EXPECT_EQ(1, lk_records(self->ino));
}

TEST_F(lock, downgrade_of_the_middle_makes_three)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 40, 20));
	EXPECT_STREQ("0:40:rw 40:20:r 60:40:rw", held(self->ino));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 40, 20));
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_WRLCK, 50, 1));
}

TEST_F(lock, upgrade)
{
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 100));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 90, 20));
	EXPECT_STREQ("0:90:r 90:20:rw", held(self->ino));
}

TEST_F(lock, the_same_again_changes_nothing)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 10, 10));
	EXPECT_STREQ("0:100:rw", held(self->ino));
}

TEST_F(lock, to_infinity_and_past_the_end)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 1 << 20, 0));
	EXPECT_EQ(-EAGAIN, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 1LL << 62, 1));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 1 << 20));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 1 << 21, 0));
	EXPECT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_RDLCK, 1LL << 62, 1));
}

TEST_F(lock, close_of_any_descriptor_releases)
{
	int other = dup(self->fd);

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 50, 10));
	ASSERT_EQ(0, close(other));
	EXPECT_STREQ("", held(self->ino));
	EXPECT_EQ(0, lk_records(self->ino));
}

TEST_F(lock, exit_releases)
{
	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd2, F_WRLCK, 5, 10));
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_WRLCK, 0, 10));
	EXPECT_EQ(0, kill(self->peer[0].pid, SIGKILL));
	EXPECT_TRUE(ST_UNTIL(!lk_try(self->fd, F_WRLCK, 0, 10)));
	EXPECT_TRUE(ST_UNTIL(!lk_try(self->fd2, F_WRLCK, 0, 10)));
}

TEST_F(lock, fork_does_not_inherit)
{
	pid_t pid;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	pid = st_fork();
	if (!pid)
		_exit(lk_try(self->fd, F_RDLCK, 0, 1) == -EAGAIN ? 0 : 1);
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_STREQ("0:10:rw", held(self->ino));
}

/* The new program has the descriptor (no FD_CLOEXEC), and so the lock. */
TEST_F(lock, exec_inherits)
{
	int fd = fcntl(self->fd, F_DUPFD, 100);
	pid_t pid = st_fork();

	ASSERT_LE(0, fd);
	if (!pid) {
		fcntl(self->fd, F_SETFD, 0);
		fcntl(self->fd, F_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_len = 10 });
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	EXPECT_TRUE(ST_UNTIL(lk_records(self->ino) == 1));
	EXPECT_TRUE(ST_STAYS(lk_try(self->fd, F_RDLCK, 0, 1) == -EAGAIN));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 1));
	close(fd);
}

TEST_F(lock, exec_with_cloexec_releases)
{
	pid_t pid = st_fork();

	if (!pid) {
		lk_try(self->fd, F_WRLCK, 0, 10);
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	EXPECT_TRUE(ST_UNTIL(!lk_try(self->fd, F_WRLCK, 0, 10)));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
}

TEST_F(lock, getlk_names_the_process)
{
	struct flock fl = lk(F_RDLCK, 0, 0);

	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 10, 20));
	ASSERT_EQ(0, fcntl(self->fd, F_GETLK, &fl));
	EXPECT_EQ(F_WRLCK, fl.l_type);
	EXPECT_EQ(self->peer[0].pid, fl.l_pid);
	EXPECT_EQ(10, fl.l_start);
	EXPECT_EQ(20, fl.l_len);
	EXPECT_STREQ("10:20:rw", held(self->ino));
	fl = lk(F_WRLCK, 0, 10);
	ASSERT_EQ(0, fcntl(self->fd, F_GETLK, &fl));
	EXPECT_EQ(F_UNLCK, fl.l_type);
}

TEST_F(lock, getlk_names_a_context)
{
	struct flock fl = lk(F_RDLCK, 0, 0);

	ASSERT_LE(0, st_lock(self->w.ctx[0], self->fd, DMA_BUF_ACCESS_W, 10, 20, 0));
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_RDLCK, 29, 1));
	ASSERT_EQ(0, fcntl(self->fd, F_GETLK, &fl));
	EXPECT_EQ(F_WRLCK, fl.l_type);
	EXPECT_EQ(getpid(), fl.l_pid);
	EXPECT_EQ(10, fl.l_start);
	EXPECT_EQ(20, fl.l_len);
}

/* A context outlives the process that opened it: its number may be another process's by now. */
TEST_F(lock, getlk_does_not_name_a_dead_opener)
{
	struct flock fl = lk(F_RDLCK, 0, 0);
	int sock[2], ctx;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock));
	pid = st_fork();
	if (!pid) {
		ctx = st_context_open();
		st_lock(ctx, self->fd, DMA_BUF_ACCESS_W, 10, 20, 0);
		_exit(st_fd_send(sock[1], ctx) ? 1 : 0);
	}
	ctx = st_fd_receive(sock[0]);
	ASSERT_LE(0, ctx);
	ASSERT_EQ(0, st_child_wait(pid));
	ASSERT_EQ(0, fcntl(self->fd, F_GETLK, &fl));
	EXPECT_EQ(F_WRLCK, fl.l_type);
	EXPECT_EQ(-1, fl.l_pid);
	EXPECT_EQ(10, fl.l_start);
	close(ctx);
	close(sock[0]);
	close(sock[1]);
}

/* DMA has no owning process: -1. */
TEST_F(lock, getlk_names_dma)
{
	struct flock fl = lk(F_RDLCK, 0, 0);
	long job = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 100, 50,
				  DST_LOCK_WAIT);

	ASSERT_LE(0, job);
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_RDLCK, ALL_BYTES));
	ASSERT_EQ(0, fcntl(self->fd, F_GETLK, &fl));
	EXPECT_EQ(F_WRLCK, fl.l_type);
	EXPECT_EQ(-1, fl.l_pid);
	EXPECT_EQ(100, fl.l_start);
	EXPECT_EQ(50, fl.l_len);
	EXPECT_EQ(0, st_test_destroy(self->w.test, job));
}

TEST_F(lock, getlk_names_a_stock_drivers_fence)
{
	long fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_READ);
	struct flock fl = lk(F_WRLCK, 0, 1);

	ASSERT_LE(0, fence);
	EXPECT_EQ(-EAGAIN, lk_try(self->fd, F_WRLCK, 0, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 1));
	ASSERT_EQ(0, fcntl(self->fd, F_GETLK, &fl));
	EXPECT_EQ(F_RDLCK, fl.l_type);
	EXPECT_EQ(-1, fl.l_pid);
	EXPECT_EQ(0, fl.l_len);
	EXPECT_EQ(0, st_test_destroy(self->w.test, fence));
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 1));
}

/*
 * All descriptors of a dma-buf are one open file: such a lock would exclude nobody who has the
 * buffer, and could not end while anything refers to it.
 */
TEST_F(lock, ofd_is_refused)
{
	EXPECT_EQ(-EINVAL, lk_do(self->fd, F_OFD_SETLK, F_WRLCK, 0, 10));
	EXPECT_EQ(-EINVAL, lk_do(self->fd, F_OFD_SETLK, F_RDLCK, 0, 10));
	EXPECT_EQ(-EINVAL, lk_do(self->fd, F_OFD_SETLKW, F_WRLCK, 0, 10));
	EXPECT_STREQ("", held(self->ino));
	EXPECT_EQ(0, lk_records(self->ino));
}

/* There is nothing to release, or a lock of before the module was there. */
TEST_F(lock, ofd_unlock_is_not_refused)
{
	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	EXPECT_EQ(0, lk_do(self->fd, F_OFD_SETLK, F_UNLCK, ALL_BYTES));
	EXPECT_STREQ("0:10:rw", held(self->ino));
}

/* The asker is the open file, so the process's own locks are in its way, too. */
TEST_F(lock, ofd_getlk_answers)
{
	struct flock fl = lk(F_WRLCK, 0, 100);

	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 5, 10));
	ASSERT_EQ(0, fcntl(self->fd, F_OFD_GETLK, &fl));
	EXPECT_EQ(F_RDLCK, fl.l_type);
	EXPECT_EQ(getpid(), fl.l_pid);
	EXPECT_EQ(5, fl.l_start);
	EXPECT_EQ(10, fl.l_len);
	ASSERT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
	ASSERT_LE(0, st_lock(self->w.ctx[0], self->fd, DMA_BUF_ACCESS_W, 50, 20, 0));
	fl = lk(F_RDLCK, 0, 100);
	ASSERT_EQ(0, fcntl(self->fd, F_OFD_GETLK, &fl));
	EXPECT_EQ(F_WRLCK, fl.l_type);
	EXPECT_EQ(50, fl.l_start);
}

TEST_F(lock, bad_input)
{
	struct st_buffer ro, wo;
	struct flock fl = lk(F_WRLCK, 0, 1);

	EXPECT_EQ(-EINVAL, lk_try(self->fd, F_WRLCK, -1, 1));
	EXPECT_EQ(-EINVAL, lk_try(self->fd, F_WRLCK, 5, -6));
	EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 5, -5));
	EXPECT_EQ(-EOVERFLOW, lk_try(self->fd, F_WRLCK, 2, INT64_MAX));
	EXPECT_EQ(-EINVAL, lk_try(self->fd, 17, 0, 1));
	EXPECT_EQ(-EINVAL, lk_do(self->fd, F_GETLK, F_UNLCK, 0, 1));
	fl.l_whence = 9;
	EXPECT_EQ(-1, fcntl(self->fd, F_SETLK, &fl));
	EXPECT_EQ(EINVAL, errno);
	fl = lk(F_WRLCK, 0, 1);
	fl.l_pid = 1;
	EXPECT_EQ(-1, fcntl(self->fd, F_OFD_SETLK, &fl));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(self->fd, F_SETLK, NULL));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, st_buffer_heap(&ro, ST_PAGE, O_RDONLY));
	ASSERT_EQ(0, st_buffer_heap(&wo, ST_PAGE, O_WRONLY));
	EXPECT_EQ(-EBADF, lk_try(ro.fd, F_WRLCK, 0, 1));
	EXPECT_EQ(0, lk_try(ro.fd, F_RDLCK, 0, 1));
	EXPECT_EQ(-EBADF, lk_try(wo.fd, F_RDLCK, 0, 1));
	EXPECT_EQ(0, lk_try(wo.fd, F_WRLCK, 0, 1));
	st_buffer_close(&ro);
	st_buffer_close(&wo);
}

TEST_F(lock, from_the_end)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -10,
			    .l_len = 5 };
	char want[64];

	ASSERT_EQ(0, fcntl(self->fd, F_SETLK, &fl));
	snprintf(want, sizeof(want), "%zu:5:rw", self->w.buf[0].size - 10);
	EXPECT_STREQ(want, held(self->ino));
}

/* What the VFS says is what the engine has: never a record without its access. */
TEST_F(lock, fdinfo_shows_the_lock)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 3, 4));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	f = fopen(path, "re");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f))
		found |= !strncmp(line, "lock:", 5) && strstr(line, "POSIX") &&
			 strstr(line, "WRITE") && strstr(line, " 3 6");
	fclose(f);
	EXPECT_TRUE(found);
}

TEST_F(lock, many_locks_are_one_when_they_touch)
{
	int i;

	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, i, 1));
	EXPECT_STREQ("0:2000:rw", held(self->ino));
	for (i = 0; i < 2000; i += 2)
		ASSERT_EQ(0, lk_try(self->fd, F_UNLCK, i, 1));
	EXPECT_EQ(1000, st_snapshot(self->ino, NULL, 0));
	EXPECT_EQ(1000, lk_records(self->ino));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 0));
	EXPECT_EQ(0, st_snapshot(self->ino, NULL, 0));
}

#define MAX_ACCESSES	"/sys/module/dmabuf_sync/parameters/max_accesses"

/* Return: what it was, or a negative errno. */
static int max_accesses(int max)
{
	int fd = open(MAX_ACCESSES, O_RDWR | O_CLOEXEC), was = -EIO;
	char text[32] = "";

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) > 0 && dprintf(fd, "%d", max) > 0)
		was = atoi(text);
	close(fd);
	return was;
}

/* A process that has all the accesses it may have gets no more, and can release what it has. */
TEST_F(lock, unlock_at_the_limit)
{
	int max = max_accesses(4), i;

	ASSERT_LE(0, max);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 100 * i, 10));
	EXPECT_EQ(-ENOLCK, lk_try(self->fd, F_WRLCK, 1000, 10));
	/* One becomes two, and that is no reason to refuse. */
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 5, 1));
	EXPECT_STREQ("0:5:rw 6:4:rw 100:10:rw 200:10:rw 300:10:rw", held(self->ino));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, 105, 1));
	EXPECT_EQ(0, lk_try(self->fd, F_RDLCK, 205, 1));
	EXPECT_EQ(-ENOLCK, lk_try(self->fd, F_WRLCK, 1000, 10));
	EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
	EXPECT_STREQ("", held(self->ino));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, lk_try(self->fd, F_WRLCK, 100 * i, 10));
	EXPECT_EQ(-ENOLCK, lk_try(self->fd, F_WRLCK, 1000, 10));
	EXPECT_EQ(4, max_accesses(max));
}

/* Killing the writer tells the next one; closing does not. */
TEST_F(lock, death_is_abandonment_close_is_not)
{
	struct dmabuf_sync_access want = st_access(self->fd, DMA_BUF_ACCESS_W, 0, 10);
	struct dmabuf_sync_acquire out;

	ASSERT_EQ(0, lk_try(self->fd, F_WRLCK, 0, 10));
	ASSERT_EQ(0, close(dup(self->fd)));
	ASSERT_EQ(0, st_acquire(self->w.ctx[0], &want, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK, 0, 0,
				&out));
	EXPECT_EQ(0, out.status);
	ASSERT_EQ(0, st_release(self->w.ctx[0], out.set));

	ASSERT_EQ(0, lk_peer_try(&self->peer[0], self->fd, F_WRLCK, 0, 10));
	EXPECT_EQ(0, kill(self->peer[0].pid, SIGKILL));
	ASSERT_TRUE(ST_UNTIL(!st_acquire(self->w.ctx[0], &want, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK, 0,
					 0, &out)));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
}

static unsigned int sum(const uint32_t *counts)
{
	return counts[0] + counts[1] + counts[2];
}

/* Exporters count: every window that was opened is closed, however locks are cut. */
TEST_F(lock, windows_balance)
{
	struct dst_count count;
	struct st_buffer buf;

	ASSERT_EQ(0, st_buffer_test(self->w.test, &buf, 4 * ST_PAGE, O_RDWR));
	ASSERT_EQ(0, lk_try(buf.fd, F_WRLCK, 0, 100));
	ASSERT_EQ(0, lk_try(buf.fd, F_UNLCK, 40, 20));
	ASSERT_EQ(0, lk_try(buf.fd, F_RDLCK, 10, 60));
	ASSERT_EQ(0, lk_try(buf.fd, F_WRLCK, 15, 5));
	ASSERT_EQ(0, st_buffer_count(self->w.test, &buf, &count));
	EXPECT_LT(sum(count.end), sum(count.begin));
	ASSERT_EQ(0, lk_try(buf.fd, F_UNLCK, 0, 0));
	ASSERT_EQ(0, st_buffer_count(self->w.test, &buf, &count));
	EXPECT_EQ(sum(count.begin), sum(count.end));
	EXPECT_NE(0, sum(count.begin));
	st_buffer_close(&buf);
}

TEST_HARNESS_MAIN
