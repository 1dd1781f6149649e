// SPDX-License-Identifier: GPL-2.0-only
/* Holds a dma-buf for writing: prints "held", and stays until its standard input ends. */
#define _GNU_SOURCE
#include <dmabuf-sync.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

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
	struct dmasync_access access = dmasync_make_access(buffer_open(), DMASYNC_WRITE, 0,
							   DMASYNC_TO_END);
	int ctx = dmasync_open(0), err;
	struct dmasync_set set;
	char byte;

	err = ctx < 0 ? ctx : dmasync_acquire(ctx, &access, 1, 0, &set);
	errno = -err;
	must(err, "dmasync_acquire");
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
