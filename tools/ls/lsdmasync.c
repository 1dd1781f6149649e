// SPDX-License-Identifier: GPL-2.0-only
/* lsdmasync: who has which dma-buf, and who waits for whom, once. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "ls_list.h"
#include "ls_table.h"
#include "options.h"

#define DEBUGFS		"/sys/kernel/debug"
#define OPTION_INO	256

/* What is listed is right, but not all there is. */
#define EXIT_MORE	2

const char *argp_program_version = "lsdmasync (dmabuf-sync) " VERSION;

struct options {
	struct ls_choice choice;
	bool json;
	bool no_headings;
};

static const char options_doc[] =
"List who has which dma-buf, by access, and who waits for whom.\n"
"\v"
"Exit status: 0, or 2 if a buffer has more accesses than the kernel lists, 1 on failure, "
"64 on wrong usage.";

static const struct argp_option options_argp[] = {
	{ "json", 'J', NULL, 0, "One JSON object", 0 },
	{ "noheadings", 'n', NULL, 0, "No line with titles", 0 },
	{ "pid", 'p', "PID", 0, "Only accesses of this process, and those in their way", 0 },
	{ "ino", OPTION_INO, "NUMBER", 0,
	  "Only accesses of the buffer with this inode number, and those in their way", 0 },
	{ "waiting", 'w', NULL, 0, "Only accesses that wait, and those in their way", 0 },
	{ 0 },
};

static error_t options_one(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'J':
		options->json = true;
		return 0;
	case 'n':
		options->no_headings = true;
		return 0;
	case 'p':
		options->choice.tgid = options_number(state, "--pid", arg, 1, INT32_MAX);
		return 0;
	case OPTION_INO:
		options->choice.ino = options_number(state, "--ino", arg, 1, UINT64_MAX);
		return 0;
	case 'w':
		options->choice.waiting = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': there are no arguments, only options", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Why the snapshot cannot be read, and what to do about it. */
static const char *reason(int err)
{
	struct statfs fs;

	if (err == -ENOENT && access("/sys/module/dmabuf_sync", F_OK))
		return "the module is not loaded: modprobe dmabuf_sync";
	if (err == -ENOENT && (statfs(DEBUGFS, &fs) || fs.f_type != DEBUGFS_MAGIC))
		return "debugfs is not mounted: mount -t debugfs none " DEBUGFS;
	if (err == -EACCES)
		return "only root may read it: sudo lsdmasync";
	if (err == -EPERM)
		return "the kernel is locked down (secure boot); dmasync-top works";
	if (err == -EBADMSG)
		return "a line is not understood: the module is of another version";
	return strerror(-err);
}

static void print_json(const struct ls_list *list)
{
	struct json_object *root = json_object_new_object();
	struct json_object *accesses = json_object_new_array();
	struct json_object *unlisted = json_object_new_array();
	size_t i;

	for (i = 0; i < list->nr_accesses; i++)
		if (list->accesses[i].shown)
			json_object_array_add(accesses, ls_table_json(&list->accesses[i]));
	for (i = 0; i < list->nr_more; i++) {
		struct json_object *more = json_object_new_object();

		json_object_object_add(more, "ino", json_object_new_uint64(list->more[i].ino));
		json_object_object_add(more, "held", json_object_new_int64(list->more[i].held));
		json_object_object_add(more, "edges", json_object_new_int64(list->more[i].edges));
		json_object_array_add(unlisted, more);
	}
	json_object_object_add(root, ls_table.name, accesses);
	json_object_object_add(root, "unlisted", unlisted);
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY));
	json_object_put(root);
}

static void print_text(const struct ls_list *list, const struct options *options)
{
	char line[OUTPUT_LINE_SIZE];
	struct layout layout;
	size_t i;

	output_layout_titles(&ls_table, &layout);
	for (i = 0; i < list->nr_accesses; i++)
		if (list->accesses[i].shown)
			output_widen(&layout, &list->accesses[i]);
	if (!options->no_headings) {
		output_heading(&layout, line, sizeof(line));
		puts(line);
	}
	for (i = 0; i < list->nr_accesses; i++) {
		if (!list->accesses[i].shown)
			continue;
		output_line(&layout, &list->accesses[i], line, sizeof(line));
		puts(line);
	}
}

static int tell_more(const struct ls_list *list)
{
	size_t i;

	for (i = 0; i < list->nr_more; i++)
		fprintf(stderr,
			"lsdmasync: buffer %llu: the kernel does not list %u more accesses that are held, nor everything that %u requests wait for\n",
			(unsigned long long)list->more[i].ino, list->more[i].held,
			list->more[i].edges);
	return list->nr_more ? EXIT_MORE : 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options_argp, .parser = options_one, .doc = options_doc,
	};
	struct options options = { 0 };
	struct ls_list list;
	int err, status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	err = ls_list_read(&list);
	if (err) {
		fprintf(stderr, "lsdmasync: " SNAPSHOT_PATH ": %s\n", reason(err));
		return 1;
	}
	ls_list_choose(&list, &options.choice);
	if (options.json)
		print_json(&list);
	else
		print_text(&list, &options);
	status = tell_more(&list);
	ls_list_free(&list);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "lsdmasync: standard output: %s\n", strerror(errno ?: EIO));
		return 1;
	}
	return status;
}
