// SPDX-License-Identifier: GPL-2.0-only
/* What the programs know of who waited because of whom. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "format.h"
#include "top_source.h"

#include "dmasync_buffers.skel.h"
#include "dmasync_top.skel.h"

static void blames_timelines(struct top_source *source)
{
	static struct top_timeline timelines[TOP_NR_TIMELINES];
	static uint64_t contexts[TOP_NR_TIMELINES];
	uint32_t batch, count = TOP_NR_TIMELINES, i;
	int err;

	err = bpf_map_lookup_batch(bpf_map__fd(source->skel->maps.timelines), NULL, &batch,
				   contexts, timelines, &count, NULL);
	if (err && err != -ENOENT)
		return;
	for (i = 0; i < count; i++)
		format_array(timelines[i].name, timelines[i].name, sizeof(timelines[i].name));
	model_timelines_set(source->model, contexts, timelines, count);
}

static void blames_left(struct top_source *source)
{
	struct model *model = source->model;

	model->blame_left_waits = *(volatile __u64 *)&source->skel->bss->blame_left_waits;
	model->blame_left_ns = *(volatile __u64 *)&source->skel->bss->blame_left_ns;
	if (!source->ends)
		return;
	model->blame_left_waits += *(volatile __u64 *)&source->ends->bss->blame_left_waits;
	model->blame_left_ns += *(volatile __u64 *)&source->ends->bss->blame_left_ns;
}

void top_blames_read(struct top_source *source)
{
	static struct top_blame_key keys[TOP_NR_BLAMES];
	static struct top_blame sums[TOP_NR_BLAMES];
	uint32_t batch, count = TOP_NR_BLAMES;
	int err;

	blames_left(source);
	err = bpf_map_lookup_batch(bpf_map__fd(source->skel->maps.blames), NULL, &batch, keys,
				   sums, &count, NULL);
	if (err && err != -ENOENT)
		return;
	model_blames_set(source->model, keys, sums, count);
	blames_timelines(source);
}
