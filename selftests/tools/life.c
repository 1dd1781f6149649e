// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-top while dmabuf_sync.ko comes and goes. The modules that use it are unloaded
 * for that, and loaded again in the end.
 */
#include <kselftest_harness.h>

#include "modules.h"
#include "tool.h"

#define MODULE		"dmabuf_sync"
#define W		DMA_BUF_ACCESS_W

FIXTURE(life)
{
	struct modules modules;
	struct tool tool;
	struct st_buffer buf;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	if (st_framework_is_built_in())
		SKIP(return, MODULE " is built into this kernel: there is no module");
	if (!modules_loaded(MODULE))
		ASSERT_EQ(0, modules_load(MODULE));
	if (modules_unload_all(&self->modules, MODULE)) {
		modules_load_all(&self->modules);
		SKIP(return, "the modules are in use");
	}
}

FIXTURE_TEARDOWN(life)
{
	tool_kill(&self->tool);
	if (modules_loaded(MODULE) && self->modules.nr)
		EXPECT_EQ(0, modules_unload(MODULE));
	EXPECT_EQ(0, modules_load_all(&self->modules));
	st_buffer_close(&self->buf);
}

/* Acquire and release once. */
static int use(const struct st_buffer *buf)
{
	int ctx = st_context_open();
	long set;

	if (ctx < 0)
		return ctx;
	set = st_lock_all(ctx, buf->fd, W, 0);
	if (set >= 0)
		set = st_release(ctx, set);
	close(ctx);
	return set;
}

static int64_t acquired(struct json_object *report, const struct st_buffer *buf)
{
	struct json_object *row = tool_row(report, "buffers", "ino", buf->ino);
	int64_t number = row ? tool_number(row, "acquired") : 0;

	json_object_put(report);
	return number;
}

/* One that is to use the module's events waits for them. */
TOOL_TEST(life, before_the_module)
{
	struct json_object *report;

	ASSERT_EQ(0, tool_start(&self->tool, "--probe=raw_tp", NULL));
	ASSERT_TRUE(tool_says(&self->tool, "waiting for dmabuf_sync.ko: it is not loaded"));
	ASSERT_EQ(0, modules_load(MODULE));
	ASSERT_TRUE(tool_says(&self->tool, "attached by "));
	ASSERT_EQ(0, use(&self->buf));
	report = tool_end(&self->tool);
	ASSERT_NE(NULL, report);
	EXPECT_EQ(1, acquired(report, &self->buf));
}

TOOL_TEST(life, without_the_module)
{
	struct json_object *report;

	ASSERT_EQ(0, tool_start(&self->tool, "--probe=raw_tp", NULL));
	ASSERT_TRUE(tool_says(&self->tool, "waiting for "));
	report = tool_end(&self->tool);
	ASSERT_NE(NULL, report);
	EXPECT_STREQ("waiting", tool_text(json_object_object_get(report, "summary"), "state"));
	EXPECT_STREQ("accesses (no module)",
		     tool_text(json_object_object_get(report, "summary"), "limits"));
	json_object_put(report);
}

/* A module that leaves fcntl() alone: the tool says that it sees nothing of it, and why. */
TOOL_TEST(life, without_the_hook)
{
	struct json_object *report;
	char text[4096], command[256];

	if (st_module_load(MODULE, "fcntl=0"))
		SKIP(return, "the module is not where it could be loaded with options");
	ASSERT_EQ(0, tool_attach(&self->tool));
	report = tool_end(&self->tool);
	ASSERT_NE(NULL, report);
	EXPECT_STREQ("fcntl (hook off)",
		     tool_text(json_object_object_get(report, "summary"), "limits"));
	json_object_put(report);
	snprintf(command, sizeof(command), "%s --check", tool_program());
	EXPECT_EQ(0, tool_shell(command, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "fcntl locks                      no: the hook is off"))
		TH_LOG("%s", text);
}

/* Attached programs pin the module, until the tool lets go of it. */
TOOL_TEST(life, let_go_on_request)
{
	struct json_object *report;

	ASSERT_EQ(0, modules_load(MODULE));
	ASSERT_EQ(0, tool_attach(&self->tool, "--probe=raw_tp"));
	ASSERT_EQ(0, use(&self->buf));
	EXPECT_NE(0, modules_unload(MODULE));
	ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&self->tool, "detached from dmabuf_sync.ko on request"));
	/* What it had collected was not thrown away. */
	report = tool_line(&self->tool);
	ASSERT_NE(NULL, report);
	EXPECT_EQ(1, acquired(report, &self->buf));
	/* It lets go now, not some time later. */
	EXPECT_EQ(0, modules_unload(MODULE));
	ASSERT_TRUE(tool_says(&self->tool, "waiting for dmabuf_sync.ko: it was unloaded"));
	ASSERT_EQ(0, modules_load(MODULE));
	ASSERT_TRUE(tool_says(&self->tool, "attached by "));
	ASSERT_EQ(0, use(&self->buf));
	ASSERT_EQ(0, use(&self->buf));
	report = tool_end(&self->tool);
	ASSERT_NE(NULL, report);
	EXPECT_EQ(2, acquired(report, &self->buf));
}

/* Gone and back before the tool looks: it is another module all the same. */
TOOL_TEST(life, reload_at_once)
{
	unsigned int i;

	ASSERT_EQ(0, modules_load(MODULE));
	ASSERT_EQ(0, tool_attach(&self->tool));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
		ASSERT_TRUE(tool_says(&self->tool, "detached from "));
		ASSERT_EQ(0, modules_unload(MODULE));
		ASSERT_EQ(0, modules_load(MODULE));
		ASSERT_TRUE(tool_says(&self->tool, "attached by "));
	}
}

TOOL_TEST(life, second_request_attaches_again)
{
	struct json_object *report;

	ASSERT_EQ(0, modules_load(MODULE));
	ASSERT_EQ(0, tool_attach(&self->tool));
	ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&self->tool, "detached from "));
	ASSERT_EQ(0, use(&self->buf));
	report = tool_line(&self->tool);
	EXPECT_EQ(0, acquired(report, &self->buf));
	ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&self->tool, "attached by "));
	ASSERT_EQ(0, use(&self->buf));
	report = tool_end(&self->tool);
	ASSERT_NE(NULL, report);
	EXPECT_EQ(1, acquired(report, &self->buf));
}

/* A tool that dies leaves nothing attached, and the kernel does not go on measuring. */
TOOL_TEST(life, killed)
{
	FILE *file;
	int value = -1;

	ASSERT_EQ(0, modules_load(MODULE));
	ASSERT_EQ(0, tool_attach(&self->tool));
	tool_kill(&self->tool);
	EXPECT_TRUE(ST_UNTIL(!modules_unload(MODULE)));
	file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	ASSERT_NE(NULL, file);
	EXPECT_EQ(1, fscanf(file, "%d", &value));
	EXPECT_EQ(0, value);
	fclose(file);
}

TEST_HARNESS_MAIN
