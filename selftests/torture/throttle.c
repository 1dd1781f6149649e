// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cgroup that gives its processes hardly any processor time: whoever is in it is stopped wherever
 * it just is, in the kernel, too (up to 6.16), for most of each period.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

#define THROTTLED	"/sys/fs/cgroup/dmabuf_sync_throttled"
/* Microseconds of processor time, in each period. */
#define CPU_MAX		"2000 20000"

/* Where processes were before. */
static char home[256];

static bool home_find(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char path[128] = "";
	bool found = file && fscanf(file, "0::%127s", path) == 1;

	if (file)
		fclose(file);
	snprintf(home, sizeof(home), "/sys/fs/cgroup%s/cgroup.procs", path);
	return found;
}

bool to_throttle_start(void)
{
	if (mkdir(THROTTLED, 0755) && errno != EEXIST)
		return false;
	return home_find() && !st_file_write(THROTTLED "/cpu.max", CPU_MAX);
}

/* The process may be gone. */
static void move(const char *procs, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	st_file_write(procs, text);
}

void to_throttle_add(pid_t pid)
{
	move(THROTTLED "/cgroup.procs", pid);
}

void to_throttle_remove(pid_t pid)
{
	move(home, pid);
}

void to_throttle_stop(void)
{
	rmdir(THROTTLED);
}
