// SPDX-License-Identifier: GPL-2.0-only
#include "format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* From here on three digits would be rounded to four. */
#define NEXT_UNIT 999.5

static void format_scaled(char *text, size_t size, double value, double step,
			  const char *const *units)
{
	while (value >= NEXT_UNIT && units[1]) {
		value /= step;
		units++;
	}
	snprintf(text, size, value < NEXT_UNIT ? "%.*g%s" : "%.*f%s",
		 value >= NEXT_UNIT ? 0 : value < 1 ? 2 : 3, value, *units);
}

void format_ns(char *text, size_t size, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };
	uint64_t s = ns / 1000000000;

	if (s < 600)
		format_scaled(text, size, ns, 1000, units);
	else if (s < 100 * 60)
		snprintf(text, size, "%" PRIu64 "m%02us", s / 60,
			 (unsigned int)(s % 60));
	else if (s < 100 * 3600)
		snprintf(text, size, "%" PRIu64 "h%02um", s / 3600,
			 (unsigned int)(s / 60 % 60));
	else
		snprintf(text, size, "%" PRIu64 "d", s / 86400);
}

void format_bytes(char *text, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "", "K", "M", "G", "T", "P", "E", NULL };

	format_scaled(text, size, bytes, 1024, units);
}

void format_count(char *text, size_t size, double count)
{
	static const char *const units[] = { "k", "M", "G", NULL };

	if (count < 99.95 && count != (unsigned int)count)
		snprintf(text, size, "%.1f", count);
	else if (count < 99999.5)
		snprintf(text, size, "%.0f", count);
	else
		format_scaled(text, size, count / 1000, 1000, units);
}

void format_percent(char *text, size_t size, double percent)
{
	snprintf(text, size, percent < 99.95 ? "%.1f" : "%.0f", percent);
}

void format_name(char *text, size_t size, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < size && name[i]; i++)
		text[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	text[i] = '\0';
}

void format_array(char *text, const char *name, size_t size)
{
	char whole[size + 1];

	memcpy(whole, name, size);
	whole[size] = '\0';
	format_name(text, size, whole);
}

void format_time_at(char *text, size_t size, uint64_t ns)
{
	time_t time = ns / 1000000000;
	struct tm utc;
	char seconds[32];

	gmtime_r(&time, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, size, "%s.%03uZ", seconds, (unsigned int)(ns / 1000000 % 1000));
}

void format_time(char *text, size_t size)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	format_time_at(text, size, now.tv_sec * 1000000000ULL + now.tv_nsec);
}
