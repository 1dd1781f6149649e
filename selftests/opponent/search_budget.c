// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": a search for deadlocks costs the victim no more than its budget, whatever the
 * opponent has queued behind the buffer that both share, and what a short search does not find a
 * longer one does.
 *
 *	H	holds B1 .. B32
 *	many	queue W in each of these; one of them waits for the victim, too
 *	X	waits behind all of them, and before the victim
 */
#include <kselftest_harness.h>
#include <sys/resource.h>
#include <unistd.h>

#include "opponent.h"

/* Together within what a user may have queued (max_user_queued), with some to spare. */
#define NR_BUFS		32
#define NR_QUEUED	240
#define PATIENCE_MS	200

/* What kernel/effort.c gives a request at once, and for each millisecond. */
#define STEPS_AT_ONCE	65536
#define STEPS_PER_MS	1024

struct stage {
	int fd, own_fd, victim, err;
	bool holds, waits;	/* X has the shared buffer, or queues for it, too */
	int ready, go;
	int64_t took_ns, cpu_ns;
};

static struct st_buffer bufs[NR_BUFS];

static long queue_crowd(int fd)
{
	int ctx = st_context_open();
	unsigned int i;
	long set = 0;

	for (i = 0; i < NR_QUEUED && set >= 0; i++)
		set = st_lock_all(ctx, fd, W, QUEUE);
	return set;
}

static long crowd_make(void)
{
	int holder = st_context_open();
	unsigned int i;
	long ret = 0;

	for (i = 0; i < NR_BUFS && ret >= 0; i++) {
		ret = op_buffer(&bufs[i], ST_PAGE);
		if (ret >= 0)
			ret = st_lock_all(holder, bufs[i].fd, W, 0);
	}
	return ret;
}

/* One waits for the victim, in the middle of all: who reaches it has to look for a while. */
static long link_queue(struct stage *stage)
{
	struct dmabuf_sync_access both[] = {
		st_access(stage->own_fd, W, 0, TO_END),
		st_access(bufs[NR_BUFS / 2].fd, W, 0, TO_END),
	};

	return st_lock_set(st_context_open(), both, 2, QUEUE);
}

static long last_queue(struct stage *stage, int ctx)
{
	struct dmabuf_sync_access all[NR_BUFS + 1];
	unsigned int i;

	for (i = 0; i < NR_BUFS; i++)
		all[i] = st_access(bufs[i].fd, W, 0, TO_END);
	all[NR_BUFS] = st_access(stage->fd, W, 0, TO_END);
	return st_lock_set(ctx, all, NR_BUFS + stage->waits, QUEUE);
}

static int play_opponent(void *arg)
{
	struct stage *stage = arg;
	int ctx = st_context_open();
	unsigned int i;
	long ret = crowd_make();

	if (ret >= 0 && stage->waits)
		ret = link_queue(stage);
	for (i = 0; i < NR_BUFS && ret >= 0; i++)
		ret = queue_crowd(bufs[i].fd);
	if (ret >= 0)
		ret = last_queue(stage, ctx);
	if (ret >= 0 && stage->holds)
		ret = st_lock_all(ctx, stage->fd, R, 0);
	stage->err = ret < 0 ? ret : 0;
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, 12 * ST_SOON_MS);
	return 0;
}

static int64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_stime.tv_sec * ST_NSEC_PER_SEC + usage.ru_stime.tv_usec * 1000LL;
}

/* The victim, which holds its own buffer, asks for the shared one. */
static int play_victim(void *arg)
{
	struct stage *stage = arg;
	unsigned int ms = stage->waits ? 6 * ST_SOON_MS : PATIENCE_MS;
	int64_t begin = st_now_ns(), cpu = cpu_ns();
	long ret;

	ret = st_lock_ms(stage->victim, stage->fd, W, 0, TO_END, ms);
	stage->took_ns = st_now_ns() - begin;
	stage->cpu_ns = cpu_ns() - cpu;
	stage->err = ret < 0 ? ret : 0;
	return 0;
}

/* The same, but it goes on meanwhile, and reads what has come of its request. */
static int play_queuer(void *arg)
{
	struct stage *stage = arg;
	struct dmabuf_sync_event event;
	long set = st_lock_all(stage->victim, stage->fd, W, QUEUE);

	stage->err = set < 0 ? set : st_event_read(stage->victim, &event, 6 * ST_SOON_MS);
	if (!stage->err)
		stage->err = event.result;
	return 0;
}

FIXTURE(search)
{
	struct st_world w;
	struct st_buffer buf;
	struct stage *stage;
};

FIXTURE_SETUP(search)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	self->stage = st_shared(sizeof(*self->stage));
	self->stage->fd = self->buf.fd;
	self->stage->own_fd = self->w.buf[0].fd;
	self->stage->victim = self->w.ctx[0];
	ASSERT_LE(0, st_lock_all(self->stage->victim, self->stage->own_fd, W, TRY));
}

FIXTURE_TEARDOWN(search)
{
	st_buffer_close(&self->buf);
	EXPECT_TRUE(st_world_close(&self->w));
}

static pid_t opponent_start(struct stage *stage)
{
	pid_t pid = op_start(OP_OPPONENT, play_opponent, stage);

	return op_await(&stage->ready, 1, 6 * ST_SOON_MS * st_slowness()) ? pid : -ETIME;
}

/* X holds the shared buffer and waits behind all; the victim waits for X, for a while. */
TEST_F_TIMEOUT(search, costs_no_more_than_its_budget, 170)
{
	long most = STEPS_AT_ONCE + (PATIENCE_MS + 100 * st_slowness()) * STEPS_PER_MS, steps;
	pid_t pid;

	self->stage->holds = true;
	pid = opponent_start(self->stage);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, self->stage->err);
	op_count_reset(OP_EFFORT);
	EXPECT_EQ(0, op_end(op_start(OP_VICTIM, play_victim, self->stage)));
	EXPECT_EQ(-ETIMEDOUT, self->stage->err);
	EXPECT_GT(2 * PATIENCE_MS * st_slowness() * ST_NSEC_PER_MSEC, self->stage->took_ns);
	TH_LOG("took %lld ms, of the processor %lld ms",
	       (long long)(self->stage->took_ns / ST_NSEC_PER_MSEC),
	       (long long)(self->stage->cpu_ns / ST_NSEC_PER_MSEC));
	steps = op_count_read(OP_EFFORT);
	if (steps == -ENOENT)
		TH_LOG("steps are not counted: there is no %s", OP_EFFORT);
	else
		TH_LOG("%ld steps, at most %ld", steps, most);
	EXPECT_GE(most, steps);
	op_reach(&self->stage->go, 1);
	op_end(pid);
}

/* X queues for the shared buffer, and waits for the victim behind all: the victim overtakes. */
TEST_F_TIMEOUT(search, goes_on_when_there_is_more_to_search, 170)
{
	pid_t pid;

	self->stage->waits = true;
	pid = opponent_start(self->stage);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, self->stage->err);
	op_count_reset(OP_EFFORT);
	EXPECT_EQ(0, op_end_ms(op_start(OP_VICTIM, play_victim, self->stage), 7 * ST_SOON_MS));
	EXPECT_EQ(0, self->stage->err);
	TH_LOG("took %lld ms, of the processor %lld ms, %ld steps",
	       (long long)(self->stage->took_ns / ST_NSEC_PER_MSEC),
	       (long long)(self->stage->cpu_ns / ST_NSEC_PER_MSEC), op_count_read(OP_EFFORT));
	op_reach(&self->stage->go, 1);
	op_end(pid);
}

/* The victim does not sleep for it: nobody but the framework can think of the request. */
TEST_F_TIMEOUT(search, of_a_queued_request_goes_on_too, 170)
{
	pid_t pid;

	self->stage->waits = true;
	pid = opponent_start(self->stage);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, self->stage->err);
	EXPECT_EQ(0, op_end_ms(op_start(OP_VICTIM, play_queuer, self->stage), 7 * ST_SOON_MS));
	EXPECT_EQ(0, self->stage->err);
	op_reach(&self->stage->go, 1);
	op_end(pid);
}

TEST_HARNESS_MAIN
