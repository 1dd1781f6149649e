// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes at the same time as all that ends a set, or wants its bytes. Whoever is inside notes it
 * in the buffer itself, in a counter of readers and one of writers per slot, and looks who else is
 * there; so do processes with fcntl(), on the same bytes.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>

#include "st.h"

#define W		DMA_BUF_ACCESS_W
#define R		DMA_BUF_ACCESS_R
#define TRY		DMABUF_SYNC_ACQUIRE_NONBLOCK
#define NB		DMABUF_SYNC_CHANGE_NONBLOCK
#define TO_END		DMABUF_SYNC_TO_END
#define NR_SLOTS	16
#define SLOT		256
#define NR_THREADS	6
#define RUN_MS		3000
#define ROUNDS		200
#define SLOW_MS		300

FIXTURE(race)
{
	struct st_world w;
	unsigned int before;
	int *ctx, fd;
};

FIXTURE_SETUP(race)
{
	self->before = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->before));
}

struct slot {
	int readers, writers;
};

/* Slots that are held, or wanted; without @nr there are none. */
struct part {
	uint32_t mode;
	unsigned int first, nr;
};

struct worker {
	char *map;
	int ctx, fd;
	unsigned int seed;
	int64_t end_ns;
	unsigned long changed, refused, violations;
	long bad_error;
	pthread_t thread;
};

static unsigned int pick(struct worker *worker, unsigned int below)
{
	return rand_r(&worker->seed) % below;
}

static struct part pick_part(struct worker *worker)
{
	unsigned int first = pick(worker, NR_SLOTS);

	return (struct part){
		.mode = pick(worker, 2) ? R : W,
		.first = first, .nr = 1 + pick(worker, NR_SLOTS - first),
	};
}

static struct slot *slot_of(struct worker *worker, unsigned int nr)
{
	return (struct slot *)(worker->map + nr * SLOT);
}

static void enter(struct worker *worker, const struct part *part, int add)
{
	struct slot *slot;
	unsigned int i;

	for (i = part->first; i < part->first + part->nr; i++) {
		slot = slot_of(worker, i);
		__atomic_add_fetch(part->mode == W ? &slot->writers : &slot->readers, add,
				   __ATOMIC_SEQ_CST);
	}
}

static void look_around(struct worker *worker, const struct part *part)
{
	int readers, writers;
	struct slot *slot;
	unsigned int i;

	for (i = part->first; i < part->first + part->nr; i++) {
		slot = slot_of(worker, i);
		readers = __atomic_load_n(&slot->readers, __ATOMIC_SEQ_CST);
		writers = __atomic_load_n(&slot->writers, __ATOMIC_SEQ_CST);
		if ((part->mode == W ? writers != 1 : writers) || (writers && readers))
			worker->violations++;
	}
}

/* What both have, in the weaker mode of both. */
static struct part common(const struct part *a, const struct part *b)
{
	unsigned int first = a->first > b->first ? a->first : b->first;
	unsigned int a_end = a->first + a->nr, b_end = b->first + b->nr;
	unsigned int end = a_end < b_end ? a_end : b_end;

	return (struct part){
		.mode = a->mode == W && b->mode == W ? W : R,
		.first = first, .nr = end > first ? end - first : 0,
	};
}

static int change(struct worker *worker, long set, const struct part *to)
{
	struct dmabuf_sync_access entry = st_access(worker->fd, to->mode, to->first * SLOT,
						    to->nr * SLOT);
	bool waits = pick(worker, 2);

	return st_change(worker->ctx, set, &entry, 1, waits ? 0 : NB,
			 waits ? st_now_ns() + 5 * ST_NSEC_PER_MSEC : 0, NULL);
}

/* What the set keeps is noted at any moment, and what it gives up is not while the call goes on. */
static int change_noted(struct worker *worker, long set, struct part *part)
{
	struct part to = pick_part(worker), kept = common(part, &to);
	int err;

	enter(worker, &kept, 1);
	enter(worker, part, -1);
	err = change(worker, set, &to);
	if (!err)
		*part = to;
	enter(worker, part, 1);
	enter(worker, &kept, -1);
	look_around(worker, part);
	return err;
}

static void note(struct worker *worker, int err)
{
	if (!err)
		worker->changed++;
	else if (err == -EAGAIN || err == -ETIMEDOUT || err == -EDEADLK)
		worker->refused++;
	else
		worker->bad_error = err;
}

static void *changer(void *arg)
{
	struct worker *worker = arg;
	unsigned int rounds;
	struct part part;
	long set;
	int err;

	while (st_now_ns() < worker->end_ns && !worker->bad_error) {
		part = pick_part(worker);
		set = st_lock(worker->ctx, worker->fd, part.mode, part.first * SLOT,
			      part.nr * SLOT, 0);
		if (set < 0) {
			worker->bad_error = set;
			break;
		}
		enter(worker, &part, 1);
		for (err = 0, rounds = pick(worker, 16); rounds && err != -EDEADLK; rounds--) {
			err = change_noted(worker, set, &part);
			note(worker, err);
		}
		enter(worker, &part, -1);
		note(worker, st_release(worker->ctx, set));
	}
	return NULL;
}

static int lock_part(struct worker *worker, int cmd, short type, const struct part *part)
{
	struct flock lock = {
		.l_type = type, .l_start = part->first * SLOT, .l_len = part->nr * SLOT,
	};

	return fcntl(worker->fd, cmd, &lock) ? -errno : 0;
}

/* A process that does the same with record locks: one at a time. */
static int locker(struct worker *worker)
{
	struct part part;

	while (st_now_ns() < worker->end_ns && !worker->bad_error) {
		part = pick_part(worker);
		worker->bad_error = lock_part(worker, F_SETLKW, part.mode == W ? F_WRLCK : F_RDLCK,
					      &part);
		if (worker->bad_error)
			break;
		enter(worker, &part, 1);
		look_around(worker, &part);
		enter(worker, &part, -1);
		worker->bad_error = lock_part(worker, F_SETLK, F_UNLCK, &part);
	}
	return worker->bad_error || worker->violations;
}

TEST_F(race, nobody_is_let_in_beside_a_conflicting_one)
{
	struct worker workers[NR_THREADS] = { 0 }, child;
	unsigned int i;
	pid_t pid;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_LONG_MS));
	ASSERT_EQ(0, st_buffer_map(&self->w.buf[0]));
	for (i = 0; i < NR_THREADS; i++)
		workers[i] = (struct worker){
			.map = (char *)self->w.buf[0].map, .ctx = self->ctx[i], .fd = self->fd,
			.seed = i, .end_ns = st_now_ns() + RUN_MS * ST_NSEC_PER_MSEC,
		};
	child = workers[0];
	pid = st_fork();
	if (!pid)
		_exit(locker(&child));
	for (i = 0; i < NR_THREADS; i++)
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, changer, &workers[i]));
	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(0, workers[i].bad_error);
		EXPECT_EQ(0, workers[i].violations);
		EXPECT_LT(0, workers[i].changed);
		EXPECT_LT(0, workers[i].refused);
	}
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_EQ(0, st_query_count(self->ctx[0], self->fd, 0));
}

/* Change a set to and fro until that fails, otherwise than by @passing. */
struct swinger {
	int ctx, fd;
	long set;
	int result, passing;
	pthread_t thread;
};

static void *swing(void *arg)
{
	struct swinger *swinger = arg;
	unsigned int i = 0;

	do {
		swinger->result = st_change_one(swinger->ctx, swinger->set, swinger->fd,
						i & 1 ? R : W, 0, (1 + i % 3) * SLOT, NB);
		i++;
	} while (!swinger->result || swinger->result == swinger->passing);
	return NULL;
}

static bool is_free(int ctx, int fd)
{
	long set = st_lock_all(ctx, fd, W, TRY);

	return set > 0 && !st_release(ctx, set);
}

TEST_F(race, release_takes_all_that_a_set_has_become)
{
	struct swinger swinger = { .ctx = self->ctx[0], .fd = self->fd };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		swinger.set = st_lock_all(self->ctx[0], self->fd, W, 0);
		ASSERT_LT(0, swinger.set);
		ASSERT_EQ(0, pthread_create(&swinger.thread, NULL, swing, &swinger));
		usleep(rand() % 300);
		EXPECT_EQ(0, st_release(self->ctx[0], swinger.set));
		pthread_join(swinger.thread, NULL);
		EXPECT_TRUE(swinger.result == -ENOENT || swinger.result == -ECANCELED);
		ASSERT_TRUE(is_free(self->ctx[1], self->fd));
	}
}

/*
 * The lease is over in the middle of a change: it is revoked once, and whoever waits comes in.
 * Shortly before, nobody is overtaken any more.
 */
TEST_F(race, lease_takes_all_that_a_set_has_become)
{
	struct swinger swinger = { .ctx = self->ctx[0], .fd = self->fd, .passing = -EAGAIN };
	struct st_call waiter;
	unsigned int i;

	ASSERT_LE(0, st_lease_promise(self->ctx[0], DMABUF_SYNC_MIN_LEASE_MS));
	for (i = 0; i < ROUNDS / 10; i++) {
		swinger.set = st_lock_all(self->ctx[0], self->fd, W, 0);
		ASSERT_LT(0, swinger.set);
		ASSERT_EQ(0, st_call_lock(&waiter, self->ctx[1], self->fd, W, 0, TO_END));
		/* So short a lease may be over before anybody has looked. */
		ASSERT_TRUE(ST_UNTIL(st_call_done(&waiter) ||
				     st_query_count(self->ctx[1], self->fd,
						    DMABUF_SYNC_STATE_QUEUED)));
		ASSERT_EQ(0, pthread_create(&swinger.thread, NULL, swing, &swinger));
		EXPECT_LT(0, st_call_end(&waiter));
		pthread_join(swinger.thread, NULL);
		EXPECT_EQ(-EOWNERDEAD, swinger.result);
		EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], swinger.set));
		EXPECT_EQ(0, st_release(self->ctx[1], waiter.result));
		ASSERT_TRUE(is_free(self->ctx[1], self->fd));
	}
}

/* The new accesses are there, and the exporter is slow: the release waits for it. */
TEST_F(race, release_waits_for_the_exporter_of_a_change)
{
	struct st_buffer slow;
	struct st_call call;
	long set;

	ASSERT_EQ(0, st_buffer_test(self->w.test, &slow, ST_PAGE, O_RDWR));
	set = st_lock_all(self->ctx[0], slow.fd, W, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_buffer_fault(self->w.test, &slow, 0, 0, SLOW_MS));
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], set, slow.fd, R, 0, SLOT, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], slow.fd,
					    DMABUF_SYNC_STATE_ACQUIRED) == 2));
	EXPECT_EQ(-EBUSY, st_change_one(self->ctx[0], set, slow.fd, R, 0, SLOT, NB));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(set, st_call_end(&call));
	EXPECT_EQ(0, st_query_count(self->ctx[1], slow.fd, 0));
	st_buffer_close(&slow);
}

/* What is being changed has no lease; afterwards it has, without the timer having to find it. */
TEST_F(race, who_came_during_a_change_has_a_lease_to_wait_for)
{
	struct st_call change, waiter;
	struct st_buffer slow;
	long set;

	ASSERT_EQ(0, st_buffer_test(self->w.test, &slow, ST_PAGE, O_RDWR));
	ASSERT_LE(0, st_lease_promise(self->ctx[0], SLOW_MS / 2));
	set = st_lock_all(self->ctx[0], slow.fd, W, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_buffer_fault(self->w.test, &slow, 0, 0, SLOW_MS));
	ASSERT_EQ(0, st_call_change(&change, self->ctx[0], set, slow.fd, W, 0, TO_END, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], slow.fd,
					    DMABUF_SYNC_STATE_ACQUIRED) == 2));
	ASSERT_EQ(0, st_call_wait(&waiter, self->ctx[1], slow.fd, W));
	EXPECT_EQ(set, st_call_end(&change));
	EXPECT_LT(0, st_call_end(&waiter));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], set));
	EXPECT_EQ(0, st_release(self->ctx[1], waiter.result));
	st_buffer_close(&slow);
}

/* A descriptor that is read all the time says that the set is held, whatever becomes of it. */
TEST_F(race, reader_of_a_descriptor_never_misses_the_set)
{
	struct pollfd pfd = { .events = POLLIN };
	struct dmabuf_sync_access all = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_event event;
	struct dmabuf_sync_acquire out;
	struct swinger swinger;
	unsigned int i;

	ASSERT_EQ(0, st_acquire(self->ctx[0], &all, 1, TRY | DMABUF_SYNC_ACQUIRE_FD, 0, 0, &out));
	pfd.fd = out.set;
	swinger = (struct swinger){ .ctx = out.set, .fd = self->fd, .set = 1 };
	ASSERT_EQ(0, pthread_create(&swinger.thread, NULL, swing, &swinger));
	for (i = 0; i < 100 * ROUNDS; i++) {
		ASSERT_EQ(1, poll(&pfd, 1, 0));
		ASSERT_EQ(POLLIN, pfd.revents);
		ASSERT_EQ(sizeof(event), read(out.set, &event, sizeof(event)));
		ASSERT_EQ(0, event.result);
	}
	/* Another reader, and it cannot write any more. */
	ASSERT_TRUE(ST_UNTIL(st_lock_all(self->ctx[1], self->fd, R, TRY) > 0));
	pthread_join(swinger.thread, NULL);
	EXPECT_EQ(-EAGAIN, swinger.result);
	ASSERT_EQ(sizeof(event), read(out.set, &event, sizeof(event)));
	EXPECT_EQ(0, event.result);
	close(out.set);
}

TEST_HARNESS_MAIN
