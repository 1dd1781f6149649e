// SPDX-License-Identifier: GPL-2.0-only
#include "history.h"

static unsigned int history_slot(const struct history *history, unsigned int back)
{
	return (history->next + HISTORY_PAGES - back) % HISTORY_PAGES;
}

static void history_forget(struct history *history, uint64_t now_ns)
{
	while (history->nr &&
	       now_ns - history->times_ns[history_slot(history, history->nr)] > HISTORY_NS)
		history->nr--;
}

void history_add(struct history *history, const struct page *page, uint64_t now_ns)
{
	if (history->back)
		return;
	/* Time stands: it is the same window, seen another way. */
	if (history->nr && history->times_ns[history_slot(history, 1)] == now_ns) {
		page_copy(&history->pages[history_slot(history, 1)], page);
		return;
	}
	page_copy(&history->pages[history->next], page);
	history->times_ns[history->next] = now_ns;
	history->next = (history->next + 1) % HISTORY_PAGES;
	if (history->nr < HISTORY_PAGES)
		history->nr++;
	history_forget(history, now_ns);
}

void history_step(struct history *history, int steps)
{
	if (steps < 0 && history->back < (unsigned int)-steps)
		history->back = 0;
	else
		history->back += steps;
	if (history->back > history->nr)
		history->back = history->nr;
}

const struct page *history_page(const struct history *history, uint64_t *ns)
{
	unsigned int slot = history_slot(history, history->back);

	if (!history->back)
		return NULL;
	*ns = history->times_ns[slot];
	return &history->pages[slot];
}

void history_free(struct history *history)
{
	unsigned int i;

	for (i = 0; i < HISTORY_PAGES; i++)
		page_free(&history->pages[i]);
	history->nr = 0;
	history->back = 0;
}
