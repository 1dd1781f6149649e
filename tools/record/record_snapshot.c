// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "clock.h"
#include "fdinfo.h"
#include "record_source.h"
#include "record_type.h"
#include "snapshot.h"

/* Processes that are asked for the names of their buffers. */
#define MAX_PROCESSES	64

/**
 * struct snapshot_records - a snapshot on its way to the batch
 * @source: whose batch
 * @begin_ns: the time that its records get
 * @head: what is told of it
 * @tgids: processes that have accesses
 * @nr_tgids: how many
 */
struct snapshot_records {
	struct record_source *source;
	uint64_t begin_ns;
	struct record head;
	uint32_t tgids[MAX_PROCESSES];
	unsigned int nr_tgids;
};

static void snapshot_add(struct snapshot_records *records, struct record *record,
			 unsigned int kind)
{
	size_t words = record_type_words(kind) * sizeof(record->words[0]);

	record->head = (struct record_head){
		.time_ns = records->begin_ns,
		.kind = kind,
		.size = sizeof(record->head) + words,
	};
	if (record_batch_add(&records->source->batch, record, record->head.size))
		records->head.words[SNAPSHOT_NR_UNLISTED]++;
}

static void snapshot_process(struct snapshot_records *records, uint32_t tgid)
{
	unsigned int i;

	for (i = 0; i < records->nr_tgids; i++)
		if (records->tgids[i] == tgid)
			return;
	if (i < MAX_PROCESSES)
		records->tgids[records->nr_tgids++] = tgid;
}

static void snapshot_there(struct snapshot_records *records, const struct snapshot_line *line)
{
	const struct top_timeline *timeline = &line->timeline;
	const struct top_access *access = &line->access;
	struct record record = {
		.words = {
			[THERE_INO] = access->ino, [THERE_ACCESS] = line->id,
			[THERE_OWNER] = access->owner, [THERE_KIND] = access->kind,
			[THERE_TGID] = access->tgid, [THERE_TID] = access->tid,
			[THERE_MODE] = access->mode, [THERE_AGENT] = access->agent,
			[THERE_START] = access->start, [THERE_LEN] = access->len,
			[THERE_STATE] = access->state, [THERE_SINCE] = access->since_ns,
			[THERE_CONTEXT] = access->fence_context,
			[THERE_SEQNO] = access->fence_seqno, [THERE_SIZE] = line->size,
		},
	};

	/* Its events are in the rings. */
	if (access->since_ns >= records->begin_ns)
		return;
	memcpy(&record.words[THERE_COMM], access->comm, sizeof(access->comm));
	memcpy(&record.words[THERE_EXPORTER], line->exporter, sizeof(line->exporter));
	memcpy(&record.words[THERE_DRIVER], timeline->driver, sizeof(timeline->driver));
	memcpy(&record.words[THERE_TIMELINE], timeline->name, sizeof(timeline->name));
	records->head.words[SNAPSHOT_NR_ACCESSES]++;
	snapshot_process(records, access->tgid);
	snapshot_add(records, &record, RECORD_THERE);
}

static int snapshot_line(const struct snapshot_line *line, void *priv)
{
	struct snapshot_records *records = priv;
	struct record record = {
		.words = {
			line->access.ino, line->id, line->access.owner, line->edge.blocker,
			line->edge.owner, line->edge.kind, line->edge.tgid, line->edge.tid,
			line->queued,
		},
	};

	if (line->type == SNAPSHOT_ACCESS)
		snapshot_there(records, line);
	else if (line->type == SNAPSHOT_EDGE)
		snapshot_add(records, &record, RECORD_BLOCKED);
	else
		records->head.words[SNAPSHOT_NR_UNLISTED] += line->held + line->queued;
	return 0;
}

/* What a buffer is was told before, when it was used for the first time. */
static void snapshot_buffer(const struct fdinfo_buffer *buffer, void *priv)
{
	struct record record = { .words = { buffer->ino, buffer->size } };

	memcpy(&record.words[2], buffer->exporter, sizeof(buffer->exporter));
	memcpy(&record.words[6], buffer->name, sizeof(buffer->name));
	snapshot_add(priv, &record, RECORD_BUFFER);
}

void record_snapshot(struct record_source *source)
{
	struct snapshot_records records = { .source = source, .begin_ns = clock_now_ns() };
	unsigned int i;
	int err;

	err = snapshot_read(snapshot_line, &records);
	for (i = 0; i < records.nr_tgids; i++)
		fdinfo_buffers(records.tgids[i], snapshot_buffer, &records);
	source->snapshot_error = err;
	records.head.words[SNAPSHOT_ERROR] = (uint64_t)(int64_t)err;
	/* Several snapshots leave out the same. */
	if (records.head.words[SNAPSHOT_NR_UNLISTED] > source->lost.unlisted)
		source->lost.unlisted = records.head.words[SNAPSHOT_NR_UNLISTED];
	/* It stands before what it tells of. */
	records.begin_ns--;
	snapshot_add(&records, &records.head, RECORD_SNAPSHOT);
}
