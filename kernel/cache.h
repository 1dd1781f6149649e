/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CACHE_H
#define _DSYNC_CACHE_H

#include <linux/jiffies.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct rhashtable;
struct shrinker;

/* Unused for one to two times as long, an object goes. */
#define DSYNC_CACHE_JIFFIES	(10 * HZ)

/**
 * struct dsync_cache - objects that stay for their next use
 * @table: the objects; their user looks them up, and puts them there
 * @reap: free an object if nobody uses it and nobody has for @age jiffies; false: it stays. Called
 *	under RCU, and with objects that are being freed by somebody else
 * @work: frees what was not used for DSYNC_CACHE_JIFFIES
 * @shrinker: frees what is not used, when memory is short
 */
struct dsync_cache {
	struct rhashtable *table;
	bool (*reap)(void *object, unsigned long age);
	struct delayed_work work;
	struct shrinker *shrinker;
};

int dsync_cache_start(struct dsync_cache *cache, const char *name);
void dsync_cache_stop(struct dsync_cache *cache);
void dsync_cache_grown(struct dsync_cache *cache);
unsigned long dsync_cache_reap(struct dsync_cache *cache, unsigned long nr, unsigned long age);

#endif /* _DSYNC_CACHE_H */
