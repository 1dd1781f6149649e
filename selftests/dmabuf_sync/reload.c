// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module is loaded: its parameters are checked. Needs DMABUF_SYNC_MODULES.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <stdlib.h>

#include "st.h"

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
