// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dmaengine sees of a channel. A descriptor wanders from list to list:
 *
 *	free -> prepared -> submitted -> issued -> chain -> completed -> free
 *
 * All descriptors are made when the channel gets its client: like a ring in hardware
 * they can run out, and nothing on the way to a completion allocates memory.
 */
#include <linux/slab.h>

#include "../../compat/drivers.h"
#include "dma_sim.h"

static unsigned int nr_descs = 1024;

static int nr_descs_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 2, 65536);
}

static const struct kernel_param_ops nr_descs_ops = {
	.set = nr_descs_set,
	.get = param_get_uint,
};

module_param_cb(nr_descs, &nr_descs_ops, &nr_descs, 0644);
MODULE_PARM_DESC(nr_descs,
		 "Descriptors of a channel, 2 .. 65536; counts from its next client on (default 1024)");

static struct dma_sim_desc *to_dma_sim_desc(struct dma_async_tx_descriptor *tx)
{
	return container_of(tx, struct dma_sim_desc, tx);
}

/**
 * dma_sim_chan_recycle() - give descriptors back
 * @c: channel
 * @descs: list of descriptors that nobody looks at any more; empty afterwards
 *
 * Context: &dma_sim_chan.lock held.
 */
void dma_sim_chan_recycle(struct dma_sim_chan *c, struct list_head *descs)
{
	lockdep_assert_held(&c->lock);
	list_splice_tail_init(descs, &c->free);
}

static dma_cookie_t dma_sim_chan_submit(struct dma_async_tx_descriptor *tx)
{
	struct dma_sim_chan *c = to_dma_sim_chan(tx->chan);
	unsigned long flags;
	dma_cookie_t cookie;

	spin_lock_irqsave(&c->lock, flags);
	cookie = c->chan.cookie + 1;
	if (cookie < DMA_MIN_COOKIE)
		cookie = DMA_MIN_COOKIE;
	c->chan.cookie = cookie;
	tx->cookie = cookie;
	list_move_tail(&to_dma_sim_desc(tx)->node, &c->submitted);
	spin_unlock_irqrestore(&c->lock, flags);
	return cookie;
}

static void dma_sim_chan_fill(struct dma_sim_chan *c, struct dma_sim_desc *d,
			      unsigned long flags)
{
	dma_async_tx_descriptor_init(&d->tx, &c->chan);
	d->tx.tx_submit = dma_sim_chan_submit;
	d->tx.flags = flags;
	d->tx.cookie = 0;
	d->tx.callback = NULL;
	d->tx.callback_result = NULL;
	d->tx.callback_param = NULL;
	d->moved_bytes = 0;
	d->fail = false;
}

static struct dma_async_tx_descriptor *
dma_sim_chan_prep_memcpy(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src,
			 size_t len, unsigned long flags)
{
	struct dma_sim_chan *c = to_dma_sim_chan(chan);
	struct dma_sim_desc *d;
	unsigned long irq;

	if (!len || !is_dma_copy_aligned(chan->device, src, dst, len))
		return NULL;

	spin_lock_irqsave(&c->lock, irq);
	d = list_first_entry_or_null(&c->free, struct dma_sim_desc, node);
	if (d) {
		list_move_tail(&d->node, &c->prepared);
		dma_sim_chan_fill(c, d, flags);
		d->src = src;
		d->dst = dst;
		d->len_bytes = len;
	}
	spin_unlock_irqrestore(&c->lock, irq);
	return d ? &d->tx : NULL;
}

static void dma_sim_chan_issue_pending(struct dma_chan *chan)
{
	struct dma_sim_chan *c = to_dma_sim_chan(chan);
	ktime_t now = ktime_get();
	struct dma_sim_desc *d;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	list_for_each_entry(d, &c->submitted, node)
		d->issued_at = now;
	list_splice_tail_init(&c->submitted, &c->issued);
	dma_sim_run_next(c);
	spin_unlock_irqrestore(&c->lock, flags);
}

/* Bytes of @cookie that have not arrived yet; 0 when it is on no list. */
static u32 dma_sim_chan_residue(struct dma_sim_chan *c, dma_cookie_t cookie)
{
	struct list_head *lists[] = { &c->chain, &c->issued, &c->submitted };
	struct dma_sim_desc *d;
	unsigned int i;

	lockdep_assert_held(&c->lock);
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		list_for_each_entry(d, lists[i], node)
			if (d->tx.cookie == cookie)
				return d->len_bytes - READ_ONCE(d->moved_bytes);
	return 0;
}

static enum dma_status dma_sim_chan_tx_status(struct dma_chan *chan,
					      dma_cookie_t cookie,
					      struct dma_tx_state *state)
{
	struct dma_sim_chan *c = to_dma_sim_chan(chan);
	enum dma_status status;
	unsigned long flags;
	u32 residue = 0;

	spin_lock_irqsave(&c->lock, flags);
	status = dma_async_is_complete(cookie, chan->completed_cookie,
				       chan->cookie);
	if (cookie == c->failed_cookie)
		status = DMA_ERROR;
	else if (status == DMA_IN_PROGRESS)
		residue = dma_sim_chan_residue(c, cookie);
	if (state) {
		state->last = chan->completed_cookie;
		state->used = chan->cookie;
		state->residue = residue;
		state->in_flight_bytes = 0;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return status;
}

/* Take back all that the client has given, whatever the channel does with it. */
static void dma_sim_chan_stop(struct dma_sim_chan *c)
{
	struct dma_sim_desc *d;
	LIST_HEAD(gone);

	lockdep_assert_held(&c->lock);
	dma_sim_run_stop(c);
	list_splice_tail_init(&c->chain, &gone);
	list_splice_tail_init(&c->issued, &gone);
	list_splice_tail_init(&c->submitted, &gone);
	list_splice_tail_init(&c->completed, &gone);
	list_for_each_entry(d, &gone, node)
		c->stats.terminated++;
	list_splice_tail_init(&c->prepared, &gone);
	if (c->moving)
		list_splice_tail_init(&gone, &c->terminated);
	else
		dma_sim_chan_recycle(c, &gone);
}

static int dma_sim_chan_terminate_all(struct dma_chan *chan)
{
	struct dma_sim_chan *c = to_dma_sim_chan(chan);
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&c->lock, flags);
	if (c->state == DMA_SIM_STUCK)
		ret = -EBUSY;
	else
		dma_sim_chan_stop(c);
	spin_unlock_irqrestore(&c->lock, flags);
	return ret;
}

static void dma_sim_chan_synchronize(struct dma_chan *chan)
{
	dma_sim_run_synchronize(to_dma_sim_chan(chan));
}

static int dma_sim_chan_alloc_resources(struct dma_chan *chan)
{
	struct dma_sim_chan *c = to_dma_sim_chan(chan);
	unsigned int nr = READ_ONCE(nr_descs);
	unsigned int i;

	c->descs = kvcalloc(nr, sizeof(*c->descs), GFP_KERNEL);
	if (!c->descs)
		return -ENOMEM;
	c->worker = kthread_run_worker(0, "dma_sim/%s", dma_chan_name(chan));
	if (IS_ERR(c->worker)) {
		kvfree(c->descs);
		return PTR_ERR(c->worker);
	}
	dma_sim_run_start(c);

	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	c->failed_cookie = 0;
	for (i = 0; i < nr; i++)
		list_add_tail(&c->descs[i].node, &c->free);
	return nr;
}

static void dma_sim_chan_free_resources(struct dma_chan *chan)
{
	struct dma_sim_chan *c = to_dma_sim_chan(chan);

	spin_lock_irq(&c->lock);
	dma_sim_chan_stop(c);
	spin_unlock_irq(&c->lock);
	dma_sim_run_end(c);
	kthread_destroy_worker(c->worker);
	INIT_LIST_HEAD(&c->free);
	kvfree(c->descs);
}

/**
 * dma_sim_chan_init() - make a channel of a device that is not registered yet
 * @c: zeroed memory
 * @dma: device
 */
void dma_sim_chan_init(struct dma_sim_chan *c, struct dma_device *dma)
{
	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->free);
	INIT_LIST_HEAD(&c->prepared);
	INIT_LIST_HEAD(&c->submitted);
	INIT_LIST_HEAD(&c->issued);
	INIT_LIST_HEAD(&c->chain);
	INIT_LIST_HEAD(&c->completed);
	INIT_LIST_HEAD(&c->terminated);
	dma_sim_run_init(c);
	c->chan.device = dma;
	list_add_tail(&c->chan.device_node, &dma->channels);
}

/**
 * dma_sim_chan_set_ops() - tell dmaengine what the channels can do
 * @dma: device that is not registered yet
 */
void dma_sim_chan_set_ops(struct dma_device *dma)
{
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	dma->device_alloc_chan_resources = dma_sim_chan_alloc_resources;
	dma->device_free_chan_resources = dma_sim_chan_free_resources;
	dma->device_prep_dma_memcpy = dma_sim_chan_prep_memcpy;
	dma->device_issue_pending = dma_sim_chan_issue_pending;
	dma->device_tx_status = dma_sim_chan_tx_status;
	dma->device_terminate_all = dma_sim_chan_terminate_all;
	dma->device_synchronize = dma_sim_chan_synchronize;
}
