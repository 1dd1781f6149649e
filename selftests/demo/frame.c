// SPDX-License-Identifier: GPL-2.0-only
/*
 * The content of a frame: each word depends on the seed, on the frame's number and on its
 * place. So a frame that is old, torn or in the wrong place is found, by any byte of it.
 */
#include <errno.h>
#include <stdio.h>

#include "demo.h"

/* A key that no frame has: what the producer writes before the content proper. */
#define FRAME_DRAFT	(1ULL << 32)
/* How far back the frame is looked for that wrong bytes come from. */
#define FRAME_HISTORY	64

static uint64_t frame_mix(uint64_t word)
{
	word ^= word >> 31;
	word *= 0x7fb5d329728ea185ULL;
	word ^= word >> 27;
	word *= 0x81dadef4bc2dd44dULL;
	return word ^ word >> 33;
}

static uint64_t frame_key(const struct demo_options *opt, uint64_t frame)
{
	return frame_mix(opt->seed * 0x9e3779b97f4a7c15ULL + frame + 1);
}

static uint64_t frame_word(uint64_t key, size_t place)
{
	return frame_mix(key + place);
}

static void frame_write(uint64_t *words, uint64_t key, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		words[i] = frame_word(key, i);
}

/* Drafts first: whoever sees the buffer before it is filled sees garbage. */
void frame_fill(const struct demo_options *opt, struct st_buffer *buf,
		unsigned int frame, size_t words)
{
	uint64_t draft = frame_key(opt, FRAME_DRAFT + frame);
	size_t nr = buf->size / sizeof(uint64_t);

	for (; words > 2 * nr; words -= nr)
		frame_write((uint64_t *)buf->map, draft, nr);
	if (words > nr)
		frame_write((uint64_t *)buf->map, draft, words - nr);
	frame_write((uint64_t *)buf->map, frame_key(opt, frame), nr);
}

/* Index of the first wrong word, or @nr. */
static size_t frame_compare(const uint64_t *words, uint64_t key, size_t nr)
{
	size_t i;

	for (i = 0; i < nr && words[i] == frame_word(key, i); i++)
		;
	return i;
}

/* Say what is wrong, and whose word it is instead. */
static int frame_complain(const struct demo_options *opt, unsigned int frame,
			  size_t place, uint64_t found)
{
	unsigned int back;

	for (back = 0; back <= FRAME_HISTORY && back <= frame; back++) {
		if (back && found == frame_word(frame_key(opt, frame - back), place))
			return demo_fail(-EIO, "frame %u, byte %zu: still frame %u",
					 frame, place * sizeof(found), frame - back);
		if (found == frame_word(frame_key(opt, FRAME_DRAFT + frame - back), place))
			return demo_fail(-EIO, "frame %u, byte %zu: the unfinished frame %u",
					 frame, place * sizeof(found), frame - back);
	}
	return demo_fail(-EIO, "frame %u, byte %zu: 0x%016llx is not of any frame near it",
			 frame, place * sizeof(found), (unsigned long long)found);
}

/* More than once, when there are words left: it must not change while it is held. */
int frame_check(const struct demo_options *opt, const struct st_buffer *buf,
		unsigned int frame, size_t words)
{
	const uint64_t *have = (const uint64_t *)buf->map;
	size_t nr = buf->size / sizeof(uint64_t), part, place;
	uint64_t key = frame_key(opt, frame);

	for (; words; words -= part) {
		part = words < nr ? words : nr;
		place = frame_compare(have, key, part);
		if (place < part)
			return frame_complain(opt, frame, place, have[place]);
	}
	return 0;
}

/* Time it for so long: then what else the machine does is in the mean. */
#define FRAME_TRIAL_NS	(200 * ST_NSEC_PER_MSEC)

double frame_fill_cost(const struct demo_options *opt, struct st_buffer *buf)
{
	size_t nr = buf->size / sizeof(uint64_t), words = 0;
	int64_t begin = st_now_ns(), ns;

	do {
		frame_fill(opt, buf, 0, nr);
		words += nr;
		ns = st_now_ns() - begin;
	} while (ns < FRAME_TRIAL_NS);
	return (double)ns / words;
}

double frame_check_cost(const struct demo_options *opt, const struct st_buffer *buf)
{
	size_t nr = buf->size / sizeof(uint64_t), words = 0;
	int64_t begin = st_now_ns(), ns;

	do {
		if (frame_check(opt, buf, 0, nr))
			return -1;
		words += nr;
		ns = st_now_ns() - begin;
	} while (ns < FRAME_TRIAL_NS);
	return (double)ns / words;
}
