// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include <err.h>
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

void page_free(struct page *page)
{
	free(page->lines);
	*page = (struct page){ 0 };
}
