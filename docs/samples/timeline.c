// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordered hand-over: a producer writes one update after the other into one buffer, a consumer reads
 * each of them once. Exclusion alone would let the producer write twice in a row.
 */
#include <stdint.h>
#include <sys/wait.h>

#include <linux/dmabuf_sync_timeline.h>

#include "buffer.h"

#define UPDATES	200

static int context_open(void)
{
	int ctx = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC);

	if (ctx < 0)
		die("/dev/dmabuf_sync");
	return ctx;
}

static int timeline_new(int ctx)
{
	struct dmabuf_sync_timeline timeline = { .size = sizeof(timeline) };

	if (ioctl(ctx, DMABUF_SYNC_IOC_TIMELINE, &timeline))
		die("timeline");
	return timeline.fd;
}

/* [acquire] */
/* When @after is reached acquire the buffer; the release reaches @then. */
static uint32_t acquire_between(int ctx, int dmabuf_fd, uint32_t mode,
				struct dmabuf_sync_point after, struct dmabuf_sync_point then)
{
	struct dmabuf_sync_point points[] = { after, then };
	struct dmabuf_sync_access access = {
		.fd = dmabuf_fd, .mode = mode, .length = DMABUF_SYNC_TO_END,
	};
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.accesses = (uintptr_t)&access,
		.nr_accesses = 1,
		.access_size = sizeof(access),
		.points = (uintptr_t)points,
		.nr_points = 2,
		.point_size = sizeof(points[0]),
	};

	points[0].flags = DMABUF_SYNC_POINT_WAIT;
	points[1].flags = DMABUF_SYNC_POINT_SIGNAL;
	if (ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire))
		die("acquire");
	return acquire.set;
}
/* [/acquire] */

static struct dmabuf_sync_point point(int timeline, uint64_t point)
{
	return (struct dmabuf_sync_point){ .fd = timeline, .point = point };
}

static void release(int ctx, uint32_t set)
{
	struct dmabuf_sync_release release = { .size = sizeof(release), .set = set };

	if (ioctl(ctx, DMABUF_SYNC_IOC_RELEASE, &release))
		die("release");
}

/* [pair] */
static void produce(const struct buffer *buf, int produced, int consumed)
{
	volatile int *update = (volatile int *)buf->map;
	int ctx = context_open(), n;

	for (n = 1; n <= UPDATES; n++) {
		uint32_t set = acquire_between(ctx, buf->fd, DMA_BUF_ACCESS_W,
					       point(consumed, n - 1), point(produced, n));

		*update = n;
		release(ctx, set);
	}
}

/* Return: updates that were read in their turn. */
static int consume(const struct buffer *buf, int produced, int consumed)
{
	volatile int *update = (volatile int *)buf->map;
	int ctx = context_open(), n, right = 0;

	for (n = 1; n <= UPDATES; n++) {
		uint32_t set = acquire_between(ctx, buf->fd, DMA_BUF_ACCESS_R,
					       point(produced, n), point(consumed, n));

		right += *update == n;
		release(ctx, set);
	}
	return right;
}
/* [/pair] */

int main(void)
{
	struct buffer buf = buffer_new(PAGE);
	int ctx = context_open(), produced = timeline_new(ctx), consumed = timeline_new(ctx);

	if (!fork()) {
		produce(&buf, produced, consumed);
		return 0;
	}
	printf("updates: %d, read once each: %d\n", UPDATES,
	       consume(&buf, produced, consumed));
	wait(NULL);
	return 0;
}
