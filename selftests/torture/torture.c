// SPDX-License-Identifier: GPL-2.0-only
/* The main process: starts the others, plagues them, looks on, and says how it went. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

static const char *const count_names[TO_NR_COUNTS] = {
	"acquired", "refused", "timed-out", "interrupted", "deadlocks", "too-many",
	"cancelled", "abandoned", "forks", "passed", "jobs", "fences", "crowds",
	"revoked", "changed",
};

/* Users of the framework: open contexts, modules, committed jobs. Built in, it counts none. */
static int framework_users(void)
{
	return st_framework_is_built_in() ? 0 : st_module_users("dmabuf_sync");
}

static unsigned int turns(struct to_crew *crew, struct to_random *random)
{
	int64_t end = st_now_ns() + crew->arena->options.round_ms * ST_NSEC_PER_MSEC;
	unsigned int nr;

	to_store(&crew->arena->phase, TO_RUN);
	for (nr = 0; st_now_ns() < end && !to_load(&crew->arena->failed); nr++) {
		to_chaos_turn(crew, random);
		if (nr % 8 == 0)
			to_watch_turn(crew->arena);
		to_crew_watch(crew);
		st_sleep_ms(4);
	}
	to_chaos_stop(crew);
	return nr;
}

static unsigned int rounds(struct to_crew *crew, struct to_random *random, int test)
{
	int64_t end = st_now_ns() + crew->arena->options.seconds * ST_NSEC_PER_SEC;
	unsigned int nr = 0;

	while (st_now_ns() < end && !to_load(&crew->arena->failed)) {
		turns(crew, random);
		nr += to_round_calm(crew->arena, test);
	}
	return nr;
}

static void show_snapshot(void)
{
	FILE *file = fopen(ST_SNAPSHOT, "re");
	char line[1024];

	printf("# snapshot:\n");
	while (file && fgets(line, sizeof(line), file))
		printf("# %s", line);
	if (file)
		fclose(file);
}

static void show_slots(struct to_arena *arena)
{
	unsigned int i;

	for (i = 0; i < arena->options.owners; i++) {
		struct to_slot *slot = &arena->slots[i];

		printf("# slot %u: %s tid=%d life=%u%s%s\n", i, to_kind_of(slot->kind)->name,
		       slot->tid, slot->life, slot->waits_ns ? " waits" : "",
		       slot->parked ? " parked" : "");
	}
}

static void show_failure(struct to_arena *arena)
{
	to_trace_freeze();
	ST_UNTIL_MS(to_load(&arena->told), 1000);
	printf("# seed %" PRIu64 ": %s\n", arena->options.seed, arena->failure);
	show_slots(arena);
	show_snapshot();
	if (arena->options.trace) {
		printf("# trace:\n");
		to_trace_show(150);
	}
}

static void show_counts(struct to_arena *arena, unsigned int nr_rounds)
{
	unsigned int what, i;
	uint32_t lives = 0;

	for (i = 0; i < arena->options.owners; i++)
		lives += arena->slots[i].life / 2 + 1;
	printf("# %u rounds, %u owners", nr_rounds, lives);
	for (what = 0; what < TO_NR_COUNTS; what++) {
		uint64_t sum = 0;

		for (i = 0; i < arena->options.owners; i++)
			sum += arena->slots[i].counts[what];
		printf(", %s %" PRIu64, count_names[what], sum);
	}
	printf("\n");
}

/* Nothing of it all keeps the module, apart from what did so before. */
static void check_users(struct to_arena *arena, int before)
{
	if (!ST_UNTIL(framework_users() == before))
		to_fail(arena, "balance", "the module has %d users, and had %d before",
			framework_users(), before);
}

static void throttle_start(struct to_arena *arena)
{
	if (!arena->options.throttle || to_throttle_start())
		return;
	printf("# no cgroup v2 with cpu.max: nobody is throttled\n");
	arena->options.throttle = false;
}

static int torture(const struct to_options *options)
{
	struct to_random random;
	struct to_arena *arena;
	struct to_crew crew;
	int users = framework_users(), test = st_test_open();
	unsigned int nr;

	if (users < 0 || test < 0 || (options->trace && !to_trace_start())) {
		fprintf(stderr, "torture: needs root, dmabuf_sync, dmabuf_sync_test and tracefs\n");
		return 2;
	}
	arena = to_arena_create(options, test);
	if (!arena)
		return 2;
	throttle_start(arena);
	to_random_seed(&random, options->seed);
	if (!to_kind_of(to_kind_pick(&random, options->kinds))) {
		fprintf(stderr, "torture: --kinds: no kind in '%s'\n", options->kinds);
		return 2;
	}
	if (!to_crew_start(&crew, arena, &random))
		to_fail(arena, "errno", "workers cannot be started");
	nr = rounds(&crew, &random, test);
	if (to_load(&arena->failed))
		show_failure(arena);
	to_crew_end(&crew);
	to_trace_stop();
	if (arena->options.throttle)
		to_throttle_stop();
	close(test);
	to_arena_destroy(arena);
	if (!arena->failed)
		check_users(arena, users);
	show_counts(arena, nr);
	if (arena->failed)
		printf("FAILED %s\n", arena->failure);
	return arena->failed;
}

int main(int argc, char **argv)
{
	struct to_options options;

	to_options_parse(&options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# torture: --seed %" PRIu64 " --seconds %u --owners %u --buffers %u\n",
	       options.seed, options.seconds, options.owners, options.buffers);
	return torture(&options);
}
