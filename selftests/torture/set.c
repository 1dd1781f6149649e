// SPDX-License-Identifier: GPL-2.0-only
/* Random sets: some ranges of some buffers, in cells. */
#include "torture.h"

static bool overlaps(const struct to_want *a, const struct to_want *b)
{
	return a->buf == b->buf && a->first < b->first + b->nr && b->first < a->first + a->nr;
}

/* Short ranges are as frequent as all others, so that some owners work side by side. */
static void want_pick(struct to_want *want, struct to_random *random, unsigned int nr_bufs)
{
	unsigned int room;

	want->buf = to_random_below(random, nr_bufs);
	want->first = to_random_below(random, TO_CELLS);
	room = TO_CELLS - want->first;
	if (to_random_percent(random, 50) && room > 3)
		room = 3;
	want->nr = 1 + to_random_below(random, room);
	want->access = 1 + to_random_below(random, 3);
}

/* The accesses of a set may not overlap each other: those that would are left out. */
void to_set_pick(struct to_set *set, struct to_random *random, unsigned int nr_bufs)
{
	unsigned int i, j, nr = 1 + to_random_below(random, TO_SET);

	set->nr = 0;
	for (i = 0; i < nr; i++) {
		struct to_want want;

		want_pick(&want, random, nr_bufs);
		for (j = 0; j < set->nr; j++)
			if (overlaps(&want, &set->want[j]))
				break;
		if (j == set->nr)
			set->want[set->nr++] = want;
	}
}

/* What is left has no more bytes, and writes none that were only read. */
void to_set_cut(struct to_set *set, struct to_random *random)
{
	struct to_want *want;

	set->nr = 1 + to_random_below(random, set->nr);
	for (want = set->want; want < set->want + set->nr; want++) {
		want->nr = 1 + to_random_below(random, want->nr);
		if (to_random_percent(random, 50))
			want->access = DMA_BUF_ACCESS_R;
	}
}

bool to_set_conflicts(const struct to_set *a, const struct to_set *b)
{
	unsigned int i, j;

	for (i = 0; i < a->nr; i++)
		for (j = 0; j < b->nr; j++)
			if (overlaps(&a->want[i], &b->want[j]) &&
			    (a->want[i].access | b->want[j].access) & DMA_BUF_ACCESS_W)
				return true;
	return false;
}
