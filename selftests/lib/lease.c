// SPDX-License-Identifier: GPL-2.0-only
/* Leases, of the system and of a context. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "st.h"

#define LEASE_MS	"/sys/module/dmabuf_sync/parameters/lease_ms"

unsigned int st_lease_get(void)
{
	FILE *file = fopen(LEASE_MS, "re");
	unsigned int ms = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &ms) != 1)
		ms = 0;
	fclose(file);
	return ms;
}

int st_lease_set(unsigned int ms)
{
	FILE *file = fopen(LEASE_MS, "we");

	if (!file)
		return -errno;
	fprintf(file, "%u\n", ms);
	return fclose(file) ? -errno : 0;
}

long st_lease_wait(int ctx, int fd, uint32_t access, uint32_t *status)
{
	struct dmabuf_sync_access entry = st_access(fd, access, 0, DMABUF_SYNC_TO_END);
	/* It stays when the call does not end. */
	struct st_call *call = calloc(1, sizeof(*call));
	long set;

	if (!call || st_call_start(call, ctx, &entry, 1, 0))
		return -EIO;
	set = st_call_end(call);
	if (set == -ETIME)
		return set;
	if (status)
		*status = call->status;
	free(call);
	return set;
}

int st_lease_promise(int ctx, unsigned int ms)
{
	struct dmabuf_sync_lease lease = { .size = sizeof(lease), .lease_ms = ms };

	return ioctl(ctx, DMABUF_SYNC_IOC_LEASE, &lease) ? -errno : (int)lease.lease_ms;
}
