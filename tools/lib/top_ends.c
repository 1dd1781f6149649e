// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for what the kernel does with buffers by itself; they share maps with dmasync-top's
 * own.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "top_source.h"

#include "dmasync_buffers.skel.h"
#include "dmasync_top.skel.h"

static int ends_share(const struct bpf_map *map, const struct bpf_map *with)
{
	return bpf_map__reuse_fd((struct bpf_map *)map, bpf_map__fd(with));
}

/* Where buffers are summed for whose class there is no room. */
static int ends_others(const struct dmasync_top_bpf *skel)
{
	static const struct top_class class;
	static const struct top_gone none;

	return bpf_map_update_elem(bpf_map__fd(skel->maps.gone), &class, &none, BPF_ANY);
}

static void ends_filters(const struct dmasync_top_bpf *skel, struct dmasync_buffers_bpf *ends)
{
	ends->rodata->filter_ino = skel->rodata->filter_ino;
	ends->rodata->filter_tgid = skel->rodata->filter_tgid;
	ends->rodata->filter_tid = skel->rodata->filter_tid;
	memcpy((void *)ends->rodata->filter_comm, (void *)skel->rodata->filter_comm,
	       sizeof(ends->rodata->filter_comm));
	memcpy((void *)&ends->rodata->filter_glob, (void *)&skel->rodata->filter_glob,
	       sizeof(ends->rodata->filter_glob));
}

static void ends_settings(const struct dmasync_top_bpf *skel, struct dmasync_buffers_bpf *ends)
{
	memcpy((void *)ends->rodata->busy_times, (void *)skel->rodata->busy_times,
	       sizeof(ends->rodata->busy_times));
	ends->rodata->waits_by = skel->rodata->waits_by;
	ends->rodata->above_ns = skel->rodata->above_ns;
	ends->rodata->ring_shift = skel->rodata->ring_shift;
	ends_filters(skel, ends);
}

/* A map that both have is one; its size is that of the first. */
static int ends_maps(const struct dmasync_top_bpf *skel, struct dmasync_buffers_bpf *ends)
{
	return ends_share(ends->maps.buffers, skel->maps.buffers) ?:
	       ends_share(ends->maps.identities, skel->maps.identities) ?:
	       ends_share(ends->maps.passing, skel->maps.passing) ?:
	       ends_share(ends->maps.blames, skel->maps.blames) ?:
	       ends_share(ends->maps.users, skel->maps.users) ?:
	       ends_share(ends->maps.waits, skel->maps.waits) ?:
	       ends_share(ends->maps.totals, skel->maps.totals) ?:
	       ends_share(ends->maps.data_busy, skel->maps.data_busy) ?:
	       ends_share(ends->maps.data_lost, skel->maps.data_lost) ?:
	       ends_share(ends->maps.accesses, skel->maps.accesses) ?:
	       ends_share(ends->maps.timelines, skel->maps.timelines) ?:
	       ends_share(ends->maps.over, skel->maps.over) ?:
	       ends_share(ends->maps.rings, skel->maps.rings) ?:
	       ends_share(ends->maps.gone, skel->maps.gone);
}

static int ends_start(struct top_source *source, struct dmasync_buffers_bpf *ends)
{
	const struct dmasync_top_bpf *skel = source->skel;

	ends_settings(skel, ends);
	return ends_others(skel) ?: ends_maps(skel, ends) ?: top_stock_choose(source, ends) ?:
	       dmasync_buffers_bpf__load(ends) ?: top_stock_attach(source, ends);
}

int top_ends_open(struct top_source *source)
{
	struct dmasync_buffers_bpf *ends = dmasync_buffers_bpf__open();
	int err;

	if (!ends)
		return -errno;
	err = ends_start(source, ends);
	if (err) {
		dmasync_buffers_bpf__destroy(ends);
		return err;
	}
	source->ends = ends;
	return 0;
}

void top_ends_window(struct top_source *source, uint32_t number)
{
	if (source->ends)
		source->ends->bss->window = number;
}

static void ends_class(struct top_source *source, const struct top_class *raw,
		       const struct top_gone *sum)
{
	struct top_class class;

	if (!sum->nr_buffers)
		return;
	format_name(class.exporter, sizeof(class.exporter), raw->exporter);
	format_name(class.name, sizeof(class.name), raw->name);
	model_class_sample(source->model, &class, sum, source->number);
}

static void ends_syncs(struct top_source *source)
{
	static struct top_sync calls[TOP_NR_SYNCS];
	static uint64_t tasks[TOP_NR_SYNCS];
	uint32_t batch, count = TOP_NR_SYNCS, i;
	int err;

	err = bpf_map_lookup_batch(bpf_map__fd(source->ends->maps.syncs), NULL, &batch, tasks,
				   calls, &count, NULL);
	if (err && err != -ENOENT)
		return;
	for (i = 0; i < count; i++) {
		if (!calls[i].counted)
			continue;
		format_array(calls[i].comm, calls[i].comm, sizeof(calls[i].comm));
		model_sync_add(source->model, tasks[i], &calls[i]);
	}
}

void top_ends_read(struct top_source *source)
{
	static struct top_class classes[TOP_NR_CLASSES];
	static struct top_gone sums[TOP_NR_CLASSES];
	uint32_t batch, count = TOP_NR_CLASSES, i;
	int err;

	if (!source->ends)
		return;
	err = bpf_map_lookup_batch(bpf_map__fd(source->skel->maps.gone), NULL, &batch, classes,
				   sums, &count, NULL);
	if (err && err != -ENOENT)
		return;
	for (i = 0; i < count; i++)
		ends_class(source, &classes[i], &sums[i]);
	ends_syncs(source);
}

struct bpf_object *top_ends_object(const struct top_source *source)
{
	return source->ends ? source->ends->obj : NULL;
}

uint64_t top_ends_lost(const struct top_source *source)
{
	return source->ends ? *(volatile __u64 *)&source->ends->bss->lost_syncs : 0;
}

void top_ends_close(struct top_source *source)
{
	dmasync_buffers_bpf__destroy(source->ends);
	source->ends = NULL;
}
