/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_EVENT_H
#define _DSYNC_EVENT_H

#include <linux/types.h>

struct dsync_context;
struct dsync_entry;
struct dsync_set;

void dsync_event_start(void);
void dsync_event_init(struct dsync_context *context);
void dsync_event_stop(struct dsync_context *context);

void dsync_event_news(struct dsync_set *set, int error);
void dsync_event_ready(struct dsync_entry *entry);
void dsync_event_revoked(struct dsync_set *set);
void dsync_event_answered(struct dsync_entry *entry);

bool dsync_event_any(struct dsync_context *context);
__poll_t dsync_event_look(struct dsync_context *context);
size_t dsync_event_size(size_t room);
int dsync_event_result(const struct dsync_entry *entry);
int dsync_event_read_again(struct dsync_context *context, u32 nr, char __user *to,
			   size_t size);
int dsync_event_read(struct dsync_context *context, char __user *to, size_t size);

#endif /* _DSYNC_EVENT_H */
