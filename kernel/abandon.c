// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks of abandoned write accesses: what a writer left in an undefined state because it
 * died or closed its file. A mark outlives the state of its buffer and holds no reference
 * on it. There is a fixed number of marks, so that noting one cannot fail; in a row that
 * is full the oldest is forgotten.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "abandon.h"

#define MARK_ROWS	256
#define MARKS_PER_ROW	8

/* A mark is unused while its ino is 0: inode numbers of dma-bufs begin at 1. */
struct mark {
	u64 ino;
	unsigned long start;
	unsigned long last;
};

/* Newest first. */
static struct mark marks[MARK_ROWS][MARKS_PER_ROW];
static DEFINE_SPINLOCK(marks_lock);
static atomic_t nr_marks = ATOMIC_INIT(0);

static struct mark *row_of(u64 ino)
{
	return marks[hash_64(ino, ilog2(MARK_ROWS))];
}

static struct mark *row_find(struct mark *row, u64 ino)
{
	unsigned int i;

	for (i = 0; i < MARKS_PER_ROW; i++)
		if (row[i].ino == ino)
			return &row[i];
	return NULL;
}

/* Make room at the front of the row; what falls off its end is forgotten. */
static struct mark *row_push(struct mark *row)
{
	unsigned int i = 0;

	while (i < MARKS_PER_ROW - 1 && row[i].ino)
		i++;
	if (!row[i].ino)
		atomic_inc(&nr_marks);
	memmove(row + 1, row, i * sizeof(*row));
	return row;
}

/**
 * dsync_abandon_note() - a write access was abandoned
 * @ino: inode number of the dma-buf
 * @start: first byte
 * @last: last byte
 *
 * A buffer has one mark; a second range widens it.
 *
 * Context: any.
 */
void dsync_abandon_note(u64 ino, unsigned long start, unsigned long last)
{
	struct mark *row = row_of(ino), *mark;
	unsigned long flags;

	spin_lock_irqsave(&marks_lock, flags);
	mark = row_find(row, ino);
	if (mark) {
		mark->start = min(mark->start, start);
		mark->last = max(mark->last, last);
	} else {
		*row_push(row) = (struct mark){ ino, start, last };
	}
	spin_unlock_irqrestore(&marks_lock, flags);
}

/* The bytes from @start to @last are written anew: a mark keeps what lies outside. */
static void mark_cut(struct mark *mark, unsigned long start, unsigned long last)
{
	if (start <= mark->start && last >= mark->last) {
		mark->ino = 0;
		atomic_dec(&nr_marks);
	} else if (start <= mark->start) {
		mark->start = last + 1;
	} else if (last >= mark->last) {
		mark->last = start - 1;
	}
}

/**
 * dsync_abandon_check() - was a range abandoned
 * @ino: inode number of the dma-buf
 * @start: first byte
 * @last: last byte
 * @write: the caller is the next writer: the range is not marked any more
 *
 * Context: any. Without any mark in the system this costs the read of one word.
 * Return: true if a writer abandoned some of the bytes and no writer came since.
 */
bool dsync_abandon_check(u64 ino, unsigned long start, unsigned long last,
			 bool write)
{
	unsigned long flags;
	struct mark *mark;
	bool found;

	if (!atomic_read(&nr_marks))
		return false;

	spin_lock_irqsave(&marks_lock, flags);
	mark = row_find(row_of(ino), ino);
	found = mark && start <= mark->last && mark->start <= last;
	if (found && write)
		mark_cut(mark, start, last);
	spin_unlock_irqrestore(&marks_lock, flags);
	return found;
}
