// SPDX-License-Identifier: GPL-2.0-only
#include "filter_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

/* Control characters that shells know, too. */
#define CONTROL(letter)	((letter) & 0x1f)

static void line_forget(struct filter_line *line)
{
	while (line->nr)
		free(line->values[--line->nr]);
}

/* One more value that begins like what is written. */
static void line_value(const char *value, void *priv)
{
	struct filter_line *line = priv;
	enum top_filter_key key;
	size_t at, i;

	top_filter_last(line->text, &key, &at);
	if (strncmp(value, line->text + at, strlen(line->text + at)))
		return;
	for (i = 0; i < line->nr; i++)
		if (!strcmp(line->values[i], value))
			return;
	if (line->nr == FILTER_MAX_VALUES)
		return;
	line->values[line->nr] = strdup(value);
	line->nr += !!line->values[line->nr];
}

static int line_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What may follow what is written now. */
static void line_look(struct filter_line *line, const struct model *model)
{
	char word[16];
	enum top_filter_key key;
	size_t at;

	line_forget(line);
	line->step = 0;
	if (!top_filter_last(line->text, &key, &at)) {
		top_filter_values(model, key, line_value, line);
	} else {
		for (key = 0; key < TOP_FILTER_NR_KEYS; key++) {
			snprintf(word, sizeof(word), "%s=", top_filter_word(key));
			line_value(word, line);
		}
	}
	qsort(line->values, line->nr, sizeof(line->values[0]), line_by_name);
}

/* The next value in place of what is written of one; behind the last one that comes back. */
static void line_complete(struct filter_line *line, const struct model *model)
{
	enum top_filter_key key;
	size_t at, value;

	if (!line->step)
		line->stem = strlen(line->text);
	value = line->step++ % (line->nr + 1);
	line->text[line->stem] = '\0';
	top_filter_last(line->text, &key, &at);
	if (value < line->nr)
		snprintf(line->text + line->stem, sizeof(line->text) - line->stem, "%s",
			 line->values[value] + (line->stem - at));
	/* A key is not more than that: its values follow. */
	if (value < line->nr && key == TOP_FILTER_NR_KEYS && line->nr == 1)
		line_look(line, model);
}

static void line_write(struct filter_line *line, int character, const struct model *model)
{
	size_t length = strlen(line->text);

	if (character < ' ' || character == 0x7f || length + 1 == sizeof(line->text))
		return;
	line->text[length] = character;
	line->text[length + 1] = '\0';
	line_look(line, model);
}

static void line_shorten(struct filter_line *line, size_t length, const struct model *model)
{
	line->text[length] = '\0';
	line_look(line, model);
}

void filter_line_open(struct filter_line *line, const char *text, const struct model *model)
{
	snprintf(line->text, sizeof(line->text), "%s%s", text, *text ? " " : "");
	line->why[0] = '\0';
	line->open = true;
	line_look(line, model);
}

enum filter_line_end filter_line_key(struct filter_line *line, int key,
				     const struct model *model)
{
	size_t length = strlen(line->text);

	line->why[0] = '\0';
	switch (key) {
	case SCREEN_KEY_ENTER:
		return FILTER_LINE_READY;
	case SCREEN_KEY_ESCAPE:
		return FILTER_LINE_LEFT;
	case SCREEN_KEY_BACKSPACE:
		if (length)
			line_shorten(line, length - 1, model);
		break;
	case SCREEN_KEY_CHAR + CONTROL('U'):
		line_shorten(line, 0, model);
		break;
	case SCREEN_KEY_CHAR + '\t':
		line_complete(line, model);
		break;
	default:
		if (key > SCREEN_KEY_CHAR)
			line_write(line, key - SCREEN_KEY_CHAR, model);
	}
	return FILTER_LINE_GOES_ON;
}

void filter_line_show(const struct filter_line *line, char *text, size_t size)
{
	size_t at = snprintf(text, size, "filter: %s_", line->text), i;

	if (line->why[0] && at < size)
		snprintf(text + at, size - at, "  %s", line->why);
	for (i = 0; !line->why[0] && i < line->nr && at < size; i++)
		at += snprintf(text + at, size - at, "%s%s", i ? " " : "  Tab: ",
			       line->values[i]);
}

void filter_line_close(struct filter_line *line)
{
	line_forget(line);
	line->open = false;
}
