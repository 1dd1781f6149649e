// SPDX-License-Identifier: GPL-2.0-only
#include "report_stacks.h"

#include <err.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "record_type.h"
#include "report_waits.h"

/* Words of the events of an access. */
#define WORD_ACCESS	1
#define EDGE_BLOCKER	3

/* An access: where it was requested, and whom it waits for. */
struct stacks_access {
	uint64_t access;
	uint64_t frame;
	uint64_t blocker;
	uint64_t blocker_frame;
};

/* A line of a flame graph; @text is made when lines of one stack have become one. */
struct stacks_line {
	uint64_t frame;
	char comm[TOP_COMM_LEN];
	uint64_t ns;
	char *text;
};

static int access_compare(const void *a, const void *b)
{
	const struct stacks_access *x = a, *y = b;

	return (x->access > y->access) - (x->access < y->access);
}

static struct stacks_access *access_find(const struct report_stacks *stacks, uint64_t id)
{
	struct stacks_access key = { .access = id }, **place;

	place = tfind(&key, &stacks->accesses, access_compare);
	return place ? *place : NULL;
}

static struct stacks_access *access_get(struct report_stacks *stacks, uint64_t id)
{
	struct stacks_access *access = access_find(stacks, id);

	if (access)
		return access;
	access = calloc(1, sizeof(*access));
	if (access)
		access->access = id;
	if (!access || !tsearch(access, &stacks->accesses, access_compare))
		err(1, "no memory for the stacks of accesses");
	return access;
}

static void access_drop(struct report_stacks *stacks, uint64_t id)
{
	struct stacks_access *access = access_find(stacks, id);

	if (!access)
		return;
	tdelete(access, &stacks->accesses, access_compare);
	free(access);
}

static void stacks_blocked(struct report_stacks *stacks, uint64_t id, uint64_t blocker)
{
	const struct stacks_access *holder = access_find(stacks, blocker);
	struct stacks_access *access;

	if (!stacks->nr)
		return;
	access = access_get(stacks, id);
	access->blocker = blocker;
	access->blocker_frame = holder ? holder->frame : 0;
}

static void stacks_text(char *text, const unsigned long long *words, size_t size)
{
	format_array(text, (const char *)words, size);
}

static void stacks_frame(struct report_stacks *stacks, const unsigned long long *words)
{
	char file[PLACE_FILE + 1], *slash;
	struct stack_frame *frame;

	if (stacks->nr_frames == stacks->max_frames) {
		stacks->max_frames = stacks->max_frames ? stacks->max_frames * 2 : 256;
		stacks->frames = reallocarray(stacks->frames, stacks->max_frames,
					      sizeof(*stacks->frames));
		if (!stacks->frames)
			err(1, "no memory for %zu frames", stacks->max_frames);
	}
	frame = &stacks->frames[stacks->nr_frames++];
	*frame = (struct stack_frame){
		.number = words[FRAME_NUMBER], .caller = words[FRAME_CALLER],
		.offset = words[FRAME_OFFSET], .kernel = words[FRAME_KERNEL],
	};
	stacks_text(frame->name, &words[FRAME_NAME], PLACE_NAME);
	stacks_text(file, &words[FRAME_FILE], PLACE_FILE);
	slash = strrchr(file, '/');
	memcpy(frame->file, slash ? slash + 1 : file, strlen(slash ? slash + 1 : file) + 1);
}

void report_stacks_record(struct report_stacks *stacks, const struct record *record)
{
	const unsigned long long *words = record->words;

	switch (record->head.kind) {
	case RECORD_FRAME:
		stacks_frame(stacks, words);
		break;
	case RECORD_STACK:
		stacks->nr++;
		access_get(stacks, words[STACK_ACCESS])->frame = words[STACK_FRAME];
		break;
	case RECORD_CONTENDED:
	case RECORD_BLOCKED:
		stacks_blocked(stacks, words[WORD_ACCESS], words[EDGE_BLOCKER]);
		break;
	case RECORD_RELEASED:
	case RECORD_FAILED:
		access_drop(stacks, words[WORD_ACCESS]);
		break;
	}
}

uint64_t report_stacks_waiter(const struct report_stacks *stacks, uint64_t access)
{
	const struct stacks_access *waiter = access_find(stacks, access);

	return waiter ? waiter->frame : 0;
}

uint64_t report_stacks_holder(const struct report_stacks *stacks, uint64_t access,
			      uint64_t blocker)
{
	const struct stacks_access *waiter = access_find(stacks, access);

	if (waiter && waiter->blocker == blocker && waiter->blocker_frame)
		return waiter->blocker_frame;
	return report_stacks_waiter(stacks, blocker);
}

static int row_by_site(const void *a, const void *b)
{
	const struct stack_row *x = a, *y = b;

	return strcmp(x->waiter, y->waiter) ?: strcmp(x->holder, y->holder);
}

static void stacks_row(const struct report_stacks *stacks, const struct report_wait *wait,
		       struct stack_row *row)
{
	stack_site(stacks, wait->waiter_frame, row->waiter, sizeof(row->waiter));
	stack_site(stacks, wait->holder_frame, row->holder, sizeof(row->holder));
	row->waits = 1;
	row->wait_ns = wait->wait_ns;
	row->max_ns = wait->wait_ns;
}

/* Add up rows of the same places, which are side by side. */
static void stacks_merge(struct report_stacks *stacks)
{
	struct stack_row *last = NULL, *row;
	size_t nr = 0, i;

	for (i = 0; i < stacks->nr_rows; i++) {
		row = &stacks->rows[i];
		if (last && !row_by_site(last, row)) {
			last->waits += row->waits;
			last->wait_ns += row->wait_ns;
			if (row->max_ns > last->max_ns)
				last->max_ns = row->max_ns;
			continue;
		}
		last = &stacks->rows[nr++];
		*last = *row;
	}
	stacks->nr_rows = nr;
}

void report_stacks_end(struct report_stacks *stacks, const struct report_waits *waits)
{
	size_t i;

	if (!stacks->nr)
		return;
	stack_frames_sort(stacks);
	stacks->rows = calloc(waits->nr + 1, sizeof(*stacks->rows));
	if (!stacks->rows)
		err(1, "no memory for %zu waits", waits->nr);
	for (i = 0; i < waits->nr; i++)
		stacks_row(stacks, &waits->rows[i], &stacks->rows[i]);
	stacks->nr_rows = waits->nr;
	if (stacks->nr_rows)
		qsort(stacks->rows, stacks->nr_rows, sizeof(*stacks->rows), row_by_site);
	stacks_merge(stacks);
}

static int line_by_stack(const void *a, const void *b)
{
	const struct stacks_line *x = a, *y = b;

	return (x->frame > y->frame) - (x->frame < y->frame) ?: strcmp(x->comm, y->comm);
}

static int line_by_text(const void *a, const void *b)
{
	const struct stacks_line *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Sort lines, and make one of those that are equal. Return: how many are left. */
static size_t lines_merge(struct stacks_line *lines, size_t nr,
			  int (*compare)(const void *a, const void *b))
{
	size_t left = 0, i;

	if (nr)
		qsort(lines, nr, sizeof(*lines), compare);
	for (i = 0; i < nr; i++) {
		if (left && !compare(&lines[left - 1], &lines[i])) {
			lines[left - 1].ns += lines[i].ns;
			free(lines[i].text);
			continue;
		}
		lines[left++] = lines[i];
	}
	return left;
}

static struct stacks_line *lines_of_waits(const struct report_waits *waits)
{
	struct stacks_line *lines = calloc(waits->nr + 1, sizeof(*lines));
	size_t i;

	for (i = 0; lines && i < waits->nr; i++) {
		const struct report_wait *wait = &waits->rows[i];
		struct stacks_line *line = &lines[i];

		line->frame = wait->waiter_frame;
		line->ns = wait->wait_ns;
		format_array(line->comm, wait->waiter.comm, sizeof(line->comm));
		if (!line->comm[0])
			line->comm[0] = '?';
	}
	return lines;
}

void report_stacks_folded(const struct report_stacks *stacks,
			  const struct report_waits *waits, FILE *file)
{
	struct stacks_line *lines = lines_of_waits(waits);
	size_t nr, i;

	if (!lines)
		err(1, "no memory for %zu waits", waits->nr);
	nr = lines_merge(lines, waits->nr, line_by_stack);
	for (i = 0; i < nr; i++) {
		lines[i].text = stack_folded(stacks, lines[i].frame, lines[i].comm);
		if (!lines[i].text)
			err(1, "no memory for %zu stacks", nr);
	}
	/* Places in one function have one name. */
	nr = lines_merge(lines, nr, line_by_text);
	for (i = 0; i < nr; i++) {
		fprintf(file, "%s %" PRIu64 "\n", lines[i].text, lines[i].ns / 1000);
		free(lines[i].text);
	}
	free(lines);
}

void report_stacks_free(struct report_stacks *stacks)
{
	tdestroy(stacks->accesses, free);
	free(stacks->frames);
	free(stacks->rows);
	*stacks = (struct report_stacks){ 0 };
}
