/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Patterns of names, as a shell has them, in a form that BPF and the tools match alike
 * and without branches. A pattern is a row of tokens, each of which accepts one byte; a '*' is
 * no token, but lets the one before it, or the beginning, accept more. A set of bits says how
 * many tokens may have been used up: shift-and.
 */
#ifndef GLOB_H
#define GLOB_H

#include "dmasync_top.h"

/* Tokens of a pattern; a longer one fits no name. */
#define GLOB_MAX	TOP_NAME_LEN

/**
 * struct glob - a pattern
 * @accepts: by byte: bit N + 1 is set when token N accepts it
 * @stars: bit N is set when there is a '*' behind N tokens
 * @end: the bit of all tokens; 0: there is no pattern
 */
struct glob {
	top_u64 accepts[256];
	top_u64 stars;
	top_u64 end;
};

/* Does the name, which ends with a zero byte or with its array, fit? */
static inline int glob_fits(const volatile struct glob *glob, const char name[TOP_NAME_LEN])
{
	top_u64 used = 1;
	top_u32 i;

	for (i = 0; i < TOP_NAME_LEN && name[i]; i++)
		used = (used << 1 & glob->accepts[(unsigned char)name[i]]) |
		       (used & glob->stars);
	return !!(used & glob->end);
}

#endif /* GLOB_H */
