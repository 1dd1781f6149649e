// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_state.h"

#include <string.h>

#include "clock.h"

void exporter_init(struct exporter *exporter, const struct exporter_options *options)
{
	*exporter = (struct exporter){ .interval_ns = options->interval_ns };
	top_source_init(&exporter->source, &options->limits, &exporter->model);
	session_init(&exporter->session, &top_source_ops, &exporter->source,
		     SESSION_PROBE_AUTO);
	exporter_classes_init(&exporter->classes, options->limits.waits_by,
			      options->max_labels);
}

void exporter_end(struct exporter *exporter)
{
	session_end(&exporter->session);
	top_source_end(&exporter->source);
	exporter_classes_free(&exporter->classes);
}

/* Counters of the source begin at zero each time the programs are attached. */
static void exporter_attached(struct exporter *exporter)
{
	memset(&exporter->before, 0, sizeof(exporter->before));
	exporter_classes_attached(&exporter->classes);
}

static void exporter_add(struct exporter *exporter)
{
	const struct top_counters *now = &exporter->model.counters;
	struct exporter_sums *sums = &exporter->sums;
	unsigned int i;

	for (i = 0; i < TOP_NR_TIMES; i++)
		sums->use.ns[i] += exporter->model.total.use.ns[i];
	sums->syncs += now->syncs - exporter->before.syncs;
	sums->sync_ns += now->sync_ns - exporter->before.sync_ns;
	sums->bpf_ns += exporter->source.cost.bpf_ns;
	sums->bpf_runs += exporter->source.cost.runs;
	exporter->before = *now;
	exporter_classes_add(&exporter->classes, &exporter->model);
}

static void exporter_read(struct exporter *exporter)
{
	uint64_t begin_ns = clock_now_ns(), end_ns;

	if (exporter->session.state == SESSION_ATTACHED) {
		top_source_read(&exporter->source);
	} else {
		top_source_idle(&exporter->source);
		memset(&exporter->before, 0, sizeof(exporter->before));
	}
	exporter_add(exporter);
	end_ns = clock_now_ns();
	exporter->sums.windows++;
	exporter->sums.window_ns += end_ns - begin_ns;
	exporter->fresh_ns = end_ns + exporter->interval_ns;
}

void exporter_refresh(struct exporter *exporter)
{
	if (clock_now_ns() >= exporter->fresh_ns)
		exporter_read(exporter);
}

/* What is in use already is known by name before somebody asks. */
static int exporter_changed(struct exporter *exporter, int ret)
{
	if (ret <= 0)
		return ret;
	if (exporter->session.state == SESSION_ATTACHED)
		exporter_attached(exporter);
	exporter_read(exporter);
	return ret;
}

int exporter_update(struct exporter *exporter)
{
	return exporter_changed(exporter, session_update(&exporter->session));
}

int exporter_toggle(struct exporter *exporter)
{
	/* What the programs have summed up goes with them. */
	if (exporter->session.state == SESSION_ATTACHED)
		exporter_read(exporter);
	return exporter_changed(exporter, session_toggle(&exporter->session));
}
