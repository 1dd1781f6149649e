/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top as a child whose output is compared with what the test did. */
#ifndef TOOL_H
#define TOOL_H

#include <json-c/json.h>
#include <stdio.h>

#include "st.h"

#define TOOL_MAX_ARGS	16

/* Loading BPF programs takes its time in a machine that is emulated on a busy host. */
#define TOOL_ATTACH_MS	90000
#define TOOL_TEST(fixture, test)	TEST_F_TIMEOUT(fixture, test, 240)
/* Its tests run with each kind of probe: variant->probe. */
#define TOOL_VARIANTS(fixture)						\
	FIXTURE_VARIANT(fixture) { char *probe; };			\
	FIXTURE_VARIANT_ADD(fixture, tp_btf) { .probe = "tp_btf" };	\
	FIXTURE_VARIANT_ADD(fixture, raw_tp) { .probe = "raw_tp" }

/**
 * struct tool - a dmasync-top that writes JSON
 * @pid: the process
 * @out: its standard output
 * @err: its standard error
 * @least: set before it is started: it gets no more privilege than it needs for BPF
 */
struct tool {
	pid_t pid;
	FILE *out;
	FILE *err;
	bool least;
};

/* The program under test. */
const char *tool_program(void);

/* Start any program with these arguments. Return: 0 or a negative errno. */
int tool_spawn(struct tool *tool, char **args);
/* It ends by itself, or was told to: show what it still says. Return: exit status, or -1. */
int tool_wait(struct tool *tool);

/*
 * Start "dmasync-top --json --delay 3600" with more options, up to NULL: the window ends
 * when the test says so. Return: 0 or a negative errno.
 */
int tool_start(struct tool *tool, ...);
/* Wait until it says on standard error a line with this text. */
bool tool_says(struct tool *tool, const char *text);
/* The same; @said gets the line. */
bool tool_says_line(struct tool *tool, const char *text, char *said, size_t size);
/* tool_start(), and it is attached. */
#define tool_attach(tool, ...)						\
	(tool_start(tool, ##__VA_ARGS__, NULL) ?:			\
	 tool_says(tool, ": attached by ") ? 0 : -ETIME)
/* Exit status when something was lost. */
#define TOOL_LOST	2
/*
 * End the window and the tool. Return: its report, or NULL when it did not end well: with an
 * exit status that is not 0 or, when the report says that something was lost, not TOOL_LOST.
 */
struct json_object *tool_end(struct tool *tool);
/* One line of its report: of a window that ended by itself or by SIGUSR1. */
struct json_object *tool_line(struct tool *tool);
void tool_kill(struct tool *tool);
/* Run a command, up to its end. Return: its exit status, -1 when it had none. */
int tool_shell(const char *command, char *text, size_t size);

/* Rows of @table in a report that have this number, NULL when there is no such one. */
struct json_object *tool_row(struct json_object *report, const char *table,
			     const char *key, uint64_t number);
/* Rows that @table has. */
size_t tool_nr_rows(struct json_object *report, const char *table);
/* A number of an object; -1: it has none. */
int64_t tool_number(struct json_object *object, const char *key);
/* The sum of such numbers of all rows. */
int64_t tool_sum(struct json_object *rows, const char *key);
/* A number of the report's summary. */
int64_t tool_summary(struct json_object *report, const char *key);
double tool_real(struct json_object *object, const char *key);
/* A text of an object; "" when it has none. */
const char *tool_text(struct json_object *object, const char *key);

/* A number that a row is to have. */
struct tool_figure {
	const char *key;
	int64_t number;
};

/* Needs the harness: what is different is told. */
#define TOOL_EXPECT_FIGURES(row, ...) do {				\
	const struct tool_figure _figures[] = { __VA_ARGS__ };		\
	size_t _i;							\
									\
	for (_i = 0; _i < ST_ARRAY_SIZE(_figures); _i++) {		\
		EXPECT_EQ(_figures[_i].number, tool_number(row, _figures[_i].key)) \
			TH_LOG("%s", _figures[_i].key);			\
	}								\
} while (0)

/* The name of the thread, for requests and contexts that it makes from now on. */
void tool_name(const char *name);
/* A context that is opened under this name. */
int tool_actor(const char *name);
/*
 * Acquire the buffer for writing and release it @nr times, as a thread of this name.
 * Return: 0 or a negative errno.
 */
int tool_use(const char *name, int ctx, const struct st_buffer *buf, unsigned int nr);

#endif /* TOOL_H */
