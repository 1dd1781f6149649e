// SPDX-License-Identifier: GPL-2.0-only
/* Time, as deadlines and ages count it. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "st.h"

int64_t st_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * ST_NSEC_PER_SEC + now.tv_nsec;
}

void st_sleep_ms(unsigned int ms)
{
	struct timespec left = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * ST_NSEC_PER_MSEC,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

unsigned int st_slowness(void)
{
	const char *factor = getenv("TIMEOUT_FACTOR");

	return factor && atoi(factor) > 1 ? atoi(factor) : 1;
}
