/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_REQUEST_H
#define _DSYNC_REQUEST_H

#include <linux/ktime.h>

#include "set.h"

/* The stages of a request. Without points it begins with the second one. */
enum dsync_stage {
	DSYNC_STAGE_POINTS,
	DSYNC_STAGE_ACQUIRE,
	DSYNC_STAGE_FENCES,
	DSYNC_STAGE_WINDOWS,
	DSYNC_NR_STAGES,
};

/**
 * dsync_request_was_ready() - did a request come to its end
 * @set: the set, whose request is not made, or looked at, any more
 *
 * Return: true if the set has been ready; it may have been released since.
 */
static inline bool dsync_request_was_ready(const struct dsync_set *set)
{
	return set->stage == DSYNC_NR_STAGES;
}

int dsync_request(struct dsync_set *set, ktime_t *deadline);
int dsync_request_nonblock(struct dsync_set *set);
int dsync_request_async(struct dsync_set *set, dsync_done_fn done);
int dsync_request_queue(struct dsync_set *set, dsync_done_fn news);
void dsync_request_late(struct dsync_set *set);
int dsync_request_look(struct dsync_set *set);
bool dsync_request_goes_on(const struct dsync_set *set);
int dsync_request_open(struct dsync_set *set);
bool dsync_request_revoke(struct dsync_set *set);
void dsync_request_abandon(struct dsync_set *set);
bool dsync_request_cancel(struct dsync_set *set);

#endif /* _DSYNC_REQUEST_H */
