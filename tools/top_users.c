// SPDX-License-Identifier: GPL-2.0-only
/* Counters of threads and engines: for groups that buffers do not have. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "top_source.h"

#include "dmasync_buffers.skel.h"
#include "dmasync_top.skel.h"

void top_users_start(struct top_source *source)
{
	if (!source->users)
		return;
	source->skel->bss->users_wanted = 1;
	if (source->ends)
		source->ends->bss->users_wanted = 1;
}

void top_users_want(struct top_source *source)
{
	source->users = true;
	if (source->skel)
		top_users_start(source);
}

void top_users_read(struct top_source *source)
{
	static struct top_user keys[TOP_NR_USERS];
	static struct top_counters counters[TOP_NR_USERS];
	uint32_t batch, count = TOP_NR_USERS;
	int err;

	if (!source->users)
		return;
	err = bpf_map_lookup_batch(bpf_map__fd(source->skel->maps.users), NULL, &batch, keys,
				   counters, &count, NULL);
	if (!err || err == -ENOENT)
		model_users_sample(source->model, keys, counters, count, source->number);
}

uint64_t top_users_lost(const struct top_source *source)
{
	uint64_t lost = *(volatile __u64 *)&source->skel->bss->lost_users;

	if (source->ends)
		lost += *(volatile __u64 *)&source->ends->bss->lost_users;
	return lost;
}
