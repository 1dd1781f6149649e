// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMABUF_SYNC_IOC_CAPS: a program finds out what the kernel has, and the limits that hold.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "st.h"

FIXTURE(caps)
{
	struct dmabuf_sync_caps caps;
	int ctx;
};

FIXTURE_SETUP(caps)
{
	memset(&self->caps, 0xff, sizeof(self->caps));
	self->caps.size = sizeof(self->caps);
	self->caps.flags = 0;
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, ioctl(self->ctx, DMABUF_SYNC_IOC_CAPS, &self->caps));
}

FIXTURE_TEARDOWN(caps)
{
	close(self->ctx);
}

static FILE *parameter_open(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/dmabuf_sync/parameters/%s", name);
	return fopen(path, "re");
}

/* Of the module; -1: it has none of that name. */
static long long parameter(const char *name)
{
	FILE *file = parameter_open(name);
	long long value = -1;

	if (file && fscanf(file, "%lld", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

/* In tree there is no such parameter, nor another state. */
static bool is_on(const char *name)
{
	FILE *file = parameter_open(name);
	char state[32] = "";
	bool on;

	on = !file || (fscanf(file, "%31s", state) == 1 && !strcmp(state, "on"));
	if (file)
		fclose(file);
	return on;
}

TEST_F(caps, version_is_that_of_the_header)
{
	EXPECT_EQ(DMABUF_SYNC_VERSION, self->caps.version);
	EXPECT_EQ(sizeof(self->caps), self->caps.size);
	EXPECT_EQ(0, self->caps.flags);
}

TEST_F(caps, limits_are_those_that_hold)
{
	const struct dmabuf_sync_caps *caps = &self->caps;

	EXPECT_EQ(DMABUF_SYNC_MAX_SET, caps->max_set);
	EXPECT_EQ(DMABUF_SYNC_MAX_INFOS, caps->max_infos);
	EXPECT_EQ(DMABUF_SYNC_MIN_LEASE_MS, caps->min_lease_ms);
	EXPECT_EQ(parameter("max_accesses"), caps->max_accesses);
	EXPECT_EQ(parameter("max_queued"), caps->max_queued);
	EXPECT_EQ(parameter("max_user_owners"), caps->max_user_owners);
	EXPECT_EQ(parameter("max_user_accesses"), caps->max_user_accesses);
	EXPECT_EQ(parameter("max_user_queued"), caps->max_user_queued);
	EXPECT_EQ(parameter("max_user_buffers"), caps->max_user_buffers);
	EXPECT_EQ(parameter("max_user_marks"), caps->max_user_marks);
	EXPECT_EQ(parameter("max_user_timelines"), caps->max_user_timelines);
	EXPECT_EQ(parameter("max_user_points"), caps->max_user_points);
}

TEST_F(caps, lease_is_the_one_of_the_context)
{
	EXPECT_EQ(st_lease_get(), self->caps.lease_ms);
	EXPECT_EQ(20, st_lease_promise(self->ctx, 20));
	EXPECT_EQ(0, ioctl(self->ctx, DMABUF_SYNC_IOC_CAPS, &self->caps));
	EXPECT_EQ(20, self->caps.lease_ms);
}

TEST_F(caps, features_are_those_of_this_kernel)
{
	const uint64_t optional = DMABUF_SYNC_FEATURE_FCNTL | DMABUF_SYNC_FEATURE_POLL;

	EXPECT_EQ(is_on("fcntl_state"), !!(self->caps.features & DMABUF_SYNC_FEATURE_FCNTL));
	EXPECT_EQ(is_on("poll_state"), !!(self->caps.features & DMABUF_SYNC_FEATURE_POLL));
	EXPECT_EQ(0, self->caps.features & ~optional);
}

/* A later program finds that this kernel has nothing of what it knows beyond. */
TEST_F(caps, later_members_are_zero)
{
	struct {
		struct dmabuf_sync_caps arg;
		uint64_t later[4];
	} caps = { .arg = { .size = sizeof(caps) } };

	EXPECT_EQ(0, ioctl(self->ctx, DMABUF_SYNC_IOC_CAPS, &caps));
	EXPECT_EQ(DMABUF_SYNC_VERSION, caps.arg.version);
	EXPECT_EQ(0, caps.later[0] | caps.later[1] | caps.later[2] | caps.later[3]);
}

TEST_HARNESS_MAIN
