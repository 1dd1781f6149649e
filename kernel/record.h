/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_RECORD_H
#define _DSYNC_RECORD_H

#include <linux/dmabuf_sync.h>
#include <linux/fcntl.h>
#include <linux/types.h>

struct dsync_posix;
struct dsync_set;
struct file_lock;

/**
 * dsync_record_mode() - what a record lock is to the engine
 * @type: F_RDLCK or F_WRLCK
 *
 * Return: DMA_BUF_ACCESS_... bits.
 */
static inline u32 dsync_record_mode(int type)
{
	return type == F_WRLCK ? DMA_BUF_ACCESS_RW : DMA_BUF_ACCESS_R;
}

struct dsync_set *dsync_record_set(struct dsync_posix *posix, u32 mode,
				   loff_t start, loff_t end);
void dsync_record_insert(struct dsync_posix *posix, struct dsync_set *new);
int dsync_record_apply(struct dsync_posix *posix, struct file_lock *fl, bool covered);
void dsync_record_forget(struct dsync_posix *posix);

#endif /* _DSYNC_RECORD_H */
