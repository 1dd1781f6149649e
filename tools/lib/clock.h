/* SPDX-License-Identifier: GPL-2.0-only */
/* CLOCK_MONOTONIC: the time that BPF programs and dmabuf_sync.ko use, too. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NSEC_PER_SEC	1000000000ULL

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * CLOCK_NSEC_PER_SEC + now.tv_nsec;
}

static inline uint64_t clock_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif /* CLOCK_H */
