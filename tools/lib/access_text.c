// SPDX-License-Identifier: GPL-2.0-only
#include "access_text.h"

#include <stdio.h>
#include <string.h>

#include <linux/dmabuf_sync.h>

#include "output.h"
#include "words.h"

const char *access_mode(const struct top_access *access)
{
	return words_of(WORDS_MODE, access->mode & DMA_BUF_ACCESS_RW);
}

const char *access_state(const struct model_access *access)
{
	if (model_access_is_sync(access))
		return "sync-wait";
	if (access->at.state == TOP_STATE_HELD && access->at.fence_wait)
		return "fence-wait";
	return words_of(WORDS_STATE, access->at.state);
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
