// SPDX-License-Identifier: GPL-2.0-only
#include "fdinfo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format.h"

static const char fdinfo_link[] = "/dmabuf:";

static bool fdinfo_is_buffer(int fds, const char *fd)
{
	char link[sizeof(fdinfo_link)];
	ssize_t len = readlinkat(fds, fd, link, sizeof(link));

	return len >= (ssize_t)sizeof(fdinfo_link) - 1 &&
	       !memcmp(link, fdinfo_link, sizeof(fdinfo_link) - 1);
}

/*
 * The name is the last thing there is, and somebody else's text: it may hold lines, which look
 * like others. Keep the first one in @name and read the rest of it from @file.
 */
static void fdinfo_name(FILE *file, const char *first, struct fdinfo_buffer *buffer)
{
	char name[2 * sizeof(buffer->name)], more[2 * sizeof(buffer->name)];
	size_t len;

	snprintf(name, sizeof(name), "%s", first);
	while (fgets(more, sizeof(more), file)) {
		len = strlen(name);
		snprintf(name + len, sizeof(name) - len, "%s", more);
	}
	len = strlen(name);
	if (len && name[len - 1] == '\n')
		name[len - 1] = '\0';
	format_name(buffer->name, sizeof(buffer->name), name);
}

static void fdinfo_line(FILE *file, char *line, struct fdinfo_buffer *buffer)
{
	char *value = strchr(line, '\t');

	if (!value)
		return;
	*value++ = '\0';
	if (!strcmp(line, "name:")) {
		fdinfo_name(file, value, buffer);
		return;
	}
	value[strcspn(value, "\n")] = '\0';
	if (!strcmp(line, "ino:"))
		sscanf(value, "%" SCNu64, &buffer->ino);
	else if (!strcmp(line, "size:"))
		sscanf(value, "%" SCNu64, &buffer->size);
	else if (!strcmp(line, "exp_name:"))
		format_name(buffer->exporter, sizeof(buffer->exporter), value);
}

static bool fdinfo_read(int infos, const char *fd, struct fdinfo_buffer *buffer)
{
	char line[256];
	FILE *file;
	int info;

	info = openat(infos, fd, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	file = fdopen(info, "r");
	if (!file) {
		close(info);
		return false;
	}
	memset(buffer, 0, sizeof(*buffer));
	while (fgets(line, sizeof(line), file))
		fdinfo_line(file, line, buffer);
	fclose(file);
	return buffer->ino && buffer->exporter[0];
}

int fdinfo_buffers(pid_t pid,
		   void (*fn)(const struct fdinfo_buffer *buffer, void *priv),
		   void *priv)
{
	struct fdinfo_buffer buffer;
	struct dirent *entry;
	char path[32];
	int infos;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	infos = open(path, O_DIRECTORY | O_PATH | O_CLOEXEC);
	if (infos < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	fds = opendir(path);
	if (!fds) {
		int err = -errno;

		close(infos);
		return err;
	}
	while ((entry = readdir(fds)))
		if (fdinfo_is_buffer(dirfd(fds), entry->d_name) &&
		    fdinfo_read(infos, entry->d_name, &buffer))
			fn(&buffer, priv);
	closedir(fds);
	close(infos);
	return 0;
}
