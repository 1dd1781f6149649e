/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people read them: three digits and a unit. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Each of these fits the number of characters that its comment tells. */
void format_ns(char *text, size_t size, uint64_t ns);		/* 6: 12.3ms */
void format_bytes(char *text, size_t size, uint64_t bytes);	/* 5: 1.5M */
void format_count(char *text, size_t size, double count);	/* 5: 12345, 1.2M */
void format_percent(char *text, size_t size, double percent);	/* 4: 12.3, 100 */

/* Copy a name that anybody may have chosen: what is not printable becomes '?'. */
void format_name(char *text, size_t size, const char *name);
/* The same from an array of @size bytes, which may be full, into one; they may be the same. */
void format_array(char *text, const char *name, size_t size);
/* Now, or at @ns of CLOCK_REALTIME, in UTC, as in 2024-05-31T12:00:01.234Z. */
void format_time(char *text, size_t size);
void format_time_at(char *text, size_t size, uint64_t ns);

#endif /* FORMAT_H */
