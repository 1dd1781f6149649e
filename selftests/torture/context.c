// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner of an open /dev/dmabuf_sync. It acquires one set after the other, up to TO_HELD at
 * a time, in every way there is, and gives them back in every way there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

enum how { BLOCK, TRY, DEADLINE, QUEUE, NR_HOW };

static const char *const how_names[] = { "blocking", "non-blocking", "timed", "queued" };

static bool context_open(struct to_actor *actor)
{
	actor->fd = st_context_open();
	if (actor->fd < 0)
		errno = -actor->fd;
	return actor->fd >= 0;
}

static void context_close(struct to_actor *actor)
{
	close(actor->fd);
}

/* Errors that the owner has to expect; any other is a failure. */
static void context_refused(struct to_actor *actor, enum how how, bool alone, long err)
{
	if (err == -EINTR && how != QUEUE)
		to_actor_count(actor, TO_INTERRUPTED);
	else if (err == -EAGAIN && how == TRY)
		to_actor_count(actor, TO_REFUSED);
	else if (err == -ETIMEDOUT && how == DEADLINE)
		to_actor_count(actor, TO_TIMED_OUT);
	else if (err == -EDEADLK && (how == BLOCK || how == DEADLINE) && !alone)
		to_actor_count(actor, TO_DEADLOCKS);
	else if (err == -ENOLCK && !alone && actor->arena->options.owners > TO_FEW)
		to_actor_count(actor, TO_TOO_MANY);
	else
		to_fail(actor->arena, "errno",
			"slot %u: a %s request of an owner that holds %s ends with %s",
			actor->index, how_names[how], alone ? "nothing" : "something",
			strerror(-err));
}

/* Return: true when the set is held. */
static bool context_call(struct to_actor *actor, const struct to_set *set, enum how how)
{
	struct dmabuf_sync_access accesses[TO_SET];
	unsigned int nr = to_actor_accesses(actor, set, accesses);
	uint64_t begin = to_notice_begin(actor), fences = to_fence_begin(actor);
	struct dmabuf_sync_acquire out;
	int64_t deadline = 0;
	long err;

	if (how == DEADLINE)
		deadline = st_now_ns() + to_random_below(&actor->random, 20000) * 1000LL;
	if (begin && how != TRY)
		to_notice_publish(actor, set, false);
	to_actor_waits(actor, how != TRY);
	err = st_acquire(actor->fd, accesses, nr, how == TRY ? DMABUF_SYNC_ACQUIRE_NONBLOCK : 0,
			 deadline, 0, &out);
	to_actor_waits(actor, false);
	to_notice_withdraw(actor);
	if (err) {
		context_refused(actor, how, begin, err);
		return false;
	}
	to_notice_check(actor, set, begin);
	to_fence_check(actor, "acquired what it requested", set, fences);
	to_actor_enter(actor, out.set, set, out.status & DMABUF_SYNC_STATUS_ABANDONED);
	return true;
}

/* Requests that are queued at the same time. */
struct queued {
	struct to_set sets[2];
	long names[2];		/* -1: over */
	unsigned int nr, left;
	uint64_t begin;		/* of a single request by an owner that holds nothing */
	uint64_t fences;	/* when they were made */
	int64_t patience_ns;	/* then what is left is cancelled; 0: never */
};

static void queue_start(struct to_actor *actor, struct queued *queued)
{
	struct dmabuf_sync_access accesses[TO_SET];
	struct dmabuf_sync_acquire out;
	unsigned int i, nr;
	long err;

	queued->fences = to_fence_begin(actor);
	for (i = 0; i < queued->nr; i++) {
		to_set_pick(&queued->sets[i], &actor->random, actor->arena->options.buffers);
		nr = to_actor_accesses(actor, &queued->sets[i], accesses);
		err = st_acquire(actor->fd, accesses, nr, DMABUF_SYNC_ACQUIRE_QUEUE, 0, i, &out);
		queued->names[i] = err ? -1 : (long)out.set;
		queued->left += !err;
		if (err)
			context_refused(actor, QUEUE, queued->begin, err);
	}
	if (queued->begin && queued->left)
		to_notice_publish(actor, &queued->sets[0], true);
}

static void queue_event(struct to_actor *actor, struct queued *queued)
{
	struct dmabuf_sync_event event;
	unsigned int i;

	if (st_event_read(actor->fd, &event, 0))
		return;
	i = event.user_data;
	if (i >= queued->nr || queued->names[i] != event.set) {
		to_fail(actor->arena, "errno", "slot %u: an event of set %u, which is not queued",
			actor->index, event.set);
		return;
	}
	to_notice_withdraw(actor);
	queued->names[i] = -1;
	queued->left--;
	if (event.result) {
		context_refused(actor, QUEUE, queued->begin, event.result);
		return;
	}
	to_fence_check(actor, "acquired what it queued", &queued->sets[i], queued->fences);
	to_actor_enter(actor, event.set, &queued->sets[i],
		       event.status & DMABUF_SYNC_STATUS_ABANDONED);
}

/* Not before the check: what was acquired while its notice is there overtook nobody. */
static void queue_check(struct to_actor *actor, struct queued *queued)
{
	if (queued->begin && actor->nr_held)
		to_notice_check(actor, &actor->held[0].set, queued->begin);
}

static void queue_cancel(struct to_actor *actor, struct queued *queued)
{
	unsigned int i;
	int err;

	to_notice_withdraw(actor);
	for (i = 0; i < queued->nr; i++) {
		if (queued->names[i] < 0)
			continue;
		err = st_release(actor->fd, queued->names[i]);
		if (err)
			to_fail(actor->arena, "errno", "slot %u: cancelling set %ld: %s",
				actor->index, queued->names[i], strerror(-err));
		to_actor_count(actor, TO_CANCELLED);
	}
	queued->left = 0;
}

/*
 * Return: true when something is held; then @actor may go on and ask for more. While it holds
 * something it must not wait for ever: nobody tells it of a deadlock.
 */
static bool context_queue(struct to_actor *actor)
{
	struct queued queued = { .nr = 1 };
	int64_t now = st_now_ns();

	if (actor->nr_held + 2 <= TO_HELD && to_random_percent(&actor->random, 40))
		queued.nr = 2;
	if (actor->nr_held || queued.nr > 1 || to_random_percent(&actor->random, 20))
		queued.patience_ns = now + to_random_below(&actor->random, 5000) * 1000LL;
	queued.begin = queued.nr == 1 ? to_notice_begin(actor) : 0;
	queue_start(actor, &queued);
	to_actor_waits(actor, true);
	while (queued.left) {
		st_event_pending(actor->fd, queued.patience_ns ? 1 : 100);
		queue_event(actor, &queued);
		if (queued.patience_ns && st_now_ns() > queued.patience_ns)
			queue_cancel(actor, &queued);
	}
	to_actor_waits(actor, false);
	queue_check(actor, &queued);
	return actor->nr_held;
}

static bool context_acquire(struct to_actor *actor)
{
	enum how how = to_random_below(&actor->random, NR_HOW);
	struct to_set set;

	if (how == QUEUE)
		return context_queue(actor);
	to_set_pick(&set, &actor->random, actor->arena->options.buffers);
	return context_call(actor, &set, how);
}

static void context_release(struct to_actor *actor, long name)
{
	int err = st_release(actor->fd, name);

	if (err)
		to_fail(actor->arena, "errno", "slot %u: releasing set %ld: %s", actor->index,
			name, strerror(-err));
}

static void release_one(struct to_actor *actor)
{
	unsigned int i = to_random_below(&actor->random, actor->nr_held);

	context_release(actor, to_actor_leave(actor, i));
}

/*
 * Some of a set goes, the rest is held on: that waits for nobody, and fails for nothing. Of what
 * was abandoned there the owner was told when it acquired the set.
 */
static void release_part(struct to_actor *actor)
{
	unsigned int i = to_random_below(&actor->random, actor->nr_held), nr;
	struct dmabuf_sync_access accesses[TO_SET];
	struct to_set set = actor->held[i].set;
	long name;
	int err;

	to_set_cut(&set, &actor->random);
	nr = to_actor_accesses(actor, &set, accesses);
	name = to_actor_leave(actor, i);
	err = st_change(actor->fd, name, accesses, nr, 0, 0, NULL);
	if (err)
		to_fail(actor->arena, "errno", "slot %u: releasing a part of set %ld: %s",
			actor->index, name, strerror(-err));
	to_actor_enter(actor, name, &set, true);
	to_actor_count(actor, TO_CHANGED);
}

/* All that is held is abandoned; another owner comes. */
static void abandon(struct to_actor *actor)
{
	int also = to_random_percent(&actor->random, 30) ? dup(actor->fd) : -1;

	to_actor_count(actor, TO_ABANDONED);
	to_actor_die(actor);
	close(actor->fd);
	if (also >= 0)
		close(also);
	to_actor_reborn(actor);
	if (!context_open(actor))
		to_fail(actor->arena, "errno", "a context cannot be opened: %s",
			strerror(errno));
}

/* A child has the same file and so is the same owner: it does the rest for its parent. */
static void release_by_child(struct to_actor *actor)
{
	unsigned int i = to_random_below(&actor->random, actor->nr_held);
	struct to_held held = actor->held[i];
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return;
	if (!pid) {
		to_actor_linger(actor);
		context_release(actor, to_actor_leave(actor, i));
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		to_fail(actor->arena, "errno", "slot %u: its child ended with %#x",
			actor->index, status);
	to_cells_forget(actor, &held.set);
	actor->held[i] = actor->held[--actor->nr_held];
	to_actor_count(actor, TO_FORKS);
}

/* The context gets another descriptor: by dup(), or as a message that is on its way. */
static void pass(struct to_actor *actor)
{
	bool dups = to_random_percent(&actor->random, 50);
	int sock[2], fd;

	if (!dups && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock))
		return;
	if (dups) {
		fd = fcntl(actor->fd, F_DUPFD_CLOEXEC, 0);
		close(actor->fd);
	} else {
		fd = st_fd_send(sock[0], actor->fd);
		close(actor->fd);
		to_actor_linger(actor);
		if (!fd)
			fd = st_fd_receive(sock[1]);
		close(sock[0]);
		close(sock[1]);
	}
	if (fd < 0)
		to_fail(actor->arena, "errno", "slot %u: its context got lost: %s",
			actor->index, strerror(-fd));
	actor->fd = fd;
	to_actor_count(actor, TO_PASSED);
}

static void give_back(struct to_actor *actor)
{
	unsigned int how = to_random_below(&actor->random, 100);

	if (how < 4)
		abandon(actor);
	else if (how < 7)
		release_by_child(actor);
	else if (how < 12)
		pass(actor);
	else if (how < 30)
		release_part(actor);
	else
		release_one(actor);
}

static void context_turn(struct to_actor *actor)
{
	unsigned int depth = 1;

	if (to_random_percent(&actor->random, 40))
		depth += to_random_below(&actor->random, TO_HELD);
	while (actor->nr_held < depth && context_acquire(actor)) {
		to_actor_linger(actor);
		if (to_random_percent(&actor->random, 10))
			break;
	}
	while (actor->nr_held) {
		give_back(actor);
		if (actor->nr_held)
			to_actor_linger(actor);
	}
}

const struct to_kind to_context_kind = {
	.name = "context",
	.order = TO_QUEUES,
	.open = context_open,
	.turn = context_turn,
	.close = context_close,
};
