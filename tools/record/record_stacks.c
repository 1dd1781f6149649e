// SPDX-License-Identifier: GPL-2.0-only
#include "record_stacks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "record_type.h"

/**
 * struct stacks_walk - a stack on its way to frames
 * @stacks: all of them
 * @head: what its records begin with
 * @batch: where they go
 * @frame: the innermost frame up to now
 * @err: 0, -ENOSPC: no room in @batch, or -ENFILE: there are too many frames
 */
struct stacks_walk {
	struct record_stacks *stacks;
	struct record_head head;
	struct record_batch *batch;
	uint64_t frame;
	int err;
};

int record_stacks_init(struct record_stacks *stacks)
{
	*stacks = (struct record_stacks){
		.map = -1,
		.frames = calloc(STACKS_MAX_FRAMES, sizeof(*stacks->frames)),
		.seen = calloc(STACKS_NR_SEEN, sizeof(*stacks->seen)),
	};
	return stacks->frames && stacks->seen ? 0 : -ENOMEM;
}

static void stacks_keep(void *frame)
{
	(void)frame;
}

void record_stacks_free(struct record_stacks *stacks)
{
	tdestroy(stacks->tree, stacks_keep);
	usyms_free(&stacks->usyms);
	ksyms_free(&stacks->ksyms);
	free(stacks->frames);
	free(stacks->seen);
	*stacks = (struct record_stacks){ .map = -1 };
}

void record_stacks_begin(struct record_stacks *stacks, int map)
{
	stacks->map = map;
	/* The numbers of another map mean something else. */
	memset(stacks->seen, 0, STACKS_NR_SEEN * sizeof(*stacks->seen));
	stacks->kernel_error = ksyms_update(&stacks->ksyms);
}

void record_stacks_turn(struct record_stacks *stacks)
{
	usyms_forget(&stacks->usyms);
	stacks->nr_turn = 0;
}

static int stacks_compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return memcmp(&x->words[FRAME_CALLER], &y->words[FRAME_CALLER],
		      (FRAME_NR - FRAME_CALLER) * sizeof(x->words[0]));
}

static void stacks_emit(struct stacks_walk *walk, struct record *record, unsigned int kind)
{
	record->head = walk->head;
	record->head.kind = kind;
	record->head.size = sizeof(record->head) +
			    record_type_words(kind) * sizeof(record->words[0]);
	if (!walk->err)
		walk->err = record_batch_add(walk->batch, record, record->head.size);
}

/* A frame has a number once it is in the batch. Return: NULL: there is no room. */
static struct record *stacks_new(struct stacks_walk *walk, struct record *wanted)
{
	struct record_stacks *stacks = walk->stacks;
	struct record *frame;

	if (stacks->nr == STACKS_MAX_FRAMES)
		walk->err = -ENFILE;
	else
		stacks_emit(walk, wanted, RECORD_FRAME);
	if (walk->err)
		return NULL;
	frame = &stacks->frames[stacks->nr++];
	*frame = *wanted;
	/* Without memory it is not found again: the next one gets a number of its own. */
	tsearch(frame, &stacks->tree, stacks_compare);
	return frame;
}

/* One frame further in. */
static void stacks_call(struct stacks_walk *walk, const struct stack_place *place)
{
	struct record_stacks *stacks = walk->stacks;
	struct record *frame, **known;
	struct record wanted = {
		.words = {
			[FRAME_NUMBER] = stacks->nr + 1,
			[FRAME_CALLER] = walk->frame, [FRAME_KERNEL] = place->kernel,
			[FRAME_OFFSET] = place->offset,
		},
	};
	if (walk->err)
		return;
	memcpy(&wanted.words[FRAME_NAME], place->name, sizeof(place->name));
	memcpy(&wanted.words[FRAME_FILE], place->file, sizeof(place->file));
	known = tfind(&wanted, &stacks->tree, stacks_compare);
	if (known) {
		walk->frame = (*known)->words[FRAME_NUMBER];
		return;
	}
	frame = stacks_new(walk, &wanted);
	if (frame)
		walk->frame = frame->words[FRAME_NUMBER];
}

/* Instead of frames, why there are none. */
static void stacks_say(struct stacks_walk *walk, bool kernel, const char *what)
{
	struct stack_place place = { .kernel = kernel };

	memcpy(place.name, what, strlen(what));
	stacks_call(walk, &place);
}

/* Addresses of one part of the stack, the innermost one first. Return: how many. */
static size_t stacks_addresses(struct stacks_walk *walk, int64_t number, bool kernel,
			       uint64_t *addresses)
{
	uint32_t key = number;
	size_t nr = 0;

	if (number == -EEXIST || number == -ENOMEM)
		stacks_say(walk, kernel, "[lost]");
	if (number < 0)
		return 0;
	if (bpf_map_lookup_elem(walk->stacks->map, &key, addresses)) {
		stacks_say(walk, kernel, "[lost]");
		return 0;
	}
	while (nr < RECORD_STACK_DEPTH && addresses[nr])
		nr++;
	if (nr == RECORD_STACK_DEPTH)
		stacks_say(walk, kernel, "[deeper]");
	return nr;
}

static void stacks_user(struct stacks_walk *walk, int64_t number)
{
	uint64_t addresses[RECORD_STACK_DEPTH] = { 0 };
	size_t nr = stacks_addresses(walk, number, false, addresses);
	struct usyms *usyms = &walk->stacks->usyms;
	struct stack_place place;
	int err;

	if (!nr)
		return;
	err = usyms_process(usyms, walk->head.tgid);
	if (err) {
		stacks_say(walk, false, err == -EACCES || err == -EPERM ?
			   "[no permission]" : "[gone]");
		return;
	}
	while (nr--) {
		/* Where it goes on after a call may be another function already. */
		usyms_place(usyms, addresses[nr] - !!nr, &place);
		place.offset += !!nr;
		stacks_call(walk, &place);
	}
}

/* Frames of the tracepoint and of this tool. */
static bool stacks_is_probe(const struct stack_place *place)
{
	static const char *const names[] = {
		"bpf_", "__bpf_trace_", "__traceiter_", "trace_dmabuf_sync_", "__do_trace_",
		"dsync_trace_",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(place->name, names[i], strlen(names[i])))
			return true;
	return false;
}

static void stacks_kernel(struct stacks_walk *walk, int64_t number)
{
	uint64_t addresses[RECORD_STACK_DEPTH] = { 0 };
	size_t nr = stacks_addresses(walk, number, true, addresses), first;
	struct ksyms *ksyms = &walk->stacks->ksyms;
	struct stack_place place;

	if (!nr)
		return;
	/* Modules may have come since. */
	ksyms_update(ksyms);
	/* A program may have no name: whatever is further in than the tracepoint goes. */
	for (first = nr; first; first--) {
		ksyms_place(ksyms, addresses[first - 1] - 1, &place);
		if (stacks_is_probe(&place))
			break;
	}
	while (nr-- > first) {
		ksyms_place(ksyms, addresses[nr] - 1, &place);
		place.offset++;
		stacks_call(walk, &place);
	}
}

static struct stacks_seen *stacks_seen(struct record_stacks *stacks,
				       const struct record_asked *asked)
{
	uint64_t hash = asked->kernel * 31 + asked->user * 17 + asked->head.tgid;

	return &stacks->seen[hash % STACKS_NR_SEEN];
}

int record_stacks_add(struct record_stacks *stacks, const struct record_asked *asked,
		      struct record_batch *batch)
{
	struct stacks_seen *seen = stacks_seen(stacks, asked);
	struct stacks_walk walk = { stacks, asked->head, batch, 0, 0 };
	struct record record = { .words = { [STACK_ACCESS] = asked->access } };

	if (seen->frame && seen->tgid == asked->head.tgid && seen->kernel == asked->kernel &&
	    seen->user == asked->user) {
		walk.frame = seen->frame;
	} else {
		stacks->nr_turn++;
		stacks_user(&walk, asked->user);
		stacks_kernel(&walk, asked->kernel);
	}
	record.words[STACK_FRAME] = walk.frame;
	if (walk.frame)
		stacks_emit(&walk, &record, RECORD_STACK);
	if (walk.err == -ENFILE)
		stacks->full++;
	else if (walk.err || !walk.frame)
		stacks->lost++;
	else
		*seen = (struct stacks_seen){
			asked->head.tgid, walk.frame, asked->kernel, asked->user,
		};
	return walk.err;
}
