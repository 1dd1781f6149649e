/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TICKET_H
#define _DSYNC_TICKET_H

#include <linux/types.h>

struct dsync_owner;
struct dsync_set;

void dsync_ticket_keep(const struct dsync_set *set);
u64 dsync_ticket_take(const struct dsync_set *set);
void dsync_ticket_drop(struct dsync_owner *owner);

#endif /* _DSYNC_TICKET_H */
