// SPDX-License-Identifier: GPL-2.0-only
/* dmasync-demo: options, the two ways, the report. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"

static const char help[] =
"NAME\n"
"    dmasync-demo - fill, copy by DMA, read: one after the other, then overlapped\n"
"\n"
"SYNOPSIS\n"
"    dmasync-demo [OPTION...]\n"
"\n"
"DESCRIPTION\n"
"    Thread A fills frames, a DMA engine copies them, thread B reads them and compares\n"
"    every byte with what it has to be. First the conventional way: each step waits for\n"
"    the one before it. Then through dmabuf-sync: A and B acquire the buffers they touch,\n"
"    copies are queued behind A and start by themselves, B sleeps until its bytes are\n"
"    there, and all three work at the same time, on different buffers.\n"
"\n"
"    The CPUs' stages are work, not sleep: as many words are computed, or compared, as\n"
"    take the time that is asked for, and the same number both ways.\n"
"\n"
"    Needs /dev/dmabuf_copy, /dev/dmabuf_sync and, without a DMA engine, dma_sim, whose\n"
"    bandwidth is set for the run and put back afterwards.\n"
"\n"
"OPTIONS\n"
"    -s, --frame-size BYTES  size of a frame, a multiple of 4096; K and M can follow (512K)\n"
"    -n, --frames N          frames each way (100)\n"
"    -b, --slots N           pairs of buffers in flight, 1 .. 32 (4)\n"
"    -t, --stage-ms MS       the engine takes as long for a frame, and the CPUs together\n"
"                            do; the same as --dma-ms MS (40)\n"
"        --dma-ms MS         how long the engine takes; only dma_sim can be told\n"
"        --fill-ms MS        how long A takes (half of the engine's time)\n"
"        --read-ms MS        how long B takes (half of the engine's time)\n"
"        --src EXPORTER      where sources come from: udmabuf or heap (udmabuf)\n"
"        --dst EXPORTER      where destinations come from (heap)\n"
"    -p, --processes         B is another process, which gets the buffers over a socket\n"
"        --seed N            of the frames' content (1)\n"
"        --unsynchronized    A and B acquire nothing, to see what happens then\n"
"    -h, --help              this text\n"
"\n"
"OUTPUT\n"
"    The last line is\n"
"        demo: conventional A frames/s, overlapped B frames/s, speed-up X.XX, CPU/DMA overlap NN %\n"
"    where the overlap is the time in which, in the overlapped run, the CPU and the engine both\n"
"    worked, of what there could have been: the shorter of the times in which either did. The\n"
"    line before it tells the time in which they did not both work, by what kept them from it.\n"
"    Both are dmasync-top's definitions.\n"
"\n"
"EXIT STATUS\n"
"    0 all bytes of all frames were right; 1 something failed; 2 wrong usage\n";

enum {
	OPT_DMA_MS = 256,
	OPT_FILL_MS,
	OPT_READ_MS,
	OPT_SRC,
	OPT_DST,
	OPT_SEED,
	OPT_UNSYNCHRONIZED,
};

static const struct option options[] = {
	{ "frame-size", required_argument, NULL, 's' },
	{ "frames", required_argument, NULL, 'n' },
	{ "slots", required_argument, NULL, 'b' },
	{ "stage-ms", required_argument, NULL, 't' },
	{ "dma-ms", required_argument, NULL, OPT_DMA_MS },
	{ "fill-ms", required_argument, NULL, OPT_FILL_MS },
	{ "read-ms", required_argument, NULL, OPT_READ_MS },
	{ "src", required_argument, NULL, OPT_SRC },
	{ "dst", required_argument, NULL, OPT_DST },
	{ "processes", no_argument, NULL, 'p' },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "unsynchronized", no_argument, NULL, OPT_UNSYNCHRONIZED },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

int demo_fail(int err, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "dmasync-demo: %s\n", text);
	return err;
}

static __attribute__((noreturn, format(printf, 1, 2))) void usage(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "dmasync-demo: %s (see --help)\n", text);
	exit(2);
}

/* A whole number from @min to @max; with @units, K and M can follow it. */
static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max,
		       bool units)
{
	unsigned long long value;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (units && *end && strchr("KkMm", *end))
		shift = strchr("Kk", *end++) ? 10 : 20;
	if (errno || end == text || *end || *text == '-' || value > UINT64_MAX >> shift ||
	    value << shift < min || value << shift > max)
		usage("--%s: '%s' is no number from %llu to %llu", name, text,
		      (unsigned long long)min, (unsigned long long)max);
	return value << shift;
}

static int64_t milliseconds(const char *name, const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !(value >= 0.1 && value <= 10000))
		usage("--%s: '%s' is no time from 0.1 to 10000 ms", name, text);
	return value * ST_NSEC_PER_MSEC;
}

static bool is_heap(const char *name, const char *text)
{
	if (strcmp(text, "heap") && strcmp(text, "udmabuf"))
		usage("--%s: '%s' is neither udmabuf nor heap", name, text);
	return !strcmp(text, "heap");
}

static void option(struct demo_options *opt, int c, const char *word)
{
	switch (c) {
	case 's':
		opt->frame_bytes = number("frame-size", optarg, 4096, 64UL << 20, true);
		if (opt->frame_bytes % 4096)
			usage("--frame-size: %zu is no multiple of 4096", opt->frame_bytes);
		break;
	case 'n':
		opt->nr_frames = number("frames", optarg, 1, 1000000, false);
		break;
	case 'b':
		opt->nr_slots = number("slots", optarg, 1, DEMO_MAX_SLOTS, false);
		break;
	case 't':
	case OPT_DMA_MS:
		opt->dma_ns = milliseconds(c == 't' ? "stage-ms" : "dma-ms", optarg);
		opt->dma_given = true;
		break;
	case OPT_FILL_MS:
		opt->fill_ns = milliseconds("fill-ms", optarg);
		break;
	case OPT_READ_MS:
		opt->read_ns = milliseconds("read-ms", optarg);
		break;
	case OPT_SRC:
		opt->src_heap = is_heap("src", optarg);
		break;
	case OPT_DST:
		opt->dst_heap = is_heap("dst", optarg);
		break;
	case 'p':
		opt->processes = true;
		break;
	case OPT_SEED:
		opt->seed = number("seed", optarg, 0, UINT64_MAX, false);
		break;
	case OPT_UNSYNCHRONIZED:
		opt->unsynchronized = true;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		usage("'%s' is no option, or lacks its value", word);
	}
}

static void parse(struct demo_options *opt, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "s:n:b:t:ph", options, NULL)) != -1)
		option(opt, c, argv[optind - 1]);
	if (optind < argc)
		usage("'%s' is no option", argv[optind]);
}

/* dma_param_restore() only opens, writes and closes. */
static void on_signal(int signal)
{
	dma_param_restore();
	_exit(128 + signal);
}

static int catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (!sigaction(SIGINT, &action, NULL) && !sigaction(SIGTERM, &action, NULL) &&
	    !sigaction(SIGHUP, &action, NULL))
		return 0;
	return demo_fail(-errno, "sigaction: %s", strerror(errno));
}

static void report_begin(const struct demo *demo)
{
	const struct demo_options *opt = &demo->opt;
	double ms = ST_NSEC_PER_MSEC;

	printf("demo: %u pairs of buffers of %zu KiB (src %s, dst %s), engine %s, reader %s\n",
	       opt->nr_slots, opt->frame_bytes / 1024, opt->src_heap ? "heap" : "udmabuf",
	       opt->dst_heap ? "heap" : "udmabuf", demo->engine.channel,
	       opt->processes ? "another process" : "a thread");
	printf("demo: a frame: fill %.1f ms (CPU), copy %.1f ms (DMA), read %.1f ms (CPU)\n",
	       opt->fill_ns / ms, opt->dma_ns / ms, opt->read_ns / ms);
	fflush(stdout);
}

static void report_way(const char *way, unsigned int nr_frames, int64_t ns)
{
	printf("demo: %s: %u frames in %.2f s, all bytes right\n", way, nr_frames,
	       (double)ns / ST_NSEC_PER_SEC);
	fflush(stdout);
}

static void report_overlap(const struct demo_overlap *overlap)
{
	double ms = ST_NSEC_PER_MSEC;

	printf("demo: both worked for %.0f of %.0f ms; not both: DMA for CPU %.0f ms, CPU for DMA %.0f ms, engine queue %.0f ms, nothing to do %.0f ms\n",
	       overlap->ns[TOP_TIME_BOTH] / ms, overlap->possible_ns / ms,
	       overlap->ns[TOP_TIME_DMA_FOR_CPU] / ms, overlap->ns[TOP_TIME_CPU_FOR_DMA] / ms,
	       overlap->ns[TOP_TIME_ENGINE] / ms, overlap->nothing_ns / ms);
}

static int run(struct demo *demo)
{
	unsigned int nr = demo->opt.nr_frames;
	struct demo_overlap overlap;
	int64_t serial_ns, overlap_ns;
	int err;

	err = setup_stages(demo);
	if (err)
		return err;
	report_begin(demo);
	err = serial_run(demo, &serial_ns);
	if (err)
		return err;
	report_way("conventional", nr, serial_ns);
	demo->first = nr;
	err = overlap_run(demo, &overlap_ns);
	if (err)
		return err;
	report_way("overlapped", nr, overlap_ns);
	err = window_overlap(&demo->log, nr, &overlap);
	if (err)
		return err;
	report_overlap(&overlap);
	printf("demo: conventional %.1f frames/s, overlapped %.1f frames/s, speed-up %.2f, CPU/DMA overlap %.0f %%\n",
	       nr * 1e9 / serial_ns, nr * 1e9 / overlap_ns, (double)serial_ns / overlap_ns,
	       overlap.possible_ns ?
	       100.0 * overlap.ns[TOP_TIME_BOTH] / overlap.possible_ns : 0);
	return 0;
}

int main(int argc, char **argv)
{
	static struct demo demo = {
		.opt = {
			.frame_bytes = 512 << 10,
			.nr_frames = 100,
			.nr_slots = 4,
			.dma_ns = 40 * ST_NSEC_PER_MSEC,
			.seed = 1,
			.dst_heap = true,
		},
	};
	int err, restore;

	parse(&demo.opt, argc, argv);
	err = catch_signals();
	if (!err)
		err = setup_open(&demo);
	if (err)
		return 1;
	err = run(&demo);
	restore = dma_param_restore();
	if (restore)
		demo_fail(restore, "cannot restore the bandwidth of dma_sim: %s",
			  strerror(-restore));
	setup_close(&demo);
	return err || restore ? 1 : 0;
}
