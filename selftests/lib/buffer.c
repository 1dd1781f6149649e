// SPDX-License-Identifier: GPL-2.0-only
/* Real dma-bufs: from udmabuf and from the system heap. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm/drm.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "st.h"

/* Take over @fd; it is closed on failure. */
int st_buffer_from_fd(struct st_buffer *buf, int fd)
{
	struct stat st;
	off_t size;

	size = lseek(fd, 0, SEEK_END);
	if (size < 0 || fstat(fd, &st)) {
		int err = -errno;

		close(fd);
		return err;
	}
	lseek(fd, 0, SEEK_SET);
	*buf = (struct st_buffer){ .fd = fd, .size = size, .ino = st.st_ino };
	return 0;
}

static int buffer_memfd(size_t size)
{
	int memfd = memfd_create("st_buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memfd < 0)
		return -errno;
	if (ftruncate(memfd, size) || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK)) {
		int err = -errno;

		close(memfd);
		return err;
	}
	return memfd;
}

/* @size: a multiple of the page size. The descriptor is open for reading and writing. */
int st_buffer_udmabuf(struct st_buffer *buf, size_t size)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int memfd, dev, fd;

	memfd = buffer_memfd(size);
	if (memfd < 0)
		return memfd;
	dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	create.memfd = memfd;
	fd = dev < 0 ? -1 : ioctl(dev, UDMABUF_CREATE, &create);
	if (fd < 0)
		fd = -errno;
	if (dev >= 0)
		close(dev);
	close(memfd);
	return fd < 0 ? fd : st_buffer_from_fd(buf, fd);
}

/* @access_mode: O_RDWR, O_RDONLY or O_WRONLY, what the descriptor is to be good for. */
int st_buffer_heap(struct st_buffer *buf, size_t size, int access_mode)
{
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = O_CLOEXEC | access_mode,
	};
	int heap, err = 0;

	heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		return -errno;
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		err = -errno;
	close(heap);
	return err ?: st_buffer_from_fd(buf, data.fd);
}

int st_buffer_map(struct st_buffer *buf)
{
	void *map = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, buf->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	buf->map = map;
	return 0;
}

void st_buffer_close(struct st_buffer *buf)
{
	if (buf->map)
		munmap(buf->map, buf->size);
	close(buf->fd);
	*buf = (struct st_buffer){ .fd = -1 };
}

static bool is_vgem(int card)
{
	char name[8] = "";
	struct drm_version version = { .name_len = sizeof(name) - 1, .name = name };

	return !ioctl(card, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem");
}

int st_vgem_open(void)
{
	char path[32];
	int i, card;

	if (system("modprobe vgem 2>/dev/null"))
		return -ENOENT;
	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		if (card >= 0 && is_vgem(card))
			return card;
		if (card >= 0)
			close(card);
	}
	return -ENOENT;
}
