// SPDX-License-Identifier: GPL-2.0-only
/* A step of the differential test: its text, and sequences of steps at random. */
#include <stdio.h>
#include <unistd.h>

#include "st.h"
#include "step.h"

bool step_sets_ofd(const struct step *step)
{
	return step->cmd == F_OFD_SETLK || step->cmd == F_OFD_SETLKW;
}

static const char *type_text(short type)
{
	return type == F_RDLCK ? "F_RDLCK" : type == F_WRLCK ? "F_WRLCK" :
	       type == F_UNLCK ? "F_UNLCK" : "bad type";
}

static const char *cmd_text(int cmd)
{
	return cmd == F_SETLK ? "F_SETLK" : cmd == F_SETLKW ? "F_SETLKW" :
	       cmd == F_GETLK ? "F_GETLK" : cmd == F_OFD_SETLK ? "F_OFD_SETLK" :
	       cmd == F_OFD_SETLKW ? "F_OFD_SETLKW" : "F_OFD_GETLK";
}

const char *step_text(const struct step *step)
{
	static const char * const kind[] = { "", "close", "fork: ", "exec", "signal", "kill" };
	static char text[160];
	int used;

	used = snprintf(text, sizeof(text), "player %u: %s", step->player, kind[step->kind]);
	if (step->kind == STEP_CLOSE)
		snprintf(text + used, sizeof(text) - used, " file %u", step->file);
	if (step->kind == STEP_LOCK || step->kind == STEP_FORK)
		snprintf(text + used, sizeof(text) - used,
			 "file %u %s %s whence %d start %lld len %lld pid %d", step->file,
			 cmd_text(step->cmd), type_text(step->fl.l_type), step->fl.l_whence,
			 (long long)step->fl.l_start, (long long)step->fl.l_len,
			 step->fl.l_pid);
	return text;
}

static uint64_t random_state;

static unsigned int random_below(unsigned int n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % n;
}

static bool one_in(unsigned int n)
{
	return !random_below(n);
}

static int64_t random_offset(void)
{
	static const int64_t far[] = { FILE_SIZE - 1, FILE_SIZE, FILE_SIZE + 5, INT64_MAX,
				       INT64_MAX - 1, 1LL << 40, -1, -FILE_SIZE };

	return one_in(12) ? far[random_below(ST_ARRAY_SIZE(far))] : (int64_t)random_below(24);
}

static struct flock random_flock(void)
{
	static const short types[] = { F_RDLCK, F_RDLCK, F_WRLCK, F_UNLCK, F_UNLCK };
	struct flock fl = { 0 };

	fl.l_type = one_in(60) ? 9 : types[random_below(ST_ARRAY_SIZE(types))];
	fl.l_whence = one_in(6) ? SEEK_CUR : one_in(12) ? SEEK_END : one_in(60) ? 7 : SEEK_SET;
	fl.l_start = random_offset();
	if (fl.l_whence == SEEK_END && one_in(2))
		fl.l_start -= FILE_SIZE;
	fl.l_len = one_in(10) ? -(int64_t)random_below(8) : one_in(40) ? INT64_MAX :
		   1 + (int64_t)random_below(12);
	/* To the end of all offsets; as a lock it would soon be in everybody's way. */
	if (one_in(fl.l_type == F_UNLCK ? 3 : 40))
		fl.l_len = 0;
	return fl;
}

static struct step random_step(void)
{
	static const int cmds[] = { F_SETLK, F_SETLK, F_SETLK, F_SETLKW, F_SETLKW, F_SETLKW,
				    F_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_OFD_GETLK };
	struct step step = { .kind = STEP_LOCK };
	unsigned int dice = random_below(200);

	step.player = random_below(NR_PLAYERS);
	step.file = one_in(16) ? 3 + random_below(2) : random_below(3);
	step.cmd = cmds[random_below(ST_ARRAY_SIZE(cmds))];
	step.fl = random_flock();
	if ((step_sets_ofd(&step) || step.cmd == F_OFD_GETLK) && one_in(20))
		step.fl.l_pid = 1;
	if (dice < 10)
		step.kind = STEP_CLOSE;
	else if (dice < 16)
		step.kind = STEP_SIGNAL;
	else if (dice < 18)
		step.kind = STEP_FORK;
	else if (dice < 19)
		step.kind = STEP_EXEC;
	else if (dice < 20)
		step.kind = STEP_KILL;
	return step;
}

void step_sequence(struct step *steps, int nr, uint64_t number)
{
	int i;

	random_state = number * 2654435761u + 1;
	for (i = 0; i < nr; i++)
		steps[i] = random_step();
}
