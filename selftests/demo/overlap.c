// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same through the framework: nobody waits for a stage but the one who needs it.
 *
 *	A     [fill 0][fill 1][fill 2][fill 3]
 *	DMA           [copy 0][copy 1][copy 2][copy 3]
 *	B                     [read 0][read 1][read 2]
 *
 * A acquires a source, submits its copy - which is queued, as A holds the source - tells B
 * the number of the frame, fills the source and releases it: the copy starts by itself. B,
 * once told, acquires the destination: the request is behind the copy's, so B sleeps until
 * the bytes are there. Then it tells A that it has the frame: A may submit the next copy to
 * that destination, which will wait until B has released it.
 *
 * B is a thread with a context of its own, or another process, which gets the
 * destinations over the socket that the numbers go over.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

/* What is said over the socket. */
#define OVERLAP_END	UINT32_MAX

/**
 * struct overlap_side - A or B
 * @demo: the pipeline
 * @ctx: its owner
 * @sock: its end of the socket
 * @err: how it ended
 * @job: A: job of each slot
 */
struct overlap_side {
	struct demo *demo;
	int ctx;
	int sock;
	int err;
	int job[DEMO_MAX_SLOTS];
};

static int overlap_tell(struct overlap_side *side, uint32_t frame)
{
	if (send(side->sock, &frame, sizeof(frame), MSG_NOSIGNAL) == sizeof(frame))
		return 0;
	return errno == EPIPE ? -EPIPE :
	       demo_fail(-errno, "cannot tell of frame %u: %s", frame, strerror(errno));
}

/* -EPIPE when the other side has ended: it has said why. */
static int overlap_hear(struct overlap_side *side, uint32_t *frame)
{
	ssize_t got;

	do {
		got = recv(side->sock, frame, sizeof(*frame), 0);
	} while (got < 0 && errno == EINTR);
	if (got == sizeof(*frame))
		return 0;
	return got < 0 ? demo_fail(-errno, "socket: %s", strerror(errno)) : -EPIPE;
}

static long overlap_acquire(struct overlap_side *side, const struct st_buffer *buf,
			    uint32_t access)
{
	long set;

	if (side->demo->opt.unsynchronized)
		return 0;
	do {
		set = st_lock_all(side->ctx, buf->fd, access, 0);
	} while (set == -EINTR);
	return set < 0 ? demo_fail(set, "cannot acquire a buffer: %s", strerror(-set)) : set;
}

static int overlap_release(struct overlap_side *side, long set)
{
	int err = side->demo->opt.unsynchronized ? 0 : st_release(side->ctx, set);

	return err ? demo_fail(err, "cannot release a buffer: %s", strerror(-err)) : 0;
}

/* The copy of @frame is over, or it would not be asked for. */
static int overlap_reap(struct overlap_side *a, unsigned int frame)
{
	struct demo *demo = a->demo;
	int *job = &a->job[frame % demo->opt.nr_slots];
	struct dmabuf_copy_result result;
	int err = dma_job_result(*job, &result);

	close(*job);
	*job = -1;
	if (!err)
		err = result.result;
	if (err)
		return demo_fail(err, "copy of frame %u: %s", frame, strerror(-err));
	demo->log.windows[DEMO_DMA_WAITS][frame] =
		(struct demo_window){ result.requested_ns, result.committed_ns };
	demo->log.windows[DEMO_QUEUED][frame] =
		(struct demo_window){ result.committed_ns, result.started_ns };
	demo->log.windows[DEMO_DMA][frame] =
		(struct demo_window){ result.started_ns, result.done_ns };
	return 0;
}

/* Wait until B has the frame that was in this slot before. */
static int overlap_wait_slot(struct overlap_side *a, unsigned int frame)
{
	uint32_t heard;
	int err;

	if (frame < a->demo->opt.nr_slots)
		return 0;
	err = overlap_hear(a, &heard);
	if (err)
		return err;
	if (heard != frame - a->demo->opt.nr_slots)
		return demo_fail(-EPROTO, "B has frame %u before %u", heard,
				 frame - a->demo->opt.nr_slots);
	return overlap_reap(a, heard);
}

static int overlap_submit(struct overlap_side *a, unsigned int frame)
{
	struct demo *demo = a->demo;
	unsigned int slot = frame % demo->opt.nr_slots;
	int job = dma_job(demo->copy, &demo->src[slot], &demo->dst[slot]);

	if (job < 0)
		return demo_fail(job, "cannot submit frame %u: %s", frame, strerror(-job));
	a->job[slot] = job;
	return overlap_tell(a, frame);
}

static int overlap_fill(struct overlap_side *a, unsigned int frame)
{
	struct demo *demo = a->demo;
	struct st_buffer *src = &demo->src[frame % demo->opt.nr_slots];
	struct demo_window *window = &demo->log.windows[DEMO_FILL][frame];
	long set;
	int err;

	err = overlap_wait_slot(a, frame);
	if (err)
		return err;
	set = overlap_acquire(a, src, DMA_BUF_ACCESS_W);
	if (set < 0)
		return set;
	err = overlap_submit(a, frame);
	if (err)
		return err;
	window->begin_ns = st_now_ns();
	frame_fill(&demo->opt, src, demo->first + frame, demo->fill_words);
	window->end_ns = st_now_ns();
	return overlap_release(a, set);
}

static int overlap_read(struct overlap_side *b, unsigned int frame)
{
	struct demo *demo = b->demo;
	const struct st_buffer *dst = &demo->dst[frame % demo->opt.nr_slots];
	struct demo_window *window = &demo->log.windows[DEMO_READ][frame];
	struct demo_window *wait = &demo->log.windows[DEMO_CPU_WAITS][frame];
	long set;
	int err;

	wait->begin_ns = st_now_ns();
	set = overlap_acquire(b, dst, DMA_BUF_ACCESS_R);
	wait->end_ns = st_now_ns();
	if (set < 0)
		return set;
	err = overlap_tell(b, frame);
	if (err)
		return err;
	window->begin_ns = st_now_ns();
	err = frame_check(&demo->opt, dst, demo->first + frame, demo->read_words);
	window->end_ns = st_now_ns();
	return err ?: overlap_release(b, set);
}

/* A: all frames, then what is in flight still, then the end. */
static int overlap_produce(struct overlap_side *a)
{
	unsigned int nr = a->demo->opt.nr_frames, slots = a->demo->opt.nr_slots, frame;
	int err = 0;

	for (frame = 0; !err && frame < nr; frame++)
		err = overlap_fill(a, frame);
	for (; !err && frame < nr + slots; frame++)
		err = overlap_wait_slot(a, frame);
	return err ?: overlap_tell(a, OVERLAP_END);
}

static int overlap_consume(struct overlap_side *b)
{
	uint32_t frame;
	int err;

	for (;;) {
		err = overlap_hear(b, &frame);
		if (err || frame == OVERLAP_END)
			return err;
		err = overlap_read(b, frame);
		if (err)
			return err;
	}
}

static int overlap_open(struct overlap_side *side, struct demo *demo, int sock)
{
	unsigned int slot;

	*side = (struct overlap_side){ .demo = demo, .sock = sock };
	for (slot = 0; slot < DEMO_MAX_SLOTS; slot++)
		side->job[slot] = -1;
	side->ctx = st_context_open();
	if (side->ctx < 0)
		return demo_fail(side->ctx, "/dev/dmabuf_sync: %s", strerror(-side->ctx));
	return 0;
}

/* The other side notices. */
static void overlap_close(struct overlap_side *side)
{
	unsigned int slot;

	shutdown(side->sock, SHUT_RDWR);
	for (slot = 0; slot < DEMO_MAX_SLOTS; slot++)
		if (side->job[slot] >= 0)
			close(side->job[slot]);
	close(side->ctx);
}

static void *overlap_thread(void *arg)
{
	struct overlap_side *b = arg;

	b->err = overlap_open(b, b->demo, b->sock);
	if (!b->err)
		b->err = overlap_consume(b);
	overlap_close(b);
	return NULL;
}

/* Another process: its destinations are what comes over the socket. */
static int overlap_receive(struct demo *demo, int sock)
{
	unsigned int slot;
	int fd, err;

	for (slot = 0; slot < demo->opt.nr_slots; slot++) {
		fd = st_fd_receive(sock);
		err = fd < 0 ? fd : st_buffer_from_fd(&demo->dst[slot], fd);
		if (!err)
			err = st_buffer_map(&demo->dst[slot]);
		if (err)
			return demo_fail(err, "cannot receive a buffer: %s", strerror(-err));
	}
	return 0;
}

static int overlap_send(struct demo *demo, int sock)
{
	unsigned int slot;
	int err;

	for (slot = 0; slot < demo->opt.nr_slots; slot++) {
		err = st_fd_send(sock, demo->dst[slot].fd);
		if (err)
			return demo_fail(err, "cannot send a buffer: %s", strerror(-err));
	}
	return 0;
}

static void overlap_child(struct demo *demo, int sock)
{
	struct overlap_side b = { .sock = sock };
	unsigned int slot;
	int err;

	for (slot = 0; slot < demo->opt.nr_slots; slot++) {
		st_buffer_close(&demo->src[slot]);
		st_buffer_close(&demo->dst[slot]);
	}
	close(demo->copy);
	err = overlap_receive(demo, sock);
	if (!err)
		err = overlap_open(&b, demo, sock);
	if (!err)
		err = overlap_consume(&b);
	overlap_close(&b);
	_exit(err ? 1 : 0);
}

static int overlap_with_thread(struct demo *demo, int sock[2])
{
	struct overlap_side a, b = { .demo = demo, .sock = sock[1] };
	pthread_t thread;
	int err;

	err = overlap_open(&a, demo, sock[0]);
	if (err)
		return err;
	err = pthread_create(&thread, NULL, overlap_thread, &b);
	if (err)
		return demo_fail(-err, "no thread: %s", strerror(err));
	err = overlap_produce(&a);
	overlap_close(&a);
	pthread_join(thread, NULL);
	return err == -EPIPE || !err ? b.err ?: err : err;
}

static int overlap_with_process(struct demo *demo, int sock[2])
{
	struct overlap_side a;
	int err, status;
	pid_t child;

	child = st_fork();
	if (!child) {
		close(sock[0]);
		overlap_child(demo, sock[1]);
	}
	close(sock[1]);
	sock[1] = -1;
	if (child < 0)
		return demo_fail(-errno, "no process: %s", strerror(errno));
	err = overlap_open(&a, demo, sock[0]);
	if (!err)
		err = overlap_send(demo, sock[0]);
	if (!err)
		err = overlap_produce(&a);
	overlap_close(&a);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status))
		err = err ?: -EIO;
	return err;
}

int overlap_run(struct demo *demo, int64_t *ns)
{
	int64_t begin = st_now_ns();
	int sock[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		return demo_fail(-errno, "no socket: %s", strerror(errno));
	if (demo->opt.processes)
		err = overlap_with_process(demo, sock);
	else
		err = overlap_with_thread(demo, sock);
	*ns = st_now_ns() - begin;
	close(sock[0]);
	if (sock[1] >= 0)
		close(sock[1]);
	return err;
}
