// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queued sets, from the hand-over to the end: what only their user waits for is done by the task
 * that reads the event. Their windows are opened there, and nowhere else; what goes wrong there is
 * the event's result; nothing is lost when the reader goes, and nothing stays held.
 *
 *	holder	|-- W --|
 *	queued	     |..|- held -|- read(): window -|
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

/* Long enough to find a reader in the exporter. */
#define SLOW_MS	400

FIXTURE(queued)
{
	struct st_world w;
	struct st_buffer buf;
	int test, *ctx;
};

FIXTURE_SETUP(queued)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->test = self->w.test;
	self->ctx = self->w.ctx;
	ASSERT_EQ(0, st_buffer_test(self->test, &self->buf, 4 * ST_PAGE, O_RDWR));
}

static int windows(FIXTURE_DATA(queued) *self, bool open)
{
	struct dst_count count;
	int begun, ended;

	if (st_buffer_count(self->test, &self->buf, &count))
		return -1;
	begun = count.begin[0] + count.begin[1] + count.begin[2];
	ended = count.end[0] + count.end[1] + count.end[2];
	return open ? begun - ended : begun;
}

FIXTURE_TEARDOWN(queued)
{
	EXPECT_TRUE(st_world_close(&self->w));
	self->test = st_test_open();
	EXPECT_TRUE(ST_UNTIL(windows(self, true) == 0));
	close(self->test);
	st_buffer_close(&self->buf);
}

/*
 * Sets of @ctx that had to wait and are held now, one per page; nobody has read their events, which
 * come in any order.
 */
static int queue_pages(FIXTURE_DATA(queued) *self, int ctx, long *sets, int nr)
{
	long held = st_lock_all(self->ctx[7], self->buf.fd, W, TRY);
	int i;

	if (held < 0)
		return held;
	for (i = 0; i < nr; i++) {
		sets[i] = st_lock(self->ctx[ctx], self->buf.fd, W, i * ST_PAGE, ST_PAGE, QUEUE);
		if (sets[i] < 0)
			return sets[i];
	}
	return st_release(self->ctx[7], held);
}

static long other_than(const long *sets, long set)
{
	return sets[0] + sets[1] - set;
}

struct reader {
	int ctx, result;
	struct dmabuf_sync_event event;
	pthread_t thread;
	pid_t tid;
	bool done;
};

static void *read_event(void *arg)
{
	struct reader *reader = arg;
	ssize_t ret;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	ret = read(reader->ctx, &reader->event, sizeof(reader->event));
	reader->result = ret < 0 ? -errno : 0;
	__atomic_store_n(&reader->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static int reader_start(struct reader *reader, int ctx)
{
	*reader = (struct reader){ .ctx = ctx };
	return -pthread_create(&reader->thread, NULL, read_event, reader);
}

static bool reader_sleeps(const struct reader *reader)
{
	pid_t tid = __atomic_load_n(&reader->tid, __ATOMIC_ACQUIRE);
	char state = tid ? st_task_state(tid) : 0;

	return state == 'S' || state == 'D';
}

static int reader_end(struct reader *reader)
{
	pthread_join(reader->thread, NULL);
	return reader->result;
}

TEST_F(queued, read_opens_the_window)
{
	long set;

	ASSERT_EQ(0, queue_pages(self, 0, &set, 1));
	EXPECT_TRUE(st_event_pending(self->ctx[0], ST_SOON_MS));
	EXPECT_EQ(1, st_query_count(self->ctx[1], self->buf.fd, DMABUF_SYNC_STATE_ACQUIRED));
	EXPECT_EQ(1, windows(self, false));
	EXPECT_EQ(0, st_event_result(self->ctx[0], set));
	EXPECT_EQ(2, windows(self, false));
	EXPECT_EQ(1, windows(self, true));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, windows(self, true));
}

TEST_F(queued, close_opens_no_window)
{
	long sets[2];

	ASSERT_EQ(0, queue_pages(self, 0, sets, 2));
	st_context_reopen(&self->ctx[0]);
	EXPECT_EQ(1, windows(self, false));
	EXPECT_LE(0, st_lock_all(self->ctx[1], self->buf.fd, W, TRY));
}

TEST_F(queued, cancel_opens_no_window)
{
	long sets[2];

	ASSERT_EQ(0, queue_pages(self, 0, sets, 2));
	EXPECT_EQ(0, st_release(self->ctx[0], sets[0]));
	EXPECT_EQ(1, windows(self, false));
	EXPECT_EQ(0, st_event_result(self->ctx[0], sets[1]));
	EXPECT_FALSE(st_event_pending(self->ctx[0], 0));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->ctx[1], self->buf.fd, W, TRY));
	EXPECT_EQ(0, st_release(self->ctx[0], sets[1]));
}

/* What the exporter says is the result of that event; the access is over, others are not. */
TEST_F(queued, exporter_that_fails_fails_the_set)
{
	struct dmabuf_sync_event event;
	long sets[2];

	ASSERT_EQ(0, queue_pages(self, 0, sets, 2));
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->buf, 1, -EIO, 0));
	ASSERT_EQ(0, st_event_read(self->ctx[0], &event, ST_SOON_MS));
	EXPECT_EQ(-EIO, event.result);
	EXPECT_EQ(-ENOENT, st_release(self->ctx[0], event.set));
	EXPECT_LE(0, st_lock(self->ctx[1], self->buf.fd, W, event.set == sets[1] ? ST_PAGE : 0,
			     ST_PAGE, TRY));
	EXPECT_EQ(0, st_event_result(self->ctx[0], other_than(sets, event.set)));
	EXPECT_EQ(0, st_release(self->ctx[0], other_than(sets, event.set)));
}

/* A pointer that faults loses neither the event nor the window. */
TEST_F(queued, faulting_read_opens_it_once)
{
	void *nowhere = mmap(NULL, ST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long set;

	ASSERT_NE(MAP_FAILED, nowhere);
	ASSERT_EQ(0, queue_pages(self, 0, &set, 1));
	EXPECT_EQ(-1, read(self->ctx[0], nowhere, sizeof(struct dmabuf_sync_event)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, st_event_result(self->ctx[0], set));
	EXPECT_EQ(2, windows(self, false));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
}

static void ignore(int signal __attribute__((unused)))
{
}

/*
 *	first reader	|-- in the exporter --|
 *	second reader	   |-- waits --x signal
 */
TEST_F(queued, signal_leaves_the_event)
{
	struct sigaction action = { .sa_handler = ignore };
	struct reader first, second;
	long sets[2];

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, queue_pages(self, 0, sets, 2));
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->buf, 0, 0, SLOW_MS));
	ASSERT_EQ(0, reader_start(&first, self->ctx[0]));
	ASSERT_TRUE(ST_UNTIL(reader_sleeps(&first)));
	ASSERT_EQ(0, reader_start(&second, self->ctx[0]));
	ASSERT_TRUE(ST_UNTIL(reader_sleeps(&second)));
	EXPECT_EQ(0, pthread_kill(second.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, reader_end(&second));
	EXPECT_FALSE(__atomic_load_n(&first.done, __ATOMIC_ACQUIRE));
	EXPECT_EQ(0, reader_end(&first));
	EXPECT_EQ(0, st_event_result(self->ctx[0], other_than(sets, first.event.set)));
}

TEST_F(queued, two_readers_get_one_event_each)
{
	struct reader readers[2];
	long sets[2];
	int i;

	ASSERT_EQ(0, queue_pages(self, 0, sets, 2));
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->buf, 0, 0, 20));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, reader_start(&readers[i], self->ctx[0]));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, reader_end(&readers[i]));
	EXPECT_NE(readers[0].event.set, readers[1].event.set);
	EXPECT_EQ(3, windows(self, false));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, st_release(self->ctx[0], sets[i]));
}

/* A release of the set whose window is just being opened waits for that, and takes the event. */
TEST_F(queued, release_beside_the_reader)
{
	struct reader reader;
	long set, other;

	ASSERT_EQ(0, queue_pages(self, 0, &set, 1));
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->buf, 0, 0, SLOW_MS));
	ASSERT_EQ(0, reader_start(&reader, self->ctx[0]));
	ASSERT_TRUE(ST_UNTIL(reader_sleeps(&reader)));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	other = st_lock_all(self->ctx[0], self->w.buf[0].fd, W, QUEUE);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, reader_end(&reader));
	EXPECT_EQ(other, reader.event.set);
	EXPECT_EQ(0, windows(self, true));
	EXPECT_EQ(0, st_release(self->ctx[0], other));
}

/*
 * Death in the middle of it: the child waits behind the parent's reader, in its own read() on the
 * same context.
 */
TEST_F(queued, killed_reader_leaves_the_event)
{
	struct dmabuf_sync_event event;
	struct reader first;
	long sets[2];
	pid_t pid;

	ASSERT_EQ(0, queue_pages(self, 0, sets, 2));
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->buf, 0, 0, SLOW_MS));
	ASSERT_EQ(0, reader_start(&first, self->ctx[0]));
	ASSERT_TRUE(ST_UNTIL(reader_sleeps(&first)));
	pid = st_fork();
	if (!pid) {
		while (read(self->ctx[0], &event, sizeof(event)) != -1)
			;
		_exit(0);
	}
	ASSERT_TRUE(ST_UNTIL(st_task_state(pid) == 'S'));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_EQ(0, reader_end(&first));
	EXPECT_EQ(0, st_event_result(self->ctx[0], other_than(sets, first.event.set)));
}

/* The owner dies with events that nobody has read, and with one that is being read. */
TEST_F(queued, killed_owner_leaves_nothing)
{
	struct dmabuf_sync_event event;
	int ctx;
	pid_t pid;
	long held = st_lock_all(self->ctx[7], self->buf.fd, W, TRY), i;

	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->buf, 0, 0, SLOW_MS));
	pid = st_fork();
	if (!pid) {
		ctx = st_context_open();
		for (i = 0; i < 4; i++)
			st_lock(ctx, self->buf.fd, W, i * ST_PAGE, ST_PAGE, QUEUE);
		st_event_read(ctx, &event, ST_SOON_MS);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->buf.fd,
					    DMABUF_SYNC_STATE_QUEUED) == 4));
	EXPECT_EQ(0, st_release(self->ctx[7], held));
	EXPECT_EQ(4, st_query_count(self->ctx[1], self->buf.fd, DMABUF_SYNC_STATE_ACQUIRED));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_LE(0, st_lock_ms(self->ctx[1], self->buf.fd, W, 0, TO_END, ST_SOON_MS));
}

/* The event comes with the last fence of a stock driver, without a task that looks meanwhile. */
TEST_F(queued, fences_are_waited_for)
{
	long held = st_lock_all(self->ctx[7], self->buf.fd, W, TRY), set, fence;

	ASSERT_LE(0, held);
	set = st_lock_all(self->ctx[0], self->buf.fd, R, QUEUE);
	ASSERT_LE(0, set);
	fence = st_fence_stock(self->test, self->buf.fd, DST_USAGE_WRITE);
	ASSERT_LE(0, fence);
	EXPECT_EQ(0, st_release(self->ctx[7], held));
	EXPECT_FALSE(st_event_pending(self->ctx[0], ST_WHILE_MS));
	EXPECT_EQ(0, st_fence_signal(self->test, fence, DST_HARDIRQ, 0, 0));
	EXPECT_EQ(0, st_event_result(self->ctx[0], set));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
}

TEST_HARNESS_MAIN
