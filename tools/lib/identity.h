/* SPDX-License-Identifier: GPL-2.0-only */
/* Name, exporter and size of the buffers of a model. */
#ifndef IDENTITY_H
#define IDENTITY_H

struct model;

/*
 * Look for what is not known yet, and now and then for what may have changed: in
 * the processes that use the buffers, then, for those that no process has open, in
 * the snapshot of dmabuf_sync.ko.
 */
void identity_update(struct model *model);

#endif /* IDENTITY_H */
