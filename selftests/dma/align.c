// SPDX-License-Identifier: GPL-2.0-only
/*
 * One channel that copies multiples of 64 bytes only. Run by reload.sh, which loads
 * dma_sim that way.
 */
#include <errno.h>
#include <kselftest_harness.h>

#include "dma.h"

#define SIZE	(4 * ST_PAGE)
#define ALIGN	64
#define OLD	1
#define NEW	2

FIXTURE(align)
{
	int copy;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(align)
{
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
}

FIXTURE_TEARDOWN(align)
{
	EXPECT_EQ(0, dma_close(self->copy, -1, &self->src, &self->dst));
}

static int copy_range(int copy, struct st_buffer *src, size_t src_offset,
		      struct st_buffer *dst, size_t dst_offset, size_t length)
{
	struct dmabuf_copy_submit args = dma_args(src, src_offset, dst, dst_offset,
						  length, DMABUF_COPY_WAIT);

	return dma_submit(copy, &args);
}

TEST_F(align, is_told)
{
	struct dmabuf_copy_info info;

	ASSERT_EQ(0, dma_info(self->copy, &info));
	EXPECT_EQ(ALIGN, info.alignment_bytes);
}

TEST_F(align, aligned_ranges_are_copied)
{
	EXPECT_EQ(0, copy_range(self->copy, &self->src, 0, &self->dst, 0, SIZE));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	EXPECT_EQ(0, copy_range(self->copy, &self->src, ALIGN, &self->dst,
				ST_PAGE - ALIGN, ST_PAGE + 3 * ALIGN));
}

TEST_F(align, others_are_refused)
{
	EXPECT_EQ(-EINVAL, copy_range(self->copy, &self->src, 1, &self->dst, 0, ALIGN));
	EXPECT_EQ(-EINVAL, copy_range(self->copy, &self->src, 0, &self->dst, 32, ALIGN));
	EXPECT_EQ(-EINVAL, copy_range(self->copy, &self->src, 0, &self->dst, 0, ALIGN - 1));
	EXPECT_EQ(-EINVAL, copy_range(self->copy, &self->src, 0, &self->dst, 0, SIZE - 1));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
}

/* Two open files have to share the one channel. */
TEST_F(align, one_channel_is_shared)
{
	struct dmabuf_copy_info info[2];
	int copy = dma_open();

	ASSERT_LE(0, copy);
	ASSERT_EQ(0, dma_info(self->copy, &info[0]));
	ASSERT_EQ(0, dma_info(copy, &info[1]));
	EXPECT_STREQ(info[0].channel, info[1].channel);
	EXPECT_EQ(0, dma_copy(copy, &self->src, &self->dst));
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	close(copy);
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
}

TEST_HARNESS_MAIN
