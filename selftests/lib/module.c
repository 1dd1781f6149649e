// SPDX-License-Identifier: GPL-2.0-only
/* Which form the framework has, who uses a module; modules that come and go. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

static bool module_is_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

int st_module_load(const char *name, const char *args)
{
	const char *dir = getenv("DMABUF_SYNC_MODULES");
	char command[512];

	if (!dir)
		return -ENOENT;
	snprintf(command, sizeof(command),
		 "insmod $(find %s/kernel %s/selftests -name %s.ko) %s 2>/dev/null",
		 dir, dir, name, args);
	return system(command) ? -EINVAL : 0;
}

static bool module_remove(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "rmmod %s 2>/dev/null", name);
	return !system(command);
}

/* The last put of a buffer or a fence comes a little after the close. */
bool st_module_unload(const char *name)
{
	return !module_is_loaded(name) ||
	       ST_UNTIL_MS(module_remove(name), 6 * ST_SOON_MS);
}
