// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks of abandoned write accesses: what a writer left in an undefined state because it died or
 * closed its file; and of revoked ones, whose writer held them for too long. Each kind has a tree
 * of its own: one never says anything of bytes of the other.
 *
 * A mark belongs to a buffer, and to the user whose owner abandoned the bytes. Whoever acquires
 * some of them is told; a writer that was told, and releases them, takes them out of the marks. So
 * a request that fails, or whose answer gets lost, changes nothing. A mark is in pieces then, and
 * what was cut off is on the account of the user that did it: with that account full, or without
 * memory, the mark stays as wide as it was. It is told once too often, and never lost.
 *
 * A mark keeps the state of the buffer, not the dma-buf, whose end nobody tells. So a user has a
 * limited number of them: with one more it loses its own oldest one, or, in the same buffer, bytes
 * between two of its ranges count as abandoned, too. Nobody else's marks count.
 */
#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "abandon.h"
#include "owner.h"
#include "set.h"
#include "user.h"

/* To cut a piece takes as long as looking at so many nodes, and to look for one. */
#define CUT_STEPS	64
#define LOOK_STEPS	16

/* Pieces that are looked at for one that a new range could be joined with. */
#define MAX_LOOKED_AT	16

/**
 * struct piece - bytes that are marked
 * @node: in the tree of its kind in &dsync_buf.marks, under &dsync_buf.lock
 * @link: in &dsync_mark.pieces, likewise
 * @mark: what it is a piece of
 * @payer: who cut the mark, a reference; NULL: it is &dsync_mark.first
 */
struct piece {
	struct interval_tree_node node;
	struct list_head link;
	struct dsync_mark *mark;
	struct dsync_user *payer;
};

/**
 * struct dsync_mark - an abandoned access, or some that touch
 * @link: in &dsync_user.marks, under &dsync_user.lock; whoever takes it off frees the mark
 * @user: of the owner that abandoned it, a reference
 * @buf: the buffer, a reference
 * @kind: why
 * @pieces: its pieces, under &dsync_buf.lock; it goes with the last one
 * @first: one of them, at the beginning
 */
struct dsync_mark {
	struct list_head link;
	struct dsync_user *user;
	struct dsync_buf *buf;
	enum dsync_mark_kind kind;
	struct list_head pieces;
	struct piece first;
};

/* What was taken out of the tables and is to be freed without locks. */
struct dead {
	struct list_head pieces;
	struct list_head marks;
};

static struct piece *piece_first(struct dsync_buf *buf, enum dsync_mark_kind kind,
				 unsigned long start, unsigned long last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&buf->marks[kind], start, last);
	buf->steps += LOOK_STEPS;
	return node ? container_of(node, struct piece, node) : NULL;
}

static struct piece *piece_next(struct piece *piece, unsigned long start, unsigned long last)
{
	struct interval_tree_node *node = interval_tree_iter_next(&piece->node, start, last);

	return node ? container_of(node, struct piece, node) : NULL;
}

static struct rb_root_cached *piece_root(const struct piece *piece)
{
	return &piece->mark->buf->marks[piece->mark->kind];
}

static void piece_insert(struct piece *piece, unsigned long start, unsigned long last)
{
	piece->node.start = start;
	piece->node.last = last;
	interval_tree_insert(&piece->node, piece_root(piece));
}

static void piece_move(struct piece *piece, unsigned long start, unsigned long last)
{
	interval_tree_remove(&piece->node, piece_root(piece));
	piece_insert(piece, start, last);
}

/* The piece becomes one of the mark. */
static void piece_join(struct piece *piece, struct dsync_mark *mark, unsigned long start,
		       unsigned long last)
{
	piece->mark = mark;
	list_add_tail(&piece->link, &mark->pieces);
	piece_insert(piece, start, last);
}

/* NULL: without memory, or at the limit of the user. */
static struct piece *piece_alloc(struct dsync_user *payer)
{
	struct piece *piece;

	if (dsync_user_charge(payer, DSYNC_QUOTA_PIECES, 1))
		return NULL;
	piece = kzalloc(sizeof(*piece), GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!piece) {
		dsync_user_uncharge(payer, DSYNC_QUOTA_PIECES, 1);
		return NULL;
	}
	refcount_inc(&payer->ref);
	piece->payer = payer;
	return piece;
}

static void piece_free(struct piece *piece)
{
	dsync_user_uncharge(piece->payer, DSYNC_QUOTA_PIECES, 1);
	dsync_user_put(piece->payer);
	kfree(piece);
}

static struct dsync_mark *mark_create(struct dsync_buf *buf, struct dsync_user *user,
				      enum dsync_mark_kind kind)
{
	struct dsync_mark *mark = kzalloc(sizeof(*mark), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);

	refcount_inc(&buf->ref);
	refcount_inc(&user->ref);
	mark->buf = buf;
	mark->user = user;
	mark->kind = kind;
	INIT_LIST_HEAD(&mark->link);
	INIT_LIST_HEAD(&mark->pieces);
	return mark;
}

static void mark_free(struct dsync_mark *mark)
{
	WARN_ON_ONCE(!list_empty(&mark->pieces));
	dsync_buf_put(mark->buf);
	dsync_user_put(mark->user);
	kfree(mark);
}

static void dead_init(struct dead *dead)
{
	INIT_LIST_HEAD(&dead->pieces);
	INIT_LIST_HEAD(&dead->marks);
}

static void dead_free(struct dead *dead)
{
	struct dsync_mark *mark, *next_mark;
	struct piece *piece, *next;

	list_for_each_entry_safe(piece, next, &dead->pieces, link)
		piece_free(piece);
	list_for_each_entry_safe(mark, next_mark, &dead->marks, link)
		mark_free(mark);
}

/* The user does not have the mark any more; false: somebody else saw to that. */
static bool mark_take(struct dsync_mark *mark)
{
	struct dsync_user *user = mark->user;
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&user->lock, flags);
	taken = !list_empty(&mark->link);
	if (taken) {
		list_del_init(&mark->link);
		dsync_user_uncharge(user, DSYNC_QUOTA_MARKS, 1);
	}
	spin_unlock_irqrestore(&user->lock, flags);
	return taken;
}

/* The user's oldest mark, if it has too many; it is the caller's then. */
static struct dsync_mark *mark_take_oldest(struct dsync_user *user)
{
	struct dsync_mark *mark = NULL;
	unsigned long flags;

	spin_lock_irqsave(&user->lock, flags);
	if (atomic_read(&user->nr[DSYNC_QUOTA_MARKS]) > dsync_user_limit(DSYNC_QUOTA_MARKS)) {
		mark = list_first_entry(&user->marks, struct dsync_mark, link);
		list_del_init(&mark->link);
		dsync_user_uncharge(user, DSYNC_QUOTA_MARKS, 1);
	}
	spin_unlock_irqrestore(&user->lock, flags);
	return mark;
}

static void piece_remove(struct piece *piece, struct dead *dead)
{
	struct dsync_mark *mark = piece->mark;

	interval_tree_remove(&piece->node, piece_root(piece));
	list_del(&piece->link);
	if (piece != &mark->first)
		list_add(&piece->link, &dead->pieces);
	if (list_empty(&mark->pieces) && mark_take(mark))
		list_add(&mark->link, &dead->marks);
}

/* Take the pieces of a mark out of the buffer; true if some are left. */
static bool mark_empty_some(struct dsync_mark *mark)
{
	struct dsync_buf *buf = mark->buf;
	unsigned long flags;
	struct dead dead;
	bool more;

	dead_init(&dead);
	dsync_buf_lock(buf, &flags);
	while (!list_empty(&mark->pieces) && !dsync_buf_spent(buf)) {
		piece_remove(list_first_entry(&mark->pieces, struct piece, link), &dead);
		buf->steps += CUT_STEPS;
	}
	more = !list_empty(&mark->pieces);
	dsync_buf_unlock(buf, flags);
	dead_free(&dead);
	return more;
}

/* @mark was taken. */
static void mark_drop(struct dsync_mark *mark)
{
	while (mark_empty_some(mark))
		cond_resched();
	mark_free(mark);
}

/* The mark is the user's latest one from here on; false: it is being dropped. */
static bool mark_renew(struct dsync_mark *mark)
{
	struct dsync_user *user = mark->user;
	unsigned long flags;
	bool lives;

	spin_lock_irqsave(&user->lock, flags);
	lives = !list_empty(&mark->link);
	if (lives)
		list_move_tail(&mark->link, &user->marks);
	spin_unlock_irqrestore(&user->lock, flags);
	return lives;
}

static void mark_publish(struct dsync_mark *mark)
{
	struct dsync_user *user = mark->user;
	unsigned long flags;

	spin_lock_irqsave(&user->lock, flags);
	list_add_tail(&mark->link, &user->marks);
	atomic_inc(&user->nr[DSYNC_QUOTA_MARKS]);
	spin_unlock_irqrestore(&user->lock, flags);
}

/* The mark that @user made last, if it is in the buffer of @other and of its kind. */
static struct dsync_mark *mark_latest(const struct dsync_mark *other)
{
	struct dsync_user *user = other->user;
	struct dsync_mark *mark = NULL;
	unsigned long flags;

	lockdep_assert_held(&other->buf->lock);
	spin_lock_irqsave(&user->lock, flags);
	if (!list_empty(&user->marks))
		mark = list_last_entry(&user->marks, struct dsync_mark, link);
	/* With the buffer locked it loses no piece, and so is not freed. */
	if (mark && (mark->buf != other->buf || mark->kind != other->kind))
		mark = NULL;
	spin_unlock_irqrestore(&user->lock, flags);
	return mark;
}

/* A piece of the user's own, for the same reason, that overlaps a range or touches it. */
static struct piece *piece_near(const struct dsync_mark *mark, unsigned long start,
				unsigned long last)
{
	unsigned int nr = 0;
	struct piece *piece;

	start -= !!start;
	last++;
	for (piece = piece_first(mark->buf, mark->kind, start, last); piece && nr < MAX_LOOKED_AT;
	     piece = piece_next(piece, start, last), nr++)
		if (piece->mark->user == mark->user && mark_renew(piece->mark))
			return piece;
	return NULL;
}

/* At the limit: a piece of the user's that can be made wider, so that no range is lost. */
static struct piece *piece_to_widen(const struct dsync_mark *other)
{
	struct dsync_user *user = other->user;
	struct dsync_mark *mark;

	if (atomic_read(&user->nr[DSYNC_QUOTA_MARKS]) < dsync_user_limit(DSYNC_QUOTA_MARKS))
		return NULL;
	mark = mark_latest(other);
	return mark && mark_renew(mark) ?
	       list_last_entry(&mark->pieces, struct piece, link) : NULL;
}

/* Return: true if @mark is in use. */
static bool mark_place(struct dsync_mark *mark, unsigned long start, unsigned long last)
{
	struct piece *piece = piece_near(mark, start, last) ?: piece_to_widen(mark);

	if (piece) {
		piece_move(piece, min(piece->node.start, start), max(piece->node.last, last));
		return false;
	}
	piece_join(&mark->first, mark, start, last);
	mark_publish(mark);
	return true;
}

/**
 * dsync_abandon_note() - a write access was abandoned, or revoked
 * @access: the access, still held
 * @kind: which
 *
 * Context: process context; may sleep for memory.
 */
void dsync_abandon_note(const struct dsync_access *access, enum dsync_mark_kind kind)
{
	struct dsync_user *user = access->set->owner->user;
	struct dsync_mark *mark = mark_create(access->buf, user, kind);
	unsigned long flags;
	bool used;

	dsync_buf_lock(access->buf, &flags);
	used = mark_place(mark, access->start, access->last);
	dsync_buf_unlock(access->buf, flags);
	if (!used)
		mark_free(mark);
	while ((mark = mark_take_oldest(user)))
		mark_drop(mark);
}

/**
 * dsync_abandon_overlaps() - are bytes marked
 * @buf: the buffer
 * @start: first byte
 * @last: last byte
 *
 * Context: &dsync_buf.lock held.
 * Return: as dsync_abandon_look().
 */
u8 dsync_abandon_overlaps(struct dsync_buf *buf, unsigned long start, unsigned long last)
{
	enum dsync_mark_kind kind;
	u8 marks = 0;

	lockdep_assert_held(&buf->lock);
	for (kind = 0; kind < DSYNC_NR_MARKS; kind++)
		if (piece_first(buf, kind, start, last))
			marks |= BIT(kind);
	return marks;
}

/* Some marked piece of a range, of whatever kind. */
static struct piece *piece_any(struct dsync_buf *buf, unsigned long start, unsigned long last)
{
	return piece_first(buf, DSYNC_MARK_ABANDONED, start, last) ?:
	       piece_first(buf, DSYNC_MARK_REVOKED, start, last);
}

/* Take bytes out of a piece. If that makes two of it, @spare becomes the second one. */
static int piece_cut(struct piece *piece, unsigned long start, unsigned long last,
		     struct piece **spare, struct dead *dead)
{
	unsigned long old_start = piece->node.start, old_last = piece->node.last;
	bool left = old_start < start, right = old_last > last;

	if (left && right && !*spare)
		return -ENOMEM;
	piece->mark->buf->steps += CUT_STEPS;
	if (left && right) {
		piece_join(*spare, piece->mark, last + 1, old_last);
		*spare = NULL;
	}
	if (left)
		piece_move(piece, old_start, start - 1);
	else if (right)
		piece_move(piece, last + 1, old_last);
	else
		piece_remove(piece, dead);
	return 0;
}

/* -EAGAIN: there is more to do, perhaps with another spare piece; -ENOMEM: there is none. */
static int clear_some(const struct dsync_access *access, struct piece **spare)
{
	unsigned long start = access->start, last = access->last, flags;
	struct dsync_buf *buf = access->buf;
	bool had_spare = *spare;
	struct piece *piece;
	struct dead dead;
	int ret = 0;

	dead_init(&dead);
	dsync_buf_lock(buf, &flags);
	while (!ret && (piece = piece_any(buf, start, last)))
		ret = dsync_buf_spent(buf) ? -EAGAIN :
					     piece_cut(piece, start, last, spare, &dead);
	dsync_buf_unlock(buf, flags);
	dead_free(&dead);
	return ret == -ENOMEM && had_spare ? -EAGAIN : ret;
}

/**
 * dsync_abandon_clear() - a writer that was told has written the bytes anew
 * @access: its access, still held
 *
 * Context: process context. Where the account of its user is full, or memory is short, bytes stay
 * marked.
 */
void dsync_abandon_clear(const struct dsync_access *access)
{
	struct dsync_user *user = access->set->owner->user;
	struct piece *spare = NULL;
	int ret;

	do {
		if (!spare)
			spare = piece_alloc(user);
		ret = clear_some(access, &spare);
	} while (ret == -EAGAIN);
	if (spare)
		piece_free(spare);
}

static struct dsync_mark *mark_take_any(struct dsync_buf *buf)
{
	struct dsync_mark *mark = NULL;
	struct piece *piece;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	piece = piece_any(buf, 0, ULONG_MAX);
	if (piece && !WARN_ON_ONCE(!mark_take(piece->mark)))
		mark = piece->mark;
	dsync_buf_unlock(buf, flags);
	return mark;
}

/**
 * dsync_abandon_forget() - drop all marks of a buffer
 * @buf: the buffer, which nobody uses any more
 */
void dsync_abandon_forget(struct dsync_buf *buf)
{
	struct dsync_mark *mark;

	while ((mark = mark_take_any(buf)))
		mark_drop(mark);
}
