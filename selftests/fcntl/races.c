// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of one process that lock, unlock and close at the same time. They are one owner: what
 * one of them has just locked another may unlock. However they meet, the accesses are those
 * that the records say; the kernel log is looked at behind each test.
 */
#include <kselftest_harness.h>
#include <sched.h>
#include <sys/mman.h>

#include "locks.h"

#define ROUNDS		100
#define FIRST_ROUNDS	5
#define THREADS		4

FIXTURE(race)
{
	struct st_world w;
	int fd;
	uint64_t ino;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->ino = self->w.buf[0].ino;
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/**
 * struct racer - a thread that does something once per round, together with the others
 * @line: where they begin each round
 * @fn: what it does
 * @fd: with what
 * @delay: spins before it does
 * @over: no more rounds
 * @error: of @fn, a negative errno
 */
struct racer {
	pthread_t thread;
	pthread_barrier_t *line;
	int (*fn)(struct racer *racer);
	int fd;
	unsigned int delay;
	bool *over;
	int error;
};

static void *race(void *arg)
{
	struct racer *racer = arg;
	volatile unsigned int spin;

	for (;;) {
		pthread_barrier_wait(racer->line);
		if (*racer->over)
			return NULL;
		for (spin = 0; spin < racer->delay; spin++)
			;
		racer->error = racer->fn(racer);
		pthread_barrier_wait(racer->line);
	}
}

static int close_one(struct racer *racer)
{
	return close(dup(racer->fd)) ? -errno : 0;
}

/*
 * While the kernel lists all locks nobody changes one: whoever wants to sleeps in the middle of
 * that. A long list, and a look far behind its end, makes this last for some milliseconds.
 */
#define LIST_FILES	20
#define LIST_LOCKS	500
#define LIST_END	(1 << 30)

static bool list_make(int *fds)
{
	int i, j;

	for (i = 0; i < LIST_FILES; i++) {
		fds[i] = memfd_create("many locks", MFD_CLOEXEC);
		for (j = 0; j < LIST_LOCKS; j++)
			if (lk_try(fds[i], F_RDLCK, 2LL * j, 1))
				return false;
	}
	return true;
}

static int on_cpu(pid_t tid, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(tid, sizeof(cpus), &cpus) ? -errno : 0;
}

/* The steps of a round, as the drawing below has them. */
static int listing, unlocking, locked;

static void step_done(int *step)
{
	__atomic_store_n(step, 1, __ATOMIC_RELEASE);
}

static bool step_wait(int *step)
{
	return ST_UNTIL(__atomic_load_n(step, __ATOMIC_ACQUIRE));
}

static int list_and_stay(struct racer *racer)
{
	struct sched_param first = { .sched_priority = 1 }, none = { .sched_priority = 0 };
	int64_t end_ns = st_now_ns() + ST_NSEC_PER_SEC;
	char text[16];
	int ret;

	/* Once before: it takes the kernel some time to get ready for it. */
	ret = on_cpu(0, 1) || pread(racer->fd, text, sizeof(text), LIST_END) < 0 ||
	      sched_setscheduler(0, SCHED_FIFO, &first) ? -errno : 0;
	step_done(&listing);
	if (pread(racer->fd, text, sizeof(text), LIST_END) < 0)
		ret = -errno;
	while (!__atomic_load_n(&locked, __ATOMIC_ACQUIRE) && st_now_ns() < end_ns)
		;
	sched_setscheduler(0, SCHED_OTHER, &none);
	return ret;
}

static int unlock_one(struct racer *racer)
{
	int ret = on_cpu(0, 0);

	step_wait(&listing);
	__atomic_store_n(&unlocking, gettid(), __ATOMIC_RELEASE);
	return ret ?: lk_try(racer->fd, F_UNLCK, 5, 1);
}

static int lock_ten(struct racer *racer)
{
	int ret = on_cpu(0, 0);

	step_wait(&unlocking);
	usleep(1000);
	/* When it is woken, it has to wait for the processor of the one who lists. */
	ret = ret ?: on_cpu(unlocking, 1);
	ret = ret ?: lk_try(racer->fd, F_WRLCK, 0, 10);
	step_done(&locked);
	return ret;
}

/*
 * The first lock of a process on a buffer. The thread that unlocks comes first, sleeps as the lock
 * is about to change, and goes on when the other one is done with all of it.
 *
 *	list	begins ....................... stays on B's processor
 *	B		unlocks: sleeps ..................... goes on
 *	A			 locks: sleeps ...... done
 */
TEST_F_TIMEOUT(race, first_lock_against_unlock_of_a_part, 120)
{
	int fds[LIST_FILES], proc = open("/proc/locks", O_RDONLY | O_CLOEXEC), i, round;
	pthread_barrier_t line;
	bool over = false;
	struct racer racers[3] = {
		{ .line = &line, .fn = list_and_stay, .fd = proc, .over = &over },
		{ .line = &line, .fn = lock_ten, .fd = self->fd, .over = &over },
		{ .line = &line, .fn = unlock_one, .fd = self->fd, .over = &over },
	};

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two processors");
	ASSERT_TRUE(list_make(fds));
	ASSERT_LE(0, proc);
	/* The kernel's list of the buffer's locks stays once it is there. */
	ASSERT_EQ(0, lk_try(self->fd, F_RDLCK, 0, 1));
	ASSERT_EQ(0, lk_try(self->fd, F_UNLCK, 0, 1));
	ASSERT_EQ(0, pthread_barrier_init(&line, NULL, 4));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, race, &racers[i]));
	for (round = 0; round < FIRST_ROUNDS; round++) {
		listing = 0;
		unlocking = 0;
		locked = 0;
		pthread_barrier_wait(&line);
		pthread_barrier_wait(&line);
		for (i = 0; i < 3; i++)
			EXPECT_EQ(0, racers[i].error);
		EXPECT_TRUE(lk_alike(self->ino));
		EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
		EXPECT_TRUE(lk_alike(self->ino));
	}
	over = true;
	pthread_barrier_wait(&line);
	for (i = 0; i < 3; i++)
		pthread_join(racers[i].thread, NULL);
	close(proc);
	for (i = 0; i < LIST_FILES; i++)
		close(fds[i]);
}

static int play_at_random(struct racer *racer)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK, F_UNLCK };
	unsigned int dice, i;
	int ret;

	for (i = 0; i < 20; i++) {
		racer->delay = racer->delay * 1103515245 + 12345;
		dice = racer->delay >> 16;
		ret = lk_do(racer->fd, dice % 5 ? F_SETLK : F_SETLKW, types[dice % 4],
			    dice / 16 % 24, dice % 37 ? 1 + dice / 512 % 9 : 0);
		if (ret)
			return ret;
		if (dice % 31 == 0)
			close_one(racer);
	}
	return 0;
}

/* Splits, merges, upgrades, downgrades and closes of several threads. */
TEST_F(race, threads_at_random)
{
	struct racer racers[THREADS];
	pthread_barrier_t line;
	bool over = false;
	int i, round;

	ASSERT_EQ(0, pthread_barrier_init(&line, NULL, THREADS + 1));
	for (i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ .line = &line, .fn = play_at_random,
					    .fd = self->fd, .over = &over, .delay = i };
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, race, &racers[i]));
	}
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < THREADS; i++)
			racers[i].delay %= 4096;
		pthread_barrier_wait(&line);
		pthread_barrier_wait(&line);
		for (i = 0; i < THREADS; i++)
			EXPECT_EQ(0, racers[i].error);
		EXPECT_TRUE(lk_alike(self->ino));
		if (round % 3 == 0)
			EXPECT_EQ(0, lk_try(self->fd, F_UNLCK, ALL_BYTES));
	}
	over = true;
	pthread_barrier_wait(&line);
	for (i = 0; i < THREADS; i++)
		pthread_join(racers[i].thread, NULL);
}

TEST_HARNESS_MAIN
