// SPDX-License-Identifier: GPL-2.0-only
/* A stock driver: it puts fences into the buffers' resv, and sits on the resv lock. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

static bool stock_open(struct to_actor *actor)
{
	actor->fd = st_test_open();
	if (actor->fd < 0)
		errno = -actor->fd;
	return actor->fd >= 0;
}

static void stock_close(struct to_actor *actor)
{
	close(actor->fd);
}

static void stock_check(struct to_actor *actor, const char *what, long err)
{
	if (err < 0 && err != -EINTR)
		to_fail(actor->arena, "errno", "slot %u: %s of a stock driver: %s",
			actor->index, what, strerror(-err));
}

static void stock_fence(struct to_actor *actor, int fd)
{
	long fence = st_fence_new(actor->fd, NULL);

	stock_check(actor, "fence", fence);
	stock_check(actor, "publish",
		    st_fence_publish(actor->fd, fence, fd,
				     to_random_below(&actor->random, DST_USAGE_BOOKKEEP + 1)));
	stock_check(actor, "signal",
		    st_fence_signal(actor->fd, fence, to_random_below(&actor->random, 3), 0,
				    to_random_below(&actor->random, 6)));
	to_actor_linger(actor);
	st_test_destroy(actor->fd, fence);
	to_actor_count(actor, TO_FENCES);
}

static void stock_hold(struct to_actor *actor, int fd)
{
	long hold = st_resv_hold(actor->fd, fd, 1 + to_random_below(&actor->random, 5),
				 to_random_percent(&actor->random, 50));

	stock_check(actor, "resv", hold);
	to_actor_linger(actor);
	st_test_destroy(actor->fd, hold);
}

static void stock_turn(struct to_actor *actor)
{
	int fd = actor->arena->bufs[to_random_below(&actor->random,
						    actor->arena->options.buffers)].fd;

	if (to_random_percent(&actor->random, 70))
		stock_fence(actor, fd);
	else
		stock_hold(actor, fd);
	st_sleep_ms(5 + to_random_below(&actor->random, 20));
}

const struct to_kind to_stock_kind = {
	.name = "stock",
	.open = stock_open,
	.turn = stock_turn,
	.close = stock_close,
};
