/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters in words: "comm=camera buffer=frame*". */
#ifndef TOP_FILTER_H
#define TOP_FILTER_H

#include <stddef.h>

#include "model.h"
#include "top_limits.h"

#define TOP_FILTER_SIZE	256
#define TOP_FILTER_WHY	160

enum top_filter_key {
	TOP_FILTER_BUFFER,
	TOP_FILTER_COMM,
	TOP_FILTER_PID,
	TOP_FILTER_TID,
	TOP_FILTER_NR_KEYS,
};

/* The word before the '='. */
const char *top_filter_word(enum top_filter_key key);
/* Return: 0, or -EINVAL with the reason in @why, and @limits as before. */
int top_filter_set(struct top_limits *limits, enum top_filter_key key, const char *value,
		   char why[TOP_FILTER_WHY]);
/* All of @text, in place of the filters of before. Return: likewise. */
int top_filter_parse(struct top_limits *limits, const char *text, char why[TOP_FILTER_WHY]);
/* @text without spaces around it. */
void top_filter_copy(char to[TOP_FILTER_SIZE], const char *text);
/* Add a filter to the @text of others. */
void top_filter_append(char text[TOP_FILTER_SIZE], enum top_filter_key key, const char *value);

/*
 * What is being written at the end of @text. Return: 0 for the value of @key, -ENOENT for a
 * key, which is TOP_FILTER_NR_KEYS then; @at: where it begins.
 */
int top_filter_last(const char *text, enum top_filter_key *key, size_t *at);
/* Call @add for each value of @key that there is, in any order, and more than once. */
void top_filter_values(const struct model *model, enum top_filter_key key,
		       void (*add)(const char *value, void *priv), void *priv);

#endif /* TOP_FILTER_H */
