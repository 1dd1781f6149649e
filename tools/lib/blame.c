// SPDX-License-Identifier: GPL-2.0-only
/*
 * First each pair of the kernel and each wait in progress is a row of its own; then the rows
 * are sorted, and those of the same pair become one.
 */
#include "blame.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

static struct blame_row *blame_new(struct blames *blames)
{
	struct blame_row *row;

	if (blames->nr == blames->max) {
		blames->max = blames->max ? blames->max * 2 : 64;
		blames->rows = reallocarray(blames->rows, blames->max, sizeof(*blames->rows));
		if (!blames->rows)
			err(1, "no memory for %zu pairs", blames->max);
	}
	row = &blames->rows[blames->nr++];
	memset(row, 0, sizeof(*row));
	return row;
}

static void blame_party(const struct model *model, const struct top_party *raw,
			struct blame_party *party)
{
	const struct top_timeline *timeline = model_timeline(model, raw->context);

	party->tgid = raw->tgid;
	format_array(party->comm, raw->comm, sizeof(party->comm));
	if (timeline)
		snprintf(party->engine, sizeof(party->engine), "%s", timeline->name);
	else
		party->context = raw->context;
}

static unsigned int blame_nr_inos(const struct top_blame *sum)
{
	unsigned int nr = 0;

	while (nr < TOP_BLAME_BUFFERS && sum->inos[nr])
		nr++;
	return nr;
}

static void blame_over(struct blames *blames, const struct model *model)
{
	size_t i;

	for (i = 0; i < model->nr_blames; i++) {
		const struct model_blame *blame = &model->blames[i];
		struct blame_row *row = blame_new(blames);

		blame_party(model, &blame->key.waiter, &row->waiter);
		blame_party(model, &blame->key.holder, &row->holder);
		row->sum = blame->sum;
		row->nr_inos = blame_nr_inos(&blame->sum);
	}
}

/* What is left of a wait in progress, for the one that it is behind. */
static void blame_waiting(struct blames *blames, const struct model *model)
{
	size_t i;

	for (i = 0; i < model->nr_waiting; i++) {
		const struct model_access *access = model->waiting[i];
		uint64_t age_ns = model_access_age_ns(access);
		struct top_party waiter = { .tgid = access->at.tgid };
		struct blame_row *row;

		if (!access->behind.blocker || !model_access_counts(model, access))
			continue;
		row = blame_new(blames);
		memcpy(waiter.comm, access->at.comm, sizeof(waiter.comm));
		blame_party(model, &waiter, &row->waiter);
		blame_party(model, &access->behind.party, &row->holder);
		if (age_ns > access->behind.blamed_ns)
			row->oldest_ns = age_ns - access->behind.blamed_ns;
		row->sum.waits = 1;
		row->sum.wait_ns = row->oldest_ns;
		row->sum.max_ns = row->oldest_ns;
		row->sum.inos[0] = access->at.ino;
		row->nr_inos = 1;
		row->nr_waiting = 1;
	}
}

static int blame_compare_party(const struct blame_party *x, const struct blame_party *y)
{
	if (x->tgid != y->tgid)
		return x->tgid > y->tgid ? 1 : -1;
	if (x->context != y->context)
		return x->context > y->context ? 1 : -1;
	return strcmp(x->comm, y->comm) ?: strcmp(x->engine, y->engine);
}

static int blame_compare(const void *a, const void *b)
{
	const struct blame_row *x = a, *y = b;

	return blame_compare_party(&x->waiter, &y->waiter) ?:
	       blame_compare_party(&x->holder, &y->holder);
}

static int blame_worse(const void *a, const void *b)
{
	const struct blame_row *x = a, *y = b;

	if (x->sum.wait_ns != y->sum.wait_ns)
		return x->sum.wait_ns < y->sum.wait_ns ? 1 : -1;
	return blame_compare(a, b);
}

static void blame_add_buffer(struct blame_row *row, uint64_t ino)
{
	unsigned int i;

	for (i = 0; i < row->nr_inos; i++)
		if (row->sum.inos[i] == ino)
			return;
	if (i == TOP_BLAME_BUFFERS)
		row->sum.more_inos = 1;
	else
		row->sum.inos[row->nr_inos++] = ino;
}

static void blame_fold(struct blame_row *to, const struct blame_row *from)
{
	unsigned int i;

	to->sum.waits += from->sum.waits;
	to->sum.wait_ns += from->sum.wait_ns;
	if (from->sum.max_ns > to->sum.max_ns)
		to->sum.max_ns = from->sum.max_ns;
	to->sum.more_inos |= from->sum.more_inos;
	for (i = 0; i < from->nr_inos; i++)
		blame_add_buffer(to, from->sum.inos[i]);
	to->nr_waiting += from->nr_waiting;
	if (from->oldest_ns > to->oldest_ns)
		to->oldest_ns = from->oldest_ns;
}

static void blame_merge(struct blames *blames)
{
	size_t nr = 0, i;

	if (blames->nr)
		qsort(blames->rows, blames->nr, sizeof(*blames->rows), blame_compare);
	for (i = 0; i < blames->nr; i++) {
		if (nr && !blame_compare(&blames->rows[nr - 1], &blames->rows[i]))
			blame_fold(&blames->rows[nr - 1], &blames->rows[i]);
		else
			blames->rows[nr++] = blames->rows[i];
	}
	blames->nr = nr;
	if (nr)
		qsort(blames->rows, nr, sizeof(*blames->rows), blame_worse);
}

/* What the kernel had no room for, and what is too much to show, is one row. */
static void blame_others(struct blames *blames, const struct model *model)
{
	struct blame_row others = {
		.sum = {
			.waits = model->blame_left_waits,
			.wait_ns = model->blame_left_ns,
		},
		.nr_pairs = !!model->blame_left_waits,
	};

	while (blames->nr > BLAME_MAX_ROWS) {
		blame_fold(&others, &blames->rows[--blames->nr]);
		others.nr_pairs++;
	}
	if (others.nr_pairs)
		*blame_new(blames) = others;
}

void blame_build(struct blames *blames, const struct model *model)
{
	blames->nr = 0;
	blame_over(blames, model);
	blame_waiting(blames, model);
	blame_merge(blames);
	blame_others(blames, model);
}

void blame_free(struct blames *blames)
{
	free(blames->rows);
	*blames = (struct blames){ 0 };
}
