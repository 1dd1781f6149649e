// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: what a user can make the kernel keep is limited per owner and charged to
 * its memory cgroup. And cost: many accesses of a buffer do not slow each other down.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

#define LIMIT	"/sys/module/dmabuf_sync/parameters/max_accesses"
#define QUEUED	"/sys/module/dmabuf_sync/parameters/max_queued"
#define CGROUP	"/sys/fs/cgroup/dmabuf_sync_test"

static long file_read_long(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	close(fd);
	return atol(text);
}

/* The number behind a key and a character, in a file of such lines. */
static long file_read_number(const char *path, const char *key, char between)
{
	char line[256];
	long value = -1;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == between)
			value = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

static long file_read_key(const char *path, const char *key)
{
	return file_read_number(path, key, ' ');
}

FIXTURE(limit)
{
	struct st_world w;
	int fd;
	long max;
};

FIXTURE_SETUP(limit)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->max = file_read_long(LIMIT);
	ASSERT_LT(DMABUF_SYNC_MAX_SET, self->max);
}

FIXTURE_TEARDOWN(limit)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", self->max);
	EXPECT_EQ(0, st_file_write(LIMIT, text));
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(limit, zero_is_refused)
{
	long max = file_read_long(QUEUED);

	EXPECT_EQ(-EINVAL, st_file_write(LIMIT, "0"));
	EXPECT_EQ(self->max, file_read_long(LIMIT));
	EXPECT_EQ(-EINVAL, st_file_write(QUEUED, "0"));
	EXPECT_EQ(max, file_read_long(QUEUED));
	EXPECT_EQ(-EINVAL, st_file_write(LIMIT, "some"));
	EXPECT_EQ(-ERANGE, st_file_write(LIMIT, "99999999999"));
	EXPECT_EQ(self->max, file_read_long(LIMIT));
}

TEST_F(limit, owner_gets_enolck_at_its_limit)
{
	long set[10];
	int i;

	ASSERT_EQ(0, st_file_write(LIMIT, "10"));
	for (i = 0; i < 10; i++) {
		set[i] = st_lock(self->w.ctx[0], self->fd, R, i, 1,
				 i % 2 ? DMABUF_SYNC_ACQUIRE_QUEUE : 0);
		ASSERT_LE(0, set[i]);
	}
	EXPECT_EQ(-ENOLCK, st_lock(self->w.ctx[0], self->fd, R, 10, 1, 0));
	EXPECT_EQ(-ENOLCK, st_lock(self->w.ctx[0], self->fd, R, 10, 1, TRY));
	EXPECT_EQ(-ENOLCK, st_lock(self->w.ctx[0], self->fd, R, 10, 1, DMABUF_SYNC_ACQUIRE_QUEUE));
	/* Another owner has its own limit. */
	EXPECT_LE(0, st_lock(self->w.ctx[1], self->fd, R, 10, 1, 0));
	/* What is released is free again, by one. */
	EXPECT_EQ(0, st_release(self->w.ctx[0], set[3]));
	EXPECT_LE(0, st_lock(self->w.ctx[0], self->fd, R, 10, 1, 0));
	EXPECT_EQ(-ENOLCK, st_lock(self->w.ctx[0], self->fd, R, 11, 1, 0));
}

TEST_F(limit, set_that_exceeds_the_limit_gets_nothing)
{
	struct dmabuf_sync_access entries[11];
	unsigned int i;

	for (i = 0; i < 11; i++)
		entries[i] = st_access(self->fd, R, i, 1);
	ASSERT_EQ(0, st_file_write(LIMIT, "10"));
	EXPECT_EQ(-ENOLCK, st_lock_set(self->w.ctx[0], entries, 11, 0));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_LE(0, st_lock_set(self->w.ctx[0], entries, 10, 0));
}

/* Failed, refused and cancelled requests do not count for ever. */
TEST_F(limit, failed_requests_are_not_counted)
{
	unsigned int i;
	long set;

	ASSERT_EQ(0, st_file_write(LIMIT, "10"));
	ASSERT_LE(0, st_lock(self->w.ctx[1], self->fd, W, 0, 100, 0));
	for (i = 0; i < 30; i++) {
		EXPECT_EQ(-EAGAIN, st_lock(self->w.ctx[0], self->fd, R, 0, 1, TRY));
		EXPECT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[0], self->fd, R, 0, 1, 1));
		set = st_lock(self->w.ctx[0], self->fd, R, 0, 1, DMABUF_SYNC_ACQUIRE_QUEUE);
		ASSERT_LE(0, set);
		EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	}
}

/*
 * One more request of an owner than may wait fails, for any buffer, and so does a set that does not
 * fit. It could be acquired, and other owners wait as before.
 */
TEST_F(limit, queue_of_an_owner_is_full)
{
	int other = self->w.buf[1].fd, i;
	struct dmabuf_sync_access two[] = {
		st_access(self->fd, R, 0, 1), st_access(other, R, 0, 1),
	};
	long h, last = 0, max = file_read_long(QUEUED);
	char text[32];

	ASSERT_LT(0, max);
	snprintf(text, sizeof(text), "%ld", max);
	ASSERT_EQ(0, st_file_write(QUEUED, "5"));
	h = st_lock(self->w.ctx[0], self->fd, W, 0, 10, 0);
	EXPECT_LE(0, h);
	EXPECT_LE(0, st_lock(self->w.ctx[0], other, W, 0, 10, 0));
	for (i = 0; i < 5; i++) {
		last = st_lock(self->w.ctx[1], self->fd, R, i, 1, DMABUF_SYNC_ACQUIRE_QUEUE);
		EXPECT_LE(0, last);
	}
	EXPECT_EQ(-ENOLCK, st_lock(self->w.ctx[1], self->fd, R, 5, 1, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_EQ(-ENOLCK, st_lock_ms(self->w.ctx[1], other, R, 5, 1, 1000));
	EXPECT_EQ(-EAGAIN, st_lock(self->w.ctx[1], self->fd, R, 5, 1, TRY));
	EXPECT_LE(0, st_lock(self->w.ctx[1], self->fd, W, 20, 10, 0));
	EXPECT_LE(0, st_lock(self->w.ctx[2], self->fd, R, 5, 1, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_EQ(6, st_snapshot_count(self->w.buf[0].ino, "queued"));

	/* A request that was cancelled makes room, and so do those that were acquired. */
	EXPECT_EQ(0, st_release(self->w.ctx[1], last));
	EXPECT_EQ(-ENOLCK, st_lock_set(self->w.ctx[1], two, 2, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_LE(0, st_lock(self->w.ctx[1], self->fd, R, 5, 1, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[0].ino, "queued") == 0));
	EXPECT_LE(0, st_lock_set(self->w.ctx[1], two, 2, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_EQ(0, st_file_write(QUEUED, text));
}

/* A line of a context's fdinfo. */
static long fdinfo_of(int ctx, const char *key)
{
	char path[64], name[32];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ctx);
	snprintf(name, sizeof(name), "%s:", key);
	return file_read_number(path, name, '\t');
}

/* Of a context, and of all that this user has. */
TEST_F(limit, fdinfo_says_what_a_context_has)
{
	int ctx = self->w.ctx[0];
	long owners = fdinfo_of(ctx, "user_owners"), buffers;
	struct dmabuf_sync_access two[] = {
		st_access(self->fd, W, 0, 10), st_access(self->fd, W, 20, 10),
	};
	int other;

	/* What the test before had may be given back a little later than it was released. */
	ASSERT_TRUE(ST_UNTIL(fdinfo_of(ctx, "user_accesses") == 0));
	buffers = fdinfo_of(ctx, "user_buffers");
	EXPECT_LT(0, fdinfo_of(ctx, "owner"));
	EXPECT_EQ(0, fdinfo_of(ctx, "accesses"));
	ASSERT_LE(0, st_lock_set(ctx, two, 2, 0));
	EXPECT_EQ(2, fdinfo_of(ctx, "accesses"));
	EXPECT_EQ(2, fdinfo_of(ctx, "held"));
	EXPECT_EQ(0, fdinfo_of(ctx, "queued"));
	EXPECT_EQ(1, fdinfo_of(ctx, "buffers"));

	other = st_context_open();
	ASSERT_LE(0, other);
	ASSERT_LE(0, st_lock(other, self->fd, W, 0, 10, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_EQ(1, fdinfo_of(other, "accesses"));
	EXPECT_EQ(0, fdinfo_of(other, "held"));
	EXPECT_EQ(1, fdinfo_of(other, "queued"));
	EXPECT_EQ(1, fdinfo_of(ctx, "user_queued"));
	EXPECT_EQ(3, fdinfo_of(ctx, "user_accesses"));
	EXPECT_EQ(owners + 1, fdinfo_of(ctx, "user_owners"));
	EXPECT_EQ(buffers + 2, fdinfo_of(ctx, "user_buffers"));
	close(other);
	EXPECT_EQ(owners, fdinfo_of(ctx, "user_owners"));
}

/* The child works in a cgroup of its own; a key of its memory.stat tells what it is charged. */
static long charge_of(struct st_world *w, unsigned int nr_sets)
{
	long *charged = st_shared(sizeof(*charged)), result;
	pid_t pid = st_fork();

	if (!pid) {
		struct dmabuf_sync_access entries[DMABUF_SYNC_MAX_SET];
		int ctx = st_context_open();
		unsigned int i, k;
		long before;

		if (st_file_write(CGROUP "/cgroup.procs", "0"))
			_exit(1);
		before = file_read_key(CGROUP "/memory.stat", "slab_unreclaimable");
		for (i = 0; i < nr_sets; i++) {
			for (k = 0; k < DMABUF_SYNC_MAX_SET; k++)
				entries[k] = st_access(w->buf[0].fd, R,
						       i * DMABUF_SYNC_MAX_SET + k, 1);
			if (st_lock_set(ctx, entries, DMABUF_SYNC_MAX_SET, 0) < 0)
				_exit(2);
		}
		/* The counters are batched: they follow soon. */
		*charged = 0;
		ST_UNTIL_MS((*charged = file_read_key(CGROUP "/memory.stat",
						      "slab_unreclaimable") - before) >
			    nr_sets * DMABUF_SYNC_MAX_SET * 64L, 5000);
		_exit(0);
	}
	result = st_child_wait(pid) ? -1 : *charged;
	munmap(charged, sizeof(*charged));
	return result;
}

TEST_F(limit, accesses_are_charged_to_the_memory_cgroup)
{
	long charged;

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup v2 with a memory controller at /sys/fs/cgroup");
	charged = charge_of(&self->w, 40);
	EXPECT_LT(40 * DMABUF_SYNC_MAX_SET * 64L, charged);
	TH_LOG("%ld bytes for %d accesses", charged, 40 * DMABUF_SYNC_MAX_SET);
	EXPECT_TRUE(ST_UNTIL(!rmdir(CGROUP)));
}

/*
 * A hostile child with little memory acquires for ever, with new owners against the limit.
 * It gets ENOMEM, or is killed by its own cgroup; the machine and others go on.
 */
TEST_F(limit, cgroup_memory_limit_stops_the_hog_and_nobody_else)
{
	int *error = st_shared(sizeof(*error)), status;
	pid_t pid;

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup v2 with a memory controller at /sys/fs/cgroup");
	ASSERT_EQ(0, st_file_write(CGROUP "/memory.max", "8M"));
	pid = st_fork();
	if (!pid) {
		int ctx = st_context_open();
		unsigned int i;
		long ret;

		if (st_file_write(CGROUP "/cgroup.procs", "0"))
			_exit(1);
		/* 8 MiB are gone long before 200 000 sets of one access each. */
		for (i = 0; i < 200000 && !*error; i++) {
			ret = st_lock(ctx, self->fd, R, i % ST_PAGE, 1, TRY);
			if (ret == -ENOLCK)
				ctx = st_context_open();
			else if (ret < 0)
				*error = ret;
			if (ctx < 0)
				*error = ctx;
		}
		_exit(0);
	}
	status = st_child_wait(pid);
	EXPECT_TRUE(*error == -ENOMEM || status == SIGKILL) {
		TH_LOG("error %d, status %d", *error, status);
	}
	EXPECT_TRUE(ST_UNTIL(!rmdir(CGROUP)));
	/* Everything of it is gone, and others can work. */
	EXPECT_TRUE(st_snapshot_becomes_empty());
	EXPECT_LE(0, st_lock(self->w.ctx[0], self->fd, W, 0, DMABUF_SYNC_TO_END, 0));
	munmap(error, sizeof(*error));
}

FIXTURE(scale)
{
	struct st_world w;
	struct st_buffer buf;
	int ctx[64];
};

#define NR_RANGES	10000
#define RANGE		64

FIXTURE_SETUP(scale)
{
	unsigned int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, 256 * ST_PAGE));
	for (i = 0; i < 64; i++) {
		self->ctx[i] = st_context_open();
		ASSERT_LE(0, self->ctx[i]);
	}
}

FIXTURE_TEARDOWN(scale)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		close(self->ctx[i]);
	st_buffer_close(&self->buf);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Range number @nr; neighbours belong to different owners and far parts of the buffer. */
static long lock_range(int *ctx, struct st_buffer *buf, unsigned int nr)
{
	uint64_t place = (uint64_t)nr * 7919 % NR_RANGES;

	return st_lock(ctx[nr % 64], buf->fd, W, place * RANGE, RANGE, TRY);
}

static void ranges_acquire(struct __test_metadata *_metadata, int *ctx,
			   struct st_buffer *buf, unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		ASSERT_LE(0, lock_range(ctx, buf, from)) TH_LOG("range %u", from);
}

/* Time of a lock and release in the last, still free range, the best of many. */
static int64_t best_pair_ns(int ctx, struct st_buffer *buf)
{
	int64_t begin, best = INT64_MAX;
	unsigned int i;
	long set;

	for (i = 0; i < 500; i++) {
		begin = st_now_ns();
		set = st_lock(ctx, buf->fd, W, NR_RANGES * RANGE + RANGE, RANGE, TRY);
		if (set < 0 || st_release(ctx, set))
			return INT64_MAX;
		if (st_now_ns() - begin < best)
			best = st_now_ns() - begin;
	}
	return best;
}

/* 10 000 disjoint ranges by 64 owners: the next one costs hardly more than the first. */
TEST_F_TIMEOUT(scale, ten_thousand_ranges_do_not_slow_the_next, 120)
{
	int64_t empty_ns = best_pair_ns(self->w.ctx[0], &self->buf), full_ns;

	ranges_acquire(_metadata, self->ctx, &self->buf, 0, NR_RANGES);
	EXPECT_EQ(NR_RANGES, st_query_count(self->w.ctx[0], self->buf.fd,
					    DMABUF_SYNC_STATE_ACQUIRED));
	full_ns = best_pair_ns(self->w.ctx[0], &self->buf);
	TH_LOG("%lld ns with none, %lld ns with %d ranges", (long long)empty_ns,
	       (long long)full_ns, NR_RANGES);
	/* A list would be a thousand times slower; a tree of depth 14 is not. */
	EXPECT_GT(4 * empty_ns, full_ns);
}

/* The whole buffer waits for all of them, and gets it after the last. */
TEST_F_TIMEOUT(scale, whole_buffer_waits_for_all_ranges, 120)
{
	unsigned int i;
	long whole;

	ranges_acquire(_metadata, self->ctx, &self->buf, 0, 2000);
	whole = st_lock_all(self->w.ctx[0], self->buf.fd, W, DMABUF_SYNC_ACQUIRE_QUEUE);
	ASSERT_LE(0, whole);
	for (i = 0; i < 64; i++) {
		EXPECT_FALSE(st_event_pending(self->w.ctx[0], 0));
		close(self->ctx[i]);
		self->ctx[i] = -1;
	}
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], whole));
}

/* Other buffers do not notice a buffer with many accesses. */
TEST_F_TIMEOUT(scale, crowded_buffer_does_not_slow_others, 120)
{
	int64_t alone_ns = best_pair_ns(self->w.ctx[0], &self->buf), beside_ns;
	struct st_buffer other;

	ranges_acquire(_metadata, self->ctx, &self->buf, 0, NR_RANGES);
	ASSERT_EQ(0, st_buffer_udmabuf(&other, 256 * ST_PAGE));
	beside_ns = best_pair_ns(self->w.ctx[0], &other);
	EXPECT_GT(3 * alone_ns, beside_ns);
	st_buffer_close(&other);
}

TEST_HARNESS_MAIN
