// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a tool: whenever it has taken the time, it stands still for a while, as on a
 * busy machine that gives its processor to somebody else just then.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const struct timespec stall = { .tv_nsec = STALL_MS * 1000000L };
	int ret = syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_MONOTONIC)
		nanosleep(&stall, NULL);
	return ret;
}
