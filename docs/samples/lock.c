// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of a dma-buf are locked with fcntl(): two processes add to one number. */
#include <sys/wait.h>

#include "buffer.h"

#define TIMES	500

/* [lock] */
static int number_add(int dmabuf_fd, volatile int *number)
{
	struct flock fl = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = 0,
		.l_len = sizeof(*number),
	};

	if (fcntl(dmabuf_fd, F_SETLKW, &fl))
		return -1;

	*number += 1;

	fl.l_type = F_UNLCK;
	return fcntl(dmabuf_fd, F_SETLK, &fl);
}
/* [/lock] */

int main(void)
{
	struct buffer buf = buffer_new(PAGE);
	volatile int *number = (volatile int *)buf.map;
	pid_t pid = fork();
	int i;

	for (i = 0; i < TIMES; i++)
		if (number_add(buf.fd, number))
			die("fcntl");
	if (!pid)
		return 0;
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
	printf("two processes, %d times each: %d\n", TIMES, *number);
	return 0;
}
