// SPDX-License-Identifier: GPL-2.0-only
#include "top_filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define DIGITS	"0123456789"

static const char *const filter_words[TOP_FILTER_NR_KEYS] = {
	[TOP_FILTER_BUFFER] = "buffer",
	[TOP_FILTER_COMM] = "comm",
	[TOP_FILTER_PID] = "pid",
	[TOP_FILTER_TID] = "tid",
};

#define WHY(why, ...)	snprintf(why, TOP_FILTER_WHY, __VA_ARGS__)

const char *top_filter_word(enum top_filter_key key)
{
	return filter_words[key];
}

/* There is one already. */
static int filter_twice(const char *what, char why[TOP_FILTER_WHY])
{
	WHY(why, "%s was given before, and only one can be looked for", what);
	return -EINVAL;
}

static int filter_number(uint64_t *number, const char *value, uint64_t max,
			 char why[TOP_FILTER_WHY])
{
	unsigned long long read;
	char *end;

	errno = 0;
	read = strtoull(value, &end, 10);
	if (!*value || value[strspn(value, DIGITS)] || errno || !read || read > max) {
		WHY(why, "'%.20s' is not a number from 1 to %" PRIu64, value, max);
		return -EINVAL;
	}
	*number = read;
	return 0;
}

static int filter_comm(struct top_limits *limits, const char *value, char why[TOP_FILTER_WHY])
{
	if (!*value || strlen(value) >= TOP_COMM_LEN) {
		WHY(why, "'%.40s' is not the name of a thread: it has 1 to %d characters", value,
		    TOP_COMM_LEN - 1);
		return -EINVAL;
	}
	if (limits->comm[0])
		return filter_twice("a name of threads", why);
	memcpy(limits->comm, value, strlen(value));
	return 0;
}

/* A number is always one of an inode. */
static int filter_buffer(struct top_limits *limits, const char *value,
			 char why[TOP_FILTER_WHY])
{
	if (*value && !value[strspn(value, DIGITS)])
		return limits->ino ? filter_twice("an inode number", why) :
				     filter_number(&limits->ino, value, UINT64_MAX, why);
	if (limits->glob.end)
		return filter_twice("a pattern", why);
	switch (glob_parse(&limits->glob, value)) {
	case 0:
		return 0;
	case -E2BIG:
		WHY(why, "'%.40s' is longer than any name: %d characters", value,
		    TOP_NAME_LEN - 1);
		return -EINVAL;
	default:
		WHY(why, "'%.40s' is neither a number nor a pattern: a [ or a \\ lacks its rest",
		    value);
		return -EINVAL;
	}
}

static int filter_task(uint32_t *task, const char *value, char why[TOP_FILTER_WHY])
{
	uint64_t number;
	int ret;

	if (*task)
		return filter_twice("a number of a task", why);
	ret = filter_number(&number, value, INT32_MAX, why);
	if (!ret)
		*task = number;
	return ret;
}

int top_filter_set(struct top_limits *limits, enum top_filter_key key, const char *value,
		   char why[TOP_FILTER_WHY])
{
	switch (key) {
	case TOP_FILTER_BUFFER:
		return filter_buffer(limits, value, why);
	case TOP_FILTER_COMM:
		return filter_comm(limits, value, why);
	case TOP_FILTER_PID:
		return filter_task(&limits->tgid, value, why);
	default:
		return filter_task(&limits->tid, value, why);
	}
}

/* "comm=...": Return: the key, or TOP_FILTER_NR_KEYS. */
static enum top_filter_key filter_key(const char *text)
{
	enum top_filter_key key;

	for (key = 0; key < TOP_FILTER_NR_KEYS; key++) {
		size_t length = strlen(filter_words[key]);

		if (!strncmp(text, filter_words[key], length) && text[length] == '=')
			break;
	}
	return key;
}

/* A value may have spaces in it: it ends where the next filter begins. */
static size_t filter_length(const char *text)
{
	size_t at;

	for (at = 1; text[at]; at++)
		if (text[at - 1] == ' ' && filter_key(text + at) != TOP_FILTER_NR_KEYS)
			break;
	return at;
}

/* One filter, @length long with the spaces behind it. */
static int filter_one(struct top_limits *limits, const char *text, size_t length,
		      char why[TOP_FILTER_WHY])
{
	enum top_filter_key key = filter_key(text);
	char one[TOP_FILTER_SIZE];

	snprintf(one, sizeof(one), "%.*s", (int)length, text);
	while (length && one[length - 1] == ' ')
		one[--length] = '\0';
	if (key != TOP_FILTER_NR_KEYS)
		return top_filter_set(limits, key, one + strlen(filter_words[key]) + 1, why);
	WHY(why, "'%.40s' is not a filter: use buffer=, comm=, pid= or tid=", one);
	return -EINVAL;
}

int top_filter_parse(struct top_limits *limits, const char *text, char why[TOP_FILTER_WHY])
{
	struct top_limits new = *limits;
	size_t length;
	int ret;

	new.ino = 0;
	new.tgid = 0;
	new.tid = 0;
	memset(new.comm, 0, sizeof(new.comm));
	memset(&new.glob, 0, sizeof(new.glob));
	for (text += strspn(text, " "); *text; text += length) {
		length = filter_length(text);
		ret = filter_one(&new, text, length, why);
		if (ret)
			return ret;
	}
	*limits = new;
	return 0;
}

void top_filter_copy(char to[TOP_FILTER_SIZE], const char *text)
{
	size_t length;

	snprintf(to, TOP_FILTER_SIZE, "%s", text + strspn(text, " "));
	for (length = strlen(to); length && to[length - 1] == ' '; length--)
		to[length - 1] = '\0';
}

void top_filter_append(char text[TOP_FILTER_SIZE], enum top_filter_key key, const char *value)
{
	size_t at = strlen(text);

	snprintf(text + at, TOP_FILTER_SIZE - at, "%s%s=%s", at ? " " : "", filter_words[key],
		 value);
}

/* Does a key begin like this? */
static bool filter_begins_key(const char *text)
{
	enum top_filter_key key;

	for (key = 0; key < TOP_FILTER_NR_KEYS; key++)
		if (!strncmp(filter_words[key], text, strlen(text)))
			return true;
	return false;
}

int top_filter_last(const char *text, enum top_filter_key *key, size_t *at)
{
	const char *word = strrchr(text, ' ');
	size_t begin = strspn(text, " "), length;

	*key = TOP_FILTER_NR_KEYS;
	if (word && filter_begins_key(word + 1)) {
		*at = word + 1 - text;
		return -ENOENT;
	}
	while (text[begin]) {
		length = filter_length(text + begin);
		if (!text[begin + length])
			break;
		begin += length;
	}
	*key = filter_key(text + begin);
	if (*key != TOP_FILTER_NR_KEYS) {
		*at = begin + strlen(filter_words[*key]) + 1;
		return 0;
	}
	*at = begin;
	return -ENOENT;
}

static void values_number(uint64_t number, void (*add)(const char *value, void *priv),
			  void *priv)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	if (number)
		add(text, priv);
}

static void values_comm(const char *comm, void (*add)(const char *value, void *priv),
			void *priv)
{
	char text[TOP_COMM_LEN];

	format_array(text, comm, sizeof(text));
	if (text[0])
		add(text, priv);
}

/* A name as a pattern: what has a meaning there is meant itself. */
static void values_name(const char *name, void (*add)(const char *value, void *priv),
			void *priv)
{
	char text[2 * MODEL_NAME_SIZE];
	size_t at = 0;

	for (; *name; name++) {
		if (strchr("*?[\\", *name))
			text[at++] = '\\';
		text[at++] = *name;
	}
	text[at] = '\0';
	if (at)
		add(text, priv);
}

static void values_buffer(const struct model_buffer *buffer, enum top_filter_key key,
			  void (*add)(const char *value, void *priv), void *priv)
{
	if (key == TOP_FILTER_PID)
		values_number(buffer->tgid, add, priv);
	if (key != TOP_FILTER_BUFFER)
		return;
	values_number(buffer->ino, add, priv);
	values_name(buffer->name, add, priv);
	values_name(buffer->exporter, add, priv);
}

static void values_party(const struct top_party *party, enum top_filter_key key,
			 void (*add)(const char *value, void *priv), void *priv)
{
	if (key == TOP_FILTER_PID)
		values_number(party->tgid, add, priv);
	else if (key == TOP_FILTER_COMM)
		values_comm(party->comm, add, priv);
}

static void values_access(const struct model_access *access, enum top_filter_key key,
			  void (*add)(const char *value, void *priv), void *priv)
{
	if (key == TOP_FILTER_PID)
		values_number(access->at.tgid, add, priv);
	else if (key == TOP_FILTER_TID)
		values_number(access->at.tid, add, priv);
	else if (key == TOP_FILTER_COMM)
		values_comm(access->at.comm, add, priv);
}

void top_filter_values(const struct model *model, enum top_filter_key key,
		       void (*add)(const char *value, void *priv), void *priv)
{
	size_t i;

	for (i = 0; i < model->nr_buffers; i++)
		values_buffer(model->buffers[i], key, add, priv);
	for (i = 0; i < model->nr_accesses; i++)
		values_access(&model->accesses[i], key, add, priv);
	for (i = 0; i < model->nr_blames; i++) {
		values_party(&model->blames[i].key.waiter, key, add, priv);
		values_party(&model->blames[i].key.holder, key, add, priv);
	}
}
