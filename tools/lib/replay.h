/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording through the programs of dmasync-top: the very code of bpf/dmasync_top.bpf.c runs
 * here, in user space, with the times of the records. So what a report says is what the live
 * view would have said.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "model.h"
#include "top_limits.h"
#include "../../bpf/dmasync_record.h"

/* Before the first record, of each recording. */
void replay_begin(void);
/* From now on only accesses that pass count, and longer waits are events. */
void replay_filter(const struct top_limits *limits);
/*
 * What a buffer is, if the record tells: with a pattern, all of them are read for that before
 * the first one is replayed, because a buffer may be used before its name is known.
 */
void replay_name(const struct record *record);
/* The next record. */
void replay_record(const struct record *record);
/* What is known of an access now, or NULL. */
const struct top_entry *replay_access(uint64_t id);
/*
 * A window ends, at @end_ns or with the latest record, the later one. The first one begins at
 * @begin_ns, as the recording does, each other one where the one before ended.
 */
void replay_window(struct model *model, uint64_t begin_ns, uint64_t end_ns);
/* Buffers, threads and engines that did nothing for so long before the end of the window. */
void replay_forget(struct model *model, uint64_t old_ns);

#endif /* REPLAY_H */
