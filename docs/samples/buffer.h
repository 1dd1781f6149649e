/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the samples have their dma-bufs from: the system heap. Any other exporter will do. */
#ifndef _SAMPLES_BUFFER_H
#define _SAMPLES_BUFFER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-heap.h>

#define PAGE	4096

struct buffer {
	int fd;
	volatile char *map;
};

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline struct buffer buffer_new(size_t bytes)
{
	struct dma_heap_allocation_data data = { .len = bytes, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	void *map;

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		die("/dev/dma_heap/system");
	close(heap);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, data.fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
	return (struct buffer){ .fd = data.fd, .map = map };
}

#endif /* _SAMPLES_BUFFER_H */
