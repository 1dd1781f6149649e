/* SPDX-License-Identifier: GPL-2.0-only */
/* What numbers are called: on the screen, in CSV and JSON, and in the kernel's text forms. */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

enum words {
	WORDS_KIND,		/* of owners; enum dmabuf_sync_owner_kind, MODEL_KIND_SYNC */
	WORDS_MODE,		/* of accesses; DMA_BUF_ACCESS_RW */
	WORDS_AGENT,		/* enum top_agent */
	WORDS_STATE,		/* enum top_state, as the tools call it */
	WORDS_KERNEL_STATE,	/* enum top_state, as the kernel's snapshot does */
	WORDS_EVENT,		/* enum top_event_type */
	WORDS_SNAPSHOT,		/* enum snapshot_type */
	WORDS_SESSION,		/* enum session_state */
	WORDS_GROUP,		/* enum group_by */
	WORDS_PROBE,		/* enum session_probe */
};

/* Return: "?" for a number without a word. */
const char *words_of(enum words words, unsigned int number);
/* Return: the number of @word, or -ENOENT. */
int words_number(enum words words, const char *word);

/**
 * words_list() - words that a user can choose from, as a part of a sentence
 * @words: which ones
 * @first: number of the first of them
 * @text: where to: "a, b and c", cut off where @size ends
 * @size: of @text
 */
void words_list(enum words words, unsigned int first, char *text, size_t size);

#endif /* WORDS_H */
