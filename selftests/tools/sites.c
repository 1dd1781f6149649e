// SPDX-License-Identifier: GPL-2.0-only
/* What stacks of a recording are called, whatever is in them. */
#include <kselftest_harness.h>
#include <stdlib.h>
#include <string.h>

#include "st.h"

#include "../../tools/lib/record_type.h"
#include "../../tools/report/report_waits.h"

#define MS		1000000ULL
#define MAX_NUMBER	40
#define NR_ROUNDS	300
#define NR_RECORDS	200
#define NR_WAITS	20
/* Their text would be 240 MB. */
#define NR_MANY		10000U
#define DEPTH		256
#define MAX_KB		(100L << 10)

FIXTURE(sites)
{
	struct report_stacks stacks;
	struct report_wait rows[NR_WAITS];
	struct report_waits waits;
	char *text;
	size_t size;
	uint64_t frames;
	char site[SITE_SIZE];
};

FIXTURE_SETUP(sites)
{
	self->waits.rows = self->rows;
	self->waits.stacks = &self->stacks;
}

FIXTURE_TEARDOWN(sites)
{
	report_stacks_free(&self->stacks);
	free(self->text);
}

/* The next frame further in. */
static void call(struct report_stacks *stacks, uint64_t *number, int kernel, const char *name,
		 const char *file)
{
	struct record record = {
		.head.kind = RECORD_FRAME,
		.words = {
			[FRAME_NUMBER] = *number + 1, [FRAME_CALLER] = *number,
			[FRAME_KERNEL] = kernel, [FRAME_OFFSET] = 0x12,
		},
	};

	memcpy(&record.words[FRAME_NAME], name, strlen(name));
	memcpy(&record.words[FRAME_FILE], file, strlen(file));
	report_stacks_record(stacks, &record);
	++*number;
}

#define CALL(kernel, name, file) call(&self->stacks, &self->frames, kernel, name, file)

/* An access that is requested from the innermost frame up to now. */
static void stack(struct report_stacks *stacks, uint64_t access, uint64_t frame)
{
	struct record record = {
		.head.kind = RECORD_STACK,
		.words = { [STACK_ACCESS] = access, [STACK_FRAME] = frame },
	};

	report_stacks_record(stacks, &record);
}

/* A wait of so many milliseconds. */
static void wait_of(struct report_waits *waits, uint64_t waiter, uint64_t holder, uint64_t ms)
{
	waits->rows[waits->nr++] = (struct report_wait){
		.wait_ns = ms * MS, .waiter.comm = "me", .waiter_frame = waiter,
		.holder_frame = holder,
	};
}

#define END() report_stacks_end(&self->stacks, &self->waits)

#define FOLDED() do {							\
	FILE *file = open_memstream(&self->text, &self->size);		\
									\
	report_stacks_folded(&self->stacks, &self->waits, file);	\
	ASSERT_EQ(0, fclose(file));					\
} while (0)

#define SITE(number)							\
	(stack_site(&self->stacks, number, self->site, sizeof(self->site)), self->site)

/* A frame of a stack. */
struct place {
	int kernel;
	const char *name, *file;
};

/* A stack whose site is @site; the outermost frame comes first. */
#define EXPECT_SITE(site, ...) do {					\
	const struct place places[] = { __VA_ARGS__ };			\
	size_t nr;							\
									\
	for (nr = 0; nr < sizeof(places) / sizeof(places[0]); nr++)	\
		CALL(places[nr].kernel, places[nr].name, places[nr].file); \
	stack(&self->stacks, 1, self->frames);				\
	END();								\
	EXPECT_STREQ(site, SITE(self->frames));				\
} while (0)

/* Who calls the framework by a system call is the one who waits. */
TEST_F(sites, of_a_process)
{
	EXPECT_SITE("next_frame (camera)",
		    { 0, "main", "/usr/bin/camera" },
		    { 0, "next_frame", "/usr/bin/camera" },
		    { 0, "__GI___ioctl", "/usr/lib/libc.so.6" },
		    { 1, "entry_SYSCALL_64_after_hwframe", "" },
		    { 1, "do_syscall_64", "" },
		    { 1, "__x64_sys_ioctl", "" },
		    { 1, "acquire", "dmabuf_sync" });
}

/* What only begins like the C library, or like a system call, is the program's. */
TEST_F(sites, of_a_program_with_such_names)
{
	static const char *const files[] = { "ld-viewer", "libc-app" };
	char site[64];
	size_t i;

	for (i = 0; i < 2; i++) {
		self->frames = 0;
		report_stacks_free(&self->stacks);
		snprintf(site, sizeof(site), "ioctl_acquire (%s)", files[i]);
		EXPECT_SITE(site, { 0, "main", files[i] }, { 0, "ioctl_acquire", files[i] },
			    { 0, "__ioctl", "/lib/libc.so.6" },
			    { 0, "here", "/lib64/ld-linux-x86-64.so.2" },
			    { 0, "here", "/lib/libc-2.31.so" });
	}
}

/* In a tree that has it built in, the framework is no module. */
TEST_F(sites, of_a_driver)
{
	EXPECT_SITE("npu_submit [npu]", { 0, "main", "/usr/bin/camera" },
		    { 1, "do_syscall_64", "" }, { 1, "npu_submit", "npu" },
		    { 1, "dmabuf_sync_lock", "" }, { 1, "dsync_request", "" });
}

TEST_F(sites, without_names)
{
	CALL(0, "", "/opt/stripped");
	stack(&self->stacks, 1, self->frames);
	CALL(0, "", "");
	CALL(1, "[lost]", "");
	CALL(1, "kthread", "");
	END();
	EXPECT_STREQ("stripped+0x12", SITE(1));
	EXPECT_STREQ("0x12", SITE(2));
	EXPECT_STREQ("[lost]", SITE(3));
	EXPECT_STREQ("kthread [kernel]", SITE(4));
	EXPECT_STREQ("", SITE(5));
	EXPECT_STREQ("", SITE(0));
}

/* Two stacks of one place are a row; the wait whose stack is not known is one, too. */
TEST_F(sites, rows)
{
	CALL(0, "main", "camera");
	CALL(0, "next_frame", "camera");
	CALL(1, "one", "dmabuf_sync");
	self->frames = 10;
	call(&self->stacks, &self->frames, 0, "holder", "npu");
	stack(&self->stacks, 1, 3);
	wait_of(&self->waits, 3, 11, 5);
	wait_of(&self->waits, 2, 11, 7);
	wait_of(&self->waits, 0, 11, 1);
	END();
	ASSERT_EQ(2, self->stacks.nr_rows);
	EXPECT_STREQ("", self->stacks.rows[0].waiter);
	EXPECT_STREQ("next_frame (camera)", self->stacks.rows[1].waiter);
	EXPECT_STREQ("holder (npu)", self->stacks.rows[1].holder);
	EXPECT_EQ(2, self->stacks.rows[1].waits);
	EXPECT_EQ(12 * MS, self->stacks.rows[1].wait_ns);
	EXPECT_EQ(7 * MS, self->stacks.rows[1].max_ns);
}

/* Equal lines are one, and no name ends a frame or a line. */
TEST_F(sites, folded)
{
	CALL(0, "a;b\nc d", "x");
	CALL(1, "f", "");
	CALL(0, "", "/tmp/p;q\n 9");
	CALL(1, "", "");
	stack(&self->stacks, 1, 2);
	wait_of(&self->waits, 2, 0, 5);
	wait_of(&self->waits, 2, 0, 6);
	wait_of(&self->waits, 4, 0, 1);
	wait_of(&self->waits, 0, 0, 2);
	END();
	FOLDED();
	EXPECT_STREQ("me;[no stack] 2000\n"
		     "me;a:b?c_d;f_[k] 11000\n"
		     "me;a:b?c_d;f_[k];p:q?_9+0x12;0x12_[k] 1000\n", self->text);
}

/* As many waits as there may be, of the longest stack: its text is there once. */
TEST_F(sites, many_waits_of_a_deep_stack)
{
	char name[PLACE_NAME], sum[32];
	size_t i;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i < DEPTH; i++)
		CALL(0, name, "");
	stack(&self->stacks, 1, DEPTH);
	self->waits.rows = calloc(NR_MANY, sizeof(*self->waits.rows));
	ASSERT_NE(NULL, self->waits.rows);
	for (i = 0; i < NR_MANY; i++)
		wait_of(&self->waits, DEPTH, 0, 1);
	FOLDED();
	snprintf(sum, sizeof(sum), " %u\n", NR_MANY * 1000);
	EXPECT_LT(DEPTH * (sizeof(name) - 1), self->size);
	EXPECT_STREQ(sum, strrchr(self->text, ' '));
	EXPECT_GT(MAX_KB, st_peak_kb());
	free(self->waits.rows);
}

/* A frame that calls itself, and two that call each other. */
TEST_F(sites, circles)
{
	struct record record = { .head.kind = RECORD_FRAME };
	static const uint64_t edges[][2] = { { 1, 1 }, { 2, 3 }, { 3, 2 } };
	size_t i;

	for (i = 0; i < 3; i++) {
		record.words[FRAME_NUMBER] = edges[i][0];
		record.words[FRAME_CALLER] = edges[i][1];
		memcpy(&record.words[FRAME_NAME], "ioctl", 6);
		report_stacks_record(&self->stacks, &record);
		wait_of(&self->waits, edges[i][0], edges[i][1], 1);
	}
	stack(&self->stacks, 1, 1);
	END();
	EXPECT_STREQ("ioctl", SITE(1));
	FOLDED();
	EXPECT_EQ(0, strncmp("me;ioctl;ioctl;", self->text, 15));
}

/* Is each line frames, a space, a number? */
static bool lines_are_whole(char *text)
{
	char *line, *end, *save, *number;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		number = strrchr(line, ' ');
		if (!number || !strchr(line, ';'))
			return false;
		strtoull(number + 1, &end, 10);
		if (*end || end == number + 1)
			return false;
	}
	return true;
}

static void random_record(struct record *record)
{
	static const unsigned int kinds[] = {
		RECORD_FRAME, RECORD_FRAME, RECORD_STACK, RECORD_CONTENDED, RECORD_BLOCKED,
		RECORD_RELEASED, RECORD_FAILED,
	};
	unsigned int i;

	record->head.kind = kinds[random() % 7];
	for (i = 0; i < RECORD_MAX_WORDS; i++)
		record->words[i] = random() % MAX_NUMBER;
	for (i = FRAME_NAME; record->head.kind == RECORD_FRAME && i < FRAME_NR; i++)
		record->words[i] = random() % 5 ? ((uint64_t)random() << 33) ^ random() : 0;
}

/* Whatever is in the records: nothing is read outside, and what is written is well-formed. */
TEST_F_TIMEOUT(sites, hostile, 240)
{
	struct record record;
	unsigned int round, i;

	srandom(1);
	for (round = 0; round < NR_ROUNDS; round++) {
		for (i = 0; i < NR_RECORDS; i++) {
			random_record(&record);
			report_stacks_record(&self->stacks, &record);
		}
		self->waits.nr = 0;
		for (i = 0; i < NR_WAITS; i++)
			wait_of(&self->waits, report_stacks_waiter(&self->stacks, i),
				report_stacks_holder(&self->stacks, i, i + 1), i);
		END();
		FOLDED();
		EXPECT_TRUE(lines_are_whole(self->text));
		free(self->text);
		self->text = NULL;
		report_stacks_free(&self->stacks);
	}
}

TEST_HARNESS_MAIN
