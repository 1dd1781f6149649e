// SPDX-License-Identifier: GPL-2.0-only
#include "access_text.h"

#include <stdio.h>
#include <string.h>

#include <linux/dmabuf_sync.h>

#include "output.h"

const char *access_kind(uint32_t kind)
{
	switch (kind) {
	case DMABUF_SYNC_OWNER_FCNTL:
		return "fcntl";
	case DMABUF_SYNC_OWNER_CONTEXT:
		return "context";
	case DMABUF_SYNC_OWNER_DRIVER:
		return "driver";
	default:
		return "?";
	}
}

const char *access_agent(const struct top_access *access)
{
	return access->agent == TOP_AGENT_DMA ? "dma" : "cpu";
}

const char *access_mode(const struct top_access *access)
{
	static const char *const modes[] = { "?", "r", "w", "rw" };

	return modes[access->mode & DMA_BUF_ACCESS_RW];
}

const char *access_state(const struct model_access *access)
{
	switch (access->at.state) {
	case TOP_STATE_REQUESTED:
	case TOP_STATE_BEHIND_CPU:
	case TOP_STATE_BEHIND_DMA:
		return "waits";
	case TOP_STATE_HELD:
		return access->at.fence_wait ? "fence-wait" : "holds";
	case TOP_STATE_COMMITTED:
		return "queued";
	case TOP_STATE_RUNNING:
		return "runs";
	default:
		return "done";
	}
}

void access_task(const struct top_access *access, char *text, size_t size)
{
	char tid[16];
	size_t room;

	snprintf(tid, sizeof(tid), "/%u", access->tid);
	room = size > strlen(tid) + 1 ? size - strlen(tid) - 1 : 0;
	snprintf(text, size, "%.*s%s", (int)room,
		 access->comm[0] ? access->comm : "?", tid);
}

/* The engine first: it is what a job is waited for at. */
void access_who(const struct model_access *access, char *text, size_t size)
{
	char task[VALUE_TEXT_SIZE];
	size_t len;

	if (!model_access_is_job(access) || !access->timeline.name[0]) {
		access_task(&access->at, text, size);
		return;
	}
	snprintf(text, size, "%s ", access->timeline.name);
	len = strlen(text);
	if (len + 1 >= size)
		return;
	access_task(&access->at, task, sizeof(task));
	snprintf(text + len, size - len, "%s", task);
}

void access_range(const struct top_access *access, char *text, size_t size)
{
	snprintf(text, size, "[%llu,%llu)", access->start,
		 access->start + access->len);
}

bool access_fence(const struct top_access *access, char *text, size_t size)
{
	bool job = access->state >= TOP_STATE_COMMITTED;

	if (!job && !access->fence_wait)
		return false;
	snprintf(text, size, "%llu:%llu",
		 job ? access->fence_context : access->wait_context,
		 job ? access->fence_seqno : access->wait_seqno);
	return true;
}
