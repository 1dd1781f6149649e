// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of accesses against the kernel's snapshot, while both change.
 *
 * Ids of accesses are never used again. So an access that was in the map before the
 * snapshot was read, and is not in it, is over: its release was missed, or came
 * before the access was put into the map below. And an access that is in a snapshot
 * is put into the map unless its events have done so already. Only a request that just
 * came may be in the map and not in the kernel's tables yet; and of a buffer that has very
 * many, the snapshot lists some and says how many more there are.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "snapshot.h"
#include "top_source.h"

#include "dmasync_top.skel.h"

/* A request is in the kernel's tables long before it is that old. */
#define REQUEST_NS	1000000000ULL

/* A snapshot: accesses sorted by id, then edges, then what is not listed, by buffer. */
struct sync_list {
	struct snapshot_line *lines;
	size_t nr, max;
};

static int sync_add(const struct snapshot_line *line, void *priv)
{
	struct sync_list *list = priv;

	if (list->nr == list->max) {
		list->max = list->max ? list->max * 2 : 64;
		list->lines = reallocarray(list->lines, list->max,
					   sizeof(*list->lines));
		if (!list->lines)
			err(1, "no memory for %zu accesses", list->max);
	}
	list->lines[list->nr++] = *line;
	return 0;
}

static top_u64 sync_key(const struct snapshot_line *line)
{
	return line->type == SNAPSHOT_MORE ? line->access.ino : line->id;
}

static int sync_order(const void *a, const void *b)
{
	const struct snapshot_line *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return (sync_key(x) > sync_key(y)) - (sync_key(x) < sync_key(y));
}

static int sync_read(struct sync_list *list)
{
	int err = snapshot_read(sync_add, list);

	if (!err && list->nr)
		qsort(list->lines, list->nr, sizeof(*list->lines), sync_order);
	return err;
}

static struct snapshot_line *sync_find(const struct sync_list *list,
				       const struct snapshot_line *key)
{
	return list->nr ? bsearch(key, list->lines, list->nr,
				  sizeof(*list->lines), sync_order) : NULL;
}

static const struct snapshot_line *sync_access(const struct sync_list *list,
					       uint64_t id)
{
	struct snapshot_line key = { .type = SNAPSHOT_ACCESS, .id = id };

	return sync_find(list, &key);
}

static int sync_run(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	return err ?: (int)opts.retval;
}

/* An edge names its ends by their ids only. */
static struct top_edge sync_edge(const struct sync_list *list,
				 const struct snapshot_line *line)
{
	const struct snapshot_line *blocker;
	struct top_edge edge = line->edge;

	edge.queued = line->queued;
	blocker = sync_access(list, line->edge.blocker);
	if (blocker) {
		edge.kind = blocker->access.kind;
		edge.tgid = blocker->access.tgid;
		edge.tid = blocker->access.tid;
	}
	return edge;
}

/* What a fence context is called is told with each commit, but that was before. */
static void sync_timeline(struct top_source *source, const struct snapshot_line *line)
{
	bpf_map_update_elem(bpf_map__fd(source->skel->maps.timelines),
			    &line->access.fence_context, &line->timeline, BPF_NOEXIST);
}

static int sync_replay(struct top_source *source, const struct sync_list *list,
		       bool known_only)
{
	struct top_replay *input = &source->skel->bss->replay_input;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		const struct snapshot_line *line = &list->lines[i];
		const struct snapshot_line *access = sync_access(list, line->id);
		int ret;

		if (!access)
			continue;
		if (access->timeline.name[0])
			sync_timeline(source, access);
		input->id = access->id;
		input->known_only = known_only;
		input->access = access->access;
		input->edge = line->type == SNAPSHOT_EDGE ?
			      sync_edge(list, line) : (struct top_edge){ 0 };
		ret = sync_run(source->skel->progs.replay);
		if (ret < 0)
			return ret;
		if (line->type == SNAPSHOT_ACCESS)
			source->no_room += ret;
	}
	return 0;
}

/* Perhaps a program is only just filling it in, or the kernel. */
static bool sync_may_be_new(const struct top_access *access, uint64_t now_ns)
{
	return access->state == TOP_STATE_NONE ||
	       (access->state == TOP_STATE_REQUESTED &&
		now_ns < access->since_ns + REQUEST_NS);
}

/* Is it one of those that its buffer's list left out? Each takes one place there. */
static bool sync_may_be_unlisted(const struct sync_list *list,
				 const struct top_access *access)
{
	struct snapshot_line key = {
		.type = SNAPSHOT_MORE, .access.ino = access->ino,
	};
	struct snapshot_line *more = sync_find(list, &key);
	top_u32 *left;

	if (!more)
		return false;
	left = access->state < TOP_STATE_HELD ? &more->queued : &more->held;
	if (!*left)
		return false;
	--*left;
	return true;
}

static int sync_forget(struct top_source *source, int nr, uint64_t now_ns,
		       const struct sync_list *list)
{
	const struct top_entry *entries = source->values;
	int i, err = 0;

	for (i = 0; i < nr && !err; i++) {
		const struct top_access *access = &entries[i].access;

		if (sync_access(list, source->keys[i]))
			continue;
		if (sync_may_be_new(access, now_ns)) {
			source->unsure = true;
			continue;
		}
		if (sync_may_be_unlisted(list, access))
			continue;
		source->skel->bss->replay_input.id = source->keys[i];
		err = sync_run(source->skel->progs.forget);
	}
	return err;
}

/* Add up what is not listed, and was not found in the map either. */
static void sync_count_unlisted(struct top_source *source,
				const struct sync_list *list)
{
	size_t i;

	source->unlisted = 0;
	source->cut = 0;
	for (i = list->nr; i-- && list->lines[i].type == SNAPSHOT_MORE; ) {
		const struct snapshot_line *more = &list->lines[i];

		if (!top_passing_has(source, more->access.ino))
			continue;
		source->unlisted += more->held;
		source->unlisted += more->queued;
		source->cut += more->edges;
	}
}

int top_sync(struct top_source *source)
{
	struct sync_list before = { 0 }, after = { 0 };
	uint64_t now_ns = clock_now_ns();
	int nr, err;

	source->no_room = 0;
	source->unsure = false;
	err = sync_read(&before);
	if (!err)
		err = sync_replay(source, &before, false);
	if (err)
		goto out;
	nr = top_source_accesses(source);
	err = nr < 0 ? nr : sync_read(&after);
	if (!err)
		err = sync_replay(source, &after, true);
	if (!err)
		err = sync_forget(source, nr, now_ns, &after);
	if (!err)
		sync_count_unlisted(source, &after);
out:
	free(before.lines);
	free(after.lines);
	return err;
}
