/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of the last minute, to step back to. */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdint.h>

#include "page.h"

/* Pages that are kept: less than a minute of them with windows below a second. */
#define HISTORY_PAGES	60
#define HISTORY_NS	60000000000ULL

/**
 * struct history - pages of the past, and which of them is on the screen
 * @pages: a ring
 * @times_ns: when each of them was made
 * @next: where the next one goes
 * @nr: how many there are
 * @back: the one on the screen, counted from the latest one, which is 1; 0: the present
 */
struct history {
	struct page pages[HISTORY_PAGES];
	uint64_t times_ns[HISTORY_PAGES];
	unsigned int next, nr, back;
};

/*
 * A window has ended with this page. It is kept if the present is on the screen: what somebody
 * looks at stays, for as long as it takes, and so does what is beside it.
 */
void history_add(struct history *history, const struct page *page, uint64_t now_ns);
/* Go @steps pages back, or forward if below 0: behind the latest one comes the present. */
void history_step(struct history *history, int steps);
/* The page of the past that is on the screen, NULL: the present. @ns: when it was made. */
const struct page *history_page(const struct history *history, uint64_t *ns);
void history_free(struct history *history);

#endif /* HISTORY_H */
