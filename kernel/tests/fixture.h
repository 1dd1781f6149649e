/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests begin with: dma-bufs of their own, without memory, and owners. Requests are
 * made attempt by attempt, so a test decides who looks when; nobody sleeps.
 */
#ifndef _DSYNC_TEST_FIXTURE_H
#define _DSYNC_TEST_FIXTURE_H

#include <kunit/test.h>
#include <linux/bitops.h>

#include "../acquire.h"
#include "../buf.h"
#include "../owner.h"
#include "../queue.h"
#include "../release.h"
#include "../set.h"

#define FX_BUFS		3
#define FX_OWNERS	6
#define FX_SETS		16
#define FX_SIZE		(16 * PAGE_SIZE)

/* Jobs: accesses without CPU windows. */
#define FX_R		DMA_BUF_ACCESS_DMA_R
#define FX_W		DMA_BUF_ACCESS_DMA_W

/**
 * struct fx - the fixture of a test, in &kunit.priv
 * @bufs: buffers of FX_SIZE bytes
 * @owners: owners; the tests call them A to F
 * @sets: all sets that the test made; what is left of them goes at its end
 * @nr_sets: entries in @sets
 */
struct fx {
	struct dma_buf *bufs[FX_BUFS];
	struct dsync_owner *owners[FX_OWNERS];
	struct dsync_set *sets[FX_SETS];
	unsigned int nr_sets;
};

enum { A, B, C, D, E, F };

int fx_init(struct kunit *test);
void fx_exit(struct kunit *test);

/* A set of owner @owner with one access: bytes @start to @last of buffer @buf. */
struct dsync_set *fx_set(struct kunit *test, unsigned int owner, unsigned int buf, u32 mode,
			 u64 start, u64 last);
/* One with an access to each byte of buffer 0 whose bit is in @read or @write. */
struct dsync_set *fx_bytes(struct kunit *test, unsigned int owner, unsigned long read,
			   unsigned long write);
/* One with two accesses: the whole of two buffers. */
struct dsync_set *fx_pair(struct kunit *test, unsigned int owner, unsigned int buf1,
			  unsigned int buf2, u32 mode);
struct dsync_set *fx_whole(struct kunit *test, unsigned int owner, unsigned int buf,
			   u32 mode);

/* One attempt: 0 held, -EINPROGRESS queued, or an error. */
int fx_try(struct dsync_set *set);
/* The same for a request that does not wait. */
int fx_try_now(struct dsync_set *set);
void fx_release(struct dsync_set *set);
/* Does it wait? */
bool fx_queued(const struct dsync_set *set);
/* It gives up. */
void fx_cancel(struct dsync_set *set);
/* Was it handed over, or told to look again, since the last call? */
bool fx_kicked(struct dsync_set *set);

extern struct kunit_suite dsync_abandon_suite, dsync_buf_suite, dsync_conflict_suite,
			  dsync_graph_suite, dsync_queue_suite, dsync_random_suite;

#endif /* _DSYNC_TEST_FIXTURE_H */
