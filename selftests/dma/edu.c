// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies by a real bus master: QEMU's edu device, by bus addresses and with interrupts. It needs
 * 200 ms for 4 KiB, so that everything here is small and nothing is over at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <drm/drm.h>

#include "dma.h"
#include "edu_device.h"

#define PAGES	3
#define SIZE	(PAGES * ST_PAGE)
/* What the device moves at a time; it does so once in and once out. */
#define PIECE	4096
#define OLD	1
#define NEW	2
#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W

enum exporter { UDMABUF, HEAP, SCATTERED, VGEM };

FIXTURE(edu)
{
	struct edu_device edu;
	int copy, ctx, card;
	struct st_buffer src, dst;
};

FIXTURE_VARIANT(edu)
{
	enum exporter exporter;
};

FIXTURE_VARIANT_ADD(edu, udmabuf)
{
	.exporter = UDMABUF,
};

FIXTURE_VARIANT_ADD(edu, scattered)
{
	.exporter = SCATTERED,
};

FIXTURE_VARIANT_ADD(edu, heap)
{
	.exporter = HEAP,
};

FIXTURE_VARIANT_ADD(edu, vgem)
{
	.exporter = VGEM,
};

/* The handle stays as long as @card does: without one the object forgets that it is a dma-buf. */
static int vgem_buffer(int card, struct st_buffer *buf)
{
	struct drm_mode_create_dumb create = { .width = SIZE / 4, .height = 1, .bpp = 32 };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };

	if (ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	prime.handle = create.handle;
	if (ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	return st_buffer_from_fd(buf, prime.fd) ?: st_buffer_map(buf);
}

static int make_buffer(enum exporter exporter, int card, struct st_buffer *buf)
{
	int err = -EINVAL;

	switch (exporter) {
	case UDMABUF:
		err = st_buffer_udmabuf(buf, SIZE) ?: st_buffer_map(buf);
		break;
	case HEAP:
		err = st_buffer_heap(buf, SIZE, O_RDWR) ?: st_buffer_map(buf);
		break;
	case SCATTERED:
		err = dma_buffer_scattered(buf, PAGES);
		break;
	case VGEM:
		err = vgem_buffer(card, buf);
		break;
	}
	return err;
}

/* A file of /dev/dmabuf_copy that has the device's channel. */
static int open_edu(const struct edu_device *edu)
{
	char channel[32];
	int err;

	err = edu_channel(edu, channel, sizeof(channel)) ?:
	      dma_param_set("dmabuf_copy", "channel", channel);
	return err ?: dma_open();
}

FIXTURE_SETUP(edu)
{
	self->card = -1;
	if (edu_find(&self->edu))
		SKIP(return, "this machine has no edu device");
	if (!edu_reaches_memory(&self->edu))
		SKIP(return, "the device reaches 256 MiB: it needs an IOMMU (vm/run --iommu)");
	if (variant->exporter == VGEM) {
		self->card = st_vgem_open();
		if (self->card < 0)
			SKIP(return, "this kernel has no vgem");
	}
	/* An earlier test that failed may have left it. */
	ASSERT_TRUE(st_module_unload("dma_edu"));
	ASSERT_EQ(0, st_module_load("dma_edu", ""));
	self->copy = open_edu(&self->edu);
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, make_buffer(variant->exporter, self->card, &self->src));
	ASSERT_EQ(0, make_buffer(variant->exporter, self->card, &self->dst));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
}

FIXTURE_TEARDOWN(edu)
{
	EXPECT_EQ(0, dma_close(self->copy, self->ctx, &self->src, &self->dst));
	close(self->card);
	EXPECT_TRUE(st_module_unload("dma_edu"));
}

/* A job of all bytes that has gone to the device. */
static int started_job(struct __test_metadata *_metadata, int copy, struct st_buffer *src,
		       struct st_buffer *dst)
{
	int job = dma_job(copy, src, dst);

	ASSERT_LE(0, job);
	ASSERT_EQ(POLLOUT, dma_job_poll(job, POLLOUT, ST_SOON_MS));
	return job;
}

/* Nobody holds the buffer, no fence is pending in it. */
static bool is_free(int ctx, const struct st_buffer *buf)
{
	long set = st_lock_all(ctx, buf->fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK);

	return set >= 0 && !st_release(ctx, set) && dma_buffer_status(buf);
}

static bool is_refused(int ctx, const struct st_buffer *buf, uint64_t offset)
{
	return st_lock(ctx, buf->fd, W, offset, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK) == -EAGAIN;
}

TEST_F(edu, each_piece_is_two_transfers)
{
	long before = edu_interrupts();

	ASSERT_LE(0, before);
	ASSERT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	EXPECT_TRUE(dma_filled(&self->src, NEW));
	EXPECT_EQ(2 * SIZE / PIECE, edu_interrupts() - before);
}

/* Across pages, at odd places, longer than a piece by an odd number: and not a byte more. */
TEST_F(edu, range_at_odd_places)
{
	size_t from = ST_PAGE - 3, to = 2 * ST_PAGE - 1001, length = PIECE + 7, i;
	struct dmabuf_copy_submit args = dma_args(&self->src, from, &self->dst, to, length,
						  DMABUF_COPY_WAIT);

	ASSERT_EQ(0, dma_submit(self->copy, &args));
	for (i = 0; i < SIZE; i++) {
		bool in = i >= to && i < to + length;
		int want = in ? dma_byte(NEW, i - to + from) : dma_byte(OLD, i);

		ASSERT_EQ(want, self->dst.map[i])
		{
			TH_LOG("byte %zu", i);
		}
	}
}

FIXTURE(edu_one)
{
	struct edu_device edu;
	int copy, ctx;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(edu_one)
{
	if (edu_find(&self->edu))
		SKIP(return, "this machine has no edu device");
	if (!edu_reaches_memory(&self->edu))
		SKIP(return, "the device reaches 256 MiB: it needs an IOMMU (vm/run --iommu)");
	/* An earlier test that failed may have left it. */
	ASSERT_TRUE(st_module_unload("dma_edu"));
	ASSERT_EQ(0, st_module_load("dma_edu", ""));
	self->copy = open_edu(&self->edu);
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
}

/* Whatever became of the device: it works, or works again. */
FIXTURE_TEARDOWN(edu_one)
{
	int copy;

	EXPECT_EQ(0, dma_param_restore());
	copy = open_edu(&self->edu);
	EXPECT_LE(0, copy);
	dma_fill(&self->dst, OLD);
	EXPECT_EQ(0, dma_copy(copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(copy);
	EXPECT_EQ(0, dma_close(self->copy, self->ctx, &self->src, &self->dst));
	EXPECT_TRUE(st_module_unload("dma_edu"));
}

/* While the device copies one page the CPU has the others to itself. */
TEST_F(edu_one, cpu_works_on_other_bytes_meanwhile)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE - ST_PAGE, 0);
	long set;

	ASSERT_EQ(0, dma_submit(self->copy, &args));
	ASSERT_EQ(POLLOUT, dma_job_poll(args.job_fd, POLLOUT, ST_SOON_MS));
	EXPECT_TRUE(is_refused(self->ctx, &self->dst, 0));
	set = st_lock(self->ctx, self->dst.fd, W, SIZE - ST_PAGE, ST_PAGE,
		      DMABUF_SYNC_ACQUIRE_NONBLOCK);
	ASSERT_LE(0, set);
	memset(self->dst.map + SIZE - ST_PAGE, 0x5a, ST_PAGE);
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_poll(args.job_fd, POLLIN, 0));
	EXPECT_EQ(0, dma_job_end(args.job_fd));
	EXPECT_EQ(0, memcmp(self->src.map, self->dst.map, SIZE - ST_PAGE));
	EXPECT_EQ(0x5a, self->dst.map[SIZE - 1]);
	close(args.job_fd);
}

TEST_F(edu_one, killed_submitter_leaves_the_job)
{
	int status;
	pid_t child;
	long set;

	close(self->copy);
	self->copy = -1;
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child) {
		int copy = open_edu(&self->edu);

		_exit(copy < 0 ? 1 : dma_copy(copy, &self->src, &self->dst) ? 2 : 3);
	}
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx, self->dst.fd,
					    DMABUF_SYNC_STATE_COMMITTED) == 1));
	ASSERT_EQ(0, kill(child, SIGKILL));
	status = st_child_wait(child);
	EXPECT_TRUE(WIFSIGNALED(status));
	set = st_lock_all(self->ctx, self->dst.fd, R, 0);
	ASSERT_LE(0, set);
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	EXPECT_EQ(0, st_release(self->ctx, set));
}

/* The driver gives a transfer up, and takes the bus from the device: no byte arrives late. */
TEST_F(edu_one, transfer_that_takes_too_long_fails)
{
	ASSERT_EQ(0, dma_param_set("dma_edu", "timeout_ms", "20"));
	EXPECT_EQ(-EIO, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	EXPECT_TRUE(is_free(self->ctx, &self->src));
	EXPECT_TRUE(is_free(self->ctx, &self->dst));
	EXPECT_TRUE(!ST_UNTIL_MS(!dma_filled(&self->dst, OLD), 300));
}

/* The client stops the channel in the middle of a transfer. */
TEST_F(edu_one, job_that_takes_too_long_is_stopped)
{
	int job;

	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "timeout_ms", "150"));
	job = started_job(_metadata, self->copy, &self->src, &self->dst);
	EXPECT_EQ(-ETIMEDOUT, dma_job_end(job));
	dma_fill(&self->dst, OLD);
	EXPECT_TRUE(!ST_UNTIL_MS(!dma_filled(&self->dst, OLD), 300));
	close(job);
}

/* Ends of what the driver was taken from: fence, accesses, and the open file's use. */
static void expect_ended(struct __test_metadata *_metadata, int job, int sync, int copy,
			 int ctx, struct st_buffer *src, struct st_buffer *dst)
{
	EXPECT_EQ(-ENODEV, dma_job_end(job));
	EXPECT_EQ(-ENODEV, dma_sync_status(sync));
	EXPECT_TRUE(is_free(ctx, src));
	EXPECT_TRUE(is_free(ctx, dst));
	EXPECT_EQ(-ENODEV, dma_copy(copy, src, dst));
	dma_fill(dst, OLD);
	EXPECT_TRUE(!ST_UNTIL_MS(!dma_filled(dst, OLD), 300));
}

TEST_F(edu_one, device_is_removed_with_a_job_in_flight)
{
	int job = started_job(_metadata, self->copy, &self->src, &self->dst);
	int sync = dma_job_sync_file(job);

	ASSERT_LE(0, sync);
	ASSERT_EQ(0, edu_remove(&self->edu));
	expect_ended(_metadata, job, sync, self->copy, self->ctx, &self->src, &self->dst);
	ASSERT_EQ(0, edu_rescan());
	ASSERT_EQ(0, edu_find(&self->edu));
	close(sync);
	close(job);
}

TEST_F(edu_one, driver_is_unbound_with_a_job_in_flight)
{
	int job = started_job(_metadata, self->copy, &self->src, &self->dst);
	int sync = dma_job_sync_file(job);

	ASSERT_LE(0, sync);
	ASSERT_EQ(0, edu_unbind(&self->edu));
	expect_ended(_metadata, job, sync, self->copy, self->ctx, &self->src, &self->dst);
	ASSERT_EQ(0, edu_bind(&self->edu));
	close(sync);
	close(job);
}

/* It waits for its bytes, and is not started when it has them. */
TEST_F(edu_one, device_is_removed_with_a_job_queued)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job;

	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, edu_remove(&self->edu));
	EXPECT_EQ(0, dma_job_poll(job, POLLIN, ST_WHILE_MS));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(-ENODEV, dma_job_end(job));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	ASSERT_EQ(0, edu_rescan());
	close(job);
}

/* What the client had mapped for later is nobody's any more: the buffers can be freed. */
TEST_F(edu_one, device_is_removed_with_idle_buffers)
{
	struct st_buffer src, dst;
	uint64_t ino;

	ASSERT_EQ(0, dma_buffers(&src, &dst, ST_PAGE, true));
	ino = dst.ino;
	ASSERT_EQ(0, dma_copy(self->copy, &src, &dst));
	ASSERT_EQ(0, edu_remove(&self->edu));
	st_buffer_close(&src);
	st_buffer_close(&dst);
	EXPECT_TRUE(ST_UNTIL(!dma_buffer_exists(ino)));
	ASSERT_EQ(0, edu_rescan());
}

/* The module cannot be unloaded under a job, and the job does not suffer from the attempt. */
TEST_F(edu_one, unload_with_a_job_in_flight_is_refused)
{
	int job = started_job(_metadata, self->copy, &self->src, &self->dst);

	EXPECT_EQ(-1, syscall(SYS_delete_module, "dma_edu", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(job);
}

TEST_HARNESS_MAIN
