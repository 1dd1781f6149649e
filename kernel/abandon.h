/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ABANDON_H
#define _DSYNC_ABANDON_H

#include <linux/types.h>

void dsync_abandon_note(u64 ino, unsigned long start, unsigned long last);
bool dsync_abandon_check(u64 ino, unsigned long start, unsigned long last,
			 bool write);

#endif /* _DSYNC_ABANDON_H */
