/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of options on the command line. A wrong one ends the program with status 64. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdint.h>

#include "words.h"

/**
 * options_number() - a whole number
 * @state: of the parser
 * @option: what the user calls the option, with its dashes
 * @arg: what the user wrote: decimal, or hexadecimal after 0x
 * @min: the least number allowed
 * @max: the greatest one
 *
 * Return: the number.
 */
uint64_t options_number(struct argp_state *state, const char *option, const char *arg,
			uint64_t min, uint64_t max);

/**
 * options_power_of_2() - a whole number that is a power of 2
 * @state: of the parser
 * @option: what the user calls the option, with its dashes
 * @arg: what the user wrote
 * @min: the least number allowed, a power of 2
 * @max: the greatest one, likewise
 *
 * Return: the number.
 */
uint64_t options_power_of_2(struct argp_state *state, const char *option, const char *arg,
			    uint64_t min, uint64_t max);

/**
 * options_ring_bytes() - the size of a ring of the kernel: a power of 2, and whole pages
 * @state: of the parser
 * @option: what the user calls the option, with its dashes
 * @arg: what the user wrote
 *
 * Return: the size.
 */
uint32_t options_ring_bytes(struct argp_state *state, const char *option, const char *arg);

/**
 * options_seconds_ns() - a time, as a number of seconds that need not be whole
 * @state: of the parser
 * @option: what the user calls the option, with its dashes
 * @arg: what the user wrote
 * @min: the shortest time allowed, in seconds
 * @max: the longest one
 *
 * Return: the time in nanoseconds.
 */
uint64_t options_seconds_ns(struct argp_state *state, const char *option, const char *arg,
			    double min, double max);

/**
 * options_word() - one of several words
 * @state: of the parser
 * @option: what the user calls the option, with its dashes
 * @arg: what the user wrote
 * @words: where the words are
 * @first: number of the first one allowed
 *
 * Return: the number of the word.
 */
unsigned int options_word(struct argp_state *state, const char *option, const char *arg,
			  enum words words, unsigned int first);

#endif /* OPTIONS_H */
