// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <curses.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define ESCAPE		0x1b
#define RUBOUT		0x7f
/* Other keys begin with the same character: so long what follows may be on its way. */
#define ESCAPE_MS	100

/* What curses.h calls SCREEN. */
static struct screen *screen;

static const chtype screen_styles[] = {
	[PAGE_PLAIN] = A_NORMAL,
	[PAGE_TITLE] = A_BOLD,
	[PAGE_HEADING] = A_REVERSE,
	[PAGE_ALERT] = A_BOLD,
};

/* Without a cursor that can be moved there is no page, though curses would try. */
static bool screen_can_page(void)
{
	const char *move = tigetstr("cup");

	return move && move != (const char *)-1;
}

void screen_end(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

int screen_begin(void)
{
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -ENOTTY;
	if (!screen_can_page()) {
		screen_end();
		return -ENOTTY;
	}
	set_term(screen);
	cbreak();
	noecho();
	keypad(stdscr, true);
	set_escdelay(ESCAPE_MS);
	nodelay(stdscr, true);
	curs_set(0);
	return 0;
}

int screen_width(void)
{
	return COLS;
}

int screen_height(void)
{
	return LINES - 1;
}

static void screen_line(int y, const char *text, enum page_style style)
{
	attrset(screen_styles[style]);
	/* A heading is marked over its whole width. */
	if (style == PAGE_HEADING)
		mvprintw(y, 0, "%-*.*s", COLS, COLS, text);
	else
		mvaddnstr(y, 0, text, COLS);
	attrset(A_NORMAL);
}

void screen_show(const struct page *page, const char *help)
{
	int y;

	erase();
	for (y = 0; y < LINES - 1 && (size_t)y < page->nr; y++)
		screen_line(y, page->lines[y].text, page->lines[y].style);
	screen_line(LINES - 1, help, PAGE_PLAIN);
	refresh();
}

int screen_key(void)
{
	int key = getch();

	switch (key) {
	case ERR:
		return SCREEN_KEY_NONE;
	case KEY_RESIZE:
		return SCREEN_KEY_RESIZE;
	case KEY_UP:
		return SCREEN_KEY_UP;
	case KEY_DOWN:
		return SCREEN_KEY_DOWN;
	case KEY_PPAGE:
		return SCREEN_KEY_PAGE_UP;
	case KEY_NPAGE:
		return SCREEN_KEY_PAGE_DOWN;
	case KEY_HOME:
		return SCREEN_KEY_HOME;
	case KEY_LEFT:
		return SCREEN_KEY_LEFT;
	case KEY_RIGHT:
		return SCREEN_KEY_RIGHT;
	case KEY_ENTER:
	case '\n':
	case '\r':
		return SCREEN_KEY_ENTER;
	case ESCAPE:
		return SCREEN_KEY_ESCAPE;
	case KEY_BACKSPACE:
	case '\b':
	case RUBOUT:
		return SCREEN_KEY_BACKSPACE;
	default:
		return key < 0 || key > 255 ? SCREEN_KEY_RESIZE :
		       SCREEN_KEY_CHAR + key;
	}
}
