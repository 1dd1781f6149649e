// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of an acquired set (DMABUF_SYNC_IOC_CHANGE): what is given up lets others in, what is
 * added is waited for, what is kept is held all the time, and a change that fails changes nothing.
 */
#include <kselftest_harness.h>
#include <sys/ioctl.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define RW	DMA_BUF_ACCESS_RW
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define NB	DMABUF_SYNC_CHANGE_NONBLOCK
#define TO_END	DMABUF_SYNC_TO_END
#define SOON	(st_now_ns() + ST_WHILE_MS * ST_NSEC_PER_MSEC)

FIXTURE(change)
{
	struct st_world w;
	int *ctx, fd;
};

FIXTURE_SETUP(change)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(change)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static bool waits(int ctx)
{
	return !st_event_pending(ctx, 0);
}

/* Can somebody else have it now? It is released again. */
static bool is_free(int ctx, int fd, uint32_t access, unsigned int page, unsigned int nr)
{
	long set = st_lock(ctx, fd, access, page * ST_PAGE, nr * ST_PAGE, TRY);

	return set > 0 && !st_release(ctx, set);
}

static int to_pages(int ctx, long set, int fd, uint32_t access, unsigned int page,
		    unsigned int nr, uint32_t flags)
{
	return st_change_one(ctx, set, fd, access, page * ST_PAGE, nr * ST_PAGE, flags);
}

/* o(W)  p: R waits for o  o -> R   Both read. */
TEST_F(change, writer_becomes_reader_and_lets_readers_in)
{
	long o = st_lock_all(self->ctx[0], self->fd, W, 0), p;

	ASSERT_LT(0, o);
	p = st_lock_all(self->ctx[1], self->fd, R, QUEUE);
	ASSERT_LT(0, p);
	ASSERT_TRUE(waits(self->ctx[1]));
	EXPECT_EQ(0, st_change_one(self->ctx[0], o, self->fd, R, 0, TO_END, 0));
	EXPECT_EQ(0, st_event_result(self->ctx[1], p));
	EXPECT_FALSE(is_free(self->ctx[2], self->fd, W, 0, 1));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_FALSE(is_free(self->ctx[2], self->fd, W, 0, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_TRUE(is_free(self->ctx[2], self->fd, W, 0, 4));
}

/* o(W)  p: W waits for o, q: R behind p   o -> R   The writer's turn is not now, but the next. */
TEST_F(change, writer_becomes_reader_and_lets_no_writer_in)
{
	long o = st_lock_all(self->ctx[0], self->fd, W, 0), p, q;

	ASSERT_LT(0, o);
	p = st_lock_all(self->ctx[1], self->fd, W, QUEUE);
	q = st_lock_all(self->ctx[2], self->fd, R, QUEUE);
	ASSERT_LT(0, p);
	ASSERT_LT(0, q);
	EXPECT_EQ(0, st_change_one(self->ctx[0], o, self->fd, R, 0, TO_END, 0));
	EXPECT_TRUE(ST_STAYS(waits(self->ctx[1]) && waits(self->ctx[2])));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_EQ(0, st_event_result(self->ctx[1], p));
	EXPECT_TRUE(waits(self->ctx[2]));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(0, st_event_result(self->ctx[2], q));
}

/* o(WWWW)  p: ..W.   o -> W...   p has its turn, and the first page is still held. */
TEST_F(change, released_part_is_let_in)
{
	long o = st_lock_all(self->ctx[0], self->fd, W, 0), p;

	ASSERT_LT(0, o);
	p = st_lock(self->ctx[1], self->fd, W, 2 * ST_PAGE, ST_PAGE, QUEUE);
	ASSERT_LT(0, p);
	EXPECT_EQ(0, to_pages(self->ctx[0], o, self->fd, W, 0, 1, 0));
	EXPECT_EQ(0, st_event_result(self->ctx[1], p));
	EXPECT_FALSE(is_free(self->ctx[2], self->fd, R, 0, 1));
	EXPECT_TRUE(is_free(self->ctx[2], self->fd, W, 1, 1));
	EXPECT_TRUE(is_free(self->ctx[2], self->fd, W, 3, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_TRUE(is_free(self->ctx[2], self->fd, W, 0, 1));
}

/* o(WWWW) -> W..R   One access becomes two, of different modes. */
TEST_F(change, middle_is_released_and_the_end_is_read)
{
	struct dmabuf_sync_access parts[] = {
		st_access(self->fd, W, 0, ST_PAGE),
		st_access(self->fd, R, 3 * ST_PAGE, ST_PAGE),
	};
	long o = st_lock_all(self->ctx[0], self->fd, W, 0);

	ASSERT_LT(0, o);
	EXPECT_EQ(0, st_change(self->ctx[0], o, parts, 2, 0, 0, NULL));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R, 0, 1));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W, 1, 2));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, R, 3, 1));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, W, 3, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W, 0, 4));
}

/* Several buffers, which no single lock covers; p waits for both. */
TEST_F(change, whole_access_of_another_buffer_is_released)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long o = st_lock_set(self->ctx[0], both, 2, 0), p, q;

	ASSERT_LT(0, o);
	p = st_lock_set(self->ctx[1], both, 2, QUEUE);
	q = st_lock_all(self->ctx[2], both[1].fd, R, QUEUE);
	ASSERT_LT(0, p);
	ASSERT_LT(0, q);
	EXPECT_EQ(0, st_change(self->ctx[0], o, both, 1, 0, 0, NULL));
	EXPECT_TRUE(ST_STAYS(waits(self->ctx[1])));
	EXPECT_FALSE(is_free(self->ctx[3], both[0].fd, R, 0, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_EQ(0, st_event_result(self->ctx[1], p));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(0, st_event_result(self->ctx[2], q));
}

/* As many accesses as a set can have, cut into as many others. */
TEST_F(change, all_accesses_of_a_large_set_shrink)
{
	static struct dmabuf_sync_access many[DMABUF_SYNC_MAX_SET];
	unsigned int i;
	long o;

	for (i = 0; i < DMABUF_SYNC_MAX_SET; i++)
		many[i] = st_access(self->w.buf[i % 2].fd, W, i / 2 * 16, 16);
	o = st_lock_set(self->ctx[0], many, DMABUF_SYNC_MAX_SET, 0);
	ASSERT_LT(0, o);
	for (i = 0; i < DMABUF_SYNC_MAX_SET; i++)
		many[i].length = 8;
	EXPECT_EQ(0, st_change(self->ctx[0], o, many, DMABUF_SYNC_MAX_SET, 0, 0, NULL));
	for (i = 0; i < DMABUF_SYNC_MAX_SET; i++) {
		EXPECT_EQ(-EAGAIN, st_lock(self->ctx[1], many[i].fd, R, many[i].offset, 8, TRY));
		EXPECT_LT(0, st_lock(self->ctx[1], many[i].fd, W, many[i].offset + 8, 8, TRY));
	}
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_EQ(0, st_query_count(self->ctx[0], self->fd, DMABUF_SYNC_STATE_QUEUED));
}

TEST_F(change, change_to_the_same_changes_nothing)
{
	long o = st_lock_all(self->ctx[0], self->fd, RW, 0);

	ASSERT_LT(0, o);
	EXPECT_EQ(0, st_change_one(self->ctx[0], o, self->fd, RW, 0, TO_END, NB));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R, 0, 1));
	EXPECT_EQ(1, st_query_count(self->ctx[1], self->fd, 0));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_EQ(-ENOENT, st_release(self->ctx[0], o));
}

TEST_F(change, lone_reader_becomes_writer)
{
	long o = st_lock_all(self->ctx[0], self->fd, R, 0);

	ASSERT_LT(0, o);
	EXPECT_EQ(0, st_change_one(self->ctx[0], o, self->fd, W, 0, TO_END, NB));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R, 0, 1));
	EXPECT_EQ(1, st_query_count(self->ctx[1], self->fd, 0));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W, 0, 4));
}

/* o(R) p(R)  o -> W  waits for p alone; nobody comes in between. */
TEST_F(change, reader_becomes_writer_when_the_others_are_gone)
{
	long o = st_lock_all(self->ctx[0], self->fd, R, 0);
	long p = st_lock_all(self->ctx[1], self->fd, R, 0), q;
	struct st_call call;

	ASSERT_LT(0, o);
	ASSERT_LT(0, p);
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, W, 0, TO_END, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	q = st_lock_all(self->ctx[2], self->fd, W, QUEUE);
	ASSERT_LT(0, q);
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(o, st_call_end(&call));
	EXPECT_TRUE(ST_STAYS(waits(self->ctx[2])));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_EQ(0, st_event_result(self->ctx[2], q));
}

/* o(R)  p: W waits for o  o -> W   Behind p it would wait for itself. */
TEST_F(change, reader_becomes_writer_before_one_that_waits_for_it)
{
	long o = st_lock_all(self->ctx[0], self->fd, R, 0), p;

	ASSERT_LT(0, o);
	p = st_lock_all(self->ctx[1], self->fd, W, QUEUE);
	ASSERT_LT(0, p);
	EXPECT_EQ(0, st_change_one(self->ctx[0], o, self->fd, W, 0, TO_END, NB));
	EXPECT_TRUE(ST_STAYS(waits(self->ctx[1])));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_EQ(0, st_event_result(self->ctx[1], p));
}

/* o(R) p(R)  o -> W  p -> W   The second one closes the cycle, and still reads. */
TEST_F(change, second_of_two_readers_gets_edeadlk)
{
	long o = st_lock_all(self->ctx[0], self->fd, R, 0);
	long p = st_lock_all(self->ctx[1], self->fd, R, 0);
	struct st_call call;

	ASSERT_LT(0, o);
	ASSERT_LT(0, p);
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, W, 0, TO_END, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(-EDEADLK, st_change_one(self->ctx[1], p, self->fd, W, 0, TO_END, 0));
	EXPECT_EQ(-EAGAIN, st_change_one(self->ctx[1], p, self->fd, W, 0, TO_END, NB));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(o, st_call_end(&call));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
}

/* o(A) p(B)  o -> A B  p -> A B   Sets that grow into each other. */
TEST_F(change, sets_that_grow_into_each_other_are_a_cycle)
{
	long o = st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0);
	long p = st_lock(self->ctx[1], self->fd, W, ST_PAGE, ST_PAGE, 0);
	struct st_call call;

	ASSERT_LT(0, o);
	ASSERT_LT(0, p);
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, W, 0, 2 * ST_PAGE, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(-EDEADLK, to_pages(self->ctx[1], p, self->fd, W, 0, 2, 0));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(o, st_call_end(&call));
}

/* o(W...) p(.W..)  o -> .W..   Until p goes, o has what it had. */
TEST_F(change, moved_range_is_held_until_the_new_one_is)
{
	long o = st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0);
	long p = st_lock(self->ctx[1], self->fd, W, ST_PAGE, ST_PAGE, 0);
	struct st_call call;

	ASSERT_LT(0, o);
	ASSERT_LT(0, p);
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, W, ST_PAGE, ST_PAGE, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_FALSE(is_free(self->ctx[2], self->fd, R, 0, 1));
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(o, st_call_end(&call));
	EXPECT_TRUE(is_free(self->ctx[2], self->fd, W, 0, 1));
	EXPECT_FALSE(is_free(self->ctx[2], self->fd, R, 1, 1));
}

/* Pages 0 and 1 read, page 2 of another one: is the set as it was? */
static bool reads_two_pages(struct st_world *w)
{
	int fd = w->buf[0].fd;

	return is_free(w->ctx[2], fd, R, 0, 2) && !is_free(w->ctx[2], fd, W, 0, 1) &&
	       !is_free(w->ctx[2], fd, W, 1, 1) && is_free(w->ctx[2], fd, W, 3, 1) &&
	       st_query_count(w->ctx[2], fd, 0) == 2;
}

TEST_F(change, failed_change_changes_nothing)
{
	struct dmabuf_sync_access more = st_access(self->fd, W, 0, TO_END);
	long o = st_lock(self->ctx[0], self->fd, R, 0, 2 * ST_PAGE, 0);
	struct st_call call;

	ASSERT_LT(0, o);
	ASSERT_LT(0, st_lock(self->ctx[1], self->fd, R, 2 * ST_PAGE, ST_PAGE, 0));
	ASSERT_TRUE(reads_two_pages(&self->w));
	EXPECT_EQ(-EAGAIN, st_change(self->ctx[0], o, &more, 1, NB, 0, NULL));
	EXPECT_TRUE(reads_two_pages(&self->w));
	EXPECT_EQ(-ETIMEDOUT, st_change(self->ctx[0], o, &more, 1, 0, SOON, NULL));
	EXPECT_TRUE(reads_two_pages(&self->w));
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, W, 0, TO_END, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(-EINTR, st_call_quit(&call));
	EXPECT_TRUE(reads_two_pages(&self->w));
	EXPECT_EQ(0, st_release(self->ctx[0], o));
}

/* What can be had at once is had, also when the time has passed. */
TEST_F(change, deadline_in_the_past_fails_only_what_waits)
{
	struct dmabuf_sync_access all = st_access(self->fd, W, 0, TO_END);
	long o = st_lock_all(self->ctx[0], self->fd, R, 0);

	ASSERT_LT(0, o);
	EXPECT_EQ(0, st_change(self->ctx[0], o, &all, 1, 0, 1, NULL));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R, 0, 1));
}

/* Lists have the set under its number, while it waits for more, too. */
TEST_F(change, lists_have_the_number_and_the_mode)
{
	long o = st_lock_all(self->ctx[0], self->fd, R, 0);
	long p = st_lock_all(self->ctx[1], self->fd, R, 0);
	struct dmabuf_sync_info infos[4];
	struct st_call call;

	ASSERT_LT(0, o);
	ASSERT_LT(0, p);
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, RW, 0, TO_END, 0));
	ASSERT_TRUE(ST_UNTIL(st_query(self->ctx[2], self->fd, infos, 4) == 3));
	EXPECT_EQ(DMABUF_SYNC_STATE_QUEUED, infos[2].state);
	EXPECT_EQ(o, infos[2].set);
	EXPECT_EQ(0, st_release(self->ctx[1], p));
	EXPECT_EQ(o, st_call_end(&call));
	ASSERT_EQ(1, st_query(self->ctx[2], self->fd, infos, 4));
	EXPECT_EQ(o, infos[0].set);
	EXPECT_EQ(RW, infos[0].mode);
	EXPECT_EQ(0, st_release(self->ctx[0], o));
}

/* A new set has a number that no other one has, however often another one was changed. */
TEST_F(change, numbers_stay_apart)
{
	long o = st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0), p, q;

	ASSERT_LT(0, o);
	EXPECT_EQ(0, to_pages(self->ctx[0], o, self->fd, R, 0, 1, 0));
	p = st_lock(self->ctx[0], self->fd, W, ST_PAGE, ST_PAGE, 0);
	EXPECT_EQ(0, to_pages(self->ctx[0], o, self->fd, W, 0, 1, 0));
	q = st_lock(self->ctx[0], self->fd, W, 2 * ST_PAGE, ST_PAGE, 0);
	EXPECT_NE(o, p);
	EXPECT_NE(o, q);
	EXPECT_NE(p, q);
	EXPECT_EQ(0, st_release(self->ctx[0], o));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W, 0, 1));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, W, 1, 1));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, W, 2, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], p));
	EXPECT_EQ(0, st_release(self->ctx[0], q));
}

/* Close releases what the set has become. */
TEST_F(change, close_releases_all_of_it)
{
	long o = st_lock(self->ctx[0], self->fd, R, 0, ST_PAGE, 0);

	ASSERT_LT(0, o);
	EXPECT_EQ(0, st_change_one(self->ctx[0], o, self->fd, W, 0, TO_END, 0));
	st_context_reopen(&self->ctx[0]);
	EXPECT_EQ(0, st_query_count(self->ctx[1], self->fd, 0));
}

/* A stock driver's fence is in the way of what is new, and of that only. */
TEST_F(change, fences_are_waited_for_where_something_is_new)
{
	long o = st_lock_all(self->ctx[0], self->fd, R, 0), fence;
	struct st_call call;

	ASSERT_LT(0, o);
	fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_READ);
	ASSERT_LE(0, fence);
	EXPECT_EQ(0, to_pages(self->ctx[0], o, self->fd, R, 0, 2, NB));
	EXPECT_EQ(-EAGAIN, to_pages(self->ctx[0], o, self->fd, W, 0, 2, NB));
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], o, self->fd, W, 0, TO_END, 0));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
	EXPECT_EQ(o, st_call_end(&call));
}

/* The point is signaled when all of the set is released, not a part. */
TEST_F(change, point_is_signaled_by_the_release)
{
	int timeline = st_timeline_new(self->ctx[0], 0);
	struct dmabuf_sync_point point = st_point(timeline, DMABUF_SYNC_POINT_SIGNAL, 1);
	struct dmabuf_sync_access all = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_acquire arg = {
		.size = sizeof(arg), .accesses = (uintptr_t)&all, .nr_accesses = 1,
		.access_size = sizeof(all), .points = (uintptr_t)&point, .nr_points = 1,
		.point_size = sizeof(point),
	};

	ASSERT_LE(0, timeline);
	ASSERT_EQ(0, ioctl(self->ctx[0], DMABUF_SYNC_IOC_ACQUIRE, &arg));
	EXPECT_EQ(0, to_pages(self->ctx[0], arg.set, self->fd, W, 0, 1, 0));
	EXPECT_EQ(0, st_timeline_value(timeline));
	EXPECT_EQ(0, to_pages(self->ctx[0], arg.set, self->fd, W, 0, 3, 0));
	EXPECT_EQ(0, st_timeline_value(timeline));
	EXPECT_EQ(0, st_release(self->ctx[0], arg.set));
	EXPECT_EQ(1, st_timeline_value(timeline));
	close(timeline);
}

/* Two owe the same point. When one has signaled it the other one does nothing more for it. */
TEST_F(change, reached_point_lets_nothing_be_added)
{
	int timeline = st_timeline_new(self->ctx[0], 0);
	struct dmabuf_sync_point point = st_point(timeline, DMABUF_SYNC_POINT_SIGNAL, 1);
	struct dmabuf_sync_access pages[] = {
		st_access(self->fd, W, 0, 2 * ST_PAGE),
		st_access(self->fd, W, 2 * ST_PAGE, ST_PAGE),
	};
	struct dmabuf_sync_acquire out[2];
	unsigned int i;

	ASSERT_LE(0, timeline);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, st_acquire_points(self->ctx[i], &pages[i], 1, 0, 0, &point, 1,
					       &out[i]));
	ASSERT_EQ(0, st_release(self->ctx[1], out[1].set));
	ASSERT_EQ(1, st_timeline_value(timeline));
	EXPECT_EQ(-ERANGE, to_pages(self->ctx[0], out[0].set, self->fd, W, 0, 3, 0));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W, 2, 1));
	EXPECT_EQ(0, to_pages(self->ctx[0], out[0].set, self->fd, W, 0, 1, 0));
	EXPECT_EQ(0, st_release(self->ctx[0], out[0].set));
	close(timeline);
}

TEST_HARNESS_MAIN
