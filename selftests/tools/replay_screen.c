// SPDX-License-Identifier: GPL-2.0-only
/* dmasync-top shows written_scene() on a terminal of the test's own. */
#include <kselftest_harness.h>
#include <stdlib.h>
#include <unistd.h>

#include "terminal.h"
#include "written.h"

FIXTURE(replay_screen)
{
	char path[64], dir[32];
	struct termios before;
	int fd, master, slave;
	pid_t pid;
	char seen[TERMINAL_SEEN];
	size_t len;
};

FIXTURE_SETUP(replay_screen)
{
	snprintf(self->path, sizeof(self->path), "/tmp/replay.%d", getpid());
	ASSERT_EQ(0, record_file_create(self->path, &self->fd));
	snprintf(self->dir, sizeof(self->dir), "/tmp/replay.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, written_scene(self->fd));
}

FIXTURE_TEARDOWN(replay_screen)
{
	if (self->pid) {
		kill(self->pid, SIGKILL);
		st_child_wait(self->pid);
	}
	close(self->master);
	close(self->slave);
	unlink(self->path);
	EXPECT_EQ(0, rmdir(self->dir));
}

#define SHOW(...) do {							\
	const char *const _args[] = { tool_program(), "-r", self->path, ##__VA_ARGS__, NULL }; \
	struct winsize _size = { .ws_row = 24, .ws_col = 80 };		\
									\
	ASSERT_EQ(0, openpty(&self->master, &self->slave, NULL, NULL, &_size)); \
	ASSERT_EQ(0, tcgetattr(self->slave, &self->before));		\
	self->pid = terminal_run(self->dir, self->slave, "xterm", _args); \
	ASSERT_LT(0, self->pid);					\
} while (0)

#define QUIT() do {							\
	KEY("q");							\
	EXPECT_EQ(0, ENDS());						\
	EXPECT_GIVEN_BACK();						\
} while (0)

/* It stands still at its end, and the pages before are there. */
TOOL_TEST(replay_screen, up_to_its_end)
{
	ASSERT_EQ(0, written_end(self->fd, 250));
	SHOW("-d", "0.1");
	EXPECT_TRUE(SHOWS_ANEW("0.25 s, the end"));
	EXPECT_TRUE(SHOWS_ANEW("d:-"));
	KEY("\033OD\033OD");
	EXPECT_TRUE(SHOWS_ANEW("0.1 s ago"));
	EXPECT_TRUE(SHOWS_ANEW("0.20 s of"));
	KEY("\033OD");
	EXPECT_TRUE(SHOWS_ANEW("waits"));
	EXPECT_TRUE(SHOWS_ANEW("A/1001"));
	KEY("  ");
	EXPECT_TRUE(SHOWS_ANEW("0.0 s ago"));
	KEY(" ");
	EXPECT_TRUE(SHOWS_ANEW("0.25 s, the end"));
	QUIT();
}

/* While a page is held the recording is, too: no window is missed. */
TOOL_TEST(replay_screen, held)
{
	ASSERT_EQ(0, written_end(self->fd, 3600000));
	SHOW("-d", "0.5");
	ASSERT_TRUE(SHOWS("0.00 s of"));
	KEY(" ");
	EXPECT_TRUE(SHOWS_ANEW("0.0 s ago"));
	st_sleep_ms(1500);
	EXPECT_TRUE(SHOWS_ANEW("0.0 s ago"));
	KEY(" ");
	FORGET();
	EXPECT_TRUE(SHOWS_ANEW("Space:hold"));
	KEY("\033OD");
	EXPECT_TRUE(SHOWS_ANEW("Space:go on"));
	QUIT();
}

/* Keys and values are completed with what there is; only what passes is left. */
TOOL_TEST(replay_screen, filter)
{
	ASSERT_EQ(0, written_end(self->fd, 250));
	SHOW("-d", "0.1");
	ASSERT_TRUE(SHOWS_ANEW("0.25 s, the end"));
	KEY("/");
	EXPECT_TRUE(SHOWS_ANEW("filter: _  Tab: buffer= comm= pid= tid="));
	KEY("c\t");
	EXPECT_TRUE(SHOWS_ANEW("filter: comm=_  Tab: A B"));
	KEY("\t");
	EXPECT_TRUE(SHOWS_ANEW("filter: comm=A_"));
	KEY("\177B\r");
	EXPECT_TRUE(SHOWS_ANEW("only comm=B"));
	KEY("/");
	EXPECT_TRUE(SHOWS_ANEW("filter: comm=B _"));
	KEY("tid=x\r");
	EXPECT_TRUE(SHOWS_ANEW("filter: comm=B tid=x_"));
	KEY("\033");
	EXPECT_TRUE(SHOWS_ANEW("/:only"));
	EXPECT_TRUE(SHOWS_ANEW("only comm=B"));
	KEY("/\025color=red\r");
	EXPECT_TRUE(SHOWS_ANEW("'color=red' is not a filter"));
	KEY("\033");
	EXPECT_TRUE(SHOWS_ANEW("/:only"));
	QUIT();
}

/* The window on the screen is shown again, with what passes, and then with all of it. */
TOOL_TEST(replay_screen, filter_and_back)
{
	ASSERT_EQ(0, written_end(self->fd, 250));
	SHOW("-d", "0.2");
	ASSERT_TRUE(SHOWS_ANEW("0.25 s, the end"));
	KEY("\033OD\033OD");
	EXPECT_TRUE(SHOWS_ANEW("acq/s 10"));
	KEY(" ");
	KEY("/buffer=other*\r");
	EXPECT_TRUE(SHOWS_ANEW("only buffer=other*"));
	EXPECT_TRUE(SHOWS_ANEW("0.25 s, the end"));
	EXPECT_TRUE(SHOWS_ANEW("buffers 0"));
	KEY("\033");
	EXPECT_TRUE(SHOWS_ANEW("buffers 1"));
	EXPECT_TRUE(SHOWS_ANEW("0.25 s, the end"));
	QUIT();
}

TEST_HARNESS_MAIN
