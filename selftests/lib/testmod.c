// SPDX-License-Identifier: GPL-2.0-only
/* Calls on /dev/dmabuf_sync_test. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "st.h"

int st_test_open(void)
{
	int fd = open("/dev/dmabuf_sync_test", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int test_call(int test, unsigned long cmd, void *arg)
{
	return ioctl(test, cmd, arg) ? -errno : 0;
}

int st_test_destroy(int test, long id)
{
	struct dst_object args = { .id = id };

	return test_call(test, DST_DESTROY, &args);
}

long st_sync_new(int test)
{
	struct dst_object args = { 0 };
	int err = test_call(test, DST_SYNC_NEW, &args);

	return err ?: (long)args.id;
}

int st_sync_get(int test, long id, int fd, uint32_t access, uint64_t offset,
		uint64_t length)
{
	struct dst_range args = {
		.id = id, .fd = fd, .access = access, .offset = offset, .length = length,
	};

	return test_call(test, DST_SYNC_GET, &args);
}

int st_sync_put(int test, long id, int fd)
{
	struct dst_range args = { .id = id, .fd = fd };

	return test_call(test, DST_SYNC_PUT, &args);
}

int st_sync_lock(int test, long id, uint32_t how, uint64_t timeout_ns)
{
	struct dst_lock args = { .id = id, .how = how, .timeout_ns = timeout_ns };

	return test_call(test, DST_SYNC_LOCK, &args);
}

int st_sync_lock_async(int test, long id, uint32_t ready, long fence)
{
	struct dst_lock args = {
		.id = id, .how = DST_LOCK_ASYNC, .ready = ready, .fence = fence,
	};

	return test_call(test, DST_SYNC_LOCK, &args);
}

int st_sync_wait(int test, long id, unsigned int ms, struct dst_wait *wait)
{
	*wait = (struct dst_wait){ .id = id, .ms = ms };
	return test_call(test, DST_SYNC_WAIT, wait);
}

int st_sync_result(int test, long id)
{
	struct dst_wait wait;
	int err = st_sync_wait(test, id, ST_SOON_MS, &wait);

	return err ?: wait.error;
}

int st_sync_commit(int test, long id, long fence)
{
	struct dst_commit args = { .id = id, .fence = fence };

	return test_call(test, DST_SYNC_COMMIT, &args);
}

long st_sync_follower(int test)
{
	long id = st_sync_new(test);
	struct dst_object args = { .id = id };
	int err = id < 0 ? id : test_call(test, DST_SYNC_FOLLOW, &args);

	return err ?: id;
}

int st_sync_commit_after(int test, long id, long fence, struct dst_after *after)
{
	struct dst_after args = { .id = id, .fence = fence };
	int err = test_call(test, DST_SYNC_COMMIT_AFTER, &args);

	if (after)
		*after = args;
	return err ?: (int)args.nr;
}

int st_sync_unlock(int test, long id, uint32_t where)
{
	struct dst_unlock args = { .id = id, .where = where };

	return test_call(test, DST_SYNC_UNLOCK, &args);
}

int st_sync_unlock_unwritten(int test, long id, uint32_t where)
{
	struct dst_unlock args = { .id = id, .where = where, .unwritten = 1 };

	return test_call(test, DST_SYNC_UNLOCK, &args);
}

int st_sync_cancel(int test, long id)
{
	struct dst_object args = { .id = id };
	int err = test_call(test, DST_SYNC_CANCEL, &args);

	return err ?: (int)args.value;
}

int st_sync_abandoned(int test, long id)
{
	struct dst_object args = { .id = id };
	int err = test_call(test, DST_SYNC_ABANDONED, &args);

	return err ?: (int)args.value;
}

long st_sync_locked(int test, int fd, uint32_t access, uint64_t offset, uint64_t length,
		    uint32_t how)
{
	long id = st_sync_new(test);
	int err;

	if (id < 0)
		return id;
	err = st_sync_get(test, id, fd, access, offset, length);
	if (!err)
		err = st_sync_lock(test, id, how, 0);
	if (err)
		st_test_destroy(test, id);
	return err ?: id;
}

long st_single_lock(int test, int fd, uint32_t access, bool wait)
{
	struct dst_single args = { .fd = fd, .access = access, .wait = wait };
	int err = test_call(test, DST_SINGLE_LOCK, &args);

	return err ?: (long)args.id;
}

long st_fence_new(int test, struct dst_fence *fence)
{
	struct dst_fence args = { 0 };
	int err = test_call(test, DST_FENCE_NEW, &args);

	if (fence)
		*fence = args;
	return err ?: (long)args.id;
}

int st_fence_publish(int test, long id, int fd, uint32_t usage)
{
	struct dst_publish args = { .id = id, .fd = fd, .usage = usage };

	return test_call(test, DST_FENCE_PUBLISH, &args);
}

int st_fence_signal(int test, long id, uint32_t where, int error, unsigned int delay_ms)
{
	struct dst_signal args = {
		.id = id, .where = where, .error = error, .delay_ms = delay_ms,
	};

	return test_call(test, DST_FENCE_SIGNAL, &args);
}

int st_resv_count(int test, int fd, uint32_t usage)
{
	struct dst_fences args = { .fd = fd, .usage = usage };

	return test_call(test, DST_RESV_COUNT, &args) ?: (int)args.nr;
}

long st_fence_stock(int test, int fd, uint32_t usage)
{
	long id = st_fence_new(test, NULL);
	int err;

	if (id < 0)
		return id;
	err = st_fence_publish(test, id, fd, usage);
	if (err)
		st_test_destroy(test, id);
	return err ?: id;
}

long st_resv_hold(int test, int fd, unsigned int ms, bool in_ctx)
{
	struct dst_hold args = { .fd = fd, .ms = ms, .in_ctx = in_ctx };
	int err = test_call(test, DST_RESV_HOLD, &args);

	return err ?: (long)args.id;
}

int st_buffer_test(int test, struct st_buffer *buf, size_t size, int access_mode)
{
	struct dst_export args = { .size = size, .flags = access_mode };
	int err = test_call(test, DST_EXPORT, &args);

	return err ?: st_buffer_from_fd(buf, args.fd);
}

int st_buffer_count(int test, const struct st_buffer *buf, struct dst_count *count)
{
	*count = (struct dst_count){ .fd = buf->fd };
	return test_call(test, DST_EXPORT_COUNT, count);
}

int st_buffer_fault(int test, const struct st_buffer *buf, unsigned int nr, int error,
		    unsigned int delay_ms)
{
	struct dst_fault args = {
		.fd = buf->fd, .nr = nr, .error = error, .delay_ms = delay_ms,
	};

	return test_call(test, DST_EXPORT_FAULT, &args);
}

int st_buffer_fault_end(int test, const struct st_buffer *buf, unsigned int nr, int error)
{
	struct dst_fault args = { .fd = buf->fd, .nr_end = nr, .error = error };

	return test_call(test, DST_EXPORT_FAULT, &args);
}

int st_buffer_bounce(int test, struct st_buffer *buf, size_t size)
{
	int err = st_buffer_test(test, buf, size, DST_BOUNCE | O_RDWR);

	if (!err)
		err = st_buffer_map(buf);
	return err;
}

int st_device_write(int test, const struct st_buffer *buf, uint64_t offset, uint64_t length,
		    uint8_t value)
{
	struct dst_device args = {
		.fd = buf->fd, .write = 1, .offset = offset, .length = length, .value = value,
	};

	return test_call(test, DST_EXPORT_DEVICE, &args);
}

int st_device_differ(int test, const struct st_buffer *buf, uint64_t offset, uint64_t length,
		     uint8_t value)
{
	struct dst_device args = {
		.fd = buf->fd, .offset = offset, .length = length, .value = value,
	};

	return test_call(test, DST_EXPORT_DEVICE, &args) ?: (int)args.differ;
}
