// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": quotas are per user as well as per owner: owners, accesses, pinned buffers.
 * What a user can make the kernel keep does not grow with the number of contexts that it opens,
 * and a buffer whose descriptor is closed and that only an access keeps is counted.
 */
#include <kselftest_harness.h>

#include "opponent.h"

/* Larger than any sensible quota of one user. */
#define MAX_OWNERS	32768
#define MAX_ACCESSES	200000
#define MAX_PINNED	16384
/* Of one owner, well below its own limit. */
#define PINNED_OF_ONE	1024

/**
 * struct stage - shared memory
 * @nr: how many the opponent got
 * @err: what stopped it, 0: nothing did
 */
struct stage {
	int nr, err;
};

static int play_owners(void *arg)
{
	struct stage *stage = arg;
	int ctx;

	while (!stage->err && stage->nr < MAX_OWNERS) {
		ctx = st_context_open();
		stage->err = ctx < 0 ? ctx : 0;
		stage->nr += ctx >= 0;
	}
	return 0;
}

static int play_accesses(void *arg)
{
	struct stage *stage = arg;
	struct st_buffer buf;
	int ctx = st_context_open();
	long ret = op_buffer(&buf, ST_PAGE);
	bool fresh = true;

	while (ret >= 0 && stage->nr < MAX_ACCESSES) {
		ret = op_lock_set(ctx, buf.fd, R, 0, DMABUF_SYNC_MAX_SET);
		if (ret >= 0) {
			stage->nr += DMABUF_SYNC_MAX_SET;
			fresh = false;
		} else if (ret == -ENOLCK && !fresh) {
			/* At the limit of this owner: another one. */
			ctx = st_context_open();
			ret = ctx;
			fresh = true;
		}
	}
	stage->err = ret < 0 ? ret : 0;
	return 0;
}

/* The access alone keeps the buffer. */
static int pin_one(int ctx)
{
	struct st_buffer buf;
	int err = op_buffer(&buf, ST_PAGE);
	long set;

	if (err)
		return err;
	set = st_lock_all(ctx, buf.fd, R, TRY);
	st_buffer_close(&buf);
	return set < 0 ? set : 0;
}

static int play_pins(void *arg)
{
	struct stage *stage = arg;
	int ctx = -1;

	while (!stage->err && stage->nr < MAX_PINNED) {
		if (stage->nr % PINNED_OF_ONE == 0)
			ctx = st_context_open();
		stage->err = ctx < 0 ? ctx : pin_one(ctx);
		stage->nr += !stage->err;
	}
	return 0;
}

FIXTURE(quota)
{
	struct stage *stage;
};

FIXTURE_VARIANT(quota)
{
	int (*play)(void *stage);
};

FIXTURE_VARIANT_ADD(quota, owners)
{
	.play = play_owners,
};

FIXTURE_VARIANT_ADD(quota, accesses)
{
	.play = play_accesses,
};

FIXTURE_VARIANT_ADD(quota, pinned_buffers)
{
	.play = play_pins,
};

FIXTURE_SETUP(quota)
{
	self->stage = st_shared(sizeof(*self->stage));
}

FIXTURE_TEARDOWN(quota)
{
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_F_TIMEOUT(quota, of_a_user_is_one_for_all_its_owners, 120)
{
	pid_t pid = op_start(OP_OPPONENT, variant->play, self->stage);

	ASSERT_EQ(0, op_end_ms(pid, 9 * ST_SOON_MS));
	TH_LOG("the opponent got %d, then %d", self->stage->nr, self->stage->err);
	EXPECT_EQ(-ENOLCK, self->stage->err);
}

TEST_HARNESS_MAIN
