// SPDX-License-Identifier: GPL-2.0-only
/*
 * A set is a descriptor: a process acquires a buffer, writes one half, and hands the set to its
 * child, which writes the other one. A rival that waits all the time gets the buffer after both.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/dmabuf_sync.h>

#include "buffer.h"

#define HALF	(PAGE / 2)

/* [acquire] */
/* Return: the set, as a descriptor, which is acquired when it can be read. */
static int request(int dmabuf_fd, uint32_t mode)
{
	int ctx = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC);
	struct dmabuf_sync_access access = {
		.fd = dmabuf_fd, .mode = mode, .length = DMABUF_SYNC_TO_END,
	};
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.flags = DMABUF_SYNC_ACQUIRE_FD | DMABUF_SYNC_ACQUIRE_QUEUE,
		.accesses = (uintptr_t)&access,
		.nr_accesses = 1,
		.access_size = sizeof(access),
	};

	if (ctx < 0 || ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire))
		die("acquire");
	close(ctx);
	return acquire.set;
}

/* Waits until it is; fails if it was revoked. The caches are ready for this process then. */
static void wait_for(int set)
{
	struct dmabuf_sync_event event;

	if (read(set, &event, sizeof(event)) != sizeof(event) || event.result)
		die("the set is not there");
}
/* [/acquire] */

static void send_fd(int sock, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) != 1)
		die("sendmsg");
}

static int receive_fd(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* It has a set that its parent has acquired. */
static void child(const struct buffer *buf, int sock)
{
	int set = receive_fd(sock);

	wait_for(set);
	memset((void *)(buf->map + HALF), 'c', HALF);
	close(set);
	exit(0);
}

static void rival(const struct buffer *buf)
{
	int set = request(buf->fd, DMA_BUF_ACCESS_R);

	wait_for(set);
	printf("the rival sees '%c' and '%c'\n", buf->map[0], buf->map[PAGE - 1]);
	fflush(stdout);
	close(set);
	exit(0);
}

int main(void)
{
	struct buffer buf = buffer_new(PAGE);
	int set = request(buf.fd, DMA_BUF_ACCESS_W), sock[2];

	wait_for(set);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock))
		die("socketpair");
	if (!fork()) {
		close(set);
		rival(&buf);
	}
	if (!fork()) {
		close(set);
		child(&buf, sock[1]);
	}
	memset((void *)buf.map, 'p', HALF);
	send_fd(sock[0], set);
	/* From here on the set is the child's, also if this process dies. */
	close(set);
	while (wait(NULL) > 0)
		;
	return 0;
}
