// SPDX-License-Identifier: GPL-2.0-only
/* Bad input: each has its errno, and nothing is submitted. */
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "dma.h"

#define SIZE	(4 * ST_PAGE)
#define OLD	1
#define NEW	2

FIXTURE(input)
{
	int copy, file;
	struct st_buffer src, dst, rdonly, wronly;
	struct dmabuf_copy_submit args;
};

FIXTURE_SETUP(input)
{
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->file = open("/dev/null", O_RDWR);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	ASSERT_EQ(0, st_buffer_heap(&self->rdonly, SIZE, O_RDONLY));
	ASSERT_EQ(0, st_buffer_heap(&self->wronly, SIZE, O_WRONLY));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
	self->args = dma_args(&self->src, 0, &self->dst, 0, SIZE, 0);
}

/* After every test: nothing was copied, the next job is fine. */
FIXTURE_TEARDOWN(input)
{
	EXPECT_TRUE(st_snapshot_becomes_empty());
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(self->copy);
	close(self->file);
	st_buffer_close(&self->src);
	st_buffer_close(&self->dst);
	st_buffer_close(&self->rdonly);
	st_buffer_close(&self->wronly);
}

TEST_F(input, descriptors)
{
	struct dmabuf_copy_submit args = self->args;

	args.src_fd = -1;
	EXPECT_EQ(-EBADF, dma_submit(self->copy, &args));
	args = self->args;
	args.dst_fd = 1023;
	EXPECT_EQ(-EBADF, dma_submit(self->copy, &args));
	args = self->args;
	args.src_fd = self->file;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
	args = self->args;
	args.dst_fd = self->copy;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
	EXPECT_EQ(-2, args.job_fd);
}

TEST_F(input, modes)
{
	struct dmabuf_copy_submit args = self->args;

	args.src_fd = self->wronly.fd;
	EXPECT_EQ(-EBADF, dma_submit(self->copy, &args));
	args = self->args;
	args.dst_fd = self->rdonly.fd;
	EXPECT_EQ(-EBADF, dma_submit(self->copy, &args));
	args.dst_fd = self->wronly.fd;
	args.flags = DMABUF_COPY_WAIT;
	EXPECT_EQ(0, dma_submit(self->copy, &args));
	EXPECT_EQ(-1, args.job_fd);
	EXPECT_EQ(-1, args.sync_fd);
}

TEST_F(input, ranges)
{
	static const struct {
		uint64_t src_offset, dst_offset, length;
	} bad[] = {
		{ 0, 0, 0 },
		{ 0, 0, SIZE + 1 },
		{ 1, 0, SIZE },
		{ 0, 1, SIZE },
		{ SIZE, 0, 1 },
		{ 0, SIZE, 1 },
		{ SIZE + 1, 0, 1 },
		{ UINT64_MAX, 0, 1 },
		{ 0, UINT64_MAX, 2 },
		{ 1, 0, UINT64_MAX },
		{ 0, 0, UINT64_MAX },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX },
	};
	struct dmabuf_copy_submit args = self->args;
	size_t i;

	for (i = 0; i < ST_ARRAY_SIZE(bad); i++) {
		args.src_offset = bad[i].src_offset;
		args.dst_offset = bad[i].dst_offset;
		args.length = bad[i].length;
		EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args))
		{
			TH_LOG("range %zu", i);
		}
	}
}

TEST_F(input, ranges_that_overlap)
{
	struct dmabuf_copy_submit args = self->args;

	args.dst_fd = self->src.fd;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
	args.length = ST_PAGE;
	args.dst_offset = ST_PAGE - 1;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
	args.src_offset = ST_PAGE - 1;
	args.dst_offset = 0;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
}

TEST_F(input, flags)
{
	struct dmabuf_copy_submit args = self->args;
	unsigned int bit;

	for (bit = 6; bit < 32; bit++) {
		args.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
	}
	args.flags = DMABUF_COPY_WAIT | DMABUF_COPY_SYNC_FILE;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &args));
}

/* A structure of a later version: fine as long as it asks for nothing unknown. */
TEST_F(input, sizes)
{
	struct {
		struct dmabuf_copy_submit args;
		uint64_t more;
	} later = { .args = self->args, .more = 1 };

	later.args.size = sizeof(later);
	EXPECT_EQ(-E2BIG, dma_submit(self->copy, &later.args));
	later.args.size = sizeof(later.args) - 1;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &later.args));
	later.args.size = 0;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &later.args));
	later.args.size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, dma_submit(self->copy, &later.args));
	later.args.size = sizeof(later);
	later.args.length = 0;
	later.more = 0;
	EXPECT_EQ(-EINVAL, dma_submit(self->copy, &later.args));
}

TEST_F(input, pointers)
{
	EXPECT_EQ(-EFAULT, dma_submit(self->copy, NULL));
	EXPECT_EQ(-EFAULT, dma_submit(self->copy, (void *)-8L));
}

/* The answer has nowhere to go: no descriptor leaks, and the job comes to an end. */
TEST_F(input, answer_that_cannot_be_stored)
{
	struct dmabuf_copy_submit *args;
	int before, after;

	args = mmap(NULL, ST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, args);
	*args = self->args;
	args->flags = DMABUF_COPY_WAIT;
	ASSERT_EQ(0, mprotect(args, ST_PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, dma_submit(self->copy, args));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	ASSERT_EQ(0, mprotect(args, ST_PAGE, PROT_READ | PROT_WRITE));
	args->flags = DMABUF_COPY_SYNC_FILE;
	ASSERT_EQ(0, mprotect(args, ST_PAGE, PROT_READ));
	before = dup(self->copy);
	close(before);
	EXPECT_EQ(-EFAULT, dma_submit(self->copy, args));
	after = dup(self->copy);
	close(after);
	EXPECT_EQ(before, after);
	/* It was under way when the call failed. */
	EXPECT_TRUE(ST_UNTIL(dma_filled(&self->dst, NEW)));
	dma_fill(&self->dst, OLD);
	munmap(args, ST_PAGE);
}

TEST_F(input, info)
{
	struct dmabuf_copy_info info = { .size = sizeof(info), .flags = 1 };

	EXPECT_EQ(-1, ioctl(self->copy, DMABUF_COPY_IOC_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	info = (struct dmabuf_copy_info){ .size = sizeof(info), .reserved = 1 };
	EXPECT_EQ(-1, ioctl(self->copy, DMABUF_COPY_IOC_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, dma_info(self->copy, &info));
	EXPECT_EQ(1, info.alignment_bytes);
	EXPECT_LT(0, info.timeout_ms);
	EXPECT_EQ(0, strncmp(info.channel, "dma", 3));
}

TEST_F(input, commands)
{
	struct dmabuf_copy_sync_file sync = { .size = sizeof(sync), .reserved = 1 };
	int job;

	EXPECT_EQ(-1, ioctl(self->copy, _IO(DMABUF_COPY_IOC_MAGIC, 99), 0));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->copy, _IO(0, 0), 0));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->copy, DMABUF_COPY_IOC_SYNC_FILE, &sync));
	EXPECT_EQ(ENOTTY, errno);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	EXPECT_EQ(-1, ioctl(job, DMABUF_COPY_IOC_SYNC_FILE, &sync));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(job, DMABUF_COPY_IOC_INFO, &sync));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(0, dma_job_end(job));
	dma_fill(&self->dst, OLD);
	close(job);
}

/* Values of parameters and faults that make no sense are refused. */
TEST_F(input, parameters)
{
	EXPECT_EQ(-EINVAL, dma_param_set("dma_sim", "completion", "never"));
	EXPECT_EQ(-EINVAL, dma_param_set("dma_sim", "bandwidth", "-1"));
	EXPECT_EQ(-EINVAL, dma_param_set("dma_sim", "bandwidth", "fast"));
	EXPECT_EQ(-ERANGE, dma_param_set("dma_sim", "latency", "10000000001"));
	EXPECT_EQ(-EINVAL, dma_param_set("dma_sim", "nr_descs", "1"));
	EXPECT_EQ(-EINVAL, dma_param_set("dmabuf_copy", "timeout_ms", "0"));
	EXPECT_EQ(-EINVAL, dma_param_set("dmabuf_copy", "timeout_ms", "600001"));
	EXPECT_EQ(-EINVAL, dma_param_set("dmabuf_copy", "max_channels", "0"));
	EXPECT_EQ(-EINVAL, dma_fault(self->copy, "explode"));
	EXPECT_EQ(-EINVAL, dma_fault(self->copy, "late count=1"));
	EXPECT_EQ(-EINVAL, dma_fault(self->copy, "fail delay_ns=1"));
	EXPECT_EQ(-EINVAL, dma_fault(self->copy, "fail count"));
	EXPECT_EQ(-ERANGE, dma_fault(self->copy, "hang count=0"));
	EXPECT_EQ(0, dma_param_restore());
}

/* A channel that does not exist cannot be opened; another one can, right after that. */
TEST_F(input, channel_that_does_not_exist)
{
	int copy;

	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "channel", "dma9chan99"));
	EXPECT_EQ(-ENODEV, dma_open());
	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "channel", "\n"));
	copy = dma_open();
	EXPECT_LE(0, copy);
	close(copy);
	EXPECT_EQ(0, dma_param_restore());
}

TEST_HARNESS_MAIN
