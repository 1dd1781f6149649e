// SPDX-License-Identifier: GPL-2.0-only
/* The debugfs snapshot of everything, for tools. It tells the same as a query does. */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "st.h"

#define RW	DMA_BUF_ACCESS_RW
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define SIZE	(ST_WORLD_PAGES * ST_PAGE)

/* The buffer that all of them use. */
#define FD	(self->w.buf[0].fd)
#define INO	(self->w.buf[0].ino)

FIXTURE(snapshot)
{
	struct st_world w;
};

FIXTURE_SETUP(snapshot)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(snapshot)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(snapshot, tells_everything_of_a_holder)
{
	struct st_snap snap;

	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, RW, 100, 200, 0));
	ASSERT_EQ(1, st_snapshot(INO, &snap, 1));
	EXPECT_FALSE(snap.edge);
	EXPECT_STREQ("udmabuf", snap.exporter);
	EXPECT_EQ(SIZE, snap.size);
	EXPECT_STREQ("context", snap.kind);
	EXPECT_EQ((uint32_t)getpid(), snap.tgid);
	EXPECT_EQ((uint32_t)gettid(), snap.tid);
	EXPECT_STREQ("rw", snap.mode);
	EXPECT_STREQ("cpu", snap.agent);
	EXPECT_STREQ("acquired", snap.state);
	EXPECT_EQ(100, snap.start);
	EXPECT_EQ(200, snap.len);
	EXPECT_STREQ("0:0", snap.fence);
	EXPECT_STREQ("snapshot", snap.comm);
}

/* A tool compares the times of different lines: they do not depend on when it reads them. */
TEST_F(snapshot, times_are_those_of_the_clock)
{
	struct st_snap snaps[2], *holder, *waiter;
	int64_t times[3];

	times[0] = st_now_ns();
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], FD, W, 0));
	times[1] = st_now_ns();
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], FD, W, QUEUE));
	times[2] = st_now_ns();
	ASSERT_LE(2, st_snapshot(INO, snaps, 2));
	holder = &snaps[strcmp(snaps[0].state, "acquired") ? 1 : 0];
	waiter = &snaps[holder == &snaps[0] ? 1 : 0];
	EXPECT_LE(times[0], (int64_t)holder->since_ns);
	EXPECT_GE(times[1], (int64_t)holder->since_ns);
	EXPECT_LE(times[1], (int64_t)waiter->since_ns);
	EXPECT_GE(times[2], (int64_t)waiter->since_ns);
}

/* h(R)  w: W  r: R      w is blocked on h, which holds; r on w, which is queued ahead. */
TEST_F(snapshot, tells_the_edges)
{
	struct st_snap snaps[8], *h = NULL, *w = NULL, *r = NULL;
	int nr, i, seen = 0;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], FD, R, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], FD, W, QUEUE));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], FD, R, QUEUE));
	nr = st_snapshot(INO, snaps, 8);
	ASSERT_EQ(5, nr);
	for (i = 0; i < nr; i++) {
		if (snaps[i].edge)
			continue;
		if (!strcmp(snaps[i].state, "acquired"))
			h = &snaps[i];
		else if (!strcmp(snaps[i].mode, "w"))
			w = &snaps[i];
		else
			r = &snaps[i];
	}
	ASSERT_TRUE(h && w && r);
	for (i = 0; i < nr; i++) {
		if (!snaps[i].edge)
			continue;
		if (snaps[i].access == w->access) {
			EXPECT_EQ(h->access, snaps[i].blocker);
			EXPECT_EQ(h->owner, snaps[i].blocker_owner);
			EXPECT_EQ(w->owner, snaps[i].owner);
			EXPECT_EQ(0, snaps[i].queued);
			seen |= 1;
		} else {
			EXPECT_EQ(r->access, snaps[i].access);
			EXPECT_EQ(w->access, snaps[i].blocker);
			EXPECT_EQ(w->owner, snaps[i].blocker_owner);
			EXPECT_EQ(1, snaps[i].queued);
			seen |= 2;
		}
	}
	EXPECT_EQ(3, seen);
}

/* Query and snapshot name the same access by the same ids. */
TEST_F(snapshot, agrees_with_a_query)
{
	struct dmabuf_sync_info info;
	struct st_snap snap;

	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, W, 7, 9, 0));
	ASSERT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	ASSERT_EQ(1, st_snapshot(INO, &snap, 1));
	EXPECT_EQ(info.access_id, snap.access);
	EXPECT_EQ(info.owner_id, snap.owner);
	EXPECT_EQ(info.tgid, snap.tgid);
	EXPECT_EQ(info.offset, snap.start);
	EXPECT_EQ(info.length, snap.len);
}

/* Ids are never reused. */
TEST_F(snapshot, ids_are_unique)
{
	struct dmabuf_sync_info info;
	uint64_t last_access = 0, last_owner = 0;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		ASSERT_LE(0, st_lock_all(self->w.ctx[0], FD, W, 0));
		ASSERT_EQ(1, st_query(self->w.ctx[1], FD, &info, 1));
		EXPECT_NE(last_access, info.access_id);
		EXPECT_NE(last_owner, info.owner_id);
		last_access = info.access_id;
		last_owner = info.owner_id;
		st_context_reopen(&self->w.ctx[0]);
	}
}

/* What a task is called cannot forge a line or a key of the snapshot. */
TEST_F(snapshot, task_name_cannot_forge_a_line)
{
	pid_t pid = st_fork();
	struct st_snap snap;

	if (!pid) {
		int comm = open("/proc/self/comm", O_WRONLY);

		if (write(comm, "a\ntype=access", 13) != 13)
			_exit(1);
		st_lock_all(st_context_open(), FD, R, 0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(st_snapshot(0, NULL, 0) == 1));
	ASSERT_EQ(1, st_snapshot(INO, &snap, 1));
	EXPECT_STREQ("a\\012type=access", snap.comm);
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
}

/* Nor move the cursor of a terminal that shows it: all that is not printable is escaped. */
TEST_F(snapshot, task_name_cannot_reach_the_terminal)
{
	static const char name[] = "\033[2J\r\b\x7f\x9b\xc2\x9bx";
	char line[1024];
	pid_t pid = st_fork();
	struct st_snap snap;
	FILE *file;
	size_t i;

	if (!pid) {
		int comm = open("/proc/self/comm", O_WRONLY);

		if (write(comm, name, strlen(name)) != (ssize_t)strlen(name))
			_exit(1);
		st_lock_all(st_context_open(), FD, R, 0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(st_snapshot(0, NULL, 0) == 1));
	file = fopen(ST_SNAPSHOT, "re");
	ASSERT_NE(NULL, file);
	ASSERT_NE(NULL, fgets(line, sizeof(line), file));
	fclose(file);
	for (i = 0; i < strcspn(line, "\n"); i++)
		EXPECT_TRUE(line[i] >= ' ' && line[i] <= '~') {
			TH_LOG("byte %#x", (unsigned char)line[i]);
		}
	ASSERT_EQ(1, st_snapshot(INO, &snap, 1));
	EXPECT_STREQ("\\033[2J\\015\\010\\177\\233\\302\\233x", snap.comm);
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
}

/* It shows everybody's work: for the administrator alone. */
TEST_F(snapshot, is_for_root_only)
{
	struct stat st;

	ASSERT_EQ(0, stat(ST_SNAPSHOT, &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
}

TEST_HARNESS_MAIN
