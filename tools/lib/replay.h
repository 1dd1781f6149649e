/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording through the programs of dmasync-top: the very code of bpf/dmasync_top.bpf.c runs
 * here, in user space, with the times of the records. So what a report says is what the live
 * view would have said.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "model.h"
#include "../../bpf/dmasync_record.h"

/* Before the first record, of each recording. */
void replay_begin(void);
/* The next record. */
void replay_record(const struct record *record);
/* What is known of an access now, or NULL. */
const struct top_entry *replay_access(uint64_t id);
/* Everything as one window, from @begin_ns to @end_ns or the latest record, the later one. */
void replay_end(struct model *model, uint64_t begin_ns, uint64_t end_ns);

#endif /* REPLAY_H */
