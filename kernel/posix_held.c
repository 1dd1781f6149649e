// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process holds of a buffer by record locks: sets of one access each, which do not overlap,
 * in the order of their bytes. A lock or an unlock cuts them, and merges what touches.
 */
#include <linux/dma-buf.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/rbtree.h>

#include "owner.h"
#include "posix_held.h"
#include "posix_owner.h"
#include "release.h"
#include "replace.h"
#include "set.h"

static struct dsync_access *only(struct dsync_set *set)
{
	return &set->accesses[0];
}

/**
 * struct held - what is held by one access
 * @by_start: in &dsync_posix.sets
 * @posix: the locks it is of
 * @set: the set of that access, whose references are those of the structure
 */
struct held {
	struct rb_node by_start;
	struct dsync_posix *posix;
	struct dsync_set set;
};

static struct dsync_set *set_of(struct rb_node *node)
{
	return node ? &rb_entry(node, struct held, by_start)->set : NULL;
}

static struct rb_node *node_of(struct dsync_set *set)
{
	return &container_of(set, struct held, set)->by_start;
}

/**
 * dsync_posix_held_by() - whose lock something is held by
 * @set: what is, or was, held
 *
 * Context: any.
 * Return: the locks of a process on the buffer.
 */
struct dsync_posix *dsync_posix_held_by(struct dsync_set *set)
{
	return container_of(set, struct held, set)->posix;
}

/**
 * dsync_posix_held_next() - the set behind another one
 * @set: one that is held
 *
 * Context: process context; the mutex of its locks is held.
 * Return: the next one by its bytes, or NULL.
 */
struct dsync_set *dsync_posix_held_next(struct dsync_set *set)
{
	return set_of(rb_next(node_of(set)));
}

/**
 * dsync_posix_held_from() - the first set that does not end before a byte
 * @posix: the locks
 * @byte: the byte
 *
 * Context: process context; @posix's mutex is held.
 * Return: the set, or NULL.
 */
struct dsync_set *dsync_posix_held_from(struct dsync_posix *posix, unsigned long byte)
{
	struct rb_node *node = posix->sets.rb_node;
	struct dsync_set *set, *best = NULL;

	lockdep_assert_held(&posix->mutex);
	while (node) {
		set = set_of(node);
		if (only(set)->last >= byte) {
			best = set;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static bool sets_less(struct rb_node *a, const struct rb_node *b)
{
	return only(set_of(a))->start < only(set_of((struct rb_node *)b))->start;
}

static void sets_add(struct dsync_posix *posix, struct dsync_set *set)
{
	rb_add(node_of(set), &posix->sets, sets_less);
}

static void sets_remove(struct dsync_posix *posix, struct dsync_set *set)
{
	rb_erase(node_of(set), &posix->sets);
}

/**
 * dsync_posix_held_release() - release what one set holds
 * @posix: the locks
 * @set: the set
 * @how: why
 *
 * Context: process context; @posix's mutex is held; may sleep.
 */
void dsync_posix_held_release(struct dsync_posix *posix, struct dsync_set *set,
			      enum dsync_end how)
{
	sets_remove(posix, set);
	WARN_ON_ONCE(dsync_release(set, how));
	dsync_posix_held_drop(posix, set);
}

static int set_fill(struct dsync_posix *posix, const struct file_lock *fl,
		    struct dsync_set *set)
{
	struct dsync_range range = {
		.dmabuf = posix->key.file->private_data,
		.mode = dsync_posix_held_mode(fl->c.flc_type),
		.offset = fl->fl_start,
		.length = (u64)fl->fl_end - fl->fl_start + 1,
		.beyond = true,
	};

	return dsync_set_fill(set, &range);
}

/* The set that was released last, by this owner's present name. */
static struct dsync_set *set_again(struct dsync_posix_owner *owner)
{
	struct dsync_set *set = xchg(&owner->spare, NULL);

	if (!set || set->owner == owner->owner)
		return set;
	dsync_set_put(set);
	return NULL;
}

/**
 * dsync_posix_held_set() - make the set of a lock
 * @posix: the locks it is for
 * @fl: the lock
 *
 * Context: process context; may sleep.
 * Return: the set, for dsync_posix_record_lock() or dsync_posix_held_drop(), or an error pointer
 * as of dsync_set_alloc() and dsync_set_fill().
 */
struct dsync_set *dsync_posix_held_set(struct dsync_posix *posix, const struct file_lock *fl)
{
	struct dsync_set *set = set_again(posix->owner);
	int ret;

	if (!set)
		set = dsync_set_alloc(posix->owner->owner, 1, offsetof(struct held, set));
	if (IS_ERR(set))
		return set;
	container_of(set, struct held, set)->posix = posix;
	ret = set_fill(posix, fl, set);
	if (!ret)
		return set;
	dsync_set_put(set);
	return ERR_PTR(ret);
}

/**
 * dsync_posix_held_drop() - give up a set, for the next lock of the process
 * @posix: the locks it was for
 * @set: the set, new or over
 *
 * Context: process context.
 */
void dsync_posix_held_drop(struct dsync_posix *posix, struct dsync_set *set)
{
	if (dsync_set_renew(set))
		set = xchg(&posix->owner->spare, set);
	if (set)
		dsync_set_put(set);
}

/**
 * dsync_posix_spares_free() - drop the spares that were not used
 * @spares: the spares
 */
void dsync_posix_spares_free(struct dsync_posix_spares *spares)
{
	while (spares->nr)
		dsync_set_put(spares->sets[--spares->nr]);
}

static struct dsync_set *spare_make(struct dsync_posix *posix)
{
	struct dsync_range any = {
		.dmabuf = posix->key.file->private_data,
		.mode = DMA_BUF_ACCESS_R,
		.length = 1,
	};
	struct dsync_set *set;

	set = dsync_set_alloc_part(posix->owner->owner, 1, offsetof(struct held, set));
	if (!set)
		return NULL;
	container_of(set, struct held, set)->posix = posix;
	if (!dsync_set_fill(set, &any))
		return set;
	dsync_set_put(set);
	return NULL;
}

/**
 * dsync_posix_spares_make() - make spares, so that nothing fails after the VFS has changed
 * @posix: the locks
 * @spares: the spares
 * @nr: how many there are to be, DSYNC_POSIX_SPARES at most
 *
 * Parts of what is held already: no limit is a reason not to release the rest.
 *
 * Context: process context; may sleep.
 * Return: 0, or -ENOMEM: there are none.
 */
int dsync_posix_spares_make(struct dsync_posix *posix, struct dsync_posix_spares *spares,
			    unsigned int nr)
{
	struct dsync_set *set;

	while (spares->nr < nr) {
		set = spare_make(posix);
		if (!set) {
			dsync_posix_spares_free(spares);
			return -ENOMEM;
		}
		spares->sets[spares->nr++] = set;
	}
	return 0;
}

/**
 * dsync_posix_held_split() - does a range lie within a set, with bytes of it on both sides
 * @posix: the locks
 * @range: the range
 *
 * Context: process context; @posix's mutex is held.
 * Return: true if so: to cut it out takes a spare.
 */
bool dsync_posix_held_split(struct dsync_posix *posix, struct dsync_posix_range range)
{
	struct dsync_set *set = dsync_posix_held_from(posix, range.start);

	return set && only(set)->start < range.start && only(set)->last > range.last;
}

/**
 * dsync_posix_held_cover() - is all of a range held
 * @posix: the locks
 * @range: the range
 * @mode: in a mode as strong as this, DMA_BUF_ACCESS_... bits
 * @same: set if all of it is held in this very mode
 *
 * Context: process context; @posix's mutex is held.
 * Return: true if so.
 */
bool dsync_posix_held_cover(struct dsync_posix *posix, struct dsync_posix_range range, u32 mode,
			    bool *same)
{
	struct dsync_set *set = dsync_posix_held_from(posix, range.start);
	unsigned long next = range.start;

	*same = true;
	for (; set; set = dsync_posix_held_next(set)) {
		if (only(set)->start > next || mode & ~only(set)->mode)
			return false;
		*same &= only(set)->mode == mode;
		if (only(set)->last >= range.last)
			return true;
		next = only(set)->last + 1;
	}
	return false;
}

/**
 * dsync_posix_held_any() - is anything held
 * @posix: the locks
 *
 * Context: any; without @posix's mutex a passing answer.
 * Return: true if so.
 */
bool dsync_posix_held_any(struct dsync_posix *posix)
{
	/* It may change as soon as it is known. */
	return data_race(READ_ONCE(posix->sets.rb_node));
}

/* Take the range out of one set that overlaps it. */
static void set_cut(struct dsync_posix *posix, struct dsync_set *set,
		    struct dsync_posix_range range, struct dsync_posix_spares *spares,
		    enum dsync_end how)
{
	struct dsync_access *access = only(set);
	unsigned long start = access->start, last = access->last;
	struct dsync_set *right;

	if (start < range.start && last > range.last) {
		/* Without a spare the bytes on the right are the kernel's alone. */
		right = spares->nr ? spares->sets[--spares->nr] : NULL;
		if (right) {
			dsync_replace_part(set, right, access->mode, range.last + 1, last);
			sets_add(posix, right);
		}
		dsync_replace_cut(set, access->mode, start, range.start - 1);
	} else if (start < range.start) {
		dsync_replace_cut(set, access->mode, start, range.start - 1);
	} else if (last > range.last) {
		dsync_replace_cut(set, access->mode, range.last + 1, last);
	} else {
		dsync_posix_held_release(posix, set, how);
	}
}

/* What touches @new in its own mode becomes part of it. */
static void set_merge(struct dsync_posix *posix, struct dsync_set *new,
		      struct dsync_set *set)
{
	sets_remove(posix, set);
	dsync_replace_merge(new, set);
	dsync_set_put(set);
}

/**
 * dsync_posix_held_change() - hold a range by another set from here on, or not at all
 * @posix: the locks
 * @range: the range
 * @new: who holds it, ready; what touches it in its own mode becomes part of it. NULL: nobody
 * @spares: to cut sets with; without one the bytes on the right are the kernel's alone
 * @how: why what is released is
 *
 * Context: process context; @posix's mutex is held; may sleep.
 */
void dsync_posix_held_change(struct dsync_posix *posix, struct dsync_posix_range range,
			     struct dsync_set *new, struct dsync_posix_spares *spares,
			     enum dsync_end how)
{
	unsigned long after = range.last == DSYNC_LAST_BYTE ? DSYNC_LAST_BYTE : range.last + 1;
	struct dsync_set *set, *next;

	set = dsync_posix_held_from(posix, range.start ? range.start - 1 : 0);
	for (; set && only(set)->start <= after; set = next) {
		next = dsync_posix_held_next(set);
		if (new && only(set)->mode == only(new)->mode)
			set_merge(posix, new, set);
		else if (dsync_range_overlaps(only(set)->start, only(set)->last,
					      range.start, range.last))
			set_cut(posix, set, range, spares, how);
	}
	if (new)
		sets_add(posix, new);
}
