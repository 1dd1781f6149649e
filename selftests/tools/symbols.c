// SPDX-License-Identifier: GPL-2.0-only
/* Names of functions in files, whatever somebody has put in their place. */
#define _GNU_SOURCE
#include <kselftest_harness.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "st.h"

#include "../../tools/record/usyms.h"

#define MAX_BYTES	(8U << 20)
#define MAX_KB		(100L << 10)
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
	self->bytes = calloc(1, MAX_BYTES);
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

static struct usyms_map map_of(const char *path, const struct stat *st)
{
	return (struct usyms_map){
		.dev = st->st_dev, .ino = st->st_ino, .path = (char *)path,
	};
}

/* As a process would have it mapped; no path: it was not written. */
static struct usyms_map write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct usyms_map map = { 0 };
	struct stat st;

	if (write(fd, bytes, size) == (ssize_t)size && !fstat(fd, &st))
		map = map_of(path, &st);
	close(fd);
	return map;
}

static bool write_at(const char *path, const void *bytes, size_t size, off_t at)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = pwrite(fd, bytes, size, at) == (ssize_t)size;

	close(fd);
	return done;
}

static size_t nr_symbols(const struct usyms_map map)
{
	struct usyms_file *file = usyms_file_open(getpid(), &map);
	size_t nr = usyms_file_nr(file);

	usyms_file_free(file);
	return nr;
}

/* Where known_function() is in the file of this program. */
static uint64_t known_offset(struct usyms *usyms)
{
	uintptr_t address = (uintptr_t)known_function;
	size_t i;

	usyms_process(usyms, getpid());
	for (i = 0; i < usyms->nr; i++)
		if (address >= usyms->maps[i].begin && address < usyms->maps[i].end)
			return address - usyms->maps[i].begin + usyms->maps[i].offset;
	return 0;
}

/* The name of known_function() in the file, which is @size bytes long. */
static const char *known_name(const char *path, const void *bytes, size_t size,
			      struct usyms *usyms, struct stack_place *place)
{
	struct usyms_map map = write_file(path, bytes, size);
	struct usyms_file *file = usyms_file_open(getpid(), &map);

	*place = (struct stack_place){ 0 };
	usyms_file_place(file, known_offset(usyms), place);
	usyms_file_free(file);
	return place->name;
}

#define NAME()								\
	known_name(self->path, self->bytes, self->size, &self->usyms, &self->place)

#define SECTIONS()							\
	((Elf64_Shdr *)(self->bytes + ((Elf64_Ehdr *)self->bytes)->e_shoff))

/* The first section of this type. */
static Elf64_Shdr *section_of(unsigned char *bytes, unsigned int type)
{
	Elf64_Ehdr *head = (Elf64_Ehdr *)bytes;
	Elf64_Shdr *section = (Elf64_Shdr *)(bytes + head->e_shoff);
	unsigned int i;

	for (i = 0; i < head->e_shnum; i++)
		if (section[i].sh_type == type)
			return &section[i];
	return NULL;
}

/* Of the first table of symbols. */
static Elf64_Sym *known_symbol(unsigned char *bytes)
{
	Elf64_Shdr *table = section_of(bytes, SHT_SYMTAB);
	Elf64_Ehdr *head = (Elf64_Ehdr *)bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + head->e_shoff);
	const char *names = (char *)bytes + sections[table->sh_link].sh_offset;
	Elf64_Sym *symbols = (Elf64_Sym *)(bytes + table->sh_offset);
	size_t i;

	for (i = 0; i < table->sh_size / sizeof(*symbols); i++)
		if (!strcmp(names + symbols[i].st_name, "known_function"))
			return &symbols[i];
	return NULL;
}

TEST_F(symbols, whole)
{
	EXPECT_STREQ("known_function", NAME());
}

TEST_F(symbols, compressed)
{
	section_of(self->bytes, SHT_SYMTAB)->sh_flags |= SHF_COMPRESSED;
	EXPECT_STRNE("known_function", NAME());
}

TEST_F(symbols, compressed_names)
{
	SECTIONS()[section_of(self->bytes, SHT_SYMTAB)->sh_link].sh_flags |= SHF_COMPRESSED;
	EXPECT_STRNE("known_function", NAME());
}

/* The last name has no end. */
TEST_F(symbols, names_without_end)
{
	Elf64_Shdr *names = &SECTIONS()[section_of(self->bytes, SHT_SYMTAB)->sh_link];

	self->bytes[names->sh_offset + names->sh_size - 1] = 'x';
	EXPECT_STRNE("known_function", NAME());
}

/* It is in another file. */
TEST_F(symbols, undefined)
{
	known_symbol(self->bytes)->st_shndx = SHN_UNDEF;
	EXPECT_STRNE("known_function", NAME());
}

TEST_F(symbols, without_size)
{
	known_symbol(self->bytes)->st_size = 0;
	EXPECT_STREQ("known_function", NAME());
}

/* It cannot end with its section, for it is not in there. */
TEST_F(symbols, without_size_elsewhere)
{
	known_symbol(self->bytes)->st_size = 0;
	known_symbol(self->bytes)->st_shndx = 1;
	EXPECT_STRNE("known_function", NAME());
}

/* As many tables as a file can have, all of the same symbols: they are read once. */
TEST_F_TIMEOUT(symbols, many_tables, 60)
{
	Elf64_Ehdr *head = (Elf64_Ehdr *)self->bytes;
	Elf64_Shdr *table = section_of(self->bytes, SHT_SYMTAB), *sections;
	size_t nr = SHN_LORESERVE - 1, i, once;

	once = nr_symbols(write_file(self->path, self->bytes, self->size));
	sections = (Elf64_Shdr *)(self->bytes + (MAX_BYTES - nr * sizeof(*sections)) / 8 * 8);
	ASSERT_LT(self->bytes + self->size, (unsigned char *)sections);
	memcpy(sections, SECTIONS(), head->e_shnum * sizeof(*sections));
	for (i = head->e_shnum; i < nr; i++)
		sections[i] = *table;
	head->e_shoff = (unsigned char *)sections - self->bytes;
	head->e_shnum = nr;
	EXPECT_LT(0, once);
	EXPECT_EQ(once, nr_symbols(write_file(self->path, self->bytes, MAX_BYTES)));
}

/* More sections than the header has room for, in a hole: each would take memory. */
TEST_F(symbols, sparse_sections)
{
	Elf64_Ehdr *head = (Elf64_Ehdr *)self->bytes;
	Elf64_Shdr first = SECTIONS()[0];
	struct usyms_map map;

	first.sh_size = (1U << 27) / sizeof(first);
	head->e_shoff = 1U << 26;
	head->e_shnum = 0;
	map = write_file(self->path, self->bytes, self->size);
	ASSERT_EQ(0, truncate(self->path, (1U << 26) + (1U << 27)));
	ASSERT_TRUE(write_at(self->path, &first, sizeof(first), 1U << 26));
	EXPECT_EQ(0, nr_symbols(map));
	EXPECT_GT(MAX_KB, st_peak_kb());
}

/* open() would wait until the lease is given back. */
TEST_F_TIMEOUT(symbols, lease, 20)
{
	struct usyms_map map = write_file(self->path, self->bytes, self->size);
	int fd = open(self->path, O_RDWR | O_CLOEXEC);

	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK))
		SKIP(return, "no leases here: %s", strerror(errno));
	EXPECT_EQ(0, nr_symbols(map));
	close(fd);
	EXPECT_LT(0, nr_symbols(map));
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
	struct usyms_map map = write_file(self->path, self->bytes, self->size);

	EXPECT_LT(0, nr_symbols(map));
	map.ino++;
	EXPECT_EQ(0, nr_symbols(map));
	map.ino--;
	map.dev++;
	EXPECT_EQ(0, nr_symbols(map));
}

/* What the function is called in the file at @path, after this process has mapped it. */
static const char *mapped_name(const char *path, size_t size, struct usyms *usyms,
			       struct stack_place *place)
{
	uint64_t offset = known_offset(usyms);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *at = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	*place = (struct stack_place){ 0 };
	usyms_forget(usyms);
	if (at != MAP_FAILED && !usyms_process(usyms, getpid()))
		usyms_place(usyms, (uintptr_t)at + offset, place);
	munmap(at, size);
	close(fd);
	return place->name;
}

#define MAPPED_NAME()							\
	mapped_name(self->path, self->size, &self->usyms, &self->place)

/* One file system after the other at one path: files have the same numbers. */
TEST_F(symbols, other_device)
{
	struct usyms_map map;
	char dir[32];
	ino_t ino;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP(return, "may not mount: %s", strerror(errno));
	snprintf(dir, sizeof(dir), "%.*s", (int)strlen(self->path) - 2, self->path);
	ASSERT_EQ(0, mount("one", dir, "tmpfs", 0, NULL));
	ino = write_file(self->path, self->bytes, self->size).ino;
	EXPECT_STREQ("known_function", MAPPED_NAME());
	ASSERT_EQ(0, mount("two", dir, "tmpfs", 0, NULL));
	section_of(self->bytes, SHT_SYMTAB)->sh_type = SHT_NULL;
	map = write_file(self->path, self->bytes, self->size);
	ASSERT_EQ(ino, map.ino);
	EXPECT_STRNE("known_function", MAPPED_NAME());
	EXPECT_STREQ(self->path, self->place.file);
	EXPECT_EQ(0, umount(dir));
	EXPECT_EQ(0, umount(dir));
}

/* What is mapped meanwhile is seen after a while, not for each address. */
TEST_F(symbols, read_once)
{
	void *at;

	ASSERT_EQ(0, usyms_process(&self->usyms, getpid()));
	at = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE,
		  open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0);
	ASSERT_NE(MAP_FAILED, at);
	ASSERT_EQ(0, usyms_process(&self->usyms, getpid()));
	usyms_place(&self->usyms, (uintptr_t)at, &self->place);
	EXPECT_STREQ("", self->place.file);
	usyms_forget(&self->usyms);
	ASSERT_EQ(0, usyms_process(&self->usyms, getpid()));
	usyms_place(&self->usyms, (uintptr_t)at, &self->place);
	EXPECT_NE(NULL, strstr(self->place.file, "/symbols"));
}

/* To open a FIFO would wait for a writer, for ever. */
TEST_F(symbols, fifo)
{
	struct stat st;

	ASSERT_EQ(0, mkfifo(self->path, 0600));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0, nr_symbols(map_of(self->path, &st)));
}

TEST_F(symbols, link)
{
	struct stat st;

	ASSERT_EQ(0, symlink("/proc/self/exe", self->path));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0, nr_symbols(map_of(self->path, &st)));
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
	struct usyms_map map;
	size_t size;

	srandom(1);
	for (round = 0; round < NR_ROUNDS; round++) {
		memcpy(bytes, self->bytes, self->size);
		damage(bytes, self->size);
		size = round % 4 ? self->size : random() % self->size;
		map = write_file(self->path, bytes, size);
		ASSERT_NE(NULL, map.path);
		file = usyms_file_open(getpid(), &map);
		for (i = 0; file && i < NR_OFFSETS; i++)
			named += usyms_file_place(file, random() % self->size, &self->place);
		usyms_file_free(file);
	}
	EXPECT_LT(0, named);
	free(bytes);
}

TEST_HARNESS_MAIN
