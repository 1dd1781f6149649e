// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks under torture while the module comes and goes: processes lock and unlock at random,
 * some with two threads, they are signaled and killed, and their calls are under way, asleep or
 * on the way out when fcntl() changes hands. A context joins in whenever the module is there.
 *
 * Who is inside a range says so in cells that all share, as in cells.c, and looks who else is:
 *
 *	locker and locker	always exclude each other, module or not
 *	locker and context	do when the locker's call began and ended under the same load
 *
 * Needs root, udmabuf and DMABUF_SYNC_MODULES.
 *
 * It goes on until it has seen enough of each: the module came and went so often, and a context
 * was inside meanwhile.
 *
 * TORTURE_SECONDS	how long instead
 * TORTURE_SEED		what to draw from (the time)
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kselftest.h>

#include "torture.h"

#define NR_PLAYERS	8	/* the last one is the context */
#define NR_CELLS	32
#define CONTEXT		(NR_PLAYERS - 1)
#define MAX_THREADS	2

/* What is enough. How long that takes depends on the machine: unloading waits for all tasks. */
#define ENOUGH_TURNS	16
#define ENOUGH_CHECKED	4
#define LIMIT_SECONDS	300

/**
 * struct mark - what a player says of itself in a cell
 * @kind: 0, DMA_BUF_ACCESS_R or DMA_BUF_ACCESS_W
 * @load: the load of the module that its access is of; 0: of none
 */
struct mark {
	unsigned int kind;
	unsigned int load;
};

/**
 * struct stage - what all share
 * @buf: the buffer
 * @load: odd while the module is there, another number each time
 * @end: no more turns
 * @failed: somebody said so in @failure
 * @failure: the first one
 * @doomed: a player is killed: what it has marked does not count
 * @tids: threads of the players
 * @locked: turns that came to a lock
 * @checked: turns in which a context was inside
 * @marks: of each player, in each cell
 */
struct stage {
	struct st_buffer buf;
	unsigned int load;
	bool end;
	bool failed;
	char failure[256];
	bool doomed[NR_PLAYERS];
	pid_t tids[NR_PLAYERS][MAX_THREADS];
	unsigned int locked;
	unsigned int checked;
	struct mark marks[NR_PLAYERS][NR_CELLS];
};

/**
 * struct player - a thread of a locker, or the context
 * @stage: where it plays
 * @index: of its process
 * @thread: of that
 * @first: cells that it may use; two threads of a process keep apart, being one owner
 * @nr: so many
 * @random: what it draws from
 */
struct player {
	struct stage *stage;
	unsigned int index, thread;
	unsigned int first, nr;
	struct to_random random;
};

__attribute__((format(printf, 2, 3)))
static void fail(struct stage *stage, const char *format, ...)
{
	va_list args;

	if (to_swap(&stage->failed, true))
		return;
	va_start(args, format);
	vsnprintf(stage->failure, sizeof(stage->failure), format, args);
	va_end(args);
}

static void sleep_us(unsigned int us)
{
	struct timespec time = { .tv_nsec = us * 1000L };

	nanosleep(&time, NULL);
}

/* Does @other keep @me out of a cell, and the reverse? */
static bool excludes(unsigned int i, struct mark me, unsigned int j, struct mark other)
{
	if (!other.kind || !((me.kind | other.kind) & DMA_BUF_ACCESS_W))
		return false;
	return (i != CONTEXT && j != CONTEXT) || (me.load && me.load == other.load);
}

static struct mark mark_read(struct stage *stage, unsigned int player, unsigned int cell)
{
	struct mark mark;

	__atomic_load(&stage->marks[player][cell], &mark, __ATOMIC_SEQ_CST);
	return mark;
}

static void mark_write(struct stage *stage, unsigned int player, unsigned int cell,
		       struct mark mark)
{
	__atomic_store(&stage->marks[player][cell], &mark, __ATOMIC_SEQ_CST);
}

/* Marks first, then looks: of two who are inside one sees the other. */
static void check(struct player *player, unsigned int first, unsigned int nr, struct mark me)
{
	struct stage *stage = player->stage;
	unsigned int cell, i;

	for (cell = first; cell < first + nr; cell++) {
		for (i = 0; i < NR_PLAYERS; i++) {
			struct mark other = mark_read(stage, i, cell);

			if (i == player->index || !excludes(player->index, me, i, other) ||
			    to_load(&stage->doomed[i]) || to_load(&stage->doomed[player->index]))
				continue;
			fail(stage, "cell %u: player %u (%u, load %u) beside player %u (%u, load %u)",
			     cell, player->index, me.kind, me.load, i, other.kind,
			     other.load);
		}
	}
}

static void stay(struct player *player, unsigned int first, unsigned int nr, struct mark me)
{
	unsigned int cell;

	for (cell = first; cell < first + nr; cell++)
		mark_write(player->stage, player->index, cell, me);
	check(player, first, nr, me);
	if (to_random_percent(&player->random, 30))
		sleep_us(to_random_below(&player->random, 5000));
	check(player, first, nr, me);
	for (cell = first; cell < first + nr; cell++)
		mark_write(player->stage, player->index, cell, (struct mark){ 0 });
}

/* The load that a call was of, from its beginning to its end; or 0. */
static unsigned int load_of(struct stage *stage, unsigned int begin)
{
	return begin & 1 && to_load(&stage->load) == begin ? begin : 0;
}

static int lock(struct player *player, int cmd, short type, unsigned int first, unsigned int nr)
{
	struct flock fl = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = first * 64, .l_len = nr * 64,
	};

	return fcntl(player->stage->buf.fd, cmd, &fl) ? -errno : 0;
}

/* ENOLCK is for those who sleep when the module goes. A process with two threads can deadlock. */
static bool error_is_right(int err, int cmd, unsigned int load)
{
	if (err == -EAGAIN || err == -EACCES)
		return cmd == F_SETLK;
	if (err == -ENOLCK)
		return !load;
	return cmd == F_SETLKW && (err == -EINTR || err == -EDEADLK);
}

static void locker_turn(struct player *player)
{
	unsigned int first = player->first + to_random_below(&player->random, player->nr);
	unsigned int nr = 1 + to_random_below(&player->random, player->first + player->nr - first);
	bool writes = to_random_percent(&player->random, 50);
	int cmd = to_random_percent(&player->random, 70) ? F_SETLKW : F_SETLK, err;
	unsigned int begin = to_load(&player->stage->load), load;

	err = lock(player, cmd, writes ? F_WRLCK : F_RDLCK, first, nr);
	load = load_of(player->stage, begin);
	if (err) {
		if (!error_is_right(err, cmd, load))
			fail(player->stage, "player %u: %s: %s", player->index,
			     cmd == F_SETLKW ? "F_SETLKW" : "F_SETLK", strerror(-err));
		return;
	}
	to_add(&player->stage->locked, 1);
	stay(player, first, nr,
	     (struct mark){ writes ? DMA_BUF_ACCESS_W : DMA_BUF_ACCESS_R, load });
	/* A part of it first: the record is cut. */
	if (nr > 2 && to_random_percent(&player->random, 30))
		lock(player, F_SETLK, F_UNLCK, first + 1, 1);
	err = lock(player, F_SETLK, F_UNLCK, first, nr);
	if (err)
		fail(player->stage, "player %u: F_UNLCK: %s", player->index, strerror(-err));
}

static void *locker_thread(void *arg)
{
	struct player *player = arg;

	to_store(&player->stage->tids[player->index][player->thread], gettid());
	while (!to_load(&player->stage->end) && !to_load(&player->stage->failed))
		locker_turn(player);
	return NULL;
}

/* The module stays while the context is open. */
static void context_turn(struct player *player)
{
	unsigned int first = to_random_below(&player->random, NR_CELLS);
	unsigned int nr = 1 + to_random_below(&player->random, NR_CELLS - first);
	unsigned int mode = 1 + to_random_below(&player->random, 2);
	unsigned int begin = to_load(&player->stage->load), load;
	int ctx = st_context_open();

	if (ctx >= 0 &&
	    st_lock_ms(ctx, player->stage->buf.fd, mode, first * 64, nr * 64, 20) >= 0) {
		load = load_of(player->stage, begin);
		to_add(&player->stage->checked, !!load);
		stay(player, first, nr, (struct mark){ mode, load });
	}
	if (ctx >= 0)
		close(ctx);
	sleep_us(to_random_below(&player->random, 20000));
}

static void on_signal(int signal)
{
	(void)signal;
}

static void signals_set(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
}

static void play(struct stage *stage, unsigned int index, uint64_t seed)
{
	unsigned int nr = 1 + index % MAX_THREADS, i;
	struct player players[MAX_THREADS];
	pthread_t threads[MAX_THREADS];

	signals_set();
	for (i = 0; i < nr; i++) {
		players[i] = (struct player){
			.stage = stage, .index = index, .thread = i,
			.first = i * NR_CELLS / nr, .nr = NR_CELLS / nr,
		};
		to_random_seed(&players[i].random, seed + i);
	}
	if (index == CONTEXT) {
		while (!to_load(&stage->end) && !to_load(&stage->failed))
			context_turn(&players[0]);
		_exit(0);
	}
	for (i = 0; i < nr; i++)
		if (pthread_create(&threads[i], NULL, locker_thread, &players[i]))
			fail(stage, "player %u: a thread cannot be made", index);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static pid_t player_start(struct stage *stage, unsigned int index, struct to_random *random)
{
	uint64_t seed = (uint64_t)to_random_below(random, 1u << 30) * NR_PLAYERS + index;
	pid_t pid = st_fork();

	if (!pid)
		play(stage, index, seed);
	return pid;
}

static bool player_end(struct stage *stage, pid_t pid)
{
	if (ST_UNTIL_MS(waitpid(pid, NULL, WNOHANG) == pid, ST_SOON_MS))
		return true;
	fail(stage, "process %d does not end", pid);
	return false;
}

/* Its locks go before it does, its marks after it. */
static void player_replace(struct stage *stage, pid_t *pid, unsigned int index,
			   struct to_random *random)
{
	to_store(&stage->doomed[index], true);
	kill(*pid, SIGKILL);
	if (!player_end(stage, *pid))
		return;
	memset(stage->marks[index], 0, sizeof(stage->marks[index]));
	to_store(&stage->doomed[index], false);
	*pid = player_start(stage, index, random);
}

static void plague(struct stage *stage, pid_t *pids, struct to_random *random)
{
	unsigned int index = to_random_below(random, CONTEXT);
	pid_t tid = to_load(&stage->tids[index][to_random_below(random, MAX_THREADS)]);
	unsigned int what = to_random_below(random, 100);

	if (what < 5)
		player_replace(stage, &pids[index], index, random);
	else if (tid)
		syscall(SYS_tgkill, pids[index], tid, what < 50 ? SIGUSR1 : SIGUSR2);
}

/* Return: did the module come or go? */
static bool module_turn(struct stage *stage)
{
	if (!(to_load(&stage->load) & 1)) {
		if (st_module_load("dmabuf_sync", "lease_ms=3600000"))
			fail(stage, "the module cannot be loaded");
		to_add(&stage->load, 1);
		return true;
	}
	to_add(&stage->load, 1);
	if (!system("rmmod dmabuf_sync 2>/dev/null"))
		return true;
	/* A context is open. It is another load for all that: calls were under way. */
	to_add(&stage->load, 1);
	return false;
}

static bool is_enough(struct stage *stage, unsigned int turns)
{
	return turns >= ENOUGH_TURNS && to_load(&stage->checked) >= ENOUGH_CHECKED;
}

/* @seconds 0: until it is enough. Return: how often the module came or went. */
static unsigned int rounds(struct stage *stage, pid_t *pids, struct to_random *random,
			   unsigned int seconds)
{
	unsigned int limit = seconds ?: LIMIT_SECONDS * st_slowness(), nr = 0;
	int64_t end = st_now_ns() + limit * ST_NSEC_PER_SEC, next = 0;

	while (st_now_ns() < end && !to_load(&stage->failed) &&
	       (seconds || !is_enough(stage, nr))) {
		if (st_now_ns() > next) {
			nr += module_turn(stage);
			next = st_now_ns() + to_random_below(random, 200) * ST_NSEC_PER_MSEC;
		}
		plague(stage, pids, random);
		st_sleep_ms(2);
	}
	return nr;
}

static unsigned int number(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned int torture(struct stage *stage, unsigned int seed)
{
	struct to_random random;
	pid_t pids[NR_PLAYERS];
	unsigned int i, nr;

	to_random_seed(&random, seed);
	for (i = 0; i < NR_PLAYERS; i++)
		pids[i] = player_start(stage, i, &random);
	nr = rounds(stage, pids, &random, number("TORTURE_SECONDS", 0));
	to_store(&stage->end, true);
	for (i = 0; i < NR_PLAYERS; i++)
		if (!player_end(stage, pids[i]))
			kill(pids[i], SIGKILL);
	if (!st_module_unload("dmabuf_sync"))
		fail(stage, "the module cannot be unloaded");
	return nr;
}

int main(void)
{
	unsigned int seed = number("TORTURE_SEED", time(NULL)), nr;
	struct stage *stage = st_shared(sizeof(*stage));

	ksft_print_header();
	if (st_framework_is_built_in())
		ksft_exit_skip("the framework is built into this kernel: there is no module\n");
	if (!stage || !st_module_unload("dmabuf_sync_test") || !st_module_unload("dmabuf_sync") ||
	    st_buffer_udmabuf(&stage->buf, ST_PAGE))
		ksft_exit_fail_msg("needs root, udmabuf, and modules that can be unloaded\n");
	ksft_set_plan(1);
	nr = torture(stage, seed);
	ksft_print_msg("seed %u: the module came or went %u times, %u locks, %u times beside a context\n",
		       seed, nr, stage->locked, stage->checked);
	if (stage->failed)
		ksft_print_msg("FAILED %s\n", stage->failure);
	ksft_test_result(!stage->failed && nr > 1 && stage->locked && stage->checked &&
			 (getenv("TORTURE_SECONDS") || is_enough(stage, nr)),
			 "record locks while the module comes and goes\n");
	ksft_finished();
}
