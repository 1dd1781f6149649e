// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests, releases and cancellations at random. Whenever nobody is told to look any more:
 *
 *	who looks all the same is not acquired		else a kick was lost
 *	no cycle of holders is there			else a deadlock was not found
 *
 * and whoever was told of a deadlock was in one when the verdict fell. That may have fallen apart
 * since, but a verdict is carried out. The same seed does the same again.
 */
#include <linux/prandom.h>

#include "fixture.h"

#define SEEDS	24
#define STEPS	500
#define CROWD	12

/**
 * struct chance - one run
 * @test: the test
 * @fx: the fixture; what is over leaves @fx->sets
 * @rnd: the source of all decisions
 * @seed: of it
 * @step: how far it is
 * @doomed: sets that there was a verdict on
 * @nr_doomed: so many
 */
struct chance {
	struct kunit *test;
	struct fx *fx;
	struct rnd_state rnd;
	unsigned int seed;
	unsigned int step;
	const struct dsync_set *doomed[FX_SETS];
	unsigned int nr_doomed;
};

static unsigned int chance_of(struct chance *chance, unsigned int nr)
{
	return prandom_u32_state(&chance->rnd) % nr;
}

static void chance_fail(struct chance *chance, const char *what)
{
	KUNIT_FAIL(chance->test, "seed %u, step %u: %s", chance->seed, chance->step, what);
}

static bool conflict(const struct dsync_access *a, const struct dsync_access *b)
{
	return a->buf == b->buf && a->set->owner != b->set->owner &&
	       dsync_mode_conflicts(a->mode, b->mode) &&
	       dsync_range_overlaps(a->start, a->last, b->start, b->last);
}

static bool keeps_waiting(const struct dsync_set *holder, const struct dsync_set *set)
{
	const struct dsync_access *a, *b;

	dsync_set_for_each(holder, a)
		dsync_set_for_each(set, b)
			if (conflict(a, b))
				return true;
	return false;
}

static unsigned int owner_of(struct chance *chance, const struct dsync_set *set)
{
	unsigned int owner = 0;

	while (chance->fx->owners[owner] != set->owner)
		owner++;
	return owner;
}

/* Does an owner of @owners wait for one of them? */
static bool owner_waits(struct chance *chance, unsigned int owner, unsigned long owners)
{
	struct dsync_set **sets = chance->fx->sets, *holder;
	unsigned int i, k, nr = chance->fx->nr_sets;

	for (i = 0; i < nr; i++) {
		if (!fx_queued(sets[i]) || owner_of(chance, sets[i]) != owner)
			continue;
		for (k = 0; k < nr; k++) {
			holder = sets[k];
			if (holder->state == DSYNC_HELD &&
			    (owners & BIT(owner_of(chance, holder))) &&
			    keeps_waiting(holder, sets[i]))
				return true;
		}
	}
	return false;
}

/* Leave out owners that wait for none of those that are left, until that changes nothing. */
static bool cycle_of_holders(struct chance *chance)
{
	unsigned long owners = BIT(FX_OWNERS) - 1, before;
	unsigned int owner;

	do {
		before = owners;
		for (owner = 0; owner < FX_OWNERS; owner++)
			if ((owners & BIT(owner)) && !owner_waits(chance, owner, owners))
				owners &= ~BIT(owner);
	} while (owners != before);
	return owners;
}

/* Its place among those that are doomed, or their number. */
static unsigned int doomed_at(struct chance *chance, const struct dsync_set *set)
{
	unsigned int i = 0;

	while (i < chance->nr_doomed && chance->doomed[i] != set)
		i++;
	return i;
}

static bool is_doomed(struct chance *chance, const struct dsync_set *set)
{
	return doomed_at(chance, set) < chance->nr_doomed;
}

/* Verdicts fall while somebody looks: right after that the cycles still stand. */
static void note_doomed(struct chance *chance)
{
	struct dsync_set *set;
	unsigned int i;

	for (i = 0; i < chance->fx->nr_sets; i++) {
		set = chance->fx->sets[i];
		if (!test_bit(DSYNC_SET_DOOMED, &set->kicked) || is_doomed(chance, set))
			continue;
		if (!cycle_of_holders(chance))
			chance_fail(chance, "a verdict without a deadlock");
		chance->doomed[chance->nr_doomed++] = set;
	}
}

static void drop(struct chance *chance, struct dsync_set *set)
{
	struct fx *fx = chance->fx;
	unsigned int i = 0;

	if (is_doomed(chance, set))
		chance->doomed[doomed_at(chance, set)] = chance->doomed[--chance->nr_doomed];
	while (fx->sets[i] != set)
		i++;
	fx->sets[i] = fx->sets[--fx->nr_sets];
	if (fx_queued(set))
		fx_cancel(set);
	if (set->state == DSYNC_HELD)
		fx_release(set);
	dsync_set_put(set);
}

static void look(struct chance *chance, struct dsync_set *set)
{
	int ret = fx_try(set);

	note_doomed(chance);
	switch (ret) {
	case 0:
	case -EINPROGRESS:
		return;
	case -EDEADLK:
		if (!is_doomed(chance, set))
			chance_fail(chance, "EDEADLK without a verdict");
		break;
	default:
		chance_fail(chance, "an error that has no reason");
	}
	drop(chance, set);
}

/* Whoever was told to look does, in any order; somebody who looks may tell others. */
static void settle(struct chance *chance)
{
	struct fx *fx = chance->fx;
	unsigned int i, first;
	bool again;

	do {
		again = false;
		first = chance_of(chance, CROWD);
		for (i = 0; i < fx->nr_sets && !again; i++) {
			struct dsync_set *set = fx->sets[(i + first) % fx->nr_sets];

			again = fx_kicked(set);
			if (again)
				look(chance, set);
		}
	} while (again);
}

static void verify(struct chance *chance)
{
	struct fx *fx = chance->fx;
	unsigned int i;

	if (cycle_of_holders(chance))
		chance_fail(chance, "a deadlock that nobody was told of");
	for (i = 0; i < fx->nr_sets; i++)
		if (fx_queued(fx->sets[i]) && fx_try(fx->sets[i]) != -EINPROGRESS)
			chance_fail(chance, "a request that could be acquired slept");
	/* Looking, they may have told each other to. */
	settle(chance);
}

static struct dsync_set *any_set(struct chance *chance)
{
	unsigned int owner = chance_of(chance, FX_OWNERS);
	unsigned int buf = chance_of(chance, FX_BUFS);
	u32 mode = chance_of(chance, 2) ? FX_W : FX_R;
	unsigned long bytes = 1 + chance_of(chance, 255);
	unsigned int start = chance_of(chance, 8);

	switch (chance_of(chance, 3)) {
	case 0:
		return fx_bytes(chance->test, owner, bytes,
				bytes & prandom_u32_state(&chance->rnd) &
				prandom_u32_state(&chance->rnd));
	case 1:
		return fx_pair(chance->test, owner, buf, (buf + 1) % FX_BUFS, mode);
	default:
		return fx_set(chance->test, owner, buf, mode, start,
			      start + chance_of(chance, 4));
	}
}

static void step(struct chance *chance)
{
	struct fx *fx = chance->fx;
	struct dsync_set *set;

	if (!fx->nr_sets || (fx->nr_sets < CROWD && chance_of(chance, 2))) {
		set = any_set(chance);
		if (chance_of(chance, 8))
			look(chance, set);
		else if (fx_try_now(set))
			drop(chance, set);
		note_doomed(chance);
	} else {
		set = fx->sets[chance_of(chance, fx->nr_sets)];
		if (set->state == DSYNC_HELD || !chance_of(chance, 4))
			drop(chance, set);
	}
}

static void nobody_sleeps_without_reason(struct kunit *test)
{
	struct chance chance = { .test = test, .fx = test->priv };

	for (chance.seed = 1; chance.seed <= SEEDS; chance.seed++) {
		prandom_seed_state(&chance.rnd, chance.seed);
		for (chance.step = 0; chance.step < STEPS; chance.step++) {
			step(&chance);
			/* Not always: several things may happen before anybody looks. */
			if (!chance_of(&chance, 3))
				continue;
			settle(&chance);
			verify(&chance);
		}
		while (chance.fx->nr_sets)
			drop(&chance, chance.fx->sets[0]);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(nobody_sleeps_without_reason),
	{}
};

struct kunit_suite dsync_random_suite = {
	.name = "dmabuf_sync_random",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
