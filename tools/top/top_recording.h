/* SPDX-License-Identifier: GPL-2.0-only */
/* Windows of a recording, as dmasync-record makes it. */
#ifndef TOP_RECORDING_H
#define TOP_RECORDING_H

#include "record_read.h"
#include "top_feed.h"
#include "top_limits.h"

/**
 * struct top_recording - a recording on its way through the programs
 * @limits: what is looked at
 * @reader: the file
 * @record: the next one
 * @more: there is one
 * @problem: what record_next() returned at last: 0 when the file is whole
 * @begun: the views have been told
 * @no_snapshot: it does not have what was there before its begin
 * @filled: the model has the window
 * @begin_ns: when it begins
 * @end_ns: of the window
 * @text: what it is
 */
struct top_recording {
	const struct top_limits *limits;
	struct record_reader reader;
	struct record record;
	bool more;
	int problem;
	bool begun;
	bool no_snapshot;
	bool filled;
	uint64_t begin_ns;
	uint64_t end_ns;
	char text[256];
};

/* Return: 0, or a negative errno with recording->reader.text. */
int top_recording_init(struct top_recording *recording, struct top_feed *feed,
		       const struct top_limits *limits, const char *path);
/* Is the file cut off or damaged, as far as it was read? Says so on standard error. */
bool top_recording_misses(const struct top_recording *recording);

#endif /* TOP_RECORDING_H */
