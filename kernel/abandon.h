/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ABANDON_H
#define _DSYNC_ABANDON_H

#include "access.h"
#include "buf.h"

u8 dsync_abandon_overlaps(struct dsync_buf *buf, unsigned long start, unsigned long last);

/**
 * dsync_abandon_any() - are there marks
 * @buf: the buffer
 *
 * Context: &dsync_buf.lock held.
 * Return: true if bytes of the buffer are marked.
 */
static inline bool dsync_abandon_any(const struct dsync_buf *buf)
{
	return !RB_EMPTY_ROOT(&buf->marks[DSYNC_MARK_ABANDONED].rb_root) ||
	       !RB_EMPTY_ROOT(&buf->marks[DSYNC_MARK_REVOKED].rb_root);
}

/**
 * dsync_abandon_look() - are bytes of an access marked
 * @access: the access
 *
 * Context: &dsync_buf.lock held. Without marks in the buffer it costs the read of two words.
 * Return: BIT(enum dsync_mark_kind): a writer left some of them so, and no writer that was told
 * came since.
 */
static inline u8 dsync_abandon_look(const struct dsync_access *access)
{
	if (!dsync_abandon_any(access->buf))
		return 0;
	return dsync_abandon_overlaps(access->buf, access->start, access->last);
}

void dsync_abandon_note(const struct dsync_access *access, enum dsync_mark_kind kind);
void dsync_abandon_clear(const struct dsync_access *access);
void dsync_abandon_forget(struct dsync_buf *buf);

#endif /* _DSYNC_ABANDON_H */
