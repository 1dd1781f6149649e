/* SPDX-License-Identifier: GPL-2.0-only */
/* The rings that take records to the tool, one per group of CPUs: see tools/lib/rings.h. */
#ifndef RINGS_BPF_H
#define RINGS_BPF_H

#include "setting.bpf.h"

/* CPU number >> ring_shift is the number of the ring. */
SETTING __u32 ring_shift;

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);	/* set by the tool */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);		/* set by the tool */
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* The ring of this CPU, or NULL. */
static __always_inline void *ring_get(void)
{
	__u32 group = bpf_get_smp_processor_id() >> ring_shift;

	return bpf_map_lookup_elem(&rings, &group);
}

#endif /* RINGS_BPF_H */
