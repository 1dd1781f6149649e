// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner of a context that sleeps on what it holds, and promised a short lease: whoever waits
 * for it has to get it, and the sleeper has to be told.
 *
 * It touches no cell. It remembers the stamps when it has the set, and looks again right before it
 * releases it. If the release says that the set was not revoked, nobody can have been there.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

#define SLEEPER_LEASE_MS	20

static bool sleeper_open(struct to_actor *actor)
{
	int ret = st_context_open();

	actor->fd = ret;
	if (ret >= 0)
		ret = st_lease_promise(actor->fd, SLEEPER_LEASE_MS);
	if (ret < 0)
		errno = -ret;
	return ret >= 0;
}

static void sleeper_close(struct to_actor *actor)
{
	close(actor->fd);
}

/* Return: true when the set is held. */
static bool sleeper_acquire(struct to_actor *actor, const struct to_set *set,
			    struct dmabuf_sync_acquire *out)
{
	uint32_t flags = to_random_percent(&actor->random, 30) ? DMABUF_SYNC_ACQUIRE_NONBLOCK : 0;
	struct dmabuf_sync_access accesses[TO_SET];
	unsigned int nr = to_actor_accesses(actor, set, accesses);
	int err;

	to_actor_waits(actor, !flags);
	err = st_acquire(actor->fd, accesses, nr, flags | DMABUF_SYNC_ACQUIRE_NOTIFY, 0, 0, out);
	to_actor_waits(actor, false);
	if (err && err != -EINTR && err != -EAGAIN && err != -ENOLCK)
		to_fail(actor->arena, "errno", "slot %u: a request of a sleeper: %s",
			actor->index, strerror(-err));
	return !err;
}

/* The types of the events that there are, as bits. */
static uint32_t sleeper_events(struct to_actor *actor, unsigned int ms)
{
	struct dmabuf_sync_event event;
	uint32_t types = 0;

	while (!st_event_read(actor->fd, &event, types ? 0 : ms))
		types |= 1U << event.type;
	return types;
}

/* Of those that do not return before they have what they wait for. */
static bool somebody_waits(const struct to_arena *arena)
{
	const struct to_slot *slot;

	for (slot = arena->slots; slot < arena->slots + arena->options.owners; slot++)
		if (to_load(&slot->waits_ns))
			return true;
	return false;
}

/*
 * For a while, or until it is told that the lease is over. It ignores that somebody waits for it,
 * even if the round is over; but whoever did may have given up, and then the lease never ends.
 */
static void sleeper_sleep(struct to_actor *actor)
{
	bool for_ever = to_random_percent(&actor->random, 50);
	unsigned int ms = to_random_below(&actor->random, 3 * SLEEPER_LEASE_MS);
	int64_t begin_ns = st_now_ns(), now_ns = begin_ns;
	int64_t patience_ns = 2 * actor->arena->options.patience_ms * ST_NSEC_PER_MSEC;
	uint32_t events = 0;

	while (!(events & 1U << DMABUF_SYNC_EVENT_REVOKED)) {
		events |= sleeper_events(actor, ms < 10 ? ms : 10);
		now_ns = st_now_ns();
		if (!for_ever && now_ns - begin_ns >= ms * ST_NSEC_PER_MSEC)
			break;
		if (to_load(&actor->arena->phase) == TO_RUN)
			continue;
		if (!events || !somebody_waits(actor->arena) ||
		    now_ns - begin_ns >= patience_ns)
			break;
	}
}

static void sleeper_release(struct to_actor *actor, uint32_t name, const struct to_set *set,
			    int64_t begin_ns)
{
	bool changed = to_cells_changed(actor, set);
	int err = st_release(actor->fd, name);

	if (err == -EOWNERDEAD)
		to_actor_count(actor, TO_REVOKED);
	if (err && err != -EOWNERDEAD)
		to_fail(actor->arena, "errno", "slot %u: releasing set %u: %s", actor->index, name,
			strerror(-err));
	else if (err && st_now_ns() - begin_ns < SLEEPER_LEASE_MS * ST_NSEC_PER_MSEC)
		to_fail(actor->arena, "lease", "slot %u: set %u was revoked before its lease was over",
			actor->index, name);
	else if (!err && changed)
		to_fail(actor->arena, "lease", "slot %u: somebody wrote to set %u, which was not revoked",
			actor->index, name);
}

static void sleeper_turn(struct to_actor *actor)
{
	struct dmabuf_sync_acquire out;
	int64_t begin_ns = st_now_ns();
	struct to_set set;

	to_set_pick(&set, &actor->random, actor->arena->options.buffers);
	if (!sleeper_acquire(actor, &set, &out))
		return;
	to_actor_count(actor, TO_ACQUIRED);
	/* Its release says that all is well again. */
	if (out.status & DMABUF_SYNC_STATUS_ABANDONED)
		to_cells_clean(actor, &set);
	to_cells_remember(actor, &set);
	sleeper_sleep(actor);
	sleeper_release(actor, out.set, &set, begin_ns);
	sleeper_events(actor, 0);
	st_sleep_ms(to_random_below(&actor->random, 40));
}

const struct to_kind to_sleeper_kind = {
	.name = "sleeper",
	.order = TO_NOTHING,
	.open = sleeper_open,
	.turn = sleeper_turn,
	.close = sleeper_close,
};
