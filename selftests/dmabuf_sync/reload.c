// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module is loaded: its device appears when everything behind it works, its parameters are
 * checked, and its ids go on where those of the load before ended. Needs DMABUF_SYNC_MODULES.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <stdlib.h>

#include "st.h"

#define W		DMA_BUF_ACCESS_W
#define ROUNDS		3
#define NR_OWNERS	100
/* Of the owners and their accesses, in all rounds. */
#define NR_IDS		(ROUNDS * NR_OWNERS * 2)
#define RELOAD_TEST(name)	TEST_F_TIMEOUT(reload, name, 150)

FIXTURE(reload)
{
	struct st_buffer buf;
	int log;
};

FIXTURE_SETUP(reload)
{
	if (st_framework_is_built_in())
		SKIP(return, "the framework is built into this kernel: there is no module");
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	ASSERT_TRUE(st_module_unload("dmabuf_sync_test"));
	ASSERT_TRUE(st_module_unload("dmabuf_sync"));
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	lseek(self->log, 0, SEEK_END);
}

/* The tests that follow find the modules as this one did. */
FIXTURE_TEARDOWN(reload)
{
	close(self->log);
	st_buffer_close(&self->buf);
	EXPECT_TRUE(st_module_unload("dmabuf_sync"));
	EXPECT_EQ(0, st_module_load("dmabuf_sync", ""));
	EXPECT_EQ(0, st_module_load("dmabuf_sync_test", ""));
}

/* Is @text in a message that came since the test began? */
static bool log_has(int log, const char *text)
{
	char line[1024];
	bool found = false;
	ssize_t got;

	while ((got = read(log, line, sizeof(line) - 1)) > 0) {
		line[got] = '\0';
		found |= !!strstr(line, text);
	}
	return found;
}

/**
 * struct early - who uses the device as soon as it can be opened, as udev and its friends do
 * @buf: a buffer that it locks with fcntl()
 * @ctx: the context it opened
 * @has_snapshot: the debugfs file was there
 * @locked: what fcntl() returned
 * @nr_seen: accesses that DMABUF_SYNC_IOC_QUERY told of
 */
struct early {
	const struct st_buffer *buf;
	int ctx;
	bool has_snapshot;
	int locked;
	int nr_seen;
};

static int set_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(fd, F_SETLK, &lock);
}

static void *early_thread(void *arg)
{
	struct early *early = arg;
	int64_t end_ns = st_now_ns() + 6 * ST_SOON_MS * ST_NSEC_PER_MSEC;

	do
		early->ctx = st_context_open();
	while (early->ctx < 0 && st_now_ns() < end_ns);
	early->has_snapshot = !access(ST_SNAPSHOT, F_OK);
	early->locked = set_lock(early->buf->fd, F_WRLCK);
	early->nr_seen = st_query(early->ctx, early->buf->fd, NULL, 0);
	set_lock(early->buf->fd, F_UNLCK);
	return NULL;
}

RELOAD_TEST(device_comes_when_all_else_works)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct early early = { .buf = &self->buf, .ctx = -1 };
		pthread_t thread;

		ASSERT_EQ(0, pthread_create(&thread, NULL, early_thread, &early));
		EXPECT_EQ(0, st_module_load("dmabuf_sync", ""));
		pthread_join(thread, NULL);
		EXPECT_LE(0, early.ctx);
		EXPECT_TRUE(early.has_snapshot);
		EXPECT_EQ(0, early.locked);
		EXPECT_EQ(1, early.nr_seen) {
			TH_LOG("round %u: the lock is no access", round);
		}
		close(early.ctx);
		ASSERT_TRUE(st_module_unload("dmabuf_sync"));
	}
}

/* The ids of NR_OWNERS new owners and of an access of each. Return: 0 or a negative errno. */
static int draw_ids(const struct st_buffer *buf, uint64_t *ids)
{
	struct dmabuf_sync_info info;
	unsigned int i;
	int ctx;

	for (i = 0; i < NR_OWNERS; i++) {
		ctx = st_context_open();
		if (ctx < 0)
			return ctx;
		if (st_lock_all(ctx, buf->fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK) < 0 ||
		    st_query(ctx, buf->fd, &info, 1) != 1)
			return -EIO;
		ids[2 * i] = info.access_id;
		ids[2 * i + 1] = info.owner_id;
		close(ctx);
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

RELOAD_TEST(ids_are_unique_over_reloads)
{
	static uint64_t id[NR_IDS];
	unsigned int i, nr_again = 0;

	for (i = 0; i < NR_IDS; i += 2 * NR_OWNERS) {
		ASSERT_EQ(0, st_module_load("dmabuf_sync", ""));
		ASSERT_EQ(0, draw_ids(&self->buf, id + i));
		ASSERT_TRUE(st_module_unload("dmabuf_sync"));
	}
	qsort(id, NR_IDS, sizeof(*id), compare_ids);
	EXPECT_NE(0, id[0]);
	for (i = 1; i < NR_IDS; i++)
		nr_again += id[i - 1] == id[i];
	EXPECT_EQ(0, nr_again);
	TH_LOG("ids from %llu to %llu", (unsigned long long)id[0],
	       (unsigned long long)id[NR_IDS - 1]);
}

RELOAD_TEST(limits_of_zero_are_refused)
{
	EXPECT_NE(0, st_module_load("dmabuf_sync", "max_accesses=0"));
	EXPECT_TRUE(log_has(self->log, "dmabuf_sync: max_accesses must be at least 1"));
	ASSERT_TRUE(st_module_unload("dmabuf_sync"));
	EXPECT_NE(0, st_module_load("dmabuf_sync", "max_queued=0"));
	EXPECT_TRUE(log_has(self->log, "dmabuf_sync: max_queued must be at least 1"));
	ASSERT_TRUE(st_module_unload("dmabuf_sync"));
	EXPECT_EQ(0, st_module_load("dmabuf_sync", "max_accesses=1 max_queued=1"));
}

TEST_HARNESS_MAIN
