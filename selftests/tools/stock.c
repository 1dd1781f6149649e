// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA_BUF_IOCTL_SYNC waits for fences without the framework knowing: of a stock driver, in a
 * buffer that nobody uses otherwise, and of a job of the framework.
 */
#include <kselftest_harness.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "tool.h"

#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define ALL	0, DMABUF_SYNC_TO_END
#define WAIT_MS	100

/* Calls that are kept at once, and some more. */
#define MAX_CALLS	1024
#define NR_MORE		10
#define NR_CALLS	(MAX_CALLS + NR_MORE)
#define STACK_SIZE	(64 << 10)

/* A call in a thread of its own. */
struct sync_call {
	pthread_t thread;
	int fd, tid;
	int64_t begin_ns, end_ns;
	int ret;
};

FIXTURE(stock)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *summary, *row;
	struct st_buffer *buf;
	struct sync_call call;
	struct dst_fence dst;
	long fence;
	bool running;
};

FIXTURE_SETUP(stock)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->buf = &self->w.buf[0];
	ASSERT_EQ(0, tool_attach(&self->tool));
	self->fence = st_fence_new(self->w.test, &self->dst);
	ASSERT_LE(0, self->fence);
}

static int sync_ioctl(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
}

static void *sync_thread(void *arg)
{
	struct sync_call *call = arg;

	tool_name("reader");
	call->begin_ns = st_now_ns();
	__atomic_store_n(&call->tid, gettid(), __ATOMIC_RELEASE);
	call->ret = sync_ioctl(call->fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	call->end_ns = st_now_ns();
	return NULL;
}

static bool sync_create(struct sync_call *call, int fd)
{
	pthread_attr_t attr;

	call->fd = fd;
	return !pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, STACK_SIZE) &&
	       !pthread_create(&call->thread, &attr, sync_thread, call);
}

/* It waits for the fence. */
static bool sync_waits(struct sync_call *call)
{
	return ST_UNTIL(__atomic_load_n(&call->tid, __ATOMIC_ACQUIRE) &&
			st_task_state(call->tid) == 'S');
}

static bool sync_start(struct sync_call *call, int fd)
{
	return sync_create(call, fd) && sync_waits(call);
}

#define START() do {							\
	ASSERT_TRUE(sync_start(&self->call, self->buf->fd));		\
	self->running = true;						\
} while (0)

#define STOP() do {							\
	ASSERT_EQ(0, st_fence_signal(self->w.test, self->fence, DST_HARDIRQ, 0, 0)); \
	ASSERT_EQ(0, pthread_join(self->call.thread, NULL));		\
	self->running = false;						\
	ASSERT_EQ(0, self->call.ret);					\
	EXPECT_EQ(0, sync_ioctl(self->buf->fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ)); \
} while (0)

#define LOOK() do {							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	self->summary = json_object_object_get(self->report, "summary"); \
	self->row = tool_row(self->report, "buffers", "ino", self->buf->ino); \
} while (0)

FIXTURE_TEARDOWN(stock)
{
	if (self->running)
		STOP();
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

static void fence_name(char *name, size_t size, const struct dst_fence *dst)
{
	snprintf(name, size, "%llu:%llu", (unsigned long long)dst->context,
		 (unsigned long long)dst->seqno);
}

static struct json_object *chain_row(struct json_object *report, size_t nr)
{
	return json_object_array_get_idx(json_object_object_get(report, "chains"), nr);
}

/* The fence is in the way, and nobody else. */
#define EXPECT_PAIR(nr_waiting, ns) do {				\
	struct json_object *_pairs = json_object_object_get(self->report, "pairs"), *_pair; \
									\
	ASSERT_EQ(1, json_object_array_length(_pairs));			\
	_pair = json_object_array_get_idx(_pairs, 0);			\
	EXPECT_EQ(self->dst.context, (uint64_t)tool_number(_pair, "holder_context")); \
	EXPECT_EQ(getpid(), tool_number(_pair, "waiter_tgid"));		\
	EXPECT_EQ(nr_waiting, tool_number(_pair, "waiting"));		\
	EXPECT_EQ(1, tool_number(_pair, "waits"));			\
	EXPECT_EQ(1, tool_number(_pair, "buffers"));			\
	EXPECT_EQ(ns, tool_number(_pair, "wait_ns"));			\
} while (0)

/* Nobody uses the framework for it: all there is to see of the buffer is this wait. */
TOOL_TEST(stock, wait_in_progress)
{
	struct json_object *chain;
	char fence[48];
	int64_t age_ns;

	ASSERT_EQ(0, st_fence_publish(self->w.test, self->fence, self->buf->fd, DST_USAGE_WRITE));
	START();
	st_sleep_ms(WAIT_MS);
	LOOK();
	ASSERT_NE(NULL, self->row);
	EXPECT_EQ(1, tool_number(self->row, "waiting"));
	EXPECT_EQ(1, tool_number(self->row, "syncs"));
	EXPECT_EQ(1, tool_number(self->row, "cpu_behind_dma"));
	EXPECT_EQ(0, tool_number(self->row, "acquired"));
	EXPECT_STREQ("udmabuf", tool_text(self->row, "exporter"));
	EXPECT_EQ(1, tool_number(self->summary, "waiting"));
	age_ns = tool_number(self->summary, "oldest_wait_ns");
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, age_ns);
	EXPECT_GE(st_now_ns() - self->call.begin_ns, age_ns);
	EXPECT_EQ(age_ns, tool_number(self->row, "sync_wait_ns"));
	EXPECT_PAIR(1, age_ns);
	/* The CPU would have worked. */
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, tool_number(self->summary, "cpu_for_dma_ns"));
	chain = chain_row(self->report, 0);
	ASSERT_NE(NULL, chain);
	fence_name(fence, sizeof(fence), &self->dst);
	EXPECT_STREQ("sync-wait", tool_text(chain, "state"));
	EXPECT_STREQ("sync", tool_text(chain, "kind"));
	EXPECT_STREQ("reader", tool_text(chain, "comm"));
	EXPECT_STREQ("r", tool_text(chain, "mode"));
	EXPECT_STREQ(fence, tool_text(chain, "fence"));
	EXPECT_EQ(self->call.tid, tool_number(chain, "tid"));
	EXPECT_EQ((int64_t)self->buf->ino, tool_number(chain, "ino"));
}

TOOL_TEST(stock, wait_that_is_over)
{
	ASSERT_EQ(0, st_fence_publish(self->w.test, self->fence, self->buf->fd, DST_USAGE_WRITE));
	START();
	st_sleep_ms(WAIT_MS);
	STOP();
	LOOK();
	ASSERT_NE(NULL, self->row);
	EXPECT_EQ(0, tool_number(self->row, "waiting"));
	EXPECT_EQ(1, tool_number(self->row, "syncs"));
	EXPECT_EQ(1, tool_number(self->row, "cpu_behind_dma"));
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, tool_number(self->row, "sync_wait_ns"));
	EXPECT_GE(self->call.end_ns - self->call.begin_ns,
		  tool_number(self->row, "sync_wait_ns"));
	EXPECT_EQ(tool_number(self->row, "sync_wait_ns"),
		  tool_number(self->summary, "sync_wait_ns"));
	EXPECT_EQ(tool_number(self->row, "sync_wait_ns"), tool_number(self->row, "wait_max_ns"));
	EXPECT_PAIR(0, tool_number(self->row, "sync_wait_ns"));
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, tool_number(self->row, "cpu_for_dma_ns"));
	EXPECT_EQ(NULL, chain_row(self->report, 0));
}

/* One that need not wait is not a wait, and its buffer is not one of the framework's. */
TOOL_TEST(stock, no_wait)
{
	ASSERT_EQ(0, sync_ioctl(self->buf->fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	ASSERT_EQ(0, sync_ioctl(self->buf->fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	LOOK();
	EXPECT_EQ(NULL, self->row);
	EXPECT_EQ(0, tool_number(self->summary, "syncs"));
}

/* The fence is that of a job: it is the root, and the call waits behind it. */
TOOL_TEST(stock, wait_behind_a_job)
{
	struct json_object *chain;
	char fence[48];
	long job;

	job = st_sync_locked(self->w.test, self->buf->fd, DMA_W, ALL, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, self->fence));
	START();
	LOOK();
	ASSERT_NE(NULL, self->row);
	EXPECT_EQ(1, tool_number(self->row, "acquired"));
	EXPECT_EQ(1, tool_number(self->row, "waiting"));
	chain = chain_row(self->report, 0);
	ASSERT_NE(NULL, chain);
	fence_name(fence, sizeof(fence), &self->dst);
	EXPECT_STREQ("runs", tool_text(chain, "state"));
	EXPECT_STREQ(fence, tool_text(chain, "fence"));
	EXPECT_EQ(1, tool_number(chain, "blocks"));
	chain = chain_row(self->report, 1);
	ASSERT_NE(NULL, chain);
	EXPECT_STREQ("sync-wait", tool_text(chain, "state"));
	EXPECT_STREQ("reader", tool_text(chain, "comm"));
	EXPECT_EQ(1, tool_number(chain, "depth"));
	EXPECT_EQ(NULL, chain_row(self->report, 2));
}

/* More calls than are kept: the others are counted as lost, and those kept are right. */
TOOL_TEST(stock, more_calls_than_are_kept)
{
	static struct sync_call calls[NR_CALLS];
	unsigned int i;

	ASSERT_EQ(0, st_fence_publish(self->w.test, self->fence, self->buf->fd, DST_USAGE_WRITE));
	/* One after the other: a program is not run for a call that interrupts it. */
	for (i = 0; i < NR_CALLS; i++) {
		ASSERT_TRUE(sync_create(&calls[i], self->buf->fd));
		ASSERT_TRUE(sync_waits(&calls[i]));
	}
	LOOK();
	ASSERT_EQ(0, st_fence_signal(self->w.test, self->fence, DST_HARDIRQ, 0, 0));
	for (i = 0; i < NR_CALLS; i++)
		ASSERT_EQ(0, pthread_join(calls[i].thread, NULL));
	EXPECT_EQ(MAX_CALLS, tool_number(self->row, "waiting"));
	EXPECT_EQ(MAX_CALLS, tool_number(self->row, "cpu_behind_dma"));
	EXPECT_EQ(NR_MORE, tool_number(self->summary, "lost_accesses"));
}

TEST_HARNESS_MAIN
