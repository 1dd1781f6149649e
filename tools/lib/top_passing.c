// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that the pattern of -B lets pass. The programs learn a buffer's name and exporter when
 * the framework uses it for the first time. The tool looks for buffers that were in use before,
 * and for names given later.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "fdinfo.h"
#include "snapshot.h"
#include "top_source.h"

#include "dmasync_top.skel.h"

/* @found: buffers that have not passed before */
struct passing {
	const struct glob *glob;
	int map;
	bool found;
};

static void passing_add(struct passing *passing, uint64_t ino)
{
	uint32_t one = 1;

	if (!bpf_map_update_elem(passing->map, &ino, &one, BPF_NOEXIST))
		passing->found = true;
}

static void passing_fd(const struct fdinfo_buffer *buffer, void *priv)
{
	struct passing *passing = priv;

	if (glob_fits(passing->glob, buffer->name) || glob_fits(passing->glob, buffer->exporter))
		passing_add(passing, buffer->ino);
}

/* Those that nobody has open, but only mapped, are known by their exporter. */
static int passing_line(const struct snapshot_line *line, void *priv)
{
	struct passing *passing = priv;

	if (line->type == SNAPSHOT_ACCESS && glob_fits(passing->glob, line->exporter))
		passing_add(passing, line->access.ino);
	return 0;
}

static void passing_processes(struct passing *passing)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			fdinfo_buffers(atoi(entry->d_name), passing_fd, passing);
	closedir(proc);
}

bool top_passing_update(struct top_source *source)
{
	struct passing passing = {
		.glob = &source->limits->glob,
		.map = bpf_map__fd(source->skel->maps.passing),
	};

	if (!passing.glob->end)
		return false;
	passing_processes(&passing);
	snapshot_read(passing_line, &passing);
	return passing.found;
}

bool top_passing_has(const struct top_source *source, uint64_t ino)
{
	const struct top_limits *limits = source->limits;
	uint32_t value;

	if (limits->ino)
		return limits->ino == ino;
	return !limits->glob.end ||
	       !bpf_map_lookup_elem(bpf_map__fd(source->skel->maps.passing), &ino, &value);
}

bool top_passing_restore(const struct top_source *source, uint64_t ino)
{
	int fd = bpf_map__fd(source->skel->maps.passing);
	uint32_t one = 1;

	return !top_passing_has(source, ino) && !bpf_map_update_elem(fd, &ino, &one, BPF_ANY);
}
