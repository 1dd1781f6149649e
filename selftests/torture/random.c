// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers: splitmix64, so that nearby seeds give unrelated streams. */
#include "torture.h"

void to_random_seed(struct to_random *random, uint64_t seed)
{
	random->state = seed;
}

static uint64_t random_next(struct to_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

unsigned int to_random_below(struct to_random *random, unsigned int below)
{
	return (random_next(random) >> 32) * below >> 32;
}

bool to_random_percent(struct to_random *random, unsigned int percent)
{
	return to_random_below(random, 100) < percent;
}
