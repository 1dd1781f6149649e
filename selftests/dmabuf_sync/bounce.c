// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 11, of bytes: windows are of whole buffers, accesses are of ranges. Here the device has
 * a copy of the buffer, as behind swiotlb. begin_cpu_access copies all of it to the CPU,
 * end_cpu_access all of it to the device. What one access has written must not be overwritten
 * by the window of another, on other bytes.
 *
 *	buffer	|  first  |  second  |  third  |  fourth  |	one page each
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "st.h"

#define RW	DMA_BUF_ACCESS_RW
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define DMA_W	DMA_BUF_ACCESS_DMA_W

enum { FIRST, SECOND, THIRD, NR_PAGES = 4 };

FIXTURE(bounce)
{
	struct st_world w;
	struct st_buffer buf;
	int test, *ctx;
};

FIXTURE_SETUP(bounce)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->test = self->w.test;
	self->ctx = self->w.ctx;
	ASSERT_EQ(0, st_buffer_bounce(self->test, &self->buf, NR_PAGES * ST_PAGE));
}

FIXTURE_TEARDOWN(bounce)
{
	EXPECT_TRUE(st_world_close(&self->w));
	st_buffer_close(&self->buf);
}

static long lock_page(FIXTURE_DATA(bounce) *self, int ctx, uint32_t access, int page)
{
	return st_lock(self->ctx[ctx], self->buf.fd, access, page * ST_PAGE, ST_PAGE, TRY);
}

/* The device's access, or why it has none now. */
static long job(FIXTURE_DATA(bounce) *self, uint32_t access, int page)
{
	return st_sync_locked(self->test, self->buf.fd, access, page * ST_PAGE, ST_PAGE,
			      DST_LOCK_TRY);
}

static void cpu_write(FIXTURE_DATA(bounce) *self, int page, int value)
{
	memset(self->buf.map + page * ST_PAGE, value, ST_PAGE);
}

static int cpu_differs(FIXTURE_DATA(bounce) *self, int page, int value)
{
	int i, nr = 0;

	for (i = 0; i < (int)ST_PAGE; i++)
		nr += self->buf.map[page * ST_PAGE + i] != value;
	return nr;
}

static int device_differs(FIXTURE_DATA(bounce) *self, int page, int value)
{
	return st_device_differ(self->test, &self->buf, page * ST_PAGE, ST_PAGE, value);
}

/* A whole job: 0, or a negative errno. */
static int device_write(FIXTURE_DATA(bounce) *self, int page, int value)
{
	long id = job(self, DMA_W, page);

	if (id < 0)
		return id;
	return st_device_write(self->test, &self->buf, page * ST_PAGE, ST_PAGE, value) ?:
	       st_test_destroy(self->test, id);
}

/*
 *	0  |--- W first ---|
 *	1      |- R second -|
 */
TEST_F(bounce, reader_that_comes_keeps_what_a_writer_wrote)
{
	long w = lock_page(self, 0, W, FIRST), r;

	ASSERT_LE(0, w);
	cpu_write(self, FIRST, 1);
	r = lock_page(self, 1, R, SECOND);
	ASSERT_LE(0, r);
	EXPECT_EQ(0, cpu_differs(self, FIRST, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	EXPECT_EQ(0, st_release(self->ctx[1], r));
	EXPECT_EQ(0, device_differs(self, FIRST, 1));
}

/*
 *	0    |--- W first ---|
 *	1  |- R second -|
 */
TEST_F(bounce, reader_that_goes_keeps_what_a_writer_wrote)
{
	long r = lock_page(self, 1, R, SECOND), w = lock_page(self, 0, W, FIRST);

	ASSERT_LE(0, r);
	ASSERT_LE(0, w);
	cpu_write(self, FIRST, 1);
	EXPECT_EQ(0, st_release(self->ctx[1], r));
	EXPECT_EQ(0, cpu_differs(self, FIRST, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	EXPECT_EQ(0, device_differs(self, FIRST, 1));
}

/*
 *	0  |--- RW first ---|
 *	1      |- RW second ---|	the device reads first while 1 goes on
 */
TEST_F(bounce, writers_keep_what_each_other_wrote)
{
	long a = lock_page(self, 0, RW, FIRST), b, id;

	ASSERT_LE(0, a);
	cpu_write(self, FIRST, 1);
	b = lock_page(self, 1, RW, SECOND);
	ASSERT_LE(0, b);
	EXPECT_EQ(0, cpu_differs(self, FIRST, 1));
	cpu_write(self, SECOND, 2);
	EXPECT_EQ(0, st_release(self->ctx[0], a));
	id = job(self, DMA_R, FIRST);
	ASSERT_LE(0, id);
	EXPECT_EQ(0, device_differs(self, FIRST, 1));
	cpu_write(self, SECOND, 3);
	EXPECT_EQ(0, st_release(self->ctx[1], b));
	EXPECT_EQ(0, device_differs(self, FIRST, 1));
	EXPECT_EQ(0, device_differs(self, SECOND, 3));
	EXPECT_EQ(0, st_test_destroy(self->test, id));
}

/* The end of a window takes all bytes to the device, so its beginning has to fetch them all. */
TEST_F(bounce, writer_keeps_what_the_device_wrote_before)
{
	long w;

	ASSERT_EQ(0, device_write(self, SECOND, 5));
	w = lock_page(self, 0, W, FIRST);
	ASSERT_LE(0, w);
	cpu_write(self, FIRST, 1);
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	EXPECT_EQ(0, device_differs(self, FIRST, 1));
	EXPECT_EQ(0, device_differs(self, SECOND, 5));
}

/* The reader cannot fetch: it must find what the writer has fetched. */
TEST_F(bounce, reader_beside_a_writer_sees_what_the_device_wrote)
{
	long w, r;

	ASSERT_EQ(0, device_write(self, SECOND, 5));
	w = lock_page(self, 0, W, FIRST);
	ASSERT_LE(0, w);
	cpu_write(self, FIRST, 1);
	r = lock_page(self, 1, R, SECOND);
	ASSERT_LE(0, r);
	EXPECT_EQ(0, cpu_differs(self, SECOND, 5));
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	ASSERT_EQ(0, device_write(self, THIRD, 7));
	EXPECT_EQ(0, st_release(self->ctx[1], r));
	EXPECT_EQ(0, device_differs(self, THIRD, 7));
}

/* Both have bytes that the other side must get: no copy of the whole buffer is right for both. */
TEST_F(bounce, device_that_writes_excludes_writers)
{
	long w = lock_page(self, 0, W, FIRST), id;

	ASSERT_LE(0, w);
	EXPECT_EQ(-EAGAIN, job(self, DMA_W, SECOND));
	cpu_write(self, FIRST, 1);
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	id = job(self, DMA_W, SECOND);
	ASSERT_LE(0, id);
	EXPECT_EQ(-EAGAIN, lock_page(self, 0, W, FIRST));
	EXPECT_EQ(0, st_device_write(self->test, &self->buf, ST_PAGE, ST_PAGE, 5));
	EXPECT_EQ(0, st_test_destroy(self->test, id));
	EXPECT_LE(0, lock_page(self, 0, W, FIRST));
	EXPECT_EQ(0, device_differs(self, FIRST, 1));
	EXPECT_EQ(0, device_differs(self, SECOND, 5));
}

/* All others work at the same time, as everywhere. */
TEST_F(bounce, nobody_else_is_excluded)
{
	long w = lock_page(self, 0, W, FIRST), reads = job(self, DMA_R, SECOND), r, writes;

	ASSERT_LE(0, w);
	ASSERT_LE(0, reads);
	EXPECT_LE(0, lock_page(self, 1, W, THIRD));
	st_context_reopen(&self->ctx[1]);
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	r = lock_page(self, 0, R, FIRST);
	ASSERT_LE(0, r);
	writes = job(self, DMA_W, THIRD);
	ASSERT_LE(0, writes);
	EXPECT_LE(0, job(self, DMA_W, NR_PAGES - 1));
	EXPECT_EQ(0, st_device_write(self->test, &self->buf, THIRD * ST_PAGE, ST_PAGE, 5));
	EXPECT_EQ(0, st_release(self->ctx[0], r));
	EXPECT_EQ(0, st_test_destroy(self->test, writes));
	EXPECT_LE(0, lock_page(self, 0, R, THIRD));
	EXPECT_EQ(0, cpu_differs(self, THIRD, 5));
}

/* What is one buffer to the exporter is a conflict like any other: served in turn, overtaken. */
TEST_F(bounce, device_that_waits_is_served)
{
	long w = lock_page(self, 0, W, FIRST), id = st_sync_new(self->test), more;

	ASSERT_LE(0, w);
	ASSERT_EQ(0, st_sync_get(self->test, id, self->buf.fd, DMA_W, ST_PAGE, ST_PAGE));
	ASSERT_EQ(0, st_sync_lock_async(self->test, id, 0, 0));
	EXPECT_EQ(1, st_query_count(self->ctx[7], self->buf.fd, DMABUF_SYNC_STATE_QUEUED));
	/* The job waits for 0, so 0 does not wait for it; 1 does. */
	more = lock_page(self, 0, W, THIRD);
	EXPECT_LE(0, more);
	EXPECT_EQ(-EAGAIN, lock_page(self, 1, W, NR_PAGES - 1));
	EXPECT_EQ(0, st_release(self->ctx[0], w));
	EXPECT_EQ(1, st_query_count(self->ctx[7], self->buf.fd, DMABUF_SYNC_STATE_QUEUED));
	EXPECT_EQ(0, st_release(self->ctx[0], more));
	EXPECT_EQ(0, st_sync_result(self->test, id));
}

struct cutter {
	int fd, result;
	bool done;
};

static int set_lock(int fd, short type, off_t start)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = ST_PAGE,
	};

	return fcntl(fd, F_SETLK, &lock) ? -errno : 0;
}

/* Each of these makes one lock out of two, or two out of one. */
static void *cut_locks(void *arg)
{
	struct cutter *cutter = arg;
	int i;

	for (i = 0; i < 300 && !cutter->result; i++)
		cutter->result = set_lock(cutter->fd, F_WRLCK, SECOND * ST_PAGE) ?:
				 set_lock(cutter->fd, F_RDLCK, SECOND * ST_PAGE) ?:
				 set_lock(cutter->fd, F_UNLCK, SECOND * ST_PAGE);
	__atomic_store_n(&cutter->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* A process writes on while another of its threads cuts the lock. */
TEST_F(bounce, cutting_a_lock_keeps_what_is_written_meanwhile)
{
	struct cutter cutter = { .fd = self->buf.fd };
	volatile unsigned char *byte = self->buf.map;
	unsigned char value = 0;
	unsigned int lost = 0;
	pthread_t thread;

	ASSERT_EQ(0, set_lock(self->buf.fd, F_WRLCK, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, cut_locks, &cutter));
	while (!__atomic_load_n(&cutter.done, __ATOMIC_ACQUIRE)) {
		lost += *byte != value;
		*byte = ++value;
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, cutter.result);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, set_lock(self->buf.fd, F_UNLCK, 0));
	EXPECT_EQ(0, st_device_differ(self->test, &self->buf, 0, 1, value));
}

TEST_HARNESS_MAIN
