/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_RELEASE_H
#define _DSYNC_RELEASE_H

#include <linux/types.h>

struct dsync_set;

/**
 * enum dsync_end - how a set that was ready ends
 * @DSYNC_END_RELEASED: its owner releases it. A writer has written what it was told of
 * @DSYNC_END_UNDELIVERED: before its owner knew of it: nothing was written, and what was abandoned
 *	is left for the next one
 * @DSYNC_END_ABANDONED: its owner is gone
 * @DSYNC_END_REVOKED: its lease is over
 */
enum dsync_end {
	DSYNC_END_RELEASED,
	DSYNC_END_UNDELIVERED,
	DSYNC_END_ABANDONED,
	DSYNC_END_REVOKED,
};

int dsync_release(struct dsync_set *set, enum dsync_end how);
void dsync_release_unclaim(struct dsync_set *set);
bool dsync_release_claim(struct dsync_set *set);
void dsync_release_replaced(struct dsync_set *set, const struct dsync_set *by);
bool dsync_release_any(struct dsync_set *set);
bool dsync_release_unwritten(struct dsync_set *set);
void dsync_release_unready(struct dsync_set *set);
void dsync_release_job(struct dsync_set *set);

#endif /* _DSYNC_RELEASE_H */
