// SPDX-License-Identifier: GPL-2.0-only
/* Starts a tool, reads what it writes to its terminal, and ends it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

/* Loading BPF programs takes its time in a machine that is emulated on a busy host. */
#define SAYS_MS		120000
#define POLL_MS		100

void bench_tool_start(struct bench *bench, struct bench_tool *tool, const char *path,
		      char *const *args)
{
	struct winsize size = { .ws_row = 50, .ws_col = 160 };

	tool->len = 0;
	tool->said[0] = '\0';
	tool->pid = forkpty(&tool->out, NULL, NULL, &size);
	if (!tool->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("TERM", "xterm", 1);
		execv(path, args);
		_exit(127);
	}
	if (bench_expect(bench, tool->pid > 0, "%s cannot be started: %s", path, strerror(errno)))
		fcntl(tool->out, F_SETFL, O_NONBLOCK);
}

/* The last part stays when there is no room. */
static void forget(struct bench_tool *tool)
{
	size_t half = sizeof(tool->said) / 2;

	if (tool->len <= half)
		return;
	memmove(tool->said, tool->said + tool->len - half / 2, half / 2);
	tool->len = half / 2;
}

void bench_tool_read(struct bench_tool *tool)
{
	ssize_t got;

	do {
		forget(tool);
		got = read(tool->out, tool->said + tool->len, sizeof(tool->said) - tool->len - 1);
		if (got > 0)
			tool->len += got;
		tool->said[tool->len] = '\0';
	} while (got > 0);
}

bool bench_tool_says(struct bench_tool *tool, const char *text)
{
	struct pollfd fd = { .fd = tool->out, .events = POLLIN };
	int64_t end_ns = st_now_ns() + SAYS_MS * ST_NSEC_PER_MSEC;

	for (;;) {
		bench_tool_read(tool);
		if (strstr(tool->said, text))
			return true;
		if (st_now_ns() > end_ns || poll(&fd, 1, POLL_MS) < 0 || fd.revents & POLLHUP)
			return false;
	}
}

int bench_tool_end(struct bench_tool *tool)
{
	struct pollfd fd = { .fd = tool->out, .events = POLLIN };
	int status = -1;

	if (tool->pid <= 0)
		return -1;
	kill(tool->pid, SIGINT);
	while (!waitpid(tool->pid, &status, WNOHANG)) {
		poll(&fd, 1, POLL_MS);
		bench_tool_read(tool);
	}
	bench_tool_read(tool);
	close(tool->out);
	tool->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The number in the first line of a file of /proc/PID that has this form. */
static int64_t read_number(struct bench *bench, pid_t pid, const char *name, const char *form)
{
	long long value = 0;
	char text[128];
	FILE *file;

	snprintf(text, sizeof(text), "/proc/%d/%s", pid, name);
	file = fopen(text, "re");
	while (file && value <= 0 && fgets(text, sizeof(text), file))
		if (sscanf(text, form, &value) != 1)
			value = 0;
	if (file)
		fclose(file);
	bench_expect(bench, value > 0, "/proc/%d/%s does not tell", pid, name);
	return value;
}

int64_t bench_process_ran_ns(struct bench *bench, pid_t pid)
{
	return read_number(bench, pid, "schedstat", "%lld");
}

int64_t bench_process_memory(struct bench *bench, pid_t pid)
{
	return read_number(bench, pid, "status", "VmHWM: %lld kB") * 1024;
}
