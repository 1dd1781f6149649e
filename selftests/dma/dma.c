// SPDX-License-Identifier: GPL-2.0-only
/* Calls on /dev/dmabuf_copy and on jobs; buffers with known bytes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/udmabuf.h>

#include "dma.h"

int dma_open(void)
{
	int fd = open("/dev/dmabuf_copy", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int dma_info(int copy, struct dmabuf_copy_info *info)
{
	*info = (struct dmabuf_copy_info){ .size = sizeof(*info) };
	return ioctl(copy, DMABUF_COPY_IOC_INFO, info) ? -errno : 0;
}

struct dmabuf_copy_submit dma_args(const struct st_buffer *src, uint64_t src_offset,
				   const struct st_buffer *dst, uint64_t dst_offset,
				   uint64_t length, uint32_t flags)
{
	return (struct dmabuf_copy_submit){
		.size = sizeof(struct dmabuf_copy_submit),
		.flags = flags,
		.src_fd = src->fd,
		.dst_fd = dst->fd,
		.src_offset = src_offset,
		.dst_offset = dst_offset,
		.length = length,
		.job_fd = -2,
		.sync_fd = -2,
	};
}

int dma_submit(int copy, struct dmabuf_copy_submit *args)
{
	return ioctl(copy, DMABUF_COPY_IOC_SUBMIT, args) ? -errno : 0;
}

int dma_copy(int copy, const struct st_buffer *src, const struct st_buffer *dst)
{
	struct dmabuf_copy_submit args = dma_args(src, 0, dst, 0, src->size,
						  DMABUF_COPY_WAIT);

	return dma_submit(copy, &args);
}

int dma_job(int copy, const struct st_buffer *src, const struct st_buffer *dst)
{
	struct dmabuf_copy_submit args = dma_args(src, 0, dst, 0, src->size, 0);

	return dma_submit(copy, &args) ?: args.job_fd;
}

int dma_job_poll(int job, short events, unsigned int ms)
{
	struct pollfd pfd = { .fd = job, .events = events };

	return poll(&pfd, 1, ms) < 0 ? -errno : pfd.revents;
}

int dma_job_result(int job, struct dmabuf_copy_result *result)
{
	ssize_t got = read(job, result, sizeof(*result));

	if (got < 0)
		return -errno;
	return got == sizeof(*result) ? 0 : -EBADMSG;
}

int dma_job_end(int job)
{
	struct dmabuf_copy_result result;

	if (!(dma_job_poll(job, POLLIN, ST_SOON_MS) & POLLIN))
		return -ETIME;
	return dma_job_result(job, &result) ?: result.result;
}

int dma_job_sync_file(int job)
{
	struct dmabuf_copy_sync_file args = { .size = sizeof(args) };

	return ioctl(job, DMABUF_COPY_IOC_SYNC_FILE, &args) ? -errno : args.sync_fd;
}

int dma_sync_status(int sync_file)
{
	struct sync_file_info info = { 0 };

	return ioctl(sync_file, SYNC_IOC_FILE_INFO, &info) ? -errno : info.status;
}

int dma_buffer_status(const struct st_buffer *buf)
{
	struct dma_buf_export_sync_file args = { .flags = DMA_BUF_SYNC_RW };
	int status;

	if (ioctl(buf->fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args))
		return -errno;
	status = dma_sync_status(args.fd);
	close(args.fd);
	return status;
}

bool dma_buffer_exists(uint64_t ino)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "re");
	uint64_t size, other;
	bool found = false;
	char line[512];

	if (!file)
		return true;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%" SCNu64 " %*x %*x %*u %*s %" SCNu64, &size, &other) == 2 &&
			other == ino;
	fclose(file);
	return found;
}

static int buffer_create(struct st_buffer *buf, size_t size, bool heap)
{
	int err = heap ? st_buffer_heap(buf, size, O_RDWR) : st_buffer_udmabuf(buf, size);

	return err ?: st_buffer_map(buf);
}

int dma_buffers(struct st_buffer *src, struct st_buffer *dst, size_t size, bool heap)
{
	int err = buffer_create(src, size, heap);

	return err ?: buffer_create(dst, size, heap);
}

/* The pages of a memory file's first half and of its second half by turns. */
static struct udmabuf_create_list *scattered_list(int memfd, unsigned int nr_pages)
{
	struct udmabuf_create_list *list;
	unsigned int i;

	list = calloc(1, sizeof(*list) + nr_pages * sizeof(list->list[0]));
	if (!list)
		return NULL;
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = nr_pages;
	for (i = 0; i < nr_pages; i++)
		list->list[i] = (struct udmabuf_create_item){
			.memfd = memfd,
			.offset = (i / 2 + i % 2 * nr_pages) * ST_PAGE,
			.size = ST_PAGE,
		};
	return list;
}

int dma_buffer_scattered(struct st_buffer *buf, unsigned int nr_pages)
{
	struct udmabuf_create_list *list = NULL;
	int memfd, dev, fd = -1, err = 0;

	memfd = memfd_create("dma_buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (memfd >= 0 && dev >= 0 && !ftruncate(memfd, 2UL * nr_pages * ST_PAGE) &&
	    !fallocate(memfd, 0, 0, 2UL * nr_pages * ST_PAGE) &&
	    !fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		list = scattered_list(memfd, nr_pages);
	if (list)
		fd = ioctl(dev, UDMABUF_CREATE_LIST, list);
	if (fd < 0)
		err = -errno;
	free(list);
	close(dev);
	close(memfd);
	return err ?: st_buffer_from_fd(buf, fd) ?: st_buffer_map(buf);
}

unsigned char dma_byte(uint64_t seed, size_t place)
{
	uint64_t word = (place / 8 + 1) * 0x9e3779b97f4a7c15ULL + seed * 0xd1342543de82ef95ULL;

	word ^= word >> 32;
	return word >> (place % 8 * 8);
}

int dma_close(int copy, int ctx, struct st_buffer *src, struct st_buffer *dst)
{
	int err = dma_param_restore();

	close(copy);
	if (ctx >= 0)
		close(ctx);
	st_buffer_close(src);
	st_buffer_close(dst);
	if (!st_snapshot_becomes_empty())
		return -EBUSY;
	return err;
}

void dma_fill(struct st_buffer *buf, uint64_t seed)
{
	size_t i;

	for (i = 0; i < buf->size; i++)
		buf->map[i] = dma_byte(seed, i);
}

bool dma_filled(const struct st_buffer *buf, uint64_t seed)
{
	size_t i;

	for (i = 0; i < buf->size; i++)
		if (buf->map[i] != dma_byte(seed, i))
			return false;
	return true;
}
