/* SPDX-License-Identifier: GPL-2.0-only */
/* A step: what one player is to do, on either side. */
#ifndef _STEP_H
#define _STEP_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

#define NR_PLAYERS	4
#define NR_FILES	5
#define FILE_SIZE	8192

/* What a player can do. */
enum step_kind {
	STEP_LOCK,	/* fcntl() */
	STEP_CLOSE,	/* close one of several descriptors of the file */
	STEP_FORK,	/* a child of its own calls fcntl() and exits */
	STEP_EXEC,	/* go on as a new program */
	STEP_SIGNAL,	/* interrupt its call, if it sleeps */
	STEP_KILL,	/* die; another one takes its place */
};

struct step {
	enum step_kind kind;
	unsigned int player;
	unsigned int file;
	int cmd;
	struct flock fl;
};

/* Set a lock that belongs to the open file? */
bool step_sets_ofd(const struct step *step);
/* In words, until the next call. */
const char *step_text(const struct step *step);
/* @nr steps at random: the same @number makes the same ones. */
void step_sequence(struct step *steps, int nr, uint64_t number);

#endif /* _STEP_H */
