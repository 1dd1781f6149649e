// SPDX-License-Identifier: GPL-2.0-only
/* Holds a dma-buf for writing: prints "held", and stays until its standard input ends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dmabuf_sync.h>
#include <linux/udmabuf.h>

#define BYTES	65536

static int must(int ret, const char *what)
{
	if (ret < 0) {
		perror(what);
		exit(1);
	}
	return ret;
}

static int buffer_open(void)
{
	struct udmabuf_create create = { .size = BYTES };
	int dev = must(open("/dev/udmabuf", O_RDWR), "/dev/udmabuf");

	create.memfd = must(memfd_create("hold", MFD_ALLOW_SEALING), "memfd_create");
	must(ftruncate(create.memfd, BYTES), "ftruncate");
	must(fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), "F_ADD_SEALS");
	return must(ioctl(dev, UDMABUF_CREATE, &create), "UDMABUF_CREATE");
}

int main(void)
{
	struct dmabuf_sync_access access = {
		.fd = buffer_open(),
		.access = DMA_BUF_ACCESS_W,
		.length = DMABUF_SYNC_TO_END,
	};
	struct dmabuf_sync_acquire acquire = {
		.size = sizeof(acquire),
		.accesses = (uintptr_t)&access,
		.nr_accesses = 1,
		.access_size = sizeof(access),
	};
	int ctx = must(open("/dev/dmabuf_sync", O_RDWR), "/dev/dmabuf_sync");
	char byte;

	must(ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire), "DMABUF_SYNC_IOC_ACQUIRE");
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
