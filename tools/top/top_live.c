// SPDX-License-Identifier: GPL-2.0-only
#include "top_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "snapshot.h"
#include "top_unseen.h"
#include "words.h"

static const enum top_feed_state live_states[] = {
	[SESSION_WAITING] = TOP_FEED_AWAITED,
	[SESSION_ATTACHED] = TOP_FEED_RUNS,
	[SESSION_DETACHED] = TOP_FEED_LET_GO,
};

static void live_state(struct top_feed *feed)
{
	const struct top_live *live = feed->priv;

	feed->state = live_states[live->session.state];
	feed->may_change = session_looks(&live->session);
}

static int live_update(struct top_feed *feed)
{
	struct top_live *live = feed->priv;
	int ret = session_update(&live->session);

	live_state(feed);
	return ret;
}

static int live_toggle(struct top_feed *feed)
{
	struct top_live *live = feed->priv;
	int ret = session_toggle(&live->session);

	live_state(feed);
	return ret;
}

static void live_read(struct top_feed *feed, uint64_t ns)
{
	struct top_live *live = feed->priv;

	(void)ns;
	if (feed->state == TOP_FEED_RUNS)
		top_source_read(&live->source);
	else
		top_source_idle(&live->source);
}

/* Filters are constants of the programs. */
static int live_filter(struct top_feed *feed)
{
	struct top_live *live = feed->priv;

	if (feed->state != TOP_FEED_RUNS)
		return 0;
	session_toggle(&live->session);
	return live_toggle(feed);
}

static void live_want_users(struct top_feed *feed)
{
	struct top_live *live = feed->priv;

	top_users_want(&live->source);
}

static char *live_alert(struct top_summary *summary)
{
	return summary->alerts[summary->nr_alerts++];
}

static void live_tell_alerts(const struct top_source *source, struct top_summary *summary)
{
	size_t size = sizeof(summary->alerts[0]);

	if (source->ends_error)
		snprintf(live_alert(summary), size,
			 "the end of buffers and DMA_BUF_IOCTL_SYNC are not seen (%s): buffers stay until they were not used for %u s",
			 strerror(-source->ends_error), source->limits->forget_s);
	if (source->sync_error)
		snprintf(live_alert(summary), size,
			 "accesses from before the start are missing: " SNAPSHOT_PATH ": %s%s",
			 strerror(-source->sync_error), source->sync_error == -ENOENT ?
			 " (mount -t debugfs none /sys/kernel/debug)" : "");
}

static void live_tell(const struct top_feed *feed, struct top_summary *summary)
{
	const struct top_live *live = feed->priv;
	const struct session *session = &live->session;
	struct top_unseen unseen;

	*summary = (struct top_summary){
		.model = feed->model,
		.cost = &live->source.cost,
		.state = words_of(WORDS_SESSION, session->state),
	};
	format_time(summary->time, sizeof(summary->time));
	top_unseen_find(&unseen, session, &live->source);
	top_unseen_line(&unseen, summary->limits, sizeof(summary->limits));
	if (feed->state != TOP_FEED_RUNS) {
		snprintf(summary->notice, sizeof(summary->notice), "%s", session->text);
		return;
	}
	summary->probe = words_of(WORDS_PROBE, session->probe);
	snprintf(summary->title, sizeof(summary->title), "%s", session->text);
	live_tell_alerts(&live->source, summary);
}

static void live_end(struct top_feed *feed)
{
	struct top_live *live = feed->priv;

	session_end(&live->session);
	top_source_end(&live->source);
}

static const struct top_feed_ops live_ops = {
	.update = live_update,
	.toggle = live_toggle,
	.read = live_read,
	.filter = live_filter,
	.want_users = live_want_users,
	.tell = live_tell,
	.end = live_end,
};

void top_live_init(struct top_live *live, struct top_feed *feed,
		   const struct top_limits *limits, enum session_probe probe)
{
	top_source_init(&live->source, limits, feed->model);
	session_init(&live->session, &top_source_ops, &live->source, probe);
	session_use_stock(&live->session);
	feed->ops = &live_ops;
	feed->priv = live;
	feed->text = live->session.text;
}
