// SPDX-License-Identifier: GPL-2.0-only
/*
 * An event loop: a set is queued, epoll tells when it is acquired, and again when somebody else
 * waits for it.
 */
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <linux/dmabuf_sync.h>

#include "buffer.h"

static int context_open(void)
{
	int ctx = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (ctx < 0)
		die("/dev/dmabuf_sync");
	return ctx;
}

/* Without DMABUF_SYNC_ACQUIRE_QUEUE it sleeps until the buffer is there. Return: the set. */
static uint32_t request(int ctx, int dmabuf_fd, uint32_t flags)
{
	struct dmabuf_sync_access access = {
		.fd = dmabuf_fd, .mode = DMA_BUF_ACCESS_W, .length = DMABUF_SYNC_TO_END,
	};
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.flags = flags,
		.accesses = (uintptr_t)&access,
		.nr_accesses = 1,
		.access_size = sizeof(access),
	};

	if (ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire))
		die("acquire");
	return acquire.set;
}

static void release(int ctx, uint32_t set)
{
	struct dmabuf_sync_release release = { .size = sizeof(release), .set = set };

	if (ioctl(ctx, DMABUF_SYNC_IOC_RELEASE, &release))
		die("release");
}

/* Another process that wants the buffer, too. */
static pid_t rival_start(int dmabuf_fd)
{
	pid_t pid = fork();
	int ctx;

	if (pid)
		return pid;
	ctx = context_open();
	release(ctx, request(ctx, dmabuf_fd, 0));
	_exit(0);
}

/* [event] */
/* Return: true when there is nothing more to do. */
static int handle(int ctx, const struct dmabuf_sync_event *event)
{
	switch (event->type) {
	case DMABUF_SYNC_EVENT_READY:
		if (event->result) {
			fprintf(stderr, "the set is gone: %s\n", strerror(-event->result));
			exit(1);
		}
		puts("acquired");
		return 0;
	case DMABUF_SYNC_EVENT_WANTED:
		puts("somebody waits: give way");
		release(ctx, event->set);
		return 1;
	default:
		return 0;
	}
}
/* [/event] */

int main(void)
{
	struct buffer buf = buffer_new(PAGE);
	int ctx = context_open(), first = context_open(), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event watch = { .events = EPOLLIN | EPOLLPRI, .data.fd = ctx };
	uint32_t held = request(first, buf.fd, 0);
	struct dmabuf_sync_event event;
	pid_t rival = 0;
	int over = 0;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, ctx, &watch))
		die("epoll");
	request(ctx, buf.fd, DMABUF_SYNC_ACQUIRE_QUEUE | DMABUF_SYNC_ACQUIRE_NOTIFY);
	puts("queued");
	release(first, held);
	/* [loop] */
	while (!over) {
		if (epoll_wait(epoll, &watch, 1, -1) != 1)
			die("epoll");
		if (read(ctx, &event, sizeof(event)) != sizeof(event))
			die("read");
		over = handle(ctx, &event);
		if (!rival)
			rival = rival_start(buf.fd);
	}
	/* [/loop] */
	if (waitpid(rival, NULL, 0) != rival)
		die("waitpid");
	return 0;
}
