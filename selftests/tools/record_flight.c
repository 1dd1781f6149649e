// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder: what makes it write, and what it writes then. */
#include <kselftest_harness.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "recording.h"

#define W		DMA_BUF_ACCESS_W
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE
#define ALL		0, DMABUF_SYNC_TO_END
#define NO_TRIGGER	3
/* What is kept, and what is too old to be. */
#define KEEP		"0.4"
#define KEEP_MS		400
#define OLD_MS		(10 * KEEP_MS)
#define WAIT_MS		100

FIXTURE(record_flight)
{
	struct st_world w;
	struct recording recording;
	struct json_object *report;
	unsigned int lease_ms;
	int a, b;
};

FIXTURE_SETUP(record_flight)
{
	self->lease_ms = st_lease_get();
	RECORDING_SETUP();
}

FIXTURE_TEARDOWN(record_flight)
{
	st_lease_set(self->lease_ms);
	RECORDING_TEARDOWN();
}

#define START(...)	RECORDING_START("--flight", KEEP, ##__VA_ARGS__)

/* It ends by itself, because of something that begins with @reason. */
#define END(reason) do {						\
	ASSERT_EQ(0, tool_wait(&self->recording.tool));			\
	RECORDING_REPORT();						\
	EXPECT_EQ(0, strncmp(reason, trigger_of(self->report), strlen(reason))) \
		TH_LOG("%s", trigger_of(self->report));			\
} while (0)

#define TRIGGER()	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGUSR1))
#define BUFFER(nr)	tool_row(self->report, "buffers", "ino", self->w.buf[nr].ino)

static const char *trigger_of(struct json_object *report)
{
	return tool_text(json_object_object_get(report, "recording"), "trigger");
}

static struct json_object *first_of(struct json_object *report, const char *table)
{
	return json_object_array_get_idx(json_object_object_get(report, table), 0);
}

static long as(const char *name, int ctx, const struct st_buffer *buf)
{
	tool_name(name);
	return st_lock_all(ctx, buf->fd, W, QUEUE);
}

/* Of two uses the one was too long ago. */
TOOL_TEST(record_flight, last_seconds)
{
	START();
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 10));
	st_sleep_ms(OLD_MS);
	ASSERT_EQ(0, tool_use("B", self->b, &self->w.buf[1], 10));
	TRIGGER();
	END("SIGUSR1");
	EXPECT_EQ(10, tool_number(BUFFER(1), "acquired"));
	EXPECT_EQ(NULL, BUFFER(0));
	EXPECT_GE(OLD_MS * ST_NSEC_PER_MSEC,
		  tool_number(json_object_object_get(self->report, "recording"), "time_ns"));
}

/* What a buffer is was told too long ago, and is known all the same. */
TOOL_TEST(record_flight, names)
{
	long a;

	START();
	a = as("A", self->a, &self->w.buf[0]);
	ASSERT_LE(0, a);
	ASSERT_EQ(0, st_release(self->a, a));
	st_sleep_ms(OLD_MS);
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 1));
	TRIGGER();
	END("SIGUSR1");
	EXPECT_EQ(self->w.buf[0].size, (size_t)tool_number(BUFFER(0), "size_bytes"));
	EXPECT_STREQ("udmabuf", tool_text(BUFFER(0), "exporter"));
}

/* Nobody lets go: the wait is not over, and the holder has been there for long. */
TOOL_TEST(record_flight, wait_in_progress)
{
	struct json_object *wait;

	START("--trigger", "wait=100");
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0]));
	st_sleep_ms(OLD_MS);
	ASSERT_LE(0, as("B", self->b, &self->w.buf[0]));
	END("wait of ");
	EXPECT_LE(100, atoi(trigger_of(self->report) + strlen("wait of ")));
	ASSERT_EQ(1, tool_nr_rows(self->report, "waits"));
	wait = first_of(self->report, "waits");
	EXPECT_STREQ("waits", tool_text(wait, "end"));
	EXPECT_STREQ("B", tool_text(wait, "waiter_comm"));
	EXPECT_STREQ("A", tool_text(wait, "holder_comm"));
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, tool_number(wait, "wait_ns"));
	ASSERT_EQ(2, tool_nr_rows(self->report, "chains"));
	EXPECT_STREQ("A", tool_text(first_of(self->report, "chains"), "comm"));
	EXPECT_LE(OLD_MS * ST_NSEC_PER_MSEC,
		  tool_number(first_of(self->report, "chains"), "age_ns"));
}

/* It waited before the start. */
TOOL_TEST(record_flight, wait_from_before_the_start)
{
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0]));
	ASSERT_LE(0, as("B", self->b, &self->w.buf[0]));
	START("--trigger", "wait=1");
	END("wait of ");
	EXPECT_STREQ("B", tool_text(first_of(self->report, "waits"), "waiter_comm"));
	EXPECT_STREQ("A", tool_text(first_of(self->report, "waits"), "holder_comm"));
}

/* Waits that are shorter are no reason. */
TOOL_TEST(record_flight, short_waits)
{
	long a, b;

	START("--trigger", "wait=60000");
	a = as("A", self->a, &self->w.buf[0]);
	ASSERT_LE(0, a);
	b = as("B", self->b, &self->w.buf[0]);
	ASSERT_LE(0, b);
	st_sleep_ms(WAIT_MS);
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_event_result(self->b, b));
	ASSERT_EQ(0, st_release(self->b, b));
	EXPECT_TRUE(ST_STAYS(!waitpid(self->recording.tool.pid, NULL, WNOHANG)));
	TRIGGER();
	END("SIGUSR1");
	EXPECT_EQ(1, tool_nr_rows(self->report, "waits"));
}

/*
 *   A has 0, wants 1 ──> B has 1, wants 0
 */
TOOL_TEST(record_flight, deadlock)
{
	struct st_call call;

	START("--trigger", "deadlock");
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0]));
	ASSERT_LE(0, as("B", self->b, &self->w.buf[1]));
	ASSERT_EQ(0, st_call_wait(&call, self->a, self->w.buf[1].fd, W));
	ASSERT_EQ(-EDEADLK, st_lock(self->b, self->w.buf[0].fd, W, ALL, 0));
	END("deadlock: access ");
	EXPECT_EQ(1, tool_number(BUFFER(0), "deadlocks"));
	EXPECT_STREQ("deadlock", tool_text(first_of(self->report, "events"), "event"));
	close(self->b);
	EXPECT_LE(0, st_call_end(&call));
	self->b = tool_actor("B");
}

TOOL_TEST(record_flight, revoked)
{
	if (!self->lease_ms)
		SKIP(return, "this kernel has no leases");
	START("--trigger", "deadlock", "--trigger", "revoked");
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0]));
	ASSERT_LE(0, st_lease_wait(self->b, self->w.buf[0].fd, W, NULL));
	END("revoked: access ");
	EXPECT_EQ(1, tool_number(BUFFER(0), "revoked"));
}

/* Without a reason nothing is written. */
TOOL_TEST(record_flight, no_trigger)
{
	START("--trigger", "deadlock");
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 10));
	ASSERT_EQ(NO_TRIGGER, recording_end(&self->recording));
	RECORDING_REPORT();
	EXPECT_EQ(0, tool_nr_rows(self->report, "buffers"));
}

/*
 * More happens than there is room for: the file is not larger, and what it has is whole. The ring
 * takes all of it, or a recorder on a busy host would come too late to some.
 */
TOOL_TEST(record_flight, bounded)
{
	struct stat st;

	START("--flight", "3600", "--memory", "1048576", "--ring-size", "8388608");
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 10000));
	ASSERT_EQ(0, tool_use("B", self->b, &self->w.buf[1], 1));
	TRIGGER();
	END("SIGUSR1");
	ASSERT_EQ(0, stat(self->recording.path, &st));
	EXPECT_GE(1048576 + 65536, st.st_size);
	EXPECT_LE(1048576 / 2, st.st_size);
	EXPECT_EQ(1, tool_number(BUFFER(1), "acquired"));
	EXPECT_LT(100, tool_number(BUFFER(0), "acquired"));
	EXPECT_GT(10000, tool_number(BUFFER(0), "acquired"));
}

TEST_HARNESS_MAIN
