/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma_sim: a DMA engine in software, for machines that have none.
 *
 * chan.c is what dmaengine sees of a channel: descriptors and the lists they are on.
 * run.c is the engine behind it: the clock, the bytes, the completion.
 * fault.c makes it misbehave on request.
 */
#ifndef _DMA_SIM_H
#define _DMA_SIM_H

#include <linux/dmaengine.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct dentry;

/**
 * enum dma_sim_fault_kind - how a descriptor misbehaves
 * @DMA_SIM_FAULT_NONE: it does not
 * @DMA_SIM_FAULT_LATE: it takes longer than it should
 * @DMA_SIM_FAULT_FAIL: half of its bytes are moved and it reports an abort
 * @DMA_SIM_FAULT_HANG: the channel stops in front of it until it is terminated
 * @DMA_SIM_FAULT_STUCK: the channel stops in front of it, and cannot be terminated; it goes
 *	on when its faults are changed
 */
enum dma_sim_fault_kind {
	DMA_SIM_FAULT_NONE,
	DMA_SIM_FAULT_LATE,
	DMA_SIM_FAULT_FAIL,
	DMA_SIM_FAULT_HANG,
	DMA_SIM_FAULT_STUCK,
};

/**
 * struct dma_sim_fault - what is to happen to descriptors to come
 * @kind: what
 * @skip: descriptors that are served well before
 * @count: descriptors it then happens to
 * @delay_ns: of a late one
 */
struct dma_sim_fault {
	enum dma_sim_fault_kind kind;
	u32 skip;
	u32 count;
	u64 delay_ns;
};

/**
 * struct dma_sim_desc - one copy
 * @tx: what the client sees
 * @node: in one of the channel's lists, or in none while its callback runs
 * @src: bus address
 * @dst: bus address
 * @len_bytes: number of bytes
 * @moved_bytes: how many of them have been moved
 * @issued_at: when the client started it
 * @fail: it is to fail
 * @result: how it ended
 */
struct dma_sim_desc {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	dma_addr_t src;
	dma_addr_t dst;
	size_t len_bytes;
	size_t moved_bytes;
	ktime_t issued_at;
	bool fail;
	struct dmaengine_result result;
};

/**
 * enum dma_sim_state - what a channel does
 * @DMA_SIM_IDLE: nothing
 * @DMA_SIM_TIMED: the modelled time of a chain passes
 * @DMA_SIM_MOVING: it is over, the worker moves the bytes
 * @DMA_SIM_HUNG: it hangs
 * @DMA_SIM_STUCK: it hangs and cannot be terminated
 */
enum dma_sim_state {
	DMA_SIM_IDLE,
	DMA_SIM_TIMED,
	DMA_SIM_MOVING,
	DMA_SIM_HUNG,
	DMA_SIM_STUCK,
};

/**
 * struct dma_sim_stats - sums since the module was loaded
 * @completed: descriptors
 * @failed: descriptors that reported an error
 * @terminated: descriptors that never ended
 * @bytes: moved
 * @busy_ns: modelled time of all chains
 */
struct dma_sim_stats {
	u64 completed;
	u64 failed;
	u64 terminated;
	u64 bytes;
	u64 busy_ns;
};

/**
 * struct dma_sim_chan - one channel
 * @chan: what dmaengine sees
 * @descs: all descriptors, while the channel has a client
 * @worker: moves bytes, while the channel has a client
 * @move_work: run by @worker
 * @timer: end of the modelled time
 * @tasklet: calls clients back from softirq
 * @irq_work: calls clients back from hard interrupt
 * @lock: protects everything below and the cookies of @chan
 * @free: descriptors nobody uses
 * @prepared: given to the client
 * @submitted: queued, not started
 * @issued: started by the client, in order
 * @chain: what the engine works on: up to a descriptor that wants an interrupt
 * @completed: waiting for their callback
 * @terminated: not to be reused before @worker lets go of them
 * @state: what the engine does
 * @epoch: changes with each termination, so that @worker sees it
 * @moving: @worker looks at descriptors without @lock
 * @calling: somebody calls clients back; he serves later completions as well
 * @chain_end: end of the modelled time of @chain, or of the one before
 * @failed_cookie: the last descriptor that failed
 * @fault: what is to happen to descriptors to come
 * @stats: what happened so far
 */
struct dma_sim_chan {
	struct dma_chan chan;
	struct dma_sim_desc *descs;
	struct kthread_worker *worker;
	struct kthread_work move_work;
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	struct irq_work irq_work;

	spinlock_t lock; /* protects all that follows */
	struct list_head free;
	struct list_head prepared;
	struct list_head submitted;
	struct list_head issued;
	struct list_head chain;
	struct list_head completed;
	struct list_head terminated;
	enum dma_sim_state state;
	unsigned int epoch;
	bool moving;
	bool calling;
	ktime_t chain_end;
	dma_cookie_t failed_cookie;
	struct dma_sim_fault fault;
	struct dma_sim_stats stats;
};

static inline struct dma_sim_chan *to_dma_sim_chan(struct dma_chan *chan)
{
	return container_of(chan, struct dma_sim_chan, chan);
}

/* chan.c */
void dma_sim_chan_init(struct dma_sim_chan *c, struct dma_device *dma);
void dma_sim_chan_set_ops(struct dma_device *dma);
void dma_sim_chan_recycle(struct dma_sim_chan *c, struct list_head *descs);

/* run.c */
void dma_sim_run_init(struct dma_sim_chan *c);
void dma_sim_run_start(struct dma_sim_chan *c);
void dma_sim_run_next(struct dma_sim_chan *c);
void dma_sim_run_resume(struct dma_sim_chan *c);
void dma_sim_run_stop(struct dma_sim_chan *c);
void dma_sim_run_synchronize(struct dma_sim_chan *c);
void dma_sim_run_end(struct dma_sim_chan *c);

/* fault.c */
enum dma_sim_fault_kind dma_sim_fault_next(struct dma_sim_chan *c,
					   u64 *delay_ns);
void dma_sim_fault_start(struct dma_device *dma);
void dma_sim_fault_stop(void);

#endif /* _DMA_SIM_H */
