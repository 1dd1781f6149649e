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

/* What the fence keeps out: usage BOOKKEEP nobody, READ those that write. */
static struct to_set fence_set(unsigned int buf, uint32_t usage)
{
	uint8_t access = usage < DST_USAGE_READ ? DMA_BUF_ACCESS_W : DMA_BUF_ACCESS_R;

	return (struct to_set){
		.nr = usage < DST_USAGE_BOOKKEEP,
		.want = { { .buf = buf, .nr = TO_CELLS, .access = access } },
	};
}

/* Published at any moment: before, between and after what others look at and commit. */
static void stock_fence(struct to_actor *actor, unsigned int buf)
{
	uint32_t usage = to_random_below(&actor->random, DST_USAGE_BOOKKEEP + 1);
	struct to_set set = fence_set(buf, usage);
	long fence = st_fence_new(actor->fd, NULL);

	stock_check(actor, "fence", fence);
	stock_check(actor, "publish", st_fence_publish(actor->fd, fence,
						       actor->arena->bufs[buf].fd, usage));
	to_notice_publish(actor, &set, true);
	to_actor_linger(actor);
	to_notice_withdraw(actor);
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
	unsigned int buf = to_random_below(&actor->random, actor->arena->options.buffers);

	if (to_random_percent(&actor->random, 80))
		stock_fence(actor, buf);
	else
		stock_hold(actor, actor->arena->bufs[buf].fd);
	st_sleep_ms(to_random_below(&actor->random, 20));
}

const struct to_kind to_stock_kind = {
	.name = "stock",
	.order = TO_PUBLISHES,
	.open = stock_open,
	.turn = stock_turn,
	.close = stock_close,
};
