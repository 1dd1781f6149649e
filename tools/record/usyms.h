/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of processes: /proc/PID/maps says which files they have mapped, and the tables of
 * symbols of these what is where. Files belong to whoever runs the process and may be made to
 * do harm.
 */
#ifndef USYMS_H
#define USYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "stack_place.h"

#define USYMS_NR_FILES	64

struct usyms_file;

/**
 * struct usyms_map - code that a process has mapped
 * @begin: its first address
 * @end: behind its last one
 * @offset: of @begin in the file
 * @dev: of the file
 * @ino: of the file, on @dev
 * @path: of the file, as the process sees it
 */
struct usyms_map {
	uint64_t begin;
	uint64_t end;
	uint64_t offset;
	dev_t dev;
	ino_t ino;
	char *path;
};

/**
 * struct usyms - a process, and files
 * @pid: the process, or 0
 * @maps: what it has mapped, by address
 * @nr: how many
 * @files: symbols of the files that were looked at last
 * @next: place for the next one
 */
struct usyms {
	pid_t pid;
	struct usyms_map *maps;
	size_t nr;
	struct usyms_file *files[USYMS_NR_FILES];
	unsigned int next;
};

/* Look at the process, unless it was the last one. Return: 0 or a negative errno. */
int usyms_process(struct usyms *usyms, pid_t pid);
/* Time has passed: look at it anew. */
void usyms_forget(struct usyms *usyms);
/* A place in that process. */
void usyms_place(struct usyms *usyms, uint64_t address, struct stack_place *place);
void usyms_free(struct usyms *usyms);

/*
 * usyms_file.c: the symbols of the file that process @pid has mapped. It has no symbols if
 * another file is at the path of the map, or one that is not to be read. NULL: no memory.
 */
struct usyms_file *usyms_file_open(pid_t pid, const struct usyms_map *map);
/* Is it this one? What could not be read for one process may be there for another. */
bool usyms_file_is(const struct usyms_file *file, pid_t pid, const struct usyms_map *map);
/* The function at this offset of the file. Return: false: there is none. */
bool usyms_file_place(const struct usyms_file *file, uint64_t offset,
		      struct stack_place *place);
/* Symbols that it has; none of NULL. */
size_t usyms_file_nr(const struct usyms_file *file);
void usyms_file_free(struct usyms_file *file);

#endif /* USYMS_H */
