// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's header compiles alone, without a warning, in each language that programs are
 * written in: the build of this program is that test. What is compiled can call the library.
 */
#include <kselftest_harness.h>

#include <dmabuf-sync.h>

#include "st.h"

typedef int alone_fn(int ctx, int dmabuf, struct dmasync_set *set);

alone_fn alone_c99, alone_c11, alone_c23, alone_cxx11, alone_cxx20;

FIXTURE(header)
{
	struct st_world w;
};

FIXTURE_VARIANT(header)
{
	alone_fn *acquire;
};

FIXTURE_VARIANT_ADD(header, c99) { .acquire = alone_c99 };
FIXTURE_VARIANT_ADD(header, c11) { .acquire = alone_c11 };
FIXTURE_VARIANT_ADD(header, c23) { .acquire = alone_c23 };
FIXTURE_VARIANT_ADD(header, cxx11) { .acquire = alone_cxx11 };
FIXTURE_VARIANT_ADD(header, cxx20) { .acquire = alone_cxx20 };

FIXTURE_SETUP(header)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(header)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(header, acquires_a_page)
{
	int fd = self->w.buf[0].fd;
	struct dmasync_set set;

	ASSERT_EQ(0, variant->acquire(self->w.ctx[0], fd, &set));
	EXPECT_EQ(-EAGAIN, st_lock(self->w.ctx[1], fd, DMA_BUF_ACCESS_R, 0, ST_PAGE,
				   DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, dmasync_release(self->w.ctx[0], set.number));
}

TEST_HARNESS_MAIN
