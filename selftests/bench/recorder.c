// SPDX-License-Identifier: GPL-2.0-only
/* Trace events in the kernel's ring buffer, and who takes them out of there. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder.h"

#define INSTANCE	"/sys/kernel/tracing/instances/dmabuf_sync_bench"
#define PATH_SIZE	128

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * What trace-cmd does: pages of the ring buffer go to a file by splice(), which waits until the
 * buffer is half full, where read() would be woken by each event.
 */
static void record_pages(int in, int out)
{
	loff_t offset;
	int pipes[2];
	ssize_t got;

	if (in < 0 || out < 0 || pipe(pipes))
		return;
	do {
		offset = 0;
		got = splice(in, NULL, pipes[1], NULL, 16 * ST_PAGE, SPLICE_F_MOVE);
	} while (got > 0 && splice(pipes[0], NULL, out, &offset, got, SPLICE_F_MOVE) == got);
}

static pid_t record_cpu(unsigned int cpu)
{
	char path[PATH_SIZE];
	pid_t pid = st_fork();

	if (pid)
		return pid;
	snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%u/trace_pipe_raw", cpu);
	record_pages(open(path, O_RDONLY | O_CLOEXEC), memfd_create("trace", MFD_CLOEXEC));
	_exit(1);
}

void bench_recorder_start(struct bench *bench, struct bench_recorder *recorder, unsigned int nr)
{
	recorder->nr = 0;
	bench_expect(bench, !mkdir(INSTANCE, 0700), "no tracing instance: %s", strerror(errno));
	bench_expect(bench, write_text(INSTANCE "/events/dmabuf_sync/enable", "1"),
		     "no event can be recorded");
	while (recorder->nr < nr && !bench->why[0]) {
		pid_t pid = record_cpu(recorder->nr);

		if (bench_expect(bench, pid > 0, "no process that records"))
			recorder->pids[recorder->nr++] = pid;
	}
}

void bench_recorder_end(struct bench *bench, struct bench_recorder *recorder)
{
	write_text(INSTANCE "/events/dmabuf_sync/enable", "0");
	while (recorder->nr) {
		int status = 0;

		kill(recorder->pids[--recorder->nr], SIGTERM);
		waitpid(recorder->pids[recorder->nr], &status, 0);
		bench_expect(bench, WIFSIGNALED(status), "whoever records has given up");
	}
	bench_expect(bench, !rmdir(INSTANCE), "the tracing instance is still in use");
}

/* While it is read an event may move from those that are there to those that were read. */
struct bench_recorded bench_recorder_count(void)
{
	struct bench_recorded sum = { 0 };
	char path[PATH_SIZE], line[128];
	unsigned long long value;
	unsigned int i;
	FILE *file;

	for (i = 0; i < BENCH_RECORDER_CPUS; i++) {
		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%u/stats", i);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			if (sscanf(line, "entries: %llu", &value) == 1 ||
			    sscanf(line, "read events: %llu", &value) == 1)
				sum.kept += value;
			else if (sscanf(line, "overrun: %llu", &value) == 1 ||
				 sscanf(line, "dropped events: %llu", &value) == 1)
				sum.lost += value;
		}
		if (file)
			fclose(file);
	}
	return sum;
}
