// SPDX-License-Identifier: GPL-2.0-only
/* What user space sees of a job: poll(), read(), sync_file, times; and how much it may have. */
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "dma.h"

#define SIZE	(8 * ST_PAGE)
#define OLD	1
#define NEW	2
#define W	DMA_BUF_ACCESS_W

FIXTURE(job)
{
	int copy, ctx;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(job)
{
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
}

FIXTURE_TEARDOWN(job)
{
	EXPECT_EQ(0, dma_close(self->copy, self->ctx, &self->src, &self->dst));
}

TEST_F(job, sync_file_at_once)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_SYNC_FILE);

	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", "100000"));
	ASSERT_EQ(0, dma_submit(self->copy, &args));
	ASSERT_LE(0, args.sync_fd);
	EXPECT_EQ(0, dma_sync_status(args.sync_fd));
	EXPECT_EQ(POLLOUT, dma_job_poll(args.job_fd, POLLIN | POLLOUT, 0));
	EXPECT_EQ(POLLIN, dma_job_poll(args.sync_fd, POLLIN, ST_SOON_MS));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	EXPECT_EQ(1, dma_sync_status(args.sync_fd));
	EXPECT_EQ(0, dma_job_end(args.job_fd));
	close(args.sync_fd);
	close(args.job_fd);
}

TEST_F(job, both_descriptors_close_on_exec)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_SYNC_FILE);

	ASSERT_EQ(0, dma_submit(self->copy, &args));
	EXPECT_EQ(FD_CLOEXEC, fcntl(args.job_fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(args.sync_fd, F_GETFD));
	close(args.sync_fd);
	close(args.job_fd);
}

TEST_F(job, sync_file_after_the_end)
{
	int job = dma_job(self->copy, &self->src, &self->dst);
	int sync;

	ASSERT_LE(0, job);
	ASSERT_EQ(0, dma_job_end(job));
	sync = dma_job_sync_file(job);
	ASSERT_LE(0, sync);
	EXPECT_EQ(1, dma_sync_status(sync));
	close(sync);
	close(job);
}

TEST_F(job, the_result_stays)
{
	int job = dma_job(self->copy, &self->src, &self->dst);
	struct dmabuf_copy_result first, second;
	int again;

	ASSERT_LE(0, job);
	again = dup(job);
	ASSERT_LE(0, again);
	ASSERT_EQ(0, dma_job_result(job, &first));
	EXPECT_EQ(POLLIN | POLLOUT, dma_job_poll(job, POLLIN | POLLOUT, 0));
	close(job);
	EXPECT_EQ(POLLIN | POLLOUT, dma_job_poll(again, POLLIN | POLLOUT, 0));
	ASSERT_EQ(0, dma_job_result(again, &second));
	EXPECT_EQ(0, memcmp(&first, &second, sizeof(first)));
	close(again);
}

TEST_F(job, times_follow_each_other)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	struct dmabuf_copy_result result;
	uint64_t before, released;
	int job;

	ASSERT_LE(0, set);
	before = st_now_ns();
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	st_sleep_ms(20);
	released = st_now_ns();
	ASSERT_EQ(0, st_release(self->ctx, set));
	ASSERT_EQ(0, dma_job_result(job, &result));
	EXPECT_EQ(0, result.result);
	EXPECT_LE(before, result.requested_ns);
	EXPECT_LT(result.requested_ns, released);
	EXPECT_LE(released, result.committed_ns);
	EXPECT_LE(result.committed_ns, result.started_ns);
	EXPECT_LT(result.started_ns, result.done_ns);
	EXPECT_LE(result.done_ns, (uint64_t)st_now_ns());
	close(job);
}

TEST_F(job, read_without_waiting)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	struct dmabuf_copy_result result, *nowhere;
	int job;

	nowhere = mmap(NULL, ST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, nowhere);
	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, fcntl(job, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, dma_job_result(job, &result));
	EXPECT_EQ(-1, read(job, &result, sizeof(result) - 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, st_release(self->ctx, set));
	ASSERT_EQ(0, dma_job_end(job));
	EXPECT_EQ(-EFAULT, dma_job_result(job, nowhere));
	munmap(nowhere, ST_PAGE);
	close(job);
}

TEST_F(job, no_more_than_may_be)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	struct dmabuf_copy_info info;
	int jobs[256];
	unsigned int i;

	ASSERT_LE(0, set);
	ASSERT_EQ(0, dma_info(self->copy, &info));
	ASSERT_GE(ST_ARRAY_SIZE(jobs), info.max_jobs);
	for (i = 0; i < info.max_jobs; i++) {
		jobs[i] = dma_job(self->copy, &self->src, &self->dst);
		ASSERT_LE(0, jobs[i]);
	}
	EXPECT_EQ(-EBUSY, dma_job(self->copy, &self->src, &self->dst));
	close(jobs[0]);
	EXPECT_TRUE(ST_UNTIL((jobs[0] = dma_job(self->copy, &self->src, &self->dst)) >= 0));
	EXPECT_EQ(-EBUSY, dma_job(self->copy, &self->src, &self->dst));
	ASSERT_EQ(0, st_release(self->ctx, set));
	for (i = 0; i < info.max_jobs; i++) {
		EXPECT_EQ(0, dma_job_end(jobs[i]));
		close(jobs[i]);
	}
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
}

/* Not one descriptor left, then one: nothing is submitted, nothing leaks. */
TEST_F(job, without_descriptors_nothing_is_submitted)
{
	struct rlimit limit;
	int spare, job;

	spare = dup(self->copy);
	ASSERT_LE(0, spare);
	limit = (struct rlimit){ .rlim_cur = spare, .rlim_max = 1024 };
	close(spare);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, dma_job(self->copy, &self->src, &self->dst));
	limit.rlim_cur++;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, dma_job(self->copy, &self->src, &self->dst));
	limit.rlim_cur++;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_EQ(spare, job);
	EXPECT_EQ(0, dma_job_end(job));
	close(job);
	limit.rlim_cur = 1024;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

/* A dozen open files at once: each has a channel, or shares one. */
TEST_F(job, many_open_files)
{
	struct st_buffer dst[12];
	int copy[12], job[12];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(copy); i++) {
		copy[i] = dma_open();
		ASSERT_LE(0, copy[i]);
		ASSERT_EQ(0, st_buffer_udmabuf(&dst[i], SIZE));
		ASSERT_EQ(0, st_buffer_map(&dst[i]));
	}
	for (i = 0; i < ST_ARRAY_SIZE(copy); i++) {
		job[i] = dma_job(copy[i], &self->src, &dst[i]);
		ASSERT_LE(0, job[i]);
	}
	for (i = 0; i < ST_ARRAY_SIZE(copy); i++) {
		EXPECT_EQ(0, dma_job_end(job[i]));
		EXPECT_TRUE(dma_filled(&dst[i], NEW));
		close(job[i]);
		close(copy[i]);
		st_buffer_close(&dst[i]);
	}
}

TEST_HARNESS_MAIN
