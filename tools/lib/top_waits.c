// SPDX-License-Identifier: GPL-2.0-only
/* Histograms of waits, which the programs keep by the exporter or the name of the buffer. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top_source.h"

#include "dmasync_top.skel.h"

/* And the sums of those for which there is no room. */
#define MAX_KEYS	(TOP_NR_WAIT_KEYS + TOP_NR_PAIRS)

void top_waits_open(struct top_source *source)
{
	struct dmasync_top_bpf *skel = source->skel;

	skel->rodata->waits_by = source->limits->waits_by;
	if (source->limits->waits_by)
		bpf_map__set_max_entries(skel->maps.waits, MAX_KEYS);
}

/* A value for each CPU. */
static struct top_waits *waits_values(size_t nr)
{
	struct top_waits *values = calloc(nr * libbpf_num_possible_cpus(), sizeof(*values));

	if (!values)
		err(1, "no memory for %zu histograms", nr);
	return values;
}

int top_waits_start(struct top_source *source)
{
	struct top_wait_key key = { .others = 1 };
	struct top_waits *none = waits_values(1);
	int fd = bpf_map__fd(source->skel->maps.waits), err = 0;

	for (; source->limits->waits_by && key.pair < TOP_NR_PAIRS && !err; key.pair++)
		err = bpf_map_update_elem(fd, &key, none, BPF_ANY);
	free(none);
	return err;
}

static void waits_sum(struct top_waits *sum, const struct top_waits *cpus, int nr_cpus)
{
	int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		for (i = 0; i < TOP_NR_WAIT_BUCKETS; i++)
			sum->buckets[i] += cpus[cpu].buckets[i];
		sum->ns += cpus[cpu].ns;
	}
}

void top_waits_read(struct top_source *source)
{
	static struct top_wait_key keys[MAX_KEYS];
	uint32_t batch, count = MAX_KEYS, i;
	int nr_cpus = libbpf_num_possible_cpus(), err;
	struct top_waits *values, sum;

	if (!source->limits->waits_by)
		return;
	values = waits_values(MAX_KEYS);
	err = bpf_map_lookup_batch(bpf_map__fd(source->skel->maps.waits), NULL, &batch, keys,
				   values, &count, NULL);
	model_waits_reset(source->model);
	for (i = 0; (!err || err == -ENOENT) && i < count; i++) {
		waits_sum(&sum, values + (size_t)i * nr_cpus, nr_cpus);
		model_waits_add(source->model, &keys[i], &sum);
	}
	free(values);
}

void top_waits_identify(struct top_source *source)
{
	int fd = bpf_map__fd(source->skel->maps.identities);
	const struct model *model = source->model;
	struct top_identity identity;
	size_t i;

	for (i = 0; source->limits->waits_by && i < model->nr_buffers; i++) {
		const struct model_buffer *buffer = model->buffers[i];

		if (!buffer->exporter[0])
			continue;
		memset(&identity, 0, sizeof(identity));
		identity.size = buffer->size;
		snprintf(identity.class.exporter, TOP_NAME_LEN, "%s", buffer->exporter);
		snprintf(identity.class.name, TOP_NAME_LEN, "%s", buffer->name);
		bpf_map_update_elem(fd, &buffer->ino, &identity, BPF_ANY);
	}
}
