/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ABANDON_H
#define _DSYNC_ABANDON_H

#include "access.h"
#include "buf.h"

bool dsync_abandon_overlaps(struct dsync_buf *buf, unsigned long start, unsigned long last);

/**
 * dsync_abandon_look() - are bytes of an access marked
 * @access: the access
 *
 * Context: &dsync_buf.lock held. Without marks in the buffer it costs the read of one word.
 * Return: true if a writer abandoned some of them, and no writer that was told came since.
 */
static inline bool dsync_abandon_look(const struct dsync_access *access)
{
	return !RB_EMPTY_ROOT(&access->buf->marks.rb_root) &&
	       dsync_abandon_overlaps(access->buf, access->start, access->last);
}

void dsync_abandon_note(const struct dsync_access *access);
void dsync_abandon_clear(const struct dsync_access *access);
void dsync_abandon_forget(struct dsync_buf *buf);

#endif /* _DSYNC_ABANDON_H */
