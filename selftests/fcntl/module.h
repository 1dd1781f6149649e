/* SPDX-License-Identifier: GPL-2.0-only */
/* The module comes and goes. Needs DMABUF_SYNC_MODULES, as run-tests.sh sets it. */
#ifndef _MODULE_H
#define _MODULE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "st.h"

#define PARAMETERS	"/sys/module/dmabuf_sync/parameters/"

static inline int module(const char *verb, const char *name, const char *args)
{
	const char *dir = getenv("DMABUF_SYNC_MODULES");
	char command[512];

	if (!strcmp(verb, "insmod"))
		snprintf(command, sizeof(command), "insmod $(find %s/kernel %s/selftests -name %s.ko) %s",
			 dir, dir, name, args);
	else
		snprintf(command, sizeof(command), "rmmod %s 2>/dev/null", name);
	return system(command);
}

static inline bool loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

static inline bool gone(const char *name)
{
	return !loaded(name) || ST_UNTIL_MS(!module("rmmod", name, ""), 6 * ST_SOON_MS);
}

static inline bool all_gone(void)
{
	return gone("dmabuf_copy") && gone("dma_sim") && gone("dmabuf_sync_test") &&
	       gone("dmabuf_sync");
}

static inline int load(const char *args)
{
	return all_gone() ? module("insmod", "dmabuf_sync", args) : -1;
}

static inline const char *state(void)
{
	static char text[256];
	FILE *f = fopen(PARAMETERS "fcntl_state", "re");

	text[0] = 0;
	if (f && !fgets(text, sizeof(text), f))
		text[0] = 0;
	if (f)
		fclose(f);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static inline int ftrace_enable(bool on)
{
	int fd = open("/proc/sys/kernel/ftrace_enabled", O_WRONLY | O_CLOEXEC);
	int err = write(fd, on ? "1" : "0", 1) == 1 ? 0 : -errno;

	close(fd);
	return err;
}

#endif /* _MODULE_H */
