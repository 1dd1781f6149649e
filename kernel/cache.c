// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caches: state that is made by its first use and stays for the next one. Nobody tells when it is
 * not of use any more, so it goes when it was not used for a while, and sooner when memory is
 * short.
 */
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/shrinker.h>

#include "cache.h"

/**
 * dsync_cache_reap() - free objects that nobody uses
 * @cache: the cache
 * @nr: at most so many
 * @age: those that were not used for so many jiffies
 *
 * Context: process context; may sleep.
 * Return: how many were freed.
 */
unsigned long dsync_cache_reap(struct dsync_cache *cache, unsigned long nr, unsigned long age)
{
	struct rhashtable_iter iter;
	unsigned long reaped = 0;
	void *object;

	rhashtable_walk_enter(cache->table, &iter);
	rhashtable_walk_start(&iter);
	while (reaped < nr && (object = rhashtable_walk_next(&iter))) {
		if (!IS_ERR(object))
			reaped += cache->reap(object, age);
		if (need_resched()) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return reaped;
}

static void reap_work(struct work_struct *work)
{
	struct dsync_cache *cache = container_of(to_delayed_work(work), struct dsync_cache, work);

	dsync_cache_reap(cache, ULONG_MAX, DSYNC_CACHE_JIFFIES);
	if (atomic_read(&cache->table->nelems))
		dsync_cache_grown(cache);
}

static unsigned long cache_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dsync_cache *cache = shrinker->private_data;

	return atomic_read(&cache->table->nelems) ?: SHRINK_EMPTY;
}

static unsigned long cache_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	return dsync_cache_reap(shrinker->private_data, sc->nr_to_scan, 0) ?: SHRINK_STOP;
}

/**
 * dsync_cache_start() - begin to free what is not used
 * @cache: the cache, with &dsync_cache.table and &dsync_cache.reap
 * @name: of its shrinker
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_cache_start(struct dsync_cache *cache, const char *name)
{
	INIT_DELAYED_WORK(&cache->work, reap_work);
	cache->shrinker = shrinker_alloc(0, "%s", name);
	if (!cache->shrinker)
		return -ENOMEM;
	cache->shrinker->count_objects = cache_count;
	cache->shrinker->scan_objects = cache_scan;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return 0;
}

/**
 * dsync_cache_stop() - free nothing any more
 * @cache: the cache; no object is put into it any more
 *
 * Context: process context; sleeps.
 */
void dsync_cache_stop(struct dsync_cache *cache)
{
	shrinker_free(cache->shrinker);
	cancel_delayed_work_sync(&cache->work);
}

/**
 * dsync_cache_grown() - an object was put into a cache
 * @cache: the cache
 *
 * Context: any.
 */
void dsync_cache_grown(struct dsync_cache *cache)
{
	schedule_delayed_work(&cache->work, DSYNC_CACHE_JIFFIES);
}
