// SPDX-License-Identifier: GPL-2.0-only
/* DMABUF_SYNC_IOC_QUERY: what whoever has a descriptor of a buffer is told of its accesses. */
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

FIXTURE(look)
{
	struct st_world w;
};

FIXTURE_SETUP(look)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(look)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(look, unused_buffer_has_nothing)
{
	struct dmabuf_sync_info info;

	EXPECT_EQ(0, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

TEST_F(look, query_tells_everything_of_a_holder)
{
	struct dmabuf_sync_info info;

	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, RW, 100, 200, 0));
	st_sleep_ms(5);
	memset(&info, 0xff, sizeof(info));
	ASSERT_EQ(1, st_query(self->w.ctx[1], FD, &info, 1));
	EXPECT_NE(0, info.access_id);
	EXPECT_NE(0, info.owner_id);
	EXPECT_EQ(DMABUF_SYNC_OWNER_CONTEXT, info.owner_kind);
	EXPECT_EQ((uint32_t)getpid(), info.tgid);
	EXPECT_EQ((uint32_t)gettid(), info.tid);
	EXPECT_EQ(RW, info.mode);
	EXPECT_EQ(DMABUF_SYNC_STATE_ACQUIRED, info.state);
	EXPECT_EQ(100, info.offset);
	EXPECT_EQ(200, info.length);
	EXPECT_LE(5 * ST_NSEC_PER_MSEC, (int64_t)info.age_ns);
	EXPECT_GT(60 * ST_NSEC_PER_SEC, (int64_t)info.age_ns);
}

TEST_F(look, to_end_is_told_in_bytes)
{
	struct dmabuf_sync_info info;

	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, R, 1, DMABUF_SYNC_TO_END, 0));
	ASSERT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ(SIZE - 1, info.length);
}

TEST_F(look, driver_and_committed_job_are_told)
{
	long job = st_sync_locked(self->w.test, FD, DMA_BUF_ACCESS_DMA_W, 0, TO_END,
				  DST_LOCK_TRY);
	struct dmabuf_sync_info info;
	struct dst_fence fence;
	struct st_snap snap;

	ASSERT_LE(0, job);
	ASSERT_LE(0, st_fence_new(self->w.test, &fence));
	ASSERT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ(DMABUF_SYNC_OWNER_DRIVER, info.owner_kind);
	EXPECT_EQ(DMA_BUF_ACCESS_DMA_W, info.mode);
	EXPECT_EQ(DMABUF_SYNC_STATE_ACQUIRED, info.state);
	EXPECT_EQ(0, info.fence_context | info.fence_seqno);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence.id));
	ASSERT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ(DMABUF_SYNC_STATE_COMMITTED, info.state);
	EXPECT_EQ(fence.context, info.fence_context);
	EXPECT_EQ(fence.seqno, info.fence_seqno);
	ASSERT_EQ(1, st_snapshot(INO, &snap, 1));
	EXPECT_STREQ("driver", snap.kind);
	EXPECT_STREQ("dma", snap.agent);
	EXPECT_STREQ("committed", snap.state);
	EXPECT_STREQ("dmabuf_sync_tes", snap.comm);
	{
		char text[48];

		snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)fence.context,
			 (unsigned long long)fence.seqno);
		EXPECT_STREQ(text, snap.fence);
	}
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence.id, DST_HARDIRQ, 0, 0));
	EXPECT_EQ(0, st_query(self->w.ctx[0], FD, &info, 1));
}

/* Holders first, then waiters; more than there is room for are counted. */
TEST_F(look, holders_come_before_waiters)
{
	struct dmabuf_sync_info infos[5];
	unsigned int i;

	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, R, 10, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[1], FD, R, 0, 100, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[2], FD, W, 0, 15, QUEUE));
	ASSERT_LE(0, st_lock(self->w.ctx[3], FD, R, 0, 5, QUEUE));
	ASSERT_EQ(4, st_query(self->w.ctx[4], FD, infos, 5));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(i < 2 ? DMABUF_SYNC_STATE_ACQUIRED : DMABUF_SYNC_STATE_QUEUED,
			  infos[i].state);
	memset(infos, 0, sizeof(infos));
	EXPECT_EQ(4, st_query(self->w.ctx[4], FD, infos, 3));
	EXPECT_NE(0, infos[2].access_id);
	EXPECT_EQ(0, infos[3].access_id);
	EXPECT_EQ(4, st_query(self->w.ctx[4], FD, NULL, 0));
}

/* Many readers, a byte each. */
static int hold_bytes(struct st_world *w, unsigned int nr_sets)
{
	struct dmabuf_sync_access entries[DMABUF_SYNC_MAX_SET];
	unsigned int i;
	long set;

	for (i = 0; i < DMABUF_SYNC_MAX_SET; i++)
		entries[i] = st_access(w->buf[0].fd, R, i, 1);
	for (i = 0; i < nr_sets; i++) {
		set = st_lock_set(w->ctx[i % 2], entries, DMABUF_SYNC_MAX_SET, 0);
		if (set < 0)
			return set;
	}
	return 0;
}

static int compare_infos(const void *a, const void *b)
{
	const struct dmabuf_sync_info *left = a, *right = b;

	return left->access_id < right->access_id ? -1 : left->access_id > right->access_id;
}

/* Return: how many different accesses there are. */
static unsigned int count_different(struct dmabuf_sync_info *infos, unsigned int nr)
{
	unsigned int i, different = !!nr;

	qsort(infos, nr, sizeof(*infos), compare_infos);
	for (i = 1; i < nr; i++)
		different += infos[i].access_id != infos[i - 1].access_id;
	return different;
}

/* One call has a limit, so that it ends soon. It tells the whole number; the next one goes on. */
TEST_F_TIMEOUT(look, query_fills_its_maximum_and_goes_on, 120)
{
	const unsigned int all = 5 * DMABUF_SYNC_MAX_INFOS;
	struct dmabuf_sync_info *infos = calloc(all + 1, sizeof(*infos));
	struct dmabuf_sync_query query = st_query_of(FD, infos, all);
	unsigned int nr = 0, calls = 0;

	ASSERT_NE(NULL, infos);
	ASSERT_EQ(0, hold_bytes(&self->w, all / DMABUF_SYNC_MAX_SET));
	do {
		query.infos = (uintptr_t)(infos + nr);
		query.nr_infos = all + 1 - nr;
		ASSERT_EQ(0, st_query_call(self->w.ctx[4], &query));
		ASSERT_GE(DMABUF_SYNC_MAX_INFOS, query.nr_infos);
		EXPECT_EQ(all, query.nr_held);
		EXPECT_EQ(0, query.nr_queued);
		nr += query.nr_infos;
		calls++;
	} while (query.cursor.more);
	EXPECT_LE(5, calls);
	EXPECT_EQ(all, nr);
	EXPECT_EQ(all, count_different(infos, nr));
	free(infos);
}

/* Whatever the size of the pieces: nothing is left out, nothing comes twice. */
TEST_F(look, cursor_lists_each_access_once)
{
	struct dmabuf_sync_info infos[16];
	unsigned int piece, nr;

	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, R, 10, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[1], FD, R, 10, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[1], FD, W, 50, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[2], FD, W, 0, 15, QUEUE));
	ASSERT_LE(0, st_lock(self->w.ctx[3], FD, R, 0, 60, QUEUE));
	ASSERT_LE(0, st_lock(self->w.ctx[4], FD, W, 0, 60, QUEUE));
	for (piece = 1; piece <= 7; piece++) {
		struct dmabuf_sync_query query = st_query_of(FD, infos, 0);

		nr = 0;
		do {
			query.infos = (uintptr_t)(infos + nr);
			query.nr_infos = piece;
			ASSERT_EQ(0, st_query_call(self->w.ctx[5], &query));
			nr += query.nr_infos;
		} while (query.cursor.more && nr < 8);
		EXPECT_EQ(6, nr) TH_LOG("pieces of %u", piece);
		EXPECT_EQ(3, query.nr_held);
		EXPECT_EQ(3, query.nr_queued);
		EXPECT_EQ(6, count_different(infos, nr));
	}
}

/* What is gone is left out, what comes behind the place is there, the rest is listed once. */
TEST_F(look, cursor_survives_changes)
{
	struct dmabuf_sync_info infos[8];
	struct dmabuf_sync_query query = st_query_of(FD, infos, 2);
	long sets[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		sets[i] = st_lock(self->w.ctx[0], FD, R, 100 * i, 10, 0);
		ASSERT_LE(0, sets[i]);
	}
	ASSERT_EQ(0, st_query_call(self->w.ctx[1], &query));
	ASSERT_EQ(2, query.nr_infos);
	ASSERT_EQ(1, query.cursor.more);
	ASSERT_EQ(0, st_release(self->w.ctx[0], sets[1]));
	ASSERT_EQ(0, st_release(self->w.ctx[0], sets[2]));
	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, R, 400, 10, 0));
	query.nr_infos = 8;
	ASSERT_EQ(0, st_query_call(self->w.ctx[1], &query));
	ASSERT_EQ(2, query.nr_infos);
	EXPECT_EQ(0, query.cursor.more);
	EXPECT_EQ(300, infos[0].offset);
	EXPECT_EQ(400, infos[1].offset);
	EXPECT_EQ(3, query.nr_held);
}

/* h(R)  h(R)  w: W  r: R      w waits for both h, r for w alone; who holds waits for nobody. */
TEST_F(look, blockers_tell_who_waits_for_whom)
{
	struct dmabuf_sync_info infos[4], blockers[4];
	long held[2], w;

	held[0] = st_lock(self->w.ctx[0], FD, R, 0, 10, 0);
	held[1] = st_lock(self->w.ctx[1], FD, R, 5, 10, 0);
	w = st_lock_all(self->w.ctx[2], FD, W, QUEUE);
	ASSERT_LT(0, w);
	ASSERT_LE(0, st_lock_all(self->w.ctx[3], FD, R, QUEUE));
	ASSERT_EQ(4, st_query(self->w.ctx[4], FD, infos, 4));
	EXPECT_EQ(-ENOENT, st_query_blockers(self->w.ctx[4], FD, &infos[0], blockers, 4));
	/* Writers are listed before readers. */
	ASSERT_EQ(W, infos[2].mode);
	ASSERT_EQ(2, st_query_blockers(self->w.ctx[4], FD, &infos[2], blockers, 4));
	EXPECT_EQ(infos[0].access_id, blockers[0].access_id);
	EXPECT_EQ(infos[1].owner_id, blockers[1].owner_id);
	EXPECT_EQ(1, st_query_blockers(self->w.ctx[4], FD, &infos[2], blockers, 1));
	ASSERT_EQ(1, st_query_blockers(self->w.ctx[4], FD, &infos[3], blockers, 4));
	EXPECT_EQ(infos[2].access_id, blockers[0].access_id);
	EXPECT_EQ(DMABUF_SYNC_STATE_QUEUED, blockers[0].state);
	EXPECT_EQ(w, blockers[0].set);
	/* Acquired: it waits no more. */
	ASSERT_EQ(0, st_release(self->w.ctx[0], held[0]));
	ASSERT_EQ(0, st_release(self->w.ctx[1], held[1]));
	EXPECT_EQ(-ENOENT, st_query_blockers(self->w.ctx[4], FD, &infos[2], blockers, 4));
	ASSERT_EQ(1, st_query_blockers(self->w.ctx[4], FD, &infos[3], blockers, 4));
	EXPECT_EQ(DMABUF_SYNC_STATE_ACQUIRED, blockers[0].state);
}

/* The list of what is in the way goes on, too: a writer waits for a crowd of readers. */
TEST_F(look, blockers_are_listed_in_pieces)
{
	const unsigned int all = 2 * DMABUF_SYNC_MAX_SET;
	struct dmabuf_sync_info *infos = calloc(all + 8, sizeof(*infos)), waiter;
	struct dmabuf_sync_query query = st_query_of(FD, infos, 0);
	unsigned int nr = 0;

	ASSERT_NE(NULL, infos);
	ASSERT_EQ(0, hold_bytes(&self->w, 2));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], FD, W, QUEUE));
	ASSERT_EQ(all + 1, st_query(self->w.ctx[4], FD, infos, all + 1));
	waiter = infos[all];
	ASSERT_EQ(DMABUF_SYNC_STATE_QUEUED, waiter.state);
	query.flags = DMABUF_SYNC_QUERY_BLOCKERS;
	query.access_id = waiter.access_id;
	query.offset = waiter.offset;
	do {
		query.infos = (uintptr_t)(infos + nr);
		query.nr_infos = 7;
		ASSERT_EQ(0, st_query_call(self->w.ctx[4], &query));
		nr += query.nr_infos;
	} while (query.cursor.more && nr <= all);
	EXPECT_EQ(0, query.cursor.more) TH_LOG("%u listed", nr);
	EXPECT_EQ(all, nr);
	EXPECT_EQ(all, count_different(infos, nr));
	free(infos);
}

/* The accesses of a set are told from others, by the number that its context knows. */
TEST_F(look, sets_are_told_apart)
{
	struct dmabuf_sync_access both[] = {
		st_access(FD, R, 0, 10), st_access(self->w.buf[1].fd, W, 0, 10),
	};
	long set = st_lock_set(self->w.ctx[0], both, 2, 0), other, job;
	struct dmabuf_sync_info info[3], second;

	ASSERT_LT(0, set);
	other = st_lock(self->w.ctx[0], FD, R, 20, 10, 0);
	job = st_sync_locked(self->w.test, FD, DMA_BUF_ACCESS_DMA_R, 30, 10, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(3, st_query(self->w.ctx[1], FD, info, 3));
	ASSERT_EQ(1, st_query(self->w.ctx[1], self->w.buf[1].fd, &second, 1));
	EXPECT_EQ(set, info[0].set);
	EXPECT_EQ(set, second.set);
	EXPECT_EQ(info[0].set_id, second.set_id);
	EXPECT_NE(info[0].access_id, second.access_id);
	EXPECT_EQ(other, info[1].set);
	EXPECT_NE(info[0].set_id, info[1].set_id);
	EXPECT_EQ(0, info[2].set);
	EXPECT_NE(info[1].set_id, info[2].set_id);
}

/* A caller with a larger struct dmabuf_sync_info keeps its stride, and finds zeroes in it. */
TEST_F(look, query_keeps_the_callers_stride)
{
	struct {
		struct dmabuf_sync_info info;
		uint64_t more[2];
	} infos[3];
	struct dmabuf_sync_query query = {
		.size = sizeof(query), .fd = FD, .info_size = sizeof(infos[0]),
		.infos = (uintptr_t)infos, .nr_infos = 2,
	};

	memset(infos, 0xff, sizeof(infos));
	ASSERT_LE(0, st_lock(self->w.ctx[0], FD, R, 10, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[1], FD, R, 20, 10, 0));
	ASSERT_EQ(0, ioctl(self->w.ctx[0], DMABUF_SYNC_IOC_QUERY, &query));
	EXPECT_EQ(2, query.nr_infos);
	EXPECT_EQ(30, infos[0].info.offset + infos[1].info.offset);
	EXPECT_EQ(0, infos[0].more[0]);
	EXPECT_EQ(0, infos[1].more[1]);
	EXPECT_EQ(UINT64_MAX, infos[2].info.access_id);
}

/* Who is in another pid namespace is not named by a number that means nothing there. */
TEST_F(look, pids_are_those_of_the_callers_namespace)
{
	int *ok = st_shared(sizeof(*ok));
	pid_t pid;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], FD, R, 0));
	pid = st_fork();
	if (!pid) {
		pid_t inner;

		if (unshare(CLONE_NEWPID))
			_exit(1);
		inner = fork();
		if (!inner) {
			int ctx = st_context_open();
			struct dmabuf_sync_info infos[2];
			int own;

			if (st_lock_all(ctx, FD, R, 0) < 0 ||
			    st_query(ctx, FD, infos, 2) != 2)
				_exit(1);
			own = infos[0].tgid ? 0 : 1;
			*ok = infos[own].tgid == 1 && infos[own].tid == 1 &&
			      infos[!own].tgid == 0 && infos[!own].tid == 0;
			_exit(0);
		}
		waitpid(inner, NULL, 0);
		_exit(0);
	}
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_EQ(1, *ok);
	munmap(ok, sizeof(*ok));
}

/* The number of a process that is gone may be another's by now. */
TEST_F(look, process_that_is_gone_has_no_number)
{
	struct dmabuf_sync_info info;
	int sock[2], ctx, status;
	siginfo_t end = { 0 };
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = st_fork();
	if (!pid) {
		ctx = st_context_open();
		_exit(st_lock_all(ctx, FD, R, 0) < 0 || st_fd_send(sock[1], ctx));
	}
	ctx = st_fd_receive(sock[0]);
	ASSERT_LE(0, ctx);
	/* A zombie keeps its number. */
	ASSERT_EQ(0, waitid(P_PID, pid, &end, WEXITED | WNOWAIT));
	ASSERT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ((uint32_t)pid, info.tgid);
	EXPECT_EQ((uint32_t)pid, info.tid);
	status = st_child_wait(pid);
	EXPECT_EQ(0, status);
	ASSERT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ(0, info.tgid);
	EXPECT_EQ(0, info.tid);
	close(ctx);
	close(sock[0]);
	close(sock[1]);
}

static pid_t fork_with_number(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* Another process gets the number of the dead opener: it has nothing to do with the lock. */
TEST_F(look, stranger_with_the_number_of_a_dead_opener_is_not_named)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct dmabuf_sync_info info;
	pid_t opener, stranger;
	int sock[2], ctx;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	opener = st_fork();
	if (!opener) {
		ctx = st_context_open();
		_exit(st_lock_all(ctx, FD, R, 0) < 0 || st_fd_send(sock[1], ctx));
	}
	ctx = st_fd_receive(sock[0]);
	ASSERT_LE(0, ctx);
	ASSERT_EQ(0, st_child_wait(opener));
	stranger = fork_with_number(opener);
	if (!stranger) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(opener, stranger);
	EXPECT_EQ(1, st_query(self->w.ctx[0], FD, &info, 1));
	EXPECT_EQ(0, info.tgid);
	EXPECT_EQ(0, info.tid);
	EXPECT_NE(0, info.owner_id);
	EXPECT_EQ(0, fcntl(FD, F_GETLK, &lock));
	EXPECT_EQ(F_RDLCK, lock.l_type);
	EXPECT_EQ(-1, lock.l_pid);
	kill(stranger, SIGKILL);
	EXPECT_EQ(SIGKILL, st_child_wait(stranger));
	close(ctx);
	close(sock[0]);
	close(sock[1]);
}

TEST_F(look, thread_that_is_gone_has_no_number)
{
	struct dmabuf_sync_info info = { 0 };
	struct st_call call;

	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], FD, R, 0, TO_END));
	ASSERT_LE(0, st_call_end(&call));
	/* pthread_join() returns a little before the thread's end. */
	EXPECT_TRUE(ST_UNTIL(st_query(self->w.ctx[1], FD, &info, 1) == 1 && !info.tid));
	EXPECT_EQ((uint32_t)getpid(), info.tgid);
}

TEST_HARNESS_MAIN
