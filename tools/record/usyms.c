// SPDX-License-Identifier: GPL-2.0-only
#include "usyms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* More than that is not code of a program. */
#define MAX_MAPS	4096
/* With more symbols than that all files are read anew. */
#define MAX_SYMBOLS	(1U << 19)

void usyms_forget(struct usyms *usyms)
{
	size_t i;

	for (i = 0; i < usyms->nr; i++)
		free(usyms->maps[i].path);
	usyms->nr = 0;
	usyms->pid = 0;
}

/* "begin-end perms offset device inode path" */
static void usyms_line(struct usyms *usyms, char *line)
{
	struct usyms_map map = { 0 };
	unsigned int major, minor;
	uint64_t ino;
	char perms[8];
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &map.begin, &map.end, perms, &map.offset, &major, &minor, &ino, &at) != 7)
		return;
	if (!strchr(perms, 'x') || usyms->nr == MAX_MAPS)
		return;
	map.dev = makedev(major, minor);
	map.ino = ino;
	map.path = strdup(at ? line + at : "");
	if (map.path)
		usyms->maps[usyms->nr++] = map;
}

int usyms_process(struct usyms *usyms, pid_t pid)
{
	char name[32], *line = NULL;
	size_t size = 0;
	FILE *file;
	int err;

	if (usyms->pid == pid)
		return 0;
	usyms_forget(usyms);
	if (!usyms->maps)
		usyms->maps = calloc(MAX_MAPS, sizeof(*usyms->maps));
	if (!usyms->maps)
		return -ENOMEM;
	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	file = fopen(name, "re");
	if (!file)
		return -errno;
	errno = 0;
	while (getline(&line, &size, file) > 0)
		usyms_line(usyms, line);
	err = ferror(file) ? -errno : 0;
	free(line);
	fclose(file);
	/* Of a process that is about to end nothing is left. */
	if (!err && !usyms->nr)
		err = -ESRCH;
	if (err)
		usyms_forget(usyms);
	else
		usyms->pid = pid;
	return err;
}

/* Forget files, if they have too much in all. */
static void usyms_trim(struct usyms *usyms)
{
	size_t nr = 0;
	unsigned int i;

	for (i = 0; i < USYMS_NR_FILES; i++)
		nr += usyms_file_nr(usyms->files[i]);
	for (i = 0; i < USYMS_NR_FILES && nr > MAX_SYMBOLS; i++) {
		usyms_file_free(usyms->files[i]);
		usyms->files[i] = NULL;
	}
}

static struct usyms_file *usyms_file(struct usyms *usyms, const struct usyms_map *map)
{
	struct usyms_file **place;
	unsigned int i;

	for (i = 0; i < USYMS_NR_FILES; i++)
		if (usyms->files[i] && usyms_file_is(usyms->files[i], usyms->pid, map))
			return usyms->files[i];
	if (map->path[0] != '/')
		return NULL;
	usyms_trim(usyms);
	place = &usyms->files[usyms->next++ % USYMS_NR_FILES];
	usyms_file_free(*place);
	*place = usyms_file_open(usyms->pid, map);
	return *place;
}

/* The end of a path that is too long says more than its begin. */
static void usyms_path(const char *path, char *file, size_t size)
{
	size_t length = strlen(path);

	if (length < size)
		memcpy(file, path, length + 1);
	else
		snprintf(file, size, "...%s", path + length - (size - 4));
}

void usyms_place(struct usyms *usyms, uint64_t address, struct stack_place *place)
{
	const struct usyms_map *map = NULL;
	const struct usyms_file *file;
	size_t i;

	*place = (struct stack_place){ .offset = address };
	for (i = 0; i < usyms->nr && !map; i++)
		if (address >= usyms->maps[i].begin && address < usyms->maps[i].end)
			map = &usyms->maps[i];
	if (!map || !map->path[0])
		return;
	usyms_path(map->path, place->file, sizeof(place->file));
	place->offset = address - map->begin + map->offset;
	file = usyms_file(usyms, map);
	if (file)
		usyms_file_place(file, place->offset, place);
}

void usyms_free(struct usyms *usyms)
{
	unsigned int i;

	usyms_forget(usyms);
	for (i = 0; i < USYMS_NR_FILES; i++)
		usyms_file_free(usyms->files[i]);
	free(usyms->maps);
	*usyms = (struct usyms){ 0 };
}
