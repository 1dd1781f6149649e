// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void page_clear(struct page *page)
{
	page->nr = 0;
}

struct page_line *page_add(struct page *page, enum page_style style)
{
	struct page_line *line;

	if (page->nr == page->max) {
		page->max = page->max ? page->max * 2 : 64;
		page->lines = reallocarray(page->lines, page->max,
					   sizeof(*page->lines));
		if (!page->lines)
			err(1, "no memory for a page of %zu lines", page->max);
	}
	line = &page->lines[page->nr++];
	line->style = style;
	line->text[0] = '\0';
	return line;
}

void page_copy(struct page *to, const struct page *from)
{
	size_t i;

	page_clear(to);
	for (i = 0; i < from->nr; i++)
		*page_add(to, PAGE_PLAIN) = from->lines[i];
}

int page_save(const struct page *page, const char *path)
{
	FILE *file = fopen(path, "wxe");
	int error = 0;
	size_t i;

	if (!file)
		return -errno;
	for (i = 0; i < page->nr; i++)
		fprintf(file, "%s\n", page->lines[i].text);
	if (ferror(file))
		error = -EIO;
	if (fclose(file) && !error)
		error = -errno;
	return error;
}

void page_free(struct page *page)
{
	free(page->lines);
	*page = (struct page){ 0 };
}
