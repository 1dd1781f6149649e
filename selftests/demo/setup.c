// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers, the engine, and how long the stages take: the engine's time is chosen (dma_sim)
 * or measured (any other one), and the work of the CPUs is made as long.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "demo.h"

#define SETUP_TRIALS	5

/* Views show the name. */
static int setup_name(const struct st_buffer *buf, const char *kind, unsigned int slot)
{
	char name[DMA_BUF_NAME_LEN];

	snprintf(name, sizeof(name), "%s%u", kind, slot);
	if (!ioctl(buf->fd, DMA_BUF_SET_NAME_B, (uintptr_t)name))
		return 0;
	return demo_fail(-errno, "cannot name a buffer: %s", strerror(errno));
}

static int setup_buffer(struct st_buffer *buf, size_t size, bool heap)
{
	int err = heap ? st_buffer_heap(buf, size, O_RDWR) : st_buffer_udmabuf(buf, size);

	if (!err)
		err = st_buffer_map(buf);
	if (err)
		return demo_fail(err, "no buffer of %zu bytes from %s: %s", size,
				 heap ? "the system heap" : "udmabuf", strerror(-err));
	/* Pages come with the first touch: not in a stage. */
	memset(buf->map, 0, size);
	return 0;
}

int setup_open(struct demo *demo)
{
	const struct demo_options *opt = &demo->opt;
	unsigned int slot;
	int err;

	demo->copy = dma_open();
	if (demo->copy < 0)
		return demo_fail(demo->copy, "/dev/dmabuf_copy: %s; load dmabuf_copy, and dma_sim where there is no DMA engine",
				 strerror(-demo->copy));
	err = dma_info(demo->copy, &demo->engine);
	if (err)
		return demo_fail(err, "DMABUF_COPY_IOC_INFO: %s", strerror(-err));
	if (opt->frame_bytes % demo->engine.alignment_bytes)
		return demo_fail(-EINVAL, "the engine copies multiples of %u bytes only",
				 demo->engine.alignment_bytes);
	for (slot = 0; slot < opt->nr_slots; slot++) {
		err = setup_buffer(&demo->src[slot], opt->frame_bytes, opt->src_heap);
		if (!err)
			err = setup_buffer(&demo->dst[slot], opt->frame_bytes, opt->dst_heap);
		if (!err)
			err = setup_name(&demo->src[slot], "src", slot);
		if (!err)
			err = setup_name(&demo->dst[slot], "dst", slot);
		if (err)
			return err;
	}
	return window_log_init(&demo->log, opt->nr_frames);
}

void setup_close(struct demo *demo)
{
	unsigned int slot;

	for (slot = 0; slot < demo->opt.nr_slots; slot++) {
		st_buffer_close(&demo->src[slot]);
		st_buffer_close(&demo->dst[slot]);
	}
	close(demo->copy);
}

/* /sys/class/dma/CHANNEL leads to its device: is that dma_sim's? */
static bool setup_is_sim(const struct demo *demo)
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/sys/class/dma/%s", demo->engine.channel);
	return realpath(link, path) && strstr(path, "/dma_sim/");
}

static int setup_engine(struct demo *demo)
{
	const struct demo_options *opt = &demo->opt;
	char text[32];
	int err;

	if (!setup_is_sim(demo)) {
		if (opt->dma_given)
			return demo_fail(-EINVAL, "%s is no channel of dma_sim: how long it takes cannot be chosen with --dma-ms or --stage-ms",
					 demo->engine.channel);
		return 0;
	}
	snprintf(text, sizeof(text), "%.0f",
		 (double)opt->frame_bytes * ST_NSEC_PER_SEC / opt->dma_ns);
	err = dma_param_set("dma_sim", "bandwidth", text);
	return err ? demo_fail(err, "cannot set the bandwidth of dma_sim: %s", strerror(-err)) : 0;
}

/* How long a copy takes for who waits for it: the best of some trials. */
static int setup_measure_dma(struct demo *demo)
{
	int64_t begin, best = INT64_MAX;
	int i, err;

	for (i = 0; i < SETUP_TRIALS; i++) {
		begin = st_now_ns();
		err = dma_copy(demo->copy, &demo->src[0], &demo->dst[0]);
		if (err)
			return demo_fail(err, "copy: %s", strerror(-err));
		if (st_now_ns() - begin < best)
			best = st_now_ns() - begin;
	}
	demo->opt.dma_ns = best;
	return 0;
}

/* Work that takes @ns, in words; a frame is the least. */
static int setup_words(const struct demo *demo, const char *what, int64_t ns,
		       double word_ns, size_t *words)
{
	size_t least = demo->opt.frame_bytes / sizeof(uint64_t);

	*words = ns / word_ns;
	if (*words >= least)
		return 0;
	return demo_fail(-EINVAL, "to %s a frame of %zu bytes takes this CPU %.1f ms, longer than the %.1f ms that it is to take: choose a longer stage (--stage-ms) or a smaller frame (--frame-size)",
			 what, demo->opt.frame_bytes, least * word_ns / ST_NSEC_PER_MSEC,
			 (double)ns / ST_NSEC_PER_MSEC);
}

int setup_stages(struct demo *demo)
{
	struct demo_options *opt = &demo->opt;
	double fill_ns, read_ns;
	int err;

	err = setup_engine(demo);
	if (err)
		return err;
	fill_ns = frame_fill_cost(opt, &demo->src[0]);
	err = setup_measure_dma(demo);
	if (err)
		return err;
	read_ns = frame_check_cost(opt, &demo->dst[0]);
	if (read_ns < 0)
		return -EIO;
	if (!opt->fill_ns)
		opt->fill_ns = opt->dma_ns / 2;
	if (!opt->read_ns)
		opt->read_ns = opt->dma_ns / 2;
	return setup_words(demo, "fill", opt->fill_ns, fill_ns, &demo->fill_words) ?:
	       setup_words(demo, "read", opt->read_ns, read_ns, &demo->read_words);
}
