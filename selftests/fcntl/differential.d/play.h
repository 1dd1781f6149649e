/* SPDX-License-Identifier: GPL-2.0-only */
/* The players of one side: processes that do the steps they are sent, and answer. */
#ifndef _PLAY_H
#define _PLAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "step.h"

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

/* Open the files and start the players; also after a failure it needs side_close(). */
int side_open(struct side *side, bool dma, bool broken);
/* End the players, close the files. */
void side_close(struct side *side);
/* Also in the place of one that has ended. */
int player_start(struct side *side, unsigned int nr);
/* Kill it; nothing if it has ended already. */
void player_end(struct player *player);
/* Tell it to do @step; does not wait for that. */
int player_send(struct player *player, const struct step *step);
/* Is an answer there within @ms? */
bool player_answers(struct player *player, int ms);
/* Wait for what the last step came to. */
int player_answer(struct player *player, struct answer *answer);
/* Sleeps in a system call, and not in the one that waits for steps. */
bool player_sleeps(const struct player *player);
/* main() of a player that has become a new program. */
int player_main(int argc, char **argv);

#endif /* _PLAY_H */
