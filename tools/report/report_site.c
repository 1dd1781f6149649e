// SPDX-License-Identifier: GPL-2.0-only
/* What places in programs and in the kernel are called. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report_stacks.h"

/* A damaged recording may have a frame that calls itself. */
#define MAX_DEPTH	256

static int frame_compare(const void *a, const void *b)
{
	const struct stack_frame *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

void stack_frames_sort(struct report_stacks *stacks)
{
	if (stacks->nr_frames)
		qsort(stacks->frames, stacks->nr_frames, sizeof(*stacks->frames),
		      frame_compare);
}

const struct stack_frame *stack_frame_find(const struct report_stacks *stacks,
					   uint64_t number)
{
	struct stack_frame key = { .number = number };

	if (!number || !stacks->nr_frames)
		return NULL;
	return bsearch(&key, stacks->frames, stacks->nr_frames, sizeof(key), frame_compare);
}

static bool begins(const char *name, const char *const *with, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strncmp(name, with[i], strlen(with[i])))
			return true;
	return false;
}

#define BEGINS(name, with)	begins(name, with, sizeof(with) / sizeof((with)[0]))

/* The whole of it. */
static bool matches(const char *name, const char *const *patterns, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return false;
}

#define MATCHES(name, patterns)						\
	matches(name, patterns, sizeof(patterns) / sizeof((patterns)[0]))

/* The framework, and how a process gets into the kernel. */
static bool site_passes_kernel(const struct stack_frame *frame)
{
	static const char *const names[] = {
		"dsync_", "dmabuf_sync_", "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_",
		"__arm64_sys_", "__se_sys_", "__do_sys_", "x64_sys_call", "ia32_sys_call",
		"do_syscall_64", "do_int80", "do_fast_syscall", "__do_fast_syscall",
		"entry_SYSCALL", "entry_SYSENTER", "entry_INT80", "invoke_syscall", "el0",
		"do_el0", "vfs_ioctl", "do_vfs_ioctl", "do_fcntl", "fcntl_setlk",
	};

	return !strcmp(frame->file, "dmabuf_sync") || BEGINS(frame->name, names);
}

/* Libraries that only hand on what they are called for. */
static bool site_passes_user(const struct stack_frame *frame)
{
	static const char *const files[] = {
		"libc.so", "libc.so.*", "libc-*.so*", "libc.*.so*", "libpthread.so*",
		"libpthread-*.so*", "ld-*.so*", "libdmabuf-sync.so*",
	};
	static const char *const names[] = {
		"ioctl", "ioctl_time64", "fcntl", "fcntl64", "fcntl_time64", "syscall",
		"libc_fcntl", "libc_fcntl64", "GI___ioctl", "GI___fcntl", "GI___fcntl64",
	};

	return MATCHES(frame->file, files) ||
	       MATCHES(frame->name + strspn(frame->name, "_"), names);
}

static bool site_passes(const struct stack_frame *frame)
{
	return frame->kernel ? site_passes_kernel(frame) : site_passes_user(frame);
}

static void site_text(const struct stack_frame *frame, char *text, size_t size)
{
	char address[32];

	snprintf(address, sizeof(address), "%s%#" PRIx64, frame->file[0] ? "+" : "",
		 frame->offset);
	if (!frame->name[0])
		snprintf(text, size, "%s%s", frame->file, address);
	else if (!frame->file[0])
		snprintf(text, size, "%s%s", frame->name, frame->kernel &&
			 frame->name[0] != '[' ? " [kernel]" : "");
	else
		snprintf(text, size, frame->kernel ? "%s [%s]" : "%s (%s)", frame->name,
			 frame->file);
}

void stack_site(const struct report_stacks *stacks, uint64_t number, char *text, size_t size)
{
	const struct stack_frame *first = stack_frame_find(stacks, number), *frame = first;
	unsigned int depth;

	text[0] = '\0';
	for (depth = 0; frame && site_passes(frame) && depth < MAX_DEPTH; depth++)
		frame = stack_frame_find(stacks, frame->caller);
	frame = frame ?: first;
	if (frame)
		site_text(frame, text, size);
}

/* A frame as flame graphs have it: without what ends a frame, the frames, or the line. */
static void folded_frame(FILE *file, const struct stack_frame *frame)
{
	char text[sizeof(frame->name) + sizeof(frame->file) + 32], *at;

	if (frame->name[0])
		snprintf(text, sizeof(text), "%s", frame->name);
	else
		site_text(frame, text, sizeof(text));
	for (at = text; *at; at++)
		fputc(*at == ';' ? ':' : *at == ' ' ? '_' : *at, file);
	if (frame->kernel)
		fputs("_[k]", file);
}

char *stack_folded(const struct report_stacks *stacks, uint64_t number, const char *comm)
{
	const struct stack_frame *frames[MAX_DEPTH], *frame;
	char *text = NULL;
	size_t size, nr = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (; *comm; comm++)
		fputc(*comm == ';' ? ':' : *comm, file);
	frame = stack_frame_find(stacks, number);
	if (!frame)
		fputs(";[no stack]", file);
	for (; frame && nr < MAX_DEPTH; frame = stack_frame_find(stacks, frame->caller))
		frames[nr++] = frame;
	while (nr--) {
		fputc(';', file);
		folded_frame(file, frames[nr]);
	}
	return fclose(file) ? free(text), NULL : text;
}
