// SPDX-License-Identifier: GPL-2.0-only
#include "record_read.h"

#include <byteswap.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WORD	sizeof(uint64_t)

/* Say what is wrong and what is there all the same. Return: @err. */
__attribute__((format(printf, 3, 4)))
static int read_wrong(struct record_reader *reader, int err, const char *format, ...)
{
	uint64_t ns = reader->last_ns - reader->first_ns;
	char what[160], read[96] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (reader->nr_blocks)
		snprintf(read, sizeof(read), "; read before that: %" PRIu64
			 " whole blocks, %" PRIu64 " records of %" PRIu64 ".%06" PRIu64 " s",
			 reader->nr_blocks, reader->nr_records, ns / 1000000000,
			 ns / 1000 % 1000000);
	snprintf(reader->text, sizeof(reader->text), "%s: %s%s", reader->path, what, read);
	return err;
}

static uint32_t read_u32(const struct record_reader *reader, uint32_t number)
{
	return reader->swap ? bswap_32(number) : number;
}

static uint64_t read_u64(const struct record_reader *reader, uint64_t number)
{
	return reader->swap ? bswap_64(number) : number;
}

static uint16_t read_u16(const struct record_reader *reader, uint16_t number)
{
	return reader->swap ? bswap_16(number) : number;
}

static int read_head(struct record_reader *reader)
{
	struct record_file_head head;

	if (fread(&head, sizeof(head), 1, reader->file) != 1 ||
	    memcmp(head.magic, RECORD_MAGIC, sizeof(head.magic)))
		return read_wrong(reader, -EBADMSG, "it is no recording of dmasync-record");
	reader->swap = head.order == bswap_32(RECORD_ORDER);
	if (!reader->swap && head.order != RECORD_ORDER)
		return read_wrong(reader, -EBADMSG, "its head is damaged");
	if (read_u32(reader, head.version) != RECORD_VERSION)
		return read_wrong(reader, -EPROTONOSUPPORT,
				  "it is of version %u of the format, this program knows version %u",
				  read_u32(reader, head.version), RECORD_VERSION);
	reader->offset = sizeof(head);
	return 0;
}

int record_open(struct record_reader *reader, const char *path)
{
	*reader = (struct record_reader){ .path = path };
	reader->file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	if (!reader->file) {
		snprintf(reader->text, sizeof(reader->text), "%s: %s", path, strerror(errno));
		return -errno;
	}
	return read_head(reader);
}

void record_close(struct record_reader *reader)
{
	if (reader->file && reader->file != stdin)
		fclose(reader->file);
	free(reader->data);
	free(reader->facts);
}

/* Words of a field: "name", "name:s32", "name:4". Cuts the name off. */
static unsigned int types_words(char *field)
{
	char *colon = strchr(field, ':');
	unsigned long words = 1;

	if (!colon)
		return 1;
	*colon++ = '\0';
	if (*colon >= '0' && *colon <= '9')
		words = strtoul(colon, NULL, 10);
	return words <= RECORD_MAX_BLOCK ? words : RECORD_MAX_BLOCK;
}

/* This field is at word @from of the file: find its place in struct record. */
static void types_field(struct read_type *type, const char *name, unsigned int from,
			unsigned int words)
{
	const struct record_type *known = &record_types[type->kind];
	unsigned int to = 0;
	size_t i;

	for (i = 0; i < known->nr_fields && strcmp(known->fields[i].name, name); i++)
		to += record_field_words(&known->fields[i]);
	if (i == known->nr_fields || type->nr_fields == RECORD_MAX_WORDS)
		return;
	if (words > record_field_words(&known->fields[i]))
		words = record_field_words(&known->fields[i]);
	type->fields[type->nr_fields++] = (struct read_field){
		from, to, words, known->fields[i].words,
	};
}

/* "1 request ino access ..." */
static void types_line(struct record_reader *reader, char *line)
{
	char *save, *word = strtok_r(line, " ", &save);
	unsigned long number = word ? strtoul(word, NULL, 10) : READ_MAX_TYPES;
	struct read_type *type;
	unsigned int at = 0;

	word = strtok_r(NULL, " ", &save);
	if (number >= READ_MAX_TYPES || !word)
		return;
	type = &reader->types[number];
	*type = (struct read_type){ .kind = record_type_find(word) };
	while (type->kind && (word = strtok_r(NULL, " ", &save))) {
		unsigned int words = types_words(word);

		if (at + words > UINT16_MAX)
			break;
		types_field(type, word, at, words);
		at += words;
	}
}

static void read_types(struct record_reader *reader)
{
	char *save, *line;

	line = strtok_r(reader->data, "\n", &save);
	for (; line; line = strtok_r(NULL, "\n", &save))
		types_line(reader, line);
}

static int read_facts(struct record_reader *reader)
{
	char *facts = realloc(reader->facts, reader->facts_size + reader->length + 1);

	if (!facts)
		return read_wrong(reader, -ENOMEM, "no memory");
	memcpy(facts + reader->facts_size, reader->data, reader->length);
	reader->facts = facts;
	reader->facts_size += reader->length;
	facts[reader->facts_size] = '\0';
	return 0;
}

const char *record_fact(const struct record_reader *reader, const char *key, char *value,
			size_t size)
{
	const char *line = reader->facts, *found = NULL;
	size_t length = strlen(key);

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, length) && line[length] == '=')
			found = line + length + 1;
	if (!found)
		return NULL;
	length = strcspn(found, "\n");
	snprintf(value, size, "%.*s", (int)length, found);
	return value;
}

uint64_t record_fact_number(const struct record_reader *reader, const char *key)
{
	char value[32];

	return record_fact(reader, key, value, sizeof(value)) ? strtoull(value, NULL, 10) : 0;
}

/* The head of a block. Return: 1, 0 at the end of the file, or a negative errno. */
static int read_block_head(struct record_reader *reader, struct record_block *block)
{
	size_t size = fread(block, 1, sizeof(*block), reader->file);

	if (ferror(reader->file))
		return read_wrong(reader, -EIO, "it cannot be read at byte %" PRIu64,
				  reader->offset);
	if (size < sizeof(*block))
		return read_wrong(reader, -ENODATA, "it is cut off: it ends at byte %" PRIu64
				  ", and the block that is the last one is missing",
				  reader->offset + size);
	if (read_u32(reader, block->mark) != RECORD_MARK ||
	    read_u32(reader, block->length) > RECORD_MAX_BLOCK)
		return read_wrong(reader, -EBADMSG,
				  "it is damaged at byte %" PRIu64 ": there is no block",
				  reader->offset);
	return 0;
}

static int read_block_data(struct record_reader *reader, const struct record_block *block)
{
	size_t size, length = read_u32(reader, block->length);

	free(reader->data);
	reader->data = malloc(length + 1);
	if (!reader->data)
		return read_wrong(reader, -ENOMEM, "no memory for %zu bytes", length);
	size = fread(reader->data, 1, length, reader->file);
	if (size < length)
		return read_wrong(reader, -ENODATA, "it is cut off: it ends at byte %" PRIu64
				  ", in a block", reader->offset + sizeof(*block) + size);
	if (record_block_crc(block, reader->data, length) != read_u32(reader, block->crc))
		return read_wrong(reader, -EBADMSG, "it is damaged: the block at byte %" PRIu64
				  " has a wrong checksum", reader->offset);
	reader->data[length] = '\0';
	reader->offset += sizeof(*block) + length;
	reader->nr_blocks++;
	reader->length = length;
	return 0;
}

static int read_block(struct record_reader *reader)
{
	struct record_block block;
	int err = read_block_head(reader, &block);

	reader->at = 0;
	reader->length = 0;
	if (!err)
		err = read_block_data(reader, &block);
	if (err)
		return err;
	switch (read_u32(reader, block.kind)) {
	case RECORD_BLOCK_RECORDS:
		return 0;
	case RECORD_BLOCK_TYPES:
		read_types(reader);
		break;
	case RECORD_BLOCK_END:
		reader->ended = true;
		err = read_facts(reader);
		break;
	case RECORD_BLOCK_FACTS:
		err = read_facts(reader);
		break;
	}
	reader->length = 0;
	return err;
}

/* A record of the file, @words long, as one of this program. */
static void read_record(struct record_reader *reader, const struct read_type *type,
			const char *data, size_t words, struct record *record)
{
	uint64_t word;
	unsigned int i, j;

	memset(record->words, 0, sizeof(record->words));
	for (i = 0; i < type->nr_fields; i++) {
		const struct read_field *field = &type->fields[i];

		for (j = 0; j < field->words && field->from + j < words; j++) {
			memcpy(&word, data + (field->from + j) * WORD, WORD);
			record->words[field->to + j] =
				field->is_text ? word : read_u64(reader, word);
		}
	}
}

/* The head of the next record. Return: 0 or -EBADMSG. */
static int read_record_head(struct record_reader *reader, struct record_head *head)
{
	size_t left = reader->length - reader->at;

	if (left < sizeof(*head))
		return -EBADMSG;
	memcpy(head, reader->data + reader->at, sizeof(*head));
	*head = (struct record_head){
		read_u64(reader, head->time_ns), read_u16(reader, head->kind),
		read_u16(reader, head->size), read_u32(reader, head->cpu),
		read_u32(reader, head->tgid), read_u32(reader, head->tid),
	};
	return head->size < sizeof(*head) || head->size > left ? -EBADMSG : 0;
}

/* One record of the block. Return: 1, 0 when it is not known here, or a negative errno. */
static int read_one(struct record_reader *reader, struct record *record)
{
	const struct read_type *type;
	const char *data;
	size_t words;

	if (read_record_head(reader, &record->head))
		return read_wrong(reader, -EBADMSG, "it is damaged: before byte %" PRIu64
				  " there is a record of a wrong size", reader->offset);
	data = reader->data + reader->at + sizeof(record->head);
	reader->at += record->head.size;
	if (!reader->nr_records++)
		reader->first_ns = record->head.time_ns;
	if (record->head.time_ns > reader->last_ns)
		reader->last_ns = record->head.time_ns;
	type = record->head.kind < READ_MAX_TYPES ? &reader->types[record->head.kind] : NULL;
	if (!type || !type->kind)
		return 0;
	words = (record->head.size - sizeof(record->head)) / WORD;
	read_record(reader, type, data, words, record);
	record->head.kind = type->kind;
	return 1;
}

int record_next(struct record_reader *reader, struct record *record)
{
	int ret = 0;

	while (!ret) {
		if (reader->at < reader->length)
			ret = read_one(reader, record);
		else if (!reader->ended)
			ret = read_block(reader);
		else
			break;
	}
	return ret;
}
