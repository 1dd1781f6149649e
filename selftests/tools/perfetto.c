// SPDX-License-Identifier: GPL-2.0-only
/* The trace for the Perfetto UI, of a recording that this program has written itself. */
#include <kselftest_harness.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "written.h"

/* The processes of the trace. */
enum { BUFFERS = 1, OWNERS, ENGINES, COUNTERS };

FIXTURE(perfetto)
{
	char path[64], out[72];
	int fd;
	struct json_object *root, *events;
};

FIXTURE_SETUP(perfetto)
{
	snprintf(self->path, sizeof(self->path), "/tmp/perfetto.%d", getpid());
	snprintf(self->out, sizeof(self->out), "%s.json", self->path);
	ASSERT_EQ(0, record_file_create(self->path, &self->fd));
}

FIXTURE_TEARDOWN(perfetto)
{
	json_object_put(self->root);
	unlink(self->path);
	unlink(self->out);
}

#define PUT(...)	ASSERT_EQ(0, written_access(self->fd, __VA_ARGS__))

#define TRACE() do {							\
	char _command[256], _text[4096];				\
									\
	snprintf(_command, sizeof(_command), "%s --perfetto=%s %s 2>&1",	\
		 DMASYNC_REPORT, self->out, self->path);		\
	ASSERT_EQ(0, tool_shell(_command, _text, sizeof(_text))) TH_LOG("%s", _text); \
	self->root = json_object_from_file(self->out);			\
	ASSERT_NE(NULL, self->root);					\
	self->events = json_object_object_get(self->root, "traceEvents"); \
} while (0)

/* Event number @nr of this phase in process @pid (0: any), or NULL. */
static struct json_object *event_of(struct json_object *events, const char *phase, int pid,
				    unsigned int nr)
{
	struct json_object *event;
	size_t i;

	for (i = 0; i < json_object_array_length(events); i++) {
		event = json_object_array_get_idx(events, i);
		if (!strcmp(tool_text(event, "ph"), phase) &&
		    (!pid || tool_number(event, "pid") == pid) && !nr--)
			return event;
	}
	return NULL;
}

/* The name of a process or of a track. */
static const char *name_of(struct json_object *events, const char *what, int pid, int64_t tid)
{
	struct json_object *event;
	unsigned int nr;

	for (nr = 0; (event = event_of(events, "M", pid, nr)); nr++)
		if (!strcmp(tool_text(event, "name"), what) &&
		    (tid < 0 || tool_number(event, "tid") == tid))
			return tool_text(json_object_object_get(event, "args"), "name");
	return "";
}

#define EXPECT_SLICE(event, title, from_ms, long_ms) do {		\
	ASSERT_NE(NULL, event);						\
	EXPECT_STREQ(title, tool_text(event, "name"));			\
	EXPECT_EQ((from_ms) * 1000.0, tool_real(event, "ts"));		\
	EXPECT_EQ((long_ms) * 1000.0, tool_real(event, "dur"));		\
} while (0)

/*
 *   A  ├── holds ────────┤
 *   B        ├─ waits ───┼─ holds ──┤
 *      0     20          100        150
 */
TEST_F(perfetto, waiter_blocker_waker)
{
	struct json_object *wait, *hold, *arrow;
	int64_t a, b;

	PUT(RECORD_REQUEST, 0, 1, 0, "A");
	PUT(RECORD_ACQUIRED, 0, 1, 0, "");
	PUT(RECORD_REQUEST, 20, 2, 0, "B");
	ASSERT_EQ(0, written_edge(self->fd, 20, 2, 1));
	PUT(RECORD_RELEASED, 100, 1, 0, "");
	PUT(RECORD_ACQUIRED, 100, 2, 0, "");
	PUT(RECORD_RELEASED, 150, 2, 0, "");
	ASSERT_EQ(0, written_end(self->fd, 160));
	TRACE();
	hold = event_of(self->events, "X", OWNERS, 0);
	EXPECT_SLICE(hold, "holds w buffer 14", 0, 100);
	a = tool_number(hold, "tid");
	wait = event_of(self->events, "X", OWNERS, 1);
	EXPECT_SLICE(wait, "waits: w buffer 14", 20, 80);
	b = tool_number(wait, "tid");
	EXPECT_NE(a, b);
	EXPECT_SLICE(event_of(self->events, "X", OWNERS, 2), "holds w buffer 14", 100, 50);
	EXPECT_SLICE(event_of(self->events, "X", BUFFERS, 0), "w owner 1", 0, 100);
	EXPECT_SLICE(event_of(self->events, "X", BUFFERS, 1), "w owner 2", 100, 50);
	EXPECT_STREQ("owner 1 A/1001 context",
		     name_of(self->events, "thread_name", OWNERS, a));
	EXPECT_STREQ("owner 2 B/1002 context",
		     name_of(self->events, "thread_name", OWNERS, b));
	EXPECT_STREQ("owners", name_of(self->events, "process_name", OWNERS, -1));
	/* From the waiter to its blocker, and back from the one that has released. */
	arrow = event_of(self->events, "s", OWNERS, 0);
	EXPECT_EQ(b, tool_number(arrow, "tid"));
	EXPECT_EQ(20000.0, tool_real(arrow, "ts"));
	arrow = event_of(self->events, "t", OWNERS, 0);
	EXPECT_EQ(a, tool_number(arrow, "tid"));
	EXPECT_EQ(20000.0, tool_real(arrow, "ts"));
	arrow = event_of(self->events, "t", OWNERS, 1);
	EXPECT_EQ(a, tool_number(arrow, "tid"));
	EXPECT_GT(100000.0, tool_real(arrow, "ts"));
	arrow = event_of(self->events, "f", OWNERS, 0);
	EXPECT_EQ(b, tool_number(arrow, "tid"));
	EXPECT_EQ(100000.0, tool_real(arrow, "ts"));
	EXPECT_EQ(NULL, event_of(self->events, "s", 0, 1));
}

/* A job is queued, runs and is done: on the track of its engine. */
TEST_F(perfetto, engine)
{
	struct json_object *event;

	PUT(RECORD_REQUEST, 0, 1, 1, "A");
	PUT(RECORD_ACQUIRED, 0, 1, 1, "");
	ASSERT_EQ(0, written_fence(self->fd, RECORD_COMMIT, 10, 1));
	ASSERT_EQ(0, written_fence(self->fd, RECORD_BEGAN, 30, 1));
	ASSERT_EQ(0, written_fence(self->fd, RECORD_SIGNALED, 90, 1));
	PUT(RECORD_RELEASED, 90, 1, 1, "");
	ASSERT_EQ(0, written_end(self->fd, 100));
	TRACE();
	EXPECT_SLICE(event_of(self->events, "X", ENGINES, 0), "queued", 10, 20);
	event = event_of(self->events, "X", ENGINES, 1);
	EXPECT_SLICE(event, "job 7", 30, 60);
	EXPECT_STREQ("fence context 99",
		     name_of(self->events, "thread_name", ENGINES, tool_number(event, "tid")));
	EXPECT_SLICE(event_of(self->events, "X", BUFFERS, 0), "dma-w owner 1", 0, 90);
}

/* Two at once are side by side: slices of one lane follow each other. */
TEST_F(perfetto, side_by_side)
{
	struct json_object *x, *y;

	PUT(RECORD_REQUEST, 0, 1, 0, "A");
	PUT(RECORD_ACQUIRED, 0, 1, 0, "");
	PUT(RECORD_REQUEST, 10, 2, 0, "B");
	PUT(RECORD_ACQUIRED, 10, 2, 0, "");
	PUT(RECORD_RELEASED, 30, 1, 0, "");
	PUT(RECORD_RELEASED, 50, 2, 0, "");
	ASSERT_EQ(0, written_end(self->fd, 60));
	TRACE();
	x = event_of(self->events, "X", BUFFERS, 0);
	y = event_of(self->events, "X", BUFFERS, 1);
	EXPECT_NE(tool_number(x, "tid"), tool_number(y, "tid"));
	EXPECT_STREQ(name_of(self->events, "thread_name", BUFFERS, tool_number(x, "tid")),
		     name_of(self->events, "thread_name", BUFFERS, tool_number(y, "tid")));
}

/* What has not ended ends with the recording; the counters tell of it. */
TEST_F(perfetto, in_progress)
{
	struct json_object *event, *last = NULL;
	unsigned int nr;

	PUT(RECORD_REQUEST, 0, 1, 0, "A");
	PUT(RECORD_ACQUIRED, 0, 1, 0, "");
	PUT(RECORD_REQUEST, 20, 2, 0, "B");
	ASSERT_EQ(0, written_edge(self->fd, 20, 2, 1));
	ASSERT_EQ(0, written_end(self->fd, 200));
	TRACE();
	EXPECT_SLICE(event_of(self->events, "X", OWNERS, 0), "holds w buffer 14", 0, 200);
	EXPECT_SLICE(event_of(self->events, "X", OWNERS, 1), "waits: w buffer 14", 20, 180);
	for (nr = 0; (event = event_of(self->events, "C", COUNTERS, nr)); nr++)
		if (tool_real(event, "ts") == 20000.0)
			last = event;
	ASSERT_NE(NULL, last);
	EXPECT_STREQ("requests that wait", tool_text(last, "name"));
	EXPECT_EQ(1, tool_number(json_object_object_get(last, "args"), "value"));
}

/* More buffers than there are tracks: the others share one. */
TEST_F(perfetto, bounded)
{
	unsigned long long words[RECORD_MAX_WORDS] = { 0, 0, 1, 2, 5, 5, 2 };
	struct json_object *event;
	unsigned int nr, tracks = 0, i;

	for (i = 0; i < 600; i++) {
		words[0] = 1000 + i;
		words[1] = 1 + i;
		ASSERT_EQ(0, written_record(self->fd, RECORD_ACQUIRED, i, words));
		ASSERT_EQ(0, written_record(self->fd, RECORD_RELEASED, i, words));
	}
	ASSERT_EQ(0, written_end(self->fd, 600));
	TRACE();
	for (nr = 0; (event = event_of(self->events, "M", BUFFERS, nr)); nr++)
		tracks += !strcmp(tool_text(event, "name"), "thread_name");
	EXPECT_EQ(513, tracks);
	event = event_of(self->events, "X", BUFFERS, 599);
	EXPECT_STREQ("all other buffers",
		     name_of(self->events, "thread_name", BUFFERS, tool_number(event, "tid")));
}

TEST_HARNESS_MAIN
