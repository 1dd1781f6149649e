/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_COHERENCY_H
#define _DSYNC_COHERENCY_H

#include <linux/types.h>

struct dma_buf;
struct dsync_set;

int dsync_coherency_begin(struct dsync_set *set);
void dsync_coherency_end(struct dsync_set *set);
void dsync_coherency_pause(struct dsync_set *set, u32 mode);
void dsync_coherency_resume(struct dsync_set *set);
u32 dsync_coherency_mode(struct dma_buf *dmabuf, u32 mode);

#endif /* _DSYNC_COHERENCY_H */
