// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filters: rows and totals are of what passes, and what does not is shown where it is in the way
 * of what does.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "tool.h"

#define W		DMA_BUF_ACCESS_W
#define R		DMA_BUF_ACCESS_R
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE

#define NR_A		5
#define NR_B		3
#define HOLD_MS		20

FIXTURE(filter)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
	char number[32];
};

FIXTURE_SETUP(filter)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(filter)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define END() do {							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
} while (0)

#define NUMBER(value) ({						\
	snprintf(self->number, sizeof(self->number), "%llu",		\
		 (unsigned long long)(value));				\
	self->number;							\
})

struct thread {
	pthread_t thread;
	int ctx;
	const struct st_buffer *buf;
	int ret;
};

static void *thread_use(void *arg)
{
	struct thread *thread = arg;

	thread->ret = tool_use("B", thread->ctx, thread->buf, NR_B);
	return NULL;
}

#define EXPECT_USED(nr, object) do {					\
	EXPECT_EQ(nr, tool_number(object, "acquired"));			\
	EXPECT_EQ(0, tool_number(object, "failed"));			\
} while (0)

/* Two threads of one process. */
TOOL_TEST(filter, thread)
{
	struct thread b = { .ctx = self->w.ctx[1], .buf = &self->w.buf[1] };

	ASSERT_EQ(0, tool_attach(&self->tool, "--tid", NUMBER(gettid())));
	ASSERT_EQ(0, pthread_create(&b.thread, NULL, thread_use, &b));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, pthread_join(b.thread, NULL));
	ASSERT_EQ(0, b.ret);
	END();
	EXPECT_USED(NR_A, json_object_object_get(self->report, "summary"));
	ASSERT_EQ(1, tool_nr_rows(self->report, "buffers"));
	EXPECT_USED(NR_A, tool_row(self->report, "buffers", "ino", self->w.buf[0].ino));
}

/* A name that begins with that of another one is not that one. */
TOOL_TEST(filter, name_of_a_thread)
{
	ASSERT_EQ(0, tool_attach(&self->tool, "--comm", "A"));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("AB", self->w.ctx[0], &self->w.buf[0], NR_B));
	ASSERT_EQ(0, tool_use("B", self->w.ctx[1], &self->w.buf[1], NR_B));
	END();
	EXPECT_USED(NR_A, json_object_object_get(self->report, "summary"));
	ASSERT_EQ(1, tool_nr_rows(self->report, "buffers"));
	EXPECT_USED(NR_A, tool_row(self->report, "buffers", "ino", self->w.buf[0].ino));
	EXPECT_EQ(NR_A, tool_number(tool_row(self->report, "buffers", "ino", self->w.buf[0].ino),
				    "released"));
}

/*
 *   A ──> B          A passes, B is in its way: its wait counts, and both are in the chain
 *   C ──> A          what C does is no matter
 */
#define EXPECT_ONLY_A() do {						\
	struct json_object *_row, *_chains;				\
									\
	_row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino); \
	ASSERT_NE(NULL, _row);						\
	EXPECT_EQ(1, tool_number(_row, "cpu_behind_cpu"));		\
	EXPECT_EQ(100, tool_real(_row, "contended_percent"));		\
	EXPECT_EQ(0, tool_number(_row, "acquired"));			\
	EXPECT_EQ(1, tool_summary(self->report, "waiting"));		\
	EXPECT_EQ(0, tool_summary(self->report, "cpu_held"));		\
	EXPECT_EQ(1, tool_number(_row, "held"));			\
	_chains = json_object_object_get(self->report, "chains");	\
	ASSERT_EQ(2, json_object_array_length(_chains));		\
	EXPECT_STREQ("B", tool_text(json_object_array_get_idx(_chains, 0), "comm")); \
	EXPECT_STREQ("A", tool_text(json_object_array_get_idx(_chains, 1), "comm")); \
} while (0)

#define MAKE_CHAIN() do {						\
	tool_name("B");							\
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[0].fd, W, 0)); \
	tool_name("A");							\
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, QUEUE)); \
	tool_name("C");							\
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[0].fd, W, QUEUE)); \
} while (0)

TOOL_TEST(filter, waits_of_a_thread_show_who_is_in_the_way)
{
	ASSERT_EQ(0, tool_attach(&self->tool, "--comm", "A"));
	MAKE_CHAIN();
	END();
	EXPECT_ONLY_A();
}

TOOL_TEST(filter, waits_from_before_the_start)
{
	close(self->w.ctx[0]);
	self->w.ctx[0] = tool_actor("A");
	close(self->w.ctx[1]);
	self->w.ctx[1] = tool_actor("B");
	MAKE_CHAIN();
	ASSERT_EQ(0, tool_attach(&self->tool, "--comm", "A"));
	END();
	EXPECT_ONLY_A();
}

/* The wait ends while the tool looks: it counts for who waited, not for who had it. */
TOOL_TEST(filter, waits_that_are_over)
{
	long a, b;

	ASSERT_EQ(0, tool_attach(&self->tool, "--comm", "A"));
	tool_name("B");
	b = st_lock_all(self->w.ctx[1], self->w.buf[0].fd, W, 0);
	tool_name("A");
	a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, QUEUE);
	tool_name("B");
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->w.ctx[1], b));
	ASSERT_EQ(0, st_event_result(self->w.ctx[0], a));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[0].fd, R, QUEUE));
	END();
	EXPECT_EQ(1, tool_summary(self->report, "acquired"));
	EXPECT_EQ(100, tool_real(json_object_object_get(self->report, "summary"),
				 "contended_percent"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC,
		  tool_number(tool_row(self->report, "buffers", "ino", self->w.buf[0].ino),
			      "wait_max_ns"));
}

TOOL_TEST(filter, number_of_a_buffer)
{
	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", NUMBER(self->w.buf[1].ino)));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[1], NR_B));
	END();
	ASSERT_EQ(1, tool_nr_rows(self->report, "buffers"));
	EXPECT_USED(NR_B, json_object_object_get(self->report, "summary"));
}

static int name_buffer(const struct st_buffer *buf, const char *name)
{
	return ioctl(buf->fd, DMA_BUF_SET_NAME_B, name);
}

/* Buffers 0 and 1 are called so, buffer 2 is not; all of them are used. */
#define EXPECT_FRAMES() do {						\
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));	\
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[1], NR_A));	\
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[2], NR_B));	\
	END();								\
	ASSERT_EQ(2, tool_nr_rows(self->report, "buffers"));			\
	EXPECT_USED(2 * NR_A, json_object_object_get(self->report, "summary")); \
	EXPECT_USED(NR_A, tool_row(self->report, "buffers", "ino", self->w.buf[0].ino)); \
	EXPECT_USED(NR_A, tool_row(self->report, "buffers", "ino", self->w.buf[1].ino)); \
} while (0)

#define NAME_FRAMES() do {						\
	ASSERT_EQ(0, name_buffer(&self->w.buf[0], "frame 1"));		\
	ASSERT_EQ(0, name_buffer(&self->w.buf[1], "frame 2"));		\
	ASSERT_EQ(0, name_buffer(&self->w.buf[2], "stats frame"));	\
} while (0)

TOOL_TEST(filter, names_of_buffers_that_come)
{
	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", "frame*"));
	NAME_FRAMES();
	EXPECT_FRAMES();
}

/*
 * Another buffer that fits, and that nobody uses but by a call, takes the only place: the one
 * that was seen has lost it, and that is said.
 */
TOOL_TEST(filter, more_buffers_fit_than_there_is_room_for)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };

	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", "frame*", "--max-buffers", "1"));
	NAME_FRAMES();
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, ioctl(self->w.buf[1].fd, DMA_BUF_IOCTL_SYNC, &sync));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_B));
	END();
	sync.flags |= DMA_BUF_SYNC_END;
	ASSERT_EQ(0, ioctl(self->w.buf[1].fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(1, tool_summary(self->report, "lost_buffers"));
	EXPECT_USED(NR_A, json_object_object_get(self->report, "summary"));
	EXPECT_USED(NR_A, tool_row(self->report, "buffers", "ino", self->w.buf[0].ino));
}

/* Far more than it takes. */
#define MAX_WINDOWS	60

/* Read windows up to one in which this number of the summary is not 0. Return: is there one? */
static bool window_with(struct tool *tool, const char *key)
{
	struct json_object *report;
	bool found = false;
	unsigned int i;

	for (i = 0; i < MAX_WINDOWS && !found; i++) {
		report = tool_line(tool);
		found = tool_summary(report, key) > 0;
		json_object_put(report);
	}
	return found;
}

/* And it gets its place back with the next window. */
TOOL_TEST(filter, a_buffer_that_lost_its_place_gets_it_back)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };

	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", "frame*", "--max-buffers", "1",
				 "--delay", "0.3"));
	NAME_FRAMES();
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, ioctl(self->w.buf[1].fd, DMA_BUF_IOCTL_SYNC, &sync));
	ASSERT_TRUE(window_with(&self->tool, "lost_buffers"));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_B));
	ASSERT_TRUE(window_with(&self->tool, "acquired"));
	END();
	sync.flags |= DMA_BUF_SYNC_END;
	ASSERT_EQ(0, ioctl(self->w.buf[1].fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(1, tool_summary(self->report, "lost_buffers"));
	EXPECT_EQ(NR_A + NR_B, tool_number(tool_row(self->report, "buffers", "ino",
						    self->w.buf[0].ino), "total_acquired"));
}

/* The framework has seen them before: it does not tell again what they are. */
TOOL_TEST(filter, names_of_buffers_from_before_the_start)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[i], 1));
	NAME_FRAMES();
	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", "fr?me [1-9]"));
	EXPECT_FRAMES();
}

TOOL_TEST(filter, exporter)
{
	struct st_buffer other;

	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", "udma*"));
	ASSERT_EQ(0, st_buffer_test(self->w.test, &other, ST_PAGE, O_RDWR));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &other, NR_A));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_B));
	END();
	st_buffer_close(&other);
	ASSERT_EQ(1, tool_nr_rows(self->report, "buffers"));
	EXPECT_USED(NR_B, json_object_object_get(self->report, "summary"));
	EXPECT_USED(NR_B, tool_row(self->report, "buffers", "ino", self->w.buf[0].ino));
}

/* What passes each of them passes. */
TOOL_TEST(filter, several)
{
	ASSERT_EQ(0, tool_attach(&self->tool, "--buffer", "udmabuf", "--comm", "A", "--pid",
				 NUMBER(getpid())));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("B", self->w.ctx[0], &self->w.buf[0], NR_B));
	END();
	EXPECT_USED(NR_A, json_object_object_get(self->report, "summary"));
	EXPECT_USED(NR_A, tool_row(self->report, "buffers", "ino", self->w.buf[0].ino));
}

TEST_HARNESS_MAIN
