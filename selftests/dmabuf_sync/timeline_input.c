// SPDX-License-Identifier: GPL-2.0-only
/* Calls of timelines and bad input: nothing changes, and nothing is left behind. */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "st.h"

#define TRY	DMABUF_SYNC_WAIT_NONBLOCK

FIXTURE(input)
{
	int ctx, tl, other;
};

FIXTURE_SETUP(input)
{
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	self->tl = st_timeline_new(self->ctx, 0);
	self->other = st_timeline_new(self->ctx, 100);
	ASSERT_LE(0, self->tl);
	ASSERT_LE(0, self->other);
}

FIXTURE_TEARDOWN(input)
{
	close(self->tl);
	close(self->other);
	close(self->ctx);
}

/*
 * Each structure: shorter than ever, longer, longer with something in it, beyond all bounds,
 * and nowhere.
 */
static int call_sized(int fd, unsigned long call, void *arg, uint32_t size)
{
	*(uint32_t *)arg = size;
	return ioctl(fd, call, arg) ? -errno : 0;
}

static void expect_sizes(struct __test_metadata *_metadata, int fd, unsigned long call,
			 const void *arg, uint32_t size)
{
	char larger[8192] = { 0 };

	memcpy(larger, arg, size);
	EXPECT_EQ(-EINVAL, call_sized(fd, call, larger, size - 1));
	EXPECT_EQ(-EINVAL, call_sized(fd, call, larger, 0));
	EXPECT_EQ(-EINVAL, call_sized(fd, call, larger, 4097));
	EXPECT_EQ(0, call_sized(fd, call, larger, size + 8));
	memcpy(larger, arg, size);
	larger[size + 3] = 1;
	EXPECT_EQ(-E2BIG, call_sized(fd, call, larger, size + 8));
	EXPECT_EQ(-1, ioctl(fd, call, NULL));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(input, structures_can_grow)
{
	struct dmabuf_sync_point item = st_point(self->tl, 0, 0);
	struct dmabuf_sync_timeline new = { .value = 1 };
	struct dmabuf_sync_timeline_point point = { .point = 1 };
	struct dmabuf_sync_timeline_query query = { 0 };
	struct dmabuf_sync_wait wait = {
		.points = (uintptr_t)&item, .nr_points = 1, .point_size = sizeof(item),
	};

	expect_sizes(_metadata, self->ctx, DMABUF_SYNC_IOC_TIMELINE, &new, sizeof(new));
	expect_sizes(_metadata, self->tl, DMABUF_SYNC_TIMELINE_IOC_WAITER, &new, sizeof(new));
	expect_sizes(_metadata, self->tl, DMABUF_SYNC_TIMELINE_IOC_SIGNAL, &point,
		     sizeof(point));
	expect_sizes(_metadata, self->tl, DMABUF_SYNC_TIMELINE_IOC_POLL, &point,
		     sizeof(point));
	expect_sizes(_metadata, self->tl, DMABUF_SYNC_TIMELINE_IOC_QUERY, &query,
		     sizeof(query));
	expect_sizes(_metadata, self->tl, DMABUF_SYNC_TIMELINE_IOC_WAIT, &wait, sizeof(wait));
}

static int wait_raw(int fd, const struct dmabuf_sync_wait *arg)
{
	struct dmabuf_sync_wait copy = *arg;

	return ioctl(fd, DMABUF_SYNC_TIMELINE_IOC_WAIT, &copy) ? -errno : 0;
}

#define EXPECT_WAIT(error, member, number) do {				\
	struct dmabuf_sync_wait bad = good;				\
									\
	bad.member = (number);						\
	EXPECT_EQ((error), wait_raw(self->tl, &bad));			\
} while (0)

TEST_F(input, bad_waits_are_refused)
{
	struct dmabuf_sync_point items[2] = { st_point(self->tl, 0, 0), { 0 } };
	struct dmabuf_sync_wait good = {
		.size = sizeof(good), .points = (uintptr_t)items, .nr_points = 1,
		.point_size = sizeof(items[0]),
	};

	ASSERT_EQ(0, wait_raw(self->tl, &good));
	EXPECT_WAIT(-EINVAL, flags, 4);
	EXPECT_WAIT(-EINVAL, flags, 1U << 31);
	EXPECT_WAIT(-EINVAL, reserved, 1);
	EXPECT_WAIT(-EINVAL, deadline_ns, -1);
	EXPECT_WAIT(-EINVAL, nr_points, 0);
	EXPECT_WAIT(-EINVAL, nr_points, DMABUF_SYNC_MAX_POINTS + 1);
	EXPECT_WAIT(-EINVAL, point_size, sizeof(items[0]) - 1);
	EXPECT_WAIT(-EINVAL, point_size, 4097);
	EXPECT_WAIT(0, point_size, 2 * sizeof(items[0]));
	EXPECT_WAIT(-EFAULT, points, 0);
	items[1].flags = 1;
	EXPECT_WAIT(-E2BIG, point_size, 2 * sizeof(items[0]));
	good.flags = TRY;
	EXPECT_WAIT(-EINVAL, deadline_ns, 1);
	good.flags = 0;
	items[0].flags = 1;
	EXPECT_EQ(-EINVAL, wait_raw(self->tl, &good));
}

TEST_F(input, bad_calls_change_nothing)
{
	struct dmabuf_sync_timeline_point point = {
		.size = sizeof(point), .flags = 1, .point = 5,
	};
	struct dmabuf_sync_timeline new = { .size = sizeof(new), .flags = 1 };
	struct dmabuf_sync_timeline_query query = { .size = sizeof(query), .reserved = 1 };

	EXPECT_EQ(-EINVAL, call_sized(self->tl, DMABUF_SYNC_TIMELINE_IOC_SIGNAL, &point, 16));
	EXPECT_EQ(-EINVAL, call_sized(self->tl, DMABUF_SYNC_TIMELINE_IOC_POLL, &point, 16));
	EXPECT_EQ(-EINVAL, call_sized(self->tl, DMABUF_SYNC_TIMELINE_IOC_QUERY, &query, 32));
	EXPECT_EQ(-EINVAL, call_sized(self->ctx, DMABUF_SYNC_IOC_TIMELINE, &new, 24));
	new.flags = 0;
	new.reserved = 1;
	EXPECT_EQ(-EINVAL, call_sized(self->tl, DMABUF_SYNC_TIMELINE_IOC_WAITER, &new, 24));
	EXPECT_EQ(0, st_timeline_value(self->tl));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "point"));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
}

/* A descriptor that cannot be told is not left behind. */
TEST_F(input, lost_answer_leaves_no_descriptor)
{
	struct dmabuf_sync_timeline *arg;
	int first = dup(0), second;

	close(first);
	arg = mmap(NULL, ST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	arg->size = sizeof(*arg);
	mprotect(arg, ST_PAGE, PROT_READ);
	EXPECT_EQ(-1, ioctl(self->ctx, DMABUF_SYNC_IOC_TIMELINE, arg));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->tl, DMABUF_SYNC_TIMELINE_IOC_WAITER, arg));
	second = dup(0);
	EXPECT_EQ(first, second);
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
	close(second);
	munmap(arg, ST_PAGE);
}

TEST_HARNESS_MAIN
