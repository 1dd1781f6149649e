// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 1: two conflicting accesses are never held at once. Every mode of every
 * kind of owner against every other, over every way two ranges can lie.
 */
#include <kselftest_harness.h>

#include "st.h"

/* Every kind of access there is: who, and how. */
static const struct kind {
	const char *name;
	bool driver;
	uint32_t access;
} kinds[] = {
	{ "context r", false, DMA_BUF_ACCESS_R },
	{ "context w", false, DMA_BUF_ACCESS_W },
	{ "context rw", false, DMA_BUF_ACCESS_RW },
	{ "driver cpu r", true, DMA_BUF_ACCESS_R },
	{ "driver cpu w", true, DMA_BUF_ACCESS_W },
	{ "driver cpu rw", true, DMA_BUF_ACCESS_RW },
	{ "driver dma r", true, DMA_BUF_ACCESS_DMA_R },
	{ "driver dma w", true, DMA_BUF_ACCESS_DMA_W },
	{ "driver dma rw", true, DMA_BUF_ACCESS_DMA_RW },
};

static bool conflict(const struct kind *a, const struct kind *b)
{
	return (a->access | b->access) & DMA_BUF_ACCESS_W;
}

FIXTURE(pair)
{
	struct st_world w;
	struct st_owner holder;
	long held;
};

FIXTURE_VARIANT(pair)
{
	unsigned int kind;
};

FIXTURE_VARIANT_ADD(pair, holder_context_r) { .kind = 0 };
FIXTURE_VARIANT_ADD(pair, holder_context_w) { .kind = 1 };
FIXTURE_VARIANT_ADD(pair, holder_context_rw) { .kind = 2 };
FIXTURE_VARIANT_ADD(pair, holder_driver_cpu_r) { .kind = 3 };
FIXTURE_VARIANT_ADD(pair, holder_driver_cpu_w) { .kind = 4 };
FIXTURE_VARIANT_ADD(pair, holder_driver_cpu_rw) { .kind = 5 };
FIXTURE_VARIANT_ADD(pair, holder_driver_dma_r) { .kind = 6 };
FIXTURE_VARIANT_ADD(pair, holder_driver_dma_w) { .kind = 7 };
FIXTURE_VARIANT_ADD(pair, holder_driver_dma_rw) { .kind = 8 };

static struct st_owner owner_of(struct st_world *w, const struct kind *kind, int ctx)
{
	return (struct st_owner){
		.driver = kind->driver, .fd = kind->driver ? w->test : w->ctx[ctx],
	};
}

/* The holder has the second and third page of buffer 0. */
FIXTURE_SETUP(pair)
{
	const struct kind *kind = &kinds[variant->kind];

	ASSERT_EQ(0, st_world_open(&self->w));
	self->holder = owner_of(&self->w, kind, 0);
	self->held = st_owner_try(&self->holder, self->w.buf[0].fd, kind->access,
				  ST_PAGE, 2 * ST_PAGE);
	ASSERT_LE(0, self->held);
}

FIXTURE_TEARDOWN(pair)
{
	EXPECT_EQ(0, st_owner_release(&self->holder, self->held));
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Each kind of access tries the range: what conflicts is refused, the rest goes in. */
static void try_all(struct __test_metadata *_metadata, struct st_world *w,
		    const struct kind *holder, uint64_t offset, uint64_t length,
		    bool overlap)
{
	const struct kind *kind;

	for (kind = kinds; kind < kinds + ST_ARRAY_SIZE(kinds); kind++) {
		struct st_owner owner = owner_of(w, kind, 1);
		bool refuse = overlap && conflict(holder, kind);
		long got = st_owner_try(&owner, w->buf[0].fd, kind->access, offset,
					length);

		EXPECT_EQ(refuse, got == -EAGAIN) {
			TH_LOG("holder %s, then %s at %llu+%llu: %ld", holder->name,
			       kind->name, (unsigned long long)offset,
			       (unsigned long long)length, got);
		}
		EXPECT_EQ(refuse ? -EAGAIN : 0,
			  got < 0 ? got : st_owner_release(&owner, got));
	}
}

/* holder  ....HHHHHHHH....
 * other   ....oooooooo....
 */
TEST_F(pair, same_range_excludes_writers)
{
	try_all(_metadata, &self->w, &kinds[variant->kind], ST_PAGE, 2 * ST_PAGE, true);
}

/* holder  ....HHHHHHHH....
 * other   oooooooooooooooo
 */
TEST_F(pair, whole_buffer_excludes_writers)
{
	try_all(_metadata, &self->w, &kinds[variant->kind], 0, DMABUF_SYNC_TO_END, true);
}

/* holder  ....HHHHHHHH....
 * other   ......oo........
 */
TEST_F(pair, contained_range_excludes_writers)
{
	try_all(_metadata, &self->w, &kinds[variant->kind], ST_PAGE + 100, 200, true);
}

/* holder  ....HHHHHHHH....
 * other   ..ooo...........   and at the other end, by one byte each
 */
TEST_F(pair, one_common_byte_excludes_writers)
{
	const struct kind *kind = &kinds[variant->kind];

	try_all(_metadata, &self->w, kind, ST_PAGE - 10, 11, true);
	try_all(_metadata, &self->w, kind, 3 * ST_PAGE - 1, 11, true);
	try_all(_metadata, &self->w, kind, ST_PAGE, 1, true);
	try_all(_metadata, &self->w, kind, 3 * ST_PAGE - 1, 1, true);
}

/* holder  ....HHHHHHHH....
 * other   oooo........oooo
 */
TEST_F(pair, adjacent_ranges_do_not_conflict)
{
	const struct kind *kind = &kinds[variant->kind];

	try_all(_metadata, &self->w, kind, 0, ST_PAGE, false);
	try_all(_metadata, &self->w, kind, 3 * ST_PAGE, ST_PAGE, false);
	try_all(_metadata, &self->w, kind, ST_PAGE - 1, 1, false);
	try_all(_metadata, &self->w, kind, 3 * ST_PAGE, 1, false);
}

/* holder  ....HHHHHHHH....
 * other   oo............oo
 */
TEST_F(pair, disjoint_ranges_do_not_conflict)
{
	const struct kind *kind = &kinds[variant->kind];

	try_all(_metadata, &self->w, kind, 0, ST_PAGE / 2, false);
	try_all(_metadata, &self->w, kind, 3 * ST_PAGE + ST_PAGE / 2,
		DMABUF_SYNC_TO_END, false);
}

/* The released range is free for everybody. */
TEST_F(pair, release_lets_everybody_in)
{
	const struct kind *kind = &kinds[variant->kind];

	ASSERT_EQ(0, st_owner_release(&self->holder, self->held));
	try_all(_metadata, &self->w, kind, 0, DMABUF_SYNC_TO_END, false);
	self->held = st_owner_try(&self->holder, self->w.buf[0].fd, kind->access,
				  ST_PAGE, 2 * ST_PAGE);
	ASSERT_LE(0, self->held);
}

/* Another buffer has accesses of its own. */
TEST_F(pair, other_buffer_is_free)
{
	struct st_owner owner = { .fd = self->w.ctx[1] };
	long got = st_owner_try(&owner, self->w.buf[1].fd, DMA_BUF_ACCESS_RW, ST_PAGE,
				2 * ST_PAGE);

	ASSERT_LE(0, got);
	EXPECT_EQ(0, st_owner_release(&owner, got));
}

/* A waiter of every kind gets in when the holder leaves, and not before. */
TEST_F(pair, conflicting_waiter_follows_the_holder)
{
	const struct kind *holder = &kinds[variant->kind], *kind;
	struct dmabuf_sync_access entry;

	for (kind = kinds; kind < kinds + ST_ARRAY_SIZE(kinds); kind++) {
		struct st_owner owner = owner_of(&self->w, kind, 1);
		long id;

		if (!conflict(holder, kind))
			continue;
		entry = st_access(self->w.buf[0].fd, kind->access, 0, 2 * ST_PAGE);
		id = st_owner_queue(&owner, &entry, 1);
		ASSERT_LE(0, id) TH_LOG("%s behind %s: %ld", kind->name, holder->name, id);
		EXPECT_EQ(1, st_query_count(self->w.ctx[7], self->w.buf[0].fd,
					    DMABUF_SYNC_STATE_QUEUED));
		EXPECT_TRUE(st_owner_pending(&owner, id));
		EXPECT_EQ(0, st_owner_release(&self->holder, self->held));
		EXPECT_EQ(0, st_owner_result(&owner, id)) TH_LOG("%s", kind->name);
		EXPECT_EQ(0, st_owner_release(&owner, id));
		self->held = st_owner_try(&self->holder, self->w.buf[0].fd,
					  holder->access, ST_PAGE, 2 * ST_PAGE);
		ASSERT_LE(0, self->held);
	}
}

/* An owner never conflicts with itself: sets of one context overlap as they like. */
TEST(same_context_does_not_exclude_itself)
{
	static const uint32_t modes[] = {
		DMA_BUF_ACCESS_R, DMA_BUF_ACCESS_W, DMA_BUF_ACCESS_RW,
	};
	struct st_world w;
	unsigned int i, k;

	ASSERT_EQ(0, st_world_open(&w));
	for (i = 0; i < ST_ARRAY_SIZE(modes); i++) {
		long first = st_lock_all(w.ctx[0], w.buf[0].fd, modes[i], 0);

		ASSERT_LE(0, first);
		for (k = 0; k < ST_ARRAY_SIZE(modes); k++) {
			long second = st_lock_all(w.ctx[0], w.buf[0].fd, modes[k],
						  DMABUF_SYNC_ACQUIRE_NONBLOCK);

			ASSERT_LE(0, second);
			EXPECT_NE(first, second);
			EXPECT_EQ(0, st_release(w.ctx[0], second));
		}
		/* What is left is still held. */
		EXPECT_EQ(-EAGAIN, st_lock_all(w.ctx[1], w.buf[0].fd, DMA_BUF_ACCESS_W,
					       DMABUF_SYNC_ACQUIRE_NONBLOCK));
		EXPECT_EQ(0, st_release(w.ctx[0], first));
	}
	EXPECT_TRUE(st_world_close(&w));
}

/* Two sync objects of one driver, one process, one file, are two owners. */
TEST(two_sync_objects_exclude_each_other)
{
	struct st_world w;
	long first;

	ASSERT_EQ(0, st_world_open(&w));
	first = st_sync_locked(w.test, w.buf[0].fd, DMA_BUF_ACCESS_DMA_W, 0, ST_PAGE,
			       DST_LOCK_TRY);
	ASSERT_LE(0, first);
	EXPECT_EQ(-EAGAIN, st_sync_locked(w.test, w.buf[0].fd, DMA_BUF_ACCESS_DMA_R, 0,
					  ST_PAGE, DST_LOCK_TRY));
	EXPECT_EQ(0, st_test_destroy(w.test, first));
	EXPECT_TRUE(st_world_close(&w));
}

/* Any number of readers, of all kinds, share; the writer comes after the last one. */
TEST(readers_share_and_writer_waits_for_the_last)
{
	struct st_world w;
	struct st_owner writer;
	struct dmabuf_sync_access entry;
	long sets[6], dma, wset;
	unsigned int i;

	ASSERT_EQ(0, st_world_open(&w));
	for (i = 0; i < ST_ARRAY_SIZE(sets); i++) {
		sets[i] = st_lock_all(w.ctx[i], w.buf[0].fd, DMA_BUF_ACCESS_R, 0);
		ASSERT_LE(0, sets[i]);
	}
	dma = st_sync_locked(w.test, w.buf[0].fd, DMA_BUF_ACCESS_DMA_R, 0,
			     DMABUF_SYNC_TO_END, DST_LOCK_TRY);
	ASSERT_LE(0, dma);
	writer = (struct st_owner){ .fd = w.ctx[6] };
	entry = st_access(w.buf[0].fd, DMA_BUF_ACCESS_W, 0, DMABUF_SYNC_TO_END);
	wset = st_owner_queue(&writer, &entry, 1);
	ASSERT_LE(0, wset);
	for (i = 0; i < ST_ARRAY_SIZE(sets); i++) {
		EXPECT_TRUE(st_owner_pending(&writer, wset));
		EXPECT_EQ(0, st_release(w.ctx[i], sets[i]));
	}
	EXPECT_TRUE(ST_STAYS(st_owner_pending(&writer, wset)));
	EXPECT_EQ(0, st_test_destroy(w.test, dma));
	EXPECT_EQ(0, st_owner_result(&writer, wset));
	EXPECT_TRUE(st_world_close(&w));
}

TEST_HARNESS_MAIN
