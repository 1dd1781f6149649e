/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_REPLACE_H
#define _DSYNC_REPLACE_H

#include <linux/types.h>

struct dsync_set;

void dsync_replace_cut(struct dsync_set *set, u32 mode, u64 start, u64 last);
void dsync_replace_part(struct dsync_set *set, struct dsync_set *part, u32 mode,
			u64 start, u64 last);
void dsync_replace_merge(struct dsync_set *set, struct dsync_set *other);
void dsync_replace_less(const struct dsync_set *set, struct dsync_set *less);
void dsync_replace_all(struct dsync_set *set, struct dsync_set *by);

#endif /* _DSYNC_REPLACE_H */
