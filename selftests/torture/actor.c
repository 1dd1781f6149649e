// SPDX-License-Identifier: GPL-2.0-only
/* Actors: turn after turn, parked while the main process wants to see everything at rest. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "torture.h"

/* A kind of actor that is new joins here. */
static const struct {
	const struct to_kind *kind;
	unsigned int share;
} kinds[] = {
	{ &to_context_kind, 6 },
	{ &to_job_kind, 4 },
	{ &to_stock_kind, 2 },
	{ &to_crowd_kind, 1 },
	{ &to_sleeper_kind, 1 },
};

static bool kind_named(const char *names, const char *name)
{
	const char *at = strstr(names, name);
	size_t len = strlen(name);

	return at && (at == names || at[-1] == ',') && (!at[len] || at[len] == ',');
}

/* One of @names, separated by commas (NULL: of all), by their shares. */
unsigned int to_kind_pick(struct to_random *random, const char *names)
{
	unsigned int i, shares = 0, pick;

	for (i = 0; i < ST_ARRAY_SIZE(kinds); i++)
		if (!names || kind_named(names, kinds[i].kind->name))
			shares += kinds[i].share;
	if (!shares)
		return ST_ARRAY_SIZE(kinds);
	pick = to_random_below(random, shares);
	for (i = 0; i < ST_ARRAY_SIZE(kinds); i++) {
		if (names && !kind_named(names, kinds[i].kind->name))
			continue;
		if (pick < kinds[i].share)
			break;
		pick -= kinds[i].share;
	}
	return i;
}

const struct to_kind *to_kind_of(unsigned int kind)
{
	return kind < ST_ARRAY_SIZE(kinds) ? kinds[kind].kind : NULL;
}

void to_actor_count(struct to_actor *actor, enum to_count what)
{
	actor->slot->counts[what]++;
}

static void sleep_us(unsigned int us)
{
	struct timespec time = { .tv_nsec = us * 1000L };

	nanosleep(&time, NULL);
}

void to_actor_linger(struct to_actor *actor)
{
	unsigned int how = to_random_below(&actor->random, 1000);
	unsigned int much = to_random_below(&actor->random, 1000);

	if (how < 3)
		sleep_us(100000 + much * 100);
	else if (how < 20)
		sleep_us(much * 8);
	else if (how < 120)
		sleep_us(much * 2);
	else if (how < 300)
		for (much *= 10; much; much--)
			__asm__ volatile("" ::: "memory");
}

void to_actor_waits(struct to_actor *actor, bool waits)
{
	to_store(&actor->slot->waits_ns, waits ? st_now_ns() : 0);
}

/* Descriptors of the buffers are the main process's: all have them since the fork. */
unsigned int to_actor_accesses(struct to_actor *actor, const struct to_set *set,
			       struct dmabuf_sync_access *accesses)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		accesses[i] = st_access(actor->arena->bufs[set->want[i].buf].fd,
					set->want[i].access, set->want[i].first * 64,
					set->want[i].nr * 64);
	return set->nr;
}

void to_actor_enter(struct to_actor *actor, long name, const struct to_set *set,
		    bool abandoned)
{
	to_actor_count(actor, TO_ACQUIRED);
	actor->held[actor->nr_held++] = (struct to_held){ .name = name, .set = *set };
	to_cells_enter(actor, set, abandoned);
}

long to_actor_leave(struct to_actor *actor, unsigned int i)
{
	long name = actor->held[i].name;

	to_cells_check(actor, &actor->held[i].set);
	to_cells_leave(actor, &actor->held[i].set);
	actor->held[i] = actor->held[--actor->nr_held];
	return name;
}

/* From here on the marks of this owner are those of a dead one. */
void to_actor_die(struct to_actor *actor)
{
	unsigned int i;

	for (i = 0; i < actor->nr_held; i++)
		to_cells_check(actor, &actor->held[i].set);
	to_add(&actor->slot->life, 1);
	to_cells_scrub(actor->arena, actor->index);
}

void to_actor_reborn(struct to_actor *actor)
{
	actor->nr_held = 0;
	memset(actor->holds, 0, sizeof(actor->holds));
	to_add(&actor->slot->life, 1);
}

/* Until the calm is over. */
static void park(struct to_actor *actor)
{
	to_store(&actor->slot->parked, true);
	while (to_load(&actor->arena->phase) == TO_CALM)
		sleep_us(2000);
	to_store(&actor->slot->parked, false);
}

void *to_actor_thread(void *arg)
{
	struct to_actor *actor = arg;
	const struct to_kind *kind = to_kind_of(actor->slot->kind);
	enum to_phase phase;

	to_store(&actor->slot->tid, gettid());
	if (!kind->open(actor))
		to_fail(actor->arena, "errno", "a %s cannot be opened: %s", kind->name,
			strerror(errno));
	while ((phase = to_load(&actor->arena->phase)) != TO_END) {
		if (phase == TO_CALM) {
			park(actor);
			continue;
		}
		kind->turn(actor);
	}
	kind->close(actor);
	return NULL;
}
