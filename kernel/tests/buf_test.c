// SPDX-License-Identifier: GPL-2.0-only
/* The state of buffers: it lasts from use to use, and goes when nobody uses it. */
#include <linux/dma-buf.h>
#include <linux/limits.h>
#include <linux/rhashtable.h>

#include "fixture.h"

static struct dma_buf *dmabuf_of(struct kunit *test)
{
	struct fx *fx = test->priv;

	return fx->bufs[0];
}

static bool has_state(struct kunit *test)
{
	struct dsync_buf *buf = dsync_buf_find(dmabuf_of(test));

	if (buf)
		dsync_buf_put(buf);
	return buf;
}

static void use(struct kunit *test)
{
	struct dsync_buf *buf = dsync_buf_get(dmabuf_of(test));

	KUNIT_ASSERT_NOT_NULL(test, buf);
	dsync_buf_put(buf);
}

static void is_made_once(struct kunit *test)
{
	struct dsync_buf *first = dsync_buf_get(dmabuf_of(test));
	struct dsync_buf *again = dsync_buf_get(dmabuf_of(test));

	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_PTR_EQ(test, first, again);
	dsync_buf_put(first);
	dsync_buf_put(again);
}

static void lasts_after_its_last_access(struct kunit *test)
{
	struct dsync_set *set = fx_whole(test, A, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(set));
	fx_release(set);
	KUNIT_EXPECT_TRUE(test, has_state(test));
}

static void goes_when_it_was_not_used(struct kunit *test)
{
	use(test);
	dsync_buf_reap(ULONG_MAX, 0);
	KUNIT_EXPECT_FALSE(test, has_state(test));
	use(test);
	KUNIT_EXPECT_TRUE(test, has_state(test));
}

static void stays_while_it_was_used_lately(struct kunit *test)
{
	use(test);
	dsync_buf_reap(ULONG_MAX, HZ * 600);
	KUNIT_EXPECT_TRUE(test, has_state(test));
}

static void stays_while_it_is_used(struct kunit *test)
{
	struct dsync_set *set = fx_whole(test, A, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(set));
	dsync_buf_reap(ULONG_MAX, 0);
	KUNIT_EXPECT_TRUE(test, has_state(test));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, B, 0, FX_W)));
	fx_release(set);
}

/* A dma-buf that comes to the address of one that is gone. */
static void is_not_that_of_a_dead_buffer(struct kunit *test)
{
	struct inode *inode = file_inode(dmabuf_of(test)->file);
	struct dsync_buf *dead, *fresh;
	unsigned long ino = inode->i_ino;

	dead = dsync_buf_get(dmabuf_of(test));
	inode->i_ino = ULONG_MAX;
	fresh = dsync_buf_get(dmabuf_of(test));
	KUNIT_EXPECT_PTR_NE(test, dead, fresh);
	KUNIT_EXPECT_EQ(test, (u64)ULONG_MAX, fresh->ino);
	inode->i_ino = ino;
	dsync_buf_put(fresh);
	dsync_buf_put(dead);
}

static void is_met_by_a_walk(struct kunit *test)
{
	struct rhashtable_iter iter;
	struct dsync_buf *buf;
	bool met = false;

	use(test);
	dsync_buf_walk_begin(&iter);
	while ((buf = dsync_buf_walk_next(&iter))) {
		met |= buf->dmabuf == dmabuf_of(test);
		dsync_buf_put(buf);
	}
	dsync_buf_walk_end(&iter);
	KUNIT_EXPECT_TRUE(test, met);
}

static struct kunit_case buf_cases[] = {
	KUNIT_CASE(is_made_once),
	KUNIT_CASE(lasts_after_its_last_access),
	KUNIT_CASE(goes_when_it_was_not_used),
	KUNIT_CASE(stays_while_it_was_used_lately),
	KUNIT_CASE(stays_while_it_is_used),
	KUNIT_CASE(is_not_that_of_a_dead_buffer),
	KUNIT_CASE(is_met_by_a_walk),
	{}
};

struct kunit_suite dsync_buf_suite = {
	.name = "dmabuf_sync_buf",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = buf_cases,
};
