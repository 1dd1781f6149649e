// SPDX-License-Identifier: GPL-2.0-only
/* What costs are measured in: instructions, where the machine counts them, else time. */
#include "bench.h"
#include "profile/mark.h"

static uint64_t tsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

/* A loop of @nr times two instructions. */
static void spin(uint64_t nr)
{
	asm volatile("1: dec %0; jnz 1b" : "+r"(nr) :: "cc");
}

/*
 * With "-icount shift=0" the time stamp counter is the number of instructions, and two million
 * of them are two million, but for a tick of the timer that falls in between.
 */
bool bench_clock_counts(void)
{
	uint64_t begin, cost, best = UINT64_MAX;
	int i;

	for (i = 0; i < 5; i++) {
		begin = tsc();
		spin(1000000);
		cost = tsc() - begin;
		if (cost < best)
			best = cost;
	}
	return best >= 2000000 && best < 2000100;
}

static int64_t now(const struct bench *bench)
{
	return bench->counted ? (int64_t)tsc() : st_now_ns();
}

int64_t bench_begin(const struct bench *bench)
{
	PROFILE_MARK(PROFILE_BEGIN);
	return now(bench);
}

int64_t bench_end(const struct bench *bench, int64_t begin)
{
	int64_t end = now(bench);

	PROFILE_MARK(PROFILE_END);
	return end - begin;
}
