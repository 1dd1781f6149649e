// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module is loaded: its parameters are checked, and its ids go on where those of the load
 * before ended. Needs DMABUF_SYNC_MODULES.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <stdlib.h>

#include "st.h"

#define W		DMA_BUF_ACCESS_W
#define ROUNDS		5
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
		if (st_lock_all(ctx, buf->fd, W, DMABUF_SYNC_NONBLOCK) < 0 ||
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
