// SPDX-License-Identifier: GPL-2.0-only
/* What lsdmasync lists of shapes made on purpose, and what it says where it cannot. */
#include <kselftest_harness.h>
#include <signal.h>
#include <sys/wait.h>

#include "tool.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(lsdmasync)
{
	struct st_world w;
	int buf;
	char text[1 << 20];
	struct json_object *report;
};

FIXTURE_SETUP(lsdmasync)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->buf = self->w.buf[0].fd;
	close(self->w.ctx[0]);
	self->w.ctx[0] = tool_actor("the holder");
	close(self->w.ctx[1]);
	self->w.ctx[1] = tool_actor("the waiter");
}

FIXTURE_TEARDOWN(lsdmasync)
{
	json_object_put(self->report);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Run it with these options. Return: its exit status; what it says goes into @text. */
static int run(FIXTURE_DATA(lsdmasync) *self, const char *before, const char *options)
{
	char command[512];

	snprintf(command, sizeof(command), "%s %s %s", before, LSDMASYNC, options);
	return tool_shell(command, self->text, sizeof(self->text));
}

/* The accesses that it lists. */
static struct json_object *list(FIXTURE_DATA(lsdmasync) *self, const char *options)
{
	char all[128];

	snprintf(all, sizeof(all), "--json %s", options);
	json_object_put(self->report);
	self->report = run(self, "", all) ? NULL : json_tokener_parse(self->text);
	return json_object_object_get(self->report, "accesses");
}

#define ROW(accesses, i)	json_object_array_get_idx(accesses, i)

static size_t nr_rows(struct json_object *accesses)
{
	return accesses ? json_object_array_length(accesses) : SIZE_MAX;
}

static struct json_object *blockers(struct json_object *row)
{
	return json_object_object_get(row, "blockers");
}

/* The row of the thread that is called so. */
static struct json_object *row_of(struct json_object *accesses, const char *comm)
{
	size_t i;

	for (i = 0; accesses && i < json_object_array_length(accesses); i++)
		if (!strcmp(tool_text(ROW(accesses, i), "comm"), comm))
			return ROW(accesses, i);
	return NULL;
}

/* A holder of the first buffer, and who waits for it. */
static int hold_and_wait(FIXTURE_DATA(lsdmasync) *self)
{
	if (st_lock(self->w.ctx[0], self->buf, W, ST_PAGE, ST_PAGE, 0) < 0)
		return -1;
	return st_lock_all(self->w.ctx[1], self->buf, R, QUEUE) < 0 ? -1 : 0;
}

TEST_F(lsdmasync, nothing)
{
	ASSERT_EQ(0, nr_rows(list(self, "")));
	EXPECT_EQ(0, run(self, "", "-n"));
	EXPECT_STREQ("", self->text);
}

TEST_F(lsdmasync, holder_and_waiter)
{
	struct json_object *accesses, *holder, *waiter;

	ASSERT_EQ(0, hold_and_wait(self));
	accesses = list(self, "");
	ASSERT_EQ(2, nr_rows(accesses));
	holder = row_of(accesses, "the holder");
	waiter = row_of(accesses, "the waiter");
	ASSERT_NE(NULL, holder);
	ASSERT_NE(NULL, waiter);
	EXPECT_STREQ("holds", tool_text(holder, "state"));
	EXPECT_STREQ("context", tool_text(holder, "kind"));
	EXPECT_STREQ("udmabuf", tool_text(holder, "exporter"));
	EXPECT_STREQ("w", tool_text(holder, "mode"));
	EXPECT_EQ(getpid(), tool_number(holder, "tgid"));
	EXPECT_EQ((int64_t)self->w.buf[0].ino, tool_number(holder, "ino"));
	EXPECT_EQ(ST_WORLD_PAGES * ST_PAGE, tool_number(holder, "size_bytes"));
	EXPECT_EQ(ST_PAGE, tool_number(holder, "start_bytes"));
	EXPECT_EQ(2 * ST_PAGE, tool_number(holder, "end_bytes"));
	EXPECT_EQ(0, nr_rows(blockers(holder)));
	EXPECT_STREQ("waits", tool_text(waiter, "state"));
	ASSERT_EQ(1, nr_rows(blockers(waiter)));
	EXPECT_EQ(tool_number(holder, "access"),
		  tool_number(ROW(blockers(waiter), 0), "access"));
	EXPECT_STREQ("the holder", tool_text(ROW(blockers(waiter), 0), "comm"));
}

TEST_F(lsdmasync, text)
{
	char who[64];

	ASSERT_EQ(0, hold_and_wait(self));
	snprintf(who, sizeof(who), " the holder/%d\n", getpid());
	ASSERT_EQ(0, run(self, "", ""));
	EXPECT_EQ(0, strncmp(self->text, "COMMAND ", 8));
	EXPECT_NE(NULL, strstr(self->text, "\nthe holder "));
	EXPECT_NE(NULL, strstr(self->text, who)) TH_LOG("%s", self->text);
	ASSERT_EQ(0, run(self, "", "--noheadings"));
	EXPECT_EQ(0, strncmp(self->text, "the ", 4));
}

/* Nothing is cut, however long: the range ends beyond all columns' titles. */
TEST_F(lsdmasync, blockers_are_counted_when_there_are_many)
{
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_LE(0, st_lock(self->w.ctx[2 + i], self->buf, R, 0, 10, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->buf, W, QUEUE));
	ASSERT_EQ(0, run(self, "", "-w"));
	EXPECT_NE(NULL, strstr(self->text, " +2\n")) TH_LOG("%s", self->text);
	EXPECT_EQ(6, nr_rows(blockers(row_of(list(self, ""), "the waiter"))));
}

/*
 *	buf 0	holder  <-  waiter
 *	buf 1	the test's, waited for by nobody
 */
TEST_F(lsdmasync, only_who_waits_and_is_waited_for)
{
	ASSERT_EQ(0, hold_and_wait(self));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[1].fd, W, 0));
	EXPECT_EQ(3, nr_rows(list(self, "")));
	EXPECT_EQ(2, nr_rows(list(self, "--waiting")));
}

TEST_F(lsdmasync, only_one_buffer)
{
	struct json_object *accesses;
	char option[64];

	ASSERT_EQ(0, hold_and_wait(self));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[1].fd, W, 0));
	snprintf(option, sizeof(option), "--ino=%llu",
		 (unsigned long long)self->w.buf[1].ino);
	accesses = list(self, option);
	ASSERT_EQ(1, nr_rows(accesses));
	EXPECT_EQ((int64_t)self->w.buf[1].ino, tool_number(ROW(accesses, 0), "ino"));
}

/* A child that holds or wants the last page, and then waits for its end. */
static pid_t child(FIXTURE_DATA(lsdmasync) *self, uint32_t mode, uint32_t flags)
{
	pid_t pid = st_fork();
	int ctx;

	if (pid)
		return pid;
	tool_name("the child");
	ctx = st_context_open();
	if (st_lock(ctx, self->buf, mode, 3 * ST_PAGE, ST_PAGE, flags) < 0)
		_exit(1);
	for (;;)
		pause();
}

/*
 *	holder  <-  waiter  <-  child: the holder is in the child's way through the waiter, which
 *	writes, and so is listed before the child
 */
TEST_F(lsdmasync, only_one_process_and_those_in_its_way)
{
	struct json_object *accesses;
	char option[32];
	pid_t pid;

	ASSERT_LE(0, st_lock(self->w.ctx[0], self->buf, R, 0, ST_PAGE, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->buf, W, QUEUE));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[1].fd, W, 0));
	pid = child(self, R, QUEUE);
	snprintf(option, sizeof(option), "-p %d", pid);
	ASSERT_TRUE(ST_UNTIL(nr_rows(list(self, option)) == 3));
	accesses = list(self, option);
	EXPECT_NE(NULL, row_of(accesses, "the child"));
	EXPECT_NE(NULL, row_of(accesses, "the waiter"));
	EXPECT_NE(NULL, row_of(accesses, "the holder"));
	kill(pid, SIGKILL);
	st_child_wait(pid);
}

TEST_F(lsdmasync, says_what_a_holder_does_that_others_wait_for)
{
	struct json_object *accesses;
	pid_t pid = child(self, W, 0);

	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[0], self->buf, 0) == 1));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_TRUE(ST_UNTIL(st_task_state(pid) == 'T'));
	EXPECT_STREQ("", tool_text(row_of(list(self, ""), "the child"), "culprit"));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->buf, R, QUEUE));
	accesses = list(self, "");
	EXPECT_STREQ("stopped", tool_text(row_of(accesses, "the child"), "culprit"));
	kill(pid, SIGKILL);
	st_child_wait(pid);
}

TEST_F(lsdmasync, job_of_a_driver)
{
	struct json_object *accesses;
	long fence, sync;

	fence = st_fence_new(self->w.test, NULL);
	sync = st_sync_locked(self->w.test, self->buf, DMA_BUF_ACCESS_DMA_W, 0,
			      DMABUF_SYNC_TO_END, DST_LOCK_WAIT);
	ASSERT_LE(0, fence);
	ASSERT_LE(0, sync);
	ASSERT_EQ(0, st_sync_commit(self->w.test, sync, fence));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->buf, R, QUEUE));
	accesses = list(self, "");
	ASSERT_EQ(2, nr_rows(accesses));
	EXPECT_STREQ("driver", tool_text(ROW(accesses, 0), "kind"));
	EXPECT_STREQ("dma-w", tool_text(ROW(accesses, 0), "mode"));
	/* A driver that does not tell when its engine begins. */
	EXPECT_STREQ("runs", tool_text(ROW(accesses, 0), "state"));
	EXPECT_STRNE("", tool_text(ROW(accesses, 0), "fence"));
	EXPECT_EQ(1, nr_rows(blockers(ROW(accesses, 1))));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
}

/* More than the kernel lists of a buffer. */
TEST_F(lsdmasync, what_is_not_listed_is_told)
{
	unsigned int i;

	for (i = 0; i < 1030; i++)
		ASSERT_LE(0, st_lock(self->w.ctx[2], self->buf, R, i, 1, 0));
	EXPECT_EQ(2, run(self, "", "--json 2> /dev/null"));
	self->report = json_tokener_parse(self->text);
	EXPECT_EQ(1024, nr_rows(json_object_object_get(self->report, "accesses")));
	EXPECT_EQ(6, tool_number(ROW(json_object_object_get(self->report, "unlisted"), 0),
				 "held"));
	EXPECT_EQ(2, run(self, "", "2>&1 > /dev/null"));
	EXPECT_NE(NULL, strstr(self->text, "does not list 6 more"));
}

/* In a view of files in which @command was done before. */
#define AFTER(command)	"unshare -m sh -c '" command " && exec \"$@\"' -"
#define NO_DEBUGFS	"mount -t tmpfs none /sys/kernel/debug"

/* Each way in which the snapshot cannot be read, and a word of the remedy. */
TEST_F(lsdmasync, one_sentence_when_there_is_nothing_to_read)
{
	static const char *const shapes[][2] = {
		{ "setpriv --reuid 65534 --clear-groups", "sudo lsdmasync" },
		{ AFTER(NO_DEBUGFS), "mount -t debugfs" },
		{ AFTER(NO_DEBUGFS " && mount -t tmpfs none /sys/module"),
		  "modprobe dmabuf_sync" },
		{ AFTER("echo type=access ino > /run/bad && mount --bind /run/bad " ST_SNAPSHOT),
		  "of another version" },
	};
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(shapes); i++) {
		EXPECT_EQ(1, run(self, shapes[i][0], "2>&1"));
		EXPECT_NE(NULL, strstr(self->text, shapes[i][1])) TH_LOG("%s", self->text);
		EXPECT_EQ(strchr(self->text, '\n'), self->text + strlen(self->text) - 1);
	}
}

TEST_F(lsdmasync, wrong_options)
{
	static const char *const wrong[][2] = {
		{ "-p 0", "'0'" }, { "-p x", "'x'" }, { "--ino=1x", "'1x'" }, { "word", "'word'" },
	};
	char options[64];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(wrong); i++) {
		snprintf(options, sizeof(options), "%s 2>&1", wrong[i][0]);
		EXPECT_EQ(64, run(self, "", options));
		EXPECT_NE(NULL, strstr(self->text, wrong[i][1])) TH_LOG("%s", self->text);
	}
}

TEST_F(lsdmasync, output_that_takes_no_more)
{
	EXPECT_EQ(1, run(self, "", "> /dev/full 2> /dev/null"));
}

/* More than is buffered, so that nothing is left to be written at the end. */
TEST_F(lsdmasync, long_output_that_takes_no_more)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->buf, R, 0));
	EXPECT_EQ(1, run(self, "", "--json > /dev/full 2> /dev/null"));
}

TEST_HARNESS_MAIN
