/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where each access was requested. What the programs send are numbers of stacks in the
 * kernel; they are looked up at once, while the process is there, and become frames that can
 * be read on any machine. A frame is written once; stacks share what they have in common.
 */
#ifndef RECORD_STACKS_H
#define RECORD_STACKS_H

#include "ksyms.h"
#include "record_batch.h"
#include "usyms.h"

#define STACKS_MAX_FRAMES	32768
/* Stacks that are not looked up again. */
#define STACKS_NR_SEEN		4096
/* Stacks that are looked up in one turn, at most: a stack takes time. */
#define STACKS_PER_TURN		256
/* Records that one stack may become: two parts, what is said of each, and itself. */
#define STACKS_MAX_RECORDS	(2 * RECORD_STACK_DEPTH + 5)

/* A stack of a process, and its innermost frame. */
struct stacks_seen {
	uint32_t tgid;
	uint64_t frame;
	int64_t kernel;
	int64_t user;
};

/**
 * struct record_stacks - all frames
 * @map: the programs' map of stacks
 * @frames: the frames, by number - 1
 * @nr: how many
 * @tree: the same, by what they are
 * @seen: stacks, at a place that follows from what they are
 * @ksyms: names of the kernel
 * @usyms: names of processes
 * @nr_turn: stacks looked up in this turn
 * @kernel_error: why the kernel's frames have no names, or 0
 * @lost: stacks for which there was no room in the batch, or that have no frames
 * @full: stacks with a frame that would be one too many
 */
struct record_stacks {
	int map;
	struct record *frames;
	size_t nr;
	void *tree;
	struct stacks_seen *seen;
	struct ksyms ksyms;
	struct usyms usyms;
	unsigned int nr_turn;
	int kernel_error;
	uint64_t lost;
	uint64_t full;
};

/* Return: 0 or -ENOMEM. */
int record_stacks_init(struct record_stacks *stacks);
void record_stacks_free(struct record_stacks *stacks);
/* There are programs now, with this map of stacks. */
void record_stacks_begin(struct record_stacks *stacks, int map);
/* The next turn begins: look at processes anew, and up to STACKS_PER_TURN stacks. */
void record_stacks_turn(struct record_stacks *stacks);
/*
 * Put the stack into the batch, behind those of its frames that are new. The batch has room
 * for STACKS_MAX_RECORDS. Return: 0, -ENOSPC, or -ENFILE: there are too many frames.
 */
int record_stacks_add(struct record_stacks *stacks, const struct record_asked *asked,
		      struct record_batch *batch);

#endif /* RECORD_STACKS_H */
