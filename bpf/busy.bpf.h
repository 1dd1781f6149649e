/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For how long things were so, without a lock: a raw tracepoint program may not take a
 * bpf_spin_lock, and must not wait for another CPU that does.
 *
 * Each use has a number of users, changed by one atomic addition, which returns the number
 * before: exactly one CPU sees that the first user came, and one that the last left. That one
 * adds to the state, or subtracts: another addition, which returns the state before. So each
 * change of what is in use is seen by one CPU, with what was and is in use otherwise, and this
 * one subtracts its time from the sums of what begins and adds it to the sums of what ends.
 * Changes of one use may reach the state in another order than they happened in: for a moment
 * its part of it is off by as many as there are CPUs at it, for which there is room.
 *
 * Between an addition to the state and the ones to the sums the sums are wrong by the time
 * since boot; a reader that adds its own time for what is so sees that by the result, and
 * reads again (tools/lib/interval.c).
 *
 * The verifier looks at each way through the code. Which times pass is therefore looked up in
 * a table that the tool has filled in, and the rest has as few branches as can be.
 */
#ifndef BUSY_BPF_H
#define BUSY_BPF_H

#include "setting.bpf.h"

/* top_busy_times() of each set of uses; written by the tool. */
SETTING __u8 busy_times[TOP_NR_USE_SETS];

/* Of all buffers. A section of its own, which several programs share. */
struct top_busy total SEC(".data.busy") = { .state = TOP_BUSY_REST };

/*
 * @change: 1: one user more, -1: one less. Global, so that the verifier looks at it once, not
 * at each of the ways that lead to it.
 */
__noinline int busy_add(struct top_busy *busy, __u32 use, int change, __u64 now)
{
	__u32 users, before, changes, was, is, i;
	__u64 step, old;

	if (!busy || use >= TOP_NR_USES)
		return 0;
	users = __sync_fetch_and_add(&busy->users[use], change);
	if (users != (change > 0 ? 0 : 1))
		return 0;
	step = (__u64)(__s64)change << use * TOP_USE_BITS;
	old = __sync_fetch_and_add(&busy->state, step);
	before = busy_times[top_busy_set(old) & (TOP_NR_USE_SETS - 1)];
	changes = before ^ busy_times[top_busy_set(old + step) & (TOP_NR_USE_SETS - 1)];
	#pragma unroll
	for (i = 0; i < TOP_NR_TIMES; i++) {
		was = before >> i & 1;
		is = changes >> i & 1;
		/* The verifier is to learn nothing of other bits: both ways are alike. */
		barrier_var(was);
		barrier_var(is);
		if (is)
			__sync_fetch_and_add(&busy->ns[i], now * (2 * (__u64)was - 1));
	}
	return 0;
}

#endif /* BUSY_BPF_H */
