/* SPDX-License-Identifier: GPL-2.0-only */
/* Where records go: blocks of a file. */
#ifndef RECORD_SINK_H
#define RECORD_SINK_H

#include "record_file.h"
#include "record_source.h"

#define SINK_BLOCK	65536

/**
 * struct record_sink - a file that is being written
 * @fd: the file
 * @bytes: written so far, in blocks of records
 * @nr_records: records so far, those in @block included
 * @block: the next block of records
 * @size: bytes in use
 * @begin_ns: when its first record came in, while it has any
 */
struct record_sink {
	int fd;
	uint64_t bytes;
	uint64_t nr_records;
	char block[SINK_BLOCK];
	size_t size;
	uint64_t begin_ns;
};

/* All return 0 or a negative errno. record_sink_open() writes all but records and the end. */
int record_sink_open(struct record_sink *sink, const char *path, const char *probe);
int record_sink_add(struct record_sink *sink, const struct record_head *record);
/* Write what there is; with @older_ns only when it is so old. */
int record_sink_flush(struct record_sink *sink, uint64_t older_ns);
/*
 * Write the last block and close the file. @closed_ns: nothing before that is missing.
 * @trigger: why it was written, or empty.
 */
int record_sink_close(struct record_sink *sink, const struct record_losses *lost,
		      uint64_t closed_ns, const char *trigger);

#endif /* RECORD_SINK_H */
