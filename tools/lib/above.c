// SPDX-License-Identifier: GPL-2.0-only
#include "above.h"

#include <stdio.h>

#include "access_text.h"
#include "format.h"
#include "output.h"
#include "words.h"

/* From a request to what it waits for in the end; a ring is left somewhere. */
#define MAX_STEPS	65536

static const struct model_access *above_longest(const struct model *model)
{
	const struct model_access *longest = NULL;
	size_t i;

	for (i = 0; i < model->nr_waiting; i++) {
		const struct model_access *access = model->waiting[i];

		if (access->at.state == TOP_STATE_REQUESTED ||
		    !model_access_counts(model, access))
			continue;
		if (!longest || model_access_age_ns(access) > model_access_age_ns(longest))
			longest = access;
	}
	return longest;
}

static const struct model_access *above_root(const struct chains *chains,
					     const struct model_access *access)
{
	const struct model_access *next = access;
	unsigned int i;

	for (i = 0; next && i < MAX_STEPS; i++) {
		access = next;
		next = wait_graph_next(&chains->graph, access);
	}
	return access;
}

static void above_running(const struct chains *chains, const struct model_access *waiter,
			  char *text, size_t size)
{
	const struct model_access *root = above_root(chains, waiter);
	char who[VALUE_TEXT_SIZE], culprit[VALUE_TEXT_SIZE], ns[16];

	format_ns(ns, sizeof(ns), model_access_age_ns(waiter));
	access_who(waiter, who, sizeof(who));
	if (root == waiter)
		snprintf(culprit, sizeof(culprit), "fence %llu:%llu", root->at.wait_context,
			 root->at.wait_seqno);
	else
		access_who(root, culprit, sizeof(culprit));
	snprintf(text, size, "%s has waited for %s for buffer %llu%s%s, behind %s%s%s", who, ns,
		 waiter->at.ino, waiter->buffer->name[0] ? " " : "", waiter->buffer->name,
		 culprit, root == waiter ? "" : ", which ",
		 root == waiter ? "" : access_state(root));
}

static void above_over(const struct model *model, const struct top_event *event, char *text,
		       size_t size)
{
	const struct model_buffer *buffer = model_buffer_find(model, event->ino);
	const char *name = buffer ? buffer->name : "";
	char ns[16], comm[TOP_COMM_LEN];

	format_ns(ns, sizeof(ns), event->wait_ns);
	format_name(comm, sizeof(comm), event->comm);
	snprintf(text, size, "%s/%u waited for %s for buffer %llu%s%s, at last behind tid %u, %s %llu",
		 comm[0] ? comm : "?", event->tid, ns, event->ino, *name ? " " : "", name,
		 event->edge.tid, words_of(WORDS_KIND, event->edge.kind), event->edge.owner);
}

/* Not everything is an event: a call of DMA_BUF_IOCTL_SYNC, or what found no room. */
static void above_buffer(const struct model *model, char *text, size_t size)
{
	const struct model_buffer *buffer = NULL;
	char ns[16];
	size_t i;

	for (i = 0; i < model->nr_buffers; i++)
		if (model->buffers[i]->window.wait_max_ns == model->total.wait_max_ns)
			buffer = model->buffers[i];
	format_ns(ns, sizeof(ns), model->total.wait_max_ns);
	if (buffer)
		snprintf(text, size, "somebody waited for %s for buffer %llu%s%s", ns,
			 (unsigned long long)buffer->ino, buffer->name[0] ? " " : "",
			 buffer->name);
	else
		snprintf(text, size, "somebody waited for %s", ns);
}

bool above_find(const struct model *model, const struct chains *chains, uint64_t above_ns,
		char *text, size_t size)
{
	const struct model_access *waiter = above_longest(model);
	const struct top_event *longest = NULL;
	size_t i;

	if (waiter && model_access_age_ns(waiter) >= above_ns) {
		above_running(chains, waiter, text, size);
		return true;
	}
	for (i = 0; i < model->nr_events; i++)
		if (model->events[i].type == TOP_EVENT_LONG_WAIT &&
		    (!longest || model->events[i].wait_ns > longest->wait_ns))
			longest = &model->events[i];
	if (longest)
		above_over(model, longest, text, size);
	else if (model->total.wait_max_ns >= above_ns)
		above_buffer(model, text, size);
	else
		return false;
	return true;
}
