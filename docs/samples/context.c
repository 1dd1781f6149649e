// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: a set of accesses to two buffers with a deadline; and what becomes of those whose owner
 * dies or stops.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/dmabuf_sync.h>

#include "buffer.h"

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int context_open(void)
{
	int ctx = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC);

	if (ctx < 0)
		die("/dev/dmabuf_sync");
	return ctx;
}

/* [acquire] */
/* Read all of @src and write the first page of @dst: both or neither, within 10 s. */
static int acquire(int ctx, int src, int dst, struct dmabuf_sync_acquire *acquire)
{
	struct dmabuf_sync_access accesses[] = {
		{ .fd = src, .mode = DMA_BUF_ACCESS_R, .length = DMABUF_SYNC_TO_END },
		{ .fd = dst, .mode = DMA_BUF_ACCESS_W, .offset = 0, .length = PAGE },
	};

	*acquire = (struct dmabuf_sync_acquire){
		.size = sizeof(*acquire),
		.accesses = (uintptr_t)accesses,
		.nr_accesses = 2,
		.access_size = sizeof(accesses[0]),
		.deadline_ns = now_ns() + 10 * 1000000000LL,
	};
	return ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, acquire);
}

/* EOWNERDEAD: others waited for too long, and may have used the bytes meanwhile. */
static int release(int ctx, uint32_t set)
{
	struct dmabuf_sync_release release = { .size = sizeof(release), .set = set };

	return ioctl(ctx, DMABUF_SYNC_IOC_RELEASE, &release);
}
/* [/acquire] */

/* [change] */
/* The first page of @dst is written: read it, beside others who do. @src is released. */
static int go_on_to_read(int ctx, uint32_t set, int dst)
{
	struct dmabuf_sync_access access = { .fd = dst, .mode = DMA_BUF_ACCESS_R, .length = PAGE };
	struct dmabuf_sync_change change = {
		.size = sizeof(change),
		.set = set,
		.accesses = (uintptr_t)&access,
		.nr_accesses = 1,
		.access_size = sizeof(access),
	};

	return ioctl(ctx, DMABUF_SYNC_IOC_CHANGE, &change);
}
/* [/change] */

/* Copies a page, and says what it was told of the one that it writes. */
static void copy_page(int ctx, const struct buffer *src, const struct buffer *dst)
{
	struct dmabuf_sync_acquire set;

	if (acquire(ctx, src->fd, dst->fd, &set))
		die("acquire");
	/* [status] */
	if (set.status & DMABUF_SYNC_STATUS_ABANDONED)
		puts("a former owner died while it was writing");
	if (set.status & DMABUF_SYNC_STATUS_REVOKED)
		puts("a former owner was too slow, and may still be writing");
	/* [/status] */
	memcpy((void *)dst->map, (void *)src->map, PAGE);
	if (go_on_to_read(ctx, set.set, dst->fd))
		die("change");
	if (dst->map[0] != src->map[0])
		die("copy");
	if (release(ctx, set.set))
		die("release");
	puts("copied a page");
}

/* A process that acquires the same and does not give it back. */
static pid_t holder_start(const struct buffer *src, const struct buffer *dst)
{
	struct dmabuf_sync_lease lease = { .size = sizeof(lease), .lease_ms = 100 };
	struct dmabuf_sync_acquire set;
	int ready[2], ctx;
	pid_t pid;
	char byte = 0;

	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (pid) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			die("holder");
		close(ready[0]);
		return pid;
	}
	ctx = context_open();
	if (ioctl(ctx, DMABUF_SYNC_IOC_LEASE, &lease) || acquire(ctx, src->fd, dst->fd, &set))
		die("holder");
	if (write(ready[1], &byte, 1) != 1)
		die("pipe");
	pause();
	_exit(release(ctx, set.set) && errno == EOWNERDEAD);
}

static void holder_end(pid_t pid)
{
	kill(pid, SIGKILL);
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
}

int main(void)
{
	struct buffer src = buffer_new(PAGE), dst = buffer_new(2 * PAGE);
	int ctx = context_open();
	pid_t holder;

	copy_page(ctx, &src, &dst);

	holder_end(holder_start(&src, &dst));
	copy_page(ctx, &src, &dst);

	holder = holder_start(&src, &dst);
	kill(holder, SIGSTOP);
	copy_page(ctx, &src, &dst);
	holder_end(holder);
	return 0;
}
