// SPDX-License-Identifier: GPL-2.0-only
/*
 * A producer and its subscribers, with libdmabuf-sync: frames go round four buffers, and each
 * subscriber reads each frame once. One of them is stopped while it reads. Its lease lets the
 * others go on, the producer learns whom to leave out, and the one that was stopped learns that
 * it is.
 */
#include <dmabuf-sync.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "buffer.h"

#define BUFFERS		4
#define FRAMES		20
#define SUBSCRIBERS	3
#define LEASE_MS	1000
/* Who is stopped, and when. */
#define STOPPED		1
#define STOPPED_AT	5

struct subscriber {
	pid_t pid;
	int consumed;	/* its timeline: the frame that it has read last */
};

/* What became of a subscriber, in memory that all processes share. */
struct result {
	int frames;
	int error;
};

static struct buffer buffers[BUFFERS];
static struct result *results;

static int must(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		die(what);
	}
	return ret;
}

static volatile int *frame_in(int n)
{
	return (volatile int *)buffers[n % BUFFERS].map;
}

/* [acquire] */
/* Acquire the buffer of frame @n, when and with what effect @points say. */
static uint32_t acquire(int ctx, int n, uint32_t mode, const struct dmasync_point *points,
			unsigned int nr_points)
{
	struct dmasync_access access = dmasync_make_access(buffers[n % BUFFERS].fd, mode, 0,
							   DMASYNC_TO_END);
	struct dmasync_request request = {
		.accesses = &access, .nr_accesses = 1, .points = points, .nr_points = nr_points,
	};
	struct dmasync_set set;

	must(dmasync_request(ctx, &request, &set), "dmasync_request");
	return set.number;
}
/* [/acquire] */

/* [subscriber] */
/* Frame @n is read when it was produced; the release tells that it is consumed. */
static int consume(int ctx, int n, int produced, int consumed, struct result *result)
{
	struct dmasync_point points[] = {
		dmasync_make_point(produced, DMASYNC_POINT_WAIT, n),
		dmasync_make_point(consumed, DMASYNC_POINT_SIGNAL, n),
	};
	uint32_t set = acquire(ctx, n, DMASYNC_READ, points, 2);
	int right = *frame_in(n) == n, err;

	if (result == &results[STOPPED] && n == STOPPED_AT)
		raise(SIGSTOP);
	/* EOWNERDEAD: others had the buffer meanwhile; what was read may be of two frames. */
	err = dmasync_release(ctx, set);
	result->frames += !err && right;
	return err;
}
/* [/subscriber] */

static void subscribe(int produced, int consumed, struct result *result)
{
	int ctx = must(dmasync_open(0), "/dev/dmabuf_sync"), n;

	must(dmasync_lease(ctx, LEASE_MS, NULL), "dmasync_lease");
	for (n = 1; n <= FRAMES && !result->error; n++)
		result->error = consume(ctx, n, produced, consumed, result);
	exit(0);
}

/* The child is an owner of its own; each side keeps of a timeline only what it needs. */
static void subscriber_start(struct subscriber *subscriber, int ctx, int produced,
			     struct result *result)
{
	int consumed = must(dmasync_timeline_new(ctx, 0), "dmasync_timeline_new"), waiter;

	subscriber->pid = fork();
	if (subscriber->pid < 0)
		die("fork");
	if (!subscriber->pid) {
		waiter = must(dmasync_timeline_waiter(produced, 0), "dmasync_timeline_waiter");
		close(produced);
		close(ctx);
		subscribe(waiter, consumed, result);
	}
	subscriber->consumed = must(dmasync_timeline_waiter(consumed, 0), "dmasync_timeline_waiter");
	close(consumed);
}

/* [producer] */
/* Leave out the subscriber whose point will not be reached: it was revoked, or it is gone. */
static void leave_out(struct subscriber *subscribers, int nr, int consumed)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (subscribers[i].consumed != consumed)
			continue;
		printf("subscriber %d was revoked: the others go on\n", i);
		close(consumed);
		subscribers[i].consumed = -1;
	}
}

/* Wait until all have read frame @n, but not for one that is stopped. */
static void wait_for_consumers(int ctx, struct subscriber *subscribers, int nr, int n)
{
	struct dmasync_point points[SUBSCRIBERS];
	unsigned int nr_points, index;
	int err = -EPIPE, i;

	while (err) {
		for (i = 0, nr_points = 0; i < nr; i++)
			if (subscribers[i].consumed >= 0)
				points[nr_points++] =
					dmasync_make_point(subscribers[i].consumed, 0, n);
		if (!nr_points)
			return;
		err = dmasync_wait(points, nr_points, 0, dmasync_deadline_ms(100), &index);
		if (err == -EPIPE)
			leave_out(subscribers, nr, points[index].timeline);
		else if (err == -ETIMEDOUT)
			/* Its lease begins when somebody waits for what it holds. */
			dmasync_release(ctx, acquire(ctx, n, DMASYNC_WRITE, NULL, 0));
		else
			must(err, "dmasync_wait");
	}
}

/* Frame @n goes where frame @n - BUFFERS was. */
static void produce(int ctx, int n, int produced, struct subscriber *subscribers, int nr)
{
	struct dmasync_point point = dmasync_make_point(produced, DMASYNC_POINT_SIGNAL, n);
	uint32_t set;

	if (n > BUFFERS)
		wait_for_consumers(ctx, subscribers, nr, n - BUFFERS);
	set = acquire(ctx, n, DMASYNC_WRITE, &point, 1);
	*frame_in(n) = n;
	must(dmasync_release(ctx, set), "dmasync_release");
}
/* [/producer] */

static void report(int i)
{
	if (results[i].error == -EOWNERDEAD)
		printf("subscriber %d: %d frames, then its lease was over\n", i, results[i].frames);
	else
		printf("subscriber %d: %d frames\n", i, results[i].frames);
}

int main(void)
{
	int ctx = must(dmasync_open(0), "/dev/dmabuf_sync"), i, n;
	int produced = must(dmasync_timeline_new(ctx, 0), "dmasync_timeline_new");
	struct subscriber subscribers[SUBSCRIBERS];

	results = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		die("mmap");
	for (i = 0; i < BUFFERS; i++)
		buffers[i] = buffer_new(PAGE);
	for (i = 0; i < SUBSCRIBERS; i++)
		subscriber_start(&subscribers[i], ctx, produced, &results[i]);
	for (n = 1; n <= FRAMES; n++)
		produce(ctx, n, produced, subscribers, SUBSCRIBERS);
	for (i = 0; i < SUBSCRIBERS; i++) {
		kill(subscribers[i].pid, SIGCONT);
		if (waitpid(subscribers[i].pid, NULL, 0) != subscribers[i].pid)
			die("waitpid");
		report(i);
	}
	return 0;
}
