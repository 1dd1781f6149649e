// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks on dma-bufs against those on files of a tmpfs: random steps by several processes,
 * played on both; every result, errno and F_GETLK answer, who sleeps, and the lock tables are
 * compared after each step.
 *
 * usage: differential [--steps N] [--seed N] [--verbose]
 *
 * DIFFERENTIAL="--steps N --seed N" in the environment is the same, for run-tests.sh.
 *
 * Steps whose outcome differs by design are known by a rule (docs/user-guide.rst, "What differs
 * from a plain file"), held against that rule on the dma-buf, and counted:
 *
 *	queue		a request that conflicts with one that waits already gets EAGAIN, or waits
 *			behind it, unless that one waits for its owner
 *	deadlock	a cycle is found at once, also over a second holder and over F_OFD locks,
 *			where the VFS finds it later or never
 *
 * A failing sequence is shrunk and printed.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "play.h"
#include "st.h"

#define SESSION_STEPS	500
#define MAX_LOCKS	512
#define SOON_MS		10000
#define SHRINK_MS	120000
/* Owners: players, files (F_OFD locks), and a player's child. */
#define OWNER_FILE(f)	(NR_PLAYERS + (f))
#define OWNER_CHILD	(NR_PLAYERS + NR_FILES)
#define NR_OWNERS	(OWNER_CHILD + 1)

struct lock {
	unsigned int file, owner;
	short type;
	int64_t start, end;
};

struct table {
	unsigned int nr;
	struct lock locks[MAX_LOCKS];
};

/**
 * struct game - one session
 * @tmpfs: the reference
 * @dma: what is tested
 * @waiting: requests of sleeping players, by player
 * @sleeps: the player sleeps
 * @table: the locks, from the last comparison
 * @mixed: locks of the file were granted at the same time, in an order that is nobody's
 *	business: F_GETLK may name any of those in the way
 * @why: what differed
 */
struct game {
	struct side tmpfs, dma;
	struct lock waiting[NR_PLAYERS];
	bool sleeps[NR_PLAYERS];
	struct table table;
	bool mixed[NR_FILES];
	char why[512];
};

static struct {
	unsigned long steps, slept, granted, queue, deadlock, skipped;
} counts;

static bool verbose;

static int differs(struct game *game, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(game->why, sizeof(game->why), format, args);
	va_end(args);
	return -1;
}

/* Tables */

static int lock_cmp(const void *pa, const void *pb)
{
	const struct lock *a = pa, *b = pb;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

static bool lock_equal(const struct lock *a, const struct lock *b)
{
	return a->file == b->file && a->owner == b->owner && a->type == b->type &&
	       a->start == b->start && a->end == b->end;
}

static unsigned int owner_of(const struct side *side, int pid, unsigned int file)
{
	unsigned int i;

	for (i = 0; i < NR_PLAYERS; i++)
		if (side->player[i].pid == pid)
			return i;
	return pid == -1 ? OWNER_FILE(file) : NR_OWNERS;
}

static const char *next_word(const char **at)
{
	const char *word;

	*at += strspn(*at, " ");
	word = *at;
	*at += strcspn(*at, " \n");
	return word;
}

static bool word_is(const char *word, const char *text)
{
	size_t len = strlen(text);

	return !strncmp(word, text, len) && (word[len] == ' ' || word[len] == '\n');
}

/*
 * A line of /proc/locks: number, class, kind, type, pid, file, start, end. Not with sscanf(),
 * which would be most of what a step costs.
 */
static void table_add(struct table *table, const struct side *side, const char *line)
{
	const char *word[8];
	unsigned int i, f;

	for (i = 0; i < ST_ARRAY_SIZE(word); i++)
		word[i] = next_word(&line);
	for (f = 0; f < NR_FILES; f++)
		if (word_is(word[5], side->id[f]))
			break;
	if (f == NR_FILES || table->nr == MAX_LOCKS)
		return;
	table->locks[table->nr++] = (struct lock){
		.file = f,
		.owner = owner_of(side, atoi(word[4]), f),
		.type = word[3][0] == 'W' ? F_WRLCK : F_RDLCK,
		.start = atoll(word[6]),
		.end = word[7][0] == 'E' ? INT64_MAX : atoll(word[7]),
	};
}

static size_t locks_read(char *text, size_t size)
{
	static int fd = -1;
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		fd = open("/proc/locks", O_RDONLY | O_CLOEXEC);
	while (used < size - 1 && (got = pread(fd, text + used, size - 1 - used, used)) > 0)
		used += got;
	text[used] = 0;
	return used;
}

static void tables_read(struct game *game, struct table *tmpfs, struct table *dma)
{
	static char text[1 << 16];
	const char *line, *at;

	tmpfs->nr = 0;
	dma->nr = 0;
	locks_read(text, sizeof(text));
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		/* Sleepers have an arrow after their number, on a plain file. */
		at = line;
		next_word(&at);
		if (!strncmp(next_word(&at), "->", 2))
			continue;
		table_add(tmpfs, &game->tmpfs, line);
		table_add(dma, &game->dma, line);
	}
	qsort(tmpfs->locks, tmpfs->nr, sizeof(struct lock), lock_cmp);
	qsort(dma->locks, dma->nr, sizeof(struct lock), lock_cmp);
}

static const char *table_text(const struct table *table)
{
	static char text[2][200];
	static int which;
	size_t used = 0;
	unsigned int i;

	which = !which;
	text[which][0] = 0;
	for (i = 0; i < table->nr && used < sizeof(text[0]); i++)
		used += snprintf(text[which] + used, sizeof(text[0]) - used,
				 " %u/%u:%c[%lld,%lld]", table->locks[i].file,
				 table->locks[i].owner,
				 table->locks[i].type == F_WRLCK ? 'W' : 'R',
				 (long long)table->locks[i].start,
				 (long long)table->locks[i].end);
	return text[which];
}

static int tables_compare(struct game *game, const struct table *dma)
{
	unsigned int i, f;

	if (game->table.nr == dma->nr) {
		for (i = 0; i < dma->nr; i++)
			if (!lock_equal(&dma->locks[i], &game->table.locks[i]))
				break;
		if (i == dma->nr)
			goto equal;
	}
	return differs(game, "tables: tmpfs%s, dma-buf%s", table_text(&game->table),
		       table_text(dma));
equal:
	for (f = 0; f < NR_FILES; f++) {
		for (i = 0; i < game->table.nr; i++)
			if (game->table.locks[i].file == f)
				break;
		if (i == game->table.nr)
			game->mixed[f] = false;
	}
	return 0;
}

/* The model: who is in whose way. */

static bool conflicts(const struct lock *a, const struct lock *b)
{
	return a->file == b->file && a->owner != b->owner && a->start <= b->end &&
	       b->start <= a->end && (a->type == F_WRLCK || b->type == F_WRLCK);
}

static bool has_holder(const struct game *game, const struct lock *lock)
{
	unsigned int i;

	for (i = 0; i < game->table.nr; i++)
		if (conflicts(lock, &game->table.locks[i]))
			return true;
	return false;
}

/* Does whatever @lock waits for wait, in the end, for @owner? */
static bool reaches(const struct game *game, const struct lock *lock, unsigned int owner,
		    unsigned int *seen)
{
	unsigned int i, p, holder;

	for (i = 0; i < game->table.nr; i++) {
		if (!conflicts(lock, &game->table.locks[i]))
			continue;
		holder = game->table.locks[i].owner;
		if (holder == owner)
			return true;
		if (*seen & 1U << holder)
			continue;
		*seen |= 1U << holder;
		for (p = 0; p < NR_PLAYERS; p++)
			if (game->sleeps[p] && game->waiting[p].owner == holder &&
			    reaches(game, &game->waiting[p], owner, seen))
				return true;
	}
	return false;
}

static bool closes_cycle(const struct game *game, const struct lock *lock)
{
	unsigned int seen = 0;

	return reaches(game, lock, lock->owner, &seen);
}

/* A request that waits is in the way, and does not wait for us. */
static bool is_behind(const struct game *game, const struct lock *lock)
{
	unsigned int p, seen;

	for (p = 0; p < NR_PLAYERS; p++) {
		seen = 0;
		if (game->sleeps[p] && conflicts(lock, &game->waiting[p]) &&
		    !reaches(game, &game->waiting[p], lock->owner, &seen))
			return true;
	}
	return false;
}

/* Who would sleep in the way of another sleeper, or behind it, meets it in a race later. */
static bool meets_sleeper(const struct game *game, const struct lock *lock)
{
	unsigned int p;

	for (p = 0; p < NR_PLAYERS; p++)
		if (game->sleeps[p] && conflicts(lock, &game->waiting[p]))
			return true;
	return false;
}

/* Is one of the owner's requests waiting? Only a file's can be, for another player. */
static bool owner_waits(const struct game *game, unsigned int owner)
{
	unsigned int p;

	for (p = 0; p < NR_PLAYERS; p++)
		if (game->sleeps[p] && game->waiting[p].owner == owner)
			return true;
	return false;
}

static bool is_ofd(const struct step *step)
{
	return step->cmd == F_OFD_SETLK || step->cmd == F_OFD_SETLKW ||
	       step->cmd == F_OFD_GETLK;
}

static bool sleeps_if_blocked(const struct step *step)
{
	return step->cmd == F_SETLKW || step->cmd == F_OFD_SETLKW;
}

/* The lock that a step asks for; false if it asks for none, or for nonsense. */
static bool lock_of(const struct step *step, struct lock *lock)
{
	const struct flock *fl = &step->fl;
	int64_t start = fl->l_whence == SEEK_END ? FILE_SIZE : 0;
	static const bool readable[] = { true, true, true, true, false };
	static const bool writable[] = { true, true, true, false, true };

	memset(lock, 0, sizeof(*lock));
	if (step->cmd == F_GETLK || step->cmd == F_OFD_GETLK || fl->l_whence > SEEK_END ||
	    (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK))
		return false;
	if (fl->l_type == F_RDLCK ? !readable[step->file] : !writable[step->file])
		return false;
	if (__builtin_add_overflow(start, fl->l_start, &start) || start < 0)
		return false;
	if (fl->l_len > 0 && fl->l_len - 1 > INT64_MAX - start)
		return false;
	if (fl->l_len < 0 && start + fl->l_len < 0)
		return false;
	if (is_ofd(step) && fl->l_pid)
		return false;
	lock->file = step->file;
	lock->type = fl->l_type;
	lock->owner = is_ofd(step) ? OWNER_FILE(step->file) :
		      step->kind == STEP_FORK ? OWNER_CHILD : step->player;
	lock->start = fl->l_len < 0 ? start + fl->l_len : start;
	lock->end = !fl->l_len ? INT64_MAX : fl->l_len < 0 ? start - 1 : start + fl->l_len - 1;
	return true;
}

/* Playing */

static int answer_of(struct game *game, struct player *player, struct answer *answer)
{
	if (!player_answers(player, SOON_MS))
		return differs(game, "no answer from the %s side",
			       player >= game->dma.player &&
			       player < game->dma.player + NR_PLAYERS ? "dma-buf" : "tmpfs");
	return player_answer(player, answer) ?
	       differs(game, "a player died (wait status unknown)") : 0;
}

static bool is_in_the_way(const struct game *game, const struct step *step,
			  const struct answer *answer, unsigned int owner)
{
	unsigned int i;

	for (i = 0; i < game->table.nr; i++) {
		const struct lock *l = &game->table.locks[i];
		int64_t len = l->end == INT64_MAX ? 0 : l->end - l->start + 1;

		if (l->file == step->file && l->owner == owner && l->type == answer->fl.l_type &&
		    l->start == answer->fl.l_start && len == answer->fl.l_len)
			return true;
	}
	return false;
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
		  owner_of(&game->tmpfs, a->fl.l_pid, step->file);
	owner_b = b->fl.l_type == F_UNLCK ? NR_OWNERS :
		  owner_of(&game->dma, b->fl.l_pid, step->file);
	if (a->fl.l_type == b->fl.l_type && a->fl.l_whence == b->fl.l_whence &&
	    a->fl.l_start == b->fl.l_start && a->fl.l_len == b->fl.l_len && owner_a == owner_b)
		return 0;
	if (game->mixed[step->file] && is_in_the_way(game, step, a, owner_a) &&
	    is_in_the_way(game, step, b, owner_b))
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
	game->waiting[step->player] = *lock;
	game->sleeps[step->player] = true;
	counts.slept++;
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
		if (game->sleeps[p] && becomes_asleep(game, &game->tmpfs.player[p], "tmpfs"))
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
		counts.deadlock++;
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
	game->sleeps[p] = false;
	return a.error == -EINTR && b.error == -EINTR ? 0 :
	       differs(game, "after a signal: tmpfs %d, dma-buf %d", a.error, b.error);
}

static int play_kill(struct game *game, unsigned int p)
{
	player_end(&game->tmpfs.player[p]);
	player_end(&game->dma.player[p]);
	game->sleeps[p] = false;
	return player_start(&game->tmpfs, p) || player_start(&game->dma, p) ?
	       differs(game, "fork failed") : 0;
}

static int skip(void)
{
	counts.skipped++;
	return 0;
}

static int play_lock(struct game *game, const struct step *step)
{
	struct lock lock;
	bool holder;

	if (!lock_of(step, &lock))
		return play_both(game, step);
	holder = has_holder(game, &lock);
	if (owner_waits(game, lock.owner))
		return skip();
	if (is_behind(game, &lock)) {
		if (sleeps_if_blocked(step) || step->kind == STEP_FORK)
			return skip();
		if (holder)
			return play_both(game, step);
		counts.queue++;
		return play_dma(game, step, -EAGAIN);
	}
	if (!holder || !sleeps_if_blocked(step))
		return play_both(game, step);
	if (step->kind == STEP_FORK)
		return skip();
	if (closes_cycle(game, &lock))
		return play_deadlock(game, step);
	if (meets_sleeper(game, &lock))
		return skip();
	return play_asleep(game, step, &lock);
}

static int play_step(struct game *game, const struct step *step)
{
	bool asleep = game->sleeps[step->player];

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

/* Somebody is in the sleeper's way. */
static bool returns_early(struct game *game, struct side *side, unsigned int p)
{
	const struct lock *lock = &game->waiting[p];
	struct answer answer;

	if (!player_answers(&side->player[p], 0))
		return false;
	if (player_answer(&side->player[p], &answer))
		answer.error = -EPIPE;
	differs(game, "player %u returns %d on %s before its time: file %u owner %u %c[%lld,%lld], tables%s",
		p, answer.error, side->dma ? "the dma-buf" : "tmpfs", lock->file, lock->owner,
		lock->type == F_WRLCK ? 'W' : 'R', (long long)lock->start,
		(long long)lock->end, table_text(&game->table));
	return true;
}

/*
 * Whoever has nobody in the way any more must get in, on both sides. Waiting requests do not
 * conflict with each other, so none that gets in is in another's way. Return: how many.
 */
static int play_grants(struct game *game, unsigned int *nr_granted)
{
	struct answer a, b;
	unsigned int p;
	int granted = 0;

	for (p = 0; p < NR_PLAYERS; p++) {
		if (!game->sleeps[p] || has_holder(game, &game->waiting[p]))
			continue;
		if (answer_of(game, &game->tmpfs.player[p], &a) ||
		    answer_of(game, &game->dma.player[p], &b))
			return -1;
		if (a.error || b.error)
			return differs(game, "sleeper: tmpfs %d, dma-buf %d", a.error, b.error);
		game->sleeps[p] = false;
		if (++nr_granted[game->waiting[p].file] > 1)
			game->mixed[game->waiting[p].file] = true;
		granted++;
	}
	counts.granted += granted;
	return granted;
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
		tables_read(game, &game->table, &dma);
		granted = play_grants(game, nr_granted);
		if (granted < 0)
			return -1;
	} while (granted);
	for (p = 0; p < NR_PLAYERS; p++)
		if (game->sleeps[p] && (returns_early(game, &game->tmpfs, p) ||
					returns_early(game, &game->dma, p)))
			return -1;
	return tables_compare(game, &dma);
}

/* Return: the step at which the sides differ, @nr if they do not, or -1. */
static int game_play(const struct step *steps, int nr, bool broken, char *why)
{
	static struct game game;
	int i = -1;

	memset(&game, 0, sizeof(game));
	if (side_open(&game.tmpfs, false, false) || side_open(&game.dma, true, broken)) {
		snprintf(why, sizeof(game.why), "cannot open the files or start the players");
		goto close;
	}
	for (i = 0; i < nr; i++) {
		if (verbose)
			ksft_print_msg("%d: %s\n", i, step_text(&steps[i]));
		if (play_step(&game, &steps[i]) || play_compare(&game))
			break;
		counts.steps++;
	}
	memcpy(why, game.why, sizeof(game.why));
close:
	side_close(&game.tmpfs);
	side_close(&game.dma);
	return i;
}

/* Steps */

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
	if (is_ofd(&step) && one_in(20))
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

static void steps_make(struct step *steps, int nr, uint64_t number)
{
	int i;

	random_state = number * 2654435761u + 1;
	for (i = 0; i < nr; i++)
		steps[i] = random_step();
}

/* Take away pieces, large ones first, as long as the sides still differ. */
static int steps_shrink(struct step *steps, int nr, bool broken, char *why)
{
	struct step *less = calloc(nr, sizeof(*less));
	int64_t until_ns = st_now_ns() + SHRINK_MS * ST_NSEC_PER_MSEC;
	int piece, at, end;
	char other[512];

	for (piece = nr / 2; piece && less; piece = piece == 1 ? 0 : piece / 2) {
		for (at = 0; at + piece <= nr && nr > piece && st_now_ns() < until_ns;) {
			memcpy(less, steps, at * sizeof(*less));
			memcpy(less + at, steps + at + piece, (nr - at - piece) * sizeof(*less));
			end = game_play(less, nr - piece, broken, other);
			if (end < 0 || end == nr - piece) {
				at += piece;
				continue;
			}
			nr = end + 1;
			memcpy(steps, less, nr * sizeof(*less));
			memcpy(why, other, sizeof(other));
		}
	}
	free(less);
	return nr;
}

static void steps_print(const struct step *steps, int nr, const char *why)
{
	int i;

	for (i = 0; i < nr; i++)
		ksft_print_msg("  %s\n", step_text(&steps[i]));
	ksft_print_msg("%s\n", why);
}

/* Return: 0 no difference, else the steps that the shortest failing sequence has. */
static int session(uint64_t number, int nr, bool broken)
{
	static struct step game_steps[SESSION_STEPS];
	static char why[512];
	int end;

	steps_make(game_steps, nr, number);
	end = game_play(game_steps, nr, broken, why);
	if (end == nr)
		return 0;
	if (end < 0) {
		ksft_print_msg("seed %llu: %s\n", (unsigned long long)number, why);
		return nr;
	}
	ksft_print_msg("seed %llu: differs at step %d: %s; shrinking\n",
		       (unsigned long long)number, end, why);
	end = steps_shrink(game_steps, end + 1, broken, why);
	steps_print(game_steps, end, why);
	return end;
}

static bool sessions(uint64_t first, long nr)
{
	for (; nr > 0; nr -= SESSION_STEPS, first++) {
		if (session(first, nr < SESSION_STEPS ? nr : SESSION_STEPS, false))
			return false;
		if (!(nr % 10000))
			ksft_print_msg("%ld steps to go\n", nr);
	}
	return true;
}

/* The test must be able to fail: one side leaves out a byte when it unlocks. */
static bool finds_difference(void)
{
	int nr = session(1, SESSION_STEPS, true);

	memset(&counts, 0, sizeof(counts));
	return nr > 0 && nr < 8;
}

static const struct option options[] = {
	{ "steps", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static uint64_t seed;
static long steps = 100000;

static int options_read(int argc, char **argv)
{
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			steps = atol(optarg);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'v')
			verbose = true;
		else
			return -EINVAL;
	}
	return 0;
}

static int environment_read(void)
{
	char *words[8] = { "DIFFERENTIAL" }, *text = getenv("DIFFERENTIAL"), *word;
	int nr = 1;

	for (word = text ? strtok(text, " ") : NULL; word && nr < 7; word = strtok(NULL, " "))
		words[nr++] = word;
	return options_read(nr, words);
}

int main(int argc, char **argv)
{
	int64_t began_ns;

	if (argc > 1 && !strcmp(argv[1], "--player"))
		return player_main(argc, argv);
	seed = st_now_ns();
	if (environment_read() || options_read(argc, argv))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	ksft_print_header();
	ksft_set_plan(2);
	ksft_print_msg("seed %llu\n", (unsigned long long)seed);
	ksft_test_result(finds_difference(), "a difference is found and shrunk\n");
	began_ns = st_now_ns();
	ksft_test_result(sessions(seed, steps), "no difference in %ld steps\n", steps);
	ksft_print_msg("%lu steps in %lld ms: %lu slept, %lu got in; by rule: %lu behind the queue, %lu deadlocks that the VFS overlooks, %lu not played\n",
		       counts.steps, (long long)(st_now_ns() - began_ns) / ST_NSEC_PER_MSEC,
		       counts.slept, counts.granted, counts.queue, counts.deadlock,
		       counts.skipped);
	ksft_finished();
}
