// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes of a driver: each call that can tell one warns, and fails at once, instead of crashing
 * or hanging. The warnings are announced to the check of the kernel log, which fails this test
 * if one does not come.
 */
#include <errno.h>
#include <kselftest_harness.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "st.h"

FIXTURE(misuse)
{
	struct st_world w;
};

FIXTURE_SETUP(misuse)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(misuse)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* A warning in this function comes, also if it has come before. */
static int expect_warning(const char *function)
{
	char text[96];

	snprintf(text, sizeof(text), "<5>check-log: expect %s\n", function);
	return st_file_write("/sys/kernel/debug/clear_warn_once", "1") ?:
	       st_file_write("/dev/kmsg", text);
}

static int misuse(const struct st_world *w, enum dst_call call, enum dst_wrong how)
{
	struct dst_misuse args = { .call = call, .how = how, .fd = w->buf[0].fd };

	return ioctl(w->test, DST_MISUSE, &args) < 0 ? -errno : 0;
}

struct call {
	enum dst_call call;
	const char *function;
	int result;
};

static void refuse(struct __test_metadata *_metadata, const struct st_world *w,
		   const struct call *calls, unsigned int nr_calls, enum dst_wrong how)
{
	unsigned int i;

	for (i = 0; i < nr_calls; i++) {
		ASSERT_EQ(0, expect_warning(calls[i].function));
		EXPECT_EQ(calls[i].result, misuse(w, calls[i].call, how))
		{
			TH_LOG("%s", calls[i].function);
		}
	}
}

static const struct call all[] = {
	{ DST_CALL_FINI, "dmabuf_sync_fini+", 0 },
	{ DST_CALL_GET, "dmabuf_sync_get_range+", -EINVAL },
	{ DST_CALL_PUT, "dmabuf_sync_put+", -EINVAL },
	{ DST_CALL_PUT_ALL, "dmabuf_sync_put_all+", -EINVAL },
	{ DST_CALL_LOCK, "dsync_driver_prepare+", -EINVAL },
	{ DST_CALL_TRYLOCK, "dsync_driver_prepare+", -EINVAL },
	{ DST_CALL_LOCK_TIMEOUT, "dsync_driver_prepare+", -EINVAL },
	{ DST_CALL_LOCK_ASYNC, "dsync_driver_prepare+", -EINVAL },
	{ DST_CALL_CANCEL, "dmabuf_sync_cancel+", 0 },
	{ DST_CALL_BEGAN, "dmabuf_sync_began+", 0 },
	{ DST_CALL_UNLOCK, "dmabuf_sync_unlock+", 0 },
	{ DST_CALL_UNLOCK_UNWRITTEN, "dmabuf_sync_unlock_unwritten+", 0 },
	{ DST_CALL_ABANDONED, "dmabuf_sync_was_abandoned+", 0 },
	{ DST_CALL_SINGLE_UNLOCK, "dmabuf_sync_single_unlock+", 0 },
};

TEST_F(misuse, no_object)
{
	refuse(_metadata, &self->w, all, ST_ARRAY_SIZE(all), DST_MISUSE_NO_OBJECT);
}

TEST_F(misuse, error_pointer_for_an_object)
{
	refuse(_metadata, &self->w, all, ST_ARRAY_SIZE(all), DST_MISUSE_ERROR_POINTER);
}

/* The object is locked; committing nothing, or with nothing, leaves it so. */
TEST_F(misuse, commit_without_an_object_or_a_fence)
{
	static const struct call commits[] = {
		{ DST_CALL_COMMIT, "commit_check", -EINVAL },
		{ DST_CALL_COMMIT_QUEUED, "commit_check", -EINVAL },
	};

	refuse(_metadata, &self->w, commits, ST_ARRAY_SIZE(commits), DST_MISUSE_NO_OBJECT);
	refuse(_metadata, &self->w, commits, ST_ARRAY_SIZE(commits), DST_MISUSE_ERROR_POINTER);
	refuse(_metadata, &self->w, commits, ST_ARRAY_SIZE(commits), DST_MISUSE_NO_ARGUMENT);
}

TEST_F(misuse, no_buffer_or_no_callback)
{
	static const struct call calls[] = {
		{ DST_CALL_GET, "dmabuf_sync_get_range+", -EINVAL },
		{ DST_CALL_PUT, "dmabuf_sync_put+", -EINVAL },
		{ DST_CALL_LOCK_ASYNC, "dmabuf_sync_lock_async+", -EINVAL },
		{ DST_CALL_SINGLE_LOCK, "dmabuf_sync_get_range+", -EINVAL },
	};

	refuse(_metadata, &self->w, calls, ST_ARRAY_SIZE(calls), DST_MISUSE_NO_ARGUMENT);
}

/* All these lock the resv themselves, and would wait for their caller. */
static const struct call lockers[] = {
	{ DST_CALL_GET, "dmabuf_sync_get_range+", -EDEADLK },
	{ DST_CALL_LOCK, "dsync_driver_prepare+", -EDEADLK },
	{ DST_CALL_TRYLOCK, "dsync_driver_prepare+", -EDEADLK },
	{ DST_CALL_LOCK_TIMEOUT, "dsync_driver_prepare+", -EDEADLK },
	{ DST_CALL_LOCK_ASYNC, "dsync_driver_prepare+", -EDEADLK },
	{ DST_CALL_COMMIT, "commit_check", -EDEADLK },
	{ DST_CALL_COMMIT_QUEUED, "commit_check", -EDEADLK },
	{ DST_CALL_SINGLE_LOCK, "dmabuf_sync_get_range+", -EDEADLK },
};

TEST_F(misuse, resv_is_held)
{
	refuse(_metadata, &self->w, lockers, ST_ARRAY_SIZE(lockers), DST_MISUSE_RESV);
}

TEST_F(misuse, resv_is_held_through_an_acquire_context)
{
	refuse(_metadata, &self->w, lockers, ST_ARRAY_SIZE(lockers), DST_MISUSE_RESV_CTX);
}

/* Another task's lock is no mistake: that one is waited for. */
TEST_F(misuse, resv_that_another_task_holds_is_waited_for)
{
	long sync = st_sync_new(self->w.test), hold;

	ASSERT_LE(0, sync);
	ASSERT_EQ(0, st_sync_get(self->w.test, sync, self->w.buf[0].fd, DMA_BUF_ACCESS_DMA_R,
				 0, 0));
	hold = st_resv_hold(self->w.test, self->w.buf[0].fd, 50, false);
	ASSERT_LE(0, hold);
	EXPECT_EQ(0, st_sync_lock(self->w.test, sync, DST_LOCK_WAIT, 0));
	EXPECT_EQ(0, st_sync_unlock(self->w.test, sync, DST_PROCESS));
	EXPECT_EQ(0, st_test_destroy(self->w.test, hold));
	EXPECT_EQ(0, st_test_destroy(self->w.test, sync));
}

/* Does this kernel look whether what may sleep is called where it must not? */
static bool kernel_tells_atomic(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	bool found = false;
	char line[256];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, " __might_sleep\n");
	fclose(file);
	return found;
}

/* Also where nothing has to be waited for this time. */
TEST_F(misuse, calls_that_may_sleep_say_so)
{
	static const enum dst_call calls[] = {
		DST_CALL_PUT_ALL, DST_CALL_PUT, DST_CALL_CANCEL, DST_CALL_TRYLOCK,
	};
	unsigned int i;

	if (!kernel_tells_atomic())
		SKIP(return, "this kernel has no CONFIG_DEBUG_ATOMIC_SLEEP");
	for (i = 0; i < ST_ARRAY_SIZE(calls); i++) {
		/* One report a second is all that the kernel gives. */
		st_sleep_ms(1100);
		ASSERT_EQ(0, expect_warning("sleeping function called"));
		misuse(&self->w, calls[i], DST_MISUSE_ATOMIC);
	}
}

TEST_HARNESS_MAIN
