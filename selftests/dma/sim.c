// SPDX-License-Identifier: GPL-2.0-only
/* dma_sim's and dmabuf_copy's parameters and files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma.h"

static int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, text, size - 1);
	if (got < 0)
		got = -errno;
	else
		text[got] = '\0';
	close(fd);
	return got < 0 ? got : 0;
}

/* What a parameter was before the test. */
static struct {
	char path[128];
	char value[64];
} saved[DMA_MAX_PARAMS];
static unsigned int nr_saved;

static int param_save(const char *path)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr_saved; i++)
		if (!strcmp(saved[i].path, path))
			return 0;
	if (nr_saved == DMA_MAX_PARAMS)
		return -ENOSPC;
	err = file_read(path, saved[nr_saved].value, sizeof(saved[0].value));
	if (!err)
		snprintf(saved[nr_saved++].path, sizeof(saved[0].path), "%s", path);
	return err;
}

int dma_param_set(const char *module, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	return param_save(path) ?: st_file_write(path, value);
}

int dma_param_restore(void)
{
	int err = 0;

	while (nr_saved && !err) {
		nr_saved--;
		err = st_file_write(saved[nr_saved].path, saved[nr_saved].value);
	}
	return err;
}

/* dma0chan3 -> /sys/kernel/debug/dma_sim/chan3/@name */
static int sim_path(int copy, const char *name, char *path, size_t size)
{
	struct dmabuf_copy_info info;
	const char *chan;
	int err;

	err = dma_info(copy, &info);
	if (err)
		return err;
	chan = strstr(info.channel, "chan");
	if (!chan)
		return -EBADMSG;
	snprintf(path, size, "/sys/kernel/debug/dma_sim/%s/%s", chan, name);
	return 0;
}

int dma_fault(int copy, const char *text)
{
	char path[128];

	return sim_path(copy, "fault", path, sizeof(path)) ?: st_file_write(path, text);
}

/* The text behind "@key=" in the file "state". */
static int sim_value(int copy, const char *key, char *value, size_t size)
{
	char path[128], text[512], *word, *next = text;
	size_t len = strlen(key);
	int err;

	err = sim_path(copy, "state", path, sizeof(path)) ?:
	      file_read(path, text, sizeof(text));
	if (err)
		return err;
	while ((word = strsep(&next, " \n")))
		if (!strncmp(word, key, len) && word[len] == '=') {
			snprintf(value, size, "%s", word + len + 1);
			return 0;
		}
	return -ENOENT;
}

long long dma_count(int copy, const char *key)
{
	char value[32];

	return sim_value(copy, key, value, sizeof(value)) ?: atoll(value);
}

int dma_state(int copy, char *state, size_t size)
{
	return sim_value(copy, "state", state, size);
}

/* utime and stime are the 14th and 15th word of a stat file; the 2nd is "(NAME)". */
static long long stat_ticks(const char *pid, const char *name)
{
	unsigned long utime, stime;
	char path[280], text[512];
	char *open, *close;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (file_read(path, text, sizeof(text)))
		return 0;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || strncmp(open + 1, name, strlen(name)))
		return 0;
	if (sscanf(close + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &utime, &stime) != 2)
		return 0;
	return utime + stime;
}

long long dma_thread_ticks(const char *name)
{
	DIR *dir = opendir("/proc");
	long long ticks = 0;
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
			ticks += stat_ticks(entry->d_name, name);
	closedir(dir);
	return ticks;
}
