// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI grows: callers of the first release, and of a later one. What the first release had is
 * written down here, so that it stays when the header goes on; grown.sh runs these tests on a
 * module whose structures have grown, too.
 */
#include <kselftest_harness.h>
#include <sys/ioctl.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END

/* Of the first release. */
struct access_v0 {
	int32_t fd;
	uint32_t mode;
	uint64_t offset, length;
};

struct acquire_v0 {
	uint32_t size, flags;
	uint64_t accesses;
	uint32_t nr_accesses, access_size;
	int64_t deadline_ns;
	uint64_t user_data;
	uint32_t set, status;
	uint64_t points;
	uint32_t nr_points, point_size;
};

struct change_v0 {
	uint32_t size, flags, set, status;
	uint64_t accesses;
	uint32_t nr_accesses, access_size;
	int64_t deadline_ns;
};

struct release_v0 {
	uint32_t size, flags, set, reserved;
};

struct info_v0 {
	uint64_t access_id, owner_id, set_id;
	uint32_t set, owner_kind, tgid, tid, mode, state;
	uint64_t offset, length, age_ns, fence_context, fence_seqno;
};

struct query_v0 {
	uint32_t size, flags;
	int32_t fd;
	uint32_t info_size;
	uint64_t infos;
	uint32_t nr_infos, nr_held;
	uint64_t access_id, offset, cursor[3];
	uint32_t nr_queued, reserved;
};

struct lease_v0 {
	uint32_t size, flags, lease_ms, reserved;
};

struct caps_v0 {
	uint32_t size, flags, version, max_set;
	uint64_t features;
	uint32_t limits[12];
};

struct event_v0 {
	uint32_t type, length, set;
	int32_t result;
	uint32_t status, reserved;
	uint64_t user_data;
};

#define CHANGE_V0	_IOWR(0xBD, 5, struct change_v0)
#define ACQUIRE_V0	_IOWR(0xBD, 0, struct acquire_v0)
#define RELEASE_V0	_IOW(0xBD, 1, struct release_v0)
#define QUERY_V0	_IOWR(0xBD, 2, struct query_v0)
#define LEASE_V0	_IOWR(0xBD, 3, struct lease_v0)
#define CAPS_V0		_IOWR(0xBD, 4, struct caps_v0)

/* A caller's structure, and what a caller of a later release has behind it. */
#define LATER_BYTES	96
#define LATER(type)	struct { struct type arg; unsigned char later[LATER_BYTES]; }

FIXTURE(version)
{
	struct st_world w;
	int *ctx, fd;
};

FIXTURE_SETUP(version)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(version)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static int call(int ctx, unsigned long cmd, void *arg)
{
	return ioctl(ctx, cmd, arg) ? -errno : 0;
}

static struct access_v0 access_v0(int fd, unsigned int i)
{
	return (struct access_v0){ .fd = fd, .mode = W, .offset = 10 * i, .length = 10 };
}

/* Return: the set, or a negative errno. */
static long acquire_v0(int ctx, struct access_v0 *accesses, unsigned int nr, uint32_t flags)
{
	struct acquire_v0 arg = {
		.size = sizeof(arg), .flags = flags, .accesses = (uintptr_t)accesses,
		.nr_accesses = nr, .access_size = sizeof(*accesses), .user_data = nr,
	};

	return call(ctx, ACQUIRE_V0, &arg) ?: (long)arg.set;
}

static int release_v0(int ctx, long set)
{
	struct release_v0 arg = { .size = sizeof(arg), .set = set };

	return call(ctx, RELEASE_V0, &arg);
}

TEST_F(version, first_acquires_and_releases)
{
	struct access_v0 accesses[3];
	unsigned int i;
	long set;

	for (i = 0; i < 3; i++)
		accesses[i] = access_v0(self->fd, i);
	set = acquire_v0(self->ctx[0], accesses, 3, 0);
	ASSERT_LT(0, set);
	EXPECT_EQ(3, st_query_count(self->ctx[1], self->fd, DMABUF_SYNC_STATE_ACQUIRED));
	EXPECT_EQ(-EAGAIN, acquire_v0(self->ctx[1], &accesses[2], 1,
				      DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, release_v0(self->ctx[0], set));
	EXPECT_EQ(0, st_query_count(self->ctx[1], self->fd, 0));
}

TEST_F(version, first_changes_a_set)
{
	struct access_v0 accesses[] = { access_v0(self->fd, 0), access_v0(self->fd, 1) };
	long set = acquire_v0(self->ctx[0], accesses, 1, 0);
	struct change_v0 arg = {
		.size = sizeof(arg), .flags = DMABUF_SYNC_CHANGE_NONBLOCK, .set = set,
		.status = ~0U, .accesses = (uintptr_t)accesses, .nr_accesses = 2,
		.access_size = sizeof(accesses[0]),
	};

	ASSERT_LT(0, set);
	EXPECT_EQ(0, call(self->ctx[0], CHANGE_V0, &arg));
	EXPECT_EQ(0, arg.status);
	EXPECT_EQ(2, st_query_count(self->ctx[1], self->fd, DMABUF_SYNC_STATE_ACQUIRED));
	EXPECT_EQ(0, release_v0(self->ctx[0], set));
}

TEST_F(version, later_changes_only_what_this_one_knows)
{
	struct access_v0 access = access_v0(self->fd, 0);
	long set = acquire_v0(self->ctx[0], &access, 1, 0);
	LATER(change_v0) arg = {
		.arg = {
			.size = sizeof(arg), .set = set, .accesses = (uintptr_t)&access,
			.nr_accesses = 1, .access_size = sizeof(access),
		},
	};

	ASSERT_LT(0, set);
	EXPECT_EQ(0, call(self->ctx[0], _IOWR(0xBD, 5, typeof(arg)), &arg));
	arg.later[LATER_BYTES - 1] = 1;
	EXPECT_EQ(-E2BIG, call(self->ctx[0], _IOWR(0xBD, 5, typeof(arg)), &arg));
	arg.arg.size = sizeof(struct change_v0) - 1;
	EXPECT_EQ(-EINVAL, call(self->ctx[0], CHANGE_V0, &arg));
	EXPECT_EQ(-ENOTTY, call(self->ctx[0], _IOC(_IOC_READ | _IOC_WRITE, 0xBD, 5,
						   sizeof(struct change_v0) - 8), &arg));
	EXPECT_EQ(0, release_v0(self->ctx[0], set));
}

TEST_F(version, first_lists_what_it_knows)
{
	struct access_v0 accesses[] = { access_v0(self->fd, 1), access_v0(self->fd, 2) };
	struct info_v0 infos[3] = { 0 };
	struct query_v0 arg = {
		.size = sizeof(arg), .fd = self->fd, .info_size = sizeof(infos[0]),
		.infos = (uintptr_t)infos, .nr_infos = 3,
	};
	long set = acquire_v0(self->ctx[0], accesses, 2, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, call(self->ctx[1], QUERY_V0, &arg));
	ASSERT_EQ(2, arg.nr_infos);
	EXPECT_EQ(2, arg.nr_held);
	EXPECT_EQ(set, infos[0].set);
	EXPECT_EQ(W, infos[0].mode);
	EXPECT_EQ(10, infos[0].offset);
	EXPECT_EQ(20, infos[1].offset);
	EXPECT_EQ(infos[0].set_id, infos[1].set_id);
	EXPECT_EQ(0, infos[2].access_id);
}

TEST_F(version, first_promises_a_lease_and_asks_for_limits)
{
	struct lease_v0 lease = { .size = sizeof(lease), .lease_ms = 77 };
	struct caps_v0 caps = { .size = sizeof(caps) };

	EXPECT_EQ(0, call(self->ctx[0], LEASE_V0, &lease));
	EXPECT_EQ(77, lease.lease_ms);
	EXPECT_EQ(0, call(self->ctx[0], CAPS_V0, &caps));
	EXPECT_LE(1, caps.version);
	EXPECT_EQ(256, caps.max_set);
	EXPECT_EQ(77, caps.limits[2]);
}

/* Return: 0 or a negative errno; requests of one access each, which have an event. */
static int queue_v0(int ctx, int fd, unsigned int nr)
{
	struct access_v0 access;
	unsigned int i;
	long set;

	for (i = 0; i < nr; i++) {
		access = access_v0(fd, i);
		set = acquire_v0(ctx, &access, 1, DMABUF_SYNC_ACQUIRE_QUEUE);
		if (set < 0)
			return set;
	}
	return 0;
}

/* Room for one as it was: it gets what it knows. */
TEST_F(version, first_reads_one_event)
{
	struct event_v0 events[2];
	unsigned int i;

	ASSERT_EQ(0, queue_v0(self->ctx[0], self->fd, 3));
	for (i = 0; i < 3; i++) {
		memset(events, 0xff, sizeof(events));
		ASSERT_EQ(sizeof(events[0]), read(self->ctx[0], events, sizeof(events[0])));
		EXPECT_EQ(sizeof(events[0]), events[0].length);
		EXPECT_EQ(DMABUF_SYNC_EVENT_READY, events[0].type);
		EXPECT_EQ(0, events[0].result);
		EXPECT_EQ(1, events[0].user_data);
		EXPECT_EQ(UINT32_MAX, events[1].type);
	}
	EXPECT_EQ(-1, read(self->ctx[0], events, sizeof(events[0]) - 1));
	EXPECT_EQ(EINVAL, errno);
}

/* Room for several: each tells where the next one begins. */
TEST_F(version, first_reads_many_events)
{
	unsigned char bytes[16 * sizeof(struct event_v0)];
	struct event_v0 event;
	unsigned int nr = 0;
	ssize_t got, at;

	ASSERT_EQ(0, queue_v0(self->ctx[0], self->fd, 16));
	while (nr < 16) {
		got = read(self->ctx[0], bytes, sizeof(bytes));
		ASSERT_LT(0, got);
		for (at = 0; at < got; at += event.length, nr++) {
			ASSERT_LE(sizeof(event), got - at);
			memcpy(&event, bytes + at, sizeof(event));
			ASSERT_LE(sizeof(event), event.length);
			EXPECT_EQ(DMABUF_SYNC_EVENT_READY, event.type);
			EXPECT_EQ(1, event.user_data);
		}
		EXPECT_EQ(got, at);
	}
	EXPECT_EQ(16, nr);
	EXPECT_FALSE(st_event_pending(self->ctx[0], 0));
}

/* Larger than any kernel knows, and unused: as if it was not there. */
TEST_F(version, later_acquires_and_releases)
{
	LATER(access_v0) accesses[2] = {
		{ .arg = access_v0(self->fd, 0) }, { .arg = access_v0(self->fd, 1) },
	};
	LATER(acquire_v0) acquire = { .arg = {
		.size = sizeof(acquire), .accesses = (uintptr_t)accesses, .nr_accesses = 2,
		.access_size = sizeof(accesses[0]),
	} };
	LATER(release_v0) release = { .arg = { .size = sizeof(release) } };

	ASSERT_EQ(0, call(self->ctx[0], _IOWR(0xBD, 0, acquire), &acquire));
	EXPECT_EQ(2, st_query_count(self->ctx[1], self->fd, DMABUF_SYNC_STATE_ACQUIRED));
	release.arg.set = acquire.arg.set;
	EXPECT_EQ(0, call(self->ctx[0], _IOW(0xBD, 1, release), &release));
	EXPECT_EQ(0, st_query_count(self->ctx[1], self->fd, 0));
}

/* And used: this kernel does not know what for. */
TEST_F(version, later_is_told_that_it_wants_too_much)
{
	LATER(access_v0) access = { .arg = access_v0(self->fd, 0) };
	LATER(acquire_v0) acquire = { .arg = {
		.size = sizeof(acquire), .accesses = (uintptr_t)&access, .nr_accesses = 1,
		.access_size = sizeof(access),
	} };

	access.later[LATER_BYTES - 1] = 1;
	EXPECT_EQ(-E2BIG, call(self->ctx[0], _IOWR(0xBD, 0, acquire), &acquire));
	access.later[LATER_BYTES - 1] = 0;
	acquire.later[LATER_BYTES - 1] = 1;
	EXPECT_EQ(-E2BIG, call(self->ctx[0], _IOWR(0xBD, 0, acquire), &acquire));
	EXPECT_EQ(0, st_query_count(self->ctx[1], self->fd, 0));
}

/* grown.sh says that the kernel knows more than its header does. */
TEST_F(version, grown_kernel_knows_what_comes_next)
{
	struct access_v0 access = access_v0(self->fd, 0);
	LATER(acquire_v0) acquire = { .arg = {
		.size = sizeof(acquire), .accesses = (uintptr_t)&access, .nr_accesses = 1,
		.access_size = sizeof(access),
	} };

	if (!getenv("GROWN"))
		SKIP(return, "grown.sh runs this on a kernel that has grown");
	memset(acquire.later, 0xff, 2 * sizeof(uint64_t));
	EXPECT_EQ(0, call(self->ctx[0], _IOWR(0xBD, 0, acquire), &acquire));
}

static bool is_zero(const unsigned char *bytes)
{
	static const unsigned char zero[LATER_BYTES];

	return !memcmp(bytes, zero, LATER_BYTES);
}

TEST_F(version, later_finds_zeroes_in_answers)
{
	LATER(info_v0) infos[2];
	LATER(query_v0) query = { .arg = {
		.size = sizeof(query), .fd = self->fd, .info_size = sizeof(infos[0]),
		.infos = (uintptr_t)infos, .nr_infos = 2,
	} };
	LATER(caps_v0) caps = { .arg = { .size = sizeof(caps) } };

	memset(infos, 0xff, sizeof(infos));
	ASSERT_LE(0, st_lock_all(self->ctx[0], self->fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->ctx[1], self->fd, R, 0));
	ASSERT_EQ(0, call(self->ctx[2], _IOWR(0xBD, 2, query), &query));
	ASSERT_EQ(2, query.arg.nr_infos);
	EXPECT_EQ(R, infos[0].arg.mode);
	EXPECT_EQ(R, infos[1].arg.mode);
	EXPECT_TRUE(is_zero(infos[0].later));
	EXPECT_TRUE(is_zero(infos[1].later));
	EXPECT_TRUE(is_zero(query.later));
	ASSERT_EQ(0, call(self->ctx[0], _IOWR(0xBD, 4, caps), &caps));
	EXPECT_TRUE(is_zero(caps.later));
}

TEST_HARNESS_MAIN
