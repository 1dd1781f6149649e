// SPDX-License-Identifier: GPL-2.0-only
/* What happens to workers: signals, stops, hardly any processor time, sudden death. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "torture.h"

static void chaos_signal(struct to_crew *crew, struct to_worker *worker,
			 struct to_random *random)
{
	unsigned int i = worker->first + to_random_below(random, worker->nr);
	pid_t tid = to_load(&crew->arena->slots[i].tid);

	/* The thread may not have begun yet, or be one of a worker before: then it is not there. */
	syscall(SYS_tgkill, worker->pid, tid,
		to_random_percent(random, 50) ? SIGUSR1 : SIGUSR2);
}

static void chaos_stop(struct to_worker *worker, struct to_random *random)
{
	if (worker->stopped_until_ns)
		return;
	kill(worker->pid, SIGSTOP);
	worker->stopped_until_ns = st_now_ns() + to_random_below(random, 30) * ST_NSEC_PER_MSEC;
}

static void chaos_continue(struct to_crew *crew, int64_t until_ns)
{
	unsigned int i;

	for (i = 0; i < crew->nr; i++) {
		struct to_worker *worker = &crew->workers[i];

		if (!worker->stopped_until_ns || worker->stopped_until_ns > until_ns)
			continue;
		kill(worker->pid, SIGCONT);
		worker->stopped_until_ns = 0;
	}
}

/* Also what it holds moves on slowly, then. */
static void chaos_throttle(struct to_worker *worker, struct to_random *random)
{
	if (worker->throttled_until_ns)
		return;
	to_throttle_add(worker->pid);
	worker->throttled_until_ns = st_now_ns() +
				     to_random_below(random, 200) * ST_NSEC_PER_MSEC;
}

static void chaos_let_go(struct to_crew *crew, int64_t until_ns)
{
	unsigned int i;

	for (i = 0; i < crew->nr; i++) {
		struct to_worker *worker = &crew->workers[i];

		if (!worker->throttled_until_ns || worker->throttled_until_ns > until_ns)
			continue;
		to_throttle_remove(worker->pid);
		worker->throttled_until_ns = 0;
	}
}

void to_chaos_turn(struct to_crew *crew, struct to_random *random)
{
	struct to_worker *worker = &crew->workers[to_random_below(random, crew->nr)];
	unsigned int what = to_random_below(random, 100);

	chaos_continue(crew, st_now_ns());
	chaos_let_go(crew, st_now_ns());
	if (what < 20)
		chaos_signal(crew, worker, random);
	else if (what < 24)
		chaos_stop(worker, random);
	else if (what < 27 && crew->arena->options.kill)
		to_crew_replace(crew, worker);
	else if (what < 30 && crew->arena->options.throttle)
		chaos_throttle(worker, random);
}

/* Nobody stays stopped, or throttled. */
void to_chaos_stop(struct to_crew *crew)
{
	chaos_let_go(crew, INT64_MAX);
	chaos_continue(crew, INT64_MAX);
}
