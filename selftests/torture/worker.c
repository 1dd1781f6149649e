// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers: processes with some actors each. One that is killed is replaced when nothing of it
 * is left: neither it nor a child of it (they share a process group, and the main process
 * is the reaper of all).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

static void on_signal(int signal)
{
	(void)signal;
}

/* SIGUSR1 ends a call with EINTR, after SIGUSR2 it is restarted. */
static void signals_set(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
}

static void actor_init(struct to_actor *actor, struct to_arena *arena, unsigned int index)
{
	memset(actor, 0, sizeof(*actor));
	actor->arena = arena;
	actor->index = index;
	actor->slot = &arena->slots[index];
	to_random_seed(&actor->random, arena->options.seed + index * 1000003ULL +
		       (uint64_t)actor->slot->life * 7919000003ULL);
}

static void worker_main(struct to_crew *crew, struct to_worker *worker)
{
	static struct to_actor actors[TO_WORKER];
	pthread_t threads[TO_WORKER];
	unsigned int i;

	setpgid(0, 0);
	signals_set();
	for (i = 0; i < worker->nr; i++) {
		actor_init(&actors[i], crew->arena, worker->first + i);
		if (pthread_create(&threads[i], NULL, to_actor_thread, &actors[i]))
			to_fail(crew->arena, "errno", "a thread cannot be made");
	}
	for (i = 0; i < worker->nr; i++)
		pthread_join(threads[i], NULL);
	exit(0);
}

static bool worker_start(struct to_crew *crew, struct to_worker *worker)
{
	fflush(NULL);
	worker->pid = st_fork();
	if (worker->pid < 0)
		return false;
	if (!worker->pid)
		worker_main(crew, worker);
	setpgid(worker->pid, worker->pid);
	return true;
}

static void slot_init(struct to_arena *arena, struct to_slot *slot, struct to_random *random)
{
	slot->kind = to_kind_pick(random, arena->options.kinds);
}

bool to_crew_start(struct to_crew *crew, struct to_arena *arena, struct to_random *random)
{
	unsigned int next = 0, i;

	crew->arena = arena;
	crew->nr = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (next < arena->options.owners) {
		struct to_worker *worker = &crew->workers[crew->nr++];
		unsigned int left = arena->options.owners - next;

		*worker = (struct to_worker){ .first = next };
		worker->nr = 1 + to_random_below(random, TO_WORKER);
		if (worker->nr > left)
			worker->nr = left;
		for (i = 0; i < worker->nr; i++)
			slot_init(arena, &arena->slots[next++], random);
	}
	for (i = 0; i < crew->nr; i++)
		if (!worker_start(crew, &crew->workers[i]))
			return false;
	return true;
}

/* Nothing is left of the group, or too much for too long. */
static bool group_is_gone(pid_t group)
{
	while (waitpid(-group, NULL, WNOHANG) > 0)
		;
	return kill(-group, 0) && errno == ESRCH;
}

static void slot_replace(struct to_arena *arena, unsigned int index)
{
	struct to_slot *slot = &arena->slots[index];

	to_cells_scrub(arena, index);
	slot->notice.version += slot->notice.version & 1;
	slot->notice.active = false;
	slot->waits_ns = 0;
	to_store(&slot->parked, false);
	to_store(&slot->life, (slot->life | 1) + 1);
	to_store(&slot->doomed, false);
}

/* Children of the worker are let alone: they hold its files until they end, soon. */
void to_crew_replace(struct to_crew *crew, struct to_worker *worker)
{
	struct to_arena *arena = crew->arena;
	unsigned int i;

	for (i = worker->first; i < worker->first + worker->nr; i++)
		to_store(&arena->slots[i].doomed, true);
	kill(worker->pid, SIGKILL);
	if (!ST_UNTIL_MS(group_is_gone(worker->pid), arena->options.patience_ms)) {
		to_fail(arena, "death", "worker %d was killed and is still there", worker->pid);
		return;
	}
	worker->stopped_until_ns = 0;
	worker->throttled_until_ns = 0;
	for (i = worker->first; i < worker->first + worker->nr; i++)
		slot_replace(arena, i);
	if (!worker_start(crew, worker))
		to_fail(arena, "errno", "fork: %s", strerror(errno));
}

void to_crew_watch(struct to_crew *crew)
{
	unsigned int i;
	int status;

	for (i = 0; i < crew->nr; i++)
		if (waitpid(crew->workers[i].pid, &status, WNOHANG) > 0)
			to_fail(crew->arena, "errno", "worker %d ended with status %#x",
				crew->workers[i].pid, status);
}

static bool ends_by_itself(struct to_crew *crew, struct to_worker *worker)
{
	int status;

	if (!ST_UNTIL_MS(waitpid(worker->pid, &status, WNOHANG) == worker->pid,
			 crew->arena->options.patience_ms)) {
		to_fail(crew->arena, "starvation", "worker %d does not end", worker->pid);
		return false;
	}
	if (status)
		to_fail(crew->arena, "errno", "worker %d ended with status %#x", worker->pid,
			status);
	return true;
}

void to_crew_end(struct to_crew *crew)
{
	unsigned int i;

	to_store(&crew->arena->phase, TO_END);
	for (i = 0; i < crew->nr; i++) {
		struct to_worker *worker = &crew->workers[i];

		if (!to_load(&crew->arena->failed) && ends_by_itself(crew, worker))
			continue;
		kill(-worker->pid, SIGKILL);
		if (!ST_UNTIL_MS(group_is_gone(worker->pid), ST_SOON_MS))
			printf("# worker %d cannot be killed\n", worker->pid);
	}
}
