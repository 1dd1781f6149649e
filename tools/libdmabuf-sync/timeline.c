// SPDX-License-Identifier: LGPL-2.1-only
/* Timelines: descriptors of them, signals, waits. */
#include <errno.h>

#include <linux/dmabuf_sync_timeline.h>

#include "call.h"
#include "dmabuf-sync.h"

SAME_VALUE(DMASYNC_POINT_WAIT, DMABUF_SYNC_POINT_WAIT);
SAME_VALUE(DMASYNC_POINT_SIGNAL, DMABUF_SYNC_POINT_SIGNAL);
SAME_VALUE(DMASYNC_WAIT_NONBLOCK, DMABUF_SYNC_WAIT_NONBLOCK);
SAME_VALUE(DMASYNC_WAIT_ANY, DMABUF_SYNC_WAIT_ANY);

static int timeline_open(int fd, unsigned long request, uint64_t value)
{
	struct dmabuf_sync_timeline arg = { .size = sizeof(arg), .value = value };

	return call(fd, request, &arg) ?: arg.fd;
}

int dmasync_timeline_new(int ctx, uint64_t value)
{
	return timeline_open(ctx, DMABUF_SYNC_IOC_TIMELINE, value);
}

int dmasync_timeline_waiter(int timeline, uint64_t watch)
{
	return timeline_open(timeline, DMABUF_SYNC_TIMELINE_IOC_WAITER, watch);
}

static int timeline_point(int timeline, unsigned long request, uint64_t point)
{
	struct dmabuf_sync_timeline_point arg = { .size = sizeof(arg), .point = point };

	return call(timeline, request, &arg);
}

int dmasync_timeline_signal(int timeline, uint64_t point)
{
	return timeline_point(timeline, DMABUF_SYNC_TIMELINE_IOC_SIGNAL, point);
}

int dmasync_timeline_watch(int timeline, uint64_t point)
{
	return timeline_point(timeline, DMABUF_SYNC_TIMELINE_IOC_POLL, point);
}

int dmasync_timeline_query(int timeline, struct dmasync_timeline_state *state)
{
	struct dmabuf_sync_timeline_query arg = { .size = sizeof(arg) };
	int err = call(timeline, DMABUF_SYNC_TIMELINE_IOC_QUERY, &arg);

	if (err)
		return err;
	*state = (struct dmasync_timeline_state){
		.value = arg.value,
		.failed = arg.failed,
		.dead = !!(arg.status & DMABUF_SYNC_TIMELINE_DEAD),
	};
	return 0;
}

int dmasync_timeline_wait(int timeline, uint64_t point, int64_t deadline_ns)
{
	struct dmasync_point entry = dmasync_make_point(timeline, 0, point);

	return dmasync_wait(&entry, 1, 0, deadline_ns, NULL);
}

int dmasync_wait(const struct dmasync_point *points, unsigned int nr_points,
		 unsigned int flags, int64_t deadline_ns, unsigned int *index)
{
	struct dmabuf_sync_wait arg = {
		.size = sizeof(arg),
		.flags = flags,
		.points = call_pointer(points),
		.nr_points = nr_points,
		.point_size = sizeof(*points),
		.deadline_ns = deadline_ns,
	};
	int err;

	if (!nr_points)
		return -EINVAL;
	err = call(points[0].timeline, DMABUF_SYNC_TIMELINE_IOC_WAIT, &arg);
	if (index)
		*index = arg.index;
	/* The first one is treated as the others are. */
	return err == -ENOTTY ? -EINVAL : err;
}
