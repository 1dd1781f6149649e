/* SPDX-License-Identifier: GPL-2.0-only */
/* The rings of a tool's BPF programs: see bpf/rings.bpf.h. */
#ifndef RINGS_H
#define RINGS_H

#include <bpf/libbpf.h>
#include <stdint.h>

/* CPUs that share a ring: 1 << this. */
#define RINGS_SHIFT	3

/* How many rings there are on this machine. */
unsigned int rings_count(void);

/**
 * rings_open() - make the rings, after the programs were loaded
 * @map: where the programs look for them; it has room for rings_count()
 * @ring_bytes: size of each ring
 * @fn: called for each record that is taken out of them
 * @priv: handed to @fn
 * @rings: what takes them out; to be freed by the caller, also after a failure
 *
 * Return: 0 or a negative errno.
 */
int rings_open(const struct bpf_map *map, uint32_t ring_bytes, ring_buffer_sample_fn fn,
	       void *priv, struct ring_buffer **rings);

#endif /* RINGS_H */
