// SPDX-License-Identifier: GPL-2.0-only
/* What would make a measurement lie. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

bool bench_expect(struct bench *bench, bool held, const char *format, ...)
{
	va_list args;

	if (held || bench->why[0])
		return held;
	va_start(args, format);
	vsnprintf(bench->why, sizeof(bench->why), format, args);
	va_end(args);
	return false;
}

/* udmabuf's, whose begin_cpu_access has work to do each time; the heap's has next to none. */
void bench_expect_buffer(struct bench *bench, struct st_buffer *buf, size_t size)
{
	int err = st_buffer_udmabuf(buf, size);

	if (bench_expect(bench, !err, "no buffer: %s", strerror(-err))) {
		err = st_buffer_map(buf);
		bench_expect(bench, !err, "no mapping: %s", strerror(-err));
	}
}

void bench_expect_file(struct bench *bench, struct st_buffer *buf, size_t size)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	int err = fd < 0 || ftruncate(fd, size) ? -errno : 0;

	err = err ?: st_buffer_from_fd(buf, fd);
	err = err ?: st_buffer_map(buf);
	bench_expect(bench, !err, "no file in tmpfs: %s", strerror(-err));
}

void bench_expect_files(struct bench *bench, unsigned int nr)
{
	struct rlimit limit = { .rlim_cur = nr, .rlim_max = nr };

	bench_expect(bench, !setrlimit(RLIMIT_NOFILE, &limit), "no %u descriptors: %s", nr,
		     strerror(errno));
}

int bench_expect_context(struct bench *bench)
{
	int ctx = st_context_open();

	bench_expect(bench, ctx >= 0, "no context: %s", strerror(-ctx));
	return ctx;
}

void bench_expect_context_waits(struct bench *bench, int fd, uint64_t offset, bool waits)
{
	int ctx = bench_expect_context(bench);
	long set = st_lock(ctx, fd, DMA_BUF_ACCESS_W, offset, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK);

	bench_expect(bench, waits ? set == -EAGAIN : set > 0,
		     waits ? "another context is not kept out (%ld)" :
			     "another context is kept out (%ld)", set);
	if (set > 0)
		st_release(ctx, set);
	close(ctx);
}

static int try_lock(int fd, uint64_t offset)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1,
	};

	return fcntl(fd, F_SETLK, &lock) ? errno : 0;
}

void bench_expect_process_waits(struct bench *bench, int fd, uint64_t offset, bool waits)
{
	pid_t pid = st_fork();
	int status;

	if (!pid)
		_exit(try_lock(fd, offset));
	status = st_child_wait(pid);
	bench_expect(bench, WIFEXITED(status) && WEXITSTATUS(status) == (waits ? EAGAIN : 0),
		     waits ? "another process is not kept out (%#x)" :
			     "another process is kept out (%#x)", status);
}
