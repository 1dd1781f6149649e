// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of accesses against the kernel's snapshot, while both change.
 *
 * Ids of accesses are never used again. So an access that was in the map before the
 * snapshot was read, and is not in it, is over: its release was missed, or came
 * before the access was put into the map below. And an access that is in a snapshot
 * is put into the map unless its events have done so already. Only a request that just
 * came may be in the map and not in the kernel's tables yet.
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

/* A snapshot: accesses sorted by id, edges behind them. */
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

static int sync_order(const void *a, const void *b)
{
	const struct snapshot_line *x = a, *y = b;

	if (x->is_edge != y->is_edge)
		return x->is_edge - y->is_edge;
	return (x->id > y->id) - (x->id < y->id);
}

static int sync_read(struct sync_list *list)
{
	int err = snapshot_read(sync_add, list);

	if (!err && list->nr)
		qsort(list->lines, list->nr, sizeof(*list->lines), sync_order);
	return err;
}

static const struct snapshot_line *sync_find(const struct sync_list *list,
					     uint64_t id)
{
	struct snapshot_line key = { .id = id };

	return list->nr ? bsearch(&key, list->lines, list->nr,
				  sizeof(*list->lines), sync_order) : NULL;
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
	const struct snapshot_line *blocker = sync_find(list, line->edge.blocker);
	struct top_edge edge = line->edge;

	if (blocker) {
		edge.kind = blocker->access.kind;
		edge.tgid = blocker->access.tgid;
		edge.tid = blocker->access.tid;
	}
	return edge;
}

static int sync_replay(struct dmasync_top_bpf *skel,
		       const struct sync_list *list, bool known_only)
{
	struct top_replay *input = &skel->bss->replay_input;
	bool full = false;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		const struct snapshot_line *line = &list->lines[i];
		const struct snapshot_line *access = line;
		int ret;

		if (line->is_edge)
			access = sync_find(list, line->id);
		if (!access)
			continue;
		input->id = access->id;
		input->known_only = known_only;
		input->access = access->access;
		input->edge = line->is_edge ? sync_edge(list, line) :
					      (struct top_edge){ 0 };
		ret = sync_run(skel->progs.replay);
		if (ret < 0)
			return ret;
		full |= ret;
	}
	return full;
}

static bool sync_may_be_new(const struct top_access *access, uint64_t now_ns)
{
	return access->state < TOP_STATE_QUEUED &&
	       now_ns < access->since_ns + REQUEST_NS;
}

static int sync_forget(struct top_source *source, int nr, uint64_t now_ns,
		       const struct sync_list *list)
{
	const struct top_access *accesses = source->values;
	int i, err = 0;

	for (i = 0; i < nr && !err; i++) {
		if (sync_find(list, source->keys[i]) ||
		    sync_may_be_new(&accesses[i], now_ns))
			continue;
		source->skel->bss->replay_input.id = source->keys[i];
		err = sync_run(source->skel->progs.forget);
	}
	return err;
}

int top_sync(struct top_source *source)
{
	struct sync_list before = { 0 }, after = { 0 };
	uint64_t now_ns = clock_now_ns();
	int nr, full, err;

	err = sync_read(&before);
	if (err)
		goto out;
	full = sync_replay(source->skel, &before, false);
	nr = top_source_accesses(source);
	err = full < 0 ? full : nr < 0 ? nr : sync_read(&after);
	if (err)
		goto out;
	err = sync_replay(source->skel, &after, true);
	if (err >= 0)
		err = sync_forget(source, nr, now_ns, &after);
	if (!err)
		err = full;
out:
	free(before.lines);
	free(after.lines);
	return err;
}
