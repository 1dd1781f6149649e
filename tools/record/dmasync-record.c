// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-record: the trace events of dmabuf-sync, in a file.
 *
 * The programs put records into rings. The tool takes them out, puts them in order and appends
 * them to the file. Its memory does not grow: when it is too slow the rings fill up, and what
 * is lost then is counted and told.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "record_flight.h"
#include "record_options.h"
#include "record_sink.h"
#include "signals.h"
#include "words.h"

#define EXIT_LOST	2
/* The flight recorder had no reason to write. */
#define EXIT_NOTHING	3
/* How often to look into rings that do not fill up, and for a module that is not there. */
#define LOOK_MS		100
/* A record of this age is written even though its block is not full. */
#define FLUSH_NS	1000000000ULL
/*
 * A record gets its time before it is in the ring: one that is younger may have to wait for an
 * older one of another CPU.
 */
#define SETTLE_NS	5000000ULL

/**
 * struct recorder - the program
 * @options: from the command line
 * @session: the programs' life
 * @source: their records
 * @sink: the file
 * @flight: the last seconds, with --flight
 * @signals: a signalfd
 * @end_ns: when to end by itself
 * @more: the last turn did not read all that was there
 * @done: it ends now
 */
struct recorder {
	struct record_options options;
	struct session session;
	struct record_source source;
	struct record_sink sink;
	struct record_flight flight;
	int signals;
	uint64_t end_ns;
	bool more;
	bool done;
};

static void recorder_failed(const struct recorder *recorder, int error)
{
	errno = -error;
	err(1, "%s cannot be written; -o chooses another file", recorder->options.output);
}

static int recorder_record(const struct record_head *record, void *priv)
{
	struct recorder *recorder = priv;

	if (!recorder->options.flight_ns)
		return record_sink_add(&recorder->sink, record);
	record_flight_add(&recorder->flight, record);
	record_trigger_record(&recorder->options.trigger, record);
	return 0;
}

/*
 * Move what is in the rings to the file, but for the youngest: up to @until_ns. Return: true:
 * there is more, which is for the next turn.
 */
static bool recorder_read(struct recorder *recorder, uint64_t until_ns)
{
	struct record_source *source = &recorder->source;
	int more = record_source_read(source), ret = 0;

	/* A ring that was not looked at yet may have what is older than all of these. */
	if (more != -EAGAIN)
		ret = record_batch_take(&source->batch, more ? UINT64_MAX : until_ns,
					recorder_record, recorder);
	if (!ret)
		ret = record_sink_flush(&recorder->sink, FLUSH_NS);
	if (ret)
		recorder_failed(recorder, ret);
	return more;
}

static void recorder_signal(struct recorder *recorder)
{
	struct signalfd_siginfo info;

	while (read(recorder->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGUSR1)
			recorder->done = true;
		else if (recorder->options.flight_ns)
			record_trigger_ask(&recorder->options.trigger, "SIGUSR1");
	}
}

static void recorder_wait(struct recorder *recorder)
{
	struct pollfd fds[] = {
		{ .fd = recorder->signals, .events = POLLIN },
		{ .fd = record_source_fd(&recorder->source), .events = POLLIN },
	};
	uint64_t now_ns;

	poll(fds, 2, recorder->more ? 0 : LOOK_MS);
	now_ns = clock_now_ns();
	if (fds[0].revents)
		recorder_signal(recorder);
	if (now_ns >= recorder->end_ns)
		recorder->done = true;
}

/* The module came or went. */
static void recorder_session(struct recorder *recorder)
{
	int ret = session_update(&recorder->session);

	if (ret < 0)
		errx(1, "%s", recorder->session.text);
	if (ret)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			recorder->session.text);
	if (ret && recorder->source.snapshot_error)
		fprintf(stderr, "%s: accesses from before the start are missing: %s\n",
			program_invocation_short_name,
			strerror(-recorder->source.snapshot_error));
	if (ret && recorder->source.stacks.kernel_error)
		fprintf(stderr, "%s: frames of the kernel have no names: /proc/kallsyms: %s\n",
			program_invocation_short_name,
			strerror(-recorder->source.stacks.kernel_error));
}

/* The last seconds: is it time to write them, or for the next part? */
static void recorder_fly(struct recorder *recorder)
{
	uint64_t now_ns = clock_now_ns();

	record_trigger_look(&recorder->options.trigger, now_ns);
	if (recorder->options.trigger.text[0])
		recorder->done = true;
	else if (!recorder->more && recorder->session.state == SESSION_ATTACHED &&
		 record_flight_is_due(&recorder->flight, now_ns))
		record_snapshot(&recorder->source);
}

static void recorder_run(struct recorder *recorder)
{
	recorder_session(recorder);
	if (recorder->session.state == SESSION_WAITING)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			recorder->session.text);
	if (recorder->options.duration_ns)
		recorder->end_ns = clock_now_ns() + recorder->options.duration_ns;
	while (!recorder->done) {
		recorder_wait(recorder);
		recorder_session(recorder);
		recorder->more = recorder_read(recorder, clock_now_ns() - SETTLE_NS);
		if (recorder->options.flight_ns)
			recorder_fly(recorder);
	}
}

/* What is missing, and why it was written. */
static int recorder_status(const struct recorder *recorder)
{
	const struct record_losses *lost = &recorder->source.lost;
	const char *trigger = recorder->options.trigger.text;

	if (recorder->options.flight_ns && !*trigger) {
		fprintf(stderr, "%s: there was no trigger: %s has no records\n",
			program_invocation_short_name, recorder->options.output);
		return EXIT_NOTHING;
	}
	if (*trigger)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, trigger);
	fprintf(stderr, "%s: %llu records in %s\n", program_invocation_short_name,
		(unsigned long long)recorder->sink.nr_records, recorder->options.output);
	if (!record_losses_sum(lost))
		return 0;
	warnx("lost: records %llu, runs %llu, unlisted %llu, stacks %llu, frames %llu; see dmasync-record(8)",
	      (unsigned long long)lost->records, (unsigned long long)lost->runs,
	      (unsigned long long)lost->unlisted, (unsigned long long)lost->stacks,
	      (unsigned long long)lost->frames);
	return EXIT_LOST;
}

/* Everything up to now. What ends while the rest is read is held at the end. */
static void recorder_end(struct recorder *recorder)
{
	const char *trigger = recorder->options.trigger.text;
	uint64_t closed_ns = clock_now_ns();
	int ret = 0;

	recorder->source.end_ns = closed_ns;
	while (recorder_read(recorder, closed_ns))
		continue;
	record_source_count(&recorder->source);
	recorder->source.lost.stacks += recorder->flight.lost_stacks;
	if (*trigger)
		ret = record_flight_write(&recorder->flight, &recorder->source.stacks,
					  &recorder->sink, closed_ns);
	if (!ret)
		ret = record_sink_close(&recorder->sink, &recorder->source.lost, closed_ns,
					trigger);
	if (ret)
		recorder_failed(recorder, ret);
}

static void recorder_begin(struct recorder *recorder)
{
	const struct record_options *options = &recorder->options;
	int ret;

	recorder->signals = signals_open();
	record_source_init(&recorder->source, options->ring_bytes, options->nr_stacks);
	if (options->flight_ns &&
	    record_flight_init(&recorder->flight, options->flight_ns, options->memory_bytes))
		errx(1, "no memory for %llu bytes: choose a smaller --memory",
		     (unsigned long long)options->memory_bytes);
	session_init(&recorder->session, &record_source_ops, &recorder->source,
		     options->probe);
	ret = record_sink_open(&recorder->sink, options->output,
			       words_of(WORDS_PROBE, options->probe));
	if (ret)
		recorder_failed(recorder, ret);
}

int main(int argc, char **argv)
{
	static struct recorder recorder = { .end_ns = UINT64_MAX };
	int status;

	record_options_parse(&recorder.options, argc, argv);
	session_libbpf(recorder.options.verbose);
	if (session_permitted())
		return 1;
	recorder_begin(&recorder);
	recorder_run(&recorder);
	recorder_end(&recorder);
	status = recorder_status(&recorder);
	session_end(&recorder.session);
	record_source_end(&recorder.source);
	record_flight_free(&recorder.flight);
	return status;
}
