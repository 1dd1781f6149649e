// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffers of a client, mapped for its engine. A mapping stays while the buffer is
 * copied from or to again and again; one that was idle for a second is given up.
 *
 * Mapped or not, caches are right by begin_cpu_access() and end_cpu_access(), which go
 * with every CPU access. For an engine that sees the CPU's caches unmapping moves no byte and
 * is nobody's concern. For one that does not, unmapping a buffer that it writes throws away
 * what the CPU has in its cache. It is then done under an access that keeps CPUs from writing,
 * and put off while that is not to be had at once.
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "dmabuf_copy.h"

#define DCOPY_MAP_IDLE	HZ

/* Through a bounce buffer the CPU would not see what the engine wrote. */
static bool dcopy_map_is_bounced(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	if (!dev_is_dma_coherent(dev))
		return false;
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(dev, sg_dma_address(sg)))
			return true;
	return false;
}

static void dcopy_map_unmap(struct dcopy_map *map)
{
	dma_buf_unmap_attachment_unlocked(map->attach, map->sgt, map->dir);
	dma_buf_detach(map->dmabuf, map->attach);
	map->sgt = NULL;
}

static void dcopy_map_free(struct dcopy_map *map)
{
	if (map->sgt)
		dcopy_map_unmap(map);
	dma_buf_put(map->dmabuf);
	kfree(map);
}

static struct dcopy_map *dcopy_map_create(struct device *dev,
					  struct dma_buf *dmabuf, bool write)
{
	struct dcopy_map *map;
	int ret;

	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dmabuf = dmabuf;
	map->dir = write ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
	map->attach = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(map->attach)) {
		ret = PTR_ERR(map->attach);
		goto err_free;
	}
	map->sgt = dma_buf_map_attachment_unlocked(map->attach, map->dir);
	if (IS_ERR(map->sgt)) {
		ret = PTR_ERR(map->sgt);
		goto err_detach;
	}
	get_dma_buf(dmabuf);
	if (!dcopy_map_is_bounced(dev, map->sgt))
		return map;
	dcopy_map_free(map);
	return ERR_PTR(-EOPNOTSUPP);

err_detach:
	dma_buf_detach(dmabuf, map->attach);
err_free:
	kfree(map);
	return ERR_PTR(ret);
}

/* Does unmapping throw away what a CPU has written? */
static bool dcopy_map_discards(const struct dcopy_map *map)
{
	return map->sgt && map->dir != DMA_TO_DEVICE &&
	       !dev_is_dma_coherent(map->attach->dev);
}

/* Give an idle mapping up. Returns whether it is gone. */
static bool dcopy_map_drop(struct dcopy_client *client, struct dcopy_map *map)
{
	struct dmabuf_sync *sync = NULL;

	lockdep_assert_held(&client->map_lock);
	if (dcopy_map_discards(map)) {
		sync = dmabuf_sync_single_lock(map->dmabuf,
					       DMA_BUF_ACCESS_DMA_R, false);
		if (IS_ERR(sync))
			return false;
	}
	list_del(&map->node);
	client->nr_maps--;
	dcopy_map_free(map);
	if (sync)
		dmabuf_sync_single_unlock(sync);
	return true;
}

/* Make room for one more. Returns whether there is. */
static bool dcopy_map_make_room(struct dcopy_client *client)
{
	struct dcopy_map *map, *next;

	if (client->nr_maps < DCOPY_MAX_MAPS)
		return true;
	list_for_each_entry_safe(map, next, &client->maps, node)
		if (!map->nr_users && dcopy_map_drop(client, map))
			return true;
	return false;
}

static struct dcopy_map *dcopy_map_find(struct dcopy_client *client,
					struct dma_buf *dmabuf, bool write)
{
	struct dcopy_map *map;

	lockdep_assert_held(&client->map_lock);
	list_for_each_entry_reverse(map, &client->maps, node)
		if (map->dmabuf == dmabuf &&
		    (!write || map->dir == DMA_BIDIRECTIONAL))
			return map;
	return NULL;
}

/**
 * dcopy_map_get() - get a buffer mapped for a job
 * @client: whose job
 * @dmabuf: the buffer
 * @write: the engine is to write
 *
 * Context: process context, no reservation lock held.
 * Return: the mapping, to be given back with dcopy_map_put(), or an error pointer:
 * -EBUSY (too many buffers are mapped), -EOPNOTSUPP (the engine could reach the buffer
 * by bouncing only), -ENOMEM, or the exporter's.
 */
struct dcopy_map *dcopy_map_get(struct dcopy_client *client,
				struct dma_buf *dmabuf, bool write)
{
	struct dcopy_map *map;

	mutex_lock(&client->map_lock);
	map = dcopy_map_find(client, dmabuf, write);
	if (map) {
		list_move_tail(&map->node, &client->maps);
	} else if (!dcopy_map_make_room(client)) {
		map = ERR_PTR(-EBUSY);
	} else {
		map = dcopy_map_create(dmaengine_get_dma_device(client->engine->chan),
				       dmabuf, write);
		if (!IS_ERR(map)) {
			list_add_tail(&map->node, &client->maps);
			client->nr_maps++;
		}
	}
	if (!IS_ERR(map))
		map->nr_users++;
	mutex_unlock(&client->map_lock);
	return map;
}

/* Give up what was idle long enough, and come again while something is left. */
static void dcopy_map_sweep(struct dcopy_client *client)
{
	struct dcopy_map *map, *next;

	lockdep_assert_held(&client->map_lock);
	list_for_each_entry_safe(map, next, &client->maps, node)
		if (!map->nr_users &&
		    (client->closed ||
		     time_after_eq(jiffies, map->idle_since + DCOPY_MAP_IDLE)))
			dcopy_map_drop(client, map);
	if (list_empty(&client->maps))
		return;
	if (queue_delayed_work(dcopy_wq, &client->expire, DCOPY_MAP_IDLE))
		kref_get(&client->ref);
}

/**
 * dcopy_map_put() - a job does not need a mapping any more
 * @client: whose job
 * @map: from dcopy_map_get()
 */
void dcopy_map_put(struct dcopy_client *client, struct dcopy_map *map)
{
	mutex_lock(&client->map_lock);
	map->idle_since = jiffies;
	if (!--map->nr_users)
		dcopy_map_sweep(client);
	mutex_unlock(&client->map_lock);
}

/**
 * dcopy_map_close() - the file was closed: give all mappings up, soon
 * @client: the client
 */
void dcopy_map_close(struct dcopy_client *client)
{
	mutex_lock(&client->map_lock);
	client->closed = true;
	dcopy_map_sweep(client);
	mutex_unlock(&client->map_lock);
}

/**
 * dcopy_map_unplug() - the engine's device goes: unmap all buffers
 * @client: the client, whose jobs have ended or will not be started
 *
 * This cannot wait for an access. So what CPUs have written is put into memory before the
 * unmapping throws it out of caches that the device does not see.
 *
 * Context: process context, no reservation lock held.
 */
void dcopy_map_unplug(struct dcopy_client *client)
{
	struct dcopy_map *map;

	mutex_lock(&client->map_lock);
	list_for_each_entry(map, &client->maps, node) {
		if (!map->sgt)
			continue;
		if (dcopy_map_discards(map))
			dma_sync_sgtable_for_device(map->attach->dev, map->sgt, map->dir);
		dcopy_map_unmap(map);
	}
	mutex_unlock(&client->map_lock);
}

static void dcopy_map_expire(struct work_struct *work)
{
	struct dcopy_client *client =
		container_of(to_delayed_work(work), struct dcopy_client, expire);

	mutex_lock(&client->map_lock);
	dcopy_map_sweep(client);
	mutex_unlock(&client->map_lock);
	dcopy_client_put(client);
}

/**
 * dcopy_map_init() - a new client has no mappings
 * @client: the client
 */
void dcopy_map_init(struct dcopy_client *client)
{
	mutex_init(&client->map_lock);
	INIT_LIST_HEAD(&client->maps);
	INIT_DELAYED_WORK(&client->expire, dcopy_map_expire);
}
