// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "usyms.h"

/* A file that has more than that is looked at in part, or not at all. */
#define MAX_BYTES	(1LL << 28)
#define MAX_SYMBOLS	(1U << 18)
#define MAX_LOOKED_AT	(1U << 20)
#define MAX_SEGMENTS	16

/* A function; its name is in the texts of the file. */
struct file_symbol {
	uint64_t begin;
	uint64_t size;
	char *name;
};

/* Which addresses of the file's own are where in it. */
struct file_segment {
	uint64_t offset;
	uint64_t size;
	uint64_t address;
};

/* @pid: the process for which it could not be opened, or 0. */
struct usyms_file {
	char *path;
	dev_t dev;
	ino_t ino;
	pid_t pid;
	struct file_segment segments[MAX_SEGMENTS];
	size_t nr_segments;
	struct file_symbol *symbols;
	size_t nr, max;
};

/*
 * A file system of this machine: to read from another one may take for ever. @own_dev: stat()
 * tells another device than maps do.
 */
static const struct file_system {
	uint32_t magic;
	bool own_dev;
} file_systems[] = {
	{ EXT4_SUPER_MAGIC, false }, { XFS_SUPER_MAGIC, false },
	{ F2FS_SUPER_MAGIC, false }, { TMPFS_MAGIC, false }, { RAMFS_MAGIC, false },
	{ SQUASHFS_MAGIC, false }, { EROFS_SUPER_MAGIC_V1, false },
	{ BTRFS_SUPER_MAGIC, true }, { OVERLAYFS_SUPER_MAGIC, true },
};

static const struct file_system *file_system(int fd)
{
	struct statfs st;
	size_t i;

	if (fstatfs(fd, &st))
		return NULL;
	for (i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		if ((uint32_t)st.f_type == file_systems[i].magic)
			return &file_systems[i];
	return NULL;
}

/* Is it the ordinary file that is mapped there? */
static bool file_is_mapped(int fd, const struct usyms_map *map)
{
	const struct file_system *system = file_system(fd);
	struct stat st;

	if (!system || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size >= MAX_BYTES)
		return false;
	return st.st_ino == map->ino && (system->own_dev || st.st_dev == map->dev);
}

/*
 * Nothing is opened but the ordinary file that is mapped: whoever runs the process may have
 * put anything else in its place, and may have a lease on it that open() would wait for.
 */
static int file_open(pid_t pid, const struct usyms_map *map)
{
	char name[4200], link[32];
	int at, fd = -1;

	snprintf(name, sizeof(name), "/proc/%d/root%s", pid, map->path);
	at = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	if (file_is_mapped(at, map))
		fd = open(link, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	close(at);
	return fd;
}

/*
 * libelf takes memory for each section and segment that the file says it has. With more than
 * the header has room for it is no program.
 */
static bool file_is_bounded(int fd)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr elf32;
		Elf64_Ehdr elf64;
	} head;
	bool is_64;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return false;
	is_64 = head.ident[EI_CLASS] == ELFCLASS64;
	if (is_64 ? head.elf64.e_phnum == PN_XNUM : head.elf32.e_phnum == PN_XNUM)
		return false;
	if (is_64 ? head.elf64.e_shnum : head.elf32.e_shnum)
		return true;
	return !(is_64 ? head.elf64.e_shoff : head.elf32.e_shoff);
}

static void file_segments(struct usyms_file *file, Elf *elf)
{
	size_t nr = 0, i;
	GElf_Phdr phdr;

	if (elf_getphdrnum(elf, &nr))
		return;
	for (i = 0; i < nr && file->nr_segments < MAX_SEGMENTS; i++)
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_LOAD)
			file->segments[file->nr_segments++] = (struct file_segment){
				phdr.p_offset, phdr.p_filesz, phdr.p_vaddr,
			};
}

/* A symbol without a size ends with its section. Return: 0: it is in none. */
static uint64_t file_symbol_size(Elf *elf, const GElf_Sym *sym)
{
	GElf_Shdr shdr;

	if (sym->st_size)
		return sym->st_size;
	if (sym->st_shndx >= SHN_LORESERVE ||
	    !gelf_getshdr(elf_getscn(elf, sym->st_shndx), &shdr) ||
	    sym->st_value < shdr.sh_addr || sym->st_value - shdr.sh_addr >= shdr.sh_size)
		return 0;
	return shdr.sh_size - (sym->st_value - shdr.sh_addr);
}

static void file_symbol(struct usyms_file *file, uint64_t begin, uint64_t size,
			const char *name)
{
	size_t max = file->max ? file->max * 2 : 1024;
	struct file_symbol *symbols = file->symbols;

	if (!size || !*name || file->nr == MAX_SYMBOLS)
		return;
	if (file->nr == file->max) {
		symbols = reallocarray(symbols, max, sizeof(*symbols));
		if (!symbols)
			return;
		file->symbols = symbols;
		file->max = max;
	}
	symbols[file->nr].begin = begin;
	symbols[file->nr].size = size;
	symbols[file->nr].name = strndup(name, PLACE_NAME - 1);
	if (symbols[file->nr].name)
		file->nr++;
}

/* The names of a table of symbols, each of which ends within it; or NULL. */
static const Elf_Data *file_names(Elf *elf, size_t number)
{
	Elf_Scn *section = elf_getscn(elf, number);
	const Elf_Data *names;
	GElf_Shdr shdr;

	if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_STRTAB ||
	    shdr.sh_flags & SHF_COMPRESSED)
		return NULL;
	names = elf_getdata(section, NULL);
	if (!names || !names->d_buf || !names->d_size ||
	    ((const char *)names->d_buf)[names->d_size - 1])
		return NULL;
	return names;
}

static void file_section(struct usyms_file *file, Elf *elf, Elf_Scn *section,
			 const GElf_Shdr *shdr)
{
	size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT), nr, i;
	const Elf_Data *names;
	Elf_Data *data;
	GElf_Sym sym;

	if (shdr->sh_flags & SHF_COMPRESSED || !entry || shdr->sh_entsize != entry)
		return;
	names = file_names(elf, shdr->sh_link);
	data = names ? elf_getdata(section, NULL) : NULL;
	if (!data)
		return;
	nr = data->d_size / entry;
	for (i = 0; i < nr && i < MAX_LOOKED_AT && gelf_getsym(data, i, &sym); i++)
		if (GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_value &&
		    sym.st_shndx != SHN_UNDEF && sym.st_name < names->d_size)
			file_symbol(file, sym.st_value, file_symbol_size(elf, &sym),
				    (const char *)names->d_buf + sym.st_name);
}

static int file_compare(const void *a, const void *b)
{
	const struct file_symbol *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin > y->begin ? 1 : -1;
	return strcmp(y->name, x->name);
}

/* A file that was stripped has those that others link to. No file has two of a kind. */
static void file_symbols(struct usyms_file *file, Elf *elf)
{
	bool has_symtab = false, has_dynsym = false;
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((!has_symtab || !has_dynsym) && (section = elf_nextscn(elf, section))) {
		bool *has = &has_symtab;

		if (!gelf_getshdr(section, &shdr))
			continue;
		if (shdr.sh_type == SHT_DYNSYM)
			has = &has_dynsym;
		else if (shdr.sh_type != SHT_SYMTAB)
			continue;
		if (!*has)
			file_section(file, elf, section, &shdr);
		*has = true;
	}
	if (file->nr)
		qsort(file->symbols, file->nr, sizeof(*file->symbols), file_compare);
}

static void file_read(struct usyms_file *file, int fd)
{
	Elf *elf;

	if (!file_is_bounded(fd))
		return;
	elf_version(EV_CURRENT);
	/* Not mapped: a file that gets shorter meanwhile would end this program. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return;
	if (elf_kind(elf) == ELF_K_ELF) {
		file_segments(file, elf);
		file_symbols(file, elf);
	}
	elf_end(elf);
}

struct usyms_file *usyms_file_open(pid_t pid, const struct usyms_map *map)
{
	struct usyms_file *file = calloc(1, sizeof(*file));
	int fd;

	if (!file)
		return NULL;
	file->path = strdup(map->path);
	file->dev = map->dev;
	file->ino = map->ino;
	if (!file->path) {
		free(file);
		return NULL;
	}
	fd = file_open(pid, map);
	if (fd < 0) {
		file->pid = pid;
		return file;
	}
	file_read(file, fd);
	close(fd);
	return file;
}

bool usyms_file_is(const struct usyms_file *file, pid_t pid, const struct usyms_map *map)
{
	return file->dev == map->dev && file->ino == map->ino &&
	       !strcmp(file->path, map->path) && (!file->pid || file->pid == pid);
}

size_t usyms_file_nr(const struct usyms_file *file)
{
	return file ? file->nr : 0;
}

/* The address of the file's own; false: there is none at this offset. */
static bool file_address(const struct usyms_file *file, uint64_t offset, uint64_t *address)
{
	size_t i;

	for (i = 0; i < file->nr_segments; i++) {
		const struct file_segment *segment = &file->segments[i];

		if (offset >= segment->offset && offset - segment->offset < segment->size) {
			*address = offset - segment->offset + segment->address;
			return true;
		}
	}
	return false;
}

bool usyms_file_place(const struct usyms_file *file, uint64_t offset,
		      struct stack_place *place)
{
	const struct file_symbol *symbol;
	size_t low = 0, high = file->nr;
	uint64_t address;

	if (!file_address(file, offset, &address))
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (file->symbols[middle].begin <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	symbol = &file->symbols[low - 1];
	if (address - symbol->begin >= symbol->size)
		return false;
	snprintf(place->name, sizeof(place->name), "%s", symbol->name);
	place->offset = address - symbol->begin;
	return true;
}

void usyms_file_free(struct usyms_file *file)
{
	size_t i;

	if (!file)
		return;
	for (i = 0; i < file->nr; i++)
		free(file->symbols[i].name);
	free(file->symbols);
	free(file->path);
	free(file);
}
