/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a recording, whatever is left of it. */
#ifndef RECORD_READ_H
#define RECORD_READ_H

#include <stdbool.h>
#include <stdio.h>

#include "record_file.h"
#include "record_type.h"

/* Types that a file may have, and fields of a record. */
#define READ_MAX_TYPES	256

/**
 * struct read_field - where a field of a record is
 * @from: its word in the file
 * @to: its word in struct record
 * @words: how many
 * @is_text: its bytes are not a number
 */
struct read_field {
	unsigned short from;
	unsigned short to;
	unsigned short words;
	bool is_text;
};

/**
 * struct read_type - a type of record as a file has it
 * @kind: enum record_kind; 0: it is not known here
 * @nr_fields: entries of @fields
 * @fields: those that are known here
 */
struct read_type {
	unsigned int kind;
	unsigned int nr_fields;
	struct read_field fields[RECORD_MAX_WORDS];
};

/**
 * struct record_reader - a file that is read from its begin to its end
 * @path: its name, for messages
 * @file: the file
 * @swap: its numbers have the other order of bytes
 * @ended: its last block was read
 * @offset: bytes that were read
 * @nr_blocks: whole blocks that were
 * @nr_records: records that were
 * @first_ns: time of the first of these
 * @last_ns: the latest one
 * @types: by their numbers in the file
 * @facts: lines "key=value", of all blocks of facts
 * @facts_size: bytes of these
 * @data: the block
 * @length: bytes of it
 * @at: where the next record is
 * @text: what is wrong, and what could be read
 */
struct record_reader {
	const char *path;
	FILE *file;
	bool swap;
	bool ended;
	uint64_t offset;
	uint64_t nr_blocks;
	uint64_t nr_records;
	uint64_t first_ns;
	uint64_t last_ns;
	struct read_type types[READ_MAX_TYPES];
	char *facts;
	size_t facts_size;
	char *data;
	size_t length;
	size_t at;
	char text[320];
};

/*
 * @path "-" is standard input. Return: 0, or a negative errno with @text: -EBADMSG is no
 * recording, -EPROTONOSUPPORT one of another version.
 */
int record_open(struct record_reader *reader, const char *path);
/*
 * The next record, of a known kind, all its fields in their places; those that the file has
 * not are 0. Return: 1, 0 at the end, or a negative errno with @text: -ENODATA when the file
 * is cut off, -EBADMSG when it is damaged. All whole blocks before were read.
 */
int record_next(struct record_reader *reader, struct record *record);
/* The latest fact with this key in @value, or NULL. Numbers: 0 for none. */
const char *record_fact(const struct record_reader *reader, const char *key, char *value,
			size_t size);
uint64_t record_fact_number(const struct record_reader *reader, const char *key);
void record_close(struct record_reader *reader);

#endif /* RECORD_READ_H */
