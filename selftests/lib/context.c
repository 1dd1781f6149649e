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

struct dmabuf_sync_access st_access(int fd, uint32_t access, uint64_t offset,
				    uint64_t length)
{
	return (struct dmabuf_sync_access){
		.fd = fd, .access = access, .offset = offset, .length = length,
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

int st_query(int ctx, int fd, struct dmabuf_sync_info *infos, unsigned int max)
{
	struct dmabuf_sync_query query = {
		.size = sizeof(query),
		.fd = fd,
		.info_size = sizeof(*infos),
		.infos = (uintptr_t)infos,
		.nr_infos = max,
	};

	return ioctl(ctx, DMABUF_SYNC_IOC_QUERY, &query) ? -errno : (int)query.nr_infos;
}

/* Ask again with more room when more came in between. */
int st_query_count(int ctx, int fd, uint32_t state)
{
	struct dmabuf_sync_info *infos = NULL, *more;
	int max = 64, nr, i, count = 0;

	do {
		more = realloc(infos, max * sizeof(*infos));
		if (!more) {
			free(infos);
			return -ENOMEM;
		}
		infos = more;
		nr = st_query(ctx, fd, infos, max);
	} while (nr > max && (max = nr * 2));

	for (i = 0; i < nr; i++)
		count += !state || infos[i].state == state;
	free(infos);
	return nr < 0 ? nr : count;
}
