// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opponent: an owner that does nothing useful. It holds many bytes of a buffer, one by one,
 * beside the cells, has a crowd of requests for all of it wait at once, cancels some of them, and
 * is gone. What it does to the others: they wait, in their turn. To keep them waiting for as
 * long as it pleases is not its right, so it is quick.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

#define CROWD_BYTES	DMABUF_SYNC_MAX_SET
#define CROWD_QUEUED	192
/* Behind the cells. */
#define CROWD_FIRST	(TO_CELLS * 64)

static bool crowd_open(struct to_actor *actor)
{
	actor->fd = st_context_open();
	if (actor->fd < 0)
		errno = -actor->fd;
	return actor->fd >= 0;
}

static void crowd_close(struct to_actor *actor)
{
	close(actor->fd);
}

/* A full buffer, others' requests and signals are what it has to expect. */
static void crowd_check(struct to_actor *actor, long err)
{
	if (err < 0 && err != -EAGAIN && err != -ENOLCK && err != -EDEADLK && err != -EINTR)
		to_fail(actor->arena, "errno", "slot %u: a request of a crowd: %s",
			actor->index, strerror(-err));
}

static void crowd_hold(struct to_actor *actor, int fd)
{
	struct dmabuf_sync_access bytes[CROWD_BYTES];
	unsigned int i, nr = 1 + to_random_below(&actor->random, CROWD_BYTES);

	for (i = 0; i < nr; i++)
		bytes[i] = st_access(fd, 1 + i % 2, CROWD_FIRST + i, 1);
	crowd_check(actor, st_lock_set(actor->fd, bytes, nr, DMABUF_SYNC_ACQUIRE_NONBLOCK));
}

/* Readers can all go on at once. Return: how many wait, or are held by now. */
static unsigned int crowd_queue(struct to_actor *actor, int fd, long *sets)
{
	unsigned int i, nr = 0, asked = 1 + to_random_below(&actor->random, CROWD_QUEUED);
	uint32_t access = 1 + to_random_below(&actor->random, 2);

	for (i = 0; i < asked; i++) {
		sets[nr] = st_lock(actor->fd, fd, access,
				   to_random_below(&actor->random, CROWD_FIRST),
				   DMABUF_SYNC_TO_END, DMABUF_SYNC_ACQUIRE_QUEUE);
		crowd_check(actor, sets[nr]);
		nr += sets[nr] >= 0;
	}
	return nr;
}

/* Every other one, so that each of the rest has to find something else that is in its way. */
static void crowd_thin_out(struct to_actor *actor, const long *sets, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i += 2)
		st_release(actor->fd, sets[i]);
}

static void crowd_turn(struct to_actor *actor)
{
	int fd = actor->arena->bufs[to_random_below(&actor->random,
						    actor->arena->options.buffers)].fd;
	long sets[CROWD_QUEUED];
	unsigned int nr;

	crowd_hold(actor, fd);
	nr = crowd_queue(actor, fd, sets);
	if (to_random_percent(&actor->random, 50))
		crowd_thin_out(actor, sets, nr);
	to_actor_count(actor, TO_CROWDS);
	/* All the rest at once. What it wrote to is abandoned, which others are told in vain. */
	crowd_close(actor);
	if (!crowd_open(actor))
		to_fail(actor->arena, "errno", "a context cannot be opened: %s",
			strerror(errno));
	st_sleep_ms(to_random_below(&actor->random, 40));
}

const struct to_kind to_crowd_kind = {
	.name = "crowd",
	.order = TO_NOTHING,
	.open = crowd_open,
	.turn = crowd_turn,
	.close = crowd_close,
};
