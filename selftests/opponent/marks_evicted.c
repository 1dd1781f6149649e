// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 8: the next writer learns that a write access was abandoned, and no other user can make
 * that mark disappear. Here the opponent abandons write accesses to many buffers of its own: one
 * after the other, each buffer gone before the next is made; or all at once.
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_GONE		8192
#define NR_THERE	2048

/**
 * struct stage - shared memory
 * @nr: accesses that the opponent abandons
 * @keep: the buffers stay until @go
 * @ready: it has done so
 * @go: the victim has looked
 * @err: what went wrong
 */
struct stage {
	unsigned int nr;
	bool keep;
	int ready, go, err;
};

static int abandon_one(bool keep)
{
	int ctx = st_context_open();
	struct st_buffer buf;
	int err = ctx < 0 ? ctx : op_buffer(&buf, ST_PAGE);
	long set;

	if (err)
		return err;
	set = st_lock_all(ctx, buf.fd, W, TRY);
	close(ctx);
	if (!keep)
		st_buffer_close(&buf);
	return set < 0 ? set : 0;
}

/* At a quota of its own it stops, and that is all right. */
static int abandon_many(void *arg)
{
	struct stage *stage = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < stage->nr; i++)
		err = abandon_one(stage->keep);
	stage->err = err == -ENOLCK ? 0 : err;
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, 6 * ST_SOON_MS);
	return 0;
}

FIXTURE(mark)
{
	struct st_world w;
	struct stage *stage;
};

FIXTURE_SETUP(mark)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->stage = st_shared(sizeof(*self->stage));
	ASSERT_NE(NULL, self->stage);
}

FIXTURE_TEARDOWN(mark)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

FIXTURE_VARIANT(mark)
{
	unsigned int nr;
	bool keep;
};

FIXTURE_VARIANT_ADD(mark, of_buffers_that_are_gone)
{
	.nr = NR_GONE,
};

FIXTURE_VARIANT_ADD(mark, of_buffers_that_stay)
{
	.nr = NR_THERE, .keep = true,
};

TEST_F_TIMEOUT(mark, is_not_evicted_by_marks, 120)
{
	struct dmabuf_sync_access entry = st_access(self->w.buf[0].fd, W, 0, ST_PAGE);
	struct dmabuf_sync_acquire out = { 0 };
	pid_t pid;

	ASSERT_LE(0, st_lock_set(self->w.ctx[0], &entry, 1, 0));
	st_context_reopen(&self->w.ctx[0]);

	self->stage->nr = variant->nr;
	self->stage->keep = variant->keep;
	pid = op_start(OP_OPPONENT, abandon_many, self->stage);
	ASSERT_LT(0, pid);
	EXPECT_TRUE(op_await(&self->stage->ready, 1, 9 * ST_SOON_MS));
	EXPECT_EQ(0, self->stage->err);

	EXPECT_EQ(0, st_acquire(self->w.ctx[1], &entry, 1, 0, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
	op_reach(&self->stage->go, 1);
	EXPECT_EQ(0, op_end(pid));
}

TEST_HARNESS_MAIN
