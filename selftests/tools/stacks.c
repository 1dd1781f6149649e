// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits in functions that the test knows, and what dmasync-report says of where they were. The
 * caller of ioctl() has no frame that can be found from in there, so it is not the one to look
 * for.
 */
#include <kselftest_harness.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "recording.h"

/* Functions that do the same stay several ones. */
#define NOINLINE	__attribute__((noipa))
#define STAY()		__asm__ volatile("")
#define W		DMA_BUF_ACCESS_W
#define DMA_W		DMA_BUF_ACCESS_DMA_W
#define ALL		0, DMABUF_SYNC_TO_END
#define HOLD_MS		20
#define NO_STACKS	1
/* Longer than the flight recorder keeps. */
#define KEEP		"0.4"
#define OLD_MS		2000
/* More than accesses whose stacks it keeps. */
#define NR_FURTHER	5000
#define NR_WAYS		600

FIXTURE(stacks)
{
	struct st_world w;
	struct recording recording;
	struct json_object *report;
	char text[65536];
	int a, b;
};

TOOL_VARIANTS(stacks);

FIXTURE_SETUP(stacks)
{
	RECORDING_SETUP();
}

FIXTURE_TEARDOWN(stacks)
{
	RECORDING_TEARDOWN();
}

#define START(...)	RECORDING_START("--probe", variant->probe, ##__VA_ARGS__)

#define END() do {							\
	ASSERT_EQ(0, recording_end(&self->recording));			\
	RECORDING_REPORT();						\
} while (0)

#define FOLDED()							\
	recording_text(&self->recording, "--folded 2>&1", self->text, sizeof(self->text))

static NOINLINE long ask(int ctx, int fd)
{
	struct dmabuf_sync_access access = st_access(fd, W, ALL);
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.flags = DMABUF_SYNC_ACQUIRE_QUEUE,
		.accesses = (uintptr_t)&access,
		.nr_accesses = 1,
		.access_size = sizeof(access),
	};
	int ret = ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire);

	return ret ? -errno : (long)acquire.set;
}

static NOINLINE long holds_here(int ctx, int fd)
{
	long set = ask(ctx, fd);

	STAY();
	return set;
}

static NOINLINE long waits_here(int ctx, int fd)
{
	long set = ask(ctx, fd);

	STAY();
	return set;
}

static NOINLINE long waits_there(int ctx, int fd)
{
	long set = ask(ctx, fd);

	STAY();
	return set;
}

/* As deep as that, each depth is a stack of its own. */
static NOINLINE long asks_deep(int ctx, int fd, unsigned int depth)
{
	long set = depth ? asks_deep(ctx, fd, depth - 1) : ask(ctx, fd);

	STAY();
	return set;
}

static NOINLINE long asks_left(int ctx, int fd, unsigned int way);

/* Each way is a stack of its own: its bits are the turns. */
static NOINLINE long asks_right(int ctx, int fd, unsigned int way)
{
	long set = !way ? ask(ctx, fd) : way & 1 ? asks_right(ctx, fd, way >> 1) :
						   asks_left(ctx, fd, way >> 1);

	STAY();
	return set;
}

static NOINLINE long asks_left(int ctx, int fd, unsigned int way)
{
	long set = way & 1 ? asks_right(ctx, fd, way >> 1) : asks_left(ctx, fd, way >> 1);

	STAY();
	return set;
}

/* B asks by way of @waits behind A, as threads of these names. */
#define WAIT_ONCE(waits, ms) WAIT_AS("B", waits, ms)

#define WAIT_AS(name, waits, ms) do {					\
	long _a, _b;							\
									\
	tool_name("A");							\
	_a = holds_here(self->a, self->w.buf[0].fd);			\
	ASSERT_LE(0, _a);						\
	tool_name(name);						\
	_b = waits(self->b, self->w.buf[0].fd);				\
	ASSERT_LE(0, _b);						\
	st_sleep_ms(ms);						\
	ASSERT_EQ(0, st_release(self->a, _a));				\
	ASSERT_EQ(0, st_event_result(self->b, _b));			\
	ASSERT_EQ(0, st_release(self->b, _b));				\
} while (0)

static struct json_object *row_of(struct json_object *report, const char *table, size_t nr)
{
	return json_object_array_get_idx(json_object_object_get(report, table), nr);
}

/* Three short waits at one place, a long one at another: ranked by time, not by number. */
TOOL_TEST(stacks, sites)
{
	struct json_object *first, *second, *waits;
	int i;

	START("--stacks");
	for (i = 0; i < 3; i++)
		WAIT_ONCE(waits_here, HOLD_MS);
	WAIT_ONCE(waits_there, 20 * HOLD_MS);
	END();
	ASSERT_EQ(2, tool_nr_rows(self->report, "stacks"));
	waits = json_object_object_get(self->report, "waits");
	first = row_of(self->report, "stacks", 0);
	second = row_of(self->report, "stacks", 1);
	EXPECT_STREQ("waits_there (stacks)", tool_text(first, "waiter_site"));
	EXPECT_STREQ("holds_here (stacks)", tool_text(first, "holder_request_site"));
	EXPECT_EQ(1, tool_number(first, "waits"));
	EXPECT_LE(20 * HOLD_MS * ST_NSEC_PER_MSEC, tool_number(first, "wait_ns"));
	EXPECT_EQ(tool_number(first, "wait_ns"), tool_number(first, "wait_max_ns"));
	EXPECT_STREQ("waits_here (stacks)", tool_text(second, "waiter_site"));
	EXPECT_STREQ("holds_here (stacks)", tool_text(second, "holder_request_site"));
	EXPECT_EQ(3, tool_number(second, "waits"));
	EXPECT_LE(3 * HOLD_MS * ST_NSEC_PER_MSEC, tool_number(second, "wait_ns"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_number(second, "wait_max_ns"));
	EXPECT_LE(2 * HOLD_MS * ST_NSEC_PER_MSEC,
		  tool_number(second, "wait_ns") - tool_number(second, "wait_max_ns"));
	EXPECT_EQ(tool_sum(waits, "wait_ns"),
		  tool_number(first, "wait_ns") + tool_number(second, "wait_ns"));
}

/* A driver's job waits where the driver asks for it. */
TOOL_TEST(stacks, driver)
{
	long a, fence, job;

	fence = st_fence_new(self->w.test, NULL);
	START("--stacks");
	a = holds_here(self->a, self->w.buf[0].fd);
	ASSERT_LE(0, a);
	job = st_sync_new(self->w.test);
	ASSERT_EQ(0, st_sync_get(self->w.test, job, self->w.buf[0].fd, DMA_W, ALL));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, job, DST_READY_COMMIT, fence));
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_sync_result(self->w.test, job));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	END();
	ASSERT_EQ(1, tool_nr_rows(self->report, "stacks"));
	EXPECT_NE(NULL, strstr(tool_text(row_of(self->report, "stacks", 0), "waiter_site"),
			       " [dmabuf_sync_test]"))
		TH_LOG("%s", json_object_to_json_string(self->report));
	EXPECT_STREQ("holds_here (stacks)",
		     tool_text(row_of(self->report, "stacks", 0), "holder_request_site"));
}

/* Is each line frames, a space and a number? Takes @text apart. Return: the sum, or -1. */
static int64_t folded_sum(char *text)
{
	int64_t sum = 0;
	char *line, *end, *save;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *number = strrchr(line, ' ');

		if (!number || number == line || !strchr(line, ';'))
			return -1;
		sum += strtoull(number + 1, &end, 10);
		if (*end || end == number + 1)
			return -1;
	}
	return sum;
}

/* All waiting is there, from the thread to the kernel. */
TOOL_TEST(stacks, folded)
{
	int64_t ns, us;

	START("--stacks");
	WAIT_ONCE(waits_here, HOLD_MS);
	WAIT_ONCE(waits_there, HOLD_MS);
	END();
	ASSERT_EQ(0, FOLDED());
	EXPECT_EQ(0, strncmp("B;", self->text, 2)) TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, ";waits_here;")) TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, ";waits_there;"));
	EXPECT_NE(NULL, strstr(self->text, "do_syscall_64_[k];"));
	EXPECT_NE(NULL, strstr(self->text, "dsync_request_queue_[k]"));
	EXPECT_EQ(NULL, strstr(self->text, "bpf_"));
	EXPECT_EQ(NULL, strstr(self->text, "holds_here"));
	ns = tool_sum(json_object_object_get(self->report, "waits"), "wait_ns");
	/* Each line is rounded down. */
	us = folded_sum(self->text);
	EXPECT_GE(ns / 1000, us);
	EXPECT_LE(ns / 1000 - 2, us);
}

/* Whatever a thread is called, a line stays one. */
TOOL_TEST(stacks, hostile_name)
{
	START("--stacks");
	WAIT_AS("x;y 7\nz;w 8", waits_here, HOLD_MS);
	END();
	ASSERT_EQ(0, FOLDED());
	EXPECT_EQ(0, strncmp("x:y 7?z:w 8;", self->text, 12)) TH_LOG("%s", self->text);
	EXPECT_LE(HOLD_MS * 1000, folded_sum(self->text));
}

/* Recorded without stacks: there are none, and who wants them is told how to get them. */
TOOL_TEST(stacks, without)
{
	START();
	WAIT_ONCE(waits_here, HOLD_MS);
	END();
	EXPECT_EQ(0, tool_nr_rows(self->report, "stacks"));
	EXPECT_EQ(1, tool_nr_rows(self->report, "waits"));
	EXPECT_EQ(NO_STACKS, FOLDED());
	EXPECT_NE(NULL, strstr(self->text,
			       " has no stacks: record with dmasync-record --stacks"))
		TH_LOG("%s", self->text);
	EXPECT_EQ(NO_STACKS, recording_text(&self->recording, "--csv=stacks 2>&1", self->text,
					    sizeof(self->text)));
	EXPECT_NE(NULL, strstr(self->text, " has no stacks"));
}

/* More stacks than there is room for: that is told, and the waits are there all the same. */
TOOL_TEST(stacks, losses_are_told)
{
	unsigned int depth;
	long set;

	START("--stacks=16");
	for (depth = 0; depth < 40; depth++) {
		set = asks_deep(self->a, self->w.buf[1].fd, depth);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_release(self->a, set));
	}
	WAIT_ONCE(waits_here, HOLD_MS);
	ASSERT_EQ(TOOL_LOST, recording_end(&self->recording));
	self->report = recording_report(&self->recording, "2> /dev/null");
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(TOOL_LOST, self->recording.status);
	/* 16 of 42 stacks of the process at most have a place. */
	EXPECT_LE(26, tool_number(json_object_object_get(self->report, "recording"),
				  "lost_stacks"));
	EXPECT_EQ(1, tool_nr_rows(self->report, "waits"));
}

/* It ends when more stacks are there than it looks up in one turn: nothing is lost. */
TOOL_TEST(stacks, many_at_once)
{
	struct json_object *recording;
	unsigned int way;
	long set;

	START("--stacks=65536");
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGSTOP));
	for (way = 0; way < NR_WAYS; way++) {
		set = asks_right(self->a, self->w.buf[1].fd, way);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_release(self->a, set));
	}
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGINT));
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGCONT));
	EXPECT_LE(0, tool_wait(&self->recording.tool));
	self->report = recording_report(&self->recording, "2> /dev/null");
	ASSERT_NE(NULL, self->report);
	recording = json_object_object_get(self->report, "recording");
	EXPECT_EQ(0, tool_number(recording, "lost_records"));
	EXPECT_EQ(0, tool_number(recording, "lost_frames"));
	/* A few may fall on the place of another one. */
	EXPECT_GT(NR_WAYS / 10, tool_number(recording, "lost_stacks"));
	EXPECT_EQ(NR_WAYS, tool_number(tool_row(self->report, "buffers", "ino",
						self->w.buf[1].ino), "acquired"));
}

/* A stack that is deeper than what is kept of it: the innermost frames are there. */
TOOL_TEST(stacks, deep)
{
	long a, b;

	START("--stacks");
	a = holds_here(self->a, self->w.buf[0].fd);
	ASSERT_LE(0, a);
	tool_name("B");
	b = asks_deep(self->b, self->w.buf[0].fd, 200);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_event_result(self->b, b));
	ASSERT_EQ(0, st_release(self->b, b));
	END();
	ASSERT_EQ(0, FOLDED());
	EXPECT_EQ(0, strncmp("B;[deeper];asks_deep;", self->text, 21))
		TH_LOG("%s", self->text);
	EXPECT_STREQ("asks_deep (stacks)",
		     tool_text(row_of(self->report, "stacks", 0), "waiter_site"));
}

/* The flight recorder keeps frames, and the stack of a holder whose request is long ago. */
TOOL_TEST(stacks, flight)
{
	long a, b;

	START("--stacks", "--flight", KEEP);
	a = holds_here(self->a, self->w.buf[0].fd);
	ASSERT_LE(0, a);
	st_sleep_ms(OLD_MS);
	tool_name("B");
	b = waits_here(self->b, self->w.buf[0].fd);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_event_result(self->b, b));
	ASSERT_EQ(0, st_release(self->b, b));
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGUSR1));
	ASSERT_EQ(0, tool_wait(&self->recording.tool));
	RECORDING_REPORT();
	ASSERT_EQ(1, tool_nr_rows(self->report, "stacks"));
	EXPECT_STREQ("waits_here (stacks)",
		     tool_text(row_of(self->report, "stacks", 0), "waiter_site"));
	EXPECT_STREQ("holds_here (stacks)",
		     tool_text(row_of(self->report, "stacks", 0), "holder_request_site"));
}

/* Behind more requests than there are places for stacks it is still there. */
TOOL_TEST(stacks, flight_holder_of_many)
{
	long a, b;

	START("--stacks", "--flight", "3600", "--ring-size", "8388608");
	a = holds_here(self->a, self->w.buf[0].fd);
	ASSERT_LE(0, a);
	ASSERT_EQ(0, tool_use("B", self->b, &self->w.buf[1], NR_FURTHER));
	b = waits_here(self->b, self->w.buf[0].fd);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_event_result(self->b, b));
	ASSERT_EQ(0, st_release(self->b, b));
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGUSR1));
	ASSERT_EQ(0, tool_wait(&self->recording.tool));
	RECORDING_REPORT();
	ASSERT_EQ(1, tool_nr_rows(self->report, "stacks"));
	EXPECT_STREQ("holds_here (stacks)",
		     tool_text(row_of(self->report, "stacks", 0), "holder_request_site"));
}

/* Written to a file and cut off at any length: an error, and what was read before is shown. */
TOOL_TEST(stacks, cut_off)
{
	char command[512];
	struct stat st;

	START("--stacks");
	WAIT_ONCE(waits_here, HOLD_MS);
	END();
	snprintf(command, sizeof(command),
		 "size=$(stat -c %%s %s); for i in 1 2 3 4 5 6 7; do "
		 "head -c $((size * i / 8)) %s | %s -J - 2>&1 > /dev/null | "
		 "grep -c 'it is cut off'; done | grep -cx 1",
		 self->recording.path, self->recording.path, DMASYNC_REPORT);
	ASSERT_EQ(0, tool_shell(command, self->text, sizeof(self->text)));
	EXPECT_STREQ("7\n", self->text);
	/* There is no saying that it never had any. */
	ASSERT_EQ(0, stat(self->recording.path, &st));
	ASSERT_EQ(0, truncate(self->recording.path, st.st_size / 8));
	EXPECT_EQ(TOOL_LOST, FOLDED());
	EXPECT_NE(NULL, strstr(self->text, "it is cut off")) TH_LOG("%s", self->text);
	EXPECT_EQ(NULL, strstr(self->text, " has no stacks"));
}

/* Nothing is known of what comes behind damage, not even that there are no stacks. */
TOOL_TEST(stacks, damaged_before_the_first)
{
	char byte;
	int fd;

	START("--stacks");
	WAIT_ONCE(waits_here, HOLD_MS);
	END();
	fd = open(self->recording.path, O_RDWR | O_CLOEXEC);
	/* All records are in one block, behind one of facts. */
	ASSERT_EQ(1, pread(fd, &byte, 1, lseek(fd, 0, SEEK_END) / 2));
	byte ^= 1;
	ASSERT_EQ(1, pwrite(fd, &byte, 1, lseek(fd, 0, SEEK_END) / 2));
	close(fd);
	EXPECT_EQ(TOOL_LOST, FOLDED());
	EXPECT_NE(NULL, strstr(self->text, "damaged")) TH_LOG("%s", self->text);
	EXPECT_EQ(NULL, strstr(self->text, " has no stacks"));
}

TEST_HARNESS_MAIN
