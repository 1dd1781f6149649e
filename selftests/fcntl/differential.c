// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks on dma-bufs against those on files of a tmpfs: random steps by several processes,
 * played on both; every result, errno and F_GETLK answer, who sleeps, and the lock tables are
 * compared after each step.
 *
 * usage: differential [--steps N] [--seed N] [--verbose]
 *
 * DIFFERENTIAL="--steps N --seed N" in the environment is the same, for run-tests.sh.
 *
 * Steps whose outcome differs by design are known by a rule (docs/user-guide.rst, "What differs
 * from a plain file"), held against that rule on the dma-buf, and counted:
 *
 *	queue		a request that conflicts with one that waits already gets EAGAIN, or waits
 *			behind it, unless that one waits for its owner
 *	deadlock	a cycle is found at once, also over a second holder, where the VFS finds it
 *			later or never
 *	ofd		F_OFD_SETLK and F_OFD_SETLKW are refused with EINVAL
 *
 * A failing sequence is shrunk and printed.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "differential.d/game.h"
#include "differential.d/play.h"
#include "differential.d/step.h"
#include "st.h"

#define SESSION_STEPS	500
#define SHRINK_MS	120000

static bool verbose;

/* Take away pieces, large ones first, as long as the sides still differ. */
static int steps_shrink(struct games *games, struct step *steps, int nr, char *why)
{
	struct step *less = calloc(nr, sizeof(*less));
	int64_t until_ns = st_now_ns() + SHRINK_MS * ST_NSEC_PER_MSEC;
	int piece, at, end;
	char other[GAME_WHY_BYTES];

	for (piece = nr / 2; piece && less; piece = piece == 1 ? 0 : piece / 2) {
		for (at = 0; at + piece <= nr && nr > piece && st_now_ns() < until_ns;) {
			memcpy(less, steps, at * sizeof(*less));
			memcpy(less + at, steps + at + piece, (nr - at - piece) * sizeof(*less));
			end = game_play(games, less, nr - piece, other);
			if (end < 0 || end == nr - piece) {
				at += piece;
				continue;
			}
			nr = end + 1;
			memcpy(steps, less, nr * sizeof(*less));
			memcpy(why, other, sizeof(other));
		}
	}
	free(less);
	return nr;
}

static void steps_print(const struct step *steps, int nr, const char *why)
{
	int i;

	for (i = 0; i < nr; i++)
		ksft_print_msg("  %s\n", step_text(&steps[i]));
	ksft_print_msg("%s\n", why);
}

/* Return: 0 no difference, else the steps that the shortest failing sequence has. */
static int session(struct games *games, uint64_t number, int nr)
{
	static struct step game_steps[SESSION_STEPS];
	static char why[GAME_WHY_BYTES];
	int end;

	step_sequence(game_steps, nr, number);
	end = game_play(games, game_steps, nr, why);
	if (end == nr)
		return 0;
	if (end < 0) {
		ksft_print_msg("seed %llu: %s\n", (unsigned long long)number, why);
		return nr;
	}
	ksft_print_msg("seed %llu: differs at step %d: %s; shrinking\n",
		       (unsigned long long)number, end, why);
	end = steps_shrink(games, game_steps, end + 1, why);
	steps_print(game_steps, end, why);
	return end;
}

static bool sessions(struct games *games, uint64_t first, long nr)
{
	for (; nr > 0; nr -= SESSION_STEPS, first++) {
		if (session(games, first, nr < SESSION_STEPS ? nr : SESSION_STEPS))
			return false;
		if (!(nr % 10000))
			ksft_print_msg("%ld steps to go\n", nr);
	}
	return true;
}

/* The test must be able to fail: one side leaves out a byte when it unlocks. */
static bool finds_difference(void)
{
	struct games games = { .broken = true, .verbose = verbose };
	int nr = session(&games, 1, SESSION_STEPS);

	return nr > 0 && nr < 8;
}

static const struct option options[] = {
	{ "steps", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static uint64_t seed;
static long steps = 25000;

static int options_read(int argc, char **argv)
{
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			steps = atol(optarg);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'v')
			verbose = true;
		else
			return -EINVAL;
	}
	return 0;
}

static int environment_read(void)
{
	char *words[8] = { "DIFFERENTIAL" }, *text = getenv("DIFFERENTIAL"), *word;
	int nr = 1;

	for (word = text ? strtok(text, " ") : NULL; word && nr < 7; word = strtok(NULL, " "))
		words[nr++] = word;
	return options_read(nr, words);
}

int main(int argc, char **argv)
{
	struct games games = { 0 };
	int64_t began_ns;

	if (argc > 1 && !strcmp(argv[1], "--player"))
		return player_main(argc, argv);
	seed = st_now_ns();
	if (environment_read() || options_read(argc, argv))
		return 2;
	games.verbose = verbose;
	signal(SIGPIPE, SIG_IGN);
	ksft_print_header();
	ksft_set_plan(2);
	ksft_print_msg("seed %llu\n", (unsigned long long)seed);
	ksft_test_result(finds_difference(), "a difference is found and shrunk\n");
	began_ns = st_now_ns();
	ksft_test_result(sessions(&games, seed, steps), "no difference in %ld steps\n", steps);
	ksft_print_msg("%lu steps in %lld ms: %lu slept, %lu got in; by rule: %lu behind the queue, %lu deadlocks that the VFS overlooks, %lu that it finds late, %lu of the open file, %lu not played\n",
		       games.counts.steps, (long long)(st_now_ns() - began_ns) / ST_NSEC_PER_MSEC,
		       games.counts.slept, games.counts.granted, games.counts.queue,
		       games.counts.deadlock, games.counts.late, games.counts.ofd,
		       games.counts.skipped);
	ksft_finished();
}
