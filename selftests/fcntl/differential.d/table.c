// SPDX-License-Identifier: GPL-2.0-only
/* The lock tables of the differential test: read, sorted, compared, and shown. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "st.h"
#include "table.h"

static int lock_cmp(const void *pa, const void *pb)
{
	const struct lock *a = pa, *b = pb;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

static bool lock_equal(const struct lock *a, const struct lock *b)
{
	return a->file == b->file && a->owner == b->owner && a->type == b->type &&
	       a->start == b->start && a->end == b->end;
}

unsigned int table_owner(const struct side *side, int pid)
{
	unsigned int i;

	for (i = 0; i < NR_PLAYERS; i++)
		if (side->player[i].pid == pid)
			return i;
	return NR_OWNERS;
}

static const char *next_word(const char **at)
{
	const char *word;

	*at += strspn(*at, " ");
	word = *at;
	*at += strcspn(*at, " \n");
	return word;
}

static bool word_is(const char *word, const char *text)
{
	size_t len = strlen(text);

	return !strncmp(word, text, len) && (word[len] == ' ' || word[len] == '\n');
}

/*
 * A line of /proc/locks: number, class, kind, type, pid, file, start, end. Not with sscanf(),
 * which would be most of what a step costs.
 */
static void table_add(struct table *table, const struct side *side, const char *line)
{
	const char *word[8];
	unsigned int i, f;

	for (i = 0; i < ST_ARRAY_SIZE(word); i++)
		word[i] = next_word(&line);
	for (f = 0; f < NR_FILES; f++)
		if (word_is(word[5], side->id[f]))
			break;
	if (f == NR_FILES || table->nr == MAX_LOCKS)
		return;
	table->locks[table->nr++] = (struct lock){
		.file = f,
		.owner = table_owner(side, atoi(word[4])),
		.type = word[3][0] == 'W' ? F_WRLCK : F_RDLCK,
		.start = atoll(word[6]),
		.end = word[7][0] == 'E' ? INT64_MAX : atoll(word[7]),
	};
}

static size_t locks_read(char *text, size_t size)
{
	static int fd = -1;
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		fd = open("/proc/locks", O_RDONLY | O_CLOEXEC);
	while (used < size - 1 && (got = pread(fd, text + used, size - 1 - used, used)) > 0)
		used += got;
	text[used] = 0;
	return used;
}

void table_read(struct table *tmpfs, const struct side *tmpfs_side,
		struct table *dma, const struct side *dma_side)
{
	static char text[1 << 16];
	const char *line, *at;

	tmpfs->nr = 0;
	dma->nr = 0;
	locks_read(text, sizeof(text));
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		/* Sleepers have an arrow after their number, on a plain file. */
		at = line;
		next_word(&at);
		if (!strncmp(next_word(&at), "->", 2))
			continue;
		table_add(tmpfs, tmpfs_side, line);
		table_add(dma, dma_side, line);
	}
	qsort(tmpfs->locks, tmpfs->nr, sizeof(struct lock), lock_cmp);
	qsort(dma->locks, dma->nr, sizeof(struct lock), lock_cmp);
}

bool table_equal(const struct table *a, const struct table *b)
{
	unsigned int i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++)
		if (!lock_equal(&a->locks[i], &b->locks[i]))
			return false;
	return true;
}

bool table_has_file(const struct table *table, unsigned int file)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->locks[i].file == file)
			return true;
	return false;
}

bool table_has_lock(const struct table *table, unsigned int file, unsigned int owner,
		    const struct flock *fl)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		const struct lock *l = &table->locks[i];
		int64_t len = l->end == INT64_MAX ? 0 : l->end - l->start + 1;

		if (l->file == file && l->owner == owner && l->type == fl->l_type &&
		    l->start == fl->l_start && len == fl->l_len)
			return true;
	}
	return false;
}

const char *table_text(const struct table *table)
{
	static char text[2][200];
	static int which;
	size_t used = 0;
	unsigned int i;

	which = !which;
	text[which][0] = 0;
	for (i = 0; i < table->nr && used < sizeof(text[0]); i++)
		used += snprintf(text[which] + used, sizeof(text[0]) - used,
				 " %u/%u:%c[%lld,%lld]", table->locks[i].file,
				 table->locks[i].owner,
				 table->locks[i].type == F_WRLCK ? 'W' : 'R',
				 (long long)table->locks[i].start,
				 (long long)table->locks[i].end);
	return text[which];
}
