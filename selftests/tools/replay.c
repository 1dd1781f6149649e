// SPDX-License-Identifier: GPL-2.0-only
/* dmasync-top shows written_scene(), of which each window is known. */
#include <kselftest_harness.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"
#include "written.h"

#define MS		1000000ULL
#define NR_WINDOWS	3

FIXTURE(replay)
{
	char path[64], text[65536];
	struct json_object *windows[NR_WINDOWS], *report;
	int fd;
};

FIXTURE_SETUP(replay)
{
	snprintf(self->path, sizeof(self->path), "/tmp/replay.%d", getpid());
	ASSERT_EQ(0, record_file_create(self->path, &self->fd));
}

FIXTURE_TEARDOWN(replay)
{
	unsigned int i;

	for (i = 0; i < NR_WINDOWS; i++)
		json_object_put(self->windows[i]);
	json_object_put(self->report);
	unlink(self->path);
}

#define WRITE() do {							\
	ASSERT_EQ(0, written_scene(self->fd));				\
	ASSERT_EQ(0, written_end(self->fd, 250));			\
} while (0)

/* Run the tool; what it says on standard error comes, too. Return: exit status. */
#define TOP(options, file) ({						\
	char _command[512];						\
									\
	snprintf(_command, sizeof(_command), "%s " options " --replay %s 2>&1", tool_program(), \
		 file);							\
	tool_shell(_command, self->text, sizeof(self->text));		\
})

/* Its lines of JSON. Return: how many there are. */
static unsigned int windows_of(char *text, struct json_object **windows)
{
	unsigned int nr = 0;
	char *save, *line;

	line = strtok_r(text, "\n", &save);
	for (; line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] != '{')
			continue;
		if (nr < NR_WINDOWS)
			windows[nr] = json_tokener_parse(line);
		nr++;
	}
	return nr;
}

#define WINDOWS(nr, options) do {					\
	ASSERT_EQ(0, TOP("--json " options, self->path)) TH_LOG("%s", self->text); \
	ASSERT_EQ(nr, windows_of(self->text, self->windows));		\
} while (0)

#define ROW(nr)		tool_row(self->windows[nr], "buffers", "ino", WRITTEN_BUFFER)

/* Each window has its part, to the nanosecond, and those that follow it go on from there. */
TEST_F(replay, windows)
{
	WRITE();
	WINDOWS(3, "-d 0.1");
	TOOL_EXPECT_FIGURES(ROW(0), { "acquired", 1 }, { "released", 0 }, { "waiting", 1 },
			    { "cpu_behind_cpu", 1 }, { "cpu_behind_cpu_ns", 80 * MS },
			    { "oldest_wait_ns", 80 * MS }, { "holder_tid", 1001 },
			    { "holder_age_ns", 100 * MS });
	EXPECT_EQ(100, tool_real(ROW(0), "cpu_percent"));
	EXPECT_EQ(2, tool_nr_rows(self->windows[0], "chains"));
	TOOL_EXPECT_FIGURES(ROW(1), { "acquired", 1 }, { "released", 2 }, { "waiting", 0 },
			    { "cpu_behind_cpu", 1 }, { "cpu_behind_cpu_ns", 90 * MS },
			    { "wait_max_ns", 90 * MS }, { "hold_cpu_avg_ns", 75 * MS });
	EXPECT_EQ(50, tool_real(ROW(1), "cpu_percent"));
	EXPECT_EQ(0, tool_nr_rows(self->windows[1], "chains"));
	TOOL_EXPECT_FIGURES(ROW(2), { "acquired", 0 }, { "released", 0 },
			    { "cpu_behind_cpu", 0 }, { "total_acquired", 2 },
			    { "total_wait_ns", 90 * MS });
	EXPECT_EQ(50 * MS, tool_summary(self->windows[2], "window_ns"));
}

/* The time is that of the recording. */
TEST_F(replay, time)
{
	WRITE();
	WINDOWS(3, "-d 0.1");
	EXPECT_STREQ("2020-09-13T12:26:44.100Z", tool_text(self->windows[0], "time"));
	EXPECT_STREQ("2020-09-13T12:26:44.250Z", tool_text(self->windows[2], "time"));
}

TEST_F(replay, count_of_windows)
{
	WRITE();
	WINDOWS(2, "-d 0.1 -n 2");
}

/* One window of all of it is what dmasync-report says, cell by cell. */
#define EXPECT_SAME(table) do {						\
	struct json_object *_top, *_report;				\
									\
	_top = json_object_object_get(self->windows[0], table);		\
	_report = json_object_object_get(self->report, table);		\
	EXPECT_LT(0, json_object_array_length(_top));			\
	EXPECT_TRUE(json_object_equal(_top, _report))			\
		TH_LOG("%s\n%s", json_object_to_json_string(_top),	\
		       json_object_to_json_string(_report));		\
} while (0)

#define REPORT() do {							\
	char _command[256];						\
									\
	snprintf(_command, sizeof(_command), "%s --json %s", DMASYNC_REPORT, self->path); \
	ASSERT_EQ(0, tool_shell(_command, self->text, sizeof(self->text))); \
	self->report = json_tokener_parse(self->text);			\
	ASSERT_NE(NULL, self->report);					\
} while (0)

TEST_F(replay, as_the_report)
{
	ASSERT_EQ(0, written_scene(self->fd));
	ASSERT_EQ(0, written_event(self->fd, RECORD_REQUEST, 160, 3, 0, "C"));
	ASSERT_EQ(0, written_event(self->fd, RECORD_ACQUIRED, 160, 3, 0, ""));
	ASSERT_EQ(0, written_event(self->fd, RECORD_REQUEST, 170, 4, 0, "D"));
	ASSERT_EQ(0, written_edge(self->fd, 170, 4, 3));
	ASSERT_EQ(0, written_end(self->fd, 250));
	WINDOWS(1, "-d 60 -g comm -s acquired");
	REPORT();
	EXPECT_SAME("buffers");
	EXPECT_SAME("groups");
	EXPECT_SAME("pairs");
	EXPECT_SAME("chains");
}

/* Of a thread, of a name; a process need not be there any more. */
TEST_F(replay, filter_tasks)
{
	WRITE();
	WINDOWS(1, "-d 60 -t 1002");
	TOOL_EXPECT_FIGURES(ROW(0), { "acquired", 1 }, { "released", 1 }, { "contended", 1 });
	WINDOWS(1, "-d 60 -p 1001");
	TOOL_EXPECT_FIGURES(ROW(0), { "acquired", 1 }, { "released", 1 }, { "contended", 0 });
	WINDOWS(1, "-d 60 -c B");
	TOOL_EXPECT_FIGURES(ROW(0), { "acquired", 1 }, { "released", 1 }, { "contended", 1 });
}

/* A buffer passes from its first use on, though its name is told later. */
TEST_F(replay, filter_buffers)
{
	WRITE();
	WINDOWS(1, "-d 60 -B 'fra*'");
	TOOL_EXPECT_FIGURES(ROW(0), { "acquired", 2 }, { "released", 2 });
	WINDOWS(1, "-d 60 -B 14");
	TOOL_EXPECT_FIGURES(ROW(0), { "acquired", 2 }, { "released", 2 });
	WINDOWS(1, "-d 60 -B 'other*'");
	EXPECT_EQ(0, tool_nr_rows(self->windows[0], "buffers"));
	EXPECT_EQ(0, tool_summary(self->windows[0], "acquired"));
}

/* What was not used for long leaves, and what it did is in the windows before. */
TEST_F(replay, forget)
{
	ASSERT_EQ(0, written_scene(self->fd));
	ASSERT_EQ(0, written_end(self->fd, 3000));
	WINDOWS(3, "-d 1 --forget 1");
	EXPECT_NE(NULL, ROW(0));
	EXPECT_EQ(NULL, ROW(2));
}

/* It ends when somebody has waited for so long, and says who. */
TEST_F(replay, above)
{
	WRITE();
	EXPECT_EQ(3, TOP("--json -d 0.1 -a 0.085", self->path));
	EXPECT_NE(NULL, strstr(self->text, "B/1002 waited for 90ms for buffer 14"))
		TH_LOG("%s", self->text);
	EXPECT_EQ(2, windows_of(self->text, self->windows));
}

/* Its last window is looked at as the others are. */
TEST_F(replay, above_in_the_last_window)
{
	WRITE();
	EXPECT_EQ(3, TOP("--json -d 60 -n 1 -a 0.085", self->path));
	EXPECT_EQ(1, windows_of(self->text, self->windows));
}

/* Nobody waits for windows, however long they are and however young the machine is. */
TEST_F(replay, windows_longer_than_the_machine_runs)
{
	WRITE();
	WINDOWS(1, "-d 86400");
}

TEST_F(replay, tables)
{
	WRITE();
	EXPECT_EQ(0, TOP("-d 0.1 --csv=pairs", self->path));
	EXPECT_NE(NULL, strstr(self->text, "\n2020-09-13T12:26:44.200Z,0,1,90000000,"))
		TH_LOG("%s", self->text);
	EXPECT_EQ(0, TOP("-d 0.1 -b", self->path));
	EXPECT_NE(NULL, strstr(self->text, "window 50ms  0.25 s, the end of /tmp/replay."))
		TH_LOG("%s", self->text);
}

/* It says what a recording does not tell, and of this one that it has no snapshot. */
TEST_F(replay, limits)
{
	const char *said;

	WRITE();
	WINDOWS(1, "-d 60");
	said = tool_text(json_object_object_get(self->windows[0], "summary"), "limits");
	EXPECT_STREQ("accesses before start, end of buffers, SYNC, later names, what tasks do, "
		     "own cost", said);
	EXPECT_STREQ("recorded", tool_text(json_object_object_get(self->windows[0], "summary"),
					   "state"));
	EXPECT_EQ(-1, tool_number(json_object_object_get(self->windows[0], "summary"),
				  "bpf_runs"));
}

TEST_F(replay, with_a_snapshot)
{
	unsigned long long words[RECORD_MAX_WORDS] = { 0 };

	ASSERT_EQ(0, written_record(self->fd, RECORD_SNAPSHOT, 0, words));
	WRITE();
	WINDOWS(1, "-d 60");
	EXPECT_STREQ("end of buffers, SYNC, later names, what tasks do, own cost",
		     tool_text(json_object_object_get(self->windows[0], "summary"), "limits"));
}

/* What was lost when it was recorded is in the last window, and in the exit status. */
TEST_F(replay, losses_are_told)
{
	static const char end[] = "closed_ns=5250000000\nlost_records=7\nlost_runs=2\n";

	ASSERT_EQ(0, written_scene(self->fd));
	ASSERT_EQ(0, record_file_block(self->fd, RECORD_BLOCK_END, end, strlen(end)));
	EXPECT_EQ(TOOL_LOST, TOP("--json -d 0.1", self->path));
	EXPECT_NE(NULL, strstr(self->text, "lost 9 in all")) TH_LOG("%s", self->text);
	ASSERT_EQ(3, windows_of(self->text, self->windows));
	EXPECT_EQ(7, tool_summary(self->windows[2], "lost_events"));
	EXPECT_EQ(2, tool_summary(self->windows[2], "lost_runs"));
}

/* What dmasync-report says of a file that is not whole, word by word, and as its status. */
#define EXPECT_SAME_ERROR() do {					\
	char _command[256], _said[4096], *_error;			\
	int _status;							\
									\
	snprintf(_command, sizeof(_command), "%s --json %s 2>&1 > /dev/null", DMASYNC_REPORT, \
		 self->path);						\
	_status = tool_shell(_command, _said, sizeof(_said));		\
	_said[strcspn(_said, "\n")] = '\0';				\
	_error = strchr(_said, '/');					\
	ASSERT_NE(NULL, _error);					\
	EXPECT_EQ(_status, TOP("--json -d 0.1", self->path));		\
	EXPECT_NE(NULL, strstr(self->text, _error)) TH_LOG("%s: %s", _error, self->text); \
} while (0)

TEST_F(replay, cut_off)
{
	struct stat st;

	WRITE();
	ASSERT_EQ(0, stat(self->path, &st));
	ASSERT_EQ(0, truncate(self->path, st.st_size - 60));
	EXPECT_SAME_ERROR();
	EXPECT_NE(NULL, strstr(self->text, "it is cut off")) TH_LOG("%s", self->text);
	/* What is left of it is shown. */
	EXPECT_EQ(2, windows_of(self->text, self->windows));
}

TEST_F(replay, damaged)
{
	WRITE();
	ASSERT_EQ(1, pwrite(self->fd, "?", 1, lseek(self->fd, 0, SEEK_END) - 100));
	EXPECT_SAME_ERROR();
	EXPECT_NE(NULL, strstr(self->text, "it is damaged")) TH_LOG("%s", self->text);
}

TEST_F(replay, no_recording)
{
	ASSERT_EQ(0, ftruncate(self->fd, 0));
	EXPECT_SAME_ERROR();
	unlink(self->path);
	EXPECT_SAME_ERROR();
	EXPECT_NE(NULL, strstr(self->text, "; dmasync-record makes a recording"));
}

/* Options that would have no effect. */
TEST_F(replay, wrong_options)
{
	WRITE();
	EXPECT_EQ(64, TOP("--check", self->path));
	EXPECT_EQ(64, TOP("--probe raw_tp", self->path));
	EXPECT_EQ(64, TOP("--max-buffers 7", self->path));
	EXPECT_EQ(64, TOP("--ring-size 131072", self->path));
	EXPECT_EQ(64, TOP("-v", self->path));
	EXPECT_EQ(64, TOP("-B 'a*'", "- < /dev/null"));
}

TEST_HARNESS_MAIN
