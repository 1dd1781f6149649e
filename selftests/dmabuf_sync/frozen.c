// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frozen waiters: a task that is stopped by its cgroup, perhaps for ever, while it waits for an
 * access. It leaves the queue, so that those behind it go on, and waits again once it is thawed.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

#define CGROUP	"/sys/fs/cgroup/dmabuf_sync_frozen"

static bool is_frozen(void)
{
	char text[128] = "";
	int fd = open(CGROUP "/cgroup.events", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strstr(text, "frozen 1");
}

FIXTURE(frozen)
{
	struct st_world w;
	int *ctx, fd;
	long held;
	pid_t pid;
};

FIXTURE_SETUP(frozen)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
	rmdir(CGROUP);
	if (mkdir(CGROUP, 0755) || access(CGROUP "/cgroup.freeze", W_OK))
		SKIP(return, "no cgroup v2 with a freezer");
	self->held = st_lock_all(self->ctx[0], self->fd, W, TRY);
	ASSERT_LE(0, self->held);
}

FIXTURE_TEARDOWN(frozen)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_TRUE(ST_UNTIL(!rmdir(CGROUP)));
}

static int wait_by_context(int fd)
{
	return st_lock_all(st_context_open(), fd, W, 0) < 0;
}

static int wait_by_fcntl(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLKW, &lock);
}

/* A child that waits behind the holder. */
static bool waiter_start(FIXTURE_DATA(frozen) *self, int (*wait_for)(int fd))
{
	char text[16];

	self->pid = st_fork();
	if (!self->pid)
		_exit(wait_for(self->fd));
	snprintf(text, sizeof(text), "%d", self->pid);
	return !st_file_write(CGROUP "/cgroup.procs", text) &&
	       ST_UNTIL(st_query_count(self->ctx[2], self->fd, DMABUF_SYNC_STATE_QUEUED) == 1);
}

static void freeze_and_thaw(struct __test_metadata *_metadata, FIXTURE_DATA(frozen) *self,
			    int (*wait_for)(int fd))
{
	long set;

	ASSERT_TRUE(waiter_start(self, wait_for));
	ASSERT_EQ(0, st_file_write(CGROUP "/cgroup.freeze", "1"));
	ASSERT_TRUE(ST_UNTIL(is_frozen()));
	EXPECT_EQ(0, st_release(self->ctx[0], self->held));
	set = st_lock_ms(self->ctx[1], self->fd, W, 0, TO_END, ST_SOON_MS);
	EXPECT_LE(0, set);
	ASSERT_EQ(0, st_file_write(CGROUP "/cgroup.freeze", "0"));
	EXPECT_TRUE(ST_UNTIL(st_query_count(self->ctx[2], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
	EXPECT_EQ(0, st_child_wait(self->pid));
}

TEST_F(frozen, waiter_of_a_context_leaves_the_queue)
{
	freeze_and_thaw(_metadata, self, wait_by_context);
}

TEST_F(frozen, waiter_of_fcntl_leaves_the_queue)
{
	freeze_and_thaw(_metadata, self, wait_by_fcntl);
}

/* Killed while frozen: nothing of it is left. */
TEST_F(frozen, waiter_can_be_killed)
{
	ASSERT_TRUE(waiter_start(self, wait_by_context));
	ASSERT_EQ(0, st_file_write(CGROUP "/cgroup.freeze", "1"));
	ASSERT_TRUE(ST_UNTIL(is_frozen()));
	EXPECT_EQ(0, kill(self->pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(self->pid));
	EXPECT_EQ(1, st_query_count(self->ctx[2], self->fd, 0));
}

TEST_HARNESS_MAIN
