// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets that are descriptors (DMABUF_SYNC_ACQUIRE_FD): whoever has the descriptor has the set. What
 * can be read of it, when it ends, and that it can be handed over.
 */
#include <kselftest_harness.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define NOTIFY	DMABUF_SYNC_ACQUIRE_NOTIFY
#define TO_END	DMABUF_SYNC_TO_END
#define COOKIE	0x1122334455667788ULL

FIXTURE(setfd)
{
	struct st_world w;
	int *ctx, fd, sock[2];
	unsigned int lease_ms;
};

FIXTURE_SETUP(setfd)
{
	self->lease_ms = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->sock));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(setfd)
{
	close(self->sock[0]);
	close(self->sock[1]);
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->lease_ms));
}

/* Return: a descriptor that does not block, or a negative errno. */
static int set_open(int ctx, int fd, uint32_t access, uint32_t flags)
{
	struct dmabuf_sync_access entry = st_access(fd, access, 0, TO_END);
	struct dmabuf_sync_acquire out;
	int err = st_acquire(ctx, &entry, 1, flags | DMABUF_SYNC_ACQUIRE_FD, 0, COOKIE, &out);

	if (err)
		return err;
	fcntl(out.set, F_SETFL, O_NONBLOCK);
	return out.set;
}

/* Return: the type of what was read, 0 at the end, or a negative errno. */
static int set_read(int set, struct dmabuf_sync_event *event)
{
	ssize_t got = read(set, event, sizeof(*event));

	if (got < 0)
		return -errno;
	if (!got)
		return 0;
	if (got != sizeof(*event) || event->length != got || event->user_data != COOKIE)
		return -EBADMSG;
	return event->type;
}

/* Return: how the set is, 1 at the end, or a negative errno. */
static int set_result(int set)
{
	struct dmabuf_sync_event event;
	int type = set_read(set, &event);

	if (type <= 0)
		return type ?: 1;
	return type == DMABUF_SYNC_EVENT_READY ? event.result : -EBADMSG;
}

static int polled(int set)
{
	struct pollfd pfd = { .fd = set, .events = POLLIN | POLLPRI };

	poll(&pfd, 1, 0);
	return pfd.revents;
}

static bool is_free(int ctx, int fd, uint32_t access)
{
	long set = st_lock_all(ctx, fd, access, TRY);

	return set > 0 && !st_release(ctx, set);
}

/* What whoever acquires the buffer next is told. */
static int status_for_next(int ctx, int fd)
{
	struct dmabuf_sync_access entry = st_access(fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out;
	int err = st_acquire(ctx, &entry, 1, TRY, 0, 0, &out);

	return err ?: (int)out.status ?: st_release(ctx, out.set);
}

static int count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

TEST_F(setfd, held_set_can_be_read_until_it_is_closed)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY), i;

	ASSERT_LE(0, set);
	EXPECT_EQ(FD_CLOEXEC, fcntl(set, F_GETFD));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(POLLIN, polled(set));
		EXPECT_EQ(0, set_result(set));
	}
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R));
	EXPECT_EQ(0, close(set));
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W));
}

TEST_F(setfd, queued_set_is_readable_when_it_is_acquired)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0);
	int set = set_open(self->ctx[0], self->fd, R, QUEUE);

	ASSERT_LE(0, held);
	ASSERT_LE(0, set);
	EXPECT_EQ(0, polled(set));
	EXPECT_EQ(-EAGAIN, set_result(set));
	EXPECT_EQ(0, st_release(self->ctx[1], held));
	EXPECT_EQ(POLLIN, polled(set));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, W));
	EXPECT_EQ(0, set_result(set));
	EXPECT_EQ(0, set_result(set));
	EXPECT_EQ(POLLIN, polled(set));
	close(set);
	EXPECT_TRUE(is_free(self->ctx[1], self->fd, W));
}

TEST_F(setfd, close_cancels_a_request_that_waits)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0);
	int set = set_open(self->ctx[0], self->fd, W, QUEUE);

	ASSERT_LE(0, held);
	ASSERT_LE(0, set);
	EXPECT_EQ(1, st_query_count(self->ctx[2], self->fd, DMABUF_SYNC_STATE_QUEUED));
	close(set);
	EXPECT_EQ(0, st_query_count(self->ctx[2], self->fd, DMABUF_SYNC_STATE_QUEUED));
}

/* Not even the context that asked: it is another owner, and its end is not that of the set. */
TEST_F(setfd, set_is_an_owner_of_its_own)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY);
	struct dmabuf_sync_info info;
	uint64_t owner;

	ASSERT_LE(0, set);
	EXPECT_EQ(-EAGAIN, st_lock_all(self->ctx[0], self->fd, R, TRY));
	ASSERT_LE(0, st_lock_all(self->ctx[0], self->w.buf[1].fd, R, TRY));
	ASSERT_EQ(1, st_query(self->ctx[1], self->w.buf[1].fd, &info, 1));
	owner = info.owner_id;
	st_context_reopen(&self->ctx[0]);
	ASSERT_EQ(1, st_query(self->ctx[1], self->fd, &info, 1));
	EXPECT_NE(owner, info.owner_id);
	EXPECT_EQ(DMABUF_SYNC_OWNER_CONTEXT, info.owner_kind);
	EXPECT_EQ((uint32_t)getpid(), info.tgid);
	close(set);
}

TEST_F(setfd, set_takes_no_calls)
{
	struct dmabuf_sync_release release = { .size = sizeof(release), .set = 1 };
	int set = set_open(self->ctx[0], self->fd, W, TRY);

	ASSERT_LE(0, set);
	EXPECT_EQ(-1, ioctl(set, DMABUF_SYNC_IOC_RELEASE, &release));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, read(set, &release, sizeof(release)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-ENOENT, st_release(self->ctx[0], 1));
	close(set);
}

/* Has it, says so, and gives it up when told to. */
static int receive_and_close(int sock)
{
	int set = st_fd_receive(sock);
	char c;

	if (set < 0 || set_result(set) || write(sock, "", 1) != 1 || read(sock, &c, 1) != 1)
		return 1;
	return close(set) || write(sock, "", 1) != 1;
}

/*
 * a has it   b waits   a -> socket -> c      b does not get in between
 */
TEST_F(setfd, set_is_handed_over_by_a_socket)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY);
	struct st_call call;
	pid_t child;
	char c;

	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, W));
	ASSERT_EQ(0, st_fd_send(self->sock[1], set));
	close(set);
	/* On its way. */
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	child = st_fork();
	if (!child)
		_exit(receive_and_close(self->sock[0]));
	ASSERT_EQ(1, read(self->sock[1], &c, 1));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(1, write(self->sock[1], "", 1));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(0, call.status);
	ASSERT_EQ(1, read(self->sock[1], &c, 1));
	EXPECT_EQ(0, st_child_wait(child));
}

/* A request that waits goes on in the hands of whoever has it. */
TEST_F(setfd, request_that_waits_is_handed_over)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0);
	int set = set_open(self->ctx[0], self->fd, W, QUEUE), received;

	ASSERT_LE(0, held);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_fd_send(self->sock[1], set));
	close(set);
	EXPECT_EQ(0, st_release(self->ctx[1], held));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R));
	received = st_fd_receive(self->sock[0]);
	ASSERT_LE(0, received);
	EXPECT_EQ(0, set_result(received));
	close(received);
	EXPECT_EQ(0, status_for_next(self->ctx[1], self->fd));
}

TEST_F(setfd, set_that_nobody_receives_is_released)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY);

	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_fd_send(self->sock[1], set));
	close(set);
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R));
	close(self->sock[0]);
	EXPECT_TRUE(ST_UNTIL(is_free(self->ctx[1], self->fd, R)));
	EXPECT_EQ(0, status_for_next(self->ctx[1], self->fd));
}

/* Neither a descriptor is left nor an access. */
#define EXPECT_NOTHING_LEFT(error, dmabuf, access)						\
	do {											\
		int nr = count_open();								\
												\
		EXPECT_EQ((error), set_open(self->ctx[0], (dmabuf), (access), TRY));		\
		EXPECT_EQ(nr, count_open());							\
		EXPECT_EQ(1, st_query_count(self->ctx[2], self->fd, 0));			\
	} while (0)

TEST_F(setfd, failure_leaves_nothing)
{
	struct rlimit before, limit;
	struct st_buffer buf;

	ASSERT_LE(0, st_lock_all(self->ctx[1], self->fd, W, 0));
	ASSERT_EQ(0, st_buffer_test(self->w.test, &buf, ST_PAGE, O_RDWR));
	EXPECT_NOTHING_LEFT(-EINVAL, self->fd, 0);
	EXPECT_NOTHING_LEFT(-EINVAL, self->sock[0], W);
	EXPECT_NOTHING_LEFT(-EBADF, -1, W);
	EXPECT_NOTHING_LEFT(-EAGAIN, self->fd, W);
	ASSERT_EQ(0, st_buffer_fault(self->w.test, &buf, 1, -EIO, 0));
	EXPECT_NOTHING_LEFT(-EIO, buf.fd, W);
	EXPECT_TRUE(is_free(self->ctx[2], buf.fd, W));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	limit = before;
	limit.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, set_open(self->ctx[0], buf.fd, W, TRY));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	EXPECT_TRUE(is_free(self->ctx[2], buf.fd, W));
	st_buffer_close(&buf);
}

/* The answer cannot be stored: what was acquired is not, and the mark of a former owner stays. */
TEST_F(setfd, answer_that_faults_leaves_nothing)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_acquire *arg;
	int nr;

	arg = mmap(NULL, ST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)arg);
	*arg = (struct dmabuf_sync_acquire){
		.size = sizeof(*arg), .flags = TRY | DMABUF_SYNC_ACQUIRE_FD,
		.accesses = (uintptr_t)&entry, .nr_accesses = 1, .access_size = sizeof(entry),
	};
	ASSERT_EQ(0, mprotect(arg, ST_PAGE, PROT_READ));
	ASSERT_LE(0, st_lock_all(self->ctx[1], self->fd, W, 0));
	st_context_reopen(&self->ctx[1]);
	nr = count_open();
	EXPECT_EQ(-1, ioctl(self->ctx[0], DMABUF_SYNC_IOC_ACQUIRE, arg));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(nr, count_open());
	EXPECT_EQ(0, st_query_count(self->ctx[2], self->fd, 0));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, status_for_next(self->ctx[1], self->fd));
	st_context_reopen(&self->ctx[1]);
	munmap(arg, ST_PAGE);
}

/* Return: the wait status of a child that has the set and ends as @how says. */
static int child_ends(int ctx, int fd, int (*how)(int set))
{
	pid_t child = st_fork();

	if (!child)
		_exit(how(set_open(ctx, fd, W, TRY)));
	return st_child_wait(child);
}

static int end_by_exit(int set)
{
	return set < 0 || set_result(set);
}

static int end_by_kill(int set)
{
	return set < 0 || kill(getpid(), SIGKILL);
}

static int end_by_close(int set)
{
	return set < 0 || close(set);
}

static int end_by_exec(int set)
{
	return set < 0 || execl("/bin/true", "true", NULL);
}

TEST_F(setfd, end_of_the_process_abandons)
{
	EXPECT_EQ(0, child_ends(self->ctx[0], self->fd, end_by_exit));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, status_for_next(self->ctx[1], self->fd));
	st_context_reopen(&self->ctx[1]);
	EXPECT_EQ(SIGKILL, child_ends(self->ctx[0], self->w.buf[1].fd, end_by_kill));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, status_for_next(self->ctx[1], self->w.buf[1].fd));
}

TEST_F(setfd, close_and_exec_release)
{
	EXPECT_EQ(0, child_ends(self->ctx[0], self->fd, end_by_close));
	EXPECT_EQ(0, status_for_next(self->ctx[1], self->fd));
	EXPECT_EQ(0, child_ends(self->ctx[0], self->fd, end_by_exec));
	EXPECT_EQ(0, status_for_next(self->ctx[1], self->fd));
}

/* A process that ends while another one has the descriptor, too, leaves it to that one. */
TEST_F(setfd, last_one_who_has_it_counts)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY);
	pid_t child;

	ASSERT_LE(0, set);
	child = st_fork();
	if (!child)
		_exit(set_result(set));
	EXPECT_EQ(0, st_child_wait(child));
	EXPECT_FALSE(is_free(self->ctx[1], self->fd, R));
	EXPECT_EQ(0, set_result(set));
	close(set);
	EXPECT_EQ(0, status_for_next(self->ctx[1], self->fd));
}

TEST_F(setfd, revoked_set_says_so)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY);
	uint32_t status;
	long next;

	ASSERT_LE(0, set);
	EXPECT_EQ(0, set_result(set));
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	next = st_lease_wait(self->ctx[1], self->fd, W, &status);
	ASSERT_LE(0, next);
	EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, status);
	EXPECT_EQ(-EOWNERDEAD, set_result(set));
	EXPECT_EQ(-EOWNERDEAD, set_result(set));
	EXPECT_EQ(POLLIN | POLLERR, polled(set));
	close(set);
	EXPECT_EQ(0, st_release(self->ctx[1], next));
}

/* Acquired, but nobody looked. */
TEST_F(setfd, request_that_was_revoked_before_it_was_read_is_over)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0);
	int set = set_open(self->ctx[0], self->fd, W, QUEUE);

	ASSERT_LE(0, held);
	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->ctx[1], held));
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_TRUE(ST_UNTIL(polled(set) & POLLIN));
	EXPECT_EQ(-EOWNERDEAD, set_result(set));
	EXPECT_EQ(1, set_result(set));
	EXPECT_EQ(POLLIN | POLLHUP, polled(set));
	close(set);
}

/* The lease that the context has promised is that of its sets. */
TEST_F(setfd, promise_of_the_context_holds)
{
	int set;

	ASSERT_EQ(ST_LEASE_SHORT_MS, st_lease_promise(self->ctx[0], ST_LEASE_SHORT_MS));
	set = set_open(self->ctx[0], self->fd, W, TRY);
	ASSERT_LE(0, set);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_EQ(-EOWNERDEAD, set_result(set));
	close(set);
}

TEST_F(setfd, exporter_that_fails_ends_it)
{
	struct st_buffer buf;
	long held;
	int set;

	ASSERT_EQ(0, st_buffer_test(self->w.test, &buf, ST_PAGE, O_RDWR));
	held = st_lock_all(self->ctx[1], buf.fd, W, 0);
	ASSERT_LE(0, held);
	set = set_open(self->ctx[0], buf.fd, W, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->ctx[1], held));
	ASSERT_EQ(0, st_buffer_fault(self->w.test, &buf, 1, -EIO, 0));
	EXPECT_EQ(POLLIN, polled(set));
	EXPECT_EQ(-EIO, set_result(set));
	EXPECT_EQ(1, set_result(set));
	EXPECT_EQ(POLLIN | POLLHUP, polled(set));
	EXPECT_TRUE(is_free(self->ctx[1], buf.fd, W));
	close(set);
	st_buffer_close(&buf);
}

TEST_F(setfd, notices_come_before_the_state)
{
	int set = set_open(self->ctx[0], self->fd, W, TRY | NOTIFY);
	struct dmabuf_sync_event event;
	struct st_call call;

	ASSERT_LE(0, set);
	EXPECT_EQ(0, set_result(set));
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, W));
	EXPECT_TRUE(ST_UNTIL(polled(set) == (POLLIN | POLLPRI)));
	EXPECT_EQ(DMABUF_SYNC_EVENT_WANTED, set_read(set, &event));
	EXPECT_EQ(POLLIN, polled(set));
	EXPECT_EQ(0, set_result(set));
	close(set);
	EXPECT_LE(0, st_call_end(&call));
}

/* A thread that reads, and sleeps. */
struct reader {
	int set;
	pid_t tid;
	int result;
	pthread_t thread;
};

static void *read_in_thread(void *arg)
{
	struct reader *reader = arg;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	reader->result = set_result(reader->set);
	return NULL;
}

static bool reader_sleeps(const struct reader *reader)
{
	pid_t tid = __atomic_load_n(&reader->tid, __ATOMIC_ACQUIRE);

	return tid && st_task_state(tid) == 'S';
}

static int reader_start(struct reader *reader, int set)
{
	*reader = (struct reader){ .set = set };
	if (pthread_create(&reader->thread, NULL, read_in_thread, reader))
		return -EAGAIN;
	return ST_UNTIL(reader_sleeps(reader)) ? 0 : -ETIME;
}

static int reader_end(struct reader *reader)
{
	pthread_join(reader->thread, NULL);
	return reader->result;
}

TEST_F(setfd, all_readers_learn_that_it_is_acquired)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0);
	int set = set_open(self->ctx[0], self->fd, W, QUEUE), i;
	struct reader readers[3];

	ASSERT_LE(0, held);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, fcntl(set, F_SETFL, 0));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, reader_start(&readers[i], set));
	EXPECT_EQ(0, st_release(self->ctx[1], held));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, reader_end(&readers[i]));
	close(set);
}

TEST_F(setfd, close_ends_the_readers)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0);
	int set = set_open(self->ctx[0], self->fd, W, QUEUE);
	struct reader reader;

	ASSERT_LE(0, held);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, fcntl(set, F_SETFL, 0));
	ASSERT_EQ(0, reader_start(&reader, set));
	close(set);
	EXPECT_EQ(-ECANCELED, reader_end(&reader));
	EXPECT_TRUE(ST_UNTIL(!st_query_count(self->ctx[2], self->fd,
					     DMABUF_SYNC_STATE_QUEUED)));
}

TEST_HARNESS_MAIN
