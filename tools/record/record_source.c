// SPDX-License-Identifier: GPL-2.0-only
#include "record_source.h"

#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>

#include "rings.h"

#include "dmasync_record.skel.h"

/* A ring that is so full wakes the tool: 1 / this. */
#define WAKEUP_PART	4
/* Beside what rings have there is room for a snapshot. */
#define SNAPSHOT_BYTES	(4U << 20)

static struct bpf_object_skeleton *source_open(void *priv, enum session_probe probe)
{
	struct record_source *source = priv;
	struct dmasync_record_bpf *skel = dmasync_record_bpf__open();

	(void)probe;
	if (!skel)
		return NULL;
	skel->rodata->ring_shift = RINGS_SHIFT;
	skel->rodata->wakeup_bytes = source->ring_bytes / WAKEUP_PART;
	bpf_map__set_max_entries(skel->maps.rings, rings_count());
	skel->rodata->wants_stacks = !!source->nr_stacks;
	bpf_map__set_autocreate(skel->maps.stacks, source->nr_stacks);
	if (source->nr_stacks)
		bpf_map__set_max_entries(skel->maps.stacks, source->nr_stacks);
	source->skel = skel;
	return skel->skeleton;
}

/* Of a stack there is more to say than what is in the ring. */
static int source_add(struct record_source *source, const struct record_head *head)
{
	if (head->kind != RECORD_STACK)
		return record_batch_add(&source->batch, head, head->size);
	if (head->size == sizeof(struct record_asked))
		record_stacks_add(&source->stacks, (const void *)head, &source->batch);
	return 0;
}

/* What does not fit was taken out of the ring all the same. */
static int source_record(void *priv, void *data, size_t size)
{
	struct record_source *source = priv;
	const struct record_head *head = data;

	if (size < sizeof(*head) || head->size > size || head->time_ns >= source->end_ns)
		return 0;
	if (source_add(source, head))
		source->lost.records++;
	/* The longest stack would not fit any more: go on after the batch was taken. */
	if (source->batch.max - source->batch.size <
	    STACKS_MAX_RECORDS * sizeof(struct record))
		return -ENOSPC;
	return source->stacks.nr_turn == STACKS_PER_TURN ? -EAGAIN : 0;
}

static int source_loaded(void *priv)
{
	struct record_source *source = priv;

	if (source->nr_stacks)
		record_stacks_begin(&source->stacks, bpf_map__fd(source->skel->maps.stacks));
	return rings_open(source->skel->maps.rings, source->ring_bytes, source_record, source,
			  &source->rings);
}

static int source_attached(void *priv)
{
	struct record_source *source = priv;

	source->seen = 0;
	source->seen_stacks = 0;
	cost_begin(&source->cost);
	record_snapshot(source);
	return 0;
}

static void source_close(void *priv)
{
	struct record_source *source = priv;

	ring_buffer__free(source->rings);
	source->rings = NULL;
	dmasync_record_bpf__destroy(source->skel);
	source->skel = NULL;
}

const struct session_ops record_source_ops = {
	.open = source_open,
	.loaded = source_loaded,
	.attached = source_attached,
	.close = source_close,
};

void record_source_init(struct record_source *source, uint32_t ring_bytes,
			uint32_t nr_stacks)
{
	size_t bytes = (size_t)ring_bytes * rings_count() + SNAPSHOT_BYTES;

	*source = (struct record_source){
		.ring_bytes = ring_bytes, .nr_stacks = nr_stacks, .cost.stats = -1,
		.end_ns = UINT64_MAX,
	};
	if (nr_stacks && record_stacks_init(&source->stacks))
		errx(1, "no memory for the frames of stacks");
	if (record_batch_init(&source->batch, bytes))
		errx(1, "no memory for %zu bytes: choose a smaller --ring-size", bytes);
}

void record_source_end(struct record_source *source)
{
	record_batch_free(&source->batch);
	if (source->nr_stacks)
		record_stacks_free(&source->stacks);
}

int record_source_fd(const struct record_source *source)
{
	return source->rings ? ring_buffer__epoll_fd(source->rings) : -1;
}

int record_source_read(struct record_source *source)
{
	int ret;

	if (!source->rings)
		return 0;
	record_stacks_turn(&source->stacks);
	ret = ring_buffer__consume(source->rings);
	return ret == -ENOSPC || ret == -EAGAIN ? ret : 0;
}

void record_source_count(struct record_source *source)
{
	uint64_t now;

	if (!source->skel)
		return;
	now = *(volatile __u64 *)&source->skel->bss->lost;
	source->lost.records += now - source->seen;
	source->seen = now;
	now = *(volatile __u64 *)&source->skel->bss->lost_stacks;
	source->lost.stacks += now - source->seen_stacks + source->stacks.lost;
	source->seen_stacks = now;
	source->stacks.lost = 0;
	source->lost.frames += source->stacks.full;
	source->stacks.full = 0;
	cost_read(&source->cost, source->skel->obj, NULL);
	source->lost.runs += source->cost.missed;
}
