/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of those who use buffers: of threads, by their process and name, and of engines.
 * They are kept from the moment the tool asks for them. Until then they cost one load.
 */
#ifndef USERS_BPF_H
#define USERS_BPF_H

#include "counters.bpf.h"

/* Written by the tool. */
__u32 users_wanted;
/* Events of those that found no room. */
__u64 lost_users;

static const struct top_counters no_counters;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_NR_USERS);
	__type(key, struct top_user);
	__type(value, struct top_counters);
} users SEC(".maps");

static __always_inline struct top_counters *user_get(const struct top_user *user)
{
	struct top_counters *counters = bpf_map_lookup_elem(&users, user);

	if (counters)
		return counters;
	bpf_map_update_elem(&users, user, &no_counters, BPF_NOEXIST);
	return bpf_map_lookup_elem(&users, user);
}

static __always_inline bool users_are_wanted(void)
{
	return *(volatile __u32 *)&users_wanted;
}

/* The number of a counter for user_add(). */
#define USER_SUM(counter) \
	(__builtin_offsetof(struct top_counters, counter) / sizeof(top_u64))

/* Not one that an event adds to besides another one. */
static __always_inline bool user_counts_events(__u32 counter)
{
	return counter != USER_SUM(contended) && counter != USER_SUM(sync_ns) &&
	       (counter < USER_SUM(hold_ns) || counter >= USER_SUM(waits));
}

/* Global, as that below, so that the verifier looks at it once. @counter: number of a sum. */
__noinline int user_add(const struct top_user *user, __u32 counter, __u64 add)
{
	struct top_counters *counters;

	if (!user || counter >= TOP_NR_SUMS)
		return 0;
	counters = user_get(user);
	if (counters)
		count((top_u64 *)counters + counter, add);
	else if (user_counts_events(counter))
		count(&lost_users, 1);
	return 0;
}

__noinline int user_wait(const struct top_user *user, __u32 pair, __u64 ns)
{
	return user ? counters_wait(user_get(user), pair, ns) : 0;
}

#endif /* USERS_BPF_H */
