// SPDX-License-Identifier: GPL-2.0-only
/* Every call of the framework that a user or a driver makes, and what is around it. */
#include "../failslab.h"

#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

static int buf(struct stage *stage, unsigned int nr)
{
	return stage->world.buf[nr].fd;
}

static int ctx(struct stage *stage, unsigned int nr)
{
	return stage->world.ctx[nr];
}

static int test(struct stage *stage)
{
	return stage->world.test;
}

/* Contexts */

static long do_open(struct stage *stage)
{
	(void)stage;
	return st_context_open();
}

static void undo_open(struct stage *stage, long fd)
{
	(void)stage;
	if (fd >= 0)
		close(fd);
}

static long do_acquire(struct stage *stage)
{
	return st_lock_all(ctx(stage, 0), buf(stage, 0), W, TRY);
}

static void undo_acquire(struct stage *stage, long set)
{
	if (set > 0)
		st_release(ctx(stage, 0), set);
}

static long do_acquire_set(struct stage *stage)
{
	struct dmabuf_sync_access set[ST_WORLD];
	unsigned int i;

	for (i = 0; i < ST_WORLD; i++)
		set[i] = st_access(buf(stage, i / 2), i % 2 ? W : R, i * 100, 100);
	return st_lock_set(ctx(stage, 0), set, ST_WORLD, TRY);
}

static int prepare_held(struct stage *stage)
{
	stage->id = st_lock(ctx(stage, 0), buf(stage, 0), R, 10, 100, TRY);
	return stage->id > 0 ? 0 : (int)stage->id;
}

static void undo_held(struct stage *stage, long set)
{
	st_release(ctx(stage, 0), stage->id);
	undo_acquire(stage, set);
}

static int prepare_other(struct stage *stage)
{
	stage->id = st_lock_all(ctx(stage, 1), buf(stage, 0), W, TRY);
	return stage->id > 0 ? 0 : (int)stage->id;
}

/* A new context has no set left over from its last request, and has to make one. */
static int prepare_other_anew(struct stage *stage)
{
	st_context_reopen(&stage->world.ctx[0]);
	return prepare_other(stage);
}

static void undo_other(struct stage *stage, long set)
{
	undo_acquire(stage, set);
	st_release(ctx(stage, 1), stage->id);
}

static long do_queue(struct stage *stage)
{
	return st_lock_all(ctx(stage, 0), buf(stage, 0), W, QUEUE);
}

/* Its end is told in an event, which wants room. */
static void undo_queue(struct stage *stage, long set)
{
	struct dmabuf_sync_event event;

	undo_other(stage, set);
	while (!st_event_read(ctx(stage, 0), &event, 0))
		;
}

static long do_wait(struct stage *stage)
{
	return st_lock_ms(ctx(stage, 0), buf(stage, 0), W, 0, ST_PAGE, 20);
}

/* Context 1 has buffer 0 and waits for buffer 1, which context 0 has. */
static int prepare_cycle(struct stage *stage)
{
	long held = st_lock_all(ctx(stage, 0), buf(stage, 1), W, TRY);
	int err = prepare_other(stage);

	if (held < 0 || err)
		return held < 0 ? (int)held : err;
	return st_call_wait(&stage->waiter, ctx(stage, 1), buf(stage, 1), W);
}

static long do_block(struct stage *stage)
{
	return st_lock_all(ctx(stage, 0), buf(stage, 0), W, 0);
}

static void undo_cycle(struct stage *stage, long set)
{
	(void)set;
	st_call_quit(&stage->waiter);
	st_context_reopen(&stage->world.ctx[0]);
	st_context_reopen(&stage->world.ctx[1]);
}

static long do_release(struct stage *stage)
{
	return st_release(ctx(stage, 0), stage->id);
}

static void undo_nothing(struct stage *stage, long ret)
{
	(void)stage;
	(void)ret;
}

/* Someone waits for what is released. */
static int prepare_waited_for(struct stage *stage)
{
	int err = prepare_held(stage);
	long set = st_lock_all(ctx(stage, 1), buf(stage, 0), W, QUEUE);

	return err ?: set < 0 ? (int)set : 0;
}

static void undo_waited_for(struct stage *stage, long ret)
{
	(void)ret;
	st_event_pending(ctx(stage, 1), ST_SOON_MS);
	st_context_reopen(&stage->world.ctx[1]);
}

static int prepare_close(struct stage *stage)
{
	stage->more = st_context_open();
	stage->id = st_lock_all(stage->more, buf(stage, 0), W, TRY);
	return stage->id < 0 ? (int)stage->id : 0;
}

static long do_close(struct stage *stage)
{
	return close(stage->more) ? -errno : 0;
}

static long do_query(struct stage *stage)
{
	return st_query(ctx(stage, 1), buf(stage, 0), stage->infos,
			ST_ARRAY_SIZE(stage->infos));
}

static void undo_query(struct stage *stage, long nr)
{
	(void)nr;
	st_release(ctx(stage, 0), stage->id);
}

/* Record locks */

static long do_lock(struct stage *stage)
{
	return lk_try(buf(stage, 0), F_WRLCK, 10, 100);
}

static void undo_lock(struct stage *stage, long ret)
{
	(void)ret;
	lk_try(buf(stage, 0), F_UNLCK, ALL_BYTES);
}

static int prepare_lock(struct stage *stage)
{
	return (int)do_lock(stage);
}

static long do_split(struct stage *stage)
{
	return lk_try(buf(stage, 0), F_UNLCK, 50, 10);
}

static long do_downgrade(struct stage *stage)
{
	return lk_try(buf(stage, 0), F_RDLCK, 50, 10);
}

static long do_merge(struct stage *stage)
{
	return lk_try(buf(stage, 0), F_WRLCK, 100, 50);
}

static long do_lock_conflicting(struct stage *stage)
{
	return lk_try(buf(stage, 0), F_RDLCK, 20, 1);
}

static long do_get_lock(struct stage *stage)
{
	return lk_do(buf(stage, 0), F_GETLK, F_RDLCK, 20, 1);
}

static int prepare_peer_lock(struct stage *stage)
{
	return lk_peer_try(&stage->peer, buf(stage, 0), F_WRLCK, 10, 100);
}

/* What is left over from the last lock of this process is in use for another one. */
static int prepare_both_lock(struct stage *stage)
{
	return prepare_peer_lock(stage) ?: lk_try(buf(stage, 0), F_WRLCK, 1000, 10);
}

static void undo_peer_lock(struct stage *stage, long ret)
{
	lk_peer_try(&stage->peer, buf(stage, 0), F_UNLCK, ALL_BYTES);
	undo_lock(stage, ret);
}

/* Drivers */

static int prepare_sync(struct stage *stage)
{
	stage->id = st_sync_new(test(stage));
	return stage->id < 0 ? (int)stage->id : 0;
}

static long do_get(struct stage *stage)
{
	return st_sync_get(test(stage), stage->id, buf(stage, 0), DMA_BUF_ACCESS_DMA_W, 0, 0);
}

static void undo_sync(struct stage *stage, long ret)
{
	(void)ret;
	st_test_destroy(test(stage), stage->id);
}

static int prepare_get(struct stage *stage)
{
	return prepare_sync(stage) ?: (int)do_get(stage);
}

static long do_sync_lock(struct stage *stage)
{
	return st_sync_lock(test(stage), stage->id, DST_LOCK_TRY, 0);
}

static int prepare_get_busy(struct stage *stage)
{
	int err = prepare_other(stage);

	stage->more = stage->id;
	return err ?: prepare_get(stage);
}

static long do_lock_async(struct stage *stage)
{
	return st_sync_lock_async(test(stage), stage->id, 0, 0);
}

static void undo_get_busy(struct stage *stage, long ret)
{
	st_release(ctx(stage, 1), stage->more);
	if (!ret)
		st_sync_result(test(stage), stage->id);
	undo_sync(stage, ret);
}

static int prepare_fence(struct stage *stage)
{
	stage->more = st_fence_new(test(stage), NULL);
	return stage->more < 0 ? (int)stage->more : 0;
}

static int prepare_commit(struct stage *stage)
{
	return prepare_get(stage) ?: (int)do_sync_lock(stage) ?: prepare_fence(stage);
}

/* A job in two buffers, with fences that stock drivers do not wait for. */
static int prepare_commit_explicit(struct stage *stage)
{
	const uint32_t mode = DMA_BUF_ACCESS_DMA_W | DST_EXPLICIT;
	unsigned int i;
	int err = prepare_sync(stage);

	for (i = 0; !err && i < 2; i++)
		err = st_sync_get(test(stage), stage->id, buf(stage, i), mode, 0, 0);
	return err ?: (int)do_sync_lock(stage) ?: prepare_fence(stage);
}

static long do_commit(struct stage *stage)
{
	return st_sync_commit(test(stage), stage->id, stage->more);
}

static void undo_commit(struct stage *stage, long ret)
{
	st_test_destroy(test(stage), stage->more);
	undo_sync(stage, ret);
}

static long do_unlock(struct stage *stage)
{
	return st_sync_unlock(test(stage), stage->id, DST_PROCESS);
}

#define SCENE(text, before, made, after, ...)	\
	{ .name = (text), .prepare = (before), .call = (made), .undo = (after), ##__VA_ARGS__ }

const struct scene scenes[] = {
	SCENE("open a context", NULL, do_open, undo_open),
	SCENE("acquire", NULL, do_acquire, undo_acquire),
	SCENE("acquire a set", NULL, do_acquire_set, undo_acquire),
	SCENE("acquire more, upgrade", prepare_held, do_acquire, undo_held),
	SCENE("acquire what is held", prepare_other_anew, do_acquire, undo_other,
	      .result = -EAGAIN),
	SCENE("queue", prepare_other, do_queue, undo_queue),
	SCENE("wait", prepare_other_anew, do_wait, undo_other, .result = -ETIMEDOUT),
	SCENE("close a cycle", prepare_cycle, do_block, undo_cycle, .result = -EDEADLK),
	SCENE("query", prepare_held, do_query, undo_query),
	SCENE("release", prepare_held, do_release, undo_nothing, .never_fails = true),
	SCENE("release for a waiter", prepare_waited_for, do_release, undo_waited_for,
	      .never_fails = true),
	SCENE("close a context", prepare_close, do_close, undo_nothing, .never_fails = true),
	SCENE("F_SETLK", NULL, do_lock, undo_lock),
	SCENE("F_SETLK, unlock the middle", prepare_lock, do_split, undo_lock),
	SCENE("F_SETLK, downgrade the middle", prepare_lock, do_downgrade, undo_lock),
	SCENE("F_SETLK, merge", prepare_lock, do_merge, undo_lock),
	SCENE("F_SETLK of what is held", prepare_both_lock, do_lock_conflicting, undo_peer_lock,
	      .result = -EAGAIN),
	SCENE("F_GETLK", prepare_peer_lock, do_get_lock, undo_peer_lock, .lean = true),
	SCENE("dmabuf_sync_get()", prepare_sync, do_get, undo_sync),
	SCENE("dmabuf_sync_trylock()", prepare_get, do_sync_lock, undo_sync),
	SCENE("dmabuf_sync_lock_async()", prepare_get_busy, do_lock_async, undo_get_busy),
	SCENE("dmabuf_sync_commit()", prepare_commit, do_commit, undo_commit),
	SCENE("dmabuf_sync_commit(), explicit", prepare_commit_explicit, do_commit, undo_commit),
	SCENE("dmabuf_sync_unlock()", prepare_commit, do_unlock, undo_commit, .never_fails = true),
};

const unsigned int nr_scenes = ST_ARRAY_SIZE(scenes);
