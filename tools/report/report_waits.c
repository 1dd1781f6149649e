// SPDX-License-Identifier: GPL-2.0-only
#include "report_waits.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* Words of an acquired and of a failed record. */
#define ACQUIRED_ACCESS	1
#define ACQUIRED_TIME	10
#define FAILED_ERROR	3
#define FAILED_TIME	4

static const char *const latency_pairs[TOP_NR_PAIRS] = {
	[TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_CPU)] = "cpu behind cpu",
	[TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA)] = "cpu behind dma",
	[TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_CPU)] = "dma behind cpu",
	[TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_DMA)] = "dma behind dma",
};

static struct report_wait *waits_new(struct report_waits *waits)
{
	if (waits->nr == waits->max) {
		waits->max = waits->max ? waits->max * 2 : 256;
		waits->rows = reallocarray(waits->rows, waits->max, sizeof(*waits->rows));
		if (!waits->rows)
			err(1, "no memory for %zu waits", waits->max);
	}
	return &waits->rows[waits->nr++];
}

/* @entry waits behind somebody, up to @now_ns. */
static struct report_wait *waits_add(struct report_waits *waits, uint64_t id,
				     const struct top_access *access,
				     const struct top_behind *behind, uint64_t wait_ns,
				     uint64_t now_ns)
{
	struct report_wait *wait = waits_new(waits);

	*wait = (struct report_wait){
		.ino = access->ino,
		.access = id,
		.begin_ns = now_ns - wait_ns,
		.wait_ns = wait_ns,
		.pair = TOP_PAIR(access->agent == TOP_AGENT_DMA,
				 access->state == TOP_STATE_BEHIND_DMA),
		.waiter.tgid = access->tgid,
		.holder = behind->party,
		.waiter_frame = report_stacks_waiter(waits->stacks, id),
		.holder_frame = report_stacks_holder(waits->stacks, id, behind->blocker),
	};
	memcpy(wait->waiter.comm, access->comm, sizeof(wait->waiter.comm));
	return wait;
}

static bool waits_is_one(const struct top_access *access)
{
	return access->state == TOP_STATE_BEHIND_CPU || access->state == TOP_STATE_BEHIND_DMA;
}

void report_waits_record(struct report_waits *waits, const struct record *record)
{
	bool failed = record->head.kind == RECORD_FAILED;
	const struct top_entry *entry;
	struct report_wait *wait;
	int32_t error;

	if (!failed && record->head.kind != RECORD_ACQUIRED)
		return;
	entry = replay_access(record->words[ACQUIRED_ACCESS]);
	error = failed ? (int32_t)record->words[FAILED_ERROR] : 0;
	if (!entry || !waits_is_one(&entry->access) || error == -EAGAIN)
		return;
	wait = waits_add(waits, record->words[ACQUIRED_ACCESS], &entry->access, &entry->behind,
			 record->words[failed ? FAILED_TIME : ACQUIRED_TIME],
			 record->head.time_ns);
	wait->error = error;
	wait->is_over = true;
}

static int waits_longest(const void *a, const void *b)
{
	const struct report_wait *x = a, *y = b;

	if (x->wait_ns != y->wait_ns)
		return x->wait_ns < y->wait_ns ? 1 : -1;
	return (x->access > y->access) - (x->access < y->access);
}

/* The wait that @permille of @nr are not longer than; @rows has the longest one first. */
static uint64_t waits_rank(const struct report_wait *const *rows, size_t nr,
			   unsigned int permille)
{
	size_t rank = (nr * permille + 999) / 1000;

	return rows[nr - (rank ?: 1)]->wait_ns;
}

static void waits_latency(struct report_waits *waits, const char *name,
			  const struct report_wait *const *rows, size_t nr)
{
	struct report_latency *latency = &waits->latencies[waits->nr_latencies];
	size_t i;

	if (!nr)
		return;
	*latency = (struct report_latency){
		.model = rows[0]->model,
		.nr = nr,
		.p50_ns = waits_rank(rows, nr, 500),
		.p95_ns = waits_rank(rows, nr, 950),
		.p99_ns = waits_rank(rows, nr, 990),
		.max_ns = rows[0]->wait_ns,
	};
	snprintf(latency->name, sizeof(latency->name), "%s", name);
	for (i = 0; i < nr; i++)
		latency->sum_ns += rows[i]->wait_ns;
	waits->nr_latencies++;
}

/* Those of a pair, or all, of the rows that are sorted. */
static void waits_of_pair(struct report_waits *waits, const struct report_wait **rows,
			  uint32_t pair)
{
	size_t nr = 0, i;

	for (i = 0; i < waits->nr; i++)
		if (waits->rows[i].pair == pair || pair == TOP_NR_PAIRS)
			rows[nr++] = &waits->rows[i];
	waits_latency(waits, pair == TOP_NR_PAIRS ? "all" : latency_pairs[pair], rows, nr);
}

static int waits_by_buffer(const void *a, const void *b)
{
	const struct report_wait *x = *(const struct report_wait *const *)a;
	const struct report_wait *y = *(const struct report_wait *const *)b;

	if (x->ino != y->ino)
		return x->ino > y->ino ? 1 : -1;
	return waits_longest(x, y);
}

static void waits_of_buffers(struct report_waits *waits, const struct report_wait **rows)
{
	size_t begin, end;

	for (begin = 0; begin < waits->nr; begin++)
		rows[begin] = &waits->rows[begin];
	if (waits->nr)
		qsort(rows, waits->nr, sizeof(*rows), waits_by_buffer);
	for (begin = 0; begin < waits->nr; begin = end) {
		for (end = begin; end < waits->nr && rows[end]->ino == rows[begin]->ino; )
			end++;
		waits_latency(waits, "buffer", rows + begin, end - begin);
		waits->latencies[waits->nr_latencies - 1].ino = rows[begin]->ino;
	}
}

/* Each row of latencies has at least one wait that no other of its kind has. */
static void waits_latencies(struct report_waits *waits)
{
	const struct report_wait **rows = calloc(waits->nr + 1, sizeof(*rows));
	uint32_t pair;

	waits->latencies = calloc(waits->nr + TOP_NR_PAIRS + 1, sizeof(*waits->latencies));
	if (!rows || !waits->latencies)
		err(1, "no memory for %zu waits", waits->nr);
	waits_of_pair(waits, rows, TOP_NR_PAIRS);
	for (pair = 0; pair < TOP_NR_PAIRS; pair++)
		waits_of_pair(waits, rows, pair);
	waits_of_buffers(waits, rows);
	free(rows);
}

void report_waits_end(struct report_waits *waits, const struct model *model,
		      uint64_t begin_ns)
{
	size_t i;

	for (i = 0; i < model->nr_waiting; i++) {
		const struct model_access *access = model->waiting[i];

		if (waits_is_one(&access->at))
			waits_add(waits, access->id, &access->at, &access->behind,
				  model_access_age_ns(access), model->now_ns);
	}
	for (i = 0; i < waits->nr; i++) {
		waits->rows[i].begin_ns -= begin_ns;
		waits->rows[i].model = model;
	}
	if (waits->nr)
		qsort(waits->rows, waits->nr, sizeof(*waits->rows), waits_longest);
	waits_latencies(waits);
}

void report_waits_free(struct report_waits *waits)
{
	free(waits->rows);
	free(waits->latencies);
	*waits = (struct report_waits){ 0 };
}
