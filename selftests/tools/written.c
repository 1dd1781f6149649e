// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "written.h"

#define BEGIN_NS	5000000000ULL
#define MS		1000000ULL
/* It is 2020-09-13T12:26:44Z then. */
#define FACTS		"realtime_offset_ns=1599999999000000000\n"

int written_record(int fd, unsigned int kind, unsigned int ms, const unsigned long long *words)
{
	struct record record = {
		.head = { .time_ns = BEGIN_NS + ms * MS, .kind = kind },
	};
	size_t bytes = record_type_words(kind) * sizeof(*words);

	memcpy(record.words, words, bytes);
	record.head.size = sizeof(record.head) + bytes;
	return record_file_block(fd, RECORD_BLOCK_RECORDS, &record, record.head.size);
}

int written_access(int fd, unsigned int kind, unsigned int ms, unsigned long long id,
		   unsigned int dma, const char *comm)
{
	unsigned long long words[RECORD_MAX_WORDS] = {
		WRITTEN_BUFFER, id, id, 2, 1000 + id, 1000 + id, 2, dma, 0, 4096, 0,
	};

	memcpy(&words[11], comm, strlen(comm));
	return written_record(fd, kind, ms, words);
}

int written_edge(int fd, unsigned int ms, unsigned long long id, unsigned long long blocker)
{
	unsigned long long words[RECORD_MAX_WORDS] = {
		WRITTEN_BUFFER, id, id, blocker, blocker, 2,
	};

	return written_record(fd, RECORD_CONTENDED, ms, words);
}

int written_fence(int fd, unsigned int kind, unsigned int ms, unsigned long long id)
{
	unsigned long long words[RECORD_MAX_WORDS] = {
		WRITTEN_BUFFER, id, id, WRITTEN_ENGINE, 7,
	};

	return written_record(fd, kind, ms, words);
}

int written_end(int fd, unsigned int ms)
{
	char text[64];

	snprintf(text, sizeof(text), "closed_ns=%llu\n", BEGIN_NS + ms * MS);
	return record_file_block(fd, RECORD_BLOCK_END, text, strlen(text));
}

int written_event(int fd, unsigned int kind, unsigned int ms, unsigned int id,
		  unsigned long long ns, const char *comm)
{
	struct record record = {
		.head = {
			.time_ns = BEGIN_NS + ms * MS, .kind = kind, .tgid = 1000 + id,
			.tid = 1000 + id,
		},
		.words = {
			WRITTEN_BUFFER, id, id, 2, 1000 + id, 1000 + id, 2, 0, 0, 4096, ns,
		},
	};

	memcpy(&record.words[11], comm, strlen(comm));
	record.head.size = sizeof(record.head) +
			   record_type_words(kind) * sizeof(record.words[0]);
	return record_file_block(fd, RECORD_BLOCK_RECORDS, &record, record.head.size);
}

static int written_name(int fd, unsigned int ms)
{
	unsigned long long words[RECORD_MAX_WORDS] = { WRITTEN_BUFFER, 4096 };

	memcpy(&words[2], "udmabuf", 7);
	memcpy(&words[6], "frame", 5);
	return written_record(fd, RECORD_BUFFER, ms, words);
}

int written_scene(int fd)
{
	return record_file_block(fd, RECORD_BLOCK_FACTS, FACTS, strlen(FACTS)) ?:
	       written_event(fd, RECORD_REQUEST, 0, 1, 0, "A") ?:
	       written_event(fd, RECORD_ACQUIRED, 0, 1, 0, "") ?:
	       written_event(fd, RECORD_REQUEST, 20, 2, 0, "B") ?:
	       written_edge(fd, 20, 2, 1) ?:
	       written_name(fd, 30) ?:
	       written_event(fd, RECORD_RELEASED, 110, 1, 110 * MS, "") ?:
	       written_event(fd, RECORD_ACQUIRED, 110, 2, 90 * MS, "") ?:
	       written_event(fd, RECORD_RELEASED, 150, 2, 40 * MS, "");
}
