/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_LINE_H
#define _DSYNC_LINE_H

#include "conflict.h"

struct dsync_access;
struct dsync_set;

/**
 * struct dsync_line - how far a set has made sure that no earlier request is in its way
 * @access: index of the access that is asked for; behind the last one: all were
 * @returned: requests that had come back to its buffers, with an old ticket, when it began
 * @cursor: how far that access was asked for
 *
 * Earlier requests only become fewer, but for those that come back: so no question is asked twice.
 */
struct dsync_line {
	unsigned int access;
	unsigned int returned;
	struct dsync_cursor cursor;
};

bool dsync_line_begin(struct dsync_set *set);
struct dsync_access *dsync_line_earlier(struct dsync_set *set, struct dsync_access *end);
void dsync_line_scan(struct dsync_set *set);

#endif /* _DSYNC_LINE_H */
