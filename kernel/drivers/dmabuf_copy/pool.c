// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool of engines: which channels are in use, and by how many clients. An engine comes with
 * its first client and goes with its last one.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../compat/drivers.h"
#include "dmabuf_copy.h"

static char channel[32];
module_param_string(channel, channel, sizeof(channel), 0644);
MODULE_PARM_DESC(channel,
		 "dmaengine channel to use, as in /sys/class/dma; empty: any (default). Counts from the next open on");

static int max_channels_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 64);
}

static const struct kernel_param_ops max_channels_ops = {
	.set = max_channels_set,
	.get = param_get_uint,
};

static unsigned int max_channels = 4;
module_param_cb(max_channels, &max_channels_ops, &max_channels, 0644);
MODULE_PARM_DESC(max_channels,
		 "Channels to use at most, 1 .. 64; then open files share them (default 4)");

static LIST_HEAD(engines);
static unsigned int nr_engines;
static DEFINE_MUTEX(engines_lock);

/*
 * A hung channel must be stopped before the fence of its job may signal, and it must be
 * known when it has stopped: a channel that cannot do that is of no use.
 */
static bool pool_filter(struct dma_chan *chan, void *param)
{
	const char *name = param;

	return chan->device->device_terminate_all &&
	       chan->device->device_synchronize &&
	       (!name || !strcmp(name, dma_chan_name(chan)));
}

static struct dcopy_engine *pool_engine_alloc(struct dma_chan *chan)
{
	struct dcopy_engine *engine;

	engine = kzalloc(sizeof(*engine), GFP_KERNEL);
	if (!engine)
		return NULL;
	engine->chan = chan;
	engine->dev = get_device(chan->device->dev);
	strscpy(engine->name, dma_chan_name(chan));
	engine->alignment_bytes = 1U << chan->device->copy_align;
	init_rwsem(&engine->present);
	mutex_init(&engine->clients_lock);
	INIT_LIST_HEAD(&engine->clients);
	dcopy_engine_init(engine);
	return engine;
}

static void pool_engine_free(struct dcopy_engine *engine)
{
	put_device(engine->dev);
	kfree(engine);
}

static struct dcopy_engine *pool_engine_set_up(struct dma_chan *chan)
{
	struct dcopy_engine *engine;
	int ret;

	engine = pool_engine_alloc(chan);
	if (!engine)
		return ERR_PTR(-ENOMEM);
	engine->worker = kthread_run_worker(0, "dmabuf_copy/%s", engine->name);
	if (IS_ERR(engine->worker)) {
		ret = PTR_ERR(engine->worker);
		goto err_free;
	}
	sched_set_fifo_low(engine->worker->task);
	ret = dcopy_unplug_watch(engine);
	if (ret)
		goto err_worker;
	return engine;

err_worker:
	kthread_destroy_worker(engine->worker);
err_free:
	pool_engine_free(engine);
	return ERR_PTR(ret);
}

/* Take a channel of that name, or any, and the thread that feeds it. */
static struct dcopy_engine *pool_engine_create(const char *name)
{
	struct dcopy_engine *engine;
	struct dma_chan *chan;
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	chan = dma_request_channel(mask, pool_filter, (void *)name);
	if (!chan)
		return ERR_PTR(-ENODEV);
	engine = pool_engine_set_up(chan);
	if (IS_ERR(engine))
		dma_release_channel(chan);
	return engine;
}

static void pool_engine_destroy(struct dcopy_engine *engine)
{
	dcopy_unplug_ignore(engine);
	dcopy_engine_end(engine);
	kthread_destroy_worker(engine->worker);
	if (engine->chan)
		dma_release_channel(engine->chan);
	pool_engine_free(engine);
}

/* Of those that work: the one with the fewest users, or of that name. */
static struct dcopy_engine *pool_find(const char *name)
{
	struct dcopy_engine *engine, *found = NULL;

	lockdep_assert_held(&engines_lock);
	list_for_each_entry(engine, &engines, node) {
		if (dcopy_engine_error(engine) ||
		    (name && strcmp(name, engine->name)))
			continue;
		if (!found || engine->nr_users < found->nr_users)
			found = engine;
	}
	return found;
}

static struct dcopy_engine *pool_find_or_create(const char *name)
{
	struct dcopy_engine *engine, *found = pool_find(name);

	if (found && (name || nr_engines >= READ_ONCE(max_channels)))
		return found;
	engine = pool_engine_create(name);
	if (IS_ERR(engine))
		return found ?: engine;
	list_add_tail(&engine->node, &engines);
	nr_engines++;
	return engine;
}

/**
 * dcopy_pool_get() - get an engine for a new client
 *
 * One that nobody uses, while max_channels allows it; else a shared one.
 *
 * Context: process context.
 * Return: the engine, or an error pointer: -ENODEV (no channel can copy memory and be
 * stopped, or the one that the parameter names does not exist, or others use it).
 */
struct dcopy_engine *dcopy_pool_get(void)
{
	struct dcopy_engine *engine;
	char buf[sizeof(channel)];
	char *name;

	kernel_param_lock(THIS_MODULE);
	strscpy(buf, channel);
	kernel_param_unlock(THIS_MODULE);
	name = strim(buf);

	mutex_lock(&engines_lock);
	engine = pool_find_or_create(*name ? name : NULL);
	if (!IS_ERR(engine))
		engine->nr_users++;
	mutex_unlock(&engines_lock);

	if (engine == ERR_PTR(-ENODEV) && *name)
		pr_err_ratelimited("dmabuf_copy: %s is no free DMA_MEMCPY channel that can be stopped: see /sys/class/dma and the parameter channel\n",
				   name);
	else if (engine == ERR_PTR(-ENODEV))
		pr_err_ratelimited("dmabuf_copy: no free DMA_MEMCPY channel that can be stopped: load its driver, or dma_sim\n");
	return engine;
}

/**
 * dcopy_pool_put() - a client is gone, and all its jobs are
 * @engine: its engine
 *
 * Context: process context.
 */
void dcopy_pool_put(struct dcopy_engine *engine)
{
	mutex_lock(&engines_lock);
	if (!--engine->nr_users) {
		list_del(&engine->node);
		nr_engines--;
		pool_engine_destroy(engine);
	}
	mutex_unlock(&engines_lock);
}
