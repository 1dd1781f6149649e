// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "words.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* One key of a line: how to read its value, into which member. */
struct snapshot_key {
	const char *name;
	int (*parse)(const char *value, void *member);
	size_t offset;
};

static int snapshot_u64(const char *value, void *member)
{
	top_u64 *number = member;
	char *end;

	errno = 0;
	*number = strtoull(value, &end, 10);
	return errno || end == value || *end ? -EBADMSG : 0;
}

static int snapshot_u32(const char *value, void *member)
{
	top_u64 wide;
	int err = snapshot_u64(value, &wide);

	if (err || wide > UINT32_MAX)
		return -EBADMSG;
	*(top_u32 *)member = wide;
	return 0;
}

static int snapshot_word(const char *value, void *member, enum words words)
{
	int number = words_number(words, value);

	if (number < 0)
		return -EBADMSG;
	*(top_u32 *)member = number;
	return 0;
}

static int snapshot_kind(const char *value, void *member)
{
	return snapshot_word(value, member, WORDS_KIND);
}

static int snapshot_mode(const char *value, void *member)
{
	return snapshot_word(value, member, WORDS_MODE);
}

static int snapshot_agent(const char *value, void *member)
{
	return snapshot_word(value, member, WORDS_AGENT);
}

static int snapshot_state(const char *value, void *member)
{
	return snapshot_word(value, member, WORDS_KERNEL_STATE);
}

static int snapshot_fence(const char *value, void *member)
{
	struct top_access *access = member;
	char *end;

	access->fence_context = strtoull(value, &end, 10);
	if (*end != ':')
		return -EBADMSG;
	return snapshot_u64(end + 1, &access->fence_seqno);
}

static int snapshot_driver(const char *value, void *member)
{
	snprintf(member, sizeof(((struct top_timeline *)0)->driver), "%s", value);
	return 0;
}

static int snapshot_timeline(const char *value, void *member)
{
	snprintf(member, TOP_NAME_LEN, "%s", value);
	return 0;
}

/* A committed job whose engine began it is a running one. */
static int snapshot_began(const char *value, void *member)
{
	top_u32 *state = member;
	top_u64 ns;
	int err = snapshot_u64(value, &ns);

	if (!err && ns && *state == TOP_STATE_COMMITTED)
		*state = TOP_STATE_RUNNING;
	return err;
}

static int snapshot_comm(const char *value, void *member)
{
	format_name(member, TOP_COMM_LEN, value);
	return 0;
}

static int snapshot_exporter(const char *value, void *member)
{
	format_name(member, SNAPSHOT_EXPORTER_SIZE, value);
	return 0;
}

/* A type that is not known is of a newer module. */
static int snapshot_type(const char *value, void *member)
{
	int number = words_number(WORDS_SNAPSHOT, value);

	*(enum snapshot_type *)member = number < 0 ? SNAPSHOT_OTHER : number;
	return 0;
}

#define KEY(name, parse, member)					\
	{ name, snapshot_##parse, offsetof(struct snapshot_line, member) }

static const struct snapshot_key snapshot_keys[] = {
	KEY("type", type, type),
	KEY("ino", u64, access.ino),
	KEY("exporter", exporter, exporter),
	KEY("size", u64, size),
	KEY("access", u64, id),
	KEY("owner", u64, access.owner),
	KEY("kind", kind, access.kind),
	KEY("tgid", u32, access.tgid),
	KEY("tid", u32, access.tid),
	KEY("mode", mode, access.mode),
	KEY("agent", agent, access.agent),
	KEY("state", state, access.state),
	KEY("start", u64, access.start),
	KEY("len", u64, access.len),
	KEY("since_ns", u64, access.since_ns),
	KEY("fence", fence, access),
	KEY("driver", driver, timeline.driver),
	KEY("timeline", timeline, timeline.name),
	KEY("began_ns", began, access.state),
	KEY("comm", comm, access.comm),
	KEY("blocker", u64, edge.blocker),
	KEY("blocker_owner", u64, edge.owner),
	KEY("queued", u32, queued),
	KEY("held", u32, held),
	KEY("edges", u32, edges),
};

/* A key that is not known here is of a newer module, and passed over. */
static int snapshot_value(struct snapshot_line *line, const char *name,
			  const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(snapshot_keys); i++) {
		const struct snapshot_key *key = &snapshot_keys[i];

		if (!strcmp(key->name, name))
			return key->parse(value, (char *)line + key->offset);
	}
	return 0;
}

static bool snapshot_is_whole(const struct snapshot_line *line)
{
	switch (line->type) {
	case SNAPSHOT_ACCESS:
		return line->id && line->access.ino;
	case SNAPSHOT_EDGE:
		return line->id && line->edge.blocker;
	case SNAPSHOT_MORE:
		return line->access.ino;
	default:
		return false;
	}
}

/* "type=word key=value key=value ... comm=the rest of the line" */
static int snapshot_parse(char *text, struct snapshot_line *line)
{
	char *name, *value;
	int err = 0;

	memset(line, 0, sizeof(*line));
	text[strcspn(text, "\n")] = '\0';
	while (!err && text && *text) {
		name = text;
		value = strchr(name, '=');
		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		text = strcmp(name, "comm") ? strchr(value, ' ') : NULL;
		if (text)
			*text++ = '\0';
		err = snapshot_value(line, name, value);
		if (line->type == SNAPSHOT_OTHER)
			return 0;
	}
	return err ?: snapshot_is_whole(line) ? 0 : -EBADMSG;
}

int snapshot_lines(FILE *file, snapshot_fn fn, void *priv)
{
	struct snapshot_line line;
	char *text = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&text, &size, file) >= 0) {
		err = snapshot_parse(text, &line);
		if (!err && line.type != SNAPSHOT_OTHER)
			err = fn(&line, priv);
	}
	if (!err && ferror(file))
		err = -EIO;
	free(text);
	return err;
}

int snapshot_read(snapshot_fn fn, void *priv)
{
	FILE *file = fopen(SNAPSHOT_PATH, "re");
	int err;

	if (!file)
		return -errno;
	err = snapshot_lines(file, fn, priv);
	fclose(file);
	return err;
}
