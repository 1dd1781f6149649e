// SPDX-License-Identifier: GPL-2.0-only
#include "top_recording.h"

#include <err.h>
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "format.h"
#include "replay.h"

/* What no recording tells. */
#define LIMITS "end of buffers, SYNC, later names, what tasks do, own cost"

static void recording_next(struct top_recording *recording)
{
	int ret = record_next(&recording->reader, &recording->record);

	recording->more = ret > 0;
	recording->problem = ret < 0 ? ret : 0;
}

static int recording_update(struct top_feed *feed)
{
	struct top_recording *recording = feed->priv;

	if (recording->begun)
		return 0;
	recording->begun = true;
	feed->state = TOP_FEED_RUNS;
	return 1;
}

/* What was lost is told at the end of the file. */
static void recording_ended(struct top_feed *feed)
{
	const struct top_recording *recording = feed->priv;
	const struct record_reader *reader = &recording->reader;
	struct model_lost *lost = &feed->model->lost;

	feed->state = TOP_FEED_ENDED;
	lost->events += record_fact_number(reader, "lost_records");
	lost->missed += record_fact_number(reader, "lost_runs");
	lost->unlisted += record_fact_number(reader, "lost_unlisted");
}

/* When the recording ends, as far as that is known. */
static uint64_t recording_closed_ns(const struct top_recording *recording)
{
	uint64_t closed_ns = record_fact_number(&recording->reader, "closed_ns");

	return closed_ns > recording->reader.last_ns ? closed_ns : recording->reader.last_ns;
}

static void recording_one(struct top_recording *recording)
{
	const struct record *record = &recording->record;

	if (record->head.kind == RECORD_SNAPSHOT)
		recording->no_snapshot = record->words[SNAPSHOT_ERROR];
	replay_record(record);
}

/* Is the next record of the window? At the begin only what was there before is. */
static bool recording_has(const struct top_recording *recording, uint64_t end_ns)
{
	const struct record_head *head = &recording->record.head;

	if (!recording->more)
		return false;
	if (end_ns > recording->begin_ns)
		return head->time_ns <= end_ns;
	return head->kind == RECORD_SNAPSHOT || head->kind == RECORD_THERE ||
	       head->kind == RECORD_BLOCKED || head->kind == RECORD_BUFFER;
}

static void recording_read(struct top_feed *feed, uint64_t ns)
{
	struct top_recording *recording = feed->priv;
	uint64_t end_ns = recording->end_ns + ns;

	if (!ns && recording->filled)
		return;
	while (recording_has(recording, end_ns)) {
		recording_one(recording);
		recording_next(recording);
	}
	if (!recording->more && end_ns >= recording_closed_ns(recording)) {
		end_ns = recording_closed_ns(recording);
		if (feed->state != TOP_FEED_ENDED)
			recording_ended(feed);
	}
	recording->end_ns = end_ns;
	recording->filled = true;
	replay_window(feed->model, recording->begin_ns, end_ns);
	replay_forget(feed->model, recording->limits->forget_s * CLOCK_NSEC_PER_SEC);
}

/* They are counted in any case. */
static void recording_want_users(struct top_feed *feed)
{
	(void)feed;
}

static void recording_tell(const struct top_feed *feed, struct top_summary *summary)
{
	const struct top_recording *recording = feed->priv;
	uint64_t offset_ns = record_fact_number(&recording->reader, "realtime_offset_ns");

	*summary = (struct top_summary){ .model = feed->model, .state = "recorded" };
	if (offset_ns)
		format_time_at(summary->time, sizeof(summary->time),
			       offset_ns + feed->model->now_ns);
	snprintf(summary->title, sizeof(summary->title), "%.2f s%s of %s",
		 (feed->model->now_ns - recording->begin_ns) / (double)CLOCK_NSEC_PER_SEC,
		 feed->state == TOP_FEED_ENDED ? ", the end" : "", recording->reader.path);
	snprintf(summary->limits, sizeof(summary->limits), "%s" LIMITS,
		 recording->no_snapshot ? "accesses before start, " : "");
	if (recording->problem)
		snprintf(summary->alerts[summary->nr_alerts++], sizeof(summary->alerts[0]),
			 "%s", recording->reader.text);
}

/* With a pattern it is read twice. Return: 0 or a negative errno. */
static int recording_open(struct top_recording *recording, const char *path)
{
	int ret = record_open(&recording->reader, path);

	if (ret)
		return ret;
	replay_begin();
	replay_filter(recording->limits);
	recording_next(recording);
	if (!recording->limits->glob.end)
		return 0;
	while (recording->more) {
		replay_name(&recording->record);
		recording_next(recording);
	}
	record_close(&recording->reader);
	ret = record_open(&recording->reader, path);
	if (!ret)
		recording_next(recording);
	return ret;
}

/* From the begin up to this window once more. What was lost at the end is not lost twice. */
static int recording_filter(struct top_feed *feed)
{
	struct top_recording *recording = feed->priv;
	const char *path = recording->reader.path;
	uint64_t window_ns = feed->model->window_ns;
	int ret;

	model_clear(feed->model);
	feed->model->recorded = true;
	feed->model->lost.edges = 0;
	record_close(&recording->reader);
	ret = recording_open(recording, path);
	if (ret) {
		feed->text = recording->reader.text;
		return ret;
	}
	recording->end_ns -= window_ns;
	recording->filled = false;
	recording_read(feed, 0);
	recording_read(feed, window_ns);
	return 1;
}

static void recording_end(struct top_feed *feed)
{
	struct top_recording *recording = feed->priv;

	record_close(&recording->reader);
	model_clear(feed->model);
}

static const struct top_feed_ops recording_ops = {
	.update = recording_update,
	.read = recording_read,
	.filter = recording_filter,
	.want_users = recording_want_users,
	.tell = recording_tell,
	.end = recording_end,
};

int top_recording_init(struct top_recording *recording, struct top_feed *feed,
		       const struct top_limits *limits, const char *path)
{
	int ret;

	*recording = (struct top_recording){ .limits = limits, .no_snapshot = true };
	ret = recording_open(recording, path);
	if (ret)
		return ret;
	recording->begin_ns = recording->more ? recording->record.head.time_ns :
			      recording_closed_ns(recording);
	recording->end_ns = recording->begin_ns;
	snprintf(recording->text, sizeof(recording->text), "replay of %s", path);
	feed->model->recorded = true;
	feed->ops = &recording_ops;
	feed->priv = recording;
	feed->text = recording->text;
	return 0;
}

bool top_recording_misses(const struct top_recording *recording)
{
	if (recording->problem)
		warnx("%s", recording->reader.text);
	return recording->problem;
}
