/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the copy client and of dma_sim share. As in st.h, functions return
 * a negative errno and print nothing.
 */
#ifndef _DMABUF_SYNC_DMA_H
#define _DMABUF_SYNC_DMA_H

#include <linux/dmabuf_copy.h>
#include <linux/sync_file.h>

#include "st.h"

/* dma.c: calls on /dev/dmabuf_copy and on jobs */
int dma_open(void);
int dma_info(int copy, struct dmabuf_copy_info *info);

struct dmabuf_copy_submit dma_args(const struct st_buffer *src, uint64_t src_offset,
				   const struct st_buffer *dst, uint64_t dst_offset,
				   uint64_t length, uint32_t flags);
/* The raw call. Return: 0 or a negative errno. */
int dma_submit(int copy, struct dmabuf_copy_submit *args);
/* Copy all of @src to the beginning of @dst and wait. Return: how the job ended. */
int dma_copy(int copy, const struct st_buffer *src, const struct st_buffer *dst);
/* The same without waiting. Return: the job's descriptor, or a negative errno. */
int dma_job(int copy, const struct st_buffer *src, const struct st_buffer *dst);

/* What poll() says of a job within @ms; 0: nothing. */
int dma_job_poll(int job, short events, unsigned int ms);
/* Wait for the end of the job, at most ST_SOON_MS. Return: how it ended, or -ETIME. */
int dma_job_end(int job);
/* The same with times. Return: 0 or a negative errno. */
int dma_job_result(int job, struct dmabuf_copy_result *result);
/* Return: descriptor of a sync_file, or a negative errno. */
int dma_job_sync_file(int job);

/* 1: signaled, 0: not yet, or the fence's error. */
int dma_sync_status(int sync_file);
/* Status of what the kernel has in the buffer: what a writer would have to wait for. */
int dma_buffer_status(const struct st_buffer *buf);

/* Does the kernel know a dma-buf of that inode number? */
bool dma_buffer_exists(uint64_t ino);

/* Two mapped buffers of @size: udmabuf, or from the system heap. */
int dma_buffers(struct st_buffer *src, struct st_buffer *dst, size_t size, bool heap);
/* A mapped udmabuf of @nr_pages pages, hardly one of which follows the one before it. */
int dma_buffer_scattered(struct st_buffer *buf, unsigned int nr_pages);
/*
 * The end of most tests: close these, @ctx -1: none, and restore what dma_param_set() changed.
 * Return: 0, -EBUSY when something is held or waits afterwards, or a negative errno.
 */
int dma_close(int copy, int ctx, struct st_buffer *src, struct st_buffer *dst);
/* Fill with bytes that depend on their place and on @seed; is it filled so? */
void dma_fill(struct st_buffer *buf, uint64_t seed);
bool dma_filled(const struct st_buffer *buf, uint64_t seed);
unsigned char dma_byte(uint64_t seed, size_t place);

/* sim.c: dma_sim's and dmabuf_copy's parameters and files */

/* Restores what a test changed; no more than this many. */
#define DMA_MAX_PARAMS	8
int dma_param_set(const char *module, const char *name, const char *value);
/* Put all parameters back to what they were at the first dma_param_set(). */
int dma_param_restore(void);

/* Write to the file "fault" of the channel that @copy uses. */
int dma_fault(int copy, const char *text);
/* A counter of the file "state" of the channel that @copy uses. */
long long dma_count(int copy, const char *key);
/* The word behind "state=" there. */
int dma_state(int copy, char *state, size_t size);
/* CPU time of the threads whose name begins with @name, in clock ticks. */
long long dma_thread_ticks(const char *name);

#endif /* _DMABUF_SYNC_DMA_H */
