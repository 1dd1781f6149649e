// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel calls the owner of a record lock is the address of a files_struct. Processes
 * can share that (CLONE_FILES), and locks then outlive the one that took them; and it can be made
 * anew at the same address for a process that has nothing to do with the former one. Accesses
 * are named after a process: after one that lives, as soon as nothing is held or asked for by
 * the old name.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>
#include <sched.h>
#include <sys/syscall.h>

#include "locks.h"

#define W	DMA_BUF_ACCESS_W
/* Processes in a row, of which hardly one has an address of its own. */
#define NR_HEIRS	32

/* The buffer that all of them use. */
#define FD	(self->w.buf[0].fd)
#define INO	(self->w.buf[0].ino)

FIXTURE(heir)
{
	struct st_world w;
};

FIXTURE_SETUP(heir)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(heir)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* A process with the caller's descriptors, not with a copy of them, locks, and is gone. */
static int sibling_lock(int fd, short type, off_t start, off_t len)
{
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(-lk_try(fd, type, start, len));
	return pid < 0 ? -errno : -WEXITSTATUS(st_child_wait(pid));
}

/* Whose the only access of the buffer is. */
static pid_t holder(int ctx, int fd)
{
	struct dmabuf_sync_info info;

	return st_query(ctx, fd, &info, 1) == 1 ? (pid_t)info.tgid : -1;
}

/* The lock is still that of all who have the descriptors: one owner, who excludes others. */
TEST_F(heir, has_what_the_dead_has_locked)
{
	ASSERT_EQ(0, sibling_lock(FD, F_WRLCK, 0, 10));
	EXPECT_EQ(-EAGAIN, st_lock(self->w.ctx[0], FD, W, 0, 1,
				   DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, lk_try(FD, F_WRLCK, 5, 10));
	EXPECT_TRUE(lk_alike(INO));
	EXPECT_EQ(0, lk_try(FD, F_UNLCK, 0, 10));
	EXPECT_TRUE(lk_alike(INO));
	EXPECT_LT(0, st_lock(self->w.ctx[0], FD, W, 0, 10, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, lk_try(FD, F_UNLCK, ALL_BYTES));
}

/* With nothing left of the dead one the next lock has another name. */
TEST_F(heir, gives_its_name_to_the_next_lock)
{
	ASSERT_EQ(0, sibling_lock(FD, F_WRLCK, 0, 10));
	ASSERT_EQ(0, sibling_lock(FD, F_UNLCK, 0, 10));
	ASSERT_EQ(0, lk_try(FD, F_WRLCK, 0, 10));
	EXPECT_EQ(getpid(), holder(self->w.ctx[0], FD));
	EXPECT_EQ(0, lk_try(FD, F_UNLCK, ALL_BYTES));
}

/*
 * A context waits for the dead one's lock, the heir locks beside it, and unlocks first one and
 * then the other: the context has what it waits for, and excludes the heir by its new name.
 */
TEST_F(heir, lets_in_who_waits_for_the_dead)
{
	struct st_call call;
	long set;

	ASSERT_EQ(0, sibling_lock(FD, F_WRLCK, 0, 10));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], FD, W, 0, 10));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[1], FD,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	ASSERT_EQ(0, lk_try(FD, F_WRLCK, 20, 10));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, lk_try(FD, F_UNLCK, 20, 10));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, lk_try(FD, F_UNLCK, 0, 10));
	set = st_call_end(&call);
	ASSERT_LT(0, set);
	EXPECT_EQ(-EAGAIN, lk_try(FD, F_WRLCK, 0, 10));
	ASSERT_EQ(0, st_release(self->w.ctx[0], set));
	ASSERT_EQ(0, lk_try(FD, F_WRLCK, 0, 10));
	EXPECT_EQ(getpid(), holder(self->w.ctx[0], FD));
	EXPECT_EQ(0, lk_try(FD, F_UNLCK, ALL_BYTES));
}

/* Lock, say whether it has one's own name, and end: nobody but the VFS unlocks it. */
static void stranger_lock(int ctx, int fd)
{
	if (lk_try(fd, F_WRLCK, 0, 10))
		_exit(1);
	_exit(holder(ctx, fd) == getpid() ? 0 : 2);
}

/* All on one processor, where what was freed last is given out first. */
TEST_F(heir, of_an_address_alone_has_a_name_of_its_own)
{
	cpu_set_t one;
	unsigned int i;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	for (i = 0; i < NR_HEIRS; i++) {
		pid = st_fork();
		if (!pid)
			stranger_lock(self->w.ctx[0], FD);
		ASSERT_EQ(0, st_child_wait(pid));
	}
	EXPECT_EQ(0, lk_records(INO));
}

TEST_HARNESS_MAIN
