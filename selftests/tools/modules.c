// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "modules.h"
#include "st.h"

static int command(const char *format, const char *arg, const char *more)
{
	char text[PATH_MAX * 2];

	snprintf(text, sizeof(text), format, arg, more);
	return system(text);
}

bool modules_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

int modules_unload(const char *name)
{
	return command("rmmod %s%s 2> /dev/null", name, "");
}

int modules_load(const char *name)
{
	char self[PATH_MAX] = "", dir[PATH_MAX];
	struct utsname uts;
	unsigned int a, b;

	if (getenv("DMABUF_SYNC_MODULES")) {
		snprintf(dir, sizeof(dir), "%s", getenv("DMABUF_SYNC_MODULES"));
	} else {
		if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || uname(&uts) ||
		    sscanf(uts.release, "%u.%u", &a, &b) != 2)
			return -1;
		snprintf(dir, sizeof(dir), "%.4000s/../../%u.%u", dirname(self), a, b);
	}
	return command("cd '%s' && insmod \"$(find kernel selftests -name '%s.ko')\"", dir, name);
}

int modules_unload_all(struct modules *modules, const char *name)
{
	char path[128];
	struct dirent *entry;
	DIR *holders;
	int err = 0;

	snprintf(path, sizeof(path), "/sys/module/%s/holders", name);
	holders = opendir(path);
	if (!holders)
		return 0;
	while (!err && (entry = readdir(holders)))
		if (entry->d_name[0] != '.')
			err = modules_unload_all(modules, entry->d_name);
	closedir(holders);
	if (err || modules->nr == ST_ARRAY_SIZE(modules->names) || modules_unload(name))
		return -1;
	snprintf(modules->names[modules->nr++], sizeof(modules->names[0]), "%s", name);
	return 0;
}

int modules_load_all(struct modules *modules)
{
	int err = 0;

	while (!err && modules->nr)
		err = modules_load(modules->names[--modules->nr]);
	return err;
}
