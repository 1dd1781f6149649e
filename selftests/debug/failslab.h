/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that run out of memory: what failslab.c plays and failslab.d/scenes.c lists. */
#ifndef FAILSLAB_H
#define FAILSLAB_H

#include "../fcntl/locks.h"

/**
 * struct stage - where a call is made
 * @world: buffers and contexts
 * @peer: another process, for record locks
 * @id: what prepare() made
 * @more: and what else
 * @waiter: a call of another thread that waits
 * @infos: room for a query
 */
struct stage {
	struct st_world world;
	struct lk_peer peer;
	long id, more;
	struct st_call waiter;
	struct dmabuf_sync_info infos[8];
};

/**
 * struct scene - a call, and what is around it
 * @name: what it is called in the results
 * @prepare: comes before it, and must succeed; or NULL
 * @call: what the failures are for. Return: 0 or an object, or a negative errno
 * @undo: ends what prepare() made, and the call if it did not fail
 * @result: without a failure, when that is neither 0 nor an object
 * @never_fails: no failure of an allocation is a failure of the call
 * @lean: a module allocates nothing for it; the kernel does
 */
struct scene {
	const char *name;
	int (*prepare)(struct stage *stage);
	long (*call)(struct stage *stage);
	void (*undo)(struct stage *stage, long result);
	int result;
	bool never_fails;
	bool lean;
};

extern const struct scene scenes[];
extern const unsigned int nr_scenes;

#endif /* FAILSLAB_H */
