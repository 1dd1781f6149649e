// SPDX-License-Identifier: GPL-2.0-only
/*
 * All bytes of the range arrive, and no other byte changes: over exporters, sizes,
 * offsets, scattered pages, rings that overflow, and each completion context.
 */
#include <kselftest_harness.h>
#include <stdio.h>
#include <stdlib.h>

#include "dma.h"

#define SIZE	(16 * ST_PAGE)
#define SRC	1
#define DST	2

FIXTURE(copy)
{
	int copy;
	struct st_buffer src, dst;
};

FIXTURE_VARIANT(copy)
{
	bool heap;
	const char *completion;
};

FIXTURE_VARIANT_ADD(copy, udmabuf_tasklet)
{
	.heap = false,
	.completion = "tasklet",
};

FIXTURE_VARIANT_ADD(copy, udmabuf_irq)
{
	.heap = false,
	.completion = "irq",
};

FIXTURE_VARIANT_ADD(copy, udmabuf_thread)
{
	.heap = false,
	.completion = "thread",
};

FIXTURE_VARIANT_ADD(copy, heap_tasklet)
{
	.heap = true,
	.completion = "tasklet",
};

FIXTURE_VARIANT_ADD(copy, heap_irq)
{
	.heap = true,
	.completion = "irq",
};

FIXTURE_SETUP(copy)
{
	ASSERT_EQ(0, dma_param_set("dma_sim", "completion", variant->completion));
	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", "0"));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, variant->heap));
	dma_fill(&self->src, SRC);
	dma_fill(&self->dst, DST);
}

FIXTURE_TEARDOWN(copy)
{
	EXPECT_EQ(0, dma_close(self->copy, -1, &self->src, &self->dst));
}

/* The destination is as before, but for the range. Number of wrong bytes. */
static size_t wrong_bytes(const struct st_buffer *dst, size_t src_offset,
			  size_t dst_offset, size_t length)
{
	size_t i, wrong = 0;

	for (i = 0; i < dst->size; i++) {
		bool in = i >= dst_offset && i < dst_offset + length;
		unsigned char want = in ? dma_byte(SRC, i - dst_offset + src_offset) :
					  dma_byte(DST, i);

		wrong += dst->map[i] != want;
	}
	return wrong;
}

static int copy_range(int copy, struct st_buffer *src, size_t src_offset,
		      struct st_buffer *dst, size_t dst_offset, size_t length)
{
	struct dmabuf_copy_submit args = dma_args(src, src_offset, dst, dst_offset,
						  length, DMABUF_COPY_WAIT);

	dma_fill(dst, DST);
	return dma_submit(copy, &args);
}

TEST_F(copy, whole_buffer)
{
	ASSERT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, SRC));
	EXPECT_TRUE(dma_filled(&self->src, SRC));
}

TEST_F(copy, edges_of_pages)
{
	static const size_t places[] = {
		0, 1, 7, ST_PAGE - 1, ST_PAGE, ST_PAGE + 1, 3 * ST_PAGE - 5,
	};
	static const size_t lengths[] = {
		1, 2, 63, ST_PAGE - 1, ST_PAGE, ST_PAGE + 1, 2 * ST_PAGE + 3, 8 * ST_PAGE,
	};
	size_t s, d, n;

	for (s = 0; s < ST_ARRAY_SIZE(places); s++)
		for (d = 0; d < ST_ARRAY_SIZE(places); d++)
			for (n = 0; n < ST_ARRAY_SIZE(lengths); n++) {
				ASSERT_EQ(0, copy_range(self->copy, &self->src, places[s],
							&self->dst, places[d], lengths[n]));
				ASSERT_EQ(0, wrong_bytes(&self->dst, places[s], places[d],
							 lengths[n]))
				{
					TH_LOG("src %zu dst %zu length %zu", places[s],
					       places[d], lengths[n]);
				}
			}
}

TEST_F(copy, any_range)
{
	unsigned int seed = 20260101, i;
	size_t s, d, n;

	for (i = 0; i < 200; i++) {
		s = rand_r(&seed) % SIZE;
		d = rand_r(&seed) % SIZE;
		n = 1 + rand_r(&seed) % (SIZE - (s > d ? s : d));
		ASSERT_EQ(0, copy_range(self->copy, &self->src, s, &self->dst, d, n));
		ASSERT_EQ(0, wrong_bytes(&self->dst, s, d, n))
		{
			TH_LOG("round %u: src %zu dst %zu length %zu", i, s, d, n);
		}
	}
}

TEST_F(copy, within_one_buffer)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->src, SIZE / 2,
						  SIZE / 2, DMABUF_COPY_WAIT);
	size_t i;

	ASSERT_EQ(0, dma_submit(self->copy, &args));
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ(dma_byte(SRC, i % (SIZE / 2)), self->src.map[i]);
}

/* Pages of both buffers in an order of their own, more of them than the ring holds. */
TEST_F(copy, scattered_pages_and_a_small_ring)
{
	struct st_buffer src, dst;
	int copy;

	close(self->copy);
	ASSERT_EQ(0, dma_param_set("dma_sim", "nr_descs", "16"));
	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "max_channels", "64"));
	copy = dma_open();
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, dma_buffer_scattered(&src, 700));
	ASSERT_EQ(0, dma_buffer_scattered(&dst, 700));
	dma_fill(&src, SRC);
	dma_fill(&dst, DST);
	ASSERT_EQ(0, dma_copy(copy, &src, &dst));
	EXPECT_TRUE(dma_filled(&dst, SRC));
	close(copy);
	st_buffer_close(&src);
	st_buffer_close(&dst);
	self->copy = dma_open();
}

/* More descriptors than one batch, in a ring that holds them all. */
TEST_F(copy, scattered_pages)
{
	struct st_buffer src, dst;

	ASSERT_EQ(0, dma_buffer_scattered(&src, 1000));
	ASSERT_EQ(0, dma_buffer_scattered(&dst, 1000));
	dma_fill(&src, SRC);
	dma_fill(&dst, DST);
	ASSERT_EQ(0, dma_copy(self->copy, &src, &dst));
	EXPECT_TRUE(dma_filled(&dst, SRC));
	EXPECT_TRUE(dma_filled(&src, SRC));
	st_buffer_close(&src);
	st_buffer_close(&dst);
}

/* a -> b -> a -> b ...: each job waits for the one before it. */
TEST_F(copy, there_and_back_without_waiting)
{
	struct st_buffer *ends[] = { &self->src, &self->dst };
	int jobs[20];
	size_t i;

	for (i = 0; i < ST_ARRAY_SIZE(jobs); i++) {
		jobs[i] = dma_job(self->copy, ends[i % 2], ends[(i + 1) % 2]);
		ASSERT_LE(0, jobs[i]);
	}
	for (i = 0; i < ST_ARRAY_SIZE(jobs); i++) {
		EXPECT_EQ(0, dma_job_end(jobs[i]));
		close(jobs[i]);
	}
	EXPECT_TRUE(dma_filled(&self->src, SRC));
	EXPECT_TRUE(dma_filled(&self->dst, SRC));
}

TEST_HARNESS_MAIN
