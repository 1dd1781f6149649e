/* SPDX-License-Identifier: GPL-2.0-only */
/* Columns of what happened in a window, for every row that has members window and window_ns. */
#ifndef TABLE_WINDOW_H
#define TABLE_WINDOW_H

#include "table_get.h"

#define WINDOW_AT(waiter, holder) TOP_PAIR(TOP_AGENT_##waiter, TOP_AGENT_##holder)
#define WINDOW_PAIR(name, type, waiter, holder)				\
GET(window_##name##_waits, type,					\
	value->number = row->window.count.waits[WINDOW_AT(waiter, holder)])	\
GET(window_##name##_wait, type,						\
	value->number = row->window.count.wait_ns[WINDOW_AT(waiter, holder)])

#define WINDOW_GETTERS(type)						\
GET(window_acquired, type, value->number = row->window.count.acquired)	\
GET(window_acquired_rate, type,						\
	get_rate(value, row->window.count.acquired, row->window_ns))	\
GET(window_contended, type, value->number = row->window.count.contended) \
GET(window_contended_percent, type,					\
	get_percent(value, model_window_contended(&row->window),		\
		model_window_requests(&row->window)))			\
GET(window_handed_percent, type,					\
	get_percent(value, model_window_handed(&row->window),		\
		model_window_requests(&row->window)))			\
GET(window_wait_avg, type,						\
	get_mean(value, model_sum(row->window.count.wait_ns, TOP_NR_PAIRS),	\
	     model_sum(row->window.count.waits, TOP_NR_PAIRS)))		\
GET(window_wait_max, type, get_number(value, row->window.wait_max_ns))	\
GET(window_oldest_wait, type, get_number(value, row->window.oldest_ns))	\
GET(window_syncs, type, value->number = row->window.count.syncs)	\
GET(window_sync_wait, type, get_number(value, row->window.count.sync_ns)) \
GET(window_hold_cpu, type,						\
	get_mean(value, row->window.count.hold_ns[TOP_AGENT_CPU],		\
	     row->window.count.released[TOP_AGENT_CPU]))		\
GET(window_hold_dma, type,						\
	get_mean(value, row->window.count.hold_ns[TOP_AGENT_DMA],		\
	     row->window.count.released[TOP_AGENT_DMA]))		\
WINDOW_PAIR(cpu_cpu, type, CPU, CPU)					\
WINDOW_PAIR(cpu_dma, type, CPU, DMA)					\
WINDOW_PAIR(dma_cpu, type, DMA, CPU)					\
WINDOW_PAIR(dma_dma, type, DMA, DMA)					\
GET(window_released, type, value->number = model_sum(row->window.count.released, 2)) \
GET(window_failed, type, value->number = row->window.count.failed)	\
GET(window_deadlocks, type, value->number = row->window.count.deadlocks) \
GET(window_abandoned, type, value->number = row->window.count.abandoned) \
GET(window_revoked, type, value->number = row->window.count.revoked)

/* Those on the screen. */
#define WINDOW_SHOWN							\
	{ "acquired_per_s", "ACQ/S", COLUMN_RATE, 5, .get = window_acquired_rate }, \
	{ "contended_percent", "CON%", COLUMN_PERCENT, 4, .get = window_contended_percent }, \
	{ "handed_percent", "HND%", COLUMN_PERCENT, 4, 0, 4, .get = window_handed_percent }, \
	{ "wait_avg_ns", "W-AVG", COLUMN_NS, 6, .get = window_wait_avg }, \
	{ "wait_max_ns", "W-MAX", COLUMN_NS, 6, 0, 5, .get = window_wait_max }, \
	{ "oldest_wait_ns", "OLDEST", COLUMN_NS, 6, .get = window_oldest_wait }, \
	{ "sync_wait_ns", "SYNC", COLUMN_NS, 6, 0, 6, .get = window_sync_wait }, \
	{ "hold_cpu_avg_ns", "C-HOLD", COLUMN_NS, 6, 0, 6, .get = window_hold_cpu }, \
	{ "hold_dma_avg_ns", "D-HOLD", COLUMN_NS, 6, 0, 6, .get = window_hold_dma }

/* Those in CSV and JSON only: waits by who waits for whom, ... */
#define WINDOW_WAITS							\
	{ "cpu_behind_cpu", NULL, COLUMN_COUNT, .get = window_cpu_cpu_waits }, \
	{ "cpu_behind_dma", NULL, COLUMN_COUNT, .get = window_cpu_dma_waits }, \
	{ "dma_behind_cpu", NULL, COLUMN_COUNT, .get = window_dma_cpu_waits }, \
	{ "dma_behind_dma", NULL, COLUMN_COUNT, .get = window_dma_dma_waits }, \
	{ "cpu_behind_cpu_ns", NULL, COLUMN_NS, .get = window_cpu_cpu_wait }, \
	{ "cpu_behind_dma_ns", NULL, COLUMN_NS, .get = window_cpu_dma_wait }, \
	{ "dma_behind_cpu_ns", NULL, COLUMN_NS, .get = window_dma_cpu_wait }, \
	{ "dma_behind_dma_ns", NULL, COLUMN_NS, .get = window_dma_dma_wait }, \
	{ "syncs", NULL, COLUMN_COUNT, .get = window_syncs }

/* ... and what was counted. */
#define WINDOW_COUNTS							\
	{ "acquired", NULL, COLUMN_COUNT, .get = window_acquired },	\
	{ "contended", NULL, COLUMN_COUNT, .get = window_contended },	\
	{ "released", NULL, COLUMN_COUNT, .get = window_released },	\
	{ "failed", NULL, COLUMN_COUNT, .get = window_failed },		\
	{ "deadlocks", NULL, COLUMN_COUNT, .get = window_deadlocks },	\
	{ "abandoned", NULL, COLUMN_COUNT, .get = window_abandoned },	\
	{ "revoked", NULL, COLUMN_COUNT, .get = window_revoked }

#endif /* TABLE_WINDOW_H */
