// SPDX-License-Identifier: GPL-2.0-only
/* Leases, of the system and of a context. */
#include <errno.h>
#include <stdio.h>
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

int st_lease_promise(int ctx, unsigned int ms)
{
	struct dmabuf_sync_lease lease = { .size = sizeof(lease), .lease_ms = ms };

	return ioctl(ctx, DMABUF_SYNC_IOC_LEASE, &lease) ? -errno : (int)lease.lease_ms;
}
