// SPDX-License-Identifier: GPL-2.0-only
/* The machine's edu device: where it is, taking it away, its interrupts. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edu_device.h"
#include "st.h"

#define PCI	"/sys/bus/pci"

static unsigned int hex_file(const char *dir, const char *device, const char *name)
{
	unsigned int value = 0;
	char path[384];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, device, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%x", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* The first name in @dir that is none of a device on PCI, or whose device is edu. */
static int find_in(const char *dir, bool edu, char *name, size_t size)
{
	struct dirent *entry;
	DIR *handle = opendir(dir);
	int err = -ENOENT;

	if (!handle)
		return -errno;
	while (err && (entry = readdir(handle))) {
		if (entry->d_name[0] == '.' ||
		    (edu && (hex_file(dir, entry->d_name, "vendor") != 0x1234 ||
			     hex_file(dir, entry->d_name, "device") != 0x11e8)))
			continue;
		snprintf(name, size, "%s", entry->d_name);
		err = 0;
	}
	closedir(handle);
	return err;
}

int edu_find(struct edu_device *edu)
{
	return find_in(PCI "/devices", true, edu->name, sizeof(edu->name));
}

static long memory_mb(void)
{
	return sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024);
}

bool edu_reaches_memory(const struct edu_device *edu)
{
	char path[128];

	snprintf(path, sizeof(path), PCI "/devices/%s/iommu_group", edu->name);
	return !access(path, F_OK) || memory_mb() <= 256;
}

int edu_channel(const struct edu_device *edu, char *channel, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), PCI "/devices/%s/dma", edu->name);
	return find_in(path, false, channel, size);
}

int edu_remove(const struct edu_device *edu)
{
	char path[128];

	snprintf(path, sizeof(path), PCI "/devices/%s/remove", edu->name);
	return st_file_write(path, "1");
}

int edu_rescan(void)
{
	return st_file_write(PCI "/rescan", "1");
}

int edu_unbind(const struct edu_device *edu)
{
	return st_file_write(PCI "/drivers/dma_edu/unbind", edu->name);
}

int edu_bind(const struct edu_device *edu)
{
	return st_file_write(PCI "/drivers/dma_edu/bind", edu->name);
}

/* A line is "NUMBER: COUNT COUNT ... CHIP ... NAME". */
static long line_sum(char *line)
{
	char *next = strchr(line, ':'), *end;
	long sum = 0, count;

	while (next) {
		count = strtol(next + 1, &end, 10);
		if (end == next + 1)
			break;
		sum += count;
		next = *end == ' ' ? end : NULL;
	}
	return sum;
}

long edu_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[512];
	long sum = -ENOENT;

	if (!file)
		return -errno;
	while (sum < 0 && fgets(line, sizeof(line), file))
		if (strstr(line, "dma_edu"))
			sum = line_sum(line);
	fclose(file);
	return sum;
}
