// SPDX-License-Identifier: GPL-2.0-only
/* The forms of dmasync-top's output, and what it says to wrong options. */
#include <kselftest_harness.h>

#include "tool.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(output)
{
	struct st_world w;
	char text[65536];
};

FIXTURE_SETUP(output)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	close(self->w.ctx[0]);
	self->w.ctx[0] = tool_actor("writer, \"A\"");
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[0].fd, R, QUEUE));
}

FIXTURE_TEARDOWN(output)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Run the tool with these options, as the last words of a command. Return: tool_shell(). */
static int run(char *text, size_t size, const char *before, const char *options)
{
	char command[512];

	snprintf(command, sizeof(command), "%s %s 2>&1 < /dev/null %s", before,
		 tool_program(), options);
	return tool_shell(command, text, size);
}

#define RUN(options)	run(self->text, sizeof(self->text), "", options)
#define RUN_AFTER(before, options) \
	run(self->text, sizeof(self->text), before, options)

static unsigned int nr_lines(const char *text)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

/* Fields of a CSV line; a comma between quotes separates nothing. */
static unsigned int nr_fields(const char *line)
{
	unsigned int nr = 1;
	bool quoted = false;

	for (; *line && *line != '\n'; line++) {
		if (*line == '"')
			quoted = !quoted;
		nr += *line == ',' && !quoted;
	}
	return nr;
}

TOOL_TEST(output, json_parses)
{
	struct json_object *report;
	char *line, *end = NULL;
	unsigned int nr = 0;

	ASSERT_EQ(0, RUN("--json -n 2 -d 0.1 2> /dev/null"));
	for (line = strtok_r(self->text, "\n", &end); line;
	     line = strtok_r(NULL, "\n", &end)) {
		report = json_tokener_parse(line);
		ASSERT_NE(NULL, report);
		EXPECT_STREQ("attached", tool_text(json_object_object_get(report, "summary"),
						   "state"));
		EXPECT_STREQ("writer, \"A\"",
			     tool_text(tool_row(report, "buffers", "ino",
						self->w.buf[0].ino), "holder_comm"));
		json_object_put(report);
		nr++;
	}
	EXPECT_EQ(2, nr);
}

TOOL_TEST(output, csv_has_as_many_fields_as_names)
{
	char *second;

	ASSERT_EQ(0, RUN("--csv -n 1 -d 0.1 2> /dev/null"));
	ASSERT_EQ(2, nr_lines(self->text));
	second = strchr(self->text, '\n') + 1;
	EXPECT_LT(20, nr_fields(self->text));
	EXPECT_EQ(nr_fields(self->text), nr_fields(second));
	EXPECT_NE(NULL, strstr(second, "\"writer, \"\"A\"\"\""));
	ASSERT_EQ(0, RUN("--csv=chains -n 2 -d 0.1 2> /dev/null"));
	/* The names once, a line per access of the chain and window. */
	EXPECT_EQ(5, nr_lines(self->text));
}

TOOL_TEST(output, text)
{
	ASSERT_EQ(0, RUN("-b -n 1 -d 0.1 2> /dev/null"));
	EXPECT_NE(NULL, strstr(self->text, "attached by "));
	EXPECT_NE(NULL, strstr(self->text, "own cost: BPF "));
	EXPECT_NE(NULL, strstr(self->text, "lost: accesses 0 "));
	EXPECT_NE(NULL, strstr(self->text, "\nLIMITS not seen: none\n"));
	EXPECT_NE(NULL, strstr(self->text, "HOLDER"));
	EXPECT_NE(NULL, strstr(self->text, " waits "));
	EXPECT_NE(NULL, strstr(self->text, "udmabuf"));
}

TOOL_TEST(output, order)
{
	struct json_object *report, *rows;
	unsigned int i;

	for (i = 0; i < 3; i++)
		ASSERT_LE(0, st_lock(self->w.ctx[2], self->w.buf[1].fd, R, i, 1, 0));
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s held 2> /dev/null"));
	report = json_tokener_parse(self->text);
	ASSERT_NE(NULL, report);
	rows = json_object_object_get(report, "buffers");
	ASSERT_EQ(2, json_object_array_length(rows));
	EXPECT_EQ((int64_t)self->w.buf[1].ino,
		  tool_number(json_object_array_get_idx(rows, 0), "ino"));
	json_object_put(report);
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s +held 2> /dev/null"));
	report = json_tokener_parse(self->text);
	ASSERT_NE(NULL, report);
	rows = json_object_object_get(report, "buffers");
	EXPECT_EQ((int64_t)self->w.buf[0].ino,
		  tool_number(json_object_array_get_idx(rows, 0), "ino"));
	json_object_put(report);
}

/* By what order do rows come? */
static int64_t first_of(const char *text)
{
	struct json_object *report = json_tokener_parse(text);
	int64_t ino;

	ino = tool_number(json_object_array_get_idx(json_object_object_get(report, "buffers"), 0),
			  "ino");
	json_object_put(report);
	return ino;
}

/* Both have a holder, buffer 0 a waiter, and buffer 1 the higher number. */
TOOL_TEST(output, names_and_two_keys_of_an_order)
{
	int64_t zero = self->w.buf[0].ino, one = self->w.buf[1].ino;

	ASSERT_LT(zero, one);
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[1].fd, R, 0));
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s ino 2> /dev/null"));
	EXPECT_EQ(one, first_of(self->text));
	/* As on the screen. */
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s +ino 2> /dev/null"));
	EXPECT_EQ(zero, first_of(self->text));
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s wt 2> /dev/null"));
	EXPECT_EQ(zero, first_of(self->text));
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s +WT 2> /dev/null"));
	EXPECT_EQ(one, first_of(self->text));
	/* Equals in the first one. */
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s held,INO 2> /dev/null"));
	EXPECT_EQ(one, first_of(self->text));
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s held,+INO 2> /dev/null"));
	EXPECT_EQ(zero, first_of(self->text));
	ASSERT_EQ(0, RUN("--json -n 1 -d 0.1 -s EXPORTER,waiting 2> /dev/null"));
	EXPECT_EQ(zero, first_of(self->text));
}

/* The heading shows them. */
TOOL_TEST(output, order_is_marked)
{
	ASSERT_EQ(0, RUN("-b -n 1 -d 0.1 2> /dev/null"));
	EXPECT_NE(NULL, strstr(self->text, " >WT "));
	ASSERT_EQ(0, RUN("-b -n 1 -d 0.1 -s +W-MAX,CON% 2> /dev/null"));
	EXPECT_NE(NULL, strstr(self->text, ">CON% ")) TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, " <W-MAX "));
	EXPECT_EQ(NULL, strstr(self->text, ">WT"));
	ASSERT_EQ(0, RUN("-b -n 1 -d 0.1 -s ino 2> /dev/null"));
	EXPECT_NE(NULL, strstr(self->text, ">INO "));
	ASSERT_EQ(0, RUN("-b -n 1 -d 0.1 -g comm -s GROUP 2> /dev/null"));
	EXPECT_NE(NULL, strstr(self->text, "\nGROUP> "));
}

/* Each wrong option, and a word that the answer has to have. */
TOOL_TEST(output, wrong_options)
{
	static const char *const wrong[][2] = {
		{ "-n 0", "'0'" },
		{ "-n 1x", "'1x'" },
		{ "-n -1", "'-1'" },
		{ "-n ' -1'", "' -1'" },
		{ "-n 99999999999999999999", "'99999999999999999999'" },
		{ "-d 0", "'0'" },
		{ "-d nan", "'nan'" },
		{ "-s colour", "'colour'" },
		{ "--csv=nothing", "'nothing'" },
		{ "--csv --json", "exclude" },
		{ "--probe kprobe", "'kprobe'" },
		{ "--ring-size 5000", "power of 2" },
		{ "--ring-size 1024", "'1024'" },
		{ "--max-accesses 0", "'0'" },
		{ "--ino 0", "'0'" },
		{ "-p 4194304999", "'4194304999'" },
		{ "-p 4194303", "no process" },
		{ "-t 4194303", "no thread" },
		{ "-c 0123456789abcdef", "'0123456789abcdef'" },
		{ "-c ''", "''" },
		{ "-B '[a'", "'[a'" },
		{ "-B 0", "'0'" },
		{ "-s ino,colour", "'ino,colour'" },
		{ "-s ino,name,held", "'ino,name,held'" },
		{ "-s ino,", "'ino,'" },
		{ "-g colour", "'colour'" },
		{ "-g comm -s ino", "'ino'" },
		{ "word", "'word'" },
	};
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(64, RUN(wrong[i][0]));
		EXPECT_NE(NULL, strstr(self->text, wrong[i][1])) {
			TH_LOG("%s: %s", wrong[i][0], self->text);
		}
	}
}

/* Not root: one sentence, with the remedy. */
TOOL_TEST(output, permission)
{
	EXPECT_EQ(1, RUN_AFTER("setpriv --reuid 65534 --clear-groups", "-b -n 1"));
	EXPECT_EQ(1, nr_lines(self->text));
	EXPECT_NE(NULL, strstr(self->text, "sudo dmasync-top"));
}

/* A kernel without BTF, as far as a program can tell. */
#define WITHOUT_BTF							\
	"unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && "	\
	"mount -t tmpfs none /lib/modules && exec \"$@\"' -"

TOOL_TEST(output, without_btf)
{
	EXPECT_EQ(0, RUN_AFTER(WITHOUT_BTF, "-b -n 1 -d 0.1"));
	EXPECT_NE(NULL, strstr(self->text, "attached by raw_tp (tp_btf: "));
	EXPECT_NE(NULL, strstr(self->text, " waits "));
	EXPECT_EQ(1, RUN_AFTER(WITHOUT_BTF, "-b -n 1 --probe tp_btf"));
	EXPECT_EQ(1, nr_lines(self->text));
	EXPECT_NE(NULL, strstr(self->text, "BTF"));
}

/* An output that takes no more is no reason to go on. */
TOOL_TEST(output, full)
{
	EXPECT_EQ(1, RUN("-b -n 1 -d 0.1 > /dev/full"));
}

TOOL_TEST(output, check_as_root)
{
	EXPECT_EQ(0, RUN("--check"));
	EXPECT_NE(NULL, strstr(self->text, "BPF programs                     yes\n"));
	EXPECT_EQ(NULL, strstr(self->text, "no: ")) TH_LOG("%s", self->text);
}

/* What a user of less privilege cannot see, why, and what to do. */
TOOL_TEST(output, check_with_least_privilege)
{
	struct tool tool = { .least = true };
	size_t len;

	ASSERT_EQ(0, tool_start(&tool, "--check", NULL));
	len = fread(self->text, 1, sizeof(self->text) - 1, tool.out);
	self->text[len] = '\0';
	EXPECT_EQ(0, st_child_wait(tool.pid));
	fclose(tool.out);
	fclose(tool.err);
	EXPECT_NE(NULL, strstr(self->text, "BPF programs                     yes\n"));
	EXPECT_NE(NULL, strstr(self->text, "end of buffers, stock SYNC       yes\n"));
	EXPECT_NE(NULL, strstr(self->text, "accesses from before the start   no: " ST_SNAPSHOT
			       ": Permission denied; run it as root\n"));
	EXPECT_NE(NULL, strstr(self->text, "own cost                         no: "));
}

TEST_HARNESS_MAIN
