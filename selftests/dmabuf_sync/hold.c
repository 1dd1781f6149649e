// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: hold [open] [acquire] [queue] [job] [timeline] [point]
 *
 * For scripts: does the named things, prints "ready", stays until its standard input ends,
 * then exits without tidying up.
 *
 *	open	open a context		acquire	acquire a buffer for writing
 *	queue	wait for that buffer	job	leave a committed job on another buffer
 *	timeline  have a timeline, and no context	point	wait for a point of another one
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "st.h"

#define TO_END	DMABUF_SYNC_TO_END

static struct st_buffer hold_buf, job_buf;

static long hold_job(void)
{
	int test = st_test_open();
	long fence, job;

	if (test < 0)
		return test;
	fence = st_fence_new(test, NULL);
	job = st_sync_locked(test, job_buf.fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END, DST_LOCK_TRY);
	if (fence < 0 || job < 0)
		return fence < 0 ? fence : job;
	return st_sync_commit(test, job, fence);
}

static long hold_timeline(void)
{
	int ctx = st_context_open(), timeline = st_timeline_new(ctx, 0);

	close(ctx);
	return timeline;
}

static long hold_point(void)
{
	struct dmabuf_sync_point point = { .flags = DMABUF_SYNC_POINT_WAIT, .point = 1 };
	int ctx = st_context_open();

	point.fd = st_timeline_new(ctx, 0);
	return st_lock_points(ctx, hold_buf.fd, DMA_BUF_ACCESS_W, DMABUF_SYNC_ACQUIRE_QUEUE,
			      &point, 1);
}

static long hold_do(const char *what)
{
	if (!strcmp(what, "open"))
		return st_context_open();
	if (!strcmp(what, "acquire"))
		return st_lock_all(st_context_open(), hold_buf.fd, DMA_BUF_ACCESS_W, 0);
	if (!strcmp(what, "queue"))
		return st_lock_all(st_context_open(), hold_buf.fd, DMA_BUF_ACCESS_W,
				   DMABUF_SYNC_ACQUIRE_QUEUE);
	if (!strcmp(what, "job"))
		return hold_job();
	if (!strcmp(what, "timeline"))
		return hold_timeline();
	if (!strcmp(what, "point"))
		return hold_point();
	return -EINVAL;
}

int main(int argc, char **argv)
{
	char byte;
	long ret;
	int i;

	ret = st_buffer_udmabuf(&hold_buf, ST_PAGE) ?: st_buffer_udmabuf(&job_buf, ST_PAGE);
	for (i = 1; ret >= 0 && i < argc; i++)
		ret = hold_do(argv[i]);
	if (ret < 0) {
		fprintf(stderr, "hold: %s: %s\n", i > 1 ? argv[i - 1] : "udmabuf",
			strerror(-ret));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
