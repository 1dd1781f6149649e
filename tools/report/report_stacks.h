/* SPDX-License-Identifier: GPL-2.0-only */
/* Where accesses that waited were requested: of a recording made with --stacks. */
#ifndef REPORT_STACKS_H
#define REPORT_STACKS_H

#include <stdbool.h>
#include <stdio.h>

#include "output.h"
#include "stack_place.h"
#include "../../bpf/dmasync_record.h"

struct report_waits;

#define SITE_SIZE	VALUE_TEXT_SIZE

/**
 * struct stack_frame - a frame
 * @number: its number
 * @caller: number of the frame that called it, or 0
 * @offset: from the begin of @name, or of @file, or an address
 * @kernel: it is in the kernel
 * @name: function, or empty
 * @file: last part of the name of its file, or module; may be empty
 */
struct stack_frame {
	uint64_t number;
	uint64_t caller;
	uint64_t offset;
	bool kernel;
	char name[PLACE_NAME + 1];
	char file[PLACE_FILE + 1];
};

/**
 * struct stack_row - waits of one place behind another one
 * @waiter: the place that waited
 * @holder: the place that requested what was in the way; empty: it is not known
 * @waits: how many
 * @wait_ns: in all
 * @max_ns: the longest one
 */
struct stack_row {
	char waiter[SITE_SIZE];
	char holder[SITE_SIZE];
	uint64_t waits;
	uint64_t wait_ns;
	uint64_t max_ns;
};

/**
 * struct report_stacks - all of them
 * @frames: the frames; after report_stacks_end(): by number
 * @nr_frames: how many
 * @max_frames: room
 * @nr: stacks that there were
 * @accesses: stacks of accesses, by access id
 * @rows: the places
 * @nr_rows: how many
 */
struct report_stacks {
	struct stack_frame *frames;
	size_t nr_frames, max_frames;
	uint64_t nr;
	void *accesses;
	struct stack_row *rows;
	size_t nr_rows;
};

/* A record, after waits looked at it. */
void report_stacks_record(struct report_stacks *stacks, const struct record *record);
/* Stacks of a wait of @access for @blocker, which it was told of last; 0: not known. */
uint64_t report_stacks_waiter(const struct report_stacks *stacks, uint64_t access);
uint64_t report_stacks_holder(const struct report_stacks *stacks, uint64_t access,
			      uint64_t blocker);
/* All waits are there: make the rows. */
void report_stacks_end(struct report_stacks *stacks, const struct report_waits *waits);
/* A line for each stack that waited: frames, the outermost first, and microseconds. */
void report_stacks_folded(const struct report_stacks *stacks,
			  const struct report_waits *waits, FILE *file);
void report_stacks_free(struct report_stacks *stacks);

/*
 * report_site.c: all frames are there, so they can be found; the frame with this number, or
 * NULL; and what stacks are called. A site is the innermost frame that is neither of the
 * framework nor on the way to it.
 */
void stack_frames_sort(struct report_stacks *stacks);
const struct stack_frame *stack_frame_find(const struct report_stacks *stacks,
					   uint64_t number);
void stack_site(const struct report_stacks *stacks, uint64_t number, char *text, size_t size);
/* All frames behind @comm. The caller frees it. Return: NULL: no memory. */
char *stack_folded(const struct report_stacks *stacks, uint64_t number, const char *comm);

extern const struct table report_stack_table;		/* struct stack_row */

#endif /* REPORT_STACKS_H */
