// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on request, and what a channel did so far:
 *
 *	/sys/kernel/debug/dma_sim/chanN/fault
 *		write "KIND key=value...": none; fail, hang or stuck, with skip=, count=;
 *		late, with delay_ns= too. skip= descriptors are served well (default 0),
 *		then it happens to count= of them (default 1). Read: what is left of it.
 *		A channel that is stuck cannot be terminated; any write lets it go on.
 *	/sys/kernel/debug/dma_sim/chanN/state
 *		read: one line of key=value
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "dma_sim.h"

static struct dentry *dma_sim_debugfs;

static const char * const kind_names[] = {
	[DMA_SIM_FAULT_NONE] = "none",
	[DMA_SIM_FAULT_LATE] = "late",
	[DMA_SIM_FAULT_FAIL] = "fail",
	[DMA_SIM_FAULT_HANG] = "hang",
	[DMA_SIM_FAULT_STUCK] = "stuck",
};

static const char * const state_names[] = {
	[DMA_SIM_IDLE] = "idle",
	[DMA_SIM_TIMED] = "timed",
	[DMA_SIM_MOVING] = "moving",
	[DMA_SIM_HUNG] = "hung",
	[DMA_SIM_STUCK] = "stuck",
};

#define DMA_SIM_MAX_DELAY_NS	(3600ULL * NSEC_PER_SEC)

/**
 * dma_sim_fault_next() - what is to happen to the next descriptor
 * @c: channel
 * @delay_ns: how much longer it is to take, when it is DMA_SIM_FAULT_LATE
 *
 * Context: any; &dma_sim_chan.lock held. Each call counts one descriptor.
 * Return: the fault.
 */
enum dma_sim_fault_kind dma_sim_fault_next(struct dma_sim_chan *c,
					   u64 *delay_ns)
{
	struct dma_sim_fault *fault = &c->fault;
	enum dma_sim_fault_kind kind = fault->kind;

	lockdep_assert_held(&c->lock);
	*delay_ns = fault->delay_ns;
	if (kind == DMA_SIM_FAULT_NONE)
		return kind;
	if (fault->skip) {
		fault->skip--;
		return DMA_SIM_FAULT_NONE;
	}
	if (!--fault->count)
		*fault = (struct dma_sim_fault){ .kind = DMA_SIM_FAULT_NONE };
	return kind;
}

static int dma_sim_fault_parse_word(struct dma_sim_fault *fault, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!strcmp(word, "skip"))
		return kstrtou32(value, 0, &fault->skip);
	if (!strcmp(word, "count"))
		return kstrtou32(value, 0, &fault->count);
	if (!strcmp(word, "delay_ns") && fault->kind == DMA_SIM_FAULT_LATE)
		return kstrtou64(value, 0, &fault->delay_ns);
	return -EINVAL;
}

static int dma_sim_fault_parse(struct dma_sim_fault *fault, char *text)
{
	char *word;
	int ret;

	word = strsep(&text, " ");
	ret = match_string(kind_names, ARRAY_SIZE(kind_names), word);
	if (ret < 0)
		return ret;
	fault->kind = ret;
	fault->count = 1;
	if (fault->kind == DMA_SIM_FAULT_NONE)
		return text ? -EINVAL : 0;
	while ((word = strsep(&text, " "))) {
		ret = dma_sim_fault_parse_word(fault, word);
		if (ret)
			return ret;
	}
	if (!fault->count || fault->delay_ns > DMA_SIM_MAX_DELAY_NS)
		return -ERANGE;
	if (fault->kind == DMA_SIM_FAULT_LATE && !fault->delay_ns)
		return -EINVAL;
	return 0;
}

static ssize_t dma_sim_fault_write(struct file *file, const char __user *data,
				   size_t len, loff_t *pos)
{
	struct dma_sim_chan *c = ((struct seq_file *)file->private_data)->private;
	struct dma_sim_fault fault = {};
	char text[128];
	int ret;

	if (len >= sizeof(text))
		return -E2BIG;
	if (copy_from_user(text, data, len))
		return -EFAULT;
	text[len] = '\0';
	ret = dma_sim_fault_parse(&fault, strim(text));
	if (ret)
		return ret;
	spin_lock_irq(&c->lock);
	c->fault = fault;
	dma_sim_run_resume(c);
	spin_unlock_irq(&c->lock);
	return len;
}

static int dma_sim_fault_show(struct seq_file *m, void *unused)
{
	struct dma_sim_chan *c = m->private;
	struct dma_sim_fault fault;

	spin_lock_irq(&c->lock);
	fault = c->fault;
	spin_unlock_irq(&c->lock);
	seq_puts(m, kind_names[fault.kind]);
	if (fault.kind != DMA_SIM_FAULT_NONE)
		seq_printf(m, " skip=%u count=%u", fault.skip, fault.count);
	if (fault.kind == DMA_SIM_FAULT_LATE)
		seq_printf(m, " delay_ns=%llu", fault.delay_ns);
	seq_putc(m, '\n');
	return 0;
}

static int dma_sim_fault_open(struct inode *inode, struct file *file)
{
	return single_open(file, dma_sim_fault_show, inode->i_private);
}

static const struct file_operations dma_sim_fault_fops = {
	.owner = THIS_MODULE,
	.open = dma_sim_fault_open,
	.read = seq_read,
	.write = dma_sim_fault_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int dma_sim_state_show(struct seq_file *m, void *unused)
{
	struct dma_sim_chan *c = m->private;
	struct dma_sim_stats stats;
	enum dma_sim_state state;
	size_t nr_queued;

	spin_lock_irq(&c->lock);
	state = c->state;
	stats = c->stats;
	nr_queued = list_count_nodes(&c->issued) + list_count_nodes(&c->chain);
	spin_unlock_irq(&c->lock);
	seq_printf(m, "state=%s queued=%zu completed=%llu failed=%llu terminated=%llu bytes=%llu busy_ns=%llu\n",
		   state_names[state], nr_queued, stats.completed, stats.failed,
		   stats.terminated, stats.bytes, stats.busy_ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(dma_sim_state);

/**
 * dma_sim_fault_start() - make the files of a registered device
 * @dma: device
 */
void dma_sim_fault_start(struct dma_device *dma)
{
	struct dma_chan *chan;
	struct dentry *dir;
	char name[16];

	dma_sim_debugfs = debugfs_create_dir("dma_sim", NULL);
	list_for_each_entry(chan, &dma->channels, device_node) {
		snprintf(name, sizeof(name), "chan%d", chan->chan_id);
		dir = debugfs_create_dir(name, dma_sim_debugfs);
		debugfs_create_file("fault", 0600, dir, to_dma_sim_chan(chan),
				    &dma_sim_fault_fops);
		debugfs_create_file("state", 0400, dir, to_dma_sim_chan(chan),
				    &dma_sim_state_fops);
	}
}

/**
 * dma_sim_fault_stop() - remove the files; nobody is in one of them afterwards
 */
void dma_sim_fault_stop(void)
{
	debugfs_remove_recursive(dma_sim_debugfs);
}
