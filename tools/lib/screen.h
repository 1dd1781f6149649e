/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, while a page is kept on it. */
#ifndef SCREEN_H
#define SCREEN_H

#include "page.h"

enum screen_key {
	SCREEN_KEY_NONE,
	SCREEN_KEY_RESIZE,
	SCREEN_KEY_UP,
	SCREEN_KEY_DOWN,
	SCREEN_KEY_PAGE_UP,
	SCREEN_KEY_PAGE_DOWN,
	SCREEN_KEY_HOME,
	SCREEN_KEY_LEFT,
	SCREEN_KEY_RIGHT,
	SCREEN_KEY_ENTER,
	SCREEN_KEY_ESCAPE,
	SCREEN_KEY_BACKSPACE,
	SCREEN_KEY_CHAR,	/* and more: a character */
};

/* Take the terminal. Return: 0, or -ENOTTY when it cannot show a page. */
int screen_begin(void);
/* Give it back as it was. May be called at any time, also twice. */
void screen_end(void);

int screen_width(void);
/* Lines for the page: all but the last one, which is @help's. */
int screen_height(void);
void screen_show(const struct page *page, const char *help);

/* A key that was pressed: SCREEN_KEY_CHAR + character, or another one of above. */
int screen_key(void);

#endif /* SCREEN_H */
