// SPDX-License-Identifier: GPL-2.0-only
/* Counters of threads and engines: for groups that buffers do not have. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "clock.h"
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

/* The places of those that did nothing for long are needed for others. */
static void users_forget(struct top_source *source)
{
	int fd = bpf_map__fd(source->skel->maps.users);
	uint64_t old_ns = source->limits->forget_s * CLOCK_NSEC_PER_SEC;
	struct model *model = source->model;
	struct top_counters last;
	size_t i;

	for (i = 0; i < model->nr_users; i++) {
		struct model_user *user = &model->users[i];

		if (model->now_ns - user->active_ns < old_ns)
			continue;
		/* It may have counted since it was read. */
		if (!bpf_map_lookup_and_delete_elem(fd, &user->key, &last))
			model->lost.users += last.acquired - user->counters.acquired;
		/* If it comes back it begins anew. */
		memset(&user->counters, 0, sizeof(user->counters));
	}
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
	if (err && err != -ENOENT)
		return;
	model_users_sample(source->model, keys, counters, count, source->number);
	users_forget(source);
}

uint64_t top_users_lost(const struct top_source *source)
{
	uint64_t lost = *(volatile __u64 *)&source->skel->bss->lost_users;

	if (source->ends)
		lost += *(volatile __u64 *)&source->ends->bss->lost_users;
	return lost;
}
