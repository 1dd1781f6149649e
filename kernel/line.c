// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines: is an earlier request in the way of a set? A set asks for each of its accesses, under the
 * lock of that access's buffer, and in pieces where there are many requests. Earlier requests only
 * become fewer, so it goes on where it stopped. If one comes back with an old ticket (ticket.c) the
 * set begins anew.
 */
#include <linux/err.h>
#include <linux/sched.h>

#include "buf.h"
#include "line.h"
#include "set.h"

/**
 * dsync_line_begin() - before a set asks for earlier requests
 * @set: the set; one that is new begins anew, as it has no place yet
 *
 * Context: &dsync_buf.lock of a local set held; of any other its task, or worker.
 * Return: true if it begins anew.
 */
bool dsync_line_begin(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned int returned = 0;

	dsync_set_for_each_buf(set, access)
		returned += atomic_read(&access->buf->nr_returned);
	if (set->state != DSYNC_NEW && set->line.returned == returned)
		return false;
	set->line = (struct dsync_line){ .returned = returned };
	return true;
}

/* Is one in the way of an access, among the requests that its buffer has? */
static noinline struct dsync_access *earlier_in(struct dsync_set *set, struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, set->ticket ?: U64_MAX);

	return dsync_conflict_scan(&access->buf->queued, &ask, &set->line.cursor, DSYNC_MAX_STEPS);
}

/* The place in one access's requests is none in those of the next one. */
static void line_advance(struct dsync_line *line)
{
	line->access++;
	line->cursor = (struct dsync_cursor){};
}

/**
 * dsync_line_earlier() - is an earlier request in the way
 * @set: the set, after dsync_line_begin(); while it has no ticket all requests are earlier
 * @end: behind the last access of the buffer that is asked for
 *
 * Goes on where it has stopped. What it once has passed by is not there any more.
 *
 * Context: &dsync_buf.lock held.
 * Return: an access of the request, or NULL; -EAGAIN when this takes longer.
 */
struct dsync_access *dsync_line_earlier(struct dsync_set *set, struct dsync_access *end)
{
	struct dsync_access *access = set->accesses + set->line.access, *earlier = NULL;

	for (; access < end && !earlier; access++) {
		lockdep_assert_held(&access->buf->lock);
		if (access->buf->nr_queued)
			earlier = earlier_in(set, access);
		if (!earlier)
			line_advance(&set->line);
	}
	return earlier;
}

static struct dsync_access *scan_some(struct dsync_set *set)
{
	struct dsync_access *line = set->accesses + set->line.access;
	struct dsync_access *access, *end = NULL, *earlier;
	unsigned long flags;

	dsync_set_for_each_part(set, access, end)
		if (line < end)
			break;
	dsync_buf_lock(line->buf, &flags);
	earlier = dsync_line_earlier(set, end);
	dsync_buf_unlock(line->buf, flags);
	return earlier;
}

/**
 * dsync_line_scan() - look for earlier requests in the way of a set, in pieces
 * @set: a queued set that is not local
 *
 * Without the resv of its buffers; then little is left to be asked.
 *
 * Context: process context, the set's own task or worker.
 */
void dsync_line_scan(struct dsync_set *set)
{
	struct dsync_access *earlier = NULL;

	dsync_line_begin(set);
	while (set->line.access < set->nr && (!earlier || IS_ERR(earlier))) {
		earlier = scan_some(set);
		cond_resched();
	}
}
