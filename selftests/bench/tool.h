/* SPDX-License-Identifier: GPL-2.0-only */
/* One of the tools at work, on a terminal of its own, as its user has it. */
#ifndef _DMABUF_SYNC_BENCH_TOOL_H
#define _DMABUF_SYNC_BENCH_TOOL_H

#include <sys/types.h>

#include "bench.h"

/**
 * struct bench_tool - a tool
 * @pid: its process
 * @out: the other end of its terminal
 * @len: bytes of @said in use
 * @said: what it said last
 */
struct bench_tool {
	pid_t pid;
	int out;
	size_t len;
	char said[131072];
};

/* What fails is noted as what makes the case lie. */
void bench_tool_start(struct bench *bench, struct bench_tool *tool, const char *path,
		      char *const *args);
/* Take what it says, without waiting for it: a full terminal would stop it. */
void bench_tool_read(struct bench_tool *tool);
/* Wait until it has said this. */
bool bench_tool_says(struct bench_tool *tool, const char *text);
/* Return: its exit status, or -1 when it was killed. */
int bench_tool_end(struct bench_tool *tool);

/* What a process has taken, by /proc: time on processors, in ns, and the most memory, in bytes. */
int64_t bench_process_ran_ns(struct bench *bench, pid_t pid);
int64_t bench_process_memory(struct bench *bench, pid_t pid);

#endif /* _DMABUF_SYNC_BENCH_TOOL_H */
