// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: dmabuf_sync/accesses lists all accesses, held and queued, and what the queued
 * ones are blocked on, for tools that start late. One line each, key=value; the keys are
 * an interface (docs/trace-events.rst), new ones come before comm, which is last because
 * it is somebody else's text.
 *
 * What is listed of one buffer is limited, and a last line tells how much was left out.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "buf.h"
#include "compat/compat.h"
#include "owner.h"
#include "set.h"
#include "snapshot.h"

/* Of one buffer: held accesses, and edges. Queued ones have a limit of their own. */
#define MAX_HELD	1024
#define MAX_EDGES	4096

/* Edges of one queued access, of either kind. They are on the stack for a while. */
#define MAX_EDGES_OF_ONE	20

/* To print a line takes as long as looking at so many nodes. */
#define SHOW_STEPS	96

static struct dentry *snapshot_dir;

static const char *kind_name(u32 kind)
{
	switch (kind) {
	case DMABUF_SYNC_OWNER_FCNTL:
		return "fcntl";
	case DMABUF_SYNC_OWNER_CONTEXT:
		return "context";
	default:
		return "driver";
	}
}

static const char *mode_name(const struct dsync_access *access)
{
	switch (access->mode & DMA_BUF_ACCESS_RW) {
	case DMA_BUF_ACCESS_R:
		return "r";
	case DMA_BUF_ACCESS_W:
		return "w";
	default:
		return "rw";
	}
}

/*
 * Somebody else's text, in what can be printed of ASCII: it moves no cursor and makes no line.
 * Nor, with @more, what would make it more than one value.
 */
static void show_text(struct seq_file *m, const char *text, const char *more)
{
	seq_escape_mem(m, text, strlen(text),
		       ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND, more);
}

/* The job of an access, or nothing: its fence, what that is called, when its engine began it. */
static void show_job(struct seq_file *m, struct dsync_set *set)
{
	const char __rcu *name;
	struct dma_fence *fence;

	if (!dsync_set_is_committed(set)) {
		seq_puts(m, " fence=0:0 driver= timeline= began_ns=0");
		return;
	}
	fence = set->commit.job.fence;
	seq_printf(m, " fence=%llu:%llu driver=", fence->context, (u64)fence->seqno);
	rcu_read_lock();
	name = dma_fence_driver_name(fence);
	show_text(m, rcu_dereference(name), "\\ =");
	seq_puts(m, " timeline=");
	name = dma_fence_timeline_name(fence);
	show_text(m, rcu_dereference(name), "\\ =");
	rcu_read_unlock();
	seq_printf(m, " began_ns=%llu", READ_ONCE(set->commit.began_ns));
}

static void show_access(struct seq_file *m, struct dsync_access *access,
			bool held)
{
	struct dsync_set *set = access->set;
	struct dsync_owner *owner = set->owner;
	struct dsync_buf *buf = access->buf;
	bool job = dsync_set_is_committed(set);
	u64 since = held ? READ_ONCE(set->acquired_ns) : set->requested_ns;

	seq_printf(m, "type=access ino=%llu exporter=", buf->ino);
	show_text(m, buf->dmabuf->exp_name, "\\ =");
	seq_printf(m, " size=%zu access=%llu owner=%llu kind=%s tgid=%u tid=%u mode=%s agent=%s state=%s start=%lu len=%llu since_ns=%llu",
		   buf->dmabuf->size, access->id, owner->id,
		   kind_name(owner->kind), owner->tgid, dsync_set_tid(set),
		   mode_name(access), dsync_access_is_dma(access) ? "dma" : "cpu",
		   !held ? "queued" : job ? "committed" : "acquired",
		   access->start, dsync_access_len(access),
		   since);
	show_job(m, set);
	seq_puts(m, " comm=");
	show_text(m, owner->name, "\\");
	seq_putc(m, '\n');
}

/**
 * struct blocked - a queued access and what is in its way
 * @access: its id
 * @owner: of its owner
 * @nr: entries of @blockers
 * @nr_held: the first of them, which are held; the others are queued
 * @blockers: ids of accesses and of their owners
 * @more: there are more
 */
struct blocked {
	u64 access;
	u64 owner;
	unsigned int nr;
	unsigned int nr_held;
	struct {
		u64 access;
		u64 owner;
	} blockers[2 * MAX_EDGES_OF_ONE];
	bool more;
};

static void collect_some(struct blocked *blocked, struct dsync_access *access,
			 struct dsync_trees *trees, u64 ticket, unsigned int max)
{
	struct dsync_ask ask = dsync_conflict_ask(access, ticket);
	struct dsync_cursor cursor = {};
	struct dsync_access *other;

	for (;;) {
		other = dsync_conflict_scan(trees, &ask, &cursor, DSYNC_MAX_STEPS);
		if (IS_ERR_OR_NULL(other) || !max--)
			break;
		dsync_conflict_mark(&cursor, other);
		blocked->blockers[blocked->nr].access = other->id;
		blocked->blockers[blocked->nr].owner = other->set->owner->id;
		blocked->nr++;
	}
	blocked->more |= !!other;
}

static void collect_edges(struct blocked *blocked, struct dsync_access *access,
			  unsigned int max)
{
	blocked->access = access->id;
	blocked->owner = access->set->owner->id;
	collect_some(blocked, access, &access->buf->held, U64_MAX, max);
	blocked->nr_held = blocked->nr;
	collect_some(blocked, access, &access->buf->queued, access->set->ticket, max);
}

static void show_edges(struct seq_file *m, u64 ino, const struct blocked *blocked)
{
	unsigned int i;

	for (i = 0; i < blocked->nr; i++)
		seq_printf(m, "type=edge ino=%llu access=%llu owner=%llu blocker=%llu blocker_owner=%llu queued=%d\n",
			   ino, blocked->access, blocked->owner, blocked->blockers[i].access,
			   blocked->blockers[i].owner, i >= blocked->nr_held);
}

/**
 * struct shown - how far the list of a buffer is
 * @cursor: the access that was shown last
 * @room: accesses that may follow
 * @max: edges that may be shown of one access, of either kind
 * @more: accesses that have more edges
 */
struct shown {
	struct dsync_cursor cursor;
	unsigned int room;
	unsigned int max;
	unsigned int more;
};

/*
 * The lock is dropped now and then: what comes and goes meanwhile may be there or not. Of queued
 * accesses one is shown at a time, and its edges without the lock.
 */
static bool show_some(struct seq_file *m, struct dsync_buf *buf, bool held, struct shown *shown)
{
	struct dsync_ask all = { .last = ULONG_MAX, .ticket = U64_MAX };
	struct dsync_trees *trees = held ? &buf->held : &buf->queued;
	struct blocked blocked = {};
	struct dsync_access *access;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (access = dsync_conflict_resume(trees, &all, &shown->cursor);
	     access && shown->room && !blocked.access && !dsync_buf_spent(buf);
	     access = dsync_conflict_next(trees, &all, access)) {
		shown->room--;
		dsync_conflict_mark(&shown->cursor, access);
		show_access(m, access, held);
		buf->steps += SHOW_STEPS;
		if (!held)
			collect_edges(&blocked, access, shown->max);
	}
	dsync_buf_unlock(buf, flags);
	show_edges(m, buf->ino, &blocked);
	shown->more += blocked.more;
	return access && shown->room;
}

static void show_buf(struct seq_file *m, struct dsync_buf *buf)
{
	unsigned int nr_held = READ_ONCE(buf->nr_held);
	unsigned int nr_queued = READ_ONCE(buf->nr_queued);
	struct shown held = { .room = MAX_HELD };
	struct shown queued = {
		.room = nr_queued,
		.max = clamp(MAX_EDGES / 2 / max(nr_queued, 1u), 1u, MAX_EDGES_OF_ONE),
	};

	while (show_some(m, buf, true, &held))
		cond_resched();
	while (show_some(m, buf, false, &queued))
		cond_resched();
	nr_held -= min(nr_held, MAX_HELD);
	if (nr_held || queued.more)
		seq_printf(m, "type=more ino=%llu held=%u edges=%u\n",
			   buf->ino, nr_held, queued.more);
}

/**
 * struct walk - a read of the file, from its beginning to its end
 * @iter: over the buffers, if @begun
 * @buf: the buffer that is shown next, a reference; NULL: all were
 * @pos: its place
 * @begun: dsync_buf_walk_end() must be called
 */
struct walk {
	struct rhashtable_iter iter;
	struct dsync_buf *buf;
	loff_t pos;
	bool begun;
};

static void walk_end(struct walk *walk)
{
	if (walk->buf)
		dsync_buf_put(walk->buf);
	walk->buf = NULL;
	if (walk->begun)
		dsync_buf_walk_end(&walk->iter);
	walk->begun = false;
}

static void walk_next(struct walk *walk)
{
	if (walk->buf)
		dsync_buf_put(walk->buf);
	walk->buf = dsync_buf_walk_next(&walk->iter);
}

/* A read goes on where the one before ended; from anywhere else the file is read anew. */
static void *snapshot_start(struct seq_file *m, loff_t *pos)
{
	struct walk *walk = m->private;

	if (!*pos) {
		walk_end(walk);
		dsync_buf_walk_begin(&walk->iter);
		walk->begun = true;
		walk->pos = 0;
		walk_next(walk);
	}
	return *pos == walk->pos ? walk->buf : NULL;
}

static void *snapshot_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct walk *walk = m->private;

	walk_next(walk);
	walk->pos = ++*pos;
	return walk->buf;
}

static void snapshot_end(struct seq_file *m, void *v)
{
}

static int snapshot_show(struct seq_file *m, void *v)
{
	show_buf(m, v);
	return 0;
}

static const struct seq_operations snapshot_sops = {
	.start	= snapshot_start,
	.next	= snapshot_next,
	.stop	= snapshot_end,
	.show	= snapshot_show,
};

static int snapshot_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &snapshot_sops, sizeof(struct walk));
}

static int snapshot_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	walk_end(m->private);
	return seq_release_private(inode, file);
}

static const struct file_operations snapshot_fops = {
	.owner		= THIS_MODULE,
	.open		= snapshot_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= snapshot_release,
};

/**
 * dsync_snapshot_start() - make the debugfs file; without debugfs there is none
 *
 * Return: 0.
 */
int dsync_snapshot_start(void)
{
	snapshot_dir = debugfs_create_dir("dmabuf_sync", NULL);
	debugfs_create_file("accesses", 0400, snapshot_dir, NULL, &snapshot_fops);
	return 0;
}

/**
 * dsync_snapshot_stop() - remove it
 */
void dsync_snapshot_stop(void)
{
	debugfs_remove_recursive(snapshot_dir);
}
