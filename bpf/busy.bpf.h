/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a thing was in use by the CPU, by DMA, and by both, without a lock:
 * a raw tracepoint program may not take a bpf_spin_lock, and must not wait for
 * another CPU that does.
 *
 * One atomic addition changes the counts of users. It returns the counts before,
 * so exactly one CPU sees that the first user came, and one that the last left.
 * The former subtracts its time from the sum, the latter adds its time: these
 * additions may arrive in any order. Between an addition to the counts and the
 * one to the sum the sum is wrong by the time since boot; a reader that adds
 * its own time for what is in use sees that by the result, and reads again
 * (tools/interval.c).
 */
#ifndef BUSY_BPF_H
#define BUSY_BPF_H

#define BUSY_ONE_CPU	1LL
#define BUSY_ONE_DMA	(1LL << 32)

static __always_inline void busy_account(top_s64 *sum, bool before, bool after,
					 __u64 now)
{
	if (before == after)
		return;
	__sync_fetch_and_add(sum, before ? (top_s64)now : -(top_s64)now);
}

/* @users: BUSY_ONE_CPU or BUSY_ONE_DMA, negative when it leaves. */
static __always_inline void busy_add(struct top_busy *busy, top_s64 users,
				     __u64 now)
{
	top_u64 old = __sync_fetch_and_add(&busy->state, users);
	top_u64 new = old + users;

	busy_account(&busy->cpu_ns, TOP_BUSY_CPU(old), TOP_BUSY_CPU(new), now);
	busy_account(&busy->dma_ns, TOP_BUSY_DMA(old), TOP_BUSY_DMA(new), now);
	busy_account(&busy->both_ns, TOP_BUSY_CPU(old) && TOP_BUSY_DMA(old),
		     TOP_BUSY_CPU(new) && TOP_BUSY_DMA(new), now);
}

#endif /* BUSY_BPF_H */
