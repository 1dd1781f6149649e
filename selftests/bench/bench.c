// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench: measures cases and prints a line for each; report.py makes a table of them.
 *
 * A line is "case" and key=value, separated by tabs: row, side, unit, and either the median,
 * low, high and mean of the batches, their number and that of the operations in each, or why
 * there is no result.
 */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "profile/mark.h"

static const struct option options[] = {
	{ "stock", no_argument, NULL, 's' },
	{ "untraced", no_argument, NULL, 'u' },
	{ "quick", no_argument, NULL, 'q' },
	{ "timed", no_argument, NULL, 't' },
	{ "profile", no_argument, NULL, 'p' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void usage(FILE *out)
{
	fputs("usage: bench [OPTION...] [ROW...]\n"
	      "Measures the rows that the patterns ROW name, or all.\n"
	      "  --stock   what has to be measured before dmabuf_sync.ko is loaded\n"
	      "  --untraced what has to be measured with a module without tracepoints\n"
	      "  --timed   rows that are in time; else those in instructions, which needs a machine\n"
	      "            that counts them\n"
	      "  --quick   a few of each, of all rows, in time, to see that it works\n"
	      "  --profile for a machine that counts instructions by address: fewer batches\n"
	      "  --list    names of the rows\n", out);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Operations that make up a batch, from what a few of them cost. */
static int64_t choose_nr(struct bench *bench, const struct bench_case *c)
{
	const unsigned int few = 32;
	int64_t cost;

	if (bench->quick)
		return c->nr_quick ?: 3;
	if (c->nr)
		return c->nr;
	cost = c->batch(bench, few);
	if (cost < 0)
		return cost;
	return few * (int64_t)BENCH_BATCH / (cost + 1) + 1;
}

static void print(const struct bench *bench, const struct bench_case *c, double *costs,
		  unsigned int nr_batches, unsigned int nr)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < nr_batches; i++)
		sum += costs[i];
	qsort(costs, nr_batches, sizeof(*costs), compare);
	printf("case\trow=%s\tside=%s\tunit=%s\tmedian=%.1f\tlow=%.1f\thigh=%.1f\tmean=%.1f\tbatches=%u\tnr=%u\tnote=%s\n",
	       c->row, c->side, c->unit ?: bench->counted ? "instructions" : "ns",
	       (costs[(nr_batches - 1) / 2] + costs[nr_batches / 2]) / 2, costs[0],
	       costs[nr_batches - 1], sum / nr_batches, nr_batches, nr, bench->note);
}

/* The first batch fills caches and is not counted. */
static int measure(struct bench *bench, const struct bench_case *c, double *costs,
		   unsigned int nr_batches)
{
	int64_t nr = choose_nr(bench, c), cost = 0;
	unsigned int i;

	for (i = 0; i <= nr_batches && nr >= 0 && cost >= 0 && !bench->why[0]; i++) {
		cost = c->batch(bench, nr);
		if (i)
			costs[i - 1] = (double)cost / nr;
		else
			PROFILE_MARK(PROFILE_RESET);
	}
	return nr < 0 ? nr : cost < 0 ? cost : nr;
}

static unsigned int choose_nr_batches(const struct bench *bench, const struct bench_case *c)
{
	if (bench->quick)
		return 1;
	return bench->profiled ? 3 : c->nr_batches ?: BENCH_BATCHES;
}

/* Return: 0, or -EBADMSG when there is no result. */
static int run_case(struct bench *bench, const struct bench_case *c)
{
	unsigned int nr_batches = choose_nr_batches(bench, c);
	double costs[BENCH_MAX_BATCHES];
	int ret;

	bench->priv = NULL;
	bench->why[0] = '\0';
	bench->note[0] = '\0';
	ret = c->open ? c->open(bench) : 0;
	if (!ret && !bench->why[0])
		ret = measure(bench, c, costs, nr_batches);
	PROFILE_MARK(PROFILE_DUMP);
	if (c->close)
		c->close(bench);
	bench_expect(bench, ret >= 0, "%s", strerror(-ret));
	if (bench->why[0])
		printf("case\trow=%s\tside=%s\twhy=%s\n", c->row, c->side, bench->why);
	else
		print(bench, c, costs, nr_batches, ret);
	fflush(stdout);
	return bench->why[0] ? -EBADMSG : 0;
}

/* In time or by counting; when all is to be quick, both. */
static bool selected(const struct bench *bench, const struct bench_case *c, char **rows)
{
	if (!bench->quick && c->timed == bench->counted)
		return false;
	if (!*rows)
		return true;
	for (; *rows; rows++)
		if (!fnmatch(*rows, c->row, 0))
			return true;
	return false;
}

static int run_all(struct bench *bench, enum bench_stage stage, char **rows)
{
	const struct bench_case *const *list, *c;
	int failed = 0;

	for (list = bench_cases; *list; list++)
		for (c = *list; c->row; c++)
			if (c->stage == stage && selected(bench, c, rows) &&
			    run_case(bench, c))
				failed = 1;
	return failed;
}

static int list_all(void)
{
	const struct bench_case *const *list, *c;

	for (list = bench_cases; *list; list++)
		for (c = *list; c->row; c++)
			if (!strcmp(c->side, "ours"))
				puts(c->row);
	return 0;
}

/* What an option changes. Return: false if there is no such option. */
static bool option_apply(struct bench *bench, enum bench_stage *stage, int option)
{
	if (option == 's')
		*stage = BENCH_STOCK;
	else if (option == 'u')
		*stage = BENCH_UNTRACED;
	else if (option == 'p')
		bench->profiled = true;
	else if (option == 'q')
		bench->quick = true;
	else if (option != 't')
		return false;
	if (option == 'q' || option == 't')
		bench->counted = false;
	return true;
}

int main(int argc, char **argv)
{
	enum bench_stage stage = BENCH_LOADED;
	struct bench bench = { .counted = true };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'l')
			return list_all();
		if (!option_apply(&bench, &stage, option)) {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (bench.counted && !bench_clock_counts()) {
		fputs("bench: this machine does not count instructions: use --timed, or run it with --icount\n",
		      stderr);
		return 2;
	}
	return run_all(&bench, stage, argv + optind);
}
