// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dmaengine sees of the channel. A descriptor moves from list to list:
 *
 *	free -> prepared -> submitted -> issued -> completed -> free
 *
 * All are made when the channel gets its client: nothing on the way to a completion
 * allocates memory.
 */
#include <linux/slab.h>

#include "dma_edu.h"

#define DMA_EDU_NR_DESCS	64

static dma_cookie_t dma_edu_chan_submit(struct dma_async_tx_descriptor *tx)
{
	struct dma_edu_desc *d = container_of(tx, struct dma_edu_desc, tx);
	struct dma_edu *edu = to_dma_edu(tx->chan);
	unsigned long flags;
	dma_cookie_t cookie;

	spin_lock_irqsave(&edu->lock, flags);
	cookie = edu->chan.cookie + 1;
	if (cookie < DMA_MIN_COOKIE)
		cookie = DMA_MIN_COOKIE;
	edu->chan.cookie = cookie;
	tx->cookie = cookie;
	list_move_tail(&d->node, &edu->submitted);
	spin_unlock_irqrestore(&edu->lock, flags);
	return cookie;
}

static struct dma_async_tx_descriptor *
dma_edu_chan_prep_memcpy(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src,
			 size_t len, unsigned long flags)
{
	struct dma_edu *edu = to_dma_edu(chan);
	struct dma_edu_desc *d;
	unsigned long irq;

	if (!len)
		return NULL;
	spin_lock_irqsave(&edu->lock, irq);
	d = list_first_entry_or_null(&edu->free, struct dma_edu_desc, node);
	if (d)
		list_move_tail(&d->node, &edu->prepared);
	spin_unlock_irqrestore(&edu->lock, irq);
	if (!d)
		return NULL;

	memset(&d->tx, 0, sizeof(d->tx));
	dma_async_tx_descriptor_init(&d->tx, chan);
	d->tx.tx_submit = dma_edu_chan_submit;
	d->tx.flags = flags;
	d->src = src;
	d->dst = dst;
	d->len_bytes = len;
	d->moved_bytes = 0;
	return &d->tx;
}

static void dma_edu_chan_issue_pending(struct dma_chan *chan)
{
	struct dma_edu *edu = to_dma_edu(chan);
	unsigned long flags;

	spin_lock_irqsave(&edu->lock, flags);
	list_splice_tail_init(&edu->submitted, &edu->issued);
	dma_edu_run_next(edu);
	spin_unlock_irqrestore(&edu->lock, flags);
}

/* Bytes of @cookie that have not arrived yet; 0 when it is on no list. */
static u32 dma_edu_chan_residue(struct dma_edu *edu, dma_cookie_t cookie)
{
	struct list_head *lists[] = { &edu->issued, &edu->submitted };
	struct dma_edu_desc *d;
	unsigned int i;

	lockdep_assert_held(&edu->lock);
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		list_for_each_entry(d, lists[i], node)
			if (d->tx.cookie == cookie)
				return d->len_bytes - d->moved_bytes;
	return 0;
}

static enum dma_status dma_edu_chan_tx_status(struct dma_chan *chan,
					      dma_cookie_t cookie,
					      struct dma_tx_state *state)
{
	struct dma_edu *edu = to_dma_edu(chan);
	enum dma_status status;
	unsigned long flags;
	u32 residue = 0;

	spin_lock_irqsave(&edu->lock, flags);
	status = dma_async_is_complete(cookie, chan->completed_cookie,
				       chan->cookie);
	if (cookie == edu->failed_cookie)
		status = DMA_ERROR;
	else if (status == DMA_IN_PROGRESS)
		residue = dma_edu_chan_residue(edu, cookie);
	if (state) {
		state->last = chan->completed_cookie;
		state->used = chan->cookie;
		state->residue = residue;
		state->in_flight_bytes = 0;
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	return status;
}

/* Take back all descriptors of the client, whatever their state. */
static int dma_edu_chan_terminate_all(struct dma_chan *chan)
{
	struct dma_edu *edu = to_dma_edu(chan);
	unsigned long flags;
	LIST_HEAD(gone);

	spin_lock_irqsave(&edu->lock, flags);
	list_splice_tail_init(&edu->prepared, &gone);
	list_splice_tail_init(&edu->submitted, &gone);
	list_splice_tail_init(&edu->issued, &gone);
	list_splice_tail_init(&edu->completed, &gone);
	dma_edu_run_stop(edu);
	list_splice_tail(&gone, &edu->free);
	spin_unlock_irqrestore(&edu->lock, flags);
	return 0;
}

/* A terminated descriptor may still be in use by its callback: wait for that. */
static void dma_edu_chan_synchronize(struct dma_chan *chan)
{
	flush_work(&to_dma_edu(chan)->call);
}

static int dma_edu_chan_alloc_resources(struct dma_chan *chan)
{
	struct dma_edu *edu = to_dma_edu(chan);
	unsigned int i;

	edu->descs = kcalloc(DMA_EDU_NR_DESCS, sizeof(*edu->descs), GFP_KERNEL);
	if (!edu->descs)
		return -ENOMEM;
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	edu->failed_cookie = 0;
	for (i = 0; i < DMA_EDU_NR_DESCS; i++)
		list_add_tail(&edu->descs[i].node, &edu->free);
	return DMA_EDU_NR_DESCS;
}

static void dma_edu_chan_free_resources(struct dma_chan *chan)
{
	struct dma_edu *edu = to_dma_edu(chan);

	dma_edu_chan_terminate_all(chan);
	dma_edu_chan_synchronize(chan);
	INIT_LIST_HEAD(&edu->free);
	kfree(edu->descs);
	edu->descs = NULL;
}

/**
 * dma_edu_chan_init() - make the channel, and tell dmaengine what it can do
 * @edu: zeroed memory
 */
void dma_edu_chan_init(struct dma_edu *edu)
{
	struct dma_device *dma = &edu->dma;

	spin_lock_init(&edu->lock);
	INIT_LIST_HEAD(&edu->free);
	INIT_LIST_HEAD(&edu->prepared);
	INIT_LIST_HEAD(&edu->submitted);
	INIT_LIST_HEAD(&edu->issued);
	INIT_LIST_HEAD(&edu->completed);

	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	/* Not for the kernel's own copies: they would get very slow. */
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	dma->device_alloc_chan_resources = dma_edu_chan_alloc_resources;
	dma->device_free_chan_resources = dma_edu_chan_free_resources;
	dma->device_prep_dma_memcpy = dma_edu_chan_prep_memcpy;
	dma->device_issue_pending = dma_edu_chan_issue_pending;
	dma->device_tx_status = dma_edu_chan_tx_status;
	dma->device_terminate_all = dma_edu_chan_terminate_all;
	dma->device_synchronize = dma_edu_chan_synchronize;

	INIT_LIST_HEAD(&dma->channels);
	edu->chan.device = dma;
	list_add_tail(&edu->chan.device_node, &dma->channels);
}
