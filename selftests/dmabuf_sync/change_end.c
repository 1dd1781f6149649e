// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of a set, and what ends it: its lease, a release, the close of its file, its owner's
 * death. What others are told of bytes that were given up. And calls that are wrong.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define NOTIFY	DMABUF_SYNC_ACQUIRE_NOTIFY
#define NB	DMABUF_SYNC_CHANGE_NONBLOCK
#define TO_END	DMABUF_SYNC_TO_END
#define DEAD	DMABUF_SYNC_STATUS_ABANDONED

FIXTURE(end)
{
	struct st_world w;
	unsigned int before;
	int *ctx, fd;
};

FIXTURE_SETUP(end)
{
	self->before = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(end)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->before));
}

static int to_pages(int ctx, long set, int fd, uint32_t access, unsigned int page,
		    unsigned int nr, uint32_t flags)
{
	return st_change_one(ctx, set, fd, access, page * ST_PAGE, nr * ST_PAGE, flags);
}

/* Context 0 reads, and waits to write; context 1 reads. */
static long wait_to_write(FIXTURE_DATA(end) *self, struct st_call *call, long *other)
{
	long set = st_lock_all(self->ctx[0], self->fd, R, 0);
	int err;

	*other = st_lock_all(self->ctx[1], self->fd, R, 0);
	if (set < 0 || *other < 0)
		return -EIO;
	err = st_call_change(call, self->ctx[0], set, self->fd, W, 0, TO_END, 0);
	if (err)
		return err;
	return ST_UNTIL(st_query_count(self->ctx[1], self->fd,
				       DMABUF_SYNC_STATE_QUEUED) == 1) ? set : -ETIME;
}

TEST_F(end, release_by_another_thread_ends_a_change_that_waits)
{
	struct st_call call;
	long set, other;

	set = wait_to_write(self, &call, &other);
	ASSERT_LT(0, set);
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(-ECANCELED, st_call_end(&call));
	EXPECT_EQ(1, st_query_count(self->ctx[1], self->fd, 0));
	EXPECT_EQ(-ENOENT, to_pages(self->ctx[0], set, self->fd, R, 0, 1, 0));
}

TEST_F(end, second_change_of_a_set_is_refused_while_one_waits)
{
	struct st_call call;
	long set, other;

	set = wait_to_write(self, &call, &other);
	ASSERT_LT(0, set);
	EXPECT_EQ(-EBUSY, to_pages(self->ctx[0], set, self->fd, R, 0, 1, 0));
	EXPECT_EQ(0, st_release(self->ctx[1], other));
	EXPECT_EQ(set, st_call_end(&call));
	EXPECT_EQ(0, to_pages(self->ctx[0], set, self->fd, R, 0, 1, 0));
}

TEST_F(end, close_by_another_thread_ends_a_change_that_waits)
{
	struct st_call call;
	long set, other;

	set = wait_to_write(self, &call, &other);
	ASSERT_LT(0, set);
	st_context_reopen(&self->ctx[0]);
	EXPECT_EQ(-ECANCELED, st_call_end(&call));
	EXPECT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd, 0) == 1));
}

/* Context 2 waits for the last page, which context 0 reads; context 1 reads the first one. */
TEST_F(end, lease_ends_a_change_that_waits)
{
	struct st_call call, writer;
	long set, other;

	ASSERT_LE(0, st_lease_promise(self->ctx[0], 5 * ST_LEASE_SHORT_MS));
	set = st_lock_all(self->ctx[0], self->fd, R, 0);
	other = st_lock(self->ctx[1], self->fd, R, 0, ST_PAGE, 0);
	ASSERT_LT(0, set);
	ASSERT_LT(0, other);
	ASSERT_EQ(0, st_call_lock(&writer, self->ctx[2], self->fd, W, 3 * ST_PAGE, ST_PAGE));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	ASSERT_EQ(0, st_call_change(&call, self->ctx[0], set, self->fd, W, 0, TO_END, 0));
	EXPECT_EQ(-EOWNERDEAD, st_call_end(&call));
	EXPECT_LT(0, st_call_end(&writer));
	EXPECT_EQ(-EOWNERDEAD, to_pages(self->ctx[0], set, self->fd, R, 0, 1, NB));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], set));
	EXPECT_EQ(0, st_release(self->ctx[1], other));
}

/* Whoever changes its set again and again does not hold it for longer than its lease. */
TEST_F(end, changes_do_not_begin_the_lease_anew)
{
	struct st_call writer;
	unsigned int i = 0;
	long set;

	ASSERT_LE(0, st_lease_promise(self->ctx[0], ST_LEASE_SHORT_MS));
	set = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_call_wait(&writer, self->ctx[1], self->fd, R));
	EXPECT_TRUE(ST_UNTIL(to_pages(self->ctx[0], set, self->fd, W, 0, 3 + i++ % 2, NB) ==
			     -EOWNERDEAD));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], set));
	EXPECT_LT(0, st_call_end(&writer));
}

/* Whoever makes way in time keeps the rest. */
TEST_F(end, lease_ends_with_the_last_one_who_waits)
{
	struct st_call reader;
	long set;

	ASSERT_LE(0, st_lease_promise(self->ctx[0], 5 * ST_LEASE_SHORT_MS));
	set = st_lock_all(self->ctx[0], self->fd, W, NOTIFY);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_call_wait(&reader, self->ctx[1], self->fd, R));
	ASSERT_TRUE(st_event_pending(self->ctx[0], ST_SOON_MS));
	ASSERT_EQ(0, st_change_one(self->ctx[0], set, self->fd, R, 0, TO_END, 0));
	EXPECT_LT(0, st_call_end(&reader));
	EXPECT_FALSE(st_event_pending(self->ctx[0], 0));
	EXPECT_TRUE(ST_LEASE_STAYS(st_query_count(self->ctx[2], self->fd, 0) == 2));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
}

/* Who still waits is told of again, by the number that the set has. */
TEST_F(end, notice_comes_again_for_those_who_still_wait)
{
	struct dmabuf_sync_event event;
	struct st_call reader;
	long set;

	set = st_lock_all(self->ctx[0], self->fd, W, NOTIFY);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_call_wait(&reader, self->ctx[1], self->fd, R));
	ASSERT_EQ(0, st_event_read(self->ctx[0], &event, ST_SOON_MS));
	ASSERT_EQ(0, to_pages(self->ctx[0], set, self->fd, W, 0, 2, 0));
	ASSERT_EQ(0, st_event_read(self->ctx[0], &event, ST_SOON_MS));
	EXPECT_EQ(DMABUF_SYNC_EVENT_WANTED, event.type);
	EXPECT_EQ(set, event.set);
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_LT(0, st_call_end(&reader));
}

/* What a reader of the pages is told; it leaves them as they are. */
static int told(int ctx, int fd, unsigned int page, unsigned int nr)
{
	struct dmabuf_sync_access entry = st_access(fd, R, page * ST_PAGE, nr * ST_PAGE);
	struct dmabuf_sync_acquire out;
	int err = st_acquire(ctx, &entry, 1, TRY, 0, 0, &out);

	return err ?: st_release(ctx, out.set) ?: (int)out.status;
}

/* All pages are abandoned. */
static int abandon(FIXTURE_DATA(end) *self)
{
	long set = st_lock_all(self->ctx[3], self->fd, W, 0);

	st_context_reopen(&self->ctx[3]);
	return set < 0 ? set : 0;
}

TEST_F(end, bytes_that_a_told_writer_gives_up_are_written)
{
	long set;

	ASSERT_EQ(0, abandon(self));
	set = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_LT(0, set);
	EXPECT_EQ(0, to_pages(self->ctx[0], set, self->fd, W, 0, 2, 0));
	EXPECT_EQ(0, told(self->ctx[1], self->fd, 2, 2));
	/* Of those that it writes on nothing is known yet. */
	st_context_reopen(&self->ctx[0]);
	EXPECT_EQ(DEAD, told(self->ctx[1], self->fd, 0, 1));
	EXPECT_EQ(0, told(self->ctx[1], self->fd, 2, 2));
}

TEST_F(end, writer_that_goes_on_to_read_has_written)
{
	long set;

	ASSERT_EQ(0, abandon(self));
	set = st_lock_all(self->ctx[0], self->fd, W, 0);
	ASSERT_LT(0, set);
	EXPECT_EQ(0, to_pages(self->ctx[0], set, self->fd, R, 0, 2, 0));
	EXPECT_EQ(0, told(self->ctx[1], self->fd, 0, 4));
}

/* A reader that was told, and goes on to write, has still to write. */
TEST_F(end, reader_that_goes_on_to_write_was_told)
{
	struct dmabuf_sync_access two = st_access(self->fd, W, 0, 2 * ST_PAGE);
	uint32_t status;
	long set;

	ASSERT_EQ(0, abandon(self));
	set = st_lock(self->ctx[0], self->fd, R, 0, 2 * ST_PAGE, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_change(self->ctx[0], set, &two, 1, 0, 0, &status));
	EXPECT_EQ(0, status);
	two.length = 3 * ST_PAGE;
	ASSERT_EQ(0, st_change(self->ctx[0], set, &two, 1, 0, 0, &status));
	EXPECT_EQ(DEAD, status);
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, told(self->ctx[1], self->fd, 0, 3));
	EXPECT_EQ(DEAD, told(self->ctx[1], self->fd, 3, 1));
}

/* The answer cannot be written: nothing was acquired, and nobody was told. */
TEST_F(end, lost_answer_changes_nothing)
{
	struct dmabuf_sync_change *arg = mmap(NULL, ST_PAGE, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct dmabuf_sync_access all = st_access(self->fd, W, 0, TO_END);
	long set;

	ASSERT_NE(MAP_FAILED, arg);
	ASSERT_EQ(0, abandon(self));
	set = st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0);
	ASSERT_LT(0, set);
	*arg = (struct dmabuf_sync_change){
		.size = sizeof(*arg), .set = set, .accesses = (uintptr_t)&all,
		.nr_accesses = 1, .access_size = sizeof(all),
	};
	ASSERT_EQ(0, mprotect(arg, ST_PAGE, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->ctx[0], DMABUF_SYNC_IOC_CHANGE, arg));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(DEAD, told(self->ctx[1], self->fd, 1, 3));
	all = st_access(self->fd, R, 0, ST_PAGE);
	EXPECT_EQ(-1, ioctl(self->ctx[0], DMABUF_SYNC_IOC_CHANGE, arg));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EAGAIN, told(self->ctx[1], self->fd, 0, 1));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	munmap(arg, ST_PAGE);
}

/* Each is one thing wrong with a call that is right otherwise. */
/**
 * struct writer - a thread that makes a set write a whole buffer
 * @ctx: the context
 * @arg: the call's argument
 * @result: 0 or a negative errno
 * @thread: the thread
 */
struct writer {
	int ctx;
	struct dmabuf_sync_change *arg;
	int result;
	pthread_t thread;
};

static void *writer_thread(void *arg)
{
	struct writer *writer = arg;

	writer->result = ioctl(writer->ctx, DMABUF_SYNC_IOC_CHANGE, writer->arg) ? -errno : 0;
	return NULL;
}

/* Its memory goes while it waits for others. Nobody waits for that, and nothing was changed yet. */
TEST_F(end, answer_without_memory_holds_up_nobody)
{
	struct dmabuf_sync_access all = st_access(self->fd, W, 0, TO_END);
	struct writer writer = { .ctx = self->ctx[0] };
	struct st_faults faults;
	long set, other;

	if (!st_faults_are_supported())
		SKIP(return, "this kernel has no userfaultfd()");
	ASSERT_EQ(0, st_faults_open(&faults));
	st_faults_fill(&faults);
	set = st_lock(self->ctx[0], self->fd, W, 0, ST_PAGE, 0);
	other = st_lock(self->ctx[1], self->fd, W, ST_PAGE, ST_PAGE, 0);
	ASSERT_LT(0, set);
	ASSERT_LT(0, other);
	writer.arg = faults.page;
	*writer.arg = (struct dmabuf_sync_change){
		.size = sizeof(*writer.arg), .set = set, .accesses = (uintptr_t)&all,
		.nr_accesses = 1, .access_size = sizeof(all),
	};
	ASSERT_EQ(0, pthread_create(&writer.thread, NULL, writer_thread, &writer));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx[1], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	st_faults_again(&faults);
	EXPECT_EQ(0, st_release(self->ctx[1], other));
	ASSERT_TRUE(ST_UNTIL(st_faults_pending(&faults)));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	st_faults_fill(&faults);
	pthread_join(writer.thread, NULL);
	EXPECT_EQ(-ECANCELED, writer.result);
	EXPECT_EQ(0, st_query_count(self->ctx[1], self->fd, 0));
	st_faults_close(&faults);
}

/* Buffers that the set does not have are refused before anything is counted. */
TEST_F(end, buffers_of_others_are_counted_for_nobody)
{
	struct dmabuf_sync_access strange = st_access(self->w.buf[1].fd, W, 0, ST_PAGE);
	long set = st_lock_all(self->ctx[0], self->fd, W, 0);
	long buffers = st_fdinfo_number(self->ctx[0], "user_buffers");

	ASSERT_LT(0, set);
	ASSERT_LT(0, buffers);
	EXPECT_EQ(-EINVAL, st_change(self->ctx[0], set, &strange, 1, 0, 0, NULL));
	EXPECT_EQ(buffers, st_fdinfo_number(self->ctx[0], "user_buffers"));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
}

TEST_F(end, wrong_calls_are_refused)
{
	struct dmabuf_sync_access good = st_access(self->fd, W, 0, TO_END), entry = good;
	struct dmabuf_sync_access overlap[] = { good, good };
	long set = st_lock_all(self->ctx[0], self->fd, W, 0), queued;
	int ctx = self->ctx[0];

	ASSERT_LT(0, set);
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &good, 1, ~NB, 0, NULL));
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &good, 1, NB, 1, NULL));
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &good, 1, 0, -1, NULL));
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &good, 0, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &good, DMABUF_SYNC_MAX_SET + 1, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, st_change(ctx, set, overlap, 2, 0, 0, NULL));
	EXPECT_EQ(-EFAULT, st_change(ctx, set, NULL, 1, 0, 0, NULL));
	EXPECT_EQ(-ENOENT, st_change(ctx, set + 1, &good, 1, 0, 0, NULL));
	EXPECT_EQ(-ENOENT, st_change(self->ctx[1], set, &good, 1, 0, 0, NULL));
	entry.fd = self->w.buf[1].fd;
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &entry, 1, 0, 0, NULL));
	entry.fd = -1;
	EXPECT_EQ(-EBADF, st_change(ctx, set, &entry, 1, 0, 0, NULL));
	entry = good;
	entry.mode = 0;
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &entry, 1, 0, 0, NULL));
	entry = good;
	entry.offset = ST_WORLD_PAGES * ST_PAGE;
	EXPECT_EQ(-EINVAL, st_change(ctx, set, &entry, 1, 0, 0, NULL));
	queued = st_lock_all(self->ctx[1], self->fd, W, QUEUE);
	ASSERT_LT(0, queued);
	EXPECT_EQ(-EBUSY, st_change(self->ctx[1], queued, &good, 1, 0, 0, NULL));
	EXPECT_EQ(0, st_change(ctx, set, &good, 1, NB, 0, NULL));
	EXPECT_EQ(0, st_release(ctx, set));
	EXPECT_EQ(-EBUSY, st_change(self->ctx[1], queued, &good, 1, 0, 0, NULL));
	EXPECT_EQ(0, st_event_result(self->ctx[1], queued));
	EXPECT_EQ(0, st_change(self->ctx[1], queued, &good, 1, 0, 0, NULL));
	EXPECT_EQ(0, st_release(self->ctx[1], queued));
}

#define LIMIT	"/sys/module/dmabuf_sync/parameters/max_accesses"

/* An owner that has all it may have can still give up, and change what does not become more. */
TEST_F(end, limit_refuses_only_more_accesses)
{
	struct dmabuf_sync_access parts[] = {
		st_access(self->fd, W, 0, 16), st_access(self->fd, W, 32, 16),
		st_access(self->fd, W, 64, 16),
	};
	char before[32] = "";
	FILE *file = fopen(LIMIT, "re");
	long set;

	ASSERT_NE(NULL, file);
	ASSERT_NE(NULL, fgets(before, sizeof(before), file));
	fclose(file);
	set = st_lock_set(self->ctx[0], parts, 2, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_file_write(LIMIT, "2"));
	parts[0].length = 8;
	EXPECT_EQ(0, st_change(self->ctx[0], set, parts, 2, 0, 0, NULL));
	EXPECT_EQ(0, st_change(self->ctx[0], set, &parts[1], 2, 0, 0, NULL));
	EXPECT_EQ(-ENOLCK, st_change(self->ctx[0], set, parts, 3, 0, 0, NULL));
	EXPECT_EQ(2, st_fdinfo_number(self->ctx[0], "accesses"));
	EXPECT_EQ(0, st_change(self->ctx[0], set, parts, 1, 0, 0, NULL));
	EXPECT_EQ(1, st_fdinfo_number(self->ctx[0], "accesses"));
	EXPECT_EQ(1, st_fdinfo_number(self->ctx[0], "buffers"));
	EXPECT_EQ(0, st_file_write(LIMIT, before));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
}

/* Return: 0 if another user may change the set to less, and not to more accesses. */
static int change_as_nobody(int set, int fd)
{
	struct dmabuf_sync_access parts[] = {
		st_access(fd, W, 0, ST_PAGE), st_access(fd, R, ST_PAGE, ST_PAGE),
	};

	if (setresuid(65534, 65534, 65534))
		return 1;
	if (st_change(set, 1, parts, 2, 0, 0, NULL) != -EPERM)
		return 2;
	if (st_change(set, 1, parts, 1, 0, 0, NULL))
		return 3;
	/* It may try to have more bytes, but not queue for them. */
	parts[0].length = 2 * ST_PAGE;
	if (st_change(set, 1, parts, 1, 0, 0, NULL) != -EPERM)
		return 4;
	if (st_change(set, 1, parts, 1, NB, 0, NULL))
		return 5;
	parts[0].length = ST_PAGE;
	return st_change(set, 1, parts, 1, 0, 0, NULL) ? 6 : 0;
}

TEST_F(end, other_user_makes_no_more_accesses_of_a_descriptor)
{
	struct dmabuf_sync_access all = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out;
	pid_t pid;

	ASSERT_EQ(0, st_acquire(self->ctx[0], &all, 1, TRY | DMABUF_SYNC_ACQUIRE_FD, 0, 0, &out));
	pid = st_fork();
	if (!pid)
		_exit(change_as_nobody(out.set, self->fd));
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_LT(0, st_lock(self->ctx[1], self->fd, W, ST_PAGE, ST_PAGE, TRY));
	EXPECT_EQ(-EAGAIN, st_lock(self->ctx[1], self->fd, R, 0, 1, TRY));
	EXPECT_EQ(-ENOENT, st_change(out.set, 2, &all, 1, 0, 0, NULL));
	close(out.set);
}

/* The windows of a buffer that were opened, less those that were closed. */
static int windows_open(int test, const struct st_buffer *buf)
{
	struct dst_count count;
	int i, nr = 0;

	if (st_buffer_count(test, buf, &count))
		return -1;
	for (i = 0; i < 3; i++)
		nr += count.begin[i] - count.end[i];
	return nr;
}

TEST_F(end, each_window_is_closed_once)
{
	struct st_buffer buf;
	long set;

	ASSERT_EQ(0, st_buffer_test(self->w.test, &buf, 4 * ST_PAGE, O_RDWR));
	set = st_lock_all(self->ctx[0], buf.fd, R, 0);
	ASSERT_LT(0, set);
	EXPECT_EQ(0, st_change_one(self->ctx[0], set, buf.fd, W, 0, TO_END, 0));
	EXPECT_EQ(1, windows_open(self->w.test, &buf));
	EXPECT_EQ(0, to_pages(self->ctx[0], set, buf.fd, W, 0, 2, 0));
	EXPECT_EQ(1, windows_open(self->w.test, &buf));
	EXPECT_EQ(0, to_pages(self->ctx[0], set, buf.fd, R, 0, 1, 0));
	EXPECT_EQ(1, windows_open(self->w.test, &buf));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, windows_open(self->w.test, &buf));
	st_buffer_close(&buf);
}

/* The exporter fails for the writer: the set reads on. */
TEST_F(end, exporter_that_fails_leaves_the_set_as_it_was)
{
	struct st_buffer buf;
	long set;

	ASSERT_EQ(0, st_buffer_test(self->w.test, &buf, 4 * ST_PAGE, O_RDWR));
	set = st_lock_all(self->ctx[0], buf.fd, R, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_buffer_fault(self->w.test, &buf, 1, -EIO, 0));
	EXPECT_EQ(-EIO, st_change_one(self->ctx[0], set, buf.fd, W, 0, TO_END, 0));
	EXPECT_EQ(1, st_query_count(self->ctx[1], buf.fd, 0));
	EXPECT_EQ(1, windows_open(self->w.test, &buf));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, windows_open(self->w.test, &buf));
	st_buffer_close(&buf);
}

/* A process locks with fcntl() what a set gives up, and keeps out what it wants more. */
TEST_F(end, record_locks_take_turns_with_changes)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = ST_PAGE, .l_len = ST_PAGE };
	long set = st_lock_all(self->ctx[0], self->fd, W, 0);

	ASSERT_LT(0, set);
	EXPECT_EQ(-1, fcntl(self->fd, F_SETLK, &lock));
	EXPECT_EQ(0, to_pages(self->ctx[0], set, self->fd, W, 0, 1, 0));
	EXPECT_EQ(0, fcntl(self->fd, F_SETLK, &lock));
	EXPECT_EQ(-EAGAIN, to_pages(self->ctx[0], set, self->fd, W, 0, 2, NB));
	EXPECT_EQ(-EAGAIN, to_pages(self->ctx[0], set, self->fd, R, 0, 2, NB));
	lock.l_type = F_RDLCK;
	EXPECT_EQ(0, fcntl(self->fd, F_SETLK, &lock));
	EXPECT_EQ(0, to_pages(self->ctx[0], set, self->fd, R, 0, 2, NB));
	lock.l_type = F_WRLCK;
	EXPECT_EQ(-1, fcntl(self->fd, F_SETLK, &lock));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, fcntl(self->fd, F_SETLK, &lock));
}

TEST_HARNESS_MAIN
