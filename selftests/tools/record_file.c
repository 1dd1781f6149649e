// SPDX-License-Identifier: GPL-2.0-only
/* Recordings that are whole, cut off, damaged, of another machine and of another version. */
#include <kselftest_harness.h>
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/lib/record_read.h"

#define NR_BLOCKS	3
#define PER_BLOCK	4
#define NR_RECORDS	(NR_BLOCKS * PER_BLOCK)
#define MAX_SIZE	16384
#define BEGIN_NS	1000000000ULL
#define COMM		11
#define FRAME_TEXT	4
/* Thousands of files, in a machine that is emulated on a busy host. */
#define SLOW_S		240

FIXTURE(record_file)
{
	int fd;
	char path[32];
	unsigned char whole[MAX_SIZE];
	size_t size;
	struct record_reader reader;
};

/* Record number @nr: a request or a failure, a frame or a stack. */
static struct record record_of(unsigned int nr)
{
	static const unsigned int kinds[] = {
		RECORD_REQUEST, RECORD_FAILED, RECORD_FRAME, RECORD_STACK,
	};
	struct record record = { .words = { 77, 1000 + nr, 5, } };

	record.head.kind = kinds[nr % 4];
	record.head.size = sizeof(record.head) + 8 * record_type_words(record.head.kind);
	record.head.time_ns = BEGIN_NS + nr;
	record.head.cpu = 3;
	record.head.tgid = 100;
	record.head.tid = 101;
	if (record.head.kind == RECORD_STACK)
		record.words[2] = 0;
	if (record.head.kind == RECORD_FAILED)
		record.words[3] = -EDEADLK;
	if (record.head.kind == RECORD_REQUEST)
		memcpy(&record.words[COMM], "a name", 7);
	if (record.head.kind == RECORD_FRAME)
		memcpy(&record.words[FRAME_TEXT], "a function", 11);
	return record;
}

/* A block of records from number @first on. */
static int write_block(int fd, unsigned int first)
{
	char data[PER_BLOCK * sizeof(struct record)];
	struct record record;
	unsigned int i;
	size_t size = 0;

	for (i = 0; i < PER_BLOCK; i++) {
		record = record_of(first + i);
		memcpy(data + size, &record, record.head.size);
		size += record.head.size;
	}
	return record_file_block(fd, RECORD_BLOCK_RECORDS, data, size);
}

FIXTURE_SETUP(record_file)
{
	static const char facts[] = "kernel=6.12\nprobe=auto\n", end[] = "lost_records=9\n";
	char path[] = "/tmp/record_file.XXXXXX";
	unsigned int i;
	int fd;

	fd = mkstemp(path);
	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, record_file_create(path, &fd));
	ASSERT_EQ(0, record_file_block(fd, RECORD_BLOCK_FACTS, facts, strlen(facts)));
	for (i = 0; i < NR_BLOCKS; i++)
		ASSERT_EQ(0, write_block(fd, i * PER_BLOCK));
	ASSERT_EQ(0, record_file_block(fd, RECORD_BLOCK_END, end, strlen(end)));
	close(fd);
	fd = open(path, O_RDONLY);
	self->size = read(fd, self->whole, MAX_SIZE);
	ASSERT_LT(1000, self->size);
	ASSERT_GT(MAX_SIZE, self->size);
	close(fd);
	unlink(path);
	self->fd = memfd_create("recording", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	snprintf(self->path, sizeof(self->path), "/proc/self/fd/%d", self->fd);
}

FIXTURE_TEARDOWN(record_file)
{
	close(self->fd);
}

/*
 * Read these bytes to the end. Each record that is there is the one that was written, from the
 * first one on. @nr gets how many. Return: as record_open() or record_next() at last,
 * -ENOTRECOVERABLE when a record is another one.
 */
static int read_all(struct record_reader *reader, int fd, const char *path,
		    const unsigned char *data, size_t size, unsigned int *nr)
{
	struct record record, expected;
	int ret;

	*nr = 0;
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return -EIO;
	ret = record_open(reader, path);
	while (!ret && (ret = record_next(reader, &record)) > 0) {
		expected = record_of((*nr)++);
		ret = memcmp(&record, &expected, expected.head.size) ? -ENOTRECOVERABLE : 0;
	}
	record_close(reader);
	return ret;
}

#define READ(data, size, nr)						\
	read_all(&self->reader, self->fd, self->path, data, size, nr)

TEST_F(record_file, whole)
{
	struct record_reader *reader = &self->reader;
	struct record record;
	unsigned int nr;
	char value[32];

	ASSERT_EQ(0, READ(self->whole, self->size, &nr));
	EXPECT_EQ(NR_RECORDS, nr);
	ASSERT_EQ(0, record_open(reader, self->path));
	while (record_next(reader, &record) > 0)
		;
	EXPECT_STREQ("6.12", record_fact(reader, "kernel", value, sizeof(value)));
	EXPECT_EQ(9, record_fact_number(reader, "lost_records"));
	EXPECT_EQ(NULL, record_fact(reader, "lost", value, sizeof(value)));
	EXPECT_EQ(self->size, reader->offset);
	record_close(reader);
}

/* Cut off anywhere: that is told, and all whole blocks are read. */
TEST_F_TIMEOUT(record_file, cut_off, SLOW_S)
{
	unsigned int nr, before = 0;
	size_t size;
	int ret;

	for (size = 0; size < self->size; size++) {
		ret = READ(self->whole, size, &nr);
		EXPECT_EQ(size < sizeof(struct record_file_head) ? -EBADMSG : -ENODATA, ret)
			TH_LOG("at %zu", size);
		EXPECT_EQ(0, nr % PER_BLOCK);
		EXPECT_LE(before, nr);
		EXPECT_NE('\0', self->reader.text[0]);
		before = nr;
	}
	EXPECT_EQ(NR_RECORDS, before);
	EXPECT_NE(NULL, strstr(self->reader.text, "it is cut off: it ends at byte "));
	EXPECT_NE(NULL, strstr(self->reader.text, "whole blocks, 12 records of 0.000000 s"));
}

/* Any byte of it, by one bit or by all: that is told, and nothing wrong is read before. */
TEST_F_TIMEOUT(record_file, damaged, SLOW_S)
{
	unsigned char bits;
	unsigned int nr, all = 0;
	size_t i, at;
	int ret;

	for (i = 0; i < 2 * self->size; i++) {
		at = i / 2;
		bits = i % 2 ? 0xff : 1 << at % 8;
		self->whole[at] ^= bits;
		ret = READ(self->whole, self->size, &nr);
		self->whole[at] ^= bits;
		EXPECT_GT(0, ret) TH_LOG("bits %#x of byte %zu", bits, at);
		EXPECT_NE(-ENOTRECOVERABLE, ret) TH_LOG("bits %#x of byte %zu", bits, at);
		EXPECT_EQ(0, nr % PER_BLOCK);
		all += nr;
	}
	EXPECT_LT(0, all);
}

/* The checksum of a block whose bytes were changed. */
static void seal(unsigned char *data, size_t at)
{
	struct record_block block;

	memcpy(&block, data + at, sizeof(block));
	block.crc = record_block_crc(&block, data + at + sizeof(block), block.length);
	memcpy(data + at, &block, sizeof(block));
}

/* Made to do harm: what is in a block is nonsense, and its checksum is right. */
TEST_F_TIMEOUT(record_file, hostile, SLOW_S)
{
	size_t first = sizeof(struct record_file_head), at, i;
	struct record_block block;
	unsigned char data[MAX_SIZE];
	unsigned int round, nr, refused = 0;

	srandom(1);
	for (round = 0; round < 4000; round++) {
		memcpy(data, self->whole, self->size);
		for (at = first; at < self->size; at += sizeof(block) + block.length) {
			memcpy(&block, data + at, sizeof(block));
			for (i = random() % 4; i && block.length; i--)
				data[at + sizeof(block) + random() % block.length] = random();
			seal(data, at);
		}
		refused += READ(data, self->size, &nr) < 0;
	}
	EXPECT_LT(0, refused);
}

/* Numbers that a record has before its texts. */
static unsigned int numbers_of(unsigned int kind)
{
	return kind == RECORD_FRAME ? FRAME_TEXT : COMM;
}

/* The other order of bytes, as of a machine of another kind. */
static void swap_block(unsigned char *data)
{
	struct record_block *block = (struct record_block *)data;
	struct record_head *head = (struct record_head *)(block + 1);
	unsigned int nr, word, words;
	uint64_t *number;
	size_t length;

	for (nr = 0; block->kind == RECORD_BLOCK_RECORDS && nr < PER_BLOCK; nr++) {
		number = (uint64_t *)(head + 1);
		words = (head->size - sizeof(*head)) / 8;
		for (word = 0; word < words && word < numbers_of(head->kind); word++)
			number[word] = bswap_64(number[word]);
		*head = (struct record_head){
			bswap_64(head->time_ns), bswap_16(head->kind), bswap_16(head->size),
			bswap_32(head->cpu), bswap_32(head->tgid), bswap_32(head->tid),
		};
		head = (struct record_head *)(number + words);
	}
	length = block->length;
	block->kind = bswap_32(block->kind);
	block->length = bswap_32(block->length);
	block->crc = bswap_32(record_block_crc(block, block + 1, length));
	block->mark = bswap_32(block->mark);
}

TEST_F(record_file, other_order_of_bytes)
{
	struct record_file_head *head = (void *)self->whole;
	unsigned char block[MAX_SIZE] __attribute__((aligned(8)));
	size_t at, size;
	unsigned int nr;

	for (at = sizeof(*head); at < self->size; at += size) {
		/* Blocks of text have any length, and what is behind them is not aligned. */
		memcpy(block, self->whole + at, self->size - at);
		size = sizeof(struct record_block) + ((struct record_block *)block)->length;
		swap_block(block);
		memcpy(self->whole + at, block, size);
	}
	head->order = bswap_32(head->order);
	head->version = bswap_32(head->version);
	EXPECT_EQ(0, READ(self->whole, self->size, &nr));
	EXPECT_EQ(NR_RECORDS, nr);
}

/* A file with these types, and one record of number 1 with the words 10, 11, 12 ... */
static int write_types(int fd, const char *types, unsigned int words)
{
	struct record_file_head head = { RECORD_MAGIC, RECORD_ORDER, RECORD_VERSION };
	struct record record = { .head = { .time_ns = 1, .kind = 1 } };
	unsigned int i;

	for (i = 0; i < words; i++)
		record.words[i] = 10 + i;
	record.head.size = sizeof(record.head) + 8 * words;
	if (ftruncate(fd, 0) || pwrite(fd, &head, sizeof(head), 0) != sizeof(head))
		return -EIO;
	lseek(fd, sizeof(head), SEEK_SET);
	return record_file_block(fd, RECORD_BLOCK_TYPES, types, strlen(types)) ?:
	       record_file_block(fd, RECORD_BLOCK_RECORDS, &record, record.head.size) ?:
	       record_file_block(fd, 99, "of a newer version", 18) ?:
	       record_file_block(fd, RECORD_BLOCK_END, "", 0);
}

/* Fields in other places, one that is not known, and others that are missing. */
TEST_F(record_file, other_fields)
{
	struct record record;

	ASSERT_EQ(0, write_types(self->fd, "1 failed new:2 wait_ns error:s32 ino\n", 5));
	ASSERT_EQ(0, record_open(&self->reader, self->path));
	ASSERT_EQ(1, record_next(&self->reader, &record));
	EXPECT_EQ(RECORD_FAILED, record.head.kind);
	EXPECT_EQ(14, record.words[0]);
	EXPECT_EQ(0, record.words[1]);
	EXPECT_EQ(13, record.words[3]);
	EXPECT_EQ(12, record.words[4]);
	EXPECT_EQ(0, record_next(&self->reader, &record));
	record_close(&self->reader);
}

/* A type that is not known is passed over; so is a record of a type that was not told. */
TEST_F(record_file, other_types)
{
	struct record record;

	ASSERT_EQ(0, write_types(self->fd, "1 news ino\n2 failed ino\n", 1));
	ASSERT_EQ(0, record_open(&self->reader, self->path));
	EXPECT_EQ(0, record_next(&self->reader, &record));
	EXPECT_EQ(1, self->reader.nr_records);
	record_close(&self->reader);
}

TEST_F(record_file, other_version)
{
	unsigned int nr;

	((struct record_file_head *)self->whole)->version = RECORD_VERSION + 1;
	EXPECT_EQ(-EPROTONOSUPPORT, READ(self->whole, self->size, &nr));
	EXPECT_NE(NULL, strstr(self->reader.text, "it is of version 2 of the format"));
}

TEST_F(record_file, no_recording)
{
	unsigned int nr;

	memcpy(self->whole, "#!/bin/sh\necho something\n", 25);
	EXPECT_EQ(-EBADMSG, READ(self->whole, 25, &nr));
	EXPECT_NE(NULL, strstr(self->reader.text, ": it is no recording of dmasync-record"));
	EXPECT_EQ(-ENOENT, record_open(&self->reader, "/nonexistent"));
	EXPECT_STREQ("/nonexistent: No such file or directory", self->reader.text);
	record_close(&self->reader);
}

TEST_HARNESS_MAIN
