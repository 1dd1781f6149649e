// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gaps: which bytes of an access does a set not have. What a change gives up, and what it
 * adds.
 */
#include <linux/minmax.h>

#include "gap.h"
#include "set.h"

static bool is_as_strong(const struct dsync_access *access, const struct dsync_access *other)
{
	return access->buf == other->buf &&
	       (dsync_access_writes(access) || !dsync_access_writes(other));
}

/**
 * dsync_gap_next() - find bytes of an access that a set does not have
 * @set: the set
 * @access: the access, perhaps of another set; its buffer, mode and bytes count
 * @gap: @gap->next: where to begin; the bytes, and where to go on
 *
 * For dsync_gap_for_each().
 *
 * Return: false: there are no more that the set does not have in a mode as strong.
 */
bool dsync_gap_next(const struct dsync_set *set, const struct dsync_access *access,
		    struct dsync_gap *gap)
{
	unsigned long start = gap->next, last = access->last;
	const struct dsync_access *own;

	dsync_set_for_each(set, own) {
		if (start > access->last)
			return false;
		if (!is_as_strong(own, access) || own->last < start)
			continue;
		if (own->start > start) {
			last = min(last, own->start - 1);
			break;
		}
		start = own->last + 1;
	}
	if (start > access->last)
		return false;
	*gap = (struct dsync_gap){ .start = start, .last = last, .next = last + 1 };
	return true;
}
