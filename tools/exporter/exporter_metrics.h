/* SPDX-License-Identifier: GPL-2.0-only */
/* What dmasync-exporter tells, as metrics. */
#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include "exporter_state.h"
#include "exposition.h"

/* All families, as they are in @exporter. Return: as exposition_end(). */
int exporter_metrics_write(const struct exporter *exporter, enum exposition_format format,
			   struct exposition *page);

#endif /* EXPORTER_METRICS_H */
