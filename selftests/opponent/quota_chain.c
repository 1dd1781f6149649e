// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": nothing of one user makes another's call fail. A search for deadlocks that
 * runs out of its budget does not fail the request: it waits. The buffer is shared; the opponent
 * holds it in thousands of pieces, or makes a long chain of owners of its own behind it:
 *
 *	victim	holds A, requests the shared buffer
 *	O1	holds some of the shared buffer, requests B1
 *	O2	holds B1, requests B2 ...
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_PIECES	12000
#define NR_CHAIN	400
#define PIECES_OF_ONE	40

struct stage {
	int fd, own_fd, err;
	int ready, go;
};

/* Two owners, none at its own limit. */
static int play_pieces(void *arg)
{
	struct stage *stage = arg;
	int a = st_context_open(), b = st_context_open();

	stage->err = op_lock_bytes(a, stage->fd, R, 0, NR_PIECES / 2) ?:
		     op_lock_bytes(b, stage->fd, R, NR_PIECES / 2, NR_PIECES / 2);
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, 6 * ST_SOON_MS);
	return 0;
}

/* An owner that holds many pieces of a buffer. Return: its context, or a negative errno. */
static int link_make(int fd)
{
	int ctx = st_context_open();
	long set = ctx < 0 ? ctx : op_lock_set(ctx, fd, R, 0, PIECES_OF_ONE);

	return set < 0 ? set : ctx;
}

/* It grows at its far end, so that each search of its own is short. */
static int play_chain(void *arg)
{
	struct stage *stage = arg;
	int ctx = link_make(stage->fd), next, i;
	struct st_buffer buf;
	long ret = ctx;

	for (i = 0; ret >= 0 && i < NR_CHAIN; i++) {
		ret = op_buffer(&buf, ST_PAGE);
		next = ret < 0 ? ret : link_make(buf.fd);
		ret = next < 0 ? next : st_lock_all(ctx, buf.fd, W, QUEUE);
		ctx = next;
	}
	/* At a quota of its own the chain is as long as it can be. */
	stage->err = ret < 0 && ret != -ENOLCK ? ret : 0;
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, 6 * ST_SOON_MS);
	return 0;
}

/* The victim holds something of its own and waits for the shared buffer. */
static int play_victim(void *arg)
{
	struct stage *stage = arg;
	int ctx = st_context_open();
	long own = st_lock_all(ctx, stage->own_fd, W, TRY), set;

	set = st_lock_all(ctx, stage->fd, W, QUEUE);
	op_reach(&stage->ready, 2);
	if (own < 0 || set < 0) {
		stage->err = own < 0 ? own : set;
		return 0;
	}
	/* The opponent goes, and the request is served. */
	op_reach(&stage->go, 1);
	stage->err = st_event_result(ctx, set);
	return 0;
}

FIXTURE(chain)
{
	struct st_world w;
	struct st_buffer buf;
	struct stage *stage;
};

FIXTURE_VARIANT(chain)
{
	int (*play)(void *stage);
};

FIXTURE_VARIANT_ADD(chain, of_pieces)
{
	.play = play_pieces,
};

FIXTURE_VARIANT_ADD(chain, of_owners)
{
	.play = play_chain,
};

FIXTURE_SETUP(chain)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, 4 * ST_PAGE));
	self->stage = st_shared(sizeof(*self->stage));
	self->stage->fd = self->buf.fd;
	self->stage->own_fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(chain)
{
	st_buffer_close(&self->buf);
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F_TIMEOUT(chain, of_the_opponent_does_not_fail_the_victims_request, 120)
{
	pid_t pid = op_start(OP_OPPONENT, variant->play, self->stage);

	ASSERT_TRUE(op_await(&self->stage->ready, 1, 6 * ST_SOON_MS));
	ASSERT_EQ(0, self->stage->err);
	EXPECT_EQ(0, op_end(op_start(OP_VICTIM, play_victim, self->stage)));
	EXPECT_EQ(0, self->stage->err);
	op_reach(&self->stage->go, 1);
	op_end(pid);
}

TEST_HARNESS_MAIN
