// SPDX-License-Identifier: GPL-2.0-only
#include "record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "record_type.h"

uint32_t record_block_crc(const struct record_block *block, const void *data, size_t length)
{
	uLong crc = crc32(0, Z_NULL, 0);

	crc = crc32(crc, (const Bytef *)&block->kind,
		    sizeof(block->kind) + sizeof(block->length));
	return crc32(crc, data, length);
}

static int file_write(int fd, const void *data, size_t length)
{
	const char *from = data;

	while (length) {
		ssize_t done = write(fd, from, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		from += done;
		length -= done;
	}
	return 0;
}

int record_file_block(int fd, enum record_block_kind kind, const void *data, size_t length)
{
	struct record_block block = {
		.mark = RECORD_MARK,
		.kind = kind,
		.length = length,
	};
	int err;

	block.crc = record_block_crc(&block, data, length);
	err = file_write(fd, &block, sizeof(block));
	return err ?: file_write(fd, data, length);
}

static void file_describe(FILE *text, unsigned int kind)
{
	const struct record_type *type = &record_types[kind];
	size_t i;

	fprintf(text, "%u %s", kind, type->name);
	for (i = 0; i < type->nr_fields; i++) {
		fprintf(text, " %s", type->fields[i].name);
		if (type->fields[i].words)
			fprintf(text, ":%u", type->fields[i].words);
		else if (type->fields[i].is_signed)
			fputs(":s32", text);
	}
	fputc('\n', text);
}

static int file_types(int fd)
{
	char *data = NULL;
	size_t length = 0;
	FILE *text = open_memstream(&data, &length);
	unsigned int kind;
	int err;

	if (!text)
		return -errno;
	for (kind = 1; kind < RECORD_NR_KINDS; kind++)
		file_describe(text, kind);
	err = fclose(text) ? -errno : 0;
	if (!err)
		err = record_file_block(fd, RECORD_BLOCK_TYPES, data, length);
	free(data);
	return err;
}

int record_file_create(const char *path, int *fd)
{
	struct record_file_head head = {
		.magic = RECORD_MAGIC,
		.order = RECORD_ORDER,
		.version = RECORD_VERSION,
	};
	int err;

	*fd = strcmp(path, "-") ?
	      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : dup(STDOUT_FILENO);
	if (*fd < 0)
		return -errno;
	err = file_write(*fd, &head, sizeof(head));
	if (!err)
		err = file_types(*fd);
	if (err)
		close(*fd);
	return err;
}
