/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmasync-top on a terminal of the test's own. Macros are for fixtures with the members
 * master, slave, before (of openpty() and tcgetattr()), pid, seen and len.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include "tool.h"

#define TERMINAL_SEEN	262144

/* The tool, on the terminal, with @dir as its working directory. */
static inline pid_t terminal_run(const char *dir, int slave, const char *term,
				 const char *const *args)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (login_tty(slave) || chdir(dir))
		_exit(126);
	setenv("TERM", term, 1);
	execv(tool_program(), (char **)args);
	_exit(127);
}

static inline void terminal_read(int master, char *seen, size_t size, size_t *len)
{
	struct pollfd fd = { .fd = master, .events = POLLIN };
	ssize_t got;

	if (poll(&fd, 1, 100) <= 0 || !(fd.revents & POLLIN))
		return;
	if (*len > size / 2)
		*len = 0;
	got = read(master, seen + *len, size - *len - 1);
	if (got > 0)
		*len += got;
	seen[*len] = '\0';
}

/* What comes from now on. */
#define FORGET() do { self->len = 0; self->seen[0] = '\0'; } while (0)

/* It has come, or comes soon. */
#define SHOWS(text)							\
	ST_UNTIL_MS((terminal_read(self->master, self->seen, sizeof(self->seen), \
				 &self->len), strstr(self->seen, text)), TOOL_ATTACH_MS)

/* A new size makes the program draw everything anew, not only what changed. */
#define RESIZE(rows, columns) do {					\
	struct winsize _size = { .ws_row = rows, .ws_col = columns };	\
									\
	FORGET();							\
	ASSERT_EQ(0, ioctl(self->slave, TIOCSWINSZ, &_size));		\
} while (0)

#define KEY(text)	ASSERT_EQ(sizeof(text) - 1, write(self->master, text, sizeof(text) - 1))

/* Modes as before, and the last word was to leave the alternate screen. */
#define EXPECT_GIVEN_BACK() do {					\
	struct termios now;						\
									\
	terminal_read(self->master, self->seen, sizeof(self->seen), &self->len); \
	EXPECT_EQ(0, tcgetattr(self->slave, &now));			\
	EXPECT_EQ(self->before.c_lflag, now.c_lflag);			\
	EXPECT_EQ(self->before.c_iflag, now.c_iflag);			\
	EXPECT_EQ(self->before.c_oflag, now.c_oflag);			\
	EXPECT_NE(NULL, strstr(self->seen, "\033[?1049l"));		\
} while (0)

/* While it waits, what it draws is read: a full terminal would stop it. */
#define ENDS() ({							\
	int _status = -1;						\
	bool _ended = ST_UNTIL((terminal_read(self->master, self->seen,	\
					    sizeof(self->seen), &self->len), \
				waitpid(self->pid, &_status, WNOHANG) == self->pid)); \
									\
	self->pid = _ended ? 0 : self->pid;				\
	_status;							\
})

/* A program that is told its new size has drawn everything by then. */
#define REDRAW_MS	(1000 * st_slowness())

/* Drawn anew again and again, until the key before has had its effect. */
#define SHOWS_ANEW(text) ({						\
	bool _shows = false;						\
	unsigned int _i;						\
									\
	for (_i = 0; _i < 20 && !_shows; _i++) {			\
		RESIZE(24 + _i % 2, 80 + _i);				\
		_shows = ST_UNTIL_MS((terminal_read(self->master, self->seen, \
						  sizeof(self->seen), &self->len), \
				      strstr(self->seen, text)), REDRAW_MS); \
	}								\
	_shows;								\
})

#endif /* TERMINAL_H */
