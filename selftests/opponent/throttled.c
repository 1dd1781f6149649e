// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": a request whose buffers the opponent does not share takes no lock that the
 * opponent can keep busy; and nothing is held of a reservation lock while sleeping for a lock that
 * another user's task can hold for long (invariant 2). Here the opponent holds and waits, on
 * buffers of its own, and hardly runs: its cgroup may have a twentieth of a processor, or its tasks
 * have the lowest priority beside others of it that take all the time.
 *
 *	opponent	searches .. | throttled ................ | searches .. | throttled ...
 *	victim			    requests	must not wait for that
 *
 * Counted: the time that passes in the victim's rounds, in fractions of the time for which the
 * opponent does not run. Kernels from 6.18 on throttle a task only where it holds nothing, on the
 * way to user mode: there it is the priority that shows it.
 */
#include <kselftest_harness.h>
#include <sched.h>

#include "opponent.h"

#define PERIOD_US	100000
#define QUOTA_US	5000
#define NR_HELD		9000
#define NR_OWN		15000
#define NR_ROUNDS	40
/* Between two rounds, so that they come at any time of a period. */
#define PAUSE_MS	13
/* Alone a round takes a small fraction of that. */
#define HELD_UP_NS	(st_slowness() * 20 * ST_NSEC_PER_MSEC)
#define MAX_HELD_UP	(NR_ROUNDS / 2)
#define NR_OPPONENTS	3
#define NR_HOGS		2
#define HOG_NS		(st_slowness() * 5 * ST_NSEC_PER_SEC)

struct stage {
	bool idle;
	int ready;
	int err;
};

/* All of these tasks are on the first processor, so that one takes the time of the other. */
static int become_idle(void)
{
	struct sched_param param = { 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ||
	       sched_setscheduler(0, SCHED_IDLE, &param) ? -errno : 0;
}

/* Not for ever: what waits for the opponent would be reported as hung. */
static int play_hog(void *arg)
{
	int64_t end_ns = st_now_ns() + HOG_NS;
	cpu_set_t cpus;

	(void)arg;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return 1;
	while (st_now_ns() < end_ns)
		;
	return 0;
}

static int play_search(void *arg)
{
	struct stage *stage = arg;
	int a = st_context_open(), b = st_context_open();
	struct st_buffer buf;
	long set;
	int err;

	err = op_buffer(&buf, 4 * ST_PAGE) ?: op_lock_bytes(a, buf.fd, R, 0, NR_HELD) ?:
	      op_lock_bytes(b, buf.fd, R, 0, NR_OWN);
	if (!err && stage->idle)
		err = become_idle();
	stage->err |= err;
	__atomic_add_fetch(&stage->ready, 1, __ATOMIC_RELEASE);
	while (!err) {
		set = st_lock_all(b, buf.fd, W, QUEUE);
		err = set < 0 ? set : st_release(b, set);
	}
	return 1;
}

FIXTURE(throttled)
{
	struct st_world w;
	struct stage *stage;
	pid_t opponents[NR_OPPONENTS], hogs[NR_HOGS];
};

FIXTURE_VARIANT(throttled)
{
	bool idle;
};

FIXTURE_VARIANT_ADD(throttled, by_its_cgroup)
{
	.idle = false,
};

FIXTURE_VARIANT_ADD(throttled, by_its_priority)
{
	.idle = true,
};

/* Return: false without such cgroups. */
static bool throttle(FIXTURE_DATA(throttled) *self)
{
	char text[32];
	unsigned int i;
	int err;

	snprintf(text, sizeof(text), "%d %d", QUOTA_US, PERIOD_US);
	err = op_cgroup_make();
	for (i = 0; !err && i < NR_OPPONENTS; i++)
		err = op_cgroup_add(self->opponents[i]);
	return !err && !op_cgroup_set("cpu.max", text) &&
	       ST_UNTIL(op_cgroup_get("cpu.stat", "nr_throttled") > 2);
}

FIXTURE_SETUP(throttled)
{
	struct st_world *w = &self->w;
	unsigned int i;

	ASSERT_EQ(0, st_world_open(w));
	/* The victim's own: 0 holds buffer 0; 1 holds buffer 1 and will wait for buffer 0. */
	ASSERT_LE(0, st_lock_all(w->ctx[0], w->buf[0].fd, W, 0));
	ASSERT_LE(0, st_lock_all(w->ctx[1], w->buf[1].fd, W, 0));

	self->stage = st_shared(sizeof(*self->stage));
	self->stage->idle = variant->idle;
	for (i = 0; i < NR_OPPONENTS; i++)
		self->opponents[i] = op_start(OP_OPPONENT, play_search, self->stage);
	EXPECT_TRUE(op_await(&self->stage->ready, NR_OPPONENTS, 6 * ST_SOON_MS));
	EXPECT_EQ(0, self->stage->err);
	for (i = 0; variant->idle && i < NR_HOGS; i++)
		self->hogs[i] = op_start(OP_OPPONENT, play_hog, NULL);
	if (!variant->idle && !throttle(self))
		SKIP(return, "no cgroup v2 with a cpu controller and bandwidth control");
}

static void end_all(pid_t *pids, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (pids[i] > 0)
			op_kill(pids[i]);
		pids[i] = 0;
	}
}

/* From here on nobody is held up by them. */
static void opponents_end(FIXTURE_DATA(throttled) *self)
{
	op_cgroup_set("cpu.max", "max 100000");
	end_all(self->hogs, NR_HOGS);
	end_all(self->opponents, NR_OPPONENTS);
}

FIXTURE_TEARDOWN(throttled)
{
	opponents_end(self);
	EXPECT_TRUE(op_cgroup_remove());
	EXPECT_TRUE(st_world_close(&self->w));
}

/* It holds buffer 1, waits for buffer 0, and gives up. */
static int round_hold_and_wait(struct st_world *w)
{
	long set = st_lock_all(w->ctx[1], w->buf[0].fd, W, QUEUE);

	return set < 0 ? set : st_release(w->ctx[1], set);
}

static unsigned int held_up(int64_t begin_ns)
{
	return (st_now_ns() - begin_ns) / HELD_UP_NS;
}

TEST_F_TIMEOUT(throttled, user_does_not_hold_up_one_who_holds_and_waits, 150)
{
	unsigned int i, nr = 0;
	int64_t begin_ns;

	for (i = 0; i < NR_ROUNDS && nr <= MAX_HELD_UP; i++) {
		begin_ns = st_now_ns();
		ASSERT_EQ(0, round_hold_and_wait(&self->w));
		nr += held_up(begin_ns);
		st_sleep_ms(PAUSE_MS);
	}
	TH_LOG("%u rounds were held up for %lld ms", i, nr * HELD_UP_NS / ST_NSEC_PER_MSEC);
	EXPECT_GE(MAX_HELD_UP, nr);
}

struct victim {
	struct st_world *w;
	int stop;
};

static void *victim_thread(void *arg)
{
	struct victim *victim = arg;

	while (!op_phase(&victim->stop))
		round_hold_and_wait(victim->w);
	return NULL;
}

/* Somebody whom the framework is nothing to locks the resv of the buffer that is waited for. */
TEST_F_TIMEOUT(throttled, user_does_not_hold_up_stock_drivers_of_the_victims_buffer, 150)
{
	struct victim victim = { .w = &self->w };
	unsigned int i, nr = 0;
	pthread_t thread;
	int64_t begin_ns;
	long hold;

	ASSERT_EQ(0, pthread_create(&thread, NULL, victim_thread, &victim));
	for (i = 0; i < NR_ROUNDS && nr <= MAX_HELD_UP; i++) {
		begin_ns = st_now_ns();
		hold = st_resv_hold(self->w.test, self->w.buf[0].fd, 1000, false);
		EXPECT_LE(0, hold);
		EXPECT_EQ(0, st_test_destroy(self->w.test, hold));
		nr += held_up(begin_ns);
		st_sleep_ms(PAUSE_MS);
	}
	TH_LOG("%u locks were held up for %lld ms", i, nr * HELD_UP_NS / ST_NSEC_PER_MSEC);
	EXPECT_GE(MAX_HELD_UP, nr);
	opponents_end(self);
	op_reach(&victim.stop, 1);
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
