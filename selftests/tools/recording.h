/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-record as a child, and what dmasync-report says of its file. */
#ifndef RECORDING_H
#define RECORDING_H

#include "tool.h"

/**
 * struct recording - a file that is being made, or was
 * @tool: dmasync-record
 * @path: the file
 * @status: exit status of dmasync-report
 */
struct recording {
	struct tool tool;
	char path[64];
	int status;
};

/* Start it with more options, up to NULL; it is attached then. Return: 0 or -errno. */
int recording_start(struct recording *recording, ...);
/* End it. Return: its exit status. */
int recording_end(struct recording *recording);
/* What the report says, with these options of the shell. Return: NULL when it is not JSON. */
struct json_object *recording_report(struct recording *recording, const char *options);
/* The same as text. Return: exit status. */
int recording_text(const struct recording *recording, const char *options, char *text,
		   size_t size);
void recording_remove(struct recording *recording);

#endif /* RECORDING_H */
