// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input: each gets its documented errno, changes nothing, and leaks nothing. One
 * table per call; every line starts from the same good call and spoils one thing.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "st.h"

#define SIZE	(ST_WORLD_PAGES * ST_PAGE)
#define MAX	DMABUF_SYNC_MAX_SET

FIXTURE(bad)
{
	struct st_world w;
	struct st_buffer ro, wo;
	int ctx, fd, pipe[2];
	struct dmabuf_sync_access entries[MAX + 1];
	/* Structures that are larger than the kernel knows, and a page that is not there. */
	struct {
		struct dmabuf_sync_acquire arg;
		unsigned char tail[64];
	} acquire;
	void *hole;
};

FIXTURE_SETUP(bad)
{
	unsigned int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, st_buffer_heap(&self->ro, SIZE, O_RDONLY));
	ASSERT_EQ(0, st_buffer_heap(&self->wo, SIZE, O_WRONLY));
	ASSERT_EQ(0, pipe(self->pipe));
	self->ctx = self->w.ctx[0];
	self->fd = self->w.buf[0].fd;
	self->hole = mmap(NULL, ST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < MAX + 1; i++)
		self->entries[i] = st_access(self->fd, DMA_BUF_ACCESS_R, i, 1);
	self->acquire.arg = (struct dmabuf_sync_acquire){
		.size = sizeof(self->acquire.arg),
		.flags = DMABUF_SYNC_ACQUIRE_NONBLOCK,
		.accesses = (uintptr_t)self->entries,
		.nr_accesses = 1,
		.access_size = sizeof(self->entries[0]),
	};
}

FIXTURE_TEARDOWN(bad)
{
	st_buffer_close(&self->ro);
	st_buffer_close(&self->wo);
	EXPECT_TRUE(st_world_close(&self->w));
}

static int call(int ctx, unsigned long cmd, const void *arg)
{
	return ioctl(ctx, cmd, arg) ? -errno : 0;
}

/* The call fails as it should, and left nothing anywhere. */
#define EXPECT_REFUSED(error)							\
	do {									\
		EXPECT_EQ((error), call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE,	\
					&self->acquire));			\
		EXPECT_EQ(0, st_snapshot(0, NULL, 0));				\
	} while (0)

/* One access that is wrong in itself. */
#define EXPECT_ACCESS_REFUSED(error, fd, access, offset, length)		\
	do {									\
		self->entries[0] = st_access(fd, access, offset, length);	\
		EXPECT_REFUSED(error);						\
	} while (0)

/* The good call, so that every other line fails for its own reason. */
TEST_F(bad, the_good_call_is_accepted)
{
	EXPECT_EQ(0, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, &self->acquire));
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
	EXPECT_EQ(0, st_release(self->ctx, self->acquire.arg.set));
}

TEST_F(bad, descriptor)
{
	int closed = dup(self->fd);

	close(closed);
	EXPECT_ACCESS_REFUSED(-EBADF, -1, DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EBADF, closed, DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EBADF, INT32_MAX, DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->pipe[0], DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->ctx, DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, STDERR_FILENO, DMA_BUF_ACCESS_R, 0, 1);
}

/* The descriptor must be open for what the access does. */
TEST_F(bad, mode_the_descriptor_lacks)
{
	EXPECT_ACCESS_REFUSED(-EBADF, self->ro.fd, DMA_BUF_ACCESS_W, 0, 1);
	EXPECT_ACCESS_REFUSED(-EBADF, self->ro.fd, DMA_BUF_ACCESS_RW, 0, 1);
	EXPECT_ACCESS_REFUSED(-EBADF, self->wo.fd, DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EBADF, self->wo.fd, DMA_BUF_ACCESS_RW, 0, 1);
	EXPECT_LE(0, st_lock_all(self->ctx, self->ro.fd, DMA_BUF_ACCESS_R, 0));
	EXPECT_LE(0, st_lock_all(self->ctx, self->wo.fd, DMA_BUF_ACCESS_W, 0));
}

TEST_F(bad, range)
{
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, 0, 0);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, 10, 0);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, 0, SIZE + 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, SIZE, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, SIZE - 1, 2);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, SIZE, DMABUF_SYNC_TO_END);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, UINT64_MAX, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, UINT64_MAX, 2);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, 1, UINT64_MAX - 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, SIZE / 2, UINT64_MAX - 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, 1ULL << 63, 1ULL << 63);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R, 1ULL << 32, 1);
}

/* The limits of what is good. */
TEST_F(bad, extreme_good_ranges_are_accepted)
{
	static const struct {
		uint64_t offset, length;
	} good[] = {
		{ 0, 1 }, { SIZE - 1, 1 }, { 0, SIZE }, { SIZE - 1, DMABUF_SYNC_TO_END },
		{ 0, DMABUF_SYNC_TO_END }, { 1, SIZE - 1 },
	};
	unsigned int i;
	long set;

	for (i = 0; i < ST_ARRAY_SIZE(good); i++) {
		set = st_lock(self->ctx, self->fd, DMA_BUF_ACCESS_RW, good[i].offset,
			      good[i].length, DMABUF_SYNC_ACQUIRE_NONBLOCK);
		EXPECT_LE(0, set) TH_LOG("line %u", i);
		EXPECT_EQ(0, st_release(self->ctx, set));
	}
}

TEST_F(bad, access_bits)
{
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, 0, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_DMA, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_DMA_R, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_DMA_W, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_DMA_RW, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R | 8, 0, 1);
	EXPECT_ACCESS_REFUSED(-EINVAL, self->fd, DMA_BUF_ACCESS_R | 1U << 31, 0, 1);
}

TEST_F(bad, flags_and_deadline)
{
	self->acquire.arg.flags = DMABUF_SYNC_ACQUIRE_NONBLOCK | DMABUF_SYNC_ACQUIRE_QUEUE;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags |= DMABUF_SYNC_ACQUIRE_NOTIFY;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags = DMABUF_SYNC_ACQUIRE_FD;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags = 16;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags = 1U << 31 | DMABUF_SYNC_ACQUIRE_NONBLOCK;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags = 0;
	self->acquire.arg.deadline_ns = -1;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.deadline_ns = INT64_MIN;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags = DMABUF_SYNC_ACQUIRE_QUEUE;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.flags = DMABUF_SYNC_ACQUIRE_NONBLOCK;
	self->acquire.arg.deadline_ns = 1;
	EXPECT_REFUSED(-EINVAL);
}

TEST_F(bad, number_of_accesses)
{
	self->acquire.arg.nr_accesses = 0;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.nr_accesses = MAX + 1;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.nr_accesses = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.nr_accesses = MAX;
	EXPECT_EQ(0, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, &self->acquire));
}

/* Whatever the order, the modes and the amount: two accesses of a set share no byte. */
TEST_F(bad, duplicate_and_overlapping_entries)
{
	struct dmabuf_sync_access *e = self->entries;

	self->acquire.arg.nr_accesses = 2;
	e[1] = e[0];
	EXPECT_REFUSED(-EINVAL);
	e[1].mode = DMA_BUF_ACCESS_W;
	EXPECT_REFUSED(-EINVAL);
	e[0] = st_access(self->fd, DMA_BUF_ACCESS_R, 100, 10);
	e[1] = st_access(self->fd, DMA_BUF_ACCESS_R, 91, 10);
	EXPECT_REFUSED(-EINVAL);
	e[1] = st_access(self->fd, DMA_BUF_ACCESS_R, 109, 1);
	EXPECT_REFUSED(-EINVAL);
	e[1] = st_access(self->fd, DMA_BUF_ACCESS_R, 0, DMABUF_SYNC_TO_END);
	EXPECT_REFUSED(-EINVAL);
	/* The long one reaches over the neighbour to the third. */
	self->acquire.arg.nr_accesses = 3;
	e[0] = st_access(self->fd, DMA_BUF_ACCESS_R, 500, 10);
	e[1] = st_access(self->w.buf[1].fd, DMA_BUF_ACCESS_R, 500, 10);
	e[2] = st_access(self->fd, DMA_BUF_ACCESS_R, 0, 501);
	EXPECT_REFUSED(-EINVAL);
}

/* The same buffer under another descriptor number is the same buffer. */
TEST_F(bad, duplicate_by_another_descriptor)
{
	int other = dup(self->fd);

	self->acquire.arg.nr_accesses = 2;
	self->entries[1] = st_access(other, DMA_BUF_ACCESS_R, 0, 1);
	EXPECT_REFUSED(-EINVAL);
	close(other);
}

/* A bad last entry: the good ones before it are undone. */
TEST_F(bad, last_entry_of_a_large_set)
{
	self->acquire.arg.nr_accesses = MAX;
	self->entries[MAX - 1].fd = -1;
	EXPECT_REFUSED(-EBADF);
	self->entries[MAX - 1] = st_access(self->fd, DMA_BUF_ACCESS_R, SIZE, 1);
	EXPECT_REFUSED(-EINVAL);
	self->entries[MAX - 1] = st_access(self->ro.fd, DMA_BUF_ACCESS_W, 0, 1);
	EXPECT_REFUSED(-EBADF);
}

TEST_F(bad, pointer)
{
	EXPECT_EQ(-EFAULT, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, NULL));
	EXPECT_EQ(-EFAULT, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, self->hole));
	EXPECT_EQ(-EFAULT, call(self->ctx, DMABUF_SYNC_IOC_RELEASE, self->hole));
	EXPECT_EQ(-EFAULT, call(self->ctx, DMABUF_SYNC_IOC_QUERY, self->hole));
	self->acquire.arg.accesses = (uintptr_t)self->hole;
	EXPECT_REFUSED(-EFAULT);
	self->acquire.arg.accesses = 0;
	EXPECT_REFUSED(-EFAULT);
	self->acquire.arg.accesses = UINT64_MAX - 8;
	EXPECT_REFUSED(-EFAULT);
}

/* The array runs from a good page into a hole. */
TEST_F(bad, array_that_ends_in_a_hole)
{
	char *pages = mmap(NULL, 2 * ST_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *array = pages + ST_PAGE - 3 * sizeof(self->entries[0]) / 2;

	ASSERT_NE(MAP_FAILED, (void *)pages);
	memcpy(array, self->entries, 2 * sizeof(self->entries[0]));
	ASSERT_EQ(0, munmap(pages + ST_PAGE, ST_PAGE));
	self->acquire.arg.accesses = (uintptr_t)array;
	self->acquire.arg.nr_accesses = 2;
	EXPECT_REFUSED(-EFAULT);
	munmap(pages, ST_PAGE);
}

/* The result cannot be stored: what was acquired is released again. */
TEST_F(bad, read_only_argument)
{
	void *page = mmap(NULL, ST_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	memcpy(page, &self->acquire.arg, sizeof(self->acquire.arg));
	ASSERT_EQ(0, mprotect(page, ST_PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, page));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	munmap(page, ST_PAGE);
}

/* size: the struct may be longer than the kernel's when the rest is zero. */
TEST_F(bad, acquire_size)
{
	self->acquire.arg.size = 0;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.size = sizeof(self->acquire.arg) - 1;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.size = ST_PAGE + 1;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.size = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.size = sizeof(self->acquire);
	self->acquire.tail[63] = 1;
	EXPECT_REFUSED(-E2BIG);
	self->acquire.tail[63] = 0;
	EXPECT_EQ(0, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, &self->acquire));
}

/* The same for the entries: an array of longer structures with zero tails is fine. */
TEST_F(bad, access_size)
{
	struct {
		struct dmabuf_sync_access access;
		uint64_t tail;
	} large[2] = {
		{ st_access(self->fd, DMA_BUF_ACCESS_R, 0, 1), 0 },
		{ st_access(self->fd, DMA_BUF_ACCESS_R, 1, 1), 0 },
	};

	self->acquire.arg.access_size = 0;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.access_size = sizeof(self->entries[0]) - 1;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.access_size = ST_PAGE + 1;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.access_size = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL);
	self->acquire.arg.accesses = (uintptr_t)large;
	self->acquire.arg.access_size = sizeof(large[0]);
	self->acquire.arg.nr_accesses = 2;
	large[1].tail = 1;
	EXPECT_REFUSED(-E2BIG);
	large[1].tail = 0;
	EXPECT_EQ(0, call(self->ctx, DMABUF_SYNC_IOC_ACQUIRE, &self->acquire));
	EXPECT_EQ(2, st_snapshot(0, NULL, 0));
}

TEST_F(bad, release)
{
	struct {
		struct dmabuf_sync_release arg;
		uint64_t tail;
	} rel = { .arg = { .size = sizeof(rel.arg), .set = 12345 } };
	int ctx = self->ctx;
	long set = st_lock_all(ctx, self->fd, DMA_BUF_ACCESS_R, 0);

	ASSERT_LE(0, set);
	EXPECT_EQ(-ENOENT, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	rel.arg.set = 0;
	EXPECT_EQ(-ENOENT, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	rel.arg.set = UINT32_MAX;
	EXPECT_EQ(-ENOENT, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	rel.arg.set = set;
	rel.arg.flags = 1;
	EXPECT_EQ(-EINVAL, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	rel.arg.flags = 0;
	rel.arg.reserved = 1;
	EXPECT_EQ(-EINVAL, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	rel.arg.reserved = 0;
	rel.arg.size = 8;
	EXPECT_EQ(-EINVAL, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	rel.arg.size = sizeof(rel);
	rel.tail = 1;
	EXPECT_EQ(-E2BIG, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
	rel.tail = 0;
	EXPECT_EQ(0, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
	EXPECT_EQ(-ENOENT, call(ctx, DMABUF_SYNC_IOC_RELEASE, &rel));
}

TEST_F(bad, query)
{
	struct dmabuf_sync_info infos[4];
	struct {
		struct dmabuf_sync_query arg;
		uint64_t tail;
	} query = { .arg = {
		.size = sizeof(query.arg), .fd = self->fd, .info_size = sizeof(infos[0]),
		.infos = (uintptr_t)infos, .nr_infos = 4,
	} }, good = query;
	int ctx = self->ctx;

#define EXPECT_QUERY_REFUSED(error, member, value)				\
	do {									\
		query = good;							\
		query.member = (value);						\
		EXPECT_EQ((error), call(ctx, DMABUF_SYNC_IOC_QUERY, &query));	\
	} while (0)

	ASSERT_LE(0, st_lock_all(ctx, self->fd, DMA_BUF_ACCESS_R, 0));
	EXPECT_QUERY_REFUSED(-EINVAL, arg.flags, 2);
	EXPECT_QUERY_REFUSED(-ENOENT, arg.flags, DMABUF_SYNC_QUERY_BLOCKERS);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.access_id, 1);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.offset, 1);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.cursor.place, 6);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.cursor.place, UINT32_MAX);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.cursor.more, 2);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.reserved, 1);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.info_size, ST_PAGE + 1);
	EXPECT_QUERY_REFUSED(-EBADF, arg.fd, -1);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.fd, self->pipe[0]);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.info_size, sizeof(infos[0]) - 1);
	EXPECT_QUERY_REFUSED(-EINVAL, arg.size, sizeof(query.arg) - 1);
	EXPECT_QUERY_REFUSED(-EFAULT, arg.infos, (uintptr_t)self->hole);
	good.arg.size = sizeof(query);
	EXPECT_QUERY_REFUSED(-E2BIG, tail, 1);
	EXPECT_QUERY_REFUSED(0, tail, 0);
	EXPECT_EQ(1, query.arg.nr_infos);
	EXPECT_EQ(1, query.arg.nr_held);
	EXPECT_EQ(0, query.arg.nr_queued);
}

/* A cursor that somebody made up is a place, in whatever is listed. */
TEST_F(bad, cursor)
{
	static const uint64_t numbers[] = { 0, 1, 50, UINT32_MAX, 1ULL << 32, UINT64_MAX };
	struct dmabuf_sync_info infos[4], waiter;
	unsigned int place, id, offset, flags;
	struct dmabuf_sync_query query;

	ASSERT_LE(0, st_lock(self->w.ctx[0], self->fd, DMA_BUF_ACCESS_W, 0, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[1], self->fd, DMA_BUF_ACCESS_R, 50, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[2], self->fd, DMA_BUF_ACCESS_R, 5, 50,
			     DMABUF_SYNC_ACQUIRE_QUEUE));
	ASSERT_EQ(3, st_query(self->ctx, self->fd, infos, 4));
	waiter = infos[2];
	for (place = 0; place < 6; place++)
		for (id = 0; id < ST_ARRAY_SIZE(numbers); id++)
			for (offset = 0; offset < ST_ARRAY_SIZE(numbers); offset++)
				for (flags = 0; flags <= DMABUF_SYNC_QUERY_BLOCKERS; flags++) {
					query = st_query_of(self->fd, infos, 4);
					query.flags = flags;
					query.access_id = flags ? waiter.access_id : 0;
					query.offset = flags ? waiter.offset : 0;
					query.cursor.place = place;
					query.cursor.access_id = numbers[id];
					query.cursor.offset = numbers[offset];
					EXPECT_EQ(0, st_query_call(self->ctx, &query));
					EXPECT_EQ(0, query.cursor.more);
					EXPECT_GE(3, query.nr_infos);
				}
}

TEST_F(bad, lease)
{
	struct {
		struct dmabuf_sync_lease arg;
		uint64_t tail;
	} lease = { .arg = { .size = sizeof(lease.arg), .lease_ms = 77 } }, good = lease;
	int ctx = self->ctx;

#define EXPECT_LEASE_REFUSED(error, member, value)				\
	do {									\
		lease = good;							\
		lease.member = (value);						\
		EXPECT_EQ((error), call(ctx, DMABUF_SYNC_IOC_LEASE, &lease));	\
	} while (0)

	EXPECT_LEASE_REFUSED(0, arg.flags, 0);
	EXPECT_EQ(77, lease.arg.lease_ms);
	EXPECT_LEASE_REFUSED(-EINVAL, arg.flags, 1);
	EXPECT_LEASE_REFUSED(-EINVAL, arg.reserved, 1);
	EXPECT_LEASE_REFUSED(-EINVAL, arg.lease_ms, DMABUF_SYNC_MIN_LEASE_MS - 1);
	EXPECT_LEASE_REFUSED(-EINVAL, arg.size, sizeof(lease.arg) - 1);
	EXPECT_EQ(-EFAULT, call(ctx, DMABUF_SYNC_IOC_LEASE, self->hole));
	good.arg.size = sizeof(lease);
	EXPECT_LEASE_REFUSED(-E2BIG, tail, 1);
	EXPECT_LEASE_REFUSED(0, tail, 0);
}

TEST_F(bad, caps)
{
	struct {
		struct dmabuf_sync_caps arg;
		uint64_t tail;
	} caps = { .arg = { .size = sizeof(caps.arg) } }, good = caps;
	int ctx = self->ctx;

#define EXPECT_CAPS_REFUSED(error, member, value)				\
	do {									\
		caps = good;							\
		caps.member = (value);						\
		EXPECT_EQ((error), call(ctx, DMABUF_SYNC_IOC_CAPS, &caps));	\
	} while (0)

	EXPECT_CAPS_REFUSED(-EINVAL, arg.flags, 1);
	EXPECT_CAPS_REFUSED(-EINVAL, arg.size, 0);
	EXPECT_CAPS_REFUSED(-EINVAL, arg.size, sizeof(caps.arg) - 1);
	EXPECT_CAPS_REFUSED(-EINVAL, arg.size, ST_PAGE + 1);
	good.arg.size = sizeof(caps);
	EXPECT_CAPS_REFUSED(-E2BIG, tail, 1);
	/* What the caller leaves in the members that are told does not matter. */
	memset(&good.arg.version, 0xff, sizeof(good.arg) - 8);
	EXPECT_CAPS_REFUSED(0, tail, 0);
	EXPECT_EQ(DMABUF_SYNC_VERSION, caps.arg.version);
}

/* Calls of a context; the structure of none is longer than at first. */
static const unsigned long known_calls[] = {
	DMABUF_SYNC_IOC_ACQUIRE, DMABUF_SYNC_IOC_RELEASE, DMABUF_SYNC_IOC_QUERY,
	DMABUF_SYNC_IOC_LEASE, DMABUF_SYNC_IOC_CAPS, DMABUF_SYNC_IOC_TIMELINE,
};

/* The number of a call with one part of it changed. */
static unsigned long changed_call(unsigned long cmd, unsigned int dir, unsigned int type,
				  unsigned int nr, int size)
{
	return _IOC(_IOC_DIR(cmd) ^ dir, _IOC_TYPE(cmd) ^ type, _IOC_NR(cmd) ^ nr,
		    _IOC_SIZE(cmd) + size);
}

TEST_F(bad, unknown_calls)
{
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(known_calls); i++) {
		const unsigned long cmd = known_calls[i];

		EXPECT_EQ(-ENOTTY, call(self->ctx, changed_call(cmd, 0, 1, 0, 0), self->hole));
		EXPECT_EQ(-ENOTTY, call(self->ctx, changed_call(cmd, 0, 0, 64, 0), self->hole));
		EXPECT_EQ(-ENOTTY, call(self->ctx, changed_call(cmd, _IOC_WRITE, 0, 0, 0),
					self->hole));
		EXPECT_EQ(-ENOTTY, call(self->ctx, changed_call(cmd, _IOC_READ, 0, 0, 0),
					self->hole));
		EXPECT_EQ(-ENOTTY, call(self->ctx, changed_call(cmd, 0, 0, 0, -1), self->hole));
		EXPECT_EQ(-EFAULT, call(self->ctx, cmd, self->hole));
	}
}

/* The number carries the size of the caller's structure, which may be a later one. */
TEST_F(bad, calls_of_later_versions_are_known)
{
	const unsigned long later = changed_call(DMABUF_SYNC_IOC_ACQUIRE, 0, 0, 0, 8);
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(known_calls); i++)
		EXPECT_EQ(-EFAULT, call(self->ctx, changed_call(known_calls[i], 0, 0, 0, 8),
					self->hole));
	self->acquire.arg.size += 8;
	self->acquire.tail[7] = 1;
	EXPECT_EQ(-E2BIG, call(self->ctx, later, &self->acquire));
	self->acquire.tail[7] = 0;
	EXPECT_EQ(0, call(self->ctx, later, &self->acquire));
	EXPECT_EQ(0, st_release(self->ctx, self->acquire.arg.set));
	/* Nothing of it is used: as if it had been built with the first version. */
	self->acquire.arg.size -= 8;
	EXPECT_EQ(0, call(self->ctx, later, &self->acquire));
}

TEST_HARNESS_MAIN
