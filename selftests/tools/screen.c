// SPDX-License-Identifier: GPL-2.0-only
/* The live view, on a terminal of the test's own: what it shows, and that it gives it back. */
#include <kselftest_harness.h>

#include "terminal.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(screen)
{
	struct st_world w;
	struct termios before;
	int master, slave;
	pid_t pid;
	long held;
	char dir[32];
	char seen[TERMINAL_SEEN];
	size_t len;
};

#define screen_run(slave, term, args)	terminal_run(self->dir, slave, term, args)

FIXTURE_SETUP(screen)
{
	const char *const args[] = { tool_program(), "-d", "0.1", NULL };
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	ASSERT_EQ(0, st_world_open(&self->w));
	tool_name("A");
	self->held = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	ASSERT_LE(0, self->held);
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[0].fd, R, QUEUE));
	snprintf(self->dir, sizeof(self->dir), "/tmp/screen.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, openpty(&self->master, &self->slave, NULL, NULL, &size));
	ASSERT_EQ(0, tcgetattr(self->slave, &self->before));
	self->pid = screen_run(self->slave, "xterm", args);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(screen)
{
	if (self->pid) {
		kill(self->pid, SIGKILL);
		st_child_wait(self->pid);
	}
	close(self->master);
	close(self->slave);
	EXPECT_EQ(0, rmdir(self->dir));
	EXPECT_TRUE(st_world_close(&self->w));
}

TOOL_TEST(screen, shows_and_quits)
{
	EXPECT_TRUE(SHOWS("attached by"));
	EXPECT_TRUE(SHOWS("own cost"));
	EXPECT_TRUE(SHOWS("waits"));
	EXPECT_TRUE(SHOWS("q:quit"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
	EXPECT_GIVEN_BACK();
}

/* With the longest words that it can have. The last cell is drawn in a way of its own. */
TOOL_TEST(screen, help_fits_80_columns)
{
	ASSERT_TRUE(SHOWS("waits"));
	KEY("<<<");
	EXPECT_TRUE(SHOWS_ANEW("<>r:EXPORT"));
	RESIZE(24, 80);
	EXPECT_TRUE(SHOWS("q:quit Space:hold Tab:chains /:only g:exporter p:pairs "
			  "i:idle d:detach <>r:EXPO"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
}

TOOL_TEST(screen, keys)
{
	bool gone = false;
	unsigned int i;

	ASSERT_TRUE(SHOWS("waits"));
	EXPECT_TRUE(SHOWS("<>r:WT"));
	KEY(">");
	EXPECT_TRUE(SHOWS_ANEW("<>r:ACQ/S"));
	KEY("<<");
	EXPECT_TRUE(SHOWS_ANEW("<>r:HOLDER"));
	KEY("r\033OA\033OB\033[5~\033[6~\t");
	EXPECT_TRUE(SHOWS_ANEW("Tab:rows"));
	EXPECT_TRUE(SHOWS_ANEW("waits"));
	/* The holder scrolls away, who waits for it is left. */
	KEY("\033OB");
	for (i = 0; i < 20 && !gone; i++) {
		RESIZE(26 + i % 2, 110 + i);
		ASSERT_TRUE(SHOWS("dmasync-top "));
		ASSERT_TRUE(SHOWS("waits"));
		gone = !strstr(strstr(self->seen, "dmasync-top "), "holds");
	}
	EXPECT_TRUE(gone);
	KEY("\033OH");
	EXPECT_TRUE(SHOWS_ANEW("waits"));
	KEY("d");
	EXPECT_TRUE(SHOWS_ANEW("detached"));
	KEY("d");
	EXPECT_TRUE(SHOWS_ANEW("attached by"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
}

/* The page stays while windows end, and is saved; the present is there again at once. */
TOOL_TEST(screen, hold_and_save)
{
	char command[128], text[16384];
	bool gone = false;
	unsigned int i;

	ASSERT_TRUE(SHOWS("waits"));
	KEY(" ");
	EXPECT_TRUE(SHOWS_ANEW("Space:go on"));
	ASSERT_EQ(0, st_release(self->w.ctx[0], self->held));
	/* Keys of the present do nothing. */
	KEY("p");
	EXPECT_TRUE(SHOWS_ANEW("HOLDER"));
	EXPECT_TRUE(SHOWS_ANEW("waits"));
	KEY("w");
	EXPECT_TRUE(SHOWS("saved as dmasync-top-"));
	snprintf(command, sizeof(command), "cat %s/dmasync-top-*.txt && rm %s/*", self->dir,
		 self->dir);
	EXPECT_EQ(0, tool_shell(command, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "waits")) TH_LOG("%s", text);
	KEY(" ");
	for (i = 0; i < 20 && !gone; i++) {
		RESIZE(26 + i % 2, 110 + i);
		ASSERT_TRUE(SHOWS("dmasync-top "));
		ASSERT_TRUE(SHOWS("Space:hold"));
		gone = !strstr(strstr(self->seen, "dmasync-top "), "waits");
	}
	EXPECT_TRUE(gone);
	KEY("q");
	EXPECT_EQ(0, ENDS());
}

/* A row for each buffer, then for each exporter ..., and for each buffer again. */
TOOL_TEST(screen, groups)
{
	static const char *const next[] = {
		"g:name", "g:process", "g:comm", "g:engine", "g:buffer",
	};
	unsigned int i;

	ASSERT_TRUE(SHOWS("waits"));
	EXPECT_TRUE(SHOWS("g:exporter"));
	for (i = 0; i < ST_ARRAY_SIZE(next); i++) {
		KEY("g");
		EXPECT_TRUE(SHOWS_ANEW(next[i]));
		EXPECT_TRUE(SHOWS_ANEW("GROUP"));
	}
	KEY("g");
	EXPECT_TRUE(SHOWS_ANEW("HOLDER"));
	KEY("p");
	EXPECT_TRUE(SHOWS_ANEW("BEHIND"));
	EXPECT_TRUE(SHOWS_ANEW("<>r:IN ALL"));
	KEY("p");
	EXPECT_TRUE(SHOWS_ANEW("HOLDER"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
}

/* Filters are written while it runs: programs are attached with them, and then without. */
TOOL_TEST(screen, filter)
{
	ASSERT_TRUE(SHOWS("waits"));
	KEY("/");
	EXPECT_TRUE(SHOWS_ANEW("filter: _"));
	KEY("comm=A\t\r");
	EXPECT_TRUE(SHOWS_ANEW("only comm=A"));
	KEY("/\025buffer=none*\r");
	EXPECT_TRUE(SHOWS_ANEW("only buffer=none*"));
	EXPECT_TRUE(SHOWS_ANEW("buffers 0"));
	KEY("\033");
	EXPECT_TRUE(SHOWS_ANEW("waits"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
}

/* Also the smallest one is no reason to fail; and in the usual one everything fits. */
TOOL_TEST(screen, other_sizes)
{
	ASSERT_TRUE(SHOWS("waits"));
	RESIZE(50, 200);
	EXPECT_TRUE(SHOWS("EXPORTER"));
	RESIZE(10, 40);
	EXPECT_TRUE(SHOWS("dmasync-top"));
	RESIZE(2, 10);
	st_sleep_ms(ST_WHILE_MS);
	RESIZE(1, 1);
	st_sleep_ms(ST_WHILE_MS);
	RESIZE(24, 80);
	EXPECT_TRUE(SHOWS("OVL%"));
	EXPECT_TRUE(SHOWS("waits"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
	EXPECT_GIVEN_BACK();
}

TOOL_TEST(screen, terminated)
{
	ASSERT_TRUE(SHOWS("waits"));
	ASSERT_EQ(0, kill(self->pid, SIGTERM));
	EXPECT_EQ(0, ENDS());
	EXPECT_GIVEN_BACK();
}

TOOL_TEST(screen, hang_up)
{
	ASSERT_TRUE(SHOWS("waits"));
	ASSERT_EQ(0, kill(self->pid, SIGHUP));
	EXPECT_EQ(0, ENDS());
	EXPECT_GIVEN_BACK();
}

/* A cursor that cannot be moved: windows one after the other instead. */
TOOL_TEST(screen, dumb_terminal)
{
	const char *const args[] = { tool_program(), "-d", "0.1", "-n", "1", NULL };

	ASSERT_TRUE(SHOWS("waits"));
	KEY("q");
	ASSERT_EQ(0, ENDS());
	FORGET();
	self->pid = screen_run(self->slave, "dumb", args);
	ASSERT_LT(0, self->pid);
	EXPECT_TRUE(SHOWS("going on in batch mode"));
	EXPECT_TRUE(SHOWS("own cost"));
	EXPECT_EQ(0, ENDS());
}

/* Who waits is seen at once, not when the first window ends. */
TOOL_TEST(screen, long_window)
{
	const char *const args[] = { tool_program(), "-d", "3600", NULL };

	ASSERT_TRUE(SHOWS("waits"));
	KEY("q");
	ASSERT_EQ(0, ENDS());
	FORGET();
	self->pid = screen_run(self->slave, "xterm", args);
	ASSERT_LT(0, self->pid);
	EXPECT_TRUE(SHOWS("waits"));
	KEY("q");
	EXPECT_EQ(0, ENDS());
}

TEST_HARNESS_MAIN
