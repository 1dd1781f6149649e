// SPDX-License-Identifier: GPL-2.0-only
/* A game of the differential test: each step is played by the rules, then all is compared. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <kselftest.h>

#include "game.h"
#include "model.h"
#include "st.h"

#define SOON_MS		10000

/**
 * struct game - one sequence of steps, played on both sides
 * @games: those that it is one of
 * @tmpfs: the reference
 * @dma: what is tested
 * @model: what both sides hold and wait for
 * @mixed: locks of the file were granted at the same time, in an order that is nobody's
 *	business: F_GETLK may name any of those in the way
 * @over: the VFS has ended a wait that goes on here
 * @why: what differed
 */
struct game {
	struct games *games;
	struct side tmpfs, dma;
	struct model model;
	bool mixed[NR_FILES];
	bool over;
	char why[GAME_WHY_BYTES];
};

static int differs(struct game *game, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(game->why, sizeof(game->why), format, args);
	va_end(args);
	return -1;
}

static int answer_of(struct game *game, struct player *player, struct answer *answer)
{
	if (!player_answers(player, SOON_MS))
		return differs(game, "no answer from the %s side",
			       player >= game->dma.player &&
			       player < game->dma.player + NR_PLAYERS ? "dma-buf" : "tmpfs");
	return player_answer(player, answer) ?
	       differs(game, "a player died (wait status unknown)") : 0;
}

static int answers_compare(struct game *game, const struct step *step,
			   const struct answer *a, const struct answer *b)
{
	unsigned int owner_a, owner_b;

	if (a->error != b->error)
		return differs(game, "result: tmpfs %d, dma-buf %d", a->error, b->error);
	if (a->error || step->kind != STEP_LOCK ||
	    (step->cmd != F_GETLK && step->cmd != F_OFD_GETLK))
		return 0;
	owner_a = a->fl.l_type == F_UNLCK ? NR_OWNERS :
		  table_owner(&game->tmpfs, a->fl.l_pid);
	owner_b = b->fl.l_type == F_UNLCK ? NR_OWNERS :
		  table_owner(&game->dma, b->fl.l_pid);
	if (a->fl.l_type == b->fl.l_type && a->fl.l_whence == b->fl.l_whence &&
	    a->fl.l_start == b->fl.l_start && a->fl.l_len == b->fl.l_len && owner_a == owner_b)
		return 0;
	if (game->mixed[step->file] &&
	    table_has_lock(&game->model.table, step->file, owner_a, &a->fl) &&
	    table_has_lock(&game->model.table, step->file, owner_b, &b->fl))
		return 0;
	return differs(game, "F_GETLK: tmpfs type %d start %lld len %lld owner %u, dma-buf type %d start %lld len %lld owner %u",
		       a->fl.l_type, (long long)a->fl.l_start, (long long)a->fl.l_len, owner_a,
		       b->fl.l_type, (long long)b->fl.l_start, (long long)b->fl.l_len, owner_b);
}

/* Both do it and return. */
static int play_both(struct game *game, const struct step *step)
{
	struct player *pa = &game->tmpfs.player[step->player];
	struct player *pb = &game->dma.player[step->player];
	struct answer a, b;

	if (player_send(pa, step) || player_send(pb, step))
		return differs(game, "a player is gone");
	if (answer_of(game, pa, &a) || answer_of(game, pb, &b))
		return -1;
	return answers_compare(game, step, &a, &b);
}

/* Only on the dma-buf: a result that a plain file would not give. */
static int play_dma(struct game *game, const struct step *step, int error)
{
	struct player *player = &game->dma.player[step->player];
	struct answer answer;

	if (player_send(player, step) || answer_of(game, player, &answer))
		return differs(game, "a player is gone, or hangs");
	return answer.error == error ? 0 :
	       differs(game, "result on the dma-buf: %d, by its rules %d", answer.error, error);
}

static int becomes_asleep(struct game *game, struct player *player, const char *side)
{
	int64_t end_ns = st_now_ns() + SOON_MS * ST_NSEC_PER_MSEC;

	while (!player_sleeps(player)) {
		if (player_answers(player, 0))
			return differs(game, "the %s side returns, the other one sleeps", side);
		if (st_now_ns() > end_ns)
			return differs(game, "the %s side does not get to sleep", side);
	}
	return 0;
}

static int play_asleep(struct game *game, const struct step *step, const struct lock *lock)
{
	struct player *pa = &game->tmpfs.player[step->player];
	struct player *pb = &game->dma.player[step->player];

	if (player_send(pa, step) || player_send(pb, step))
		return differs(game, "a player is gone");
	if (becomes_asleep(game, pa, "tmpfs") || becomes_asleep(game, pb, "dma-buf"))
		return -1;
	game->model.waiting[step->player] = *lock;
	game->model.sleeps[step->player] = true;
	game->games->counts.slept++;
	return 0;
}

/* Interrupt the call until it ends: the signal may come before the call. */
static int interrupt(struct game *game, struct player *player, struct answer *answer)
{
	int64_t end_ns = st_now_ns() + SOON_MS * ST_NSEC_PER_MSEC;

	do {
		kill(player->pid, SIGUSR1);
		if (player_answers(player, 2))
			return player_answer(player, answer);
	} while (st_now_ns() < end_ns);
	return differs(game, "a signal does not end the call");
}

/*
 * A sleeper that the VFS has woken to look again is not in its graph until it sleeps again: the
 * cycle would then be found by that one, or by this one, as it happens.
 */
static int all_settle(struct game *game)
{
	unsigned int p;

	for (p = 0; p < NR_PLAYERS; p++)
		if (game->model.sleeps[p] && becomes_asleep(game, &game->tmpfs.player[p], "tmpfs"))
			return -1;
	return 0;
}

/* A cycle: on the dma-buf EDEADLK at once; the VFS may overlook it, then it is taken back. */
static int play_deadlock(struct game *game, const struct step *step)
{
	struct player *player = &game->tmpfs.player[step->player];
	int64_t end_ns = st_now_ns() + SOON_MS * ST_NSEC_PER_MSEC;
	struct answer answer;

	if (all_settle(game) || play_dma(game, step, -EDEADLK))
		return -1;
	if (player_send(player, step))
		return differs(game, "a player is gone");
	while (!player_answers(player, 0) && !player_sleeps(player))
		if (st_now_ns() > end_ns)
			return differs(game, "the tmpfs side neither returns nor sleeps");
	if (player_answers(player, 0)) {
		if (answer_of(game, player, &answer))
			return -1;
	} else {
		game->games->counts.deadlock++;
		if (interrupt(game, player, &answer))
			return -1;
	}
	return answer.error == -EDEADLK || answer.error == -EINTR ? 0 :
	       differs(game, "result on tmpfs: %d in a deadlock", answer.error);
}

static int play_signal(struct game *game, unsigned int p)
{
	struct answer a, b;

	if (interrupt(game, &game->tmpfs.player[p], &a) ||
	    interrupt(game, &game->dma.player[p], &b))
		return -1;
	game->model.sleeps[p] = false;
	game->model.interrupted[p] = game->model.waiting[p];
	return a.error == -EINTR && b.error == -EINTR ? 0 :
	       differs(game, "after a signal: tmpfs %d, dma-buf %d", a.error, b.error);
}

static int play_kill(struct game *game, unsigned int p)
{
	player_end(&game->tmpfs.player[p]);
	player_end(&game->dma.player[p]);
	game->model.sleeps[p] = false;
	return player_start(&game->tmpfs, p) || player_start(&game->dma, p) ?
	       differs(game, "fork failed") : 0;
}

static int skip(struct game *game)
{
	game->games->counts.skipped++;
	return 0;
}

static bool sleeps_if_blocked(const struct step *step)
{
	return step->cmd == F_SETLKW;
}

/*
 * The same call that a signal has interrupted: it may go on with the place that it had, and so not
 * be the last one of a cycle, which is the one to fail.
 */
static bool is_made_again(const struct game *game, const struct step *step, const struct lock *lock)
{
	const struct lock *before = &game->model.interrupted[step->player];

	return lock->file == before->file && lock->type == before->type &&
	       lock->start == before->start && lock->end == before->end;
}

static int play_lock(struct game *game, const struct step *step)
{
	struct lock lock;
	bool holder;

	if (!model_lock_of(step, &lock))
		return play_both(game, step);
	if (step_sets_ofd(step)) {
		game->games->counts.ofd++;
		return play_dma(game, step, -EINVAL);
	}
	holder = model_has_holder(&game->model, &lock);
	if (model_is_behind(&game->model, &lock)) {
		if (sleeps_if_blocked(step) || step->kind == STEP_FORK)
			return skip(game);
		if (holder)
			return play_both(game, step);
		game->games->counts.queue++;
		return play_dma(game, step, -EAGAIN);
	}
	if (!holder || !sleeps_if_blocked(step))
		return play_both(game, step);
	if (step->kind == STEP_FORK)
		return skip(game);
	if (model_closes_cycle(&game->model, &lock))
		return is_made_again(game, step, &lock) ? skip(game) : play_deadlock(game, step);
	if (model_meets_sleeper(&game->model, &lock))
		return skip(game);
	return play_asleep(game, step, &lock);
}

static int play_step(struct game *game, const struct step *step)
{
	bool asleep = game->model.sleeps[step->player];

	if (step->kind == STEP_KILL)
		return play_kill(game, step->player);
	if (step->kind == STEP_SIGNAL)
		return asleep ? play_signal(game, step->player) : 0;
	if (asleep)
		return 0;
	if (step->kind == STEP_LOCK || step->kind == STEP_FORK)
		return play_lock(game, step);
	return play_both(game, step);
}

/*
 * A sleeper of the VFS looks for a deadlock each time that it is woken, over the requests that are
 * blocked just then, and those of a cycle that it overlooked before come and go. What it finds is
 * its own affair, and the sides go different ways from there.
 */
static bool is_over(struct game *game, const struct side *side, const struct answer *answer)
{
	if (side->dma || answer->error != -EDEADLK)
		return false;
	game->over = true;
	game->games->counts.late++;
	return true;
}

/* Somebody is in the sleeper's way. */
static bool returns_early(struct game *game, struct side *side, unsigned int p)
{
	const struct lock *lock = &game->model.waiting[p];
	struct answer answer;

	if (!player_answers(&side->player[p], 0))
		return false;
	if (player_answer(&side->player[p], &answer))
		answer.error = -EPIPE;
	if (is_over(game, side, &answer))
		return true;
	differs(game, "player %u returns %d on %s before its time: file %u owner %u %c[%lld,%lld], tables%s",
		p, answer.error, side->dma ? "the dma-buf" : "tmpfs", lock->file, lock->owner,
		lock->type == F_WRLCK ? 'W' : 'R', (long long)lock->start,
		(long long)lock->end, table_text(&game->model.table));
	return true;
}

/*
 * Whoever has nobody in the way any more must get in, on both sides. Waiting requests do not
 * conflict with each other, so none that gets in is in another's way. Return: how many.
 */
static int play_grants(struct game *game, unsigned int *nr_granted)
{
	struct model *model = &game->model;
	struct answer a, b;
	unsigned int p;
	int granted = 0;

	for (p = 0; p < NR_PLAYERS; p++) {
		if (!model->sleeps[p] || model_has_holder(model, &model->waiting[p]))
			continue;
		if (answer_of(game, &game->tmpfs.player[p], &a) ||
		    answer_of(game, &game->dma.player[p], &b))
			return -1;
		if (!b.error && is_over(game, &game->tmpfs, &a))
			return -1;
		if (a.error || b.error)
			return differs(game, "sleeper: tmpfs %d, dma-buf %d", a.error, b.error);
		model->sleeps[p] = false;
		if (++nr_granted[model->waiting[p].file] > 1)
			game->mixed[model->waiting[p].file] = true;
		granted++;
	}
	game->games->counts.granted += granted;
	return granted;
}

static int tables_compare(struct game *game, const struct table *dma)
{
	const struct table *tmpfs = &game->model.table;
	unsigned int f;

	if (!table_equal(tmpfs, dma))
		return differs(game, "tables: tmpfs%s, dma-buf%s", table_text(tmpfs),
			       table_text(dma));
	for (f = 0; f < NR_FILES; f++)
		if (!table_has_file(tmpfs, f))
			game->mixed[f] = false;
	return 0;
}

/*
 * The tables after the step, and again when sleepers got in because of it: what they get may be
 * a downgrade, which lets others in.
 */
static int play_compare(struct game *game)
{
	unsigned int nr_granted[NR_FILES] = { 0 }, p;
	static struct table dma;
	int granted;

	do {
		table_read(&game->model.table, &game->tmpfs, &dma, &game->dma);
		granted = play_grants(game, nr_granted);
		if (granted < 0)
			return -1;
	} while (granted);
	for (p = 0; p < NR_PLAYERS; p++)
		if (game->model.sleeps[p] && (returns_early(game, &game->tmpfs, p) ||
					      returns_early(game, &game->dma, p)))
			return -1;
	return tables_compare(game, &dma);
}

int game_play(struct games *games, const struct step *steps, int nr, char *why)
{
	static struct game game;
	int i = -1;

	memset(&game, 0, sizeof(game));
	game.games = games;
	if (side_open(&game.tmpfs, false, false) || side_open(&game.dma, true, games->broken)) {
		snprintf(why, sizeof(game.why), "cannot open the files or start the players");
		goto close;
	}
	for (i = 0; i < nr; i++) {
		if (games->verbose)
			ksft_print_msg("%d: %s\n", i, step_text(&steps[i]));
		if (play_step(&game, &steps[i]) || play_compare(&game))
			break;
		games->counts.steps++;
	}
	if (game.over)
		i = nr;
	memcpy(why, game.why, sizeof(game.why));
close:
	side_close(&game.tmpfs);
	side_close(&game.dma);
	return i;
}
