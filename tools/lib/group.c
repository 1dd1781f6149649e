// SPDX-License-Identifier: GPL-2.0-only
/*
 * First each buffer, thread or access is a row of its own; then the rows are sorted, and those
 * that agree become one.
 */
#include "group.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dmabuf_sync.h>

#include "format.h"

static struct group *group_new(struct groups *groups, const struct model *model)
{
	struct group *group;

	if (groups->nr == groups->max) {
		groups->max = groups->max ? groups->max * 2 : 64;
		groups->rows = reallocarray(groups->rows, groups->max, sizeof(*groups->rows));
		if (!groups->rows)
			err(1, "no memory for %zu groups", groups->max);
	}
	group = &groups->rows[groups->nr++];
	memset(group, 0, sizeof(*group));
	group->window_ns = model->window_ns;
	return group;
}

static void group_of_buffer(struct groups *groups, const struct model *model,
			    const struct model_buffer *buffer)
{
	struct group *group = group_new(groups, model);

	snprintf(group->name, sizeof(group->name), "%s",
		 groups->by == GROUP_BY_NAME ? buffer->name : buffer->exporter);
	group->nr_buffers = buffer->ino ? 1 : buffer->nr_gone;
	group->nr_held = buffer->nr_held;
	group->nr_waiting = buffer->nr_waiting;
	group->window = buffer->window;
}

static void group_buffers(struct groups *groups, const struct model *model)
{
	size_t i;

	for (i = 0; i < model->nr_buffers; i++)
		group_of_buffer(groups, model, model->buffers[i]);
	for (i = 0; i < model->nr_classes; i++)
		group_of_buffer(groups, model, model->classes[i]);
}

static struct group *group_of_task(struct groups *groups, const struct model *model,
				   uint32_t tgid, const char *comm)
{
	struct group *group = group_new(groups, model);

	format_array(group->name, comm, TOP_COMM_LEN);
	if (groups->by == GROUP_BY_PROCESS)
		group->tgid = tgid;
	return group;
}

/* What they did. */
static void group_users(struct groups *groups, const struct model *model)
{
	bool engines = groups->by == GROUP_BY_ENGINE;
	struct group *group;
	size_t i;

	for (i = 0; i < model->nr_users; i++) {
		const struct model_user *user = &model->users[i];
		bool engine = user->key.kind == TOP_USER_ENGINE;

		if (engines != engine)
			continue;
		group = group_of_task(groups, model, user->key.tgid, user->key.name);
		if (engines) {
			format_array(group->name, user->key.name, sizeof(group->name));
			format_array(group->driver, user->key.driver, sizeof(group->driver));
		}
		group->window = user->window;
	}
}

static void group_held(struct groups *groups, const struct model *model)
{
	size_t i;

	for (i = 0; i < model->nr_accesses; i++) {
		const struct model_access *access = &model->accesses[i];

		if (model_access_waits(access) || !model_access_counts(model, access))
			continue;
		group_of_task(groups, model, access->at.tgid, access->at.comm)->nr_held = 1;
	}
}

/* A driver's owner has one request, and its accesses follow each other. */
static void group_waiting(struct groups *groups, const struct model *model)
{
	uint64_t owner = 0;
	size_t i;

	for (i = 0; i < model->nr_waiting; i++) {
		const struct model_access *access = model->waiting[i];
		struct group *group;

		if (!model_access_counts(model, access))
			continue;
		group = group_of_task(groups, model, access->at.tgid, access->at.comm);
		group->nr_waiting = access->at.kind != DMABUF_SYNC_OWNER_DRIVER ||
				    access->at.owner != owner;
		owner = access->at.owner;
		model_window_wait(model, &group->window, access);
	}
}

/* Jobs that engines have. */
static void group_jobs(struct groups *groups, const struct model *model)
{
	size_t i;

	for (i = 0; i < model->nr_jobs; i++) {
		const struct model_access *access = model->jobs[i];
		struct group *group;

		if (!model_access_counts(model, access))
			continue;
		group = group_new(groups, model);
		snprintf(group->name, sizeof(group->name), "%s", access->timeline.name);
		snprintf(group->driver, sizeof(group->driver), "%s", access->timeline.driver);
		group->nr_held = 1;
	}
}

/* Rows of a process agree in its number, whatever its threads are called. */
static int group_compare(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->tgid || y->tgid)
		return (x->tgid > y->tgid) - (x->tgid < y->tgid);
	return strcmp(x->name, y->name) ?: strcmp(x->driver, y->driver);
}

static void group_fold(struct group *to, const struct group *from)
{
	to->nr_buffers += from->nr_buffers;
	to->nr_held += from->nr_held;
	to->nr_waiting += from->nr_waiting;
	model_window_fold(&to->window, &from->window);
}

static void group_merge(struct groups *groups)
{
	size_t nr = 0, i;

	if (groups->nr)
		qsort(groups->rows, groups->nr, sizeof(*groups->rows), group_compare);
	for (i = 0; i < groups->nr; i++) {
		if (nr && !group_compare(&groups->rows[nr - 1], &groups->rows[i]))
			group_fold(&groups->rows[nr - 1], &groups->rows[i]);
		else
			groups->rows[nr++] = groups->rows[i];
	}
	groups->nr = nr;
}

/* A process is called what its first thread is, as long as there is one. */
static void group_name_processes(struct groups *groups)
{
	char path[48], comm[TOP_COMM_LEN + 1];
	FILE *file;
	size_t i;

	for (i = 0; i < groups->nr; i++) {
		snprintf(path, sizeof(path), "/proc/%u/comm", groups->rows[i].tgid);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file)) {
			comm[strcspn(comm, "\n")] = '\0';
			format_name(groups->rows[i].name, sizeof(groups->rows[i].name), comm);
		}
		fclose(file);
	}
}

void group_build(struct groups *groups, const struct model *model)
{
	groups->nr = 0;
	switch (groups->by) {
	case GROUP_BY_EXPORTER:
	case GROUP_BY_NAME:
		group_buffers(groups, model);
		break;
	case GROUP_BY_PROCESS:
	case GROUP_BY_COMM:
		group_users(groups, model);
		group_held(groups, model);
		group_waiting(groups, model);
		break;
	case GROUP_BY_ENGINE:
		group_users(groups, model);
		group_jobs(groups, model);
		break;
	default:
		break;
	}
	group_merge(groups);
	if (groups->by == GROUP_BY_PROCESS)
		group_name_processes(groups);
}

void group_free(struct groups *groups)
{
	free(groups->rows);
	*groups = (struct groups){ 0 };
}
