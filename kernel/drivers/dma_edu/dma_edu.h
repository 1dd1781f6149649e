/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma_edu: copies memory with QEMU's PCI device edu.
 *
 * The device moves up to 4 KiB between memory and a buffer of its own, and raises an
 * interrupt when that is done. A copy is a row of such transfers, in and out by turns.
 *
 * chan.c is what dmaengine sees of the channel: descriptors and the lists they are on.
 * run.c takes the channel from one transfer to the next, and stops it.
 * regs.h is what the device understands.
 */
#ifndef _DMA_EDU_H
#define _DMA_EDU_H

#include <linux/dmaengine.h>
#include <linux/irqreturn.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

struct pci_dev;

/**
 * struct dma_edu_desc - one copy
 * @tx: what the client sees
 * @node: in one of the channel's lists, or in none while its callback runs
 * @src: bus address
 * @dst: bus address
 * @len_bytes: number of bytes
 * @moved_bytes: how many of them have arrived
 * @result: how it ended
 */
struct dma_edu_desc {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	dma_addr_t src;
	dma_addr_t dst;
	size_t len_bytes;
	size_t moved_bytes;
	struct dmaengine_result result;
};

/**
 * enum dma_edu_state - what the device does
 * @DMA_EDU_IDLE: nothing
 * @DMA_EDU_READING: it fetches bytes of the first issued descriptor from memory
 * @DMA_EDU_WRITING: it puts them where they belong
 * @DMA_EDU_DRAINING: it was stopped and cannot reach memory; its transfer, which cannot be
 *	cancelled, is not over yet
 * @DMA_EDU_SUSPENDED: it has no power
 * @DMA_EDU_GONE: the driver has left it, its registers must not be touched
 */
enum dma_edu_state {
	DMA_EDU_IDLE,
	DMA_EDU_READING,
	DMA_EDU_WRITING,
	DMA_EDU_DRAINING,
	DMA_EDU_SUSPENDED,
	DMA_EDU_GONE,
};

/**
 * struct dma_edu - the device and its only channel
 * @dma: what dmaengine sees; the last reference frees this structure
 * @chan: the channel
 * @pdev: the device; a reference
 * @regs: its registers
 * @irq: its interrupt
 * @descs: all descriptors, while the channel has a client
 * @call: calls the client back, in softirq
 * @lock: protects all that follows, the registers and the cookies of @chan
 * @timer: expires when a transfer is overdue, or to see whether the device still drains
 * @state: what the device does
 * @due: jiffies, when its transfer is overdue
 * @step_bytes: size of its transfer
 * @failed_cookie: the last descriptor that failed
 * @free: descriptors nobody uses
 * @prepared: given to the client
 * @submitted: queued, not started
 * @issued: started by the client; the device works on the first one
 * @completed: waiting for their callback
 */
struct dma_edu {
	struct dma_device dma;
	struct dma_chan chan;
	struct pci_dev *pdev;
	void __iomem *regs;
	int irq;
	struct dma_edu_desc *descs;
	struct work_struct call;

	spinlock_t lock; /* protects all that follows */
	struct timer_list timer;
	enum dma_edu_state state;
	unsigned long due;
	size_t step_bytes;
	dma_cookie_t failed_cookie;
	struct list_head free;
	struct list_head prepared;
	struct list_head submitted;
	struct list_head issued;
	struct list_head completed;
};

static inline struct dma_edu *to_dma_edu(struct dma_chan *chan)
{
	return container_of(chan, struct dma_edu, chan);
}

/* chan.c */
void dma_edu_chan_init(struct dma_edu *edu);

/* run.c */
void dma_edu_run_init(struct dma_edu *edu);
int dma_edu_run_start(struct dma_edu *edu);
void dma_edu_run_next(struct dma_edu *edu);
void dma_edu_run_stop(struct dma_edu *edu);
int dma_edu_run_suspend(struct dma_edu *edu);
void dma_edu_run_leave(struct dma_edu *edu);
irqreturn_t dma_edu_run_irq(int irq, void *data);

#endif /* _DMA_EDU_H */
