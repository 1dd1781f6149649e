/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of a recording: a head, then blocks, the last of which says that it is the last.
 *
 *	head	"DMASYNC\n", a number whose bytes tell their order, the version
 *	block	a mark, the kind of block, the length of what follows, its CRC-32
 *
 * A block of facts has lines "key=value". One of types has a line for each type of record: its
 * number in this file, its name, and its fields: numbers of 64 bits ("error:s32": of which 32
 * count, with a sign), and texts ("comm:2" is one of 2 times 8 bytes). One of records has
 * records, in the order of their times. The last one has facts, too: what was lost. A file is
 * only ever appended to. Unknown blocks, types and fields are to be passed over; a reader goes
 * by names, so that fields and types can be added.
 */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "../../bpf/dmasync_record.h"

#define RECORD_MAGIC		"DMASYNC\n"
#define RECORD_ORDER		0x01020304
#define RECORD_VERSION		1
#define RECORD_MARK		0x4b4c4244	/* "DBLK" */
/* The longest block: a larger length is damage. */
#define RECORD_MAX_BLOCK	(16U << 20)

struct record_file_head {
	char magic[8];
	uint32_t order;
	uint32_t version;
};

enum record_block_kind {
	RECORD_BLOCK_FACTS = 1,
	RECORD_BLOCK_TYPES,
	RECORD_BLOCK_RECORDS,
	RECORD_BLOCK_END,
};

struct record_block {
	uint32_t mark;
	uint32_t kind;
	uint32_t length;
	uint32_t crc;
};

/* Of the kind and length of a block, as they are in the file, and of @data behind it. */
uint32_t record_block_crc(const struct record_block *block, const void *data, size_t length);

/*
 * Return: 0 or a negative errno. record_file_create() writes the head and the types; @path "-"
 * is standard output. A file of that name is replaced.
 */
int record_file_create(const char *path, int *fd);
int record_file_block(int fd, enum record_block_kind kind, const void *data, size_t length);

#endif /* RECORD_FILE_H */
