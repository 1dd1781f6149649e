// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a pair of acquire and release costs the victim, in CPU time of its own, beside the opponent.
 * It is held against what it costs beside a process that keeps a processor just as busy and has
 * nothing to do with the framework: that is what any neighbour takes. The two take turns, so that
 * what changes on the machine meanwhile changes both.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "opponent.h"

/*
 * The CPU time of a batch is one number, and so is the time of a turn. The lower quartile of them
 * counts, as nobody is fast by accident.
 */
#define BATCH		16
#define NR_BATCHES	50
#define NR_TURNS	16
#define MAX_TURNS	(3 * NR_TURNS)

enum turn { TURN_NONE, TURN_ALONE, TURN_BESIDE, TURN_OVER };

/**
 * struct neighbour - the process beside the victim; shared memory
 * @rival: what it does
 * @turn: whose turn it is; the victim says so
 * @seen: the neighbour follows
 * @err: of the rival
 */
struct neighbour {
	const struct op_rival *rival;
	int turn, seen;
	int err;
};

static void keep_busy(void)
{
	volatile unsigned int i;

	for (i = 0; i < 10000; i++)
		;
}

static int neighbour_play(void *arg)
{
	struct neighbour *n = arg;
	const struct op_rival *rival = n->rival;
	bool prepared = !rival->prepare;
	int turn;

	while (!n->err && (turn = op_phase(&n->turn)) != TURN_OVER) {
		if (turn == TURN_BESIDE && !prepared) {
			n->err = rival->prepare(rival->stage);
			prepared = true;
		}
		op_reach(&n->seen, turn);
		if (turn == TURN_BESIDE && !n->err)
			n->err = rival->work(rival->stage);
		else if (turn == TURN_ALONE)
			keep_busy();
		else
			st_sleep_ms(1);
	}
	op_reach(&n->seen, TURN_OVER);
	return 0;
}

static bool turn_give(struct neighbour *n, enum turn turn)
{
	op_reach(&n->turn, turn);
	return ST_UNTIL_MS(op_phase(&n->seen) == (int)turn || op_phase(&n->seen) == TURN_OVER,
			   6 * ST_SOON_MS) && !n->err;
}

static int64_t cpu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * ST_NSEC_PER_SEC + now.tv_nsec;
}

/**
 * struct samples - what was measured in the turns of one kind
 * @cpu: CPU time of a pair, by batch
 * @wall: time of a pair, by turn
 * @nr: turns so far
 */
struct samples {
	int64_t cpu[MAX_TURNS * NR_BATCHES];
	int64_t wall[MAX_TURNS];
	unsigned int nr;
};

static int batches(op_pair_fn pair, void *victim, struct samples *samples)
{
	int64_t *cpu = &samples->cpu[samples->nr * NR_BATCHES];
	int64_t begin_ns = st_now_ns(), cpu_ns;
	unsigned int i, k;
	int err = 0;

	for (i = 0; !err && i < NR_BATCHES; i++) {
		cpu_ns = cpu_now_ns();
		for (k = 0; !err && k < BATCH; k++)
			err = pair(victim);
		cpu[i] = (cpu_now_ns() - cpu_ns) / BATCH;
	}
	samples->wall[samples->nr++] = (st_now_ns() - begin_ns) / (NR_BATCHES * BATCH);
	return err;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t lower_quartile(int64_t *values, unsigned int nr)
{
	qsort(values, nr, sizeof(*values), compare);
	return values[nr / 4];
}

static void cost_of(struct samples *samples, int64_t *cpu_ns, int64_t *wall_ns)
{
	*cpu_ns = lower_quartile(samples->cpu, samples->nr * NR_BATCHES);
	*wall_ns = lower_quartile(samples->wall, samples->nr);
}

static int turn_take(struct neighbour *n, enum turn whose, op_pair_fn pair, void *victim,
		     struct samples *samples)
{
	if (!turn_give(n, whose))
		return n->err ?: -ETIME;
	return batches(pair, victim, samples);
}

static int turns_take(struct neighbour *n, op_pair_fn pair, void *victim,
		      struct samples *alone, struct samples *beside)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < NR_TURNS; i++) {
		err = turn_take(n, TURN_ALONE, pair, victim, alone);
		if (!err)
			err = turn_take(n, TURN_BESIDE, pair, victim, beside);
	}
	return err;
}

/* A host that has much else to do takes more turns to tell; all of them count. */
static int turns(struct neighbour *n, op_pair_fn pair, void *victim, struct op_cost *cost)
{
	static struct samples alone, beside;
	int err;

	do {
		err = turns_take(n, pair, victim, &alone, &beside);
		cost_of(&alone, &cost->alone_ns, &cost->alone_wall_ns);
		cost_of(&beside, &cost->beside_ns, &cost->beside_wall_ns);
	} while (!err && alone.nr < MAX_TURNS &&
		 !(op_cost_bounded(cost) && op_wait_bounded(cost)));
	return err;
}

int op_cost_measure(const struct op_rival *rival, op_pair_fn pair, void *victim,
		    struct op_cost *cost)
{
	struct neighbour *n = st_shared(sizeof(*n));
	pid_t pid;
	int err;

	if (!n)
		return -ENOMEM;
	n->rival = rival;
	pid = op_start(OP_OPPONENT, neighbour_play, n);
	if (pid < 0)
		return pid;
	err = turns(n, pair, victim, cost);
	op_reach(&n->turn, TURN_OVER);
	op_end(pid);
	return err ?: n->err;
}

bool op_cost_bounded(const struct op_cost *cost)
{
	return cost->beside_ns <= cost->alone_ns + cost->alone_ns / 5;
}

bool op_wait_bounded(const struct op_cost *cost)
{
	return cost->beside_wall_ns <= 2 * cost->alone_wall_ns;
}
