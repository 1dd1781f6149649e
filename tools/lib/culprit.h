/* SPDX-License-Identifier: GPL-2.0-only */
/* What somebody does who keeps others waiting. */
#ifndef CULPRIT_H
#define CULPRIT_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"

/*
 * In words: "runs on CPU 1", "sleeps in do_poll", "stopped" ... False when nothing is known:
 * of a job, of a call of DMA_BUF_IOCTL_SYNC, or of an owner whose task cannot be looked at.
 */
bool culprit_does(const struct model_access *access, char *text, size_t size);

#endif /* CULPRIT_H */
