// SPDX-License-Identifier: GPL-2.0-only
#include "record_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"

#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

static void sink_boot_id(FILE *facts)
{
	FILE *file = fopen(BOOT_ID, "re");
	char id[64];

	if (!file)
		return;
	if (fgets(id, sizeof(id), file))
		fprintf(facts, "boot_id=%.*s\n", (int)strcspn(id, "\n"), id);
	fclose(file);
}

static int sink_block(struct record_sink *sink, enum record_block_kind kind, FILE *facts,
		      char **data, size_t *length)
{
	int err = fclose(facts) ? -errno : 0;

	if (!err)
		err = record_file_block(sink->fd, kind, *data, *length);
	free(*data);
	return err;
}

/* What does not change while it records. */
static int sink_facts(struct record_sink *sink, const char *probe)
{
	uint64_t real_ns = clock_ns(CLOCK_REALTIME), now_ns = clock_now_ns();
	struct utsname name;
	size_t length = 0;
	char *data = NULL;
	FILE *facts;

	facts = open_memstream(&data, &length);
	if (!facts)
		return -errno;
	uname(&name);
	fprintf(facts, "program=dmasync-record " VERSION "\nkernel=%s\nmachine=%s\nprobe=%s\n",
		name.release, name.machine, probe);
	sink_boot_id(facts);
	fprintf(facts, "clock=monotonic\nrealtime_offset_ns=%" PRIu64 "\n", real_ns - now_ns);
	fprintf(facts, "opened_ns=%" PRIu64 "\n", now_ns);
	return sink_block(sink, RECORD_BLOCK_FACTS, facts, &data, &length);
}

int record_sink_open(struct record_sink *sink, const char *path, const char *probe)
{
	int err;

	sink->bytes = 0;
	sink->nr_records = 0;
	sink->size = 0;
	err = record_file_create(path, &sink->fd);
	return err ?: sink_facts(sink, probe);
}

int record_sink_flush(struct record_sink *sink, uint64_t older_ns)
{
	int err;

	if (!sink->size || clock_now_ns() - sink->begin_ns < older_ns)
		return 0;
	err = record_file_block(sink->fd, RECORD_BLOCK_RECORDS, sink->block, sink->size);
	sink->bytes += sink->size;
	sink->size = 0;
	return err;
}

int record_sink_add(struct record_sink *sink, const struct record_head *record)
{
	int err = 0;

	if (sink->size + record->size > sizeof(sink->block))
		err = record_sink_flush(sink, 0);
	if (!sink->size)
		sink->begin_ns = clock_now_ns();
	memcpy(sink->block + sink->size, record, record->size);
	sink->size += record->size;
	sink->nr_records++;
	return err;
}

int record_sink_close(struct record_sink *sink, const struct record_losses *lost,
		      uint64_t closed_ns, const char *trigger)
{
	size_t length = 0;
	char *data = NULL;
	FILE *facts;
	int err;

	err = record_sink_flush(sink, 0);
	facts = open_memstream(&data, &length);
	if (!facts)
		return -errno;
	fprintf(facts, "closed_ns=%" PRIu64 "\nrecords=%" PRIu64 "\nlost_records=%" PRIu64
		"\nlost_runs=%" PRIu64 "\nlost_unlisted=%" PRIu64 "\n", closed_ns,
		sink->nr_records, lost->records, lost->runs, lost->unlisted);
	fprintf(facts, "lost_stacks=%" PRIu64 "\n", lost->stacks);
	fprintf(facts, "lost_frames=%" PRIu64 "\n", lost->frames);
	if (*trigger)
		fprintf(facts, "trigger=%s\n", trigger);
	if (!err)
		err = sink_block(sink, RECORD_BLOCK_END, facts, &data, &length);
	if (close(sink->fd) && !err)
		err = -errno;
	return err;
}
