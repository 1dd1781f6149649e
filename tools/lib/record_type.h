/* SPDX-License-Identifier: GPL-2.0-only */
/* What records are called, and their fields: a recording describes itself in these words. */
#ifndef RECORD_TYPE_H
#define RECORD_TYPE_H

#include <stddef.h>

#include "../../bpf/dmasync_record.h"

/* Fields of those records that are not events; the others are the arguments of the events. */
enum {
	SNAPSHOT_NR_ACCESSES, SNAPSHOT_NR_UNLISTED, SNAPSHOT_ERROR, SNAPSHOT_NR_WORDS,
};

enum {
	THERE_INO, THERE_ACCESS, THERE_OWNER, THERE_KIND, THERE_TGID, THERE_TID, THERE_MODE,
	THERE_AGENT, THERE_START, THERE_LEN, THERE_STATE, THERE_SINCE, THERE_CONTEXT,
	THERE_SEQNO, THERE_SIZE, THERE_COMM, THERE_EXPORTER = THERE_COMM + 2,
	THERE_DRIVER = THERE_EXPORTER + 4, THERE_TIMELINE = THERE_DRIVER + 2,
	THERE_NR = THERE_TIMELINE + 4,
};

/*
 * A frame is a place in a program, and the frame that called it: so a stack is the number of
 * its innermost frame. FRAME_CALLER 0: there is none; FRAME_KERNEL: 1 in the kernel, else 0;
 * FRAME_OFFSET: of FRAME_NAME, or without a name of FRAME_FILE, or an address.
 */
enum {
	FRAME_NUMBER, FRAME_CALLER, FRAME_KERNEL, FRAME_OFFSET, FRAME_NAME,
	FRAME_FILE = FRAME_NAME + 12, FRAME_NR = FRAME_FILE + 16,
};

enum {
	STACK_ACCESS, STACK_FRAME, STACK_NR,
};

/**
 * struct record_field - a field
 * @name: as in docs/trace-events.rst
 * @words: 0: a number, of 64 bits; else a text of so many times 8 bytes
 * @is_signed: the number is one of 32 bits with a sign
 */
struct record_field {
	const char *name;
	unsigned int words;
	unsigned int is_signed;
};

/**
 * struct record_type - a kind of record
 * @name: of the event
 * @fields: in their order, without gaps
 * @nr_fields: how many
 */
struct record_type {
	const char *name;
	const struct record_field *fields;
	size_t nr_fields;
};

/* By enum record_kind; the first one is none. */
extern const struct record_type record_types[RECORD_NR_KINDS];

static inline unsigned int record_field_words(const struct record_field *field)
{
	return field->words ?: 1;
}

/* Words of a record of this kind. */
unsigned int record_type_words(unsigned int kind);
/* The kind with this name, or 0. */
unsigned int record_type_find(const char *name);

#endif /* RECORD_TYPE_H */
