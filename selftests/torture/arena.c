// SPDX-License-Identifier: GPL-2.0-only
/* The arena: memory that all processes share, and the buffers. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

/* One half of the buffers is of an exporter that counts, the other of a stock one. */
static int buffer_open(struct to_arena *arena, unsigned int i, int test)
{
	int err;

	arena->counted[i] = i % 2;
	err = arena->counted[i] ? st_buffer_test(test, &arena->bufs[i], ST_PAGE, O_RDWR) :
				  st_buffer_udmabuf(&arena->bufs[i], ST_PAGE);
	return err ?: st_buffer_map(&arena->bufs[i]);
}

struct to_arena *to_arena_create(const struct to_options *options, int test)
{
	struct to_arena *arena = st_shared(sizeof(*arena));
	unsigned int i;
	int err;

	if (!arena)
		return NULL;
	arena->options = *options;
	arena->main_pid = getpid();
	arena->seq = 1;
	arena->stamp = 1;
	for (i = 0; i < options->buffers; i++) {
		err = buffer_open(arena, i, test);
		if (err) {
			printf("# cannot make a buffer: %s\n", strerror(-err));
			return NULL;
		}
	}
	return arena;
}

void to_arena_destroy(struct to_arena *arena)
{
	unsigned int i;

	for (i = 0; i < arena->options.buffers; i++)
		st_buffer_close(&arena->bufs[i]);
}

void to_fail(struct to_arena *arena, const char *rule, const char *format, ...)
{
	va_list args;
	int len;

	if (!to_swap(&arena->failed, true)) {
		len = snprintf(arena->failure, sizeof(arena->failure), "%s: ", rule);
		va_start(args, format);
		vsnprintf(arena->failure + len, sizeof(arena->failure) - len, format, args);
		va_end(args);
		to_store(&arena->told, true);
	}
	while (getpid() != arena->main_pid)
		pause();
}
