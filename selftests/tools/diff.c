// SPDX-License-Identifier: GPL-2.0-only
/* Two recordings beside each other: what has changed by how much is known. */
#include <kselftest_harness.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "written.h"

FIXTURE(diff)
{
	char before[64], after[64];
	struct json_object *root;
};

FIXTURE_SETUP(diff)
{
	snprintf(self->before, sizeof(self->before), "/tmp/diff.%d.before", getpid());
	snprintf(self->after, sizeof(self->after), "/tmp/diff.%d.after", getpid());
}

FIXTURE_TEARDOWN(diff)
{
	json_object_put(self->root);
	unlink(self->before);
	unlink(self->after);
}

/* In a second, @nr waits of access 2 behind access 1, of @ms each. */
static int write_waits(const char *path, unsigned int nr, unsigned int ms)
{
	unsigned long long words[RECORD_MAX_WORDS] = {
		WRITTEN_BUFFER, 2, 2, 2, 1002, 1002, 2, 0, 0, 4096, ms * 1000000ULL,
	};
	unsigned int i;
	int fd, err;

	err = record_file_create(path, &fd);
	err = err ?: written_access(fd, RECORD_REQUEST, 0, 1, 0, "A");
	err = err ?: written_access(fd, RECORD_ACQUIRED, 0, 1, 0, "");
	for (i = 0; i < nr && !err; i++) {
		words[1] = 2 + i;
		err = written_access(fd, RECORD_REQUEST, 1 + i * ms, 2 + i, 0, "B");
		err = err ?: written_edge(fd, 1 + i * ms, 2 + i, 1);
		err = err ?: written_record(fd, RECORD_ACQUIRED, 1 + (i + 1) * ms, words);
		err = err ?: written_record(fd, RECORD_RELEASED, 1 + (i + 1) * ms, words);
	}
	err = err ?: written_end(fd, 1000);
	close(fd);
	return err;
}

#define DIFF(options, text) ({						\
	char _command[512];						\
									\
	snprintf(_command, sizeof(_command), "%s %s --diff=%s %s 2>&1", DMASYNC_REPORT, \
		 options, self->before, self->after);			\
	tool_shell(_command, text, sizeof(text));			\
})

#define DIFF_JSON() do {						\
	char _text[16384];						\
									\
	ASSERT_EQ(0, DIFF("--json", _text)) TH_LOG("%s", _text);	\
	self->root = json_tokener_parse(_text);				\
	ASSERT_NE(NULL, self->root) TH_LOG("%s", _text);		\
} while (0)

static struct json_object *row_of(struct json_object *root, const char *table, const char *key,
				  const char *text)
{
	struct json_object *rows = json_object_object_get(root, table), *row;
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (!strcmp(tool_text(row, key), text))
			return row;
	}
	return NULL;
}

/* Fewer waits, and shorter ones. */
TEST_F(diff, better)
{
	struct json_object *row;

	ASSERT_EQ(0, write_waits(self->before, 10, 40));
	ASSERT_EQ(0, write_waits(self->after, 5, 10));
	DIFF_JSON();
	row = row_of(self->root, "latencies", "what", "all");
	ASSERT_NE(NULL, row);
	EXPECT_EQ(10, tool_number(row, "waits_before"));
	EXPECT_EQ(5, tool_number(row, "waits_after"));
	EXPECT_EQ(40000000, tool_number(row, "p50_before_ns"));
	EXPECT_EQ(10000000, tool_number(row, "p50_after_ns"));
	EXPECT_EQ(-75.0, tool_real(row, "p95_change_percent"));
	row = row_of(self->root, "latencies", "what", "buffer");
	EXPECT_EQ(WRITTEN_BUFFER, tool_number(row, "ino"));
	EXPECT_EQ(10000000, tool_number(row, "max_after_ns"));
	row = row_of(self->root, "figures", "figure", "acquired_per_s");
	EXPECT_EQ(11.0, tool_real(row, "before"));
	EXPECT_EQ(6.0, tool_real(row, "after"));
	row = row_of(self->root, "figures", "figure", "waiting_percent");
	EXPECT_EQ(40.0, tool_real(row, "before"));
	EXPECT_EQ(5.0, tool_real(row, "after"));
	EXPECT_EQ(-87.5, tool_real(row, "change_percent"));
}

/* In five seconds and more: waits of 1 to 100 milliseconds behind access 1, not in this order. */
static int write_ranks(const char *path)
{
	unsigned long long words[RECORD_MAX_WORDS] = {
		WRITTEN_BUFFER, 2, 2, 2, 1002, 1002, 2, 0, 0, 4096, 0,
	};
	unsigned int i, ms, now = 1;
	int fd, err;

	err = record_file_create(path, &fd);
	err = err ?: written_access(fd, RECORD_REQUEST, 0, 1, 0, "A");
	err = err ?: written_access(fd, RECORD_ACQUIRED, 0, 1, 0, "");
	for (i = 0; i < 100 && !err; i++, now += ms) {
		/* 37 and 100 have no common factor: each of 1 to 100 comes once. */
		ms = i * 37 % 100 + 1;
		words[1] = 2 + i;
		words[10] = ms * 1000000ULL;
		err = written_access(fd, RECORD_REQUEST, now, 2 + i, 0, "B");
		err = err ?: written_edge(fd, now, 2 + i, 1);
		err = err ?: written_record(fd, RECORD_ACQUIRED, now + ms, words);
		err = err ?: written_record(fd, RECORD_RELEASED, now + ms, words);
	}
	err = err ?: written_end(fd, now);
	close(fd);
	return err;
}

/* A percentile is the shortest wait that so many are not longer than. */
TEST_F(diff, percentiles)
{
	struct json_object *row;

	ASSERT_EQ(0, write_ranks(self->before));
	ASSERT_EQ(0, write_waits(self->after, 1, 10));
	DIFF_JSON();
	row = row_of(self->root, "latencies", "what", "cpu behind cpu");
	ASSERT_NE(NULL, row);
	TOOL_EXPECT_FIGURES(row, { "waits_before", 100 }, { "p50_before_ns", 50000000 },
			    { "p95_before_ns", 95000000 }, { "p99_before_ns", 99000000 },
			    { "max_before_ns", 100000000 });
	/* Of one wait all of them are this one. */
	TOOL_EXPECT_FIGURES(row, { "p50_after_ns", 10000000 }, { "p99_after_ns", 10000000 });
	EXPECT_EQ(-80.0, tool_real(row, "p50_change_percent"));
}

/* Nothing has changed: no recording leaves anything behind for the next one. */
TEST_F(diff, same)
{
	struct json_object *rows, *row;
	size_t i;

	ASSERT_EQ(0, write_waits(self->before, 10, 40));
	ASSERT_EQ(0, write_waits(self->after, 10, 40));
	DIFF_JSON();
	EXPECT_STREQ(json_object_to_json_string(json_object_object_get(self->root, "before")),
		     json_object_to_json_string(json_object_object_get(self->root, "after")));
	rows = json_object_object_get(self->root, "figures");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		EXPECT_EQ(tool_real(row, "before"), tool_real(row, "after"))
			TH_LOG("%s", tool_text(row, "figure"));
	}
}

/* Waits that were, and are no more: there is nothing to compare. */
TEST_F(diff, none_left)
{
	struct json_object *row;
	char text[8192];

	ASSERT_EQ(0, write_waits(self->before, 10, 40));
	ASSERT_EQ(0, write_waits(self->after, 0, 1));
	DIFF_JSON();
	row = row_of(self->root, "latencies", "what", "all");
	EXPECT_EQ(10, tool_number(row, "waits_before"));
	EXPECT_EQ(0, tool_number(row, "waits_after"));
	EXPECT_EQ(-1, tool_number(row, "p50_after_ns"));
	EXPECT_STREQ("", tool_text(row, "p50_change_percent"));
	ASSERT_EQ(0, DIFF("", text));
	EXPECT_NE(NULL, strstr(text, "acquired_per_s")) TH_LOG("%s", text);
	EXPECT_NE(NULL, strstr(text, "cpu behind cpu")) TH_LOG("%s", text);
	EXPECT_EQ(64, DIFF("--list", text)) TH_LOG("%s", text);
}

TEST_HARNESS_MAIN
