// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own events, while the module is not there: programs whose names begin with
 * "stock_". What such a program is attached to is no interface, and not all kernels have it:
 * one that cannot be attached is left out and reported.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "top_source.h"

#include "dmasync_buffers.skel.h"
#include "dmasync_top.skel.h"

/* What a section is of, and what the kernel's BTF has when there is such a thing. */
static const struct stock_target {
	const char *section;
	const char *prefix;
	unsigned int kind;
} stock_targets[] = {
	{ "fentry/", "", BTF_KIND_FUNC },
	{ "fexit/", "", BTF_KIND_FUNC },
	{ "iter/", "bpf_iter_", BTF_KIND_FUNC },
	{ "tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF },
};

#define NR_TARGETS	(sizeof(stock_targets) / sizeof(stock_targets[0]))

static bool stock_is(const struct bpf_program *program)
{
	return !strncmp(bpf_program__name(program), "stock_", 6);
}

static bool stock_is_iter(const struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_TRACING &&
	       bpf_program__expected_attach_type(program) == BPF_TRACE_ITER;
}

static bool stock_exists(const struct btf *btf, const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	char name[128];
	size_t i;

	for (i = 0; i < NR_TARGETS; i++) {
		const struct stock_target *target = &stock_targets[i];
		size_t len = strlen(target->section);

		if (strncmp(section, target->section, len))
			continue;
		snprintf(name, sizeof(name), "%s%s", target->prefix, section + len);
		return btf__find_by_name_kind(btf, name, target->kind) > 0;
	}
	return true;
}

static void stock_misses(struct top_source *source, const struct bpf_program *program)
{
	size_t len = strlen(source->stock_missing);

	/* The list of buffers only adds to what open files tell. */
	if (stock_is_iter(program))
		return;
	snprintf(source->stock_missing + len, sizeof(source->stock_missing) - len, "%s%s",
		 len ? ", " : "", bpf_program__section_name(program));
}

/* Programs of the same events that see more take their place. */
static bool stock_replaces(const struct dmasync_buffers_bpf *ends,
			   const struct bpf_program *program)
{
	return program == ends->progs.buffer_gone || program == ends->progs.sync_begin ||
	       program == ends->progs.sync_end;
}

static void stock_maps(const struct top_source *source, struct dmasync_buffers_bpf *ends)
{
	struct bpf_map *maps[] = {
		ends->maps.opens, ends->maps.open_tasks, ends->maps.jobs,
		ends->maps.resvs, ends->maps.calls,
	};
	bool stock = source->probe == SESSION_PROBE_STOCK;
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		bpf_map__set_autocreate(maps[i], stock);
		if (maps[i] != ends->maps.calls)
			bpf_map__set_max_entries(maps[i], source->limits->max_buffers);
	}
}

int top_stock_choose(struct top_source *source, struct dmasync_buffers_bpf *ends)
{
	bool stock = source->probe == SESSION_PROBE_STOCK;
	struct bpf_program *program;
	struct btf *btf = NULL;

	source->stock_missing[0] = '\0';
	stock_maps(source, ends);
	if (stock) {
		btf = btf__load_vmlinux_btf();
		if (!btf)
			return -errno;
	}
	bpf_object__for_each_program(program, ends->obj) {
		if (!stock) {
			bpf_program__set_autoload(program, !stock_is(program));
		} else if (stock_replaces(ends, program)) {
			bpf_program__set_autoload(program, false);
		} else if (!stock_exists(btf, program)) {
			bpf_program__set_autoload(program, false);
			stock_misses(source, program);
		}
	}
	btf__free(btf);
	return 0;
}

/* Run the program for all that the kernel lists. */
static void stock_iterate(const struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	char buffer[64];
	ssize_t got;

	if (fd < 0)
		return;
	do {
		got = read(fd, buffer, sizeof(buffer));
	} while (got > 0 || (got < 0 && errno == EAGAIN));
	close(fd);
}

int top_stock_attach(struct top_source *source, struct dmasync_buffers_bpf *ends)
{
	int i;

	if (source->probe != SESSION_PROBE_STOCK)
		return dmasync_buffers_bpf__attach(ends);
	for (i = 0; i < ends->skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *skeleton = &ends->skeleton->progs[i];
		const struct bpf_program *program = *skeleton->prog;

		if (!bpf_program__autoload(program))
			continue;
		*skeleton->link = bpf_program__attach(program);
		if (!*skeleton->link)
			stock_misses(source, program);
		else if (stock_is_iter(program))
			stock_iterate(*skeleton->link);
	}
	return 0;
}
