// SPDX-License-Identifier: GPL-2.0-only
/* Names of functions in files, whatever somebody has put in their place. */
#include <kselftest_harness.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tools/usyms.h"

#define MAX_BYTES	(8U << 20)
#define NR_ROUNDS	400
#define NR_OFFSETS	50

FIXTURE(symbols)
{
	struct usyms usyms;
	struct stack_place place;
	char path[32];
	unsigned char *bytes;
	ssize_t size;
};

FIXTURE_SETUP(symbols)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char dir[] = "/tmp/symbols.XXXXXX";

	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(self->path, sizeof(self->path), "%s/x", dir);
	self->bytes = malloc(MAX_BYTES);
	ASSERT_NE(NULL, self->bytes);
	self->size = read(fd, self->bytes, MAX_BYTES);
	ASSERT_LT(0, self->size);
	ASSERT_GT(MAX_BYTES, self->size);
	close(fd);
}

FIXTURE_TEARDOWN(symbols)
{
	unlink(self->path);
	*strrchr(self->path, '/') = '\0';
	EXPECT_EQ(0, rmdir(self->path));
	usyms_free(&self->usyms);
	free(self->bytes);
}

__attribute__((noipa)) static int known_function(int number)
{
	return number + 1;
}

static ino_t write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct stat st = { 0 };

	if (write(fd, bytes, size) != (ssize_t)size || fstat(fd, &st))
		return 0;
	close(fd);
	return st.st_ino;
}

TEST_F(symbols, of_this_process)
{
	ASSERT_EQ(0, usyms_process(&self->usyms, getpid()));
	usyms_place(&self->usyms, (uintptr_t)known_function, &self->place);
	EXPECT_STREQ("known_function", self->place.name);
	EXPECT_EQ(0, self->place.offset);
	EXPECT_NE(NULL, strstr(self->place.file, "/symbols"));
	usyms_place(&self->usyms, 1, &self->place);
	EXPECT_STREQ("", self->place.name);
	EXPECT_STREQ("", self->place.file);
	EXPECT_EQ(1, self->place.offset);
}

TEST_F(symbols, no_process)
{
	EXPECT_GT(0, usyms_process(&self->usyms, 0x3fffffff));
	usyms_place(&self->usyms, (uintptr_t)known_function, &self->place);
	EXPECT_STREQ("", self->place.name);
}

/* Another file has come in the place of the one that is mapped. */
TEST_F(symbols, other_file)
{
	ino_t ino = write_file(self->path, self->bytes, self->size);
	struct usyms_file *file = usyms_file_open(getpid(), self->path, ino);

	ASSERT_NE(0, ino);
	EXPECT_NE(NULL, file);
	EXPECT_LT(0, usyms_file_nr(file));
	usyms_file_free(file);
	EXPECT_EQ(NULL, usyms_file_open(getpid(), self->path, ino + 1));
}

/* To open a FIFO would wait for a writer, for ever. */
TEST_F(symbols, fifo)
{
	struct stat st;

	ASSERT_EQ(0, mkfifo(self->path, 0600));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(NULL, usyms_file_open(getpid(), self->path, st.st_ino));
}

TEST_F(symbols, link)
{
	struct stat st;

	ASSERT_EQ(0, symlink("/proc/self/exe", self->path));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(NULL, usyms_file_open(getpid(), self->path, st.st_ino));
}

static void damage(unsigned char *bytes, size_t size)
{
	Elf64_Ehdr *head = (Elf64_Ehdr *)bytes;
	size_t sections = head->e_shoff, nr = 1 + random() % 8;

	while (nr--) {
		if (random() % 3 == 0)
			bytes[random() % sizeof(*head)] = random();
		else if (sections < size)
			bytes[sections + random() % (size - sections)] = random();
		else
			bytes[random() % size] = random();
	}
}

/* Damaged where it says what is where, or cut off: nothing is read outside. */
TEST_F_TIMEOUT(symbols, hostile, 240)
{
	unsigned char *bytes = malloc(self->size);
	unsigned int round, i, named = 0;
	struct usyms_file *file;
	size_t size;
	ino_t ino;

	srandom(1);
	for (round = 0; round < NR_ROUNDS; round++) {
		memcpy(bytes, self->bytes, self->size);
		damage(bytes, self->size);
		size = round % 4 ? self->size : random() % self->size;
		ino = write_file(self->path, bytes, size);
		ASSERT_NE(0, ino);
		file = usyms_file_open(getpid(), self->path, ino);
		for (i = 0; file && i < NR_OFFSETS; i++)
			named += usyms_file_place(file, random() % self->size, &self->place);
		usyms_file_free(file);
	}
	EXPECT_LT(0, named);
	free(bytes);
}

TEST_HARNESS_MAIN
