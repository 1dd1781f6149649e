// SPDX-License-Identifier: GPL-2.0-only
/* Calls on /dev/dmabuf_sync: an open file is an owner. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "st.h"

int st_context_open(void)
{
	int fd = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

struct dmabuf_sync_access st_access(int fd, uint32_t mode, uint64_t offset,
				    uint64_t length)
{
	return (struct dmabuf_sync_access){
		.fd = fd, .mode = mode, .offset = offset, .length = length,
	};
}

int st_acquire(int ctx, const struct dmabuf_sync_access *accesses,
	       unsigned int nr_accesses, uint32_t flags, int64_t deadline_ns,
	       uint64_t user_data, struct dmabuf_sync_acquire *out)
{
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.flags = flags,
		.accesses = (uintptr_t)accesses,
		.nr_accesses = nr_accesses,
		.access_size = sizeof(*accesses),
		.deadline_ns = deadline_ns,
		.user_data = user_data,
	};

	if (ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire))
		return -errno;
	if (out)
		*out = acquire;
	return 0;
}

long st_lock_set(int ctx, const struct dmabuf_sync_access *accesses,
		 unsigned int nr_accesses, uint32_t flags)
{
	struct dmabuf_sync_acquire out = { 0 };
	int err = st_acquire(ctx, accesses, nr_accesses, flags, 0, 0, &out);

	return err ?: (long)out.set;
}

long st_lock(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length,
	     uint32_t flags)
{
	struct dmabuf_sync_access entry = st_access(fd, access, offset, length);

	return st_lock_set(ctx, &entry, 1, flags);
}

long st_lock_all(int ctx, int fd, uint32_t access, uint32_t flags)
{
	return st_lock(ctx, fd, access, 0, DMABUF_SYNC_TO_END, flags);
}

long st_lock_ms(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length,
		unsigned int ms)
{
	struct dmabuf_sync_access entry = st_access(fd, access, offset, length);
	struct dmabuf_sync_acquire out = { 0 };
	int err = st_acquire(ctx, &entry, 1, 0, st_now_ns() + ms * ST_NSEC_PER_MSEC, 0,
			     &out);

	return err ?: (long)out.set;
}

int st_release(int ctx, long set)
{
	struct dmabuf_sync_release release = {
		.size = sizeof(release),
		.set = set,
	};

	return ioctl(ctx, DMABUF_SYNC_IOC_RELEASE, &release) ? -errno : 0;
}

int st_change(int ctx, long set, const struct dmabuf_sync_access *accesses,
	      unsigned int nr_accesses, uint32_t flags, int64_t deadline_ns, uint32_t *status)
{
	struct dmabuf_sync_change change = {
		.size = sizeof(change),
		.flags = flags,
		.set = set,
		.status = ~0U,
		.accesses = (uintptr_t)accesses,
		.nr_accesses = nr_accesses,
		.access_size = sizeof(*accesses),
		.deadline_ns = deadline_ns,
	};

	if (ioctl(ctx, DMABUF_SYNC_IOC_CHANGE, &change))
		return -errno;
	if (status)
		*status = change.status;
	return 0;
}

int st_change_one(int ctx, long set, int fd, uint32_t access, uint64_t offset, uint64_t length,
		  uint32_t flags)
{
	struct dmabuf_sync_access entry = st_access(fd, access, offset, length);

	return st_change(ctx, set, &entry, 1, flags, 0, NULL);
}

bool st_event_pending(int ctx, unsigned int ms)
{
	struct pollfd pfd = { .fd = ctx, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 && (pfd.revents & POLLIN);
}

int st_event_read(int ctx, struct dmabuf_sync_event *event, unsigned int ms)
{
	ssize_t got;

	if (!st_event_pending(ctx, ms))
		return -ETIMEDOUT;
	got = read(ctx, event, sizeof(*event));
	if (got < 0)
		return -errno;
	return got == sizeof(*event) ? 0 : -EBADMSG;
}

int st_event_result(int ctx, long set)
{
	struct dmabuf_sync_event event;
	int err;

	do {
		err = st_event_read(ctx, &event, ST_SOON_MS);
		if (err)
			return err;
	} while (event.set != set);
	return event.result;
}

int st_query_call(int ctx, struct dmabuf_sync_query *query)
{
	return ioctl(ctx, DMABUF_SYNC_IOC_QUERY, query) ? -errno : 0;
}

struct dmabuf_sync_query st_query_of(int fd, struct dmabuf_sync_info *infos, unsigned int max)
{
	return (struct dmabuf_sync_query){
		.size = sizeof(struct dmabuf_sync_query),
		.fd = fd,
		.info_size = sizeof(*infos),
		.infos = (uintptr_t)infos,
		.nr_infos = max,
	};
}

/* Return: how many entries there are, as far as they fit; @query tells whether there are more. */
static int query_all(int ctx, struct dmabuf_sync_query *query)
{
	unsigned int max = query->nr_infos, nr = 0;
	uint64_t infos = query->infos;
	int err;

	do {
		query->infos = infos + nr * sizeof(struct dmabuf_sync_info);
		query->nr_infos = max - nr;
		err = st_query_call(ctx, query);
		if (err)
			return err;
		nr += query->nr_infos;
	} while (query->cursor.more && nr < max);
	return nr;
}

int st_query(int ctx, int fd, struct dmabuf_sync_info *infos, unsigned int max)
{
	struct dmabuf_sync_query query = st_query_of(fd, infos, max);
	int nr = query_all(ctx, &query);

	return nr < 0 || !query.cursor.more ? nr : (int)(query.nr_held + query.nr_queued);
}

int st_query_blockers(int ctx, int fd, const struct dmabuf_sync_info *waiter,
		      struct dmabuf_sync_info *infos, unsigned int max)
{
	struct dmabuf_sync_query query = st_query_of(fd, infos, max);

	query.flags = DMABUF_SYNC_QUERY_BLOCKERS;
	query.access_id = waiter->access_id;
	query.offset = waiter->offset;
	return query_all(ctx, &query);
}

int st_query_count(int ctx, int fd, uint32_t state)
{
	struct dmabuf_sync_info infos[128];
	struct dmabuf_sync_query query = st_query_of(fd, infos, 0);
	unsigned int i;
	int count = 0, err;

	do {
		query.nr_infos = ST_ARRAY_SIZE(infos);
		err = st_query_call(ctx, &query);
		if (err)
			return err;
		for (i = 0; i < query.nr_infos; i++)
			count += !state || infos[i].state == state;
	} while (query.cursor.more);
	return count;
}
