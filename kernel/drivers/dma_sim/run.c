// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine behind a channel. It takes the descriptors that were issued, up to one
 * that wants an interrupt: a chain. A timer lets the time pass that the model wants,
 * then the channel's worker moves the bytes of the whole chain, then the clients are
 * called back, from the context that the parameter "completion" names. A chain that
 * was issued before the one ahead of it was due starts when that one was due: the time
 * that moving takes does not add to the model's.
 */
#include <linux/dma-direct.h>
#include <linux/highmem.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../compat/drivers.h"
#include "dma_sim.h"

enum dma_sim_completion {
	DMA_SIM_BY_TASKLET,
	DMA_SIM_BY_IRQ,
	DMA_SIM_BY_THREAD,
};

static const char * const completion_names[] = {
	[DMA_SIM_BY_TASKLET] = "tasklet",
	[DMA_SIM_BY_IRQ] = "irq",
	[DMA_SIM_BY_THREAD] = "thread",
};

static unsigned long long bandwidth = 1000000000;
static unsigned long long latency = 10000;
static int completion = DMA_SIM_BY_TASKLET;

/* No chain is longer than this, whatever the model says: some 30 years. */
#define DMA_SIM_MAX_SECONDS	1000000000ULL
#define DMA_SIM_MAX_LATENCY_NS	(10ULL * NSEC_PER_SEC)

static int bandwidth_set(const char *val, const struct kernel_param *kp)
{
	unsigned long long bytes;
	int ret;

	ret = kstrtoull(val, 0, &bytes);
	if (ret)
		return ret;
	WRITE_ONCE(bandwidth, bytes);
	return 0;
}

static int latency_set(const char *val, const struct kernel_param *kp)
{
	unsigned long long ns;
	int ret;

	ret = kstrtoull(val, 0, &ns);
	if (ret)
		return ret;
	if (ns > DMA_SIM_MAX_LATENCY_NS)
		return -ERANGE;
	WRITE_ONCE(latency, ns);
	return 0;
}

static int completion_set(const char *val, const struct kernel_param *kp)
{
	int ret = sysfs_match_string(completion_names, val);

	if (ret < 0)
		return ret;
	WRITE_ONCE(completion, ret);
	return 0;
}

static int completion_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n",
			  completion_names[READ_ONCE(completion)]);
}

static const struct kernel_param_ops bandwidth_ops = {
	.set = bandwidth_set,
	.get = param_get_ullong,
};

static const struct kernel_param_ops latency_ops = {
	.set = latency_set,
	.get = param_get_ullong,
};

static const struct kernel_param_ops completion_ops = {
	.set = completion_set,
	.get = completion_get,
};

module_param_cb(bandwidth, &bandwidth_ops, &bandwidth, 0644);
MODULE_PARM_DESC(bandwidth,
		 "Bytes per second of a channel; 0: as fast as the CPU moves them (default 1000000000)");
module_param_cb(latency, &latency_ops, &latency, 0644);
MODULE_PARM_DESC(latency,
		 "Nanoseconds from the start of a chain to its first byte, up to 10 s (default 10000)");
module_param_cb(completion, &completion_ops, &completion, 0644);
MODULE_PARM_DESC(completion,
		 "Context that clients are called back from: tasklet, irq or thread (default tasklet)");

static u64 dma_sim_run_model_ns(u64 bytes)
{
	u64 rate = READ_ONCE(bandwidth);
	u64 seconds, rest;

	if (!rate)
		return READ_ONCE(latency);
	seconds = min(div64_u64_rem(bytes, rate, &rest), DMA_SIM_MAX_SECONDS);
	return READ_ONCE(latency) + seconds * NSEC_PER_SEC +
	       mul_u64_u64_div_u64(rest, NSEC_PER_SEC, rate);
}

/* It hangs, in one way or the other. */
static bool dma_sim_run_is_hung(const struct dma_sim_chan *c)
{
	return c->state == DMA_SIM_HUNG || c->state == DMA_SIM_STUCK;
}

/* Fill the chain. Returns its modelled time; a hang shows in the state. */
static u64 dma_sim_run_take_chain(struct dma_sim_chan *c)
{
	struct dma_sim_desc *d, *next;
	u64 bytes = 0, late_ns = 0;
	u64 delay_ns;

	list_for_each_entry_safe(d, next, &c->issued, node) {
		switch (dma_sim_fault_next(c, &delay_ns)) {
		case DMA_SIM_FAULT_LATE:
			late_ns += delay_ns;
			break;
		case DMA_SIM_FAULT_FAIL:
			d->fail = true;
			break;
		case DMA_SIM_FAULT_HANG:
			c->state = DMA_SIM_HUNG;
			break;
		case DMA_SIM_FAULT_STUCK:
			c->state = DMA_SIM_STUCK;
			break;
		case DMA_SIM_FAULT_NONE:
			break;
		}
		list_move_tail(&d->node, &c->chain);
		bytes += d->len_bytes;
		if (dma_sim_run_is_hung(c) || d->tx.flags & DMA_PREP_INTERRUPT)
			break;
	}
	return dma_sim_run_model_ns(bytes) + late_ns;
}

/* Let the time of the chain pass. */
static void dma_sim_run_time(struct dma_sim_chan *c, ktime_t start, u64 model_ns)
{
	c->chain_end = ktime_add_ns(start, model_ns);
	c->stats.busy_ns += model_ns;
	c->state = DMA_SIM_TIMED;
	hrtimer_start(&c->timer, c->chain_end, HRTIMER_MODE_ABS);
}

/**
 * dma_sim_run_next() - start the next chain, if there is one and the engine is idle
 * @c: channel
 *
 * Context: any; &dma_sim_chan.lock held.
 */
void dma_sim_run_next(struct dma_sim_chan *c)
{
	struct dma_sim_desc *first;
	ktime_t start;
	u64 model_ns;

	lockdep_assert_held(&c->lock);
	first = list_first_entry_or_null(&c->issued, struct dma_sim_desc, node);
	if (c->state != DMA_SIM_IDLE || !first)
		return;

	start = first->issued_at;
	if (ktime_after(c->chain_end, start))
		start = c->chain_end;
	model_ns = dma_sim_run_take_chain(c);
	if (!dma_sim_run_is_hung(c))
		dma_sim_run_time(c, start, model_ns);
}

/**
 * dma_sim_run_resume() - a channel that is stuck goes on
 * @c: channel
 *
 * Context: any; &dma_sim_chan.lock held.
 */
void dma_sim_run_resume(struct dma_sim_chan *c)
{
	lockdep_assert_held(&c->lock);
	if (c->state == DMA_SIM_STUCK)
		dma_sim_run_time(c, ktime_get(), dma_sim_run_model_ns(0));
}

/**
 * dma_sim_run_stop() - forget the chain the engine works on
 * @c: channel
 *
 * The worker may be moving bytes still: see &dma_sim_chan.moving.
 *
 * Context: any; &dma_sim_chan.lock held.
 */
void dma_sim_run_stop(struct dma_sim_chan *c)
{
	lockdep_assert_held(&c->lock);
	WRITE_ONCE(c->epoch, c->epoch + 1);
	c->state = DMA_SIM_IDLE;
	c->chain_end = 0;
	hrtimer_try_to_cancel(&c->timer);
}

static enum hrtimer_restart dma_sim_run_timer(struct hrtimer *timer)
{
	struct dma_sim_chan *c = container_of(timer, struct dma_sim_chan, timer);
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	/* The timer of a chain that was terminated may come too late to be stopped. */
	if (c->state == DMA_SIM_TIMED && !ktime_before(ktime_get(), c->chain_end)) {
		c->state = DMA_SIM_MOVING;
		kthread_queue_work(c->worker, &c->move_work);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return HRTIMER_NORESTART;
}

/* Bytes from @addr on that are in one page, @len at most; 0 when it is no memory. */
static size_t dma_sim_run_page(struct dma_sim_chan *c, dma_addr_t addr,
			       size_t len, struct page **page, size_t *offset)
{
	phys_addr_t phys = dma_to_phys(c->chan.device->dev, addr);

	if (!pfn_valid(PHYS_PFN(phys)))
		return 0;
	*page = pfn_to_page(PHYS_PFN(phys));
	*offset = offset_in_page(phys);
	return min_t(size_t, len, PAGE_SIZE - *offset);
}

/* Copy up to a page. Returns the number of bytes, 0 when it went wrong. */
static size_t dma_sim_run_step(struct dma_sim_chan *c, struct dma_sim_desc *d,
			       size_t len)
{
	struct page *src, *dst;
	size_t src_offset, dst_offset;

	len = dma_sim_run_page(c, d->src + d->moved_bytes, len, &src,
			       &src_offset);
	if (!len) {
		d->result.result = DMA_TRANS_READ_FAILED;
		return 0;
	}
	len = dma_sim_run_page(c, d->dst + d->moved_bytes, len, &dst,
			       &dst_offset);
	if (!len) {
		d->result.result = DMA_TRANS_WRITE_FAILED;
		return 0;
	}
	memcpy_page(dst, dst_offset, src, src_offset, len);
	flush_dcache_page(dst);
	return len;
}

static void dma_sim_run_move_desc(struct dma_sim_chan *c, struct dma_sim_desc *d,
				  unsigned int epoch)
{
	size_t end = d->fail ? d->len_bytes / 2 : d->len_bytes;
	size_t step;

	d->result.result = d->fail ? DMA_TRANS_ABORTED : DMA_TRANS_NOERROR;
	while (d->moved_bytes < end && READ_ONCE(c->epoch) == epoch) {
		step = dma_sim_run_step(c, d, end - d->moved_bytes);
		if (!step)
			break;
		WRITE_ONCE(d->moved_bytes, d->moved_bytes + step);
		cond_resched();
	}
	d->result.residue = d->len_bytes - d->moved_bytes;
}

/* Move the bytes of the chain. Returns whether it was terminated meanwhile. */
static bool dma_sim_run_move_chain(struct dma_sim_chan *c)
{
	unsigned int epoch = c->epoch;
	struct dma_sim_desc *d;

	lockdep_assert_held(&c->lock);
	c->moving = true;
	list_for_each_entry(d, &c->chain, node) {
		spin_unlock_irq(&c->lock);
		dma_sim_run_move_desc(c, d, epoch);
		spin_lock_irq(&c->lock);
		/* Terminated: @d is on another list now. */
		if (c->epoch != epoch)
			break;
	}
	c->moving = false;
	dma_sim_chan_recycle(c, &c->terminated);
	return c->epoch != epoch;
}

static void dma_sim_run_complete_chain(struct dma_sim_chan *c)
{
	struct dma_sim_desc *d;

	lockdep_assert_held(&c->lock);
	list_for_each_entry(d, &c->chain, node) {
		c->chan.completed_cookie = d->tx.cookie;
		c->stats.completed++;
		c->stats.bytes += d->moved_bytes;
		if (d->result.result != DMA_TRANS_NOERROR) {
			c->failed_cookie = d->tx.cookie;
			c->stats.failed++;
		}
		d->tx.cookie = 0;
	}
	list_splice_tail_init(&c->chain, &c->completed);
	c->state = DMA_SIM_IDLE;
}

static void dma_sim_run_call(struct dma_sim_desc *d)
{
	dma_descriptor_unmap(&d->tx);
	if (d->tx.callback_result)
		d->tx.callback_result(d->tx.callback_param, &d->result);
	else if (d->tx.callback)
		d->tx.callback(d->tx.callback_param);
}

/*
 * Call clients back, in order: who comes while somebody else is at it leaves his
 * descriptors to him.
 */
static void dma_sim_run_call_clients(struct dma_sim_chan *c)
{
	struct dma_sim_desc *d;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	if (c->calling)
		goto unlock;
	c->calling = true;
	while (!list_empty(&c->completed)) {
		d = list_first_entry(&c->completed, struct dma_sim_desc, node);
		list_del(&d->node);
		spin_unlock_irqrestore(&c->lock, flags);
		dma_sim_run_call(d);
		spin_lock_irqsave(&c->lock, flags);
		list_add_tail(&d->node, &c->free);
	}
	c->calling = false;
unlock:
	spin_unlock_irqrestore(&c->lock, flags);
}

static void dma_sim_run_tasklet(struct tasklet_struct *t)
{
	dma_sim_run_call_clients(container_of(t, struct dma_sim_chan, tasklet));
}

static void dma_sim_run_irq_work(struct irq_work *work)
{
	dma_sim_run_call_clients(container_of(work, struct dma_sim_chan, irq_work));
}

static void dma_sim_run_interrupt(struct dma_sim_chan *c)
{
	switch (READ_ONCE(completion)) {
	case DMA_SIM_BY_TASKLET:
		tasklet_schedule(&c->tasklet);
		break;
	case DMA_SIM_BY_IRQ:
		irq_work_queue(&c->irq_work);
		break;
	case DMA_SIM_BY_THREAD:
		dma_sim_run_call_clients(c);
		break;
	}
}

static void dma_sim_run_work(struct kthread_work *work)
{
	struct dma_sim_chan *c = container_of(work, struct dma_sim_chan, move_work);
	bool completed = false;

	spin_lock_irq(&c->lock);
	if (c->state == DMA_SIM_MOVING && !dma_sim_run_move_chain(c)) {
		dma_sim_run_complete_chain(c);
		dma_sim_run_next(c);
		completed = true;
	}
	spin_unlock_irq(&c->lock);
	if (completed)
		dma_sim_run_interrupt(c);
}

/**
 * dma_sim_run_init() - prepare the engine of a channel
 * @c: channel
 */
void dma_sim_run_init(struct dma_sim_chan *c)
{
	hrtimer_setup(&c->timer, dma_sim_run_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	tasklet_setup(&c->tasklet, dma_sim_run_tasklet);
	init_irq_work(&c->irq_work, dma_sim_run_irq_work);
}

/**
 * dma_sim_run_start() - the channel got a client, and a worker
 * @c: channel
 *
 * The work must not remember the worker of the client before.
 */
void dma_sim_run_start(struct dma_sim_chan *c)
{
	kthread_init_work(&c->move_work, dma_sim_run_work);
	/* A device does not wait for a turn on the CPU. */
	sched_set_fifo_low(c->worker->task);
}

/**
 * dma_sim_run_synchronize() - wait until nothing of what was terminated runs any more
 * @c: channel
 *
 * Afterwards no byte of a terminated descriptor is moved and no client called back.
 *
 * Context: process context, not from a callback.
 */
void dma_sim_run_synchronize(struct dma_sim_chan *c)
{
	kthread_flush_work(&c->move_work);
	tasklet_kill(&c->tasklet);
	irq_work_sync(&c->irq_work);
}

/**
 * dma_sim_run_end() - the channel was terminated and loses its client
 * @c: channel
 *
 * Context: process context.
 */
void dma_sim_run_end(struct dma_sim_chan *c)
{
	hrtimer_cancel(&c->timer);
	dma_sim_run_synchronize(c);
}
