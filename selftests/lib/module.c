// SPDX-License-Identifier: GPL-2.0-only
/* Which form the framework has, and who uses a module. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "st.h"

bool st_framework_is_built_in(void)
{
	return !access("/dev/dmabuf_sync", F_OK) &&
	       access("/sys/module/dmabuf_sync/initstate", F_OK);
}

int st_module_users(const char *name)
{
	char path[64];
	int users = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &users) != 1)
		users = -EBADMSG;
	fclose(file);
	return users;
}
