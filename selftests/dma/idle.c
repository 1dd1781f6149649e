// SPDX-License-Identifier: GPL-2.0-only
/*
 * A copy is over, and its buffers stay mapped for a while in case of another one. Neither
 * that nor its end is anybody else's concern.
 */
#include <errno.h>
#include <kselftest_harness.h>

#include "dma.h"

#define SIZE	(8 * ST_PAGE)
#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W

/* An idle mapping is looked at once a second. */
#define LOOK_MS	3500

FIXTURE(idle)
{
	int copy, ctx;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(idle)
{
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	ASSERT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
}

FIXTURE_TEARDOWN(idle)
{
	EXPECT_EQ(0, dma_close(self->copy, self->ctx, &self->src, &self->dst));
}

/* How many accesses the driver asked for in the buffer; negative: an errno. */
static int count_requests(const struct st_buffer *buf)
{
	static struct st_trace events[4096];
	int nr = st_trace_read(events, ST_ARRAY_SIZE(events)), i, count = 0;
	char agent[8];

	for (i = 0; i < nr && i < (int)ST_ARRAY_SIZE(events); i++)
		count += !strcmp(events[i].name, "request") &&
			 st_trace_number(&events[i], "ino") == (long long)buf->ino &&
			 st_trace_text(&events[i], "agent", agent, sizeof(agent)) &&
			 !strcmp(agent, "dma");
	return nr < 0 ? nr : count;
}

/*
 * The driver asks for what its job needs and for nothing else: or whoever has the buffer for
 * itself, and does not want to wait, would be told now and then that it had to.
 */
TEST_F(idle, unmapping_is_in_nobodys_way)
{
	ASSERT_EQ(0, st_trace_start());
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	st_sleep_ms(LOOK_MS);
	EXPECT_EQ(1, count_requests(&self->dst));
	EXPECT_EQ(1, count_requests(&self->src));
	st_trace_stop();
}

/* Who reads what was copied, as long as it likes, keeps nothing of a client that is gone. */
TEST_F(idle, reader_does_not_keep_a_closed_client)
{
	long set = st_lock_all(self->ctx, self->dst.fd, R, 0);

	ASSERT_LE(0, set);
	ASSERT_LT(0, st_module_users("dma_sim"));
	close(self->copy);
	EXPECT_TRUE(ST_UNTIL_MS(st_module_users("dma_sim") == 0, LOOK_MS));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	EXPECT_EQ(0, st_release(self->ctx, set));
}

/* Nor does who writes to it. */
TEST_F(idle, writer_does_not_keep_a_closed_client)
{
	long set = st_lock_all(self->ctx, self->dst.fd, W, 0);

	ASSERT_LE(0, set);
	close(self->copy);
	EXPECT_TRUE(ST_UNTIL_MS(st_module_users("dma_sim") == 0, LOOK_MS));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	EXPECT_EQ(0, st_release(self->ctx, set));
}

TEST_HARNESS_MAIN
