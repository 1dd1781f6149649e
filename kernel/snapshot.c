// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: dmabuf_sync/accesses lists all accesses, held and queued, and what the queued
 * ones are blocked on, for tools that start late. One line each, key=value; the keys are
 * an interface (docs/trace-events.rst), new ones come before comm, which is last because
 * it is somebody else's text.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "buf.h"
#include "owner.h"
#include "set.h"
#include "snapshot.h"

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

static void show_access(struct seq_file *m, struct dsync_access *access,
			bool held)
{
	struct dsync_set *set = access->set;
	struct dsync_owner *owner = set->owner;
	struct dsync_buf *buf = access->buf;
	bool job = !list_empty(&access->job);
	u64 since = held ? set->acquired_ns : set->requested_ns;

	seq_printf(m, "type=access ino=%llu exporter=", buf->ino);
	seq_escape(m, buf->dmabuf->exp_name, " \t\n\\=");
	seq_printf(m, " size=%zu access=%llu owner=%llu kind=%s tgid=%u tid=%u mode=%s agent=%s state=%s start=%lu len=%llu age_ns=%llu fence=%llu:%llu comm=",
		   buf->dmabuf->size, access->id, owner->id,
		   kind_name(owner->kind), owner->tgid, set->tid,
		   mode_name(access), dsync_access_is_dma(access) ? "dma" : "cpu",
		   !held ? "queued" : job ? "committed" : "acquired",
		   access->it.start, dsync_access_len(access),
		   since ? ktime_get_ns() - since : 0,
		   job ? set->fence->context : 0,
		   job ? (u64)set->fence->seqno : 0);
	seq_escape(m, owner->name, "\t\n\\");
	seq_putc(m, '\n');
}

static void show_edge(struct seq_file *m, struct dsync_access *access,
		      struct dsync_access *blocker, bool queued)
{
	seq_printf(m, "type=edge ino=%llu access=%llu owner=%llu blocker=%llu blocker_owner=%llu queued=%d\n",
		   access->buf->ino, access->id, access->set->owner->id,
		   blocker->id, blocker->set->owner->id, queued);
}

static void show_tree(struct seq_file *m, struct rb_root_cached *root, bool held)
{
	struct dsync_access *access;

	dsync_for_each_overlap(access, root, 0, ULONG_MAX)
		show_access(m, access, held);
}

static void show_edges(struct seq_file *m, struct dsync_buf *buf,
		       struct rb_root_cached *root)
{
	struct dsync_access *access, *other;

	dsync_for_each_overlap(access, root, 0, ULONG_MAX) {
		other = NULL;
		while ((other = dsync_buf_holder(buf, access, other)))
			show_edge(m, access, other, false);
		while ((other = dsync_buf_earlier(buf, access, other)))
			show_edge(m, access, other, true);
	}
}

static void show_buf(struct dsync_buf *buf, void *data)
{
	struct seq_file *m = data;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&buf->lock, flags);
	for (i = 0; i < DSYNC_NR_TREES; i++)
		show_tree(m, &buf->held[i], true);
	for (i = 0; i < DSYNC_NR_TREES; i++)
		show_tree(m, &buf->queued[i], false);
	for (i = 0; i < DSYNC_NR_TREES; i++)
		show_edges(m, buf, &buf->queued[i]);
	spin_unlock_irqrestore(&buf->lock, flags);
}

static void *snapshot_start(struct seq_file *m, loff_t *pos)
{
	return *pos < DSYNC_BUF_BUCKETS ? pos : NULL;
}

static void *snapshot_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return snapshot_start(m, pos);
}

static void snapshot_end(struct seq_file *m, void *v)
{
}

static int snapshot_show(struct seq_file *m, void *v)
{
	loff_t *pos = v;

	dsync_buf_for_each(*pos, show_buf, m);
	return 0;
}

static const struct seq_operations snapshot_sops = {
	.start	= snapshot_start,
	.next	= snapshot_next,
	.stop	= snapshot_end,
	.show	= snapshot_show,
};
DEFINE_SEQ_ATTRIBUTE(snapshot);

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
