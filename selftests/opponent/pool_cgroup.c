// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": user work runs in the user's own context, priority and cgroup. Here the
 * opponent has a cgroup of its own and makes as much work as it can: 1024 requests of four owners
 * queue in one buffer, are served one by one, and queue again. Counted: the CPU time of its
 * cgroup, and that of the kernel's worker threads meanwhile.
 */
#include <kselftest_harness.h>
#include <poll.h>

#include "opponent.h"

#define NR_OWNERS	4
#define NR_REQUESTS	1024
/* The rest of the machine has some work for them, too: one tenth is left to that. */
#define MAX_SHARE	10

struct stage {
	int ready, go, served;
};

static int queue_all(const int *owners, int fd)
{
	unsigned int i;
	long ret;

	for (i = 0; i < NR_REQUESTS; i++) {
		ret = st_lock_all(owners[i % NR_OWNERS], fd, W, QUEUE);
		if (ret < 0)
			return ret == -ENOLCK ? (int)i : ret;
	}
	return i;
}

/* Release each as soon as it is acquired. */
static int serve_all(const int *owners, int nr)
{
	struct pollfd polls[NR_OWNERS];
	struct dmabuf_sync_event event;
	int served = 0;
	unsigned int i;

	for (i = 0; i < NR_OWNERS; i++)
		polls[i] = (struct pollfd){ .fd = owners[i], .events = POLLIN };
	while (served < nr && poll(polls, NR_OWNERS, ST_SOON_MS) > 0) {
		for (i = 0; i < NR_OWNERS; i++) {
			if (!polls[i].revents)
				continue;
			if (st_event_read(owners[i], &event, 0) || event.result ||
			    st_release(owners[i], event.set))
				return -EIO;
			served++;
		}
	}
	return served;
}

static int play_crowd(void *arg)
{
	struct stage *stage = arg;
	int owners[NR_OWNERS], holder = st_context_open(), nr;
	struct st_buffer buf;
	unsigned int i;
	long held;

	if (op_buffer(&buf, ST_PAGE))
		return 1;
	for (i = 0; i < NR_OWNERS; i++)
		owners[i] = st_context_open();
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, ST_SOON_MS);
	held = st_lock_all(holder, buf.fd, W, TRY);
	nr = queue_all(owners, buf.fd);
	if (held < 0 || nr < 0 || st_release(holder, held))
		return 2;
	stage->served = serve_all(owners, nr);
	return stage->served == nr ? 0 : 3;
}

FIXTURE(pool)
{
};

FIXTURE_SETUP(pool)
{
}

FIXTURE_TEARDOWN(pool)
{
	EXPECT_TRUE(op_cgroup_remove());
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_F_TIMEOUT(pool, of_workers_does_nothing_on_behalf_of_the_opponent, 150)
{
	struct stage *stage = st_shared(sizeof(*stage));
	long long own_ns, workers_ns;
	pid_t pid;

	if (op_cgroup_make() || op_cgroup_get("cpu.stat", "usage_usec") < 0)
		SKIP(return, "no cgroup v2 with a cpu controller");
	workers_ns = op_workers_ns();
	if (workers_ns <= 0)
		SKIP(return, "no /proc/PID/schedstat");
	pid = op_start(OP_OPPONENT, play_crowd, stage);
	ASSERT_TRUE(op_await(&stage->ready, 1, ST_SOON_MS));
	ASSERT_EQ(0, op_cgroup_add(pid));
	own_ns = op_cgroup_get("cpu.stat", "usage_usec") * 1000;
	workers_ns = op_workers_ns();
	op_reach(&stage->go, 1);
	EXPECT_EQ(0, op_end_ms(pid, 9 * ST_SOON_MS));
	own_ns = op_cgroup_get("cpu.stat", "usage_usec") * 1000 - own_ns;
	workers_ns = op_workers_ns() - workers_ns;
	TH_LOG("%d requests: %lld ms in its cgroup, %lld ms in the kernel's workers",
	       stage->served, own_ns / 1000000, workers_ns / 1000000);
	EXPECT_GE((own_ns + workers_ns) / MAX_SHARE, workers_ns);
}

TEST_HARNESS_MAIN
