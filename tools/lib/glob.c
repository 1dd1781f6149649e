// SPDX-License-Identifier: GPL-2.0-only
#include "glob.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* Bytes of the token that @text begins with; 0: it has no end. */
static size_t glob_token(const char *text)
{
	const char *end = text + 1;

	if (*text == '\\')
		return text[1] ? 2 : 0;
	if (*text != '[')
		return 1;
	end += *end == '!' || *end == '^';
	/* Here it is one of those that are meant. */
	end += *end == ']';
	end += strcspn(end, "]");
	return *end ? end + 1 - text : 0;
}

/* Which bytes fit the token is the C library's business. */
static void glob_accept(struct glob *glob, const char *text, size_t len, unsigned int number)
{
	char token[len + 1], byte[2] = "";
	unsigned int i;

	memcpy(token, text, len);
	token[len] = '\0';
	for (i = 1; i < 256; i++) {
		byte[0] = i;
		if (!fnmatch(token, byte, 0))
			glob->accepts[i] |= 1ULL << (number + 1);
	}
}

int glob_parse(struct glob *glob, const char *text)
{
	unsigned int nr = 0;
	size_t len;

	memset(glob, 0, sizeof(*glob));
	if (!*text)
		return -EINVAL;
	for (; *text; text += len) {
		len = glob_token(text);
		if (!len)
			return -EINVAL;
		if (*text == '*') {
			glob->stars |= 1ULL << nr;
			continue;
		}
		if (nr == GLOB_MAX)
			return -E2BIG;
		glob_accept(glob, text, len, nr++);
	}
	glob->end = 1ULL << nr;
	return 0;
}
