// SPDX-License-Identifier: GPL-2.0-only
/*
 * A family is a row of the table below, with the function that writes its samples. Those by
 * kind of buffer have the label that the user chose, all others none of it.
 */
#include "exporter_metrics.h"

#include "clock.h"
#include "exporter_process.h"
#include "top_unseen.h"
#include "words.h"

struct metric {
	struct family family;
	void (*write)(struct exposition *page, const struct family *family,
		      const struct exporter *exporter);
};

#define WRITE(name) \
	static void write_##name(struct exposition *page, const struct family *family, \
				 const struct exporter *exporter)

static const char *const cause_names[TOP_NR_PAIRS] = {
	[TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_CPU)] = "cpu_behind_cpu",
	[TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA)] = "cpu_behind_dma",
	[TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_CPU)] = "dma_behind_cpu",
	[TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_DMA)] = "dma_behind_dma",
};

static const char *const agent_names[] = {
	[TOP_AGENT_CPU] = "cpu",
	[TOP_AGENT_DMA] = "dma",
};

/* Calls @row for each class, with its label in @labels[0]; @labels[1] is free. */
typedef void (*class_fn)(struct exposition *page, const struct family *family,
			 const struct exporter_class *class, struct label *labels);

static void write_classes(struct exposition *page, const struct family *family,
			  const struct exporter *exporter, class_fn fn)
{
	const struct exporter_classes *classes = &exporter->classes;
	unsigned int i;

	for (i = 0; i < classes->nr; i++) {
		struct label labels[EXPOSITION_MAX_LABELS] = {
			{ exporter_classes_label(classes), classes->rows[i].name },
		};

		fn(page, family, &classes->rows[i], labels);
	}
}

/* The first label that is free. */
static struct label *label_free(struct label *labels)
{
	while (labels->name)
		labels++;
	return labels;
}

#define CLASSES(name, statement)							\
	static void class_##name(struct exposition *page, const struct family *family,	\
				 const struct exporter_class *class, struct label *labels) \
	{ statement; }									\
	WRITE(name) { write_classes(page, family, exporter, class_##name); }

#define CLASS_COUNT(name, value) \
	CLASSES(name, exposition_count(page, family, labels, class->value))

CLASS_COUNT(acquired, sum.acquired)
CLASS_COUNT(failed, sum.failed)
CLASS_COUNT(deadlocks, sum.deadlocks)
CLASS_COUNT(revoked, sum.revoked)
CLASS_COUNT(abandoned, sum.abandoned)
CLASS_COUNT(backoffs, sum.backoffs)
CLASS_COUNT(dma_errors, dma_errors)
CLASS_COUNT(buffers, nr_buffers)
CLASS_COUNT(bytes, bytes)
CLASSES(oldest, exposition_ns(page, family, labels, class->waiting.oldest_ns))

typedef void (*sample_fn)(struct exposition *page, const struct family *family,
			  const struct label *labels, uint64_t value);

/* A sample for each of @nr values: of the label @name, which is in the place that is free. */
static void write_each(struct exposition *page, const struct family *family,
		       struct label *labels, sample_fn fn, const char *name,
		       const char *const *names, const top_u64 *values, unsigned int nr)
{
	struct label *last = label_free(labels);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		*last = (struct label){ name, names[i] };
		fn(page, family, labels, values[i]);
	}
}

#define CLASS_AGENTS(name, fn, values) \
	CLASSES(name, write_each(page, family, labels, fn, "agent", agent_names, \
				 class->values, 2))

CLASS_AGENTS(released, exposition_count, sum.released)
CLASS_AGENTS(hold, exposition_ns, sum.hold_ns)
CLASS_AGENTS(held, exposition_count, held)
CLASSES(waiting, write_each(page, family, labels, exposition_count, "cause", cause_names,
			    class->waiting.count.waits, TOP_NR_PAIRS))

static uint64_t wait_limit_ns(unsigned int n)
{
	return TOP_WAIT_BUCKET_NS(n);
}

static void write_histogram(struct exposition *page, const struct family *family,
			    const struct label *labels, const struct top_waits *now,
			    const struct top_waits *before)
{
	uint64_t buckets[TOP_NR_WAIT_BUCKETS];
	struct histogram histogram = {
		.nr_buckets = TOP_NR_WAIT_BUCKETS,
		.buckets = buckets,
		.limit_ns = wait_limit_ns,
		.ns = now->ns + before->ns,
	};
	unsigned int i;

	for (i = 0; i < TOP_NR_WAIT_BUCKETS; i++)
		buckets[i] = now->buckets[i] + before->buckets[i];
	exposition_histogram(page, family, labels, &histogram);
}

static void write_histograms(struct exposition *page, const struct family *family,
			     const struct exporter_class *class, struct label *labels)
{
	struct label *cause = label_free(labels);
	unsigned int i;

	for (i = 0; i < TOP_NR_PAIRS; i++) {
		*cause = (struct label){ "cause", cause_names[i] };
		write_histogram(page, family, labels, &class->waits[i],
				&class->waits_before[i]);
	}
}

CLASSES(waits, write_histograms(page, family, class, labels))

/* What is of all buffers together. */
static void write_labeled(struct exposition *page, const struct family *family,
			  const char *label, const char *value, uint64_t count)
{
	struct label labels[] = { { label, value }, { 0 } };

	exposition_count(page, family, labels, count);
}

static void write_labeled_ns(struct exposition *page, const struct family *family,
			     const char *label, const char *value, uint64_t ns)
{
	struct label labels[] = { { label, value }, { 0 } };

	exposition_ns(page, family, labels, ns);
}

WRITE(up)
{
	exposition_count(page, family, NULL, exporter->session.state == SESSION_ATTACHED);
}

WRITE(info)
{
	bool attached = exporter->session.state == SESSION_ATTACHED;
	struct label labels[] = {
		{ "version", VERSION },
		{ "probe", attached ? words_of(WORDS_PROBE, exporter->session.probe) : "none" },
		{ 0 },
	};

	exposition_count(page, family, labels, 1);
}

WRITE(jobs)
{
	write_labeled(page, family, "state", "queued", exporter->model.nr_jobs_queued);
	write_labeled(page, family, "state", "running", exporter->model.nr_jobs_running);
}

WRITE(busy)
{
	write_labeled_ns(page, family, "agent", "cpu", exporter->sums.use.ns[TOP_TIME_CPU]);
	write_labeled_ns(page, family, "agent", "dma", exporter->sums.use.ns[TOP_TIME_DMA]);
}

WRITE(overlap)
{
	exposition_ns(page, family, NULL, exporter->sums.use.ns[TOP_TIME_BOTH]);
}

WRITE(stall)
{
	static const char *const names[TOP_NR_TIMES] = {
		[TOP_TIME_DMA_FOR_CPU] = "dma_for_cpu",
		[TOP_TIME_ENGINE] = "engine_queue",
		[TOP_TIME_CPU_FOR_DMA] = "cpu_for_dma",
		[TOP_TIME_CPU_FOR_CPU] = "cpu_for_cpu",
	};
	unsigned int i;

	for (i = TOP_TIME_LOST; i < TOP_NR_TIMES; i++)
		write_labeled_ns(page, family, "cause", names[i], exporter->sums.use.ns[i]);
}

WRITE(syncs) { exposition_count(page, family, NULL, exporter->sums.syncs); }
WRITE(sync_wait) { exposition_ns(page, family, NULL, exporter->sums.sync_ns); }

WRITE(lost)
{
	const struct model_lost *lost = &exporter->model.lost;

	write_labeled(page, family, "what", "accesses", lost->accesses);
	write_labeled(page, family, "what", "buffers", lost->buffers);
	write_labeled(page, family, "what", "events", lost->events);
	write_labeled(page, family, "what", "runs", lost->missed);
	write_labeled(page, family, "what", "unlisted", lost->unlisted);
}

WRITE(unseen)
{
	static const char *const names[TOP_NR_SIGHTS] = {
		[TOP_SIGHT_MODULE] = "module",
		[TOP_SIGHT_PROGRAMS] = "programs",
		[TOP_SIGHT_FCNTL] = "fcntl_locks",
		[TOP_SIGHT_KERNEL] = "end_of_buffers_and_sync",
		[TOP_SIGHT_SNAPSHOT] = "accesses_before_start",
		[TOP_SIGHT_NAMES] = "names_before_start",
		[TOP_SIGHT_COST] = "own_cost",
	};
	struct top_unseen unseen;
	unsigned int i;

	top_unseen_find(&unseen, &exporter->session, &exporter->source);
	for (i = 0; i < TOP_NR_SIGHTS; i++)
		if (names[i])
			write_labeled(page, family, "what", names[i], !!unseen.why[i][0]);
}

/* Of a kernel that does not measure it there is no sample. */
WRITE(bpf)
{
	if (exporter->source.cost.stats >= 0)
		exposition_ns(page, family, NULL, exporter->sums.bpf_ns);
}

WRITE(bpf_runs)
{
	if (exporter->source.cost.stats >= 0)
		exposition_count(page, family, NULL, exporter->sums.bpf_runs);
}

WRITE(windows) { exposition_count(page, family, NULL, exporter->sums.windows); }
WRITE(window) { exposition_ns(page, family, NULL, exporter->sums.window_ns); }

WRITE(cpu)
{
	(void)exporter;
	exposition_ns(page, family, NULL, clock_ns(CLOCK_PROCESS_CPUTIME_ID));
}

WRITE(resident)
{
	(void)exporter;
	exposition_count(page, family, NULL, exporter_process_resident_bytes());
}

#define COUNTER(name, unit, write, help)	{ { name, FAMILY_COUNTER, unit, help }, write }
#define GAUGE(name, unit, write, help)		{ { name, FAMILY_GAUGE, unit, help }, write }
#define HISTOGRAM(name, unit, write, help) \
	{ { name, FAMILY_HISTOGRAM, unit, help }, write }
#define SECONDS					"seconds"
#define BYTES					"bytes"

static const struct metric metrics[] = {
	GAUGE("dmabuf_sync_up", NULL, write_up,
	      "1 while the programs are attached to dmabuf_sync.ko, 0 while it is not there."),
	COUNTER("dmabuf_sync_accesses", NULL, write_acquired, "Accesses acquired."),
	COUNTER("dmabuf_sync_releases", NULL, write_released,
		"Accesses released, abandoned and revoked ones included."),
	COUNTER("dmabuf_sync_hold_seconds", SECONDS, write_hold,
		"Time for which accesses were held that are released by now."),
	HISTOGRAM("dmabuf_sync_wait_seconds", SECONDS, write_waits,
		  "How long waits took that are over, by who waited behind whom."),
	GAUGE("dmabuf_sync_waits_in_progress", NULL, write_waiting,
	      "Accesses that wait for others, by who waits behind whom."),
	GAUGE("dmabuf_sync_oldest_wait_seconds", SECONDS, write_oldest,
	      "Age of the wait in progress that began first, 0 without one."),
	GAUGE("dmabuf_sync_accesses_held", NULL, write_held, "Accesses that are held."),
	COUNTER("dmabuf_sync_failed_requests", NULL, write_failed,
		"Requests that ended without the access, those that were not to wait included."),
	COUNTER("dmabuf_sync_deadlocks", NULL, write_deadlocks,
		"Requests refused because they would have closed a cycle."),
	COUNTER("dmabuf_sync_revocations", NULL, write_revoked,
		"Accesses whose lease was over while others waited for them."),
	COUNTER("dmabuf_sync_abandoned_writes", NULL, write_abandoned,
		"Write accesses that ended with their owner."),
	COUNTER("dmabuf_sync_backoffs", NULL, write_backoffs,
		"Acquire contexts that had to begin again."),
	COUNTER("dmabuf_sync_dma_errors", NULL, write_dma_errors,
		"Accesses of DMA jobs whose fence signaled with an error."),
	GAUGE("dmabuf_sync_buffers", NULL, write_buffers,
	      "Buffers in use now or in the last minute."),
	GAUGE("dmabuf_sync_buffer_bytes", BYTES, write_bytes,
	      "Size of these buffers (dmabuf_sync_buffers), in all."),
	GAUGE("dmabuf_sync_jobs", NULL, write_jobs,
	      "DMA jobs that wait for their engine, and that run."),
	COUNTER("dmabuf_sync_busy_seconds", SECONDS, write_busy,
		"Time in which the CPU held some buffer, and in which an engine worked on one."),
	COUNTER("dmabuf_sync_overlap_seconds", SECONDS, write_overlap,
		"Time in which the CPU held some buffer while an engine worked on one."),
	COUNTER("dmabuf_sync_stall_seconds", SECONDS, write_stall,
		"Time in which the CPU and engines did not both work, as one waited, by what for."),
	COUNTER("dmabuf_sync_ioctl_waits", NULL, write_syncs,
		"Calls of DMA_BUF_IOCTL_SYNC that waited for fences."),
	COUNTER("dmabuf_sync_ioctl_wait_seconds", SECONDS, write_sync_wait,
		"Time for which calls of DMA_BUF_IOCTL_SYNC waited for fences."),
	COUNTER("dmabuf_sync_lost", NULL, write_lost,
		"What other metrics lack because it was lost on its way to them."),
	GAUGE("dmabuf_sync_unseen", NULL, write_unseen,
	      "1 for what cannot be seen here and now."),
	GAUGE("dmabuf_sync_exporter_build_info", NULL, write_info,
	      "Version of the exporter, and the kind of its probes."),
	COUNTER("dmabuf_sync_exporter_bpf_seconds", SECONDS, write_bpf,
		"Run time of the exporter's BPF programs."),
	COUNTER("dmabuf_sync_exporter_bpf_runs", NULL, write_bpf_runs,
		"Runs of the exporter's BPF programs."),
	COUNTER("dmabuf_sync_exporter_reads", NULL, write_windows,
		"How often the exporter read what its BPF programs had summed up."),
	COUNTER("dmabuf_sync_exporter_read_seconds", SECONDS, write_window,
		"Time that the exporter spent on reading it."),
	COUNTER("process_cpu_seconds", SECONDS, write_cpu, "CPU time of the exporter."),
	GAUGE("process_resident_memory_bytes", BYTES, write_resident,
	      "Resident memory of the exporter."),
};

int exporter_metrics_write(const struct exporter *exporter, enum exposition_format format,
			   struct exposition *page)
{
	int err = exposition_begin(page, format);
	size_t i;

	if (err)
		return err;
	for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		exposition_family(page, &metrics[i].family);
		metrics[i].write(page, &metrics[i].family, exporter);
	}
	return exposition_end(page);
}
