// SPDX-License-Identifier: GPL-2.0-only
#include "rings.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

unsigned int rings_count(void)
{
	return ((libbpf_num_possible_cpus() - 1) >> RINGS_SHIFT) + 1;
}

/* The first one makes @rings, the others join it. */
static int rings_add(int ring, ring_buffer_sample_fn fn, void *priv, struct ring_buffer **rings)
{
	if (*rings)
		return ring_buffer__add(*rings, ring, fn, priv);
	*rings = ring_buffer__new(ring, fn, priv, NULL);
	return *rings ? 0 : -errno;
}

int rings_open(const struct bpf_map *map, uint32_t ring_bytes, ring_buffer_sample_fn fn,
	       void *priv, struct ring_buffer **rings)
{
	uint32_t group, nr = rings_count();
	int ring, err = 0;

	for (group = 0; group < nr && !err; group++) {
		ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, ring_bytes, NULL);
		if (ring < 0)
			return ring;
		err = bpf_map_update_elem(bpf_map__fd(map), &group, &ring, BPF_ANY);
		if (!err)
			err = rings_add(ring, fn, priv, rings);
		/* The map of the programs and @rings keep it. */
		close(ring);
	}
	return err;
}
