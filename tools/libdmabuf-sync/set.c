// SPDX-License-Identifier: LGPL-2.1-only
/* Sets: how they are requested, in each way, and how they end. */
#include <errno.h>

#include <linux/dmabuf_sync.h>
#include <linux/dmabuf_sync_timeline.h>

#include "call.h"
#include "dmabuf-sync.h"

SAME_MEMBER(struct dmasync_access, dmabuf, struct dmabuf_sync_access, fd);
SAME_MEMBER(struct dmasync_access, mode, struct dmabuf_sync_access, mode);
SAME_MEMBER(struct dmasync_access, offset, struct dmabuf_sync_access, offset);
SAME_MEMBER(struct dmasync_access, length, struct dmabuf_sync_access, length);
SAME_MEMBER(struct dmasync_point, timeline, struct dmabuf_sync_point, fd);
SAME_MEMBER(struct dmasync_point, role, struct dmabuf_sync_point, flags);
SAME_MEMBER(struct dmasync_point, point, struct dmabuf_sync_point, point);

SAME_VALUE(DMASYNC_READ, DMA_BUF_ACCESS_R);
SAME_VALUE(DMASYNC_WRITE, DMA_BUF_ACCESS_W);
SAME_VALUE(DMASYNC_TO_END, DMABUF_SYNC_TO_END);
SAME_VALUE(DMASYNC_NONBLOCK, DMABUF_SYNC_ACQUIRE_NONBLOCK);
SAME_VALUE(DMASYNC_QUEUE, DMABUF_SYNC_ACQUIRE_QUEUE);
SAME_VALUE(DMASYNC_NOTIFY, DMABUF_SYNC_ACQUIRE_NOTIFY);
SAME_VALUE(DMASYNC_ABANDONED, DMABUF_SYNC_STATUS_ABANDONED);
SAME_VALUE(DMASYNC_REVOKED, DMABUF_SYNC_STATUS_REVOKED);

static int set_request(int ctx, const struct dmasync_request *request, uint32_t flags,
		       struct dmabuf_sync_acquire *arg)
{
	if (request->reserved)
		return -EINVAL;
	*arg = (struct dmabuf_sync_acquire){
		.size = sizeof(*arg),
		.flags = flags,
		.accesses = call_pointer(request->accesses),
		.nr_accesses = request->nr_accesses,
		.access_size = sizeof(*request->accesses),
		.deadline_ns = request->deadline_ns,
		.user_data = request->user_data,
		.points = call_pointer(request->points),
		.nr_points = request->nr_points,
		.point_size = request->nr_points ? sizeof(*request->points) : 0,
	};
	return call(ctx, DMABUF_SYNC_IOC_ACQUIRE, arg);
}

int dmasync_request(int ctx, const struct dmasync_request *request, struct dmasync_set *set)
{
	struct dmabuf_sync_acquire arg;
	int err;

	/* The answer would be a descriptor. */
	if (request->flags & DMABUF_SYNC_ACQUIRE_FD)
		return -EINVAL;
	err = set_request(ctx, request, request->flags, &arg);
	if (err)
		return err;
	*set = (struct dmasync_set){ .number = arg.set, .status = arg.status };
	return 0;
}

int dmasync_request_fd(int ctx, const struct dmasync_request *request)
{
	struct dmabuf_sync_acquire arg;

	return set_request(ctx, request, request->flags | DMABUF_SYNC_ACQUIRE_FD, &arg) ?:
	       (int)arg.set;
}

int dmasync_acquire(int ctx, const struct dmasync_access *accesses, unsigned int nr_accesses,
		    int64_t deadline_ns, struct dmasync_set *set)
{
	struct dmasync_request request = {
		.accesses = accesses,
		.nr_accesses = nr_accesses,
		.deadline_ns = deadline_ns,
	};

	return dmasync_request(ctx, &request, set);
}

int dmasync_try_acquire(int ctx, const struct dmasync_access *accesses,
			unsigned int nr_accesses, struct dmasync_set *set)
{
	struct dmasync_request request = {
		.accesses = accesses,
		.nr_accesses = nr_accesses,
		.flags = DMASYNC_NONBLOCK,
	};

	return dmasync_request(ctx, &request, set);
}

static int set_change(int ctx, struct dmabuf_sync_change *arg, uint32_t *status)
{
	int err = call(ctx, DMABUF_SYNC_IOC_CHANGE, arg);

	if (!err && status)
		*status = arg->status;
	return err;
}

int dmasync_change(int ctx, uint32_t set, const struct dmasync_access *accesses,
		   unsigned int nr_accesses, int64_t deadline_ns, uint32_t *status)
{
	struct dmabuf_sync_change arg = {
		.size = sizeof(arg),
		.set = set,
		.accesses = call_pointer(accesses),
		.nr_accesses = nr_accesses,
		.access_size = sizeof(*accesses),
		.deadline_ns = deadline_ns,
	};

	return set_change(ctx, &arg, status);
}

int dmasync_try_change(int ctx, uint32_t set, const struct dmasync_access *accesses,
		       unsigned int nr_accesses, uint32_t *status)
{
	struct dmabuf_sync_change arg = {
		.size = sizeof(arg),
		.flags = DMABUF_SYNC_CHANGE_NONBLOCK,
		.set = set,
		.accesses = call_pointer(accesses),
		.nr_accesses = nr_accesses,
		.access_size = sizeof(*accesses),
	};

	return set_change(ctx, &arg, status);
}

int dmasync_release(int ctx, uint32_t set)
{
	struct dmabuf_sync_release arg = { .size = sizeof(arg), .set = set };

	return call(ctx, DMABUF_SYNC_IOC_RELEASE, &arg);
}
