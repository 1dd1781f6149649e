/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps of the differential test, and the processes that play them on one side. */
#ifndef _PLAY_H
#define _PLAY_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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
	STEP_NR_KINDS,
};

struct step {
	enum step_kind kind;
	unsigned int player;
	unsigned int file;
	int cmd;
	struct flock fl;
};

struct answer {
	int error;
	struct flock fl;
};

/**
 * struct player - a process on one side
 * @pid: its process
 * @to: steps
 * @from: answers
 */
struct player {
	pid_t pid;
	int to, from;
};

/**
 * struct side - the players and files of one side
 * @dma: the files are dma-bufs, else of a tmpfs
 * @broken: F_UNLCK leaves a byte out: the difference that must be found
 * @fd: the files
 * @id: the files as /proc/locks names them
 * @player: who locks there
 */
struct side {
	bool dma;
	bool broken;
	int fd[NR_FILES];
	char id[NR_FILES][48];
	struct player player[NR_PLAYERS];
};

int side_open(struct side *side, bool dma, bool broken);
void side_close(struct side *side);
int player_start(struct side *side, unsigned int nr);
void player_end(struct player *player);
int player_send(struct player *player, const struct step *step);
/* Is an answer there within @ms? */
bool player_answers(struct player *player, int ms);
int player_answer(struct player *player, struct answer *answer);
/* Sleeps in a system call, and not in the one that waits for steps. */
bool player_sleeps(const struct player *player);
/* main() of a player that has become a new program. */
int player_main(int argc, char **argv);

const char *step_text(const struct step *step);

#endif /* _PLAY_H */
