/* SPDX-License-Identifier: GPL-2.0-only */
/* A page of text, for a terminal or a file. */
#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>

#include "output.h"

enum page_style {
	PAGE_PLAIN,
	PAGE_TITLE,
	PAGE_HEADING,
	PAGE_ALERT,
};

struct page_line {
	enum page_style style;
	char text[OUTPUT_LINE_SIZE];
};

struct page {
	struct page_line *lines;
	size_t nr, max;
};

void page_clear(struct page *page);
/* Append a line; it is empty until somebody writes to its text. */
struct page_line *page_add(struct page *page, enum page_style style);
void page_copy(struct page *to, const struct page *from);
/* Write it to a new file. Return: 0 or a negative errno. */
int page_save(const struct page *page, const char *path);
void page_free(struct page *page);

#endif /* PAGE_H */
