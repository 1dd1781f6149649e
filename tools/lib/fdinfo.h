/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a dma-buf is: from /proc/PID/fdinfo of a process that has it open. The list
 * of all buffers, debugfs' dma_buf/bufinfo, is no place to look when buffers stall:
 * it waits for the resv lock of each, and meanwhile nobody can export or free one.
 */
#ifndef FDINFO_H
#define FDINFO_H

#include <stdint.h>
#include <sys/types.h>

struct fdinfo_buffer {
	uint64_t ino;
	uint64_t size;
	char name[32];		/* DMA_BUF_SET_NAME; may be empty */
	char exporter[32];
};

/*
 * Call @fn for each dma-buf that the process has open.
 * Return: 0 or a negative errno, -ENOENT when there is no such process.
 */
int fdinfo_buffers(pid_t pid,
		   void (*fn)(const struct fdinfo_buffer *buffer, void *priv),
		   void *priv);

#endif /* FDINFO_H */
