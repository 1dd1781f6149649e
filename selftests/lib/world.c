// SPDX-License-Identifier: GPL-2.0-only
/* What a test begins with: some buffers, some owners, the test module. */
#include <errno.h>
#include <unistd.h>

#include "st.h"

int st_world_open(struct st_world *world)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ST_WORLD; i++) {
		world->buf[i].fd = -1;
		world->ctx[i] = -1;
	}
	world->test = st_test_open();
	if (world->test < 0)
		return world->test;
	for (i = 0; !err && i < ST_WORLD; i++) {
		world->ctx[i] = st_context_open();
		err = world->ctx[i] < 0 ? world->ctx[i] :
		      st_buffer_udmabuf(&world->buf[i], ST_WORLD_PAGES * ST_PAGE);
	}
	return err;
}

bool st_world_close(struct st_world *world)
{
	unsigned int i;

	for (i = 0; i < ST_WORLD; i++) {
		if (world->ctx[i] >= 0)
			close(world->ctx[i]);
		if (world->buf[i].fd >= 0)
			st_buffer_close(&world->buf[i]);
	}
	if (world->test >= 0)
		close(world->test);
	return st_snapshot_becomes_empty();
}

void st_context_reopen(int *ctx)
{
	close(*ctx);
	*ctx = st_context_open();
}

/* One range of an owner of either kind. */
long st_owner_try(const struct st_owner *owner, int fd, uint32_t access, uint64_t offset,
		  uint64_t length)
{
	if (!owner->driver)
		return st_lock(owner->fd, fd, access, offset, length,
			       DMABUF_SYNC_ACQUIRE_NONBLOCK);
	return st_sync_locked(owner->fd, fd, access | owner->agent, offset, length,
			      DST_LOCK_TRY);
}

long st_owner_queue(const struct st_owner *owner,
		    const struct dmabuf_sync_access *accesses, unsigned int nr_accesses)
{
	unsigned int i;
	long id;
	int err = 0;

	if (!owner->driver)
		return st_lock_set(owner->fd, accesses, nr_accesses, DMABUF_SYNC_ACQUIRE_QUEUE);
	id = st_sync_new(owner->fd);
	if (id < 0)
		return id;
	for (i = 0; !err && i < nr_accesses; i++)
		err = st_sync_get(owner->fd, id, accesses[i].fd,
				  accesses[i].mode | owner->agent, accesses[i].offset,
				  accesses[i].length);
	if (!err)
		err = st_sync_lock_async(owner->fd, id, 0, 0);
	if (err)
		st_test_destroy(owner->fd, id);
	return err ?: id;
}

int st_owner_result(const struct st_owner *owner, long id)
{
	return owner->driver ? st_sync_result(owner->fd, id) :
			       st_event_result(owner->fd, id);
}

/* Reads nothing: an event that is there stays there. */
bool st_owner_pending(const struct st_owner *owner, long id)
{
	struct dst_wait wait;

	return owner->driver ? st_sync_wait(owner->fd, id, 0, &wait) == -ETIME :
			       !st_event_pending(owner->fd, 0);
}

int st_owner_release(const struct st_owner *owner, long id)
{
	return owner->driver ? st_test_destroy(owner->fd, id) :
			       st_release(owner->fd, id);
}
