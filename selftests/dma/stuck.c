// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine hangs, and its driver cannot stop it. Fences end all the same, with an error, since
 * others wait for them. But the engine may write to the buffers at any later time: it gets no
 * further job and their memory stays, until the driver says that it has stopped.
 *
 * "stuck" is what dma_sim calls that; "none" lets the engine go on where it was.
 */
#include <errno.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <stdio.h>

#include "dma.h"

#define PAGES	8
#define SIZE	(PAGES * ST_PAGE)
#define OLD	1
#define NEW	2
#define W	DMA_BUF_ACCESS_W

#define TIMEOUT_MS	300

FIXTURE(stuck)
{
	int copy, ctx;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(stuck)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", TIMEOUT_MS * st_slowness());
	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "timeout_ms", text));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, true));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
	ASSERT_EQ(0, dma_fault(self->copy, "stuck"));
}

/* Once it could be stopped the engine is as good as new. */
FIXTURE_TEARDOWN(stuck)
{
	EXPECT_EQ(0, dma_fault(self->copy, "none"));
	EXPECT_TRUE(ST_UNTIL(!dma_copy(self->copy, &self->src, &self->dst)));
	EXPECT_EQ(0, dma_param_restore());
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(self->copy);
	close(self->ctx);
	st_buffer_close(&self->src);
	st_buffer_close(&self->dst);
	EXPECT_TRUE(ST_UNTIL(st_module_users("dma_sim") == 0));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_F(stuck, fence_ends_with_an_error)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_SYNC_FILE);
	long set;

	ASSERT_EQ(0, dma_submit(self->copy, &args));
	ASSERT_LE(0, args.sync_fd);
	EXPECT_EQ(-ETIMEDOUT, dma_job_end(args.job_fd));
	EXPECT_EQ(-ETIMEDOUT, dma_sync_status(args.sync_fd));
	/* And with it the accesses. */
	set = st_lock_all(self->ctx, self->dst.fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK);
	EXPECT_LE(0, set);
	EXPECT_EQ(0, st_release(self->ctx, set));
	close(args.sync_fd);
	close(args.job_fd);
}

TEST_F(stuck, submitter_that_waits_is_told)
{
	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &self->src, &self->dst));
	/* The engine is not asked again. */
	EXPECT_EQ(-EIO, dma_copy(self->copy, &self->src, &self->dst));
}

/* Jobs behind it, in the engine or waiting for their ranges, end as well. */
TEST_F(stuck, jobs_behind_it_end)
{
	struct st_buffer dst[4];
	unsigned int i;
	int job[4];
	long set;

	for (i = 0; i < ST_ARRAY_SIZE(job); i++)
		ASSERT_EQ(0, dma_buffer_scattered(&dst[i], PAGES));
	set = st_lock_all(self->ctx, dst[3].fd, W, 0);
	ASSERT_LE(0, set);
	for (i = 0; i < ST_ARRAY_SIZE(job); i++) {
		job[i] = dma_job(self->copy, &self->src, &dst[i]);
		ASSERT_LE(0, job[i]);
		/* They do not conflict: the first one is in the engine before the others are. */
		if (!i)
			ASSERT_EQ(POLLOUT, dma_job_poll(job[i], POLLOUT, ST_SOON_MS) & POLLOUT);
	}
	EXPECT_EQ(-ETIMEDOUT, dma_job_end(job[0]));
	EXPECT_EQ(-EIO, dma_job_end(job[1]));
	EXPECT_EQ(-EIO, dma_job_end(job[2]));
	EXPECT_EQ(0, dma_job_poll(job[3], POLLIN, ST_WHILE_MS));
	EXPECT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(-EIO, dma_job_end(job[3]));
	for (i = 0; i < ST_ARRAY_SIZE(job); i++) {
		close(job[i]);
		st_buffer_close(&dst[i]);
	}
}

/* Nobody has the buffers any more, but the engine has: it writes when it goes on. */
TEST_F(stuck, memory_is_kept_until_the_engine_has_stopped)
{
	struct st_buffer src, dst;
	uint64_t ino[2];

	ASSERT_EQ(0, dma_buffers(&src, &dst, SIZE, true));
	ino[0] = src.ino;
	ino[1] = dst.ino;
	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &src, &dst));
	st_buffer_close(&src);
	st_buffer_close(&dst);
	/* Longer than idle buffers stay mapped. */
	EXPECT_FALSE(ST_UNTIL_MS(!dma_buffer_exists(ino[0]) || !dma_buffer_exists(ino[1]), 2500));
	ASSERT_EQ(0, dma_fault(self->copy, "none"));
	EXPECT_TRUE(ST_UNTIL(!dma_buffer_exists(ino[0]) && !dma_buffer_exists(ino[1])));
}

/* What the fence's error means: these bytes may still change. */
TEST_F(stuck, engine_writes_late)
{
	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	ASSERT_EQ(0, dma_fault(self->copy, "none"));
	EXPECT_TRUE(ST_UNTIL_MS(dma_filled(&self->dst, NEW), TIMEOUT_MS / 2));
}

/* Closed or not: the channel is nobody else's while it is not known to have stopped. */
TEST_F(stuck, next_client_gets_another_engine)
{
	struct dmabuf_copy_info bad, good;
	int copy;

	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &self->src, &self->dst));
	/* It would share the engine, were that one any good. */
	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "max_channels", "1"));
	copy = dma_open();
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, dma_info(self->copy, &bad));
	ASSERT_EQ(0, dma_info(copy, &good));
	EXPECT_STRNE(bad.channel, good.channel);
	EXPECT_EQ(0, dma_copy(copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(copy);
}

/* A file that was closed meanwhile leaves with the engine. */
TEST_F(stuck, closed_client_waits_for_its_engine)
{
	struct dmabuf_copy_info info;
	char path[128];

	ASSERT_EQ(0, dma_info(self->copy, &info));
	snprintf(path, sizeof(path), "/sys/kernel/debug/dma_sim/%s/fault",
		 strstr(info.channel, "chan"));
	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &self->src, &self->dst));
	close(self->copy);
	EXPECT_FALSE(ST_UNTIL_MS(st_module_users("dma_sim") == 0, 2500));
	ASSERT_EQ(0, st_file_write(path, "none"));
	EXPECT_TRUE(ST_UNTIL(st_module_users("dma_sim") == 0));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
}

TEST_HARNESS_MAIN
