/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_HELD_H
#define _DSYNC_POSIX_HELD_H

#include <linux/dmabuf_sync.h>
#include <linux/fcntl.h>
#include <linux/types.h>

#include "release.h"

struct dsync_posix;
struct dsync_set;
struct file_lock;

/**
 * struct dsync_posix_range - bytes, as the keys of the engine's trees have them
 * @start: first
 * @last: last
 */
struct dsync_posix_range {
	unsigned long start;
	unsigned long last;
};

/* One access cut out of another leaves three: left of it, itself, right of it. */
#define DSYNC_POSIX_SPARES	2

/**
 * struct dsync_posix_spares - sets made in advance, so that nothing fails after the VFS has changed
 * @nr: sets left
 * @sets: new sets of one access, their range not decided
 */
struct dsync_posix_spares {
	unsigned int nr;
	struct dsync_set *sets[DSYNC_POSIX_SPARES];
};

/**
 * dsync_posix_held_mode() - what a record lock is to the engine
 * @type: F_RDLCK or F_WRLCK
 *
 * Return: DMA_BUF_ACCESS_... bits.
 */
static inline u32 dsync_posix_held_mode(int type)
{
	return type == F_WRLCK ? DMA_BUF_ACCESS_RW : DMA_BUF_ACCESS_R;
}

struct dsync_set *dsync_posix_held_set(struct dsync_posix *posix, const struct file_lock *fl);
struct dsync_posix *dsync_posix_held_by(struct dsync_set *set);
void dsync_posix_held_drop(struct dsync_posix *posix, struct dsync_set *set);
bool dsync_posix_held_any(struct dsync_posix *posix);
struct dsync_set *dsync_posix_held_from(struct dsync_posix *posix, unsigned long byte);
struct dsync_set *dsync_posix_held_next(struct dsync_set *set);
bool dsync_posix_held_split(struct dsync_posix *posix, struct dsync_posix_range range);
bool dsync_posix_held_cover(struct dsync_posix *posix, struct dsync_posix_range range, u32 mode,
			    bool *same);
void dsync_posix_held_change(struct dsync_posix *posix, struct dsync_posix_range range,
			     struct dsync_set *new, struct dsync_posix_spares *spares,
			     enum dsync_end how);
void dsync_posix_held_release(struct dsync_posix *posix, struct dsync_set *set,
			      enum dsync_end how);

int dsync_posix_spares_make(struct dsync_posix *posix, struct dsync_posix_spares *spares,
			    unsigned int nr);
void dsync_posix_spares_free(struct dsync_posix_spares *spares);

#endif /* _DSYNC_POSIX_HELD_H */
