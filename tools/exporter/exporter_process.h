/* SPDX-License-Identifier: GPL-2.0-only */
/* The process itself: what it may do, and what it takes. */
#ifndef EXPORTER_PROCESS_H
#define EXPORTER_PROCESS_H

#include <stdint.h>

/* Give up all privileges but CAP_BPF and CAP_PERFMON, for good. Return: 0 or a negative errno. */
int exporter_process_drop(void);
/* Resident memory, 0 when it is not known. */
uint64_t exporter_process_resident_bytes(void);

#endif /* EXPORTER_PROCESS_H */
