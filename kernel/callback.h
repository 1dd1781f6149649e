/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CALLBACK_H
#define _DSYNC_CALLBACK_H

struct dmabuf_sync;

void dsync_callback_init(struct dmabuf_sync *sync);
void dsync_callback_end(struct dmabuf_sync *sync);

#endif /* _DSYNC_CALLBACK_H */
