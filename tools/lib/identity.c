// SPDX-License-Identifier: GPL-2.0-only
#include "identity.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fdinfo.h"
#include "model.h"
#include "snapshot.h"

/* A name can be changed at any time; a buffer that was not found may be closed. */
#define LOOK_AGAIN_NS	10000000000ULL
/* More processes than this share the buffers that are looked for: next time. */
#define MAX_PROCESSES	64

static void identity_set(struct model *model, struct model_buffer *buffer,
			 const char *exporter, uint64_t size)
{
	snprintf(buffer->exporter, sizeof(buffer->exporter), "%s", exporter);
	buffer->size = size;
	buffer->look_ns = model->now_ns + LOOK_AGAIN_NS;
}

static void identity_fd(const struct fdinfo_buffer *found, void *priv)
{
	struct model *model = priv;
	struct model_buffer *buffer = model_buffer_find(model, found->ino);

	if (!buffer)
		return;
	identity_set(model, buffer, found->exporter, found->size);
	snprintf(buffer->name, sizeof(buffer->name), "%s", found->name);
}

static int identity_line(const struct snapshot_line *line, void *priv)
{
	struct model *model = priv;
	struct model_buffer *buffer;

	if (line->type != SNAPSHOT_ACCESS)
		return 0;
	buffer = model_buffer_find(model, line->access.ino);
	if (buffer && !buffer->size)
		identity_set(model, buffer, line->exporter, line->size);
	return 0;
}

/* Each process once. Return: false when the list is full. */
static bool identity_seen(uint32_t *seen, size_t *nr, uint32_t tgid)
{
	size_t i;

	for (i = 0; i < *nr; i++)
		if (seen[i] == tgid)
			return true;
	if (*nr == MAX_PROCESSES)
		return true;
	seen[(*nr)++] = tgid;
	return false;
}

void identity_update(struct model *model)
{
	uint32_t seen[MAX_PROCESSES];
	bool missing = false;
	size_t nr = 0, i;

	for (i = 0; i < model->nr_buffers; i++) {
		struct model_buffer *buffer = model->buffers[i];

		if (buffer->look_ns > model->now_ns)
			continue;
		if (buffer->tgid && !identity_seen(seen, &nr, buffer->tgid))
			fdinfo_buffers(buffer->tgid, identity_fd, model);
	}
	for (i = 0; i < model->nr_buffers; i++) {
		struct model_buffer *buffer = model->buffers[i];

		if (buffer->look_ns > model->now_ns)
			continue;
		buffer->look_ns = model->now_ns + LOOK_AGAIN_NS;
		missing |= !buffer->size && (buffer->nr_held ||
					     buffer->nr_waiting);
	}
	if (missing)
		snapshot_read(identity_line, model);
}
