// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device at work. It moves up to 4 KiB from memory into its buffer, and from there to where
 * it belongs; each transfer ends with an interrupt, which starts the next one. The CPU
 * touches no byte.
 *
 * A transfer cannot be called off. So the device is stopped by taking the bus from it: from then on
 * it reaches no memory, whatever it still does. It gets the bus back when its transfer is over.
 * With message signaled interrupts that end is silent, since they go by the bus, too.
 */
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

#include "dma_edu.h"
#include "regs.h"

/* How often to look whether a device that was stopped is still at it. */
#define DMA_EDU_DRAIN_MS	20
/* What it may take when the driver starts. */
#define DMA_EDU_START_US	(2 * USEC_PER_SEC)

static int timeout_ms_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 600000);
}

static const struct kernel_param_ops timeout_ms_ops = {
	.set = timeout_ms_set,
	.get = param_get_uint,
};

static unsigned int timeout_ms = 5000;
module_param_cb(timeout_ms, &timeout_ms_ops, &timeout_ms, 0644);
MODULE_PARM_DESC(timeout_ms,
		 "Milliseconds after which a transfer of 4 KiB, which takes 100, is given up, 1 .. 600000 (default 5000)");

static struct dma_edu_desc *dma_edu_run_first(struct dma_edu *edu)
{
	lockdep_assert_held(&edu->lock);
	return list_first_entry_or_null(&edu->issued, struct dma_edu_desc, node);
}

static bool dma_edu_run_is_moving(const struct dma_edu *edu)
{
	return edu->state == DMA_EDU_READING || edu->state == DMA_EDU_WRITING;
}

/* Wait for the end of a transfer that was begun. */
static void dma_edu_run_await(struct dma_edu *edu, enum dma_edu_state state)
{
	edu->state = state;
	edu->due = jiffies + msecs_to_jiffies(READ_ONCE(timeout_ms));
	mod_timer(&edu->timer, edu->due);
}

/* The next bytes of a descriptor go into the device's buffer ... */
static void dma_edu_run_read(struct dma_edu *edu, struct dma_edu_desc *d)
{
	edu->step_bytes = min_t(size_t, d->len_bytes - d->moved_bytes,
				DMA_EDU_BUFFER_BYTES);
	dma_edu_regs_transfer(edu->regs, d->src + d->moved_bytes, DMA_EDU_BUFFER,
			      edu->step_bytes, 0);
	dma_edu_run_await(edu, DMA_EDU_READING);
}

/* ... and out again. */
static void dma_edu_run_write(struct dma_edu *edu, struct dma_edu_desc *d)
{
	dma_edu_regs_transfer(edu->regs, DMA_EDU_BUFFER, d->dst + d->moved_bytes,
			      edu->step_bytes, DMA_EDU_COMMAND_WRITE);
	dma_edu_run_await(edu, DMA_EDU_WRITING);
}

/* A descriptor is over: its client is to be called back. */
static void dma_edu_run_complete(struct dma_edu *edu, struct dma_edu_desc *d,
				 enum dmaengine_tx_result result)
{
	lockdep_assert_held(&edu->lock);
	d->result.result = result;
	d->result.residue = d->len_bytes - d->moved_bytes;
	edu->chan.completed_cookie = d->tx.cookie;
	if (result != DMA_TRANS_NOERROR)
		edu->failed_cookie = d->tx.cookie;
	d->tx.cookie = 0;
	list_move_tail(&d->node, &edu->completed);
	queue_work(system_bh_wq, &edu->call);
}

static void dma_edu_run_fail_all(struct dma_edu *edu)
{
	struct dma_edu_desc *d;

	while ((d = dma_edu_run_first(edu)))
		dma_edu_run_complete(edu, d, DMA_TRANS_ABORTED);
}

/**
 * dma_edu_run_next() - go on with what was issued, if the device is idle
 * @edu: the device
 *
 * Context: any; &dma_edu.lock held.
 */
void dma_edu_run_next(struct dma_edu *edu)
{
	struct dma_edu_desc *d = dma_edu_run_first(edu);

	if (edu->state == DMA_EDU_GONE)
		dma_edu_run_fail_all(edu);
	else if (d && edu->state == DMA_EDU_IDLE)
		dma_edu_run_read(edu, d);
}

/* Give the bus back to the device, once it has nothing left to do with it. */
static void dma_edu_run_drain(struct dma_edu *edu)
{
	lockdep_assert_held(&edu->lock);
	if (dma_edu_regs_busy(edu->regs)) {
		edu->state = DMA_EDU_DRAINING;
		mod_timer(&edu->timer, jiffies + msecs_to_jiffies(DMA_EDU_DRAIN_MS));
		return;
	}
	timer_delete(&edu->timer);
	dma_edu_regs_ack(edu->regs);
	pci_set_master(edu->pdev);
	edu->state = DMA_EDU_IDLE;
	dma_edu_run_next(edu);
}

/**
 * dma_edu_run_stop() - keep the device from memory
 * @edu: the device; the caller has taken the descriptor that it works on off @issued
 *
 * When this returns the device neither reads nor writes memory: its answer to the register reads
 * arrives after all that it has sent to memory.
 *
 * Context: any; &dma_edu.lock held.
 */
void dma_edu_run_stop(struct dma_edu *edu)
{
	lockdep_assert_held(&edu->lock);
	if (!dma_edu_run_is_moving(edu))
		return;
	pci_clear_master(edu->pdev);
	dma_edu_run_drain(edu);
}

/* A transfer has ended. */
static void dma_edu_run_advance(struct dma_edu *edu)
{
	struct dma_edu_desc *d = dma_edu_run_first(edu);

	if (edu->state == DMA_EDU_READING) {
		dma_edu_run_write(edu, d);
		return;
	}
	WRITE_ONCE(d->moved_bytes, d->moved_bytes + edu->step_bytes);
	if (d->moved_bytes < d->len_bytes) {
		dma_edu_run_read(edu, d);
		return;
	}
	timer_delete(&edu->timer);
	edu->state = DMA_EDU_IDLE;
	dma_edu_run_complete(edu, d, DMA_TRANS_NOERROR);
	dma_edu_run_next(edu);
}

/* Look at what the device has done. */
static void dma_edu_run_look(struct dma_edu *edu)
{
	lockdep_assert_held(&edu->lock);
	if (edu->state == DMA_EDU_DRAINING)
		dma_edu_run_drain(edu);
	else if (dma_edu_run_is_moving(edu) && !dma_edu_regs_busy(edu->regs))
		dma_edu_run_advance(edu);
}

/**
 * dma_edu_run_irq() - the interrupt, perhaps of another device
 * @irq: its number
 * @data: the device
 *
 * Return: whether it was ours.
 */
irqreturn_t dma_edu_run_irq(int irq, void *data)
{
	irqreturn_t ret = IRQ_NONE;
	struct dma_edu *edu = data;
	unsigned long flags;

	spin_lock_irqsave(&edu->lock, flags);
	if (edu->state != DMA_EDU_SUSPENDED && dma_edu_regs_ack(edu->regs)) {
		dma_edu_run_look(edu);
		ret = IRQ_HANDLED;
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	return ret;
}

/* No interrupt came in time. */
static void dma_edu_run_overdue(struct dma_edu *edu)
{
	struct device *dev = &edu->pdev->dev;

	if (!dma_edu_regs_busy(edu->regs)) {
		dev_warn_ratelimited(dev, "a transfer has ended without an interrupt\n");
		dma_edu_regs_ack(edu->regs);
		dma_edu_run_advance(edu);
		return;
	}
	dev_err_ratelimited(dev, "a transfer takes longer than %u ms, stopping the device\n",
			    READ_ONCE(timeout_ms));
	dma_edu_run_complete(edu, dma_edu_run_first(edu), DMA_TRANS_ABORTED);
	dma_edu_run_stop(edu);
}

static void dma_edu_run_timer(struct timer_list *timer)
{
	struct dma_edu *edu = container_of(timer, struct dma_edu, timer);
	unsigned long flags;

	spin_lock_irqsave(&edu->lock, flags);
	/* The interrupt may have come while the timer waited for the lock. */
	if (edu->state == DMA_EDU_DRAINING)
		dma_edu_run_drain(edu);
	else if (dma_edu_run_is_moving(edu) && time_after_eq(jiffies, edu->due))
		dma_edu_run_overdue(edu);
	spin_unlock_irqrestore(&edu->lock, flags);
}

static void dma_edu_run_call(struct work_struct *work)
{
	struct dma_edu *edu = container_of(work, struct dma_edu, call);
	struct dma_edu_desc *d;
	unsigned long flags;

	spin_lock_irqsave(&edu->lock, flags);
	while ((d = list_first_entry_or_null(&edu->completed, struct dma_edu_desc, node))) {
		list_del(&d->node);
		spin_unlock_irqrestore(&edu->lock, flags);
		dma_descriptor_unmap(&d->tx);
		if (d->tx.callback_result)
			d->tx.callback_result(d->tx.callback_param, &d->result);
		else if (d->tx.callback)
			d->tx.callback(d->tx.callback_param);
		spin_lock_irqsave(&edu->lock, flags);
		list_add_tail(&d->node, &edu->free);
	}
	spin_unlock_irqrestore(&edu->lock, flags);
}

/**
 * dma_edu_run_init() - prepare what the device needs to work
 * @edu: zeroed memory
 */
void dma_edu_run_init(struct dma_edu *edu)
{
	timer_setup(&edu->timer, dma_edu_run_timer, 0);
	INIT_WORK(&edu->call, dma_edu_run_call);
	edu->state = DMA_EDU_SUSPENDED;
}

/**
 * dma_edu_run_start() - let a device that was just found, or resumed, work
 * @edu: the device
 *
 * An earlier driver may have left it in the middle of a transfer.
 *
 * Context: process context.
 * Return: 0, or -ETIMEDOUT (that transfer does not end).
 */
int dma_edu_run_start(struct dma_edu *edu)
{
	bool busy;
	int ret;

	pci_clear_master(edu->pdev);
	ret = read_poll_timeout(dma_edu_regs_busy, busy, !busy,
				DMA_EDU_DRAIN_MS * USEC_PER_MSEC, DMA_EDU_START_US, false,
				edu->regs);
	if (ret)
		return ret;
	spin_lock_irq(&edu->lock);
	dma_edu_run_drain(edu);
	spin_unlock_irq(&edu->lock);
	return 0;
}

/**
 * dma_edu_run_suspend() - the device is about to lose its power
 * @edu: the device
 *
 * What is issued from now on waits for dma_edu_run_start().
 *
 * Context: process context.
 * Return: 0, or -EBUSY (it has something to do).
 */
int dma_edu_run_suspend(struct dma_edu *edu)
{
	int ret = -EBUSY;

	spin_lock_irq(&edu->lock);
	if (edu->state == DMA_EDU_IDLE) {
		edu->state = DMA_EDU_SUSPENDED;
		ret = 0;
	}
	spin_unlock_irq(&edu->lock);
	return ret;
}

/**
 * dma_edu_run_leave() - stop the device for good
 * @edu: the device
 *
 * What its client has issued fails, and so does what it issues later. The registers are not
 * accessed any more when this returns.
 *
 * Context: process context.
 */
void dma_edu_run_leave(struct dma_edu *edu)
{
	spin_lock_irq(&edu->lock);
	pci_clear_master(edu->pdev);
	edu->state = DMA_EDU_GONE;
	/* As in dma_edu_run_stop(), reads a register: memory has all that was sent. */
	dma_edu_regs_ack(edu->regs);
	dma_edu_run_fail_all(edu);
	spin_unlock_irq(&edu->lock);
	free_irq(edu->irq, edu);
	timer_delete_sync(&edu->timer);
	flush_work(&edu->call);
}
