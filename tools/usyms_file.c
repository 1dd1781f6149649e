// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "usyms.h"

/* A file that has more than that is looked at in part, or not at all. */
#define MAX_BYTES	(1LL << 28)
#define MAX_SYMBOLS	(1U << 18)
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

struct usyms_file {
	char *path;
	uint64_t ino;
	struct file_segment segments[MAX_SEGMENTS];
	size_t nr_segments;
	struct file_symbol *symbols;
	size_t nr, max;
};

/*
 * Nothing is opened but the ordinary file that is mapped: whoever runs the process may have
 * put anything else in its place.
 */
static int file_open(pid_t pid, const char *path, uint64_t ino)
{
	char name[4200], link[32];
	struct stat st;
	int at, fd = -1;

	snprintf(name, sizeof(name), "/proc/%d/root%s", pid, path);
	at = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	if (!fstat(at, &st) && S_ISREG(st.st_mode) && st.st_ino == ino &&
	    st.st_size < MAX_BYTES)
		fd = open(link, O_RDONLY | O_CLOEXEC);
	close(at);
	return fd;
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

static void file_symbol(struct usyms_file *file, const GElf_Sym *sym, const char *name)
{
	size_t max = file->max ? file->max * 2 : 1024;
	struct file_symbol *symbols = file->symbols;

	if (GELF_ST_TYPE(sym->st_info) != STT_FUNC || !sym->st_value || !name || !*name ||
	    file->nr == MAX_SYMBOLS)
		return;
	if (file->nr == file->max) {
		symbols = reallocarray(symbols, max, sizeof(*symbols));
		if (!symbols)
			return;
		file->symbols = symbols;
		file->max = max;
	}
	symbols[file->nr].begin = sym->st_value;
	symbols[file->nr].size = sym->st_size;
	symbols[file->nr].name = strndup(name, PLACE_NAME - 1);
	if (symbols[file->nr].name)
		file->nr++;
}

static void file_section(struct usyms_file *file, Elf *elf, Elf_Scn *section,
			 const GElf_Shdr *shdr)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t nr, i;
	GElf_Sym sym;

	if (!data || !shdr->sh_entsize)
		return;
	nr = data->d_size / shdr->sh_entsize;
	for (i = 0; i < nr && gelf_getsym(data, i, &sym); i++)
		file_symbol(file, &sym, elf_strptr(elf, shdr->sh_link, sym.st_name));
}

static int file_compare(const void *a, const void *b)
{
	const struct file_symbol *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin > y->begin ? 1 : -1;
	return strcmp(y->name, x->name);
}

/* A file that was stripped has those that others link to. */
static void file_symbols(struct usyms_file *file, Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			file_section(file, elf, section, &shdr);
	if (file->nr)
		qsort(file->symbols, file->nr, sizeof(*file->symbols), file_compare);
}

static void file_read(struct usyms_file *file, int fd)
{
	Elf *elf;

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

struct usyms_file *usyms_file_open(pid_t pid, const char *path, uint64_t ino)
{
	struct usyms_file *file = calloc(1, sizeof(*file));
	int fd;

	if (!file)
		return NULL;
	file->path = strdup(path);
	file->ino = ino;
	fd = file->path ? file_open(pid, path, ino) : -1;
	if (fd < 0) {
		usyms_file_free(file);
		return NULL;
	}
	file_read(file, fd);
	close(fd);
	return file;
}

bool usyms_file_is(const struct usyms_file *file, const char *path, uint64_t ino)
{
	return file->ino == ino && !strcmp(file->path, path);
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
	if (symbol->size && address - symbol->begin >= symbol->size)
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
