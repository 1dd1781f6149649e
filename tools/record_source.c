// SPDX-License-Identifier: GPL-2.0-only
#include "record_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <unistd.h>

#include "dmasync_record.skel.h"

/* CPUs that share a ring: 1 << this. */
#define RING_SHIFT	3
/* A ring that is so full wakes the tool: 1 / this. */
#define WAKEUP_PART	4
/* Beside what rings have there is room for a snapshot. */
#define SNAPSHOT_BYTES	(4U << 20)

static unsigned int source_nr_rings(void)
{
	return ((libbpf_num_possible_cpus() - 1) >> RING_SHIFT) + 1;
}

static struct bpf_object_skeleton *source_open(void *priv)
{
	struct record_source *source = priv;
	struct dmasync_record_bpf *skel = dmasync_record_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->ring_shift = RING_SHIFT;
	skel->rodata->wakeup_bytes = source->ring_bytes / WAKEUP_PART;
	bpf_map__set_max_entries(skel->maps.rings, source_nr_rings());
	source->skel = skel;
	return skel->skeleton;
}

/* What does not fit was taken out of the ring all the same. */
static int source_record(void *priv, void *data, size_t size)
{
	struct record_source *source = priv;
	const struct record_head *head = data;

	if (size < sizeof(*head) || head->size > size)
		return 0;
	if (record_batch_add(&source->batch, data, head->size))
		source->lost.records++;
	/* The longest record would not fit any more: go on after the batch was taken. */
	return source->batch.max - source->batch.size < sizeof(struct record) ? -ENOSPC : 0;
}

static int source_add_ring(struct record_source *source, uint32_t group)
{
	int outer = bpf_map__fd(source->skel->maps.rings);
	int ring, err;

	ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, source->ring_bytes, NULL);
	if (ring < 0)
		return ring;
	err = bpf_map_update_elem(outer, &group, &ring, BPF_ANY);
	if (!err && source->rings)
		err = ring_buffer__add(source->rings, ring, source_record, source);
	else if (!err)
		source->rings = ring_buffer__new(ring, source_record, source, NULL);
	if (!err && !source->rings)
		err = -errno;
	close(ring);
	return err;
}

static int source_loaded(void *priv)
{
	struct record_source *source = priv;
	uint32_t group, nr = source_nr_rings();
	int err = 0;

	for (group = 0; group < nr && !err; group++)
		err = source_add_ring(source, group);
	return err;
}

static int source_attached(void *priv)
{
	struct record_source *source = priv;

	source->seen = 0;
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

void record_source_init(struct record_source *source, uint32_t ring_bytes)
{
	size_t bytes = (size_t)ring_bytes * source_nr_rings() + SNAPSHOT_BYTES;

	*source = (struct record_source){ .ring_bytes = ring_bytes, .cost.stats = -1 };
	if (record_batch_init(&source->batch, bytes))
		errx(1, "no memory for %zu bytes: choose a smaller --ring-size", bytes);
}

void record_source_end(struct record_source *source)
{
	record_batch_free(&source->batch);
}

int record_source_fd(const struct record_source *source)
{
	return source->rings ? ring_buffer__epoll_fd(source->rings) : -1;
}

bool record_source_read(struct record_source *source)
{
	return source->rings && ring_buffer__consume(source->rings) == -ENOSPC;
}

void record_source_count(struct record_source *source)
{
	uint64_t now;

	if (!source->skel)
		return;
	now = *(volatile __u64 *)&source->skel->bss->lost;
	source->lost.records += now - source->seen;
	source->seen = now;
	cost_read(&source->cost, source->skel->obj, NULL);
	source->lost.runs += source->cost.missed;
}
