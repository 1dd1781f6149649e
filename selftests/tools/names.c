// SPDX-License-Identifier: GPL-2.0-only
/* Names of buffers are somebody else's text: whatever it says, it names that buffer only. */
#include <kselftest_harness.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/dma-buf.h>

#include "tool.h"

#define W	DMA_BUF_ACCESS_W
#define NR_PAGES	3

FIXTURE(names)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
};

FIXTURE_SETUP(names)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, tool_attach(&self->tool));
}

FIXTURE_TEARDOWN(names)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* The name of the one looks like the file of the other. */
TOOL_TEST(names, that_look_like_another_buffer)
{
	struct st_buffer *victim = &self->w.buf[0], *evil = &self->w.buf[1];
	struct json_object *row;
	char name[32], shown[32];

	ASSERT_GT(sizeof(name), snprintf(name, sizeof(name), "x\nino:\t%llu\nname:\tevil",
					 (unsigned long long)victim->ino));
	ASSERT_GT(sizeof(shown), snprintf(shown, sizeof(shown), "x?ino:?%llu?name:?evil",
					  (unsigned long long)victim->ino));
	ASSERT_EQ(0, ioctl(victim->fd, DMA_BUF_SET_NAME_B, "victim"));
	ASSERT_EQ(0, ioctl(evil->fd, DMA_BUF_SET_NAME_B, name));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], victim->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], evil->fd, W, 0));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	row = tool_row(self->report, "buffers", "ino", victim->ino);
	ASSERT_NE(NULL, row);
	EXPECT_STREQ("victim", tool_text(row, "name"));
	row = tool_row(self->report, "buffers", "ino", evil->ino);
	ASSERT_NE(NULL, row);
	EXPECT_STREQ(shown, tool_text(row, "name"));
	EXPECT_STREQ("udmabuf", tool_text(row, "exporter"));
}

/*
 * Who made it, named it and used it is gone when the tool looks. The buffer is still there.
 */
static pid_t user_of(int sock)
{
	struct st_buffer buf;
	pid_t pid = st_fork();
	int ctx;

	if (pid)
		return pid;
	ctx = st_context_open();
	_exit(ctx < 0 || st_buffer_udmabuf(&buf, NR_PAGES * ST_PAGE) ||
	      ioctl(buf.fd, DMA_BUF_SET_NAME_B, "frame") ||
	      st_release(ctx, st_lock_all(ctx, buf.fd, W, 0)) || st_fd_send(sock, buf.fd));
}

TOOL_TEST(names, of_a_process_that_is_gone)
{
	struct json_object *row;
	struct st_buffer buf;
	int sock[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = user_of(sock[1]);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, st_buffer_from_fd(&buf, st_fd_receive(sock[0])));
	ASSERT_EQ(0, st_child_wait(pid));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	row = tool_row(self->report, "buffers", "ino", buf.ino);
	ASSERT_NE(NULL, row);
	EXPECT_STREQ("frame", tool_text(row, "name"));
	EXPECT_STREQ("udmabuf", tool_text(row, "exporter"));
	EXPECT_EQ(NR_PAGES * ST_PAGE, tool_number(row, "size_bytes"));
	st_buffer_close(&buf);
	close(sock[0]);
	close(sock[1]);
}

TEST_HARNESS_MAIN
