// SPDX-License-Identifier: GPL-2.0-only
/* Timelines, and requests with points of theirs. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "st.h"

static int timeline_open(int fd, unsigned long call, uint64_t value)
{
	struct dmabuf_sync_timeline arg = { .size = sizeof(arg), .value = value };

	return ioctl(fd, call, &arg) ? -errno : arg.fd;
}

int st_timeline_new(int ctx, uint64_t value)
{
	return timeline_open(ctx, DMABUF_SYNC_IOC_TIMELINE, value);
}

int st_timeline_waiter(int timeline, uint64_t point)
{
	return timeline_open(timeline, DMABUF_SYNC_TIMELINE_IOC_WAITER, point);
}

static int timeline_point(int timeline, unsigned long call, uint64_t point)
{
	struct dmabuf_sync_timeline_point arg = { .size = sizeof(arg), .point = point };

	return ioctl(timeline, call, &arg) ? -errno : 0;
}

int st_timeline_signal(int timeline, uint64_t point)
{
	return timeline_point(timeline, DMABUF_SYNC_TIMELINE_IOC_SIGNAL, point);
}

int st_timeline_aim(int timeline, uint64_t point)
{
	return timeline_point(timeline, DMABUF_SYNC_TIMELINE_IOC_POLL, point);
}

int st_timeline_query(int timeline, struct dmabuf_sync_timeline_query *query)
{
	*query = (struct dmabuf_sync_timeline_query){ .size = sizeof(*query) };
	return ioctl(timeline, DMABUF_SYNC_TIMELINE_IOC_QUERY, query) ? -errno : 0;
}

int64_t st_timeline_value(int timeline)
{
	struct dmabuf_sync_timeline_query query;

	return st_timeline_query(timeline, &query) ?: (int64_t)query.value;
}

struct dmabuf_sync_point st_point(int timeline, uint32_t flags, uint64_t point)
{
	return (struct dmabuf_sync_point){ .fd = timeline, .flags = flags, .point = point };
}

int st_timeline_wait(const struct dmabuf_sync_point *points, unsigned int nr_points,
		     uint32_t flags, int64_t deadline_ns, uint32_t *index)
{
	struct dmabuf_sync_wait arg = {
		.size = sizeof(arg),
		.flags = flags,
		.points = (uintptr_t)points,
		.nr_points = nr_points,
		.point_size = sizeof(*points),
		.deadline_ns = deadline_ns,
	};
	int err = ioctl(points->fd, DMABUF_SYNC_TIMELINE_IOC_WAIT, &arg) ? -errno : 0;

	if (index)
		*index = arg.index;
	return err;
}

int st_timeline_wait_one(int timeline, uint64_t point, uint32_t flags, int64_t deadline_ns)
{
	struct dmabuf_sync_point entry = st_point(timeline, 0, point);

	return st_timeline_wait(&entry, 1, flags, deadline_ns, NULL);
}

int st_timeline_poll(int timeline, unsigned int ms)
{
	struct pollfd pfd = { .fd = timeline, .events = POLLIN };
	int ret = poll(&pfd, 1, ms);

	return ret < 0 ? -errno : pfd.revents;
}

long st_fdinfo_number(int fd, const char *key)
{
	char path[64], line[256];
	long value = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			value = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

static void *wait_thread(void *arg)
{
	struct st_wait *wait = arg;
	int err;

	__atomic_store_n(&wait->tid, gettid(), __ATOMIC_RELEASE);
	err = st_timeline_wait(wait->points, wait->nr_points, wait->flags, wait->deadline_ns,
			       &wait->index);
	wait->done_ns = st_now_ns();
	wait->result = err;
	__atomic_store_n(&wait->done, true, __ATOMIC_RELEASE);
	return NULL;
}

int st_wait_start(struct st_wait *wait, const struct dmabuf_sync_point *points,
		  unsigned int nr_points, uint32_t flags, int64_t deadline_ns)
{
	long before = st_fdinfo_number(points->fd, "waiters");
	int err;

	*wait = (struct st_wait){
		.nr_points = nr_points, .flags = flags, .deadline_ns = deadline_ns,
	};
	if (nr_points > ST_ARRAY_SIZE(wait->points))
		return -E2BIG;
	memcpy(wait->points, points, nr_points * sizeof(*points));
	err = pthread_create(&wait->thread, NULL, wait_thread, wait);
	if (err)
		return -err;
	return ST_UNTIL(st_fdinfo_number(points->fd, "waiters") > before) ? 0 : -ETIME;
}

bool st_wait_done(const struct st_wait *wait)
{
	return __atomic_load_n(&wait->done, __ATOMIC_ACQUIRE);
}

int st_wait_end(struct st_wait *wait)
{
	if (!ST_UNTIL(st_wait_done(wait)))
		return -ETIME;
	pthread_join(wait->thread, NULL);
	return wait->result;
}

int st_acquire_points(int ctx, const struct dmabuf_sync_access *accesses,
		      unsigned int nr_accesses, uint32_t flags, int64_t deadline_ns,
		      const struct dmabuf_sync_point *points, unsigned int nr_points,
		      struct dmabuf_sync_acquire *out)
{
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.flags = flags,
		.accesses = (uintptr_t)accesses,
		.nr_accesses = nr_accesses,
		.access_size = sizeof(*accesses),
		.deadline_ns = deadline_ns,
		.points = (uintptr_t)points,
		.nr_points = nr_points,
		.point_size = sizeof(*points),
	};

	if (ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire))
		return -errno;
	if (out)
		*out = acquire;
	return 0;
}

long st_lock_points(int ctx, int fd, uint32_t access, uint32_t flags,
		    const struct dmabuf_sync_point *points, unsigned int nr_points)
{
	struct dmabuf_sync_access entry = st_access(fd, access, 0, DMABUF_SYNC_TO_END);
	struct dmabuf_sync_acquire out = { 0 };
	int err = st_acquire_points(ctx, &entry, 1, flags, 0, points, nr_points, &out);

	return err ?: (long)out.set;
}
