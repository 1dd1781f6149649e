// SPDX-License-Identifier: GPL-2.0-only
/* dmasync-report: what a recording says. */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "report.h"
#include "report_diff.h"
#include "report_perfetto.h"

#define EXIT_LOST	2

static void report_one(struct report *report, const struct record *record)
{
	switch (report->options.format) {
	case REPORT_LIST:
		report_record(record, report->begin_ns);
		break;
	case REPORT_PERFETTO:
		perfetto_record(record, report->begin_ns);
		break;
	default:
		report_waits_record(&report->waits, record);
		report_stacks_record(&report->stacks, record);
		replay_record(record);
	}
}

static bool report_is_later(const struct report *report, uint64_t time_ns)
{
	return time_ns > report->begin_ns &&
	       time_ns - report->begin_ns > report->options.until_ns;
}

/* Everything that can be read, into the model, or as it is. */
static void report_read(struct report *report)
{
	struct record record;
	int ret;

	while ((ret = record_next(&report->reader, &record)) > 0) {
		if (!report->begin_ns)
			report->begin_ns = record.head.time_ns;
		if (report_is_later(report, record.head.time_ns))
			break;
		report_one(report, &record);
	}
	report->problem = ret < 0 ? ret : 0;
	report->end_ns = record_fact_number(&report->reader, "closed_ns");
	if (ret > 0 || report_is_later(report, report->end_ns))
		report->end_ns = report->begin_ns + report->options.until_ns;
}

static void report_perfetto(const struct report *report)
{
	const char *path = report->options.perfetto;
	long ret = perfetto_close(report->end_ns);

	if (ret < 0) {
		errno = -ret;
		err(1, "%s", path);
	}
	if (ret)
		warnx("%s: %ld slices were left out: more than %d at once on a track", path,
		      ret, PERFETTO_MAX_LANES);
}

static void report_build(struct report *report)
{
	replay_window(&report->model, report->begin_ns, report->end_ns);
	report_waits_end(&report->waits, &report->model, report->begin_ns);
	report_stacks_end(&report->stacks, &report->waits);
	report_lists(report);
}

/* What is missing is told at the end. */
static int report_status(const struct report *report)
{
	const struct record_reader *reader = &report->reader;
	uint64_t lost = report_lost(report);

	if (report->problem)
		warnx("%s", reader->text);
	if (lost)
		warnx("%s: lost when it was recorded: records %llu, runs %llu, unlisted %llu, stacks %llu, frames %llu; see dmasync-record(8)",
		      reader->path,
		      (unsigned long long)record_fact_number(reader, "lost_records"),
		      (unsigned long long)record_fact_number(reader, "lost_runs"),
		      (unsigned long long)record_fact_number(reader, "lost_unlisted"),
		      (unsigned long long)record_fact_number(reader, "lost_stacks"),
		      (unsigned long long)record_fact_number(reader, "lost_frames"));
	return report->problem || lost ? EXIT_LOST : 0;
}

/* Older recordings have none, and those that were made without. */
static void report_needs_stacks(const struct report *report)
{
	const struct report_options *options = &report->options;

	if (options->format != REPORT_FOLDED &&
	    (options->format != REPORT_CSV || strcmp(options->table, report_stack_table.name)))
		return;
	if (report->stacks.nr)
		return;
	/* They may have been in what cannot be read. */
	if (report->problem)
		exit(report_status(report));
	errx(1, "%s has no stacks: record with dmasync-record --stacks", options->file);
}

static void report_free(struct report *report)
{
	enum report_part part;

	for (part = 0; part < REPORT_NR_PARTS; part++)
		view_list_free(&report->lists[part]);
	free(report->events);
	group_free(&report->groups);
	blame_free(&report->blames);
	chain_free(&report->chains);
	report_waits_free(&report->waits);
	report_stacks_free(&report->stacks);
	model_clear(&report->model);
	record_close(&report->reader);
}

static void report_begin(struct report *report)
{
	const struct report_options *options = &report->options;
	int ret;

	ret = record_open(&report->reader, options->file);
	if (ret)
		errx(1, "%s%s", report->reader.text,
		     ret == -ENOENT ? "; dmasync-record makes a recording" : "");
	report->waits.stacks = &report->stacks;
	replay_begin();
	if (options->format == REPORT_PERFETTO)
		ret = perfetto_open(options->perfetto);
	if (ret) {
		errno = -ret;
		err(1, "%s", options->perfetto);
	}
}

/* Another recording, from before: the same way, and then beside the other one. */
static int report_compare(struct report *after)
{
	static struct report before = { .model.recorded = true };
	int ret, status;

	before.options = after->options;
	before.options.file = after->options.diff;
	report_begin(&before);
	report_read(&before);
	report_build(&before);
	report_begin(after);
	report_read(after);
	report_build(after);
	ret = report_diff(&before, after);
	status = report_status(&before);
	report_free(&before);
	if (ret) {
		errno = -ret;
		err(1, "standard output");
	}
	return report_status(after) ?: status;
}

int main(int argc, char **argv)
{
	static struct report report = { .model.recorded = true };
	int ret, status;

	report_options_parse(&report.options, argc, argv);
	if (report.options.diff) {
		status = report_compare(&report);
		report_free(&report);
		return status;
	}
	report_begin(&report);
	report_read(&report);
	if (report.options.format == REPORT_PERFETTO)
		report_perfetto(&report);
	else if (report.options.format != REPORT_LIST)
		report_build(&report);
	report_needs_stacks(&report);
	ret = report_write(&report);
	if (ret == -ENOENT)
		errx(1, "--csv: there is no table '%s': recording, buffers, groups, pairs, stacks, latencies, waits, chains or events",
		     report.options.table);
	if (ret) {
		errno = -ret;
		err(1, "standard output");
	}
	status = report_status(&report);
	report_free(&report);
	return status;
}
