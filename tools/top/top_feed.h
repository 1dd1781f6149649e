/* SPDX-License-Identifier: GPL-2.0-only */
/* Where windows come from: views and keys do not know. */
#ifndef TOP_FEED_H
#define TOP_FEED_H

#include "top_summary.h"

enum top_feed_state {
	TOP_FEED_AWAITED,	/* there is nothing yet */
	TOP_FEED_RUNS,
	TOP_FEED_LET_GO,	/* on request */
	TOP_FEED_ENDED,		/* there is no more */
};

struct top_feed;

/**
 * struct top_feed_ops - what differs
 * @update: look whether there is something now. Return: 1 when the state changed, 0 when not,
 *	or a negative errno, with feed->text, when there never will be
 * @toggle: let go of it or come back, as @update; NULL: that cannot be
 * @read: the model gets a window; in a recording it is @ns long, 0: what there is up to now
 * @filter: the limits have other filters: begin anew with these, as @update
 * @want_users: counters of threads and engines are wanted
 * @tell: what the views say of it
 * @end: free it
 */
struct top_feed_ops {
	int (*update)(struct top_feed *feed);
	int (*toggle)(struct top_feed *feed);
	void (*read)(struct top_feed *feed, uint64_t ns);
	int (*filter)(struct top_feed *feed);
	void (*want_users)(struct top_feed *feed);
	void (*tell)(const struct top_feed *feed, struct top_summary *summary);
	void (*end)(struct top_feed *feed);
};

/**
 * struct top_feed - programs in the kernel
 * @ops: the kind
 * @priv: handed to @ops
 * @model: what it fills in
 * @state: where it stands
 * @may_change: it runs, and what is better may come, which nobody tells: look soon
 * @text: @state in words
 */
struct top_feed {
	const struct top_feed_ops *ops;
	void *priv;
	struct model *model;
	enum top_feed_state state;
	bool may_change;
	const char *text;
};

#endif /* TOP_FEED_H */
