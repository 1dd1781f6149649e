// SPDX-License-Identifier: LGPL-2.1-only
/* Contexts: how to get one, what it promises, what it may have. And what every call has. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/dmabuf_sync.h>

#include "call.h"
#include "dmabuf-sync.h"

SAME_VALUE(DMASYNC_FEATURE_FCNTL, DMABUF_SYNC_FEATURE_FCNTL);
SAME_VALUE(DMASYNC_FEATURE_POLL, DMABUF_SYNC_FEATURE_POLL);

int call(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int64_t dmasync_deadline_ms(unsigned int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec + ms * INT64_C(1000000);
}

int dmasync_open(int flags)
{
	int fd;

	if (flags & ~O_NONBLOCK)
		return -EINVAL;
	fd = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

int dmasync_lease(int ctx, unsigned int lease_ms, unsigned int *effective_ms)
{
	struct dmabuf_sync_lease arg = { .size = sizeof(arg), .lease_ms = lease_ms };
	int err = call(ctx, DMABUF_SYNC_IOC_LEASE, &arg);

	if (!err && effective_ms)
		*effective_ms = arg.lease_ms;
	return err;
}

int dmasync_get_caps(int ctx, struct dmasync_caps *caps)
{
	struct dmabuf_sync_caps arg = { .size = sizeof(arg) };
	int err = call(ctx, DMABUF_SYNC_IOC_CAPS, &arg);

	if (err)
		return err;
	*caps = (struct dmasync_caps){
		.version = arg.version,
		.max_set = arg.max_set,
		.features = arg.features,
		.max_infos = arg.max_infos,
		.min_lease_ms = arg.min_lease_ms,
		.lease_ms = arg.lease_ms,
		.max_accesses = arg.max_accesses,
		.max_queued = arg.max_queued,
		.max_user_owners = arg.max_user_owners,
		.max_user_accesses = arg.max_user_accesses,
		.max_user_queued = arg.max_user_queued,
		.max_user_buffers = arg.max_user_buffers,
		.max_user_marks = arg.max_user_marks,
		.max_user_timelines = arg.max_user_timelines,
		.max_user_points = arg.max_user_points,
	};
	return 0;
}
