// SPDX-License-Identifier: GPL-2.0-only
/* Threads that wait, processes that die, descriptors that travel. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "st.h"

static int call_make(const struct st_call *call, struct dmabuf_sync_acquire *out)
{
	if (!call->set)
		return st_acquire(call->ctx, call->accesses, call->nr_accesses, 0,
				  call->deadline_ns, 0, out);
	out->set = call->set;
	return st_change(call->ctx, call->set, call->accesses, call->nr_accesses, 0,
			 call->deadline_ns, &out->status);
}

static void *call_thread(void *arg)
{
	struct st_call *call = arg;
	struct dmabuf_sync_acquire out = { 0 };
	int err;

	__atomic_store_n(&call->tid, gettid(), __ATOMIC_RELEASE);
	err = call_make(call, &out);
	call->done_ns = st_now_ns();
	call->result = err ?: (long)out.set;
	call->status = out.status;
	__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static int call_start(struct st_call *call, const struct dmabuf_sync_access *accesses,
		      unsigned int nr_accesses)
{
	int err;

	call->nr_accesses = nr_accesses;
	if (nr_accesses > ST_ARRAY_SIZE(call->accesses))
		return -E2BIG;
	memcpy(call->accesses, accesses, nr_accesses * sizeof(*accesses));
	err = pthread_create(&call->thread, NULL, call_thread, call);
	if (err)
		return -err;
	return ST_UNTIL(__atomic_load_n(&call->tid, __ATOMIC_ACQUIRE)) ? 0 : -ETIME;
}

int st_call_start(struct st_call *call, int ctx, const struct dmabuf_sync_access *accesses,
		  unsigned int nr_accesses, int64_t deadline_ns)
{
	*call = (struct st_call){ .ctx = ctx, .deadline_ns = deadline_ns };
	return call_start(call, accesses, nr_accesses);
}

int st_call_change(struct st_call *call, int ctx, long set, int fd, uint32_t access,
		   uint64_t offset, uint64_t length, int64_t deadline_ns)
{
	struct dmabuf_sync_access entry = st_access(fd, access, offset, length);

	*call = (struct st_call){ .ctx = ctx, .set = set, .deadline_ns = deadline_ns };
	return call_start(call, &entry, 1);
}

int st_call_lock(struct st_call *call, int ctx, int fd, uint32_t access,
		 uint64_t offset, uint64_t length)
{
	struct dmabuf_sync_access entry = st_access(fd, access, offset, length);

	return st_call_start(call, ctx, &entry, 1, 0);
}

int st_call_wait(struct st_call *call, int ctx, int fd, uint32_t access)
{
	int nr = st_query_count(ctx, fd, DMABUF_SYNC_STATE_QUEUED);
	int err = nr < 0 ? nr : st_call_lock(call, ctx, fd, access, 0, DMABUF_SYNC_TO_END);

	if (err)
		return err;
	return ST_UNTIL(st_query_count(ctx, fd, DMABUF_SYNC_STATE_QUEUED) == nr + 1) ?
	       0 : -ETIME;
}

bool st_call_done(const struct st_call *call)
{
	return __atomic_load_n(&call->done, __ATOMIC_ACQUIRE);
}

long st_call_end(struct st_call *call)
{
	if (!ST_UNTIL(st_call_done(call)))
		return -ETIME;
	pthread_join(call->thread, NULL);
	return call->result;
}

static void call_handler(int signal)
{
	(void)signal;
}

int st_call_interrupt(struct st_call *call)
{
	struct sigaction action = { .sa_handler = call_handler };

	if (sigaction(SIGUSR1, &action, NULL))
		return -errno;
	return -pthread_kill(call->thread, SIGUSR1);
}

long st_call_quit(struct st_call *call)
{
	int err = st_call_interrupt(call);

	return err ?: st_call_end(call);
}

/* The state follows the command name, which may itself hold spaces and parentheses. */
char st_task_state(pid_t tid)
{
	char path[64], text[512], *end;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

void *st_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

int st_barrier_init(pthread_barrier_t *barrier, unsigned int nr_tasks)
{
	pthread_barrierattr_t attr;
	int err;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	err = pthread_barrier_init(barrier, &attr, nr_tasks);
	pthread_barrierattr_destroy(&attr);
	return -err;
}

pid_t st_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1);
	return pid;
}

int st_child_wait(pid_t pid)
{
	int status;

	if (ST_UNTIL(waitpid(pid, &status, WNOHANG) == pid))
		return status;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -ETIME;
}

/* A message of one byte with room for one descriptor. */
struct fd_message {
	struct msghdr msg;
	struct iovec iov;
	char byte;
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
};

static void fd_message_init(struct fd_message *message)
{
	memset(message, 0, sizeof(*message));
	message->iov = (struct iovec){ .iov_base = &message->byte, .iov_len = 1 };
	message->msg.msg_iov = &message->iov;
	message->msg.msg_iovlen = 1;
	message->msg.msg_control = message->control.buf;
	message->msg.msg_controllen = sizeof(message->control.buf);
}

int st_fd_send(int sock, int fd)
{
	struct fd_message message;
	struct cmsghdr *cmsg;

	fd_message_init(&message);
	cmsg = CMSG_FIRSTHDR(&message.msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &message.msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int st_fd_receive(int sock)
{
	struct fd_message message;
	struct cmsghdr *cmsg;
	int fd;

	fd_message_init(&message);
	if (recvmsg(sock, &message.msg, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&message.msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

long st_peak_kb(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}
