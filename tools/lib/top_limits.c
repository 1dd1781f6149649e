// SPDX-License-Identifier: GPL-2.0-only
#include "top_limits.h"

#include "options.h"

#define MAX_ACCESSES	16384
#define MAX_BUFFERS	4096
#define RING_BYTES	65536
#define FORGET_S	60
/* The most that either of the first two may be. */
#define MAX_ROOM	(1U << 20)

enum {
	OPTION_MAX_ACCESSES = 512,
	OPTION_MAX_BUFFERS,
};

static const struct argp_option limits_argp[] = {
	{ "max-accesses", OPTION_MAX_ACCESSES, "NUMBER", 0,
	  "Accesses kept at once (16384)", 2 },
	{ "max-buffers", OPTION_MAX_BUFFERS, "NUMBER", 0,
	  "Buffers kept at once (4096)", 2 },
	{ 0 },
};

static error_t limits_one(int key, char *arg, struct argp_state *state)
{
	struct top_limits *limits = state->input;

	switch (key) {
	case OPTION_MAX_ACCESSES:
		limits->max_accesses = options_number(state, "--max-accesses", arg, 1, MAX_ROOM);
		return 0;
	case OPTION_MAX_BUFFERS:
		limits->max_buffers = options_number(state, "--max-buffers", arg, 1, MAX_ROOM);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp top_limits_argp = {
	.options = limits_argp,
	.parser = limits_one,
};

void top_limits_init(struct top_limits *limits)
{
	*limits = (struct top_limits){
		.max_accesses = MAX_ACCESSES,
		.max_buffers = MAX_BUFFERS,
		.ring_bytes = RING_BYTES,
		.forget_s = FORGET_S,
	};
}
