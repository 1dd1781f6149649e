// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_RING_BYTES	(1U << 30)

uint64_t options_number(struct argp_state *state, const char *option, const char *arg,
			uint64_t min, uint64_t max)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(arg, &end, 0);
	/* A sign or a blank, which strtoull() takes, is a mistake here. */
	if (errno || !isdigit((unsigned char)*arg) || *end || number < min || number > max)
		argp_error(state, "%s: '%s' is not a number from %llu to %llu", option, arg,
			   (unsigned long long)min, (unsigned long long)max);
	return number;
}

uint64_t options_power_of_2(struct argp_state *state, const char *option, const char *arg,
			    uint64_t min, uint64_t max)
{
	uint64_t number = options_number(state, option, arg, min, max);
	uint64_t power = min;

	while (power < number)
		power *= 2;
	if (power != number)
		argp_error(state, "%s: '%s' is not a power of 2: %llu is the next one", option,
			   arg, (unsigned long long)power);
	return number;
}

uint32_t options_ring_bytes(struct argp_state *state, const char *option, const char *arg)
{
	return options_power_of_2(state, option, arg, sysconf(_SC_PAGESIZE), MAX_RING_BYTES);
}

uint64_t options_seconds_ns(struct argp_state *state, const char *option, const char *arg,
			    double min, double max)
{
	double seconds;
	char *end;

	seconds = strtod(arg, &end);
	if (end == arg || *end || !(seconds >= min && seconds <= max))
		argp_error(state, "%s: '%s' is not a number of seconds from %g to %g", option,
			   arg, min, max);
	return llround(seconds * 1e9);
}

unsigned int options_word(struct argp_state *state, const char *option, const char *arg,
			  enum words words, unsigned int first)
{
	int number = words_number(words, arg);
	char list[128];

	if (number >= (int)first)
		return number;
	words_list(words, first, list, sizeof(list));
	argp_error(state, "%s: '%s' is none of %s", option, arg, list);
	return first;
}
