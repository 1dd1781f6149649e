// SPDX-License-Identifier: GPL-2.0-only
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/dmabuf_sync.h>

#include "group.h"
#include "model.h"
#include "session.h"
#include "snapshot.h"

static const char *const words_kind[] = {
	[DMABUF_SYNC_OWNER_FCNTL] = "fcntl",
	[DMABUF_SYNC_OWNER_CONTEXT] = "context",
	[DMABUF_SYNC_OWNER_DRIVER] = "driver",
	[MODEL_KIND_SYNC] = "sync",
	[TOP_KIND_CPU] = "cpu",
};

static const char *const words_mode[] = {
	[DMA_BUF_ACCESS_R] = "r",
	[DMA_BUF_ACCESS_W] = "w",
	[DMA_BUF_ACCESS_RW] = "rw",
};

static const char *const words_agent[] = {
	[TOP_AGENT_CPU] = "cpu",
	[TOP_AGENT_DMA] = "dma",
};

static const char *const words_state[] = {
	[TOP_STATE_REQUESTED] = "waits",
	[TOP_STATE_BEHIND_CPU] = "waits",
	[TOP_STATE_BEHIND_DMA] = "waits",
	[TOP_STATE_HELD] = "holds",
	[TOP_STATE_COMMITTED] = "queued",
	[TOP_STATE_RUNNING] = "runs",
	[TOP_STATE_SIGNALED] = "done",
	[TOP_STATE_GONE] = "done",
};

static const char *const words_kernel_state[] = {
	[TOP_STATE_REQUESTED] = "queued",
	[TOP_STATE_HELD] = "acquired",
	[TOP_STATE_COMMITTED] = "committed",
};

static const char *const words_event[] = {
	[TOP_EVENT_DEADLOCK] = "deadlock",
	[TOP_EVENT_FAILED] = "failed",
	[TOP_EVENT_ABANDONED] = "abandoned",
	[TOP_EVENT_JOB_FAILED] = "job-failed",
	[TOP_EVENT_LONG_WAIT] = "long-wait",
	[TOP_EVENT_REVOKED] = "revoked",
};

static const char *const words_snapshot[] = {
	[SNAPSHOT_ACCESS] = "access",
	[SNAPSHOT_EDGE] = "edge",
	[SNAPSHOT_MORE] = "more",
};

static const char *const words_session[] = {
	[SESSION_WAITING] = "waiting",
	[SESSION_ATTACHED] = "attached",
	[SESSION_DETACHED] = "detached",
};

static const char *const words_group[] = {
	[GROUP_BY_BUFFER] = "buffer",
	[GROUP_BY_EXPORTER] = "exporter",
	[GROUP_BY_NAME] = "name",
	[GROUP_BY_PROCESS] = "process",
	[GROUP_BY_COMM] = "comm",
	[GROUP_BY_ENGINE] = "engine",
};

static const char *const words_probe[] = {
	[SESSION_PROBE_AUTO] = "auto",
	[SESSION_PROBE_STOCK] = "stock",
	[SESSION_PROBE_TP_BTF] = "tp_btf",
	[SESSION_PROBE_RAW_TP] = "raw_tp",
};

#define TABLE(array)	{ array, sizeof(array) / sizeof((array)[0]) }

static const struct words_table {
	const char *const *words;
	size_t nr;
} words_tables[] = {
	[WORDS_KIND] = TABLE(words_kind),
	[WORDS_MODE] = TABLE(words_mode),
	[WORDS_AGENT] = TABLE(words_agent),
	[WORDS_STATE] = TABLE(words_state),
	[WORDS_KERNEL_STATE] = TABLE(words_kernel_state),
	[WORDS_EVENT] = TABLE(words_event),
	[WORDS_SNAPSHOT] = TABLE(words_snapshot),
	[WORDS_SESSION] = TABLE(words_session),
	[WORDS_GROUP] = TABLE(words_group),
	[WORDS_PROBE] = TABLE(words_probe),
};

const char *words_of(enum words words, unsigned int number)
{
	const struct words_table *table = &words_tables[words];

	return number < table->nr && table->words[number] ? table->words[number] : "?";
}

int words_number(enum words words, const char *word)
{
	const struct words_table *table = &words_tables[words];
	size_t i;

	for (i = 0; i < table->nr; i++)
		if (table->words[i] && !strcmp(table->words[i], word))
			return i;
	return -ENOENT;
}

void words_list(enum words words, unsigned int first, char *text, size_t size)
{
	const struct words_table *table = &words_tables[words];
	const char *between = "";
	size_t i, at = 0;

	text[0] = '\0';
	for (i = first; i < table->nr; i++) {
		if (!table->words[i])
			continue;
		at += snprintf(text + at, size - at, "%s%s", between, table->words[i]);
		if (at >= size)
			return;
		between = i + 2 == table->nr ? " and " : ", ";
	}
}
