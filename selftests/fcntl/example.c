// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locking bytes of a dma-buf with fcntl(), the example of docs/user-guide.rst: two processes
 * add to a number in the buffer's second page.
 *
 * usage: example
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dma-heap.h>

#define PAGE	4096
#define TIMES	500

static int buffer_new(void)
{
	struct dma_heap_allocation_data data = {
		.len = 2 * PAGE,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		return -1;
	close(heap);
	return data.fd;
}

/* [lock] */
static int number_add(int dmabuf_fd, volatile int *number)
{
	struct flock fl = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = PAGE,
		.l_len = sizeof(*number),
	};

	if (fcntl(dmabuf_fd, F_SETLKW, &fl))
		return -1;

	*number += 1;

	fl.l_type = F_UNLCK;
	return fcntl(dmabuf_fd, F_SETLK, &fl);
}
/* [/lock] */

static int number_add_often(int dmabuf_fd, volatile int *number)
{
	int i, ret = 0;

	for (i = 0; !ret && i < TIMES; i++)
		ret = number_add(dmabuf_fd, number);
	return ret;
}

int main(void)
{
	int dmabuf_fd = buffer_new(), status;
	char *map;
	pid_t pid;

	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf_fd, 0);
	if (dmabuf_fd < 0 || map == MAP_FAILED) {
		perror("example: no buffer");
		return 1;
	}
	pid = fork();
	if (number_add_often(dmabuf_fd, (volatile int *)(map + PAGE))) {
		perror("example: fcntl");
		return 1;
	}
	if (!pid)
		return 0;
	waitpid(pid, &status, 0);
	printf("%d\n", *(int *)(map + PAGE));
	return status;
}
