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

/* For fixtures with members w, recording, report, and contexts a and b of actors A and B. */
#define RECORDING_SETUP() do {						\
	ASSERT_EQ(0, st_world_open(&self->w));				\
	self->a = tool_actor("A");					\
	self->b = tool_actor("B");					\
	ASSERT_LE(0, self->b);						\
} while (0)

#define RECORDING_TEARDOWN() do {					\
	json_object_put(self->report);					\
	recording_remove(&self->recording);				\
	close(self->a);							\
	close(self->b);							\
	EXPECT_TRUE(st_world_close(&self->w));				\
} while (0)

#define RECORDING_START(...)						\
	ASSERT_EQ(0, recording_start(&self->recording, ##__VA_ARGS__, NULL))

/* What it says, after it was ended; nothing is missing. */
#define RECORDING_REPORT() do {						\
	self->report = recording_report(&self->recording, "");		\
	ASSERT_NE(NULL, self->report);					\
	EXPECT_EQ(0, self->recording.status);				\
} while (0)

#endif /* RECORDING_H */
